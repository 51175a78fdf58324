"""Spaces: points and their algebra."""

from expcache._space._factory import grid, points, star, zipped
from expcache._space._space import Space

__all__ = ["Space", "grid", "points", "star", "zipped"]

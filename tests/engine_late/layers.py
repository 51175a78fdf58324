"""What an experiment imports."""

from . import base


def deep(x: int) -> int:
    """Call an experiment of the module beside this one."""
    return base.kept(x)

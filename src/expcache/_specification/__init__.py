"""Files of sweeps, in YAML and TOML: read and checked, before any code is loaded."""

from __future__ import annotations

from expcache._specification._document import Document
from expcache._specification._specification import Specification, read_specification

__all__ = ["Document", "Specification", "read_specification"]

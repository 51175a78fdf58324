"""Files of records for other programs: CSV, JSON, JSON lines, Parquet."""

from __future__ import annotations

from expcache._export._formats import export

__all__ = ["export"]

"""Runs as labelled arrays: an xarray Dataset with a place for each run."""

from __future__ import annotations

from expcache._cube._dataset import Row, make_dataset

__all__ = ["Row", "make_dataset"]

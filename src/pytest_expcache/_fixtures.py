"""The fixtures that tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._collect import Point
from pytest_expcache._source import handle_of

if TYPE_CHECKING:
    from expcache import Run, Store

__all__ = ["isolated_store", "run"]


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run[Any]:
    """The run of one point of a sweep; computed when the body of the test begins."""
    point = getattr(request, "param", None)
    if not isinstance(point, Point):
        message = f"cannot give a run to {request.node.name!r}: it is no check of a sweep."
        pytest.fail(f"{message} Decorate it with @<sweep>.check.", pytrace=False)
    return handle_of(request.config, point)


@pytest.fixture
def isolated_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, in use for this test only."""
    import expcache  # noqa: PLC0415 - only for tests that ask for it

    with expcache.use(tmp_path / "expcache") as store:
        yield store

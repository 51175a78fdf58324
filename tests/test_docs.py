"""The pages under docs/: every block runs, the reference is complete, links lead somewhere."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import expcache
from documents import run_page

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
SIGNATURE = re.compile(r"^#+ `(?:await )?([\w.]+)(\(.*\))?`$", re.MULTILINE)
# What the floors above tell a handle about its record; not for users, and not promised.
HANDLES = ("Experiment", "Plan", "Run", "RunSet", "Space", "Sweep")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_runs(page: Path, tmp_path: Path) -> None:
    """What a page shows is what happens, in a fresh directory."""
    pytest.importorskip("pandas")
    if "to_xarray" in page.read_text("utf-8"):
        pytest.importorskip("xarray")
    if "```yaml" in page.read_text("utf-8"):
        pytest.importorskip("yaml")
    (tmp_path / "pyproject.toml").touch()
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", [*PAGES, *sorted(ROOT.glob("*.md"))], ids=lambda page: page.stem)
def test_links_lead_to_files(page: Path) -> None:
    """A link inside the repository names a file that is there."""
    targets = LINK.findall(page.read_text("utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_the_index_names_every_page() -> None:
    """No page is out of reach."""
    linked = set(LINK.findall((ROOT / "docs" / "index.md").read_text("utf-8")))
    assert linked >= {page.name for page in PAGES} - {"index.md"}


def members(name: str) -> Iterator[str]:
    """Yield the public members of a class as the reference writes them."""
    for member in vars(getattr(expcache, name)):
        if not member.startswith("_"):
            yield f"{name}.{member}"


def test_the_reference_has_every_public_name() -> None:
    """The reference has a heading for each name of `__all__` and each error."""
    described = {match[1] for match in SIGNATURE.finditer(REFERENCE)}
    assert set(expcache.__all__) <= described
    assert {name for name in expcache.errors.__all__ if name not in REFERENCE} == set()


@pytest.mark.parametrize("name", HANDLES)
def test_the_reference_has_every_member(name: str) -> None:
    """The reference describes each public method and attribute of the handles."""
    section = re.split(rf"^## `{name}\b", REFERENCE, flags=re.MULTILINE)[1]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    words = set(re.findall(r"\.(\w+)", section))
    assert {member.partition(".")[2] for member in members(name)} <= words


def arguments(function: Callable[..., Any]) -> str:
    """Write a signature without annotations, the way the reference does."""
    signature = inspect.signature(function)
    plain = [
        p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"
    ]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


FUNCTIONS = sorted(n for n in expcache.__all__ if inspect.isfunction(getattr(expcache, n)))
METHODS = sorted(
    member
    for name in HANDLES
    for member in members(name)
    if inspect.isfunction(getattr(getattr(expcache, name), member.partition(".")[2]))
)


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_the_reference_gives_the_arguments(name: str) -> None:
    """The arguments in the reference are those of the signature."""
    thing: Any = expcache
    for part in name.split("."):
        thing = getattr(thing, part)
    _, _, method = name.rpartition(".")
    shown = f".{method}{arguments(thing)}" if "." in name else f"{name}{arguments(thing)}"
    assert f"`{shown}`" in REFERENCE

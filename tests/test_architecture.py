"""The floors, sizes, words and borders of the source, read from its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"

# A module imports from its own floor or from lower ones. A package counts as one entry.
FLOORS = {
    "_error": 0,
    "errors": 0,
    "_capture": 1,
    "_child": 1,
    "_codec": 1,
    "_compare": 1,
    "_directory": 1,
    "_drift": 1,
    "_encode": 1,
    "_environment": 1,
    "_export": 1,
    "_file": 1,
    "_gate": 1,
    "_git": 1,
    "_ids": 1,
    "_launch": 1,
    "_lookup": 1,
    "_outcome": 1,
    "_place": 1,
    "_query": 1,
    "_retries": 1,
    "_runfile": 1,
    "_signature": 1,
    "_stale": 1,
    "_target": 1,
    "_warning": 1,
    "_code": 2,
    "_cube": 2,
    "_record": 2,
    "_space": 2,
    "_key": 3,
    "_specification": 3,
    "_store": 3,
    "_acceptance": 4,
    "_account": 4,
    "_cell": 4,
    "_explanation": 4,
    "_origin": 4,
    "_computable": 5,
    "_executor": 5,
    "_garbage": 5,
    "_handle": 5,
    "_program": 5,
    "_removal": 5,
    "_run": 5,
    "_runset": 5,
    "_selection": 5,
    "_summary": 5,
    "_whereabouts": 5,
    "_agreement": 6,
    "_definition": 6,
    "_explain": 6,
    "_plan": 6,
    "_progress": 6,
    "_reached": 6,
    "_accept": 7,
    "_load": 7,
    "_migrate": 7,
    "_migration": 7,
    "_past": 7,
    "_perform": 7,
    "_audit": 8,
    "_completion": 8,
    "_render": 8,
    "_state": 8,
    "_review": 9,
    "_sweep": 9,
    "_sweeping": 9,
    "_upkeep": 9,
    "_async_experiment": 10,
    "_command": 10,
    "_decorator": 10,
    "_experiment": 10,
    "_shellwork": 10,
    "_specified": 10,
    "__init__": 11,
    "cli": 12,
    "__main__": 13,
}
KEEPERS = {
    "concurrent.futures.ProcessPoolExecutor": "expcache._executor",
    "concurrent.futures.process": "expcache._executor",
    "dask": "expcache._executor",
    "diskcache": "expcache._store",
    "distributed": "expcache._executor",
    "mpi4py": "expcache._executor",
    "multiprocessing": "expcache._executor",
    "pebble": "expcache._executor",
    "submitit": "expcache._executor",
    "ray": "expcache._executor",
}
AVOIDED = {
    *("task", "job", "study", "trial", "pset", "case", "memo", "manager", "helper", "util"),
    *("tasks", "studies", "trials", "psets", "cases", "memos", "managers", "helpers", "utils"),
    *("data", "info", "infos", "handler", "handlers"),
}
MODULE_LINES = 250
FUNCTION_LINES = 30
LONG_FUNCTIONS = {
    "add_options",  # one statement an option, nothing to read in between
}
WRITTEN = ("src", "tests", "examples", "docs", "benchmarks", ".ci")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """Return the dotted name of a module; a package is named without `__init__`."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def base_of(name: str, node: ast.ImportFrom) -> str:
    """Return the absolute name that a `from` import starts at."""
    if not node.level:
        return node.module or ""
    is_package = MODULES[name].name == "__init__.py"
    package = name.split(".")[: None if is_package else -1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def imports(name: str) -> Iterator[str]:
    """Yield the full name of all that a module imports, wherever in the file it does so."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = base_of(name, node)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def entry(name: str) -> str:
    """Return the floor table's word for a module of expcache."""
    return name.split(".")[1] if "." in name else "__init__"


def ours(name: str) -> set[str]:
    """Return the modules of expcache that a module imports, or imports names from."""
    targets = {target for target in imports(name) if target.partition(".")[0] == "expcache"}
    return {each if each in MODULES else each.rpartition(".")[0] for each in targets}


def named(name: str) -> list[ast.ClassDef | Function]:
    """Return the classes and functions of a module, nested ones included."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(TREES[name]) if isinstance(node, kinds)]


def words(identifier: str) -> set[str]:
    """Split a snake or camel identifier into lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier)
    return set(spaced.lower().strip("_").split("_"))


def body_lines(function: Function) -> int:
    """Count the lines of a function below its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


CORE = sorted(name for name in MODULES if name.partition(".")[0] == "expcache")
PLUGIN = sorted(name for name in MODULES if name.partition(".")[0] == "pytest_expcache")


def test_every_module_has_a_floor() -> None:
    """A module that the floor table does not know is an error, and so is a stale entry."""
    assert {entry(name) for name in CORE} == set(FLOORS)


def test_contributors_read_the_same_floors() -> None:
    """CONTRIBUTING.md draws the floor table as it is."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", page, re.MULTILINE)
    drawn = {module: int(floor) for floor, row in rows for module in re.findall(r"`(\w+)`", row)}
    assert drawn == FLOORS


@pytest.mark.parametrize("name", CORE)
def test_imports_go_down(name: str) -> None:
    """No module imports from a higher floor, not even inside a function."""
    upward = {target for target in ours(name) if FLOORS[entry(target)] > FLOORS[entry(name)]}
    assert not upward


def test_there_is_no_import_cycle() -> None:
    """Modules of one floor, and those inside one package, import each other in one direction."""
    graph = {name: {t for t in ours(name) if t in MODULES} - {name} for name in CORE}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert len(order) == len(CORE)


@pytest.mark.parametrize(("library", "keeper"), KEEPERS.items())
def test_one_package_knows_each_engine(library: str, keeper: str) -> None:
    """Only the store knows diskcache, and only the executor knows processes."""
    strangers = [
        name
        for name in MODULES
        if not f"{name}.".startswith(f"{keeper}.")
        and any(f"{target}.".startswith(f"{library}.") for target in imports(name))
    ]
    assert not strangers


@pytest.mark.parametrize("name", PLUGIN)
def test_the_plugin_uses_public_names_only(name: str) -> None:
    """The plugin imports nothing private of expcache, pytest or pluggy."""
    private = [
        target
        for target in imports(name)
        if target.partition(".")[0] != "pytest_expcache"
        and any(re.match(r"_(?!_)", part) for part in target.split("."))
    ]
    assert not private


@pytest.mark.parametrize("name", CORE)
def test_the_core_does_not_know_pytest(name: str) -> None:
    """The library works without pytest being imported."""
    assert not {t for t in imports(name) if t.partition(".")[0] in {"pytest", "pytest_expcache"}}


@pytest.mark.parametrize("name", MODULES)
def test_modules_stay_short(name: str) -> None:
    """A module holds one noun and fits in 250 lines."""
    lines = MODULES[name].read_bytes().count(b"\n")
    assert lines <= MODULE_LINES


@pytest.mark.parametrize("name", MODULES)
def test_functions_stay_short(name: str) -> None:
    """The body of a function fits in 30 lines."""
    functions = [node for node in named(name) if not isinstance(node, ast.ClassDef)]
    long = {f.name: body_lines(f) for f in functions if body_lines(f) > FUNCTION_LINES}
    assert not long.keys() - LONG_FUNCTIONS, long


@pytest.mark.parametrize("name", MODULES)
def test_names_use_the_words_of_the_house(name: str) -> None:
    """No module, class or function carries a word that the glossary replaces by another."""
    identifiers = [*name.split("."), *(node.name for node in named(name))]
    assert not {word for each in identifiers for word in words(each) & AVOIDED}


def written_files() -> list[Path]:
    """Return every file of the repository that a person wrote."""
    deep = [path for place in WRITTEN for path in (ROOT / place).rglob("*")]
    files = [path for path in [*ROOT.glob("*.*"), *deep] if path.is_file()]
    return [path for path in files if "cache" not in path.parent.name.strip("_")]


def test_nothing_names_a_place_of_one_machine() -> None:
    """No file speaks of a directory of somebody's machine or of a package registry."""
    places = rb"(?<![\w.])/(?:%s)(?:/|\b)|%s" % (
        b"|".join([b"work", b"root", b"home(?!/me/)", b"Users"]),
        b"|".join(rb"\b%s\.(?:org|com)\b" % name for name in (b"pypi", b"npmjs", b"pythonhosted")),
    )
    found = {path: re.findall(places, path.read_bytes()) for path in written_files()}
    assert not {str(path): hits for path, hits in found.items() if hits}


def test_every_test_states_its_rule() -> None:
    """Each test function has a docstring of one sentence: the rule that it checks."""
    silent = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, Function) and node.name.startswith("test_"):
                rule = ast.get_docstring(node) or ""
                if not rule.endswith(".") or "\n\n" in rule:
                    silent.append(f"{path.name}: {node.name}")
    assert not silent

"""The user's own code: `file.py`, `file.py:name` or `package.module:name`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from expcache._runfile import SPECIFICATIONS
from expcache.cli._ending import NotThereError, RefusedError

if TYPE_CHECKING:
    from expcache._store import Store

__all__ = [
    "experiment_of",
    "imported",
    "load_module",
    "load_target",
    "named_in",
    "source_experiment",
    "sweeps_of",
]


def load_target(text: str) -> tuple[ModuleType, str]:
    """Import the module that a text names; return it and the name in it, or an empty text.

    Raises:
        NotThereError: there is no such file or module.
        RefusedError: importing it failed.
    """
    place, _, name = text.rpartition(":") if _has_name(text) else (text, "", "")
    return load_module(place), name


def _has_name(text: str) -> bool:
    name = text.rpartition(":")[2]
    return ":" in text and (not name or name.isidentifier())


def load_module(place: str) -> ModuleType:
    """Import a file, or a module by its dotted name; its directory is searched for imports."""
    if not (place.endswith((".py", *SPECIFICATIONS)) or os.sep in place or "/" in place):
        _search(os.getcwd())  # noqa: PTH109 - as `python -m` has it
        return _import(place, place)
    file = Path(place)
    if file.suffix.lower() in SPECIFICATIONS:
        message = f"cannot import {place!r}: it is no file of Python."
        raise RefusedError(f"{message} Type 'expcache sweep {place}' to compute what it describes.")
    if not file.is_file():
        message = f"cannot import {place!r}: there is no such file."
        raise NotThereError(
            f"{message} Give the path of a Python file: study.py or study.py:sweep."
        )
    folder, name = _package_of(file.resolve())
    _search(str(folder))
    known = sys.modules.get(name)
    if known is not None and not _is_from(known, file):
        message = f"cannot import {place!r}: a module {name!r} is there already."
        raise RefusedError(f"{message} Give the file another name.")
    return _import(name, place)


def _package_of(file: Path) -> tuple[Path, str]:
    """Return the directory to import from, and the name of the module there."""
    names = [] if file.stem == "__init__" else [file.stem]
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        names.append(folder.name)
        folder = folder.parent
    return folder, ".".join(reversed(names))


def _search(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _is_from(module: ModuleType, file: Path) -> bool:
    source = getattr(module, "__file__", None)
    return source is not None and Path(source).resolve() == file.resolve()


def _import(name: str, place: str) -> ModuleType:
    with imported(place):
        return importlib.import_module(name)


@contextmanager
def imported(place: str) -> Iterator[None]:
    """Tell where the user's own code failed."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"cannot import {place!r}: there is no module {error.name!r}."
        raise NotThereError(f"{message} Check the name, or install what it needs.") from error
    except SystemExit as error:
        message = f"cannot import {place!r}: it ends the program (exit status {error.code})."
        remedy = 'Put what is for a script under: if __name__ == "__main__".'
        raise RefusedError(f"{message} {remedy}") from error
    except Exception as error:
        raise RefusedError(_told(place, error)) from error


def _told(place: str, error: Exception) -> str:
    from traceback import extract_tb, format_list  # noqa: PLC0415 - only for this error

    own = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - to compare with texts
    frames = [
        one
        for one in extract_tb(error.__traceback__)
        if not one.filename.startswith((own, "<frozen")) and "importlib" not in one.filename
    ]
    lines = "".join(format_list(frames[-3:]))
    reason = f"{type(error).__name__}: {error}".rstrip(".")
    return f"{lines}cannot import {place!r}: {reason}. Correct the code."


def sweeps_of(module: ModuleType) -> dict[str, Any]:
    """Return the sweeps of a module by the names of their variables."""
    from expcache._sweep import Sweep  # noqa: PLC0415 - not for help

    return {name: one for name, one in vars(module).items() if isinstance(one, Sweep)}


def experiment_of(text: str) -> Any:
    """Return the experiment that `file.py:function` names.

    Raises:
        NotThereError: there is no such experiment.
    """
    from expcache._experiment import Experiment  # noqa: PLC0415 - not for help

    module, name = load_target(text)
    found = {key: one for key, one in vars(module).items() if isinstance(one, Experiment)}
    if not name and len(found) == 1:
        return next(iter(found.values()))
    return named_in(text, name, found, "experiment")


def source_experiment(store: Store, name: str) -> Any:
    """Return the experiment of a name, from the file that its store says it comes from.

    Raises:
        NotThereError: the file is not known or not there, or has no such experiment.
    """
    from expcache._store._folder import Folder, read_about  # noqa: PLC0415 - not for help

    about = read_about(Folder(Path(store.path), name).path) or {}
    file = _present(about.get("origin") or {})
    if file is None or not Path(file).is_file():
        where = "its file is not known" if file is None else f"its file {file!r} is gone"
        message = f"cannot import the experiment {name!r}: {where}."
        raise NotThereError(f"{message} Name a sweep that it is of: SPEC or FILE.py:SWEEP.")
    module = load_module(file)
    held = [module, *(one for one in vars(module).values() if isinstance(one, type))]
    found = (one for place in held for one in vars(place).values())
    for one in found:
        if getattr(one, "name", None) == name and hasattr(one, "sweep"):
            return one
    message = f"cannot find the experiment {name!r} in {file!r}: it is not there any more."
    raise NotThereError(f"{message} Name a sweep that it is of: SPEC or FILE.py:SWEEP.")


def _present(origin: dict[str, str | None]) -> str | None:
    """Return where the source file is now: in this checkout of its project, else where it was."""
    file, relative = origin.get("file"), origin.get("relative")
    here = Path.cwd()
    for home in (here, *here.parents) if relative else ():
        if any((home / mark).exists() for mark in ("pyproject.toml", ".git")):
            found = home / str(relative)
            return str(found) if found.is_file() else file
    return file


def named_in(text: str, name: str, known: dict[str, Any], kind: str) -> Any:
    """Return the one of a name among what the file that ``text`` names has.

    Raises:
        NotThereError: there is none, or no name is given.
    """
    if name in known:
        return known[name]
    place = text.removesuffix(f":{name}")
    if not name:
        message = f"cannot choose an {kind} of {place!r}: no name is given."
        raise NotThereError(f"{message} {_listed(kind, known)}")
    message = f"cannot find the {kind} {name!r} in {place!r}: it is not there."
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    raise NotThereError(f"{message} {hint}{_listed(kind, known)}")


def _listed(kind: str, known: dict[str, Any]) -> str:
    return f"The {kind}s are {', '.join(known)}." if known else f"There is no {kind} in it."

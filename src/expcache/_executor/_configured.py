"""The executors that a project has given names to, in its `pyproject.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from expcache.errors import ExecutorError

__all__ = ["configured"]


def configured(start: str) -> dict[str, dict[str, Any]]:
    """Return the tables ``[tool.expcache.executors.NAME]`` of the project of a directory, by name.

    Raises:
        ExecutorError: the file cannot be read, or one is no table.
    """
    home = Path(start).absolute()
    files = (place / "pyproject.toml" for place in (home, *home.parents))
    file = next((file for file in files if file.is_file()), None)
    if file is None or b"expcache" not in (text := file.read_bytes()):
        return {}
    import tomllib  # noqa: PLC0415 - read only by projects that configure something

    try:
        tool: Any = tomllib.loads(text.decode()).get("tool", {})
    except ValueError as error:
        message = f"cannot read which executors there are from {str(file)!r}: {error}."
        raise ExecutorError(f"{message} Correct the file.") from error
    found = tool.get("expcache", {}).get("executors", {})
    if not isinstance(found, dict):
        _refuse(file, "executors", found)
    for name, table in found.items():
        if not isinstance(table, dict) or not isinstance(table.get("kind", name), str):
            _refuse(file, f"executors.{name}", table)
    return found


def _refuse(file: Path, name: str, found: Any) -> NoReturn:
    message = f"cannot use {found!r} as [tool.expcache.{name}] in {str(file)!r}: it is no table"
    raise ExecutorError(f'{message} of options. Write kind = "slurm" and options below the name.')

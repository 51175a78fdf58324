"""Texts with places for values: Jinja2 templates, or those of `string.Template`."""

from __future__ import annotations

import json
import shlex
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol

from expcache._render._refusal import refuse

__all__ = ["STYLES", "Style", "Text", "style_of"]

Style = Literal["jinja", "dollar"]
STYLES: tuple[Style, ...] = ("jinja", "dollar")


class Text(Protocol):
    """A text with places for values."""

    def fill(self, names: Mapping[str, Any]) -> str:
        """Return the text with the values of names.

        Raises:
            RenderError: it has a place for a name that there is not.
        """


class Maker(Protocol):
    """Reads texts of one style."""

    def text(self, content: str, where: str) -> Text:
        """Read one text; ``where`` names it in messages.

        Raises:
            RenderError: it is not well-formed.
        """


def style_of(style: Style, root: Path | None) -> Maker:
    """Return what reads texts of a style; ``root`` is where Jinja2 finds what they include."""
    return _Dollar() if style == "dollar" else _Jinja(root)


def undefined(where: str, line: int, what: str, names: Mapping[str, Any]) -> NoReturn:
    """Tell which names a text may use."""
    known = ", ".join(sorted(names))
    refuse(f"cannot render {where!r}, line {line}: {what}", f"Its names: {known}.")


class _Dollar:
    def text(self, content: str, where: str) -> Text:
        return _DollarText(content, where)


class _DollarText:
    """A text with ``$name`` and ``${name}``; ``$$`` is a dollar."""

    def __init__(self, content: str, where: str) -> None:
        self._template = string.Template(content)
        self._where = where

    def fill(self, names: Mapping[str, Any]) -> str:
        flat = {f"run_{name}": value for name, value in names["run"].items()} | dict(names)
        del flat["run"]
        try:
            return self._template.substitute(flat)
        except (KeyError, ValueError):
            self._refuse(flat)

    def _refuse(self, names: Mapping[str, Any]) -> NoReturn:
        content = self._template.template
        for found in self._template.pattern.finditer(content):
            name = found["named"] or found["braced"]
            line = content.count("\n", 0, found.start()) + 1
            if found["invalid"] is not None:
                remedy = "Write $$ for a dollar."
                refuse(f"cannot render {self._where!r}, line {line}: a lone '$'.", remedy)
            if name is not None and name not in names:
                what = f"there is no value for {'$' + name!r}; write $$ for a dollar."
                undefined(self._where, line, what, names)
        raise AssertionError("unreachable")  # pragma: no cover


class _Jinja:
    """Reads Jinja2 templates, in which every name must have a value."""

    def __init__(self, root: Path | None) -> None:
        try:
            import jinja2  # noqa: PLC0415 - optional
        except ImportError:
            message = "cannot render Jinja2 templates: Jinja2 is not installed."
            refuse(message, "Install expcache[render], or use style='dollar'.")
        self._jinja = jinja2
        self._environment = jinja2.Environment(
            loader=None if root is None else jinja2.FileSystemLoader(root),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 - no HTML
        )
        self._environment.filters |= {"quote": _quoted, "json": json.dumps}

    def text(self, content: str, where: str) -> Text:
        line_end: Literal["\r\n", "\n"] = "\r\n" if "\r\n" in content else "\n"
        environment = self._environment.overlay(newline_sequence=line_end)
        try:
            code = environment.compile(content, filename=where)
        except self._jinja.TemplateError as error:
            line = getattr(error, "lineno", 1)
            refuse(f"cannot render {where!r}, line {line}: {_reason(error)}.", "Correct it.")
        template = self._jinja.Template.from_code(environment, code, environment.make_globals(None))
        return _JinjaText(template, where)


class _JinjaText:
    def __init__(self, template: Any, where: str) -> None:
        self._template = template
        self._where = where

    def fill(self, names: Mapping[str, Any]) -> str:
        try:
            return str(self._template.render(names))
        except Exception as error:  # noqa: BLE001 - what is in a template is anybody's
            line = self._line(error)
            undefined(self._where, line, f"{_reason(error)}.", names)

    def _line(self, error: Exception) -> int:
        """Return the line that failed: Jinja2 gives the traceback lines of the template."""
        line, trace = 1, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._where:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line


def _quoted(value: object) -> str:
    return shlex.quote(str(value))


def _reason(error: Exception) -> str:
    return f"{error}".rstrip(".") or type(error).__name__

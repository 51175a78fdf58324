"""Programs that runs start: their words, their files, their processes, what comes of them."""

from __future__ import annotations

from expcache._program._params import write_params
from expcache._program._program import Program
from expcache._program._recipe import Recipe
from expcache._program._word import Word, names_of, parse_word, refuse_value, text_of

__all__ = [
    "Program",
    "Recipe",
    "Word",
    "names_of",
    "parse_word",
    "refuse_value",
    "text_of",
    "write_params",
]

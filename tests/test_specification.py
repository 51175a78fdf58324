"""Files of sweeps: what they may say, what it means, and what is refused."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from expcache._specification import Specification, read_specification
from expcache.errors import SpecificationError

HEAD = "experiment: study.py:fit\n"


def read(tmp_path: Path, text: str, name: str = "sweep.yaml") -> Specification:
    """Write a file and read it."""
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    path = tmp_path / name
    path.write_text(dedent(text), "utf-8")
    return read_specification(path)


def points_of(tmp_path: Path, text: str) -> list[dict[str, Any]]:
    """Return the points of a YAML file, with an experiment before it."""
    return list(read(tmp_path, HEAD + dedent(text)).space)


SPACES = {
    "a list is an axis": ("grid: {a: [1, 2], b: x}", [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]),
    "the first axis is slowest": (
        "grid: {a: [1, 2], b: [3, 4]}",
        [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}],
    ),
    "zip is in step": ("zip: {a: [1, 2], b: [3, 4]}", [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
    "zip repeats constants": (
        "zip: {a: [1, 2], b: {value: [3]}}",
        [{"a": 1, "b": [3]}, {"a": 2, "b": [3]}],
    ),
    "constants are taken whole": ("constants: {a: [1, 2], b: {}}", [{"a": [1, 2], "b": {}}]),
    "points are taken as they are": ("points: [{a: 1}, {b: [2]}]", [{"a": 1}, {"b": [2]}]),
    "parts multiply in the order they are written": (
        "zip: {a: [1, 2]}\nconstants: {c: 0}\ngrid: {b: [3, 4]}",
        [
            {"a": 1, "c": 0, "b": 3},
            {"a": 1, "c": 0, "b": 4},
            {"a": 2, "c": 0, "b": 3},
            {"a": 2, "c": 0, "b": 4},
        ],
    ),
    "sum is one after the other": (
        "sum: [{grid: {a: [1, 2]}}, {points: [{a: 9, b: 1}]}]",
        [{"a": 1}, {"a": 2}, {"a": 9, "b": 1}],
    ),
    "product is every pair": (
        "product: [{grid: {a: [1, 2], b: [0, 2]}, filter: a > b}, {zip: {c: [5], d: [6]}}]",
        [{"a": 1, "b": 0, "c": 5, "d": 6}, {"a": 2, "b": 0, "c": 5, "d": 6}],
    ),
    "values": ("grid: {a: {values: [x, null]}}", [{"a": "x"}, {"a": None}]),
    "value": ("grid: {a: {value: {values: 1}}}", [{"a": {"values": 1}}]),
    "no parameters are one point": ("name: one", [{}]),
    "a filter holds for the whole block": (
        "filter: a < b\ngrid: {a: [1, 2], b: [1, 2]}",
        [{"a": 1, "b": 2}],
    ),
    "aliases": (
        "grid: {a: &x [1, 2]}\nzip: {b: *x}",
        [{"a": a, "b": b} for a in (1, 2) for b in (1, 2)],
    ),
    "merged keys": (
        "sum: [{grid: &x {a: [1]}}, {grid: {<<: *x, b: [2]}}]",
        [{"a": 1}, {"a": 1, "b": 2}],
    ),
}


@pytest.mark.parametrize(("text", "expected"), SPACES.values(), ids=SPACES)
def test_a_block_has_the_points_it_says(
    tmp_path: Path, text: str, expected: list[dict[str, Any]]
) -> None:
    """Each way to write points gives these, in this order."""
    assert points_of(tmp_path, text) == expected


EXACT = {
    "1": 1,
    "1.0": 1.0,
    "1e-3": 0.001,
    "1.5E+2": 150.0,
    "-2e3": -2000.0,
    "0": 0,
    "0x10": 16,
    "false": False,
    "true": True,
    "null": None,
    "~": None,
    ".inf": float("inf"),
    "a b": "a b",
    "'no'": "no",
    "!!str no": "no",
    "!!str 1e-3": "1e-3",
    "'1e-3'": "1e-3",
    "'010'": "010",
    "''": "",
    "it's; rm -rf": "it's; rm -rf",
    "2026-11-21": date(2026, 11, 21),
    "y": "y",
    "v1.2.3": "v1.2.3",
}


@pytest.mark.parametrize("text", EXACT)
def test_scalars_are_exact(tmp_path: Path, text: str) -> None:
    """Zero, false, null and texts are what they look like, of the very type."""
    (axis,) = points_of(tmp_path, f"constants:\n  a: {text}")
    (point,) = points_of(tmp_path, f"grid:\n  a:\n  - {text}")
    assert (axis, type(axis["a"])) == (point, type(point["a"]))
    assert (axis["a"], type(axis["a"])) == (EXACT[text], type(EXACT[text]))


RANGES: dict[str, list[int] | list[float]] = {
    "{start: 1, stop: 4}": [1, 2, 3],
    "{stop: 3}": [0, 1, 2],
    "{max: 2}": [0, 1],
    "{min: 1, max: 7, step: 3}": [1, 4],
    "{start: 3, stop: 0, step: -1}": [3, 2, 1],
    "{start: 0, stop: 0.4, step: 0.1}": [0.0, 0.1, 0.2, 0.3],
    "{start: 0, stop: 1, num: 5}": [0.0, 0.25, 0.5, 0.75, 1.0],
    "{start: 2, stop: 9, num: 1}": [2.0],
    "{start: 1e-3, stop: 100, num: 6, scale: log}": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0],
}


@pytest.mark.parametrize("text", RANGES)
def test_ranges_have_the_values_one_would_write(tmp_path: Path, text: str) -> None:
    """A step leaves the end out, a number of values has both ends; decimals are exact."""
    values = [point["a"] for point in points_of(tmp_path, f"grid: {{a: {text}}}")]
    assert values == RANGES[text]
    assert [type(one) for one in values] == [type(one) for one in RANGES[text]]


FILTERS: dict[str, list[int]] = {
    "a": [1, 2, 3],
    "a >= 2": [2, 3],
    "1 < a <= 2": [2],
    "not a == 2": [1, 3],
    "a in [1, 3] and b == 'x y'": [1, 3],
    "a % 2 == 1": [1, 3],
    "2 ** a - 1 > -a / 2 + 3": [2, 3],
    "b == 'other' or a != 1": [2, 3],
    "n == None and f == False": [1, 2, 3],
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters_keep_the_points_that_they_hold_for(tmp_path: Path, text: str) -> None:
    """An expression means what it means in Python."""
    space = "grid: {a: [1, 2, 3], b: x y, n: null, f: false}"
    kept = points_of(tmp_path, f'{space}\nfilter: "{text}"')
    assert [point["a"] for point in kept] == FILTERS[text]


REFUSED = {
    "grid: {a: {start: -1e308, stop: 1e308, num: 3}}": "'grid.a' in '...' (line 2): its ends are "
    "too far apart. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 9007199254740993, stop: 1e20, num: 3}}": "'grid.a' in '...' (line 2): "
    "9007199254740993 has more digits than a decimal number can hold. "
    "Write {start, stop, step} or {start, stop, num}.",
    f"grid: {{a: {{start: 0, stop: 2{'0' * 400}, step: 1{'0' * 399}.5}}}}": "'grid.a' in '...' "
    "(line 2): step is inf, no finite number. Write {start, stop, step} or {start, stop, num}.",
    f"grid: {{a: {{start: 1{'0' * 400}, stop: 1{'0' * 399}1, step: 0.5}}}}": "'grid.a' in '...' "
    "(line 2): its numbers are too large to have decimals. "
    "Write {start, stop, step} or {start, stop, num}.",
    "grids: {a: 1}": "'grids' in '...' (line 2): there is no such key (perhaps 'grid'). "
    "The keys here are experiment, command, shell, name, tags, timeout, retries, inputs, "
    "content, grid, zip, constants, points, product, sum, filter.",
    "grid: {a: []}": "'grid.a' in '...' (line 2): it has no values. "
    "Give it a value, or leave the parameter out.",
    "grid: {}": "'grid' in '...' (line 2): it is empty. Write parameters and their values.",
    "grid: [1]": "'grid' in '...' (line 2): [1] is no mapping. Write parameters and their values.",
    "grid:\n  a: 1\n  a: 2": "'grid.a' in '...' (line 4): the key is there twice. Keep one of "
    "them.",
    "grid:\n  a:": "'grid.a' in '...' (line 3): nothing is written there. Write null for None.",
    "grid: {a: {begin: 1}}": "'grid.a.begin' in '...' (line 2): 'begin' is no key of a range. "
    "For a mapping as a value, write {value: ...}.",
    "grid: {a: {stat: 1, stop: 2}}": "'grid.a.stat' in '...' (line 2): 'stat' is no key of a "
    "range (perhaps 'start'). For a mapping as a value, write {value: ...}.",
    "grid: {a: {}}": "'grid.a' in '...' (line 2): it is empty. "
    "For a mapping as a value, write {value: ...}.",
    "grid: {a: {value: 1, values: [1]}}": "'grid.a' in '...' (line 2): value and values contradict "
    "each other. Keep one of them.",
    "grid: {a: {values: x}}": "'grid.a.values' in '...' (line 2): 'x' is no list. "
    "Write a list, or value: for one.",
    "grid: {a: {start: 1}}": "'grid.a' in '...' (line 2): there is no stop. "
    "Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {stop: 1, num: 2}}": "'grid.a' in '...' (line 2): there is no start. "
    "Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {stop: 1, step: 0}}": "'grid.a' in '...' (line 2): step is 0. "
    "Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {stop: 1, step: 1e-9}}": "'grid.a' in '...' (line 2): it has 1000000000 values, "
    "more "
    "than 10000000. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 1, max: 2}}": "'grid.a' in '...' (line 2): min and max do not go together "
    "with start and stop. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 0, stop: 2, num: 2, scale: log}}": "'grid.a' in '...' (line 2): a "
    "logarithmic scale has positive ends only. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 1, stop: 2, num: 2, scale: cubic}}": "'grid.a' in '...' (line 2): scale is "
    "'cubic', neither 'linear' nor 'log'. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 1, stop: 2, num: 0}}": "'grid.a' in '...' (line 2): num is 0, no whole "
    "number from 1 to 10000000. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 1, stop: true}}": "'grid.a' in '...' (line 2): stop is True, no finite "
    "number. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 1, stop: 2, scale: log}}": "'grid.a' in '...' (line 2): a scale needs num, "
    "the number of values. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {start: 1, stop: 2, num: 2, step: 1}}": "'grid.a' in '...' (line 2): step and num "
    "contradict each other. Write {start, stop, step} or {start, stop, num}.",
    "grid: {a: {max: 0}}": "'grid.a' in '...' (line 2): it has no values. "
    "Give it a value, or leave the parameter out.",
    "zip:\n  a: [1, 2]\n  b: [1]": "'zip' in '...' (line 2): its lists are of unequal lengths: "
    "'a' has 2, 'b' has 1. Give them one length, or a bare value to those that are constant.",
    "grid: {a: 1}\nzip:\n  a: [1]": "'zip.a' in '...' (line 4): the parameter 'a' is there already."
    " Keep one of them.",
    "product: [{grid: {a: 1}}, {points: [{a: 1}]}]": "'product[1]' in '...' (line 2): the "
    "parameter "
    "'a' is there already. Keep one of them.",
    "points: []": "'points' in '...' (line 2): it is empty. "
    "Write a list of mappings of parameters and values.",
    "points:\n- {a: 1}\n- 3": "'points[1]' in '...' (line 4): 3 is no mapping. "
    "Write a list of mappings of parameters and values.",
    "constants: 3": "'constants' in '...' (line 2): 3 is no mapping. "
    "Write parameters and the one value of each.",
    "sum: []": "'sum' in '...' (line 2): it is empty. "
    "Write a list of blocks of grid, zip, constants, points, product, sum, filter.",
    "sum: [{}]": "'sum[0]' in '...' (line 2): it is empty. "
    "Write one or more of grid, zip, constants, points, product, sum, filter.",
    "sum: [{name: x}]": "'sum[0].name' in '...' (line 2): there is no such key. "
    "The keys here are grid, zip, constants, points, product, sum, filter.",
    "filter: 3": "'filter' in '...' (line 2): 3 is no text. "
    "Write an expression of parameters in quotes, such as 'a < b'.",
    "grid: {alpha: 1}\nfilter: alfa > 1": "'filter' in '...' (line 3): 'alfa' is no parameter of "
    "the points, which are alpha (perhaps 'alpha'). "
    "Filters compare parameters, numbers and texts, with and, or, not, in.",
    "filter: a >": "'filter' in '...' (line 2): 'a >' is no expression (invalid syntax). "
    "Filters compare parameters, numbers and texts, with and, or, not, in.",
    "filter: __import__('os')": "'filter' in '...' (line 2): \"__import__('os')\" is nothing "
    "that a "
    "filter knows. Filters compare parameters, numbers and texts, with and, or, not, in.",
    "grid: {a: 1}\nfilter: a > 2": "'filter' in '...' (line 3): 'a > 2' leaves no point. "
    "Correct the filter or the values.",
    "grid: {a: x}\nfilter: a > 2": "'filter' in '...' (line 3): 'a > 2' fails at the point "
    "{'a': 'x'} ('>' not supported between instances of 'str' and 'int'). "
    "Correct the filter or the values.",
    "grid: {a: 9}\nfilter: a ** 9999 > 2": "'filter' in '...' (line 3): 'a ** 9999 > 2' fails at "
    "the "
    "point {'a': 9} (9 to the power of 9999 is too large). Correct the filter or the values.",
    "grid: {a: [x, y]}\nfilter: a * 2 == 'xx'": "'filter' in '...' (line 3): \"a * 2 == 'xx'\" "
    "fails "
    "at the point {'a': 'x'} ('x' is no number). Correct the filter or the values.",
    "name: 3": "'name' in '...' (line 2): 3 is no text. Write a text, in quotes if need be.",
    "tags: [a, 3]": "'tags[1]' in '...' (line 2): 3 is no text. Put it in quotes.",
    "timeout: 0": "'timeout' in '...' (line 2): 0 is no positive number of seconds. "
    "Leave it out for no limit.",
    "timeout: .inf": "'timeout' in '...' (line 2): inf is no positive number of seconds. "
    "Leave it out for no limit.",
    "retries: yes please": "'retries' in '...' (line 2): 'yes please' is no number of times. "
    "Write 0 or a greater whole number.",
    "inputs: x.csv": "'inputs' in '...' (line 2): an experiment takes no inputs. "
    "Give the files as parameters, or write command: or shell:.",
    "content: true": "'content' in '...' (line 2): an experiment is no program. "
    "Leave it out: its code counts anyway.",
    "command: [x]": "'...': experiment and command contradict each other. "
    "Write one of experiment:, command: and shell:.",
    "grid: {a: !!set {x: null}}": "'grid.a' in '...' (line 2): tag:yaml.org,2002:set is no plain "
    "value. Leave the tag out.",
    "grid: {a: !!python/name:os.system x}": "'grid.a' in '...' (line 2): "
    "tag:yaml.org,2002:python/name:os.system is no plain value. Leave the tag out.",
    "grid: &g {a: [1, *g]}": "'grid.a[1]' in '...' (line 2): it contains itself. "
    "Leave out the alias.",
    "grid: {1: 2}": "'grid' in '...' (line 2): its key 1 is no text. Put it in quotes.",
    "grid: {a: 2026-99-99}": "'grid.a' in '...' (line 2): 2026-99-99 is no timestamp "
    "(month must be in 1..12). Put it in quotes for a text.",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_wrong_is_refused_where_it_is(tmp_path: Path, text: str) -> None:
    """The message names the file, the key and the line, the reason and the remedy."""
    with pytest.raises(SpecificationError) as caught:
        points_of(tmp_path, text)
    shown = str(caught.value).replace(str(tmp_path / "sweep.yaml"), "...")
    expected = f"cannot read {REFUSED[text]}"
    assert shown == expected


@pytest.mark.parametrize("text", ["no", "Yes", "ON", "off", "010", "0o17", "089", "12:30", "1_000"])
def test_what_readers_of_yaml_disagree_about_is_refused(tmp_path: Path, text: str) -> None:
    """A bare word that YAML 1.1 and 1.2 read differently is no value and no name."""
    reason = f"readers of YAML disagree about what {text} means"
    with pytest.raises(SpecificationError, match=reason):
        points_of(tmp_path, f"grid: {{a: [1, {text}]}}")


def test_broken_yaml_is_told_by_line(tmp_path: Path) -> None:
    """What the parser says is in the message, with the line."""
    with pytest.raises(
        SpecificationError, match=r"\(line [23]\): it is no YAML: .+\. Correct it\."
    ):
        points_of(tmp_path, "grid: {a: [1, 2")


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "sum: [" + "{sum: [" * 400), ("a.toml", "a = " + "[" * 5000)]
)
def test_endless_nesting_is_refused(tmp_path: Path, name: str, text: str) -> None:
    """It ends neither the interpreter nor in a traceback."""
    with pytest.raises(SpecificationError):
        read(tmp_path, text + "1" + "]}" * 400 * (name == "a.yaml"), name)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Files of editors that write one are read."""
    for name, text in (("a.yaml", "shell: x"), ("a.toml", 'shell = "x"')):
        assert read(tmp_path, f"\ufeff{text}", name).command == "x"


def test_an_error_tells_programs_where_it_is(tmp_path: Path) -> None:
    """Path, key and line are attributes."""
    with pytest.raises(SpecificationError) as caught:
        points_of(tmp_path, "sum:\n- grid: {a: 1}\n- grid:\n    b: []")
    error = caught.value
    assert (error.path, error.key, error.line) == (
        str(tmp_path / "sweep.yaml"),
        "sum[1].grid.b",
        5,
    )


def test_toml_says_the_same(tmp_path: Path) -> None:
    """A TOML file has the same keys and the same points."""
    text = """
        experiment = "study.py:fit"
        name = "sweep_fit"
        tags = ["a", "b"]
        timeout = 1.5
        retries = 2
        filter = "a != 3"
        [grid]
        a = [1, 3]
        b = {start = 0, stop = 1, num = 2}
        [constants]
        when = 2026-11-21
    """
    said = read(tmp_path, text, "sweep.toml")
    assert list(said.space) == [
        {"a": 1, "b": 0.0, "when": date(2026, 11, 21)},
        {"a": 1, "b": 1.0, "when": date(2026, 11, 21)},
    ]
    assert (said.name, said.tags, said.timeout, said.retries) == ("sweep_fit", ("a", "b"), 1.5, 2)
    assert (said.target, said.experiment) == ("experiment", "study.py:fit")


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """A missing file, another ending, another encoding, broken TOML and an empty file are told."""
    pytest.importorskip("yaml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"name = '\xe9'")
    broken = tmp_path / "broken.toml"
    broken.write_text("a = = 1")
    (empty := tmp_path / "empty.yaml").write_text("# nothing\n")
    (listed := tmp_path / "listed.yaml").write_text("- 1\n")
    for path, reason in {
        tmp_path / "none.yaml": "No such file or directory. Check the path.",
        tmp_path / "sweep.json": "its name does not end in .yaml, .yml or .toml. Rename it.",
        latin: "it is not UTF-8. Save it so.",
        broken: "it is no TOML: Invalid value (at line 1, column 5). Correct it.",
        empty: "it is empty. Write keys and values.",
        listed: "it is a sequence, no mapping. Write keys and values.",
    }.items():
        with pytest.raises(SpecificationError) as caught:
            read_specification(path)
        assert str(caught.value) == f"cannot read {str(path)!r}: {reason}"


def test_yaml_without_its_library_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "sweep.yaml").write_text(HEAD)
    with pytest.raises(ImportError) as caught:
        read_specification(tmp_path / "sweep.yaml")
    path = str(tmp_path / "sweep.yaml")
    assert (
        str(caught.value)
        == f"cannot read {path!r}: PyYAML is not installed. Install expcache[yaml]."
    )


def test_batchrun_files_have_the_points_of_batchrun(tmp_path: Path) -> None:
    """Its own format is read as it reads it, in its order; what it drops is kept or refused."""
    text = r"""
        program: >
          python3 train.py \
            --out '{dir}' \
        parameters:
          alpha: {values: [1, 2]}
          beta: {values: [1e-3, a b, no]}
          gamma: {min: 1, max: 4, step: 2}
          zero: {value: 0}
          flag: {value: false}
    """
    said = read(tmp_path, text)
    assert (said.target, said.command) == (
        "shell",
        (
            "python3 train.py --out '{{dir}}' --alpha={alpha} --beta={beta} --gamma={gamma} "
            "--zero={zero} --flag={flag}"
        ),
    )
    assert list(said.space) == [
        {"alpha": a, "beta": b, "gamma": g, "zero": 0, "flag": False}
        for a in (1, 2)
        for b in ("1e-3", "a b", False)
        for g in (1, 3)
    ]


def test_commands_say_their_words_and_files(tmp_path: Path) -> None:
    """A command is a list of words, a shell line one text; inputs are paths or mappings."""
    words = read(tmp_path, "command: [./prog, '{x}']\ngrid: {x: [1]}\ninputs: a.csv")
    assert (words.target, words.command) == ("command", ("./prog", "{x}"))
    assert words.inputs == ({"path": "a.csv"},)
    line = read(tmp_path, "shell: ./prog {x} | sort\ninputs: [{path: a, link: link, rename: b}]")
    assert (line.target, line.command) == ("shell", "./prog {x} | sort")
    assert line.inputs == ({"path": "a", "link": "link", "rename": "b"},)


WRONG_COMMANDS = {
    "shell: x\ncontent: true": "'content' in '...' (line 2): a shell starts the program. "
    "Name the program in inputs: its content counts there.",
    "command: [x]\ncontent: 1": "'content' in '...' (line 2): 1 is neither true nor false. "
    "Write one.",
    "command: ./prog {x}": "'command' in '...' (line 1): './prog {x}' is no list of words. "
    "Write a list of words, such as [./prog, '{x}'], or shell: for a line.",
    "command: [./prog, 1]": "'command[1]' in '...' (line 1): 1 is no text. Put it in quotes.",
    "grid: {a: 1}": "'...': it runs nothing. Write one of experiment:, command: and shell:.",
    "experiment: fit": "'experiment' in '...' (line 1): 'fit' names no function of a file. "
    "Write file.py:function or module:function.",
    "shell: x\ninputs: [{file: a}]": "'inputs[0]' in '...' (line 2): {'file': 'a'} names no file. "
    "Write a path, or {path: ..., link: copy, rename: ...}.",
    "program: x": "'...': there are no parameters. Write parameters:, or shell: for a line "
    "without.",
    "program: x\nparameters: {a: {values: []}}": "'parameters.a.values' in '...' (line 2): it "
    "has no "
    "values. Give it a value, or leave the parameter out.",
    "program: x\nparameter: {}": "'parameter' in '...' (line 2): there is no such key (perhaps "
    "'parameters'). The keys here are program, parameters, name, tags, timeout, retries, filter.",
}


@pytest.mark.parametrize("text", WRONG_COMMANDS)
def test_a_wrong_command_is_refused_where_it_is(tmp_path: Path, text: str) -> None:
    """The message names the file, the key and the line, the reason and the remedy."""
    with pytest.raises(SpecificationError) as caught:
        read(tmp_path, text)
    shown = str(caught.value).replace(str(tmp_path / "sweep.yaml"), "...")
    assert shown == f"cannot read {WRONG_COMMANDS[text]}"

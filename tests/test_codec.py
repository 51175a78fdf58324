"""Results as JSON and buffers: what comes out is what went in, to the exact type."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import json
import math
import os
import pathlib
import subprocess
import sys
import types
import uuid
import zoneinfo
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._codec import (
    Named,
    Opaque,
    decode_value,
    describe,
    encode_value,
    is_plain,
    restore,
    to_json,
)
from expcache.errors import RecordError, ResultError, TrustError


class Colour(enum.Enum):
    """A plain enum."""

    RED = 1
    BLUE = "b"


class Level(enum.IntEnum):
    """An enum whose members are numbers."""

    LOW = 1


class Right(enum.Flag):
    """An enum whose members combine."""

    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Model:
    """An object that needs a pickle."""

    weight: float
    name: str = "m"


class Point(NamedTuple):
    """A tuple that is no plain tuple."""

    x: int
    y: int


def round_trip(value: object) -> Any:
    """Encode, pass through JSON text and fresh buffers, decode without trust."""
    encoded = encode_value(value)
    assert encoded.codec in ("json", "tree")
    parts = [bytearray(part) for part in encoded.parts]
    tree = json.loads(to_json(encoded.tree))
    return decode_value(encoded.codec, tree, parts, encoded.pickle, trust=False)


def same(one: Any, other: Any) -> bool:  # noqa: PLR0911  # a kind a line
    """Tell whether two values are equal to the exact type, everywhere inside."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        both_nan: bool = math.isnan(one) and math.isnan(other)
        return both_nan or repr(one) == repr(other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, set | frozenset):
        return sorted(map(_mark, one)) == sorted(map(_mark, other))
    if isinstance(one, decimal.Decimal):
        return bool(one.as_tuple() == other.as_tuple())
    if isinstance(one, dt.datetime | dt.time):
        zones = one.tzinfo == other.tzinfo and type(one.tzinfo) is type(other.tzinfo)
        same_clock = one.replace(tzinfo=None) == other.replace(tzinfo=None)
        return bool(zones and one.fold == other.fold and same_clock)
    return bool(one == other)


def _mark(value: object) -> str:
    return f"{type(value).__name__} {value!r}"


any_text = st.text(st.characters(codec=None))
keys = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), any_text, st.binary()
)
zones = st.one_of(
    st.none(),
    st.timezones(),
    st.builds(
        dt.timezone,
        st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)),
    ),
)
leaves = st.one_of(
    keys,
    st.floats(),
    st.complex_numbers(),
    st.integers(-(2**2100), 2**2100),
    st.sampled_from([2**5000, "~", "\ud800\udc00", -0.0, ..., NotImplemented, *Colour, *Level]),
    st.sampled_from([Right.READ, Right.READ | Right.WRITE, Right(0)]),
    st.binary(max_size=3000),
    st.binary().map(bytearray),
    st.dates(),
    st.datetimes(timezones=zones, allow_imaginary=False),
    st.times(),
    st.timedeltas(),
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.sampled_from([pathlib.Path("a/b"), pathlib.PurePosixPath("/"), pathlib.PurePath()]),
    st.builds(pathlib.PureWindowsPath, st.sampled_from(["c:\\x", "y"])),
    st.builds(range, st.integers(), st.integers(), st.integers(1)),
    st.builds(slice, st.none() | st.integers(), st.integers()),
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.dictionaries(keys | st.tuples(keys, keys), inner, max_size=4)
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(any_text, inner, max_size=4),
        pairs,
        pairs.map(collections.OrderedDict),
        pairs.map(lambda items: collections.defaultdict(list, items)),
        st.builds(collections.deque, st.lists(inner, max_size=4), st.sampled_from([None, 9])),
        st.sets(keys, max_size=4),
        st.frozensets(st.tuples(keys), max_size=4),
        st.dictionaries(keys, st.integers(), max_size=4).map(collections.Counter),
    )


values = st.recursive(leaves, _containers, max_leaves=15)


@given(values)
def test_round_trip_is_exact(value: object) -> None:
    """Every supported value comes back equal to the exact type, without trust."""
    assert same(round_trip(value), value)


@given(values)
def test_descriptions_restore(value: object) -> None:
    """A supported parameter is described exactly, in JSON."""
    text = json.dumps(describe(value), allow_nan=False)
    assert same(restore(json.loads(text)), value)


@given(values)
def test_plain_values_are_their_own_json(value: object) -> None:
    """What is called plain survives json alone, even written as UTF-8."""
    if is_plain(value):
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        assert same(json.loads(text), value)
        assert encode_value(value).codec == "json"
        assert describe(value) is value


@pytest.mark.parametrize(
    "value",
    [
        (1,),
        {1: 2},
        {"~tuple": [1]},
        {"\ud800": 1},
        math.nan,
        math.inf,
        "\ud800\udc00",
        2**2000,
        -(2**2000),
        [[[b""]]],
        [1, {"a": [Level.LOW]}],
        collections.OrderedDict(),
    ],
)
def test_not_plain(value: object) -> None:
    """What JSON would change is not plain."""
    assert not is_plain(value)


@pytest.mark.parametrize("value", [None, True, 0, 2**1999, -0.0, "ä\0", [], {}, {"": [{"a": 1.5}]}])
def test_plain(value: object) -> None:
    """What JSON keeps is plain."""
    assert is_plain(value)


def test_plain_values_nest_to_a_limit() -> None:
    """A list that contains itself, or 200 others, is left to pickle, as JSON would fail."""
    loop: list[Any] = []
    loop.append(loop)
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    for value in (loop, deep, {"a": (loop,)}):
        encoded = encode_value(value)
        assert encoded.codec == "pickle"
        back = decode_value("pickle", None, encoded.parts, encoded.pickle, trust=True)
        assert to_json(describe(back)) == to_json(describe(value))


def test_decoding_gives_fresh_objects() -> None:
    """Two decodings share nothing that can be changed."""
    encoded = encode_value({1: [1], 2: bytearray(2000)})
    first, second = (
        decode_value("tree", encoded.tree, encoded.parts, None, trust=False) for _ in range(2)
    )
    first[1].append(2)
    first[2][0] = 1
    assert second == {1: [1], 2: bytearray(2000)}


def test_sets_have_one_text() -> None:
    """The order of a set, which differs between processes, is not in its text."""
    program = (
        "from expcache._codec import describe, to_json\n"
        "print(to_json(describe({f'name {number}' for number in range(50)})))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=dict(os.environ, PYTHONHASHSEED=seed),
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_time_zone_names_are_kept() -> None:
    """A zone keeps the name it was given, and UTC is the one object."""
    named = dt.timezone(dt.timedelta(0), "UTC")
    assert round_trip(named).__reduce__()[1] == named.__reduce__()[1]
    assert round_trip(dt.UTC) is dt.UTC


def test_zone_rules_are_kept_by_key() -> None:
    """The second of two equal wall-clock times stays the second."""
    late = dt.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    assert round_trip(late).utcoffset() == late.utcoffset()


def test_uuid_and_decimal_and_fraction() -> None:
    """Numbers with a name of their own are kept with every digit."""
    value = [uuid.UUID(int=1), decimal.Decimal("1.50"), decimal.Decimal("-sNaN7"),
             fractions.Fraction(2**3000, 3)]  # fmt: skip
    assert same(round_trip(value), value)


def test_member_of_an_unloaded_enum() -> None:
    """A member whose module is not loaded becomes a stand-in, and nothing is imported."""
    tree = {"~enum": ["antigravity", "Colour", "RED", 1]}
    member = decode_value("tree", tree, [], None, trust=False)
    assert member == Named("antigravity", "Colour", "RED", 1)
    assert repr(member) == "<antigravity.Colour.RED: 1, class not loaded>"
    assert "antigravity" not in sys.modules
    assert describe(member) == tree


def test_name_that_is_no_enum() -> None:
    """A record cannot reach anything but an enum member by name."""
    for qualname, name in (("system", "x"), ("path.join", "y"), ("PathLike", "register")):
        tree = {"~enum": ["os", qualname, name, 1]}
        assert isinstance(decode_value("tree", tree, [], None, trust=False), Named)


def test_local_enum_is_pickled_and_described() -> None:
    """A member that cannot be found by name needs a pickle; its description is by name."""
    local = enum.Enum("local", ["A"])
    member = local["A"]
    assert encode_value([member]).codec == "pickle"
    assert restore(describe(member)).name == "A"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            (letter for letter in "ab"),
            "a generator can be read only once. Return list(...) of it instead.",
        ),
        (iter([1]), "an iterator can be read only once. Return list(...) of it instead."),
        (map(str, [1]), "an iterator can be read only once. Return list(...) of it instead."),
    ],
)
def test_results_that_can_be_read_once(value: object, text: str) -> None:
    """A generator or iterator as result is refused with the remedy."""
    with pytest.raises(ResultError) as caught:
        encode_value(value, subject="the result of 'fit'")
    assert str(caught.value) == f"cannot keep the result of 'fit': {text}"


def test_open_file_and_coroutine() -> None:
    """An open file and a coroutine are refused with a remedy of their own."""
    with pathlib.Path(__file__).open() as file, pytest.raises(ResultError, match="Return its path"):
        encode_value(file)

    async def late() -> None:
        """Do nothing."""

    waiting = late()
    with pytest.raises(ResultError, match="a coroutine has no value yet"):
        encode_value(waiting)
    waiting.close()


def test_unpicklable_value_names_its_path() -> None:
    """A result that cannot be pickled is refused, with the path to the part that cannot."""
    value = {"fit": [1, Model(1.0), types.SimpleNamespace(log=(letter for letter in "ab"))]}
    with pytest.raises(ResultError) as caught:
        encode_value(value)
    message = str(caught.value)
    assert "result['fit'][2].log of type generator cannot be pickled" in message
    assert message.startswith("cannot keep the result: ")
    assert caught.value.kind == "generator"


def test_objects_are_pickled_with_a_view() -> None:
    """An object is pickled, marked, and readable in part without unpickling."""
    encoded = encode_value({"best": Model(0.5), "where": Point(1, 2)})
    assert encoded.codec == "pickle"
    assert encoded.pickle is not None
    assert encoded.pickle["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"{__name__}.Model" in encoded.pickle["globals"]
    assert not encoded.pickle["by_value"]
    view = restore(json.loads(to_json(encoded.view)))
    assert view["best"].fields == {"weight": 0.5, "name": "m"}
    assert repr(view["where"]) == f"<only described: {__name__}.Point(x=1, y=2)>"
    back = decode_value("pickle", None, encoded.parts, encoded.pickle, trust=True)
    assert back == {"best": Model(0.5), "where": Point(1, 2)}
    assert type(back["where"]) is Point


def test_pickle_without_trust() -> None:
    """Without trust nothing is unpickled, and the error names the run and the types."""
    encoded = encode_value(Model(1))
    with pytest.raises(TrustError) as caught:
        decode_value(
            "pickle", None, encoded.parts, encoded.pickle,
            trust=False, subject="the result of run 3f2a", id="3f2a",
        )  # fmt: skip
    assert str(caught.value) == (
        f"cannot load the result of run 3f2a: it is pickled (types {__name__}.Model) and this "
        "store is not trusted. Pass trust=True if you trust whoever wrote it."
    )
    assert (caught.value.id, caught.value.codec) == ("3f2a", "pickle")


def test_code_by_value_is_marked_and_bound_to_its_python() -> None:
    """A pickle that holds bytecode is refused under another Python minor."""
    encoded = encode_value([lambda number: number + 1])
    assert encoded.pickle is not None
    assert encoded.pickle["by_value"]
    back = decode_value("pickle", None, encoded.parts, encoded.pickle, trust=True)
    assert back[0](1) == 2
    foreign = encoded.pickle | {"python": "3.1"}
    with pytest.raises(TrustError, match=r"pickled by Python 3\.1, and this is .* could crash"):
        decode_value("pickle", None, encoded.parts, foreign, trust=True)


def test_class_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result whose class cannot be imported any more is an error that names the class."""
    encoded = encode_value(Model(1))
    monkeypatch.delattr(sys.modules[__name__], "Model")
    with pytest.raises(RecordError, match=r"it holds '.*\.Model', which cannot be imported here"):
        decode_value("pickle", None, encoded.parts, encoded.pickle, trust=True)


class _Bomb:
    """Fails wherever it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        print,
        pytest,
        Model,
        lambda: 0,
        pytest.param(_Bomb(), id="bomb"),
        open,
        ValueError("x"),
        Point(1, 2),
    ],
)
def test_any_value_can_be_described(value: object) -> None:
    """Describing never fails and never pickles; what is not exact restores as opaque."""
    tree = json.loads(to_json(describe({"a": [value]})))
    restored = restore(tree)["a"][0]
    assert isinstance(restored, Opaque)
    assert restored.kind == f"{type(value).__module__}.{type(value).__qualname__}"
    assert " at 0x" not in repr(restored)
    assert to_json(describe(restored)) == to_json(tree["a"][0])


def test_cycles_can_be_described() -> None:
    """Objects and lists that contain themselves have a finite description."""
    loop: list[Any] = [1]
    loop.append(loop)
    owner = types.SimpleNamespace(loop=loop)
    owner.self = owner
    assert len(to_json(describe(owner))) < 5000


def test_malformed_trees_are_record_errors() -> None:
    """A tree that no encoder wrote is an error that says so, whatever is wrong with it."""
    trees: list[Any] = [
        {"~nothing": 1}, {"~bytes": 3}, {"~array": {}}, {"~int": "zz"}, {"~zone": "../x"},
        {"~pandas": []}, {"~bytes": {"part": 7}}, {"~range": []}, {"~set": [[]]},
    ]  # fmt: skip
    for tree in trees:
        with pytest.raises(RecordError, match="cannot load the result: decoding raised"):
            decode_value("tree", tree, [], None, trust=True)
        with pytest.raises(RecordError, match="cannot restore a description"):
            restore(tree)


def test_importing_the_codec_stays_light() -> None:
    """No optional or heavy library is imported before a value of it is met."""
    program = (
        "import sys; from expcache._codec import encode_value, describe\n"
        "encode_value({'a': (1,)}); describe(object())\n"
        "print({'numpy', 'pandas', 'cloudpickle', 'uuid', 'zoneinfo'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"

"""Canonical bytes of Python's own kinds: what is equal, what differs, what is refused."""

from __future__ import annotations

import ctypes
import datetime as dt
import enum
import io
import ipaddress
import json
import operator
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import threading
import types
import uuid
import weakref
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import expcache
from expcache._encode import digest, encode, type_name
from expcache.errors import IdentityError

NT = namedtuple("NT", "a b")  # noqa: PYI024 - the untyped kind is what is tested
NT2 = namedtuple("NT2", "a b")  # noqa: PYI024 - as above
NAN = float("nan")
UTC = dt.timezone.utc  # noqa: UP017 - `dt.UTC` is the same object
BERLIN = ZoneInfo("Europe/Berlin")


class MyInt(int):
    """A number with a meaning of its own."""


class MyStr(str):
    """A text with a meaning of its own, and state in slots."""

    __slots__ = ("origin",)
    origin: str


class MyDict(dict[str, int]):
    """A mapping that shows itself otherwise than it is."""

    def __iter__(self) -> Any:
        """Hide every key."""
        return iter(())

    def items(self) -> Any:
        """Hide every item."""
        return ().__iter__()

    @cached_property
    def total(self) -> int:
        """Leave a trace in the instance."""
        return 3


class Col(enum.Enum):
    """Two colours."""

    A = 1
    B = 2


class Col2(enum.Enum):
    """Another kind with a member of the same name and value."""

    A = 1


class Level(enum.IntEnum):
    """Members that are integers."""

    A = 1


class Perm(enum.Flag):
    """Members that combine."""

    R = 1
    W = 2
    X = 4


@dataclass
class Point:
    """Fields, one of which does not count, and a trace of having been used."""

    x: float
    label: str = field(default="", compare=False)

    @cached_property
    def double(self) -> float:
        """Leave a trace in the instance."""
        return 2 * self.x


class Shifted(Point):
    """Extends a dataclass without being one: what it adds counts too."""

    def __init__(self, x: float, by: float) -> None:
        """Keep something that is no field."""
        super().__init__(x, label=f"made as {id(self)}")
        self.by = by


@dataclass(slots=True, frozen=True)
class Slotted:
    """A dataclass without instance dict."""

    x: object


class Keyed:
    """A class that says itself what identifies it."""

    def __init__(self, value: object) -> None:
        """Keep what identifies, next to something that does not."""
        self.value, self.noise = value, object()

    def __expcache_key__(self) -> object:
        """Return what identifies."""
        return self.value


def used(value: Any, name: str) -> Any:
    """Return the value after one of its attributes was read."""
    getattr(value, name)
    return value


def tagged(text: str, origin: str) -> MyStr:
    """Return a text with state in a slot."""
    value = MyStr(text)
    value.origin = origin
    return value


EQUAL = {
    "NaN": (NAN, -NAN),
    "NaN in complex": (complex(NAN, 1), complex(-NAN, 1)),
    "dict order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "set order": ({1, "a", (2,)}, {(2,), "a", 1}),
    "sharing": ([[1], [1]], [[[1]][0]] * 2),
    "text at run time": ("ab" * 20, "".join(["ab"] * 20)),
    "Decimal": (Decimal("1.0"), Decimal("1.0")),
    "Path": (Path("a/b"), pathlib.PurePosixPath("a/b")),
    "dataclass": (Point(1.0), Point(1.0)),
    "field that does not count": (Point(1.0, "a"), Point(1.0, "b")),
    "cached property": (Point(1.0), used(Point(1.0), "double")),
    "cached property of a dict": (MyDict(a=1), used(MyDict(a=1), "total")),
    "undecorated subclass": (Shifted(1.0, 2.0), Shifted(1.0, 2.0)),
    "slots": (Slotted(1), Slotted(1)),
    "partial": (partial(max, 1, key=abs), partial(max, 1, key=abs)),
    "pattern": (re.compile("a"), re.compile("a")),
    "UUID": (uuid.UUID(int=3), uuid.UUID(int=3)),
    "flag": (Perm.R | Perm.W, Perm.W | Perm.R),
    "hook": (Keyed(1), Keyed(1)),
    "proxy": (types.MappingProxyType({"a": 1}), types.MappingProxyType({"a": 1})),
    "named zone": (
        dt.datetime(2020, 1, 1, tzinfo=BERLIN),
        dt.datetime(2020, 1, 1, tzinfo=ZoneInfo.no_cache("Europe/Berlin")),
    ),
    "getter": (operator.itemgetter(1, 2), operator.itemgetter(1, 2)),
}

DIFFERENT: dict[str, tuple[Any, ...]] = {
    "None, text, list": (None, "None", [], ..., NotImplemented, "", b"", (), {}, set(), 0, False),
    "bool and int": (True, 1, False, 0, 1.0, 0.0, "1", b"1"),
    "bool and int in lists": ([True], [1], [1.0], [False], [0]),
    "large int": (2**64, 2**64 + 1, -(2**64), 2**63, 2**63 - 1, -(2**63), -(2**63) - 1),
    "huge int": (10**5000, 10**5000 + 1, -(10**5000)),
    "float": (0.0, -0.0, NAN, None, float("inf"), -float("inf"), 0.1 + 0.2, 0.3, 5e-324),
    "complex": (0 + 0j, complex(0.0, -0.0), complex(-0.0, 0.0), 0.0, complex(NAN, 0)),
    "text": ("\ud800", "\ud801", "\u00e9", "e\u0301", "?", "\\ud800"),
    "bytes": (b"a", "a", bytearray(b"a")),
    "list and tuple": ([1, 2], (1, 2), [[1, 2]], [(1, 2)], [1, [2]]),
    "borders of text": (["a", "bc"], ["ab", "c"], ["abc"], ["a", "b", "c"]),
    "borders of lists": ([[1], [2]], [[1, 2]], [[1], 2], [[], 1, 2], [1, 2]),
    "sets": ({1}, frozenset({1}), [1], (1,), {1: 1}, {1.5}),
    "keys": ({1: 2}, {"1": 2}, {2: 1}, {1: 2, 2: 1}, {(1,): 2}, {True: 2}),
    "OrderedDict": (
        OrderedDict(a=1, b=2),
        OrderedDict(b=2, a=1),
        {"a": 1, "b": 2},
    ),
    "collections": (
        defaultdict(None, a=1),
        defaultdict(int, a=1),
        defaultdict(list, a=1),
        Counter(a=1),
        ChainMap({"a": 1}),
        ChainMap({"a": 1}, {}),
        types.MappingProxyType({"a": 1}),
        types.SimpleNamespace(a=1),
        {"a": 1},
    ),
    "deque": (deque([1]), deque([1], 3), deque([1], 4), [1]),
    "views": ({1: 2}.keys(), {1: 2}.values(), {1: 2}.items(), {1: 2}, [1], {1}),
    "subclass of int": (MyInt(1), 1, MyInt(2), True, Level.A),
    "subclass of str": (tagged("a", "x"), tagged("a", "y"), MyStr("a"), "a"),
    "subclass of dict": (MyDict(a=1), MyDict(a=2), MyDict(), {"a": 1}),
    "namedtuple": (NT(1, 2), (1, 2), NT2(1, 2), NT(2, 1)),
    "Decimal": (Decimal("1.0"), Decimal("1.00"), 1.0, Decimal("NaN"), Decimal("sNaN"), NAN),
    "Fraction": (Fraction(1, 2), 0.5, Fraction(2, 1), (1, 2)),
    "range and slice": (range(2), range(0, 2, 2), [0, 1], slice(2), slice(0, 2), slice(0, 2, 1)),
    "datetime": (
        dt.datetime(2020, 1, 1, 12, tzinfo=UTC),
        dt.datetime(2020, 1, 1, 13, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        dt.datetime(2020, 1, 1, 12),  # noqa: DTZ001 - naive is the case
        dt.datetime(2020, 1, 1, 12, fold=1),  # noqa: DTZ001 - as above
        dt.datetime(2020, 1, 1, 12, tzinfo=ZoneInfo("UTC")),
        dt.time(12),
        dt.time(12, fold=1),
        dt.time(12, tzinfo=UTC),
    ),
    "zones": (
        UTC,
        ZoneInfo("UTC"),
        dt.timezone(dt.timedelta(0), "Zulu"),
        dt.timezone(dt.timedelta(hours=1)),
        BERLIN,
        "UTC",
    ),
    "date": (
        dt.date(2020, 1, 1),
        dt.datetime(2020, 1, 1),  # noqa: DTZ001 - naive is the case
        "2020-01-01",
        dt.timedelta(1),
        dt.timedelta(seconds=1),
        dt.timedelta(microseconds=1),
    ),
    "UUID": (uuid.UUID(int=1), uuid.UUID(int=2), 1, uuid.UUID(int=1).bytes),
    "Path": (Path("a"), "a", pathlib.PureWindowsPath("a"), Path("b")),
    "enum": (Col.A, Col.B, Col2.A, 1, "A", Level.A),
    "flag": (Perm.R, Perm.W, Perm.R | Perm.W, Perm(0), Perm.R | Perm.X, 1),
    "dataclass": (Point(1.0), Point(2.0), {"x": 1.0}, (1.0,), Slotted(1.0)),
    "undecorated subclass": (Shifted(1.0, 2.0), Shifted(1.0, 3.0), Point(1.0)),
    "pattern": (re.compile("a"), re.compile("a", re.IGNORECASE), re.compile(b"a"), "a"),
    "partial": (partial(max, 1), partial(max, 2), partial(min, 1), partial(max, key=1), max),
    "builtin": (max, min, "a".upper, "b".upper, "a".lower, str.upper, str.lower, dict.fromkeys),
    "getter": (
        operator.itemgetter(1),
        operator.itemgetter(2),
        operator.itemgetter(1, 2),
        operator.attrgetter("a"),
        operator.methodcaller("a"),
        operator.methodcaller("a", 1),
        operator.methodcaller("a", x=1),
    ),
    "class": (int, 0, float, "int", type),
    "module": (json, os, "json"),
    "hook": (Keyed(1), Keyed(2), 1),
    "address": (
        ipaddress.ip_address("10.0.0.1"),
        ipaddress.ip_address("::1"),
        ipaddress.ip_network("10.0.0.1"),
        "10.0.0.1",
    ),
    "array": (array("d", [1.0]), array("f", [1.0]), array("d", [2.0]), [1.0]),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal(one: object, other: object) -> None:
    """Values that mean the same have the same bytes, however they were made."""
    assert encode(one) == encode(other)


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_different(values: tuple[object, ...]) -> None:
    """Values that a function can tell apart have different bytes, alone and in a list."""
    assert len({encode(value) for value in values}) == len(values)
    assert len({encode([value]) for value in values}) == len(values)


READ = "Pass a list of its items: reading it would use it up."
LIVE = "Make it inside the experiment, or leave the parameter out with ignore=."
SEED = "Pass a seed, and make the generator inside the experiment: its state changes in use."
OPEN = "Pass the path, or expcache.File(path) to identify the content."
OTHER = (
    "Make its class a dataclass, give it a method __expcache_key__, register an encoder with "
    "expcache.register, or leave the parameter out with ignore=."
)


class Awaitable:
    """Something to be awaited, as a coroutine is, without being one."""

    def __await__(self) -> Any:
        """Never be called."""
        raise NotImplementedError


class SecretStr:
    """Named as pydantic's."""


REFUSED: dict[str, tuple[object, str, str]] = {
    "generator": ((n for n in "ab"), "a generator", READ),
    "list iterator": (iter([]), "a list_iterator", READ),
    "map": (map(str, []), "a map", READ),
    "memory file": (io.StringIO(), "a StringIO", OPEN),
    "lock": (threading.Lock(), "a lock", LIVE),
    "reentrant lock": (threading.RLock(), "a RLock", LIVE),
    "event": (threading.Event(), "an Event", LIVE),
    "thread": (threading.Thread(), "a Thread", LIVE),
    "awaitable": (Awaitable(), "an Awaitable", "Await it first, and pass the result."),
    "weakref": (weakref.ref(Col), "a ReferenceType", "Pass what it refers to."),
    "ctypes": (ctypes.c_int(1), "a c_int", LIVE),
    "object": (object(), "an object", OTHER),
    "error": (ValueError(), "a ValueError", OTHER),
    "memoryview": (
        memoryview(b"a"),
        "a memoryview",
        "Pass its bytes: the buffer under it may change.",
    ),
    "random": (random.Random(1), "a Random", SEED),
    "secret": (
        SecretStr(),
        "a SecretStr",
        "Leave the parameter out with ignore=: parameters are stored as text.",
    ),
    "zone without key": (
        ZoneInfo.from_file(
            io.BytesIO(b"TZif" + bytes(16) + b"\0\0\0\0" * 4 + b"\0\0\0\1\0\0\0\1" + bytes(7)),
        ),
        "a ZoneInfo without key",
        "Make it with ZoneInfo(key), which names its rules.",
    ),
}


@pytest.mark.parametrize(("value", "noun", "remedy"), REFUSED.values(), ids=REFUSED)
def test_refused(value: object, noun: str, remedy: str) -> None:
    """What has no lasting content is refused, with its path and what to do instead."""
    with pytest.raises(IdentityError) as caught:
        encode({"model": [1, value]}, "params")
    where = "params['model'][1]"
    assert str(caught.value) == f"cannot identify {where}: {noun} has no canonical form. {remedy}"
    assert caught.value.path == where


def test_refused_file_and_socket(tmp_path: Path) -> None:
    """Open files and sockets are refused: they belong to the process."""
    with (tmp_path / "a").open("w") as file, pytest.raises(IdentityError, match="a TextIOWrapper"):
        encode(file)
    with socket.socket() as open_socket, pytest.raises(IdentityError, match="a socket has no"):
        encode(open_socket)


def test_refused_coroutine() -> None:
    """A coroutine is refused, and it stays unstarted."""

    async def wait() -> None:
        """Do nothing."""

    coroutine = wait()
    with pytest.raises(IdentityError, match=r"a coroutine has no canonical form\. Await it first"):
        encode(coroutine)
    coroutine.close()


def test_refused_method_of_refused() -> None:
    """A bound builtin method is identified with its owner, and refused with it."""
    with pytest.raises(IdentityError, match=r"identify value\.__self__: a Random has no"):
        encode(random.Random(1).random)


PATHS: dict[str, tuple[object, str]] = {
    "root": (object(), "value"),
    "dict of list": ({"k": [0, 0, object()]}, "value['k'][2]"),
    "field": ([Slotted([object()])], "value[0].x[0]"),
    "number as key": ({1: object()}, "value[1]"),
    "object as key": ({Keyed(1): object()}, "value[<Keyed>]"),
    "long key": ({"k" * 99: object()}, f"value['{'k' * 39}...]"),
    "the key itself": ({(1, iter([])): 1}, "value.keys()[1]"),
    "set": ([{(1, iter([]))}], "value[0]{...}[1]"),
    "partial": (partial(max, object()), "value.args[0]"),
    "hook": (Keyed([object()]), "value.<key>[0]"),
    "deque": (deque([1, object()]), "value[1]"),
    "namespace": (types.SimpleNamespace(a=object()), "value['a']"),
}


@pytest.mark.parametrize(("value", "where"), PATHS.values(), ids=PATHS)
def test_path(value: object, where: str) -> None:
    """The path of a refusal leads to the leaf."""
    with pytest.raises(IdentityError) as caught:
        encode(value)
    assert caught.value.path == where


def test_kind_of_a_refusal() -> None:
    """The error carries the type's name for programs."""
    with pytest.raises(IdentityError) as caught:
        encode([object()])
    assert caught.value.kind == "builtins:object"


def nested(depth: int) -> list[Any]:
    """Return lists in lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_depth() -> None:
    """Four hundred levels are written, one more is refused."""
    assert len(encode(nested(399))) == 9 * 400
    with pytest.raises(IdentityError, match=r"it is nested deeper than 400 levels\. Pass a flat"):
        encode(nested(400))


def test_depth_with_a_full_stack() -> None:
    """A caller deep in its own recursion still gets the same bytes, or the same refusal."""

    def dive(levels: int, value: object) -> bytes:
        return encode(value) if levels == 0 else dive(levels - 1, value)

    room = sys.getrecursionlimit() - len(list(iter_frames())) - 100
    assert dive(room, nested(300)) == encode(nested(300))
    with pytest.raises(IdentityError, match="nested deeper"):
        dive(room, nested(401))
    with pytest.raises(IdentityError, match="a generator"):
        dive(room, [nested(200), (n for n in "ab")])


def iter_frames() -> Any:
    """Yield the frames of the caller."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


def test_cycle() -> None:
    """A value that contains itself is refused where it closes, not by a RecursionError."""
    value: list[Any] = [1]
    value.append({"again": value})
    with pytest.raises(
        IdentityError, match=r"identify value\[1\]\['again'\]: it contains itself\."
    ):
        encode(value)


def test_packed_lists() -> None:
    """Long lists of one kind have the bytes that their items have one by one."""
    floats = [float(n) for n in range(40)]
    for items in (floats, [*floats, NAN], [*floats, 1e308, float("inf"), -float("inf")]):
        assert encode(items)[9:] == b"".join(map(encode, items))
    for ints in (list(range(-20, 20)), [*range(40), 2**63], [*range(40), True]):
        assert encode(ints)[9:] == b"".join(map(encode, ints))
        assert encode(tuple(ints))[9:] == encode(ints)[9:]


class Foreign:
    """A class of which expcache knows nothing."""

    def __init__(self, value: object) -> None:
        """Keep what identifies."""
        self.value = value


class ForeignChild(Foreign):
    """Inherits the registration."""


class ForeignOwn(Foreign):
    """Has a registration of its own."""


def test_register() -> None:
    """A registered type, and its subclasses, are identified by what the encoder returns."""
    expcache.register(Foreign, lambda value: value.value)
    expcache.register(ForeignOwn, lambda value: [value.value])
    values = [Foreign(1), Foreign(2), ForeignChild(1), ForeignOwn(1), 1]
    assert len({encode(value) for value in values}) == len(values)
    assert encode(Foreign(1)) == encode(Foreign(1))
    with pytest.raises(IdentityError, match=r"identify value\.<key>: an object has no"):
        encode(Foreign(object()))


def test_register_after_a_refusal() -> None:
    """Registering takes effect although the type was refused before."""

    class Late:
        """Registered late."""

    with pytest.raises(IdentityError, match="a test_register_after_a_refusal"):
        encode(Late())
    expcache.register(Late, lambda _value: 1)
    assert encode(Late()) == encode(Late())


@pytest.mark.parametrize("kind", [int, dict, list, object, Path, Decimal, types.FunctionType])
def test_register_builtin(kind: type) -> None:
    """A type that has a form already cannot be registered: stored ids would change."""
    message = f"cannot register {kind.__qualname__}: expcache has a form for it. Register a subcl"
    with pytest.raises(IdentityError, match=re.escape(message)):
        expcache.register(kind, repr)


def test_register_nonsense() -> None:
    """Arguments of the wrong kind are named."""
    nonsense: Any = 3
    with pytest.raises(IdentityError, match=r"cannot register 3: it is no type\. Pass the class"):
        expcache.register(nonsense, repr)
    with pytest.raises(IdentityError, match=r"register Foreign: 3 cannot be called\. Pass a func"):
        expcache.register(Foreign, nonsense)


def test_raising_hook() -> None:
    """An error of the user's own encoder becomes a refusal that names both."""

    class Broken:
        """Cannot say what it is."""

        def __expcache_key__(self) -> object:
            """Fail."""
            return 1 // 0

    match = r"value\[0\]: its method __expcache_key__ raised ZeroDivisionError: integer"
    with pytest.raises(IdentityError, match=match) as caught:
        encode([Broken()])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_unset_field() -> None:
    """A field that was never set is no error, and no value."""

    @dataclass
    class Lazy:
        """One field, set later."""

        x: int = field(init=False)

    empty, full = Lazy(), Lazy()
    full.x = 1
    assert encode(empty) == encode(Lazy()) != encode(full)


def test_flag_bits_without_name() -> None:
    """Bits of a flag that have no name count as well."""

    class Open(enum.Flag, boundary=enum.KEEP):
        """Keeps unknown bits."""

        A = 1

    assert len({encode(value) for value in (Open(1), Open(9), Open(8), Open(17))}) == 4


def test_enum_is_named_not_valued() -> None:
    """The name of a member counts, for its value may be corrected or shared."""

    def make(value: int) -> object:
        functional: Any = enum.Enum
        member: object = functional("Made", {"A": value}, module=__name__, qualname="Made").A
        return member

    assert encode(make(1)) == encode(make(2))


def test_type_names() -> None:
    """Types of a library are named in full, those of the project by their module's last part."""
    assert type_name(Decimal) == "decimal:Decimal"
    assert type_name(Point) == ".test_encode:Point"
    made = type("Model", (), {"__module__": "tests.sub.test_deep"})
    assert type_name(made) == type_name(type("Model", (), {"__module__": "test_deep"}))
    main = type("Model", (), {"__module__": "__main__"})
    file = getattr(sys.modules["__main__"], "__file__", None)
    assert type_name(main) == f".{Path(file).stem if file else '__main__'}:Model"


def test_type_name_of_a_script(tmp_path: Path) -> None:
    """A type has one identity in a script and in the import of the same file."""
    text = "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\n"
    show = "from expcache._encode import digest, encode\n"
    script = tmp_path / "study.py"
    script.write_text(f"{text}{show}print(digest(encode(A())))\n")
    (tmp_path / "again.py").write_text("import study\n")
    found = {run(["-P", str(tmp_path / name)], tmp_path) for name in ("study.py", "again.py")}
    assert len(found) == 1


def run(arguments: list[str], place: Path, seed: str = "0") -> str:
    """Return what a new interpreter prints."""
    source = str(Path(expcache.__file__).parents[1])
    path = os.pathsep.join([source, str(place), str(Path(__file__).parent)])
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(
        command, check=True, text=True, capture_output=True, env=environment
    ).stdout


def test_hash_seeds(tmp_path: Path) -> None:
    """The bytes do not depend on the seed of Python's own hashes."""
    program = (
        "from expcache._encode import digest, encode\n"
        "items = [{1, 'a', (2,)}, frozenset('abcdef'), {c: {c} for c in 'xyz'}, {'b', b'b', 1.5}]\n"
        "print(digest(encode(items)))"
    )
    assert len({run(["-c", program], tmp_path, seed) for seed in ("0", "1", "4242")}) == 1


def test_digest() -> None:
    """A digest is the 32 hex digits of the chunks taken together."""
    assert digest(b"ab", b"c") == digest(b"abc") == "06b05ab6733a618578af5f94892f3950"

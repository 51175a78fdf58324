"""The frozen digests: an id, once given, is found again by every later version.

The table maps an expression to the digest of its value. An entry may be added, never changed:
bytes that change need a new scheme number. Run this file as a script to add what is missing.
"""

from __future__ import annotations

import enum
import json
from collections import namedtuple
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from expcache._encode import SCHEME, digest, encode

GOLDEN = Path(__file__).parent / "golden" / "encode.json"
MODULES = (  # noqa: SIM905 - as below
    "collections datetime decimal fractions functools ipaddress json math operator pathlib re "
    "types uuid zoneinfo"
).split()


@dataclass
class Model:
    """A dataclass of the project."""

    width: int = 3
    rate: float = 0.1


class Colour(enum.Enum):
    """An enum of the project."""

    RED = 1


class Bits(enum.Flag):
    """A flag of the project."""

    A = 1
    B = 2


class Number(int):
    """A subclass of int."""


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - the untyped kind is what is frozen

EXPRESSIONS = """
None ... NotImplemented True False 0 1 -1 2**63 -2**63-1 10**5000
0.0 -0.0 1.5 float('nan') float('-inf') 1+2j complex(-0.0,float('nan'))
'' 'adam' '\\u00e9' '\\ud800' b'' b'ab' bytearray(b'ab')
[] () {} set() frozenset() [1,2] (1,2) [[1],[2]] {1,'a',(2,)} frozenset({1}) {'b':1,'a':{2:[3]}}
list(range(100)) [(n)/(7)for(n)in(range(100))] (True,1,1.0,'1')
collections.OrderedDict(b=1,a=2) collections.defaultdict(None,a=1) collections.Counter('abca')
collections.deque([1,2],3) collections.ChainMap({'a':1},{'b':2}) types.MappingProxyType({'a':1})
{'a':1}.keys() {'a':1}.values() {'a':1}.items() types.SimpleNamespace(a=1)
range(1,9,2) slice(1,None,2) Number(3) Pair(1,'b') Model() Model(rate=1e-3) Colour.RED Bits.A|Bits.B
decimal.Decimal('1.00') fractions.Fraction(1,3) uuid.UUID(int=7) re.compile('a+',re.I)
datetime.datetime(2024,2,29,12,30,1,5,fold=1) datetime.date(2024,2,29) datetime.timedelta(-1,2,3)
datetime.time(1,2,3,tzinfo=datetime.timezone.utc) zoneinfo.ZoneInfo('Europe/Berlin')
datetime.timezone(datetime.timedelta(hours=1),'CET') ipaddress.ip_address('10.0.0.1')
pathlib.PurePosixPath('a/b') pathlib.Path('a')/'b' pathlib.PureWindowsPath('a/b')
functools.partial(max,1,key=abs) max 'a'.upper operator.itemgetter(1) operator.methodcaller('a',x=1)
operator.add math json str.upper
""".split()  # noqa: SIM905 - a table, not a list of a hundred lines

ARRAYS = """
np.arange(6.0).reshape(2,3) np.arange(6.0).reshape(2,3).T np.arange(3,dtype='>i4') np.zeros((0,3))
np.array([np.nan,-np.nan,0.0,-0.0]) np.array(1.5) np.array(['a','bc']) np.array([b'a'])
np.array([1],'M8[s]') np.array([1],'m8[ns]') np.array([True]) np.array([1,'a',None],object)
np.array([(1,2.0)],[('a','i1'),('b','f8')]) np.zeros(2,[('a','i2',(2,))]) np.array([1+2j],'c8')
np.ma.masked_array([1.0,2.0],[False,True]) np.float64(1.5) np.float32(1.5) np.int64(3) np.int8(3)
np.bool_(True) np.str_('a') np.bytes_(b'a') np.datetime64(1,'s') np.dtype('f8') np.add
np.random.SeedSequence(3)
""".split()  # noqa: SIM905 - a table, not a list of a hundred lines

TABLES = """
pd.DataFrame({'a':[1,2],'b':[0.5,np.nan]},index=['x','y']) pd.Series([1,2],name='s')
pd.Index(['a','b'],name='n') pd.RangeIndex(3) pd.MultiIndex.from_tuples([('a',1),('b',2)])
pd.Categorical(['u','v','u']) pd.array([1,None],dtype='Int64') pd.NaT pd.NA pd.Timedelta(5)
pd.Timestamp(5,unit='ns').as_unit('ns') pd.Interval(0,1) pd.Series([True,None],dtype='boolean')
pd.array(['a',None],dtype='string')
""".split()  # noqa: SIM905 - a table, not a list of a hundred lines


def value_of(expression: str) -> object:
    """Return the value of an expression of the table."""
    names = globals() | {name: import_module(name) for name in MODULES}
    if expression in ARRAYS + TABLES:
        names["np"] = pytest.importorskip("numpy")
    if expression in TABLES:
        names["pd"] = pytest.importorskip("pandas")
    return eval(expression, names)


@pytest.mark.parametrize("expression", EXPRESSIONS + ARRAYS + TABLES)
def test_frozen(expression: str) -> None:
    """Each value has the digest that it had when it was first frozen, on every Python."""
    frozen = json.loads(GOLDEN.read_text("utf-8"))
    assert digest(encode(value_of(expression))) == frozen["digests"][expression]


def test_table() -> None:
    """The table is of this scheme, and holds nothing that is not checked."""
    frozen = json.loads(GOLDEN.read_text("utf-8"))
    assert frozen["scheme"] == SCHEME
    assert set(frozen["digests"]) == {*EXPRESSIONS, *ARRAYS, *TABLES}


def freeze() -> None:
    """Add the digests that the table lacks; change none."""
    held = json.loads(GOLDEN.read_text("utf-8"))["digests"] if GOLDEN.exists() else {}
    digests = {
        expression: held.get(expression) or digest(encode(value_of(expression)))
        for expression in EXPRESSIONS + ARRAYS + TABLES
    }
    table = {"scheme": SCHEME, "digests": digests}
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(table, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    freeze()

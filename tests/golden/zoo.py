"""Functions of every shape, whose fingerprints `code.json` freezes; run it to print them."""

# ruff: noqa: ANN, ARG, B, C, D, E, F, FBT, N, PERF, PLR, PLW, RET, RUF, S, SIM, T, TRY, UP, ICN
# mypy: ignore-errors

import functools
import math as m
from dataclasses import dataclass, field
from functools import partial

SCALE = 3
TABLE = {"a": 1.5, "b": (2, None)}
memo = {}


def helper(x):
    return x * SCALE


def repeated(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return [function(*args) for _ in range(times)]

        return wrapper

    return decorate


class Base:
    rate = 2

    def scaled(self, x):
        return helper(x) * self.rate


@dataclass
class Model(Base):
    depth: int = 3
    names: list = field(default_factory=list)

    def fit(self, x):
        return self.scaled(x) + self.depth

    def unused(self):
        return 0


def formatted(x, width):
    return f"a{x!r:>{width}}b" f"{x:}" f"{x=}" "c"


def matched(x):
    match x:
        case [1, *rest] if rest:
            return rest
        case {"k": v, **more}:
            return v, more
        case Base(rate=2) | None:
            return None
        case True:
            return 1
        case _:
            pass


def walrus(xs):
    return [y for x in xs if (y := x + 1)]


def nested(xss):
    return {x: [y for y in xs for _ in "ab"] for x, xs in enumerate(xss)}


def guarded(x):
    try:
        x = 1 / x
    except (ZeroDivisionError, TypeError) as error:
        return repr(error)
    else:
        return x
    finally:
        memo[x] = 1


def managed(a, b):
    with (open(a) as first, open(b) as second):
        return first, second


async def waiting(xs):
    async for x in xs:
        yield await x


def positional(a, b=SCALE, /, c=1e-1, *, d=None, e=m.pi):
    return a, b, c, d, e


def closed(n):
    def inner(x):
        return x + n

    return inner


def recursive(n):
    return n and recursive(n - 1)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def local_class(x):
    class Local(Base):
        z: int = 1

    return Local().scaled(x)


def annotated(x: "int", *args: str) -> "list[int]":
    """Say something."""
    y: int = x
    z: int
    assert y, f"{y}"
    return [y, *args]


@repeated(2)
def decorated(x):
    return helper(x)


def looked_up(x):
    return TABLE["a"] * m.sqrt(x)


def unpacked(*args, **kwargs):
    return {**kwargs, "a": {*args}, b"x": (1j, ..., 10**20, -0.0)}


inner_three = closed(3)
first, second = (lambda x: x + 1), (lambda x: x + 2)
partly = partial(helper, 4)


def through_partial():
    return partly()


def sliced(xs, i):
    global SCALE
    del xs[i:, ::2]
    xs[0] @= i if i else not i
    return xs


FUNCTIONS = {
    **{one.__name__: one for one in (formatted, matched, walrus, nested, guarded, managed)},
    **{one.__name__: one for one in (waiting, positional, closed, recursive, even, odd)},
    **{one.__name__: one for one in (local_class, annotated, decorated, looked_up, unpacked)},
    **{one.__name__: one for one in (through_partial, sliced)},
    "closure": inner_three,
    "lambda 1": first,
    "lambda 2": second,
    "method": Model.fit,
    "class": Model,
}


def fingerprints():
    from expcache._code import Tracker

    return {name: Tracker(one).current().digest for name, one in FUNCTIONS.items()}


if __name__ == "__main__":
    import json

    print(json.dumps(fingerprints(), indent=1))

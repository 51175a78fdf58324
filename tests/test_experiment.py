"""An experiment computes a run once, and gives the stored result for ever after."""

from __future__ import annotations

import asyncio
import copy
import enum
import importlib.util
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from expcache import File, Store, errors, experiment, grid, load, use

pytestmark = pytest.mark.usefixtures("isolated")


class Unpicklable:
    """A result that no codec takes: it holds a lock."""

    def __init__(self) -> None:
        """Take a lock along."""
        self.lock = threading.Lock()


def test_a_call_is_computed_once() -> None:
    """Equal calls, however they are spelt, are computed once and give equal results."""
    calls = []

    @experiment
    def fit(C: float, folds: int = 5) -> dict[str, float]:  # noqa: N803
        calls.append(C)
        return {"C": C, "folds": folds}

    results = [fit(1.0), fit(C=1.0), fit(1.0, 5), fit(folds=5, C=1.0)]
    assert results == [{"C": 1.0, "folds": 5}] * 4
    assert calls == [1.0]
    assert fit.id(1.0) == fit.id(C=1.0, folds=5)


def test_other_values_and_other_types_are_other_runs() -> None:
    """1, 1.0, True and '1' are four runs."""
    calls = []

    @experiment
    def kind(x: Any) -> str:
        calls.append(x)
        return type(x).__name__

    assert [kind(x) for x in (1, 1.0, True, "1")] == ["int", "float", "bool", "str"]
    assert len(calls) == 4
    assert len({kind.id(x) for x in (1, 1.0, True, "1")}) == 4


def test_none_is_a_result() -> None:
    """A function that returns nothing is not computed again."""
    calls = []

    @experiment
    def nothing(x: int) -> None:
        calls.append(x)

    assert nothing(1) is None
    assert nothing(1) is None
    assert calls == [1]


def test_a_hit_gives_a_fresh_object() -> None:
    """Changing a result in place does not change what is stored."""

    @experiment
    def numbers(n: int) -> list[int]:
        return list(range(n))

    numbers(3)
    numbers(3).append(99)
    assert numbers(3) == [0, 1, 2]


def test_parameters_reach_the_function_as_they_are() -> None:
    """None, NaN, truth values and instances arrive unchanged."""
    got: list[Any] = []
    token = frozenset({1})

    @experiment
    def look(a: Any, b: Any, c: Any, d: Any) -> int:
        got.extend((a, b, c, d))
        return 0

    look(None, float("nan"), False, token)  # noqa: FBT003
    assert got[0] is None
    assert got[1] != got[1]
    assert got[2] is False
    assert got[3] is token


def test_a_failure_is_raised_stored_and_tried_again() -> None:
    """A call that fails raises its own exception each time, and each attempt is recorded."""
    calls = []

    @experiment
    def fails(x: int) -> float:
        calls.append(x)
        return 1 / x

    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            fails(0)
    assert calls == [0, 0]
    run = fails.find(0)
    assert run is not None
    assert run.status == "failed"
    assert run.error is not None
    assert str(run.error) == "ZeroDivisionError: division by zero"
    assert [attempt["attempt"] for attempt in run.attempts] == [1, 2]
    assert "return 1 / x" in run.error.traceback
    assert "_outcome.py" not in run.error.traceback


def test_a_failed_run_has_no_result() -> None:
    """The result of a failed run is an error that carries the traceback."""

    @experiment
    def fails(x: int) -> float:
        return 1 / x

    remedies: list[str] = []
    run = fails.run(0)
    assert run.status == "failed"
    with pytest.raises(errors.RunFailedError) as caught:
        _ = run.result
    assert str(caught.value).startswith(
        f"cannot give the result of {fails.name}(x=0): it failed with ZeroDivisionError:"
        f" division by zero (run {run.id[:8]}). To try again: run.compute()."
    )
    assert "return 1 / x" in caught.value.traceback
    for act in (lambda: run.compute(failed="raise"), load(run.id).read):
        with pytest.raises(errors.RunFailedError) as caught:
            act()
        remedies.append(str(caught.value).partition("). ")[2].partition("\n")[0])
    assert remedies == [
        "failed='retry' tries it again.",
        f"To try again, compute it with the code of {fails.name!r}.",
    ]


def test_one_dependency_needs_no_list() -> None:
    """What is named alone is one thing, a word too, and counts as in a list."""

    def made(depends: object) -> Any:
        @experiment(name="made", depends=depends)
        def made(x: int) -> int:
            return x

        return made

    for one in ("pytest", b"data", 5, File, errors, made):
        assert made(one).code == made([one]).code == made((one,)).code != made(()).code
    assert made(iter(["pytest"])).code == made("pytest").code
    with pytest.raises(errors.CodeError, match="cannot follow 'no-such-thing'"):
        made("no-such-thing")


def test_a_sweep_that_failed_before_is_refused_as_a_whole() -> None:
    """With ``failed="raise"`` nothing is computed, and the error says so, and how to go on."""
    calls: list[int] = []

    @experiment(code="ignore")
    def fails(x: int) -> float:
        calls.append(x)
        return 1 / x

    sweep = fails.sweep([{"x": 0}, {"x": 1}], name="swept")
    sweep[0].compute()
    with pytest.raises(errors.RunFailedError) as caught:
        sweep.run(failed="raise")
    assert str(caught.value).startswith(
        f"cannot run 'swept': 1 of 2 points failed before, such as {fails.name}(x=0) with "
        f"ZeroDivisionError: division by zero (run {sweep.ids[0][:8]}). Nothing was computed: "
        "failed='retry' tries again, failed='keep' leaves them failed.\n\nTraceback"
    )
    assert calls == [0]


def test_a_failed_run_that_succeeds_later_is_done() -> None:
    """A later success is the result, and tells of the failures before it."""
    broken = [True]

    @experiment(code="ignore")
    def flaky(x: int) -> int:
        if broken:
            raise OSError("no network")
        return x

    assert flaky.run(1).status == "failed"
    broken.clear()
    run = flaky.run(1)
    assert (run.status, run.result, run.cached) == ("done", 1, False)
    assert [a["outcome"] for a in run.attempts] == ["failed", "done"]
    assert flaky.run(1).cached


@pytest.mark.parametrize("leave", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_outcome(leave: type[BaseException]) -> None:
    """Nothing is stored of a run that was interrupted."""

    @experiment
    def interrupted(x: int) -> None:
        raise leave

    with pytest.raises(leave):
        interrupted(1)
    assert interrupted.find(1) is None


def test_find_never_computes() -> None:
    """Looking a run up computes nothing."""
    calls = []

    @experiment
    def fit(x: int) -> int:
        calls.append(x)
        return x

    assert fit.find(1) is None
    assert calls == []


def test_runs_are_all_that_is_stored_of_an_experiment() -> None:
    """`runs` lists every stored run with its params, failures included."""

    @experiment
    def invert(x: int) -> float:
        return 1 / x

    for x in (1, 2, 0):
        invert.run(x)
    assert {(r.params["x"], r.status) for r in invert.runs()} == {
        (1, "done"),
        (2, "done"),
        (0, "failed"),
    }


def test_a_run_tells_where_it_came_from() -> None:
    """A stored run knows its params, times, host, output, tags and environment."""

    @experiment(tags=["draft"])
    def talk(x: int, y: int = 2) -> int:
        print("working on", x)  # noqa: T201
        return x + y

    talk(1)
    run = talk.find(1)
    assert run is not None
    assert run.params == {"x": 1, "y": 2}
    assert run.output == "working on 1\n"
    assert run.tags == ("draft",)
    assert run.runtime is not None
    assert run.runtime >= 0
    assert run.started is not None
    assert run.finished is not None
    assert run.started <= run.finished
    assert run.started.utcoffset() is not None
    assert run.host
    assert "xxhash" in run.environment["packages"]
    assert run.code == talk.code
    assert len(run.code or "") == len(run.id) == 32
    assert repr(run) == f"<Run {run.id[:8]} {talk.name}(x=1, y=2) done>"


def test_output_is_shown_as_well_as_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """What a run prints still reaches the terminal."""

    @experiment
    def talk() -> None:
        print("hello")  # noqa: T201

    talk()
    assert capsys.readouterr().out == "hello\n"


def test_ignored_parameters_do_not_make_another_run() -> None:
    """A parameter in `ignore` is recorded but does not change the id."""
    calls = []

    @experiment(ignore=["n_jobs"])
    def fit(x: int, n_jobs: int = 1) -> int:
        calls.append(n_jobs)
        return x

    assert fit(1, n_jobs=4) == fit(1, n_jobs=8) == 1
    assert calls == [4]
    run = fit.find(1)
    assert run is not None
    run = fit.runs()[0]
    assert run.params == {"x": 1, "n_jobs": 4}


def test_an_ignored_parameter_needs_no_identity() -> None:
    """Even a lock can be passed for an ignored parameter."""

    @experiment(ignore="lock")
    def fit(x: int, lock: Any) -> int:
        return x

    assert fit(1, threading.Lock()) == fit(1, threading.Lock())


def test_ignoring_an_unknown_parameter_is_refused() -> None:
    """A misspelt name in `ignore` is an error."""
    with pytest.raises(errors.ParameterError, match=r"cannot ignore 'jobs': .* no such parameter"):

        @experiment(ignore=["jobs"])
        def fit(x: int) -> int:
            return x


def test_key_replaces_the_hashed_params() -> None:
    """Calls with equal `key` mappings are one run."""
    calls = []

    def by_length(words: list[str]) -> dict[str, int]:
        return {"n": len(words)}

    @experiment(key=by_length)
    def count(words: list[str], verbose: bool = False) -> int:  # noqa: FBT001, FBT002
        calls.append(words)
        return len(words)

    assert count(["a", "b"]) == count(["c", "d"], verbose=True) == 2
    assert len(calls) == 1


def test_a_version_replaces_the_code() -> None:
    """With `version=`, other code of the same version is a hit, and another version a miss."""

    def make(version: str, value: int) -> Callable[[int], int]:
        @experiment(name="fit", version=version)
        def fit(x: int) -> int:
            return x + value

        return fit

    assert make("1", 10)(1) == 11
    assert make("1", 20)(1) == 11
    assert make("2", 20)(1) == 21
    assert make("1", 30)(1) == 11


def test_a_changed_default_is_never_served_the_old_result() -> None:
    """Even with `version=`, a call that leaves a parameter at a changed default is computed."""

    @experiment(name="fit", version="1")
    def before(x: int, y: int = 2) -> int:
        return x * y

    @experiment(name="fit", version="1")
    def after(x: int, y: int = 3) -> int:
        return x * y

    assert (before(5), after(5), before(5)) == (10, 15, 10)
    assert after(5, 2) == 10


def test_a_new_parameter_with_a_default_keeps_the_results_of_a_version() -> None:
    """With `version=`, adding a parameter with a default computes nothing again."""
    calls = []

    @experiment(name="fit", version="1")
    def before(x: int) -> int:
        calls.append("before")
        return x

    @experiment(name="fit", version="1")
    def after(x: int, scale: int = 1) -> int:
        calls.append("after")
        return x * scale

    before(5)
    assert after(5) == 5
    assert after.sweep(grid(x=[5, 6])).status()["done"] == 1
    assert calls == ["before"]
    assert before.id(5) == after.id(5)


def test_depends_adds_to_declared_code_too(tmp_path: Path) -> None:
    """With `version=` or `code="ignore"`, a changed dependency is still a miss."""
    calls = []
    table = tmp_path / "table.txt"

    def helper() -> int:
        return 1

    def other() -> int:
        return 2

    def make(function: Callable[[], int], **options: Any) -> Any:
        @experiment(name="read", depends=[function, File(table)], **options)
        def read(x: int) -> int:
            calls.append(x)
            return x

        return read

    for options in ({"version": "1"}, {"code": "ignore"}):
        calls.clear()
        table.write_text("one", encoding="utf-8")
        make(helper, **options)(1)
        make(helper, **options)(1)
        assert calls == [1]
        make(other, **options)(1)
        assert calls == [1, 1]
        read = make(helper, **options)
        table.write_text("another", encoding="utf-8")
        read(1)
        assert calls == [1, 1, 1]
        table.write_text("one", encoding="utf-8")
        read(1)
        assert calls == [1, 1, 1]


def test_a_file_parameter_is_its_content(tmp_path: Path) -> None:
    """Equal content at another path is the same run, changed content another."""
    calls = []

    @experiment
    def size(data: File) -> int:
        calls.append(data)
        return Path(data).stat().st_size

    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("abc", encoding="utf-8")
    two.write_text("abc", encoding="utf-8")
    assert size(File(one)) == size(File(two)) == 3
    one.write_text("abcd", encoding="utf-8")
    assert size(File(one)) == 4
    assert len(calls) == 2
    assert size.runs()[0].params["data"]
    with pytest.raises(errors.IdentityError) as caught:
        size(File(tmp_path / "three"))
    assert str(caught.value) == (
        "cannot identify params['data']: cannot identify the content of"
        f" {str(tmp_path / 'three')!r}: No such file or directory. Check the path."
    )


def test_unsaved_experiments_leave_nothing_on_disk(isolated: Store) -> None:
    """`save=False` remembers within the process and writes nothing."""
    calls = []

    @experiment(save=False)
    def fit(x: int) -> int:
        calls.append(x)
        return x

    assert fit(1) == fit(1) == 1
    assert calls == [1]
    assert isolated.experiments() == []


def test_a_result_that_cannot_be_stored_is_returned_with_a_warning(isolated: Store) -> None:
    """The caller gets the result, a warning says why it is not kept, nothing half-written stays."""

    @experiment
    def make(x: int) -> Unpicklable:
        return Unpicklable()

    with pytest.warns(errors.RecordWarning, match="cannot keep the result of run") as caught:
        assert isinstance(make(1), Unpicklable)
    assert caught[0].filename == __file__
    assert make.find(1) is None
    report = isolated.verify()
    assert report.sound
    assert not report.orphans


def test_a_run_that_cannot_be_stored_holds_its_result() -> None:
    """The handle of a run that no store keeps still has the result."""

    @experiment
    def make(x: int) -> Unpicklable:
        return Unpicklable()

    with pytest.warns(errors.RecordWarning):
        run = make.run(1)
    assert isinstance(run.result, Unpicklable)


def test_a_generator_as_result_is_refused() -> None:
    """A generator would be empty for the second reader, so it is an error with a hint."""

    @experiment
    def squares(n: int) -> Iterator[int]:
        return (i * i for i in range(n))

    with pytest.raises(errors.ResultError) as caught:
        squares(3)
    assert str(caught.value) == (
        f"cannot keep the result of {squares.name!r}: a generator can be read only once."
        " Return list(...) of it."
    )


def test_a_generator_function_is_refused_when_decorating() -> None:
    """A function that yields cannot become an experiment."""

    def squares(n: int) -> Iterator[int]:
        yield from range(n)

    with pytest.raises(
        errors.CodeError, match=r"a generator can be read only once\. Return a list"
    ):
        experiment(squares)


def test_a_lambda_is_refused_unless_it_is_named() -> None:
    """A lambda has no name for its runs; with `name=` it is an experiment."""
    with pytest.raises(errors.CodeError) as caught:
        experiment(lambda x: x)
    assert str(caught.value) == (
        "cannot make an experiment of a lambda: its runs would have no name."
        " Use def, or give a name=."
    )
    double = experiment(name="double")(lambda x: 2 * x)
    assert double(2) == 4


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3, r"cannot make an experiment of 3: it is not callable\. Decorate a function\."),
        (int, r"it is a class\. Decorate a method of it\."),
        (staticmethod(len), r"it is a staticmethod\. Put @staticmethod above @experiment\."),
    ],
)
def test_what_is_no_function_is_refused(thing: Any, message: str) -> None:
    """Only functions become experiments."""
    with pytest.raises(errors.CodeError, match=message):
        experiment(thing)


def test_code_takes_only_its_own_words() -> None:
    """A misspelt policy is an error."""
    with pytest.raises(ValueError, match="cannot make an experiment with code='ignored'"):
        experiment(code="ignored")  # type: ignore[call-overload]


class Loss(enum.Enum):
    """A parameter by name."""

    L1 = 1
    L2 = 2


@dataclass
class Model:
    """A model whose fields are parameters of its methods."""

    depth: int
    loss: Loss = Loss.L1

    @experiment
    def fit(self, rate: float) -> tuple[int, str, float]:
        """Return what was asked for."""
        return self.depth, self.loss.name, rate


def test_a_method_of_a_dataclass_has_its_instance_as_a_parameter() -> None:
    """Equal instances share runs, others do not, and sweeps work on a bound method."""
    assert Model(3).fit(0.1) == (3, "L1", 0.1)
    assert Model(3).fit.id(0.1) == Model(3).fit.id(rate=0.1)
    assert Model(3).fit.id(0.1) != Model(4).fit.id(0.1)
    assert Model(3).fit.id(0.1) != Model(3, Loss.L2).fit.id(0.1)
    runs = Model(3).fit.sweep(grid(rate=[0.1, 0.2])).run()
    assert [run.cached for run in runs] == [True, False]
    assert Model.fit.name.endswith("Model.fit")


CLASSES = """
import dataclasses, enum

@dataclasses.dataclass(frozen=True)
class Scale:
    x: int

    def apply(self):
        return self.x * FACTOR

class Unit(enum.Enum):
    METRE = FACTOR
"""


def test_the_class_of_a_parameter_is_part_of_the_code(tmp_path: Path) -> None:
    """An edited method of a dataclass, or an edited value of an enum, that is passed is a miss."""
    calls = []

    def load_classes(factor: int) -> Any:
        path = tmp_path / str(factor) / "units.py"
        path.parent.mkdir()
        path.write_text(CLASSES.replace("FACTOR", str(factor)), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("units", path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules["units"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @experiment(name="measure")
    def measure(thing: Any) -> int:
        calls.append(thing)
        return int(thing.value if isinstance(thing, enum.Enum) else thing.apply())

    try:
        old = load_classes(10)
        assert (measure(old.Scale(3)), measure(old.Unit.METRE)) == (30, 10)
        ids = measure.id(old.Scale(3)), measure.id(old.Unit.METRE)
        new = load_classes(20)
        assert (measure.id(new.Scale(3)), measure.id(new.Unit.METRE)) == ids
        sweep = measure.sweep([{"thing": new.Scale(3)}, {"thing": new.Unit.METRE}])
        assert sweep.plan().statuses == ["stale", "stale"]
        assert sweep.run().results == [60, 20]
        assert sweep.plan().statuses == ["done", "done"]
        assert [run.cached for run in sweep.run()] == [True, True]
        assert len(calls) == 4
    finally:
        del sys.modules["units"]


def test_an_override_in_a_subclass_is_part_of_the_code() -> None:
    """A method experiment of a subclass depends on what the subclass overrides."""

    def make(factor: int) -> Any:
        @dataclass
        class Deep(Model):
            def scale(self) -> int:
                return factor

        return Deep(3)

    assert make(1).fit.code != make(2).fit.code
    assert make(1).fit.code == make(1).fit.code
    assert Model(3).fit.code == Model(4).fit.code


def test_a_coroutine_function_is_awaited_by_the_callers_loop() -> None:
    """An async experiment is awaited, stored, and awaited without computing the second time."""
    calls = []

    @experiment
    async def fetch(x: int) -> int:
        await asyncio.sleep(0)
        calls.append(x)
        return 2 * x

    async def main() -> list[int]:
        return [await fetch(1), await fetch(1), await fetch(2)]

    assert asyncio.run(main()) == [2, 2, 4]
    assert calls == [1, 2]
    assert [run.result for run in fetch.sweep(grid(x=[1, 2, 3])).run()] == [2, 4, 6]


def test_a_failing_coroutine_raises_its_own_exception() -> None:
    """The exception of an async experiment reaches whoever awaits it."""

    @experiment
    async def fails(x: int) -> float:
        return 1 / x

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fails(0))


def test_experiments_can_call_experiments() -> None:
    """A helper that is an experiment is cached on its own, and its code counts."""
    calls = []

    @experiment
    def inner(x: int) -> int:
        calls.append("inner")
        return x + 1

    @experiment
    def outer(x: int) -> int:
        calls.append("outer")
        return inner(x) * 10

    assert outer(1) == 20
    assert inner(1) == 2
    assert calls == ["outer", "inner"]


def test_changing_an_argument_in_place_is_noticed() -> None:
    """An experiment that sorts its argument is warned of, since others share the value."""

    @experiment
    def smallest(values: list[int]) -> int:
        values.sort()
        return values[0]

    with pytest.warns(errors.RecordWarning, match="changed one of them in place. Let it work on"):
        smallest([3, 1, 2])


def test_stores_are_apart(tmp_path: Any) -> None:
    """A result is known to the store that was in use, and to no other."""
    calls = []

    @experiment
    def fit(x: int) -> int:
        calls.append(x)
        return x

    fit(1)
    with use(tmp_path / "other"):
        fit(1)
    fit(1)
    assert calls == [1, 1]


@experiment(name="cube", version="1")
def cube(x: int, self: int = 0) -> int:
    """Return the third power."""
    return x**3 + self


def test_a_parameter_may_be_called_self() -> None:
    """Any name that a function takes can be given by name."""
    assert cube(2, self=1) == cube.run(2, self=1).result == 9
    runs = cube.sweep(grid(x=[2], self=[1, 2])).run()
    assert runs.where(self=2).results == [10]
    assert cube.sweep(grid(x=[2], self=[1, 2])).where(self=1)[0].result == 9


def test_experiments_and_runs_can_be_pickled() -> None:
    """An experiment pickles by its name, a run as what is stored of it."""
    assert pickle.loads(pickle.dumps(cube)) is cube
    assert copy.deepcopy(cube) is cube
    run = pickle.loads(pickle.dumps(cube.run(3)))
    assert (run.id, run.result, run.status) == (cube.id(3), 27, "done")
    runs = pickle.loads(pickle.dumps(cube.sweep(grid(x=[1, 2])).run()))
    assert runs.results == [1, 8]
    model = Model(3)
    assert pickle.loads(pickle.dumps(model.fit)).id(0.1) == model.fit.id(0.1)


def test_a_memoryview_as_result_is_returned_but_not_kept() -> None:
    """What would come back as something else is not stored."""

    @experiment
    def view() -> memoryview:
        return memoryview(b"abc")

    with pytest.warns(errors.RecordWarning, match=r"a memoryview belongs to this process"):
        assert bytes(view()) == b"abc"
    assert view.find() is None


def test_an_experiment_keeps_the_face_of_its_function() -> None:
    """Name, docstring, module and the plain function are still there."""

    @experiment
    def fit(x: int) -> int:
        """Fit it."""
        return x

    assert fit.__name__ == "fit"
    assert fit.__doc__ == "Fit it."
    assert fit.__module__ == __name__
    assert fit.__wrapped__(3) == 3
    assert repr(fit) == f"<Experiment {fit.name}>"

"""The stored results of two codes, side by side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from expcache import Store, Sweep, errors, experiment, grid
from expcache._acceptance import Move, Row, compose
from expcache._audit import CodeRuns

pytestmark = pytest.mark.usefixtures("isolated")


def made(factor: int, **options: Any) -> Any:
    """Return an experiment whose code depends on a factor, but whose ids do not."""

    @experiment(name="made", **options)
    def made(x: int) -> dict[str, Any]:
        return {"sign": x > 0, "value": x * factor}

    return made


def swept(fit: Any, *xs: int) -> Sweep[Any]:
    """Return a sweep over some points."""
    sweep: Sweep[Any] = fit.sweep(grid(x=xs), name="swept")
    return sweep


def test_two_codes_side_by_side() -> None:
    """Points that both codes have are compared, those that one lacks are counted."""
    old, new = made(1), made(2)
    swept(old, 0, 1, 2).run()
    swept(new, 2, 1, 0, 3).run()
    found = swept(new, 0, 1, 2, 3, 4).compare(old.code[:8])
    assert not found.same
    assert not found
    assert str(found).splitlines() == [
        (
            f"swept: {old.code[:12]} -> {new.code[:12]}: 3 points compared, 2 differ;"
            " 1 only new, 1 neither"
        ),
        "  x=1: result['value']: 1 -> 2 (difference 1, relative 1)",
        "  x=2: result['value']: 2 -> 4 (difference 2, relative 1)",
    ]
    assert repr(found).startswith("<Contrast of swept: ")
    assert [(pair.old.result["value"], pair.new.result["value"]) for pair in found.rows] == [
        (0, 0),
        (1, 2),
        (2, 4),
    ]
    assert [pair.same for pair in found.rows] == [True, False, False]
    assert [pair.index for pair in found.differences] == [1, 2]
    assert found.rows[1].old.code == old.code
    assert found.rows[1].comparison.differences[0].new == 2
    assert (found.only_old, found.only_new, found.neither) == (0, 1, 1)


def test_any_two_codes() -> None:
    """Both codes can be named, in either direction; with a tolerance they can be the same."""
    old, new, present = made(100), made(101), made(102)
    swept(old, 1, 2).run()
    swept(new, 1).run()
    sweep = swept(present, 1, 2)
    found = sweep.compare(new.code, old.code[:10])
    assert [str(pair.texts[0]) for pair in found.rows] == [
        "result['value']: 101 -> 100 (difference 1, relative 0.0099)"
    ]
    assert (found.only_old, found.only_new) == (0, 1)
    assert sweep.compare(new.code, old.code, rtol=0.01)
    assert str(sweep.compare(new.code, old.code, atol=1)) == (
        f"swept: {new.code[:12]} -> {old.code[:12]}: 1 point compared, none differ; 1 only new"
    )


def test_nothing_to_compare_is_not_the_same() -> None:
    """Codes without a common point are not taken for equal ones."""
    old, new = made(1), made(1, version="2")
    swept(old, 1).run()
    found = swept(made(2), 1, 2).compare(old.code)
    assert not found
    assert str(found).endswith("0 points compared; 1 only old, 1 neither")
    assert new.code != old.code


def test_a_code_that_has_no_results() -> None:
    """An unknown code is refused with those that are known, an ambiguous one with its meanings."""
    codes = [made(factor).code for factor in range(20)]
    for factor in range(20):
        swept(made(factor), 1).run()
    sweep = swept(made(0), 1)
    with pytest.raises(errors.UnknownIdError) as told:
        sweep.compare("xyz")
    assert str(told.value) == (
        "cannot compare with code 'xyz': no result of 'made' has it. Give one of "
        + ", ".join(code[:12] for code in codes)
        + "."
    )
    digits = [code[0] for code in codes]
    digit = next(one for one in digits if digits.count(one) > 1)
    with pytest.raises(errors.AmbiguousIdError, match="codes begin with it: ") as unsure:
        sweep.compare(digit)
    assert unsure.value.candidates == tuple(code for code in codes if code[0] == digit)
    with pytest.raises(errors.UnknownIdError, match="Nothing is stored: run it first"):
        experiment(name="other")(lambda x: x).sweep([{"x": 1}]).compare("a")


def test_a_result_is_never_compared_with_itself() -> None:
    """The results of a code are those that it computed; accepted ones are only counted."""
    old, new = made(1), made(2)
    swept(old, 1, 2, 3).run()
    sweep = swept(new, 1, 2, 3, 4)
    new.accept()
    for other in (None, new.code):
        found = sweep.compare(old.code, other)
        assert not found.same
        assert str(found) == (
            f"swept: {old.code[:12]} -> {new.code[:12]}: 0 points compared;"
            f" 1 neither, 3 accepted from {old.code[:12]}"
        )
        assert (found.rows, found.accepted, found.only_old) == ((), 3, 0)
    sweep[1].compute(refresh=True)
    found = sweep.compare(old.code)
    assert [pair.texts for pair in found.rows] == [
        ["result['value']: 2 -> 4 (difference 2, relative 1)"]
    ]
    assert (found.accepted, found.neither) == (2, 1)


def test_accepted_results_of_two_codes_are_counted_by_code(isolated: Store) -> None:
    """The text tells of which codes the results are that only stand for the code asked for."""
    first, second, present = made(1), made(2), made(3)
    swept(first, 1, 2).run()
    swept(second, 1, 2).run()
    for x, fit in (1, first), (2, second):
        identity = present._definition.key.identify({"x": x})
        move = Move(identity.id, fit.code, present.code, identity.preimage)
        row = Row("made", "me", "here", f"2024-01-0{x}T00:00:00+00:00", "", (move,))
        key, envelope = compose(row)
        isolated.put_once("made", key, envelope).wait()
    found = swept(present, 1, 2).compare(first.code, present.code)
    codes = f"1 accepted from {first.code[:12]}, 1 accepted from {second.code[:12]}"
    assert str(found).endswith(f"0 points compared; {codes}")


def test_a_code_is_not_compared_with_itself() -> None:
    """Whatever the digits, one code on both sides is an error, as it would show nothing."""
    old, new = made(1), made(2)
    swept(old, 1).run()
    swept(new, 1).run()
    for pair in (old.code, old.code[:8]), (new.code,), (new.code, new.code[:9]):
        code = pair[0][:12]
        with pytest.raises(errors.QueryError) as told:
            swept(new, 1).compare(*pair)
        assert str(told.value) == (
            f"cannot compare code {code} with itself: every result would be its own. "
            "Give two codes; codes() lists those that have results."
        )


def test_the_latest_other_code_is_the_old_one() -> None:
    """Without an argument, the present code is compared with the latest other one."""
    first, second, third = made(1), made(2), made(3)
    for fit in first, second, third:
        swept(fit, 1).run()
    assert str(swept(first, 1).compare()).startswith(
        f"swept: {third.code[:12]} -> {first.code[:12]}: 1 point compared, 1 differs"
    )
    swept(first, 1).run(refresh=True)
    assert swept(third, 1).compare().rows[0].old.code == first.code
    assert swept(third, 1).compare(new=second.code).rows[0].old.code == first.code
    swept(second, 7).run()
    assert swept(third, 1).compare().rows[0].old.code == first.code


def test_there_is_no_other_code() -> None:
    """What has results of one code only cannot be compared, and the error says so."""
    fit = made(1)
    swept(fit, 1).run()
    with pytest.raises(errors.UnknownIdError) as told:
        swept(fit, 1).compare()
    assert str(told.value) == (
        f"cannot compare the codes of 'swept': no point has a result of another code than "
        f"{fit.code[:12]}. Results stay when the code is edited: compute the points then."
    )


def test_a_table_of_two_codes() -> None:
    """The table has a row for each point that both codes have: old, new and the difference."""
    pytest.importorskip("pandas")
    old, new = made(1), made(2)
    swept(old, 0, 1).run()
    swept(new, 0, 1).run()
    frame = swept(new, 0, 1).compare(old.code).to_frame()
    assert list(frame.columns) == ["x", "old", "new", "difference"]
    assert [one["value"] for one in frame["new"]] == [0, 2]
    assert list(frame["difference"]) == [
        "",
        "result['value']: 1 -> 2 (difference 1, relative 1)",
    ]


def test_the_codes_of_an_experiment() -> None:
    """The codes that have results are listed, oldest first, with their number and their times."""
    old, new = made(1), made(2)
    assert old.codes() == []
    first = swept(old, 1, 2, 3).run()
    swept(new, 1).run()
    one, other = new.codes()
    assert (one.code, one.runs, one.present) == (old.code, 3, False)
    assert (other.code, other.runs, other.present) == (new.code, 1, True)
    assert (one.first, one.last) == (first[0].finished, first[2].finished)
    assert [one.present for one in old.codes()] == [True, False]
    assert [one.present for one in made(3).codes()] == [False, False]


def test_codes_can_be_read() -> None:
    """A code shows its digits, how many results it has, since when, and whether it is present."""
    first, last = datetime(2026, 1, 2, 3, 4, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    code = "0123456789abcdef" * 2
    texts = {
        "<code 0123456789ab: 2 runs, 2026-01-02 03:04 to 2026-01-03 00:00 UTC>": (2, first, last),
        "<code 0123456789ab: 1 run, 2026-01-02 03:04 UTC; the present code>": (1, first, first),
        "<code 0123456789ab: 1 run>": (1, None, None),
    }
    for text, (runs, since, until) in texts.items():
        assert repr(CodeRuns(code, runs, since, until, "present" in text)) == text


def test_many_differences_are_counted() -> None:
    """The text names the first points that differ, and counts the others."""
    old, new = made(1), made(2)
    points = range(1, 31)
    swept(old, *points).run()
    swept(new, *points).run()
    lines = str(swept(new, *points).compare(old.code)).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  ... and 10 more points"

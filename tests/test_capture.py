"""What a run prints is kept beside its result, and nobody else's prints are."""

from __future__ import annotations

import sys
import threading

import pytest

from expcache._capture import OUTPUT_LIMIT, captured


def test_prints_of_a_block_are_kept_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Both streams go to the output and to where they went before."""
    with captured() as output:
        print("out")  # noqa: T201
        print("err", file=sys.stderr)  # noqa: T201
        sys.stdout.writelines(["a", "b"])
        assert sys.stdout.isatty() is False
    print("after")  # noqa: T201
    assert output.text == "out\nerr\nab"
    assert capsys.readouterr().out == "out\nabafter\n"


def test_streams_are_put_back() -> None:
    """After the last block the streams are the ones from before, also after an exception."""
    before = sys.stdout, sys.stderr
    with pytest.raises(ValueError, match="x"), captured(), captured():
        raise ValueError("x")
    assert (sys.stdout, sys.stderr) == before


def test_nested_blocks_keep_their_own_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """An experiment that calls another keeps what it printed itself."""
    with captured() as outer:
        print("outer")  # noqa: T201
        with captured() as inner:
            print("inner")  # noqa: T201
        print("outer again")  # noqa: T201
    assert (outer.text, inner.text) == ("outer\nouter again\n", "inner\n")
    assert capsys.readouterr().out == "outer\ninner\nouter again\n"


def test_threads_keep_their_own_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Two threads that end in another order than they began leave sound streams behind."""
    before = sys.stdout
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    texts: dict[str, str] = {}

    def first() -> None:
        with captured() as output:
            first_in.set()
            second_in.wait(10)
            print("first")  # noqa: T201
        texts["first"] = output.text
        first_out.set()

    def second() -> None:
        first_in.wait(10)
        with captured() as output:
            second_in.set()
            first_out.wait(10)
            print("second")  # noqa: T201
        texts["second"] = output.text

    threads = [threading.Thread(target=target) for target in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {"first": "first\n", "second": "second\n"}
    assert sys.stdout is before
    assert capsys.readouterr().out == "first\nsecond\n"


def test_a_stream_that_was_replaced_meanwhile_stays(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever redirects a stream inside the block and leaves it so is respected."""
    before, other = sys.stdout, sys.__stdout__
    with captured():
        sys.stdout = other
    try:
        assert sys.stdout is other
    finally:
        sys.stdout = before
    assert capsys.readouterr().out == ""


def test_too_much_output_loses_its_middle(capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning and the end stay, and a line says how much is missing."""
    with captured() as output:
        for _ in range(5):
            sys.stdout.write("a" * OUTPUT_LIMIT)
        sys.stdout.write("the end")
    text = output.text
    assert text.startswith("a" * (OUTPUT_LIMIT // 2))
    assert text.endswith("the end")
    assert f"\n[{5 * OUTPUT_LIMIT + 7 - OUTPUT_LIMIT} characters not kept]\n" in text
    capsys.readouterr()


def test_a_program_without_a_console_can_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python has no streams at all, prints of a run are kept all the same."""
    monkeypatch.setattr(sys, "stdout", None)
    with captured() as output:
        print("hidden")  # noqa: T201
    assert output.text == "hidden\n"


def test_prints_can_be_kept_without_being_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What another process will show is not shown here."""
    with captured(show=False) as output:
        print("hidden")  # noqa: T201
    print("shown")  # noqa: T201
    assert output.text == "hidden\n"
    assert capsys.readouterr().out == "shown\n"

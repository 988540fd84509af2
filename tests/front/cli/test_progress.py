"""The bar that shows how far a long work is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from dumpscope.front.cli import progress
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.cli.progress import AFTER, Bar, bar_of, cleared, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    bar = bar_of(stream)
    bar(1, 2)
    cleared(bar)
    assert stream.getvalue() == ""
    assert bar_of(None)(1, 2) is None


def test_a_short_work_shows_nothing_and_a_long_one_each_percent_once() -> None:
    stream = Terminal()
    now = [0.0]
    bar = Bar(stream, lambda: now[0])
    bar(5, 10)
    assert stream.getvalue() == ""
    now[0] = AFTER
    for done in range(1001):
        bar(done, 1000)
    assert stream.getvalue().count("\r") == 101
    assert "100 %" in stream.getvalue()
    bar.clear()
    bar.clear()
    assert stream.getvalue().endswith(" \r")
    assert stream.getvalue().count("\r") == 103


def test_a_terminal_that_is_gone_does_not_end_the_work() -> None:
    stream = Terminal()
    bar = Bar(stream, lambda: 0.0)
    bar._since = -AFTER
    stream.close()
    bar(1, 2)
    bar.clear()
    bar(0, 0)


def test_a_counted_work_shows_how_many_how_fast_and_what_is_left() -> None:
    stream = Terminal()
    now = [0.0]
    bar = Bar(stream, lambda: now[0])
    bar.unit = "files"
    now[0] = 10.0
    bar(0, 0)
    assert stream.getvalue() == "\r0 files", "there is no rate yet"
    stream.seek(0)
    stream.truncate()
    now[0] = 12.0
    bar(50, 0)
    assert stream.getvalue() == "\r50 files, 25 a second", "the whole is not known yet"
    now[0] = 14.0
    bar(100, 5000)
    assert stream.getvalue().endswith("]   2 % 100 of 5000 files, 25 a second, 3 min 16 s left")
    bar(101, 5000)
    assert "101" not in stream.getvalue(), "the same share, and no second has passed"
    now[0] = 15.0
    bar(102, 5000)
    assert "102 of 5000 files, 20 a second" in stream.getvalue()
    before = len(stream.getvalue())
    bar.clear()
    assert stream.getvalue()[before:].strip(" \r") == ""
    assert stream.getvalue()[before:].count(" ") >= len("102 of 5000 files, 20 a second, 4 min 1 s left")


def test_times_that_are_left_have_two_units_at_the_most() -> None:
    assert [duration(seconds) for seconds in (0.2, 59, 61, 3600 * 30 + 120)] == ["1 s", "59 s", "1 min 1 s", "30 h 2 min"]


def test_triage_tells_of_files_on_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(progress, "AFTER", -1.0)
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("no dump", "utf-8")
    for stderr in (Terminal(), io.StringIO()):
        assert main(["triage", str(tmp_path), "--jobs", "1"], Environment(io.StringIO(), stderr, {})) == 0
        shown = stderr.getvalue()
        assert ("files" in shown) is isinstance(stderr, Terminal)
        assert shown == "" or shown.endswith("\r"), "the line is taken away"

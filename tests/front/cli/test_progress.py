"""The bar that shows how far a long work is."""

from __future__ import annotations

import io

from dumpscope.front.cli.progress import AFTER, Bar, bar_of, cleared


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

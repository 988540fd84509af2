"""Rows that count themselves."""

from __future__ import annotations

from dumpscope.view.drawn import Drawn


def test_rows_are_counted_as_they_are_drawn() -> None:
    drawn = Drawn(["a", "bcd", ""], len)
    assert (drawn.count, drawn.total) == (0, 0)
    assert next(drawn.rows) == "a"
    assert (drawn.count, drawn.total) == (1, 1)
    assert list(drawn.rows) == ["bcd", ""]
    assert (drawn.count, drawn.total) == (3, 4)


def test_without_an_amount_there_is_no_total() -> None:
    drawn = Drawn(iter([5, 6]))
    assert list(drawn.rows) == [5, 6]
    assert (drawn.count, drawn.total) == (2, 0)

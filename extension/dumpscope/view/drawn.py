"""Rows that are counted while a renderer draws them, for the note after a table."""

from __future__ import annotations

from typing import Callable, Generic, Iterable, Iterator, Optional, TypeVar

Row = TypeVar("Row")


class Drawn(Generic[Row]):
    """``rows`` for a table. Once they are drawn, ``count`` says how many there were, and ``total`` what ``amount`` gave for all of them."""

    def __init__(self, rows: Iterable[Row], amount: Optional[Callable[[Row], int]] = None) -> None:
        self.count = 0
        self.total = 0
        self.rows: Iterator[Row] = self._counted(rows, amount)

    def _counted(self, rows: Iterable[Row], amount: Optional[Callable[[Row], int]]) -> Iterator[Row]:
        for row in rows:
            self.count += 1
            if amount is not None:
                self.total += amount(row)
            yield row


__all__ = ["Drawn"]

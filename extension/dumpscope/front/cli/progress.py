"""How far a long work is, on standard error where that is a terminal."""

from __future__ import annotations

from time import monotonic
from typing import Any, Callable

AFTER = 1.0
"""Seconds that a work takes before anything is shown of it."""
WIDTH = 30


class Bar:
    """One line that is drawn over itself, and taken away before anything else is written."""

    def __init__(self, stream: Any, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._since = clock()
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        """So much of the work is done."""
        percent = min(100, 100 * done // total) if total > 0 else 100
        if percent == self._shown or self._clock() - self._since < AFTER:
            return
        filled = WIDTH * percent // 100
        self._write(f"\r[{'#' * filled}{' ' * (WIDTH - filled)}] {percent:3} %")
        self._shown = percent

    def clear(self) -> None:
        """Take the line away."""
        if self._shown >= 0:
            self._write("\r" + " " * (WIDTH + 8) + "\r")
            self._shown = -1

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # a terminal that is gone is no reason to end the work


def bar_of(stream: Any) -> Callable[[int, int], None]:
    """What a session tells its progress; nothing is shown where the stream is no terminal."""
    try:
        terminal = stream is not None and stream.isatty()
    except (AttributeError, ValueError):
        terminal = False
    return Bar(stream) if terminal else _unseen


def _unseen(done: int, total: int) -> None:
    """Nobody watches."""


def cleared(progress: Callable[[int, int], None]) -> None:
    """Take the bar away, where there is one."""
    if isinstance(progress, Bar):
        progress.clear()

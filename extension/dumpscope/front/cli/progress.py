"""How far a long work is, on standard error where that is a terminal."""

from __future__ import annotations

from time import monotonic
from typing import Any, Callable, Optional, Tuple

AFTER = 1.0
"""Seconds that a work takes before anything is shown of it."""
AGAIN = 1.0
"""Seconds after which the line is drawn again, although the share is the same."""
WIDTH = 30


class Bar:
    """One line that is drawn over itself, and taken away before anything else is written.

    It has the share that is done and the time that is left; where ``unit`` says what is counted, also how many are done and how many a second.
    """

    def __init__(self, stream: Any, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._since = clock()
        self._drawn = self._since
        self._shown = -1
        self._width = 0
        self._first: Optional[Tuple[float, int]] = None
        self.unit = ""

    def __call__(self, done: int, total: int) -> None:
        """So much of the work is done; a ``total`` of 0 is not known yet where there is a unit."""
        percent = min(100, 100 * done // total) if total > 0 else 0 if self.unit else 100
        now = self._clock()
        if self._first is None:
            self._first = now, done  # what came before, such as the start of workers, is no measure of what is left
        if (percent == self._shown and now - self._drawn < AGAIN) or now - self._since < AFTER:
            return
        filled = WIDTH * percent // 100
        text = f"[{'#' * filled}{' ' * (WIDTH - filled)}] {percent:3} %" if total > 0 or not self.unit else ""
        since, before = self._first
        rate = (done - before) / (now - since) if now > since else 0.0
        if self.unit:
            text += f"{' ' if text else ''}{done}{f' of {total}' if total > 0 else ''} {self.unit}"
            text += f", {rate:.{0 if rate >= 10 else 1}f} a second" if rate else ""
        if rate and 0 < done < total:
            text += f"{',' if self.unit else ''} {duration((total - done) / rate)} left"
        self._write("\r" + text + " " * (self._width - len(text)))
        self._width = len(text)
        self._shown, self._drawn = percent, now

    def clear(self) -> None:
        """Take the line away."""
        if self._shown >= 0:
            self._write("\r" + " " * self._width + "\r")
            self._shown, self._width = -1, 0

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # a terminal that is gone is no reason to end the work


def duration(seconds: float) -> str:
    """A time that is left, in two units at the most."""
    whole = int(seconds + 0.999)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


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

"""Where answers go. The plain screen writes as it comes; the terminal's (terminal.py) pages and shows progress."""

from __future__ import annotations

from typing import Iterable, Optional

from ...view.paint import Paint
from ..cli.environment import Environment
from ..hints import message_rows
from .settings import Settings


class Screen:
    """Output of a session: a terminal, a pipe, or a test's stream."""

    def __init__(self, env: Environment, settings: Settings) -> None:
        self.env = env
        self.settings = settings

    @property
    def width(self) -> Optional[int]:
        """Columns that answers are wrapped to, None where there is no terminal."""
        return self.settings.width or self.env.width()

    def paint(self, color: str = "auto") -> Paint:
        """The paint for an answer. ``color`` is what its line asks for."""
        return self.env.paint(color if color != "auto" else self.settings["color"])

    def write(self, text: str) -> None:
        """Write a piece of an answer."""
        self.env.write(text)

    def flush(self) -> None:
        """Send what was written."""
        self.env.flush()

    def show(self, chunks: Iterable[str]) -> None:
        """Write an answer as it is made."""
        for chunk in chunks:
            self.write(chunk)
        self.flush()

    def begin(self) -> None:
        """A command begins."""

    def end(self) -> None:
        """A command has ended, in whatever way."""

    def progress(self, done: int, total: int) -> None:
        """So much of a long work is done; raises to end it."""

    def complain(self, message: str, hint: str = "") -> None:
        """Say what went wrong and what helps, in the answer's own place."""
        paint = self.paint()
        self.write("".join(paint.text(row, "error") + "\n" for row in message_rows(message, self.width)))
        if hint:
            self.write("".join("  " + paint.text(row[2:], "note") + "\n" for row in message_rows(hint, self.width, "  ")))
        self.flush()

    def clear(self) -> None:
        """Empty the screen, where there is one."""

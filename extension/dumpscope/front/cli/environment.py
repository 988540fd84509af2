"""Where a command line's answer goes: streams, width and colour, passed in and never global."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, Callable, List, Mapping, Optional

from ...view.paint import DARK, LIGHT, PLAIN, Ansi, Paint
from ..boundary import silence
from .progress import bar_of


class Environment:
    """Standard streams and variables. Tests pass their own."""

    def __init__(self, stdout: Any = None, stderr: Any = None, variables: Optional[Mapping[str, str]] = None) -> None:
        self._stdout = sys.stdout if stdout is None else stdout
        self._stderr = sys.stderr if stderr is None else stderr
        self._variables = os.environ if variables is None else variables

    def write(self, text: str) -> None:
        """Write to standard output; what its encoding cannot hold is written as an escape."""
        if self._stdout is None:  # closed by whoever started us
            raise OSError(errno.EBADF, "standard output is closed")
        self._put(self._stdout, text)

    def error(self, text: str) -> None:
        """Write a line to standard error, made harmless: it may quote a path or text of the dump."""
        from ...view.escape import printable

        try:
            self.flush()
        except (OSError, ValueError):
            pass  # what was wrong with it is what is told here
        try:
            self._put(self._stderr, "\n".join(printable(line) for line in text.split("\n")) + "\n")
            self._stderr.flush()
        except (OSError, ValueError, AttributeError):
            pass

    def progress(self) -> Callable[[int, int], None]:
        """What shows how far a long work is: a bar on standard error where that is a terminal."""
        return bar_of(self._stderr)

    def flush(self) -> None:
        """Send what is buffered."""
        if self._stdout is not None:
            self._stdout.flush()

    def silence(self) -> None:
        """After a broken pipe or a full disk: keep the interpreter from complaining about it at its end."""
        silence(self._stdout)

    @staticmethod
    def _put(stream: Any, text: str) -> None:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = getattr(stream, "encoding", None) or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def _terminal(self) -> bool:
        return _is_terminal(self._stdout)

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables."""
        return self._variables

    def interactive(self) -> bool:
        """Whether somebody sits at both ends: the input and the output are the process's own, and a terminal."""
        try:
            return self._stdout is sys.stdout and self._terminal() and sys.stdin is not None and sys.stdin.isatty()
        except (AttributeError, ValueError):
            return False

    def closes(self) -> bool:
        """Whether the console window closes when this program ends: it was made for it alone, as by a dump that was dropped on the program."""
        from .console import is_own

        return self.interactive() and is_own()

    def wait(self) -> None:
        """Let what was written be read: wait for Enter."""
        self.error("\nPress Enter to close this window.")
        try:
            sys.stdin.readline()
        except (OSError, ValueError, AttributeError, KeyboardInterrupt):
            pass

    def width(self) -> Optional[int]:
        """Columns of the terminal, None where the output is not one."""
        return self._columns(self._stdout)

    def error_width(self) -> Optional[int]:
        """Columns that errors are wrapped to, None where standard error is no terminal."""
        return self._columns(self._stderr)

    def _columns(self, stream: Any) -> Optional[int]:
        if not _is_terminal(stream):
            return None
        columns = self._variables.get("COLUMNS", "")
        if columns.isascii() and columns.isdigit() and len(columns) < 9 and int(columns) >= 20:
            return int(columns)
        try:
            return max(20, os.get_terminal_size(stream.fileno()).columns or 80)  # a terminal that was told no size says 0
        except (OSError, ValueError, AttributeError):
            return 80

    def paint(self, color: str) -> Paint:
        """The paint for ``auto``, ``always`` or ``never``."""
        if color == "never":
            return PLAIN
        if color == "auto" and (not self._terminal() or self._variables.get("NO_COLOR") or self._variables.get("TERM") == "dumb"):
            return PLAIN
        return Ansi(LIGHT if self._variables.get("DUMPSCOPE_THEME") == "light" else DARK)


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


RunLine = Callable[[List[str], Environment], int]
"""Runs one command line in an environment, and gives its exit code."""

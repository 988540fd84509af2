"""The words of an error as each front end shows them: what can be done is spelled as it is typed there, and rows fit the terminal."""

from __future__ import annotations

import re
from typing import Callable, Iterator, Optional

from ..view.escape import printable
from ..view.wrapping import wrap

_LINE = re.compile(r"(^|`)dumpscope (--help|[a-z][a-z-]*)(?: DUMP)?(?![\w-])")
"""A command line of ours in a hint: in backquotes, or the hint itself."""


def spelled(text: str, called: Callable[[str], str]) -> str:
    """The same text, with command lines as they are typed where it is read.

    ``called`` gives what is typed for a command of the command line, and nothing for one that is not there: its line stays. The dump, which is
    open there, is left out; the path of a file stays. The name of a command alone is the same in every front end.
    """

    def line(found: re.Match[str]) -> str:
        name = "help" if found.group(2) == "--help" else found.group(2)
        typed = called(name)
        return found.group(1) + typed if typed else found.group(0)

    return _LINE.sub(line, text)


def message_rows(text: str, width: Optional[int], first: str = "") -> Iterator[str]:
    """The rows of a message, wrapped where there is a width; those that begin with a blank stay as they are."""
    for row in map(printable, text.split("\n")):
        if width is None or row[:1] == " ":
            yield first + row
        else:
            yield from wrap(row, width, "  ", first)


__all__ = ["message_rows", "spelled"]

"""What a known message is, and which of them a text holds."""

from __future__ import annotations

from typing import NamedTuple, Tuple

OPENING = "opening"
"""A debugger or another reader did not take the file at all."""
READING = "reading"
"""A reader took the file, and misses or refuses something in it."""
WRITING = "writing"
"""A dump was not written."""
MANAGED = "managed"
"""SOS, dotnet-dump or ClrMD cannot look at the .NET side."""
SYMBOLS = "symbols"
"""Images or symbols were not found; the dump is not at fault."""
KERNEL = "kernel"
"""About a dump of a whole machine."""
LIVE = "live"
"""About a running process, not about a dump."""

KINDS = (WRITING, OPENING, KERNEL, READING, MANAGED, SYMBOLS, LIVE)
"""The kinds in the order in which they decide what a text of several messages is about."""


class Known(NamedTuple):
    """One message, or a family of messages with one meaning.

    ``pattern`` is a regular expression, tried without regard to case on the text with its white space made single blanks. ``who`` says it, ``means``
    is what it means in plain words. ``rules`` are the codes of the rules to look at, best first, ``commands`` debugger commands whose rules are to
    be looked at, ``remedy`` steps that help whatever the file shows.
    """

    pattern: str
    who: str
    kind: str
    means: str
    rules: Tuple[str, ...] = ()
    commands: Tuple[str, ...] = ()
    remedy: Tuple[str, ...] = ()
    general: bool = False
    """True for a wording that only counts where no message of a known speaker is in the text."""


def squeezed(text: str) -> str:
    """A text as the patterns expect it: one line, single blanks, plain quotes."""
    return " ".join(text.replace("\u2019", "'").replace("\u2018", "'").replace("\u201c", '"').replace("\u201d", '"').split())

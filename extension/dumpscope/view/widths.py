"""How many columns a text takes on a screen: two for a wide character (CJK, most emoji), none for a combining mark."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, combining, east_asian_width


@lru_cache(maxsize=8192)
def _columns(char: str) -> int:
    if combining(char) or category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1


def width_of(text: str) -> int:
    """Columns of a printable text, after UAX #11 (East Asian Width); ambiguous characters are narrow, as in Windows' console."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def padded(text: str, size: int, left: bool) -> str:
    """``text`` with blanks to ``size`` columns: after it, or before it where not ``left``."""
    space = " " * (size - width_of(text))
    return text + space if left else space + text

"""Arguments as words: a parser that raises, and numbers as the debugger reads them."""

from __future__ import annotations

import argparse
from typing import List, NoReturn, Optional, Sequence

from ..errors import UsageError


class Parser(argparse.ArgumentParser):
    """argparse without its exits: inside a debugger or a REPL a wrong word must not end the host."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing and leaving."""
        raise UsageError(f"{self.prog}: {message}", f"`{self.prog} --help` shows how it is used")

    def exit(self, status: int = 0, message: Optional[str] = None) -> NoReturn:
        """Raise UsageError instead of leaving."""
        raise UsageError((message or "").strip() or self.prog)

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse all words, options and positionals in any order."""
        return self.parse_intermixed_args(list(words))


def number(text: str, what: str = "number") -> int:
    """A number as the debugger reads it: hexadecimal unless it says otherwise.

    ``1f``, ``0x1f``, ``1fh``, ``0n31`` (decimal), ``0t37`` (octal), ``0y11111`` (binary), ``00007ff8`890d1000``.
    Raises UsageError.
    """
    plain = text.strip().replace("`", "").replace("_", "").lower()
    base = 16
    for prefix, radix in (("0x", 16), ("0n", 10), ("0t", 8), ("0y", 2)):
        if plain.startswith(prefix):
            plain, base = plain[2:], radix
            break
    else:
        if plain.endswith("h") and len(plain) > 1:
            plain = plain[:-1]
    try:
        value = int(plain, base)
        if plain[:1] in "+-":
            raise ValueError
    except ValueError:
        raise UsageError(f"{text!r} is not a {what}", "numbers are hexadecimal; 0n10 is decimal, 0y binary, 0t octal") from None
    if value >= 1 << 64:
        raise UsageError(f"{text!r} has more than 64 bits")
    return value


def split_line(line: str) -> List[str]:
    """Words of a command line: blanks separate, double or single quotes group, a backslash is only a backslash.

    Raises UsageError for a quote that is not closed.
    """
    words = []
    word: Optional[str] = None
    quote = ""
    for char in line:
        if quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "\"'" and word is None:
            quote = char
            word = ""
        elif char in " \t\r\n":
            if word is not None:
                words.append(word)
                word = None
        else:
            word = (word or "") + char
    if quote:
        raise UsageError(f"a quotation mark ({quote}) is not closed")
    if word is not None:
        words.append(word)
    return words

"""MINIDUMP_STRING: decoded once for each RVA."""

from __future__ import annotations

import struct
from codecs import utf_16_le_decode
from typing import Callable, Dict, NamedTuple, Optional

from .absence import Damage
from .allowance import Allowance
from .source import Source, Window

MAX_NAME = 0x10000
"""Longest text that is decoded, in bytes. A UNICODE_STRING, which all of these come from, cannot be longer."""

MAX_TEXTS = 1 << 12
"""Strings that are kept: more than a process has types; so few that an RVA is found soon whatever RVAs a file names."""

MAX_CACHED = 1 << 22
"""Characters that are kept for all strings together."""

LONG = 1 << 9
"""Bytes of a text above which it is counted, and that are decoded of it where such texts are more than the file could hold."""

_length = struct.Struct("<I").unpack_from


class Text(NamedTuple):
    """A string of the file. ``value`` may hold lone surrogates and control characters: it is as it stands in the file."""

    value: str
    offset: int
    length: int  # bytes, as the file says
    damage: Optional[Damage]


class _Texts(dict[int, str]):
    """Texts by RVA, decoded when first asked for. As many are kept as a dump shares: its type names, and the first others.

    Each character of a file belongs to one text, unless texts are laid over each other or one is used again and again, which makes
    terabytes of a megabyte. Long texts are counted each time they are used; where a walk through a list has used twice what the
    file holds, those that follow are cut.
    """

    __slots__ = ("allowance", "cut", "long", "room", "source", "window")

    def __init__(self, source: Source) -> None:
        super().__init__({0: ""})
        self.source = source
        self.room = MAX_CACHED
        self.allowance = Allowance(source.size)
        self.long: Dict[int, str] = {}
        self.cut = -1  # the RVA of the first text that was cut
        self.window = Window(source)

    def __missing__(self, rva: int) -> str:
        low, window = self.window.view
        at = rva - low
        if at < 0 or at + 4 > len(window):
            window, at = self.window.see(rva, 4)
            if len(window) < 4:
                return ""
        length = _length(window, at)[0]
        if length > LONG:
            return self._long(rva, length)
        length &= ~1
        end = at + 4 + length
        if end > len(window):
            window, at = self.window.see(rva, 4 + length)
            end = min(4 + length, len(window) & ~1)  # the file ends inside the text, perhaps inside a character
        text = utf_16_le_decode(window[at + 4 : end], "surrogatepass", True)[0]
        if len(self) < MAX_TEXTS and self.room > len(text):
            self[rva] = text
            self.room -= len(text)
        return text

    def _long(self, rva: int, length: int) -> str:
        """A text that is counted: never among those that are found without asking."""
        length = min(length, MAX_NAME, self.source.size - rva - 4) & ~1
        if self.allowance.take(length):
            found = self.long.get(rva)
            if found is not None:
                return found
        else:
            if self.cut < 0:
                self.cut = rva
            length = min(length, LONG)
        text = utf_16_le_decode(self.source.some(rva + 4, length), "surrogatepass", True)[0]
        if length > LONG and self.room > len(text):
            self.long[rva] = text
            self.room -= len(text)
        return text


class StringTable:
    """Strings of one dump by RVA. What is shared is decoded once, nothing longer than MAX_NAME bytes, nothing outside the file."""

    __slots__ = ("_source", "_texts", "_window", "get")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._texts = _Texts(source)
        self._window = Window(source)
        self.get: Callable[[int], str] = self._texts.__getitem__
        """The text at an RVA; empty for RVA 0 and where no string can be read."""

    def renew(self) -> None:
        """A walk through a list begins: what long texts may amount to is counted anew."""
        self._texts.allowance = Allowance(self._source.size)

    @property
    def overlap(self) -> Optional[Damage]:
        """What is wrong when the texts of a list that was walked are together longer than a file of this size can hold."""
        rva = self._texts.cut
        if rva < 0:
            return None
        size = self._source.size
        message = (
            f"strings above {LONG} bytes, laid over each other or used again and again, make more than twice the 0x{size:x} bytes "
            f"of the file; from the one at 0x{rva:x} on, {LONG} bytes of each are decoded"
        )
        return Damage("strings-overlap", message, rva, 2 * size, size)

    def is_sound(self, rva: int) -> bool:
        """Whether :meth:`inspect` finds nothing wrong with the string at ``rva``; its text is not decoded."""
        size = self._source.size
        if rva + 4 > size:
            return False
        length = _length(*self._window.see(rva, 4))[0]
        return not length & 1 and length <= MAX_NAME and rva + 4 + length <= size

    def inspect(self, rva: int, what: str) -> Text:
        """The text at ``rva`` with what is wrong with it."""
        source = self._source
        if rva + 4 > source.size:
            got = source.available(rva, 4)
            return Text("", rva, 0, Damage("string-outside-file", f"{what}: its RVA 0x{rva:x} is outside the file", rva, 4, got))
        length = _length(source.fetch(rva, 4))[0]
        text = self.get(rva)
        damage = None
        got = source.available(rva + 4, length)
        if got < length:
            message = f"{what}: the string at 0x{rva:x} claims 0x{length:x} bytes, the file holds 0x{got:x}"
            damage = Damage("string-cut", message, rva, length, got)
        elif length & 1:
            damage = Damage("string-odd", f"{what}: the string at 0x{rva:x} has an odd number of bytes (0x{length:x})", rva, length, length)
        elif length > MAX_NAME:
            damage = Damage("string-too-long", f"{what}: the string at 0x{rva:x} has 0x{length:x} bytes; 0x{MAX_NAME:x} are shown", rva, length, MAX_NAME)
        return Text(text, rva, length, damage)

    def utf8(self, rva: int) -> str:
        """A counted UTF-8 string (MinidumpUTF8String of Crashpad): u32 length, then the bytes; bad bytes are kept as escapes."""
        source = self._source
        if rva == 0 or rva + 4 > source.size:
            return ""
        length = min(_length(source.fetch(rva, 4))[0], MAX_NAME)
        return source.some(rva + 4, length).decode("utf-8", "surrogateescape")


MOST_OF_A_NAME = 80
"""Characters of a damaged name that a sentence quotes."""


def quoted_name(name: str) -> str:
    """A name for a sentence: one with characters that no file name has, or longer than any, is cut and called damaged."""
    if len(name) <= 260 and not any(char < " " or "\ud800" <= char <= "\udfff" for char in name):
        return name
    cut = name[:MOST_OF_A_NAME] + ("…" if len(name) > MOST_OF_A_NAME else "")
    return f"{cut} (damaged: a name of {len(name)} characters)"

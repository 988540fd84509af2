"""MINIDUMP_STRING: decoded once for each RVA."""

from __future__ import annotations

import struct
from codecs import utf_16_le_decode

from ..record import NamedTuple
from .absence import Damage
from .source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

MAX_NAME = 0x10000
"""Longest text that is decoded, in bytes. A UNICODE_STRING, which all of these come from, cannot be longer."""

MAX_TEXTS = 1 << 16
"""Strings that are kept."""

MAX_CACHED = 1 << 22
"""Characters that are kept for all strings together."""

LEAST = 1 << 9
MOST = 1 << 16
"""Bytes that are read at a time, where strings are asked for here and there, and where they follow each other."""

_length = struct.Struct("<I").unpack_from


class Text(NamedTuple):
    """A string of the file. ``value`` may hold lone surrogates and control characters: it is as it stands in the file."""

    value: str
    offset: int
    length: int  # bytes, as the file says
    damage: Optional[Damage]


class Window:
    """Bytes of the file, read ahead as long as they are asked for one after the other."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = b""
        self.low = 0
        self.step = LEAST

    def at(self, offset: int, size: int) -> int:
        """Where in ``data`` the bytes at ``offset`` are; as many of ``size`` as the file has stand there."""
        place = offset - self.low
        if place < 0 or place + size > len(self.data):
            self.step = min(self.step * 2, MOST) if 0 <= place <= len(self.data) + LEAST else LEAST
            self.data = self.source.some(offset, max(size, self.step))
            self.low = offset
            return 0
        return place


class _Texts(dict[int, str]):
    """Texts by RVA, decoded when first asked for. As many are kept as a dump shares: its type names, and the first others."""

    __slots__ = ("low", "room", "source", "step", "window")

    def __init__(self, source: Source) -> None:
        super().__init__({0: ""})
        self.source = source
        self.room = MAX_CACHED
        # Writers lay strings one after the other: more is read at a time as long as that is how they are asked for.
        self.window = b""
        self.low = 0
        self.step = LEAST

    def __missing__(self, rva: int) -> str:
        at = rva - self.low
        window = self.window
        if at < 0 or at + 4 > len(window):
            if not self._slide(rva, 4):
                return ""
            window, at = self.window, 0
        length = _length(window, at)[0]
        if length > MAX_NAME:
            length = MAX_NAME
        end = at + 4 + (length & ~1)
        if end > len(window):
            self._slide(rva, 4 + length)
            window, at = self.window, 0
            end = min(4 + (length & ~1), len(window) & ~1)  # the file ends inside the text, perhaps inside a character
        text = utf_16_le_decode(window[at + 4 : end], "surrogatepass", True)[0]
        if len(self) < MAX_TEXTS and self.room > len(text):
            self[rva] = text
            self.room -= len(text)
        return text

    def _slide(self, rva: int, size: int) -> bool:
        """Read what begins at ``rva``, ``size`` bytes at the least where the file has them; whether four are there."""
        ahead = rva - self.low
        self.step = min(self.step * 2, MOST) if 0 <= ahead <= len(self.window) + LEAST else LEAST
        self.window = self.source.some(rva, max(size, self.step))
        self.low = rva
        return len(self.window) >= 4


class StringTable:
    """Strings of one dump by RVA. What is shared is decoded once, nothing longer than MAX_NAME bytes, nothing outside the file."""

    __slots__ = ("_source", "_window", "get")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._window = Window(source)
        self.get: Callable[[int], str] = _Texts(source).__getitem__
        """The text at an RVA; empty for RVA 0 and where no string can be read."""

    def is_sound(self, rva: int) -> bool:
        """Whether :meth:`inspect` finds nothing wrong with the string at ``rva``; its text is not decoded."""
        size = self._source.size
        if rva + 4 > size:
            return False
        place = self._window.at(rva, 4)
        length = _length(self._window.data, place)[0]
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

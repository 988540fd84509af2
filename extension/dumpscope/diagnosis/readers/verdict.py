"""A reader, its verdict on a file, and the bytes of the file as every reader here looks at them."""

from __future__ import annotations

import struct
from typing import Callable, Iterator, NamedTuple, NoReturn, Optional, Tuple

from ...dump.source import Source
from ...errors import DumpscopeError

OPENS = "opens"
REFUSES = "refuses"
DIES = "dies"
"""It does not come to an end, or its process is ended."""

HEADER_SIZE = 32
ENTRY_SIZE = 12
SIGNATURE = 0x504D444D
VERSION = 0xA793
MOST_STEPS = 3_000_000
"""Records that a reader which believes a count reads in some ten seconds; beyond that it is said to come to no end."""


class Reason(NamedTuple):
    """Why a reader refuses: a stable code, words, and the byte that decides: what stands there and its file offset (None where the file ends)."""

    code: str
    words: str
    what: str
    value: str
    offset: Optional[int]
    outcome: str = REFUSES


class Verdict(NamedTuple):
    """What a reader makes of a file. ``reason`` is None where it opens it."""

    reader: str
    version: str
    outcome: str
    reason: Optional[Reason]
    judged: bool


class Refused(DumpscopeError):
    """A reader stops here; never leaves this package."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.words)
        self.reason = reason


class Reader(NamedTuple):
    """A reader: ``name`` is one word, ``title`` for people, ``version`` the one that was looked at, ``check`` raises Refused for a file that it refuses.

    ``judged`` says that tests hold the verdicts against the real program; else they follow from what is publicly known of it. ``means`` says what
    counts as opening.
    """

    name: str
    title: str
    version: str
    means: str
    source: str
    judged: bool
    check: Callable[[File], None]

    def verdict(self, file: File) -> Verdict:
        """What it makes of a file."""
        try:
            self.check(file)
        except Refused as refused:
            return Verdict(self.name, self.version, refused.reason.outcome, refused.reason, self.judged)
        return Verdict(self.name, self.version, OPENS, None, self.judged)


class Entry(NamedTuple):
    """An entry of the directory: its number, the stream's type, size and RVA, and where the entry stands."""

    position: int
    type: int
    size: int
    rva: int
    at: int


class File:
    """Bytes of a file by their offsets; what is read beyond the end is said by :meth:`have`."""

    def __init__(self, source: Source, *, big: bool = False) -> None:
        self.source = source
        self.size = source.size
        self.big = big
        self._order = ">" if big else "<"

    def swapped(self) -> File:
        """The same with numbers of the other byte order."""
        return File(self.source, big=True)

    def have(self, offset: int, size: int) -> bool:
        """Whether the file has these bytes."""
        return offset >= 0 and offset + size <= self.size

    def bytes(self, offset: int, size: int) -> bytes:
        """The bytes at an offset, as many as there are."""
        if offset < 0 or offset >= self.size or size <= 0:
            return b""
        return self.source.some(offset, min(size, self.size - offset))

    def number(self, offset: int, size: int) -> int:
        """A number; bytes after the end count as zeros."""
        return int.from_bytes(self.bytes(offset, size).ljust(size, b"\0"), "big" if self.big else "little")

    def u16(self, offset: int) -> int:
        """A number of two bytes."""
        return self.number(offset, 2)

    def u32(self, offset: int) -> int:
        """A number of four bytes."""
        return self.number(offset, 4)

    def u64(self, offset: int) -> int:
        """A number of eight bytes."""
        return self.number(offset, 8)

    def records(self, offset: int, count: int, form: str) -> Iterator[Tuple[int, Tuple[int, ...]]]:
        """Records of a struct format after each other, with their offsets, those that are whole in the file."""
        shape = struct.Struct(self._order + form)
        piece = max(1, 65536 // shape.size)
        count = max(0, min(count, (self.size - offset) // shape.size))
        for first in range(0, count, piece):
            number = min(piece, count - first)
            start = offset + first * shape.size
            data = self.bytes(start, number * shape.size)
            for index, values in enumerate(shape.iter_unpack(data)):
                yield start + index * shape.size, values

    def entries(self, count: int, rva: int) -> Iterator[Entry]:
        """Entries of the directory that are whole in the file."""
        for index, (at, (kind, size, place)) in enumerate(self.records(rva, count, "III")):
            yield Entry(index, kind, size, place, at)


def refuse(code: str, words: str, what: str, value: object, offset: Optional[int], outcome: str = REFUSES) -> NoReturn:
    """Stop: the reader refuses."""
    raise Refused(Reason(code, words, what, value if isinstance(value, str) else f"0x{value:x}", offset, outcome))


__all__ = [
    "DIES",
    "ENTRY_SIZE",
    "HEADER_SIZE",
    "MOST_STEPS",
    "OPENS",
    "REFUSES",
    "SIGNATURE",
    "VERSION",
    "Entry",
    "File",
    "Reader",
    "Reason",
    "Refused",
    "Verdict",
    "refuse",
]

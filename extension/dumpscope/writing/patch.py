"""A dump with some of its bytes changed: a private copy that never reaches the file.

Large files are mapped copy-on-write, so a changed copy of a dump of gigabytes costs the pages that were touched.
"""

from __future__ import annotations

from typing import BinaryIO, List, Tuple

from ..dump.source import Source
from .output import Output

MAX_GROWN = 1 << 24
"""Largest copy that is made in memory, which growing a file needs."""


class PatchedSource(Source):
    """A source over changed bytes."""

    def release(self) -> None:
        """Keep the pages: giving them back would lose the changes."""


class Patch:
    """Changes to one file. Writes and cuts take effect in the order in which they are made; :meth:`source` reads the result."""

    def __init__(self, source: Source) -> None:
        self._original = source
        self._writes: List[Tuple[int, bytes]] = []
        self.size = source.size

    def write(self, offset: int, data: bytes) -> bytes:
        """Put ``data`` at ``offset`` and return what was there. Raises ValueError for a place outside the file."""
        if offset < 0 or offset + len(data) > self.size:
            raise ValueError(f"0x{offset:x} to 0x{offset + len(data):x} is outside the file, which has 0x{self.size:x} bytes")
        before = self.read(offset, len(data))
        self._writes.append((offset, bytes(data)))
        return before

    def read(self, offset: int, size: int) -> bytes:
        """Bytes as they are after the changes so far."""
        end = min(offset + size, self.size)
        if end <= offset:
            return b""
        out = bytearray(self._original.some(offset, end - offset).ljust(end - offset, b"\0"))
        for place, data in self._writes:
            low, high = max(place, offset), min(place + len(data), end)
            if low < high:
                out[low - offset : high - offset] = data[low - place : high - place]
        return bytes(out)

    def resize(self, size: int) -> None:
        """Cut the file to ``size`` bytes, or let it grow with zeros. Raises ValueError for a size that is too large to try."""
        if size > max(self._original.size, MAX_GROWN):
            raise ValueError(f"0x{size:x} bytes are too many: at most 0x{max(self._original.size, MAX_GROWN):x}")
        if size < self.size:
            self._writes = [(place, data[: size - place]) for place, data in self._writes if place < size]
        elif self.size < self._original.size:  # what was cut off before does not come back
            self._writes.append((self.size, bytes(min(size, self._original.size) - self.size)))
        self.size = size

    def source(self) -> Source:
        """The changed bytes. Close it when done; it may be asked for again after more changes."""
        copy = self._original.private(self.size)
        if copy is None:
            return PatchedSource(self.read(0, self.size), self._original.name)
        for place, data in self._writes:
            copy[place : place + len(data)] = data
        return PatchedSource(copy, self._original.name)

    def write_to(self, file: BinaryIO) -> int:
        """Write the changed file into an empty, seekable binary file; its size. What was not changed is copied, holes stay holes."""
        out = Output(file)
        held = min(self.size, self._original.size)
        out.copy(self._original, 0, held, out.reserve(self.size, 1, wide=True))
        for place, data in self._writes:
            out.put(place, data)
        return out.finish()


def combine(operator: str, old: int, new: int) -> int:
    """``old OPERATOR new`` for ``=``, ``+=``, ``-=``, ``&=``, ``|=``, ``^=``, ``<<=`` and ``>>=``. Raises KeyError for another one."""
    if operator == "=":
        return new
    if operator == "+=":
        return old + new
    if operator == "-=":
        return old - new
    if operator == "&=":
        return old & new
    if operator == "|=":
        return old | new
    if operator == "^=":
        return old ^ new
    if operator == "<<=":
        return old << min(new, 64)
    if operator == ">>=":
        return old >> min(new, 64)
    raise KeyError(operator)

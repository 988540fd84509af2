"""A file with some of its bytes changed, read without a copy: for changes of few bytes in a file of any size."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Tuple

from ..dump.source import Source

PIECE = 1 << 20


class Edited(Source):
    """The bytes of ``source`` with others put over them by :meth:`put`. Closing it leaves ``source`` open."""

    def __init__(self, source: Source) -> None:
        super().__init__(b"", source.name)
        self.source = source
        self.size = source.size
        self._edits: Dict[int, bytes] = {}
        self._size_now = None

    def put(self, offset: int, data: bytes) -> bytes:
        """Change bytes; what was there. Raises ValueError for a place outside the file."""
        if offset < 0 or offset + len(data) > self.size:
            raise ValueError(f"0x{offset:x} to 0x{offset + len(data):x} is outside the file, which has 0x{self.size:x} bytes")
        before = self.some(offset, len(data))
        self._edits[offset] = bytes(data) + self._edits.get(offset, b"")[len(data) :]
        return before

    def grow(self, data: bytes) -> int:
        """Add bytes beyond the end of the file; their offset."""
        offset = self.size
        self.size += len(data)
        self._edits[offset] = bytes(data)
        return offset

    @property
    def edits(self) -> Iterator[Tuple[int, bytes]]:
        """The changes in the order of their offsets."""
        return iter(sorted(self._edits.items()))

    def fetch(self, offset: int, size: int) -> bytes:
        """The ``size`` bytes at ``offset``, which are known to lie inside the file."""
        held = max(0, min(size, self.source.size - offset))
        data = (self.source.fetch(offset, held) if held else b"").ljust(size, b"\0")
        touched = [(place, edit) for place, edit in self._edits.items() if place < offset + size and place + len(edit) > offset]
        if not touched:
            return data
        out = bytearray(data)
        for place, edit in touched:  # in the order in which they were made
            low, high = max(place, offset), min(place + len(edit), offset + size)
            out[low - offset : high - offset] = edit[low - place : high - place]
        return bytes(out)

    @property
    def buffer(self) -> Any:
        """The whole file for search and comparisons: small ones with the changes, of large ones, where changes are no memory, without."""
        return self.fetch(0, self.size) if self.size <= PIECE else self.source.buffer

    def check(self) -> None:
        """Raise DumpError if the file has become smaller since it was opened, or was closed."""
        self.source.check()

    def release(self) -> None:
        """Let the system take back what was read."""
        self.source.release()

    def close(self) -> None:
        """Nothing of its own is open."""


def held(source: Source, offset: int, size: int) -> int:
    """How many of ``size`` bytes at ``offset`` the file itself holds: what was added to it was not captured."""
    own = source.source.size if isinstance(source, Edited) else source.size
    return max(0, min(size, own - offset))

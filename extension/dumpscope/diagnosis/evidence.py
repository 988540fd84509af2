"""What proves a finding, and what would mend a file."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR64
from ..format.memory import MINIDUMP_MEMORY64_LIST
from .engine.answers import Opening

LIST64_HEAD = MINIDUMP_MEMORY64_LIST.offset_of("BaseRva") + 8
RANGE64 = MINIDUMP_MEMORY_DESCRIPTOR64.size


class Proof(NamedTuple):
    """What proves a finding: a field or fact, its value as text, and the file offset where it can be seen (None if computed)."""

    what: str
    value: str
    offset: Optional[int] = None


class Edit(NamedTuple):
    """Bytes to put at an offset of a copy."""

    offset: int
    data: bytes

    @property
    def words(self) -> str:
        """``29 1a 00 00 00 00 00 00 at 0x1991``."""
        return f"{self.data.hex(' ')} at 0x{self.offset:x}"


class List64(NamedTuple):
    """The head of Memory64ListStream as it stands in the file, and the sizes of its ranges."""

    entry: int
    """Offset of its directory entry."""
    rva: int
    size: int
    """The size that the directory gives."""
    count: int  # type: ignore[assignment]
    base: int
    total: int
    """Bytes of all ranges together."""

    @property
    def needed(self) -> int:
        """The size that the directory should give for this count."""
        return LIST64_HEAD + self.count * RANGE64

    @property
    def end(self) -> int:
        """Offset after the last descriptor."""
        return self.rva + self.needed


class Base(NamedTuple):
    """Where the memory really begins: the value for BaseRva, the edit, and how it is known."""

    found: List64
    right: int
    edit: Edit
    known: str
    proofs: Tuple[Tuple[str, str, int], ...]


class Size(NamedTuple):
    """The right size of Memory64ListStream in the directory, or the right count, and the edits that make the file open."""

    found: List64
    right: int
    count: Optional[int]  # type: ignore[assignment]
    """The right NumberOfMemoryRanges, where that is what is wrong."""
    flag_missing: bool
    edits: Tuple[Edit, ...]
    opening: Opening


class Moved(NamedTuple):
    """A directory that stands a multiple of 4 GiB after where the header says."""

    offset: int
    streams: int
    names: Tuple[str, ...]

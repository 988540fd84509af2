"""Header and directory: read when a dump is opened, and nothing else then."""

from __future__ import annotations

import struct
from functools import cached_property
from itertools import repeat
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union, overload

from ..errors import DumpError
from ..format.counted import counted
from ..format.flags import MINIDUMP_TYPE
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_SIGNATURE, MINIDUMP_VERSION
from ..format.streams import MINIDUMP_STREAM_TYPE
from .absence import Damage
from .salt import SALT
from .source import Source


class Header(NamedTuple):
    """MINIDUMP_HEADER. ``timestamp`` is in seconds since 1970 UTC, ``flags`` are MINIDUMP_TYPE bits."""

    signature: int
    raw_version: int
    stream_count: int
    directory_rva: int
    checksum: int
    timestamp: int
    flags: int

    @property
    def version(self) -> int:
        """Low word of Version: 0xA793 in every dump that the debugger opens."""
        return self.raw_version & 0xFFFF

    @property
    def implementation(self) -> int:
        """High word of Version: made from the version of the DLL that wrote the file; 0 for other writers."""
        return self.raw_version >> 16

    @property
    def flag_names(self) -> List[str]:
        """C names of the flags; bits without a name as one number."""
        return MINIDUMP_TYPE.labels(self.flags)


class Stream(NamedTuple):
    """One directory entry. ``offset`` is where the entry itself stands; ``rva`` and ``size`` where its data do."""

    index: int  # type: ignore[assignment]
    type: int
    size: int
    rva: int
    offset: int

    @property
    def name(self) -> str:
        """C name of the type, or ``???`` as the debugger says."""
        return MINIDUMP_STREAM_TYPE.label(self.type) or "???"

    @property
    def end(self) -> int:
        """Offset just after the stream."""
        return self.rva + self.size


KEPT = 1 << 10
"""Directory entries that are kept once they are read; a longer directory is read again by each walk."""
MAX_STREAMS = 1 << 16
"""Directory entries that are looked at. Writers make a few dozen; a damaged count must not have the whole file walked."""

_HEADER = MINIDUMP_HEADER.select("Signature", "Version", "NumberOfStreams", "StreamDirectoryRva", "CheckSum", "TimeDateStamp", "Flags")
_ENTRY = MINIDUMP_DIRECTORY.select("StreamType", "Location.DataSize", "Location.Rva")


def read_header(source: Source) -> Header:
    """The header. Raises DumpError when the file is not a user-mode minidump, saying what it is instead."""
    head = source.some(0, _HEADER.size)
    if len(head) < _HEADER.size or head[:4] != struct.pack("<I", MINIDUMP_SIGNATURE):
        from .identify import refuse

        refuse(source)
    return Header(*_HEADER.unpack(head))


def header_damage(header: Header) -> Iterator[Damage]:
    """What is wrong with the header itself."""
    if header.version != MINIDUMP_VERSION:
        yield Damage("bad-version", f"the low word of Version is 0x{header.version:x}, not 0x{MINIDUMP_VERSION:x}: the debugger refuses the file", 4, 2, 2)


class Directory(Sequence[Stream]):
    """The streams in directory order, unused ones included. Entries that lie outside the file are left out, and reported.

    ``claimed`` is how many entries the header says there are, ``rva`` where they stand, ``damage`` what is wrong with the whole.
    """

    def __init__(self, source: Source, header: Header) -> None:
        self._source = source
        self.claimed: int = header.stream_count
        self.rva: int = header.directory_rva
        held = source.available(self.rva, self.claimed * _ENTRY.size)
        self._count = min(held // _ENTRY.size, MAX_STREAMS)
        self.damage: Optional[Damage] = None
        if self._count == MAX_STREAMS < self.claimed:
            message = f"the directory at 0x{self.rva:x} claims {self.claimed} entries; the first {MAX_STREAMS} are read"
            self.damage = Damage("directory-too-long", message, self.rva, self.claimed * _ENTRY.size, held)
        elif self._count < self.claimed:
            message = f"the directory of {counted(self.claimed, 'entry')} at 0x{self.rva:x} " + (
                "is outside the file" if not held else f"is cut: {self._count} of them are in the file"
            )
            self.damage = Damage("directory-outside-file" if not held else "directory-cut", message, self.rva, self.claimed * _ENTRY.size, held)
        self._alone: Optional[Stream] = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Stream: ...
    @overload
    def __getitem__(self, index: slice) -> List[Stream]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[Stream, List[Stream]]:
        if isinstance(index, slice):
            return self._kept[index] if self._kept is not None else [self[i] for i in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError(index)
        if self._kept is not None:
            return self._kept[index]
        offset = self.rva + index * _ENTRY.size
        kind, size, rva = _ENTRY.unpack(self._source.fetch(offset, _ENTRY.size))
        return Stream(index, kind, size, rva, offset)

    def __iter__(self) -> Iterator[Stream]:
        return self._decoded() if self._kept is None else iter(self._kept)

    @cached_property
    def _kept(self) -> Optional[List[Stream]]:
        return list(self._decoded()) if self._count <= KEPT else None

    def _decoded(self) -> Iterator[Stream]:
        if not self._count:
            return iter(())
        # MAX_STREAMS bounds what is read here.
        entries = zip(*_ENTRY.iter_unpack(self._source.fetch(self.rva, self._count * _ENTRY.size)))
        return map(tuple.__new__, repeat(Stream), zip(range(self._count), *entries, range(self.rva, self.rva + self._count * _ENTRY.size, _ENTRY.size)))

    @cached_property
    def _by_type(self) -> Dict[int, List[Stream]]:
        table: Dict[int, List[Stream]] = {}
        # The debugger uses the first of a kind; a few more are kept to be told of.
        for stream in self:
            found = table.get(stream.type * SALT)
            if found is None:
                table[stream.type * SALT] = [stream]
            elif len(found) < 64:
                found.append(stream)
        return table

    def first(self, kind: int) -> Optional[Stream]:
        """The first stream of a type, which is the one the debugger uses, or None."""
        if self._alone is not None and self._alone.type == kind:
            return self._alone
        found = self._by_type.get(kind * SALT)
        return found[0] if found else None

    def all(self, kind: int) -> Tuple[Stream, ...]:
        """All streams of a type (64 at the most)."""
        if self._alone is not None and self._alone.type == kind:
            return (self._alone,)
        return tuple(self._by_type.get(kind * SALT, ()))

    def with_only(self, stream: Stream) -> Directory:
        """The same directory, in which ``first`` and ``all`` give this stream alone for its type. The index is shared."""
        from copy import copy  # it takes a millisecond that listing handles does without

        other = copy(self)
        other._by_type = self._by_type
        other._alone = stream
        return other


def read_directory(source: Source, header: Header) -> Directory:
    """The directory; never raises, however wrong it is."""
    return Directory(source, header)


__all__ = ["Directory", "DumpError", "Header", "Stream", "header_damage", "read_directory", "read_header"]

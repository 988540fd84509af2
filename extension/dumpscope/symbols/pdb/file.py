"""Where things stand in a PDB: the object that a piece of code came from, its symbol records, and records of types.

Source of the format: microsoft/microsoft-pdb, PDB/dbi/dbi.h and PDB/dbi/tpi.h (HDR); LLVM's "The PDB DBI Stream" and "The PDB TPI and IPI Streams".
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import cached_property
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...dump.source import Source
from .msf import Msf, Stream
from .registers import X86

MAX_PART = 1 << 26
"""Bytes of a part that is gone through as a whole: symbols of an object, pieces of sections, the list of objects."""
MAX_STEPS = 1 << 22
"""Records that are passed while types are looked for, for one question."""
TPI, DBI, IPI = 2, 3, 4
_DBI_HEADER = struct.Struct("<24x8I8x")
_MODULE = struct.Struct("<34xHI24x")
_CONTRIBUTION = struct.Struct("<HxxIIIHxxII")
_VERSION, _VERSION_2 = 0xEFFE0000 + 19970605, 0xEFFE0000 + 20140516
_OMAP_TO, _OMAP_FROM, _SECTIONS = 3, 4, 5
_TYPES_HEADER = struct.Struct("<IIIIIHHIIiIiI")
_CHUNK = 1 << 14
NO_STREAM = 0xFFFF


class BadPdb(ValueError):
    """Records of a PDB that cannot be gone through."""


class Header(NamedTuple):
    """Sizes of the parts of the DBI stream, in bytes and in the order in which they stand after its header, and the numbers of further streams."""

    modules: int
    contributions: int
    streams: Tuple[int, ...]


def records(data: bytes, place: int) -> Iterator[Tuple[int, bytes]]:
    """Kind and body of the records that follow one another; what does not fit ends them."""
    while place + 4 <= len(data):
        size, kind = struct.unpack_from("<HH", data, place)
        if size < 2 or place + 2 + size > len(data):
            return
        yield kind, data[place + 4 : place + 2 + size]
        place += 2 + size


class Pdb:
    """One open PDB file. What is read is bounded; numbers in the file are believed only as far as the file reaches."""

    def __init__(self, source: Source) -> None:
        self._msf = Msf(source)
        self._types: Dict[int, Optional[_Types]] = {}

    @cached_property
    def machine(self) -> int:
        """The processor, as in the header of an image; 0 where the file does not say."""
        return int.from_bytes(self.stream(DBI).read(58, 2), "little")

    @property
    def pointer_size(self) -> int:
        """Bytes of a pointer."""
        return 4 if self.machine == X86 else 8

    def stream(self, number: int) -> Stream:
        """A stream by its number; an empty one where there is none."""
        return self._msf.stream(number)

    def part(self, number: int) -> bytes:
        """A whole stream; nothing where it is too large to be gone through."""
        found = self.stream(number)
        return found.read(0, found.size) if found.size <= MAX_PART else b""

    def header(self) -> Optional[Header]:
        """What the DBI stream begins with; None where the file has none."""
        stream = self.stream(DBI)
        head = stream.read(0, _DBI_HEADER.size)
        if len(head) < _DBI_HEADER.size:
            return None
        modules, contributions, sections, files, servers, _, optional, names = _DBI_HEADER.unpack(head)
        place = _DBI_HEADER.size + modules + contributions + sections + files + servers + names
        held = stream.read(place, min(optional, 64))
        return Header(modules, contributions, struct.unpack(f"<{len(held) // 2}H", held[: len(held) // 2 * 2]))

    def place(self, rva: int) -> Optional[Tuple[int, int]]:
        """Section, counted from 1, and offset there; None outside all sections, and where the image was rearranged after it was linked."""
        header = self.header()
        if header is None or len(header.streams) <= _SECTIONS or any(header.streams[index] != NO_STREAM for index in (_OMAP_TO, _OMAP_FROM)):
            return None
        rows = self.part(header.streams[_SECTIONS])
        for number in range(len(rows) // 40):
            size, start = struct.unpack_from("<II", rows, 40 * number + 8)
            if start <= rva < start + size:
                return number + 1, rva - start
        return None

    def symbols_at(self, section: int, offset: int) -> bytes:
        """The symbol records of the object that a piece of a section came from; they begin at 4."""
        header = self.header()
        if header is None or header.modules > MAX_PART or header.contributions > MAX_PART:
            return b""
        stream = self.stream(DBI)
        wanted = _contributor(stream.read(_DBI_HEADER.size + header.modules, header.contributions), section, offset)
        if wanted is None:
            return b""
        number, size = _module(stream.read(_DBI_HEADER.size, header.modules), wanted)
        return self.stream(number).read(0, min(size, MAX_PART))

    def record(self, stream: int, index: int) -> Tuple[int, bytes]:
        """Kind and body of a record of TPI or IPI; (0, b"") where there is none."""
        if stream not in self._types:
            self._types[stream] = _Types.of(self, stream)
        found = self._types[stream]
        return (0, b"") if found is None else found.record(index)


def _contributor(data: bytes, section: int, offset: int) -> Optional[int]:
    """The number of the object that a piece of a section came from."""
    version = int.from_bytes(data[:4], "little")
    step = _CONTRIBUTION.size + (4 if version == _VERSION_2 else 0)
    if version not in (_VERSION, _VERSION_2):
        return None
    for place in range(4, len(data) - step + 1, step):
        where, start, size, _, module, _, _ = _CONTRIBUTION.unpack_from(data, place)
        if where == section and start <= offset < start + size:
            return int(module)
    return None


def _module(data: bytes, wanted: int) -> Tuple[int, int]:
    """Number of the stream of an object's symbols, and their size."""
    place = 0
    for index in range(wanted + 1):
        if place + _MODULE.size > len(data):
            break
        stream, size = _MODULE.unpack_from(data, place)
        if index == wanted:
            return stream, size
        first = data.find(b"\0", place + _MODULE.size)  # two names stand after
        place = data.find(b"\0", first + 1) + 4 & ~3
        if first < 0 or place < first:
            break
    return NO_STREAM, 0


class _Types:
    """The records of a stream of types by their indexes. Some of them have their places in another stream; the walk begins at the last one before."""

    def __init__(self, stream: Stream, begin: int, starts: List[int], places: List[int]) -> None:
        self._stream = stream
        self._begin = begin
        self._indexes = starts
        self._places = places
        self._steps = 0

    @classmethod
    def of(cls, file: Pdb, number: int) -> Optional[_Types]:
        stream = file.stream(number)
        head = stream.read(0, _TYPES_HEADER.size)
        if len(head) < _TYPES_HEADER.size:
            return None
        _, size, begin, _, _, hashes, _, _, _, _, _, offset, length = _TYPES_HEADER.unpack(head)
        indexes, places = [begin], [size]
        held = file.stream(hashes).read(offset, min(length, MAX_PART)) if hashes != NO_STREAM and offset > 0 else b""
        for index, place in struct.iter_unpack("<II", held[: len(held) // 8 * 8]):
            if index > indexes[-1] and place + size > places[-1]:
                indexes.append(index)
                places.append(place + size)
        return cls(stream, begin, indexes, places)

    def record(self, index: int) -> Tuple[int, bytes]:
        if index < self._begin:
            return 0, b""
        known = bisect_right(self._indexes, index) - 1
        place, left = self._places[known], index - self._indexes[known]
        data, start = b"", 0
        while True:
            if place + 4 > start + len(data):
                data, start = self._stream.read(place, _CHUNK), place
                if len(data) < 4:
                    return 0, b""
            size, kind = struct.unpack_from("<HH", data, place - start)
            if size < 2:
                return 0, b""
            if not left:
                return kind, self._stream.read(place + 4, size - 2)
            left -= 1
            place += 2 + size
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise BadPdb("the records of types are too many to be passed one by one")

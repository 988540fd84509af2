"""A PE image: read from captured memory, where it lies as it was mapped, or from an image file, where it lies by sections.

Nothing that an image says is trusted: each table is bounded by what is there to read and by the limits below.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple, Optional, Protocol, Sequence, Tuple, Union

from ..dump.absence import DAMAGED, NOT_CAPTURED, NOT_THERE, Absent
from ..dump.source import Source
from ..dump.streams.memory import Memory
from ..dump.streams.modules import CodeView, decode_codeview
from ..format.counted import counted
from ..format.pe import (
    IMAGE_DEBUG_DIRECTORY,
    IMAGE_DEBUG_TYPE_CODEVIEW,
    IMAGE_DIRECTORY_ENTRY_DEBUG,
    IMAGE_DIRECTORY_ENTRY_EXPORT,
    IMAGE_DOS_HEADER,
    IMAGE_DOS_SIGNATURE,
    IMAGE_FILE_HEADER,
    IMAGE_FILE_MACHINE,
    IMAGE_NT_SIGNATURE,
    IMAGE_NUMBEROF_DIRECTORY_ENTRIES,
    IMAGE_SCN_MEM_EXECUTE,
    IMAGE_SECTION_HEADER,
    OPTIONAL_HEADERS,
)
from .exports import NO_EXPORTS, Exports, read_exports

MAX_SECTIONS = 4096
"""Section headers that are read. Windows itself allows 96 in older versions."""
MAX_LFANEW = 1 << 24
"""How far from the start the PE headers may be."""
MAX_DEBUG_ENTRIES = 64
MAX_CODEVIEW = 0x10000
_PAGE = 0x1000
_FILE_ALIGNMENT = 0x200
"""The loader rounds PointerToRawData down to this, whatever FileAlignment says (Microsoft Learn, PE Format)."""

_LFANEW = IMAGE_DOS_HEADER.offset_of("e_lfanew")
_FILE = IMAGE_FILE_HEADER.select("Machine", "NumberOfSections", "TimeDateStamp", "SizeOfOptionalHeader", "Characteristics")
_OPTIONAL = {
    magic: shape.select("AddressOfEntryPoint", "ImageBase", "SectionAlignment", "SizeOfImage", "SizeOfHeaders", "CheckSum", "NumberOfRvaAndSizes")
    for magic, shape in OPTIONAL_HEADERS.items()
}
_SECTION = IMAGE_SECTION_HEADER.select("Name", "VirtualSize", "VirtualAddress", "SizeOfRawData", "PointerToRawData", "Characteristics")
_DEBUG = IMAGE_DEBUG_DIRECTORY.select("TimeDateStamp", "Type", "SizeOfData", "AddressOfRawData", "PointerToRawData")


class Section(NamedTuple):
    """One IMAGE_SECTION_HEADER. ``rva`` and ``size`` are those in memory, ``raw`` and ``raw_size`` those in the file, all in bytes."""

    name: str
    rva: int
    size: int
    raw: int
    raw_size: int
    characteristics: int

    @property
    def end(self) -> int:
        """First RVA after the section."""
        return self.rva + self.size

    @property
    def executable(self) -> bool:
        """Whether it holds code."""
        return bool(self.characteristics & IMAGE_SCN_MEM_EXECUTE)


class Place(NamedTuple):
    """Where a byte of an image was read: ``offset`` in the file ``path``; an empty path is the dump itself."""

    path: str
    offset: int

    def __str__(self) -> str:
        return f"0x{self.offset:x} in {self.path}" if self.path else f"0x{self.offset:x}"


class Reader(Protocol):
    """Gives bytes of an image by RVA."""

    @property
    def words(self) -> str:
        """Where the bytes come from, for people."""

    @property
    def path(self) -> str:
        """The image file, or an empty string for the dump."""

    def read(self, rva: int, size: int) -> bytes:
        """As many of ``size`` bytes at ``rva`` as are there without a gap."""

    def offset_of(self, rva: int) -> Optional[int]:
        """File offset of the byte at ``rva``, None if it is not there."""


class MemoryReader:
    """Bytes of an image that the dump captured: ``size`` bytes at ``base`` in the process at the most."""

    path = ""
    words = "captured memory"

    def __init__(self, memory: Memory, base: int, size: int) -> None:
        self._memory = memory
        self.base = base
        self.size = size

    def read(self, rva: int, size: int) -> bytes:
        """As many of ``size`` bytes at ``rva`` as the dump holds without a gap."""
        size = min(size, self.size - rva)
        return self._memory.some(self.base + rva, size) if rva >= 0 and size > 0 else b""

    def offset_of(self, rva: int) -> Optional[int]:
        """Offset in the dump of the byte at ``rva``, None if it was not captured."""
        place = self._memory.locate(self.base + rva) if 0 <= rva < self.size else None
        return None if place is None else place[0]


class _Flat:
    """The bytes of an image file as they lie there: for its headers, before its sections are known."""

    def __init__(self, source: Source) -> None:
        self.path = source.name
        self.words = f"the image file {source.name}"
        self._source = source

    def read(self, rva: int, size: int) -> bytes:
        return self._source.some(rva, size)

    def offset_of(self, rva: int) -> Optional[int]:
        return rva if 0 <= rva < self._source.size else None


class FileReader:
    """Bytes of an image file by RVA. What the file does not hold (zeros of .bss) is not there."""

    def __init__(self, source: Source, headers: Headers) -> None:
        self.path = source.name
        self.words = f"the image file {source.name}"
        self._source = source
        rows = []
        if headers.size_of_headers:
            rows.append((0, min(headers.size_of_headers, source.size), 0))
        for section in headers.sections:
            raw = section.raw // _FILE_ALIGNMENT * _FILE_ALIGNMENT if headers.section_alignment >= _PAGE else section.raw
            mapped = -(-(section.size or section.raw_size) // _PAGE) * _PAGE
            held = source.available(raw, min(section.raw_size, mapped)) if raw else 0
            if held:
                rows.append((section.rva, section.rva + held, raw))
        # Where sections overlap, which no loader allows, the one that begins last before an address serves it.
        rows.sort()
        self._starts = [row[0] for row in rows]
        self._rows = rows

    def _find(self, rva: int) -> Optional[Tuple[int, int]]:
        """File offset of ``rva`` and how many bytes follow it in its section."""
        position = bisect_right(self._starts, rva) - 1
        if position < 0:
            return None
        start, end, raw = self._rows[position]
        return (raw + rva - start, end - rva) if rva < end else None

    def read(self, rva: int, size: int) -> bytes:
        """As many of ``size`` bytes at ``rva`` as its section has in the file."""
        place = self._find(rva)
        return b"" if place is None else self._source.some(place[0], min(size, place[1]))

    def offset_of(self, rva: int) -> Optional[int]:
        """File offset of the byte at ``rva``, None if the file does not hold it."""
        place = self._find(rva)
        return None if place is None else place[0]


class Headers(NamedTuple):
    """What the PE headers say. ``directories`` are (rva, size) by IMAGE_DIRECTORY_ENTRY number."""

    machine: int
    timestamp: int
    characteristics: int
    magic: int
    entry_point: int
    image_base: int
    section_alignment: int
    size_of_image: int
    size_of_headers: int
    checksum: int
    directories: Tuple[Tuple[int, int], ...]
    sections: Tuple[Section, ...]
    offset: int
    """RVA of the PE signature (e_lfanew)."""

    def __repr__(self) -> str:
        machine = IMAGE_FILE_MACHINE.label(self.machine) or f"machine 0x{self.machine:x}"
        return f"<Headers: {machine}, 0x{self.timestamp:x}, {counted(len(self.sections), 'section')}>"


def read_headers(reader: Reader) -> Union[Headers, Absent]:
    """The PE headers; Absent (damaged, not-captured) with the first thing that is wrong."""
    start = reader.read(0, IMAGE_DOS_HEADER.size)
    if not start:
        return Absent(NOT_CAPTURED, f"{reader.words} does not hold the image's headers")
    if len(start) < IMAGE_DOS_HEADER.size or int.from_bytes(start[:2], "little") != IMAGE_DOS_SIGNATURE:
        return Absent(DAMAGED, f"{reader.words} does not begin with MZ: it is no PE image")
    lfanew = int.from_bytes(start[_LFANEW : _LFANEW + 4], "little")
    least = 4 + IMAGE_FILE_HEADER.size
    head = reader.read(lfanew, least + 2) if lfanew <= MAX_LFANEW else b""
    if len(head) < least + 2:
        return Absent(DAMAGED if reader.path else NOT_CAPTURED, f"{reader.words} does not hold the PE headers, which e_lfanew places at 0x{lfanew:x}")
    if int.from_bytes(head[:4], "little") != IMAGE_NT_SIGNATURE:
        return Absent(DAMAGED, f"{reader.words} has no PE signature at 0x{lfanew:x}")
    machine, count, timestamp, optional_size, characteristics = _FILE.unpack_from(head, 4)
    magic = int.from_bytes(head[least:], "little")
    shape = OPTIONAL_HEADERS.get(magic)
    if shape is None:
        return Absent(DAMAGED, f"{reader.words} has an optional header of the unknown kind 0x{magic:x}")
    first = shape.offset_of("DataDirectory")
    data = reader.read(lfanew + least, min(optional_size, shape.size))
    if len(data) < first:
        return Absent(DAMAGED, f"{reader.words} has an optional header of 0x{len(data):x} bytes, at least 0x{first:x} are needed")
    entry, base, alignment, size_of_image, size_of_headers, checksum, claimed = _OPTIONAL[magic].unpack(data.ljust(shape.size, b"\0"))
    room = min(claimed, IMAGE_NUMBEROF_DIRECTORY_ENTRIES, (len(data) - first) // 8)
    directories = tuple(struct.iter_unpack("<II", data[first : first + 8 * room]))
    table = reader.read(lfanew + least + optional_size, min(count, MAX_SECTIONS) * IMAGE_SECTION_HEADER.size)
    whole = len(table) // _SECTION.size * _SECTION.size
    sections = tuple(
        Section(name.split(b"\0", 1)[0].decode("latin-1"), rva, size, raw, raw_size, kind)
        for name, size, rva, raw_size, raw, kind in _SECTION.iter_unpack(table[:whole])
    )
    return Headers(
        machine,
        timestamp,
        characteristics,
        magic,
        entry,
        base,
        alignment,
        size_of_image,
        size_of_headers,
        checksum,
        directories,
        sections,
        lfanew,
    )


class Image:
    """One PE image. Its bytes come from captured memory, from an image file, or from both: what memory holds comes first.

    ``mismatch`` says in words what differs from the module where a file was taken although it does not match, else it is empty.
    """

    def __init__(self, headers: Headers, readers: Sequence[Reader], mismatch: str = "") -> None:
        self.headers = headers
        self.readers: Tuple[Reader, ...] = tuple(readers)
        self.mismatch = mismatch

    def __repr__(self) -> str:
        return f"<Image {self.source}>"

    @property
    def machine(self) -> int:
        """IMAGE_FILE_HEADER.Machine."""
        return self.headers.machine

    @property
    def timestamp(self) -> int:
        """IMAGE_FILE_HEADER.TimeDateStamp."""
        return self.headers.timestamp

    @property
    def size_of_image(self) -> int:
        """IMAGE_OPTIONAL_HEADER.SizeOfImage in bytes."""
        return self.headers.size_of_image

    @property
    def image_base(self) -> int:
        """The address that the image prefers; in captured memory the one that it has."""
        return self.headers.image_base

    @property
    def sections(self) -> Tuple[Section, ...]:
        """The section headers in their order."""
        return self.headers.sections

    @property
    def source(self) -> str:
        """Where its bytes come from, for people: ``captured memory``, ``the image file PATH``, or both."""
        return ", else ".join(reader.words for reader in self.readers)

    @property
    def path(self) -> str:
        """The image file, an empty string if only captured memory is used."""
        return next((reader.path for reader in self.readers if reader.path), "")

    def read(self, rva: int, size: int) -> bytes:
        """As many of ``size`` bytes at ``rva`` as are there, perhaps none. ``size`` is bounded by the caller."""
        best = b""
        for reader in self.readers:
            data = reader.read(rva, size)
            if len(data) == size:
                return data
            if len(data) > len(best):
                best = data
        return best

    def place(self, rva: int) -> Optional[Place]:
        """Where the byte at ``rva`` is: in the dump or in the image file. None if it is nowhere."""
        for reader in self.readers:
            offset = reader.offset_of(rva)
            if offset is not None:
                return Place(reader.path, offset)
        return None

    def offset_of(self, rva: int) -> Optional[int]:
        """The offset of :meth:`place`: in the dump where memory holds the byte, else in the image file."""
        place = self.place(rva)
        return None if place is None else place.offset

    def directory(self, index: int) -> Tuple[int, int]:
        """RVA and size in bytes of a table by IMAGE_DIRECTORY_ENTRY number; (0, 0) if there is none."""
        return self.headers.directories[index] if 0 <= index < len(self.headers.directories) else (0, 0)

    def section_at(self, rva: int) -> Optional[Section]:
        """The section that an RVA lies in."""
        for section in self.headers.sections:
            if section.rva <= rva < section.rva + max(section.size, section.raw_size):
                return section
        return None

    @cached_property
    def exports(self) -> Exports:
        """What the image exports; empty if it exports nothing or the table is not there."""
        rva, size = self.directory(IMAGE_DIRECTORY_ENTRY_EXPORT)
        return read_exports(self.read, rva, size) if rva else NO_EXPORTS

    @cached_property
    def codeview(self) -> Union[CodeView, Absent]:
        """The CodeView record (RSDS or NB10) that the debug directory leads to; ``offset`` is that of :meth:`offset_of`."""
        rva, size = self.directory(IMAGE_DIRECTORY_ENTRY_DEBUG)
        table = self.read(rva, min(size, MAX_DEBUG_ENTRIES * IMAGE_DEBUG_DIRECTORY.size)) if rva else b""
        whole = len(table) // _DEBUG.size * _DEBUG.size
        for _, kind, length, data_rva, _ in _DEBUG.iter_unpack(table[:whole]):
            if kind == IMAGE_DEBUG_TYPE_CODEVIEW and data_rva:
                found = decode_codeview(self.read(data_rva, min(length, MAX_CODEVIEW)), self.offset_of(data_rva) or 0)
                if found:
                    return found
        return Absent(NOT_THERE, "no CodeView record in the image's debug directory")


def image_in_memory(memory: Memory, base: int, size: int) -> Union[Image, Absent]:
    """The image that is mapped at ``base``, as far as the dump captured it."""
    reader = MemoryReader(memory, base, size)
    headers = read_headers(reader)
    return Image(headers, (reader,)) if isinstance(headers, Headers) else headers


def image_file(source: Source) -> Union[Image, Absent]:
    """The image in a file."""
    headers = read_headers(_Flat(source))
    return Image(headers, (FileReader(source, headers),)) if isinstance(headers, Headers) else headers

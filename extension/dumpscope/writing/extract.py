"""``extract``: images of modules, memory and streams of a dump as files of their own."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import BinaryIO, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

from ..dump.absence import NOT_CAPTURED, Absent
from ..dump.minidump import Minidump
from ..dump.source import Source
from ..dump.streams.modules import Module
from ..errors import DumpError
from ..symbols.image import Headers, MemoryReader, read_headers
from .needed import captured
from .output import PIECE
from .ranges import Ranges

MAX_IMAGE = 1 << 31
"""Images are below 2 GiB."""
MAX_GAPS = 1 << 30
"""Bytes that are not captured in one extracted range at the most; they read as zeros."""
_SAFE = re.compile(r"[^A-Za-z0-9._+-]")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


class Copied(NamedTuple):
    """Bytes of the source at ``offset`` that go to ``place`` in the file."""

    place: int
    size: int
    offset: int


class Gap(NamedTuple):
    """What is not in the dump and reads as zeros in the file: ``what`` it is, at ``address`` in the process and ``place`` in the file.

    ``address`` is None for a part of a stream, which is no memory of the process.
    """

    what: str
    address: Optional[int]
    size: int
    place: int


class _Held:
    """Captured memory between two addresses, walked through once and then found by address: many images are asked for, each in many parts."""

    def __init__(self, dump: Minidump, start: int = 0, end: int = 1 << 64) -> None:
        self._starts, self._sizes, self._offsets = array("Q"), array("Q"), array("Q")
        for low, high, offset in captured(dump, Ranges([(start, end)])):
            self._starts.append(low)
            self._sizes.append(high - low)
            self._offsets.append(offset)

    def within(self, start: int, end: int) -> Iterator[Tuple[int, int, int]]:
        """The captured parts: first address, address after, file offset."""
        at = max(0, bisect_right(self._starts, start) - 1)
        while at < len(self._starts) and self._starts[at] < end:
            low, high = max(start, self._starts[at]), min(end, self._starts[at] + self._sizes[at])
            if low < high:
                yield low, high, self._offsets[at] + low - self._starts[at]
            at += 1


class Extracted:
    """A file to be made of parts of a dump: ``pieces`` of its bytes in the file ``source``, ``gaps`` between them, and its ``size``.

    ``layout`` is ``file`` for an image with its sections at their file offsets, ``memory`` for bytes as they lie in memory, ``stream``
    for a stream; ``why`` says why an image is not laid out as a file.
    """

    def __init__(self, source: Source, layout: str, why: str = "") -> None:
        self.source = source
        self.layout = layout
        self.why = why
        self.size = 0
        self.pieces: List[Copied] = []
        self.gaps: List[Gap] = []

    @property
    def held(self) -> int:
        """Bytes of the file that the dump has."""
        return sum(piece.size for piece in self.pieces)

    def take(self, dump: Minidump, what: str, address: int, size: int, place: int) -> None:
        """Add memory of the process at a place of the file."""
        self._take(_Held(dump, address, address + size), what, address, size, place)

    def _take(self, held: _Held, what: str, address: int, size: int, place: int) -> None:
        at = address
        for low, high, offset in held.within(address, address + size):
            if low > at:
                self.gaps.append(Gap(what, at, low - at, place + at - address))
            self.pieces.append(Copied(place + low - address, high - low, offset))
            at = high
        if at < address + size:
            self.gaps.append(Gap(what, at, address + size - at, place + at - address))
        self.size = max(self.size, place + size)

    def write_to(self, file: BinaryIO) -> int:
        """Write into an empty, seekable binary file; its size. What is not there is a hole, which reads as zeros."""
        for piece in self.pieces:
            file.seek(piece.place)
            for at in range(0, piece.size, PIECE):
                file.write(self.source.fetch(piece.offset + at, min(PIECE, piece.size - at)))
                self.source.release()
        file.flush()
        file.truncate(self.size)
        return self.size


def extract_module(dump: Minidump, module: Module) -> Union[Extracted, Absent]:
    """The image of a module. Absent if nothing of it is captured.

    With sound headers each section goes to its file offset. What the loader changed stays changed: relocated addresses, imports, and data
    that the program wrote.
    """
    return _image(dump, module, _Held(dump, module.base, module.base + min(module.size, MAX_IMAGE)))


def _image(dump: Minidump, module: Module, held: _Held) -> Union[Extracted, Absent]:
    size = min(module.size, MAX_IMAGE)
    if not any(True for _ in held.within(module.base, module.base + size)):
        return Absent(NOT_CAPTURED, f"nothing of {module.name} at 0x{module.base:x} is captured")
    headers = read_headers(MemoryReader(dump.memory, module.base, size))
    why = headers.message if isinstance(headers, Absent) else _unsound(headers, size)
    if why or isinstance(headers, Absent):
        made = Extracted(dump.source, "memory", why)
        made._take(held, "image", module.base, size, 0)
        return made
    made = Extracted(dump.source, "file")
    made._take(held, "headers", module.base, headers.size_of_headers, 0)
    for section in headers.sections:
        if section.raw_size and section.raw:
            made._take(held, section.name or "section", module.base + section.rva, section.raw_size, section.raw)
    return made


def extract_modules(dump: Minidump) -> Iterator[Tuple[Module, Extracted]]:
    """The images of all modules of which something is captured.

    Raises DumpError where they would have more bytes of the dump than it has: modules that lie over each other could make it a thousand times larger.
    """
    held = _Held(dump)
    total = 0
    for module in dump.modules:
        made = _image(dump, module, held)
        if isinstance(made, Absent):
            continue
        total += made.held
        if total > dump.source.size:
            raise DumpError(
                f"the images of {module.index + 1} modules would have 0x{total:x} bytes of a dump of 0x{dump.source.size:x}: modules lie over each other",
                "`modules` lists them; extract one with --module",
            )
        yield module, made


def _unsound(headers: Headers, size: int) -> str:
    """Why the sections of an image cannot be put back at their file offsets; empty if they can."""
    if not 0 < headers.size_of_headers <= size:
        return f"SizeOfHeaders is 0x{headers.size_of_headers:x}, the image has 0x{size:x} bytes"
    end = headers.size_of_headers
    for section in sorted(headers.sections, key=lambda item: item.raw):
        if not section.raw or not section.raw_size:
            continue
        if section.raw < end:
            return f"section {section.name!r} begins at 0x{section.raw:x} in the file, inside what is before it"
        if section.rva + section.raw_size > size or section.raw > 2 * size:
            return f"section {section.name!r} reaches beyond the image"
        end = section.raw + section.raw_size
    return ""


def cut_range(dump: Minidump, start: int, end: int) -> str:
    """Which range of the dump's lists should hold these addresses, and where in the file its bytes were to be; empty where none does."""
    for ranges in (dump.memory64_list, dump.memory_list):
        for item in ranges:
            if item.held < item.size and item.start + item.held < end and start < item.end:
                return f": range {item.index} lists 0x{item.size:x} bytes at 0x{item.start:x}, which should be at 0x{item.rva:x} in the file; " + (
                    f"the file holds 0x{item.held:x} of them" if item.held else "the file holds none of them"
                )
    return ""


def extract_range(dump: Minidump, address: int, size: int) -> Union[Extracted, Absent]:
    """Memory of the process, to its last captured byte. Absent if none of it is captured. Raises DumpError for gaps of more than 1 GiB."""
    size = min(size, (1 << 64) - address)
    memory = _Held(dump, address, address + size)
    held = last = 0
    for low, high, _ in memory.within(address, address + size):
        held += high - low
        last = high
    if not held:
        return Absent(NOT_CAPTURED, f"none of the 0x{size:x} bytes at 0x{address:x} are in the dump{cut_range(dump, address, address + size)}")
    if last - address - held > MAX_GAPS:
        raise DumpError(f"0x{last - address - held:x} bytes between the captured ones are not in the dump", "extract smaller ranges; `memory` lists them")
    made = Extracted(dump.source, "memory")
    made._take(memory, "memory", address, last - address, 0)
    if last < address + size:
        made.gaps.append(Gap("memory (the file ends before it)", last, address + size - last, last - address))
    return made


def extract_stream(dump: Minidump, index: int) -> Extracted:
    """The bytes of a stream by its index in the directory, as far as the file has them. Raises DumpError where it has none of them."""
    stream = dump.streams[index]
    made = Extracted(dump.source, "stream")
    held = dump.source.available(stream.rva, stream.size)
    if stream.size and not held:
        raise DumpError(
            f"{stream.name}: 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds none of them",
            "the file may have been cut: fetch it again, and compare its size with the original; `streams` lists what it holds",
            offset=stream.rva,
            needed=stream.size,
            available=0,
        )
    made.size = held
    if held:
        made.pieces.append(Copied(0, held, stream.rva))
    if held < stream.size:
        made.gaps.append(Gap(f"{stream.name} (the file ends before it)", None, stream.size - held, held))
    return made


def file_names(modules: List[Module]) -> Iterator[str]:
    """A name for each module's file that no file system reads as a path or device, none of them twice."""
    seen: Set[str] = set()
    for module in modules:
        name = _SAFE.sub("_", re.split(r"[\\/]", module.path)[-1])[-100:].strip(".") or "module"
        if _DEVICES.match(name):
            name = "_" + name
        if name.lower() in seen:
            name = f"{module.base:x}-{module.index}-{name}"
        seen.add(name.lower())
        yield name


__all__ = ["Extracted", "Gap", "Copied", "extract_module", "extract_modules", "extract_range", "extract_stream", "file_names"]

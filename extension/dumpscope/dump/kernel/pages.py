"""Pages of physical memory in kernel dumps that are no triage dumps: of full dumps by the runs of the header, of others by a bitmap.

Pages follow each other in the file in the order of their numbers. Addresses here are physical; page tables are not walked.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Protocol, Tuple, Union

from ...format import kernel as layout
from ...format.layout import Structure
from ..absence import DAMAGED, NOT_APPLICABLE, Absent
from ..source import Source

if TYPE_CHECKING:
    from .kerneldump import KernelDump

PAGE = 0x1000
"""Bytes of a page."""
_CHUNK = 1 << 16
_FULL, _BITMAPS = (1, layout.FILL), (layout.SUMMARY, 5, 6)


class Piece(Protocol):
    """A stretch of memory that lies in one piece in the file."""

    @property
    def address(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def offset(self) -> int: ...


def read_pieces(source: Source, piece_at: Callable[[int], Optional[Piece]], address: int, size: int) -> bytes:
    """The bytes at ``address`` that the file holds without a gap, ``size`` of them at the most; ``piece_at`` finds the piece that holds an address."""
    parts: List[bytes] = []
    while size > 0:
        piece = piece_at(address)
        if piece is None:
            break
        place = address - piece.address
        data = source.some(piece.offset + place, min(size, piece.size - place))
        if not data:
            break
        parts.append(data)
        address += len(data)
        size -= len(data)
    return b"".join(parts)


class PageRun(NamedTuple):
    """Pages that follow each other in memory and in the file: number of the first, how many, and the offset of the first."""

    first: int
    pages: int
    offset: int

    @property
    def address(self) -> int:
        """Physical address of the first byte."""
        return self.first * PAGE

    @property
    def size(self) -> int:
        """Bytes of the run."""
        return self.pages * PAGE


class Pages:
    """The pages that a file claims to hold, and those that it does hold. ``bitmap`` is BITMAP_DUMP or SUMMARY_DUMP by C name, and ``shape``
    its structure, None in a full dump."""

    def __init__(self, dump: KernelDump, runs: List[PageRun], claimed: int, bitmap: Optional[Dict[str, Any]], shape: Optional[Structure] = None) -> None:
        self._source = dump.source
        self.shape = shape
        self.runs = runs
        self.claimed = claimed
        self.bitmap = bitmap
        self._addresses = [run.address for run in runs]

    @property
    def held(self) -> int:
        """Whole pages that the file holds."""
        return sum(self._source.available(run.offset, run.size) // PAGE for run in self.runs)

    def run_at(self, address: int) -> Optional[PageRun]:
        """The run that holds a physical address, or None."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0 or address >= self.runs[index].address + self.runs[index].size:
            return None
        return self.runs[index]

    def read(self, address: int, size: int) -> bytes:
        """The bytes at a physical address that the file holds without a gap, ``size`` at the most."""
        return read_pieces(self._source, self.run_at, address, size)


def pages_of(dump: KernelDump) -> Union[Pages, Absent]:
    """The pages of a dump; Absent in triage dumps, and where what lists them cannot be read."""
    if dump.kind in _BITMAPS:
        return _by_bitmap(dump)
    if dump.kind in _FULL:
        return _by_runs(dump)
    return Absent(NOT_APPLICABLE, f"{dump.kind_meaning}; its pages are not read" if dump.kind != layout.TRIAGE else "a triage dump holds blocks, not pages")


def _by_runs(dump: KernelDump) -> Union[Pages, Absent]:
    runs = dump.physical_runs
    if isinstance(runs, Absent):
        return runs
    found: List[PageRun] = []
    offset = dump.header_layout.size
    end = 0
    for run in runs:
        if run.base_page < end:
            return Absent(DAMAGED, f"the runs of physical memory at 0x{runs[0].offset:x} are not in order")
        end = run.base_page + run.page_count
        if run.page_count:
            found.append(PageRun(run.base_page, run.page_count, offset))
        offset += run.page_count * PAGE
    return Pages(dump, found, sum(run.page_count for run in runs), None)


def _by_bitmap(dump: KernelDump) -> Union[Pages, Absent]:
    base, shape = dump.header_layout.size, layout.BITMAP_DUMP
    signatures: Tuple[bytes, ...] = layout.BITMAP_SIGNATURES
    if dump.kind == layout.SUMMARY:
        shape = layout.SUMMARY_DUMP64 if dump.wide else layout.SUMMARY_DUMP32
        signatures = signatures[:1]
    data = dump.source.some(base, shape.size)
    if len(data) < shape.size:
        return Absent(DAMAGED, f"{shape.name} needs 0x{shape.size:x} bytes at 0x{base:x}, and the file holds 0x{len(data):x} of them")
    bitmap = shape.unpack(data)
    if data[:4] not in signatures:
        return Absent(DAMAGED, f"no {shape.name} is at 0x{base:x}: it begins with {data[:4].hex(' ')}")
    room = max(0, dump.source.size - bitmap["HeaderSize"]) // PAGE + 1
    bits = min(bitmap["BitmapSize"], 8 * dump.source.available(base + shape.size, (bitmap["BitmapSize"] + 7) // 8))
    found: List[PageRun] = []
    taken = 0
    for first, count in _runs(dump, base + shape.size, bits):
        if taken >= room:
            break  # what follows is beyond the end of the file
        found.append(PageRun(first, count, bitmap["HeaderSize"] + taken * PAGE))
        taken += count
    return Pages(dump, found, bitmap["Pages"], bitmap, shape)


def _runs(dump: KernelDump, offset: int, bits: int) -> Iterator[Tuple[int, int]]:
    """First page and number of pages of each run of set bits."""
    start = -1
    page = 0
    for at in range(0, (bits + 7) // 8, _CHUNK):
        chunk = dump.source.some(offset + at, min(_CHUNK, (bits + 7) // 8 - at))
        if start < 0 and not any(chunk):
            page += 8 * len(chunk)
            continue
        for byte in chunk:
            if byte == 0xFF and page + 8 <= bits:
                start = page if start < 0 else start
            elif byte == 0:
                if start >= 0:
                    yield start, page - start
                    start = -1
            else:
                for bit in range(min(8, bits - page)):
                    if byte >> bit & 1:
                        start = page + bit if start < 0 else start
                    elif start >= 0:
                        yield start, page + bit - start
                        start = -1
            page += 8
    if start >= 0:
        yield start, min(page, bits) - start

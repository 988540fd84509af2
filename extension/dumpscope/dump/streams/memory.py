"""Captured memory: MemoryListStream and Memory64ListStream as one sorted view, and the regions of MemoryInfoListStream."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate, chain, compress, count, islice, repeat
from operator import add
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...errors import NotInDump
from ...format.header import MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ...format.memory import MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST
from ..absence import Absent, Damage
from ..directory import Stream
from ..intervals import holders
from ..lists import KEPT, NOTHING, RecordList, Span, counted, counted_records, described_records, headless
from ..source import Source

ADDRESS_END = 1 << 64


class Range(NamedTuple):
    """A captured range: ``size`` bytes of the process at ``start``, which are at ``rva`` in the file.

    ``held`` is how many of them the file really has; ``offset`` is where the descriptor stands.
    """

    index: int  # type: ignore[assignment]
    start: int
    size: int
    rva: int
    held: int
    offset: int
    stream: int

    @property
    def end(self) -> int:
        """First address after the range."""
        return self.start + self.size


class MemoryList(RecordList[Range]):
    """The ranges of MemoryListStream in file order."""

    _keeps = KEPT

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        span, reader = counted_records(source, stream, MINIDUMP_MEMORY_DESCRIPTOR, ("StartOfMemoryRange", "Memory.DataSize", "Memory.Rva"))
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> Range:
        start, size, rva = values
        return Range(index, start, size, rva, self.source.available(rva, size), offset, 5)

    def _block(self, data: bytes, offset: int, index: int) -> Iterator[Range]:
        starts, sizes, rvas = self._columns(data)
        offsets = range(offset, offset + len(data), self.span.stride)
        return map(tuple.__new__, repeat(Range), zip(count(index), starts, sizes, rvas, self._held(sizes, rvas), offsets, repeat(5)))

    def _tables(self) -> Iterator[List[Sequence[int]]]:
        """Starts, sizes and file offsets of some thousands of ranges at a time; those of a short list are kept."""
        return (self._columns(data) for data, _, _ in self._chunks(0, self.span.count)) if self.span.count > KEPT else iter(self._kept_tables)

    @cached_property
    def _kept_tables(self) -> List[List[Sequence[int]]]:
        return [self._columns(data) for data, _, _ in self._chunks(0, self.span.count)]

    def _held(self, sizes: Sequence[int], rvas: Sequence[int]) -> Sequence[int]:
        """How many bytes of each range the file has."""
        limit = self.source.size
        if max(map(add, rvas, sizes)) <= limit:
            return sizes
        return [size if rva + size <= limit else max(0, limit - rva) for size, rva in zip(sizes, rvas)]

    def _extents(self, stop: int) -> Iterator[Tuple[int, int]]:
        """Start and size of the first ``stop`` ranges."""
        return islice(chain.from_iterable(zip(starts, sizes) for starts, sizes, _ in self._tables()), stop)

    def _bounds(self) -> Iterator[Tuple[int, int, int]]:
        """Start, end and file offset of each range, as far as the file has its bytes; none ends beyond the end of the address space."""
        return chain.from_iterable(zip(starts, self._ends(starts, self._held(sizes, rvas)), rvas) for starts, sizes, rvas in self._tables())

    @staticmethod
    def _ends(starts: Sequence[int], held: Sequence[int]) -> Sequence[int]:
        ends = list(map(add, starts, held))
        return ends if max(ends) <= ADDRESS_END else [min(end, ADDRESS_END) for end in ends]

    def _lies_well(self, low: int = 0) -> bool:
        """Whether every range has bytes, all of them in the file and from the offset ``low`` on, and none goes beyond the end of the address space."""
        for starts, sizes, rvas in self._tables():
            if not min(sizes) or min(rvas) < low or max(map(add, starts, sizes)) > ADDRESS_END or max(map(add, rvas, sizes)) > self.source.size:
                return False
        return True


_HEAD64 = MINIDUMP_MEMORY64_LIST.select("NumberOfMemoryRanges", "BaseRva")


class Memory64List(RecordList[Range]):
    """The ranges of Memory64ListStream: their bytes follow each other in the file from ``base_rva`` on."""

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        span: Span = NOTHING
        reader = None
        self.base_rva = 0
        self._total: Optional[int] = None
        if stream is not None:
            head = source.some(stream.rva, _HEAD64.size)
            if len(head) < _HEAD64.size:
                damage = headless(source, stream, _HEAD64.size, len(head), f"{stream.name}: no room for its header")
                span = NOTHING._replace(header=stream.rva, damage=(damage,))
            else:
                self.base_rva = _HEAD64.unpack(head)[1]
                span = _span64(source, stream)
            if span.count:
                reader = MINIDUMP_MEMORY_DESCRIPTOR64.select("StartOfMemoryRange", "DataSize", stride=span.stride)
        super().__init__(source, stream, span, reader, absence)

    @property
    def total(self) -> int:
        """Bytes that all ranges together should have."""
        if self._total is None:
            self._total = sum(self._column(8, 1))
        return self._total

    @property
    def expected_file_size(self) -> int:
        """Where the last range ends: the memory is the last thing in the file."""
        return self.base_rva + self.total

    @cached_property
    def _offsets(self) -> Sequence[int]:
        """File offset of the bytes of each range, and after them where the last one ends."""
        return _added(self.base_rva, self._column(8, 1))

    def walk(self, start: int = 0, stop: Optional[int] = None) -> Iterator[Range]:
        """The ranges from ``start`` to before ``stop``, with the offsets of their bytes."""
        start, end, _ = slice(start, stop).indices(self.span.count)
        rva = self.base_rva
        size_of_file = self.source.size
        for index, ((address, size), offset) in enumerate(self._rows(0, end)):
            if index >= start:
                held = max(0, min(size, size_of_file - rva))
                yield Range(index, address, size, rva, held, offset, 9)
            rva += size

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> Range:
        rva = self._offsets[index] if index else self.base_rva
        start, size = values
        return Range(index, start, size, rva, self.source.available(rva, size), offset, 9)


def _added(base: int, sizes: array[int]) -> Sequence[int]:
    """``base``, and what it becomes with each of the sizes; an array, unless a file claims more than 64 bits hold."""
    from array import array

    try:
        return array("Q", accumulate(sizes, initial=base))
    except OverflowError:
        return list(accumulate(sizes, initial=base))


def _span64(source: Source, stream: Stream) -> Span:
    """Bounds of a Memory64List: a 64-bit count, BaseRva, then the descriptors."""
    span = counted(source, stream._replace(size=max(0, stream.size - 8)), MINIDUMP_MEMORY_DESCRIPTOR64.size, wide=True)
    first = stream.rva + _HEAD64.size
    room = source.available(first, max(span.claimed * span.stride, 0)) // span.stride if span.stride else 0
    needed = _HEAD64.size + span.claimed * span.stride
    found = list(span.damage)
    if source.available(stream.rva, stream.size) < stream.size and not any(item.code in ("stream-cut", "stream-outside-file") for item in found):
        found.append(Damage("stream-cut", "", stream.rva))  # by less than the 8 bytes of BaseRva
    damage = tuple(_whole(item, source, stream, span.claimed, needed) for item in found)
    return span._replace(first=first, count=min(span.count, room), header_size=_HEAD64.size, damage=damage)


def _whole(item: Damage, source: Source, stream: Stream, claimed: int, needed: int) -> Damage:
    """Damage of the list with the sizes of the whole stream: its bounds were taken without BaseRva."""
    message, available = item.message, stream.size
    if item.code == "stream-size-mismatch":
        message = f"{stream.name}: the directory says 0x{stream.size:x} bytes, {claimed} records need 0x{needed:x}"
    elif item.code in ("stream-cut", "stream-outside-file"):
        available = source.available(stream.rva, stream.size)
        message = f"{stream.name}: 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds " + (f"0x{available:x} of them" if available else "none of them")
    return item._replace(message=message, available=available, needed=needed)


class Piece(NamedTuple):
    """A part of a read: ``data`` is None where the dump does not hold the bytes."""

    address: int
    size: int
    data: Optional[bytes]


_DIGITS = 1 << 12
"""Numbers of a column that are taken for one long number: what is made of them stays in the processor's cache."""
_TOP = 1 << 63


def _long(column: array[int]) -> int:
    """A column as one long number with digits of 64 bits."""
    return int.from_bytes(column.tobytes(), sys.byteorder)


def _ends(starts: array[int], sizes: array[int]) -> Optional[array[int]]:
    """Where ranges end, if they follow each other without overlaps, none of them is empty, and none ends above 2^63; else None.

    Thousands are added and compared at once, as the digits of long numbers. With the top bit of each digit free for the carry or
    the borrow, no digit touches the next one.
    """
    from array import array

    ends = array("Q")
    tops = 0
    for at in range(0, len(starts), _DIGITS):
        lows, lengths, following = starts[at : at + _DIGITS], sizes[at : at + _DIGITS], starts[at + 1 : at + 1 + _DIGITS]
        if len(following) < len(lows):
            following.append(_TOP - 1)  # nothing follows the last one
        if not at or len(lows) < _DIGITS:
            tops = _long(array("Q", [_TOP]) * len(lows))
        low, size = _long(lows), _long(lengths)
        high = low + size
        # A digit with its top bit set keeps it when what is taken away is not larger than the rest.
        if (low | size | high) & tops or ((_long(following) | tops) - high) & ((size | tops) - (tops >> 63)) & tops != tops:
            return None
        ends.frombytes(high.to_bytes(8 * len(lows), sys.byteorder))
    return ends


class Memory:
    """One sorted view over all captured ranges.

    Overlaps are kept: the range that begins first serves an address, as far as it goes. A range that would go beyond the end of the
    address space ends there. Built when first used, held as plain arrays of numbers. ``small`` and ``full`` are the two lists that it
    is made of; its length is that of :meth:`spans`.
    """

    def __init__(self, source: Source, small: MemoryList, full: Memory64List) -> None:
        self._source = source
        self._fetch = source.fetch
        self.small = small
        self.full = full
        self._starts: Sequence[int] = ()
        self._ends: Sequence[int] = ()
        self._rvas: Sequence[int] = ()
        self._read_starts: Sequence[int] = ()
        self._read_places: Sequence[int] = ()
        self._one_piece = False
        self._ready = False

    def _prepare(self) -> None:
        """Sort the ranges and cut overlaps, so that each address has one place in the file."""
        if self._ready:
            return
        limit = self._source.size
        starts, sizes, rvas = self._full_columns(limit)
        ends = _ends(starts, sizes) if not len(self.small) else None
        if ends is not None:
            columns: Tuple[Sequence[int], Sequence[int], Sequence[int]] = starts, ends, rvas
            self._one_piece = True
        else:
            full = ((start, min(start + size, ADDRESS_END), rva) for start, size, rva in zip(starts, sizes, rvas))
            rows = list(self.small._bounds())
            rows.extend(full)
            columns = self._sorted(rows)
        # The starts come last: a read in another thread looks at them first.
        _, self._ends, self._rvas = columns
        self._starts = columns[0]
        self._ready = True

    def _prepare_reading(self) -> None:
        """Lay the file offset and the end of each range side by side: a read far from the one before waits for memory once, not twice."""
        from array import array

        self._prepare()
        if not self._starts:
            return
        places = array("Q", bytes(16 * len(self._starts)))
        places[::2] = array("Q", self._rvas)
        ends = self._ends
        if ends[-1] == ADDRESS_END:  # one more than a number of 64 bits; the last byte is read piece by piece
            ends = [*ends[:-1], ADDRESS_END - 1]
        places[1::2] = array("Q", ends)
        self._read_places = places
        self._read_starts = self._starts  # last: a read in another thread looks at them first

    def _full_columns(self, limit: int) -> Tuple[array[int], array[int], Sequence[int]]:
        """Starts, sizes and file offsets of the ranges of Memory64ListStream, as far as the file holds their bytes."""
        full = self.full
        starts = full._column(0, 0)
        sizes = full._column(8, 1)
        rvas = full._offsets
        held = bisect_left(rvas, limit)  # what begins beyond the end of the file is left out
        if held < len(rvas):
            del starts[held:], sizes[held:]
            if held and rvas[held] > limit:
                sizes[-1] = limit - rvas[held - 1]
        return starts, sizes, rvas[: len(starts)]

    @staticmethod
    def _sorted(rows: List[Tuple[int, int, int]]) -> Tuple[List[int], List[int], List[int]]:
        starts: List[int] = []
        ends: List[int] = []
        rvas: List[int] = []
        last = -1
        for start, end, rva in sorted(rows):
            if end <= last or start == end:
                continue
            if start < last:
                rva += last - start
                start = last
            starts.append(start)
            ends.append(end)
            rvas.append(rva)
            last = end
        return starts, ends, rvas

    @property
    def source(self) -> Source:
        """The file that the bytes are in."""
        return self._source

    def __len__(self) -> int:
        self._prepare()
        return len(self._starts)

    def __bool__(self) -> bool:
        return len(self) > 0

    @property
    def total(self) -> int:
        """Distinct bytes of the process that the file holds."""
        self._prepare()
        return sum(self._ends) - sum(self._starts)

    def spans(self) -> Iterator[Tuple[int, int, int]]:
        """Start, end and file offset of each captured stretch, in the order of addresses, without overlaps."""
        self._prepare()
        return zip(self._starts, self._ends, self._rvas)

    def _columns(self) -> Tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """The same as three columns, which are the view's own: not to be changed."""
        self._prepare()
        return self._starts, self._ends, self._rvas

    @property
    def _contiguous(self) -> bool:
        """Whether all captured bytes are known to follow each other in the file."""
        self._prepare()
        return self._one_piece

    def locate(self, address: int) -> Optional[Tuple[int, int]]:
        """File offset of an address and how many bytes follow it without a gap, or None if it is not captured."""
        if not self._ready:
            self._prepare()
        position = bisect_right(self._starts, address) - 1
        if position < 0 or address >= self._ends[position]:
            return None
        return self._rvas[position] + address - self._starts[position], self._ends[position] - address

    def captured(self, address: int, size: int = 1) -> int:
        """How many of ``size`` bytes from ``address`` on are there without a gap."""
        if not self._ready:
            self._prepare()
        position = bisect_right(self._starts, address) - 1
        if position < 0 or address >= self._ends[position]:
            return 0
        got = min(self._ends[position] - address, size)
        while got < size:
            place = self.locate(address + got)
            if place is None:
                break
            got += min(place[1], size - got)
        return got

    def _count_captured(self, stretches: Iterable[Tuple[int, int]]) -> int:
        """How many of these stretches, each its address and size, are there without a gap; of no bytes, all of them are."""
        if not self._ready:
            self._prepare()
        starts, ends = self._starts, self._ends
        found = 0
        for address, size in stretches:
            position = bisect_right(starts, address) - 1
            if position >= 0 and ends[position] > address:
                found += ends[position] - address >= size or self.captured(address, size) >= size
            else:
                found += not size
        return found

    def pieces(self, address: int, size: int) -> Iterator[Piece]:
        """The bytes from ``address`` on, with the gaps between them. ``size`` is bounded by the caller."""
        if not self._ready:
            self._prepare()
        end = min(address + size, ADDRESS_END)
        starts, ends, rvas = self._starts, self._ends, self._rvas
        position = bisect_right(starts, address) - 1
        if position < 0 or address >= ends[position]:
            position += 1
        while address < end:
            if position >= len(starts) or starts[position] >= end:
                yield Piece(address, end - address, None)
                return
            if starts[position] > address:
                yield Piece(address, starts[position] - address, None)
                address = starts[position]
            stop = min(ends[position], end)
            rva = rvas[position] + address - starts[position]
            yield Piece(address, stop - address, self._fetch(rva, stop - address))
            address = stop
            position += 1

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at ``address``. Raises NotInDump, naming the first byte that is missing."""
        starts, places = self._read_starts, self._read_places
        position = bisect_right(starts, address) - 1  # below 0 until they are made
        if position >= 0 and address + size <= places[2 * position + 1]:
            return self._fetch(places[2 * position] + address - starts[position], size)
        if not starts:
            self._prepare_reading()
            if self._read_starts:
                return self.read(address, size)
        if address + size > ADDRESS_END:
            raise NotInDump(f"0x{size:x} bytes at 0x{address:x} go beyond the end of the address space", "ask for fewer bytes")
        parts = []
        for piece in self.pieces(address, size):
            if piece.data is None:
                raise NotInDump(f"0x{piece.address:x} is not in the dump", "`memory` lists what was captured")
            parts.append(piece.data)
        return b"".join(parts)

    def some(self, address: int, size: int) -> bytes:
        """As many of ``size`` bytes at ``address`` as follow without a gap; perhaps none."""
        got = self.captured(address, size)
        return self.read(address, got) if got else b""

    def neighbours(self, address: int) -> Tuple[Optional[Tuple[int, int]], Optional[Tuple[int, int]]]:
        """The captured stretches just below and just above an address that is not captured, as (start, end)."""
        self._prepare()
        position = bisect_right(self._starts, address)
        below = (self._starts[position - 1], self._ends[position - 1]) if position else None
        above = (self._starts[position], self._ends[position]) if position < len(self._starts) else None
        return below, above


class Region(NamedTuple):
    """One MINIDUMP_MEMORY_INFO: what VirtualQueryEx said of a region."""

    index: int  # type: ignore[assignment]
    base: int
    allocation_base: int
    allocation_protect: int
    size: int
    state: int
    protect: int
    type: int
    offset: int

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size


class RegionList(RecordList[Region]):
    """The regions of MemoryInfoListStream in file order."""

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        span, reader = described_records(
            source,
            stream,
            MINIDUMP_MEMORY_INFO_LIST,
            MINIDUMP_MEMORY_INFO,
            ("BaseAddress", "AllocationBase", "AllocationProtect", "RegionSize", "State", "Protect", "Type"),
        )
        self._bases: Optional[Sequence[int]] = None
        self._holders: Optional[Sequence[int]] = None
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> Region:
        return Region._make((index, *values, offset))

    def _block(self, data: bytes, offset: int, index: int) -> Iterator[Region]:
        return map(tuple.__new__, repeat(Region), zip(count(index), *self._columns(data), range(offset, offset + len(data), self.span.stride)))

    def of_kind(self, state: int, kind: int, stop: int) -> Iterator[Region]:
        """The regions of one State and Type among the first ``stop``."""
        return (region for region in self.walk(0, max(stop, 0)) if region.state == state and region.type == kind)

    def _stretches(self, state: int, kind: int, stop: int) -> Iterator[Tuple[int, int, int]]:
        """Protect, base and size of the same regions, without a record for each."""
        return chain.from_iterable(self._chosen(state, kind, data) for data, _, _ in self._chunks(0, min(stop, self.span.count)))

    def _chosen(self, state: int, kind: int, data: bytes) -> Iterator[Tuple[int, int, int]]:
        bases, _, _, sizes, states, protects, types = self._columns(data)
        return compress(zip(protects, bases, sizes), [one == state and other == kind for one, other in zip(states, types)])

    def _bounds(self) -> Tuple[array[int], array[int]]:
        """Bases and sizes of all regions."""
        return self._column(0, 0), self._column(MINIDUMP_MEMORY_INFO.offset_of("RegionSize"), 3)

    @cached_property
    def apart(self) -> bool:
        """Whether the regions stand by address, none is empty or overlaps another one, and none ends above 2^63."""
        return _ends(*self._bounds()) is not None

    def at(self, address: int) -> Optional[Region]:
        """The region that an address lies in, or None. Of several the first in the file, as the debugger takes it.

        (observed: dbgeng 10.0.15063)
        """
        if self._bases is None:
            bases, sizes = self._bounds()
            if not self.apart:
                self._bases, self._holders = holders(bases, list(map(add, bases, sizes)), range(len(bases)))
            else:
                self._bases = bases
        position = bisect_right(self._bases, address) - 1
        number = position if position < 0 or self._holders is None else self._holders[position]
        if number < 0:
            return None
        region = self[number]
        return region if address < region.end else None

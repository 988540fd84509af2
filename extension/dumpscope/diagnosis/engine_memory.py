"""What the engine reads and answers about the memory of a dumped process: ReadVirtual and QueryVirtual.

Observed: dbgeng 10.0.15063. It keeps the captured ranges of a partial dump in a map without overlaps: a range that begins inside
an older one answers only for its tail, one that is covered is forgotten, and each answer shows the whole original range. Where
there is no map of the address space (MemoryInfoListStream), QueryVirtual makes regions up from the captured ranges.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import cached_property
from heapq import heappop, heappush
from typing import Iterator, List, NamedTuple, Optional, Protocol, Tuple

from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ..format.memory import MEM_COMMIT, MEM_PRIVATE, MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_INFO
from .answers import E_FAIL, E_NOINTERFACE, FILE_CORRUPT, MEMORY_ABSENT, S_OK, RegionsAnswer
from .engine_streams import Streams, Taken

PAGE_READWRITE = 4
CONFLICT = 0xD0000018
"""STATUS_CONFLICTING_ADDRESSES as an HRESULT."""
READ_BEHIND_END = 0x80070026
"""ERROR_HANDLE_EOF as an HRESULT: a range of a full dump whose bytes are not in the file."""

MASK64 = (1 << 64) - 1
MASK32 = (1 << 32) - 1
CLUSTER = 20_000
"""Ranges that overlap each other, of which the engine's map is followed exactly."""

_RANGE = MINIDUMP_MEMORY_DESCRIPTOR.select("StartOfMemoryRange", "Memory.DataSize", "Memory.Rva")
_RANGE64 = MINIDUMP_MEMORY_DESCRIPTOR64.select("StartOfMemoryRange", "DataSize")
_INFO = ("BaseAddress", "AllocationBase", "AllocationProtect", "RegionSize", "State", "Protect", "Type")
_BOUNDS = ("BaseAddress", "RegionSize")


class Region(NamedTuple):
    """One answer of QueryVirtual. ``invented``: made of a captured range, not taken from the map of the address space."""

    base: int
    size: int
    state: int
    protect: int
    type: int
    allocation_protect: int
    allocation_base: int
    invented: bool


class _Answers(Protocol):
    def find(self, at: int) -> Optional[Region]: ...


def _made(start: int, size: int) -> Region:
    return Region(start, size, MEM_COMMIT, PAGE_READWRITE, MEM_PRIVATE, PAGE_READWRITE, start, True)


class Captured:
    """The captured ranges of a dump, from MemoryListStream, or from Memory64ListStream where the header says full memory."""

    def __init__(self, streams: Streams, full: bool, narrow: bool) -> None:
        self.streams = streams
        self.full = full
        self.mask = MASK32 if narrow else MASK64
        self.taken: Optional[Taken] = streams.taken(9 if full else 5)

    @property
    def base(self) -> int:
        """BaseRva of a full dump, 0 without its list."""
        if self.taken is None or not self.full:
            return 0
        return self.streams.view.number(self.taken.rva, (MINIDUMP_MEMORY64_LIST.offset_of("BaseRva"), 8))

    def walk(self) -> Iterator[Tuple[int, int, int]]:
        """Start, size and file offset of every range, as the list has them."""
        if self.taken is None:
            return
        if not self.full:
            for _, values in self.streams.rows(self.taken, _RANGE):
                start, size, rva = values
                yield start, size, rva
            return
        rva = self.base
        for _, (start, size) in self.streams.rows(self.taken, _RANGE64):
            yield start, size, rva
            rva += size

    @cached_property
    def end(self) -> int:
        """Where the bytes of the last range of a full dump end."""
        rva = self.base
        for _, size, at in self.walk():
            rva = at + size
        return rva

    @cached_property
    def shape(self) -> Tuple[bool, bool]:
        """Whether no range begins before one that precedes it, and whether none is empty or overlaps another one."""
        ordered = apart = True
        last = end = 0
        for start, size, _ in self.walk():
            start &= self.mask
            if start < last:
                ordered = apart = False
            if start < end or not size:
                apart = False
            last, end = start, start + size
        return ordered, apart

    # -- opening ---------------------------------------------------------------------------------------------------------

    def refusal(self) -> Optional[Tuple[int, str]]:
        """Why a partial dump's ranges keep the engine from opening it: HRESULT and text; None if they do not."""
        view = self.streams.view
        low, size = max(view.directory_end, 32), view.size
        bad: Optional[Tuple[int, str]] = None
        count = 0
        for _, length, rva in self.walk():
            if rva < low or rva >= size or rva + length > size or rva + length > MASK32:
                bad = FILE_CORRUPT, view.misplaced("Memory range data", rva, length).rstrip("\n")
                break
            count += 1
        if not self.shape[1]:
            conflict = self._conflict(count)
            if conflict is not None:
                start, length = conflict
                last = start + length - 1 & MASK64
                return CONFLICT, f"DbsSplayTreeRangeMap::Add: Conflicting region {view.address(start)} - {view.address(last)}"
        return bad

    def _sorted(self, count: int) -> Tuple[List[Tuple[int, int, int]], List[int]]:
        ranges: List[Tuple[int, int, int]] = []
        for item in self.walk():
            if len(ranges) >= count:
                break
            ranges.append(item)
        mask = self.mask
        return ranges, sorted(range(len(ranges)), key=lambda index: (ranges[index][0] & mask, index))

    def _clusters(self, ranges: List[Tuple[int, int, int]], order: List[int]) -> Iterator[List[int]]:
        """Groups of ranges that overlap, by address; each group in the order of the list."""
        group: List[int] = []
        end = -1
        zero = False
        for index in order:
            start, size, _ = ranges[index]
            start &= self.mask
            if group and (start < end or (start == end and (zero or not size))):
                group.append(index)
                zero = zero or not size
                end = max(end, start + size)
                continue
            if group:
                yield sorted(group)
            group, end, zero = [index], start + size, not size
        if group:
            yield sorted(group)

    def _conflict(self, count: int) -> Optional[Tuple[int, int]]:
        """Start and size of the first range that overlaps an earlier one without being the same bytes of the file."""
        ranges, order = self._sorted(count)
        first: Optional[int] = None
        for group in self._clusters(ranges, order):
            if len(group) < 2 or len({ranges[index][2] - (ranges[index][0] & self.mask) for index in group}) == 1:
                continue
            found = self._pieces(ranges, group)[1]
            if found is not None and (first is None or found < first):
                first = found
        return None if first is None else ranges[first][:2]

    def _pieces(self, ranges: List[Tuple[int, int, int]], group: List[int]) -> Tuple[List[Tuple[int, int, int]], Optional[int]]:
        """The map after the ranges of one group were put into it, as (low, high, index), and the first range that conflicts."""
        pieces: List[Tuple[int, int, int]] = []
        mask = self.mask
        if len(group) > CLUSTER:
            delta = ranges[group[0]][2] - (ranges[group[0]][0] & mask)
            for index in group:
                if ranges[index][2] - (ranges[index][0] & mask) != delta:
                    return pieces, index
            for index in sorted(group, key=lambda item: ranges[item][0] & mask):
                low = max(ranges[index][0] & mask, pieces[-1][1] if pieces else 0)
                high = (ranges[index][0] & mask) + ranges[index][1]
                if high > low:
                    pieces.append((low, high, index))
            return pieces, None
        for index in group:
            start, size, rva = ranges[index]
            low = start & mask
            high = low + size
            at = bisect_left(pieces, (low, -1, -1))
            if at and pieces[at - 1][1] > low:
                at -= 1
            while at < len(pieces) and pieces[at][0] < high:
                other = ranges[pieces[at][2]]
                if pieces[at][1] > low and other[2] - (other[0] & mask) != rva - (start & mask):
                    return pieces, index
                at += 1
            self._insert(pieces, low, high, index)
        return pieces, None

    @staticmethod
    def _insert(pieces: List[Tuple[int, int, int]], low: int, high: int, index: int) -> None:
        touched = added = False
        empty = low == high
        while low < high or (empty and not touched):
            at = bisect_left(pieces, (low, -1, -1))
            if at and pieces[at - 1][1] >= low:
                touched = True
                end = pieces[at - 1][1]
                if end >= high:
                    return
                if end > low:
                    low = end
                    continue
            if at == len(pieces) or pieces[at][0] >= high:
                pieces.insert(at, (low, high, index))
                return
            piece = pieces[at]
            if piece[0] == low:
                if touched or added:
                    low, touched = piece[1], True
                    continue
                del pieces[at]
                if piece[1] > high:
                    pieces.insert(at, (high, piece[1], piece[2]))
                continue
            pieces.insert(at, (low, piece[0], index))
            low, added, touched = piece[1], True, True

    # -- answers ---------------------------------------------------------------------------------------------------------

    def containing(self, address: int) -> Optional[Tuple[int, int, int]]:
        """The range that holds an address."""
        address &= self.mask
        best: Optional[Tuple[int, int, int]] = None
        for item in self.walk():
            start = item[0] & self.mask
            if start <= address < start + item[1] and (best is None or start < best[0] & self.mask):
                best = item
                if not self.full:
                    break
        return best

    def held(self, address: int, size: int) -> int:
        """How many of the bytes at an address the engine can read, going on from range to range."""
        done = 0
        while done < size:
            found = self.containing(address + done)
            if found is None:
                break
            start, length, rva = found
            inside = (address + done & self.mask) - (start & self.mask)
            step = min(length - inside, size - done, max(0, self.streams.view.size - rva - inside))
            if step <= 0:
                break
            done += step
        return done

    def bytes_at(self, address: int, size: int) -> bytes:
        """The bytes at an address, as far as one range has them."""
        found = self.containing(address)
        if found is None:
            return b""
        start, length, rva = found
        inside = (address & self.mask) - (start & self.mask)
        return self.streams.source.some(rva + inside, min(size, length - inside))

    def answers(self) -> _Answers:
        """What QueryVirtual makes of the ranges, for addresses that grow."""
        ordered, apart = self.shape
        if apart or (self.full and ordered):
            return _Stream(self.walk(), self.mask)
        ranges, order = self._sorted(self.taken.number if self.taken else 0)
        if self.full:
            return _Stream((ranges[index] for index in order), self.mask)
        return _Map(self._map(ranges, order), self.mask)

    def _map(self, ranges: List[Tuple[int, int, int]], order: List[int]) -> Iterator[Tuple[int, Tuple[int, int, int]]]:
        for group in self._clusters(ranges, order):
            if len(group) == 1:
                start, size, _ = ranges[group[0]]
                yield (start & self.mask) + size, ranges[group[0]]
            else:
                for _, high, index in self._pieces(ranges, group)[0]:
                    yield high, ranges[index]


class _Stream:
    """Answers from ranges that come by address."""

    def __init__(self, items: Iterator[Tuple[int, int, int]], mask: int) -> None:
        self._items = items
        self._mask = mask
        self._now = next(items, None)

    def find(self, at: int) -> Optional[Region]:
        at &= self._mask
        while self._now is not None:
            start = self._now[0] & self._mask
            if start > at or start + self._now[1] > at:
                return _made(self._now[0], self._now[1])
            self._now = next(self._items, None)
        return None


class _Map:
    """Answers from the engine's map of ranges that overlap."""

    def __init__(self, pieces: Iterator[Tuple[int, Tuple[int, int, int]]], mask: int) -> None:
        self._pieces = list(pieces)
        self._mask = mask

    def find(self, at: int) -> Optional[Region]:
        at &= self._mask
        low, high = 0, len(self._pieces)
        while low < high:
            middle = (low + high) // 2
            if self._pieces[middle][0] > at:
                high = middle
            else:
                low = middle + 1
        if low == len(self._pieces):
            return None
        item = self._pieces[low][1]
        return _made(item[0], item[1])


class AddressMap:
    """MemoryInfoListStream as the engine asks it: the first entry in the list that holds the address, or the next higher one."""

    def __init__(self, streams: Streams, taken: Taken) -> None:
        self.streams = streams
        self.taken = taken
        self._reader = MINIDUMP_MEMORY_INFO.select(*_INFO, stride=taken.element)
        self._bounds = MINIDUMP_MEMORY_INFO.select(*_BOUNDS, stride=taken.element)

    def region(self, index: int) -> Region:
        """An entry."""
        offset = self.taken.first + index * self.taken.element
        base, allocation, allocation_protect, size, state, protect, kind = self._reader.unpack_from(self.streams.source.buffer, offset)
        return Region(base, size, state, protect, kind, allocation_protect, allocation, False)

    @cached_property
    def apart(self) -> bool:
        """Whether the entries stand by address and do not overlap."""
        end = 0
        for _, (base, size) in self.streams.rows(self.taken, self._bounds):
            if base < end or not size or base + size > MASK64:
                return False
            end = base + size
        return True

    def answers(self) -> _Answers:
        """Answers for addresses that grow."""
        return _Ordered(self) if self.apart else _Unordered(self)

    def query(self, address: int) -> Optional[Region]:
        """The answer for one address."""
        best, best_base = -1, 0
        for index, (_, (base, size)) in enumerate(self.streams.rows(self.taken, self._bounds)):
            if base <= address < base + size <= MASK64:
                return self.region(index)
            if base > address and (best < 0 or base < best_base):
                best, best_base = index, base
        return None if best < 0 else self.region(best)


class _Ordered:
    def __init__(self, owner: AddressMap) -> None:
        self._owner = owner
        self._index = 0
        self._now: Optional[Region] = None

    def find(self, at: int) -> Optional[Region]:
        while self._now is None or self._now.base + self._now.size <= at:
            if self._index >= self._owner.taken.number:
                return None
            self._now = self._owner.region(self._index)
            self._index += 1
        return self._now


class _Unordered:
    def __init__(self, owner: AddressMap) -> None:
        self._owner = owner
        self._bases = array("Q")
        self._ends = array("Q")
        for _, (base, size) in owner.streams.rows(owner.taken, owner._bounds):
            self._bases.append(base)
            self._ends.append(base + size & MASK64)
        self._order = sorted(range(len(self._bases)), key=self._bases.__getitem__)
        self._next = 0
        self._open: List[int] = []

    def find(self, at: int) -> Optional[Region]:
        order, bases, ends = self._order, self._bases, self._ends
        while self._next < len(order) and bases[order[self._next]] <= at:
            heappush(self._open, order[self._next])
            self._next += 1
        while self._open and ends[self._open[0]] <= at:
            heappop(self._open)
        if self._open:
            return self._owner.region(self._open[0])
        if self._next < len(order):
            return self._owner.region(order[self._next])
        return None


class EngineMemory:
    """Both memory interfaces of the engine on one dump."""

    def __init__(self, streams: Streams, captured: Captured) -> None:
        self.captured = captured
        taken = streams.taken(16)
        self.map = None if taken is None else AddressMap(streams, taken)

    def read_virtual(self, address: int, size: int = 1) -> int:
        """HRESULT of reading at an address. The images on the symbol path, which the engine also reads from, are not known here."""
        found = self.captured.containing(address)
        if found is None:
            return E_NOINTERFACE if self.captured.full else MEMORY_ABSENT
        start, _, rva = found
        inside = (address & self.captured.mask) - (start & self.captured.mask)
        if rva + inside >= self.captured.streams.view.size:
            return READ_BEHIND_END
        return S_OK

    def read_pointer(self, address: int, width: int) -> Tuple[int, int]:
        """HRESULT and value of a pointer that must be read whole."""
        hresult = self.read_virtual(address)
        if hresult != S_OK:
            return hresult, 0
        if self.captured.held(address, width) < width:
            return E_FAIL, 0
        data = b""
        while len(data) < width:
            data += self.captured.bytes_at(address + len(data), width - len(data))
        return S_OK, int.from_bytes(data, "little")

    def rows(self) -> Iterator[Tuple[Region, bool]]:
        """QueryVirtual from address 0 on, each answer with whether the walk can go on behind it."""
        sources: List[_Answers] = []
        if self.map is not None:
            sources.append(self.map.answers())
        sources.append(self.captured.answers())
        at = 0
        while True:
            region = None
            while sources:
                region = sources[0].find(at)
                if region is not None:
                    break
                del sources[0]  # what has no answer here has none above either
            if region is None:
                return
            end = region.base + region.size & MASK64
            more = region.size != 0 and end > at
            yield region, more
            if not more:
                return
            at = end

    def query(self, address: int) -> Tuple[int, Optional[Region]]:
        """QueryVirtual: HRESULT and region."""
        found = self.map.query(address) if self.map is not None else None
        if found is None:
            found = self.captured.answers().find(address)
        return (E_NOINTERFACE, None) if found is None else (S_OK, found)

    def regions(self) -> RegionsAnswer:
        """The walk as one answer: the first and the last HRESULT, the regions from which it went on, and where it ended."""
        count = end = 0
        first: Optional[int] = None
        last = E_NOINTERFACE
        for region, more in self.rows():
            if first is None:
                first = S_OK
            if more:
                count += 1
                end = region.base + region.size & MASK64
            else:
                last = S_OK
        return RegionsAnswer(E_NOINTERFACE if first is None else first, last, count, end)

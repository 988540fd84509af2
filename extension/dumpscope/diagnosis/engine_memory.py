"""What the engine reads and answers about the memory of a dumped process: ReadVirtual and QueryVirtual.

Observed: dbgeng 10.0.15063. It keeps the captured ranges of a partial dump in a map without overlaps: a range that begins inside
an older one answers only for its tail, one that is covered is forgotten, and each answer shows the whole original range. Where
there is no map of the address space (MemoryInfoListStream), QueryVirtual makes regions up from the captured ranges.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice
from typing import Deque, Iterator, List, NamedTuple, Optional, Protocol, Tuple

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
BEHIND_TOP = 1000
"""Steps of the walk through addresses that a machine of 32 bits does not have."""
COMPARED = 1 << 31
"""Bytes of overlapping ranges that are compared; what follows is taken to be equal."""

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


Range = Tuple[int, int, int]
"""Start, size, file offset."""
Span = Tuple[int, int, int, int]
"""Where a piece of the engine's map begins and ends, and start and size of the range that it is of."""


class _Answers(Protocol):
    def find(self, at: int) -> Optional[Region]: ...


def _made(start: int, size: int) -> Region:
    return Region(start, size, MEM_COMMIT, PAGE_READWRITE, MEM_PRIVATE, PAGE_READWRITE, start, True)


class Captured:
    """The captured ranges of a dump, from MemoryListStream, or from Memory64ListStream where the header says full memory.

    On a machine of 32 bits the engine compares only the low half of every address, and an end that wraps holds nothing.
    """

    def __init__(self, streams: Streams, full: bool, narrow: bool) -> None:
        self.streams = streams
        self.full = full
        self.mask = MASK32 if narrow else MASK64
        self.taken: Optional[Taken] = streams.taken(9 if full else 5)
        self._compared = 0

    @cached_property
    def base(self) -> int:
        """BaseRva of a full dump, 0 without its list."""
        if self.taken is None or not self.full:
            return 0
        return self.streams.view.number(self.taken.rva, (MINIDUMP_MEMORY64_LIST.offset_of("BaseRva"), 8))

    def walk(self) -> Iterator[Range]:
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
    def apart(self) -> bool:
        """Whether the ranges stand by address, and none is empty, overlaps another one or wraps."""
        end = 0
        for start, size, _ in self.walk():
            if start < end or not size or start + size > self.mask:
                return False
            end = start + size
        return True

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
        if not self.apart:
            conflict = self._conflict(count)
            if conflict is not None:
                start, length, _ = conflict
                last = start + length - 1 & MASK64
                return CONFLICT, f"DbsSplayTreeRangeMap::Add: Conflicting region {view.address(start)} - {view.address(last)}"
        return bad

    def _clusters(self, ranges: List[Range]) -> Iterator[List[int]]:
        """Groups of ranges that overlap or touch, by address; each group in the order of the list."""
        group: List[int] = []
        end = -1
        for index in sorted(range(len(ranges)), key=lambda item: ranges[item][0]):
            start, size, _ = ranges[index]
            if group and start <= end:
                group.append(index)
                end = max(end, start + size)
                continue
            if group:
                yield sorted(group)
            group, end = [index], start + size
        if group:
            yield sorted(group)

    def _conflict(self, count: int) -> Optional[Range]:
        """The first range that overlaps an earlier one and has other bytes there."""
        ranges = list(islice(self.walk(), count))
        first: Optional[int] = None
        for group in self._clusters(ranges):
            if len({ranges[index][2] - ranges[index][0] for index in group}) == 1:
                continue  # the same bytes of the file
            found = self._pieces(ranges, group)[1]
            if found is not None and (first is None or found < first):
                first = found
        return None if first is None else ranges[first]

    def _pieces(self, ranges: List[Range], group: List[int]) -> Tuple[List[Tuple[int, int, int]], Optional[int]]:
        """The map after the ranges of one group were put into it, as (low, high, index), and the first range that conflicts."""
        pieces: List[Tuple[int, int, int]] = []
        if len(group) > CLUSTER:
            for index in sorted(group, key=lambda item: ranges[item][0]):
                start = ranges[index][0]
                high = start + ranges[index][1]
                if pieces and self._differ(ranges[pieces[-1][2]], ranges[index], start, min(high, pieces[-1][1])):
                    return pieces, index
                low = max(start, pieces[-1][1] if pieces else 0)
                if high > low:
                    pieces.append((low, high, index))
            return pieces, None
        for index in group:
            low = ranges[index][0]
            high = low + ranges[index][1]
            at = bisect_left(pieces, (low, -1, -1))
            if at and pieces[at - 1][1] > low:
                at -= 1
            while at < len(pieces) and pieces[at][0] < high:
                piece = pieces[at]
                if self._differ(ranges[piece[2]], ranges[index], max(low, piece[0]), min(high, piece[1])):
                    return pieces, index
                at += 1
            self._insert(pieces, low, high, index)
        return pieces, None

    def _differ(self, one: Range, other: Range, low: int, high: int) -> bool:
        """Whether two ranges have different bytes where both have the addresses from ``low`` to ``high``."""
        first = one[2] - one[0] + low
        second = other[2] - other[0] + low
        size = high - low
        if size <= 0 or first == second or self._compared > COMPARED:
            return False
        self._compared += size
        with memoryview(self.streams.source.buffer) as data:
            return data[first : first + size] != data[second : second + size]

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
            if piece[0] == piece[1]:
                del pieces[at]
                continue
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

    def containing(self, address: int) -> Optional[Range]:
        """The range that holds an address."""
        mask = self.mask
        address &= mask
        best: Optional[Range] = None
        for item in self.walk():
            start = item[0] & mask
            if start <= address < (item[0] + item[1] & mask) and (best is None or start < best[0] & mask):
                best = item
                if not self.full:
                    break
        return best

    def held(self, address: int, size: int) -> bytes:
        """The bytes at an address, as far as the engine can read them, going on from range to range."""
        data = b""
        while len(data) < size:
            found = self.containing(address + len(data))
            if found is None:
                break
            start, length, rva = found
            inside = (address + len(data) & self.mask) - (start & self.mask)
            more = self.streams.source.some(rva + inside, min(length - inside, size - len(data)))
            if not more:
                break
            data += more
        return data

    def spans(self) -> Iterator[Span]:
        """The map of the ranges: low, high, start and size of the whole range. Not by address where addresses wrap."""
        if self.apart:
            for start, size, _ in self.walk():
                yield start, start + size, start, size
            return
        ranges = list(self.walk())
        if self.full:
            ranges.sort(key=lambda item: item[0])
            for start, size, _ in ranges:
                yield start, start + size, start, size
            return
        for group in self._clusters(ranges):
            for low, high, index in self._pieces(ranges, group)[0]:
                yield low, high, ranges[index][0], ranges[index][1]

    def answers(self) -> _Answers:
        """What QueryVirtual makes of the ranges, for addresses that grow."""
        mask = self.mask
        spans = self.spans()
        if not self.apart and mask != MASK64:
            spans = iter(sorted(spans, key=lambda item: item[0] & mask))
        return _Spans(spans, mask)

    def query(self, address: int) -> Optional[Region]:
        """What QueryVirtual makes of the ranges for one address: the one that holds it, or the next higher one."""
        mask = self.mask
        address &= mask
        best: Optional[Span] = None
        for span in self.spans():
            low = span[0] & mask
            if low <= address < span[1] & mask:
                return _made(span[2], span[3])
            if low > address and (best is None or low <= best[0] & mask):
                best = span
                if self.apart:
                    break
        return None if best is None else _made(best[2], best[3])


class _Spans:
    """Answers from ranges that come by address."""

    def __init__(self, spans: Iterator[Span], mask: int) -> None:
        self._spans = spans
        self._mask = mask
        self._window: Deque[Span] = deque()

    def _more(self) -> bool:
        span = next(self._spans, None)
        if span is None:
            return False
        self._window.append(span)
        return True

    def find(self, at: int) -> Optional[Region]:
        window, mask = self._window, self._mask
        while window or self._more():
            low = window[0][0] & mask
            if low > at:
                # of several that begin there, the last
                index = 0
                while (index + 1 < len(window) or self._more()) and window[index + 1][0] & mask == low:
                    index += 1
                return _made(*window[index][2:])
            if at < window[0][1] & mask:
                return _made(*window[0][2:])
            window.popleft()
        return None


class AddressMap:
    """MemoryInfoListStream as the engine asks it: the first entry in the list that holds the address, or the next higher one."""

    def __init__(self, streams: Streams, taken: Taken, mask: int) -> None:
        self.streams = streams
        self.taken = taken
        self.mask = mask
        self._reader = MINIDUMP_MEMORY_INFO.select(*_INFO, stride=taken.element)
        self._bounds = MINIDUMP_MEMORY_INFO.select(*_BOUNDS, stride=taken.element)

    def region(self, index: int) -> Region:
        """An entry."""
        offset = self.taken.first + index * self.taken.element
        base, allocation, allocation_protect, size, state, protect, kind = self._reader.unpack_from(self.streams.source.buffer, offset)
        return Region(base, size, state, protect, kind, allocation_protect, allocation, False)

    def bounds(self) -> Iterator[Tuple[int, int]]:
        """Base and end of every entry, in as many bits as the machine's addresses have."""
        mask = self.mask
        for _, (base, size) in self.streams.rows(self.taken, self._bounds):
            yield base & mask, base + size & mask

    @cached_property
    def apart(self) -> bool:
        """Whether the entries stand by address and do not overlap."""
        last = 0
        for _, (base, size) in self.streams.rows(self.taken, self._bounds):
            if base < last or not size or base + size > self.mask:
                return False
            last = base + size
        return True

    def answers(self) -> _Answers:
        """Answers for addresses that grow."""
        return _Ordered(self) if self.apart else _Unordered(self)

    def query(self, address: int) -> Optional[Region]:
        """The answer for one address."""
        address &= self.mask
        best, best_base = -1, 0
        for index, (base, end) in enumerate(self.bounds()):
            if base <= address < end:
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
        for base, end in owner.bounds():
            self._bases.append(base)
            self._ends.append(end)
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
        self.map = None if taken is None else AddressMap(streams, taken, captured.mask)

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
        data = self.captured.held(address, width)
        return (E_FAIL, 0) if len(data) < width else (S_OK, int.from_bytes(data, "little"))

    def rows(self) -> Iterator[Tuple[Region, bool]]:
        """QueryVirtual from address 0 on, each answer with whether the walk can go on behind it."""
        sources: List[_Answers] = []
        if self.map is not None:
            sources.append(self.map.answers())
        sources.append(self.captured.answers())
        at = 0
        tries = BEHIND_TOP
        while True:
            region: Optional[Region] = None
            if at > self.captured.mask:
                # 64-bit addresses on a machine of 32 bits: the engine begins at the low end again
                tries -= 1
                region = self.query(at)[1] if tries > 0 else None
            else:
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
            found = self.captured.query(address)
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

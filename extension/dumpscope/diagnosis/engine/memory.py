"""What the engine reads and answers about the memory of a dumped process: ReadVirtual and QueryVirtual.

Observed: dbgeng 10.0.15063. Where there is no map of the address space (MemoryInfoListStream), and above its last entry,
QueryVirtual makes regions up from the captured ranges.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate, islice
from operator import add, itemgetter, le, lt
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...format.header import MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ...format.memory import MEM_COMMIT, MEM_PRIVATE, MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_INFO
from .answers import E_FAIL, E_NOINTERFACE, FILE_CORRUPT, MEMORY_ABSENT, S_OK, RegionsAnswer
from .lookup import Sorted, Unordered
from .streams import Streams, Taken
from .strict import PAGE

PAGE_READWRITE = 4
CONFLICT = 0xD0000018
"""STATUS_CONFLICTING_ADDRESSES as an HRESULT."""
READ_BEHIND_END = 0x80070026
"""ERROR_HANDLE_EOF as an HRESULT: a range of a full dump whose bytes are not in the file."""

MASK64 = (1 << 64) - 1
MASK32 = (1 << 32) - 1
SHARED_DATA = 0x7FFE0000
"""Where every process has the page of shared user data."""
CLUSTER = 20_000
"""Ranges that overlap each other, of which the first conflict is looked for in the engine's order."""
BEHIND_TOP = 1000
"""Steps of the walk through addresses that a machine of 32 bits does not have."""
KEPT = 1 << 16
"""Entries of a list that are kept in memory once they are decoded. Longer lists are decoded again by each walk."""
COMPARED = 1 << 31
"""Bytes of overlapping ranges that are compared; what follows is taken to be equal."""

_RANGE = MINIDUMP_MEMORY_DESCRIPTOR.select("StartOfMemoryRange", "Memory.DataSize", "Memory.Rva")
_RANGE64 = MINIDUMP_MEMORY_DESCRIPTOR64.select("StartOfMemoryRange", "DataSize")
_INFO = ("BaseAddress", "AllocationBase", "AllocationProtect", "RegionSize", "State", "Protect", "Type")
_BOUNDS = ("BaseAddress", "RegionSize")
_START_AND_SIZE = itemgetter(0, 1)

_ADD = "DbsSplayTreeRangeMap::Add:"

Range = Tuple[int, int, int]
"""Start, size, file offset."""


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


def _wide(address: int) -> str:
    return f"{address >> 32 & MASK32:08x}`{address & MASK32:08x}"


class _Regions(ABC):
    """A list that QueryVirtual asks: the first entry in the file that holds the address, or the one with the next higher base.

    On a machine of 32 bits the engine compares only the low half of every address, and an end that wraps holds nothing.
    """

    ties_last = False
    """Of several entries with the next higher base the last is taken, not the first."""

    def __init__(self, mask: int) -> None:
        self.mask = mask

    @property
    @abstractmethod
    def count(self) -> int:
        """How many entries there are."""

    @abstractmethod
    def extents(self) -> Iterator[Tuple[int, int]]:
        """Base and size of every entry."""

    @abstractmethod
    def region(self, index: int) -> Region:
        """An entry as an answer."""

    @abstractmethod
    def extent(self, index: int) -> Tuple[int, int]:
        """Base and size of an entry."""

    def _decoded(self) -> List[Sequence[int]]:
        """Bases and sizes of all entries in two columns; no column where there is no entry."""
        return [list(column) for column in zip(*self.extents())]

    @cached_property
    def _kept(self) -> Optional[List[Sequence[int]]]:
        """The columns of :meth:`_decoded`; None where there are too many entries to be kept."""
        return self._decoded() if self.count <= KEPT else None

    @cached_property
    def _columns(self) -> Optional[Tuple[Sequence[int], Sequence[int]]]:
        """Where the entries begin and end, with all bits, in two columns; None where there are too many of them to be kept."""
        if self._kept is None:
            return None
        return (self._kept[0], list(map(add, self._kept[0], self._kept[1]))) if self._kept else ((), ())

    @cached_property
    def apart(self) -> bool:
        """Whether the entries stand by address, and none is empty, overlaps another one or wraps."""
        return _follow(self.extents(), self.mask) if self._columns is None else _apart(*self._columns, self.mask)

    @cached_property
    def disjoint(self) -> bool:
        """Whether none is empty, overlaps another one or wraps, in whatever order they stand; False where there are too many to be sorted."""
        if self.apart or self._columns is None:
            return self.apart
        starts, ends = (list(map(column.__getitem__, self._by_start)) for column in self._columns)
        return _apart(starts, ends, self.mask)

    @cached_property
    def _by_start(self) -> List[int]:
        """The numbers of the entries by where they begin, with all bits of their addresses."""
        starts = array("Q", (start for start, _ in self.extents())) if self._columns is None else self._columns[0]
        return sorted(range(len(starts)), key=starts.__getitem__)

    @cached_property
    def _sorted(self) -> Optional[Sorted]:
        """The entries by base, to look an address up by halving; None where there are too many of them to be kept."""
        return self._by_base() if self.count <= KEPT else None

    def _by_base(self) -> Sorted:
        if self._columns is not None and max(self._columns[1], default=0) <= self.mask:
            return Sorted(*self._columns, self._by_start)
        mask = self.mask
        bases, ends, reaches = array("Q"), array("Q"), array("Q")
        for base, size in self.extents():
            end = base + size
            bases.append(base & mask)
            ends.append(end & mask)
            reaches.append(end if end <= mask else 0)
        return Sorted(bases, ends, self._by_start if mask == MASK64 else None, reaches)

    def bounds(self) -> Iterator[Tuple[int, int]]:
        """Base and end of every entry, in as many bits as the machine's addresses have."""
        mask = self.mask
        for base, size in self.extents():
            yield base & mask, base + size & mask

    def finder(self) -> Union[_Ordered, Unordered]:
        """Answers for addresses that grow."""
        return _Ordered(self) if self.apart else Unordered(self._sorted or self._by_base(), self.ties_last)

    def place(self, address: int) -> int:
        """The entry that answers for one address; -1 where none does."""
        address &= self.mask
        if self._sorted is not None:
            index = self._sorted.holder(address)
            return index if index >= 0 else self._sorted.following(address, self.ties_last)
        best, best_base = -1, 0
        for index, (base, end) in enumerate(self.bounds()):
            if base <= address < end:
                return index
            if base > address and (best < 0 or base < best_base or (base == best_base and self.ties_last)):
                best, best_base = index, base
        return best


def _follow(extents: Iterable[Tuple[int, int]], mask: int) -> bool:
    """Whether stretches of addresses follow each other, none of them empty and none beyond the last address."""
    last = 0
    for base, size in extents:
        if base < last or not size or base + size > mask:
            return False
        last = base + size
    return True


def _apart(starts: Sequence[int], ends: Sequence[int], mask: int) -> bool:
    """As :func:`_follow`, of two columns."""
    return not starts or (ends[-1] <= mask and all(map(lt, starts, ends)) and all(map(le, ends, islice(starts, 1, None))))


class _Ordered:
    """Answers from entries that stand by address."""

    def __init__(self, owner: _Regions) -> None:
        self._owner = owner
        self._index = -1
        self._end = 0

    def find(self, at: int) -> Sequence[int]:
        """As :meth:`Unordered.find`; one at a time where the list is not kept."""
        owner = self._owner
        if owner._columns is not None:
            ends = owner._columns[1]
            return range(bisect_right(ends, at), len(ends))
        while self._index < 0 or self._end <= at:
            if self._index + 1 >= owner.count:
                return ()
            self._index += 1
            base, size = owner.extent(self._index)
            self._end = base + size
        return (self._index,)


class Captured(_Regions):
    """The captured ranges of a dump, from MemoryListStream, or from Memory64ListStream where the header says full memory."""

    ties_last = True

    def __init__(self, streams: Streams, full: bool, narrow: bool) -> None:
        super().__init__(MASK32 if narrow else MASK64)
        self.streams = streams
        self.full = full
        self.taken: Optional[Taken] = streams.taken(9 if full else 5)

    @property
    def count(self) -> int:
        """How many ranges there are."""
        return 0 if self.taken is None else self.taken.number

    @cached_property
    def base(self) -> int:
        """BaseRva of a full dump, 0 without its list."""
        if self.taken is None or not self.full:
            return 0
        return self.streams.view.number(self.taken.rva, (MINIDUMP_MEMORY64_LIST.offset_of("BaseRva"), 8))

    def _decoded(self) -> List[Sequence[int]]:
        """Starts, sizes and file offsets of all ranges in three columns; no column where there is no range."""
        if self.taken is None:
            return []
        columns = self.streams.columns(self.taken, _RANGE64 if self.full else _RANGE)
        if self.full and columns:
            columns.append(list(accumulate(columns[1][:-1], initial=self.base)))
        return columns

    def walk(self) -> Iterator[Range]:
        """Start, size and file offset of every range, as the list has them."""
        if self._kept is not None:
            return zip(*self._kept)
        assert self.taken is not None
        return self._walk_full(self.taken) if self.full else self.streams.values(self.taken, _RANGE)

    def _walk_full(self, taken: Taken) -> Iterator[Range]:
        rva = self.base
        for start, size in self.streams.values(taken, _RANGE64):
            yield start, size, rva
            rva += size

    def extents(self) -> Iterator[Tuple[int, int]]:
        """Start and size of every range."""
        return map(_START_AND_SIZE, self.walk())

    def extent(self, index: int) -> Tuple[int, int]:
        """Start and size of a range."""
        if self._kept is not None:
            return self._kept[0][index], self._kept[1][index]
        assert self.taken is not None
        reader = _RANGE64 if self.full else _RANGE
        start, size = reader.unpack(self.streams.source.fetch(self.taken.first + index * self.taken.element, reader.size))[:2]
        return start, size

    def region(self, index: int) -> Region:
        """A range as an answer: the engine takes it for committed private memory."""
        start, size = self.extent(index)
        return Region(start, size, MEM_COMMIT, PAGE_READWRITE, MEM_PRIVATE, PAGE_READWRITE, start, True)

    @cached_property
    def end(self) -> int:
        """Where the bytes of the last range of a full dump end."""
        rva = self.base
        for _, size, at in self.walk():
            rva = at + size
        return rva

    # -- opening ---------------------------------------------------------------------------------------------------------

    def refusal(self) -> Optional[Tuple[int, str]]:
        """Why a partial dump's ranges keep the engine from opening it: HRESULT and text; None if they do not."""
        view = self.streams.view
        low, size = max(view.directory_end, 32), view.size
        bad: Optional[Tuple[int, str]] = None
        count = self.count
        if not self._all_between(low, min(size, MASK32)):
            for index, (_, length, rva) in enumerate(self.walk()):
                if rva < low or rva >= size or rva + length > size or rva + length > MASK32:
                    bad = FILE_CORRUPT, view.misplaced("Memory range data", rva, length).rstrip("\n")
                    count = index
                    break
        if not self.disjoint:
            conflict = self._conflict(count)
            if conflict is not None:
                first, end = conflict
                return CONFLICT, f"{_ADD} Conflicting region {_wide(first)} - {_wide(end - 1)}"
        return bad

    def _all_between(self, low: int, high: int) -> bool:
        """Whether the bytes of every range lie between two offsets of the file, as far as the list is kept."""
        if not self._kept:
            return False
        _, sizes, rvas = self._kept
        return min(rvas) >= low and max(rvas) < high and max(map(add, rvas, sizes)) <= high

    def oddities(self) -> Iterator[str]:
        """What the engine prints about the ranges of a partial dump that it accepts all the same."""
        if self._columns is not None and all(map(lt, *self._columns)) and max(self._columns[1], default=0) <= MASK64 + 1:
            return
        for start, size, _ in self.walk():
            if not size:
                yield f"{_ADD} ignoring zero-sized range at {_wide(start)}"
            elif start + size > MASK64 + 1:
                yield f"{_ADD} range {_wide(start)}:{size:x} overflows, truncating"

    def _conflict(self, count: int) -> Optional[Tuple[int, int]]:
        """Of the first range that overlaps an earlier one and has other bytes there: from where on, and its end.

        A range that begins in the page of shared user data may have other bytes.
        """
        ranges = list(islice(self.walk(), count))
        clashes: List[Tuple[int, int, int]] = []
        for group in self._groups(ranges):
            clashes.extend(self._clash(ranges, group))
        if not clashes:
            return None
        return min(clashes)[1:]

    def _groups(self, ranges: List[Range]) -> Iterator[List[int]]:
        """The numbers of ranges that overlap, a list for each stretch of addresses that they cover together; by address."""
        if self._kept is not None and len(ranges) == self.count:
            entries = self._whole
        else:
            entries = Sorted([start for start, _, _ in ranges], [start + size for start, size, _ in ranges])
        order, starts, ends = entries.order, entries.starts, entries.ends
        done = 0
        for first in entries.clashes:
            if first < done:
                continue
            group, end, done = [], -1, first
            while done < len(order) and (done == first or starts[done] < end):
                if ends[order[done]] > starts[done]:
                    group.append(order[done])
                    end = max(end, ends[order[done]])
                done += 1
            yield group

    def _clash(self, ranges: List[Range], group: List[int]) -> Iterator[Tuple[int, int, int]]:
        """The first range of a group that conflicts, from where, and its end. ``group`` holds ranges that overlap, by address."""
        if len(group) < 2 or len({ranges[index][2] - ranges[index][0] for index in group}) < 2:
            return  # the same bytes of the file
        with memoryview(self.streams.source.buffer) as data:
            pieces = _Pieces(data)
            for index in sorted(group) if len(group) <= CLUSTER else group:
                start, size, rva = ranges[index]
                conflict = pieces.add(start, start + size, rva - start, compared=not SHARED_DATA <= start < SHARED_DATA + PAGE)
                if conflict is not None:
                    yield index, conflict, start + size
                    return

    # -- reading ---------------------------------------------------------------------------------------------------------

    def _search(self, address: int) -> Optional[int]:
        """The range of a full dump that the engine reads an address from.

        It halves the list by address, which misses some of the ranges that overlap.
        """
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            index = middle if self.apart else self._by_start[middle]
            start, size = self.extent(index)
            if address < start:
                high = middle
            elif address < (start + size & MASK64):
                return index
            else:
                low = middle + 1
        return None

    def containing(self, address: int) -> Optional[Range]:
        """The range that an address is read from."""
        address &= MASK64
        if self.full:
            wanted = self._search(address)
            if wanted is None:
                return None
            return next(islice(self.walk(), wanted, None), None) if self._kept is None else self._range(self._kept, wanted)
        if self._kept is not None:
            index = self._whole.holder(address)
            return None if index < 0 else self._range(self._kept, index)
        for item in self.walk():
            if item[0] <= address < item[0] + item[1]:
                return item
        return None

    def _range(self, kept: List[Sequence[int]], index: int) -> Range:
        return kept[0][index], kept[1][index], kept[2][index]

    @cached_property
    def _whole(self) -> Sorted:
        """The ranges by where they begin, with all bits of their addresses and of their ends."""
        assert self._columns is not None
        if self.mask == MASK64 and self._sorted is not None and max(self._columns[1], default=0) <= MASK64:
            return self._sorted
        return Sorted(*self._columns, self._by_start)

    def held(self, address: int, size: int) -> bytes:
        """The bytes at an address, as far as the engine can read them, going on from range to range."""
        data = b""
        while len(data) < size:
            found = self.containing(address + len(data))
            if found is None:
                break
            start, length, rva = found
            inside = (address + len(data) & MASK64) - start
            more = self.streams.source.some(rva + inside, min(length - inside, size - len(data)))
            if not more:
                break
            data += more
        return data


class _Pieces:
    """What the ranges put in so far give each address: pieces that do not overlap, each with the way from an address to its file offset."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._pieces: List[Tuple[int, int, int]] = []
        self._budget = COMPARED

    def add(self, low: int, high: int, shift: int, *, compared: bool) -> Optional[int]:
        """Put a range in where no earlier one is. The address from which on it has other bytes than an earlier one; None if it has not."""
        pieces = self._pieces
        at = bisect_left(pieces, (low, -1, -1))
        if at and pieces[at - 1][1] > low:
            at -= 1
        while low < high:
            if at == len(pieces) or pieces[at][0] >= high:
                pieces.insert(at, (low, high, shift))
                return None
            left, right, other = pieces[at]
            if left > low:
                pieces.insert(at, (low, left, shift))
                low, at = left, at + 1
            end = min(high, right)
            if compared and other != shift and not self._equal(low, end, shift, other):
                return low
            low, at = right, at + 1
        return None

    def _equal(self, low: int, high: int, shift: int, other: int) -> bool:
        """Whether two ranges have the same bytes from ``low`` to ``high``; what is beyond the budget counts as equal."""
        if self._budget <= 0:
            return True
        self._budget -= high - low
        return self._data[low + shift : high + shift] == self._data[low + other : high + other]


class AddressMap(_Regions):
    """MemoryInfoListStream."""

    def __init__(self, streams: Streams, taken: Taken, mask: int) -> None:
        super().__init__(mask)
        self.streams = streams
        self.taken = taken
        self._reader = MINIDUMP_MEMORY_INFO.select(*_INFO, stride=taken.element)
        self._extent = MINIDUMP_MEMORY_INFO.select(*_BOUNDS, stride=taken.element)

    @property
    def count(self) -> int:
        """How many entries there are."""
        return self.taken.number

    def extents(self) -> Iterator[Tuple[int, int]]:
        """Base and size of every entry."""
        return self.streams.values(self.taken, self._extent) if self._kept is None else zip(*self._kept)

    def _decoded(self) -> List[Sequence[int]]:
        """Bases and sizes of all entries in two columns; no column where there is no entry."""
        return self.streams.columns(self.taken, self._extent)

    def extent(self, index: int) -> Tuple[int, int]:
        """Base and size of an entry."""
        if self._kept is not None:
            return self._kept[0][index], self._kept[1][index]
        base, size = self._extent.unpack(self.streams.source.fetch(self.taken.first + index * self.taken.element, self._extent.size))
        return base, size

    def region(self, index: int) -> Region:
        """An entry as an answer."""
        offset = self.taken.first + index * self.taken.element
        base, allocation, allocation_protect, size, state, protect, kind = self._reader.unpack(self.streams.source.fetch(offset, self._reader.size))
        return Region(base, size, state, protect, kind, allocation_protect, allocation, False)


class EngineMemory:
    """Both memory interfaces of the engine on one dump."""

    def __init__(self, streams: Streams, captured: Captured) -> None:
        self.captured = captured
        taken = streams.taken(16)
        self.map = None if taken is None else AddressMap(streams, taken, captured.mask)

    def read_virtual(self, address: int) -> int:
        """HRESULT of reading at an address. The images on the symbol path, which the engine also reads from, are not known here."""
        address &= MASK64
        found = self.captured.containing(address)
        if found is None:
            return E_NOINTERFACE if self.captured.full else MEMORY_ABSENT
        start, _, rva = found
        return S_OK if (rva & MASK64) + address - start < self.captured.streams.view.size else READ_BEHIND_END

    def read_pointer(self, address: int, width: int) -> Tuple[int, int]:
        """HRESULT and value of a pointer that must be read whole."""
        hresult = self.read_virtual(address)
        if hresult != S_OK:
            return hresult, 0
        data = self.captured.held(address, width)
        return (E_FAIL, 0) if len(data) < width else (S_OK, int.from_bytes(data, "little"))

    @property
    def _lists(self) -> List[_Regions]:
        """The lists that QueryVirtual asks, one after the other."""
        return [self.captured] if self.map is None else [self.map, self.captured]

    def rows(self) -> Iterator[Tuple[Region, bool]]:
        """QueryVirtual from address 0 on, each answer with whether the walk can go on after it."""
        for owner, indices, _, more in self._steps(self._lists, 0):
            for index in indices:
                yield owner.region(index), more

    def _steps(self, owners: List[_Regions], at: int) -> Iterator[Tuple[_Regions, Sequence[int], int, bool]]:
        """The walk from an address on: the list and its entries that answer, where the last answer ends, and whether the walk goes on."""
        finders = [owner.finder() for owner in owners]
        mask = self.captured.mask
        tries = BEHIND_TOP
        while True:
            indices: Sequence[int] = ()
            if at > mask:
                # 64-bit addresses on a machine of 32 bits: the engine begins at the low end again
                tries -= 1
                if tries > 0:
                    owner, index = self._answer(at)
                    indices = (index,) if index >= 0 else ()
            else:
                while finders:
                    owner, indices = owners[0], finders[0].find(at)
                    if indices:
                        break
                    del finders[0], owners[0]  # what has no answer here has none above either
            if not indices:
                return
            base, size = owner.extent(indices[-1])
            end = base + size & MASK64
            more = size != 0 and end > at
            yield owner, indices, end, more
            if not more:
                return
            at = end

    def _answer(self, address: int) -> Tuple[_Regions, int]:
        """The list and its entry that answer for one address; -1 where none does."""
        for owner in self._lists:
            index = owner.place(address)
            if index >= 0:
                return owner, index
        return self.captured, -1

    def query(self, address: int) -> Tuple[int, Optional[Region]]:
        """QueryVirtual: HRESULT and region."""
        owner, index = self._answer(address)
        return (E_NOINTERFACE, None) if index < 0 else (S_OK, owner.region(index))

    def regions(self) -> RegionsAnswer:
        """The walk as one answer: the first and the last HRESULT, the regions from which it went on, and where it ended."""
        count = end = 0
        last = E_NOINTERFACE
        lists = self._lists
        if lists[0].disjoint and lists[0].count:  # each entry answers once: nothing has to be looked up
            first = lists.pop(0)
            count = first.count
            base, size = first.extent(count - 1) if first.apart else max(first.extents())
            end = base + size
        for _, indices, at, more in self._steps(lists, end):
            if more:
                count += len(indices)
                end = at
            else:
                last = S_OK
        return RegionsAnswer(S_OK if count or last == S_OK else E_NOINTERFACE, last, count, end)

"""Which records of a list lead to a place of the file, found without looking at each of them.

The records are taken some hundreds at a time. For each of these blocks it is kept from where to where its records lead, by one RVA field;
a place is then looked for in the few blocks that can have it.
"""

from __future__ import annotations

import struct
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..dump.lists import BLOCK, RecordList
from ..dump.source import Source, Window
from ..dump.streams.handles import MAX_CHAIN
from ..dump.streams.memory import Memory64List
from ..format.handles import MINIDUMP_HANDLE_OBJECT_INFORMATION

Spans = Tuple[Tuple[int, int], ...]
"""Start and end of each structure that one RVA leads to; those of a chain are several."""

STRING = "string"
SIZED = "sized"
CHAIN = "chain"

MAX_KNOWN = 1 << 12
"""Places that are kept: those that records share."""
CUT_STRING = 4096
"""Bytes of a string that claims more than the file has."""

_INFO = MINIDUMP_HANDLE_OBJECT_INFORMATION.select("NextInfoRva", "SizeOfInfo")
_LENGTH = struct.Struct("<I")


class Lead(NamedTuple):
    """An RVA field: ``rva`` is where it is in the record, ``width`` its size, ``size`` where the length is that belongs to it (-1 for none).

    ``alike`` is true where the words for what it leads to differ from record to record by nothing but numbers and what is in brackets.
    """

    kind: str
    rva: int
    width: int = 4
    size: int = -1
    alike: bool = True


def string_end(source: Source, rva: int, window: Optional[Window] = None) -> int:
    """Where a MINIDUMP_STRING ends, with the NUL after it where there is one; 0 when there is no room for one."""
    size = source.size
    if not rva or rva + 4 > size:
        return 0
    window = window or Window(source)
    data, place = window.see(rva, 4)
    length: int = _LENGTH.unpack_from(data, place)[0]
    end = rva + 4 + length
    if end > size:
        end = rva + 4 + min(length, CUT_STRING, size - rva - 4)
    after = place + end - rva
    nul = data[after : after + 2] if after + 2 <= len(data) else source.some(end, 2)
    return end + 2 if nul == b"\0\0" else end


class Rows:
    """Records of one size that follow each other and lead nowhere."""

    def __init__(self, first: int, stride: int, count: int) -> None:
        self.first = first
        self.stride = stride
        self.count = count

    def own(self, start: int, stop: int) -> range:
        """The numbers of the records that lie in a stretch of the file themselves: by arithmetic."""
        return range(max(0, (start - self.first) // self.stride), max(0, min(self.count, -((self.first - stop) // self.stride))))

    def touching(self, start: int, stop: int) -> Iterator[int]:
        """The numbers of all records that lie in a stretch of the file or lead there, in order."""
        yield from self.own(start, stop)

    def nearest(self, offset: int) -> Iterator[int]:
        """The numbers of records, one of which has the last structure before an offset, and one the first after it.

        No structure of the list may hold the offset.
        """
        if self.count:
            yield from sorted({0, self.count - 1})


class Reach(Rows):
    """What the records of one list take up themselves, and where they lead."""

    def __init__(self, items: RecordList[Any], leads: Sequence[Lead]) -> None:
        super().__init__(items.span.first, items.span.stride, items.span.count)
        self.items = items
        self.source = items.source
        self.leads = leads
        self.step = max(1, BLOCK // self.stride)
        self._extents: Optional[List[List[Tuple[int, int]]]] = None
        self._known: List[Dict[Any, Spans]] = [{} for _ in leads]
        self._window = Window(items.source)

    # -- one block -------------------------------------------------------------------------------------------------------

    def _block(self, block: int) -> bytes:
        low = block * self.step
        data, _, _ = next(self.items._chunks(low, min(low + self.step, self.count)))
        return data

    def _numbers(self, data: bytes, offset: int, width: int) -> Sequence[int]:
        """One field of each record of a block."""
        stride = self.stride
        if stride % width or offset % width or sys.byteorder != "little":
            code = f"<{offset}x{'I' if width == 4 else 'Q'}{stride - offset - width}x"
            return [values[0] for values in struct.iter_unpack(code, data)]
        return memoryview(data).cast("I" if width == 4 else "Q")[offset // width :: stride // width].tolist()

    def _keys(self, lead: Lead, data: bytes) -> Sequence[Any]:
        """What a record's field says, for each of a block: the RVA, with the length if one stands beside it."""
        rvas = self._numbers(data, lead.rva, lead.width)
        return list(zip(rvas, self._numbers(data, lead.size, 4))) if lead.kind == SIZED else rvas

    def _places(self, number: int, keys: Iterable[Any]) -> Dict[Any, Spans]:
        """Where different values of a field lead to; those that lead nowhere are left out."""
        wanted: Set[Any] = set(keys)
        known = self._known[number]
        kind = self.leads[number].kind
        find: Callable[[Any], Spans] = self._string if kind == STRING else self._sized if kind == SIZED else self._chain
        new = {key: find(key) for key in sorted(wanted.difference(known))}
        found = {key: spans for key, spans in new.items() if spans}
        if len(new) < len(wanted):
            found.update((key, known[key]) for key in wanted.difference(new) if known[key])
        if len(known) + len(new) <= MAX_KNOWN:
            known.update(new)
        return found

    def _string(self, rva: int) -> Spans:
        end = string_end(self.source, rva, self._window)
        return ((rva, end),) if end else ()

    def _sized(self, key: Tuple[int, int]) -> Spans:
        rva, size = key
        held = self.source.available(rva, size) if rva else 0
        return ((rva, rva + held),) if held else ()

    def _chain(self, rva: int) -> Spans:
        """The blocks of object information, as HandleList.object_info follows them."""
        spans: List[Tuple[int, int]] = []
        seen = set()
        window = self._window
        while rva and rva not in seen and len(spans) < MAX_CHAIN and self.source.available(rva, _INFO.size) == _INFO.size:
            seen.add(rva)
            following, size = _INFO.unpack_from(*window.see(rva, _INFO.size))
            spans.append((rva, rva + self.source.available(rva, MINIDUMP_HANDLE_OBJECT_INFORMATION.size + size)))
            rva = following
        return tuple(spans)

    def places(self, number: int) -> Iterator[Tuple[int, List[Tuple[int, int, int, int, int]]]]:
        """Where one field leads, block by block: the number of the first record, and each place once.

        Of a place: start, end, which record of the block is the first to lead there, how many do, and which is the second.
        """
        lead = self.leads[number]
        for data, _, low in self.items._chunks(0, self.count):
            keys = self._keys(lead, data)
            firsts = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1)))
            counts: Dict[Any, int] = {}
            seconds: Dict[Any, int] = {}
            if len(firsts) < len(keys):
                counts = Counter(keys)
                seconds = {keys[at]: at for at in range(len(keys) - 1, -1, -1) if firsts[keys[at]] != at}
            found: List[Tuple[int, int, int, int, int]] = []
            for key, spans in self._places(number, firsts).items():
                for start, end in spans:
                    found.append((start, end, firsts[key], counts.get(key, 1), seconds.get(key, 0)))
            yield low, found

    # -- all blocks ------------------------------------------------------------------------------------------------------

    def _all_extents(self) -> List[List[Tuple[int, int]]]:
        """For each field, from where to where each block leads by it. Every record is read once, when this is first asked."""
        if self._extents is None:
            extents: List[List[Tuple[int, int]]] = [[] for _ in self.leads]
            for data, _, _ in self.items._chunks(0, self.count if self.leads else 0):
                for number, lead in enumerate(self.leads):
                    spans = [span for spans in self._places(number, self._keys(lead, data)).values() for span in spans]
                    extents[number].append((min(spans)[0], max(end for _, end in spans)) if spans else (0, 0))
            self._extents = extents
        return self._extents

    def touching(self, start: int, stop: int) -> Iterator[int]:
        own = self.own(start, stop)
        extents = self._all_extents()
        if not self.leads:
            yield from own
            return
        for block in range(-(-self.count // self.step)):
            low, high = block * self.step, (block + 1) * self.step
            found = set(range(max(own.start, low), min(own.stop, high)))
            data = b""
            for number, lead in enumerate(self.leads):
                first, last = extents[number][block]
                if first < stop and last > start:
                    data = data or self._block(block)
                    keys = self._keys(lead, data)
                    hits = {key for key, spans in self._places(number, keys).items() if any(at < stop and end > start for at, end in spans)}
                    if hits:
                        found.update(index for index, key in enumerate(keys, low) if key in hits)
            yield from sorted(found)

    def nearest(self, offset: int) -> Iterator[int]:
        found = set(super().nearest(offset))
        for number, extents in enumerate(self._all_extents()):
            around = {block for block, (first, last) in enumerate(extents) if first <= offset < last}
            below = [(last, block) for block, (_, last) in enumerate(extents) if 0 < last <= offset]
            above = [(first, block) for block, (first, last) in enumerate(extents) if first > offset and last]
            around.update(block for _, block in (max(below, default=(0, -1)), min(above, default=(0, -1))) if block >= 0)
            for block in around:
                keys = self._keys(self.leads[number], self._block(block))
                spans = [(at, end, key) for key, spans in self._places(number, keys).items() for at, end in spans]
                before = max(((end, key) for _, end, key in spans if end <= offset), default=None)
                behind = min(((at, key) for at, _, key in spans if at > offset), default=None)
                found.update(block * self.step + keys.index(key) for _, key in filter(None, (before, behind)))
        yield from sorted(found)


class Contiguous(Reach):
    """The ranges of a Memory64ListStream, whose bytes follow each other without a field that says so."""

    def __init__(self, items: Memory64List) -> None:
        super().__init__(items, ())
        self._rvas = items._offsets

    def ranges(self) -> Iterator[Tuple[int, int, int]]:
        """Number, start and end of what the file holds of each range; those of which it holds nothing are left out."""
        size = self.source.size
        rvas = self._rvas
        for number in range(self.count):
            if rvas[number] < size and rvas[number] < rvas[number + 1]:
                yield number, rvas[number], min(rvas[number + 1], size)

    def touching(self, start: int, stop: int) -> Iterator[int]:
        first = max(0, bisect_right(self._rvas, start) - 1)
        yield from sorted({*self.own(start, stop), *range(first, min(self.count, bisect_left(self._rvas, stop)))})

    def nearest(self, offset: int) -> Iterator[int]:
        rvas = self._rvas
        found = set(super().nearest(offset))
        found.add(bisect_right(rvas, rvas[0]) - 1 if offset < rvas[0] else bisect_left(rvas, rvas[-1]) - 1)
        yield from sorted(number for number in found if 0 <= number < self.count)


def reach(items: RecordList[Any], leads: Sequence[Lead]) -> Reach:
    """The index of a list; made once."""
    found = items._reach
    if not isinstance(found, Reach):
        found = items._reach = Contiguous(items) if isinstance(items, Memory64List) else Reach(items, leads)
    return found

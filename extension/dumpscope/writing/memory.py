"""Captured memory of a dump that is being written: which ranges, where their bytes come from, and where they go."""

from __future__ import annotations

from bisect import bisect_right
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..dump.source import Source
from ..errors import DumpError, UsageError
from ..format.counted import counted
from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ..format.memory import MINIDUMP_MEMORY64_LIST
from .output import LAST_RVA, Output

ADDRESS_END = 1 << 64
COMPARED = 1 << 26
"""Bytes of overlapping ranges that are compared in all; where more overlap, the later range is cut."""
_ALIGN = 16


class Planned(NamedTuple):
    """A range to be written: ``data`` are its bytes, or they stand at ``offset`` in ``source``."""

    start: int
    size: int
    source: Optional[Source]
    offset: int
    data: bytes = b""

    @property
    def end(self) -> int:
        """First address after the range."""
        return self.start + self.size

    def some(self, skip: int, size: int) -> bytes:
        """Bytes of the range, from its byte ``skip`` on."""
        return self.source.some(self.offset + skip, size) if self.source is not None else self.data[skip : skip + size]

    def part(self, low: int, high: int) -> Planned:
        """The part of the range between two addresses inside it."""
        skip = low - self.start
        if self.source is None:
            return Planned(low, high - low, None, 0, self.data[skip : skip + high - low])
        return Planned(low, high - low, self.source, self.offset + skip)


class MemoryPlan:
    """The ``ranges`` of a dump to be written, in the order of its list.

    ``wide`` says that they go into a Memory64ListStream, which makes the dump one of full memory; ``wide`` None: only if an RVA of 32
    bits would not reach them. ``listed``: the list is written even without a range. ``notes`` tells what could not be kept.
    """

    def __init__(self) -> None:
        self.ranges: List[Planned] = []
        self.wide: Optional[bool] = None
        self.listed = False
        self.notes: List[str] = []
        self._extents: Dict[int, Tuple[List[int], List[int], List[int]]] = {}
        self._starts: List[int] = []
        self._placed: List[Tuple[int, int, int]] = []

    def add(self, start: int, data: bytes) -> None:
        """A range with its bytes. Raises UsageError for one that leaves the address space."""
        self._check(start, len(data))
        self.ranges.append(Planned(start, len(data), None, 0, bytes(data)))

    def add_copied(self, start: int, size: int, source: Source, offset: int) -> None:
        """A range whose bytes stand in a file. Raises UsageError."""
        self._check(start, size)
        self.ranges.append(Planned(start, size, source, offset))

    @staticmethod
    def _check(start: int, size: int) -> None:
        if not 0 <= start < ADDRESS_END or start + size > ADDRESS_END:
            raise UsageError(f"0x{size:x} bytes at 0x{start:x} leave the address space")

    @property
    def total(self) -> int:
        """Bytes of all ranges."""
        return sum(item.size for item in self.ranges)

    # -- before writing --------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Leave empty ranges out, and cut those that overlap others with other bytes: the engine refuses such a list."""
        kept = [item for item in self.ranges if item.size]
        if len(kept) < len(self.ranges):
            self.notes.append(f"{counted(len(self.ranges) - len(kept), 'memory range')} without bytes are left out")
        order = sorted(range(len(kept)), key=lambda index: (kept[index].start, -kept[index].size))
        gone: Dict[int, List[Planned]] = {}
        reach, widest, budget = 0, -1, COMPARED
        for index in order:
            item = kept[index]
            if item.start < reach:
                other = kept[widest]
                high = min(item.end, other.end)
                same = self._same(other, item, high, budget)
                budget -= high - item.start
                if not same:
                    gone[index] = [item.part(other.end, item.end)] if item.end > other.end else []
            if item.end > reach:
                reach, widest = item.end, index
        if gone:
            lost = sum(kept[index].size - sum(part.size for part in parts) for index, parts in gone.items())
            self.notes.append(
                f"{counted(len(gone), 'memory range overlaps others and holds', 'memory ranges overlap others and hold')} other bytes: "
                f"0x{lost:x} bytes of the later ones are cut"
            )
            kept = [part for index, item in enumerate(kept) for part in gone.get(index, [item])]
        self.ranges = kept

    @staticmethod
    def _same(first: Planned, second: Planned, high: int, budget: int) -> bool:
        """Whether two ranges agree from the start of the second to an address."""
        if first.source is not None and first.source is second.source and second.offset - first.offset == second.start - first.start:
            return True
        size = high - second.start
        if size > budget:
            return False
        skip = second.start - first.start
        return all(first.some(skip + at, min(1 << 16, size - at)) == second.some(at, min(1 << 16, size - at)) for at in range(0, size, 1 << 16))

    def _merged(self) -> Iterator[Tuple[Source, List[Tuple[int, int]]]]:
        """The parts of each file that are copied, none of them twice."""
        by_source: Dict[int, Tuple[Source, List[Tuple[int, int]]]] = {}
        for item in self.ranges:
            if item.source is not None:
                by_source.setdefault(id(item.source), (item.source, []))[1].append((item.offset, item.offset + item.size))
        for source, parts in by_source.values():
            parts.sort()
            merged: List[Tuple[int, int]] = []
            for low, high in parts:
                if merged and low <= merged[-1][1]:
                    if high > merged[-1][1]:
                        merged[-1] = (merged[-1][0], high)
                else:
                    merged.append((low, high))
            yield source, merged

    def goes_wide(self, before: int) -> bool:
        """Whether the ranges go into a Memory64ListStream when ``before`` bytes stand in front of them."""
        if self.wide is not None:
            return self.wide
        shared = sum(high - low + _ALIGN for _, parts in self._merged() for low, high in parts)
        own = sum(item.size + _ALIGN for item in self.ranges if item.source is None)
        return before + shared + own > LAST_RVA

    # -- writing ---------------------------------------------------------------------------------------------------------

    def descriptors(self, wide: bool) -> int:
        """Size of the stream that lists the ranges."""
        if wide:
            return MINIDUMP_MEMORY64_LIST.size + len(self.ranges) * MINIDUMP_MEMORY_DESCRIPTOR64.size
        return 4 + len(self.ranges) * MINIDUMP_MEMORY_DESCRIPTOR.size

    def write(self, out: Output, place: int, wide: bool) -> None:
        """Write the bytes at the end and the list at ``place``, which was reserved. Raises DumpError."""
        if wide:
            self._write_wide(out, place)
        else:
            self._write_narrow(out, place)
        self._placed.sort()
        self._starts = [item[0] for item in self._placed]

    def _write_wide(self, out: Output, place: int) -> None:
        total = self.total
        if total > 4 * (sum(high - low for _, parts in self._merged() for low, high in parts) + sum(len(item.data) for item in self.ranges)) + (1 << 20):
            raise DumpError(f"the ranges share their bytes so much that they amount to 0x{total:x} bytes", "write them as MemoryListStream")
        base = out.reserve(total, _ALIGN, wide=True)
        out.put(place, MINIDUMP_MEMORY64_LIST.select("NumberOfMemoryRanges", "BaseRva").pack(len(self.ranges), base))
        pack = MINIDUMP_MEMORY_DESCRIPTOR64.select("StartOfMemoryRange", "DataSize").pack
        out.put(place + MINIDUMP_MEMORY64_LIST.size, b"".join(pack(item.start, item.size) for item in self.ranges))
        at = base
        pending: Optional[Planned] = None  # ranges that follow each other in the file they come from are copied at once
        pending_at = 0
        for item in self.ranges:
            self._placed.append((item.start, item.end, at))
            if pending is not None and (item.source is not pending.source or item.offset != pending.offset + pending.size):
                self._copy(out, pending, pending_at)
                pending = None
            if item.source is None:
                out.put(at, item.data)
            elif pending is None:
                pending, pending_at = item, at
            else:
                pending = pending._replace(size=pending.size + item.size)
            at += item.size
        if pending is not None:
            self._copy(out, pending, pending_at)

    @staticmethod
    def _copy(out: Output, item: Planned, place: int) -> None:
        assert item.source is not None
        out.copy(item.source, item.offset, item.size, place)

    def _write_narrow(self, out: Output, place: int) -> None:
        for source, parts in self._merged():
            places = []
            for low, high in parts:
                at = out.reserve(high - low, _ALIGN)
                out.copy(source, low, high - low, at)
                places.append(at)
            self._extents[id(source)] = ([low for low, _ in parts], [high for _, high in parts], places)
        pack = MINIDUMP_MEMORY_DESCRIPTOR.select("StartOfMemoryRange", "Memory.DataSize", "Memory.Rva").pack
        rows = [len(self.ranges).to_bytes(4, "little")]
        for item in self.ranges:
            rva = self._moved(item.source, item.offset, item.size) if item.source is not None else out.append(item.data, _ALIGN)
            if item.size > LAST_RVA:
                raise DumpError(f"the range at 0x{item.start:x} has 0x{item.size:x} bytes, too many for MemoryListStream", "write Memory64ListStream")
            rows.append(pack(item.start, item.size, rva))
            self._placed.append((item.start, item.end, rva))
        out.put(place, b"".join(rows))

    def _moved(self, source: Source, offset: int, size: int) -> int:
        """Where bytes of a file stand now; 0 where they were not copied."""
        lows, highs, places = self._extents.get(id(source), ([], [], []))
        index = bisect_right(lows, offset) - 1
        if index < 0 or offset + size > highs[index]:
            return 0
        return places[index] + offset - lows[index]

    def rva_of(self, start: int, size: int, source: Optional[Source] = None, offset: int = 0) -> int:
        """The RVA of captured bytes at an address, or of those copied from ``offset`` of a file; 0 where no RVA of 32 bits leads to all of them."""
        index = bisect_right(self._starts, start) - 1
        if index >= 0 and start + size <= self._placed[index][1]:
            rva = self._placed[index][2] + start - self._placed[index][0]
            return rva if rva <= LAST_RVA else 0
        return self._moved(source, offset, size) if source is not None and offset else 0

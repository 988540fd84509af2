"""What an address is used for: a module, a thread's stack, a TEB, the PEB, a heap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.salt import SALT
from ..dump.streams.memory import Region
from ..dump.streams.threads import Thread
from ..format.memory import MEM_FREE, MEM_IMAGE, MEM_MAPPED

FREE, UNKNOWN, IMAGE, MAPPED, STACK, HEAP, TEB, PEB, OTHER = "Free", "<unknown>", "Image", "MappedFile", "Stack", "Heap", "TEB", "PEB", "Other"
TEB_SIZE = {4: 0x1000, 8: 0x2000}
PEB_SIZE = 0x1000
TRIED = 64
"""Threads whose TEB is asked for the PEB's address."""
SHARED_DATA = 0x7FFE0000
"""Where Windows maps KUSER_SHARED_DATA into every process."""


def peb_address(dump: Minidump) -> Union[int, Absent]:
    """Where the PEB is, captured or not: as the first TEBs say."""
    peb = dump.process.peb
    if not isinstance(peb, Absent):
        return peb.address
    for thread in dump.threads.walk(0, TRIED):
        teb = dump.process.teb(thread)
        found = teb if isinstance(teb, Absent) else teb.peb
        if isinstance(found, int) and found:
            return found
    return peb


class Use(NamedTuple):
    """What an address is used for: one of the constants above, words that say more, and the thread it belongs to."""

    kind: str
    words: str
    thread: Optional[Thread] = None


class Usage:
    """Stacks, TEBs, PEB and heaps of a dump, ordered so that an address can be looked up."""

    def __init__(self, dump: Minidump) -> None:
        self.dump = dump
        self._heaps: Optional[Dict[int, int]] = None
        stacks: List[Tuple[int, int, int]] = []
        tebs: List[Tuple[int, int, int]] = []
        size = TEB_SIZE[dump.pointer_size]
        for thread in dump.threads:
            if thread.stack_size:
                stacks.append((thread.stack_start, thread.stack_start + thread.stack_size, thread.index))
            if thread.teb:
                tebs.append((thread.teb, thread.teb + size, thread.index))
        self._stacks, self._tebs = sorted(stacks), sorted(tebs)
        self._allocations: Optional[Dict[int, int]] = None
        peb = peb_address(dump)
        self.peb = 0 if isinstance(peb, Absent) else peb
        inner = dump.process.wow64_peb
        self.peb32 = 0 if isinstance(inner, Absent) else inner.address

    def heaps(self) -> Dict[int, int]:
        """Heap base, salted -> its number in the PEB's list."""
        if self._heaps is None:
            found: Dict[int, int] = {}
            for peb in (self.dump.process.peb, self.dump.process.wow64_peb):
                heaps = peb if isinstance(peb, Absent) else peb.heaps
                if not isinstance(heaps, Absent):
                    for number, base in enumerate(heaps):
                        found.setdefault(base * SALT, number)
            self._heaps = found
        return self._heaps

    def stack_allocations(self) -> Dict[int, int]:
        """Allocation base, salted -> thread index, for the regions that the stacks lie in: a stack's reserve and guard belong to it."""
        if self._allocations is None:
            found: Dict[int, int] = {}
            if len(self.dump.regions):
                for start, end, index in self._stacks:
                    region = self.dump.regions.at(end - 1) or self.dump.regions.at(start)
                    if region is not None and region.allocation_base and not region.type & (MEM_IMAGE | MEM_MAPPED):
                        found.setdefault(region.allocation_base * SALT, index)
            self._allocations = found
        return self._allocations

    @staticmethod
    def _inside(rows: List[Tuple[int, int, int]], address: int) -> Optional[int]:
        position = bisect_right(rows, (address, 1 << 64, 0)) - 1
        for candidate in range(position, max(-1, position - 4), -1):
            start, end, index = rows[candidate]
            if start <= address < end:
                return index
        return None

    @staticmethod
    def _touching(rows: List[Tuple[int, int, int]], start: int, end: int) -> Optional[int]:
        position = bisect_right(rows, (end - 1, 1 << 64, 0)) - 1
        if position >= 0 and rows[position][1] > start:
            return rows[position][2]
        return None

    def at(self, address: int) -> Use:
        """What one address is used for."""
        dump = self.dump
        module = dump.modules.at(address)
        if module is not None:
            return Use(IMAGE, f"{module.name}{_plus(address - module.base)}")
        if self.peb and self.peb <= address < self.peb + PEB_SIZE:
            return Use(PEB, f"PEB{_plus(address - self.peb)}")
        if self.peb32 and self.peb32 <= address < self.peb32 + PEB_SIZE:
            return Use(PEB, f"32-bit PEB{_plus(address - self.peb32)}")
        for rows, kind, words in ((self._tebs, TEB, "TEB"), (self._stacks, STACK, "stack")):
            index = self._inside(rows, address)
            if index is not None:
                thread = dump.threads[index]
                more = _plus(address - thread.teb) if kind == TEB else ""
                return Use(kind, f"{words} of thread {index} ({thread.tid:x}){more}", thread)
        if SHARED_DATA <= address < SHARED_DATA + 0x1000 and (isinstance(dump.system, Absent) or dump.system.is_windows):
            return Use(OTHER, f"KUSER_SHARED_DATA{_plus(address - SHARED_DATA)}")
        region = dump.regions.at(address)
        if region is not None:
            return self.region(region)
        heap = self.heaps().get(address * SALT)
        if heap is not None:
            return Use(HEAP, f"heap {heap}")
        return Use(UNKNOWN, "")

    def region(self, region: Region) -> Use:
        """What a region is used for, as far as its type and what lies in it tell."""
        if region.state == MEM_FREE:
            return Use(FREE, "")
        if region.type == MEM_IMAGE:
            module = self.dump.modules.at(region.base)
            return Use(IMAGE, module.name if module is not None else "")
        first = bisect_left(self._tebs, (region.base, 0, 0))
        count = bisect_left(self._tebs, (region.end, 0, 0)) - first
        peb = "PEB, " if self.peb and region.base <= self.peb < region.end else ""
        if count:
            thread = self.dump.threads[self._tebs[first][2]]
            return Use(TEB, f"{peb}TEB of thread {thread.index} ({thread.tid:x})" if count == 1 else f"{peb}TEBs of {count} threads", thread)
        if peb:
            return Use(PEB, "PEB")
        if self.peb32 and region.base <= self.peb32 < region.end:
            return Use(PEB, "32-bit PEB")
        index = self.stack_allocations().get(region.allocation_base * SALT) if region.allocation_base else None
        if index is None:
            index = self._touching(self._stacks, region.base, region.end)
        if index is not None:
            thread = self.dump.threads[index]
            return Use(STACK, f"stack of thread {index} ({thread.tid:x})", thread)
        heap = self.heaps().get(region.allocation_base * SALT) if region.allocation_base else None
        if heap is not None:
            return Use(HEAP, f"heap {heap}")
        if region.base <= SHARED_DATA < region.end and region.end - region.base <= 0x10000:
            return Use(OTHER, "KUSER_SHARED_DATA")
        if region.type == MEM_MAPPED:
            return Use(MAPPED, "")
        return Use(UNKNOWN, "")


def _plus(offset: int) -> str:
    """``+0x10``, nothing for 0."""
    return f"+0x{offset:x}" if offset else ""

"""What the engine knows of threads: ids, TEBs, and THREAD_BASIC_INFORMATION, the call behind ``!runaway``.

Observed: dbgeng 10.0.15063. The call gives everything or nothing: it wants a usable entry in ThreadInfoListStream with a start
address and a time, and a priority class in the thread list.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...dump.salt import SALT
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.threads import MINIDUMP_THREAD, MINIDUMP_THREAD_INFO
from .answers import E_NOINTERFACE, S_OK, ThreadAnswer
from .streams import Streams

DEFAULT_TEB = 0x7FFDE000
INVALID_INFO = 8
E_NOTIMPL = 0x80004001
ALL_VALID = 0x3F
WINDOWS = (1, 2)
"""PlatformId values on which a thread must have a TEB."""

_THREAD = ("ThreadId", "SuspendCount", "PriorityClass", "Priority", "Teb", "ThreadContext.DataSize", "ThreadContext.Rva")
_INFO = ("ThreadId", "DumpFlags", "ExitStatus", "CreateTime", "ExitTime", "KernelTime", "UserTime", "StartAddress", "Affinity")
_TIMES = MINIDUMP_THREAD_INFO.select(*_INFO)


class ThreadTimes(NamedTuple):
    """A usable entry of ThreadInfoListStream."""

    exit_status: int
    create_time: int
    exit_time: int
    kernel_time: int
    user_time: int
    start: int
    affinity: int

    @property
    def timed(self) -> bool:
        """Whether ``.ttime`` takes the times for times."""
        return bool(self.create_time or self.kernel_time or self.user_time)


class ThreadRow(NamedTuple):
    """One thread of the list that the engine uses."""

    index: int  # type: ignore[assignment]
    tid: int
    suspend_count: int
    priority_class: int
    priority: int
    teb: int
    context_size: int
    context_rva: int
    times: Optional[ThreadTimes]

    @property
    def basic(self) -> bool:
        """Whether THREAD_BASIC_INFORMATION is answered."""
        return self.times is not None and self.times.timed and bool(self.times.start) and bool(self.priority_class)


KEPT = 1 << 12
"""Threads that are kept once they are decoded; a longer list is decoded again by each walk."""


class Threads:
    """The engine's threads."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.taken = streams.taken(3)
        self.infos = streams.taken(17)

    @property
    def count(self) -> int:
        """How many threads there are."""
        return 0 if self.taken is None else self.taken.number

    @cached_property
    def on_windows(self) -> bool:
        """Whether the dump says that it is of Windows."""
        system = self.streams.taken(7)
        return system is not None and self.streams.view.u32(system.rva + MINIDUMP_SYSTEM_INFO.offset_of("PlatformId")) in WINDOWS

    @cached_property
    def _usable(self) -> Dict[int, int]:
        """Offset of the first usable ThreadInfo entry of each thread id, by salted id."""
        found: Dict[int, int] = {}
        if self.infos is not None:
            reader = MINIDUMP_THREAD_INFO.select("ThreadId", "DumpFlags", stride=self.infos.element)
            for offset, (tid, flags) in self.streams.rows(self.infos, reader):
                if not flags & INVALID_INFO:
                    found.setdefault(tid * SALT, offset)
        return found

    def times(self, tid: int) -> Optional[ThreadTimes]:
        """The entry of ThreadInfoListStream that the engine uses for a thread id."""
        offset = self._usable.get(tid * SALT)
        if offset is None:
            return None
        return ThreadTimes(*_TIMES.unpack(self.streams.source.fetch(offset, _TIMES.size))[2:])

    def _rows(self) -> Iterator[Tuple[int, Tuple[Any, ...]]]:
        if self.taken is None:
            return iter(())
        return self.streams.rows(self.taken, MINIDUMP_THREAD.select(*_THREAD, stride=self.taken.element))

    @cached_property
    def _kept(self) -> Optional[List[ThreadRow]]:
        return list(self._decoded()) if self.count <= KEPT else None

    def walk(self) -> Iterator[ThreadRow]:
        """The threads in their order."""
        return self._decoded() if self._kept is None else iter(self._kept)

    def _decoded(self) -> Iterator[ThreadRow]:
        for index, (_, values) in enumerate(self._rows()):
            tid, suspended, priority_class, priority, teb, size, rva = values
            yield ThreadRow(index, tid, suspended, priority_class, priority, teb, size, rva, self.times(tid))

    def by_id(self, tid: int) -> Optional[ThreadRow]:
        """The first thread with an id."""
        for index, (_, values) in enumerate(self._rows()):
            if values[0] == tid:
                tid, suspended, priority_class, priority, teb, size, rva = values
                return ThreadRow(index, tid, suspended, priority_class, priority, teb, size, rva, self.times(tid))
        return None

    def teb(self, row: ThreadRow) -> Tuple[int, int]:
        """HRESULT and address of the TEB. Where the file has none: where old Windows had it, and not known on other systems."""
        if row.teb:
            return S_OK, row.teb
        return (S_OK, DEFAULT_TEB) if self.on_windows else (E_NOTIMPL, 0)

    def answer(self, row: ThreadRow) -> ThreadAnswer:
        """What the engine answers about a thread."""
        known = row.basic
        return ThreadAnswer(row.index, row.tid, S_OK if known else E_NOINTERFACE, ALL_VALID if known else 0, *self.teb(row))

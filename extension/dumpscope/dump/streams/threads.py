"""Threads: ThreadListStream (or ThreadExListStream), with what ThreadInfoListStream and ThreadNamesStream add."""

from __future__ import annotations

from itertools import count, repeat
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

from ...format.threads import (
    MINIDUMP_THREAD,
    MINIDUMP_THREAD_EX,
    MINIDUMP_THREAD_INFO,
    MINIDUMP_THREAD_INFO_LIST,
    MINIDUMP_THREAD_NAME,
)
from ..absence import Absent
from ..directory import Stream
from ..lists import KEPT, RecordList, counted_records, described_records
from ..salt import SALT
from ..source import Source
from ..strings import StringTable

_THREAD = (
    "ThreadId",
    "SuspendCount",
    "PriorityClass",
    "Priority",
    "Teb",
    "Stack.StartOfMemoryRange",
    "Stack.Memory.DataSize",
    "Stack.Memory.Rva",
    "ThreadContext.DataSize",
    "ThreadContext.Rva",
)
_INFO = ("ThreadId", "DumpFlags", "DumpError", "ExitStatus", "CreateTime", "ExitTime", "KernelTime", "UserTime", "StartAddress", "Affinity")


class Thread(NamedTuple):
    """One MINIDUMP_THREAD. ``stack_start`` and ``stack_size`` are what was to be captured; ``stack_rva`` is 0 in a full dump."""

    index: int  # type: ignore[assignment]
    tid: int
    suspend_count: int
    priority_class: int
    priority: int
    teb: int
    stack_start: int
    stack_size: int
    stack_rva: int
    context_size: int
    context_rva: int
    offset: int


class ThreadList(RecordList[Thread]):
    """The threads in file order, which is the debugger's order too."""

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent], *, extended: bool = False) -> None:
        structure = MINIDUMP_THREAD_EX if extended else MINIDUMP_THREAD
        span, reader = counted_records(source, stream, structure, _THREAD)
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> Thread:
        return Thread._make((index, *values, offset))

    def _block(self, data: bytes, offset: int, index: int) -> Iterator[Thread]:
        offsets = range(offset, offset + len(data), self.span.stride)
        return map(tuple.__new__, repeat(Thread), zip(count(index), *self._columns(data), offsets))

    def find(self, tid: int) -> Optional[Thread]:
        """The first thread with this id, or None."""
        found = self._place(tid)
        return None if found is None else self[found]


class ThreadInfo(NamedTuple):
    """One MINIDUMP_THREAD_INFO: times in 100 ns (creation and exit since 1601 UTC), ``affinity`` a mask."""

    tid: int
    dump_flags: int
    dump_error: int
    exit_status: int
    create_time: int
    exit_time: int
    kernel_time: int
    user_time: int
    start_address: int
    affinity: int
    offset: int


class ThreadInfoList(RecordList[ThreadInfo]):
    """The entries of ThreadInfoListStream in file order; :meth:`find` goes by thread id."""

    _keeps = KEPT

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        span, reader = described_records(source, stream, MINIDUMP_THREAD_INFO_LIST, MINIDUMP_THREAD_INFO, _INFO)
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> ThreadInfo:
        return ThreadInfo._make((*values, offset))

    def _block(self, data: bytes, offset: int, index: int) -> Iterator[ThreadInfo]:
        offsets = range(offset, offset + len(data), self.span.stride)
        return map(tuple.__new__, repeat(ThreadInfo), zip(*self._columns(data), offsets))

    def find(self, tid: int) -> Optional[ThreadInfo]:
        """The first entry of a thread, or None."""
        found = self._place(tid)
        return None if found is None else self[found]


class ThreadName(NamedTuple):
    """One MINIDUMP_THREAD_NAME: what SetThreadDescription was given."""

    tid: int
    name: str
    name_rva: int
    offset: int


class ThreadNameList(RecordList[ThreadName]):
    """The names of threads; only threads that have one are listed."""

    def __init__(self, source: Source, stream: Optional[Stream], strings: StringTable, absence: Optional[Absent]) -> None:
        self._strings: StringTable = strings
        span, reader = counted_records(source, stream, MINIDUMP_THREAD_NAME, ("ThreadId", "RvaOfThreadName"))
        self._names: Optional[Dict[int, str]] = None
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> ThreadName:
        return ThreadName(values[0], self._strings.get(values[1]), values[1], offset)

    def get(self, tid: int) -> str:
        """The name of a thread, or an empty string."""
        if self._names is None:
            names: Dict[int, str] = {}
            for entry in self:
                names.setdefault(entry.tid * SALT, entry.name)
            self._names = names
        return self._names.get(tid * SALT, "")

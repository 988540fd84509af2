"""Whether the debugger would answer at all: the short way to :class:`~dumpscope.diagnosis.engine.view.EngineView`.

Most dumps are sound, and for a sound one the answer follows from what the reader has seen anyway. Only where something looks odd
is the model of the engine loaded and asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...format.flags import MiniDumpWithFullMemory
from ...format.header import MINIDUMP_DIRECTORY, MINIDUMP_VERSION
from ...format.processors import PROCESSORS
from ...format.streams import ExceptionStream, Memory64ListStream, MemoryListStream, SystemInfoStream

if TYPE_CHECKING:
    from ..facts import Facts

_REQUIRED = (3, 7, 12)


def looks_sound(dump: Minidump) -> bool:
    """True if nothing that the debugger checks before its first prompt is unusual. False proves nothing."""
    header = dump.header
    streams = dump.streams
    if header.version != MINIDUMP_VERSION or streams.damage is not None:
        return False
    threads = dump.threads
    if threads.span.refused or not threads.span.count or dump.stream(SystemInfoStream) is None:
        return False
    end = header.directory_rva + len(streams) * MINIDUMP_DIRECTORY.size
    for kind in _REQUIRED:
        stream = dump.stream(kind)
        if len(dump.streams.all(kind)) > 1:
            return False
        if stream is not None and (stream.rva < end or (kind == 7 and (stream.size != 56 or dump.source.available(stream.rva, 56) < 56))):
            return False
        if kind == SystemInfoStream and stream is not None:
            # ProcessorArchitecture is the first field. Modules that decode streams are imported here only for streams that the dump has.
            processor = PROCESSORS.get(int.from_bytes(dump.source.some(stream.rva, 2), "little"))
            if processor is None or not processor.current:
                return False
    full = dump.stream(Memory64ListStream)
    if (full is not None) != bool(header.flags & MiniDumpWithFullMemory) or (
        full is not None and (dump.memory64_list.span.refused or dump.stream(MemoryListStream) is not None)
    ):
        return False
    if full is not None and not end <= dump.memory64_list.base_rva <= dump.size:
        return False
    if dump.stream(ExceptionStream) is not None:
        exception = dump.exception
        if not isinstance(exception, Absent) and threads.find(exception.thread_id) is None:
            return False
    return dump.stream(MemoryListStream) is None or _memory_is_plain(dump, end)


def _memory_is_plain(dump: Minidump, end: int) -> bool:
    """Whether the ranges of MemoryListStream lie inside the file behind the directory, and overlap nowhere."""
    rows = []
    places = []
    size = dump.size
    for item in dump.memory_list:
        if item.rva + item.size > size or item.rva < end or not item.size:
            return False
        rows.append((item.start, item.end))
        places.append((item.rva, item.rva + item.size))
    return all(left[1] <= right[0] for pairs in (sorted(rows), sorted(places)) for left, right in zip(pairs, pairs[1:]))


def no_session(dump: Minidump, facts: Callable[[], Facts]) -> Optional[str]:
    """Why the debugger has no session with threads on this dump, None if it has one. ``facts`` are asked for where it looks odd."""
    if looks_sound(dump):
        return None
    opening = facts().engine.opening
    if not opening.ok:
        return f"the debugger does not open this file (HRESULT 0x{opening.hresult:08x})"
    if opening.wait_hresult:
        return f"the debugger has no thread in this file, and answers nothing about it (HRESULT 0x{opening.wait_hresult:08x})"
    return None


def handles_refused(dump: Minidump, facts: Callable[[], Facts]) -> Optional[str]:
    """Why the debugger does not give the handles that the reader has found, None if it does. ``facts`` are asked for where it looks odd."""
    why = no_session(dump, facts)
    if why is not None:
        return why
    handles = dump.handles
    if handles.span.refused:
        return f"the debugger does not accept this handle stream ({handles.damage[0].message if handles.damage else 'its sizes disagree'})"
    stream = handles.stream
    if stream is not None and stream.rva < dump.header.directory_rva + len(dump.streams) * MINIDUMP_DIRECTORY.size:
        return "the debugger does not take a stream that lies before the directory"
    return None

"""Threads that could not be captured, thread lists that lie, exceptions that do not fit."""

import struct
from typing import Any

from . import process
from .catalogue import Built, sample
from .damaged import BASIC, NO_THREADS, OPENS
from .recipes import access_violation, compose
from .writer import DumpBuilder, Thread, ThreadInfo, find_entry, patch

ACCESS_DENIED = 0xD0000022


# --- threads ---------------------------------------------------------------------------------------------------------


def _failed(flags: int, error: int, checksum: int = 4, thread: Any = None) -> DumpBuilder:
    """The second of three threads as a writer leaves it that could not capture it."""
    rows = process.threads_64()
    rows[1] = thread or Thread(rows[1].tid, 0, suspend=-1, location=(0x4D0, 0))
    infos = process.thread_info(rows)
    infos[1] = ThreadInfo(rows[1].tid, flags, error, 0, 0, 0, 0, 0, 0, 0)
    return compose("threads info modules memory system misc counters", 0x1000, threads=rows, infos=infos, checksum=checksum)


@sample(
    "thread-access-denied",
    "A thread that could not be opened",
    "Teb 0, context RVA 0, DumpFlags 1, NTSTATUS C0000022, failure flags 4",
    0x1000,
    checksum=4,
    dump_flags={0x1B44: 1},
    teb={0x1B44: 0},
    rule="thread-failed",
    **OPENS,
)
def _() -> Built:
    return _failed(1, ACCESS_DENIED)


@sample(
    "thread-access-denied-win32", "The same with a Win32 error", "DumpError 80070005", 0x1000, checksum=4, dump_flags={0x1B44: 1}, rule="thread-failed", **OPENS
)
def _() -> Built:
    return _failed(1, 0x80070005)


@sample("thread-exited", "A thread that ended while the dump was written", "DumpFlags 4", 0x1000, dump_flags={0x1B44: 4}, rule="thread-exited", **OPENS)
def _() -> Built:
    return _failed(4, 0xD000004B)


@sample(
    "thread-invalid-context",
    "A thread whose registers could not be read",
    "DumpFlags 0x10",
    0x1000,
    dump_flags={0x1B44: 0x10},
    rule="thread-context-failed",
    **OPENS,
)
def _() -> Built:
    row = process.threads_64()[1]
    return _failed(0x10, 0xD0000022, 0, row._replace(context=b"", location=(0, 0)))


@sample(
    "thread-invalid-info",
    "A thread without times",
    "DumpFlags 8: `!runaway` fails for this thread alone",
    0x1000,
    dump_flags={0x1B44: 8},
    rule="thread-times-invalid",
    **OPENS,
)
def _() -> Built:
    return _failed(8, 0, 0, process.threads_64()[1])


@sample("thread-invalid-teb", "A thread whose TEB could not be read", "DumpFlags 0x20", 0x1100, dump_flags={0x1B44: 0x20}, rule="thread-teb-invalid", **OPENS)
def _() -> Built:
    made = DumpBuilder("amd64", 0x1100)
    process.add_process_memory(made, process.memory_64(), (process.THREADS_64[0], process.THREADS_64[2]))
    rows = process.threads_64()
    infos = process.thread_info(rows)
    infos[1] = infos[1]._replace(flags=0x20)
    return compose("threads info modules memory system misc", builder=made, threads=rows, infos=infos)


@sample("thread-info-missing-one", "ThreadInfo without one of the threads", "times for two of three threads", 0x1000, rule="thread-times-missing", **OPENS)
def _() -> Built:
    rows = process.threads_64()
    return compose("threads info modules memory system misc counters", 0x1000, threads=rows, infos=process.thread_info(rows)[:2])


@sample(
    "thread-info-size-wrong",
    "ThreadInfo that claims entries of 32 bytes",
    "smaller than any entry: the debugger has no times",
    0x1000,
    threads=[0x1A30, 0x1B44, 0x0C58],
    **OPENS,
)
def _() -> Built:
    made = compose("threads info modules memory system misc", 0x1000).build()
    _, _, rva = find_entry(made, 17)
    return patch(made, ("<I", rva + 4, 32))


@sample("thread-info-flag-without-stream", "Flag 0x1000, no ThreadInfo", "asked for, not there", 0x1000, missing=[17], rule="flag-without-stream", **OPENS)
def _() -> Built:
    return compose(BASIC, 0x1000)


@sample(
    "thread-info-entries-larger",
    "ThreadInfo with a longer header and longer entries",
    "the stored sizes rule",
    0x1000,
    threads=[0x1A30, 0x1B44, 0x0C58],
    dump_flags={0x1A30: 0, 0x1B44: 0, 0x0C58: 0},
    **OPENS,
)
def _() -> Built:
    made = compose(BASIC, 0x1000)
    made.add_thread_info(process.thread_info(process.threads_64()), 20, 80)
    return made


@sample("thread-teb-zero", "Teb 0 in every thread", "a writer that does not know TEBs", 0, teb={0x1A30: 0, 0x1B44: 0, 0x0C58: 0}, rule="teb-zero", **OPENS)
def _() -> Built:
    return compose(BASIC, threads=[row._replace(teb=0) for row in process.threads_64()])


@sample(
    "thread-teb-not-captured",
    "Flag 0x100, but one TEB is not in memory",
    "last error of two of three threads",
    0x100,
    last_error={0x1A30: 0, 0x0C58: 87},
    rule="teb-not-captured",
    **OPENS,
)
def _() -> Built:
    made = DumpBuilder("amd64", 0x100)
    memory = process.memory_64()
    process.add_process_memory(made, memory, (process.THREADS_64[0], process.THREADS_64[2]))
    return compose(BASIC, builder=made)


@sample("thread-context-beyond-end", "Contexts beyond the end", "registers cannot be read", 0, rule="context-beyond-end", **OPENS)
def _() -> Built:
    return compose(BASIC, threads=[row._replace(location=(0x4D0, 0x00F00000)) for row in process.threads_64()])


@sample("thread-context-missing", "A context of size 0 at RVA 0, and no ThreadInfo", "registers show 0 and nobody says why", 0, rule="context-missing", **OPENS)
def _() -> Built:
    rows = process.threads_64()
    rows[1] = rows[1]._replace(context=b"", location=(0, 0))
    return compose(BASIC, threads=rows)


@sample("thread-context-too-small", "Contexts of 64 bytes", "shorter than the processor's context", 0, rule="context-size", **OPENS)
def _() -> Built:
    return compose(BASIC, threads=[row._replace(context=row.context[:64]) for row in process.threads_64()])


@sample(
    "thread-list-padded",
    "Four bytes between the count and the threads",
    "as some writers pad 64-bit lists",
    0,
    threads=[0x1A30, 0x1B44, 0x0C58],
    rule="padded-list",
    **NO_THREADS,
)
def _() -> Built:
    made = DumpBuilder("amd64", 0, 0, slots=5)
    made.add_thread_list(process.threads_64(), padded=True)
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


@sample("thread-list-count-huge", "The count says 0xFFFFFFFF threads", "a count that is not believed", 0, rule="count-huge", **NO_THREADS)
def _() -> Built:
    data = compose(BASIC).build()
    return patch(data, ("<I", find_entry(data, 3)[2], 0xFFFFFFFF))


@sample("thread-list-empty", "A thread list with no thread", "count 0", 0, threads=[], rule="no-threads", **NO_THREADS)
def _() -> Built:
    return compose(BASIC, threads=[])


@sample("thread-ids-repeat", "Two threads with one id", "an id is no key", 0, threads=[0x1A30, 0x1A30, 0x0C58], rule="thread-id-twice", **OPENS)
def _() -> Built:
    rows = process.threads_64()
    return compose(BASIC, threads=[rows[0], rows[1]._replace(tid=0x1A30), rows[2]])


@sample("thread-name-beyond-end", "A thread's name beyond the end", "a 64-bit RVA that leads nowhere", 0, rule="string-beyond-end", **OPENS)
def _() -> Built:
    made = compose(BASIC)
    made.add_stream(24, struct.pack("<IIQIQ", 2, 0x1A30, 0xF00000000000, 0x1B44, made.string("worker")))
    return made


# --- exceptions ------------------------------------------------------------------------------------------------------


@sample(
    "exception-thread-unknown",
    "The exception's thread is not in the list",
    "thread 0x9999: the debugger ends without a current thread",
    0,
    exception={"code": 0xC0000005, "tid": 0x9999, "address": 0x7FF6A1B2145C},
    rule="exception-thread-unknown",
    **NO_THREADS,
)
def _() -> Built:
    return compose("threads modules memory exception system misc", exception=dict(access_violation(), tid=0x9999))


@sample(
    "exception-without-context",
    "An exception with context 0/0",
    "the debugger silently shows the thread's registers",
    0,
    exception={"code": 0xC0000005, "tid": 0x0C58, "address": 0x7FF6A1B2145C},
    rule="exception-without-context",
    **OPENS,
)
def _() -> Built:
    return compose("threads modules memory exception system misc", exception=dict(access_violation(), context=b""))


@sample("exception-context-beyond-end", "The exception's context lies beyond the end", "registers of the fault are lost", 0, rule="context-beyond-end", **OPENS)
def _() -> Built:
    return compose("threads modules memory exception system misc", exception=dict(access_violation(), location=(0x4D0, 0x00F00000)))


@sample("exception-parameters-too-many", "NumberParameters is 200", "only 15 exist", 0, rule="parameter-count", **OPENS)
def _() -> Built:
    return compose("threads modules memory exception system misc", exception=dict(access_violation(), count=200))


@sample(
    "handles-and-threads-rights-missing",
    "No handles, and a thread that could not be opened",
    "both signs of a writer with too few rights",
    0x1004,
    missing=[12],
    checksum=4,
    handle_cause=2,
    rule="thread-failed",
    **OPENS,
)
def _() -> Built:
    rows = process.threads_64()
    rows[2] = Thread(rows[2].tid, 0, suspend=-1, location=(0x4D0, 0))
    infos = process.thread_info(rows)
    infos[2] = ThreadInfo(rows[2].tid, 1, ACCESS_DENIED, 0, 0, 0, 0, 0, 0, 0)
    return compose("threads info modules memory system misc counters", 0x1004, threads=rows, infos=infos, checksum=4)

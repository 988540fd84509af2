"""Threads: their list, what is known of their times, and their names."""

from __future__ import annotations

from typing import List

from .header import MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR
from .layout import (
    ADDRESS,
    COUNT,
    DECIMAL,
    DURATION,
    FILETIME,
    HEX,
    HRESULT,
    MINIDUMPAPISET,
    RVA64,
    SIZE,
    THREAD_ID,
    ULONG32,
    ULONG64,
    Enumeration,
    Field,
    FlagSet,
    Structure,
)

STILL_ACTIVE = 259
"""The exit status of a thread or process that has not ended."""

SUSPEND_COUNT_UNKNOWN = 0xFFFFFFFF
"""SuspendCount of a thread that the writer could not open."""

PRIORITY_CLASS = Enumeration(
    "PRIORITY_CLASS",
    {
        0x20: ("NORMAL_PRIORITY_CLASS", "normal"),
        0x40: ("IDLE_PRIORITY_CLASS", "idle"),
        0x80: ("HIGH_PRIORITY_CLASS", "high"),
        0x100: ("REALTIME_PRIORITY_CLASS", "real time"),
        0x4000: ("BELOW_NORMAL_PRIORITY_CLASS", "below normal"),
        0x8000: ("ABOVE_NORMAL_PRIORITY_CLASS", "above normal"),
    },
    "winbase.h (Windows SDK 10.0.26100)",
)

_PRIORITIES = (
    (-15, "THREAD_PRIORITY_IDLE", "idle"),
    (-2, "THREAD_PRIORITY_LOWEST", "lowest"),
    (-1, "THREAD_PRIORITY_BELOW_NORMAL", "below normal"),
    (0, "THREAD_PRIORITY_NORMAL", "normal"),
    (1, "THREAD_PRIORITY_ABOVE_NORMAL", "above normal"),
    (2, "THREAD_PRIORITY_HIGHEST", "highest"),
    (15, "THREAD_PRIORITY_TIME_CRITICAL", "time critical"),
)

THREAD_PRIORITY = Enumeration(
    "THREAD_PRIORITY",
    {number & mask if mask else number: (name, meaning) for mask in (0, 0xFFFFFFFF) for number, name, meaning in _PRIORITIES},
    "winbase.h (Windows SDK 10.0.26100)",
)
"""Priority of a thread relative to its process's class. Negative ones are listed as such and as unsigned 32-bit numbers."""

ERROR_THREAD, WRITING_THREAD, EXITED_THREAD, INVALID_INFO, INVALID_CONTEXT, INVALID_TEB = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
"""Bits of MINIDUMP_THREAD_INFO.DumpFlags."""

THREAD_INFO_FLAGS = FlagSet(
    "MINIDUMP_THREAD_INFO.DumpFlags",
    {
        ERROR_THREAD: ("MINIDUMP_THREAD_INFO_ERROR_THREAD", "the writer could not open or suspend the thread; only its id can be trusted"),
        WRITING_THREAD: ("MINIDUMP_THREAD_INFO_WRITING_THREAD", "this thread wrote the dump of its own process; its stack and registers are the writer's"),
        EXITED_THREAD: ("MINIDUMP_THREAD_INFO_EXITED_THREAD", "the thread ended before the writer could open it"),
        INVALID_INFO: ("MINIDUMP_THREAD_INFO_INVALID_INFO", "times, start address and affinity are not valid"),
        INVALID_CONTEXT: ("MINIDUMP_THREAD_INFO_INVALID_CONTEXT", "the registers could not be read"),
        INVALID_TEB: ("MINIDUMP_THREAD_INFO_INVALID_TEB", "the TEB was not captured"),
    },
    MINIDUMPAPISET,
)


def _thread_fields() -> List[Field]:
    return [
        Field("ThreadId", ULONG32, "the thread's id", THREAD_ID),
        Field("SuspendCount", ULONG32, "how often it was suspended before the writer did; 0xFFFFFFFF: could not be opened", DECIMAL),
        Field("PriorityClass", ULONG32, "priority class of the process", values=PRIORITY_CLASS),
        Field("Priority", ULONG32, "priority within the class, a signed number", DECIMAL, values=THREAD_PRIORITY),
        Field("Teb", ULONG64, "address of the thread environment block; 0: the writer failed on this thread", ADDRESS),
        Field(
            "Stack",
            MINIDUMP_MEMORY_DESCRIPTOR,
            "from the stack pointer to the stack's base; in a full-memory dump its RVA is 0 and the bytes are in Memory64ListStream",
        ),
        Field(
            "ThreadContext",
            MINIDUMP_LOCATION_DESCRIPTOR,
            "the registers; RVA 0: there are none, whatever the size says",
            target="CONTEXT",
        ),
    ]


MINIDUMP_THREAD = Structure("MINIDUMP_THREAD", _thread_fields(), source=MINIDUMPAPISET, meaning="One thread: where its registers and its stack are.")

MINIDUMP_THREAD_LIST = Structure(
    "MINIDUMP_THREAD_LIST",
    [
        Field("NumberOfThreads", ULONG32, "how many threads follow; some other writers leave 4 bytes of padding after it", COUNT),
        Field("Threads", MINIDUMP_THREAD, "the threads", count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="ThreadListStream.",
)

MINIDUMP_THREAD_EX = Structure(
    "MINIDUMP_THREAD_EX",
    [*_thread_fields(), Field("BackingStore", MINIDUMP_MEMORY_DESCRIPTOR, "the register backing store of an Itanium thread")],
    source=MINIDUMPAPISET,
    meaning="One thread of a processor with a register backing store.",
)

MINIDUMP_THREAD_EX_LIST = Structure(
    "MINIDUMP_THREAD_EX_LIST",
    [
        Field("NumberOfThreads", ULONG32, "how many threads follow", COUNT),
        Field("Threads", MINIDUMP_THREAD_EX, "the threads", count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="ThreadExListStream.",
)

MINIDUMP_THREAD_INFO_LIST = Structure(
    "MINIDUMP_THREAD_INFO_LIST",
    [
        Field("SizeOfHeader", ULONG32, "bytes before the first entry", SIZE, unit="bytes"),
        Field("SizeOfEntry", ULONG32, "bytes from one entry to the next", SIZE, unit="bytes"),
        Field("NumberOfEntries", ULONG32, "how many entries follow", COUNT, target="MINIDUMP_THREAD_INFO[]"),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of ThreadInfoListStream.",
)

MINIDUMP_THREAD_INFO = Structure(
    "MINIDUMP_THREAD_INFO",
    [
        Field("ThreadId", ULONG32, "which thread of ThreadListStream this is about", THREAD_ID),
        Field("DumpFlags", ULONG32, "what went wrong with the thread while dumping; 0: nothing", values=THREAD_INFO_FLAGS),
        Field("DumpError", HRESULT, "why it went wrong", HEX, when="DumpFlags has an error bit"),
        Field("ExitStatus", ULONG32, "exit status; 259 while the thread runs", HEX, when="not INVALID_INFO"),
        Field("CreateTime", ULONG64, "when the thread was made", FILETIME, unit="100 ns since 1601 UTC", when="not INVALID_INFO"),
        Field("ExitTime", ULONG64, "when it ended; 0 while it runs", FILETIME, unit="100 ns since 1601 UTC", when="not INVALID_INFO"),
        Field("KernelTime", ULONG64, "processor time spent in the kernel", DURATION, unit="100 ns", when="not INVALID_INFO"),
        Field("UserTime", ULONG64, "processor time spent in user mode", DURATION, unit="100 ns", when="not INVALID_INFO"),
        Field("StartAddress", ULONG64, "the function that the thread was started with", ADDRESS, when="not INVALID_INFO"),
        Field("Affinity", ULONG64, "processors that it may run on, one bit each", HEX, when="not INVALID_INFO"),
    ],
    source=MINIDUMPAPISET,
    meaning="Times and start address of one thread.",
)

MINIDUMP_THREAD_NAME = Structure(
    "MINIDUMP_THREAD_NAME",
    [
        Field("ThreadId", ULONG32, "which thread", THREAD_ID),
        Field("RvaOfThreadName", RVA64, "its name; 64 bits on a 4-byte boundary", target="MINIDUMP_STRING"),
    ],
    source=MINIDUMPAPISET,
    meaning="The name of one thread.",
)

MINIDUMP_THREAD_NAME_LIST = Structure(
    "MINIDUMP_THREAD_NAME_LIST",
    [
        Field("NumberOfThreadNames", ULONG32, "how many names follow", COUNT),
        Field("ThreadNames", MINIDUMP_THREAD_NAME, "the names", count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="ThreadNamesStream.",
)

"""Breakpad's own streams: who wrote the dump, the assertion that failed, and what Linux says of the process."""

from __future__ import annotations

from typing import Dict

from ..layout import ADDRESS, COUNT, DECIMAL, RVA, TEXT, THREAD_ID, ULONG32, ULONG64, WCHAR, Enumeration, Field, FlagSet, Structure

_SOURCE = "google/breakpad minidump_format.h"

BREAKPAD_INFO_VALIDITY = FlagSet(
    "MDRawBreakpadInfo.validity",
    {
        0x1: ("MD_BREAKPAD_INFO_VALID_DUMP_THREAD_ID", "dump_thread_id is valid"),
        0x2: ("MD_BREAKPAD_INFO_VALID_REQUESTING_THREAD_ID", "requesting_thread_id is valid"),
    },
    _SOURCE,
)

ASSERTION_TYPE = Enumeration(
    "MDAssertionInfoData.type",
    {
        0: ("MD_ASSERTION_INFO_TYPE_UNKNOWN", "not said"),
        1: ("MD_ASSERTION_INFO_TYPE_INVALID_PARAMETER", "the C run-time library was given an invalid parameter"),
        2: ("MD_ASSERTION_INFO_TYPE_PURE_VIRTUAL_CALL", "a pure virtual function was called"),
    },
    _SOURCE,
)

MDRawBreakpadInfo = Structure(
    "MDRawBreakpadInfo",
    [
        Field("validity", ULONG32, "which members are valid", values=BREAKPAD_INFO_VALIDITY),
        Field("dump_thread_id", ULONG32, "the thread that wrote the dump", THREAD_ID, when="validity has 0x1"),
        Field("requesting_thread_id", ULONG32, "the thread that asked for it: usually the one that crashed", THREAD_ID, when="validity has 0x2"),
    ],
    source=_SOURCE,
    meaning="Which threads had to do with the dump.",
)

MDRawAssertionInfo = Structure(
    "MDRawAssertionInfo",
    [
        Field("expression", WCHAR, "what was not true", TEXT, count=128),
        Field("function", WCHAR, "in which function", TEXT, count=128),
        Field("file", WCHAR, "in which file", TEXT, count=128),
        Field("line", ULONG32, "in which line", DECIMAL),
        Field("type", ULONG32, "what kind of assertion", values=ASSERTION_TYPE),
    ],
    source=_SOURCE,
    meaning="An assertion that failed.",
)

MDRawDebug64 = Structure(
    "MDRawDebug64",
    [
        Field("version", ULONG32, "version of the linker's list", DECIMAL),
        Field("map", RVA, "the shared objects", target="MDRawLinkMap64[]"),
        Field("dso_count", ULONG32, "how many there are", COUNT),
        Field("brk", ULONG64, "the linker's breakpoint function", ADDRESS),
        Field("ldbase", ULONG64, "where the linker is loaded", ADDRESS),
        Field("dynamic", ULONG64, "the program's dynamic section", ADDRESS),
    ],
    source=_SOURCE,
    meaning="The dynamic linker's list in a 64-bit process.",
    pack=8,  # not packed: 64-bit members are aligned, as in every Linux dump that has the stream
)

MDRawDebug32 = Structure(
    "MDRawDebug32",
    [
        Field("version", ULONG32, "version of the linker's list", DECIMAL),
        Field("map", RVA, "the shared objects", target="MDRawLinkMap32[]"),
        Field("dso_count", ULONG32, "how many there are", COUNT),
        Field("brk", ULONG32, "the linker's breakpoint function", ADDRESS),
        Field("ldbase", ULONG32, "where the linker is loaded", ADDRESS),
        Field("dynamic", ULONG32, "the program's dynamic section", ADDRESS),
    ],
    source=_SOURCE,
    meaning="The dynamic linker's list in a 32-bit process.",
)

MDRawLinkMap64 = Structure(
    "MDRawLinkMap64",
    [
        Field("addr", ULONG64, "where it is loaded", ADDRESS),
        Field("name", RVA, "its path", target="MINIDUMP_STRING"),
        Field("ld", ULONG64, "its dynamic section", ADDRESS),
    ],
    source=_SOURCE,
    meaning="One shared object of a 64-bit process.",
    pack=8,  # not packed: 64-bit members are aligned, as in every Linux dump that has the stream
)

MDRawLinkMap32 = Structure(
    "MDRawLinkMap32",
    [
        Field("addr", ULONG32, "where it is loaded", ADDRESS),
        Field("name", RVA, "its path", target="MINIDUMP_STRING"),
        Field("ld", ULONG32, "its dynamic section", ADDRESS),
    ],
    source=_SOURCE,
    meaning="One shared object of a 32-bit process.",
)

LINUX_FILES: Dict[int, str] = {
    0x47670003: "/proc/cpuinfo",
    0x47670004: "/proc/PID/status",
    0x47670005: "/etc/lsb-release",
    0x47670006: "/proc/PID/cmdline",
    0x47670007: "/proc/PID/environ",
    0x47670008: "/proc/PID/auxv",
    0x47670009: "/proc/PID/maps",
    0x4767000B: "/proc/PID/stat",
    0x4767000C: "/proc/uptime",
    0x4767000D: "/proc/PID/fd",
}
"""Streams that are copies of a file, and of which one. The last three are of other writers (llvm MinidumpConstants.def)."""

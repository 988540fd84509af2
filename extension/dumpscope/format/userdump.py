"""Full user dumps of the format before minidumps: USERDUMP and USERDU64, which ``.dump /f`` writes to this day."""

from __future__ import annotations

from typing import List

from .layout import ADDRESS, COUNT, HEX, SIZE, ULONG32, ULONG64, Enumeration, Field, Scalar, Structure

SOURCE = "Windows SDK of 2000 and 2003, ntiodump.h and crash.h: USERMODE_CRASHDUMP_HEADER (public copies); observed: dbgeng 10.0.15063"

SIGNATURE32 = b"USERDUMP"
SIGNATURE64 = b"USERDU64"
PAGE_GUARD = 0x100
"""Regions with this protection have a record, and no bytes (observed: dbgeng 10.0.15063, whatever IgnoreGuardPages says)."""
EXCEPTION_DEBUG_EVENT = 1

MACHINE = Enumeration(
    "MachineImageType",
    {
        0x14C: ("x86", "32-bit x86"),
        0x1C4: ("ARM", "32-bit ARM"),
        0x200: ("IA64", "Itanium"),
        0x8664: ("x64", "64-bit x86"),
        0xAA64: ("ARM64", "64-bit ARM"),
    },
    "winnt.h: IMAGE_FILE_MACHINE_*",
)


def _header(wide: bool) -> Structure:
    word = ULONG64 if wide else ULONG32
    return Structure(
        "USERMODE_CRASHDUMP_HEADER" + ("64" if wide else "32"),
        [
            Field("Signature", ULONG32, "the bytes USER", HEX),
            Field("ValidDump", ULONG32, "the bytes DU64 or DUMP", HEX),
            Field("MajorVersion", ULONG32, "major version of Windows"),
            Field("MinorVersion", ULONG32, "minor version of Windows in the low word, build in the high word", HEX),
            Field("MachineImageType", ULONG32, "processor, as in an image file", HEX, values=MACHINE),
            Field("ThreadCount", ULONG32, "threads", COUNT),
            Field("ModuleCount", ULONG32, "modules", COUNT),
            Field("MemoryRegionCount", ULONG32, "regions of memory", COUNT),
            Field("ThreadOffset", word, "where the threads' registers stand, a CONTEXT each", HEX),
            Field("ModuleOffset", word, "where the modules stand, each CRASH_MODULE and its name", HEX),
            Field("DataOffset", word, "where the bytes of the regions stand, one after the other", HEX),
            Field("MemoryRegionOffset", word, "where the regions stand, a MEMORY_BASIC_INFORMATION each", HEX),
            Field("DebugEventOffset", word, "where the DEBUG_EVENT stands", HEX),
            Field("ThreadStateOffset", word, "where the threads stand, a CRASH_THREAD each", HEX),
            Field("VersionInfoOffset", word, "where more about the version stands; 0 for none. The debugger does not need it", HEX),
            Field("Spare1", word, "zero", HEX),
        ],
        source=SOURCE,
        meaning="The head of the file.",
    )


def _thread(wide: bool) -> Structure:
    word = ULONG64 if wide else ULONG32
    spare: List[Field] = [Field(f"Spare{number}", word, "zero", HEX) for number in range(7)]
    return Structure(
        "CRASH_THREAD" + ("64" if wide else "32"),
        [
            Field("ThreadId", ULONG32, "id of the thread", HEX),
            Field("SuspendCount", ULONG32, "how often it is suspended", COUNT),
            Field("PriorityClass", ULONG32, "priority class of the process", HEX),
            Field("Priority", ULONG32, "priority in that class"),
            Field("Teb", word, "address of its TEB", ADDRESS),
            *spare,
        ],
        source=SOURCE,
        meaning="A thread without its registers.",
    )


def _module(word: Scalar, name: str) -> Structure:
    return Structure(
        name,
        [
            Field("BaseOfImage", word, "where it is loaded", ADDRESS),
            Field("SizeOfImage", ULONG32, "how much address space it has", SIZE),
            Field("ImageNameLength", ULONG32, "characters of the name that follows, with its zero", COUNT),
        ],
        source=SOURCE,
        meaning="A module; its name follows in the system's ANSI code page.",
    )


def _region(wide: bool) -> Structure:
    word = ULONG64 if wide else ULONG32
    pad = [Field("__alignment1", ULONG32, "zero", HEX)] if wide else []
    end = [Field("__alignment2", ULONG32, "zero", HEX)] if wide else []
    return Structure(
        "MEMORY_BASIC_INFORMATION" + ("64" if wide else "32"),
        [
            Field("BaseAddress", word, "where it begins", ADDRESS),
            Field("AllocationBase", word, "where its allocation begins", ADDRESS),
            Field("AllocationProtect", ULONG32, "protection when it was allocated", HEX),
            *pad,
            Field("RegionSize", word, "its size", SIZE),
            Field("State", ULONG32, "MEM_COMMIT", HEX),
            Field("Protect", ULONG32, "protection", HEX),
            Field("Type", ULONG32, "private, mapped or image", HEX),
            *end,
        ],
        source="winnt.h",
        meaning="A region of address space. Its bytes are in the file, unless it is a guard page.",
    )


def _record(wide: bool) -> Structure:
    word = ULONG64 if wide else ULONG32
    pad = [Field("__alignment0", ULONG32, "zero", HEX)] if wide else []
    gap = [Field("__unusedAlignment", ULONG32, "zero", HEX)] if wide else []
    return Structure(
        "EXCEPTION_DEBUG_EVENT" + ("64" if wide else "32"),
        [
            Field("dwDebugEventCode", ULONG32, "1: an exception", HEX),
            Field("dwProcessId", ULONG32, "id of the process", HEX),
            Field("dwThreadId", ULONG32, "id of the thread", HEX),
            *pad,
            Field("ExceptionCode", ULONG32, "code of the exception", HEX),
            Field("ExceptionFlags", ULONG32, "1: the program cannot go on", HEX),
            Field("ExceptionRecord", word, "address of another exception", ADDRESS),
            Field("ExceptionAddress", word, "where it happened", ADDRESS),
            Field("NumberParameters", ULONG32, "how many parameters there are", COUNT),
            *gap,
            Field("ExceptionInformation", word, "parameters", HEX, count=15),
            Field("dwFirstChance", ULONG32, "whether the program has not seen it yet"),
        ],
        source="minwinbase.h: DEBUG_EVENT with EXCEPTION_DEBUG_INFO",
        meaning="The event that the debugger stopped for.",
    )


USERMODE_CRASHDUMP_HEADER32, USERMODE_CRASHDUMP_HEADER64 = _header(False), _header(True)
CRASH_THREAD32, CRASH_THREAD64 = _thread(False), _thread(True)
CRASH_MODULE32, CRASH_MODULE64 = _module(ULONG32, "CRASH_MODULE32"), _module(ULONG64, "CRASH_MODULE64")
MEMORY_BASIC_INFORMATION32, MEMORY_BASIC_INFORMATION64 = _region(False), _region(True)
EXCEPTION_DEBUG_EVENT32, EXCEPTION_DEBUG_EVENT64 = _record(False), _record(True)

USER_DUMP_STRUCTURES = (
    USERMODE_CRASHDUMP_HEADER32,
    USERMODE_CRASHDUMP_HEADER64,
    CRASH_THREAD32,
    CRASH_THREAD64,
    CRASH_MODULE32,
    CRASH_MODULE64,
    MEMORY_BASIC_INFORMATION32,
    MEMORY_BASIC_INFORMATION64,
    EXCEPTION_DEBUG_EVENT32,
    EXCEPTION_DEBUG_EVENT64,
)

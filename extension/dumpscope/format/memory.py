"""Memory: captured ranges, and the map of the address space."""

from __future__ import annotations

from .header import MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from .layout import ADDRESS, COUNT, HEX, MINIDUMPAPISET, RVA64, SIZE, ULONG32, ULONG64, Enumeration, Field, FlagSet, Structure

_WINNT = "winnt.h (Windows SDK 10.0.26100)"

MEM_COMMIT = 0x1000
MEM_RESERVE = 0x2000
MEM_FREE = 0x10000
MEM_PRIVATE = 0x20000
MEM_MAPPED = 0x40000
MEM_IMAGE = 0x1000000
PAGE_NOACCESS = 0x01
PAGE_GUARD = 0x100
PAGE_ACCESS_MASK = 0xFF
"""The bits of a protection of which exactly one is set on committed memory."""

MEMORY_STATE = Enumeration(
    "MEMORY_STATE",
    {
        MEM_COMMIT: ("MEM_COMMIT", "committed: has storage"),
        MEM_RESERVE: ("MEM_RESERVE", "reserved: addresses without storage"),
        MEM_FREE: ("MEM_FREE", "free"),
    },
    _WINNT,
)

MEMORY_TYPE = Enumeration(
    "MEMORY_TYPE",
    {
        MEM_PRIVATE: ("MEM_PRIVATE", "private to the process"),
        MEM_MAPPED: ("MEM_MAPPED", "a view of a section or file"),
        MEM_IMAGE: ("MEM_IMAGE", "a view of an image"),
    },
    _WINNT,
)

PAGE_PROTECTION = FlagSet(
    "PAGE_PROTECTION",
    {
        0x01: ("PAGE_NOACCESS", "no access"),
        0x02: ("PAGE_READONLY", "read"),
        0x04: ("PAGE_READWRITE", "read and write"),
        0x08: ("PAGE_WRITECOPY", "read; a write makes a private copy"),
        0x10: ("PAGE_EXECUTE", "execute"),
        0x20: ("PAGE_EXECUTE_READ", "execute and read"),
        0x40: ("PAGE_EXECUTE_READWRITE", "execute, read and write"),
        0x80: ("PAGE_EXECUTE_WRITECOPY", "execute and read; a write makes a private copy"),
        0x100: ("PAGE_GUARD", "the first access raises an exception; how stacks grow"),
        0x200: ("PAGE_NOCACHE", "not cached"),
        0x400: ("PAGE_WRITECOMBINE", "writes are combined; mostly graphics memory"),
        0x40000000: ("PAGE_TARGETS_INVALID", "no valid targets of checked indirect calls"),
    },
    _WINNT,
)

MINIDUMP_MEMORY_LIST = Structure(
    "MINIDUMP_MEMORY_LIST",
    [
        Field("NumberOfMemoryRanges", ULONG32, "how many ranges follow; some other writers leave 4 bytes of padding after it", COUNT),
        Field("MemoryRanges", MINIDUMP_MEMORY_DESCRIPTOR, "the ranges, in any order; they may overlap", count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="MemoryListStream: the memory of a partial dump.",
)

MINIDUMP_MEMORY64_LIST = Structure(
    "MINIDUMP_MEMORY64_LIST",
    [
        Field("NumberOfMemoryRanges", ULONG64, "how many ranges follow", COUNT),
        Field("BaseRva", RVA64, "where the bytes of the first range are; each range begins where the one before it ends"),
        Field("MemoryRanges", MINIDUMP_MEMORY_DESCRIPTOR64, "the ranges, by address", count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="Memory64ListStream: the memory of a full dump. The file must be as long as BaseRva and all DataSizes together.",
)

MINIDUMP_MEMORY_INFO_LIST = Structure(
    "MINIDUMP_MEMORY_INFO_LIST",
    [
        Field("SizeOfHeader", ULONG32, "bytes before the first entry", SIZE, unit="bytes"),
        Field("SizeOfEntry", ULONG32, "bytes from one entry to the next", SIZE, unit="bytes"),
        Field("NumberOfEntries", ULONG64, "how many entries follow", COUNT, target="MINIDUMP_MEMORY_INFO[]"),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of MemoryInfoListStream.",
)

MINIDUMP_MEMORY_INFO = Structure(
    "MINIDUMP_MEMORY_INFO",
    [
        Field("BaseAddress", ULONG64, "where the region starts", ADDRESS),
        Field("AllocationBase", ULONG64, "where the allocation starts that it belongs to", ADDRESS, when="not MEM_FREE"),
        Field("AllocationProtect", ULONG32, "protection when it was allocated", values=PAGE_PROTECTION, when="not MEM_FREE"),
        Field("__alignment1", ULONG32, "padding", HEX),
        Field("RegionSize", ULONG64, "length of the region", SIZE, unit="bytes"),
        Field("State", ULONG32, "committed, reserved or free", values=MEMORY_STATE),
        Field("Protect", ULONG32, "protection now", values=PAGE_PROTECTION, when="MEM_COMMIT"),
        Field("Type", ULONG32, "private, mapped or image", values=MEMORY_TYPE, when="not MEM_FREE"),
        Field("__alignment2", ULONG32, "padding", HEX),
    ],
    source=MINIDUMPAPISET,
    meaning="One region of the address space: pages next to each other with the same attributes.",
)

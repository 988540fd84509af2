"""Header, directory, locations and strings: what every other structure is found through."""

from __future__ import annotations

from .flags import MINIDUMP_TYPE
from .layout import (
    ADDRESS,
    BYTES,
    COUNT,
    HEX,
    MINIDUMPAPISET,
    RVA,
    RVA64,
    SIZE,
    TIME_T,
    ULONG32,
    ULONG64,
    WCHAR,
    Field,
    Structure,
)
from .streams import MINIDUMP_STREAM_TYPE

MINIDUMP_SIGNATURE = 0x504D444D
"""The bytes ``MDMP`` as a little-endian number."""

MINIDUMP_VERSION = 0xA793
"""What the low word of Version must be; dbgeng refuses a file with another one (observed: dbgeng 10.0.15063)."""

MINIDUMP_HEADER = Structure(
    "MINIDUMP_HEADER",
    [
        Field("Signature", ULONG32, "the bytes MDMP: a user-mode minidump", HEX),
        Field("Version", ULONG32, "low word 0xA793; high word from the version of the DLL that wrote the file", HEX),
        Field("NumberOfStreams", ULONG32, "entries of the directory, unused ones included", COUNT),
        Field("StreamDirectoryRva", RVA, "where the directory starts", target="MINIDUMP_DIRECTORY[]"),
        Field("CheckSum", ULONG32, "0, or what Microsoft's writer failed at: .dumpdebug prints it as Failure flags", HEX),
        Field("TimeDateStamp", ULONG32, "when the dump was taken", TIME_T, unit="s since 1970 UTC"),
        Field("Flags", ULONG64, "what the writer was asked for, after its own normalisation", values=MINIDUMP_TYPE),
    ],
    source=MINIDUMPAPISET,
    meaning="The first 32 bytes of the file.",
)

MINIDUMP_LOCATION_DESCRIPTOR = Structure(
    "MINIDUMP_LOCATION_DESCRIPTOR",
    [Field("DataSize", ULONG32, "how many bytes", SIZE, unit="bytes"), Field("Rva", RVA, "where they start")],
    source=MINIDUMPAPISET,
    meaning="A piece of the file, up to 4 GiB.",
)

MINIDUMP_LOCATION_DESCRIPTOR64 = Structure(
    "MINIDUMP_LOCATION_DESCRIPTOR64",
    [Field("DataSize", ULONG64, "how many bytes", SIZE, unit="bytes"), Field("Rva", RVA64, "where they start")],
    source=MINIDUMPAPISET,
    meaning="A piece of the file of any size.",
)

MINIDUMP_DIRECTORY = Structure(
    "MINIDUMP_DIRECTORY",
    [
        Field("StreamType", ULONG32, "what the stream holds", values=MINIDUMP_STREAM_TYPE),
        Field("Location", MINIDUMP_LOCATION_DESCRIPTOR, "where it is"),
    ],
    source=MINIDUMPAPISET,
    meaning="One entry of the directory: a stream.",
)

MINIDUMP_MEMORY_DESCRIPTOR = Structure(
    "MINIDUMP_MEMORY_DESCRIPTOR",
    [
        Field("StartOfMemoryRange", ULONG64, "first address of the range in the process", ADDRESS),
        Field("Memory", MINIDUMP_LOCATION_DESCRIPTOR, "its bytes in the file"),
    ],
    source=MINIDUMPAPISET,
    meaning="A range of the process's memory and where its bytes are in the file.",
)

MINIDUMP_MEMORY_DESCRIPTOR64 = Structure(
    "MINIDUMP_MEMORY_DESCRIPTOR64",
    [
        Field("StartOfMemoryRange", ULONG64, "first address of the range in the process", ADDRESS),
        Field("DataSize", ULONG64, "its length; the ranges' bytes follow each other from BaseRva on", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="A range of a full-memory dump.",
)

MINIDUMP_STRING = Structure(
    "MINIDUMP_STRING",
    [
        Field("Length", ULONG32, "length of the text without its terminator", SIZE, unit="bytes"),
        Field("Buffer", WCHAR, "UTF-16LE text; most writers add a NUL that is not counted", BYTES, count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="A counted UTF-16 string. It may start at any offset.",
)

"""Unwind tables of code that was made at run time."""

from __future__ import annotations

from typing import Dict

from .layout import ADDRESS, COUNT, HEX, MINIDUMPAPISET, SIZE, ULONG32, ULONG64, Field, Structure

_WINNT = "winnt.h (Windows SDK 10.0.26100)"

MINIDUMP_FUNCTION_TABLE_STREAM = Structure(
    "MINIDUMP_FUNCTION_TABLE_STREAM",
    [
        Field("SizeOfHeader", ULONG32, "bytes of this header without its padding", SIZE, unit="bytes"),
        Field("SizeOfDescriptor", ULONG32, "bytes of each table's descriptor", SIZE, unit="bytes"),
        Field("SizeOfNativeDescriptor", ULONG32, "bytes of the operating system's own descriptor after it", SIZE, unit="bytes"),
        Field("SizeOfFunctionEntry", ULONG32, "bytes of each entry: 12 on x64, 8 on ARM and ARM64", SIZE, unit="bytes"),
        Field("NumberOfDescriptors", ULONG32, "how many tables follow", COUNT, target="MINIDUMP_FUNCTION_TABLE_DESCRIPTOR[]"),
        Field("SizeOfAlignPad", ULONG32, "bytes of padding between this header and the first descriptor", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of FunctionTableStream. Each table is: descriptor, native descriptor, entries, padding.",
)

MINIDUMP_FUNCTION_TABLE_DESCRIPTOR = Structure(
    "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR",
    [
        Field("MinimumAddress", ULONG64, "first address of the code", ADDRESS),
        Field("MaximumAddress", ULONG64, "address after the code", ADDRESS),
        Field("BaseAddress", ULONG64, "what the offsets in the entries are counted from", ADDRESS),
        Field("EntryCount", ULONG32, "how many entries there are", COUNT),
        Field("SizeOfAlignPad", ULONG32, "bytes of padding after the entries", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="One table of functions.",
)

RUNTIME_FUNCTION_AMD64 = Structure(
    "RUNTIME_FUNCTION_AMD64",
    [
        Field("BeginAddress", ULONG32, "start of the function, from the base address", HEX),
        Field("EndAddress", ULONG32, "end of the function", HEX),
        Field("UnwindInfoAddress", ULONG32, "its unwind information", HEX),
    ],
    source=_WINNT,
    meaning="One function of x64 code.",
)

RUNTIME_FUNCTION_ARM = Structure(
    "RUNTIME_FUNCTION_ARM",
    [
        Field("BeginAddress", ULONG32, "start of the function, from the base address", HEX),
        Field("UnwindData", ULONG32, "its unwind information, packed when the two low bits are not 0", HEX),
    ],
    source=_WINNT,
    meaning="One function of ARM or ARM64 code.",
)

RUNTIME_FUNCTIONS: Dict[int, Structure] = {12: RUNTIME_FUNCTION_AMD64, 8: RUNTIME_FUNCTION_ARM}
"""The entry's layout by SizeOfFunctionEntry."""

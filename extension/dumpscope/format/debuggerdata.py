"""KDDEBUGGER_DATA64: where the kernel keeps what a debugger needs. A triage dump carries a copy of it."""

from __future__ import annotations

from .layout import ADDRESS, HEX, SIZE, ULONG32, ULONG64, USHORT, Field, Structure

SOURCE = "wdbgexts.h: KDDEBUGGER_DATA64; which fields are used: observed, dbgeng 10.0.15063"

OWNER_TAG = 0x4742444B
"""``KDBG``: OwnerTag of the block."""


def _pointer(name: str, meaning: str, at: int) -> Field:
    return Field(name, ULONG64, meaning, ADDRESS, at=at)


def _offset(name: str, meaning: str, at: int) -> Field:
    return Field(name, USHORT, meaning, HEX, at=at)


KDDEBUGGER_DATA64 = Structure(
    "KDDEBUGGER_DATA64",
    [
        Field("List", ULONG64, "LIST_ENTRY64 of the list of such blocks", ADDRESS, count=2),
        Field("OwnerTag", ULONG32, "the bytes KDBG", HEX),
        Field("Size", ULONG32, "bytes of the block", SIZE, unit="bytes"),
        _pointer("KernBase", "where the kernel was loaded", 0x18),
        _pointer("BreakpointWithStatus", "function that breaks into the debugger", 0x20),
        _pointer("SavedContext", "context of a saved machine state; 0 today", 0x28),
        _offset("ThCallbackStack", "place of CallbackStack in KTHREAD", 0x30),
        _offset("NextCallback", "place of the next callback frame", 0x32),
        _offset("FramePointer", "place of the frame pointer in a callback frame", 0x34),
        Field("PaeEnabled", USHORT, "whether page tables have three levels", HEX, at=0x36),
        _pointer("KiCallUserMode", "function that calls user mode", 0x38),
        _pointer("KeUserCallbackDispatcher", "function of ntdll that takes callbacks", 0x40),
        _pointer("PsLoadedModuleList", "list of drivers", 0x48),
        _pointer("PsActiveProcessHead", "list of processes", 0x50),
        _pointer("PspCidTable", "table of processes and threads by id", 0x58),
        _pointer("KiBugcheckData", "code and parameters of the bug check", 0x88),
        _pointer("MmPfnDatabase", "page frame database", 0xC0),
        _pointer("MmUnloadedDrivers", "list of unloaded drivers", 0x1A0),
        _pointer("KiProcessorBlock", "array of addresses of the KPRCB of each processor", 0x218),
        Field("SizeEProcess", USHORT, "bytes of EPROCESS", SIZE, unit="bytes", at=0x2A8),
        _offset("OffsetEprocessPeb", "place of the PEB's address in EPROCESS", 0x2AA),
        _offset("OffsetEprocessParentCID", "place of the parent's id in EPROCESS", 0x2AC),
        _offset("OffsetEprocessDirectoryTableBase", "place of DirectoryTableBase in EPROCESS", 0x2AE),
        Field("SizePrcb", USHORT, "bytes of KPRCB", SIZE, unit="bytes", at=0x2B0),
        _offset("OffsetPrcbDpcRoutine", "place of the running DPC in KPRCB", 0x2B2),
        _offset("OffsetPrcbCurrentThread", "place of the current thread in KPRCB", 0x2B4),
        _offset("OffsetPrcbMhz", "place of the clock rate in KPRCB", 0x2B6),
        _offset("OffsetPrcbCpuType", "place of the processor's type in KPRCB", 0x2B8),
        _offset("OffsetPrcbVendorString", "place of the vendor's name in KPRCB", 0x2BA),
        _offset("OffsetPrcbProcStateContext", "place of the saved CONTEXT in KPRCB", 0x2BC),
        _offset("OffsetPrcbNumber", "place of the processor's number in KPRCB", 0x2BE),
        Field("SizeEThread", USHORT, "bytes of ETHREAD", SIZE, unit="bytes", at=0x2C0),
        _pointer("KeLoaderBlock", "loader block", 0x2D8),
        _offset("OffsetPrcbContext", "place of the address of the CONTEXT at the stop in KPRCB", 0x338),
    ],
    source=SOURCE,
    meaning="Addresses of the kernel's lists, and places of fields in its structures.",
    pack=8,
    size=0x340,
)

FIRST_SIZE = KDDEBUGGER_DATA64.size
"""Bytes that are read; blocks of later systems are longer."""

__all__ = ["FIRST_SIZE", "KDDEBUGGER_DATA64", "OWNER_TAG", "SOURCE"]

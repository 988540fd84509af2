"""What the debugger prints for ``.dumpdebug`` on a kernel dump, line for line (observed: dbgeng 10.0.15063)."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from ...dump.absence import Absent
from ...dump.kernel.kerneldump import KernelDump
from ...dump.kernel.pages import PAGE
from ...format.kernel import FILL, HAS_DATA_BLOCKS, HAS_DEBUGGER_DATA, OPTION_OVERFLOWED, SUMMARY

_FIRST = (
    "MajorVersion",
    "MinorVersion",
    "KdSecondaryVersion",
    "DirectoryTableBase",
    "PfnDataBase",
    "PsLoadedModuleList",
    "PsActiveProcessHead",
    "MachineImageType",
    "NumberProcessors",
    "BugCheckCode",
    "BugCheckParameter1",
    "BugCheckParameter2",
    "BugCheckParameter3",
    "BugCheckParameter4",
)
_LAST = ("ProductType", "SuiteMask", "WriterStatus", "MiniDumpFields")
_HEADER64 = (*_FIRST, "KdDebuggerDataBlock", *_LAST)
_HEADER32 = (*_FIRST, "PaeEnabled", "KdDebuggerDataBlock", "Attributes", *_LAST)
_TRIAGE = (
    "ServicePackBuild",
    "SizeOfDump",
    "ValidOffset",
    "ContextOffset",
    "ExceptionOffset",
    "MmOffset",
    "UnloadedDriversOffset",
    "PrcbOffset",
    "ProcessOffset",
    "ThreadOffset",
    "CallStackOffset",
    "SizeOfCallStack",
    "DriverListOffset",
    "DriverCount",
    "StringPoolOffset",
    "StringPoolSize",
    "BrokenDriverOffset",
    "TriageOptions",
    "TopOfStack",
)
_ITANIUM = ["BStoreOffset", "SizeOfBStore", "LimitOfBStore"]
_DATA = ["DebuggerDataOffset", "DebuggerDataSize", "DataBlocksOffset", "DataBlocksCount"]


_TITLES = {
    SUMMARY: "Summary Dump Analysis",
    4: "Mini Dump Analysis",
    5: "Bitmap Dump Analysis - full address space is available",
    6: "Bitmap Dump Analysis - Kernel address space is available,",
}


def _wide(value: int) -> str:
    return f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"


def kernel_dumpdebug_lines(dump: KernelDump) -> Iterator[str]:
    """The lines of ``.dumpdebug``; of dumps with pages up to the list of processor blocks, which page tables lead to."""
    bits = "64" if dump.wide else "32"
    yield f"----- {bits} bit Kernel {_TITLES.get(dump.kind, 'Full Dump Analysis')}"
    if dump.kind == 6:
        yield "      User address space may not be available."
    yield ""
    yield f"{dump.header_layout.name}:"
    triage = dump.triage
    names: Tuple[str, ...] = _HEADER64 if dump.wide else _HEADER32
    if isinstance(triage, Absent):
        names = names[:-1]
    if dump.header["SecondaryDataState"] != FILL:
        names = (*names[: names.index("ProductType")], "SecondaryDataState", *names[names.index("ProductType") :])
    for name in names:
        size = dump.header_layout.leaf(name).field.size
        value = int(dump.header[name])
        text = _wide(value) if size == 8 else f"{value:08x}"
        yield f"{name:<20}{text}" + (" " if name == "MiniDumpFields" else "")
    if isinstance(triage, Absent):
        yield ""
        yield from _pages(dump)
        return
    yield ""
    yield f"{dump.triage_layout.name}:"
    held = dump.header["MiniDumpFields"]
    fields: List[str] = [*_TRIAGE, *(_ITANIUM if dump.wide else ())]
    fields += [name for name in _DATA if held & (HAS_DEBUGGER_DATA if name.startswith("Debugger") else HAS_DATA_BLOCKS)]
    for name in fields:
        size = dump.triage_layout.leaf(name).field.size
        full = name == "TriageOptions" and triage[name] & OPTION_OVERFLOWED and triage[name] != 0xFFFFFFFF
        yield f"{name:<22}{_wide(triage[name]) if size == 8 else f'{triage[name]:08x}'} {'OVERFLOWED' if full else ''}"
    furthest = 0
    for block in dump.blocks:
        if block.what != "data block":
            continue
        furthest = max(furthest, block.offset + block.size)
        last = block.address + block.size - 1
        if dump.wide:
            yield f"  {_wide(block.address)} - {_wide(last & 0xFFFFFFFFFFFFFFFF)} at offset {block.offset:08x}"
        else:
            yield f"  {block.address:08x} - {last & 0xFFFFFFFF:08x} at offset {block.offset:08x}"
    if dump.data_blocks:
        yield f"  Max offset {furthest:x}, {dump.source.size - furthest:x} from end of file"


def _pages(dump: KernelDump) -> Iterator[str]:
    """What lists the pages. The debugger counts FileOffset from 0x1000 whatever the header's size (observed)."""
    pages = dump.pages
    if isinstance(pages, Absent):
        return
    if pages.bitmap is not None and dump.kind == SUMMARY:
        yield f"SUMMARY_DUMP{'64' if dump.wide else '32'}:"
        for name in ("DumpOptions", "HeaderSize", "BitmapSize", "Pages"):
            yield f"{name:<20}{pages.bitmap[name]:08x}"
        yield f"Bitmap.SizeOfBitMap {pages.bitmap['SizeOfBitMap']:08x}"
        return
    if pages.bitmap is not None:
        yield "BITMAP_DUMP:"
        yield f"DumpOptions         {pages.bitmap['DumpOptions']:08x}"
        for name in ("HeaderSize", "BitmapSize", "Pages"):
            yield f"{name:<20}{pages.bitmap[name]:x}"
        return
    runs = dump.physical_runs
    assert not isinstance(runs, Absent)
    yield "Physical Memory Description:"
    yield f"Number of runs: {len(runs)} (limited to {len(runs)})"
    place = PAGE
    if dump.wide:
        yield "          FileOffset           Start Address           Length"
    else:
        yield "          FileOffset  Start Address          Length"
    for run in runs:
        start, length = run.base_page * PAGE, run.page_count * PAGE
        if dump.wide:
            yield f"           {_wide(place)}     {_wide(start)}     {_wide(length)}"
        else:
            yield f"           {place:08x}     {start:016x}     {length:08x}"
        place += length
    last = (runs[-1].base_page + runs[-1].page_count - 1) * PAGE
    yield f"Last Page: {_wide(place - PAGE)}     {_wide(last)}" if dump.wide else f"Last Page: {place - PAGE:016x}     {last:016x}"

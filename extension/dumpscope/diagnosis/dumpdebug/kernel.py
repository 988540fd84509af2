"""What the debugger prints for ``.dumpdebug`` on a kernel dump, line for line (observed: dbgeng 10.0.15063)."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from ...dump.absence import Absent
from ...dump.kernel.kerneldump import KernelDump
from ...dump.kernel.pages import PAGE
from ...dump.kernel.processor import no_processor
from ...format.kernel import FILL, HAS_DATA_BLOCKS, HAS_DATA_PAGE, HAS_DEBUGGER_DATA, OPTION_OVERFLOWED, PHYSICAL_MEMORY_RUN32, PHYSICAL_MEMORY_RUN64, SUMMARY

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
_DATA = {"DataPage": HAS_DATA_PAGE, "Debugger": HAS_DEBUGGER_DATA, "DataBlocks": HAS_DATA_BLOCKS}
"""How the names of fields begin that are printed where the bit of MiniDumpFields is set."""

FULL = 1
_ADDRESS = (1 << 64) - 1
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
    if no_processor(dump):
        yield "WARNING: The debugger does not have a current process or thread"
        yield "WARNING: Many commands will not work"
    bits = "64" if dump.wide else "32"
    yield f"----- {bits} bit Kernel {_TITLES.get(dump.kind, 'Full Dump Analysis')}"
    if dump.kind == 6:
        yield "      User address space may not be available."
    yield ""
    yield f"{dump.header_layout.name}:"
    triage = dump.triage
    names: Tuple[str, ...] = _HEADER64 if dump.wide else _HEADER32
    unfilled = dump.kind == FILL
    if isinstance(triage, Absent):
        names = names[:-1] if not unfilled else names[: names.index("KdDebuggerDataBlock") + 1]
    if dump.header["SecondaryDataState"] != FILL and not unfilled:
        names = (*names[: names.index("ProductType")], "SecondaryDataState", *names[names.index("ProductType") :])
    for name in names:
        size = dump.header_layout.leaf(name).field.size
        value = 0 if unfilled and name == "KdSecondaryVersion" else int(dump.header[name])
        text = _wide(value) if size == 8 else f"{value:08x}"
        yield f"{name:<20}{text}" + (" " if name == "MiniDumpFields" else "")
    if isinstance(triage, Absent):
        yield ""
        yield from _pages(dump)
        return
    yield ""
    yield f"{dump.triage_layout.name}:"
    held = dump.parts
    fields: List[str] = [*_TRIAGE, *(_ITANIUM if dump.wide else ())]
    names = tuple(field.name for field in dump.triage_layout.fields)
    fields += [name for name in names if any(name.startswith(begin) and held & bit for begin, bit in _DATA.items())]
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
    if isinstance(pages, Absent) and dump.kind not in (FULL, FILL):
        return
    bitmap = None if isinstance(pages, Absent) else pages.bitmap
    if bitmap is not None and dump.kind == SUMMARY:
        yield f"SUMMARY_DUMP{'64' if dump.wide else '32'}:"
        for name in ("DumpOptions", "HeaderSize", "BitmapSize", "Pages"):
            yield f"{name:<20}{bitmap[name]:08x}"
        yield f"Bitmap.SizeOfBitMap {bitmap['SizeOfBitMap']:08x}"
    elif bitmap is not None:
        yield "BITMAP_DUMP:"
        yield f"DumpOptions         {bitmap['DumpOptions']:08x}"
        for name in ("HeaderSize", "BitmapSize", "Pages"):
            yield f"{name:<20}{bitmap[name]:x}"
    else:
        yield from _runs(dump)


def _runs(dump: KernelDump) -> Iterator[str]:
    """The runs of physical memory that the header has room for; the header may count more."""
    data: bytes = dump.header["PhysicalMemoryBlock"]
    shape = PHYSICAL_MEMORY_RUN64 if dump.wide else PHYSICAL_MEMORY_RUN32
    first = 16 if dump.wide else 8
    count = int.from_bytes(data[:4], "little")
    held = min(count, (len(data) - first) // shape.size)
    yield "Physical Memory Description:"
    yield f"Number of runs: {count} (limited to {held})"
    place, last = PAGE, 0
    if dump.wide:
        yield "          FileOffset           Start Address           Length"
    else:
        yield "          FileOffset  Start Address          Length"
    for index in range(held):
        run = shape.unpack(data, first + index * shape.size)
        start, length = run["BasePage"] * PAGE & _ADDRESS, run["PageCount"] * PAGE & _ADDRESS
        if dump.wide:
            yield f"           {_wide(place)}     {_wide(start)}     {_wide(length)}"
        else:
            yield f"           {place & 0xFFFFFFFF:08x}     {start:016x}     {length & 0xFFFFFFFF:08x}"
        place = place + length & _ADDRESS
        last = start + length - PAGE & _ADDRESS
    end = place - PAGE & _ADDRESS
    yield f"Last Page: {_wide(end)}     {_wide(last)}" if dump.wide else f"Last Page: {end:016x}     {last:016x}"

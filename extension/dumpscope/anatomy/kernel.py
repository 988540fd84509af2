"""The structures of a kernel dump, one after the other: what ``map``, ``bytes`` and ``whatis`` stand on for these files."""

from __future__ import annotations

from bisect import bisect_right
from typing import Iterator, List, Optional

from ..dump.absence import Absent
from ..dump.kernel.kerneldump import KernelDump
from ..dump.kernel.secondary import blobs, secondary_start
from ..format import kernel as layout
from ..format.contexts import CONTEXT_LAYOUTS
from ..format.debuggerdata import KDDEBUGGER_DATA64
from ..format.exception import EXCEPTION_RECORD32, EXCEPTION_RECORD64
from ..format.layout import Structure
from .node import BLOB, CONTEXT, DIRECTORY, HEADER, MEMORY, RECORD, STRING, Node

_PARTS = (
    ("MmOffset", "memory manager's counters", ""),
    ("PrcbOffset", "KPRCB, the processor control block", "SizePrcb"),
    ("ProcessOffset", "EPROCESS, the process", "SizeEProcess"),
    ("ThreadOffset", "ETHREAD, the thread", "SizeEThread"),
)
"""Structures whose layout only the kernel's symbols have: field that leads there, words, and the field of KDDEBUGGER_DATA64 with their size."""


def kernel_anatomy(dump: KernelDump) -> Iterator[Node]:
    """Every structure of the file that is known, header first. Bounded by the file: lists are walked as far as it holds them."""
    shape = dump.header_layout
    yield Node(0, shape.size, HEADER, "header", shape, None, True)
    triage = dump.triage
    if isinstance(triage, Absent):
        yield from _pages(dump)
        return
    nodes = list(_triage(dump))
    yield from nodes
    if dump.complete is True:
        mark = triage["ValidOffset"]
        last = max((node.end for node in nodes if node.end <= mark), default=mark)
        if last < mark:
            yield Node(last, mark - last, BLOB, "room for further data blocks", None, None, True)
        yield Node(mark, 4, RECORD, "the mark TRGD", None, shape.size + dump.triage_layout.offset_of("ValidOffset"), True)


def _pages(dump: KernelDump) -> Iterator[Node]:
    pages = dump.pages
    if isinstance(pages, Absent):
        return
    if pages.bitmap is not None and pages.shape is not None:
        base, shape = dump.header_layout.size, pages.shape
        yield Node(base, shape.size, DIRECTORY, shape.name, shape, None, True)
        size = dump.source.available(base + shape.size, min((pages.bitmap["BitmapSize"] + 7) // 8, max(0, pages.bitmap["HeaderSize"] - base - shape.size)))
        if size:
            yield Node(base + shape.size, size, RECORD, "bitmap of pages", None, None, True)
    for run in pages.runs:
        held = dump.source.available(run.offset, run.size)
        if held:
            yield Node(run.offset, held, MEMORY, f"pages > {run.pages} from physical address at 0x{run.address:x}", None, None, True)


def _triage(dump: KernelDump) -> Iterator[Node]:
    triage = dump.triage
    assert not isinstance(triage, Absent)
    base = dump.header_layout.size
    shape = dump.triage_layout
    size_of_file = dump.source.size

    def at(field: str) -> int:
        return base + shape.offset_of(field)

    yield Node(base, shape.size, DIRECTORY, "TRIAGE_DUMP", shape, None, True)
    starts = sorted({value for name, value in triage.items() if name.endswith("Offset") and value} | {size_of_file})
    data = dump.debugger_data
    for field, words, sized in _PARTS:
        offset = triage[field]
        if not base <= offset < size_of_file:
            continue
        size = 0 if isinstance(data, Absent) or not sized else data[sized]
        size = size or starts[bisect_right(starts, offset)] - offset
        yield Node(offset, dump.source.available(offset, size), BLOB, words, None, at(field), True)
    if not isinstance(data, Absent):
        held = dump.source.available(triage["DebuggerDataOffset"], max(triage["DebuggerDataSize"], data["Size"]) or KDDEBUGGER_DATA64.size)
        yield Node(triage["DebuggerDataOffset"], held, RECORD, "KDDEBUGGER_DATA64", KDDEBUGGER_DATA64, at("DebuggerDataOffset"), True)
    yield from _unloaded(dump, triage["UnloadedDriversOffset"], at("UnloadedDriversOffset"))
    yield from _drivers(dump, at("DriverListOffset"))
    if triage["CallStackOffset"] and triage["SizeOfCallStack"]:
        held = dump.source.available(triage["CallStackOffset"], triage["SizeOfCallStack"])
        yield Node(triage["CallStackOffset"], held, MEMORY, f"call stack at 0x{triage['TopOfStack']:x}", None, at("CallStackOffset"), True)
    yield from _blocks(dump, at("DataBlocksOffset"))
    yield from _secondary(dump)


def _unloaded(dump: KernelDump, offset: int, pointer: int) -> Iterator[Node]:
    unloaded = dump.unloaded
    if isinstance(unloaded, Absent):
        return
    shape = layout.DUMP_UNLOADED_DRIVER64 if dump.wide else layout.DUMP_UNLOADED_DRIVER32
    yield Node(offset, 8 if dump.wide else 4, RECORD, "unloaded drivers > count", None, pointer, True)
    for item in unloaded:
        yield Node(item.offset, shape.size, RECORD, f"unloaded drivers > driver {item.index} ({item.name})", shape, None, True)


def _drivers(dump: KernelDump, pointer: int) -> Iterator[Node]:
    drivers = dump.drivers
    if isinstance(drivers, Absent):
        return
    shape = layout.DUMP_DRIVER_ENTRY64 if dump.wide else layout.DUMP_DRIVER_ENTRY32
    for driver in drivers:
        what = f"drivers > driver {driver.index} ({driver.file_name[:120]})"
        yield Node(driver.offset, shape.size, RECORD, what, shape, pointer, True)
        place = int.from_bytes(dump.source.some(driver.offset, 4), "little")
        head = dump.source.some(place, 4)
        if place and len(head) == 4:
            size = 4 + 2 * min(int.from_bytes(head, "little"), 512) + 2
            yield Node(place, dump.source.available(place, size), STRING, f"{what} > name", layout.DUMP_STRING, driver.offset, True)


def _blocks(dump: KernelDump, pointer: int) -> Iterator[Node]:
    triage = dump.triage
    assert not isinstance(triage, Absent)
    shape = layout.TRIAGE_DATA_BLOCK
    for index, block in enumerate(dump.blocks):
        if block.what != "data block":
            continue
        entry = triage["DataBlocksOffset"] + index * shape.size
        yield Node(entry, shape.size, RECORD, f"data blocks > entry {index}", shape, pointer, True)
        held = dump.source.available(block.offset, block.size)
        if held:
            yield Node(block.offset, held, MEMORY, f"data blocks > block {index} at 0x{block.address:x}", None, entry + shape.offset_of("Offset"), True)


def _secondary(dump: KernelDump) -> Iterator[Node]:
    start = secondary_start(dump)
    if not start:
        return
    shape = layout.DUMP_BLOB_FILE_HEADER
    yield Node(start, dump.source.available(start, shape.size), RECORD, "secondary data > header", shape, None, True)
    for index, blob in enumerate(blobs(dump)):
        what = f"secondary data > blob {index} ({blob.tag})"
        yield Node(blob.offset, layout.DUMP_BLOB_HEADER.size, RECORD, what, layout.DUMP_BLOB_HEADER, None, True)
        if blob.size:
            yield Node(blob.data, blob.size, BLOB, f"{what} > data", None, None, True)
        if blob.padding:
            yield Node(blob.data + blob.claimed, blob.padding, BLOB, f"{what} > padding", None, None, True)


def inner_nodes(dump: KernelDump) -> Iterator[Node]:
    """Structures that lie inside the header: its CONTEXT and exception record."""
    base = dump.header_layout.offset_of("ContextRecord")
    registers = dump.header_registers
    if not isinstance(registers, Absent):
        yield Node(base, registers.size, CONTEXT, "header > ContextRecord", _context_layout(dump), None, True)
    record = EXCEPTION_RECORD64 if dump.wide else EXCEPTION_RECORD32
    yield Node(dump.header_layout.offset_of("ExceptionRecord"), record.size, RECORD, "header > ExceptionRecord", record, None, True)


def _context_layout(dump: KernelDump) -> Optional[Structure]:
    from ..dump.kernel.processor import ARCHITECTURES

    layouts = CONTEXT_LAYOUTS.get(ARCHITECTURES.get(dump.architecture, -1), ())
    return layouts[0].structure if layouts else None


def nodes_at(dump: KernelDump, offset: int) -> List[Node]:
    """The structures that hold a byte: the one that owns it in the map first."""
    found = [node for node in kernel_anatomy(dump) if node.offset <= offset < node.end]
    found.sort(key=lambda node: (node.offset, -node.size))
    return found

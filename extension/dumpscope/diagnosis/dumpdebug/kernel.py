"""What the debugger prints for ``.dumpdebug`` on a kernel triage dump, line for line (observed: dbgeng 10.0.15063)."""

from __future__ import annotations

from typing import Iterator, List

from ...dump.absence import Absent
from ...dump.kernel.kerneldump import KernelDump

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


def _wide(value: int) -> str:
    return f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"


def kernel_dumpdebug_lines(dump: KernelDump) -> Iterator[str]:
    """The lines of ``.dumpdebug``. For dumps of other kinds than triage the header alone."""
    bits = "64" if dump.wide else "32"
    titles = {1: "Full Dump", 4: "Mini Dump", 5: "Full Dump"}
    yield f"----- {bits} bit Kernel {titles.get(dump.kind, 'Summary Dump')} Analysis"
    yield ""
    yield f"{dump.header_layout.name}:"
    names = _HEADER64 if dump.wide else _HEADER32
    for name in names:
        size = dump.header_layout.leaf(name).field.size
        value = int(dump.header[name])
        text = _wide(value) if size == 8 else f"{value:08x}"
        yield f"{name:<20}{text}" + (" " if name == names[-1] else "")
    triage = dump.triage
    if isinstance(triage, Absent):
        return
    yield ""
    yield f"{dump.triage_layout.name}:"
    fields: List[str] = [*_TRIAGE, *(_ITANIUM if dump.wide else ()), *_DATA]
    for name in fields:
        size = dump.triage_layout.leaf(name).field.size
        yield f"{name:<22}{_wide(triage[name]) if size == 8 else f'{triage[name]:08x}'} "
    furthest = 0
    for block in dump.blocks:
        if block.what != "data block":
            continue
        furthest = max(furthest, block.offset + block.size)
        last = block.address + block.size - 1
        if dump.wide:
            yield f"  {_wide(block.address)} - {_wide(last)} at offset {block.offset:08x}"
        else:
            yield f"  {block.address:08x} - {last & 0xFFFFFFFF:08x} at offset {block.offset:08x}"
    if dump.blocks:
        yield f"  Max offset {furthest:x}, {dump.source.size - furthest:x} from end of file"

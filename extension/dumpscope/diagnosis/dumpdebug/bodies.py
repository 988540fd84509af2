"""What the engine's ``.dumpdebug`` prints below the headline of each stream that passed its checks.

A body is a sequence of prints, each with its line end, because a print has a greatest length of its own.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator

from ...format.counters import MINIDUMP_PROCESS_VM_COUNTERS_1, MINIDUMP_PROCESS_VM_COUNTERS_2, MINIDUMP_SYSTEM_MEMORY_INFO_1
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.functions import MINIDUMP_FUNCTION_TABLE_DESCRIPTOR, MINIDUMP_FUNCTION_TABLE_STREAM
from ...format.handles import MINIDUMP_HANDLE_DESCRIPTOR
from ...format.header import MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ...format.modules import MINIDUMP_MODULE, MINIDUMP_UNLOADED_MODULE
from ...format.processors import debugger_name
from ...format.streams import STREAMS
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.threads import MINIDUMP_THREAD, MINIDUMP_THREAD_EX, MINIDUMP_THREAD_INFO
from ...format.tokens import MINIDUMP_TOKEN_INFO_HEADER, MINIDUMP_TOKEN_INFO_LIST
from ..engine.strict import Extent, View

MASK32 = 0xFFFFFFFF
MASK64 = 0xFFFFFFFFFFFFFFFF

Body = Callable[[View, int, int, Extent], Iterator[str]]
"""(view, rva, size, extent) -> prints."""


def signed(value: int) -> int:
    """A 32-bit number as ``%d`` shows it."""
    return value - 0x100000000 if value & 0x80000000 else value


# -- threads, modules -----------------------------------------------------------------------------------------------------

_THREAD = MINIDUMP_THREAD.select("ThreadId", "Teb")
_THREAD_EX = MINIDUMP_THREAD_EX.select("ThreadId", "Teb")


def threads(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """ThreadListStream and ThreadExListStream."""
    yield f"  {signed(extent.number)} threads\n"
    reader = _THREAD_EX if extent.element == _THREAD_EX.size else _THREAD
    for at, (tid, teb) in view.rows(reader, rva + extent.header, extent.element, extent.number):
        yield f"  RVA {at:08X}, ID {tid:X}, Teb:{teb:016X}\n"


def thread_infos(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """ThreadInfoListStream: there is no line with the count."""
    reader = MINIDUMP_THREAD_INFO.select("ThreadId", stride=extent.element)
    for at, (tid,) in view.rows(reader, rva + extent.header, extent.element, extent.number):
        yield f"  RVA {at:08X}, ID {tid:X}\n"


_MODULE = MINIDUMP_MODULE.select("BaseOfImage", "SizeOfImage", "ModuleNameRva", "Reserved0")


def modules(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """ModuleListStream. The last number is the low word of Reserved0."""
    yield f"  {signed(extent.number)} modules\n"
    address = view.address
    for at, (base, length, name_rva, reserved) in view.rows(_MODULE, rva + extent.header, extent.element, extent.number):
        error, name = view.string(name_rva)
        if error:
            yield error
        yield f"  RVA {at:08X}, {address(base)} - {address(base + length)}: '{name}', {reserved & 0xFFFF:x}\n"


def unloaded_modules(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """UnloadedModuleListStream."""
    yield f"  {signed(extent.number)} unloaded modules\n"
    address = view.address
    reader = MINIDUMP_UNLOADED_MODULE.select("BaseOfImage", "SizeOfImage", "ModuleNameRva", stride=extent.element)
    for at, (base, length, name_rva) in view.rows(reader, rva + extent.header, extent.element, extent.number):
        error, name = view.string(name_rva)
        if error:
            yield error
        yield f"  RVA {at:08X}, {address(base)} - {address(base + length)}: '{name}'\n"


# -- memory ---------------------------------------------------------------------------------------------------------------

_RANGE = MINIDUMP_MEMORY_DESCRIPTOR.select("StartOfMemoryRange", "Memory.DataSize", "Memory.Rva")
_RANGE64 = MINIDUMP_MEMORY_DESCRIPTOR64.select("StartOfMemoryRange", "DataSize")


def _columns(view: View) -> str:
    return f"  range#    RVA      Address      {'       ' if view.wide_columns else ''}Size\n"


def memory(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """MemoryListStream."""
    yield f"  {signed(extent.number)} memory ranges\n"
    yield _columns(view)
    total = 0
    address = view.address
    for index, (_, (start, length, where)) in enumerate(view.rows(_RANGE, rva + extent.header, extent.element, extent.number)):
        yield f"    {index:4} {where:08X}    {address(start)}   {address(length)}\n"
        total += length
    yield f"  Total memory: {total:x}\n"


def memory64(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """Memory64ListStream. Of places after 4 GiB the engine shows the low 32 bits."""
    where = view.number(rva, (8, 8))
    yield f"  {signed(extent.number)} memory ranges\n"
    yield f"  RVA 0x{where & MASK32:X} BaseRva\n"
    yield _columns(view)
    total = 0
    address = view.address
    for index, (_, (start, length)) in enumerate(view.rows(_RANGE64, rva + extent.header, extent.element, extent.number)):
        yield f"    {index:4} {where & MASK32:08X}    {address(start)}   {address(length)}\n"
        where += length
        total += length
    yield f"  Total memory: {total & MASK64:x}\n"


# -- exception, system ----------------------------------------------------------------------------------------------------

_EXCEPTION = MINIDUMP_EXCEPTION_STREAM.select(
    "ThreadId",
    "ExceptionRecord.ExceptionCode",
    "ExceptionRecord.ExceptionRecord",
    "ExceptionRecord.ExceptionAddress",
    "ThreadContext.DataSize",
    "ThreadContext.Rva",
)


def exception(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """ExceptionStream."""
    tid, code, record, address, context_size, context_rva = _EXCEPTION.unpack(view.read(rva, _EXCEPTION.size))
    yield f"  ThreadID {signed(tid)}\n"
    yield f"  ExceptionCode {code:X}\n"
    yield f"  ExceptionRecord {record:x}\n"
    yield f"  ExceptionAddress {address:x}\n"
    yield f"  Context record RVA {context_rva:x}, size {context_size:x}\n"


_SYSTEM = MINIDUMP_SYSTEM_INFO.select(
    "ProcessorArchitecture",
    "ProcessorLevel",
    "ProcessorRevision",
    "NumberOfProcessors",
    "ProductType",
    "MajorVersion",
    "MinorVersion",
    "BuildNumber",
    "PlatformId",
    "CSDVersionRva",
    "SuiteMask",
)
PLATFORMS = {0: "VER_PLATFORM_WIN32s", 1: "VER_PLATFORM_WIN32_WINDOWS", 2: "VER_PLATFORM_WIN32_NT", 3: "VER_PLATFORM_WIN32_CE"}
PRODUCTS = {1: "WinNt", 2: "LanManNt", 3: "Server"}
SUITES = (
    "SmallBusiness",
    "Enterprise",
    "BackOffice",
    "CommunicationServer",
    "TerminalServer",
    "SmallBusinessRestricted",
    "EmbeddedNT",
    "DataCenter",
    "SingleUserTS",
    "Personal",
    "Blade",
    "EmbeddedRestricted",
    "SecurityAppliance",
    "StorageServer",
    "ComputeServer",
    "WHServer",
)


def system(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """SystemInfoStream."""
    values = _SYSTEM.unpack(view.read(rva, _SYSTEM.size))
    architecture, level, revision, processors, product, major, minor, build, platform, csd, suite = values
    name = debugger_name(architecture)
    yield f"  ProcessorArchitecture   {architecture:04X}" + (f" (PROCESSOR_ARCHITECTURE_{name})\n" if name else "\n")
    yield f"  ProcessorLevel          {level:04X}\n"
    yield f"  ProcessorRevision       {revision:04X}\n"
    yield f"  NumberOfProcessors      {processors:02X}\n"
    yield f"  MajorVersion            {major:08X}\n"
    yield f"  MinorVersion            {minor:08X}\n"
    yield f"  BuildNumber             {build:08X} ({signed(build)})\n"
    yield f"  PlatformId              {platform:08X} ({PLATFORMS.get(platform, 'UNKNOWN')})\n"
    yield f"  CSDVersionRva           {csd:08X}\n"
    if csd:
        error = view.misplaced("String", csd, 4)
        if error:
            yield error
        else:
            length = view.u32(csd)
            error, text = view.string(csd)
            if error:
                yield error
            yield f"{' ' * 28}Length: {signed(length)}\n"
            if length:
                yield f"{' ' * 28}Buffer: {{'{text}'}}\n"
    suites = " ".join(SUITES[bit] for bit in range(16) if suite >> bit & 1) or "<none>"
    yield f"  Product: {PRODUCTS.get(product) or f'unknown <{product:x}>'}, suite: {suites}\n"


def comment_a(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """CommentStreamA, to its NUL, whatever the stream's size."""
    text = view.zero_ended(rva, 1)
    if text is not None:
        yield f"  '{text}'\n"


def comment_w(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """CommentStreamW, to its NUL, whatever the stream's size."""
    text = view.zero_ended(rva, 2)
    if text is not None:
        yield f"  '{text}'\n"


# -- handles, function tables, tokens ---------------------------------------------------------------------------------------


def handles(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """HandleDataStream."""
    header, element, count = extent
    yield f"  {signed(count)} descriptors, header size is {signed(header)}, descriptor size is {signed(element)}\n"
    reader = MINIDUMP_HANDLE_DESCRIPTOR.select("Handle", "TypeNameRva", "ObjectNameRva", stride=element)
    string = view.string
    for _, (handle, type_rva, name_rva) in view.rows(reader, rva + header, element, count):
        type_error, kind = string(type_rva)
        name_error, name = string(name_rva)
        if type_error:
            yield type_error
        if name_error:
            yield name_error
        yield f'    Handle({handle:016X},"{kind}","{name}")\n'


_TABLES = MINIDUMP_FUNCTION_TABLE_STREAM.select("SizeOfNativeDescriptor", "SizeOfFunctionEntry", "SizeOfAlignPad")
_TABLE = MINIDUMP_FUNCTION_TABLE_DESCRIPTOR.select("MinimumAddress", "MaximumAddress", "BaseAddress", "EntryCount", "SizeOfAlignPad")


def function_tables(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """FunctionTableStream. The engine follows the tables' sizes out of the stream; out of the file it ends, so we stop there."""
    yield f"  {extent.number} function tables\n"
    native, entry, head_pad = _TABLES.unpack(view.read(rva, _TABLES.size))
    at = rva + (extent.header + head_pad & MASK32)
    for index in range(extent.number):
        if at + _TABLE.size > view.end:
            return
        low, high, base, entries, pad = _TABLE.unpack(view.read(at, _TABLE.size))
        yield f"    {index}: min {view.address(low)}, max {view.address(high)}, base {view.address(base)}, entries {entries}\n"
        at += (extent.element + native + entries * entry + pad) & MASK32


_TOKEN = MINIDUMP_TOKEN_INFO_HEADER.select("TokenSize", "TokenId", "TokenHandle")


def tokens(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """TokenInformationStream: TokenListSize bounds the walk, each TokenSize leads to the next."""
    yield f"  {signed(extent.number)} Tokens\n"
    bound = view.u32(rva)
    at = MINIDUMP_TOKEN_INFO_LIST.size  # whatever ListHeaderSize says
    for _ in range(extent.number):
        if at >= bound or rva + at + _TOKEN.size > view.end:
            return
        length, owner, handle = _TOKEN.unpack(view.read(rva + at, _TOKEN.size))
        yield f"    Token {handle:x} for {signed(owner)}\n"
        at = (at + length) & MASK32


# -- counters -------------------------------------------------------------------------------------------------------------

_HEXADECIMAL = frozenset(
    (
        "Flags",
        "PageSize",
        "LowestPhysicalPageNumber",
        "HighestPhysicalPageNumber",
        "AllocationGranularity",
        "MinimumUserModeAddress",
        "MaximumUserModeAddress",
        "ActiveProcessorsAffinityMask",
        "MinimumWorkingSet",
        "MaximumWorkingSet",
    )
)


_QUIRK = "PerfInfo.PeakCommitment"
"""The engine shows PerfInfo.CommitLimit a second time after this member."""


def _hexadecimal(value: int) -> str:
    return f"{value:#x}" if value else "0"  # as C's %#x


def _row(indent: int, name: str, value: str) -> str:
    return f"{'':{indent}}{name:<{44 - indent}}: {value:>32}\n"


def system_memory(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """SystemMemoryInfoStream. The engine knows the first version only, and prints all of it whatever Flags says."""
    values = MINIDUMP_SYSTEM_MEMORY_INFO_1.unpack(view.read(rva, MINIDUMP_SYSTEM_MEMORY_INFO_1.size))
    section = ""
    for path, value in values.items():
        group, _, name = path.rpartition(".")
        if group != section:
            section = group
            yield f"  {group}\n"
        text = _hexadecimal(value) if name in _HEXADECIMAL else f"{value:,}" if group else str(value)
        yield _row(4 if group else 2, name, text)
        if path == _QUIRK:
            yield _row(4, "CommitLimit", f"{values['PerfInfo.CommitLimit']:,}")


def process_vm_counters(view: View, rva: int, size: int, extent: Extent) -> Iterator[str]:
    """ProcessVmCountersStream. Revision alone decides what is printed: Flags is not asked, nor is the stream's size."""
    revision = view.u16(rva)
    structure = MINIDUMP_PROCESS_VM_COUNTERS_2 if revision >= 2 else MINIDUMP_PROCESS_VM_COUNTERS_1
    yield _row(2, "Revision", str(revision))
    yield "  Process Counters\n"
    job = False
    for name, value in structure.unpack(view.read(rva, structure.size)).items():
        if name in ("Revision", "Flags") or (name == "PrivateUsage" and revision == 0):
            continue
        if name.startswith("Job") and not job:
            job = True
            yield "  Job Counters\n"
        yield _row(4, name, f"{value:,}" if name == "PageFaultCount" else _hexadecimal(value))


BODIES: Dict[int, Body] = {row.type: globals()[row.body] for row in STREAMS.values() if row.body}
"""By stream type. Of other types that pass their checks nothing is printed but the headline."""

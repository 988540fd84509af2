"""A kernel dump, opened: header, triage parts, drivers, memory blocks.

Opening costs the header. Lists are bounded by the file's size; what a list cannot hold is damage, never an error.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from ...errors import DumpError
from ...format import kernel as layout
from ...format.counted import by_count, counted
from ...format.debuggerdata import KDDEBUGGER_DATA64
from ...format.exception import EXCEPTION_RECORD32, EXCEPTION_RECORD64
from ...format.layout import Structure
from ..absence import DAMAGED, NOT_APPLICABLE, NOT_THERE, Absent
from ..intervals import holders
from ..module_names import image_text, is_readable
from ..source import Source, Window
from .listed import ListedDriver, named_drivers
from .pages import Pages, pages_of, read_pieces
from .processor import ARCHITECTURES, Processor, even, processor_of

SIGNATURES = (layout.SIGNATURE64, layout.SIGNATURE32)
MACHINES = {0x14C: ("x86", 4), 0x8664: ("x64", 8), 0x1C0: ("ARM", 4), 0x1C2: ("ARM", 4), 0x1C4: ("ARM", 4), 0xAA64: ("ARM64", 8), 0x200: ("IA64", 8)}
"""Name and bytes of a pointer by MachineImageType."""

CALL_STACK = "call stack"
"""What the block of the kernel stack is called."""
_BLOCK_LIMIT = 1 << 20
LEAST_DEBUGGER_DATA = 0x220
"""Bytes of KDDEBUGGER_DATA64 below which the debugger does not use it: up to KiProcessorBlock (observed: dbgeng 10.0.15063)."""
MOST_DEBUGGER_DATA = 0x1000
_SAID_SIZE = KDDEBUGGER_DATA64.offset_of("Size")
UNLOADED_LIMIT = 50
"""Unloaded drivers that a kernel keeps; of a list that counts more the engine shows none."""


class Driver(NamedTuple):
    """A driver that was loaded. ``path`` is the file's text, ``offset`` the entry's, ``timestamp`` may be a hash of the file."""

    index: int  # type: ignore[assignment]
    base: int
    size: int
    path: str
    checksum: int
    timestamp: int
    entry_point: int
    offset: int

    @property
    def end(self) -> int:
        """Address of the first byte after it."""
        return self.base + self.size

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("\\")[2]


class UnloadedDriver(NamedTuple):
    """A driver that was unloaded, as ``lm`` has it: ``end`` is not more than 4 GB after ``start``, and a name of more than the 12 characters that
    a dump keeps is not read (``cut`` says so). Observed: dbgeng 10.0.15063."""

    index: int  # type: ignore[assignment]
    start: int
    end: int
    name: str
    cut: bool
    offset: int


class Block(NamedTuple):
    """Memory that the dump holds: ``size`` bytes at ``address``, in the file at ``offset``."""

    address: int
    offset: int
    size: int
    what: str = "data block"


class KernelException(NamedTuple):
    """The exception record of the header; ``offset`` is where it is in the file."""

    code: int
    flags: int
    address: int
    parameters: Tuple[int, ...]
    offset: int


class PhysicalRun(NamedTuple):
    """Pages of physical memory: first page and number of pages; ``offset`` of the record in the file."""

    base_page: int
    page_count: int
    offset: int


def is_kernel_dump(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a kernel dump."""
    return head[:8] in SIGNATURES


class KernelDump:
    """A kernel dump. ``header`` holds the numbers of DUMP_HEADER by C name. Raises DumpError where the header is not whole."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path = source.name
        head = source.some(0, 8)
        if head not in SIGNATURES:
            raise DumpError(f"{source.name!r} is not a kernel dump: it begins with {head.hex(' ') or 'nothing'}", "give a file that begins with PAGE", offset=0)
        self.wide: bool = head == layout.SIGNATURE64
        self.header_layout: Structure = layout.DUMP_HEADER64 if self.wide else layout.DUMP_HEADER32
        size = self.header_layout.size
        data = source.some(0, size)
        if len(data) < size:
            held = f"{self.header_layout.name} has 0x{size:x} bytes, the file holds 0x{len(data):x} of them"
            cut = f"{source.name!r} is a kernel dump cut inside its header: {held}"
            raise DumpError(cut, "fetch the file again, and compare its size with the original", offset=0, needed=size, available=len(data))
        self.header: Dict[str, Any] = self.header_layout.unpack(data)

    @classmethod
    def open(cls, path: str) -> KernelDump:
        """Open the kernel dump at ``path``. Raises DumpError."""
        source = Source.from_path(path)
        try:
            return cls(source)
        except DumpError:
            source.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.source.close()

    def __enter__(self) -> KernelDump:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # what the header says

    @property
    def machine(self) -> int:
        """MachineImageType of the header."""
        return int(self.header["MachineImageType"])

    @property
    def architecture(self) -> str:
        """x86, x64, ARM, ARM64, or the number."""
        return MACHINES.get(self.machine, (f"machine 0x{self.machine:x}", 0))[0]

    @property
    def pointer_size(self) -> int:
        """Bytes of an address."""
        return 8 if self.wide else 4

    @property
    def kind(self) -> int:
        """DumpType of the header."""
        return int(self.header["DumpType"])

    @property
    def kind_name(self) -> str:
        """The kind of dump in a word, such as ``triage``."""
        return layout.DUMP_TYPE.label(self.kind) or ("kind not recorded" if self.kind == layout.FILL else f"type 0x{self.kind:x}")

    @property
    def kind_meaning(self) -> str:
        """What a dump of this kind holds."""
        if self.kind == layout.FILL:
            return "the writer did not set DumpType, and the debugger takes it for a full dump"
        return layout.DUMP_TYPE.meaning(self.kind) or "a kind that is not known"

    @property
    def build(self) -> int:
        """Build number of Windows (MinorVersion)."""
        return int(self.header["MinorVersion"])

    @property
    def code(self) -> int:
        """The bug check code; 0 where the machine was not stopped by one, and where the writer left its filling there."""
        code = int(self.header["BugCheckCode"])
        return 0 if code == layout.FILL else code

    @property
    def parameters(self) -> Tuple[int, int, int, int]:
        """The four parameters of the bug check."""
        header = self.header
        return header["BugCheckParameter1"], header["BugCheckParameter2"], header["BugCheckParameter3"], header["BugCheckParameter4"]

    def number(self, name: str) -> Union[int, Absent]:
        """A number of the header by its C name; Absent where the writer left its filling there. Raises KeyError."""
        leaf = self.header_layout.leaf(name)
        value = int(self.header[name])
        if value == int.from_bytes((b"PAGE" * 2)[: leaf.field.size], "little"):
            return Absent(NOT_THERE, f"the writer did not set {name}")
        return value

    @cached_property
    def system_time(self) -> Union[int, Absent]:
        """When the machine stopped: FILETIME, 100 ns since 1601 UTC."""
        return self.number("SystemTime")

    @cached_property
    def uptime(self) -> Union[int, Absent]:
        """How long it had run, in 100 ns."""
        return self.number("SystemUpTime")

    @cached_property
    def comment(self) -> Union[str, Absent]:
        """The header's comment."""
        data: bytes = self.header["Comment"]
        if data.startswith(b"PAGE") or not data.strip(b"\0"):
            return Absent(NOT_THERE, "the dump has no comment")
        return data.split(b"\0", 1)[0].decode("utf-8", "replace")

    @cached_property
    def physical_runs(self) -> Union[List[PhysicalRun], Absent]:
        """The runs of physical memory that the machine had; Absent where the header does not say (in triage dumps)."""
        run = layout.PHYSICAL_MEMORY_RUN64 if self.wide else layout.PHYSICAL_MEMORY_RUN32
        data: bytes = self.header["PhysicalMemoryBlock"]
        base = self.header_layout.offset_of("PhysicalMemoryBlock")
        first = 16 if self.wide else 8
        count = int.from_bytes(data[:4], "little")
        if data.startswith(b"PAGE") or not 0 < count <= (len(data) - first) // run.size:
            return Absent(NOT_THERE, "the header does not list the runs of physical memory")
        found = []
        for index in range(count):
            values = run.unpack(data, first + index * run.size)
            found.append(PhysicalRun(values["BasePage"], values["PageCount"], base + first + index * run.size))
        return found

    # the parts of a triage dump

    @cached_property
    def triage(self) -> Union[Dict[str, Any], Absent]:
        """TRIAGE_DUMP by C name; Absent where the dump is of another kind or the file ends before it."""
        if self.kind != layout.TRIAGE:
            return Absent(NOT_APPLICABLE, self._no_triage)
        shape = self.triage_layout
        data = self.source.some(self.header_layout.size, shape.size)
        if len(data) < shape.size:
            at = self.header_layout.size
            return Absent(DAMAGED, f"{shape.name} needs 0x{shape.size:x} bytes at 0x{at:x}, and the file holds 0x{len(data):x} of them")
        return shape.unpack(data)

    @property
    def _no_triage(self) -> str:
        """Why a dump of another kind shows no thread and no list of drivers."""
        if self.kind == layout.FILL:
            return "the writer did not set DumpType, and what follows the header is not read"
        if not layout.DUMP_TYPE.label(self.kind):
            return f"the kind of dump (DumpType 0x{self.kind:x}) is not known, and what follows the header is not read"
        where = "lie in pages that page tables lead to, which are not walked here; only a triage dump lists them in the file"
        return f"drivers and threads of a {self.kind_name} dump {where}"

    @property
    def triage_layout(self) -> Structure:
        """TRIAGE_DUMP64 or TRIAGE_DUMP32; it stands at the end of the header."""
        return layout.TRIAGE_DUMP64 if self.wide else layout.TRIAGE_DUMP32

    @cached_property
    def complete(self) -> Union[bool, Absent]:
        """Whether the mark TRGD stands where TRIAGE_DUMP says: the dump was written to its end."""
        triage = self.triage
        if isinstance(triage, Absent):
            return triage if triage.kind == DAMAGED else Absent(NOT_APPLICABLE, "only a triage dump has a mark at its end")
        return self.source.some(triage["ValidOffset"], 4) == layout.TRIAGE_VALID.to_bytes(4, "little")

    def _entries(self, offset: int, count: int, shape: Structure, limit: int) -> Iterator[Tuple[int, Dict[str, Any]]]:
        """Offset and numbers of each entry of a list that the file holds whole."""
        fit = self.source.available(offset, count * shape.size) // shape.size if count > 0 else 0
        for index in range(min(fit, limit)):
            at = offset + index * shape.size
            yield at, shape.unpack(self.source.bytes(at, shape.size, shape.name))

    @cached_property
    def _window(self) -> Window:
        return Window(self.source)

    @cached_property
    def drivers(self) -> Union[List[Driver], Absent]:
        """The drivers in the order of the file: the kernel first."""
        triage = self.triage
        if isinstance(triage, Absent):
            return triage
        shape = layout.DUMP_DRIVER_ENTRY64 if self.wide else layout.DUMP_DRIVER_ENTRY32
        found = []
        count = triage["DriverCount"] if triage["DriverListOffset"] else 0
        for index, (at, item) in enumerate(self._entries(triage["DriverListOffset"], count, shape, 1 << 16)):
            name = image_text(self._window, item["DriverNameOffset"])
            found.append(Driver(index, item["DllBase"], item["SizeOfImage"], name, item["CheckSum"], item["TimeDateStamp"], item["EntryPoint"], at))
        if not found:
            count, at = triage["DriverCount"], triage["DriverListOffset"]
            if not count:
                return Absent(NOT_THERE, "TRIAGE_DUMP counts no driver")
            if not at:
                return Absent(NOT_THERE, "TRIAGE_DUMP has no place of a driver list: DriverListOffset is 0")
            return Absent(
                DAMAGED, f"TRIAGE_DUMP counts {counted(count, 'driver')}, whose list at 0x{at:x} is beyond the end of the file (0x{self.source.size:x})"
            )
        return found

    @cached_property
    def unloaded(self) -> Union[List[UnloadedDriver], Absent]:
        """Drivers that were unloaded before the machine stopped."""
        triage = self.triage
        if isinstance(triage, Absent):
            return triage
        offset = triage["UnloadedDriversOffset"]
        size = 8 if self.wide else 4
        head = self.source.some(offset, size)
        if not offset or len(head) < size:
            return Absent(NOT_THERE, "the dump has no list of unloaded drivers")
        shape = layout.DUMP_UNLOADED_DRIVER64 if self.wide else layout.DUMP_UNLOADED_DRIVER32
        found = []
        count = int.from_bytes(head[:4], "little")
        if count > UNLOADED_LIMIT:
            return Absent(DAMAGED, f"the list at 0x{offset:x} counts {count} unloaded drivers, and a kernel keeps {UNLOADED_LIMIT}")
        for index, (at, item) in enumerate(self._entries(offset + size, count, shape, UNLOADED_LIMIT)):
            units, start = item["NameLength"] // 2, item["StartAddress"]
            text = b"".join(unit.to_bytes(2, "little") for unit in item["DriverName"][:units]).decode("utf-16-le", "replace").split("\0", 1)[0]
            readable = units <= len(item["DriverName"]) and is_readable(text)
            end = (start + (item["EndAddress"] - start & 0xFFFFFFFF)) & (1 << 8 * self.pointer_size) - 1
            found.append(UnloadedDriver(index, start, end, text if readable else self._unknown(start), not readable and bool(text), at))
        return found

    def _unknown(self, address: int) -> str:
        """What the debugger calls an unloaded driver whose name cannot be read."""
        low = f"{address & 0xFFFFFFFF:08x}"
        return f"Unknown_Module_{address >> 32:08x}`{low}" if self.wide else f"Unknown_Module_{low}"

    @cached_property
    def exception(self) -> Union[KernelException, Absent]:
        """The exception record of the header."""
        shape = EXCEPTION_RECORD64 if self.wide else EXCEPTION_RECORD32
        offset = self.header_layout.offset_of("ExceptionRecord")
        item = shape.unpack(self.header["ExceptionRecord"])
        if item["ExceptionCode"] == layout.FILL:
            return Absent(NOT_THERE, "the header has no exception record")
        count = item["NumberParameters"]
        count = 0 if count == layout.FILL else min(count, 15)
        return KernelException(item["ExceptionCode"], item["ExceptionFlags"], item["ExceptionAddress"], item["ExceptionInformation"][:count], offset)

    @cached_property
    def debugger_data(self) -> Union[Dict[str, Any], Absent]:
        """KDDEBUGGER_DATA64 by C name; Absent where the dump has none."""
        triage = self.triage
        if isinstance(triage, Absent):
            return triage
        size = min(triage["DebuggerDataSize"], KDDEBUGGER_DATA64.size)
        if not self.parts & layout.HAS_DEBUGGER_DATA or size < LEAST_DEBUGGER_DATA:
            return Absent(NOT_THERE, "the dump has no KDDEBUGGER_DATA64: MiniDumpFields or DebuggerDataSize says so")
        data = self.source.some(triage["DebuggerDataOffset"], size) if triage["DebuggerDataOffset"] else b""
        if len(data) < size:
            return Absent(NOT_THERE, "the dump has no KDDEBUGGER_DATA64")
        said = int.from_bytes(data[_SAID_SIZE : _SAID_SIZE + 4], "little")
        if not LEAST_DEBUGGER_DATA <= said <= MOST_DEBUGGER_DATA:
            at = triage["DebuggerDataOffset"]
            return Absent(NOT_THERE, f"no KDDEBUGGER_DATA64 is at 0x{at:x}: its Size would be 0x{said:x}, and the debugger does not use it")
        return KDDEBUGGER_DATA64.unpack(data[:said].ljust(KDDEBUGGER_DATA64.size, b"\0"))

    @cached_property
    def processor(self) -> Union[Processor, Absent]:
        """The processor that stopped the machine, with the registers that the debugger's ``r`` shows."""
        return processor_of(self)

    @cached_property
    def header_registers(self) -> Any:
        """The registers of the header's ContextRecord, or Absent. For a bug check of an exception they are those at the exception."""
        from ..contexts import registers_at

        wanted = ARCHITECTURES.get(self.architecture)
        offset = self.header_layout.offset_of("ContextRecord")
        data: bytes = self.header["ContextRecord"]
        if wanted is None or data.startswith(b"PAGE"):
            return Absent(NOT_THERE, "the header has no registers")
        return even(registers_at(self.source, wanted, offset, len(data)))

    @property
    def registers(self) -> Any:
        """The registers at the stop: those of the processor as ``r`` has them, else those of the header; or Absent."""
        return self.header_registers if isinstance(self.processor, Absent) else self.processor.registers

    @property
    def registers_from(self) -> str:
        """Where :attr:`registers` come from, in words."""
        if isinstance(self.processor, Absent):
            return "the header's ContextRecord"
        return f"processor {self.processor.number}: the CONTEXT at 0x{self.processor.context:x}, which its KPRCB at 0x{self.processor.prcb:x} names"

    # memory

    @cached_property
    def pages(self) -> Union[Pages, Absent]:
        """The pages of physical memory of a dump that is no triage dump."""
        return pages_of(self)

    @property
    def parts(self) -> int:
        """MiniDumpFields as far as the engine goes by it: debugger data and data blocks count where all basic parts are there (observed: dbgeng)."""
        fields = int(self.header["MiniDumpFields"])
        return fields if fields & layout.BASIC_PARTS == layout.BASIC_PARTS else 0

    @property
    def data_blocks(self) -> int:
        """Data blocks that a triage dump claims; 0 where MiniDumpFields says that it has none."""
        triage = self.triage
        if isinstance(triage, Absent) or not self.parts & layout.HAS_DATA_BLOCKS:
            return 0
        return int(triage["DataBlocksCount"])

    @cached_property
    def blocks(self) -> List[Block]:
        """The memory that a triage dump holds, in the order of the file: data blocks, then the call stack."""
        triage = self.triage
        if isinstance(triage, Absent):
            return []
        found = []
        for _, item in self._entries(triage["DataBlocksOffset"], self.data_blocks, layout.TRIAGE_DATA_BLOCK, _BLOCK_LIMIT):
            address = item["Address"] & (0xFFFFFFFFFFFFFFFF if self.wide else 0xFFFFFFFF)
            found.append(Block(address, item["Offset"], item["Size"]))
        if triage["SizeOfCallStack"] and triage["CallStackOffset"]:
            found.append(Block(triage["TopOfStack"], triage["CallStackOffset"], triage["SizeOfCallStack"], CALL_STACK))
        return found

    @cached_property
    def _blocks_by_address(self) -> Tuple[List[int], List[int], List[Block]]:
        """Where another block begins to hold what follows, and its number; of blocks that overlap, the one that begins last."""
        held = sorted((block for block in self.blocks if self.source.available(block.offset, block.size)), key=lambda item: item.address)
        ends = [block.address + self.source.available(block.offset, block.size) for block in held]
        places, found = holders([block.address for block in held], ends, range(len(held), 0, -1))
        return places, found, held

    def block_at(self, address: int) -> Optional[Block]:
        """The block that holds ``address``, or None."""
        places, found, held = self._blocks_by_address
        index = bisect_right(places, address) - 1
        return held[found[index]] if index >= 0 and found[index] >= 0 else None

    def read(self, address: int, size: int) -> bytes:
        """The bytes at ``address`` that the dump holds without a gap: ``size`` of them at the most, perhaps none."""
        return read_pieces(self.source, self.block_at, address, size)

    @cached_property
    def _drivers_by_address(self) -> Tuple[List[int], List[int]]:
        """Where another driver begins to hold what follows, and its number; of drivers that overlap, the first in the file."""
        drivers = self.drivers
        if isinstance(drivers, Absent):
            return [], []
        return holders([driver.base for driver in drivers], [driver.end for driver in drivers], range(len(drivers)))

    def driver_at(self, address: int) -> Optional[Driver]:
        """The driver that an address lies in, or None."""
        places, found = self._drivers_by_address
        index = bisect_right(places, address) - 1
        drivers = self.drivers
        return None if isinstance(drivers, Absent) or index < 0 or found[index] < 0 else drivers[found[index]]

    @cached_property
    def named(self) -> Tuple[Dict[int, str], List[ListedDriver]]:
        """What :func:`dumpscope.dump.kernel.listed.named_drivers` makes of the driver list."""
        return named_drivers(self)

    @property
    def names(self) -> Dict[int, str]:
        """The debugger's name of each driver by its base: the kernel is ``nt``, the others as in dumps of a process (observed: dbgeng)."""
        return self.named[0]

    def symbol(self, address: int) -> str:
        """``driver+0x…`` for an address in a driver, an empty string for any other."""
        driver = self.driver_at(address)
        if driver is None:
            return ""
        name = self.names[driver.base]
        return name if address == driver.base else f"{name}+0x{address - driver.base:x}"

    def unloaded_at(self, address: int) -> Optional[UnloadedDriver]:
        """The unloaded driver that an address lay in, the last in the list; None for an address of a driver that is loaded."""
        unloaded = self.unloaded
        if isinstance(unloaded, Absent) or self.driver_at(address) is not None:
            return None
        return next((item for item in reversed(unloaded) if item.start <= address < item.end), None)

    def unloaded_symbol(self, address: int) -> str:
        """``<Unloaded_driver>+0x…`` as the debugger has it, an empty string elsewhere."""
        found = self.unloaded_at(address)
        return f"<Unloaded_{found.name}>+0x{address - found.start:x}" if found is not None else ""

    def _page_damage(self) -> List[str]:
        pages = self.pages
        if isinstance(pages, Absent):
            return [pages.message] if pages.kind == DAMAGED else []
        missing = pages.claimed - pages.held
        if missing <= 0:
            return []
        return [f"the file holds {pages.held} of {pages.claimed} pages: it was cut, or the writer did not finish"]

    def _cut_lists(self, triage: Dict[str, Any]) -> List[str]:
        """Lists of which the file holds less than TRIAGE_DUMP counts, and names that are beyond its end."""
        found = []
        drivers = self.drivers
        if isinstance(drivers, Absent):
            return [drivers.message] if drivers.kind == DAMAGED else []
        if len(drivers) < triage["DriverCount"]:
            found.append(f"the file holds {len(drivers)} of {counted(triage['DriverCount'], 'driver')} that TRIAGE_DUMP counts")
        nameless = sum(1 for driver in drivers if not driver.path)
        if nameless:
            found.append(
                f"{by_count(nameless, 'the name', 'the names')} of {nameless} of {counted(len(drivers), 'driver')} cannot be read: the file ends before"
            )
        blocks = sum(1 for block in self.blocks if block.what != CALL_STACK)
        if blocks < triage["DataBlocksCount"]:
            at = triage["DataBlocksOffset"]
            found.append(f"the file holds {blocks} of {counted(triage['DataBlocksCount'], 'record')} of data blocks (at 0x{at:x})")
        return found

    @cached_property
    def damage(self) -> List[str]:
        """What is wrong with the file, in words with offsets."""
        found = []
        triage = self.triage
        if isinstance(triage, Absent):
            return [triage.message] if triage.kind == DAMAGED else self._page_damage()
        if self.complete is False:
            found.append(f"the mark TRGD is not at 0x{triage['ValidOffset']:x}: the writer did not finish, or the file was cut")
        if triage["SizeOfDump"] > self.source.size:
            found.append(f"TRIAGE_DUMP claims a file of 0x{triage['SizeOfDump']:x} bytes, and this one has 0x{self.source.size:x}")
        found += self._cut_lists(triage)
        lost = [block for block in self.blocks if self.source.available(block.offset, block.size) < block.size]
        if lost:
            plural = "s reach" if len(lost) > 1 else " reaches"
            found.append(f"{len(lost)} block{plural} beyond the end of the file, the first at offset 0x{lost[0].offset:x} with 0x{lost[0].size:x} bytes")
        return found

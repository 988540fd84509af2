"""What debugger commands read of the captured memory: the address ranges that a shrunk dump keeps, by subject."""

from __future__ import annotations

import struct
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

from ..dump.absence import Absent
from ..dump.contexts import Registers, wow64_registers
from ..dump.minidump import Minidump
from ..dump.process import Parameters, Peb, Teb
from ..dump.streams.modules import Module
from ..dump.streams.threads import Thread
from ..format.counted import counted
from ..format.teb import KUSER_SHARED_DATA_ADDRESS, PROCESS_LAYOUTS
from ..format.unwind import IMAGE_DIRECTORY_ENTRY_EXCEPTION
from ..stacks.arm64.functions import Arm64Regions
from ..stacks.x64.functions import Region, Regions
from ..stacks.x64.unwindinfo import BadUnwind, Row, read_unwind_info
from ..symbols.images import Images
from .parts import narrow_context
from .ranges import Ranges
from .walked import unwind_ranges

PAGE = 1 << 12
CODE = 0x80
"""Bytes of code before and after an instruction pointer; Microsoft's writers capture 256 bytes around it."""
CALL = 0x10
"""Bytes of code before and after a return address: the call itself, and what follows it."""
NO_BASE = 1 << 20
"""Bytes of a stack that are kept, from the stack pointer on, where nothing tells its base."""
RED_ZONE = 0x80
"""Bytes below the stack pointer that code of x64 and ARM64 may use on systems other than Windows."""
PIECE = 1 << 20
MOST_ADDRESSES = 1 << 18
"""Distinct return addresses, and distinct blocks of memory that pointers lead to, that are followed."""
BLOCK = 1 << 8
"""Memory that a pointer leads to is kept in blocks: the one before the pointer, its own, and the two after it."""
MOST_CHAINED = 32
MOST_TEXT = 1 << 16
MOST_ENVIRONMENT = 1 << 22
ARM64_RECORD = 1 << 9
PRIVATE, COMMIT = 0x20000, 0x1000
WRITABLE, WRITE_COPY = 0x04 | 0x40, 0x08 | 0x80
SECTION_CODE, SECTION_EXECUTE, SECTION_WRITE = 0x20, 0x20000000, 0x80000000

Extent = Tuple[int, int]


class Part(NamedTuple):
    """Memory of one kind: ``what`` it is, debugger ``commands`` that read it, and its ``ranges`` (first address, address after)."""

    what: str
    commands: str
    ranges: List[Extent]


class Needed:
    """Finds what is needed of one dump. ``notes`` says what could only be guessed, and which bounds were met."""

    def __init__(self, dump: Minidump, watch: Callable[[], None] = lambda: None) -> None:
        self.dump = dump
        self.notes: List[str] = []
        self._watch = watch
        self._stacks: Optional[List[Extent]] = None
        system = dump.system
        self._windows = isinstance(system, Absent) or system.is_windows

    # -- threads ---------------------------------------------------------------------------------------------------------

    def walks(self) -> Iterator[Tuple[Optional[Thread], Registers]]:
        """The threads with their registers; those of the exception, and the 32-bit ones of a WOW64 process, besides."""
        dump = self.dump
        exception = dump.exception
        if not isinstance(exception, Absent):
            registers = dump.registers(exception)
            if not isinstance(registers, Absent):
                yield dump.threads.find(exception.thread_id), registers
        narrow = dump.process.is_wow64
        for thread in dump.threads.walk():
            for found in (dump.registers(thread), wow64_registers(dump, thread) if narrow else None):
                if isinstance(found, Registers):
                    yield thread, found

    def code(self) -> Part:
        """Code at instruction pointers."""
        places = {registers.ip for _, registers in self.walks()}
        return Part("code at instruction pointers", "r u .ecxr", [(max(ip - CODE, 0), ip + CODE) for ip in places])

    def stacks(self) -> Part:
        """From each stack pointer to the base of its stack."""
        return Part("stacks", "k", self._all_stacks())

    def _all_stacks(self) -> List[Extent]:
        if self._stacks is None:
            baseless = 0
            self._stacks = []
            for thread, registers in self.walks():
                end = self._base(thread, registers)
                if end is None:
                    baseless += 1
                    end = registers.sp + min(NO_BASE, self.dump.memory.captured(registers.sp, NO_BASE))
                low = max(registers.sp - (0 if self._windows else RED_ZONE), 0)
                self._stacks.append((low, end))
            for thread in self.dump.threads.walk():
                if thread.stack_size:
                    self._stacks.append((thread.stack_start, thread.stack_start + thread.stack_size))
            if baseless:
                self.notes.append(
                    f"guessed: nothing tells the base of {counted(baseless, 'stack')}; 0x{NO_BASE:x} bytes after the stack pointer are kept at the most"
                )
        return self._stacks

    def _base(self, thread: Optional[Thread], registers: Registers) -> Optional[int]:
        """Where the stack ends that a stack pointer lies in."""
        if thread is None:
            return None
        sp, process = registers.sp, self.dump.process
        teb = process.teb(thread) if registers.pointer_size == self.dump.pointer_size else process.wow64_teb(thread)
        if not isinstance(teb, Absent):
            base, limit = teb.stack_base, teb.stack_limit
            if isinstance(base, int) and isinstance(limit, int) and limit <= sp < base:
                return base
        if thread.stack_start <= sp < thread.stack_start + thread.stack_size:
            return thread.stack_start + thread.stack_size
        return None

    def walked(self) -> Part:
        """What a stack walk reads of images and of run-time code: headers, unwind data, and code around return addresses."""
        dump = self.dump
        found: Set[Extent] = set()
        images = Images(dump, [])
        arm64 = self._is_arm64()
        regions: Any = Arm64Regions(dump, images) if arm64 else Regions(dump, images)
        touched: Dict[int, Module] = {}
        for address in self._code_addresses():
            found.add((max(address - CALL, 0), address + CALL))
            module = regions.module(address)
            region = regions.dynamic(address) if module is None else regions.of(module)
            if module is not None:
                touched[module.index] = module
            if isinstance(region, Region) and dump.pointer_size == 8:
                found.update(_records(region, address - region.base, arm64))
        for module in touched.values():
            found.update(self._headers(module, images.find(module)))
        found.update(unwind_ranges(dump))
        return Part("unwind data and code of stack walks", "k", sorted(found))

    @staticmethod
    def _headers(module: Module, image: Any) -> Iterator[Extent]:
        if isinstance(image, Absent):
            yield module.base, module.base + PAGE
            return
        yield module.base, module.base + min(max(image.headers.size_of_headers, PAGE), 1 << 16)
        rva, size = image.directory(IMAGE_DIRECTORY_ENTRY_EXCEPTION)
        if rva and size:
            yield module.base + rva, module.base + rva + min(size, 1 << 26)

    def _is_arm64(self) -> bool:
        return any(registers.architecture == "ARM64" for _, (_, registers) in zip(range(1), self.walks()))

    def _code_addresses(self) -> Set[int]:
        """Instruction pointers, and words of the stacks that point into modules or run-time code."""
        code = Ranges([*((module.base, module.end) for module in self.dump.modules), *((table.minimum, table.maximum) for table in self.dump.functions)])
        found = {registers.ip for _, registers in self.walks() if registers.ip in code}
        if code.starts:
            low, high = code.starts[0], code.ends[-1]
            for words in self.words(self._all_stacks()):
                found.update(word for word in words if low <= word < high and word not in found and word in code)
                if len(found) > MOST_ADDRESSES:
                    self.notes.append(f"unwind data are kept for the first {MOST_ADDRESSES} return addresses only")
                    break
        return found

    def words(self, ranges: Iterable[Extent]) -> Iterator[List[int]]:
        """The pointers in captured ranges, piece by piece."""
        width = self.dump.pointer_size
        code = "Q" if width == 8 else "I"
        for low, high, offset in captured(self.dump, Ranges(ranges)):
            skip = -low % width
            for at in range(skip, high - low - width + 1, PIECE):
                count = min(PIECE, high - low - at) // width
                data = self.dump.source.some(offset + at, count * width)
                yield list(struct.unpack(f"<{len(data) // width}{code}", data[: len(data) // width * width]))
                self._watch()

    # -- the process -----------------------------------------------------------------------------------------------------

    def tebs(self) -> Part:
        """The TEBs, and the arrays of thread-local storage that they lead to."""
        found: List[Extent] = []
        dump, process = self.dump, self.dump.process
        if self._windows:
            for thread in dump.threads.walk():
                for teb in (process.teb(thread), process.wow64_teb(thread) if process.is_wow64 else None):
                    if isinstance(teb, Teb):
                        found.append((teb.address, teb.address + (2 * PAGE if teb.pointer_size == 8 else PAGE)))
                        pointer = teb.tls_pointer
                        if isinstance(pointer, int) and pointer:
                            found.append((pointer, pointer + 64 * teb.pointer_size))
                if process.is_wow64:
                    found.extend(narrow_context(dump, thread, found))
        return Part("TEBs", "!teb !gle .tls", found)

    def peb(self) -> Part:
        """The PEB, process parameters, environment, the loader's lists, the table of heaps, and the shared user data page."""
        found: List[Extent] = []
        process = self.dump.process
        if self._windows:
            found.append((KUSER_SHARED_DATA_ADDRESS, KUSER_SHARED_DATA_ADDRESS + PAGE))
            for peb, modules in ((process.peb, process.loaded_modules), (process.wow64_peb, process.wow64_loaded_modules)):
                if isinstance(peb, Peb):
                    found.extend(self._of_peb(peb, modules))
        return Part("PEB", "!peb !dlls", found)

    def _of_peb(self, peb: Peb, modules: Any) -> Iterator[Extent]:
        layout = PROCESS_LAYOUTS[peb.pointer_size]
        yield peb.address, peb.address + PAGE
        heaps, count = peb.number("ProcessHeaps"), peb.number("NumberOfHeaps")
        if isinstance(heaps, int) and isinstance(count, int):
            yield heaps, heaps + min(count, PAGE) * peb.pointer_size
        address = peb.parameters
        if isinstance(address, int) and address:
            yield from self._of_parameters(Parameters(self.dump.memory, layout, address))
        loader = peb.ldr
        if isinstance(loader, int) and loader:
            yield loader, loader + layout.loader.size
        for item in [] if isinstance(modules, Absent) else modules:
            yield item.address, item.address + max(layout.entry.size, 0x140)
            for name in ("FullDllName", "BaseDllName"):
                at = item.address + layout.entry.offset_of(name + ".Length")
                yield from self._text(at, item.address + layout.entry.offset_of(name + ".Buffer"), peb.pointer_size, 0)

    def _of_parameters(self, parameters: Parameters) -> Iterator[Extent]:
        shape, width = parameters.structure, parameters.pointer_size
        length, flags = parameters.number("Length"), parameters.number("Flags")
        yield parameters.address, parameters.address + max(shape.size, min(length, MOST_TEXT) if isinstance(length, int) else 0)
        base = 0 if not isinstance(flags, int) or flags & 1 else parameters.address
        for leaf in shape.leaves:
            if leaf.path.endswith(".Length"):
                buffer = shape.offset_of(leaf.path[: -len("Length")] + "Buffer")
                yield from self._text(parameters.address + leaf.offset, parameters.address + buffer, width, base)
        start, size = parameters.number("Environment"), parameters.number("EnvironmentSize")
        if isinstance(start, int) and start:
            yield start, start + (size if isinstance(size, int) and 0 < size <= MOST_ENVIRONMENT else self._environment(start))

    def _environment(self, start: int) -> int:
        """Length of variables whose size is not told: to the two NULs at their end."""
        data = self.dump.memory.some(start, MOST_TEXT)
        for at in range(0, len(data) - 3, 2):
            if data[at : at + 4] == b"\0\0\0\0":
                return at + 4
        return len(data)

    def _text(self, length: int, buffer: int, width: int, base: int) -> Iterator[Extent]:
        """The bytes of a UNICODE_STRING, with the NUL after them."""
        memory = self.dump.memory
        size = int.from_bytes(memory.some(length, 2), "little")
        start = int.from_bytes(memory.some(buffer, width), "little")
        if start and size:
            yield base + start, base + start + size + 2

    # -- what flags ask for ----------------------------------------------------------------------------------------------

    def sections(self, *, code: bool, data: bool, headers: bool) -> Part:
        """Sections and headers of the modules, by their captured headers."""
        found: List[Extent] = []
        images = Images(self.dump, [])
        for module in self.dump.modules:
            if headers:
                found.append((module.base, module.base + PAGE))
            image = images.find(module) if code or data else None
            for section in () if image is None or isinstance(image, Absent) else image.sections:
                runs = section.characteristics & (SECTION_CODE | SECTION_EXECUTE)
                if (code and runs) or (data and section.characteristics & SECTION_WRITE):
                    found.append((module.base + section.rva, module.base + section.rva + max(section.size, section.raw_size)))
        return Part("sections of modules", "dt u", found)

    def private(self, *, written: bool, copied: bool) -> Part:
        """Private memory that can be written to, and pages of images that become private when they are written to, by the memory map."""
        found = []
        if not self.dump.regions.stream:
            self.notes.append("the dump has no memory map: private memory cannot be told from other memory, and none is kept for it")
        for region in self.dump.regions:
            if region.state == COMMIT and ((written and region.type == PRIVATE and region.protect & WRITABLE) or (copied and region.protect & WRITE_COPY)):
                found.append((region.base, region.end))
        return Part("private memory", "!heap dt", found)

    def near(self, levels: int) -> Part:
        """Memory that registers and stacks point to, and what that points to, ``levels`` deep."""
        spans = Ranges((low, high) for low, high, _ in self.dump.memory.spans())
        found: Set[int] = set()
        fresh: Set[int] = {value // BLOCK for _, registers in self.walks() for value in registers.values.values() if value in spans}
        sources: Iterable[Extent] = self._all_stacks()
        for level in range(levels):
            if level:
                sources = sorted((block * BLOCK, block * BLOCK + BLOCK) for block in fresh)
                fresh = set()
            for words in self.words(sources):
                fresh.update(word // BLOCK for word in words if word in spans)
                if len(found) + len(fresh) > MOST_ADDRESSES:
                    self.notes.append(f"of the memory that pointers lead to, {MOST_ADDRESSES} blocks of {BLOCK} bytes are followed, and no more")
                    break
            found |= fresh
            fresh = {near for block in fresh for near in (block - 1, block, block + 1, block + 2)}
            if len(found) > MOST_ADDRESSES:
                break
        ranges = [(max(block - 1, 0) * BLOCK, (block + 3) * BLOCK) for block in found]
        return Part(f"memory that registers and stacks point to, {levels} deep", "dt dv", ranges)


def _records(region: Region, rva: int, arm64: bool) -> Iterator[Extent]:
    """The unwind data of the function that an offset lies in."""
    row: Union[Row, Absent, None] = region.rows.at(rva)
    for _ in range(MOST_CHAINED):
        if not isinstance(row, Row):
            return
        place = region.base + row.unwind
        if arm64:
            if not row.unwind & 3:
                yield place, place + ARM64_RECORD
            return
        if row.unwind & 1:
            yield region.base + (row.unwind & ~1), region.base + (row.unwind & ~1) + 12
        try:
            info = read_unwind_info(region.read, row)
        except BadUnwind:
            yield place, place + 4
            return
        yield place, place + 4 + 2 * (info.slots + 1 & ~1) + 16
        row = info.chained


def captured(dump: Minidump, wanted: Ranges) -> Iterator[Tuple[int, int, int]]:
    """The captured parts of ranges: first address, address after, file offset; sorted, without overlaps."""
    if not wanted.starts:
        return
    last = wanted.ends[-1]
    for low, high, offset in dump.memory.spans():
        if low >= last:
            return
        for start, end in wanted.within(low, high):
            yield start, end, offset + start - low

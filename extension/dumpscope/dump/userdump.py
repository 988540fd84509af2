"""Full user dumps of the format before minidumps (USERDUMP, USERDU64), and the same as a minidump, so that every command reads them.

The bytes of registers and memory stay where they are in the file. Header, directory and lists of the minidump are made up: they stand
beyond the end of the file, and the first 32 bytes are another header's.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import cached_property
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..errors import DumpError
from ..format.counted import counted
from ..format.header import MINIDUMP_HEADER, MINIDUMP_SIGNATURE, MINIDUMP_VERSION
from ..format.layout import Structure
from ..format.userdump import (
    CRASH_MODULE32,
    CRASH_MODULE64,
    CRASH_THREAD32,
    CRASH_THREAD64,
    EXCEPTION_DEBUG_EVENT,
    EXCEPTION_DEBUG_EVENT32,
    EXCEPTION_DEBUG_EVENT64,
    MEMORY_BASIC_INFORMATION32,
    MEMORY_BASIC_INFORMATION64,
    PAGE_GUARD,
    SIGNATURE32,
    SIGNATURE64,
    USERMODE_CRASHDUMP_HEADER32,
    USERMODE_CRASHDUMP_HEADER64,
)
from .source import Source
from .virtual import Virtual

PROCESSORS = {0x14C: (0, 0x2CC), 0x8664: (9, 0x4D0), 0x1C4: (5, 0x1A0), 0xAA64: (12, 0x390)}
"""ProcessorArchitecture and size of a CONTEXT for each MachineImageType whose registers are read."""
OFFSETS = ("ThreadOffset", "ModuleOffset", "DataOffset", "MemoryRegionOffset", "DebugEventOffset", "ThreadStateOffset")
"""Fields of the header that must not be zero (observed: dbgeng 10.0.15063)."""
COUNTS = ("ThreadCount", "ModuleCount", "MemoryRegionCount")
LONGEST_NAME = 1024
"""Characters of a module's name that are read."""
FLAGS = 0x802
"""MiniDumpWithFullMemory and MiniDumpWithFullMemoryInfo: what the file has."""
FAR = 0xFFFF0000
"""An RVA has 32 bits: a file that is larger has no room for the lists after it."""
_AGAIN = "fetch the file again, and compare its size with the original"


def is_user_dump(head: bytes) -> bool:
    """Whether a file's first eight bytes are those of such a dump."""
    return head[:8] in (SIGNATURE32, SIGNATURE64)


class OldModule(NamedTuple):
    """A module of the file's list."""

    base: int
    size: int
    name: str
    offset: int


class OldRegion(NamedTuple):
    """A region: its record, where that stands, and where its bytes do; None where it has none (guard pages, beyond the end of the file)."""

    base: int
    size: int
    record: Dict[str, int]
    offset: int
    place: Optional[int]


class OldThread(NamedTuple):
    """A thread: its record, where that stands, and where its registers do."""

    record: Dict[str, int]
    offset: int
    context: int


class Layouts(NamedTuple):
    """The structures of the records of a file: those with addresses of 64 bits or of 32."""

    thread: Structure
    module: Structure
    region: Structure
    event: Structure


_WIDE = Layouts(CRASH_THREAD64, CRASH_MODULE64, MEMORY_BASIC_INFORMATION64, EXCEPTION_DEBUG_EVENT64)
_NARROW = Layouts(CRASH_THREAD32, CRASH_MODULE32, MEMORY_BASIC_INFORMATION32, EXCEPTION_DEBUG_EVENT32)


class UserDump:
    """One file. Raises DumpError where there is nothing to read: a count or an offset is zero, or the tables are not in the file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.wide = source.some(0, 8) == SIGNATURE64
        layout = self.header_layout
        head = source.some(0, layout.size)
        if len(head) < layout.size:
            held = {"offset": 0, "needed": layout.size, "available": len(head)}
            raise DumpError(
                f"{source.name!r} is cut inside the header of a user dump in the old format ({self.signature}): 0x{layout.size:x} bytes are needed, "
                f"and the file holds 0x{len(head):x} of them",
                _AGAIN,
                **held,
            )
        self.header: Dict[str, int] = layout.unpack(head)
        self.damage: List[str] = []
        self.memory_cut = 0
        """Bytes of memory that lie beyond the end of the file; known once ``regions`` were read."""
        for name in COUNTS:
            if not self.header[name]:
                raise self._refusal(f"{name} is zero: the writer was ended before it wrote the header", layout.offset_of(name))
        for name in OFFSETS:
            if not self.header[name]:
                raise self._refusal(f"{name} is zero: the writer was ended before it wrote the header", layout.offset_of(name))
        machine = self.header["MachineImageType"]
        if machine not in PROCESSORS:
            raise self._refusal(f"MachineImageType is 0x{machine:x}, whose registers are not read", layout.offset_of("MachineImageType"))
        if source.size > FAR:
            raise DumpError(f"{source.name!r} is a user dump of {source.size} bytes, and more than 4 GiB of one are not read", "open it in WinDbg")
        self.architecture, self.context_size = PROCESSORS[machine]

    def _refusal(self, why: str, offset: int) -> DumpError:
        return DumpError(f"{self.source.name!r} is a user dump in the old format, and {why}", _AGAIN, offset=offset)

    def _layout(self, wide: Structure, narrow: Structure) -> Structure:
        return wide if self.wide else narrow

    @property
    def header_layout(self) -> Structure:
        """The header's structure."""
        return self._layout(USERMODE_CRASHDUMP_HEADER64, USERMODE_CRASHDUMP_HEADER32)

    @property
    def word(self) -> int:
        """Bytes of an address in the file's records."""
        return 8 if self.wide else 4

    @property
    def layouts(self) -> Layouts:
        """The structures of the file's records."""
        return _WIDE if self.wide else _NARROW

    @property
    def signature(self) -> str:
        """USERDU64 or USERDUMP."""
        return "USERDU64" if self.wide else "USERDUMP"

    @property
    def version(self) -> str:
        """Version of Windows: major, minor, build."""
        minor = self.header["MinorVersion"]
        return f"{self.header['MajorVersion']}.{minor & 0xFFFF}.{minor >> 16}"

    def _rows(self, place: int, count: int, size: int, what: str) -> int:
        """How many rows of a table are in the file; says so when they are fewer."""
        held = max(0, self.source.size - place) // size if place < self.source.size else 0
        if held < count:
            self.damage.append(f"{what}: {count} at 0x{place:x}, and the file holds {held} of them")
        return min(held, count)

    @cached_property
    def threads(self) -> List[OldThread]:
        """The threads whose record and registers are in the file."""
        layout = self._layout(CRASH_THREAD64, CRASH_THREAD32)
        states, contexts = self.header["ThreadStateOffset"], self.header["ThreadOffset"]
        count = self._rows(states, self.header["ThreadCount"], layout.size, "threads")
        count = min(count, self._rows(contexts, self.header["ThreadCount"], self.context_size, "registers of threads"))
        data = self.source.some(states, count * layout.size)
        return [
            OldThread(layout.unpack(data, number * layout.size), states + number * layout.size, contexts + number * self.context_size)
            for number in range(count)
        ]

    @cached_property
    def modules(self) -> List[OldModule]:
        """The modules of the file's list, in its order."""
        layout = self._layout(CRASH_MODULE64, CRASH_MODULE32)
        place = self.header["ModuleOffset"]
        found: List[OldModule] = []
        for _ in range(self.header["ModuleCount"]):
            head = self.source.some(place, layout.size)
            length = layout.unpack(head)["ImageNameLength"] if len(head) == layout.size else 0
            if len(head) < layout.size or self.source.available(place + layout.size, length) < length:
                self.damage.append(f"modules: {self.header['ModuleCount']}, and the file holds {len(found)} of them")
                break
            row = layout.unpack(head)
            name = self.source.some(place + layout.size, min(length, LONGEST_NAME)).split(b"\0")[0].decode("cp1252", "replace")
            found.append(OldModule(row["BaseOfImage"], row["SizeOfImage"], name, place))
            place += layout.size + length
        return found

    @cached_property
    def regions(self) -> List[OldRegion]:
        """The regions, in the file's order, which is that of their bytes."""
        layout = self._layout(MEMORY_BASIC_INFORMATION64, MEMORY_BASIC_INFORMATION32)
        table = self.header["MemoryRegionOffset"]
        count = self._rows(table, self.header["MemoryRegionCount"], layout.size, "regions")
        data = self.source.some(table, count * layout.size)
        place = self.header["DataOffset"]
        found = []
        for number in range(count):
            row = layout.unpack(data, number * layout.size)
            size = row["RegionSize"]
            held = not row["Protect"] & PAGE_GUARD
            found.append(OldRegion(row["BaseAddress"], size, row, table + number * layout.size, place if held and place < self.source.size else None))
            place += size if held else 0
        if place > self.source.size:
            self.memory_cut = place - self.source.size
            self.damage.append(f"memory: 0x{place - self.source.size:x} bytes of it are beyond the end of the file")
        return found

    @cached_property
    def event(self) -> Optional[Dict[str, Any]]:
        """The event that the debugger stopped for; None when it is no exception, or not in the file."""
        layout = self._layout(EXCEPTION_DEBUG_EVENT64, EXCEPTION_DEBUG_EVENT32)
        data = self.source.some(self.header["DebugEventOffset"], layout.size)
        row = layout.unpack(data.ljust(layout.size, b"\0"))
        if len(data) < 12:
            self.damage.append(f"the debug event at 0x{self.header['DebugEventOffset']:x} is not in the file")
        return row if row["dwDebugEventCode"] == EXCEPTION_DEBUG_EVENT and len(data) == layout.size else None

    @cached_property
    def process_id(self) -> int:
        """The process's id, from the event; 0 when the event is not in the file."""
        data = self.source.some(self.header["DebugEventOffset"], 8)
        return int(struct.unpack("<I", data[4:])[0]) if len(data) == 8 else 0

    @cached_property
    def _by_address(self) -> List[OldRegion]:
        return sorted((region for region in self.regions if region.place is not None), key=lambda region: region.base)

    @cached_property
    def _bases(self) -> List[int]:
        return [region.base for region in self._by_address]

    def memory(self, address: int, size: int) -> bytes:
        """Bytes of one region; fewer, or none, where the file has not so many."""
        index = bisect_right(self._bases, address) - 1
        if index < 0:
            return b""
        region = self._by_address[index]
        inside = address - region.base
        assert region.place is not None
        return self.source.some(region.place + inside, min(size, region.size - inside)) if inside < region.size else b""

    @property
    def teb(self) -> int:
        """The address of the first thread's TEB that is told; 0 where none is."""
        return next((thread.record["Teb"] for thread in self.threads if thread.record["Teb"]), 0)

    @property
    def peb(self) -> int:
        """The address of the PEB, which the TEB in memory leads to; 0 where that is not captured."""
        teb = self.teb
        return self._pointer(teb + (0x60 if self.wide else 0x30), 8 if self.wide else 4) if teb else 0

    @property
    def loader(self) -> int:
        """The address of the loader's data, found by way of a TEB and the PEB in memory; 0 when the way ends before."""
        size = 8 if self.wide else 4
        peb = self.peb
        found = self._pointer(peb + 3 * size, size) if peb else 0
        return found if found and self.memory(found, size) else 0

    def _pointer(self, address: int, size: int) -> int:
        data = self.memory(address, size)
        return int.from_bytes(data, "little") if len(data) == size else 0

    def image_facts(self, base: int) -> Dict[str, int]:
        """TimeDateStamp and CheckSum of an image, from its headers in memory; zeros where they are not there."""
        facts = {"TimeDateStamp": 0, "CheckSum": 0}
        head = self.memory(base, 0x1000)
        if head[:2] == b"MZ" and len(head) >= 0x40:
            place = int(struct.unpack_from("<I", head, 0x3C)[0])
            if head[place : place + 4] == b"PE\0\0" and place + 0x5C <= len(head):
                facts["TimeDateStamp"] = struct.unpack_from("<I", head, place + 8)[0]
                facts["CheckSum"] = struct.unpack_from("<I", head, place + 0x58)[0]
        return facts

    def reasons(self) -> Dict[int, str]:
        """Why a list has nothing to show although the header counts some, by the type of the minidump's stream."""
        head = self.header
        cut = "the file is cut before"
        found = {}
        if not self.threads:
            states, registers = head["ThreadStateOffset"], head["ThreadOffset"]
            found[3] = f"the header counts {counted(head['ThreadCount'], 'thread')}, and {cut} their records (0x{states:x}) or registers (0x{registers:x})"
        if not self.modules:
            found[4] = f"the header counts {counted(head['ModuleCount'], 'module')}, and {cut} their records (0x{head['ModuleOffset']:x})"
        if not self.regions:
            found[16] = f"the header counts {counted(head['MemoryRegionCount'], 'region')}, and {cut} their records (0x{head['MemoryRegionOffset']:x})"
        if not any(region.place is not None for region in self.regions):
            found[9] = found.get(16) or f"{cut} the bytes of the regions (0x{head['DataOffset']:x})"
            if head["DataOffset"] < self.source.size and 16 not in found:
                found[9] = "all regions are guard pages, which have no bytes in the file"
        return found

    def as_minidump(self) -> Source:
        """The same as a minidump with full memory. See the module's words about what is made up."""
        return _View(self)


class _Tail:
    """What stands beyond the end of the file: streams, and what they point to."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.data = bytearray()
        self.streams: List[bytes] = []
        self.origins: List[Tuple[int, int, int]] = []
        """Of what is made up: RVA, size, and where in the file the record stands that it was made of."""

    def add(self, data: bytes) -> int:
        """Append, and say at which RVA."""
        self.data += bytes(-len(self.data) % 8)
        place = self.start + len(self.data)
        self.data += data
        return place

    def stream(self, kind: int, data: bytes, origins: Iterable[Tuple[int, int, int]] = ()) -> None:
        """Append a stream; ``origins`` are offsets in it, sizes, and places in the file."""
        place = self.add(data)
        self.streams.append(struct.pack("<III", kind, len(data), place))
        self.origins += [(place + at, size, origin) for at, size, origin in origins]

    def text(self, words: str, origin: Optional[int] = None) -> int:
        """Append a MINIDUMP_STRING; ``origin`` is where its characters stand in the file."""
        raw = words.encode("utf-16-le", "replace")
        place = self.add(struct.pack("<I", len(raw)) + raw + b"\0\0")
        if origin is not None:
            self.origins += [(place, 0, origin), (place + 4, 0, origin)]
        return place


class _View(Virtual):
    """The file with another header, and the lists of a minidump after it."""

    def __init__(self, dump: UserDump) -> None:
        # The RVAs are those of the file: only what a minidump has and the file has not is made up.
        tail = _Tail(dump.source.size + (-dump.source.size & 15))
        _fill(tail, dump)
        directory = tail.add(b"".join(tail.streams))
        self.tail = bytes(tail.data)
        self.origins = sorted(tail.origins)
        self._starts = [at for at, _, _ in self.origins]
        self.start = tail.start
        values = (MINIDUMP_SIGNATURE, MINIDUMP_VERSION, len(tail.streams), directory, 0, 0, FLAGS)
        self.head = struct.pack("<IIIIIIQ", *values)
        super().__init__(dump.source, self.start + len(self.tail), dump.source.name)
        self.inside = dump.source.inside
        self.made_of = f"a user dump of the old format ({dump.signature})"
        self.reasons = dump.reasons()

    def made(self, offset: int, size: int) -> bytes:
        """As :meth:`Virtual.made`."""
        end = offset + size
        parts = [self.head[offset:end]] if offset < MINIDUMP_HEADER.size else []
        low, high = max(offset, MINIDUMP_HEADER.size), min(end, self.whole.size)
        if low < high:
            parts.append(self.whole.fetch(low, high - low))
        low, high = max(offset, self.whole.size), min(end, self.start)
        if low < high:
            parts.append(bytes(high - low))
        if end > self.start:
            parts.append(self.tail[max(0, offset - self.start) : end - self.start])
        return b"".join(parts)

    def in_file(self, offset: int) -> Optional[int]:
        """As :meth:`Source.in_file`: the field of the old format that a made-up one was made of, else the record that has it."""
        if MINIDUMP_HEADER.size <= offset < self.whole.size:
            return offset
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self.start + len(self.tail) or offset < MINIDUMP_HEADER.size:
            return None
        at, size, origin = self.origins[index]
        return origin + offset - at if offset - at < size else origin

    def reach(self, size: int) -> int:
        """As :meth:`Virtual.reach`."""
        return self.size if size >= self.whole.size else size


def _fill(tail: _Tail, dump: UserDump) -> None:
    minor = dump.header["MinorVersion"]
    system = struct.pack("<HHHBBIIIII", dump.architecture, 0, 0, 0, 0, dump.header["MajorVersion"], minor & 0xFFFF, minor >> 16, 2, tail.text(""))
    in_header = dump.header_layout.offset_of
    version = in_header("MinorVersion")
    tail.stream(7, system.ljust(56, b"\0"), [(0, 2, in_header("MachineImageType")), (8, 4, in_header("MajorVersion")), (12, 2, version), (16, 2, version + 2)])
    rows = b""
    context = {}
    origins = [(0, 4, in_header("ThreadCount"))]
    thread_at = dump.layouts.thread.offset_of
    for thread in dump.threads:
        row = thread.record
        context[row["ThreadId"]] = thread.context
        head = (row["ThreadId"], row["SuspendCount"], row["PriorityClass"], row["Priority"], row["Teb"], 0, 0, 0, dump.context_size, thread.context)
        at = 4 + len(rows)
        origins += [
            (at + 4 * number, 4, thread.offset + thread_at(name)) for number, name in enumerate(("ThreadId", "SuspendCount", "PriorityClass", "Priority"))
        ]
        origins += [(at + 16, dump.word, thread.offset + thread_at("Teb")), (at + 24, 0, thread.offset), (at + 40, 0, in_header("ThreadOffset"))]
        rows += struct.pack("<IIIIQQIIII", *head)
    tail.stream(3, struct.pack("<I", len(dump.threads)) + rows, origins)
    rows = b""
    origins = [(0, 4, in_header("ModuleCount"))]
    module = dump.layouts.module
    for item in dump.modules:
        facts = dump.image_facts(item.base)
        name = item.offset + module.size
        at = 4 + len(rows)
        origins += [(at, dump.word, item.offset), (at + 8, 4, item.offset + module.offset_of("SizeOfImage")), (at + 12, 0, item.offset), (at + 20, 0, name)]
        rows += struct.pack("<QIIII", item.base, item.size, facts["CheckSum"], facts["TimeDateStamp"], tail.text(item.name, name)).ljust(108, b"\0")
    tail.stream(4, struct.pack("<I", len(dump.modules)) + rows, origins)
    event = dump.event
    if event is not None:
        record = [event[name] for name in ("ExceptionCode", "ExceptionFlags", "ExceptionRecord", "ExceptionAddress", "NumberParameters")]
        where = context.get(event["dwThreadId"], 0)
        data = struct.pack("<IIIIQQII15Q", event["dwThreadId"], 0, *record, 0, *event["ExceptionInformation"])
        begin, event_at = dump.header["DebugEventOffset"], dump.layouts.event.offset_of
        fields = ((0, "dwThreadId"), (8, "ExceptionCode"), (12, "ExceptionFlags"), (16, "ExceptionRecord"), (24, "ExceptionAddress"), (32, "NumberParameters"))
        origins = [(at, 4 if at < 16 or at == 32 else dump.word, begin + event_at(name)) for at, name in fields]
        origins += [(40 + 8 * number, dump.word, begin + event_at("ExceptionInformation") + dump.word * number) for number in range(15)]
        tail.stream(6, data + struct.pack("<II", dump.context_size if where else 0, where), [*origins, (160, 0, in_header("ThreadOffset"))])
    if dump.process_id:
        process = dump.header["DebugEventOffset"] + dump.layouts.event.offset_of("dwProcessId")
        tail.stream(15, struct.pack("<III", 24, 1, dump.process_id).ljust(24, b"\0"), [(0, 0, process), (8, 4, process)])
    regions = b"".join(
        struct.pack(
            "<QQIIQIIII",
            region.base,
            region.record["AllocationBase"],
            region.record["AllocationProtect"],
            0,
            region.size,
            region.record["State"],
            region.record["Protect"],
            region.record["Type"],
            0,
        )
        for region in sorted(dump.regions, key=lambda region: region.base)
    )
    in_order = sorted(dump.regions, key=lambda region: region.base)
    origins = [(0, 0, in_header("MemoryRegionCount")), (8, 4, in_header("MemoryRegionCount"))]
    region_at = dump.layouts.region.offset_of
    for number, region in enumerate(in_order):
        at = 16 + 48 * number
        origins += [(at, dump.word, region.offset), (at + 8, 0, region.offset), (at + 24, dump.word, region.offset + region_at("RegionSize"))]
        origins += [(at + 32 + 4 * index, 4, region.offset + region_at(name)) for index, name in enumerate(("State", "Protect", "Type"))]
    tail.stream(16, struct.pack("<IIQ", 16, 48, len(dump.regions)) + regions, origins)
    held = [region for region in dump.regions if region.place is not None]
    # Where the file is cut, what stands beyond its end is made up, and no memory: the last range ends with the file.
    ranges = b"".join(struct.pack("<QQ", region.base, min(region.size, dump.source.size - (region.place or 0))) for region in held)
    origins = [(0, 4, in_header("MemoryRegionCount")), (8, dump.word, in_header("DataOffset"))]
    for number, region in enumerate(held):
        origins += [(16 + 16 * number, dump.word, region.offset), (24 + 16 * number, dump.word, region.offset + region_at("RegionSize"))]
    tail.stream(9, struct.pack("<QQ", len(held), dump.header["DataOffset"]) + ranges, origins)

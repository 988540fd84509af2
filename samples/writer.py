"""A minidump writer that shares nothing with the reader it is used to check.

Everything is appended in the order of the calls; a stream's strings, contexts and memory come before the stream
itself. Only the memory list, the directory and the header are filled in by build().
"""

import ctypes
import struct
from copy import deepcopy
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from .blocks import ObjectInfo, fixed_file_info, system_memory_info, vm_counters
from .foreign_streams import ForeignStreams

Text = Union[str, bytes, None]

TIMESTAMP = 1709294400  # 2024-03-01 12:00:00 UTC
FILETIME = (TIMESTAMP + 11644473600) * 10_000_000
ARCHITECTURES = {"x86": 0, "arm": 5, "ia64": 6, "amd64": 9, "arm64": 12, "breakpad-arm64": 0x8003}
CONTEXT_SIZES = {"x86": 716, "amd64": 1232, "arm": 416, "arm64": 912}


def _numbers(kind: type, *names: str) -> List[Tuple[str, type]]:
    return [(name, kind) for name in names]


class SystemTime(ctypes.LittleEndianStructure):
    """SYSTEMTIME; in a time zone wDay is the how manieth such day of the month, 5 the last."""

    _fields_ = _numbers(ctypes.c_uint16, "wYear", "wMonth", "wDayOfWeek", "wDay", "wHour", "wMinute", "wSecond", "wMilliseconds")


class TimeZone(ctypes.LittleEndianStructure):
    """TIME_ZONE_INFORMATION; the names are UTF-16."""

    _fields_ = [
        ("Bias", ctypes.c_int32),
        ("StandardName", ctypes.c_uint16 * 32),
        ("StandardDate", SystemTime),
        ("StandardBias", ctypes.c_int32),
        ("DaylightName", ctypes.c_uint16 * 32),
        ("DaylightDate", SystemTime),
        ("DaylightBias", ctypes.c_int32),
    ]


class MiscInfo(ctypes.LittleEndianStructure):
    """MINIDUMP_MISC_INFO_3: what the later versions begin with."""

    _fields_ = [
        *_numbers(ctypes.c_uint32, "SizeOfInfo", "Flags1", "ProcessId", "ProcessCreateTime", "ProcessUserTime", "ProcessKernelTime"),
        *_numbers(ctypes.c_uint32, "ProcessorMaxMhz", "ProcessorCurrentMhz", "ProcessorMhzLimit", "ProcessorMaxIdleState", "ProcessorCurrentIdleState"),
        *_numbers(ctypes.c_uint32, "ProcessIntegrityLevel", "ProcessExecuteFlags", "ProtectedProcess", "TimeZoneId"),
        ("TimeZone", TimeZone),
    ]


class Thread(NamedTuple):
    """A row of the thread list; `stack` is stored as a memory range, `location` overrides where the context is."""

    tid: int
    teb: int = 0
    context: bytes = b""
    stack_address: int = 0
    stack: bytes = b""
    suspend: int = 0
    priority_class: int = 0x20
    priority: int = 0
    location: Optional[Tuple[int, int]] = None
    backing_store: Tuple[int, int, int] = (0, 0, 0)


class ThreadInfo(NamedTuple):
    """A row of the thread info list; times in 100 ns units."""

    tid: int
    flags: int = 0
    error: int = 0
    exit_status: int = 0x103
    created: int = FILETIME - 600_000_000
    exited: int = 0
    kernel: int = 156_250
    user: int = 312_500
    start: int = 0
    affinity: int = 0xFF


class Module(NamedTuple):
    """A row of the module list; `reserved0` holds the image's DllCharacteristics in newer dumps."""

    base: int
    size: int
    name: Text
    timestamp: int = 0x5F3C1A2B
    checksum: int = 0
    cv: bytes = b""
    misc: bytes = b""
    version: bytes = fixed_file_info()
    reserved0: int = 0x4160
    name_rva: Optional[int] = None


class UnloadedModule(NamedTuple):
    """A row of the unloaded module list."""

    base: int
    size: int
    name: Text
    timestamp: int = 0x5F3C1A2B
    checksum: int = 0


class Handle(NamedTuple):
    """A row of the handle list; `info` holds (type, payload) blocks, the first one is what the row points to."""

    value: int
    type: Text = None
    name: Text = None
    access: int = 0
    attributes: int = 0
    handles: int = 2
    pointers: int = 65537
    info: Sequence[ObjectInfo] = ()
    type_rva: Optional[int] = None
    name_rva: Optional[int] = None
    info_rva: Optional[int] = None


class Operation(NamedTuple):
    """A row of Application Verifier's handle trace: 1 open, 2 close, 3 bad reference."""

    handle: int
    pid: int
    tid: int
    kind: int
    stack: Sequence[int] = ()


class Region(NamedTuple):
    """A row of the memory info list."""

    base: int
    size: int
    state: int = 0x1000
    protect: int = 4
    type: int = 0x20000
    allocation_base: Optional[int] = None
    allocation_protect: Optional[int] = None


class FunctionTable(NamedTuple):
    """A dynamic function table: entries are raw RUNTIME_FUNCTION bytes."""

    minimum: int
    maximum: int
    base: int
    entries: Sequence[bytes] = ()
    native: bytes = b"\xee" * 112
    pad: int = 4


class DumpBuilder(ForeignStreams):
    """Builds one dump. `slots` directory entries are reserved behind the header; the unused ones stay zero, as
    Microsoft's writer leaves them. With slots=None the directory goes to the end and has no unused entry."""

    def __init__(
        self,
        arch: str = "amd64",
        flags: int = 0,
        version_high: int = 0xA061,
        timestamp: int = TIMESTAMP,
        checksum: int = 0,
        slots: Optional[int] = 16,
        shared_strings: bool = False,
    ) -> None:
        self.arch = arch
        self.bits = 64 if "64" in arch else 32
        self.flags = flags
        self.version_high = version_high
        self.timestamp = timestamp
        self.checksum = checksum
        self.slots = slots
        self.shared_strings = shared_strings
        self.body = bytearray(32 + 12 * (slots or 0))
        self.entries: List[List[int]] = []
        self.ranges: List[Tuple[int, int, int]] = []
        self.full_ranges: List[Tuple[int, bytes]] = []
        self._pool: Dict[bytes, int] = {}
        self._memory_list: Optional[Tuple[int, bool]] = None
        self._memory64_entry: Optional[int] = None

    # --- placing bytes ---------------------------------------------------------------------------------------------

    def tell(self) -> int:
        """File offset of the next byte."""
        return len(self.body)

    def append(self, data: bytes, align: int = 1) -> int:
        """Put bytes at the end; returns their file offset."""
        self.body += b"\0" * (-len(self.body) % align)
        rva = len(self.body)
        self.body += data
        return rva

    def pad_to(self, rva: int) -> None:
        """Fill with zeros up to a file offset."""
        if rva < len(self.body):
            raise ValueError(f"already at 0x{len(self.body):X}, past 0x{rva:X}")
        self.body += b"\0" * (rva - len(self.body))

    def _pooled(self, data: bytes) -> int:
        if not self.shared_strings:
            return self.append(data)
        if data not in self._pool:
            self._pool[data] = self.append(data)
        return self._pool[data]

    def string(self, text: Text) -> int:
        """A MINIDUMP_STRING (str, or raw UTF-16 bytes); None gives RVA 0."""
        if text is None:
            return 0
        data = text.encode("utf-16-le", "surrogatepass") if isinstance(text, str) else text
        return self._pooled(struct.pack("<I", len(data)) + data + b"\0\0")

    def utf8(self, text: str) -> int:
        """A string as Crashpad stores it: length, UTF-8, NUL."""
        data = text.encode("utf-8")
        return self._pooled(struct.pack("<I", len(data)) + data + b"\0")

    def add_entry(self, stream_type: int, size: int, rva: int) -> int:
        """A directory entry; returns its index."""
        if self.slots is not None and len(self.entries) >= self.slots:
            raise ValueError(f"more than {self.slots} streams")
        self.entries.append([stream_type, size, rva])
        return len(self.entries) - 1

    def add_stream(self, stream_type: int, data: bytes) -> int:
        """A stream of any type with these bytes; returns its directory index."""
        return self.add_entry(stream_type, len(data), self.append(data))

    # --- memory ----------------------------------------------------------------------------------------------------

    def add_memory(self, address: int, data: bytes) -> int:
        """A range for the memory list; returns the offset of its bytes."""
        rva = self.append(data)
        self.ranges.append((address, len(data), rva))
        return rva

    def add_memory_list(self, padded: bool = False) -> int:
        """Memory list (5) with all ranges, also those added later; padded = 4 bytes between count and rows."""
        index = self.add_entry(5, 0, 0)
        self._memory_list = (index, padded)
        return index

    def add_full_memory(self, address: int, data: bytes) -> None:
        """A range for the full memory list."""
        self.full_ranges.append((address, data))

    def add_memory64_list(self) -> int:
        """Memory64 list (9): its ranges' bytes become the last thing in the file."""
        self._memory64_entry = self.add_entry(9, 0, 0)
        return self._memory64_entry

    def _finish_memory(self) -> None:
        if self._memory_list is not None:
            index, padded = self._memory_list
            rows = b"".join(struct.pack("<QII", *row) for row in self.ranges)
            data = struct.pack("<I", len(self.ranges)) + (b"\0" * 4 if padded else b"") + rows
            self.entries[index][1:] = [len(data), self.append(data)]
        if self._memory64_entry is not None:
            self.full_ranges.sort()
            size = 16 * (len(self.full_ranges) + 1)
            data = struct.pack("<QQ", len(self.full_ranges), len(self.body) + size)
            data += b"".join(struct.pack("<QQ", address, len(content)) for address, content in self.full_ranges)
            self.entries[self._memory64_entry][1:] = [size, self.append(data)]
            self.body += b"".join(content for _, content in self.full_ranges)

    # --- the process and its threads ---------------------------------------------------------------------------------

    def add_system_info(
        self,
        major: int = 10,
        minor: int = 0,
        build: int = 19045,
        csd: Text = "",
        level: int = 6,
        revision: int = 0x8E0C,
        processors: int = 8,
        product: int = 1,
        platform: int = 2,
        suite: int = 0x100,
        cpu: Optional[bytes] = None,
        architecture: Optional[int] = None,
    ) -> int:
        """System information (7)."""
        if cpu is None:
            cpu = b"GenuineIntel" + struct.pack("<III", 0x806EC, 0xBFEBFBFF, 0) if self.arch == "x86" else struct.pack("<QQ8x", 0x100005F310F2774C, 0)
        number = ARCHITECTURES[self.arch] if architecture is None else architecture
        csd_rva = self.string(csd)
        return self.add_stream(
            7, struct.pack("<HHHBBIIIIIHH24s", number, level, revision, processors, product, major, minor, build, platform, csd_rva, suite, 0, cpu)
        )

    def add_misc_info(
        self,
        version: int = 5,
        pid: int = 0x1A2C,
        created: int = TIMESTAMP - 3600,
        user: int = 12,
        kernel: int = 3,
        flags: Optional[int] = None,
        integrity: int = 0x2000,
        execute: int = 0x4D,
        protected: int = 0,
        build: str = "19041.1.amd64fre.vb_release.191206-1406",
        writer: str = "dbgcore.amd64,10.0.19041.3636",
        xstate: Optional[Dict[int, Tuple[int, int]]] = None,
        context_size: int = 0,
        cookie: int = 0x5EC0DE17,
        size: Optional[int] = None,
    ) -> int:
        """Misc information (15), version 1 to 5; members that version lacks are cut off."""
        length = {1: 24, 2: 44, 3: 232, 4: 832, 5: 1364}[version]
        if flags is None:
            flags = {1: 0x3, 2: 0x7, 3: 0xF7, 4: 0x1F7, 5: 0x3F7}[version]
        out = bytearray(1364)
        head = MiscInfo(length if size is None else size, flags, pid, created, user, kernel, 2808, 1992, 2808, 3, 1, integrity, execute, protected, 1)
        head.TimeZone = TimeZone(
            Bias=-60,
            StandardName=tuple(map(ord, "W. Europe Standard Time")),
            StandardDate=SystemTime(wMonth=10, wDay=5, wHour=3),
            DaylightName=tuple(map(ord, "W. Europe Daylight Time")),
            DaylightDate=SystemTime(wMonth=3, wDay=5, wHour=2),
            DaylightBias=-60,
        )
        out[: ctypes.sizeof(head)] = bytes(head)
        out[232 : 232 + 2 * len(build)] = build.encode("utf-16-le")
        out[752 : 752 + 2 * len(writer)] = writer.encode("utf-16-le")
        if xstate:
            enabled = sum(1 << feature for feature in xstate)
            struct.pack_into("<IIQ", out, 832, 0x210, context_size, enabled)
            for feature, place in xstate.items():
                struct.pack_into("<II", out, 848 + 8 * feature, *place)
        struct.pack_into("<I", out, 1360, cookie)
        return self.add_stream(15, bytes(out[:length]))

    def add_thread_list(self, threads: Iterable[Thread], padded: bool = False, extended: bool = False, in_full_memory: bool = False) -> int:
        """Thread list (3), or the extended one (8). With in_full_memory the stacks get RVA 0, as in full dumps."""
        rows = []
        for thread in threads:
            stack_rva = 0
            if thread.stack and not in_full_memory:
                stack_rva = self.add_memory(thread.stack_address, thread.stack)
            where = thread.location
            if where is None:
                where = (len(thread.context), self.append(thread.context, 4) if thread.context else 0)
            row = struct.pack(
                "<IIIiQQIIII",
                thread.tid,
                thread.suspend & 0xFFFFFFFF,
                thread.priority_class,
                thread.priority,
                thread.teb,
                thread.stack_address,
                len(thread.stack),
                stack_rva,
                *where,
            )
            if extended:
                row += struct.pack("<QII", *thread.backing_store)
            rows.append(row)
        data = struct.pack("<I", len(rows)) + (b"\0" * 4 if padded else b"") + b"".join(rows)
        return self.add_stream(8 if extended else 3, data)

    def add_thread_info(self, rows: Iterable[ThreadInfo], header_size: int = 12, entry_size: int = 64) -> int:
        """Thread info list (17)."""
        packed = [struct.pack("<IIIIQQQQQQ", *row).ljust(entry_size, b"\0")[:entry_size] for row in rows]
        header = struct.pack("<III", header_size, entry_size, len(packed)).ljust(header_size, b"\0")
        return self.add_stream(17, header + b"".join(packed))

    def add_thread_names(self, names: Iterable[Tuple[int, Text]]) -> int:
        """Thread names (24)."""
        rows = [struct.pack("<IQ", tid, self.string(name)) for tid, name in names]
        return self.add_stream(24, struct.pack("<I", len(rows)) + b"".join(rows))

    def add_exception(
        self,
        tid: int,
        code: int,
        address: int,
        parameters: Sequence[int] = (),
        context: bytes = b"",
        flags: int = 0,
        nested: int = 0,
        location: Optional[Tuple[int, int]] = None,
        count: Optional[int] = None,
    ) -> int:
        """Exception (6)."""
        where = location or (len(context), self.append(context, 4) if context else 0)
        values = list(parameters)[:15] + [0] * (15 - len(parameters))
        return self.add_stream(
            6, struct.pack("<IIIIQQII15QII", tid, 0, code, flags, nested, address, len(parameters) if count is None else count, 0, *values, *where)
        )

    # --- modules -----------------------------------------------------------------------------------------------------

    def add_module_list(self, modules: Iterable[Module], padded: bool = False, stream_type: int = 4) -> int:
        """Module list (4)."""
        rows = []
        for module in modules:
            name = self.string(module.name) if module.name_rva is None else module.name_rva
            cv = self.append(module.cv) if module.cv else 0
            misc = self.append(module.misc) if module.misc else 0
            rows.append(
                struct.pack(
                    "<QIIII52sIIIIQQ",
                    module.base,
                    module.size,
                    module.checksum,
                    module.timestamp,
                    name,
                    module.version,
                    len(module.cv),
                    cv,
                    len(module.misc),
                    misc,
                    module.reserved0,
                    0,
                )
            )
        data = struct.pack("<I", len(rows)) + (b"\0" * 4 if padded else b"") + b"".join(rows)
        return self.add_stream(stream_type, data)

    def add_unloaded_modules(self, modules: Iterable[UnloadedModule], header_size: int = 12, entry_size: int = 24) -> int:
        """Unloaded module list (14)."""
        rows = [
            struct.pack("<QIIII", module.base, module.size, module.checksum, module.timestamp, self.string(module.name)).ljust(entry_size, b"\0")
            for module in modules
        ]
        header = struct.pack("<III", header_size, entry_size, len(rows)).ljust(header_size, b"\0")
        return self.add_stream(14, header + b"".join(rows))

    def add_function_tables(self, tables: Sequence[FunctionTable], native_size: int = 112, entry_size: int = 12, pad: int = 4) -> int:
        """Dynamic function tables (13)."""
        data = struct.pack("<IIIIII", 24, 32, native_size, entry_size, len(tables), pad) + b"\xcd" * pad
        for table in tables:
            data += struct.pack("<QQQII", table.minimum, table.maximum, table.base, len(table.entries), table.pad)
            data += table.native[:native_size].ljust(native_size, b"\0")
            data += b"".join(entry.ljust(entry_size, b"\0")[:entry_size] for entry in table.entries)
            data += b"\xcd" * table.pad
        return self.add_stream(13, data)

    # --- handles -----------------------------------------------------------------------------------------------------

    def object_information(self, blocks: Sequence[ObjectInfo]) -> int:
        """A chain of object information blocks; returns the offset of the first."""
        following = 0
        for kind, payload in reversed(blocks):
            following = self.append(struct.pack("<III", following, kind, len(payload)) + payload, 4)
        return following

    def handle_rows(self, handles: Iterable[Handle], descriptor_size: int = 40) -> List[bytes]:
        """The descriptors, with their strings and object information already placed."""
        rows = []
        for handle in handles:
            type_rva = self.string(handle.type) if handle.type_rva is None else handle.type_rva
            name_rva = self.string(handle.name) if handle.name_rva is None else handle.name_rva
            info_rva = handle.info_rva
            if info_rva is None:
                info_rva = self.object_information(handle.info) if descriptor_size >= 40 else 0
            row = struct.pack("<QIIIIIIII", handle.value, type_rva, name_rva, handle.attributes, handle.access, handle.handles, handle.pointers, info_rva, 0)
            rows.append(row.ljust(descriptor_size, b"\0")[:descriptor_size])
        return rows

    def add_handles(self, handles: Iterable[Handle], descriptor_size: int = 40, header_size: int = 16, count: Optional[int] = None) -> int:
        """Handle data (12); `count` overrides the number the header claims."""
        rows = self.handle_rows(handles, descriptor_size)
        header = struct.pack("<IIII", header_size, descriptor_size, len(rows) if count is None else count, 0)
        return self.add_stream(12, header.ljust(header_size, b"\0") + b"".join(rows))

    def add_handle_operations(self, operations: Iterable[Operation], entry_size: int = 288) -> int:
        """Handle operation list (18)."""
        rows = []
        for index, row in enumerate(operations):
            stack = list(row.stack)[:32]
            rows.append(
                struct.pack("<QIIIIII32Q", row.handle, row.pid, row.tid, row.kind, 0, len(stack), index, *(stack + [0] * (32 - len(stack)))).ljust(
                    entry_size, b"\0"
                )
            )
        return self.add_stream(18, struct.pack("<IIII", 16, entry_size, len(rows), 0) + b"".join(rows))

    # --- the rest of Microsoft's streams -------------------------------------------------------------------------------

    def add_memory_info(self, regions: Iterable[Region], header_size: int = 16, entry_size: int = 48) -> int:
        """Memory info list (16)."""
        rows = []
        for row in regions:
            protect = row.protect if row.allocation_protect is None else row.allocation_protect
            base = row.base if row.allocation_base is None else row.allocation_base
            rows.append(struct.pack("<QQIIQIIII", row.base, base, protect, 0, row.size, row.state, row.protect, row.type, 0).ljust(entry_size, b"\0"))
        header = struct.pack("<IIQ", header_size, entry_size, len(rows)).ljust(header_size, b"\0")
        return self.add_stream(16, header + b"".join(rows))

    def add_tokens(self, elements: Sequence[bytes]) -> int:
        """Token stream (19) from elements made by blocks.token_element."""
        body = b"".join(elements)
        return self.add_stream(19, struct.pack("<IIII", 16 + len(body), len(elements), 16, 72) + body)

    def add_comment_a(self, text: Union[str, bytes]) -> int:
        """ANSI comment (10)."""
        return self.add_stream(10, (text.encode("cp1252") if isinstance(text, str) else text) + b"\0")

    def add_comment_w(self, text: str) -> int:
        """Unicode comment (11)."""
        return self.add_stream(11, text.encode("utf-16-le", "surrogatepass") + b"\0\0")

    def add_system_memory_info(self, version: int = 2, commit_nearly_full: bool = False) -> int:
        """System memory counters (21)."""
        return self.add_stream(21, system_memory_info(version, commit_nearly_full))

    def add_vm_counters(self, version: int = 2, job_limit: int = 0) -> int:
        """Process memory counters (22)."""
        return self.add_stream(22, vm_counters(version, job_limit))

    def add_javascript(self, data: bytes) -> int:
        """JavaScript data (20), an opaque blob."""
        return self.add_stream(20, data)

    def add_ipt_trace(self, data: bytes) -> int:
        """Intel PT trace (23), an opaque blob."""
        return self.add_stream(23, data)

    def add_compressed_memory(self, data: bytes, stream_type: int = 25) -> int:
        """Compressed memory (25, or 0x7000 for SQL Server's): only the head of the header is known."""
        header = struct.pack("<IIQ", 192, 2, 0x21217A646D702121).ljust(192, b"\0")
        rva = self.append(header + data)
        return self.add_entry(stream_type, 192, rva)

    # --- the file ------------------------------------------------------------------------------------------------------

    def build(self) -> bytes:
        """The finished file. It is made of a copy: the builder can be added to, and build again."""
        return deepcopy(self)._finished()

    def _finished(self) -> bytes:
        self._finish_memory()
        directory_rva = 32
        count = self.slots
        if count is None:
            count = len(self.entries)
            directory_rva = self.append(b"\0" * (12 * count), 4)
        for index, entry in enumerate(self.entries):
            struct.pack_into("<III", self.body, directory_rva + 12 * index, *entry)
        struct.pack_into("<4sIIIIIQ", self.body, 0, b"MDMP", self.version_high << 16 | 0xA793, count, directory_rva, self.checksum, self.timestamp, self.flags)
        return bytes(self.body)


# --- editing finished dumps ----------------------------------------------------------------------------------------


def find_entry(data: bytes, stream_type: int) -> Tuple[int, int, int]:
    """(offset of the directory entry, stream size, stream offset) of the first stream of a type."""
    count, directory = struct.unpack_from("<II", data, 8)
    for index in range(count):
        kind, size, rva = struct.unpack_from("<III", data, directory + 12 * index)
        if kind == stream_type:
            return directory + 12 * index, size, rva
    raise KeyError(stream_type)


def patch(data: bytes, *edits: Tuple[Any, ...]) -> bytes:
    """The bytes with each edit (format, offset, values...) packed into them."""
    out = bytearray(data)
    for layout, offset, *values in edits:
        struct.pack_into(layout, out, offset, *values)
    return bytes(out)

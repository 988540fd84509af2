"""Breakpad: ``minidump_stackwalk`` and ``minidump_dump``. From google/breakpad src/processor.

Both read through one C++ stream. A read that meets the end of the file leaves it in a failed state for good, so that everything read later
fails too: what is read, and in which order, decides. A file of the other byte order is read as well.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NoReturn, Optional, Tuple

from .ranges import Ranges
from .verdict import ENTRY_SIZE, HEADER_SIZE, SIGNATURE, VERSION, Entry, File, Reader, Reason, Refused, refuse

THREADS, MODULES, MEMORY, EXCEPTION, SYSTEM_INFO = 3, 4, 5, 6, 7
UNLOADED, MISC_INFO, MEMORY_INFO, THREAD_NAMES = 14, 15, 16, 24
BREAKPAD_INFO, ASSERTION, CRASHPAD_INFO = 0x47670001, 0x47670002, 0x43500001
ONCE = (THREADS, THREAD_NAMES, MODULES, MEMORY, EXCEPTION, SYSTEM_INFO, MISC_INFO, BREAKPAD_INFO, CRASHPAD_INFO)
"""Types that may stand in the directory once."""
MOST_STREAMS, MOST_THREADS, MOST_MODULES, MOST_REGIONS = 128, 4096, 2048, 4096
MOST_TEXT, MOST_RECORD, MOST_MEMORY = 1024, 32768, 64 << 20
UNLIMITED = 0xFFFFFFFF
MISC_SIZES = (24, 44, 232, 832, 1364)
TEXTS = (0x47670006, 0x47670007, 0x47670005, 0x47670004, 0x47670003, 0x47670009)
"""Streams of text that minidump_dump prints, in its order."""
ANDROID, LINUX = 0x8203, 0x8201


class _Unread(Exception):
    """A stream could not be read: what it says, and the byte that decides."""

    def __init__(self, words: str, what: str, value: int, offset: Optional[int]) -> None:
        super().__init__(words)
        self.reason = words, what, value, offset


class Walk:
    """What the processor does to a file, read by read. ``broken`` says where the first read met the end of the file."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.at = 0
        self.broken: Optional[Tuple[str, int]] = None
        self.streams: Dict[int, Entry] = {}
        self.kept: Dict[int, object] = {}

    # -- the stream ----------------------------------------------------------------------------------------------------------

    def read(self, size: int, what: str) -> bool:
        """Read on; False where that fails."""
        if self.broken is not None:
            return False
        if not self.file.have(self.at, size) and size:
            self.broken = what, self.at
            return False
        self.at += size
        return True

    def seek(self, offset: int) -> bool:
        """Go to an offset; beyond the end of the file that works."""
        if self.broken is not None:
            return False
        self.at = offset
        return True

    # -- opening -------------------------------------------------------------------------------------------------------------

    def open(self, code: str) -> None:
        """Header and directory. Raises Refused."""
        file = self.file
        if file.size < HEADER_SIZE:
            refuse(code + "01", "the file ends within the header", "file size", file.size, None)
        if file.u32(0) != SIGNATURE:
            self.file = file = file.swapped()
            if file.u32(0) != SIGNATURE:
                refuse(code + "02", "the signature is not MDMP, in neither byte order", "Signature", file.u32(0), 0)
        version = file.u32(4) & 0xFFFF
        if version != VERSION:
            refuse(code + "03", "the low half of Version is not 0xa793", "Version", version, 4)
        count, rva = file.u32(8), file.u32(12)
        if count > MOST_STREAMS:
            refuse(code + "04", f"there are more than {MOST_STREAMS} streams", "NumberOfStreams", count, 8)
        if count and not file.have(rva, count * ENTRY_SIZE):
            refuse(code + "05", "the directory reaches beyond the end of the file", "StreamDirectoryRva", rva, 12)
        for entry in file.entries(count, rva):
            if entry.type in ONCE and entry.type in self.streams:
                first = self.streams[entry.type].position
                refuse(code + "06", f"streams {first} and {entry.position} have the same type", "StreamType", entry.type, entry.at)
            self.streams[entry.type] = entry

    # -- streams -------------------------------------------------------------------------------------------------------------

    def need(self, kind: int, reader: Callable[[Entry], object]) -> object:
        """A stream as it is read for the first time, and again where that failed. Raises _Unread."""
        if kind in self.kept:
            return self.kept[kind]
        entry = self.streams.get(kind)
        if entry is None:
            raise _Unread(f"there is no stream of type {kind}", "streams", kind, None)
        if not self.seek(entry.rva):
            self.failed()
        self.kept[kind] = reader(entry)
        return self.kept[kind]

    def get(self, kind: int, reader: Callable[[Entry], object]) -> Optional[object]:
        """The same, with None for what could not be read."""
        try:
            return self.need(kind, reader)
        except _Unread:
            return None

    def failed(self) -> NoReturn:
        """Reading failed, here or before."""
        assert self.broken is not None
        what, offset = self.broken
        raise _Unread(f"reading {what} met the end of the file, and nothing can be read after that", "end of the file", self.file.size, offset)

    def take(self, size: int, what: str) -> int:
        """Read so many bytes; their offset. Raises _Unread."""
        place = self.at
        if not self.read(size, what):
            self.failed()
        return place

    def text(self, rva: int, what: str) -> Optional[str]:
        """A MINIDUMP_STRING; None where that fails."""
        if not self.seek(rva):
            return None
        place = self.at
        if not self.read(4, what):
            return None
        length = self.file.u32(place)
        if length % 2 or length // 2 > MOST_TEXT:
            return None
        start = self.at
        if length and not self.read(length, what):
            return None
        return self.file.bytes(start, length).decode("utf-16-be" if self.file.big else "utf-16-le", "surrogatepass")

    def _list(self, entry: Entry, name: str, size: int, most: int) -> int:
        """The count of a list whose size must fit, with four bytes of padding or none; the place is then that of the first record."""
        if entry.size < 4:
            raise _Unread(f"{name} has no room for its count", "DataSize", entry.size, entry.at + 4)
        place = self.take(4, name)
        count = self.file.u32(place)
        if entry.size == 8 + count * size:
            self.take(4, name)
        elif count > UNLIMITED // size or entry.size != 4 + count * size:
            raise _Unread(f"the size of {name} does not fit its count", "DataSize", entry.size, entry.at + 4)
        if count > most:
            raise _Unread(f"{name} has more than {most} entries", "count", count, place)
        return count

    def threads(self, most: int) -> Callable[[Entry], object]:
        """ThreadListStream."""

        def reader(entry: Entry) -> object:
            count = self._list(entry, "ThreadListStream", 48, most)
            seen = set()
            rows = []
            for index in range(count):
                place = self.take(48, f"thread {index}")
                tid = self.file.u32(place)
                if tid in seen:
                    raise _Unread(f"thread {index} has the id of another", "ThreadId", tid, place)
                seen.add(tid)
                rows.append(place)
            return rows

        return reader

    def names(self, entry: Entry) -> object:
        """ThreadNamesStream."""
        if entry.size < 4:
            raise _Unread("ThreadNamesStream has no room for its count", "DataSize", entry.size, entry.at + 4)
        count = self.file.u32(self.take(4, "ThreadNamesStream"))
        if entry.size != 4 + count * 12:
            raise _Unread("the size of ThreadNamesStream does not fit its count", "DataSize", entry.size, entry.at + 4)
        places = [self.take(12, f"thread name {index}") for index in range(count)]
        for place in places:
            if self.text(self.file.u64(place + 4), "a thread name") is None:
                raise _Unread("a thread name cannot be read", "RvaOfThreadName", self.file.u64(place + 4), place + 4)
        return places

    def system(self, entry: Entry) -> object:
        """SystemInfoStream."""
        if entry.size != 56:
            raise _Unread("SystemInfoStream has not 56 bytes", "DataSize", entry.size, entry.at + 4)
        return self.take(56, "SystemInfoStream")

    def platform(self) -> int:
        """PlatformId; -1 where SystemInfoStream cannot be read."""
        place = self.get(SYSTEM_INFO, self.system)
        return self.file.u32(place + 20) if isinstance(place, int) else -1

    def misc(self, entry: Entry) -> object:
        """MiscInfoStream."""
        size = entry.size
        if size not in MISC_SIZES and size < MISC_SIZES[-1]:
            raise _Unread("MiscInfoStream has a size that it does not know", "DataSize", size, entry.at + 4)
        place = self.take(min(size, MISC_SIZES[-1]), "MiscInfoStream")
        if size > MISC_SIZES[-1]:
            self.seek(self.at + size - MISC_SIZES[-1])
        said = self.file.u32(place)
        if said != size:
            raise _Unread("SizeOfInfo is not the stream's size", "SizeOfInfo", said, place)
        return place

    def exception(self, entry: Entry) -> object:
        """ExceptionStream."""
        if entry.size != 168:
            raise _Unread("ExceptionStream has not 168 bytes", "DataSize", entry.size, entry.at + 4)
        return self.take(168, "ExceptionStream")

    def fixed(self, size: int, name: str) -> Callable[[Entry], object]:
        """A stream of one size."""

        def reader(entry: Entry) -> object:
            if entry.size != size:
                raise _Unread(f"{name} has not {size} bytes", "DataSize", entry.size, entry.at + 4)
            return self.take(size, name)

        return reader

    def modules(self, most: int) -> Callable[[Entry], object]:
        """ModuleListStream."""

        def reader(entry: Entry) -> object:
            # The list's constructor looks at the platform, which moves the place; reading goes on from there.
            lower = self.platform() in (ANDROID, LINUX)
            if not self.moved(entry, SYSTEM_INFO):
                self.failed()
            count = self._list(entry, "ModuleListStream", 108, most)
            places = []
            for index in range(count):
                place = self.take(108, f"module {index}")
                base, size = self.file.u64(place), self.file.u32(place + 8)
                if not size or size > 0xFFFFFFFFFFFFFFFF - base:
                    raise _Unread(f"module {index} covers no bytes, or more than there are addresses", "SizeOfImage", size, place + 8)
                places.append(place)
            ranges = Ranges(lower)
            known: Dict[int, Tuple[int, int, str, bytes]] = {}
            for index, place in enumerate(places):
                name, key = self.auxiliary(place, index)
                self.store(ranges, known, index, place, name, key)
            return places

        return reader

    def moved(self, entry: Entry, by: int) -> bool:
        """Go back to a stream after another one was read."""
        return self.seek(entry.rva)

    def auxiliary(self, place: int, index: int) -> Tuple[str, bytes]:
        """Name, CodeView and miscellaneous record of a module. Raises _Unread where there is no name."""
        file = self.file
        name = self.text(file.u32(place + 20), f"the name of module {index}")
        if name is None:
            if self.broken is not None:
                self.failed()
            raise _Unread(
                f"the name of module {index} has an odd length, or more than {MOST_TEXT} characters", "ModuleNameRva", file.u32(place + 20), place + 20
            )
        size, rva = file.u32(place + 76), file.u32(place + 80)
        key = b""
        if size:
            if not self.seek(rva) or size > MOST_RECORD:
                return name, key
            start = self.at
            if not self.read(size, f"the CodeView record of module {index}"):
                return name, key
            key = file.bytes(start, size)
            if not _good_codeview(key, file.big):
                return name, key
        size, rva = file.u32(place + 84), file.u32(place + 88)
        if size >= 16 and self.seek(rva) and size <= MOST_RECORD:
            self.read(size, f"the miscellaneous record of module {index}")
        return name, key

    def store(self, ranges: Ranges, known: Dict[int, Tuple[int, int, str, bytes]], index: int, place: int, name: str, key: bytes) -> None:
        """Keep the range of a module. Raises _Unread where it overlaps another in a way that is not allowed."""
        base, size = self.file.u64(place), self.file.u32(place + 8)
        if base == 0xFFFFFFFFFFFFFFFF:
            raise _Unread(f"module {index} has the base -1", "BaseOfImage", base, place)
        at = ranges.find(base)
        if at is not None and at in known and known[at] == (base, size, name, key):
            return
        known[index] = (base, size, name, key)
        if not ranges.store(base, size, index):
            raise _Unread(f"module {index} overlaps another", "BaseOfImage", base, place)

    def unloaded(self, entry: Entry) -> object:
        """UnloadedModuleListStream."""
        place = self.take(12, "UnloadedModuleListStream")
        header, size, count = self.file.u32(place), self.file.u32(place + 4), self.file.u32(place + 8)
        if (header - 12) & UNLIMITED:
            self.seek(self.at + ((header - 12) & UNLIMITED))
        if entry.size != (header + size * count) & UNLIMITED or count > MOST_MODULES:
            raise _Unread("the size of UnloadedModuleListStream does not fit its count", "DataSize", entry.size, entry.at + 4)
        places = []
        for index in range(count):
            if size < 24:
                raise _Unread("an entry of UnloadedModuleListStream has fewer than 24 bytes", "SizeOfEntry", size, place + 4)
            start = self.take(24, f"unloaded module {index}")
            self.seek(self.at + size - 24)
            if not self.file.u32(start + 8):
                raise _Unread(f"unloaded module {index} covers no bytes", "SizeOfImage", 0, start + 8)
            places.append(start)
        for index, start in enumerate(places):
            if self.text(self.file.u32(start + 20), f"the name of unloaded module {index}") is None:
                raise _Unread(f"the name of unloaded module {index} cannot be read", "ModuleNameRva", self.file.u32(start + 20), start + 20)
        return places

    def memory(self, most: int) -> Callable[[Entry], object]:
        """MemoryListStream."""

        def reader(entry: Entry) -> object:
            count = self._list(entry, "MemoryListStream", 16, most)
            place = self.take(16 * count, "MemoryListStream")
            ranges = Ranges(False)
            rows: List[Tuple[int, int]] = []
            for index, (at, (base, size, rva)) in enumerate(self.file.records(place, count, "QII")):
                if not size or size > 0xFFFFFFFFFFFFFFFF - base or not ranges.store(base, size, index):
                    raise _Unread(f"memory range {index} is empty, or overlaps another", "StartOfMemoryRange", base, at)
                rows.append((size, rva))
            return rows

        return reader

    def memory_info(self, entry: Entry) -> object:
        """MemoryInfoListStream."""
        if entry.size < 16:
            raise _Unread("MemoryInfoListStream has no room for its header", "DataSize", entry.size, entry.at + 4)
        place = self.take(16, "MemoryInfoListStream")
        header, size, count = self.file.u32(place), self.file.u32(place + 4), self.file.u64(place + 8)
        if header != 16 or size != 48:
            raise _Unread("the header of MemoryInfoListStream has not 16 bytes, or its entries not 48", "SizeOfHeader", header, place)
        if count > UNLIMITED // 48 or entry.size != 16 + count * 48:
            raise _Unread("the size of MemoryInfoListStream does not fit its count", "DataSize", entry.size, entry.at + 4)
        ranges = Ranges(False)
        for index in range(count):
            start = self.take(48, f"region {index}")
            base, length = self.file.u64(start), self.file.u64(start + 24)
            if not length or length > 0xFFFFFFFFFFFFFFFF - base or not ranges.store(base, length, index):
                raise _Unread(f"region {index} is empty, or overlaps another", "BaseAddress", base, start)
        return place

    def bytes_of(self, rva: int, size: int, what: str) -> None:
        """Memory as it is printed: nothing is read of what is empty or too large."""
        if rva and size and size <= MOST_MEMORY and self.seek(rva):
            self.read(size, what)

    def context(self, size: int, rva: int, what: str) -> None:
        """Registers as they are read."""
        from .contexts import context_reads

        if not self.seek(rva):
            return
        place = self.get(SYSTEM_INFO, self.system)
        processor = self.file.u16(place) if isinstance(place, int) else -1
        if not self.seek(rva):
            return
        for part in context_reads(self.file, self.at, size, processor):
            if not self.read(part, what):
                return


def _good_codeview(data: bytes, big: bool) -> bool:
    """Whether the record is as its signature says."""
    signature = int.from_bytes(data[:4], "big" if big else "little") if len(data) > 4 else 0
    if signature in (0x53445352, 0x3031424E):
        return len(data) >= (25 if signature == 0x53445352 else 17) and not data[-1]
    return signature != 0x4270454C or len(data) >= 4


def _refuse(code: str, problem: _Unread) -> NoReturn:
    words, what, value, offset = problem.reason
    raise Refused(Reason(code, words, what, f"0x{value:x}", offset))


def check_stackwalk(file: File) -> None:
    """``minidump_stackwalk``: what is read up to the thread list, and the list."""
    walk = Walk(file)
    walk.open("BPSW")
    walk.get(MISC_INFO, walk.misc)
    place = walk.get(SYSTEM_INFO, walk.system)
    if isinstance(place, int):
        walk.text(walk.file.u32(place + 24), "the service pack")
    walk.get(BREAKPAD_INFO, walk.fixed(12, "Breakpad's stream"))
    walk.get(EXCEPTION, walk.exception)
    walk.get(ASSERTION, walk.fixed(776, "Breakpad's assertion"))
    walk.get(MODULES, walk.modules(MOST_MODULES))
    walk.get(UNLOADED, walk.unloaded)
    walk.get(MEMORY, walk.memory(UNLIMITED))
    try:
        walk.need(THREADS, walk.threads(UNLIMITED))
    except _Unread as problem:
        _refuse("BPSW07", problem)


def check_dump(file: File) -> None:
    """``minidump_dump``: it goes on after a stream that it cannot read, and its exit code is then 1."""
    walk = Walk(file)
    walk.open("BPMD")
    wrong: List[Tuple[str, _Unread]] = []

    def need(code: str, kind: int, reader: Callable[[Entry], object]) -> Optional[object]:
        try:
            return walk.need(kind, reader)
        except _Unread as problem:
            wrong.append((code, problem))
            return None

    threads = need("BPMD07", THREADS, walk.threads(MOST_THREADS))
    if isinstance(threads, list):
        for index, place in enumerate(threads):
            walk.context(walk.file.u32(place + 40), walk.file.u32(place + 44), f"the context of thread {index}")
            walk.bytes_of(walk.file.u32(place + 36), walk.file.u32(place + 32), f"the stack of thread {index}")
    walk.get(THREAD_NAMES, walk.names)
    need("BPMD08", MODULES, walk.modules(UNLIMITED))
    memory = need("BPMD09", MEMORY, walk.memory(MOST_REGIONS))
    if isinstance(memory, list):
        for index, (size, rva) in enumerate(memory):
            walk.bytes_of(rva, size, f"memory range {index}")
    exception = walk.get(EXCEPTION, walk.exception)
    if isinstance(exception, int):
        walk.context(walk.file.u32(exception + 160), walk.file.u32(exception + 164), "the exception's context")
    walk.get(ASSERTION, walk.fixed(776, "Breakpad's assertion"))
    need("BPMD10", SYSTEM_INFO, walk.system)
    need("BPMD11", MISC_INFO, walk.misc)
    walk.get(BREAKPAD_INFO, walk.fixed(12, "Breakpad's stream"))
    need("BPMD12", MEMORY_INFO, walk.memory_info)
    for kind in TEXTS:
        entry = walk.streams.get(kind)
        if entry is not None and walk.seek(entry.rva) and entry.size and not walk.read(entry.size, f"the stream of type 0x{kind:x}"):
            wrong.append(("BPMD13", _Unread(f"the stream of type 0x{kind:x} is not in the file", "DataSize", entry.size, entry.at + 4)))
    if wrong:
        _refuse(*wrong[0])


SOURCE = "google/breakpad src/processor/"
STACKWALK = Reader(
    "minidump_stackwalk", "Breakpad's minidump_stackwalk", "npm minidump 0.26.0", "its exit code is 0", SOURCE + "minidump_processor.cc", True, check_stackwalk
)
DUMP = Reader(
    "minidump_dump",
    "Breakpad's minidump_dump",
    "npm minidump 0.26.0",
    "its exit code is 0: it read every stream that it wants",
    SOURCE + "minidump_dump.cc",
    True,
    check_dump,
)

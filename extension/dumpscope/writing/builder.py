"""``DumpBuilder``: a minidump from typed parts and raw bytes, from nothing or from an open dump."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple, Union

from ..dump.absence import Absent
from ..dump.lists import RecordList
from ..dump.minidump import Minidump
from ..errors import DumpError, UsageError
from ..format.catalogue import structure as named
from ..format.counted import counted
from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from ..format.flags import MiniDumpWithFullMemory
from ..format.handles import MINIDUMP_HANDLE_DESCRIPTOR, MINIDUMP_HANDLE_DESCRIPTOR_2
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_SIGNATURE, MINIDUMP_VERSION
from ..format.layout import Structure
from ..format.misc import MINIDUMP_MISC_INFO_5
from ..format.streams import (
    LAST_RESERVED_STREAM,
    MINIDUMP_STREAM_TYPE,
    RECORD_LISTS,
    STREAMS,
    CommentStreamA,
    CommentStreamW,
    Memory64ListStream,
    MemoryListStream,
    SystemInfoStream,
)
from ..format.system import MINIDUMP_SYSTEM_INFO
from .edited import held as held_of
from .memory import MemoryPlan
from .output import Output, Progress, unseen, write_whole
from .ranges import Ranges
from .records import pack, pack_into, split
from .streams import AnyStream, ListStream, RawStream, ReachedStream, RecordStream, Work

LISTS: Dict[int, str] = {kind: reader for kind, reader in RECORD_LISTS.items() if kind not in (MemoryListStream, Memory64ListStream)}
"""Streams that are lists of records, with the attribute of a Minidump that reads them; the lists of memory are made of what is captured."""
RECORDS: Dict[int, Structure] = {6: MINIDUMP_EXCEPTION_STREAM, 7: MINIDUMP_SYSTEM_INFO, 15: MINIDUMP_MISC_INFO_5}
"""Streams that are one structure with places that they lead to, or that a size belongs into."""
REACHED = frozenset((0x43500001, 0x4767000A, 0x4D7A0001, 0x4D7A0002))
"""Streams of other writers that lead to other places of the file."""
MOST_STREAMS = 1 << 12

Kind = Union[int, str]


def kind_of_stream(kind: Kind) -> int:
    """A stream type from its number or its C name. Raises UsageError."""
    if isinstance(kind, int):
        return kind
    try:
        return MINIDUMP_STREAM_TYPE.value(kind)
    except KeyError:
        raise UsageError(f"there is no stream type {kind!r}", "names are those of MINIDUMP_STREAM_TYPE, such as HandleDataStream; a number does too") from None


class DumpBuilder:
    """A dump to be written.

    >>> builder = DumpBuilder(flags=0x4)
    >>> builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    >>> builder.add("ThreadListStream", ThreadId=0x1A2C, Teb=0x7FF7A000)
    >>> builder.add("HandleDataStream", Handle=4, TypeName="Event", ObjectName="\\\\BaseNamedObjects\\\\Go", HandleCount=1, PointerCount=1)
    >>> size = builder.write("made.dmp")          # doctest: +SKIP

    ``flags``, ``timestamp`` (seconds since 1970 UTC), ``checksum`` and ``implementation`` (the high word of Version, 0 for a writer
    that is not Microsoft's) go into the header; the writer itself keeps signature, version, directory, and the bit of flags that says
    whether there is a Memory64ListStream. ``memory`` holds the captured ranges, ``notes`` tells what could not be taken over.
    """

    def __init__(self, *, flags: int = 0, timestamp: int = 0, checksum: int = 0, implementation: int = 0) -> None:
        self.flags = flags
        self.timestamp = timestamp
        self.checksum = checksum
        self.implementation = implementation
        self.memory = MemoryPlan()
        self.notes: List[str] = []
        self._streams: Dict[Any, AnyStream] = {}

    # -- from an open dump -----------------------------------------------------------------------------------------------

    @classmethod
    def of(cls, dump: Minidump, *, memory: bool = True) -> DumpBuilder:
        """Everything that an open dump has, to be written anew: lists as long as they can be read, sizes right, each type once.

        The dump must stay open until the result is written. ``memory`` False leaves the captured ranges out.
        """
        header = dump.header
        builder = cls(flags=header.flags, timestamp=header.timestamp, checksum=header.checksum, implementation=header.implementation)
        for stream in dump.streams:
            if len(builder._streams) >= MOST_STREAMS:
                builder.notes.append(f"the directory has more than {MOST_STREAMS} streams: those that follow are left out")
                break
            builder._take(dump, stream)
        if memory:
            builder.take_memory(dump)
        return builder

    def _take(self, dump: Minidump, stream: Any) -> None:
        """One stream of an open dump."""
        kind = stream.type
        if not kind or kind in (MemoryListStream, Memory64ListStream):
            return
        held = dump.source.available(stream.rva, stream.size)
        if kind in LISTS:
            items: RecordList[Any] = getattr(dump, LISTS[kind])
            if items.stream is not None and items.stream.index == stream.index:
                if len(items) or not items.damage:
                    self._streams[kind] = self._list(kind, items)
                else:
                    self.notes.append(f"directory entry {stream.index}: {stream.name} cannot be read and is left out: {items.damage[0].message}")
            elif items.stream is not None and items.stream.type == kind:
                self.notes.append(f"directory entry {stream.index}: a further {stream.name} is left out")
        elif held < stream.size and not held:
            self.notes.append(f"directory entry {stream.index}: {stream.name} lies outside the file and is left out")
        elif kind in self._streams and kind <= LAST_RESERVED_STREAM and kind not in (CommentStreamA, CommentStreamW):
            self.notes.append(f"directory entry {stream.index}: a further {stream.name} is left out")
        else:
            key: Any = kind if kind not in self._streams else (kind, stream.index)
            if kind in RECORDS:
                self._streams[key] = self._record(dump, stream, held)
            elif kind in REACHED:
                self._streams[key] = ReachedStream(dump, stream)
            else:
                self._streams[key] = RawStream(kind, b"", dump.source, stream.rva, held)

    @staticmethod
    def _list(kind: int, items: Optional[RecordList[Any]]) -> ListStream:
        row = STREAMS[kind]
        shape = named(row.structure)
        assert shape is not None
        if kind == 12 and items is not None and len(items) and items.span.stride < MINIDUMP_HANDLE_DESCRIPTOR_2.size:
            shape = MINIDUMP_HANDLE_DESCRIPTOR
        return ListStream(kind, shape, named(row.header) if row.header else None, items)

    @staticmethod
    def _record(dump: Minidump, stream: Any, held: int) -> RecordStream:
        shape = RECORDS[stream.type]
        size = max(held, dump.source.available(stream.rva, shape.size)) if stream.type == SystemInfoStream else held
        made = RecordStream(stream.type, shape, dump.source.some(stream.rva, size), None, dump.source)
        wine = dump.wine if stream.type == SystemInfoStream else None
        if wine is not None and not isinstance(wine, Absent) and size <= shape.size:
            made.tail = dump.source.some(wine.offset, 1024)
        return made

    def fit_system(self) -> None:
        """Make SystemInfoStream exactly as long as the debugger wants it; what is missing is zero."""
        found = self._streams.get(7)
        if isinstance(found, RecordStream):
            size = MINIDUMP_SYSTEM_INFO.size
            found.data[:] = found.data[:size].ljust(size, b"\0")

    def take_memory(self, dump: Minidump) -> None:
        """The captured ranges of an open dump in the order of its list, as far as the file holds their bytes; of two lists those of both."""
        full, small = dump.memory64_list, dump.memory_list
        self.memory.wide = True if len(full) else None
        self.memory.listed = full.stream is not None or small.stream is not None
        cut = lost = 0
        # A dump with both lists (LLDB writes the stacks into the small one) has in the end what either holds; what both hold is taken from the full one.
        source = dump.source
        both = len(full) and len(small)
        wide = Ranges((item.start, item.start + held_of(source, item.rva, item.held)) for item in full) if both else Ranges(())
        for items in (small, full):
            for item in items:
                held = held_of(source, item.rva, item.held)
                if held < item.size:
                    cut += 1
                    lost += item.size - held
                held = min(held, (1 << 64) - item.start)
                if items is full or not held:
                    self.memory.add_copied(item.start, held, source, item.rva)
                    continue
                for start, size in wide.without(item.start, item.start + held):
                    self.memory.add_copied(start, size, source, item.rva + start - item.start)
        if cut:
            self.notes.append(f"{counted(cut, 'memory range lies', 'memory ranges lie')} outside the file, wholly or in part: 0x{lost:x} bytes are not there")

    # -- parts -----------------------------------------------------------------------------------------------------------

    def add(self, kind: Kind, /, **values: Any) -> None:
        """One record more in a list: threads, modules, handles, regions, ….

        Fields go by their C names (``ExceptionCode`` or, where that is ambiguous, a path such as ``Stack.Memory.DataSize`` in a dict
        passed with ``**``). What an RVA leads to goes by the field's name without Rva: ``ModuleName="…"``, ``ThreadContext=b"…"``,
        ``CvRecord=b"…"``, ``Stack=(address, size)`` of memory that is added besides, ``ObjectInfo=[(type, bytes), …]``.
        Raises UsageError for an unknown stream or field.
        """
        number = kind_of_stream(kind)
        if number not in LISTS:
            raise UsageError(f"{kind} is not a list of records", "`set` takes single structures, `raw` bytes, `capture` memory")
        found = self._streams.get(number)
        if not isinstance(found, ListStream):
            found = self._streams[number] = self._list(number, None)
        numbers, _ = split(found.structure, values)
        pack(found.structure, numbers)  # a wrong field is told of now, not when the file is written
        found.added.append(values)

    def set(self, kind: Kind, /, **values: Any) -> None:
        """A stream of one structure (SystemInfoStream, MiscInfoStream, ExceptionStream), or fields of the one that is there. Raises UsageError."""
        number = kind_of_stream(kind)
        shape = RECORDS.get(number)
        if shape is None:
            raise UsageError(f"{kind} is not one structure", "`add` takes records of lists, `raw` bytes")
        found = self._streams.get(number)
        if not isinstance(found, RecordStream):
            found = RecordStream(number, shape, bytes(shape.size))
            if number == 15:
                found.data[:4] = shape.size.to_bytes(4, "little")
            self._streams[number] = found
        numbers, led = split(shape, values)
        whole = bytearray(found.data.ljust(shape.size, b"\0"))
        pack_into(shape, whole, numbers)
        found.data[:] = whole if len(found.data) >= shape.size or whole[len(found.data) :].strip(b"\0") else whole[: len(found.data)]
        found.values.update(led)

    def raw(self, kind: Kind, data: bytes) -> None:
        """A stream as bytes, in place of one of that type. Raises UsageError for the lists of memory, which :meth:`capture` makes."""
        number = kind_of_stream(kind)
        if number in (0, MemoryListStream, Memory64ListStream):
            raise UsageError(f"a stream of type {number} is not made of raw bytes", "`capture` takes memory")
        self._streams[number] = RawStream(number, bytes(data))

    def comment(self, text: str) -> None:
        """A CommentStreamW more; the debugger shows it when it opens the dump."""
        data = text.encode("utf-16-le", "surrogatepass") + b"\0\0"
        key: Any = CommentStreamW
        while key in self._streams:
            key = (CommentStreamW, len(self._streams), str(key))
        self._streams[key] = RawStream(CommentStreamW, data)

    def capture(self, address: int, data: bytes) -> None:
        """Bytes of the process at an address. Raises UsageError for a range that leaves the address space."""
        self.memory.add(address, data)

    def drop(self, *kinds: Kind) -> None:
        """Leave streams of these types out; those that are not there do not matter."""
        for kind in kinds:
            number = kind_of_stream(kind)
            for key in [key for key in self._streams if self._streams[key].kind == number]:
                del self._streams[key]

    def streams(self) -> Iterator[int]:
        """The types of the streams besides memory, in the order of the directory."""
        return (stream.kind for stream in self._streams.values())

    # -- writing ---------------------------------------------------------------------------------------------------------

    def write_to(self, file: BinaryIO, progress: Optional[Progress] = None) -> int:
        """Write the dump into an empty, seekable binary file; its size. ``progress`` is told the bytes written so far.

        Raises DumpError for what does not fit into the format.
        """
        return write_dump(self, Output(file, progress or unseen))

    def _write(self, out: Output) -> int:
        plan = self.memory
        plan.settle()
        streams = list(self._streams.values())
        listed = bool(plan.ranges) or plan.listed
        out.reserve(MINIDUMP_HEADER.size)
        count = len(streams) + listed
        directory = out.reserve(count * MINIDUMP_DIRECTORY.size)
        work = Work(out, plan)
        # SystemInfo comes first: readers that stop early know the processor then.
        order = sorted(range(len(streams)), key=lambda index: streams[index].kind != 7)
        entries: List[Tuple[int, int, int]] = [(0, 0, 0)] * len(streams)
        for index in order:
            rva, size = streams[index].emit(work)
            entries[index] = (streams[index].kind, size, rva)
        wide = False
        if listed:
            wide = plan.goes_wide(out.end + plan.descriptors(False))
            size = plan.descriptors(wide)
            place = out.reserve(size, 8)
            plan.write(out, place, wide)
            entries.append((Memory64ListStream if wide else MemoryListStream, size, place))
        work.finish()
        pack_entry = MINIDUMP_DIRECTORY.select("StreamType", "Location.DataSize", "Location.Rva").pack
        for kind, size, _ in entries:
            if size > 0xFFFFFFFF:
                raise DumpError(f"stream {kind} has 0x{size:x} bytes: the directory has 32 bits for that")
        out.put(directory, b"".join(pack_entry(*entry) for entry in entries))
        out.put(0, self._header(count, directory, wide))
        self.notes += [note for note in [*plan.notes, *work.notes] if note not in self.notes]
        return out.finish()

    def _header(self, count: int, directory: int, wide: bool) -> bytes:
        flags = self.flags | MiniDumpWithFullMemory if wide else self.flags & ~MiniDumpWithFullMemory
        values = {
            "Signature": MINIDUMP_SIGNATURE,
            "Version": MINIDUMP_VERSION | self.implementation << 16,
            "NumberOfStreams": count,
            "StreamDirectoryRva": directory,
            "CheckSum": self.checksum,
            "TimeDateStamp": self.timestamp,
            "Flags": flags,
        }
        return bytes(pack(MINIDUMP_HEADER, values))

    def write(self, path: str, *, force: bool = False, keep: str = "") -> int:
        """Write the dump to a new file; its size. The file appears under its name when it is complete; nothing is left behind otherwise.

        ``force`` lets it replace another file, but never ``keep``. Raises UsageError, DumpError, OSError.
        """
        return write_whole(path, self.write_to, force=force, keep=keep)

    def to_bytes(self) -> bytes:
        """The dump in memory."""
        file = io.BytesIO()
        self.write_to(file)
        return file.getvalue()


def write_dump(builder: DumpBuilder, out: Output) -> int:
    """Write the dump of a builder into what is not a whole file: something that counts, or watches. Its size. Raises DumpError."""
    return builder._write(out)

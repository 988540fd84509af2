"""What every byte of a dump belongs to: all structures that can be reached from the header, with their places.

A :class:`Node` is one structure in the file. Nodes are made while walking, in the order of the directory, and nest:
a stream contains its records. Places that several nodes share (a thread's stack is also a memory range) are shared, not owned
twice; see :mod:`dumpscope.dump.filemap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional, Tuple

from ..format.crashpad import MinidumpCrashpadInfo, MinidumpModuleCrashpadInfo
from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from ..format.handles import MINIDUMP_HANDLE_DESCRIPTOR, MINIDUMP_HANDLE_DESCRIPTOR_2, MINIDUMP_HANDLE_OBJECT_INFORMATION
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_STRING
from ..format.layout import Structure
from ..format.modules import MINIDUMP_MODULE, MINIDUMP_UNLOADED_MODULE
from ..format.streams import STREAMS
from ..format.system import MINIDUMP_SYSTEM_INFO
from ..format.threads import MINIDUMP_THREAD, MINIDUMP_THREAD_EX, MINIDUMP_THREAD_NAME
from .absence import Absent
from .directory import Stream
from .lists import RecordList

if TYPE_CHECKING:
    from .minidump import Minidump

HEADER = "header"
DIRECTORY = "directory"
STREAM = "stream"
RECORD = "record"
STRING = "string"
CONTEXT = "context"
CODEVIEW = "codeview"
OBJECT = "object-info"
MEMORY = "memory"
BLOB = "data"

MAX_NESTED = 100_000
"""Annotations and the like that are followed in one dump."""


class Node(NamedTuple):
    """One structure in the file.

    ``what`` says what it is in words, with everything that leads to it, outermost first, separated by `` > ``.
    ``structure`` is its layout, None for text and opaque bytes; ``pointer`` the offset of the RVA field that leads to it, None
    where a position does. ``leaf`` is true unless other nodes lie inside it by design.
    """

    offset: int
    size: int
    kind: str
    what: str
    structure: Optional[Structure]
    pointer: Optional[int]
    leaf: bool

    @property
    def end(self) -> int:
        """Offset just behind the node."""
        return self.offset + self.size


class _Walker:
    """Makes the nodes of one dump. Everything is cut at the end of the file."""

    def __init__(self, dump: Minidump) -> None:
        self.dump = dump
        self.source = dump.source

    def node(
        self, offset: int, size: int, kind: str, what: str, structure: Optional[Structure] = None, pointer: Optional[int] = None, leaf: bool = True
    ) -> Iterator[Node]:
        held = self.source.available(offset, size)
        if held:
            yield Node(offset, held, kind, what, structure, pointer, leaf)

    def string(self, rva: int, what: str, pointer: int) -> Iterator[Node]:
        """A MINIDUMP_STRING, with the NUL behind it where there is one."""
        if not rva or rva + 4 > self.source.size:
            return
        length = int.from_bytes(self.source.some(rva, 4), "little")
        if self.source.available(rva + 4, length) < length:
            length = min(length, 4096, self.source.available(rva + 4, length))
        end = rva + 4 + length
        size = 4 + length + (2 if self.source.some(end, 2) == b"\0\0" else 0)
        yield from self.node(rva, size, STRING, what, MINIDUMP_STRING, pointer)

    def utf8(self, rva: int, what: str, pointer: int) -> Iterator[Node]:
        """A counted UTF-8 string of Crashpad."""
        if not rva or rva + 4 > self.source.size:
            return
        length = min(int.from_bytes(self.source.some(rva, 4), "little"), 1 << 20)
        size = 4 + length + (1 if self.source.some(rva + 4 + length, 1) == b"\0" else 0)
        yield from self.node(rva, size, STRING, what, None, pointer)

    # -- the whole file --------------------------------------------------------------------------------------------------

    def all(self) -> Iterator[Node]:
        header = self.dump.header
        yield from self.node(0, MINIDUMP_HEADER.size, HEADER, "header", MINIDUMP_HEADER)
        pointer = MINIDUMP_HEADER.offset_of("StreamDirectoryRva")
        count = len(self.dump.streams)
        yield from self.node(header.directory_rva, count * MINIDUMP_DIRECTORY.size, DIRECTORY, "directory", None, pointer, False)
        for stream in self.dump.streams:
            name = f"directory entry {stream.index} ({stream.name})"
            yield from self.node(stream.offset, MINIDUMP_DIRECTORY.size, DIRECTORY, name, MINIDUMP_DIRECTORY)
        for stream in self.dump.streams:
            if stream.type:
                yield from self.stream(stream)

    def stream(self, stream: Stream) -> Iterator[Node]:
        path = f"stream {stream.index} {stream.name}"
        pointer = stream.offset + MINIDUMP_DIRECTORY.offset_of("Location.Rva")
        first = self.dump.stream(stream.type)
        walk = getattr(self, f"_stream_{stream.type}", None)
        used = first is not None and first.index == stream.index
        opaque = walk is None or not used
        yield from self.node(stream.rva, stream.size, STREAM, path, self._shape(stream) if opaque else None, pointer, opaque)
        if used and walk is not None:
            yield from walk(stream, path)

    @staticmethod
    def _shape(stream: Stream) -> Optional[Structure]:
        from ..format.catalogue import structure

        kind = STREAMS.get(stream.type)
        name = (kind.header or kind.structure) if kind is not None else ""
        if not name:
            return None
        shape = structure(name)
        return shape if shape is not None and shape.size <= stream.size else None

    def records(
        self, items: RecordList[Any], path: str, name: str, structure: Optional[Structure], header: Optional[Structure] = None
    ) -> Iterator[Tuple[Any, Node]]:
        """The header of a list, then each record with its node."""
        span = items.span
        if span.header_size:
            yield from ((None, node) for node in self.node(span.header, span.header_size, RECORD, f"{path} > header", header))
        for number, item in enumerate(items):
            for node in self.node(item.offset, span.stride, RECORD, f"{path} > {name} {number}", structure):
                yield item, node

    def _header_of(self, stream: Stream) -> Optional[Structure]:
        from ..format.catalogue import structure

        kind = STREAMS.get(stream.type)
        return structure(kind.header) if kind is not None and kind.header else None

    # -- streams of Microsoft --------------------------------------------------------------------------------------------

    def _threads(self, stream: Stream, path: str, structure: Structure) -> Iterator[Node]:
        if self.dump.threads.stream is None or self.dump.threads.stream.index != stream.index:
            return
        stack = structure.offset_of("Stack.Memory.Rva")
        context = structure.offset_of("ThreadContext.Rva")
        for thread, node in self.records(self.dump.threads, path, "thread", structure):
            yield node
            if thread is None:
                continue
            what = f"{node.what} ({thread.tid:x})"
            if thread.stack_rva:
                yield from self.node(thread.stack_rva, thread.stack_size, MEMORY, f"{what} > stack", None, thread.offset + stack)
            if thread.context_rva:
                yield from self.node(
                    thread.context_rva, thread.context_size, CONTEXT, f"{what} > context", self._context(thread.context_size), thread.offset + context
                )

    def _context(self, size: int) -> Optional[Structure]:
        system = self.dump.system
        if isinstance(system, Absent):
            return None
        from ..format.contexts import CONTEXT_LAYOUTS

        for layout in CONTEXT_LAYOUTS.get(system.architecture, ()):
            if layout.structure.size <= size:
                shape: Structure = layout.structure
                return shape
        return None

    def _stream_3(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._threads(stream, path, MINIDUMP_THREAD)

    def _stream_8(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._threads(stream, path, MINIDUMP_THREAD_EX)

    def _modules(self, items: RecordList[Any], path: str) -> Iterator[Node]:
        name = MINIDUMP_MODULE.offset_of("ModuleNameRva")
        record = MINIDUMP_MODULE.offset_of("CvRecord.Rva")
        old = MINIDUMP_MODULE.offset_of("MiscRecord.Rva")
        for module, node in self.records(items, path, "module", MINIDUMP_MODULE):
            yield node
            if module is None:
                continue
            yield from self.string(module.name_rva, f"{node.what} > name", module.offset + name)
            if module.cv_rva:
                yield from self.node(module.cv_rva, module.cv_size, CODEVIEW, f"{node.what} > CodeView record", None, module.offset + record)
            if module.misc_rva:
                yield from self.node(module.misc_rva, module.misc_size, CODEVIEW, f"{node.what} > IMAGE_DEBUG_MISC", None, module.offset + old)

    def _stream_4(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._modules(self.dump.modules, path)

    def _stream_65520(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._modules(self.dump.host_modules, path)

    def _stream_5(self, stream: Stream, path: str) -> Iterator[Node]:
        from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR

        pointer = MINIDUMP_MEMORY_DESCRIPTOR.offset_of("Memory.Rva")
        for item, node in self.records(self.dump.memory_list, path, "range", MINIDUMP_MEMORY_DESCRIPTOR):
            yield node
            if item is not None:
                yield from self.node(item.rva, item.size, MEMORY, f"{node.what} > memory at 0x{item.start:x}", None, item.offset + pointer)

    def _stream_9(self, stream: Stream, path: str) -> Iterator[Node]:
        from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR64

        base = stream.rva + 8
        for item, node in self.records(self.dump.memory64_list, path, "range", MINIDUMP_MEMORY_DESCRIPTOR64, self._header_of(stream)):
            yield node
            if item is not None:
                yield from self.node(item.rva, item.size, MEMORY, f"{node.what} > memory at 0x{item.start:x}", None, base)

    def _stream_6(self, stream: Stream, path: str) -> Iterator[Node]:
        yield from self.node(stream.rva, stream.size, RECORD, f"{path} > record", MINIDUMP_EXCEPTION_STREAM)
        exception = self.dump.exception
        if not isinstance(exception, Absent) and exception.context_rva:
            pointer = stream.rva + MINIDUMP_EXCEPTION_STREAM.offset_of("ThreadContext.Rva")
            yield from self.node(exception.context_rva, exception.context_size, CONTEXT, f"{path} > context", self._context(exception.context_size), pointer)

    def _stream_7(self, stream: Stream, path: str) -> Iterator[Node]:
        yield from self.node(stream.rva, stream.size, RECORD, f"{path} > record", MINIDUMP_SYSTEM_INFO)
        system = self.dump.system
        if isinstance(system, Absent):
            return
        yield from self.string(system.csd_rva, f"{path} > CSD version", stream.rva + MINIDUMP_SYSTEM_INFO.offset_of("CSDVersionRva"))
        wine = self.dump.wine
        if not isinstance(wine, Absent):
            data = self.source.some(wine.offset, 4096)
            offsets = [int.from_bytes(data[at : at + 4], "little") + 4 for at in (8, 12, 16)]
            end = data.find(b"\0", max(offsets)) + 1 if max(offsets) < len(data) else 0
            yield from self.node(wine.offset, end or 20, BLOB, f"{path} > Wine's marker: build and host", None)

    def _stream_12(self, stream: Stream, path: str) -> Iterator[Node]:
        handles = self.dump.handles
        structure = MINIDUMP_HANDLE_DESCRIPTOR_2 if handles.extended else MINIDUMP_HANDLE_DESCRIPTOR
        type_name = structure.offset_of("TypeNameRva")
        object_name = structure.offset_of("ObjectNameRva")
        info = MINIDUMP_HANDLE_DESCRIPTOR_2.offset_of("ObjectInfoRva")
        for handle, node in self.records(handles, path, "descriptor", structure, self._header_of(stream)):
            yield node
            if handle is None:
                continue
            what = f"{node.what} (handle 0x{handle.handle:x})"
            yield from self.string(handle.type_rva, f"{what} > type name", handle.offset + type_name)
            yield from self.string(handle.name_rva, f"{what} > object name", handle.offset + object_name)
            if handle.object_info_rva:
                pointer = handle.offset + info
                blocks, _ = handles.object_info(handle.object_info_rva)
                for block in blocks:
                    size = MINIDUMP_HANDLE_OBJECT_INFORMATION.size + block.size
                    yield from self.node(block.offset, size, OBJECT, f"{what} > object information {block.type}", MINIDUMP_HANDLE_OBJECT_INFORMATION, pointer)
                    pointer = block.offset

    def _stream_13(self, stream: Stream, path: str) -> Iterator[Node]:
        return self.node(stream.rva, stream.size, RECORD, f"{path} > tables", self._header_of(stream))

    def _stream_14(self, stream: Stream, path: str) -> Iterator[Node]:
        name = MINIDUMP_UNLOADED_MODULE.offset_of("ModuleNameRva")
        for module, node in self.records(self.dump.unloaded_modules, path, "unloaded module", MINIDUMP_UNLOADED_MODULE, self._header_of(stream)):
            yield node
            if module is not None:
                yield from self.string(module.name_rva, f"{node.what} > name", module.offset + name)

    def _simple(self, items: RecordList[Any], stream: Stream, path: str, name: str) -> Iterator[Node]:
        from ..format.catalogue import structure

        kind = STREAMS[stream.type]
        for _, node in self.records(items, path, name, structure(kind.structure), self._header_of(stream)):
            yield node

    def _stream_16(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._simple(self.dump.regions, stream, path, "region")

    def _stream_17(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._simple(self.dump.thread_infos, stream, path, "thread information")

    def _stream_18(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._simple(self.dump.handle_operations, stream, path, "operation")

    def _stream_24(self, stream: Stream, path: str) -> Iterator[Node]:
        name = MINIDUMP_THREAD_NAME.offset_of("RvaOfThreadName")
        for entry, node in self.records(self.dump.thread_names, path, "name", MINIDUMP_THREAD_NAME):
            yield node
            if entry is not None:
                yield from self.string(entry.name_rva, f"{node.what} (thread {entry.tid:x}) > text", entry.offset + name)

    def _stream_19(self, stream: Stream, path: str) -> Iterator[Node]:
        tokens = self.dump.tokens
        header = self._header_of(stream)
        size = header.size if header is not None else 16
        yield from self.node(stream.rva, size, RECORD, f"{path} > header", header)
        from ..format.catalogue import structure

        for token in tokens:
            yield from self.node(token.offset, token.size, RECORD, f"{path} > token {token.index}", structure("MINIDUMP_TOKEN_INFO_HEADER"))

    # -- streams of others -----------------------------------------------------------------------------------------------

    def _dictionary(self, size: int, rva: int, pointer: int, path: str) -> Iterator[Node]:
        """Crashpad's count and pairs of string RVAs."""
        data = self.source.some(rva, min(size, 1 << 20))
        yield from self.node(rva, size, RECORD, path, None, pointer)
        count = min(int.from_bytes(data[:4], "little"), max(0, len(data) - 4) // 8, MAX_NESTED)
        for index in range(count):
            at = 4 + index * 8
            yield from self.utf8(int.from_bytes(data[at : at + 4], "little"), f"{path} > key {index}", rva + at)
            yield from self.utf8(int.from_bytes(data[at + 4 : at + 8], "little"), f"{path} > value {index}", rva + at + 4)

    def _location(self, base: int, structure: Structure, name: str) -> Tuple[int, int, int]:
        """Size, RVA and the place of the RVA of a LOCATION_DESCRIPTOR inside a structure at ``base``."""
        at = base + structure.offset_of(name)
        data = self.source.some(at, 8)
        return int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little"), at + 4

    def _stream_1129316353(self, stream: Stream, path: str) -> Iterator[Node]:
        yield from self.node(stream.rva, stream.size, RECORD, f"{path} > record", MinidumpCrashpadInfo)
        size, rva, pointer = self._location(stream.rva, MinidumpCrashpadInfo, "simple_annotations")
        if rva:
            yield from self._dictionary(size, rva, pointer, f"{path} > simple annotations")
        size, rva, pointer = self._location(stream.rva, MinidumpCrashpadInfo, "module_list")
        if not rva:
            return
        yield from self.node(rva, size, RECORD, f"{path} > module list", None, pointer)
        data = self.source.some(rva, min(size, 1 << 20))
        for index in range(min(int.from_bytes(data[:4], "little"), max(0, len(data) - 4) // 12)):
            at = 4 + index * 12
            length, where = int.from_bytes(data[at + 4 : at + 8], "little"), int.from_bytes(data[at + 8 : at + 12], "little")
            if where:
                yield from self._crashpad_module(length, where, rva + at + 8, f"{path} > module {index}")

    def _crashpad_module(self, size: int, rva: int, pointer: int, path: str) -> Iterator[Node]:
        yield from self.node(rva, size, RECORD, path, MinidumpModuleCrashpadInfo, pointer)
        length, where, at = self._location(rva, MinidumpModuleCrashpadInfo, "list_annotations")
        if where:
            yield from self.node(where, length, RECORD, f"{path} > list annotations", None, at)
            data = self.source.some(where, min(length, 1 << 20))
            for index in range(min(int.from_bytes(data[:4], "little"), max(0, len(data) - 4) // 4)):
                place = 4 + index * 4
                yield from self.utf8(int.from_bytes(data[place : place + 4], "little"), f"{path} > annotation {index}", where + place)
        length, where, at = self._location(rva, MinidumpModuleCrashpadInfo, "simple_annotations")
        if where:
            yield from self._dictionary(length, where, at, f"{path} > simple annotations")
        length, where, at = self._location(rva, MinidumpModuleCrashpadInfo, "annotation_objects")
        if where:
            yield from self.node(where, length, RECORD, f"{path} > annotation objects", None, at)
            data = self.source.some(where, min(length, 1 << 20))
            for index in range(min(int.from_bytes(data[:4], "little"), max(0, len(data) - 4) // 12)):
                place = 4 + index * 12
                yield from self.utf8(int.from_bytes(data[place : place + 4], "little"), f"{path} > object {index} name", where + place)
                yield from self.utf8(int.from_bytes(data[place + 8 : place + 12], "little"), f"{path} > object {index} value", where + place + 8)

    def _stream_1198981130(self, stream: Stream, path: str) -> Iterator[Node]:
        yield from self.node(stream.rva, stream.size, RECORD, f"{path} > record", self._shape(stream))
        debug = self.dump.breakpad.shared_objects
        if isinstance(debug, Absent) or not debug.objects:
            return
        first, last = debug.objects[0].offset, debug.objects[-1].offset
        step = (last - first) // (len(debug.objects) - 1) if len(debug.objects) > 1 else 20
        for index, item in enumerate(debug.objects):
            yield from self.node(item.offset, step, RECORD, f"{path} > shared object {index}")
            rva = int.from_bytes(self.source.some(item.offset + (8 if step >= 20 else 4), 4), "little")
            yield from self.string(rva, f"{path} > shared object {index} > name", item.offset + (8 if step >= 20 else 4))


def anatomy(dump: Minidump) -> Iterator[Node]:
    """Every structure that can be reached, stream by stream. Never raises for what a file holds; ends for every file."""
    return _Walker(dump).all()

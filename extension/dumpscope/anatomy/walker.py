"""What every byte of a dump belongs to: all structures that can be reached from the header, with their places.

A :class:`Node` is one structure in the file. Nodes are made while walking, in the order of the directory, and nest:
a stream contains its records. Places that several nodes share (a thread's stack is also a memory range) are shared, not owned
twice; see :mod:`dumpscope.anatomy.filemap`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..dump.absence import Absent
from ..dump.directory import Stream
from ..dump.lists import RecordList
from ..dump.minidump import Minidump
from ..dump.salt import SALT
from ..dump.streams.exception import exception_shape
from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from ..format.functions import MINIDUMP_FUNCTION_TABLE_DESCRIPTOR, RUNTIME_FUNCTIONS
from ..format.handles import MINIDUMP_HANDLE_DESCRIPTOR, MINIDUMP_HANDLE_DESCRIPTOR_2, MINIDUMP_HANDLE_OBJECT_INFORMATION
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_STRING
from ..format.layout import Structure
from ..format.modules import CV_INFO_ELF, CV_INFO_PDB20, CV_INFO_PDB70, IMAGE_DEBUG_MISC, MINIDUMP_MODULE, MINIDUMP_UNLOADED_MODULE
from ..format.streams import RECORD_LISTS, STREAMS, ExceptionStream
from ..format.system import MINIDUMP_SYSTEM_INFO
from ..format.threads import MINIDUMP_THREAD, MINIDUMP_THREAD_EX, MINIDUMP_THREAD_NAME
from ..format.tokens import LUID_AND_ATTRIBUTES, SID, TOKEN_PARTS, TOKEN_STATISTICS, sid_name
from ..format.vendor.wine import WINE_SYSTEM_INFO
from .node import BLOB, CODEVIEW, CONTEXT, DIRECTORY, HEADER, MEMORY, OBJECT, RECORD, STREAM, STRING, Node
from .reach import CHAIN as CHAINED
from .reach import SIZED, Lead, Rows, reach, string_end
from .reach import STRING as COUNTED

MAX_NAMED = 120
"""Characters of a module's name in the words for its record: files of a dump are told apart by fewer."""
MAX_UNUSED = 8
"""Later streams of a type that are walked as the first one is: no reader uses them, but their bytes are theirs."""

_CODEVIEW = {b"RSDS": CV_INFO_PDB70, b"NB10": CV_INFO_PDB20, b"LEpB": CV_INFO_ELF}


class Listed(NamedTuple):
    """A list as a whole: where its records are and lead, and the nodes of one of them by its number, the record itself first."""

    rows: Rows
    nodes: Callable[[int], Iterator[Node]]


class Wanted:
    """Which records of lists are to be walked: all, or ``only`` one of each list, or those that ``pick`` gives the numbers of.

    With ``gather``, lists are handed to it as wholes instead of being walked. Setting ``enough`` ends the lists.
    """

    def __init__(
        self,
        only: Optional[int] = None,
        pick: Optional[Callable[[Rows], Iterable[int]]] = None,
        gather: Optional[Callable[[Listed], None]] = None,
    ) -> None:
        self.only = only
        self.pick = pick
        self.gather = gather
        self.enough = False


class _Walker:
    """Makes the nodes of one dump. Everything is cut at the end of the file."""

    def __init__(self, dump: Minidump, wanted: Optional[Wanted] = None) -> None:
        self.dump = dump
        self.source = dump.source
        self.wanted = wanted or Wanted()

    def node(
        self, offset: int, size: int, kind: str, what: str, structure: Optional[Structure] = None, pointer: Optional[int] = None, leaf: bool = True
    ) -> Iterator[Node]:
        held = self.source.available(offset, size)
        if held:
            yield Node(offset, held, kind, what, structure, pointer, leaf)

    def string(self, rva: int, what: str, pointer: int) -> Iterator[Node]:
        """A MINIDUMP_STRING, with the NUL behind it where there is one."""
        end = string_end(self.source, rva)
        if end:
            yield Node(rva, end - rva, STRING, what, MINIDUMP_STRING, pointer, True)

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
        seen: Dict[int, int] = {}
        for stream in self.dump.streams:
            occurrence = seen[stream.type * SALT] = seen.get(stream.type * SALT, 0) + 1
            yield from self.stream(stream, occurrence)

    def stream(self, stream: Stream, occurrence: int = 1) -> Iterator[Node]:
        """A stream and all that can be reached from it. Of a type's later streams the first few are walked too."""
        if not stream.type:
            if stream.rva and stream.size:
                pointer = stream.offset + MINIDUMP_DIRECTORY.offset_of("Location.Rva")
                yield from self.node(stream.rva, stream.size, STREAM, f"stream {stream.index} UnusedStream, which no reader looks at", None, pointer)
            return
        path = f"stream {stream.index} {stream.name if stream.name != '???' else f'0x{stream.type:x}'}"
        pointer = stream.offset + MINIDUMP_DIRECTORY.offset_of("Location.Rva")
        first = self.dump.stream(stream.type)
        walk = self.walker(stream.type)
        used = first is not None and first.index == stream.index
        if not used:
            path += " (not the first of its type)"
        if walk is None or (not used and (occurrence > MAX_UNUSED or not stream.size)):
            yield from self.node(stream.rva, stream.size, STREAM, path, self._shape(stream), pointer)
            return
        yield from self.node(stream.rva, stream.size, STREAM, path, self._shape(stream), pointer, False)
        if used and len(self.dump.streams.all(stream.type)) == 1:
            yield from walk(stream, path)
            return
        # Of several the dump's own list is that of the first consistent one, which need not be this one.
        other = _Walker(_again(self.dump, stream), self.wanted).walker(stream.type)
        assert other is not None
        yield from other(stream, path)

    def walker(self, kind: int) -> Optional[Callable[[Stream, str], Iterator[Node]]]:
        """What walks the streams of a type; None for one that is a single structure or opaque."""
        walk = _WALKS.get(kind)
        if walk is None and kind > 0xFFFF:
            from .vendor import WALKERS

            walk = WALKERS.get(kind)
        if walk is None and kind in RECORD_LISTS:
            walk = _Walker._records
        return partial(walk, self) if walk is not None else None

    def _shape(self, stream: Stream) -> Optional[Structure]:
        from ..format.catalogue import structure

        if stream.type == ExceptionStream:
            return exception_shape(self.dump)
        kind = STREAMS.get(stream.type)
        name = (kind.counted or kind.header or kind.structure) if kind is not None else ""
        return structure(name) if name else None

    def listed(
        self,
        items: RecordList[Any],
        path: str,
        name: str,
        structure: Optional[Structure],
        header: Optional[Structure] = None,
        leads: Sequence[Lead] = (),
        follow: Optional[Callable[[Any, str], Iterator[Node]]] = None,
    ) -> Iterator[Node]:
        """The header of a list, then each record with what it leads to: ``leads`` are the fields that ``follow`` goes by, in its order."""
        span = items.span
        if span.header_size:
            yield from self.node(span.header, span.header_size, RECORD, f"{path} > header", header)

        def nodes(item: Any, number: int) -> Iterator[Node]:
            for node in self.node(item.offset, span.stride, RECORD, f"{path} > {name} {number}", structure):
                yield node
                if follow is not None:
                    yield from follow(item, node.what)

        if self.wanted.gather is not None:
            if len(items):
                self.wanted.gather(Listed(reach(items, leads), lambda number: nodes(items[number], number)))
            return
        for first, stop in self._runs(items, leads):
            for number, item in enumerate(items.walk(first, stop), first):
                if self.wanted.enough:
                    return
                yield from nodes(item, number)

    def _runs(self, items: RecordList[Any], leads: Sequence[Lead]) -> Iterator[Tuple[int, Optional[int]]]:
        """The stretches of a list that are to be walked."""
        if self.wanted.only is not None:
            yield self.wanted.only, self.wanted.only + 1
        elif self.wanted.pick is None:
            yield 0, None
        else:
            first = stop = 0
            for number in self.wanted.pick(reach(items, leads)):
                if number != stop:
                    if first < stop:
                        yield first, stop
                    first = number
                stop = number + 1
            if first < stop:
                yield first, stop

    def _header_of(self, stream: Stream) -> Optional[Structure]:
        from ..format.catalogue import structure

        kind = STREAMS.get(stream.type)
        name = (kind.counted or kind.header) if kind is not None else ""
        return structure(name) if name else None

    # -- streams of Microsoft --------------------------------------------------------------------------------------------

    def _threads(self, stream: Stream, path: str, structure: Structure) -> Iterator[Node]:
        if self.dump.threads.stream is None or self.dump.threads.stream.index != stream.index:
            return iter(())
        stack = structure.offset_of("Stack.Memory.Rva")
        context = structure.offset_of("ThreadContext.Rva")

        def follow(thread: Any, what: str) -> Iterator[Node]:
            what = f"{what} ({thread.tid:x})"
            if thread.stack_rva:
                yield from self.node(thread.stack_rva, thread.stack_size, MEMORY, f"{what} > stack", None, thread.offset + stack)
            if thread.context_rva:
                shape = self._context(thread.context_rva, thread.context_size)
                yield from self.node(thread.context_rva, thread.context_size, CONTEXT, f"{what} > context", shape, thread.offset + context)

        leads = (Lead(SIZED, stack, 4, structure.offset_of("Stack.Memory.DataSize")), Lead(SIZED, context, 4, structure.offset_of("ThreadContext.DataSize")))
        return self.listed(self.dump.threads, path, "thread", structure, self._header_of(stream), leads, follow)

    def _context(self, rva: int, size: int) -> Optional[Structure]:
        """The layout of a context: the one whose family is in its flags, else the largest that fits."""
        system = self.dump.system
        if isinstance(system, Absent):
            return None
        from ..format.contexts import CONTEXT_LAYOUTS

        fits: List[Structure] = []
        for layout in CONTEXT_LAYOUTS.get(system.architecture, ()):
            shape: Structure = layout.structure
            if shape.size <= size:
                leaf = shape.leaf("ContextFlags")
                flags = int.from_bytes(self.source.some(rva + leaf.offset, leaf.field.size), "little")
                if flags & layout.family:
                    return shape
                fits.append(shape)
        return fits[0] if fits else None

    def _thread_list(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._threads(stream, path, MINIDUMP_THREAD)

    def _thread_ex_list(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._threads(stream, path, MINIDUMP_THREAD_EX)

    def _modules(self, items: RecordList[Any], stream: Stream, path: str) -> Iterator[Node]:
        name = MINIDUMP_MODULE.offset_of("ModuleNameRva")
        record = MINIDUMP_MODULE.offset_of("CvRecord.Rva")
        old = MINIDUMP_MODULE.offset_of("MiscRecord.Rva")

        def follow(module: Any, what: str) -> Iterator[Node]:
            called = module.file_name
            what = f"{what} ({called if len(called) <= MAX_NAMED else called[:MAX_NAMED] + '…'})" if called else what
            yield from self.string(module.name_rva, f"{what} > name", module.offset + name)
            if module.cv_rva:
                shape = _CODEVIEW.get(bytes(self.source.some(module.cv_rva, 4)))
                yield from self.node(module.cv_rva, module.cv_size, CODEVIEW, f"{what} > CodeView record", shape, module.offset + record)
            if module.misc_rva:
                yield from self.node(module.misc_rva, module.misc_size, CODEVIEW, f"{what} > IMAGE_DEBUG_MISC", IMAGE_DEBUG_MISC, module.offset + old)

        leads = (
            Lead(COUNTED, name, alike=False),
            Lead(SIZED, record, 4, MINIDUMP_MODULE.offset_of("CvRecord.DataSize"), False),
            Lead(SIZED, old, 4, MINIDUMP_MODULE.offset_of("MiscRecord.DataSize"), False),
        )
        return self.listed(items, path, "module", MINIDUMP_MODULE, self._header_of(stream), leads, follow)

    def _module_list(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._modules(self.dump.modules, stream, path)

    def _host_module_list(self, stream: Stream, path: str) -> Iterator[Node]:
        return self._modules(self.dump.host_modules, stream, path)

    def _memory_list(self, stream: Stream, path: str) -> Iterator[Node]:
        from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR

        pointer = MINIDUMP_MEMORY_DESCRIPTOR.offset_of("Memory.Rva")

        def follow(item: Any, what: str) -> Iterator[Node]:
            if item.rva:
                yield from self.node(item.rva, item.size, MEMORY, f"{what} > memory at 0x{item.start:x}", None, item.offset + pointer)

        leads = (Lead(SIZED, pointer, 4, MINIDUMP_MEMORY_DESCRIPTOR.offset_of("Memory.DataSize"), False),)
        return self.listed(self.dump.memory_list, path, "range", MINIDUMP_MEMORY_DESCRIPTOR, self._header_of(stream), leads, follow)

    def _memory64_list(self, stream: Stream, path: str) -> Iterator[Node]:
        from ..format.header import MINIDUMP_MEMORY_DESCRIPTOR64

        base = stream.rva + 8

        def follow(item: Any, what: str) -> Iterator[Node]:
            return self.node(item.rva, item.size, MEMORY, f"{what} > memory at 0x{item.start:x}", None, base)

        return self.listed(self.dump.memory64_list, path, "range", MINIDUMP_MEMORY_DESCRIPTOR64, self._header_of(stream), (), follow)

    def _exception(self, stream: Stream, path: str) -> Iterator[Node]:
        yield from self.node(stream.rva, stream.size, RECORD, f"{path} > record", exception_shape(self.dump))
        exception = self.dump.exception
        if not isinstance(exception, Absent) and exception.context_rva:
            pointer = stream.rva + MINIDUMP_EXCEPTION_STREAM.offset_of("ThreadContext.Rva")
            shape = self._context(exception.context_rva, exception.context_size)
            yield from self.node(exception.context_rva, exception.context_size, CONTEXT, f"{path} > context", shape, pointer)

    def _system(self, stream: Stream, path: str) -> Iterator[Node]:
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
            yield from self.node(wine.offset, end or 20, BLOB, f"{path} > Wine's marker: build and host", WINE_SYSTEM_INFO)

    def _handle_data(self, stream: Stream, path: str) -> Iterator[Node]:
        handles = self.dump.handles
        structure = MINIDUMP_HANDLE_DESCRIPTOR_2 if handles.extended else MINIDUMP_HANDLE_DESCRIPTOR
        type_name = structure.offset_of("TypeNameRva")
        object_name = structure.offset_of("ObjectNameRva")
        info = MINIDUMP_HANDLE_DESCRIPTOR_2.offset_of("ObjectInfoRva")

        def follow(handle: Any, what: str) -> Iterator[Node]:
            what = f"{what} (handle 0x{handle.handle:x})"
            yield from self.string(handle.type_rva, f"{what} > type name", handle.offset + type_name)
            yield from self.string(handle.name_rva, f"{what} > object name", handle.offset + object_name)
            if handle.object_info_rva:
                pointer = handle.offset + info
                blocks, _ = handles.object_info(handle.object_info_rva)
                for block in blocks:
                    size = MINIDUMP_HANDLE_OBJECT_INFORMATION.size + block.size
                    yield from self.node(block.offset, size, OBJECT, f"{what} > object information {block.type}", MINIDUMP_HANDLE_OBJECT_INFORMATION, pointer)
                    pointer = block.offset

        leads = [Lead(COUNTED, type_name), Lead(COUNTED, object_name)]
        if handles.extended:
            leads.append(Lead(CHAINED, info))
        return self.listed(handles, path, "descriptor", structure, self._header_of(stream), leads, follow)

    def _function_tables(self, stream: Stream, path: str) -> Iterator[Node]:
        functions = self.dump.functions
        end = stream.rva + min(functions.span.header_size or stream.size, stream.size)
        yield from self.node(stream.rva, end - stream.rva, RECORD, f"{path} > header", self._header_of(stream))
        entry = RUNTIME_FUNCTIONS.get(functions.entry_size)
        for table in functions:
            what = f"{path} > table {table.index}"
            if table.offset > end:
                yield from self.node(end, table.offset - end, RECORD, f"{path} > padding before table {table.index}")
            yield from self.node(table.offset, functions.descriptor_size, RECORD, what, MINIDUMP_FUNCTION_TABLE_DESCRIPTOR)
            yield from self.node(table.native_offset, table.native_size, RECORD, f"{what} > native descriptor")
            rows = Rows(table.first, table.entry_size, table.held)

            def function(number: int, table: Any = table, what: str = what) -> Iterator[Node]:
                return self.node(table.first + number * table.entry_size, table.entry_size, RECORD, f"{what} > function {number}", entry)

            if self.wanted.gather is not None and table.held:
                self.wanted.gather(Listed(rows, function))
            else:
                for number in range(table.held) if self.wanted.pick is None or not table.held else self.wanted.pick(rows):
                    yield from function(number)
            end = table.first + table.held * table.entry_size
        if functions and end < stream.end:
            last = functions[len(functions) - 1]
            pad = MINIDUMP_FUNCTION_TABLE_DESCRIPTOR.offset_of("SizeOfAlignPad")
            size = int.from_bytes(self.source.some(last.offset + pad, 4), "little")
            if last.held == last.entry_count:
                yield from self.node(end, min(size, stream.end - end), RECORD, f"{path} > padding behind table {last.index}")

    def _unloaded_modules(self, stream: Stream, path: str) -> Iterator[Node]:
        name = MINIDUMP_UNLOADED_MODULE.offset_of("ModuleNameRva")

        def follow(module: Any, what: str) -> Iterator[Node]:
            return self.string(module.name_rva, f"{what} > name", module.offset + name)

        items = self.dump.unloaded_modules
        return self.listed(items, path, "unloaded module", MINIDUMP_UNLOADED_MODULE, self._header_of(stream), (Lead(COUNTED, name),), follow)

    def _records(self, stream: Stream, path: str) -> Iterator[Node]:
        """A list of records that lead nowhere."""
        from ..format.catalogue import structure

        kind = STREAMS[stream.type]
        return self.listed(getattr(self.dump, kind.reader), path, kind.record, structure(kind.structure), self._header_of(stream))

    def _thread_names(self, stream: Stream, path: str) -> Iterator[Node]:
        name = MINIDUMP_THREAD_NAME.offset_of("RvaOfThreadName")

        def follow(entry: Any, what: str) -> Iterator[Node]:
            return self.string(entry.name_rva, f"{what} (thread {entry.tid:x}) > text", entry.offset + name)

        return self.listed(self.dump.thread_names, path, "name", MINIDUMP_THREAD_NAME, self._header_of(stream), (Lead(COUNTED, name, 8),), follow)

    def _tokens(self, stream: Stream, path: str) -> Iterator[Node]:
        tokens = self.dump.tokens
        yield from self.node(stream.rva, min(stream.size, max(tokens.header_size, 16)), RECORD, f"{path} > header", self._header_of(stream))
        for token in tokens:
            if self.wanted.only is None or self.wanted.only == token.index:
                size = min(token.size, max(0, stream.end - token.offset))
                yield from self._token(token.offset, size, tokens.element_header_size, f"{path} > token {token.index}")

    def _token(self, offset: int, size: int, head: int, path: str) -> Iterator[Node]:
        """A token: its head, which ends in a table of parts, then the parts, each named, with what lies between them."""
        head = min(max(head, 16), size)
        yield from self.node(offset, size, RECORD, path, TOKEN_PARTS, None, False)
        yield from self.node(offset, head, RECORD, f"{path} > head", TOKEN_PARTS)
        parts: List[Tuple[int, int, str, int]] = []
        for field in TOKEN_PARTS.fields[1:]:
            if field.offset + 8 <= head:
                place = offset + field.offset
                data = self.source.some(place, 8)
                start, length = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
                if length and head <= start < size:
                    parts.append((start, min(length, size - start), field.name, place))
        end = head
        for start, length, name, place in sorted(parts):
            if start > end:
                yield from self.node(offset + end, start - end, RECORD, f"{path} > between its parts")
            if name == "Privileges" and length >= 4:
                yield from self._privileges(offset + start, length, f"{path} > {name}", place)
            elif name in ("User", "Groups", "PrimaryGroup", "RestrictedSids"):
                yield from self._sids(offset + start, length, f"{path} > {name}", place, name)
            else:
                yield from self.node(offset + start, length, RECORD, f"{path} > {name}", TOKEN_STATISTICS if name == "Statistics" else None, place)
            end = max(end, start + length)
        if end < size:
            yield from self.node(offset + end, size - end, RECORD, f"{path} > behind its parts")

    def _privileges(self, offset: int, size: int, path: str, pointer: int) -> Iterator[Node]:
        """A count and pairs of LUID and attributes."""
        from ..format.tokens import PRIVILEGES

        step = LUID_AND_ATTRIBUTES.size
        count = min(int.from_bytes(self.source.some(offset, 4), "little"), (size - 4) // step)
        yield from self.node(offset, 4, RECORD, f"{path} > count", None, pointer)
        for index in range(count):
            place = offset + 4 + index * step
            name = PRIVILEGES.get(int.from_bytes(self.source.some(place, 8), "little"), ("",))[0]
            what = f"{path} > privilege {index}" + (f" ({name})" if name else "")
            yield from self.node(place, step, RECORD, what, LUID_AND_ATTRIBUTES)
        if 4 + count * step < size:
            yield from self.node(offset + 4 + count * step, size - 4 - count * step, RECORD, f"{path} > rest")

    def _sids(self, offset: int, size: int, path: str, pointer: int, part: str) -> Iterator[Node]:
        """Offsets and attributes, then the SIDs that they lead to. ``part`` is the field of TOKEN_PARTS that leads to them."""
        from ..dump.streams.tokens import sid_text

        data = self.source.some(offset, min(size, 1 << 16))
        if part == "PrimaryGroup":
            places = [4]  # the number in front is not its offset
        elif part == "User":
            places = [int.from_bytes(data[:4], "little")]
        else:
            count = min(int.from_bytes(data[:4], "little"), max(0, len(data) - 4) // 8)
            places = [int.from_bytes(data[4 + 8 * index : 8 + 8 * index], "little") for index in range(count)]
        end = 0
        for index, start in enumerate(sorted(set(places))):
            text = sid_text(data[start : start + 68])
            if start < max(4, end) or not text:
                continue
            yield from self.node(offset + end, start - end, RECORD, f"{path} > " + ("between SIDs" if end else "table"), None, None if end else pointer)
            length = 8 + 4 * data[start + 1]
            name = sid_name(text)
            yield from self.node(offset + start, length, RECORD, f"{path} > SID {index} ({text}{', ' + name if name else ''})", SID)
            end = start + length
        if end < size:
            yield from self.node(offset + end, size - end, RECORD, f"{path} > rest" if end else path, None, None if end else pointer)


_WALKS: Dict[int, Callable[[_Walker, Stream, str], Iterator[Node]]] = {
    3: _Walker._thread_list,
    4: _Walker._module_list,
    5: _Walker._memory_list,
    6: _Walker._exception,
    7: _Walker._system,
    8: _Walker._thread_ex_list,
    9: _Walker._memory64_list,
    12: _Walker._handle_data,
    13: _Walker._function_tables,
    14: _Walker._unloaded_modules,
    19: _Walker._tokens,
    24: _Walker._thread_names,
    0xFFF0: _Walker._host_module_list,
}
"""Stream types whose records lead elsewhere, or are not alike; the lists of ``RECORD_LISTS`` need no row here."""


def _again(dump: Minidump, stream: Stream) -> Minidump:
    """The same dump as it would be if ``stream`` were the only one of its type."""
    other = Minidump(dump.source)
    other.streams = dump.streams.with_only(stream)
    return other


def anatomy(dump: Minidump) -> Iterator[Node]:
    """Every structure that can be reached, stream by stream. Never raises for what a file holds; ends for every file."""
    return _Walker(dump).all()


def anatomy_listed(dump: Minidump, gather: Callable[[Listed], None]) -> Iterator[Node]:
    """The nodes of :func:`anatomy` without those of lists, which are handed to ``gather`` at their place in the order."""
    return _Walker(dump, Wanted(gather=gather)).all()


def anatomy_within(dump: Minidump, start: int, stop: int, most: Optional[int] = None) -> Iterator[Node]:
    """The nodes of :func:`anatomy` that have a byte between two offsets. Records that do not lie or lead there are not walked.

    Of the leaves ``most`` are given; nodes that hold others are all given.
    """
    walker = _Walker(dump, Wanted(pick=lambda found: found.touching(start, stop)))
    leaves = 0
    for node in walker.all():
        if node.offset < stop and node.end > start:
            if node.leaf and most is not None:
                if leaves == most:
                    continue
                leaves += 1
                walker.wanted.enough = leaves == most
            yield node


def anatomy_around(dump: Minidump, offset: int) -> Iterator[Node]:
    """Nodes of :func:`anatomy`, with the last leaf before an offset that no leaf holds, and the first one behind it, among them."""
    return _Walker(dump, Wanted(pick=lambda found: found.nearest(offset))).all()


def _occurrence(dump: Minidump, stream: Stream) -> int:
    """The how manieth of its type a stream is, from 1 on."""
    return 1 + sum(1 for other in dump.streams.all(stream.type) if other.index < stream.index)


def stream_anatomy(dump: Minidump, index: int, record: Optional[int] = None) -> Iterator[Node]:
    """A stream and what can be reached from it; with ``record``, only that one of its records and what it leads to."""
    stream = dump.streams[index]
    return _Walker(dump, Wanted(record)).stream(stream, _occurrence(dump, stream))


def leaf_at(dump: Minidump, index: int, offset: int) -> Optional[Node]:
    """The first leaf of a stream's anatomy that holds an offset."""
    stream = dump.streams[index]
    walker = _Walker(dump, Wanted(pick=lambda found: found.touching(offset, offset + 1)))
    return next((node for node in walker.stream(stream, _occurrence(dump, stream)) if node.leaf and node.offset <= offset < node.end), None)


def string_node(dump: Minidump, rva: int, what: str) -> Optional[Node]:
    """The MINIDUMP_STRING at an offset, as if an RVA led there; None when there is no room for one."""
    return next(_Walker(dump).string(rva, what, 0), None)

"""The object that people hold: a dump, opened. Header and directory at once, everything else when first asked for."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Callable, Iterator, List, Optional, Protocol, Tuple, TypeVar, Union

from ..format.counted import counted
from ..format.streams import (
    STREAMS,
    ExceptionStream,
    MiscInfoStream,
    ProcessVmCountersStream,
    SystemInfoStream,
    SystemMemoryInfoStream,
    ThreadExListStream,
    ThreadListStream,
    kMinidumpStreamTypeCrashpadInfo,
)
from .absence import NOT_ASKED, NOT_THERE, Absent, Damage
from .directory import Directory, Header, Stream, header_damage, read_directory, read_header
from .named import source_at
from .source import Openable, Source
from .strings import StringTable

if TYPE_CHECKING:
    from ..format.faults import Fault
    from .contexts import Registers
    from .lists import Span
    from .origin import Writer
    from .process import Process
    from .streams.breakpad import Breakpad
    from .streams.counters import Counters
    from .streams.crashpad import CrashpadInfo
    from .streams.exception import ExceptionInfo
    from .streams.functions import FunctionTableList
    from .streams.handles import HandleList, HandleOperationList
    from .streams.memory import Memory, Memory64List, MemoryList, RegionList
    from .streams.misc import MiscInfo
    from .streams.modules import ModuleList, UnloadedModuleList
    from .streams.system import SystemInfo
    from .streams.threads import Thread, ThreadInfoList, ThreadList, ThreadNameList
    from .streams.tokens import TokenList
    from .streams.vendor import Mozilla, UserStream, WineInfo


class Listed(Protocol):
    """A list of a dump, as far as it is chosen among several."""

    @property
    def span(self) -> Span:
        """Where its records lie."""


_List = TypeVar("_List", bound=Listed)


class Minidump:
    """A user-mode minidump.

    >>> with Minidump.open("app.dmp") as dump:            # doctest: +SKIP
    ...     for handle in dump.handles:
    ...         print(hex(handle.handle), handle.type, handle.name)

    Lists (``handles``, ``threads``, ``modules``, …) are sequences; one that is missing is empty and says why in ``absence``.
    Single things (``exception``, ``system``, ``misc``) are :class:`~dumpscope.dump.absence.Absent` when missing, which is false.
    ``header`` and ``streams``, the directory, are read when the dump is opened; ``source`` gives bytes of the file by offset,
    ``strings`` its texts by RVA.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.header: Header = read_header(source)
        self.streams: Directory = read_directory(source, self.header)
        self.strings = StringTable(source)

    @classmethod
    def open(cls, thing: Openable) -> Minidump:
        """Open a dump: a path, bytes, or an open binary file. A user dump of the old format becomes a minidump with full memory.

        Raises :class:`~dumpscope.errors.DumpError` when it cannot be opened or is not a user-mode minidump.
        """
        source = source_at(thing) if isinstance(thing, (str, os.PathLike)) else Source.from_object(thing)
        try:
            if source.fault is not None:
                raise source.fault
            if source.some(0, 4) == b"USER":
                from .userdump import UserDump, is_user_dump

                if is_user_dump(source.some(0, 8)):
                    return cls(UserDump(source).as_minidump())
            return cls(source)
        except BaseException:
            source.close()
            raise

    def close(self) -> None:
        """Let go of the file, and of the files that were opened because of it."""
        self.source.close()

    def __enter__(self) -> Minidump:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Minidump {self.path!r}: {counted(len(self.streams), 'stream')}, flags 0x{self.header.flags:x}>"

    @property
    def path(self) -> str:
        """Where the dump was opened from."""
        return self.source.name

    @property
    def size(self) -> int:
        """Size of the file in bytes."""
        return self.source.size

    # -- streams -------------------------------------------------------------------------------------------------------

    def stream(self, kind: int) -> Optional[Stream]:
        """The first stream of a type, which is the one the debugger uses, or None."""
        return self.streams.first(kind)

    def stream_bytes(self, stream: Stream) -> bytes:
        """The bytes of a stream, as far as the file holds them."""
        return self.source.some(stream.rva, stream.size)

    def absent(self, kind: int, what: str = "", flag: Optional[int] = None) -> Optional[Absent]:
        """None if the directory has a stream of this type; otherwise why there is nothing to read.

        ``what`` is missing where the stream is, and ``flag`` asks for it: both are known for the types that the package knows.
        """
        if self.stream(kind) is not None:
            return None
        known = STREAMS.get(kind)
        what = what or (known.words if known is not None else "") or f"stream of type {kind}"
        if self.source.made_of:
            return Absent(NOT_THERE, f"no {what}: {self.source.made_of} has none")
        if flag is None:
            flag = known.flag if known is not None else 0
        if flag and not self._flags_count:
            # Most other writers leave the flags at 0, or copy those of a request that they do not read.
            who = "its writer, which is not known," if self.writer.name == "unknown" else self.writer.name
            return Absent(
                NOT_THERE, f"no {what}: the file holds no such stream; the header's flags (0x{self.header.flags:x}) do not say what {who} was asked for"
            )
        if flag and not self.header.flags & flag:
            return Absent(NOT_ASKED, f"no {what}: the header's flags (0x{self.header.flags:x}) do not ask for them")
        if flag and not (known is not None and known.needs):
            return Absent(NOT_THERE, f"no {what}: the flags (0x{self.header.flags:x}) ask for them, the file holds no such stream")
        return Absent(NOT_THERE, f"no {what}: the file holds no such stream")

    @cached_property
    def _flags_count(self) -> bool:
        from .origin import flags_count  # who wrote the file, which answers without an absence do without

        return flags_count(self)

    def _pick(self, kind: int, make: Callable[[Optional[Stream], Optional[Absent]], _List]) -> _List:
        """The list of a type. Of several streams the first that is consistent counts, as for the debugger; of none, the first."""
        first = make(self.stream(kind), self.absent(kind))
        if not first.span.refused:
            return first
        others = (make(stream, None) for stream in self.streams.all(kind)[1:])
        return next((other for other in others if not other.span.refused), first)

    # -- lists -----------------------------------------------------------------------------------------------------------

    @cached_property
    def threads(self) -> ThreadList:
        """ThreadListStream, or ThreadExListStream where that is what the file has."""
        from .streams.threads import ThreadList

        kind = ThreadListStream if self.stream(ThreadListStream) is not None or self.stream(ThreadExListStream) is None else ThreadExListStream
        return self._pick(kind, lambda stream, absence: ThreadList(self.source, stream, absence, extended=kind == ThreadExListStream))

    @cached_property
    def thread_infos(self) -> ThreadInfoList:
        """ThreadInfoListStream: times, start address, affinity, and what the writer failed at."""
        from .streams.threads import ThreadInfoList

        return self._pick(17, lambda stream, absence: ThreadInfoList(self.source, stream, absence))

    @cached_property
    def thread_names(self) -> ThreadNameList:
        """ThreadNamesStream."""
        from .streams.threads import ThreadNameList

        return self._pick(24, lambda stream, absence: ThreadNameList(self.source, stream, self.strings, absence))

    @cached_property
    def modules(self) -> ModuleList:
        """ModuleListStream."""
        from .streams.modules import ModuleList

        return self._pick(4, lambda stream, absence: ModuleList(self.source, stream, self.strings, absence, self.pointer_size))

    @cached_property
    def host_modules(self) -> ModuleList:
        """Wine's second module list: the ELF modules of the host."""
        from .streams.modules import ModuleList

        return self._pick(0xFFF0, lambda stream, absence: ModuleList(self.source, stream, self.strings, absence, self.pointer_size))

    @cached_property
    def unloaded_modules(self) -> UnloadedModuleList:
        """UnloadedModuleListStream."""
        from .streams.modules import UnloadedModuleList

        return self._pick(14, lambda stream, absence: UnloadedModuleList(self.source, stream, self.strings, absence))

    @cached_property
    def handles(self) -> HandleList:
        """HandleDataStream."""
        from .streams.handles import HandleList

        return self._pick(12, lambda stream, absence: HandleList(self.source, stream, self.strings, absence))

    @cached_property
    def handle_operations(self) -> HandleOperationList:
        """HandleOperationListStream."""
        from .streams.handles import HandleOperationList

        return self._pick(18, lambda stream, absence: HandleOperationList(self.source, stream, absence))

    @cached_property
    def memory_list(self) -> MemoryList:
        """MemoryListStream, as it stands in the file."""
        from .streams.memory import MemoryList

        return self._pick(5, lambda stream, absence: MemoryList(self.source, stream, absence))

    @cached_property
    def memory64_list(self) -> Memory64List:
        """Memory64ListStream, as it stands in the file."""
        from .streams.memory import Memory64List

        return self._pick(9, lambda stream, absence: Memory64List(self.source, stream, absence))

    @cached_property
    def memory(self) -> Memory:
        """All captured memory as one sorted view: ``memory.read(address, size)``."""
        from .streams.memory import Memory

        return Memory(self.source, self.memory_list, self.memory64_list)

    @cached_property
    def regions(self) -> RegionList:
        """MemoryInfoListStream."""
        from .streams.memory import RegionList

        return self._pick(16, lambda stream, absence: RegionList(self.source, stream, absence))

    @cached_property
    def tokens(self) -> TokenList:
        """TokenStream."""
        from .streams.tokens import TokenList

        return self._pick(19, lambda stream, absence: TokenList(self.source, stream, absence))

    @cached_property
    def functions(self) -> FunctionTableList:
        """FunctionTableStream: unwind tables of code made at run time."""
        from .streams.functions import FunctionTableList

        return self._pick(13, lambda stream, absence: FunctionTableList(self.source, stream, absence))

    def symbol(self, address: int) -> str:
        """``module+0x1234``, or ``<Unloaded_plugin.dll>+0x1234`` where a module was before it was unloaded; else an empty string."""
        return self.modules.symbol(address) or self.unloaded_modules.symbol(address, self.pointer_size)

    # -- single things ---------------------------------------------------------------------------------------------------

    @cached_property
    def system(self) -> Union[SystemInfo, Absent]:
        """SystemInfoStream."""
        from .streams.system import read_system

        return read_system(self.source, self.stream(SystemInfoStream), self.strings)

    @cached_property
    def misc(self) -> Union[MiscInfo, Absent]:
        """MiscInfoStream."""
        from .streams.misc import read_misc

        return read_misc(self.source, self.stream(MiscInfoStream))

    @cached_property
    def exception(self) -> Union[ExceptionInfo, Absent]:
        """ExceptionStream."""
        from .streams.exception import read_exception

        return read_exception(self.source, self.stream(ExceptionStream))

    @cached_property
    def fault(self) -> Union[Fault, Absent]:
        """The exception in words, where the process ran on another system than Windows: a signal, a Mach exception.

        Absent (not-applicable) for a process of Windows and for a dump without SystemInfoStream, whose codes are those of Windows.
        """
        from .streams.exception import read_fault

        return read_fault(self.exception, self.system, self.stream(kMinidumpStreamTypeCrashpadInfo) is not None)

    @cached_property
    def system_memory(self) -> Union[Counters, Absent]:
        """SystemMemoryInfoStream: counters of the machine."""
        from .streams.counters import read_system_memory

        return read_system_memory(self.source, self.stream(SystemMemoryInfoStream))

    @cached_property
    def vm_counters(self) -> Union[Counters, Absent]:
        """ProcessVmCountersStream: memory counters of the process."""
        from .streams.counters import read_vm_counters

        return read_vm_counters(self.source, self.stream(ProcessVmCountersStream))

    @cached_property
    def annotations(self) -> Union[CrashpadInfo, Absent]:
        """Crashpad's stream: ids and annotations."""
        from .streams.crashpad import read_crashpad

        return read_crashpad(self)

    @cached_property
    def breakpad(self) -> Breakpad:
        """Breakpad's streams; false when there are none."""
        from .streams.breakpad import Breakpad

        return Breakpad(self)

    @cached_property
    def mozilla(self) -> Mozilla:
        """Mozilla's streams; false when there are none."""
        from .streams.vendor import Mozilla

        return Mozilla(self)

    @cached_property
    def wine(self) -> Union[WineInfo, Absent]:
        """Wine's marker behind SystemInfo."""
        from .streams.vendor import read_wine

        return read_wine(self)

    @cached_property
    def user_streams(self) -> List[UserStream]:
        """Streams outside Microsoft's range that nobody but their writer can decode."""
        from .streams.vendor import user_streams

        return user_streams(self)

    @cached_property
    def comments(self) -> List[str]:
        """Text of CommentStreamA and CommentStreamW, in that order, as the debugger prints them."""
        from .streams.comments import read_comments

        return read_comments(self)

    @cached_property
    def writer(self) -> Writer:
        """Who wrote the dump, with the evidence."""
        from .origin import identify_writer

        return identify_writer(self)

    @cached_property
    def process(self) -> Process:
        """What the captured PEB, TEBs and process parameters say."""
        from .process import Process

        return Process(self)

    def registers(self, thread: Union[Thread, ExceptionInfo]) -> Union[Registers, Absent]:
        """The registers of a thread, or those of the exception."""
        return self._register_reader(thread.context_rva, thread.context_size)

    @cached_property
    def _register_reader(self) -> Callable[[int, int], Union[Registers, Absent]]:
        """What reads registers at an offset. Made once, not once for each thread."""
        from .contexts import register_reader

        return register_reader(self)

    @property
    def pointer_size(self) -> int:
        """4 or 8: the size of a pointer in the dumped process's native machine. 8 when the file does not say."""
        system = self.system
        return 8 if isinstance(system, Absent) else system.pointer_size

    # -- damage ----------------------------------------------------------------------------------------------------------

    @property
    def damage(self) -> Tuple[Damage, ...]:
        """What is wrong with header, directory and every stream as a whole. Walks no list; see :meth:`check`."""
        from .check import structural_damage

        return tuple(structural_damage(self))

    def check(self) -> Iterator[Damage]:
        """Everything that is wrong, strings and records included. Walks every list once."""
        from .check import all_damage

        return all_damage(self)

    def header_damage(self) -> Iterator[Damage]:
        """What is wrong with the header and the directory."""
        yield from header_damage(self.header)
        if self.streams.damage is not None:
            yield self.streams.damage

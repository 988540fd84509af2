"""What rules look at: the file, the dump as the tolerant reader sees it, and the debugger's view beside it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Collection, Dict, List, Optional, Set, Tuple

from ..dump.absence import Absent, Damage
from ..dump.check import record_damage
from ..dump.directory import Header, Stream
from ..dump.identify import FileKind, kind_of
from ..dump.minidump import Minidump
from ..dump.origin import Writer, flags_count
from ..dump.source import Source
from ..errors import DumpError
from ..format.counted import counted
from ..format.flags import MINIDUMP_TYPE_BITS
from ..format.header import MINIDUMP_HEADER
from ..format.memory import MEM_COMMIT, MEM_PRIVATE
from ..format.streams import STREAMS
from .evidence import Base, Moved, Proof, Size

if TYPE_CHECKING:
    from ..dump.streams.modules import Module
    from ..dump.streams.threads import Thread
    from .engine.view import EngineView  # loaded when asked for: most commands need no model of the engine

FLAGS_OFFSET = MINIDUMP_HEADER.offset_of("Flags")
VERSION_OFFSET = MINIDUMP_HEADER.offset_of("Version")
CHECKSUM_OFFSET = MINIDUMP_HEADER.offset_of("CheckSum")
DEEP_LIMIT = 200_000
"""Records up to which each one is looked at for an audit."""
MAX_LOOK = 20_000
"""Threads, modules or regions looked at for one answer."""


class Facts:
    """Facts about one file, each found when first asked for.

    ``opened`` is None where the file is not a readable minidump; ``error`` says why then.
    """

    def __init__(self, source: Source, opened: Optional[Minidump] = None, error: Optional[DumpError] = None) -> None:
        self.source = source
        self.opened = opened
        self.error = error
        self._threads: List[Thread] = []
        self._modules: List[Module] = []

    @classmethod
    def of(cls, source: Source) -> Facts:
        """Facts about a file that may or may not be a minidump. Never raises."""
        try:
            return cls(source, Minidump(source))
        except DumpError as error:
            return cls(source, None, error)

    @property
    def dump(self) -> Minidump:
        """The dump. Only rules with ``needs_dump`` may ask, and they run only where there is one."""
        assert self.opened is not None
        return self.opened

    @cached_property
    def engine(self) -> EngineView:
        """What Microsoft's engine accepts of this file and answers on it."""
        from .engine.view import EngineView

        return EngineView(self.source)

    @cached_property
    def directory_unreadable(self) -> bool:
        """Whether nothing can be concluded from a stream that is not in the directory.

        The directory is not, or not wholly, in the file, lies in the header, has no entry, is all zero, or is none at all.
        """
        if self.opened is None:
            return False
        streams = self.dump.streams
        if streams.damage is not None or streams.rva < MINIDUMP_HEADER.size or self.moved_directory is not None:
            return True
        return not any(stream.type for stream in streams) or self.directory_garbled

    @cached_property
    def directory_garbled(self) -> bool:
        """Whether what stands where the directory should be is none: no entry that is in use has a type that is known, and data in the file."""
        used = [stream for stream in self.dump.streams if stream.type]
        return bool(used) and not any(stream.name != "???" and self.source.available(stream.rva, 1) for stream in used)

    @cached_property
    def right_base(self) -> Optional[Base]:
        """The right BaseRva, where the file's is wrong."""
        from .repair import right_base

        return right_base(self)

    @cached_property
    def right_size(self) -> Optional[Size]:
        """The right size of Memory64ListStream, where the directory's is wrong."""
        from .repair import right_size

        return right_size(self)

    @cached_property
    def moved_directory(self) -> Optional[Moved]:
        """Where the directory stands, when its RVA has lost its upper bits."""
        from .repair import moved_directory

        return moved_directory(self)

    @property
    def header(self) -> Header:
        """The header."""
        return self.dump.header

    @property
    def flags(self) -> int:
        """The header's flags."""
        return self.dump.header.flags

    def asked(self, bit: int) -> bool:
        """Whether the header's flags have a bit."""
        return bool(self.dump.header.flags & bit)

    def stream(self, kind: int) -> Optional[Stream]:
        """The first stream of a type."""
        return self.dump.stream(kind)

    @cached_property
    def damage(self) -> Tuple[Damage, ...]:
        """What is wrong with the file: record by record, unless there are so many that only lists as a whole are looked at."""
        dump = self.dump
        records = len(dump.handles) + len(dump.threads) + len(dump.modules) + len(dump.memory_list)
        return tuple(dump.check()) if records <= DEEP_LIMIT else dump.damage

    @cached_property
    def record_damage(self) -> Tuple[Damage, ...]:
        """As :attr:`damage`, without what is wrong with other streams as a whole and with memory."""
        dump = self.dump
        records = len(dump.handles) + len(dump.threads) + len(dump.modules) + len(dump.memory_list)
        return tuple(record_damage(dump)) if records <= DEEP_LIMIT else dump.damage

    @cached_property
    def writer(self) -> Writer:
        """Who wrote the dump."""
        return self.dump.writer

    @cached_property
    def flags_count(self) -> bool:
        """Whether the header's flags tell what was asked for: the writer is one of Microsoft's, by the library's name or by Version."""
        return flags_count(self.dump)

    def has(self, address: int, size: int = 1) -> bool:
        """Whether bytes of the process are in the file."""
        return self.dump.memory.captured(address, size) >= size

    @cached_property
    def is_64(self) -> bool:
        """Whether the dump's native machine has pointers of 8 bytes."""
        return self.dump.pointer_size == 8

    @cached_property
    def has_exception(self) -> bool:
        """Whether there is an exception record."""
        return not isinstance(self.dump.exception, Absent)

    def threads(self, limit: int = 100_000) -> List[Thread]:
        """The threads, at most ``limit`` of them: decoded once."""
        if len(self._threads) < min(limit, len(self.dump.threads)):
            self._threads = list(self.dump.threads.walk(0, limit))
        return self._threads[:limit]

    def modules(self, limit: int) -> List[Module]:
        """The modules, at most ``limit`` of them: decoded once."""
        if len(self._modules) < min(limit, len(self.dump.modules)):
            self._modules = list(self.dump.modules.walk(0, limit))
        return self._modules[:limit]

    @cached_property
    def _by_file_name(self) -> Dict[str, Module]:
        """The first module of each file name, in lower case, of the first MAX_LOOK; in the order of the list."""
        found: Dict[str, Module] = {}
        for module in self.modules(MAX_LOOK):
            found.setdefault(module.file_name.lower(), module)
        return found

    def named(self, names: Collection[str], limit: int) -> Optional[Module]:
        """The first module, of the first ``limit``, whose file name is one of these, which are in lower case."""
        known = self._by_file_name
        if known.keys().isdisjoint(names):
            return None
        module = next(module for name, module in known.items() if name in names)
        return module if module.index < limit else None

    @cached_property
    def instruction_pointers(self) -> Set[int]:
        """Where the threads, of the first MAX_LOOK, and the exception stood."""
        dump = self.dump
        found = [dump.registers(thread) for thread in self.threads(MAX_LOOK)]
        if not isinstance(dump.exception, Absent):
            found.append(dump.registers(dump.exception))
        return {registers.ip for registers in found if not isinstance(registers, Absent)}

    @cached_property
    def kind(self) -> FileKind:
        """What the file is, by its beginning."""
        return kind_of(self.source)

    @cached_property
    def private_regions(self) -> Dict[int, Tuple[List[int], List[int]]]:
        """By Protect the committed private regions, of the first MAX_LOOK: where they begin, and their sizes."""
        found: Dict[int, Tuple[List[int], List[int]]] = {}
        for protect, base, size in self.dump.regions._stretches(MEM_COMMIT, MEM_PRIVATE, MAX_LOOK):
            if protect not in found:
                found[protect] = [], []
            bases, sizes = found[protect]
            bases.append(base)
            sizes.append(size)
        return found

    # -- evidence that many rules share ----------------------------------------------------------------------------------

    def flags_proof(self, bit: int, name: str = "") -> Proof:
        """The header's flags, and whether a bit is set in them; ``name`` for a bit that MINIDUMP_TYPE does not have."""
        known = MINIDUMP_TYPE_BITS.get(bit)
        name = name or (known.name if known else "")
        state = "set" if self.asked(bit) else "not set"
        return Proof("header Flags", f"0x{self.flags:x}: 0x{bit:x} {name} is {state}", FLAGS_OFFSET)

    def version_proof(self) -> Proof:
        """The high word of the header's Version, which tells Microsoft's writers from others."""
        high = self.header.implementation
        words = "" if high else ": zeroed by the program that called the writer" if self.writer.is_microsoft else ": not one of Microsoft's writers"
        return Proof("header Version, high word", f"0x{high:04x}{words}", VERSION_OFFSET + 2)

    def directory_proof(self, kind: int, name: str = "") -> Proof:
        """That the directory has no entry of a type, or where the first one is; ``name`` for a type that has no row in STREAMS."""
        row = STREAMS.get(kind)
        name = name or (row.name if row else "")
        stream = self.stream(kind)
        if stream is None:
            return Proof("directory", f"{counted(len(self.dump.streams), 'entry')}, none of type {kind} ({name})", self.header.directory_rva)
        return Proof(f"directory entry {stream.index}", f"type {kind} ({name}), size 0x{stream.size:x}, RVA 0x{stream.rva:x}", stream.offset)

    def writer_proof(self) -> Proof:
        """The best evidence for who wrote the dump."""
        for item in self.writer.evidence:
            return Proof(f"writer: {item.what}", item.value, item.offset)
        return Proof("writer", self.writer.name, None)

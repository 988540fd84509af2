"""The strict view of a dump: what Microsoft's engine accepts of it and answers on it.

:class:`~dumpscope.dump.minidump.Minidump` decodes what can be decoded. This reads the same bytes by the engine's own rules, with
its checks, its HRESULTs and its words, and never through the tolerant lists: the difference between the two is what ``why``
explains. Observed: dbgeng 10.0.15063; docs/engine-differences.md lists where the two are known to differ.
"""

from __future__ import annotations

from functools import cached_property
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

from ...dump.source import Source
from ...dump.streams.system import AMD64
from ...format.contexts import CONTEXT_AMD64, CS_32_BIT
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.misc import MINIDUMP_MISC_INFO, MINIDUMP_MISC_INFO_5
from ...format.processors import MACHINES
from ...format.streams import ExceptionStream, HandleOperationListStream, MiscInfoStream, SystemInfoStream
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.teb import TEB32, TEB64
from ..dumpdebug.preamble import FLAG_XSTATE, XSTATE_AVX, XSTATE_SIZE
from .answers import E_FAIL, E_NOINTERFACE, E_UNEXPECTED, S_OK, CommandAnswer, ExceptionAnswer, HandlesAnswer, Opening, RegionsAnswer, ThreadAnswer
from .event import NO_THREAD, SYNTHETIC, WITHOUT_CONTEXTS, event_text
from .handles import HandleRow, Handles
from .memory import SHARED_DATA, EngineMemory, Region
from .opening import Opened, open_dump
from .streams import Entry, Streams, Taken
from .strict import NARROW
from .threads import ThreadRow, Threads

INTERRUPT_TIME = 8
"""Where the shared user data have the time since the machine started: without its bytes there is no system uptime."""
UNKNOWN_PROCESS = 0xF0F0F0F0
EVENT_EXCEPTION = 2
TIMED = frozenset(number for number, machine in MACHINES.items() if machine.shared_data)
"""ProcessorArchitecture values whose page of shared user data the engine can read."""
PEB_OFFSETS = {narrow: teb.offset_of("ProcessEnvironmentBlock") for narrow, teb in ((True, TEB32), (False, TEB64))}
"""Where a TEB has the PEB's address, in machines of 32 and of 64 bits."""

_EXCEPTION = MINIDUMP_EXCEPTION_STREAM.select(
    "ThreadId",
    "ExceptionRecord.ExceptionCode",
    "ExceptionRecord.ExceptionFlags",
    "ExceptionRecord.ExceptionAddress",
    "ExceptionRecord.NumberParameters",
    "ExceptionRecord.ExceptionInformation",
    "ThreadContext.DataSize",
    "ThreadContext.Rva",
)
_MISC = MINIDUMP_MISC_INFO.select("Flags1", "ProcessId", "ProcessCreateTime")
_XSTATE = MINIDUMP_MISC_INFO_5.select("XStateData.SizeOfInfo", "XStateData.ContextSize", "XStateData.EnabledFeatures")


class Stored(NamedTuple):
    """The exception stream as the engine reads it."""

    thread_id: int
    code: int
    flags: int
    address: int
    parameter_count: int
    parameters: Tuple[int, ...]
    context_size: int
    context_rva: int


class LastEvent(NamedTuple):
    """GetLastEventInformation: type 2 is an exception, 0 none; ``thread`` is the engine's index, 0xFFFFFFFF for none."""

    hresult: int
    type: int
    thread: int
    code: Optional[int]
    text: str


class Pointer(NamedTuple):
    """An address that the engine has looked for."""

    hresult: int
    value: int


class Times(NamedTuple):
    """Up times. ``hresult`` is GetCurrentProcessUpTime's, in seconds in ``process``; the others: whether ``.time`` shows them."""

    hresult: int
    process: int
    shown: bool
    system: bool


class EngineView:
    """What the engine does with one file. Every answer is found when first asked for; nothing in a file makes one raise."""

    def __init__(self, source: Source) -> None:
        self.source = source

    # -- opening ---------------------------------------------------------------------------------------------------------

    @cached_property
    def opened(self) -> Opened:
        """OpenDumpFile, with the lines that it prints."""
        return open_dump(self.source)

    @property
    def opening(self) -> Opening:
        """OpenDumpFile and WaitForEvent."""
        return self.opened.opening

    @property
    def opening_lines(self) -> Tuple[str, ...]:
        """What the debugger prints while it opens the file."""
        return tuple(self.opened.lines)

    @cached_property
    def accepted(self) -> Optional[Streams]:
        """The directory of a user-mode minidump that opens; None for every other file."""
        return self.opened.streams if self.opened.opening.ok else None

    @cached_property
    def has_process(self) -> bool:
        """Whether there is a process after opening: whether the file opened and the first event came."""
        return self.accepted is not None and self.opening.wait_hresult == S_OK

    @property
    def _failure(self) -> int:
        return self.opening.hresult if not self.opening.ok else E_UNEXPECTED

    @cached_property
    def streams(self) -> Tuple[Entry, ...]:
        """The directory's entries with what the engine does with each; empty where it does not come to them."""
        return () if self.opened.streams is None else tuple(self.opened.streams.walk())

    def stream(self, kind: int) -> Optional[Taken]:
        """The stream that the engine uses of a type; type 3 stands for both kinds of thread list."""
        return None if self.opened.streams is None else self.opened.streams.taken(kind)

    @property
    def full(self) -> bool:
        """Whether the engine takes the dump for one with full memory."""
        return self.opened.captured is not None and self.opened.captured.full

    @property
    def machine(self) -> int:
        """ProcessorArchitecture."""
        return self.opened.machine

    @property
    def narrow(self) -> bool:
        """Whether the engine takes the machine for one of 32 bits."""
        return self.machine in NARROW

    @cached_property
    def effective_x86(self) -> bool:
        """Whether the session begins with x86 as its effective machine, in a dump of AMD64 (observed: dbgeng 10.0.15063).

        That is so where the current thread was stopped in 32-bit code (cs is 0x23) and its TEB can be read: the first word, and the
        TLS slots 2 and 10. Slot 10 is 0, or points to something that can be read.
        """
        row, streams, memory = self.current, self.opened.streams, self.memory
        if self.machine != AMD64 or row is None or streams is None or memory is None or not row.context_rva or self.thread_context_line:
            return False
        if streams.view.u16(row.context_rva + CONTEXT_AMD64.offset_of("SegCs")) != CS_32_BIT or not self.current_teb.value:
            return False
        slots = self.current_teb.value + TEB64.offset_of("TlsSlots")
        found = [memory.read_pointer(at, 8) for at in (self.current_teb.value, slots + 2 * 8, slots + 10 * 8)]
        if any(hresult != S_OK for hresult, _ in found):
            return False
        return not found[2][1] or memory.read_pointer(found[2][1], 8)[0] == S_OK

    # -- handles ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _handles(self) -> Optional[Handles]:
        return Handles(self.accepted) if self.accepted is not None and self.has_process else None

    @property
    def handles(self) -> HandlesAnswer:
        """ReadHandleData(HANDLE_COUNT)."""
        return self._handles.answer if self._handles is not None else HandlesAnswer(self._failure, 0)

    def handle_rows(self) -> Iterator[HandleRow]:
        """What ReadHandleData gives for every handle value."""
        if self._handles is not None:
            yield from self._handles.rows()

    def handle_information(self, handle: int, data_type: int) -> Tuple[int, int, int]:
        """HRESULT, file offset and size of object information (data types 6 to 8 and 11 to 15)."""
        if self._handles is None:
            return self._failure, 0, 0
        return self._handles.information(handle, data_type)

    @cached_property
    def handle_operations(self) -> Tuple[int, int]:
        """ReadHandleData(ALL_HANDLE_OPERATIONS): HRESULT and how many, the call behind ``!htrace``."""
        if not self.has_process:
            return self._failure, 0
        taken = self.stream(HandleOperationListStream)
        return (E_NOINTERFACE, 0) if taken is None or not taken.number else (S_OK, taken.number)

    # -- threads ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _threads(self) -> Optional[Threads]:
        return Threads(self.accepted) if self.accepted is not None and self.has_process else None

    def thread_rows(self) -> Iterator[ThreadRow]:
        """The threads as the engine has them."""
        if self._threads is not None:
            yield from self._threads.walk()

    @cached_property
    def threads(self) -> Tuple[ThreadAnswer, ...]:
        """THREAD_BASIC_INFORMATION and TEB of every thread."""
        threads = self._threads
        return () if threads is None else tuple(threads.answer(row) for row in threads.walk())

    @cached_property
    def current(self) -> Optional[ThreadRow]:
        """The current thread after opening: the exception's, the first one without an exception, none if that is not in the list."""
        threads = self._threads
        if threads is None:
            return None
        stored = self.stored
        if stored is not None:
            return threads.by_id(stored.thread_id)
        return next(threads.walk(), None)

    @cached_property
    def current_teb(self) -> Pointer:
        """The TEB of the current thread."""
        if self._threads is None or self.current is None:
            return Pointer(self._failure, 0)
        return Pointer(*self._threads.teb(self.current))

    # -- memory ----------------------------------------------------------------------------------------------------------

    @cached_property
    def memory(self) -> Optional[EngineMemory]:
        """ReadVirtual and QueryVirtual; None when there is no process."""
        if not self.has_process or self.accepted is None or self.opened.captured is None:
            return None
        return EngineMemory(self.accepted, self.opened.captured)

    def read_virtual(self, address: int) -> int:
        """HRESULT of reading at an address."""
        return self._failure if self.memory is None else self.memory.read_virtual(address)

    def query_virtual(self, address: int) -> Tuple[int, Optional[Region]]:
        """QueryVirtual: HRESULT and region."""
        return (self._failure, None) if self.memory is None else self.memory.query(address)

    def region_rows(self) -> Iterator[Region]:
        """QueryVirtual from address 0 on, region by region."""
        if self.memory is not None:
            for region, _ in self.memory.rows():
                yield region

    @cached_property
    def regions(self) -> RegionsAnswer:
        """The walk through the address space."""
        return RegionsAnswer(self._failure, self._failure, 0, 0) if self.memory is None else self.memory.regions()

    # -- event -----------------------------------------------------------------------------------------------------------

    @cached_property
    def stored(self) -> Optional[Stored]:
        """The exception stream that the engine uses."""
        taken = self.stream(ExceptionStream)
        if taken is None or self.opened.streams is None:
            return None
        tid, code, flags, address, count, *rest = _EXCEPTION.unpack(self.opened.streams.view.read(taken.rva, _EXCEPTION.size))
        return Stored(tid, code, flags, address, count, tuple(rest[:-2]), rest[-2], rest[-1])

    @cached_property
    def exception(self) -> ExceptionAnswer:
        """GetStoredEventInformation: whether the file has an exception that the engine uses, and which."""
        if not self.has_process:
            return ExceptionAnswer(self._failure, None, None)
        stored = self.stored
        if stored is None:
            return ExceptionAnswer(E_NOINTERFACE, None, None)
        if self.machine in WITHOUT_CONTEXTS or (self.exception_context_line is not None and not self._thread_has_context):
            return ExceptionAnswer(E_FAIL, stored.code, stored.thread_id)
        return ExceptionAnswer(S_OK, stored.code, stored.thread_id)

    @cached_property
    def exception_context_line(self) -> Optional[str]:
        """None where the exception has registers of its own in the file; else the engine's line about them, often empty."""
        stored, streams = self.stored, self.opened.streams
        if stored is None or streams is None or not stored.context_rva:
            return ""
        return streams.view.misplaced("Exception context", stored.context_rva, MACHINES[self.machine].context).rstrip("\n") or None

    @cached_property
    def thread_context_line(self) -> str:
        """The engine's line about the current thread's registers when they are not in the file; empty when they are."""
        row, streams = self.current, self.opened.streams
        if row is None or streams is None or not row.context_rva:
            return ""
        size = self.extended_context
        if size is not None and size != row.context_size:
            return f"Failed validating the extended context size for the thread {row.tid:x}: "
        return streams.view.misplaced("Thread context data", row.context_rva, size or MACHINES[self.machine].context).rstrip("\n")

    @property
    def _thread_has_context(self) -> bool:
        return self.current is not None and not self.thread_context_line

    @cached_property
    def last_event(self) -> LastEvent:
        """GetLastEventInformation: the stored exception, or the breakpoint that the engine makes up."""
        if self.accepted is None:
            return LastEvent(self._failure, 0, NO_THREAD, None, "")
        if not self.has_process:
            return LastEvent(S_OK, 0, NO_THREAD, None, "")
        stored = self.stored
        thread = NO_THREAD if self.current is None else self.current.index
        if stored is None:
            return LastEvent(S_OK, EVENT_EXCEPTION, thread, SYNTHETIC, event_text(SYNTHETIC))
        parameters = stored.parameters[: min(stored.parameter_count, len(stored.parameters))]
        return LastEvent(S_OK, EVENT_EXCEPTION, thread, stored.code, event_text(stored.code, parameters))

    # -- process ---------------------------------------------------------------------------------------------------------

    @cached_property
    def misc(self) -> Tuple[int, int, int]:
        taken = self.stream(MiscInfoStream)
        if taken is None or self.opened.streams is None:
            return 0, 0, 0
        flags, process, created = _MISC.unpack(self.opened.streams.view.read(taken.rva, _MISC.size))
        return flags, process, created

    @cached_property
    def process_id(self) -> int:
        """The process's id, 0xF0F0F0F0 where the file does not say it."""
        flags, process, _ = self.misc
        return process if flags & 1 and process else UNKNOWN_PROCESS

    @cached_property
    def peb(self) -> Pointer:
        """GetCurrentProcessPeb, which reads the TEB of the current thread."""
        if self.memory is None or self.current is None:
            return Pointer(self._failure, 0)
        if self.current_teb.hresult != S_OK:
            return Pointer(self.current_teb.hresult, 0)
        return Pointer(*self.memory.read_pointer(self.current_teb.value + PEB_OFFSETS[self.narrow], 4 if self.narrow else 8))

    @cached_property
    def times(self) -> Times:
        """What ``.time`` shows."""
        if self.accepted is None:
            return Times(self._failure, 0, False, False)
        flags, _, created = self.misc
        uptime = self.accepted.header.timestamp - created & 0xFFFFFFFF
        shown = bool(flags & 2) and uptime != 0
        system = self.machine in TIMED and self.opened.captured is not None and len(self.opened.captured.held(SHARED_DATA + INTERRUPT_TIME, 8)) == 8
        if not self.has_process:
            return Times(self._failure, 0, shown, system)
        if not shown:
            return Times(E_NOINTERFACE, 0, shown, system)
        return Times(S_OK, uptime, shown, system)

    @cached_property
    def extended_context(self) -> Optional[int]:
        """The size that every thread's registers must have where the dump has extended state, None elsewhere."""
        streams, misc = self.opened.streams, self.stream(MiscInfoStream)
        machine = MACHINES.get(self.machine)
        if streams is None or misc is None or machine is None or not machine.extended:
            return None
        if not streams.header.flags & FLAG_XSTATE or misc.size < MINIDUMP_MISC_INFO_5.size:
            return None
        size, context, features = _XSTATE.unpack(streams.view.read(misc.rva, _XSTATE.size))
        return int(context) if size >= XSTATE_SIZE and features & XSTATE_AVX else None

    @property
    def build_number(self) -> int:
        """BuildNumber of the system."""
        system = self.stream(SystemInfoStream)
        if system is None or self.opened.streams is None:
            return 0
        return self.opened.streams.view.u32(system.rva + MINIDUMP_SYSTEM_INFO.offset_of("BuildNumber"))

    # -- commands --------------------------------------------------------------------------------------------------------

    @cached_property
    def commands(self) -> Dict[str, CommandAnswer]:
        """What each debugger command will do, by command."""
        from .commands import command_answers

        return command_answers(self)

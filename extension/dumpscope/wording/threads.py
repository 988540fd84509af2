"""Threads as words: what can be said of each of them, and why it cannot."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from ..dump.absence import DAMAGED, NOT_THERE, Absent
from ..dump.contexts import Registers, ip_sp
from ..dump.minidump import Minidump
from ..dump.streams.threads import Thread, ThreadInfo
from ..dump.structures import Teb
from ..format.threads import INVALID_INFO, SUSPEND_COUNT_UNKNOWN, THREAD_INFO_FLAGS
from ..view.kinds import address_kind, address_text, filetime_text

KEPT = 512
"""Threads whose entry and registers are kept: a table is drawn column by column, some hundreds of rows at a time."""


def signed(value: int) -> int:
    """A 32-bit number as the signed one that it stands for."""
    return value - (1 << 32) if value >= 1 << 31 else value


def sort_date(value: int) -> str:
    """A file time without the zone, for a column whose title names it."""
    return filetime_text(value).replace(" (UTC)", "")


class ThreadView:
    """What can be said of each thread, made when it is asked for; entries and registers of the last threads are kept."""

    def __init__(self, dump: Minidump) -> None:
        self.dump = dump
        self.kind = address_kind(dump.pointer_size)
        self._infos = dump.thread_infos
        self._names = dump.thread_names
        self._refused: Optional[Absent] = None
        if self._infos.span.refused and len(self._infos):
            reason = self._infos.damage[0].message if self._infos.damage else "its sizes disagree"
            self._refused = Absent(DAMAGED, f"the debugger does not accept this list ({reason})")
        self._entries: Dict[int, Optional[ThreadInfo]] = {}
        self._pointers: Dict[int, Union[Tuple[int, int], Absent]] = {}
        self._symbols: Dict[int, str] = {}
        self._files: Dict[int, str] = {}
        exception = dump.exception
        self.exception_tid = None if isinstance(exception, Absent) else exception.thread_id

    def entry(self, thread: Thread) -> Optional[ThreadInfo]:
        """The entry of ThreadInfoList for this thread as it stands in the file."""
        if thread.index not in self._entries:
            if len(self._entries) >= KEPT:
                self._entries.clear()
            self._entries[thread.index] = self._infos.find(thread.tid)
        return self._entries[thread.index]

    def text_info(self, thread: Thread) -> Union[ThreadInfo, Absent]:
        """The entry of ThreadInfoList for this thread, even of a list that the debugger refuses."""
        found = self.entry(thread)
        if found is None:
            return self._no_entry(thread)
        if found.dump_flags & INVALID_INFO:
            return Absent(NOT_THERE, "the writer could not read them and marked the entry as invalid (MINIDUMP_THREAD_INFO_INVALID_INFO)")
        return found

    def info(self, thread: Thread) -> Union[ThreadInfo, Absent]:
        """The same, as the debugger has it."""
        return self.text_info(thread) if self._refused is None else self._refused

    def member(self, name: str, *, strict: bool = True) -> Callable[[Thread], Any]:
        """A maker of one member of ThreadInfo."""
        source = self.info if strict else self.text_info

        def get(thread: Thread) -> Any:
            info = source(thread)
            return info if isinstance(info, Absent) else getattr(info, name)

        return get

    def dump_flags(self, thread: Thread) -> Union[List[str], Absent]:
        """Names of DumpFlags; an entry with invalid times has them too."""
        found = None if self._refused is not None else self.entry(thread)
        return self.info_absence(thread) if found is None else THREAD_INFO_FLAGS.labels(found.dump_flags)

    def dump_error(self, thread: Thread) -> Union[int, Absent]:
        """HRESULT of what went wrong with the thread."""
        found = None if self._refused is not None else self.entry(thread)
        return self.info_absence(thread) if found is None else found.dump_error

    def info_absence(self, thread: Thread) -> Absent:
        """Why there is no entry at all."""
        return self._no_entry(thread) if self._refused is None else self._refused

    def _no_entry(self, thread: Thread) -> Absent:
        if self._infos.absence is not None:
            return self._infos.absence
        return Absent(NOT_THERE, f"ThreadInfoListStream has no entry for thread {thread.tid:x}")

    def salvaged(self, thread: Thread) -> Optional[Dict[str, Any]]:
        """What can be read of a list that the debugger refuses."""
        found = self.entry(thread) if self._refused is not None else None
        return None if found is None else {name: value for name, value in found._asdict().items() if name != "tid"}

    def name(self, thread: Thread) -> Union[str, Absent]:
        """SetThreadDescription's text."""
        name = self._names.get(thread.tid)
        if name:
            return name
        return Absent(NOT_THERE, "the thread has no name") if self._names.absence is None else self._names.absence

    def registers(self, thread: Thread) -> Union[Registers, Absent]:
        """The thread's registers."""
        return self.dump.registers(thread)

    def pointers(self, thread: Thread) -> Union[Tuple[int, int], Absent]:
        """Instruction and stack pointer."""
        if thread.index not in self._pointers:
            if len(self._pointers) >= KEPT:
                self._pointers.clear()
            self._pointers[thread.index] = ip_sp(self.dump, thread.context_rva, thread.context_size)
        return self._pointers[thread.index]

    def ip(self, thread: Thread) -> Union[int, Absent]:
        """The instruction pointer."""
        found = self.pointers(thread)
        return found if isinstance(found, Absent) else found[0]

    def sp(self, thread: Thread) -> Union[int, Absent]:
        """The stack pointer."""
        found = self.pointers(thread)
        return found if isinstance(found, Absent) else found[1]

    def symbol(self, address: Union[int, Absent]) -> str:
        """``module+0x1234``, or an empty string."""
        if isinstance(address, Absent):
            return ""
        found = self._symbols.get(address)
        if found is None:
            found = self.dump.symbol(address)
            if len(self._symbols) < 4096:
                self._symbols[address] = found
        return found

    def module_file(self, address: Union[int, Absent]) -> str:
        """The file's name of the module that an address lies in."""
        if isinstance(address, Absent):
            return ""
        found = self._files.get(address)
        if found is None:
            found = self.dump.modules.file_at(address)
            if len(self._files) < 4096:
                self._files[address] = found
        return found

    def place(self, address: Union[int, Absent]) -> Union[str, Absent]:
        """``module+0x1234``, or the address itself."""
        if isinstance(address, Absent):
            return address
        return self.symbol(address) or address_text(address, self.dump.pointer_size)

    def at(self, thread: Thread) -> Union[str, Absent]:
        """Where the thread stands."""
        return self.place(self.ip(thread))

    def start(self, thread: Thread) -> Union[str, Absent]:
        """Where the thread began."""
        address = self.member("start_address", strict=False)(thread)
        return Absent(NOT_THERE, "the start address is 0") if address == 0 else self.place(address)

    def stack_captured(self, thread: Thread) -> int:
        """How many bytes of the stack range are in the file."""
        size = thread.stack_size
        if not size:
            return 0
        if thread.stack_rva:
            held = self.dump.source.available(thread.stack_rva, size)
            if held >= size:
                return size
        return self.dump.memory.captured(thread.stack_start, size)

    def stack(self, thread: Thread) -> Dict[str, Any]:
        """The stack range as plain values."""
        captured = self.stack_captured(thread)
        return {
            "start": f"0x{thread.stack_start:x}",
            "size": thread.stack_size,
            "captured": bool(thread.stack_size) and captured >= thread.stack_size,
            "captured_bytes": captured,
        }

    def last_error(self, thread: Thread) -> Union[int, Absent]:
        """LastErrorValue of the TEB."""
        teb = self.teb(thread)
        return teb if isinstance(teb, Absent) else teb.last_error

    def last_status(self, thread: Thread) -> Union[int, Absent]:
        """LastStatusValue of the TEB."""
        teb = self.teb(thread)
        return teb if isinstance(teb, Absent) else teb.last_status

    def teb(self, thread: Thread) -> Union[Teb, Absent]:
        """The TEB that the program sees: the 32-bit one of a WOW64 process."""
        process = self.dump.process
        if process.is_wow64:
            inner = process.wow64_teb(thread)
            if not isinstance(inner, Absent):
                return inner
        return process.teb(thread)

    def remarks(self, thread: Thread) -> str:
        """What is out of the ordinary with a thread, in a few words."""
        words = []
        if thread.tid == self.exception_tid:
            words.append("raised the exception")
        if thread.suspend_count == SUSPEND_COUNT_UNKNOWN:
            words.append("could not be opened")
        elif thread.suspend_count:
            words.append(f"suspended {thread.suspend_count}×")
        if signed(thread.priority):
            words.append(f"priority {signed(thread.priority)}")
        found = self.entry(thread)
        if found is not None:
            for bit in THREAD_INFO_FLAGS.split(found.dump_flags)[0]:
                words.append(_SHORT_FLAGS.get(bit, THREAD_INFO_FLAGS.labels(bit)[0]))
            if found.exit_time and not found.dump_flags & INVALID_INFO:
                words.append(f"exited with 0x{found.exit_status:x}")
        if not thread.teb:
            words.append("no TEB")
        return "; ".join(words)


_SHORT_FLAGS = {
    0x01: "access failed while dumping",
    0x02: "wrote this dump",
    0x04: "exited while dumping",
    0x08: "times invalid",
    0x10: "no registers",
    0x20: "TEB not captured",
}

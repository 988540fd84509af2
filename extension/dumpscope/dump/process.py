"""The process itself: what its TEBs, its PEB and what hangs on them say, as far as their memory was captured."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Callable, Dict, NamedTuple, Optional, Union

from ..format.teb import (
    KUSER_SHARED_DATA_ADDRESS,
    PROCESS_LAYOUTS,
    WOW64_TEB32_AFTER_TEB64,
    ProcessLayout,
)
from .absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, NOT_THERE, Absent
from .allowance import Allowance
from .streams.threads import Thread
from .structures import Block, Number, Parameters, Peb, SharedData, Teb, Text

if TYPE_CHECKING:
    from .minidump import Minidump

MAX_LOADED_MODULES = 10000
_TRIED = 64
"""Threads whose TEB is asked for the PEB's address before giving up."""


class LoadedModule(NamedTuple):
    """One LDR_DATA_TABLE_ENTRY: what the loader itself knew of a module. ``address`` is the entry's own."""

    base: int
    entry_point: int
    size: int
    path: Text
    name: Text
    flags: int
    load_count: int
    tls_index: int
    timestamp: int
    address: int


class LoaderList(list[LoadedModule]):
    """The modules in load order. ``incomplete`` says why the list ends before it comes back to its head; None if it does."""

    incomplete: Optional[Absent] = None


class Process:
    """What the captured memory says of the process. Every value is Absent with a reason where it is not there."""

    def __init__(self, dump: Minidump) -> None:
        self._dump = dump
        self._layout = PROCESS_LAYOUTS[dump.pointer_size]

    def _misc(self, name: str) -> Number:
        misc = self._dump.misc
        return misc if isinstance(misc, Absent) else misc.number(name)

    @property
    def pid(self) -> Number:
        """Process id: from MiscInfo, or else from a captured TEB, or else from Linux's /proc/PID/status."""
        found = self._misc("ProcessId")
        if isinstance(found, Absent):
            teb = self._any_teb
            other = teb if isinstance(teb, Absent) else teb.process_id
            return (self._linux_pid() or found) if isinstance(other, Absent) else other
        return found

    def _linux_pid(self) -> Optional[int]:
        status = self._dump.breakpad.file("status")
        line = re.search(rb"^Pid:\s*(\d{1,10})$", status.data, re.MULTILINE) if status is not None else None
        return int(line.group(1)) if line else None

    @property
    def create_time(self) -> Number:
        """When it was started: seconds since 1970 UTC."""
        return self._misc("ProcessCreateTime")

    @property
    def user_time(self) -> Number:
        """Seconds in user mode."""
        return self._misc("ProcessUserTime")

    @property
    def kernel_time(self) -> Number:
        """Seconds in kernel mode."""
        return self._misc("ProcessKernelTime")

    # -- threads ---------------------------------------------------------------------------------------------------------

    def _foreign(self) -> Optional[Absent]:
        system = self._dump.system
        if not isinstance(system, Absent) and not system.is_windows:
            return Absent(NOT_APPLICABLE, f"TEB and PEB exist on Windows only, this is a process of {system.os_name.split(' (')[0]}")
        return None

    def teb(self, thread: Thread) -> Union[Teb, Absent]:
        """The TEB of a thread, of the machine's own width."""
        foreign = self._foreign()
        if foreign is not None:
            return foreign
        if not thread.teb:
            return Absent(NOT_THERE, f"thread 0x{thread.tid:x} has no TEB address: the writer failed on it, or does not know TEBs")
        if self._dump.memory.locate(thread.teb) is None:
            return Absent(NOT_CAPTURED, f"the TEB of thread 0x{thread.tid:x} at 0x{thread.teb:x} is not in the dump")
        return Teb(self._dump.memory, self._layout, thread.teb)

    def wow64_teb(self, thread: Thread) -> Union[Teb, Absent]:
        """The 32-bit TEB of a thread of a WOW64 process: the first place of three whose block names itself."""
        if self._dump.pointer_size != 8:
            return Absent(NOT_APPLICABLE, "32-bit TEBs beside the native ones exist only in 64-bit dumps of 32-bit processes")
        outer = self.teb(thread)
        if isinstance(outer, Absent):
            return outer
        memory = self._dump.memory
        distance = outer.number("WowTebOffset")
        places = [
            outer.address + distance if isinstance(distance, int) and distance else 0,
            outer.exception_list,
            outer.address + WOW64_TEB32_AFTER_TEB64,
        ]
        for place in places:
            if isinstance(place, int) and 0 < place < 1 << 32:
                inner = Teb(memory, PROCESS_LAYOUTS[4], place)
                if inner.is_genuine:
                    return inner
        if not self.is_wow64:
            return Absent(NOT_APPLICABLE, f"thread 0x{thread.tid:x} has no 32-bit TEB: the process is not a WOW64 one")
        return Absent(NOT_CAPTURED, f"the 32-bit TEB of thread 0x{thread.tid:x} is not in the dump")

    @cached_property
    def is_wow64(self) -> bool:
        """Whether this is a 64-bit dump of a 32-bit process: wow64.dll is loaded."""
        if self._dump.pointer_size != 8:
            return False
        return any(module.file_name.lower() == "wow64.dll" for module in self._dump.modules)

    @cached_property
    def _any_teb(self) -> Union[Teb, Absent]:
        return self._first(self.teb, "TEB")

    @cached_property
    def _any_wow64_teb(self) -> Union[Teb, Absent]:
        return self._first(self.wow64_teb, "32-bit TEB")

    def _first(self, reader: Callable[[Thread], Union[Teb, Absent]], what: str) -> Union[Teb, Absent]:
        reason: Optional[Absent] = None
        for thread in self._dump.threads.walk(0, _TRIED):
            found = reader(thread)
            if isinstance(found, Teb):
                return found
            if reason is None or reason.kind == NOT_THERE:
                reason = found
        if reason is not None:
            return reason
        absence = self._dump.threads.absence
        return Absent(NOT_THERE, f"no thread that could have a {what}") if absence is None else absence

    # -- the process's own structures --------------------------------------------------------------------------------------

    def _peb_of(self, teb: Union[Teb, Absent], layout: ProcessLayout) -> Union[Peb, Absent]:
        address = teb if isinstance(teb, Absent) else teb.peb
        if isinstance(address, Absent):
            return Absent(address.kind, f"the PEB's address is not known: {address.message}")
        if not address:
            return Absent(DAMAGED, "the TEB names no PEB")
        if self._dump.memory.locate(address) is None:
            return Absent(NOT_CAPTURED, f"the PEB at 0x{address:x} is not in the dump")
        return Peb(self._dump.memory, layout, address)

    @cached_property
    def peb(self) -> Union[Peb, Absent]:
        """The PEB of the machine's own width."""
        return self._peb_of(self._any_teb, self._layout)

    @cached_property
    def wow64_peb(self) -> Union[Peb, Absent]:
        """The 32-bit PEB of a WOW64 process."""
        return self._peb_of(self._any_wow64_teb, PROCESS_LAYOUTS[4])

    def _parameters_of(self, peb: Union[Peb, Absent]) -> Union[Parameters, Absent]:
        address = peb if isinstance(peb, Absent) else peb.parameters
        if isinstance(peb, Absent) or isinstance(address, Absent):
            return address if isinstance(address, Absent) else Absent(DAMAGED, "no PEB")
        if not address:
            return Absent(NOT_THERE, "the PEB names no process parameters: the process was just starting")
        if self._dump.memory.locate(address) is None:
            return Absent(NOT_CAPTURED, f"the process parameters at 0x{address:x} are not in the dump")
        return Parameters(self._dump.memory, PROCESS_LAYOUTS[peb.pointer_size], address)

    @cached_property
    def parameters(self) -> Union[Parameters, Absent]:
        """The process parameters; those of the 32-bit side where the 64-bit ones were not captured."""
        found = self._parameters_of(self.peb)
        if isinstance(found, Absent) and self.is_wow64:
            other = self._parameters_of(self.wow64_peb)
            return found if isinstance(other, Absent) else other
        return found

    @property
    def command_line(self) -> Text:
        """The command line."""
        found = self.parameters
        return found if isinstance(found, Absent) else found.command_line

    @property
    def image_path(self) -> Text:
        """Path of the program."""
        found = self.parameters
        return found if isinstance(found, Absent) else found.image_path

    @property
    def current_directory(self) -> Text:
        """The current directory."""
        found = self.parameters
        return found if isinstance(found, Absent) else found.current_directory

    @property
    def window_title(self) -> Text:
        """Title of the first window."""
        found = self.parameters
        return found if isinstance(found, Absent) else found.window_title

    @cached_property
    def environment(self) -> Union[Dict[str, str], Absent]:
        """The environment variables."""
        found = self.parameters
        return found if isinstance(found, Absent) else found.environment

    @cached_property
    def loaded_modules(self) -> Union[LoaderList, Absent]:
        """The loader's own list of modules."""
        return self._loaded(self.peb)

    @cached_property
    def wow64_loaded_modules(self) -> Union[LoaderList, Absent]:
        """The 32-bit loader's list of a WOW64 process."""
        return self._loaded(self.wow64_peb)

    def _loaded(self, peb: Union[Peb, Absent]) -> Union[LoaderList, Absent]:
        address = peb if isinstance(peb, Absent) else peb.ldr
        if isinstance(peb, Absent) or isinstance(address, Absent):
            return address if isinstance(address, Absent) else Absent(DAMAGED, "no PEB")
        if not address:
            return Absent(NOT_THERE, "the PEB names no loader data: the process was just starting")
        memory, layout = self._dump.memory, PROCESS_LAYOUTS[peb.pointer_size]
        head = Block(memory, layout.loader, address, peb.pointer_size)
        link = head.number("InLoadOrderModuleList.Flink")
        if isinstance(link, Absent):
            return link
        end = head.place("InLoadOrderModuleList")
        found = LoaderList()
        allowance = Allowance(self._dump.size)
        seen = {end}
        while link not in seen:
            if len(found) >= MAX_LOADED_MODULES:
                found.incomplete = Absent(DAMAGED, f"the loader's list has more than {MAX_LOADED_MODULES} entries")
                return found
            seen.add(link)
            entry = Block(memory, layout.entry, link, peb.pointer_size)
            following = entry.number("InLoadOrderLinks.Flink")
            module = _loaded_module(entry)
            if isinstance(following, Absent) or isinstance(module, Absent):
                found.incomplete = following if isinstance(following, Absent) else module if isinstance(module, Absent) else None
                return found if found or found.incomplete is None else found.incomplete
            if not allowance.take(_text_size(module)):
                message = f"texts of the loader's list lie over each other: with the entry at 0x{link:x} they are more than twice the file's bytes"
                found.incomplete = Absent(DAMAGED, message)
                return found
            found.append(module)
            link = following
        if link != end:
            found.incomplete = Absent(DAMAGED, f"the loader's list comes back to 0x{link:x}, which is not its head")
        return found

    # -- the machine -------------------------------------------------------------------------------------------------------

    @cached_property
    def shared_data(self) -> Union[SharedData, Absent]:
        """KUSER_SHARED_DATA."""
        foreign = self._foreign()
        if foreign is not None:
            return foreign
        if self._dump.memory.locate(KUSER_SHARED_DATA_ADDRESS) is None:
            return Absent(NOT_CAPTURED, f"KUSER_SHARED_DATA at 0x{KUSER_SHARED_DATA_ADDRESS:x} is not in the dump")
        return SharedData(self._dump.memory)

    @property
    def system_uptime(self) -> Number:
        """Time since the machine started, in 100 ns."""
        found = self.shared_data
        return found if isinstance(found, Absent) else found.uptime


def _loaded_module(entry: Block) -> Union[LoadedModule, Absent]:
    """One entry of the loader's list; its strings may be absent, its numbers may not."""
    numbers = []
    for path in ("DllBase", "EntryPoint", "SizeOfImage", "Flags", "ObsoleteLoadCount", "TlsIndex", "TimeDateStamp"):
        value = entry.number(path)
        if isinstance(value, Absent):
            return value
        numbers.append(value)
    base, start, size, flags, count, tls, stamp = numbers
    return LoadedModule(base, start, size, entry.text("FullDllName"), entry.text("BaseDllName"), flags, count, tls, stamp, entry.address)


def _text_size(module: LoadedModule) -> int:
    """Bytes that an entry's texts take in the process."""
    return sum(2 * len(text) for text in (module.path, module.name) if isinstance(text, str))


__all__ = ["MAX_LOADED_MODULES", "LoadedModule", "LoaderList", "Parameters", "Peb", "Process", "SharedData", "Teb"]

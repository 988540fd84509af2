"""What each debugger command will do on a dump: works, works in part, or fails, with what it prints then, and why.

Built-in commands as observed on dbgeng 10.0.15063. Extension commands (those with an exclamation mark) are judged by the engine's
answers that they ask for; their messages are the ones that users see.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from ...dump.streams.system import AMD64
from ...format.contexts import CONTEXT_LAYOUTS
from ...format.counted import by_count, counted
from ...format.flags import MiniDumpWithPrivateReadWriteMemory
from ...format.modules import MINIDUMP_MODULE
from ...format.streams import MemoryInfoListStream, ModuleListStream, ThreadInfoListStream, TokenStream
from ...format.teb import PEB32, PEB64, TEB32, TEB64
from ...format.tokens import MINIDUMP_TOKEN_INFO_LIST
from ..plan import NEEDS
from .answers import E_FAIL, E_NOINTERFACE, E_UNEXPECTED, EFFECTIVE_X86, FAILS, FILE_CORRUPT, MEMORY_ABSENT, PARTIAL, S_OK, WORKS, CommandAnswer
from .event import NO_THREAD, SYNTHETIC, WITHOUT_CONTEXTS, event_text
from .opening import error_words
from .threads import DEFAULT_TEB

if TYPE_CHECKING:
    from .view import EngineView

COMMAND_ERROR = 0x80040205
"""What Execute returns for a command that the debugger refuses."""

NO_CURRENT = "WARNING: The debugger does not have a current process or thread\nWARNING: Many commands will not work"

DATA_SEGMENTS = 0x1
INDIRECT = 0x40
PROCESS_DATA = 0x100
CODE_SEGMENTS = 0x2000
RUNTIMES = ("coreclr.dll", "clr.dll", "mscorwks.dll", "libcoreclr.so", "libcoreclr.dylib")
OTHER_SIDE = ("wow64.dll", "wow64cpu.dll")
MOST_LOOKED_AT = 4097
"""Modules whose names are looked at."""

_LAST_ERROR = {True: TEB32.offset_of("LastErrorValue"), False: TEB64.offset_of("LastErrorValue")}
_LOADER = {True: PEB32.offset_of("Ldr"), False: PEB64.offset_of("Ldr")}
_TLS = {True: TEB32.offset_of("TlsSlots"), False: TEB64.offset_of("TlsSlots")}
"""Offsets by whether the machine has 32 bits."""


class Verdict(NamedTuple):
    """A command's answer but for its name."""

    outcome: str
    hresult: int = S_OK
    message: str = ""
    why: str = ""


GOOD = Verdict(WORKS)
_TOKENS = (MINIDUMP_TOKEN_INFO_LIST.offset_of("TokenListEntries"), 4)


def extension_error(command: str, hresult: int, text: str) -> str:
    """How an extension command reports that a request has failed."""
    return f'ERROR: {command.split()[0]}: extension exception 0x{hresult:08x}.\n    "{text}"'


class Commands:
    """The commands on one dump that opens."""

    def __init__(self, view: EngineView) -> None:
        self.view = view

    # -- what several commands ask ---------------------------------------------------------------------------------------

    def no_thread(self, command: str, kind: str = "thread") -> Optional[Verdict]:
        """The refusal of commands that need a current thread; None when there is one."""
        return None if self.view.current is not None else self.refused(command, kind)

    def refused(self, command: str, kind: str = "thread") -> Verdict:
        """The refusal of a command where there is no current thread."""
        if not self.view.has_process:
            why = "the debugger has no thread: the file holds no thread list that it accepts"
        else:
            stored = self.view.stored
            tid = 0 if stored is None else stored.thread_id
            why = f"the debugger has no current thread: the exception's thread {tid:x} is not in the thread list"
        return Verdict(FAILS, COMMAND_ERROR, f"{NO_CURRENT}\n^ Illegal {kind} error in '{command}'", why)

    def stack_pointer(self, rva: int) -> Optional[int]:
        """The stack pointer in the context at a place in the file."""
        layouts = CONTEXT_LAYOUTS.get(self.view.machine)
        streams = self.view.opened.streams
        if not layouts or streams is None or not rva:
            return None
        leaf = layouts[0].structure.leaf(layouts[0].sp.path)
        return streams.view.number(rva, (leaf.offset, leaf.field.size))

    def teb_refusal(self, command: str, offset: int, what: str) -> Optional[Verdict]:
        """Why a command cannot read the TEB of the current thread."""
        refused = self.no_thread(command)
        if refused is not None:
            return refused
        teb = self.view.current_teb.value
        hresult = self.view.read_virtual(teb + offset)
        if hresult == S_OK:
            return None
        row = self.view.current
        if row is not None and not row.teb:
            return Verdict(FAILS, hresult, what, "the thread has no TEB in the file: its Teb field is 0")
        return Verdict(FAILS, hresult, what, f"the TEB at {teb:x} is not in the dump")

    def lacks_memory_map(self, command: str) -> Verdict:
        """Verdict on commands that show the map of the address space."""
        if not self.view.has_process:
            return self._extension_without_process(command)
        if self.view.stream(MemoryInfoListStream) is not None:
            return GOOD
        why = "the dump has no map of the address space: the debugger makes regions up from the captured memory"
        message = extension_error(command, E_NOINTERFACE, "QueryVirtual failed")
        if self.view.query_virtual(0)[0] != S_OK:
            return Verdict(FAILS, E_NOINTERFACE, message, "the dump has neither a map of the address space nor memory")
        return Verdict(PARTIAL, E_NOINTERFACE, message, why)

    def _extension_without_process(self, command: str) -> Verdict:
        why = "there is no process: the file holds no thread list that the debugger accepts"
        return Verdict(FAILS, E_UNEXPECTED, NO_CURRENT, why)

    # -- threads ---------------------------------------------------------------------------------------------------------

    def tilde(self, command: str) -> Verdict:
        """``~``."""
        view = self.view
        if not view.has_process:
            return self.refused(command)
        if view.current is None:
            return Verdict(PARTIAL, S_OK, NO_CURRENT, "the threads are listed, and none of them is the current one")
        for item in view.threads:
            if item.teb_hresult != S_OK:
                why = "the debugger does not know where the threads' data are on this system"
                return Verdict(PARTIAL, S_OK, f"Unable to get thread data for thread {item.index}", why)
        for row in view.thread_rows():
            if not row.teb:
                message = f"WARNING: Teb {row.index} pointer is NULL - defaulting to {self.address(DEFAULT_TEB)}"
                return Verdict(PARTIAL, S_OK, message, f"thread {row.index} has no TEB in the file")
        return GOOD

    def tilde_star(self, command: str) -> Verdict:
        """``~*``."""
        first = self.tilde(command)
        if first.outcome == FAILS:
            return first
        lacking = [row for row in self.view.thread_rows() if row.times is None or not row.times.start]
        if not lacking:
            return first
        total = len(self.view.threads)
        if self.view.stream(ThreadInfoListStream) is None:
            why = "the dump has no thread information: no start addresses and no affinity"
        else:
            why = f"{len(lacking)} of {counted(total, 'thread')} {by_count(len(lacking), 'has', 'have')} no start address in the file"
        return Verdict(PARTIAL, S_OK, first.message, why)

    def runaway(self, command: str) -> Verdict:
        """``!runaway``."""
        if not self.view.has_process:
            return self._extension_without_process(command)
        threads = self.view.threads
        bad = [item for item in threads if item.hresult != S_OK]
        if not bad:
            return GOOD
        text = extension_error(command, E_NOINTERFACE, "Unable to get thread times - dumps may not have time information")
        if self.view.stream(ThreadInfoListStream) is None:
            why = "the dump has no thread information that the debugger accepts"
        else:
            why = f"{len(bad)} of {counted(len(threads), 'thread')} {by_count(len(bad), 'has', 'have')} no usable times in the file"
        return Verdict(FAILS if len(bad) == len(threads) else PARTIAL, E_NOINTERFACE, text, why)

    def ttime(self, command: str) -> Verdict:
        """``.ttime``."""
        refused = self.no_thread(command, "debuggee")
        if refused is not None:
            return refused
        row = self.view.current
        if row is not None and row.times is not None and row.times.timed:
            return GOOD
        return Verdict(FAILS, E_NOINTERFACE, "Thread times not available", "the file has no usable times of the current thread")

    # -- registers and stacks --------------------------------------------------------------------------------------------

    def registers(self, command: str) -> Verdict:
        """``r``."""
        refused = self.no_thread(command)
        if refused is not None:
            return refused
        line = self.view.thread_context_line
        if line:
            message = f"{line}\nGetContextState failed, 0x{FILE_CORRUPT:08x}"
            return Verdict(FAILS, FILE_CORRUPT, message, "the registers of the current thread are not in the file")
        row = self.view.current
        if row is not None and not row.context_rva:
            return Verdict(PARTIAL, S_OK, "", "the file has no registers of the current thread: all are shown as 0")
        return GOOD

    def stack(self, command: str) -> Verdict:
        """``k``."""
        verdict = self.registers(command)
        if verdict.outcome != WORKS or self.view.current is None:
            return verdict
        pointer = self.stack_pointer(self.view.current.context_rva)
        if pointer is not None and self.view.read_virtual(pointer) != S_OK:
            return Verdict(PARTIAL, MEMORY_ABSENT, "", f"the stack of the current thread at {pointer:x} is not in the dump: one frame at most")
        return GOOD

    def locals(self, command: str) -> Verdict:
        """``dv``."""
        verdict = self.stack(command)
        if verdict.outcome != WORKS:
            return verdict
        if self.view.full or self.flags & INDIRECT:
            return GOOD
        return Verdict(PARTIAL, S_OK, "", "the values are there; what they point to is not in the dump")

    # -- event -----------------------------------------------------------------------------------------------------------

    def ecxr(self, command: str) -> Verdict:
        """``.ecxr``."""
        view = self.view
        stored = view.stored
        if not view.has_process:
            return self.refused(command)
        if stored is None:
            message = f"Minidump doesn't have an exception context\nUnable to get exception context, {error_words(E_NOINTERFACE)}"
            return Verdict(FAILS, E_NOINTERFACE, message, "the dump has no exception")
        if view.current is None:
            refused = self.no_thread(command)
            return Verdict(FAILS, S_OK, NO_CURRENT, "" if refused is None else refused.why)
        line = view.exception_context_line
        if view.exception.hresult != S_OK:
            message = f"{line or ''}\nUnable to get exception context, {error_words(E_FAIL)}".lstrip("\n")
            why = "the debugger cannot show registers of this processor"
            if view.machine not in WITHOUT_CONTEXTS:
                why = "neither the exception nor its thread has registers in the file"
            return Verdict(FAILS, E_FAIL, message, why)
        if line is None and view.effective_x86:
            return Verdict(PARTIAL, S_OK, "", EFFECTIVE_X86)
        if line is None:
            return GOOD
        where = "not in the file" if line else "not stored"
        return Verdict(PARTIAL, FILE_CORRUPT if line else S_OK, line, f"the exception's own registers are {where}: those of the thread are shown")

    def exr(self, command: str) -> Verdict:
        """``.exr -1``."""
        view = self.view
        if not view.has_process:
            return Verdict(FAILS, S_OK, f"{NO_CURRENT}\nLast event was not an exception", "the debugger has no thread and no event")
        if view.stored is None:
            digits = 8 if view.narrow or view.effective_x86 else 16
            message = f"ExceptionAddress: {0:0{digits}x}\n   ExceptionCode: {SYNTHETIC:08x} (Break instruction exception)"
            return Verdict(PARTIAL, S_OK, message, "the dump has no exception: the record that is shown is made up")
        if view.current is None:
            return Verdict(PARTIAL, S_OK, NO_CURRENT, "the exception's thread is not in the thread list: the code is shown, address and parameters are not")
        return GOOD

    def last_event(self, command: str) -> Verdict:
        """``.lastevent``."""
        view = self.view
        event = view.last_event
        if not event.text:
            return Verdict(FAILS, S_OK, f"{NO_CURRENT}\nLast event: <no event>", "the debugger has no thread and no event")
        if view.stored is None:
            return Verdict(PARTIAL, S_OK, f"Last event: {self.ids}: {event_text(SYNTHETIC)}", "the dump has no exception: the event that is shown is made up")
        if event.thread == NO_THREAD:
            return Verdict(PARTIAL, S_OK, NO_CURRENT, "the exception's thread is not in the thread list")
        return GOOD

    def analyze(self, command: str) -> Verdict:
        """``!analyze``."""
        view = self.view
        if not view.has_process:
            return self._extension_without_process(command)
        if view.stored is None:
            return Verdict(PARTIAL, E_NOINTERFACE, "", "the dump has no exception: a made-up breakpoint is analysed")
        if view.current is None:
            return Verdict(PARTIAL, S_OK, NO_CURRENT, "the exception's thread is not in the thread list")
        if view.peb.hresult != S_OK:
            return Verdict(PARTIAL, view.peb.hresult, "", "exception and stacks are analysed; TEB and PEB are not in the dump")
        return GOOD

    @property
    def ids(self) -> str:
        """Process and thread as the debugger names them."""
        current = self.view.current
        return f"{self.view.process_id:x}.{0 if current is None else current.tid:x}"

    @property
    def flags(self) -> int:
        """The header's flags."""
        streams = self.view.opened.streams
        return 0 if streams is None else streams.header.flags

    # -- process ---------------------------------------------------------------------------------------------------------

    def time(self, command: str) -> Verdict:
        """``.time`` and ``vertarget``."""
        times = self.view.times
        lines: List[str] = []
        reasons: List[str] = []
        if not times.system:
            lines.append("System Uptime: not available")
            reasons.append("the page of shared user data is not in the dump")
        if not times.shown:
            lines.append("Process Uptime: not available")
            reasons.append("the file does not say when the process was started")
        if not lines:
            return GOOD
        return Verdict(PARTIAL, S_OK, "\n".join(lines), "; ".join(reasons))

    def process(self, command: str) -> Verdict:
        """``|``."""
        view = self.view
        modules = view.stream(ModuleListStream)
        if not view.has_process or modules is None or not modules.number:
            why = "the file has no modules that the debugger accepts" if view.has_process else "the debugger has no thread, and loads no modules"
            mark = "." if view.has_process else " "
            return Verdict(PARTIAL, S_OK, f"{mark}  0\tid: {view.process_id:x}\texamine\tname: ?NoImage?", why)
        if not view.misc[0] & 1:
            return Verdict(PARTIAL, S_OK, f".  0\tid: {view.process_id:x}", "the file does not say the process's id")
        return GOOD

    def modules(self, command: str) -> Verdict:
        """``lm``."""
        refused = self.no_thread(command)
        if refused is not None:
            return refused
        modules = self.view.stream(ModuleListStream)
        if modules is None:
            return Verdict(PARTIAL, S_OK, "", "the file has no module list that the debugger accepts")
        if not modules.number:
            return Verdict(PARTIAL, S_OK, "", "the file's module list is empty")
        return GOOD

    def peb(self, command: str) -> Verdict:
        """``!peb``."""
        refused = self.no_thread(command)
        if refused is not None:
            return refused
        found = self.view.peb
        if found.hresult != S_OK:
            message = "error 1 InitTypeRead( nt!_PEB at 00000000`00000000)..."
            why = f"the PEB's address is in the TEB, and the TEB at {self.view.current_teb.value:x} is not in the dump"
            return Verdict(FAILS, found.hresult, message, why)
        hresult = self.view.read_virtual(found.value)
        if hresult != S_OK:
            message = f"error 1 InitTypeRead( nt!_PEB at {self.address(found.value)})..."
            return Verdict(FAILS, hresult, message, f"the PEB at {found.value:x} is not in the dump")
        loader = self._pointer(found.value + _LOADER[self.view.narrow])
        if loader is None or self.view.read_virtual(loader) != S_OK:
            return Verdict(PARTIAL, MEMORY_ABSENT, f"*** unable to read Ldr table at {self.address(loader or 0)}", "the loader's lists are not in the dump")
        return GOOD

    def dlls(self, command: str) -> Verdict:
        """``!dlls``."""
        verdict = self.peb(command)
        return verdict._replace(outcome=FAILS) if verdict.outcome != WORKS else GOOD

    def _pointer(self, address: int) -> Optional[int]:
        memory = self.view.memory
        if memory is None:
            return None
        hresult, value = memory.read_pointer(address, 4 if self.view.narrow else 8)
        return value if hresult == S_OK else None

    def address(self, value: int) -> str:
        """An address as the debugger shows it."""
        streams = self.view.opened.streams
        return f"{value:x}" if streams is None else streams.view.address(value)

    def teb(self, command: str) -> Verdict:
        """``!teb``."""
        return self.teb_refusal(command, 0, "error InitTypeRead( TEB )...") or GOOD

    def last_error(self, command: str) -> Verdict:
        """``!gle``."""
        return self.teb_refusal(command, _LAST_ERROR[self.view.narrow], "Unable to get last error") or GOOD

    def slots(self, command: str) -> Verdict:
        """``.tls``."""
        return self.teb_refusal(command, _TLS[self.view.narrow], "") or GOOD

    # -- handles ---------------------------------------------------------------------------------------------------------

    def handle(self, command: str) -> Verdict:
        """``!handle``."""
        answer = self.view.handles
        message = extension_error(command, answer.hresult, "Unable to read handle information")
        if answer.hresult == E_UNEXPECTED:
            return Verdict(FAILS, answer.hresult, message, "there is no process: the file holds no thread list that the debugger accepts")
        if answer.hresult != S_OK:
            listed = self.view.opened.streams is not None and self.view.opened.streams.listed(12)
            why = "the debugger does not accept the file's handle stream" if listed else "the file has no handle stream"
            return Verdict(FAILS, answer.hresult, message, why)
        if not answer.count:
            return Verdict(PARTIAL, S_OK, "0 Handles", "the handle stream is there and lists no handle")
        return GOOD

    def trace(self, command: str) -> Verdict:
        """``!htrace``."""
        hresult, _ = self.view.handle_operations
        if hresult == S_OK:
            return GOOD
        return Verdict(FAILS, hresult, "", "the file has no handle operations: Application Verifier's handle checks were not on")

    # -- memory ----------------------------------------------------------------------------------------------------------

    def heap(self, command: str) -> Verdict:
        """``!heap``, ``!locks``, ``!cs``."""
        if not self.view.has_process:
            return self._extension_without_process(command)
        if self.view.full:
            return GOOD
        if self.flags & MiniDumpWithPrivateReadWriteMemory:
            return Verdict(PARTIAL, S_OK, "", "private memory is in the dump; the data of ntdll and shared heaps may not be")
        return Verdict(FAILS, MEMORY_ABSENT, "", "the heaps are not in the dump: it has only parts of memory")

    def globals(self, command: str) -> Verdict:
        """``dt``."""
        if not self.view.has_process:
            return self.refused(command)
        if self.view.full or self.flags & DATA_SEGMENTS:
            return GOOD
        return Verdict(PARTIAL, MEMORY_ABSENT, "Memory access error", "types are shown; the values of global variables are not in the dump")

    def code(self, command: str) -> Verdict:
        """``u``."""
        refused = self.no_thread(command)
        if refused is not None:
            return refused
        if self.view.full or self.flags & CODE_SEGMENTS:
            return GOOD
        return Verdict(PARTIAL, MEMORY_ABSENT, "", "the code of the modules is not in the dump: the debugger needs their files")

    def token(self, command: str) -> Verdict:
        """``!token``."""
        taken = self.view.stream(TokenStream)
        if not self.view.has_process:
            return self._extension_without_process(command)
        streams = self.view.opened.streams
        if taken is None or streams is None or not streams.view.number(taken.rva, _TOKENS):
            return Verdict(FAILS, E_NOINTERFACE, "", "the file has no tokens")
        return Verdict(PARTIAL, S_OK, "", "the tokens are in the file; the debugger has no command that shows them for a user dump")

    def managed(self, command: str) -> Verdict:
        """``SOS`` and its commands."""
        if not self.view.has_process:
            return self._extension_without_process(command)
        if self._telling.isdisjoint(RUNTIMES):
            return Verdict(FAILS, S_OK, "", "no .NET runtime is among the modules: there is nothing for SOS to show")
        if self.view.full:
            return GOOD
        if self.flags & MiniDumpWithPrivateReadWriteMemory:
            return Verdict(PARTIAL, S_OK, "", "private memory is in the dump; parts of the runtime's data may not be")
        return Verdict(FAILS, MEMORY_ABSENT, "", "the managed heap and the runtime's data are not in the dump")

    def other_side(self, command: str) -> Verdict:
        """``!wow64exts.sw``: the 32-bit side of a process that a 64-bit tool has dumped."""
        if not self.view.has_process:
            return self._extension_without_process(command)
        if self.view.machine != AMD64 or self._telling.isdisjoint(OTHER_SIDE):
            return Verdict(FAILS, S_OK, "", "the dump has no 32-bit side: no wow64.dll is among the modules of an x64 process")
        if self.view.full or self.flags & PROCESS_DATA:
            return GOOD
        return Verdict(FAILS, MEMORY_ABSENT, "", "the 32-bit registers are after the TEBs, and those are not in the dump")

    @cached_property
    def _telling(self) -> Set[str]:
        """The modules in the list whose names tell that a command has something to show."""
        streams, modules = self.view.opened.streams, self.view.stream(ModuleListStream)
        if streams is None or modules is None:
            return set()
        rows = islice(streams.rows(modules, MINIDUMP_MODULE.select("ModuleNameRva")), MOST_LOOKED_AT)
        names = (streams.view.string(rva)[1].lower().replace("/", "\\").rpartition("\\")[2] for _, (rva,) in rows)
        return {name for name in names if name in RUNTIMES or name in OTHER_SIDE}


JUDGES: Dict[str, Callable[[Commands, str], Verdict]] = {
    "!handle": Commands.handle,
    "!htrace": Commands.trace,
    "!runaway": Commands.runaway,
    ".ttime": Commands.ttime,
    "~*": Commands.tilde_star,
    "~": Commands.tilde,
    ".time": Commands.time,
    "vertarget": Commands.time,
    "|": Commands.process,
    ".ecxr": Commands.ecxr,
    ".exr -1": Commands.exr,
    ".lastevent": Commands.last_event,
    "!analyze": Commands.analyze,
    "k": Commands.stack,
    "r": Commands.registers,
    "!peb": Commands.peb,
    "!dlls": Commands.dlls,
    "!teb": Commands.teb,
    "!gle": Commands.last_error,
    ".tls": Commands.slots,
    "!address": Commands.lacks_memory_map,
    "!vprot": Commands.lacks_memory_map,
    "!mapped_file": Commands.lacks_memory_map,
    "!heap": Commands.heap,
    "!locks": Commands.heap,
    "!cs": Commands.heap,
    "!token": Commands.token,
    "lm": Commands.modules,
    "dt": Commands.globals,
    "dv": Commands.locals,
    "u": Commands.code,
    "SOS": Commands.managed,
    "!clrstack": Commands.managed,
    "!clrthreads": Commands.managed,
    "!dumpheap": Commands.managed,
    "!eeheap": Commands.managed,
    "!pe": Commands.managed,
    "!syncblk": Commands.managed,
    "!wow64exts.sw": Commands.other_side,
}
"""How each command is judged; the order is that of the audit."""


def command_answers(view: EngineView) -> Dict[str, CommandAnswer]:
    """Every command's answer."""
    names: Tuple[str, ...] = (*JUDGES, *(name for name in NEEDS if name not in JUDGES))
    opening = view.opening
    if not opening.ok:
        why = f"the debugger does not open the file: {error_words(opening.hresult)}"
        return {name: CommandAnswer(name, FAILS, opening.hresult, opening.message, why) for name in names}
    if view.accepted is None:
        why = "the file is a kernel dump: the commands for processes do not apply"
        if not view.opened.kernel:
            why = "the file is a user dump of the old format, which is not modelled command by command here: `why` lists what works"
        return {name: CommandAnswer(name, FAILS, E_UNEXPECTED, "", why) for name in names}
    commands = Commands(view)
    answers = {}
    for name in names:
        verdict = JUDGES[name](commands, name) if name in JUDGES else GOOD
        answers[name] = CommandAnswer(name, *verdict)
    return answers

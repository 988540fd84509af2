"""What the engine prints before a command's own output, because of the state that opening the dump has left it in.

Before each command the engine looks at the current thread: the exception's, or the first. It complains when there is none, when
its registers are not in the file, and when it has no TEB.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from ...dump.minidump import Minidump
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.misc import MINIDUMP_MISC_INFO_5
from ...format.processors import MACHINES
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.threads import MINIDUMP_THREAD
from ..engine.strict import CHECKS, View

FLAG_XSTATE = 0x200000
XSTATE_AVX = 4
XSTATE_SIZE = 0x210
DEFAULT_TEB = 0x7FFDE000


_THREAD = ("ThreadId", "Teb", "ThreadContext.DataSize", "ThreadContext.Rva")
_EXCEPTION = MINIDUMP_EXCEPTION_STREAM.select("ThreadId", "ExceptionRecord.ExceptionAddress")
_XSTATE = MINIDUMP_MISC_INFO_5.select("XStateData.SizeOfInfo", "XStateData.ContextSize", "XStateData.EnabledFeatures")


class Current(NamedTuple):
    """The current thread."""

    number: int
    tid: int
    teb: int
    context_size: int
    context_rva: int
    address: int  # of the exception, 0 without one


def current_thread(dump: Minidump, view: View) -> Optional[Current]:
    """The thread that is current when the dump has been opened, or None.

    The engine needs a thread list that it accepts, with a thread in it, and if there is an exception, the exception's thread.
    """
    stream = view.accepted(dump.streams, 3, 8)
    if stream is None:
        return None
    extent = view.extent(CHECKS[stream.type], "", stream.rva, stream.size)
    if isinstance(extent, str) or not extent.number:
        return None
    event = view.accepted(dump.streams, 6)
    wanted, address = None, 0
    if event is not None:
        wanted, address = _EXCEPTION.unpack(view.read(event.rva, _EXCEPTION.size))
    reader = MINIDUMP_THREAD.select(*_THREAD, stride=extent.element)
    for number, (_, values) in enumerate(view.rows(reader, stream.rva + extent.header, extent.element, extent.number)):
        tid, teb, context_size, context_rva = values
        if wanted is None or tid == wanted:
            return Current(number, tid, teb, context_size, context_rva, address)
    return None


def _extended_size(dump: Minidump, view: View) -> Optional[int]:
    """The size that every context must have in a dump with extended state."""
    if not view.header.flags & FLAG_XSTATE:
        return None
    misc = view.accepted(dump.streams, 15)
    if misc is None or misc.size < MINIDUMP_MISC_INFO_5.size:
        return None
    size, context, features = _XSTATE.unpack(view.read(misc.rva, _XSTATE.size))
    if size < XSTATE_SIZE or not features & XSTATE_AVX:
        return None
    return int(context)


def preamble(dump: Minidump, view: View) -> Iterator[str]:
    """The prints before the command's own."""
    thread = current_thread(dump, view)
    if thread is None:
        yield "WARNING: The debugger does not have a current process or thread\n"
        yield "WARNING: Many commands will not work\n"
        return
    system = view.accepted(dump.streams, 7)
    machine = None if system is None else MACHINES.get(view.u16(system.rva))
    if system is None or machine is None:
        return  # the engine does not open such a dump
    if thread.context_rva:
        line = ""
        size = _extended_size(dump, view) if machine.extended else None
        if size is not None and size != thread.context_size:
            line = f"Failed validating the extended context size for the thread {thread.tid:x}: \n"
        else:
            line = view.misplaced("Thread context data", thread.context_rva, machine.context if size is None else size)
        if line:
            for ask in range(machine.asks_with_address if thread.address else machine.asks):
                yield line
                yield "GetContextState failed, 0x80070570\n"
                if not ask:
                    yield "Unable to get current machine context, Win32 error 0n1392\n"
            return
    if not thread.teb and view.u32(system.rva + MINIDUMP_SYSTEM_INFO.offset_of("PlatformId")) in (1, 2):
        yield f"WARNING: Teb {thread.number} pointer is NULL - defaulting to {view.address(DEFAULT_TEB)}\n"
        yield f"WARNING: {view.address(DEFAULT_TEB)} does not appear to be a TEB\n"

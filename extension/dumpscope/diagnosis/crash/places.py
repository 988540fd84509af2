"""Where in the process an address lies: module, unloaded module, stack, kind of memory; and whose code a module is."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Tuple

from ...dump.absence import EMPTY, NOT_ASKED, NOT_THERE, Absent
from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo
from ...dump.streams.modules import Module
from ..facts import Facts

_WINDOWS = re.compile(r"(?i)^([a-z]:)?\\+(\?\?\\[a-z]:\\)?(windows|winnt)\\(system32|syswow64|sysarm32|syschpe32|winsxs|assembly|microsoft\.net)\\")
_SYSTEM_NAMES = re.compile(
    r"(?i)^(ntdll|kernel32|kernelbase|wow64\w*|ucrtbased?|vcruntime\d+\w*|msvcp\d+\w*|msvcr[t\d]\w*|combase|rpcrt4|sechost|user32|win32u|ole32)\.dll$"
)
_ELSEWHERE = re.compile(
    r"(?:^|/)usr/lib/(?:system/|dyld)|^(?:/System/Library/|/apex/|/system/lib)|(?:^|/)(?:libc|libpthread|ld|libm|libgcc_s|libstdc\+\+|libc\+\+|linux-gate|linux-vdso)[-.]"
)
"""Files of the system and of the C and C++ runtimes on Linux, Android and macOS."""
SCANNED = 0x2000
"""Bytes of a stack that are looked through for a return address."""
MAX_STACK = 1 << 20


def address_text(dump: Minidump, value: int) -> str:
    """An address as the debugger writes it: ``00007ff6`a1b2145c``, eight digits in a 32-bit process."""
    if dump.pointer_size == 4:
        return f"{value & 0xFFFFFFFF:08x}"
    return f"{value >> 32 & 0xFFFFFFFF:08x}`{value & 0xFFFFFFFF:08x}"


def narrow(dump: Minidump, value: int) -> int:
    """An address of a record as the dump's machine has it: writers extend the 32-bit ones by their sign."""
    return value & 0xFFFFFFFF if dump.pointer_size == 4 else value


def is_system(module: Module) -> bool:
    """Whether a module belongs to the operating system or to the C runtime, by its path or name."""
    return bool(_WINDOWS.match(module.path) or _SYSTEM_NAMES.match(module.file_name) or _ELSEWHERE.search(module.path))


def in_no_module(dump: Minidump) -> str:
    """What to say of an address that no module of the list holds: of a list that is not there, or is cut, that is no statement about the process."""
    if len(dump.modules):
        return "in no module"
    absence = dump.modules.absence
    if absence is None or absence.kind == EMPTY:
        return "module not known: the module list is empty"
    return "module not known: " + ("the dump has no module list" if absence.kind in (NOT_THERE, NOT_ASKED) else str(absence))


def not_in_thread_list(dump: Minidump) -> str:
    """What to say of a thread id that the thread list has no entry for."""
    absence = dump.threads.absence
    if absence is None or absence.kind in (EMPTY, NOT_THERE, NOT_ASKED):
        return "which is not in the thread list" if absence is None or absence.kind == EMPTY else "of which nothing is known: the dump has no thread list"
    return f"of which nothing is known: {absence}"


class Place(NamedTuple):
    """What an address is: ``words`` for people, the module it lies in, and whether that was unloaded."""

    words: str
    module: Optional[Module] = None
    gone: bool = False


def place_of(dump: Minidump, address: int) -> Place:
    """Where an address lies: a module, a module that was unloaded, or what the map of the address space says."""
    module = dump.modules.at(address)
    if module is not None:
        return Place(dump.modules.symbol(address), module)
    gone = dump.symbol(address)
    if gone:
        return Place(gone, None, True)
    return Place("")


def exception_stack(dump: Minidump, found: ExceptionInfo) -> Tuple[int, int]:
    """Address and size of the captured stack from the exception's stack pointer on; (0, 0) without one."""
    registers = dump.registers(found)
    if isinstance(registers, Absent):
        return 0, 0
    return registers.sp, dump.memory.captured(registers.sp, MAX_STACK)


def caller_of(facts: Facts, found: ExceptionInfo) -> Optional[Tuple[int, int, Module]]:
    """The first value on the exception's stack that lies in code which is not the system's: (address on the stack, value, module).

    That is no walk of the stack: a value left over from before looks the same, so what comes of it is a guess. Where the code in front of a
    value is in the dump, it must be a call.
    """
    dump = facts.dump
    start, size = exception_stack(dump, found)
    width = dump.pointer_size
    data = dump.memory.some(start, min(size, SCANNED))
    calls = not isinstance(dump.system, Absent) and dump.system.architecture in (0, 9)
    for at in range(0, len(data) - width + 1, width):
        value = int.from_bytes(data[at : at + width], "little")
        if value < 0x10000:
            continue
        module = dump.modules.at(value)
        if module is None or is_system(module) or value - module.base < 0x1000:
            continue
        before = dump.memory.some(value - 7, 7) if calls else b""
        if len(before) == 7 and not _is_call(before):
            continue
        return start + at, value, module
    return None


def _is_call(before: bytes) -> bool:
    """Whether seven bytes end in a call instruction of x86 or x64."""
    if before[-5] == 0xE8:
        return True
    return any(before[-length] == 0xFF and before[-length + 1] >> 3 & 7 == 2 for length in range(2, 8))

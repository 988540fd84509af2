"""System calls that a thread is in: which one, and what it was called with.

A thread that waits stands right after the instruction by which a stub of ntdll entered the kernel. The stub's name is that of the export
at its begin. Where no image names it, the number that the stub loads does, for the few calls that have kept theirs on x64 since Windows 10
(tinysec/windows-syscall-table, builds 10240 to 17025; observed: dumps of Windows 10 and 11).

What the arguments are is known in three ways. On x64 Windows the kernel keeps the first four in the registers of the interrupted thread, as
long as the call has not returned: rax still is the number of the call (observed: dumps of Windows 10 and 11; not so in Wine, whose stubs
differ). Else the caller's code says it (:mod:`..x64.arguments`). On x86 they stand on the stack.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Callable, Dict, NamedTuple, Optional, Sequence, Tuple

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...symbols.names import Namer
from ..code import Code
from ..frames import Frame, Proof, Stack
from ..x64.arguments import PARAMETERS, Argument, Arguments

_HEAD = rb"\x4c\x8b\xd1\xb8(....)"
_TEST = rb"\xf6\x04\x25\x08\x03\xfe\x7f\x01\x75\x03"
_X64 = (
    # bytes of the stub up to the instruction pointer, of which the dump's are matched whole; and after it
    (0x14, re.compile(_HEAD + _TEST + rb"\x0f\x05\Z", re.DOTALL), b"\xc3\xcd\x2e\xc3", True),  # Windows 10 and later
    (0x17, re.compile(_HEAD + _TEST + rb"\x0f\x05\xc3\xcd\x2e\Z", re.DOTALL), b"\xc3", True),  # the same by int 2Eh
    (0x0A, re.compile(_HEAD + rb"\x0f\x05\Z", re.DOTALL), b"\xc3", True),  # before
    (0x14, re.compile(_HEAD + _TEST + rb"\x0f\x05\Z", re.DOTALL), b"\xc3", False),  # Wine
)
_X86 = re.compile(rb"\xb8(....)\xba....\xff[\x12\xd2]\Z", re.DOTALL)
_X86_SIZE = 12
_SVC, _SVC_MASK, _RET = 0xD4000001, 0xFFE0001F, 0xD65F03C0
_SYSENTER = b"\x8b\xd4\x0f\x34"

NUMBERS: Dict[int, str] = {
    0x04: "NtWaitForSingleObject",
    0x06: "NtReadFile",
    0x07: "NtDeviceIoControlFile",
    0x08: "NtWriteFile",
    0x09: "NtRemoveIoCompletion",
    0x34: "NtDelayExecution",
    0x5B: "NtWaitForMultipleObjects",
}
"""System calls of x64 Windows 10 and later by number."""
FIRST_BUILD = 10240


class Meaning(NamedTuple):
    """What a system call waits for: which argument is the handle (-1: it has none), and in words what the wait is."""

    handle: int
    words: str


MEANINGS: Dict[str, Meaning] = {
    "NtWaitForSingleObject": Meaning(0, "until it is signalled"),
    "NtWaitForMultipleObjects": Meaning(-1, "until they are signalled"),
    "NtSignalAndWaitForSingleObject": Meaning(1, "until it is signalled"),
    "NtDelayExecution": Meaning(-1, "sleeps"),
    "NtReadFile": Meaning(0, "for data to be read"),
    "NtWriteFile": Meaning(0, "for data to be written"),
    "NtDeviceIoControlFile": Meaning(0, "for a device to answer"),
    "NtFsControlFile": Meaning(0, "for a file system to answer"),
    "NtFlushBuffersFile": Meaning(0, "for data to be flushed"),
    "NtLockFile": Meaning(0, "for a lock of a file"),
    "NtQueryDirectoryFile": Meaning(0, "for a directory to be read"),
    "NtNotifyChangeDirectoryFile": Meaning(0, "for a directory to change"),
    "NtNotifyChangeKey": Meaning(0, "for a key to change"),
    "NtRemoveIoCompletion": Meaning(0, "for a completion packet"),
    "NtRemoveIoCompletionEx": Meaning(0, "for completion packets"),
    "NtWaitForWorkViaWorkerFactory": Meaning(0, "for work of a thread pool"),
    "NtAlpcSendWaitReceivePort": Meaning(0, "for a message of an ALPC port"),
    "NtRequestWaitReplyPort": Meaning(0, "for the reply of a port"),
    "NtReplyWaitReceivePort": Meaning(0, "for a message of a port"),
    "NtReplyWaitReceivePortEx": Meaning(0, "for a message of a port"),
    "NtListenPort": Meaning(0, "for a client of a port"),
    "NtWaitForDebugEvent": Meaning(0, "for an event of a debuggee"),
    "NtWaitForKeyedEvent": Meaning(0, "for its key"),
    "NtUserGetMessage": Meaning(-1, "for a message of its queue"),
    "NtUserWaitMessage": Meaning(-1, "for a message of its queue"),
    "NtUserMsgWaitForMultipleObjectsEx": Meaning(-1, "for a message of its queue"),
    "NtWaitForAlertByThreadId": Meaning(-1, "for another thread to wake it: a lock, a condition or an address"),
}
"""The calls in which threads wait: of ntdll, and of win32u since Windows 10."""


class Call(NamedTuple):
    """A system call that a thread is in. ``number`` is what the stub loads; ``proofs`` say where the stub stands and who names it."""

    name: str
    number: int
    proofs: Tuple[Proof, ...]
    argument: Callable[[int], Optional[Argument]]
    """The value of an argument by its number from 0, where it is proven."""

    @property
    def meaning(self) -> Meaning:
        """What it waits for."""
        return MEANINGS[self.name]


class Calls:
    """Finds the system calls of threads."""

    def __init__(self, dump: Minidump, code: Code, namer: Namer, arguments: Arguments) -> None:
        self._dump = dump
        self._code = code
        self._namer = namer
        self._arguments = arguments

    def of(self, stack: Stack) -> Optional[Call]:
        """The call that the innermost frame of a stack is in; None where it is in none of those in which threads wait."""
        if not stack.frames or not stack.frames[0].interrupted:
            return None
        if stack.architecture == "AMD64":
            return self._x64(stack.frames)
        if stack.architecture == "ARM64":
            return self._arm64(stack.frames[0])
        return self._x86(stack.frames[0]) if stack.architecture == "x86" else None

    def _named(self, start: int, number: int, x64: bool) -> Optional[Tuple[str, Proof]]:
        """The name of the stub at an address, and how it is known."""
        for name in self._namer.name(start):
            symbol = "Nt" + name.symbol[2:] if name.symbol.startswith("Zw") else name.symbol
            if not name.displacement and symbol in MEANINGS:
                return symbol, Proof("name of the stub", f"{name.module}!{name.symbol}, from {name.provider}", address=start)
        system = self._dump.system
        if x64 and not isinstance(system, Absent) and system.is_windows and system.build >= FIRST_BUILD and number in NUMBERS:
            return NUMBERS[number], Proof("number of the system call", f"0x{number:x} is {NUMBERS[number]} on x64 since Windows 10", address=start)
        return None

    def _x64(self, frames: Sequence[Frame]) -> Optional[Call]:
        ip = frames[0].ip
        if self._code.read(ip, 1).data != b"\xc3":
            return None  # each of them returns next, and most threads are in none
        for size, pattern, behind, windows in _X64:
            if ip < size:
                continue
            code = self._code.read(ip - size, size + len(behind))
            match = pattern.match(code.data[:size])
            if match is None or code.data[size:] != behind:
                continue
            number = int.from_bytes(match[1], "little")
            named = self._named(ip - size, number, windows)
            if named is None:
                return None
            proofs = (Proof("system call", f"mov eax, 0x{number:x}; syscall", code.file, code.offset, ip - size), named[1])
            kept = windows and frames[0].registers[0] & 0xFFFFFFFF == number
            return Call(named[0], number, proofs, partial(self._x64_argument, frames, kept, number))
        return None

    def _x64_argument(self, frames: Sequence[Frame], kept: bool, number: int, index: int) -> Optional[Argument]:
        if index >= len(PARAMETERS):
            return None
        register = PARAMETERS[index]
        told = self._arguments.at_call(frames, 0, register)
        if not kept:
            return told
        value = frames[0].registers[register]
        name = ("rcx", "rdx", "r8", "r9")[index]
        if told is not None and told.certain and told.value & 0xFFFFFFFF != value & 0xFFFFFFFF:
            return None  # they disagree: neither is proven
        words = f"{name}, which the kernel keeps while the call lasts: rax is still the number of the call, 0x{number:x}"
        return Argument(value, words, True, (*frames[0].origin.proofs(), Proof(name, f"0x{value:x}")))

    def _arm64(self, frame: Frame) -> Optional[Call]:
        """``svc #NUMBER`` and ``ret``, where an export names the place. What the call was given is not proven: no register is known to be kept."""
        if frame.ip < 4 or frame.ip & 3:
            return None
        code = self._code.read(frame.ip - 4, 8)
        if len(code.data) < 8:
            return None
        first, second = int.from_bytes(code.data[:4], "little"), int.from_bytes(code.data[4:], "little")
        if first & _SVC_MASK != _SVC or second != _RET:
            return None
        number = first >> 5 & 0xFFFF
        named = self._named(frame.ip - 4, number, False)
        if named is None:
            return None
        proofs = (Proof("system call", f"svc #0x{number:x}", code.file, code.offset, frame.ip - 4), named[1])
        return Call(named[0], number, proofs, lambda index: None)

    def _x86(self, frame: Frame) -> Optional[Call]:
        base, ip = frame.sp, frame.ip
        if ip >= len(_SYSENTER) and self._code.read(ip - len(_SYSENTER), len(_SYSENTER) + 1).data == _SYSENTER + b"\xc3":
            word = self._word(base)
            if word is None:
                return None
            ip, base = word[0], base + 4
        code = self._code.read(ip - _X86_SIZE, _X86_SIZE + 1) if ip >= _X86_SIZE else None
        if code is None or len(code.data) <= _X86_SIZE or code.data[-1] not in (0xC2, 0xC3):
            return None
        match = _X86.match(code.data[:_X86_SIZE])
        if match is None:
            return None
        number = int.from_bytes(match[1], "little")
        named = self._named(ip - _X86_SIZE, number, False)
        if named is None:
            return None

        def argument(index: int) -> Optional[Argument]:
            place = base + 4 + 4 * index
            word = self._word(place)
            if word is None:
                return None
            return Argument(word[0], "the stack, where the stub left it", True, (Proof("argument", f"0x{word[0]:x}", "", word[1], place),))

        proofs = (Proof("system call", f"mov eax, 0x{number:x}", code.file, code.offset, ip - _X86_SIZE), named[1])
        return Call(named[0], number, proofs, argument)

    def _word(self, address: int) -> Optional[Tuple[int, Optional[int]]]:
        """A 32-bit word of the process, and where it stands in the dump."""
        data = self._dump.memory.some(address, 4)
        place = self._dump.memory.locate(address)
        return (int.from_bytes(data, "little"), place[0] if place else None) if len(data) == 4 else None

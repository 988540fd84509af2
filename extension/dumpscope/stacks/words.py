"""The words of the stack that the debugger's ``kb`` and ``kv`` show as "Args to Child", and the FPO or frame data beside them.

Observed: dbgeng 10.0.15063. x86 shows three words above the return address. x64 shows four there: the home space of the callee on
Windows, which a function may or may not have filled; below a machine frame those at the stack pointer of what was interrupted. ARM
and ARM64 show four words at the stack pointer of the frame. None of it proves an argument.
"""

from __future__ import annotations

from typing import Dict, Optional

from ..symbols.breakpad import WinFrame
from .frames import Frame, Stack

SHOWN: Dict[str, int] = {"x86": 3, "AMD64": 4, "ARM": 4, "ARM64": 4}
"""Words that the debugger shows, by processor."""


def machine_of(stack: Stack) -> str:
    """The processor of a stack without the remark on who laid its registers out: ``ARM`` for ``ARM (Breakpad)``."""
    return stack.architecture.partition(" ")[0]


def words_place(stack: Stack, frame: Frame) -> Optional[int]:
    """Where the words of a frame begin; None where the place of its return address is not known."""
    machine = machine_of(stack)
    if machine in ("ARM", "ARM64"):
        return frame.sp
    if machine not in SHOWN:
        return None
    above = frame.number + 1
    if machine == "AMD64" and above < len(stack.frames):
        return None if stack.frames[above].place is None else stack.frames[above].sp
    place = stack.frames[above].place if above < len(stack.frames) else stack.end.place
    return None if place is None else place + (4 if machine == "x86" else 8)


def trap_frame(stack: Stack, frame: Frame) -> Optional[int]:
    """Where the debugger takes a KTRAP_FRAME to begin that ends in the machine frame of an x64 function, whose RIP is at 0x168; None without one."""
    above = frame.number + 1
    if above >= len(stack.frames) or not stack.frames[above].origin.machine:
        return None
    place = stack.frames[above].place
    return None if place is None else place - 0x168


def words_meaning(stack: Stack, windows: bool) -> str:
    """What the words are, in words."""
    machine = machine_of(stack)
    count = SHOWN.get(machine, 0)
    if machine == "x86":
        return f"the {count} words of the stack above the return address: arguments where the function takes them on the stack; not proven"
    if machine == "AMD64" and windows:
        return f"the home space of the function, {count} words above the return address: arguments only where the function stored them there; not proven"
    if machine == "AMD64":
        return f"the {count} words of the stack above the return address: this system passes the first six arguments in registers; not proven"
    return f"the {count} words at the stack pointer of the frame: the first arguments are passed in registers; not proven"


def frame_data_text(record: WinFrame) -> str:
    """FPO or frame data as ``kv`` shows them: double words of parameters and locals, and the saved registers.

    The debugger keeps the bytes of saved registers of frame data in a field of three bits (FPO_DATA.cbRegs; observed: dbgeng 10.0.15063).
    """
    saved = record.saved & 7 if record.kind == 4 else record.saved // 4
    return f"(FPO: [{record.parameters // 4},{record.locals // 4},{saved}])"

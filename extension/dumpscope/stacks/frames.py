"""What a walk yields: frames with their origin, and the reason why the stack ends."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

CONTEXT = "context"
"""Frame 0: the registers that the dump stores for the thread."""
EXCEPTION_CONTEXT = "exception context"
"""Frame 0: the registers of ExceptionStream."""
UNWIND_DATA = "unwind data"
"""UNWIND_INFO of the frame below, all of it or the part of the prologue that has run."""
EPILOGUE = "epilogue"
"""The rest of the epilogue of the frame below was simulated."""
LEAF = "leaf"
"""The function of the frame below has no unwind data, so it keeps the stack pointer as the call left it."""
INSTRUCTIONS = "instructions"
"""The function of the frame below changes the stack pointer and has no unwind data: its instructions were followed to its return."""
FRAME_POINTER = "frame pointer"
"""The chain of frame pointers."""
CFI = "call frame information"
"""STACK CFI or STACK WIN of a symbol file."""
DEBUGGER = "debugger"
"""The debugger's own walk."""
SCAN = "scan"
"""A value on the stack that looks like a return address: a guess."""

FOUND_BY = (CONTEXT, EXCEPTION_CONTEXT, UNWIND_DATA, EPILOGUE, LEAF, INSTRUCTIONS, FRAME_POINTER, CFI, DEBUGGER, SCAN)

BOTTOM = "return-address-0"
NOT_CAPTURED = "memory-not-captured"
NO_MODULE = "no-module"
NO_IMAGE = "no-image"
NO_UNWIND_DATA = "no-unwind-data"
NOT_A_CALL = "not-a-return-address"
DAMAGED = "damaged-unwind-data"
LOOP = "loop"
LIMIT = "limit"
NO_REGISTERS = "no-registers"
NOT_SUPPORTED = "not-supported"

END_KINDS = (BOTTOM, NOT_CAPTURED, NO_MODULE, NO_IMAGE, NO_UNWIND_DATA, NOT_A_CALL, DAMAGED, LOOP, LIMIT, NO_REGISTERS, NOT_SUPPORTED)


class End(NamedTuple):
    """Why a stack has no more frames. ``kind`` is one of the constants above; ``address`` is where the walk stopped, if anywhere.

    ``module`` is the name of the module whose image or unwind data would be needed, an empty string where none would help. ``place`` is where
    the return address of the last frame was read, where it is known: at the bottom, at a limit, in a loop.
    """

    kind: str
    message: str
    address: Optional[int] = None
    module: str = ""
    place: Optional[int] = None


class Proof(NamedTuple):
    """One fact that a frame stands on: what it is, its value in words, and where it can be seen.

    ``file`` is the path of an image or symbol file, an empty string for the dump itself; ``offset`` counts from the start of that
    file, None where the fact has no place; ``address`` is in the process.
    """

    what: str
    value: str
    file: str = ""
    offset: Optional[int] = None
    address: Optional[int] = None


class Origin:
    """How a frame was found: one of ``FOUND_BY``, and the proofs for it."""

    found_by: str = CONTEXT
    certain: bool = True
    """False for a guess: nothing proves that the frame is one."""
    machine: bool = False
    """Whether the registers come from a machine frame of x64, as the processor pushes it."""

    def proofs(self) -> List[Proof]:
        """The facts behind it, made when asked for."""
        return []

    @property
    def words(self) -> str:
        """One line for people."""
        return self.found_by


class ContextOrigin(Origin):
    """Frame 0: registers that the dump stores."""

    def __init__(self, found_by: str, offset: int, size: int) -> None:
        self.found_by = found_by
        self.offset = offset
        self.size = size

    def proofs(self) -> List[Proof]:
        return [Proof("registers", f"0x{self.size:x} bytes", "", self.offset)]


class Step(NamedTuple):
    """What unwinding one frame gives: the registers of its caller, how, and the address that the return address was read from.

    ``place`` is None where the return address was in a register.
    """

    registers: Sequence[int]
    origin: Origin
    place: Optional[int]
    certain: bool = True
    """False where what was read is not seen to follow a call."""


class Frame(NamedTuple):
    """One frame. ``registers`` are those of its own processor's order (:attr:`Stack.names`); only non-volatile ones count above frame 0.

    ``return_address`` is None where it is not known. ``place`` is the address from which this frame's ``ip`` was read.
    ``certain`` is False for a guess and for every frame above one; ``interrupted`` is set where the processor, not a call, left the frame.
    """

    number: int
    ip: int
    sp: int
    return_address: Optional[int]
    origin: Origin
    certain: bool
    place: Optional[int]
    registers: Sequence[int]
    interrupted: bool = False

    @property
    def found_by(self) -> str:
        """How the frame was found."""
        return self.origin.found_by

    @property
    def calls(self) -> bool:
        """Whether ``ip`` is a return address: the function is then that of the byte before it."""
        return self.place is not None and not self.interrupted


class Stack(NamedTuple):
    """The frames of one thread, innermost first, and why there are no more. ``names`` are the names of a frame's registers."""

    frames: Tuple[Frame, ...]
    end: End
    names: Tuple[str, ...]
    architecture: str
    preserved: Tuple[int, ...] = ()
    """Indexes of the registers that calls preserve, which hold in every frame."""

    @property
    def guesses(self) -> int:
        """How many of the frames are guesses."""
        return sum(1 for frame in self.frames if not frame.certain)


def frame_values(stack: Stack, frame: Frame) -> List[Tuple[str, Any]]:
    """The registers of a frame that are known: all in frame 0, in the others those that calls preserve."""
    wanted = range(len(stack.names)) if frame.number == 0 else stack.preserved
    return [(stack.names[index], frame.registers[index]) for index in wanted]

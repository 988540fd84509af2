"""The words of a stack that stand for arguments, read for the lines of ``stack --arguments`` and ``--fpo``."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..dump.absence import Absent
from ..dump.streams.threads import Thread
from ..stacks.frames import Stack
from ..stacks.memory import StackMemory
from ..stacks.words import SHOWN, machine_of, trap_frame, words_meaning, words_place
from ..symbols.breakpad import WinFrame
from .walks import Row, Walks


class ArgumentWords:
    """Reads the words of one stack. ``fpo`` looks for the FPO or frame data of x86 functions, too."""

    def __init__(self, walks: Walks, stack: Stack, thread: Optional[Thread], *, fpo: bool = False) -> None:
        self.stack = stack
        self.machine = machine_of(stack)
        self.count = SHOWN.get(self.machine, 0)
        self.size = 8 if self.machine in ("AMD64", "ARM64") else 4
        self._walks = walks
        self._fpo = fpo and self.machine == "x86"
        self._memory = StackMemory(walks.walker.dump, self.size)
        self._memory.enter(thread)

    @property
    def meaning(self) -> str:
        """What the words are."""
        return meaning_of(self._walks, self.stack)

    def of(self, row: Row) -> Optional[List[Optional[int]]]:
        """The words of a line, None for each that is not in the dump; None for a function put inline, and where their place is not known."""
        place = None if row.inline else words_place(self.stack, row.frame)
        if place is None:
            return None
        return [self._memory.word(place + index * self.size) for index in range(self.count)]

    def frame_data(self, row: Row) -> Optional[WinFrame]:
        """The FPO or frame data record of the function of a line."""
        return None if not self._fpo or row.inline else self._walks.frame_data(row.frame)

    def trap_frame(self, row: Row) -> Optional[int]:
        """Where the trap frame of a line begins, as the debugger counts it."""
        return None if row.inline else trap_frame(self.stack, row.frame)

    def convention(self, row: Row) -> str:
        """The calling convention of the function of a line of an x86 stack; an empty string where it is not known, and for other processors."""
        return self._walks.convention(row) if self._fpo else ""

    def members(self, row: Row) -> Dict[str, Any]:
        """What JSON has of a line."""
        words = self.of(row)
        found: Dict[str, Any] = {"arguments": None if words is None else [None if word is None else f"0x{word:x}" for word in words]}
        if self._fpo:
            record = self.frame_data(row)
            found["frame_data"] = None if record is None else _record(record)
            found["convention"] = self.convention(row) or None
        return found


def meaning_of(walks: Walks, stack: Stack) -> str:
    """What the words of a stack are."""
    system = walks.walker.dump.system
    return words_meaning(stack, isinstance(system, Absent) or system.is_windows)


def any_word(walks: Walks, stack: Stack, thread: Optional[Thread]) -> bool:
    """Whether any word of a stack is known."""
    words = ArgumentWords(walks, stack, thread)
    return any(word is not None for row in walks.rows(stack) for word in words.of(row) or ())


def _record(record: WinFrame) -> Dict[str, Any]:
    return {
        "kind": "frame data" if record.kind == 4 else "FPO",
        "parameter_bytes": record.parameters,
        "local_bytes": record.locals,
        "saved_register_bytes": record.saved,
        "offset": record.offset,
    }

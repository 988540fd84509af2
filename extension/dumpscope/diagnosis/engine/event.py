"""The last event in the engine's words, and where it cannot take registers from the exception."""

from __future__ import annotations

from typing import Tuple

from ...format.codes.exceptions import EXCEPTIONS
from ...format.processors import MACHINES

NO_THREAD = 0xFFFFFFFF
SYNTHETIC = 0x80000003
"""The code of the event that the engine makes up when the file has no exception."""
CHANCE = "(first/second chance not available)"
IN_PAGE_ERROR = 0xC0000006
WITHOUT_CONTEXTS = frozenset(number for number, machine in MACHINES.items() if not machine.registers)
"""Processors whose registers the engine cannot take from an exception: PowerPC and Itanium."""
NAMED = frozenset(
    (
        0x0517A7ED,
        0x4000001E,
        0x4000001F,
        0x40010005,
        0x40010008,
        0x40010009,
        0x40080201,
        0x40080202,
        0x406D1388,
        0x80000001,
        0x80000002,
        0x80000003,
        0x80000004,
        0x80000007,
        0xC0000005,
        0xC0000006,
        0xC0000008,
        0xC000001C,
        0xC000001D,
        0xC000001E,
        0xC0000037,
        0xC0000094,
        0xC0000095,
        0xC00000FD,
        0xC0000409,
        0xC0000420,
        0xC0000421,
        0xCFFFFFFF,
        0xE0000001,
        0xE0434352,
        0xE0434F4D,
        0xE0444143,
        0xE06D7363,
    )
)
"""Codes that this engine has words for; other programs know more."""


def event_text(code: int, parameters: Tuple[int, ...] = ()) -> str:
    """The words of the debugger for an exception."""
    known = EXCEPTIONS.get(code) if code in NAMED else None
    words = known.debugger if known is not None and known.debugger else "Unknown exception"
    if code == IN_PAGE_ERROR:
        words += f" {parameters[2] if len(parameters) > 2 else 0:x}"
    return f"{words} - code {code:08x} {CHANCE}"

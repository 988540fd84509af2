"""Values of variables as the debugger writes them behind their names: ``0n5``, ``0x00000000`0011fc94``, ``RED (0n0)``.

How each kind is written was observed with dbgeng 10.0.15063.
"""

from __future__ import annotations

import math
import struct
from typing import Callable, Optional

from ..symbols.pdb.types import ARRAY, BOOL, CHAR, ENUM, FLOAT, MISSING, NO_TYPE, POINTER, SIGNED, UDT, UNSIGNED, WIDE, Type

UNAVAILABLE = "<Value unavailable error>"
"""What the debugger prints for a value that the symbols do not lead to."""
NOT_READABLE = "<Memory access error>"
"""What it prints for one whose memory is not in the dump."""
MAX_TEXT = 1024
"""Characters of a string that are shown; ``...`` stands for the rest. The debugger shows about 8000 of narrow characters and 2000 of wide ones."""

_DOTS = (0x09, 0x0A, 0x0D)

Reader = Callable[[int, int], bytes]
"""As many of some bytes as are captured at an address."""


def value_text(type: Type, data: Optional[bytes], read: Reader, pointer_size: int = 8) -> str:
    """The value as the debugger's ``kp`` prints it. ``data`` is None where it is not known."""
    if type.kind == MISSING:
        return NO_TYPE
    if data is None or len(data) < type.size:
        return UNAVAILABLE
    number = int.from_bytes(data, "little", signed=type.signed)
    if type.kind == UDT or type.kind == ARRAY:
        return type.name
    if type.kind == BOOL:
        return "true" if number else "false"
    if type.kind == CHAR:
        shown = chr(data[0]) if 0x20 <= data[0] < 0x7F else ""
        return f"{signed_text(number) if type.signed else f'0x{number:02x}'} '{shown}'"
    if type.kind == WIDE:
        shown = _narrow(number)
        return f"0x{number:x} '{shown if shown >= ' ' else ''}'"
    if type.kind == SIGNED:
        return signed_text(number)
    if type.kind == UNSIGNED:
        return unsigned_text(number)
    if type.kind == ENUM:
        name = next((name for value, name in type.values if _same(value, number, type.size)), "")
        return f"{name} ({signed_text(_signed(number, type.size))})" if name else f"{signed_text(_signed(number, type.size))} (No matching enumerant)"
    if type.kind == FLOAT:
        return float_text(data)
    if type.kind == POINTER:
        return _pointer(type, data, read, pointer_size)
    return UNAVAILABLE


def signed_text(number: int) -> str:
    """As the debugger writes signed numbers: ``0n-5``."""
    return f"0n{number}"


def unsigned_text(number: int) -> str:
    """As the debugger writes unsigned numbers: 9, 0xa, 0x00000001`00000000."""
    if number < 10:
        return str(number)
    return f"0x{number:x}" if number < 1 << 32 else f"0x{number >> 32:08x}`{number & 0xFFFFFFFF:08x}"


def float_text(data: bytes) -> str:
    """A float with 10 digits, a double with 20; the exponent has three digits."""
    single = len(data) == 4
    value: float = struct.unpack("<f" if single else "<d", data)[0]
    if math.isnan(value) or math.isinf(value):
        return _special(value, data)
    text = f"{value:.{10 if single else 20}g}"
    head, sign, exponent = text.partition("e")
    return f"{head}e{exponent[0]}{exponent[1:]:0>3}" if sign else text


def _special(value: float, data: bytes) -> str:
    sign = "-" if data[-1] & 0x80 else ""
    return f"{sign}1.#INF" if math.isinf(value) else f"{sign}1.#QNAN"


def _signed(number: int, size: int) -> int:
    bits = 8 * size
    number &= (1 << bits) - 1
    return number - (1 << bits) if bits and number >> (bits - 1) else number


def _same(value: int, number: int, size: int) -> bool:
    return (value ^ number) & ((1 << 8 * size) - 1) == 0


def pointer_text(address: int, size: int) -> str:
    """An address in full: 0x00000001`40001540, or eight digits in 32-bit code."""
    return f"0x{address & 0xFFFFFFFF:08x}" if size == 4 else f"0x{address >> 32:08x}`{address & 0xFFFFFFFF:08x}"


def _pointer(type: Type, data: bytes, read: Reader, size: int) -> str:
    address = int.from_bytes(data[:size], "little")
    text = pointer_text(address, size)
    target = type.target
    if target is None or not target.text:
        return text
    if not address:
        return f'{text} ""'
    shown = _string(address, 1 if target.kind == CHAR else 2, read)
    return f'{text} "{shown}"' if shown is not None else f'{text} "--- memory read error at address {text} ---"'


def _narrow(number: int) -> str:
    """A wide character in the code page that the debugger has in the west; a question mark where that has none."""
    if number < 0x20 or number == 0x7F:
        return "\0"
    return chr(number).encode("cp1252", "replace").decode("cp1252")


def _string(address: int, width: int, read: Reader) -> Optional[str]:
    """The characters at an address up to the first zero; ``???`` stands for the rest behind one that cannot be shown. None where nothing is captured.

    Of narrow characters only those of ASCII are shown; a tab and the ends of lines are dots.
    """
    data = read(address, width * (MAX_TEXT + 1))
    if len(data) < width:
        return None
    shown = ""
    for at in range(0, len(data) - width + 1, width):
        number = int.from_bytes(data[at : at + width], "little")
        if not number:
            return shown
        if len(shown) == MAX_TEXT:
            return shown + "..."
        character = chr(number) if width == 1 and 0x20 <= number < 0x7F else "\0" if width == 1 else _narrow(number)
        if number in _DOTS:
            character = "."
        if character == "\0":
            return shown + "???"
        shown += character
    return shown

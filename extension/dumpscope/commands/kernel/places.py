"""Addresses of a kernel dump as they are typed: a number, a register, a driver, and a hexadecimal offset to one of them."""

from __future__ import annotations

import re
from typing import Optional

from ...dump.absence import DAMAGED, Absent
from ...dump.kernel.kerneldump import KernelDump
from ...errors import UsageError
from ...session.parsing import number

_SUM = re.compile(r"(?P<base>.+?)\s*(?P<sign>[+-])\s*(?P<offset>[0-9a-fA-Fxn`]+)")


def address_of(dump: KernelDump, text: str) -> int:
    """The address that a text means: ``fffff803`12345678``, ``@rsp``, ``nt``, ``nt+1234``.

    A driver may have a sign in its name, so the whole text is tried first. Raises UsageError for what is none of these.
    """
    found = _term(dump, text.strip())
    if found is not None:
        return found
    match = _SUM.fullmatch(text.strip())
    base = None if match is None else _term(dump, match.group("base"))
    if match is None or base is None:
        if isinstance(dump.drivers, Absent) and dump.drivers.kind == DAMAGED:
            raise UsageError(f"{text!r} may be a driver, and {dump.drivers.message}", "give a hexadecimal address")
        raise UsageError(f"{text!r} is no address, register or driver of this dump", "give a hexadecimal address")
    offset = number(match.group("offset"), "offset")
    return (base + offset if match.group("sign") == "+" else base - offset) & (1 << 8 * dump.pointer_size) - 1


def _term(dump: KernelDump, text: str) -> Optional[int]:
    name = text.lstrip("@").lower()
    registers = dump.registers
    if not isinstance(registers, Absent) and name in registers.values:
        value: int = registers.values[name]
        return value
    for base, known in dump.names.items():
        if known.lower() == name:
            return base
    return typed_number(text)


def typed_number(text: str) -> Optional[int]:
    """A number as the debugger reads it; None for a word that is none."""
    try:
        return number(text, "address")
    except UsageError:
        return None

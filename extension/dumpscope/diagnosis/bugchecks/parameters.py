"""What the value of a bug check's parameter is: a kind of the reference, a name, driver+offset, the driver of an object."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from ...dump.kernel import objects
from ...dump.kernel.kerneldump import KernelDump
from ...format.codes import code_name
from ...format.codes.bugcheck import ACCESS, ADDRESS, ANSI, CODE, DEVICE, DRIVER, IRQL, REQUEST, STATUS, TEXT, UNICODE, plain_code, value_words
from ...format.codes.machinecheck import MachineCheck, machine_check
from ...format.codes.symbols import ntstatus_name

_ACCESS = {0: "read", 1: "write", 2: "execute", 8: "execute", 0x10: "execute"}
_IRQLS = {0: "PASSIVE_LEVEL", 1: "APC_LEVEL", 2: "DISPATCH_LEVEL", 0xFF: "interrupts were off"}
_LONGEST = 240
"""Characters of a text in memory that are read."""
_MACHINE_CHECKS = {0x9C: None, 0x124: 0}
"""Codes whose parameters 3 and 4 are the halves of MCi_STATUS, and what parameter 1 must be for it (None: anything)."""


def bank_status(code: int, parameters: Sequence[int]) -> Optional[MachineCheck]:
    """The machine check that parameters 3 and 4 are; None for other bug checks, and where the bank was not valid."""
    plain = plain_code(code)
    if plain not in _MACHINE_CHECKS or len(parameters) < 4 or _MACHINE_CHECKS[plain] not in (None, parameters[0]):
        return None
    found = machine_check((parameters[2] & 0xFFFFFFFF) << 32 | parameters[3] & 0xFFFFFFFF)
    return found if found.valid else None


def object_of(dump: KernelDump, kind: str, value: int) -> Optional[objects.Found]:
    """What a parameter that is an object leads to; None where the dump does not hold it."""
    if kind == DEVICE:
        return objects.device_object(dump, value)
    if kind == DRIVER:
        return objects.driver_object(dump, value)
    return objects.request(dump, value) if kind == REQUEST else None


def _characters(value: int) -> str:
    """The characters that a number is, such as a pool tag; empty where they are not printable."""
    text = value.to_bytes(8, "little").rstrip(b"\0")
    return f"'{text.decode('ascii')}'" if text and all(0x20 <= byte < 0x7F for byte in text) else ""


def _object_words(found: objects.Found) -> str:
    words = [found.asked] if found.asked else []
    words += [f"with {found.name}" if found.asked else found.name] if found.name else []
    words += [f"({found.driver.file_name})"] if found.driver is not None else []
    return " ".join(words)


def _text_at(dump: KernelDump, address: int) -> str:
    """The text of one byte a character at an address; empty where the dump does not hold its beginning, or it is none."""
    data = dump.read(address, _LONGEST).split(b"\0", 1)[0]
    return repr(data.decode("ascii")) if data and all(0x20 <= byte < 0x7F for byte in data) else ""


def _in_dump(dump: KernelDump, kind: str, value: int) -> str:
    """What only the dump can tell of a value; may be empty."""
    found = object_of(dump, kind, value)
    if found is not None:
        return _object_words(found)
    if kind == UNICODE:
        return objects.counted_text(dump, value)
    if kind == ANSI:
        return _text_at(dump, value) or dump.symbol(value)
    return dump.symbol(value) or dump.unloaded_symbol(value)


def parameter_words(dump: Any, kind: str, value: int) -> str:
    """What a parameter's value is in words: a name, driver+offset, an IRQL. Empty where nothing is known. ``dump`` is a KernelDump or None."""
    if kind == STATUS:
        low = value & 0xFFFFFFFF
        return ntstatus_name(low) or code_name(low)
    if kind == ACCESS:
        return _ACCESS.get(value, "")
    if kind == IRQL:
        return _IRQLS.get(value & 0xFF, f"IRQL {value}" if value < 32 else "")
    if kind == TEXT:
        return _characters(value)
    words = _in_dump(dump, kind, value) if isinstance(dump, KernelDump) else ""
    return words or ("near null" if kind in (ADDRESS, CODE) and value < 0x1000 else "")


def values_in_words(dump: Any, code: int, kinds: Sequence[str], values: Sequence[int]) -> List[str]:
    """What each of the values is; ``kinds`` are those of the parameters."""
    found = [value_words(code, index + 1, value) or parameter_words(dump, kind, value) for index, (kind, value) in enumerate(zip(kinds, values))]
    check = bank_status(code, values)
    if check is not None:
        found[2:4] = _halves(check)
    return found


def _halves(check: MachineCheck) -> Tuple[str, str]:
    """The high half of MCi_STATUS in words, then the low one."""
    return "; ".join(check.flags), f"{check.error}; model-specific code 0x{check.model_code:x}"

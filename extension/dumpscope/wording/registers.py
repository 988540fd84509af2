"""Registers in the layout of the debugger's ``r``, by name, and as plain values."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterator, List, Union

from ..dump.absence import Absent
from ..dump.contexts import Registers
from ..dump.minidump import Minidump
from ..dump.streams.exception import ExceptionInfo
from ..dump.streams.threads import Thread
from ..errors import NotInDump
from ..format.contexts import CONTEXT_LAYOUTS

_COMMON = frozenset({"ip", "sp", "fp"})
_FLAGS = frozenset({"efl", "eflags", "cpsr", "psr"})


def register_lines(dump: Minidump, registers: Registers) -> Iterator[str]:
    """``rax=… rbx=…``, the flags, the segments, and the place of the instruction pointer as module+offset."""
    yield from register_rows(registers)
    symbol = dump.symbol(registers.ip)
    if symbol:
        yield f"{symbol}:"


def register_rows(registers: Registers) -> Iterator[str]:
    """``rax=… rbx=…``, the flags and the segments."""
    values = registers.values
    digits = 2 * registers.pointer_size
    segments = registers.segments
    rows = []
    for row in registers.layout.rows:
        text = " ".join(f"{item.name:>3}={values[item.name]:0{digits}x}" for item in row if item.name in values)
        if text:
            rows.append(text)
    words = registers.flag_words
    if segments:
        flags = f"{words[0]}         {' '.join(words[1:])}"
        if digits == 8:
            rows[-1] += " " + flags
        else:
            rows.append(flags)
        shown = "  ".join(f"{name}={segments[name] & 0xFFFF:04x}" for name in ("cs", "ss", "ds", "es", "fs", "gs") if name in segments)
        rows.append(f"{shown}             efl={registers.flags & 0xFFFFFFFF:08x}")
    else:
        rows.append(f"psr={registers.flags & 0xFFFFFFFF:08x} {' '.join(words)}")
    yield from rows


def register_values(registers: Registers) -> Dict[str, Any]:
    """All general, segment and debug registers as hexadecimal strings, with the flags and the processor."""
    found: Dict[str, Any] = {name: f"0x{value:x}" for name, value in registers.values.items()}
    found[registers.layout.flags.name] = f"0x{registers.flags:x}"
    found.update({name: f"0x{value:x}" for name, value in registers.segments.items()})
    found.update({name: f"0x{value:x}" for name, value in registers.debug.items()})
    found["architecture"] = registers.architecture
    found["context_flags"] = f"0x{registers.context_flags:x}"
    return found


def register_names(dump: Minidump) -> FrozenSet[str]:
    """Names that :func:`register_value` knows for this dump's processor."""
    system = dump.system
    if isinstance(system, Absent):
        return frozenset()
    layouts = CONTEXT_LAYOUTS.get(system.architecture, ())
    names: List[str] = [*_COMMON, *_FLAGS] if layouts else []
    for layout in layouts:
        for row in (*layout.rows, layout.segments, layout.debug):
            names += [register.name for register in row]
    return frozenset(names)


def register_value(dump: Minidump, thread: Union[Thread, ExceptionInfo], name: str) -> int:
    """A register of a thread by its name; ``ip``, ``sp`` and ``fp`` on every processor.

    Raises NotInDump where the thread has no registers, and KeyError for a name that its processor does not have.
    """
    registers = dump.registers(thread)
    if isinstance(registers, Absent):
        raise NotInDump(f"thread {thread.tid:x}: {registers.message}")
    if name in _FLAGS:
        return registers.flags
    if name in _COMMON and name not in registers.values:
        return {"ip": registers.ip, "sp": registers.sp, "fp": registers.fp}[name]
    return registers[name]

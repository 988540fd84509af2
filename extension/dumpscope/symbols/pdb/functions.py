"""A function and its variables, from the symbol records of the object that it came from.

Source of the records: microsoft/microsoft-pdb, include/cvinfo.h (PROCSYM32, FRAMEPROCSYM, LOCALSYM, DEFRANGESYM…, REGREL32, BPRELSYM32).
"""

from __future__ import annotations

import struct
from typing import Callable, List, NamedTuple, Optional, Tuple

from .file import IPI, Pdb, records
from .registers import FRAME_BASES, REGISTERS, Place

MAX_VARIABLES = 4096
"""Variables of a function that are read."""
S_COMPILE3 = 0x113C
S_END, S_INLINESITE_END, S_PROC_ID_END = 0x0006, 0x114E, 0x114F
S_FRAMEPROC, S_REGISTER, S_BPREL32, S_REGREL32, S_LOCAL = 0x1012, 0x1106, 0x110B, 0x1111, 0x113E
S_DEFRANGE_REGISTER, S_DEFRANGE_FRAMEPOINTER_REL, S_DEFRANGE_SUBFIELD_REGISTER = 0x1141, 0x1142, 0x1143
S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE, S_DEFRANGE_REGISTER_REL = 0x1144, 0x1145
PROCEDURES = {0x110F: False, 0x1110: False, 0x1146: True, 0x1147: True, 0x1155: False, 0x1156: True}
"""S_LPROC32, S_GPROC32, S_LPROC32_DPC, and the forms of them whose type is an id of the IPI stream."""
_OPENS = (0x1103, 0x114D, 0x115D, 0x1102, 0x1132, *PROCEDURES)
"""S_BLOCK32, S_INLINESITE, S_INLINESITE2, S_THUNK32, S_SEPCODE: what stands in them is not of the function itself."""
_ENDS = (S_END, S_INLINESITE_END, S_PROC_ID_END)
_PROCEDURE = struct.Struct("<IIIIIIIIH")
_FUNCTION_IDS = (0x1601, 0x1602)
"""LF_FUNC_ID and LF_MFUNC_ID."""
_PARAMETER, _OPTIMIZED_OUT = 1, 0x100
REGISTER, RELATIVE, BAD = "register", "relative", "bad"


class Where(NamedTuple):
    """Where a variable is in a part of a function.

    ``kind`` is ``register`` (``register`` holds it), ``relative`` (it stands at ``register`` plus ``offset``), or ``bad`` (a register that
    is not known, or one that only frame data know; ``number`` is what the record says). ``ranges`` are offsets in the function, first and behind
    the last; none stands for the whole function.
    """

    kind: str
    register: Optional[Place]
    offset: int
    ranges: Tuple[Tuple[int, int], ...]
    number: int = 0
    part: bool = False
    """Set where only a part of the variable is there: a member of a structure."""

    def covers(self, offset: int) -> bool:
        """Whether it says something of an instruction."""
        return not self.ranges or any(begin <= offset < end for begin, end in self.ranges)


class Variable(NamedTuple):
    """A parameter or another variable of a function. ``type`` is an index of TPI."""

    name: str
    type: int
    parameter: bool
    where: Tuple[Where, ...]
    record: str
    """The record that names it, as ``S_LOCAL``."""


class Function(NamedTuple):
    """A function: ``type`` is an index of TPI, ``body`` the offsets where its prologue has run and its epilogue begins, as the compiler says."""

    name: str
    size: int
    type: int
    at: int
    """The offset in the function that was asked about."""
    body: Tuple[int, int]
    variables: Tuple[Variable, ...]
    whole: bool
    """False where its records do not end as they should."""
    compiler: str
    """Name and version of the compiler, as it says them; empty where it does not."""


def name_at(body: bytes, place: int) -> str:
    """The name that ends with a zero."""
    return body[place:].split(b"\0", 1)[0].decode("utf-8", "replace")


def type_of_id(file: Pdb, index: int) -> int:
    """The type of a function whose id stands in IPI; 0 where there is none."""
    kind, body = file.record(IPI, index)
    return int.from_bytes(body[4:8], "little") if kind in _FUNCTION_IDS else 0


def function_at(file: Pdb, rva: int, variables: bool = True) -> Optional[Function]:
    """The function at an RVA, with its variables; None where the file has none there."""
    place = file.place(rva)
    if place is None:
        return None
    data = file.symbols_at(*place)
    at = 4
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("<HH", data, at)
        if size < 2:
            return None
        behind = at + 2 + size
        if kind in PROCEDURES and size >= _PROCEDURE.size + 2 and at + 4 + _PROCEDURE.size <= len(data):
            _, end, _, length, begun, ends, index, offset, section = _PROCEDURE.unpack_from(data, at + 4)
            if section == place[0] and offset <= place[1] < offset + max(length, 1):
                found, whole = _variables(file, data, behind, offset) if variables else ([], True)
                type = type_of_id(file, index) if PROCEDURES[kind] else index
                name = name_at(data[at + 4 : behind], _PROCEDURE.size + 1)
                return Function(name, length, type, place[1] - offset, (begun, ends), tuple(found), whole, _compiler(data))
            behind = end if behind < end < len(data) and not end & 3 else behind
        at = behind
    return None


def _compiler(data: bytes) -> str:
    """What S_COMPILE3 says, which stands among the first records of an object."""
    for _, (kind, body) in zip(range(8), records(data, 4)):
        if kind == S_COMPILE3:
            return name_at(body, 22)
    return ""


class _Open:
    """A variable whose records are still to come."""

    def __init__(self, name: str, type: int, flags: int) -> None:
        self.name, self.type, self.flags = name, type, flags
        self.where: List[Where] = []


def _variables(file: Pdb, data: bytes, at: int, start: int) -> Tuple[List[Variable], bool]:
    """The variables that stand in the function itself, and whether its records end as they should."""
    found: List[Variable] = []
    local: Optional[_Open] = None
    depth, frame = 0, 0
    registers = REGISTERS.get(file.machine, {})
    bases = FRAME_BASES.get(file.machine, {})

    def close() -> None:
        nonlocal local
        if local is not None:
            found.append(Variable(local.name, local.type, bool(local.flags & _PARAMETER), tuple(local.where), "S_LOCAL"))
        local = None

    def register(number: int, offset: Optional[int], ranges: Tuple[Tuple[int, int], ...] = (), part: bool = False) -> Where:
        place = registers.get(number)
        kind = BAD if place is None else REGISTER if offset is None else RELATIVE
        return Where(kind, place, offset or 0, ranges, number, part)

    def framed(offset: int, parameter: bool, ranges: Tuple[Tuple[int, int], ...] = ()) -> Where:
        number = frame >> 16 & 3 if parameter else frame >> 14 & 3
        name = bases.get(number)
        return Where(BAD if name is None else RELATIVE, None if name is None else Place(name, 0, file.pointer_size), offset, ranges)

    while at + 4 <= len(data) and len(found) < MAX_VARIABLES:
        size, kind = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 2 + size]
        if size < 2 or at + 2 + size > len(data):
            return found, False
        at += 2 + size
        if depth == 0 and local is not None and S_DEFRANGE_REGISTER <= kind <= S_DEFRANGE_REGISTER_REL:
            _defined(kind, body, start, local, register, framed)
            continue
        if kind in _ENDS:
            if depth == 0:
                close()
                return found, True
            depth -= 1
        elif kind in _OPENS:
            close()
            depth += 1
        elif depth:
            continue
        elif kind == S_FRAMEPROC and len(body) >= 26:
            frame = int.from_bytes(body[22:26], "little")
        elif kind == S_LOCAL and len(body) >= 7:
            close()
            local = _Open(name_at(body, 6), *struct.unpack_from("<IH", body))
        elif kind == S_REGREL32 and len(body) >= 11:
            close()
            offset, type, number = struct.unpack_from("<iIH", body)
            found.append(Variable(name_at(body, 10), type, False, (register(number, offset),), "S_REGREL32"))
        elif kind == S_BPREL32 and len(body) >= 9:
            close()
            offset, type = struct.unpack_from("<iI", body)
            base = bases.get(2)
            where = Where(BAD if base is None else RELATIVE, None if base is None else Place(base, 0, file.pointer_size), offset, ())
            found.append(Variable(name_at(body, 8), type, False, (where,), "S_BPREL32"))
        elif kind == S_REGISTER and len(body) >= 7:
            close()
            type, number = struct.unpack_from("<IH", body)
            found.append(Variable(name_at(body, 6), type, False, (register(number, None),), "S_REGISTER"))
    close()
    return found, False


def _ranges(body: bytes, at: int, start: int) -> Tuple[Tuple[int, int], ...]:
    """The parts of a function that a record is about: a range without its gaps."""
    if len(body) < at + 8:
        return ((0, 0),)
    offset, _, length = struct.unpack_from("<IHH", body, at)
    begin, end = offset - start, offset - start + length
    found = []
    place = begin
    for gap, size in struct.iter_unpack("<HH", body[at + 8 : at + 8 + (len(body) - at - 8) // 4 * 4]):
        if begin + gap > place:
            found.append((place, begin + gap))
        place = max(place, begin + gap + size)
    if place < end:
        found.append((place, end))
    return tuple(found) or ((0, 0),)


def _defined(kind: int, body: bytes, start: int, local: _Open, register: Callable[..., Where], framed: Callable[..., Where]) -> None:
    """Add where a variable is in a part of its function."""
    if kind == S_DEFRANGE_REGISTER and len(body) >= 12:
        local.where.append(register(int.from_bytes(body[:2], "little"), None, _ranges(body, 4, start)))
    elif kind == S_DEFRANGE_SUBFIELD_REGISTER and len(body) >= 16:
        local.where.append(register(int.from_bytes(body[:2], "little"), None, _ranges(body, 8, start), True))
    elif kind == S_DEFRANGE_FRAMEPOINTER_REL and len(body) >= 12:
        local.where.append(framed(int.from_bytes(body[:4], "little", signed=True), bool(local.flags & _PARAMETER), _ranges(body, 4, start)))
    elif kind == S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE and len(body) >= 4:
        local.where.append(framed(int.from_bytes(body[:4], "little", signed=True), bool(local.flags & _PARAMETER)))
    elif kind == S_DEFRANGE_REGISTER_REL and len(body) >= 16:
        number, flags, offset = struct.unpack_from("<HHi", body)
        local.where.append(register(number, offset, _ranges(body, 8, start), bool(flags >> 4)))

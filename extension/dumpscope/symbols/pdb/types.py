"""Types of variables as the debugger spells them, from the TPI stream of a PDB.

Source of the records: microsoft/microsoft-pdb, include/cvinfo.h (TYPE_ENUM_e, lfPointer, lfStructure, lfEnum, lfArray …). How types are spelled was
observed with dbgeng 10.0.15063: references are pointers, const and volatile are left out, a function is ``<function>``.
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

from .file import TPI, BadPdb, Pdb
from .functions import name_at

MAX_DEPTH = 32
"""Types that a type is made of, one in the other."""
MAX_NAME = 4096
"""Characters of a type's name that are kept."""
MAX_VALUES = 1 << 14
"""Values of an enumeration that are read."""
MAX_LISTS = 256
"""Records that the values of an enumeration are spread over."""

SIGNED, UNSIGNED, CHAR, WIDE, BOOL, FLOAT, POINTER, ENUM, UDT, ARRAY, FUNCTION, VOID, MISSING = (
    "signed", "unsigned", "char", "wide", "bool", "float", "pointer", "enum", "structure", "array", "function", "void", "missing",
)  # fmt: skip

NO_TYPE = "<Type information missing error>"


class Type(NamedTuple):
    """A type: its spelling in two parts (an array or a function splits what stands around the name of a pointer to it), kind, and bytes.

    ``target`` is what a pointer leads to and what an array is of; ``signed`` says how its number is to be taken; ``values`` are those of an
    enumeration by number. ``size`` is 0 where the file does not say it.
    """

    kind: str
    name: str
    size: int
    signed: bool = False
    target: Optional[Type] = None
    values: Tuple[Tuple[int, str], ...] = ()
    text: bool = False
    """Set for characters of which pointers are shown with the text that they lead to."""

    def __str__(self) -> str:
        return self.name


MISSING_TYPE = Type(MISSING, NO_TYPE, 0)

_BASE: Dict[int, Type] = {
    0x03: Type(VOID, "void", 0),
    0x08: Type(UNSIGNED, "HRESULT", 4),
    0x10: Type(CHAR, "char", 1, True),
    0x20: Type(CHAR, "unsigned char", 1, text=True),
    0x70: Type(CHAR, "char", 1, True, text=True),
    0x71: Type(WIDE, "wchar_t", 2, text=True),
    0x11: Type(SIGNED, "short", 2, True),
    0x72: Type(SIGNED, "short", 2, True),
    0x21: Type(UNSIGNED, "unsigned short", 2),
    0x73: Type(UNSIGNED, "unsigned short", 2),
    0x12: Type(SIGNED, "long", 4, True),
    0x22: Type(UNSIGNED, "unsigned long", 4),
    0x74: Type(SIGNED, "int", 4, True),
    0x75: Type(UNSIGNED, "unsigned int", 4),
    0x13: Type(SIGNED, "int64", 8, True),
    0x76: Type(SIGNED, "int64", 8, True),
    0x23: Type(UNSIGNED, "unsigned int64", 8),
    0x77: Type(UNSIGNED, "unsigned int64", 8),
    0x30: Type(BOOL, "bool", 1),
    0x40: Type(FLOAT, "float", 4),
    0x41: Type(FLOAT, "double", 8),
}
"""Types without a record, by the low byte of their index."""
_POINTERS = {1: 2, 2: 4, 3: 4, 4: 4, 5: 6, 6: 8}
"""Bytes of a pointer to such a type, by the byte above."""
_LF_MODIFIER, _LF_POINTER, _LF_PROCEDURE, _LF_MFUNCTION, _LF_FIELDLIST, _LF_INDEX, _LF_ENUMERATE = 0x1001, 0x1002, 0x1008, 0x1009, 0x1203, 0x1404, 0x1502
_LF_ARRAY, _LF_ENUM = 0x1503, 0x1507
_UDTS = {0x1504: ("class", 16), 0x1505: ("struct", 16), 0x1506: ("union", 8), 0x1519: ("struct", 16)}
"""LF_CLASS, LF_STRUCTURE, LF_UNION, LF_INTERFACE: the word for each, and where its size stands."""
_NUMBERS = {0x8000: "<b", 0x8001: "<h", 0x8002: "<H", 0x8003: "<i", 0x8004: "<I", 0x8009: "<q", 0x800A: "<Q"}
_FIRST_RECORD = 0x1000


def number_at(body: bytes, place: int) -> Tuple[int, int]:
    """A number of a record, and where the next field stands. Raises BadPdb."""
    leaf = int.from_bytes(body[place : place + 2], "little")
    if place + 2 > len(body):
        raise BadPdb("a number of a type does not fit in its record")
    if leaf < 0x8000:
        return leaf, place + 2
    code = _NUMBERS.get(leaf)
    if code is None or place + 2 + struct.calcsize(code) > len(body):
        raise BadPdb(f"a number of kind 0x{leaf:x} in a type")
    return int(struct.unpack_from(code, body, place + 2)[0]), place + 2 + struct.calcsize(code)


def pointer_to(target: Type, size: int) -> Type:
    """A pointer to a type, as the debugger spells it."""
    if target.kind == MISSING:
        return MISSING_TYPE
    name = target.name
    if target.kind == ARRAY:
        inner, _, rest = name.partition(" [")
        name = f"{inner} (*)[{rest}"
    else:
        name += "*" if name.endswith("*") else " *"
    return Type(POINTER, name, size, target=target)


class Types:
    """Types of one open file by their indexes. Each is made once."""

    def __init__(self, file: Pdb) -> None:
        self._file = file
        self._known: Dict[int, Type] = {}

    def of(self, index: int, depth: int = 0) -> Type:
        """The type with an index; one of the kind ``missing`` where the file does not have it, or not as it should be."""
        found = self._known.get(index)
        if found is None:
            try:
                found = self._make(index, depth)
            except BadPdb:
                found = MISSING_TYPE
            if len(found.name) > MAX_NAME:
                found = found._replace(name=found.name[:MAX_NAME] + "...")
            self._known[index] = found
        return found

    def _make(self, index: int, depth: int) -> Type:
        if depth > MAX_DEPTH:
            return MISSING_TYPE
        if index < _FIRST_RECORD:
            base = _BASE.get(index & 0xFF, MISSING_TYPE)
            mode = index >> 8 & 0xF
            if mode == 0:
                return base
            return pointer_to(base, _POINTERS.get(mode, 8))
        kind, body = self._file.record(TPI, index)
        if kind == _LF_MODIFIER and len(body) >= 4:
            return self.of(int.from_bytes(body[:4], "little"), depth + 1)
        if kind == _LF_POINTER and len(body) >= 8:
            target, attributes = struct.unpack_from("<II", body)
            return pointer_to(self.of(target, depth + 1), attributes >> 13 & 0x3F or self._file.pointer_size)
        if kind in (_LF_PROCEDURE, _LF_MFUNCTION):
            return Type(FUNCTION, "<function>", 0)
        if kind == _LF_ARRAY and len(body) >= 10:
            element = self.of(int.from_bytes(body[:4], "little"), depth + 1)
            size, _ = number_at(body, 8)
            count = size // element.size if element.size else 0
            inner, _, rest = element.name.partition(" [") if element.kind == ARRAY else (element.name, "", "")
            return Type(ARRAY, f"{inner} [{count}]" + (f"[{rest}" if rest else ""), size, target=element)
        if kind in _UDTS:
            word, place = _UDTS[kind]
            size, place = number_at(body, place)
            return Type(UDT, f"{word} {name_at(body[: place + MAX_NAME], place)}", size)
        if kind == _LF_ENUM and len(body) >= 13:
            under, fields = struct.unpack_from("<II", body, 4)
            base = self.of(under, depth + 1)
            return Type(ENUM, name_at(body[: 12 + MAX_NAME], 12), base.size, base.signed, base, self._values(fields))
        return MISSING_TYPE

    def _values(self, index: int) -> Tuple[Tuple[int, str], ...]:
        """Numbers and names of an enumeration, which may be spread over several records."""
        found: List[Tuple[int, str]] = []
        for _ in range(MAX_LISTS):
            kind, body = self._file.record(TPI, index)
            if kind != _LF_FIELDLIST:
                break
            place, index = 0, 0
            while place + 4 <= len(body) and len(found) < MAX_VALUES:
                leaf = int.from_bytes(body[place : place + 2], "little")
                if leaf == _LF_INDEX and place + 8 <= len(body):
                    index = int.from_bytes(body[place + 4 : place + 8], "little")
                if leaf != _LF_ENUMERATE:
                    break
                value, start = number_at(body, place + 4)
                name = name_at(body[: start + MAX_NAME], start)
                found.append((value, name))
                end = body.find(b"\0", start)
                place = len(body) if end < 0 else end + 1
                while place < len(body) and body[place] > 0xF0:  # LF_PAD
                    place += 1
            if not index:
                break
        return tuple(found)

"""Structures in the process's captured memory, read member by member: a part of one may be missing."""

from __future__ import annotations

import struct
from typing import Dict, Tuple, Union

from ..format.layout import Scalar, Structure
from .absence import NOT_CAPTURED, Absent
from .memory import Memory

_PLACES: Dict[Tuple[str, str], Tuple[int, struct.Struct]] = {}


def _place(structure: Structure, path: str) -> Tuple[int, struct.Struct]:
    """Offset and decoder of a member; arrays give a tuple. Raises KeyError."""
    key = (structure.name, path)
    found = _PLACES.get(key)
    if found is None:
        leaf = structure.leaf(path)
        scalar = leaf.field.type
        assert isinstance(scalar, Scalar)
        found = _PLACES[key] = (leaf.offset, struct.Struct(f"<{leaf.field.count}{scalar.code}"))
    return found


class Block:
    """A structure at ``address`` in the process. A member is Absent, with its address, where its bytes are not in the dump."""

    def __init__(self, memory: Memory, structure: Structure, address: int, pointer_size: int) -> None:
        self.memory = memory
        self.structure = structure
        self.address = address
        self.pointer_size = pointer_size

    def __repr__(self) -> str:
        return f"<{self.structure.name} at 0x{self.address:x}>"

    def _read(self, path: str) -> Union[Tuple[int, ...], Absent]:
        offset, code = _place(self.structure, path)
        data = self.memory.some(self.address + offset, code.size)
        if len(data) < code.size:
            return Absent(NOT_CAPTURED, f"{self.structure.name}.{path} at 0x{self.address + offset:x} is not in the dump")
        return code.unpack(data)

    def number(self, path: str) -> Union[int, Absent]:
        """A number by its C path. Raises KeyError for a path that the structure does not have."""
        values = self._read(path)
        return values if isinstance(values, Absent) else values[0]

    def numbers(self, path: str) -> Union[Tuple[int, ...], Absent]:
        """An array of numbers by its C path."""
        return self._read(path)

    def place(self, path: str) -> int:
        """Address of a member."""
        return self.address + self.structure.offset_of(path)

    def text(self, path: str, base: int = 0) -> Union[str, Absent]:
        """A UNICODE_STRING by its C path; ``base`` is added to its address. An empty one needs no bytes."""
        length, buffer = self.number(path + ".Length"), self.number(path + ".Buffer")
        if isinstance(length, Absent):
            return length
        if isinstance(buffer, Absent):
            return buffer
        mask = (1 << 8 * self.pointer_size) - 1
        return read_text(self.memory, buffer + base & mask if buffer else 0, length, f"{self.structure.name}.{path}")


def read_text(memory: Memory, address: int, length: int, what: str) -> Union[str, Absent]:
    """``length`` bytes of UTF-16 at ``address``; Absent unless all of them are there."""
    if not length:
        return ""
    data = memory.some(address, length)
    if len(data) < length:
        part = f"{len(data)} of its {length} bytes are in the dump" if data else "is not in the dump"
        return Absent(NOT_CAPTURED, f"{what}: the text at 0x{address:x} {part}" if not data else f"{what}: of the text at 0x{address:x}, {part}")
    return data[: length & ~1].decode("utf-16-le", "surrogatepass")

"""Structures as bytes: the format table read the other way round."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from ..errors import UsageError
from ..format.counted import counted
from ..format.header import MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR
from ..format.layout import RVA_KIND, Scalar, Structure

TEXT = "text"
BLOB = "blob"
MEMORY = "memory"
CHAIN = "chain"


class Reference(NamedTuple):
    """An RVA field of a structure: ``name`` is what a caller calls it (``ModuleName``, ``ThreadContext``), ``offset`` where the RVA stands in the record.

    ``kind`` is TEXT (a MINIDUMP_STRING), BLOB (bytes with their size in front of the RVA), MEMORY (a captured range, whose size and
    start stand in front of the RVA) or CHAIN (object information). ``width`` is the size of the RVA in bytes.
    """

    name: str
    kind: str
    offset: int
    width: int


def references(structure: Structure) -> List[Reference]:
    """The RVA fields of a structure, by the format table."""
    found: List[Reference] = []
    for field in structure.fields:
        if field.type is MINIDUMP_LOCATION_DESCRIPTOR:
            found.append(Reference(field.name, BLOB, field.offset + MINIDUMP_LOCATION_DESCRIPTOR.offset_of("Rva"), 4))
        elif field.type is MINIDUMP_MEMORY_DESCRIPTOR:
            found.append(Reference(field.name, MEMORY, field.offset + MINIDUMP_MEMORY_DESCRIPTOR.offset_of("Memory.Rva"), 4))
        elif field.kind == RVA_KIND and field.target == "MINIDUMP_STRING":
            found.append(Reference(_plain(field.name), TEXT, field.offset, field.size))
        elif field.kind == RVA_KIND and field.target == "MINIDUMP_HANDLE_OBJECT_INFORMATION":
            found.append(Reference(_plain(field.name), CHAIN, field.offset, field.size))
    return found


def _plain(name: str) -> str:
    """``ModuleNameRva`` and ``RvaOfThreadName`` without what says that they are RVAs."""
    return name[5:] if name.startswith("RvaOf") else name[:-3] if name.endswith("Rva") else name


def find_path(structure: Structure, name: str) -> str:
    """The path of a number: ``name`` is a path, or the last part of exactly one. Raises UsageError with what there is."""
    paths = [leaf.path for leaf in structure.leaves]
    if name in paths:
        return name
    ends = [path for path in paths if path.rpartition(".")[2] == name]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise UsageError(f"{structure.name} has {name} in several places", "give the path: " + ", ".join(ends))
    raise UsageError(f"{structure.name} has no field {name}", "it has " + ", ".join(paths[:40]))


def pack_into(structure: Structure, buffer: bytearray, values: Mapping[str, Any], base: int = 0) -> None:
    """Put numbers into the bytes of a structure at ``base``. Keys are paths, or last parts that are unambiguous.

    Arrays take a sequence, or bytes that are filled up with zeros. Raises UsageError for an unknown field or a value that does not fit.
    """
    for name, value in values.items():
        leaf = structure.leaf(find_path(structure, name))
        field, place = leaf.field, base + leaf.offset
        assert isinstance(field.type, Scalar)
        try:
            if not field.array:
                struct.pack_into("<" + field.type.code, buffer, place, value)
            elif isinstance(value, (bytes, bytearray)):
                if len(value) > field.size:
                    raise UsageError(f"{structure.name}.{leaf.path}: {counted(len(value), 'byte does', 'bytes do')} not fit into {field.size}")
                buffer[place : place + field.size] = bytes(value).ljust(field.size, b"\0")
            else:
                numbers = [*value]
                if len(numbers) > field.count:
                    raise UsageError(f"{structure.name}.{leaf.path}: {counted(len(numbers), 'number does', 'numbers do')} not fit into {field.count}")
                struct.pack_into(f"<{len(numbers)}{field.type.code}", buffer, place, *numbers)
        except (struct.error, TypeError) as error:
            raise UsageError(f"{structure.name}.{leaf.path}: {value!r} does not fit: {error}", f"the field is a {field.type.name}") from None


def pack(structure: Structure, values: Mapping[str, Any]) -> bytearray:
    """A structure's bytes; fields that are not given are zero. Raises UsageError."""
    data = bytearray(structure.size)
    pack_into(structure, data, values)
    return data


def split(structure: Structure, values: Mapping[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The values that are numbers of a record, and those that are what its RVA fields lead to."""
    names = {item.name for item in references(structure)}
    return {key: value for key, value in values.items() if key not in names}, {key: value for key, value in values.items() if key in names}

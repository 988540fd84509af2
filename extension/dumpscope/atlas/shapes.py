"""The layouts that a page needs, as plain values: structures, their numbers, and the names of enumerations and flags."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..anatomy.node import CODEVIEW, OBJECT, RECORD, Node
from ..dump.source import Source
from ..format.handles import MINIDUMP_HANDLE_OBJECT_INFORMATION, OBJECT_INFORMATION
from ..format.layout import COUNT, RVA, RVA64, ULONG32, Enumeration, Field, FlagSet, Scalar, Structure
from ..format.modules import CV_INFO_ELF, CV_INFO_PDB20, CV_INFO_PDB70, IMAGE_DEBUG_MISC

_COUNT4 = Structure("ULONG32", [Field("Count", ULONG32, "how many records follow", COUNT)], meaning="The list's count.")
_COUNT8 = Structure(
    "ULONG32[2]",
    [Field("Count", ULONG32, "how many records follow", COUNT), Field("Padding", ULONG32, "padding of some writers")],
    meaning="The list's count, padded to 8 bytes.",
)
_SYMBOLS = {b"RSDS": CV_INFO_PDB70, b"NB10": CV_INFO_PDB20, b"BpEL": CV_INFO_ELF}

Part = Tuple[Structure, int]


def parts_of(node: Node, source: Source) -> List[Part]:
    """The structures that a node's bytes are to be read with, each with its place in the node."""
    if node.kind == CODEVIEW:
        if "IMAGE_DEBUG_MISC" in node.what:
            return [(IMAGE_DEBUG_MISC, 0)]
        shape = _SYMBOLS.get(source.some(node.offset, 4))
        return [(shape, 0)] if shape is not None else []
    if node.kind == OBJECT:
        values = source.some(node.offset, MINIDUMP_HANDLE_OBJECT_INFORMATION.size)
        parts: List[Part] = [(MINIDUMP_HANDLE_OBJECT_INFORMATION, 0)]
        if len(values) == MINIDUMP_HANDLE_OBJECT_INFORMATION.size:
            head = MINIDUMP_HANDLE_OBJECT_INFORMATION.unpack(values)
            payload = OBJECT_INFORMATION.get(head["InfoType"], {}).get(head["SizeOfInfo"])
            if payload is not None:
                parts.append((payload, MINIDUMP_HANDLE_OBJECT_INFORMATION.size))
        return parts
    if node.structure is not None:
        return [(node.structure, 0)]
    if node.kind == RECORD and node.what.endswith(" > header"):
        if node.size == 4:
            return [(_COUNT4, 0)]
        if node.size == 8:
            return [(_COUNT8, 0)]
    return []


class ShapeTable:
    """Structures and value names by number, each once."""

    def __init__(self) -> None:
        self.shapes: List[Dict[str, Any]] = []
        self.values: List[Dict[str, Any]] = []
        self.parts: List[List[int]] = []
        self._shapes: Dict[int, int] = {}
        self._values: Dict[int, int] = {}
        self._parts: Dict[Tuple[int, ...], int] = {}
        self._kept: List[object] = []  # identities are keys only as long as their objects live

    def combination(self, parts: List[Part]) -> int:
        """The number of a list of structures at places; -1 for none."""
        if not parts:
            return -1
        flat = tuple(number for shape, at in parts for number in (self.shape(shape), at))
        found = self._parts.get(flat)
        if found is None:
            found = self._parts[flat] = len(self.parts)
            self.parts.append(list(flat))
        return found

    def shape(self, shape: Structure) -> int:
        """The number of a structure."""
        found = self._shapes.get(id(shape))
        if found is None:
            found = self._shapes[id(shape)] = len(self.shapes)
            self._kept.append(shape)
            self.shapes.append(
                {
                    "name": shape.name,
                    "size": shape.size,
                    "meaning": shape.meaning,
                    "source": shape.source,
                    "c": shape.c_declaration() if len(shape.fields) <= 40 else "",
                    "leaves": [self._leaf(leaf.path, leaf.offset, leaf.field) for leaf in shape.leaves],
                }
            )
        return found

    def _leaf(self, path: str, offset: int, field: Field) -> List[Any]:
        assert isinstance(field.type, Scalar)
        kind = "rva" if field.type is RVA or field.type is RVA64 else field.kind
        count = field.count if field.array else 0
        return [
            path,
            offset,
            field.type.size,
            field.type.code,
            field.type.name,
            count,
            kind,
            field.meaning,
            self._named(field.values),
            field.target,
            field.when,
        ]

    def _named(self, values: Optional[Any]) -> int:
        if values is None:
            return -1
        found = self._values.get(id(values))
        if found is None:
            assert isinstance(values, (Enumeration, FlagSet))
            found = self._values[id(values)] = len(self.values)
            self._kept.append(values)
            members = [[str(number), label, meaning] for number, (label, meaning) in values.members.items()]
            self.values.append({"name": values.name, "flags": isinstance(values, FlagSet), "members": members})
        return found

"""A structure in the file taken apart: every field with its place, its bytes and its value, nested ones below it.

Works from the format tables alone. What a table cannot say (how long a string is, what follows a context) is in the few functions
at the end. Everything is cut at the end of the node and of the file.
"""

from __future__ import annotations

import struct
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

from ..dump.source import Source
from ..format.contexts import CONTEXT_EX, XSAVE_AREA_HEADER
from ..format.handles import MINIDUMP_HANDLE_OBJECT_INFORMATION, OBJECT_INFORMATION
from ..format.header import MINIDUMP_STRING
from ..format.layout import TEXT, Field, Scalar, Structure
from ..format.modules import IMAGE_DEBUG_MISC
from ..format.system import CPU_INFORMATION, OTHER_CPU_INFO, X86_CPU_INFO
from ..format.vendor.crashpad import MinidumpByteArray, MinidumpUTF8String
from .node import CONTEXT, Node

MAX_ELEMENTS = 4096
"""Elements of an array of structures that are taken apart."""


class Part(NamedTuple):
    """One line of a structure taken apart.

    ``path`` leads from the structure (``Stack.Memory.Rva``); ``value`` is an int, a tuple of them, bytes, or None for a heading
    and for a field that is cut. ``inner`` is the nested structure that a heading stands for. ``said`` is how many bytes the field
    should have, ``size`` how many are there.
    """

    offset: int
    size: int
    depth: int
    type: str
    name: str
    path: str
    value: Any
    meaning: str
    field: Optional[Field]
    inner: Optional[Structure]
    owner: Optional[Structure]
    said: int

    @property
    def end(self) -> int:
        """Offset just after it."""
        return self.offset + self.size


class _Knife:
    def __init__(self, source: Source, offset: int, size: int, *, architecture: int = -1) -> None:
        self.source = source
        self.end = offset + source.available(offset, size)
        self.said_end = offset + size
        self.architecture = architecture
        self.cursor = offset

    def raw(self, offset: int, size: int, depth: int, name: str, meaning: str, kind: str = "UCHAR", owner: Optional[Structure] = None) -> Iterator[Part]:
        """Bytes that no field describes."""
        held = max(0, min(size, self.end - offset))
        if held:
            unit = 2 if kind == "WCHAR" else 1
            data = self.source.some(offset, held)
            yield Part(offset, held, depth, f"{kind}[{held // unit}]", name, name, data, meaning, None, None, owner, size)
            self.cursor = max(self.cursor, offset + held)

    def structure(self, shape: Structure, base: int, depth: int, prefix: str = "") -> Iterator[Part]:
        at = base
        for field in self.members(shape):
            start = base + field.offset
            if start >= self.said_end:
                return
            if field.array and not field.count:
                continue  # its length is not in the table
            if start > at:
                yield from self.raw(at, start - at, depth, "(padding)", "", owner=shape)
            at = max(at, start + field.size)
            if isinstance(field.type, Structure):
                yield from self.nested(field, field.type, start, depth, prefix, shape)
            else:
                yield self.scalar(field, field.type, start, depth, prefix, shape)
        if depth and at < min(base + shape.size, self.end):
            yield from self.raw(at, base + shape.size - at, depth, "(padding)", "", owner=shape)

    def members(self, shape: Structure) -> Iterator[Field]:
        """The fields; of a processor's union only the member that counts."""
        if shape is CPU_INFORMATION and self.architecture >= 0:
            wanted = X86_CPU_INFO if self.architecture == 0 else OTHER_CPU_INFO
            return (field for field in shape.fields if field.type is wanted)
        return iter(shape.fields)

    def nested(self, field: Field, inner: Structure, start: int, depth: int, prefix: str, owner: Structure) -> Iterator[Part]:
        for index in range(min(field.count, MAX_ELEMENTS)):
            place = start + index * inner.size
            if place >= self.said_end:
                return
            name = f"{field.name}[{index}]" if field.array else field.name
            held = max(0, min(inner.size, self.end - place))
            meaning = field.meaning if not index else ""
            yield Part(place, held, depth, inner.name, name, prefix + name, None, meaning, field, inner, owner, inner.size)
            yield from self.structure(inner, place, depth + 1, f"{prefix}{name}.")

    def scalar(self, field: Field, kind: Scalar, start: int, depth: int, prefix: str, owner: Structure) -> Part:
        held = max(0, min(field.size, self.end - start))
        name = f"{kind.name}[{field.count}]" if field.array else kind.name
        value: Any = None
        if held == field.size:
            data = self.source.some(start, held)
            if field.array and (kind.size == 1 or field.kind == TEXT):
                value = data
            elif field.array:
                value = struct.unpack(f"<{field.count}{kind.code}", data)
            else:
                value = struct.unpack("<" + kind.code, data)[0]
        self.cursor = max(self.cursor, start + held)
        return Part(start, held, depth, name, field.name, prefix + field.name, value, field.meaning, field, None, owner, field.size)

    def flexible(self, shape: Structure, base: int, size: int, depth: int) -> Iterator[Part]:
        """The last field of a structure whose length stands elsewhere: ``size`` bytes of it."""
        field = shape.fields[-1]
        start = base + field.offset
        size = max(0, min(size, self.said_end - start))
        held = max(0, min(size, self.end - start))
        if not size:
            return
        data: Any = self.source.some(start, held)
        name = f"{field.type.name}[{size // field.type.size}]"
        if isinstance(field.type, Scalar) and field.type.size >= 4 and held == size and not size % field.type.size:
            data = struct.unpack(f"<{size // field.type.size}{field.type.code}", data)
        yield Part(start, held, depth, name, field.name, field.name, data, field.meaning, field, None, shape, size)
        self.cursor = max(self.cursor, start + held)


def dissect(source: Source, node: Node, *, architecture: int = -1) -> Iterator[Part]:
    """The fields of a node in the order of their offsets, nested ones after their heading.

    ``architecture`` is SystemInfo.ProcessorArchitecture, which decides the one union of the format. Every byte of the node is in
    some part; only members of a union share theirs.
    """
    knife = _Knife(source, node.offset, node.size, architecture=architecture)
    shape = node.structure
    if shape is None:
        yield from knife.raw(node.offset, node.size, 0, "", "")
        return
    yield from knife.structure(shape, node.offset, 0)
    special = _TAILS.get(shape.name)
    if special is not None:
        yield from special(knife, node, shape)
    elif node.kind == CONTEXT:
        yield from _behind_context(knife, node, shape)
    if knife.cursor < knife.end:
        known = knife.cursor - node.offset
        meaning = f"after the 0x{known:x} bytes of {shape.name}" if knife.cursor >= node.offset + shape.size else "padding"
        yield from knife.raw(knife.cursor, knife.end - knife.cursor, 0, "", meaning)


def _number(knife: _Knife, offset: int, size: int = 4) -> int:
    return int.from_bytes(knife.source.some(offset, min(size, max(0, knife.end - offset))), "little")


def _string(knife: _Knife, node: Node, shape: Structure) -> Iterator[Part]:
    length = _number(knife, node.offset)
    yield from knife.flexible(shape, node.offset, length, 0)
    if knife.cursor < knife.end and knife.end - knife.cursor <= 2:
        wide = shape is MINIDUMP_STRING
        yield from knife.raw(knife.cursor, knife.end - knife.cursor, 0, "(terminator)", "a NUL that Length does not count", "WCHAR" if wide else "UCHAR", shape)


def _text(knife: _Knife, node: Node, shape: Structure) -> Iterator[Part]:
    """A text to its NUL, at the end of a record."""
    start = node.offset + shape.fields[-1].offset
    if start < knife.end:
        data = knife.source.some(start, knife.end - start)
        nul = data.find(b"\0")
        yield from knife.flexible(shape, node.offset, len(data) if nul < 0 else nul + 1, 0)


def _sid(knife: _Knife, node: Node, shape: Structure) -> Iterator[Part]:
    return knife.flexible(shape, node.offset, 4 * _number(knife, node.offset + 1, 1), 0)


def _all(knife: _Knife, node: Node, shape: Structure) -> Iterator[Part]:
    start = node.offset + shape.fields[-1].offset
    yield from knife.flexible(shape, node.offset, max(0, node.end - start), 0)


def _object(knife: _Knife, node: Node, shape: Structure) -> Iterator[Part]:
    """The payload after a block's head."""
    kind, size = _number(knife, node.offset + 4), _number(knife, node.offset + 8)
    payload = OBJECT_INFORMATION.get(kind, {}).get(size)
    start = node.offset + shape.size
    if payload is None:
        yield from knife.raw(start, size, 0, "(information)", "of a kind or size whose layout is not known")
        return
    held = max(0, min(payload.size, knife.end - start))
    yield Part(start, held, 0, payload.name, "(information)", "(information)", None, payload.meaning, None, payload, None, payload.size)
    yield from knife.structure(payload, start, 1, "(information).")


def _behind_context(knife: _Knife, node: Node, shape: Structure) -> Iterator[Part]:
    """Extended registers: CONTEXT_EX, then the XSAVE header and the groups."""
    base = node.offset + shape.size
    if knife.end < base + CONTEXT_EX.size or not shape.name.startswith(("CONTEXT_AMD64", "CONTEXT_X86")):
        return
    yield Part(base, CONTEXT_EX.size, 0, CONTEXT_EX.name, "(extended)", "(extended)", None, CONTEXT_EX.meaning, None, CONTEXT_EX, None, CONTEXT_EX.size)
    yield from knife.structure(CONTEXT_EX, base, 1, "(extended).")
    at = base + struct.unpack("<i", knife.source.some(base + CONTEXT_EX.offset_of("XState.Offset"), 4))[0]
    if at < knife.cursor or at + XSAVE_AREA_HEADER.size > knife.end:
        return
    if at > knife.cursor:
        yield from knife.raw(knife.cursor, at - knife.cursor, 0, "", "padding")
    inner = XSAVE_AREA_HEADER
    yield Part(at, inner.size, 0, inner.name, "(XSAVE)", "(XSAVE)", None, inner.meaning, None, inner, None, inner.size)
    yield from knife.structure(inner, at, 1, "(XSAVE).")
    if knife.cursor < knife.end:
        yield from knife.raw(knife.cursor, knife.end - knife.cursor, 0, "(registers)", "the groups of registers that Mask names")


_TAILS: Dict[str, Any] = {
    MINIDUMP_STRING.name: _string,
    MinidumpUTF8String.name: _string,
    MinidumpByteArray.name: _string,
    "CV_INFO_PDB70": _text,
    "CV_INFO_PDB20": _text,
    "CV_INFO_ELF": _all,
    IMAGE_DEBUG_MISC.name: _all,
    "MinidumpRVAList": _all,
    "SID": _sid,
    MINIDUMP_HANDLE_OBJECT_INFORMATION.name: _object,
}


def parts_at(source: Source, node: Node, offset: int, *, architecture: int = -1) -> Tuple[Part, ...]:
    """The parts that a byte of a node lies in, outermost heading first, the field itself last; none for a byte of no field."""
    found = [part for part in dissect(source, node, architecture=architecture) if part.offset <= offset < part.end]
    found.sort(key=lambda part: part.depth)
    return tuple(found)

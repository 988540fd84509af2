"""The machinery that declares a C structure once.

A :class:`Structure` is a name and its fields in C spelling. Offsets follow from the order and the packing, as a C
compiler would lay them out. From one declaration come the decoder (:meth:`Structure.unpack`, :meth:`Structure.select`),
the byte view, the C text and the format reference.

All integers of a minidump are little-endian, whatever the machine that wrote or reads it.
"""

from __future__ import annotations

import struct
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

# How a field's number is meant, for whoever draws it. The value itself stays a plain int.
HEX = "hex"
DECIMAL = "decimal"
RVA_KIND = "rva"  # an offset from the start of the dump file
ADDRESS = "address"  # an address in the dumped process
SIZE = "size"  # a number of bytes
COUNT = "count"
TIME_T = "time_t"  # seconds since 1970-01-01 UTC
FILETIME = "filetime"  # 100 ns since 1601-01-01 UTC
DURATION = "duration"  # 100 ns
SECONDS = "seconds"
TEXT = "text"
BYTES = "bytes"
THREAD_ID = "tid"
PROCESS_ID = "pid"


class Scalar(NamedTuple):
    """A C number type: its C name, its struct code and its size in bytes."""

    name: str
    code: str
    size: int

    @property
    def align(self) -> int:
        """Natural alignment in bytes."""
        return self.size


UCHAR = Scalar("UCHAR", "B", 1)
CHAR = Scalar("CHAR", "b", 1)
USHORT = Scalar("USHORT", "H", 2)
WCHAR = Scalar("WCHAR", "H", 2)
ULONG32 = Scalar("ULONG32", "I", 4)
LONG32 = Scalar("LONG32", "i", 4)
ULONG64 = Scalar("ULONG64", "Q", 8)
LONG64 = Scalar("LONG64", "q", 8)
HRESULT = Scalar("HRESULT", "I", 4)
RVA = Scalar("RVA", "I", 4)
RVA64 = Scalar("RVA64", "Q", 8)


class Enumeration:
    """Numbers that have one name each, such as MINIDUMP_STREAM_TYPE.

    ``members`` gives C name and meaning by number, ``name`` is its own C name, ``source`` where it is published.
    """

    __slots__ = ("members", "name", "source")

    def __init__(self, name: str, members: Mapping[int, Tuple[str, str]], source: str = "") -> None:
        self.name = name
        self.members = members
        self.source = source

    def label(self, value: int) -> Optional[str]:
        """The C name of ``value``, or None if it has none."""
        member = self.members.get(value)
        return member[0] if member else None

    def meaning(self, value: int) -> str:
        """What ``value`` means in words, or an empty string."""
        member = self.members.get(value)
        return member[1] if member else ""

    def value(self, label: str) -> int:
        """The number whose C name is ``label``. Raises KeyError."""
        for number, (name, _) in self.members.items():
            if name == label:
                return number
        raise KeyError(label)


class FlagSet:
    """Bits that have a name each, such as MINIDUMP_TYPE. A member may have more than one bit (a field of several bits).

    ``members`` gives C name and meaning by bit, ``name`` is its own C name, ``source`` where it is published.
    """

    __slots__ = ("members", "name", "source")

    def __init__(self, name: str, members: Mapping[int, Tuple[str, str]], source: str = "") -> None:
        self.name = name
        self.members = members
        self.source = source

    def split(self, value: int) -> Tuple[List[int], int]:
        """The named members that are set in ``value``, lowest first, and the bits that are left over."""
        found = []
        rest = value
        for bit in self.members:
            if bit and value & bit == bit:
                found.append(bit)
                rest &= ~bit
        return found, rest

    def labels(self, value: int) -> List[str]:
        """Names of the set bits, lowest first; bits without a name come last as one hexadecimal number."""
        found, rest = self.split(value)
        names = [self.members[bit][0] for bit in found]
        if rest:
            names.append(f"0x{rest:x}")
        if not names and 0 in self.members:
            names.append(self.members[0][0])
        return names

    def meaning(self, bit: int) -> str:
        """What one member means in words, or an empty string."""
        member = self.members.get(bit)
        return member[1] if member else ""

    def value(self, label: str) -> int:
        """The bit whose C name is ``label``. Raises KeyError."""
        for number, (name, _) in self.members.items():
            if name == label:
                return number
        raise KeyError(label)


FieldType = Union[Scalar, "Structure"]


class Field:
    """One field of a structure. ``offset`` and ``size`` are set by the structure that it is declared in.

    ``name`` is its C name, ``type`` a number type or a structure, ``meaning`` what it is, ``unit`` what it is counted in, ``kind``
    how its number is shown. ``array`` says that it is one, ``count`` is the length of an array; 0 means that the array's length
    stands elsewhere and the field has no size. ``values`` names the field's numbers. ``target`` says what an RVA points to.
    ``when`` says when the field is valid. ``at`` places the field by hand (unions).
    """

    __slots__ = ("array", "at", "count", "kind", "meaning", "name", "offset", "size", "target", "type", "unit", "values", "when")

    def __init__(
        self,
        name: str,
        type: FieldType,
        meaning: str = "",
        kind: str = "",
        *,
        count: Optional[int] = None,
        values: Optional[Union[Enumeration, FlagSet]] = None,
        unit: str = "",
        target: str = "",
        when: str = "",
        at: Optional[int] = None,
    ) -> None:
        self.name = name
        self.type = type
        self.meaning = meaning
        if not kind:
            kind = RVA_KIND if type is RVA or type is RVA64 else HEX if values else DECIMAL
        self.kind = kind
        self.array: bool = count is not None
        self.count: int = 1 if count is None else count
        self.values = values
        self.unit = unit
        self.target = target
        self.when = when
        self.at = at
        self.offset = 0
        self.size: int = type.size * self.count

    def _placed(self, offset: int) -> Field:
        self.offset = offset
        return self


class Leaf(NamedTuple):
    """A number inside a structure, with the path that leads to it (``Stack.Memory.Rva``) and its offset from the start."""

    path: str
    field: Field
    offset: int


def _reader_of(field: Field) -> Tuple[struct.Struct, bool]:
    """What reads a number, and whether it is an array of several; UCHAR/CHAR arrays are one value."""
    assert isinstance(field.type, Scalar)
    if not field.array:
        return struct.Struct("<" + field.type.code), False
    if field.type.size == 1:
        return struct.Struct(f"<{field.count}s"), False
    return struct.Struct(f"<{field.count}{field.type.code}"), True


class Structure:
    """A C structure: fields at offsets that follow from their order and the packing.

    ``name`` is its C name, ``fields`` are in the order of declaration, ``size`` and ``align`` in bytes, ``meaning`` says what it is.
    ``pack`` is the ``#pragma pack`` in force (4 in minidumpapiset.h). ``source`` names where the layout is published.
    """

    __slots__ = ("_by_path", "_leaves", "_parts", "_readers", "align", "fields", "meaning", "name", "pack", "size", "source")

    def __init__(self, name: str, fields: Sequence[Field], *, source: str = "", meaning: str = "", pack: int = 4, size: Optional[int] = None) -> None:
        self.name = name
        self.pack = pack
        self.source = source
        self.meaning = meaning
        offset = 0
        end = 0
        align = 1
        for field in fields:
            field_align = min(pack, field.type.align)
            align = max(align, field_align)
            if field.at is not None:
                offset = field.at
            offset = (offset + field_align - 1) // field_align * field_align
            field._placed(offset)
            offset += field.size
            end = max(end, offset)
        self.fields: Tuple[Field, ...] = tuple(fields)
        self.align: int = align
        self.size: int = size if size is not None else (end + align - 1) // align * align
        self._leaves: Optional[Tuple[Leaf, ...]] = None
        self._by_path: Optional[Dict[str, Leaf]] = None
        self._parts: Optional[List[Tuple[str, int, struct.Struct, bool]]] = None
        self._readers: Dict[Tuple[str, ...], struct.Struct] = {}

    def __repr__(self) -> str:
        return f"<{self.name}: {self.size} bytes>"

    @property
    def leaves(self) -> Tuple[Leaf, ...]:
        """Every number in offset order, nested structures opened. An array of numbers is one leaf."""
        if self._leaves is None:
            self._leaves = tuple(sorted(self._walk("", 0), key=lambda leaf: leaf.offset))
        return self._leaves

    def _walk(self, prefix: str, base: int) -> Iterator[Leaf]:
        for field in self.fields:
            if isinstance(field.type, Structure):
                for index in range(field.count):
                    name = f"{prefix}{field.name}[{index}]." if field.array else f"{prefix}{field.name}."
                    yield from field.type._walk(name, base + field.offset + index * field.type.size)
            elif field.count:
                yield Leaf(prefix + field.name, field, base + field.offset)

    def leaf(self, path: str) -> Leaf:
        """The number at ``path``. Raises KeyError."""
        if self._by_path is None:
            self._by_path = {leaf.path: leaf for leaf in self.leaves}
        return self._by_path[path]

    def field(self, name: str) -> Field:
        """The field called ``name``. Raises KeyError."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def offset_of(self, path: str) -> int:
        """Offset in bytes of a field or of a number inside a nested field. Raises KeyError."""
        name, _, rest = path.partition(".")
        field = self.field(name)
        if rest and isinstance(field.type, Structure):
            return field.offset + field.type.offset_of(rest)
        if rest:
            raise KeyError(path)
        return field.offset

    def unpack(self, buffer: Any, offset: int = 0) -> Dict[str, Any]:
        """All numbers by path, from ``buffer`` at ``offset``; arrays as tuples, UCHAR/CHAR arrays as bytes.

        Fields of a union are all decoded. Raises struct.error if the buffer is too short.
        """
        if self._parts is None:
            self._parts = [(leaf.path, leaf.offset, *_reader_of(leaf.field)) for leaf in self.leaves]
        values: Dict[str, Any] = {}
        for path, at, reader, several in self._parts:
            found = reader.unpack_from(buffer, offset + at)
            values[path] = found if several else found[0]
        return values

    def select(self, *paths: str, stride: Optional[int] = None) -> struct.Struct:
        """A compiled reader of just these numbers, in the order given, which must be the order of their offsets.

        The elements of an array come one after the other, UCHAR/CHAR arrays as bytes.
        ``stride`` is the size of one element in the file when it differs from ours; it must hold the last number.
        Raises KeyError for an unknown path and ValueError for a wrong order or too small a stride.
        """
        if stride is not None and stride != self.size:
            return self._compiled(paths, stride)
        if paths not in self._readers:
            self._readers[paths] = self._compiled(paths, self.size)
        return self._readers[paths]

    def _compiled(self, paths: Tuple[str, ...], whole: int) -> struct.Struct:
        code = ["<"]
        position = 0
        for path in paths:
            leaf = self.leaf(path)
            field = leaf.field
            assert isinstance(field.type, Scalar)
            gap = leaf.offset - position
            if gap < 0:
                raise ValueError(f"{self.name}: {path} is out of order")
            if gap:
                code.append(f"{gap}x")
            if not field.array:
                code.append(field.type.code)
            elif field.type.size == 1:
                code.append(f"{field.count}s")
            else:
                code.append(f"{field.count}{field.type.code}")
            position = leaf.offset + field.size
        if whole < position:
            raise ValueError(f"{self.name}: {paths[-1]} ends at {position}, beyond an element of {whole} bytes")
        if whole > position:
            code.append(f"{whole - position}x")
        return struct.Struct("".join(code))

    def end_of(self, path: str) -> int:
        """Offset in bytes just after a number. Raises KeyError."""
        leaf = self.leaf(path)
        return leaf.offset + leaf.field.size

    def c_declaration(self) -> str:
        """The structure as C text, each field with its offset in a comment."""
        lines = [f"typedef struct _{self.name} {{"]
        for field in self.fields:
            array = f"[{field.count or ''}]" if field.array else ""
            lines.append(f"    {field.type.name} {field.name}{array};  // +0x{field.offset:x}")
        lines.append(f"}} {self.name};  // 0x{self.size:x} bytes")
        return "\n".join(lines)


MINIDUMPAPISET = "minidumpapiset.h (Windows SDK 10.0.26100)"
OBSERVED = "observed: dbgeng 10.0.15063"

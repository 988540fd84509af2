"""Changes dumps where it hurts: the places come from the format tables, the values from the edges of their types."""

from __future__ import annotations

import functools
import random
import struct
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from dumpscope.format.catalogue import structure
from dumpscope.format.layout import Scalar, Structure
from dumpscope.format.streams import STREAMS

Groups = Dict[str, List["Site"]]


class Site(NamedTuple):
    """A number in a file: where it is, how many bytes it has, and the path of the field."""

    offset: int
    size: int
    path: str


KINDS = {kind.type: kind for kind in STREAMS.values()}
ELEMENTS = 4
"""Elements of a list whose fields are changed: the first ones; the last one comes on top."""


def _u32(data: bytes, offset: int) -> Optional[int]:
    return struct.unpack_from("<I", data, offset)[0] if 0 <= offset <= len(data) - 4 else None


def _fields(data: bytes, shape: Structure, offset: int, groups: Groups) -> None:
    """Add the numbers of one structure, those of arrays one by one (the first few)."""
    found = groups.setdefault(shape.name, [])
    for leaf in shape.leaves:
        scalar = leaf.field.type
        assert isinstance(scalar, Scalar)
        for index in range(min(leaf.field.count, 4)):
            place = offset + leaf.offset + index * scalar.size
            if place + scalar.size <= len(data):
                found.append(Site(place, scalar.size, f"{shape.name}.{leaf.path}"))


def directory(data: bytes) -> List[Tuple[int, int, int, int]]:
    """Offset, type, size and RVA of the entries, a hundred at the most."""
    count, rva = _u32(data, 8) or 0, _u32(data, 12) or 0
    rows = []
    for offset in range(rva, rva + 12 * min(count, 100), 12):
        if offset + 12 <= len(data):
            rows.append((offset, *struct.unpack_from("<III", data, offset)))
    return rows


def _stream(data: bytes, kind: int, size: int, rva: int, groups: Groups) -> None:
    known = KINDS.get(kind)
    if known is None or rva >= len(data):
        groups.setdefault("stream bytes", []).extend(Site(at, 4, f"stream {kind:#x}") for at in range(rva, min(rva + min(size, 256), len(data) - 3), 4))
        return
    head = structure(known.header) if known.header else None
    element = structure(known.structure) if known.structure else None
    first = rva
    if head is not None:
        _fields(data, head, rva, groups)
        first += head.size
        stored = _u32(data, rva)
        if head.fields[0].name == "SizeOfHeader" and stored and head.size <= stored < 256:
            first = rva + stored
    elif element is not None and known.name.endswith(("ListStream", "NamesStream")):
        groups.setdefault("count", []).append(Site(rva, 4, f"{known.name}.count"))
        first += 4
    if element is None:
        return
    stride = element.size
    numbers = (size - (first - rva)) // stride if stride else 0
    for index in sorted({*range(min(numbers, ELEMENTS)), max(0, numbers - 1)}):
        place = first + index * stride
        _fields(data, element, place, groups)
        _targets(data, element, place, groups)


def _targets(data: bytes, element: Structure, offset: int, groups: Groups) -> None:
    """What the RVAs of an element lead to."""
    for leaf in element.leaves:
        if leaf.field.kind != "rva":
            continue
        rva = _u32(data, offset + leaf.offset)
        if not rva or rva + 8 > len(data):
            continue
        if "Name" in leaf.path or "CSD" in leaf.path:
            groups.setdefault("string length", []).append(Site(rva, 4, f"{element.name}.{leaf.path} -> Length"))
            groups.setdefault("string text", []).extend(Site(rva + 4 + 2 * number, 2, "text") for number in range(4) if rva + 6 + 2 * number <= len(data))
        elif "Context" in leaf.path:
            shape = structure("CONTEXT_AMD64") if leaf.path.startswith("ThreadContext") else None
            if shape is not None:
                _fields(data, shape, rva, groups)
        elif leaf.path == "ObjectInfoRva":
            shape = structure("MINIDUMP_HANDLE_OBJECT_INFORMATION")
            if shape is not None:
                _fields(data, shape, rva, groups)
            groups.setdefault("object payload", []).extend(Site(rva + at, 4, "payload") for at in range(12, 60, 4) if rva + at + 4 <= len(data))
        else:
            groups.setdefault(f"behind {leaf.path}", []).extend(Site(rva + at, 4, leaf.path) for at in range(0, 96, 4) if rva + at + 4 <= len(data))
        if leaf.path == "Memory.Rva":
            size = _u32(data, offset + leaf.offset - 4) or 0
            end = min(rva + min(size, 0x4000), len(data) - 8)
            groups.setdefault("captured memory", []).extend(Site(at, 8, "memory") for at in range(rva, end, 8))


@functools.lru_cache(maxsize=512)
def sites(data: bytes) -> Groups:
    """All numbers that are known of, by the structure that they are in. They are kept: a sample is changed many times."""
    groups: Groups = {}
    for name in ("MINIDUMP_HEADER",):
        shape = structure(name)
        assert shape is not None
        _fields(data, shape, 0, groups)
    entry = structure("MINIDUMP_DIRECTORY")
    assert entry is not None
    for offset, kind, size, rva in directory(data):
        _fields(data, entry, offset, groups)
        if kind:
            _stream(data, kind, size, rva, groups)
            if kind == 9:
                base = struct.unpack_from("<Q", data, rva + 8)[0] if rva + 16 <= len(data) else 0
                groups.setdefault("captured memory", []).extend(Site(at, 8, "memory") for at in range(base, min(base + 0x4000, len(data) - 8), 8))
    return {name: found for name, found in groups.items() if found}


def edges(size: int, site: Site, data: bytes) -> List[int]:
    """Values that are worth trying in a number of ``size`` bytes."""
    top = (1 << 8 * size) - 1
    now = int.from_bytes(data[site.offset : site.offset + size], "little")
    values = [0, 1, 2, 3, 7, 12, 31, 32, 64, 0x103, 0xFFFF, 0x10000, 0x10001, top, top - 1, top >> 1, (top >> 1) + 1, 10**9]
    values += [len(data), len(data) - 1, len(data) + 1, len(data) - 4, site.offset, site.offset - 4, now + 1, now - 1, now * 2, now // 2, now ^ 1, -now]
    values += [_u32(data, 12) or 0, 0x7FFFFFFFFFFF, 0xFFFFFFFFFFFFF000, 1 << 32, (1 << 32) - 16]
    return [value & top for value in values]


def put(data: bytearray, site: Site, value: int) -> None:
    """Write a number."""
    data[site.offset : site.offset + site.size] = (value & ((1 << 8 * site.size) - 1)).to_bytes(site.size, "little")


class Mutant(NamedTuple):
    """A changed dump and what was done to it."""

    data: bytes
    story: str


def _set_fields(data: bytearray, groups: Groups, chance: random.Random) -> str:
    story = []
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        name = chance.choice(sorted(groups))
        site = chance.choice(groups[name])
        if site.offset + site.size > len(data):
            continue
        value = chance.choice(edges(site.size, site, data)) if chance.random() < 0.9 else chance.getrandbits(8 * site.size)
        put(data, site, value)
        story.append(f"{site.path} at {site.offset:#x} = {value:#x}")
    return ", ".join(story)


def _set_all(data: bytearray, groups: Groups, chance: random.Random) -> str:
    """One field of every element."""
    name = chance.choice(sorted(groups))
    path = chance.choice(groups[name]).path
    value = 0
    for site in groups[name]:
        if site.path == path and site.offset + site.size <= len(data):
            value = value or chance.choice(edges(site.size, site, data))
            put(data, site, value)
    return f"every {path} = {value:#x}"


def _move_streams(data: bytearray, groups: Groups, chance: random.Random) -> str:
    rows = [row for row in directory(data) if row[1]]
    if len(rows) < 2:
        return "nothing to move"
    one, other = chance.sample(rows, 2)
    how = chance.randrange(7)
    if how == 0:
        struct.pack_into("<II", data, one[0] + 4, other[2], other[3])
        struct.pack_into("<II", data, other[0] + 4, one[2], one[3])
        return f"streams {one[1]:#x} and {other[1]:#x} swapped"
    if how == 1:
        shift = chance.choice((4, 8, -4, 1, other[2] // 2 & ~3))
        struct.pack_into("<I", data, one[0] + 8, (other[3] + shift) & 0xFFFFFFFF)
        return f"stream {one[1]:#x} laid over {other[1]:#x}"
    if how == 2:
        struct.pack_into("<II", data, one[0] + 4, len(data), chance.choice((0, 32, _u32(data, 12) or 0)))
        return f"stream {one[1]:#x} is the whole file"
    if how == 3:
        kind = chance.choice(sorted(KINDS))
        struct.pack_into("<I", data, one[0], kind)
        return f"stream {one[1]:#x} is called {kind:#x}"
    if how == 4:
        struct.pack_into("<III", data, one[0], *other[1:])
        return f"stream {other[1]:#x} twice"
    if how == 5:
        struct.pack_into("<I", data, 12, chance.choice((one[3], 0, 4, 20, len(data) - 24)))
        return "the directory is elsewhere"
    struct.pack_into("<I", data, one[0] + 4, chance.choice((0, 1, 4, 8, one[2] - 1, one[2] + 1, one[2] + 4, one[2] - 4, 1 << 31)) & 0xFFFFFFFF)
    return f"stream {one[1]:#x} has another size"


def _cut(data: bytearray, groups: Groups, chance: random.Random) -> str:
    end = chance.randrange(0, len(data) + 1, 4) if chance.random() < 0.9 else chance.randrange(len(data) + 1)
    del data[end:]
    return f"cut to {end:#x}"


def _noise(data: bytearray, groups: Groups, chance: random.Random) -> str:
    for _ in range(chance.choice((1, 4, 32))):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    return "noise"


def _fill(data: bytearray, groups: Groups, chance: random.Random) -> str:
    if not data:
        return "empty"
    start = chance.randrange(0, len(data), 4)
    size = chance.choice((4, 16, 64, 256, 4096))
    byte = chance.choice((0, 0xFF, 0x41, 0x80))
    data[start : start + size] = bytes([byte]) * len(data[start : start + size])
    return f"{size} bytes of {byte:#x} at {start:#x}"


def _grow(data: bytearray, groups: Groups, chance: random.Random) -> str:
    data.extend(chance.getrandbits(8) for _ in range(chance.choice((1, 4, 500))))
    return "grown"


_WAYS = (_set_fields,) * 10 + (_set_all,) * 2 + (_move_streams,) * 4 + (_cut,) * 2 + (_noise, _fill, _grow)


def mutate(data: bytes, chance: random.Random) -> Mutant:
    """A changed copy. The same data and the same state of ``chance`` give the same copy."""
    changed = bytearray(data)
    groups = sites(data) or {"bytes": [Site(0, 1, "byte")]}
    story = [chance.choice(_WAYS)(changed, groups, chance) for _ in range(chance.choice((1, 1, 2, 3)))]
    return Mutant(bytes(changed), "; ".join(story))


def fields_and_edges(data: bytes) -> Iterator[Tuple[Site, int]]:
    """Each number of each structure, with each edge."""
    for name, found in sorted(sites(data).items()):
        if name in ("captured memory", "string text"):
            continue
        for site in found:
            for value in sorted(set(edges(site.size, site, data))):
                yield site, value


def with_field(data: bytes, site: Site, value: int) -> Mutant:
    """A copy with one number set."""
    changed = bytearray(data)
    put(changed, site, value)
    return Mutant(bytes(changed), f"{site.path} at {site.offset:#x} = {value:#x}")


def cut(data: bytes, end: int) -> Mutant:
    """The first bytes alone."""
    return Mutant(data[:end], f"cut to {end:#x}")


def every_field(data: bytes) -> Iterator[Mutant]:
    """Each number of each structure set to each edge, one at a time."""
    return (with_field(data, site, value) for site, value in fields_and_edges(data))


def every_cut(data: bytes) -> Iterator[Mutant]:
    """The file cut at each 32-bit boundary."""
    return (cut(data, end) for end in range(0, len(data), 4))

"""A minidump as bytes that can be edited, and other shapes of one: full memory, old handle descriptors, more streams.

Knows the format by itself (standard library only, nothing of dumpscope), so that a mistake there cannot hide here.
"""

from __future__ import annotations

import struct
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

THREADS, MODULES, MEMORY, EXCEPTION, SYSTEM, MEMORY64 = 3, 4, 5, 6, 7, 9
COMMENT_A, COMMENT_W, HANDLES, FUNCTIONS, UNLOADED, MISC = 10, 11, 12, 13, 14, 15
MEMORY_INFO, THREAD_INFO, HANDLE_OPERATIONS, TOKEN, JAVASCRIPT, SYSTEM_MEMORY, VM_COUNTERS, THREAD_NAMES = 16, 17, 18, 19, 20, 21, 22, 24


U32 = 0xFFFFFFFF


class Entry(NamedTuple):
    """One row of the stream directory."""

    index: int  # type: ignore[assignment]  # not tuple.index
    type: int
    size: int
    rva: int


class Image:
    """A dump as bytes that can be edited; every edit returns a new Image."""

    def __init__(self, data: bytes) -> None:
        self.data = bytes(data)

    @property
    def directory(self) -> int:
        return self.u32(12)

    @property
    def entries(self) -> List[Entry]:
        return [Entry(i, *struct.unpack_from("<III", self.data, self.directory + 12 * i)) for i in range(self.u32(8))]

    def u16(self, at: int) -> int:
        return int.from_bytes(self.raw(at, 2), "little")

    def u32(self, at: int) -> int:
        return int.from_bytes(self.raw(at, 4), "little")

    def u64(self, at: int) -> int:
        return int.from_bytes(self.raw(at, 8), "little")

    def raw(self, at: int, size: int) -> bytes:
        """Bytes that must all be there."""
        if at < 0 or at + size > len(self.data):
            raise IndexError(f"{at:#x}+{size:#x} is not in the dump of {len(self.data):#x} bytes")
        return self.data[at : at + size]

    def find(self, stream: int) -> Optional[Entry]:
        """The first directory row of this type."""
        return next((e for e in self.entries if e.type == stream), None)

    def poke(self, at: int, fmt: str, *values: int) -> Image:
        out = bytearray(self.data)
        if at + struct.calcsize("<" + fmt) <= len(out):
            struct.pack_into("<" + fmt, out, at, *values)
        return Image(bytes(out))

    def put(self, at: int, raw: bytes) -> Image:
        return Image(self.data[:at] + raw + self.data[at + len(raw) :])

    def row(self, index: int, stream: int, size: int, rva: int) -> Image:
        """Directory row `index` rewritten."""
        return self.poke(self.directory + 12 * index, "III", stream & U32, size & U32, rva & U32)

    def append(self, raw: bytes, align: int = 4) -> Tuple[Image, int]:
        """More bytes at the end; where they went."""
        at = -(-len(self.data) // align) * align
        return Image(self.data.ljust(at, b"\0") + raw), at

    def body(self, entry: Entry) -> bytes:
        return self.data[entry.rva : entry.rva + entry.size]

    def replace(self, entry: Entry, raw: bytes) -> Image:
        """The stream laid out anew at the end of the file."""
        image, at = self.append(raw)
        return image.row(entry.index, entry.type, len(raw), at)

    def add(self, stream: int, raw: bytes, first: bool = False) -> Image:
        """One stream more. The engine wants the directory before all streams: those in its way move to the end of the file."""
        image, at = self.append(raw)
        rows = [list(e)[1:] for e in self.entries]
        rows.insert(0 if first else len(rows), [stream, len(raw), at])
        end = self.directory + 12 * len(rows)
        for row in rows:
            if row[0] and self.directory < row[2] < end:
                image, row[2] = image.append(image.data[row[2] : row[2] + row[1]])
        return image.put(self.directory, b"".join(struct.pack("<III", *row) for row in rows)).poke(8, "I", len(rows))

    def without(self, stream: int) -> Image:
        image = self
        for entry in self.entries:
            if entry.type == stream:
                image = image.row(entry.index, 0, 0, 0)
        return image


def string(text: str) -> bytes:
    """A MINIDUMP_STRING."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<I", len(raw)) + raw + b"\0\0"


# ---- other shapes of a base


def full_memory(data: bytes) -> bytes:
    """The same dump with a Memory64ListStream instead of its MemoryListStream, header flag 2 set."""
    image = Image(data)
    entry = image.find(MEMORY)
    ranges = []
    if entry:
        for i in range(image.u32(entry.rva)):
            start, size, rva = struct.unpack_from("<QII", data, entry.rva + 4 + 16 * i)
            ranges.append((start, data[rva : rva + size]))
    ranges.sort()
    image = image.without(MEMORY).poke(24, "Q", image.u64(24) | 2)
    table = b"".join(struct.pack("<QQ", start, len(raw)) for start, raw in ranges)
    image = image.add(MEMORY64, struct.pack("<QQ", len(ranges), 0) + table)
    entry = image.find(MEMORY64)
    assert entry is not None
    image, base = image.append(b"".join(raw for _, raw in ranges))
    return image.poke(entry.rva + 8, "Q", base).data


def old_descriptors(data: bytes) -> bytes:
    """Handles as other writers leave them: 32-byte descriptors, header version 0, one type string per type."""
    image = Image(data).poke(6, "H", 0)
    entry = image.find(HANDLES)
    if entry:
        head, step, count = struct.unpack_from("<III", data, entry.rva)
        rows = [data[entry.rva + head + i * step :][:32] for i in range(count)]
        image = image.replace(entry, struct.pack("<4I", 16, 32, count, 0) + b"".join(rows))
    return image.data


def dressed(data: bytes) -> bytes:
    """The dump with the streams that writers seldom leave: comments, functions, operations, names, JavaScript, user data."""
    image = Image(data)
    threads = image.find(THREADS)
    ids = [image.u32(threads.rva + 4 + 48 * i) for i in range(image.u32(threads.rva))] if threads else [1]
    image = image.add(COMMENT_A, b"a plain comment\0").add(COMMENT_W, "a wide comment\nof two lines\0".encode("utf-16-le"))
    image, name = image.append(string("worker"))
    image = image.add(THREAD_NAMES, struct.pack("<I", len(ids)) + b"".join(struct.pack("<IQ", i, name) for i in ids))
    table = struct.pack("<6I", 24, 32, 112, 12, 2, 4) + b"\0" * 4
    for i in range(2):
        table += struct.pack("<QQQII", 0x1000 * i, 0x1000 * i + 0x800, 0x1000 * i, 2, 4) + b"\x11" * 112 + b"\x22" * 24 + b"\0" * 4
    image = image.add(FUNCTIONS, table)
    handles = image.find(HANDLES)
    value = image.u64(handles.rva + image.u32(handles.rva)) if handles else 4
    rows = b"".join(
        struct.pack("<QIIIIII", value + 4 * (i % 2), 0x20, ids[0], 1 + i % 3, 0, 2, i) + struct.pack("<32Q", 0x7000, 0x7100, *[0] * 30) for i in range(4)
    )
    image = image.add(HANDLE_OPERATIONS, struct.pack("<4I", 16, 288, 4, 0) + rows)
    image, first = image.append(string("gone.dll"))
    image, second = image.append(string("C:\\x\\old.dll"))
    if not image.find(UNLOADED):
        image = image.add(
            UNLOADED,
            struct.pack("<3I", 12, 24, 2)
            + struct.pack("<QIIII", 0x7FF810000000, 0x5000, 1, 0x5F000000, first)
            + struct.pack("<QIIII", 0x7FF820000000, 0x6000, 1, 0x5F000001, second),
        )
    image = image.add(JAVASCRIPT, b"JS!!" * 8).add(0x43500001, struct.pack("<I", 1).ljust(52, b"\0")).add(0x10000, b"user data")
    if not image.find(SYSTEM_MEMORY):
        image = image.add(SYSTEM_MEMORY, bytes(struct.pack("<HH", 1, 0xF)) + bytes(i * 7 % 256 for i in range(0x1EC - 4)))
    if not image.find(VM_COUNTERS):
        image = image.add(VM_COUNTERS, struct.pack("<HHI", 2, 0x1F, 5) + struct.pack("<18Q", *[0x1000 * i for i in range(18)]))
    return image.data


def with_object_information(data: bytes) -> bytes:
    """Every handle gets a chain of information blocks, of every kind in turn."""
    image = Image(data)
    entry = image.find(HANDLES)
    if not entry or image.u32(entry.rva + 4) < 40:
        return data
    sizes = {1: 48, 2: 8, 3: 16, 4: 48, 5: 64, 6: 8, 7: 24, 8: 8}
    head, step, count = struct.unpack_from("<III", data, entry.rva)
    for i in range(count):
        rva, wanted = 0, {0: (6,), 1: (2, 3), 2: (4, 5), 3: (1,), 4: (7,), 5: (8,), 6: (), 7: tuple(range(1, 9))}[i % 8]
        for kind in wanted:
            image, rva = image.append(struct.pack("<III", rva, kind, sizes[kind]) + bytes((kind * 16 + k) % 256 for k in range(sizes[kind])))
        image = image.poke(entry.rva + head + i * step + 32, "I", rva)
    return image.data


DRESSES: Dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "full": full_memory,
    "old": old_descriptors,
    "dressed": dressed,
    "objects": with_object_information,
    "all": lambda data: dressed(with_object_information(data)),
    "full-dressed": lambda data: full_memory(dressed(data)),
}

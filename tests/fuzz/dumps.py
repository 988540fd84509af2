"""A writer for the worst: headers, counts and sizes are whatever the caller says."""

from __future__ import annotations

import struct
from typing import List, Tuple


class Dump:
    """Bytes behind a header; streams are (type, claimed size, place)."""

    def __init__(self, flags: int = 0) -> None:
        self.data = bytearray(32)
        self.flags = flags
        self.streams: List[Tuple[int, int, int]] = []

    def put(self, data: bytes) -> int:
        rva = len(self.data)
        self.data += data
        return rva

    def string(self, text: str) -> int:
        raw = text.encode("utf-16-le", "surrogatepass")
        return self.put(struct.pack("<I", len(raw)) + raw + b"\0\0")

    def stream(self, kind: int, data: bytes, size: int = -1) -> int:
        rva = self.put(data)
        self.streams.append((kind, len(data) if size < 0 else size, rva))
        return rva

    def basics(self) -> Dump:
        """System, one thread, one module."""
        self.stream(7, struct.pack("<HHHBBIIIIIHH", 9, 6, 0, 8, 1, 10, 0, 19045, 2, self.string(""), 0x100, 0).ljust(56, b"\0"))
        self.stream(3, struct.pack("<IIIIIQQIIII", 1, 0x10, 0, 0x20, 0, 0x7FF000, 0x100000, 0, 0, 0, 0))
        self.stream(4, struct.pack("<IQIIII", 1, 0x7FF600000000, 0x10000, 0, 0, self.string("C:\\demo.exe")).ljust(112, b"\0"))
        return self

    def build(self, count: int = -1) -> bytes:
        directory = self.put(b"".join(struct.pack("<III", *row) for row in self.streams))
        self.data[:32] = struct.pack("<4sIIIIIQ", b"MDMP", 0xA061A793, len(self.streams) if count < 0 else count, directory, 0, 1709294400, self.flags)
        return bytes(self.data)


def handles(rows: bytes, count: int, stride: int = 40, header: int = 16, size: int = -1, before: bytes = b"") -> bytes:
    """A dump with a handle stream."""
    made = Dump(4).basics()
    made.put(before)
    made.stream(12, struct.pack("<IIII", header, stride, count, 0) + rows, size)
    return made.build()

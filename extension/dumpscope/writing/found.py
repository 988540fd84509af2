"""Where a text stands in a dump, whatever encoding and wherever the ranges of memory cut it."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

from ..dump.minidump import Minidump
from ..dump.source import Source

PIECE = 1 << 20


class Found(NamedTuple):
    """Where a text stands: the file's offset, and as what."""

    text: str
    offset: int
    how: str


def find_text(source: Source, text: str) -> Iterator[Found]:
    """Where a text stands in a dump, whatever its case: as ASCII (UTF-8), as UTF-16, and in pieces where two ranges of memory follow each other."""
    kinds = [(how, text.encode(code, "surrogatepass")) for how, code in (("ASCII", "utf-8"), ("UTF-16", "utf-16-le"))]
    kinds = [(how, needle) for how, needle in kinds if needle]
    if not kinds:
        return
    patterns = [(how, re.compile(b"(?i)" + re.escape(needle)), len(needle)) for how, needle in kinds]
    longest = max(size for _, _, size in patterns)
    for offset in range(0, source.size, PIECE):
        data = source.some(offset, PIECE + longest - 1)
        for how, pattern, _ in patterns:
            for match in pattern.finditer(data):
                if match.start() < PIECE:
                    yield Found(text, offset + match.start(), how)
    tail, end, end_rva = b"", -1, 0
    for start, stop, rva in Minidump(source).memory.spans():
        if start != end:
            tail = b""
        elif rva != end_rva:
            head = source.some(rva, min(stop - start, longest - 1))
            for how, pattern, _ in patterns:
                for match in pattern.finditer(tail + head):
                    if match.start() < len(tail) < match.end():
                        yield Found(text, end_rva - len(tail) + match.start(), f"{how}, across the ranges that meet at 0x{start:x}")
        end, end_rva = stop, rva + stop - start
        tail = (tail + source.some(max(rva, end_rva - longest + 1), min(stop - start, longest - 1)))[-(longest - 1) :] if longest > 1 else b""

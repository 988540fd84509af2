"""Finding bytes in captured memory: read in large pieces, without regular expressions, in the order of addresses.

The speed is that of :meth:`bytes.find`; what it costs to know the addresses is paid once for each stretch of ranges that follow
each other in the file, which in a full dump is nearly all of it.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from itertools import chain, compress, count, islice
from operator import add, ne, sub

from ..record import NamedTuple
from .memory import ADDRESS_END, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, List, Optional

IN_PLACE = sys.version_info >= (3, 12)
CHUNK = 1 << 23 if IN_PLACE else 1 << 20
"""Bytes that are looked through at a time: copies are searched fastest when they fit into the processor's cache."""

RELEASE = 1 << 26
"""Bytes after which the pages that were read are given back to the system."""
MAX_PATTERN = 1 << 16

if TYPE_CHECKING:
    Progress = Callable[[int, int], None]
    """Called with the bytes that were looked through and the bytes there are."""


def text_pattern(text: str) -> bytes:
    """The bytes of a text of one byte for each character. Raises UnicodeEncodeError for what Latin-1 cannot hold."""
    return text.encode("latin-1")


def wide_pattern(text: str) -> bytes:
    """The bytes of a text as Windows keeps it: UTF-16, lone surrogates included."""
    return text.encode("utf-16-le", "surrogatepass")


def pointer_pattern(value: int, pointer_size: int = 8) -> bytes:
    """The bytes of a pointer. Raises OverflowError when it does not fit."""
    return value.to_bytes(pointer_size, "little")


class _Stretch:
    """Ranges that follow each other in the file, whatever their addresses: looked through in one go."""

    __slots__ = ("rva", "end", "first", "last")

    def __init__(self, rva: int, end: int, first: int, last: int) -> None:
        self.rva = rva
        self.end = end
        self.first = first  # numbers of the ranges, the last one included
        self.last = last


class Spans(NamedTuple):
    """First addresses, addresses behind the end, and file offsets of captured stretches, lowest first."""

    lows: List[int]
    highs: List[int]
    rvas: List[int]


def _stretches(spans: Spans) -> Iterator[_Stretch]:
    lows, highs, rvas = spans
    if not lows:
        return
    ends = list(map(add, rvas, map(sub, highs, lows)))
    first = 0
    for number in chain(compress(count(), map(ne, ends, islice(rvas, 1, None))), (len(lows) - 1,)):
        yield _Stretch(rvas[first], ends[number], first, number)
        first = number + 1


def _clip(memory: Memory, start: int, end: int) -> Spans:
    lows, highs, rvas = memory._columns()
    if start > 0 or end < ADDRESS_END:
        rows = [(max(low, start), min(high, end), rva + max(0, start - low)) for low, high, rva in zip(lows, highs, rvas) if high > start and low < end]
        lows, highs, rvas = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    return Spans(lows, highs, rvas)


def _seam(memory: Memory, spans: Spans, stretch: _Stretch, pattern: bytes) -> Iterator[int]:
    """Matches that begin in one stretch and end in the next, where the addresses go on and the file does not."""
    overlap = len(pattern) - 1
    number = stretch.last
    first, end = spans.lows[number], spans.highs[number]
    while end - first < overlap and number > stretch.first and spans.highs[number - 1] == first:
        number -= 1
        first = spans.lows[number]
    first = max(first, end - overlap)
    stop = end
    for low, high in islice(zip(spans.lows, spans.highs), stretch.last + 1, None):
        if low != stop or stop - end >= overlap:
            break
        stop = high
    joined = memory.read(first, min(stop, end + overlap) - first)
    at = joined.find(pattern)
    while 0 <= at < end - first:
        if first + at + len(pattern) > end:
            yield first + at
        at = joined.find(pattern, at + 1)


def find(
    memory: Memory,
    pattern: bytes,
    *,
    start: int = 0,
    end: int = ADDRESS_END,
    align: int = 1,
    progress: Optional[Progress] = None,
) -> Iterator[int]:
    """Addresses at which ``pattern`` stands in captured memory, lowest first; matches may overlap and may cross ranges.

    ``align`` leaves out addresses that are no multiple of it (``align=8`` for pointers). Only bytes from ``start`` to before ``end``
    are looked at. Raises ValueError for an empty pattern or one above 64 KiB, DumpError when the file is cut meanwhile.
    """
    if not pattern or len(pattern) > MAX_PATTERN:
        raise ValueError("a pattern has 1 to 65536 bytes")
    spans = _clip(memory, start, end)
    total = sum(spans.highs) - sum(spans.lows) if progress is not None else 0
    done = 0
    for stretch in _stretches(spans):
        for address in _in_stretch(memory, spans, stretch, pattern, progress, done, total):
            if align == 1 or not address % align:
                yield address
        done += stretch.end - stretch.rva
        following = stretch.last + 1
        if len(pattern) > 1 and following < len(spans.lows) and spans.highs[stretch.last] == spans.lows[following]:
            for address in _seam(memory, spans, stretch, pattern):
                if align == 1 or not address % align:
                    yield address
    if progress is not None:
        progress(total, total)


def _in_stretch(memory: Memory, spans: Spans, stretch: _Stretch, pattern: bytes, progress: Optional[Progress], done: int, total: int) -> Iterator[int]:
    """Matches inside one stretch, whose bytes are copied out of the file piece by piece."""
    source = memory.source
    size = len(pattern)
    number = stretch.first
    lows, highs, rvas = spans
    low, high, rva = lows[number], highs[number], rvas[number]
    released = stretch.rva
    for begin in range(stretch.rva, stretch.end, CHUNK):
        buffer = source.buffer
        stop = min(begin + CHUNK, stretch.end)
        last = min(stop + size - 1, stretch.end)
        # A mapping's own find() has the fast algorithm since Python 3.12; before, a copy that fits the cache is quicker.
        look, base = (buffer.find, 0) if IN_PLACE else (buffer[begin:last].find, begin)
        place = look(pattern, begin - base, last - base) + base
        while begin <= place < stop:
            if place >= rva + high - low:
                number = bisect_right(rvas, place, number + 1, stretch.last + 1) - 1
                low, high, rva = lows[number], highs[number], rvas[number]
            address = low + place - rva
            if address + size <= high or _goes_on(spans, number, address + size):
                yield address
            place = look(pattern, place + 1 - base, last - base) + base
        if begin - released >= RELEASE:
            source.release()
            released = begin
            if progress is not None:
                progress(done + begin - stretch.rva, total)
    source.release()


def _goes_on(spans: Spans, number: int, end: int) -> bool:
    """Whether the addresses behind a range go on up to ``end`` without a gap."""
    lows, highs, _ = spans
    high = highs[number]
    while high < end:
        number += 1
        if number >= len(lows) or lows[number] != high:
            return False
        high = highs[number]
    return True

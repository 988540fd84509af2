"""Finding bytes in captured memory: read in large pieces, without regular expressions, in the order of addresses.

The speed is that of :meth:`bytes.find`; what it costs to know the addresses is paid once for each stretch of ranges that follow
each other in the file, which in a full dump is nearly all of it.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from itertools import chain, compress, count, islice
from operator import add, ne, sub

from ..record import NamedTuple
from .memory import ADDRESS_END, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Optional, Sequence

IN_PLACE = sys.version_info >= (3, 11, 5)
"""Whether a mapping's own find() has the fast algorithm (since 3.11) and never looks behind the mapping's end (gh-105235)."""

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
    """First addresses, addresses behind the end, and file offsets of captured stretches, lowest first.

    ``contiguous``: their bytes are known to follow each other in the file.
    """

    lows: Sequence[int]
    highs: Sequence[int]
    rvas: Sequence[int]
    contiguous: bool


def _stretches(spans: Spans) -> Iterator[_Stretch]:
    lows, highs, rvas, contiguous = spans
    if not lows:
        return
    last = len(lows) - 1
    if contiguous:
        yield _Stretch(rvas[0], rvas[last] + highs[last] - lows[last], 0, last)
        return
    ends = list(map(add, rvas, map(sub, highs, lows)))
    first = 0
    for number in chain(compress(count(), map(ne, ends, islice(rvas, 1, None))), (last,)):
        yield _Stretch(rvas[first], ends[number], first, number)
        first = number + 1


def _clip(memory: Memory, start: int, end: int) -> Spans:
    """What lies from ``start`` to before ``end``."""
    lows, highs, rvas = memory._columns()
    contiguous = memory._contiguous
    if start <= 0 and end >= ADDRESS_END:
        return Spans(lows, highs, rvas, contiguous)
    first = bisect_right(highs, start)
    behind = max(first, bisect_left(lows, end))
    lows, highs, rvas = list(lows[first:behind]), list(highs[first:behind]), list(rvas[first:behind])
    if lows:
        if lows[0] < start:
            rvas[0] += start - lows[0]
            lows[0] = start
        highs[-1] = min(highs[-1], end)
    return Spans(lows, highs, rvas, contiguous)


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
    lows, highs, rvas = spans[:3]
    low, high, rva = lows[number], highs[number], rvas[number]
    released = stretch.rva
    for begin in range(stretch.rva, stretch.end, CHUNK):
        stop = min(begin + CHUNK, stretch.end)
        last = min(stop + size - 1, stretch.end)
        look, base = (source.buffer.find, 0) if IN_PLACE else (source.fetch(begin, last - begin).find, begin)
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
    lows, highs = spans.lows, spans.highs
    high = highs[number]
    while high < end:
        number += 1
        if number >= len(lows) or lows[number] != high:
            return False
        high = highs[number]
    return True

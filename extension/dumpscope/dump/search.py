"""Finding bytes in captured memory: read in large pieces, without regular expressions, in the order of addresses.

The speed is that of :meth:`bytes.find`; what it costs to know the addresses is paid once for each stretch of ranges that follow
each other in the file, which in a full dump is nearly all of it.

A file may be made so that this costs more than its size. Ranges of a few bytes, scattered in the file, whose addresses go on, are
joined before they are looked through, each byte once; where ranges share bytes of the file, so that a megabyte stands for terabytes,
places without a match are remembered by file offset (:class:`Blanks`). The answer is the same.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import chain, compress, count, islice
from operator import add, ne, sub
from typing import Callable, DefaultDict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .streams.memory import ADDRESS_END, Memory

IN_PLACE = sys.version_info >= (3, 11, 5)
"""Whether a mapping's own find() has the fast algorithm (since 3.11) and never looks after the mapping's end (gh-105235)."""

CHUNK = 1 << 23 if IN_PLACE else 1 << 20
"""Bytes that are looked through at a time: copies are searched fastest when they fit into the processor's cache."""

RELEASE = 1 << 26
"""Bytes after which the pages that were read are given back to the system."""
MAX_PATTERN = 1 << 16

SHORT = 1 << 8
"""Bytes below which a stretch is joined with those that its addresses go on in."""
WINDOW = 1 << 20
"""Bytes that are joined at a time; many times what a pattern can have, as that much is looked at twice."""

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
    """First addresses, addresses after the end, and file offsets of captured stretches, lowest first.

    ``contiguous``: their bytes are known to follow each other in the file.
    """

    lows: Sequence[int]
    highs: Sequence[int]
    rvas: Sequence[int]
    contiguous: bool


def _stretches(spans: Spans, shared: bool) -> Iterator[_Stretch]:
    """The stretches in the order of addresses; ``shared``: broken also where the addresses do not go on, so that one is all in one piece."""
    lows, highs, rvas, contiguous = spans
    if not lows:
        return
    last = len(lows) - 1
    if contiguous:
        yield _Stretch(rvas[0], rvas[last] + highs[last] - lows[last], 0, last)
        return
    ends = list(map(add, rvas, map(sub, highs, lows)))
    breaks: Iterator[bool] = map(ne, ends, islice(rvas, 1, None))
    if shared:
        breaks = map(ne, zip(ends, highs), zip(islice(rvas, 1, None), islice(lows, 1, None)))
    first = 0
    for number in chain(compress(count(), breaks), (last,)):
        yield _Stretch(rvas[first], ends[number], first, number)
        first = number + 1


def _joined(spans: Spans, stretches: Iterator[_Stretch], short: int) -> Iterator[Tuple[_Stretch, bool]]:
    """The stretches; short ones whose addresses go on in the next short one are made into one, whose bytes do not follow each other."""
    held: Optional[_Stretch] = None
    several = False
    for stretch in stretches:
        is_short = stretch.end - stretch.rva < short
        if held is not None:
            if is_short and spans.highs[held.last] == spans.lows[stretch.first]:
                held.last = stretch.last
                several = True
                continue
            yield held, several
            held, several = None, False
        if is_short:
            held = stretch
        else:
            yield stretch, False
    if held is not None:
        yield held, several


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


def _behind(memory: Memory, spans: Spans, number: int, wanted: int) -> bytes:
    """Up to ``wanted`` bytes after a range, as far as the addresses go on."""
    lows, highs, rvas = spans[:3]
    parts = []
    end = highs[number]
    number += 1
    while wanted > 0 and number < len(lows) and lows[number] == end:
        end = highs[number]
        size = min(end - lows[number], wanted)
        parts.append(memory.source.fetch(rvas[number], size))
        wanted -= size
        number += 1
    return b"".join(parts)


def _seam(memory: Memory, spans: Spans, stretch: _Stretch, pattern: bytes) -> Iterator[int]:
    """Matches that begin in one stretch and end in the next, where the addresses go on and the file does not."""
    overlap = len(pattern) - 1
    number = stretch.last
    first, end = spans.lows[number], spans.highs[number]
    while end - first < overlap and number > stretch.first and spans.highs[number - 1] == first:
        number -= 1
        first = spans.lows[number]
    first = max(first, end - overlap)
    before = end - first
    joined = memory.source.fetch(stretch.end - before, before) + _behind(memory, spans, stretch.last, overlap)
    at = joined.find(pattern)
    while 0 <= at < before:
        if at + len(pattern) > before:
            yield first + at
        at = joined.find(pattern, at + 1)


def _in_joined(memory: Memory, spans: Spans, stretch: _Stretch, pattern: bytes) -> Iterator[int]:
    """Matches that begin in a stretch that was joined of short ones."""
    lows, highs, rvas = spans[:3]
    fetch = memory.source.fetch
    number, behind = stretch.first, stretch.last + 1
    while number < behind:
        start = end = lows[number]
        parts = []
        while number < behind and lows[number] == end and end - start < WINDOW:
            end = highs[number]
            parts.append(fetch(rvas[number], end - lows[number]))
            number += 1
        parts.append(_behind(memory, spans, number - 1, len(pattern) - 1))
        window = b"".join(parts)
        at = window.find(pattern)
        while 0 <= at < end - start:
            yield start + at
            at = window.find(pattern, at + 1)


class Blanks:
    """Stretches of the file that need not be looked through again, in order, none touching another: no match begins there.

    Where other ranges hold the same bytes, they are passed over. What is shorter than ``least`` is not kept.
    """

    __slots__ = ("least", "starts", "ends")

    def __init__(self, least: int) -> None:
        self.least = least
        self.starts: List[int] = []
        self.ends: List[int] = []

    def skip(self, place: int) -> int:
        """The first place from this one on that is not known."""
        number = bisect_right(self.starts, place) - 1
        return max(place, self.ends[number]) if number >= 0 else place

    def next(self, place: int) -> int:
        """The first place from this one on that is known; where there is none, a number above all places."""
        number = bisect_left(self.starts, place)
        return self.starts[number] if number < len(self.starts) else ADDRESS_END

    def add(self, start: int, end: int) -> None:
        """Keep what lies from ``start`` to before ``end``."""
        if end - start < self.least:
            return
        first, behind = bisect_left(self.ends, start), bisect_right(self.starts, end)
        if first < behind:
            start, end = min(start, self.starts[first]), max(end, self.ends[behind - 1])
        self.starts[first:behind] = [start]
        self.ends[first:behind] = [end]


def _in_shared(memory: Memory, address: int, stretch: _Stretch, pattern: bytes, align: int, blanks: Blanks) -> Iterator[int]:
    """Matches at multiples of ``align`` inside a stretch that begins at ``address``; other ranges hold bytes of it, too."""
    overlap = len(pattern) - 1
    delta = address - stretch.rva
    place = blank = behind = base = stretch.rva
    stop = stretch.end - overlap
    window = b""
    while True:
        place = blanks.skip(place)
        if place >= stop:
            break
        if place >= behind:
            base, behind = place, min(place + CHUNK, stop)
            window = memory.source.fetch(base, behind + overlap - base)
        at = window.find(pattern, place - base)
        if at < 0:
            place = behind
            continue
        place = base + at + 1
        if not (place - 1 + delta) % align:
            blanks.add(blank, place - 1)
            blank = place
            yield place - 1 + delta
    blanks.add(blank, stop)


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
    source = memory.source
    size = len(pattern)
    total = sum(spans.highs) - sum(spans.lows) if progress is not None or not spans.contiguous else 0
    shared = not spans.contiguous and total > source.size
    # A match may begin where another address of the same byte is no multiple: what is blank depends on how the two lie to each other.
    blanks: DefaultDict[int, Blanks] = defaultdict(lambda: Blanks(SHORT))
    done = released = 0
    for stretch, several in _joined(spans, _stretches(spans, shared), max(SHORT, 2 * size)):
        if several:
            addresses = _in_joined(memory, spans, stretch, pattern)
            done += sum(spans.highs[stretch.first : stretch.last + 1]) - sum(spans.lows[stretch.first : stretch.last + 1])
        elif shared:
            low = spans.lows[stretch.first]
            addresses = _in_shared(memory, low, stretch, pattern, align, blanks[(low - stretch.rva) % align])
            done += stretch.end - stretch.rva
        else:
            addresses = _in_stretch(memory, spans, stretch, pattern, progress, done, total)
            done += stretch.end - stretch.rva
        for address in addresses:
            if align == 1 or not address % align:
                yield address
        following = stretch.last + 1
        if not several and size > 1 and following < len(spans.lows) and spans.highs[stretch.last] == spans.lows[following]:
            for address in _seam(memory, spans, stretch, pattern):
                if align == 1 or not address % align:
                    yield address
        if done - released >= RELEASE >> 2:
            source.release()
            released = done
            if progress is not None:
                progress(done, total)
    source.release()
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


def _goes_on(spans: Spans, number: int, end: int) -> bool:
    """Whether the addresses after a range go on up to ``end`` without a gap."""
    lows, highs = spans.lows, spans.highs
    high = highs[number]
    while high < end:
        number += 1
        if number >= len(lows) or lows[number] != high:
            return False
        high = highs[number]
    return True

"""What differs between two dumps as files, and in the memory that both captured."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..diagnosis.audit import rules_that_fire
from ..diagnosis.facts import Facts
from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.source import Source

PAGE = 0x1000
"""Bytes that are compared at a time, from multiples of it on."""
PIECE = 1 << 20
"""Bytes of two files that are compared at a time."""


class Difference(NamedTuple):
    """One thing that is another in the later dump; None where a dump does not have it."""

    what: str
    before: Any
    after: Any


class StreamChange(NamedTuple):
    """A type of stream with its bytes in both dumps, None where there is none; ``kind`` is ``new``, ``gone`` or ``size``."""

    type: int
    name: str
    kind: str
    before: Optional[int]
    after: Optional[int]


class MemoryChange(NamedTuple):
    """Pages that follow each other and whose captured bytes differ: ``size`` bytes from ``address`` on, as far as both dumps have them."""

    address: int
    size: int


def one_file(first: Source, last: Source) -> bool:
    """Whether both are the same file, by whatever names it was opened."""
    numbers = first.descriptor, last.descriptor
    if numbers[0] is not None and numbers[1] is not None:
        return os.path.sameopenfile(numbers[0], numbers[1])
    try:
        return first.inside is None and last.inside is None and os.path.samefile(first.name, last.name)
    except (OSError, ValueError):
        return False  # bytes, or an address in a store


def same_bytes(first: Source, last: Source, tell: Callable[[int, int], object] = lambda done, total: None) -> bool:
    """Whether two files hold the same bytes. They are read up to the first piece that differs; ``tell`` is given how far that is."""
    if first.size != last.size:
        return False
    if one_file(first, last):
        return True
    for offset in range(0, first.size, PIECE):
        size = min(PIECE, first.size - offset)
        piece = first.some(offset, size)
        if len(piece) != size or piece != last.some(offset, size):
            return False
        first.release()
        last.release()
        tell(offset + size, first.size)
    return True


def equal_files(sources: Sequence[Source], tell: Callable[[int, int], object] = lambda done, total: None) -> List[List[int]]:
    """The positions of files that hold the same bytes, those of each other together; files that equal no other are left out."""
    groups: List[List[int]] = []
    for index, source in enumerate(sources):
        group = next((group for group in groups if same_bytes(sources[group[0]], source, tell)), None)
        if group is None:
            groups.append([index])
        else:
            group.append(index)
    return [group for group in groups if len(group) > 1]


def differences(first: Minidump, last: Minidump) -> List[Difference]:
    """Flags, writer and its version, system, where they differ."""
    found = []
    for what, ask in _ASKED:
        before, after = (None if isinstance(value, Absent) else value or None for value in (ask(first), ask(last)))
        if before != after:
            found.append(Difference(what, before, after))
    return found


_ASKED = (
    ("flags", lambda dump: f"0x{dump.header.flags:x}"),
    ("writer", lambda dump: dump.writer.name),
    ("writer version", lambda dump: dump.writer.version),
    ("system", lambda dump: dump.system if isinstance(dump.system, Absent) else dump.system.os_name),
)


def stream_changes(first: Minidump, last: Minidump) -> Iterator[StreamChange]:
    """Types of streams that only one of them has, or that have another size; several of a type count together."""
    sizes: List[Counter[int]] = []
    names: Dict[int, str] = {}
    for dump in (first, last):
        counter: Counter[int] = Counter()
        for stream in dump.streams:
            if stream.type:
                counter[stream.type] += stream.size
                names[stream.type] = stream.name
        sizes.append(counter)
    for kind in sorted(dict.fromkeys([*sizes[0], *sizes[1]])):
        before, after = sizes[0].get(kind), sizes[1].get(kind)
        if before != after:
            yield StreamChange(kind, names[kind], "new" if before is None else "gone" if after is None else "size", before, after)


def finding_changes(first: Minidump, last: Minidump) -> Tuple[List[str], List[str]]:
    """Codes of the findings that only the later dump has, and that only the first one has."""
    before, after = ({rule.code for rule in rules_that_fire(Facts(dump.source, dump))} for dump in (first, last))
    return sorted(after - before), sorted(before - after)


def memory_changes(first: Minidump, last: Minidump) -> Iterator[MemoryChange]:
    """Where the bytes that both dumps captured differ, by pages. Both are walked once, a page of each is held at a time."""
    start = size = 0
    for low, high, place, other in _shared(first, last):
        at = low
        while at < high:
            end = min(high, at - at % PAGE + PAGE)
            if first.source.fetch(place + at - low, end - at) != last.source.fetch(other + at - low, end - at):
                if size and start + size == at:
                    size += end - at
                else:
                    if size:
                        yield MemoryChange(start, size)
                    start, size = at, end - at
            at = end
    if size:
        yield MemoryChange(start, size)


def shared_memory(first: Minidump, last: Minidump) -> int:
    """Bytes that both dumps captured."""
    return sum(high - low for low, high, _, _ in _shared(first, last))


def _shared(first: Minidump, last: Minidump) -> Iterator[Tuple[int, int, int, int]]:
    """Start, end and both file offsets of what both captured."""
    left, right = first.memory.spans(), last.memory.spans()
    one, two = next(left, None), next(right, None)
    while one is not None and two is not None:
        low, high = max(one[0], two[0]), min(one[1], two[1])
        if low < high:
            yield low, high, one[2] + low - one[0], two[2] + low - two[0]
        if one[1] <= two[1]:
            one = next(left, None)
        else:
            two = next(right, None)

"""How the address space differs between two dumps: which ranges were allocated, freed, or became something else."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional, Tuple

from ..dump.minidump import Minidump
from ..format.memory import MEM_COMMIT, MEM_FREE, MEMORY_STATE, MEMORY_TYPE, PAGE_PROTECTION

_END = 1 << 64
Kind = Tuple[int, int, int]
"""State, type and protection of a region, as in MINIDUMP_MEMORY_INFO; the protection is 0 where nothing is committed."""


class RegionChange(NamedTuple):
    """``size`` bytes from ``address`` on that are another region in the later dump; None is free memory. ``kind``: allocated, freed, state or protection."""

    address: int
    size: int
    kind: str
    before: Optional[Kind]
    after: Optional[Kind]


def region_changes(first: Minidump, last: Minidump) -> Iterator[RegionChange]:
    """Where the memory maps differ, by addresses; nothing where one dump has none. Both are walked once, in the order of the files."""
    if not len(first.regions) or not len(last.regions):
        return
    left, right = _spans(first), _spans(last)
    one, two = next(left), next(right)
    held: Optional[RegionChange] = None
    at = 0
    while at < _END:
        end = min(one[1], two[1])
        before, after = one[2], two[2]
        if before != after:
            if held is not None and held.address + held.size == at and (held.before, held.after) == (before, after):
                held = held._replace(size=held.size + end - at)
            else:
                if held is not None:
                    yield held
                held = RegionChange(at, end - at, _kind(before, after), before, after)
        at = end
        if one[1] <= at:
            one = next(left, (at, _END, None))
        if two[1] <= at:
            two = next(right, (at, _END, None))
    if held is not None:
        yield held


def _kind(before: Optional[Kind], after: Optional[Kind]) -> str:
    if before is None:
        return "allocated"
    if after is None:
        return "freed"
    return "protection" if before[:2] == after[:2] else "state"


def _spans(dump: Minidump) -> Iterator[Tuple[int, int, Optional[Kind]]]:
    """The whole address space in pieces; what the map leaves out is free, and so is what stands before the end of the region before it."""
    at = 0
    for region in dump.regions:
        low, high = max(region.base, at), min(region.base + region.size, _END)
        if high <= low or region.state == MEM_FREE:
            continue
        if low > at:
            yield at, low, None
        yield low, high, (region.state, region.type, region.protect if region.state == MEM_COMMIT else 0)
        at = high
    if at < _END:
        yield at, _END, None


def kind_text(kind: Optional[Kind]) -> str:
    """A region in words, such as ``commit private PAGE_READWRITE``."""
    if kind is None:
        return "free"
    state, region_type, protect = kind
    words = [(MEMORY_STATE.label(state) or f"state 0x{state:x}"), (MEMORY_TYPE.label(region_type) or f"type 0x{region_type:x}") if region_type else ""]
    text = " ".join(word.replace("MEM_", "").lower() if word.startswith("MEM_") else word for word in words if word)
    return " ".join([text, *(PAGE_PROTECTION.labels(protect) if protect else [])])

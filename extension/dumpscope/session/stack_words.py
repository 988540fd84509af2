"""What other commands say of stacks: the frames at the top, what is missing to walk them, and what folds when a stack overflowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..diagnosis.crash.patterns import NEAR, pattern_of
from ..dump.minidump import Minidump
from ..dump.streams.threads import Thread
from ..dump.strings import quoted_name
from ..format.counted import counted
from ..format.memory import MEM_COMMIT, MEM_FREE, PAGE_ACCESS_MASK, PAGE_GUARD, PAGE_NOACCESS
from ..stacks.frames import BOTTOM
from ..view.blocks import Column, Data, Note, Table
from .session import Session
from .walks import Row, walks_of

if TYPE_CHECKING:
    from ..view.blocks import Block

TOP = 8
"""Frames that `exception` and `threads N` show."""
MAX_NEEDS = 512
"""Threads that `why k` walks to find out what is missing."""
FEW_NEEDS = 16
"""Threads that `why` alone walks for its line on `k`."""
NAMED_NEEDS = 3
"""Images that this line names."""
LONGEST_CYCLE = 32
"""Frames of a recursion's cycle at the most."""
LEAST_FOLDED = 64
"""Frames that a recursion must have before it is folded."""


def top_frames(session: Session, thread: Optional[Thread]) -> Iterator[Block]:
    """The proven frames at the top of a stack, where there is more to show than the instruction pointer."""
    walks = walks_of(session)
    stack = walks.stack(thread, TOP + 1)
    rows = [row for row in walks.rows(stack) if row.frame.certain]
    if len(rows) < 2:
        return
    shown = rows[:TOP]
    yield Data("top_frames", [row.place for row in shown])
    yield Table(
        "",
        [Column("", "", "text", index=0), Column("", "", "symbol", index=1)],
        [(f"{row.number:02x}", row.place) for row in shown],
        title="stack",
        compact=True,
    )
    if len(rows) > TOP or stack.end.kind != BOTTOM:
        yield Note("`stack` shows all of it, and why it ends" if len(rows) > TOP else f"`stack` says more; it ends here: {stack.end.message}", "hint")


def top_name_column(session: Session) -> Column:
    """A column over threads: the function at the top of each stack, None where no exports or symbols at hand name it."""
    walks = walks_of(session)

    def name(thread: Thread) -> Optional[str]:
        frames = walks.stack(thread, 1).frames
        names = walks.names(frames[0].ip, False) if frames else []
        return str(names[0]) if names and names[0].symbol else None

    return Column("top_frame", "top frame", "symbol", index=0, get=name)


class Need(NamedTuple):
    """An image that stacks end for: how it is filed on a symbol server, and how many threads need it."""

    module: str
    file: str
    key: str
    threads: int


def needed_images(session: Session, most: int = MAX_NEEDS) -> Tuple[List[Need], Dict[str, int]]:
    """The images that the first ``most`` stacks of this dump end for, and how many stacks end for each kind of reason."""
    walks = walks_of(session)
    dump = session.dump
    counts: Dict[str, int] = {}
    ends: Dict[str, int] = {}
    for number, thread in enumerate(dump.threads):
        if number >= most:
            break
        end = walks.stack(thread, 1000).end
        ends[end.kind] = ends.get(end.kind, 0) + 1
        if end.module:
            counts[end.module] = counts.get(end.module, 0) + 1
    found = []
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        for module in dump.modules.named(name)[:1]:
            found.append(Need(name, module.file_name, module.image_key, count))
    return found, ends


def stack_summary(session: Session) -> str:
    """One line on what is missing for `k`: how many stacks end early, and the images that would help. Empty where nothing is missing."""
    if not session.has_dump or not len(session.dump.threads):
        return ""
    needs, ends = needed_images(session, FEW_NEEDS)
    total = sum(ends.values())
    early = total - ends.get(BOTTOM, 0)
    if not early or not needs:
        return ""
    named = ", ".join(quoted_name(need.file) for need in needs[:NAMED_NEEDS])
    if len(needs) > NAMED_NEEDS:
        named += f" and {len(needs) - NAMED_NEEDS} more"
    first = "the first " if len(session.dump.threads) > total else ""
    return f"{early} of {first}{counted(total, 'stack')} cannot be walked to the bottom without images: {named} (`why k`)"


def stack_needs(session: Session) -> Iterator[Block]:
    """Whether `stack` reaches the bottom of each stack of this dump, and which images it lacks."""
    if not session.has_dump or not len(session.dump.threads):
        return
    needs, ends = needed_images(session)
    total = sum(ends.values())
    whole = ends.get(BOTTOM, 0)
    yield Data("stack_ends", ends)
    yield Data("needed_images", [need._asdict() for need in needs])
    if whole == total:
        yield Note(f"`stack --all` walks all {total} stacks to their bottom" if total > 1 else "`stack` walks the stack to its bottom")
        return
    yield Note(f"`stack --all` walks {whole} of {counted(total, 'stack')} to their bottom", "warning")
    if needs:
        columns = [
            Column("", "image", "name", index=1),
            Column("", "on a symbol server", "text", index=2),
            Column("", "stacks that end there", "count", index=3),
        ]
        rows = [(need.module, need.file, f"{need.file}/{need.key}/{need.file}", need.threads) for need in needs]
        yield Table("", columns, rows, title="images or symbol files that are missing")
        yield Note("`stack -i FOLDER` looks for images there; a symbol path (`-y`) gives symbol files with STACK records", "hint")


def folded(rows: Sequence[Row]) -> List[Tuple[Row, int, int]]:
    """The rows of a stack with repeating cycles folded: (row, length of the cycle that begins with it, how often it comes); 0, 0 for a plain row.

    A stack that overflowed is thousands of the same few frames; the first of each cycle stays.
    """
    found: List[Tuple[Row, int, int]] = []
    at = 0
    ips = [(row.frame.ip, row.inline) for row in rows]
    while at < len(rows):
        best = (0, 0)
        for length in range(1, LONGEST_CYCLE + 1):
            if at + LEAST_FOLDED > len(rows) or ips[at] != ips[at + length]:
                continue
            cycle = ips[at : at + length]
            count = 1
            while ips[at + count * length : at + (count + 1) * length] == cycle:
                count += 1
            if count * length >= LEAST_FOLDED:
                best = (length, count)
                break
        length, count = best
        if not count:
            found.append((rows[at], 0, 0))
            at += 1
            continue
        found += [(row, length if index == 0 else 0, count if index == 0 else 0) for index, row in enumerate(rows[at : at + length])]
        at += length * count
    return found


_WRITABLE, _EXECUTABLE = 0x04 | 0x08 | 0x40 | 0x80, 0x10 | 0x20 | 0x40 | 0x80
READ, WRITE, EXECUTE = 0, 1, 8
"""Kinds of access in the first parameter of an access violation."""


def near_guard(dump: Minidump, thread: Optional[Thread], address: int) -> str:
    """Whether an address that was accessed is in a guard page or just below a thread's stack, in words; empty if it is not.

    Memory that was committed and accessible is not where a stack overflows, and neither is memory of another allocation.
    """
    region = dump.regions.at(address)
    if region is not None and region.state == MEM_COMMIT:
        if region.protect & PAGE_GUARD:
            return "in a guard page"
        if not region.protect & PAGE_NOACCESS:
            return ""
    if thread is None or not thread.stack_size:
        return ""
    low = thread.stack_start
    if not low - 0x10000 <= address < low:
        return ""
    own = dump.regions.at(low)
    if region is not None and own is not None and region.state != MEM_FREE and region.allocation_base != own.allocation_base:
        return ""
    return f"0x{low - address:x} bytes below the captured stack of its thread: the stack may have overflowed"


def one_bit_off(dump: Minidump, address: int, access: int = READ) -> List[Tuple[int, int]]:
    """Addresses that differ from one in a single bit and lie in memory that the process could access so: (bit, address).

    None where the address is a fill pattern, or near one, which explains it.
    """
    found: List[Tuple[int, int]] = []
    if pattern_of(address, dump.pointer_size, NEAR) is not None:
        return found
    bits = 48 if dump.pointer_size == 8 else 32
    for bit in range(3, 8 * dump.pointer_size):
        other = address ^ 1 << bit
        if other >> bits and other >> bits != (1 << 8 * dump.pointer_size - bits) - 1:
            continue
        region = dump.regions.at(other)
        if region is None:
            good = dump.modules.at(other) is not None or dump.memory.locate(other) is not None
        else:
            good = region.state == MEM_COMMIT and _allows(region.protect, access)
        if good:
            found.append((bit, other))
    return found


def _allows(protect: int, access: int) -> bool:
    """Whether memory of this protection can be accessed so; a protection that is not known allows all."""
    if protect & (PAGE_GUARD | PAGE_NOACCESS):
        return False
    if access == WRITE:
        return not protect & PAGE_ACCESS_MASK or bool(protect & _WRITABLE)
    return access != EXECUTE or not protect & PAGE_ACCESS_MASK or bool(protect & _EXECUTABLE)

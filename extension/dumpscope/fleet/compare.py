"""What changed between dumps of one process: handles, threads, modules, memory.

All functions take open dumps in the order in which they were taken. Handles are walked; one dictionary of numbers is held for each dump but
the last, some 100 bytes for each handle.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.streams.modules import version_text
from ..format.memory import MEMORY_STATE, MEMORY_TYPE


class Likeness(NamedTuple):
    """One thing that tells whether two dumps are of one process: ``same`` is None where one of them does not say."""

    what: str
    values: Tuple[Any, ...]
    same: Optional[bool]


class Growth(NamedTuple):
    """How many there are of something in each dump. ``grows`` says that each dump has more than the one before."""

    name: Any
    counts: Tuple[int, ...]

    @property
    def change(self) -> int:
        """Last minus first."""
        return self.counts[-1] - self.counts[0]

    @property
    def grows(self) -> bool:
        """Whether each dump has more than the one before."""
        return all(later > earlier for earlier, later in zip(self.counts, self.counts[1:]))


class HandleChange(NamedTuple):
    """A handle that is new, gone, or has another object now. ``before`` and ``after`` are (type, name) or None."""

    handle: int
    kind: str
    before: Optional[Tuple[str, str]]
    after: Optional[Tuple[str, str]]


class ThreadChange(NamedTuple):
    """A thread in two dumps: ``kind`` is new, gone, ran, moved or still. Times in 100 ns, None where they are not known."""

    tid: int
    kind: str
    user_time: Optional[int]
    kernel_time: Optional[int]
    before: Optional[int]
    after: Optional[int]


class ModuleChange(NamedTuple):
    """A module that was loaded, unloaded or changed; each side is (base, size, timestamp, version) or None."""

    path: str
    kind: str
    before: Optional[Tuple[int, int, int, str]]
    after: Optional[Tuple[int, int, int, str]]


def in_order(dumps: Sequence[Minidump]) -> List[int]:
    """The positions of the dumps by the time in their headers, equal ones as they are."""
    return sorted(range(len(dumps)), key=lambda index: dumps[index].header.timestamp)


def _same(values: Sequence[Any]) -> Optional[bool]:
    if any(isinstance(value, Absent) or value is None for value in values):
        return None
    return all(value == values[0] for value in values)


def likeness(dumps: Sequence[Minidump]) -> List[Likeness]:
    """Process id, time of creation and program of each dump."""
    rows: List[Tuple[str, Tuple[Any, ...]]] = [
        ("process id", tuple(dump.process.pid for dump in dumps)),
        ("started", tuple(dump.process.create_time for dump in dumps)),
        ("program", tuple(dump.modules[0].path if len(dump.modules) else None for dump in dumps)),
    ]
    return [Likeness(what, values, _same(values)) for what, values in rows]


def one_process(dumps: Sequence[Minidump]) -> Optional[bool]:
    """Whether the dumps are of one process: False where something contradicts, None where too little is known."""
    found = [item.same for item in likeness(dumps)]
    if False in found:
        return False
    return True if found[0] and (found[1] or found[2]) else None


def handle_growth(dumps: Sequence[Minidump], *, by_name: bool = False) -> List[Growth]:
    """Counts by type, or by type and name, in each dump; the largest change first. Names of the first and last are those of the files."""
    counters: List[Counter[Any]] = []
    for dump in dumps:
        counter: Counter[Any] = Counter()
        if by_name:
            for handle in dump.handles:
                counter[(handle.type, handle.name)] += 1
        else:
            counter.update(dump.handles.count_types())
        counters.append(counter)
    keys = dict.fromkeys(key for counter in counters for key in counter)
    rows = [Growth(key, tuple(counter[key] for counter in counters)) for key in keys]
    return sorted(rows, key=lambda item: (-item.change, str(item.name)))


def handle_changes(first: Minidump, last: Minidump) -> Iterator[HandleChange]:
    """New, gone and reused handles, in the order of the last dump, the gone ones at the end."""
    before: Dict[int, Tuple[str, str]] = {}
    texts: Dict[Tuple[str, str], Tuple[str, str]] = {}  # one tuple for equal objects: names repeat
    for handle in first.handles:
        key = (handle.type, handle.name)
        before[handle.handle] = texts.setdefault(key, key)
    for handle in last.handles:
        old = before.pop(handle.handle, None)
        new = (handle.type, handle.name)
        if old is None:
            yield HandleChange(handle.handle, "new", None, new)
        elif old != new:
            yield HandleChange(handle.handle, "reused", old, new)
    for number, old in before.items():
        yield HandleChange(number, "gone", old, None)


def leaks(growth: Sequence[Growth]) -> List[Growth]:
    """What looks like a leak: three dumps or more, and more in each than in the one before."""
    return [item for item in growth if len(item.counts) > 2 and item.grows]


def _instruction(dump: Minidump, thread: Any) -> Optional[int]:
    registers = dump.registers(thread)
    return None if isinstance(registers, Absent) else registers.ip


def thread_changes(first: Minidump, last: Minidump) -> Iterator[ThreadChange]:
    """Each thread of either dump. ``moved``: another instruction; ``ran``: the same one, but it used the processor; ``still``: neither."""
    old = {thread.tid: thread for thread in first.threads}
    for thread in last.threads:
        past = old.pop(thread.tid, None)
        after = _instruction(last, thread)
        if past is None:
            yield ThreadChange(thread.tid, "new", None, None, None, after)
            continue
        user: Optional[int] = None
        kernel: Optional[int] = None
        times, then = last.thread_infos.find(thread.tid), first.thread_infos.find(thread.tid)
        if times is not None and then is not None:
            user, kernel = times.user_time - then.user_time, times.kernel_time - then.kernel_time
        before = _instruction(first, past)
        kind = "moved" if before != after else "ran" if user or kernel else "still"
        yield ThreadChange(thread.tid, kind, user, kernel, before, after)
    for past in old.values():
        yield ThreadChange(past.tid, "gone", None, None, _instruction(first, past), None)


def module_changes(first: Minidump, last: Minidump) -> Iterator[ModuleChange]:
    """Modules that were loaded, unloaded, moved or replaced by another version."""

    def of(dump: Minidump) -> Dict[str, Tuple[str, Tuple[int, int, int, str]]]:
        return {
            item.path.lower(): (item.path, (item.base, item.size, item.timestamp, version_text(item.file_version) if item.file_version else ""))
            for item in dump.modules
        }

    before, after = of(first), of(last)
    for key, (path, new) in after.items():
        old = before.get(key)
        if old is None:
            yield ModuleChange(path, "loaded", None, new)
        elif old[1] != new:
            yield ModuleChange(path, "moved" if old[1][1:] == new[1:] else "replaced", old[1], new)
    for key, (path, gone) in before.items():
        if key not in after:
            yield ModuleChange(path, "unloaded", gone, None)


def memory_growth(dumps: Sequence[Minidump]) -> List[Growth]:
    """Bytes of the address space by state and type, from the memory map; empty where one dump has none."""
    sums: List[Counter[str]] = []
    for dump in dumps:
        if not len(dump.regions):
            return []
        counter: Counter[str] = Counter()
        for region in dump.regions:
            state = (MEMORY_STATE.label(region.state) or "other").replace("MEM_", "").lower()
            kind = (MEMORY_TYPE.label(region.type) or "").replace("MEM_", "").lower() if region.type else ""
            if state != "free":
                counter[f"{state} {kind}".strip()] += region.size
        sums.append(counter)
    keys = dict.fromkeys(key for counter in sums for key in counter)
    return sorted((Growth(key, tuple(counter[key] for counter in sums)) for key in keys), key=lambda item: -abs(item.change))

"""The leaves of the anatomy in the order of the file. Those of lists are held as columns of numbers, and get words only when these are asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from heapq import heapify, heappop, heappush
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..dump.minidump import Minidump
from ..errors import DumpError
from .node import STREAM, Node
from .reach import CHAIN, MAX_KNOWN, Contiguous, Lead, Reach
from .walker import Listed, anatomy_listed

_Numbered = Tuple[int, Node]

Order = Tuple[int, int, int]
"""When a leaf is met in a walk: the number of the node or list, that of the record in the list, and of the field in the record."""


class Column:
    """Leaves of one kind by offset, each place once.

    ``starts`` and ``ends`` are their offsets; ``rows`` the records that lead there first; ``times`` how many do, and ``seconds`` the
    record that is the second; both None where no place is shared. ``alike`` is true where all have the same words but for numbers.
    """

    def __init__(self, number: int, starts: Sequence[int], ends: Sequence[int], rows: Sequence[int]) -> None:
        self.number = number
        self.starts = starts
        self.ends = ends
        self.rows = rows
        self.times: Optional[Sequence[int]] = None
        self.seconds: Optional[Sequence[int]] = None
        self.alike = True
        self.solid = False  # each begins where the one before it ends

    def order(self, index: int) -> Order:
        """When the place is met first."""
        raise NotImplementedError

    def second(self, index: int) -> Optional[Meeting]:
        """The place as it is met for the second time, if it is."""
        raise NotImplementedError

    def node(self, index: int, order: Order) -> Node:
        """The node that is met there at that time."""
        raise NotImplementedError

    def single(self, index: int) -> Leaves:
        """One leaf, as the only one that claims its place outside its column."""
        times = self.times[index] if self.times is not None else 1
        return Leaves(self, index, index + 1, Meeting(self.order(index), self, index), times, self.second(index))

    def shared(self, low: int, high: int) -> Iterator[int]:
        """Those from ``low`` to ``high`` that several lead to."""
        times = self.times
        return iter(()) if times is None else (index for index in range(low, high) if times[index] > 1)

    def solid_until(self, low: int, high: int) -> int:
        """How far leaves from ``low`` on, below ``high``, are known to follow each other without a gap."""
        if self.solid or high == low + 1:
            return high
        starts, ends = self.starts, self.ends
        high = min(high, low + 4096) if ends[low] == starts[low + 1] else low + 1
        while ends[low : high - 1] != starts[low + 1 : high]:
            high = low + (high - low) // 2
        return high


class _Single(Column):
    """Nodes that stand in no list, with their numbers in the walk."""

    def __init__(self, nodes: List[_Numbered]) -> None:
        first: Dict[Tuple[int, int], _Numbered] = {}
        again: Dict[Tuple[int, int], List[_Numbered]] = {}
        for number, node in nodes:
            place = (node.offset, -node.size)
            if place not in first:
                first[place] = (number, node)
            else:
                again.setdefault(place, []).append((number, node))
        places = sorted(first)
        super().__init__(0, [start for start, _ in places], [start - size for start, size in places], range(len(places)))
        self._first = [first[place] for place in places]
        self._again = [again.get(place, []) for place in places]
        self.times = [1 + len(others) for others in self._again]
        self.alike = False

    def order(self, index: int) -> Order:
        return self._first[index][0], 0, 0

    def second(self, index: int) -> Optional[Meeting]:
        return Meeting((self._again[index][0][0], 0, 0), self, index) if self._again[index] else None

    def node(self, index: int, order: Order) -> Node:
        return self._first[index][1] if order[0] == self._first[index][0] else self._again[index][0][1]


class _InList(Column):
    """The records of a list, or what one of their fields leads to."""

    def __init__(self, number: int, listed: Listed, field: int, lead: Optional[Lead], starts: Sequence[int], ends: Sequence[int], rows: Sequence[int]) -> None:
        super().__init__(number, starts, ends, rows)
        self._listed = listed
        self._field = field
        self._lead = lead

    def order(self, index: int) -> Order:
        return self.number, self.rows[index], self._field

    def second(self, index: int) -> Optional[Meeting]:
        if self.times is None or self.seconds is None or self.times[index] < 2:
            return None
        return Meeting((self.number, self.seconds[index], self._field), self, index)

    def node(self, index: int, order: Order) -> Node:
        start, size = self.starts[index], self.ends[index] - self.starts[index]
        pointer = None
        if self._lead is not None and self._lead.kind != CHAIN:
            pointer = self._listed.rows.first + order[1] * self._listed.rows.stride + self._lead.rva
        nodes = self._listed.nodes(order[1])
        found = next(nodes, None)
        if self._field:
            found = next((node for node in nodes if node.offset == start and node.size == size and pointer in (None, node.pointer)), None)
        if found is None:  # the columns are kept, the records are decoded anew
            raise DumpError("the file was written over since it was opened", "open it again", offset=start, needed=size)
        return found


def _followed(number: int, listed: Listed, rows: Reach, field: int) -> Optional[Column]:
    """What one field of all records leads to: block by block, then sorted, each place once."""
    starts, ends, firsts, times, seconds = array("Q"), array("Q"), array("Q"), array("L"), array("Q")
    lead = rows.leads[field]
    known: Dict[Tuple[int, int], int] = {}  # places that records share, and the first others
    in_order = True
    last = -1
    for low, places in rows.places(field):
        for start, end, first, count, second in sorted(places):
            at = known.get((start, end))
            if at is not None:
                seconds[at] = low + first if times[at] == 1 else min(seconds[at], low + first)
                times[at] += count
                continue
            if len(known) < MAX_KNOWN:
                known[start, end] = len(starts)
            in_order = in_order and start > last
            last = start
            starts.append(start)
            ends.append(end)
            firsts.append(low + first)
            times.append(count)
            seconds.append(low + second)
    if not starts:
        return None
    if not in_order:
        starts, ends, firsts, times, seconds = _sorted(starts, ends, firsts, times, seconds)
    column = _InList(number, listed, field + 1, lead, starts, ends, firsts)
    column.alike = lead.alike
    if max(times) > 1:
        column.times, column.seconds = times, seconds
    return column


def _sorted(starts: array[int], ends: array[int], firsts: array[int], times: array[int], seconds: array[int]) -> Tuple[array[int], ...]:
    """The same columns by start, the longest first; places that come several times become one."""
    made = (array("Q"), array("Q"), array("Q"), array("L"), array("Q"))
    # One number for a place and its position: a tuple for each would take five times the memory.
    order = sorted(start << 32 | at for at, start in enumerate(starts))
    group: List[int] = []

    def keep(place: List[int]) -> None:
        for column, value in zip(made, place):
            column.append(value)

    def flush() -> None:
        place: List[int] = []
        for at in sorted(group, key=lambda at: -ends[at]):
            if not place or place[1] != ends[at]:
                keep(place)
                place = [starts[at], ends[at], firsts[at], times[at], seconds[at]]
                continue
            place[4] = firsts[at] if place[3] == 1 else min(place[4], firsts[at])
            place[3] += times[at]
        keep(place)

    for key in order:
        at = key & 0xFFFFFFFF
        if group and starts[group[0]] != starts[at]:
            flush()
            group = []
        group.append(at)
    flush()
    return made


def _columns(number: int, listed: Listed) -> Iterator[Column]:
    """The records of a list, and what each of their fields leads to."""
    rows = listed.rows
    count = rows.count
    records = range(rows.first, rows.first + count * rows.stride, rows.stride)
    column = _InList(number, listed, 0, None, records, range(rows.first + rows.stride, rows.first + (count + 1) * rows.stride, rows.stride), range(count))
    column.solid = True
    yield column
    if isinstance(rows, Contiguous):
        places = array("Q"), array("Q"), array("Q")
        for index, start, end in rows.ranges():
            for part, value in zip(places, (start, end, index)):
                part.append(value)
        if places[0]:
            yield _InList(number, listed, 1, None, *places)
    elif isinstance(rows, Reach):
        for field in range(len(rows.leads)):
            found = _followed(number, listed, rows, field)
            if found is not None:
                yield found


class Meeting(NamedTuple):
    """A leaf as it is met in a walk."""

    order: Order
    column: Column
    index: int  # type: ignore[assignment]

    @property
    def node(self) -> Node:
        """The node that is met."""
        return self.column.node(self.index, self.order)


class Leaves(NamedTuple):
    """Leaves of a column from ``low`` to ``high``, between which no other leaf begins; if there are several, they follow each other.

    A single one has how many claim its place in ``times``; ``first`` and ``second`` are the first two of these.
    """

    column: Column
    low: int
    high: int
    first: Meeting
    times: int
    second: Optional[Meeting]

    @property
    def start(self) -> int:
        """Where the first one begins."""
        return self.column.starts[self.low]

    @property
    def end(self) -> int:
        """Where the last one ends."""
        return self.column.ends[self.high - 1]


def leaves(dump: Minidump) -> Tuple[List[Node], Iterator[Leaves]]:
    """The streams, and all leaves in the order of the file, the longest first where several begin; each place once."""
    singles: List[Tuple[int, Node]] = []
    streams: List[Node] = []
    lists: List[Tuple[int, Listed]] = []
    number = 0

    def gather(listed: Listed) -> None:
        nonlocal number
        number += 1
        lists.append((number, listed))

    for node in anatomy_listed(dump, gather):
        number += 1
        if node.leaf:
            singles.append((number, node))
        elif node.kind == STREAM:
            streams.append(node)
    columns: List[Column] = [_Single(singles)] if singles else []
    for at, listed in lists:
        columns.extend(_columns(at, listed))
    return streams, _merged(columns)


def leaves_of(nodes: Iterable[Node]) -> Iterator[Leaves]:
    """The leaves among nodes that stand in no list, in the order of the file."""
    singles = [(number, node) for number, node in enumerate(nodes) if node.leaf and node.size]
    return _merged([_Single(singles)] if singles else [])


def _merged(columns: List[Column]) -> Iterator[Leaves]:
    heap = [(column.starts[0], -column.ends[0], column.order(0), which, 0) for which, column in enumerate(columns)]
    heapify(heap)

    def advance(which: int, index: int) -> None:
        column = columns[which]
        if index < len(column.starts):
            heappush(heap, (column.starts[index], -column.ends[index], column.order(index), which, index))

    while heap:
        start, end, order, which, index = heappop(heap)
        column = columns[which]
        following = heap[0][0] if heap else -1
        high = bisect_left(column.starts, following, index + 1) if heap else len(column.starts)
        if start == following and end == heap[0][1]:
            yield _shared(columns, heap, (start, end, order, which, index), advance)
            continue
        if high > index + 1 and column.alike:
            while index < high:
                until = column.solid_until(index, high)
                if until == index + 1:
                    yield column.single(index)
                else:
                    yield Leaves(column, index, until, Meeting(column.order(index), column, index), 1, None)
                index = until
        else:
            yield column.single(index)
            index += 1
        advance(which, index)


def _shared(columns: List[Column], heap: List[Any], top: Any, advance: Any) -> Leaves:
    """A place that leaves of several columns have."""
    same = [top]
    while heap and heap[0][:2] == top[:2]:
        same.append(heappop(heap))
    met: List[Meeting] = []
    times = 0
    for _, _, order, which, index in same:
        column = columns[which]
        met.append(Meeting(order, column, index))
        second = column.second(index)
        if second is not None:
            met.append(second)
        times += column.times[index] if column.times is not None else 1
        advance(which, index + 1)
    met.sort(key=lambda item: item.order)
    return Leaves(met[0].column, met[0].index, met[0].index + 1, met[0], times, met[1])


__all__ = ["Column", "Leaves", "Meeting", "leaves", "leaves_of"]

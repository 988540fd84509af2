"""The file from its first byte to its last: each byte in one piece, gaps named, overlaps in a list of their own."""

from __future__ import annotations

from heapq import heappush, heappushpop
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ..dump.minidump import Minidump
from ..dump.source import Source
from .leaves import Leaves, Meeting, leaves, leaves_of
from .node import DIRECTORY, STREAM, Node
from .walker import anatomy_around, anatomy_within

ALIGNMENT = "alignment"
"""Up to 15 zero bytes between two structures."""
UNREFERENCED = "unreferenced"
"""Bytes that nothing points to."""
AFTER_END = "after-end"
"""Bytes after the last structure."""
REST = "stream-rest"
"""The part of a stream after what its count says."""

GAPS = (ALIGNMENT, UNREFERENCED, AFTER_END)
MAX_OVERLAPS = 1000


class Piece(NamedTuple):
    """A stretch of the file with one owner. ``merged`` is how many neighbours of the same kind were put together."""

    offset: int
    size: int
    kind: str
    what: str
    merged: int

    @property
    def end(self) -> int:
        """Offset just after the piece."""
        return self.offset + self.size


class Overlap(NamedTuple):
    """Bytes that two structures claim.

    ``same`` is true where both have exactly the same place, which writers do to save room: a type's name for all of its handles,
    a stack that is also a memory range. Such a place is told once; ``times`` is how many structures claim it.
    """

    offset: int
    size: int
    first: str
    second: str
    same: bool
    times: int


class FileMap:
    """The map of one file."""

    def __init__(self, pieces: List[Piece], overlaps: List[Overlap], more_overlaps: int, size: int) -> None:
        self.pieces = pieces
        self.overlaps = overlaps
        self.more_overlaps = more_overlaps
        self.size = size

    @property
    def owned(self) -> int:
        """Bytes that belong to a structure."""
        return sum(piece.size for piece in self.pieces if piece.kind not in GAPS)

    @property
    def coverage(self) -> float:
        """Percent of the file that belongs to a structure."""
        return 100.0 * self.owned / self.size if self.size else 100.0

    def kinds(self) -> Dict[str, int]:
        """Bytes of each kind of piece, most first."""
        found: Dict[str, int] = {}
        for piece in self.pieces:
            found[piece.kind] = found.get(piece.kind, 0) + piece.size
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def at(self, offset: int) -> Optional[Piece]:
        """The piece that an offset lies in; None after the end."""
        low, high = 0, len(self.pieces)
        while low < high:
            middle = (low + high) // 2
            if self.pieces[middle].end <= offset:
                low = middle + 1
            else:
                high = middle
        return self.pieces[low] if low < len(self.pieces) and self.pieces[low].offset <= offset else None


def _group(what: str) -> str:
    """The part of a node's path that it shares with its neighbours: the stream and the kind of record, without numbers and addresses."""
    first, *parts = [part.partition(" (")[0].partition(" at 0x")[0] for part in what.split(" > ")]
    return " > ".join([first, *(part.rstrip("0123456789").rstrip() for part in parts)])


def file_map(dump: Minidump, *, merge: bool = True) -> FileMap:
    """Account for every byte. With ``merge``, neighbours of the same kind and stream become one piece."""
    streams, found = leaves(dump)
    streams.sort(key=lambda node: (node.offset, -node.size))
    return _mapped(dump.source, streams, found, merge)


def map_of_nodes(source: Source, nodes: Iterable[Node], *, merge: bool = True) -> FileMap:
    """The map of a file of another kind, whose structures are these nodes."""
    return _mapped(source, [], leaves_of(nodes), merge)


def _mapped(source: Source, streams: List[Node], found: Iterator[Leaves], merge: bool) -> FileMap:
    maker = _Maker(source, streams, merge)
    for part in found:
        maker.take(part)
    maker.finish()
    overlaps, more = maker.overlaps.told()
    return FileMap(maker.pieces, overlaps, more, source.size)


class _Overlaps:
    """The overlaps that are told: of shared places those that a walk meets a second time before others, and of all the first in the file."""

    def __init__(self) -> None:
        self._number = 0
        self._crossing: List[Tuple[int, Overlap]] = []
        self._crossings = 0
        self._shared: List[Tuple[Tuple[int, int, int], int, int, Meeting, Meeting]] = []  # the order, turned round, with the latest on top

    def crossing(self, offset: int, size: int, first: str, second: Meeting) -> None:
        """Two structures that have some bytes in common."""
        self._number += 1
        self._crossings += 1
        self._crossing.append((self._number, Overlap(offset, size, first, second.node.what, False, 2)))

    @property
    def crowded(self) -> bool:
        """Whether further crossings are only counted."""
        return self._crossings >= MAX_OVERLAPS

    def count(self) -> None:
        """A crossing that is only counted."""
        self._crossings += 1

    def shared(self, first: Meeting, second: Meeting, times: int) -> None:
        """A place that several structures have."""
        self._number += 1
        number, record, field = second.order
        item = ((-number, -record, -field), self._number, times, first, second)
        if len(self._shared) < MAX_OVERLAPS:
            heappush(self._shared, item)
        else:
            heappushpop(self._shared, item)

    def told(self) -> Tuple[List[Overlap], int]:
        """The overlaps in the order of the file, and how many more there are."""
        both: List[Tuple[int, Optional[Overlap], Any]] = [(number, overlap, None) for number, overlap in self._crossing]
        both += [(item[1], None, item) for item in self._shared]
        both.sort(key=lambda item: item[0])
        told = []
        for _, overlap, item in both[:MAX_OVERLAPS]:
            if overlap is None:
                _, _, times, first, second = item
                node = first.node
                overlap = Overlap(node.offset, node.size, node.what, second.node.what, True, times)
            told.append(overlap)
        return told, self._crossings + len(self._shared) - len(told)


class _Maker:
    def __init__(self, source: Source, streams: List[Node], merge: bool) -> None:
        self.source = source
        self.streams = streams
        self.merge = merge
        self.pieces: List[Piece] = []
        self.overlaps = _Overlaps()
        self.cursor = 0
        self.last: Optional[Meeting] = None
        self.group = ""
        self.groups: Dict[int, Tuple[str, str]] = {}  # of columns whose leaves are alike
        self.next_stream = 0

    def take(self, part: Leaves) -> None:
        start, end = part.start, part.end
        if part.high > part.low + 1 and (start < self.cursor or not self.merge):
            for index in range(part.low, part.high):
                self.take(part.column.single(index))
            return
        if start > self.cursor:
            self.gap(start)
        elif start < self.cursor and self.last is not None:
            if self.overlaps.crowded:
                self.overlaps.count()
            else:
                self.overlaps.crossing(start, min(end, self.cursor) - start, self.last.node.what, part.first)
        if end > self.cursor:
            self.leaf(max(start, self.cursor), part)
            self.cursor = end
            column = part.column
            self.last = part.first if part.high == part.low + 1 else Meeting(column.order(part.high - 1), column, part.high - 1)
        if part.second is not None:
            self.overlaps.shared(part.first, part.second, part.times)
        elif part.high > part.low + 1:
            for index in part.column.shared(part.low, part.high):
                one = part.column.single(index)
                assert one.second is not None
                self.overlaps.shared(one.first, one.second, one.times)

    def leaf(self, start: int, part: Leaves) -> None:
        """Bytes from ``start`` on that leaves own. Words are made only for a piece that needs them."""
        column, count = part.column, part.high - part.low
        if not self.merge or not column.alike:
            node = part.first.node
            self.add(start, part.end - start, node.kind, node.what)
            return
        kind, group = self.group_of(part)
        last = self.pieces[-1] if self.pieces else None
        if last is not None and last.kind == kind and self.group == group and last.end == start:
            self.pieces[-1] = Piece(last.offset, last.size + part.end - start, kind, group, last.merged + count)
            return
        self.group = group
        self.pieces.append(Piece(start, part.end - start, kind, group if count > 1 else part.first.node.what, count))

    def group_of(self, part: Leaves) -> Tuple[str, str]:
        """Kind and group of a column whose leaves are alike: those of any of them."""
        found = self.groups.get(id(part.column))
        if found is None:
            node = part.first.node
            found = self.groups[id(part.column)] = (node.kind, _group(node.what))
        return found

    def add(self, offset: int, size: int, kind: str, what: str) -> None:
        group = _group(what) if self.merge else ""
        if self.merge and self.pieces:
            last = self.pieces[-1]
            if last.kind == kind and self.group == group and last.end == offset:
                self.pieces[-1] = Piece(last.offset, last.size + size, kind, group, last.merged + 1)
                return
        self.group = group
        self.pieces.append(Piece(offset, size, kind, what, 1))

    def gap(self, end: int) -> None:
        """Bytes up to ``end`` that no leaf owns: the rest of a stream, alignment, or nobody's."""
        while self.cursor < end:
            start = self.cursor
            stream = self._stream_at(start)
            if stream is not None:
                stop = min(stream.end, end)
                self.add(start, stop - start, REST, f"{stream.what} > rest")
                self.cursor = stop
                continue
            following = self.streams[self.next_stream].offset if self.next_stream < len(self.streams) else end
            stop = min(end, following) if following > start else end
            size = stop - start
            if size < 16 and not any(self.source.some(start, size)):
                self.add(start, size, ALIGNMENT, "alignment")
            else:
                self.add(start, size, UNREFERENCED, "bytes that nothing points to" + self.guess(start, size))
            self.cursor = stop

    def guess(self, start: int, size: int) -> str:
        """What bytes that nothing points to look like, for the end of a sentence."""
        head = self.source.some(start, min(size, 516))
        if not any(head):
            return ": zeros" if not any(self.source.some(start, min(size, 1 << 20))) else ""
        length = int.from_bytes(head[:4], "little")
        if 2 <= length <= size - 4 and not length & 1 and length <= 512:
            text = head[4 : 4 + length].decode("utf-16-le", "replace")
            if text.isprintable() and "\ufffd" not in text:
                return f": they look like a string, {text[:40]!r}" + ("…" if len(text) > 40 else "")
        return ""

    def _stream_at(self, offset: int) -> Optional[Node]:
        while self.next_stream < len(self.streams) and self.streams[self.next_stream].end <= offset:
            self.next_stream += 1
        if self.next_stream < len(self.streams):
            stream = self.streams[self.next_stream]
            if stream.offset <= offset < stream.end:
                return stream
        return None

    def finish(self) -> None:
        size = self.source.size
        while self.cursor < size:
            stream = self._stream_at(self.cursor)
            following = self.streams[self.next_stream].offset if self.next_stream < len(self.streams) else size
            if stream is not None or self.cursor < following < size:
                self.gap(min(size, stream.end if stream is not None else following))
                continue
            self.add(self.cursor, size - self.cursor, AFTER_END, "bytes after the last structure")
            self.cursor = size


class Owners(NamedTuple):
    """Who has to do with one byte.

    ``chain`` are the structures that it lies in, outermost first; the last one owns it in the map. ``others`` claim it too;
    ``pointing`` are those of all these that an RVA field leads to. ``piece`` is what the map says.
    """

    chain: List[Node]
    others: List[Node]
    pointing: List[Node]
    piece: Piece


def owners(dump: Minidump, offset: int) -> Optional[Owners]:
    """Everything that a byte belongs to; None beyond the end of the file. Only records that lie at the byte or lead there are walked."""
    if not 0 <= offset < dump.size:
        return None
    around: List[Node] = []
    held: List[Tuple[int, int, int, Node]] = []
    for number, node in enumerate(anatomy_within(dump, offset, offset + 1, MAX_OVERLAPS)):
        if node.leaf:
            held.append((node.offset, -node.size, number, node))
        elif len(around) < MAX_OVERLAPS:
            around.append(node)
    held.sort(key=lambda item: item[:3])
    if not held:
        around.sort(key=lambda node: -node.size)
        return Owners(around, [], [node for node in around if node.pointer is not None], _unowned(dump, offset))
    owner = held[0][3]
    # What encloses the owner is what its own path begins with; anything else only claims the same bytes.
    chain = [node for node in around if _within(owner, node)]
    chain.sort(key=lambda node: -node.size)
    others = [node for node in around if node not in chain] + [item[3] for item in held[1:]]
    chain.append(owner)
    pointing = [node for node in [*chain, *others] if node.pointer is not None]
    return Owners(chain, others, pointing, Piece(owner.offset, owner.size, owner.kind, owner.what, 1))


def _unowned(dump: Minidump, offset: int) -> Piece:
    """The piece of the map that holds a byte which no leaf owns: between the leaves before and after it."""
    below, above = 0, dump.size
    streams: List[Node] = []
    for node in anatomy_around(dump, offset):
        if not node.leaf:
            if node.kind == STREAM:
                streams.append(node)
        elif node.end <= offset:
            below = max(below, node.end)
        else:
            above = min(above, node.offset)
    streams.sort(key=lambda node: (node.offset, -node.size))
    maker = _Maker(dump.source, streams, merge=False)
    maker.cursor = below
    if above < dump.size:
        maker.gap(above)
    else:
        maker.finish()
    piece = FileMap(maker.pieces, [], 0, dump.size).at(offset)
    assert piece is not None
    return piece


def _within(owner: Node, node: Node) -> bool:
    if node.kind == DIRECTORY:
        return owner.kind == DIRECTORY
    return owner.what.startswith(node.what)

"""The file from its first byte to its last: each byte in one piece, gaps named, overlaps in a list of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Optional, Tuple

from .anatomy import STREAM, Node, anatomy

if TYPE_CHECKING:
    from .minidump import Minidump

ALIGNMENT = "alignment"
"""Up to 15 zero bytes between two structures."""
UNREFERENCED = "unreferenced"
"""Bytes that nothing points to."""
AFTER_END = "after-end"
"""Bytes behind the last structure."""
REST = "stream-rest"
"""The part of a stream behind what its count says."""

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
        """Offset just behind the piece."""
        return self.offset + self.size


class Overlap(NamedTuple):
    """Bytes that two structures claim; ``same`` is true where both have exactly the same place, which writers do to save room."""

    offset: int
    size: int
    first: str
    second: str
    same: bool


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


def _group(what: str) -> str:
    """The part of a node's path that it shares with its neighbours: the stream and the kind of record, without numbers."""
    return " > ".join(part.rstrip("0123456789").rstrip() if index else part for index, part in enumerate(part.partition(" (")[0] for part in what.split(" > ")))


def file_map(dump: Minidump, *, merge: bool = True) -> FileMap:
    """Account for every byte. With ``merge``, neighbours of the same kind and stream become one piece."""
    leaves: List[Tuple[int, int, int, Node]] = []
    streams: List[Node] = []
    for number, node in enumerate(anatomy(dump)):
        if node.leaf:
            leaves.append((node.offset, -node.size, number, node))
        elif node.kind == STREAM:
            streams.append(node)
    leaves.sort(key=lambda item: item[:3])
    streams.sort(key=lambda node: (node.offset, -node.size))
    maker = _Maker(dump, streams, merge)
    for _, _, _, node in leaves:
        maker.take(node)
    maker.finish()
    return FileMap(maker.pieces, maker.overlaps, maker.more, dump.size)


class _Maker:
    def __init__(self, dump: Minidump, streams: List[Node], merge: bool) -> None:
        self.source = dump.source
        self.streams = streams
        self.merge = merge
        self.pieces: List[Piece] = []
        self.overlaps: List[Overlap] = []
        self.more = 0
        self.cursor = 0
        self.last: Optional[Node] = None
        self.group = ""
        self.next_stream = 0

    def take(self, node: Node) -> None:
        if node.offset > self.cursor:
            self.gap(node.offset)
        start = max(node.offset, self.cursor)
        if node.offset < self.cursor and self.last is not None:
            self.overlap(node)
        if node.end > start:
            self.add(start, node.end - start, node.kind, node.what)
            self.cursor = node.end
            self.last = node

    def overlap(self, node: Node) -> None:
        other = self.last
        assert other is not None
        size = min(node.end, self.cursor) - node.offset
        if len(self.overlaps) >= MAX_OVERLAPS:
            self.more += 1
            return
        same = node.offset == other.offset and node.end == other.end
        self.overlaps.append(Overlap(node.offset, size, other.what, node.what, same))

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
            zeros = size < 16 and not any(self.source.some(start, size))
            self.add(start, size, ALIGNMENT if zeros else UNREFERENCED, "alignment" if zeros else "bytes that nothing points to")
            self.cursor = stop

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
            self.add(self.cursor, size - self.cursor, AFTER_END, "bytes behind the last structure")
            self.cursor = size


def owners(dump: Minidump, offset: int) -> Iterator[Node]:
    """Every structure that a byte lies in, outermost first. Walks the whole anatomy once."""
    found = [node for node in anatomy(dump) if node.offset <= offset < node.end]
    found.sort(key=lambda node: -node.size)
    return iter(found)


def pointers(dump: Minidump, start: int, end: int) -> Iterator[Node]:
    """Structures that begin in a stretch of the file and that an RVA points to."""
    for node in anatomy(dump):
        if node.pointer is not None and start <= node.offset < end:
            yield node

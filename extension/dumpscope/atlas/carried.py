"""What each page of bytes carries, whatever kind of dump it is of: rows of the tree, pieces of the map, and stretches of the file, all within bounds."""

from __future__ import annotations

from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..anatomy.filemap import AFTER_END, ALIGNMENT, REST, UNREFERENCED
from ..anatomy.node import MEMORY
from ..dump.source import Source
from ..view.escape import printable
from ..view.redact import Redactor
from .shapes import ShapeTable

LIST_CAP = 5000
"""Records of one stream that a page shows."""
NODE_CAP = 60_000
PIECE_CAP = 20_000
WALK_CAP = 300_000
"""Records up to which the file is mapped structure by structure; beyond, stream by stream."""
NODE_BYTES = 1 << 16
"""Bytes of one structure that a page carries."""
GAP_BYTES = 1 << 12
TOTAL_BYTES = 6 << 20
MEMORY_BYTES = 16 << 20

KINDS: Tuple[Tuple[str, str], ...] = (
    ("header", "header"),
    ("directory", "directory"),
    ("stream", "stream of one structure"),
    ("record", "record of a list"),
    ("string", "string"),
    ("context", "registers (CONTEXT)"),
    ("codeview", "symbol reference (CodeView)"),
    ("object-info", "object information of a handle"),
    ("memory", "memory of the process"),
    ("data", "data"),
    (REST, "rest of a stream"),
    (ALIGNMENT, "alignment"),
    (UNREFERENCED, "nobody points here"),
    (AFTER_END, "after the last structure"),
    ("mixed", "many small pieces"),
)
KIND = {name: number for number, (name, _) in enumerate(KINDS)}

Piece = Tuple[int, int, str, str, int]
"""A stretch of the map: offset, size, kind, words, number of structures."""


class Row(NamedTuple):
    """A node of the tree as the page has it. ``parent`` is -1 at the top; ``same`` is the row that has the same place, or -1."""

    parent: int
    label: str
    kind: int
    offset: int
    size: int
    parts: int
    pointer: int
    same: int
    hint: str


class Carried:
    """The base of a page's tree and map."""

    def __init__(self, source: Source, redactor: Optional[Redactor], memory: bool) -> None:
        self.source = source
        self.redactor = redactor
        self.memory = memory
        self.shapes = ShapeTable()
        self.rows: List[Row] = []
        self.notes: List[str] = []
        self.wanted: List[Tuple[int, int]] = []

    def clean(self, text: str) -> str:
        """A text of the dump for the page: redacted if asked for, on one line, and not endless."""
        if self.redactor is not None:
            text = self.redactor.text(text)
        text = printable(text[:1200])
        return text if len(text) <= 1000 else text[:1000] + "…"

    def drawn(self, pieces: List[Piece]) -> Iterator[List[Any]]:
        """Offset, size, kind and number of structures of each piece, and words unless a row of the tree begins there."""
        starts = {row.offset for row in self.rows}
        for offset, size, kind, what, merged in cut(pieces):
            item: List[Any] = [offset, size, KIND.get(kind, KIND["data"]), merged]
            if merged > 1 or offset not in starts:
                item.append(self.clean(what))
            yield item

    def bounded(self, stretches: Sequence[Tuple[int, int]]) -> List[Tuple[int, int]]:
        """As much of these stretches, which are in order, as a page can bear."""
        room = TOTAL_BYTES + (MEMORY_BYTES if self.memory else 0)
        found: List[Tuple[int, int]] = []
        for start, end in stretches:
            end = min(end, self.source.size)
            if start >= end:
                continue
            if end - start > room:
                self.notes.append("this dump has more bytes than a page can carry: bytes farther on are left out")
                end = start + room
            if end > start:
                found.append((start, end))
                room -= end - start
            if not room:
                break
        return found

    def bytes_of(self, ranges: List[Tuple[int, int]]) -> bytes:
        """The bytes of these stretches, one after the other; redacted each on its own: what follows elsewhere in the file is no neighbour."""
        parts = (self.source.some(start, end - start) for start, end in ranges)
        return b"".join(parts if self.redactor is None else (self.redactor.data(part) for part in parts))


def cut(pieces: List[Piece]) -> List[Piece]:
    """At most PIECE_CAP pieces: the smallest neighbours are put together."""
    limit = 16
    while len(pieces) > PIECE_CAP:
        merged: List[Piece] = []
        for piece in pieces:
            last = merged[-1] if merged else None
            if last is not None and piece[1] <= limit and last[1] <= limit * 16 and last[2] not in (MEMORY, "header"):
                merged[-1] = (last[0], last[1] + piece[1], "mixed", "many small pieces", last[4] + piece[4])
            else:
                merged.append(piece)
        pieces = merged
        limit *= 4
    return pieces


def union_of(ranges: List[Tuple[int, int]]) -> List[Tuple[int, int]]:
    """Stretches in order, those that touch or overlap as one."""
    merged: List[Tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        elif end > start:
            merged.append((start, end))
    return merged

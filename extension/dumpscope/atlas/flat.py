"""The page of a kernel dump or of a user dump of the old format: files without streams, whose structures are one list of nodes."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from ..anatomy.filemap import GAPS, map_of_nodes
from ..anatomy.node import BLOB, DIRECTORY, HEADER, MEMORY, Node
from ..diagnosis.engine.answers import Opening
from ..dump.source import Source
from ..format.counted import by_count, counted
from ..view.escape import printable
from .nodes import GAP_BYTES, KINDS, LIST_CAP, MEMORY_BYTES, NODE_BYTES, NODE_CAP, PIECE_CAP, TOTAL_BYTES, Atlas, Row, union_of
from .shapes import ShapeTable, parts_of
from .tables import PageTable

_KIND = {name: number for number, (name, _) in enumerate(KINDS)}


class Told(NamedTuple):
    """What a page says of such a file besides its bytes. ``facts`` are label, value and offset or None; ``findings`` are those of a page;
    ``commands`` are command, outcome and reason; each table is key, title, columns (title, kind) and rows (offset or None, cells)."""

    pointer_size: int
    facts: List[Tuple[str, str, Any]]
    findings: List[Dict[str, Any]]
    commands: List[Tuple[str, str, str]]
    tables: List[Tuple[str, str, Sequence[Tuple[str, str]], List[Tuple[Any, Sequence[Any]]]]]
    notes: List[str]


def refused(opening: Opening, remedy: List[str]) -> Iterator[Dict[str, Any]]:
    """The finding that the debugger does not open the file; nothing of a file that it opens."""
    if not opening.ok:
        words = " ".join(opening.message.splitlines())
        yield finding("error", "opening", f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}", words, [], remedy)


def outcomes_of(opening: Opening, commands: Iterable[Any]) -> List[Tuple[str, str, str]]:
    """The debugger's commands as a page lists them: all of them fail on a file that it does not open."""
    if opening.ok:
        return [(item.command, item.outcome, item.why) for item in commands]
    return [(item.command, "fails", f"the debugger does not open this file: HRESULT 0x{opening.hresult:08x}") for item in commands]


def finding(severity: str, code: str, title: str, verdict: str, evidence: List[List[Any]], remedy: List[str], sure: str = "proven") -> Dict[str, Any]:
    """A finding as a page has it; ``sure`` is how certain it is."""
    return {
        "code": code,
        "severity": severity,
        "title": title,
        "verdict": verdict,
        "confidence": sure,
        "evidence": evidence,
        "remedy": remedy,
        "commands": [],
    }


class _Flat:
    """Tree, map and bytes of the file."""

    def __init__(self, source: Source, nodes: Callable[[], Iterable[Node]], redact: Any, memory: bool) -> None:
        self.source = source
        self.nodes = nodes
        self.redact = redact
        self.memory = memory
        self.shapes = ShapeTable()
        self.rows: List[Row] = []
        self.notes: List[str] = []
        self.wanted: List[Tuple[int, int]] = []
        self._collect()

    def clean(self, text: str) -> str:
        """A text for the page: redacted if asked for, on one line, and not endless."""
        if self.redact is not None:
            text = self.redact.text(text)
        text = printable(text[:1200])
        return text if len(text) <= 1000 else text[:1000] + "…"

    def _collect(self) -> None:
        paths: Dict[str, int] = {}
        places: Dict[Tuple[int, int, int], int] = {}
        top, more = -1, 0
        for node in self.nodes():
            if len(self.rows) >= NODE_CAP:
                more += 1
                continue
            parent, label = self._parent(paths, node, top)
            number = len(self.rows)
            combination = self.shapes.combination(parts_of(node, self.source))
            same = places.setdefault((node.offset, node.size, combination), number)
            pointer = -1 if node.pointer is None else node.pointer
            kind = _KIND.get(node.kind, _KIND["data"])
            self.rows.append(Row(parent, self.clean(label), kind, node.offset, node.size, combination, pointer, -1 if same == number else same, ""))
            paths.setdefault(node.what, number)
            if node.kind in (HEADER, DIRECTORY):
                top = number
            self._want(node)
        if more:
            self.notes.append(f"{counted(more, 'structure')} beyond the first {NODE_CAP} {by_count(more, 'is', 'are')} not in this page")

    @staticmethod
    def _parent(paths: Dict[str, int], node: Node, top: int) -> Tuple[int, str]:
        """The row of the structure that a path leads through, else that of the header or list that all begins with; and what is left of the path."""
        parts = node.what.split(" > ")
        for length in range(len(parts) - 1, 0, -1):
            found = paths.get(" > ".join(parts[:length]))
            if found is not None:
                return found, " > ".join(parts[length:])
        return (-1 if node.kind in (HEADER, DIRECTORY) else top), node.what

    def _want(self, node: Node) -> None:
        opaque = node.kind in (MEMORY, BLOB) or (node.structure is None and node.size > 64)
        if node.kind == MEMORY and not self.memory:
            return
        if self.redact is not None and opaque:
            return
        self.wanted.append((node.offset, min(node.end, node.offset + NODE_BYTES)))

    def pieces(self) -> Tuple[List[List[Any]], List[List[Any]]]:
        """The map, and the places that are claimed twice."""
        found = map_of_nodes(self.source, self.nodes())
        starts = {row.offset: row for row in self.rows}
        made: List[List[Any]] = []
        whole = [(piece.offset, piece.size, piece.kind, piece.what, piece.merged) for piece in found.pieces]
        for offset, size, kind, what, merged in Atlas.cut(whole) if len(whole) > PIECE_CAP else whole:
            item: List[Any] = [offset, size, _KIND.get(kind, _KIND["data"]), merged]
            if merged > 1 or offset not in starts:
                item.append(self.clean(what))
            made.append(item)
            if kind in GAPS and self.redact is None:
                self.wanted.append((offset, min(offset + size, offset + GAP_BYTES)))
        overlaps = [[item.offset, item.size, self.clean(item.first), self.clean(item.second)] for item in found.overlaps if not item.same]
        return made, overlaps[:200]

    def ranges(self) -> List[Tuple[int, int]]:
        """The stretches of the file that the page carries."""
        room = TOTAL_BYTES + (MEMORY_BYTES if self.memory else 0)
        found: List[Tuple[int, int]] = []
        for start, end in union_of(self.wanted):
            end = min(end, self.source.size, start + room)
            if end > start:
                found.append((start, end))
                room -= end - start
        if not room:
            self.notes.append("this dump has more bytes than a page can carry: bytes farther on are left out")
        return found

    def bytes_of(self, ranges: Iterable[Tuple[int, int]]) -> bytes:
        """The bytes of these stretches, one after the other."""
        parts: Iterator[bytes] = (self.source.some(start, end - start) for start, end in ranges)
        return b"".join(parts if self.redact is None else (self.redact.data(part) for part in parts))


def flat_data(source: Source, nodes: Callable[[], Iterable[Node]], told: Told, *, redactor: Any = None, memory: bool = False) -> Dict[str, Any]:
    """As :func:`dumpscope.atlas.page.page_data`, of a file whose structures are these nodes."""
    flat = _Flat(source, nodes, redactor, memory)
    pieces, overlaps = flat.pieces()
    ranges = flat.ranges()
    tables = [PageTable(key, title, columns, flat.clean).made(rows[:LIST_CAP], len(rows)) for key, title, columns, rows in told.tables]
    findings = []
    for item in told.findings:
        evidence = [[what, flat.clean(value), offset] for what, value, offset in item["evidence"]]
        findings.append({**item, "title": flat.clean(item["title"]), "verdict": flat.clean(item["verdict"]), "evidence": evidence})
    return {
        "version": 1,
        "name": flat.clean(source.name.replace("\\", "/").rpartition("/")[2]),
        "size": source.size,
        "redacted": redactor is not None,
        "memory": memory,
        "pointerSize": told.pointer_size,
        "facts": [[label, flat.clean(value), offset] for label, value, offset in told.facts],
        "kinds": [list(kind) for kind in KINDS],
        "nodes": [list(row) for row in flat.rows],
        "parts": flat.shapes.parts,
        "shapes": flat.shapes.shapes,
        "values": flat.shapes.values,
        "pieces": pieces,
        "overlaps": overlaps,
        "flags": [],
        "findings": findings,
        "commands": [[command, outcome, flat.clean(why)] for command, outcome, why in told.commands],
        "tables": tables,
        "notes": [*flat.notes, *told.notes],
        "ranges": [[start, end - start] for start, end in ranges],
        "bytes": flat.bytes_of(ranges),
    }

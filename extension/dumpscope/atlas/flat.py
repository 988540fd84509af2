"""The page of a kernel dump or of a user dump of the old format: files without streams, whose structures are one list of nodes."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..anatomy.filemap import GAPS, map_of_nodes
from ..anatomy.node import BLOB, DIRECTORY, HEADER, MEMORY, Node
from ..diagnosis.engine.answers import Opening
from ..dump.source import Source
from ..format.counted import by_count, counted
from ..view.redact import Redactor
from .carried import GAP_BYTES, KIND, KINDS, LIST_CAP, NODE_BYTES, NODE_CAP, Carried, Row, union_of
from .shapes import parts_of
from .tables import PageTable


class Told(NamedTuple):
    """What a page says of such a file besides its bytes. ``facts`` are label, value and offset or None; ``findings`` are those of a page;
    ``commands`` are command, outcome and reason; each table is key, title, columns (title, kind) and rows (offset or None, cells)."""

    pointer_size: int
    facts: List[Tuple[str, str, Any]]
    findings: List[Dict[str, Any]]
    commands: List[Tuple[str, str, str]]
    tables: List[Tuple[str, str, Sequence[Tuple[str, str]], List[Tuple[Any, Sequence[Any]]]]]
    notes: List[str]


def troubles(opening: Opening, damage: Sequence[str], remedy: str) -> Iterator[Dict[str, Any]]:
    """The findings that the debugger does not open the file, and what of it is damaged; ``remedy`` is for damage."""
    if not opening.ok:
        words = " ".join(opening.message.splitlines())
        yield finding("error", "opening", f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}", words, [], [remedy] if damage else [])
    for line in damage:
        yield finding("warning", "damage", "The file is damaged", line, [], [remedy])


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


class _Flat(Carried):
    """Tree, map and bytes of the file."""

    def __init__(self, source: Source, nodes: Callable[[], Iterable[Node]], redactor: Optional[Redactor], memory: bool) -> None:
        super().__init__(source, redactor, memory)
        self.nodes = nodes
        self._collect()

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
            kind = KIND.get(node.kind, KIND["data"])
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
        if self.redactor is not None and opaque:
            return
        self.wanted.append((node.offset, min(node.end, node.offset + NODE_BYTES)))

    def pieces(self) -> Tuple[List[List[Any]], List[List[Any]]]:
        """The map, and the places that are claimed twice."""
        found = map_of_nodes(self.source, self.nodes())
        whole = [(piece.offset, piece.size, piece.kind, piece.what, piece.merged) for piece in found.pieces]
        made = list(self.drawn(whole))
        if self.redactor is None:
            gaps = {KIND[kind] for kind in GAPS}
            self.wanted += [(offset, min(offset + size, offset + GAP_BYTES)) for offset, size, kind, *_ in made if kind in gaps]
        overlaps = [[item.offset, item.size, self.clean(item.first), self.clean(item.second)] for item in found.overlaps if not item.same]
        return made, overlaps[:200]


def flat_data(source: Source, nodes: Callable[[], Iterable[Node]], told: Told, *, redactor: Optional[Redactor] = None, memory: bool = False) -> Dict[str, Any]:
    """As :func:`dumpscope.atlas.page.page_data`, of a file whose structures are these nodes."""
    flat = _Flat(source, nodes, redactor, memory)
    pieces, overlaps = flat.pieces()
    ranges = flat.bounded(union_of(flat.wanted))
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

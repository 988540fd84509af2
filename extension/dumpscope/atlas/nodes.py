"""The tree of structures, the map of the file, and the bytes that a page carries with them."""

from __future__ import annotations

from itertools import islice
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from ..anatomy.filemap import GAPS, REST, file_map
from ..anatomy.node import DIRECTORY, MEMORY, STREAM, Node
from ..anatomy.walker import anatomy, stream_anatomy
from ..dump.minidump import Minidump
from ..format.counted import by_count, counted
from ..format.streams import STREAMS, kMinidumpStreamTypeCrashpadInfo
from ..view.redact import Redactor
from .carried import GAP_BYTES, KIND, LIST_CAP, NODE_BYTES, NODE_CAP, WALK_CAP, Carried, Row, union_of
from .shapes import parts_of

# Streams that are personal through and through: comments, tokens, traces and memory in other forms, Breakpad's copies of /proc.
_PRIVATE_STREAMS = frozenset(kind.type for kind in STREAMS.values() if kind.private)
_MEMORY_STREAMS = (3, 5, 8, 9)  # they lead to memory, all of which must be known


class Atlas(Carried):
    """The parts of a page that are about bytes. Walks the dump once for the tree and once for the map."""

    def __init__(self, dump: Minidump, *, redactor: Optional[Redactor] = None, memory: bool = False) -> None:
        super().__init__(dump.source, redactor, memory)
        self.dump = dump
        self._hidden: List[Tuple[int, int]] = []  # what a redacted page must not carry, whatever points there
        self._hints = self._make_hints()
        self._collect()

    def _make_hints(self) -> Dict[int, str]:
        """Words beside a record in the tree, by its offset."""
        dump = self.dump
        hints: Dict[int, str] = {}
        names = {entry.tid: entry.name for entry in dump.thread_names.walk(0, LIST_CAP)}
        for thread in dump.threads.walk(0, LIST_CAP):
            name = names.get(thread.tid, "")
            hints[thread.offset] = f"{thread.tid:x}" + (f" {name}" if name else "")
        for module in dump.modules.walk(0, LIST_CAP):
            hints[module.offset] = module.file_name
        for unloaded in dump.unloaded_modules.walk(0, LIST_CAP):
            hints[unloaded.offset] = unloaded.name
        for handle in dump.handles.walk(0, LIST_CAP):
            hints[handle.offset] = f"0x{handle.handle:x} {handle.type}"
        for ranges in (dump.memory_list.walk(0, LIST_CAP), dump.memory64_list.walk(0, LIST_CAP)):
            for item in ranges:
                hints[item.offset] = f"0x{item.start:x}"
        for region in dump.regions.walk(0, LIST_CAP):
            hints[region.offset] = f"0x{region.base:x}"
        for info in dump.thread_infos.walk(0, LIST_CAP):
            hints[info.offset] = f"{info.tid:x}"
        return hints

    # -- the tree --------------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        paths: Dict[str, int] = {}
        places: Dict[Tuple[int, int, int], int] = {}
        listed: Dict[int, int] = {}
        left_out: Dict[int, int] = {}
        directory = -1
        stream = -1
        stream_type = 0
        more = 0
        for node in self._nodes():
            if node.kind == MEMORY:
                self._hidden.append((node.offset, node.end))
            parts = node.what.split(" > ")
            top = len(parts) == 1
            if top:
                parent, exact = (directory, True) if node.kind == DIRECTORY and node.leaf else (-1, True)
            else:
                parent, exact = self._parent(paths, parts, stream)
            if not top and not exact and stream in left_out:
                continue  # belongs to a record that was left out
            if not top and parent == stream:
                listed[stream] = listed.get(stream, 0) + 1
                if listed[stream] > LIST_CAP + 2:
                    left_out[stream] = left_out.get(stream, 0) + 1
                    self._enough = stream_type not in _MEMORY_STREAMS
                    continue
            if len(self.rows) >= NODE_CAP and not top:
                more += 1
                continue
            number = len(self.rows)
            combination = self.shapes.combination(parts_of(node, self.dump.source))
            place = (node.offset, node.size, combination)
            same = places.setdefault(place, number)
            hint = "" if node.kind in (MEMORY, STREAM) else self._hints.get(node.offset, "")
            kind = KIND.get(node.kind, KIND["data"])
            pointer = -1 if node.pointer is None else node.pointer
            row = Row(parent, self.clean(parts[-1]), kind, node.offset, node.size, combination, pointer, -1 if same == number else same, self.clean(hint))
            self.rows.append(row)
            paths[node.what] = number
            if node.kind == DIRECTORY and not node.leaf:
                directory = number
            if top and node.kind == STREAM:
                stream = number
                paths = {node.what: number}
                stream_type = self._stream_type
            self._want(node, stream_type if stream >= 0 else 0)
        for number in left_out:
            self.notes.append(f"{self.rows[number].label}: records beyond the first {LIST_CAP} are not in this page")
        if len(self.dump.streams) > LIST_CAP:
            self.notes.append(f"directory: streams beyond the first {LIST_CAP} are not in this page")
        if more:
            self.notes.append(f"{counted(more, 'structure')} beyond the first {NODE_CAP} {by_count(more, 'is', 'are')} not in this page")

    _stream_type = 0
    _enough = False

    def _nodes(self) -> Iterator[Node]:
        """Every structure; the rest of a stream is left out when the page has enough of it."""
        entries = 0
        for node in anatomy(self.dump):
            if node.kind == STREAM:
                break
            entries += node.kind == DIRECTORY and node.leaf
            if entries <= LIST_CAP:
                yield node
        for stream in islice(self.dump.streams, LIST_CAP):
            self._stream_type, self._enough = stream.type, False
            for node in stream_anatomy(self.dump, stream.index):
                yield node
                if self._enough:
                    break

    @staticmethod
    def _parent(paths: Dict[str, int], parts: List[str], stream: int) -> Tuple[int, bool]:
        """The row of the nearest structure that a path leads through, and whether it is the very next one."""
        for length in range(len(parts) - 1, 0, -1):
            path = " > ".join(parts[:length])
            found = paths.get(path)
            if found is None and path.endswith(")"):
                found = paths.get(path.rpartition(" (")[0])  # "thread 5 (4554)" is the record "thread 5"
            if found is not None:
                return found, length == len(parts) - 1
        return stream, False

    # -- bytes -----------------------------------------------------------------------------------------------------------

    def _want(self, node: Node, stream_type: int) -> None:
        if self.redactor is not None and node.kind != DIRECTORY and node.offset:
            opaque = node.structure is None and (node.kind == STREAM or stream_type > 0xFFFF)
            if stream_type in _PRIVATE_STREAMS or (node.leaf and opaque) or (stream_type == kMinidumpStreamTypeCrashpadInfo and node.kind == "string"):
                self._hidden.append((node.offset, node.end))
                return
        if node.kind == MEMORY:
            if self.memory:
                self.wanted.append((node.offset, min(node.end, node.offset + NODE_BYTES)))
        elif node.leaf:
            size = NODE_BYTES
            if self.redactor is not None and node.kind == STREAM and node.structure is not None:
                size = node.structure.size  # what follows a structure that we know may be anything
            self.wanted.append((node.offset, min(node.end, node.offset + size)))

    def ranges(self, gaps: List[Tuple[int, int]]) -> List[Tuple[int, int]]:
        """The stretches of the file that the page carries, in order; never more than a page can bear."""
        wanted = list(self.wanted)
        if self.redactor is None:
            wanted += [(start, min(end, start + GAP_BYTES)) for start, end in gaps]
        merged = union_of(wanted)
        if self.redactor is not None:
            # Header and directory stay; what lies in memory or in private streams goes, even where another structure shares it.
            directory = self.dump.streams.rva
            kept = [(0, 32), (directory, directory + 12 * len(self.dump.streams))]
            merged = union_of([*_minus(merged, union_of(self._hidden)), *kept])
        return self.bounded(merged)

    # -- the map ---------------------------------------------------------------------------------------------------------

    def pieces(self) -> Iterator[List[Any]]:
        """Offset, size, kind, number of structures, and words unless a row of the tree begins there."""
        return self.drawn(list(self._pieces()))

    def _pieces(self) -> Iterator[Tuple[int, int, str, str, int]]:
        records = len(self.dump.handles) + len(self.dump.threads) + len(self.dump.modules) + len(self.dump.regions)
        if records > WALK_CAP:
            yield from self._coarse()
            self.notes.append(f"the map shows streams as wholes: {records} records are more than a page can show one by one")
            return
        found = file_map(self.dump)
        self.overlaps = [[item.offset, item.size, item.first, item.second] for item in found.overlaps if not item.same]
        for piece in found.pieces:
            yield piece.offset, piece.size, piece.kind, piece.what, piece.merged

    overlaps: List[List[Any]] = []

    def _coarse(self) -> Iterator[Tuple[int, int, str, str, int]]:
        """Header, directory, streams and memory; what lies between belongs to one of them and is called data."""
        dump = self.dump
        spans = [(0, 32, "header", "header"), (dump.streams.rva, dump.streams.rva + 12 * len(dump.streams), "directory", "directory")]
        spans += [(stream.rva, stream.end, "stream", f"stream {stream.index} {stream.name}") for stream in dump.streams if stream.type and stream.size]
        spans += [(start, min(end, dump.size), "memory", "memory") for start, end in union_of(self._hidden if self.redactor is None else [])]
        spans.sort()
        cursor = 0
        for start, end, kind, what in spans:
            start, end = max(start, cursor), min(end, dump.size)
            if start > cursor:
                yield cursor, min(start, dump.size) - cursor, "data", "strings, registers and other parts of records", 2
                cursor = start
            if end > start:
                yield start, end - start, kind, what, 1
                cursor = end
        if cursor < dump.size:
            yield cursor, dump.size - cursor, "data", "strings, registers and other parts of records", 2

    def gaps(self, pieces: List[List[Any]]) -> List[Tuple[int, int]]:
        """The stretches that no structure owns."""
        kinds: Set[int] = {KIND[kind] for kind in (*GAPS, REST)}
        return [(piece[0], piece[0] + piece[1]) for piece in pieces if piece[2] in kinds]


def _minus(ranges: List[Tuple[int, int]], holes: List[Tuple[int, int]]) -> List[Tuple[int, int]]:
    """What is left of stretches without others; both in order and without overlaps."""
    left: List[Tuple[int, int]] = []
    at = 0
    for start, end in ranges:
        while at < len(holes) and holes[at][1] <= start:
            at += 1
        number = at
        while number < len(holes) and holes[number][0] < end:
            if holes[number][0] > start:
                left.append((start, holes[number][0]))
            start = max(start, holes[number][1])
            number += 1
        if start < end:
            left.append((start, end))
    return left

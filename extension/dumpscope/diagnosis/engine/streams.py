"""Which streams the engine takes from a directory, and what it prints about the others.

Every entry is checked when the file is opened (:class:`~dumpscope.diagnosis.engine.strict.View` has the checks); of those of
one type that pass, the first is used. Observed: dbgeng 10.0.15063.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from ...dump.directory import Directory, Stream, read_header
from ...dump.source import Source
from ...format.streams import (
    DEBUGGER_NAMES,
    LAST_RESERVED_STREAM,
    CommentStreamA,
    CommentStreamW,
    Memory64ListStream,
    MemoryListStream,
    MiscInfoStream,
    SystemInfoStream,
)
from .strict import CHECKS, Extent, View

USED = "used"
EXTRA = "extra"
REFUSED = "refused"
UNUSED = "unused"
UNKNOWN = "unknown"
IGNORED = "ignored"

LINES = 1000
"""Lines about streams that are kept; a directory may have thousands of bad entries."""

_LAST = 20
_COMMENTS = (CommentStreamA, CommentStreamW)
_SLOTS = {8: 3}
"""The two kinds of thread list stand for each other: the first good one of either is used."""


class Entry(NamedTuple):
    """One directory entry as the engine takes it when it opens the file.

    ``verdict``: used; extra (a good one of its type came before); refused (``reason`` is the engine's line); unused (type 0);
    unknown (a type below 0x10000 that it does not know then); ignored (a type of the writer's own, or one that only
    ``.dumpdebug`` reads).
    """

    index: int  # type: ignore[assignment]
    type: int
    size: int
    rva: int
    offset: int
    verdict: str
    reason: str


class Taken(NamedTuple):
    """A stream that the engine uses: where it is, and what it consists of."""

    index: int  # type: ignore[assignment]
    type: int
    rva: int
    size: int
    header: int
    element: int
    number: int

    @property
    def first(self) -> int:
        """Offset of the first element."""
        return self.rva + self.header


def stream_name(kind: int) -> str:
    """The engine's name of a stream type."""
    return DEBUGGER_NAMES.get(kind, "???")


class Streams:
    """The directory of a dump whose header and directory the engine has found good."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.header = read_header(source)
        self.directory = Directory(source, self.header)
        self.view = View(source, self.header, self.directory, narrow=False)
        self._checked: Dict[int, Union[str, Extent]] = {}

    def _check(self, stream: Stream) -> Union[str, Extent]:
        """As :meth:`View.extent`; the answers for the first entries are kept, as each is asked for several times."""
        found = self._checked.get(stream.index)
        if found is None:
            found = self._extent(stream)
            if stream.index < LINES:
                self._checked[stream.index] = found
        return found

    def _extent(self, stream: Stream) -> Union[str, Extent]:
        what = f"Dir entry {stream.index}, {stream_name(stream.type)} stream"
        found = self.view.extent(CHECKS[stream.type], what, stream.rva, stream.size)
        return found.rstrip("\n") if isinstance(found, str) else found

    def walk(self) -> Iterator[Entry]:
        """The entries in the directory's order."""
        used: Set[int] = set()
        for stream in self.directory:
            kind = stream.type
            verdict, reason = USED, ""
            if kind == 0:
                verdict = UNUSED
            elif kind > LAST_RESERVED_STREAM or kind in _DUMPDEBUG_ONLY:
                verdict = IGNORED
            elif kind > _LAST or kind not in CHECKS:
                verdict, reason = UNKNOWN, f"WARNING: Minidump contains unknown stream type 0x{kind:x}"
            elif _SLOTS.get(kind, kind) in used:
                verdict, reason = EXTRA, _extra(stream)
            else:
                found = self._check(stream)
                if isinstance(found, str):
                    verdict, reason = REFUSED, found
                elif kind not in _COMMENTS:
                    used.add(_SLOTS.get(kind, kind))
            yield Entry(stream.index, kind, stream.size, stream.rva, stream.offset, verdict, reason)

    @cached_property
    def _known(self) -> Tuple[Dict[int, Taken], Set[int]]:
        taken: Dict[int, Taken] = {}
        listed: Set[int] = set()
        for stream in self.directory:
            kind = stream.type
            if kind not in CHECKS:
                continue
            listed.add(kind)
            slot = _SLOTS.get(kind, kind)
            if slot in taken:
                continue
            found = self._check(stream)
            if isinstance(found, Extent):
                taken[slot] = Taken(stream.index, kind, stream.rva, stream.size, found.header, found.element, found.number)
        return taken, listed

    def taken(self, kind: int) -> Optional[Taken]:
        """The stream that the engine uses of a type; type 3 stands for both kinds of thread list."""
        return self._known[0].get(kind)

    def listed(self, kind: int) -> bool:
        """Whether the directory has an entry of a known type, good or bad."""
        return kind in self._known[1]

    def rows(self, taken: Taken, reader: struct.Struct) -> Iterator[Tuple[int, Tuple[Any, ...]]]:
        """Offset and numbers of every element of a list. ``reader`` may be shorter than the element."""
        return self.view.rows(reader, taken.first, taken.element, taken.number)

    def values(self, taken: Taken, reader: struct.Struct) -> Iterator[Tuple[Any, ...]]:
        """The numbers of every element of a list, without the offsets."""
        return self.view.values(reader, taken.first, taken.element, taken.number)

    def columns(self, taken: Taken, reader: struct.Struct) -> List[Sequence[int]]:
        """The numbers of every element of a list, by field; no column where it has no element. ``reader`` must be as long as the element."""
        return self.view.columns(reader, taken.first, taken.number)

    # -- what is printed while the file is opened ------------------------------------------------------------------------

    def comment(self, entry: Entry) -> str:
        """The line in which the engine shows a comment when it opens the file."""
        text = self.view.zero_ended(entry.rva, 1 if entry.type == CommentStreamA else 2)
        return "" if text is None else f"Comment: '{text}'"

    def first_lines(self) -> Iterator[str]:
        """Lines of the first look through the directory, for the system and the process."""
        used = False
        for stream in self.directory:
            if stream.type == SystemInfoStream and used:
                yield _extra(stream)
            elif stream.type in (SystemInfoStream, MiscInfoStream):
                found = self._check(stream)
                if isinstance(found, str):
                    yield found
                elif stream.type == SystemInfoStream:
                    used = True

    def second_lines(self, full: bool) -> Iterator[str]:
        """Lines of the second look, for everything. It ends at a list of memory that the kind of dump must not have."""
        for entry in self.walk():
            if entry.type == (MemoryListStream if full else Memory64ListStream):
                return
            if entry.reason:
                yield entry.reason
            elif entry.verdict == USED and entry.type in _COMMENTS:
                yield self.comment(entry)


_DUMPDEBUG_ONLY = (21, 22)


def _extra(stream: Stream) -> str:
    return f"WARNING: Ignoring extra {stream_name(stream.type)} stream, dir entry {stream.index}"

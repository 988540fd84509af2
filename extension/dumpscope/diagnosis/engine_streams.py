"""Which streams the engine takes from a directory, and what it prints about the others.

Every entry is checked when the file is opened (:class:`~dumpscope.diagnosis.dumpdebug_view.View` has the checks); of those of
one type that pass, the first is used. Observed: dbgeng 10.0.15063.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..dump.directory import Directory, read_header
from ..dump.source import Source
from ..format.streams import LAST_RESERVED_STREAM
from .dumpdebug import NAMES
from .dumpdebug_view import CHECKS, Extent, View

USED = "used"
EXTRA = "extra"
REFUSED = "refused"
UNUSED = "unused"
UNKNOWN = "unknown"
USER = "user"

COMMENTS = (10, 11)


class Entry(NamedTuple):
    """One directory entry as the engine takes it.

    ``verdict``: used; extra (a good one of its type came before); refused (``reason`` is the engine's line); unused (type 0);
    unknown (a type below 0x10000 that this engine does not know); user (a type of the writer's own, which it leaves alone).
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
    return NAMES.get(kind, "???")


class Streams:
    """The directory of a dump whose header and directory the engine has found good."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.header = read_header(source)
        self.directory = Directory(source, self.header)
        self.view = View(source, self.header, self.directory, narrow=False)

    def walk(self) -> Iterator[Entry]:
        """The entries in the directory's order."""
        used: Set[int] = set()
        view = self.view
        for stream in self.directory:
            kind = stream.type
            verdict, reason = USED, ""
            if kind == 0:
                verdict = UNUSED
            else:
                what = f"Dir entry {stream.index}, {stream_name(kind)} stream"
                check = CHECKS.get(kind)
                if check is not None:
                    extent = view.extent(check, what, stream.rva, stream.size)
                    if isinstance(extent, str):
                        verdict, reason = REFUSED, extent.rstrip("\n")
                    elif kind in used:
                        verdict, reason = EXTRA, f"WARNING: Ignoring extra {stream_name(kind)} stream, dir entry {stream.index}"
                    else:
                        used.add(kind)
                elif kind > LAST_RESERVED_STREAM:
                    verdict, reason = USER, view.misplaced(what, stream.rva, stream.size).rstrip("\n")
                else:
                    verdict, reason = UNKNOWN, f"WARNING: Minidump contains unknown stream type 0x{kind:x}"
            yield Entry(stream.index, kind, stream.size, stream.rva, stream.offset, verdict, reason)

    @cached_property
    def _known(self) -> Tuple[Dict[int, Taken], Set[int]]:
        taken: Dict[int, Taken] = {}
        listed: Set[int] = set()
        view = self.view
        for stream in self.directory:
            kind = stream.type
            check = CHECKS.get(kind)
            if check is None:
                continue
            listed.add(kind)
            if kind in taken:
                continue
            extent = view.extent(check, "", stream.rva, stream.size)
            if isinstance(extent, Extent):
                taken[kind] = Taken(stream.index, kind, stream.rva, stream.size, extent.header, extent.element, extent.number)
        return taken, listed

    def taken(self, *kinds: int) -> Optional[Taken]:
        """The stream that the engine uses of these types; an earlier type in the list is preferred."""
        for kind in kinds:
            found = self._known[0].get(kind)
            if found is not None:
                return found
        return None

    def listed(self, kind: int) -> bool:
        """Whether the directory has an entry of a known type, good or bad."""
        return kind in self._known[1]

    def rows(self, taken: Taken, reader: struct.Struct) -> Iterator[Tuple[int, Tuple[Any, ...]]]:
        """Offset and numbers of every element of a list. ``reader`` may be shorter than the element."""
        return self.view.rows(reader, taken.first, taken.element, taken.number)

    def comment(self, entry: Entry) -> str:
        """The line in which the engine shows a comment when it opens the file."""
        text = self.view.zero_ended(entry.rva, 1 if entry.type == 10 else 2)
        return "" if text is None else f"Comment: '{text}'"

    def complaints(self) -> List[str]:
        """What the engine prints about entries, in its order, while it goes through the directory."""
        lines = []
        for entry in self.walk():
            if entry.reason:
                lines.append(entry.reason)
            elif entry.verdict == USED and entry.type in COMMENTS:
                lines.append(self.comment(entry))
            if len(lines) >= 1000:
                lines.append("…")
                break
        return lines

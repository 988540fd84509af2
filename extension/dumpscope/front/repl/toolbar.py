"""The line at the bottom: the dump, its machine, writer and flags, what is wrong with it, the current thread, and keys."""

from __future__ import annotations

import threading
from typing import Callable, Dict, List, Optional, Tuple

from prompt_toolkit.formatted_text import StyleAndTextTuples

from ...commands.expression import current_thread
from ...commands.offers import standing
from ...commands.session import Session
from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...errors import DumpscopeError
from ...view.escape import printable
from .workspace import Workspace, short_name

DELAY = 0.3
"""Seconds that the counting of findings waits for the first prompt to stand."""


class Findings:
    """Counts in the background what is wrong with the current dump, through a mapping of its own."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._known: Dict[str, Optional[Tuple[int, int]]] = {}
        self._lock = threading.Lock()

    def ask(self, session: Session) -> None:
        """Begin to count, unless it is known or under way."""
        path = session.path
        with self._lock:
            if path in self._known or not session.has_file:
                return
            self._known[path] = None
        timer = threading.Timer(DELAY, self._count, (path,))
        timer.daemon = True
        timer.start()

    def of(self, session: Session) -> Optional[Tuple[int, int]]:
        """Errors and warnings, None while they are not known."""
        return self._known.get(session.path)

    def _count(self, path: str) -> None:
        try:
            with Minidump.open(path) as dump:
                self._known[path] = standing(Session(dump, path))
        except (DumpscopeError, OSError, ValueError, MemoryError, RecursionError):
            return  # the line at the bottom does without; `why` says what there is to say
        self._changed()


def parts(workspace: Workspace, findings: Optional[Findings]) -> List[Tuple[int, StyleAndTextTuples]]:
    """The pieces of the line with their rank: the highest numbers are left out first where the terminal is narrow."""
    current = workspace.current
    if current is None:
        return [(0, [("", "no dump: "), ("class:bottom-toolbar.key", "open PATH")])]
    name = printable(short_name(current.path))
    out: List[Tuple[int, StyleAndTextTuples]] = [(0, [("class:bottom-toolbar.name", name if len(name) <= 40 else "…" + name[-39:])])]
    session = current.session
    if not session.has_dump:
        return [*out, (1, [("class:bottom-toolbar.error", "not a minidump")])]
    dump = session.dump
    if not isinstance(dump.system, Absent):
        out.append((5, [("", printable(dump.system.architecture_name))]))
    known = session.memo.get("writer_words")
    if known is None:
        writer = dump.writer
        known = printable(f"{writer.name} {writer.version}".strip())[:30]
        session.memo["writer_words"] = known
    out.append((6, [("", str(known))]))
    out.append((4, [("", f"flags 0x{dump.header.flags:x}")]))
    counted = findings.of(session) if findings is not None else None
    if counted is not None:
        errors, warnings = counted
        piece: StyleAndTextTuples = []
        if errors:
            piece.append(("class:bottom-toolbar.error", f"{errors} error{'' if errors == 1 else 's'}"))
        if warnings:
            piece.append(("class:bottom-toolbar.warning", f"{', ' if piece else ''}{warnings} warning{'' if warnings == 1 else 's'}"))
        out.append((1, piece or [("class:bottom-toolbar.good", "nothing wrong")]))
    try:
        thread = current_thread(session)
    except DumpscopeError:
        thread = None
    if thread is not None:
        out.append((3, [("", f"thread {thread.index} ({thread.tid:x})")]))
    return out


_KEYS: List[Tuple[int, StyleAndTextTuples]] = [
    (2, [("class:bottom-toolbar.key", "F1"), ("", " help")]),
    (2, [("class:bottom-toolbar.key", "F2"), ("", " why")]),
]


def toolbar(workspace: Workspace, findings: Optional[Findings], width: int) -> StyleAndTextTuples:
    """The line, cut to the width by leaving out whole pieces."""
    pieces = [*parts(workspace, findings), *_KEYS]
    while len(pieces) > 1 and _length(pieces) > width:
        worst = max(range(len(pieces)), key=lambda at: (pieces[at][0], at))
        del pieces[worst]
    line: StyleAndTextTuples = [("", " ")]
    for at, (_, piece) in enumerate(pieces):
        if at:
            line.append(("", " │ "))
        line.extend(piece)
    return line


def _length(pieces: List[Tuple[int, StyleAndTextTuples]]) -> int:
    return 2 + sum(sum(len(item[1]) for item in piece) for _, piece in pieces) + 3 * (len(pieces) - 1)


__all__ = ["Findings", "toolbar"]

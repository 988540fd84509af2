"""The line at the bottom: the dump, its machine, writer and flags, what is wrong with it, the current thread, and keys."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Callable, Dict, List, Optional, Tuple

from prompt_toolkit.formatted_text import StyleAndTextTuples

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...errors import DumpscopeError
from ...session.expression import current_thread
from ...session.session import Session
from ...view.escape import printable
from .workspace import Workspace, short_name

DELAY = 0.3
"""Seconds that the counting of findings waits for the first prompt to stand."""
LARGE = 8 << 20
"""Bytes of a dump above which another process counts."""
_CHILD = """\
import os, sys
sys.path.insert(0, sys.argv[1])
try:
    os.nice(10)
except (AttributeError, OSError):
    pass
from dumpscope.session.offers import standing
from dumpscope.session.session import Session
from dumpscope.dump.minidump import Minidump
print(*standing(Session(Minidump.open(sys.argv[2]), sys.argv[2])))
"""


class Findings:
    """Counts in the background what is wrong with the current dump, through a mapping of its own."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._known: Dict[str, Optional[Tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._children: List[subprocess.Popen[bytes]] = []
        self._closed = False

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
            if os.path.getsize(path) > LARGE and sys.executable:
                found = self._elsewhere(path)
            else:
                from ...session.offers import standing

                with Minidump.open(path) as dump:
                    found = standing(Session(dump, path))
        except (DumpscopeError, OSError, ValueError, MemoryError, RecursionError):
            return  # the line at the bottom does without; `why` says what there is to say
        self._known[path] = found
        self._changed()

    def _elsewhere(self, path: str) -> Tuple[int, int]:
        """The same in a process of its own: seconds of counting must not slow the keys down."""
        home = os.path.dirname(os.path.dirname(os.path.abspath(sys.modules[__package__.partition(".")[0]].__file__ or "")))
        words = [sys.executable, "-S", "-c", _CHILD, home, path]
        with self._lock:
            if self._closed:
                raise OSError("too late")
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self._children.append(child)
        out, _ = child.communicate()
        errors, warnings = out.split()
        return int(errors), int(warnings)

    def close(self) -> None:
        """Stop what is still being counted."""
        with self._lock:
            self._closed = True
            for child in self._children:
                if child.poll() is None:
                    child.kill()


def parts(workspace: Workspace, findings: Optional[Findings]) -> List[Tuple[int, StyleAndTextTuples]]:
    """The pieces of the line with their rank: the highest numbers are left out first where the terminal is narrow."""
    current = workspace.current
    if current is None:
        return [(0, [("", "no dump: "), ("class:bottom-toolbar.key", "open PATH")])]
    name = printable(short_name(current.path))
    out: List[Tuple[int, StyleAndTextTuples]] = [(0, [("class:bottom-toolbar.name", name if len(name) <= 40 else "…" + name[-39:])])]
    session = current.session
    if not session.has_dump:
        kernel = session.kernel
        if kernel is not None:
            code = f", bug check 0x{kernel.code:x}" if kernel.code else ""
            return [*out, (1, [("", f"kernel dump ({kernel.kind_name}, {kernel.architecture}{code})")])]
        return [*out, (1, [("class:bottom-toolbar.error", "not a minidump")])]
    dump = session.dump
    if not isinstance(dump.system, Absent):
        out.append((5, [("", printable(dump.system.architecture_name))]))
    known = session.memo.get("writer_words")
    if known is None:
        writer = dump.writer
        known = printable(f"{writer.name} {writer.version}".strip())
        known = known if len(known) <= 34 else known[:33].rstrip() + "…"
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

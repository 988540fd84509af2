"""What every command says when the data it needs are not in the dump."""

from __future__ import annotations

from typing import Iterator

from ..dump.absence import EMPTY, Absent
from ..view.blocks import Block, Data, Note
from .session import Session


def missing(session: Session, key: str, absence: Absent, debugger_command: str = "") -> Iterator[Block]:
    """The reason, in words and as data, and exit code 1.

    ``debugger_command`` is the debugger's command that fails for the same reason, such as ``!handle``.
    """
    session.not_in_dump()
    if key:
        yield Data(key, [] if absence.kind == EMPTY else None)
        yield Data(key + "_reason", {"kind": absence.kind, "message": absence.message})
    yield Note(absence.message, "warning")

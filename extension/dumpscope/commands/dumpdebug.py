"""``dumpdebug``: the text of the debugger's own ``.dumpdebug``."""

from __future__ import annotations

from typing import Any, Iterator

from ..diagnosis.dumpdebug.lines import dumpdebug_lines
from ..session.registry import command
from ..session.session import Session
from ..view.blocks import Block, Lines


@command(
    "dumpdebug",
    summary="the text of the debugger's .dumpdebug, line for line, without the debugger",
    category="overview",
    examples=[("dumpdebug", "what .dumpdebug prints")],
    spellings=[".dumpdebug"],
    description="Prints what dbgeng 10.0.15063 prints, defects included. `dumpinfo` and `streams` say the same and more in words.",
)
def dumpdebug(session: Session, args: Any) -> Iterator[Block]:
    """The strict view of the file, as the debugger prints it."""
    yield Lines("lines", dumpdebug_lines(session.dump))

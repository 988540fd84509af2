"""What ``why`` says of ``mend``: the command line that writes a copy which the debugger opens, where there is one."""

from __future__ import annotations

from typing import FrozenSet, Iterator, NamedTuple, Optional

from ..diagnosis.facts import Facts
from ..dump.command_lines import mend_line
from ..errors import DumpError
from ..view.blocks import Block, Data, Finding, Note
from ..writing.mend import mend
from .session import Session


class Remedy(NamedTuple):
    """A command line that mends the open file, and the rules whose causes it undoes."""

    line: str
    invents: bool
    codes: FrozenSet[str]


def remedy_of(session: Session, facts: Facts) -> Optional[Remedy]:
    """What ``mend`` would do for a file that the debugger refuses; None where it opens, or nothing can be done."""
    if facts.engine.opening.ok:
        return None
    if "mend" not in session.memo:
        session.memo["mend"] = _remedy(session)
    found: Optional[Remedy] = session.memo["mend"]
    return found


def _remedy(session: Session) -> Optional[Remedy]:
    for invents in (False, True):
        try:
            repairs = mend(session.source, invent=invents).repairs
        except DumpError:
            continue
        name = session.source.name or session.path
        if not name or not repairs:
            return None
        line = mend_line(name, invents)
        return Remedy(line, invents, frozenset(repair.code for repair in repairs))
    return None


def mend_note(remedy: Optional[Remedy]) -> Iterator[Block]:
    """One line after the debugger's message."""
    if remedy is not None:
        made_up = ", and makes up what is missing" if remedy.invents else ""
        yield Note(f"`{remedy.line}` writes a copy that the debugger opens{made_up}", "hint")
    yield Data("mend", None if remedy is None else {"line": remedy.line, "invents": remedy.invents, "rules": sorted(remedy.codes)})


def with_mend(block: Finding, remedy: Optional[Remedy]) -> Finding:
    """A finding with ``mend`` as its first remedy, where it undoes this cause."""
    if remedy is None or block.code not in remedy.codes:
        return block
    return block._replace(remedy=(f"`{remedy.line}` does what can be done about it in a copy", *block.remedy))

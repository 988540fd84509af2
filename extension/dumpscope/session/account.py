"""What happened, in a few lines in front of an answer: the account of the crash as blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List

from ..diagnosis.crash.account import account_of
from ..diagnosis.crash.statement import CAUSE, CERTAIN, NOTE, PRODUCT, REMARK, SAYS, THREAD, WHERE, Account, Statement
from ..view.blocks import Data, Fields, Item
from .missing import facts_of
from .session import Session

if TYPE_CHECKING:
    from ..view.blocks import Block

_LABELS = {WHERE: "where", THREAD: "thread", SAYS: "it says", CAUSE: "cause", REMARK: "remark", PRODUCT: "program", NOTE: "note"}


def account(session: Session) -> Iterator[Block]:
    """What happened: event, place and thread in a line each, the program's words, remarks, and which program it was."""
    found = session.memo.get("account")
    if not isinstance(found, Account):
        made = account_of(facts_of(session))
        if made is None:
            return
        session.memo["account"] = found = made
    yield Data("account", found.document())
    yield Fields("", _items(found), title="what happened")


def _items(found: Account) -> List[Item]:
    items = [Item("", "what", found.event.title, role="emphasis" if found.crashed else "")]
    items.extend(_item(statement) for statement in found.statements)
    return items


def _item(statement: Statement) -> Item:
    sure = "" if statement.certainty == CERTAIN else statement.certainty
    offset = next((proof.offset for proof in statement.evidence if proof.offset is not None), None)
    where = f"at 0x{offset:x}" if offset is not None and statement.topic not in (WHERE, THREAD) else ""
    note = "; ".join(part for part in (sure, " ".join(part for part in (statement.source, where) if part)) if part)
    return Item("", _LABELS[statement.topic], statement.text, note=note)


def account_remarks(session: Session) -> Iterator[Block]:
    """The program's words, causes and remarks, for an answer that shows the exception itself."""
    found = account_of(facts_of(session))
    if found is None:
        return
    yield Data("account", found.document())
    items = [Item("", "what", found.event.title, role="emphasis" if found.crashed else "")]
    items.extend(_item(statement) for statement in (*found.about(WHERE)[1:], *found.about(SAYS, CAUSE, REMARK)))
    yield Fields("", items, title="what happened")

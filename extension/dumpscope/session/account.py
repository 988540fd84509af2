"""What happened, in a few lines in front of an answer: the account of the crash as blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator, List, Optional, Tuple

from ..diagnosis.crash.account import account_of
from ..diagnosis.crash.places import is_system
from ..diagnosis.crash.statement import CAUSE, CERTAIN, GUESS, NOTE, PRODUCT, REMARK, SAYS, THREAD, WHERE, Account, Statement
from ..diagnosis.evidence import Proof
from ..view.blocks import Data, Fields, Item
from .missing import facts_of
from .session import Session

if TYPE_CHECKING:
    from ..dump.source import Source
    from ..view.blocks import Block

WALKED = 64
"""Frames that are walked to find whose code raised an exception."""
_LABELS = {WHERE: "where", THREAD: "thread", SAYS: "it says", CAUSE: "cause", REMARK: "remark", PRODUCT: "program", NOTE: "note"}


def account(session: Session) -> Iterator[Block]:
    """What happened: event, place and thread in a line each, the program's words, remarks, and which program it was."""
    found = session_account(session)
    if found is not None:
        yield Data("account", found.document())
        yield Fields("", _items(found), title="what happened")


def session_account(session: Session) -> Optional[Account]:
    """The account of the session's dump, made once; None where the file is no readable minidump."""
    found = session.memo.get("account")
    if isinstance(found, Account):
        return found
    made = account_of(facts_of(session))
    if made is not None:
        made = made._replace(statements=tuple(_walked(session, statement) for statement in made.statements))
        session.memo["account"] = made = _in_file(session.dump.source, made)
    return made


def _in_file(source: Source, made: Account) -> Account:
    """The account with offsets of the file, where the dump is made of another file."""
    if not source.made_of:
        return made

    def moved(evidence: Iterable[Proof]) -> Tuple[Proof, ...]:
        return tuple(proof if proof.offset is None else proof._replace(offset=source.in_file(proof.offset)) for proof in evidence)

    statements = tuple(statement._replace(evidence=moved(statement.evidence)) for statement in made.statements)
    return made._replace(statements=statements, event=made.event._replace(evidence=moved(made.event.evidence)))


def _walked(session: Session, statement: Statement) -> Statement:
    """A guess at the caller, in whose place the stack's own frame stands where it can be walked that far."""
    if statement.topic != WHERE or statement.certainty != GUESS:
        return statement
    from .walks import proofs_of, walks_of

    walks = walks_of(session)
    stack = walks.stack(None, WALKED)
    for frame in stack.frames[1:]:
        module = session.dump.modules.at(frame.ip)
        if not frame.certain:
            break
        if module is not None and not is_system(module):
            names = walks.names(frame.ip, frame.calls)
            place = str(names[-1]) if names else session.dump.modules.symbol(frame.ip)
            evidence = tuple(Proof(proof.what, proof.value, None if proof.file else proof.offset) for proof in proofs_of(walks, stack, frame))
            return Statement(WHERE, f"called from {place}", CERTAIN, evidence, f"frame {frame.number} of its stack")
    return statement


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
    found = session_account(session)
    if found is None:
        return
    yield Data("account", found.document())
    items = [Item("", "what", found.event.title, role="emphasis" if found.crashed else "")]
    items.extend(_item(statement) for statement in (*found.about(WHERE)[1:], *found.about(SAYS, CAUSE, REMARK)))
    yield Fields("", items, title="what happened")

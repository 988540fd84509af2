"""What every command says when the data it needs are not in the dump: the same finding by the same rule as ``why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generator, Iterable, Iterator, Optional, Union

from ..dump.absence import DAMAGED, EMPTY, Absent
from ..dump.lists import RecordList
from ..view.blocks import Block, Column, Data, Evidence, Finding, Note, Table
from .session import Session

if TYPE_CHECKING:
    from ..diagnosis.facts import Facts
    from ..diagnosis.rules.rule import Finding as RuleFinding
    from ..diagnosis.rules.rule import Rule
    from ..dump.streams.tokens import TokenList

_PREFIXES = {
    "!handle": "HND",
    "!htrace": "HND",
    "!runaway": "THR",
    ".ttime": "THR",
    ".ecxr": "EXC",
    ".exr -1": "EXC",
    "!address": "MEM",
    "!vprot": "MEM",
    "!peb": "MEM",
    "!teb": "MEM",
    "!gle": "MEM",
    "!token": "SYS",
    "lm": "MOD",
    "|": "SYS",
}


def finding_block(item: RuleFinding, *, brief: bool = False) -> Finding:
    """A finding of the rules as a block."""
    rule = item.rule
    evidence = tuple(Evidence(proof.what, proof.value, proof.offset) for proof in item.evidence)
    return Finding(rule.code, rule.severity, rule.title, item.verdict, item.confidence, evidence, item.remedy, rule.commands, brief)


def rule_table(rules: Iterable[Rule]) -> Table:
    """Rules of the catalogue as a table."""
    columns = [
        Column("code", "code", "text", role="code", link="explain {}"),
        Column("severity", "severity"),
        Column("confidence", "known", hidden=True),
        Column("commands", "commands", "words"),
        Column("title", "cause"),
    ]
    return Table("rules", columns, [(rule.code, rule.severity, rule.confidence, list(rule.commands), rule.title) for rule in rules])


def facts_of(session: Session) -> Facts:
    """The facts about the session's file, kept for the commands that follow."""
    from ..diagnosis.facts import Facts  # what rules look at, which most answers do without

    facts = session.memo.get("facts")
    if not isinstance(facts, Facts):
        facts = session.memo["facts"] = Facts(session.source, session.dump if session.has_dump else None, session.open_error)
    return facts


def missing(session: Session, key: str, absence: Absent, debugger_command: str = "") -> Iterator[Block]:
    """The reason, in words and as data, the finding that explains it, and exit code 1.

    ``debugger_command`` is the debugger's command that fails for the same reason, such as ``!handle``.
    """
    from ..diagnosis.audit import explain_command  # the rules, which most answers do without
    from ..diagnosis.rules.rule import INFO

    session.not_in_dump()
    if key:
        yield Data(key, [] if absence.kind == EMPTY else None)
        yield Data(key + "_reason", {"kind": absence.kind, "message": absence.message})
    yield Note(absence.message, "warning")
    if session.user_dump is not None:
        return  # the rules are about minidumps, and what their writers were asked for
    facts = facts_of(session)
    if facts.opened is not None and facts.directory_unreadable:
        # It may be in the file all the same: what keeps it from being found is what there is to say.
        for item in explain_command(facts, "!analyze")[:1]:
            yield finding_block(item)
        return
    prefix = _PREFIXES.get(debugger_command, "")
    found = [item for item in explain_command(facts_of(session), debugger_command) if prefix and item.code.startswith(prefix)]
    serious = [item for item in found if item.rule.severity != INFO] or found
    for item in serious[:1]:
        yield finding_block(item)
    if serious:
        yield Note(f"`why {debugger_command!r}` says more, `plan {debugger_command!r}` how to write a dump that has it", "hint")


def why_empty(items: Union[RecordList[Any], TokenList], what: str) -> Absent:
    """Why a list has no entries. An Absent is false, so ``or`` would never take it."""
    return items.absence if items.absence is not None else Absent(DAMAGED, f"{what} cannot be read")


def list_key(session: Session, items: RecordList[Any], key: str, what: str, debugger_command: str) -> Generator[Block, None, Optional[str]]:
    """The key for an answer about a list: another one where the debugger refuses the list, which is said; None where the list is missing, which is said."""
    if not len(items):
        yield from missing(session, key, why_empty(items, f"the {what}"), debugger_command)
        return None
    if not items.span.refused:
        return key
    yield from salvage(key, items, what)
    return f"salvaged_{key}"


def salvage(key: str, items: RecordList[Any], what: str, why: str = "") -> Iterator[Block]:
    """For a list that the debugger refuses and that can be read all the same: null under its own name, and why."""
    if not why:
        why = f"the debugger does not accept this {what} ({items.damage[0].message if items.damage else 'its sizes disagree'})"
    yield Data(key, None)
    yield Data(key + "_reason", {"kind": DAMAGED, "message": why})
    yield Note(f"{why}; the readable part follows", "warning")

"""``why --readers``: which readers open a file and which refuse it, with the byte that decides."""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple

from ..diagnosis.facts import Facts
from ..diagnosis.readers.catalogue import READERS
from ..diagnosis.readers.reasons import Known
from ..diagnosis.readers.verdict import OPENS, REFUSES, File
from ..session.missing import facts_of
from ..session.session import Session
from ..view.blocks import Block, Column, Fields, Item, Note, Table

ENGINE = "dbgeng"
ENGINE_VERSION = "10.0.15063"


def _engine(facts: Facts) -> Tuple[Any, ...]:
    """Microsoft's engine, by the model of it that ``why`` stands on."""
    from ..diagnosis.audit import audit

    opening = facts.engine.opening
    title = "Microsoft's engine"
    if opening.ok:
        return ENGINE, title, ENGINE_VERSION, OPENS, "", "", None, "", "", True
    found = [item for item in audit(facts) if item.code.startswith("OPN")]
    proof = found[0].evidence[0] if found and found[0].evidence else None
    words = found[0].rule.title if found else opening.message
    code = found[0].code if found else f"0x{opening.hresult:08x}"
    return (
        ENGINE,
        title,
        ENGINE_VERSION,
        REFUSES,
        code,
        words,
        None if proof is None else proof.offset,
        "" if proof is None else proof.what,
        "" if proof is None else proof.value,
        True,
    )


def readers_blocks(session: Session) -> Iterator[Block]:
    """A row for each reader."""
    facts = facts_of(session)
    rows: List[Tuple[Any, ...]] = [_engine(facts)]
    for reader in READERS:
        verdict = reader.verdict(File(facts.source))
        why = verdict.reason
        if why is None:
            rows.append((reader.name, reader.title, reader.version, verdict.outcome, "", "", None, "", "", reader.judged))
        else:
            rows.append((reader.name, reader.title, reader.version, verdict.outcome, why.code, why.words, why.offset, why.what, why.value, reader.judged))
    columns = [
        Column("reader", "", hidden=True),
        Column("title", "reader", role="name"),
        Column("version", "version"),
        Column("outcome", "verdict"),
        Column("code", "", "text", hidden=True),
        Column("why", "because"),
        Column("offset", "at", "offset"),
        Column("what", "field"),
        Column("value", "is"),
        Column("judged", "", "bool", hidden=True),
    ]
    yield Table("readers", columns, rows)
    unjudged = [reader.title for reader in READERS if not reader.judged]
    opens = sum(1 for row in rows if row[3] == OPENS)
    yield Note(f"{opens} of {len(rows)} readers open this file.")
    yield Note(
        "These are predictions from rules that were written from what is publicly known of each reader; the tests hold them against the real programs"
        + (f", except for {', '.join(unjudged)}." if unjudged else "."),
        "hint",
    )


def reason_page(known: Known) -> Iterator[Block]:
    """``explain`` on the code of another reader's reason: the members of a rule's page, as far as it has them."""
    reader = known.reader
    words = known.words or "what it says depends on the dump"
    yield Fields(
        "rule",
        [
            Item("code", "rule", known.code, "text", role="code"),
            Item("title", "cause", words, "text", role="emphasis"),
            Item("severity", "", "error", hidden=True),
            Item(
                "confidence",
                "known by",
                "inferred",
                text="tests hold it against the program" if reader.judged else "what is publicly known of the program; not tried here",
            ),
            Item("commands", "", [], "words", hidden=True),
            Item("checks", "field", known.what or None),
            Item("verdict", "verdict", f"{reader.title} ({reader.version}) does not open such a file; it opens one where {reader.means}"),
            Item("symptoms", "", [], "words", hidden=True),
            Item("remedy", "", [], "words", hidden=True),
            Item("sources", "known from", [reader.source], "words"),
            Item("samples", "", [], "words", hidden=True),
        ],
    )
    yield Note("`why DUMP --readers` shows the byte that decides, and what the other readers make of the file", "hint")

"""The account of a crash as a document: what each kind says of a crash, topics, and what --redact takes out."""

from __future__ import annotations

from typing import Optional

import pytest

from dumpscope.diagnosis.crash.statement import CAUSE, CERTAIN, LIKELY, REMARK, SAYS, WHERE, Account, Event, Statement
from dumpscope.diagnosis.evidence import Proof


@pytest.mark.parametrize(
    ("kind", "crashed"),
    [
        ("crash", True),
        ("assertion", True),
        ("out of memory", True),
        ("requested", False),
        ("hang", False),
        ("debugger", False),
        ("breakpoint", None),
        ("no exception", None),
        ("unreadable", None),
    ],
)
def test_whether_something_crashed(kind: str, crashed: Optional[bool]) -> None:
    account = Account(Event(kind, "title"), ())
    assert account.crashed is crashed
    assert account.document()["crashed"] is crashed


def test_statements_about_topics_keep_their_order() -> None:
    said = tuple(Statement(topic, topic, CERTAIN) for topic in (REMARK, WHERE, CAUSE, WHERE))
    found = Account(Event("crash", "title"), said).about(WHERE, REMARK)
    assert [item.topic for item in found] == [REMARK, WHERE, WHERE]


def test_what_the_program_says_is_private() -> None:
    def private(topic: str, given: bool) -> object:
        return Statement(topic, "text", LIKELY, private=given).document()["private"]

    assert [private(SAYS, False), private(WHERE, True), private(WHERE, False)] == [True, True, False]


def test_a_statement_without_a_source_has_null() -> None:
    proof = Proof("ExceptionCode", "0xc0000005", 0x40)
    document = Statement(CAUSE, "text", LIKELY, (proof,)).document()
    assert document["source"] is None
    assert document["evidence"] == [{"what": "ExceptionCode", "value": "0xc0000005", "offset": 0x40}]
    assert Statement(CAUSE, "text", LIKELY, source="assert").document()["source"] == "assert"

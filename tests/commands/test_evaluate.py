"""``evaluate`` and ``switch``: signs, widths, and the current thread that lasts as long as the session."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict

import pytest
from tests.commands.made import notes, opened

from dumpscope.commands.evaluate import evaluate_command, switch
from dumpscope.errors import UsageError
from dumpscope.session.session import Session
from dumpscope.view.blocks import Data, Fields, Lines


def evaluated(session: Session, *words: str) -> Dict[str, Any]:
    """The members of the answer, and its line of text as ``line``."""
    found: Dict[str, Any] = {}
    for block in evaluate_command(session, SimpleNamespace(expression=list(words))):
        if isinstance(block, Data):
            found[block.key] = block.value
        elif isinstance(block, Lines):
            (found["line"],) = block.lines
        elif isinstance(block, Fields):
            found["is"] = block.items[0].value
    return found


@pytest.fixture
def session() -> Session:
    return Session(opened("everything-small"))


def test_a_value_is_shown_as_the_debugger_does(session: Session) -> None:
    # the debugger: ? 0n2227248  ->  Evaluate expression: 2227248 = 00000000`0021fc30
    found = evaluated(session, "0n2227248")
    assert (found["value"], found["signed"], found["use"]) == ("0x21fc30", 2227248, None)
    assert found["line"] == "Evaluate expression: 2227248 = 00000000`0021fc30"
    assert "is" not in found


@pytest.mark.parametrize(
    ("text", "signed"),
    [("7fffffffffffffff", (1 << 63) - 1), ("8000000000000000", -(1 << 63)), ("0-1", -1)],
)
def test_the_sign_is_the_highest_bit(session: Session, text: str, signed: int) -> None:
    assert evaluated(session, text)["signed"] == signed


def test_words_are_one_expression(session: Session) -> None:
    assert evaluated(session, "1", "+", "2")["value"] == "0x3"


def test_an_address_says_what_it_is(session: Session) -> None:
    module = session.dump.modules[0]
    found = evaluated(session, f"{module.base:x}")
    assert found["use"] == found["is"]
    assert module.name.lower().partition(".")[0] in found["use"].lower()


def test_a_value_that_the_dump_does_not_hold(session: Session) -> None:
    blocks = list(evaluate_command(session, SimpleNamespace(expression=["poi(1)"])))
    assert session.status == 1
    assert "poi(1)" in " ".join(notes(blocks))


def test_switch_changes_the_registers_that_follow(session: Session) -> None:
    dump = session.dump
    assert len(dump.threads) > 1
    thread = dump.threads[1]
    for word in ("1", f"0x{thread.tid:x}", f"tid:{thread.tid:x}"):
        session.memo.pop("thread", None)
        blocks = list(switch(session, SimpleNamespace(thread=word)))
        shown = {item.key: item.value for block in blocks if isinstance(block, Fields) for item in block.items}
        assert (shown["index"], shown["tid"], shown["teb"]) == (1, thread.tid, thread.teb)
        assert session.memo["thread"] == 1
    assert evaluated(session, "@$tid")["value"] == f"0x{thread.tid:x}"


def test_a_thread_that_is_not_there_changes_nothing(session: Session) -> None:
    session.memo["thread"] = 0
    blocks = list(switch(session, SimpleNamespace(thread="0xdead")))
    assert session.status == 1
    assert session.memo["thread"] == 0
    assert f"among the {len(session.dump.threads)} of this dump" in " ".join(notes(blocks))
    with pytest.raises(UsageError):
        list(switch(session, SimpleNamespace(thread="x!")))

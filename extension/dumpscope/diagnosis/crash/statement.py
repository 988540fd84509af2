"""What an account of a crash is made of."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple

from ..evidence import Proof

CERTAIN = "certain"
"""The file says it."""
LIKELY = "likely"
"""It is the usual reason for what the file shows."""
GUESS = "guess"
"""It fits what the file shows; so may other things."""

# What the dump is about.
CRASH = "crash"
ASSERTION = "assertion"
OUT_OF_MEMORY = "out of memory"
REQUESTED = "requested"
HANG = "hang"
DEBUGGER = "debugger"
BREAKPOINT = "breakpoint"
NONE = "no exception"
UNREADABLE = "unreadable"

NOT_CRASHED = (REQUESTED, HANG, DEBUGGER)
UNDECIDED = (BREAKPOINT, NONE, UNREADABLE)
"""Kinds of which the dump does not tell whether something crashed."""

# What a statement is about.
WHERE = "where"
THREAD = "thread"
SAYS = "says"
CAUSE = "cause"
REMARK = "remark"
PRODUCT = "program"
NOTE = "note"


class Statement(NamedTuple):
    """One thing that is known: what it is about, in words, how sure it is, and where the file shows it.

    ``source`` says in a few words where it comes from, such as the name of an annotation; an empty string where ``evidence`` says enough.
    ``private`` is true for what quotes the program, its user or its memory: ``--redact`` takes text and values of these out.
    """

    topic: str
    text: str
    certainty: str
    evidence: Tuple[Proof, ...] = ()
    source: str = ""
    private: bool = False

    def document(self) -> Dict[str, Any]:
        """The statement as JSON has it."""
        return {
            "topic": self.topic,
            "text": self.text,
            "certainty": self.certainty,
            "source": self.source or None,
            "private": self.private or self.topic == SAYS,
            "evidence": [{"what": item.what, "value": item.value, "offset": item.offset} for item in self.evidence],
        }


class Event(NamedTuple):
    """What the dump was written for: its kind, one line, and what proves it."""

    kind: str
    title: str
    evidence: Tuple[Proof, ...] = ()


class Account(NamedTuple):
    """What is known of a crash: the event and everything that can be said of it, the most telling first.

    ``crashed`` is false where the dump was asked for, or the program hung, or a debugger wrote it; None where nothing tells.
    """

    event: Event
    statements: Tuple[Statement, ...]

    @property
    def crashed(self) -> Optional[bool]:
        """Whether something crashed; None where the dump does not tell."""
        return None if self.event.kind in UNDECIDED else self.event.kind not in NOT_CRASHED

    def about(self, *topics: str) -> Tuple[Statement, ...]:
        """The statements about these topics, in their order."""
        return tuple(item for item in self.statements if item.topic in topics)

    def document(self) -> Dict[str, Any]:
        """The account as JSON has it."""
        return {
            "kind": self.event.kind,
            "crashed": self.crashed,
            "title": self.event.title,
            "evidence": [{"what": item.what, "value": item.value, "offset": item.offset} for item in self.event.evidence],
            "statements": [item.document() for item in self.statements],
        }

"""An example of rules of a company: what its programs put into a dump, and what is wrong when it is missing."""

from __future__ import annotations

from typing import Optional

from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.rule import PROVEN, WARNING, Match, Rule
from dumpscope.dump.streams.comments import COMMENT_A, COMMENT_W


def _no_comment(facts: Facts) -> Optional[Match]:
    if facts.stream(COMMENT_A) is not None or facts.stream(COMMENT_W) is not None:
        return None
    return Match((facts.directory_proof(COMMENT_W, "CommentStreamW"),), {"count": len(facts.dump.streams)})


RULES = (
    Rule(
        code="ACM001",
        severity=WARNING,
        title="the dump does not say which build wrote it",
        symptoms=("Comment: (none)",),
        commands=(".dumpdebug",),
        checks="whether the directory has a comment stream (types 10 and 11)",
        verdict="The file has {count:stream|streams} and no comment. Our programs write their build number as a comment.",
        confidence=PROVEN,
        remedy=("pass the build number to MiniDumpWriteDump as a user stream of type CommentStreamW",),
        sources=("the handbook of the company, chapter on crash dumps",),
        fires="handles",
        silent="comments",
        test=_no_comment,
    ),
)

"""What a rule is: one cause of one disappointment, as data, with the check that finds it in a dump."""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from ..evidence import Proof
from ..facts import Facts
from .template import TEMPLATE

ERROR = "error"
WARNING = "warning"
INFO = "info"
SEVERITIES = (ERROR, WARNING, INFO)

PROVEN = "proven"
"""The file itself shows it."""
INFERRED = "inferred"
"""It is the likeliest reason for what the file shows; the file cannot prove it."""


class Match(NamedTuple):
    """That a rule fired: the evidence, and what goes into the words of its verdict and remedy.

    ``confidence`` overrides the rule's own where one dump proves what another only suggests. ``without`` names
    steps of the rule's remedy that do not help in this case.
    """

    evidence: Tuple[Proof, ...]
    values: Dict[str, Any] = {}
    confidence: str = ""
    without: Tuple[str, ...] = ()


class Rule(NamedTuple):
    """One cause.

    ``symptoms`` are the debugger's messages, in every wording known; ``commands`` the debugger commands that suffer; ``checks``
    says in words what is looked at; ``verdict`` and ``remedy`` are plain words with ``{names}`` filled from the match;
    ``{count:thread has|threads have}`` is a number with its words. ``fires`` and ``silent`` name a sample on which the rule must and must not fire.
    ``needs_dump`` is false for rules about files that are
    no readable minidump, ``needs_directory`` for rules that look at header and directory themselves: no other one is asked where the
    directory cannot be read. ``when_asked`` is true for rules about what is in order: they are told only to somebody who asks about their
    commands, and are no part of an audit. ``needs_memory`` is true for rules that say what was not captured: they are silent where the memory is
    in the file and BaseRva does not lead to it. A code is never used again for another cause.
    """

    code: str
    severity: str
    title: str
    symptoms: Tuple[str, ...]
    commands: Tuple[str, ...]
    checks: str
    verdict: str
    confidence: str
    remedy: Tuple[str, ...]
    sources: Tuple[str, ...]
    fires: str
    silent: str
    test: Callable[[Facts], Optional[Match]]
    needs_dump: bool = True
    needs_directory: bool = True
    when_asked: bool = False
    needs_memory: bool = False


def sample_file(name: str) -> str:
    """The file of a sample that a rule names: an archive stands with its ending, everything else is a .dmp."""
    return name if "." in name else f"{name}.dmp"


class Finding(NamedTuple):
    """A rule that fired, with its words filled in."""

    rule: Rule
    verdict: str
    confidence: str
    evidence: Tuple[Proof, ...]
    remedy: Tuple[str, ...]

    @property
    def code(self) -> str:
        """The rule's code."""
        return self.rule.code


def finding(rule: Rule, match: Match) -> Finding:
    """The finding that a match makes."""
    return Finding(
        rule,
        TEMPLATE.fill(rule.verdict, match.values),
        match.confidence or rule.confidence,
        match.evidence,
        tuple(TEMPLATE.fill(step, match.values) for step in rule.remedy if step not in match.without),
    )

"""``diagnose``: all that ``why`` finds on a file, for programs."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Mapping, NamedTuple, Sequence, Tuple

from ..dump.named import source_at
from ..dump.source import Openable, Source
from .audit import audit, explain_command
from .engine.answers import WORKS
from .facts import Facts
from .plan import Plan, canonical, plan
from .rules.rule import Finding


class Outcome(NamedTuple):
    """What one debugger command does on the file.

    ``outcome`` is ``works``, ``partial`` or ``fails``; ``hresult`` and ``message`` are what the debugger gives when it fails, ``why`` is the
    reason in words, ``codes`` the rules that fired and explain it, worst first.
    """

    command: str
    outcome: str
    hresult: int
    message: str
    why: str
    codes: Tuple[str, ...]


class Diagnosis(NamedTuple):
    """What is wrong with a file, as Microsoft's engine sees it (observed: dbgeng 10.0.15063).

    ``opens`` says whether the debugger opens the file, ``hresult`` and ``message`` how it refuses it. ``findings`` are the rules that fired,
    worst first. ``outcomes`` has what each debugger command of a process does, by its name; it is empty where the debugger does not open the
    file, and for kernel dumps.
    """

    path: str
    opens: bool
    hresult: int
    message: str
    findings: Tuple[Finding, ...]
    outcomes: Mapping[str, Outcome]

    def failing(self) -> Tuple[Outcome, ...]:
        """The commands that do not work, or only in part."""
        return tuple(item for item in self.outcomes.values() if item.outcome != WORKS)

    def plan(self, commands: Sequence[str] = ()) -> Plan:
        """What to ask a writer for, so that these commands work on the next dump; without any, those that do not work on this one.

        Raises KeyError for a command that is not known. Commands of the dump that cannot be planned for are left out.
        """
        return plan(commands or [item.command for item in self.failing() if canonical(item.command)])


def diagnose(file: Openable) -> Diagnosis:
    """What ``why`` finds on a path, bytes, or an open binary file. A file that is no minidump has findings that say so.

    Raises DumpError only where the file cannot be read at all.

    >>> diagnose("app.dmp").outcomes["!handle"].outcome      # doctest: +SKIP
    'fails'
    """
    source = source_at(file) if isinstance(file, (str, os.PathLike)) else Source.from_object(file)
    try:
        facts = Facts.of(source)
        opening = facts.engine.opening
        outcomes = {}
        if opening.ok and facts.opened is not None:
            for answer in facts.engine.commands.values():
                codes = () if answer.outcome == WORKS else tuple(item.code for item in explain_command(facts, answer.command))
                outcomes[answer.command] = Outcome(answer.command, answer.outcome, answer.hresult, answer.message, answer.why, codes)
        return Diagnosis(source.name, opening.ok, opening.hresult, opening.message, tuple(audit(facts)), MappingProxyType(outcomes))
    finally:
        source.close()


__all__ = ["Diagnosis", "Outcome", "diagnose"]

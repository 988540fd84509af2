"""Running the rules on a file."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Tuple

from ..dump.absence import Absent
from .facts import Facts
from .remedies import for_its_writer
from .rules.catalogue import all_rules
from .rules.rule import SEVERITIES, Finding, Match, Rule, finding


def _matches(rules: Iterable[Rule], facts: Facts) -> Iterator[Tuple[Rule, Match]]:
    """The rules that fire, in their own order, and what they found."""
    for rule in rules:
        if rule.needs_dump and facts.opened is None:
            continue
        if rule.needs_directory and facts.directory_unreadable:
            continue  # a stream that is not in a directory of zeros may well be in the file: nothing follows from it
        if rule.needs_memory and facts.right_base is not None:
            continue  # BaseRva is wrong: what cannot be read there may well be in the file
        match = rule.test(facts)
        if match is not None:
            yield rule, match


def apply(rules: Iterable[Rule], facts: Facts) -> List[Finding]:
    """The findings of the rules that fire, in their own order."""
    return [_seen(for_its_writer(_for_its_system(finding(rule, match), facts), facts), facts) for rule, match in _matches(rules, facts)]


def _seen(found: Finding, facts: Facts) -> Finding:
    """The finding with offsets only where the file has a byte: what lies beyond its end cannot be looked at."""
    evidence = tuple(proof if proof.offset is None or proof.offset < facts.source.size else proof._replace(offset=None) for proof in found.evidence)
    return found._replace(evidence=evidence)


_TOOLS = ("`.dump", "procdump", "MiniDumpWriteDump", "WinDbg", "cdb", "dbghelp", "Task Manager")
"""Words of steps that only help where the process ran on Windows."""


def _for_its_system(found: Finding, facts: Facts) -> Finding:
    """The finding without steps that name tools of Windows, where the process ran on another system."""
    system = facts.dump.system if facts.opened is not None else None
    if system is None or isinstance(system, Absent) or system.is_windows:
        return found
    steps = [step for step in found.remedy if not any(word in step for word in _TOOLS)]
    if len(steps) < len(found.remedy):
        name = system.os_name.split(" ")[0]
        steps.append(f"the process ran on {name}, where the tools of Windows do not help: what is collected is set where the program starts its crash handler")
    return found._replace(remedy=tuple(steps))


def _unasked() -> Iterator[Rule]:
    """The rules that are about every dump."""
    return (rule for rule in all_rules() if not rule.when_asked)


def audit(facts: Facts) -> List[Finding]:
    """Every finding, worst first; among equals in the order of the catalogue."""
    return sorted(apply(_unasked(), facts), key=lambda item: SEVERITIES.index(item.rule.severity))


def rules_that_fire(facts: Facts) -> List[Rule]:
    """The rules of :func:`audit` in its order, without the words, evidence and remedies of findings: for who counts them, or wants codes."""
    return sorted((rule for rule, _ in _matches(_unasked(), facts)), key=lambda rule: SEVERITIES.index(rule.severity))


def explain_command(facts: Facts, command: str) -> List[Finding]:
    """Findings that say why one debugger command disappoints on this dump, worst first."""
    found = apply((rule for rule in all_rules() if command in rule.commands), facts)
    return sorted(found, key=lambda item: SEVERITIES.index(item.rule.severity))

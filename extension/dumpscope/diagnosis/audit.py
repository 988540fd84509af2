"""Running the rules on a file."""

from __future__ import annotations

from .catalogue import all_rules
from .facts import Facts
from .rule import SEVERITIES, Finding, Rule, finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List


def apply(rules: Iterable[Rule], facts: Facts) -> List[Finding]:
    """The rules that fire, in their own order."""
    found = []
    for rule in rules:
        if rule.needs_dump and facts.opened is None:
            continue
        match = rule.test(facts)
        if match is not None:
            found.append(finding(rule, match))
    return found


def audit(facts: Facts) -> List[Finding]:
    """Every finding, worst first; among equals in the order of the catalogue."""
    found = apply(all_rules(), facts)
    return sorted(found, key=lambda item: SEVERITIES.index(item.rule.severity))


def explain_command(facts: Facts, command: str) -> List[Finding]:
    """Findings that say why one debugger command disappoints on this dump, worst first."""
    found = apply((rule for rule in all_rules() if command in rule.commands), facts)
    return sorted(found, key=lambda item: SEVERITIES.index(item.rule.severity))

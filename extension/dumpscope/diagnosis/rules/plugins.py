"""Rules of other packages: the entry points of the group ``dumpscope.rules``, each a sequence of :class:`Rule`.

A plug-in that cannot be used is named in :data:`BROKEN`, and the rest goes on. docs/plugins.md is the guide.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Callable, Collection, Dict, List, Optional, Tuple

from ...dump.plugins import BROKEN, Broken, blame, points, words_of
from ..facts import Facts
from .rule import Match, Rule

GROUP = "dumpscope.rules"


def _guarded(point: metadata.EntryPoint, rule: Rule) -> Rule:
    """The rule with a test that does not end the answer when it fails."""
    test = rule.test

    def tested(facts: Facts) -> Optional[Match]:
        try:
            match = test(facts)
            if match is not None and not isinstance(match, Match):
                raise TypeError(f"its test returned {type(match).__name__}, not Match or None")
            if match is not None:
                _fill(rule, match)
            return match
        except Exception as error:  # noqa: BLE001 - the code is not ours, and the other rules must still be asked
            blame(point, f"rule {rule.code} failed: {words_of(error)}")
            return None

    return rule._replace(test=tested)


def _fill(rule: Rule, match: Match) -> None:
    """Make the finding once, so that a verdict with a name that the match lacks fails here."""
    from .rule import finding

    finding(rule, match)


def _load(point: metadata.EntryPoint, check: Callable[[Rule], None], prefixes: Collection[str], taken: Dict[str, str]) -> Tuple[Rule, ...]:
    """The rules of one entry point: all of them, or none where one is not complete."""
    rules = tuple(point.load())
    own: Dict[str, str] = {}
    for rule in rules:
        if not isinstance(rule, Rule):
            raise TypeError(f"it holds a {type(rule).__name__}, not a Rule")
        check(rule)
        if rule.code[:3] in prefixes:
            raise ValueError(f"rule {rule.code}: {rule.code[:3]} is a family of dumpscope; take other letters")
        if rule.code in taken or rule.code in own:
            raise ValueError(f"rule {rule.code}: the code is taken by {taken.get(rule.code, point.name)}")
        own[rule.code] = point.name
    taken.update(own)
    return tuple(_guarded(point, rule) for rule in rules)


@cache
def plugin_rules(check: Callable[[Rule], None], prefixes: Tuple[str, ...]) -> Tuple[Rule, ...]:
    """The rules of all plug-ins, in the order of their entry points' names. ``check`` raises ValueError for a rule that is not complete."""
    found: List[Rule] = []
    taken: Dict[str, str] = {}
    for point in points(GROUP):
        try:
            found += _load(point, check, prefixes, taken)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is not ours, and the other plug-ins must still be loaded
            blame(point, words_of(error))
    return tuple(found)


__all__ = ["BROKEN", "GROUP", "Broken", "plugin_rules"]

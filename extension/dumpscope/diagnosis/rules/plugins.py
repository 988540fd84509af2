"""Rules of other packages: the entry points of the group ``dumpscope.rules``, each a sequence of :class:`Rule`.

A plug-in that cannot be used is named in :data:`BROKEN`, and the rest goes on. docs/plugins.md is the guide.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import metadata
from typing import Any, Callable, Collection, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..facts import Facts
from .rule import Match, Rule

GROUP = "dumpscope.rules"


class Broken(NamedTuple):
    """A plug-in that could not be used: the name of its entry point, where it leads, and why it failed."""

    name: str
    place: str
    why: str

    @property
    def words(self) -> str:
        """One sentence for people."""
        return f"the plug-in {self.name} ({self.place}) is left out: {self.why}"


BROKEN: List[Broken] = []
"""What failed so far, each failure once: while plug-ins were loaded, and while their rules looked at dumps."""


def _blame(point: metadata.EntryPoint, why: str) -> None:
    broken = Broken(point.name, point.value, why)
    if broken not in BROKEN:
        BROKEN.append(broken)


def _points() -> Iterator[metadata.EntryPoint]:
    """The entry points, each once: Python 3.9 lists those of a package twice that stands on the path twice."""
    found: Any
    if sys.version_info >= (3, 10):
        found = metadata.entry_points(group=GROUP)
    else:
        found = metadata.entry_points().get(GROUP, ())
    seen: Set[Tuple[str, str]] = set()
    for point in found:
        if (point.name, point.value) not in seen:
            seen.add((point.name, point.value))
            yield point


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
            _blame(point, f"rule {rule.code} failed: {_words(error)}")
            return None

    return rule._replace(test=tested)


def _fill(rule: Rule, match: Match) -> None:
    """Make the finding once, so that a verdict with a name that the match lacks fails here."""
    from .rule import finding

    finding(rule, match)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


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
    for point in sorted(_points(), key=lambda item: (item.name, item.value)):
        try:
            found += _load(point, check, prefixes, taken)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is not ours, and the other plug-ins must still be loaded
            _blame(point, _words(error))
    return tuple(found)

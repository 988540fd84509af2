"""Mutated dumps through every command and every renderer: a bounded run of ``python -m tests.fuzz``, the same one each time."""

from __future__ import annotations

import random
from typing import Dict, List

import pytest
from tests.amount import ALL, part, some
from tests.fuzz.driver import RENDERERS, Broken, Checker, corpus
from tests.fuzz.mutator import cut, fields_and_edges, mutate, with_field

CALLS = part(150_000_000, 25)
"""Calls of functions for one part, some seconds: it ends after the same mutant on any machine."""
LINES = 0 if ALL else 12
"""How many commands go over a mutant, another choice for each; 0 for all."""


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


@pytest.fixture(scope="module")
def bases() -> Dict[str, bytes]:
    return corpus()


def report(found: List[str]) -> None:
    assert not found, f"{len(found)} broken invariants, first of them:\n" + "\n".join(found[:5])


def test_every_command_is_driven(checker: Checker) -> None:
    from dumpscope.commands.index import all_commands
    from dumpscope.session.registry import DUMP_NONE

    wanted = {command.name for command in all_commands() if command.dump != DUMP_NONE} - {"writedump"}
    assert {call.command.name for call in checker.calls} == wanted
    assert {"text", "ansi", "dml", "json", "csv"} <= set(RENDERERS)


def test_mutants_break_nothing(checker: Checker, bases: Dict[str, bytes]) -> None:
    names = sorted(bases)
    found: List[str] = []
    end = checker.spent + CALLS
    for number in range(part(400, 25)):
        chance = random.Random(f"suite/{number}")
        name = chance.choice(names)
        mutant = mutate(bases[name], chance)
        found += [f"{name}: {mutant.story}\n{error}" for error in checker.some(mutant.data, chance, LINES)]
        if checker.spent > end:
            break
    report(found)


@pytest.mark.parametrize("name", ["everything-small", "handle-operations", "hostile-everywhere"])
def test_fields_at_their_edges(checker: Checker, bases: Dict[str, bytes], name: str) -> None:
    chance = random.Random(name)
    places = list(fields_and_edges(bases[name]))
    found: List[str] = []
    end = checker.spent + CALLS // 4
    for site, value in chance.sample(places, min(part(150, 25), len(places))):
        mutant = with_field(bases[name], site, value)
        found += [f"{mutant.story}\n{error}" for error in checker.some(mutant.data, chance, LINES)]
        if checker.spent > end:
            break
    report(found)


def test_cut_at_every_boundary(checker: Checker, bases: Dict[str, bytes]) -> None:
    """The first 2 KiB at each 32-bit boundary; the rest by chance."""
    chance = random.Random(7)
    data = bases["everything-small"]
    ends = range(0, len(data), 4)
    picked = chance.sample(ends[:512], part(60)) + chance.sample(ends[512:], part(40))
    found: List[str] = []
    end = checker.spent + CALLS // 2
    for end_of_file in picked:
        mutant = cut(data, end_of_file)
        found += [f"{mutant.story}\n{error}" for error in checker.some(mutant.data, chance, LINES)]
        if checker.spent > end:
            break
    report(found)


def test_the_same_seed_gives_the_same_mutant(bases: Dict[str, bytes]) -> None:
    for number in range(20):
        name = random.Random(number).choice(sorted(bases))
        one = mutate(bases[name], random.Random(number))
        assert one == mutate(bases[name], random.Random(number))


def test_painted_texts_are_the_text(checker: Checker, bases: Dict[str, bytes]) -> None:
    """On samples as they are: ANSI and DML without their paint are the text, and two runs give the same."""
    found: List[str] = []
    for name in ("hostile-everywhere",):
        found += [f"{name}: {error}" for error in checker.everything(bases[name], some(checker.calls, 0))]
    report(found)


def test_the_driver_notices(checker: Checker) -> None:
    from tests.fuzz.driver import inert

    for renderer, text in (("text", "a\x1b[0m"), ("ansi", "\x1b]0;x\x07"), ("json", '{"a": 1, "a": 2}'), ("json", "[NaN]"), ("csv", "a\r\n=1+1\r\n")):
        with pytest.raises(Broken):
            inert(renderer, text)

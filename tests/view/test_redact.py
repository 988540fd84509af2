"""Names and quotes are found as regular expressions of all of them would find them, in a time that does not depend on how many there are."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Iterator, List

import pytest
from tests.amount import ALL, part, some
from tests.fuzz.test_bombs import many_names_and_comments

from dumpscope import Minidump
from dumpscope.front.cli.main import main
from dumpscope.view.redact import REDACTED, Redactor, _folded, user_names

SAMPLES = [path for path in sorted(Path(__file__).parents[2].joinpath("samples").glob("*.dmp")) if not path.name.startswith("not-a-dump")]


def as_one_pattern(names: List[str], quotes: List[str], text: str) -> str:
    """What is to come out, with one alternative to a name and to a quote."""
    begins = sorted({quote.strip()[:24] for quote in quotes if len(quote.strip()) >= 6}, key=len, reverse=True)
    if begins:
        text = re.sub("(?:" + "|".join(map(re.escape, begins)) + r")[^\n]*", REDACTED, text)
    names = sorted(names, key=len, reverse=True)
    return re.sub(r"(?i)(?<![^\W_])(?:" + "|".join(map(re.escape, names)) + r")(?![^\W_])", "[name]", text) if names else text


def as_stars(names: List[str], text: str) -> str:
    names = sorted(names, key=len, reverse=True)
    return re.sub(r"(?i)(?<![^\W_])(?:" + "|".join(map(re.escape, names)) + r")(?![^\W_])", lambda match: "*" * len(match.group()), text)


@pytest.mark.parametrize("letters", ["ab", "ab _", "aB-.", "a\u00df\u017fs", "iI\u0130\u0131 ", "\u03c3\u03c2\u03a3k\u212a_", "a1\u00b2]^\\"])
def test_names_are_found_as_by_one_pattern(letters: str) -> None:
    chance = random.Random(1)

    def made(longest: int) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(3, longest)))

    for _ in range(part(300, 3)):
        names = [made(6) for _ in range(chance.randint(1, 5))]
        redactor = Redactor(names)
        for _ in range(5):
            text = made(40)
            assert redactor.text(text) == as_one_pattern(names, [], text)
            if max(text) < "\u0100":
                expected = as_stars([*names, *(name.encode().decode("latin-1") for name in names)], text)
                assert redactor._clean(text, redactor._narrow, True) == expected


@pytest.mark.parametrize("letters", ["ab", "ab\n", "a^]-", "a\\b \n"])
def test_quotes_are_found_as_by_one_pattern(letters: str) -> None:
    chance = random.Random(2)

    def made(least: int, longest: int) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(least, longest)))

    for _ in range(part(300, 3)):
        quotes = [made(3, 30) for _ in range(chance.randint(1, 4))]
        redactor = Redactor([], quotes)
        for text in (made(0, 60), made(0, 8) + quotes[0] + made(0, 30), made(0, 8) + quotes[-1].strip()[:24] + made(0, 30)):
            assert redactor.text(text) == as_one_pattern([], quotes, text)


def test_letters_are_compared_as_regular_expressions_do() -> None:
    """Every character that has another case, or a third of them, with every other; the iota subscript, which is a mark and an iota, is one by itself here."""
    cased = {char for char in map(chr, range(sys.maxunicode + 1)) if {char} != {char.lower(), char.upper(), char.casefold(), char.title()}}
    cased -= {"\u0345"}
    everything = "".join(sorted(cased))
    for char in some(sorted(cased), 0):
        same = re.findall("(?i)" + re.escape(char), everything)
        assert {_folded(other) for other in same} == {_folded(char)}, ascii(same)
        assert len({bool(re.match(r"[^\W_]", other)) for other in (*same, _folded(char))}) == 1, ascii(same)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)


@pytest.mark.parametrize("path", SAMPLES[:: 4 if ALL else 12], ids=lambda path: path.name)
def test_samples_lose_what_they_lost(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Minidump.open(str(path)) as dump:
        names = [*sorted(user_names(dump)), "demo", "system32", "C:", "handle", "Kernel", "nt authority"]
    texts: List[str] = []
    for command in ("dumpinfo", "handles", "process", "modules"):
        main([command, str(path), "--json"])
        texts += strings(json.loads(capsys.readouterr().out))
    quotes = texts[:: max(1, len(texts) // 10)]
    redactor = Redactor(names, quotes)
    plain = Redactor()
    for text in texts:
        # What names and quotes do, apart from the rest: the other patterns stand between them.
        if plain.text(text) == text and "[" not in text:
            assert redactor.text(text) == as_one_pattern(redactor.names, quotes, text)


def test_a_name_is_found_beside_tens_of_thousands() -> None:
    names = [f"user{number:05d}" for number in range(20000)]
    redactor = Redactor(names, [f"line {number:05d} of a comment" for number in range(7000)])
    assert redactor.text("x USER19999, user1999, user00000_x " * 2000).count("[name]") == 4000
    assert redactor.text("before line 06999 of a comment and more\nbehind") == f"before {REDACTED}\nbehind"
    assert redactor.data("\u00e9 User00001".encode("utf-16-le")) == "\u00e9 *********".encode("utf-16-le")


def test_names_and_comments_of_a_hostile_dump() -> None:
    """In seconds where one pattern took minutes: the test's own limit of time would end it."""
    with Minidump.open(many_names_and_comments(60, 4000)) as dump:
        redactor = Redactor.of(dump)
        assert len(redactor.names) == 12000
        for handle in dump.handles:
            assert "u00" not in redactor.text(handle.name)

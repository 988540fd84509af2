"""Prose in lines: the quick way over whole texts against the one word by word."""

from __future__ import annotations

import random

import pytest

from dumpscope.view.wrapping import _by_words, wrap


def test_lines_are_those_of_a_walk_over_the_words() -> None:
    random_ = random.Random(22)
    broken = 0
    for _ in range(3000):
        words = ["".join(random_.choice("abcdé") for _ in range(random_.choice((1, 3, 8, 25)))) for _ in range(random_.randrange(12))]
        text = " ".join(words) + random_.choice(("", " "))
        width, indent = random_.randrange(5, 40), " " * random_.randrange(6)
        first = random_.choice((None, "", " " * random_.randrange(12)))
        lines = wrap(text, width, indent, first)
        assert lines == _by_words(text, width, indent, first), (text, width, indent, first)
        broken += len(lines) > 1
    assert broken > 1000


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("one  two  three", ["one  two ", "three"]),
        (" one two three", ["one two", "three"]),
        ("abcdefghijklm no", ["abcdefghij", "klm no"]),
        ("ab abcdefghijklm", ["ab", "abcdefghij", "klm"]),
    ],
)
def test_lines_of_ten_columns(text: str, lines: list) -> None:
    assert wrap(text, 10) == lines

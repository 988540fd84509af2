"""Numbers with their nouns and verbs: ``1 thread has``, ``2 threads have``. All texts that count something are made with these."""

from __future__ import annotations

_SIBILANT = ("s", "x", "ch", "sh")


def plural(noun: str) -> str:
    """The plural of a noun, by the rules of spelling: ``entry`` is ``entries``, ``process`` is ``processes``, ``memory range`` is ``memory ranges``."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(_SIBILANT) else "s")


def by_count(number: int, one: str, many: str = "") -> str:
    """The words for a number, without it: ``by_count(1, "is", "are")`` is ``is``. Without ``many``, ``one`` is a noun and gets its plural."""
    return one if number == 1 else many or plural(one)


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its words: ``1 module``, ``2 modules``; with a verb both are given: ``counted(n, "thread has", "threads have")``."""
    return f"{number} {by_count(number, one, many)}"

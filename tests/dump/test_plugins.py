"""Entry points that fail, and those that stand on the path twice."""

from __future__ import annotations

from importlib import metadata
from typing import Any, List

import pytest

from dumpscope.dump import plugins
from dumpscope.dump.plugins import Broken, blame, points, words_of


def point(name: str, value: str = "some.module:thing") -> metadata.EntryPoint:
    return metadata.EntryPoint(name, value, "dumpscope.rules")


def test_a_failure_is_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    broken: List[Broken] = []
    monkeypatch.setattr(plugins, "BROKEN", broken)
    first = blame(point("one"), "no such module")
    assert blame(point("one"), "no such module") == first
    other = blame(point("one"), "another reason")
    assert broken == [first, other]
    assert first == Broken("one", "some.module:thing", "no such module", "dumpscope.rules")
    assert first.words == "the plug-in one (some.module:thing) is left out: no such module"


def test_entry_points_are_sorted_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [point("two"), point("one", "b:x"), point("two"), point("one", "a:x")]

    def entry_points(**chosen: str) -> Any:
        return found if chosen == {"group": "dumpscope.rules"} else {"dumpscope.rules": found} if not chosen else []

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    assert [(item.name, item.value) for item in points("dumpscope.rules")] == [("one", "a:x"), ("one", "b:x"), ("two", "some.module:thing")]
    assert points("another.group") == []


def test_an_error_in_words() -> None:
    assert words_of(ValueError("no number")) == "ValueError: no number"
    assert words_of(KeyError()) == "KeyError"

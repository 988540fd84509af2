"""A dump is decoded and judged once for all rules: counted, not timed."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from tests.conftest import SAMPLES

from dumpscope.diagnosis import promises as home
from dumpscope.diagnosis.audit import audit
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source
from dumpscope.dump.streams.modules import ModuleList
from dumpscope.format.flags import MINIDUMP_TYPE_BITS


@pytest.fixture
def facts() -> Any:
    with closing(Source.from_path(SAMPLES / "article-nohandles.dmp")) as source:
        yield Facts.of(source)


def test_each_flag_is_judged_once(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: Counter[int] = Counter()
    real = home.promise
    monkeypatch.setattr(home, "promise", lambda facts, bit: (judged.update([bit]), real(facts, bit))[1])
    assert audit(facts)
    home.promises(facts)
    assert judged == Counter(bit for bit in MINIDUMP_TYPE_BITS if bit)


def test_other_facts_are_judged_anew() -> None:
    answers = []
    for name in ("article-nohandles.dmp", "article-handles.dmp"):
        with closing(Source.from_path(SAMPLES / name)) as source:
            answers.append({item.name: item.delivered for item in home.promises(Facts.of(source))})
    assert [answer["MiniDumpWithHandleData"] for answer in answers] == ["no", "yes"]


def test_modules_are_walked_once_by_the_rules(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    walks = []
    real = ModuleList.walk
    monkeypatch.setattr(ModuleList, "walk", lambda self, start=0, stop=None: (walks.append((start, stop)), real(self, start, stop))[1])
    _ = facts.dump.modules.at(0), facts.writer  # the index by address and the writer look for themselves
    walks.clear()
    first = facts.modules(20_000)
    assert first == list(facts.dump.modules)
    walks.clear()
    assert facts.modules(1) == first[:1]
    assert facts.modules(20_000) == first
    assert not walks


def test_threads_are_as_many_as_wanted(facts: Facts) -> None:
    assert [thread.index for thread in facts.threads(1)] == [0]
    assert facts.threads() == list(facts.dump.threads)
    assert len(facts.threads(1)) == 1

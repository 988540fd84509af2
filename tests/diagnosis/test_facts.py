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
from dumpscope.dump.streams import modules
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


def test_a_module_by_its_name(facts: Facts) -> None:
    """The first in the list that has one of the names, as far as the list is looked at."""
    modules = list(facts.dump.modules)
    for module in modules:
        name = module.file_name.lower()
        assert facts.named((name, "no-such.dll"), module.index + 1) == module
        assert facts.named((name,), module.index) is None
    every = {module.file_name.lower() for module in modules}
    assert facts.named(every, len(modules)) == modules[0]
    assert facts.named(("no-such.dll",), len(modules)) is None


@pytest.mark.parametrize("name", ["article-handles.dmp", "crashpad-annotations-beyond-end.dmp", "everything-small.dmp"])
def test_damage_of_records_is_a_part_of_all_damage(name: str) -> None:
    """What rules ask about strings and registers is the same in both, in the same order."""
    with closing(Source.from_path(SAMPLES / name)) as source:
        facts = Facts.of(source)
        assert [item for item in facts.damage if item in facts.record_damage] == list(facts.record_damage)
        asked = ("string-", "context-")
        assert [item for item in facts.damage if item.code.startswith(asked)] == [item for item in facts.record_damage if item.code.startswith(asked)]


def test_a_codeview_record_is_decoded_once(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: Counter[int] = Counter()
    real = modules.decode_codeview
    monkeypatch.setattr(modules, "decode_codeview", lambda data, offset: (decoded.update([offset]), real(data, offset))[1])
    assert audit(facts)
    records = [module.codeview for module in facts.dump.modules]
    assert any(records)
    assert records == [module.codeview for module in facts.dump.modules]
    assert set(decoded.values()) == {1}
    monkeypatch.setattr(modules, "KEPT_SIZE", 0)
    facts.dump.modules._codeviews.clear()
    assert records == [module.codeview for module in facts.dump.modules]
    assert not facts.dump.modules._codeviews

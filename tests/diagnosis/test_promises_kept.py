"""What flags brought: of full memory that is cut, and of other systems than Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.promises import NO, PARTIAL, UNKNOWN, YES, promise
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PARTS = (0x1, 0x40, 0x200, 0x2000, 0x10000, 0x80000)


@pytest.mark.parametrize(
    ("name", "state"), [("full-memory", YES), ("full-memory-truncated", PARTIAL), ("full-memory-none-left", NO), ("full-memory-base-wrong", YES)]
)
def test_parts_of_full_memory_are_there_as_far_as_it_is(name: str, state: str) -> None:
    facts = Facts.of(Source.from_path(str(SAMPLES / f"{name}.dmp")))
    assert promise(facts, 0x2).delivered == state
    assert {promise(facts, bit).delivered for bit in PARTS} == {state}
    assert all(("cut off" in promise(facts, bit).note) is (state in (PARTIAL, NO)) for bit in PARTS)
    facts.source.close()


@pytest.mark.parametrize("name", ["breakpad-linux", "breakpad-linux-arm"])
def test_other_systems_have_no_tebs(name: str) -> None:
    facts = Facts.of(Source.from_path(str(SAMPLES / f"{name}.dmp")))
    assert promise(facts, 0x100).delivered == UNKNOWN
    assert "TEB" not in promise(facts, 0x100).note or "another system" in promise(facts, 0x100).note
    facts.source.close()

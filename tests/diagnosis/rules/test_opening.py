"""Whatever is wrong with a file that the debugger refuses, a rule says why, and its evidence lies in the file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Iterator, List

import pytest
from tests.amount import part

from dumpscope.diagnosis.audit import apply, audit
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import family
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
BASES = [
    path.read_bytes()
    for name in ("full-memory*", "not-a-dump-signature*", "everything-small", "handles", "memory-list-ranges-overlap", "breakpad-linux")
    for path in sorted(SAMPLES.glob(name + ".dmp"))
]
MUTANTS = part(150, 3)


def mutants(seed: int) -> Iterator[bytes]:
    """Dumps with a few changed bytes, most of them in header and directory, one in five of them cut."""
    chance = random.Random(seed)
    for _ in range(MUTANTS):
        data = bytearray(chance.choice(BASES))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(min(len(data), 300)) if chance.random() < 0.6 else chance.randrange(len(data))
            data[place] = chance.choice((0, 255, chance.randrange(256), data[place] ^ (1 << chance.randrange(8))))
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        yield bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_a_refused_file_has_a_finding_about_opening(seed: int) -> None:
    refused = 0
    for number, data in enumerate(mutants(seed)):
        facts = Facts.of(Source.from_object(data))
        found = apply(family("OPN"), facts)
        for item in found:
            for proof in item.evidence:
                assert proof.offset is None or 0 <= proof.offset <= len(data), (seed, number, item.code, proof)
        if not facts.engine.opening.ok:
            refused += 1
            assert found, (seed, number, facts.engine.opening.message)
            assert "{" not in "".join((*(step for item in found for step in item.remedy), *(item.verdict for item in found)))
    assert refused > MUTANTS // 4


def codes(data: bytes) -> List[str]:
    return [item.code for item in audit(Facts.of(Source.from_object(data)))]


@pytest.mark.parametrize("name", ["everything-small", "full-memory", "article-nohandles", "breakpad-linux"])
def test_nothing_follows_from_a_directory_that_is_none(name: str) -> None:
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    count = int.from_bytes(data[8:12], "little")
    start = int.from_bytes(data[12:16], "little")
    for broken in (
        data[:start] + bytes(12 * count) + data[start + 12 * count :],
        data[: start + 12 * (count // 2)],
        data[:12] + bytes(4) + data[16:],
        data[:8] + bytes(4) + data[12:],
        data[:12] + (len(data) + 50).to_bytes(4, "little") + data[16:],
        data[:8] + len(data).to_bytes(4, "little") + data[12:],
        data[:start] + b"\xee" * (12 * count) + data[start + 12 * count :],
    ):
        found = codes(broken)
        assert {code[:3] for code in found} <= {"OPN", "WRT"}, found
        assert len([code for code in found if code.startswith("OPN")]) == 1, found


def test_a_refusal_without_a_word_is_told_by_its_number() -> None:
    data = bytearray((SAMPLES / "version-spoilt.dmp").read_bytes())
    data[8:12] = b"\xff\xff\xff\x7f"  # more entries than 32 bits hold the size of: the engine reads behind the file
    data[12:16] = (32).to_bytes(4, "little")
    assert "OPN006" in codes(bytes(data))
    data[4:6] = b"\x93\xa7"
    assert "OPN007" in codes(bytes(data))

"""The bytes that the rules name for files that do not open: with them in a copy, Microsoft's engine opens it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.engine.bench import Bench

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.engine.opening import open_dump
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import find_rule
from dumpscope.dump.source import Source

MENDED = {
    "OPN023": ("not-a-dump-signature-spoilt", "not-a-dump-signature-zero", "not-a-dump-signature-zero-cut"),
    "OPN024": ("full-memory-base-wrong", "full-memory-base-zero", "full-memory-base-beyond-end"),
    "OPN025": ("full-memory-size-and-flag", "full-memory-list-size-wrong", "full-memory-count-wrong", "full-memory-count-huge"),
    "OPN013": ("full-memory-flag-without-list",),
    "OPN010": ("system-info-too-small",),
    "OPN028": ("full-memory-both-lists",),
    "OPN007": ("damaged-directory-beyond-end",),
    "OPN006": ("version-spoilt", "not-a-dump-wrong-version"),
    "OPN014": ("full-memory-list-without-flag",),
}
_EDIT = re.compile(r"\b((?:[0-9a-f]{2} )*[0-9a-f]{2}) at 0x([0-9a-f]+)")
_BYTE = re.compile(r"the byte at 0x([0-9a-f]+) becomes 0x([0-9a-f]{2})")


def edits_of(steps: Tuple[str, ...]) -> List[Tuple[int, bytes]]:
    """The bytes that a remedy says to put, and where."""
    text = " ".join(steps)
    found = [(int(place, 16), bytes.fromhex(data)) for data, place in _EDIT.findall(text)]
    return found or [(int(place, 16), bytes.fromhex(data)) for place, data in _BYTE.findall(text)]


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in MENDED.items() for name in names])
def test_the_bytes_of_the_remedy_open_the_file(code: str, name: str, bench: Bench, samples: Path, tmp_path: Path) -> None:
    data = bytearray((samples / f"{name}.dmp").read_bytes())
    finding = apply([find_rule(code)], Facts.of(Source.from_object(bytes(data))))[0]
    edits = edits_of((finding.verdict, finding.remedy[0]))
    assert edits, finding.remedy[0]
    for place, new in edits:
        data[place : place + len(new)] = new
    path = tmp_path / f"{name}.dmp"
    path.write_bytes(data)
    before, after = bench.ask([samples / f"{name}.dmp", path])
    assert not before.opened
    assert after.opened == open_dump(Source.from_object(bytes(data))).opening.ok
    assert after.opened == ("still refuses" not in finding.verdict + finding.remedy[0])
    if name not in ("not-a-dump-signature-zero-cut", "not-a-dump-wrong-version"):
        assert after.opened

"""Compressed files of symbol servers, unpacked."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from samples.archives import cabinet, lzx_cabinet, mszip
from tests.cases import each

from dumpscope.dump.absence import Absent
from dumpscope.symbols.packed import expand, packed_name

DATA = b"some symbols " * 10000


def test_names() -> None:
    assert packed_name("app.pdb") == "app.pd_"


@pytest.mark.parametrize(
    "made", [cabinet([("app.pdb", DATA)]), cabinet([("app.pdb", DATA)], 1, mszip), lzx_cabinet([("app.pdb", DATA)])], ids=["stored", "mszip", "lzx"]
)
def test_one_file_is_unpacked(tmp_path: Path, made: bytes) -> None:
    (tmp_path / "app.pd_").write_bytes(made)
    assert expand(str(tmp_path / "app.pd_"), str(tmp_path / "out"), 1 << 20) is None
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.parametrize(
    ("made", "limit", "said"),
    [
        (cabinet([("a", b"1"), ("b", b"2")]), 1 << 20, "holds one file, this one 2"),
        (cabinet([("app.pdb", DATA)], 0x1502), 1 << 20, "Quantum"),
        (cabinet([("app.pdb", DATA)], 1, mszip), 1000, "1000 are the most"),
        (cabinet([("app.pdb", DATA)], 1, mszip)[:200], 1 << 20, "cannot be unpacked"),
        (b"MSCF", 1 << 20, "cannot be unpacked"),
        (b"", 1 << 20, ""),
    ],
    ids=["two-files", "quantum", "too-large", "cut", "head", "empty"],
)
def test_what_cannot_be_unpacked_says_why_and_leaves_nothing(tmp_path: Path, made: bytes, limit: int, said: str) -> None:
    (tmp_path / "app.pd_").write_bytes(made)
    found = expand(str(tmp_path / "app.pd_"), str(tmp_path / "out"), limit)
    assert isinstance(found, Absent)
    assert said in found.message
    assert not (tmp_path / "out").exists()


def test_a_cabinet_whose_file_says_more_than_it_holds(tmp_path: Path) -> None:
    made = bytearray(cabinet([("app.pdb", DATA)], 1, mszip))
    at = int.from_bytes(made[16:20], "little")  # coffFiles
    made[at : at + 4] = (len(DATA) + 1).to_bytes(4, "little")
    (tmp_path / "app.pd_").write_bytes(made)
    found = expand(str(tmp_path / "app.pd_"), str(tmp_path / "out"), 1 << 20)
    assert isinstance(found, Absent)
    assert f"{len(DATA)} of {len(DATA) + 1} bytes" in found.message
    assert not (tmp_path / "out").exists()


@each("seed", range(60))
def test_changed_cabinets_never_raise_and_stay_in_their_limit(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    made = bytearray(cabinet([("app.pdb", DATA)], 1, mszip))
    for _ in range(4):
        made[chance.randrange(90 if seed % 2 else len(made))] = chance.randrange(256)
    packed, out = tmp_path / f"app{seed}.pd_", tmp_path / f"out{seed}"
    packed.write_bytes(made)
    found = expand(str(packed), str(out), 1 << 20)
    size = out.stat().st_size if out.exists() else 0
    assert size <= 1 << 20
    assert (found is None) == bool(size)

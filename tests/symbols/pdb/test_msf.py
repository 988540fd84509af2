"""The streams of a PDB file, changed anywhere: what is read stays bounded."""

from __future__ import annotations

import random
from pathlib import Path

from tests.cases import each

from dumpscope.dump.source import Source
from dumpscope.symbols.pdb.lists import bad_list
from dumpscope.symbols.pdb.msf import stream_of

DATA = Path(__file__).resolve().parents[1] / "data"


@each("seed", range(40))
def test_streams_of_changed_pdb_files_are_bounded(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray((DATA / "tiny.pdb").read_bytes())
    for _ in range(rng.randint(1, 30)):
        data[rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(0x40)] = rng.randrange(256)
    path = tmp_path / f"tiny{seed}.pdb"
    path.write_bytes(data)
    source = Source.from_path(str(path))
    for number in range(8):
        assert len(stream_of(source, number)) <= len(data)
    bad_list(source)
    source.close()

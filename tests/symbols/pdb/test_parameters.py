"""Parameters and types of a PDB: what is read of a good file, and that damaged ones cost little and raise nothing."""

from __future__ import annotations

import random
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import pytest
from tests.amount import part

from dumpscope.dump.source import Source
from dumpscope.symbols.pdb.file import TPI, Pdb
from dumpscope.symbols.pdb.functions import MAX_VARIABLES, function_at
from dumpscope.symbols.pdb.msf import Msf
from dumpscope.symbols.pdb.parameters import Parameters
from dumpscope.symbols.pdb.types import MAX_NAME

DATA = Path(__file__).resolve().parents[2] / "stacks" / "parameters" / "data"
TEXT = 0x1000


class Counted:
    """How often a method was called."""

    calls = 0


@contextmanager
def calls(owner: Any, name: str) -> Iterator[Counted]:
    """Count the calls of a method meanwhile."""
    counted, real = Counted(), getattr(owner, name)

    def counting(*args: Any) -> Any:
        counted.calls += 1
        return real(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, counting)
        yield counted


def test_what_is_no_pdb_has_no_functions(tmp_path: Path) -> None:
    (tmp_path / "empty.pdb").write_bytes(b"")
    for path in (tmp_path / "none.pdb", tmp_path / "empty.pdb", DATA / "parameters.cpp"):
        assert Parameters(str(path)).at(TEXT) is None


def test_only_blocks_that_are_needed_are_read(pdb: Path) -> None:
    source = Source.from_path(pdb)
    stream = Msf(source).stream(TPI)
    with calls(source, "some") as counted:
        assert stream.read(8, 4) == (0x1000).to_bytes(4, "little")
    assert counted.calls == 1
    assert stream.read(stream.size - 2, 100) == stream.read(0, stream.size)[-2:]
    assert stream.read(stream.size, 1) == stream.read(-1, 4) == b""
    source.close()


@pytest.mark.parametrize("seed", range(6))
def test_changed_files_never_raise_and_cost_little(pdb: Path, seed: int) -> None:
    choose = random.Random(seed)
    whole = pdb.read_bytes()
    for _ in range(part(20, 4)):
        data = bytearray(whole[: choose.choice((len(whole), len(whole), choose.randrange(len(whole))))])
        for _ in range(choose.randrange(1, 60)):
            if data:
                data[choose.randrange(len(data))] = choose.choice((0, 1, 0x7F, 0xFF, choose.randrange(256)))
        pdb.write_bytes(data)
        parameters = Parameters(str(pdb))
        with calls(Source, "some") as counted:
            for rva in range(TEXT, TEXT + 0x2000, 0x180):
                found = parameters.at(rva)
                if found is not None:
                    assert len(found.function.variables) <= MAX_VARIABLES
                    assert all(len(str(each.type)) <= MAX_NAME + 64 for each in found.parameters)
        assert counted.calls < 22 * 40 * len(whole) // 4096


def test_each_cut_of_the_symbols_of_an_object_is_taken(pdb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that end early give the variables that stand before the end."""
    file = Pdb(Source.from_object(pdb.read_bytes()))
    place = file.place(TEXT + 0x200)
    assert place is not None
    data = file.symbols_at(*place)
    seen = set()
    for size in range(0, min(len(data), 6000), 7):
        monkeypatch.setattr(Pdb, "symbols_at", lambda self, section, offset, size=size: data[:size])
        found = function_at(file, TEXT + 0x200)
        if found is not None:
            seen.add((found.whole, len(found.variables)))
    assert {whole for whole, _ in seen} == {True, False}

"""Calling conventions from the types of a PDB, against what ``kv`` of Microsoft's engine says of each function."""

from __future__ import annotations

import lzma
import random
from pathlib import Path

import pytest

from dumpscope.symbols.pdb.conventions import Conventions

DATA = Path(__file__).resolve().parents[1] / "data"
ENGINE = {
    0x1000: "cdecl",  # by_cdecl
    0x1010: "stdcall",  # by_stdcall
    0x1030: "fastcall",  # by_fastcall
    0x1040: "vectorcall",  # by_vectorcall, which the engine calls "Microsoft Midori Thumb 2"
    0x1050: "cdecl",  # start
    0x10D0: "cdecl",  # by_none
    0x10E0: "thiscall",  # Object::method
    0x1100: "stdcall",  # Object::standard
    0x1120: "cdecl",  # Object::shared
}


@pytest.fixture
def pdb(tmp_path: Path) -> Path:
    path = tmp_path / "conventions.pdb"
    path.write_bytes(lzma.decompress((DATA / "conventions.pdb.xz").read_bytes()))
    return path


def test_conventions_are_the_engines(pdb: Path) -> None:
    found = Conventions(str(pdb))
    assert {rva: found.at(rva) for rva in ENGINE} == ENGINE
    assert {rva: found.at(rva + 1) for rva in ENGINE} == ENGINE
    assert [found.at(rva) for rva in (0, 0x1FFF, 0x3000, 1 << 31)] == [""] * 4


def test_functions_put_inline_are_known_by_name(pdb: Path) -> None:
    found = Conventions(str(pdb))
    assert found.of_inline("by_stdcall") == "stdcall"
    assert found.of_inline("Object::method") == "thiscall"
    assert found.of_inline("nobody") == ""


def test_what_is_no_pdb_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.pdb").write_bytes(b"")
    for path in (tmp_path / "none.pdb", tmp_path / "empty.pdb", DATA / "tiny.exe"):
        assert Conventions(str(path)).at(0x1000) == ""
        assert Conventions(str(path)).of_inline("by_cdecl") == ""


@pytest.mark.parametrize("seed", range(8))
def test_changed_files_never_raise(pdb: Path, seed: int) -> None:
    choose = random.Random(seed)
    whole = pdb.read_bytes()
    for _ in range(25):
        data = bytearray(whole[: choose.choice((len(whole), choose.randrange(len(whole))))])
        for _ in range(choose.randrange(1, 40)):
            if data:
                data[choose.randrange(len(data))] = choose.choice((0, 1, 0x7F, 0xFF, choose.randrange(256)))
        pdb.write_bytes(data)
        found = Conventions(str(pdb))
        for rva in ENGINE:
            assert found.at(rva) in ("", "cdecl", "pascal", "fastcall", "stdcall", "syscall", "thiscall", "clrcall", "vectorcall")
        found.of_inline("by_cdecl")

"""Symbol files of Breakpad: their records, and what damaged ones cost."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Iterator

import pytest
from tests.cases import each

from dumpscope.dump.absence import Absent
from dumpscope.symbols.breakpad import SymbolFile, open_symbol_file

SYM = b"""MODULE windows x86_64 000102030405060708090A0B0C0D0E0F1 app.pdb
FILE 0 C:\\src\\a.c
FILE 1 C:\\src\\b.h
INLINE_ORIGIN 0 inner
INLINE_ORIGIN 1 outer<int, char>
FUNC 1000 40 8 ns::work(int, char const *)
INLINE 0 12 0 1 1010 10 1030 4
INLINE 1 7 1 0 1014 4
1000 10 10 0
1010 4 21 1
1014 4 31 1
1018 8 22 1
1020 20 13 0
FUNC m 1080 10 0 merged
1080 10 40 0
PUBLIC 1060 0 public_one
PUBLIC 1200 4 public two
STACK WIN 4 1000 40 3 0 8 0 4 0 1 $T0 $ebp = $eip $T0 4 + ^ =
STACK WIN 0 1080 10 0 0 0 c 0 0 0 1
STACK CFI INIT 1000 40 .cfa: $rsp 8 + .ra: .cfa -8 + ^
STACK CFI 1001 .cfa: $rsp 16 + $rbp: .cfa -16 + ^
STACK CFI 1004 .cfa: $rbp 16 +
STACK CFI INIT 1080 10 .cfa: sp 0 + .ra: x30
"""
KEY = "000102030405060708090A0B0C0D0E0F1"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SymbolFile]:
    path = tmp_path / "app.sym"
    path.write_bytes(SYM)
    found = open_symbol_file(str(path))
    assert isinstance(found, SymbolFile)
    yield found
    found.close()


def test_the_module_record(file: SymbolFile) -> None:
    assert (file.system, file.architecture, file.key, file.name) == ("windows", "x86_64", KEY, "app.pdb")


@pytest.mark.parametrize(
    ("address", "name", "start"),
    [
        (0x1000, "ns::work(int, char const *)", 0x1000),
        (0x103F, "ns::work(int, char const *)", 0x1000),
        (0x1065, "public_one", 0x1060),
        (0x1085, "merged", 0x1080),
        (0x1205, "public two", 0x1200),
    ],
)
def test_functions_and_publics(file: SymbolFile, address: int, name: str, start: int) -> None:
    function = file.function(address)
    assert function is not None
    assert (function.name, function.start) == (name, start)


@pytest.mark.parametrize("address", [0xFFF, 0x1040, 0x1090, 0x11FF])
def test_between_functions_nothing_is_guessed(file: SymbolFile, address: int) -> None:
    assert file.function(address) is None


def test_records_for_unwinding(file: SymbolFile) -> None:
    win = file.win(0x1010)
    assert win is not None
    assert (win.kind, win.parameters, win.locals, win.program) == (4, 8, 4, "$T0 $ebp = $eip $T0 4 + ^ =")
    fpo = file.win(0x1084)
    assert fpo is not None
    assert (fpo.kind, fpo.saved, fpo.uses_frame_pointer) == (0, 12, True)
    assert file.win(0x1060) is None
    rules = [file.cfi(address) for address in (0x1000, 0x1001, 0x1010)]
    assert [row.rules[".cfa"] for row in rules if row] == ["$rsp 8 +", "$rsp 16 +", "$rbp 16 +"]
    assert [sorted(row.rules) for row in rules if row] == [[".cfa", ".ra"], ["$rbp", ".cfa", ".ra"], ["$rbp", ".cfa", ".ra"]]
    assert file.cfi(0x1050) is None
    for row in rules:
        assert row is not None
        assert SYM[row.offset :].startswith(b"STACK CFI")


@pytest.mark.parametrize("data", [b"", b"MODULE", b"MODUL windows\n", b"\0" * 100])
def test_what_is_no_symbol_file_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "app.sym"
    path.write_bytes(data)
    assert isinstance(open_symbol_file(str(path)), Absent)
    assert isinstance(open_symbol_file(str(tmp_path)), Absent)
    assert isinstance(open_symbol_file(str(tmp_path / "none")), Absent)


@each("seed", range(30))
def test_changed_symbol_files_never_raise(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        data = bytearray(SYM)
        for _ in range(rng.randint(1, 10)):
            data[rng.randrange(len(data))] = rng.choice(b"\n \r0fF-:m^\xff\0")
        file = SymbolFile(bytes(data), "changed")
        for address in (0, 0x1000, 0x1015, 0x1033, 0x1065, 0x1085, 0x1205, (1 << 64) - 1):
            function = file.function(address)
            if function is not None:
                file.lines(function, address)
            file.win(address)
            file.cfi(address)


def test_a_bomb_of_records_is_indexed_not_decoded() -> None:
    """A hundred thousand functions that all claim the same lines cost an index; one address decodes one function."""
    data = b"MODULE windows x86 0 a\n" + b"FUNC 10 10 0 f\n" * 100_000 + b"STACK CFI INIT 10 10 .cfa: x 8 +\n" * 100_000
    file = SymbolFile(data, "bomb")
    function = file.function(0x15)
    assert function is not None
    assert function.name == "f"
    row = file.cfi(0x15)
    assert row is not None
    assert row.rules == {".cfa": "x 8 +"}


def test_a_line_without_an_end_is_cut() -> None:
    file = SymbolFile(b"MODULE windows x86 0 a\nFUNC 10 10 0 " + b"x" * 1_000_000, "long")
    function = file.function(0x10)
    assert function is not None
    assert len(function.name) <= 0x10000

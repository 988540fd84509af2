"""Names from symbol files: Breakpad's, read by us, and PDB through symbolic, against the engine."""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from samples.blocks import rsds
from samples.writer import DumpBuilder, Module

from dumpscope import Minidump
from dumpscope.dump.absence import Absent
from dumpscope.dump.source import Source
from dumpscope.session.walks import DebuggerNames
from dumpscope.symbols.breakpad import SymbolFile, open_symbol_file
from dumpscope.symbols.image import Image, image_file
from dumpscope.symbols.images import Images
from dumpscope.symbols.names import Namer
from dumpscope.symbols.pdb.lists import bad_list
from dumpscope.symbols.pdb.msf import stream_of

DATA = Path(__file__).resolve().parent / "data"
BASE = 0x1_4000_0000
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
GUID = "00010203-0405-0607-0809-0A0B0C0D0E0F"
KEY = "000102030405060708090A0B0C0D0E0F1"


def a_dump(name: str, cv: bytes, size: int = 0x4000, timestamp: int = 0x5F3C1A2B) -> Minidump:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_module_list([Module(BASE, size, f"C:\\x\\{name}", timestamp=timestamp, cv=cv)])
    return Minidump.open(builder.build())


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


def test_names_with_lines_and_inlined_functions(tmp_path: Path) -> None:
    home = tmp_path / "app.pdb" / KEY
    home.mkdir(parents=True)
    (home / "app.sym").write_bytes(SYM)
    dump = a_dump("app.exe", rsds(GUID, 1, "D:\\b\\app.pdb"))
    namer = Namer(dump, Images(dump), [f"srv*{tmp_path}"])
    rows = [(str(name), name.file, name.line, name.inline) for name in namer.name(BASE + 0x1015)]
    assert rows == [
        ("app!inner+0x1", "C:\\src\\b.h", 31, True),
        ("app!outer<int, char>+0x5", "C:\\src\\b.h", 7, True),
        ("app!ns::work(int, char const *)+0x15", "C:\\src\\a.c", 12, False),
    ]
    assert [str(name) for name in namer.name(BASE + 0x1020)] == ["app!ns::work(int, char const *)+0x20"]
    assert [str(name) for name in namer.name(BASE + 0x1020, caller=True)] == ["app!outer<int, char>+0x10", "app!ns::work(int, char const *)+0x20"]
    assert [tried.result for tried in namer.tried if tried.what == "symbols"] == ["missing", "used"]


def test_symbols_of_another_build_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "app.sym").write_bytes(SYM)
    dump = a_dump("app.exe", rsds(GUID, 2, "app.pdb"))
    namer = Namer(dump, Images(dump), [str(tmp_path)])
    assert str(namer.name(BASE + 0x1015)[0]) == "app+0x1015"
    reasons = [tried.reason for tried in namer.tried if tried.result == "mismatch"]
    assert reasons == [f"key {KEY}, the dump says {KEY[:-1]}2"]
    loose = Namer(dump, Images(dump), [str(tmp_path)], loose=True)
    assert str(loose.name(BASE + 0x1015)[0]) == "app!inner+0x1"


@pytest.mark.parametrize("data", [b"", b"MODULE", b"MODUL windows\n", b"\0" * 100])
def test_what_is_no_symbol_file_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "app.sym"
    path.write_bytes(data)
    assert isinstance(open_symbol_file(str(path)), Absent)
    assert isinstance(open_symbol_file(str(tmp_path)), Absent)
    assert isinstance(open_symbol_file(str(tmp_path / "none")), Absent)


@pytest.mark.parametrize("seed", range(30))
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


class Debugger:
    """Stands for the debugger around us."""

    def symbol(self, address: int) -> Optional[Tuple[str, str, int, str, int]]:
        known = {BASE + 0x1015: ("app", "theirs", 5, "t.c", 3), BASE + 0x1100: ("app", "behind", -8, "", 0), 0x9000: ("jit", "code", 0, "", 0)}
        return known.get(address)

    def compare(self, dump: Minidump) -> Iterator[Any]:
        return iter(())


def test_the_debugger_names_what_no_symbol_file_names(tmp_path: Path) -> None:
    dump = a_dump("app.exe", rsds(GUID, 1, "app.pdb"))
    namer = Namer(dump, Images(dump), others=[DebuggerNames(Debugger())])
    first = namer.name(BASE + 0x1015)[0]
    assert (str(first), first.file, first.line, first.provider) == ("app!theirs+0x5", "t.c", 3, "debugger")
    assert str(namer.name(BASE + 0x1016, caller=True)[0]) == "app!theirs+0x6"
    assert str(namer.name(BASE + 0x1100)[0]) == "app+0x1100"
    assert str(namer.name(0x9000)[0]) == "jit!code"
    (tmp_path / "app.sym").write_bytes(SYM)
    namer = Namer(dump, Images(dump), [str(tmp_path)], others=[DebuggerNames(Debugger())])
    assert namer.name(BASE + 0x1015)[0].provider == "breakpad"


# -- PDB, through symbolic -----------------------------------------------------------------------------------------------------


def expected() -> Dict[int, List[str]]:
    """What the engine says of each RVA: see data/README.md."""
    rows: Dict[int, List[str]] = {}
    for line in (DATA / "tiny.k.txt").read_text("ascii").splitlines():
        if not line.startswith("#"):
            words = line.split()
            rows[int(words[0], 16)] = words[1:]
    return rows


def tiny_dump() -> Minidump:
    source = Source.from_path(DATA / "tiny.exe")
    image = image_file(source)
    assert isinstance(image, Image)
    dump = a_dump("tiny.exe", b"", image.size_of_image, image.timestamp)
    source.close()
    return dump


def test_names_and_lines_of_a_pdb_are_the_engines() -> None:
    pytest.importorskip("symbolic")
    dump = tiny_dump()
    compared = 0
    with Images(dump, [str(DATA)]) as images:
        namer = Namer(dump, images, [str(DATA)])
        for rva, frames in expected().items():
            names = namer.name(BASE + rva)
            if not names[-1].symbol:
                continue  # padding between functions, which the engine gives to the function before
            assert [f"{name}@{name.line}{'(i)' if name.inline else ''}" for name in names] == frames, hex(rva)
            compared += 1
        assert any(tried.result == "used" and tried.place.endswith("tiny.pdb") for tried in namer.tried)
    assert compared > 90


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows dbghelp.dll reads PDB files")
def test_without_symbolic_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setitem(sys.modules, "symbolic", None)
    monkeypatch.setitem(sys.modules, "symbolic.debuginfo", None)
    dump = tiny_dump()
    with Images(dump, [str(DATA)]) as images:
        namer = Namer(dump, images, [str(DATA)])
        assert str(namer.name(BASE + 0x1010)[0]) == "tiny+0x1010"
        reasons = [tried.reason for tried in namer.tried if tried.result == "unreadable"]
        assert "pip install 'dumpscope[symbols]'" in reasons[0]


@pytest.mark.parametrize("seed", range(6))
def test_changed_pdb_files_never_raise(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("symbolic")
    from dumpscope.symbols.symbolic_files import open_native

    rng = random.Random(seed)
    original = (DATA / "tiny.pdb").read_bytes()
    path = tmp_path / "tiny.pdb"
    for _ in range(15):
        data = bytearray(original)
        for _ in range(rng.randint(1, 40)):
            data[rng.randrange(len(data)) if rng.random() < 0.7 else rng.randrange(0x100)] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        path.write_bytes(data)
        file = open_native(str(path))
        if isinstance(file, Absent):
            assert file.message
            continue
        for rva in (0x1000, 0x1010, 0x1070):
            file.locations(rva)
        file.unwind_records()


def test_a_list_of_types_that_cannot_be_is_not_given_to_the_library(tmp_path: Path) -> None:
    """The library would make room for 2 to the 32 entries, and end the process where there is none."""
    pytest.importorskip("symbolic")
    from dumpscope.symbols.symbolic_files import NativeFile, open_native

    original = (DATA / "tiny.pdb").read_bytes()
    source = Source.from_path(str(DATA / "tiny.pdb"))
    assert bad_list(source) == ""
    types = stream_of(source, 2)
    source.close()
    place = struct.unpack_from("<I", types, 4)[0]
    while struct.unpack_from("<H", types, place + 2)[0] != 0x1201:  # LF_ARGLIST
        place += 2 + struct.unpack_from("<H", types, place)[0]
    record = types[place : place + 12]
    assert original.count(record) == 1
    at = original.index(record)
    path = tmp_path / "tiny.pdb"
    path.write_bytes(original[: at + 4] + b"\xff\xff\xff\xff" + original[at + 8 :])
    file = open_native(str(path))
    assert isinstance(file, NativeFile)
    found = file.locations(0x1000)
    assert isinstance(found, Absent)
    assert f"a list in stream 2 at 0x{place:x} claims 4294967295 entries" in found.message
    path.write_bytes(original)
    whole = open_native(str(path))
    assert isinstance(whole, NativeFile)
    assert isinstance(whole.locations(0x1000), list)


@pytest.mark.parametrize("seed", range(40))
def test_streams_of_changed_pdb_files_are_bounded(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray((DATA / "tiny.pdb").read_bytes())
    for _ in range(rng.randint(1, 30)):
        data[rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(0x40)] = rng.randrange(256)
    path = tmp_path / "tiny.pdb"
    path.write_bytes(data)
    source = Source.from_path(str(path))
    for number in range(8):
        assert len(stream_of(source, number)) <= len(data)
    bad_list(source)
    source.close()

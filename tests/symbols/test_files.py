"""Names from symbol files: Breakpad's, read by us, and PDB through symbolic, against the engine."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from samples.blocks import rsds
from samples.writer import DumpBuilder, Module
from tests.symbols.test_breakpad import KEY, SYM

from dumpscope import Minidump
from dumpscope.dump.absence import Absent
from dumpscope.dump.source import Source
from dumpscope.session.walks import DebuggerNames
from dumpscope.symbols.image import Image, image_file
from dumpscope.symbols.images import Images
from dumpscope.symbols.names import Namer

DATA = Path(__file__).resolve().parent / "data"
BASE = 0x1_4000_0000
GUID = "00010203-0405-0607-0809-0A0B0C0D0E0F"


def a_dump(name: str, cv: bytes, size: int = 0x4000, timestamp: int = 0x5F3C1A2B) -> Minidump:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_module_list([Module(BASE, size, f"C:\\x\\{name}", timestamp=timestamp, cv=cv)])
    return Minidump.open(builder.build())


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

"""Parameters and types of a PDB: what is read of a good file, and that damaged ones cost little and raise nothing."""

from __future__ import annotations

import random
import struct
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from dumpscope.dump.source import Source
from dumpscope.symbols.pdb.file import IPI, TPI, BadPdb, Pdb
from dumpscope.symbols.pdb.functions import MAX_VARIABLES, function_at
from dumpscope.symbols.pdb.msf import Msf
from dumpscope.symbols.pdb.parameters import Parameter, Parameters
from dumpscope.symbols.pdb.types import MAX_DEPTH, MAX_NAME, MISSING, NO_TYPE, POINTER, Types

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


@pytest.fixture(params=["clang-O0", "clang-O2"])
def pdb(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(DATA / f"{request.param}.tar.xz") as archive:
        file = archive.extractfile("parameters.pdb")
        assert file is not None
        path = tmp_path / "parameters.pdb"
        path.write_bytes(file.read())
    return path


def functions(path: Path) -> Dict[str, List[str]]:
    """Names of functions with their parameters."""
    parameters = Parameters(str(path))
    found: Dict[str, List[str]] = {}
    for rva in range(TEXT, TEXT + 0x3000, 16):
        signature = parameters.at(rva)
        if signature is not None:
            found[signature.function.name] = [f"{each.type} {each.variable.name}" for each in signature.parameters]
    return found


def functions_of(path: Path) -> List[Tuple[Parameter, ...]]:
    """The parameters of each function that is met."""
    parameters = Parameters(str(path))
    found = (parameters.at(rva) for rva in range(TEXT, TEXT + 0x3000, 16))
    return [signature.parameters for signature in found if signature is not None]


def test_types_are_spelled_as_the_debugger_does(pdb: Path) -> None:
    found = functions(pdb)
    assert found["enums"] == ["Color c", "Level l", "Wide w", "Flags f", "Color * ref", "Color * p", "Color odd", "Level none"]
    assert found["pointers"] == [
        "void * nothing", "int * number", "int ** twice", "char ** argv", "void * cv", "bool * flag", "float * single", "struct Large * large",
        "int * changes", found["pointers"][-1],
    ]  # fmt: skip
    assert found["functions"][4:8] == ["int * member", "int number", "<function> ** callbacks", "int (*)[2][3] table"]
    assert found["structs"][9:] == ["class Shape * rr", "struct Box<int> box", "struct Box<Point> * boxes"]
    assert found["unnamed"] == ["char * text"]
    assert found["Shape::method"] == ["int times"]
    assert found["nothing_at_all"] == []
    assert found["wides"][4:6] == [f"{NO_TYPE} c16", f"{NO_TYPE} c32"]


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


def changed(pdb: Path, index: int, body: bytes) -> Pdb:
    """The file with the bytes of a type in place of others of the same size."""
    whole = pdb.read_bytes()
    file = Pdb(Source.from_object(whole))
    _, old = file.record(TPI, index)
    assert whole.count(old) == 1
    return Pdb(Source.from_object(whole.replace(old, body.ljust(len(old), b"\0"))))


def first(pdb: Path, kind: int) -> int:
    """The first type of a kind, whose bytes the file has once."""
    whole = pdb.read_bytes()
    file = Pdb(Source.from_object(whole))
    return next(index for index in range(0x1000, 0x1100) if file.record(TPI, index)[0] == kind and whole.count(file.record(TPI, index)[1]) == 1)


def test_a_type_that_leads_to_itself_is_missing(pdb: Path) -> None:
    pointer = first(pdb, 0x1002)
    file = changed(pdb, pointer, struct.pack("<II", pointer, 8 << 13 | 0xC))
    with calls(Pdb, "record") as counted:
        assert Types(file).of(pointer).kind == MISSING
    assert counted.calls <= MAX_DEPTH + 2


def test_sizes_and_lists_that_cannot_be_make_a_type_missing(pdb: Path) -> None:
    array = first(pdb, 0x1503)
    assert Types(changed(pdb, array, struct.pack("<IIH", 0x74, 0x23, 0x8055))).of(array).kind == MISSING
    assert Types(changed(pdb, array, struct.pack("<IIH", 0x74, 0x23, 0))).of(array).name == "int [0]"
    assert Types(Pdb(Source.from_object(pdb.read_bytes()))).of(0xFFFFFFFF).kind == MISSING
    assert Types(Pdb(Source.from_object(pdb.read_bytes()))).of(0x674).kind == POINTER


def test_an_enumeration_whose_values_go_on_in_itself_ends(pdb: Path) -> None:
    whole = pdb.read_bytes()
    file = Pdb(Source.from_object(whole))
    index = next(
        index for index in range(0x1000, 0x1100) if file.record(TPI, index)[0] == 0x1203 and file.record(TPI, index)[1].startswith(b"\x02\x15")
    )  # LF_FIELDLIST of LF_ENUMERATE
    owner = next(
        number for number in range(0x1000, 0x1200) if file.record(TPI, number)[0] == 0x1507 and file.record(TPI, number)[1][8:12] == index.to_bytes(4, "little")
    )
    other = changed(pdb, index, struct.pack("<HHI", 0x1404, 0, index))
    with calls(Pdb, "record") as counted:
        assert Types(other).of(owner).values == ()
    assert counted.calls < 600


def test_records_of_types_are_passed_a_bounded_number_of_times(pdb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.symbols.pdb.file.MAX_STEPS", 3)
    file = Pdb(Source.from_object(pdb.read_bytes()))
    with pytest.raises(BadPdb, match="too many"):
        file.record(TPI, 0x1040)
    assert {str(each.type) for found in functions_of(pdb) for each in found if each.variable.name in ("table", "boxes")} == {NO_TYPE}
    assert file.record(IPI, 0) == (0, b"")


@pytest.mark.parametrize("seed", range(6))
def test_changed_files_never_raise_and_cost_little(pdb: Path, seed: int) -> None:
    choose = random.Random(seed)
    whole = pdb.read_bytes()
    for _ in range(20):
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

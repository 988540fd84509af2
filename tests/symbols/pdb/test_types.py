"""Types of a PDB: their spelling, sizes, and records that are damaged."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
from tests.symbols.pdb.test_parameters import TEXT, calls

from dumpscope.dump.source import Source
from dumpscope.symbols.pdb.file import IPI, TPI, BadPdb, Pdb
from dumpscope.symbols.pdb.parameters import Parameter, Parameters
from dumpscope.symbols.pdb.types import MAX_DEPTH, MISSING, NO_TYPE, POINTER, Types


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

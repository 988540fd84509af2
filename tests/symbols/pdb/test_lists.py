"""Lists of a PDB that claim more than their record holds."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from dumpscope.dump.absence import Absent
from dumpscope.dump.source import Source
from dumpscope.symbols.pdb.lists import bad_list
from dumpscope.symbols.pdb.msf import stream_of

DATA = Path(__file__).resolve().parents[1] / "data"


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

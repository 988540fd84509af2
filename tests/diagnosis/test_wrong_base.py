"""Full memory whose list has one wrong number: what is said of it, what is not, and what mending makes of it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Set, Tuple

import pytest
from tests.cases import each

from dumpscope.diagnosis.audit import audit
from dumpscope.diagnosis.crash.account import account_of
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.writing.mend import mend

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = ["full-memory", "full-memory-x86", "managed-full-memory"]


def parts(name: str) -> Tuple[bytes, int, int, int]:
    """The file, and where its list, the base of its memory and its size in the directory stand."""
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    dump = Minidump(Source.from_object(data))
    stream = dump.stream(9)
    if stream is None:
        pytest.skip("the sample has no full memory")
    return data, stream.rva, struct.unpack_from("<Q", data, stream.rva + 8)[0], stream.offset + 4


def codes(data: bytes) -> Set[str]:
    return {item.code for item in audit(Facts.of(Source.from_object(data)))}


@each("delta", [-16, -8, 8, 0x1000, 0x10000, None, 1 << 32])
@each("name", NAMES)
def test_a_wrong_base_is_all_that_is_said(name: str, delta: int) -> None:
    """The memory is in the file: that TEBs, stacks or the PEB were not captured would be false."""
    data, rva, base, _ = parts(name)
    made = bytearray(data)
    struct.pack_into("<Q", made, rva + 8, 0 if delta is None else base + delta)
    found = codes(bytes(made))
    assert "OPN024" in found
    assert found - codes(data) == {"OPN024"}


def test_nothing_is_read_of_memory_that_base_rva_does_not_lead_to() -> None:
    data, rva, base, _ = parts("full-memory")
    made = bytearray(data)
    struct.pack_into("<Q", made, rva + 8, base + 0x1000)
    told = account_of(Facts.of(Source.from_object(bytes(made))))
    assert told is None or all(item.topic in ("where", "thread", "program", "cause", "note") for item in told.statements)


@each("delta", [-16, -8, -4, 4, 8, 16, 32, 0x1000])
@each("name", NAMES)
def test_a_wrong_size_is_mended_and_the_memory_kept(name: str, delta: int) -> None:
    data, _, _, field = parts(name)
    made = bytearray(data)
    struct.pack_into("<I", made, field, struct.unpack_from("<I", made, field)[0] + delta)
    _kept(data, bytes(made))


@pytest.mark.parametrize("delta", [-1, 1, 2, 0x1000])
@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_count_is_mended_and_the_memory_kept(name: str, delta: int) -> None:
    data, rva, _, _ = parts(name)
    made = bytearray(data)
    struct.pack_into("<Q", made, rva, struct.unpack_from("<Q", made, rva)[0] + delta)
    _kept(data, bytes(made))


def _kept(data: bytes, made: bytes) -> None:
    mending = mend(Source.from_object(made))
    assert [item.code for item in mending.repairs] == ["OPN025"]
    result = bytearray(made)
    for offset, edit in mending.source.edits:
        result[offset : offset + len(edit)] = edit
    assert bytes(result) == data
    assert EngineView(Source.from_object(bytes(result))).opening.ok

"""Kinds of files behind public reports: ``why`` names the cause, and ``mend`` writes what the engine opens, with what the file had."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Callable, Dict, NamedTuple, Tuple

import pytest
from tests.writing.test_both_lists import STACK, both_lists

from dumpscope.diagnosis.audit import audit
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import mend

from .bench import Bench

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def edited(name: str, *edits: Callable[[bytearray], None]) -> bytes:
    data = bytearray((SAMPLES / f"{name}.dmp").read_bytes())
    for edit in edits:
        edit(data)
    return bytes(data)


def entry(data: bytearray, kind: int) -> int:
    """Where the directory's entry of a stream stands."""
    count, rva = struct.unpack_from("<II", data, 8)
    return next(rva + 12 * index for index in range(count) if data[rva + 12 * index] == kind)


def flags(value: int) -> Callable[[bytearray], None]:
    return lambda data: struct.pack_into("<Q", data, 24, value)


def resized(kind: int, by: int) -> Callable[[bytearray], None]:
    def edit(data: bytearray) -> None:
        place = entry(data, kind) + 4
        struct.pack_into("<I", data, place, struct.unpack_from("<I", data, place)[0] + by)

    return edit


def without(kind: int) -> Callable[[bytearray], None]:
    return lambda data: struct.pack_into("<I", data, entry(data, kind), 0)


def put(place: int, content: bytes) -> Callable[[bytearray], None]:
    def edit(data: bytearray) -> None:
        data[place : place + len(content)] = content

    return edit


class Kind(NamedTuple):
    """A file, the rule that explains it, and whether something has to be made up."""

    data: bytes
    code: str
    invent: bool = False


KINDS: Dict[str, Kind] = {
    "skelsec/minidump 7, 29: flags 0, and the list's size 16 bytes too small": Kind(edited("full-memory", flags(0), resized(9, -16)), "OPN025"),
    "skelsec/minidump 29: the size alone": Kind(edited("full-memory", resized(9, -16)), "OPN025"),
    "skelsec/minidump 29, 30: the flag alone": Kind(edited("full-memory", flags(0x1800)), "OPN014"),
    "skelsec/minidump 30: no thread list": Kind(edited("full-memory", flags(0), resized(9, -16), without(3)), "OPN025", True),
    "nanodump 27: four bytes of signature, and the version": Kind(edited("full-memory", put(0, bytes.fromhex("9c1122330102"))), "OPN023"),
    "nanodump 27: a small dump": Kind(edited("handles", put(0, bytes.fromhex("00ff00ff0000"))), "OPN023"),
    "LLDB: both lists and no flag": Kind(both_lists(0, [(STACK, b"lldb" * 64)]), "OPN014"),
    "LLDB: both lists and the flag": Kind(both_lists(2, [(STACK, b"lldb" * 64)]), "OPN028"),
    "WinDbg-Feedback 325, 331: no system information": Kind(edited("handles", without(7)), "OPN009", True),
    "WinDbg-Feedback 325: the same in a full dump": Kind(edited("full-memory", without(7)), "OPN009", True),
    "WinDbg-Feedback 149: its size is zero": Kind(edited("handles", resized(7, -56)), "OPN010"),
}


@pytest.fixture(scope="module")
def answers(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Tuple[Any, Any]]:
    """The engine's answers to each file as it is, and mended."""
    folder = tmp_path_factory.mktemp("reported")
    files = []
    for number, kind in enumerate(KINDS.values()):
        plain, target = folder / f"{number}.dmp", folder / f"{number}-mended.dmp"
        plain.write_bytes(kind.data)
        mend(Source(kind.data, plain.name), invent=kind.invent).write(str(target))
        files += [plain, target]
    found = bench.ask(files, what="htm")
    return {name: (found[2 * number], found[2 * number + 1]) for number, name in enumerate(KINDS)}


@pytest.mark.parametrize("name", KINDS)
def test_a_reported_kind_is_named_and_mended(bench: Bench, answers: Dict[str, Tuple[Any, Any]], name: str) -> None:
    kind = KINDS[name]
    before, after = answers[name]
    assert before.open_hr
    assert kind.code in [finding.code for finding in audit(Facts.of(Source(kind.data, "reported.dmp")))]
    assert (after.open_hr, after.wait_hr) == (0, 0)
    assert after.threads


def test_nothing_is_made_up_unless_it_is_asked_for() -> None:
    for name, kind in KINDS.items():
        if not kind.invent or kind.code != "OPN009":
            continue
        with pytest.raises(DumpError, match="invented"):
            mend(Source(kind.data, name))


def test_stacks_of_lldb_are_read_by_the_engine(bench: Bench, tmp_path: Path) -> None:
    target = tmp_path / "lldb.dmp"
    mend(Source(both_lists(0, [(STACK, b"lldb" * 64)]), "lldb.dmp")).write(str(target))
    assert "6c 6c 64 62 6c 6c 64 62" in bench.ask_one(target, [f"db 0x{STACK:x} L8"]).commands[f"db 0x{STACK:x} L8"].text.replace("-", " ")


def test_a_directory_of_zeros_is_beyond_mending() -> None:
    data = edited("handles", put(32, bytes(12 * 16)))
    with pytest.raises(DumpError, match="the writer was interrupted"):
        mend(Source(data, "zeros.dmp"), invent=True)

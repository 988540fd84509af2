"""Waits against what a program says of its own threads, and critical sections against what Microsoft's engine reads there."""

from __future__ import annotations

import io
import json
import lzma
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.session.session import Session
from dumpscope.session.waiting import all_waits
from dumpscope.session.walks import walks_of
from dumpscope.stacks.waits.sections import Sections
from dumpscope.stacks.waits.waits import HANDLE, SECTION, Wait, deadlocks

DATA = Path(__file__).parents[1] / "data" / "waits"
PACKS = sorted(path.name.partition(".")[0] for path in DATA.glob("*.dmp.xz"))


def opened(name: str) -> Tuple[Minidump, Dict[str, Any]]:
    """A pack's dump and its truth."""
    data = lzma.decompress((DATA / f"{name}.dmp.xz").read_bytes())
    return Minidump.open(io.BytesIO(data)), json.loads((DATA / f"{name}.json").read_text("ascii"))


@pytest.fixture(params=PACKS)
def pack(request: pytest.FixtureRequest) -> Iterator[Tuple[Minidump, Dict[str, Any], Dict[int, Wait]]]:
    """The dump, the truth, and the waits by thread id."""
    dump, truth = opened(request.param)
    with dump:
        session = Session(dump)
        yield dump, truth, {wait.tid: wait for wait in all_waits(session, walks_of(session))}


def objects(wait: Optional[Wait]) -> List[Tuple[str, int, bool]]:
    """Kind, value and certainty of what is waited for."""
    return [] if wait is None else [(item.kind, item.value, item.certain) for item in wait.objects]


def test_every_thread_waits_for_what_the_program_says(pack: Tuple[Minidump, Dict[str, Any], Dict[int, Wait]]) -> None:
    _, truth, waits = pack
    event, mutex, semaphore = truth["event"], truth["mutex"], truth["semaphore"]
    expected = {
        "main": [],
        "sleeps": [],
        "for_event": [(HANDLE, event, True)],
        "for_mutex": [(HANDLE, mutex, True)],
        "for_several": [(HANDLE, event, True), (HANDLE, semaphore, True), (HANDLE, mutex, True)],
        "for_all": [(HANDLE, event, True), (HANDLE, semaphore, True)],
        "for_pipe": [(HANDLE, truth["pipe"], True)],
        "for_thread": [(HANDLE, truth["thread"], True)],
        "by_native_call": [(HANDLE, semaphore, False)],  # its caller keeps the handle in memory only
        "first_then_second": [(SECTION, truth["second"], True)],
        "second_then_first": [(SECTION, truth["first"], True)],
        "for_a_section": [(SECTION, truth["lonely"], True)],
    }
    assert {name: objects(waits.get(truth[name])) for name in expected} == expected
    assert len(waits) == len(expected)


def test_owners_and_the_ring(pack: Tuple[Minidump, Dict[str, Any], Dict[int, Wait]]) -> None:
    _, truth, waits = pack
    owners = {name: waits[truth[name]].objects[0].owner for name in ("first_then_second", "second_then_first", "for_a_section", "for_thread")}
    assert owners == {
        "first_then_second": truth["second_then_first"],
        "second_then_first": truth["first_then_second"],
        "for_a_section": truth["main"],
        "for_thread": truth["sleeps"],
    }
    rings = deadlocks(list(waits.values()))
    assert [[wait.tid for wait in ring] for ring in rings] == [[truth["first_then_second"], truth["second_then_first"]]]


def test_calls_are_named_and_their_code_is_found(pack: Tuple[Minidump, Dict[str, Any], Dict[int, Wait]]) -> None:
    dump, truth, waits = pack
    assert waits[truth["sleeps"]].call == "NtDelayExecution"
    assert waits[truth["for_pipe"]].call == "NtReadFile"
    assert waits[truth["by_native_call"]].call == "NtWaitForSingleObject"
    assert waits[truth["for_several"]].all is None, "sete r8b: not proven"
    for wait in waits.values():
        stub = wait.proofs[0]
        assert stub.offset is not None
        assert dump.source.fetch(stub.offset, 4) == b"\x4c\x8b\xd1\xb8"


def test_sections_are_what_the_engine_reads(pack: Tuple[Minidump, Dict[str, Any], Dict[int, Wait]]) -> None:
    """``dq ADDRESS L5``: DebugInfo, LockCount and RecursionCount, OwningThread, LockSemaphore, SpinCount."""
    dump, truth, _ = pack
    session = Session(dump)
    walks = walks_of(session)
    reader: Any = Sections.read
    for name, words in truth["engine"].items():
        section = reader(Sections(dump, None, walks.namer, None), truth[name], 8)  # type: ignore[arg-type]
        counts = int(words[1], 16)
        assert (section.lock_count, section.depth, section.owner) == (counts & 0xFFFFFFFF, counts >> 32, int(words[2], 16))
        for proof, offset in zip(section.proofs, (8, 12, 16)):
            assert proof.address == truth[name] + offset
            assert dump.source.fetch(proof.offset, 4) == dump.memory.read(proof.address, 4)


def test_without_images_in_the_dump_nothing_is_said() -> None:
    """Wine's numbers of system calls are not those of Windows, and without exports nothing names its stubs."""
    dump, _ = opened(PACKS[0])
    with dump:
        data = bytearray(dump.source.fetch(0, dump.source.size))
        ntdll = dump.modules.named("ntdll")[0]
        place = dump.memory.locate(ntdll.base)
        assert place is not None
    data[place[0] : place[0] + 2] = b"\0\0"
    with Minidump.open(io.BytesIO(bytes(data))) as dump:
        session = Session(dump)
        assert not list(all_waits(session, walks_of(session)))

"""``waits``, and what ``threads``, ``stack`` and ``why`` say of waits, on a dump of two threads that wait for each other."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from dumpscope.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = str(ROOT / "samples" / "waits-deadlock.dmp")
PACK = ROOT / "tests" / "stacks" / "data" / "waits" / "clang-O1.dmp.xz"
RING = "deadlock: 2 threads wait for each other"


def test_text_names_objects_owners_and_the_ring(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["waits", SAMPLE, "--width", "400"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["#", "tid", "in", "waits", "for"]
    named = "\\Sessions\\1\\BaseNamedObjects\\"
    assert lines[1].split(maxsplit=3)[3] == f"Mutant 0x38 {named}DemoStore, owned by thread 1b44"
    assert lines[3].split(maxsplit=3)[3] == f"one of 2 objects: Event 0x34 {named}DemoReady; Semaphore 0x40 {named}DemoSlots"
    assert lines[4].split(maxsplit=3)[3] == "Thread 0x48, which is thread c58"
    assert lines[5].split() == ["4", "e2c", "NtDelayExecution", "sleeps"]
    assert any(line.startswith(f"warning: {RING}: thread 1a30 waits for Mutant 0x38") for line in lines)


def test_json_has_the_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["waits", SAMPLE, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    data = Path(SAMPLE).read_bytes()
    assert [wait["call"] for wait in document["waits"]] == [
        "NtWaitForSingleObject",
        "NtWaitForSingleObject",
        "NtWaitForMultipleObjects",
        "NtWaitForSingleObject",
        "NtDelayExecution",
    ]
    assert [wait["all"] for wait in document["waits"]] == [None, None, False, None, None]
    first = document["waits"][0]
    (mutant,) = first["objects"]
    assert (mutant["kind"], mutant["handle"], mutant["type"], mutant["owner_tid"], mutant["certain"]) == ("handle", "0x38", "Mutant", 0x1B44, True)
    assert mutant["known_by"].startswith("rcx, which the kernel keeps while the call lasts")
    offsets = {proof["what"]: proof["offset"] for proof in mutant["evidence"]}
    assert data[offsets["handle 0x38"] : offsets["handle 0x38"] + 8] == (0x38).to_bytes(8, "little")
    registers = offsets["registers"]
    assert data[registers + 0x80 : registers + 0x88] == (0x38).to_bytes(8, "little"), "rcx of CONTEXT"
    assert data[first["evidence"][0]["offset"] :][:4] == b"\x4c\x8b\xd1\xb8"
    array = document["waits"][2]["objects"][1]["evidence"]
    (place,) = [proof["offset"] for proof in array if proof["what"] == "handle 1 of the array"]
    assert data[place : place + 8] == (0x40).to_bytes(8, "little")
    assert document["deadlocks"][0]["tids"] == [0x1A30, 0x1B44]


def test_one_thread_with_its_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["waits", SAMPLE, "3", "--evidence"]) == 0
    text = capsys.readouterr().out
    assert "0x48 is known by rcx" in text
    assert "number of the system call: 0x4 is NtWaitForSingleObject on x64 since Windows 10" in text
    assert RING not in text
    assert main(["waits", SAMPLE, "9"]) == 1


def test_a_dump_whose_code_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["waits", str(ROOT / "samples" / "handles.dmp")]) == 0
    text = capsys.readouterr().out
    assert "0 of 3 threads are in a system call" in text
    assert "images (-i)" in text


def test_other_commands_say_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", SAMPLE, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["deadlocks"][0]["tids"] == [0x1A30, 0x1B44]
    assert RING in document["deadlocks"][0]["words"]
    assert main(["stack", SAMPLE, "1", "--width", "400"]) == 0
    assert "waits for Mutant 0x3c \\Sessions\\1\\BaseNamedObjects\\DemoIndex, owned by thread 1a30" in capsys.readouterr().out
    assert main(["stack", SAMPLE, "--all", "--json"]) == 0
    stacks = json.loads(capsys.readouterr().out)["stacks"]
    assert [stack["wait"]["call"] for stack in stacks][2] == "NtWaitForMultipleObjects"
    assert main(["threads", SAMPLE, "0", "--width", "400"]) == 0
    assert "waits for Mutant 0x38" in capsys.readouterr().out
    assert main(["threads", SAMPLE, "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["wait"]["objects"][0]["handle"] == "0x38"
    assert main(["threads", SAMPLE, "--waits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threads"][4]["waits_for"] == "sleeps"
    assert main(["threads", SAMPLE, "0", "--waits"]) == 2


def test_critical_sections_by_their_stacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "waits.dmp"
    dump.write_bytes(lzma.decompress(PACK.read_bytes()))
    assert main(["waits", str(dump), "8", "--evidence", "--width", "400"]) == 0
    text = capsys.readouterr().out
    assert "critical section waits_clang_O1+0xc150 (0x14000c150), owned by thread 12c, entered 2 times" in text
    assert "known by the argument of RtlEnterCriticalSection, frame 03: mov rcx, rbx, and rbx is preserved across calls" in text
    assert "RTL_CRITICAL_SECTION.OwningThread: 0x12c at 0x" in text


def test_what_is_not_proven_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "waits.dmp"
    dump.write_bytes(lzma.decompress(PACK.read_bytes()))
    assert main(["waits", str(dump), "7", "--width", "400"]) == 0
    assert "(not proven: it was read from memory that may have changed)" in capsys.readouterr().out

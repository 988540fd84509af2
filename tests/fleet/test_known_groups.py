"""Signatures of dumps whose crashes are known: equal within a group, different between groups, whatever the rest of the dump is."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, Sequence

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.fleet import facts

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

GROUPS: Dict[str, Sequence[str]] = {
    "a read at demo.exe+0x145c": (
        "everything-small.dmp",
        "breakpad-windows.dmp",
        "comment-procdump.dmp",
        "exception-read-violation.dmp",
        "crash-null-member.dmp",
    ),
    "the same in the program for x86": ("everything-small-x86.dmp", "crash-freed-memory.dmp", "exception-violation-x86.dmp"),
    "another place of that program, in a process of Wow64": ("exception-wow64.dmp", "exception-wow64-32-bit-code.dmp"),
    "no stack left at demo.exe+0x145c": ("exception-stack-overflow.dmp", "crash-recursion.dmp"),
    "a hang at demo.exe+0x145c": ("exception-hang-report.dmp",),
    "a call of address 0": ("crash-null-call.dmp",),
    "a Delphi exception": ("crash-delphi.dmp",),
    "std::runtime_error": ("crash-cpp-type.dmp",),
    "a panic of Rust": ("crash-rust-panic.dmp",),
    "no memory in Chromium": ("crash-chromium-oom.dmp",),
    "a missing function at its first call": ("crash-delay-load.dmp",),
    "a stowed exception": ("crash-stowed.dmp",),
    "a break from outside": ("exception-break-in.dmp",),
    "a program of Linux": ("breakpad-linux.dmp", "breakpad-linux-padded.dmp", "breakpad-arm64-old.dmp"),
    "a driver's page fault": ("not-a-dump-kernel-64.dmp", "not-a-dump-kernel-full-64.dmp"),
}
"""What happened, as README.md of samples/ says it, and the samples in which it did."""


def test_each_crash_has_one_signature_and_no_other_crash_has_it() -> None:
    found = {what: {facts(str(SAMPLES / name))["signature"] for name in names} for what, names in GROUPS.items()}
    assert {what: len(signatures) for what, signatures in found.items()} == dict.fromkeys(GROUPS, 1)
    texts = [text for signatures in found.values() for text in signatures]
    assert None not in texts
    assert len(set(texts)) == len(GROUPS)


def moved(path: Path, delta: int) -> bytes:
    """A dump in which the program was loaded elsewhere: each number of 8 bytes that is an address in it is another one."""
    data = bytearray(path.read_bytes())
    with Minidump.open(path) as dump:
        program = dump.modules[0]
        low, high = program.base, program.base + program.size
    place = 0
    while place + 8 <= len(data):
        (value,) = struct.unpack_from("<Q", data, place)
        if low <= value < high:
            struct.pack_into("<Q", data, place, value + delta)
            place += 7
        place += 1
    return bytes(data)


@pytest.mark.parametrize("name", ["everything-small.dmp", "crash-null-call.dmp", "crash-cpp-type.dmp"])
def test_the_signature_does_not_depend_on_where_the_program_was_loaded(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(moved(SAMPLES / name, 0x1230000))
    here, there = facts(str(SAMPLES / name)), facts(str(path))
    assert there["signature"] == here["signature"]
    assert there["place"] == here["place"]
    with Minidump.open(path) as dump, Minidump.open(SAMPLES / name) as before:
        assert dump.modules[0].base == before.modules[0].base + 0x1230000

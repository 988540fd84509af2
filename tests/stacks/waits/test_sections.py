"""Two x86 threads, each in RtlEnterCriticalSection for the section of the other: a process made with known truth, with symbol files of Breakpad."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Dict, List, Optional

import pytest
from samples.writer import DumpBuilder, Module, Thread

from dumpscope.dump.minidump import Minidump
from dumpscope.session.session import Session
from dumpscope.session.waiting import all_waits, wait_words
from dumpscope.session.walks import walks_of
from dumpscope.stacks.waits.waits import SECTION, Wait, deadlocks
from samples import blocks

APP, NTDLL = 0x400000, 0x77A40000
STUB, ENTER, WORK, SECTIONS = 0x72B10, 0x2F000, 0x1000, 0x4000
BACK = 0x16
"""Where the call of `work` ends, counted from its begin."""
GUIDS = {"app": "00010203-0405-0607-0809-0A0B0C0D0E0F", "ntdll": "10111213-1415-1617-1819-1A1B1C1D1E1F"}
FIRST, SECOND = 0x100, 0x200
STUB_CODE = bytes.fromhex("b8d4010000 ba70bb1277 ffd2 c20800")
_CHAIN = "$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + ="
SYMBOLS = {
    "ntdll": f"PUBLIC {STUB:x} 8 NtWaitForAlertByThreadId\nFUNC {ENTER:x} 100 4 RtlEnterCriticalSection\nSTACK WIN 4 {ENTER:x} 100 3 0 4 0 0 0 1 {_CHAIN}\n",
    "app": f"FUNC {WORK:x} 40 0 work\nSTACK WIN 4 {WORK:x} 40 3 0 0 0 0 0 1 {_CHAIN}\n",
}


def section(owner: int, depth: int = 1) -> bytes:
    """An RTL_CRITICAL_SECTION of 32 bits."""
    return struct.pack("<IiiIII", 0xFFFFFFFF, -6 if owner else -1, depth, owner, 0, 0)


def call_to(target: int, at: int) -> bytes:
    return b"\xe8" + struct.pack("<i", target - (at + 5))


def thread(tid: int, place: int, wanted: int) -> Thread:
    """A thread in NtWaitForAlertByThreadId, called by RtlEnterCriticalSection(wanted), called by work."""
    words = [
        NTDLL + ENTER + 0x60,  # to RtlEnterCriticalSection
        wanted,
        0,
        place + 0x18,  # ebp of work, saved by RtlEnterCriticalSection
        APP + WORK + BACK,
        wanted,
        0,
        0,  # work was the first
        0,
    ]
    context = blocks.context_x86(eip=NTDLL + STUB + 12, esp=place, ebp=place + 12)
    return Thread(tid, context=context, stack_address=place, stack=struct.pack(f"<{len(words)}I", *words))


def waits_of_process(
    folder: Path, sections: bytes, threads: Optional[List[Thread]] = None, call: bytes = call_to(NTDLL + ENTER, APP + WORK + BACK - 5)
) -> Dict[int, Wait]:
    """The waits, by thread id."""
    made = DumpBuilder("x86")
    made.add_system_info()
    made.add_thread_list(threads or [thread(FIRST, 0x100000, APP + SECTIONS + 0x20), thread(SECOND, 0x200000, APP + SECTIONS)])
    modules = []
    for name, base in (("app", APP), ("ntdll", NTDLL)):
        key = GUIDS[name].replace("-", "") + "1"
        (folder / f"{name}.sym").write_text(f"MODULE windows x86 {key} {name}.pdb\n{SYMBOLS[name]}")
        modules.append(Module(base, 0x1A4000, f"C:\\x\\{name}.dll", cv=blocks.rsds(GUIDS[name], 1, f"{name}.pdb")))
    made.add_module_list(modules)
    made.add_memory(APP + WORK, bytes(BACK - len(call)) + call + bytes(0x20))
    made.add_memory(APP + SECTIONS, sections)
    made.add_memory(NTDLL + STUB, STUB_CODE)
    made.add_memory_list()
    with Minidump.open(io.BytesIO(made.build())) as dump:
        session = Session(dump)
        return {wait.tid: wait for wait in all_waits(session, walks_of(session, (), (str(folder),)))}


BOTH = section(FIRST).ljust(0x20, b"\0") + section(SECOND, 2)


def test_each_waits_for_the_section_of_the_other(tmp_path: Path) -> None:
    waits = waits_of_process(tmp_path, BOTH)
    found = {tid: [(item.kind, item.value, item.owner, item.certain) for item in wait.objects] for tid, wait in waits.items()}
    assert found == {FIRST: [(SECTION, APP + SECTIONS + 0x20, SECOND, True)], SECOND: [(SECTION, APP + SECTIONS, FIRST, True)]}
    assert waits[FIRST].call == "NtWaitForAlertByThreadId"
    assert "owned by thread 200, entered 2 times" in wait_words(waits[FIRST])
    assert [[wait.tid for wait in ring] for ring in deadlocks(list(waits.values()))] == [[FIRST, SECOND]]
    argument = waits[FIRST].objects[0].proofs[0]
    assert (argument.what, argument.value, argument.address) == ("argument", f"0x{APP + SECTIONS + 0x20:x}", 0x100000 + 0x14)


def test_a_call_through_the_import_table(tmp_path: Path) -> None:
    table = APP + SECTIONS + 0x40
    sections = BOTH.ljust(0x40, b"\0") + struct.pack("<I", NTDLL + ENTER)
    assert waits_of_process(tmp_path, sections, call=b"\xff\x15" + struct.pack("<I", table))[FIRST].objects[0].owner == SECOND


@pytest.mark.parametrize(
    ("sections", "call"),
    [
        (BOTH, call_to(NTDLL + ENTER + 4, APP + WORK + BACK - 5)),  # the call leads elsewhere
        (BOTH, b"\xff\xd0"),  # through a register: nothing says where
        (section(0, 0) * 3, call_to(NTDLL + ENTER, APP + WORK + BACK - 5)),  # owned by nobody
        (section(FIRST, -1).ljust(0x20, b"\0") + section(SECOND, -1), call_to(NTDLL + ENTER, APP + WORK + BACK - 5)),  # no section
        (BOTH[:0x10], call_to(NTDLL + ENTER, APP + WORK + BACK - 5)),  # not captured
    ],
    ids=["elsewhere", "register", "free", "no-section", "not-captured"],
)
def test_what_is_not_proven_is_not_said(tmp_path: Path, sections: bytes, call: bytes) -> None:
    waits = waits_of_process(tmp_path, sections, call=call)
    assert set(waits) == {FIRST, SECOND}
    assert not any(wait.objects for wait in waits.values())

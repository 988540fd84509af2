"""SRW locks, condition variables and addresses against what a program says of its own threads; ARM64 and win32u calls on made dumps."""

from __future__ import annotations

import io
import json
import lzma
import struct
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple

import pytest
from tests.stacks.waits.test_calls import dump_of, exports, stub, wait_in

from dumpscope.dump.minidump import Minidump
from dumpscope.session.session import Session
from dumpscope.session.waiting import all_waits, wait_json, wait_words
from dumpscope.session.walks import walks_of
from dumpscope.stacks.waits.waits import Wait, deadlocks
from dumpscope.writing import DumpBuilder
from samples import blocks

DATA = Path(__file__).parents[1] / "data" / "waits" / "locks"
PACKS = sorted(path.name.partition(".")[0] for path in DATA.glob("*.dmp.xz"))
Pack = Tuple[Minidump, Dict[str, Any], Dict[int, Wait]]


@pytest.fixture(params=PACKS)
def pack(request: pytest.FixtureRequest) -> Iterator[Pack]:
    """The dump, the truth, and the waits by thread id."""
    truth = json.loads((DATA / f"{request.param}.json").read_text("ascii"))
    with Minidump.open(io.BytesIO(lzma.decompress((DATA / f"{request.param}.dmp.xz").read_bytes()))) as dump:
        session = Session(dump)
        yield dump, truth, {wait.tid: wait for wait in all_waits(session, walks_of(session))}


def test_there_are_packs() -> None:
    assert len(PACKS) == 2


def test_locks_are_those_of_the_program(pack: Pack) -> None:
    _, truth, waits = pack
    for name, kind, meaning in (("exclusive", "SRW lock", "to own it alone"), ("share", "SRW lock", "to share it"), ("in_section", "critical section", "")):
        wait = waits[truth[name]]
        (item,) = wait.objects
        assert (item.kind, item.value, item.certain) == (kind, truth[f"{name}_at"], True)
        assert meaning in wait.meaning
        members = wait_json(wait)["objects"][0]
        assert (members["handle"], members["address"]) == (None, f"0x{truth[f'{name}_at']:x}")


PASSED_ON = {"condition_srw": "condition variable", "condition_section": "condition variable", "address": "address"}
"""What kernelbase passes on to ntdll in a register that neither of them writes before: its kind."""


def test_what_is_passed_on_is_kept_by_the_function_that_waits(pack: Pack) -> None:
    """ntdll copies it to a register that calls preserve, on every way to the call that waits; unwinding restores that register."""
    _, truth, waits = pack
    for name, kind in PASSED_ON.items():
        wait = waits[truth[name]]
        (item,) = wait.objects
        assert (item.kind, item.value, item.certain) == (kind, truth[f"{name}_at"], True)
        code, register, _ = item.proofs
        assert code.value.startswith("mov ")
        assert code.value.endswith(", on every way to the call")
        assert code.offset
        assert (register.what.split()[0], register.value) == (code.value.split()[1].rstrip(","), f"0x{item.value:x}")


def test_what_no_code_proves_is_not_claimed(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a function's ways are not known, nothing is claimed but the kind."""
    dump, truth, _ = pack
    monkeypatch.setattr("dumpscope.stacks.x64.arguments.holders", lambda instructions, targets, parameter: [frozenset()] * len(instructions))
    session = Session(dump)
    waits = {wait.tid: wait for wait in all_waits(session, walks_of(session))}
    unproven = 0
    for name, kind in PASSED_ON.items():
        wait = waits[truth[name]]
        words = wait_words(wait)
        assert all(item.value == truth[f"{name}_at"] for item in wait.objects), "what is said must be true"
        if not wait.objects:
            unproven += 1
            assert f" {kind}, " in words
            assert words.endswith("which one is not proven")
    assert unproven >= 2


def test_what_is_at_a_lock_is_what_the_engine_reads(pack: Pack) -> None:
    _, truth, waits = pack
    for name in ("exclusive", "share"):
        proof = waits[truth[name]].objects[0].proofs[-1]
        assert proof.value == f"0x{int(truth['engine'][f'{name}_at'][0], 16):x}"


def test_locks_without_an_owner_make_no_ring(pack: Pack) -> None:
    _, _, waits = pack
    assert deadlocks(list(waits.values())) == []


# -- ARM64: the call is known, its arguments are not ----------------------------------------------------------------------------

NTDLL, STUB = 0x7FFC3A6F0000, 0x9D0E0


def arm64(code: bytes, behind: int = 4, name: bytes = b"NtWaitForSingleObject") -> Optional[Wait]:
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=12, MajorVersion=10, BuildNumber=22631, PlatformId=2, CSDVersion="")
    context = blocks.context_arm64(pc=NTDLL + STUB + behind, sp=0x100000, x0=0x38)
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FF000, Stack=(0x100000, 64), ThreadContext=context)
    builder.add("ModuleListStream", BaseOfImage=NTDLL, SizeOfImage=0x1A4000, TimeDateStamp=0x5F3C1A2B, ModuleName="C:\\Windows\\System32\\ntdll.dll")
    builder.capture(0x100000, bytes(64))
    builder.capture(NTDLL, exports(STUB, name))
    builder.capture(NTDLL + STUB, code)
    return wait_in(builder.to_bytes())


SVC_4 = struct.pack("<II", 0xD4000001 | 4 << 5, 0xD65F03C0)


def test_arm64_names_the_call_and_claims_no_handle() -> None:
    wait = arm64(SVC_4)
    assert wait is not None
    assert (wait.call, wait.objects) == ("NtWaitForSingleObject", ())
    assert wait_words(wait) == "until it is signalled; which handle it waits for is not proven"
    assert wait.proofs[0].value == "svc #0x4"


@pytest.mark.parametrize(
    ("code", "behind", "name"),
    [
        (SVC_4, 0, b"NtWaitForSingleObject"),  # before the call
        (SVC_4, 4, b"NtClose"),
        (SVC_4[:4] + bytes(4), 4, b"NtWaitForSingleObject"),
        (struct.pack("<II", 0xD4000002 | 4 << 5, 0xD65F03C0), 4, b"NtWaitForSingleObject"),  # hvc
        (SVC_4[:6], 4, b"NtWaitForSingleObject"),  # cut
    ],
)
def test_other_arm64_code_is_no_call(code: bytes, behind: int, name: bytes) -> None:
    assert arm64(code, behind, name) is None


# -- win32u -----------------------------------------------------------------------------------------------------------------------

WIN32U = 0x7FFC39000000


def user(name: bytes, number: int, stack: bytes = bytes(64), **registers: int) -> Optional[Wait]:
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    context = blocks.context_amd64(rip=WIN32U + STUB + 0x14, rsp=0x10000000, rax=number, **registers)
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FF000, Stack=(0x10000000, len(stack)), ThreadContext=context)
    builder.add("ModuleListStream", BaseOfImage=WIN32U, SizeOfImage=0x1A4000, TimeDateStamp=0x5F3C1A2B, ModuleName="C:\\Windows\\System32\\win32u.dll")
    builder.capture(0x10000000, stack)
    builder.capture(WIN32U, exports(STUB, name))
    builder.capture(WIN32U + STUB, stub(number))
    return wait_in(builder.to_bytes())


@pytest.mark.parametrize("name", [b"NtUserGetMessage", b"NtUserWaitMessage"])
def test_a_message_loop(name: bytes) -> None:
    wait = user(name, 0x1006)
    assert wait is not None
    assert (wait.call, wait.objects) == (name.decode(), ())
    assert wait_words(wait) == "for a message of its queue"
    assert user(b"NtUserCallNoParam", 0x1006) is None


def test_messages_or_objects() -> None:
    name, array = b"NtUserMsgWaitForMultipleObjectsEx", struct.pack("<QQ", 0x34, 0x38)
    wait = user(name, 0x143F, bytes(0x20) + array, rcx=2, rdx=0x10000020, r8=0xFFFFFFFF)
    assert wait is not None
    assert [(item.value, item.certain) for item in wait.objects] == [(0x34, True), (0x38, True)]
    assert wait.all is None
    assert "a message of its queue may end it too" in wait_words(wait)
    none = user(name, 0x143F, rcx=0)
    assert none is not None
    assert wait_words(none) == "for a message of its queue"


def test_the_number_of_a_window_call_alone_names_nothing() -> None:
    """Their numbers change between builds."""
    assert wait_in(dump_of(stub(0x1006), 0x14, {"rax": 0x1006})) is None

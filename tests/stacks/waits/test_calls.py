"""System calls on made dumps: registers that the kernel keeps, the stack of x86, and what must not be believed."""

from __future__ import annotations

import io
import struct
from typing import Dict, List, Optional, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.session.session import Session
from dumpscope.session.waiting import wait_of, wait_words
from dumpscope.session.walks import walks_of
from dumpscope.stacks.waits.waits import Wait
from dumpscope.writing import DumpBuilder
from samples import blocks

NTDLL, STACK = 0x7FFC3A6F0000, 0x10000000
CODE = NTDLL + 0x9D0E0
TAIL = bytes.fromhex("f604250803fe7f0175030f05c3cd2ec3")


def stub(number: int, tail: bytes = TAIL) -> bytes:
    """A system call of x64 ntdll."""
    return b"\x4c\x8b\xd1\xb8" + struct.pack("<I", number) + tail


def dump_of(code: bytes, behind: int, registers: Dict[str, int], stack: bytes = bytes(64), build: int = 19045) -> bytes:
    """One thread that stands ``behind`` bytes into the code."""
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=build, PlatformId=2, CSDVersion="")
    context = blocks.context_amd64(rip=CODE + behind, rsp=STACK, **registers)
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FF000, Stack=(STACK, len(stack)), ThreadContext=context)
    builder.add("ModuleListStream", BaseOfImage=NTDLL, SizeOfImage=0x1F8000, ModuleName="C:\\Windows\\System32\\ntdll.dll")
    builder.capture(STACK, stack)
    builder.capture(CODE, code)
    return builder.to_bytes()


def wait_in(data: bytes) -> Optional[Wait]:
    """What the only thread waits for."""
    with Minidump.open(io.BytesIO(data)) as dump:
        session = Session(dump)
        return wait_of(session, walks_of(session), dump.threads[0])


def values(wait: Optional[Wait]) -> List[Tuple[int, bool]]:
    assert wait is not None
    return [(item.value, item.certain) for item in wait.objects]


def test_the_kernel_keeps_the_arguments_while_rax_is_the_number() -> None:
    wait = wait_in(dump_of(stub(4), 0x14, {"rax": 4, "rcx": 0x38}))
    assert values(wait) == [(0x38, True)]
    assert wait is not None
    assert wait.call == "NtWaitForSingleObject"
    assert "rax is still the number of the call, 0x4" in wait.objects[0].known_by


@pytest.mark.parametrize("rax", [0, 0x102, 0x7FF7253D9928])
def test_registers_of_a_call_that_has_returned_or_was_not_kept_are_not_believed(rax: int) -> None:
    """Observed: dumps of Windows 10 build 14393, where rax and rcx hold something else."""
    wait = wait_in(dump_of(stub(4), 0x14, {"rax": rax, "rcx": 0x38}))
    assert wait is not None
    assert not wait.objects
    assert wait_words(wait) == "until it is signalled; which handle it waits for is not proven"


@pytest.mark.parametrize(
    ("code", "behind", "build"),
    [
        (stub(5), 0x14, 19045),  # another number
        (stub(4), 0x14, 9600),  # the numbers are those of Windows 10
        (stub(4), 0x12, 19045),  # before the call
        (b"\x90" + stub(4)[1:], 0x14, 19045),
        (stub(4, TAIL[:-3] + b"\xeb\x01\xc3"), 0x14, 19045),  # Wine's end: its numbers are its own, and it keeps no rcx
        (stub(4)[:-3], 0x14, 19045),  # cut
    ],
)
def test_other_code_is_no_call(code: bytes, behind: int, build: int) -> None:
    assert wait_in(dump_of(code, behind, {"rax": 4, "rcx": 0x38}, build=build)) is None


@pytest.mark.parametrize(("tail", "behind"), [(b"\x0f\x05\xc3", 10), (TAIL, 0x17)])
def test_the_other_forms_of_the_stub(tail: bytes, behind: int) -> None:
    assert values(wait_in(dump_of(stub(4, tail), behind, {"rax": 4, "rcx": 0x38}))) == [(0x38, True)]


def test_several_objects_come_from_the_array() -> None:
    stack = bytes(0x20) + struct.pack("<QQ", 0x34, 0x40) + bytes(0x10)
    registers = {"rax": 0x5B, "rcx": 2, "rdx": STACK + 0x20, "r8": 0}
    wait = wait_in(dump_of(stub(0x5B), 0x14, registers, stack))
    assert values(wait) == [(0x34, True), (0x40, True)]
    assert wait is not None
    assert wait.all is True
    assert wait_in(dump_of(stub(0x5B), 0x14, {**registers, "r8": 1}, stack)).all is False  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("count", "array", "note"),
    [
        (0, STACK, "0 handles cannot be waited for"),
        (65, STACK, "65 handles cannot be waited for"),
        (0xFFFFFFFF, STACK, "4294967295 handles cannot be waited for"),
        (9, STACK, "the array of its 9 handles at 0x10000000 is not in the dump"),
        (1, 0xFFFFFFFFFFFFFFFF, "the array of its 1 handles at 0xffffffffffffffff is not in the dump"),
    ],
)
def test_hostile_counts_and_arrays(count: int, array: int, note: str) -> None:
    wait = wait_in(dump_of(stub(0x5B), 0x14, {"rax": 0x5B, "rcx": count, "rdx": array}))
    assert wait is not None
    assert not wait.objects
    assert wait.note == note


def test_pseudo_handles() -> None:
    wait = wait_in(dump_of(stub(4), 0x14, {"rax": 4, "rcx": 0xFFFFFFFFFFFFFFFE}))
    assert wait is not None
    assert (wait.objects[0].type, wait.objects[0].name) == ("Thread", "the thread itself")


# -- x86 ---------------------------------------------------------------------------------------------------------------------

NTDLL_32, STACK_32 = 0x77A40000, 0x100000
STUB_32 = NTDLL_32 + 0x72B10
IMAGE_END = 0x1A4000


def exports(stub_rva: int, name: bytes) -> bytes:
    """The headers of a PE32 image with one export."""
    image = bytearray(0x400)
    image[0:2], image[0x3C] = b"MZ", 0x40
    struct.pack_into("<4sHHIIIHH", image, 0x40, b"PE\0\0", 0x14C, 0, 0x5F3C1A2B, 0, 0, 224, 0x2102)
    struct.pack_into("<H", image, 0x58, 0x10B)
    struct.pack_into("<I", image, 0x58 + 28, NTDLL_32)
    struct.pack_into("<III", image, 0x58 + 32, 0x1000, 0x200, 0)
    struct.pack_into("<II", image, 0x58 + 56, IMAGE_END, 0x400)
    struct.pack_into("<I", image, 0x58 + 92, 16)
    struct.pack_into("<II", image, 0x58 + 96, 0x200, 0x100)
    struct.pack_into("<IIHHIIIIIII", image, 0x200, 0, 0, 0, 0, 0x280, 1, 1, 1, 0x240, 0x244, 0x248)
    struct.pack_into("<IIH", image, 0x240, stub_rva, 0x2A0, 0)
    image[0x280:0x28A] = b"ntdll.dll\0"
    image[0x2A0 : 0x2A0 + len(name) + 1] = name + b"\0"
    return bytes(image)


def x86(eip: int, stack: bytes, code: Dict[int, bytes], name: bytes = b"NtWaitForSingleObject") -> Optional[Wait]:
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=0, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    context = blocks.context_x86(eip=eip, esp=STACK_32)
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FF000, Stack=(STACK_32, len(stack)), ThreadContext=context)
    builder.add("ModuleListStream", BaseOfImage=NTDLL_32, SizeOfImage=IMAGE_END, TimeDateStamp=0x5F3C1A2B, ModuleName="C:\\Windows\\SysWOW64\\ntdll.dll")
    builder.capture(STACK_32, stack)
    builder.capture(NTDLL_32, exports(STUB_32 - NTDLL_32, name))
    for address, data in code.items():
        builder.capture(address, data)
    return wait_in(builder.to_bytes())


STUB_CODE = bytes.fromhex("b804000000 ba70bb1277 ffd2 c20c00")


def test_x86_has_the_handle_on_the_stack() -> None:
    wait = x86(STUB_32 + 12, struct.pack("<IIII", 0x401234, 0x38, 0, 0), {STUB_32: STUB_CODE})
    assert values(wait) == [(0x38, True)]
    assert wait is not None
    assert wait.objects[0].proofs[0].address == STACK_32 + 4


def test_x86_by_sysenter_has_one_return_address_more() -> None:
    system = NTDLL_32 + 0x70000
    stack = struct.pack("<IIIII", STUB_32 + 12, 0x401234, 0x38, 0, 0)
    code = {STUB_32: bytes.fromhex("b804000000 ba0003fe7f ff12 c20c00"), system - 4: bytes.fromhex("8bd40f34c3")}
    assert values(x86(system, stack, code)) == [(0x38, True)]


def test_x86_stub_that_no_export_names_is_no_call() -> None:
    assert x86(STUB_32 + 12, struct.pack("<II", 0x401234, 0x38), {STUB_32: STUB_CODE}, b"NtClose") is None

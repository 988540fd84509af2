"""What the caller's code proves of an argument, on code written for each case; and the instructions that it is made of."""

from __future__ import annotations

import io
import struct
from typing import List, Optional, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.frames import UNWIND_DATA, ContextOrigin, Frame
from dumpscope.stacks.x64.arguments import RCX, RDX, Argument, Arguments
from dumpscope.stacks.x64.functions import Region, Rows
from dumpscope.stacks.x64.unwindinfo import Row
from dumpscope.symbols.images import Images
from dumpscope.writing import DumpBuilder

BASE, STACK = 0x140000000, 0x10000000
RBX, RSP, RSI = 3, 4, 6
CALL = b"\xe8\0\0\0\0"


class Code(Arguments):
    """Arguments over functions that a test gives: each begins at a multiple of 0x100."""

    def __init__(self, dump: Minidump, *functions: bytes) -> None:
        super().__init__(dump, Images(dump))
        self._functions_given = functions
        image = b"".join(code.ljust(0x100, b"\xcc") for code in functions)
        begins = [0x100 * number for number in range(len(functions))]
        ends = [begin + len(code) for begin, code in zip(begins, functions)]
        self._only = Region(BASE, BASE + len(image), "code", lambda rva, size: image[rva : rva + size], Rows(begins, ends, begins, 0))

    def region(self, address: int) -> Optional[Tuple[Region, Row]]:
        row = self._only.rows.at(address - BASE)
        return (self._only, row) if isinstance(row, Row) else None


def frame(number: int, ip: int, **registers: int) -> Frame:
    values = [0] * 17
    for name, value in registers.items():
        values[{"rbx": RBX, "rsp": RSP, "rsi": RSI}[name]] = value
    values[16] = ip
    return Frame(number, ip, values[RSP], None, ContextOrigin(UNWIND_DATA, 0, 0), True, STACK if number else None, values, not number)


def asked(functions: List[bytes], frames: List[Frame], register: int = RCX, memory: bytes = b"") -> Optional[Argument]:
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.capture(STACK, memory or bytes(64))
    with Minidump.open(io.BytesIO(builder.to_bytes())) as dump:
        return Code(dump, *functions).at_call(frames, 0, register)


def one(before: bytes, register: int = RCX, memory: bytes = b"", behind: bytes = b"\xc3", **registers: int) -> Optional[Argument]:
    """The argument of a call that a function makes behind some instructions."""
    back = BASE + len(before) + len(CALL)
    return asked([before + CALL + behind], [frame(0, 0x7FF0), frame(1, back, **registers)], register, memory)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (b"\x48\x89\xd9", 0x123456789A),  # mov rcx, rbx
        (b"\x48\x8b\xcb", 0x123456789A),  # the same, the other way
        (b"\x89\xd9", 0x3456789A),  # mov ecx, ebx
        (b"\x48\x8d\x4b\x10", 0x12345678AA),  # lea rcx, [rbx+10h]
        (b"\x48\x8d\x4b\xf0\x90\x31\xc0", 0x123456788A),  # and others behind it
        (b"\xb9\x38\0\0\0", 0x38),  # mov ecx, 38h
        (b"\x48\xc7\xc1\xfe\xff\xff\xff", 0xFFFFFFFFFFFFFFFE),  # mov rcx, -2
        (b"\xb9\xfe\xff\xff\xff", 0xFFFFFFFE),  # mov ecx, -2
        (b"\x31\xc9", 0),  # xor ecx, ecx
        (b"\x48\x8d\x0d\x20\0\0\0", BASE + 7 + 0x20),  # lea rcx, [rip+20h]
        (b"\x48\x8d\x44\x24\x20\x48\x89\xc1", STACK + 0x20),  # lea rax, [rsp+20h]; mov rcx, rax
        (b"\x48\x8d\x43\x08\x48\x8d\x48\x08", 0x12345678AA),  # lea rax, [rbx+8]; lea rcx, [rax+8]
    ],
)
def test_what_a_line_of_code_proves(code: bytes, value: int) -> None:
    found = one(code, rbx=0x123456789A, rsp=STACK)
    assert found is not None
    assert (found.value, found.certain) == (value, True)
    assert all(proof.address is None or BASE <= proof.address < BASE + 0x100 for proof in found.proofs)


@pytest.mark.parametrize(
    "code",
    [
        b"\x48\x89\xd9\xe8\0\0\0\0",  # a call between: it may change rcx
        b"\x48\x89\xd9\x48\x83\xc1\x08",  # add rcx, 8
        b"\x48\x89\xd9\x0f\x44\xc8",  # cmove ecx, eax
        b"\x48\x89\xd9\x5b",  # pop rbx: rbx is not what it was
        b"\x48\x8d\x4c\x24\x20\x50",  # push rax: rsp is not what it was
        b"\x48\x89\xc1",  # mov rcx, rax, where rax comes from is not known
        b"\x48\x8d\x0c\xc3",  # lea rcx, [rbx+rax*8]
        b"\x89\xd8\x48\x8d\x48\x08",  # mov eax, ebx; lea rcx, [rax+8]: 32 bits and more are mixed
        b"\x65\x48\x8b\x0c\x25\x30\0\0\0",  # gs:[30h]
        b"\x48\x89\xd9\x0f\x05",  # a system call between
        b"\x75\x03\x48\x89\xd9\x90",  # jne over it
        b"\xeb\x03\x48\x89\xd9\xff\xe0",  # jmp rax: where it leads is not known
        b"\x48\x89\xd9\x06",  # no instruction
    ],
)
def test_what_it_does_not_prove(code: bytes) -> None:
    assert one(b"\x90\x90\xc3" + code, rbx=0x1234, rsp=STACK) is None


def test_a_jump_from_behind_the_call_leads_between() -> None:
    """mov rcx, rbx; nop; call; jmp to the nop."""
    line = b"\x48\x89\xd9\x90"
    assert one(line, behind=b"\x90\xc3", rbx=0x1234) is not None
    assert one(line, behind=b"\xeb\xf8\xc3", rbx=0x1234) is None


def test_a_jump_from_another_part_of_the_function_leads_between() -> None:
    """je to another part, which jumps back in front of the call."""
    far = b"\x0f\x84" + struct.pack("<i", 0x100 - 6) + b"\x48\x89\xd9\x90"
    back = BASE + len(far) + len(CALL)
    frames = [frame(0, 0x7FF0), frame(1, back, rbx=0x1234)]
    away = b"\xe9" + struct.pack("<i", len(far) - 1 - 0x100 - 5)  # to the nop before the call
    assert asked([far + CALL + b"\xc3", b"\x90\xc3"], frames) is not None
    assert asked([far + CALL + b"\xc3", away], frames) is None


def test_memory_is_read_and_not_certain() -> None:
    found = one(b"\x48\x8b\x4c\x24\x08", memory=struct.pack("<QQ", 1, 0x38).ljust(64, b"\0"), rsp=STACK)  # mov rcx, [rsp+8]
    assert found is not None
    assert (found.value, found.certain) == (0x38, False)
    assert found.proofs[-1].address == STACK + 8
    assert one(b"\x48\x8b\x4c\x24\x08", rsp=0x999) is None


def test_an_argument_that_is_passed_on_is_looked_for_in_the_next_caller() -> None:
    inner, outer = b"\x90" + CALL + b"\xc3", b"\xbb\x07\0\0\0\x48\x89\xf1\xba\x05\0\0\0" + CALL + b"\xc3"
    frames = [frame(0, 0x7FF0), frame(1, BASE + 6), frame(2, BASE + 0x100 + len(outer) - 1, rsi=0x40)]
    for register, value in ((RCX, 0x40), (RDX, 5)):
        found = asked([inner, outer], frames, register)
        assert found is not None
        assert (found.value, found.certain) == (value, True)
    assert asked([inner, outer], [*frames[:2], frames[2]._replace(certain=False)]) is None
    assert asked([inner, outer], frames[:2]) is None


def test_a_function_that_is_called_for_ever_ends_the_search() -> None:
    ring = b"\x90" + CALL + b"\xc3"
    assert asked([ring], [frame(number, BASE + 6) for number in range(100)]) is None


# -- instructions ------------------------------------------------------------------------------------------------------------

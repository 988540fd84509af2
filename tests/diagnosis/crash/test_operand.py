"""Which registers made the address of a violation: the built-in decoders, and iced-x86 where it is installed."""

from __future__ import annotations

import io
import struct
import sys
from typing import Any, Dict, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder as SampleBuilder
from samples.writer import Thread

from dumpscope.diagnosis.crash.account import account_of
from dumpscope.diagnosis.crash.decoder import decoded
from dumpscope.diagnosis.crash.operand import Operand, memory_operands
from dumpscope.diagnosis.crash.operand_arm64 import memory_operands as arm64_operands
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.minidump import Minidump
from samples import blocks

CODE, STACK = 0x7FF600001000, 0x10000000


@pytest.mark.parametrize(
    ("word", "text"),
    [
        # encodings by clang --target=aarch64
        (0xF9400820, "[x1+0x10]"),  # ldr x0, [x1, #16]
        (0xB9000BE0, "[sp+0x8]"),  # str w0, [sp, #8]
        (0xF85F8020, "[x1-0x8]"),  # ldur x0, [x1, #-8]
        (0xF8408420, "[x1]"),  # ldr x0, [x1], #8
        (0xF8408C20, "[x1+0x8]"),  # ldr x0, [x1, #8]!
        (0xF8627820, "[x1+x2*8]"),  # ldr x0, [x1, x2, lsl #3]
        (0xB862D820, "[x1+sxtw(x2)*4]"),  # ldr w0, [x1, w2, sxtw #2]
        (0x38624820, "[x1+uxtw(x2)]"),  # ldrb w0, [x1, w2, uxtw]
        (0xA9BF7BFD, "[sp-0x10]"),  # stp x29, x30, [sp, #-16]!
        (0xA8C17BFD, "[sp]"),  # ldp x29, x30, [sp], #16
        (0x6D7E0420, "[x1-0x20]"),  # ldp d0, d1, [x1, #-32]
        (0x3DC00420, "[x1+0x10]"),  # ldr q0, [x1, #16]
        (0x885F7C20, "[x1]"),  # ldxr w0, [x1]
        (0xF8200022, "[x1]"),  # ldadd x0, x2, [x1]
        (0x4C407020, "[x1]"),  # ld1 {v0.16b}, [x1]
        (0xF94003A0, "[fp]"),  # ldr x0, [x29]
        (0xF94003C0, "[lr]"),  # ldr x0, [x30]
    ],
)
def test_arm64_operands(word: int, text: str) -> None:
    assert [item.text for item in arm64_operands(struct.pack("<I", word))] == [text]


@pytest.mark.parametrize("word", [0xD65F03C0, 0x58000040, 0x8B020020, 0x94000000, 0x00000000, 0xFFFFFFFF])
def test_arm64_instructions_without_one(word: int) -> None:
    """ret, a literal, add, bl, and none at all."""
    assert arm64_operands(struct.pack("<I", word)) == ()
    assert arm64_operands(b"\x20\x08") == ()


def test_the_address_of_arm64_operands() -> None:
    registers = {"x1": 0x1000, "x2": 0xFFFFFFFFFFFFFFFE, "x3": 0xFFFFFFFE}
    assert arm64_operands(struct.pack("<I", 0xB862D820))[0].address(registers, 8, 0) == 0x1000 - 8
    assert arm64_operands(struct.pack("<I", 0x38634820))[0].address(registers, 8, 0) == 0x100000FFE
    assert Operand("x3", "x3", 1, 0, "", "sxtw").address(registers, 8, 0) == 0xFFFFFFFC


# -- iced-x86 ----------------------------------------------------------------------------------------------------------------

needs_iced = pytest.mark.skipif(
    "iced_x86" not in sys.modules and not __import__("importlib.util", fromlist=["util"]).find_spec("iced_x86"), reason="no iced-x86"
)


@needs_iced
@pytest.mark.parametrize(
    ("code", "wide"),
    [
        ("488b44cf10", True),
        ("8b0d00010000", True),
        ("8b4df8", False),
        ("65488b042530000000", True),
        ("c5f96f4108", True),
        ("f3a4", True),
        ("f3a5", False),
        ("0fb60411", True),
        ("48c7042400000000", True),
        ("ff10", True),
    ],
)
def test_both_decoders_agree(code: str, wide: bool) -> None:
    data = bytes.fromhex(code).ljust(15, b"\x90")
    found = decoded(data, CODE, wide)
    assert found is not None
    mine = {item.text for item in memory_operands(data, wide) if item.base != "rip"}
    assert mine <= {item.text for item in found.operands}
    assert mine or code == "8b0d00010000"


@needs_iced
@pytest.mark.parametrize(
    ("code", "text", "operands"),
    [
        ("50", "push rax", ["[rsp-0x8]"]),
        ("c3", "ret", ["[rsp]"]),
        ("62f17c48104101", "vmovups zmm0,[rcx+40h]", ["[rcx+0x40]"]),  # the built-in decoder knows no EVEX
        ("48a5", "movsq [rdi],[rsi]", ["[rsi]", "[rdi]"]),
        ("06", None, []),
    ],
)
def test_what_iced_knows_besides(code: str, text: Optional[str], operands: List[str]) -> None:
    found = decoded(bytes.fromhex(code).ljust(15, b"\x90"), CODE, True)
    assert (None if found is None else found.text) == text
    assert sorted(item.text for item in ((item for item in found.operands) if found is not None else ())) == sorted(operands)


def crash(code: bytes, target: int, registers: Dict[str, int], kind: int = 0) -> bytes:
    """A dump of an access violation at CODE."""
    made = SampleBuilder("amd64", 0)
    made.add_system_info()
    context = blocks.context_amd64(rip=CODE, rsp=STACK, **registers)
    made.add_thread_list([Thread(0x100, 0x7FF000, context, STACK, bytes(64))])
    made.add_exception(tid=0x100, code=0xC0000005, address=CODE, parameters=(kind, target), context=context)
    made.add_memory(CODE, code.ljust(16, b"\x90"))
    made.add_memory_list()
    return made.build()


def remarks(data: bytes) -> List[Tuple[str, str, str]]:
    with Minidump.open(io.BytesIO(data)) as dump:
        found = account_of(Facts.of(dump.source))
        assert found is not None
        return [(item.text, item.certainty, item.source) for item in found.statements if "instruction used" in item.text]


@pytest.fixture
def without_iced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iced_x86", None)  # type: ignore[arg-type]


LOAD = bytes.fromhex("488b44cf10")  # mov rax, [rdi+rcx*8+10h]
USED = "the instruction used [rdi+rcx*8+0x10], rdi=00000000`00050000, rcx=00000000`00000002"


def test_the_built_in_answer(without_iced: Any) -> None:
    assert decoded(LOAD, CODE, True) is None
    assert remarks(crash(LOAD, 0x50020, {"rdi": 0x50000, "rcx": 2})) == [(USED, "certain", "")]


@needs_iced
def test_the_same_with_the_text_of_the_instruction() -> None:
    assert remarks(crash(LOAD, 0x50020, {"rdi": 0x50000, "rcx": 2})) == [(USED, "certain", "mov rax,[rdi+rcx*8+10h], by iced-x86")]


@pytest.mark.parametrize(("target", "known"), [(0x51000, True), (0x51008, False), (0x50FF9, False), (0x52000, False)])
def test_an_access_over_the_end_of_a_page_faults_at_the_next_one(without_iced: Any, target: int, known: bool) -> None:
    """mov rax, [rdi] with rdi four bytes before a page: Windows tells the page's begin."""
    assert bool(remarks(crash(bytes.fromhex("488b07"), target, {"rdi": 0x50FFC}))) is known


def test_an_arm64_load_names_its_register() -> None:
    made = SampleBuilder("arm64", 0)
    made.add_system_info()
    context = bytearray(912)
    struct.pack_into("<I", context, 0, 0x400007)
    struct.pack_into("<Q", context, 8 + 8, 0x50000)  # x1
    struct.pack_into("<QQ", context, 8 + 8 * 31, STACK, CODE)
    made.add_thread_list([Thread(0x100, 0x7FF000, bytes(context), STACK, bytes(64))])
    made.add_exception(tid=0x100, code=0xC0000005, address=CODE, parameters=(0, 0x50010), context=bytes(context))
    made.add_memory(CODE, struct.pack("<I", 0xF9400820))
    made.add_memory_list()
    assert remarks(made.build()) == [("the instruction used [x1+0x10], x1=00000000`00050000", "certain", "")]

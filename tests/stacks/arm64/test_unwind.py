"""Unwind data of ARM64: every code, packed words, records with epilogues, and whole walks of images made by hand."""

from __future__ import annotations

import io
import random
import struct
from typing import Dict, List, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder, Module, Thread
from tests.cases import each
from tests.symbols.pe_builder import TIMESTAMP, Part, build_pe, mapped

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.arm64.codes import decode
from dumpscope.stacks.arm64.unwind import Arm64Unwinder
from dumpscope.stacks.frames import Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images
from samples import blocks

STACK = 0x70000
APP = 0x1_4000_0000
BL, RET, NOP = 0x94000000, 0xD65F03C0, 0xD503201F


def packed(length: int, frame: int, *, flag: int = 1, floats: int = 0, integers: int = 0, homes: int = 0, chain: int = 0) -> int:
    return flag | length // 4 << 2 | floats << 13 | integers << 16 | homes << 20 | chain << 21 | frame // 16 << 23


def record(length: int, codes: str, *, scopes: Sequence[Tuple[int, int]] = (), one: int = -1, version: int = 0, extended: bool = False) -> bytes:
    table = bytes.fromhex(codes.replace(" ", ""))
    table += b"\xe3" * (-len(table) % 4)
    head = length // 4 | version << 18
    count = len(scopes)
    if one >= 0:
        head, count = head | 1 << 21, one
    if extended:
        start = struct.pack("<II", head, count | len(table) // 4 << 16)
    else:
        start = struct.pack("<I", head | count << 22 | len(table) // 4 << 27)
    return start + b"".join(struct.pack("<I", at // 4 | index << 22) for at, index in scopes) + table


# -- whole walks --------------------------------------------------------------------------------------------------------------------

OUTER, INNER, LEAF_AT = 0x1000, 0x1100, 0x1200


def image() -> Tuple[bytes, List[Part]]:
    """Code with a function by record that calls one by packed data, which calls a leaf without a row."""
    text = bytearray(struct.pack("<I", NOP) * 0x100)
    struct.pack_into("<I", text, OUTER - 0x1000 + 0x1C, BL)
    struct.pack_into("<I", text, INNER - 0x1000 + 0x1C, BL)
    xdata = record(0x40, "e1 c804 85 e4", scopes=[(0x30, 0)])  # set_fp; stp x19,x20,[sp,#0x20]; stp fp,lr,[sp,#-0x30]!
    pdata = struct.pack("<IIII", OUTER, 0x3000, INNER, packed(0x40, 0x20, integers=2, chain=3))
    parts = [Part(b".text", 0x1000, bytes(text), 0x60000020), Part(b".pdata", 0x2000, pdata), Part(b".xdata", 0x3000, xdata)]
    return build_pe(parts, {3: (0x2000, len(pdata))}, machine=0xAA64, base=APP), parts


def walk(registers: Dict[str, int], stack: Sequence[int], *, with_image: bool = True) -> Stack:
    made = DumpBuilder("arm64")
    made.add_system_info()
    made.add_thread_list([Thread(1, context=blocks.context_arm64(**registers), stack_address=STACK, stack=struct.pack(f"<{len(stack)}Q", *stack))])
    made.add_module_list([Module(APP, 0x5000, "app.exe", timestamp=TIMESTAMP)])
    if with_image:
        file, parts = image()
        made.add_memory(APP, mapped(file, parts))
    made.add_memory_list()
    with Minidump.open(io.BytesIO(made.build())) as dump:
        found = Walker(dump, Images(dump)).thread(dump.threads[0])
        assert all(frame.origin.proofs() for frame in found.frames)
    return found


X19, X20, BACK, INNER_BACK = 0x1919, 0x2020, APP + OUTER + 0x20, APP + INNER + 0x20
INNER_FRAME = [STACK + 0x20, BACK, X19, X20]  # stp x19,x20,[sp,#-0x10]!; stp fp,lr,[sp,#-0x10]!
OUTER_FRAME = [0, 0, 0, 0, 0x77, 0x88]


def test_a_leaf_a_packed_function_and_one_with_a_record() -> None:
    found = walk({"pc": APP + LEAF_AT + 8, "sp": STACK, "fp": STACK, "lr": INNER_BACK}, INNER_FRAME + OUTER_FRAME)
    got = [(frame.ip, frame.sp, frame.found_by, frame.certain) for frame in found.frames]
    assert got == [
        (APP + LEAF_AT + 8, STACK, "context", True),
        (INNER_BACK, STACK, "leaf", True),
        (BACK, STACK + 0x20, "unwind data", True),
    ]
    assert found.end.kind == "return-address-0"
    assert (found.frames[2].registers[19], found.frames[2].registers[20], found.frames[2].registers[29]) == (X19, X20, STACK + 0x20)


@pytest.mark.parametrize(
    ("offset", "below", "fp"),
    [
        (0, 0x20, STACK + 0x20),  # nothing has run
        (4, 0x10, STACK + 0x20),  # x19 and x20 are saved
        (8, 0, STACK + 0x20),  # fp and lr too
        (0x10, 0, STACK),  # in the body
        (0x34, 0, STACK),  # at the epilogue
        (0x38, 0x10, STACK + 0x20),  # fp and lr are back
        (0x3C, 0x20, STACK + 0x20),  # at the return
    ],
)
def test_every_instruction_of_prologue_and_epilogue(offset: int, below: int, fp: int) -> None:
    saved = {} if 0 < below < 0x20 or not below else {"x19": X19, "x20": X20}
    found = walk({"pc": APP + INNER + offset, "sp": STACK + below, "fp": fp, "lr": BACK, **saved}, INNER_FRAME + OUTER_FRAME)
    caller = found.frames[1]
    assert (caller.ip, caller.sp, caller.certain, caller.registers[29]) == (BACK, STACK + 0x20, True, STACK + 0x20)
    assert caller.registers[19:21] == [X19, X20]
    assert caller.found_by == ("epilogue" if offset >= 0x34 else "unwind data")
    assert found.end.kind == "return-address-0"


@each("seed", range(20))
def test_damaged_unwind_data_end_a_stack_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    file, parts = image()
    whole = bytearray(mapped(file, parts))
    for _ in range(3):
        at = chance.choice((0x2000, 0x3000)) + chance.randrange(16)
        whole[at] = chance.randrange(256)
    made = DumpBuilder("arm64")
    made.add_system_info()
    registers = {"pc": APP + INNER + 0x10, "sp": STACK, "fp": STACK, "lr": BACK}
    stack = struct.pack("<10Q", *INNER_FRAME, *OUTER_FRAME)
    made.add_thread_list([Thread(1, context=blocks.context_arm64(**registers), stack_address=STACK, stack=stack)])
    made.add_module_list([Module(APP, 0x5000, "app.exe", timestamp=TIMESTAMP)])
    made.add_memory(APP, bytes(whole))
    made.add_memory_list()
    with Minidump.open(io.BytesIO(made.build())) as dump:
        found = Walker(dump, Images(dump)).thread(dump.threads[0])
    assert 1 <= len(found.frames) <= 4
    assert found.end.message


def test_without_the_image_frame_pointers_are_guesses() -> None:
    found = walk({"pc": APP + INNER + 0x10, "sp": STACK, "fp": STACK, "lr": 1}, INNER_FRAME + OUTER_FRAME, with_image=False)
    assert [(frame.found_by, frame.certain) for frame in found.frames[:2]] == [("context", True), ("frame pointer", False)]


def test_lr_that_follows_no_call_is_no_caller() -> None:
    found = walk({"pc": APP + LEAF_AT + 8, "sp": STACK, "fp": 1, "lr": INNER_BACK + 4}, INNER_FRAME + OUTER_FRAME)
    assert (len(found.frames), found.end.kind) == (1, "not-a-return-address")


def test_a_machine_frame_says_that_its_function_was_interrupted() -> None:
    with Minidump.open(io.BytesIO(DumpBuilder("arm64").build())) as dump:
        unwinder = Arm64Unwinder(dump, Images(dump))
    values = list(range(33))
    unwinder.memory.word = {0x1F: 0x5000, 0x27: 0x6000}.get  # type: ignore[method-assign, assignment]
    assert unwinder._undo(decode(b"\xe9\xe4"), values) == (0x27, None)
    assert (values[31], values[32]) == (0x5000, 0x6000)

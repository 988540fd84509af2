"""Unwind data of ARM64: every code, packed words, records with epilogues, and whole walks of images made by hand."""

from __future__ import annotations

import io
import random
import struct
from typing import Callable, Dict, List, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder, Module, Thread
from tests.symbols.pe_builder import TIMESTAMP, Part, build_pe, mapped

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.arm64.codes import decode, read_record, unpack
from dumpscope.stacks.arm64.unwind import Arm64Unwinder, follows_call, stripped
from dumpscope.stacks.frames import Stack
from dumpscope.stacks.walk import Walker
from dumpscope.stacks.x64.unwindinfo import BadUnwind, MissingUnwind
from dumpscope.symbols.images import Images
from samples import blocks

STACK = 0x70000
APP = 0x1_4000_0000
BL, RET, NOP = 0x94000000, 0xD65F03C0, 0xD503201F


def words(data: str) -> List[str]:
    return [code.words for code in decode(bytes.fromhex(data.replace(" ", "")))]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("1f", "alloc_s +0x1f0"),
        ("24", "save_r19r20_x x19,x20 +0x20"),
        ("42", "save_fplr fp,lr [sp+0x10]"),
        ("91", "save_fplr_x fp,lr +0x90"),
        ("c7ff", "alloc_m +0x7ff0"),
        ("c808", "save_regp x19,x20 [sp+0x40]"),
        ("c982", "save_regp x25,x26 [sp+0x10]"),
        ("ce09", "save_regp_x x27,x28 +0x50"),
        ("d0c7", "save_reg x22 [sp+0x38]"),
        ("d461", "save_reg_x x22 +0x10"),
        ("d645", "save_lrpair x21,lr [sp+0x28]"),
        ("d842", "save_fregp d9,d10 [sp+0x10]"),
        ("da01", "save_fregp_x d8,d9 +0x10"),
        ("dc83", "save_freg d10 [sp+0x18]"),
        ("de21", "save_freg_x d9 +0x10"),
        ("e0000102", "alloc_l +0x1020"),
        ("e1", "set_fp"),
        ("e204", "add_fp fp-0x20"),
        ("e3", "nop"),
        ("e4", "end"),
        ("e5", "end_c"),
        ("e7 13 02", "save_any_reg x19 [sp+0x10]"),
        ("e7 53 02", "save_any_reg x19,x20 [sp+0x20]"),
        ("e7 73 02", "save_any_reg x19,x20 +0x30"),
        ("e9", "MSFT_OP_MACHINE_FRAME"),
        ("ea", "MSFT_OP_CONTEXT"),
        ("ec", "MSFT_OP_CLEAR_UNWOUND_TO_CALL"),
        ("fc", "pac_sign_lr"),
    ],
)
def test_every_code(data: str, expected: str) -> None:
    assert words(data) == [expected]


def test_save_next_counts_up_from_the_pair_behind_it() -> None:
    assert words("e6 e6 ce09 e4") == ["save_next d10,d11 [sp+0x20]", "save_next d8,d9 [sp+0x10]", "save_regp_x x27,x28 +0x50", "end"]
    assert words("e6 24 e4")[0] == "save_next x21,x22 [sp+0x10]"


@pytest.mark.parametrize("data", ["c8", "e00001", "e8", "eb", "df01", "f0", "ff", "e6 e4", "e6", "e6 42 e4", "cb08 cbff", "e7 93 00", "e7 13 c0", "d7c0"])
def test_bad_codes(data: str) -> None:
    with pytest.raises(BadUnwind):
        words(data)


def packed(length: int, frame: int, *, flag: int = 1, floats: int = 0, integers: int = 0, homes: int = 0, chain: int = 0) -> int:
    return flag | length // 4 << 2 | floats << 13 | integers << 16 | homes << 20 | chain << 21 | frame // 16 << 23


@pytest.mark.parametrize(
    ("word", "codes"),
    [
        # Example 1 of Microsoft's page
        (0x416101ED, ["set_fp", "save_fplr fp,lr", "alloc_m +0x810", "save_reg_x x19 +0x10"]),
        (packed(64, 0x20, chain=3), ["set_fp", "save_fplr_x fp,lr +0x20"]),
        (packed(64, 0x20, chain=2), ["set_fp", "save_fplr_x fp,lr +0x20", "pac_sign_lr"]),
        (packed(64, 0x30, integers=2, chain=1), ["alloc_m +0x10", "save_reg lr [sp+0x10]", "save_regp_x x19,x20 +0x20"]),
        (packed(64, 0x20, integers=3, chain=1), ["save_lrpair x21,lr [sp+0x10]", "save_regp_x x19,x20 +0x20"]),
        (packed(64, 0x10, chain=1), ["save_reg_x lr +0x10"]),
        (packed(64, 0x20, floats=2), ["save_freg d10 [sp+0x10]", "save_fregp_x d8,d9 +0x20"]),
        (packed(64, 0x50, homes=1, chain=1), ["nop"] * 4 + ["save_reg_x lr +0x50"]),
        (packed(64, 0x40, homes=1), ["nop"] * 3 + ["alloc +0x40"]),
        (packed(64, 0x1010, flag=2), ["alloc_m +0x20", "alloc_m +0xff0"]),
    ],
)
def test_packed_words(word: int, codes: List[str]) -> None:
    unwind = unpack(word)
    assert [code.words for code in unwind.codes] == [*codes, "end"]
    assert unwind.prologue == (0 if word & 3 == 2 else len(codes))


def test_a_packed_epilogue_has_neither_homes_nor_the_frame_pointer() -> None:
    unwind = unpack(packed(64, 0x70, integers=2, homes=1, chain=3))
    (epilogue,) = unwind.epilogues
    assert [code.words for code in epilogue.codes] == ["save_fplr_x fp,lr +0x20", "save_regp_x x19,x20 +0x50", "end"]
    assert epilogue.start == 64 - 12


@pytest.mark.parametrize("word", [3, packed(64, 0x100, integers=11), packed(64, 0x10, integers=1, chain=1), packed(64, 0x10, integers=4)])
def test_bad_packed_words(word: int) -> None:
    with pytest.raises(BadUnwind):
        unpack(word)


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


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda rva, size: data[rva : rva + size]


@pytest.mark.parametrize("extended", [False, True])
def test_a_record_with_scopes(extended: bool) -> None:
    # set_fp, save_regp, save_fplr_x, end; a second sequence for the other epilogue
    unwind = read_record(reader(record(0x100, "e1 c802 83 e4 83 e4", scopes=[(0x40, 0), (0x80, 5)], extended=extended)), 0)
    assert (unwind.length, unwind.prologue) == (0x100, 3)
    names = [[code.name for code in unwind.at(offset)[0]] for offset in (0, 4, 8, 12, 0x40, 0x44, 0x48, 0x4C, 0x50, 0x80, 0x84)]
    whole = ["set_fp", "save_regp", "save_fplr_x", "end"]
    assert names == [whole[3:], whole[2:], whole[1:], whole, whole, whole[1:], whole[2:], whole[3:], whole, whole[2:], whole[3:]]


def test_a_record_with_one_epilogue_at_its_end() -> None:
    unwind = read_record(reader(record(0x40, "e1 83 e4", one=1)), 0)
    assert [code.name for code in unwind.at(0x38)[0]] == ["save_fplr_x", "end"]
    assert [code.name for code in unwind.at(0x3C)[0]] == ["end"]
    assert [code.name for code in unwind.at(0x34)[0]] == ["set_fp", "save_fplr_x", "end"]


def test_a_part_of_a_function_undoes_the_prologue_of_the_whole() -> None:
    unwind = read_record(reader(record(0x40, "c802 e5 e1 83 e4")), 0)
    assert unwind.prologue == 1
    assert [code.name for code in unwind.at(0)[0]] == ["end_c", "set_fp", "save_fplr_x", "end"]


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", MissingUnwind), (record(64, "e4")[:5], MissingUnwind), (record(64, "e4", version=1), BadUnwind), (record(64, "e4", scopes=[(0, 9)]), BadUnwind)],
)
def test_bad_records(data: bytes, error: type) -> None:
    with pytest.raises(error):
        read_record(reader(data), 0)


def test_a_record_that_claims_ten_thousand_epilogues_is_refused() -> None:
    with pytest.raises(BadUnwind, match="10000 epilogues"):
        read_record(reader(record(64, "e4", scopes=[(0, 0)] * 10000, extended=True)), 0)


def test_calls_and_signed_addresses() -> None:
    def call(word: int) -> bool:
        return follows_call(struct.pack("<I", word))

    assert all(map(call, (BL, BL | 0x3FFFFFF, 0xD63F0100, 0xD63F081F, 0xD73F0811)))
    assert not any(map(call, (RET, NOP, 0x14000000, 0xD61F0100)))
    assert stripped(0x1234_7FF6_1234_5678) == 0x7FF6_1234_5678
    assert stripped(0xFFFF_8000_1234_5678) == 0xFFFF_8000_1234_5678


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


@pytest.mark.parametrize("seed", range(20))
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

"""Unwind codes of ARM64, packed words, and records with epilogues."""

from __future__ import annotations

import struct
from typing import Callable, List

import pytest
from tests.cases import each
from tests.stacks.arm64.test_unwind import BL, NOP, RET, packed, record

from dumpscope.stacks.arm64.codes import decode, read_record, unpack
from dumpscope.stacks.arm64.unwind import follows_call, stripped
from dumpscope.stacks.x64.unwindinfo import BadUnwind, MissingUnwind


def words(data: str) -> List[str]:
    return [code.words for code in decode(bytes.fromhex(data.replace(" ", "")))]


@each(
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

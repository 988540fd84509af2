"""Unwind codes and epilogues of x64, byte by byte."""

from __future__ import annotations

import struct
from typing import Dict, Optional, Tuple

import pytest

from dumpscope.stacks.x64.epilogue import call_before, follow
from dumpscope.stacks.x64.unwind import code_words, undo
from dumpscope.stacks.x64.unwindinfo import BadUnwind, MissingUnwind, Row, read_chain, read_unwind_info

RSP, RBP, RBX, RSI, RDI, R12 = 4, 5, 3, 6, 7, 12
ROW = Row(0x1000, 0x1100, 0x2000, 0, 0x3000)


def reader(**at: bytes):
    """Bytes by offset: x2000=b"..."."""
    pieces = {int(key[1:], 16): value for key, value in at.items()}

    def read(rva: int, size: int) -> bytes:
        for start, data in pieces.items():
            if start <= rva < start + len(data):
                return data[rva - start : rva - start + size]
        return b""

    return read


def info(codes: bytes, *, prologue: int = 0x20, frame: int = 0, version: int = 1, flags: int = 0, behind: bytes = b"") -> bytes:
    padded = codes + bytes(-len(codes) % 4)
    return bytes([version | flags << 3, prologue, len(codes) // 2, frame]) + padded + behind


@pytest.mark.parametrize(
    ("codes", "passed", "saves", "back"),
    [
        # push rbx; sub rsp, 0x20
        ("0532 0130", 0x20, {RBX: 0x20}, 0x28),
        ("0532 0130", 1, {RBX: 0}, 8),  # behind the push
        ("0532 0130", 0, {}, 0),  # at the first instruction
        # sub rsp, 0x12340 in units of 8, and as a plain number
        ("0701 6824", 0x20, {}, 0x12340),
        ("0711 40230100", 0x20, {}, 0x12340),
        # mov [rsp+0x40], rsi behind sub rsp, 0x38
        ("0c64 0800 0762", 0x20, {RSI: 0x40}, 0x38),
        ("0c65 40000000 0762", 0x20, {RSI: 0x40}, 0x38),
    ],
)
def test_codes(codes: str, passed: int, saves: Dict[int, int], back: int) -> None:
    data = info(bytes.fromhex(codes.replace(" ", "")))
    done = undo(read_chain(reader(x2000=data), ROW), passed)
    assert (done.base, done.saves, done.return_address, done.machine) == (RSP, saves, back, False)


def test_a_frame_register_is_used_once_it_is_set() -> None:
    # push rbp; sub rsp, 0x50; lea rbp, [rsp + 0x20]
    data = info(bytes.fromhex("0a03 0592 0150".replace(" ", "")), prologue=10, frame=0x25)
    chain = read_chain(reader(x2000=data), ROW)
    body = undo(chain, 10)
    assert (body.base, body.saves, body.return_address) == (RBP, {RBP: 0x50 - 0x20}, 0x58 - 0x20)
    before = undo(chain, 5)
    assert (before.base, before.saves, before.return_address) == (RSP, {RBP: 0x50}, 0x58)


def test_what_is_pushed_after_the_frame_register_was_set_is_below_the_stack_pointer() -> None:
    # push rbp; mov rbp, rsp; push rdi; sub rsp, 0x28: rdi by the stack pointer, rbp and the return address by the frame register
    data = info(bytes.fromhex("0942 0570 0403 0150".replace(" ", "")), prologue=9, frame=0x05)
    chain = read_chain(reader(x2000=data), ROW)
    body = undo(chain, 9)
    assert (body.base, body.saves, body.elsewhere, body.return_address) == (RBP, {RBP: 0}, {RDI: (RSP, 0x28)}, 8)
    assert undo(chain, 5).elsewhere == {RDI: (RSP, 0)}
    pushed = undo(chain, 1)
    assert (pushed.base, pushed.saves, pushed.elsewhere, pushed.return_address) == (RSP, {RBP: 0}, {}, 8)


def test_xmm_registers() -> None:
    data = info(bytes.fromhex("0968 0200 0979 30000000 0452".replace(" ", "")))
    done = undo(read_chain(reader(x2000=data), ROW), 0x20)
    assert done.xmm == {6: 0x20, 7: 0x30}
    assert done.return_address == 0x30


@pytest.mark.parametrize(("code", "at"), [("000a", 0), ("001a", 8)])
def test_a_machine_frame(code: str, at: int) -> None:
    done = undo(read_chain(reader(x2000=info(bytes.fromhex(code))), ROW), 0x20)
    assert (done.return_address, done.machine) == (at, True)


def test_a_chain_is_undone_to_its_root_whatever_the_offset() -> None:
    root = info(bytes.fromhex("0432 0130".replace(" ", "")))
    part = info(bytes.fromhex("0564 0700".replace(" ", "")), flags=4, behind=struct.pack("<III", 0x800, 0x900, 0x2100))
    chain = read_chain(reader(x2000=part, x2100=root), ROW)
    assert [row.begin for row, _ in chain] == [0x1000, 0x800]
    assert undo(chain, 0).saves == {RBX: 0x20}
    assert undo(chain, 5).saves == {RSI: 0x38, RBX: 0x20}


def test_a_row_may_stand_for_another() -> None:
    other = struct.pack("<III", 0x1000, 0x1050, 0x2100)
    chain = read_chain(reader(x2100=info(bytes.fromhex("0132")), x3300=other), ROW._replace(unwind=0x3301))
    assert chain[0][1].rva == 0x2100


def test_epilogues_of_version_2() -> None:
    # size 6, one at the end of the function and one that begins 0x123 before the end
    data = info(bytes.fromhex("0616 2316 0130".replace(" ", "")), version=2)
    found = read_unwind_info(reader(x2000=data), ROW._replace(end=0x1200))
    assert found.epilogues == ((0x11FA, 0x1200), (0x1200 - 0x123, 0x1200 - 0x123 + 6))
    assert [code.op for code in found.codes] == [0]
    assert code_words(found) == ["+0x1: UWOP_PUSH_NONVOL rbx"]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", MissingUnwind, "not at hand"),
        (info(b"\0\0", version=7), BadUnwind, "version 7"),
        (info(b"\x01\x0f"), BadUnwind, "which is not one"),
        (info(b"\x01\x11"), BadUnwind, "needs 3 slots"),
        (bytes([1, 0, 9, 0]) + b"\0\0", MissingUnwind, "9 slots"),
        (info(b"", flags=4), MissingUnwind, "chained"),
        (info(b"\x01\x03"), BadUnwind, "names none"),
    ],
)
def test_bad_unwind_data(data: bytes, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        undo(read_chain(reader(x2000=data), ROW), 0x20)


def test_a_chain_that_never_ends() -> None:
    loop = info(b"", flags=4, behind=struct.pack("<III", 0x1000, 0x1100, 0x2000))
    with pytest.raises(BadUnwind, match="more than 32"):
        read_chain(reader(x2000=loop), ROW)


@pytest.mark.parametrize(
    ("code", "frame", "expected"),
    [
        ("c3", 0, (RSP, {}, 0, None)),
        ("f3c3", 0, (RSP, {}, 0, None)),
        ("c20800", 0, (RSP, {}, 0, None)),
        ("4883c428 c3", 0, (RSP, {}, 0x28, None)),
        ("4881c440230100 5b 5f 415c c3", 0, (RSP, {RBX: 0x12340, RDI: 0x12348, R12: 0x12350}, 0x12358, None)),
        ("488d6530 5d c3", RBP, (RBP, {RBP: 0x30}, 0x38, None)),
        ("488da5c0000000 5d c3", RBP, (RBP, {RBP: 0xC0}, 0xC8, None)),
        ("498d642410 c3", R12, (R12, {}, 0x10, None)),
        ("488d6530 5d c3", 0, None),  # no frame register: no epilogue
        ("4883c420 5b eb10", 0, (RSP, {RBX: 0x20}, 0x28, 0x1000 + 7 + 0x10)),
        ("5b e900010000", 0, (RSP, {RBX: 0}, 8, 0x1000 + 6 + 0x100)),
        ("ff2512345678", 0, (RSP, {}, 0, None)),
        ("48ffe0", 0, (RSP, {}, 0, None)),
        ("ffe0", 0, None),  # a jump table
        ("48ffd0", 0, None),  # a call
        ("4883c428 90 c3", 0, None),
        ("5c c3", 0, None),
        ("", 0, None),
        ("4883", 0, None),
        ("e90000", 0, None),
        ("41", 0, None),
    ],
)
def test_epilogues(code: str, frame: int, expected: Optional[Tuple[int, Dict[int, int], int, Optional[int]]]) -> None:
    found = follow(bytes.fromhex(code.replace(" ", "")), 0x1000, frame)
    assert (None if found is None else (found.base, dict(found.saves), found.return_address, found.target)) == expected


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("0000 e811223344", True),
        ("ffd0", True),
        ("41ffd3", True),
        ("ff1511223344", True),
        ("ff5008", True),
        ("ff9080000000", True),
        ("ff542420", True),
        ("41ff542420", True),
        ("42ff94c888000000", True),
        ("ff14c5 80000000", True),
        ("9090909090909090", False),
        ("ffe0", False),
        ("ffd090", False),
        ("", False),
    ],
)
def test_calls(code: str, call: bool) -> None:
    assert call_before(bytes.fromhex(code.replace(" ", ""))) is call

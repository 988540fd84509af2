"""Unwind codes and epilogues of x64, byte by byte."""

from __future__ import annotations

import struct
from typing import Dict

import pytest

from dumpscope.stacks.x64.unwind import undo
from dumpscope.stacks.x64.unwindinfo import Row, read_chain

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

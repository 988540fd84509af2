"""Registers by the numbers that symbol records have for them. Source: microsoft/microsoft-pdb, include/cvconst.h (CV_HREG_e)."""

from __future__ import annotations

from typing import Dict, NamedTuple

X86, AMD64, ARM64 = 0x14C, 0x8664, 0xAA64
"""Machines of the DBI stream."""


class Place(NamedTuple):
    """A register or a part of one: ``name`` of the whole register as a dump has it, bits below the part, bytes of it."""

    name: str
    shift: int
    size: int


_OLD = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")


def _parts(prefix: str) -> Dict[int, Place]:
    found = {}
    for index, name in enumerate(_OLD):
        whole = prefix + name
        if index < 4:
            found[1 + index] = Place(whole, 0, 1)
            found[5 + index] = Place(whole, 8, 1)
        found[9 + index] = Place(whole, 0, 2)
        found[17 + index] = Place(whole, 0, 4)
    return found


def _amd64() -> Dict[int, Place]:
    found = _parts("r")
    for index, name in enumerate(("rsi", "rdi", "rbp", "rsp")):
        found[324 + index] = Place(name, 0, 1)
    for index, name in enumerate(("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", *(f"r{number}" for number in range(8, 16)))):
        found[328 + index] = Place(name, 0, 8)
    for index in range(8):
        found[344 + index] = Place(f"r{8 + index}", 0, 1)
        found[352 + index] = Place(f"r{8 + index}", 0, 2)
        found[360 + index] = Place(f"r{8 + index}", 0, 4)
        found[154 + index] = Place(f"xmm{index}", 0, 16)
        found[252 + index] = Place(f"xmm{8 + index}", 0, 16)
    return found


def _x86() -> Dict[int, Place]:
    found = _parts("e")
    found.update({154 + index: Place(f"xmm{index}", 0, 16) for index in range(8)})
    return found


def _arm64() -> Dict[int, Place]:
    found = {10 + index: Place(f"x{index}", 0, 4) for index in range(29)}
    found.update({50 + index: Place(f"x{index}", 0, 8) for index in range(29)})
    found.update({79: Place("fp", 0, 8), 80: Place("lr", 0, 8), 81: Place("sp", 0, 8)})
    return found


REGISTERS = {X86: _x86(), AMD64: _amd64(), ARM64: _arm64()}
"""Registers of each machine by their numbers."""
FRAME_BASES = {X86: {2: "ebp", 3: "ebx"}, AMD64: {1: "rsp", 2: "rbp", 3: "r13"}, ARM64: {1: "sp", 2: "fp"}}
"""What S_FRAMEPROC names as the register that variables are relative to; on x86 1 is a virtual one, which only frame data know."""

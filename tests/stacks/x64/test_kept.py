"""Registers that hold what a function was called with, whatever way leads to an instruction."""

from __future__ import annotations

from typing import List, Set, Tuple

import pytest

from dumpscope.stacks.x64.instructions import Instruction, decode
from dumpscope.stacks.x64.kept import copied_at, holders

RCX, RBX, RSI = 1, 3, 6
BEGIN = 0x1000


def line(code: str) -> List[Tuple[int, Instruction]]:
    data = bytes.fromhex(code.replace(" ", ""))
    found: List[Tuple[int, Instruction]] = []
    at = 0
    while at < len(data):
        item = decode(data, at)
        assert item is not None
        found.append((BEGIN + at, item))
        at += item.length
    return found


def last(code: str, others: Tuple[int, ...] = ()) -> Set[int]:
    """What holds rcx before the last instruction."""
    instructions = line(code)
    return set(holders(instructions, frozenset(others), RCX)[-1])


CALL = "e800000000"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("90", {RCX}),
        ("4889cb 90", {RCX, RBX}),  # mov rbx, rcx
        ("488bd9 90", {RCX, RBX}),  # the same, encoded the other way
        ("4889cb 4889de 90", {RCX, RBX, RSI}),
        (f"4889cb {CALL} 90", {RBX}),  # a call preserves rbx only
        (f"{CALL} 4889cb 90", set()),
        ("4889cb 31db 90", {RCX}),  # xor ebx, ebx
        ("89cb 90", {RCX}),  # mov ebx, ecx: half of it
        ("4889cb ffc1 90", {RBX}),  # inc ecx
        # je over mov rbx, rcx: only one way copies it
        ("85d2 7403 4889cb 90", {RCX}),
        # je over xor ecx, ecx: one way loses it
        ("85d2 7402 31c9 90", set()),
        # both ways copy it
        ("85d2 7405 4889cb eb03 4889cb 90", {RCX, RBX}),
        # a loop that changes rbx behind its first instruction
        ("4889cb 90 ffc3 75fb 90", {RCX}),
        # what stands behind a jump is reached from elsewhere or not at all
        ("eb02 31c9 4889cb 90", {RCX, RBX}),
    ],
)
def test_what_holds(code: str, expected: Set[int]) -> None:
    assert last(code) == expected


def test_a_jump_from_elsewhere_proves_nothing() -> None:
    assert last("4889cb 90") == {RCX, RBX}
    assert last("4889cb 90", (BEGIN + 3,)) == set()
    # one from elsewhere to where one of its own leads, too
    assert last("85d2 7400 90") == {RCX}
    assert last("85d2 7400 90", (BEGIN + 4,)) == set()


def test_the_copy_is_found() -> None:
    instructions = line("4889ce 4889cb 31c0 90")
    assert copied_at(instructions, RBX, 3) == 1
    assert copied_at(instructions, RSI, 3) == 0
    assert copied_at(instructions, RCX, 3) is None


def test_nothing_is_known_of_no_instructions() -> None:
    assert holders([], frozenset((1,)), RCX) == []

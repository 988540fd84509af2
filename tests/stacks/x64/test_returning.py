"""Code without unwind data, followed instruction by instruction to its return."""

from __future__ import annotations

from typing import Optional

import pytest

from dumpscope.stacks.x64.returning import MAX_INSTRUCTIONS, Returns, follow_to_return

RBX, RSP, RBP, RSI = 3, 4, 5, 6
START = 0x1000

CHKSTK_MS = "51 50 483d00100000 488d4c2418 7219 4881e900100000 48830900 482d00100000 483d00100000 77e7 4829c1 48830900 58 59 c3"
"""___chkstk_ms of libgcc: push rcx; push rax; cmp; lea rcx, [rsp+0x18]; a loop that touches pages; pop rax; pop rcx; ret."""
CHKSTK = (
    ("4883ec10 4c891424 4c895c2408 4d33db 4c8d542418 4c2bd0 4d0f42d3 654c8b1c2510000000 4d3bd3 7316", (0, 4, 8, 13, 16)),
    ("664181e200f0 4d8d9b00f0ffff 41c60300 4d3bd3 75f0", (0, 6, 13)),
    ("4c8b1424 4c8b5c2408 4883c410 c3", (0, 4, 9)),
)
"""__chkstk of Microsoft's run-time library: room of 0x10 bytes for r10 and r11, a loop, the end; and where instructions of each begin."""


def follow(code: str, at: int = 0, function: Optional[range] = None) -> Optional[Returns]:
    """Follow code from one of its instructions on; beyond its end another function begins."""
    data = bytes.fromhex(code.replace(" ", ""))

    def read(address: int, size: int) -> bytes:
        return data[max(address - START, 0) :][:size]

    def leaves(target: int) -> Optional[bool]:
        return False if START <= target < START + len(data) else True if target == START + 0x800 else None

    return follow_to_return(read, START + at, leaves, function)


@pytest.mark.parametrize(
    ("at", "back"), [(0, 0), (1, 8), *((at, 16) for at in (2, 8, 0xD, 0xF, 0x16, 0x1A, 0x20, 0x26, 0x28, 0x2B, 0x2F)), (0x30, 8), (0x31, 0)]
)
def test_every_instruction_of_chkstk_ms(at: int, back: int) -> None:
    found = follow(CHKSTK_MS, at)
    assert found is not None
    assert (found.base, found.return_address, found.saves) == (RSP, back, ())
    assert found.moves == (at != 0x31)


def test_instructions_of_microsofts_chkstk() -> None:
    whole, begin = " ".join(code for code, _ in CHKSTK), 0
    for code, starts in CHKSTK:
        for at in starts:
            found = follow(whole, begin + at)
            assert found is not None
            assert (found.base, found.return_address, found.saves) == (RSP, 16 if begin + at else 0, ())
        begin += len(bytes.fromhex(code.replace(" ", "")))
    found = follow(whole, begin - 1)
    assert found is not None
    assert (found.return_address, found.moves) == (0, False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # sub rsp, 0x28; add rsp, 0x28; ret
        ("4883ec28 4883c428 c3", (RSP, 0, ())),
        # pop rbx; pop rsi; ret: what the function saved
        ("5b 5e c3", (RSP, 16, ((RBX, 0), (RSI, 8)))),
        # push rbx; mov rbx, rcx; pop rbx; ret: rbx is as it was
        ("53 4889cb 5b c3", (RSP, 0, ())),
        # leave; ret, and mov rsp, rbp; pop rbp; ret: by the frame register
        ("c9 c3", (RBP, 8, ((RBP, 0),))),
        ("4889ec 5d c3", (RBP, 8, ((RBP, 0),))),
        # lea rsp, [rbp-8]; pop rbx; pop rbp; ret
        ("488d65f8 5b 5d c3", (RBP, 8, ((RBX, -8), (RBP, 0)))),
        # mov rbx, [rsp+0x10]; add rsp, 8; ret
        ("488b5c2410 4883c408 c3", (RSP, 8, ((RBX, 16),))),
        # pushfq; popfq; ret
        ("9c 9d c3", (RSP, 0, ())),
        # pushfq; mov [rcx+0x38], cs; pop [rcx+0x44]; fxsave [rcx+0x100]; ret
        ("9c 668c4938 8f4144 0fae8100010000 c3", (RSP, 0, ())),
        ("668c4938 8f4144 0fae8100010000 c3", (RSP, 8, ())),
        # sub rsp, 0x10; push rbx; pop [rsp]; add rsp, 0x10; ret: the address is that behind the pop
        ("4883ec10 53 8f0424 4883c410 c3", (RSP, 0, ())),
        # add rsp, 8; jmp to the begin of another function, or through an import
        ("4883c408 e9f7070000", (RSP, 8, ())),
        ("4883c408 ff2500000000", (RSP, 8, ())),
        # test eax, eax; je over int3; add rsp, 8; ret
        ("85c0 7401 cc 4883c408 c3", (RSP, 8, ())),
        # mov [rsp], rcx; add rsp, 8; ret: a word of its own
        ("48890c24 4883c408 c3", (RSP, 8, ())),
    ],
)
def test_what_can_be_followed(code: str, expected: tuple) -> None:
    found = follow(code)
    assert found is not None
    assert (found.base, found.return_address, found.saves) == expected
    assert found.moves


@pytest.mark.parametrize(
    "code",
    [
        "4883c408 e800000000 c3",  # a call: it has a frame
        "4883c408 ffe0",  # jmp rax
        "4829c4 c3",  # sub rsp, rax
        "4883e4f0 c3",  # and rsp, -16
        "85c0 7404 4883c408 c3",  # two ways that do not agree where they meet
        "85c0 7405 4883c408 c3 c3",  # two returns that do not agree
        "50 c3",  # push rax; ret: returns to a value of its own
        "48890424 c3",  # mov [rsp], rax; ret
        "89442404 c3",  # mov [rsp+4], eax; ret: half of the return address
        "4889cb c3",  # mov rbx, rcx; ret: the caller's rbx is lost
        "5c c3",  # pop rsp
        "c22000",  # ret 0x20
        "ebfe",  # never returns
        "0f0b",  # ud2
        "4883c408",  # ends in the middle
        "4883c408 e900100000",  # a jump to a place that is not known
        "6650 c3",  # push ax
        "48894c0c08 c3",  # mov [rsp+rcx+8], rcx
    ],
)
def test_what_cannot_be_followed(code: str) -> None:
    assert follow(code) is None


def test_a_call_is_followed_in_a_function_with_unwind_data_only() -> None:
    # pushfq; call; popfq; add rsp, 0x28; ret
    code = "9c e800000000 9d 4883c428 c3"
    assert follow(code, 6) == Returns(RSP, 8 + 0x28, (), True, 3)
    assert follow(code, 1) is None
    found = follow(code, 1, range(START, START + 12))
    assert found is not None
    assert (found.base, found.return_address) == (RSP, 8 + 0x28)
    # A call at the very end does not return: nothing is known then.
    assert follow("9c e800000000", 1, range(START, START + 6)) is None


def test_a_jump_through_a_register_ends_a_function_that_has_freed_its_frame() -> None:
    # add rsp, 8; pop rbx; jmp rax
    code = "4883c408 5b ffe0"
    function = range(START, START + 7)
    assert follow(code, 0, function) == Returns(RSP, 16, ((RBX, 8),), True, 3)
    # The jump alone may be that of a switch, and so may be one behind a push.
    assert follow(code, 5, function) is None
    assert follow("50 ffe0", 0, range(START, START + 3)) is None


def test_the_walk_is_bounded() -> None:
    assert follow("90" * (MAX_INSTRUCTIONS + 8) + "58 c3") is None
    assert follow("50" * 64 + "48ffc0 75fb" + "58" * 64 + "c3") is not None
    # A loop that pushes meets itself with another stack pointer.
    assert follow("50 ebfd") is None

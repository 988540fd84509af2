"""Epilogues of x64, followed to their return, and calls before an address."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

import pytest
from tests.cases import each
from tests.stacks.x64.test_unwind import R12, RBP, RBX, RDI, RSP

from dumpscope.stacks.x64.epilogue import call_before, follow


@each(
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

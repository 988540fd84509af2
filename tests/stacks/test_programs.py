"""The postfix programs of symbol files."""

from __future__ import annotations

from typing import Optional

import pytest

from dumpscope.stacks.programs import BadProgram, evaluate, run


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("8 2 +", 10),
        ("8 2 -", 6),
        ("3 4 *", 12),
        ("9 2 /", 4),
        ("9 2 %", 1),
        ("0x 2 +", None),
        ("23 8 @", 16),
        ("$a -8 + ^", 0x58),
        ("1 0 /", None),
        ("+", None),
    ],
)
def test_programs(program: str, value: Optional[int]) -> None:
    def word(address: int) -> int:
        return address & 0xFF

    if value is None:
        with pytest.raises(BadProgram):
            evaluate(program, {"$a": 0x60}, word, 0xFFFFFFFF)
    else:
        assert evaluate(program, {"$a": 0x60}, word, 0xFFFFFFFF) == value


def test_assignments() -> None:
    values = {"$ebp": 0x10}
    run("$T0 $ebp = $eip $T0 4 + ^ =", values, lambda address: address + 1, 0xFFFFFFFF)
    assert values == {"$ebp": 0x10, "$T0": 0x10, "$eip": 0x15}


def test_a_program_of_millions_of_words_is_refused() -> None:
    with pytest.raises(BadProgram, match="words"):
        run("1 " * 100_000, {}, lambda address: 0, 0xFF)

"""Values of parameters of stop codes in words, without a dump: IRQLs, accesses, pool tags, halves of MCi_STATUS."""

from __future__ import annotations

from typing import Tuple

import pytest

from dumpscope.diagnosis.bugchecks.parameters import bank_status, parameter_words, values_in_words
from dumpscope.format.codes.bugcheck import ACCESS, ADDRESS, CODE, IRQL, STATUS, TEXT

VALID = 0x80000000
"""Bit 63 of MCi_STATUS, in its high half (Intel SDM 3B, 15.3.2.2)."""


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (IRQL, 0, "PASSIVE_LEVEL"),
        (IRQL, 2, "DISPATCH_LEVEL"),
        (IRQL, 0xFF, "interrupts were off"),
        (IRQL, 31, "IRQL 31"),
        (IRQL, 32, ""),
        (ACCESS, 1, "write"),
        (ACCESS, 3, ""),
        (STATUS, 0xC0000005, "STATUS_ACCESS_VIOLATION"),
        (STATUS, 0xFFFFFFFFC0000005, "STATUS_ACCESS_VIOLATION"),  # the engine extends the sign
        (TEXT, 0x6D69506D, "'mPim'"),
        (TEXT, 0x01, ""),
        (TEXT, 0, ""),
        (ADDRESS, 0xFFF, "near null"),
        (CODE, 0, "near null"),
        (ADDRESS, 0x1000, ""),
    ],
)
def test_a_value_in_words(kind: str, value: int, words: str) -> None:
    assert parameter_words(None, kind, value) == words


def test_the_two_halves_of_a_bank_are_put_together() -> None:
    found = bank_status(0x124, (0, 0, VALID, 0x00050135))
    assert found is not None
    assert found.model_code == 5


@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        (0x124, (1, 0, VALID, 0x135)),  # 1: a corrected machine check has no such halves
        (0x124, (0, 0, 0, 0x135)),  # the bank is not valid
        (0x124, (0, 0, VALID)),  # a parameter is missing
        (0xA, (0, 0, VALID, 0x135)),
    ],
)
def test_what_is_no_bank(code: int, parameters: Tuple[int, ...]) -> None:
    assert bank_status(code, parameters) is None


def test_a_bank_of_the_older_stop_code_needs_no_kind_of_error() -> None:
    assert bank_status(0x9C, (4, 0, VALID, 0x135)) is not None
    assert bank_status(0x1000009C, (4, 0, VALID, 0x135)) is not None


def test_the_halves_take_the_place_of_parameters_three_and_four() -> None:
    words = values_in_words(None, 0x9C, (ADDRESS, ADDRESS, ADDRESS, ADDRESS), (0x20, 0x5000, VALID, 0x00050135))
    assert words[:2] == ["near null", ""]
    assert words[3].endswith("model-specific code 0x5")

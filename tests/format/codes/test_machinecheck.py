"""MCi_STATUS in words: error codes by hand, from the tables of the Intel SDM, volume 3, chapter 17."""

from __future__ import annotations

import pytest

from dumpscope.format.codes.machinecheck import machine_check

VALID = 1 << 63


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (0x0000, "simple", "no error"),
        (0x0005, "simple", "parity error inside the processor"),
        (0x0400, "simple", "internal timer"),
        (0x000E, "cache", "cache error at level 2"),
        (0x0014, "TLB", "data TLB error at level 0"),
        (0x0119, "cache", "generic cache error at level 1: read"),
        (0x0135, "cache", "data cache error at level 1: data read"),
        (0x0090, "memory", "memory controller error: memory read, channel 0"),
        (0x00CF, "memory", "memory controller error: memory scrubbing, channel not given"),
        (0x0E0B, "simple", "I/O error"),
        (0x080F, "bus", "bus or interconnect error at any level"),
        (0x0403, "internal", "unclassified error inside the processor"),
        (0x1135, "cache", "data cache error at level 1: data read"),
    ],
)
def test_error_codes(code: int, kind: str, words: str) -> None:
    found = machine_check(VALID | code)
    assert found.valid
    assert (found.kind, found.error.startswith(words)) == (kind, True), found.error


def test_flags() -> None:
    found = machine_check(0xF2000000ABCD0135)
    assert found.uncorrected
    assert found.model_code == 0xABCD
    assert found.flags == ["an earlier error was lost (overflow)", "not corrected", "reporting was enabled", "the processor's state is corrupt"]
    assert not machine_check(0x135).valid
    assert not machine_check(VALID | 0x135).uncorrected

"""Codes of macOS: by exception and processor, and the parts of codes that are made of several (xnu's kern_exit.c, kern_guarded.c)."""

from __future__ import annotations

import pytest

from dumpscope.format.mach import BAD_ACCESS, GUARD_TYPE, RESOURCE, RESOURCE_TYPE, SOFTWARE, code_table, crash_parts, machine, wide_code_words


def test_the_processor_whose_codes_hold() -> None:
    assert machine(0) == machine(9) != ""
    assert machine(5) == machine(12) != machine(0)
    assert machine(1) == ""
    assert machine(-1) == ""


def test_codes_of_a_processor_come_with_those_of_all() -> None:
    plain, x86, arm = code_table(BAD_ACCESS, -1), code_table(BAD_ACCESS, 9), code_table(BAD_ACCESS, 12)
    assert plain[1][0] == x86[1][0] == arm[1][0] == "KERN_INVALID_ADDRESS"
    assert x86[0xD][0] == "EXC_I386_GPFLT"
    assert arm[0x101][0] == "EXC_ARM_DA_ALIGN"
    assert 0xD not in arm
    assert 0x101 not in plain
    assert code_table(SOFTWARE, 9)[0x10003][0] == "EXC_SOFT_SIGNAL"
    assert code_table(99, 9) == {}


def test_an_exc_crash_is_taken_apart() -> None:
    assert crash_parts(0x0B100001) == (11, 1, 1)
    assert crash_parts(6 << 24) == (6, 0, 0)
    assert crash_parts(0xFFF_FFFFF | 0xFF << 32) == (0xFF, 0xF, 0xFFFFF)


@pytest.mark.parametrize(("kind", "table", "place"), [(RESOURCE, RESOURCE_TYPE, 58), (RESOURCE + 1, GUARD_TYPE, 32)])
def test_types_and_flavors_of_wide_codes(kind: int, table: object, place: int) -> None:
    name, meaning = table.members[2]  # type: ignore[attr-defined]
    assert wide_code_words(kind, 2 << 61 | 5 << place) == (name, f"{meaning}, flavor 5")
    assert wide_code_words(kind, 0) == ("", "")

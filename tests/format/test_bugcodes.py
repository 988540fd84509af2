"""Names of bug checks."""

from __future__ import annotations

from dumpscope.format.codes.bugcheck import BUG_CHECKS, bug_check
from dumpscope.format.codes.bugcodes import BUG_CHECK_NAMES
from dumpscope.format.codes.bugkinds import KINDS


def test_names_by_hand() -> None:
    """The last code of several runs of the table: a name too many or too few before it would move it."""
    known = {0x05: "INVALID_PROCESS_ATTACH_ATTEMPT", 0x1A: "MEMORY_MANAGEMENT", 0x7F: "UNEXPECTED_KERNEL_MODE_TRAP", 0xA5: "ACPI_BIOS_ERROR"}
    known.update({0xFF: "RESERVE_QUEUE_OVERFLOW", 0x116: "VIDEO_TDR_FAILURE", 0x134: "DRIVE_EXTENDER", 0x17E: "MICROCODE_REVISION_MISMATCH"})
    known.update({0x1CF: "HARDWARE_WATCHDOG_TIMEOUT", 0x1DC: "DMA_COMMON_BUFFER_VECTOR_ERROR", 0xBFF: "BC_BTHMINI_VERIFIER_FAULT"})
    assert {code: BUG_CHECK_NAMES[code] for code in known} == known
    assert len(set(BUG_CHECK_NAMES.values())) == len(BUG_CHECK_NAMES) == 402


def test_each_bug_check_that_is_explained_has_the_name_of_the_reference_and_four_parameters() -> None:
    for code, check in BUG_CHECKS.items():
        assert BUG_CHECK_NAMES[code] == check.name
        assert len(check.parameters) == 4, check.name
    for code in BUG_CHECK_NAMES:
        assert len(bug_check(code).parameters) == 4


def test_kinds_by_hand() -> None:
    assert KINDS[0x109, 4][0x19] == "the list of loaded modules"
    assert KINDS[0x109, 4][0x29] == "pool (3)"
    assert KINDS[0x13A, 1][0x13] == "no heap handle was given"
    assert KINDS[0x13A, 1][0x16] == "an invalid query of an allocation's size"
    assert KINDS[0x7F, 1][8] == "double fault"
    assert max(KINDS[0x13A, 1]) == 0x16
    for code, number in KINDS:
        assert BUG_CHECKS[code].parameters[number - 1].kind == "number"

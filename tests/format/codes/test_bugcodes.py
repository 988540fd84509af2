"""Names of bug checks."""

from __future__ import annotations

import pytest

from dumpscope.format.codes.bugcheck import BUG_CHECKS, bug_check, explained, value_words
from dumpscope.format.codes.bugcodes import BUG_CHECK_NAMES, REFERENCE, page_of
from dumpscope.format.codes.bugkinds import KINDS
from dumpscope.format.codes.bugparameters import NOT_DOCUMENTED, PARAMETERS
from dumpscope.format.codes.bugvalues import VALUES


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


KINDS_OF_PARAMETERS = {"access", "address", "code", "device", "driver", "irp", "irql", "ntstatus", "number", "pointer", "text", "unicode"}


def test_every_code_of_the_reference_is_explained_once() -> None:
    assert set(PARAMETERS) | set(BUG_CHECKS) == set(BUG_CHECK_NAMES)
    assert not set(PARAMETERS) & set(BUG_CHECKS)
    for code in BUG_CHECK_NAMES:
        check = bug_check(code)
        assert check.meaning.endswith("."), hex(code)
        assert len(check.parameters) == 4, hex(code)
        assert all(parameter.meaning and parameter.kind in KINDS_OF_PARAMETERS for parameter in check.parameters), hex(code)
    undocumented = [code for code in BUG_CHECK_NAMES if any(parameter.meaning == NOT_DOCUMENTED for parameter in bug_check(code).parameters)]
    assert len(undocumented) < 90


def test_values_belong_to_codes_and_keep_four_parameters() -> None:
    for (code, index), values in VALUES.items():
        assert code in BUG_CHECK_NAMES
        assert 1 <= index <= 4
        for value, found in values.items():
            assert found.meaning, (hex(code), hex(value))
            assert not found.others or index == 1
        if index == 1:
            assert all(len(explained(code, value)) == 4 for value in values), hex(code)


@pytest.mark.parametrize(
    ("code", "index", "value", "words"),
    [
        (0x9F, 1, 3, "a device object blocks an IRP too long"),
        (0xC2, 1, 7, "pool is freed that is free already"),
        (0x139, 1, 3, "a LIST_ENTRY is corrupt, for example removed twice"),
        (0xC4, 1, 0x62, "the driver is unloaded and did not free its pool"),
        (0x124, 1, 0, "error source: machine check"),
        (0x1000007F, 1, 8, "double fault: a kernel stack that overflowed, or hardware"),
    ],
)
def test_values_by_hand(code: int, index: int, value: int, words: str) -> None:
    assert value_words(code, index, value) == words


def test_what_is_not_listed_stays_as_the_code_has_it() -> None:
    assert explained(0x9F, 0x77777) == bug_check(0x9F).parameters
    assert explained(0x9F, None) == bug_check(0x9F).parameters
    assert value_words(0x9F, 1, 0x77777) == ""


def test_pages_by_hand() -> None:
    base = REFERENCE.rpartition("/")[0]
    assert page_of(0xA) == f"{base}/bug-check-0xa--irql-not-less-or-equal"
    assert page_of(0x133) == f"{base}/bug-check-0x133-dpc-watchdog-violation"
    assert page_of(0x124) == f"{base}/bug-check-0x124---whea-uncorrectable-error"
    assert page_of(0x77777) == REFERENCE

"""Stop codes in pasted words: by number as screens, the event log and !analyze write them, and by name."""

from __future__ import annotations

from typing import Optional, Tuple

import pytest

from dumpscope.diagnosis.pasted.stops import stop_in


@pytest.mark.parametrize(
    ("text", "code", "parameters"),
    [
        ("BugCheck 1E, {ffffffffc0000005, fffff80002a5d5d4, 0, 10}", 0x1E, (0xFFFFFFFFC0000005, 0xFFFFF80002A5D5D4, 0, 0x10)),
        ("*** STOP: 0x000000D1 (0x00000008,0x00000002,0x00000000,0xF8A1B2C3)", 0xD1, (8, 2, 0, 0xF8A1B2C3)),
        ("The bugcheck was: 0x0000009f (0x0000000000000003, 0xffffe00012345678)", 0x9F, (3, 0xFFFFE00012345678)),
        ("BugcheckCode 278", 0x116, ()),  # event 41 of Kernel-Power writes a decimal number
        ("BugcheckCode 0x116", 0x116, ()),
        ("BUGCHECK_CODE: a", 0xA, ()),
        ("IRQL_NOT_LESS_OR_EQUAL (a)\nArg1: 0000000000000010, x\nArg2: 0000000000000002, y\nArg4: fffff802`1234abcd, z", 0xA, (0x10, 2)),
        ("Stop code: IRQL NOT LESS OR EQUAL", 0xA, ()),
        ("stop code DRIVER_IRQL_NOT_LESS_OR_EQUAL what failed: x.sys", 0xD1, ()),
        ("BugCheck 1000007E, {ffffffffc0000005}", 0x1000007E, (0xFFFFFFFFC0000005,)),  # bit 28: the dump is a small one
    ],
)
def test_a_stop_code_is_found(text: str, code: int, parameters: Tuple[int, ...]) -> None:
    found = stop_in(text)
    assert found is not None
    assert (found.code, found.parameters) == (code, parameters)


@pytest.mark.parametrize("text", ["", "nonstop service", "stop it", "please stop 0xZZ", "Stop code: nothing that we know", "bugcheck 0xfedcba98"])
def test_other_words_are_none(text: str) -> None:
    found: Optional[object] = stop_in(text)
    assert found is None

"""Codes, errno values and stop codes in pasted messages: which are read, in which spelling, and with which words."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Tuple

import pytest
from tests.commands.made import flat

from dumpscope.diagnosis.pasted.errnos import errnos_in
from dumpscope.diagnosis.pasted.numbers import whole_code
from dumpscope.diagnosis.pasted.stops import stop_in

Cli = Callable[..., Any]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("0x8007000d", "data are not of the form"),
        ("0x80070006", "the handle is not open"),
        ("0x12b", "the file is locked"),
        ("0x8007045a", "dll init failed (the words of its name)"),
        ("0xc00000bb", "not supported (the words of its name)"),
    ],
)
def test_no_code_is_left_without_words(run_json: Callable[..., Any], code: str, words: str) -> None:
    rows = run_json("why", code)["codes"]
    assert all(row["text"] for row in rows)
    assert any(words in row["text"] for row in rows)


def test_a_missing_path_belongs_to_no_rule(cli: Cli) -> None:
    for text in ("Win32 error 0n2", "0x80070003", "ERROR_FILE_NOT_FOUND"):
        for words in ((text,), ("handles.dmp", text)):
            out = cli("why", *words).out
            assert "MEM009" not in out
            assert "MOD005" not in out
    assert "MOD005" in cli("why", "Unable to load image C:\\Windows\\System32\\ntdll.dll, Win32 error 0n2").out


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[createdump] FAILED 13", [13]),
        ("[createdump] ptrace(ATTACH, 4711) FAILED 1", [1]),
        ("[createdump] open(/proc/1/mem) FAILED Permission denied (13)", [13]),
        ("PermissionError: [Errno 13] Permission denied: 'C:\\\\a.dmp'", [13]),
        ("write failed, errno = 28", [28]),
        ("No such file or directory (os error 2)", [2]),
        ("Access is denied. (os error 5)", []),
        ("The system cannot find the file specified. (os error 2)", []),
        ("[createdump] Write dump FAILED 0x8007012b", []),
        ("Win32 error 0n13", []),
        ("error 13", []),
    ],
)
def test_errno_is_no_win32_error(text: str, numbers: List[int], run_json: Callable[..., Any]) -> None:
    assert [item.value for item in errnos_in(text)] == numbers
    rows = run_json("why", text).get("codes", [])
    assert [int(row["value"], 16) for row in rows if row["kind"].startswith("errno")] == numbers
    assert not numbers or [row["kind"] for row in rows if row["kind"] == "Win32"] == []


@pytest.mark.parametrize(
    ("text", "code", "parameters"),
    [
        ("BugCheck 9F, {3, ffffe000, ffff, fffffa80`12345678}", 0x9F, (3, 0xFFFFE000, 0xFFFF, 0xFFFFFA8012345678)),
        ("BugCheck FC, {1, 2, 3, 4}", 0xFC, (1, 2, 3, 4)),
        ("DRIVER_POWER_STATE_FAILURE (9f)", 0x9F, ()),
        ("*** STOP: 0x000000D1 (0x28, 0x2, 0x0, 0xfffff80315001234)", 0xD1, (0x28, 2, 0, 0xFFFFF80315001234)),
        ("Stop code: IRQL NOT LESS OR EQUAL What failed: x.sys", 0xA, ()),
        ("Stop code: DPC_WATCHDOG_VIOLATION", 0x133, ()),
        ("stop code 0x0000007E", 0x7E, ()),
        (
            "The bugcheck was: 0x0000009f (0x3, 0xffffbb0e81d7a060, 0x1, 0x2). A dump was saved.",
            0x9F,
            (3, 0xFFFFBB0E81D7A060, 1, 2),
        ),
        ("BugcheckCode 159", 0x9F, ()),
        ("BugcheckCode: 0x9f", 0x9F, ()),
        ("BUGCHECK_CODE:  d1", 0xD1, ()),
        (
            "KERNEL_SECURITY_CHECK_FAILURE (139)\nArg1: 0000000000000003, text\nArg2: fffff80000000000\nArg3: 0\nArg4: 0",
            0x139,
            (3, 0xFFFFF80000000000, 0, 0),
        ),
    ],
)
def test_stop_codes_are_read_in_every_spelling(text: str, code: int, parameters: Tuple[int, ...], run_json: Callable[..., Any]) -> None:
    assert stop_in(text) == (code, parameters)
    document = run_json("why", text)
    assert document["exit"] == 0
    assert int(document["bugcheck"]["code"], 16) == code
    assert document["bugcheck"]["name"]


@pytest.mark.parametrize(
    "text",
    ["bug check a driver", "bugcheck dead", "stopped at 0x9f", "stop 0x1234567", "STATUS_ACCESS_VIOLATION", "bugcheck analysis", "BugCheck FC", "page fault"],
)
def test_words_are_no_stop_code(text: str) -> None:
    assert stop_in(text) is None


def test_a_stop_code_is_compared_with_the_dump(cli: Cli) -> None:
    dump = "not-a-dump-kernel-triage-64.dmp"
    other = flat(cli("why", dump, "BugCheck 9F, {3, 1, 2, 3}").out)
    assert "of another stop than this dump (`bugcheck 9f 3 1 2 3` explains it)" in other
    own = flat(cli("why", dump, "BugCheck D1, {28, 2, 0, 0}").out)
    assert "another stop" not in own
    assert "demo_drv+0x1234" in own
    assert "the message is about another file" in flat(cli("why", "handles.dmp", "BugCheck 9F, {3, 1, 2, 3}").out)


def test_eight_digits_may_be_a_stop_code(run_json: Callable[..., Any]) -> None:
    kinds = [(row["kind"], row["symbol"]) for row in run_json("why", "0x0000007E")["codes"]]
    assert ("bug check", "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED") in kinds
    assert [row["kind"] for row in run_json("why", "0x7e")["codes"]] == ["Win32"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hr = 0x80004002 (E_NOINTERFACE)", 0x80004002),
        ("E_NOINTERFACE (0x80004002)", 0x80004002),
        ("0x12b (299)", 0x12B),
        ("Win32 error 0n87 (ERROR_INVALID_PARAMETER)", 0x57),
        ("0x80070057 (-2147024809)", 0x80070057),
        ("87 88", None),
        ("E_FAIL of nothing", None),
    ],
)
def test_a_code_and_its_name_are_one_code(text: str, code: Optional[int]) -> None:
    assert whole_code(text) == code

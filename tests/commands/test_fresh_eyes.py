"""What somebody ran into who had not written any of it: statements that were not true, and hints that did not work as they stood."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder

from dumpscope import Minidump
from dumpscope.diagnosis.pasted.errnos import errnos_in
from dumpscope.diagnosis.pasted.numbers import whole_code
from dumpscope.diagnosis.pasted.stops import stop_in
from dumpscope.format.kernel import TRIAGE_DUMP64

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
Cli = Callable[..., Any]

_OTHERS = ("breakpad-linux", "breakpad-arm64-old", "crashpad-annotations", "handles-third-party-writer", "handles-wine-writer", "rust-writer-handles")


def _flat(text: str) -> str:
    return " ".join(text.split())


# -- flags that mean nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", _OTHERS)
@pytest.mark.parametrize("command", ["threads", "regions", "handles", "unloaded", "tokens", "memory"])
def test_flags_of_other_writers_are_not_said_to_ask(cli: Cli, sample: str, command: str) -> None:
    out = _flat(cli(command, f"{sample}.dmp").out)
    assert "do not ask for them" not in out
    assert ") ask for them" not in out


def test_who_was_asked_is_named(cli: Cli) -> None:
    out = _flat(cli("threads", "breakpad-linux.dmp").out)
    assert "no thread times: the file holds no such stream; the header's flags (0x0) do not say what Breakpad was asked for" in out


def test_flags_of_microsofts_writers_count(cli: Cli) -> None:
    assert "no thread times: the header's flags (0x0) do not ask for them" in _flat(cli("threads", "breakpad-windows.dmp").out)
    assert "no handles: the header's flags (0x40000) do not ask for them" in _flat(cli("handles", "handles-not-requested-dump-m.dmp").out)


# -- two lists of memory ---------------------------------------------------------------------------------------------------


@pytest.fixture
def both_lists(tmp_path: Path) -> Path:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_memory(0x1000, b"a" * 0x20)
    builder.add_memory_list()
    builder.add_full_memory(0x5000, b"b" * 0x40)
    builder.add_memory64_list()
    path = tmp_path / "both.dmp"
    path.write_bytes(builder.build())
    with Minidump.open(str(path)) as dump:
        assert len(dump.memory_list)
        assert len(dump.memory64_list)
    return path


def test_ranges_of_two_lists_are_told_apart(cli: Cli, both_lists: Path) -> None:
    out = cli("memory", both_lists).out
    assert re.search(r"^#\s.*\bstream\b", out, re.MULTILINE)
    assert "5 is MemoryListStream, 9 Memory64ListStream" in _flat(out)
    assert re.search(r"^0 .*\b5\b", out, re.MULTILINE)
    assert re.search(r"^0 .*\b9\b", out, re.MULTILINE)


def test_one_list_needs_no_number_of_its_stream(cli: Cli) -> None:
    assert "MemoryListStream" not in cli("memory", "handles.dmp").out


# -- codes -----------------------------------------------------------------------------------------------------------------


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


# -- kernel dumps that are not opened ----------------------------------------------------------------------------------------

_NOT_ENOUGH = "Mini Kernel Dump does not contain enough information to be debugged"


@pytest.mark.parametrize("member", ["ContextOffset", "ExceptionOffset", "PrcbOffset", "CallStackOffset"])
def test_what_a_small_kernel_dump_lacks_is_named(tmp_path: Path, cli: Cli, member: str) -> None:
    """Observed: dbgeng 10.0.15063 says so of each of the four."""
    data = bytearray((SAMPLES / "not-a-dump-kernel-triage-64.dmp").read_bytes())
    at = 0x2000 + TRIAGE_DUMP64.offset_of(member)
    struct.pack_into("<I", data, at, 0)
    path = tmp_path / "cut.dmp"
    path.write_bytes(data)
    named = f"TRIAGE_DUMP64.{member} at 0x{at:x} is 0"
    assert named in _flat(cli("why", path).out)
    told = _flat(cli("why", path, _NOT_ENOUGH).out)
    assert f"TRIAGE_DUMP64.{member} 0: the part is not there at 0x{at:x}" in told
    assert "WinDbg, kd and dumpscope open it" not in told


def test_the_message_of_a_small_kernel_dump_without_a_file(cli: Cli) -> None:
    for text in (_NOT_ENOUGH, "mini kernel dump does not contain enough information"):
        out = _flat(cli("why", text).out)
        assert "ContextOffset, ExceptionOffset, PrcbOffset and CallStackOffset" in out
        assert "OPN002" not in out


# -- stop codes ----------------------------------------------------------------------------------------------------------------


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
    other = _flat(cli("why", dump, "BugCheck 9F, {3, 1, 2, 3}").out)
    assert "of another stop than this dump (`bugcheck 9f 3 1 2 3` explains it)" in other
    own = _flat(cli("why", dump, "BugCheck D1, {28, 2, 0, 0}").out)
    assert "another stop" not in own
    assert "demo_drv+0x1234" in own
    assert "the message is about another file" in _flat(cli("why", "handles.dmp", "BugCheck 9F, {3, 1, 2, 3}").out)


@pytest.mark.parametrize("text", ["KdDebuggerDataBlock is not present or unreadable", "mini kernel dump does not contain enough information"])
def test_steps_for_another_file_are_said_to_be(cli: Cli, text: str) -> None:
    out = _flat(cli("why", "handles.dmp", text).out)
    assert "the message is about another file" in out
    assert "what to do with the kernel dump that the message is about" in out


def test_eight_digits_may_be_a_stop_code(run_json: Callable[..., Any]) -> None:
    kinds = [(row["kind"], row["symbol"]) for row in run_json("why", "0x0000007E")["codes"]]
    assert ("bug check", "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED") in kinds
    assert [row["kind"] for row in run_json("why", "0x7e")["codes"]] == ["Win32"]


# -- a code that is told twice ----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("minidump.cc:1234: ERROR: MinidumpMemoryInfoList size mismatch, 20 != 36", "Breakpad's minidump_stackwalk"),
        ("struct.error: unpack requires a buffer of 4 bytes", "the file ends before something"),
        ("Not a minidump file or an unsupported version", "is not 0xA793"),
        ("Minidump: unsupported version 42899", "a program that reads dumps"),
        ("Dump count not reached.", "no fault of a dump"),
        ("This dump file has an exception of interest stored in it.", "no fault"),
    ],
)
def test_messages_that_people_paste(text: str, words: str, cli: Cli) -> None:
    result = cli("why", text)
    assert result.code == 0
    assert words in _flat(result.out)


# -- hints that work as they stand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["shrink", "scrub"])
@pytest.mark.parametrize("sample", ["damaged-cut-in-half", "missing-system-info"])
def test_the_hint_of_a_refused_dump_names_the_file(tmp_path: Path, cli: Cli, command: str, sample: str) -> None:
    path = tmp_path / "cut.dmp"
    path.write_bytes((SAMPLES / f"{sample}.dmp").read_bytes())
    out = tmp_path / "out.dmp"
    result = cli(command, path, "-o", out)
    assert result.code
    assert result.out == ""
    assert not out.exists()
    assert "DUMP" not in result.err
    assert str(path) in result.err or "cannot help" in result.err


@pytest.mark.parametrize("sample", ["not-a-dump-signature-zero", "not-a-dump-signature-spoilt"])
def test_a_spoilt_signature_is_mended_by_the_line_that_is_given(tmp_path: Path, cli: Cli, monkeypatch: Any, sample: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spoilt.dmp").write_bytes((SAMPLES / f"{sample}.dmp").read_bytes())
    found = re.search(r"`dumpscope (mend spoilt\.dmp -o spoilt-mended\.dmp)`", cli("shrink", "spoilt.dmp", "-o", "x.dmp").err)
    assert found
    assert cli(*found.group(1).split()).code == 0
    assert cli("shrink", "spoilt-mended.dmp", "-o", "x.dmp").code == 0


def test_a_dump_that_is_refused_is_shrunk_where_the_result_opens(tmp_path: Path, cli: Cli) -> None:
    result = cli("shrink", "memory-list-ranges-conflict.dmp", "-o", tmp_path / "small.dmp")
    assert result.code == 0
    assert "stacks" in result.out
    assert (tmp_path / "small.dmp").exists()

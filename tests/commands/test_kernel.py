"""Commands on kernel dumps, and ``bugcheck`` without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest
from samples.kernel_dumps import triage64

WIDE, NARROW = "not-a-dump-kernel-triage-64.dmp", "not-a-dump-kernel-triage-32.dmp"


def told(cli: Any, *words: Any) -> Dict[str, Any]:
    """The JSON document of a command line."""
    found = json.loads(cli(*words, "--json").out)
    assert isinstance(found, dict)
    return found


def test_bugcheck_resolves_the_parameters_and_names_the_driver(cli: Any) -> None:
    document = told(cli, "bugcheck", WIDE)
    assert document["bugcheck"]["name"] == "DRIVER_IRQL_NOT_LESS_OR_EQUAL"
    assert [row["is"] for row in document["parameters"]] == ["near null", "DISPATCH_LEVEL", "read", "demo_drv+0x1234"]
    assert document["driver"]["path"].endswith("demo-drv.sys")
    assert document["driver"]["certainty"] == "likely"


def test_a_driver_on_the_stack_is_a_guess(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "mini.dmp"
    path.write_bytes(triage64(0x1A, (0x41790, 0, 0, 0)))
    driver = told(cli, "bugcheck", path)["driver"]
    assert (driver["name"], driver["certainty"]) == ("demo_drv", "a guess")
    assert "scan" in driver["why"]


def test_a_dump_without_a_bug_check_invents_none(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "mini.dmp"
    path.write_bytes(triage64(0, (0, 0, 0, 0)))
    result = cli("why", path)
    assert "names no bug check" in result.out
    assert "driver most likely" not in result.out


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["0x133"], "DPC_WATCHDOG_VIOLATION"),
        (["1000007e"], "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED"),
        (["0000000A", "0", "2", "1", "fffff80312c01234"], "IRQL_NOT_LESS_OR_EQUAL"),
        (["CRITICAL_PROCESS_DIED"], "CRITICAL_PROCESS_DIED"),
    ],
)
def test_bugcheck_of_a_code_alone(cli: Any, words: Any, name: str) -> None:
    result = cli("bugcheck", *words)
    assert result.code == 0
    assert name in result.out


def test_bugcheck_refuses_other_words(cli: Any) -> None:
    assert cli("bugcheck", "hello").code == 2
    assert cli("bugcheck").code == 2
    assert cli("bugcheck", "nothing-here.dmp").code == 3


def test_modules_is_lm(cli: Any) -> None:
    rows = told(cli, "modules", WIDE)["modules"]
    assert [row["name"] for row in rows] == ["hal", "nt", "demo_drv", "FLTMGR"]
    assert [row["name"] for row in told(cli, "modules", WIDE, "demo")["modules"]] == ["demo_drv"]
    assert cli("modules", WIDE, "nothing").code == 1


@pytest.mark.parametrize("command", ["handles", "regions", "process", "tokens", "comments"])
def test_commands_for_a_process_say_so(cli: Any, command: str) -> None:
    result = cli(command, WIDE)
    assert result.code == 1
    assert "not for kernel dumps" in result.out or "for dumps of a process" in result.out
    assert result.err == ""


@pytest.mark.parametrize("name", [WIDE, NARROW])
@pytest.mark.parametrize("command", ["dumpinfo", "dumpdebug", "exception", "threads", "stack", "memory", "system", "strings", "unloaded", "why"])
def test_commands_answer(cli: Any, command: str, name: str) -> None:
    result = cli(command, name)
    assert result.code == 0, result.out + result.err
    assert told(cli, command, name)["command"] == command


def test_read_and_address(cli: Any) -> None:
    assert "MZ" in cli("read", WIDE, "nt", "10").out
    assert cli("read", WIDE, "0x1000").code == 1
    assert cli("address", WIDE, "fffff80315001234").out.count("demo_drv+0x1234") == 1


def test_a_lesson_says_that_it_is_not_on_the_kernel_dump(cli: Any) -> None:
    found = cli("learn", "1", WIDE)
    assert "lessons walk through minidumps only" in " ".join((found.out + found.err).split())
    assert "lessons walk" not in " ".join(cli("learn", "1").out.split())


def test_why_of_a_command(cli: Any) -> None:
    assert "not for kernel dumps" in cli("why", WIDE, "!handle").out
    assert ".bugcheck works" in cli("why", WIDE, ".bugcheck").out
    assert ".ecxr fails" in cli("why", WIDE, ".ecxr").out


def test_why_of_an_unfinished_dump(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "mini.dmp"
    path.write_bytes(triage64(valid=False))
    result = cli("why", path)
    assert "HRESULT 0x80070570" in result.out
    assert "TRGD" in result.out


def test_a_header_that_was_not_filled_in_has_no_bug_check(cli: Any, tmp_path: Path) -> None:
    data = bytearray(triage64())
    data[0x38:0x3C] = b"PAGE"
    path = tmp_path / "mini.dmp"
    path.write_bytes(data)
    assert told(cli, "bugcheck", path)["bugcheck"] is None
    assert "the text PAGE" in cli("why", path).out


def test_read_counts_as_the_debugger_does(cli: Any) -> None:
    def rows(*words: str) -> Any:
        return told(cli, "read", WIDE, *words)["memory"]

    assert rows("nt", "0n16") == rows("nt", "10")
    assert rows("nt", "L2", "--form", "q") == rows("nt", "10", "--form", "q")
    assert cli("read", WIDE, "nt", "10", "--form", "a").code == 2
    assert cli("read", WIDE, "no-such-thing").code == 2


def test_bugcheck_reads_decimal_numbers_as_the_debugger_does(cli: Any) -> None:
    assert told(cli, "bugcheck", "0n209")["bugcheck"]["plain_code"] == "0xd1"


def test_modules_of_an_address(cli: Any) -> None:
    assert [row["name"] for row in told(cli, "modules", WIDE, "0xfffff803`15001234")["modules"]] == ["demo_drv"]
    assert cli("modules", WIDE, "0x1000").code == 1
    assert cli("modules", WIDE, "0xzz").code == 1


def test_exception_shows_both_sets_of_registers_and_says_which(cli: Any) -> None:
    document = told(cli, "exception", WIDE)
    assert (document["registers"]["rip"], document["header_registers"]["rip"]) == ("0xfffff80312ff5a80", "0xfffff80315001234")
    assert document["registers_from"].startswith("processor 0")
    assert told(cli, "exception", NARROW)["header_registers"] is None


def test_frames_that_no_image_proves_are_called_guesses(cli: Any) -> None:
    (stack,) = told(cli, "stack", WIDE)["stacks"]
    first, *others = stack["frames"]
    assert (first["ip"], first["certain"]) == ("0xfffff80312ff5a80", True)
    assert others
    assert not any(frame["certain"] for frame in others)
    assert "demo_drv" in {frame["module"] for frame in others}
    assert all(frame["module"] for frame in others)
    result = cli("stack", WIDE)
    assert result.out.count("(guess: scan)") == len(others)
    assert "images that are needed" in " ".join(result.out.split())
    assert cli("stack", WIDE, "3").code == 2
    assert len(told(cli, "stack", WIDE, "--limit", "2")["stacks"][0]["frames"]) == 2

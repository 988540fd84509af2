"""Commands on kernel dumps, and ``bugcheck`` without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest
from samples.kernel_dumps import triage64
from tests.cases import each
from tests.conftest import SAMPLES

from dumpscope.diagnosis.dumpdebug.kernel import kernel_dumpdebug_lines
from dumpscope.dump.kernel.kerneldump import KernelDump

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


@each("name", [WIDE, NARROW])
@each("command", ["dumpinfo", "dumpdebug", "exception", "threads", "stack", "memory", "system", "strings", "unloaded", "why"])
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


def test_map_of_a_kernel_dump(cli: Any) -> None:
    for name in (WIDE, NARROW):
        document = told(cli, "map", name)
        assert document["coverage"] > 99
        assert sum(row["size"] for row in document["map"]) == document["dump"]["size"]
    assert "TRIAGE_DUMP" in cli("map", WIDE).out
    assert cli("map", WIDE, "--gaps").code == 0


@pytest.mark.parametrize(
    ("words", "structure"),
    [
        (["header"], "DUMP_HEADER64"),
        (["triage"], "TRIAGE_DUMP64"),
        (["debugger"], "KDDEBUGGER_DATA64"),
        (["context"], "CONTEXT"),
        (["exception"], "EXCEPTION_RECORD64"),
        (["driver", "demo"], "DUMP_DRIVER_ENTRY64"),
        (["at", "2010"], "TRIAGE_DUMP64"),
    ],
)
def test_bytes_of_a_kernel_dump(cli: Any, words: Any, structure: str) -> None:
    first = told(cli, "bytes", WIDE, *words)["bytes"][0]
    assert first["structure"].startswith(structure)
    assert cli("bytes", WIDE, *words).code == 0


def test_bytes_of_what_is_not_there(cli: Any) -> None:
    assert cli("bytes", WIDE, "driver", "nothing").code == 1
    assert cli("bytes", WIDE, "stream", "3").code == 2
    assert cli("bytes", WIDE, "block", "1000").code == 1
    assert len(told(cli, "bytes", WIDE, "drivers", "--first", "3")["bytes"]) == 3


def test_whatis_leads_from_the_header_to_a_byte(cli: Any) -> None:
    place = next(row["offset"] for row in told(cli, "map", WIDE, "--all")["map"] if row["what"].endswith("driver 2 (demo-drv.sys) > name"))
    place = int(place, 16) if isinstance(place, str) else place
    document = told(cli, "whatis", WIDE, f"{place + 6:x}")
    assert [step["field"] for step in document["chain"]][:2] == ["DriverListOffset", "DriverNameOffset"]
    document = told(cli, "whatis", WIDE, "--memory", "ffff850429891010")
    assert "block 1 at 0xffff850429891000" in document["piece"]["what"]
    assert cli("whatis", WIDE, "--memory", "1000").code == 1
    assert cli("whatis", WIDE, "fffffff").code == 1


def test_a_code_that_is_known_by_name_alone_says_so(cli: Any) -> None:
    document = told(cli, "bugcheck", "0x5c")
    assert document["bugcheck"]["name"] == "HAL_INITIALIZATION_FAILED"
    assert "learn.microsoft.com" in document["bugcheck"]["page"]
    assert [row["meaning"] for row in document["parameters"]] == ["not documented"] * 4
    assert told(cli, "bugcheck", "HYPERVISOR_ERROR")["bugcheck"]["plain_code"] == "0x20001"
    assert told(cli, "bugcheck", "0x77777")["bugcheck"]["name"] is None


def test_an_unloaded_driver_is_named(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "mini.dmp"
    path.write_bytes(triage64(0xCE, (0xFFFFF80317000123, 8, 0xFFFFF80317000123, 0)))
    document = told(cli, "bugcheck", path)
    assert document["parameters"][0]["is"] == "<Unloaded_dam.sys>+0x123"
    assert (document["driver"]["name"], document["driver"]["certainty"]) == ("dam.sys", "likely")


@pytest.mark.parametrize("words", [["--errors"], ["--names"], ["--times"], ["3"]])
def test_threads_says_what_is_not_for_kernel_dumps(cli: Any, words: Any) -> None:
    result = cli("threads", WIDE, *words)
    assert result.code == 1
    assert "not for kernel dumps" in result.out


def test_learn_of_a_dump_says_how_it_is_asked(cli: Any) -> None:
    result = cli("learn", WIDE)
    assert result.code == 2
    assert "is a dump, not a lesson" in result.err
    assert "learn N" in result.err


def test_bugcheck_of_a_dump_of_a_process(cli: Any) -> None:
    result = cli("bugcheck", "article-handles.dmp")
    assert result.code == 1
    assert "`exception` says" in result.out


def test_outcomes_follow_what_the_dump_holds(cli: Any, tmp_path: Path) -> None:
    told_of = {row["command"]: row["outcome"] for row in told(cli, "why", WIDE)["commands"]}
    assert (told_of["r"], told_of["k"], told_of["u"]) == ("works", "works", "fails")
    data = bytearray(triage64())
    data[0x2070:0x2074] = bytes(4)  # no debugger data: no way to the processor's registers
    path = tmp_path / "mini.dmp"
    path.write_bytes(data)
    told_of = {row["command"]: row["outcome"] for row in told(cli, "why", path)["commands"]}
    assert told_of["r"] == "fails"


FULL, BITMAP, BITMAP32 = "not-a-dump-kernel-full-64.dmp", "not-a-dump-kernel-bitmap-64.dmp", "not-a-dump-kernel-bitmap-32.dmp"


@pytest.mark.parametrize("name", [FULL, BITMAP, BITMAP32])
def test_dumps_with_pages(cli: Any, name: str) -> None:
    for command in ("dumpinfo", "dumpdebug", "exception", "memory", "system", "why", "map", "bugcheck"):
        result = cli(command, name)
        assert result.code == 0, command + result.out + result.err
    for command in ("modules", "unloaded", "threads"):
        assert cli(command, name).code == 1
    assert told(cli, "dumpinfo", name)["header"]["pages"] in (2, 3)
    assert told(cli, "map", name)["coverage"] > 70


def test_read_of_physical_memory(cli: Any) -> None:
    document = told(cli, "read", FULL, "8000", "8")
    assert document["physical"] is True
    assert "08 00 00 00" in cli("read", FULL, "8000", "8").out
    assert cli("read", FULL, "0").code == 1
    assert told(cli, "read", WIDE, "nt", "4")["physical"] is False
    assert "pages > 1 from" in told(cli, "whatis", FULL, "--memory", "8008")["piece"]["what"]
    assert told(cli, "bytes", BITMAP, "bitmap")["bytes"][0]["structure"] == "BITMAP_DUMP"


def test_a_kind_is_told_in_words(cli: Any) -> None:
    assert told(cli, "bugcheck", "0x139", "3")["parameters"][0]["meaning"].startswith("fail-fast")
    assert told(cli, "bugcheck", "0x133", "1", "1e00")["parameters"][0]["is"].startswith("the machine was too long at DISPATCH_LEVEL")
    assert told(cli, "bugcheck", "109", "0", "0", "0", "1")["parameters"][3]["is"] == "a function"
    assert told(cli, "bugcheck", "ed", "0", "c0000032")["parameters"][1]["is"] == "STATUS_DISK_CORRUPT_ERROR"


@pytest.mark.parametrize(
    ("command", "words"),
    [("scrub", "No command takes personal data out of a kernel dump.")],
)
def test_what_to_do_in_place_of_a_command_for_processes(cli: Any, command: str, words: str) -> None:
    found = cli(command, "not-a-dump-kernel-triage-64.dmp")
    assert found.code == 1
    assert f"{command} is for dumps of a process, and this is a kernel dump." in found.out
    assert words in found.out


def test_the_filling_of_a_header_is_no_fact(cli: Any) -> None:
    found = cli("dumpinfo", "not-a-dump-kernel-32.dmp")
    text = " ".join(found.out.split())
    assert "The writer did not set it, so what stopped the machine is not known." in text
    assert "by a debugger" not in text
    assert "the writer did not set how many processors" in text
    assert "45474150" not in text
    assert "1162297680" not in text
    assert "kind not recorded the writer did not set DumpType, and the debugger takes it for a full dump" in text
    machine = cli("system", "not-a-dump-kernel-32.dmp").out
    assert "45474150" not in machine
    assert machine.count("the writer did not set") >= 8


@pytest.mark.parametrize(
    ("name", "kind"),
    [("not-a-dump-kernel-full-64.dmp", "full"), ("not-a-dump-kernel-bitmap-64.dmp", "bitmap kernel"), ("not-a-dump-kernel-bitmap-32.dmp", "bitmap full")],
)
def test_what_a_dump_of_pages_lacks_is_said_in_plain_words(cli: Any, name: str, kind: str) -> None:
    words = f"drivers and threads of a {kind} dump lie in pages that page tables lead to"
    for command in ("threads", "modules"):
        assert words in " ".join(cli(command, name).out.split())
    text = " ".join(cli("dumpinfo", name).out.split())
    assert words in text
    assert "blocks of virtual memory: only a triage dump has some" in text
    assert "only a triage dump has a mark at its end" in text
    assert "TRIAGE_DUMP" not in text


@pytest.mark.parametrize("name", ["not-a-dump-kernel-triage-64.dmp", "not-a-dump-kernel-triage-32.dmp", FULL])
def test_dumpdebug_has_all_lines_of_the_text(cli: Any, name: str) -> None:
    with KernelDump.open(str(SAMPLES / name)) as dump:
        lines = [line.strip() for line in kernel_dumpdebug_lines(dump) if line.strip()]
    out = [line.strip() for line in cli("dumpdebug", name).out.splitlines()]
    assert len(lines) > 5
    assert [line for line in lines if line not in out] == []

"""``system``, ``process`` and ``tokens``."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.commands.made import parse, sample_bytes, write

from dumpscope.commands import system
from dumpscope.dump.absence import Absent
from dumpscope.dump.streams.misc import TimeZone
from dumpscope.view.blocks import Item


def test_system(run_json, cli):
    document = run_json("system", "everything-small.dmp")
    system = document["system"]
    assert (system["os"], system["build"], system["processors"], system["architecture"]) == ("Windows 10 Version 19045", 19045, 8, "AMD64")
    assert document["machine_memory"]["physical_bytes"] > 1 << 33
    assert document["system_memory"]["BasicInfo.PageSize"] == 4096
    assert document["clock"]["time_zone"]["standard_name"] == "W. Europe Standard Time"
    out = cli("system", "everything-small.dmp").out
    assert "UTC+1:00" in out
    assert "BasicInfo" not in out
    assert "BasicInfo" in cli("system", "everything-small.dmp", "--all").out


def test_server_and_x86_and_arm(cli):
    assert "Windows Server 2022" in cli("system", "server-2022.dmp").out
    assert "SSE2" in cli("system", "everything-small-x86.dmp").out
    assert "ARM64" in cli("system", "arm64-process.dmp").out


def test_machine_out_of_commit(cli):
    assert "could be committed" not in cli("system", "everything-small.dmp").out
    assert "% of what can be committed" in cli("system", "commit-exhausted.dmp").out


def test_without_system_info(cli, run_json):
    assert cli("system", "missing-system-info.dmp").code == 1
    assert run_json("system", "missing-system-info.dmp")["system"] is None


def test_process(run_json, cli):
    document = run_json("process", "everything-small.dmp")
    process = document["process"]
    assert process["process_id"] == 0x1A2C
    assert process["command_line"] == '"C:\\demo\\demo.exe" --serve 8080'
    assert process["current_directory"] == "C:\\demo\\"
    assert process["peb"] == "0x4a5e3f1000"
    assert document["environment"]["USERNAME"] == "anna"
    assert [module["name"] for module in document["loaded_modules"]][:2] == ["demo.exe", "ntdll.dll"]
    assert document["vm_counters"]["WorkingSetSize"] == 26214400
    out = cli("process", "everything-small.dmp").out
    assert "--serve 8080" in out
    assert "USERNAME" not in out
    assert "USERNAME" in cli("process", "everything-small.dmp", "--env").out
    assert "C:\\Windows\\System32\\ntdll.dll" in cli("process", "everything-small.dmp", "--modules").out


def test_process_of_32_bits_in_64(run_json):
    document = run_json("process", "process-thread-data-wow64.dmp")
    assert document["process"]["wow64"] is True
    assert document["wow64_loaded_modules"]


def test_a_reason_that_many_share_is_said_once(cli, run_json):
    result = cli("process", "stacks-only.dmp")
    assert result.code == 0
    assert result.out.count("the PEB's address is not known") == 1
    assert run_json("process", "stacks-only.dmp")["process"]["command_line_reason"]["kind"] == "not-captured"
    assert cli("process", "stacks-only.dmp", "--env").code == 1


def test_process_of_which_nothing_is_known(cli):
    assert cli("process", "missing-everything-but-system-info.dmp").code == 1


def test_tokens(run_json, cli):
    tokens = run_json("tokens", "tokens-process-and-thread.dmp")["tokens"]
    assert [token["id"] for token in tokens] == [0x1A2C, 0x1B44]
    assert tokens[0]["integrity"] == "0x2000"
    assert tokens[0]["groups"][0]["name"] == "Everyone"
    assert {item["name"] for item in tokens[0]["privileges"]} >= {"SeShutdownPrivilege", "SeChangeNotifyPrivilege"}
    out = cli("tokens", "tokens-process-and-thread.dmp").out
    assert "the process" in out
    assert "thread 1" in out
    assert "NT AUTHORITY\\INTERACTIVE" in out


def test_damaged_and_missing_tokens(cli):
    assert cli("tokens", "stacks-only.dmp").code == 1
    assert "warning" in cli("tokens", "token-offsets-beyond-end.dmp").out


def test_one_variable(run_json, cli):
    document = run_json("process", "everything-small.dmp", "--var", "username")
    assert document["environment"] == {"USERNAME": "anna"}
    assert "anna" in cli("process", "everything-small.dmp", "--var", "USER*").out
    wrong = cli("process", "everything-small.dmp", "--var", "USERNAM")
    assert wrong.code == 1
    assert "did you mean USERNAME" in wrong.out
    assert cli("process", "stacks-only.dmp", "--var", "PATH").code == 1


def test_process_of_the_files_of_proc(run_json, cli):
    """Breakpad on Linux copies them beside the streams of the format, which say little there."""
    document = run_json("process", "breakpad-linux.dmp")
    assert document["exit"] == 0
    assert document["process"]["process_id"] == 4711
    assert document["process"]["command_line"] == "/usr/bin/demo --serve 8080"
    assert document["environment"] == {"HOME": "/home/anna", "LANG": "C.UTF-8"}
    assert document["proc"]["name"] == "demo"
    assert document["proc"]["threads"] == 2
    out = cli("process", "breakpad-linux.dmp").out
    assert "from /proc/PID/status" in out
    assert "from /proc/PID/cmdline" in out
    assert run_json("process", "breakpad-linux.dmp", "--var", "LANG")["environment"] == {"LANG": "C.UTF-8"}
    assert "/proc" not in cli("process", "everything-small.dmp").out


def test_files_of_proc_with_more(tmp_path, run_json):
    status = b"Name:\tap\xffp\nState:\tt (tracing stop)\nPid:\t99\nPPid:\t7\nTracerPid:\t5\n"
    status += b"Uid:\t1\t2\t3\t4\nVmSize:\t  17 kB\nVmPeak:\t 20 kB\nVmRSS:\tx kB\nThreads:\t9\n:\n"
    made = DumpBuilder()
    made.add_system_info(platform=0x8201)
    made.add_stream(0x47670004, status)
    made.add_stream(0x47670006, b"\0\0app\0" + b"x" * 50)
    made.add_stream(0x47670007, b"A=1\0B\0=C\0A=2=3\0")
    path = tmp_path / "made.dmp"
    path.write_bytes(made.build())
    document = run_json("process", path)
    assert document["process"]["parent_id"] == 7
    assert document["process"]["command_line"] == "app " + "x" * 50
    assert document["environment"] == {"A": "2=3", "B": ""}
    proc = document["proc"]
    assert (proc["uid"], proc["virtual_bytes"], proc["tracer_id"], "resident_bytes" in proc) == ("1 2 3 4", 17 * 1024, 5, False)


MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@pytest.mark.parametrize("month", range(15))
def test_the_months_of_a_rule(month: int) -> None:
    there = 0 < month < 13
    assert system._date_words((0, month, 0, 5, 2, 0, 0, 0)) == (f"the last Sunday of {MONTHS[month - 1]}, 2:00" if there else "")
    assert system._date_words((2024, month, 3, 31, 2, 5, 0, 0)) == (f"31 {MONTHS[month - 1]} 2024, 2:05" if there else "")


@pytest.mark.parametrize(("number", "day"), list(enumerate(["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Monday"])))
def test_the_weekdays_of_a_rule(number: int, day: str) -> None:
    for which, words in ((1, "first"), (2, "second"), (3, "third"), (4, "fourth"), (5, "last"), (6, "6"), (0, "0")):
        assert system._date_words((0, 3, number, which, 23, 59, 0, 0)) == f"the {words} {day} of March, 23:59"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0x7, []),
        (0x4, []),
        (0x3, ["disabled"]),
        (0x0, ["disabled"]),
        (0xF, ["owner"]),
        (0xB, ["owner", "disabled"]),
        (0x10, ["deny only"]),
        (0x14, ["deny only"]),
        (0x20, ["integrity"]),
        (0x60, ["integrity"]),
        (0x40, ["disabled"]),
        (0xC0000007, ["logon id"]),
        (0xC0000003, ["logon id", "disabled"]),
        (0x80000007, []),
        (0x40000007, []),
        (0x3C, ["owner", "deny only", "integrity"]),
    ],
)
def test_a_group_in_words(value: int, words: List[str]) -> None:
    assert system._group_words(value) == words


def proc(parent: Optional[int] = None, pid: Optional[int] = None, arguments: Tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(number=lambda name: {"Pid": pid}.get(name), parent=parent, arguments=list(arguments))


def test_what_copied_files_add_to_a_process() -> None:
    """The parent stands behind the process; what a stream says is not replaced."""
    absent = Absent("not-there", "no stream")
    items = [Item("process_id", "process id", absent), Item("image", "image", "x"), Item("command_line", "command line", absent)]
    found = system._from_files(proc(7, 11, ("a", "b")), list(items))
    assert [item.key for item in found] == ["process_id", "parent_id", "image", "command_line"]
    assert [item.value for item in found] == [11, 7, "x", "a b"]
    assert [item.note for item in found] == [
        "decimal 11; from /proc/PID/status",
        "decimal 7",
        "",
        "from /proc/PID/cmdline, which separates the arguments by NULs",
    ]
    assert system._from_files(proc(), list(items)) == items
    known = [Item("process_id", "process id", 5), Item("command_line", "command line", "c")]
    assert system._from_files(proc(None, 11, ("a",)), list(known)) == known


@pytest.mark.parametrize("name", ["everything-small.dmp", "counters-v1.dmp"])
def test_all_counters_of_a_process_are_shown_when_they_are_asked_for(cli: Any, run_json: Any, name: str) -> None:
    """Once: in short, or each in a table; in JSON always."""
    short, whole = (cli("process", name, *words).out for words in ((), ("--all",)))
    assert short.count("memory of the process") == 1
    assert "PageFaultCount" not in short
    assert "PageFaultCount" in whole
    assert run_json("process", name)["vm_counters"] == run_json("process", name, "--all")["vm_counters"]


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ((2400, 3600, 0), "3600 MHz 2400 MHz at the time of the dump, its limit is not filled in; the writer stored the two the wrong way round"),
        ((3600, 2400, 3000), "limited to 3000 MHz"),
    ],
)
def test_frequencies(tmp_path, cli, stored, words):
    data = bytearray(sample_bytes("stacks-only"))
    misc = parse(bytes(data)).misc
    struct.pack_into("<3I", data, misc.offset + 24, *stored)
    struct.pack_into("<I", data, misc.offset + 4, misc.flags1 | 4)
    out = " ".join(cli("system", write(tmp_path, bytes(data))).out.split())
    assert words in out
    assert "limited to 0 MHz" not in out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("token-size-zero.dmp", ["token 0 claims 0x0 bytes, the stream holds 0x0"]),
        ("token-offsets-beyond-end.dmp", [f"{what}: 0x40 bytes at 0xf0000000 of a token of 0x48 bytes" for what in ("user", "primary group", "privileges")]),
    ],
)
def test_what_is_wrong_with_tokens_is_said(cli: Any, name: str, words: List[str]) -> None:
    said = [line for line in cli("tokens", name).out.splitlines() if line.startswith("warning: ")]
    assert {f"warning: {item}" for item in words} <= set(said)


@pytest.mark.parametrize(
    ("number", "name", "note"),
    [(0, "winter", "UTC+1:00, the zone has no"), (1, "winter", "UTC+0:30, standard"), (2, "summer", "UTC+2:05, daylight"), (3, "winter", "UTC+1:00")],
)
def test_the_name_of_a_time_zone_is_that_of_the_day(number: int, name: str, note: str) -> None:
    never = (0,) * 8
    zone = TimeZone(number, -60, "winter", never, 30, "summer", never, -65)
    shown = next(item for item in system._zone_items(zone) if item.label == "time zone" and not item.hidden)
    assert shown.value == name
    assert shown.note.startswith(note)


def test_a_time_zone_west_of_greenwich_without_a_name() -> None:
    never = (0,) * 8
    shown = list(system._zone_items(TimeZone(0, 570, "", never, 0, "", never, 0)))
    assert [(item.label, item.value, item.note) for item in shown if not item.hidden] == [
        ("time zone", "without a name", "UTC-9:30, the zone has no daylight saving time")
    ]

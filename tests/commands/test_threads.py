"""``threads``: fields, missing and refused thread info, choosing one thread, sorting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from samples.writer import DumpBuilder, Thread, ThreadInfo, find_entry, patch

from dumpscope.commands import threads
from dumpscope.dump.streams.threads import ThreadInfoList

FIXED = [
    "index",
    "tid",
    "name",
    "teb",
    "suspend_count",
    "priority",
    "create_time",
    "exit_time",
    "kernel_time",
    "user_time",
    "start_address",
    "affinity",
    "exit_status",
    "dump_flags",
    "ip",
    "sp",
    "stack",
]
FROM_INFO = ("create_time", "exit_time", "kernel_time", "user_time", "start_address", "affinity", "exit_status", "dump_flags")


def build(tmp_path, threads, infos=None, **options):
    builder = DumpBuilder(flags=0x1000)
    builder.add_system_info()
    builder.add_thread_list(threads)
    if infos is not None:
        builder.add_thread_info(infos, **options)
    path = tmp_path / "made.dmp"
    path.write_bytes(builder.build())
    return path


def test_fixed_fields_of_a_rich_dump(run_json):
    threads = run_json("threads", "everything-small.dmp")["threads"]
    assert [thread["tid"] for thread in threads] == [0x1A30, 0x1B44, 0x0C58]
    for thread in threads:
        assert all(name in thread for name in FIXED)
    main, worker, other = threads
    assert (main["name"], worker["name"], other["name"]) == ("main", "worker", None)
    assert other["name_reason"]["kind"] == "not-there"
    assert main["teb"] == "0x4a5e3f2000"
    assert main["affinity"] == "0xff"
    assert main["exit_status"] == 0x103
    assert main["stack"] == {"start": "0x4a5e4ffe58", "size": 0x1A8, "captured": True, "captured_bytes": 0x1A8}
    assert other["ip"] == "0x7ff6a1b2145c"
    assert other["ip_symbol"] == "demo+0x145c"
    assert [thread["last_error"] for thread in threads] == [0, 2, 87]


def test_what_thread_info_would_say_is_null_with_a_reason_without_it(run_json):
    for thread in run_json("threads", "stacks-only.dmp")["threads"]:
        for name in FROM_INFO:
            assert thread[name] is None
            assert thread[name + "_reason"]["kind"] == "not-asked"
        assert thread["priority"] == 0


def test_invalid_info_hides_times_and_keeps_flags(run_json):
    threads = run_json("threads", "thread-invalid-info.dmp")["threads"]
    invalid = [thread for thread in threads if thread["dump_flags"]]
    assert invalid
    for thread in invalid:
        assert thread["create_time"] is None
        assert thread["affinity"] is None
        assert "MINIDUMP_THREAD_INFO_INVALID_INFO" in thread["dump_flags"]


def test_one_thread_without_an_entry(run_json):
    threads = run_json("threads", "thread-info-missing-one.dmp")["threads"]
    assert sorted(thread["create_time"] is None for thread in threads) == [False, False, True]


def test_refused_thread_info_is_salvaged_apart(tmp_path, run_json, cli):
    """The stream claims nine entries and holds one: the debugger takes none, and we show that one under a name of its own."""
    path = build(tmp_path, [Thread(0x10)], [ThreadInfo(0x10, kernel=40_000, user=50_000, affinity=0x3)])
    data = path.read_bytes()
    _entry, _size, rva = find_entry(data, 17)
    path.write_bytes(patch(data, ("<I", rva + 8, 9)))
    (thread,) = run_json("threads", path)["threads"]
    assert thread["create_time"] is None
    assert thread["create_time_reason"]["kind"] == "damaged"
    salvaged = thread["salvaged_info"]
    assert (salvaged["kernel_time"], salvaged["user_time"], salvaged["affinity"], salvaged["exit_status"]) == (40_000, 50_000, 0x3, 0x103)
    text = cli("threads", path, "--times").out
    assert "the readable part is shown" in text
    assert "together kernel 0 days 0:00:00.004, user 0 days 0:00:00.005" in text
    assert "and has no times; `threads --times` shows the readable part" in " ".join(cli("threads", path).out.split())


def test_thread_info_that_cannot_be_read_is_not_salvaged(tmp_path, run_json, cli):
    path = build(tmp_path, [Thread(0x10)], [ThreadInfo(0x10)], entry_size=32)
    (thread,) = run_json("threads", path)["threads"]
    assert (thread["create_time"], thread["salvaged_info"]) == (None, None)
    assert thread["create_time_reason"]["kind"] == "damaged"
    assert "the readable part" not in cli("threads", path).out
    assert "and none could be read" in " ".join(cli("threads", path, "--times").out.split())


def test_refused_thread_list_is_salvaged(run_json, cli):
    document = run_json("threads", "thread-list-padded.dmp")
    assert document["threads"] is None
    assert document["threads_reason"]["kind"] == "damaged"
    assert len(document["salvaged_threads"]) == 3
    assert "does not accept" in cli("threads", "thread-list-padded.dmp").out


@pytest.mark.parametrize("dump", ["missing-thread-list.dmp", "thread-list-empty.dmp"])
def test_no_threads_is_explained(cli, run_json, dump):
    assert cli("threads", dump).code == 1
    document = run_json("threads", dump)
    assert not document["threads"]
    assert document["threads_reason"]["message"]


@pytest.mark.parametrize(
    ("word", "tid"), [("1", 0x1B44), ("~1", 0x1B44), ("0xc58", 0xC58), ("tid:c58", 0xC58), ("c58", 0xC58), ("1a2c.1b44", 0x1B44), ("#", 0xC58)]
)
def test_a_thread_by_index_or_id(run_json, word, tid):
    document = run_json("threads", "everything-small.dmp", word)
    assert [thread["tid"] for thread in document["threads"]] == [tid]
    assert document["registers"]["rip"] == document["threads"][0]["ip"]


def test_an_index_that_is_an_id_too_says_which_was_taken(tmp_path, cli):
    path = build(tmp_path, [Thread(0x1), Thread(0x0), Thread(0x30)])
    result = cli("threads", path, "1")
    assert "thread 1" in result.out
    assert "taken as the index" in result.out
    assert "taken" not in cli("threads", path, "0x1").out


def test_no_such_thread(cli):
    result = cli("threads", "everything-small.dmp", "99")
    assert result.code == 1
    assert "no thread 99" in result.out
    assert cli("threads", "everything-small.dmp", "zz").code == 2
    assert cli("threads", "everything-small.dmp", "1", "--times").code == 2


def test_sorted_by_time_as_runaway(run_json, cli):
    threads = run_json("threads", "many-threads.dmp", "--sort", "time")["threads"]
    used = [thread["kernel_time"] + thread["user_time"] for thread in threads]
    assert used == sorted(used, reverse=True)
    assert used[0] > used[-1]
    assert "0 days" in cli("threads", "many-threads.dmp", "--sort", "time").out
    tids = [thread["tid"] for thread in run_json("threads", "many-threads.dmp", "--sort", "tid")["threads"]]
    assert tids == sorted(tids)


def test_times_without_thread_info_exit_1(cli):
    assert cli("threads", "stacks-only.dmp", "--times").code == 1


def test_registers_look_as_the_debugger_prints_them(cli):
    out = cli("threads", "everything-small.dmp", "2").out
    assert "rip=00007ff6a1b2145c rsp=0000004a5e6ffe18 rbp=0000000000000000" in out
    assert "iopl=0         nv up ei pl zr na po nc" in out  # as the engine shows the parity flag of 64-bit code
    assert "cs=0033  ss=002b  ds=002b  es=002b  fs=0053  gs=002b             efl=00000246" in out
    narrow = cli("threads", "everything-small-x86.dmp", "0").out
    assert "eip=" in narrow
    assert "esp=006ffe5c" in narrow


def test_wow64_registers(run_json):
    document = run_json("threads", "process-thread-data-wow64.dmp", "0")
    assert document["wow64_registers"]["architecture"] == "x86"


def test_a_thread_that_the_writer_failed_on(run_json, cli):
    thread = run_json("threads", "thread-access-denied.dmp", "1")["threads"][0]
    assert thread["ip"] is None
    assert thread["ip_reason"]["message"]
    assert thread["dump_error"] == "0xd0000022"
    assert "STATUS_ACCESS_DENIED" in cli("threads", "thread-access-denied.dmp", "1").out


def test_hostile_names_are_escaped(cli):
    out = cli("threads", "hostile-everywhere.dmp").out
    assert all(char.isprintable() or char == "\n" for char in out)


def test_csv_has_a_row_for_each_thread(cli):
    lines = cli("threads", "everything-small.dmp", "--csv").out.splitlines()
    assert lines[0].startswith("index,tid,")
    assert len(lines) == 4


def test_priorities_have_names_on_windows_only(tmp_path, cli):
    for platform, words in ((2, "normal; class 0x20, normal"), (0x8201, "as the writer counts on this system; class 0x20")):
        builder = DumpBuilder()
        builder.add_system_info(platform=platform)
        builder.add_thread_list([Thread(0x10)])
        (tmp_path / "one.dmp").write_bytes(builder.build())
        line = next(line for line in cli("threads", tmp_path / "one.dmp", "0").out.splitlines() if line.startswith("Priority"))
        assert line.endswith(words)


def test_last_errors_of_all_threads_in_one_table(run_json, cli):
    rows = run_json("threads", "everything-small.dmp", "--errors")["errors"]
    assert [(row["tid"], row["last_error"], row["last_status"]) for row in rows] == [
        (0x1A30, "0x0", "0x0"),
        (0x1B44, "0x2", "0xc0000034"),
        (0x0C58, "0x57", "0xc000000d"),
    ]
    assert [row["error_words"] for row in rows] == ["(0) ERROR_SUCCESS", "(2) ERROR_FILE_NOT_FOUND", "(87) ERROR_INVALID_PARAMETER"]
    out = cli("threads", "everything-small.dmp", "--errors").out
    assert "STATUS_OBJECT_NAME_NOT_FOUND" in out
    assert "worker" in out


def test_last_errors_that_the_dump_does_not_hold(run_json, cli):
    document = run_json("threads", "stacks-only.dmp", "--errors")
    assert document["exit"] == 1
    for row in document["errors"]:
        assert row["last_error"] is None
        assert row["last_error_reason"]["kind"]
    assert "TEB" in cli("threads", "stacks-only.dmp", "--errors").out
    assert cli("threads", "everything-small.dmp", "1", "--errors").code == 2
    assert cli("threads", "everything-small.dmp", "--times", "--errors").code == 2


def test_a_table_decodes_each_thread_once(tmp_path, cli, monkeypatch):
    """It is drawn column by column; what one column has decoded serves the others."""
    count = 700
    path = build(tmp_path, [Thread(0x1000 + 4 * n) for n in range(count)], [ThreadInfo(0x1000 + 4 * n, kernel=n, user=n) for n in range(count)])
    asked = []
    find = ThreadInfoList.find
    monkeypatch.setattr(ThreadInfoList, "find", lambda infos, tid: (asked.append(tid), find(infos, tid))[1])
    assert f"{count} threads; together" in cli("threads", path, "--times").out
    assert set(asked) == {0x1000 + 4 * n for n in range(count)}
    assert len(asked) == count


@pytest.mark.parametrize(
    ("size", "captured", "words"),
    [
        (0, 0, "no stack was captured: its range is empty"),
        (1, 1, "1 byte, captured"),
        (2, 2, "2 bytes, captured"),
        (2, 3, "2 bytes, captured"),
        (2, 1, "2 bytes, 1 of them captured"),
        (0x100, 0xFF, "256 bytes, 255 of them captured"),
        (2, 0, "2 bytes, not captured"),
    ],
)
def test_how_much_of_a_stack_is_there(size: int, captured: int, words: str) -> None:
    view: Any = SimpleNamespace(kind="address64", dump=SimpleNamespace(pointer_size=8), stack_captured=lambda thread: captured)
    thread: Any = SimpleNamespace(stack_start=0x7000, stack_size=size)
    item = threads._stack_item(view, thread)
    assert item.note == words
    assert item.value == (0x7000 if size else None)
    if size:
        assert item.text == f"00000000`00007000 - 00000000`{0x7000 + size:08x}"


@pytest.mark.parametrize(("mask", "words"), [(0, "0 processors"), (1, "1 processor"), (1 << 63, "1 processor"), (3, "2 processors"), (0xFF, "8 processors")])
def test_an_affinity_in_words(mask: int, words: str) -> None:
    assert threads._affinity_words(mask) == words

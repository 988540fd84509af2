"""``diff``: what it says of two and three dumps, its hints, and its limits. The comparison itself is tested in tests/fleet."""

from __future__ import annotations

import pytest
from samples.writer import TIMESTAMP, DumpBuilder, Handle, Module, Thread, ThreadInfo
from tests.fleet.test_openings import STACK, made, opened

import dumpscope.commands.diff as module

LOCK = ("Mutant", "\\App\\Lock")


@pytest.fixture
def make(tmp_path):
    """A dump of the process 0x1a2c with so many handles of each kind, some threads, modules and one page of memory."""

    def build(name, handles, *, seconds=0, tids=(0x10,), modules=("C:\\app\\app.exe",), page=b"\0" * 0x1000, pid=0x1A2C):
        made = DumpBuilder(flags=0x1004, timestamp=TIMESTAMP + seconds)
        made.add_system_info()
        made.add_misc_info(5)
        made.add_thread_list([Thread(tid) for tid in tids])
        made.add_thread_info([ThreadInfo(tid, user=10_000_000 * (1 + seconds), kernel=0) for tid in tids])
        made.add_module_list([Module(0x10000 * (index + 1), 0x1000, path) for index, path in enumerate(modules)])
        kinds = [kind for kind, count in handles for _ in range(count)]
        if kinds:
            made.add_handles([Handle(4 * (index + 1), *kind) for index, kind in enumerate(kinds)])
        made.add_memory(0x500000, page)
        made.add_memory_list()
        path = tmp_path / name
        path.write_bytes(made.build())
        return path

    return build


def flat(result):
    return " ".join(result.out.split())


@pytest.mark.parametrize(("before", "after", "change", "hint"), [(2, 5, "+3", True), (5, 2, "-3", False), (3, 3, "+0", False), (3, 4, "+1", True)])
def test_handles_of_two_dumps(cli, run_json, make, before, after, change, hint):
    first, last = make("a.dmp", [(LOCK, before)]), make("b.dmp", [(LOCK, after)], seconds=60)
    document = run_json("diff", first, last)
    assert document["handle_counts"] == [before, after]
    assert document["leaks"] == []
    rows = [tuple(row.values()) for row in document["handles"]]
    assert rows == ([] if before == after else [("Mutant", before, after, change)])
    named = [tuple(row.values()) for row in document["handles_by_name"]]
    assert named == ([(*LOCK, before, after, change)] if after > before else [])
    text = flat(cli("diff", first, last))
    assert f"handles: {before} -> {after} ({change})" in text
    assert ("Two dumps show growth; a third one shows whether it goes on" in text) is hint
    assert ("Each type has as many handles as before." in text) is (before == after)
    assert ("names with more handles" in text) is (after > before)
    assert "60 seconds lie between the first and the last." in text
    assert "handles, first and last dump" not in text
    assert ("a.dmp" in text) is (before != after)


def test_growth_in_each_step_is_called_a_leak(cli, run_json, make):
    paths = [make(f"{number}.dmp", [(LOCK, 2 + number), (("Event", ""), 3)], seconds=number) for number in range(3)]
    document = run_json("diff", *paths)
    leaks = [(item["type"], item["name"], item["counts"]) for item in document["leaks"]]
    assert leaks == [("Mutant", "", [2, 3, 4]), ("Mutant", LOCK[1], [2, 3, 4])]
    text = flat(cli("diff", *paths))
    assert "looks like a leak: Mutant grows in each dump (2 -> 3 -> 4)" in text
    assert f"looks like a leak: Mutant {LOCK[1]} grows" in text
    assert "Two dumps show growth" not in text


def test_ten_leaks_are_told_and_forty_names_are_shown(cli, run_json, make):
    paths = [make(f"{number}.dmp", [(("Event", f"\\E{name:02}"), 1 + number) for name in range(45)], seconds=number) for number in range(3)]
    document = run_json("diff", *paths)
    assert len(document["handles_by_name"]) == 40
    assert flat(cli("diff", *paths)).count("looks like a leak") == 10


def test_each_handle_that_changed(run_json, cli, make):
    first = make("a.dmp", [(LOCK, 1), (("Event", "\\Old"), 1), (("Key", ""), 1)])
    last = make("b.dmp", [(LOCK, 1), (("Event", "\\New"), 1)])
    rows = {row["handle"]: tuple(row.values())[1:] for row in run_json("diff", first, last, "--handles")["handle_changes"]}
    assert set(rows) == {"0x8", "0xc"}
    assert rows["0x8"][1:] == ("Event", "\\Old", "Event", "\\New")
    assert rows["0xc"][1:] == ("Key", "", "", "")
    assert "handle_changes" not in run_json("diff", first, last)
    assert "handles, first and last dump" in cli("diff", first, last, "--handles").out


def test_dumps_without_handles_are_named(cli, run_json, make):
    first, last = make("a.dmp", []), make("b.dmp", [(LOCK, 1)])
    assert "Handles cannot be compared: a.dmp has none." in flat(cli("diff", first, last))
    document = run_json("diff", first, last)
    assert document["handles"] is None
    assert "handle_counts" not in document


def test_equal_names_become_numbers(cli, make, tmp_path):
    (tmp_path / "later").mkdir()
    first = make("a.dmp", [(LOCK, 1)])
    last = make("later/a.dmp", [(LOCK, 2)])
    text = flat(cli("diff", first, last))
    assert "dump 1 dump 2 change" in text
    assert "a.dmp" not in text


def test_the_order_of_times(cli, run_json, make):
    first, last = make("late.dmp", [(LOCK, 1)], seconds=30), make("early.dmp", [(LOCK, 1)])
    text = flat(cli("diff", first, last))
    assert "They were not given in the order of their times: early.dmp, late.dmp." in text
    assert "seconds lie between" not in text
    assert run_json("diff", first, last)["timestamps"] == [TIMESTAMP + 30, TIMESTAMP]


def test_threads_and_modules(cli, run_json, make):
    first = make("a.dmp", [(LOCK, 1)], tids=(0x10, 0x20), modules=("C:\\app\\app.exe", "C:\\app\\old.dll"))
    last = make("b.dmp", [(LOCK, 1)], tids=(0x10, 0x30), modules=("C:\\app\\app.exe", "C:\\app\\new.dll"), seconds=2)
    document = run_json("diff", first, last)
    assert {row["tid"]: row["kind"] for row in document["threads"]} == {0x10: "ran", 0x20: "gone", 0x30: "new"}
    assert {row["tid"]: row["user_time"] for row in document["threads"]}[0x10] == 20_000_000
    changes = {row["path"]: row for row in document["modules"]}
    assert {path: row["kind"] for path, row in changes.items()} == {"C:\\app\\old.dll": "unloaded", "C:\\app\\new.dll": "loaded"}
    assert (changes["C:\\app\\old.dll"]["base_before"], changes["C:\\app\\old.dll"]["base_after"]) == ("0x20000", None)
    assert (changes["C:\\app\\new.dll"]["base_before"], changes["C:\\app\\new.dll"]["base_after"]) == (None, "0x20000")
    text = flat(cli("diff", first, last))
    assert "The modules are the same" not in text
    assert {"threads: 1 ran", "1 new", "1 gone"} == set(text[text.index("threads: ") :].split(" modules ")[0].split(", "))
    assert "The modules are the same." in flat(cli("diff", first, first))


def test_memory_that_differs(cli, run_json, make, monkeypatch):
    first = make("a.dmp", [(LOCK, 1)], page=b"\0" * 0x4000)
    last = make("b.dmp", [(LOCK, 1)], page=b"\0" * 0x1000 + b"x" * 0x1000 + b"\0" * 0x1000 + b"y" * 0x1000)
    document = run_json("diff", first, last, "--memory")
    assert (document["shared_memory"], document["changed_memory"]) == (0x4000, 0x2000)
    assert [(row["address"], row["size"]) for row in document["memory_changes"]] == [("0x501000", 0x1000), ("0x503000", 0x1000)]
    assert "memory that differs" in cli("diff", first, last, "--memory").out
    plain = cli("diff", first, last).out
    assert "memory that differs" not in plain
    assert "Captured memory in both: 16384 (16.0 KiB); in pages that differ: 8192 (8.0 KiB)." in flat(cli("diff", first, last))
    assert "these are the first" not in plain
    monkeypatch.setattr(module, "MAX_CHANGES", 2)
    assert "these are the first" not in cli("diff", first, last).out
    monkeypatch.setattr(module, "MAX_CHANGES", 1)
    assert "The memory differs in more than 1 places: these are the first." in flat(cli("diff", first, last))
    document = run_json("diff", first, last, "--memory")
    assert (len(document["memory_changes"]), document["changed_memory"]) == (1, 0x1000)


def test_no_memory_in_both(cli):
    assert "No captured memory is in both dumps." in cli("diff", "missing-memory.dmp", "missing-memory.dmp").out


@pytest.mark.parametrize(("most", "said"), [(0, True), (1, False)])
def test_as_many_changed_regions_as_the_limit(run_json, cli, monkeypatch, most, said):
    monkeypatch.setattr(module, "MAX_CHANGES", most)
    words = ["diff", "missing-memory.dmp", "memory-map-gaps.dmp", "--memory"]
    assert len(run_json(*words)["region_changes"]) == most
    assert (f"More than {most} address ranges changed: these are the first." in flat(cli(*words))) is said


def test_who_opened_new_handles_is_told_with_the_stack(run_json, cli, tmp_path, monkeypatch):
    """Of each stack how many; what the trace does not have is told as that."""
    first = made(tmp_path / "a.dmp", [(4, 3)])
    last = made(tmp_path / "b.dmp", [(4, 3), (8, 3), (12, 3), (20, 1)], [opened(8), opened(12)], time=61)
    rows = run_json("diff", first, last)["opened_by"]
    assert [(row["count"], row["handle"], row["stack"] == "not in the trace") for row in rows] == [(2, "0xc", False), (1, "0x14", True)]
    assert len(rows[0]["stack"].split(" < ")) == len(STACK)
    text = flat(cli("diff", first, last))
    assert rows[0]["stack"] in text
    assert "more stack" not in text
    monkeypatch.setattr(module, "_SHOWN", 1)
    assert "1 more stack: these are the largest" in flat(cli("diff", first, last))


def test_a_leak_is_told_with_its_rights_and_who_opened_it(cli, tmp_path):
    paths = [made(tmp_path / f"{count}.dmp", [(4 * index, 3) for index in range(1, count + 1)], [opened(4 * count)], time=count) for count in (2, 4, 9)]
    text = flat(cli("diff", *paths))
    assert "looks like a leak: Event grows in each dump (2 -> 4 -> 9)" in text
    assert "with rights 0x3 (+7)" in text
    assert "1 of the new ones opened by " in text


def test_a_dump_with_itself_is_said_first(cli, run_json, make):
    path = make("a.dmp", [(LOCK, 2)])
    result = cli("diff", path, path)
    assert result.code == 0
    assert result.out.splitlines()[0] == "warning: The dump is compared with itself: nothing differs between them."
    document = run_json("diff", path, path)
    assert document["same_bytes"] == [[1, 2]]
    assert list(document).index("same_bytes") < list(document).index("same_process")


def test_files_with_the_same_bytes_are_named(cli, run_json, make, tmp_path):
    first, last = make("a.dmp", [(LOCK, 2)]), make("b.dmp", [(LOCK, 3)])
    copy = tmp_path / "copy.dmp"
    copy.write_bytes(first.read_bytes())
    assert cli("diff", first, copy).out.startswith("warning: a.dmp and copy.dmp hold the same bytes: nothing differs between them.\n")
    assert run_json("diff", first, last)["same_bytes"] == []
    assert "same bytes" not in cli("diff", first, last).out
    three = cli("diff", first, last, copy)
    assert three.out.startswith("warning: a.dmp and copy.dmp hold the same bytes: nothing differs between them.\n")
    assert run_json("diff", first, last, copy)["same_bytes"] == [[1, 3]]
    assert "dump 2 and dump 3 are the same file: " in cli("diff", first, last, last).out

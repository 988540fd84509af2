"""What changed between dumps: handles, threads, modules, order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Sequence, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.fleet.compare import handle_changes, handle_growth, in_order, leaks, memory_growth, module_changes, one_process, thread_changes
from dumpscope.writing import DumpBuilder

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SMALL = str(SAMPLES / "everything-small.dmp")
Rows = Sequence[Tuple[int, str, str]]


def made(handles: Rows, *, time: int = 0, pid: int = 0) -> Minidump:
    """The sample with these handles instead of its own."""
    with Minidump.open(SMALL) as dump:
        builder = DumpBuilder.of(dump)
        builder.drop(12)
        for value, kind, name in handles:
            builder.add("HandleDataStream", Handle=value, TypeName=kind, ObjectName=name)
        if pid:
            builder.set("MiscInfoStream", ProcessId=pid)
        if time:
            builder.timestamp = time
        return Minidump.open(builder.to_bytes())


FIRST: List[Tuple[int, str, str]] = [(4, "Event", ""), (8, "File", "\\Device\\x"), (12, "Key", "\\REGISTRY\\A")]
SECOND: List[Tuple[int, str, str]] = [(4, "Event", ""), (8, "Key", "\\REGISTRY\\B"), (16, "Event", "new"), (20, "Event", "new")]


def test_handles_by_type() -> None:
    growth = {item.name: item for item in handle_growth([made(FIRST), made(SECOND)])}
    assert growth["Event"].counts == (1, 3)
    assert growth["Event"].change == 2
    assert growth["File"].counts == (1, 0)
    assert (growth["Key"].change, growth["Key"].grows) == (0, False)


def test_handles_by_name() -> None:
    growth = handle_growth([made(FIRST), made(SECOND)], by_name=True)
    assert growth[0].name == ("Event", "new")
    assert growth[0].counts == (0, 2)


def test_single_handles() -> None:
    found = {(item.handle, item.kind): (item.before, item.after) for item in handle_changes(made(FIRST), made(SECOND))}
    assert found == {
        (8, "reused"): (("File", "\\Device\\x"), ("Key", "\\REGISTRY\\B")),
        (16, "new"): (None, ("Event", "new")),
        (20, "new"): (None, ("Event", "new")),
        (12, "gone"): (("Key", "\\REGISTRY\\A"), None),
    }


def test_a_leak_grows_in_each_step() -> None:
    steps = [made([(4 * (n + 1), "Event", "leak") for n in range(count)] + [(0x1000, "Key", "k")]) for count in (2, 5, 9)]
    growth = handle_growth(steps)
    assert [item.name for item in leaks(growth)] == ["Event"]
    assert leaks(handle_growth(steps[:2])) == []
    assert leaks(handle_growth([steps[0], steps[2], steps[1]])) == []


def test_order_and_process() -> None:
    early, late, other = made(FIRST, time=1000), made(SECOND, time=2000), made(FIRST, pid=77)
    assert in_order([late, early]) == [1, 0]
    assert one_process([early, late]) is True
    assert one_process([early, other]) is False


def test_the_same_dump_has_no_changes() -> None:
    with Minidump.open(SMALL) as first, Minidump.open(SMALL) as second:
        assert list(handle_changes(first, second)) == []
        assert list(module_changes(first, second)) == []
        assert {item.kind for item in thread_changes(first, second)} == {"still"}
        assert all(item.change == 0 for item in memory_growth([first, second]))
        assert memory_growth([first, second])


def test_modules_and_threads_that_came_and_went(tmp_path: Path) -> None:
    with Minidump.open(SMALL) as first, Minidump.open(str(SAMPLES / "article-handles.dmp")) as second:
        kinds = {item.kind for item in module_changes(first, second)}
        assert kinds & {"loaded", "unloaded"}
        threads = {item.tid: item.kind for item in thread_changes(first, second)}
        assert {threads[thread.tid] for thread in first.threads if thread.tid not in {other.tid for other in second.threads}} <= {"gone"}


def test_the_command(cli: Any, tmp_path: Path) -> None:
    paths = []
    for number, count in enumerate((1, 3, 6)):
        path = tmp_path / f"{number}.dmp"
        with made([(4 * (n + 1), "Mutant", "lock") for n in range(count)], time=1000 + number) as dump:
            path.write_bytes(dump.source.bytes(0, dump.size, "dump"))
        paths.append(path)
    result = cli("diff", *paths)
    assert result.code == 0
    assert "looks like a leak: Mutant grows in each dump (1 -> 3 -> 6)" in result.out
    assert "The dumps are of one process." in result.out
    assert cli("diff", paths[1], paths[0]).out.count("not given in the order") == 1
    assert "new" in cli("diff", paths[0], paths[1], "--handles").out


@pytest.mark.parametrize("other", ["not-a-dump-zip.dmp", "nothing.dmp"])
def test_what_cannot_be_opened(cli: Any, other: str) -> None:
    result = cli("diff", "everything-small.dmp", SAMPLES / other)
    assert result.code == 3
    assert "Traceback" not in result.err


def test_a_dump_without_handles_says_so(cli: Any) -> None:
    result = cli("diff", "everything-small.dmp", SAMPLES / "article-nohandles.dmp")
    assert "Handles cannot be compared: article-nohandles.dmp has none." in result.out

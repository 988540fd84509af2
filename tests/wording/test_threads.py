"""What can be said of each thread, and why it cannot."""

from pathlib import Path

import pytest
from tests.commands.made import opened

from dumpscope import Minidump
from dumpscope.dump.absence import DAMAGED, Absent
from dumpscope.wording.threads import ThreadView, signed
from dumpscope.writing.patch import Patch

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def viewed(name):
    """A sample and the view of its threads."""
    dump = opened(name)
    return dump, ThreadView(dump)


def test_signed():
    assert [signed(value) for value in (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE)] == [0, 0x7FFFFFFF, -0x80000000, -2]


def test_a_thread_of_a_whole_dump():
    dump, view = viewed("everything-small")
    first, second, raised = dump.threads
    assert [view.name(thread) for thread in (first, second)] == ["main", "worker"]
    assert view.name(raised).message == "the thread has no name"
    assert (view.at(first), view.start(first)) == ("ntdll+0x9d0f4", "demo+0x1a00")
    assert (view.ip(raised), view.sp(raised)) == (0x7FF6A1B2145C, 0x4A5E6FFE18)
    assert (view.last_error(second), view.last_status(second)) == (2, 0xC0000034)
    assert view.stack(first) == {"start": "0x4a5e4ffe58", "size": 0x1A8, "captured": True, "captured_bytes": 0x1A8}
    assert [view.remarks(thread) for thread in dump.threads] == ["", "", "raised the exception"]
    assert view.salvaged(first) is None


def test_members_say_why_they_are_missing():
    dump, view = viewed("thread-info-missing-one")
    told = [view.dump_flags(thread) for thread in dump.threads]
    missing = [thread for thread, flags in zip(dump.threads, told) if isinstance(flags, Absent)]
    assert len(missing) == 1
    assert view.member("start_address")(missing[0]).message == f"ThreadInfoListStream has no entry for thread {missing[0].tid:x}"


def test_an_entry_that_the_writer_marked_invalid():
    dump, view = viewed("thread-invalid-info")
    marked = [thread for thread in dump.threads if "times invalid" in view.remarks(thread)]
    assert marked
    for thread in marked:
        assert "MINIDUMP_THREAD_INFO_INVALID_INFO" in view.info(thread).message
        assert "MINIDUMP_THREAD_INFO_INVALID_INFO" in view.dump_flags(thread)


@pytest.fixture
def patched():
    """A view of everything-small.dmp with some bytes changed."""
    sources = []

    def make(offset, data):
        with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
            patch = Patch(dump.source)
            patch.write(offset, data)
            sources.append(patch.source())
        dump = Minidump(sources[-1])
        return dump, ThreadView(dump)

    yield make
    for source in sources:
        source.close()


def test_a_list_that_the_debugger_refuses_is_salvaged(patched):
    dump, view = patched(0x2C + 4, (208).to_bytes(4, "little"))  # DataSize of ThreadInfoListStream, 204
    thread = dump.threads[0]
    assert view.info(thread).kind == DAMAGED
    assert view.dump_error(thread).kind == DAMAGED
    assert not isinstance(view.text_info(thread), Absent)
    salvaged = view.salvaged(thread)
    assert "tid" not in salvaged
    assert salvaged["start_address"] == view.text_info(thread).start_address


def test_exit_times_are_told_where_they_are_valid(patched):
    record = 0x9080  # the first MINIDUMP_THREAD_INFO: DumpFlags 4, ExitStatus 12, ExitTime 24
    dump, view = patched(record + 12, (5).to_bytes(4, "little") + bytes(8) + (1 << 56).to_bytes(8, "little"))
    assert view.remarks(dump.threads[0]) == "exited with 0x5"
    assert view.remarks(dump.threads[1]) == ""
    dump, view = patched(record + 4, (8).to_bytes(4, "little") + bytes(4) + (5).to_bytes(4, "little") + bytes(8) + (1 << 56).to_bytes(8, "little"))
    assert view.remarks(dump.threads[0]) == "times invalid"


@pytest.mark.parametrize(
    ("member", "value", "remark"),
    [(4, 3, "suspended 3×"), (4, 0xFFFFFFFF, "could not be opened"), (12, 0xFFFFFFFE, "priority -2"), (12, 2, "priority 2")],
)
def test_remarks_of_the_thread_list(patched, member, value, remark):
    dump, view = patched(0x8FE4 + member, value.to_bytes(4, "little"))  # the first MINIDUMP_THREAD: SuspendCount 4, Priority 12
    assert [view.remarks(thread) for thread in dump.threads] == [remark, "", "raised the exception"]


@pytest.mark.parametrize(
    ("sample", "remarks"),
    [
        ("thread-teb-zero", ["no TEB", "no TEB", "no TEB"]),
        ("thread-exited", ["", "could not be opened; exited while dumping; no TEB", ""]),
        ("thread-access-denied", ["", "could not be opened; access failed while dumping; no TEB", ""]),
    ],
)
def test_remarks(sample, remarks):
    dump, view = viewed(sample)
    assert [view.remarks(thread) for thread in dump.threads] == remarks


def test_places_of_addresses():
    _, view = viewed("everything-small")
    absent = Absent("not-there", "gone")
    assert view.place(absent) is absent
    assert (view.symbol(absent), view.module_file(absent)) == ("", "")
    assert view.place(0x1000) == "00000000`00001000"
    assert view.module_file(0x7FF6A1B2145C) == "demo.exe"

"""The edit language of ``what-if``: each edit on a private copy of a sample."""

from pathlib import Path

import pytest

from dumpscope import Minidump, NotInDump, UsageError
from dumpscope.session.edits import Editor

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def editor():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        made = Editor(dump)
        yield made
        made.close()


@pytest.mark.parametrize(
    ("edit", "offset", "after"),
    [
        ("flags = 5", 0x18, "0500000000000000"),
        ("flags &= ~4", 0x18, "2019040000000000"),  # the flags are 0x41924
        ("flags |= 3", 0x18, "2719040000000000"),
        ("FLAGS ^= 1", 0x18, "2519040000000000"),
        ("flags <<= 4", 0x18, "4092410000000000"),
        ("flags >>= 4", 0x18, "9241000000000000"),
        ("flags += 1", 0x18, "2519040000000000"),
        ("flags -= 24", 0x18, "0019040000000000"),
        ("flags = MiniDumpWithFullMemory | minidumpwithhandledata", 0x18, "0600000000000000"),
        ("flags 7", 0x18, "0700000000000000"),
        ("streams = 1", 0x8, "01000000"),
        ("stream 7 size 10", 0x78, "10000000"),
        ("stream 7 rva = 10", 0x7C, "10000000"),
        ("handle 24 GrantedAccess = 0", 0xB2FC, "00000000"),
        ("handle 24 granted_access = -1", 0xB2FC, "ffffffff"),
        ("thread 0 ThreadId = 1", 0x8FE4, "01000000"),
        ("drop stream 7", 0x74, "00" * 12),
        ("byte 18 = ff", 0x18, "ff"),
        ("word 18 += 1", 0x18, "2519"),
        ("dword 18 = ~0", 0x18, "ffffffff"),
        ("qword 18 = -1", 0x18, "ff" * 8),
        ("bytes 18 = 05 11", 0x18, "0511"),
        ("text 16c2 = Ev", 0x16C2, "450076000000"),
    ],
)
def test_an_edit_changes_these_bytes_only(editor, edit, offset, after):
    data = bytes.fromhex(after)
    original = bytes(editor.source.some(0, editor.patch.size))
    change = editor.apply(edit)
    assert (change.offset, change.after, change.before) == (offset, data, original[offset : offset + len(data)])
    changed = bytes(editor.source.some(0, editor.patch.size))
    assert changed == original[:offset] + data + original[offset + len(data) :]


def test_a_change_is_worded_before_and_after(editor):
    change = editor.apply("byte 18 = 0")  # a byte of Flags
    assert (change.field, change.before_row.json, change.after_row.json) == (change.before_row.path, "0x41924", "0x41900")


def test_edits_are_understood_in_the_dump_as_it_then_is(editor):
    editor.apply("thread 0 ThreadId = 77")
    assert editor.apply("thread 77 ThreadId += 1").before == b"\x77\0\0\0"
    assert editor.dump.threads[0].tid == 0x78


def test_cut_and_grow(editor):
    size = editor.patch.size
    assert editor.apply("cut 4000").words == f"0x{size:x} bytes become 0x4000"
    assert editor.apply("grow 10").words == "0x4000 bytes become 0x4010"
    assert editor.source.some(0x4000, 0x20) == bytes(0x10)
    with pytest.raises(UsageError, match="cannot be cut to 0x4011"):
        editor.apply("cut 4011")


def test_after_the_file_is_no_dump_only_bytes_can_follow(editor):
    editor.apply("dword 0 = 0")
    assert editor.dump is None
    assert editor.error is not None
    with pytest.raises(UsageError, match="no dump any more"):
        editor.apply("flags = 0")
    editor.apply("bytes 0 = 4d 44 4d 50")
    assert editor.dump is not None
    assert editor.error is None


@pytest.mark.parametrize(
    "edit",
    [
        "",
        "flags",
        "flags =",
        "nothing = 1",
        "header Nothing = 1",
        "cut",
        "drop 7",
        "drop stream 99",
        "byte 1 2 = 3",
        "byte 18 = 100",
        "byte 18 = -81",
        "bytes 18 = 0",
        "bytes 18 += 00",
        "text 16c2 += a",
        "flags = " + "~" * 17 + "1",
        "flags = MiniDumpWithNothing",
    ],
)
def test_edits_that_cannot_be_understood(editor, edit):
    before = bytes(editor.source.some(0, editor.patch.size))
    with pytest.raises(UsageError):
        editor.apply(edit)
    assert bytes(editor.source.some(0, editor.patch.size)) == before


@pytest.mark.parametrize("edit", ["byte bc5c = 0", "dword bc59 = 0", "bytes bc5b = 00 00", "handle ffc GrantedAccess = 0"])
def test_edits_outside_of_the_dump(editor, edit):
    with pytest.raises(NotInDump):
        editor.apply(edit)

"""Numbers that a file chooses are no keys as they are: it could choose them so that each is looked for where all others are."""

from __future__ import annotations

import struct
from pathlib import Path

from benchmarks.makers import handles_unique
from tests.fuzz.dumps import Dump

from dumpscope import Minidump
from dumpscope.dump.strings import MAX_TEXTS

IDS = [4, 8, 12, 0xFFFFFFFF]


def test_ids_and_types_are_salted() -> None:
    made = Dump(0).basics()
    made.stream(24, struct.pack("<I", len(IDS)) + b"".join(struct.pack("<IQ", tid, made.string(f"name {tid}")) for tid in IDS))
    rows = b"".join(struct.pack("<IIIIQQQQQQ", tid, 0, 0, 259, 0, 0, 0, 0, 0x7FF000000000, 1) for tid in IDS)
    made.stream(17, struct.pack("<III", 12, 64, len(IDS)) + rows)
    with Minidump.open(made.build()) as dump:
        assert [dump.thread_names.get(tid) for tid in IDS] == [f"name {tid}" for tid in IDS]
        assert [dump.thread_infos.find(tid) for tid in IDS] == list(dump.thread_infos)
        assert dump.thread_infos.find(16) is None
        assert dump.stream(17) is not None
        for table, numbers in ((dump.thread_names._names, IDS), (dump.thread_infos._ids, IDS), (dump.streams._by_type, [3, 4, 7, 17, 24])):
            assert table is not None
            assert len(table) == len(numbers)
            assert not set(table) & set(numbers)


def test_texts_that_are_kept_are_few(tmp_path: Path) -> None:
    """A table without salt, for the sake of speed, is so small that a look-up has an end."""
    path = tmp_path / "names.dmp"
    handles_unique(path, 2 * MAX_TEXTS)
    with Minidump.open(path) as dump:
        names = [handle.name for handle in dump.handles]
        assert len(set(names)) == 2 * MAX_TEXTS
        assert len(dump.strings._texts) == MAX_TEXTS
        assert [handle.name for handle in dump.handles] == names


def test_a_slice_is_one_walk() -> None:
    """Long texts laid over each other have one allowance for a slice, forwards, backwards and in steps."""
    made = Dump(4).basics()
    place = made.put(struct.pack("<I", 0x8000) + b"a\0" * 0x8000)
    rows = b"".join(struct.pack("<QIIIIII", 4 * number, place, place, 0, 0, 1, 1) for number in range(1, 200))
    made.stream(12, struct.pack("<IIII", 16, 32, 199, 0) + rows)
    with Minidump.open(made.build()) as dump:
        whole = list(dump.handles)
        length = sum(len(handle.type) + len(handle.name) for handle in whole)
        assert length < 4 * dump.size
        assert dump.handles[:] == whole
        assert dump.handles[::-1] == list(reversed(dump.handles)) == whole[::-1]
        assert dump.handles[100:1:-7] == dump.handles[2:101][::-1][::7]
        assert sum(len(handle.name) for handle in dump.handles[::2]) < 4 * dump.size

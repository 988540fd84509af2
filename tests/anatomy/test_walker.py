"""With two streams of a type each byte belongs to its own stream, also where the debugger refuses the first."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.anatomy.walker import anatomy
from dumpscope.dump.directory import Stream
from dumpscope.dump.minidump import Minidump

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "everything-small.dmp"
COUNT_AT = {3: 0, 4: 0, 12: 8, 14: 8, 16: 8, 17: 8}
"""Where the count stands in the list, by stream type."""


def doubled(kind: int, *, refuse_first: bool) -> Tuple[Minidump, int, int]:
    """The sample with a second stream of a type beyond its end, and the directory entries of both; the first claims one record too many."""
    data = bytearray(SAMPLE.read_bytes())
    count, rva = struct.unpack_from("<II", data, 8)
    entries = [struct.unpack_from("<III", data, rva + 12 * index) for index in range(count)]
    first = next(index for index, entry in enumerate(entries) if entry[0] == kind)
    _, size, place = entries[first]
    data += bytes(-len(data) % 8)
    copy = len(data)
    data += data[place : place + size]
    if refuse_first:
        at = place + COUNT_AT[kind]
        struct.pack_into("<I", data, at, struct.unpack_from("<I", data, at)[0] + 1)
    entries.append((kind, size, copy))
    directory = len(data)
    for entry in entries:
        data += struct.pack("<III", *entry)
    struct.pack_into("<II", data, 8, len(entries), directory)
    return Minidump.open(bytes(data)), first, len(entries) - 1


def within(dump: Minidump, stream: Stream) -> List[str]:
    return [node.what for node in anatomy(dump) if node.leaf and stream.rva <= node.offset < stream.end]


@pytest.mark.parametrize("refuse_first", [False, True])
@pytest.mark.parametrize("kind", sorted(COUNT_AT))
def test_each_record_is_told_with_its_own_stream(kind: int, refuse_first: bool) -> None:
    dump, first, second = doubled(kind, refuse_first=refuse_first)
    for index in (first, second):
        found = within(dump, dump.streams[index])
        assert found
        assert {text.split(" ")[1] for text in found} == {str(index)}, found[:4]
        assert any(" > " in text for text in found)


def test_the_list_itself_is_that_of_the_consistent_stream() -> None:
    dump, _, second = doubled(12, refuse_first=True)
    assert dump.handles.stream is not None
    assert dump.handles.stream.index == second

"""A source as a file: places, ends, and what is read there."""

from __future__ import annotations

import io

from dumpscope.dump.archives.reader import Reader
from dumpscope.dump.source import Source

DATA = bytes(range(20))


def test_places_are_counted_as_in_any_file() -> None:
    ours, plain = Reader(Source.from_object(DATA)), io.BytesIO(DATA)
    assert ours.readable()
    assert ours.seekable()
    for offset, whence in ((5, 0), (3, 1), (-4, 1), (-6, 2), (0, 2), (4, 2), (-2, 1)):
        assert ours.seek(offset, whence) == plain.seek(offset, whence)
        assert ours.tell() == plain.tell()
        assert ours.read(4) == plain.read(4)
        assert ours.tell() == plain.tell()


def test_a_place_before_the_beginning_is_the_beginning() -> None:
    reader = Reader(Source.from_object(DATA))
    assert reader.seek(-100, 2) == 0
    assert reader.read() == DATA
    assert reader.read(1) == b""

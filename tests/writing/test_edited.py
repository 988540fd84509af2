"""A file with changed bytes, read without a copy."""

from __future__ import annotations

from dumpscope.dump.source import Source
from dumpscope.writing.edited import Edited


def test_bytes_added_to_a_file_are_read_behind_it() -> None:
    source = Edited(Source(b"abcdef", "made"))
    assert source.grow(b"XYZ") == 6
    assert source.grow(b"12") == 9
    source.put(5, b"-+")
    assert source.some(0, 100) == b"abcde-+YZ12"
    assert source.some(4, 4) == b"e-+Y"
    assert source.some(9, 2) == b"12"

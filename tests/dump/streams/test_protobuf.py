"""Numbers of protocol buffers: the examples of the encoding's page, and their limits."""

from __future__ import annotations

from typing import Tuple

import pytest

from dumpscope.dump.streams.protobuf import varint


@pytest.mark.parametrize(
    ("data", "position", "found"),
    [
        (b"\x01", 0, (1, 1)),
        (b"\x96\x01", 0, (150, 2)),
        (b"\xff\x96\x01\xff", 1, (150, 3)),
        (b"\x7f\x80\x01", 0, (0x7F, 1)),
        (b"\x80\x01", 0, (0x80, 2)),
        (b"\xff" * 9 + b"\x01", 0, (2**64 - 1, 10)),
        (b"", 0, (0, -1)),
        (b"\x80", 0, (0, -1)),
        (b"\x01", 1, (0, -1)),
        (b"\xff" * 10 + b"\x01", 0, (0, -1)),
    ],
)
def test_varint(data: bytes, position: int, found: Tuple[int, int]) -> None:
    assert varint(data, position) == found

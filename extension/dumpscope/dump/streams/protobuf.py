"""Protocol buffers, as far as they are recognized and looked into."""

from __future__ import annotations

from typing import Tuple


def varint(data: bytes, position: int) -> Tuple[int, int]:
    """A variable-length number and the position after it, which is -1 when it does not end."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            return 0, -1
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    return 0, -1

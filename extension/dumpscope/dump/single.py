"""Streams that hold one structure: as much of it as stream and file have, zeros after."""

from __future__ import annotations

from typing import NamedTuple, Optional, Union

from .absence import DAMAGED, EMPTY, NOT_THERE, Absent
from .directory import Stream
from .source import Source


class Single(NamedTuple):
    """The bytes of a structure: ``data`` has its full size, of which the first ``held`` bytes come from the file."""

    data: bytes
    held: int
    offset: int


def read_single(source: Source, stream: Optional[Stream], size: int, least: int, what: str) -> Union[Single, Absent]:
    """The first ``size`` bytes of a stream; Absent when there is no stream or fewer than ``least`` of them are in the file."""
    if stream is None:
        return Absent(NOT_THERE, f"no {what}: the file holds no such stream")
    if stream.size == 0:
        return Absent(EMPTY, f"no {what}: {stream.name} is there with a size of 0")
    data = source.some(stream.rva, min(stream.size, size))
    if len(data) < least:
        if len(data) < min(stream.size, least):
            where = f"of 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds " + (f"0x{len(data):x}" if data else "none")
        else:
            where = f"0x{stream.size:x} bytes are too few"
        return Absent(DAMAGED, f"{what} cannot be read: {stream.name}: {where}")
    return Single(data.ljust(size, b"\0"), len(data), stream.rva)

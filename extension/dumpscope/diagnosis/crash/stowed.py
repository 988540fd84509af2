"""Stowed exceptions of c000027b, read from the memory of the process."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from ...dump.absence import DAMAGED, NOT_CAPTURED, Absent
from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo
from ...format.stowed import (
    FORM_MASK,
    IN_WORDS,
    SIGNATURES,
    STATUS_STOWED_EXCEPTION,
    STOWED_EXCEPTION_INFORMATION_V2_32,
    STOWED_EXCEPTION_INFORMATION_V2_64,
)

MAX_STOWED = 32
MAX_FRAMES = 64
MAX_WORDS = 1024


class StowedException(NamedTuple):
    """One stowed exception: its HRESULT, the thread it happened on (0: another process), and its return addresses or its text.

    ``address`` is where it lies in the process, ``offset`` where in the file. ``nested`` are the four letters of what lies after it.
    """

    address: int
    offset: Optional[int]
    version: int
    hresult: int
    thread_id: int
    frames: Tuple[int, ...]
    text: str
    nested: str


def stowed_exceptions(dump: Minidump, found: ExceptionInfo) -> Iterator[Union[StowedException, Absent]]:
    """The stowed exceptions that the parameters of c000027b lead to, as far as they are captured."""
    if found.code != STATUS_STOWED_EXCEPTION or len(found.parameters) < 2:
        return
    array, count = found.parameters[:2]
    width = dump.pointer_size
    data = dump.memory.some(array, min(count, MAX_STOWED) * width)
    if len(data) < width:
        yield Absent(NOT_CAPTURED, f"the pointers to the stowed exceptions at 0x{array:x} are not in the dump")
        return
    for at in range(0, len(data) - width + 1, width):
        yield _read(dump, int.from_bytes(data[at : at + width], "little"))


def _read(dump: Minidump, address: int) -> Union[StowedException, Absent]:
    shape = STOWED_EXCEPTION_INFORMATION_V2_64 if dump.pointer_size == 8 else STOWED_EXCEPTION_INFORMATION_V2_32
    least = shape.offset_of("NestedExceptionType")
    data = dump.memory.some(address, shape.size)
    if len(data) < least:
        return Absent(NOT_CAPTURED, f"the stowed exception at 0x{address:x} is not in the dump")
    values = shape.unpack(data.ljust(shape.size, b"\0"))
    version = SIGNATURES.get(values["Signature"])
    if version is None:
        return Absent(DAMAGED, f"what is at 0x{address:x} is no stowed exception: its signature is 0x{values['Signature']:x}")
    form = values["ExceptionFormThreadId"] & FORM_MASK
    frames: List[int] = []
    text = ""
    if form == IN_WORDS:
        raw = dump.memory.some(values["ExceptionAddress"], 2 * MAX_WORDS)
        text = raw[: len(raw) & ~1].decode("utf-16-le", "replace").split("\0", 1)[0]
    elif values["StackTraceWordSize"] in (4, 8):
        step = values["StackTraceWordSize"]
        raw = dump.memory.some(values["StackTrace"], step * min(values["StackTraceWords"], MAX_FRAMES))
        frames = [int.from_bytes(raw[at : at + step], "little") for at in range(0, len(raw) - step + 1, step)]
    letters = values["NestedExceptionType"].to_bytes(4, "little") if version == 2 else b""
    nested = letters.decode("ascii") if letters.isalnum() else ""
    place = dump.memory.locate(address)
    thread = values["ExceptionFormThreadId"] & ~FORM_MASK
    return StowedException(address, place[0] if place else None, version, values["ResultCode"], thread, tuple(frames), text, nested)

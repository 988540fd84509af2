"""ExceptionStream: the exception that the dump was written for."""

from __future__ import annotations

from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from ..record import NamedTuple
from .absence import Absent
from .directory import Stream
from .single import read_single
from .source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

MAX_PARAMETERS = 15
"""EXCEPTION_MAXIMUM_PARAMETERS."""

_FIELDS = MINIDUMP_EXCEPTION_STREAM.select(
    "ThreadId",
    "ExceptionRecord.ExceptionCode",
    "ExceptionRecord.ExceptionFlags",
    "ExceptionRecord.ExceptionRecord",
    "ExceptionRecord.ExceptionAddress",
    "ExceptionRecord.NumberParameters",
    "ExceptionRecord.ExceptionInformation",
    "ThreadContext.DataSize",
    "ThreadContext.Rva",
)
_LEAST = MINIDUMP_EXCEPTION_STREAM.end_of("ExceptionRecord.ExceptionCode")


class ExceptionInfo(NamedTuple):
    """MINIDUMP_EXCEPTION_STREAM.

    ``parameters`` holds at most 15, whatever ``parameter_count`` claims; ``record`` is the address of a nested record in the
    process. ``held`` is how many bytes of the structure the file has: a member behind that is 0.
    """

    thread_id: int
    code: int
    flags: int
    record: int
    address: int
    parameters: Tuple[int, ...]
    parameter_count: int
    context_size: int
    context_rva: int
    offset: int
    held: int

    @property
    def complete(self) -> bool:
        """Whether the whole structure is in the file."""
        return self.held >= MINIDUMP_EXCEPTION_STREAM.size

    @property
    def tid(self) -> int:
        """The thread's id, under the name that threads have it."""
        return self.thread_id


def read_exception(source: Source, stream: Optional[Stream]) -> Union[ExceptionInfo, Absent]:
    """The exception. A stream that is cut behind the code is read as far as it goes."""
    single = read_single(source, stream, MINIDUMP_EXCEPTION_STREAM.size, _LEAST, "exception")
    if isinstance(single, Absent):
        return single
    values = _FIELDS.unpack(single.data)
    thread_id, code, flags, record, address, count = values[:6]
    parameters = values[6 : 6 + min(count, MAX_PARAMETERS)]
    return ExceptionInfo(thread_id, code, flags, record, address, parameters, count, values[-2], values[-1], single.offset, single.held)

"""ExceptionStream: the exception that the dump was written for, or what another system than Windows has in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple, Union

from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.layout import Structure
from ...format.streams import kMinidumpStreamTypeCrashpadInfo
from ..absence import NOT_APPLICABLE, Absent
from ..directory import Stream
from ..single import read_single
from ..source import Source
from .system import SystemInfo

if TYPE_CHECKING:
    from ...format.faults import Fault
    from ..minidump import Minidump

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


def exception_shape(dump: Minidump) -> Structure:
    """MINIDUMP_EXCEPTION_STREAM, its members named as the dump's system names them."""
    found, system = dump.exception, dump.system
    if isinstance(found, Absent) or isinstance(system, Absent) or system.is_windows:
        return MINIDUMP_EXCEPTION_STREAM
    from ...format.faults import Origin, exception_structure

    origin = Origin(system.platform, system.architecture, dump.stream(kMinidumpStreamTypeCrashpadInfo) is not None)
    return exception_structure(origin, found.code, found.flags, found.address, found.parameters)


def read_fault(found: Union[ExceptionInfo, Absent], system: Union[SystemInfo, Absent], crashpad: bool) -> Union[Fault, Absent]:
    """The exception of another system than Windows in words. ``crashpad`` says whether Crashpad's stream is in the dump."""
    if isinstance(found, Absent):
        return found
    if isinstance(system, Absent):
        return Absent(NOT_APPLICABLE, "there is no system information: the code is taken as one of Windows")
    from ...format.faults import Origin, describe_fault

    origin = Origin(system.platform, system.architecture, crashpad)
    fault = describe_fault(origin, found.code, found.flags, found.address, found.parameters)
    return Absent(NOT_APPLICABLE, "the process ran on Windows, whose exception codes have tables of their own") if fault is None else fault

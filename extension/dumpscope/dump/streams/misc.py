"""MiscInfoStream: process id and times, power, integrity, time zone, build strings, extended state."""

from __future__ import annotations

import struct
from typing import Dict, NamedTuple, Optional, Tuple, Union

from ...format.misc import MINIDUMP_MISC_INFO_5, MISC_INFO_GUARDS
from ..absence import NOT_THERE, Absent
from ..directory import Stream
from ..single import Single, read_single
from ..source import Source

# Where each version of the structure ends, newest first.
_ENDS = tuple(
    (version, MINIDUMP_MISC_INFO_5.offset_of(first) if first else MINIDUMP_MISC_INFO_5.size)
    for version, first in ((5, ""), (4, "XStateData"), (3, "BuildString"), (2, "ProcessIntegrityLevel"), (1, "ProcessorMaxMhz"))
)
_LEAST = MINIDUMP_MISC_INFO_5.offset_of("ProcessId")
MAX_FEATURES = 64

Date = Tuple[int, int, int, int, int, int, int, int]
"""SYSTEMTIME: year (0 for a yearly rule), month, day of the week (0 Sunday), day, hour, minute, second, millisecond."""


class TimeZone(NamedTuple):
    """TIME_ZONE_INFORMATION with TimeZoneId (1 standard, 2 daylight); biases in minutes, UTC = local time + bias."""

    id: int
    bias: int
    standard_name: str
    standard_date: Date
    standard_bias: int
    daylight_name: str
    daylight_date: Date
    daylight_bias: int

    @property
    def current_bias(self) -> int:
        """Minutes to add to local time for UTC, at the time of the dump."""
        return self.bias + (self.daylight_bias if self.id == 2 else self.standard_bias if self.id == 1 else 0)


class XState(NamedTuple):
    """XSTATE_CONFIG_FEATURE_MSC_INFO: ``features`` gives (offset, size) in bytes by feature number, enabled ones only.

    Offsets count from the start of an XSAVE area, whose first 512 bytes the file leaves out.
    """

    size: int
    context_size: int
    enabled_features: int
    features: Dict[int, Tuple[int, int]]
    offset: int

    @property
    def compacted(self) -> bool:
        """Bit 63 of EnabledFeatures: the areas are in the compacted format."""
        return bool(self.enabled_features >> 63 & 1)


class MiscInfo:
    """MINIDUMP_MISC_INFO in whichever version the file has.

    A member is valid if it lies inside SizeOfInfo, inside the stream, and its bit of Flags1 is set; otherwise it is Absent.
    Times are in seconds (``process_create_time`` since 1970 UTC), frequencies in MHz. ``size`` and ``flags1`` are SizeOfInfo and
    Flags1, ``held`` how many bytes of the structure the file has, ``offset`` where it stands.
    """

    size: int
    flags1: int

    def __init__(self, single: Single) -> None:
        self._data = single.data
        self.offset: int = single.offset
        self.held: int = single.held
        self.size, self.flags1 = struct.unpack_from("<2I", single.data)

    def __repr__(self) -> str:
        return f"<MiscInfo version {self.version}: {self.size} bytes, Flags1 0x{self.flags1:x}>"

    @property
    def version(self) -> int:
        """1 to 5, from SizeOfInfo."""
        return next((version for version, end in _ENDS if self.size >= end), 1)

    def missing(self, name: str) -> Optional[Absent]:
        """None if a member (C name) is valid, otherwise why it is not. Raises KeyError for a name that does not exist."""
        field = MINIDUMP_MISC_INFO_5.field(name)
        end = field.offset + field.size
        if end > self.size:
            return Absent(NOT_THERE, f"no {name}: the writer's MiscInfo has 0x{self.size:x} bytes, {name} ends at 0x{end:x}")
        if end > self.held:
            return Absent(NOT_THERE, f"no {name}: MiscInfoStream is cut at 0x{self.held:x}, {name} ends at 0x{end:x}")
        bit = MISC_INFO_GUARDS.get(name, 0)
        if bit and not self.flags1 & bit:
            return Absent(NOT_THERE, f"no {name}: Flags1 (0x{self.flags1:x}) has no bit 0x{bit:x}")
        return None

    def number(self, name: str) -> Union[int, Absent]:
        """A 32-bit member by its C name."""
        missing = self.missing(name)
        if missing is not None:
            return missing
        value: int = struct.unpack_from("<I", self._data, MINIDUMP_MISC_INFO_5.offset_of(name))[0]
        return value

    def _text(self, name: str) -> Union[str, Absent]:
        missing = self.missing(name)
        if missing is not None:
            return missing
        field = MINIDUMP_MISC_INFO_5.field(name)
        return _wide(self._data[field.offset : field.offset + field.size])

    def unguarded_text(self, name: str) -> str:
        """A text by its C name whatever Flags1 says: dbgeng 10 fills DbgBldStr in without setting the bit. Empty where it is cut off."""
        field = MINIDUMP_MISC_INFO_5.field(name)
        end = field.offset + field.size
        return _wide(self._data[field.offset : end]) if end <= min(self.size, self.held) else ""

    @property
    def process_id(self) -> Union[int, Absent]:
        """The process's id."""
        return self.number("ProcessId")

    @property
    def process_create_time(self) -> Union[int, Absent]:
        """When the process was started: seconds since 1970 UTC."""
        return self.number("ProcessCreateTime")

    @property
    def process_user_time(self) -> Union[int, Absent]:
        """Seconds in user mode."""
        return self.number("ProcessUserTime")

    @property
    def process_kernel_time(self) -> Union[int, Absent]:
        """Seconds in kernel mode."""
        return self.number("ProcessKernelTime")

    @property
    def processor_max_mhz(self) -> Union[int, Absent]:
        """Highest frequency in MHz."""
        return self.number("ProcessorMaxMhz")

    @property
    def processor_current_mhz(self) -> Union[int, Absent]:
        """Frequency at the time of the dump in MHz."""
        return self.number("ProcessorCurrentMhz")

    @property
    def processor_mhz_limit(self) -> Union[int, Absent]:
        """Limit set by heat or policy in MHz."""
        return self.number("ProcessorMhzLimit")

    @property
    def processor_max_idle_state(self) -> Union[int, Absent]:
        """Deepest idle state."""
        return self.number("ProcessorMaxIdleState")

    @property
    def processor_current_idle_state(self) -> Union[int, Absent]:
        """Idle state at the time of the dump."""
        return self.number("ProcessorCurrentIdleState")

    @property
    def integrity_level(self) -> Union[int, Absent]:
        """Relative id of the integrity level: 0x1000 low, 0x2000 medium, 0x3000 high, 0x4000 system."""
        return self.number("ProcessIntegrityLevel")

    @property
    def execute_flags(self) -> Union[int, Absent]:
        """MEM_EXECUTE_OPTION_* bits."""
        return self.number("ProcessExecuteFlags")

    @property
    def protected(self) -> Union[bool, Absent]:
        """Whether the process was a protected one."""
        value = self.number("ProtectedProcess")
        return value if isinstance(value, Absent) else bool(value)

    @property
    def time_zone(self) -> Union[TimeZone, Absent]:
        """The machine's time zone and its rules."""
        missing = self.missing("TimeZone")
        if missing is not None:
            return missing
        kind = struct.unpack_from("<I", self._data, MINIDUMP_MISC_INFO_5.offset_of("TimeZoneId"))[0]
        start = MINIDUMP_MISC_INFO_5.offset_of("TimeZone")
        bias, standard, *rest = struct.unpack_from("<i64s8Hi64s8Hi", self._data, start)
        return TimeZone(kind, bias, _wide(standard), tuple(rest[:8]), rest[8], _wide(rest[9]), tuple(rest[10:18]), rest[18])

    @property
    def build_string(self) -> Union[str, Absent]:
        """Build of the operating system, such as ``19041.1.amd64fre.vb_release.191206-1406``."""
        return self._text("BuildString")

    @property
    def dbg_build_string(self) -> Union[str, Absent]:
        """Name, processor and version of the DLL that wrote the dump, such as ``dbgcore.amd64,10.0.19041.789``."""
        return self._text("DbgBldStr")

    @property
    def xstate(self) -> Union[XState, Absent]:
        """Where the extended state (AVX, shadow stack) lies in the contexts; it has a size of its own instead of a bit."""
        missing = self.missing("XStateData")
        if missing is not None:
            return missing
        start = MINIDUMP_MISC_INFO_5.offset_of("XStateData")
        size, context_size, enabled = struct.unpack_from("<IIQ", self._data, start)
        if not size:
            return Absent(NOT_THERE, "no XStateData: its SizeOfInfo is 0")
        pairs = struct.unpack_from(f"<{2 * MAX_FEATURES}I", self._data, start + 16)
        features = {bit: (pairs[2 * bit], pairs[2 * bit + 1]) for bit in range(63) if enabled >> bit & 1}
        return XState(size, context_size, enabled, features, self.offset + start)

    @property
    def process_cookie(self) -> Union[int, Absent]:
        """What EncodePointer mixes into pointers."""
        return self.number("ProcessCookie")


def _wide(data: bytes) -> str:
    """UTF-16 text up to the first NUL."""
    return data.decode("utf-16-le", "surrogatepass").split("\0", 1)[0]


def read_misc(source: Source, stream: Optional[Stream]) -> Union[MiscInfo, Absent]:
    """MiscInfo in any version; Absent when not even its size and flags are there."""
    single = read_single(source, stream, MINIDUMP_MISC_INFO_5.size, _LEAST, "process information")
    return single if isinstance(single, Absent) else MiscInfo(single)

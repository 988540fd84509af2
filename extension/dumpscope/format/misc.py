"""Miscellaneous information on the process: id, times, power, integrity, time zone, build strings, extended registers."""

from __future__ import annotations

from typing import Dict, List

from .layout import (
    DECIMAL,
    HEX,
    LONG32,
    MINIDUMPAPISET,
    PROCESS_ID,
    SECONDS,
    SIZE,
    TEXT,
    TIME_T,
    ULONG32,
    ULONG64,
    USHORT,
    WCHAR,
    Enumeration,
    Field,
    FlagSet,
    Structure,
)

MISC_INFO_FLAGS = FlagSet(
    "MINIDUMP_MISC_INFO.Flags1",
    {
        0x001: ("MINIDUMP_MISC1_PROCESS_ID", "ProcessId is valid"),
        0x002: ("MINIDUMP_MISC1_PROCESS_TIMES", "ProcessCreateTime, ProcessUserTime and ProcessKernelTime are valid"),
        0x004: ("MINIDUMP_MISC1_PROCESSOR_POWER_INFO", "the members on frequency and idle states are valid"),
        0x010: ("MINIDUMP_MISC3_PROCESS_INTEGRITY", "ProcessIntegrityLevel is valid"),
        0x020: ("MINIDUMP_MISC3_PROCESS_EXECUTE_FLAGS", "ProcessExecuteFlags is valid"),
        0x040: ("MINIDUMP_MISC3_TIMEZONE", "TimeZoneId and TimeZone are valid"),
        0x080: ("MINIDUMP_MISC3_PROTECTED_PROCESS", "ProtectedProcess is valid"),
        0x100: ("MINIDUMP_MISC4_BUILDSTRING", "BuildString and DbgBldStr are valid"),
        0x200: ("MINIDUMP_MISC5_PROCESS_COOKIE", "ProcessCookie is valid"),
    },
    MINIDUMPAPISET,
)

MISC_INFO_GUARDS: Dict[str, int] = {
    "ProcessId": 0x1,
    "ProcessCreateTime": 0x2,
    "ProcessUserTime": 0x2,
    "ProcessKernelTime": 0x2,
    "ProcessorMaxMhz": 0x4,
    "ProcessorCurrentMhz": 0x4,
    "ProcessorMhzLimit": 0x4,
    "ProcessorMaxIdleState": 0x4,
    "ProcessorCurrentIdleState": 0x4,
    "ProcessIntegrityLevel": 0x10,
    "ProcessExecuteFlags": 0x20,
    "ProtectedProcess": 0x80,
    "TimeZoneId": 0x40,
    "TimeZone": 0x40,
    "BuildString": 0x100,
    "DbgBldStr": 0x100,
    "ProcessCookie": 0x200,
}
"""Which bit of Flags1 makes a member valid. SizeOfInfo, Flags1 and XStateData have none."""

INTEGRITY_LEVEL = Enumeration(
    "SECURITY_MANDATORY_RID",
    {
        0x0000: ("SECURITY_MANDATORY_UNTRUSTED_RID", "untrusted"),
        0x1000: ("SECURITY_MANDATORY_LOW_RID", "low"),
        0x2000: ("SECURITY_MANDATORY_MEDIUM_RID", "medium"),
        0x2100: ("SECURITY_MANDATORY_MEDIUM_PLUS_RID", "medium plus"),
        0x3000: ("SECURITY_MANDATORY_HIGH_RID", "high: elevated"),
        0x4000: ("SECURITY_MANDATORY_SYSTEM_RID", "system"),
        0x5000: ("SECURITY_MANDATORY_PROTECTED_PROCESS_RID", "protected process"),
    },
    "winnt.h (Windows SDK 10.0.26100)",
)

EXECUTE_FLAGS = FlagSet(
    "MEM_EXECUTE_OPTION",
    {
        0x01: ("MEM_EXECUTE_OPTION_DISABLE", "data cannot be executed (DEP on)"),
        0x02: ("MEM_EXECUTE_OPTION_ENABLE", "data can be executed (DEP off)"),
        0x04: ("MEM_EXECUTE_OPTION_DISABLE_THUNK_EMULATION", "old thunks are not emulated"),
        0x08: ("MEM_EXECUTE_OPTION_PERMANENT", "cannot be changed any more"),
        0x10: ("MEM_EXECUTE_OPTION_EXECUTE_DISPATCH_ENABLE", "exception handlers may lie in non-executable memory"),
        0x20: ("MEM_EXECUTE_OPTION_IMAGE_DISPATCH_ENABLE", "exception handlers may lie outside images"),
        0x40: ("MEM_EXECUTE_OPTION_DISABLE_EXCEPTION_CHAIN_VALIDATION", "chains of exception handlers are not checked"),
    },
    "ntmmapi.h of the phnt headers",
)

TIME_ZONE_ID = Enumeration(
    "TIME_ZONE_ID",
    {
        0: ("TIME_ZONE_ID_UNKNOWN", "the zone has no daylight saving time"),
        1: ("TIME_ZONE_ID_STANDARD", "standard time"),
        2: ("TIME_ZONE_ID_DAYLIGHT", "daylight saving time"),
    },
    "winnt.h (Windows SDK 10.0.26100)",
)

XSTATE_COMPACTION = 1 << 63
"""The bit of EnabledFeatures that says: extended registers are stored in the compacted form."""

XSTATE_FEATURE_NAME = Enumeration(
    "XSTATE_FEATURE",
    {
        0: ("XSTATE_LEGACY_FLOATING_POINT", "x87 registers"),
        1: ("XSTATE_LEGACY_SSE", "SSE: xmm registers"),
        2: ("XSTATE_AVX", "AVX: upper halves of the ymm registers"),
        3: ("XSTATE_MPX_BNDREGS", "MPX bounds registers"),
        4: ("XSTATE_MPX_BNDCSR", "MPX configuration"),
        5: ("XSTATE_AVX512_KMASK", "AVX-512 mask registers"),
        6: ("XSTATE_AVX512_ZMM_H", "AVX-512: upper halves of zmm0 to zmm15"),
        7: ("XSTATE_AVX512_ZMM", "AVX-512: zmm16 to zmm31"),
        8: ("XSTATE_IPT", "Processor Trace"),
        10: ("XSTATE_PASID", "process address space id"),
        11: ("XSTATE_CET_U", "user shadow stack"),
        12: ("XSTATE_CET_S", "supervisor shadow stack"),
        17: ("XSTATE_AMX_TILE_CONFIG", "AMX tile configuration"),
        18: ("XSTATE_AMX_TILE_DATA", "AMX tiles"),
        62: ("XSTATE_LWP", "lightweight profiling"),
    },
    "winnt.h (Windows SDK 10.0.26100)",
)
"""Extended registers by feature number, which is the bit of EnabledFeatures."""

SYSTEMTIME = Structure(
    "SYSTEMTIME",
    [
        Field("wYear", USHORT, "year; 0: the rule holds every year"),
        Field("wMonth", USHORT, "month, from 1"),
        Field("wDayOfWeek", USHORT, "day of the week, 0 is Sunday"),
        Field("wDay", USHORT, "day of the month; in a rule which of the month's such weekdays, 5 is the last"),
        Field("wHour", USHORT, "hour"),
        Field("wMinute", USHORT, "minute"),
        Field("wSecond", USHORT, "second"),
        Field("wMilliseconds", USHORT, "millisecond"),
    ],
    source="minwinbase.h (Windows SDK 10.0.26100)",
    meaning="A date and time, or a rule for a day of every year.",
)

TIME_ZONE_INFORMATION = Structure(
    "TIME_ZONE_INFORMATION",
    [
        Field("Bias", LONG32, "what to add to local time to get UTC", DECIMAL, unit="minutes"),
        Field("StandardName", WCHAR, "name of standard time", TEXT, count=32),
        Field("StandardDate", SYSTEMTIME, "when standard time begins"),
        Field("StandardBias", LONG32, "added to Bias in standard time", DECIMAL, unit="minutes"),
        Field("DaylightName", WCHAR, "name of daylight saving time", TEXT, count=32),
        Field("DaylightDate", SYSTEMTIME, "when daylight saving time begins"),
        Field("DaylightBias", LONG32, "added to Bias in daylight saving time, usually -60", DECIMAL, unit="minutes"),
    ],
    source="timezoneapi.h (Windows SDK 10.0.26100)",
    meaning="The machine's time zone.",
)

XSTATE_FEATURE = Structure(
    "XSTATE_FEATURE",
    [
        Field("Offset", ULONG32, "where the feature's registers are, from the start of an XSAVE area", HEX, unit="bytes"),
        Field("Size", ULONG32, "how long they are", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="Where one group of extended registers is.",
)

XSTATE_CONFIG_FEATURE_MSC_INFO = Structure(
    "XSTATE_CONFIG_FEATURE_MSC_INFO",
    [
        Field("SizeOfInfo", ULONG32, "0x210; 0: nothing here is valid", SIZE, unit="bytes"),
        Field("ContextSize", ULONG32, "length of each thread's context with its extended registers", SIZE, unit="bytes", when="SizeOfInfo is not 0"),
        Field("EnabledFeatures", ULONG64, "bit n: Features[n] is valid; bit 63: compacted form", HEX, when="SizeOfInfo is not 0"),
        Field("Features", XSTATE_FEATURE, "where each group of registers is", count=64, when="its bit in EnabledFeatures is set"),
    ],
    source=MINIDUMPAPISET,
    meaning="The layout of the extended registers in this dump.",
)


def _fields() -> List[Field]:
    return [
        Field("SizeOfInfo", ULONG32, "length of this structure; it tells the version", SIZE, unit="bytes"),
        Field("Flags1", ULONG32, "which members are valid", values=MISC_INFO_FLAGS),
        Field("ProcessId", ULONG32, "the process's id", PROCESS_ID, when="Flags1 has MINIDUMP_MISC1_PROCESS_ID"),
        Field("ProcessCreateTime", ULONG32, "when the process started", TIME_T, unit="s since 1970 UTC", when="Flags1 has MINIDUMP_MISC1_PROCESS_TIMES"),
        Field("ProcessUserTime", ULONG32, "processor time in user mode", SECONDS, unit="s", when="Flags1 has MINIDUMP_MISC1_PROCESS_TIMES"),
        Field("ProcessKernelTime", ULONG32, "processor time in the kernel", SECONDS, unit="s", when="Flags1 has MINIDUMP_MISC1_PROCESS_TIMES"),
        Field("ProcessorMaxMhz", ULONG32, "highest frequency", unit="MHz", when="Flags1 has MINIDUMP_MISC1_PROCESSOR_POWER_INFO"),
        Field("ProcessorCurrentMhz", ULONG32, "frequency at the moment", unit="MHz", when="Flags1 has MINIDUMP_MISC1_PROCESSOR_POWER_INFO"),
        Field("ProcessorMhzLimit", ULONG32, "limit set by heat or power policy", unit="MHz", when="Flags1 has MINIDUMP_MISC1_PROCESSOR_POWER_INFO"),
        Field("ProcessorMaxIdleState", ULONG32, "deepest idle state", when="Flags1 has MINIDUMP_MISC1_PROCESSOR_POWER_INFO"),
        Field("ProcessorCurrentIdleState", ULONG32, "idle state at the moment", when="Flags1 has MINIDUMP_MISC1_PROCESSOR_POWER_INFO"),
        Field(
            "ProcessIntegrityLevel",
            ULONG32,
            "how far the process is trusted",
            values=INTEGRITY_LEVEL,
            when="Flags1 has MINIDUMP_MISC3_PROCESS_INTEGRITY",
        ),
        Field("ProcessExecuteFlags", ULONG32, "whether data may be executed", values=EXECUTE_FLAGS, when="Flags1 has MINIDUMP_MISC3_PROCESS_EXECUTE_FLAGS"),
        Field("ProtectedProcess", ULONG32, "not 0: a protected process", when="Flags1 has MINIDUMP_MISC3_PROTECTED_PROCESS"),
        Field("TimeZoneId", ULONG32, "standard or daylight saving time", DECIMAL, values=TIME_ZONE_ID, when="Flags1 has MINIDUMP_MISC3_TIMEZONE"),
        Field("TimeZone", TIME_ZONE_INFORMATION, "the machine's time zone", when="Flags1 has MINIDUMP_MISC3_TIMEZONE"),
        Field("BuildString", WCHAR, "build of Windows", TEXT, count=260, when="Flags1 has MINIDUMP_MISC4_BUILDSTRING"),
        Field("DbgBldStr", WCHAR, "name, processor and version of the DLL that wrote the dump", TEXT, count=40, when="Flags1 has MINIDUMP_MISC4_BUILDSTRING"),
        Field("XStateData", XSTATE_CONFIG_FEATURE_MSC_INFO, "layout of the extended registers", when="its own SizeOfInfo is not 0"),
        Field("ProcessCookie", ULONG32, "decodes pointers that EncodePointer made", HEX, when="Flags1 has MINIDUMP_MISC5_PROCESS_COOKIE"),
    ]


def _version(name: str, last: str, meaning: str) -> Structure:
    fields = []
    for field in _fields():
        fields.append(field)
        if field.name == last:
            break
    return Structure(name, fields, source=MINIDUMPAPISET, meaning=meaning)


MINIDUMP_MISC_INFO = _version("MINIDUMP_MISC_INFO", "ProcessKernelTime", "MiscInfoStream, first version: id and times (Windows XP).")
MINIDUMP_MISC_INFO_2 = _version("MINIDUMP_MISC_INFO_2", "ProcessorCurrentIdleState", "MiscInfoStream, second version: adds power (Vista).")
MINIDUMP_MISC_INFO_3 = _version("MINIDUMP_MISC_INFO_3", "TimeZone", "MiscInfoStream, third version: adds integrity and time zone (Windows 7).")
MINIDUMP_MISC_INFO_4 = _version("MINIDUMP_MISC_INFO_4", "DbgBldStr", "MiscInfoStream, fourth version: adds build strings (Windows 8).")
MINIDUMP_MISC_INFO_5 = _version("MINIDUMP_MISC_INFO_5", "ProcessCookie", "MiscInfoStream, fifth version: adds extended registers (Windows 10).")

MISC_INFO_SIZES: Dict[int, Structure] = {
    structure.size: structure for structure in (MINIDUMP_MISC_INFO, MINIDUMP_MISC_INFO_2, MINIDUMP_MISC_INFO_3, MINIDUMP_MISC_INFO_4, MINIDUMP_MISC_INFO_5)
}
"""The version by SizeOfInfo. Some other writers round the size of the fifth one up to 0x558."""

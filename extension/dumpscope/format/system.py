"""The machine: processor, operating system, and their names."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from .layout import (
    COUNT,
    DECIMAL,
    HEX,
    MINIDUMPAPISET,
    RVA,
    TEXT,
    UCHAR,
    ULONG32,
    ULONG64,
    USHORT,
    Enumeration,
    Field,
    FlagSet,
    Structure,
)
from .processors import PROCESSORS

_WINNT = "winnt.h (Windows SDK 10.0.26100)"
_BREAKPAD = "google/breakpad minidump_format.h"

PROCESSOR_ARCHITECTURE_INTEL = 0
PROCESSOR_ARCHITECTURE_ARM = 5
PROCESSOR_ARCHITECTURE_IA64 = 6
PROCESSOR_ARCHITECTURE_AMD64 = 9
PROCESSOR_ARCHITECTURE_ARM64 = 12
PROCESSOR_ARCHITECTURE_BREAKPAD_ARM64 = 0x8003

PROCESSOR_ARCHITECTURE = Enumeration(
    "PROCESSOR_ARCHITECTURE", {row.number: (row.constant, row.meaning) for row in PROCESSORS.values()}, f"{_WINNT}; {_BREAKPAD}"
)

PRODUCT_TYPE = Enumeration(
    "PRODUCT_TYPE",
    {
        0: ("unknown", "not said"),
        1: ("VER_NT_WORKSTATION", "workstation"),
        2: ("VER_NT_DOMAIN_CONTROLLER", "domain controller"),
        3: ("VER_NT_SERVER", "server"),
    },
    _WINNT,
)

PRODUCT_WORDS: Dict[int, str] = {1: "WinNt", 2: "LanManNt", 3: "Server"}
"""ProductType in the debugger's words; the one of a domain controller is not confirmed."""

PLATFORM_ID = Enumeration(
    "PLATFORM_ID",
    {
        0: ("VER_PLATFORM_WIN32s", "Win32s"),
        1: ("VER_PLATFORM_WIN32_WINDOWS", "Windows 9x"),
        2: ("VER_PLATFORM_WIN32_NT", "Windows"),
        3: ("VER_PLATFORM_WIN32_CE", "Windows CE"),
        0x8000: ("MD_OS_UNIX", "Unix (Breakpad)"),
        0x8101: ("MD_OS_MAC_OS_X", "macOS (Breakpad)"),
        0x8102: ("MD_OS_IOS", "iOS (Breakpad)"),
        0x8201: ("MD_OS_LINUX", "Linux (Breakpad)"),
        0x8202: ("MD_OS_SOLARIS", "Solaris (Breakpad)"),
        0x8203: ("MD_OS_ANDROID", "Android (Breakpad)"),
        0x8204: ("MD_OS_PS3", "PlayStation 3 (Breakpad)"),
        0x8205: ("MD_OS_NACL", "Native Client (Breakpad)"),
        0x8206: ("MD_OS_FUCHSIA", "Fuchsia (Breakpad)"),
    },
    f"{_WINNT}; {_BREAKPAD}",
)

SUITE_MASK = FlagSet(
    "VER_SUITE",
    {
        0x0001: ("VER_SUITE_SMALLBUSINESS", "SmallBusiness"),
        0x0002: ("VER_SUITE_ENTERPRISE", "Enterprise"),
        0x0004: ("VER_SUITE_BACKOFFICE", "BackOffice"),
        0x0008: ("VER_SUITE_COMMUNICATIONS", "CommunicationServer"),
        0x0010: ("VER_SUITE_TERMINAL", "TerminalServer"),
        0x0020: ("VER_SUITE_SMALLBUSINESS_RESTRICTED", "SmallBusinessRestricted"),
        0x0040: ("VER_SUITE_EMBEDDEDNT", "EmbeddedNT"),
        0x0080: ("VER_SUITE_DATACENTER", "DataCenter"),
        0x0100: ("VER_SUITE_SINGLEUSERTS", "SingleUserTS"),
        0x0200: ("VER_SUITE_PERSONAL", "Personal"),
        0x0400: ("VER_SUITE_BLADE", "Blade"),
        0x0800: ("VER_SUITE_EMBEDDED_RESTRICTED", "EmbeddedRestricted"),
        0x1000: ("VER_SUITE_SECURITY_APPLIANCE", "SecurityAppliance"),
        0x2000: ("VER_SUITE_STORAGE_SERVER", "StorageServer"),
        0x4000: ("VER_SUITE_COMPUTE_SERVER", "ComputeServer"),
        0x8000: ("VER_SUITE_WH_SERVER", "HomeServer"),
    },
    _WINNT,
)
"""The meanings are the words of the debugger's ``suite:`` line."""

_CPUID_EDX = {
    0: "FPU",
    1: "VME",
    2: "DE",
    3: "PSE",
    4: "TSC",
    5: "MSR",
    6: "PAE",
    7: "MCE",
    8: "CX8",
    9: "APIC",
    11: "SEP",
    12: "MTRR",
    13: "PGE",
    14: "MCA",
    15: "CMOV",
    16: "PAT",
    17: "PSE36",
    18: "PSN",
    19: "CLFSH",
    21: "DS",
    22: "ACPI",
    23: "MMX",
    24: "FXSR",
    25: "SSE",
    26: "SSE2",
    27: "SS",
    28: "HTT",
    29: "TM",
    30: "IA64",
    31: "PBE",
}

X86_FEATURES = FlagSet("CPUID.1:EDX", {1 << bit: (name, "") for bit, name in _CPUID_EDX.items()}, "Intel 64 and IA-32 manual, CPUID")

_FEATURES = {
    0: "FLOATING_POINT_PRECISION_ERRATA",
    1: "FLOATING_POINT_EMULATED",
    2: "COMPARE_EXCHANGE_DOUBLE",
    3: "MMX_INSTRUCTIONS_AVAILABLE",
    4: "PPC_MOVEMEM_64BIT_OK",
    5: "ALPHA_BYTE_INSTRUCTIONS",
    6: "XMMI_INSTRUCTIONS_AVAILABLE",
    7: "3DNOW_INSTRUCTIONS_AVAILABLE",
    8: "RDTSC_INSTRUCTION_AVAILABLE",
    9: "PAE_ENABLED",
    10: "XMMI64_INSTRUCTIONS_AVAILABLE",
    11: "SSE_DAZ_MODE_AVAILABLE",
    12: "NX_ENABLED",
    13: "SSE3_INSTRUCTIONS_AVAILABLE",
    14: "COMPARE_EXCHANGE128",
    15: "COMPARE64_EXCHANGE128",
    16: "CHANNELS_ENABLED",
    17: "XSAVE_ENABLED",
    18: "ARM_VFP_32_REGISTERS_AVAILABLE",
    19: "ARM_NEON_INSTRUCTIONS_AVAILABLE",
    20: "SECOND_LEVEL_ADDRESS_TRANSLATION",
    21: "VIRT_FIRMWARE_ENABLED",
    22: "RDWRFSGSBASE_AVAILABLE",
    23: "FASTFAIL_AVAILABLE",
    24: "ARM_DIVIDE_INSTRUCTION_AVAILABLE",
    25: "ARM_64BIT_LOADSTORE_ATOMIC",
    26: "ARM_EXTERNAL_CACHE_AVAILABLE",
    27: "ARM_FMAC_INSTRUCTIONS_AVAILABLE",
    28: "RDRAND_INSTRUCTION_AVAILABLE",
    29: "ARM_V8_INSTRUCTIONS_AVAILABLE",
    30: "ARM_V8_CRYPTO_INSTRUCTIONS_AVAILABLE",
    31: "ARM_V8_CRC32_INSTRUCTIONS_AVAILABLE",
    32: "RDTSCP_INSTRUCTION_AVAILABLE",
    33: "RDPID_INSTRUCTION_AVAILABLE",
    34: "ARM_V81_ATOMIC_INSTRUCTIONS_AVAILABLE",
    35: "MONITORX_INSTRUCTION_AVAILABLE",
    36: "SSSE3_INSTRUCTIONS_AVAILABLE",
    37: "SSE4_1_INSTRUCTIONS_AVAILABLE",
    38: "SSE4_2_INSTRUCTIONS_AVAILABLE",
    39: "AVX_INSTRUCTIONS_AVAILABLE",
    40: "AVX2_INSTRUCTIONS_AVAILABLE",
    41: "AVX512F_INSTRUCTIONS_AVAILABLE",
    42: "ERMS_AVAILABLE",
    43: "ARM_V82_DP_INSTRUCTIONS_AVAILABLE",
    44: "ARM_V83_JSCVT_INSTRUCTIONS_AVAILABLE",
    45: "ARM_V83_LRCPC_INSTRUCTIONS_AVAILABLE",
    46: "ARM_SVE_INSTRUCTIONS_AVAILABLE",
    47: "ARM_SVE2_INSTRUCTIONS_AVAILABLE",
    48: "ARM_SVE2_1_INSTRUCTIONS_AVAILABLE",
    49: "ARM_SVE_AES_INSTRUCTIONS_AVAILABLE",
    50: "ARM_SVE_PMULL128_INSTRUCTIONS_AVAILABLE",
    51: "ARM_SVE_BITPERM_INSTRUCTIONS_AVAILABLE",
    52: "ARM_SVE_BF16_INSTRUCTIONS_AVAILABLE",
    53: "ARM_SVE_EBF16_INSTRUCTIONS_AVAILABLE",
    54: "ARM_SVE_B16B16_INSTRUCTIONS_AVAILABLE",
    55: "ARM_SVE_SHA3_INSTRUCTIONS_AVAILABLE",
    56: "ARM_SVE_SM4_INSTRUCTIONS_AVAILABLE",
    57: "ARM_SVE_I8MM_INSTRUCTIONS_AVAILABLE",
    58: "ARM_SVE_F32MM_INSTRUCTIONS_AVAILABLE",
    59: "ARM_SVE_F64MM_INSTRUCTIONS_AVAILABLE",
    60: "BMI2_INSTRUCTIONS_AVAILABLE",
    61: "MOVDIR64B_INSTRUCTION_AVAILABLE",
    62: "ARM_LSE2_AVAILABLE",
    64: "ARM_SHA3_INSTRUCTIONS_AVAILABLE",
    65: "ARM_SHA512_INSTRUCTIONS_AVAILABLE",
    66: "ARM_V82_I8MM_INSTRUCTIONS_AVAILABLE",
    67: "ARM_V82_FP16_INSTRUCTIONS_AVAILABLE",
    68: "ARM_V86_BF16_INSTRUCTIONS_AVAILABLE",
    69: "ARM_V86_EBF16_INSTRUCTIONS_AVAILABLE",
    70: "ARM_SME_INSTRUCTIONS_AVAILABLE",
    71: "ARM_SME2_INSTRUCTIONS_AVAILABLE",
}

PROCESSOR_FEATURE = Enumeration("PROCESSOR_FEATURE", {bit: (f"PF_{name}", "") for bit, name in _FEATURES.items()}, _WINNT)
"""Names of the bits of OtherCpuInfo.ProcessorFeatures, by bit number."""


def processor_features(low: int, high: int) -> List[str]:
    """Names of the set bits of the two words of ProcessorFeatures; a bit without a name is given by its number."""
    word = low | high << 64
    return [PROCESSOR_FEATURE.label(bit) or f"bit {bit}" for bit in range(128) if word >> bit & 1]


X86_CPU_INFO = Structure(
    "X86_CPU_INFO",
    [
        Field("VendorId", ULONG32, "name of the maker, 12 characters (EBX, EDX, ECX of CPUID 0)", TEXT, count=3),
        Field("VersionInformation", ULONG32, "family, model and stepping (EAX of CPUID 1)", HEX),
        Field("FeatureInformation", ULONG32, "features (EDX of CPUID 1)", values=X86_FEATURES),
        Field("AMDExtendedCpuFeatures", ULONG32, "features of AMD (EDX of CPUID 0x80000001)", HEX, when='VendorId is "AuthenticAMD"'),
    ],
    source=MINIDUMPAPISET,
    meaning="What a 32-bit x86 processor says of itself.",
)

OTHER_CPU_INFO = Structure(
    "OTHER_CPU_INFO",
    [Field("ProcessorFeatures", ULONG64, "bit n is IsProcessorFeaturePresent(n)", HEX, count=2)],
    source=MINIDUMPAPISET,
    meaning="What Windows says of any other processor, x64 included.",
)

ARM_CPU_INFO = Structure(
    "ARM_CPU_INFO",
    [Field("cpuid", ULONG32, "the processor's id register", HEX), Field("elf_hwcaps", ULONG32, "capabilities as Linux gives them to programs", HEX)],
    source=_BREAKPAD,
    meaning="What Breakpad writes for ARM.",
)

CPU_INFORMATION = Structure(
    "CPU_INFORMATION",
    [
        Field("X86CpuInfo", X86_CPU_INFO, "for x86", when="ProcessorArchitecture is PROCESSOR_ARCHITECTURE_INTEL"),
        Field("OtherCpuInfo", OTHER_CPU_INFO, "for all others, x64 included", when="ProcessorArchitecture is another one", at=0),
    ],
    source=MINIDUMPAPISET,
    meaning="A union: which member is valid depends on the architecture.",
)

MINIDUMP_SYSTEM_INFO = Structure(
    "MINIDUMP_SYSTEM_INFO",
    [
        Field("ProcessorArchitecture", USHORT, "decides the layout of all register contexts", values=PROCESSOR_ARCHITECTURE),
        Field("ProcessorLevel", USHORT, "family of an x86 or x64 processor, architecture version of an ARM", DECIMAL),
        Field("ProcessorRevision", USHORT, "x86 and x64: model in the high byte, stepping in the low one", HEX),
        Field("Reserved0", USHORT, "the next two members as one number", HEX),
        Field("NumberOfProcessors", UCHAR, "processors, modulo 256", COUNT, at=6),
        Field("ProductType", UCHAR, "workstation or server", values=PRODUCT_TYPE),
        Field("MajorVersion", ULONG32, "major version of the operating system", DECIMAL),
        Field("MinorVersion", ULONG32, "minor version", DECIMAL),
        Field("BuildNumber", ULONG32, "build", DECIMAL),
        Field("PlatformId", ULONG32, "which operating system", values=PLATFORM_ID),
        Field("CSDVersionRva", RVA, "service pack; other writers put a note of their own here", target="MINIDUMP_STRING"),
        Field("SuiteMask", USHORT, "edition", values=SUITE_MASK),
        Field("Reserved2", USHORT, "reserved, 0", HEX),
        Field("Cpu", CPU_INFORMATION, "what the processor can do"),
    ],
    source=MINIDUMPAPISET,
    meaning="SystemInfoStream.",
)


class WindowsRelease(NamedTuple):
    """A release of Windows: the build it starts at, its name on workstations and on servers (empty: there was none)."""

    build: int
    client: str
    server: str


WINDOWS_RELEASES: Tuple[WindowsRelease, ...] = (
    WindowsRelease(1381, "NT 4.0", "NT 4.0 Server"),
    WindowsRelease(2195, "2000", "2000 Server"),
    WindowsRelease(2600, "XP", ""),
    WindowsRelease(3790, "XP x64", "Server 2003"),
    WindowsRelease(6000, "Vista", ""),
    WindowsRelease(6001, "Vista SP1", "Server 2008"),
    WindowsRelease(6002, "Vista SP2", "Server 2008 SP2"),
    WindowsRelease(7600, "7", "Server 2008 R2"),
    WindowsRelease(7601, "7 SP1", "Server 2008 R2 SP1"),
    WindowsRelease(9200, "8", "Server 2012"),
    WindowsRelease(9600, "8.1", "Server 2012 R2"),
    WindowsRelease(10240, "10 1507", ""),
    WindowsRelease(10586, "10 1511", ""),
    WindowsRelease(14393, "10 1607", "Server 2016"),
    WindowsRelease(15063, "10 1703", ""),
    WindowsRelease(16299, "10 1709", "Server 1709"),
    WindowsRelease(17134, "10 1803", "Server 1803"),
    WindowsRelease(17763, "10 1809", "Server 2019"),
    WindowsRelease(18362, "10 1903", "Server 1903"),
    WindowsRelease(18363, "10 1909", "Server 1909"),
    WindowsRelease(19041, "10 2004", "Server 2004"),
    WindowsRelease(19042, "10 20H2", "Server 20H2"),
    WindowsRelease(19043, "10 21H1", ""),
    WindowsRelease(19044, "10 21H2", ""),
    WindowsRelease(19045, "10 22H2", ""),
    WindowsRelease(20348, "", "Server 2022"),
    WindowsRelease(22000, "11 21H2", ""),
    WindowsRelease(22621, "11 22H2", ""),
    WindowsRelease(22631, "11 23H2", ""),
    WindowsRelease(25398, "", "Server 23H2"),
    WindowsRelease(26100, "11 24H2", "Server 2025"),
    WindowsRelease(26200, "11 25H2", ""),
)
"""Releases by build, oldest first."""


def windows_release(build: int, server: bool = False) -> str:
    """``Windows 10 22H2`` for 19045; the release before it for a build between two; an empty string below the first."""
    name = ""
    for release in WINDOWS_RELEASES:
        if release.build > build:
            break
        name = (release.server if server else release.client) or name
    return f"Windows {name}" if name else ""

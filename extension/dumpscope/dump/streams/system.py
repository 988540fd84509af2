"""SystemInfoStream: processor and operating system."""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional, Tuple, Union

from ...format.processors import PROCESSORS
from ...format.system import MINIDUMP_SYSTEM_INFO, windows_release
from ..absence import Absent
from ..directory import Stream
from ..single import read_single
from ..source import Source
from ..strings import StringTable

X86 = 0
ARM = 5
IA64 = 6
AMD64 = 9
ARM64 = 12
BREAKPAD_ARM64 = 0x8003

_PLATFORMS = {
    0: "Win32s",
    1: "Windows 9x",
    3: "Windows CE",
    0x8000: "Unix",
    0x8101: "macOS",
    0x8102: "iOS",
    0x8201: "Linux",
    0x8202: "Solaris",
    0x8203: "Android",
    0x8204: "PlayStation 3",
    0x8205: "Native Client",
    0x8206: "Fuchsia",
}
_EDITION = r" (SP\d|\d{4}|\d\dH\d)$"


class CpuInfo(NamedTuple):
    """CPU_INFORMATION, the part of it that the architecture makes valid; the others are empty or 0.

    x86: ``vendor``, ``version`` (CPUID 1 EAX), ``features`` (CPUID 1 EDX), ``amd_features``. Breakpad on ARM: ``version``
    (the CPU id register) and ``features`` (ELF hardware capabilities). Elsewhere ``processor_features``: two 64-bit masks
    whose bit n is IsProcessorFeaturePresent(n).
    """

    vendor: str
    version: int
    features: int
    amd_features: int
    processor_features: Tuple[int, ...]

    def has(self, feature: int) -> bool:
        """IsProcessorFeaturePresent(feature), as far as the file says."""
        word, bit = divmod(feature, 64)
        return 0 <= word < len(self.processor_features) and bool(self.processor_features[word] >> bit & 1)


class SystemInfo(NamedTuple):
    """MINIDUMP_SYSTEM_INFO. ``csd`` is the service pack or what the writer put in its place; ``cpu_bytes`` the raw union."""

    architecture: int
    level: int
    revision: int
    processors: int
    product_type: int
    major: int
    minor: int
    build: int
    platform: int
    csd: str
    csd_rva: int
    suite_mask: int
    cpu_bytes: bytes
    offset: int
    held: int

    @property
    def pointer_size(self) -> int:
        """4 or 8 bytes: what the contexts and the machine words of the dump have."""
        row = PROCESSORS.get(self.architecture)
        return row.pointer_size if row is not None else 8

    @property
    def architecture_name(self) -> str:
        """``x86``, ``AMD64``, ``ARM64``, …; the number where it has no name."""
        row = PROCESSORS.get(self.architecture)
        return row.name if row is not None else f"0x{self.architecture:x}"

    @property
    def is_windows(self) -> bool:
        """Whether the dumped process ran on Windows (the platform ids of Windows are all below 4)."""
        return self.platform < 4

    @property
    def is_server(self) -> bool:
        """ProductType 2 (domain controller) or 3 (server)."""
        return self.product_type in (2, 3)

    @property
    def os_name(self) -> str:
        """``Windows 10 Version 19045``, ``Windows 7 Version 7601 (Service Pack 1)``, ``Linux 0.0.0 (Linux 5.4.0 …)``."""
        extra = f" ({self.csd})" if self.csd else ""
        if self.platform == 2:
            return f"{self._windows_name()} Version {self.build}{extra}"
        name = _PLATFORMS.get(self.platform) or f"platform 0x{self.platform:x}"
        return f"{name} {self.major}.{self.minor}.{self.build}{extra}"

    @property
    def release(self) -> str:
        """``Windows 10 22H2``: what the build is called; an empty string where it is not Windows or older than NT 4."""
        return windows_release(self.build, self.is_server) if self.platform == 2 else ""

    def _windows_name(self) -> str:
        import re

        name = self.release or f"Windows {self.major}.{self.minor}"
        return name if self.is_server and not name.endswith(("SP1", "SP2")) else re.sub(_EDITION, "", name)

    @property
    def cpu(self) -> CpuInfo:
        """The processor's description, decoded for the architecture."""
        data = self.cpu_bytes
        if self.architecture == X86:
            version, features, amd = struct.unpack_from("<3I", data, 12)
            return CpuInfo(data[:12].rstrip(b"\0").decode("latin-1"), version, features, amd, ())
        if not self.is_windows and self.architecture in (ARM, ARM64, BREAKPAD_ARM64):
            version, features = struct.unpack_from("<2I", data)
            return CpuInfo("", version, features, 0, ())
        return CpuInfo("", 0, 0, 0, struct.unpack_from("<2Q", data))


_FIELDS = (
    "ProcessorArchitecture",
    "ProcessorLevel",
    "ProcessorRevision",
    "NumberOfProcessors",
    "ProductType",
    "MajorVersion",
    "MinorVersion",
    "BuildNumber",
    "PlatformId",
    "CSDVersionRva",
    "SuiteMask",
)
_READER = MINIDUMP_SYSTEM_INFO.select(*_FIELDS)
_LEAST = MINIDUMP_SYSTEM_INFO.end_of("ProcessorArchitecture")
_CPU = MINIDUMP_SYSTEM_INFO.offset_of("Cpu")


def read_system(source: Source, stream: Optional[Stream], strings: StringTable) -> Union[SystemInfo, Absent]:
    """Processor and operating system. A stream that is cut is read as far as it goes."""
    single = read_single(source, stream, MINIDUMP_SYSTEM_INFO.size, _LEAST, "system information")
    if isinstance(single, Absent):
        return single
    values = _READER.unpack(single.data)
    csd_rva = values[9]
    cpu = single.data[_CPU:]
    return SystemInfo._make((*values[:9], strings.get(csd_rva), csd_rva, values[10], cpu, single.offset, single.held))

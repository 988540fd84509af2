"""Hardware error records: what parameter 2 of WHEA_UNCORRECTABLE_ERROR (0x124) points to.

A record is a Common Platform Error Record: a header, descriptors of its sections, and the sections.
"""

from __future__ import annotations

from ..guid import GUID
from ..layout import ADDRESS, BYTES, COUNT, HEX, SIZE, TEXT, UCHAR, ULONG32, ULONG64, USHORT, Enumeration, Field, Structure

_CPER = "UEFI Specification 2.10, appendix N (Common Platform Error Record); ntddk.h"
_NTDDK = "ntddk.h (Windows driver kit), packed to bytes"

ERROR_RECORD_SIGNATURE = b"CPER"

SEVERITY = Enumeration(
    "WHEA_ERROR_SEVERITY",
    {
        0: ("WheaErrSevRecoverable", "recoverable: not corrected, the system may go on"),
        1: ("WheaErrSevFatal", "fatal"),
        2: ("WheaErrSevCorrected", "corrected"),
        3: ("WheaErrSevInformational", "informational"),
    },
    _CPER,
)
CPU_VENDOR = Enumeration("WHEA_CPU_VENDOR", {0: ("WheaCpuVendorOther", "other"), 1: ("WheaCpuVendorIntel", "Intel"), 2: ("WheaCpuVendorAmd", "AMD")}, _NTDDK)
PROCESSOR_TYPE = Enumeration("WHEA_PROCESSOR_TYPE", {0: ("XPF", "x86 or x64"), 1: ("IPF", "Itanium"), 2: ("ARM", "ARM")}, _CPER)
INSTRUCTION_SET = Enumeration(
    "WHEA_INSTRUCTION_SET", {0: ("X86", "x86"), 1: ("IPF", "Itanium"), 2: ("X64", "x64"), 3: ("ARM32", "ARM"), 4: ("ARM64", "ARM64")}, _CPER
)
ERROR_TYPE = Enumeration(
    "WHEA_PROCESSOR_ERROR_TYPE",
    {0: ("UNKNOWN", "unknown"), 1: ("CACHE", "cache error"), 2: ("TLB", "TLB error"), 4: ("BUS", "bus error"), 8: ("MICROARCHITECTURAL", "inner error")},
    _CPER,
)
OPERATION = Enumeration(
    "WHEA_PROCESSOR_OPERATION",
    {0: ("GENERIC", "unknown or generic"), 1: ("DATA_READ", "data read"), 2: ("DATA_WRITE", "data write"), 3: ("EXECUTE", "instruction execution")},
    _CPER,
)
PCIE_PORT_TYPE = Enumeration(
    "WHEA_PCIE_DEVICE_TYPE",
    {
        0: ("Endpoint", "PCI Express endpoint"),
        1: ("LegacyEndpoint", "legacy PCI endpoint"),
        4: ("RootPort", "root port"),
        5: ("UpstreamSwitchPort", "upstream switch port"),
        6: ("DownstreamSwitchPort", "downstream switch port"),
        7: ("PciExpressToPciXBridge", "bridge from PCI Express to PCI or PCI-X"),
        8: ("PciXToExpressBridge", "bridge from PCI or PCI-X to PCI Express"),
        9: ("RootComplexIntegratedEndpoint", "endpoint in the root complex"),
        10: ("RootComplexEventCollector", "event collector of the root complex"),
    },
    _CPER,
)
MEMORY_ERROR = Enumeration(
    "WHEA_MEMORY_ERROR_TYPE",
    {
        0: ("UNKNOWN", "unknown"),
        1: ("NO_ERROR", "no error"),
        2: ("SINGLE_BIT_ECC", "single-bit ECC error"),
        3: ("MULTI_BIT_ECC", "multi-bit ECC error"),
        4: ("SINGLE_SYMBOL_CHIPKILL", "single-symbol ChipKill ECC error"),
        5: ("MULTI_SYMBOL_CHIPKILL", "multi-symbol ChipKill ECC error"),
        6: ("MASTER_ABORT", "master abort"),
        7: ("TARGET_ABORT", "target abort"),
        8: ("PARITY", "parity error"),
        9: ("WATCHDOG_TIMEOUT", "watchdog timeout"),
        10: ("INVALID_ADDRESS", "invalid address"),
        11: ("MIRROR_BROKEN", "mirror broken"),
        12: ("MEMORY_SPARING", "memory sparing"),
        13: ("SCRUB_CORRECTED", "corrected by scrubbing"),
        14: ("SCRUB_UNCORRECTED", "found by scrubbing, not corrected"),
        15: ("MAP_OUT", "physical memory mapped out"),
    },
    _CPER,
)
UNCORRECTABLE_ERRORS = {
    4: "data link protocol error",
    5: "surprise down error",
    12: "poisoned TLP",
    13: "flow control protocol error",
    14: "completion timeout",
    15: "completer abort",
    16: "unexpected completion",
    17: "receiver overflow",
    18: "malformed TLP",
    19: "ECRC error",
    20: "unsupported request",
    21: "ACS violation",
    22: "uncorrectable internal error",
}
"""Bits of the uncorrectable error status register, at offset 4 of the advanced error reporting registers (PCI Express Base Specification, 7.8.4)."""

WHEA_ERROR_RECORD_HEADER = Structure(
    "WHEA_ERROR_RECORD_HEADER",
    [
        Field("Signature", ULONG32, "the bytes CPER", HEX),
        Field("Revision", USHORT, "version of the format", HEX),
        Field("SignatureEnd", ULONG32, "all ones", HEX),
        Field("SectionCount", USHORT, "sections of the record", COUNT),
        Field("Severity", ULONG32, "how bad the error is", values=SEVERITY),
        Field("ValidBits", ULONG32, "which of platform, time and partition are set", HEX),
        Field("Length", ULONG32, "bytes of the record", SIZE, unit="bytes"),
        Field("Timestamp", ULONG64, "seconds, minutes, hours, flags, day, month, year, century: a byte each, in BCD", HEX),
        Field("PlatformId", GUID, "the machine"),
        Field("PartitionId", GUID, "the partition of the machine"),
        Field("CreatorId", GUID, "who made the record"),
        Field("NotifyType", GUID, "how the error was reported"),
        Field("RecordId", ULONG64, "number of the record", HEX),
        Field("Flags", ULONG32, "1 recovered, 2 from before, 4 simulated", HEX),
        Field("PersistenceInfo", ULONG64, "of the firmware's store", HEX),
        Field("Reserved", UCHAR, "reserved", BYTES, count=12),
    ],
    source=_CPER,
    meaning="A hardware error record; the descriptors of its sections follow.",
    pack=1,
)
WHEA_ERROR_RECORD_SECTION_DESCRIPTOR = Structure(
    "WHEA_ERROR_RECORD_SECTION_DESCRIPTOR",
    [
        Field("SectionOffset", ULONG32, "where the section is, from the start of the record", HEX),
        Field("SectionLength", ULONG32, "bytes of the section", SIZE, unit="bytes"),
        Field("Revision", USHORT, "version of the descriptor", HEX),
        Field("ValidBits", UCHAR, "1 FRUId, 2 FRUText are set", HEX),
        Field("Reserved", UCHAR, "reserved", HEX),
        Field("Flags", ULONG32, "1 primary, 2 containment warning, 4 reset, 8 threshold exceeded", HEX),
        Field("SectionType", GUID, "what the section holds"),
        Field("FRUId", GUID, "the part that can be replaced"),
        Field("SectionSeverity", ULONG32, "how bad this error is", values=SEVERITY),
        Field("FRUText", UCHAR, "name of the part", TEXT, count=20),
    ],
    source=_CPER,
    meaning="One section of a hardware error record.",
    pack=1,
)
WHEA_PROCESSOR_GENERIC_ERROR_SECTION = Structure(
    "WHEA_PROCESSOR_GENERIC_ERROR_SECTION",
    [
        Field("ValidBits", ULONG64, "which fields are set, a bit each in their order", HEX),
        Field("ProcessorType", UCHAR, "kind of processor", values=PROCESSOR_TYPE),
        Field("InstructionSet", UCHAR, "instructions that ran", values=INSTRUCTION_SET),
        Field("ErrorType", UCHAR, "what failed", values=ERROR_TYPE),
        Field("Operation", UCHAR, "what the processor did", values=OPERATION),
        Field("Flags", UCHAR, "1 restartable, 2 precise instruction pointer, 4 overflow, 8 corrected", HEX),
        Field("Level", UCHAR, "level of the cache", HEX),
        Field("Reserved", USHORT, "reserved", HEX),
        Field("CPUVersion", ULONG64, "CPUID leaf 1, EAX", HEX),
        Field("CPUBrandString", UCHAR, "name of the processor", TEXT, count=128),
        Field("ProcessorId", ULONG64, "local APIC ID", HEX),
        Field("TargetAddress", ULONG64, "address that was used", ADDRESS),
        Field("RequesterId", ULONG64, "who asked", HEX),
        Field("ResponderId", ULONG64, "who was asked", HEX),
        Field("InstructionPointer", ULONG64, "instruction that ran", ADDRESS),
    ],
    source=_CPER,
    meaning="A processor error that does not depend on the processor's kind.",
    pack=1,
)
WHEA_XPF_PROCESSOR_ERROR_SECTION = Structure(
    "WHEA_XPF_PROCESSOR_ERROR_SECTION",
    [
        Field("ValidBits", ULONG64, "1 APIC ID, 2 CPUID are set; bits 2-7 error, bits 8-13 context structures that follow", HEX),
        Field("LocalAPICId", ULONG64, "local APIC ID", HEX),
        Field("CpuId", UCHAR, "registers of CPUID leaf 1", BYTES, count=48),
    ],
    source=_CPER,
    meaning="An error of an x86 or x64 processor; WHEA_XPF_PROCINFO structures follow.",
    pack=1,
)
WHEA_XPF_PROCINFO = Structure(
    "WHEA_XPF_PROCINFO",
    [
        Field("CheckInfoId", GUID, "kind of check: cache, TLB, bus or machine check"),
        Field("ValidBits", ULONG64, "which of the fields are set", HEX),
        Field("CheckInfo", ULONG64, "what the check found", HEX),
        Field("TargetId", ULONG64, "address that was used", ADDRESS),
        Field("RequesterId", ULONG64, "who asked", HEX),
        Field("ResponderId", ULONG64, "who was asked", HEX),
        Field("InstructionPointer", ULONG64, "instruction that ran", ADDRESS),
    ],
    source=_CPER,
    meaning="One check of an x86 or x64 processor.",
    pack=1,
)
WHEA_XPF_MCA_SECTION = Structure(
    "WHEA_XPF_MCA_SECTION",
    [
        Field("VersionNumber", ULONG32, "version of the section", HEX),
        Field("CpuVendor", ULONG32, "vendor of the processor", values=CPU_VENDOR),
        Field("Timestamp", ULONG64, "when the error was found", HEX),
        Field("ProcessorNumber", ULONG32, "the processor", COUNT),
        Field("GlobalStatus", ULONG64, "MCG_STATUS: 1 restart possible, 2 instruction pointer valid, 4 in progress", HEX),
        Field("InstructionPointer", ULONG64, "instruction that ran", ADDRESS),
        Field("BankNumber", ULONG32, "the bank of machine check registers", COUNT),
        Field("Status", ULONG64, "MCi_STATUS of the bank", HEX),
        Field("Address", ULONG64, "MCi_ADDR of the bank, if bit 58 of the status is set", HEX),
        Field("Misc", ULONG64, "MCi_MISC of the bank, if bit 59 of the status is set", HEX),
        Field("ExtendedRegisterCount", ULONG32, "registers that follow", COUNT),
        Field("ApicId", ULONG32, "APIC ID of the processor", HEX),
        Field("ExtendedRegisters", ULONG64, "further registers", HEX, count=24),
        Field("GlobalCapability", ULONG64, "MCG_CAP: banks of the processor and what they can do", HEX),
    ],
    source=_NTDDK,
    meaning="The machine check registers of an x86 or x64 processor.",
    pack=1,
)
WHEA_PCIEXPRESS_ERROR_SECTION = Structure(
    "WHEA_PCIEXPRESS_ERROR_SECTION",
    [
        Field("ValidBits", ULONG64, "which fields are set, a bit each in their order", HEX),
        Field("PortType", ULONG32, "kind of device or port", values=PCIE_PORT_TYPE),
        Field("Version", ULONG32, "version of PCI Express", HEX),
        Field("CommandStatus", ULONG32, "command and status register", HEX),
        Field("Reserved", ULONG32, "reserved", HEX),
        Field("VendorId", USHORT, "vendor of the device", HEX),
        Field("DeviceId", USHORT, "the device", HEX),
        Field("ClassCode", UCHAR, "class of the device, three bytes", BYTES, count=3),
        Field("FunctionNumber", UCHAR, "function", HEX),
        Field("DeviceNumber", UCHAR, "device on the bus", HEX),
        Field("Segment", USHORT, "segment", HEX),
        Field("PrimaryBusNumber", UCHAR, "bus", HEX),
        Field("SecondaryBusNumber", UCHAR, "bus below a bridge", HEX),
        Field("SlotNumber", USHORT, "slot, from bit 3 on", HEX),
        Field("Reserved2", UCHAR, "reserved", HEX),
        Field("DeviceSerialNumber", ULONG64, "serial number", HEX),
        Field("BridgeControlStatus", ULONG32, "control and status of a bridge", HEX),
        Field("ExpressCapability", UCHAR, "PCI Express capability structure", BYTES, count=60),
        Field("AerInfo", UCHAR, "advanced error reporting registers", BYTES, count=96),
    ],
    source=_CPER,
    meaning="An error of a PCI Express device.",
    pack=1,
)
WHEA_MEMORY_ERROR_SECTION = Structure(
    "WHEA_MEMORY_ERROR_SECTION",
    [
        Field("ValidBits", ULONG64, "which fields are set, a bit each in their order", HEX),
        Field("ErrorStatus", ULONG64, "what failed", HEX),
        Field("PhysicalAddress", ULONG64, "physical address of the error", HEX),
        Field("PhysicalAddressMask", ULONG64, "bits of the address that are valid", HEX),
        Field("Node", USHORT, "node", HEX),
        Field("Card", USHORT, "memory card", HEX),
        Field("Module", USHORT, "memory module", HEX),
        Field("Bank", USHORT, "bank", HEX),
        Field("Device", USHORT, "device", HEX),
        Field("Row", USHORT, "row", HEX),
        Field("Column", USHORT, "column", HEX),
        Field("BitPosition", USHORT, "bit", HEX),
        Field("RequesterId", ULONG64, "who asked", HEX),
        Field("ResponderId", ULONG64, "who was asked", HEX),
        Field("TargetId", ULONG64, "target", HEX),
        Field("ErrorType", UCHAR, "kind of error", values=MEMORY_ERROR),
    ],
    source=_CPER,
    meaning="An error of memory.",
    pack=1,
)

SECTIONS = {
    "9876ccad-47b4-4bdb-b65e-16f193c4f3db": ("processor", WHEA_PROCESSOR_GENERIC_ERROR_SECTION),
    "dc3ea0b0-a144-4797-b95b-53fa242b6e1d": ("x86 or x64 processor", WHEA_XPF_PROCESSOR_ERROR_SECTION),
    "8a1e1d01-42f9-4557-9c33-565e5cc3f7e8": ("machine check registers", WHEA_XPF_MCA_SECTION),
    "d995e954-bbc1-430f-ad91-b44dcb3c6f35": ("PCI Express device", WHEA_PCIEXPRESS_ERROR_SECTION),
    "a5bc1114-6f64-4ede-b863-3e83ed7c83b1": ("memory", WHEA_MEMORY_ERROR_SECTION),
}
"""Sections whose layout is declared, by type: what they are about, and their structure."""
OTHER_SECTIONS = {
    "e429faf1-3cb7-11d4-bca7-0080c73c8881": "Itanium processor",
    "e19e3d16-bc11-11e4-9caa-c2051d5d46b0": "ARM processor",
    "c5753963-3b84-4095-bf78-eddad3f9c9dd": "PCI or PCI-X bus",
    "eb5e4685-ca66-4769-b6a2-26068b001326": "PCI or PCI-X device",
    "81212a96-09ed-4996-9471-8d729c8e69ed": "firmware error record",
    "e71254e7-c1b9-4940-ab76-909703a4320f": "NMI",
    "e71254e8-c1b9-4940-ab76-909703a4320f": "generic",
    "e71254e9-c1b9-4940-ab76-909703a4320f": "WHEA error packet",
}
"""Sections that are named and not taken apart."""
NOTIFY_TYPES = {
    "2dce8bb1-bdd7-450e-b9ad-9cf4ebd4f890": "corrected machine check",
    "4e292f96-d843-4a55-a8c2-d481f27ebeee": "corrected platform error",
    "e8f56ffe-919c-4cc5-ba88-65abe14913bb": "machine check",
    "cf93c01f-1a16-4dfc-b8bc-9c4daf67c104": "PCI Express",
    "cc5263e8-9308-454a-89d0-340bd39bc98e": "INIT",
    "5bad89ff-b7e6-42c9-814a-cf2485d6e98a": "NMI",
    "3d61a466-ab40-409a-a698-f362d464b38f": "boot",
}
"""How errors are reported."""

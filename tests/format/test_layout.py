"""Every structure's size and offsets, against numbers written down here by hand."""

from __future__ import annotations

from typing import Dict

from tests.cases import each

from dumpscope.format import catalogue
from dumpscope.format.layout import (
    Structure,
)

# --- sizes ----------------------------------------------------------------------------------------------------------

SIZES: Dict[str, int] = {
    "MINIDUMP_HEADER": 0x20,
    "MINIDUMP_DIRECTORY": 0xC,
    "MINIDUMP_LOCATION_DESCRIPTOR": 8,
    "MINIDUMP_LOCATION_DESCRIPTOR64": 16,
    "MINIDUMP_MEMORY_DESCRIPTOR": 16,
    "MINIDUMP_MEMORY_DESCRIPTOR64": 16,
    "MINIDUMP_STRING": 4,
    "MINIDUMP_THREAD": 48,
    "MINIDUMP_THREAD_LIST": 4,
    "MINIDUMP_THREAD_EX": 64,
    "MINIDUMP_THREAD_EX_LIST": 4,
    "MINIDUMP_THREAD_INFO_LIST": 12,
    "MINIDUMP_THREAD_INFO": 64,
    "MINIDUMP_THREAD_NAME": 12,
    "MINIDUMP_THREAD_NAME_LIST": 4,
    "VS_FIXEDFILEINFO": 52,
    "MINIDUMP_MODULE": 108,
    "MINIDUMP_MODULE_LIST": 4,
    "MINIDUMP_UNLOADED_MODULE_LIST": 12,
    "MINIDUMP_UNLOADED_MODULE": 24,
    "CV_INFO_PDB70": 24,
    "CV_INFO_PDB20": 16,
    "CV_INFO_ELF": 4,
    "IMAGE_DEBUG_MISC": 12,
    "MINIDUMP_MEMORY_LIST": 4,
    "MINIDUMP_MEMORY64_LIST": 16,
    "MINIDUMP_MEMORY_INFO_LIST": 16,
    "MINIDUMP_MEMORY_INFO": 48,
    "MINIDUMP_EXCEPTION": 152,
    "MINIDUMP_EXCEPTION_STREAM": 168,
    "EXCEPTION_RECORD64": 152,
    "EXCEPTION_RECORD32": 80,
    "STOWED_EXCEPTION_INFORMATION_V2_64": 56,
    "STOWED_EXCEPTION_INFORMATION_V2_32": 40,
    "X86_CPU_INFO": 24,
    "OTHER_CPU_INFO": 16,
    "ARM_CPU_INFO": 8,
    "CPU_INFORMATION": 24,
    "MINIDUMP_SYSTEM_INFO": 56,
    "SYSTEMTIME": 16,
    "TIME_ZONE_INFORMATION": 172,
    "XSTATE_FEATURE": 8,
    "XSTATE_CONFIG_FEATURE_MSC_INFO": 528,
    "MINIDUMP_MISC_INFO": 24,
    "MINIDUMP_MISC_INFO_2": 44,
    "MINIDUMP_MISC_INFO_3": 232,
    "MINIDUMP_MISC_INFO_4": 832,
    "MINIDUMP_MISC_INFO_5": 1364,
    "MINIDUMP_HANDLE_DATA_STREAM": 16,
    "MINIDUMP_HANDLE_DESCRIPTOR": 32,
    "MINIDUMP_HANDLE_DESCRIPTOR_2": 40,
    "MINIDUMP_HANDLE_OBJECT_INFORMATION": 12,
    "THREAD_BASIC_INFORMATION64": 48,
    "THREAD_BASIC_INFORMATION32": 28,
    "CLIENT_ID64": 16,
    "CLIENT_ID32": 8,
    "PROCESS_BASIC_INFORMATION64": 48,
    "PROCESS_BASIC_INFORMATION32": 24,
    "PROCESS_EXTENDED_BASIC_INFORMATION64": 64,
    "PROCESS_EXTENDED_BASIC_INFORMATION32": 32,
    "SECTION_BASIC_INFORMATION64": 24,
    "SECTION_BASIC_INFORMATION32": 16,
    "MUTANT_BASIC_INFORMATION": 8,
    "EVENT_BASIC_INFORMATION": 8,
    "SEMAPHORE_BASIC_INFORMATION": 8,
    "MINIDUMP_HANDLE_OPERATION_LIST": 16,
    "AVRF_BACKTRACE_INFORMATION": 264,
    "AVRF_HANDLE_OPERATION": 288,
    "LUID": 8,
    "SID": 8,
    "MINIDUMP_TOKEN_INFO_LIST": 16,
    "MINIDUMP_TOKEN_INFO_HEADER": 16,
    "TOKEN_PART": 8,
    "TOKEN_PARTS": 72,
    "TOKEN_STATISTICS": 0x38,
    "LUID_AND_ATTRIBUTES": 12,
    "MINIDUMP_FUNCTION_TABLE_STREAM": 24,
    "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR": 32,
    "RUNTIME_FUNCTION_AMD64": 12,
    "RUNTIME_FUNCTION_ARM": 8,
    "UNWIND_INFO": 4,
    "UNWIND_CODE": 2,
    "UNWIND_CODE_OFFSET": 2,
    "UNWIND_HANDLER": 4,
    "IMAGE_DOS_HEADER": 64,
    "IMAGE_FILE_HEADER": 20,
    "IMAGE_DATA_DIRECTORY": 8,
    "IMAGE_OPTIONAL_HEADER32": 224,
    "IMAGE_OPTIONAL_HEADER64": 240,
    "IMAGE_NT_HEADERS32": 248,
    "IMAGE_NT_HEADERS64": 264,
    "IMAGE_SECTION_HEADER": 40,
    "IMAGE_EXPORT_DIRECTORY": 40,
    "IMAGE_DEBUG_DIRECTORY": 28,
    "MINIDUMP_SYSTEM_BASIC_INFORMATION": 52,
    "MINIDUMP_SYSTEM_FILECACHE_INFORMATION": 60,
    "MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION": 32,
    "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION": 344,
    "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION_2": 376,
    "MINIDUMP_SYSTEM_MEMORY_INFO_1": 0x1EC,
    "MINIDUMP_SYSTEM_MEMORY_INFO_2": 0x20C,
    "MINIDUMP_PROCESS_VM_COUNTERS_1": 0x50,
    "MINIDUMP_PROCESS_VM_COUNTERS_2": 0x98,
    "M128A": 16,
    "FLOATING_SAVE_AREA": 112,
    "XSAVE_FORMAT": 512,
    "XSAVE_FORMAT32": 512,
    "CONTEXT_X86": 716,
    "WOW64_CONTEXT": 716,
    "CONTEXT_AMD64": 1232,
    "CONTEXT_ARM": 416,
    "CONTEXT_ARM64": 912,
    "MDRawContextARM": 368,
    "MDRawContextARM64_Old": 796,
    "CONTEXT_CHUNK": 8,
    "CONTEXT_EX": 24,
    "XSAVE_AREA_HEADER": 64,
    "XSAVE_CET_U_FORMAT": 16,
    "GUID": 16,
    "MinidumpUTF8String": 4,
    "MinidumpByteArray": 4,
    "MinidumpSimpleStringDictionaryEntry": 8,
    "MinidumpSimpleStringDictionary": 4,
    "MinidumpRVAList": 4,
    "MinidumpAnnotation": 12,
    "MinidumpAnnotationList": 4,
    "MinidumpModuleCrashpadInfo": 28,
    "MinidumpModuleCrashpadInfoLink": 12,
    "MinidumpModuleCrashpadInfoList": 4,
    "MinidumpCrashpadInfo": 0x40,
    "MDRawBreakpadInfo": 12,
    "MDRawAssertionInfo": 0x308,
    "MDRawDebug64": 40,
    "MDRawDebug32": 24,
    "MDRawLinkMap64": 24,
    "MDRawLinkMap32": 12,
    "MINIDUMP_MAC_CRASH_INFO": 172,
    "MINIDUMP_MAC_BOOTARGS": 12,
    "WINE_SYSTEM_INFO": 20,
    "UNICODE_STRING64": 16,
    "UNICODE_STRING32": 8,
    "LIST_ENTRY64": 16,
    "LIST_ENTRY32": 8,
    "NT_TIB64": 56,
    "NT_TIB32": 28,
    "CURDIR64": 24,
    "CURDIR32": 12,
    "RTL_CRITICAL_SECTION64": 40,
    "RTL_CRITICAL_SECTION32": 24,
    "KSYSTEM_TIME": 12,
    "WHEA_ERROR_RECORD_HEADER": 128,
    "WHEA_ERROR_RECORD_SECTION_DESCRIPTOR": 72,
    "WHEA_PROCESSOR_GENERIC_ERROR_SECTION": 192,
    "WHEA_XPF_PROCESSOR_ERROR_SECTION": 64,
    "WHEA_XPF_PROCINFO": 64,
    "WHEA_XPF_MCA_SECTION": 0x110,
    "WHEA_PCIEXPRESS_ERROR_SECTION": 208,
    "WHEA_MEMORY_ERROR_SECTION": 73,
    "IRP64": 0xD0,
    "IRP32": 0x70,
    "IO_STACK_LOCATION64": 0x48,
    "IO_STACK_LOCATION32": 0x24,
}
# Declared in part only: as far as the last member that is read.
PARTS = {
    "DUMP_HEADER64": 0x2000,
    "DUMP_HEADER32": 0x1000,
    "TRIAGE_DUMP64": 0x80,
    "TRIAGE_DUMP32": 0x68,
    "TRIAGE_DATA_BLOCK": 16,
    "DUMP_DRIVER_ENTRY64": 0x90,
    "DUMP_DRIVER_ENTRY32": 0x4C,
    "DUMP_STRING": 4,
    "DUMP_BLOB_FILE_HEADER": 16,
    "DUMP_BLOB_HEADER": 32,
    "BITMAP_DUMP": 0x38,
    "SUMMARY_DUMP64": 0x28,
    "SUMMARY_DUMP32": 0x20,
    "USERMODE_CRASHDUMP_HEADER64": 0x60,
    "USERMODE_CRASHDUMP_HEADER32": 0x40,
    "CRASH_THREAD64": 80,
    "CRASH_THREAD32": 48,
    "CRASH_MODULE64": 16,
    "CRASH_MODULE32": 12,
    "MEMORY_BASIC_INFORMATION64": 48,
    "MEMORY_BASIC_INFORMATION32": 28,
    "EXCEPTION_DEBUG_EVENT64": 172,
    "EXCEPTION_DEBUG_EVENT32": 96,
    "DUMP_UNLOADED_DRIVER64": 56,
    "DUMP_UNLOADED_DRIVER32": 40,
    "PHYSICAL_MEMORY_RUN64": 16,
    "PHYSICAL_MEMORY_RUN32": 8,
    "TEB64": 0x1810,
    "TEB32": 0xFE0,
    "PEB64": 0x2F8,
    "PEB32": 0x1F8,
    "RTL_USER_PROCESS_PARAMETERS64": 0x3F8,
    "RTL_USER_PROCESS_PARAMETERS32": 0x294,
    "PEB_LDR_DATA64": 0x58,
    "PEB_LDR_DATA32": 0x30,
    "LDR_DATA_TABLE_ENTRY64": 0x110,
    "LDR_DATA_TABLE_ENTRY32": 0x98,
    "XSTATE_CONFIGURATION": 536,
    "KUSER_SHARED_DATA": 0x5F0,
    "DEVICE_OBJECT64": 40,
    "DEVICE_OBJECT32": 24,
    "DRIVER_OBJECT64": 0x48,
    "DRIVER_OBJECT32": 0x24,
}

ALL = {structure.name: structure for structure in catalogue.structures()}


def get(name: str) -> Structure:
    structure = catalogue.structure(name)
    assert structure is not None, name
    return structure


@each("name", sorted(SIZES | PARTS))
def test_size(name: str) -> None:
    assert get(name).size == (SIZES | PARTS)[name]


def test_no_structure_without_a_size_written_here() -> None:
    assert set(ALL) == set(SIZES) | set(PARTS)


# --- offsets --------------------------------------------------------------------------------------------------------

OFFSETS: Dict[str, str] = {
    "WHEA_ERROR_RECORD_HEADER": "Signature 0 Revision 4 SignatureEnd 6 SectionCount 10 Severity 12 ValidBits 16 Length 20 Timestamp 24 PlatformId 32 "
    "PartitionId 48 CreatorId 64 NotifyType 80 RecordId 96 Flags 104 PersistenceInfo 108 Reserved 116",
    "WHEA_ERROR_RECORD_SECTION_DESCRIPTOR": "SectionOffset 0 SectionLength 4 Revision 8 ValidBits 10 Flags 12 SectionType 16 FRUId 32 SectionSeverity 48 "
    "FRUText 52",
    "WHEA_PROCESSOR_GENERIC_ERROR_SECTION": "ValidBits 0 ProcessorType 8 InstructionSet 9 ErrorType 10 Operation 11 Flags 12 Level 13 CPUVersion 16 "
    "CPUBrandString 24 ProcessorId 152 TargetAddress 160 RequesterId 168 ResponderId 176 InstructionPointer 184",
    "WHEA_XPF_PROCESSOR_ERROR_SECTION": "ValidBits 0 LocalAPICId 8 CpuId 16",
    "WHEA_XPF_PROCINFO": "CheckInfoId 0 ValidBits 16 CheckInfo 24 TargetId 32 RequesterId 40 ResponderId 48 InstructionPointer 56",
    "WHEA_XPF_MCA_SECTION": "VersionNumber 0 CpuVendor 4 Timestamp 8 ProcessorNumber 16 GlobalStatus 20 InstructionPointer 28 BankNumber 36 Status 40 "
    "Address 48 Misc 56 ExtendedRegisterCount 64 ApicId 68 ExtendedRegisters 72 GlobalCapability 264",
    "WHEA_PCIEXPRESS_ERROR_SECTION": "ValidBits 0 PortType 8 Version 12 CommandStatus 16 VendorId 24 DeviceId 26 ClassCode 28 FunctionNumber 31 "
    "DeviceNumber 32 Segment 33 PrimaryBusNumber 35 SecondaryBusNumber 36 SlotNumber 37 DeviceSerialNumber 40 BridgeControlStatus 48 "
    "ExpressCapability 52 AerInfo 112",
    "WHEA_MEMORY_ERROR_SECTION": "ValidBits 0 ErrorStatus 8 PhysicalAddress 16 PhysicalAddressMask 24 Node 32 Card 34 Module 36 Bank 38 Device 40 Row 42 "
    "Column 44 BitPosition 46 RequesterId 48 ResponderId 56 TargetId 64 ErrorType 72",
    "DEVICE_OBJECT64": "Type 0 Size 2 ReferenceCount 4 DriverObject 8 NextDevice 16 AttachedDevice 24 CurrentIrp 32",
    "DEVICE_OBJECT32": "Type 0 Size 2 ReferenceCount 4 DriverObject 8 NextDevice 12 AttachedDevice 16 CurrentIrp 20",
    "DRIVER_OBJECT64": "Type 0 DeviceObject 8 Flags 16 DriverStart 24 DriverSize 32 DriverSection 40 DriverExtension 48 DriverName 56",
    "DRIVER_OBJECT32": "Type 0 DeviceObject 4 Flags 8 DriverStart 12 DriverSize 16 DriverSection 20 DriverExtension 24 DriverName 28",
    "IRP64": "Type 0 Size 2 StackCount 0x42 CurrentLocation 0x43 CurrentStackLocation 0xB8",
    "IRP32": "Type 0 Size 2 StackCount 0x22 CurrentLocation 0x23 CurrentStackLocation 0x60",
    "IO_STACK_LOCATION64": "MajorFunction 0 MinorFunction 1 DeviceObject 0x28 FileObject 0x30 CompletionRoutine 0x38 Context 0x40",
    "IO_STACK_LOCATION32": "MajorFunction 0 MinorFunction 1 DeviceObject 0x14 FileObject 0x18 CompletionRoutine 0x1C Context 0x20",
    "USERMODE_CRASHDUMP_HEADER64": "MachineImageType 0x10 ThreadCount 0x14 ThreadOffset 0x20 DataOffset 0x30 DebugEventOffset 0x40 VersionInfoOffset 0x50",
    "USERMODE_CRASHDUMP_HEADER32": "MachineImageType 0x10 ThreadCount 0x14 ThreadOffset 0x20 DataOffset 0x28 DebugEventOffset 0x30 VersionInfoOffset 0x38",
    "EXCEPTION_DEBUG_EVENT64": "dwThreadId 8 ExceptionCode 16 ExceptionAddress 32 NumberParameters 40 ExceptionInformation 48 dwFirstChance 168",
    "EXCEPTION_DEBUG_EVENT32": "dwThreadId 8 ExceptionCode 12 ExceptionAddress 24 NumberParameters 28 ExceptionInformation 32 dwFirstChance 92",
    "DUMP_HEADER64": "MachineImageType 0x30 BugCheckCode 0x38 BugCheckParameter1 0x40 KdDebuggerDataBlock 0x80 ContextRecord 0x348 ExceptionRecord 0xF00 "
    "DumpType 0xF98 SystemTime 0xFA8 SystemUpTime 0x1030 MiniDumpFields 0x1038 ProductType 0x1040 SuiteMask 0x1044 KdSecondaryVersion 0x104D",
    "DUMP_HEADER32": "MachineImageType 0x20 BugCheckCode 0x28 BugCheckParameter1 0x2C PaeEnabled 0x5C KdDebuggerDataBlock 0x60 ContextRecord 0x320 "
    "ExceptionRecord 0x7D0 Attributes 0x8A0 DumpType 0xF88 ProductType 0xF94 SystemUpTime 0xFB8 SystemTime 0xFC0",
    "TRIAGE_DUMP64": "CallStackOffset 0x28 DriverListOffset 0x30 StringPoolOffset 0x38 TopOfStack 0x48 DebuggerDataOffset 0x70 DataBlocksCount 0x7C",
    "TRIAGE_DUMP32": "CallStackOffset 0x28 DriverListOffset 0x30 StringPoolOffset 0x38 TopOfStack 0x48 DebuggerDataOffset 0x58 DataBlocksCount 0x64",
    "SUMMARY_DUMP64": "Signature 0 HeaderSize 0xC BitmapSize 0x10 Pages 0x14 SizeOfBitMap 0x18 Reserved 0x20",
    "SUMMARY_DUMP32": "Signature 0 HeaderSize 0xC BitmapSize 0x10 Pages 0x14 SizeOfBitMap 0x18 Reserved 0x1C",
    "MINIDUMP_HEADER": "Signature 0 Version 4 NumberOfStreams 8 StreamDirectoryRva 0xC CheckSum 0x10 TimeDateStamp 0x14 Flags 0x18",
    "MINIDUMP_DIRECTORY": "StreamType 0 Location 4 Location.DataSize 4 Location.Rva 8",
    "MINIDUMP_LOCATION_DESCRIPTOR": "DataSize 0 Rva 4",
    "MINIDUMP_LOCATION_DESCRIPTOR64": "DataSize 0 Rva 8",
    "MINIDUMP_MEMORY_DESCRIPTOR": "StartOfMemoryRange 0 Memory.DataSize 8 Memory.Rva 12",
    "MINIDUMP_MEMORY_DESCRIPTOR64": "StartOfMemoryRange 0 DataSize 8",
    "MINIDUMP_STRING": "Length 0 Buffer 4",
    "MINIDUMP_THREAD": "ThreadId 0 SuspendCount 4 PriorityClass 8 Priority 12 Teb 16 Stack 24 Stack.Memory.DataSize 32 Stack.Memory.Rva 36 "
    "ThreadContext 40 ThreadContext.Rva 44",
    "MINIDUMP_THREAD_EX": "ThreadId 0 Priority 12 Teb 16 Stack 24 ThreadContext 40 BackingStore 48 BackingStore.Memory.Rva 60",
    "MINIDUMP_THREAD_INFO_LIST": "SizeOfHeader 0 SizeOfEntry 4 NumberOfEntries 8",
    "MINIDUMP_THREAD_INFO": "ThreadId 0 DumpFlags 4 DumpError 8 ExitStatus 12 CreateTime 16 ExitTime 24 KernelTime 32 UserTime 40 StartAddress 48 Affinity 56",
    "MINIDUMP_THREAD_NAME": "ThreadId 0 RvaOfThreadName 4",
    "VS_FIXEDFILEINFO": "dwSignature 0 dwStrucVersion 4 dwFileVersionMS 8 dwFileVersionLS 12 dwProductVersionMS 16 dwProductVersionLS 20 "
    "dwFileFlagsMask 24 dwFileFlags 28 dwFileOS 32 dwFileType 36 dwFileSubtype 40 dwFileDateMS 44 dwFileDateLS 48",
    "MINIDUMP_MODULE": "BaseOfImage 0 SizeOfImage 8 CheckSum 12 TimeDateStamp 16 ModuleNameRva 20 VersionInfo 24 VersionInfo.dwFileFlags 52 "
    "CvRecord 76 CvRecord.Rva 80 MiscRecord 84 MiscRecord.Rva 88 Reserved0 92 Reserved1 100",
    "MINIDUMP_UNLOADED_MODULE_LIST": "SizeOfHeader 0 SizeOfEntry 4 NumberOfEntries 8",
    "MINIDUMP_UNLOADED_MODULE": "BaseOfImage 0 SizeOfImage 8 CheckSum 12 TimeDateStamp 16 ModuleNameRva 20",
    "CV_INFO_PDB70": "CvSignature 0 Signature 4 Age 20 PdbFileName 24",
    "CV_INFO_PDB20": "CvSignature 0 CvOffset 4 Signature 8 Age 12 PdbFileName 16",
    "CV_INFO_ELF": "CvSignature 0 BuildId 4",
    "IMAGE_DEBUG_MISC": "DataType 0 Length 4 Unicode 8 Reserved 9 Data 12",
    "MINIDUMP_MEMORY64_LIST": "NumberOfMemoryRanges 0 BaseRva 8 MemoryRanges 16",
    "MINIDUMP_MEMORY_LIST": "NumberOfMemoryRanges 0 MemoryRanges 4",
    "MINIDUMP_MEMORY_INFO_LIST": "SizeOfHeader 0 SizeOfEntry 4 NumberOfEntries 8",
    "MINIDUMP_MEMORY_INFO": "BaseAddress 0 AllocationBase 8 AllocationProtect 16 __alignment1 20 RegionSize 24 State 32 Protect 36 Type 40 __alignment2 44",
    "MINIDUMP_EXCEPTION": "ExceptionCode 0 ExceptionFlags 4 ExceptionRecord 8 ExceptionAddress 16 NumberParameters 24 __unusedAlignment 28 "
    "ExceptionInformation 32",
    "MINIDUMP_EXCEPTION_STREAM": "ThreadId 0 __alignment 4 ExceptionRecord 8 ExceptionRecord.ExceptionInformation 40 ThreadContext 160 ThreadContext.Rva 164",
    "EXCEPTION_RECORD64": "ExceptionRecord 8 ExceptionAddress 16 NumberParameters 24 ExceptionInformation 32",
    "STOWED_EXCEPTION_INFORMATION_V2_64": "Size 0 Signature 4 ResultCode 8 ExceptionFormThreadId 12 ExceptionAddress 16 StackTraceWordSize 24 "
    "StackTraceWords 28 StackTrace 32 NestedExceptionType 40 NestedException 48",
    "STOWED_EXCEPTION_INFORMATION_V2_32": "Size 0 Signature 4 ResultCode 8 ExceptionFormThreadId 12 ExceptionAddress 16 StackTraceWordSize 20 "
    "StackTraceWords 24 StackTrace 28 NestedExceptionType 32 NestedException 36",
    "EXCEPTION_RECORD32": "ExceptionCode 0 ExceptionFlags 4 ExceptionRecord 8 ExceptionAddress 12 NumberParameters 16 ExceptionInformation 20",
    "MINIDUMP_SYSTEM_INFO": "ProcessorArchitecture 0 ProcessorLevel 2 ProcessorRevision 4 Reserved0 6 NumberOfProcessors 6 ProductType 7 MajorVersion 8 "
    "MinorVersion 12 BuildNumber 16 PlatformId 20 CSDVersionRva 24 SuiteMask 28 Reserved2 30 Cpu 32 Cpu.X86CpuInfo.VendorId 32 "
    "Cpu.X86CpuInfo.VersionInformation 44 Cpu.X86CpuInfo.FeatureInformation 48 Cpu.X86CpuInfo.AMDExtendedCpuFeatures 52 "
    "Cpu.OtherCpuInfo.ProcessorFeatures 32",
    "MINIDUMP_MISC_INFO_5": "SizeOfInfo 0 Flags1 4 ProcessId 8 ProcessCreateTime 12 ProcessUserTime 16 ProcessKernelTime 20 ProcessorMaxMhz 24 "
    "ProcessorCurrentMhz 28 ProcessorMhzLimit 32 ProcessorMaxIdleState 36 ProcessorCurrentIdleState 40 ProcessIntegrityLevel 44 "
    "ProcessExecuteFlags 48 ProtectedProcess 52 TimeZoneId 56 TimeZone 60 BuildString 232 DbgBldStr 752 XStateData 832 ProcessCookie 1360",
    "TIME_ZONE_INFORMATION": "Bias 0 StandardName 4 StandardDate 68 StandardBias 84 DaylightName 88 DaylightDate 152 DaylightBias 168",
    "SYSTEMTIME": "wYear 0 wMonth 2 wDayOfWeek 4 wDay 6 wHour 8 wMinute 10 wSecond 12 wMilliseconds 14",
    "XSTATE_CONFIG_FEATURE_MSC_INFO": "SizeOfInfo 0 ContextSize 4 EnabledFeatures 8 Features 16",
    "MINIDUMP_HANDLE_DATA_STREAM": "SizeOfHeader 0 SizeOfDescriptor 4 NumberOfDescriptors 8 Reserved 12",
    "MINIDUMP_HANDLE_DESCRIPTOR": "Handle 0 TypeNameRva 8 ObjectNameRva 12 Attributes 16 GrantedAccess 20 HandleCount 24 PointerCount 28",
    "MINIDUMP_HANDLE_DESCRIPTOR_2": "Handle 0 TypeNameRva 8 ObjectNameRva 12 Attributes 16 GrantedAccess 20 HandleCount 24 PointerCount 28 ObjectInfoRva 32 "
    "Reserved0 36",
    "MINIDUMP_HANDLE_OBJECT_INFORMATION": "NextInfoRva 0 InfoType 4 SizeOfInfo 8",
    "THREAD_BASIC_INFORMATION64": "ExitStatus 0 TebBaseAddress 8 ClientId.UniqueProcess 16 ClientId.UniqueThread 24 AffinityMask 32 Priority 40 "
    "BasePriority 44",
    "THREAD_BASIC_INFORMATION32": "ExitStatus 0 TebBaseAddress 4 ClientId.UniqueProcess 8 ClientId.UniqueThread 12 AffinityMask 16 Priority 20 BasePriority 24",
    "MUTANT_BASIC_INFORMATION": "CurrentCount 0 OwnedByCaller 4 AbandonedState 5",
    "PROCESS_BASIC_INFORMATION64": "ExitStatus 0 PebBaseAddress 8 AffinityMask 16 BasePriority 24 UniqueProcessId 32 InheritedFromUniqueProcessId 40",
    "PROCESS_BASIC_INFORMATION32": "ExitStatus 0 PebBaseAddress 4 AffinityMask 8 BasePriority 12 UniqueProcessId 16 InheritedFromUniqueProcessId 20",
    "PROCESS_EXTENDED_BASIC_INFORMATION64": "Size 0 BasicInfo 8 Flags 56",
    "PROCESS_EXTENDED_BASIC_INFORMATION32": "Size 0 BasicInfo 4 Flags 28",
    "SECTION_BASIC_INFORMATION64": "BaseAddress 0 AllocationAttributes 8 MaximumSize 16",
    "SECTION_BASIC_INFORMATION32": "BaseAddress 0 AllocationAttributes 4 MaximumSize 8",
    "AVRF_HANDLE_OPERATION": "Handle 0 ProcessId 8 ThreadId 12 OperationType 16 Spare0 20 BackTraceInformation 24 BackTraceInformation.ReturnAddresses 32",
    "AVRF_BACKTRACE_INFORMATION": "Depth 0 Index 4 ReturnAddresses 8",
    "MINIDUMP_TOKEN_INFO_LIST": "TokenListSize 0 TokenListEntries 4 ListHeaderSize 8 ElementHeaderSize 12",
    "MINIDUMP_TOKEN_INFO_HEADER": "TokenSize 0 TokenId 4 TokenHandle 8",
    "TOKEN_PARTS": "SessionId 16 User 24 Groups 32 PrimaryGroup 40 Privileges 48 Statistics 56 RestrictedSids 64",
    "TOKEN_STATISTICS": "TokenId 0 AuthenticationId 8 ExpirationTime 16 TokenType 24 ImpersonationLevel 28 GroupCount 40 PrivilegeCount 44 ModifiedId 48",
    "MINIDUMP_FUNCTION_TABLE_STREAM": "SizeOfHeader 0 SizeOfDescriptor 4 SizeOfNativeDescriptor 8 SizeOfFunctionEntry 12 NumberOfDescriptors 16 "
    "SizeOfAlignPad 20",
    "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR": "MinimumAddress 0 MaximumAddress 8 BaseAddress 16 EntryCount 24 SizeOfAlignPad 28",
    "UNWIND_INFO": "VersionAndFlags 0 SizeOfProlog 1 CountOfCodes 2 FrameRegisterAndOffset 3",
    "UNWIND_CODE": "CodeOffset 0 UnwindOpAndInfo 1",
    "IMAGE_DOS_HEADER": "e_magic 0 e_cp 4 e_ss 0xE e_lfarlc 0x18 e_res 0x1C e_oemid 0x24 e_res2 0x28 e_lfanew 0x3C",
    "IMAGE_FILE_HEADER": "Machine 0 NumberOfSections 2 TimeDateStamp 4 PointerToSymbolTable 8 NumberOfSymbols 12 SizeOfOptionalHeader 16 Characteristics 18",
    "IMAGE_OPTIONAL_HEADER32": "Magic 0 SizeOfCode 4 AddressOfEntryPoint 0x10 BaseOfCode 0x14 BaseOfData 0x18 ImageBase 0x1C SectionAlignment 0x20 "
    "FileAlignment 0x24 SizeOfImage 0x38 SizeOfHeaders 0x3C CheckSum 0x40 Subsystem 0x44 DllCharacteristics 0x46 SizeOfStackReserve 0x48 "
    "SizeOfHeapCommit 0x54 LoaderFlags 0x58 NumberOfRvaAndSizes 0x5C DataDirectory 0x60",
    "IMAGE_OPTIONAL_HEADER64": "Magic 0 SizeOfCode 4 AddressOfEntryPoint 0x10 BaseOfCode 0x14 ImageBase 0x18 SectionAlignment 0x20 FileAlignment 0x24 "
    "SizeOfImage 0x38 SizeOfHeaders 0x3C CheckSum 0x40 Subsystem 0x44 DllCharacteristics 0x46 SizeOfStackReserve 0x48 SizeOfHeapCommit 0x60 "
    "LoaderFlags 0x68 NumberOfRvaAndSizes 0x6C DataDirectory 0x70",
    "IMAGE_NT_HEADERS64": "Signature 0 FileHeader 4 FileHeader.TimeDateStamp 8 OptionalHeader 0x18 OptionalHeader.SizeOfImage 0x50",
    "IMAGE_SECTION_HEADER": "Name 0 VirtualSize 8 VirtualAddress 12 SizeOfRawData 16 PointerToRawData 20 PointerToRelocations 24 NumberOfRelocations 32 "
    "Characteristics 36",
    "IMAGE_EXPORT_DIRECTORY": "TimeDateStamp 4 Name 12 Base 16 NumberOfFunctions 20 NumberOfNames 24 AddressOfFunctions 28 AddressOfNames 32 "
    "AddressOfNameOrdinals 36",
    "IMAGE_DEBUG_DIRECTORY": "TimeDateStamp 4 Type 12 SizeOfData 16 AddressOfRawData 20 PointerToRawData 24",
    "MINIDUMP_SYSTEM_MEMORY_INFO_2": "Revision 0 Flags 2 BasicInfo 4 FileCacheInfo 0x38 BasicPerfInfo 0x74 PerfInfo 0x94",
    "MINIDUMP_SYSTEM_MEMORY_INFO_1": "Revision 0 Flags 2 BasicInfo 4 FileCacheInfo 0x38 BasicPerfInfo 0x74 PerfInfo 0x94",
    "MINIDUMP_SYSTEM_BASIC_INFORMATION": "TimerResolution 0 PageSize 4 NumberOfPhysicalPages 8 LowestPhysicalPageNumber 12 HighestPhysicalPageNumber 16 "
    "AllocationGranularity 20 MinimumUserModeAddress 24 MaximumUserModeAddress 32 ActiveProcessorsAffinityMask 40 NumberOfProcessors 48",
    "MINIDUMP_SYSTEM_FILECACHE_INFORMATION": "CurrentSize 0 PeakSize 8 PageFaultCount 16 MinimumWorkingSet 20 MaximumWorkingSet 28 "
    "CurrentSizeIncludingTransitionInPages 36 PeakSizeIncludingTransitionInPages 44 TransitionRePurposeCount 52 Flags 56",
    "MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION": "AvailablePages 0 CommittedPages 8 CommitLimit 16 PeakCommitment 24",
    "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION_2": "IdleProcessTime 0 IoReadTransferCount 8 IoReadOperationCount 0x20 IoOtherOperationCount 0x28 "
    "AvailablePages 0x2C CommitLimit 0x34 CopyOnWriteCount 0x40 DemandZeroCount 0x4C CacheReadCount 0x58 PagedPoolPages 0x70 NonPagedPoolFrees 0x84 "
    "FreeSystemPtes 0x88 PagedPoolLookasideHits 0x9C AvailablePagedPoolPages 0xA0 CcFastReadNoWait 0xB0 CcFastMdlReadNotPossible 0xCC CcMapDataNoWait 0xD0 "
    "CcPinReadNoWait 0xE4 CcCopyReadNoWait 0xF4 CcMdlReadWaitMiss 0x110 CcReadAheadIos 0x114 CcDataPages 0x124 ContextSwitches 0x128 SystemCalls 0x134 "
    "CcTotalDirtyPages 0x138 CcDirtyPageThreshold 0x140 ResidentAvailablePages 0x148 SharedCommittedPages 0x150 MdlPagesAllocated 0x158 "
    "PfnDatabaseCommittedPages 0x160 SystemPageTableCommittedPages 0x168 ContiguousPagesAllocated 0x170",
    "MINIDUMP_PROCESS_VM_COUNTERS_1": "Revision 0 PageFaultCount 4 PeakWorkingSetSize 8 WorkingSetSize 16 QuotaPagedPoolUsage 32 QuotaNonPagedPoolUsage 48 "
    "PagefileUsage 56 PeakPagefileUsage 64 PrivateUsage 72",
    "MINIDUMP_PROCESS_VM_COUNTERS_2": "Revision 0 Flags 2 PageFaultCount 4 PeakWorkingSetSize 8 PagefileUsage 56 PeakPagefileUsage 64 PeakVirtualSize 72 "
    "VirtualSize 80 PrivateUsage 88 PrivateWorkingSetSize 96 SharedCommitUsage 104 JobSharedCommitUsage 112 JobPrivateCommitUsage 120 "
    "JobPeakPrivateCommitUsage 128 JobPrivateCommitLimit 136 JobTotalCommitLimit 144",
    "CONTEXT_X86": "ContextFlags 0 Dr0 4 Dr1 8 Dr2 0xC Dr3 0x10 Dr6 0x14 Dr7 0x18 FloatSave 0x1C SegGs 0x8C SegFs 0x90 SegEs 0x94 SegDs 0x98 Edi 0x9C Esi 0xA0 "
    "Ebx 0xA4 Edx 0xA8 Ecx 0xAC Eax 0xB0 Ebp 0xB4 Eip 0xB8 SegCs 0xBC EFlags 0xC0 Esp 0xC4 SegSs 0xC8 ExtendedRegisters 0xCC "
    "ExtendedRegisters.MxCsr 228 ExtendedRegisters.XmmRegisters 364",
    "WOW64_CONTEXT": "ContextFlags 0 Eip 0xB8 Esp 0xC4 ExtendedRegisters 0xCC",
    "CONTEXT_AMD64": "P1Home 0 ContextFlags 0x30 MxCsr 0x34 SegCs 0x38 SegDs 0x3A SegEs 0x3C SegFs 0x3E SegGs 0x40 SegSs 0x42 EFlags 0x44 Dr0 0x48 Dr6 0x68 "
    "Dr7 0x70 Rax 0x78 Rcx 0x80 Rdx 0x88 Rbx 0x90 Rsp 0x98 Rbp 0xA0 Rsi 0xA8 Rdi 0xB0 R8 0xB8 R9 0xC0 R10 0xC8 R11 0xD0 R12 0xD8 R13 0xE0 R14 0xE8 R15 0xF0 "
    "Rip 0xF8 FltSave 0x100 FltSave.XmmRegisters 0x1A0 Xmm0 0x1A0 Xmm15 0x290 VectorRegister 0x300 VectorControl 0x4A0 DebugControl 0x4A8 "
    "LastBranchToRip 0x4B0 LastBranchFromRip 0x4B8 LastExceptionToRip 0x4C0 LastExceptionFromRip 0x4C8",
    "CONTEXT_ARM": "ContextFlags 0 R0 4 R12 0x34 Sp 0x38 Lr 0x3C Pc 0x40 Cpsr 0x44 Fpscr 0x48 Q 0x50 Bvr 336 Bcr 368 Wvr 400 Wcr 404 Padding2 408",
    "CONTEXT_ARM64": "ContextFlags 0 Cpsr 4 X0 8 X1 16 X28 232 Fp 0xF0 Lr 0xF8 Sp 0x100 Pc 0x108 V 0x110 Fpcr 0x310 Fpsr 0x314 Bcr 792 Bvr 824 Wcr 888 Wvr 896",
    "MDRawContextARM": "ContextFlags 0 R0 4 Sp 56 Lr 60 Pc 64 Cpsr 68 Fpscr 72 D 80 Extra 336",
    "MDRawContextARM64_Old": "ContextFlags 0 X0 8 Lr 248 Sp 256 Pc 264 Cpsr 272 Fpsr 276 Fpcr 280 V 284",
    "CONTEXT_EX": "All 0 Legacy 8 XState 16 XState.Length 20",
    "XSAVE_AREA_HEADER": "Mask 0 CompactionMask 8 Reserved2 16",
    "MinidumpCrashpadInfo": "version 0 report_id 4 client_id 20 simple_annotations 36 module_list 44 reserved 52 address_mask 56",
    "MinidumpModuleCrashpadInfo": "version 0 list_annotations 4 simple_annotations 12 annotation_objects 20",
    "MinidumpModuleCrashpadInfoLink": "minidump_module_list_index 0 location 4",
    "MinidumpAnnotation": "name 0 type 4 reserved 6 value 8",
    "MDRawBreakpadInfo": "validity 0 dump_thread_id 4 requesting_thread_id 8",
    "MDRawAssertionInfo": "expression 0 function 256 file 512 line 768 type 772",
    "MDRawDebug64": "version 0 map 4 dso_count 8 brk 16 ldbase 24 dynamic 32",
    "MDRawLinkMap64": "addr 0 name 8 ld 16",
    "MINIDUMP_MAC_BOOTARGS": "stream_type 0 bootargs 4",
    "TEB64": "NtTib.StackBase 8 NtTib.StackLimit 0x10 NtTib.Self 0x30 ClientId.UniqueProcess 0x40 ClientId.UniqueThread 0x48 ThreadLocalStoragePointer 0x58 "
    "ProcessEnvironmentBlock 0x60 LastErrorValue 0x68 CountOfOwnedCriticalSections 0x6C LastStatusValue 0x1250 DeallocationStack 0x1478 TlsSlots 0x1480 "
    "HardErrorMode 0x16B0 TlsExpansionSlots 0x1780 WowTebOffset 0x180C",
    "TEB32": "NtTib.StackBase 4 NtTib.StackLimit 8 NtTib.Self 0x18 ClientId.UniqueProcess 0x20 ClientId.UniqueThread 0x24 ThreadLocalStoragePointer 0x2C "
    "ProcessEnvironmentBlock 0x30 LastErrorValue 0x34 CountOfOwnedCriticalSections 0x38 LastStatusValue 0xBF4 DeallocationStack 0xE0C TlsSlots 0xE10 "
    "HardErrorMode 0xF28 TlsExpansionSlots 0xF94 WowTebOffset 0xFDC",
    "PEB64": "BeingDebugged 2 ImageBaseAddress 0x10 Ldr 0x18 ProcessParameters 0x20 ProcessHeap 0x30 NumberOfProcessors 0xB8 NtGlobalFlag 0xBC "
    "NumberOfHeaps 0xE8 ProcessHeaps 0xF0 LoaderLock 0x110 OSMajorVersion 0x118 OSBuildNumber 0x120 SessionId 0x2C0 CSDVersion 0x2E8",
    "PEB32": "BeingDebugged 2 ImageBaseAddress 8 Ldr 0xC ProcessParameters 0x10 ProcessHeap 0x18 NumberOfProcessors 0x64 NtGlobalFlag 0x68 "
    "NumberOfHeaps 0x88 ProcessHeaps 0x90 LoaderLock 0xA0 OSMajorVersion 0xA4 OSBuildNumber 0xAC SessionId 0x1D4 CSDVersion 0x1F0",
    "RTL_USER_PROCESS_PARAMETERS64": "Flags 8 StandardInput 0x20 StandardOutput 0x28 StandardError 0x30 CurrentDirectory.DosPath 0x38 DllPath 0x50 "
    "ImagePathName 0x60 CommandLine 0x70 Environment 0x80 WindowTitle 0xB0 DesktopInfo 0xC0 EnvironmentSize 0x3F0",
    "RTL_USER_PROCESS_PARAMETERS32": "Flags 8 StandardInput 0x18 StandardOutput 0x1C StandardError 0x20 CurrentDirectory.DosPath 0x24 DllPath 0x30 "
    "ImagePathName 0x38 CommandLine 0x40 Environment 0x48 WindowTitle 0x70 DesktopInfo 0x78 EnvironmentSize 0x290",
    "PEB_LDR_DATA64": "InLoadOrderModuleList 0x10 InMemoryOrderModuleList 0x20 InInitializationOrderModuleList 0x30",
    "PEB_LDR_DATA32": "InLoadOrderModuleList 0xC InMemoryOrderModuleList 0x14 InInitializationOrderModuleList 0x1C",
    "LDR_DATA_TABLE_ENTRY64": "DllBase 0x30 EntryPoint 0x38 SizeOfImage 0x40 FullDllName 0x48 BaseDllName 0x58 Flags 0x68 TimeDateStamp 0x80 LoadReason 0x10C",
    "LDR_DATA_TABLE_ENTRY32": "DllBase 0x18 EntryPoint 0x1C SizeOfImage 0x20 FullDllName 0x24 BaseDllName 0x2C Flags 0x34 TimeDateStamp 0x44 LoadReason 0x94",
    "RTL_CRITICAL_SECTION64": "LockCount 8 RecursionCount 12 OwningThread 16 LockSemaphore 24 SpinCount 32",
    "RTL_CRITICAL_SECTION32": "LockCount 4 RecursionCount 8 OwningThread 12 LockSemaphore 16 SpinCount 20",
    "KUSER_SHARED_DATA": "InterruptTime 8 SystemTime 0x14 TimeZoneBias 0x20 NtSystemRoot 0x30 NtBuildNumber 0x260 NtMajorVersion 0x26C NtMinorVersion 0x270 "
    "TickCount 0x320 XState.EnabledFeatures 0x3D8 XState.Features 0x3F0",
}


def _pairs(text: str) -> list[tuple[str, int]]:
    words = text.split()
    return [(words[index], int(words[index + 1], 0)) for index in range(0, len(words), 2)]


@each("name", sorted(OFFSETS))
def test_offsets(name: str) -> None:
    structure = get(name)
    wrong = [(path, structure.offset_of(path), offset) for path, offset in _pairs(OFFSETS[name]) if structure.offset_of(path) != offset]
    assert not wrong


def test_element_inside_an_array_of_structures() -> None:
    info = get("MINIDUMP_MISC_INFO_5")
    assert info.leaf("XStateData.Features[0].Offset").offset == 848
    assert info.leaf("XStateData.Features[2].Size").offset == 868
    assert info.leaf("XStateData.Features[63].Size").offset == 1356


def test_versions_of_misc_info_are_prefixes_of_the_last() -> None:
    from dumpscope.format.misc import MISC_INFO_GUARDS, MISC_INFO_SIZES

    assert sorted(MISC_INFO_SIZES) == [24, 44, 232, 832, 1364]
    last = get("MINIDUMP_MISC_INFO_5")
    for structure in MISC_INFO_SIZES.values():
        for field in structure.fields:
            assert last.offset_of(field.name) == field.offset
    assert set(MISC_INFO_GUARDS) == {field.name for field in last.fields} - {"SizeOfInfo", "Flags1", "XStateData"}


def test_object_information_is_chosen_by_type_and_size() -> None:
    from dumpscope.format.handles import OBJECT_INFORMATION

    assert {kind: sorted(sizes) for kind, sizes in OBJECT_INFORMATION.items()} == {
        1: [28, 48],
        2: [8],
        3: [8, 16],
        4: [24, 48],
        5: [32, 64],
        6: [8],
        7: [16, 24],
        8: [8],
    }
    for sizes in OBJECT_INFORMATION.values():
        for size, structure in sizes.items():
            assert structure.size == size

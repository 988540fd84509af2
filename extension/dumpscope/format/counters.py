"""Counters: the machine's memory and cache, and the process's use of memory."""

from __future__ import annotations

from typing import List

from .layout import (
    ADDRESS,
    COUNT,
    DURATION,
    HEX,
    MINIDUMPAPISET,
    SIZE,
    ULONG32,
    ULONG64,
    USHORT,
    Field,
    FlagSet,
    Structure,
)

SYSTEM_MEMORY_INFO_FLAGS = FlagSet(
    "MINIDUMP_SYSTEM_MEMORY_INFO.Flags",
    {
        0x01: ("MINIDUMP_SYSMEMINFO1_FILECACHE_TRANSITIONREPURPOSECOUNT_FLAGS", "FileCacheInfo.TransitionRePurposeCount and .Flags are valid"),
        0x02: ("MINIDUMP_SYSMEMINFO1_BASICPERF", "BasicPerfInfo is valid"),
        0x04: ("MINIDUMP_SYSMEMINFO1_PERF_CCTOTALDIRTYPAGES_CCDIRTYPAGETHRESHOLD", "PerfInfo.CcTotalDirtyPages and .CcDirtyPageThreshold are valid"),
        0x08: (
            "MINIDUMP_SYSMEMINFO1_PERF_RESIDENTAVAILABLEPAGES_SHAREDCOMMITPAGES",
            "PerfInfo.ResidentAvailablePages and .SharedCommittedPages are valid",
        ),
        0x10: (
            "MINIDUMP_SYSMEMINFO1_PERF_MDLPAGESALLOCATED_PFNDATABASECOMMITTEDPAGES",
            "PerfInfo.MdlPagesAllocated and .PfnDatabaseCommittedPages are valid",
        ),
        0x20: (
            "MINIDUMP_SYSMEMINFO1_PERF_SYSTEMPAGETABLECOMMITTEDPAGES_CONTIGUOUSPAGESALLOCATED",
            "PerfInfo.SystemPageTableCommittedPages and .ContiguousPagesAllocated are valid",
        ),
    },
    MINIDUMPAPISET,
)

PROCESS_VM_COUNTERS_FLAGS = FlagSet(
    "MINIDUMP_PROCESS_VM_COUNTERS.Flags",
    {
        0x01: ("MINIDUMP_PROCESS_VM_COUNTERS", "the basic counters are valid"),
        0x02: ("MINIDUMP_PROCESS_VM_COUNTERS_VIRTUALSIZE", "VirtualSize and PeakVirtualSize are valid"),
        0x04: ("MINIDUMP_PROCESS_VM_COUNTERS_EX", "PrivateUsage is valid"),
        0x08: ("MINIDUMP_PROCESS_VM_COUNTERS_EX2", "PrivateWorkingSetSize and SharedCommitUsage are valid"),
        0x10: ("MINIDUMP_PROCESS_VM_COUNTERS_JOB", "the members on the job are valid"),
    },
    MINIDUMPAPISET,
)

MINIDUMP_SYSTEM_BASIC_INFORMATION = Structure(
    "MINIDUMP_SYSTEM_BASIC_INFORMATION",
    [
        Field("TimerResolution", ULONG32, "time between two clock interrupts", DURATION, unit="100 ns"),
        Field("PageSize", ULONG32, "bytes of a page", SIZE, unit="bytes"),
        Field("NumberOfPhysicalPages", ULONG32, "memory of the machine", COUNT, unit="pages"),
        Field("LowestPhysicalPageNumber", ULONG32, "first page of physical memory", HEX),
        Field("HighestPhysicalPageNumber", ULONG32, "last page of physical memory", HEX),
        Field("AllocationGranularity", ULONG32, "allocations start at multiples of it", SIZE, unit="bytes"),
        Field("MinimumUserModeAddress", ULONG64, "lowest address of a program", ADDRESS),
        Field("MaximumUserModeAddress", ULONG64, "highest address of a program: tells 2, 3 or 4 GiB and 128 TiB apart", ADDRESS),
        Field("ActiveProcessorsAffinityMask", ULONG64, "active processors, one bit each", HEX),
        Field("NumberOfProcessors", ULONG32, "how many processors", COUNT),
    ],
    source=MINIDUMPAPISET,
    meaning="What does not change while the machine runs.",
)

MINIDUMP_SYSTEM_FILECACHE_INFORMATION = Structure(
    "MINIDUMP_SYSTEM_FILECACHE_INFORMATION",
    [
        Field("CurrentSize", ULONG64, "file cache in the system's working set", SIZE, unit="bytes"),
        Field("PeakSize", ULONG64, "its peak", SIZE, unit="bytes"),
        Field("PageFaultCount", ULONG32, "page faults in it", COUNT),
        Field("MinimumWorkingSet", ULONG64, "its lower limit", COUNT, unit="pages"),
        Field("MaximumWorkingSet", ULONG64, "its upper limit", COUNT, unit="pages"),
        Field("CurrentSizeIncludingTransitionInPages", ULONG64, "file cache with pages on the standby list", COUNT, unit="pages"),
        Field("PeakSizeIncludingTransitionInPages", ULONG64, "its peak", COUNT, unit="pages"),
        Field("TransitionRePurposeCount", ULONG32, "standby pages taken for something else", COUNT, when="Flags has 0x1"),
        Field("Flags", ULONG32, "which limits are hard", HEX, when="Flags has 0x1"),
    ],
    source=MINIDUMPAPISET,
    meaning="The file cache.",
)

MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION = Structure(
    "MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION",
    [
        Field("AvailablePages", ULONG64, "physical memory that is free or can be freed at once", COUNT, unit="pages"),
        Field("CommittedPages", ULONG64, "committed memory of the whole machine", COUNT, unit="pages"),
        Field("CommitLimit", ULONG64, "most that can be committed: memory and page files", COUNT, unit="pages"),
        Field("PeakCommitment", ULONG64, "most that was committed since the machine started", COUNT, unit="pages"),
    ],
    source=MINIDUMPAPISET,
    meaning="How full the machine's memory is. Committed near its limit means that allocations fail.",
)

_WIDE_BEFORE = (
    ("IdleProcessTime", "time that processors were idle, all together", "100 ns"),
    ("IoReadTransferCount", "read by all processes", "bytes"),
    ("IoWriteTransferCount", "written by all processes", "bytes"),
    ("IoOtherTransferCount", "moved by other operations", "bytes"),
)
_NARROW = (
    ("IoReadOperationCount", "reads", ""),
    ("IoWriteOperationCount", "writes", ""),
    ("IoOtherOperationCount", "other operations", ""),
    ("AvailablePages", "physical memory that is free or can be freed at once", "pages"),
    ("CommittedPages", "committed memory of the machine", "pages"),
    ("CommitLimit", "most that can be committed", "pages"),
    ("PeakCommitment", "most that was committed", "pages"),
    ("PageFaultCount", "page faults", ""),
    ("CopyOnWriteCount", "page faults that copied a shared page", ""),
    ("TransitionCount", "page faults served from standby or modified pages", ""),
    ("CacheTransitionCount", "such faults in the file cache", ""),
    ("DemandZeroCount", "page faults that needed a page of zeros", ""),
    ("PageReadCount", "pages read from disk", "pages"),
    ("PageReadIoCount", "reads from disk for them", ""),
    ("CacheReadCount", "pages read from disk into the file cache", "pages"),
    ("CacheIoCount", "reads from disk for them", ""),
    ("DirtyPagesWriteCount", "pages written to page files", "pages"),
    ("DirtyWriteIoCount", "writes for them", ""),
    ("MappedPagesWriteCount", "pages written to mapped files", "pages"),
    ("MappedWriteIoCount", "writes for them", ""),
    ("PagedPoolPages", "paged pool of the kernel", "pages"),
    ("NonPagedPoolPages", "nonpaged pool of the kernel", "pages"),
    ("PagedPoolAllocs", "allocations from the paged pool", ""),
    ("PagedPoolFrees", "and how many were freed", ""),
    ("NonPagedPoolAllocs", "allocations from the nonpaged pool", ""),
    ("NonPagedPoolFrees", "and how many were freed", ""),
    ("FreeSystemPtes", "free page table entries of the kernel", ""),
    ("ResidentSystemCodePage", "kernel code in memory", "pages"),
    ("TotalSystemDriverPages", "driver code", "pages"),
    ("TotalSystemCodePages", "kernel code", "pages"),
    ("NonPagedPoolLookasideHits", "allocations from the nonpaged pool's lookaside lists", ""),
    ("PagedPoolLookasideHits", "allocations from the paged pool's lookaside lists", ""),
    ("AvailablePagedPoolPages", "paged pool that is left", "pages"),
    ("ResidentSystemCachePage", "file cache in memory", "pages"),
    ("ResidentPagedPoolPage", "paged pool in memory", "pages"),
    ("ResidentSystemDriverPage", "driver code in memory", "pages"),
    ("CcFastReadNoWait", "cache: fast reads that were not to wait", ""),
    ("CcFastReadWait", "cache: fast reads that could wait", ""),
    ("CcFastReadResourceMiss", "cache: fast reads that found the file locked", ""),
    ("CcFastReadNotPossible", "cache: fast reads that were not possible", ""),
    ("CcFastMdlReadNoWait", "cache: fast MDL reads that were not to wait", ""),
    ("CcFastMdlReadWait", "cache: fast MDL reads that could wait", ""),
    ("CcFastMdlReadResourceMiss", "cache: fast MDL reads that found the file locked", ""),
    ("CcFastMdlReadNotPossible", "cache: fast MDL reads that were not possible", ""),
    ("CcMapDataNoWait", "cache: mappings that were not to wait", ""),
    ("CcMapDataWait", "cache: mappings that could wait", ""),
    ("CcMapDataNoWaitMiss", "cache: mappings that were not to wait and missed", ""),
    ("CcMapDataWaitMiss", "cache: mappings that could wait and missed", ""),
    ("CcPinMappedDataCount", "cache: mapped data that was pinned", ""),
    ("CcPinReadNoWait", "cache: pinned reads that were not to wait", ""),
    ("CcPinReadWait", "cache: pinned reads that could wait", ""),
    ("CcPinReadNoWaitMiss", "cache: pinned reads that were not to wait and missed", ""),
    ("CcPinReadWaitMiss", "cache: pinned reads that could wait and missed", ""),
    ("CcCopyReadNoWait", "cache: copying reads that were not to wait", ""),
    ("CcCopyReadWait", "cache: copying reads that could wait", ""),
    ("CcCopyReadNoWaitMiss", "cache: copying reads that were not to wait and missed", ""),
    ("CcCopyReadWaitMiss", "cache: copying reads that could wait and missed", ""),
    ("CcMdlReadNoWait", "cache: MDL reads that were not to wait", ""),
    ("CcMdlReadWait", "cache: MDL reads that could wait", ""),
    ("CcMdlReadNoWaitMiss", "cache: MDL reads that were not to wait and missed", ""),
    ("CcMdlReadWaitMiss", "cache: MDL reads that could wait and missed", ""),
    ("CcReadAheadIos", "cache: reads ahead", ""),
    ("CcLazyWriteIos", "cache: lazy writes", ""),
    ("CcLazyWritePages", "cache: pages of lazy writes", "pages"),
    ("CcDataFlushes", "cache: flushes", ""),
    ("CcDataPages", "cache: pages flushed", "pages"),
    ("ContextSwitches", "switches from one thread to another", ""),
    ("FirstLevelTbFills", "first-level translation buffer fills", ""),
    ("SecondLevelTbFills", "second-level translation buffer fills", ""),
    ("SystemCalls", "system calls", ""),
)
_WIDE_AFTER = (
    ("CcTotalDirtyPages", "cache: pages that wait to be written", "pages", "Flags has 0x4"),
    ("CcDirtyPageThreshold", "cache: how many may wait before writers are held up", "pages", "Flags has 0x4"),
    ("ResidentAvailablePages", "physical memory that could be locked", "pages", "Flags has 0x8"),
    ("SharedCommittedPages", "committed memory that processes share", "pages", "Flags has 0x8"),
)
_WIDE_NEWEST = (
    ("MdlPagesAllocated", "pages that drivers allocated for MDLs", "pages", "Flags has 0x10"),
    ("PfnDatabaseCommittedPages", "pages of the kernel's page database", "pages", "Flags has 0x10"),
    ("SystemPageTableCommittedPages", "page tables of the kernel", "pages", "Flags has 0x20"),
    ("ContiguousPagesAllocated", "contiguous pages that drivers allocated", "pages", "Flags has 0x20"),
)


def _performance_fields(newest: bool) -> List[Field]:
    kinds = {"100 ns": DURATION, "bytes": SIZE}
    fields = [Field(name, ULONG64, meaning, kinds[unit], unit=unit) for name, meaning, unit in _WIDE_BEFORE]
    fields += [Field(name, ULONG32, meaning, COUNT, unit=unit) for name, meaning, unit in _NARROW]
    for name, meaning, unit, when in _WIDE_AFTER + (_WIDE_NEWEST if newest else ()):
        fields.append(Field(name, ULONG64, meaning, COUNT, unit=unit, when=when))
    return fields


MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION = Structure(
    "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION",
    _performance_fields(False),
    source=MINIDUMPAPISET,
    meaning="Counters of the whole machine since it started; the narrow ones wrap.",
)

MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION_2 = Structure(
    "MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION_2",
    _performance_fields(True),
    source=MINIDUMPAPISET,
    meaning="The same with four more counters (Windows 11 24H2).",
)


def _memory_info(name: str, performance: Structure, meaning: str) -> Structure:
    return Structure(
        name,
        [
            Field("Revision", USHORT, "1 in both versions; the stream's size tells them apart"),
            Field("Flags", USHORT, "which members are valid", values=SYSTEM_MEMORY_INFO_FLAGS),
            Field("BasicInfo", MINIDUMP_SYSTEM_BASIC_INFORMATION, "what does not change"),
            Field("FileCacheInfo", MINIDUMP_SYSTEM_FILECACHE_INFORMATION, "the file cache"),
            Field("BasicPerfInfo", MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION, "how full the memory is", when="Flags has 0x2"),
            Field("PerfInfo", performance, "counters since the machine started"),
        ],
        source=MINIDUMPAPISET,
        meaning=meaning,
    )


MINIDUMP_SYSTEM_MEMORY_INFO_1 = _memory_info("MINIDUMP_SYSTEM_MEMORY_INFO_1", MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION, "SystemMemoryInfoStream, first version.")
MINIDUMP_SYSTEM_MEMORY_INFO_2 = _memory_info(
    "MINIDUMP_SYSTEM_MEMORY_INFO_2", MINIDUMP_SYSTEM_PERFORMANCE_INFORMATION_2, "SystemMemoryInfoStream, second version (Windows 11 24H2)."
)


def _basic_counters() -> List[Field]:
    return [
        Field("PageFaultCount", ULONG32, "page faults of the process", COUNT),
        Field("PeakWorkingSetSize", ULONG64, "peak of the physical memory in use", SIZE, unit="bytes"),
        Field("WorkingSetSize", ULONG64, "physical memory in use", SIZE, unit="bytes"),
        Field("QuotaPeakPagedPoolUsage", ULONG64, "peak of the paged pool charged to the process", SIZE, unit="bytes"),
        Field("QuotaPagedPoolUsage", ULONG64, "paged pool charged to the process", SIZE, unit="bytes"),
        Field("QuotaPeakNonPagedPoolUsage", ULONG64, "peak of the nonpaged pool charged to the process", SIZE, unit="bytes"),
        Field("QuotaNonPagedPoolUsage", ULONG64, "nonpaged pool charged to the process", SIZE, unit="bytes"),
        Field("PagefileUsage", ULONG64, "committed memory of the process", SIZE, unit="bytes"),
        Field("PeakPagefileUsage", ULONG64, "its peak", SIZE, unit="bytes"),
    ]


MINIDUMP_PROCESS_VM_COUNTERS_1 = Structure(
    "MINIDUMP_PROCESS_VM_COUNTERS_1",
    [
        Field("Revision", USHORT, "1"),
        *_basic_counters(),
        Field("PrivateUsage", ULONG64, "private committed memory", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="ProcessVmCountersStream, first version. Two bytes of padding follow Revision.",
)

MINIDUMP_PROCESS_VM_COUNTERS_2 = Structure(
    "MINIDUMP_PROCESS_VM_COUNTERS_2",
    [
        Field("Revision", USHORT, "2"),
        Field("Flags", USHORT, "which members are valid", values=PROCESS_VM_COUNTERS_FLAGS),
        *_basic_counters(),
        Field("PeakVirtualSize", ULONG64, "peak of the address space in use", SIZE, unit="bytes", when="Flags has 0x2"),
        Field("VirtualSize", ULONG64, "address space in use", SIZE, unit="bytes", when="Flags has 0x2"),
        Field("PrivateUsage", ULONG64, "private committed memory", SIZE, unit="bytes", when="Flags has 0x4"),
        Field("PrivateWorkingSetSize", ULONG64, "private physical memory", SIZE, unit="bytes", when="Flags has 0x8"),
        Field("SharedCommitUsage", ULONG64, "committed memory shared with other processes", SIZE, unit="bytes", when="Flags has 0x8"),
        Field("JobSharedCommitUsage", ULONG64, "shared committed memory of the job", SIZE, unit="bytes", when="Flags has 0x10"),
        Field("JobPrivateCommitUsage", ULONG64, "private committed memory of the job", SIZE, unit="bytes", when="Flags has 0x10"),
        Field("JobPeakPrivateCommitUsage", ULONG64, "its peak", SIZE, unit="bytes", when="Flags has 0x10"),
        Field("JobPrivateCommitLimit", ULONG64, "the job's limit of private committed memory, 0 for none", SIZE, unit="bytes", when="Flags has 0x10"),
        Field("JobTotalCommitLimit", ULONG64, "the job's limit of all committed memory, 0 for none", SIZE, unit="bytes", when="Flags has 0x10"),
    ],
    source=MINIDUMPAPISET,
    meaning="ProcessVmCountersStream, second version.",
)

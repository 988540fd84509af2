"""Handles: the handle table, what is known of the objects, and Application Verifier's record of handle operations."""

from __future__ import annotations

from typing import Dict, List

from .layout import (
    ADDRESS,
    COUNT,
    DECIMAL,
    HEX,
    LONG32,
    LONG64,
    MINIDUMPAPISET,
    PROCESS_ID,
    RVA,
    SIZE,
    THREAD_ID,
    UCHAR,
    ULONG32,
    ULONG64,
    Enumeration,
    Field,
    FlagSet,
    Scalar,
    Structure,
)

_NATIVE = "native information classes (winternl.h, ntexapi.h of the phnt headers); sizes observed: dbgeng 10.0.15063"
_AVRF = "avrfsdk.h (Windows SDK 10.0.26100)"

OBJECT_ATTRIBUTES = FlagSet(
    "OBJ_ATTRIBUTES",
    {
        0x001: ("OBJ_PROTECT_CLOSE", "CloseHandle is refused"),
        0x002: ("OBJ_INHERIT", "child processes inherit the handle"),
        0x004: ("OBJ_AUDIT_OBJECT_CLOSE", "closing it is audited"),
        0x010: ("OBJ_PERMANENT", "the object stays when its last handle is closed"),
        0x020: ("OBJ_EXCLUSIVE", "one handle only"),
        0x040: ("OBJ_CASE_INSENSITIVE", "the name was looked up without regard to case"),
        0x080: ("OBJ_OPENIF", "opened if it existed"),
        0x100: ("OBJ_OPENLINK", "the link itself was opened"),
        0x200: ("OBJ_KERNEL_HANDLE", "a handle of the kernel"),
        0x400: ("OBJ_FORCE_ACCESS_CHECK", "access was checked even for the kernel"),
        0x800: ("OBJ_IGNORE_IMPERSONATED_DEVICEMAP", "the impersonated user's drive letters were ignored"),
        0x1000: ("OBJ_DONT_REPARSE", "reparse points were not followed"),
    },
    "ntdef.h (Windows SDK 10.0.26100)",
)

MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE = Enumeration(
    "MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE",
    {
        0: ("MiniHandleObjectInformationNone", "nothing"),
        1: ("MiniThreadInformation1", "thread: exit status, TEB, ids, affinity, priorities"),
        2: ("MiniMutantInformation1", "mutant: count, abandoned or not"),
        3: ("MiniMutantInformation2", "mutant: the thread that owns it"),
        4: ("MiniProcessInformation1", "process: exit status, PEB, ids, affinity, priority"),
        5: ("MiniProcessInformation2", "process: the same and what kind of process it is"),
        6: ("MiniEventInformation1", "event: kind of reset, state"),
        7: ("MiniSectionInformation1", "section: base, attributes, size"),
        8: ("MiniSemaphoreInformation1", "semaphore: count and maximum"),
    },
    MINIDUMPAPISET,
)

EVENT_TYPE = Enumeration(
    "EVENT_TYPE",
    {0: ("NotificationEvent", "manual reset"), 1: ("SynchronizationEvent", "auto reset")},
    _NATIVE,
)

EVENT_STATE = Enumeration("EVENT_STATE", {0: ("Waiting", "not signalled"), 1: ("Set", "signalled")}, _NATIVE)

SECTION_ATTRIBUTES = FlagSet(
    "SEC_ATTRIBUTES",
    {
        0x00200000: ("SEC_BASED", "mapped at the same address everywhere"),
        0x00800000: ("SEC_FILE", "backed by a file"),
        0x01000000: ("SEC_IMAGE", "mapped as an image"),
        0x02000000: ("SEC_PROTECTED_IMAGE", "mapped as a protected image"),
        0x04000000: ("SEC_RESERVE", "pages are reserved"),
        0x08000000: ("SEC_COMMIT", "pages are committed"),
        0x10000000: ("SEC_NOCACHE", "pages are not cached"),
        0x20000000: ("SEC_GLOBAL", "global"),
        0x40000000: ("SEC_WRITECOMBINE", "writes are combined"),
        0x80000000: ("SEC_LARGE_PAGES", "large pages"),
    },
    "winnt.h (Windows SDK 10.0.26100)",
)

PROCESS_EXTENDED_FLAGS = FlagSet(
    "PROCESS_EXTENDED_BASIC_INFORMATION.Flags",
    {
        0x001: ("IsProtectedProcess", "a protected process"),
        0x002: ("IsWow64Process", "a 32-bit process on 64-bit Windows"),
        0x004: ("IsProcessDeleting", "it is ending"),
        0x008: ("IsCrossSessionCreate", "made from another session"),
        0x010: ("IsFrozen", "frozen"),
        0x020: ("IsBackground", "in the background"),
        0x040: ("IsStronglyNamed", "has a package identity"),
        0x080: ("IsSecureProcess", "runs in the secure kernel"),
        0x100: ("IsSubsystemProcess", "a Linux subsystem process"),
    },
    _NATIVE,
)

AVRF_HANDLE_OPERATION_TYPE = Enumeration(
    "eHANDLE_TRACE_OPERATIONS",
    {
        0: ("OperationDbUnused", "unused entry"),
        1: ("OperationDbOPEN", "opened"),
        2: ("OperationDbCLOSE", "closed"),
        3: ("OperationDbBADREF", "an invalid handle was used"),
    },
    _AVRF,
)

MINIDUMP_HANDLE_DATA_STREAM = Structure(
    "MINIDUMP_HANDLE_DATA_STREAM",
    [
        Field("SizeOfHeader", ULONG32, "bytes before the first descriptor", SIZE, unit="bytes"),
        Field("SizeOfDescriptor", ULONG32, "bytes from one descriptor to the next: 32 without object information, 40 with it", SIZE, unit="bytes"),
        Field("NumberOfDescriptors", ULONG32, "how many descriptors follow", COUNT, target="MINIDUMP_HANDLE_DESCRIPTOR_2[]"),
        Field("Reserved", ULONG32, "reserved, 0", HEX),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of HandleDataStream.",
)


def _descriptor_fields() -> List[Field]:
    return [
        Field("Handle", ULONG64, "the handle's value in the process", HEX),
        Field("TypeNameRva", RVA, "the object's type; 0: the writer could not ask about this handle", target="MINIDUMP_STRING"),
        Field("ObjectNameRva", RVA, "the object's name; 0: it has none, or the writer did not ask (files)", target="MINIDUMP_STRING"),
        Field("Attributes", ULONG32, "attributes of the handle", values=OBJECT_ATTRIBUTES),
        Field("GrantedAccess", ULONG32, "what may be done through it; the bits depend on the type", HEX),
        Field("HandleCount", ULONG32, "open handles to the object, the writer's own copy included", COUNT),
        Field("PointerCount", ULONG32, "references to the object; since Windows 8.1 about 32768 more for each handle", COUNT),
    ]


MINIDUMP_HANDLE_DESCRIPTOR = Structure(
    "MINIDUMP_HANDLE_DESCRIPTOR", _descriptor_fields(), source=MINIDUMPAPISET, meaning="One handle, as old and as some other writers describe it."
)

MINIDUMP_HANDLE_DESCRIPTOR_2 = Structure(
    "MINIDUMP_HANDLE_DESCRIPTOR_2",
    [
        *_descriptor_fields(),
        Field("ObjectInfoRva", RVA, "what is known of the object itself, 0 for nothing", target="MINIDUMP_HANDLE_OBJECT_INFORMATION"),
        Field("Reserved0", ULONG32, "reserved, 0", HEX),
    ],
    source=MINIDUMPAPISET,
    meaning="One handle.",
)

MINIDUMP_HANDLE_OBJECT_INFORMATION = Structure(
    "MINIDUMP_HANDLE_OBJECT_INFORMATION",
    [
        Field("NextInfoRva", RVA, "the next block of the chain, 0 at its end", target="MINIDUMP_HANDLE_OBJECT_INFORMATION"),
        Field("InfoType", ULONG32, "what the bytes after this block are", values=MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE),
        Field("SizeOfInfo", ULONG32, "how many bytes there are; with InfoType it tells the layout", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="One block of object information; its payload follows it.",
)


def _thread_basic(name: str, word: Scalar, client_id: Structure) -> Structure:
    return Structure(
        name,
        [
            Field("ExitStatus", ULONG32, "exit status; 0x103 while it runs", HEX),
            Field("TebBaseAddress", word, "address of the thread environment block", ADDRESS),
            Field("ClientId", client_id, "ids of its process and of itself"),
            Field("AffinityMask", word, "processors that it may run on", HEX),
            Field("Priority", LONG32, "priority now", DECIMAL),
            Field("BasePriority", LONG32, "priority relative to the process's", DECIMAL),
        ],
        source=_NATIVE,
        meaning="Object information of a thread.",
        pack=8,
    )


def _client_id(name: str, word: Scalar) -> Structure:
    return Structure(
        name,
        [
            Field("UniqueProcess", word, "id of the process; 0 for a mutant that nobody owns", PROCESS_ID),
            Field("UniqueThread", word, "id of the thread", THREAD_ID),
        ],
        source=_NATIVE,
        meaning="A thread and its process: the owner of a mutant.",
        pack=8,
    )


def _process_basic(name: str, word: Scalar) -> Structure:
    return Structure(
        name,
        [
            Field("ExitStatus", ULONG32, "exit status; 0x103 while it runs", HEX),
            Field("PebBaseAddress", word, "address of the process environment block", ADDRESS),
            Field("AffinityMask", word, "processors that it may run on", HEX),
            Field("BasePriority", LONG32, "base priority", DECIMAL),
            Field("UniqueProcessId", word, "its id", PROCESS_ID),
            Field("InheritedFromUniqueProcessId", word, "id of the process that made it", PROCESS_ID),
        ],
        source=_NATIVE,
        meaning="Object information of a process.",
        pack=8,
    )


def _process_extended(name: str, word: Scalar, basic: Structure) -> Structure:
    return Structure(
        name,
        [
            Field("Size", word, "size of this structure", SIZE, unit="bytes"),
            Field("BasicInfo", basic, "what every process has"),
            Field("Flags", ULONG32, "what kind of process it is", values=PROCESS_EXTENDED_FLAGS),
        ],
        source=_NATIVE,
        meaning="Object information of a process, extended. Not yet seen in a dump.",
        pack=8,
    )


def _section_basic(name: str, word: Scalar) -> Structure:
    return Structure(
        name,
        [
            Field("BaseAddress", word, "where a based section is mapped, otherwise 0", ADDRESS),
            Field("AllocationAttributes", ULONG32, "what kind of section it is", values=SECTION_ATTRIBUTES),
            Field("MaximumSize", LONG64, "its size", SIZE, unit="bytes"),
        ],
        source=_NATIVE,
        meaning="Object information of a section.",
        pack=8,
    )


CLIENT_ID64 = _client_id("CLIENT_ID64", ULONG64)
CLIENT_ID32 = _client_id("CLIENT_ID32", ULONG32)
THREAD_BASIC_INFORMATION64 = _thread_basic("THREAD_BASIC_INFORMATION64", ULONG64, CLIENT_ID64)
THREAD_BASIC_INFORMATION32 = _thread_basic("THREAD_BASIC_INFORMATION32", ULONG32, CLIENT_ID32)
PROCESS_BASIC_INFORMATION64 = _process_basic("PROCESS_BASIC_INFORMATION64", ULONG64)
PROCESS_BASIC_INFORMATION32 = _process_basic("PROCESS_BASIC_INFORMATION32", ULONG32)
PROCESS_EXTENDED_BASIC_INFORMATION64 = _process_extended("PROCESS_EXTENDED_BASIC_INFORMATION64", ULONG64, PROCESS_BASIC_INFORMATION64)
PROCESS_EXTENDED_BASIC_INFORMATION32 = _process_extended("PROCESS_EXTENDED_BASIC_INFORMATION32", ULONG32, PROCESS_BASIC_INFORMATION32)
SECTION_BASIC_INFORMATION64 = _section_basic("SECTION_BASIC_INFORMATION64", ULONG64)
SECTION_BASIC_INFORMATION32 = _section_basic("SECTION_BASIC_INFORMATION32", ULONG32)

MUTANT_BASIC_INFORMATION = Structure(
    "MUTANT_BASIC_INFORMATION",
    [
        Field("CurrentCount", LONG32, "1: free; 0 or less: owned, once for each further acquisition", DECIMAL),
        Field("OwnedByCaller", UCHAR, "whether the writer of the dump owned it: of no use in a dump"),
        Field("AbandonedState", UCHAR, "not 0: the owning thread ended without releasing it"),
    ],
    source=_NATIVE,
    meaning="Object information of a mutant (mutex). The last two bytes hold leftovers.",
)

EVENT_BASIC_INFORMATION = Structure(
    "EVENT_BASIC_INFORMATION",
    [
        Field("EventType", ULONG32, "how it is reset", values=EVENT_TYPE),
        Field("EventState", LONG32, "whether it is signalled", values=EVENT_STATE),
    ],
    source=_NATIVE,
    meaning="Object information of an event.",
)

SEMAPHORE_BASIC_INFORMATION = Structure(
    "SEMAPHORE_BASIC_INFORMATION",
    [
        Field("CurrentCount", LONG32, "how many more waits succeed", DECIMAL),
        Field("MaximumCount", LONG32, "its limit", DECIMAL),
    ],
    source=_NATIVE,
    meaning="Object information of a semaphore.",
)

OBJECT_INFORMATION: Dict[int, Dict[int, Structure]] = {
    1: {48: THREAD_BASIC_INFORMATION64, 28: THREAD_BASIC_INFORMATION32},
    2: {8: MUTANT_BASIC_INFORMATION},
    3: {16: CLIENT_ID64, 8: CLIENT_ID32},
    4: {48: PROCESS_BASIC_INFORMATION64, 24: PROCESS_BASIC_INFORMATION32},
    5: {64: PROCESS_EXTENDED_BASIC_INFORMATION64, 32: PROCESS_EXTENDED_BASIC_INFORMATION32},
    6: {8: EVENT_BASIC_INFORMATION},
    7: {24: SECTION_BASIC_INFORMATION64, 16: SECTION_BASIC_INFORMATION32},
    8: {8: SEMAPHORE_BASIC_INFORMATION},
}
"""The payload's layout by InfoType and SizeOfInfo."""

MINIDUMP_HANDLE_OPERATION_LIST = Structure(
    "MINIDUMP_HANDLE_OPERATION_LIST",
    [
        Field("SizeOfHeader", ULONG32, "bytes before the first entry", SIZE, unit="bytes"),
        Field("SizeOfEntry", ULONG32, "bytes from one entry to the next", SIZE, unit="bytes"),
        Field("NumberOfEntries", ULONG32, "how many entries follow", COUNT, target="AVRF_HANDLE_OPERATION[]"),
        Field("Reserved", ULONG32, "reserved, 0", HEX),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of HandleOperationListStream.",
)

AVRF_BACKTRACE_INFORMATION = Structure(
    "AVRF_BACKTRACE_INFORMATION",
    [
        Field("Depth", ULONG32, "how many return addresses are valid", COUNT),
        Field("Index", ULONG32, "number of the stack trace in the verifier's store", DECIMAL),
        Field("ReturnAddresses", ULONG64, "the calls, innermost first", ADDRESS, count=32, when="below Depth"),
    ],
    source=_AVRF,
    meaning="Who called.",
    pack=8,
)

AVRF_HANDLE_OPERATION = Structure(
    "AVRF_HANDLE_OPERATION",
    [
        Field("Handle", ULONG64, "the handle's value", HEX),
        Field("ProcessId", ULONG32, "process that did it", PROCESS_ID),
        Field("ThreadId", ULONG32, "thread that did it", THREAD_ID),
        Field("OperationType", ULONG32, "what was done", values=AVRF_HANDLE_OPERATION_TYPE),
        Field("Spare0", ULONG32, "spare", HEX),
        Field("BackTraceInformation", AVRF_BACKTRACE_INFORMATION, "the call stack"),
    ],
    source=_AVRF,
    meaning="One operation on a handle.",
    pack=8,
)

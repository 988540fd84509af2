"""Structures in the process's own memory: TEB, PEB, process parameters, the loader's lists, and the page shared with the kernel.

Only the members that a reader of dumps has use for are declared, each at its published offset; the structures are longer than
what is declared here. There are two forms of each: of 64-bit and of 32-bit processes.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Union

from .handles import CLIENT_ID32, CLIENT_ID64
from .layout import (
    ADDRESS,
    COUNT,
    DECIMAL,
    FILETIME,
    HEX,
    LONG32,
    LONG64,
    SIZE,
    TEXT,
    THREAD_ID,
    TIME_T,
    UCHAR,
    ULONG32,
    ULONG64,
    USHORT,
    WCHAR,
    Enumeration,
    Field,
    FlagSet,
    Scalar,
    Structure,
)
from .misc import XSTATE_FEATURE

_PUBLIC = "winternl.h, and the public symbols of ntdll; offsets as of Windows 7 to 11"
_SHARED = "ntddk.h (WDK 10.0.26100)"

TLS_SLOTS = 64
"""TlsSlots of a TEB; the slots above lie where TlsExpansionSlots points."""

WOW64_TEB32_AFTER_TEB64 = 0x2000
"""Where the 32-bit TEB lies from the 64-bit one when WowTebOffset does not say (Windows 7 and older)."""

KUSER_SHARED_DATA_ADDRESS = 0x7FFE0000
"""Where every process sees the page that it shares with the kernel."""

NT_GLOBAL_FLAG = FlagSet(
    "NtGlobalFlag",
    {
        0x00000001: ("FLG_STOP_ON_EXCEPTION", "soe: stop on exceptions"),
        0x00000002: ("FLG_SHOW_LDR_SNAPS", "sls: show what the loader does"),
        0x00000004: ("FLG_DEBUG_INITIAL_COMMAND", "dic: debug the first process"),
        0x00000008: ("FLG_STOP_ON_HUNG_GUI", "shg: stop when a window hangs"),
        0x00000010: ("FLG_HEAP_ENABLE_TAIL_CHECK", "htc: check after heap blocks"),
        0x00000020: ("FLG_HEAP_ENABLE_FREE_CHECK", "hfc: check free heap blocks"),
        0x00000040: ("FLG_HEAP_VALIDATE_PARAMETERS", "hpc: check parameters of heap calls"),
        0x00000080: ("FLG_HEAP_VALIDATE_ALL", "hvc: check the whole heap on each call"),
        0x00000100: ("FLG_APPLICATION_VERIFIER", "vrf: Application Verifier"),
        0x00000200: ("FLG_MONITOR_SILENT_PROCESS_EXIT", "watch for a silent exit"),
        0x00000400: ("FLG_POOL_ENABLE_TAGGING", "ptg: tags in the kernel's pools"),
        0x00000800: ("FLG_HEAP_ENABLE_TAGGING", "htg: tags in heaps"),
        0x00001000: ("FLG_USER_STACK_TRACE_DB", "ust: keep the stacks of allocations"),
        0x00002000: ("FLG_KERNEL_STACK_TRACE_DB", "kst: keep the kernel's stacks"),
        0x00004000: ("FLG_MAINTAIN_OBJECT_TYPELIST", "otl: keep lists of objects by type"),
        0x00008000: ("FLG_HEAP_ENABLE_TAG_BY_DLL", "htd: tags in heaps by DLL"),
        0x00010000: ("FLG_DISABLE_STACK_EXTENSION", "dse: stacks do not grow"),
        0x00020000: ("FLG_ENABLE_CSRDEBUG", "d32: debug csrss"),
        0x00040000: ("FLG_ENABLE_KDEBUG_SYMBOL_LOAD", "ksl: load symbols in the kernel debugger"),
        0x00080000: ("FLG_DISABLE_PAGE_KERNEL_STACKS", "dps: kernel stacks stay in memory"),
        0x00100000: ("FLG_ENABLE_SYSTEM_CRIT_BREAKS", "scb: break on critical system events"),
        0x00200000: ("FLG_HEAP_DISABLE_COALESCING", "dhc: free heap blocks are not joined"),
        0x00400000: ("FLG_ENABLE_CLOSE_EXCEPTIONS", "ece: closing a bad handle raises an exception"),
        0x00800000: ("FLG_ENABLE_EXCEPTION_LOGGING", "eel: log exceptions"),
        0x01000000: ("FLG_ENABLE_HANDLE_TYPE_TAGGING", "eot: tags by type of handle"),
        0x02000000: ("FLG_HEAP_PAGE_ALLOCS", "hpa: page heap"),
        0x04000000: ("FLG_DEBUG_INITIAL_COMMAND_EX", "dwl: debug winlogon"),
        0x08000000: ("FLG_DISABLE_DBGPRINT", "ddp: no debug output"),
        0x10000000: ("FLG_CRITSEC_EVENT_CREATION", "cse: make events of critical sections at once"),
        0x20000000: ("FLG_STOP_ON_UNHANDLED_EXCEPTION", "sue: stop on unhandled exceptions"),
        0x40000000: ("FLG_ENABLE_HANDLE_EXCEPTIONS", "bhd: using a bad handle raises an exception"),
        0x80000000: ("FLG_DISABLE_PROTDLLS", "dpd: DLLs are not protected"),
    },
    "gflags in the Debugging Tools documentation",
)

PEB_BIT_FIELD = FlagSet(
    "PEB.BitField",
    {
        0x01: ("ImageUsesLargePages", "the program's image is in large pages"),
        0x02: ("IsProtectedProcess", "a protected process"),
        0x04: ("IsImageDynamicallyRelocated", "the program's image was moved"),
        0x08: ("SkipPatchingUser32Forwarders", "forwarders to user32 are not patched"),
        0x10: ("IsPackagedProcess", "has a package"),
        0x20: ("IsAppContainer", "runs in an AppContainer"),
        0x40: ("IsProtectedProcessLight", "a light protected process"),
        0x80: ("IsLongPathAwareProcess", "knows long paths"),
    },
    _PUBLIC,
)

PROCESS_PARAMETER_FLAGS = FlagSet(
    "RTL_USER_PROCESS_PARAMETERS.Flags",
    {
        0x00000001: ("RTL_USER_PROC_PARAMS_NORMALIZED", "strings have addresses; without it, offsets from this structure"),
        0x00000002: ("RTL_USER_PROC_PROFILE_USER", "profile user mode"),
        0x00000004: ("RTL_USER_PROC_PROFILE_KERNEL", "profile kernel mode"),
        0x00001000: ("RTL_USER_PROC_DLL_REDIRECTION_LOCAL", "DLLs are looked up beside the program"),
        0x00002000: ("RTL_USER_PROC_APP_MANIFEST_PRESENT", "the program has a manifest"),
        0x00004000: ("RTL_USER_PROC_IMAGE_KEY_MISSING", "no settings of the image in the registry"),
        0x00020000: ("RTL_USER_PROC_OPTIN_PROCESS", "opted in"),
        0x00040000: ("RTL_USER_PROC_SESSION_OWNER", "owns the session"),
        0x80000000: ("RTL_USER_PROC_SECURE_PROCESS", "a secure process"),
    },
    "phnt headers, ntrtl.h",
)

LDR_FLAGS = FlagSet(
    "LDR_DATA_TABLE_ENTRY.Flags",
    {
        0x00000001: ("LDRP_PACKAGED_BINARY", "from a package"),
        0x00000004: ("LDRP_IMAGE_DLL", "a DLL"),
        0x00000008: ("LDRP_LOAD_NOTIFICATIONS_SENT", "others were told of it"),
        0x00001000: ("LDRP_LOAD_IN_PROGRESS", "is being loaded"),
        0x00004000: ("LDRP_ENTRY_PROCESSED", "its imports are resolved"),
        0x00040000: ("LDRP_DONT_CALL_FOR_THREADS", "is not told of threads"),
        0x00080000: ("LDRP_PROCESS_ATTACH_CALLED", "was initialised"),
        0x00100000: ("LDRP_PROCESS_ATTACH_FAILED", "its initialisation failed"),
        0x00400000: ("LDRP_COR_IMAGE", "a .NET image"),
        0x01000000: ("LDRP_COR_IL_ONLY", "a .NET image without native code"),
        0x10000000: ("LDRP_REDIRECTED", "taken from another place"),
    },
    "phnt headers, ntldr.h",
)

LDR_LOAD_REASON = Enumeration(
    "LDR_DLL_LOAD_REASON",
    {
        0: ("LoadReasonStaticDependency", "imported"),
        1: ("LoadReasonStaticForwarderDependency", "forwarded to, by an import"),
        2: ("LoadReasonDynamicForwarderDependency", "forwarded to, at run time"),
        3: ("LoadReasonDelayloadDependency", "imported, loaded when first used"),
        4: ("LoadReasonDynamicLoad", "LoadLibrary"),
        5: ("LoadReasonAsImageLoad", "mapped as an image"),
        6: ("LoadReasonAsDataLoad", "mapped as data"),
        7: ("LoadReasonEnclavePrimary", "an enclave"),
        8: ("LoadReasonEnclaveDependency", "imported by an enclave"),
        0xFFFFFFFF: ("LoadReasonUnknown", "not known"),
    },
    "phnt headers, ntldr.h",
)

_Type = Union[Scalar, Structure]


class _Pair:
    """Builds the 64-bit and the 32-bit form of a structure from one list of members."""

    def __init__(self, wide: bool) -> None:
        self.wide = wide
        self.word = ULONG64 if wide else ULONG32
        self.suffix = "64" if wide else "32"
        self.client_id = CLIENT_ID64 if wide else CLIENT_ID32
        self.unicode_string = _unicode_string(self)
        self.list_entry = _list_entry(self)
        self.nt_tib = _nt_tib(self)
        self.curdir = _curdir(self)

    def field(
        self,
        name: str,
        type: _Type,
        wide_at: int,
        narrow_at: int,
        meaning: str,
        kind: str = "",
        *,
        values: Optional[Union[Enumeration, FlagSet]] = None,
        count: Optional[int] = None,
        target: str = "",
        unit: str = "",
        when: str = "",
    ) -> Field:
        at = wide_at if self.wide else narrow_at
        return Field(name, type, meaning, kind, values=values, count=count, target=target, unit=unit, when=when, at=at)

    def structure(self, name: str, fields: List[Field], meaning: str, source: str = _PUBLIC) -> Structure:
        return Structure(name + self.suffix, fields, source=source, meaning=meaning, pack=8)


def _unicode_string(pair: _Pair) -> Structure:
    return pair.structure(
        "UNICODE_STRING",
        [
            pair.field("Length", USHORT, 0, 0, "length of the text", SIZE, unit="bytes"),
            pair.field("MaximumLength", USHORT, 2, 2, "room for it", SIZE, unit="bytes"),
            pair.field("Buffer", pair.word, 8, 4, "address of the text, UTF-16", ADDRESS),
        ],
        "A counted string in memory.",
    )


def _list_entry(pair: _Pair) -> Structure:
    return pair.structure(
        "LIST_ENTRY",
        [
            pair.field("Flink", pair.word, 0, 0, "the next one", ADDRESS),
            pair.field("Blink", pair.word, 8, 4, "the one before", ADDRESS),
        ],
        "A link of a doubly linked ring.",
    )


def _nt_tib(p: _Pair) -> Structure:
    word = p.word
    return p.structure(
        "NT_TIB",
        [
            p.field("ExceptionList", word, 0x00, 0x00, "first exception handler (32-bit processes)", ADDRESS),
            p.field("StackBase", word, 0x08, 0x04, "where the stack begins, its highest address", ADDRESS),
            p.field("StackLimit", word, 0x10, 0x08, "how far down the stack is committed", ADDRESS),
            p.field("SubSystemTib", word, 0x18, 0x0C, "of another subsystem", ADDRESS),
            p.field("FiberData", word, 0x20, 0x10, "the current fiber", ADDRESS),
            p.field("ArbitraryUserPointer", word, 0x28, 0x14, "free for programs", ADDRESS),
            p.field("Self", word, 0x30, 0x18, "this block's own address", ADDRESS),
        ],
        "The head of a TEB.",
        "winnt.h (Windows SDK 10.0.26100)",
    )


def _curdir(p: _Pair) -> Structure:
    return p.structure(
        "CURDIR",
        [
            p.field("DosPath", p.unicode_string, 0x00, 0x00, "path"),
            p.field("Handle", p.word, 0x10, 0x08, "open handle", HEX),
        ],
        "A directory that is kept open.",
    )


_WIDE = _Pair(True)
_NARROW = _Pair(False)

UNICODE_STRING64, UNICODE_STRING32 = _WIDE.unicode_string, _NARROW.unicode_string
LIST_ENTRY64, LIST_ENTRY32 = _WIDE.list_entry, _NARROW.list_entry
NT_TIB64, NT_TIB32 = _WIDE.nt_tib, _NARROW.nt_tib
CURDIR64, CURDIR32 = _WIDE.curdir, _NARROW.curdir


def _teb(p: _Pair) -> Structure:
    word = p.word
    return p.structure(
        "TEB",
        [
            p.field("NtTib", p.nt_tib, 0x00, 0x00, "stack limits"),
            p.field("EnvironmentPointer", word, 0x38, 0x1C, "not used", ADDRESS),
            p.field("ClientId", p.client_id, 0x40, 0x20, "process and thread id"),
            p.field("ActiveRpcHandle", word, 0x50, 0x28, "the call that RPC is making", ADDRESS),
            p.field("ThreadLocalStoragePointer", word, 0x58, 0x2C, "table of the modules' thread-local data", ADDRESS),
            p.field("ProcessEnvironmentBlock", word, 0x60, 0x30, "address of the PEB", ADDRESS, target="PEB"),
            p.field("LastErrorValue", ULONG32, 0x68, 0x34, "what GetLastError returns", HEX),
            p.field("CountOfOwnedCriticalSections", ULONG32, 0x6C, 0x38, "critical sections that the thread owns", COUNT),
            p.field("CurrentLocale", ULONG32, 0x108, 0xC4, "the thread's locale", HEX),
            p.field("ExceptionCode", ULONG32, 0x2C0, 0x1A4, "last exception", HEX),
            p.field("ActivationContextStackPointer", word, 0x2C8, 0x1A8, "activation contexts", ADDRESS),
            p.field("RealClientId", p.client_id, 0x7D8, 0x6B4, "the same, not changed by impersonation"),
            p.field("LastStatusValue", ULONG32, 0x1250, 0xBF4, "last NTSTATUS", HEX),
            p.field("StaticUnicodeString", p.unicode_string, 0x1258, 0xBF8, "text of the last conversion"),
            p.field("DeallocationStack", word, 0x1478, 0xE0C, "where the stack's address space begins, its lowest address", ADDRESS),
            p.field("TlsSlots", word, 0x1480, 0xE10, "the first 64 TLS slots", HEX, count=TLS_SLOTS),
            p.field("HardErrorMode", ULONG32, 0x16B0, 0xF28, "the thread's error mode", HEX),
            p.field("SubProcessTag", word, 0x1720, 0xF60, "which service of the process", HEX),
            p.field("GuaranteedStackBytes", ULONG32, 0x1748, 0xF78, "stack kept for handling a stack overflow", SIZE, unit="bytes"),
            p.field("TlsExpansionSlots", word, 0x1780, 0xF94, "the other TLS slots", ADDRESS),
            p.field("FlsData", word, 0x17C8, 0xFB4, "fiber-local data", ADDRESS),
            p.field("SameTebFlags", USHORT, 0x17EE, 0xFCA, "flags of the loader and the system", HEX),
            p.field("WowTebOffset", LONG32, 0x180C, 0xFDC, "distance to the TEB of the other width; 0 without WOW64", DECIMAL, when="Windows 10 and later"),
        ],
        "Thread environment block.",
    )


def _peb(p: _Pair) -> Structure:
    word = p.word
    return p.structure(
        "PEB",
        [
            p.field("InheritedAddressSpace", UCHAR, 0x00, 0x00, "not 0: a forked process"),
            p.field("ReadImageFileExecOptions", UCHAR, 0x01, 0x01, "not 0: settings of the image were read"),
            p.field("BeingDebugged", UCHAR, 0x02, 0x02, "not 0: a debugger is attached"),
            p.field("BitField", UCHAR, 0x03, 0x03, "what kind of process it is", values=PEB_BIT_FIELD),
            p.field("Mutant", word, 0x08, 0x04, "not used", HEX),
            p.field("ImageBaseAddress", word, 0x10, 0x08, "where the program is loaded", ADDRESS),
            p.field("Ldr", word, 0x18, 0x0C, "the loader's lists", ADDRESS, target="PEB_LDR_DATA"),
            p.field("ProcessParameters", word, 0x20, 0x10, "command line and more", ADDRESS, target="RTL_USER_PROCESS_PARAMETERS"),
            p.field("SubSystemData", word, 0x28, 0x14, "of another subsystem", ADDRESS),
            p.field("ProcessHeap", word, 0x30, 0x18, "the default heap", ADDRESS),
            p.field("FastPebLock", word, 0x38, 0x1C, "lock of the PEB", ADDRESS),
            p.field("ApiSetMap", word, 0x68, 0x38, "which DLLs stand behind the API sets", ADDRESS),
            p.field("NumberOfProcessors", ULONG32, 0xB8, 0x64, "processors", COUNT),
            p.field("NtGlobalFlag", ULONG32, 0xBC, 0x68, "debugging aids that are on", values=NT_GLOBAL_FLAG),
            p.field("CriticalSectionTimeout", LONG64, 0xC0, 0x70, "how long a critical section waits, negative", DECIMAL, unit="100 ns"),
            p.field("NumberOfHeaps", ULONG32, 0xE8, 0x88, "heaps", COUNT),
            p.field("MaximumNumberOfHeaps", ULONG32, 0xEC, 0x8C, "room in their table", COUNT),
            p.field("ProcessHeaps", word, 0xF0, 0x90, "table of their addresses", ADDRESS),
            p.field("LoaderLock", word, 0x110, 0xA0, "lock of the loader", ADDRESS, target="RTL_CRITICAL_SECTION"),
            p.field("OSMajorVersion", ULONG32, 0x118, 0xA4, "major version of Windows as the program sees it", DECIMAL),
            p.field("OSMinorVersion", ULONG32, 0x11C, 0xA8, "minor version", DECIMAL),
            p.field("OSBuildNumber", USHORT, 0x120, 0xAC, "build", DECIMAL),
            p.field("OSCSDVersion", USHORT, 0x122, 0xAE, "service pack: major in the high byte", HEX),
            p.field("OSPlatformId", ULONG32, 0x124, 0xB0, "2 for Windows NT", DECIMAL),
            p.field("ImageSubsystem", ULONG32, 0x128, 0xB4, "2 windows, 3 console", DECIMAL),
            p.field("ImageSubsystemMajorVersion", ULONG32, 0x12C, 0xB8, "lowest Windows that the program wants", DECIMAL),
            p.field("ImageSubsystemMinorVersion", ULONG32, 0x130, 0xBC, "minor version of it", DECIMAL),
            p.field("SessionId", ULONG32, 0x2C0, 0x1D4, "session", DECIMAL),
            p.field("CSDVersion", p.unicode_string, 0x2E8, 0x1F0, "service pack in words"),
        ],
        "Process environment block.",
    )


def _parameters(p: _Pair) -> Structure:
    word = p.word
    return p.structure(
        "RTL_USER_PROCESS_PARAMETERS",
        [
            p.field("MaximumLength", ULONG32, 0x00, 0x00, "room", SIZE, unit="bytes"),
            p.field("Length", ULONG32, 0x04, 0x04, "length with the strings after it", SIZE, unit="bytes"),
            p.field("Flags", ULONG32, 0x08, 0x08, "how to read it", values=PROCESS_PARAMETER_FLAGS),
            p.field("DebugFlags", ULONG32, 0x0C, 0x0C, "not 0: wait for a debugger", HEX),
            p.field("ConsoleHandle", word, 0x10, 0x10, "its console", HEX),
            p.field("ConsoleFlags", ULONG32, 0x18, 0x14, "1: Ctrl-C is ignored", HEX),
            p.field("StandardInput", word, 0x20, 0x18, "handle of standard input", HEX),
            p.field("StandardOutput", word, 0x28, 0x1C, "handle of standard output", HEX),
            p.field("StandardError", word, 0x30, 0x20, "handle of standard error", HEX),
            p.field("CurrentDirectory", p.curdir, 0x38, 0x24, "current directory"),
            p.field("DllPath", p.unicode_string, 0x50, 0x30, "where DLLs are looked for"),
            p.field("ImagePathName", p.unicode_string, 0x60, 0x38, "path of the program"),
            p.field("CommandLine", p.unicode_string, 0x70, 0x40, "command line"),
            p.field("Environment", word, 0x80, 0x48, "the variables: NAME=VALUE, a NUL after each, one more at the end", ADDRESS),
            p.field("WindowFlags", ULONG32, 0xA4, 0x68, "STARTF_ flags", HEX),
            p.field("ShowWindowFlags", ULONG32, 0xA8, 0x6C, "how to show the first window", HEX),
            p.field("WindowTitle", p.unicode_string, 0xB0, 0x70, "title of the first window"),
            p.field("DesktopInfo", p.unicode_string, 0xC0, 0x78, "window station and desktop"),
            p.field("ShellInfo", p.unicode_string, 0xD0, 0x80, "from the shell"),
            p.field("RuntimeData", p.unicode_string, 0xE0, 0x88, "from the parent's C run-time library"),
            p.field("EnvironmentSize", word, 0x3F0, 0x290, "length of the variables", SIZE, unit="bytes", when="Vista and later"),
        ],
        "What the process was started with.",
    )


def _loader(p: _Pair) -> Structure:
    return p.structure(
        "PEB_LDR_DATA",
        [
            p.field("Length", ULONG32, 0x00, 0x00, "length of this structure", SIZE, unit="bytes"),
            p.field("Initialized", UCHAR, 0x04, 0x04, "not 0: the lists are ready"),
            p.field("InLoadOrderModuleList", p.list_entry, 0x10, 0x0C, "modules in the order that they were loaded in"),
            p.field("InMemoryOrderModuleList", p.list_entry, 0x20, 0x14, "modules in the order of their addresses"),
            p.field("InInitializationOrderModuleList", p.list_entry, 0x30, 0x1C, "modules in the order that they were initialised in"),
            p.field("ShutdownInProgress", UCHAR, 0x48, 0x28, "not 0: the process is ending"),
            p.field("ShutdownThreadId", p.word, 0x50, 0x2C, "by this thread", THREAD_ID),
        ],
        "Heads of the loader's lists.",
    )


def _entry(p: _Pair) -> Structure:
    return p.structure(
        "LDR_DATA_TABLE_ENTRY",
        [
            p.field("InLoadOrderLinks", p.list_entry, 0x00, 0x00, "link of InLoadOrderModuleList"),
            p.field("InMemoryOrderLinks", p.list_entry, 0x10, 0x08, "link of InMemoryOrderModuleList: points here, not to the entry's start"),
            p.field("InInitializationOrderLinks", p.list_entry, 0x20, 0x10, "link of InInitializationOrderModuleList"),
            p.field("DllBase", p.word, 0x30, 0x18, "where it is loaded", ADDRESS),
            p.field("EntryPoint", p.word, 0x38, 0x1C, "its entry point", ADDRESS),
            p.field("SizeOfImage", ULONG32, 0x40, 0x20, "how much address space it takes", SIZE, unit="bytes"),
            p.field("FullDllName", p.unicode_string, 0x48, 0x24, "path"),
            p.field("BaseDllName", p.unicode_string, 0x58, 0x2C, "file name"),
            p.field("Flags", ULONG32, 0x68, 0x34, "what was done with it", values=LDR_FLAGS),
            p.field("ObsoleteLoadCount", USHORT, 0x6C, 0x38, "how often it was loaded; 0xFFFF: cannot be unloaded", COUNT),
            p.field("TlsIndex", USHORT, 0x6E, 0x3A, "its index of thread-local data", HEX),
            p.field("TimeDateStamp", ULONG32, 0x80, 0x44, "time stamp of the PE header", TIME_T, unit="s since 1970 UTC"),
            p.field("LoadTime", ULONG64, 0x100, 0x88, "when it was loaded", FILETIME, unit="100 ns since 1601 UTC", when="Windows 8 and later"),
            p.field("BaseNameHashValue", ULONG32, 0x108, 0x90, "hash of the file name", HEX, when="Windows 8 and later"),
            p.field("LoadReason", ULONG32, 0x10C, 0x94, "why it was loaded", values=LDR_LOAD_REASON, when="Windows 8 and later"),
        ],
        "One module in the loader's lists.",
    )


def _critical_section(p: _Pair) -> Structure:
    return p.structure(
        "RTL_CRITICAL_SECTION",
        [
            p.field("DebugInfo", p.word, 0x00, 0x00, "for debuggers; all bits set: there is none", ADDRESS),
            p.field("LockCount", LONG32, 0x08, 0x04, "-1: free; bit 0 clear: owned; the bits above count who waits", DECIMAL),
            p.field("RecursionCount", LONG32, 0x0C, 0x08, "how often its owner entered it", COUNT),
            p.field("OwningThread", p.word, 0x10, 0x0C, "its owner", THREAD_ID),
            p.field("LockSemaphore", p.word, 0x18, 0x10, "what those who wait wait for", HEX),
            p.field("SpinCount", p.word, 0x20, 0x14, "how often to try before waiting", HEX),
        ],
        "A critical section.",
        "winnt.h (Windows SDK 10.0.26100)",
    )


TEB64, TEB32 = _teb(_WIDE), _teb(_NARROW)
PEB64, PEB32 = _peb(_WIDE), _peb(_NARROW)
RTL_USER_PROCESS_PARAMETERS64, RTL_USER_PROCESS_PARAMETERS32 = _parameters(_WIDE), _parameters(_NARROW)
PEB_LDR_DATA64, PEB_LDR_DATA32 = _loader(_WIDE), _loader(_NARROW)
LDR_DATA_TABLE_ENTRY64, LDR_DATA_TABLE_ENTRY32 = _entry(_WIDE), _entry(_NARROW)
RTL_CRITICAL_SECTION64, RTL_CRITICAL_SECTION32 = _critical_section(_WIDE), _critical_section(_NARROW)


class ProcessLayout(NamedTuple):
    """The structures of one width of process, in bytes of a pointer."""

    pointer_size: int
    teb: Structure
    peb: Structure
    parameters: Structure
    loader: Structure
    entry: Structure
    unicode_string: Structure
    list_entry: Structure
    critical_section: Structure


PROCESS_LAYOUTS: Dict[int, ProcessLayout] = {
    8: ProcessLayout(
        8,
        TEB64,
        PEB64,
        RTL_USER_PROCESS_PARAMETERS64,
        PEB_LDR_DATA64,
        LDR_DATA_TABLE_ENTRY64,
        UNICODE_STRING64,
        LIST_ENTRY64,
        RTL_CRITICAL_SECTION64,
    ),
    4: ProcessLayout(
        4,
        TEB32,
        PEB32,
        RTL_USER_PROCESS_PARAMETERS32,
        PEB_LDR_DATA32,
        LDR_DATA_TABLE_ENTRY32,
        UNICODE_STRING32,
        LIST_ENTRY32,
        RTL_CRITICAL_SECTION32,
    ),
}
"""The structures by the size of a pointer."""

KSYSTEM_TIME = Structure(
    "KSYSTEM_TIME",
    [
        Field("LowPart", ULONG32, "low half", HEX),
        Field("High1Time", LONG32, "high half", HEX),
        Field("High2Time", LONG32, "high half again: the two are equal unless the clock is just being set", HEX),
    ],
    source=_SHARED,
    meaning="A time of 64 bits that can be read while it is written.",
)

XSTATE_CONFIGURATION = Structure(
    "XSTATE_CONFIGURATION",
    [
        Field("EnabledFeatures", ULONG64, "extended registers, one bit each", HEX),
        Field("EnabledVolatileFeatures", ULONG64, "those that are saved on a switch", HEX),
        Field("Size", ULONG32, "length of an XSAVE area", SIZE, unit="bytes"),
        Field("ControlFlags", ULONG32, "2: compacted form", HEX),
        Field("Features", XSTATE_FEATURE, "where each group of registers is", count=64),
    ],
    source=_SHARED,
    meaning="Which extended registers Windows saves, and where. Newer versions have more members.",
    pack=8,
)

KUSER_SHARED_DATA = Structure(
    "KUSER_SHARED_DATA",
    [
        Field("TickCountMultiplier", ULONG32, "milliseconds of a tick, times 2^24", HEX, at=0x04),
        Field("InterruptTime", KSYSTEM_TIME, "time since the machine started", unit="100 ns", at=0x08),
        Field("SystemTime", KSYSTEM_TIME, "time of day", unit="100 ns since 1601 UTC", at=0x14),
        Field("TimeZoneBias", KSYSTEM_TIME, "what to take from it to get local time", unit="100 ns", at=0x20),
        Field("NtSystemRoot", WCHAR, "folder of Windows", TEXT, count=260, at=0x30),
        Field("TimeZoneId", ULONG32, "1 standard, 2 daylight saving time", DECIMAL, at=0x240),
        Field("NtBuildNumber", ULONG32, "build", DECIMAL, at=0x260, when="Windows 10 and later"),
        Field("NtProductType", ULONG32, "1 workstation, 2 domain controller, 3 server", DECIMAL, at=0x264),
        Field("NtMajorVersion", ULONG32, "major version of Windows", DECIMAL, at=0x26C),
        Field("NtMinorVersion", ULONG32, "minor version", DECIMAL, at=0x270),
        Field("ProcessorFeatures", UCHAR, "one byte for each IsProcessorFeaturePresent", HEX, count=64, at=0x274),
        Field("SuiteMask", ULONG32, "edition", HEX, at=0x2D0),
        Field("KdDebuggerEnabled", UCHAR, "whether a kernel debugger is enabled", HEX, at=0x2D4),
        Field("ActiveConsoleId", ULONG32, "session of the console", DECIMAL, at=0x2D8),
        Field("NumberOfPhysicalPages", ULONG32, "memory of the machine", COUNT, unit="pages", at=0x2E8),
        Field("TickCount", KSYSTEM_TIME, "ticks since the machine started", at=0x320),
        Field("Cookie", ULONG32, "mixed into encoded system pointers", HEX, at=0x330),
        Field("ActiveProcessorCount", ULONG32, "active processors", COUNT, at=0x3C0),
        Field("XState", XSTATE_CONFIGURATION, "layout of the extended registers", at=0x3D8),
    ],
    source=_SHARED,
    meaning="The page that every process shares with the kernel. Small dumps of newer writers have its beginning.",
    pack=8,
)

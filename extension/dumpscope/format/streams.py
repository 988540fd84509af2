"""Stream types: what the entries of a dump's directory can hold, and who writes them."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from .layout import MINIDUMPAPISET, Enumeration

MICROSOFT = "Microsoft"
WINDOWS_CE = "Windows CE"
WINE = "Wine"
CRASHPAD = "Crashpad"
BREAKPAD = "Breakpad"
CHROMIUM = "Chromium"
MOZILLA = "Mozilla"
FACEBOOK = "Facebook"

# The types that code asks for by name.
UnusedStream = 0
ReservedStream0 = 1
ReservedStream1 = 2
ThreadListStream = 3
ModuleListStream = 4
MemoryListStream = 5
ExceptionStream = 6
SystemInfoStream = 7
ThreadExListStream = 8
Memory64ListStream = 9
CommentStreamA = 10
CommentStreamW = 11
HandleDataStream = 12
FunctionTableStream = 13
UnloadedModuleListStream = 14
MiscInfoStream = 15
MemoryInfoListStream = 16
ThreadInfoListStream = 17
HandleOperationListStream = 18
TokenStream = 19
JavaScriptDataStream = 20
SystemMemoryInfoStream = 21
ProcessVmCountersStream = 22
IptTraceStream = 23
ThreadNamesStream = 24
CompressedMemoryStream = 25
CompressedMemoryStreamSQL = 0x7000
kMinidumpStreamTypeCrashpadInfo = 0x43500001
MD_BREAKPAD_INFO_STREAM = 0x47670001
MD_ASSERTION_INFO_STREAM = 0x47670002

LAST_RESERVED_STREAM = 0xFFFF
"""Numbers above this one are free for the streams that a program hands to MiniDumpWriteDump."""


class StreamKind(NamedTuple):
    """One stream type.

    ``name`` is the C name; ``debugger_name`` what ``.dumpdebug`` prints where that is another word. ``family`` names the
    module of the reader that decodes the stream (an empty string: opaque bytes). ``flag`` is the MINIDUMP_TYPE bit that asks
    Microsoft's writer for it, 0 when no bit does. ``structure`` names the structure of one element and ``header`` the
    structure in front of the elements (an empty string: a plain 32-bit count, or nothing). ``vendor`` is whose it is.

    A list has a ``reader``, the attribute of a Minidump, and ``words`` for what is missing where it is. One whose elements are records of
    one size has a ``record``, what one of them is called, and where its count has no header of its own, ``counted`` names the layout of
    the count. ``needs`` is what a flag alone does not bring about. ``least`` are the bytes that a reader needs of a single structure.
    ``private`` marks bytes that tell of the user; a stream that is ``wiped`` goes as a whole when a dump is scrubbed. ``body`` is the function of
    ``diagnosis/dumpdebug/bodies.py`` that writes what ``.dumpdebug`` prints of the stream (an empty string: its headline alone).
    """

    type: int
    name: str
    family: str
    flag: int
    structure: str
    meaning: str
    vendor: str = MICROSOFT
    header: str = ""
    source: str = MINIDUMPAPISET
    debugger_name: str = ""
    reader: str = ""
    words: str = ""
    record: str = ""
    counted: str = ""
    needs: str = ""
    least: int = 0
    private: bool = False
    wiped: bool = False
    body: str = ""


_LEARN = "MINIDUMP_STREAM_TYPE on Microsoft Learn (newer than SDK 10.0.26100)"
_CE = "Windows CE error reporting; names from minidumpapiset.h"
_BREAKPAD = "google/breakpad minidump_format.h"
_LLVM = "llvm/llvm-project llvm/BinaryFormat/MinidumpConstants.def"
_MOZILLA = "rust-minidump/rust-minidump minidump-common format.rs"

_ROWS = (
    StreamKind(UnusedStream, "UnusedStream", "", 0, "", "an empty slot of the directory that the writer reserved and did not need"),
    StreamKind(ReservedStream0, "ReservedStream0", "", 0, "", "reserved, never written"),
    StreamKind(ReservedStream1, "ReservedStream1", "", 0, "", "reserved, never written"),
    StreamKind(
        ThreadListStream,
        "ThreadListStream",
        "threads",
        0,
        "MINIDUMP_THREAD",
        "the threads: id, TEB, stack and registers of each",
        reader="threads",
        words="threads",
        record="thread",
        counted="MINIDUMP_THREAD_LIST",
        body="threads",
    ),
    StreamKind(
        ModuleListStream,
        "ModuleListStream",
        "modules",
        0,
        "MINIDUMP_MODULE",
        "the loaded images: address, size, version and symbol key of each",
        reader="modules",
        words="modules",
        record="module",
        counted="MINIDUMP_MODULE_LIST",
        body="modules",
    ),
    StreamKind(
        MemoryListStream,
        "MemoryListStream",
        "memory",
        0,
        "MINIDUMP_MEMORY_DESCRIPTOR",
        "captured ranges of memory of a partial dump",
        reader="memory_list",
        words="memory ranges",
        record="range",
        counted="MINIDUMP_MEMORY_LIST",
        body="memory",
    ),
    StreamKind(
        ExceptionStream,
        "ExceptionStream",
        "exception",
        0,
        "MINIDUMP_EXCEPTION_STREAM",
        "the exception that the dump was written for, with its registers",
        least=168,
        body="exception",
    ),
    StreamKind(
        SystemInfoStream,
        "SystemInfoStream",
        "system",
        0,
        "MINIDUMP_SYSTEM_INFO",
        "processor and Windows version; no debugger opens a dump without it",
        least=56,
        body="system",
    ),
    StreamKind(
        ThreadExListStream,
        "ThreadExListStream",
        "threads",
        0,
        "MINIDUMP_THREAD_EX",
        "the threads of a processor with a backing store (Itanium)",
        reader="threads",
        words="threads",
        record="thread",
        counted="MINIDUMP_THREAD_EX_LIST",
        body="threads",
    ),
    StreamKind(
        Memory64ListStream,
        "Memory64ListStream",
        "memory",
        0x2,
        "MINIDUMP_MEMORY_DESCRIPTOR64",
        "the ranges of a full-memory dump; their bytes are the last thing in the file",
        header="MINIDUMP_MEMORY64_LIST",
        reader="memory64_list",
        words="full memory",
        record="range",
        body="memory64",
    ),
    StreamKind(
        CommentStreamA, "CommentStreamA", "comments", 0, "", "a comment in the ANSI code page, ended by a NUL", private=True, wiped=True, body="comment_a"
    ),
    StreamKind(
        CommentStreamW,
        "CommentStreamW",
        "comments",
        0,
        "",
        "a comment in UTF-16, ended by a NUL; procdump and .dump /c leave one",
        private=True,
        wiped=True,
        body="comment_w",
    ),
    StreamKind(
        HandleDataStream,
        "HandleDataStream",
        "handles",
        0x4,
        "MINIDUMP_HANDLE_DESCRIPTOR_2",
        "the process's handle table: type, name, access and counts of each handle",
        header="MINIDUMP_HANDLE_DATA_STREAM",
        reader="handles",
        words="handles",
        record="handle",
        body="handles",
    ),
    StreamKind(
        FunctionTableStream,
        "FunctionTableStream",
        "functions",
        0,
        "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR",
        "unwind tables of code made at run time; written whenever there are any",
        header="MINIDUMP_FUNCTION_TABLE_STREAM",
        reader="functions",
        words="function tables",
        body="function_tables",
    ),
    StreamKind(
        UnloadedModuleListStream,
        "UnloadedModuleListStream",
        "modules",
        0x20,
        "MINIDUMP_UNLOADED_MODULE",
        "images that were unloaded before the dump; not written when there are none",
        header="MINIDUMP_UNLOADED_MODULE_LIST",
        reader="unloaded_modules",
        words="unloaded modules",
        record="unloaded module",
        body="unloaded_modules",
    ),
    StreamKind(
        MiscInfoStream, "MiscInfoStream", "misc", 0, "MINIDUMP_MISC_INFO_5", "process id and times, integrity level, time zone, build strings", least=24
    ),
    StreamKind(
        MemoryInfoListStream,
        "MemoryInfoListStream",
        "memory",
        0x800,
        "MINIDUMP_MEMORY_INFO",
        "the map of the whole address space: state, type and protection of each region",
        header="MINIDUMP_MEMORY_INFO_LIST",
        reader="regions",
        words="memory regions",
        record="region",
    ),
    StreamKind(
        ThreadInfoListStream,
        "ThreadInfoListStream",
        "threads",
        0x1000,
        "MINIDUMP_THREAD_INFO",
        "times, start address, exit status and affinity of each thread, and what went wrong with it while dumping",
        header="MINIDUMP_THREAD_INFO_LIST",
        reader="thread_infos",
        words="thread times",
        record="thread information",
        body="thread_infos",
    ),
    StreamKind(
        HandleOperationListStream,
        "HandleOperationListStream",
        "handles",
        0x4,
        "AVRF_HANDLE_OPERATION",
        "Application Verifier's record of who opened and closed handles; needs the verifier's Handles check in the process",
        header="MINIDUMP_HANDLE_OPERATION_LIST",
        reader="handle_operations",
        words="handle operations",
        record="operation",
        needs="the Handles check of Application Verifier",
    ),
    StreamKind(
        TokenStream,
        "TokenStream",
        "tokens",
        0x40000,
        "MINIDUMP_TOKEN_INFO_HEADER",
        "access tokens of the process and of its impersonating threads",
        header="MINIDUMP_TOKEN_INFO_LIST",
        debugger_name="TokenInformationStream",
        reader="tokens",
        words="tokens",
        private=True,
        body="tokens",
    ),
    StreamKind(
        JavaScriptDataStream,
        "JavaScriptDataStream",
        "",
        0,
        "",
        "data of the JavaScript engine's helper for its own debugger extension",
        private=True,
        wiped=True,
    ),
    StreamKind(
        SystemMemoryInfoStream,
        "SystemMemoryInfoStream",
        "counters",
        0,
        "MINIDUMP_SYSTEM_MEMORY_INFO_1",
        "memory and cache counters of the whole machine",
        least=4,
        body="system_memory",
    ),
    StreamKind(
        ProcessVmCountersStream,
        "ProcessVmCountersStream",
        "counters",
        0,
        "MINIDUMP_PROCESS_VM_COUNTERS_2",
        "memory counters of the process and its job",
        least=4,
        body="process_vm_counters",
    ),
    StreamKind(
        IptTraceStream, "IptTraceStream", "", 0x400000, "", "Intel Processor Trace buffers; the trace service must have been running", private=True, wiped=True
    ),
    StreamKind(
        ThreadNamesStream,
        "ThreadNamesStream",
        "threads",
        0,
        "MINIDUMP_THREAD_NAME",
        "names given with SetThreadDescription; threads without one are not listed",
        reader="thread_names",
        words="thread names",
        record="name",
        counted="MINIDUMP_THREAD_NAME_LIST",
    ),
    StreamKind(
        CompressedMemoryStream,
        "CompressedMemoryStream",
        "",
        0x04000000,
        "",
        "full memory in compressed form, in place of Memory64ListStream",
        source=_LEARN,
        private=True,
        wiped=True,
    ),
    StreamKind(
        CompressedMemoryStreamSQL, "CompressedMemoryStreamSQL", "", 0, "", "compressed memory as SQL Server writes it", source=_LEARN, private=True, wiped=True
    ),
    StreamKind(0x8000, "ceStreamNull", "windowsce", 0, "", "an empty entry", WINDOWS_CE, source=_CE, debugger_name="NullStream"),
    StreamKind(0x8001, "ceStreamSystemInfo", "windowsce", 0, "", "the device's system information", WINDOWS_CE, source=_CE, debugger_name="SystemInfoStream"),
    StreamKind(0x8002, "ceStreamException", "windowsce", 0, "", "the exception and its registers", WINDOWS_CE, source=_CE, debugger_name="ExceptionStream"),
    StreamKind(0x8003, "ceStreamModuleList", "windowsce", 0, "", "loaded modules", WINDOWS_CE, source=_CE, debugger_name="ModuleListStream"),
    StreamKind(0x8004, "ceStreamProcessList", "windowsce", 0, "", "processes of the device", WINDOWS_CE, source=_CE, debugger_name="ProcessListStream"),
    StreamKind(0x8005, "ceStreamThreadList", "windowsce", 0, "", "threads of the device", WINDOWS_CE, source=_CE, debugger_name="ThreadListStream"),
    StreamKind(
        0x8006, "ceStreamThreadContextList", "windowsce", 0, "", "registers of the threads", WINDOWS_CE, source=_CE, debugger_name="ThreadContextListStream"
    ),
    StreamKind(
        0x8007,
        "ceStreamThreadCallStackList",
        "windowsce",
        0,
        "",
        "return addresses of the threads",
        WINDOWS_CE,
        source=_CE,
        debugger_name="ThreadCallStackListStream",
    ),
    StreamKind(
        0x8008,
        "ceStreamMemoryVirtualList",
        "windowsce",
        0,
        "",
        "captured ranges of virtual memory",
        WINDOWS_CE,
        source=_CE,
        debugger_name="MemoryVirtualListStream",
    ),
    StreamKind(
        0x8009,
        "ceStreamMemoryPhysicalList",
        "windowsce",
        0,
        "",
        "captured ranges of physical memory",
        WINDOWS_CE,
        source=_CE,
        debugger_name="MemoryPhysicalListStream",
    ),
    StreamKind(
        0x800A,
        "ceStreamBucketParameters",
        "windowsce",
        0,
        "",
        "what error reporting sorts crashes by",
        WINDOWS_CE,
        source=_CE,
        debugger_name="BucketParametersStream",
    ),
    StreamKind(0x800B, "ceStreamProcessModuleMap", "windowsce", 0, "", "which process had which modules", WINDOWS_CE, source=_CE),
    StreamKind(0x800C, "ceStreamDiagnosisList", "windowsce", 0, "", "findings of the on-device diagnosis", WINDOWS_CE, source=_CE),
    StreamKind(
        0xFFF0,
        "WineElfModuleListStream",
        "modules",
        0,
        "MINIDUMP_MODULE",
        "a second module list: the host's own libraries (no official name; the number is inside Microsoft's range)",
        WINE,
        source="Wine dlls/dbghelp/minidump.c",
        reader="host_modules",
        words="host modules",
        record="module",
        counted="MINIDUMP_MODULE_LIST",
    ),
    StreamKind(LAST_RESERVED_STREAM, "LastReservedStream", "", 0, "", "the end of Microsoft's range; greater numbers are the program's own"),
    StreamKind(
        kMinidumpStreamTypeCrashpadInfo,
        "kMinidumpStreamTypeCrashpadInfo",
        "crashpad",
        0,
        "MinidumpCrashpadInfo",
        "report and client ids, and annotations of the program and its modules",
        CRASHPAD,
        source="chromium/crashpad minidump/minidump_extensions.h",
    ),
    StreamKind(
        MD_BREAKPAD_INFO_STREAM,
        "MD_BREAKPAD_INFO_STREAM",
        "breakpad",
        0,
        "MDRawBreakpadInfo",
        "which thread wrote the dump and which one asked for it",
        BREAKPAD,
        source=_BREAKPAD,
    ),
    StreamKind(
        MD_ASSERTION_INFO_STREAM,
        "MD_ASSERTION_INFO_STREAM",
        "breakpad",
        0,
        "MDRawAssertionInfo",
        "the assertion that failed",
        BREAKPAD,
        source=_BREAKPAD,
        wiped=True,
    ),
    StreamKind(0x47670003, "MD_LINUX_CPU_INFO", "breakpad", 0, "", "text of /proc/cpuinfo", BREAKPAD, source=_BREAKPAD, private=True),
    StreamKind(0x47670004, "MD_LINUX_PROC_STATUS", "breakpad", 0, "", "text of /proc/PID/status", BREAKPAD, source=_BREAKPAD, private=True, wiped=True),
    StreamKind(0x47670005, "MD_LINUX_LSB_RELEASE", "breakpad", 0, "", "text of /etc/lsb-release", BREAKPAD, source=_BREAKPAD, private=True),
    StreamKind(
        0x47670006,
        "MD_LINUX_CMD_LINE",
        "breakpad",
        0,
        "",
        "/proc/PID/cmdline: arguments with NULs between them",
        BREAKPAD,
        source=_BREAKPAD,
        private=True,
        wiped=True,
    ),
    StreamKind(
        0x47670007,
        "MD_LINUX_ENVIRON",
        "breakpad",
        0,
        "",
        "/proc/PID/environ: variables with NULs between them",
        BREAKPAD,
        source=_BREAKPAD,
        private=True,
        wiped=True,
    ),
    StreamKind(0x47670008, "MD_LINUX_AUXV", "breakpad", 0, "", "/proc/PID/auxv: pairs of machine words", BREAKPAD, source=_BREAKPAD, private=True),
    StreamKind(0x47670009, "MD_LINUX_MAPS", "breakpad", 0, "", "text of /proc/PID/maps", BREAKPAD, source=_BREAKPAD, private=True),
    StreamKind(0x4767000A, "MD_LINUX_DSO_DEBUG", "breakpad", 0, "MDRawDebug64", "the dynamic linker's list of shared objects", BREAKPAD, source=_BREAKPAD),
    StreamKind(0x4767000B, "LinuxProcStat", "breakpad", 0, "", "text of /proc/PID/stat", BREAKPAD, source=_LLVM, wiped=True),
    StreamKind(0x4767000C, "LinuxProcUptime", "breakpad", 0, "", "text of /proc/uptime", BREAKPAD, source=_LLVM),
    StreamKind(0x4767000D, "LinuxProcFD", "breakpad", 0, "", "open files as /proc/PID/fd shows them", BREAKPAD, source=_LLVM, wiped=True),
    StreamKind(
        0x4B6B0002,
        "kStabilityReportStreamType",
        "",
        0,
        "",
        "the browser's stability report, a protocol buffer",
        CHROMIUM,
        source="chromium components/browser_watcher",
    ),
    StreamKind(
        0x4B6B0003,
        "kSystemProfileStreamType",
        "",
        0,
        "",
        "the browser's system profile (version, channel, hardware), a protocol buffer",
        CHROMIUM,
        source="chromium components/metrics/system_profile_user_stream.cc; metrics_proto/system_profile.proto",
    ),
    StreamKind(
        0x4B6B0004,
        "kGwpAsanMinidumpStreamType",
        "",
        0,
        "",
        "what GWP-ASan found out about a misused block of memory, a protocol buffer",
        CHROMIUM,
        source="chromium components/gwp_asan/crash_handler/crash_handler.h, crash.proto",
    ),
    StreamKind(0x4D7A0001, "MozMacosCrashInfoStream", "mozilla", 0, "", "crash information records of macOS images", MOZILLA, source=_MOZILLA, wiped=True),
    StreamKind(
        0x4D7A0002, "MozMacosBootargsStream", "mozilla", 0, "MINIDUMP_MAC_BOOTARGS", "the macOS kernel's boot arguments", MOZILLA, source=_MOZILLA, wiped=True
    ),
    StreamKind(0x4D7A0003, "MozLinuxLimits", "mozilla", 0, "", "text of /proc/PID/limits", MOZILLA, source=_MOZILLA, wiped=True),
    StreamKind(0x4D7A0004, "MozSoftErrors", "mozilla", 0, "", "JSON text: what the writer failed at without giving up", MOZILLA, source=_MOZILLA, wiped=True),
    StreamKind(0xFACE1CA7, "FacebookLogcat", "", 0, "", "Android's log", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECAFA, "FacebookAppCustomData", "", 0, "", "data of the app", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECAFB, "FacebookBuildID", "", 0, "", "number of the build", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECAFC, "FacebookAppVersionName", "", 0, "", "version of the app", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECAFD, "FacebookJavaStack", "", 0, "", "Java stack", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECAFE, "FacebookDalvikInfo", "", 0, "", "state of the Java machine", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECAFF, "FacebookUnwindSymbols", "", 0, "", "symbols for stack walking", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECB00, "FacebookDumpErrorLog", "", 0, "", "what the writer failed at", FACEBOOK, source=_LLVM),
    StreamKind(0xFACECCCC, "FacebookAppStateLog", "", 0, "", "log of the app's states", FACEBOOK, source=_LLVM),
    StreamKind(0xFACEDEAD, "FacebookAbortReason", "", 0, "", "why the app ended itself", FACEBOOK, source=_LLVM),
    StreamKind(0xFACEE000, "FacebookThreadName", "", 0, "", "names of threads", FACEBOOK, source=_LLVM),
)

STREAMS: Dict[int, StreamKind] = {row.type: row for row in _ROWS}
"""All known stream types by number."""

RECORD_LISTS: Dict[int, str] = {row.type: row.reader for row in _ROWS if row.record}
"""Streams that are lists of records of one size, with the attribute of a Minidump that reads them."""

LISTS: Tuple[StreamKind, ...] = tuple({row.reader: row for row in _ROWS if row.reader}.values())
"""The streams that are lists, one for each reader."""

LAST_NAMED_STREAM = 22
"""The last stream type for which the debugger has a name (observed: dbgeng 10.0.15063); those of Windows CE have a ``debugger_name``."""

DEBUGGER_NAMES: Dict[int, str] = {row.type: row.debugger_name or row.name for row in _ROWS if row.type <= LAST_NAMED_STREAM or row.debugger_name}
"""The debugger's names of stream types; they differ from the header's for tokens and for Windows CE."""

_NAMES: Dict[int, Tuple[str, str]] = {row.type: (row.name, row.meaning) for row in _ROWS}
MINIDUMP_STREAM_TYPE = Enumeration("MINIDUMP_STREAM_TYPE", _NAMES, MINIDUMPAPISET)
"""Names and meanings of the stream types. Numbers of other vendors are included."""


def adopt_stream(row: StreamKind) -> None:
    """Add the row of a stream that another package knows. Raises ValueError for a number that is taken, or is Microsoft's."""
    if row.type in STREAMS or not is_user_stream(row.type):
        raise ValueError(f"stream type 0x{row.type:x} is not free")
    STREAMS[row.type] = row
    _NAMES[row.type] = (row.name, row.meaning)


def is_user_stream(stream_type: int) -> bool:
    """True for a number outside Microsoft's range: a stream that a program or another crash reporter added."""
    return stream_type > LAST_RESERVED_STREAM

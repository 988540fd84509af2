"""Dumps with nothing wrong, as Microsoft's writers leave them: one per kind of stream, in 32 and 64 bit."""

import struct
from typing import Any, Dict, List

from . import blocks, process
from .catalogue import Built, sample
from .process import PID
from .recipes import DBGENG, DBGHELP_7, DEMO_HANDLES, WINDOWS_7, access_violation, compose, handles, token
from .writer import CONTEXT_SIZES, DumpBuilder, FunctionTable, Module, Operation, Thread, ThreadInfo

TIDS_64 = [0x1A30, 0x1B44, 0x0C58]
TIDS_32 = [0x1A30, 0x1B44]
NO_HANDLES = 0x80004002
COMMAND_64 = '"C:\\demo\\demo.exe" --serve 8080'
COMMAND_32 = "C:\\demo\\demo32.exe /quiet"
ERRORS_64 = {"last_error": {0x1A30: 0, 0x1B44: 2, 0x0C58: 87}, "last_status": {0x1B44: 0xC0000034, 0x0C58: 0xC000000D}}
ERRORS_32 = {"last_error": {0x1A30: 0, 0x1B44: 5}, "last_status": {0x1B44: 0xC0000022}}
BASIC = "threads modules memory system misc counters"


def opens(handles_there: bool = False) -> Any:
    """Facts about how the engine takes a dump that is fine."""
    return {"engine": "opens", "handle_hresult": 0 if handles_there else NO_HANDLES}


# --- small dumps, by flag --------------------------------------------------------------------------------------------


@sample(
    "stacks-only",
    "Flags 0: stacks, modules and nothing else",
    "what a dump has when nothing was asked for",
    0,
    streams=[3, 4, 5, 7, 15, 21, 22],
    missing=[6, 9, 12, 16, 17],
    threads=TIDS_64,
    modules=5,
    pid=PID,
    arch="amd64",
    bits=64,
    build=19045,
    handle_cause=1,
    **opens(),
)
def _() -> Built:
    return compose(BASIC)


@sample(
    "stacks-only-x86",
    "Flags 0, 32-bit process",
    "the same for x86",
    0,
    streams=[3, 4, 5, 7, 15, 21, 22],
    threads=TIDS_32,
    modules=4,
    pid=PID,
    arch="x86",
    bits=32,
    handle_cause=1,
    **opens(),
)
def _() -> Built:
    return compose(BASIC, kind="x86")


@sample(
    "everything-small",
    "Handles, thread times, process data, memory map, tokens, exception",
    "a rich dump without full memory: every command has its data",
    0x41924,
    streams=[3, 17, 4, 14, 19, 5, 16, 6, 7, 15, 12, 21, 22, 24],
    threads=TIDS_64,
    modules=5,
    unloaded=2,
    handles=DEMO_HANDLES,
    exception={"code": 0xC0000005, "tid": 0x0C58, "address": 0x7FF6A1B2145C},
    pid=PID,
    thread_names={0x1A30: "main", 0x1B44: "worker"},
    command_line=COMMAND_64,
    handle_cause=8,
    handle={0x38: {"type": "Mutant", "access": 0x1F0001, "info": [3, 2], "name": "\\Sessions\\1\\BaseNamedObjects\\DemoSingleInstance"}},
    **ERRORS_64,
    **opens(True),
)
def _() -> Built:
    return compose(
        "threads info modules unloaded tokens memory meminfo exception system misc handles counters names",
        0x41924,
        process_memory=True,
        shared_data=True,
        slots=18,
    )


@sample(
    "everything-small-x86",
    "The same of a 32-bit process",
    "32-bit TEBs, contexts and object information",
    0x41924,
    streams=[3, 17, 4, 14, 19, 5, 16, 6, 7, 15, 12, 21, 22, 24],
    threads=TIDS_32,
    modules=4,
    arch="x86",
    bits=32,
    handles=DEMO_HANDLES,
    exception={"code": 0xC0000005, "tid": 0x1B44, "address": 0x00D113E4},
    command_line=COMMAND_32,
    **ERRORS_32,
    **opens(True),
)
def _() -> Built:
    return compose(
        "threads info modules unloaded tokens memory meminfo exception system misc handles counters names",
        0x41924,
        "x86",
        process_memory=True,
        shared_data=True,
        slots=18,
    )


@sample(
    "process-thread-data",
    "Flag 0x100: PEB and TEBs captured",
    "command line, environment, loader lists, last errors",
    0x100,
    threads=TIDS_64,
    command_line=COMMAND_64,
    **ERRORS_64,
    **opens(),
)
def _() -> Built:
    return compose(BASIC, 0x100, process_memory=True)


@sample(
    "process-thread-data-x86",
    "Flag 0x100, 32-bit process",
    "the 32-bit layouts of PEB and TEB",
    0x100,
    threads=TIDS_32,
    command_line=COMMAND_32,
    **ERRORS_32,
    **opens(),
)
def _() -> Built:
    return compose(BASIC, 0x100, "x86", process_memory=True)


@sample(
    "process-thread-data-wow64",
    "A 32-bit program dumped by a 64-bit tool",
    "an AMD64 dump with two TEBs per thread and the x86 registers after TLS slot 1",
    0x100,
    threads=TIDS_32,
    arch="amd64",
    bits=64,
    modules=8,
    command_line=COMMAND_32,
    rule="wow64",
    wow64_eip={0x1A30: 0x77AB2B1C, 0x1B44: 0x77AB2B1C},
    wow64_last_error={0x1A30: 0, 0x1B44: 5},
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64", 0x100)
    process.add_wow64_memory(made)
    made.add_thread_list(process.threads_wow64())
    made.add_module_list(process.modules("wow64"))
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    made.add_system_memory_info()
    made.add_vm_counters()
    return made


@sample(
    "stacks-only-wow64",
    "A 32-bit program dumped by a 64-bit tool, flags 0",
    "wow64.dll and two ntdlls, but no TEB to find the x86 registers with",
    0,
    threads=TIDS_32,
    arch="amd64",
    bits=64,
    modules=8,
    rule="wow64",
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64")
    made.add_thread_list(process.threads_wow64())
    made.add_module_list(process.modules("wow64"))
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


def _managed(parts: str, flags: int) -> DumpBuilder:
    """A .NET program: the same process with the runtime loaded."""
    made = compose(parts, flags, only=1)
    rows = process.modules()
    made.add_module_list(
        [*rows, rows[4]._replace(base=0x7FFC10000000, size=0x4E0000, name="C:\\Program Files\\dotnet\\shared\\Microsoft.NETCore.App\\8.0.2\\coreclr.dll")]
    )
    return made


@sample("managed-stacks-only", "A .NET program with flags 0", "the runtime's data is not in the dump", 0, modules=6, rule="managed-without-heap", **opens())
def _() -> Built:
    return _managed("threads memory system misc", 0)


@sample("managed-full-memory", "A .NET program with full memory", "what managed debugging needs is there", 0x20002, modules=6, truncated_by=0, **opens())
def _() -> Built:
    return _managed("threads full system misc", 0x20002)


@sample(
    "memory-map",
    "Flag 0x800: the whole address space described",
    "regions without gaps from 0 to the top",
    0x800,
    streams=[3, 4, 5, 16, 7, 15, 21, 22],
    missing=[12, 17],
    **opens(),
)
def _() -> Built:
    return compose("threads modules memory meminfo system misc counters", 0x800)


@sample(
    "thread-times",
    "Flag 0x1000: times of each thread",
    "what `!runaway` reads",
    0x1000,
    streams=[3, 17, 4, 5, 7, 15, 21, 22],
    missing=[12, 16],
    threads=TIDS_64,
    dump_flags={0x1A30: 0, 0x1B44: 0, 0x0C58: 0},
    **opens(),
)
def _() -> Built:
    return compose("threads info modules memory system misc counters", 0x1000)


@sample(
    "unloaded-modules",
    "Flag 0x20: two modules had been unloaded",
    "the unloaded module list",
    0x20,
    unloaded=2,
    streams=[3, 4, 14, 5, 7, 15, 21, 22],
    **opens(),
)
def _() -> Built:
    return compose("threads modules unloaded memory system misc counters", 0x20)


@sample(
    "unloaded-modules-none",
    "Flag 0x20, but nothing had been unloaded",
    "the stream is not written then: no damage",
    0x20,
    missing=[14],
    rule="unloaded-none",
    **opens(),
)
def _() -> Built:
    return compose(BASIC, 0x20)


@sample(
    "module-paths-filtered",
    "Flag 0x80: names without directories",
    "module names that are bare file names",
    0x80,
    modules=5,
    module_names=["demo.exe", "ntdll.dll", "kernel32.dll"],
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64", 0x80)
    made.add_thread_list(process.threads_64())
    made.add_module_list([row._replace(name=str(row.name).rpartition("\\")[2]) for row in process.modules()])
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


@sample(
    "full-memory",
    "Flags 0x61826: everything, in Memory64List",
    "a full dump in small: handles, map, unloaded modules, thread times",
    0x61826,
    streams=[3, 17, 4, 14, 19, 9, 16, 7, 15, 12, 21, 22],
    missing=[5, 6],
    threads=TIDS_64,
    handles=DEMO_HANDLES,
    command_line=COMMAND_64,
    truncated_by=0,
    **ERRORS_64,
    **opens(True),
)
def _() -> Built:
    return compose("threads info modules unloaded tokens full meminfo system misc handles counters", 0x61826)


@sample(
    "full-memory-x86",
    "Flags 0x2, 32-bit process",
    "Memory64List of a 32-bit process",
    0x20002,
    streams=[3, 4, 9, 7, 15, 21, 22],
    threads=TIDS_32,
    command_line=COMMAND_32,
    **ERRORS_32,
    **opens(),
)
def _() -> Built:
    return compose("threads modules full system misc counters", 0x20002, "x86")


@sample(
    "full-memory-longer-than-promised", "A full dump with bytes after its memory", "extra bytes at the end are accepted", 0x20002, truncated_by=0, **opens()
)
def _() -> Built:
    return compose("threads modules full system misc", 0x20002, only=1).build() + b"\0" * 777


@sample(
    "tokens",
    "Flag 0x40000: the process token",
    "the token stream, as `.dump` always asks for it",
    0x40000,
    streams=[3, 4, 19, 5, 7, 15, 21, 22],
    writer_version=0xA061,
    **opens(),
)
def _() -> Built:
    return compose("threads modules tokens memory system misc counters", 0x40000, writer=DBGENG)


@sample("tokens-process-and-thread", "Two tokens, one of them of a thread", "more than one element", 0x40000, **opens())
def _() -> Built:
    made = compose("threads modules memory system misc", 0x40000)
    thread = blocks.token_element(0x1B44, 0x1D8, 1, "S-1-5-7", [("S-1-1-0", 7)], "S-1-5-7", [(23, 3)])
    made.add_tokens([token(), thread])
    return made


@sample(
    "xstate-avx",
    "Flag 0x200000: AVX registers after each context",
    "extended contexts and their description",
    0x200000,
    threads=TIDS_64,
    rule="xstate",
    **opens(),
)
def _() -> Built:
    rows = [row._replace(context=blocks.extend(row.context, range(0x10, 0x20), (1, 0x4A5E7FF000 + index))) for index, row in enumerate(process.threads_64())]
    return compose(
        BASIC, 0x200000, threads=rows, shared_data=True, misc={"xstate": blocks.XSTATE_FEATURES, "context_size": blocks.XSTATE_CONTEXT_SIZE["amd64"]}
    )


@sample("xstate-avx-x86", "AVX registers after 32-bit contexts", "contexts of 0x47B bytes", 0x200000, threads=TIDS_32, rule="xstate", **opens())
def _() -> Built:
    rows = [row._replace(context=blocks.extend(row.context, range(0x10, 0x18))) for row in process.threads_32()]
    return compose(
        BASIC, 0x200000, "x86", threads=rows, shared_data=True, misc={"xstate": blocks.XSTATE_FEATURES, "context_size": blocks.XSTATE_CONTEXT_SIZE["x86"]}
    )


@sample("modules-codeview-kinds", "RSDS, NB10, NB09, ELF build id, a .dbg name, none at all", "every kind of debug record", 0, modules=6, **opens())
def _() -> Built:
    made = compose("threads memory system misc")
    base = process.modules()
    kinds: List[Dict[str, Any]] = [
        {},
        {"cv": blocks.nb10(0x3B7D8475, 3, "old.pdb")},
        {"cv": b"NB09" + b"\0" * 12},
        {"cv": blocks.bpel(bytes(range(20)))},
        {"cv": b"", "misc": blocks.image_debug_misc("exe\\old.dbg")},
        {"cv": b""},
    ]
    made.add_module_list([base[index % 5]._replace(base=base[index % 5].base + (0x10000000 if index > 4 else 0), **kind) for index, kind in enumerate(kinds)])
    return made


@sample("modules-no-version-information", "Modules without a version resource", "VS_FIXEDFILEINFO all zero", 0, modules=5, **opens())
def _() -> Built:
    made = compose("threads memory system misc")
    made.add_module_list([row._replace(version=b"\0" * 52) for row in process.modules()])
    return made


# --- exceptions ------------------------------------------------------------------------------------------------------


def _exception_sample(name: str, title: str, code: int, parameters: Any = (), kind: str = "amd64", **more: Any) -> None:
    """Register a dump with an exception; everything else is the same in all of them."""
    arguments = dict(access_violation(kind), code=code, parameters=parameters, **more)

    @sample(
        "exception-" + name,
        title,
        f"an exception stream with code {code:08X}",
        0,
        exception={"code": code, "tid": arguments["tid"], "address": arguments["address"]},
        **opens(),
    )
    def _() -> Built:
        return compose("threads modules memory exception system misc counters", kind=kind, exception=arguments)


_exception_sample("write-violation", "Write to address 0", 0xC0000005, (1, 0))
_exception_sample("read-violation", "Read of a freed block", 0xC0000005, (0, 0xFFFFFFFFFFFFFFFF))
_exception_sample("execute-violation", "A jump into data", 0xC0000005, (8, 0x1D5A3C40000))
_exception_sample("violation-x86", "Write to address 0, 32-bit process", 0xC0000005, (1, 0), "x86")
_exception_sample("in-page-error", "A mapped file went away", 0xC0000006, (0, 0x1D5A3C50000, 0xC000009C))
_exception_sample("fast-fail", "Stack cookie check failed", 0xC0000409, (2,), flags=1)
_exception_sample("cpp", "An uncaught C++ exception", 0xE06D7363, (0x19930520, 0x4A5E6FFEC0, 0x7FF6A1B3E2A0, 0x7FF6A1B20000), flags=1)
_exception_sample("cpp-x86", "An uncaught C++ exception, 32 bit", 0xE06D7363, (0x19930520, 0x00CFFE80, 0x00D2E2A0), "x86", flags=1)
_exception_sample("clr", "An uncaught .NET exception", 0xE0434352, (0x80131509, 0, 0, 0, 0x7FFC10000000), flags=1)
_exception_sample("breakpoint", "A breakpoint instruction", 0x80000003, (0,))
_exception_sample("wake-debugger", "`.dump` from a debugger that had broken in", 0x80000007)
_exception_sample("hang-report", "Windows Error Reporting took a hung program", 0xCFFFFFFF)
_exception_sample("stack-overflow", "The guard page was hit", 0xC00000FD, (1, 0x4A5E6FF000))
_exception_sample("nested", "A record that points to another one", 0xC0000025, nested=0x4A5E6FFE40)


@sample(
    "exception-seen-from-its-handler",
    "The thread is in the crash handler, the exception elsewhere",
    "registers of the thread list and of the exception differ",
    0,
    rule="exception-context-differs",
    exception={"code": 0xC0000005, "tid": 0x1A30, "address": 0x7FF6A1B2145C},
    **opens(),
)
def _() -> Built:
    context = blocks.context_amd64(rip=0x7FF6A1B2145C, rsp=0x4A5E4FFF20, rcx=0)
    return compose(
        "threads modules memory exception system misc counters",
        exception={"tid": 0x1A30, "code": 0xC0000005, "address": 0x7FF6A1B2145C, "parameters": (0, 8), "context": context},
    )


# --- versions of structures and systems ------------------------------------------------------------------------------


def _misc_sample(version: int, title: str, flags: int, **system: Any) -> None:
    """Register a dump whose MiscInfo has one of its five sizes."""
    high = {1: 0x5128, 2: 0x6903, 3: WINDOWS_7, 4: 0x6380, 5: 0xA0F4}[version]
    size = {1: 24, 2: 44, 3: 232, 4: 832, 5: 1364}[version]

    @sample(
        f"misc-info-v{version}",
        title,
        f"MiscInfo of {size} bytes",
        0,
        pid=PID,
        build=system["build"],
        csd=system.get("csd", ""),
        writer_version=high,
        misc_flags=flags,
        **opens(),
    )
    def _() -> Built:
        return compose(
            "threads modules memory system misc",
            version_high=high,
            system=system,
            misc={
                "version": version,
                "flags": flags,
                "build": "26100.1.amd64fre.ge_release.240331-1435" if version == 5 else "9600.16384.amd64fre.winblue_rtm.130821-1623",
                "writer": "dbgcore.amd64,10.0.26100.1" if version == 5 else "dbghelp.amd64,6.3.9600.16384",
            },
        )


_misc_sample(1, "Windows XP era", 0x3, major=5, minor=1, build=2600, csd="Service Pack 3")
_misc_sample(2, "Windows Vista era", 0x7, major=6, minor=0, build=6002, csd="Service Pack 2")
_misc_sample(3, "Windows 7", 0xF7, major=6, minor=1, build=7601, csd="Service Pack 1")
_misc_sample(4, "Windows 8.1", 0x1F7, major=6, minor=3, build=9600)
_misc_sample(5, "Windows 11 24H2", 0x3F7, build=26100)


@sample(
    "misc-info-id-only",
    "MiscInfo that knows only the process id",
    "Flags1 decides which members count",
    0,
    pid=PID,
    misc_flags=1,
    rule="no-process-times",
    **opens(),
)
def _() -> Built:
    return compose("threads modules memory system misc", misc={"version": 5, "flags": 1})


@sample("misc-info-missing", "No MiscInfo", "the process id shows as f0f0f0f0, no uptime", 0, missing=[15], rule="no-misc-info", **opens())
def _() -> Built:
    return compose("threads modules memory system")


@sample("server-2022", "Windows Server 2022", "product type and suites of a server", 0, build=20348, **opens())
def _() -> Built:
    return compose(BASIC, system={"build": 20348, "product": 3, "suite": 0x110, "processors": 64})


@sample("counters-v1", "Memory counters of older Windows 10", "the short forms of streams 21 and 22", 0, streams=[3, 4, 5, 7, 15, 21, 22], **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_system_memory_info(1)
    made.add_vm_counters(1)
    return made


@sample("commit-exhausted", "Committed pages near the limit", "a machine out of commit", 0, rule="commit-exhausted", **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_system_memory_info(2, commit_nearly_full=True)
    made.add_vm_counters(2)
    return made


@sample("job-memory-limit", "A process in a job with a memory limit", "job members of stream 22", 0, rule="job-limit", **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_vm_counters(2, job_limit=0xE80000)
    return made


# --- other streams of Microsoft's ------------------------------------------------------------------------------------


@sample(
    "comments", "Comments in ANSI and Unicode", "streams 10 and 11", 0, streams=[3, 4, 5, 7, 15, 10, 11], comment="Unicode comment: \u00e4\u20ac", **opens()
)
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_comment_a("ANSI comment")
    made.add_comment_w("Unicode comment: \u00e4\u20ac")
    return made


@sample(
    "comment-procdump",
    "The comment procdump leaves",
    "who wrote it can be told from stream 11",
    0x461826,
    comment="\r\n*** procdump.exe  -ma -e demo.exe\r\n*** Unhandled exception: C0000005.ACCESS_VIOLATION",
    writer="procdump",
    **opens(),
)
def _() -> Built:
    made = compose("threads info modules full meminfo exception system misc counters", 0x461826, only=1, exception=dict(access_violation(), tid=0x1A30))
    made.add_comment_w("\r\n*** procdump.exe  -ma -e demo.exe\r\n*** Unhandled exception: C0000005.ACCESS_VIOLATION")
    return made


@sample("function-tables", "Code made at run time", "stream 13 with two tables", 0, function_tables=2, streams=[3, 4, 13, 5, 7, 15, 21, 22], **opens())
def _() -> Built:
    made = DumpBuilder("amd64")
    made.add_thread_list(process.threads_64())
    made.add_module_list(process.modules())
    entries = [struct.pack("<III", 0x100 * index, 0x100 * index + 0x80, 0x5000 + 8 * index) for index in range(5)]
    made.add_function_tables(
        [FunctionTable(0x1D5B0000000, 0x1D5B000FBC0, 0x1D5B0000000, entries[:1]), FunctionTable(0x1D5B0100000, 0x1D5B0110000, 0x1D5B0100000, entries, pad=0)]
    )
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    made.add_system_memory_info()
    made.add_vm_counters()
    return made


RUN_TIME = 0x1D5B0000000
"""Where the run-time code of the next sample lies."""


def run_time_code() -> bytes:
    """Two functions and their unwind data: one at +0x100 calls the one at +0x200, both described at +0x300 and on."""
    made = bytearray(0x400)
    # +0x100: push rbx; sub rsp, 0x20; call +0x200; add rsp, 0x20; pop rbx; ret
    made[0x100:0x110] = bytes.fromhex("53 4883ec20 e8f6000000 4883c420 5b c3")
    # +0x200: push rbp; sub rsp, 0x30; mov eax, [0]; add rsp, 0x30; pop rbp; ret
    made[0x200:0x212] = bytes.fromhex("55 4883ec30 8b042500000000 4883c430 5d c3")
    # UNWIND_INFO: version 1, a prologue of 5 bytes, two codes: +5 ALLOC_SMALL, +1 PUSH_NONVOL
    made[0x300:0x308] = bytes.fromhex("01050200 0532 0130")
    made[0x308:0x310] = bytes.fromhex("01050200 0552 0150")
    return bytes(made)


@sample(
    "stack-run-time-code",
    "A crash in code made at run time",
    "a stack that the dump's own unwind data walk, down to a module whose image is not in it",
    0,
    function_tables=1,
    streams=[3, 6, 4, 13, 5, 7, 15],
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64")
    sp = 0xCB587FFE00
    words = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xCB587FFF00, RUN_TIME + 0x10A, 0x77, 0x88, 0x99, 0xAA, 0xB0B, 0x7FF6A1B21490, 0, 0]
    context = blocks.context_amd64(rip=RUN_TIME + 0x205, rsp=sp, rbp=0x1234, rbx=0x5678)
    tid = process.THREADS_64[0].tid
    made.add_thread_list([Thread(tid, 0, context, sp, struct.pack("<16Q", *words))])
    made.add_exception(tid, 0xC0000005, RUN_TIME + 0x205, (0, 0), context)
    made.add_module_list(process.modules())
    made.add_function_tables(
        [FunctionTable(RUN_TIME, RUN_TIME + 0x400, RUN_TIME, [struct.pack("<III", 0x100, 0x110, 0x300), struct.pack("<III", 0x200, 0x212, 0x308)])]
    )
    made.add_memory(RUN_TIME, run_time_code())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


@sample(
    "handle-operations",
    "Application Verifier traced the handles",
    "what `!htrace` reads: an open, a close, a use of the closed handle",
    0x4,
    handles=DEMO_HANDLES,
    operations=3,
    **opens(True),
)
def _() -> Built:
    made = compose("threads modules memory system misc handles", 0x4)
    stack = [0x7FFC3A78D0F4, 0x7FFC37F5A8DE, 0x7FF6A1B21490]
    made.add_handle_operations([Operation(0x6C, PID, 0x1B44, 1, stack), Operation(0x6C, PID, 0x1B44, 2, stack[:2]), Operation(0x6C, PID, 0x0C58, 3, stack)])
    return made


@sample(
    "thread-names",
    "Threads with descriptions",
    "stream 24",
    0,
    thread_names={0x1A30: "main", 0x1B44: "worker"},
    streams=[3, 4, 5, 7, 15, 21, 22, 24],
    **opens(),
)
def _() -> Built:
    return compose(BASIC + " names")


@sample("user-stream", "A program's own stream 0x10000", "opaque bytes of the program that wrote the dump", 0, streams=[3, 4, 5, 7, 15, 65536], **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_stream(0x10000, '<DemoCrash version="1"><Stage>loading</Stage></DemoCrash>'.encode("utf-16-le"))
    return made


@sample(
    "javascript-and-processor-trace",
    "Streams 20 and 23",
    "opaque data of the script engine and of Intel PT",
    0x400000,
    streams=[3, 4, 5, 7, 15, 20, 23],
    **opens(),
)
def _() -> Built:
    made = compose("threads modules memory system misc", 0x400000)
    made.add_javascript(b"\x01\0\0\0chakra" + b"\0" * 22)
    made.add_ipt_trace(struct.pack("<IHHI", 0x24, 1, 1, 0x10) + b"\x02\x82" * 8 + b"\0" * 8)
    return made


@sample(
    "compressed-memory",
    "Flag 0x04000000: memory in compressed form",
    "stream 25, which older debuggers cannot read",
    0x04000000,
    streams=[3, 4, 25, 7, 15],
    missing=[5, 9],
    rule="compressed-memory",
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64", 0x04000000, 0xA0F4)
    made.add_thread_list([row._replace(stack=b"") for row in process.threads_64()])
    made.add_module_list(process.modules())
    made.add_compressed_memory(b"\x28\xb5\x2f\xfd" + b"\0" * 60)
    made.add_system_info(build=26100)
    made.add_misc_info(writer="dbgcore.amd64,10.0.26100.4000")
    return made


@sample("compressed-memory-sql", "SQL Server's compressed memory", "stream 0x7000", 0, streams=[3, 4, 5, 7, 15, 0x7000], **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_compressed_memory(b"\0" * 64, 0x7000)
    return made


# --- other processors ------------------------------------------------------------------------------------------------


def _other(arch: str, context: bytes, module: Module, teb: int, sp: int, base: int) -> DumpBuilder:
    made = DumpBuilder(arch)
    made.add_thread_list([Thread(0x1A30, teb, context, sp, b"\0" * (base - sp))])
    made.add_module_list([module])
    made.add_memory_list()
    made.add_system_info(level=8, revision=0x803, cpu=struct.pack("<QQ8x", 0x5F6B000, 0))
    made.add_misc_info(writer=f"dbgcore.{arch},10.0.19041.3636")
    return made


@sample("arm64-process", "An ARM64 process", "912-byte contexts", 0, arch="arm64", bits=64, threads=[0x1A30], context_size=CONTEXT_SIZES["arm64"], **opens())
def _() -> Built:
    return _other(
        "arm64",
        blocks.context_arm64(pc=0x7FF6A1B21010, sp=0x4A5E4FFEE0, lr=0x7FF6A1B21450, fp=0x4A5E4FFF00, x0=0x54),
        process.modules()[0],
        0x4A5E3F2000,
        0x4A5E4FFEE0,
        0x4A5E500000,
    )


@sample(
    "arm-process", "A 32-bit ARM process", "416-byte contexts, Thumb", 0, arch="arm", bits=32, threads=[0x1A30], context_size=CONTEXT_SIZES["arm"], **opens()
)
def _() -> Built:
    return _other(
        "arm", blocks.context_arm(pc=0x00D11010, sp=0x006FFE3C, lr=0x00D11451, r0=0x54), process.modules("x86")[0], 0x00B42000, 0x006FFE3C, 0x00700000
    )


@sample(
    "thread-ex-list",
    "The extended thread list",
    "64-byte entries with a backing store, as for IA-64",
    0,
    streams=[8, 4, 5, 7, 15],
    arch="amd64",
    threads=TIDS_64,
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64")
    made.add_thread_list([row._replace(backing_store=(0x4A5E800000, 0x1000, 0)) for row in process.threads_64()], extended=True)
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


# --- circumstances ---------------------------------------------------------------------------------------------------


@sample(
    "self-dump",
    "A process that dumped itself",
    "ThreadInfo says which thread did it",
    0x1000,
    dump_flags={0x1A30: 0, 0x1B44: 2, 0x0C58: 0},
    rule="self-dump",
    **opens(),
)
def _() -> Built:
    threads = process.threads_64()
    infos = process.thread_info(threads)
    infos[1] = infos[1]._replace(flags=2)
    return compose("threads info modules memory system misc counters", 0x1000, threads=threads, infos=infos)


@sample("many-threads", "Eighty threads, two of them busy", "a longer list with times", 0x1000, thread_count=80, threads_busy=[0x2010, 0x2080], **opens())
def _() -> Built:
    context = blocks.context_amd64(rip=0x7FFC3A78D0F4, rsp=0x4A5E4FFFC0)
    made = DumpBuilder("amd64", 0x1000)
    where = (len(context), made.append(context))
    tids = [0x2000 + 4 * index for index in range(80)]
    made.add_thread_list([Thread(tid, 0x4A5E400000 + 0x2000 * index, location=where) for index, tid in enumerate(tids)])
    made.add_thread_info(
        [ThreadInfo(tid, user=900_000_000 if tid in (0x2010, 0x2080) else 0, kernel=156_250 * index, start=0x7FF6A1B21A00) for index, tid in enumerate(tids)]
    )
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


@sample(
    "windows-7-dbghelp",
    "Written by dbghelp of Windows 7",
    "version 61B1, no streams 21 and 22",
    0x1004,
    writer_version=WINDOWS_7,
    handles=DEMO_HANDLES,
    streams=[3, 17, 4, 5, 7, 15, 12],
    **opens(True),
)
def _() -> Built:
    return compose(
        "threads info modules memory system misc handles",
        0x1004,
        version_high=WINDOWS_7,
        writer=DBGHELP_7,
        rows=handles(),
        system={"major": 6, "minor": 1, "build": 7601, "csd": "Service Pack 1"},
        misc={"version": 3},
    )


@sample(
    "module-names",
    "Module names that the debugger changes",
    "dots, blanks, an .exe and a .dll of one name, three equal names, no name at all",
    0,
    modules=17,
    debugger_names=[
        "my_app_exe",
        "my_app",
        "my_app_7ff610200000",
        "MY_APP_7ff610300000",
        "kernel_appcore",
        "api_ms_win_core_file_l1_2_0",
        "7z",
        "Plug_In__1_",
        "______",
        "__",
        "libgcc_s_dw2_1",
        "libc_so",
        "",
        "_7ff610d00000",
        "Unknown_Module_00007ff6_10e00000",
        "Unknown_Module_00007ff6_10f00000",
        "beef",
    ],
    **opens(),
)
def _() -> Built:
    names = (
        "C:\\demo\\my-app.exe",
        "C:\\demo\\my-app.dll",
        "C:\\demo\\plugins\\my-app.dll",
        "C:\\demo\\MY APP.DLL",
        "C:\\Windows\\System32\\kernel.appcore.dll",
        "C:\\Windows\\System32\\api-ms-win-core-file-l1-2-0.dll",
        "C:\\demo\\7z.dll",
        "C:\\demo\\Plug+In (1).dll",
        "C:\\demo\\модуль.dll",
        "C:\\demo\\日本.dll",
        "C:\\mingw\\libgcc_s_dw2-1.dll",
        "/lib/x86_64-linux-gnu/libc.so.6",
        "C:\\demo\\.dll",
        "C:\\demo\\.so",
        "",
        "..",
        "C:\\demo\\beef.dll",
    )
    made = compose("threads memory system misc")
    made.add_module_list([Module(0x7FF610000000 + 0x100000 * index, 0x10000, name) for index, name in enumerate(names)])
    thread = process.threads_64()[0]
    made.add_exception(thread.tid, 0xC0000005, 0x7FF610300010, (0, 0), thread.context)
    return made

"""Dumps with nothing wrong, as Microsoft's writers leave them: small ones by flag, and circumstances, in 32 and 64 bit."""

from typing import Any, Dict, List

from . import blocks, process
from .catalogue import Built, sample
from .process import PID
from .recipes import DBGENG, DBGHELP_7, DEMO_HANDLES, WINDOWS_7, compose, handles, token
from .writer import DumpBuilder, Module, Thread, ThreadInfo

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

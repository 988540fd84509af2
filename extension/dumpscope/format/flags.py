"""MINIDUMP_TYPE: what a writer can be asked for, what must then be in the file, and what the writer makes of the request."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from .layout import MINIDUMPAPISET, FlagSet

MiniDumpNormal = 0x0
MiniDumpWithDataSegs = 0x1
MiniDumpWithFullMemory = 0x2
MiniDumpWithHandleData = 0x4
MiniDumpFilterMemory = 0x8
MiniDumpScanMemory = 0x10
MiniDumpWithUnloadedModules = 0x20
MiniDumpWithIndirectlyReferencedMemory = 0x40
MiniDumpFilterModulePaths = 0x80
MiniDumpWithProcessThreadData = 0x100
MiniDumpWithPrivateReadWriteMemory = 0x200
MiniDumpWithoutOptionalData = 0x400
MiniDumpWithFullMemoryInfo = 0x800
MiniDumpWithThreadInfo = 0x1000
MiniDumpWithCodeSegs = 0x2000
MiniDumpWithoutAuxiliaryState = 0x4000
MiniDumpWithFullAuxiliaryState = 0x8000
MiniDumpWithPrivateWriteCopyMemory = 0x10000
MiniDumpIgnoreInaccessibleMemory = 0x20000
MiniDumpWithTokenInformation = 0x40000
MiniDumpWithModuleHeaders = 0x80000
MiniDumpFilterTriage = 0x100000
MiniDumpWithAvxXStateContext = 0x200000
MiniDumpWithIptTrace = 0x400000
MiniDumpScanInaccessiblePartialPages = 0x800000
MiniDumpFilterWriteCombinedMemory = 0x01000000
MiniDumpNoIgnoreInaccessibleMemory = 0x02000000
MiniDumpWithMemoryCompression = 0x04000000

VALID_TYPE_FLAGS = 0x01FFFFFF
"""MiniDumpValidTypeFlags of SDK 10.0.26100. Bits 0x02000000 and 0x04000000 came on top of it."""

# How a statement about writers is known.
DOCUMENTED = "documented"  # Microsoft's or the tool's documentation
SOURCE_CODE = "source"  # the program's published source
OBSERVED_IN_FILES = "observed"  # seen in dump files
DISASSEMBLY = "disassembly"  # reported from a published disassembly of dbgcore, not confirmed otherwise
INFERRED = "inferred"  # follows from other facts

_ORIGINAL = "DbgHelp 5.1"
_AFTER_51 = "later than DbgHelp 5.1"
_AFTER_61 = "later than DbgHelp 6.1"
_SINCE_61 = "DbgHelp 6.1"


class TypeBit(NamedTuple):
    """One bit of MINIDUMP_TYPE.

    ``letter`` is the option of ``.dump /m`` that sets it, an empty string when there is none. ``streams`` are the stream
    types that must then be in the file and ``memory`` the memory that must be captured. ``absent`` says why they may be
    missing all the same. ``commands`` need what the bit brings, ``harms`` work worse because of it. ``cost`` is what it adds
    to the file or to the time the process stands still. ``writers`` are programs known to set it.
    """

    bit: int
    name: str
    since: str
    letter: str
    asks: str
    streams: Tuple[int, ...] = ()
    memory: str = ""
    absent: Tuple[str, ...] = ()
    commands: Tuple[str, ...] = ()
    harms: Tuple[str, ...] = ()
    cost: str = ""
    writers: Tuple[str, ...] = ()


_FULL_CLEARS = "cleared in the header when full memory (0x2) is asked for, which contains it already"
_NO_OPTIONAL = "cleared when optional data is ruled out (0x400)"

_BITS = (
    TypeBit(
        MiniDumpNormal,
        "MiniDumpNormal",
        _ORIGINAL,
        "m",
        "what every dump has: threads, registers, stacks, modules, system",
        (3, 4, 5, 7, 15),
        "the stack of each thread from the stack pointer to its base, and 256 bytes of code around the instruction pointer",
        ("a thread that could not be opened has no stack and no registers",),
        ("k", "r", "~", "lm"),
        (),
        "tens of kilobytes; a few kilobytes a thread",
        ("Breakpad", "Crashpad", ".dump /m"),
    ),
    TypeBit(
        MiniDumpWithDataSegs,
        "MiniDumpWithDataSegs",
        _ORIGINAL,
        "d",
        "writable data sections of the modules: global variables",
        (),
        "the .data of every module",
        (_FULL_CLEARS, "a callback of the writing program left modules out"),
        ("x /v", "dt of a global variable", "!heap", "!locks", "!cs"),
        (),
        "a few megabytes to some tens",
        ("procdump -mm", "createdump", "dotnet-dump"),
    ),
    TypeBit(
        MiniDumpWithFullMemory,
        "MiniDumpWithFullMemory",
        _ORIGINAL,
        "f",
        "all committed memory that can be read",
        (9,),
        "everything, in Memory64ListStream at the end of the file; no MemoryListStream, and thread stacks have RVA 0",
        (
            "a page that could not be read ends the writing unless unreadable memory is ignored (0x20000)",
            "guard and no-access pages are never captured",
            "with memory compression (0x04000000) the memory is in CompressedMemoryStream",
        ),
        ("!heap", "!address", "!locks", "!cs", "!peb", "!dlls", "!teb", "!gle", "s", "SOS commands", "dt of heap objects"),
        (),
        "as much as the process has committed; the process stands still meanwhile",
        ("Task Manager", "procdump -ma", ".dump /ma", "WER DumpType 2", "comsvcs.dll MiniDump", "createdump --full"),
    ),
    TypeBit(
        MiniDumpWithHandleData,
        "MiniDumpWithHandleData",
        _ORIGINAL,
        "h",
        "the process's handle table",
        (12,),
        "",
        (
            "the writer had no PROCESS_DUP_HANDLE right on the process: newer writers leave the stream out, those of the Windows 7 era leave it empty",
            "the process had no handle that could be listed",
            "the dump was made from a process snapshot that was taken without its handles",
            "the dump was rewritten from another dump that had no handles",
            "the writer is not Microsoft's and ignores the bit",
        ),
        ("!handle", "!htrace"),
        (),
        "about 100 bytes a handle, more with long names; each handle is duplicated and asked",
        ("Task Manager", "procdump", ".dump /ma", ".dump /mh", "createdump", "comsvcs.dll MiniDump"),
    ),
    TypeBit(
        MiniDumpFilterMemory,
        "MiniDumpFilterMemory",
        _ORIGINAL,
        "r",
        "stack words that are not needed to walk the stack are overwritten with zeros",
        (),
        "stacks that are mostly zero",
        (_FULL_CLEARS,),
        (),
        ("dv", "dps", "dt of local variables"),
        "none",
        ("createdump --triage",),
    ),
    TypeBit(
        MiniDumpScanMemory,
        "MiniDumpScanMemory",
        _ORIGINAL,
        "",
        "mark the modules that the stacks refer to, so that the program's callback can leave the others out",
        (),
        "",
        ("without a callback it changes nothing that shows", _FULL_CLEARS),
        (),
        (),
        "the time of a scan",
    ),
    TypeBit(
        MiniDumpWithUnloadedModules,
        "MiniDumpWithUnloadedModules",
        _AFTER_51,
        "u",
        "the list of recently unloaded modules",
        (14,),
        "",
        ("nothing had been unloaded: the stream is then not written",),
        ("lm (Unloaded modules)", "!analyze of a crash in an unloaded module"),
        (),
        "24 bytes and a name for each, 64 at the most",
        ("Task Manager", "procdump", ".dump /ma", "WER LocalDumps"),
    ),
    TypeBit(
        MiniDumpWithIndirectlyReferencedMemory,
        "MiniDumpWithIndirectlyReferencedMemory",
        _AFTER_51,
        "i",
        "memory around the addresses that are found on stacks",
        (),
        "many small blocks, about 1 KiB each",
        (_FULL_CLEARS, _NO_OPTIONAL),
        ("dt through a pointer on the stack",),
        (),
        "a few megabytes, by the depth of the stacks",
        ("procdump -mm",),
    ),
    TypeBit(
        MiniDumpFilterModulePaths,
        "MiniDumpFilterModulePaths",
        _AFTER_51,
        "R",
        "drop directories from module names",
        (),
        "",
        (),
        (),
        ("image lookup by path", "lmv"),
        "none",
        ("createdump --triage",),
    ),
    TypeBit(
        MiniDumpWithProcessThreadData,
        "MiniDumpWithProcessThreadData",
        _AFTER_51,
        "p",
        "the process's and the threads' own records",
        (),
        "PEB, TEBs, process parameters, environment, loader lists, thread-local storage",
        (_FULL_CLEARS, "a TEB could not be read (INVALID_TEB in the thread's information)"),
        ("!peb", "!teb", "!gle", "!dlls", ".tls"),
        (),
        "8 KiB a thread and some tens of kilobytes",
        ("WER LocalDumps", "createdump --triage"),
    ),
    TypeBit(
        MiniDumpWithPrivateReadWriteMemory,
        "MiniDumpWithPrivateReadWriteMemory",
        _AFTER_51,
        "w",
        "private pages that can be written: heaps and stacks",
        (),
        "most of what the program allocated",
        (_FULL_CLEARS, _NO_OPTIONAL),
        ("!heap", "SOS commands", "dt of heap objects"),
        (),
        "as much as the process's private bytes",
        ("procdump -mp", "createdump --withheap", "dotnet-dump --type Heap"),
    ),
    TypeBit(
        MiniDumpWithoutOptionalData,
        "MiniDumpWithoutOptionalData",
        _AFTER_61,
        "",
        "leave out memory that is not essential; also clears bits that ask for it",
        (),
        "",
        (),
        (),
        ("everything that needs memory beyond the stacks",),
        "none",
        ("createdump --triage",),
    ),
    TypeBit(
        MiniDumpWithFullMemoryInfo,
        "MiniDumpWithFullMemoryInfo",
        _AFTER_61,
        "F",
        "the map of the whole address space, as VirtualQueryEx tells it",
        (16,),
        "",
        ("the query failed", "the writer is not Microsoft's and ignores the bit"),
        ("!address", "!vprot", "!mapped_file"),
        (),
        "48 bytes a region, often some hundred kilobytes",
        ("Task Manager", "procdump", ".dump /ma", "dotnet-dump"),
    ),
    TypeBit(
        MiniDumpWithThreadInfo,
        "MiniDumpWithThreadInfo",
        _AFTER_61,
        "t",
        "times, start address, exit status and affinity of each thread",
        (17,),
        "",
        (
            "an old dbghelp.dll lies in the writing program's folder",
            "a thread could not be asked: its entry is there and says INVALID_INFO",
            "the writer is not Microsoft's and ignores the bit",
        ),
        ("!runaway", ".ttime", "~* (Start, Affinity)"),
        (),
        "64 bytes a thread",
        ("Task Manager", "procdump", ".dump /ma", "createdump", "dotnet-dump"),
    ),
    TypeBit(
        MiniDumpWithCodeSegs,
        "MiniDumpWithCodeSegs",
        _AFTER_61,
        "c",
        "code and other executable sections of the modules",
        (),
        "the .text of every module",
        (_FULL_CLEARS,),
        ("u without the binaries", "!chkimg"),
        (),
        "as much as the modules' code, some hundred megabytes in large programs",
    ),
    TypeBit(
        MiniDumpWithoutAuxiliaryState,
        "MiniDumpWithoutAuxiliaryState",
        _SINCE_61,
        "",
        "do not ask helper libraries (such as the .NET runtime's) for memory",
        (),
        "",
        (),
        (),
        ("SOS commands",),
        "none",
    ),
    TypeBit(
        MiniDumpWithFullAuxiliaryState,
        "MiniDumpWithFullAuxiliaryState",
        _SINCE_61,
        "",
        "ask helper libraries (such as the .NET runtime's) for everything they offer",
        (),
        "ranges that the helpers named",
        (_FULL_CLEARS, _NO_OPTIONAL, "the helper library is not registered or could not be loaded"),
        ("SOS commands",),
        (),
        "by the helper; some megabytes",
    ),
    TypeBit(
        MiniDumpWithPrivateWriteCopyMemory,
        "MiniDumpWithPrivateWriteCopyMemory",
        _SINCE_61,
        "",
        "private copies of write-copy pages",
        (),
        "pages of images and mapped files that the process changed",
        (_FULL_CLEARS, _NO_OPTIONAL),
        ("dt of a global variable",),
        (),
        "a few megabytes",
    ),
    TypeBit(
        MiniDumpIgnoreInaccessibleMemory,
        "MiniDumpIgnoreInaccessibleMemory",
        _SINCE_61,
        "A",
        "go on when memory cannot be read",
        (),
        "as without it, with holes",
        (),
        (),
        (),
        "none; newer dbgcore sets it by itself together with full memory",
        ("Task Manager since Windows 10", "procdump", ".dump /mA"),
    ),
    TypeBit(
        MiniDumpWithTokenInformation,
        "MiniDumpWithTokenInformation",
        _SINCE_61,
        "",
        "access tokens of the process and its threads",
        (19,),
        "",
        ("the query was refused", "cleared by the triage filter (0x100000)"),
        ("!token",),
        (),
        "one to two kilobytes a token",
        (".dump (always)", "procdump", "WER"),
    ),
    TypeBit(
        MiniDumpWithModuleHeaders,
        "MiniDumpWithModuleHeaders",
        _SINCE_61,
        "",
        "the PE headers of the modules",
        (),
        "the first page of every module",
        (_FULL_CLEARS,),
        ("!dh", "image and symbol lookup without the binaries"),
        (),
        "4 KiB a module",
    ),
    TypeBit(
        MiniDumpFilterTriage,
        "MiniDumpFilterTriage",
        _SINCE_61,
        "",
        "leave out what is likely to be personal: paths, tokens",
        (),
        "",
        (_FULL_CLEARS,),
        (),
        ("!token", "lmv", "!peb"),
        "none; cannot be combined with 0x200000",
        ("createdump --triage", "WER triage dumps"),
    ),
    TypeBit(
        MiniDumpWithAvxXStateContext,
        "MiniDumpWithAvxXStateContext",
        "SDK of Windows 8.1",
        "y",
        "AVX and other extended registers in the threads' contexts",
        (15,),
        "",
        ("the processor or Windows has no extended state",),
        ("r ymm0", "rM 0x200000"),
        (),
        "some hundred bytes a thread, 2 KiB with AVX-512; set by itself for a process with a shadow stack",
        ("Task Manager on newer processors",),
    ),
    TypeBit(
        MiniDumpWithIptTrace,
        "MiniDumpWithIptTrace",
        "SDK of Windows 10 1809",
        "",
        "Intel Processor Trace buffers",
        (23,),
        "",
        ("the trace service is not running, which is the usual case although Task Manager always asks",),
        ("!ipt",),
        (),
        "none without the service",
        ("Task Manager", "procdump"),
    ),
    TypeBit(
        MiniDumpScanInaccessiblePartialPages,
        "MiniDumpScanInaccessiblePartialPages",
        "SDK of Windows 10 1903",
        "",
        "read regions that fail as a whole page by page",
        (),
        "fewer holes",
        (),
        (),
        (),
        "time, where memory cannot be read",
    ),
    TypeBit(
        MiniDumpFilterWriteCombinedMemory,
        "MiniDumpFilterWriteCombinedMemory",
        "SDK 10.0.22000",
        "",
        "leave out write-combined pages, which are mostly graphics memory",
        (),
        "no PAGE_WRITECOMBINE regions",
        (),
        (),
        (),
        "none; makes dumps of graphics programs smaller and faster",
    ),
    TypeBit(
        MiniDumpNoIgnoreInaccessibleMemory,
        "MiniDumpNoIgnoreInaccessibleMemory",
        "SDK 10.0.26100",
        "",
        "do not set 0x20000 by itself together with full memory",
        (),
        "",
        (),
        (),
        (),
        "none; refused together with 0x20000",
    ),
    TypeBit(
        MiniDumpWithMemoryCompression,
        "MiniDumpWithMemoryCompression",
        "newer than SDK 10.0.26100",
        "",
        "full memory in compressed form",
        (25,),
        "everything, in CompressedMemoryStream",
        ("the writing DLL is older than the bit and refuses it",),
        (),
        ("every command that needs memory, in a debugger older than the bit",),
        "less than full memory, more time",
    ),
)

MINIDUMP_TYPE_BITS: Dict[int, TypeBit] = {row.bit: row for row in _BITS}
"""What is known of each bit; 0 is what every dump has."""

MINIDUMP_TYPE = FlagSet("MINIDUMP_TYPE", {row.bit: (row.name, row.asks) for row in _BITS}, MINIDUMPAPISET)
"""The flags of MINIDUMP_HEADER and of MiniDumpWriteDump. 0x04000000 is newer than SDK 10.0.26100."""

DUMP_LETTERS: Dict[str, int] = {
    "a": 0x1826,
    "A": 0x21826,
    "f": 0x2,
    "F": 0x800,
    "h": 0x4,
    "u": 0x20,
    "t": 0x1000,
    "i": 0x40,
    "p": 0x100,
    "w": 0x200,
    "d": 0x1,
    "c": 0x2000,
    "r": 0x8,
    "R": 0x80,
    "y": 0x200000,
}
"""Options of the debugger's ``.dump /m`` and the bits they set."""

DUMP_ALWAYS = 0x40000
"""What ``.dump`` adds to every request."""


class Normalisation(NamedTuple):
    """One thing that current dbgcore does to a request before it stores it in the header.

    It applies when any bit of ``any_of`` is set, all of ``all_of`` are and none of ``none_of``; ``target`` names a condition of
    the dumped process instead. It clears ``clear`` and then adds ``add``. ``evidence`` says how this is known.
    """

    any_of: int
    all_of: int
    none_of: int
    clear: int
    add: int
    reason: str
    evidence: str
    target: str = ""

    def applies(self, flags: int) -> bool:
        """True when the flags meet the condition."""
        if self.any_of and not flags & self.any_of:
            return False
        return flags & self.all_of == self.all_of and not flags & self.none_of


SHADOW_STACK = "user shadow stack"

NORMALISATION: Tuple[Normalisation, ...] = (
    Normalisation(0, 0x400, 0, 0x04018242, 0, "without optional data (0x400) clears the bits that ask for such memory", DISASSEMBLY),
    Normalisation(0, 0x2, 0x02000000, 0, 0x20000, "full memory (0x2) brings: ignore memory that cannot be read (0x20000)", DISASSEMBLY),
    Normalisation(0x04000002, 0, 0, 0x0019A359, 0, "full memory (0x2) clears the bits whose content it has already", OBSERVED_IN_FILES),
    Normalisation(0, 0x100000, 0, 0x40000, 0x80, "the triage filter (0x100000) drops tokens (0x40000) and module directories (adds 0x80)", DISASSEMBLY),
    Normalisation(0, 0x04000002, 0, 0x2, 0, "compressed memory (0x04000000) takes the place of full memory (0x2)", DISASSEMBLY),
    Normalisation(0, 0, 0, 0, 0x200000, "a process with a user shadow stack brings extended registers (0x200000)", DISASSEMBLY, SHADOW_STACK),
)
"""The steps in the order that they are applied here; the order among them is not known from outside."""


class Refusal(NamedTuple):
    """A combination of bits that current dbgcore refuses as an invalid parameter."""

    all_of: int
    reason: str
    evidence: str


REFUSALS: Tuple[Refusal, ...] = (
    Refusal(0x300000, "the triage filter (0x100000) cannot be combined with extended registers (0x200000)", DISASSEMBLY),
    Refusal(0x02020000, "0x02000000 and 0x20000 contradict each other", DISASSEMBLY),
)


def normalise(flags: int, *, shadow_stack: bool = False) -> Tuple[int, List[str]]:
    """What a request looks like in the header of the file, and why. Steps that change nothing give no reason."""
    reasons = []
    for step in NORMALISATION:
        if (step.target == SHADOW_STACK and not shadow_stack) or not step.applies(flags):
            continue
        after = flags & ~step.clear | step.add
        if after != flags:
            reasons.append(step.reason)
            flags = after
    return flags, reasons


def refused(flags: int) -> List[str]:
    """Why current dbgcore would refuse this request; empty when it would not."""
    reasons = [row.reason for row in REFUSALS if flags & row.all_of == row.all_of]
    unknown = flags & ~(VALID_TYPE_FLAGS | 0x06000000)
    if unknown:
        reasons.append(f"0x{unknown:x} is no known bit")
    return reasons


class KnownMask(NamedTuple):
    """A flags value that a program is known for.

    ``asked`` is True for what the program asks for and False for what stands in the header of its files. ``note`` says more.
    """

    flags: int
    writer: str
    asked: bool
    evidence: str
    note: str = ""


KNOWN_MASKS: Tuple[KnownMask, ...] = (
    KnownMask(0x1826, "Task Manager of Windows 7 and 8", False, OBSERVED_IN_FILES, "12 streams"),
    KnownMask(0x21826, "Task Manager of early Windows 10 (10240)", False, OBSERVED_IN_FILES),
    KnownMask(0x421826, "Task Manager of Windows 10 and 11", False, OBSERVED_IN_FILES, "15 to 17 streams"),
    KnownMask(0x621826, "Task Manager, on a machine with shadow stacks", False, OBSERVED_IN_FILES),
    KnownMask(0x461826, "procdump -ma", False, OBSERVED_IN_FILES, "18 streams; a comment with the command line proves it"),
    KnownMask(0x61826, "procdump -ma", False, OBSERVED_IN_FILES),
    KnownMask(0x61826, ".dump /mA of WinDbg and cdb", False, INFERRED),
    KnownMask(0x61826, "createdump --full, dotnet-dump --type Full", False, INFERRED, "0x41827 after normalisation"),
    KnownMask(0x469925, "procdump -mm or -mp", False, INFERRED, "seen once, without proof of the writer"),
    KnownMask(0x41826, ".dump /ma of WinDbg and cdb", False, OBSERVED_IN_FILES),
    KnownMask(0x41826, "createdump --full, dotnet-dump --type Full", False, INFERRED, "0x41827 after an older DLL's normalisation"),
    KnownMask(0x1826, ".dump /ma of Debugging Tools 6.9", False, DOCUMENTED),
    KnownMask(0x40000, ".dump /m of WinDbg and cdb", False, OBSERVED_IN_FILES),
    KnownMask(0x40004, ".dump /mh of WinDbg and cdb", False, OBSERVED_IN_FILES),
    KnownMask(0x121, "WER LocalDumps with DumpType 1", True, DOCUMENTED, "the default of CustomDumpFlags"),
    KnownMask(0x40121, "WER report, minidump", False, OBSERVED_IN_FILES),
    KnownMask(0x521, "WER micro dump", True, DOCUMENTED),
    KnownMask(0x51B25, "WER heap dump", True, DOCUMENTED),
    KnownMask(0x1005, "createdump --normal, dotnet-dump --type Mini", True, SOURCE_CODE),
    KnownMask(0x41A25, "createdump --withheap, dotnet-dump --type Heap", True, SOURCE_CODE),
    KnownMask(0x1205AC, "createdump --triage, dotnet-dump --type Triage", True, SOURCE_CODE),
    KnownMask(0x41827, "createdump --full, dotnet-dump --type Full", True, SOURCE_CODE),
    KnownMask(0x6, "comsvcs.dll MiniDump", False, OBSERVED_IN_FILES, "13 streams"),
    KnownMask(0x2, "comsvcs.dll MiniDump", False, OBSERVED_IN_FILES),
    KnownMask(0x21021, "System Informer, minimal dump", True, SOURCE_CODE),
    KnownMask(0x0, "Breakpad client on Windows", False, OBSERVED_IN_FILES, "the program may choose other flags"),
    KnownMask(0x0, "Crashpad", False, OBSERVED_IN_FILES, "has handles and other streams that no bit asks for"),
    KnownMask(0x200000, "Crashpad", False, OBSERVED_IN_FILES, "has handles and other streams that no bit asks for"),
    KnownMask(0x1825, "a crash handler of the program's own", True, OBSERVED_IN_FILES),
)
"""Flags values of known programs. A value is a hint, not a proof: look at the build string and the comments first."""


def writers_of(flags: int) -> List[KnownMask]:
    """Programs whose files are known to have exactly these flags, asked for or after normalisation."""
    return [row for row in KNOWN_MASKS if row.flags == flags or (row.asked and normalise(row.flags)[0] == flags)]

"""Messages of WinDbg, cdb, kd, dumpchk, Visual Studio and the debugger engine below them."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from .known import KERNEL, LIVE, OPENING, READING, SYMBOLS, Known

_CONSOLE = "look into the command window, or View > Logs: the line above `Could not open dump file` says why"
_ADMIN = "copy the file out of C:\\Windows or the WER queue to a folder of yours, or start the debugger as administrator"
_PATH = (
    "check the path that the debugger was given: quotes around blanks, the right drive, and whether it is a file and not a folder such as C:\\Windows\\Minidump"
)
_VISUAL_STUDIO = "Visual Studio's debugger"
_STORED = (
    "`dumpscope exception DUMP` shows the exception that a dump of the process stores, with its address, registers and stack; Visual Studio "
    "says the same words of that exception when it debugs the dump",
)
_USER_CONTEXT = ("THR014", "EXC006", "THR012", "THR009")

MESSAGES: Tuple[Known, ...] = (
    Known(
        r"open\s*dum\w{0,2}\s*file\s*wid|faild? to open\s*dump|\bfailure:? \(?hr ?=",
        "WinDbg's window",
        OPENING,
        "The debugger engine did not open the file. The window shows only its HRESULT; the reason is in the file, or in the path",
        (),
        (),
        (_CONSOLE,),
    ),
    Known(
        r"access to (?:the )?path .{0,200}is denied|access path .{0,200}is denied|acces+ to (?:the )?path",
        "WinDbg's window",
        OPENING,
        "The debugger may not read the file: its folder or the file itself belongs to administrators, or another program has it open",
        (),
        (),
        (_ADMIN, "close the program that still writes it"),
    ),
    Known(
        r"could not find the .{1,300}dump file",
        "the debugger",
        OPENING,
        "There is no such file at the path that it was given",
        (),
        (),
        (_PATH,),
    ),
    Known(
        r"could not match dump file signature|invalid file format",
        "the debugger engine",
        OPENING,
        "The file does not begin as a dump does",
        ("OPN023", "OPN001", "OPN002", "OPN006", "OPN005"),
    ),
    Known(
        r"minidump does not have system info",
        "the debugger engine",
        OPENING,
        "The debugger finds no SystemInfoStream",
        ("OPN008", "OPN009", "OPN010", "OPN019"),
    ),
    Known(
        r"full-?memory minidump must have a memory64liststream|partial memory minidumps can'?t have memory64"
        r"|full memory minidumps can'?t have memoryliststreams",
        "the debugger engine",
        OPENING,
        "Flag 0x2 and Memory64ListStream contradict each other, or the list's size is wrong",
        ("OPN025", "OPN024", "OPN013", "OPN014", "OPN028"),
    ),
    Known(
        r"(?:unrecognized|unknown|unsupported) (?:processor|cpu) architecture",
        "the debugger engine",
        OPENING,
        "This debugger does not know the processor",
        ("OPN015",),
    ),
    Known(
        r"directory (?:not present|only partially present) in dump|directory rva overflows|invalid rva value",
        "the debugger engine",
        OPENING,
        "The directory, or what it points to, is not where it should be",
        ("OPN007", "OPN026", "OPN019", "MOD003"),
    ),
    Known(
        r"dump file is too large to map",
        "the debugger engine",
        OPENING,
        "The file is shorter than what it promises: mostly shorter than a header, or BaseRva points beyond its end",
        ("OPN024", "OPN016", "OPN005", "OPN004"),
    ),
    Known(r"conflicting region|DbsSplayTreeRangeMap", "the debugger engine", OPENING, "Two ranges give different bytes for one address", ("OPN018",)),
    Known(r"memory range data (?:not|only partially) present", "the debugger engine", OPENING, "A memory range lies outside the file", ("OPN017",)),
    Known(
        r"thread, module or memory region count is zero|dump file is probably corrupt",
        "the debugger engine",
        OPENING,
        "A user dump of the old kind without threads, modules or memory",
        ("OPN003",),
    ),
    Known(
        r"failure when opening dump file|format not understood by the debugger|dump file format is not supported"
        r"|debugclient cannot open dumpfile|could not open dump|cannot open (?:the )?(?:crash )?dump"
        r"|can'?t open .{0,60}\bd(?:u)?mp\b|unable to open .{0,40}dump|fail\w* to (?:open|load) .{0,40}dump"
        r"|opendumpfile.{0,200}(?:failed|error|returned)|error opening .{0,40}dump"
        r"|debugging session could not be started|(?:unable|failed) to (?:create|start) (?:a |the )?debug(?:ging)? session"
        r"|\bopendumpfile(?:wide|2)?\b|dump file .{0,40}(?:could not|cannot) be opened",
        "the debugger",
        OPENING,
        "The file was not opened",
        general=True,
    ),
    Known(
        r"the (?:dump|minidump|file) .{0,40}(?:is not (?:a )?valid|is corrupt\w*|format is (?:invalid|unknown))"
        r"|not a (?:valid )?(?:mini)?dump(?: file)?\b|invalid dump file|unsupported dump|unknown dump",
        "a reader of dumps",
        OPENING,
        "The file was not taken for a dump",
        general=True,
    ),
    Known(
        r"only registers,? stack and portions of memory are available",
        "the debugger engine",
        READING,
        "No fault: the first lines of a session say that the dump has only a part of the process's memory",
        ("MEM002", "MEM006"),
    ),
    Known(
        r"(?:this )?dump file has an exception of interest stored|can be accessed via \.ecxr",
        "the debugger engine",
        READING,
        "No fault: the first lines of a session say that an exception is stored; `.ecxr` shows its registers, `exception DUMP` of dumpscope its meaning",
    ),
    Known(
        r"with full memory: only application data is available|only application data is available",
        "the debugger engine",
        READING,
        "No fault: the first lines of a session say that the dump has all memory of the process, and nothing of the kernel",
    ),
    Known(
        r"reload failure, partially initialized target|does not have a current process or thread|illegal thread error",
        "the debugger engine",
        READING,
        "The file opens, and the session has no thread",
        ("OPN011", "EXC005"),
    ),
    Known(
        r"wow64exts:|wow64exts? .{0,40}(?:fail|error|could not)|could not determine .{0,40}wow64",
        "the debugger's wow64exts",
        READING,
        "The extension that changes to the 32-bit side of a process finds none, or what it needs of it is not in the dump",
        ("MOD006", "MEM003"),
        ("!wow64exts.sw",),
    ),
    Known(
        r"dump file has been truncated",
        "the debugger engine",
        READING,
        "The memory's bytes end beyond the end of the file: it was cut, or BaseRva is wrong",
        ("OPN024", "OPN016", "WRT005"),
    ),
    Known(
        r"mini kernel dump does not contain enough information",
        "the debugger engine",
        KERNEL,
        "A small kernel dump (triage) was not opened: registers, exception, processor block or call stack are not in it. One of ContextOffset, "
        "ExceptionOffset, PrcbOffset and CallStackOffset in its TRIAGE_DUMP is 0",
        (),
        (),
        (
            "fetch the dump again and compare its size: a machine that stopped while it wrote, or a disk without room, leaves such a file, and nothing puts "
            "the parts back",
            "`dumpscope bugcheck DUMP` and `dumpscope modules DUMP` show what is there all the same",
            "for the next stop, let Windows write a larger dump (System > Advanced > Startup and Recovery: kernel or automatic memory dump), and look for "
            "errors of the disk that holds it",
        ),
    ),
    Known(
        r"mini kernel dump does not (?:contain (?:unloaded )?driver list|have (?:process|thread|backing store) information)",
        "the debugger engine",
        KERNEL,
        "A small kernel dump (triage) opened without one of its parts: the offset of that part in its TRIAGE_DUMP is 0 (DriverListOffset, "
        "UnloadedDriversOffset, ProcessOffset, ThreadOffset, BStoreOffset)",
        (),
        (),
        (
            "without the driver list `lm` is empty, without process or thread their names and stacks are; what else is there works",
            "`dumpscope why DUMP` shows which commands work on it",
        ),
    ),
    Known(
        r"kddebuggerdatablock|dump file is partially corrupt|psloadedmodulelist|kdversionblock"
        r"|kernbase < systemrangestart|physical memory block has been truncated"
        r"|(?:mini )?kernel (?:complete |bitmap |triage )?dump(?! does not)|kinitsystem|\bbug ?check\b"
        r"|\bbluescreen|unable to initialize target machine information"
        r"|cs descriptor lookup failed|fatal system error: ?0x|page table|directory table base|nt_wrong_symbols|kernel symbols are wrong",
        "the kernel debugger",
        KERNEL,
        "A message about a dump of a whole machine",
        ("OPN002",),
        (),
        ("for a kernel dump: `!analyze -v`, `.bugcheck`, `lm`, `k` and `r` apply; the commands for one process do not",),
    ),
    Known(
        r"getcontextstate failed|unable to get current machine context|unable to get program counter|extension called without current pc"
        r"|no flat address for current instruction",
        "the debugger engine",
        READING,
        "The debugger cannot read the registers: the context is not in the file, or lies outside it",
        ("OPN002", *_USER_CONTEXT),
    ),
    Known(
        r"readvirtual(?!\(\) failed in get).{0,60}(?:fail|error)"
        r"|(?:unable|failed|could not) (?:to )?read (?:virtual |process )?memory(?! at instruction)|memory read error",
        "the debugger",
        READING,
        "The bytes at an address are not in the dump",
        ("OPN016", "OPN024", "MEM006", "MEM008", "MEM002"),
        (),
        ("`address ADDRESS` of dumpscope says whether an address was captured, and what it belongs to",),
    ),
    Known(
        r"debugging older format crash ?dumps is not supported|the file is not a (?:valid )?(?:dump|minidump)|unable to (?:open|read) the (?:mini)?dump file",
        "Visual Studio",
        OPENING,
        "Visual Studio does not take the file for a minidump: it is a kernel dump, a dump of another system, or no dump",
        ("OPN002", "OPN023", "OPN001", "OPN003", "OPN006"),
    ),
    Known(
        r"heapext:|segment heap error|failed to read heap key|!heap -p'? commands in exts\.dll have been replaced|rtlpheapinvalidbadaddress",
        "the debugger's !heap",
        READING,
        "The heap extension does not know this system's heaps, lacks symbols of ntdll, or finds no heap memory in the dump",
        ("MEM002", "MEM006", "MEM005"),
        (),
        ("use a current WinDbg, and the symbols of ntdll (`.symfix; .reload /f ntdll.dll`); `!ext.heap` is the newer one of the two",),
    ),
    Known(
        r"\bexception in \S+ debugger extension|extension dll .{0,60}(?:crash|fault)",
        "the debugger",
        LIVE,
        "An extension command crashed inside the debugger. That says little about the dump",
        (),
        (),
        ("use the version of the extension that belongs to this debugger; for .NET extensions the DLLs that they need must be beside them",),
    ),
    Known(
        r"access violation (?:reading|writing|executing) location\b",
        _VISUAL_STUDIO,
        LIVE,
        "An instruction of the program read, wrote or executed memory that it may not (0xC0000005). The first address is that of the instruction, the one "
        "after `location` that of the memory: one near 0 is mostly a null pointer, and 0xFFFFFFFFFFFFFFFF stands for one that the processor does not tell",
        (),
        (),
        _STORED,
        general=True,
    ),
    Known(
        r"\b(?:exception thrown|unhandled exception|first-chance exception) at 0x[0-9a-f`]{1,17}\b",
        _VISUAL_STUDIO,
        LIVE,
        "The program raised an exception at this address",
        (),
        (),
        _STORED,
        general=True,
    ),
    Known(
        r"is not (?:a )?valid win32 application.{0,80}(?:dll|extension)|the call to loadlibrary\(.{0,160}\) failed",
        "the debugger",
        LIVE,
        "The debugger could not load an extension DLL: it is of the other bitness, or a DLL that it needs is missing. The dump is not at fault",
        ("MOD006",),
        (),
        (
            "load the extension of the debugger's own bitness: x64 WinDbg takes x64 extensions; "
            "`.chain` lists what is loaded, `.extpath` where it is looked for",
        ),
    ),
    Known(
        r"no export \w+ found|is not extension gallery command|unknown command '?!",
        "the debugger",
        LIVE,
        "The debugger does not know this extension command: the extension DLL is not loaded, or the word is misspelt. The dump is not at fault",
        (),
        (),
        ("`.chain` lists the extensions; `.load NAME` loads one: ext for !handle and !heap, sos for .NET (`.loadby sos coreclr`)",),
    ),
    Known(
        r"unable to load image|symbol file could not be found|symbols could not be loaded|unable to verify (?:timestamp|checksum)"
        r"|not using the correct symbols|symsrv:"
        r"|symbol server.{0,80}(?:error|fail|40\d)|http (?:error |status )?40\d|wrong symbols|unqualified symbol|type referenced:"
        r"|pdb (?:not found|file (?:was|is) not)|no symbols (?:have been )?loaded|cannot find or open the pdb"
        r"|binary was not (?:found|built)|no binary found|module .{0,60}was not loaded",
        "the debugger",
        SYMBOLS,
        "Symbols or an image were not found. That is a matter of the symbol path, not of the dump",
        ("MOD008", "MEM005", "MEM009", "MOD005"),
        (),
        (
            "`.symfix`, `.sympath+ FOLDER`, `.reload /f MODULE`; `!sym noisy` shows where the debugger looks",
            "`modules NAME` of dumpscope shows the symbol key that must match",
        ),
    ),
)


class Cause(NamedTuple):
    """What a code means where a file was not opened, and what to do."""

    means: str
    remedy: Tuple[str, ...] = ()


OPENING_CODES: Dict[int, Cause] = {
    2: Cause("the debugger did not find the file at the path that it was given", (_PATH,)),
    3: Cause("the debugger did not find the folder of the path that it was given, or was given a folder", (_PATH,)),
    5: Cause("the debugger may not read the file", (_ADMIN,)),
    0x20: Cause("another program has the file open", ("wait until it is written, or close the program that has it open",)),
    0x32: Cause("the debugger does not support this kind of file or place", ("copy the file to a local disk; use a current WinDbg",)),
    0x7B: Cause("the path has a character that no path may have", (_PATH,)),
    0x57: Cause("the file does not begin as a dump does, or is shorter than what it promises"),
    0x570: Cause("what the file promises is not in it, or contradicts itself"),
    0x3EE: Cause("the file is empty"),
    8: Cause("there was not enough memory to map the file", ("use the 64-bit debugger",)),
    14: Cause("there was not enough memory to map the file", ("use the 64-bit debugger",)),
    0x1E: Cause("the bytes could not be read", ("copy the file to a local disk",)),
    0xC000011E: Cause("the file is empty"),
    0xC0000018: Cause("two memory ranges of the file contradict each other"),
    0x80004005: Cause("the debugger refused the file without a reason; the line above it in the command window names the reason", (_CONSOLE,)),
    0x80004002: Cause("what was asked for is not in the file"),
    0x8000FFFF: Cause("the debugger has no process or thread to work on"),
}
"""By the number that stands for all spellings of a code."""

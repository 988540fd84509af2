"""Messages of programs that write dumps, and what their codes mean there."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from .known import WRITING, Known

_RIGHTS = (
    "run the writer elevated, with SeDebugPrivilege enabled, as the user of the process or as an administrator; a "
    "protected process (PPL, anti-cheat, lsass with RunAsPPL) cannot be dumped from user mode"
)
_ELSEWHERE = "let another tool write it: `procdump -ma PID FILE`, Task Manager (Create dump file), or `.dump /ma FILE` in WinDbg"
_VERB = r"(?:writ(?:e|ing|ten)|creat(?:e|ing|ed|ion)|generat\w*|collect\w*|captur\w*|tak(?:e|ing)|sav(?:e|ing)|produc\w*|dumping)"
_BAD = r"(?:fail\w*|unable|cannot|can'?t|could ?n[o']t|could not|error|refused|denied)"
_WINDOWS = r"(?:0x8007[0-9a-f]{4}|\b8007[0-9a-f]{4}|-21470(?:2[0-4])\d{3}|\bwin32\b|\bgle\b|last ?error)"
"""A code that only Windows gives: a Win32 error, or an HRESULT of one, in hexadecimal or as a signed number."""

MESSAGES: Tuple[Known, ...] = (
    Known(
        r"error writing dump file|dump \d+ error:|error opening .{0,60}\(\d+\):|procdump.{0,200}(?:access is denied|error|fail)",
        "procdump",
        WRITING,
        "procdump could not write the dump",
        (),
        (),
        (
            "start procdump from an elevated prompt; `-64` only for what is to be seen as a 64-bit process",
            "give a path on a disk with room for all of the process's memory",
        ),
    ),
    Known(
        r"dump count not reached",
        "procdump",
        WRITING,
        "No fault of a dump: the process ended, or procdump was stopped, before its trigger had fired as often as `-n` asks for",
        (),
        (),
        ("`-e` or `-t` (at the end of the process) as a trigger catches what `-h`, `-c` or `-m` do not; `-ma PID` writes at once",),
    ),
    Known(
        rf"writing dump failed|\bwrite\w*dump\w* failed(?!.{{0,40}}{_WINDOWS})|core dump generation failed|invalid process id .{{0,40}}access is denied"
        r"|\[createdump\].{0,200}(?:fail|error)|createdump.{0,80}fail"
        r"|dotnet-dump collect.{0,200}(?:fail|error|denied)|\bgcore\b.{0,80}fail|task_for_pid|pal_sehexception",
        "dotnet-dump and createdump",
        WRITING,
        "The .NET runtime could not write the dump. On Linux and macOS the process itself writes it "
        "(createdump), with its own rights, into the path as the process sees it",
        (),
        (),
        (
            "run dotnet-dump as the user of the process, or as root or administrator; in a container add CAP_SYS_PTRACE",
            "give `-o PATH` a folder in which the process itself may write, with room for all of its memory",
            "`--diag` (or DOTNET_CreateDumpDiagnostics=1) makes the process print what went wrong",
        ),
    ),
    Known(
        r"geninvokeenumstackproviders|genallocatethreadobject|genreadtlsdirectory|querysystemmemoryinformation failed|queryprocessvmcounters failed",
        "the debugger's .dump and dbghelp",
        WRITING,
        "A remark while a dump is written: one part could not be had and is left out or zero. The dump is written all the same",
        ("WRT006",),
        (),
        ("only the last line, `Dump successfully written` or `Dump creation failed`, says whether there is a dump",),
    ),
    Known(
        r"writefullmemory\.|dump creation failed|unable to create file .{0,200}(?:win32 error|hresult)",
        "the debugger's .dump",
        WRITING,
        "The debugger's .dump stopped",
        (),
        (),
        ("try `.dump /ma` without `/A` and without `-r`; write to a local disk with room for all of the process's memory",),
    ),
    Known(
        r"readprocessmemory or writeprocessmemory request was completed|error_partial_copy|status_partial_copy",
        "Windows",
        WRITING,
        "The reader of a process's memory got only a part: memory changed under it, or a 32-bit program read a 64-bit process",
        ("WRT001",),
    ),
    Known(
        r"crashpad.{0,120}(?:fail|error)|(?:process_reader|process_snapshot|exception_snapshot|minidump_file_writer)\w*\.cc"
        r"|(?:breakpad|sentry).{0,80}minidump.{0,40}(?:fail|error)"
        r"|writeminidump.{0,40}fail|sendcontinuesignaltochild",
        "Crashpad and Breakpad",
        WRITING,
        "A crash handler could not read the process, or could not write the dump",
        ("OPN023", "WRT004"),
        (),
        (
            "look whether the handler was ended before it was done: a signature of zeros in the file says so",
            "the folder of reports must be writable, and have room",
        ),
    ),
    Known(
        r"minidumpwritedump.{0,80}(?:fail|error|return|denied|0x[0-9a-f]{8}|\bgle\b|\bhr\b|\bfalse\b|= ?-?\d)"
        r"|(?:fail\w*|error|calling|call to|unable).{0,40}minidumpwritedump"
        rf"|\bwrite\w*dump\w* failed.{{0,40}}{_WINDOWS}",
        "programs that call MiniDumpWriteDump",
        WRITING,
        "MiniDumpWriteDump returned FALSE. Its GetLastError is an HRESULT, not a Win32 error",
        (),
        (),
        (
            "check the result, delete the partial file, and try again with fewer flags: 0 (MiniDumpNormal) fails least",
            "call it from another process than the one that crashed",
        ),
    ),
    Known(
        r"\bopenprocess\b.{0,60}(?:fail|error|denied|return|= ?\d)"
        r"|(?:fail\w*|error|unable|could not|cannot|can'?t).{0,30}(?:openprocess|open (?:the |target )?process)",
        "a program that writes dumps",
        WRITING,
        "The process could not be opened, so nothing was written",
        general=True,
    ),
    Known(
        rf"0x[0-9a-f]{{8}} dumping|{_BAD}.{{0,40}}{_VERB}.{{0,40}}(?:mini|core|crash|memory|process|full|heap)?[ -]?dump"
        rf"|(?:mini|core|crash|memory|process|full|heap)?[ -]?dump.{{0,40}}{_VERB}.{{0,30}}{_BAD}"
        rf"|(?:mini|core|crash|memory|process|full|heap)[ -]?dump {_BAD}\b(?! to open)|\bdump {_BAD} with\b"
        rf"|dump (?:could not|cannot|can not|was not|wasn't|couldn't) be(?:en)? {_VERB}|dump (?:was not|wasn't|not) {_VERB}"
        rf"|dump failed to (?:write|save|generate|create)"
        rf"|no (?:mini)?dump (?:was|has been) {_VERB}|(?:dump|crash dump) initialization failed",
        "a program that writes dumps",
        WRITING,
        "A dump was not written",
        general=True,
    ),
)

MESSAGES = (
    *MESSAGES,
    Known(
        r"(?<!!)minidumpwritedump(?!\+0x)|\bcreatedump\b",
        "programs that call MiniDumpWriteDump",
        WRITING,
        "The writing of a dump is what it is about",
        (),
        (),
        ("check the result of the call: GetLastError is an HRESULT then, not a Win32 error",),
        True,
    ),
)


class WriteFault(NamedTuple):
    """What a code means where a dump was to be written: in words, the rules that are about it, and what to do."""

    means: str
    rules: Tuple[str, ...] = ()
    remedy: Tuple[str, ...] = ()


_DISK = "make room on the disk, or write to another one: full memory needs as much as the process has committed"
WRITE_CODES: Dict[int, WriteFault] = {
    299: WriteFault(
        "part of the memory could not be read",
        ("WRT001",),
        (
            "ask for 0x20000 (MiniDumpIgnoreInaccessibleMemory) as well, and try again: memory changes under the writer (dotnet-dump tries ten times)",
            "a 32-bit writer cannot read a 64-bit process: use the 64-bit tool",
        ),
    ),
    0x8000000D: WriteFault("part of the memory could not be read", ("WRT001",), ("ask for 0x20000 (MiniDumpIgnoreInaccessibleMemory) as well, and try again",)),
    5: WriteFault(
        "the writer was denied access, to the process, to its threads or to the file",
        ("WRT002",),
        (_RIGHTS, "look whether security software keeps the writer off"),
    ),
    0xC0000022: WriteFault("the writer was denied access", ("WRT002",), (_RIGHTS,)),
    0x522: WriteFault("the writer lacks a privilege", ("WRT002",), (_RIGHTS,)),
    87: WriteFault(
        "a parameter is wrong: flags that this dbghelp does not know or that contradict each other, or the exception's pointers",
        ("WRT003",),
        (
            "`flags VALUE` says what each bit means and which the DLL refuses; MiniDumpNormal (0) always goes",
            "ClientPointers must be TRUE where the pointers are those of another process, and ThreadId a thread of that process",
        ),
    ),
    0x4C7: WriteFault("a callback cancelled the writing, or somebody did", ("WRT004",), ("look at what the callback returns for CancelCallback",)),
    112: WriteFault("the disk is full", ("WRT005", "WRT004"), (_DISK,)),
    39: WriteFault("the disk is full", ("WRT005", "WRT004"), (_DISK,)),
    8: WriteFault(
        "the writer ran out of memory, or the system out of quota or commit",
        ("WRT004",),
        (
            "write from another process, 64-bit where the process is; with fewer flags (MiniDumpNormal) it needs less",
            "look at the commit limit: the page file may be too small",
        ),
    ),
    14: WriteFault("the writer ran out of memory", ("WRT004",), ("write from another process, with fewer flags",)),
    0x5AA: WriteFault("the system ran out of resources", ("WRT004",), ("write with fewer flags, and from another process",)),
    0x5AF: WriteFault("the commit limit was reached", ("WRT004",), ("make the page file larger, end other programs, and write with fewer flags",)),
    6: WriteFault(
        "a handle is wrong: that of the process, or that of the file",
        (),
        (
            "open the process with PROCESS_QUERY_INFORMATION | PROCESS_VM_READ (and PROCESS_DUP_HANDLE "
            "for handles), the file with GENERIC_WRITE, and check both results",
        ),
    ),
    1: WriteFault("a function said that it does not apply: hooked or unhooked system calls of another Windows version, or a wrong handle", (), (_ELSEWHERE,)),
    2: WriteFault("the file to write, or a DLL, was not found", (), ("create the folder first; give a whole path",)),
    3: WriteFault("the folder to write into is not there", (), ("create the folder first; give a whole path",)),
    32: WriteFault("another program has the file open", (), ("write to another file name",)),
    80: WriteFault("a file of that name is there already", (), ("give another name, or the option that overwrites (`-o` of procdump, `/o` of .dump)",)),
    127: WriteFault(
        "a DLL lacks a function: dbghelp.dll or dbgcore.dll is too old for the caller", (), ("put the dbghelp.dll of the Debugging Tools beside the program",)
    ),
    126: WriteFault("dbghelp.dll, or a DLL that it needs, was not found", (), ("put dbghelp.dll beside the program",)),
    998: WriteFault(
        "an address could not be accessed: a pointer that was passed is wrong",
        ("WRT003",),
        ("set ClientPointers to TRUE where the pointers are those of another process",),
    ),
    0x6F8: WriteFault("the system would not take the buffer: memory changed while it was read", ("WRT001",), ("try again after a moment, with fewer flags",)),
    0xC000010A: WriteFault("the process is ending", ("WRT004",), ("write from the handler of the exception, before the process ends, or with WER LocalDumps",)),
    0x80004005: WriteFault("it failed, without a reason given", (), ("look at the writer's own log or diagnostic output", _ELSEWHERE)),
    0x80004002: WriteFault("what was asked for could not be had", (), (_ELSEWHERE,)),
    0x80004001: WriteFault("the target does not have it: a dump of a dump, or a noninvasive attach", ("WRT006",), ("write the dump from the process itself",)),
    0x1E: WriteFault("memory could not be read", ("WRT001", "WRT006"), ("ask for 0x20000 (MiniDumpIgnoreInaccessibleMemory) as well",)),
    0xC1: WriteFault("a DLL of the other bitness was loaded", (), ("use the tool of the process's bitness",)),
    0: WriteFault(
        "no error code was left: the writer was ended, or told about it elsewhere", ("WRT004",), ("look at the writer's own log or diagnostic output",)
    ),
}
"""By the number that stands for all spellings of a code."""

ELSEWHERE = _ELSEWHERE

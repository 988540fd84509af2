"""Messages of readers of dumps other than the debugger and SOS: Breakpad, rust-minidump, LLDB, ClrMD's reader, skelsec's minidump, mimikatz, radare2."""

from __future__ import annotations

from typing import Tuple

from .known import LIVE, OPENING, READING, Known

_BREAKPAD = "Breakpad's minidump_stackwalk"
_RUST = "rust-minidump's minidump-stackwalk"
_LLDB = "LLDB"
_CLRMD = "ClrMD (dotnet-dump, SuperDump, msos, MemoScope)"
_MIMIKATZ = "mimikatz"
_SKELSEC = "skelsec's minidump and pypykatz"
_NO_DUMP = ("OPN023", "OPN002", "OPN001", "OPN003", "OPN004", "OPN005", "OPN006")
_SYSTEM = ("OPN008", "OPN009", "OPN010", "OPN019", "OPN007", "OPN026")
_THREADS = ("OPN008", "OPN011", "OPN020", "OPN007", "OPN019")

MESSAGES: Tuple[Known, ...] = (
    # -- Breakpad ----------------------------------------------------------------------------------------------------
    Known(
        r"minidump cannot read header|error_no_minidump_header|minidump header signature mismatch",
        _BREAKPAD,
        OPENING,
        "The file does not begin with a minidump's header",
        _NO_DUMP,
    ),
    Known(
        r"minidump version mismatch",
        _BREAKPAD,
        OPENING,
        "The low word of the header's version is not 0xA793: no minidump, or its version is spoilt",
        ("OPN023", "OPN006", "OPN001"),
    ),
    Known(
        r"minidump.{0,40}unsupported version|unsupported (?:mini)?dump version|version of (?:the )?(?:mini)?dump .{0,20}not supported",
        "a program that reads dumps",
        OPENING,
        "The low word of the header's version is not 0xA793 (42899): no minidump, or its version is spoilt",
        ("OPN023", "OPN006", "OPN001", "OPN002", "OPN003"),
    ),
    Known(
        r"minidump cannot (?:read|seek to) (?:stream )?directory|minidump (?:stream count|directory)",
        _BREAKPAD,
        OPENING,
        "The directory is not in the file",
        ("OPN007", "OPN008", "OPN026", "OPN016"),
    ),
    Known(
        r"minidump(?:memoryinfo|unloadedmodule|memory64|handledata|threadname)\w* .{0,30}(?:size mismatch|cannot (?:read|seek))",
        _BREAKPAD,
        READING,
        "The size of a stream is not what its records need: damaged, or of another layout",
        ("OPN020", "OPN016", "OPN021", "OPN019"),
    ),
    Known(
        r"has no thread list|error_no_thread_list|threadlist cannot (?:read|determine)|minidumpthreadlist",
        _BREAKPAD,
        READING,
        "There is no thread list that it takes",
        _THREADS,
    ),
    Known(
        r"minidumpcontext .{0,40}size mismatch|minidumpthread cannot read context|without context|no stackwalker for",
        _BREAKPAD,
        READING,
        "The registers of a thread are not in the file, or have an unknown size",
        ("THR014", "THR011", "THR009", "THR012", "OPN020"),
    ),
    Known(
        r"minidumpmemorylist|memory region .{0,40}(?:overlaps|mismatch)|could not store range|minidumpmemoryregion",
        _BREAKPAD,
        READING,
        "Memory ranges overlap, or lie outside the file",
        ("OPN017", "OPN018", "OPN016", "OPN020", "MEM006"),
    ),
    Known(
        r"minidumpmodulelist|minidumpmodule .{0,40}(?:cannot|could not)",
        _BREAKPAD,
        READING,
        "The module list, or a module's name or record in it, cannot be read",
        ("OPN012", "OPN020", "OPN021", "MOD004", "MOD008"),
    ),
    Known(r"minidumpsysteminfo|no system info", _BREAKPAD, READING, "There is no system information that it takes", _SYSTEM),
    Known(
        r"minidump opened|minidumpprocessor::process failed|getstream: type \d+ not present"
        r"|minidump .{0,80}could not be read|minidump_stackwalk.{0,80}(?:fail|error)",
        _BREAKPAD,
        READING,
        "It could not make a report of the file",
        (*_NO_DUMP, *_SYSTEM, "OPN011", "OPN012"),
    ),
    # -- rust-minidump -----------------------------------------------------------------------------------------------
    Known(
        r"\bheadermismatch\b|header mismatch|\bmissingheader\b|minidump header (?:missing|not found)|header missing",
        _RUST,
        OPENING,
        "The file does not begin with a minidump's header",
        _NO_DUMP,
    ),
    Known(r"\bversionmismatch\b", _RUST, OPENING, "The low word of the header's version is not 0xA793", ("OPN023", "OPN006", "OPN001")),
    Known(r"\bemptyminidump\b|minidump is empty|\bfilenotfound\b", _RUST, OPENING, "The file is empty, or was not found", ("OPN004", "OPN005")),
    Known(r"\bmissingdirectory\b|error reading (?:the )?directory", _RUST, OPENING, "The directory is not in the file", ("OPN007", "OPN008", "OPN026")),
    Known(r"\bmissingthreadlist\b|thread list stream was not found|\bnothreads\b", _RUST, READING, "There is no thread list", _THREADS),
    Known(
        r"\bmissingsysteminfo\b|system (?:info|information) stream was not found|\bunknownos\b|\bunknowncpu\b",
        _RUST,
        READING,
        "There is no system information",
        _SYSTEM,
    ),
    Known(
        r"\bstreamreadfailure\b|\bstreamsizemismatch\b|error reading (?:a )?stream|stream size mismatch",
        _RUST,
        READING,
        "A stream lies outside the file, or its size contradicts its count",
        ("OPN025", "OPN020", "OPN016", "OPN017", "HND007", "THR004", "OPN007"),
    ),
    Known(r"\bstreamnotfound\b|stream (?:was )?not found", _RUST, READING, "A stream is not in the directory", ("OPN008", "OPN009", "OPN011", "OPN012")),
    Known(
        r"\bmemoryreadfailure\b|\bdataerror\b|\bcodeviewreadfailure\b",
        _RUST,
        READING,
        "Something that a stream points to lies outside the file",
        ("OPN016", "OPN017", "OPN021", "MOD008"),
    ),
    Known(
        r"failed to (?:analyze|get) the thread context|failed to read memory at instruction pointer|unable to determine instruction",
        _RUST,
        READING,
        "A remark, not a failure: the bytes of the instruction at which the thread stopped are not in the dump, so the address that it used is not explained",
        ("MEM009",),
    ),
    Known(
        r"<unknown>: invalid minidump|symbolicator|failed to process (?:the )?minidump|sentry.{0,60}minidump|^invalid minidump$",
        "Sentry's symbolicator",
        OPENING,
        "The report was not processed: the file is no minidump that it takes, or the service itself failed",
        (*_NO_DUMP, *_SYSTEM, *_THREADS),
        (),
        ("where the debugger opens the file, look at the service's own processing errors, and send the event again",),
    ),
    Known(
        r"minidump contains (?:multiple|duplicate) streams? of type|multiple streams of type",
        _RUST,
        READING,
        "A remark, not a failure: a type of stream is in the directory more than once. Entries of type 0 are unused ones, of which many writers leave some",
        ("OPN022",),
    ),
    # -- LLDB --------------------------------------------------------------------------------------------------------
    Known(r"duplicate stream type", _LLDB, OPENING, "A stream occurs twice, which LLDB does not take", ("OPN022",)),
    Known(
        r"unknown corefile format|does ?n[o']t specify an object file|unable to find process plug-?in for core"
        r"|no core file|could not load core file|failed to (?:open|load|create) .{0,60}core file"
        r"|does not support loading core files|unable to load .{0,60}core",
        _LLDB,
        OPENING,
        "LLDB does not take the file for a dump of any kind",
        (*_NO_DUMP, "OPN008"),
    ),
    Known(
        r"invalid minidump|minidump parser|minidump.{0,30}invalid signature"
        r"|invalid signature$|cannot handle one of the minidump streams",
        _LLDB,
        OPENING,
        "LLDB does not take the file",
        (*_NO_DUMP, "OPN007", "OPN020", "OPN022", "OPN026"),
    ),
    Known(
        r"(?:failed|unable) to parse (?:the )?(?:\S+ )?minidump|(?:could ?n[o']t|cannot) parse (?:the )?(?:\S+ )?minidump",
        "one of several programs (Sentry's Relay, or a tool on top of rust-minidump, udmp-parser or skelsec's minidump; the words do not tell which)",
        OPENING,
        "A program did not take the file; what follows these words in its log, or the exception inside, says why",
        (*_NO_DUMP, "OPN007", "OPN020", "OPN022", "OPN026"),
        general=True,
    ),
    Known(r"no thread information in core file|core file does not contain any thread", _LLDB, READING, "There is no thread list", _THREADS),
    # -- ClrMD -------------------------------------------------------------------------------------------------------
    Known(
        r"(?:given )?crash dump is in an incorrect format",
        _CLRMD,
        OPENING,
        "ClrMD does not take the file: it is no minidump, or holds neither the lists nor the runtime that it looks for",
        (*_NO_DUMP, *_SYSTEM, "OPN012"),
    ),
    Known(
        r"dump does not contain a (\w+) ?stream|does not contain a systeminfostream",
        _CLRMD,
        OPENING,
        "A stream that it needs is not in the directory",
        ("OPN008", "OPN009", "OPN010", "OPN019", "OPN011", "OPN012"),
    ),
    Known(
        r"unexpected relative addresses inconsistency|unexpected inconsistency error in dump memory chunk|unexpected overlap between memory chunks",
        _CLRMD,
        READING,
        "Memory ranges are empty, not sorted, or overlap; or a 64-bit dump of a 32-bit process is read by a 32-bit tool",
        ("OPN027", "MOD006", "OPN018", "OPN016"),
    ),
    Known(
        r"not a crash dump|could not load crash dump|unknown (?:dump|file) format|is not a (?:known|valid|supported) (?:crash )?dump"
        r"|loadcrashdump|loaddump.{0,40}(?:fail|exception)|invaliddataexception",
        _CLRMD,
        OPENING,
        "ClrMD does not take the file",
        (*_NO_DUMP, *_SYSTEM),
    ),
    Known(
        r"an item with the same key has already been added",
        _CLRMD,
        READING,
        "Two records have the same key where each must have its own: modules or memory at one address, or threads of one id",
        ("OPN027", "OPN018", "OPN022", "MOD006"),
    ),
    Known(
        r"endofstreamexception|read (?:beyond|past) the end of the stream|unexpected end of (?:file|stream)|unexpectedeof|failed to fill whole buffer"
        r"|\beofexception\b|struct\.error: unpack(?:_from)? requires",
        "a program that reads dumps (ClrMD, dotnet-dump and others)",
        READING,
        "The file ends before something that its header or a list leads to: it is cut, or the number that leads there is wrong",
        ("OPN004", "OPN005", "OPN016", "OPN007", "OPN017", "OPN020", "OPN021", "OPN024"),
        (),
        ("compare the file's size with the original, and copy it again in binary mode",),
        general=True,
    ),
    # -- skelsec -----------------------------------------------------------------------------------------------------
    Known(r"signaturemismatchexception:? ?'?(?:egap|pmudegap|page)", _SKELSEC, OPENING, "The file begins with PAGE: it is a kernel dump", ("OPN002",)),
    Known(
        r"minidumpheadersignaturemismatchexception|minidumpheaderflagsexception",
        _SKELSEC,
        OPENING,
        "The file does not begin with a minidump's header",
        _NO_DUMP,
    ),
    Known(
        r"all detection methods failed|lsa signature not found|signature was not found in module"
        r"|error while parsing file|memory address .{0,40}not in process memory",
        _SKELSEC,
        READING,
        "What it looks for is not in the captured memory: the dump is partial or cut, or of a build that the tool does not know",
        ("OPN016", "OPN024", "MEM002", "MEM006", "MOD002"),
    ),
    # -- mimikatz ----------------------------------------------------------------------------------------------------
    Known(
        r"acquirelsa ; (?:memory opening|minidump without)|minidump without systeminfostream",
        _MIMIKATZ,
        OPENING,
        "mimikatz does not take the file for a minidump",
        (*_NO_DUMP, *_SYSTEM),
    ),
    Known(
        r"acquirelsa ; modules? informations?",
        _MIMIKATZ,
        READING,
        "mimikatz does not find the modules of lsass: there is no module list, or the dump is of another process",
        ("OPN012", "OPN020", "OPN008", "OPN021"),
    ),
    Known(
        r"acquirelsa ; (?:logon list|key import|local lsa library)",
        _MIMIKATZ,
        READING,
        "What it looks for is not in the captured memory: the dump is partial or cut, or of a build that this mimikatz does not know",
        ("OPN016", "OPN024", "MEM002", "MEM006"),
    ),
    Known(
        r"pinfos ?->|mimikatz_nt_major_version",
        _MIMIKATZ,
        READING,
        "The dump is of another version of Windows or another processor than this mimikatz was made for; the dump itself is read",
        ("OPN010", "MOD006"),
        (),
        ("use the mimikatz of the dump's processor and of its generation of Windows",),
    ),
    Known(
        r"acquirelsa ; handle on memory|mimikatz x86 cannot access x64",
        _MIMIKATZ,
        LIVE,
        "mimikatz could not open the running process: it lacks a right, or has the wrong bitness. No dump is concerned",
        (),
        (),
        ("run it elevated after `privilege::debug`; a protected lsass (RunAsPPL) cannot be opened from user mode",),
    ),
    Known(
        r"unable to read bytes at offset",
        "dotnet-symbol",
        READING,
        "It looks for the headers of a module in the captured memory, and they are not there; the debugger takes them from the module's own file",
        ("MEM009", "OPN016"),
        (),
        ("take the dump with 0x80000 (MiniDumpWithModuleHeaders) or with full memory", "`modules` of dumpscope has the keys of the symbol server"),
    ),
    Known(
        r"minidump parsing error",
        _SKELSEC,
        OPENING,
        "It does not take the file",
        (*_NO_DUMP, *_SYSTEM, "OPN025", "OPN020", "OPN007"),
    ),
    Known(
        r"exception_please_report|failed to find structs",
        _SKELSEC,
        READING,
        "What it looks for is not in the captured memory: the dump is partial or cut, or of a build that the tool does not know",
        ("OPN016", "OPN024", "MEM002", "MEM006", "MOD002"),
    ),
    Known(
        r"is not a valid exceptioncode|name '(?:minidump\w+|self)' is not defined|peb parsing error",
        _SKELSEC,
        READING,
        "A fault of that reader, not of the file: it knows no codes but its own list, takes every dump for one of Windows, or is an old release",
        (),
        (),
        ("take its newest release; `exception`, `process` and `modules` of dumpscope read the same",),
    ),
    # -- others ------------------------------------------------------------------------------------------------------
    Known(
        r"is not a core dump: file (?:format not recognized|truncated)|not in executable format: file format not recognized",
        "gdb",
        OPENING,
        "gdb reads core files of ELF systems and no dumps of Windows. The file may be sound",
        ("OPN002", "OPN003", "OPN001"),
        (),
        ("open it in WinDbg or LLDB; of a dump of Linux `minidump-2-core` of Breakpad makes a core file for gdb",),
    ),
    Known(
        r"cannot open '[^']*': (?:permission denied|no such file)",
        "LLDB and other programs",
        OPENING,
        "The program may not read the file, or does not find it: nothing is said about what is in it",
    ),
    Known(
        r"no load spec found",
        "Ghidra",
        OPENING,
        "Ghidra has no loader for this file: one for minidumps is part of newer releases, or comes as an extension",
        (*_NO_DUMP, "OPN007"),
    ),
    Known(
        r"size mismatch - stream data is larger than file size|r_bin_mdmp|mdmp.{0,40}(?:invalid|fail)",
        "radare2 and rizin",
        READING,
        "A stream lies outside the file",
        ("OPN016", "OPN017", "OPN020", "OPN007"),
    ),
    Known(
        r"minidumpreaddumpstream.{0,60}(?:fail|false|error|return)",
        "programs that call MiniDumpReadDumpStream",
        READING,
        "The stream is not in the directory, or the file is no minidump",
        (*_NO_DUMP, "OPN008", "OPN007"),
    ),
)

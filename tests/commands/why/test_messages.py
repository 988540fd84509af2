"""Messages as people paste them, each on a file in that situation: what must and what must not be said."""

from __future__ import annotations

import re
from typing import Any, Callable, List, Tuple

import pytest
from tests.cases import each
from tests.commands.made import flat

NONE = r"\Z(?!)"
ROWS: List[Tuple[str, str, str, str]] = [
    # sample, message, must say, must not say
    (
        "exception-read-violation",
        "Unhandled exception at 0x00007FF6 (demo.exe) in a.dmp: Access violation reading location 0x0",
        r"or is in a dump",
        "not a dump",
    ),
    ("handles", "No export clrstack found", r"the debugger or a running process, not a dump", NONE),
    ("handles", "System.ArgumentException: Unsupported architecture in dump: Arm64", r"SOS[\s\S]*AMD64", "does not know"),
    ("handles", "Symbol server: HTTP error 404 for ntdll.pdb", r"symbol path", "does not know|^MEM002  "),
    ("exception-wow64", "wow64exts: could not determine the process is WOW64", r"^MOD006  ", "does not know|^HND001  "),
    ("handles", "FAILURE HR=0x80070057", r"The debugger opens this file", "None of the known"),
    ("missing-system-info", "Failure HR = 0X80004005", r"window[\s\S]*^OPN009  ", "None of the known"),
    ("handles", "!runaway: extension exception 0x80004002", r"!runaway will work on this dump", r"HND008"),
    ("handles", "Unable to read handle information", r"^HND008  ", "does not know"),
    ("handles", "User Mini Dump File: Only registers, stack and portions of memory are available", r"no fault[\s\S]*^MEM002  ", "does not know"),
    ("full-memory", "User Mini Dump File with Full Memory: Only application data is available", r"no fault", "does not know|^MEM002  "),
    ("handles", "ClrDiagnosticsException: The given crash dump is in an incorrect format.", r"debugger opens this file", "does not know"),
    ("not-a-dump-zip", "The given crash dump is in an incorrect format.", r"^OPN001  [\s\S]*ZIP", "does not know"),
    ("handles", "failed to analyze the thread context: failed to read memory at instruction pointer", r"rust-minidump[\s\S]*^MEM009  ", "^MEM002  "),
    ("handles", "ERROR: Unable to read bytes at offset 0x0", r"dotnet-symbol[\s\S]*^MEM009  ", "does not know|codes"),
    ("handles", "OpenProcess failed with 5", r"denied access[\s\S]*SeDebugPrivilege", r"does not know|^HND"),
    ("handles", "MiniDumpWriteDump failed, error 0x8007012b", r": MiniDumpWriteDump returned", r"miniDump"),
    ("missing-system-info", "WinDbg: Failed to OpenDumpFileWide (HR = 0x80004005)", r"^OPN009  ", "None of the known"),
    ("not-a-dump-empty", "The debugging session could not be started: FAILURE HR=0X800703EE: Failed to OpenDumpFileWide", r"^OPN004  ", "None of the known"),
    ("full-memory-size-and-flag", "Partial memory minidumps can't have Memory64ListStreams", r"^OPN025  ", r"^OPN014  "),
    ("full-memory-base-wrong", "Dump file is too large to map", r"^OPN024  ", r"^OPN005  "),
    ("full-memory-both-lists", "Full memory minidumps can't have MemoryListStreams", r"^OPN028  ", r"^OPN01[34]  "),
    ("system-info-too-small", "Minidump does not have system info", r"38 00 00 00 at 0x", r"^OPN009  "),
    ("memory-list-ranges-conflict", "Could not open dump file [D:\\x.dmp], NTSTATUS 0xC0000018", r"^OPN018  ", NONE),
    ("not-a-dump-zip", "Could not load crash dump 'x.zip', HRESULT: 0x80070057", r"^OPN001  [\s\S]*ZIP", NONE),
    ("not-a-dump-crash-report", "[ERROR] HeaderMismatch - Error reading dump: Header mismatch", r"^OPN001  [\s\S]*crash report", NONE),
    ("not-a-dump-oracle-export", "minidump.exceptions.MinidumpHeaderSignatureMismatchException: \\x03\\x03iE", r"^OPN001  [\s\S]*Oracle", NONE),
    ("not-a-dump-signature-spoilt", "ERROR kuhl_m_sekurlsa_acquireLSA ; Memory opening", r"4d 44 4d 50 93 a7", "no dump file"),
    ("not-a-dump-signature-zero", "minidump.cc:4800: ERROR: Minidump header signature mismatch: (0x0, 0x0) != 0x504d444d", r"^OPN023  ", "no dump file"),
    ("version-spoilt", "ERROR: Minidump version mismatch: 0xbfef != 0xa793", r"93 a7 at 0x4", NONE),
    ("damaged-directory-zeroed", "[ERROR] MissingSystemInfo - Error processing dump: The system info stream was not found", r"^OPN008  ", r"^(?:OPN009|HND)"),
    (
        "damaged-directory-zeroed",
        "dotnet-dump analyze: System.IO.InvalidDataException: Dump does not contain a SystemInfoStream stream",
        r"^OPN008  ",
        r"^OPN013  ",
    ),
    ("missing-thread-list", "minidump_processor.cc:180: ERROR: Minidump x.dmp has no thread list", r"^OPN011  ", "None of the known"),
    ("thread-list-padded", "[ERROR] MissingThreadList - Error processing dump: The thread list stream was not found", r"^OPN011  ", "None of the known"),
    ("missing-module-list", "ERROR kuhl_m_sekurlsa_acquireLSA ; Modules informations", r"^OPN012  ", "None of the known"),
    ("full-memory-truncated", "ERROR kuhl_m_sekurlsa_acquireLSA ; Key import", r"^OPN016  ", "None of the known"),
    ("full-memory-empty-range", "Unexpected relative addresses inconsistency between dump memory chunks 0 and 1.", r"^OPN027  ", "None of the known"),
    (
        "process-thread-data-wow64",
        "ClrDiagnosticsException: Unexpected relative addresses inconsistency between dump memory chunks 86 and 87.",
        r"^MOD006  ",
        NONE,
    ),
    ("process-thread-data-wow64", "SOS does not support the current target architecture 0x0000014c", r"^MOD006  ", "codes"),
    ("everything-small", "Failed to load data access DLL, 0x80004005", r"no \.NET runtime is among the modules", r"^OPN0(?:08|09|13|15)"),
    ("exception-clr", "Unable to walk the managed stack. The current thread is likely not a managed thread.", r"SOS", r"^EXC001  "),
    ("not-a-dump-kernel-64", "minidump.exceptions.MinidumpHeaderSignatureMismatchException: EGAP", r"^OPN002  ", r"^OPN001  "),
    ("not-a-dump-kernel-64", "error: unknown corefile format", r"^OPN002  ", r"^OPN001  "),
    ("not-a-dump-kernel-64", "Unable to get program counter", r"^OPN002  ", r"^THR012  "),
    ("handles", "THIS DUMP FILE IS PARTIALLY CORRUPT. KdDebuggerDataBlock is not present or unreadable.", r"dump of one process, not of a machine", r"^OPN"),
    ("handles", "BugCheck 1E, {ffffffffc0000005, 0, 0, 0}", r"dump of one process, not of a machine", r"^EXC"),
    ("full-memory", "procdump: Error writing dump file: 0x80070070 There is not enough space on the disk.", r"WRT005[\s\S]*make room", r"^OPN016  "),
    ("handles", "MiniDumpWriteDump FAILED 0x80070005 (GetLastError)", r"WRT002[\s\S]*SeDebugPrivilege", r"^HND"),
    ("handles", "createdump: MiniDumpWriteDump - Invalid access to memory location (998)", r"0x3e6|ERROR_NOACCESS", r"^OPN"),
    ("handles", "Failed to write minidump, last error 0x522", r"privilege", r"^OPN"),
    ("handles", "MiniDumpWriteDump failed with code 0xc000010a", r"process is ending", r"^OPN"),
    ("handles", 'ERROR: !handle: extension exception 0x80004002. "Unable to read handle information"', r"^HND008  ", "does not know"),
    (
        "article-nohandles",
        '*** WARNING: Unable to verify timestamp for ntdll.dll\nERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"',
        r"^HND002  ",
        "about symbols",
    ),
    (
        "missing-system-info",
        "Microsoft (R) Windows Debugger Version 10.0.25921.1001 AMD64\nLoading Dump File [C:\\x.DMP]\nMinidump does not have system info\n"
        'Could not open dump file [C:\\x.DMP], HRESULT 0x80004005\n    "Unspecified error"',
        r"^OPN009  ",
        "None of the known",
    ),
    (
        "missing-thread-list",
        "?:???> !analyze -v\nWARNING: The debugger does not have a current process or thread\nWARNING: Many commands will not work",
        r"^OPN011  ",
        NONE,
    ),
    ("article-nohandles", "!handle: Unable to read handle information", r"^HND002  ", "does not know"),
    ("article-nohandles", "ERROR: !runaway: extension exception 0x80004002.", r"!runaway will work on this dump", r"^(?:HND|FLG)"),
    ("missing-thread-list", "ERROR: !runaway: extension exception 0x80004002.", r"^OPN011  ", r"will work"),
    ("handles", "0:000> k\ndbghelp!MiniDumpWriteDump+0x1f\nKERNELBASE!WaitForSingleObjectEx+0x9e", r"does not know", r"not written"),
    ("handles", "something broke at offset 0x80070570 of 0x80004002 bytes", r"does not know this message", r"^OPN|codes"),
    ("missing-system-info", "my game crashed and now nothing works", r"does not know[\s\S]*OPN009", NONE),
    ("handles", "No export handle found", r"extension", r"^OPN"),
    ("handles", "GetContextState failed, 0x80070026", r"None of the known causes|THR014", r"OPN002  error"),
    ("thread-context-beyond-end", "minidump.cc:1618: ERROR: MinidumpThread cannot read context", r"^THR014  ", NONE),
    ("handles", "Failure when opening dump file 'c:\\dumps\\a.dmp', HRESULT 0x80070003", r"about the path", r"^OPN"),
    ("handles", "Access to the path 'C:\\Windows\\Minidump\\1.dmp' is denied.", r"administrator", r"^OPN"),
]


@each(("sample", "message", "must", "never"), ROWS, ids=[f"{index}-{row[0]}" for index, row in enumerate(ROWS)])
def test_a_message_on_a_file(sample: str, message: str, must: str, never: str, cli: Any) -> None:
    result = cli("why", f"{sample}.dmp", message)
    out = re.sub(r"\n {2,6}(?=[^\s-])", " ", result.out)
    assert re.search(must, out, re.MULTILINE), out
    assert not re.search(never, out, re.MULTILINE), out
    assert result.code in (0, 1, 3)


Cli = Callable[..., Any]


@pytest.mark.parametrize("text", ["KdDebuggerDataBlock is not present or unreadable", "mini kernel dump does not contain enough information"])
def test_steps_for_another_file_are_said_to_be(cli: Cli, text: str) -> None:
    out = flat(cli("why", "handles.dmp", text).out)
    assert "the message is about another file" in out
    assert "what to do with the kernel dump that the message is about" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("minidump.cc:1234: ERROR: MinidumpMemoryInfoList size mismatch, 20 != 36", "Breakpad's minidump_stackwalk"),
        ("struct.error: unpack requires a buffer of 4 bytes", "the file ends before something"),
        ("Not a minidump file or an unsupported version", "is not 0xA793"),
        ("Minidump: unsupported version 42899", "a program that reads dumps"),
        ("Dump count not reached.", "no fault of a dump"),
        ("This dump file has an exception of interest stored in it.", "no fault"),
    ],
)
def test_messages_that_people_paste(text: str, words: str, cli: Cli) -> None:
    result = cli("why", text)
    assert result.code == 0
    assert words in flat(result.out)

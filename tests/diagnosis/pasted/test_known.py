"""Messages as people have pasted them into public reports: what each is about, and who says it (empty: no known message)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
from tests.cases import each

from dumpscope.commands.pasted import understand
from dumpscope.diagnosis.pasted.catalogue import everything, known_in
from dumpscope.diagnosis.pasted.known import KINDS

PASTED: Dict[str, List[str]] = {
    "opening": [
        "The debugging session could not be started: Failure HR=80070003: Failed to open dump file wide",
        "FAILURE HR=0X80004005: Failed to OpenDumFileWide",
        "Debugging Session Could not be started Failure HR=0x80070002: Failed to OpenDumpFileWide",
        "Faild to OpenDumpFileWid error",
        "Unable to create a debug session (0x80004005)",
        "E_FAIL 0x80004005 in OpenDumpFile2",
        "error: could not load core file",
        "Minidump has unknown processor architecture 0x8003",
        "The debugging session could not be started: Access path C:\\Windows\\Minidumps\\052524-10187-01.dmp' is denied.",
        "the debugging session could not be start acces to path 'MEMORY.DMP' is defined",
        "Failed to open dump file - Could not match Dump File signature - invalid file format",
        'Could not open dump file [D:\\procdump\\runner.exe_251014_163732.dmp], HRESULT 0x80004005     "未指定的错误"',
        'Could not open dump file [C:\\a\\b.dmp], Win32 error 0n1392 "The file or directory is corrupted and unreadable."',
        "Could not open dump file [C:\\x.dmp], NTSTATUS 0xC000011E",
        "Can't open .dmp after opening WinDbg as admin",
        "Failure when opening dump file 'C:\\x.dmp', HRESULT 0x80070570. It may be corrupt or in a format not understood by the debugger.",
        "Exception happened: Microsoft.Diagnostics.Runtime.ClrDiagnosticsException: Dump does not contain a SystemInfoStream stream.",
        "Unhandled exception. System.IO.InvalidDataException: The file is not a crash dump",
        "System.IO.InvalidDataException: Could not load crash dump 'x.dmp', HRESULT: 0x80004005",
        "minidump.exceptions.MinidumpHeaderSignatureMismatchException: EGAP",
        "ERROR: Minidump version mismatch: 0xbfef != 0xa793",
        "EMPTY: no crashing thread identified; ERROR_NO_MINIDUMP_HEADER",
        "[ERROR] HeaderMismatch - Error reading dump: Header mismatch",
        "[ERROR] FileNotFound - Error reading dump: File not found",
        "error: windows does not support loading core files.",
        "error: Unable to find process plug-in for core file 'C:\\x.dmp'",
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Memory opening",
        "Invalid minidump: unexpected EOF",
        "error: 'minidump' invalid minidump: duplicate stream type 3",
        "Unable to open dump file: The file is not a valid dump",
        "Dump file format is not supported",
        "OpenDumpFile(state\\mem.dmp) failed with hr=-0x7ff8ffa9",
        "Debugging older format crash dumps is not supported",
        "<unknown>: invalid minidump",
        "Minidump without SystemInfoStream (?)",
        "ERROR:pypykatz:Minidump parsing error!",
        '"C:\\cygwin64\\dumps/MEMORY.DMP" is not a core dump: file format not recognized',
        "error: Cannot open '/home/me/linux-aarch64-neon.core': Permission denied.",
        "No load spec found for import file: crash.dmp",
        "System.InvalidOperationException: Failed to parse minidump file",
        "Could not open dump file [C:\\a.dmp], HRESULT 0x80004005",
        "Loading Dump File [C:/Users/User/Dumps/mem.elf] Could not match Dump File signature - invalid file format",
        "Microsoft.Diagnostics.Runtime.ClrDiagnosticsException: The given crash dump is in an incorrect format.",
    ],
    "reading": [
        "Unhandled exception: System.IO.EndOfStreamException: Unable to read beyond the end of the stream.",
        "Minidump contains multiple streams of type 0 (UnusedStream) at indices 11 (0 bytes) and 12 (0 bytes) (using 12)",
        "System.ArgumentException: An item with the same key has already been added. Key: 3421085696 (Parameter 'key')",
        "[ERROR] MissingSystemInfo - Error processing dump: The system information stream was not found",
        "== Errors == msv_exception_please_report U2lnbmF0dXJlIHdhcyBub3Q=",
        "ValueError: 3762504530 is not a valid ExceptionCode",
        "NameError: name 'MinidumpThreadExList' is not defined",
        "PEB parsing error!",
        "No flat address for current instruction",
        "WARN failed to get instruction memory access: failed to read memory at instruction pointer",
        "minidump_stackwalk.cc:108: ERROR: MinidumpProcessor::Process failed",
        "minidump.cc:5871: INFO: GetStream: type 7 not present",
        "ERROR: Reload failure, partially initialized target",
        "WARNING: The debugger does not have a current process or thread",
        "ClrDiagnosticsException: Unexpected relative addresses inconsistency between dump memory chunks 86 and 87.",
        "2021-07-18 15:56:34: minidump_processor.cc:180: ERROR: Minidump 17F575B9-84A9-49CE-B3DB-CD02E04E71D0.dmp has no thread list",
        "EMPTY: no crashing thread identified; MissingThreadList",
        "minidump.cc:799: ERROR: MinidumpContext x86 size mismatch, 2747 != 716",
        "[ERROR] MissingThreadList - Error processing dump: The thread list stream was not found",
        "[ERROR] StreamReadFailure - Error reading dump: Stream read failure",
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Key import",
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Logon list",
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Modules informations",
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Minidump pInfos->MajorVersion (5) != MIMIKATZ_NT_MAJOR_VERSION (6)",
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Minidump pInfos->ProcessorArchitecture (0) != PROCESSOR_ARCHITECTURE_AMD64 (9)",
        "Exception: All detection methods failed",
        "Exception: LSA signature not found!",
        "Signature was not found in module lsasrv.dll Signature: 33ff458937488bf34585c974",
        "GetContextState failed, 0xD0000147",
        "GetContextState failed, 0x80070005 Unable to get current machine context, Win32 error 0n5",
        "ReadVirtual failed at 00007ff8`12345678 hr = 0x80070026",
        "HEAPEXT: Unable to get address of ntdll!RtlpHeapInvalidBadAddress.",
        "The `!heap -p' commands in exts.dll have been replaced with equivalent commands in ext.dll.",
    ],
    "live": [
        "ERROR kuhl_m_sekurlsa_acquireLSA ; Handle on memory (0x00000005)",
        "No export clrstack found",
        "Exception thrown at 0x00007FF6A1B21234 in app.exe: 0xC0000005: Access violation reading location 0x0000000000000000.",
        "Access violation writing location 0x00000004.",
        "Unhandled exception at 0x77D3015D (ntdll.dll) in x.exe: 0xC0000374: A heap has been corrupted (parameters: 0x77D55910).",
        "First-chance exception at 0x75f1c42d in a.exe: Microsoft C++ exception: std::bad_alloc at memory location 0x0021f6e4.",
        "e0434352 Exception in C:\\tools\\SosThreadingTools.dll.dumpasync debugger extension. PC: 75e035d2  VA: 00000000  R/W: 80070002  Parameter: 00000000",
        'The call to LoadLibrary(ext) failed, Win32 error 0n2 "The system cannot find the file specified." '
        "Please check your debugger configuration and/or network access. No export peb found",
    ],
    "managed": [
        "Object 000001a2d5401000 has an invalid method table.",
        "object 0000011ee9bf10c8: bad member 0000012069C6FC20 at 0000011EE9BF10D0",
        "Failed to load data access module, 0x80131c4f",
        "Failed to request ThreadStore",
        "Failed to request ThreadpoolMgr information",
        "Unable to walk the managed stack. The current thread is likely not a managed thread. Failed to start stack walk: 80131c49",
        "SOS does not support the current target architecture 0x0000014c",
        "SOS does not support the current target architecture 'x64' (0x8664). A 32 bit target may require a 32 bit debugger or vice versa.",
        "SOS command FAILED 0x80004002",
        "Failed to load data access module, 0x80131c4f You can run the debugger command 'setclrpath' to control the load of libmscordaccore.so.",
        "Failed to load data access DLL, 0x80004005",
        "CLRDLL: Loaded DLL mscordacwks_AMD64_x86_4.0.30319.dll",
        "Failed to load dac: 0",
        "CreateDacInstance failed 0x80131c4f, which usually indicates the dump file was taken incorrectly.",
        "Failed to find runtime module (coreclr.dll or clr.dll or libcoreclr.so), 0x80004002 Extension commands need it in order to have something to do.",
        "The version of SOS does not match the version of CLR you are debugging.",
        "The garbage collector data structures are not in a valid state for traversal.",
        'The call to LoadLibrary(C:\\Users\\me\\.dotnet\\sos\\sos.dll) failed, Win32 error 0n193 "%1 is not a valid Win32 application."',
        "Unable to acquire .NET debugger interface. Error: 8027025b",
    ],
    "kernel": [
        "*** Fatal System Error: 0x0000007e",
        "CS descriptor lookup failed",
        "THIS DUMP FILE IS PARTIALLY CORRUPT. KdDebuggerDataBlock is not present or unreadable.",
        "Unable to read PsLoadedModuleList",
    ],
    "writing": [
        "terminate called after throwing an instance of 'PAL_SEHException'",
        "[createdump] The process or container does not have permissions or access: open(/proc/10297/mem) FAILED Permission denied (13)",
        "WriteFullMemory.Memory.Read(0x7ffb97221000, 0x10000) failed 0x8007012b, skip.",
        "MiniDumpWriteDump failed with code 8007012b",
        "Error: MiniDumpWriteDump failed with code 1",
        "[!] Failed to create minidump, error code: 1",
        "ProcDump: Dump could not be written hr=-0x7ff8ffa9",
        "minidump was not created, error 5",
        "dump failed with LastError=00000008",
        "MiniDumpWriteDump returned 0, GLE=2147942699",
        "Writing dump failed (HRESULT: 0x80004005)",
        "WriteDump failed - HRESULT: 0x00000000",
        "WriteDumpAsync failed - HRESULT: 0x00000000",
        "Core dump generation FAILED 0x80004005",
        "[createdump] task_for_pid(2485) FAILED 5 (os/kern) failure",
        "Invalid process id 6044 - Access is denied. (5)",
        "Dump 1 error: Error writing dump file: 0x80070005 Access is denied. (0x80070005, -2147024891)",
        "GenInvokeEnumStackProviders(C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\mscordacwks.dll) failed, 0x8007007f",
        'WriteFullMemory.QueryVirtual(0x0) for info failed, 0x80070005 Dump creation failed, Win32 error 0n5 "Access is denied."',
        "Cannot write the minidump. MiniDumpWriteDump (dbghelp.dll) function returned error code: -2147024597",
        "crash-3776.dmp (error 0x800706F8) MiniDumpWriteDump refused",
        "[1003/013200.058:ERROR:process_reader_win.cc(242)] ReadMemory at 0x9199894 of 512 bytes failed: Only "
        "part of a ReadProcessMemory or WriteProcessMemory request was completed. (0x12B)",
        "[CrashReporter] Failed to write minidump to: /home/x/dumps/881e5cb8.dmp",
        "Only part of a ReadProcessMemory or WriteProcessMemory request was completed (0x8007012B)",
        "Error opening lsass.exe (652): Access is denied. (0x00000005, 5)",
        "0xC0000022 dumping process",
        "Could not create dump file: There is not enough space on the disk. (112)",
        "Dr. Watson could not write crash dump",
        "WER: failed to write heap dump hr 0x8007001f",
        "System.ComponentModel.Win32Exception (0x80004005): Only part of a ReadProcessMemory or WriteProcessMemory request was completed",
        "[wtf] Failed to write crash dump hr=0x80070070",
    ],
    "symbols": [
        "Unable to load image C:\\Windows\\System32\\ntdll.dll, Win32 error 0n2",
        "*** WARNING: Unable to verify timestamp for ntdll.dll",
        "ERROR: Symbol file could not be found.  Defaulted to export symbols for ntdll.dll -",
        "*** Unable to resolve unqualified symbol in Bp expression",
    ],
    "": [
        "The thread tried to read from or write to a virtual address for which it does not have the appropriate access.",
        'ERROR: !runaway: extension exception 0x80004002. "Unable to get thread times - dumps may not have time information"',
        "Memory access error at ')'",
        "Unable to get exception context, HRESULT 0x80004002",
        "Missing image name, possible paged-out or corrupt data.",
        "Process exited with exit code 3221225477 (0xC0000005)",
        "NTSTATUS 0xC0000147 paging file quota",
    ],
}
SPEAKERS = {
    "The debugging session could not be started: Failure HR=80070003: Failed to open dump file wide": "WinDbg's window",
    "Failed to open dump file - Could not match Dump File signature - invalid file format": "the debugger engine",
    'Could not open dump file [D:\\procdump\\runner.exe_251014_163732.dmp], HRESULT 0x80004005     "未指定的错误"': "the debugger",
    "Exception happened: Microsoft.Diagnostics.Runtime.ClrDiagnosticsException: "
    "Dump does not contain a SystemInfoStream stream.": "ClrMD (dotnet-dump, SuperDump, msos, MemoScope)",
    "minidump.exceptions.MinidumpHeaderSignatureMismatchException: EGAP": "skelsec's minidump and pypykatz",
    "ERROR: Minidump version mismatch: 0xbfef != 0xa793": "Breakpad's minidump_stackwalk",
    "EMPTY: no crashing thread identified; MissingThreadList": "rust-minidump's minidump-stackwalk",
    "error: windows does not support loading core files.": "LLDB",
    "ERROR kuhl_m_sekurlsa_acquireLSA ; Memory opening": "mimikatz",
    "Failed to request ThreadStore": "SOS (WinDbg, dotnet-dump, LLDB)",
    "THIS DUMP FILE IS PARTIALLY CORRUPT. KdDebuggerDataBlock is not present or unreadable.": "the kernel debugger",
    "MiniDumpWriteDump failed with code 8007012b": "programs that call MiniDumpWriteDump",
    "[!] Failed to create minidump, error code: 1": "a program that writes dumps",
    "Writing dump failed (HRESULT: 0x80004005)": "dotnet-dump and createdump",
    "Dump 1 error: Error writing dump file: 0x80070005 Access is denied. (0x80070005, -2147024891)": "procdump",
    "GenInvokeEnumStackProviders(C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\mscordacwks.dll) failed, 0x8007007f": "the debugger's .dump and dbghelp",
    'WriteFullMemory.QueryVirtual(0x0) for info failed, 0x80070005 Dump creation failed, Win32 error 0n5 "Access is denied."': "the debugger's .dump",
    "[1003/013200.058:ERROR:process_reader_win.cc(242)] ReadMemory at 0x9199894 of 512 bytes failed: Only "
    "part of a ReadProcessMemory or WriteProcessMemory request was completed. (0x12B)": "Windows",
    "Debugging older format crash dumps is not supported": "Visual Studio",
    "<unknown>: invalid minidump": "Sentry's symbolicator",
    "HEAPEXT: Unable to get address of ntdll!RtlpHeapInvalidBadAddress.": "the debugger's !heap",
}


@each(("kind", "text"), [(kind, text) for kind, texts in PASTED.items() for text in texts])
def test_what_a_message_is_about(kind: str, text: str) -> None:
    assert understand(text).kind == kind


@each("text", SPEAKERS)
def test_who_says_it(text: str) -> None:
    assert known_in(text)[0].who == SPEAKERS[text]


def test_every_entry_has_a_kind_and_the_kinds_have_entries() -> None:
    assert {item.kind for item in everything()} == set(KINDS)


@pytest.mark.parametrize("text", ["", " ", "hello", "the dump of yesterday", "a minidump has streams", "write me a letter", "open the window", "0x10"])
def test_words_that_are_no_message(text: str) -> None:
    assert known_in(text) == []


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("System.IO.EndOfStreamException: Unable to read beyond the end of the stream.", "EXC005"),
        ("Unable to find system info stream in the minidump that was uploaded", "EXC005"),
        ("Minidump contains multiple streams of type 7 (SystemInfoStream)", "MEM010"),
        ("The memory of the process could not be found in the list of streams", "MEM010"),
    ],
)
def test_a_few_words_in_common_choose_no_rule(text: str, never: str) -> None:
    """A nearest message is taken only where it has half of the words that were given."""
    from dumpscope.diagnosis.messages import read_message

    said = read_message(text)
    assert never not in [rule.code for rule in said.rules] or known_in(text)


def test_the_name_of_an_error_alone_is_a_question(cli: Any, tmp_path: Path) -> None:
    """And no path: whoever pastes it may have no dump at hand."""
    for name in ("StreamNotFound", "MissingDirectory", "HeaderMismatch"):
        found = cli("why", name)
        assert found.code == 0
        assert "rust-minidump" in found.out
    assert cli("why", "SomeFileThatIsNotThere").code == 3


def test_words_that_several_programs_say_name_none_of_them() -> None:
    assert "the words do not tell which" in known_in("System.Exception: Failed to parse minidump: x")[0].who
    assert known_in("error: 'minidump' invalid minidump: failed to parse minidump")[0].who == "LLDB"


def test_an_exception_of_visual_studio_gives_way_to_what_else_is_known() -> None:
    assert known_in("Unhandled exception at 0x77D3015D in x.exe")[0].who.startswith("Visual Studio")
    assert known_in("Could not open dump file [C:\\a.dmp]; Unhandled exception at 0x77D3015D in x.exe")[0].kind == "opening"

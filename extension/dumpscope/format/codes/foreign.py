"""Exception codes that programs, languages and crash reporters raise themselves; the debugger has no words for them.

Bit 29 marks a code as a program's own (winerror.h: customer code flag), but nobody hands such codes out, and some writers use
numbers without it. Each row names the public source that defines the code.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple


class ForeignCode(NamedTuple):
    """One code: its symbol, whose it is, what happened in a few words, what its parameters are, and where it is defined.

    ``crashed`` is false where the code stands for a dump that was asked for, or for a message to the debugger.
    """

    symbol: str
    owner: str
    words: str
    parameters: Tuple[str, ...]
    source: str
    crashed: bool = True


FOREIGN: Dict[int, ForeignCode] = {
    # crash reporters
    0x0517A7ED: ForeignCode(
        "CRASHPAD_SIMULATED",
        "Crashpad",
        "requested dump without a crash (DumpWithoutCrash)",
        (),
        "chromium/crashpad client/crashpad_client_win.cc",
        False,
    ),
    0x0CCA11ED: ForeignCode(
        "kTriggeredExceptionCode",
        "Crashpad",
        "dump requested from outside, after which the process is ended (DumpAndCrashTargetProcess)",
        ("thread to blame, 0 for none", "exception code that the caller chose"),
        "chromium/crashpad util/win/exception_codes.h",
        False,
    ),
    # Chromium
    0xE0000008: ForeignCode(
        "kOomExceptionCode",
        "Chromium",
        "out of memory: an allocation failed and the program ended itself",
        ("bytes that were asked for",),
        "chromium base/process/memory.h, base/process/memory_win.cc",
    ),
    # Unreal Engine
    0x4000: ForeignCode(
        "AssertExceptionCode",
        "Unreal Engine",
        "assertion failed or fatal error logged",
        ("address of FAssertInfo",),
        "Unreal Engine WindowsPlatformCrashContext.cpp",
    ),
    0x8000: ForeignCode(
        "GPUCrashExceptionCode",
        "Unreal Engine",
        "the graphics device was lost or hung",
        ("address of FAssertInfo",),
        "Unreal Engine WindowsPlatformCrashContext.cpp",
    ),
    0xC000: ForeignCode(
        "OutOfMemoryExceptionCode",
        "Unreal Engine",
        "out of memory",
        ("address of FAssertInfo",),
        "Unreal Engine WindowsPlatformCrashContext.cpp",
    ),
    777008: ForeignCode(
        "EnsureExceptionCode",
        "Unreal Engine",
        "an ensure failed: reported, and the program went on",
        ("address of FAssertInfo",),
        "Unreal Engine GenericPlatformCrashContext.h (ECrashExitCodes::UnhandledEnsure)",
        False,
    ),
    # .NET
    0xE053534F: ForeignCode("EXCEPTION_SOFTSO", ".NET", "the runtime found too little stack left", (), "dotnet/coreclr inc/corexcep.h"),
    0xE0434F4E: ForeignCode("EXCEPTION_HIJACK", ".NET", "the runtime stopped a thread, for a garbage collection", (), "dotnet/coreclr inc/corexcep.h", False),
    0xE0455858: ForeignCode("EXCEPTION_EXX", ".NET", "the runtime could not set a thread up", (), "dotnet/coreclr inc/corexcep.h"),
    0x80131506: ForeignCode(
        "COR_E_EXECUTIONENGINE",
        ".NET",
        "internal error of the runtime: its data are damaged, mostly by native code",
        (),
        "dotnet/runtime inc/corerror.xml",
    ),
    0x80131623: ForeignCode("COR_E_FAILFAST", ".NET", "Environment.FailFast was called, or the runtime gave up", (), "dotnet/runtime inc/corerror.xml"),
    # languages
    0x0EEDFADE: ForeignCode(
        "cDelphiException",
        "Delphi",
        "a Delphi exception was not handled",
        ("address of the raise", "address of the exception object"),
        "Delphi System.pas",
    ),
    0x0EEDFADF: ForeignCode("cDelphiReRaise", "Delphi", "a Delphi exception was raised again", (), "Delphi System.pas"),
    0x0EEDFAE4: ForeignCode("cNonDelphiException", "Delphi", "an exception of the system reached Delphi code", (), "Delphi System.pas"),
    0x0EEDFAE6: ForeignCode("BCC_NORMAL", "C++Builder", "a C++ exception of C++Builder", (), "microsoft/clrmd Runtime.Interop EXCEPTION"),
    0x0EEFFACE: ForeignCode("cCppException", "C++Builder", "a C++ exception of C++Builder was not handled", (), "Delphi System.pas: used by C++Builder"),
    0x20474343: ForeignCode(
        "STATUS_GCC_THROW",
        "GCC",
        "an exception of a program built with GCC (C++, Ada, Rust for MinGW) was not handled",
        ("address of the exception object",),
        "gcc libgcc/unwind-seh.c",
    ),
    0x21474343: ForeignCode("STATUS_GCC_UNWIND", "GCC", "handlers of GCC are being unwound", (), "gcc libgcc/unwind-seh.c"),
    0x22474343: ForeignCode("STATUS_GCC_FORCED", "GCC", "a forced unwind of GCC", (), "gcc libgcc/unwind-seh.c"),
    0xE0440001: ForeignCode(
        "STATUS_DIGITAL_MARS_D_EXCEPTION", "D", "a D exception was not handled", ("address of the Throwable",), "dlang/druntime rt/deh_win32.d"
    ),
    0xE0465043: ForeignCode(
        "FPC_EXCEPTION_CODE",
        "Free Pascal",
        "a Free Pascal exception was not handled",
        ("address of the raise", "address of the exception object"),
        "Free Pascal rtl/win64/seh64.inc",
    ),
}
"""Codes of others by number."""

LUAJIT = 0xE24C4A00
"""LuaJIT puts its own status into the lowest byte (LuaJIT src/lj_err.c: LJ_EXCODE)."""
_LUA_STATUS = {1: "a coroutine yielded", 2: "a Lua error was not caught", 3: "a syntax error", 4: "out of memory", 5: "an error inside an error handler"}


def foreign_code(code: int) -> Optional[ForeignCode]:
    """The row of a code that a program, a language or a crash reporter made its own; None for any other."""
    if code & 0xFFFFFF00 == LUAJIT:
        words = _LUA_STATUS.get(code & 0xFF, "an error of LuaJIT")
        return ForeignCode("LJ_EXCODE", "LuaJIT", words, (), "LuaJIT src/lj_err.c")
    return FOREIGN.get(code)

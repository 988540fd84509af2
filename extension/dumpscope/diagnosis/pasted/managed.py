"""Messages of SOS, dotnet-dump analyze and the .NET runtime's debugging libraries about the managed side of a dump."""

from __future__ import annotations

from typing import Tuple

from .known import MANAGED, Known

_SOS = "SOS (WinDbg, dotnet-dump, LLDB)"
_FULL = "take the dump with full memory: `.dump /ma FILE`, `procdump -ma PID`, `dotnet-dump collect --type Full` (or Heap)"
_BITNESS = "use a debugger of the process's bitness: x86 WinDbg and the x86 dotnet-dump for a 32-bit process, x64 for a 64-bit one"
_DAC = (
    "mscordaccore.dll or mscordacwks.dll must be of exactly the runtime's version: set the symbol path "
    "(`.symfix`, then `.cordll -ve -u -l`), or `setclrpath FOLDER` in dotnet-dump"
)
_RULES = ("MOD007", "MOD006", "MEM002", "OPN016", "EXC009")
_COMMANDS = ("SOS", "!clrstack")

MESSAGES: Tuple[Known, ...] = (
    Known(
        r"does not support the current target architecture|unsupported architecture|architecture .{0,30}(?:is )?not supported"
        r"|mismatched architecture|wrong architecture|0x80131c30",
        _SOS,
        MANAGED,
        "The debugger has another bitness or processor than the process in the dump. 0x14c is x86, 0x8664 x64, 0xaa64 ARM64, 0x1c4 ARM",
        ("MOD006", "MOD007"),
        _COMMANDS,
        (_BITNESS, "a 32-bit process must be dumped by a 32-bit tool (%windir%\\SysWOW64\\taskmgr.exe, procdump without -64)"),
    ),
    Known(
        r"failed to request (?:threadstore|threadpoolmgr|appdomain|heap|gc|\w+ (?:data|information))|failed to request",
        _SOS,
        MANAGED,
        "The runtime's own data are not in the dump: it holds too little memory",
        _RULES,
        _COMMANDS,
        (_FULL, "in a dump of type Mini only the stacks of the managed threads can be shown, and only where the runtime's data are there"),
    ),
    Known(
        r"failed to start stack ?walk|failed to start the stalk walk|unable to walk the managed stack|not a managed thread",
        _SOS,
        MANAGED,
        "The thread runs no managed code, or the runtime's data are not in the dump",
        _RULES,
        _COMMANDS,
        ("`~*e !clrstack` tries each thread; `!clrthreads` lists the managed ones", _FULL),
    ),
    Known(
        r"failed to load (?:the )?data access|failed to load dac|unable to load the dac|createdacinstance failed"
        r"|clrdatacreateinstance|clrdll:|mscordac(?:wks|core)|80131c4f|failure loading dac|cordll",
        _SOS,
        MANAGED,
        "The library that reads the runtime's data (the DAC) was not found, is of another version, or did not find the memory that it needs",
        _RULES,
        _COMMANDS,
        (_DAC, _BITNESS, _FULL),
    ),
    Known(
        r"failed to find runtime|no clr runtime found|extension commands need it in order|no \.net (?:core )?runtime"
        r"|clr (?:is|was) not (?:loaded|found)|unable to find (?:module|runtime).{0,30}clr|couldn'?t find the (?:clr|runtime)",
        _SOS,
        MANAGED,
        "No .NET runtime is among the modules: a native process, a process in which it was not loaded yet, or a dump without a module list",
        ("OPN012", "MOD007", "MOD006"),
        _COMMANDS,
        ("`modules` of dumpscope lists the modules: look for coreclr.dll, clr.dll or mscorwks.dll; a single-file program has the runtime inside its own .exe",),
    ),
    Known(
        r"garbage collector data structures are not in a valid state|unable to create a clrheap"
        r"|gc heap .{0,30}(?:invalid|not (?:valid|walkable))|object <?exec"
        r"|has an invalid method ?table|error requesting (?:the )?heap|bad (?:member|object)|error requesting (?:gc|heap)",
        _SOS,
        MANAGED,
        "The managed heap cannot be walked: it was in the middle of a collection, or is not in the dump",
        _RULES,
        _COMMANDS,
        (_FULL, "a dump taken during a collection stays so: take another one"),
    ),
    Known(
        r"unable to acquire \.net debugger interface|could not start clr|8027025b|sos command failed|version of sos does not match"
        r"|sos.{0,60}(?:fail|error|not (?:loaded|found))|the version of clr.{0,30}mismatch"
        r"|80131c49|c0000005 exception in .{0,80}\.\w+ debugger extension|dotnet-dump analyze.{0,200}(?:fail|error)",
        _SOS,
        MANAGED,
        "A SOS command failed: the runtime's data are not in the dump, or debugger, SOS and runtime do not belong together",
        _RULES,
        _COMMANDS,
        (_DAC, _BITNESS, _FULL),
    ),
)

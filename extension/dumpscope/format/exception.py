"""The exception that a dump was written for."""

from __future__ import annotations

from .header import MINIDUMP_LOCATION_DESCRIPTOR
from .layout import ADDRESS, COUNT, HEX, MINIDUMPAPISET, THREAD_ID, ULONG32, ULONG64, Enumeration, Field, FlagSet, Structure

_WINNT = "winnt.h (Windows SDK 10.0.26100)"

EXCEPTION_MAXIMUM_PARAMETERS = 15
"""How many parameters an exception can have."""

EXCEPTION_FLAGS = FlagSet(
    "EXCEPTION_FLAGS",
    {
        0x01: ("EXCEPTION_NONCONTINUABLE", "the program cannot go on after it"),
        0x02: ("EXCEPTION_UNWINDING", "handlers are being unwound"),
        0x04: ("EXCEPTION_EXIT_UNWIND", "an unwind that ends the thread"),
        0x08: ("EXCEPTION_STACK_INVALID", "the stack is out of its limits or misaligned"),
        0x10: ("EXCEPTION_NESTED_CALL", "raised while another one was handled"),
        0x20: ("EXCEPTION_TARGET_UNWIND", "the unwind has reached its target"),
        0x40: ("EXCEPTION_COLLIDED_UNWIND", "one unwind ran into another"),
        0x80: ("EXCEPTION_SOFTWARE_ORIGINATE", "raised by software, not by the processor"),
    },
    _WINNT,
)

ACCESS_KIND = Enumeration(
    "ACCESS_KIND",
    {
        0: ("EXCEPTION_READ_FAULT", "read from"),
        1: ("EXCEPTION_WRITE_FAULT", "write to"),
        8: ("EXCEPTION_EXECUTE_FAULT", "execute non-executable"),
    },
    _WINNT,
)
"""First parameter of an access violation or in-page error; the meaning is the debugger's word."""

MINIDUMP_EXCEPTION = Structure(
    "MINIDUMP_EXCEPTION",
    [
        Field("ExceptionCode", ULONG32, "which exception", HEX),
        Field("ExceptionFlags", ULONG32, "whether the program can go on", values=EXCEPTION_FLAGS),
        Field("ExceptionRecord", ULONG64, "address of another record that this one is about, 0 for none", ADDRESS, target="EXCEPTION_RECORD64"),
        Field("ExceptionAddress", ULONG64, "the instruction that raised it", ADDRESS),
        Field("NumberParameters", ULONG32, "how many parameters are valid, 15 at the most", COUNT),
        Field("__unusedAlignment", ULONG32, "padding", HEX),
        Field("ExceptionInformation", ULONG64, "the parameters; their meaning depends on the code", HEX, count=15, when="below NumberParameters"),
    ],
    source=MINIDUMPAPISET,
    meaning="An exception record in 64-bit form, whatever the process; a signal or a Mach exception where it did not run on Windows.",
)

MINIDUMP_EXCEPTION_STREAM = Structure(
    "MINIDUMP_EXCEPTION_STREAM",
    [
        Field("ThreadId", ULONG32, "the thread that raised it", THREAD_ID),
        Field("__alignment", ULONG32, "padding", HEX),
        Field("ExceptionRecord", MINIDUMP_EXCEPTION, "what happened"),
        Field("ThreadContext", MINIDUMP_LOCATION_DESCRIPTOR, "the registers at that moment, which .ecxr shows", target="CONTEXT"),
    ],
    source=MINIDUMPAPISET,
    meaning="ExceptionStream.",
)

EXCEPTION_RECORD64 = Structure(
    "EXCEPTION_RECORD64",
    [
        Field("ExceptionCode", ULONG32, "which exception", HEX),
        Field("ExceptionFlags", ULONG32, "whether the program can go on", values=EXCEPTION_FLAGS),
        Field("ExceptionRecord", ULONG64, "address of another record", ADDRESS),
        Field("ExceptionAddress", ULONG64, "the instruction that raised it", ADDRESS),
        Field("NumberParameters", ULONG32, "how many parameters are valid", COUNT),
        Field("__unusedAlignment", ULONG32, "padding", HEX),
        Field("ExceptionInformation", ULONG64, "the parameters", HEX, count=15, when="below NumberParameters"),
    ],
    source=_WINNT,
    meaning="An exception record in the memory of a 64-bit process.",
    pack=8,
)

EXCEPTION_RECORD32 = Structure(
    "EXCEPTION_RECORD32",
    [
        Field("ExceptionCode", ULONG32, "which exception", HEX),
        Field("ExceptionFlags", ULONG32, "whether the program can go on", values=EXCEPTION_FLAGS),
        Field("ExceptionRecord", ULONG32, "address of another record", ADDRESS),
        Field("ExceptionAddress", ULONG32, "the instruction that raised it", ADDRESS),
        Field("NumberParameters", ULONG32, "how many parameters are valid", COUNT),
        Field("ExceptionInformation", ULONG32, "the parameters", HEX, count=15, when="below NumberParameters"),
    ],
    source=_WINNT,
    meaning="An exception record in the memory of a 32-bit process.",
)

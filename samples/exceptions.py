"""Exceptions: one of each kind, and those that are easily said wrong: breakpoints, unloaded modules, the 32-bit side of a 64-bit dump, two exceptions."""

import struct
from typing import Any

from . import blocks, process
from .catalogue import Built, sample
from .healthy import BASIC, opens
from .recipes import access_violation, compose
from .writer import DumpBuilder, UnloadedModule

_NTDLL_BREAK = 0x7FFC3A790FE0
_GONE = 0x7FFC2D100000


def _exception_sample(name: str, title: str, code: int, parameters: Any = (), kind: str = "amd64", **more: Any) -> None:
    """Register a dump with an exception; everything else is the same in all of them."""
    arguments = dict(access_violation(kind), code=code, parameters=parameters, **more)

    @sample(
        "exception-" + name,
        title,
        f"an exception stream with code {code:08X}",
        0,
        exception={"code": code, "tid": arguments["tid"], "address": arguments["address"]},
        **opens(),
    )
    def _() -> Built:
        return compose("threads modules memory exception system misc counters", kind=kind, exception=arguments)


_exception_sample("write-violation", "Write to address 0", 0xC0000005, (1, 0))
_exception_sample("read-violation", "Read of a freed block", 0xC0000005, (0, 0xFFFFFFFFFFFFFFFF))
_exception_sample("execute-violation", "A jump into data", 0xC0000005, (8, 0x1D5A3C40000))
_exception_sample("violation-x86", "Write to address 0, 32-bit process", 0xC0000005, (1, 0), "x86")
_exception_sample("in-page-error", "A mapped file went away", 0xC0000006, (0, 0x1D5A3C50000, 0xC000009C))
_exception_sample("fast-fail", "Stack cookie check failed", 0xC0000409, (2,), flags=1)
_exception_sample("cpp", "An uncaught C++ exception", 0xE06D7363, (0x19930520, 0x4A5E6FFEC0, 0x7FF6A1B3E2A0, 0x7FF6A1B20000), flags=1)
_exception_sample("cpp-x86", "An uncaught C++ exception, 32 bit", 0xE06D7363, (0x19930520, 0x00CFFE80, 0x00D2E2A0), "x86", flags=1)
_exception_sample("clr", "An uncaught .NET exception", 0xE0434352, (0x80131509, 0, 0, 0, 0x7FFC10000000), flags=1)
_exception_sample("breakpoint", "A breakpoint instruction", 0x80000003, (0,))
_exception_sample("wake-debugger", "`.dump` from a debugger that had broken in", 0x80000007)
_exception_sample("hang-report", "Windows Error Reporting took a hung program", 0xCFFFFFFF)
_exception_sample("stack-overflow", "The guard page was hit", 0xC00000FD, (1, 0x4A5E6FF000))
_exception_sample("nested", "A record that points to another one", 0xC0000025, nested=0x4A5E6FFE40)


@sample(
    "exception-seen-from-its-handler",
    "The thread is in the crash handler, the exception elsewhere",
    "registers of the thread list and of the exception differ",
    0,
    rule="exception-context-differs",
    exception={"code": 0xC0000005, "tid": 0x1A30, "address": 0x7FF6A1B2145C},
    **opens(),
)
def _() -> Built:
    context = blocks.context_amd64(rip=0x7FF6A1B2145C, rsp=0x4A5E4FFF20, rcx=0)
    return compose(
        "threads modules memory exception system misc counters",
        exception={"tid": 0x1A30, "code": 0xC0000005, "address": 0x7FF6A1B2145C, "parameters": (0, 8), "context": context},
    )


def breakpoint_at(address: int, code: bytes = b"") -> DumpBuilder:
    """A dump whose third thread ran into a breakpoint at an address, with the bytes there."""
    spec = process.THREADS_64[2]
    made = compose(
        "threads modules exception system misc",
        exception={"tid": spec.tid, "code": 0x80000003, "address": address, "parameters": (0,), "context": blocks.context_amd64(rip=address, rsp=spec.sp)},
        threads=[row._replace(context=blocks.context_amd64(rip=address, rsp=spec.sp)) if row.tid == spec.tid else row for row in process.threads_64()],
    )
    if code:
        made.add_memory(address - 0x80, b"\x90" * 0x80 + code.ljust(0x80, b"\x90"))
    made.add_memory_list()
    return made


@sample("exception-break-in", "A debugger broke in: int 3 in ntdll", "the code of an assertion, and nothing crashed", 0, rule="break-in", **opens())
def _() -> Built:
    return breakpoint_at(_NTDLL_BREAK, b"\xcc")


@sample("exception-failed-check", "int 3, ud2 in the program's own code", "a failed assertion: the thread matters", 0, rule="own-break", **opens())
def _() -> Built:
    return breakpoint_at(0x7FF6A1B2145C, b"\xcc\x0f\x0b")


@sample(
    "exception-in-unloaded-module",
    "A call into a module that is gone; two had been there",
    "the first of the file's unloaded modules counts",
    0x20,
    unloaded=2,
    rule="unloaded-twice",
    **opens(),
)
def _() -> Built:
    arguments = dict(access_violation(), address=_GONE + 0x1234, parameters=(8, _GONE + 0x1234))
    made = compose("threads modules memory system misc exception", 0x20, exception=arguments)
    made.add_unloaded_modules([UnloadedModule(_GONE, 0x4B000, "oldplugin.dll"), UnloadedModule(_GONE, 0x4000, "KBDRU.DLL")])
    return made


@sample("exception-twice", "Two exception streams", "the debugger uses the first", 0, rule="exception-twice", **opens())
def _() -> Built:
    made = compose(BASIC + " exception")
    made.add_exception(process.THREADS_64[0].tid, 0xC0000409, 0x7FF6A1B21500, (7,))
    return made


def wow64_stopped(in_32_bit_code: bool) -> DumpBuilder:
    """A 32-bit program dumped by a 64-bit tool, with an access violation in its second thread."""
    made = DumpBuilder("amd64", 0x100)
    process.add_wow64_memory(made)
    rows = process.threads_wow64()
    if in_32_bit_code:
        context = bytearray(blocks.context_amd64(rip=0x00D11400, rsp=0x00CFFE24, rax=0x1122334455667788))
        struct.pack_into("<H", context, 0x38, 0x23)
        rows[1] = rows[1]._replace(context=bytes(context))
    made.add_thread_list(rows)
    modules = process.modules("wow64")
    made.add_module_list([modules[0], *modules])
    made.add_memory_list()
    made.add_exception(rows[1].tid, 0xC0000005, 0x00D11400, (0, 0x10), rows[1].context)
    made.add_system_info()
    made.add_misc_info()
    return made


@sample(
    "exception-wow64-32-bit-code",
    "A 32-bit program stopped in its own code, dumped by a 64-bit tool",
    "cs is 0x23: the 64-bit context holds the 32-bit registers, and .ecxr prints garbage",
    0x100,
    modules=9,
    rule="wow64-cs",
    **opens(),
)
def _() -> Built:
    return wow64_stopped(True)


@sample(
    "exception-wow64",
    "A 32-bit program with an exception, dumped by a 64-bit tool",
    "the exception's registers are those of the 64-bit side",
    0x100,
    modules=9,
    rule="wow64-exception",
    **opens(),
)
def _() -> Built:
    return wow64_stopped(False)

"""Mach exceptions: what a dump of macOS or iOS has where one of Windows has an exception code."""

from __future__ import annotations

from typing import Dict, Tuple

from .layout import Enumeration
from .processors import ARM_FAMILY, PPC_FAMILY, X86_FAMILY, family

_BREAKPAD = "google/breakpad minidump_exception_mac.h"

BAD_ACCESS = 1
SOFTWARE = 5
CRASH = 10
RESOURCE = 11
GUARD = 12
SIMULATED = 0x43507378
"""``CPsx``: Crashpad was asked for a dump."""
NS_EXCEPTION = 0x43506E78
"""``CPnx``: Crashpad's handler of uncaught Objective-C exceptions on iOS."""
NS_EXCEPTION_CODE = 0xDEADC0DE
"""The code of an EXC_SOFTWARE that stands for an uncaught Objective-C exception."""

EXC_TYPE = Enumeration(
    "EXC_TYPE",
    {
        BAD_ACCESS: ("EXC_BAD_ACCESS", "memory was used that may not be"),
        2: ("EXC_BAD_INSTRUCTION", "the processor refuses the instruction"),
        3: ("EXC_ARITHMETIC", "an arithmetic error, integer division by zero included"),
        4: ("EXC_EMULATION", "an instruction to be emulated"),
        SOFTWARE: ("EXC_SOFTWARE", "raised by software"),
        6: ("EXC_BREAKPOINT", "a breakpoint or a trap instruction, such as a failed check in Swift"),
        7: ("EXC_SYSCALL", "a Unix system call"),
        8: ("EXC_MACH_SYSCALL", "a Mach system call"),
        9: ("EXC_RPC_ALERT", "a remote call"),
        CRASH: ("EXC_CRASH", "the process ended in an abnormal way: code tells the signal and the exception before it"),
        RESOURCE: ("EXC_RESOURCE", "used more of a resource than it may; often not a crash"),
        GUARD: ("EXC_GUARD", "a guarded port, file or region was used against its guard"),
        13: ("EXC_CORPSE_NOTIFY", "the process ended and was kept for its report"),
        SIMULATED: ("kMachExceptionSimulated", "Crashpad was asked for a dump: nothing crashed"),
        NS_EXCEPTION: ("kMachExceptionFromNSException", "Crashpad saw an Objective-C exception that nobody caught"),
    },
    f"Darwin mach/exception_types.h; {_BREAKPAD}; chromium/crashpad util/mach/mach_extensions.h",
)
"""ExceptionCode; ExceptionFlags is the code of the exception."""

BAD_ACCESS_CODE = Enumeration(
    "code of EXC_BAD_ACCESS",
    {
        1: ("KERN_INVALID_ADDRESS", "nothing is mapped at the address"),
        2: ("KERN_PROTECTION_FAILURE", "the page does not allow this access"),
        6: ("KERN_RESOURCE_SHORTAGE", "no memory was left for the page"),
        8: ("KERN_NO_ACCESS", "the page may not be used at all"),
        9: ("KERN_MEMORY_FAILURE", "what the page stands for is gone"),
        10: ("KERN_MEMORY_ERROR", "the page could not be read in"),
        50: ("KERN_CODESIGN_ERROR", "the page does not have the signature of the code"),
    },
    f"Darwin mach/kern_return.h; {_BREAKPAD}",
)

SOFTWARE_CODE = Enumeration(
    "code of EXC_SOFTWARE",
    {
        0x10000: ("EXC_UNIX_BAD_SYSCALL", "a wrong system call (SIGSYS)"),
        0x10001: ("EXC_UNIX_BAD_PIPE", "a write into a pipe that nobody reads (SIGPIPE)"),
        0x10002: ("EXC_UNIX_ABORT", "abort was called (SIGABRT)"),
        0x10003: ("EXC_SOFT_SIGNAL", "a signal, for a debugger"),
        NS_EXCEPTION_CODE: ("NS_EXCEPTION", "an Objective-C exception that nobody caught"),
    },
    f"Darwin mach/exception_types.h; {_BREAKPAD}",
)

X86, ARM, PPC = X86_FAMILY, ARM_FAMILY, PPC_FAMILY


def _of(kind: str, machine: str, members: Dict[int, Tuple[str, str]]) -> Enumeration:
    return Enumeration(f"code of {kind} ({machine})", members, f"Darwin mach exception.h of the processor; {_BREAKPAD}")


X86_BAD_ACCESS_CODE = _of(
    "EXC_BAD_ACCESS",
    X86,
    {
        5: ("VM_PROT_READ|VM_PROT_EXECUTE", "an overrun of the coprocessor's segment"),
        13: ("EXC_I386_GPFLT", "a general protection fault, such as an address that is not canonical, which is not told"),
    },
)
X86_BAD_INSTRUCTION_CODE = _of(
    "EXC_BAD_INSTRUCTION",
    X86,
    {
        1: ("EXC_I386_INVOP", "no such instruction"),
        10: ("EXC_I386_INVTSSFLT", "a wrong task state segment"),
        11: ("EXC_I386_SEGNPFLT", "a segment is not there"),
        12: ("EXC_I386_STKFLT", "a fault of the stack segment"),
        13: ("EXC_I386_GPFLT", "a general protection fault"),
        17: ("EXC_I386_ALIGNFLT", "an operand is not aligned"),
    },
)
X86_ARITHMETIC_CODE = _of(
    "EXC_ARITHMETIC",
    X86,
    {
        1: ("EXC_I386_DIV", "integer division by zero, or its result does not fit"),
        2: ("EXC_I386_INTO", "an integer overflow"),
        3: ("EXC_I386_NOEXT", "there is no coprocessor"),
        4: ("EXC_I386_EXTOVR", "an overrun of the coprocessor"),
        5: ("EXC_I386_EXTERR", "an error of the x87 unit"),
        6: ("EXC_I386_EMERR", "an error of the emulator"),
        7: ("EXC_I386_BOUND", "an index is out of bounds"),
        8: ("EXC_I386_SSEEXTERR", "an error of the SSE unit"),
    },
)
X86_BREAKPOINT_CODE = _of("EXC_BREAKPOINT", X86, {1: ("EXC_I386_SGL", "one instruction was stepped"), 2: ("EXC_I386_BPT", "a breakpoint instruction (int 3)")})
ARM_BAD_ACCESS_CODE = _of(
    "EXC_BAD_ACCESS",
    ARM,
    {
        0x101: ("EXC_ARM_DA_ALIGN", "the address is not aligned"),
        0x102: ("EXC_ARM_DA_DEBUG", "a watchpoint"),
        0x103: ("EXC_ARM_SP_ALIGN", "the stack pointer is not aligned"),
        0x104: ("EXC_ARM_SWP", "the instruction SWP"),
        0x105: ("EXC_ARM_PAC_FAIL", "a signed pointer has the wrong signature"),
    },
)
ARM_BAD_INSTRUCTION_CODE = _of("EXC_BAD_INSTRUCTION", ARM, {1: ("EXC_ARM_UNDEFINED", "no such instruction")})
ARM_ARITHMETIC_CODE = _of(
    "EXC_ARITHMETIC",
    ARM,
    {
        1: ("EXC_ARM_FP_IO", "an invalid floating-point operation"),
        2: ("EXC_ARM_FP_DZ", "floating-point division by zero"),
        3: ("EXC_ARM_FP_OF", "a floating-point overflow"),
        4: ("EXC_ARM_FP_UF", "a floating-point underflow"),
        5: ("EXC_ARM_FP_IX", "an inexact floating-point result"),
        6: ("EXC_ARM_FP_ID", "a denormal operand"),
    },
)
ARM_BREAKPOINT_CODE = _of("EXC_BREAKPOINT", ARM, {1: ("EXC_ARM_BREAKPOINT", "a breakpoint instruction (brk)")})
PPC_BAD_ACCESS_CODE = _of(
    "EXC_BAD_ACCESS",
    PPC,
    {
        0x101: ("EXC_PPC_VM_PROT_READ", "the page may not be read"),
        0x102: ("EXC_PPC_BADSPACE", "an address of another space"),
        0x103: ("EXC_PPC_UNALIGNED", "the address is not aligned"),
    },
)
PPC_BAD_INSTRUCTION_CODE = _of(
    "EXC_BAD_INSTRUCTION",
    PPC,
    {
        1: ("EXC_PPC_INVALID_SYSCALL", "no such system call"),
        2: ("EXC_PPC_UNIPL_INST", "no such instruction"),
        3: ("EXC_PPC_PRIVINST", "only the kernel may run the instruction"),
        4: ("EXC_PPC_PRIVREG", "only the kernel may use the register"),
        5: ("EXC_PPC_TRACE", "one instruction was stepped"),
        6: ("EXC_PPC_PERFMON", "an event of the performance monitor"),
    },
)
PPC_ARITHMETIC_CODE = _of(
    "EXC_ARITHMETIC",
    PPC,
    {
        1: ("EXC_PPC_OVERFLOW", "an integer overflow"),
        2: ("EXC_PPC_ZERO_DIVIDE", "integer division by zero"),
        3: ("EXC_PPC_FLT_INEXACT", "an inexact floating-point result"),
        4: ("EXC_PPC_FLT_ZERO_DIVIDE", "floating-point division by zero"),
        5: ("EXC_PPC_FLT_UNDERFLOW", "a floating-point underflow"),
        6: ("EXC_PPC_FLT_OVERFLOW", "a floating-point overflow"),
        7: ("EXC_PPC_FLT_NOT_A_NUMBER", "no number"),
    },
)
PPC_BREAKPOINT_CODE = _of("EXC_BREAKPOINT", PPC, {1: ("EXC_PPC_BREAKPOINT", "a breakpoint instruction")})

_CODES: Dict[Tuple[int, str], Enumeration] = {
    (1, X86): X86_BAD_ACCESS_CODE,
    (2, X86): X86_BAD_INSTRUCTION_CODE,
    (3, X86): X86_ARITHMETIC_CODE,
    (6, X86): X86_BREAKPOINT_CODE,
    (1, ARM): ARM_BAD_ACCESS_CODE,
    (2, ARM): ARM_BAD_INSTRUCTION_CODE,
    (3, ARM): ARM_ARITHMETIC_CODE,
    (6, ARM): ARM_BREAKPOINT_CODE,
    (1, PPC): PPC_BAD_ACCESS_CODE,
    (2, PPC): PPC_BAD_INSTRUCTION_CODE,
    (3, PPC): PPC_ARITHMETIC_CODE,
    (6, PPC): PPC_BREAKPOINT_CODE,
}

RESOURCE_TYPE = Enumeration(
    "type of EXC_RESOURCE",
    {
        1: ("RESOURCE_TYPE_CPU", "processor time"),
        2: ("RESOURCE_TYPE_WAKEUPS", "wakes the processor too often"),
        3: ("RESOURCE_TYPE_MEMORY", "memory"),
        4: ("RESOURCE_TYPE_IO", "input and output"),
        5: ("RESOURCE_TYPE_THREADS", "threads"),
        6: ("RESOURCE_TYPE_PORTS", "Mach ports"),
    },
    "Darwin kern/exc_resource.h",
)
"""The highest three bits of the 64-bit code, of which ExceptionFlags has the upper half."""

GUARD_TYPE = Enumeration(
    "type of EXC_GUARD",
    {
        1: ("GUARD_TYPE_MACH_PORT", "a Mach port"),
        2: ("GUARD_TYPE_FD", "a file"),
        3: ("GUARD_TYPE_USER", "an assertion of the program"),
        4: ("GUARD_TYPE_VN", "a vnode"),
        5: ("GUARD_TYPE_VIRT_MEMORY", "a region of memory"),
    },
    "Darwin kern/exc_guard.h",
)
"""The highest three bits of the 64-bit code, of which ExceptionFlags has the upper half."""


def machine(architecture: int) -> str:
    """The processor whose codes hold: X86, ARM or PPC; an empty string for any other."""
    found = family(architecture)
    return found if found in (X86, ARM, PPC) else ""


def code_table(kind: int, architecture: int) -> Dict[int, Tuple[str, str]]:
    """Name and meaning of the codes of one exception by number, those of the processor included."""
    tables = ({BAD_ACCESS: BAD_ACCESS_CODE, SOFTWARE: SOFTWARE_CODE}.get(kind), _CODES.get((kind, machine(architecture))))
    return {number: words for table in tables if table is not None for number, words in table.members.items()}


def wide_code_words(kind: int, code: int) -> Tuple[str, str]:
    """Name and meaning of the 64-bit code of an EXC_RESOURCE or EXC_GUARD."""
    table = RESOURCE_TYPE if kind == RESOURCE else GUARD_TYPE
    name, meaning = table.members.get(code >> 61 & 7, ("", ""))
    flavor = code >> 58 & 7 if kind == RESOURCE else code >> 32 & 0x1FFFFFFF
    return name, f"{meaning}, flavor {flavor}" if meaning else ""


def crash_parts(code: int) -> Tuple[int, int, int]:
    """Signal, exception and code that an EXC_CRASH stands for.

    Source: xnu bsd/kern/kern_exit.c, and ExcCrashRecoverOriginalException of Crashpad's util/mach/exception_types.cc.
    """
    return code >> 24 & 0xFF, code >> 20 & 0xF, code & 0xFFFFF

"""Signals: what a dump of Linux, Android, Solaris or another Unix has where one of Windows has an exception code."""

from __future__ import annotations

from typing import Dict, Tuple

from .layout import Enumeration

_LINUX = "Linux uapi asm-generic/signal.h; google/breakpad minidump_exception_linux.h"
_SIGINFO = "Linux uapi asm-generic/siginfo.h; google/breakpad minidump_exception_linux.h"

DUMP_REQUESTED = 0xFFFFFFFF
"""No signal: Breakpad (MD_EXCEPTION_CODE_LIN_DUMP_REQUESTED) and Crashpad (Signals::kSimulatedSigno) were asked for a dump."""

_MEANINGS: Dict[str, str] = {
    "SIGHUP": "the terminal is gone",
    "SIGINT": "Ctrl+C was pressed",
    "SIGQUIT": "quit with a core dump, Ctrl+\\",
    "SIGILL": "the processor refuses the instruction",
    "SIGTRAP": "a breakpoint or a trap instruction",
    "SIGABRT": "abort was called: an assertion, an uncaught C++ exception, a damaged heap",
    "SIGEMT": "an emulator trap",
    "SIGBUS": "memory is there but cannot be used: wrong alignment, or beyond the end of a mapped file",
    "SIGFPE": "an arithmetic error, integer division by zero included",
    "SIGKILL": "killed; cannot be caught",
    "SIGUSR1": "a meaning of the program's own",
    "SIGUSR2": "a meaning of the program's own",
    "SIGSEGV": "memory was used that may not be",
    "SIGPIPE": "a write into a pipe or socket that nobody reads",
    "SIGALRM": "a timer of alarm ran out",
    "SIGTERM": "asked to end",
    "SIGSTKFLT": "a fault of the coprocessor's stack; nothing sends it",
    "SIGCHLD": "a child process ended or stopped",
    "SIGCONT": "goes on after a stop",
    "SIGSTOP": "stopped; cannot be caught",
    "SIGTSTP": "stopped from the terminal",
    "SIGTTIN": "a read from the terminal in the background",
    "SIGTTOU": "a write to the terminal in the background",
    "SIGURG": "urgent data at a socket",
    "SIGXCPU": "used more processor time than it may",
    "SIGXFSZ": "wrote a file longer than it may",
    "SIGVTALRM": "a timer of processor time ran out",
    "SIGPROF": "a timer of a profiler ran out",
    "SIGWINCH": "the terminal's window has another size",
    "SIGIO": "a file or socket is ready",
    "SIGINFO": "the terminal asks how things stand",
    "SIGPWR": "the power is failing",
    "SIGSYS": "a system call that does not exist or that a filter (seccomp) forbids",
    "SIGWAITING": "all threads of the process wait",
    "SIGLWP": "between the threads of the library",
    "SIGFREEZE": "the system is about to be suspended",
    "SIGTHAW": "the system was resumed",
    "SIGCANCEL": "a thread is cancelled",
    "SIGLOST": "a lock of a file was lost",
    "SIGXRES": "used more of a resource than it may",
    "SIGJVM1": "of the Java machine",
    "SIGJVM2": "of the Java machine",
    "DUMP_REQUESTED": "a dump was asked for: nothing crashed",
}


def _signals(name: str, source: str, names: str, *, requested: bool = False) -> Enumeration:
    """A table of signals from their short names in the order of their numbers, from 1 on; ``-`` leaves a number out."""
    members = {number: f"SIG{short}" for number, short in enumerate(names.split(), 1) if short != "-"}
    if requested:
        members[DUMP_REQUESTED] = "DUMP_REQUESTED"
    return Enumeration(name, {number: (label, _MEANINGS.get(label, "")) for number, label in members.items()}, source)


LINUX_SIGNAL = _signals(
    "LINUX_SIGNAL",
    _LINUX,
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS",
    requested=True,
)
"""Of all processors that Breakpad and Crashpad know but MIPS."""

_SYSTEM_V = "HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM USR1 USR2 CHLD PWR WINCH URG IO STOP TSTP CONT TTIN TTOU VTALRM PROF"

LINUX_MIPS_SIGNAL = _signals("LINUX_MIPS_SIGNAL", "Linux uapi arch/mips signal.h", f"{_SYSTEM_V} XCPU XFSZ", requested=True)
"""Linux on MIPS has the numbers of System V, and the writers store the number that the kernel gave."""

SOLARIS_SIGNAL = _signals(
    "SOLARIS_SIGNAL",
    "google/breakpad minidump_exception_solaris.h",
    f"{_SYSTEM_V} XCPU XFSZ WAITING LWP FREEZE THAW CANCEL LOST XRES JVM1 JVM2",
)

DARWIN_SIGNAL = _signals(
    "DARWIN_SIGNAL",
    "Darwin sys/signal.h",
    "HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM URG STOP TSTP CONT CHLD TTIN TTOU IO XCPU XFSZ VTALRM PROF WINCH INFO USR1 USR2",
)
"""macOS and iOS: inside an EXC_CRASH, and from Crashpad's signal handler on iOS."""

UNIX_SIGNAL = _signals("UNIX_SIGNAL", "POSIX kill, and the systems above", "HUP INT QUIT ILL TRAP ABRT - FPE KILL - SEGV - PIPE ALRM TERM")
"""The numbers that all of these systems share: for a dump that says no more than Unix."""

FIRST_REAL_TIME = 32
LAST_SIGNAL = {"LINUX_SIGNAL": 64, "LINUX_MIPS_SIGNAL": 128}
"""Linux: the numbers from FIRST_REAL_TIME on are real-time signals, without names of their own."""


def _codes(signal: str, members: Dict[int, Tuple[str, str]]) -> Enumeration:
    return Enumeration(f"si_code of {signal}", members, _SIGINFO)


SIGILL_CODE = _codes(
    "SIGILL",
    {
        1: ("ILL_ILLOPC", "no such instruction"),
        2: ("ILL_ILLOPN", "an operand that the instruction does not have"),
        3: ("ILL_ILLADR", "a way of addressing that the instruction does not have"),
        4: ("ILL_ILLTRP", "no such trap"),
        5: ("ILL_PRVOPC", "only the kernel may run the instruction"),
        6: ("ILL_PRVREG", "only the kernel may use the register"),
        7: ("ILL_COPROC", "the coprocessor failed"),
        8: ("ILL_BADSTK", "the processor's own stack failed"),
        9: ("ILL_BADIADDR", "an instruction where none can be"),
    },
)

SIGFPE_CODE = _codes(
    "SIGFPE",
    {
        1: ("FPE_INTDIV", "integer division by zero"),
        2: ("FPE_INTOVF", "an integer overflow"),
        3: ("FPE_FLTDIV", "floating-point division by zero"),
        4: ("FPE_FLTOVF", "a floating-point overflow"),
        5: ("FPE_FLTUND", "a floating-point underflow"),
        6: ("FPE_FLTRES", "an inexact floating-point result"),
        7: ("FPE_FLTINV", "an invalid floating-point operation"),
        8: ("FPE_FLTSUB", "an index is out of range"),
        14: ("FPE_FLTUNK", "a floating-point error that was not said in more detail"),
        15: ("FPE_CONDTRAP", "a conditional trap"),
    },
)

SIGSEGV_CODE = _codes(
    "SIGSEGV",
    {
        1: ("SEGV_MAPERR", "nothing is mapped at the address"),
        2: ("SEGV_ACCERR", "the page does not allow this access"),
        3: ("SEGV_BNDERR", "outside the bounds of the pointer"),
        4: ("SEGV_PKUERR", "the protection key of the page forbids it"),
        5: ("SEGV_ACCADI", "the page has no memory tags (SPARC)"),
        6: ("SEGV_ADIDERR", "a wrong memory tag, told late (SPARC)"),
        7: ("SEGV_ADIPERR", "a wrong memory tag, told at once (SPARC)"),
        8: ("SEGV_MTEAERR", "a wrong memory tag, told late (ARM)"),
        9: ("SEGV_MTESERR", "a wrong memory tag, told at once (ARM)"),
        10: ("SEGV_CPERR", "the shadow stack disagrees with the stack"),
    },
)

SIGBUS_CODE = _codes(
    "SIGBUS",
    {
        1: ("BUS_ADRALN", "the address is not aligned"),
        2: ("BUS_ADRERR", "no memory behind the address: a mapped file became shorter, perhaps"),
        3: ("BUS_OBJERR", "the hardware behind the address failed"),
        4: ("BUS_MCEERR_AR", "memory is broken, and was used"),
        5: ("BUS_MCEERR_AO", "memory is broken, and was not used yet"),
    },
)

SIGTRAP_CODE = _codes(
    "SIGTRAP",
    {
        1: ("TRAP_BRKPT", "a breakpoint"),
        2: ("TRAP_TRACE", "one instruction was stepped"),
        3: ("TRAP_BRANCH", "a branch was taken"),
        4: ("TRAP_HWBKPT", "a breakpoint or watchpoint of the processor"),
        5: ("TRAP_UNK", "a trap that was not said in more detail"),
        6: ("TRAP_PERF", "an event of perf"),
    },
)

SIGSYS_CODE = _codes(
    "SIGSYS",
    {
        1: ("SYS_SECCOMP", "a filter (seccomp) forbids the system call"),
        2: ("SYS_USER_DISPATCH", "the program wanted to see its system calls"),
    },
)

SI_KERNEL = 0x80
SI_USER = 0

SI_CODE = Enumeration(
    "si_code",
    {
        SI_USER: ("SI_USER", "sent by a process, with kill"),
        SI_KERNEL: ("SI_KERNEL", "sent by the kernel; after SIGSEGV on x64: an address that is not canonical, which is not told"),
        0xFFFFFFFF: ("SI_QUEUE", "sent by a process, with sigqueue"),
        0xFFFFFFFE: ("SI_TIMER", "a timer ran out"),
        0xFFFFFFFD: ("SI_MESGQ", "a message queue is no longer empty"),
        0xFFFFFFFC: ("SI_ASYNCIO", "asynchronous I/O is done"),
        0xFFFFFFFB: ("SI_SIGIO", "a file is ready"),
        0xFFFFFFFA: ("SI_TKILL", "sent to this thread by a process, with tgkill: as abort does"),
    },
    _SIGINFO,
)
"""What any signal may have; all but SI_KERNEL are 0 or negative. Linux on MIPS swaps three of them."""

MIPS_SI_CODE = Enumeration(
    "si_code (MIPS)",
    {**SI_CODE.members, 0xFFFFFFFE: SI_CODE.members[0xFFFFFFFC], 0xFFFFFFFD: SI_CODE.members[0xFFFFFFFE], 0xFFFFFFFC: SI_CODE.members[0xFFFFFFFD]},
    "Linux uapi arch/mips siginfo.h",
)

CODES: Dict[str, Enumeration] = {
    "SIGILL": SIGILL_CODE,
    "SIGFPE": SIGFPE_CODE,
    "SIGSEGV": SIGSEGV_CODE,
    "SIGBUS": SIGBUS_CODE,
    "SIGTRAP": SIGTRAP_CODE,
    "SIGSYS": SIGSYS_CODE,
}
"""Linux and Android: the positive si_codes that a signal has of its own."""

_SENDER = ("si_pid: the process that sent it", "si_uid: that process's user", "si_value: what was sent with it")
_TIMER = ("si_timerid: the timer", "si_overrun: how many times it ran out", "si_value: what was sent with it")

PARAMETERS: Dict[str, Tuple[str, ...]] = {
    "SIGIO": ("si_band: what is ready", "si_fd: the file"),
    "SIGSYS": ("si_syscall: the system call's number", "si_arch: for which processor (AUDIT_ARCH)"),
    **dict.fromkeys(("SIGALRM", "SIGVTALRM", "SIGPROF"), _TIMER),
    **dict.fromkeys(
        [f"SIG{name}" for name in ("ABRT", "QUIT", "XCPU", "XFSZ", "HUP", "INT", "PIPE", "TERM", "USR1", "USR2", "EMT", "PWR", "STKFLT", "KILL")],
        _SENDER,
    ),
}
"""Linux and Android: what Crashpad puts into ExceptionInformation, and Breakpad for SIGSYS and SIGKILL
(snapshot/linux/exception_snapshot_linux.cc; client/linux/minidump_writer)."""

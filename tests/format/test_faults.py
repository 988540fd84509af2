"""Signals, Mach exceptions and their like: numbers written down again by hand, and what is made of a record."""

import pytest
from tests.cases import each

from dumpscope.format import mach, signals
from dumpscope.format.exception import MINIDUMP_EXCEPTION_STREAM
from dumpscope.format.faults import (
    ACCESSED,
    FUCHSIA,
    FUCHSIA_EXCEPTION,
    INSTRUCTION,
    MACH,
    PS3,
    PS3_EXCEPTION,
    SENDER,
    SIGNAL,
    UNKNOWN,
    Origin,
    describe_fault,
    exception_structure,
)
from dumpscope.format.layout import Enumeration

UNIX, MAC, IOS, LINUX, SOLARIS, ANDROID, PS3_OS, NACL, FUCHSIA_OS = 0x8000, 0x8101, 0x8102, 0x8201, 0x8202, 0x8203, 0x8204, 0x8205, 0x8206
X86, MIPS, PPC, ARM, AMD64, ARM64 = 0, 1, 3, 5, 9, 12
IP, FAULT = 0x401000, 0x45


def fault(platform, code, flags=0, address=0, parameters=(), architecture=AMD64, crashpad=False):
    return describe_fault(Origin(platform, architecture, crashpad), code, flags, address, parameters)


@pytest.mark.parametrize(
    ("table", "numbers"),
    [
        (signals.LINUX_SIGNAL, {"SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGBUS": 7, "SIGFPE": 8, "SIGKILL": 9, "SIGUSR1": 10, "SIGSEGV": 11, "SIGSYS": 31}),
        (signals.LINUX_SIGNAL, {"SIGSTKFLT": 16, "SIGCHLD": 17, "SIGSTOP": 19, "SIGURG": 23, "SIGXCPU": 24, "SIGWINCH": 28, "SIGIO": 29, "SIGPWR": 30}),
        (signals.LINUX_MIPS_SIGNAL, {"SIGEMT": 7, "SIGFPE": 8, "SIGBUS": 10, "SIGSEGV": 11, "SIGSYS": 12, "SIGUSR1": 16, "SIGCHLD": 18, "SIGXFSZ": 31}),
        (signals.SOLARIS_SIGNAL, {"SIGBUS": 10, "SIGSYS": 12, "SIGPWR": 19, "SIGIO": 22, "SIGWAITING": 32, "SIGCANCEL": 36, "SIGJVM2": 40}),
        (
            signals.DARWIN_SIGNAL,
            {"SIGABRT": 6, "SIGEMT": 7, "SIGBUS": 10, "SIGSEGV": 11, "SIGSYS": 12, "SIGURG": 16, "SIGINFO": 29, "SIGUSR2": 31},
        ),
        (signals.UNIX_SIGNAL, {"SIGHUP": 1, "SIGABRT": 6, "SIGFPE": 8, "SIGSEGV": 11, "SIGTERM": 15}),
        (signals.SIGSEGV_CODE, {"SEGV_MAPERR": 1, "SEGV_ACCERR": 2, "SEGV_PKUERR": 4, "SEGV_MTEAERR": 8, "SEGV_MTESERR": 9, "SEGV_CPERR": 10}),
        (signals.SIGBUS_CODE, {"BUS_ADRALN": 1, "BUS_ADRERR": 2, "BUS_MCEERR_AR": 4}),
        (signals.SIGFPE_CODE, {"FPE_INTDIV": 1, "FPE_FLTDIV": 3, "FPE_FLTSUB": 8, "FPE_FLTUNK": 14}),
        (signals.SI_CODE, {"SI_USER": 0, "SI_KERNEL": 0x80, "SI_QUEUE": 2**32 - 1, "SI_TIMER": 2**32 - 2, "SI_TKILL": 2**32 - 6}),
        (signals.MIPS_SI_CODE, {"SI_ASYNCIO": 2**32 - 2, "SI_TIMER": 2**32 - 3, "SI_MESGQ": 2**32 - 4, "SI_TKILL": 2**32 - 6}),
        (mach.EXC_TYPE, {"EXC_BAD_ACCESS": 1, "EXC_SOFTWARE": 5, "EXC_BREAKPOINT": 6, "EXC_CRASH": 10, "EXC_RESOURCE": 11, "EXC_GUARD": 12}),
        (mach.EXC_TYPE, {"kMachExceptionSimulated": int.from_bytes(b"CPsx", "big"), "kMachExceptionFromNSException": int.from_bytes(b"CPnx", "big")}),
        (mach.BAD_ACCESS_CODE, {"KERN_INVALID_ADDRESS": 1, "KERN_PROTECTION_FAILURE": 2, "KERN_NO_ACCESS": 8, "KERN_CODESIGN_ERROR": 50}),
        (mach.SOFTWARE_CODE, {"EXC_UNIX_BAD_SYSCALL": 0x10000, "EXC_UNIX_ABORT": 0x10002, "NS_EXCEPTION": 0xDEADC0DE}),
        (FUCHSIA_EXCEPTION, {"ZX_EXCP_GENERAL": 8, "ZX_EXCP_FATAL_PAGE_FAULT": 0x108, "ZX_EXCP_POLICY_ERROR": 0x8208}),
        (PS3_EXCEPTION, {"TRAP_EXCEP": 1, "MEMORY_ACCESS": 11, "COPRO_HALT_INSTR": 19, "GRAPHIC": 22}),
    ],
)
def test_numbers(table, numbers):
    assert {name: table.value(name) for name in numbers} == numbers


TABLES = [value for home in (signals, mach) for value in vars(home).values() if isinstance(value, Enumeration)]


@each("table", TABLES, ids=lambda table: table.name)
def test_every_name_has_words_and_every_table_a_source(table):
    assert table.source
    assert all(name and meaning for name, meaning in table.members.values())


@pytest.mark.parametrize("platform", [0, 1, 2, 3])
def test_windows_has_codes_of_its_own(platform):
    assert fault(platform, 0xC0000005) is None
    assert exception_structure(Origin(platform, AMD64), 0xC0000005, 0, IP, ()) is MINIDUMP_EXCEPTION_STREAM


TKILL = 2**32 - 6


@each(
    ("platform", "architecture", "code", "flags", "address", "label", "address_is"),
    [
        (LINUX, AMD64, 11, 1, FAULT, "SIGSEGV SEGV_MAPERR", ACCESSED),
        (ANDROID, ARM64, 11, 9, FAULT, "SIGSEGV SEGV_MTESERR", ACCESSED),
        (LINUX, AMD64, 11, 0x80, 0, "SIGSEGV SI_KERNEL", ""),
        (LINUX, AMD64, 11, 0, FAULT, "SIGSEGV", ACCESSED),  # older Breakpads: si_code was not kept
        (LINUX, AMD64, 7, 2, FAULT, "SIGBUS BUS_ADRERR", ACCESSED),
        (LINUX, AMD64, 4, 2, IP, "SIGILL ILL_ILLOPN", INSTRUCTION),
        (LINUX, AMD64, 8, 1, IP, "SIGFPE FPE_INTDIV", INSTRUCTION),
        (LINUX, AMD64, 5, 0x80, IP, "SIGTRAP SI_KERNEL", INSTRUCTION),
        (LINUX, AMD64, 31, 1, IP, "SIGSYS SYS_SECCOMP", INSTRUCTION),
        (LINUX, AMD64, 6, TKILL, 1000 << 32 | 4711, "SIGABRT SI_TKILL", SENDER),  # Breakpad
        (LINUX, AMD64, 6, TKILL, 0, "SIGABRT SI_TKILL", ""),  # Crashpad
        (LINUX, AMD64, 15, 0, 1000 << 32 | 4711, "SIGTERM SI_USER", SENDER),
        (ANDROID, ARM64, 35, 2**32 - 1, 0, "signal 35 SI_QUEUE", ""),
        (LINUX, AMD64, 65, 0, FAULT, "", ""),
        (LINUX, AMD64, 11, 77, FAULT, "SIGSEGV", ACCESSED),
        (LINUX, MIPS, 10, 1, FAULT, "SIGBUS BUS_ADRALN", ACCESSED),
        (LINUX, MIPS, 14, 2**32 - 3, 0, "SIGALRM SI_TIMER", ""),
        (SOLARIS, 0x8001, 10, 1, FAULT, "SIGBUS", ACCESSED),
        (UNIX, AMD64, 11, 0, FAULT, "SIGSEGV", ACCESSED),
        (UNIX, AMD64, 10, 0, FAULT, "", ""),  # a different signal everywhere
    ],
)
def test_signals(platform, architecture, code, flags, address, label, address_is):
    found = fault(platform, code, flags, address, (), architecture)
    assert (found.kind, found.label, found.address_is, found.crashed) == (SIGNAL, label, address_is, True)


def test_a_dump_that_was_asked_for():
    found = fault(LINUX, 0xFFFFFFFF, 0, IP)
    assert (found.label, found.crashed, found.address_is) == ("DUMP_REQUESTED", False, INSTRUCTION)
    assert "nothing crashed" in found.meaning
    assert not fault(MAC, mach.SIMULATED, 0, IP, (mach.SIMULATED, 0, 0)).crashed
    assert fault(MAC, mach.NS_EXCEPTION, 0, IP, (mach.NS_EXCEPTION, 0, 0)).crashed


def test_parameters_of_signals():
    assert [text.split(":")[0] for text in fault(LINUX, 6, TKILL, 0, (4711, 1000, 0)).parameters] == ["si_pid", "si_uid", "si_value"]
    assert [text.split(":")[0] for text in fault(LINUX, 31, 1, IP, (59, 0xC000003E)).parameters] == ["si_syscall", "si_arch"]
    assert fault(LINUX, 11, 1, FAULT, (1, 2)).parameters == ("", "")


@pytest.mark.parametrize(
    ("architecture", "code", "flags", "label", "address_is"),
    [
        (AMD64, 1, 1, "EXC_BAD_ACCESS KERN_INVALID_ADDRESS", ACCESSED),
        (ARM64, 1, 2, "EXC_BAD_ACCESS KERN_PROTECTION_FAILURE", ACCESSED),
        (AMD64, 1, 13, "EXC_BAD_ACCESS EXC_I386_GPFLT", INSTRUCTION),  # the address is not told
        (ARM64, 1, 13, "EXC_BAD_ACCESS", ACCESSED),
        (ARM64, 1, 0x105, "EXC_BAD_ACCESS EXC_ARM_PAC_FAIL", ACCESSED),
        (PPC, 1, 0x103, "EXC_BAD_ACCESS EXC_PPC_UNALIGNED", ACCESSED),
        (X86, 3, 1, "EXC_ARITHMETIC EXC_I386_DIV", INSTRUCTION),
        (AMD64, 6, 2, "EXC_BREAKPOINT EXC_I386_BPT", INSTRUCTION),
        (ARM64, 6, 1, "EXC_BREAKPOINT EXC_ARM_BREAKPOINT", INSTRUCTION),
        (AMD64, 5, 0xDEADC0DE, "EXC_SOFTWARE NS_EXCEPTION", INSTRUCTION),
        (AMD64, 99, 0, "", INSTRUCTION),
    ],
)
def test_mach_exceptions(architecture, code, flags, label, address_is):
    found = fault(MAC, code, flags, FAULT, (), architecture)
    assert (found.kind, found.label, found.address_is) == (MACH, label, address_is)


def test_parameters_of_mach_exceptions():
    assert fault(MAC, 1, 1, FAULT, (1, 1, FAULT)).parameters == ("exception: EXC_BAD_ACCESS", "code: KERN_INVALID_ADDRESS", "subcode: the address")


def test_exc_crash_tells_what_was_before_it():
    found = fault(MAC, 2, 1, IP, (10, 0x4200001, 0))
    assert found.label == "EXC_BAD_INSTRUCTION EXC_I386_INVOP"
    assert found.parameters == ("exception: EXC_CRASH", "code: SIGILL after EXC_BAD_INSTRUCTION, code 0x1", "subcode")
    aborted = fault(MAC, 0, 0, IP, (10, 0x6000000, 0))
    assert (aborted.label, aborted.parameters[1]) == ("EXC_CRASH SIGABRT", "code: SIGABRT")
    assert "abort" in aborted.meaning


@pytest.mark.parametrize(
    ("code", "wide", "label", "words"),
    [
        (11, 3 << 61 | 1 << 58 | 50, "EXC_RESOURCE RESOURCE_TYPE_MEMORY", "memory, flavor 1"),
        (12, 2 << 61 | 4 << 32 | 7, "EXC_GUARD GUARD_TYPE_FD", "a file, flavor 4"),
    ],
)
def test_the_wide_code_of_resources_and_guards(code, wide, label, words):
    for parameters in ((), (code, wide, 0)):
        found = fault(MAC, code, wide >> 32, IP, parameters)
        assert (found.label, found.detail_meaning) == (label, words)


def test_ios_has_mach_exceptions_and_signals():
    assert fault(IOS, 6, 0, IP, (6, 1, 0), ARM64, crashpad=True).name == "EXC_BREAKPOINT"
    assert fault(IOS, 6, 0, IP, (), ARM64, crashpad=True).name == "SIGABRT"
    assert fault(IOS, 6, 0, IP, (), ARM64).name == "EXC_BREAKPOINT"  # Breakpad, which stores no parameters
    assert fault(IOS, 5, 0xDEADC0DE, IP, (), ARM64, crashpad=True).label == "EXC_SOFTWARE NS_EXCEPTION"


def test_others():
    found = fault(FUCHSIA_OS, 0x108, 4, FAULT, (0x108, 4, 14, FAULT))
    assert (found.kind, found.name, found.address_is) == (FUCHSIA, "ZX_EXCP_FATAL_PAGE_FAULT", ACCESSED)
    assert "cr2" in found.parameters[3]
    assert "FAR" in fault(FUCHSIA_OS, 0x108, 4, FAULT, (0x108, 4, FAULT), ARM64).parameters[2]
    assert fault(FUCHSIA_OS, 0x308, 0, IP).address_is == INSTRUCTION
    assert (fault(PS3_OS, 3).kind, fault(PS3_OS, 3).name) == (PS3, "ILLEGAL_INSTR")
    for platform in (NACL, 0x4444):
        assert fault(platform, 11, 1, FAULT, (1,)) == (UNKNOWN, "", "", "", "", ("",), "", True)


def test_the_structure_has_the_names_of_the_system():
    shape = exception_structure(Origin(LINUX, AMD64), 11, 1, FAULT, ())
    assert [(leaf.path, leaf.offset, leaf.field.type, leaf.field.count) for leaf in shape.leaves] == [
        (leaf.path, leaf.offset, leaf.field.type, leaf.field.count) for leaf in MINIDUMP_EXCEPTION_STREAM.leaves
    ]
    assert shape.leaf("ExceptionRecord.ExceptionCode").field.values.label(6) == "SIGABRT"
    flags = shape.leaf("ExceptionRecord.ExceptionFlags").field.values
    assert (flags.label(2), flags.label(0x80)) == ("SEGV_ACCERR", "SI_KERNEL")
    assert "address that was used" in shape.leaf("ExceptionRecord.ExceptionAddress").field.meaning
    plain = exception_structure(Origin(0x4444, AMD64), 11, 1, FAULT, ())
    assert plain.leaf("ExceptionRecord.ExceptionCode").field.values is None
    assert plain.leaf("ExceptionRecord.ExceptionFlags").field.values is None

"""What ExceptionStream says in a dump of another system than Windows: signals, Mach exceptions, and those of Fuchsia and PlayStation 3.

Breakpad, Crashpad and their kin fill MINIDUMP_EXCEPTION with what their system gives them: the signal in ExceptionCode, si_code in
ExceptionFlags and si_addr in ExceptionAddress; or the Mach exception, its code and its address. PlatformId of SystemInfoStream
says which. Example: ExceptionCode 0xb and ExceptionFlags 1 on Linux are SIGSEGV and SEGV_MAPERR.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import mach, signals
from .exception import MINIDUMP_EXCEPTION, MINIDUMP_EXCEPTION_STREAM
from .layout import Enumeration, Field, Structure
from .processors import MIPS_FAMILY, family

# What kind of thing ExceptionCode is.
SIGNAL = "signal"
MACH = "Mach exception"
FUCHSIA = "Fuchsia exception"
PS3 = "PlayStation 3 exception"
UNKNOWN = "unknown"

# What ExceptionAddress is.
ACCESSED = "accessed"
INSTRUCTION = "instruction"
SENDER = "sender"

FUCHSIA_EXCEPTION = Enumeration(
    "FUCHSIA_EXCEPTION",
    {
        0x8: ("ZX_EXCP_GENERAL", "a fault that was not said in more detail"),
        0x108: ("ZX_EXCP_FATAL_PAGE_FAULT", "memory was used that may not be"),
        0x208: ("ZX_EXCP_UNDEFINED_INSTRUCTION", "the processor refuses the instruction"),
        0x308: ("ZX_EXCP_SW_BREAKPOINT", "a breakpoint instruction, abort included"),
        0x408: ("ZX_EXCP_HW_BREAKPOINT", "a breakpoint or watchpoint of the processor"),
        0x508: ("ZX_EXCP_UNALIGNED_ACCESS", "the address is not aligned"),
        0x8008: ("ZX_EXCP_THREAD_STARTING", "a thread begins: nothing crashed"),
        0x8108: ("ZX_EXCP_THREAD_EXITING", "a thread ends: nothing crashed"),
        0x8208: ("ZX_EXCP_POLICY_ERROR", "a system call that the process's policy forbids"),
        0x8308: ("ZX_EXCP_PROCESS_STARTING", "a process begins: nothing crashed"),
    },
    "google/breakpad minidump_exception_fuchsia.h; zircon/syscalls/exception.h",
)

PS3_EXCEPTION = Enumeration(
    "PS3_EXCEPTION",
    {
        0: ("UNKNOWN", "not said"),
        1: ("TRAP_EXCEP", "a trap"),
        2: ("PRIV_INSTR", "only the kernel may run the instruction"),
        3: ("ILLEGAL_INSTR", "the processor refuses the instruction"),
        4: ("INSTR_STORAGE", "an instruction could not be fetched: its page"),
        5: ("INSTR_SEGMENT", "an instruction could not be fetched: its segment"),
        6: ("DATA_STORAGE", "data could not be used: their page"),
        7: ("DATA_SEGMENT", "data could not be used: their segment"),
        8: ("FLOAT_POINT", "a floating-point error"),
        9: ("DABR_MATCH", "a watchpoint"),
        10: ("ALIGN_EXCEP", "the address is not aligned"),
        11: ("MEMORY_ACCESS", "memory was used that may not be"),
        12: ("COPRO_ALIGN", "coprocessor: the address is not aligned"),
        13: ("COPRO_INVALID_COM", "coprocessor: a wrong DMA command"),
        14: ("COPRO_ERR", "coprocessor: an error"),
        15: ("COPRO_FIR", "coprocessor: a fault of the hardware"),
        16: ("COPRO_DATA_SEGMENT", "coprocessor: a segment of data"),
        17: ("COPRO_DATA_STORAGE", "coprocessor: a page of data"),
        18: ("COPRO_STOP_INSTR", "coprocessor: a stop instruction"),
        19: ("COPRO_HALT_INSTR", "coprocessor: a halt instruction"),
        20: ("COPRO_HALTINST_UNKNOWN", "coprocessor: it halted, no reason is known"),
        21: ("COPRO_MEMORY_ACCESS", "coprocessor: memory was used that may not be"),
        22: ("GRAPHIC", "the graphics processor"),
    },
    "google/breakpad minidump_exception_ps3.h",
)

_FAULTS = ("SIGILL", "SIGFPE", "SIGSEGV", "SIGBUS", "SIGTRAP")
"""Signals that an instruction causes; they have an address."""
_MACOS, _IOS, _UNIX, _LINUX, _SOLARIS, _ANDROID, _PS3, _FUCHSIA = 0x8101, 0x8102, 0x8000, 0x8201, 0x8202, 0x8203, 0x8204, 0x8206
_SIGNALS: Dict[int, Enumeration] = {
    _UNIX: signals.UNIX_SIGNAL,
    _LINUX: signals.LINUX_SIGNAL,
    _ANDROID: signals.LINUX_SIGNAL,
    _SOLARIS: signals.SOLARIS_SIGNAL,
}


class Origin(NamedTuple):
    """Where an exception comes from: PlatformId and ProcessorArchitecture of SystemInfo, and whether Crashpad wrote the dump."""

    platform: int
    architecture: int
    crashpad: bool = False


class Fault(NamedTuple):
    """MINIDUMP_EXCEPTION of another system in words; strings are empty and ``parameters`` hold empty strings where nothing is known.

    ``kind`` says what ExceptionCode is, ``name`` and ``meaning`` which one. ``detail`` and ``detail_meaning`` are ExceptionFlags:
    si_code, or the code of a Mach exception. ``address_is`` says what ExceptionAddress is. ``crashed`` is false where a
    dump was asked for.
    """

    kind: str
    name: str
    meaning: str
    detail: str = ""
    detail_meaning: str = ""
    parameters: Tuple[str, ...] = ()
    address_is: str = ""
    crashed: bool = True

    @property
    def label(self) -> str:
        """``SIGSEGV SEGV_MAPERR``: both names; an empty string where ExceptionCode has none."""
        return f"{self.name} {self.detail}".rstrip() if self.name else ""


def describe_fault(origin: Origin, code: int, flags: int, address: int, parameters: Sequence[int]) -> Optional[Fault]:
    """The members of MINIDUMP_EXCEPTION in words; None where the process ran on Windows, whose codes have tables of their own."""
    platform = origin.platform
    if platform < 4:
        return None
    table = _table(origin, flags, parameters)
    if table is mach.EXC_TYPE:
        return _mach(origin, code, flags, parameters)
    if table is FUCHSIA_EXCEPTION:
        return _fuchsia(origin, code, parameters)
    if table is PS3_EXCEPTION:
        name, meaning = PS3_EXCEPTION.members.get(code, ("", ""))
        return Fault(PS3, name, meaning, parameters=_filled((), parameters))
    if table is None:
        return Fault(UNKNOWN, "", "", parameters=_filled((), parameters))
    return _signal(origin, table, code, flags, address, parameters)


def _table(origin: Origin, flags: int, parameters: Sequence[int]) -> Optional[Enumeration]:
    """The names of ExceptionCode."""
    if origin.platform in _SIGNALS:
        mips = family(origin.architecture) == MIPS_FAMILY and origin.platform in (_LINUX, _ANDROID)
        return signals.LINUX_MIPS_SIGNAL if mips else _SIGNALS[origin.platform]
    # Crashpad on iOS has two ways to a dump: a Mach exception, whose type and codes are always in the parameters as well, and
    # a handler of signals, which leaves the signal's number and no parameters. 6 is EXC_BREAKPOINT one way, SIGABRT the other.
    if origin.platform == _IOS and origin.crashpad and not parameters and flags != mach.NS_EXCEPTION_CODE:
        return signals.DARWIN_SIGNAL
    return {_MACOS: mach.EXC_TYPE, _IOS: mach.EXC_TYPE, _FUCHSIA: FUCHSIA_EXCEPTION, _PS3: PS3_EXCEPTION}.get(origin.platform)


_FIELDS: Dict[str, Dict[str, str]] = {
    SIGNAL: {"ExceptionCode": "the signal", "ExceptionFlags": "si_code: why it was sent", "ExceptionAddress": "si_addr"},
    MACH: {"ExceptionCode": "the Mach exception", "ExceptionFlags": "its code", "ExceptionAddress": "its address"},
    FUCHSIA: {"ExceptionCode": "the exception of Fuchsia", "ExceptionFlags": "error code of the processor", "ExceptionAddress": "its address"},
    PS3: {"ExceptionCode": "the exception of PlayStation 3"},
    UNKNOWN: {"ExceptionCode": "what the system of PlatformId calls it", "ExceptionFlags": "what the system of PlatformId has for it"},
}
_ADDRESSES = {
    ACCESSED: "the address that was used",
    INSTRUCTION: "the instruction",
    SENDER: "no address: the process that sent the signal, and its user in the upper half",
}


@lru_cache(maxsize=16)
def exception_structure(origin: Origin, code: int, flags: int, address: int, parameters: Tuple[int, ...]) -> Structure:
    """MINIDUMP_EXCEPTION_STREAM with the names and meanings that its members have in a dump of this origin."""
    fault = describe_fault(origin, code, flags, address, parameters)
    if fault is None:
        return MINIDUMP_EXCEPTION_STREAM
    meanings = dict(_FIELDS[fault.kind])
    if fault.address_is:
        meanings["ExceptionAddress"] = f"{meanings.get('ExceptionAddress', 'address')}: {_ADDRESSES[fault.address_is]}"
    table = _table(origin, flags, parameters)
    members: Dict[int, Tuple[str, str]] = {}
    if fault.kind == SIGNAL and table in (signals.LINUX_SIGNAL, signals.LINUX_MIPS_SIGNAL) and fault.crashed:
        own = signals.CODES.get(fault.name)
        members.update((signals.MIPS_SI_CODE if family(origin.architecture) == MIPS_FAMILY else signals.SI_CODE).members)
        members.update({} if own is None else own.members)
    elif fault.kind == MACH:
        members.update(mach.code_table(code, origin.architecture))
    if fault.detail or fault.detail_meaning:
        members[flags] = fault.detail, fault.detail_meaning
    names = {"ExceptionCode": table, "ExceptionFlags": Enumeration(f"ExceptionFlags of {fault.name or fault.kind}", members) if members else None}
    record = Structure(MINIDUMP_EXCEPTION.name, [_field(field, meanings, names) for field in MINIDUMP_EXCEPTION.fields], source=MINIDUMP_EXCEPTION.source)
    whole = MINIDUMP_EXCEPTION_STREAM
    fields = [_field(field, {}, {}, record if field.type is MINIDUMP_EXCEPTION else None) for field in whole.fields]
    return Structure(whole.name, fields, source=whole.source, meaning=f"{whole.meaning} What happened is a {fault.kind}." if table else whole.meaning)


def _field(field: Field, meanings: Dict[str, str], names: Dict[str, Optional[Enumeration]], inner: Optional[Structure] = None) -> Field:
    """A copy of a field, with another meaning, other names and another structure inside where there are some."""
    count = field.count if field.array else None
    values = names.get(field.name, field.values)
    meaning = meanings.get(field.name, field.meaning)
    return Field(
        field.name, inner or field.type, meaning, field.kind, count=count, values=values, unit=field.unit, target=field.target, when=field.when, at=field.at
    )


def _filled(words: Sequence[str], parameters: Sequence[int]) -> Tuple[str, ...]:
    return tuple(words[at] if at < len(words) else "" for at in range(len(parameters)))


def _signal(origin: Origin, table: Enumeration, code: int, flags: int, address: int, parameters: Sequence[int]) -> Fault:
    name, meaning = table.members.get(code, ("", ""))
    if not name and signals.FIRST_REAL_TIME <= code <= signals.LAST_SIGNAL.get(table.name, 0):
        name, meaning = f"signal {code}", "a real-time signal: its meaning is the program's own"
    if code == signals.DUMP_REQUESTED:
        return Fault(SIGNAL, name, meaning, parameters=_filled((), parameters), address_is=INSTRUCTION if address else "", crashed=False)
    linux = table in (signals.LINUX_SIGNAL, signals.LINUX_MIPS_SIGNAL)
    if not linux:  # what si_code is called there is not known to us
        return Fault(SIGNAL, name, meaning, parameters=_filled((), parameters), address_is=_faulting(name))
    detail, detail_meaning = _si_code(origin, name, flags)
    return Fault(SIGNAL, name, meaning, detail, detail_meaning, _filled(signals.PARAMETERS.get(name, ()), parameters), _si_addr(name, flags, address))


def _si_code(origin: Origin, name: str, flags: int) -> Tuple[str, str]:
    if flags == signals.SI_USER and name in _FAULTS:
        # Breakpad stored 0 here until it learned to keep si_code, so that a 0 does not prove that the signal was sent by kill.
        return "", "si_code 0: not kept, as by older Breakpads, or sent by a process with kill (SI_USER)"
    own = signals.CODES.get(name)
    if own is not None and flags in own.members:
        return own.members[flags]
    table = signals.MIPS_SI_CODE if family(origin.architecture) == MIPS_FAMILY else signals.SI_CODE
    return table.members.get(flags, ("", ""))


def _faulting(name: str) -> str:
    """What si_addr is for a signal that an instruction caused."""
    return ACCESSED if name in ("SIGSEGV", "SIGBUS") else INSTRUCTION if name in _FAULTS else ""


def _si_addr(name: str, flags: int, address: int) -> str:
    """What ExceptionAddress is.

    si_addr shares its place with si_pid and si_uid, and Breakpad stores it whatever the signal: after abort (SI_TKILL) the "address"
    0x3e800001234 is process 0x1234 of user 0x3e8. Crashpad stores an address where there is one, and 0 elsewhere.
    """
    if not name:
        return ""
    sent = bool(flags >> 31) or (flags == signals.SI_USER and name not in _FAULTS)
    if sent:
        return SENDER if address else ""
    if flags == signals.SI_KERNEL and not address:
        return ""
    return INSTRUCTION if name == "SIGSYS" else _faulting(name)


def _mach(origin: Origin, code: int, flags: int, parameters: Sequence[int]) -> Fault:
    name, meaning = mach.EXC_TYPE.members.get(code, ("", ""))
    wide = code in (mach.RESOURCE, mach.GUARD)
    if wide:
        # The code has 64 bits; Crashpad keeps its upper half in ExceptionFlags, and all of it in the second parameter.
        detail, detail_meaning = mach.wide_code_words(code, parameters[1] if len(parameters) > 1 else flags << 32)
    else:
        detail, detail_meaning = mach.code_table(code, origin.architecture).get(flags, ("", ""))
    words: List[str] = []
    if parameters:
        words.append(f"exception: {mach.EXC_TYPE.label(parameters[0]) or 'no name is known'}")
    if len(parameters) > 1:
        words.append("code" + (f": {detail}" if detail else ""))
        words.append("subcode")
        if parameters[0] == mach.CRASH:
            number, before, before_code = mach.crash_parts(parameters[1])
            signal = signals.DARWIN_SIGNAL.label(number) or f"signal {number}"
            words[1] = f"code: {signal}" + (f" after {mach.EXC_TYPE.label(before) or before}, code 0x{before_code:x}" if before else "")
            if not code:  # Crashpad puts the exception before EXC_CRASH in its place; abort has none
                name = f"{mach.EXC_TYPE.members[mach.CRASH][0]} {signal}"
                meaning = signals.DARWIN_SIGNAL.meaning(number) or "the process ended in an abnormal way"
                detail = detail_meaning = ""
        elif code == mach.BAD_ACCESS:
            words[2] = "subcode: the address"
        elif wide:
            words[2] = "subcode: what was used" if code == mach.RESOURCE else "subcode: the guard"
    blind = mach.machine(origin.architecture) == mach.X86 and flags in (5, 13)
    where = ACCESSED if code == mach.BAD_ACCESS and not blind else INSTRUCTION
    return Fault(MACH, name, meaning, detail, detail_meaning, _filled(words, parameters), where, code != mach.SIMULATED)


def _fuchsia(origin: Origin, code: int, parameters: Sequence[int]) -> Fault:
    name, meaning = FUCHSIA_EXCEPTION.members.get(code, ("", ""))
    words = (
        ["exception", "error code of the processor", "vector", "cr2: the address of a page fault"]
        if mach.machine(origin.architecture) == mach.X86
        else ["exception", "ESR: the processor's syndrome", "FAR: the address of a page fault"]
    )
    where = INSTRUCTION if code in (0x208, 0x308, 0x408) else ACCESSED if name else ""
    return Fault(FUCHSIA, name, meaning, parameters=_filled(words, parameters), address_is=where, crashed=code not in (0x8008, 0x8108, 0x8308))

"""Register contexts of threads, for each processor that minidumps are written on, and the extended registers after them."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from .layout import ADDRESS, BYTES, HEX, LONG32, LONG64, SIZE, UCHAR, ULONG32, ULONG64, USHORT, Field, FlagSet, Scalar, Structure

_WINNT = "winnt.h (Windows SDK 10.0.26100)"
_BREAKPAD = "google/breakpad minidump_cpu_arm.h, minidump_cpu_arm64.h"

CONTEXT_I386 = 0x00010000
CONTEXT_AMD64_FAMILY = 0x00100000
CONTEXT_ARM_FAMILY = 0x00200000
CONTEXT_ARM64_FAMILY = 0x00400000
MD_CONTEXT_ARM_FAMILY = 0x40000000
MD_CONTEXT_ARM64_OLD_FAMILY = 0x80000000

CONTEXT_CONTROL = 0x1
CONTEXT_INTEGER = 0x2
CONTEXT_XSTATE = 0x40

_EXCEPTION_BITS = {
    0x08000000: ("CONTEXT_EXCEPTION_ACTIVE", "the thread was handling an exception"),
    0x10000000: ("CONTEXT_SERVICE_ACTIVE", "the thread was in a system call"),
    0x40000000: ("CONTEXT_EXCEPTION_REQUEST", "the caller asked for the two bits above"),
    0x80000000: ("CONTEXT_EXCEPTION_REPORTING", "the two bits above are valid"),
}

CONTEXT_FLAGS_X86 = FlagSet(
    "CONTEXT_FLAGS (x86)",
    {
        0x01: ("CONTEXT_CONTROL", "Ebp, Eip, SegCs, EFlags, Esp, SegSs"),
        0x02: ("CONTEXT_INTEGER", "Edi, Esi, Ebx, Edx, Ecx, Eax"),
        0x04: ("CONTEXT_SEGMENTS", "SegDs, SegEs, SegFs, SegGs"),
        0x08: ("CONTEXT_FLOATING_POINT", "FloatSave"),
        0x10: ("CONTEXT_DEBUG_REGISTERS", "Dr0 to Dr3, Dr6, Dr7"),
        0x20: ("CONTEXT_EXTENDED_REGISTERS", "ExtendedRegisters"),
        0x40: ("CONTEXT_XSTATE", "extended registers after the context"),
        CONTEXT_I386: ("CONTEXT_i386", "x86"),
        **_EXCEPTION_BITS,
    },
    _WINNT,
)

CONTEXT_FLAGS_AMD64 = FlagSet(
    "CONTEXT_FLAGS (AMD64)",
    {
        0x01: ("CONTEXT_CONTROL", "SegSs, Rsp, SegCs, Rip, EFlags"),
        0x02: ("CONTEXT_INTEGER", "the other general registers"),
        0x04: ("CONTEXT_SEGMENTS", "SegDs, SegEs, SegFs, SegGs"),
        0x08: ("CONTEXT_FLOATING_POINT", "x87 and xmm registers"),
        0x10: ("CONTEXT_DEBUG_REGISTERS", "Dr0 to Dr3, Dr6, Dr7"),
        0x40: ("CONTEXT_XSTATE", "extended registers after the context; can be set without any"),
        0x80: ("CONTEXT_KERNEL_CET", "the kernel's shadow stack"),
        CONTEXT_AMD64_FAMILY: ("CONTEXT_AMD64", "x64"),
        **_EXCEPTION_BITS,
    },
    _WINNT,
)

CONTEXT_FLAGS_ARM = FlagSet(
    "CONTEXT_FLAGS (ARM)",
    {
        0x1: ("CONTEXT_CONTROL", "Sp, Lr, Pc, Cpsr"),
        0x2: ("CONTEXT_INTEGER", "R0 to R12"),
        0x4: ("CONTEXT_FLOATING_POINT", "Fpscr and the vector registers"),
        0x8: ("CONTEXT_DEBUG_REGISTERS", "breakpoint and watchpoint registers"),
        CONTEXT_ARM_FAMILY: ("CONTEXT_ARM", "ARM"),
        0x08000000: _EXCEPTION_BITS[0x08000000],
        0x10000000: _EXCEPTION_BITS[0x10000000],
        0x20000000: ("CONTEXT_UNWOUND_TO_CALL", "unwound to a call"),
        MD_CONTEXT_ARM_FAMILY: ("CONTEXT_EXCEPTION_REQUEST", "exception state was asked for; in dumps of Breakpad: ARM"),
        0x80000000: _EXCEPTION_BITS[0x80000000],
    },
    f"{_WINNT}; {_BREAKPAD}",
)

CONTEXT_FLAGS_ARM64 = FlagSet(
    "CONTEXT_FLAGS (ARM64)",
    {
        0x01: ("CONTEXT_CONTROL", "Fp, Lr, Sp, Pc, Cpsr"),
        0x02: ("CONTEXT_INTEGER", "X0 to X28"),
        0x04: ("CONTEXT_FLOATING_POINT", "Fpcr, Fpsr, V0 to V31"),
        0x08: ("CONTEXT_DEBUG_REGISTERS", "breakpoint and watchpoint registers"),
        0x10: ("CONTEXT_ARM64_X18", "X18 is valid although Windows uses it"),
        CONTEXT_ARM64_FAMILY: ("CONTEXT_ARM64", "ARM64"),
        0x08000000: _EXCEPTION_BITS[0x08000000],
        0x10000000: _EXCEPTION_BITS[0x10000000],
        0x20000000: ("CONTEXT_UNWOUND_TO_CALL", "unwound to a call"),
        0x40000000: _EXCEPTION_BITS[0x40000000],
        0x80000000: ("CONTEXT_EXCEPTION_REPORTING", "exception state is reported; in dumps of Breakpad: old ARM64"),
    },
    f"{_WINNT}; {_BREAKPAD}",
)

EFLAGS = FlagSet(
    "EFLAGS",
    {
        0x000001: ("CF", "carry"),
        0x000004: ("PF", "even parity"),
        0x000010: ("AF", "auxiliary carry"),
        0x000040: ("ZF", "zero"),
        0x000080: ("SF", "negative"),
        0x000100: ("TF", "single step"),
        0x000200: ("IF", "interrupts on"),
        0x000400: ("DF", "string instructions go down"),
        0x000800: ("OF", "overflow"),
        0x004000: ("NT", "nested task"),
        0x010000: ("RF", "resume"),
        0x020000: ("VM", "virtual 8086"),
        0x040000: ("AC", "alignment check"),
        0x080000: ("VIF", "virtual interrupt"),
        0x100000: ("VIP", "virtual interrupt pending"),
        0x200000: ("ID", "CPUID can be used"),
    },
    "Intel 64 and IA-32 manual",
)

CS_32_BIT = 0x23
"""The code segment selector of 32-bit code on 64-bit Windows."""

CONTEXT_X86_FULL = 0x10007
"""ContextFlags of an x86 context with control, integer and segment registers."""

EFLAGS_WORDS: Tuple[Tuple[int, str, str], ...] = (
    (0x800, "ov", "nv"),
    (0x400, "dn", "up"),
    (0x200, "ei", "di"),
    (0x080, "ng", "pl"),
    (0x040, "zr", "nz"),
    (0x010, "ac", "na"),
    (0x004, "pe", "po"),
    (0x001, "cy", "nc"),
)
"""The debugger's words for a flag that is set or clear, in the order of its flags row."""

EFLAGS_WORDS_AMD64 = tuple((bit, off, on) if bit == 0x004 else (bit, on, off) for bit, on, off in EFLAGS_WORDS)
"""The same in 64-bit code, where the engine shows ``po`` for a parity flag that is set (observed: dbgeng 10.0.15063)."""

CPSR_ARM = FlagSet(
    "CPSR (ARM)",
    {
        0x00000020: ("T", "Thumb"),
        0x00000040: ("F", "fast interrupts off"),
        0x00000080: ("I", "interrupts off"),
        0x00000100: ("A", "asynchronous aborts off"),
        0x00000200: ("E", "big-endian data"),
        0x08000000: ("Q", "saturated"),
        0x10000000: ("V", "overflow"),
        0x20000000: ("C", "carry"),
        0x40000000: ("Z", "zero"),
        0x80000000: ("N", "negative"),
    },
    "ARM Architecture Reference Manual",
)

CPSR_ARM64 = FlagSet(
    "CPSR (ARM64)",
    {
        0x00000040: ("F", "fast interrupts off"),
        0x00000080: ("I", "interrupts off"),
        0x00000100: ("A", "asynchronous aborts off"),
        0x00000200: ("D", "debug exceptions off"),
        0x00100000: ("IL", "illegal execution state"),
        0x00200000: ("SS", "single step"),
        0x10000000: ("V", "overflow"),
        0x20000000: ("C", "carry"),
        0x40000000: ("Z", "zero"),
        0x80000000: ("N", "negative"),
    },
    "ARM Architecture Reference Manual",
)

M128A = Structure(
    "M128A",
    [Field("Low", ULONG64, "low half", HEX), Field("High", LONG64, "high half", HEX)],
    source=_WINNT,
    meaning="A register of 128 bits.",
    pack=8,
)

FLOATING_SAVE_AREA = Structure(
    "FLOATING_SAVE_AREA",
    [
        Field("ControlWord", ULONG32, "x87 control word", HEX),
        Field("StatusWord", ULONG32, "x87 status word", HEX),
        Field("TagWord", ULONG32, "which registers are in use", HEX),
        Field("ErrorOffset", ULONG32, "last instruction", ADDRESS),
        Field("ErrorSelector", ULONG32, "its segment", HEX),
        Field("DataOffset", ULONG32, "last operand", ADDRESS),
        Field("DataSelector", ULONG32, "its segment", HEX),
        Field("RegisterArea", UCHAR, "eight registers of 80 bits", BYTES, count=80),
        Field("Spare0", ULONG32, "spare", HEX),
    ],
    source=_WINNT,
    meaning="The x87 unit as FSAVE stores it.",
)


def _xsave_format(name: str, registers: int, meaning: str) -> Structure:
    return Structure(
        name,
        [
            Field("ControlWord", USHORT, "x87 control word", HEX),
            Field("StatusWord", USHORT, "x87 status word", HEX),
            Field("TagWord", UCHAR, "which registers are in use", HEX),
            Field("Reserved1", UCHAR, "reserved", HEX),
            Field("ErrorOpcode", USHORT, "last instruction's opcode", HEX),
            Field("ErrorOffset", ULONG32, "last instruction", ADDRESS),
            Field("ErrorSelector", USHORT, "its segment", HEX),
            Field("Reserved2", USHORT, "reserved", HEX),
            Field("DataOffset", ULONG32, "last operand", ADDRESS),
            Field("DataSelector", USHORT, "its segment", HEX),
            Field("Reserved3", USHORT, "reserved", HEX),
            Field("MxCsr", ULONG32, "SSE control and status", HEX),
            Field("MxCsr_Mask", ULONG32, "which of its bits the processor has", HEX),
            Field("FloatRegisters", M128A, "x87 registers st0 to st7, 10 bytes of each are used", count=8),
            Field("XmmRegisters", M128A, "xmm registers", count=registers),
            Field("Reserved4", UCHAR, "reserved", BYTES, count=512 - 160 - 16 * registers),
        ],
        source=_WINNT,
        meaning=meaning,
        pack=8,
    )


XSAVE_FORMAT = _xsave_format("XSAVE_FORMAT", 16, "x87 and SSE registers as FXSAVE stores them on x64.")
XSAVE_FORMAT32 = _xsave_format("XSAVE_FORMAT32", 8, "x87 and SSE registers as FXSAVE stores them on x86.")


def _word(name: str) -> str:
    if name.startswith("Seg"):
        return "segment register"
    if name.startswith("Dr"):
        return "status of breakpoints" if name == "Dr6" else "which breakpoints are on" if name == "Dr7" else "address of a breakpoint"
    if name.endswith("Home"):
        return "where a parameter may be kept"
    if name.startswith("Last"):
        return "branch tracing"
    return "general register"


def _numbers(names: str, scalar: Scalar, kind: str = HEX) -> List[Field]:
    return [Field(name, scalar, _word(name), kind) for name in names.split()]


def _x86(name: str, meaning: str) -> Structure:
    return Structure(
        name,
        [
            Field("ContextFlags", ULONG32, "which parts are valid", values=CONTEXT_FLAGS_X86),
            *_numbers("Dr0 Dr1 Dr2 Dr3 Dr6 Dr7", ULONG32),
            Field("FloatSave", FLOATING_SAVE_AREA, "x87 registers"),
            *_numbers("SegGs SegFs SegEs SegDs Edi Esi Ebx Edx Ecx Eax", ULONG32),
            Field("Ebp", ULONG32, "frame pointer", ADDRESS),
            Field("Eip", ULONG32, "instruction pointer", ADDRESS),
            Field("SegCs", ULONG32, "segment register", HEX),
            Field("EFlags", ULONG32, "flags", values=EFLAGS),
            Field("Esp", ULONG32, "stack pointer", ADDRESS),
            Field("SegSs", ULONG32, "segment register", HEX),
            Field("ExtendedRegisters", XSAVE_FORMAT32, "x87 and xmm registers; 512 plain bytes in the header"),
        ],
        source=_WINNT,
        meaning=meaning,
    )


CONTEXT_X86 = _x86("CONTEXT_X86", "Registers of an x86 thread.")
WOW64_CONTEXT = _x86("WOW64_CONTEXT", "32-bit registers of a thread on 64-bit Windows; same layout as the x86 context.")

CONTEXT_AMD64 = Structure(
    "CONTEXT_AMD64",
    [
        *_numbers("P1Home P2Home P3Home P4Home P5Home P6Home", ULONG64),
        Field("ContextFlags", ULONG32, "which parts are valid", values=CONTEXT_FLAGS_AMD64),
        Field("MxCsr", ULONG32, "SSE control and status", HEX),
        *_numbers("SegCs SegDs SegEs SegFs SegGs SegSs", USHORT),
        Field("EFlags", ULONG32, "flags", values=EFLAGS),
        *_numbers("Dr0 Dr1 Dr2 Dr3 Dr6 Dr7 Rax Rcx Rdx Rbx", ULONG64),
        Field("Rsp", ULONG64, "stack pointer", ADDRESS),
        *_numbers("Rbp Rsi Rdi R8 R9 R10 R11 R12 R13 R14 R15", ULONG64),
        Field("Rip", ULONG64, "instruction pointer", ADDRESS),
        Field("FltSave", XSAVE_FORMAT, "x87 and xmm registers"),
        *[Field(f"Xmm{index}", M128A, "the same place as in FltSave", at=0x1A0 + 16 * index) for index in range(16)],
        Field("VectorRegister", M128A, "not used", count=26, at=0x300),
        Field("VectorControl", ULONG64, "not used", HEX),
        Field("DebugControl", ULONG64, "branch tracing", HEX),
        *_numbers("LastBranchToRip LastBranchFromRip LastExceptionToRip LastExceptionFromRip", ULONG64, ADDRESS),
    ],
    source=_WINNT,
    meaning="Registers of an x64 thread.",
    pack=8,
)

CONTEXT_ARM = Structure(
    "CONTEXT_ARM",
    [
        Field("ContextFlags", ULONG32, "which parts are valid", values=CONTEXT_FLAGS_ARM),
        *_numbers("R0 R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12", ULONG32),
        Field("Sp", ULONG32, "stack pointer", ADDRESS),
        Field("Lr", ULONG32, "return address", ADDRESS),
        Field("Pc", ULONG32, "instruction pointer", ADDRESS),
        Field("Cpsr", ULONG32, "status", values=CPSR_ARM),
        Field("Fpscr", ULONG32, "floating-point control and status", HEX),
        Field("Padding", ULONG32, "padding", HEX),
        Field("Q", M128A, "vector registers; the D and S registers are the same bytes", count=16),
        Field("Bvr", ULONG32, "breakpoint addresses", ADDRESS, count=8),
        Field("Bcr", ULONG32, "breakpoint control", HEX, count=8),
        Field("Wvr", ULONG32, "watchpoint addresses", ADDRESS, count=1),
        Field("Wcr", ULONG32, "watchpoint control", HEX, count=1),
        Field("Padding2", ULONG32, "padding", HEX, count=2),
    ],
    source=_WINNT,
    meaning="Registers of an ARM thread.",
    pack=8,
)

CONTEXT_ARM64 = Structure(
    "CONTEXT_ARM64",
    [
        Field("ContextFlags", ULONG32, "which parts are valid", values=CONTEXT_FLAGS_ARM64),
        Field("Cpsr", ULONG32, "status", values=CPSR_ARM64),
        *[Field(f"X{index}", ULONG64, "general register", HEX) for index in range(29)],
        Field("Fp", ULONG64, "frame pointer, x29", ADDRESS),
        Field("Lr", ULONG64, "return address, x30", ADDRESS),
        Field("Sp", ULONG64, "stack pointer", ADDRESS),
        Field("Pc", ULONG64, "instruction pointer", ADDRESS),
        Field("V", M128A, "vector registers", count=32),
        Field("Fpcr", ULONG32, "floating-point control", HEX),
        Field("Fpsr", ULONG32, "floating-point status", HEX),
        Field("Bcr", ULONG32, "breakpoint control", HEX, count=8),
        Field("Bvr", ULONG64, "breakpoint addresses", ADDRESS, count=8),
        Field("Wcr", ULONG32, "watchpoint control", HEX, count=2),
        Field("Wvr", ULONG64, "watchpoint addresses", ADDRESS, count=2),
    ],
    source=_WINNT,
    meaning="Registers of an ARM64 thread.",
    pack=8,
)

MD_CONTEXT_ARM = Structure(
    "MDRawContextARM",
    [
        Field("ContextFlags", ULONG32, "which parts are valid", values=CONTEXT_FLAGS_ARM),
        *_numbers("R0 R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12", ULONG32),
        Field("Sp", ULONG32, "stack pointer", ADDRESS),
        Field("Lr", ULONG32, "return address", ADDRESS),
        Field("Pc", ULONG32, "instruction pointer", ADDRESS),
        Field("Cpsr", ULONG32, "status", values=CPSR_ARM),
        Field("Fpscr", ULONG64, "floating-point control and status", HEX),
        Field("D", ULONG64, "floating-point registers", HEX, count=32),
        Field("Extra", ULONG32, "more of the floating-point unit", HEX, count=8),
    ],
    source=_BREAKPAD,
    meaning="Registers of an ARM thread as Breakpad and Crashpad write them. Fields are named as in the Windows context.",
)

MD_CONTEXT_ARM64_OLD = Structure(
    "MDRawContextARM64_Old",
    [
        Field("ContextFlags", ULONG64, "which parts are valid", values=CONTEXT_FLAGS_ARM64),
        *[Field(f"X{index}", ULONG64, "general register", HEX) for index in range(29)],
        Field("Fp", ULONG64, "frame pointer, x29", ADDRESS),
        Field("Lr", ULONG64, "return address, x30", ADDRESS),
        Field("Sp", ULONG64, "stack pointer", ADDRESS),
        Field("Pc", ULONG64, "instruction pointer", ADDRESS),
        Field("Cpsr", ULONG32, "status", values=CPSR_ARM64),
        Field("Fpsr", ULONG32, "floating-point status", HEX),
        Field("Fpcr", ULONG32, "floating-point control", HEX),
        Field("V", M128A, "vector registers", count=32),
    ],
    source=_BREAKPAD,
    meaning="Registers of an ARM64 thread as older versions of Breakpad wrote them. Fields are named as in the Windows context.",
)

CONTEXT_CHUNK = Structure(
    "CONTEXT_CHUNK",
    [
        Field("Offset", LONG32, "where the part starts, from the CONTEXT_EX; negative for what lies before it"),
        Field("Length", ULONG32, "its length", SIZE, unit="bytes"),
    ],
    source=_WINNT,
    meaning="Where one part of an extended context is.",
)

CONTEXT_EX = Structure(
    "CONTEXT_EX",
    [
        Field("All", CONTEXT_CHUNK, "everything"),
        Field("Legacy", CONTEXT_CHUNK, "the plain context"),
        Field("XState", CONTEXT_CHUNK, "the extended registers, beginning with XSAVE_AREA_HEADER"),
    ],
    source=_WINNT,
    meaning="Stands directly after the plain context when there are extended registers.",
)

XSAVE_AREA_HEADER = Structure(
    "XSAVE_AREA_HEADER",
    [
        Field("Mask", ULONG64, "which groups of registers are stored; the others have their initial values", HEX),
        Field("CompactionMask", ULONG64, "bit 63: compacted form", HEX),
        Field("Reserved2", ULONG64, "reserved", HEX, count=6),
    ],
    source=_WINNT,
    meaning="The head of the extended registers. Group n >= 2 lies at Features[n].Offset - 512 from here.",
    pack=8,
)

XSAVE_CET_U_FORMAT = Structure(
    "XSAVE_CET_U_FORMAT",
    [
        Field("Ia32CetUMsr", ULONG64, "settings; bit 0: the shadow stack is on", HEX),
        Field("Ia32Pl3SspMsr", ULONG64, "shadow stack pointer", ADDRESS),
    ],
    source=_WINNT,
    meaning="Group 11 of the extended registers: the user shadow stack.",
)

XSAVE_LEGACY_SIZE = 512
"""Bytes of an XSAVE area that the plain context already has; offsets of extended registers include them."""

WOW64_CONTEXT_TLS_SLOT = 1
"""TLS slot of the 64-bit TEB that points to the machine word and the WOW64_CONTEXT."""

WOW64_CONTEXT_OFFSET = 4
"""Bytes from where that slot points to the WOW64_CONTEXT."""


class Register(NamedTuple):
    """A register: the debugger's name, and the field of the context that holds it."""

    name: str
    path: str


class ContextLayout(NamedTuple):
    """How the registers of one processor are laid out and shown.

    ``family`` is the bit of ContextFlags that must be set. ``rows`` are the debugger's rows of ``r``; ``segments`` come in the
    row after the flags. ``ip``, ``sp``, ``fp`` and ``flags`` name registers of ``rows`` or the flags register. ``vectors`` is the
    path of the array of 128-bit registers, named ``vector`` and a number.
    """

    name: str
    architecture: int
    structure: Structure
    family: int
    pointer_size: int
    rows: Tuple[Tuple[Register, ...], ...]
    segments: Tuple[Register, ...]
    ip: Register
    sp: Register
    fp: Register
    flags: Register
    status: FlagSet
    context_flags: FlagSet
    debug: Tuple[Register, ...]
    vectors: str
    vector: str

    @property
    def registers(self) -> Tuple[Register, ...]:
        """The general registers in the debugger's order, then the segments and the flags."""
        found = [register for row in self.rows for register in row]
        found += self.segments
        if self.flags not in found:
            found.append(self.flags)
        return tuple(found)


def _row(names: str, prefix: str = "") -> Tuple[Register, ...]:
    return tuple(Register(name, prefix + name.capitalize()) for name in names.split())


_SEGMENTS = _row("cs ss ds es fs gs", "Seg")
_DEBUG = _row("dr0 dr1 dr2 dr3 dr6 dr7")
_ARM_ROWS = (_row("r0 r1 r2 r3 r4 r5"), _row("r6 r7 r8 r9 r10 r11"), (*_row("r12 sp lr pc"), Register("psr", "Cpsr")))
_ARM64_ROWS = (
    *(_row(" ".join(f"x{number}" for number in range(first, first + 4))) for first in range(0, 28, 4)),
    _row("x28 fp lr sp"),
    (*_row("pc"), Register("psr", "Cpsr")),
)

X86_LAYOUT = ContextLayout(
    "x86",
    0,
    CONTEXT_X86,
    CONTEXT_I386,
    4,
    (_row("eax ebx ecx edx esi edi"), _row("eip esp ebp")),
    _SEGMENTS,
    Register("eip", "Eip"),
    Register("esp", "Esp"),
    Register("ebp", "Ebp"),
    Register("efl", "EFlags"),
    EFLAGS,
    CONTEXT_FLAGS_X86,
    _DEBUG,
    "ExtendedRegisters.XmmRegisters",
    "xmm",
)

AMD64_LAYOUT = ContextLayout(
    "AMD64",
    9,
    CONTEXT_AMD64,
    CONTEXT_AMD64_FAMILY,
    8,
    (_row("rax rbx rcx"), _row("rdx rsi rdi"), _row("rip rsp rbp"), _row("r8 r9 r10"), _row("r11 r12 r13"), _row("r14 r15")),
    _SEGMENTS,
    Register("rip", "Rip"),
    Register("rsp", "Rsp"),
    Register("rbp", "Rbp"),
    Register("efl", "EFlags"),
    EFLAGS,
    CONTEXT_FLAGS_AMD64,
    _DEBUG,
    "FltSave.XmmRegisters",
    "xmm",
)

ARM_LAYOUT = ContextLayout(
    "ARM",
    5,
    CONTEXT_ARM,
    CONTEXT_ARM_FAMILY,
    4,
    _ARM_ROWS,
    (),
    Register("pc", "Pc"),
    Register("sp", "Sp"),
    Register("r11", "R11"),
    Register("psr", "Cpsr"),
    CPSR_ARM,
    CONTEXT_FLAGS_ARM,
    (),
    "Q",
    "q",
)

ARM64_LAYOUT = ContextLayout(
    "ARM64",
    12,
    CONTEXT_ARM64,
    CONTEXT_ARM64_FAMILY,
    8,
    _ARM64_ROWS,
    (),
    Register("pc", "Pc"),
    Register("sp", "Sp"),
    Register("fp", "Fp"),
    Register("psr", "Cpsr"),
    CPSR_ARM64,
    CONTEXT_FLAGS_ARM64,
    (),
    "V",
    "v",
)

BREAKPAD_ARM_LAYOUT = ARM_LAYOUT._replace(name="ARM (Breakpad)", structure=MD_CONTEXT_ARM, family=MD_CONTEXT_ARM_FAMILY, vectors="", vector="")
BREAKPAD_ARM64_LAYOUT = ARM64_LAYOUT._replace(
    name="ARM64 (Breakpad, old)", architecture=0x8003, structure=MD_CONTEXT_ARM64_OLD, family=MD_CONTEXT_ARM64_OLD_FAMILY
)

CONTEXT_LAYOUTS: Dict[int, Tuple[ContextLayout, ...]] = {
    0: (X86_LAYOUT,),
    9: (AMD64_LAYOUT,),
    5: (ARM_LAYOUT, BREAKPAD_ARM_LAYOUT),
    12: (ARM64_LAYOUT, BREAKPAD_ARM64_LAYOUT),
    0x8003: (BREAKPAD_ARM64_LAYOUT, ARM64_LAYOUT),
}
"""Layouts by SystemInfo.ProcessorArchitecture; the one whose family bit is in ContextFlags is the right one."""

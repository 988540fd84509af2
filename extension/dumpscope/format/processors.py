"""Processors: what is known of each value of SystemInfo.ProcessorArchitecture, one row to a processor."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

X86_FAMILY = "x86 and x64"
ARM_FAMILY = "ARM"
PPC_FAMILY = "PowerPC"
MIPS_FAMILY = "MIPS"


class Machine(NamedTuple):
    """What the debugger's engine has for a processor: its context's size, how often it asks for it, and whether it has extended state.

    It asks once less when the exception stream has told it where the program is (observed: dbgeng 10.0.15063). ``shared_data`` says
    whether it can read the page of shared user data, ``registers`` whether it can take registers from an
    exception.
    """

    context: int
    asks: int
    asks_with_address: int
    extended: bool = False
    shared_data: bool = False
    registers: bool = True


class Processor(NamedTuple):
    """One processor.

    ``constant`` is the C name, ``name`` what we call it. ``family`` says whose codes and signals it has, where that matters. ``image`` is
    IMAGE_FILE_MACHINE of its images, 0 where there are none of Windows. ``debugger_name`` is what ``.dumpdebug`` calls it. ``known`` is
    true where the engine accepts the number, and ``machine`` what it has for it then: nothing for those that it has given up. ``current``
    is true for processors that today's Windows runs on. Registers are in ``format/contexts.py``.
    """

    number: int
    constant: str
    name: str
    meaning: str
    pointer_size: int = 8
    family: str = ""
    image: int = 0
    debugger_name: str = ""
    known: bool = False
    machine: Optional[Machine] = None
    current: bool = False


_ROWS = (
    Processor(
        0,
        "PROCESSOR_ARCHITECTURE_INTEL",
        "x86",
        "x86, 32 bits",
        4,
        X86_FAMILY,
        image=0x14C,
        debugger_name="INTEL",
        known=True,
        machine=Machine(0x2CC, 4, 3, extended=True, shared_data=True),
        current=True,
    ),
    Processor(1, "PROCESSOR_ARCHITECTURE_MIPS", "MIPS", "MIPS", 4, MIPS_FAMILY, image=0x166, known=True, machine=Machine(0x128, 2, 2)),
    Processor(2, "PROCESSOR_ARCHITECTURE_ALPHA", "Alpha", "Alpha", image=0x184, known=True),
    Processor(3, "PROCESSOR_ARCHITECTURE_PPC", "PowerPC", "PowerPC", 4, PPC_FAMILY, image=0x1F0, known=True, machine=Machine(0xA40, 2, 2, registers=False)),
    Processor(4, "PROCESSOR_ARCHITECTURE_SHX", "SHx", "SuperH", 4, image=0x1A2, known=True, machine=Machine(0xE4, 2, 2)),
    Processor(
        5,
        "PROCESSOR_ARCHITECTURE_ARM",
        "ARM",
        "ARM, 32 bits",
        4,
        ARM_FAMILY,
        image=0x1C4,
        debugger_name="ARM",
        known=True,
        machine=Machine(0x1A0, 2, 2),
        current=True,
    ),
    Processor(
        6,
        "PROCESSOR_ARCHITECTURE_IA64",
        "IA64",
        "Itanium",
        image=0x200,
        debugger_name="IA64",
        known=True,
        machine=Machine(0xA70, 3, 2, shared_data=True, registers=False),
    ),
    Processor(7, "PROCESSOR_ARCHITECTURE_ALPHA64", "Alpha64", "Alpha, 64 bits", image=0x284, known=True),
    Processor(8, "PROCESSOR_ARCHITECTURE_MSIL", "MSIL", "intermediate language of .NET"),
    Processor(
        9,
        "PROCESSOR_ARCHITECTURE_AMD64",
        "AMD64",
        "x64",
        8,
        X86_FAMILY,
        image=0x8664,
        debugger_name="AMD64",
        known=True,
        machine=Machine(0x4D0, 2, 1, extended=True, shared_data=True),
        current=True,
    ),
    Processor(10, "PROCESSOR_ARCHITECTURE_IA32_ON_WIN64", "x86 on Win64", "x86 on 64-bit Windows", 4),
    Processor(11, "PROCESSOR_ARCHITECTURE_NEUTRAL", "neutral", "any"),
    Processor(
        12,
        "PROCESSOR_ARCHITECTURE_ARM64",
        "ARM64",
        "ARM, 64 bits",
        8,
        ARM_FAMILY,
        image=0xAA64,
        debugger_name="ARM64",
        known=True,
        machine=Machine(0x390, 2, 2, shared_data=True),
        current=True,
    ),
    Processor(13, "PROCESSOR_ARCHITECTURE_ARM32_ON_WIN64", "ARM on Win64", "32-bit ARM on 64-bit Windows", 4),
    Processor(14, "PROCESSOR_ARCHITECTURE_IA32_ON_ARM64", "x86 on ARM64", "x86 on 64-bit ARM", 4),
    Processor(0x8001, "MD_CPU_ARCHITECTURE_SPARC", "SPARC", "SPARC (Breakpad)", 4),
    Processor(0x8002, "MD_CPU_ARCHITECTURE_PPC64", "PowerPC64", "PowerPC, 64 bits (Breakpad)", 8, PPC_FAMILY),
    Processor(0x8003, "MD_CPU_ARCHITECTURE_ARM64_OLD", "ARM64", "64-bit ARM with Breakpad's old context", 8, ARM_FAMILY),
    Processor(0x8004, "MD_CPU_ARCHITECTURE_MIPS64", "MIPS64", "MIPS, 64 bits (Breakpad)", 8, MIPS_FAMILY),
    Processor(0x8005, "MD_CPU_ARCHITECTURE_RISCV", "RISC-V", "RISC-V (Breakpad)", 4),
    Processor(0x8006, "MD_CPU_ARCHITECTURE_RISCV64", "RISC-V 64", "RISC-V, 64 bits (Breakpad)"),
    Processor(0xFFFF, "PROCESSOR_ARCHITECTURE_UNKNOWN", "unknown", "unknown"),
)

PROCESSORS: Dict[int, Processor] = {row.number: row for row in _ROWS}
"""All known processors by SystemInfo.ProcessorArchitecture."""

NARROW_IMAGES: Dict[int, int] = {row.image: row.number for row in _ROWS if row.image and row.current and row.pointer_size == 4}
"""Processors of 32-bit programs on a 64-bit Windows, by IMAGE_FILE_MACHINE."""

MACHINES: Dict[int, Machine] = {row.number: row.machine for row in _ROWS if row.machine is not None}
"""What the debugger's engine has for each processor that it has not given up."""


def family(architecture: int) -> str:
    """Whose codes and signals a processor has; an empty string where that is not known."""
    row = PROCESSORS.get(architecture)
    return row.family if row is not None else ""


def debugger_name(architecture: int) -> str:
    """What the debugger calls a processor; an empty string where it has no name."""
    row = PROCESSORS.get(architecture)
    return row.debugger_name if row is not None else ""

"""How Breakpad reads registers: the pieces in order, as far as the file ending within one of them matters."""

from __future__ import annotations

from typing import Iterator

from .verdict import File

AMD64, ARM64_OLD, PPC64 = 1232, 796, 1088
"""Sizes by which it knows a context before it looks at the flags."""
PROCESSORS = {0: 0x10000, 5: 0x40000000, 9: 0x100000, 12: 0x400000, 0x8003: 0x80000000, 3: 0x20000000}
"""The processor's bit of ContextFlags by the number in SystemInfoStream."""
SIZES = {0x10000: 716, 0x40000000: 368, 0x400000: 912}
"""Sizes of the contexts that begin with 32 bits of flags, by the processor's bit."""
CPU_MASK = 0xFFFFFF00
ARM_ON_CE = 0x40
MOST_XSTATE = 16384


def context_reads(file: File, place: int, size: int, processor: int) -> Iterator[int]:
    """Sizes of the reads that it does for a context of ``size`` bytes at ``place``."""
    if size == AMD64 or (processor == 9 and size >= AMD64):
        yield AMD64
        if AMD64 < size <= AMD64 + MOST_XSTATE:
            yield size - AMD64
    elif size in (PPC64, ARM64_OLD):
        yield 8
        cpu = file.u64(place) & CPU_MASK or PROCESSORS.get(processor, 0)
        if size == ARM64_OLD and cpu == 0x80000000:
            yield ARM64_OLD - 8
        elif size == PPC64 and cpu == 0x1000000:
            yield PPC64 - 8
    else:
        yield 4
        flags = file.u32(place)
        cpu = flags & CPU_MASK
        if not cpu:
            cpu = 0x40000000 if flags & ARM_ON_CE else PROCESSORS.get(processor, 0)
        if SIZES.get(cpu) == size:
            yield size - 4


__all__ = ["context_reads"]

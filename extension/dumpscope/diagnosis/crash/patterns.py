"""Fill patterns: what allocators, compilers and debuggers write into memory, so that its misuse shows in a register."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple


class Pattern(NamedTuple):
    """One fill: the value repeated in each four bytes, what it marks, and who documents it."""

    value: int
    meaning: str
    source: str


PATTERNS: Tuple[Pattern, ...] = (
    Pattern(0xCDCDCDCD, "heap memory of the debug C runtime that was never written", "Microsoft C runtime, debug_heap.cpp: clean land"),
    Pattern(0xDDDDDDDD, "heap memory that the debug C runtime or Unreal Engine had freed", "Microsoft C runtime, debug_heap.cpp: dead land"),
    Pattern(0xFDFDFDFD, "the guard bytes around a block of the debug C runtime", "Microsoft C runtime, debug_heap.cpp: no man's land"),
    Pattern(0xBDBDBDBD, "the guard bytes of an aligned block of the debug C runtime", "Microsoft C runtime, align.cpp: aligned land"),
    Pattern(0xFEFEFEFE, "memory that a secure function of the debug C runtime filled after its text", "Microsoft C runtime: _SECURECRT_FILL_BUFFER_PATTERN"),
    Pattern(0xCCCCCCCC, "a local variable that was never written (/RTCs), or padding between functions", "Microsoft C compiler: /RTC1"),
    Pattern(
        0xBAADF00D, "heap memory that was never written, in a process with the debug heap of Windows", "Windows heap: HEAP_TAIL_CHECKING and free checking"
    ),
    Pattern(0xFEEEFEEE, "heap memory that was freed, in a process with the debug heap of Windows", "Windows heap: HEAP_FREE_CHECKING"),
    Pattern(0xABABABAB, "the guard bytes after a block of the debug heap of Windows", "Windows heap: HEAP_TAIL_CHECKING"),
    Pattern(0xAAAAAAAA, "a local variable that was never written", "Clang: -ftrivial-auto-var-init=pattern"),
    Pattern(0xC0C0C0C0, "heap memory that was never written, under page heap", "Application Verifier, page heap"),
    Pattern(0xF0F0F0F0, "heap memory that was freed, under page heap", "Application Verifier, page heap"),
    Pattern(0xD0D0D0D0, "the guard bytes after a block, under page heap", "Application Verifier, page heap"),
    Pattern(0xEFEFEFEF, "memory that PartitionAlloc (Chromium) had freed and keeps in quarantine", "chromium partition_alloc_constants.h: kQuarantinedByte"),
    Pattern(0xE5E5E5E5, "memory that mozjemalloc (Firefox) had freed", "Firefox memory/build/mozjemalloc.cpp: kAllocPoison"),
    Pattern(0x5A5A5A5A, "memory that jemalloc had freed", "jemalloc: JEMALLOC_FREE_JUNK"),
    Pattern(0xA5A5A5A5, "memory of jemalloc that was never written", "jemalloc: JEMALLOC_ALLOC_JUNK"),
)

NEAR = 0x10000
"""How far after a pattern an address may lie: a member of the object that a pattern was taken for."""


def pattern_of(value: int, width: int, near: int = 0) -> Optional[Tuple[Pattern, int]]:
    """The fill pattern that a value of ``width`` bytes is, and how far (at the most ``near``) the value lies above it."""
    for row in PATTERNS:
        full = row.value | row.value << 32 if width == 8 else row.value
        distance = value - full
        if 0 <= distance <= near:
            return row, distance
    return None

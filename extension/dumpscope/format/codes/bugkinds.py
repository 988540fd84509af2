"""Parameters of bug checks that are a kind: what each number means, for the codes where the public pages list them.

Source: the pages of the Bug Check Code Reference (see :mod:`.bugcodes`), in other words; trap numbers of 0x7F are the processor's
(Intel SDM, volume 3, chapter 6).
"""

from __future__ import annotations

from typing import Dict, Tuple

_REGIONS = (
    "data|a function|the interrupt descriptor table|the global descriptor table|the list of processes (1)|the list of processes (2)|"
    "a debug routine|a critical MSR|an object type|an interrupt vector table|a system service function|data of a session|"
    "a session function or .pdata|an import table|a session import table|a Win32 callout|the debug switch routine|the IRP allocator|"
    "the driver call dispatcher|the IRP completion dispatcher|the IRP deallocator|a control register|a floating point control register|"
    "the local APIC|a kernel notification callout|the list of loaded modules|the list of processes (3)|the list of processes (4)|a driver object|"
    "an executive callback object|padding of a module|a protected process|data|a page whose hash differs|a session page whose hash differs|"
    "the load configuration directory|the inverted function table|the session configuration|an extended control register|pool (1)|pool (2)|"
    "pool (3)"
)
_HEAP = (
    "the header of an entry|the headers of several entries|the header of a large entry|a buffer was overrun|a buffer was underrun|"
    "a free block was used as a busy one|an invalid argument|an invalid kind of allocation|memory was used after it was freed|the wrong heap|"
    "the free list|another list|a free block was used as a busy one|inner state, mostly after an overflow|inner state, mostly after an overflow|"
    "inner state, mostly after an overflow|no heap handle was given|more was asked for than may be allocated|more was committed than may be|"
    "an invalid query of an allocation's size"
)
_TRAPS = {0: "divide error", 1: "debug trap", 3: "breakpoint", 4: "overflow", 5: "bound check", 6: "invalid opcode", 7: "no coprocessor", 8: "double fault"}
_TRAPS.update({0xA: "invalid TSS", 0xB: "segment not present", 0xC: "stack fault", 0xD: "general protection fault", 0xE: "page fault", 0x12: "machine check"})
_SPECIAL = {
    0x20: "pool was freed that was not allocated",
    0x21: "a bad address was freed",
    0x22: "a bad address was freed",
    0x23: "bytes beside the block changed",
}
_SPECIAL.update(
    {0x24: "bytes after the block changed", 0x30: "allocated at a wrong IRQL", 0x31: "freed at a wrong IRQL", 0x32: "one bit beside the block changed"}
)

KINDS: Dict[Tuple[int, int], Dict[int, str]] = {
    (0x50, 4): {3: "wrong session", 4: "the address is not canonical"},
    (0x7F, 1): _TRAPS,
    (0xC1, 4): _SPECIAL,
    (0xEF, 2): {0: "a process", 1: "a thread"},
    (0x109, 4): {**dict(enumerate(_REGIONS.split("|"))), 0x101: "pool", 0x102: "win32k.sys"},
    (0x133, 1): {0: "one DPC or ISR took too long", 1: "too long at DISPATCH_LEVEL or above, in sum"},
    (0x13A, 1): dict(enumerate(_HEAP.split("|"), 3)),
    (0x14F, 2): {1: "a notification client", 2: "a resiliency client", 3: "an activator client", 0x100: "win32k did not turn the monitor on"},
}
"""By code and number of the parameter (from 1): words by value."""

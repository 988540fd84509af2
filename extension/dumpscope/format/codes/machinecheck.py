"""MCi_STATUS, the status of a bank of machine check registers of x86 and x64 processors, in words.

Source: Intel SDM, volume 3, chapter 17 "Machine-Check Architecture" (IA32_MCi_STATUS, and the error codes of its lowest 16 bits), which AMD's
processors share in these bits.
"""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

VALID, OVERFLOW, UNCORRECTED, ENABLED, MISC_VALID, ADDRESS_VALID, CONTEXT_CORRUPT = (1 << bit for bit in (63, 62, 61, 60, 59, 58, 57))
_BITS = (
    (OVERFLOW, "an earlier error was lost (overflow)"),
    (UNCORRECTED, "not corrected"),
    (ENABLED, "reporting was enabled"),
    (MISC_VALID, "MCi_MISC is valid"),
    (ADDRESS_VALID, "MCi_ADDR is valid"),
    (CONTEXT_CORRUPT, "the processor's state is corrupt"),
)
_SIMPLE = {
    0: "no error",
    1: "unclassified error",
    2: "parity error in the microcode ROM",
    3: "external error: another processor reported it",
    4: "functional redundancy check error",
    5: "parity error inside the processor",
    6: "code outside the SMM range ran in SMM",
    0x400: "internal timer: the processor did not retire an instruction in time",
    0xE0B: "I/O error",
}
_LEVELS = ("level 0", "level 1", "level 2", "any level")
_TRANSACTIONS = ("instruction", "data", "generic", "unknown kind of")
_REQUESTS = ("any request", "read", "write", "data read", "data write", "instruction fetch", "prefetch", "eviction", "snoop")
_MEMORY = ("any memory request", "memory read", "memory write", "address or command", "memory scrubbing")
_PARTIES = ("the processor asked", "the processor was asked", "the processor was a third party", "any party")
_KINDS = ("memory access", "reserved", "I/O", "other transaction")


class MachineCheck(NamedTuple):
    """A status in words. ``kind`` is the class of the error: cache, TLB, memory, bus, internal or simple."""

    status: int
    valid: bool
    uncorrected: bool
    kind: str
    error: str
    flags: List[str]
    model_code: int


def _named(names: Tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else "reserved"


def _error(code: int) -> Tuple[str, str]:
    """Class and words of the lowest 16 bits. Bit 12 says that corrected errors are filtered, and is left out."""
    code &= ~0x1000
    if code in _SIMPLE:
        return "simple", _SIMPLE[code]
    level, transaction, request = _LEVELS[code & 3], _TRANSACTIONS[code >> 2 & 3], _named(_REQUESTS, code >> 4 & 15)
    if code & 0xFC00 == 0x400:
        return "internal", "unclassified error inside the processor"
    if code & 0xF800 == 0x800:
        late = ", and it timed out" if code & 0x100 else ""
        return "bus", f"bus or interconnect error at {level}: {request}, {_KINDS[code >> 2 & 3]}, {_PARTIES[code >> 9 & 3]}{late}"
    if code & 0xFF00 == 0x100:
        return "cache", f"{transaction} cache error at {level}: {request}"
    if code & 0xFF80 == 0x80:
        channel = "not given" if code & 15 == 15 else f"{code & 15}"
        return "memory", f"memory controller error: {_named(_MEMORY, code >> 4 & 7)}, channel {channel}"
    if code & 0xFFF0 == 0x10:
        return "TLB", f"{transaction} TLB error at {level}"
    if code & 0xFFFC == 0xC:
        return "cache", f"cache error at {level}"
    return "unknown", f"error code 0x{code:x}"


def machine_check(status: int) -> MachineCheck:
    """A value of MCi_STATUS in words."""
    kind, error = _error(status & 0xFFFF)
    flags = [words for bit, words in _BITS if status & bit]
    return MachineCheck(status, bool(status & VALID), bool(status & UNCORRECTED), kind, error, flags, status >> 16 & 0xFFFF)


__all__ = ["ADDRESS_VALID", "MachineCheck", "machine_check"]

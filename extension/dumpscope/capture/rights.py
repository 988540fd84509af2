"""Which rights on a process a set of flags needs, and what falls away without them."""

from __future__ import annotations

from typing import List, NamedTuple

from ..format.flags import MiniDumpWithHandleData

PROCESS_VM_READ = 0x0010
PROCESS_DUP_HANDLE = 0x0040
PROCESS_QUERY_INFORMATION = 0x0400
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000


class Right(NamedTuple):
    """One right: ``needed`` ones are those without which nothing can be written; ``without`` says what falls away."""

    name: str
    bit: int
    needed: bool
    without: str


def rights_for(flags: int) -> List[Right]:
    """The least rights for these MINIDUMP_TYPE flags, those that cannot be done without first."""
    rights = [
        Right("PROCESS_QUERY_INFORMATION", PROCESS_QUERY_INFORMATION, True, "nothing can be written"),
        Right("PROCESS_VM_READ", PROCESS_VM_READ, True, "nothing can be written"),
    ]
    if flags & MiniDumpWithHandleData:
        without = "no handles: the writer cannot duplicate them, so HandleDataStream is left out or empty though the flags ask for it, and !handle fails"
        rights.append(Right("PROCESS_DUP_HANDLE", PROCESS_DUP_HANDLE, False, without))
    return rights


def mask_of(rights: List[Right]) -> int:
    """The access mask of several rights."""
    mask = 0
    for right in rights:
        mask |= right.bit
    return mask


__all__ = ["PROCESS_QUERY_LIMITED_INFORMATION", "Right", "mask_of", "rights_for"]

"""ARM64 dumps of older Breakpads, whose processor and registers the debugger does not know, in the form that it knows.

Older versions wrote 0x8003 as the processor and an own, packed structure of the registers; newer ones write 12 and the one of Windows
(source: google_breakpad/common/minidump_cpu_arm64.h). The registers are the same, in another order.
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..errors import DumpError
from ..format.contexts import CONTEXT_ARM64, CONTEXT_ARM64_FAMILY, MD_CONTEXT_ARM64_OLD, MD_CONTEXT_ARM64_OLD_FAMILY
from ..format.counted import counted
from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from ..format.streams import ExceptionStream
from ..format.system import PROCESSOR_ARCHITECTURE_BREAKPAD_ARM64
from ..format.threads import MINIDUMP_THREAD
from .edited import Edited
from .output import LAST_RVA

ARM64 = 12
OLD = PROCESSOR_ARCHITECTURE_BREAKPAD_ARM64

_CONTROL, _INTEGER = 0x1, 0x2
_PARTS = 0x7
"""The parts of a context that both structures have."""


def _moves() -> List[Tuple[int, int, int]]:
    """Where each register stands in the old structure and in that of Windows, and its bytes."""
    places = {leaf.path: leaf.offset for leaf in CONTEXT_ARM64.leaves}
    found = []
    for leaf in MD_CONTEXT_ARM64_OLD.leaves:
        if leaf.path in places and leaf.path != "ContextFlags":
            found.append((leaf.offset, places[leaf.path], leaf.field.type.size * (leaf.field.count or 1)))
    return found


def as_windows(context: bytes) -> Optional[bytes]:
    """Registers of an older Breakpad as CONTEXT of Windows; None for other registers.

    The breakpoint registers, which Breakpad does not store, are zero. What is called the integer part there has pc and sp as well: the control
    part of Windows.
    """
    if len(context) < MD_CONTEXT_ARM64_OLD.size:
        return None
    flags = struct.unpack_from("<Q", context)[0]
    if flags & ~_PARTS != MD_CONTEXT_ARM64_OLD_FAMILY or not flags & _INTEGER:
        return None
    out = bytearray(CONTEXT_ARM64.size)
    for old, new, size in _moves():
        out[new : new + size] = context[old : old + size]
    struct.pack_into("<I", out, CONTEXT_ARM64.offset_of("ContextFlags"), CONTEXT_ARM64_FAMILY | flags & _PARTS | _CONTROL)
    return bytes(out)


class Change(NamedTuple):
    """Bytes to be put over the file, and what they are."""

    offset: int
    data: bytes
    what: str


def changes(dump: Minidump, source: Edited) -> List[Change]:
    """What makes Windows ARM64 of a dump of an older Breakpad. Grows ``source`` by the converted registers; none where all are as Windows has them.

    Raises DumpError where registers overlap so that their sum exceeds the file, or would lie beyond what an RVA reaches.
    """
    made: Dict[Tuple[int, int], int] = {}
    blob = bytearray()
    begin, most = source.size, source.size

    def moved(rva: int, size: int) -> Optional[int]:
        """The RVA of converted registers."""
        if not rva or size < MD_CONTEXT_ARM64_OLD.size:
            return None
        if (rva, size) not in made:
            context = as_windows(source.some(rva, MD_CONTEXT_ARM64_OLD.size))
            if context is None:
                return None
            padding = -(begin + len(blob)) % 16
            made[rva, size] = begin + len(blob) + padding
            blob.extend(bytes(padding) + context)
            if len(made) * MD_CONTEXT_ARM64_OLD.size > most:
                raise DumpError("this cannot be mended: the registers of threads overlap", "write the dump again")
            if begin + len(blob) > LAST_RVA:
                raise DumpError("this cannot be mended: the file is too large for registers at its end", "write the dump again")
        return made[rva, size]

    found: List[Change] = []
    place = MINIDUMP_THREAD.offset_of("ThreadContext.DataSize")
    rows = []
    for thread in dump.threads.walk():
        rva = moved(thread.context_rva, thread.context_size)
        if rva is not None:
            rows.append((thread.offset + place, rva))
    if rows:
        first, last = min(at for at, _ in rows), max(at for at, _ in rows) + 8
        data = bytearray(source.some(first, last - first))
        for at, rva in rows:
            struct.pack_into("<II", data, at - first, CONTEXT_ARM64.size, rva)
        whose = f"registers of {counted(len(rows), 'thread')}"
        what = f"{whose}: taken from Breakpad's old structure (0x{MD_CONTEXT_ARM64_OLD.size:x} bytes) into a CONTEXT at the end of the file"
        found.append(Change(first, bytes(data), what))
    exception, stream = dump.exception, dump.stream(ExceptionStream)
    if not isinstance(exception, Absent) and stream is not None:
        rva = moved(exception.context_rva, exception.context_size)
        if rva is not None:
            at = stream.rva + MINIDUMP_EXCEPTION_STREAM.offset_of("ThreadContext.DataSize")
            found.append(Change(at, struct.pack("<II", CONTEXT_ARM64.size, rva), "registers of the exception: the same"))
    if blob:
        source.grow(bytes(blob))
    return found

"""Parts of a dump that scrubbing keeps or wipes, found by its structures."""

from __future__ import annotations

import struct
from typing import Any, Container, Iterator, List, Tuple

from ..dump.absence import Absent
from ..dump.contexts import wow64_registers
from ..dump.minidump import Minidump
from ..dump.source import Source
from ..dump.streams.threads import Thread
from ..format.contexts import WOW64_CONTEXT_OFFSET, WOW64_CONTEXT_TLS_SLOT
from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from ..format.layout import TEXT
from ..format.misc import MINIDUMP_MISC_INFO_5
from ..format.modules import MINIDUMP_MODULE
from ..format.streams import kMinidumpStreamTypeCrashpadInfo
from ..format.teb import TEB64

MAX_ANNOTATIONS = 20000
MAX_VALUE = 1 << 16


def text_length(source: Source, rva: int) -> int:
    """Bytes of a MINIDUMP_STRING's text: what its length says, or, where that cannot be right, up to its terminator."""
    head = source.some(rva, 4)
    claimed = int.from_bytes(head, "little") if len(head) == 4 else 0
    if claimed <= 0xFFFE and source.available(rva + 4, claimed) == claimed:
        return claimed & ~1
    text = source.some(rva + 4, 0xFFFE)
    end = next((at for at in range(0, len(text) - 1, 2) if text[at : at + 2] == b"\0\0"), 0)
    return end


def numbers_of_block(structure: Any) -> List[Tuple[int, int]]:
    """Where the members of a TEB or PEB are that are neither texts nor slots for the program's own pointers."""
    found = []
    for leaf in structure.leaves:
        if leaf.field.kind == TEXT or leaf.field.type.name == "WCHAR" or leaf.path.startswith("TlsSlots"):
            continue
        found.append((leaf.offset, leaf.offset + leaf.field.type.size * (leaf.field.count or 1)))
    return sorted(found)


def spare_parts(dump: Minidump) -> Iterator[Tuple[int, int]]:
    """Offset and size of what structures that are kept do not use: reserved members, texts behind their NUL, parameters that are not counted.

    Writers do not always clear them, so that anything may stand there.
    """
    source = dump.source
    for module in dump.modules.walk():
        at = module.offset + MINIDUMP_MODULE.offset_of("Reserved0")
        yield at + 2, MINIDUMP_MODULE.size - MINIDUMP_MODULE.offset_of("Reserved0") - 2  # the low word is DllCharacteristics
        head = source.some(module.cv_rva, 4) if module.cv_rva and module.cv_size <= MAX_VALUE else b""
        start = {b"RSDS": 24, b"NB10": 16}.get(head, 0)
        if start and module.cv_size > start:
            yield from _behind(source, module.cv_rva + start, module.cv_size - start, 1)
    for stream in dump.streams.all(15):
        for leaf in MINIDUMP_MISC_INFO_5.leaves:
            field = leaf.field
            if field.kind == TEXT and leaf.offset + field.size <= stream.size:
                yield from _behind(source, stream.rva + leaf.offset, field.size, 2)
    for stream in dump.streams.all(6):
        count = int.from_bytes(source.some(stream.rva + MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.NumberParameters"), 4), "little")
        at = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionInformation")
        if count < 15 and stream.size >= at + 120:
            yield stream.rva + at + 8 * count, 8 * (15 - count)


def _behind(source: Source, place: int, size: int, width: int) -> Iterator[Tuple[int, int]]:
    """What stands behind the NUL of a text of ``size`` bytes, whose characters have ``width``."""
    data = source.some(place, size)
    end = next((at + width for at in range(0, len(data) - width + 1, width) if not any(data[at : at + width])), len(data))
    if end < len(data):
        yield place + end, len(data) - end


def narrow_context(dump: Minidump, thread: Thread, stacks: List[Tuple[int, int]]) -> Iterator[Tuple[int, int]]:
    """What leads to the 32-bit registers that WOW64 keeps in memory, and those that every walk needs; their place goes to ``stacks``."""
    registers = wow64_registers(dump, thread)
    slot = thread.teb + TEB64.offset_of("TlsSlots") + 8 * WOW64_CONTEXT_TLS_SLOT
    address = int.from_bytes(dump.memory.some(slot, 8), "little")
    if isinstance(registers, Absent) or not thread.teb or not address or dump.memory.locate(address + WOW64_CONTEXT_OFFSET) is None:
        return
    yield slot, slot + 8
    yield address, address + WOW64_CONTEXT_OFFSET
    layout = registers.layout
    for path in ("ContextFlags", layout.ip.path, layout.sp.path, layout.flags.path, *(register.path for register in layout.segments)):
        at = address + WOW64_CONTEXT_OFFSET + layout.structure.offset_of(path)
        yield at, at + 4
    stacks.append((address + WOW64_CONTEXT_OFFSET, address + WOW64_CONTEXT_OFFSET + layout.structure.size))


def fixed_parts(dump: Minidump, base: int, end: int) -> List[Tuple[int, int]]:
    """Headers and sections of an image that the program cannot write to, by its captured headers; none without them."""
    head = dump.memory.some(base, 0x1000)
    if len(head) < 0x40 or head[:2] != b"MZ":
        return []
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[at : at + 4] != b"PE\0\0" or at + 24 > len(head):
        return []
    count, optional = struct.unpack_from("<H12xH", head, at + 6)
    first = at + 24 + optional
    parts = [(base, min(end, base + 0x1000))]
    for place in range(first, min(first + 40 * count, len(head) - 39), 40):
        size, address = struct.unpack_from("<II", head, place + 8)
        if not int.from_bytes(head[place + 36 : place + 40], "little") & 0x80000000:
            parts.append((base + address, min(end, base + address + size)))
    return parts


def annotation_values(dump: Minidump, keep: Container[str] = ()) -> Iterator[Tuple[int, int]]:
    """Offset and size of the values of Crashpad's annotations, but of those whose keys, in lower case, are in ``keep``."""
    source = dump.source
    left = MAX_ANNOTATIONS

    def words(rva: int, count: int) -> Tuple[int, ...]:
        data = source.some(rva, 4 * count)
        return struct.unpack_from(f"<{count}I", data.ljust(4 * count, b"\0"))

    def rows(size: int, rva: int, width: int) -> Iterator[Tuple[int, ...]]:
        nonlocal left
        count = min(words(rva, 1)[0], max(0, size - 4) // width, left) if rva else 0
        left -= count
        for index in range(count):
            yield words(rva + 4 + index * width, width // 4)

    def value(rva: int) -> Tuple[int, int]:
        size = words(rva, 1)[0] if rva else 0
        if size > MAX_VALUE or source.available(rva + 4, size) < size:  # its length cannot be right: up to the terminator
            size = (source.some(rva + 4, MAX_VALUE) + b"\0").index(b"\0")
        return rva + 4, size

    def is_kept(rva: int) -> bool:
        place, size = value(rva)
        return source.some(place, size).decode("utf-8", "replace").lower() in keep

    for stream in dump.streams.all(kMinidumpStreamTypeCrashpadInfo):
        yield stream.rva + 4, min(32, max(0, stream.size - 4))  # the ids of report and client
        simple_size, simple_rva, list_size, list_rva = words(stream.rva + 36, 4)
        for row in rows(simple_size, simple_rva, 8):
            if not is_kept(row[0]):
                yield value(row[1])
        for _, size, rva in rows(list_size, list_rva, 12):
            _, text_size, text_rva, pair_size, pair_rva, object_size, object_rva = words(rva, 7)
            for row in rows(text_size, text_rva, 4):
                yield value(row[0])
            for row in rows(pair_size, pair_rva, 8):
                if not is_kept(row[0]):
                    yield value(row[1])
            if size >= 28:
                for row in rows(object_size, object_rva, 12):
                    if not is_kept(row[0]):
                        yield value(row[2])

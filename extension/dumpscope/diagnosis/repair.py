"""What a few changed bytes would do to a file that does not open: found by the file's own arithmetic, and tried on a private copy."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from ..dump.source import Source
from ..format.flags import MiniDumpWithFullMemory
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER
from ..format.streams import Memory64ListStream
from .engine.answers import Opening
from .evidence import LIST64_HEAD, RANGE64, Base, Edit, List64, Moved, Size

if TYPE_CHECKING:
    from ..dump.minidump import Minidump
    from .facts import Facts

_SIZE_FIELD = MINIDUMP_DIRECTORY.offset_of("Location.DataSize")
WRAP = 1 << 32
"""RVAs have 32 bits: what is written further on in a file is pointed to modulo this."""
MOST_WRAPS = 64
"""How many times 4 GiB behind the header's value a directory is looked for."""


class _Copy(Source):
    """A source over changed bytes."""

    def release(self) -> None:
        """Keep the pages: giving them back would lose the changes."""


def opening_after(source: Source, edits: Sequence[Edit]) -> Opening:
    """What the debugger answers for a copy with these bytes in it. The file itself is not touched."""
    from .engine.opening import open_dump

    data: Any = source.private(source.size)
    if data is None:
        data = bytearray(source.some(0, source.size))
    for edit in edits:
        data[edit.offset : edit.offset + len(edit.data)] = edit.data
    copy = _Copy(bytes(data) if isinstance(data, bytearray) else data, source.name)
    try:
        return open_dump(copy).opening
    finally:
        copy.close()


_CUT = ("string-outside-file", "string-cut", "stream-outside-file", "stream-cut")
"""Damage that a cut file has: then the memory is not there, and nothing is to be said of where it begins."""


def list64(facts: Facts, wanted: int = 0) -> Optional[List64]:
    """The full memory's list, whatever size the directory gives for it; None where its count cannot be true.

    ``wanted`` is a count to try in place of the file's own.
    """
    stream = facts.stream(Memory64ListStream)
    if stream is None or not stream.rva:
        return None
    source = facts.source
    head = source.some(stream.rva, LIST64_HEAD)
    if len(head) < LIST64_HEAD:
        return None
    count, base = struct.unpack("<QQ", head)
    count = wanted or count
    if not 0 < count <= source.size // RANGE64:
        return None
    size = count * RANGE64
    if source.available(stream.rva + LIST64_HEAD, size) < size:
        return None
    total = 0
    step = RANGE64 << 12
    for offset in range(0, size, step):
        block = source.some(stream.rva + LIST64_HEAD + offset, min(step, size - offset))
        total += sum(length for _, length in struct.iter_unpack("<QQ", block))
    return List64(stream.offset, stream.rva, stream.size, count, base, total)


def pointed_into(dump: Minidump, low: int, high: int) -> bool:
    """Whether a structure, a text or registers lie between two file offsets: then captured memory does not."""
    from ..anatomy.node import MEMORY  # only files whose memory is not where BaseRva says are taken apart
    from ..anatomy.walker import anatomy_within

    return any(node.leaf and node.kind != MEMORY for node in anatomy_within(dump, low, high))


def right_base(facts: Facts) -> Optional[Base]:
    """The right BaseRva of a full dump whose BaseRva is wrong; None where it is right, or the memory is not in the file at all.

    Writers put the memory last: it ends where the file ends. Where the bytes of all ranges fill the file exactly from the end of the list on,
    or from a place behind all streams on while BaseRva points behind the file, that place is where they begin.
    """
    found = list64(facts)
    if found is None or not found.total or found.base + found.total == facts.source.size or _count_is_wrong(facts, found):
        return None
    place = facts.source.size - found.total
    if place < found.base < facts.source.size and pointed_into(facts.dump, place, found.base):
        return None  # the file is cut, by as many bytes as lie between
    if place == found.end:
        known = "the bytes of all ranges fill the file exactly from the end of the list on"
    elif found.base >= facts.source.size or not found.base:
        last = max((stream.end for stream in facts.dump.streams if stream.type and stream.end <= facts.source.size), default=0)
        if place < max(last, found.end) or any(item.code in _CUT for item in facts.damage):
            return None
        known = "the bytes of all ranges fill the file exactly from there to its end, after all streams"
    else:
        return None
    return Base(found, place, Edit(found.rva + 8, struct.pack("<Q", place)), known, tuple(_images(facts, found, place)))


def _count_is_wrong(facts: Facts, found: List64) -> bool:
    """Whether the count is wrong rather than the directory's size: of the two numbers of ranges, the one whose memory fills more of the file is right."""
    size = facts.source.size
    if found.size == found.needed or found.base + found.total == size:
        return False
    other = _by_size(facts)
    if other is None or not other.base or other.base + other.total > size:
        return False
    return found.base + found.total > size or other.total > found.total


def _by_size(facts: Facts) -> Optional[List64]:
    """The list with as many ranges as the directory's size has room for."""
    stream = facts.stream(Memory64ListStream)
    if stream is None or stream.size <= LIST64_HEAD or stream.size % RANGE64:
        return None
    return list64(facts, (stream.size - LIST64_HEAD) // RANGE64)


def _images(facts: Facts, found: List64, place: int) -> List[Tuple[str, str, int]]:
    """Modules whose first bytes would be ``MZ`` with that base: up to three, with the offset of those bytes."""
    bases: Dict[int, str] = {}
    for module in facts.modules(4096):
        bases.setdefault(module.base, module.name if isinstance(module.name, str) else "")
    proofs: List[Tuple[str, str, int]] = []
    at = place
    for index in range(min(found.count, 100_000)):
        start, size = struct.unpack("<QQ", facts.source.some(found.rva + LIST64_HEAD + index * RANGE64, RANGE64))
        if start in bases and facts.source.some(at, 2) == b"MZ":
            proofs.append((f"image header of {bases[start] or 'a module'}, range {index}", "4d 5a (MZ)", at))
            if len(proofs) == 3:
                break
        at += size
    return proofs


def right_size(facts: Facts) -> Optional[Size]:
    """The right directory size of a Memory64ListStream whose size is not 16 × (count + 1); None where it is right, or nothing is known."""
    found = list64(facts)
    if found is None:
        # A count that cannot be true; what the directory has room for may be.
        other = _by_size(facts)
        if other is None or other.base + other.total != facts.source.size:
            return None
        found = other._replace(count=int.from_bytes(facts.source.some(other.rva, 8), "little"), total=0)
    if found.size == found.needed:
        return None
    missing = not facts.asked(MiniDumpWithFullMemory)
    edits = [Edit(found.entry + _SIZE_FIELD, struct.pack("<I", found.needed & 0xFFFFFFFF))]
    count = None
    if _count_is_wrong(facts, found):
        count = (found.size - LIST64_HEAD) // RANGE64
        edits = [Edit(found.rva, struct.pack("<Q", count))]
    if missing:
        edits.append(Edit(MINIDUMP_HEADER.offset_of("Flags"), bytes((facts.flags & 0xFF | MiniDumpWithFullMemory,))))
    base = facts.right_base if count is None else None
    if base is not None:
        edits.append(base.edit)
    opening = opening_after(facts.source, edits)
    return Size(found, found.needed, count, missing, tuple(edits), opening) if opening.ok else None


def moved_directory(facts: Facts) -> Optional[Moved]:
    """The directory of a file of more than 4 GiB whose RVA has lost its upper bits; None where the directory is where it should be."""
    size = facts.source.size
    if size <= WRAP:
        return None
    from ..dump.identify import sound_directory

    header = facts.header
    if sound_directory(facts.source, header.stream_count, header.directory_rva) is not None:
        return None
    for wraps in range(1, min(size // WRAP, MOST_WRAPS) + 1):
        place = header.directory_rva + wraps * WRAP
        names = sound_directory(facts.source, header.stream_count, place, wraps)
        if names is not None:
            return Moved(place, header.stream_count, tuple(names[:4]))
    return None


def signature_opening(source: Source) -> Tuple[Edit, Opening]:
    """The six bytes of signature and version that a spoilt header lacks, and what the debugger answers once they are there."""
    from ..format.files import MINIDUMP_MAGIC
    from ..format.header import MINIDUMP_VERSION

    edit = Edit(MINIDUMP_HEADER.offset_of("Signature"), MINIDUMP_MAGIC + struct.pack("<H", MINIDUMP_VERSION))
    return edit, opening_after(source, [edit])

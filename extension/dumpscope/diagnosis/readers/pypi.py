"""The package ``minidump`` of PyPI: ``MinidumpFile.parse``. From skelsec/minidump. It takes what is beyond the end of a file for zeros."""

from __future__ import annotations

from typing import Callable, Dict

from .verdict import DIES, MOST_STEPS, Entry, File, Reader, refuse

KNOWN = frozenset((*range(23), *range(24, 38), 0xFFFF))
"""Stream types that it has a name for; another one up to 0xffff ends it, those above are passed over."""
PROCESSORS = (0, 5, 6, 9, 0x8003, 0xFFFF)
PRODUCTS = range(4)
PLATFORMS = (0, 1, 2, 0x8101, 0x8102, 0x8201, 0x8202, 0x8203, 0x8204, 0x8205, 0x8206, 0xFFFFFFFF)


def check(file: File) -> None:
    """Header and directory, then each stream in the order of the directory."""
    if file.bytes(0, 4) != b"MDMP":
        refuse("PYPI01", "the signature is not MDMP", "Signature", file.u32(0), 0)
    count, rva = file.u32(8), file.u32(12)
    if count > MOST_STEPS:
        refuse("PYPI02", "it believes the number of streams and comes to no end", "NumberOfStreams", count, 8, DIES)
    streams = []
    for entry in file.entries(count, rva):
        if entry.type <= 0xFFFF and entry.type not in KNOWN:
            refuse("PYPI03", f"stream {entry.position} has a type that it has no name for", "StreamType", entry.type, entry.at)
        streams.append(entry)
    whole = len(streams)
    if whole < count:  # the entry that is cut: what is beyond the end reads as zeros
        at = rva + whole * 12
        kind = file.u32(at)
        if kind <= 0xFFFF and kind not in KNOWN:
            refuse("PYPI03", f"stream {whole} has a type that it has no name for", "StreamType", kind, at)
        streams.append(Entry(whole, kind, file.u32(at + 4), file.u32(at + 8), at))
    for entry in streams:
        look = _STREAMS.get(entry.type)
        if look is not None:
            look(file, entry)


class _Part:
    """The bytes of a stream, as many as the file has; beyond them it reads zeros."""

    def __init__(self, file: File, entry: Entry) -> None:
        self.file = file
        self.rva = entry.rva
        self.size = max(0, min(entry.size, file.size - entry.rva))

    def number(self, offset: int, size: int) -> int:
        held = max(0, min(size, self.size - offset))
        return int.from_bytes(self.file.bytes(self.rva + offset, held), "little")


def _counted(name: str, at: int, size: int) -> Callable[[File, Entry], None]:
    def look(file: File, entry: Entry) -> None:
        count = _Part(file, entry).number(at, size)
        if count > MOST_STEPS:
            refuse("PYPI04", f"it believes the count of {name} and comes to no end", "count", count, entry.rva + at, DIES)

    return look


def _system(file: File, entry: Entry) -> None:
    part = _Part(file, entry)
    for code, what, allowed, at, size in (
        ("PYPI05", "ProcessorArchitecture", PROCESSORS, 0, 2),
        ("PYPI06", "ProductType", PRODUCTS, 7, 1),
        ("PYPI07", "PlatformId", PLATFORMS, 20, 4),
    ):
        value = part.number(at, size)
        if value not in allowed:
            refuse(code, f"{what} of SystemInfoStream is a number that it has no name for", what, value, entry.rva + at)


def _comment(encoding: str) -> Callable[[File, Entry], None]:
    def look(file: File, entry: Entry) -> None:
        part = _Part(file, entry)
        try:
            file.bytes(part.rva, part.size).decode(encoding)
        except UnicodeDecodeError as error:
            place = part.rva + error.start
            refuse("PYPI08", f"the comment is no {encoding.upper()} text", "comment", file.number(place, 1), place)

    return look


_STREAMS: Dict[int, Callable[[File, Entry], None]] = {
    3: _counted("threads", 0, 4),
    4: _counted("modules", 0, 4),
    5: _counted("memory ranges", 0, 4),
    7: _system,
    8: _counted("threads", 0, 4),
    10: _comment("utf-8"),
    11: _comment("utf-16-le"),
    12: _counted("handles", 8, 4),
    14: _counted("unloaded modules", 8, 4),
    16: _counted("regions", 8, 8),
    17: _counted("threads' information", 8, 4),
}

PYPI = Reader("minidump", "minidump of PyPI", "0.0.24", "MinidumpFile.parse raises nothing", "skelsec/minidump minidump/minidumpfile.py", True, check)

"""Files that pack one other: .gz, .bz2, .xz, .lzma, .zst. Each is one member, named as the file without its ending."""

from __future__ import annotations

import os
import zlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

from ...errors import DumpError
from ..source import Source
from .member import PIECE, Member

STEP = 1 << 16
"""Packed bytes that are read at a time."""


def _gzip() -> Any:
    return zlib.decompressobj(31)


def _bzip2() -> Any:
    from bz2 import BZ2Decompressor

    return BZ2Decompressor()


def _xz() -> Any:
    from lzma import LZMADecompressor

    return LZMADecompressor(memlimit=1 << 30)


def _zstandard() -> Any:
    from .zstd import start

    return start()


class Packing(NamedTuple):
    """One way of packing: first bytes, endings of names, words, command, and what makes a decompressor."""

    magic: bytes
    endings: Tuple[str, ...]
    title: str
    unpack: str
    start: Callable[[], Any]


PACKINGS = (
    Packing(b"\x1f\x8b", (".gz", ".gzip"), "a gzip file", "`gzip -dk FILE`", _gzip),
    Packing(b"BZh", (".bz2",), "a bzip2 file", "`bzip2 -dk FILE`", _bzip2),
    Packing(b"\xfd7zXZ\x00", (".xz",), "an xz file", "`xz -dk FILE`", _xz),
    Packing(b"(\xb5/\xfd", (".zst", ".zstd"), "a Zstandard file", "`zstd -d FILE`", _zstandard),
)
SHORT: Dict[str, str] = {".tgz": ".tar", ".tbz2": ".tar", ".tbz": ".tar", ".txz": ".tar", ".tzst": ".tar"}
"""Endings that stand for two."""


class Packed:
    """A file that packs one other."""

    def __init__(self, source: Source, packing: Packing) -> None:
        self.source = source
        self.packing = packing
        self.title = packing.title
        self.unpack = packing.unpack

    def members(self) -> List[Member]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.members`."""
        base = os.path.basename(self.source.name.rpartition("!")[2].replace("\\", "/"))
        stem, ending = os.path.splitext(base)
        if ending.lower() in SHORT:
            stem += SHORT[ending.lower()]
        elif ending.lower() not in self.packing.endings:
            stem = base
        return [Member(stem or base or "file", None, self.source.size)]

    def chunks(self, member: Member) -> Iterator[bytes]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.chunks`."""
        place = 0
        size = self.source.size
        rest = b""
        while place < size or rest:
            # One file may be several packed ones after each other. What follows the last and is none, such as padding, is left.
            head = rest or self.source.some(place, STEP)
            if not head.startswith(self.packing.magic) and place:
                return
            machine = self.packing.start()
            while not machine.eof:
                data = rest or self.source.some(place, STEP)
                if not rest:
                    place += len(data)
                    if not data:
                        raise DumpError(f"{self.source.name!r} ends before its packed data do", "it is cut: fetch it again, and compare its size", offset=size)
                rest = b""
                yield from self._pieces(machine, data)
            rest = bytes(machine.unused_data)

    def _pieces(self, machine: Any, data: bytes) -> Iterator[bytes]:
        """What one piece of packed bytes gives, PIECE at a time: a small piece may unpack to very much."""
        if hasattr(machine, "unconsumed_tail"):
            while True:
                made = machine.decompress(data, PIECE)
                if made:
                    yield made
                data = machine.unconsumed_tail
                if machine.eof or not (data or len(made) == PIECE):
                    return
        while True:
            made = machine.decompress(data, PIECE)
            data = b""
            if made:
                yield made
            if machine.eof or machine.needs_input:
                return

"""The streams of a PDB file, and its identity: GUID and age, read from the file itself.

Source of the format: microsoft/microsoft-pdb, PDB/msf/msf.cpp and PDB/dbi/pdbimpl.h; LLVM's "The MSF File Format".
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import Sequence, Union

from ...dump.absence import DAMAGED, Absent
from ...dump.source import Source
from ...format.counted import counted

MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
MAX_DIRECTORY = 1 << 26
"""Bytes of the stream directory that are read."""
_SUPERBLOCK = struct.Struct("<32sIIIIII")
_NONE = 0xFFFFFFFF
_INFO, _DBI = 1, 3


class Stream:
    """A stream of a PDB: ``size`` bytes that stand in blocks of the file. Reads only the blocks that are asked for."""

    def __init__(self, source: Source, block: int, blocks: Sequence[int], size: int) -> None:
        self._source = source
        self._block = block
        self._blocks = blocks
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """As many of ``size`` bytes at an offset as the stream and the file have."""
        end = min(offset + size, self.size)
        if offset < 0 or offset >= end:
            return b""
        first, block = offset // self._block, self._block
        parts = []
        for number in self._blocks[first : -(-end // block)]:
            part = self._source.some(number * block, block)
            parts.append(part)
            if len(part) < block:
                break
        return b"".join(parts)[offset - first * block : end - first * block]


EMPTY = Stream(Source(b"", ""), 1, (), 0)
"""What stands for a stream that there is not."""


class Msf:
    """The container of a PDB: its stream directory. ``problem`` says why the file cannot be read as one."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problem = ""
        self._block = 0
        self._directory = array("I")
        self._read()

    @property
    def count(self) -> int:
        """How many streams there are."""
        return self._directory[0] if self._directory else 0

    def _read(self) -> None:
        source = self.source
        head = source.some(0, _SUPERBLOCK.size)
        if len(head) < _SUPERBLOCK.size or not head.startswith(MAGIC):
            self.problem = f"{source.name} does not begin as a PDB file"
            return
        _, block, _, _, size, _, map_block = _SUPERBLOCK.unpack(head)
        if block < 512 or block > 1 << 16 or block & (block - 1):
            self.problem = f"{source.name}: a block size of {block}"
        elif size > min(MAX_DIRECTORY, source.size):
            self.problem = f"{source.name}: a stream directory of {counted(size, 'byte')}"
        else:
            numbers = _words(source.some(map_block * block, 4 * -(-size // block)))
            directory = _words(b"".join(source.some(number * block, block) for number in numbers)[:size])
            count = directory[0] if directory else 0
            if count + 1 > len(directory):
                self.problem = f"{source.name}: a directory of {counted(count, 'stream')} does not fit in {counted(size, 'byte')}"
            else:
                self._block, self._directory = block, directory

    def stream(self, wanted: int) -> Stream:
        """A stream by its number; an empty one where the file has none, or where it claims more blocks than the file has."""
        directory, block = self._directory, self._block
        if not 0 <= wanted < self.count:
            return EMPTY
        sizes = [0 if size == _NONE else size for size in directory[1 : 2 + wanted]]
        place = 1 + self.count + sum(-(-size // block) for size in sizes[:wanted])
        blocks = directory[place : place + -(-sizes[wanted] // block)]
        if block * len(blocks) > self.source.size + block:
            return EMPTY  # blocks that come more than once
        return Stream(self.source, block, blocks, min(sizes[wanted], block * len(blocks)))


def pdb_key(source: Source) -> Union[str, Absent]:
    """What a symbol server files the PDB under: the GUID in 32 digits, and the age of its DBI stream."""
    file = Msf(source)
    if file.problem:
        return Absent(DAMAGED, file.problem)
    info = file.stream(_INFO).read(0, 64)
    if len(info) < 28:
        return Absent(DAMAGED, f"{source.name} has no PDB information stream")
    age = int.from_bytes(info[8:12], "little")
    dbi = file.stream(_DBI).read(0, 64)
    if len(dbi) >= 12 and dbi[:4] == b"\xff\xff\xff\xff":
        age = int.from_bytes(dbi[8:12], "little")
    guid = info[12:28]
    return (guid[3::-1] + guid[5:3:-1] + guid[7:5:-1] + guid[8:]).hex().upper() + f"{age:X}"


def stream_of(source: Source, wanted: int) -> bytes:
    """The bytes of a stream of a PDB, as far as the file has them; none where the file is no PDB or has no such stream."""
    found = Msf(source).stream(wanted)
    return found.read(0, found.size)


def _words(data: bytes) -> array[int]:
    found = array("I")
    found.frombytes(data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        found.byteswap()
    return found

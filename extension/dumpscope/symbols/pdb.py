"""The identity of a PDB file: its GUID and age, read from the file itself.

Source of the format: microsoft/microsoft-pdb, PDB/msf/msf.cpp and PDB/dbi/pdbimpl.h; LLVM's "The MSF File Format".
"""

from __future__ import annotations

import struct
from typing import List, Union

from ..dump.absence import DAMAGED, Absent
from ..dump.source import Source
from ..format.counted import counted

MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
MAX_DIRECTORY = 1 << 26
"""Bytes of the stream directory that are read."""
_SUPERBLOCK = struct.Struct("<32sIIIIII")
_NONE = 0xFFFFFFFF
_INFO, _DBI = 1, 3


def pdb_key(source: Source) -> Union[str, Absent]:
    """What a symbol server files the PDB under: the GUID in 32 digits, and the age of its DBI stream."""
    head = source.some(0, _SUPERBLOCK.size)
    if len(head) < _SUPERBLOCK.size or not head.startswith(MAGIC):
        return Absent(DAMAGED, f"{source.name} does not begin as a PDB file")
    _, block, _, _, directory_size, _, map_block = _SUPERBLOCK.unpack(head)
    if block < 512 or block > 1 << 16 or block & (block - 1):
        return Absent(DAMAGED, f"{source.name}: a block size of {block}")
    if directory_size > min(MAX_DIRECTORY, source.size):
        return Absent(DAMAGED, f"{source.name}: a stream directory of {counted(directory_size, 'byte')}")
    numbers = _words(source.some(map_block * block, 4 * -(-directory_size // block)))
    directory = _words(b"".join(source.some(number * block, block) for number in numbers)[:directory_size])
    count = directory[0] if directory else 0
    if count + 1 > len(directory):
        return Absent(DAMAGED, f"{source.name}: a directory of {counted(count, 'stream')} does not fit in {counted(directory_size, 'byte')}")
    first: List[bytes] = []
    place = 1 + count
    for size in directory[1 : 1 + min(count, _DBI + 1)]:
        blocks = 0 if size == _NONE else -(-size // block)
        start = directory[place] if blocks and place < len(directory) else 0
        first.append(source.some(start * block, min(size, 64)) if start else b"")
        place += blocks
    info = first[_INFO] if len(first) > _INFO else b""
    if len(info) < 28:
        return Absent(DAMAGED, f"{source.name} has no PDB information stream")
    age = int.from_bytes(info[8:12], "little")
    dbi = first[_DBI] if len(first) > _DBI else b""
    if len(dbi) >= 12 and dbi[:4] == b"\xff\xff\xff\xff":
        age = int.from_bytes(dbi[8:12], "little")
    guid = info[12:28]
    return (guid[3::-1] + guid[5:3:-1] + guid[7:5:-1] + guid[8:]).hex().upper() + f"{age:X}"


def stream_of(source: Source, wanted: int) -> bytes:
    """The bytes of a stream of a PDB, as far as the file has them; none where the file is no PDB or has no such stream."""
    head = source.some(0, _SUPERBLOCK.size)
    if len(head) < _SUPERBLOCK.size or not head.startswith(MAGIC):
        return b""
    _, block, _, _, directory_size, _, map_block = _SUPERBLOCK.unpack(head)
    if block < 512 or block > 1 << 16 or block & (block - 1) or directory_size > min(MAX_DIRECTORY, source.size):
        return b""
    numbers = _words(source.some(map_block * block, 4 * -(-directory_size // block)))
    directory = _words(b"".join(source.some(number * block, block) for number in numbers)[:directory_size])
    count = directory[0] if directory else 0
    if wanted >= count or count + 1 > len(directory):
        return b""
    sizes = [0 if size == _NONE else size for size in directory[1 : 1 + wanted + 1]]
    place = 1 + count + sum(-(-size // block) for size in sizes[:wanted])
    blocks = directory[place : place + -(-sizes[wanted] // block)]
    if block * len(blocks) > source.size + block:
        return b""  # blocks that come more than once
    return b"".join(source.some(number * block, block) for number in blocks)[: sizes[wanted]]


def _words(data: bytes) -> List[int]:
    return [value for (value,) in struct.iter_unpack("<I", data[: len(data) // 4 * 4])]

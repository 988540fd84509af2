"""Cabinets (.cab): stored, MSZIP and LZX folders are unpacked here; of Quantum the members are listed.

Source: Microsoft Cabinet Format ([MS-CAB]), CFHEADER, CFFOLDER, CFFILE and CFDATA.
"""

from __future__ import annotations

import struct
import zlib
from typing import Iterator, List, NamedTuple

from ...errors import DumpError
from ..source import Source
from .lzx import Damaged, Lzx
from .member import MOST_MEMBERS, Member

MAGIC = b"MSCF"
HEADER = struct.Struct("<4sIIIIIBBHHHHH")
FOLDER = struct.Struct("<IHH")
FILE = struct.Struct("<IIHHHH")
DATA = struct.Struct("<IHH")
PREVIOUS, NEXT, RESERVED = 1, 2, 4
"""Flags of CFHEADER: the set goes back, goes on, and there are reserved areas."""
CONTINUED, CONTINUES, CONTINUED_BOTH = 0xFFFD, 0xFFFE, 0xFFFF
"""iFolder of a file whose data begin in the cabinet before, end in the next, or both."""
UTF8 = 0x80
STORED, MSZIP, QUANTUM, LZX = range(4)
METHODS = {STORED: "stored", MSZIP: "MSZIP", QUANTUM: "Quantum", LZX: "LZX"}
UNPACKED = (STORED, MSZIP, LZX)
BLOCK = 0x8000
"""Bytes that a block of CFDATA unpacks to at the most."""
_CUT = "the cabinet is damaged or cut: fetch it again, and compare its size"


class Folder(NamedTuple):
    """Where a folder's blocks begin, how many there are, how they are packed, and in what window (2 to this power) of LZX or Quantum."""

    offset: int
    blocks: int
    method: int
    window: int


class File(NamedTuple):
    """A file of a cabinet: its name, size, folder, where it begins in the folder's unpacked bytes, and where its record stands."""

    name: str
    size: int
    folder: int
    start: int
    offset: int


def checksum(data: bytes, seed: int) -> int:
    """The checksum of CFDATA: 32-bit words by exclusive or; the last bytes, less than a word, count the first as the highest."""
    whole = len(data) & ~3
    total = int.from_bytes(data[:whole], "little")
    words = whole >> 2
    while words > 1:
        half = (words + 1) >> 1
        total = (total & ((1 << (32 * half)) - 1)) ^ (total >> (32 * half))
        words = half
    return seed ^ total ^ int.from_bytes(data[whole:], "big")


class Cabinet:
    """One cabinet file. Raises DumpError when its header is none."""

    title = "a cabinet"

    def __init__(self, source: Source) -> None:
        self.source = source
        self.unpack = "`expand FILE -F:* FOLDER` (Windows), `cabextract FILE` or `7z x FILE`"
        head = source.bytes(0, HEADER.size, "the cabinet's header")
        magic, _, self.size, _, self.files_offset, _, _, major, self.folder_count, self.file_count, self.flags, _, _ = HEADER.unpack(head)
        if magic != MAGIC or major != 1:
            raise DumpError(
                f"{source.name!r} is not a cabinet: it begins with {head[:4].hex(' ')}, version {major}", "check that it is the right file", offset=0
            )
        place = HEADER.size
        folder_extra = self.data_extra = 0
        if self.flags & RESERVED:
            extra, folder_extra, self.data_extra = struct.unpack("<HBB", source.bytes(place, 4, "the cabinet's reserved sizes"))
            place += 4 + extra
        for flag in (PREVIOUS, NEXT):
            if self.flags & flag:
                for _ in range(2):
                    place += len(self._text(place)) + 1
        self.folders: List[Folder] = []
        for _ in range(self.folder_count):
            offset, blocks, packing = FOLDER.unpack(source.bytes(place, FOLDER.size, "a folder of the cabinet"))
            self.folders.append(Folder(offset, blocks, packing & 0xF, packing >> 8 & 0x1F))
            place += FOLDER.size + folder_extra

    def _text(self, offset: int) -> bytes:
        """A string of at most 256 bytes, without its zero. Raises DumpError."""
        data = self.source.some(offset, 257)
        end = data.find(b"\0")
        if end < 0:
            raise DumpError(f"a name of the cabinet at 0x{offset:x} has no end", _CUT, offset=offset)
        return data[:end]

    def files(self) -> Iterator[File]:
        """The files, in their order. Raises DumpError."""
        place = self.files_offset
        for _ in range(self.file_count):
            size, start, folder, _, _, attributes = FILE.unpack(self.source.bytes(place, FILE.size, "a file of the cabinet"))
            name = self._text(place + FILE.size)
            yield File(name.decode("utf-8" if attributes & UTF8 else "cp1252", "replace"), size, folder, start, place)
            place += FILE.size + len(name) + 1

    def members(self) -> List[Member]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.members`."""
        found = []
        for file in self.files():
            reason = remedy = ""
            packed = 0
            if file.folder >= CONTINUED:
                reason, remedy = "goes over several cabinets", "put all cabinets of the set into one folder, and unpack it: `cabextract FIRST`"
            elif file.folder >= len(self.folders):
                reason = f"belongs to folder {file.folder}, and the cabinet has {len(self.folders)}"
                remedy = _CUT
            else:
                folder = self.folders[file.folder]
                packed = min(self.source.size, folder.blocks * (BLOCK + 6144))
                if folder.method not in UNPACKED:
                    reason = f"is packed with {METHODS.get(folder.method, f'method {folder.method}')}, which is not unpacked here"
            found.append(Member(file.name.replace("\\", "/"), file.size, packed, file, None, reason, remedy))
            if len(found) == MOST_MEMBERS:
                break
        return found

    def chunks(self, member: Member) -> Iterator[bytes]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.chunks`."""
        file = member.key
        assert isinstance(file, File)
        position = 0
        end = file.start + file.size
        if not file.size:
            return
        for data in self.blocks(self.folders[file.folder]):
            low, high = max(0, file.start - position), min(len(data), end - position)
            if low < high:
                yield data[low:high]
            position += len(data)
            if position >= end:
                return

    def blocks(self, folder: Folder) -> Iterator[bytes]:
        """The unpacked blocks of a folder. Raises DumpError."""
        place = folder.offset
        before = b""
        lzx = Lzx(folder.window) if folder.method == LZX else None
        for number in range(folder.blocks):
            head = self.source.bytes(place, DATA.size + self.data_extra, f"block {number} of the cabinet")
            total, packed, size = DATA.unpack(head[: DATA.size])
            data = self.source.bytes(place + len(head), packed, f"block {number} of the cabinet")
            if total and checksum(head[4:], checksum(data, 0)) != total:
                raise DumpError(f"block {number} of the cabinet at 0x{place:x} has a wrong checksum", _CUT, offset=place)
            if size > BLOCK:
                raise DumpError(f"block {number} of the cabinet at 0x{place:x} unpacks to {size} bytes, more than {BLOCK}", _CUT, offset=place)
            if folder.method == MSZIP:
                data = self._mszip(data, before, size, place)
            elif lzx is not None:
                try:
                    data = lzx.block(data, size)
                except Damaged as error:
                    raise DumpError(f"block {number} of the cabinet at 0x{place:x} cannot be unpacked: {error}", _CUT, offset=place) from None
            if len(data) != size:
                raise DumpError(f"block {number} of the cabinet at 0x{place:x} unpacks to {len(data)} bytes, not {size}", _CUT, offset=place)
            before = data
            yield data
            place += len(head) + packed

    @staticmethod
    def _mszip(data: bytes, before: bytes, size: int, place: int) -> bytes:
        """A block of MSZIP: deflated, with the block before as its dictionary. Raises DumpError, zlib.error."""
        if data[:2] != b"CK":
            raise DumpError(f"the block of the cabinet at 0x{place:x} does not begin with CK", _CUT, offset=place)
        inflater = zlib.decompressobj(-15, before)
        return inflater.decompress(data[2:], size + 1)

"""ZIP archives, by the standard library; a stored member is found where it stands in the file."""

from __future__ import annotations

import struct
import zipfile
from typing import Iterator, List

from ...errors import DumpError
from ..source import Source
from .member import MOST_MEMBERS, PIECE, Member
from .reader import Reader

LOCAL = 30
"""Bytes of a local header; the lengths of name and extra field are its last two numbers."""
ENCRYPTED = 1
METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd", 99: "AES"}
UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class Zip:
    """A .zip file. Raises DumpError when it has no directory."""

    title = "a ZIP archive"
    unpack = "`unzip FILE` or `7z x FILE`"

    def __init__(self, source: Source) -> None:
        self.source = source
        try:
            self.archive = zipfile.ZipFile(Reader(source))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError, struct.error) as error:
            raise DumpError(f"{source.name!r} is no readable ZIP archive: {error}", "it is damaged or cut: fetch it again, and compare its size") from None

    def members(self) -> List[Member]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.members`."""
        found = []
        for item in self.archive.infolist():
            if item.filename.endswith("/") or not item.filename:
                continue
            reason = remedy = ""
            place = None
            if item.flag_bits & ENCRYPTED:
                reason, remedy = "is encrypted", "unpack it with its password: `7z x FILE`"
            elif item.compress_type not in UNPACKED:
                method = METHODS.get(item.compress_type, f"method {item.compress_type}")
                reason, remedy = f"is packed with {method}, which is not unpacked here", "unpack it: `7z x FILE`"
            elif item.compress_type == zipfile.ZIP_STORED and item.file_size == item.compress_size:
                place = self._place(item)
            found.append(Member(item.filename, item.file_size, item.compress_size, item, place, reason, remedy, item.CRC))
            if len(found) == MOST_MEMBERS:
                break
        return found

    def _place(self, item: zipfile.ZipInfo) -> int:
        """Where a stored member's bytes begin; the end of the file where its header is not there."""
        head = self.source.some(item.header_offset, LOCAL)
        if len(head) < LOCAL or head[:4] != b"PK\x03\x04":
            return self.source.size
        name, extra = struct.unpack_from("<HH", head, LOCAL - 4)
        return item.header_offset + LOCAL + int(name) + int(extra)

    def chunks(self, member: Member) -> Iterator[bytes]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.chunks`."""
        assert isinstance(member.key, zipfile.ZipInfo)
        with self.archive.open(member.key) as packed:
            while True:
                data = packed.read(PIECE)
                if not data:
                    return
                yield data

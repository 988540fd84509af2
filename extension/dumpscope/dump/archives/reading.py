"""A member of an archive as a source: read where it lies when it is stored, else unpacked into memory or a temporary file."""

from __future__ import annotations

import zlib
from typing import List, Optional

from ...errors import DumpError
from ..source import Source
from ..virtual import PIECE, Virtual, no_room, temporary, write_all
from .member import SMALL, Archive, Member, bounded


class Part(Virtual):
    """A part of another source, from ``place`` on."""

    def __init__(self, whole: Source, place: int, size: int, name: str, crc: Optional[int] = None) -> None:
        super().__init__(whole, size, name)
        self.place = place
        self.crc = crc

    def verify(self) -> None:
        """Read all bytes, and raise DumpError where they are not those that the archive has a CRC of."""
        if self.crc is None:
            return
        found = 0
        for offset in range(0, self.size, PIECE):
            found = zlib.crc32(self.made(offset, min(PIECE, self.size - offset)), found)
        if found != self.crc:
            message = f"{self.name!r} has CRC 0x{found:08x}, and the archive gives it 0x{self.crc:08x}"
            raise DumpError(message, "the archive is damaged: fetch it again", offset=self.place)

    def made(self, offset: int, size: int) -> bytes:
        """As :meth:`Virtual.made`."""
        return self.whole.fetch(self.place + offset, size)

    def reach(self, size: int) -> int:
        """As :meth:`Virtual.reach`."""
        return min(self.size, max(0, size - self.place))


def unpacked(archive: Archive, source: Source, member: Member, name: str) -> Source:
    """A member's bytes. The source is its own: ``source`` is closed unless :class:`Part` is given, which reads it. Raises DumpError."""
    if member.place is not None and member.size is not None and not member.reason:
        if source.available(member.place, member.size) < member.size:
            message = f"{member.name!r} in {source.name!r} needs 0x{member.size:x} bytes at 0x{member.place:x}, and the file ends before"
            raise DumpError(message, "the archive is cut: fetch it again", offset=member.place, needed=member.size, available=source.size - member.place)
        part = Part(source, member.place, member.size, name, member.crc)
        if member.size <= SMALL:
            part.verify()
        return part
    kept: List[bytes] = []
    done = 0
    chunks = bounded(archive, source, member)
    for data in chunks:
        kept.append(data)
        done += len(data)
        if done > SMALL:
            break
    else:
        source.close()
        return Source(b"".join(kept), name)
    file = temporary(member.size, name)
    try:
        write_all(file, iter(kept))
        kept.clear()
        write_all(file, chunks)
        source.close()
        return Source._of_file(file, name)
    except OSError as error:
        file.close()
        raise no_room(name, error) from None
    except BaseException:
        file.close()
        raise

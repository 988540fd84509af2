"""Archives of tar, not packed: every member is stored, and read where it stands."""

from __future__ import annotations

import tarfile
from typing import Iterator, List

from ...errors import DumpError
from ..source import Source
from .member import MOST_MEMBERS, PIECE, Member
from .reader import Reader

MAGIC = b"ustar"
MAGIC_AT = 257


class Tar:
    """A .tar file."""

    title = "an archive of tar"
    unpack = "`tar -xf FILE`"

    def __init__(self, source: Source) -> None:
        self.source = source

    def members(self) -> List[Member]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.members`."""
        found = []
        try:
            with tarfile.open(fileobj=Reader(self.source), mode="r:") as archive:
                for item in archive:
                    if not item.isreg():
                        continue
                    if item.size < 0:
                        raise ValueError(f"{item.name!r} has a size below zero")
                    sparse = item.sparse is not None
                    reason = "is stored as a sparse file" if sparse else ""
                    found.append(Member(item.name, item.size, item.size, item, None if sparse else item.offset_data, reason, "unpack it: `tar -xf FILE`"))
                    if len(found) == MOST_MEMBERS:
                        break
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            raise DumpError(f"{self.source.name!r} is no readable archive of tar: {error}", "it is damaged or cut: fetch it again") from None
        return found

    def chunks(self, member: Member) -> Iterator[bytes]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.chunks`."""
        assert member.place is not None
        assert member.size is not None
        for offset in range(0, member.size, PIECE):
            yield self.source.bytes(member.place + offset, min(PIECE, member.size - offset), f"{member.name!r}")

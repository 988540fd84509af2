"""A member of an archive, and how much of one is unpacked at the most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Optional, Protocol

from ...errors import DumpError

if TYPE_CHECKING:
    from ..source import Source

PIECE = 1 << 20
"""Bytes that are unpacked at a time."""
SMALL = 16 << 20
"""Bytes of a member that are kept in memory; a larger one goes to a temporary file."""
LEAST_ROOM = 256 << 20
RATIO = 200
MOST = 64 << 30
"""A member may unpack to RATIO times its packed size, to LEAST_ROOM at least and to MOST at the most. Dumps pack three to thirty times smaller."""
MOST_MEMBERS = 1_000_000
"""Members of one archive that are looked at."""

DUMP_NAME = re.compile(r"\.(?:dmp|mdmp|hdmp|kdmp|udmp|dump|core)\Z", re.IGNORECASE)
"""What the names of dumps end with."""


class Member(NamedTuple):
    """One file in an archive.

    ``size`` is what the archive says of its unpacked bytes (None where the format does not say), ``packed`` how many it has in the
    archive. ``place`` is where it stands in the archive's file when it is stored as it is: its bytes are read there. ``reason`` says why
    it cannot be unpacked, with ``remedy``; empty when it can. ``key`` is the archive's own;
    ``crc`` the CRC-32 of a stored member's bytes, where the archive has one.
    """

    name: str
    size: Optional[int]
    packed: int
    key: object = None
    place: Optional[int] = None
    reason: str = ""
    remedy: str = ""
    crc: Optional[int] = None

    @property
    def is_dump(self) -> bool:
        """Whether the name is one of a dump."""
        return DUMP_NAME.search(self.name) is not None


class Archive(Protocol):
    """What the formats have in common. ``title`` names the format, ``unpack`` is the command that unpacks the whole archive."""

    title: str
    unpack: str

    def members(self) -> List[Member]:
        """The files in it, without folders, in the archive's order. Raises DumpError."""

    def chunks(self, member: Member) -> Iterator[bytes]:
        """The unpacked bytes, at most about PIECE at a time. Raises DumpError, OSError, or what the format's library raises."""


def room(member: Member) -> int:
    """How many bytes a member may unpack to."""
    return min(MOST, max(LEAST_ROOM, RATIO * member.packed))


def bounded(archive: Archive, source: Source, member: Member) -> Iterator[bytes]:
    """The bytes of a member, none more than it declares, nor more than :func:`room` allows. Raises DumpError."""
    label = f"{member.name!r} in {source.name!r}"
    if member.reason:
        raise DumpError(f"{label} {member.reason}", member.remedy or f"unpack it: {archive.unpack}")
    limit = room(member)
    large = f"unpack it yourself if it is to be so large: {archive.unpack}"
    if member.size is not None and member.size > limit:
        raise DumpError(f"{label} has {member.packed} bytes packed and {member.size} unpacked, more than is unpacked here ({limit})", large)
    done = 0
    try:
        for data in archive.chunks(member):
            done += len(data)
            if member.size is not None and done > member.size:
                raise DumpError(f"{label} unpacks to more than the {member.size} bytes that the archive gives it", "the archive is damaged: fetch it again")
            if done > limit:
                raise DumpError(f"{label} has {member.packed} bytes packed and unpacks to more than {limit}, which is the limit", large)
            yield data
    except (DumpError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  zlib, lzma, OSError, EOFError, and what the libraries of 7z and zst raise
        words = f"{error}".strip() or type(error).__name__
        raise DumpError(f"{label} cannot be unpacked: {words}"[:600], "the archive is damaged or cut: fetch it again, and compare its size") from None
    if member.size is not None and done < member.size:
        message = f"{label} unpacks to {done} bytes, and the archive gives it {member.size}"
        raise DumpError(message, "the archive is damaged: fetch it again", needed=member.size, available=done)

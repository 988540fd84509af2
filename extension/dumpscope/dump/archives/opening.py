"""A path that leads into an archive, or onto one, as the source of the dump that is meant.

``archive.zip`` means the one dump in it; ``archive.zip!name.dmp`` a member by its name, or by the end of its name after a ``/``. An
archive in an archive is opened once more (``outer.zip!inner.cab!name.dmp``), and no deeper.
"""

from __future__ import annotations

import os
import re
from typing import Callable, List, NamedTuple, Optional, Tuple

from ...errors import DumpError
from ..command_lines import file_word
from ..plain import plain_source
from ..source import Source
from ..stores import is_address
from .member import Archive, Member
from .reading import unpacked

MARK = "!"
"""What stands between the archive and the member."""
ENDINGS = r"\.(?:zip|cab|7z|tar|gz|gzip|bz2|xz|zst|zstd|tgz|tbz2?|txz|tzst)"
NAMED = re.compile(ENDINGS + r"\Z", re.IGNORECASE)
"""Names that are taken for those of archives."""
SHOWN = 20
"""Members that a message names."""
DEEPEST = 3
"""Layers that are opened: an archive in an archive, and the tar file that a .tar.gz packs."""


class Inside(NamedTuple):
    """Where a source came from: the file, its members on the way in, what kind of archive the file is, and what opens that again."""

    path: str
    members: Tuple[str, ...]
    title: str
    outer: Callable[[], Source]


def archive_of(source: Source) -> Optional[Archive]:
    """The archive that a file is by its first bytes; None when it is none. Raises DumpError for one that cannot be read."""
    head = source.some(0, 512)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        from .zip import Zip

        return Zip(source)
    if head.startswith(b"MSCF"):
        from .cabinet import Cabinet

        return Cabinet(source)
    if head.startswith(b"7z\xbc\xaf'\x1c"):
        from .sevenzip import SevenZip

        return SevenZip(source)
    if head[257:262] == b"ustar":
        from .tar import Tar

        return Tar(source)
    from .packed import PACKINGS, Packed

    for packing in PACKINGS:
        if head.startswith(packing.magic):
            return Packed(source, packing)
    return None


def split(path: str) -> Tuple[str, List[str]]:
    """The file and the names of members after it. A path that is a file as it stands has no members, whatever signs are in it."""
    if MARK not in path or os.path.lexists(path):
        return path, []
    place = path.find(MARK)
    if is_address(path):
        # What is in a store is not asked for: the member begins after the first name of an archive.
        while place >= 0 and not NAMED.search(path[:place]):
            place = path.find(MARK, place + 1)
        return (path[:place], path[place + 1 :].split(MARK)) if place >= 0 else (path, [])
    while place >= 0:
        if os.path.isfile(path[:place]):
            return path[:place], path[place + 1 :].split(MARK)
        place = path.find(MARK, place + 1)
    return path, []


class Content(NamedTuple):
    """A file in an archive: what to write after the mark for it, and its size where the archive says it."""

    name: str
    size: Optional[int]


def is_archive_name(path: str) -> bool:
    """Whether a file is taken for an archive by its name."""
    return NAMED.search(path) is not None


def contents(path: str) -> List[Content]:
    """The files in an archive, those of a packed tar file among them; empty when the file is no archive. Raises DumpError."""
    source = plain_source(path)
    try:
        archive = archive_of(source)
        if archive is None:
            return []
        members = archive.members()
        found = [Content(member.name, member.size) for member in members]
        if len(members) == 1 and members[0].name.lower().endswith(".tar"):
            inner = unpacked(archive, source, members[0], members[0].name)
            try:
                packed = archive_of(inner)
                if packed is not None:
                    found = [Content(f"{members[0].name}{MARK}{member.name}", member.size) for member in packed.members()]
            finally:
                inner.close()
        return found
    finally:
        source.close()


def member_of(path: str, name: str) -> Source:
    """A file in an archive by the name that :func:`contents` gives it, as it is there. Raises DumpError."""
    source = plain_source(path)
    try:
        return _inside(source, lambda: plain_source(path), path, name.split(MARK), True, deeper=False)
    except BaseException:
        source.close()
        raise


def source_of(path: str) -> Source:
    """The dump that a path means. Raises DumpError when there is no such file.

    Where the way to a dump ends in the archive (no dump in it or several, encrypted, damaged, too large) the source is the archive's own,
    and ``fault`` says why: so ``why`` can say what the debugger does with the file.
    """
    name, wanted = split(path)
    return _meant(lambda: plain_source(name), name, wanted)


def source_in(data: bytes, path: str) -> Source:
    """The same for an archive that is in memory. What stands before the first mark is its name."""
    name, mark, rest = path.partition(MARK)

    def opened() -> Source:
        source = Source.from_object(data)
        source.name = name
        return source

    return _meant(opened, name, rest.split(MARK) if mark else [])


def _meant(outer: Callable[[], Source], name: str, wanted: List[str]) -> Source:
    source = outer()
    try:
        return _inside(source, outer, name, [word for word in wanted if word], bool(wanted))
    except DumpError as error:
        source.close()
        source = outer()
        source.fault = error
        return source
    except BaseException:
        source.close()
        raise


def _inside(source: Source, outer: Callable[[], Source], path: str, wanted: List[str], forced: bool, deeper: bool = True) -> Source:
    """The member of a file, or the file itself when it is no archive and none was asked for."""
    if not forced and not NAMED.search(path):
        return source
    title = ""
    way: List[str] = []
    shown = path
    layers = 0
    while True:
        archive = archive_of(source)
        if archive is None:
            if forced and not way and not wanted:
                raise DumpError(f"{shown!r} is no archive", "leave the ! out")
            if wanted:
                raise DumpError(f"{shown!r} is no archive, so there is no {wanted[0]!r} in it", "give the path of an archive, or of a dump")
            return source
        # A stream that packs a tar file is one archive to people: its own layer does not count.
        layers += 0 if len(way) and way[-1].endswith(".tar") else 1
        if layers > 2 or len(way) > DEEPEST:
            raise DumpError(f"{shown!r} is an archive in an archive in an archive", f"unpack the outer one: {archive.unpack}")
        title = title or archive.title
        member = _chosen(archive, shown, wanted)
        way.append(member.name)
        shown = f"{shown}{MARK}{member.name}"
        inner = unpacked(archive, source, member, shown)
        inner.inside = Inside(path, tuple(way), title, outer)
        source = inner
        if not wanted and not (deeper and NAMED.search(member.name)):
            return source


def _named(members: List[Member], word: str) -> List[Member]:
    word = word.replace("\\", "/")
    low = word.lower()
    names = [(member, member.name.replace("\\", "/")) for member in members]
    return (
        [member for member, name in names if name == word]
        or [member for member, name in names if name.lower() == low]
        or [member for member, name in names if name.lower().endswith("/" + low)]
    )


def _listed(members: List[Member], shown: str) -> str:
    lines = [file_word(f"{shown}{MARK}{member.name}") for member in members[:SHOWN]]
    more = len(members) - len(lines)
    return ", ".join(lines) + (f", and {more} more" if more > 0 else "")


def _chosen(archive: Archive, shown: str, wanted: List[str]) -> Member:
    """The member that is meant; takes its name off ``wanted``. Raises DumpError."""
    members = archive.members()
    if not members:
        raise DumpError(f"{shown!r} is {archive.title} without a file in it", "ask for the dump again")
    if wanted:
        # A name may have the mark in it: the longest that there is is meant.
        for count in range(len(wanted), 0, -1):
            word = MARK.join(wanted[:count])
            found = _named(members, word)
            if found:
                break
        else:
            raise DumpError(f"there is no {wanted[0]!r} in {shown!r}", f"in it are: {_listed(members, shown)}")
        del wanted[:count]
        if len({member.name for member in found}) > 1:
            raise DumpError(f"{len(found)} files in {shown!r} are called {word!r}", f"give the whole name: {_listed(found, shown)}")
        return found[0]
    candidates = [member for member in members if member.is_dump]
    if not candidates:
        candidates = [member for member in members if NAMED.search(member.name)]
    if not candidates and len(members) == 1:
        candidates = members
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        hint = f"if one of them is a dump, name it: {_listed(members, shown)}"
        raise DumpError(f"none of the {len(members)} files in {shown!r} is called like a dump (.dmp, .mdmp, .hdmp, .kdmp)", hint)
    raise DumpError(f"there are {len(candidates)} dumps in {shown!r}", f"name one of them: {_listed(candidates, shown)}")

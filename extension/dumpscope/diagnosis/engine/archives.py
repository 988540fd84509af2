"""What the engine does with a path that ends in .zip or .cab: it takes out a member that is called like a dump, and opens that.

Of several it takes .kdmp before .hdmp before .mdmp before .dmp, and of those the first. The name of the file decides, not its bytes: a
minidump called x.zip is refused, and a ZIP archive called x.dmp too. Observed: dbgeng 10.0.15063 with Wine's cabinet.dll, on archives
that differ in one place (tests/engine/test_archives.py).
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Iterator, NamedTuple, Optional

from ...dump.archives.cabinet import CONTINUED, CONTINUED_BOTH, LZX, QUANTUM, UNPACKED, Cabinet, File
from ...dump.archives.member import PIECE, Member, room
from ...dump.source import Source
from ...errors import DumpError
from .answers import E_FAIL, E_INVALIDARG, E_NOINTERFACE, S_OK

E_NOTIMPL = 0x80004001
E_BOUNDS = 0x8000000B
INVALID_DATA = 0x8007000D
NOT_FOUND = 0x80070490
FILE_NOT_FOUND = 0x80070002
CANNOT = "Unable to extract dump file from CAB file"

TAKEN = re.compile(r"\.(?:zip|cab)\Z", re.IGNORECASE)
"""Names of files that the engine takes for archives."""
CHOSEN = re.compile(r"\.(dmp|mdmp|hdmp|kdmp)\Z", re.IGNORECASE)
"""Names of members that it takes for dumps."""
PREFERRED = ("dmp", "mdmp", "hdmp", "kdmp")
"""Their endings, the one that it likes best last."""
_REFUSED = re.compile(r'(?:\A|[/\\])\.\.?(?:[/\\]|\Z)|[*?<>|":]')
"""Names of which one spoils a whole ZIP archive."""
_UNWRITABLE = re.compile("[\x01-\x1f]")
NAME_INVALID = 0x8007007B

_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = 0xFFFF
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL_SIZE = 30
STORED, DEFLATED = 0, 8
WINDOWS = {QUANTUM: range(10, 22), LZX: range(15, 22)}
"""Bits of windows with which it unpacks a folder."""
LARGEST = 256 << 20
"""Bytes of a member that are unpacked to see whether the engine opens it."""


class Choice(NamedTuple):
    """The member that the engine takes out, or the HRESULT with which it does not. ``place``, ``packed``, ``method`` and ``crc`` are a ZIP member's."""

    hresult: int
    name: str = ""
    place: int = 0
    packed: int = 0
    method: int = 0
    crc: int = 0
    cabinet: Optional[Cabinet] = None
    file: Optional[File] = None


class Extracted(NamedTuple):
    """What came out: the HRESULT, the member's name, and its bytes; None where they are not known, since the packing is one that is not unpacked here."""

    hresult: int
    name: str = ""
    source: Optional[Source] = None


def _rank(name: str) -> int:
    """How much the engine likes a name; 0 when it takes it for no dump."""
    found = CHOSEN.search(name)
    return PREFERRED.index(found.group(1).lower()) + 1 if found else 0


def choice(source: Source) -> Choice:
    """Which member the engine takes out of a file that is called like an archive. Never raises for what is in the file."""
    if source.name.lower().endswith(".zip"):
        return _of_zip(source)
    best: Optional[File] = None
    rank = 0
    try:
        cabinet = Cabinet(source)
        for file in cabinet.files():
            # What begins in another cabinet is left out.
            if file.folder not in (CONTINUED, CONTINUED_BOTH) and _rank(file.name) > rank:
                best, rank = file, _rank(file.name)
    except DumpError:
        return Choice(INVALID_DATA)
    return Choice(E_NOINTERFACE) if best is None else Choice(S_OK, best.name, cabinet=cabinet, file=best)


def _of_zip(source: Source) -> Choice:
    if source.size < _END_SIZE:
        return Choice(INVALID_DATA)
    base = max(0, source.size - _END_SIZE - _LONGEST_COMMENT)
    tail = source.some(base, source.size - base)
    # It looks forward, so that a stored archive in the archive is found instead of the outer one.
    place = tail.find(_END)
    if place < 0 or place + _END_SIZE > len(tail):
        return Choice(NOT_FOUND)
    disk, first, _, count, _, offset = struct.unpack_from("<HHHHII", tail, place + 4)
    if disk or first:
        return Choice(E_NOTIMPL)
    if not count:
        return Choice(E_INVALIDARG)
    found: Optional[Choice] = None
    rank = 0
    for _ in range(count):
        head = source.some(offset, _ENTRY.size)
        if len(head) < _ENTRY.size:
            return Choice(E_BOUNDS)
        magic, _, _, _, method, _, _, crc, packed, _, name_size, extra, comment, _, _, _, local = _ENTRY.unpack(head)
        if magic != b"PK\x01\x02":
            return Choice(INVALID_DATA)
        name = source.some(offset + _ENTRY.size, name_size).decode("utf-8", "replace")
        offset += _ENTRY.size + name_size + extra + comment
        if _REFUSED.search(name):
            return Choice(INVALID_DATA)
        if _rank(name) > rank:
            found, rank = Choice(S_OK, name, local, packed, method, crc), _rank(name)
    if found is None:
        return Choice(E_FAIL)
    if found.method not in (STORED, DEFLATED):
        return Choice(E_NOTIMPL)
    if _UNWRITABLE.search(found.name):
        return Choice(NAME_INVALID)
    head = source.some(found.place, _LOCAL_SIZE)
    if len(head) < _LOCAL_SIZE or head[:4] != b"PK\x03\x04":
        return Choice(INVALID_DATA)
    sizes = struct.unpack_from("<HH", head, _LOCAL_SIZE - 4)
    return found._replace(place=found.place + _LOCAL_SIZE + sum(sizes))


def extracted(source: Source) -> Extracted:
    """What the engine opens in the place of an archive. Never raises for what is in the file."""
    chosen = choice(source)
    if chosen.hresult != S_OK:
        return Extracted(chosen.hresult)
    if chosen.cabinet is not None and chosen.file is not None:
        return _from_cabinet(chosen.cabinet, chosen.file)
    limit = room(Member(chosen.name, None, chosen.packed))
    kept = []
    crc = size = 0
    try:
        for data in _zip_chunks(source, chosen):
            kept.append(data)
            size += len(data)
            crc = zlib.crc32(data, crc)
            if size > min(limit, LARGEST):
                return Extracted(S_OK, chosen.name)
    except zlib.error:
        return Extracted(INVALID_DATA)
    if crc != chosen.crc:
        return Extracted(INVALID_DATA)  # the flag of encryption is not looked at: what is encrypted ends here
    return Extracted(S_OK, chosen.name, Source(b"".join(kept), chosen.name))


def _zip_chunks(source: Source, chosen: Choice) -> Iterator[bytes]:
    machine = zlib.decompressobj(-15) if chosen.method == DEFLATED else None
    left = chosen.packed
    place = chosen.place
    while left > 0:
        data = source.some(place, min(1 << 16, left))
        if not data:
            return
        left -= len(data)
        place += len(data)
        if machine is None:
            yield data
            continue
        while data:
            yield machine.decompress(data, PIECE)
            data = machine.unconsumed_tail
            if machine.eof:
                return


def _from_cabinet(cabinet: Cabinet, file: File) -> Extracted:
    name = file.name.replace("\\", "/").rpartition("/")[2]
    # A folder that is not there is the first one's.
    number = file.folder if file.folder < len(cabinet.folders) else 0
    if not cabinet.folders:
        return Extracted(FILE_NOT_FOUND, name)
    folder = cabinet.folders[number]
    windows = WINDOWS.get(folder.method)
    if folder.method > LZX or (windows and folder.window not in windows):
        return Extracted(FILE_NOT_FOUND, name)
    if folder.method not in UNPACKED:
        return Extracted(S_OK, name)
    kept = []
    size = 0
    member = Member(name, file.size, folder.blocks * 0x8000, file._replace(folder=number))
    try:
        for data in cabinet.chunks(member):
            kept.append(data)
            size += len(data)
            if size > LARGEST:
                return Extracted(S_OK, name)
    except (DumpError, zlib.error):
        pass  # what was unpacked until then is opened
    return Extracted(S_OK, name, Source(b"".join(kept), name))


class Given(NamedTuple):
    """What becomes of the path of an archive in the debugger: whether the dump that is read here is opened there, and the words for it."""

    same: bool
    words: str
    hresult: int


def given(source: Source) -> Optional[Given]:
    """How the debugger fares with the archive that a source comes from, or that it is. None for a file of its own."""
    inside = source.inside
    if inside is None:
        return _called(source, source.name, "") if source.fault is not None or TAKEN.search(source.name) else None
    try:
        outer = inside.outer()
    except DumpError:
        return None
    try:
        return _called(outer, inside.path, inside.members[0] if len(inside.members) == 1 else "\0")
    finally:
        outer.close()


def _called(source: Source, path: str, member: str) -> Given:
    if not TAKEN.search(path):
        words = "The debugger takes out of archives only where the file is called .zip or .cab; this one it looks at as it is, and finds no dump"
        return Given(False, words, E_INVALIDARG)
    chosen = choice(source)
    if chosen.hresult != S_OK:
        return Given(False, f"The debugger says: {CANNOT} ({_REASONS.get(chosen.hresult, 'it is damaged')})", chosen.hresult)
    if member and _plain(chosen.name) != _plain(member):
        return Given(False, f"Given the archive, the debugger takes out another member: {chosen.name!r}", S_OK)
    return Given(True, f"Given the archive, the debugger takes out {chosen.name!r}", S_OK)


_REASONS = {
    E_NOTIMPL: "it knows stored and deflated members only",
    E_BOUNDS: "the directory ends before its last member",
    INVALID_DATA: "it is encrypted, damaged, no archive of the kind that its name says, or has a name in it that no file can have",
    NOT_FOUND: "it finds no directory of a ZIP archive at the end of the file",
    E_INVALIDARG: "there is nothing in it",
    E_FAIL: "no member is called .dmp, .mdmp, .hdmp or .kdmp",
    E_NOINTERFACE: "no member is called .dmp, .mdmp, .hdmp or .kdmp",
    NAME_INVALID: "the name of the member is none that a file can have",
}


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")

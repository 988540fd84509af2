"""What a file is that is not a user-mode minidump, and what to do about it."""

from __future__ import annotations

import struct
from typing import List, NamedTuple, NoReturn, Optional

from ..errors import DumpError
from ..format.counted import counted
from ..format.files import MARKUP, MINIDUMP_MAGIC, signature_of, text_kind_of
from ..format.kernel import DUMP_HEADER32, DUMP_HEADER64, SIGNATURE32, SIGNATURE64
from ..format.streams import ModuleListStream, SystemInfoStream, ThreadListStream
from .command_lines import mend_line
from .source import Source

MINIDUMP = "minidump"
HEADER_SIZE = 32
SEARCH_LIMIT = 1 << 20
"""How far into a file a minidump is looked for that does not begin at its first byte, in bytes."""

_KERNEL_HEADERS = {SIGNATURE64: DUMP_HEADER64.size, SIGNATURE32: DUMP_HEADER32.size}
"""Bytes of a kernel dump's header by the signature it begins with."""
_VERSION = b"\x93\xa7"
_ENTRY_SIZE = 12
MOST_ENTRIES = 4096
"""Entries of a directory that is looked for without a signature."""
_SYSTEM_LEAST = 32
_PROCESSORS = (0, 1, 2, 3, 5, 6, 9, 12, 0x8000, 0x8001, 0x8002, 0x8003, 0x8004)
"""ProcessorArchitecture values of Windows, and those that Breakpad has added."""


class FileKind(NamedTuple):
    """What a file is.

    ``code`` is stable and in kebab case, ``title`` says it in words, ``hint`` what to do. ``offset`` is where the evidence
    stands, ``needed`` and ``available`` are in bytes where a size is what is wrong.
    """

    code: str
    title: str
    hint: str
    offset: int = 0
    needed: Optional[int] = None
    available: Optional[int] = None

    @property
    def is_minidump(self) -> bool:
        """Whether the reader takes the file."""
        return self.code == MINIDUMP


_FETCH_AGAIN = "copy or download the dump again, and compare its size with the original"


def kind_of(source: Source) -> FileKind:
    """What the file is. Never raises; reads the beginning of the file, and the first MiB where the beginning says nothing."""
    size = source.size
    if size == 0:
        return FileKind("empty", "an empty file", "the writer failed before its first byte, or the disk was full: write the dump again", 0, HEADER_SIZE, 0)
    head = source.some(0, 4096)
    if head[:4] == MINIDUMP_MAGIC:
        if size < HEADER_SIZE:
            return FileKind(
                "minidump-cut", f"a minidump cut to {counted(size, 'byte')}: its header alone has {HEADER_SIZE}", _FETCH_AGAIN, 0, HEADER_SIZE, size
            )
        return FileKind(MINIDUMP, "a user-mode minidump", "")
    signature = signature_of(head)
    whole = _KERNEL_HEADERS.get(head[:8], 0)
    if signature is not None and size < whole:
        return FileKind(signature.code, f"{signature.title}, cut inside its header", _FETCH_AGAIN, 0, whole, size)
    if signature is not None:
        return FileKind(signature.code, signature.title, signature.hint)
    if not any(head):
        return _zeros(source)
    spoilt = _spoilt(source, head)
    if spoilt is not None:
        return spoilt
    found = _embedded(source)
    if found is not None:
        title = f"not a minidump from its first byte on: one begins at offset 0x{found:x}"
        return FileKind("minidump-inside", title, f"cut off the first {counted(found, 'byte')} (a transfer put them there), and open the rest", found)
    known = text_kind_of(_decoded(head))
    if known is not None and _is_text(head):
        return FileKind(known.code, known.title, known.hint)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(MARKUP):
        return FileKind("web-page", "a web page or XML text, not a dump", "the download gave an error or login page: fetch the dump itself")
    if _is_text(head):
        return FileKind("text", "a text file, not a dump", "give the path of the .dmp file; a log of the debugger cannot be read as a dump")
    if size < HEADER_SIZE:
        return FileKind("too-small", f"a file of {counted(size, 'byte')}, too small for a minidump", _FETCH_AGAIN, 0, HEADER_SIZE, size)
    title = f"not a minidump: it begins with {head[:8].hex(' ')}, not with MDMP"
    return FileKind("unknown", title, "check that it is the right file, and unpack it if it is packed")


def sound_directory(source: Source, count: int, rva: int, wraps: int = 0) -> Optional[List[str]]:
    """The names of the streams, where a directory of a minidump stands at ``rva``; None where what stands there is none.

    It must have SystemInfoStream with a processor that there is, a list of threads or modules, and no type below 0x10000 that nobody has defined.
    ``wraps`` is how many times 4 GiB may be missing in an RVA.
    """
    from ..format.streams import MINIDUMP_STREAM_TYPE

    size = count * _ENTRY_SIZE
    if not 0 < count <= MOST_ENTRIES or rva < HEADER_SIZE or source.available(rva, size) < size:
        return None
    names: List[str] = []
    system = lists = False
    for kind, length, place in struct.iter_unpack("<III", source.some(rva, size)):
        if kind == 0:
            continue
        label = MINIDUMP_STREAM_TYPE.label(kind)
        if label is None and kind < 0x10000:
            return None
        names.append(label or f"type 0x{kind:x}")
        lists = lists or kind in (ThreadListStream, ModuleListStream)
        if kind == SystemInfoStream and length >= _SYSTEM_LEAST:
            heads = (source.some(place + (wrap << 32), 2) for wrap in range(wraps + 1))
            system = system or any(len(head) == 2 and int.from_bytes(head, "little") in _PROCESSORS for head in heads)
    return names if system and lists else None


def _spoilt(source: Source, head: bytes) -> Optional[FileKind]:
    """A minidump but for its signature: header and directory are sound.

    nanodump spoils signature and version on purpose; Crashpad writes the signature last, so it is zero where the writer was broken off.
    """
    if len(head) < HEADER_SIZE:
        return None
    count, rva = struct.unpack_from("<II", head, 8)
    names = sound_directory(source, count, rva)
    if names is None and head[:6] == b"\0\0\0\0" + _VERSION and 0 < count <= MOST_ENTRIES and rva >= HEADER_SIZE:
        title = "the beginning of a minidump: the signature is zero, the version is right, and the directory or what it points to is not in the file"
        return FileKind("signature-zero", title, "the writer was ended long before its last step (Crashpad writes the signature last): write the dump again")
    if names is None:
        return None
    put_back = f"`{mend_line(source.name)}` writes a copy with 4d 44 4d 50 93 a7 (MDMP, and 0xA793) at offset 0"
    if not any(head[:4]):
        title = f"a minidump without its signature: the first four bytes are zero, and a directory of {counted(len(names), 'stream')} is at 0x{rva:x}"
        return FileKind("signature-zero", title, f"the writer was ended before its last step (Crashpad writes the signature last); {put_back}")
    title = f"a minidump with a wrong signature: it begins with {head[:6].hex(' ')}, and a directory of {counted(len(names), 'stream')} is at 0x{rva:x}"
    return FileKind("signature-spoilt", title, f"some writers spoil the signature on purpose (nanodump); {put_back}")


def _decoded(head: bytes) -> str:
    """The beginning of a file as text, for what to look for in it."""
    if head.startswith(b"\xff\xfe"):
        return head[2:].decode("utf-16-le", "replace")
    return head.decode("utf-8", "replace")


def _zeros(source: Source) -> FileKind:
    """The kind of a file whose first 4 KiB are zero: all zero, or zero at the beginning only."""
    step = 1 << 16
    for offset in range(0, min(source.size, SEARCH_LIMIT), step):
        if any(source.some(offset, step)):
            found = _embedded(source)
            if found is not None:
                hint = f"cut off the first {counted(found, 'byte')}, and open the rest"
                return FileKind("minidump-inside", f"a file with a minidump at offset 0x{found:x}", hint, found)
            hint = "the writer was ended before it wrote the header, or the disk lost the first blocks: write the dump again"
            return FileKind("zeros", "a file that begins with zeros", hint, 0, HEADER_SIZE, 0)
    more = "" if source.size <= SEARCH_LIMIT else f" in its first {SEARCH_LIMIT >> 20} MiB"
    hint = "the writer was ended before it wrote the header, or the disk was full: write the dump again"
    return FileKind("zeros", f"a file of zeros{more}", hint, 0, HEADER_SIZE, 0)


def _embedded(source: Source) -> Optional[int]:
    """Offset of a minidump that begins after the file's first byte, within SEARCH_LIMIT; its version must be right too."""
    data = source.some(0, SEARCH_LIMIT)
    position = data.find(MINIDUMP_MAGIC, 1)
    tries = 0
    while position >= 0 and tries < 4096:
        if data[position + 4 : position + 6] == _VERSION and position + HEADER_SIZE <= source.size:
            return position
        tries += 1
        position = data.find(MINIDUMP_MAGIC, position + 1)
    return None


def _is_text(head: bytes) -> bool:
    """Whether the bytes look like text: UTF-16 with its mark, or no control characters to speak of."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 27))
    if controls * 100 > len(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a character cut at the end of what was read
    return True


def details(source: Source, kind: FileKind) -> List[str]:
    """What more the first bytes of a kernel dump say: its version. Empty for every other file."""
    if kind.code != "kernel-dump" or source.size < 16:
        return []
    major, minor = struct.unpack("<II", source.some(8, 8))
    return [f"version {major}, Windows build {minor}"]


def refuse(source: Source) -> NoReturn:
    """Raise DumpError, saying what the file is and what to do about it."""
    kind = kind_of(source)
    title = kind.title + "".join(f", {more}" for more in details(source, kind))
    raise DumpError(f"{source.name!r} is {title}", kind.hint, offset=kind.offset, needed=kind.needed, available=kind.available)

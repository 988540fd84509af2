"""Streams of Wine and of Mozilla, and streams that nobody but their writer knows: bytes with a guess at what they are."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, List, NamedTuple, Union

from ...format.streams import LAST_RESERVED_STREAM, STREAMS, SystemInfoStream
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.vendor.mozilla import MINIDUMP_MAC_BOOTARGS
from ...format.vendor.wine import WINE_SYSTEM_INFO
from ..absence import NOT_KNOWN, NOT_THERE, Absent
from ..directory import Stream
from ..single import read_single
from ..source import Source
from .protobuf import varint
from .unreal import CRASH_CONTEXT, MARK, crash_context_stream
from .unreal import NAME as UNREAL_NAME

if TYPE_CHECKING:
    from ..minidump import Minidump

MAX_TEXT = 1 << 20
"""Bytes of a stream that are decoded as text."""
_PROBE = 4096

TEXT = "text"
UTF16 = "utf-16"
XML = "xml"
JSON = "json"
PROTOBUF = "protobuf"
MINIDUMP = "minidump"
ZEROS = "zeros"
BINARY = "binary"
EMPTY = "empty"


class WineInfo(NamedTuple):
    """Wine's marker behind SystemInfo: its build, and the host it ran on."""

    build: str
    host_name: str
    host_release: str
    offset: int


def read_wine(dump: Minidump) -> Union[WineInfo, Absent]:
    """The marker of Wine's writer (WINE_SYSTEM_INFO) with its texts, whose offsets count from behind the signature."""
    stream = dump.stream(SystemInfoStream)
    if stream is None:
        return Absent(NOT_THERE, "no Wine marker: there is no SystemInfoStream")
    # The marker stands behind SystemInfo itself, whether or not the directory's size covers it.
    place = stream.rva + MINIDUMP_SYSTEM_INFO.size
    data = dump.source.some(place, 1024)
    if data[:4] != b"WINE" or len(data) < WINE_SYSTEM_INFO.size:
        return Absent(NOT_THERE, "no Wine marker after SystemInfo")
    count, *offsets = struct.unpack_from("<4I", data, 4)
    texts = [_c_string(data, 4 + offset) for offset in offsets[: min(count, 3)]] + [""] * 3
    return WineInfo(texts[0], texts[1], texts[2], place)


def _c_string(data: bytes, start: int) -> str:
    return data[start:].split(b"\0", 1)[0].decode("utf-8", "surrogateescape") if 0 <= start < len(data) else ""


class Mozilla:
    """Mozilla's streams, each decoded when asked for. True when the dump has any of them."""

    def __init__(self, dump: Minidump) -> None:
        self._dump = dump

    def __bool__(self) -> bool:
        return any(self._dump.stream(kind) is not None for kind in range(0x4D7A0001, 0x4D7A0005))

    @cached_property
    def boot_arguments(self) -> Union[str, Absent]:
        """Boot arguments of the macOS kernel."""
        single = read_single(self._dump.source, self._dump.stream(0x4D7A0002), MINIDUMP_MAC_BOOTARGS.size, MINIDUMP_MAC_BOOTARGS.size, "macOS boot arguments")
        if isinstance(single, Absent):
            return single
        return self._dump.strings.get(MINIDUMP_MAC_BOOTARGS.select("bootargs").unpack(single.data)[0])

    @cached_property
    def limits(self) -> Union[str, Absent]:
        """Text of /proc/PID/limits."""
        return self._text(0x4D7A0003, "process limits")

    @cached_property
    def soft_errors(self) -> Union[str, Absent]:
        """JSON text: what the writer failed at without giving up."""
        return self._text(0x4D7A0004, "soft errors")

    @cached_property
    def crash_info(self) -> Union[UserStream, Absent]:
        """Crash information of macOS images, as bytes."""
        stream = self._dump.stream(0x4D7A0001)
        return Absent(NOT_THERE, "no macOS crash information") if stream is None else UserStream(stream, self._dump.source)

    def _text(self, kind: int, what: str) -> Union[str, Absent]:
        stream = self._dump.stream(kind)
        if stream is None:
            return Absent(NOT_THERE, f"no {what}: the file holds no such stream")
        return self._dump.source.some(stream.rva, min(stream.size, MAX_TEXT)).decode("utf-8", "surrogateescape").rstrip("\0")


class UserStream:
    """A stream of bytes without a public layout, ``stream`` in the directory. ``guess`` says what they look like."""

    def __init__(self, stream: Stream, source: Source) -> None:
        self.stream = stream
        self._source = source

    def __repr__(self) -> str:
        return f"<UserStream 0x{self.type:x}: {self.size} bytes, {self.guess}>"

    @property
    def type(self) -> int:
        """The stream type."""
        return self.stream.type

    @property
    def name(self) -> str:
        """The type's C name, or ``0x…`` for a type without one."""
        if self.stream.name != "???":
            return self.stream.name
        return UNREAL_NAME if self._is_unreal else f"0x{self.stream.type:x}"

    @property
    def _is_unreal(self) -> bool:
        """Whether the stream is a crash context of Unreal Engine: the number is anybody's, so the text decides."""
        return self.stream.type == CRASH_CONTEXT and MARK.encode() in self.data(_PROBE).replace(b"\0", b"")

    @property
    def size(self) -> int:
        """Bytes, as the directory says."""
        return self.stream.size

    @property
    def offset(self) -> int:
        """Where the bytes stand in the file."""
        return self.stream.rva

    @property
    def vendor(self) -> str:
        """Whose stream type it is, as far as it is known; empty for a number that any program may use."""
        kind = STREAMS.get(self.stream.type)
        if kind is not None:
            return kind.vendor
        if self.stream.type >> 16 == 0xFACE:
            return "Facebook"
        if self.stream.type == 0x4C4C4442:
            return "LLDB"
        if self._is_unreal:
            return "Unreal Engine"
        return ""

    def data(self, limit: int = MAX_TEXT) -> bytes:
        """Its first bytes, ``limit`` at the most."""
        return self._source.some(self.stream.rva, min(self.stream.size, limit))

    @cached_property
    def guess(self) -> str:
        """text, utf-16, xml, json, protobuf, minidump, zeros, empty or binary: from the first 4 KiB."""
        return guess(self.data(_PROBE))

    def text(self, limit: int = MAX_TEXT) -> Union[str, Absent]:
        """The bytes as text, if they look like text."""
        data = self.data(limit)
        kind = self.guess
        if kind not in (TEXT, UTF16, XML, JSON):
            return Absent(NOT_KNOWN, f"the stream's bytes do not look like text, but like {kind}")
        wide = kind == UTF16 or _is_utf16(data[:_PROBE])
        text = data[: len(data) & ~1].decode("utf-16-le", "surrogatepass") if wide else data.decode("utf-8", "surrogateescape")
        return text.lstrip("\ufeff").rstrip("\0")


def guess(data: bytes) -> str:
    """What bytes look like."""
    if not data:
        return EMPTY
    if not any(data):
        return ZEROS
    if data.startswith(b"MDMP"):
        return MINIDUMP
    wide = _is_utf16(data)
    if wide or _is_text(data):
        text = data[: len(data) & ~1].decode("utf-16-le", "surrogatepass") if wide else data.decode("utf-8", "replace")
        start = text.lstrip("\ufeff \t\r\n")[:1]
        return XML if start == "<" else JSON if start in ("{", "[") else UTF16 if wide else TEXT
    return PROTOBUF if _is_protobuf(data) else BINARY


def _is_text(data: bytes) -> bool:
    stripped = data.rstrip(b"\0")
    if any(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in stripped):
        return False
    try:
        stripped.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(stripped) - 3 and len(data) >= _PROBE
    return True


def _is_utf16(data: bytes) -> bool:
    """UTF-16 of mostly Latin text: every second byte zero, the others printable."""
    if data.startswith(b"\xff\xfe"):
        return True
    data = data[: len(data) & ~1]
    while data.endswith(b"\0\0"):
        data = data[:-2]
    if len(data) < 4:
        return False
    high, low = data[1::2], data[::2]
    printable = sum(1 for byte in low if byte >= 32 or byte in (9, 10, 13))
    return high.count(0) * 10 >= len(high) * 9 and printable * 10 >= len(low) * 9


def _is_protobuf(data: bytes) -> bool:
    """Whether a protocol buffer's fields can be followed through the first bytes."""
    position = fields = 0
    while position < len(data) and fields < 64:
        key, position = varint(data, position)
        if position < 0 or not 0 < key >> 3 < 1 << 29:
            return False
        kind = key & 7
        if kind == 0:
            _, position = varint(data, position)
            if position < 0:
                return False
        elif kind == 1:
            position += 8
        elif kind == 5:
            position += 4
        elif kind == 2:
            size, position = varint(data, position)
            if position < 0:
                return False
            position += size
        else:
            return False
        fields += 1
    return fields >= 2 and (position == len(data) or len(data) >= _PROBE)


def stream_name(dump: Minidump, stream: Stream) -> str:
    """The name of a stream: that of its type, that which its content proves, or ``???``."""
    if stream.type == CRASH_CONTEXT and crash_context_stream(dump) == stream:
        return UNREAL_NAME
    return stream.name


def user_streams(dump: Minidump, limit: int = 4096) -> List[UserStream]:
    """Streams above Microsoft's range that no reader of ours decodes, in directory order; ``limit`` at the most."""
    found: List[UserStream] = []
    for stream in dump.streams:
        if stream.type <= LAST_RESERVED_STREAM:
            continue
        kind = STREAMS.get(stream.type)
        if kind is None or not kind.family:
            found.append(UserStream(stream, dump.source))
            if len(found) >= limit:
                break
    return found

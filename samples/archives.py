"""Archives with dumps inside, of bytes that are the same everywhere: what is deflated is so in stored blocks.

`archive_zip`, `cabinet`, `gzipped` and `archive_tar` take a packer each, so tests build others.
"""

import io
import struct
import zlib
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import damaged, handle_cases, lzx
from .catalogue import SAMPLES

FAMILIES = (damaged, handle_cases)
"""Modules that put the samples used here into the list."""
Files = Sequence[Tuple[str, bytes]]
Packer = Callable[[bytes], bytes]
DOS_TIME, DOS_DATE = 0x6000, 0x5861


def deflated(data: bytes) -> bytes:
    """Deflate, in blocks that are stored."""
    blocks = [data[start : start + 0xFFFF] for start in range(0, len(data), 0xFFFF)] or [b""]
    return b"".join(struct.pack("<BHH", number == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block for number, block in enumerate(blocks))


def _zip_keys(password: bytes) -> List[int]:
    keys = [0x12345678, 0x23456789, 0x34567890]
    for byte in password:
        _zip_turn(keys, byte)
    return keys


def _crc(value: int, byte: int) -> int:
    return zlib.crc32(bytes((byte,)), value ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def _zip_turn(keys: List[int], byte: int) -> None:
    keys[0] = _crc(keys[0], byte)
    keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
    keys[2] = _crc(keys[2], keys[1] >> 24)


def encrypted(data: bytes, password: bytes, crc: int) -> bytes:
    """PKWARE's traditional encryption, with a header of fixed bytes."""
    keys = _zip_keys(password)
    out = bytearray()
    for byte in bytes(11) + bytes((crc >> 24,)) + data:
        mask = keys[2] | 2
        out.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 0xFF))
        _zip_turn(keys, byte)
    return bytes(out)


def archive_zip(files: Files, method: int = 0, pack: Packer = bytes, password: bytes = b"", comment: bytes = b"") -> bytes:
    """A ZIP archive. `method` is the number that goes with `pack`."""
    body = b""
    directory = b""
    for name, data in files:
        crc = zlib.crc32(data)
        packed = pack(data)
        flags = 0x800
        if password:
            packed = encrypted(packed, password, crc)
            flags |= 1
        spelled = name.encode()
        fields = struct.pack("<HHHHHIIIHH", 20, flags, method, DOS_TIME, DOS_DATE, crc, len(packed), len(data), len(spelled), 0)
        directory += b"PK\x01\x02" + struct.pack("<H", 0x31E) + fields + struct.pack("<HHHII", 0, 0, 0, 0x81A40000, len(body)) + spelled
        body += b"PK\x03\x04" + fields + spelled + packed
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), len(comment)) + comment
    return body + directory + end


def cabinet_checksum(data: bytes, seed: int = 0) -> int:
    """The checksum of a block, word by word."""
    for start in range(0, len(data) & ~3, 4):
        seed ^= struct.unpack_from("<I", data, start)[0]
    return seed ^ int.from_bytes(data[len(data) & ~3 :], "big")


def cabinet(files: Files, method: int = 0, pack: Packer = bytes) -> bytes:
    """A cabinet with one folder. `method` is the number that goes with `pack`: 0 stored, 1 MSZIP, 2 Quantum."""
    whole = b"".join(data for _, data in files)
    return _cabinet(files, method, whole, [pack(whole[start : start + 0x8000]) for start in range(0, len(whole), 0x8000)])


def lzx_cabinet(files: Files, packer: Optional[lzx.Packer] = None) -> bytes:
    """A cabinet with one folder of LZX, in the largest window unless another packer is given."""
    packer = packer or lzx.Packer(21)
    whole = b"".join(data for _, data in files)
    return _cabinet(files, packer.window << 8 | 3, whole, packer(whole))


def _cabinet(files: Files, method: int, whole: bytes, frames: Sequence[bytes]) -> bytes:
    """A cabinet of packed blocks."""
    blocks = []
    for number, packed in enumerate(frames):
        plain = whole[number * 0x8000 : (number + 1) * 0x8000]
        sizes = struct.pack("<HH", len(packed), len(plain))
        blocks.append(struct.pack("<I", cabinet_checksum(sizes, cabinet_checksum(packed))) + sizes + packed)
    records = b""
    start = 0
    for name, data in files:
        records += struct.pack("<IIHHHH", len(data), start, 0, DOS_DATE, DOS_TIME, 0x20) + name.replace("/", "\\").encode() + b"\0"
        start += len(data)
    data_place = 44 + len(records)
    body = b"".join(blocks)
    head = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, data_place + len(body), 0, 44, 0, 3, 1, 1, len(files), 0, 0x1234, 0)
    return head + struct.pack("<IHH", data_place, len(blocks), method) + records + body


def mszip(plain: bytes) -> bytes:
    """A block of MSZIP."""
    return b"CK" + deflated(plain)


def gzipped(data: bytes) -> bytes:
    """A gzip file."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + deflated(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def archive_tar(files: Files) -> bytes:
    """A tar file."""
    out = io.BytesIO()
    for name, data in files:
        head = bytearray(
            struct.pack(
                "100s8s8s8s12s12s8s1s100s8s",
                name.encode(),
                b"0000644\0",
                b"0000000\0",
                b"0000000\0",
                b"%011o\0" % len(data),
                b"14570371600\0",
                b" " * 8,
                b"0",
                b"",
                b"ustar\x0000",
            )
        )
        head += bytes(512 - len(head))
        head[148:156] = b"%06o\0 " % sum(head)
        out.write(head + data + bytes(-len(data) % 512))
    out.write(bytes(1024))
    return out.getvalue()


class Sheet(NamedTuple):
    """One archive: how it is built, what it is, and the HRESULT with which the engine opens it."""

    build: Callable[[], bytes]
    title: str
    engine: int


def _dump() -> bytes:
    return SAMPLES["handles"].build()


def _bad() -> bytes:
    return SAMPLES["missing-system-info"].build()


ARCHIVES: Dict[str, Sheet] = {
    "stored.zip": Sheet(lambda: archive_zip([("memory.dmp", _dump())]), "a ZIP archive with a stored dump", 0),
    "packed.zip": Sheet(lambda: archive_zip([("crash/memory.dmp", _dump())], 8, deflated), "a ZIP archive with a deflated dump", 0),
    "deflate64.zip": Sheet(lambda: archive_zip([("memory.dmp", _dump())], 9, deflated), "a ZIP archive packed with Deflate64", 0x80004001),
    "two-dumps.zip": Sheet(
        lambda: archive_zip([("readme.txt", b"two dumps\r\n"), ("b/first.dmp", _bad()), ("second.mdmp", _dump())]),
        "two dumps; the debugger takes the .mdmp",
        0,
    ),
    "nested.zip": Sheet(lambda: archive_zip([("inner.zip", archive_zip([("memory.dmp", _dump())]))], 8, deflated), "an archive in an archive", 0x8007000D),
    "encrypted.zip": Sheet(lambda: archive_zip([("memory.dmp", _dump())], 8, deflated, b"infected"), "encrypted; the password is infected", 0x8007000D),
    "text-only.zip": Sheet(lambda: archive_zip([("a.txt", b"a"), ("b.txt", b"b")]), "no dump inside", 0x80004005),
    "empty.zip": Sheet(lambda: archive_zip([]), "nothing inside", 0x80070057),
    "stored.cab": Sheet(lambda: cabinet([("memory.dmp", _dump())]), "a cabinet with a stored dump", 0),
    "packed.cab": Sheet(lambda: cabinet([("readme.txt", b"see the dump\r\n"), ("memory.mdmp", _dump())], 1, mszip), "a cabinet packed with MSZIP", 0),
    "lzx.cab": Sheet(lambda: lzx_cabinet([("memory.dmp", _dump())]), "a cabinet packed with LZX", 0),
    "memory.dmp.gz": Sheet(lambda: gzipped(_dump()), "a gzip file", 0x80070057),
    "memory.tar.gz": Sheet(lambda: gzipped(archive_tar([("memory.dmp", _dump())])), "a tar file in a gzip file", 0x80070057),
}

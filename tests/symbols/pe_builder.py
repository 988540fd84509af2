"""PE images made by hand, with struct alone: they share no table with the reader that they check."""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

TIMESTAMP = 0x5F3C1A2B
BASE64 = 0x1_8000_0000
BASE32 = 0x1000_0000
TEXT_RVA = 0x1000


class Named(NamedTuple):
    """One export: a name (empty for an ordinal only), where it is, or where it is forwarded to."""

    name: str
    rva: int
    forwarder: str = ""


def export_directory(rva: int, dll: str, exports: Sequence[Named], base: int = 1) -> bytes:
    """IMAGE_EXPORT_DIRECTORY with its tables and texts, to be placed at ``rva``; ordinals follow the order given."""
    named = sorted((export.name, index) for index, export in enumerate(exports) if export.name)
    functions = rva + 40
    names = functions + 4 * len(exports)
    ordinals = names + 4 * len(named)
    texts = ordinals + 2 * len(named)
    blob = dll.encode() + b"\0"
    name_rvas = []
    for name, _ in named:
        name_rvas.append(texts + len(blob))
        blob += name.encode() + b"\0"
    addresses = []
    for export in exports:
        if export.forwarder:
            addresses.append(texts + len(blob))
            blob += export.forwarder.encode() + b"\0"
        else:
            addresses.append(export.rva)
    head = struct.pack("<IIHHIIIIIII", 0, TIMESTAMP, 0, 0, texts, base, len(exports), len(named), functions, names, ordinals)
    return (
        head
        + struct.pack(f"<{len(addresses)}I", *addresses)
        + struct.pack(f"<{len(named)}I", *name_rvas)
        + struct.pack(f"<{len(named)}H", *(index for _, index in named))
        + blob
    )


class Part(NamedTuple):
    """A section: ``size`` is VirtualSize where it differs from the number of bytes."""

    name: bytes
    rva: int
    data: bytes
    characteristics: int = 0x40000040
    size: Optional[int] = None


def build_pe(
    sections: Sequence[Part],
    directories: Optional[Dict[int, Tuple[int, int]]] = None,
    wide: bool = True,
    machine: int = 0,
    timestamp: int = TIMESTAMP,
    size_of_image: int = 0x5000,
    base: int = 0,
    directory_count: int = 16,
    file_alignment: int = 0x200,
    lfanew: int = 0x80,
) -> bytes:
    """The image's file."""
    tables = [(directories or {}).get(number, (0, 0)) for number in range(16)]
    machine = machine or (0x8664 if wide else 0x14C)
    base = base or (BASE64 if wide else BASE32)
    optional = struct.pack("<HBBIIIII", 0x20B if wide else 0x10B, 14, 0, 0x1000, 0x1000, 0, 0, 0x1000)
    optional += struct.pack("<Q", base) if wide else struct.pack("<II", 0x2000, base)
    optional += struct.pack("<IIHHHHHHIIIIHH", 0x1000, file_alignment, 6, 0, 0, 0, 6, 0, 0, size_of_image, 0x400, 0, 3, 0x160)
    optional += struct.pack("<QQQQ" if wide else "<IIII", 0x100000, 0x1000, 0x100000, 0x1000) + struct.pack("<II", 0, directory_count)
    optional += b"".join(struct.pack("<II", *table) for table in tables[:directory_count])
    headers = struct.pack("<HHIIIHH", machine, len(sections), timestamp, 0, 0, len(optional), 0x2022)
    rows: List[bytes] = []
    body = b""
    for section in sections:
        raw = section.data.ljust(-(-len(section.data) // file_alignment) * file_alignment, b"\0")
        size = len(section.data) if section.size is None else section.size
        rows.append(struct.pack("<8sIIIIIIHHI", section.name, size, section.rva, len(raw), 0x400 + len(body), 0, 0, 0, 0, section.characteristics))
        body += raw
    dos = (b"MZ" + bytes(58) + struct.pack("<I", lfanew)).ljust(lfanew, b"\0")
    return (dos + b"PE\0\0" + headers + optional + b"".join(rows)).ljust(0x400, b"\0") + body


def mapped(file: bytes, sections: Sequence[Part], size_of_image: int = 0x5000) -> bytes:
    """The image as the loader maps it."""
    image = bytearray(size_of_image)
    image[:0x400] = file[:0x400]
    for section in sections:
        image[section.rva : section.rva + len(section.data)] = section.data
    return bytes(image)


def rsds(guid: bytes, age: int, path: str) -> bytes:
    """CV_INFO_PDB70."""
    return b"RSDS" + guid + struct.pack("<I", age) + path.encode() + b"\0"


GUID = bytes(range(16))
GUID_KEY = "03020100050407060809" + "0A0B0C0D0E0F"
EXPORTS = (
    Named("zeta", 0x1000),
    Named("alpha", 0x1000),
    Named("_under", 0x1020),
    Named("?method@Class@@QEAAHH@Z", 0x1040),
    Named("", 0x1060),
    Named("elsewhere", 0, "OTHER.target"),
    Named("_stdcall@8", 0x1080),
    Named("@fast@8", 0x10A0),
    Named("data", 0x2000),
    Named("__two", 0x10C0),
)


def example(wide: bool = True, timestamp: int = TIMESTAMP, exports: Sequence[Named] = EXPORTS) -> Tuple[bytes, List[Part]]:
    """A library of four sections with exports and a CodeView record; the file and its sections."""
    record = rsds(GUID, 3, "C:\\build\\example.pdb")
    edata = export_directory(0x3000, "example.dll", exports)
    debug = struct.pack("<IIHHIIII", 0, timestamp, 0, 0, 2, len(record), 0x401C, 0) + record
    sections = [
        Part(b".text", TEXT_RVA, b"\xcc" * 0x200, 0x60000020),
        Part(b".data", 0x2000, b"data" * 16, 0xC0000040, size=0x800),
        Part(b".edata", 0x3000, edata),
        Part(b".debug", 0x4000, debug),
    ]
    tables = {0: (0x3000, len(edata)), 6: (0x4000, 28)}
    return build_pe(sections, tables, wide, timestamp=timestamp), sections

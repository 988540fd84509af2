"""GUID: the 16 bytes that identify a PDB file or a crash report."""

from __future__ import annotations

from .layout import HEX, UCHAR, ULONG32, USHORT, Field, Structure

GUID = Structure(
    "GUID",
    [
        Field("Data1", ULONG32, "first group of the text form", HEX),
        Field("Data2", USHORT, "second group", HEX),
        Field("Data3", USHORT, "third group", HEX),
        Field("Data4", UCHAR, "fourth and fifth group, byte by byte", HEX, count=8),
    ],
    source="guiddef.h (Windows SDK 10.0.26100)",
    meaning="A globally unique identifier. The first three groups are little-endian numbers, the rest is a row of bytes.",
)


def guid_text(data: bytes) -> str:
    """The usual text form, in lower case and without braces. Raises ValueError unless there are 16 bytes."""
    if len(data) != GUID.size:
        raise ValueError(f"a GUID has {GUID.size} bytes, not {len(data)}")
    plain = (data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]).hex()
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"

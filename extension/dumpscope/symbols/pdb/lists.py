"""Lists in the type records of a PDB that claim more entries than their record can hold.

A reader that makes room for as many entries as such a list claims asks for up to 16 GiB, and the process ends where they are not to be had
(observed: symbolic 13.9, whose reader is in Rust). Source of the format: microsoft/microsoft-pdb, include/cvinfo.h (lfArgList) and PDB/dbi/tpi.h
(HDR); LLVM's "The PDB TPI and IPI Streams".
"""

from __future__ import annotations

import struct

from ...dump.source import Source
from .msf import stream_of

_STREAMS = (2, 4)
"""TPI and IPI."""
_LISTS = (0x1201, 0x1604)
"""LF_ARGLIST and LF_SUBSTR_LIST: a count of 32 bits, and as many type indexes."""
_HEADER = struct.Struct("<II")
_RECORD = struct.Struct("<HHI")


def bad_list(source: Source) -> str:
    """Where the type records of a PDB have a list that cannot be, in words; empty where there is none, and for other files."""
    for number in _STREAMS:
        data = stream_of(source, number)
        if len(data) < _HEADER.size:
            continue
        place = _HEADER.unpack_from(data)[1]
        unpack, end = _RECORD.unpack_from, len(data) - _RECORD.size
        while place <= end:
            size, leaf, count = unpack(data, place)
            if leaf in _LISTS and 4 * count > size:
                return f"a list in stream {number} at 0x{place:x} claims {count} entries in a record of {size} bytes"
            place += 2 + size
    return ""

"""Files that a few bytes keep from opening: a spoilt signature, a wrong BaseRva, a wrong size of the full memory's list."""

import struct

from .catalogue import Built, sample
from .damaged import full, rich
from .recipes import compose
from .writer import find_entry, patch

OPENS = {"engine": "opens"}
REFUSED = {"engine": "refuses"}


@sample(
    "not-a-dump-signature-spoilt",
    "Signature and version are random, the rest is sound",
    "some writers do that on purpose; six bytes put back open it",
    0x1824,
    magic=b"\x1d\xe3\x8b\x51",
    rule="signature",
    **REFUSED,
)
def _() -> Built:
    return b"\x1d\xe3\x8b\x51\x33\x77\x21\x10" + rich()[8:]


@sample(
    "not-a-dump-signature-zero",
    "The signature is zero, the rest is sound",
    "Crashpad's writer puts it there last: it was broken off",
    0x1824,
    magic=b"\0\0\0\0",
    rule="signature",
    **REFUSED,
)
def _() -> Built:
    return bytes(4) + rich()[4:]


@sample(
    "not-a-dump-signature-zero-cut",
    "The signature is zero, and the last third is not there",
    "broken off in the middle: the six bytes alone do not help",
    0x1824,
    magic=b"\0\0\0\0",
    rule="signature",
    **REFUSED,
)
def _() -> Built:
    data = bytes(4) + rich()[4:]
    return data[: len(data) * 2 // 3]


@sample(
    "full-memory-base-wrong",
    "BaseRva is an address of the process",
    "the bytes stand right after the list: nothing is truncated",
    0x20002,
    rule="base-rva",
    **REFUSED,
)
def _() -> Built:
    data = full()
    _, size, rva = find_entry(data, 9)
    total = sum(length for _, length in struct.iter_unpack("<QQ", data[rva + 16 : rva + size]))
    moved = data[: rva + size] + data[len(data) - total :]  # the memory right behind the list
    return patch(moved, ("<Q", rva + 8, 0x7F1963C00000))


@sample("full-memory-base-zero", "BaseRva is 0", "the debugger takes the list for absent", 0x20002, rule="base-rva", **REFUSED)
def _() -> Built:
    data = full()
    return patch(data, ("<Q", find_entry(data, 9)[2] + 8, 0))


@sample(
    "full-memory-size-and-flag",
    "Memory64List 16 bytes too small in the directory, and flag 0x2 is clear",
    "each change alone leads to the other refusal",
    0,
    rule="memory64-size",
    **REFUSED,
)
def _() -> Built:
    data = full()
    at, size, _ = find_entry(data, 9)
    return patch(data, ("<I", at + 4, size - 16), ("<Q", 24, 0))


@sample(
    "full-memory-empty-range", "A range of full memory without bytes", "the debugger does not mind, ClrMD before 2.0 does", 0x20002, rule="empty-range", **OPENS
)
def _() -> Built:
    data = full()
    _, _, rva = find_entry(data, 9)
    first, length = struct.unpack_from("<QQ", data, rva + 16)
    # The first two ranges become one without bytes and one with the bytes of the first; the second one's bytes go.
    _, second = struct.unpack_from("<QQ", data, rva + 32)
    base = struct.unpack_from("<Q", data, rva + 8)[0]
    changed = patch(data, ("<QQ", rva + 16, first, 0), ("<QQ", rva + 32, first, length))
    return changed[: base + length] + changed[base + length + second :]


@sample(
    "full-memory-count-wrong",
    "Memory64List counts one range too few",
    "the size in the directory is right, and the memory fills the file",
    0x20002,
    rule="memory64-count",
    **REFUSED,
)
def _() -> Built:
    data = full()
    rva = find_entry(data, 9)[2]
    return patch(data, ("<Q", rva, struct.unpack_from("<Q", data, rva)[0] - 1))


@sample("version-spoilt", "The low word of Version is random, the rest is sound", "two bytes put back open it", 0x1824, rule="version", **REFUSED)
def _() -> Built:
    return patch(rich(), ("<H", 4, 0xBFEF))


@sample(
    "full-memory-both-lists", "Memory64List, flag 0x2, and an empty MemoryList", "the debugger refuses both together", 0x20002, rule="both-lists", **REFUSED
)
def _() -> Built:
    made = compose("threads modules full system misc", 0x20002, only=1)
    made.add_stream(5, bytes(4))
    return made

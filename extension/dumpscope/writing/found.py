"""Where a text stands in a dump, whatever encoding and wherever the ranges of memory cut it."""

from __future__ import annotations

from base64 import b64encode
from typing import Iterator, List, NamedTuple
from urllib.parse import quote

from ..dump.minidump import Minidump
from ..dump.source import Source

PIECE = 1 << 20
_ZEROS = bytes(PIECE + (1 << 16))


class Found(NamedTuple):
    """Where a text stands: the file's offset, and as what."""

    text: str
    offset: int
    how: str


class _Needle(NamedTuple):
    """What is looked for: as what, its bytes, and whether its case counts."""

    how: str
    data: bytes
    exact: bool


_SWAPPED = "UTF-16, big-endian"
SHORTEST_BASE64 = 6
"""Characters of a text that is looked for in base64: a shorter one would be found by chance."""


def _needles(text: str) -> List[_Needle]:
    """The forms of a text."""
    wide = text.encode("utf-16-le", "surrogatepass")
    plain = text.encode("utf-8", "surrogatepass")
    found = [_Needle("ASCII", plain, False), _Needle("UTF-16", wide, False), _Needle(_SWAPPED, text.encode("utf-16-be", "surrogatepass"), False)]
    found += [_Needle("percent-encoded", quote(plain, safe=safe).encode(), False) for safe in ("", "/:@.-_~!$&'()*+,;=")]
    if len(text) >= SHORTEST_BASE64:
        for how, data in (("base64", plain), ("base64 of UTF-16", wide)):
            # Where the text begins in a group of three bytes is not known. What it shares with its neighbours is not looked for.
            for shift in range(3):
                code = b64encode(bytes(shift) + data)
                first, last = (0, 2, 3)[shift], len(code) - (0, 3, 2)[(shift + len(data)) % 3]
                found.append(_Needle(how, code[first:last], True))
                found.append(_Needle(how, code[first:last].replace(b"+", b"-").replace(b"/", b"_"), True))
    by_bytes = {needle.data: needle for needle in reversed(found) if needle.data}
    return [needle for needle in found if by_bytes.get(needle.data) is needle]


def _places(needle: _Needle, data: bytes, small: bytes) -> Iterator[int]:
    """Where it stands in some bytes, one place behind the other. ``small`` are the bytes with small letters: bytes know the case of ASCII alone."""
    wanted, looked = (needle.data, data) if needle.exact else (needle.data.lower(), small)
    at = looked.find(wanted)
    while at >= 0:
        yield at
        at = looked.find(wanted, at + len(wanted))


def find_text(source: Source, text: str) -> Iterator[Found]:
    """Where a text stands in a dump, whatever its case: as ASCII (UTF-8), as UTF-16 of both orders of bytes, percent-encoded, and in pieces where
    two ranges of memory follow each other. In base64 its case counts.
    """
    needles = _needles(text)
    if not needles:
        return
    longest = max(len(needle.data) for needle in needles)
    wide = text.encode("utf-16-le", "surrogatepass").lower()
    for offset in range(0, source.size, PIECE):
        data = source.some(offset, PIECE + longest - 1)
        if data == _ZEROS[: len(data)] and not text.startswith("\0"):
            continue
        small = data.lower()
        for needle in needles:
            for at in _places(needle, data, small):
                if at < PIECE and not (needle.how == _SWAPPED and small.startswith(wide, at + 1)):  # after a NUL the one is the other
                    yield Found(text, offset + at, needle.how)
    tail, end, end_rva = b"", -1, 0
    for start, stop, rva in Minidump(source).memory.spans():
        if start != end:
            tail = b""
        elif rva != end_rva:
            head = source.some(rva, min(stop - start, longest - 1))
            data = tail + head
            small = data.lower()
            for needle in needles:
                for at in _places(needle, data, small):
                    if at < len(tail) < at + len(needle.data):
                        yield Found(text, end_rva - len(tail) + at, f"{needle.how}, across the ranges that meet at 0x{start:x}")
        end, end_rva = stop, rva + stop - start
        tail = (tail + source.some(max(rva, end_rva - longest + 1), min(stop - start, longest - 1)))[-(longest - 1) :] if longest > 1 else b""

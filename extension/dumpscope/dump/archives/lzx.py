"""LZX as cabinets use it: Huffman codes of literals and matches, in a stream that goes through all blocks of a folder.

Source: [MS-PATCH], "LZX DELTA Compression and Decompression", for the codes; [MS-CAB], CFFOLDER, for the window. What [MS-PATCH] has besides, such as
chunk sizes and offsets beyond the window, is LZX DELTA's own and does not occur in a cabinet.
"""

from __future__ import annotations

import struct
from itertools import accumulate
from typing import List, Optional, Sequence, Tuple

from ...errors import DumpError

SMALLEST, LARGEST = 15, 21
"""Bits of a window that a cabinet may name."""
FRAME = 0x8000
"""Bytes that a block of CFDATA unpacks to; the bits of each begin at a 16-bit word."""
LITERALS = 256
HEADERS = 8
"""Codes of a match's length in the main tree; the last one says that a code of the length tree follows."""
LENGTHS = 249
SHORTEST = 2
"""Bytes of the shortest match."""
PRETREE = 20
ALIGNED_CODES = 8
VERBATIM, ALIGNED, STORED = 1, 2, 3
LONGEST_CODE = 16
SHORT_CODE = 10
"""Bits of codes that one look into a table decodes. A block may be as short as its trees: the table is not larger than it takes to read those."""
TRANSLATED = 0x40000000
"""Bytes of a folder in which targets of E8 calls are translated: its first 32768 blocks."""
CALL = 0xE8
NO_CALL = 10
"""At the end of a block, bytes in which no call begins."""

EXTRA = [0, 0] + [min(17, slot >> 1) for slot in range(48)]
"""Bits that follow the code of a position slot."""
BASE = list(accumulate((1 << bits for bits in EXTRA), initial=0))
SLOTS = dict(zip(range(SMALLEST, LARGEST + 1), (30, 32, 34, 36, 38, 42, 50)))
"""Position slots for each size of a window."""


class Damaged(Exception):
    """The bits are none that LZX has."""


class Bits:
    """The bits of one block of CFDATA: 16-bit words in little-endian order, the highest bit of each first. `at` is the place of the next bit.

    Behind the end come zeros, since codes are looked at in whole words; :meth:`check` tells when they were used.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.end = len(data) * 8
        self.at = 0
        self.wide = _wide(data)
        """At each word, that and the next two: any 33 bits that begin in it."""
        self.other: Optional[Bits] = None
        self.shift = 0

    def aligned(self) -> Bits:
        """The same bits, so that the next one begins a word; it begins a byte. Each of the two ways to divide the bytes into words is made once."""
        if not self.at & 8:
            return self
        if self.other is None:
            self.other = Bits(b"\0" + self.data)
            self.other.other = self
            self.shift = 8
            self.other.shift = -8
        self.other.at = self.at + self.shift
        return self.other

    def take(self, count: int) -> int:
        """The next `count` bits, 32 at the most. Raises Damaged at the end."""
        at = self.at
        if at + count > self.end:
            raise Damaged("its bits end too early")
        self.at = at + count
        return self.wide[at >> 4] >> (48 - (at & 15) - count) & ((1 << count) - 1)

    def check(self) -> None:
        """Raise Damaged if bits behind the end were used."""
        if self.at > self.end:
            raise Damaged("its bits end too early")


def _wide(data: bytes) -> List[int]:
    count = (len(data) + 1) >> 1
    words = struct.unpack(f"<{count}H", data + b"\0" * (len(data) & 1)) + (0, 0, 0)
    return [first << 32 | second << 16 | third for first, second, third in zip(words, words[1:], words[2:])]


class Codes:
    """A canonical Huffman code from the lengths of its codes. Raises Damaged unless they fill the code; a tree without codes is none.

    ``table[bits]`` is symbol << 5 | length for the first SHORT_CODE bits, 0 for codes that are longer and for a tree without codes.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        counts = [0] * (LONGEST_CODE + 1)
        for length in lengths:
            counts[length] += 1
        used = sum(counts[length] << (LONGEST_CODE - length) for length in range(1, LONGEST_CODE + 1))
        self.table = [0] * (1 << SHORT_CODE)
        self.symbols = sorted((symbol for symbol, length in enumerate(lengths) if length), key=lengths.__getitem__)
        if used not in (0, 1 << LONGEST_CODE):
            raise Damaged("the lengths of its codes make no code")
        self.counts = counts
        table: List[int] = []
        for symbol in self.symbols:
            length = lengths[symbol]
            if length > SHORT_CODE:
                break
            table += [symbol << 5 | length] * (1 << (SHORT_CODE - length))
        self.table[: len(table)] = table

    def entry(self, bits: int) -> int:
        """What `table` would have for the next 16 bits. Raises Damaged for a tree without codes."""
        found = self.table[bits >> (LONGEST_CODE - SHORT_CODE)]
        if found:
            return found
        first = index = 0
        for length in range(1, LONGEST_CODE + 1):
            place = (bits >> (LONGEST_CODE - length)) - first
            if place < self.counts[length]:
                return self.symbols[index + place] << 5 | length
            index += self.counts[length]
            first = (first + self.counts[length]) << 1
        raise Damaged("a code is used of which there is none")

    def take(self, bits: Bits) -> int:
        """The symbol that comes next. Raises Damaged."""
        entry = self.entry(bits.wide[bits.at >> 4] >> (32 - (bits.at & 15)) & 0xFFFF)
        bits.at += entry & 31
        bits.check()
        return entry >> 5


class Lzx:
    """The unpacked bytes of a folder, block by block. Raises DumpError for a window that LZX does not have.

    Memory: two windows, of 2 MiB at the most, and what one block needs.
    """

    def __init__(self, window: int) -> None:
        if window not in SLOTS:
            raise DumpError(f"a window of 2^{window} bytes is none that LZX has (2^{SMALLEST} to 2^{LARGEST})", "the cabinet is damaged: fetch it again")
        self.window = 1 << window
        self.main_lengths = [0] * (LITERALS + HEADERS * SLOTS[window])
        self.length_lengths = [0] * LENGTHS
        self.main = self.length = self.aligned = Codes([])
        self.kind = 0
        self.left = 0
        self.odd = False
        self.recent = [1, 1, 1]
        self.out = bytearray()
        self.before = 0
        self.started = False
        self.call_size = 0

    def block(self, data: bytes, size: int) -> bytes:
        """What one block of CFDATA unpacks to, `size` bytes of it. Raises Damaged."""
        bits = Bits(data)
        if not self.started:
            self.started = True
            if bits.take(1):
                self.call_size = bits.take(32)
        out = self.out
        if len(out) > 2 * self.window:
            del out[: len(out) - self.window]
        start = len(out)
        goal = start + size
        while len(out) < goal:
            if not self.left:
                if self.odd:
                    bits.at += 8
                    self.odd = False
                bits = bits.aligned() if self.kind == STORED else bits
                self._header(bits)
            before = len(out)
            until = min(goal, before + self.left)
            if self.kind == STORED:
                self._stored(bits, until)
            else:
                self._matches(bits, until)
            self.left -= len(out) - before
        if self.odd and not self.left and bits.at < bits.end:
            self.odd = False
        made = bytes(out[start:])
        place, self.before = self.before, self.before + size
        return self._translated(made, place) if self.call_size and place < TRANSLATED else made

    def _header(self, bits: Bits) -> None:
        """The head of a block of LZX (which may go over several of the cabinet), with its trees."""
        self.kind = bits.take(3)
        self.left = bits.take(24)
        if self.kind == STORED:
            bits.at = (bits.at | 15) + 1
            place = bits.at >> 3
            head = bits.data[place : place + 12]
            if len(head) < 12:
                raise Damaged("its bits end too early")
            self.recent = list(struct.unpack("<3I", head))
            bits.at += 96
            self.odd = self.left & 1 == 1
            return
        if self.kind not in (VERBATIM, ALIGNED):
            raise Damaged(f"a block of LZX has the type {self.kind}")
        if self.kind == ALIGNED:
            self.aligned = Codes([bits.take(3) for _ in range(ALIGNED_CODES)])
        _lengths(bits, self.main_lengths, 0, LITERALS)
        _lengths(bits, self.main_lengths, LITERALS, len(self.main_lengths))
        self.main = Codes(self.main_lengths)
        _lengths(bits, self.length_lengths, 0, LENGTHS)
        self.length = Codes(self.length_lengths)

    def _stored(self, bits: Bits, until: int) -> None:
        place = bits.at >> 3
        count = until - len(self.out)
        data = bits.data[place : place + count]
        if len(data) < count:
            raise Damaged("its bytes end too early")
        self.out += data
        bits.at += count * 8

    def _matches(self, bits: Bits, until: int) -> None:
        """Literals and matches up to a length of the output. The bits are read in place: a call for each would take most of the time."""
        out = self.out
        wide, end, at = bits.wide, bits.end, bits.at
        main, main_long = self.main.table, self.main.entry
        first, second, third = self.recent
        aligned = self.kind == ALIGNED
        done = len(out)
        while done < until:
            if at >= end:
                raise Damaged("its bits end too early")
            window = wide[at >> 4] >> (32 - (at & 15)) & 0xFFFF
            entry = main[window >> (LONGEST_CODE - SHORT_CODE)] or main_long(window)
            at += entry & 31
            symbol = entry >> 5
            if symbol < LITERALS:
                out.append(symbol)
                done += 1
                continue
            bits.at = at
            slot, length = divmod(symbol - LITERALS, HEADERS)
            if length == HEADERS - 1:
                length += self.length.take(bits)
            length += SHORTEST
            if slot == 0:
                offset = first
            elif slot == 1:
                offset, second = second, first
            elif slot == 2:
                offset, third = third, first
            else:
                extra = EXTRA[slot]
                if aligned and extra >= 3:
                    offset = BASE[slot] + (bits.take(extra - 3) << 3) + self.aligned.take(bits) - 2
                else:
                    offset = BASE[slot] + bits.take(extra) - 2
                second, third = first, second
            first = offset
            at = bits.at
            if not 0 < offset <= min(done, self.window):
                raise Damaged(f"a match goes {offset} bytes back, and there are {min(done, self.window)}")
            done += length
            if done > until:
                raise Damaged("a match goes beyond its block")
            _copy(out, offset, length)
        bits.at = at
        bits.check()
        self.recent = [first, second, third]

    def _translated(self, made: bytes, place: int) -> bytes:
        """Targets of calls (E8 and 32 bits) as they were before packing: relative again. The packer made them absolute, so that equal ones match."""
        found = made.find(CALL, 0, max(0, len(made) - NO_CALL))
        if found < 0:
            return made
        data = bytearray(made)
        while found >= 0:
            current = place + found
            (target,) = struct.unpack_from("<i", data, found + 1)
            if -current <= target < self.call_size:
                relative = target - current if target >= 0 else target + self.call_size
                struct.pack_into("<I", data, found + 1, relative & 0xFFFFFFFF)
            found = data.find(CALL, found + 5, max(0, len(data) - NO_CALL))
        return bytes(data)


def _copy(out: bytearray, offset: int, length: int) -> None:
    """Append a match; one that is longer than its offset repeats itself."""
    start = len(out) - offset
    if length <= offset:
        out += out[start : start + length]
    else:
        piece = bytes(out[start:])
        out += (piece * (length // offset + 1))[:length]


def _lengths(bits: Bits, lengths: List[int], start: int, end: int) -> None:
    """Read the lengths of codes, as differences from those of the block before, packed with a tree of their own. Raises Damaged."""
    codes = Codes([bits.take(4) for _ in range(PRETREE)])
    place = start
    while place < end:
        code = codes.take(bits)
        count, value = _run(bits, codes, code, lengths[place])
        if place + count > end:
            raise Damaged("the lengths of its codes are more than it has codes")
        lengths[place : place + count] = [value] * count
        place += count


def _run(bits: Bits, codes: Codes, code: int, old: int) -> Tuple[int, int]:
    """How many lengths a code of the pretree stands for, and their value."""
    if code == 17:
        return bits.take(4) + 4, 0
    if code == 18:
        return bits.take(5) + 20, 0
    count = 1
    if code == 19:
        count = bits.take(1) + 4
        code = codes.take(bits)
        if code > LONGEST_CODE:
            raise Damaged("the lengths of its codes have a repetition in a repetition")
    return count, (old - code) % (LONGEST_CODE + 1)

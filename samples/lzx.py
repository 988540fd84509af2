"""A packer for LZX, as cabinets have it: matches by a table of three bytes, trees of each block, calls made absolute.

Source: [MS-PATCH], "LZX DELTA Compression and Decompression"; [MS-CAB], CFFOLDER. It is written for samples and tests: what matters is that it uses
everything that the format has, and not how small the result is.
"""

from __future__ import annotations

import heapq
import struct
from typing import Dict, List, NamedTuple, Sequence, Tuple

FRAME = 0x8000
VERBATIM, ALIGNED, STORED = 1, 2, 3
SLOTS = {15: 30, 16: 32, 17: 34, 18: 36, 19: 38, 20: 42, 21: 50}
LONGEST = 257


class Token(NamedTuple):
    """A literal (`length` 1, `symbol` its byte) or a match: its slot, the bits that follow it, and how many."""

    length: int
    symbol: int
    slot: int = 0
    bits: int = 0
    extra: int = 0


class Bits:
    """Bits as they are written: 16-bit words, the highest bit first."""

    def __init__(self) -> None:
        self.done: List[str] = []

    def put(self, value: int, count: int) -> None:
        """Write a number."""
        if count:
            self.done.append(f"{value:0{count}b}")

    def words(self) -> bytes:
        """What was written, filled up to a word; the next bits begin anew."""
        text = "".join(self.done)
        text += "0" * (-len(text) % 16)
        self.done = []
        return b"".join(struct.pack("<H", int(text[place : place + 16], 2)) for place in range(0, len(text), 16))


def slot_of(distance: int) -> Tuple[int, int, int]:
    """The position slot of a formatted offset, its base, and its number of extra bits."""
    slot = base = 0
    while True:
        extra = 0 if slot < 4 else min(17, (slot >> 1) - 1)
        if distance < base + (1 << extra):
            return slot, base, extra
        base += 1 << extra
        slot += 1


def code_lengths(counts: Sequence[int], most: int) -> List[int]:
    """Lengths of a Huffman code, none above `most`. A code has two symbols at least, and none when nothing is counted."""
    weights = list(counts)
    if not any(weights):
        return [0] * len(weights)
    if sum(1 for weight in weights if weight) == 1:
        weights[0 if not weights[0] else 1] = 1
    while True:
        heap = [(weight, symbol, (symbol,)) for symbol, weight in enumerate(weights) if weight]
        heapq.heapify(heap)
        lengths = [0] * len(weights)
        while len(heap) > 1:
            first, second = heapq.heappop(heap), heapq.heappop(heap)
            for symbol in first[2] + second[2]:
                lengths[symbol] += 1
            heapq.heappush(heap, (first[0] + second[0], min(first[1], second[1]), first[2] + second[2]))
        if max(lengths) <= most:
            return lengths
        weights = [(weight + 1) >> 1 for weight in weights]


def canonical(lengths: Sequence[int]) -> Dict[int, Tuple[int, int]]:
    """For each symbol its code and the code's length."""
    codes = {}
    code = before = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - before
        codes[symbol] = code, length
        code += 1
        before = length
    return codes


def put_lengths(bits: Bits, old: Sequence[int], new: Sequence[int]) -> None:
    """Lengths of codes as differences, with runs of zeros and of equal lengths."""
    steps: List[Tuple[int, int, int]] = []
    place = 0
    while place < len(new):
        run = 1
        while place + run < len(new) and new[place + run] == new[place] and run < 51:
            run += 1
        if new[place] == 0 and run >= 20:
            steps.append((18, run - 20, 5))
        elif new[place] == 0 and run >= 4:
            run = min(run, 19)
            steps.append((17, run - 4, 4))
        elif run >= 4:
            run = min(run, 5)
            steps.append((19, run - 4, 1))
            steps.append(((old[place] - new[place]) % 17, 0, 0))
        else:
            run = 1
            steps.append(((old[place] - new[place]) % 17, 0, 0))
        place += run
    counts = [0] * 20
    for code, _, _ in steps:
        counts[code] += 1
    lengths = code_lengths(counts, 15)
    for length in lengths:
        bits.put(length, 4)
    codes = canonical(lengths)
    for code, value, extra in steps:
        bits.put(*codes[code])
        bits.put(value, extra)


def absolute_calls(plain: bytes, size: int) -> bytes:
    """Targets of E8 calls made absolute, block by block of the cabinet."""
    data = bytearray(plain)
    for start in range(0, len(data), FRAME):
        place = start
        last = min(start + FRAME, len(data)) - 10
        while place < last:
            if data[place] == 0xE8:
                (target,) = struct.unpack_from("<i", data, place + 1)
                if -place <= target < size:
                    struct.pack_into("<i", data, place + 1, target + place if target < size - place else target - size)
                place += 4
            place += 1
    return bytes(data)


def tokens_of(plain: bytes, start: int, end: int, window: int, recent: List[int], seen: Dict[bytes, int]) -> List[Token]:
    """Literals and matches of a part of the data. `recent` and `seen` go on from part to part."""
    found = []
    place = start
    while place < end:
        until = min(end, (place // FRAME + 1) * FRAME, place + LONGEST)
        key = plain[place : place + 3]
        offset = place - seen.get(key, -1 << 30)
        choices = [item for item in recent if item <= place] + ([offset] if offset <= min((1 << window) - 3, place) else [])
        best = length = 0
        for item in choices:
            here, there = place, place - item
            if plain[here] != plain[there]:
                continue
            while plain[here : here + 16] == plain[there : there + 16] and here + 16 <= until:  # most of a long match, faster
                here, there = here + 16, there + 16
            while here < until and plain[here] == plain[there]:
                here, there = here + 1, there + 1
            count = here - place
            if count > length:
                best, length = item, count
        if length < (2 if best in recent else 3):
            length = 1
            found.append(Token(1, plain[place]))
        elif best in recent:
            slot = recent.index(best)
            recent[0], recent[slot] = recent[slot], recent[0]
            found.append(Token(length, 256, slot))
        else:
            recent[:] = [best, recent[0], recent[1]]
            slot, base, extra = slot_of(best + 2)
            found.append(Token(length, 256, slot, best + 2 - base, extra))
        for step in range(place, place + length):
            seen[plain[step : step + 3]] = step
        place += length
    return found


def header_of(token: Token) -> int:
    """The symbol of the main tree."""
    return token.symbol if token.length == 1 else 256 + 8 * token.slot + min(token.length - 2, 7)


class Packer:
    """LZX of a whole folder. `blocks` are the types and sizes of its blocks of LZX, taken in turn; `calls` is the size for which calls are translated."""

    def __init__(self, window: int, blocks: Sequence[Tuple[int, int]] = ((VERBATIM, 40000), (ALIGNED, 50001), (STORED, 3001)), calls: int = 0) -> None:
        self.window = window
        self.blocks = blocks
        self.calls = calls

    def __call__(self, plain: bytes) -> List[bytes]:
        """The packed bytes of each block of the cabinet."""
        if self.calls:
            plain = absolute_calls(plain, self.calls)
        bits = Bits()
        frames: List[bytes] = []
        current = b""
        bits.put(1 if self.calls else 0, 1)
        if self.calls:
            bits.put(self.calls, 32)
        main, length_tree = [0] * (256 + 8 * SLOTS[self.window]), [0] * 249
        recent = [1, 1, 1]
        seen: Dict[bytes, int] = {}
        place = turn = 0
        while place < len(plain):
            kind, size = self.blocks[turn % len(self.blocks)]
            turn += 1
            end = min(len(plain), place + size)
            bits.put(kind, 3)
            bits.put(end - place, 24)
            if kind == STORED:
                current += bits.words() if sum(map(len, bits.done)) % 16 else bits.words() + b"\0\0"
                current += struct.pack("<III", *recent)
                odd = (end - place) & 1
                while place < end:
                    step = min(end, (place // FRAME + 1) * FRAME)
                    current += plain[place:step]
                    place = step
                    if place == end and odd:
                        current += b"\0"
                    if place % FRAME == 0:
                        frames.append(current)
                        current = b""
                continue
            tokens = tokens_of(plain, place, end, self.window, recent, seen)
            if kind == ALIGNED:
                counts = [0] * 8
                for token in tokens:
                    if token.extra >= 3:
                        counts[token.bits & 7] += 1
                aligned = code_lengths(counts, 7)
                if not any(aligned):
                    aligned = [3] * 8
                for item in aligned:
                    bits.put(item, 3)
                aligned_codes = canonical(aligned)
            counts, lengths = [0] * len(main), [0] * 249
            for token in tokens:
                counts[header_of(token)] += 1
                if token.length >= 9:
                    lengths[token.length - 9] += 1
            new_main, new_length = code_lengths(counts, 16), code_lengths(lengths, 16)
            put_lengths(bits, main[:256], new_main[:256])
            put_lengths(bits, main[256:], new_main[256:])
            put_lengths(bits, length_tree, new_length)
            main, length_tree = new_main, new_length
            main_codes, length_codes = canonical(main), canonical(length_tree)
            for token in tokens:
                bits.put(*main_codes[header_of(token)])
                if token.length >= 9:
                    bits.put(*length_codes[token.length - 9])
                if kind == ALIGNED and token.extra >= 3:
                    bits.put(token.bits >> 3, token.extra - 3)
                    bits.put(*aligned_codes[token.bits & 7])
                else:
                    bits.put(token.bits, token.extra)
                place += token.length
                if place % FRAME == 0:
                    frames.append(current + bits.words())
                    current = b""
        if place % FRAME:
            frames.append(current + bits.words())
        return frames

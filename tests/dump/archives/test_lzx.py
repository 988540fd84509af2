"""LZX against a packer of its own: every window, type of block, length and offset, and bits that are none."""

from __future__ import annotations

import random
from typing import Iterator, List, Tuple

import pytest
from samples.archives import lzx_cabinet
from samples.lzx import ALIGNED, STORED, VERBATIM, Bits, Packer
from tests.amount import part, some

from dumpscope.dump.archives.cabinet import Cabinet
from dumpscope.dump.archives.lzx import Codes, Damaged, Lzx
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError

MIXED = ((VERBATIM, 40000), (ALIGNED, 50001), (STORED, 3001))


def mixture(size: int, seed: int = 1) -> bytes:
    """Bytes with repetitions near and far, runs, calls and noise."""
    chance = random.Random(seed)
    words = [chance.getrandbits(8 * size).to_bytes(size, "little") for size in (chance.randrange(2, 40) for _ in range(200))]
    out = bytearray()
    while len(out) < size:
        kind = chance.random()
        if kind < 0.6:
            out += chance.choice(words)
        elif kind < 0.7:
            out += b"\xe8" + chance.randrange(-200000, 200000).to_bytes(4, "little", signed=True)
        elif kind < 0.8:
            out += bytes((chance.randrange(256),)) * chance.randrange(1, 400)
        elif kind < 0.9 and len(out) > 1000:
            start = chance.randrange(len(out))
            out += out[start : start + chance.randrange(2, 300)]
        else:
            out += bytes(chance.randrange(256) for _ in range(chance.randrange(1, 30)))
    return bytes(out[:size])


def unpacked(packer: Packer, plain: bytes) -> bytes:
    cabinet = Cabinet(Source(lzx_cabinet([("a.bin", plain)], packer), "a.cab"))
    return b"".join(cabinet.chunks(cabinet.members()[0]))


SIZES = [1, 2, 3, 10, 11, 300, 32767, 32768, 32769, 65536, 100001]


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: int) -> None:
    """Without calls and with them, or in turn."""
    plain = mixture(size)
    for calls in some([0, size], SIZES.index(size), 2):
        assert unpacked(Packer(16, MIXED, calls=calls), plain) == plain


@pytest.mark.parametrize("window", some(range(15, 22), 0))
def test_windows(window: int) -> None:
    plain = mixture(3000, window) + random.Random(window).getrandbits(8 * 70000).to_bytes(70000, "little")
    plain += plain[:3000] + plain[-200:] * 3
    assert unpacked(Packer(window), plain) == plain


@pytest.mark.parametrize(
    "blocks",
    [
        ((VERBATIM, 20000),),
        ((ALIGNED, 70001),),
        ((STORED, 70001),),
        ((STORED, 1), (VERBATIM, 7), (STORED, 2), (ALIGNED, 9)),
        ((VERBATIM, 777), (ALIGNED, 1001), (STORED, 333), (VERBATIM, 5)),
        ((STORED, 32768), (VERBATIM, 32768)),
    ],
    ids=["verbatim", "aligned", "stored", "tiny", "small", "frames"],
)
def test_blocks_of_each_type_begin_and_end_anywhere(blocks: Tuple[Tuple[int, int], ...]) -> None:
    plain = mixture(110000 if blocks[0][1] > 5 else 3000, 2)
    assert unpacked(Packer(17, blocks, calls=150000), plain) == plain


@pytest.mark.parametrize("size", [0, 50, 40000, 0x7FFFFFFF])
def test_targets_of_calls_are_relative_again(size: int) -> None:
    targets = [-1, 0, 1, -40, 39999, 40000, 5000000, -2147483648, 2147483647]
    plain = b"".join(b"\x90" * 3 + b"\xe8" + target.to_bytes(4, "little", signed=True) for target in targets * 30)
    plain = plain * 20 + b"\xe8\x00\x00\x00\x00\xe8\x01\x00\x00\x00\xe8"
    packer = Packer(18, calls=size)
    assert unpacked(packer, plain) == plain
    assert (b"".join(packer(plain)) == b"".join(Packer(18)(plain))) == (not size)


def test_what_is_long_ago_is_in_the_window_or_not() -> None:
    """A match may go as far back as the window is large, and no farther, however the output is kept."""
    noise = random.Random(3).getrandbits(8 * 32000).to_bytes(32000, "little")
    plain = noise * 9
    assert unpacked(Packer(15), plain) == plain


def test_long_codes() -> None:
    """Symbols that occur 2^n times make codes of all lengths, up to 16 bits."""
    plain = b"".join(bytes((symbol,)) * (1 << max(0, symbol - 3)) for symbol in range(17))
    shuffled = bytearray(plain[:40000])
    random.Random(4).shuffle(shuffled)
    plain = bytes(shuffled)
    assert unpacked(Packer(15, ((VERBATIM, 60000),)), plain) == plain


def frame(*parts: Tuple[int, int]) -> bytes:
    bits = Bits()
    for value, count in parts:
        bits.put(value, count)
    return bits.words()


EMPTY_TREE = [(0, 4)] * 20
ONE_CODE = [(1, 4), (1, 4)] + [(0, 4)] * 18
"""A pretree with two codes of one bit: 0 keeps a length, 1 makes it one less, which is 16 of 0."""
TOO_MANY = [(0, 4)] * 18 + [(1, 4), (1, 4)]
"""A pretree with 18 and 19 alone."""

DAMAGED: List[Tuple[str, bytes, str]] = [
    ("empty", b"", "its bits end too early"),
    ("type-0", frame((0, 1), (0, 3), (9, 24)), "has the type 0"),
    ("type-7", frame((0, 1), (7, 3), (9, 24)), "has the type 7"),
    ("stored-head", frame((0, 1), (3, 3), (9, 24)) + b"\1\0\0\0" * 2, "its bits end too early"),
    ("stored-bytes", frame((0, 1), (3, 3), (9, 24)) + b"\1\0\0\0" * 3 + b"x", "its bytes end too early"),
    ("no-pretree", frame((0, 1), (1, 3), (9, 24), *EMPTY_TREE) + bytes(200), "a code is used of which there is none"),
    ("over-full", frame((0, 1), (1, 3), (9, 24), *[(1, 4)] * 20) + bytes(200), "make no code"),
    ("one-code", frame((0, 1), (1, 3), (9, 24), (1, 4), *[(0, 4)] * 19) + bytes(200), "make no code"),
    ("run-beyond", frame((0, 1), (1, 3), (9, 24), *TOO_MANY, *[(0, 1), (31, 5)] * 6), "more than it has codes"),
    ("run-in-run", frame((0, 1), (1, 3), (9, 24), *TOO_MANY, (1, 1), (0, 1), (1, 1)) + bytes(9), "a repetition in a repetition"),
    ("full-of-16", frame((0, 1), (1, 3), (9, 24), *ONE_CODE, *[(1, 1)] * 255), "its bits end too early"),
    ("aligned-tree", frame((0, 1), (2, 3), (9, 24), *[(1, 3)] * 8) + bytes(9), "make no code"),
]


@pytest.mark.parametrize(("data", "said"), [row[1:] for row in DAMAGED], ids=[row[0] for row in DAMAGED])
def test_bits_that_are_none(data: bytes, said: str) -> None:
    with pytest.raises(Damaged, match=said):
        Lzx(15).block(data, 9)


def test_a_match_before_the_beginning() -> None:
    main = [0] * (256 + 8 * 30)
    main[65], main[256] = 1, 1
    codes = Lzx(15)
    codes.started, codes.kind, codes.left, codes.main = True, VERBATIM, 9, Codes(main)
    with pytest.raises(Damaged, match="a match goes 1 bytes back, and there are 0"):
        codes.block(frame((1, 1), (0, 15)), 9)
    codes = Lzx(15)
    codes.started, codes.kind, codes.left, codes.main = True, VERBATIM, 9, Codes(main)
    assert codes.block(frame((0, 1), (1, 1), (1, 1), (1, 1), (1, 1)), 9) == b"A" * 9
    codes = Lzx(15)
    codes.started, codes.kind, codes.left, codes.main = True, VERBATIM, 9, Codes(main)
    with pytest.raises(Damaged, match="beyond its block"):
        codes.block(frame((0, 1), (0, 1), (1, 1), (1, 1), (1, 1), (1, 1)), 9)


def test_the_longest_code() -> None:
    lengths = [*range(1, 17), 16]
    codes = Codes(lengths)
    found = [(codes.entry(bits) >> 5, codes.entry(bits) & 31) for bits in (0, 0x7FFF, 0x8000, 0xFFFD, 0xFFFE, 0xFFFF)]
    assert found == [(0, 1), (0, 1), (1, 2), (14, 15), (15, 16), (16, 16)]
    with pytest.raises(Damaged, match="make no code"):
        Codes(lengths[:-1])
    with pytest.raises(Damaged, match="make no code"):
        Codes([*lengths, 16])


def changes(data: bytes) -> Iterator[bytes]:
    chance = random.Random(len(data))
    for _ in range(part(400, 8)):
        made = bytearray(data)
        for _ in range(chance.choice((1, 1, 3))):
            made[chance.randrange(len(made))] = chance.randrange(256)
        yield bytes(made[: chance.choice((len(made), chance.randrange(len(made))))])


@pytest.mark.parametrize(("blocks", "size"), [(MIXED, 0x8000), (((STORED, 3), (ALIGNED, 90)), 2000), (((VERBATIM, 1),), 60)], ids=["mixed", "small", "one"])
def test_no_change_of_bits_ends_in_another_error(blocks: Tuple[Tuple[int, int], ...], size: int) -> None:
    first = Packer(15, blocks, calls=9999)(mixture(size, 7))[0]
    outcomes = set()
    for data in changes(first):
        try:
            outcomes.add(len(Lzx(15).block(data, size)))
        except Damaged as error:
            outcomes.add(str(error)[:30])
    assert len(outcomes) > 2
    assert {item for item in outcomes if isinstance(item, int)} <= {size}


def test_memory_of_a_long_folder_is_two_windows() -> None:
    plain = mixture(32768, 9)
    codes = Lzx(15)
    largest = 0
    for data in Packer(15)(plain * 12):
        assert codes.block(data, len(plain)) == plain
        largest = max(largest, len(codes.out))
    assert largest <= 3 * 32768


@pytest.mark.parametrize("window", [0, 14, 22, 31])
def test_windows_that_there_are_not(window: int) -> None:
    with pytest.raises(DumpError, match=rf"a window of 2\^{window} bytes is none that LZX has"):
        Lzx(window)

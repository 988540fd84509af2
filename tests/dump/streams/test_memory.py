"""Captured memory: ranges as columns, overlaps, the end of the address space."""

from __future__ import annotations

import random
import struct
from array import array
from typing import List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder, find_entry, patch
from tests.fuzz.dumps import Dump

from dumpscope import Minidump, NotInDump
from dumpscope.dump.streams.memory import _DIGITS, ADDRESS_END, _ends


def plain_ends(starts: List[int], sizes: List[int]) -> Optional[List[int]]:
    """The same, one after the other."""
    ends = [start + size for start, size in zip(starts, sizes)]
    if any(not size for size in sizes) or any(number >> 63 for number in [*starts, *sizes, *ends]):
        return None
    return None if any(end > start for end, start in zip(ends, starts[1:])) else ends


def both(starts: List[int], sizes: List[int]) -> None:
    found = _ends(array("Q", starts), array("Q", sizes))
    assert (None if found is None else found.tolist()) == plain_ends(starts, sizes)


def test_columns_are_added_as_numbers_are() -> None:
    top = 1 << 63
    edges = [0, 1, 2, 0x1000, 0xFFFFFFFF, 1 << 32, top - 2, top - 1, top, top + 1, ADDRESS_END - 1]
    both([], [])
    for start in edges:
        for size in edges:
            both([start], [size])
            for other in edges:
                both([start, other], [size, 1])
                both([0x10, start, other], [0x10, size, size])


@pytest.mark.parametrize("count", [_DIGITS - 1, _DIGITS, _DIGITS + 1, 2 * _DIGITS, 3 * _DIGITS + 7])
def test_columns_longer_than_a_block(count: int) -> None:
    """One fault anywhere is noticed, at the seams of the blocks too."""
    starts, sizes = [], []
    address = 0x10000
    chance = random.Random(count)
    for _ in range(count):
        size = chance.choice((1, 0x1000, 0x3001))
        starts.append(address)
        sizes.append(size)
        address += size + chance.choice((0, 0, 0x1000))
    both(starts, sizes)
    assert _ends(array("Q", starts), array("Q", sizes)) is not None
    for place in {0, 1, count - 1, count - 2, (_DIGITS - 1) % count, _DIGITS % count, count // 2}:
        both(starts, [*sizes[:place], 0, *sizes[place + 1 :]])
        both(starts, [*sizes[:place], sizes[place] + 0x1001, *sizes[place + 1 :]])
        both([*starts[:place], starts[place] | 1 << 63, *starts[place + 1 :]], sizes)


def dump_of(ranges: List[Tuple[int, bytes]], *, full: bool) -> Minidump:
    made = Dump(2 if full else 0).basics()
    if not full:
        rows = [struct.pack("<QII", start, len(data), made.put(data)) for start, data in ranges]
        made.stream(5, struct.pack("<I", len(rows)) + b"".join(rows))
        return Minidump.open(made.build())
    at = made.stream(9, struct.pack("<QQ", len(ranges), 0) + b"".join(struct.pack("<QQ", start, len(data)) for start, data in ranges))
    image = bytearray(made.build())
    struct.pack_into("<Q", image, at + 8, len(image))
    return Minidump.open(bytes(image) + b"".join(data for _, data in ranges))


@pytest.mark.parametrize("full", [False, True])
def test_the_address_space_has_an_end(full: bool) -> None:
    """A range that goes on behind 2^64 is cut there; a read that does is refused, the first time and the second."""
    dump = dump_of([(ADDRESS_END - 16, bytes(range(64)))], full=full)
    for _ in range(2):
        assert dump.memory.read(ADDRESS_END - 16, 16) == bytes(range(16))
        assert dump.memory.some(ADDRESS_END - 1, 8) == b"\x0f"
        with pytest.raises(NotInDump):
            dump.memory.read(ADDRESS_END - 1, 8)
    assert dump.memory.total == 16
    assert max(end for _, end, _ in dump.memory.spans()) == ADDRESS_END


@pytest.mark.parametrize("full", [False, True])
def test_ranges_that_overlap_or_stand_out_of_order(full: bool) -> None:
    one, other = bytes([1]) * 0x100, bytes([2]) * 0x100
    dump = dump_of([(0x2000, other), (0x1F80, one)], full=full)
    assert dump.memory.read(0x1F80, 0x180) == one + other[:0x80]
    dump = dump_of([(0x1000, one), (0x1100, other)], full=full)
    assert dump.memory.read(0x10FF, 2) == b"\1\2"


def test_sizes_that_add_up_to_more_than_64_bits() -> None:
    """A range has the same place by its number, in a walk and in a slice; what the file holds can be read, the rest cannot."""
    made = Dump(2).basics()
    sizes = [0x20, (1 << 64) - 1, (1 << 64) - 1, 0x10]
    at = made.stream(9, struct.pack("<QQ", len(sizes), 0) + b"".join(struct.pack("<QQ", 0x10000 * (index + 1), size) for index, size in enumerate(sizes)))
    image = bytearray(made.build())
    struct.pack_into("<Q", image, at + 8, len(image))
    with Minidump.open(bytes(image) + bytes(range(0x30))) as dump:
        ranges = list(dump.memory64_list)
        assert [dump.memory64_list[index] for index in range(4)] == ranges == dump.memory64_list[:]
        assert [item.rva - len(image) for item in ranges] == [0, 0x20, (1 << 64) + 0x1F, (2 << 64) + 0x1E]
        assert dump.memory64_list.total == sum(sizes)
        assert dump.memory.read(0x10000, 0x20) == bytes(range(0x20))
        assert dump.memory.read(0x20000, 0x10) == bytes(range(0x20, 0x30))
        assert dump.memory.total == 0x30
        with pytest.raises(NotInDump):
            dump.memory.read(0x20000, 0x11)


@pytest.mark.parametrize("full", [False, True])
def test_reading_agrees_with_the_pieces(full: bool) -> None:
    """Whatever was asked before: each read is the bytes of the pieces, or refused where one of them is a gap."""
    chance = random.Random(full)
    ranges = [(0x1000, b"a" * 0x30), (0x1030, b"b" * 0x10), (0x2000, b"c" * 0x40), (ADDRESS_END - 0x20, b"d" * 0x20)]
    for _ in range(40):
        with dump_of(ranges, full=full) as dump:
            for _ in range(12):
                base, data = chance.choice(ranges)
                address = max(0, min(base + chance.randrange(-4, len(data) + 4), ADDRESS_END))
                size = chance.randrange(0x50)
                pieces = [piece.data for piece in dump.memory.pieces(address, size)]
                if address + size > ADDRESS_END or None in pieces:
                    with pytest.raises(NotInDump):
                        dump.memory.read(address, size)
                else:
                    assert dump.memory.read(address, size) == b"".join(piece for piece in pieces if piece is not None)


def test_the_first_region_in_the_file_holds_an_address() -> None:
    """In any order, empty, nested and laid over each other: as a walk through the list finds it."""
    chance = random.Random(5)
    for _ in range(60):
        extents = [(chance.randrange(0, 40) * 0x1000, chance.choice((0, 1, 1, 1, 2, 7)) * 0x1000) for _ in range(chance.randrange(12))]
        extents = chance.choice((extents, sorted(extents), [(0x1000 * place, 0x1000) for place in range(10)]))
        made = Dump(0).basics()
        rows = b"".join(struct.pack("<QQIIQIIII", base, base, 4, 0, size, 0x1000, 4, 0x20000, 0) for base, size in extents)
        made.stream(16, struct.pack("<IIQ", 16, 48, len(extents)) + rows)
        with Minidump.open(made.build()) as dump:
            for address in range(0, 50 * 0x1000, 0x800):
                found = dump.regions.at(address)
                expected = next((region for region in dump.regions if region.base <= address < region.end), None)
                assert found == expected


def test_a_module_inside_many_others() -> None:
    """However many small modules lie in a large one, an address between them is the large one's."""
    chance = random.Random(3)
    for _ in range(40):
        extents = [(chance.randrange(60) * 0x1000, chance.choice((0, 1, 1, 2, 50)) * 0x1000) for _ in range(chance.randrange(30))]
        made = Dump(0).basics()
        made.streams = [row for row in made.streams if row[0] != 4]
        rows = b"".join(struct.pack("<QIIII", base, size, 0, 0, 0).ljust(108, b"\0") for base, size in extents)
        made.stream(4, struct.pack("<I", len(extents)) + rows)
        with Minidump.open(made.build()) as dump:
            for address in range(0, 115 * 0x1000, 0x800):
                inside = [module for module in dump.modules if module.base <= address < module.base + module.size]
                expected = max(inside, key=lambda module: (module.base, module.size, module.index), default=None)
                assert dump.modules.at(address) == expected


# --- Memory64ListStream whose sizes lie ------------------------------------------------------------------------------


def full(count: int, *, claimed: Optional[int] = None, more: int = 0, cut: Optional[int] = None) -> Minidump:
    """A full dump of ``count`` pages; its list claims another count, its entry is larger, or the file ends inside the list."""
    made = DumpBuilder(flags=2)
    made.add_system_info()
    for index in range(count):
        made.add_full_memory(0x10000 * (index + 1), bytes([index]) * 0x1000)
    made.add_memory64_list()
    data = made.build()
    entry, size, rva = find_entry(data, 9)
    data = patch(data, ("<I", entry + 4, size + more))
    if claimed is not None:
        data = patch(data, ("<Q", rva, claimed))
    return Minidump.open(data if cut is None else data[: rva + cut])


@pytest.mark.parametrize(("count", "claimed"), [(1, 2), (2, 1), (3, 5), (4, 2)])
def test_the_sizes_of_a_list_that_lies_are_told(count: int, claimed: int) -> None:
    (damage, *_) = full(count, claimed=claimed).memory64_list.damage
    needed, size = 16 + 16 * claimed, 16 + 16 * count
    assert (damage.code, damage.needed, damage.available) == ("stream-size-mismatch", needed, size)
    assert damage.message == f"Memory64ListStream: the directory says 0x{size:x} bytes, {claimed} records need 0x{needed:x}"


@pytest.mark.parametrize(("cut", "words"), [(0, "none of them"), (40, "0x28 of them"), (16, "0x10 of them")])
def test_a_list_that_the_file_cuts_says_how_much_is_there(cut: int, words: str) -> None:
    found = full(3, cut=cut).memory64_list
    assert any(words in damage.message for damage in found.damage) or (cut < 16 and len(found) == 0)
    assert len(found) == max(0, cut - 16) // 16


def test_a_full_list_adds_up() -> None:
    found = full(3).memory64_list
    assert [(item.index, item.start, item.size, item.rva, item.held, item.stream) for item in found] == [
        (index, 0x10000 * (index + 1), 0x1000, found.base_rva + 0x1000 * index, 0x1000, 9) for index in range(3)
    ]
    assert (found.total, found.expected_file_size) == (0x3000, found.base_rva + 0x3000)
    assert [item.index for item in found.walk(1)] == [1, 2]
    assert [item.rva for item in found.walk(-1)] == [found.base_rva + 0x2000]
    assert found[2].rva == found.base_rva + 0x2000
    assert found[0].end == 0x11000

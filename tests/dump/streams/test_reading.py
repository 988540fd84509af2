"""The two ways of a read of memory: at once from the columns laid side by side, or piece by piece. They agree, and the fast one is taken."""

from __future__ import annotations

import random
import struct
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder, Module, Thread, ThreadInfo
from tests.cases import each

from dumpscope import Minidump, NotInDump
from dumpscope.dump.streams.memory import ADDRESS_END, Memory
from dumpscope.dump.streams.modules import decode_codeview

Ranges = Sequence[Tuple[int, bytes]]


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Dict[str, int]:
    """How often memory is walked piece by piece, sorted, and laid side by side."""
    made = {"pieces": 0, "_prepare_reading": 0, "_sorted": 0}

    def counted(name: str) -> Any:
        plain = getattr(Memory, name)

        def call(*words: Any) -> Any:
            made[name] += 1
            return plain(*words)

        return staticmethod(call) if name == "_sorted" else call

    for name in made:
        monkeypatch.setattr(Memory, name, counted(name))
    return made


def memory_of(small: Ranges, full: Ranges) -> Memory:
    """A dump with these ranges in its two lists."""
    builder = DumpBuilder(flags=2 if full else 0)
    builder.add_system_info()
    for start, data in small:
        builder.add_memory(start, data)
    builder.add_memory_list()
    if full:
        for start, data in full:
            builder.add_full_memory(start, data)
        builder.add_memory64_list()
    return Minidump.open(builder.build()).memory


def filled(number: int, size: int) -> bytes:
    return bytes((number * 53 + 7 * place) % 251 + 1 for place in range(size))


THREE = [(0x1000, filled(1, 0x30)), (0x2000, filled(2, 0x20)), (0x2020, filled(3, 0x10))]


@pytest.mark.parametrize("where", ["small", "full", "both"])
def test_a_read_inside_one_range_is_not_made_of_pieces(counts: Dict[str, int], where: str) -> None:
    """Each range from its first byte to its last, the first read of all too; what reads need is laid out once."""
    memory = memory_of(THREE if where == "small" else THREE[:1] if where == "both" else (), THREE if where == "full" else THREE[1:] if where == "both" else ())
    for start, data in THREE:
        for first, size in ((0, len(data)), (0, 1), (len(data) - 1, 1), (1, len(data) - 1), (3, 4), (0, 0), (len(data) - 1, 0)):
            assert memory.read(start + first, size) == data[first : first + size]
    assert counts == {"pieces": 0, "_prepare_reading": 1, "_sorted": 0 if where == "full" else 1}


def test_only_a_read_over_a_seam_or_a_gap_is_made_of_pieces(counts: Dict[str, int]) -> None:
    memory = memory_of((), THREE)
    assert memory.read(0x201F, 2) == THREE[1][1][-1:] + THREE[2][1][:1]
    assert counts["pieces"] == 1
    assert memory.read(0x2000, 0x30) == THREE[1][1] + THREE[2][1]
    assert counts["pieces"] == 2
    for number, (address, size, first) in enumerate(
        [(0xFFF, 1, 0xFFF), (0xFFF, 2, 0xFFF), (0x1000, 0x31, 0x1030), (0x1030, 1, 0x1030), (0x2030, 1, 0x2030)], 3
    ):
        with pytest.raises(NotInDump, match=f"^0x{first:x} is not in the dump"):
            memory.read(address, size)
        assert counts["pieces"] == number
    assert counts["_prepare_reading"] == 1  # also after reads of what is not there


@pytest.mark.parametrize("full", [False, True])
def test_only_the_last_byte_of_the_address_space_is_read_piece_by_piece(counts: Dict[str, int], full: bool) -> None:
    ranges = [(0x1000, filled(1, 8)), (ADDRESS_END - 16, filled(2, 16))]
    memory = memory_of(() if full else ranges, ranges if full else ())
    assert memory.read(ADDRESS_END - 16, 15) == filled(2, 16)[:15]
    assert memory.read(ADDRESS_END - 2, 1) == filled(2, 16)[14:15]
    assert memory.read(0x1000, 8) == filled(1, 8)
    assert counts["pieces"] == 0
    assert memory.read(ADDRESS_END - 16, 16) == filled(2, 16)
    assert memory.read(ADDRESS_END - 1, 1) == filled(2, 16)[15:]
    assert counts["pieces"] == 2
    assert max(end for _, end, _ in memory.spans()) == ADDRESS_END


def test_a_dump_without_memory_reads_nothing(counts: Dict[str, int]) -> None:
    memory = memory_of((), ())
    for _ in range(2):
        with pytest.raises(NotInDump, match=r"^0x1000 is not in the dump"):
            memory.read(0x1000, 1)
    assert counts["pieces"] == 2


def some_ranges(chance: random.Random, first: int) -> Iterator[Tuple[int, bytes]]:
    """Ranges in any order: apart, touching, over each other, empty."""
    for number in range(chance.randrange(6)):
        yield first + chance.randrange(0x60), filled(number + 1, chance.choice((0, 1, 2, 8, 16, 40)))


@each("seed", range(30))
def test_both_ways_agree(seed: int) -> None:
    """Whatever ranges the two lists have, a read is what its pieces say, and these are what the walk over the spans says."""
    chance = random.Random(seed)
    first = chance.choice((0, 0x1000, 0x7FFFFFFFFFFFFFC0, ADDRESS_END - 0x90))
    small, full = ([] if chance.random() < 0.3 else list(some_ranges(chance, first)) for _ in range(2))
    memory, slow = memory_of(small, full), memory_of(small, full)
    bytes_at: Dict[int, int] = {}
    for start, end, rva in slow.spans():
        for place, value in enumerate(slow.source.some(rva, end - start)):
            assert start + place not in bytes_at
            bytes_at[start + place] = value
    assert set(bytes_at) == {start + place for start, data in [*small, *full] for place in range(len(data)) if start + place < ADDRESS_END}
    questions: List[Tuple[int, int]] = [(first + chance.randrange(0x90), chance.choice((0, 1, 2, 7, 16, 60))) for _ in range(120)]
    for address, size in questions:
        wanted = [bytes_at.get(address + place) for place in range(size)]
        pieces = b"".join(piece.data if piece.data is not None else bytes(piece.size) for piece in slow.pieces(address, size))
        assert pieces == bytes(value or 0 for value in wanted[: max(0, ADDRESS_END - address)])
        if None in wanted:
            with pytest.raises(NotInDump):
                memory.read(address, size)
        else:
            assert memory.read(address, size) == pieces


# --- lists and records beside memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claimed", "held", "words"), [(3, 2, "3 objects"), (1, 0, "1 object"), (5, 4, "5 objects")])
def test_a_list_of_shared_objects_that_the_file_cuts(claimed: int, held: int, words: str) -> None:
    """The damage names the place of the list, and how many bytes of it are needed and there."""
    builder = DumpBuilder()
    builder.add_system_info()
    name = builder.string("/lib/libc.so")
    rows = [struct.pack("<QI4xQ", 0x1000 * (index + 1), name, 0x5000 + index) for index in range(held)]
    at = builder.add_stream(0x4767000A, struct.pack("<III4xQQQ", 1, 0, claimed, 0x11, 0x22, 0x33))
    image = bytearray(builder.build())
    rva = len(image)
    struct.pack_into("<I", image, builder.entries[at][2] + 4, rva)
    found: Any = Minidump.open(bytes(image) + b"".join(rows) + bytes(23)).breakpad.shared_objects
    wanted = [(0x1000 * (index + 1), "/lib/libc.so", 0x5000 + index, rva + 24 * index) for index in range(held)]
    assert found.objects == wanted
    (damage,) = found.damage
    assert (damage.code, damage.offset, damage.needed, damage.available) == ("dso-outside-file", rva, 24 * claimed, 24 * held)
    assert damage.message == f"the dynamic linker's list at 0x{rva:x} claims {words}, the file holds {held}"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_whole_list_of_shared_objects_is_no_damage(count: int) -> None:
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_dso_debug([(0x1000 * index, f"lib{index}.so", index) for index in range(count)], 1, 2, 3)
    found: Any = Minidump.open(builder.build()).breakpad.shared_objects
    assert (len(found.objects), found.damage) == (count, ())


@pytest.mark.parametrize("age", [0x1E, 0x0102, 0x01020304, 0xFF000001])
@pytest.mark.parametrize("path", [b"\0", b"a.pdb\0", b""])
def test_the_age_of_a_codeview_record_has_four_bytes(age: int, path: bytes) -> None:
    old: Any = decode_codeview(b"NB10" + struct.pack("<III", 0xA1A2A3A4, 0x11121314, age) + path, 7)
    assert (old.age, old.key, old.path) == (age, f"11121314{age:X}", path.rstrip(b"\0").decode())
    new: Any = decode_codeview(b"RSDS" + bytes(range(1, 17)) + struct.pack("<I", age) + path, 7)
    assert (new.age, new.key, new.path) == (age, f"0403020106050807090A0B0C0D0E0F10{age:X}", path.rstrip(b"\0").decode())


@pytest.mark.parametrize(
    ("path", "names", "others"),
    [
        ("C:\\a\\One.Two.DLL", ["one.two", "one.two.dll", "ONE.TWO"], ["one", "one.two.dl", "two"]),
        ("C:\\a\\plain", ["plain", "PLAIN"], ["plai", ""]),
        ("C:\\a\\.hidden", [".hidden", ""], ["hidden", "hidde", "."]),
    ],
)
def test_a_module_by_its_name(path: str, names: List[str], others: List[str]) -> None:
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_module_list([Module(0x10000, 0x1000, "C:\\a\\x.exe"), Module(0x20000, 0x1000, path)])
    modules = Minidump.open(builder.build()).modules
    assert [[module.base for module in modules.named(name)] for name in names] == [[0x20000]] * len(names)
    assert [modules.named(name) for name in others] == [[]] * len(others)


@pytest.mark.parametrize("count", [1, 2, 7, 70])
def test_threads_and_their_information_one_by_one_and_all_at_once(count: int) -> None:
    """A row says where it stands in the file, however it is come by."""
    builder = DumpBuilder()
    builder.add_system_info()
    threads = builder.add_thread_list([Thread(0x10 + number, teb=0x7000 + number) for number in range(count)])
    infos = builder.add_thread_info([ThreadInfo(0x10 + number, affinity=number + 1) for number in range(count)])
    dump = Minidump.open(builder.build())
    lists: List[Any] = [dump.threads, dump.thread_infos]
    for table, at, head, stride in zip(lists, (threads, infos), (4, 12), (48, 64)):
        rows = list(table)
        first = builder.entries[at][2] + head
        assert [row.offset for row in rows] == [first + stride * number for number in range(count)]
        assert [row.tid for row in rows] == [0x10 + number for number in range(count)]
        assert [table[number] for number in range(count)] == rows == table[:]
        assert [table.find(0x10 + number) for number in range(count)] == rows
        assert table.find(0xF) is None

"""Small files that claim enormous things: answered at once, in little memory, and with the damage named."""

from __future__ import annotations

import struct
from typing import Dict

import pytest
from tests.amount import part, some
from tests.fuzz.driver import Broken, Checker
from tests.fuzz.dumps import Dump, handles

from dumpscope import Minidump
from dumpscope.dump.streams.breakpad import DsoDebug

TOP = 0xFFFFFFFF
MIB = part(1 << 20)
ROWS = part(20_000)
"""The sizes that a hostile file has, in bytes and in rows of a list."""


def counted(kind: int, element: int, count: int, size: int = -1, body: int = 4096) -> bytes:
    made = Dump(0x1806).basics()
    made.streams = [row for row in made.streams if row[0] != kind]
    made.stream(kind, struct.pack("<I", count) + bytes(range(1, 256)) * (body // 255), (4 + count * element) & TOP if size < 0 else size)
    return made.build()


def described(kind: int, head: bytes, body: int = 4096, size: int = -1) -> bytes:
    made = Dump(0x1806).basics()
    made.stream(kind, head + bytes(range(1, 256)) * (body // 255), size)
    return made.build()


def one_mib(kind: int, head: bytes) -> bytes:
    made = Dump(0x41806).basics()
    made.streams = [row for row in made.streams if row[0] != kind]
    made.stream(kind, head + bytes(MIB), TOP)
    return made.build()


def many_handles_of_one_long_name() -> bytes:
    """26,000 descriptors that share a name of 64 KiB: 1.6 GiB of text if each were decoded and shown in full."""
    made = Dump(4).basics()
    name = made.put(struct.pack("<I", 0xFFFE) + b"A\0" * 0x7FFF)
    kind = made.string("Event")
    made.stream(12, struct.pack("<IIII", 16, 40, 20, 0) + struct.pack("<QIIIIIIII", 4, kind, name, 0, 0, 0, 0, 0, 0) * 20)
    return made.build()


def overlapping_strings(count: int, *, types: bool = False) -> bytes:
    """Every descriptor has a name of 64 KiB at an RVA of its own, two bytes behind the one before: terabytes in all, if there were enough."""
    made = Dump(4).basics()
    text = made.put(struct.pack("<H", 0xFF00) * max(40000, count + 33000))  # wherever one looks, a length of 0xFF00FF00
    one, other = (lambda n: text + 4 + 2 * n), (lambda n: text)
    type_rva, name_rva = (one, other) if types else (other, one)
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * n, type_rva(n), name_rva(n), 0, 0, 0, 0, 0, 0) for n in range(count))
    made.stream(12, struct.pack("<IIII", 16, 40, count, 0) + rows)
    return made.build()


def overlapping_paths(kind: int, count: int) -> bytes:
    """The same for modules (4), unloaded modules (14) and names of threads (24)."""
    made = Dump(4)
    made.stream(7, struct.pack("<HHHBBIIIIIHH", 9, 6, 0, 8, 1, 10, 0, 19045, 2, 0, 0x100, 0).ljust(56, b"\0"))
    text = made.put(struct.pack("<H", 0xFF00) * (count + 33000))
    if kind == 4:
        rows = b"".join(struct.pack("<QIIII84x", 0x10000 * (n + 1), 0x1000, 0, 0, text + 2 * n) for n in range(count))
        made.stream(4, struct.pack("<I", count) + rows)
    elif kind == 14:
        rows = b"".join(struct.pack("<QIIII", 0x10000 * (n + 1), 0x1000, 0, 0, text + 2 * n) for n in range(count))
        made.stream(14, struct.pack("<III", 12, 24, count) + rows)
    else:
        threads = b"".join(struct.pack("<IIIIQQIIII", n + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0) for n in range(count))
        made.stream(3, struct.pack("<I", count) + threads)
        made.stream(24, struct.pack("<I", count) + b"".join(struct.pack("<IQ", n + 1, text + 2 * n) for n in range(count)))
    return made.build()


def one_name_for_all(count: int) -> bytes:
    """Every descriptor has the same type and name, of 64 KiB each: nothing is wrong with that, and a table of it is not to be gigabytes."""
    made = Dump(4).basics()
    text = made.string("n" * 0x7F00)
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * n, text, text, 0, 0, 0, 0, 0, 0) for n in range(count))
    made.stream(12, struct.pack("<IIII", 16, 40, count, 0) + rows)
    return made.build()


def one_name_for_all_objects(count: int) -> bytes:
    """Every object of the Linux dynamic linker's list has the same name of 64 KB, each character of which JSON spells with six."""
    made = Dump().basics()
    name = made.string("\1" * 32000)
    links = made.put(b"".join(struct.pack("<QIIQ", n, name, 0, 0) for n in range(count)))
    made.stream(0x4767000A, struct.pack("<IIIIQQQ", 1, links, count, 0, 0, 0, 0))
    return made.build()


def info_loop() -> bytes:
    made = Dump(4).basics()
    first = len(made.data)
    made.put(struct.pack("<III", first + 12, 6, 0) + struct.pack("<III", first, 6, 0))
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * n, 0, 0, 0, 0, 0, 0, first, 0) for n in range(200))
    made.stream(12, struct.pack("<IIII", 16, 40, 200, 0) + rows)
    return made.build()


def info_chain() -> bytes:
    """A chain without a loop whose every block is another one's tail."""
    made = Dump(4).basics()
    first = len(made.data)
    made.put(b"".join(struct.pack("<III", first + 12 * (n + 1), 1, TOP) for n in range(part(5000))))
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * n, 0, 0, 0, 0, 0, 0, first + 12 * n, 0) for n in range(200))
    made.stream(12, struct.pack("<IIII", 16, 40, 200, 0) + rows)
    return made.build()


def one_chain_for_all(count: int, blocks: int) -> bytes:
    """Every descriptor leads to the same chain of object information, whose payloads are 2 KB of no known size."""
    made = Dump(4).basics()
    following = 0
    for _ in range(blocks):
        following = made.put(struct.pack("<III", following, 6, 2000) + bytes(2000))
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * n + 4, 0, 0, 0, 0, 0, 0, following, 0) for n in range(count))
    made.stream(12, struct.pack("<IIII", 16, 40, count, 0) + rows)
    return made.build()


def huge_ranges() -> bytes:
    made = Dump(2).basics()
    made.stream(9, struct.pack("<QQ", 3, 0x1000) + struct.pack("<QQ", 0, 1 << 63) * 3)
    return made.build()


def overlapping_ranges() -> bytes:
    """Thousands of ranges that all hold the same bytes of the file under addresses one apart."""
    made = Dump().basics()
    rva = made.put(bytes(4096))
    made.stream(5, struct.pack("<I", ROWS) + b"".join(struct.pack("<QII", 0x10000 + n, 4096, rva) for n in range(ROWS)))
    return made.build()


def same_ranges() -> bytes:
    made = Dump().basics()
    rva = made.put(bytes(65536))
    made.stream(5, struct.pack("<I", ROWS) + struct.pack("<QII", 0x10000, 65536, rva) * ROWS)
    return made.build()


def scattered_bytes() -> bytes:
    """Thousands of ranges of one byte, whose addresses go on while their bytes lie here and there in the file."""
    made = Dump().basics()
    rva = made.put(bytes(4096))
    made.stream(5, struct.pack("<I", 3 * ROWS) + b"".join(struct.pack("<QII", 0x10000 + n, 1, rva + n * 7 % 4096) for n in range(3 * ROWS)))
    return made.build()


def shared_bytes() -> bytes:
    """Thousands of ranges at addresses of their own, all of the same 480 KB of the file: a megabyte that stands for gigabytes."""
    made = Dump().basics()
    rva = made.put(b"abcd\0\1\2\3" * 60000)
    made.stream(5, struct.pack("<I", ROWS) + b"".join(struct.pack("<QII", 0x100000 * (n + 1), 480000, rva) for n in range(ROWS)))
    return made.build()


def shifted_bytes() -> bytes:
    """The same, each range a few bytes behind the one before it, full of texts and of what could be pointers if it stood at multiples of 8."""
    made = Dump().basics()
    rva = made.put(b"\xa8" + (b"text " * 10 + b"\0\0" + struct.pack("<QI", 0x7FFE0000, 1)) * 7500)
    made.stream(5, struct.pack("<I", ROWS) + b"".join(struct.pack("<QII", 0x100000 * (n + 1), 400000, rva + n % 8000) for n in range(ROWS)))
    return made.build()


def overlapping_modules() -> bytes:
    made = Dump().basics()
    name = made.string("a.dll")
    made.streams = [row for row in made.streams if row[0] != 4]
    row = struct.pack("<QIIII", 0x10000, TOP, 0, 0, name).ljust(108, b"\0")
    made.stream(4, struct.pack("<I", part(3000)) + row * part(3000))
    return made.build()


def codeview_of_everything() -> bytes:
    """Modules whose CodeView records are the whole file."""
    made = Dump().basics()
    made.streams = [row for row in made.streams if row[0] != 4]
    record = made.put(b"RSDS" + bytes(20) + b"p" * 65000)
    row = struct.pack("<QIIII", 0x10000, 0x1000, 0, 0, 0).ljust(76, b"\0") + struct.pack("<IIIIQQ", TOP, record, TOP, record, 0, 0)
    made.stream(4, struct.pack("<I", 200) + row * 200)
    return made.build()


def tokens_of_everything() -> bytes:
    """Token records whose groups and privileges are claimed in millions, over bytes that look like SIDs."""
    made = Dump(0x40000).basics()
    body = b"".join(struct.pack("<IIQ", 200, 1, 16) + b"\x01\xff\xff\xff" * 46 for _ in range(300))
    made.stream(19, struct.pack("<IIII", len(body) + 16, 1_000_000_000, 16, 16) + body)
    return made.build()


def tokens_of_one_sid(count: int) -> bytes:
    """Tokens of two lists of 4096 SIDs, all of which are the same one; both lists are the same bytes, too."""
    made = Dump(0x40000).basics()
    lists = struct.pack("<I", 4096) + struct.pack("<II", 4 + 8 * 4096, 7) * 4096 + b"\x01\x0f\0\0\0\0\0\x05" + b"\xff" * 60
    token = struct.pack("<IIQ", 72 + len(lists), 1, 1) + struct.pack("<14I", *([0] * 4), 72, len(lists), *([0] * 6), 72, len(lists)) + lists
    made.stream(19, struct.pack("<IIII", 16 + count * len(token), count, 16, 72) + token * count)
    return made.build()


def user_streams_of_one_place(count: int, data: bytes) -> bytes:
    """User streams that are all the same bytes."""
    made = Dump().basics()
    rva = made.put(data)
    made.streams += [(0x10000 + n, len(data), rva) for n in range(count)]
    return made.build()


def annotations_of_everything() -> bytes:
    """A Crashpad stream whose dictionaries claim 2^32-1 entries that are each other."""
    made = Dump().basics()
    table = len(made.data)
    made.put(struct.pack("<I", TOP) + struct.pack("<II", table, table) * part(4000))
    made.stream(0x43500001, struct.pack("<I", 1) + bytes(32) + struct.pack("<II", TOP, table) + struct.pack("<II", TOP, table) + bytes(16))
    return made.build()


def comment_of_everything() -> bytes:
    made = Dump().basics()
    made.stream(10, b"c" * MIB, TOP)
    made.stream(11, b"w\0" * (MIB // 2), TOP)
    return made.build()


def streams_of_each_type(count: int) -> bytes:
    """Thousands of directory entries, seconds of work if each took what the first of its type takes."""
    made = Dump().basics()
    place = made.streams[1][2]
    made.streams += [(n % 30, 48, place) for n in range(count)]
    return made.build()


def streams_of_the_same_place() -> bytes:
    made = Dump().basics()
    rva = made.put(bytes(MIB // 2))
    made.streams += [(12 + n % 14, MIB, rva + n) for n in range(part(5000))]
    return made.build()


def many_names_and_comments(handles: int, lines: int) -> bytes:
    """Each handle's name has 200 names of users, and there is a comment of so many lines: what --redact has to look for."""
    made = Dump(4).basics()
    made.stream(10, "\n".join(f"{'abcdefghijklmnopqrstuvwxyz'[n % 26]} {n:05d} x" for n in range(lines)).encode())
    kind = made.string("File")
    names = [made.string("".join(f"\\home\\{'uvwxyz'[(n + m) % 6]}{200 * n + m:06d}" for m in range(200))) for n in range(handles)]
    words = [made.string("a b c d e f g h i j k l m n o p " * 60) for _ in range(handles)]
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * n + 4, kind, name, 0, 0, 1, 1, 0, 0) for n, name in enumerate([*names, *words]))
    made.stream(12, struct.pack("<IIII", 16, 40, 2 * handles, 0) + rows)
    return made.build()


def overlapping_loader_entries(count: int) -> bytes:
    """Entries of the loader's list 8 bytes apart: each one's link to the next is also the length of two texts of up to 64 KiB."""
    made = Dump().basics()
    made.streams = [row for row in made.streams if row[0] != 3]
    teb, peb, loader, entries = 0x100000, 0x101000, 0x102000, 0x200000
    blocks = {
        teb: struct.pack("<48xQ40xQ", teb, peb).ljust(256, b"\0"),
        peb: struct.pack("<24xQ", loader).ljust(256, b"\0"),
        loader: struct.pack("<16xQ", entries).ljust(96, b"\0"),
        entries: b"".join(struct.pack("<Q", entries + 8 * n + 8) for n in range(count)) + bytes(0x20000),
    }
    made.stream(3, struct.pack("<IIIIIQQIIII", 1, 0x10, 0, 0x20, 0, teb, 0, 0, 0, 0, 0))
    made.stream(5, struct.pack("<I", len(blocks)) + b"".join(struct.pack("<QII", start, len(data), made.put(data)) for start, data in blocks.items()))
    return made.build()


BOMBS: Dict[str, bytes] = {
    "streams-2^31": Dump().basics().build(1 << 31),
    "streams-2^32-1": Dump().basics().build(TOP),
    "threads-2^32-1": counted(3, 48, TOP),
    "threads-size-lies-too": counted(3, 48, TOP, TOP),
    "modules-2^32-1": counted(4, 108, TOP),
    "ranges-2^32-1": counted(5, 16, TOP),
    "names-2^32-1": counted(24, 12, TOP),
    "handles-2^32-1": handles(bytes(4000), TOP),
    "handles-stride-0": handles(bytes(4000), TOP, 0),
    "handles-stride-2^32-1": handles(bytes(4000), TOP, TOP),
    "handles-header-2^32-1": handles(bytes(4000), 10, 40, TOP),
    "handles-stream-2^31": handles(bytes(4000), TOP, 40, 16, 1 << 31),
    "handle-names-4-GiB": handles(struct.pack("<QIIIIIIII", 4, 24, 24, 0, 0, 0, 0, 24, 0) * 100, 100),
    "one-long-name": many_handles_of_one_long_name(),
    "overlapping-strings": overlapping_strings(50),
    "one-name-for-all": one_name_for_all(ROWS),
    "many-of-one-object-name": one_name_for_all_objects(2 * ROWS),
    "many-overlapping-names": overlapping_strings(ROWS),
    "many-overlapping-types": overlapping_strings(ROWS, types=True),
    "many-overlapping-modules": overlapping_paths(4, part(8000)),
    "many-overlapping-unloaded": overlapping_paths(14, part(30_000)),
    "many-overlapping-thread-names": overlapping_paths(24, part(15_000)),
    "info-loop": info_loop(),
    "info-chain": info_chain(),
    "many-of-one-info-chain": one_chain_for_all(ROWS, 64),
    "infos-2^32-1": described(17, struct.pack("<III", 12, 64, TOP), size=12 + 64),
    "regions-2^64-1": described(16, struct.pack("<IIQ", 16, 48, (1 << 64) - 1)),
    "unloaded-2^32-1": described(14, struct.pack("<III", 12, 24, TOP)),
    "operations-2^32-1": described(18, struct.pack("<IIII", 16, 288, TOP, 0)),
    "tables-2^32-1": described(13, struct.pack("<IIIIII", 24, 32, 112, 12, TOP, TOP)),
    "tables-entries-of-0": described(13, struct.pack("<IIIIII", 24, 0, 0, 0, TOP, 0)),
    "tokens-2^32-1": described(19, struct.pack("<IIII", TOP, TOP, 16, 16)),
    "memory64-2^64-1": described(9, struct.pack("<QQ", (1 << 64) - 1, (1 << 64) - 1)),
    "many-threads": one_mib(3, struct.pack("<I", 10**9)),
    "many-modules": one_mib(4, struct.pack("<I", 10**9)),
    "many-ranges": one_mib(5, struct.pack("<I", 10**9)),
    "many-memory64": one_mib(9, struct.pack("<QQ", 10**9, 0)),
    "many-handles": one_mib(12, struct.pack("<IIII", 16, 32, 10**9, 0)),
    "many-tables": one_mib(13, struct.pack("<IIIIII", 24, 32, 0, 0, 10**9, 0)),
    "many-unloaded": one_mib(14, struct.pack("<III", 12, 24, 10**9)),
    "many-regions": one_mib(16, struct.pack("<IIQ", 16, 48, 10**9)),
    "many-infos": one_mib(17, struct.pack("<III", 12, 64, 10**9)),
    "many-operations": one_mib(18, struct.pack("<IIII", 16, 288, 10**9, 0)),
    "many-tokens": one_mib(19, struct.pack("<IIII", TOP, 10**9, 16, 16)),
    "many-names": one_mib(24, struct.pack("<I", 10**9)),
    "huge-ranges": huge_ranges(),
    "overlapping-ranges": overlapping_ranges(),
    "same-ranges": same_ranges(),
    "scattered-bytes": scattered_bytes(),
    "shared-bytes": shared_bytes(),
    "shifted-bytes": shifted_bytes(),
    "overlapping-modules": overlapping_modules(),
    "codeview": codeview_of_everything(),
    "tokens": tokens_of_everything(),
    "annotations": annotations_of_everything(),
    "comments": comment_of_everything(),
    "overlapping-loader-entries": overlapping_loader_entries(part(8000)),
    "tokens-of-one-sid": tokens_of_one_sid(10),
    "user-streams-of-one-place": user_streams_of_one_place(300, bytes(range(256)) * 512),
    "user-streams-of-one-text": user_streams_of_one_place(300, b"hello world\n" * 10000),
    "streams-of-one-place": streams_of_the_same_place(),
    "streams-of-each-type": streams_of_each_type(part(15_000)),
}

NO_DAMAGE = {
    "one-name-for-all",
    "overlapping-loader-entries",
    "one-long-name",
    "many-of-one-object-name",
    "overlapping-ranges",
    "same-ranges",
    "scattered-bytes",
    "shared-bytes",
    "shifted-bytes",
}
"""Unkind, but nothing in them is against the format's rules as such; what the process's memory says is no part of the format."""


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_answered_at_once(checker: Checker, name: str) -> None:
    """Every command, as text or as JSON, or a sixth of them: time, memory and size of the answer are those of the file, not of its claims."""
    data = BOMBS[name]
    broken = []
    lines = {}
    for call in checker.calls:
        lines.setdefault(call.command.name, call)
    for number, call in some(list(enumerate(lines.values())), sorted(BOMBS).index(name), 6):
        try:
            checker.check(data, call, ("text", "json")[number % 2], memory=len(data) < 200_000 and number % 4 == 0)
        except Broken as error:
            broken.append(str(error))
    assert not broken, "\n".join(broken[:4])


@pytest.mark.parametrize("name", sorted(set(BOMBS) - NO_DAMAGE))
def test_bombs_are_named(name: str) -> None:
    with Minidump.open(BOMBS[name]) as dump:
        assert next(iter(dump.check()), None) is not None


def test_streams_one_by_one_have_an_end(checker: Checker) -> None:
    """`dumpinfo -v` of 15,000 streams shows a thousand of them in detail and says so."""
    (call,) = (call for call in checker.calls if (call.command.name, call.line) == ("dumpinfo", "-v"))
    answer = checker.check(streams_of_each_type(15_000), call, "text")
    assert answer.text.count("entry at 0x") < 1100
    assert "13503 more streams: `streams N` shows one in detail" in answer.text


def test_each_list_has_room_of_its_own_for_long_texts() -> None:
    """The handles have used up theirs; the objects of the dynamic linker's list are not cut for it."""
    made = Dump(4).basics()
    name = made.string("n" * 600)
    rows = b"".join(struct.pack("<QIIIIII", 4 * n + 4, 0, name, 0, 0, 0, 0) for n in range(100))
    made.stream(12, struct.pack("<IIII", 16, 32, 100, 0) + rows)
    links = made.put(struct.pack("<QIIQ", 0, name, 0, 0))
    made.stream(0x4767000A, struct.pack("<IIIIQQQ", 1, links, 1, 0, 0, 0, 0))
    with Minidump.open(made.build()) as dump:
        assert len(list(dump.handles)[-1].name) < 600
        found = dump.breakpad.shared_objects
        assert isinstance(found, DsoDebug)
        assert [len(item.name) for item in found.objects] == [600]

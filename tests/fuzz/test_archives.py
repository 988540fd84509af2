"""Archives that were changed, and archives made to do harm: what comes out is bounded, and what does not is said."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from typing import Any, Callable, Dict, List, Tuple

import pytest
from samples.archives import archive_tar, archive_zip, cabinet, lzx_cabinet, mszip
from tests.amount import part
from tests.counting import calls_of

from dumpscope.commands.index import find_command
from dumpscope.commands.opening import session_of
from dumpscope.diagnosis.engine.archives import extracted
from dumpscope.dump.archives import member as limits
from dumpscope.dump.archives.opening import source_in
from dumpscope.dump.source import Source
from dumpscope.errors import EXIT_DONE, EXIT_NOT_A_DUMP, EXIT_NOT_IN_DUMP, EXIT_USAGE, DumpscopeError
from dumpscope.session.running import parse, run
from dumpscope.view.document import render_json
from dumpscope.view.text import render_text

DUMP = b"MDMP" + struct.pack("<IIIIIQ", 0x0000A793, 0, 32, 0, 0, 0)
NOISE = b"".join(zlib.crc32(struct.pack("<I", number)).to_bytes(4, "little") for number in range(3000))
TOP = 0xFFFFFFFF
MIB = 1 << 20
CALLS, CALLS_PER_BYTE = 500_000, 16
OUTPUT = 1 << 20
"""Characters of an answer about an archive that is not opened."""
MEMORY = 16 << 20
"""Bytes of memory that the bombs may take, which are twice as large; the dictionary of xz is half of it."""


def deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


def why(name: str, data: bytes) -> Tuple[int, str]:
    """What `why` says of an archive: exit code and text. Anything but an error of our own leaves as it is."""

    def told() -> Tuple[int, str]:
        source = source_in(data, name)
        session = session_of(source, name)
        found = find_command("why")
        words = ""
        try:
            for render in (render_text, lambda blocks: render_json(blocks, session.head(found))):
                words = "".join(render(run(session, found, parse(found, []))))
                assert len(words) < OUTPUT
            return session.status, words + (str(source.fault) if source.fault is not None else "")
        except DumpscopeError as error:
            return error.exit_code, f"{error.message} {error.hint}"
        finally:
            source.close()

    answer, calls = calls_of(told)
    assert calls < CALLS + CALLS_PER_BYTE * len(data)
    assert answer[0] in (EXIT_DONE, EXIT_NOT_IN_DUMP, EXIT_USAGE, EXIT_NOT_A_DUMP)
    return answer


def fault(name: str, data: bytes) -> str:
    source = source_in(data, name)
    source.close()
    assert source.fault is not None
    assert source.fault.exit_code == EXIT_NOT_A_DUMP
    assert source.fault.hint
    return source.fault.message


def zip64(size: int, packed: int, place: int = 0) -> bytes:
    """An archive whose sizes and places are in fields of zip64."""
    extra = struct.pack("<HHQQQ", 1, 24, size, packed, place)
    fields = struct.pack("<HHHHHIII", 45, 0, 0, 0, 0x21, zlib.crc32(DUMP), TOP, TOP)
    local = b"PK\x03\x04" + fields + struct.pack("<HH", 10, 0) + b"memory.dmp" + DUMP
    entry = b"PK\x01\x02" + struct.pack("<H", 45) + fields + struct.pack("<HHHHHII", 10, len(extra), 0, 0, 0, 0, TOP) + b"memory.dmp" + extra
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(entry), len(local))
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(local) + len(entry), 1)
    return local + entry + end64 + locator + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, TOP, TOP, 0)


def overlapping_zip(count: int) -> bytes:
    """Members that are all the same bytes: a small archive that stands for a large one."""
    packed = deflate(DUMP + bytes(4 * MIB))
    local = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, zlib.crc32(DUMP + bytes(4 * MIB)), len(packed), len(DUMP) + 4 * MIB, 5, 0) + b"0.dmp"
    rows = b""
    for number in range(count):
        name = b"%d.dmp" % number
        fields = struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 0x21, zlib.crc32(DUMP), len(packed), len(DUMP) + 4 * MIB, len(name), 0, 0, 0, 0, 0, 0)
        rows += b"PK\x01\x02" + fields + name
    body = local + packed
    return body + rows + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(rows), len(body), 0)


def tar_of(kind: bytes, name: str = "memory.dmp", link: str = "", size: int = 0, data: bytes = b"") -> bytes:
    item = tarfile.TarInfo(name)
    item.type = kind
    item.linkname = link
    item.size = len(data)
    head = bytearray(item.tobuf(tarfile.USTAR_FORMAT)[:512])
    if size:
        head[124:136] = b"%011o\0" % size
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data + bytes(-len(data) % 512) + bytes(1024)


def pax(size: str) -> bytes:
    """A member whose size a record before it gives."""
    text = f" size={size}\n"
    record = f"{len(text) + 2}{text}".encode()
    return tar_of(tarfile.XHDTYPE, "h", data=record)[:-1024] + tar_of(tarfile.REGTYPE, data=DUMP)


def spanning(flag: int, folder: int) -> bytes:
    """A cabinet of a set: it goes back or on, and its file belongs to more than one."""
    made = bytearray(cabinet([("memory.dmp", DUMP)]))
    struct.pack_into("<H", made, 30, flag)
    names = b"one.cab\0disk\0" * bin(flag & 3).count("1")
    made[36:36] = names
    struct.pack_into("<I", made, 16, 44 + len(names))
    struct.pack_into("<I", made, 36 + len(names), struct.unpack_from("<I", made, 36 + len(names))[0] + len(names))
    struct.pack_into("<H", made, 44 + len(names) + 8, folder)
    return bytes(made)


def nested(depth: int) -> bytes:
    data, name = DUMP, "memory.dmp"
    for _ in range(depth):
        data, name = archive_zip([(name, data)], 8, deflate), "in.zip"
    return data


BASES: Dict[str, Callable[[], bytes]] = {
    "stored.zip": lambda: archive_zip([("a/readme.txt", b"see"), ("memory.dmp", DUMP + NOISE)]),
    "packed.zip": lambda: archive_zip([("memory.dmp", DUMP + NOISE)], 8, deflate),
    "locked.zip": lambda: archive_zip([("memory.dmp", DUMP + NOISE)], 8, deflate, b"infected"),
    "large.zip": lambda: zip64(len(DUMP), len(DUMP)),
    "nested.zip": lambda: nested(2),
    "stored.cab": lambda: cabinet([("readme.txt", b"see"), ("memory.dmp", DUMP + NOISE)]),
    "packed.cab": lambda: cabinet([("memory.dmp", DUMP + NOISE)], 1, mszip),
    "lzx.cab": lambda: lzx_cabinet([("memory.dmp", DUMP + NOISE)]),
    "set.cab": lambda: spanning(2, 0xFFFE),
    "memory.tar": lambda: archive_tar([("readme.txt", b"see"), ("memory.dmp", DUMP + NOISE)]),
    "records.tar": lambda: pax(str(len(DUMP))),
    "memory.tar.gz": lambda: gzip.compress(archive_tar([("memory.dmp", DUMP)])),
    "memory.dmp.xz": lambda: lzma.compress(DUMP + NOISE),
}


def edges(data: bytes) -> List[int]:
    """Where the numbers of an archive stand: at its two ends."""
    return [*range(0, min(len(data) - 4, 120)), *range(max(0, len(data) - 160), len(data) - 3)]


@pytest.mark.parametrize("name", sorted(BASES))
def test_numbers_at_their_edges(name: str) -> None:
    data = BASES[name]()
    chance = random.Random(name)
    for place in chance.sample(edges(data), min(part(60, 3), len(edges(data)))):
        made = bytearray(data)
        form = chance.choice(("<H", "<I"))
        struct.pack_into(form, made, place, chance.choice((0, 1, 0x7FFF, 0xFFFF, 0xFFFD)) if form == "<H" else chance.choice((0, 1, 0x7FFFFFFF, TOP, 0x10000)))
        why(name, bytes(made))


@pytest.mark.parametrize("name", sorted(BASES))
def test_cut_anywhere(name: str) -> None:
    data = BASES[name]()
    chance = random.Random(name)
    for _ in range(part(25, 3)):
        why(name, data[: chance.randrange(len(data))])


HARMFUL: List[Any] = [
    ("huge.zip", lambda: zip64(1 << 60, 1 << 60), ""),
    ("far.zip", lambda: zip64(len(DUMP), len(DUMP), 1 << 62), ""),
    ("negative.zip", lambda: zip64((1 << 64) - 1, (1 << 64) - 1, (1 << 64) - 1), ""),
    ("more.zip", lambda: zip64(1 << 40, len(DUMP)), ""),
    ("same.zip", lambda: overlapping_zip(3000), "there are 3000 dumps"),
    ("deep.zip", lambda: nested(3), "archive in an archive in an archive"),
    ("itself.zip", lambda: nested(40), "archive in an archive in an archive"),
    ("locked.zip", lambda: archive_zip([("memory.dmp", DUMP)], 8, deflate, b"x"), "is encrypted"),
    ("symbolic.tar", lambda: tar_of(tarfile.SYMTYPE, link="/etc/passwd"), "without a file"),
    ("hard.tar", lambda: tar_of(tarfile.LNKTYPE, link="memory.dmp"), "without a file"),
    ("device.tar", lambda: tar_of(tarfile.CHRTYPE), "without a file"),
    ("size.tar", lambda: tar_of(tarfile.REGTYPE, size=0o77777777777), "unexpected end of data"),
    ("record.tar", lambda: pax("-1"), "below zero"),
    ("record-huge.tar", lambda: pax("9" * 30), ""),
    ("back.cab", lambda: spanning(1, 0xFFFD), "several cabinets"),
    ("on.cab", lambda: spanning(2, 0xFFFE), "several cabinets"),
    ("both.cab", lambda: spanning(3, 0xFFFF), "several cabinets"),
    ("folder.cab", lambda: spanning(0, 0x7777), "belongs to folder 30583"),
    ("files.cab", lambda: cabinet([("a.dmp", DUMP)]).replace(struct.pack("<HHHHH", 1, 1, 0, 0x1234, 0), struct.pack("<HHHHH", 1, 0xFFFF, 0, 0x1234, 0)), ""),
    ("folders.cab", lambda: cabinet([("a.dmp", DUMP)]).replace(struct.pack("<HHHHH", 1, 1, 0, 0x1234, 0), struct.pack("<HHHHH", 0xFFFF, 1, 0, 0x1234, 0)), ""),
]


@pytest.mark.parametrize(("name", "build", "words"), HARMFUL, ids=[name for name, _, _ in HARMFUL])
def test_what_does_harm_is_refused(name: str, build: Callable[[], bytes], words: str) -> None:
    data = build()
    assert words in fault(name, data)
    why(name, data)


def test_a_tar_file_with_links_gives_the_dump_beside_them() -> None:
    data = tar_of(tarfile.SYMTYPE, "a.dmp", "/etc/passwd")[:-1024] + tar_of(tarfile.LNKTYPE, "b.dmp", "../c.dmp")[:-1024] + archive_tar([("c.dmp", DUMP)])
    source = source_in(data, "x.tar")
    assert source.fault is None
    assert source.bytes(0, source.size, "all") == DUMP
    source.close()


@pytest.mark.parametrize("name", ["../../memory.dmp", "/etc/memory.dmp", "C:\\Windows\\memory.dmp", "a\n\x1b[31m.dmp", "<b>&.dmp", "x" * 60000 + ".dmp"])
def test_names_of_members_are_words_only(name: str) -> None:
    """No file is written by the name of a member, and what shows it shows it harmless."""
    data = archive_zip([(name, DUMP), ("other.dmp", DUMP)])
    _, words = why("x.zip", data)
    assert "\x1b" not in "".join(render_text(run(session_of(source_in(data, "x.zip"), "x.zip"), find_command("why"), parse(find_command("why"), []))))
    assert len(words) < OUTPUT


def lzma_zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("memory.dmp", data)
    return out.getvalue()


BOMBS: Dict[str, Callable[[bytes], bytes]] = {
    "x.zip": lambda zeros: archive_zip([("memory.dmp", zeros)], 8, deflate),
    "x.cab": lambda zeros: cabinet([("memory.dmp", zeros)], 1, lambda plain: b"CK" + deflate(plain)),
    "x.gz": gzip.compress,
    "x.tar.gz": lambda zeros: gzip.compress(archive_tar([("memory.dmp", zeros)])),
    "x.xz": lzma.compress,
    "twice.zip": lambda zeros: archive_zip([("in.zip", archive_zip([("memory.dmp", zeros)], 8, deflate))], 8, deflate),
    "gz-in.zip": lambda zeros: archive_zip([("memory.dmp.gz", gzip.compress(gzip.compress(zeros)))], 8, deflate),
    "lzma.zip": lzma_zip,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_no_memory(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    data = BOMBS[name](DUMP + bytes(2 * MEMORY))
    monkeypatch.setattr(limits, "LEAST_ROOM", 2 * MIB)
    monkeypatch.setattr(limits, "RATIO", 2)
    tracemalloc.start()
    try:
        source = source_in(data, name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert source.fault is not None or source.size < 4 * MIB
    source.close()
    assert peak < MEMORY + 2 * len(data)


@pytest.mark.parametrize("name", sorted(BASES))
def test_the_engine_s_choice_never_raises(name: str) -> None:
    data = BASES[name]()
    chance = random.Random(name)
    for place in chance.sample(edges(data), min(part(40, 3), len(edges(data)))):
        made = bytearray(data)
        made[place] = chance.choice((0, 1, 0x7F, 0xFF))
        for ending in (".zip", ".cab"):
            source = Source(bytes(made), "x" + ending)
            extracted(source)
            source.close()

"""Dumps in archives: what is opened, what is refused with which words, and that nothing unpacks without bound."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from tests.amount import some

from dumpscope.diagnosis.engine.opening import open_dump
from dumpscope.dump.archives import member as limits
from dumpscope.dump.archives.cabinet import checksum
from dumpscope.dump.archives.opening import source_in, split
from dumpscope.dump.archives.reading import Part
from dumpscope.dump.command_lines import file_word
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.named import source_at
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from samples.archives import archive_tar, archive_zip, cabinet, cabinet_checksum, encrypted, lzx_cabinet, mszip  # noqa: E402

SAMPLES = ROOT / "samples"
DUMP = (SAMPLES / "handles.dmp").read_bytes()
OTHER = (SAMPLES / "stacks-only.dmp").read_bytes()
NOISE = b"".join(zlib.crc32(struct.pack("<I", number)).to_bytes(4, "little") for number in range(60000))


def deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


def mszip_whole(data: bytes) -> bytes:
    """A cabinet whose blocks refer to the blocks before them, as Microsoft's writer makes them."""
    before: List[bytes] = []

    def pack(plain: bytes) -> bytes:
        machine = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=before[-1]) if before else zlib.compressobj(9, zlib.DEFLATED, -15)
        before.append(plain)
        return b"CK" + machine.compress(plain) + machine.flush()

    return cabinet([("memory.dmp", data)], 1, pack)


def written(tmp_path: Path, name: str, data: bytes) -> str:
    path = tmp_path / name
    path.write_bytes(data)
    return str(path)


def whole(source: Source) -> bytes:
    assert source.fault is None, source.fault
    data = source.bytes(0, source.size, "all")
    assert bytes(source.buffer[:]) == data
    source.close()
    return data


def fault(path: str) -> DumpError:
    source = source_at(path)
    source.close()
    assert source.fault is not None
    return source.fault


PACKED: List[Any] = [
    ("a.zip", lambda: archive_zip([("memory.dmp", DUMP)])),
    ("a.ZIP", lambda: archive_zip([("memory.dmp", DUMP)], 8, deflate)),
    ("comment.zip", lambda: archive_zip([("memory.dmp", DUMP)], 8, deflate, comment=b"a comment" * 200)),
    ("bzip2.zip", lambda: archive_zip([("memory.dmp", DUMP)], 12, bz2.compress)),
    ("beside.zip", lambda: archive_zip([("readme.txt", b"see the dump"), ("x/memory.dmp", DUMP), ("log.dmp.txt", b"")], 8, deflate)),
    ("unnamed.zip", lambda: archive_zip([("memory", DUMP)])),
    ("a.cab", lambda: cabinet([("memory.dmp", DUMP)])),
    ("mszip.cab", lambda: cabinet([("readme.txt", b"see"), ("memory.hdmp", DUMP)], 1, mszip)),
    ("lzx.cab", lambda: lzx_cabinet([("readme.txt", b"see"), ("memory.mdmp", DUMP)])),
    ("memory.dmp.gz", lambda: gzip.compress(DUMP)),
    ("two.gz", lambda: gzip.compress(DUMP[:700]) + gzip.compress(DUMP[700:])),
    ("padded.gz", lambda: gzip.compress(DUMP) + bytes(512)),
    ("memory.dmp.bz2", lambda: bz2.compress(DUMP)),
    ("memory.xz", lambda: lzma.compress(DUMP)),
    ("a.tar", lambda: archive_tar([("x/readme.txt", b"see"), ("x/memory.dmp", DUMP)])),
    ("a.tar.gz", lambda: gzip.compress(archive_tar([("memory.dmp", DUMP)]))),
    ("a.tgz", lambda: gzip.compress(archive_tar([("memory.dmp", DUMP)]))),
    ("a.tar.xz", lambda: lzma.compress(archive_tar([("memory.dmp", DUMP)]))),
    ("gz-in.zip", lambda: archive_zip([("memory.dmp.gz", gzip.compress(DUMP))])),
    ("zip-in.zip", lambda: archive_zip([("in.zip", archive_zip([("memory.dmp", DUMP)]))])),
    ("cab-in.zip", lambda: archive_zip([("in.cab", cabinet([("memory.dmp", DUMP)], 1, mszip))], 8, deflate)),
    ("tgz-in.zip", lambda: archive_zip([("in.tar.gz", gzip.compress(archive_tar([("memory.dmp", DUMP)])))], 8, deflate)),
]


@pytest.mark.parametrize(("name", "build"), PACKED, ids=[name for name, _ in PACKED])
def test_the_one_dump_in_an_archive_is_opened(tmp_path: Path, name: str, build: Callable[[], bytes]) -> None:
    source = source_at(written(tmp_path, name, build()))
    assert source.inside is not None
    assert source.inside.path.endswith(name)
    assert len(Minidump(source).threads) == 3
    assert whole(source) == DUMP


def test_blocks_of_mszip_refer_to_the_block_before(tmp_path: Path) -> None:
    data = DUMP + NOISE[:20000] * 8
    packed = mszip_whole(data)
    assert len(packed) < len(data) * 0.9
    assert whole(source_at(written(tmp_path, "x.cab", packed))) == data


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 4095, 32768, 32767])
def test_the_checksum_of_a_cabinet_is_that_of_the_words(size: int) -> None:
    assert checksum(NOISE[:size], 0x12345678) == cabinet_checksum(NOISE[:size], 0x12345678)


@pytest.mark.parametrize("word", ["a/first.dmp", "first.dmp", "FIRST.DMP", "a\\first.dmp"])
def test_a_member_is_chosen_by_its_name(tmp_path: Path, word: str) -> None:
    path = written(tmp_path, "x.zip", archive_zip([("a/first.dmp", DUMP), ("b/second.dmp", OTHER)], 8, deflate))
    assert whole(source_at(f"{path}!{word}")) == DUMP
    assert whole(source_at(f"{path}!second.dmp")) == OTHER


def test_several_dumps_are_listed_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, "x.zip", archive_zip([("a/first.dmp", DUMP), ("b/first.dmp", OTHER), ("c.txt", b"")]))
    error = fault(path)
    assert "2 dumps" in error.message
    assert ", ".join(file_word(f"{path}!{name}/first.dmp") for name in "ab") in error.hint
    error = fault(f"{path}!first.dmp")
    assert "2 files" in error.message
    error = fault(f"{path}!third.dmp")
    assert "no 'third.dmp'" in error.message
    assert "a/first.dmp" in error.hint


def test_a_file_of_another_name_is_an_archive_when_a_member_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "x.dmp", archive_zip([("memory.dmp", DUMP)]))
    plain = source_at(path)
    assert plain.some(0, 2) == b"PK"
    plain.close()
    assert whole(source_at(path + "!memory.dmp")) == DUMP
    assert whole(source_at(path + "!")) == DUMP
    assert "no archive" in fault(written(tmp_path, "y.dmp", DUMP) + "!memory.dmp").message


def test_signs_in_the_name_of_a_file_are_no_members(tmp_path: Path) -> None:
    path = written(tmp_path, "what!now.dmp", DUMP)
    assert split(path) == (path, [])
    assert whole(source_at(path)) == DUMP
    packed = written(tmp_path, "oh!no.zip", archive_zip([("in!side.dmp", DUMP)]))
    assert whole(source_at(packed)) == DUMP


def test_a_dump_called_like_an_archive_is_a_dump(tmp_path: Path) -> None:
    source = source_at(written(tmp_path, "x.zip", DUMP))
    assert source.inside is None
    assert whole(source) == DUMP


def test_an_archive_is_opened_in_one_other_and_no_deeper(tmp_path: Path) -> None:
    inner = archive_zip([("a.dmp", DUMP), ("b.dmp", OTHER)])
    path = written(tmp_path, "x.zip", archive_zip([("in.zip", inner)], 8, deflate))
    assert whole(source_at(f"{path}!in.zip!b.dmp")) == OTHER
    assert "2 dumps" in fault(path).message
    deep = archive_zip([("in.zip", archive_zip([("in.zip", archive_zip([("a.dmp", DUMP)]))]))])
    assert "archive in an archive in an archive" in fault(written(tmp_path, "deep.zip", deep)).message


def test_a_stored_member_is_read_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "x.zip", archive_zip([("readme.txt", b"see"), ("memory.dmp", DUMP)]))
    source = source_at(path)
    assert isinstance(source, Part)
    with open(path, "r+b") as file:
        file.seek(source.place + 0x20)
        file.write(b"\xee")
    assert source.bytes(0x20, 1, "a byte") == b"\xee"
    copy = source.private(16)
    assert copy is not None
    assert copy[:4] == b"MDMP"
    copy.close()
    source.close()
    with pytest.raises(DumpError, match="closed"):
        source.check()


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be cut there")
def test_an_archive_that_is_cut_while_open_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "x.tar", archive_tar([("memory.dmp", DUMP)]))
    source = source_at(path)
    os.truncate(path, 2000)
    with pytest.raises(DumpError, match="cut"):
        source.bytes(len(DUMP) - 8, 8, "the end")
    source.close()


def test_a_large_member_goes_to_a_file_that_is_gone_when_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr("dumpscope.dump.archives.reading.SMALL", 4096)
    source = source_at(written(tmp_path, "x.zip", archive_zip([("memory.dmp", DUMP)], 8, deflate)))
    assert source._file is not None
    assert whole(source) == DUMP
    assert not list(folder.iterdir())
    bad = bytearray(archive_zip([("memory.dmp", DUMP)], 8, deflate))
    bad[bad.index(b"PK\x01\x02") + 16] ^= 1
    assert "CRC" in fault(written(tmp_path, "y.zip", bytes(bad))).message
    assert not list(folder.iterdir())


def test_no_room_for_a_member_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.dump.archives.reading.SMALL", 4096)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("", (), {"free": 5000})())
    error = fault(written(tmp_path, "x.zip", archive_zip([("memory.dmp", DUMP)], 8, deflate)))
    assert "5000 free" in error.message
    assert "TMPDIR" in error.hint


REFUSED: List[Any] = [
    ("empty.zip", lambda: archive_zip([]), "without a file"),
    ("encrypted.zip", lambda: archive_zip([("memory.dmp", DUMP)], 8, deflate, b"infected"), "is encrypted"),
    ("text.zip", lambda: archive_zip([("a.txt", b"a"), ("b.txt", b"b")]), "none of the 2 files"),
    ("method.zip", lambda: archive_zip([("memory.dmp", DUMP)], 9), "Deflate64"),
    ("cut.zip", lambda: archive_zip([("memory.dmp", DUMP)], 8, deflate)[:-30], "no readable ZIP archive"),
    (
        "place.zip",
        lambda: archive_zip([("a.txt", b""), ("memory.dmp", DUMP)]).replace(b"PK\x03\x04\x14\0\0\x08\0\0\0\x60\x61\x58\xc2", b"no" + bytes(13), 1),
        "needs 0x",
    ),
    ("cut.gz", lambda: gzip.compress(DUMP)[:-900], "ends before its packed data do"),
    ("cut.xz", lambda: lzma.compress(DUMP)[:-900], "ends before its packed data do"),
    ("cut.bz2", lambda: bz2.compress(DUMP)[:-900], "ends before its packed data do"),
    ("crc.gz", lambda: gzip.compress(DUMP)[:-8] + bytes(8), "cannot be unpacked"),
    ("deflate64.zip", lambda: (SAMPLES / "archives" / "deflate64.zip").read_bytes(), "packed with Deflate64"),
    ("quantum.cab", lambda: cabinet([("memory.dmp", DUMP)], 0x1502), "packed with Quantum"),
    ("window.cab", lambda: cabinet([("memory.dmp", DUMP)], 0x0E03), "a window of 2^14 bytes"),
    ("nolzx.cab", lambda: cabinet([("memory.dmp", DUMP)], 0x1503), "cannot be unpacked"),
    ("cut.cab", lambda: cabinet([("memory.dmp", DUMP)])[:-900], "block 0 of the cabinet"),
    ("sum.cab", lambda: cabinet([("memory.dmp", DUMP)])[:-9] + b"\xff" * 9, "wrong checksum"),
    ("short.cab", lambda: cabinet([("memory.dmp", DUMP)], 1, lambda plain: mszip(plain[:-1])), "unpacks to"),
    ("long.cab", lambda: cabinet([("memory.dmp", DUMP)], 1, lambda plain: mszip(plain + b"x")), "unpacks to"),
    ("head.cab", lambda: b"MSCF" + bytes(12), "header"),
    ("sizes.cab", lambda: cabinet([("memory.dmp", DUMP)]).replace(struct.pack("<II", len(DUMP), 0), struct.pack("<II", len(DUMP) + 5, 0), 1), "gives it"),
    ("cut.tar", lambda: archive_tar([("memory.dmp", DUMP)])[:3000], ""),
]


@pytest.mark.parametrize(("name", "build", "words"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, build: Callable[[], bytes], words: str) -> None:
    error = fault(written(tmp_path, name, build()))
    assert words in error.message
    assert error.hint


def test_encryption_is_that_of_other_programs(tmp_path: Path) -> None:
    path = written(tmp_path, "x.zip", archive_zip([("memory.dmp", DUMP)], 8, deflate, b"infected"))
    with zipfile.ZipFile(path) as archive:
        assert archive.read("memory.dmp", b"infected") == DUMP
    assert encrypted(b"", b"x", 0) != bytes(12)


class Counted:
    """Bytes that unpacking has made."""

    def __init__(self) -> None:
        self.bytes = 0

    def over(self, chunks: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
        def counted(*args: Any) -> Iterator[bytes]:
            for data in chunks(*args):
                self.bytes += len(data)
                assert len(data) <= 4 * limits.PIECE
                yield data

        return counted


BOMBS: List[Any] = [
    ("x.zip", lambda zeros: archive_zip([("memory.dmp", zeros)], 8, deflate), "dumpscope.dump.archives.zip.Zip.chunks"),
    ("x.gz", gzip.compress, "dumpscope.dump.archives.packed.Packed.chunks"),
    ("x.bz2", bz2.compress, "dumpscope.dump.archives.packed.Packed.chunks"),
    ("x.xz", lzma.compress, "dumpscope.dump.archives.packed.Packed.chunks"),
]


@pytest.mark.parametrize(("name", "pack", "where"), BOMBS, ids=[name for name, _, _ in BOMBS])
def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, pack: Callable[[bytes], bytes], where: str) -> None:
    monkeypatch.setattr(limits, "LEAST_ROOM", 2 << 20)
    monkeypatch.setattr(limits, "RATIO", 20)
    packed = pack(b"MDMP" + bytes(16 << 20))
    counted = Counted()
    module, _, attribute = where.rpartition(".")
    folder, _, kind = module.rpartition(".")
    owner = getattr(sys.modules.get(folder) or __import__(folder, fromlist=["x"]), kind)
    monkeypatch.setattr(owner, attribute, counted.over(getattr(owner, attribute)))
    error = fault(written(tmp_path, name, packed))
    assert "limit" in error.message or "more than is unpacked here" in error.message
    assert counted.bytes <= max(2 << 20, 20 * len(packed)) + 4 * limits.PIECE < 16 << 20


def test_a_member_that_unpacks_to_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    packed = bytearray(archive_zip([("memory.dmp", DUMP)], 8, deflate))
    struct.pack_into("<I", packed, packed.index(b"PK\x01\x02") + 24, 1000)
    error = fault(written(tmp_path, "x.zip", bytes(packed)))
    assert error.message
    gnu = bytearray(cabinet([("memory.dmp", DUMP)]))
    struct.pack_into("<I", gnu, 44, 0x7FFFFFFF)
    assert "more than is unpacked" in fault(written(tmp_path, "x.cab", bytes(gnu))).message


def test_zstandard_is_unpacked_by_its_package(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    pack = zstandard.ZstdCompressor().compress
    assert whole(source_at(written(tmp_path, "memory.dmp.zst", pack(DUMP)))) == DUMP
    assert whole(source_at(written(tmp_path, "two.zst", pack(DUMP[:999]) + pack(DUMP[999:])))) == DUMP
    assert "ends before" in fault(written(tmp_path, "cut.zst", pack(DUMP)[:-100])).message


def test_a_bomb_of_zstandard_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zstandard = pytest.importorskip("zstandard")
    monkeypatch.setattr(limits, "LEAST_ROOM", 2 << 20)
    monkeypatch.setattr(limits, "RATIO", 2)
    packed = zstandard.ZstdCompressor().compress(b"MDMP" + bytes(16 << 20))
    assert "limit" in fault(written(tmp_path, "x.zst", packed)).message


def test_a_stored_member_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    data = bytearray(archive_zip([("memory.dmp", DUMP)]))
    data[200] ^= 1
    assert "CRC" in fault(written(tmp_path, "x.zip", bytes(data))).message


def test_a_name_with_the_mark_in_it(tmp_path: Path) -> None:
    path = written(tmp_path, "x.zip", archive_zip([("a!b.dmp", DUMP), ("a", OTHER)]))
    assert whole(source_at(path + "!a!b.dmp")) == DUMP
    assert whole(source_at(path + "!a")) == OTHER


@pytest.mark.parametrize(("name", "build"), PACKED, ids=[name for name, _ in PACKED])
def test_no_change_of_bytes_ends_in_anything_but_words(tmp_path: Path, name: str, build: Callable[[], bytes]) -> None:
    data = build()
    step = max(1, len(data) // 60)
    places = {*range(0, len(data), step), *range(0, min(len(data), 80)), *range(max(0, len(data) - 120), len(data))}
    for number, place in some(list(enumerate(sorted(places))), 0, 5):
        changed = bytearray(data)
        changed[place] = (0x00, 0xFF, changed[place] ^ 0x80, changed[place] ^ 1)[number % 4]
        source = source_at(written(tmp_path, name, bytes(changed)))
        assert source.fault is None or source.fault.message
        source.close()
        outer = Source.from_path(str(tmp_path / name))
        open_dump(outer)
        outer.close()


def test_7z_is_unpacked_by_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    py7zr = pytest.importorskip("py7zr")
    path = tmp_path / "x.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.writestr(b"see the dump", "readme.txt")
        archive.writestr(DUMP, "a/memory.dmp")
        archive.writestr(OTHER, "other.bin")
    assert whole(source_at(path)) == DUMP
    assert whole(source_at(f"{path}!other.bin")) == OTHER
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    assert fault(written(tmp_path, "bad.7z", bytes(data))).hint
    assert fault(written(tmp_path, "cut.7z", path.read_bytes()[:-20])).hint
    with py7zr.SevenZipFile(tmp_path / "locked.7z", "w", password="infected") as archive:
        archive.writestr(DUMP, "memory.dmp")
    assert "encrypted" in fault(str(tmp_path / "locked.7z")).message
    monkeypatch.setattr(limits, "LEAST_ROOM", 4096)
    monkeypatch.setattr(limits, "RATIO", 0)
    assert "more than is unpacked here" in fault(str(path)).message


@pytest.mark.parametrize(("name", "package"), [("x.7z", "py7zr"), ("x.zst", "zstandard")])
def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, "compression", None)
    magic = {"x.7z": b"7z\xbc\xaf'\x1c", "x.zst": b"(\xb5/\xfd"}[name]
    error = fault(written(tmp_path, name, magic + bytes(64)))
    assert package in error.message
    assert "dumpscope[archives]" in error.hint


def test_a_size_below_zero_in_a_record_of_tar_is_refused(tmp_path: Path) -> None:
    head = tarfile.TarInfo("memory.dmp")
    head.pax_headers = {"size": "-1"}
    error = fault(written(tmp_path, "x.tar", head.tobuf(tarfile.PAX_FORMAT) + DUMP + bytes(1024)))
    assert "below zero" in error.message
    assert error.hint


def test_an_archive_in_memory_is_opened_like_one_in_a_file(tmp_path: Path) -> None:
    data = archive_zip([("a/first.dmp", DUMP), ("second.dmp", OTHER)], 8, deflate)
    source = source_in(data, "x.zip!first.dmp")
    assert source.inside is not None
    assert source.inside[:3] == ("x.zip", ("a/first.dmp",), "a ZIP archive")
    assert source.inside.outer().bytes(0, len(data), "all") == data
    assert whole(source) == DUMP
    several = source_in(data, "x.zip")
    assert several.fault is not None
    assert f"{file_word('x.zip!a/first.dmp')}, {file_word('x.zip!second.dmp')}" in several.fault.hint

"""Images read from files and from captured memory, against images made by hand."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import List, Tuple

import pytest
from samples.writer import DumpBuilder, Module
from tests.cases import each

from dumpscope import Minidump
from dumpscope.dump.absence import Absent
from dumpscope.dump.source import Source
from dumpscope.symbols.image import MAX_SECTIONS, Image, image_file, image_in_memory

from .pe_builder import BASE64, GUID_KEY, TIMESTAMP, Part, build_pe, example, mapped


def opened(data: bytes) -> Image:
    image = image_file(Source.from_object(data))
    assert isinstance(image, Image), image
    return image


def dump_with(pieces: List[Tuple[int, bytes]], size: int = 0x5000, name: str = "C:\\x\\example.dll") -> Minidump:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_module_list([Module(BASE64, size, name)])
    for address, data in pieces:
        builder.add_memory(address, data)
    builder.add_memory_list()
    return Minidump.open(builder.build())


@pytest.mark.parametrize("wide", [True, False])
def test_headers_and_sections_of_a_file(wide: bool) -> None:
    data, parts = example(wide)
    image = opened(data)
    assert (image.machine, image.timestamp, image.size_of_image) == (0x8664 if wide else 0x14C, TIMESTAMP, 0x5000)
    assert image.image_base == (0x1_8000_0000 if wide else 0x1000_0000)
    assert [(section.name, section.rva) for section in image.sections] == [(part.name.decode(), part.rva) for part in parts]
    assert [section.executable for section in image.sections] == [True, False, False, False]


def test_a_file_is_read_by_sections() -> None:
    data, parts = example()
    image = opened(data)
    for part in parts:
        assert image.read(part.rva, len(part.data)) == part.data
        place = image.offset_of(part.rva + 1)
        assert place is not None
        assert data[place] == part.data[1]
    assert image.read(0, 2) == b"MZ"
    # .data: 64 bytes and padding are in the file, the rest of its 0x800 bytes are zeros that no file holds.
    assert image.read(0x2000, 0x800) == parts[1].data.ljust(0x200, b"\0")
    assert image.read(0x2200, 16) == b""
    assert image.offset_of(0x2200) is None
    assert image.read(0x9000, 16) == b""


def test_memory_and_file_give_the_same_image() -> None:
    data, parts = example()
    dump = dump_with([(BASE64, mapped(data, parts))])
    memory = image_in_memory(dump.memory, BASE64, 0x5000)
    assert isinstance(memory, Image)
    file = opened(data)
    assert memory.headers == file.headers
    assert list(memory.exports) == list(file.exports)
    assert memory.read(0x2800, 8) == bytes(8)
    place = memory.place(0x1000)
    assert place is not None
    assert place.path == ""
    assert dump.source.bytes(place.offset, 4, "code") == b"\xcc" * 4
    assert memory.read(0x4FFF, 16) == b"\0"


def test_memory_without_headers_is_no_image() -> None:
    data, parts = example()
    dump = dump_with([(BASE64 + 0x1000, mapped(data, parts)[0x1000:])])
    image = image_in_memory(dump.memory, BASE64, 0x5000)
    assert isinstance(image, Absent)
    assert image.kind == "not-captured"


def test_codeview_of_an_image() -> None:
    data, _ = example()
    codeview = opened(data).codeview
    assert codeview
    assert (codeview.kind, codeview.key, codeview.path) == ("RSDS", GUID_KEY + "3", "C:\\build\\example.pdb")
    assert data[codeview.offset : codeview.offset + 4] == b"RSDS"


def test_an_image_without_a_debug_directory() -> None:
    codeview = opened(build_pe([Part(b".text", 0x1000, b"\xc3")])).codeview
    assert isinstance(codeview, Absent)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not hold the image's headers"),
        (b"ZM" + bytes(100), "does not begin with MZ"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0x7FFFFFFF), "e_lfanew places at 0x7fffffff"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0x40) + b"NE\0\0" + bytes(100), "no PE signature at 0x40"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0x40) + b"PE\0\0" + bytes(100), "optional header of the unknown kind 0x0"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0x40) + b"PE\0\0" + bytes(16) + b"\x10\0\0\0\x0b\x02" + bytes(300), "optional header of 0x10 bytes"),
    ],
)
def test_what_is_no_image_says_why(data: bytes, words: str) -> None:
    image = image_file(Source.from_object(data))
    assert isinstance(image, Absent)
    assert words in image.message


def test_fewer_directories_than_sixteen() -> None:
    image = opened(build_pe([Part(b".text", 0x1000, b"\xc3")], {0: (0x1000, 40)}, directory_count=2))
    assert image.directory(0) == (0x1000, 40)
    assert image.directory(6) == image.directory(-1) == image.directory(99) == (0, 0)


class Counting:
    """Gives endless bytes and counts them."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.given = 0
        self.words = "endless bytes"
        self.path = "endless"

    def read(self, rva: int, size: int) -> bytes:
        self.given += size
        return self.head[rva : rva + size].ljust(size, b"\x01")

    def offset_of(self, rva: int) -> int:
        return rva


def test_sections_are_bounded() -> None:
    from dumpscope.symbols.image import read_headers

    data = bytearray(build_pe([Part(b".text", 0x1000, b"\xc3")]))
    struct.pack_into("<H", data, 0x80 + 6, 0xFFFF)
    reader = Counting(bytes(data))
    headers = read_headers(reader)
    assert not isinstance(headers, Absent)
    assert len(headers.sections) == MAX_SECTIONS
    assert reader.given < MAX_SECTIONS * 40 + 1024


@each("seed", range(40))
def test_changed_images_never_raise(seed: int) -> None:
    data, _ = example(wide=seed % 2 == 0)
    rng = random.Random(seed)
    for _ in range(25):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            where = rng.choice((rng.randrange(0x200), rng.randrange(len(data))))
            changed[where] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
        if rng.random() < 0.3:
            del changed[rng.randrange(len(changed)) :]
        for image in (image_file(Source.from_object(bytes(changed))), image_in_memory(dump_with([(BASE64, bytes(changed))]).memory, BASE64, 0x5000)):
            if isinstance(image, Absent):
                assert image.message
                continue
            list(image.exports)
            image.exports.at(0x1005)
            assert image.codeview is not None
            for section in image.sections:
                image.read(section.rva, 64)
                image.offset_of(section.rva)


def test_a_file_on_disk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "example.dll"
    path.write_bytes(example()[0])
    source = Source.from_path(path)
    image = image_file(source)
    assert isinstance(image, Image)
    assert str(path) in image.source
    assert image.path == str(path)
    assert str(image.place(0x1000)) == f"0x400 in {path}"
    source.close()

"""Where images are looked for, and what is taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dumpscope.dump.absence import Absent
from dumpscope.symbols.image import Image
from dumpscope.symbols.images import Images, safe_name

from .pe_builder import BASE64, TIMESTAMP, example, mapped
from .test_image import dump_with

KEY = f"{TIMESTAMP:08X}5000"


@pytest.mark.parametrize(
    "where",
    [
        "example.dll",
        "EXAMPLE.DLL",
        "dll/example.dll",
        f"example.dll/{KEY}/example.dll",
        f"Example.dll/{KEY.lower()}/EXAMPLE.dll",
        f"ex/example.dll/{KEY}/example.dll",
    ],
)
def test_places_of_a_folder(tmp_path: Path, where: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(example()[0])
    if where.startswith("ex/"):
        (tmp_path / "index2.txt").write_text("")
    dump = dump_with([])
    with Images(dump, [str(tmp_path / "none"), str(tmp_path)]) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Image)
        assert os.path.samefile(image.path, path)
        used = [os.path.normcase(tried.place) for tried in images.tried if tried.result == "used"]
        assert used == [os.path.normcase(path)]
        assert images.find(dump.modules[0]) is image


def test_a_mismatch_is_said_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "example.dll").write_bytes(example(timestamp=0x11111111)[0])
    dump = dump_with([])
    with Images(dump, [str(tmp_path)]) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Absent)
        assert "time stamp 11111111, the dump says 5F3C1A2B" in image.message
        assert [tried.result for tried in images.tried] == ["missing", "mismatch", "missing"]
    with Images(dump, [str(tmp_path)], loose=True) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Image)
        assert "time stamp 11111111" in image.mismatch


def test_a_later_match_goes_before_an_earlier_mismatch(tmp_path: Path) -> None:
    for name, stamp in (("one", 1), ("two", TIMESTAMP)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "example.dll").write_bytes(example(timestamp=stamp)[0])
    dump = dump_with([])
    with Images(dump, [str(tmp_path / "one"), str(tmp_path / "two")], loose=True) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Image)
        assert not image.mismatch
        assert Path(image.path).parts[-2:] == ("two", "example.dll")


def test_a_file_that_is_no_image_is_said(tmp_path: Path) -> None:
    (tmp_path / "example.dll").write_bytes(b"\x7fELF" + bytes(100))
    (tmp_path / "dll").mkdir()
    (tmp_path / "dll" / "example.dll").mkdir()
    dump = dump_with([])
    with Images(dump, [str(tmp_path)]) as images:
        assert isinstance(images.find(dump.modules[0]), Absent)
        reasons = [tried.reason for tried in images.tried if tried.result == "unreadable"]
        assert "does not begin with MZ" in reasons[0]
        assert "is a folder" in reasons[1]


def test_memory_first_and_the_file_for_the_rest(tmp_path: Path) -> None:
    data, parts = example()
    (tmp_path / "example.dll").write_bytes(data)
    whole = bytearray(mapped(data, parts))
    whole[0x1000:0x1010] = b"\x90" * 16
    dump = dump_with([(BASE64, bytes(whole[:0x1010]))])
    with Images(dump, [str(tmp_path)]) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Image)
        assert image.read(0x1000, 4) == b"\x90" * 4
        assert image.read(0x1010, 4) == b"\xcc" * 4
        code, rest = image.place(0x1000), image.place(0x1010)
        assert code is not None
        assert rest is not None
        assert (code.path, rest.path) == ("", str(tmp_path / "example.dll"))


def test_pages_without_headers_count_more_than_the_file(tmp_path: Path) -> None:
    (tmp_path / "example.dll").write_bytes(example()[0])
    dump = dump_with([(BASE64 + 0x1000, b"\x90" * 16)])
    with Images(dump, [str(tmp_path)]) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Image)
        assert image.read(0x1000, 2) == b"\x90\x90"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "C:x", "a\0b", "a*", "x" * 256, "a\nb"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    assert not safe_name(name)


def test_a_hostile_module_name_reads_nothing(tmp_path: Path) -> None:
    dump = dump_with([], name="C:\\x\\..")
    with Images(dump, [str(tmp_path)]) as images:
        image = images.find(dump.modules[0])
        assert isinstance(image, Absent)
        assert "cannot be the name of a file" in image.message


def test_without_paths_the_reason_says_so() -> None:
    dump = dump_with([])
    image = Images(dump).find(dump.modules[0])
    assert isinstance(image, Absent)
    assert "no image path is given" in image.message

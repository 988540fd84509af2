"""``extract``: images, memory and streams as files, with what is missing named."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterable, Iterator, List, Tuple

import pytest

from dumpscope.commands import smaller
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import UsageError
from dumpscope.front.spellings import translate
from dumpscope.writing import extract
from dumpscope.writing.builder import DumpBuilder
from dumpscope.writing.needed import captured

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FULL = SAMPLES / "full-memory.dmp"
BASE = 0x1_4000_0000


def image_file() -> bytes:
    """An image of two sections, as its file is laid out."""
    head = bytearray(0x200)
    head[:2] = b"MZ"
    head[0x3C:0x40] = (0x80).to_bytes(4, "little")
    head[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", head, 0x84, 0x8664, 2, 0x5F000000, 0, 0, 0xF0, 0x22)
    struct.pack_into("<H", head, 0x98, 0x20B)
    struct.pack_into("<IIHHHHHHIIII", head, 0x98 + 32, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x3000, 0x200, 0)
    struct.pack_into("<I", head, 0x98 + 108, 16)
    struct.pack_into("<8sIIIIIIHHI", head, 0x98 + 0xF0, b".text", 0x300, 0x1000, 0x400, 0x200, 0, 0, 0, 0, 0x60000020)
    struct.pack_into("<8sIIIIIIHHI", head, 0x98 + 0xF0 + 40, b".data", 0x100, 0x2000, 0x200, 0x600, 0, 0, 0, 0, 0xC0000040)
    return bytes(head) + bytes(range(256)) * 4 + b"data" * 128


def dump_with_image(path: Path, *, data: bool = True, path_of_module: str = "C:\\app\\thing.dll") -> None:
    """A dump with that image in memory."""
    whole = image_file()
    builder = DumpBuilder(flags=2)
    builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=1, ThreadContext=bytes(1232))
    builder.add("ModuleListStream", BaseOfImage=BASE, SizeOfImage=0x3000, ModuleName=path_of_module)
    builder.memory.wide = True
    builder.capture(BASE, whole[:0x200].ljust(0x1000, b"\0"))
    builder.capture(BASE + 0x1000, whole[0x200:0x600].ljust(0x1000, b"\0"))
    if data:
        builder.capture(BASE + 0x2000, whole[0x600:].ljust(0x1000, b"\0"))
    builder.write(str(path))


def test_sections_go_to_their_file_offsets(tmp_path: Path, cli: Any) -> None:
    source, target = tmp_path / "a.dmp", tmp_path / "thing.dll"
    dump_with_image(source)
    document = json.loads(cli("extract", source, "--module", "thing", "-o", target, "--json").out)
    assert target.read_bytes() == image_file()
    assert document["gap_count"] == 0
    assert document["extracted"][0]["layout"] == "file"


def test_what_is_missing_is_named_and_zero(tmp_path: Path, cli: Any) -> None:
    source, target = tmp_path / "a.dmp", tmp_path / "thing.dll"
    dump_with_image(source, data=False)
    document = json.loads(cli("extract", source, "--module", "thing.dll", "-o", target, "--json").out)
    assert [(row["part"], row["size"]) for row in document["gaps"]] == [(".data", 0x200)]
    assert target.read_bytes() == image_file()[:0x600] + bytes(0x200)


def test_an_image_without_headers_stays_as_it_lies_in_memory(tmp_path: Path, cli: Any) -> None:
    with Minidump.open(str(FULL)) as dump:
        starts = [low for low, _, _ in dump.memory.spans()]
        module = next(item for item in dump.modules if item.base not in starts and any(item.base <= low < item.end for low in starts))
        name = module.name
        low, high, offset = next(span for span in dump.memory.spans() if module.base <= span[0] < module.end)
        held = dump.source.some(offset, high - low)
    target = tmp_path / "image.bin"
    document = json.loads(cli("extract", FULL, "--module", name, "-o", target, "--json").out)
    assert document["extracted"][0]["layout"] == "memory"
    assert target.stat().st_size == module.size
    assert target.read_bytes()[low - module.base :][: high - low] == held


def test_memory_and_streams(tmp_path: Path, cli: Any) -> None:
    with Minidump.open(str(FULL)) as dump:
        low, _, _ = max(dump.memory.spans(), key=lambda span: span[1] - span[0])
        held = dump.memory.some(low, 0x100)
        stream = next(item for item in dump.streams if item.type == 12)
        handles = dump.stream_bytes(stream)
    target = tmp_path / "memory.bin"
    assert cli("extract", FULL, "--range", f"{low:x}", "100", "-o", target).code == 0
    assert target.read_bytes() == held
    assert cli("extract", FULL, "--range", f"{low:x}", "L?80", "-o", target, "--force").code == 0
    assert target.read_bytes() == held[:0x80]
    assert cli("extract", FULL, "--stream", "HandleData", "-o", target, "--force").code == 0
    assert target.read_bytes() == handles
    assert cli("extract", FULL, "--range", "10", "100", "-o", tmp_path / "none.bin").code == 1
    assert not (tmp_path / "none.bin").exists()


def test_a_stream_beyond_the_end_is_an_error_and_no_file(tmp_path: Path, cli: Any) -> None:
    target = tmp_path / "stream.bin"
    source = SAMPLES / "handles-stream-beyond-end.dmp"
    result = cli("extract", source, "--stream", "HandleData", "-o", target)
    assert result.code == 3
    assert "0x420 bytes at 0x4040, the file holds none of them" in result.err
    assert "compare its size" in result.err
    assert not list(tmp_path.iterdir())
    error = json.loads(cli("extract", source, "--stream", "6", "--json").out)["error"]
    assert (error["offset"], error["needed"], error["available"]) == (0x4040, 0x420, 0)


def test_a_stream_without_bytes_makes_no_file(tmp_path: Path, cli: Any) -> None:
    result = cli("extract", SAMPLES / "handles-stream-size-zero.dmp", "--stream", "HandleData", "-o", tmp_path / "stream.bin")
    assert result.code == 1
    assert "its size in the directory is 0" in " ".join((result.out + result.err).split())
    assert not list(tmp_path.iterdir())


def test_a_stream_that_is_cut_is_written_as_far_as_it_goes(tmp_path: Path, cli: Any) -> None:
    target = tmp_path / "stream.bin"
    source = SAMPLES / "handles-stream-cut.dmp"
    document = json.loads(cli("extract", source, "--stream", "HandleData", "-o", target, "--json").out)
    with Minidump.open(str(source)) as dump:
        stream = next(item for item in dump.streams if item.type == 12)
        held = dump.source.available(stream.rva, stream.size)
    assert 0 < held == target.stat().st_size < stream.size
    assert [(row["address"], row["size"], row["place"]) for row in document["gaps"]] == [(None, stream.size - held, held)]


@pytest.mark.parametrize("words", [["--range", "7ffc3a78d000", "1000"], ["--module", "ntdll"]])
def test_memory_that_is_listed_and_cut_off_is_said_to_be(words: Any, tmp_path: Path, cli: Any) -> None:
    result = cli("extract", SAMPLES / "full-memory-truncated.dmp", *words, "-o", tmp_path / "a.bin")
    assert result.code == 1
    said = " ".join((result.out + result.err).split())
    assert "range 4 lists 0x1000 bytes at 0x7ffc3a78d000, which should be at 0x6fe9 in the file; the file holds none of them" in said
    assert not list(tmp_path.iterdir())


def test_huge_gaps_make_no_huge_file(tmp_path: Path, cli: Any) -> None:
    result = cli("extract", FULL, "--range", "0", "ffffffffffffffff", "-o", tmp_path / "all.bin")
    assert result.code
    assert "not in the dump" in result.err
    assert not list(tmp_path.iterdir())


def test_all_modules_go_into_a_folder_under_harmless_names(tmp_path: Path, cli: Any) -> None:
    source, folder = tmp_path / "a.dmp", tmp_path / "out"
    dump_with_image(source, path_of_module="C:\\x\\..\\..\\nul.dll")
    assert cli("extract", source, "--all-modules", folder).code == 2
    folder.mkdir()
    assert cli("extract", source, "--all-modules", folder).code == 0
    assert [item.name for item in folder.iterdir()] == ["_nul.dll"]
    assert cli("extract", source, "--all-modules", folder).code == 2
    assert cli("extract", source, "--all-modules", folder, "--force").code == 0


def dump_of_modules(path: Path, bases: Iterable[int], size: int, ranges: int) -> None:
    """A dump with modules of one size, and captured pages of 0x1000 bytes every 0x2000."""
    builder = DumpBuilder(flags=2)
    builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=1, ThreadContext=bytes(1232))
    for number, base in enumerate(bases):
        builder.add("ModuleListStream", BaseOfImage=base, SizeOfImage=size, ModuleName=f"C:\\m{number}.dll")
    builder.memory.wide = True
    for number in range(ranges):
        builder.capture(BASE + number * 0x2000, bytes([number % 255 + 1]) * 0x1000)
    builder.write(str(path))


def test_all_modules_walk_the_ranges_once(tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dump_of_modules(tmp_path / "a.dmp", [BASE + number * 0x2000 for number in range(40)], 0x1000, 40)
    walked: List[int] = []

    def counted(dump: Any, wanted: Any) -> Iterator[Any]:
        for part in captured(dump, wanted):
            walked.append(part[0])
            yield part

    monkeypatch.setattr(extract, "captured", counted)
    (tmp_path / "out").mkdir()
    assert cli("extract", tmp_path / "a.dmp", "--all-modules", tmp_path / "out").code == 0
    assert walked == [BASE + number * 0x2000 for number in range(40)]
    written = sorted((tmp_path / "out").iterdir(), key=lambda item: int(item.stem[1:]))
    assert [item.read_bytes() for item in written] == [bytes([number + 1]) * 0x1000 for number in range(40)]


def test_modules_over_each_other_make_no_files_larger_than_the_dump(tmp_path: Path, cli: Any) -> None:
    source, folder = tmp_path / "a.dmp", tmp_path / "out"
    dump_of_modules(source, [BASE] * 40, 0x50000, 40)
    folder.mkdir()
    refused = cli("extract", source, "--all-modules", folder)
    assert refused.code == 3
    assert "modules lie over each other" in refused.err
    assert list(folder.iterdir()) == []
    assert cli("extract", source, "--module", "m0.dll", "-o", tmp_path / "m0.dll").code == 0
    dump_of_modules(tmp_path / "b.dmp", [BASE, BASE + 0x2000], 0x2000, 2)  # next to each other
    assert cli("extract", tmp_path / "b.dmp", "--all-modules", folder).code == 0


def test_gaps_that_are_not_listed_are_counted(tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dump_of_modules(tmp_path / "a.dmp", [BASE], 0x20000, 16)
    monkeypatch.setattr(smaller, "MOST_GAPS", 14)
    shown = cli("extract", tmp_path / "a.dmp", "--module", "m0")
    assert "and 2 more gaps, which are not listed" in shown.out
    assert shown.out.count("image of m0") == 1 + 14 + shown.out.count("image of m0: as it lies")
    document = json.loads(cli("extract", tmp_path / "a.dmp", "--module", "m0", "--json").out)
    assert (document["gap_count"], len(document["gaps"])) == (16, 14)
    monkeypatch.setattr(smaller, "MOST_GAPS", 16)
    assert "more gaps" not in cli("extract", tmp_path / "a.dmp", "--module", "m0").out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--module", "nosuch"],
        ["--module", "ntdll", "--stream", "1"],
        ["--range", "10"],
        ["--range", "10", "0"],
        ["--stream", "99"],
        ["--all-modules", "x", "-o", "y"],
    ],
)
def test_wrong_words_are_refused(cli: Any, words: Any) -> None:
    assert cli("extract", FULL, *words).code == 2


def test_the_debuggers_spelling() -> None:
    found = translate(".writemem c:\\a.bin @rsp L?1000")
    assert found is not None
    assert found.words == ["extract", "--range", "@rsp", "L?1000", "-o", "c:\\a.bin"]
    found = translate(".writemem a.bin 1000 1fff")
    assert found is not None
    assert found.words == ["extract", "--range", "1000", "1000", "-o", "a.bin"]


class Listed(List[Any]):
    """Modules of a dump."""

    def at(self, address: int) -> Any:
        return next((module for module in self if module.base <= address < module.base + 0x1000), None)


def listed(*rows: Tuple[str, int]) -> Any:
    found = Listed(SimpleNamespace(name=name.rpartition(".")[0], file_name=name, base=base) for name, base in rows)
    return SimpleNamespace(dump=SimpleNamespace(modules=found))


def test_the_one_module_that_a_word_means() -> None:
    session = listed(("One.dll", 0x1000), ("two.dll", 0x2000), ("two.exe", 0x3000), ("3.dll", 0x4000))
    assert [smaller._module(session, text).base for text in ("one", "ONE.DLL", "o*.dll", "?wo.exe", "1010", "3.dll", "3")] == [
        0x1000,
        0x1000,
        0x1000,
        0x3000,
        0x1000,
        0x4000,
        0x4000,
    ]
    for text in ("four", "*.sys", "9000", "fff"):
        with pytest.raises(UsageError, match="there is no module"):
            smaller._module(session, text)


@pytest.mark.parametrize("count", [2, 4, 5, 9])
def test_a_word_that_means_several_modules(count: int) -> None:
    bases = [0x1000 * (number + 1) for number in range(count)]
    with pytest.raises(UsageError) as raised:
        smaller._module(listed(*(("same.dll", base) for base in bases)), "same")
    assert raised.value.message == f"'same' is {count} modules"
    assert raised.value.hint == "give the address of one: " + ", ".join(f"0x{base:x}" for base in bases[:4])
    assert smaller._module(listed(*(("same.dll", 0x1000) for _ in bases)), "same").base == 0x1000  # one image that is listed several times


@pytest.mark.parametrize("most", [0, 1])
def test_gaps_are_listed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cli: Any, most: int) -> None:
    monkeypatch.setattr(smaller, "MOST_GAPS", most)
    source = tmp_path / "a.dmp"
    dump_with_image(source, data=False)
    document = json.loads(cli("extract", source, "--module", "thing", "-o", tmp_path / "x.dll", "--json").out)
    assert (len(document["gaps"]), document["gap_count"]) == (most, 1)
    out = cli("extract", source, "--module", "thing", "-o", tmp_path / "y.dll").out
    assert ("and 1 more gaps, which are not listed" in out) is (most == 0)

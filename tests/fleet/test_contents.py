"""What differs between two dumps as files, and in captured memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.fleet.contents import (
    PIECE,
    MemoryChange,
    differences,
    equal_files,
    finding_changes,
    memory_changes,
    one_file,
    same_bytes,
    shared_memory,
    stream_changes,
)
from dumpscope.writing import DumpBuilder

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BASE = 0x10000


def written(ranges: Sequence[Tuple[int, bytes]]) -> bytes:
    builder = DumpBuilder()
    for address, data in ranges:
        builder.capture(address, data)
    return builder.to_bytes()


def made(ranges: Sequence[Tuple[int, bytes]]) -> Minidump:
    return Minidump.open(written(ranges))


def changes(first: Sequence[Tuple[int, bytes]], last: Sequence[Tuple[int, bytes]]) -> Tuple[int, Sequence[MemoryChange]]:
    one, two = made(first), made(last)
    return shared_memory(one, two), list(memory_changes(one, two))


def test_pages_of_memory_that_differ() -> None:
    data = bytearray(5 * 0x1000)
    other = bytearray(data)
    assert changes([(BASE, bytes(data))], [(BASE, bytes(other))]) == (0x5000, [])
    other[0x1000] = other[0x2FFF] = other[0x4001] = 1
    assert changes([(BASE, bytes(data))], [(BASE, bytes(other))]) == (0x5000, [(BASE + 0x1000, 0x2000), (BASE + 0x4000, 0x1000)])


def test_only_what_both_have_is_compared() -> None:
    first = [(BASE + 0x800, b"a" * 0x1000), (BASE + 0x5000, b"a" * 0x1000)]
    last = [(BASE, b"a" * 0x1000), (BASE + 0x1000, b"b" * 0x400), (BASE + 0x5F00, b"c" * 0x1000), (BASE + 0x9000, b"d")]
    assert changes(first, last) == (0xD00, [(BASE + 0x1000, 0x400), (BASE + 0x5F00, 0x100)])
    assert changes(first, []) == (0, [])


def test_streams_flags_and_findings() -> None:
    with Minidump.open(SAMPLES / "everything-small.dmp") as first:
        builder = DumpBuilder.of(first)
        builder.drop(12)
        builder.flags = 0
        last = Minidump.open(builder.to_bytes())
        assert next((item.what, item.before, item.after) for item in differences(first, last)) == ("flags", f"0x{first.header.flags:x}", "0x0")
        changed = {item.type: item for item in stream_changes(first, last)}
        size = next(stream.size for stream in first.streams if stream.type == 12)
        assert changed[12] == (12, "HandleDataStream", "gone", size, None)
        assert {item.type: item.kind for item in stream_changes(last, first)}[12] == "new"
        new, gone = finding_changes(first, last)
        assert new
        assert finding_changes(last, first) == (gone, new)
        assert (differences(first, first), list(stream_changes(first, first)), finding_changes(first, first)) == ([], [], ([], []))
        assert list(memory_changes(first, first)) == []


def test_the_command_says_it(tmp_path: Path, run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any]) -> None:
    paths = [str(tmp_path / "a.dmp"), str(tmp_path / "b.dmp")]
    for path, byte in zip(paths, (b"a", b"b")):
        Path(path).write_bytes(written([(BASE, byte * 0x1000), (BASE + 0x3000, bytes(0x1000))]))
    found = run_json("diff", *paths)
    assert (found["shared_memory"], found["changed_memory"]) == (0x2000, 0x1000)
    assert found["memory_changes"] == [{"address": "0x10000", "size": 0x1000}]
    assert found["streams"] == []
    assert "memory that differs" not in cli("diff", *paths).out
    assert "memory that differs" in cli("diff", *paths, "--memory").out


def test_versions_of_modules_are_shown_as_such(run_json: Callable[..., Dict[str, Any]]) -> None:
    found = run_json("diff", SAMPLES / "everything-small.dmp", SAMPLES / "article-nohandles.dmp")
    versions = [item[key] for item in found["modules"] for key in ("version_before", "version_after") if item[key]]
    assert versions
    assert all(version.count(".") == 3 for version in versions)


def sources(*contents: bytes) -> Sequence[Source]:
    return [Source.from_object(data) for data in contents]


def test_files_with_the_same_bytes_are_found() -> None:
    one, two, three = b"a" * 10, b"b" * 10, b"a" * 11
    assert equal_files(sources(one, two, one)) == [[0, 2]]
    assert equal_files(sources(two, one, three, two, one, two)) == [[0, 3, 5], [1, 4]]
    assert equal_files(sources(one, two, three)) == []
    assert equal_files([]) == []


def test_each_byte_of_both_files_counts() -> None:
    data = bytes(range(251)) * (2 * PIECE // 251) + b"rest"
    told: List[Tuple[int, int]] = []
    assert same_bytes(*sources(data, data), lambda done, total: told.append((done, total)))
    assert told == [(PIECE, len(data)), (len(data), len(data))]
    for place in (0, PIECE - 1, PIECE, len(data) - 1):
        other = bytearray(data)
        other[place] ^= 1
        assert not same_bytes(*sources(data, bytes(other))), place


def test_the_reading_ends_at_the_first_difference() -> None:
    told: List[int] = []
    assert not same_bytes(*sources(b"a" + bytes(3 * PIECE), b"b" + bytes(3 * PIECE)), lambda done, total: told.append(done))
    assert told == []


def test_one_file_needs_no_reading(tmp_path: Path) -> None:
    first, other = tmp_path / "a.dmp", tmp_path / "b.dmp"
    first.write_bytes(b"x" * 100)
    other.write_bytes(b"x" * 100)
    opened = [Source.from_path(first), Source.from_path(tmp_path / "." / "a.dmp"), Source.from_path(other)]
    told: List[int] = []

    def tell(done: int, total: int) -> None:
        told.append(done)

    try:
        assert one_file(opened[0], opened[1])
        assert not one_file(opened[0], opened[2])
        assert same_bytes(opened[0], opened[1], tell)
        assert told == []
        assert same_bytes(opened[0], opened[2], tell)
        assert told == [100]
    finally:
        for source in opened:
            source.close()
    assert not one_file(*sources(b"x", b"x")), "bytes are no file"

"""``memory`` and ``read``."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, List, Tuple

import pytest
from samples.writer import DumpBuilder, Module
from tests.commands.made import flat

from dumpscope import Minidump
from dumpscope.commands import memory
from dumpscope.writing.builder import DumpBuilder as AnyDump

STACK = 0x4A5E6FFE18


def build(tmp_path, ranges, arch="amd64"):
    builder = DumpBuilder(arch)
    builder.add_system_info()
    for address, data in ranges:
        builder.add_memory(address, data)
    builder.add_memory_list()
    path = tmp_path / "made.dmp"
    path.write_bytes(builder.build())
    return path


def test_ranges_totals_and_gaps(tmp_path, run_json):
    path = build(tmp_path, [(0x1000, b"a" * 0x100), (0x1100, b"b" * 0x100), (0x5000, b"c" * 0x80), (0x5040, b"d" * 0x80)])
    document = run_json("memory", path)
    assert [item["start"] for item in document["ranges"]] == ["0x1000", "0x1100", "0x5000", "0x5040"]
    totals = document["totals"]
    assert (totals["range_count"], totals["listed_bytes"], totals["captured_bytes"]) == (4, 0x300, 0x2C0)
    assert totals["stretches"] == 2
    assert totals["largest_gap"] == {"start": "0x1200", "size": 0x3E00}


def test_what_a_range_holds(run_json):
    uses = [item["use"] for item in run_json("memory", "everything-small.dmp")["ranges"]]
    assert "PEB" in uses
    assert "TEB of thread 0 (1a30)" in uses
    assert "stack of thread 2 (c58)" in uses
    assert "KUSER_SHARED_DATA" in uses


def test_full_memory_that_is_cut(cli, run_json):
    assert run_json("memory", "full-memory-truncated.dmp")["totals"]["missing_bytes"] > 0
    assert "the file ends before them" in cli("memory", "full-memory-truncated.dmp").out


def test_no_memory_is_explained(cli):
    assert cli("memory", "missing-memory.dmp").code == 1
    result = cli("memory", "compressed-memory.dmp")
    assert result.code == 1
    assert "not public" in result.out


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("b", "00000000`00001000  00 01 02 03 04 05 06 07-08 09 0a 0b 0c 0d 0e 0f  ................"),
        ("w", "00000000`00001000  0100 0302 0504 0706 0908 0b0a 0d0c 0f0e"),
        ("d", "00000000`00001000  03020100 07060504 0b0a0908 0f0e0d0c"),
        ("q", "00000000`00001000  07060504`03020100 0f0e0d0c`0b0a0908"),
        ("p", "00000000`00001000  07060504`03020100 0f0e0d0c`0b0a0908"),
        ("s", "00000000`00001000  07060504`03020100"),
    ],
)
def test_forms_of_read(tmp_path, cli, form, line):
    path = build(tmp_path, [(0x1000, bytes(range(64)))])
    assert cli("read", path, "1000", "10", "--form", form).out.splitlines()[0].rstrip() == line


def test_read_across_a_gap(tmp_path, cli, run_json):
    path = build(tmp_path, [(0x1000, b"\xaa" * 8)])
    result = cli("read", path, "1000", "10")
    assert result.code == 0
    assert "aa-?? ??" in result.out
    assert "8 of 16 bytes" in result.out
    assert run_json("read", path, "1000", "10")["memory"]["pieces"][1]["hex"] is None


def test_read_text(tmp_path, cli, run_json):
    path = build(tmp_path, [(0x1000, "wide text\0".encode("utf-16-le")), (0x2000, b"narrow\x1b[31m\0rest")])
    assert '"wide text"' in cli("read", path, "1000", "--form", "u").out
    assert '"narrow\\x1b[31m"' in cli("read", path, "2000", "--form", "a").out
    assert run_json("read", path, "2000", "--form", "a")["text"] == "narrow\x1b[31m"


def test_read_pointers_with_symbols(cli):
    result = cli("read", "everything-small.dmp", "@rsp", "L5", "--form", "s")
    assert "demo+0x1490" in result.out
    assert len(result.out.splitlines()) == 5


def test_nothing_to_read(cli, run_json):
    result = cli("read", "everything-small.dmp", "1000")
    assert result.code == 1
    assert "captured above" in result.out
    assert run_json("read", "everything-small.dmp", "1000")["memory_reason"]["kind"] == "not-captured"
    assert cli("read", "everything-small.dmp", "@rsp", "0").code == 2
    assert cli("read", "everything-small.dmp", "@rsp", "ffffffff").code == 2


def test_memory_that_an_expression_needs(cli, run_json):
    result = cli("read", "everything-small.dmp", "poi(10)")
    assert result.code == 1
    assert "0x10" in result.out
    assert run_json("address", "missing-thread-list.dmp", "@rip")["exit"] == 1


def test_read_at_the_end_of_the_address_space(tmp_path, cli):
    path = build(tmp_path, [((1 << 64) - 16, bytes(range(16)))])
    result = cli("read", path, "ffffffffffffffff", "L20", "--form", "q")
    assert result.out.splitlines()[0].split()[1] == "0f"
    assert "the address space ends here: 1 of 256 bytes is there, too few for one element" in result.out
    result = cli("read", path, "fffffffffffffff0", "L20", "--form", "q")
    assert "07060504`03020100 0f0e0d0c`0b0a0908" in result.out
    assert "16 of 256 bytes are there" in result.out
    assert "1 of 16 bytes" in cli("read", path, "ffffffffffffffff", "L10", "--form", "a").out
    assert "address space" not in cli("read", path, "fffffffffffffff0", "L2", "--form", "q").out


def headers_dump(tmp_path, flags, held):
    made = DumpBuilder(flags=flags)
    made.add_system_info()
    made.add_module_list([Module(0x7FF600000000 + 0x100000 * index, 0x20000, f"C:\\demo\\m{index}.dll") for index in range(3)])
    for index in range(held):
        made.add_memory(0x7FF600000000 + 0x100000 * index, b"MZ" + bytes(0xFFE))
    made.add_memory(0x1000, bytes(16))
    made.add_memory_list()
    path = tmp_path / f"{flags:x}-{held}.dmp"
    path.write_bytes(made.build())
    return path


def test_module_headers_are_explained_by_their_flag(cli, tmp_path):
    def said(*words):
        return " ".join(cli(*words).out.split())

    asked = headers_dump(tmp_path, 0x80000, 2)
    assert "0x80000 MiniDumpWithModuleHeaders: the headers of 2 of 3 modules are captured" in said("memory", asked)
    assert "the headers of m0 are here because the flags hold 0x80000 MiniDumpWithModuleHeaders" in said("read", asked, "m0")
    assert "the writer did not store them" in said("read", asked, "m2")
    assert "asks for the headers of a module only" in said("read", asked, "m0+4000")
    plain = headers_dump(tmp_path, 0, 0)
    assert "0x80000 MiniDumpWithModuleHeaders, which asks for the headers of modules, is not among the flags (0x0)" in said("read", plain, "m0")
    assert "0x2 MiniDumpWithFullMemory" in said("read", plain, "m0+4000")
    for where in ("memory", "read"):
        assert "0x80000" not in said(where, headers_dump(tmp_path, 0x80002, 1), *(["m0"] if where == "read" else []))
    assert "0x80000" not in said("memory", plain)


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([], (0, 0, 0, (0, 0))),
        ([(0, 4)], (1, 0, 4, (0, 0))),
        ([(8, 12)], (1, 8, 12, (0, 0))),
        ([(8, 12), (12, 20)], (1, 8, 20, (0, 0))),
        ([(8, 12), (13, 20)], (2, 8, 20, (12, 1))),
        ([(8, 12), (16, 20), (30, 31), (35, 36)], (4, 8, 36, (20, 10))),
        ([(8, 12), (16, 20), (24, 25)], (3, 8, 25, (12, 4))),
        ([(0, 1), (5, 6), (6, 9), (9, 10)], (2, 0, 10, (1, 4))),
    ],
)
def test_the_largest_gap(spans: List[Tuple[int, int]], wanted: Tuple[int, int, int, Tuple[int, int]]) -> None:
    dump: Any = SimpleNamespace(memory=SimpleNamespace(spans=lambda: iter([(start, end, 0) for start, end in spans])))
    assert tuple(memory._gaps(dump)) == wanted


Cli = Callable[..., Any]


@pytest.fixture
def both_lists(tmp_path: Path) -> Path:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_memory(0x1000, b"a" * 0x20)
    builder.add_memory_list()
    builder.add_full_memory(0x5000, b"b" * 0x40)
    builder.add_memory64_list()
    path = tmp_path / "both.dmp"
    path.write_bytes(builder.build())
    with Minidump.open(str(path)) as dump:
        assert len(dump.memory_list)
        assert len(dump.memory64_list)
    return path


def test_ranges_of_two_lists_are_told_apart(cli: Cli, both_lists: Path) -> None:
    out = cli("memory", both_lists).out
    assert re.search(r"^#\s.*\bstream\b", out, re.MULTILINE)
    assert "5 is MemoryListStream, 9 Memory64ListStream" in flat(out)
    assert re.search(r"^0 .*\b5\b", out, re.MULTILINE)
    assert re.search(r"^0 .*\b9\b", out, re.MULTILINE)


def test_one_list_needs_no_number_of_its_stream(cli: Cli) -> None:
    assert "MemoryListStream" not in cli("memory", "handles.dmp").out


def test_what_is_captured_of_committed_memory_is_no_more_than_all_of_it(tmp_path: Path, cli: Cli, run_json: Any) -> None:
    """Memory that no region names, or one that was freed meanwhile, is captured and not committed."""
    builder = AnyDump(flags=0x802)
    builder.set("SystemInfoStream", ProcessorArchitecture=9, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=1, ThreadContext=bytes(1232))
    for base, state in ((0x10000, 0x1000), (0x20000, 0x2000)):
        builder.add("MemoryInfoListStream", BaseAddress=base, AllocationBase=base, RegionSize=0x2000, State=state, Protect=4, Type=0x20000)
    builder.memory.wide = True
    for base in (0x10000, 0x20000, 0x30000, 0x40000):
        builder.capture(base, b"x" * 0x1000)
    builder.write(str(tmp_path / "a.dmp"))
    totals = run_json("memory", tmp_path / "a.dmp", "--summary")["totals"]
    assert (totals["committed_bytes"], totals["captured_bytes"]) == (0x2000, 0x4000)
    assert "50.0 % of it captured" in cli("memory", tmp_path / "a.dmp", "--summary").out

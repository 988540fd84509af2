"""``dumpinfo`` and ``streams``: damage, streams of plug-ins, names that are damaged."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any, List

import pytest
from tests.commands.made import flat, notes, opened, parse, sample_bytes, write

from dumpscope.commands import overview
from dumpscope.dump.absence import Damage
from dumpscope.view.blocks import Table


@pytest.mark.parametrize(("count", "note"), [(0, []), (1000, []), (1001, ["1 more thing is wrong"]), (1003, ["3 more things are wrong"])])
@pytest.mark.parametrize("deep", [False, True])
def test_as_much_damage_as_the_limit(count: int, note: List[str], deep: bool) -> None:
    wrong = [Damage("code", str(number), number) for number in range(count)]
    dump: Any = SimpleNamespace(damage=[] if deep else wrong, check=lambda: iter(wrong if deep else []))
    table, *rest = overview.damage_blocks(dump, deep)
    assert isinstance(table, Table)
    assert list(table.rows) == wrong[:1000]
    assert table.title == ("what is wrong" if count else "")
    assert notes(rest) == note


def test_what_a_plug_in_reads_has_its_place_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offset within the stream becomes one of the file; a value of none stays without."""
    items = [SimpleNamespace(offset=offset, label="x", value=value, meaning="m") for offset, value in ((None, 1), (0, 2), (8, "three"), (9, 4.5))]
    monkeypatch.setattr("dumpscope.dump.decoders.decoded", lambda dump, stream: (items, ""))
    stream: Any = SimpleNamespace(type=0x12345, rva=0x709, index=3)
    dump: Any = None
    (table,) = [block for block in overview._decoded(dump, stream) if isinstance(block, Table)]
    assert table.key == "decoded_3"
    assert list(table.rows) == [(None, "x", 1, "m"), (0x709, "x", 2, "m"), (0x711, "x", "three", "m"), (0x712, "x", "4.5", "m")]


def test_a_damaged_name_is_cut_in_sentences(tmp_path, cli):
    """A string whose length is wrong is no name: sentences quote the beginning and call it damaged."""
    data = bytearray(sample_bytes("handles"))
    rva = parse(bytes(data)).modules[0].name_rva
    struct.pack_into("<I", data, rva, 0x1800)
    path = write(tmp_path, bytes(data))
    for command in ("dumpinfo", "why"):
        out = cli(command, path).out
        line = next(line for line in out.splitlines() if line.startswith("program"))
        assert "(damaged: a name of" in line
        assert len(line) < 600


def test_how_many_records_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch, cli: Any, run_json: Any) -> None:
    """Handles, threads, modules and both lists of memory count; up to the limit all are looked at, or with -v."""
    for name in ("article-handles", "full-memory"):
        dump = opened(name)
        records = sum(len(rows) for rows in (dump.handles, dump.threads, dump.modules, dump.memory_list, dump.memory64_list))
        assert records > 8
        words = f"{records} records were not looked at one by one: -v does"
        for limit, options, told in ((records, [], False), (records - 1, [], True), (records - 1, ["-v"], False)):
            monkeypatch.setattr(overview, "DEEP_LIMIT", limit)
            assert (words in flat(cli("dumpinfo", f"{name}.dmp", *options).out)) is told


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_as_many_streams_in_detail_as_the_limit(monkeypatch: pytest.MonkeyPatch, cli: Any, limit: int) -> None:
    monkeypatch.setattr(overview, "DETAILED", limit)
    count = sum(1 for stream in opened("article-handles").streams if stream.type)
    said = flat(cli("dumpinfo", "article-handles.dmp", "-v").out)
    more = max(0, count - limit)
    assert (f"{more} more streams: `streams N` shows one in detail" in said) is (more > 1)
    assert ("shows one in detail" in said) is (more > 0)
    monkeypatch.setattr(overview, "DETAILED", count)
    assert "shows one in detail" not in flat(cli("dumpinfo", "article-handles.dmp", "-v").out)
    monkeypatch.setattr(overview, "DETAILED", count - 1)
    assert "1 more stream: `streams N` shows one in detail" in flat(cli("dumpinfo", "article-handles.dmp", "-v").out)

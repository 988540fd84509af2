"""``search``, ``strings``, ``evaluate`` and ``switch``."""

from __future__ import annotations

import struct
from typing import Any, Callable, Dict, List, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.fuzz.dumps import Dump

from dumpscope.commands import search
from dumpscope.commands.index import find_command
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.search import MAX_PATTERN
from dumpscope.errors import UsageError
from dumpscope.session.running import parse, run
from dumpscope.session.session import Session
from dumpscope.view.document import render_json
from dumpscope.view.text import render_text

RunJson = Callable[..., Dict[str, Any]]
DUMP = "process-thread-data.dmp"


def memory_dump(*ranges: Tuple[int, bytes]) -> bytes:
    """A 64-bit dump of nothing but these ranges."""
    system = struct.pack("<HHHBBIIIIIHH24x", 9, 6, 0, 1, 1, 10, 0, 19045, 2, 0, 0, 0)
    at = 32 + 24
    base = at + len(system) + 16 + 16 * len(ranges)
    memory = struct.pack("<QQ", len(ranges), base) + b"".join(struct.pack("<QQ", start, len(data)) for start, data in ranges)
    head = struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, 2, 32, 0, 0, 2)
    directory = struct.pack("<III", 7, len(system), at) + struct.pack("<III", 9, len(memory), at + len(system))
    return head + directory + system + memory + b"".join(data for _, data in ranges)


def ask(data: bytes, line: List[str]) -> Tuple[Dict[str, Any], List[Tuple[int, int]]]:
    """The JSON document of a command, and what its progress was told."""
    import json

    told: List[Tuple[int, int]] = []
    found = find_command(line[0])
    with Minidump.open(data) as dump:
        session = Session(dump, "x")
        session.progress = lambda done, total: told.append((done, total))
        document: Dict[str, Any] = json.loads("".join(render_json(run(session, found, parse(found, line[1:])), session.head(found))))
        document["exit"] = session.status
    return document, told


def test_a_text_is_found_in_both_forms(run_json: RunJson) -> None:
    document = run_json("search", DUMP, "kernel32")
    assert document["exit"] == 0
    assert {hit["form"] for hit in document["hits"]} == {"utf16"}
    assert document["hits"][0]["found"].startswith("kernel32.dll")
    assert document["count"] == len(document["hits"]) == 2
    assert not document["more"]


def test_hits_are_in_order_and_say_where_they_are() -> None:
    data = memory_dump((0x1000, b"..needle.." + "needle".encode("utf-16-le")), (0x5000, b"needle"))
    document, told = ask(data, ["search", "needle"])
    assert [(hit["address"], hit["form"]) for hit in document["hits"]] == [("0x1002", "ascii"), ("0x100a", "utf16"), ("0x5000", "ascii")]
    for hit in document["hits"]:
        wanted = b"needle" if hit["form"] == "ascii" else "needle".encode("utf-16-le")
        assert data[hit["offset"] :].startswith(wanted)
    assert told[-1][0] == told[-1][1] > 0


def test_a_hit_that_crosses_two_ranges() -> None:
    document, _ = ask(memory_dump((0x1000, b"xxnee"), (0x1005, b"dlexx")), ["search", "--ascii", "needle"])
    assert [hit["address"] for hit in document["hits"]] == ["0x1002"]


def test_bytes_pointers_and_limits() -> None:
    data = memory_dump((0x1000, struct.pack("<QQBQ", 0x1234, 0x1234, 0, 0x1234)))
    assert [hit["address"] for hit in ask(data, ["search", "--pointer", "1234"])[0]["hits"]] == ["0x1000", "0x1008"]  # those in place only
    assert ask(data, ["search", "--bytes", "34 12"])[0]["count"] == 3
    document, _ = ask(data, ["search", "--bytes", "3412", "--limit", "2"])
    assert document["count"] == 2
    assert document["more"]
    assert not ask(data, ["search", "--bytes", "3412", "--limit", "0"])[0]["more"]


def test_nothing_found(run_json: RunJson) -> None:
    document = run_json("search", DUMP, "no such text")
    assert document["exit"] == 1
    assert document["hits"] == []
    assert run_json("search", "missing-memory.dmp", "x")["exit"] == 1
    assert run_json("strings", "missing-memory.dmp")["exit"] == 1


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--ascii"],
        ["--ascii", "--utf16", "x"],
        ["--bytes", "4"],
        ["--bytes", "zz"],
        ["--ascii", "\u20ac"],
        ["x", "--limit", "many"],
        ["--pointer", "nonsense!"],
    ],
)
def test_what_search_does_not_take(words: List[str], cli: Callable[..., Any]) -> None:
    assert cli("search", DUMP, *words).code == 2


def test_a_search_can_be_stopped() -> None:
    found = find_command("search")
    with Minidump.open(memory_dump((0x1000, b"x" * 100))) as dump:
        session = Session(dump, "x")

        def stop(done: int, total: int) -> None:
            raise KeyboardInterrupt

        session.progress = stop
        with pytest.raises(KeyboardInterrupt):
            list(render_text(run(session, found, parse(found, ["zz"]))))


def test_strings() -> None:
    data = memory_dump((0x1000, b"\0\0first text\0\x01" + "second text".encode("utf-16-le") + b"\0\0tiny\0third text"))
    document, told = ask(data, ["strings"])
    assert [(row["form"], row["text"]) for row in document["strings"]] == [("ascii", "first text"), ("utf16", "second text"), ("ascii", "third text")]
    assert document["strings"][0]["address"] == "0x1002"
    assert told
    assert [row["text"] for row in ask(data, ["strings", "--match", "S*"])[0]["strings"]] == ["second text"]
    assert [row["text"] for row in ask(data, ["strings", "--min", "4", "--ascii"])[0]["strings"]] == ["first text", "tiny", "third text"]
    assert ask(data, ["strings", "--min", "50"])[0]["exit"] == 1


def test_strings_that_cross_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.commands.search.CHUNK", 16)
    data = memory_dump((0x1000, b"\0" * 12 + b"a text over two pieces\0" + b"\0" * 20 + b"another one"))
    assert [row["text"] for row in ask(data, ["strings"])[0]["strings"]] == ["a text over two pieces", "another one"]


def test_strings_beside_pages_of_zeros() -> None:
    """Pages of zeros are stepped over: a text may end with the page before one, its last NUL in it, and begin right behind one."""
    wide = "up to the page".encode("utf-16-le")
    page = bytes(4096)
    data = memory_dump((0x10000, page + (page + wide)[len(wide) - 1 :] + page[1:] + b"behind a page" + page[13:] + page + b"short tail"))
    assert [(row["form"], row["text"]) for row in ask(data, ["strings"])[0]["strings"]] == [
        ("utf16", "up to the page"),
        ("ascii", "behind a page"),
        ("ascii", "short tail"),
    ]


def test_strings_of_bytes_that_many_ranges_share() -> None:
    """Ranges that hold more than the file: each of its bytes is looked through at its lowest address, and the answer says so."""
    made = Dump().basics()
    rva = made.put(b"\0a first text\0".ljust(2048, b"\0") + b"another text\0".ljust(2048, b"\0"))
    ranges = [(0x10000, 2048, rva), (0x20000, 4096, rva), (0x30000, 4096, rva)]
    made.stream(5, struct.pack("<I", 3) + b"".join(struct.pack("<QII", *row) for row in ranges))
    document, _ = ask(made.build(), ["strings"])
    assert [(row["address"], row["text"]) for row in document["strings"]] == [("0x10001", "a first text"), ("0x20800", "another text")]
    assert "lowest address" in document["notes"][-1]["text"]
    assert [row["address"] for row in ask(made.build(), ["search", "--ascii", "a first"])[0]["hits"]] == ["0x10001", "0x20001", "0x30001"]


@pytest.mark.parametrize("words", [["--min", "0"], ["--min", "x"], ["--ascii", "--utf16"], ["--limit", "-1"]])
def test_what_strings_does_not_take(words: List[str], cli: Callable[..., Any]) -> None:
    assert cli("strings", DUMP, *words).code == 2


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("0n2227248", "Evaluate expression: 2227248 = 00000000`0021fc30"),
        ("(-1)", "Evaluate expression: -1 = ffffffff`ffffffff"),
        ("10 + 0n10", "Evaluate expression: 26 = 00000000`0000001a"),
        ("00007ff8`890d1000", "Evaluate expression: 140705427951616 = 00007ff8`890d1000"),
    ],
)
def test_evaluate(expression: str, shown: str, cli: Callable[..., Any]) -> None:
    assert cli("evaluate", DUMP, *expression.split()).out.startswith(shown + "\n")


def test_evaluate_says_what_an_address_is(run_json: RunJson, cli: Callable[..., Any]) -> None:
    assert "stack of thread 0" in run_json("evaluate", DUMP, "@rsp")["use"]
    assert "TEB of thread" in cli("evaluate", DUMP, "@$teb").out
    assert cli("evaluate", DUMP, "nonsense").code == 2
    assert cli("evaluate", "missing-thread-list.dmp", "@rsp").code == 1
    assert "0021fc30" in cli("evaluate", "handles-x86.dmp", "21fc30").out


def test_switch(run_json: RunJson, cli: Callable[..., Any]) -> None:
    assert run_json("switch", DUMP, "1")["thread"]["index"] == 1
    assert cli("switch", DUMP, "99").code == 1
    assert cli("switch", DUMP, "zz").code == 2


@pytest.mark.parametrize("size", [1, 0x2FFF, 0x3000, 0x3001, 0x5000, 0x6000, 0x8001, 0x12345])
def test_pieces_of_memory_with_what_runs_over_their_end(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A piece is as long as is searched at once, and 8192 bytes more as far as its stretch goes; the progress ends with all of it."""
    monkeypatch.setattr(search, "CHUNK", 0x3000)
    data = struct.pack(f"<{size // 4 + 1}I", *range(1, size // 4 + 2))[:size]
    builder = DumpBuilder(flags=2)
    builder.add_system_info()
    builder.append(bytes(0x7FF0))
    builder.add_full_memory(0x10000, data)
    builder.add_full_memory(0x80000, data[:100])
    builder.add_memory64_list()
    session = Session(Minidump.open(builder.build()))
    told: List[Tuple[int, int]] = []
    session.progress = lambda done, total: told.append((done, total))
    found = list(search._pieces(session, search._Once(session.dump.memory)))
    starts = range(0, size, 0x3000)
    assert found == [*((0x10000 + at, data[at : at + 0x5000]) for at in starts), (0x80000, data[:100])]
    total = size + len(data[:100])
    assert told == [*((min(at + 0x3000, size), total) for at in starts), (total, total)]


def test_the_progress_counts_what_is_left_out() -> None:
    """Twelve ranges of the same bytes, which claim more than the file has: they are given once, and the progress still ends with all of them."""
    builder = DumpBuilder()
    builder.add_system_info()
    rva = builder.append(bytes(range(1, 201)) * 5 + b"last" * 10)
    rows = [struct.pack("<QII", 0x10000 * (number + 1), 1000, rva) for number in range(12)]
    rows.append(struct.pack("<QII", 0x200000, 40, rva + 1000))
    builder.add_stream(5, struct.pack("<I", len(rows)) + b"".join(rows))
    session = Session(Minidump.open(builder.build()))
    assert session.dump.memory.total == 12040 > session.dump.source.size
    told: List[Tuple[int, int]] = []
    session.progress = lambda done, total: told.append((done, total))
    once = search._Once(session.dump.memory)
    assert [address for address, _ in search._pieces(session, once)] == [0x10000, 0x200000]
    assert once.left_out == 11000
    assert told == [(1000, 12040), (12040, 12040)]


PAGE = 0x1000


@pytest.mark.parametrize(
    ("pages", "tail", "found"),
    [
        ("", b"", []),
        ("0", b"", []),
        ("1", b"", [(0, 1)]),
        ("10", b"", [(0, 1)]),
        ("01", b"", [(1, 2)]),
        ("1001", b"", [(0, 1), (3, 4)]),
        ("10001", b"", [(0, 1), (4, 5)]),
        ("0110010", b"", [(1, 3), (5, 6)]),
        ("111", b"", [(0, 3)]),
        ("10", b"\0" * 5, [(0, 1), (2, 3)]),
        ("10", b"\0\0x", [(0, 1), (2, 3)]),
    ],
)
def test_stretches_between_pages_of_zeros(pages: str, tail: bytes, found: List[Tuple[int, int]]) -> None:
    """Each with one byte more where zeros follow; zeros are passed over however many there are."""
    data = b"".join((b"x" if page == "1" else b"\0") * PAGE for page in pages) + tail
    wanted = [(first * PAGE, min(last * PAGE + 1, len(data)) if last * PAGE < len(data) else len(data)) for first, last in found]
    assert list(search._written(data)) == wanted


@pytest.mark.parametrize("at", [0x2FF0, 0x2FFF, 0x3000, 0x3001, 0x3000 + 6000, 0x3000 + 8191])
def test_a_text_near_the_end_of_a_piece_is_given_once_and_whole(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(search, "CHUNK", 0x3000)
    text = ("abcdefgh" * 500)[:4000]
    data = bytearray(b"\x01" * 0x9000)
    data[at : at + len(text)] = text.encode()
    builder = DumpBuilder(flags=2)
    builder.add_system_info()
    builder.append(bytes(0x7FF0))
    builder.add_full_memory(0x10000, bytes(data))
    builder.add_memory64_list()
    session = Session(Minidump.open(builder.build()))
    assert list(search._found(session, search._Once(session.dump.memory), 6, ("ascii",))) == [(0x10000 + at, "ascii", text)]


def test_how_long_a_pattern_may_be() -> None:
    for size in (1, MAX_PATTERN - 1, MAX_PATTERN):
        assert search._bounded(b"x" * size) == b"x" * size
    for size in (0, MAX_PATTERN + 1):
        with pytest.raises(UsageError, match=f"a pattern has 1 to {MAX_PATTERN} bytes, this one {size}"):
            search._bounded(b"x" * size)

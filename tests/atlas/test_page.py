"""The page as a file: what it holds, what it must not hold, how large it is."""

from __future__ import annotations

import base64
import html.parser
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from tests.amount import part, some

from dumpscope.atlas.carried import LIST_CAP
from dumpscope.atlas.page import page, script_json
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source
from dumpscope.view.redact import REDACTED, Redactor

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
HOSTILE = sorted(path.name for path in SAMPLES.glob("hostile-*.dmp"))


def made(thing: Any, **options: bool) -> str:
    source = Source.from_path(str(SAMPLES / thing)) if isinstance(thing, str) else Source.from_object(thing)
    try:
        found = Facts.of(source)
        if found.opened is None:
            pytest.skip("is no minidump")
        return "".join(page(found, **options))
    finally:
        source.close()


def data_of(text: str) -> Dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: Dict[str, Any] = json.loads(found.group(1))
    return data


def bytes_of(text: str) -> bytes:
    found = re.search(r'<script type="text/plain" id="bytes">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    raw = base64.b64decode(found.group(1), validate=True)
    return zlib.decompress(raw) if data_of(text)["encoding"] == "deflate" else raw


class Reader(html.parser.HTMLParser):
    """Elements, attributes, and the texts of scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: List[str] = []
        self.attributes: List[Tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.mark.parametrize("name", some(HOSTILE, 1))
def test_hostile_text_stays_data(name: str) -> None:
    text = made(name)
    plain = Reader()
    plain.feed(made("article-handles.dmp"))
    reader = Reader()
    reader.feed(text)
    # The markup is the template's, whatever the dump holds.
    assert reader.tags == plain.tags
    assert [item for item in reader.attributes if item[1] != "content"] == [item for item in plain.attributes if item[1] != "content"]
    assert all(char in "\n" or 0x20 <= ord(char) < 0x7F or char in "·–—…×→›‹▶▲▼◐○●−'" for char in text), "only the page's own characters stand as they are"
    data = json.dumps(data_of(text))
    for code in ("\\u001b", "\\u202e", "\\ud800", "\\u0000", "\\u200b"):
        assert code not in data.replace("\\\\", "")


def test_script_json_cannot_end_its_element() -> None:
    text = script_json({"a": "</script><!--<script>&amp;\u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--<script>&amp;\u2028"}


def test_nothing_is_loaded_from_anywhere() -> None:
    text = made("everything-small.dmp")
    reader = Reader()
    reader.feed(text)
    policy = next(value for tag, name, value in reader.attributes if tag == "meta" and name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for _, name, value in reader.attributes:
        if name in ("src", "href", "action", "data"):
            assert value.startswith(("#", "data:,")), (name, value)
    own = re.sub(r'<script type="[^"]+" id="(data|bytes)">.*?</script>', "", text, flags=re.DOTALL)
    assert not re.search(
        r"https?://|fetch\(|XMLHttpRequest|WebSocket|import\(|@import|url\(|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|sendBeacon", own
    )


def test_bytes_are_those_of_the_file() -> None:
    text = made("everything-small.dmp")
    data, held = data_of(text), bytes_of(text)
    whole = (SAMPLES / "everything-small.dmp").read_bytes()
    at = 0
    for offset, size in data["ranges"]:
        assert held[at : at + size] == whole[offset : offset + size]
        at += size
    assert at == len(held)


def test_every_byte_is_in_one_piece() -> None:
    data = data_of(made("everything-small.dmp"))
    at = 0
    for piece in data["pieces"]:
        assert piece[0] == at
        at += piece[1]
    assert at == data["size"]


def test_rows_lead_to_rows_above_them() -> None:
    data = data_of(made("everything-small.dmp"))
    for number, row in enumerate(data["nodes"]):
        assert -1 <= row[0] < number
        assert row[7] < number
    names = [row[1] for row in data["nodes"]]
    assert {"header", "directory", "thread 0", "context"} <= set(names)
    # Everything hangs on a stream or the directory; only they and the header stand at the top.
    assert all(row[1] in ("header", "directory") or row[1].startswith("stream ") for row in data["nodes"] if row[0] < 0)


def test_memory_is_left_out_unless_asked_for() -> None:
    without, with_memory = made("full-memory.dmp"), made("full-memory.dmp", memory=True)
    memory = next(number for number, kind in enumerate(data_of(without)["kinds"]) if kind[0] == "memory")
    held = sum(size for _, size in data_of(without)["ranges"])
    pieces = [piece for piece in data_of(without)["pieces"] if piece[2] == memory]
    assert pieces
    assert held <= data_of(without)["size"] - sum(piece[1] for piece in pieces)
    assert sum(size for _, size in data_of(with_memory)["ranges"]) > held


def test_small_dumps_make_small_pages() -> None:
    assert len(made("article-handles.dmp")) < 300_000
    assert len(made("everything-small.dmp")) < 400_000


def big_dump(path: Path, handles: int, ranges: int, range_size: int) -> None:
    """A full-memory dump with many handles whose names differ; its memory is a hole in the file."""
    from samples.writer import DumpBuilder, Handle, Module

    builder = DumpBuilder(flags=0x6)
    builder.add_system_info()
    builder.add_module_list([Module(0x7FF600000000 + number * 0x100000, 0x80000, f"C:\\Windows\\System32\\part{number}.dll") for number in range(200)])
    builder.add_thread_list([])
    builder.add_handles([Handle(4 * number + 4, "Event", f"\\BaseNamedObjects\\event-{number}", 0x1F0003) for number in range(handles)])
    start = builder.append(b"", 4)
    builder.add_entry(9, 16 + 16 * ranges, start)
    rows = b"".join(struct.pack("<QQ", 0x10000000 + number * range_size * 2, range_size) for number in range(ranges))
    builder.append(struct.pack("<QQ", ranges, start + 16 + len(rows)) + rows)
    data = builder.build()
    with path.open("wb") as file:
        file.write(data)
        file.truncate(len(data) + ranges * range_size)


@pytest.mark.parametrize(("handles", "ranges", "range_size", "limit"), [(3000, 2000, 51200, 4 << 20), (part(30_000, 4), 100, 1 << 20, 6 << 20)])
def test_large_dumps_make_bearable_pages(tmp_path: Path, handles: int, ranges: int, range_size: int, limit: int) -> None:
    path = tmp_path / "big.dmp"
    big_dump(path, handles, ranges, range_size)
    assert path.stat().st_size > 100_000_000
    source = Source.from_path(str(path))
    text = "".join(page(Facts.of(source)))
    source.close()
    assert len(text) < limit
    data = data_of(text)
    table = next(table for table in data["tables"] if table["key"] == "handles")
    assert len(table["rows"]) == min(handles, LIST_CAP)
    assert table["total"] == handles
    if handles > LIST_CAP:
        assert str(handles) in table["note"]
        assert any("HandleDataStream" in note for note in data["notes"])


# -- redaction ------------------------------------------------------------------------------------------------------------


def private_dump() -> bytes:
    from samples.blocks import rsds, token_element
    from samples.writer import DumpBuilder, Handle, Module, Thread

    builder = DumpBuilder(flags=0x4)
    builder.add_system_info()
    stack = b"password in memory: hunter2 " * 4
    builder.add_thread_list([Thread(0x10, 0x7000, b"\0" * 1232, 0x5000, stack)])
    builder.add_module_list(
        [Module(0x400000, 0x1000, "C:\\Users\\jane.doe\\app.exe", cv=rsds("00112233-4455-6677-8899-aabbccddeeff", 1, "D:\\Users\\jane.doe\\src\\app.pdb"))]
    )
    sid = "S-1-5-21-111111111-222222222-333333333-1001"
    names = ["\\REGISTRY\\USER\\" + sid, "C:\\Users\\John Smith\\file.txt", "mail jane@example.org", "\\Sessions\\1\\jane.doe-lock"]
    builder.add_handles([Handle(4 + 4 * number, "File", name) for number, name in enumerate(names)])
    builder.add_thread_names([(0x10, "worker password=topsecret")])
    builder.add_tokens([token_element(0, 0, 1, sid, [("S-1-1-0", 7)], sid, [])])
    builder.add_comment_a("run by jane.doe with --password hunter3")
    builder.add_comment_w("token=abcdef0123")
    builder.add_comment_a("second comment, which nobody reads")
    builder.add_stream(0x12345678, b"unknown secret of a vendor")
    builder.add_memory_list()
    return builder.build()


SECRETS = (
    "jane.doe",
    "John Smith",
    "S-1-5-21-111111111",
    "jane@example.org",
    "topsecret",
    "hunter2",
    "hunter3",
    "abcdef0123",
    "unknown secret",
    "which nobody reads",
)


def test_redaction_takes_out_names_and_secrets() -> None:
    dump = private_dump()
    plain = made(dump)
    everything = bytes_of(plain)
    for secret in ("jane.doe", "John Smith"):
        assert secret.encode("utf-16-le") in everything
    text = made(dump, redact=True)
    data, held = json.dumps(data_of(text)), bytes_of(text)
    assert data_of(text)["redacted"] is True
    for secret in SECRETS:
        assert secret not in data, secret
        for encoding in ("utf-8", "utf-16-le"):
            assert secret.encode(encoding) not in held, secret
    assert "app.exe" in data, "what is not personal stays"


def test_redacted_bytes_keep_their_places() -> None:
    dump = private_dump()
    text = made(dump, redact=True)
    held = bytes_of(text)
    assert sum(size for _, size in data_of(text)["ranges"]) == len(held)
    assert held[:32] == dump[:32]


def test_redactor_texts() -> None:
    redactor = Redactor(["anna"])
    assert redactor.text("C:\\Users\\anna b\\x") == "C:\\Users\\[user]\\x"
    assert redactor.text("C:\\Users\\Public\\x") == "C:\\Users\\Public\\x"
    assert redactor.text("/home/bob") == "/home/[user]"
    assert redactor.text("ANNA's savannah") == "[name]'s savannah"
    assert redactor.text("S-1-5-21-1-2-3-1001 and S-1-5-18") == "[sid] and S-1-5-18"
    assert redactor.text("api_key=0123 token: 4567") == "api_key=[secret] token: [secret]"
    assert redactor.value({"environment": {"A": "b"}, "path": "C:\\Users\\anna\\x", "n": [1, "anna"]}) == {
        "environment": REDACTED,
        "path": "C:\\Users\\[user]\\x",
        "n": [1, "[name]"],
    }


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le"])
@pytest.mark.parametrize("before", [b"", b"\1", b"\xff\xfe\0"])
def test_redactor_bytes_keep_their_length(encoding: str, before: bytes) -> None:
    data = before + "C:\\Users\\anna\\x password=abc ".encode(encoding) + b"\xff\xd8\0"
    cleaned = Redactor().data(data)
    assert len(cleaned) == len(data)
    assert "anna".encode(encoding) not in cleaned
    assert "abc".encode(encoding) not in cleaned
    assert cleaned.startswith(before)
    assert cleaned.endswith(b"\xff\xd8\0")


def test_redact_for_json(cli: Callable[..., Any], run_json: Callable[..., Any], tmp_path: Path) -> None:
    assert "anna" in cli("process", "everything-small.dmp", "--json").out
    for words in (("process", "everything-small.dmp", "--redact"), ("--redact", "process", "everything-small.dmp")):
        document = run_json(*words)
        assert document["redacted"] is True
        assert document["environment"] == REDACTED
        assert document["process"]["command_line"] == REDACTED
        assert document["process"]["process_id"] == 6700
        assert "anna" not in json.dumps(document)
    assert "S-1-5-21" not in json.dumps(run_json("tokens", "everything-small.dmp", "--redact"))
    hexes = run_json("read", "everything-small.dmp", "0x4a5e3f1000", "20", "--redact")["memory"]["pieces"]
    assert hexes[0]["hex"] == REDACTED
    assert all(comment == REDACTED for comment in [run_json("comments", "comments.dmp", "--redact")["comments"]])
    assert run_json("handles", "article-nohandles.dmp", "--redact")["exit"] == 1
    assert cli("process", "everything-small.dmp", "--redact").code == 2, "text is not redacted, and must not look so"
    path = tmp_path / "dump of jane.doe.dmp"
    path.write_bytes(private_dump())
    lines = ["dumpinfo", "dumpdebug", "handles", "threads", "modules", "comments", "tokens", "annotations", "memory", "why", "map", "streams", "strings"]
    lines += ["process", "search ecr", "bytes range 0 2000 --all", "bytes stream 5", "what-if flags=0", "whatis 18", "read 5000", "address 5000"]
    for line in lines:
        name, *rest = line.split()
        text = cli(name, path, *rest, "--json", "--redact").out
        for secret in SECRETS:
            assert secret not in text, (line, secret)
            assert secret.encode().hex() not in text, (line, secret)
    assert cli("learn", "3", "--json", "--redact").code == 2


# -- the command ----------------------------------------------------------------------------------------------------------


def test_command_writes_a_page_and_keeps_what_is_there(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    result = cli("atlas", "article-handles.dmp", "-o", path)
    assert result.code == 0, result.err
    text = path.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert data_of(text)["name"] == "article-handles.dmp"
    assert str(SAMPLES) not in text
    assert cli("atlas", "article-handles.dmp", "-o", path).code == 2
    assert cli("atlas", "article-handles.dmp", "-o", path, "--force", "--redact").code == 0
    assert data_of(path.read_text("utf-8"))["redacted"] is True
    assert cli("atlas", "article-handles.dmp", "-o", path, "--force", "--redact", "--memory").code == 2


def test_not_a_dump_writes_nothing(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert cli("atlas", "not-a-dump-zip.dmp", "-o", path).code == 3
    assert not path.exists()


def test_same_page_twice() -> None:
    assert made("everything-small.dmp") == made("everything-small.dmp")


@pytest.mark.parametrize("name", some(sorted(path.name for path in SAMPLES.glob("*.dmp") if not path.name.startswith(("not-a-dump", "hostile"))), 0, 6))
def test_every_sample_makes_a_page(name: str) -> None:
    data = data_of(made(name, redact=len(name) % 2 == 0))
    assert data["pieces"]

"""One list of nasties, wherever a dump holds text, through each renderer: inert, and reversible in JSON."""

from __future__ import annotations

import csv
import io
import json
import struct
from typing import Any, List

import pytest
from tests.amount import some
from tests.cases import each
from tests.fuzz.driver import RENDERERS, Broken, Checker, inert
from tests.fuzz.dumps import Dump

from dumpscope import Minidump
from dumpscope.commands.index import find_command
from dumpscope.session.parsing import build_parser
from dumpscope.session.running import run as run_command
from dumpscope.session.session import Session
from dumpscope.view.document import render_csv, render_json
from dumpscope.view.escape import csv_cell, dml, printable
from dumpscope.view.paint import DARK, Ansi, Dml, strip_ansi, strip_dml
from dumpscope.view.text import render_text

NASTIES: List[str] = [
    *(chr(code) for code in (*range(1, 32), 127, *range(128, 160))),
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b[1A\x1b[2K",
    "\x1b[?1049h",
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;http://example.org\x1b\\here\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1b_payload\x1b\\",
    "\x9b31m",
    "\x9d0;title\x9c",
    '<exec cmd="q">click</exec>',
    '<link cmd=".shell calc">x</link>',
    "</link><b>",
    '</col><col fg="errfg">',
    "&lt;b&gt;",
    "&amp;lt;",
    "&#x1b;",
    "<?dml?>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "\u202egpj.exe",
    "\u2066a\u2069",
    "\u200f\u200e\u061c",
    "a\u200bb\u2060c\ufeffd\u00ade",
    "tag\U000e0041",
    "\ud800",
    "a\udc00b",
    "end\ud83d",
    "\ude00\ud83d",
    "\U0001f600",
    "a\0b",
    "\0",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|'/C calc'!A0",
    " =1",
    'a,b;c"d"',
    "one\ntwo",
    "one\r\ntwo",
    "\u2028\u2029\u0085",
    "tab\tstop",
    "%s%n{0}{x!r}",
    "\\x1b[31m",
    "\\",
    "'; drop",
    "e\u0301\u0301\u0301",
    " " * 200,
    "A" * 3000,
    "\ufffe\uffff",
]

PLAIN = [text for text in NASTIES if text and not text.isprintable()]


def dump_of(names: List[str]) -> bytes:
    """The nasties as names of handles, types, modules, threads, unloaded modules, and as comments."""
    made = Dump(0x1024).basics()
    made.streams = [row for row in made.streams if row[0] not in (3, 4)]
    rvas = [made.string(name) for name in names]
    made.stream(
        12,
        struct.pack("<IIII", 16, 40, 2 * len(rvas), 0)
        + b"".join(
            struct.pack("<QIIIIIIII", 4 * (2 * n + 1), rvas[0] if n % 2 else rva, rva, 0, 1, 1, 1, 0, 0)
            + struct.pack("<QIIIIIIII", 4 * (2 * n + 2), rva, 0, 0, 1, 1, 1, 0, 0)
            for n, rva in enumerate(rvas)
        ),
    )
    pdb = made.put(b"RSDS" + bytes(20) + b"\x1b[31m<b>\xff\xfe=1+1\n.pdb\0")
    made.stream(
        4,
        struct.pack("<I", len(rvas))
        + b"".join(
            struct.pack("<QIIII", 0x10000000 + 0x10000 * n, 0x10000, 0, 0, rva).ljust(76, b"\0") + struct.pack("<IIIIQQ", 48, pdb, 0, 0, 0, 0)
            for n, rva in enumerate(rvas)
        ),
    )
    made.stream(14, struct.pack("<III", 12, 24, len(rvas)) + b"".join(struct.pack("<QIIII", 0x20000 * n, 0x1000, 0, 0, rva) for n, rva in enumerate(rvas)))
    made.stream(3, struct.pack("<I", len(rvas)) + b"".join(struct.pack("<IIIIQQIIII", n + 1, 0, 0x20, 0, 0x7FF000, 0, 0, 0, 0, 0) for n in range(len(rvas))))
    made.stream(24, struct.pack("<I", len(rvas)) + b"".join(struct.pack("<IQ", n + 1, rva) for n, rva in enumerate(rvas)))
    made.stream(10, "\n".join(names).encode("utf-8", "surrogatepass") + b"\0")
    made.stream(11, "\n".join(names).encode("utf-16-le", "surrogatepass") + b"\0\0")
    return made.build()


@pytest.fixture(scope="module")
def hostile() -> bytes:
    return dump_of(NASTIES)


def blocks_of(session: Session, line: str) -> Any:
    name, *words = line.split()
    found = find_command(name)
    return run_command(session, found, build_parser(found, name, with_dump=False).parse_words(words))


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_command_is_inert(hostile: bytes, renderer: str) -> None:
    """Every line with every renderer, or with two of the six."""
    checker = Checker()
    broken = []
    for call in some(checker.calls, list(RENDERERS).index(renderer)):
        try:
            checker.check(hostile, call, renderer)
        except Broken as error:
            broken.append(str(error))
    assert not broken, "\n".join(broken[:5])


@pytest.mark.parametrize("line", ["handles", "handles --summary", "modules", "unloaded", "threads"])
def test_rows_stay_rows(hostile: bytes, line: str) -> None:
    """A name cannot make a second row: the painted texts are the plain one, line by line."""
    with Minidump.open(hostile) as dump:
        plain = "".join(render_text(blocks_of(Session(dump), line)))
        assert strip_ansi("".join(render_text(blocks_of(Session(dump), line), Ansi(DARK)))) == plain
        assert strip_dml("".join(render_text(blocks_of(Session(dump), line), Dml(lambda text: text)))) == plain
        if line in ("modules", "unloaded", "threads"):
            assert plain.count("\n") < 2 * len(NASTIES) + 20


def test_dml_has_no_tags_but_ours(hostile: bytes) -> None:
    with Minidump.open(hostile) as dump:
        for line in ("handles", "modules", "threads", "comments"):
            text = "".join(render_text(blocks_of(Session(dump), line), Dml(lambda text: f"!py x {text}")))
            for tag in ("<exec", "<script", "<img", "<b>", "<?dml", '.shell calc">'):
                assert tag not in text


def test_json_gives_every_name_back(hostile: bytes) -> None:
    """To the last code unit, lone surrogates included: what stands in the file can be had from the answer."""
    with Minidump.open(hostile) as dump:
        session = Session(dump, "x")
        members = json.loads("".join(render_json(blocks_of(session, "handles"), session.head(find_command("handles")))))
        assert [row["name"] for row in members["handles"] or members["salvaged_handles"]][::2] == [handle.name for handle in dump.handles][::2] == NASTIES
        members = json.loads("".join(render_json(blocks_of(session, "threads"), session.head(find_command("threads")))))
        assert [row["name"] for row in members["threads"] or members["salvaged_threads"]] == NASTIES


def test_csv_cells_are_no_formulas(hostile: bytes) -> None:
    with Minidump.open(hostile) as dump:
        text = "".join(render_csv(blocks_of(Session(dump), "handles")))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 1 + 2 * len(NASTIES)
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell.isprintable()


@each("text", NASTIES, ids=lambda text: ascii(text)[:24])
def test_one_place_escapes(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert "\n" not in shown
    if text.isprintable():
        assert shown == text
    assert "<" not in dml(shown)
    assert strip_dml(dml(shown)) == shown
    assert not csv_cell(text).startswith(("=", "+", "-", "@"))
    inert("text", shown)


def test_a_path_with_any_character(tmp_path: Any, hostile: bytes) -> None:
    """The dump's own path is text too."""
    from dumpscope.front.cli.environment import Environment
    from dumpscope.front.cli.main import main

    for name in ("\x1b[31m.dmp", "new\nline.dmp", "\u202egpj.dmp", "<b>.dmp", "=1.dmp", " .dmp", "-x.dmp", "%s.dmp", "'\".dmp", "\udcff\udcfe.dmp"):
        try:
            path = tmp_path / name
            path.write_bytes(hostile[:4096])
        except (OSError, UnicodeError):
            continue  # not a name on this system
        for option in ([], ["--json"]):
            out, err = io.StringIO(), io.StringIO()
            code = main(["streams", str(path), *option], Environment(out, err, {}))
            assert code in (0, 1, 3), err.getvalue()
            inert("json" if option else "text", out.getvalue())
            inert("text", err.getvalue())
        missing = str(path) + ".missing"
        out, err = io.StringIO(), io.StringIO()
        assert main(["streams", missing], Environment(out, err, {})) == 3
        inert("text", err.getvalue())

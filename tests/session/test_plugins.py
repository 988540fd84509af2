"""Commands and streams of other packages, installed into a folder of their own and found by their entry points."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import pytest
from tests.forked import python
from tests.plugins import EXAMPLE, ROOT, add, add_example, document
from tests.plugins import run as run_unwrapped

pytestmark = pytest.mark.xdist_group("forked")

HANDLES = str(ROOT / "samples" / "handles.dmp")
USER = str(ROOT / "samples" / "user-stream.dmp")
COMMAND = """\
from dumpscope.session.registry import command
from dumpscope.view.blocks import Note, Table, Column
@command({name!r}, summary="s", category="modules", examples=[("x", "y")])
def it(session, args):
    {body}
"""
STREAM = "from dumpscope.dump.decoders import Decoded, StreamDecoder\nfrom dumpscope.format.layout import *\nBAD = {value}\n"


def run(folder: Path, *words: str, stdin: str = "") -> Tuple[int, str, str]:
    """The same with each run of blanks as one: notes are wrapped."""
    code, text, errors = run_unwrapped(folder, *words, stdin=stdin)
    return code, " ".join(text.split()), " ".join(errors.split())


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return add_example(tmp_path)


def test_the_example_declares_the_entry_points_that_are_tested() -> None:
    text = (EXAMPLE / "pyproject.toml").read_text("utf-8")
    assert '[project.entry-points."dumpscope.commands"]\nacme = "dumpscope_acme_commands"\n' in text
    assert '[project.entry-points."dumpscope.streams"]\nacme = "dumpscope_acme_streams:STREAMS"\n' in text


def test_a_new_python_answers_as_one_that_is_forked(example: Path) -> None:
    for words in (("acme-modules", HANDLES, "demo"), ("help",)):
        assert run_unwrapped(example, *words, fresh=True) == run_unwrapped(example, *words)


def test_the_command_answers_in_each_form(example: Path) -> None:
    answer = document(example, "acme-modules", HANDLES, "demo")
    assert answer["command"] == "acme-modules"
    assert [row["name"].lower()[:4] for row in answer["modules"]] == ["demo"] * len(answer["modules"])
    assert answer["modules"]
    code, text, _ = run(example, "acme-modules", HANDLES, "demo")
    assert code == 0
    assert "the handbook says" in text
    code, _, errors = run(example, "acme-modules", HANDLES)
    assert code == 1
    assert "no module begins with 'acme'" in errors
    assert run(example, "acme-modules", "--help")[0] == 0
    assert run(example.parent, "acme-modules", HANDLES)[0] == 2, "without the package"


def test_the_command_is_in_help_completion_schema_and_windbg(example: Path, tmp_path: Path) -> None:
    assert "acme-modules" in run(example, "--help")[1]
    assert "acme-modules" in run(example, "help")[1]
    assert "acme-modules" in run(example, "completion", "bash")[1]
    assert '"const": "acme-modules"' in run(example, "schema", "acme-modules")[1]
    code, _, errors = run(example, "windbg", "--install", str(tmp_path / "scripts"))
    assert code == 0, errors
    assert (tmp_path / "scripts" / "acme-modules.py").exists()
    assert "did you mean acme-modules" in run(example, "acme-module", HANDLES)[2]


def test_the_command_is_in_the_repl_and_among_the_tools(example: Path) -> None:
    pytest.importorskip("prompt_toolkit")
    _, text, errors = run(example, "repl", HANDLES, stdin="acme-modules demo\nhelp\n")
    assert "the handbook says" in text, errors
    assert "the modules of the company" in text
    tool = "from dumpscope.front.mcp.tools import tools; print([item.name for item in tools()])"
    code, text, errors = python(tool, folder=str(example))
    assert code == 0, errors
    assert "'acme_modules'" in text


def test_the_stream_has_a_name_and_values_with_their_places(example: Path) -> None:
    rows = document(example, "streams", USER)["streams"]
    (row,) = [row for row in rows if row["type"] == 0x10000]
    assert row["name"] == "AcmeReport"
    answer = document(example, "streams", USER, "AcmeReport")
    values = answer[f"decoded_{row['index']}"]
    assert [(item["label"], item["value"]) for item in values] == [("version", "1"), ("Stage", "loading")]
    data = Path(USER).read_bytes()
    assert data[values[1]["offset"] :].startswith("loading".encode("utf-16-le"))
    assert "loading" in run(example, "dumpinfo", USER, "-v")[1]
    assert "AcmeReport" in run(example, "bytes", USER, "stream", "AcmeReport")[1]
    assert [row["name"] for row in document(example.parent, "streams", USER)["streams"] if row["type"] == 0x10000] == ["???"], "without the package"


def test_a_layout_gives_the_bytes_their_fields(tmp_path: Path) -> None:
    shape = 'Structure("ACME_HEAD", [Field("first", USHORT, "the first letter"), Field("second", USHORT, "the second")])'
    add(
        tmp_path,
        "dumpscope_shape",
        STREAM.format(value=f'(StreamDecoder(0x10000, "AcmeHead", "a head", layout={shape}),)'),
        {"dumpscope.streams": "x = dumpscope_shape:BAD"},
    )
    text = run(tmp_path, "bytes", USER, "stream", "AcmeHead")[1]
    assert "USHORT first = " in text, text
    assert "the first letter" in text


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("import no_such_module_of_acme\n", "ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("x = 1\n", "it registers no command"),
        (COMMAND.format(name="handles", body="yield Note('x')"), "the name handles is taken"),
        (COMMAND.format(name="Bad name", body="yield Note('x')"), "is no name"),
        (COMMAND.format(name="acme-x", body="yield Note('x')").replace('"modules"', '"nowhere"'), "needs a summary"),
    ],
    ids=["no-module", "exit", "nothing", "taken", "name", "incomplete"],
)
def test_a_module_of_commands_that_cannot_be_used_is_named(example: Path, module: str, why: str) -> None:
    add(example, "dumpscope_bad", module, {"dumpscope.commands": "bad = dumpscope_bad"})
    code, text, errors = run(example, "help")
    assert (code, "Traceback" in text + errors) == (0, False)
    assert text.count("the plug-in bad (dumpscope_bad) is left out: ") == 1
    assert why in text
    assert "acme-modules" in text
    assert run(example, "handles", HANDLES)[0] == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("yield 1 // 0", "ZeroDivisionError"),
        ("raise SystemExit(0)\n    yield", "SystemExit: 0"),
        ("yield 'text'", "it gave a str, not a block"),
        ("yield Table('t', [Column('a', 'a')], (1 // 0 for _ in [1]))", "ZeroDivisionError"),
        ("return 5", "TypeError"),
    ],
)
def test_a_command_that_fails_names_its_plugin(tmp_path: Path, body: str, why: str) -> None:
    add(tmp_path, "dumpscope_bad", COMMAND.format(name="acme-x", body=body), {"dumpscope.commands": "bad = dumpscope_bad"})
    code, text, errors = run(tmp_path, "acme-x", HANDLES)
    assert code == 70
    assert "Traceback" not in text + errors
    assert "the plug-in bad (dumpscope_bad) failed in its command acme-x: " in errors
    assert why in errors
    assert "fault of the plug-in" in errors


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("5", "TypeError"),
        ("('x',)", "it holds a str, not a StreamDecoder"),
        ("(StreamDecoder(12, 'Mine', 'm', list),)", "must be above 0xffff"),
        ("(StreamDecoder(0x43500001, 'Mine', 'm', list),)", "it is taken by"),
        ("(StreamDecoder(0x10000, 'two words', 'm', list),)", "is no name of one word"),
        ("(StreamDecoder(0x10000, 'HandleDataStream', 'm', list),)", "the name HandleDataStream is taken"),
        ("(StreamDecoder(0x10000, 'Mine', 'm'),)", "a decode or a layout"),
        ("(StreamDecoder(0x10000, 'Mine', 'm', list), StreamDecoder(0x10000, 'Other', 'm', list))", "is there twice"),
        ("(StreamDecoder(0x10000, 'Mine', 'm', layout=Structure('MINIDUMP_THREAD', [Field('a', UCHAR)])),)", "another structure called MINIDUMP_THREAD"),
    ],
)
def test_a_decoder_that_cannot_be_used_is_named(tmp_path: Path, value: str, why: str) -> None:
    add(tmp_path, "dumpscope_bad", STREAM.format(value=value), {"dumpscope.streams": "bad = dumpscope_bad:BAD"})
    code, text, errors = run(tmp_path, "streams", USER, "5")
    assert (code, "Traceback" in text + errors) == (0, False)
    assert "the plug-in bad (dumpscope_bad:BAD) is left out: " in text
    assert why in text


@pytest.mark.parametrize(
    ("decode", "why"), [("lambda data: 1 // 0", "ZeroDivisionError"), ("lambda data: [Decoded('a', 1, 0), 5]", "it gave a int, not a Decoded")]
)
def test_a_decoder_that_fails_keeps_what_it_gave(tmp_path: Path, decode: str, why: str) -> None:
    add(tmp_path, "dumpscope_bad", STREAM.format(value=f"(StreamDecoder(0x10000, 'Mine', 'm', {decode}),)"), {"dumpscope.streams": "bad = dumpscope_bad:BAD"})
    code, text, errors = run(tmp_path, "streams", USER, "Mine")
    assert (code, "Traceback" in text + errors) == (0, False)
    assert "the plug-in bad (dumpscope_bad:BAD) is left out: stream Mine failed: " in text
    assert why in text

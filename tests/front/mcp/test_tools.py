"""The tools without the SDK: schemas, the words of a call, folders, pages and budgets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List

import pytest
from tests.amount import some

from dumpscope.commands.index import all_commands
from dumpscope.errors import UsageError
from dumpscope.front.cli.main import main
from dumpscope.front.mcp.folders import Folders
from dumpscope.front.mcp.tools import LEFT_OUT, PAGE, Watch, call, clean, fitting, page, property_name, tools, words_of
from dumpscope.session.registry import DUMP_NONE

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
TOOLS = {tool.name: tool for tool in tools()}


@pytest.fixture
def folders() -> Folders:
    return Folders([str(SAMPLES)])


def words(name: str, arguments: Dict[str, Any], folders: Folders) -> Any:
    command = TOOLS[name].command
    assert command is not None
    return words_of(command, arguments, folders)


def test_each_command_is_a_tool_or_is_left_out_by_name() -> None:
    assert {tool.command.name for tool in TOOLS.values() if tool.command} == {item.name for item in all_commands()} - LEFT_OUT
    assert LEFT_OUT - {"extract"} <= {item.name for item in all_commands()}
    for tool in TOOLS.values():
        assert set(tool.schema.get("required", ())) <= set(tool.schema["properties"])
        assert not set(tool.schema["properties"]) & {"download", "image_path", "symbol_path", "output", "write"}


_ELSEWHERE = re.compile(r"\b(?:cluster|server|scheduler|host|port|url)\b|://", re.IGNORECASE)
"""Words about an option whose value names a machine."""


def test_no_option_that_an_agent_has_names_a_file_or_a_machine() -> None:
    for tool in tools(write=True):
        for item in tool.command.arguments if tool.command is not None else ():
            name = property_name(item)
            if item.positional or item.switch or name not in tool.schema["properties"] or name == "output":
                continue
            assert item.completes != "path", (tool.name, name)
            assert item.metavar not in ("FILE", "FOLDER", "DIR", "PATH", "OUT", "PAGE"), (tool.name, name)
            assert not _ELSEWHERE.search(item.help), (tool.name, name, item.help)
    offered = {name for tool in tools(write=True) for name in tool.schema["properties"]}
    assert not offered & {"dask", "all_modules", "check", "reveal", "download", "policy", "report", "find"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("why", {"topic": ["{}"]}), ("bugcheck", {"code": "{}"}), ("flags", {"value": "{}"}), ("learn", {"lesson": "{}"}), ("explain", {"code": "{}"})],
)
@pytest.mark.parametrize("here", [False, True])
def test_no_word_of_a_call_without_a_dump_opens_a_file(
    name: str, arguments: Dict[str, Any], here: bool, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "0x133"  # a name that is also a code
    secret.write_bytes((SAMPLES / "handles.dmp").read_bytes())
    monkeypatch.chdir(tmp_path)
    opened: List[str] = []
    monkeypatch.setattr("dumpscope.front.cli.main.source_at", lambda path: opened.append(path) or pytest.fail(f"{path} was opened"))
    filled = {
        key: [secret.name if here else str(secret)] if isinstance(value, list) else (secret.name if here else str(secret)) for key, value in arguments.items()
    }
    call(TOOLS[name], filled, folders, main)
    assert opened == []


def test_a_code_alone_needs_no_dump(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call(TOOLS["bugcheck"], {"code": "0x133", "parameters": ["0", "501", "500", "0"]}, folders, main)
    assert not answer.failed
    assert "DPC_WATCHDOG_VIOLATION" in answer.text


def test_an_option_of_several_words(folders: Folders, tmp_path: Path) -> None:
    offered = {tool.name: tool for tool in tools(write=True)}
    command = offered["extract"].command
    assert command is not None
    folders = Folders([str(SAMPLES)], str(tmp_path))
    made = words_of(command, {"dump": "everything-small.dmp", "output": "stack.bin", "range": ["@rsp", "10"]}, folders)
    assert made[-3:] == ["--range", "@rsp", "10"]
    answer = call(offered["extract"], {"dump": "everything-small.dmp", "output": "stack.bin", "range": ["@rsp", "10"]}, folders, main)
    assert not answer.failed, answer.text
    assert (tmp_path / "stack.bin").stat().st_size == 16
    for name in (" ", "", "none/x", str(SAMPLES / "new.dmp")):
        assert call(offered["shrink"], {"dump": "everything-small.dmp", "output": name}, folders, main).failed, name
    assert [item.name for item in tmp_path.iterdir()] == ["stack.bin"]


def test_a_file_whose_name_has_the_mark_of_archives(tmp_path: Path) -> None:
    (tmp_path / "a!b.dmp").write_bytes(b"MDMP")
    assert Folders([str(tmp_path)]).inside("a!b.dmp") == str(tmp_path / "a!b.dmp")


def test_a_call_is_a_command_line(folders: Folders) -> None:
    handles = words("handles", {"dump": "handles.dmp", "type": ["Event", "Key"], "named": True, "sort": "name"}, folders)
    assert handles == ["handles", "--type=Event", "--type=Key", "--named", "--sort=name", str(SAMPLES / "handles.dmp")]
    assert words("flags", {"value": "0x1105", "dump": "handles.dmp"}, folders) == ["flags", "0x1105", str(SAMPLES / "handles.dmp")]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("handles", {"dump": "handles.dmp", "download": True}),
        ("handles", {"dump": "--json"}),
        ("handles", {}),
        ("why", {"dump": "handles.dmp", "topic": ["--redact"]}),
        ("stack", {"dump": "handles.dmp", "image_path": "/"}),
        ("read", {"dump": "handles.dmp"}),
        ("diff", {"dump": "handles.dmp", "others": ["/etc/passwd"]}),
        ("handles", {"dump": 7.5}),
        ("handles", {"dump": "handles.dmp", "cursor": -1}),
    ],
)
def test_what_the_schema_does_not_allow_is_refused(name: str, arguments: Dict[str, Any], folders: Folders) -> None:
    answer = call(TOOLS[name], arguments, folders, main)
    assert answer.failed
    assert answer.document["error"]


def test_no_path_leads_out_of_the_folders(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.dmp").write_bytes(b"MDMP")
    (inside / "link.dmp").symlink_to(outside / "secret.dmp")
    (inside / "folder").symlink_to(outside)
    (inside / "own.dmp").write_bytes(b"MDMP")
    folders = Folders([str(inside)])
    assert folders.inside("own.dmp") == str(inside / "own.dmp")
    for path in ("link.dmp", "folder/secret.dmp", "../outside/secret.dmp", str(outside / "secret.dmp"), "nothing.dmp", "", "../inside-too", "link.dmp!x"):
        if path:
            with pytest.raises(UsageError):
                folders.inside(path)
    assert folders.dumps(10) == (((str(inside / "own.dmp"), 4),), False)
    with pytest.raises(UsageError):
        Folders([str(inside / "own.dmp")])


def test_answers_are_redacted_unless_asked_otherwise(folders: Folders) -> None:
    hidden = call(TOOLS["process"], {"dump": "article-handles.dmp"}, folders, main)
    shown = call(TOOLS["process"], {"dump": "article-handles.dmp"}, folders, main, redact=False)
    assert hidden.document != shown.document


def test_a_cancelled_call_ends_and_progress_is_told_once_a_percent(folders: Folders) -> None:
    told: List[int] = []
    watch = Watch(lambda done, total: told.append(100 * done // total))
    for done in range(1000):
        watch(done, 1000)
    assert told == list(range(100))
    watch.cancel()
    answer = call(TOOLS["handles"], {"dump": "handles.dmp"}, folders, main, watch=watch)
    assert answer.failed
    with pytest.raises(KeyboardInterrupt):
        watch(1, 2)


@pytest.mark.parametrize("name", ["handles.dmp", "everything-small.dmp", "damaged-cut-to-header.dmp", "not-a-dump-kernel-64.dmp"])
def test_structured_results_fit_the_output_schemas(name: str, folders: Folders) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for tool in TOOLS.values():
        if tool.command is None or tool.command.dump == DUMP_NONE or tool.schema.get("required", ["dump"]) not in ([], ["dump"]):
            continue
        answer = call(tool, {"dump": name}, folders, main)
        if not answer.failed or "schema" in answer.document:
            wrong = next(jsonschema.Draft202012Validator(tool.answers).iter_errors(answer.document), None)
            assert wrong is None, f"{tool.name}: {wrong.json_path}: {wrong.message[:200]}"


def test_output_schemas_are_schemas() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for tool in some(list(TOOLS.values()), 0, 4):
        jsonschema.Draft202012Validator.check_schema(tool.answers)
    for tool in TOOLS.values():
        assert all(isinstance(part, dict) for part in tool.answers["properties"].values()), tool.name


def test_long_lists_come_in_pages_and_long_texts_are_cut(folders: Folders) -> None:
    first = page({"rows": list(range(120)), "name": "x"}, 0)
    assert first == {"rows": list(range(PAGE)), "name": "x", "counts": {"rows": 120}, "next_cursor": PAGE}
    last = page({"rows": list(range(120))}, 2 * PAGE)
    assert last == {"rows": list(range(100, 120)), "counts": {"rows": 120}}
    rows = {"rows": ["x" * 30] * 120, "other": [1, 2]}
    few = fitting(rows, 100, 500)
    assert len(json.dumps(few, indent=1)) <= 500 < len(json.dumps(page(rows, 100, len(few["rows"]) + 1), indent=1))
    assert few["counts"] == {"rows": 120, "other": 2}
    assert few["next_cursor"] == 100 + len(few["rows"])
    seen, cursor = 0, 0
    while True:  # nothing is left out between two pages
        one = fitting(rows, cursor, 500)
        seen += len(one["rows"])
        if "next_cursor" not in one:
            break
        cursor = one["next_cursor"]
    assert seen == 120
    assert fitting({"rows": ["x" * 1000] * 120}, 0, 500) == page({"rows": ["x" * 1000] * 120}, 0)
    short = call(TOOLS["why"], {"dump": "article-nohandles.dmp", "budget": 500}, folders, main)
    assert len(short.text) < 800
    assert "cut at 500" in short.text


def test_texts_of_a_dump_are_made_harmless() -> None:
    made = clean({"na\x1bme": ["a\udcff\u202eb", 7, None, {"x": "two\nlines"}]})
    text = str(made)
    assert "\x1b" not in text
    assert "\u202e" not in text
    ((key, rows),) = made.items()
    assert (key, rows[0]) == ("na\\x1bme", "a\\udcff\\u202eb")
    assert rows[1:] == [7, None, {"x": "two\nlines"}]

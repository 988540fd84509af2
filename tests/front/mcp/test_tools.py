"""The tools without the SDK: schemas, the words of a call, folders, pages and budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from dumpscope.commands.index import all_commands
from dumpscope.errors import UsageError
from dumpscope.front.cli.main import main
from dumpscope.front.mcp.folders import Folders
from dumpscope.front.mcp.tools import LEFT_OUT, PAGE, Watch, call, clean, page, tools, words_of
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
    for tool in TOOLS.values():
        jsonschema.Draft202012Validator.check_schema(tool.answers)
        assert all(isinstance(part, dict) for part in tool.answers["properties"].values()), tool.name


def test_long_lists_come_in_pages_and_long_texts_are_cut(folders: Folders) -> None:
    first = page({"rows": list(range(120)), "name": "x"}, 0)
    assert first == {"rows": list(range(PAGE)), "name": "x", "counts": {"rows": 120}, "next_cursor": PAGE}
    last = page({"rows": list(range(120))}, 2 * PAGE)
    assert last == {"rows": list(range(100, 120)), "counts": {"rows": 120}}
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

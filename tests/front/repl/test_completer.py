"""The completer, by documents and without a terminal; and the lexers, through pygments."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from pygments.token import Error, Generic, Keyword, Name, Number, String
from tests.amount import ALL
from tests.conftest import SAMPLES
from tests.counting import calls_of

import dumpscope
from dumpscope.dump.minidump import Minidump
from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.completer import ReplCompleter, score, split_before
from dumpscope.front.repl.lexer import DebuggerLexer, LineLexer
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.workspace import Workspace
from dumpscope.session.offers import KINDS, HandleIndex, offers, standing
from dumpscope.session.session import Session

Complete = Callable[..., Dict[str, str]]


@pytest.fixture
def complete() -> Any:
    """Completions of a text over a sample: text -> meta."""
    workspaces: List[Workspace] = []

    def run(text: str, sample: str = "article-handles.dmp", *, asked: bool = True) -> Dict[str, str]:
        settings = Settings()
        workspace = Workspace()
        workspaces.append(workspace)
        out = io.StringIO()
        workspace.open(str(SAMPLES / sample))
        completer = ReplCompleter(Runner(Screen(Environment(out, out, {}), settings), workspace, settings))
        event = CompleteEvent(completion_requested=asked)
        found = list(completer.get_completions(Document(text, len(text)), event))
        if completer.session().has_file:
            completer.session().source.close()
        return {item.text: item.display_meta_text for item in found}

    yield run
    for workspace in workspaces:
        workspace.close_all()


def first(found: Dict[str, str]) -> str:
    return next(iter(found))


def test_commands(complete: Complete) -> None:
    assert first(complete("")) == "why"
    assert first(complete("ha")) == "handles"
    assert "handles" in complete("hdl")
    assert first(complete("!ha")) == "!handle"
    assert "!runaway" in complete("!run")
    assert ".exr -1" in complete(".e")
    assert first(complete("handles; thr")) == "threads"
    assert "quit" in complete("qu")
    assert complete("zzzzzz") == {}


def test_on_a_kernel_dump_what_cannot_work_there_is_not_offered(complete: Complete) -> None:
    kernel = "not-a-dump-kernel-triage-64.dmp"
    offered = complete("", kernel)
    assert {"why", "bugcheck", "stack", "map", "bytes", "quit"} <= set(offered)
    assert not {"handles", "tokens", "regions", "process"} & set(offered)
    assert "handles" in complete("")
    assert "!handle" not in complete("!ha", kernel)
    assert "!handles" not in complete("!ha", kernel)
    assert ".exr -1" in complete(".e", kernel)
    assert ".ttime" not in complete(".t", kernel)
    assert ".time" in complete(".t", kernel)


def test_options_and_choices(complete: Complete) -> None:
    assert first(complete("handles --s")) in ("--sort", "--summary")
    assert "--json" in complete("handles --")
    assert "--summary" not in complete("handles --summary --su")
    assert list(complete("handles --sort ty")) == ["type"]
    assert "--sort=type" in complete("handles --sort=ty")
    assert set(complete("set pager ")) == {"on", "off", "less"}
    assert "pager" in complete("set pa")


def test_values_of_the_dump(complete: Complete) -> None:
    handles = complete("handles 1")
    assert handles
    assert all(text.lower().lstrip("0x").startswith("1") or "1" in meta for text, meta in handles.items())
    some = next(text for text, meta in complete("handles ").items() if meta.startswith("Event"))
    assert complete(f"!handle {some}")[some].startswith("Event")
    assert "Event" in complete("handles --type Ev")
    assert "Event" in complete("handles 0 f ev")
    assert "0" in complete("threads ")
    assert any(text.startswith("0x") for text in complete("threads 0x"))
    assert "ntdll" in complete("modules nt")
    assert "ntdll" in complete("lmvm nt")
    assert "HandleData" in complete("streams Hand")
    assert "@$teb" in complete("db @$t")
    assert "@rsp" in complete("read @rs")
    assert "@rsp" in complete("? @rs")
    assert "0" in complete("~") or "!handle" not in complete("~")


def test_rules_debugger_commands_and_flags(complete: Complete) -> None:
    assert "HND002" in complete("explain HND")
    assert "HND001" in complete("explain asked")
    assert complete("why !ha", "article-nohandles.dmp")["!handle"].startswith("fails on this dump")
    assert complete("why !ha")["!handle"].startswith("works")
    assert "!runaway" in complete("plan !handle !run")
    assert "MiniDumpWithHandleData" in complete("flags handle")
    assert "handles" in complete("help hand")


def test_a_handle_by_its_name(complete: Complete) -> None:
    named = {text: meta for text, meta in complete("handles ").items() if "\\" in meta}
    text, word = next((text, word) for text, meta in named.items() for word in [meta.rpartition("\\")[2]] if word.isalpha() and len(word) > 4)
    assert text in complete("handles " + word)


def test_places(complete: Complete) -> None:
    kinds = complete("bytes ")
    assert {"header", "directory", "stream", "handle", "thread", "module", "HandleData"} <= set(kinds)
    assert "token" not in complete("bytes ", "thread-list-empty.dmp")
    handle = next(text for text, meta in complete("bytes handle 0x").items() if meta.startswith("Event"))
    assert handle.startswith("0x")
    assert "0x" + first(complete("bytes thread ")) in complete("bytes thread 0x")
    assert "ntdll" in complete("bytes module nt")
    assert "HandleData" in complete("bytes stream Hand")
    assert complete("bytes --c handle 0x") == complete("bytes handle 0x")
    assert set(complete("bytes header ")) <= {"--follow", "--c", "--all", "--first"}
    assert complete("bytes nothing zz") == {}


def test_offsets(complete: Complete) -> None:
    offsets = complete("whatis ")
    assert offsets["20"] == "the directory"
    assert any(meta.startswith("stream 0 ThreadListStream") for meta in offsets.values())
    assert "0x20" in complete("whatis 0x2")
    assert "@rsp" in complete("whatis --memory @rs")


def test_edits(complete: Complete) -> None:
    assert complete("what-if 'fl")["'Flags = "].startswith("now 0x")
    assert complete("what-if 'Flags = ")["'Flags = 1105'"] == "what it is now"
    assert "'Flags &= MiniDumpWithHandleData'" in complete("what-if 'Flags &= minidumpwithh")
    assert "'flags &= " in complete("what-if 'flags ")
    assert "'handle " in complete("what-if 'han")
    assert "'handle " in complete("what-if han")
    handle = next(text for text, meta in complete("what-if 'handle ").items() if meta.startswith("Event"))
    assert handle.startswith("'handle ")
    assert f"{handle}GrantedAccess = " in complete(f"what-if {handle}gra")
    assert "'stream 6 size = " in complete("what-if 'stream 6 si")
    assert "'drop stream HandleData'" in complete("what-if 'drop stream Hand")
    assert "'byte 20 " in complete("what-if 'byte 2")
    assert len(complete("what-if 'cut ")) == 1
    assert "GrantedAccess" in complete(f"what-if {handle[1:]}Gra")
    assert "'handle " in complete("what-if 'flags &= ~4' 'han")
    assert complete("what-if 'nothing at ") == complete("what-if 'handle zz Gr") == {}


def test_what_an_edit_is_offered_as_can_be_run(complete: Complete, cli: Callable[..., Any]) -> None:
    text = "what-if '"
    for wanted in ("header", "stream ", "handle "):
        assert all(item.startswith("'") for item in complete(text + wanted))
    for typed in ("Flags = ", "TimeDateStamp = ", "stream 1 rva = ", "handle 4 HandleCount = "):
        for offer in list(complete(text + typed))[:1]:
            done = cli("what-if", "article-handles.dmp", offer.strip("'"))
            assert done.code == 0, (offer, done.err)


def test_lessons(complete: Complete) -> None:
    lessons = complete("learn ")
    assert lessons["1"] == "Header and flags"
    pages = Path(dumpscope.__file__).parent.joinpath("lessons").glob("*.md")
    assert sum(text.isdigit() for text in lessons) == len(list(pages)) >= 14
    assert "8" in complete("learn fails")


def test_filters_targets_and_paths(complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first(complete("handles | gr")) == "grep"
    assert set(complete("handles | ")) == {"grep", "head", "tail", "count"}
    assert complete("handles | grep E") == {}
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "a b.dmp").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / ".hidden").write_text("")
    monkeypatch.chdir(tmp_path)
    found = complete("open ")
    assert list(found) == ['"a b.dmp"', "folder" + os.sep, "notes.txt"]
    assert next(iter(complete("open 'a"))) == "'a b.dmp'"
    (tmp_path / "two words").mkdir()
    (tmp_path / "two words" / "in it.dmp").write_text("")
    assert first(complete("open two")) == '"two words' + os.sep  # open, so that the next Tab goes on
    assert first(complete("open 'two")) == "'two words" + os.sep
    assert first(complete('open "two words' + os.sep)) == '"two words' + os.sep + 'in it.dmp"'
    assert first(complete("open 'fol")) == "'folder" + os.sep
    assert "notes.txt" in complete("handles > no")
    assert complete("open nowhere/") == {}
    assert ".hidden" in complete("open .h")


def test_dumps_by_number(complete: Complete) -> None:
    assert complete("use ") == {"0": "article-handles.dmp"}


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.dmp"))[:: 9 if ALL else 18])
def test_any_dump_and_any_kind(sample: str, complete: Complete) -> None:
    for text in ("handles ", "threads ", "modules ", "streams ", "address ", "explain ", "why ", "flags ", "handles --type "):
        complete(text, sample)
    for text in ("bytes ", "whatis ", "what-if ", "what-if 'Flags = ", "learn "):
        complete(text, sample)
    for kind in ("stream", "directory", "handle", "thread", "module", "unloaded", "region", "memory", "token", "string", "range", "at", "context", "name"):
        for text in (f"bytes {kind} ", f"what-if '{kind} ", f"what-if '{kind} 0 "):
            complete(text, sample)


def test_names_of_a_dump_do_not_steer_the_menu(complete: Complete) -> None:
    for sample in sorted(path.name for path in SAMPLES.glob("hostile-*.dmp")):
        for text in ("modules ", "handles --type ", "handles ", "bytes module ", "bytes unloaded ", "what-if 'module ", "whatis "):
            for value, meta in complete(text, sample).items():
                assert (value + meta).isprintable(), (sample, value, meta)


def test_scores() -> None:
    assert score("han", "handles") > score("han", "!handles") > score("han", "hxaxn") > 0
    assert score("xyz", "handles") == 0
    assert score("", "anything") == 1
    assert score("HAN", "handles") == score("han", "handles")


def test_words_before_the_cursor() -> None:
    assert split_before("handles 'a b' c") == (["handles", "a b"], "c", "", 1)
    assert split_before("open 'my fi") == (["open"], "my fi", "'", 6)
    assert split_before("why; ha") == ([], "ha", "", 2)
    assert split_before("handles ") == (["handles"], "", "", 0)


def test_kinds_without_a_dump() -> None:
    for kind in (*KINDS, "nothing"):
        list(offers(Session(), kind))


def test_findings_are_counted() -> None:
    with Minidump.open(SAMPLES / "article-nohandles.dmp") as dump:
        errors, _ = standing(Session(dump, "x"))
        assert errors >= 1


def million(count: int) -> bytes:
    """A dump with nothing but handles, their values in no order."""
    head = struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, 1, 32, 0, 0, 4)
    rows = struct.Struct("<QIIIIIIII")
    body = bytearray()
    for number in range(count):
        body += rows.pack(((number * 7919) % count) * 4 + 4, 0, 0, 0, 0, 1, 1, 0, 0)
    stream = struct.pack("<IIII", 16, rows.size, count, 0) + body
    return head + struct.pack("<III", 12, len(stream), 44) + stream


def test_a_long_list_is_indexed_and_bounded() -> None:
    with Minidump.open(million(200_000)) as dump:
        session = Session(dump, "x")
        assert len(dump.handles) == 200_000
        list(offers(session, "handle", "1a4"))
        found, calls = calls_of(lambda: [item.text for item in offers(session, "handle", "1a4")])
        assert calls < 20_000  # 200,000 handles are not looked through again
        assert found[:2] == ["1a4", "1a40"]
        assert len(found) <= 300
        assert all(text.startswith("1a4") for text in found)
        assert next(item.text for item in offers(session, "handle", "0x1a4")) == "0x1a4"
        assert [handle.handle for handle in HandleIndex(session).starting("c3500")] == [0xC3500]
        assert list(HandleIndex(session).starting("zz")) == []


# -- lexers ----------------------------------------------------------------------------------------------------------------


def tokens(lexer: Any, text: str) -> List[Any]:
    return [(kind, value) for kind, value in lexer.get_tokens(text) if value.strip()]


def test_typed_lines() -> None:
    lexer = LineLexer(own=("open",))
    assert tokens(lexer, "handles 0x24 --type 'Ev*' | grep x > f.txt") == [
        (Name.Function, "handles"),
        (Number.Hex, "0x24"),
        (Name.Attribute, "--type"),
        (String, "'Ev*'"),
        (pytest.importorskip("pygments.token").Operator, "|"),
        (Keyword, "grep"),
        (pytest.importorskip("pygments.token").Token.Text, "x"),
        (pytest.importorskip("pygments.token").Operator, ">"),
        (pytest.importorskip("pygments.token").Token.Text, "f.txt"),
    ]
    assert tokens(lexer, "!runaway 7")[0] == (Name.Builtin, "!runaway")
    assert tokens(lexer, "open x")[0] == (Name.Function, "open")
    assert tokens(lexer, "hndles x")[0] == (Error, "hndles")
    assert tokens(lexer, "hand")[0][0] is not Error
    assert (Name.Function, "why") in tokens(lexer, "handles; why")
    assert (Name.Variable, "@rsp") in tokens(lexer, "db @rsp+8")


@pytest.mark.parametrize("text", ["", "'", '"a', "a | b | ", ";;", "? 1+(2", "\u202e\x1b", "handles 'a' \n why"])
def test_no_character_is_lost(text: str) -> None:
    assert "".join(value for _, _, value in LineLexer().get_tokens_unprocessed(text)) == text
    assert "".join(value for _, _, value in DebuggerLexer().get_tokens_unprocessed(text)) == text


def test_debugger_output_through_pygments() -> None:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    text = (
        '0:000> !handle\nERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"\n'
        "Stream 0: type ThreadListStream (3), size 000000C4, RVA 00000708\n"
        "Handle 00000000000000b0\n  Type         \tMutant\n  GrantedAccess\t0x1f0001:\n         Delete,ReadControl\n"
        "33 Handles\n.  0  Id: 436c.525c Suspend: 0 Teb: 00000069`f3cad000 Unfrozen\n"
    )
    found = tokens(DebuggerLexer(), text)
    assert (Generic.Prompt, "0:000> ") in found
    assert any(kind is Generic.Error for kind, _ in found)
    assert (Name.Class, "ThreadListStream") in found
    assert (Name.Class, "Mutant") in found
    assert (Number.Hex, "00000069`f3cad000") in found
    assert "<span" in highlight(text, DebuggerLexer(), HtmlFormatter())
    assert DebuggerLexer.analyse_text(text) > 0.5
    assert DebuggerLexer.analyse_text("hello") == 0.0


@pytest.mark.parametrize("sample", ["article-handles.dmp", "handles.dmp", "xstate-avx.dmp", "hostile-everywhere.dmp"])
def test_no_errors_in_what_dumpdebug_prints(sample: str, cli: Callable[..., Any]) -> None:
    shown = cli("dumpdebug", sample).out
    assert not [value for kind, value in tokens(DebuggerLexer(), shown) if kind is Error]


def test_the_lexers_are_plugins() -> None:
    from importlib.metadata import entry_points

    text = (Path(__file__).resolve().parents[3] / "pyproject.toml").read_text("utf-8")
    assert 'windbg-output = "dumpscope.front.repl.lexer:DebuggerLexer"' in text
    found: Any = entry_points()
    rows = found.select(group="pygments.lexers") if hasattr(found, "select") else found.get("pygments.lexers", [])
    ours = [item for item in rows if item.value.startswith("dumpscope.")]
    if not ours:
        pytest.skip("dumpscope is not installed with pip here, so pygments does not know its plugins")
    from pygments.lexers import get_lexer_by_name

    assert get_lexer_by_name("windbg-output").name == "WinDbg output"
    assert get_lexer_by_name("dumpscope").name == "dumpscope command line"


KERNEL = "not-a-dump-kernel-triage-64.dmp"


def test_places_of_a_kernel_dump_are_offered_and_there(complete: Complete, cli: Callable[..., Any]) -> None:
    from dumpscope.session.kernel_offers import PLACES

    found = complete("bytes ", KERNEL)
    assert {"header", "triage", "context", "drivers", "driver", "block", "at", "range"} <= set(found)
    for word in sorted(set(found) & set(PLACES)):
        assert cli("bytes", KERNEL, word).code == 0, word
    names = complete("bytes driver ", KERNEL)
    assert "nt" in names
    block = first(complete("bytes block ", KERNEL))
    assert cli("bytes", KERNEL, "block", block).code == 0
    offset = first(complete("bytes at ", KERNEL))
    assert cli("bytes", KERNEL, "at", offset).code == 0
    assert "nt" in complete("modules ", KERNEL)
    assert "@rip" in complete("read @", KERNEL)
    assert complete("whatis ", KERNEL)


def test_the_prompt_of_a_kernel_dump(tmp_path: Path) -> None:
    """As WinDbg: the processor's number where there are several."""
    from dumpscope.dump.kernel.kerneldump import KernelDump

    workspace = Workspace()
    workspace.open(str(SAMPLES / KERNEL))
    data = bytearray((SAMPLES / KERNEL).read_bytes())
    with KernelDump.open(str(SAMPLES / KERNEL)) as dump:
        place, count = dump.header_layout.offset_of("NumberProcessors"), dump.header["NumberProcessors"]
    assert workspace.prompt == ("0: kd> " if count > 1 else "kd> ")
    struct.pack_into("<I", data, place, 1 if count > 1 else 4)
    other = tmp_path / "other.dmp"
    other.write_bytes(data)
    workspace.open(str(other))
    assert workspace.prompt.endswith("kd> " if count > 1 else ":0: kd> ")
    assert "?" not in workspace.prompt
    workspace.close_all()

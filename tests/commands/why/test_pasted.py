"""Pasted messages: what kind of message it is decides, then the file; with a file that the debugger refuses, an opening message ends in its findings."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List, Tuple

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope.commands import pasted
from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.pasted.catalogue import everything
from dumpscope.diagnosis.rules.catalogue import all_rules, family
from dumpscope.dump.source import Source
from dumpscope.view.blocks import Note, Table

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from samples.engine_answers import ANSWERS  # noqa: E402

REFUSED = sorted(name for name, answer in ANSWERS.items() if answer.opened)
POPUP = "The debugging session could not be started: FAILURE HR=0X80004005: Failed to OpenDumpFileWide"
OPENING = [
    POPUP,
    "Failure HR=80070003: Failed to open dump file wide",
    "FAILURE HR=0X80004005: Failed to OpenDumFileWide",
    "Could not match Dump File signature - invalid file format",
    "Minidump does not have system info",
    'Could not open dump file [C:\\Users\\x\\y.dmp], HRESULT 0x80004005 "Unspecified error"',
    "2024-01-01 10:00:00: minidump.cc:5103: ERROR: Minidump cannot read header",
    "[ERROR] HeaderMismatch - Error reading dump: Header mismatch",
    "System.IO.InvalidDataException: Dump does not contain a SystemInfoStream stream",
    "ERROR kuhl_m_sekurlsa_acquireLSA ; Memory opening",
    "minidump.exceptions.MinidumpHeaderSignatureMismatchException: EGAP",
    "DebugClient cannot open DumpFile - error 1392",
    "error: Unable to load core file: unknown corefile format",
]


@pytest.fixture
def cli(cli: Any) -> Any:
    """The command line, its sentences without line breaks."""

    def run(*words: str) -> Any:
        result = cli(*words)
        return result._replace(out=re.sub(r"\n {2,6}(?=[^\s-])", " ", result.out))

    return run


def fired(name: str) -> List[str]:
    """The rules about opening that fire on a sample, only errors where there are any."""
    found = apply(family("OPN"), Facts.of(Source.from_object((ROOT / "samples" / f"{name}.dmp").read_bytes())))
    return [item.code for item in found if item.rule.severity == "error"] or [item.code for item in found]


@each("name", REFUSED)
def test_an_opening_message_ends_in_the_rules_that_fire(name: str, cli: Any) -> None:
    wanted = fired(name)
    assert wanted, f"no rule explains why {name} does not open"
    for text in some(OPENING, REFUSED.index(name), 6):
        out = cli("why", f"{name}.dmp", text).out
        assert [code for code in wanted if not re.search(rf"^{code}  ", out, re.MULTILINE)] == [], text
        assert "None of the known causes" not in out


@pytest.mark.parametrize("text", OPENING)
def test_a_sound_file_is_not_accused(text: str, cli: Any) -> None:
    out = cli("why", "everything-small.dmp", text).out
    assert "opens this file" in out or "None of the known causes" in out
    assert not re.search(r"^OPN0\d\d  error", out, re.MULTILINE)


def test_the_path_was_not_found(cli: Any) -> None:
    for code in ("0X80070002", "80070003", "0x8007002"):
        out = cli("why", "everything-small.dmp", f"FAILURE HR={code}: Failed to OpenDumpFileWide").out
        assert "about the path" in out
        assert "did not find" in out


def test_a_kernel_dump_comes_first_whoever_complains(cli: Any) -> None:
    for text in (*OPENING, "GetContextState failed, 0xD0000147", "KdDebuggerDataBlock is not present or unreadable.", "Failed to request ThreadStore"):
        assert re.search(r"^OPN002  ", cli("why", "not-a-dump-kernel-64.dmp", text).out, re.MULTILINE), text


WRITING = {
    "Writing dump failed (HRESULT: 0x80004005)": "",
    "MiniDumpWriteDump failed. Error: 2147942408": "0x80070008",
    "MiniDumpWriteDump failed with code 8007012b": "WRT001",
    "Cannot write the minidump. MiniDumpWriteDump (dbghelp.dll) function returned error code: -2147024597": "WRT001",
    "MiniDumpWriteDump failed, GetLastError = 299": "WRT001",
    "MiniDumpWriteDump returned FALSE, hr=-0x7ff8ffa9": "WRT003",
    "Dump 1 error: Error writing dump file: 0x80070005 Access is denied. (0x80070005, -2147024891)": "WRT002",
    "[!] Failed to create minidump, error code: 80070005": "WRT002",
    "WriteFullMemory.Memory.Read(0x7ffb97221000, 0x10000) failed 0x8007012b, skip.": "WRT001",
    "Core dump generation FAILED 0x80004005": "",
    "Dump creation failed, Win32 error 0n112": "WRT005",
    "Only part of a ReadProcessMemory or WriteProcessMemory request was completed": "WRT001",
}


@pytest.mark.parametrize("text", WRITING)
def test_a_write_that_failed_is_not_an_opening_that_failed(text: str, cli: Any) -> None:
    for words in (("why", text), ("why", "full-memory.dmp", text)):
        result = cli(*words)
        assert result.code == 0, result.err
        assert WRITING[text] in result.out
        assert "what to do" in result.out
        assert not re.search(r"OPN0(?:08|09|13|15)", result.out)


def test_without_a_dump(cli: Any) -> None:
    assert "E_NOINTERFACE" in cli("why", "0x80004002").out
    out = cli("why", "!handle").out
    assert "HND002" in out
    assert "flag 0x4" in out
    assert "OPN008" in cli("why", "Minidump does not have system info").out
    assert "MOD006" in cli("why", "SOS does not support the current target architecture 0x0000014c").out
    for words in (("-0x7ff8ffa9",), ("-2147024809",), ("hr=-0x7ff8ffa9",)):
        assert "0x80070057" in cli("why", *words).out
        assert "0x80070057" in cli("why", "handles.dmp", *words).out
    assert "ERROR_PARTIAL_COPY" in cli("why", "MiniDumpWriteDump", "failed", "0x8007012b").out
    assert "no debugger command" in cli("why", "!foo").out
    assert cli("why", "dump", "!handle").code == 3
    missing = cli("why", "no-such-file.dmp")
    assert missing.code == 3
    assert "cannot open" in missing.err
    assert cli("why", "C:\\no such folder\\a.dmp").code == 3
    assert cli("why").code == 2


def test_a_path_without_a_file_accuses_no_file(cli: Any) -> None:
    out = cli("why", "Could not find the C:\\dumps\\x.dmp Dump File, Win32 error 0n2").out
    assert "no such file at the path" in out
    assert "check the path" in out
    assert "OPN" not in out
    assert "OPN001" not in cli("why", "Could not open dump file [C:\\x\\a.dmp], Win32 error 0n3").out
    assert "OPN" in cli("why", "Could not open dump file [C:\\x\\a.dmp], HRESULT 0x80004005").out
    for text in ("Win32 error 0n2", "0x80070002"):
        assert "the debugger did not find the file" in cli("why", text).out


@pytest.mark.parametrize("text", ["GLE=299", "LastError=5", "GetLastError()=5", "System.UnauthorizedAccessException"])
def test_a_last_error_or_an_exception_alone_is_no_path(text: str, cli: Any) -> None:
    assert "cannot open" not in cli("why", text).err


def test_the_meaning_does_not_repeat_the_kind(cli: Any) -> None:
    assert "about a file that was not opened.\n" in cli("why", "Could not open dump").out
    assert "about a dump that was not written.\n" in cli("why", "the dump was not written").out
    assert "about a dump of a whole machine.\n" in cli("why", "directory table base").out
    assert "about a dump that was not written: the process could not be opened" in cli("why", "OpenProcess failed").out


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("WriteDump failed (-2147024597)", "programs that call MiniDumpWriteDump"),
        ("WriteDump failed, hr=0x8007012B", "programs that call MiniDumpWriteDump"),
        ("WriteDump failed: Win32 error 5", "programs that call MiniDumpWriteDump"),
        ("WriteDump failed - HRESULT: 0x00000000", "dotnet-dump and createdump"),
        ("Invalid process id 6044 - Access is denied. (5)", "dotnet-dump and createdump"),
    ],
)
def test_codes_of_windows_are_given_to_writers_of_windows(text: str, who: str, run_json: Any) -> None:
    assert run_json("why", text)["messages"][0]["who"] == who


@pytest.mark.parametrize("text", ["Unable to read KLDR_DATA_TABLE_ENTRY at 00000000`00000000 - HRESULT 0x80004002", "the moon is at 0x80004002 today"])
def test_a_code_in_unrelated_words_selects_nothing(text: str, cli: Any) -> None:
    result = cli("why", "handles-not-requested-wer-mini.dmp", text)
    assert "does not know this message" in result.out
    assert "On this dump it means" not in result.out
    assert "What `why` finds in this file" in result.out
    assert result.code == 1


@pytest.mark.parametrize("name", ["!clrthreads", "!dumpheap", "!eeheap", "!pe", "!syncblk", "!clrstack", "!sos.dumpheap"])
def test_commands_of_sos(name: str, cli: Any) -> None:
    assert "there is nothing for SOS to show" in cli("why", "everything-small.dmp", name).out
    assert "did you mean" not in cli("why", "exception-clr.dmp", name).out


def test_commands_with_their_extension_before_them(cli: Any) -> None:
    assert "!handle will work" in cli("why", "handles.dmp", "!ext.handle").out
    assert "no 32-bit side" in cli("why", "handles.dmp", "!wow64exts.sw").out
    assert "MOD006" in cli("why", "process-thread-data-wow64.dmp", "!wow64exts.sw").out


def test_the_catalogue_names_rules_that_there_are() -> None:
    codes = {rule.code for rule in all_rules()}
    for item in everything():
        assert set(item.rules) <= codes, item.pattern
        assert item.means, item.pattern
        assert not item.means.endswith("."), item.pattern
        re.compile(item.pattern)


def test_what_was_understood_is_in_the_document(run_json: Any) -> None:
    document = run_json("why", "missing-system-info.dmp", POPUP)
    assert document["messages"][0]["kind"] == "opening"
    assert document["opens"]["ok"] is False
    assert [row["code"] for row in document["findings"]] == ["OPN009"]


def test_nothing_is_concluded_from_a_directory_that_cannot_be_read(cli: Any, run_json: Any) -> None:
    for name in ("damaged-directory-zeroed", "damaged-directory-beyond-end", "damaged-cut-in-directory", "damaged-stream-count-huge", "damaged-no-streams"):
        document = run_json("why", f"{name}.dmp")
        assert {row["code"][:3] for row in document["findings"]} <= {"OPN", "WRT"}, name
        assert {row["delivered"] for row in document["flags"]} == {"unknown"}, name
    for name in ("damaged-directory-zeroed", "damaged-directory-beyond-end", "damaged-no-streams"):
        out = cli("handles", f"{name}.dmp").out
        assert "HND" not in out
        assert re.search(r"^OPN0\d\d  error", out, re.MULTILINE), name
        assert "no exception is stored" not in cli("why", f"{name}.dmp").out


def test_base_rva_and_sizes_name_the_right_values(cli: Any) -> None:
    out = cli("why", "full-memory-base-wrong.dmp").out
    assert re.search(r"the memory begins at 0x[0-9a-f]+: the bytes of all ranges fill the file exactly", out)
    assert "OPN016" not in out
    assert "WRT005" not in out
    assert "are cut off the end" not in out
    out = cli("why", "full-memory-size-and-flag.dmp").out
    assert "The directory says 0x50 bytes for Memory64ListStream, and 5 ranges need 0x60" in out
    assert "0x48" not in out
    assert "0x58" not in out
    assert "OPN014" not in out
    assert "60 00 00 00 at 0x3c and 02 at 0x18" in out


def test_sos_is_told_the_processor_and_the_runtime(cli: Any) -> None:
    out = cli("why", "everything-small-x86.dmp", "SOS does not support the current target architecture 0x0000014c").out
    assert "a dump of a process on x86" in out
    assert "no .NET runtime is among the modules" in out


@pytest.mark.parametrize(
    "text", ["mimikatz: pInfos->ProcessorArchitecture (0) != PROCESSOR_ARCHITECTURE_AMD64 (9)", "ThreadListStream size 96, expected 52 at offset 0x0"]
)
def test_values_and_sizes_are_no_codes(text: str, cli: Any) -> None:
    assert "codes\n" not in cli("why", "handles.dmp", text).out


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [
        ("ERROR_PARTIAL_COPY", "ERROR_PARTIAL_COPY", "STATUS_FILE_LOCKED_WITH_WRITERS"),
        ("it failed with error_partial_copy (0x12b)", "ERROR_PARTIAL_COPY", "STATUS_FILE_LOCKED_WITH_WRITERS"),
        ("STATUS_FILE_LOCKED_WITH_WRITERS", "STATUS_FILE_LOCKED_WITH_WRITERS", "ERROR_PARTIAL_COPY"),
        ("0x12b", "STATUS_FILE_LOCKED_WITH_WRITERS", "ERROR_INVALID_PARAMETER"),
    ],
)
def test_a_name_says_which_kind_of_code_is_meant(words: str, shown: str, hidden: str, run_json: Any) -> None:
    symbols = [row["symbol"] for row in run_json("why", words)["codes"]]
    assert shown in symbols
    assert hidden not in symbols


def test_a_message_about_writing_and_the_file_that_shows_it(cli: Any) -> None:
    shown, unseen = "This file shows it:", "What dumpscope knows about it:"
    out = cli("why", "full-memory-truncated.dmp", "MiniDumpWriteDump failed with 0x80070070").out
    assert [line for line in out.splitlines() if line in (shown, unseen)] == [shown, unseen]
    out = cli("why", "full-memory.dmp", "MiniDumpWriteDump failed with 0x80070070").out
    assert [line for line in out.splitlines() if line in (shown, unseen)] == [unseen]


def test_causes_that_nobody_knows_have_no_title() -> None:
    assert list(pasted._known_causes([], "Known causes:")) == []
    title, table = pasted._known_causes(["HND001"], "Known causes:")
    assert title == Note("Known causes:")
    assert isinstance(table, Table)


@pytest.mark.parametrize("outcome", ["works", "partial", "fails"])
@pytest.mark.parametrize("why_it_is", ["", "a reason"])
@pytest.mark.parametrize("severities", [(), ("info",), ("warning",), ("info", "error")])
def test_a_command_that_a_message_is_about(monkeypatch: pytest.MonkeyPatch, outcome: str, why_it_is: str, severities: Tuple[str, ...]) -> None:
    """Findings of its own say it all; else a word whether it works, and the file's faults only where it does not."""
    flags = SimpleNamespace(code="FLG001", rule=SimpleNamespace(severity="warning"))
    own = [SimpleNamespace(code=f"HND00{number}", rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(severities)]
    serious, mild = (SimpleNamespace(code=f"OPN00{number}", rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(("error", "warning")))
    monkeypatch.setattr(pasted, "_opening_findings", lambda facts: [serious, mild, *own])
    facts: Any = SimpleNamespace(engine=SimpleNamespace(commands={"!handle": SimpleNamespace(outcome=outcome, why=why_it_is)}))
    fired: Any = [flags, *own]
    found: Any = pasted._of_command("!handle", fired, facts)
    if set(severities) - {"info"}:
        assert found == (own, [])
    elif outcome == "works":
        text = "!handle will work on this dump: the message is of another dump, or the trouble is on the debugger's side."
        assert found == (own, [Note(text)])
    else:
        assert found == ([serious, *own], [Note("!handle on this dump: a reason.", "warning")] if why_it_is else [])
    assert pasted._of_command("!nothing", fired, facts) == (own or fired, [])


@pytest.mark.parametrize("size", [40, 119, 120, 121, 300])
def test_a_long_message_is_shown_in_part(cli: Any, size: int) -> None:
    text = "zqx " * (size // 4) + "q" * (size % 4)
    text = text[: size - 1] + "y"
    out = " ".join(cli("why", "everything-small.dmp", text).out.split())
    assert (text in out) is (size <= 120)
    assert (f"{text[:117]}…" in out) is (size > 120)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 12])
def test_as_many_findings_as_the_limit(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Those that are no trouble are not counted."""
    severities = ["error", "warning"] * count
    found = [SimpleNamespace(number=number, rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(severities[:count])]
    mild = SimpleNamespace(number=-1, rule=SimpleNamespace(severity="info"))
    monkeypatch.setattr(pasted, "audit", lambda facts: [mild, *found, mild])
    monkeypatch.setattr(pasted, "finding_block", lambda item, brief: (item.number, brief))
    for ok, first in ((True, Note("The debugger opens this file.")), (False, Note("The debugger does not open this file: HRESULT 0x80004005.", "error"))):
        facts: Any = SimpleNamespace(engine=SimpleNamespace(opening=SimpleNamespace(ok=ok, hresult=0x80004005)))
        blocks: List[Any] = list(pasted._rest(facts))
        more = [Note(f"and {count - 8} more: `why` without a message shows them in full", "hint")] if count > 8 else []
        shown = [(number, True) for number in range(min(count, 8))]
        wanted = [Note("What `why` finds in this file:"), *shown, *more] if count else [Note("`why` finds nothing wrong with this file.")]
        assert blocks == [first, *wanted]


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("severities", [("warning", "error"), ("error", "info", "error"), ("warning", "info"), ()])
def test_findings_about_opening(monkeypatch: pytest.MonkeyPatch, refused: bool, severities: Tuple[str, ...]) -> None:
    """Of a file that is refused only the errors count, if there are any; what the message points to comes first, then the worst."""
    order = ("error", "warning", "info")
    found = [SimpleNamespace(code=f"OPN00{number}", rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(severities)]
    monkeypatch.setattr(pasted, "apply", lambda rules, facts: list(found))
    facts: Any = SimpleNamespace(opened=None if refused else object(), engine=SimpleNamespace(opening=SimpleNamespace(ok=True)))
    kept = [item for item in found if item.rule.severity == "error"] if refused and "error" in severities else found
    plain: List[Any] = list(pasted._opening_findings(facts))
    assert plain == sorted(kept, key=lambda item: order.index(item.rule.severity))
    first: List[Any] = list(pasted._opening_findings(facts, ["OPN002", "OPN001"]))
    pointed = [item for code in ("OPN002", "OPN001") for item in kept if item.code == code]
    assert first == [*pointed, *(item for item in plain if item not in pointed)]

"""The commands on user dumps of the old format."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict

import pytest

from dumpscope.commands.opening import session_of
from dumpscope.commands.userdump.answers import outcomes
from dumpscope.dump.source import Source
from dumpscope.dump.userdump import UserDump
from dumpscope.errors import DumpError
from dumpscope.session.session import Session

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
WIDE, NARROW = "not-a-dump-user-full-64.dmp", "not-a-dump-user-full-32.dmp"
BOTH = pytest.mark.parametrize("name", [WIDE, NARROW])


@BOTH
def test_threads_modules_exception_and_stack(cli: Any, name: str) -> None:
    found = cli("threads", name)
    assert found.code == 0
    assert "1a30" in found.out
    assert "demo+0x1024" in found.out
    assert "has none" in found.out
    assert "flags (0x" not in found.out
    found = cli("modules", name)
    assert "demo" in found.out
    assert "ntdll" in found.out
    found = cli("exception", name)
    assert "Access violation" in found.out
    assert "rax=0000000000000028" in found.out or "eax=00000028" in found.out
    assert "demo+0x1024" in cli("stack", name).out


@BOTH
def test_dumpinfo_says_what_the_file_is(cli: Any, run_json: Any, name: str) -> None:
    found = cli("dumpinfo", name)
    assert found.code == 0
    assert ("USERDU64" if name == WIDE else "USERDUMP") in found.out
    document = run_json("dumpinfo", name)
    assert document["user_dump"]["threads"] == 2
    assert document["user_dump"]["process_id"] == "0x1a2c"
    assert document["damage"] == []


@BOTH
def test_every_proof_is_read_back_from_the_file(run_json: Any, name: str) -> None:
    """What the answers say of an offset stands there in the file itself, not in the lists that are made of it."""
    data = (SAMPLES / name).read_bytes()
    word = 8 if name == WIDE else 4
    checked = set()
    for command in ("why", "exception", "dumpinfo"):
        account = run_json(command, name)["account"]
        for proof in (*account["evidence"], *(proof for statement in account["statements"] for proof in statement["evidence"])):
            what, value, at = proof["what"], proof["value"].replace("`", ""), proof["offset"]
            assert 0 <= at < len(data), what
            checked.add(what)
            if what.startswith("module"):
                assert value.encode("ascii") in data[at : at + 80], what
            elif what.startswith("code"):
                assert bytes.fromhex(value) == data[at : at + 8], what
            else:
                size = 4 if what.rpartition(".")[2] in ("ExceptionCode", "ThreadId") else word
                expected = int(value, 0 if value.startswith("0x") else 16)
                assert int.from_bytes(data[at : at + size], "little") == expected, what
    assert {"ExceptionRecord.ExceptionCode", "ExceptionRecord.ExceptionAddress", "ExceptionStream.ThreadId", "ExceptionInformation[1]"} < checked


@BOTH
def test_records_of_lists_are_those_of_the_file(run_json: Any, name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    word = 8 if name == WIDE else 4

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little")

    for row in run_json("threads", name)["threads"]:
        assert number(row["offset"], 4) == row["tid"]
        assert row["context_offset"] < len(data)
    for row in run_json("modules", name)["modules"]:
        assert number(row["offset"], word) == int(row["base"], 16)
    for row in run_json("regions", name)["regions"]:
        assert number(row["offset"], word) == int(row["base"], 16)
    exception = run_json("exception", name)
    assert number(exception["exception"]["offset"], 4) == exception["exception"]["thread_id"]


def test_what_was_made_of_nothing_has_no_place() -> None:
    data = (SAMPLES / WIDE).read_bytes()
    source, size = UserDump(Source(data, WIDE)).as_minidump(), len(data)
    assert source.in_file(24) is None
    assert source.in_file(size - 1) == size - 1
    assert source.in_file(source.size) is None
    found = [source.in_file(offset) for offset in range(size, source.size)]
    assert all(offset is None or 0 < offset < size for offset in found)
    assert sum(offset is not None for offset in found) > len(found) // 2


@BOTH
def test_why_says_what_the_debugger_does(cli: Any, run_json: Any, name: str) -> None:
    found = cli("why", name)
    assert found.code == 0
    assert "The debugger opens this file" in found.out
    rows = {row["command"]: row["outcome"] for row in run_json("why", name)["commands"]}
    assert rows[".ecxr"] == rows["!handle"] == "fails"
    assert rows["~"] == rows["lm"] == rows["r"] == "works"
    assert "fails on this dump" in cli("why", name, ".ecxr").out
    assert cli("why", name, "0x80004002").code == 0


@BOTH
@pytest.mark.parametrize("command", ["handles", "streams", "mend", "system", "process"])
def test_a_command_about_minidumps_says_so(cli: Any, name: str, command: str) -> None:
    found = cli(command, name, *(("-o", "never.dmp") if command == "mend" else ()))
    assert found.code == 1
    assert "old format" in found.out


def test_an_empty_header_is_explained(cli: Any) -> None:
    found = cli("why", "not-a-dump-user-64.dmp")
    assert "OPN003" in found.out
    assert "count is zero" in found.out
    assert cli("threads", "not-a-dump-user-64.dmp").code == 3


def test_a_row_of_triage(run_json: Any, tmp_path: Any) -> None:
    from dumpscope.fleet.facts import facts

    row = facts("samples/" + WIDE)
    assert (row["kind"], row["threads"], row["modules"], row["opens"], row["flags"]) == ("legacy-user-dump", 2, 2, True, "")


def test_a_file_cut_in_its_records_of_threads_says_what_fails(tmp_path: Path, run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any]) -> None:
    """The engine opens it, and has no thread then (observed: dbgeng 10.0.15063, tests/engine/test_userdump.py)."""
    path = tmp_path / "cut.dmp"
    path.write_bytes((SAMPLES / "not-a-dump-user-full-64.dmp").read_bytes()[:1500])
    said = run_json("why", str(path))
    outcomes = {row["command"]: row["outcome"] for row in said["commands"]}
    assert {outcomes[name] for name in ("~", "r", "k", "u", "lm", ".lastevent")} == {"fails"}
    assert outcomes["|"] == "works"
    assert "2 at 0xc60, and the file holds 0 of them" in cli("threads", str(path)).out


@BOTH
def test_shrink_makes_a_minidump_of_it(cli: Any, run_json: Any, tmp_path: Path, name: str) -> None:
    small, scrubbed, image = tmp_path / "small.dmp", tmp_path / "scrubbed.dmp", tmp_path / "demo.exe"
    assert "why" not in cli("shrink", name).out
    assert cli("shrink", name, "--flags", "2", "-o", small, "--report", tmp_path / "small.json").code == 0
    before, after = run_json("threads", name)["threads"], run_json("threads", small)["threads"]
    assert [row["tid"] for row in after] == [row["tid"] for row in before]
    assert run_json("why", small)["exit"] == 0
    assert cli("scrub", small, "-o", scrubbed).code == 0
    assert cli("extract", name, "--module", "demo", "-o", image).code == 0
    assert image.read_bytes()[:2] == b"MZ"
    for command in ("scrub", "mend"):
        refused = cli(command, name, "-o", tmp_path / "no.dmp")
        assert (refused.code, "shrink --flags 2" in refused.out) == (1, True)
    assert not (tmp_path / "no.dmp").exists()


@BOTH
def test_closing_the_file_closes_its_copy(name: str) -> None:
    """`search` looks at the whole: the minidump that is made of the file is copied to a temporary file, which has to go with it."""
    session = open_session(SAMPLES / name)
    view = session.dump.source
    assert len(view.buffer) == view.size
    assert view._file is not None
    session.source.close()
    assert view._file is None
    session = open_session(SAMPLES / name)
    session.dump.close()
    with pytest.raises(DumpError, match="closed"):
        session.source.check()


def open_session(path: Path) -> Session:
    source = Source.from_path(str(path))
    return session_of(source, source.name)


@pytest.mark.parametrize("cut", [0, 0x20])
def test_commands_that_read_memory_beyond_the_end(cut: int) -> None:
    """Only where memory is missing is anything said of that; the others stay as they are."""
    dump: Any = SimpleNamespace(
        memory_cut=cut, wide=True, teb=0x7000, peb=0x8000, loader=[1], event=object(), memory=lambda place, size: bytes(size if place == 0x8000 else 0)
    )
    found = {item.command: item for item in outcomes(dump)}
    said = {name for name, item in found.items() if "beyond the end of the file" in item.why}
    assert said == ({"k", "u", "!address", "!teb"} if cut else set())
    assert [found[name].outcome for name in ("k", "u", "!address", "!teb")] == (["partial", "partial", "partial", "fails"] if cut else ["works"] * 4)
    assert ("the block at 0x8000 is there" in found["!peb"].why) is bool(cut)

"""``shrink``: what is kept and left out, what the options do, and files that are whole or absent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable, List

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.writing.builder import DumpBuilder
from dumpscope.writing.shrink import Shrunk

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FULL = SAMPLES / "full-memory.dmp"


def large(path: Path, size: int) -> None:
    """A full dump: the sample, and memory that nothing of what is kept leads to."""
    with Minidump.open(str(FULL)) as dump:
        builder = DumpBuilder.of(dump)
        builder.capture(0x7000_0000, b"\x55" * size)
        builder.write(str(path))


def test_all_but_memory_is_the_same(cli: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "large.dmp", tmp_path / "small.dmp"
    large(source, 4 << 20)
    before = source.read_bytes()
    document = json.loads(cli("shrink", source, "-o", target, "--json").out)
    assert document["shrunk"] is True
    assert document["written"]["size"] == target.stat().st_size < len(before) // 20
    assert source.read_bytes() == before
    with Minidump.open(str(source)) as old, Minidump.open(str(target)) as new:
        assert not new.header.flags & 2
        assert len(new.memory_list)
        assert [stream.type for stream in new.streams if stream.type != 5] == [stream.type for stream in old.streams if stream.type != 9]
        assert [(item.handle, item.name) for item in new.handles] == [(item.handle, item.name) for item in old.handles]
        assert new.process.command_line == old.process.command_line
        assert new.process.environment == old.process.environment
        assert new.memory.locate(0x7000_0000) is None
        for thread in old.threads:
            registers = old.registers(thread)
            assert not isinstance(registers, Absent)
            kept = new.memory.captured(registers.sp, 1 << 20)
            assert kept >= min(old.memory.captured(registers.sp, 1 << 20), thread.stack_start + thread.stack_size - registers.sp) > 0
            assert new.memory.some(registers.sp, kept) == old.memory.some(registers.sp, kept)
            found = new.threads.find(thread.tid)
            assert found is not None
            assert found.stack_rva, "the thread list of a small dump leads to the stack"


def test_for_keeps_what_the_commands_need(tmp_path: Path, cli: Any) -> None:
    target = tmp_path / "handles.dmp"
    assert cli("shrink", FULL, "-o", target, "--for", "!handle").code == 0
    with Minidump.open(str(FULL)) as old, Minidump.open(str(target)) as new:
        assert len(new.handles) == len(old.handles)
        assert new.stream(16) is None
        assert new.header.flags & 0x1824 == 0x4
        assert new.memory.total < 0x1000
    assert cli("shrink", FULL, "--for", "!nosuch").code == 2


def test_a_command_that_reads_anything_keeps_all_memory(run_json: Any) -> None:
    document = run_json("shrink", FULL, "--for", "!heap")
    with Minidump.open(str(FULL)) as dump:
        assert [row["size"] for row in document["kept"]] == [dump.memory.total]
    assert not [row for row in document["left"] if row["what"] == "captured memory"]


def test_flags_decide_about_streams_and_memory(tmp_path: Path, cli: Any) -> None:
    target = tmp_path / "flags.dmp"
    assert cli("shrink", FULL, "-o", target, "--flags", "0x1104").code == 0
    with Minidump.open(str(target)) as new:
        assert new.header.flags & ~0x20000 == 0x1104  # unreadable pages were ignored by the writer, whatever is asked now
        assert new.stream(17) is not None
        assert new.stream(14) is None
        assert not isinstance(new.process.peb, Absent)


def test_memory_and_near_keep_more(tmp_path: Path) -> None:
    source = tmp_path / "large.dmp"
    large(source, 0x10000)
    with Minidump.open(str(source)) as dump:
        plain = Shrunk(dump)
        assert Shrunk(dump, memory=[(0x7000_1000, 0x123)]).total == plain.total + 0x123
        near = [Shrunk(dump, near=levels).total for levels in (1, 2)]
        assert plain.total < near[0] <= near[1]
        target = tmp_path / "more.dmp"
        Shrunk(dump, memory=[(0x7000_1000, 0x123)]).write(str(target))
    with Minidump.open(str(target)) as new:
        assert new.memory.captured(0x7000_1000, 0x1000) == 0x123


@pytest.mark.parametrize("size", [12000, 20000, 40000])
def test_size_is_the_most(tmp_path: Path, cli: Any, size: int) -> None:
    target = tmp_path / "sized.dmp"
    result = cli("shrink", FULL, "-o", target, "--size", size)
    if result.code:
        assert "already" in result.err
        assert not target.exists()
        return
    assert target.stat().st_size <= size
    with Minidump.open(str(FULL)) as old, Minidump.open(str(target)) as new:
        assert len(new.handles) == len(old.handles)
        assert new.memory.total > 0


def test_what_does_not_fit_is_refused(tmp_path: Path, cli: Any) -> None:
    target = tmp_path / "sized.dmp"
    assert cli("shrink", FULL, "-o", target, "--size", "1K").code
    assert not target.exists()


@pytest.mark.parametrize(
    "words", [["--size", "much"], ["--size", "-3"], ["--near", "0"], ["--near", "99"], ["--near", "²"], ["--memory", "x"], ["--memory", "ffffffffffffffff:10"]]
)
def test_wrong_words_are_refused(cli: Any, words: Any) -> None:
    result = cli("shrink", FULL, *words)
    assert result.code == 2
    assert "Traceback" not in result.err


def test_an_existing_file_and_the_dump_itself_stay(tmp_path: Path, cli: Any) -> None:
    target = tmp_path / "there.dmp"
    target.write_bytes(b"mine")
    assert cli("shrink", FULL, "-o", target).code == 2
    assert target.read_bytes() == b"mine"
    copy = tmp_path / "copy.dmp"
    copy.write_bytes(FULL.read_bytes())
    assert cli("shrink", copy, "-o", copy, "--force").code == 2
    assert copy.read_bytes() == FULL.read_bytes()
    assert cli("shrink", FULL, "-o", target, "--force").code == 0
    assert sorted(item.name for item in tmp_path.iterdir()) == ["copy.dmp", "there.dmp"]


def test_the_report_says_what_was_kept(tmp_path: Path, cli: Any) -> None:
    target, told = tmp_path / "small.dmp", tmp_path / "small.json"
    assert cli("shrink", FULL, "-o", target, "--report", told).code == 0
    document = json.loads(told.read_text())
    assert document["command"] == "shrink"
    assert document["result"] == {"name": "small.dmp", "size": target.stat().st_size}
    assert {"stacks", "TEBs", "PEB"} <= {row["what"] for row in document["kept"]}
    with Minidump.open(str(target)) as new, Minidump.open(str(FULL)) as old:
        assert sum(row["size"] for row in document["kept"]) == new.memory.total
        assert sum(row["size"] for row in document["left"]) == old.memory.total - new.memory.total


@each("name", some(sorted(path.name for path in SAMPLES.glob("*.dmp")), 1))
def test_every_sample_is_shrunk_or_refused_with_a_reason(tmp_path: Path, cli: Any, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    target = folder / "small.dmp"
    result = cli("shrink", name, "-o", target)
    assert "Traceback" not in result.err
    if result.code:
        assert result.err or result.out.startswith("warning: ")
        assert not list(folder.iterdir())
    else:
        assert target.stat().st_size


def test_a_dry_run_promises_only_what_would_be_written(tmp_path: Path, cli: Any) -> None:
    assert "-o OUT writes the small dump" in cli("shrink", FULL).out
    told = " ".join(cli("shrink", "damaged-cut-in-directory.dmp").out.split())
    assert "The debugger does not open this dump" in told
    assert "writes the small dump" not in told
    assert cli("shrink", "damaged-cut-in-directory.dmp", "-o", tmp_path / "small.dmp").code == 3
    assert not (tmp_path / "small.dmp").exists()


def test_an_address_has_its_article(cli: Any) -> None:
    assert "'zz' is not an address" in cli("shrink", FULL, "--memory", "zz").err


def test_what_shrink_says_and_reports_where_nothing_is_written(cli: Any, tmp_path: Path) -> None:
    assert "Nothing was written: -o OUT writes the small dump" in " ".join(cli("shrink", "handles.dmp").out.split())
    said = " ".join(cli("shrink", "damaged-directory-zeroed.dmp").out.split())
    assert "Nothing was written. The debugger does not open this dump" in said
    assert "-o OUT writes the small dump" not in said


@pytest.mark.parametrize("sample", ["handles.dmp", "full-memory.dmp"])
def test_the_report_of_shrink_has_its_notes(run_json: Any, cli: Any, tmp_path: Path, sample: str) -> None:
    import json

    report = tmp_path / "report.json"
    assert cli("shrink", sample, "--report", report).code == 0
    found = json.loads(report.read_text("utf-8"))
    shown = run_json("shrink", sample)
    assert [note["text"] for note in shown["notes"] if note["text"] in found["notes"]] == found["notes"]
    assert len(found["kept"]) == len(shown["kept"])
    assert len(found["left"]) == len(shown["left"])


Cli = Callable[..., Any]


@pytest.mark.parametrize("command", ["shrink", "scrub"])
@pytest.mark.parametrize("sample", ["damaged-cut-in-half", "missing-system-info"])
def test_the_hint_of_a_refused_dump_names_the_file(tmp_path: Path, cli: Cli, command: str, sample: str) -> None:
    path = tmp_path / "cut.dmp"
    path.write_bytes((SAMPLES / f"{sample}.dmp").read_bytes())
    out = tmp_path / "out.dmp"
    result = cli(command, path, "-o", out)
    assert result.code
    assert result.out == ""
    assert not out.exists()
    assert "DUMP" not in result.err
    assert str(path) in result.err or "cannot help" in result.err


@pytest.mark.parametrize("sample", ["not-a-dump-signature-zero", "not-a-dump-signature-spoilt"])
def test_a_spoilt_signature_is_mended_by_the_line_that_is_given(tmp_path: Path, cli: Cli, monkeypatch: Any, sample: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spoilt.dmp").write_bytes((SAMPLES / f"{sample}.dmp").read_bytes())
    found = re.search(r"`dumpscope (mend spoilt\.dmp -o spoilt-mended\.dmp)`", cli("shrink", "spoilt.dmp", "-o", "x.dmp").err)
    assert found
    assert cli(*found.group(1).split()).code == 0
    assert cli("shrink", "spoilt-mended.dmp", "-o", "x.dmp").code == 0


def test_a_dump_that_is_refused_is_shrunk_where_the_result_opens(tmp_path: Path, cli: Cli) -> None:
    result = cli("shrink", "memory-list-ranges-conflict.dmp", "-o", tmp_path / "small.dmp")
    assert result.code == 0
    assert "stacks" in result.out
    assert (tmp_path / "small.dmp").exists()


def said(document: Any) -> List[str]:
    return [key for key in document if key in ("kept", "left", "written")]


def test_the_file_is_written_after_the_tables_but_where_the_dump_does_not_open(tmp_path: Path, run_json: Any) -> None:
    assert said(run_json("shrink", FULL, "-o", tmp_path / "a.dmp")) == ["kept", "left", "written"]
    assert said(run_json("shrink", "memory-list-ranges-conflict.dmp", "-o", tmp_path / "b.dmp")) == ["written", "kept", "left"]
    assert said(run_json("shrink", FULL)) == ["kept", "left"]


def test_each_note_is_said_once(tmp_path: Path, monkeypatch: Any, cli: Cli) -> None:
    write_to = Shrunk.write_to

    def noting(self: Shrunk, *words: Any) -> int:
        self.notes += ["said while it is written", "known before"]
        return write_to(self, *words)

    monkeypatch.setattr(Shrunk, "write_to", noting)
    for sample in (FULL, "memory-list-ranges-conflict.dmp"):
        text = cli("shrink", sample, "-o", tmp_path / "out.dmp", "--force").out
        assert text.count("said while it is written") == 1
        assert text.count("known before") == 1

"""One row of facts for each file, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path

from tests.amount import some
from tests.cases import each

from dumpscope.diagnosis.crash.cpp import thrown
from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.fleet import facts
from dumpscope.fleet.facts import COLUMNS
from dumpscope.fleet.groups import Summary
from dumpscope.writing import DumpBuilder

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@each("path", some(sorted(SAMPLES.glob("*.dmp")), 2), ids=lambda path: path.name)
def test_each_sample_is_one_row_of_plain_values(path: Path) -> None:
    row = facts(str(path))
    assert list(row) == [column.name for column in COLUMNS]
    assert json.loads(json.dumps(row)) == row
    assert row["kind"]
    assert row["size"] == path.stat().st_size
    assert not str(row["error"]).startswith("internal")
    assert row == facts(str(path)), "stable between runs"


def test_a_minidump_has_its_facts() -> None:
    path = SAMPLES / "everything-small.dmp"
    row = facts(str(path))
    with Minidump.open(str(path)) as dump:
        assert row["threads"] == len(dump.threads)
        assert row["handles"] == len(dump.handles)
        assert row["modules"] == len(dump.modules)
        assert row["process_id"] == dump.process.pid
        assert row["time"] == dump.header.timestamp
        assert row["flags"] == f"0x{dump.header.flags:x}"
    assert row["opens"] is True
    assert row["hresult"] == "0x00000000"
    assert row["exception"] == "0xc0000005"
    assert row["place"].startswith("demo.exe+0x")
    assert row["signature"] == row["place"]
    assert row["signature_why"] == "module and offset"
    assert row["frames"][0]["found_by"] == "exception context"
    assert row["frames"][0]["certain"]
    assert row["commands"]["!handle"] == "works"
    assert "!clrstack" not in row["commands"]


def test_a_flag_that_was_not_asked_for_mends_a_command() -> None:
    row = facts(str(SAMPLES / "tokens-process-and-thread.dmp"))
    assert row["commands"]["!handle"] == "fails"
    assert row["mends"]["!handle"] == "0x4"
    assert "HND001" in row["findings"]
    summary = Summary()
    summary.add(row)
    summary.add(facts(str(SAMPLES / "article-handles.dmp")))
    broken = facts(str(SAMPLES / "article-nohandles.dmp"))
    assert broken["commands"]["!handle"] == "fails"
    assert "!handle" not in broken["mends"], "handles were asked for there, and not written"
    item = next(item for item in summary.advice() if item.command == "!handle")
    assert item.words == "50 % of these dumps cannot answer `!handle`; flag 0x4 in the writer would mend 50 %"


def test_the_same_crash_of_another_process_has_the_same_signature(tmp_path: Path) -> None:
    with Minidump.open(str(SAMPLES / "everything-small.dmp")) as dump:
        builder = DumpBuilder.of(dump)
        builder.set("MiscInfoStream", ProcessId=77)
        builder.timestamp = dump.header.timestamp + 100
        path = tmp_path / "again.dmp"
        path.write_bytes(builder.to_bytes())
    one, two = facts(str(SAMPLES / "everything-small.dmp")), facts(str(path))
    assert two["process_id"] == 77
    assert one["signature"] == two["signature"]


def test_kernel_dumps_are_signed_by_their_bug_check() -> None:
    row = facts(str(SAMPLES / "not-a-dump-kernel-triage-64.dmp"))
    assert row["kind"] == "kernel-dump"
    assert row["signature"].startswith("bug check 0x")
    assert row["signature_why"].startswith("bug check")


def test_what_is_no_dump_and_what_is_not_there_are_rows(tmp_path: Path) -> None:
    assert facts(str(tmp_path / "none.dmp"))["error"]
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    row = facts(str(empty))
    assert row["kind"] == "empty"
    assert row["error"]
    assert row["signature"] is None


def test_a_cpp_exception_is_told_from_others_by_its_type() -> None:
    row = facts(str(SAMPLES / "crash-cpp-type.dmp"))
    with Minidump.open(str(SAMPLES / "crash-cpp-type.dmp")) as dump:
        assert not isinstance(dump.exception, Absent)
        cpp = thrown(dump, dump.exception)
    assert cpp is not None
    assert row["signature"].startswith(f"0xe06d7363 {cpp.types[0]} | kernelbase.dll+0x")
    assert "only frames that the rules skip" in row["signature_why"]

"""``mend``: refused dumps that open afterwards, what is said of it, and files that cannot be mended."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CASES = {
    "not-a-dump-signature-zero-cut": "OPN023",
    "not-a-dump-signature-spoilt": "OPN023",
    "not-a-dump-signature-zero": "OPN023",
    "version-spoilt": "OPN006",
    "full-memory-base-wrong": "OPN024",
    "full-memory-list-size-wrong": "OPN025",
    "full-memory-list-without-flag": "OPN014",
    "full-memory-flag-without-list": "OPN013",
    "damaged-directory-at-the-end": "OPN019",
    "memory-list-range-beyond-end": "OPN017",
    "handles-count-too-large": "OPN020",
    "system-info-architecture-mismatch": "OPN015",
}


def opening(path: Path) -> int:
    source = Source.from_path(str(path))
    try:
        return EngineView(source).opening.hresult
    finally:
        source.close()


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_result_opens_and_the_change_is_told(cli: Any, tmp_path: Path, name: str) -> None:
    target = tmp_path / "mended.dmp"
    before = (SAMPLES / f"{name}.dmp").read_bytes()
    document = json.loads(cli("mend", f"{name}.dmp", "-o", target, "--json").out)
    assert document["mended"] is True
    assert CASES[name] in {row["code"] for row in document["repairs"]}
    assert document["written"]["size"] == target.stat().st_size
    assert opening(target) == 0
    assert (SAMPLES / f"{name}.dmp").read_bytes() == before
    again = cli("mend", target)
    assert again.code == 0
    assert "Nothing has to be mended" in again.out


def test_what_was_there_is_kept(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "mended.dmp"
    cli("mend", "damaged-directory-at-the-end.dmp", "-o", target)
    with Minidump.open(str(SAMPLES / "damaged-directory-at-the-end.dmp")) as source, Minidump.open(str(target)) as result:
        assert [thread.tid for thread in result.threads] == [thread.tid for thread in source.threads]
        assert [module.path for module in result.modules] == [module.path for module in source.modules]
        assert sum(size for _, size, _ in result.memory.spans()) == sum(size for _, size, _ in source.memory.spans())


def test_without_an_output_nothing_is_written(cli: Any, tmp_path: Path) -> None:
    result = cli("mend", "version-spoilt.dmp")
    assert result.code == 0
    assert "Nothing was written" in result.out


def test_an_existing_file_needs_force(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "there.dmp"
    target.write_bytes(b"mine")
    assert cli("mend", "version-spoilt.dmp", "-o", target).code == 2
    assert target.read_bytes() == b"mine"
    assert cli("mend", "version-spoilt.dmp", "-o", target, "--force").code == 0
    assert opening(target) == 0


def test_the_dump_itself_is_never_written_over(cli: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy.dmp"
    copy.write_bytes((SAMPLES / "version-spoilt.dmp").read_bytes())
    assert cli("mend", copy, "-o", copy, "--force").code == 2
    assert copy.read_bytes() == (SAMPLES / "version-spoilt.dmp").read_bytes()


REFUSED = {
    "damaged-directory-zeroed": 1,
    "damaged-cut-to-header": 1,
    "not-a-dump-kernel-64": 1,
    "not-a-dump-zip": 3,
    "not-a-dump-text": 3,
    "not-a-dump-empty": 3,
    "not-a-dump-signature-only": 3,
}
"""Exit codes: 1 where a dump cannot be mended, 3 where the file is none that can be read."""


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_mended_is_told_with_the_reason(cli: Any, tmp_path: Path, name: str) -> None:
    target = tmp_path / "mended.dmp"
    result = cli("mend", f"{name}.dmp", "-o", target)
    assert result.code == REFUSED[name]
    assert "the file is a" not in result.out
    assert result.out.strip()
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_made_up_only_when_asked_for(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "mended.dmp"
    refused = cli("mend", "missing-system-info.dmp", "-o", target)
    assert refused.code == 1
    assert "--invent" in refused.out
    made = cli("mend", "missing-system-info.dmp", "-o", target, "--invent")
    assert made.code == 0
    assert "invented" in made.out
    assert opening(target) == 0
    with Minidump.open(str(target)) as dump:
        assert any("invented" in comment for comment in dump.comments)


def test_a_file_that_needs_no_mending_is_copied(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "copy.dmp"
    result = cli("mend", "handles.dmp", "-o", target, "--json")
    assert result.code == 0
    assert json.loads(result.out)["mended"] is False
    assert target.read_bytes() == (SAMPLES / "handles.dmp").read_bytes()


def test_the_report_says_what_was_mended_and_why_not(cli: Any, tmp_path: Path) -> None:
    target, report = tmp_path / "mended.dmp", tmp_path / "mended.json"
    cli("mend", "full-memory-list-without-flag.dmp", "-o", target, "--report", report)
    document = json.loads(report.read_text())
    assert document["command"] == "mend"
    assert document["written"] is True
    assert document["result"]["size"] == target.stat().st_size
    assert {"kind", "code", "what", "offset", "before", "after"} == set(document["repairs"][0])
    assert "OPN014" in {row["code"] for row in document["repairs"]}
    assert cli("mend", "not-a-dump-text.dmp", "--report", report, "--force").code == 3
    document = json.loads(report.read_text())
    assert document["written"] is False
    assert document["reason"]["message"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_why_names_the_command_line(cli: Any, tmp_path: Path, name: str) -> None:
    path = SAMPLES / f"{name}.dmp"
    document = json.loads(cli("why", path, "--json").out)
    if document["opens"]["ok"]:
        assert document["mend"] is None
        return
    line = document["mend"]["line"]
    assert line == f"dumpscope mend {path} -o {name}-mended.dmp"
    assert CASES[name] in document["mend"]["rules"]
    assert any(step.startswith(f"`{line}`") for finding in document["findings"] if finding["code"] == CASES[name] for step in finding["remedy"])
    text = " ".join(cli("why", path).out.split())
    assert f"`{line}` writes a copy that the debugger opens" in text
    assert cli("mend", path, "-o", tmp_path / "x.dmp").code == 0


def test_why_names_what_has_to_be_invented(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "with blank.dmp"
    path.write_bytes((SAMPLES / "missing-system-info.dmp").read_bytes())
    line = json.loads(cli("why", path, "--json").out)["mend"]["line"]
    assert line == f'dumpscope mend "{path}" -o "with blank-mended.dmp" --invent'
    assert json.loads(cli("why", "not-a-dump-text.dmp", "--json").out)["mend"] is None


def test_examples_of_help_name_the_dump(cli: Any) -> None:
    for name in ("mend", "why", "shrink"):
        lines = [line for line in cli(name, "--help").out.split("examples\n")[1].splitlines() if line.strip()]
        assert lines
        assert all(line.startswith(f"dumpscope {name} DUMP") for line in lines)


def test_a_directory_beyond_4_gib_cannot_be_mended(cli: Any, tmp_path: Path) -> None:
    """Its RVA has wrapped; `why` says where it stands, and does not fail while it looks for what could be mended."""
    if os.name == "nt":
        pytest.skip("files have no holes there unless one asks for them")
    data = (SAMPLES / "full-memory.dmp").read_bytes()
    count, rva = struct.unpack_from("<II", data, 8)
    path = tmp_path / "large.dmp"
    with open(path, "wb") as file:
        try:
            file.write(data[:12] + struct.pack("<I", 0x4000) + data[16:rva] + bytes(count * 12) + data[rva + count * 12 :])
            file.seek((1 << 32) + 0x4000)  # a hole, which takes no room
            file.write(data[rva : rva + count * 12])
        except OSError as error:
            pytest.skip(f"no room for a file with a hole: {error}")
    found = cli("why", path)
    assert "OPN026" in found.out
    assert "internal error" not in found.err
    found = cli("mend", path)
    assert found.code == 1
    assert "beyond 4 GiB" in found.out


def test_a_directory_entry_cut_by_the_end_of_the_file_is_none(cli: Any, tmp_path: Path) -> None:
    """Type and size of SystemInfoStream at the very end look like an entry, and have no RVA behind them."""
    path = tmp_path / "cut.dmp"
    head = (SAMPLES / "handles.dmp").read_bytes()[:12] + struct.pack("<I", 0x10000000) + bytes(16)
    for size in (8, 9, 11):
        path.write_bytes(head + bytes(64) + struct.pack("<III", 7, 56, 0x20)[:size])
        found = cli("mend", path)
        assert found.code == 1
        assert "internal error" not in found.err

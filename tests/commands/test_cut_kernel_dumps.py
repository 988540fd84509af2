"""Triage dumps whose end is missing, and kernel dumps cut in their header."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from dumpscope.dump.kernel.kerneldump import KernelDump

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = pytest.mark.parametrize("name", ["not-a-dump-kernel-triage-64", "not-a-dump-kernel-triage-32"])


def cut(tmp_path: Path, name: str, field: str, more: int = 0) -> str:
    """The sample without what stands ``more`` bytes behind an offset of TRIAGE_DUMP."""
    with KernelDump.open(str(SAMPLES / f"{name}.dmp")) as dump:
        place = dump.triage[field]
    path = tmp_path / "cut.dmp"
    path.write_bytes((SAMPLES / f"{name}.dmp").read_bytes()[: place + more])
    return str(path)


def words(found: Any) -> str:
    return " ".join(found.out.split())


@NAMES
def test_blocks_that_are_not_in_the_file_are_told(cli: Callable[..., Any], run_json: Callable[..., Dict[str, Any]], tmp_path: Path, name: str) -> None:
    whole = run_json("memory", f"{name}.dmp")
    assert whole["memory"]
    assert all(row["held"] == row["size"] for row in whole["memory"])
    assert "held" not in cli("memory", f"{name}.dmp").out
    with KernelDump.open(str(SAMPLES / f"{name}.dmp")) as dump:
        first = min(block.offset for block in dump.blocks)
    path = tmp_path / "cut.dmp"
    path.write_bytes((SAMPLES / f"{name}.dmp").read_bytes()[: first + 1])
    rows = run_json("memory", str(path))["memory"] or []
    assert sum(row["held"] for row in rows) <= 1
    text = words(cli("memory", str(path)))
    assert "the file was cut" in text
    assert not rows or "held" in text


@NAMES
def test_drivers_behind_the_end_are_told(cli: Callable[..., Any], tmp_path: Path, name: str) -> None:
    path = cut(tmp_path, name, "DriverListOffset", 3)
    found = cli("modules", path)
    assert found.code == 1
    assert "is behind the end of the file" in words(found)
    found = cli("strings", path)
    assert found.code == 1
    assert "No texts: on a kernel dump these are the names of drivers" in words(found)
    assert "behind the end of the file" in words(found)
    assert "may be a driver" in cli("read", path, "nt").err
    text = words(cli("why", path))
    assert "cannot be mended" in text
    for command in ("stack", "memory", "dumpinfo"):
        assert "the file was cut" in words(cli(command, path)), command


@NAMES
def test_lists_that_are_cut_in_the_middle_are_counted(cli: Callable[..., Any], tmp_path: Path, name: str) -> None:
    with KernelDump.open(str(SAMPLES / f"{name}.dmp")) as dump:
        triage = dump.triage
        size = dump.drivers[1].offset - dump.drivers[0].offset
        assert dump.damage == []
    found = cli("modules", cut(tmp_path, name, "DriverListOffset", size + 1))
    assert found.code == 0
    assert f"the file holds 1 of {triage['DriverCount']} drivers that TRIAGE_DUMP counts" in words(found)
    assert "the name of 1 of 1 driver cannot be read" in words(found) or triage["StringPoolOffset"] < triage["DriverListOffset"]


@pytest.mark.parametrize("size", [8, 0x40, 0xFFF])
@pytest.mark.parametrize("name", ["not-a-dump-kernel-triage-64", "not-a-dump-kernel-triage-32"])
def test_a_cut_header_is_told_with_the_file(cli: Callable[..., Any], tmp_path: Path, name: str, size: int) -> None:
    path = tmp_path / "short-one.dmp"
    path.write_bytes((SAMPLES / f"{name}.dmp").read_bytes()[:size])
    found = cli("modules", str(path))
    assert found.code == 3
    assert "short-one.dmp" in found.err
    assert "cut inside its header" in found.err
    found = cli("mend", str(path))
    assert found.code == 3
    assert "cut inside its header" in words(found)
    assert "bugcheck" not in found.out
    text = words(cli("why", str(path)))
    assert "nothing opens it" in text
    assert "dumpscope open it as what it is" not in text

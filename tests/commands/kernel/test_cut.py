"""Triage dumps whose end is missing, and kernel dumps cut in their header."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from tests.commands.made import flat

from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.format.kernel import TRIAGE_DUMP64

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
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
    assert "is beyond the end of the file" in words(found)
    found = cli("strings", path)
    assert found.code == 1
    assert "No texts: on a kernel dump these are the names of drivers" in words(found)
    assert "beyond the end of the file" in words(found)
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


def test_parameters_of_the_exception_have_one_form(run_json: Callable[..., Dict[str, Any]]) -> None:
    """A list of objects on every dump."""
    import struct

    from dumpscope.commands.index import find_command
    from dumpscope.commands.opening import session_of
    from dumpscope.dump.source import Source
    from dumpscope.session.running import parse, run
    from dumpscope.view.document import render_json

    with KernelDump.open(str(SAMPLES / "not-a-dump-kernel-triage-64.dmp")) as dump:
        place = dump.header_layout.offset_of("ExceptionRecord")
    data = bytearray((SAMPLES / "not-a-dump-kernel-triage-64.dmp").read_bytes())
    struct.pack_into("<I4xQQ", data, place + 24, 2, 8, 0x28)
    session = session_of(Source.from_object(bytes(data)), "made.dmp")
    command = find_command("exception")
    text = "".join(render_json(run(session, command, parse(command, [])), {}))
    assert '"parameters": [{"value": "0x8", "meaning": null}, {"value": "0x28", "meaning": null}]' in text
    assert run_json("exception", "exception-cpp.dmp")["exception"]["parameters"][0]["value"] == "0x19930520"


@NAMES
def test_a_triage_dump_that_ends_inside_its_first_structure(run_json: Callable[..., Dict[str, Any]], tmp_path: Path, name: str) -> None:
    """HRESULT observed: dbgeng 10.0.15063, at these places of both samples."""
    whole = (SAMPLES / f"{name}.dmp").read_bytes()
    with KernelDump.open(str(SAMPLES / f"{name}.dmp")) as dump:
        start, last = dump.header_layout.size, dump.header_layout.size + dump.triage_layout.size - 1
    for size in (start, start + 2, start + 19, start + 71, last):
        path = tmp_path / "cut.dmp"
        path.write_bytes(whole[:size])
        found = run_json("why", str(path))
        assert found["opens"] == {"ok": False, "hresult": "0x80070570", "message": "Could not open dump file, Win32 error 0n1392"}, size
        notes = " ".join(note["text"] for note in found["notes"])
        assert "No driver is named: the list of drivers was cut off" in notes
        assert "page tables" not in notes


Cli = Callable[..., Any]


_NOT_ENOUGH = "Mini Kernel Dump does not contain enough information to be debugged"


@pytest.mark.parametrize("member", ["ContextOffset", "ExceptionOffset", "PrcbOffset", "CallStackOffset"])
def test_what_a_small_kernel_dump_lacks_is_named(tmp_path: Path, cli: Cli, member: str) -> None:
    """Observed: dbgeng 10.0.15063 says so of each of the four."""
    data = bytearray((SAMPLES / "not-a-dump-kernel-triage-64.dmp").read_bytes())
    at = 0x2000 + TRIAGE_DUMP64.offset_of(member)
    struct.pack_into("<I", data, at, 0)
    path = tmp_path / "cut.dmp"
    path.write_bytes(data)
    named = f"TRIAGE_DUMP64.{member} at 0x{at:x} is 0"
    assert named in flat(cli("why", path).out)
    told = flat(cli("why", path, _NOT_ENOUGH).out)
    assert f"TRIAGE_DUMP64.{member} 0: the part is not there at 0x{at:x}" in told
    assert "WinDbg, kd and dumpscope open it" not in told


def test_the_message_of_a_small_kernel_dump_without_a_file(cli: Cli) -> None:
    for text in (_NOT_ENOUGH, "mini kernel dump does not contain enough information"):
        out = flat(cli("why", text).out)
        assert "ContextOffset, ExceptionOffset, PrcbOffset and CallStackOffset" in out
        assert "OPN002" not in out

"""Kernel triage dumps held against the engine: opening, .dumpdebug, lm, the bug check, and the outcome of commands."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import List, Set, Tuple

import pytest
from samples.kernel_dumps import bitmap_dump, full_dump, summary_dump, triage32, triage64, with_drivers

from dumpscope.commands.kernel.answers import FAILS, WORKS, outcomes
from dumpscope.diagnosis.dumpdebug.kernel import kernel_dumpdebug_lines
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.absence import Absent
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.source import Source

from .bench import Bench
from .test_module_names import listed

BUILDERS = {"64": triage64, "32": triage32}


@pytest.fixture(params=sorted(BUILDERS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / f"triage-{request.param}.dmp"
    made.write_bytes(BUILDERS[request.param]())
    return made


def lines(text: str) -> List[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def test_dumpdebug_is_the_engines(bench: Bench, path: Path) -> None:
    with KernelDump.open(str(path)) as dump:
        assert lines("\n".join(kernel_dumpdebug_lines(dump))) == lines(bench.dumpdebug(path))


def test_drivers_are_those_of_lm(bench: Bench, path: Path) -> None:
    text = bench.ask_one(path, ["lm"]).commands["lm"].text.replace("`", "")
    found: Set[Tuple[int, int, str]] = set()
    for start, end, name in re.findall(r"^([0-9a-f]{8,16}) ([0-9a-f]{8,16})\s+(\S+)", text.split("Unloaded")[0], re.MULTILINE):
        found.add((int(start, 16), int(end, 16), name))
    with KernelDump.open(str(path)) as dump:
        assert isinstance(dump.drivers, list)
        assert {(item.base, item.end, dump.names[item.base]) for item in dump.drivers} == found


def test_bug_check_and_times(bench: Bench, path: Path) -> None:
    answer = bench.ask_one(path, [".bugcheck", ".time"])
    with KernelDump.open(str(path)) as dump:
        code, *numbers = re.findall(r"[0-9A-Fa-f`]{8,}", answer.commands[".bugcheck"].text)
        assert int(code, 16) == dump.code
        assert tuple(int(number.replace("`", ""), 16) for number in numbers) == dump.parameters
        assert isinstance(dump.uptime, int)
        seconds, thousandths = divmod(dump.uptime // 10_000, 1000)
        assert f"0 days 0:{seconds // 60:02}:{seconds % 60:02}.{thousandths:03}" in answer.commands[".time"].text


def test_outcomes_of_commands(bench: Bench, path: Path) -> None:
    fails = {".ecxr": "Unable to get exception context", "~": "Syntax error", "~*": "Syntax error", ".ttime": "not available"}
    works = {".bugcheck": "Bugcheck code", ".time": "System Uptime", ".exr -1": "ExceptionCode", ".lastevent": "Last event", "vertarget": "Kernel base"}
    answer = bench.ask_one(path, [*fails, *works])
    with KernelDump.open(str(path)) as dump:
        told = {item.command: item.outcome for item in outcomes(dump)}
    for command, words in fails.items():
        assert words in answer.commands[command].text, command
        assert told[command] == FAILS
    for command, words in works.items():
        assert words in answer.commands[command].text, command
        assert told[command] == WORKS


def test_outcomes_of_r_k_and_u(bench: Bench, path: Path) -> None:
    """The engine has no return value for `r`; what it prints where it cannot answer is held against the prediction."""
    answer = bench.ask_one(path, ["r", "k", "u"])
    with KernelDump.open(str(path)) as dump:
        told = {item.command: item.outcome for item in outcomes(dump)}
    for command in ("r", "k", "u"):
        text = answer.commands[command].text
        failed = "error in" in text or "GetContextState failed" in text
        assert told[command] == (FAILS if failed else WORKS), text


@pytest.mark.parametrize("change", ["mark", "prcb", "process", "thread", "data"])
def test_opening_of_changed_dumps(bench: Bench, tmp_path: Path, change: str) -> None:
    data = bytearray(triage64(valid=change != "mark"))
    place = {"prcb": 7, "process": 8, "thread": 9, "data": 28}.get(change)
    if place is not None:
        struct.pack_into("<I", data, 0x2000 + 4 * place, 0)
    path = tmp_path / f"{change}.dmp"
    path.write_bytes(data)
    assert EngineView(Source(bytes(data), path.name)).opening.hresult == bench.ask_one(path).open_hr


def test_names_of_drivers_are_the_engines(bench: Bench, tmp_path: Path) -> None:
    paths = ["\\a\\other.exe", "x\\one.sys", "y\\ONE.SYS", "one.dll", "é-日.sys", "a b.exe", "", "nt", "no-end", "two.dll.exe", "z\\nt.sys"]
    path = tmp_path / "names.dmp"
    path.write_bytes(with_drivers(paths))
    rows = listed(bench.ask_one(path, ["lm"]))
    with KernelDump.open(str(path)) as dump:
        assert rows == dump.names


def test_registers_are_those_of_r(bench: Bench, path: Path) -> None:
    text = bench.ask_one(path, ["r"]).commands["r"].text
    with KernelDump.open(str(path)) as dump:
        values = dump.registers.values
    shown = {name: int(value, 16) for name, value in re.findall(r"\b([a-z0-9]+)=([0-9a-f]{8,16})\b", text) if name in values}
    assert shown == {name: value for name, value in values.items() if name in shown}
    assert len(shown) >= 9


@pytest.mark.parametrize("step", ["processors", "prcb", "context"])
def test_where_r_finds_the_registers(bench: Bench, tmp_path: Path, step: str) -> None:
    """The engine follows the blocks of memory: another CONTEXT there changes `r`, another one in the header does not."""
    data = bytearray(triage64())
    with KernelDump.open(str(_written(tmp_path / "a.dmp", data))) as dump:
        assert not isinstance(dump.processor, Absent)
        block = dump.block_at(dump.processor.context)
        assert block is not None
    if step == "context":
        struct.pack_into("<Q", data, block.offset + 0x78, 0x1234)
    elif step == "prcb":
        struct.pack_into("<Q", data, dump.header_layout.offset_of("ContextRecord") + 0x78, 0x1234)
    else:
        assert isinstance(dump.triage, dict)
        struct.pack_into("<Q", data, dump.triage["PrcbOffset"] + 0x800, 0)
    path = _written(tmp_path / "b.dmp", data)
    text = bench.ask_one(path, ["r"]).commands["r"].text
    with KernelDump.open(str(path)) as dump:
        assert f"rax={dump.registers.values['rax']:016x}" in text


def _written(path: Path, data: bytearray) -> Path:
    path.write_bytes(data)
    return path


LARGE = {
    "full": full_dump([(1, 3), (8, 2)]),
    "full-32": full_dump([(1, 3), (8, 2)], wide=False),
    "bitmap": bitmap_dump([1, 2, 5, 9], 64),
    "bitmap-32": bitmap_dump([1, 2, 5, 9], 64, wide=False),
    "bitmap-full": bitmap_dump([1, 2, 5, 9], 64, full=True),
    "cut": bitmap_dump([1, 2, 5, 9], 64)[:-0x1000],
    "summary": summary_dump([1, 2, 5, 9], 64),
    "summary-32": summary_dump([1, 2, 5, 9], 64, wide=False),
    "summary-runs": summary_dump([1, 2, 5, 9], 64, runs=[(0, 8), (0x8000, 0x10)]),
}
REFUSED = {
    **{f"kind {kind}": bitmap_dump([1], 8, kind=kind) for kind in (3, 7, 8)},
    "no signature": bitmap_dump([1], 8)[:0x2000] + bytes(0x2000),
    "bitmap-cut": bitmap_dump([1], 8)[:0x203F],
    "bitmap-mapped": bitmap_dump([1], 8)[:0x2FFF],
    "summary-full": bitmap_dump([1], 8, full=True, kind=2),
    "summary-unfilled": bitmap_dump([1], 8, kind=2),
    "summary-cut": summary_dump([1], 64)[:0x2027],
    "summary-mapped": summary_dump([1], 64)[:0x2FFF],
    "summary-mapped-32": summary_dump([1], 64, wide=False)[:0x1FFF],
    "summary-gap": summary_dump([1], 64, runs=[(0, 8), (0x20000, 0x10)]),
    "summary-gap-32": summary_dump([1], 64, runs=[(0, 8), (0x20000, 0x10)], wide=False),
    "summary-first": summary_dump([1], 64)[:0x200C] + b"\xff\xff\xff\x7f" + summary_dump([1], 64)[0x2010:],
}


@pytest.mark.parametrize("name", sorted(LARGE))
def test_dumps_with_pages_open_and_are_described_as_by_the_engine(bench: Bench, tmp_path: Path, name: str) -> None:
    path = _written(tmp_path / "memory.dmp", bytearray(LARGE[name]))
    answer = bench.ask_one(path, ["r", "k", "u", "lm", ".exr -1", ".bugcheck"])
    opening = EngineView(Source(LARGE[name], path.name)).opening
    assert (opening.hresult, answer.open_hr) == (0, 0)
    with KernelDump.open(str(path)) as dump:
        lined = lines("\n".join(kernel_dumpdebug_lines(dump)))
        told = {item.command: item.outcome for item in outcomes(dump)}
    assert lined == lines(bench.dumpdebug(path).split("KiProcessorBlock at")[0])
    assert {told[command] for command in ("r", "k", "u", "lm")} == {FAILS}
    assert "error in" in answer.commands["u"].text or "Unable" in answer.commands["u"].text
    assert not listed(answer)
    assert told[".exr -1"] == WORKS
    assert "ExceptionCode" in answer.commands[".exr -1"].text


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_dumps_that_the_engine_refuses(bench: Bench, tmp_path: Path, name: str) -> None:
    path = _written(tmp_path / "memory.dmp", bytearray(REFUSED[name]))
    assert EngineView(Source(REFUSED[name], path.name)).opening.hresult == bench.ask_one(path).open_hr != 0


SAID = {
    "many runs": summary_dump([1, 2], 64, runs=[(0, 8)] + [(16, 1)] * 41),
    "43 runs": summary_dump([1, 2], 64, runs=[(0, 8)] + [(16, 1)] * 42),
    "backwards": summary_dump([1, 2], 64, runs=[(0x20000, 8), (1, 8)]),
    "wraps": summary_dump([1, 2], 64, runs=[(0xFFFFFFFFFFFFFFF0, 0x20)]),
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_runs_of_summary_dumps(bench: Bench, tmp_path: Path, name: str) -> None:
    """The last run counts, not the highest, and of more runs than the header has room for the last that fits."""
    path = _written(tmp_path / "memory.dmp", bytearray(SAID[name]))
    assert EngineView(Source(SAID[name], path.name)).opening.hresult == bench.ask_one(path).open_hr == 0


@pytest.mark.parametrize("wide", [True, False])
def test_a_summary_dump_without_runs_is_refused_without_a_reason(bench: Bench, tmp_path: Path, wide: bool) -> None:
    data = summary_dump([1], 64, runs=[], wide=wide)
    path = _written(tmp_path / "memory.dmp", bytearray(data))
    opening = EngineView(Source(data, path.name)).opening
    answer = bench.ask_one(path)
    assert not opening.ok
    assert (opening.hresult, opening.wait_hresult) == (answer.open_hr, answer.wait_hr)

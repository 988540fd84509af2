"""User dumps of the old format: what the engine answers on them is what is read, line for line."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Dict, List, Optional

import pytest
from samples.user_dumps import OldRegion, narrow_dump, wide_dump

from dumpscope.diagnosis.dumpdebug.userdump import user_dumpdebug_lines
from dumpscope.diagnosis.engine.opening import open_dump
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.dump.userdump import COUNTS, OFFSETS, UserDump
from dumpscope.format.contexts import CONTEXT_LAYOUTS
from dumpscope.writing.shrink import Shrunk

from .bench import Bench

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = ("not-a-dump-user-full-64", "not-a-dump-user-full-32")


def variants() -> Dict[str, bytes]:
    """Files that differ in one field of the header, or in their length."""
    made: Dict[str, bytes] = {}
    for label, data in (("wide", wide_dump()), ("narrow", narrow_dump())):
        layout = UserDump(Source(data, "x")).header_layout
        for name in (*COUNTS, *OFFSETS, "VersionInfoOffset"):
            place, size = layout.offset_of(name), layout.leaf(name).field.size
            made[f"{label}-{name}-zero"] = data[:place] + bytes(size) + data[place + size :]
            if name in OFFSETS:
                made[f"{label}-{name}-far"] = data[:place] + struct.pack("<Q", 0x10000000)[:size] + data[place + size :]
        made[f"{label}-regions-many"] = data[:0x1C] + struct.pack("<I", 0xFFFFFFF) + data[0x20:]
        for machine in (0, 0x14C, 0x184, 0x1C0, 0x1C4, 0x200, 0x8664, 0xAA64):
            made[f"{label}-machine-{machine:x}"] = data[:0x10] + struct.pack("<I", machine) + data[0x14:]
        for cut in (10, 600):
            made[f"{label}-cut-{cut}"] = data[:-cut]
        states = UserDump(Source(data, "x")).header["ThreadStateOffset"]
        for left in (states - 100, states, states + 4, states + 40):
            made[f"{label}-{left}-bytes"] = data[:left]
        made[f"{label}-header"] = data[: layout.size]
        made[f"{label}-half-a-header"] = data[: layout.size // 2]
    modules = [(0x400000, 0x3000, "C:\\demo\\demo.exe"), (0x12FE00, 0x1000, "C:\\no-image.dll")]
    made["narrow-no-image"] = narrow_dump(modules=modules)
    made["narrow-not-captured"] = narrow_dump(modules=[(0x50000000, 0x1000, "C:\\x.dll")])
    made["wide-no-image"] = wide_dump(modules=[(0x14FE00, 0x1000, "C:\\no-image.dll")])
    return made


def test_files_open_as_the_model_says(bench: Bench, tmp_path: Path) -> None:
    paths = []
    for name, data in variants().items():
        path = tmp_path / f"{name}.dmp"
        path.write_bytes(data)
        paths.append(path)
    wrong = []
    for path, answer in zip(paths, bench.ask(paths, what="")):
        opening = open_dump(Source(path.read_bytes(), path.name)).opening
        said = opening.hresult
        if answer.open_hr != said:
            wrong.append(f"{path.stem}: the engine {answer.open_hr:08x}, the model {said:08x}")
        elif said == 0 and "-bytes" in path.stem and answer.wait_hr != opening.wait_hresult:
            wrong.append(f"{path.stem}: WaitForEvent {answer.wait_hr:08x}, the model {opening.wait_hresult:08x}")
    assert not wrong, "\n".join(wrong)
    assert len(paths) > 55


def registers(text: str) -> Dict[str, int]:
    return {name: int(value, 16) for name, value in re.findall(r"\b(e?[a-z][a-z0-9]{1,2})=([0-9a-f]{8,16})\b", text)}


@pytest.mark.parametrize("name", NAMES)
def test_threads_modules_registers_and_memory(bench: Bench, name: str) -> None:
    path = SAMPLES / f"{name}.dmp"
    with Minidump.open(str(path)) as dump:
        base = UserDump(dump.source.whole).regions[0].base  # type: ignore[attr-defined]
        answer = bench.ask_one(path, ["~", "lm", "~0s", "r", "~1s", "r", ".exr -1", ".dumpdebug", f"db {base:x} l10", "|"])
        texts = {key: command.text for key, command in answer.commands.items()}
        rows = re.findall(r"Id: ([0-9a-f]+)\.([0-9a-f]+) Suspend: (\d+) Teb: ([0-9a-f`]+)", texts["~"])
        assert [(int(tid, 16), int(count), int(teb.replace("`", ""), 16)) for _, tid, count, teb in rows] == [
            (thread.tid, thread.suspend_count, thread.teb) for thread in dump.threads
        ]
        assert {int(pid, 16) for pid, *_ in rows} == {dump.process.pid}
        spans = re.findall(r"^([0-9a-f`]{8,17}) ([0-9a-f`]{8,17}) +(\w+)", texts["lm"], re.MULTILINE)
        assert [(int(low.replace("`", ""), 16), int(high.replace("`", ""), 16)) for low, high, _ in spans] == [
            (module.base, module.base + module.size) for module in sorted(dump.modules, key=lambda module: module.base)
        ]
        assert f"{dump.exception.code:x}" in texts[".exr -1"]  # type: ignore[union-attr]
        shown = re.search(r"  ((?:[0-9a-f]{2}[ -]){16})", texts[f"db {base:x} l10"])
        assert shown is not None
        assert re.sub(r"[ -]", "", shown.group(1)) == dump.memory.read(base, 16).hex()
        values = registers(texts["r"])
        layout = CONTEXT_LAYOUTS[9 if "64" in name else 0][0]
        context = dump.source.bytes(dump.threads[1].context_rva, layout.structure.size, "registers")
        row = layout.structure.unpack(context)
        assert values["rip" if "64" in name else "eip"] == row["Rip" if "64" in name else "Eip"]
        assert values["rbx" if "64" in name else "ebx"] == 0x22
        lines: List[str] = [line.rstrip() for line in texts[".dumpdebug"].strip("\n").split("\n")]
        assert lines == [line.rstrip() for line in user_dumpdebug_lines(UserDump(Source(path.read_bytes(), path.name)))]


def test_guard_pages_have_no_bytes_in_the_engine(bench: Bench, tmp_path: Path) -> None:
    regions = [OldRegion(0x10000, b"A" * 256), OldRegion(0x20000, b"G" * 256, 0x104), OldRegion(0x30000, b"F" * 256)]
    path = tmp_path / "x.dmp"
    path.write_bytes(wide_dump(regions=regions))
    answer = bench.ask_one(path, ["db 10000 l4", "db 20000 l4", "db 30000 l4"])
    texts = [command.text for command in answer.commands.values()]
    assert "41 41 41 41" in texts[0]
    assert "?? ?? ?? ??" in texts[1]
    assert "47 47 47 47" in texts[2]
    with Minidump.open(str(path)) as dump:
        assert dump.memory.read(0x30000, 4) == b"GGGG"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flags", [None, 2])
def test_the_minidump_that_is_made_of_it_answers_the_same(bench: Bench, tmp_path: Path, name: str, flags: Optional[int]) -> None:
    made = tmp_path / "made.dmp"
    with Minidump.open(str(SAMPLES / f"{name}.dmp")) as dump:
        Shrunk(dump, flags=flags).write(str(made))
    commands = ["~", "~*k", "lm", ".exr -1", "r"]
    old, new = bench.ask([SAMPLES / f"{name}.dmp", made], commands)
    assert new.opened
    assert [new.commands[word].text for word in commands] == [old.commands[word].text for word in commands]

"""User dumps of the old format whose end is missing: what is said of lists that the format has no streams for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.dump.userdump import UserDump

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
NAMES = pytest.mark.parametrize("name", ["not-a-dump-user-full-64", "not-a-dump-user-full-32"])
FIELDS = ("ThreadOffset", "ThreadStateOffset", "ModuleOffset", "DataOffset", "MemoryRegionOffset")
COMMANDS = ("dumpinfo", "threads", "modules", "memory", "stack", "exception", "strings", "regions", "why")


def cut(tmp_path: Path, name: str, field: str, more: int = 4) -> Path:
    """The sample without what stands ``more`` bytes behind an offset of its header."""
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    place = UserDump(Source.from_object(data)).header[field]
    path = tmp_path / "cut.dmp"
    path.write_bytes(data[: place + more])
    return path


@NAMES
@pytest.mark.parametrize("field", FIELDS)
def test_no_message_names_a_stream(cli: Callable[..., Any], tmp_path: Path, name: str, field: str) -> None:
    path = cut(tmp_path, name, field)
    for command in [*COMMANDS, "address"]:
        found = cli(command, str(path), *(["0x1000"] if command == "address" else []))
        assert found.code in (0, 1), command
        assert not re.search(r"[A-Z]\w+Stream\b", found.out), (command, found.out)
        assert "the writer stored none" not in found.out


@NAMES
def test_what_is_cut_off_is_told_with_its_place(cli: Callable[..., Any], run_json: Callable[..., Any], tmp_path: Path, name: str) -> None:
    path = str(cut(tmp_path, name, "ThreadOffset"))
    text = " ".join(cli("threads", path).out.split())
    assert "the header counts 2 threads, and the file is cut before their records" in text
    assert run_json("threads", path)["threads_reason"]["kind"] == "damaged"
    text = " ".join(cli("dumpinfo", path).out.split())
    assert "threads 0 of 2 that the header counts" in text
    assert "modules 0 of 2 that the header counts" in text
    for command in ("why", "exception"):
        text = " ".join(cli(command, path).out.split())
        assert "in no module" not in text
        assert "not in the thread list" not in text
        assert "there is no thread list" not in text
    assert "registers, are not in the file" in " ".join(cli("stack", path).out.split())
    assert "bytes of it are beyond the end of the file" in cli("memory", path).out
    assert "to look through: the file is cut before the bytes of the regions" in " ".join(cli("strings", path).out.split())


@NAMES
@pytest.mark.parametrize("held", [0, 1, 13, 0x1FF, 0x200, 0x201, 0x300])
def test_memory_ends_with_the_file(tmp_path: Path, name: str, held: int) -> None:
    """What stands behind the end is made up, and is not memory of the process."""
    path = cut(tmp_path, name, "DataOffset", held)
    with Minidump.open(path) as dump:
        assert dump.memory.total == held
        size = path.stat().st_size
        assert all(item.rva + item.size <= size for item in dump.memory64_list)


def test_what_the_debugger_can_read_of_cut_memory(run_json: Callable[..., Any], tmp_path: Path) -> None:
    """The debugger refuses a cut file of 32 bits: its module list is corrupt then."""
    name = "not-a-dump-user-full-64"
    whole = {row["command"]: row["outcome"] for row in run_json("why", f"{name}.dmp")["commands"]}
    assert whole["!peb"] == whole["!teb"] == whole["k"] == "works"
    rows = {row["command"]: row for row in run_json("why", str(cut(tmp_path, name, "DataOffset")))["commands"]}
    assert rows["!peb"]["outcome"] == rows["!teb"]["outcome"] == "fails"
    assert rows["k"]["outcome"] == rows["u"]["outcome"] == rows["!address"]["outcome"] == "partial"
    assert "beyond the end of the file" in rows["!teb"]["why"]


@NAMES
def test_a_file_cut_in_its_header_is_named(cli: Callable[..., Any], tmp_path: Path, name: str) -> None:
    path = tmp_path / "short-one.dmp"
    path.write_bytes((SAMPLES / f"{name}.dmp").read_bytes()[:0x20])
    found = cli("threads", str(path))
    assert found.code == 3
    assert "short-one.dmp" in found.err
    assert "old format" in found.err


def test_modules_that_are_not_there_are_no_statement_about_the_process(cli: Callable[..., Any]) -> None:
    text = " ".join(cli("why", "missing-module-list.dmp").out.split())
    assert "module not known: the dump has no module list" in text
    assert "in no module" not in text


@NAMES
@pytest.mark.parametrize("held", [0, 1, 0x201, 0x1200])
def test_dumpinfo_counts_the_memory_that_is_there(run_json: Callable[..., Any], cli: Callable[..., Any], tmp_path: Path, name: str, held: int) -> None:
    path = cut(tmp_path, name, "DataOffset", held)
    whole = sum(item.size for item in UserDump(Source.from_object((SAMPLES / f"{name}.dmp").read_bytes())).regions)
    assert run_json("dumpinfo", path)["user_dump"]["bytes"] == held
    assert f"0x{whole - held:x} bytes are beyond the end of the file" in " ".join(cli("dumpinfo", path).out.split())


@NAMES
def test_the_first_address_beyond_the_file_has_no_place(cli: Callable[..., Any], tmp_path: Path, name: str) -> None:
    path = cut(tmp_path, name, "DataOffset", 0x40)
    first = UserDump(Source.from_object((SAMPLES / f"{name}.dmp").read_bytes())).regions[0]
    assert cli("whatis", path, "--memory", f"{first.base + 0x3F:x}").code == 0
    assert cli("whatis", path, "--memory", f"{first.base + 0x40:x}").code == 1
    assert cli("whatis", path, "--memory", f"{first.base + 0x41:x}").code == 1

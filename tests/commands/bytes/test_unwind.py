"""``bytes unwind ADDRESS``: unwind data in the dump, structure by structure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.stacks.test_walk import APP, CODE, STACK, dump_of, dynamic

from dumpscope.__main__ import main


@pytest.fixture
def path(tmp_path: Path) -> str:
    tables, memory = dynamic(bytes.fromhex("0864070004320130"), prologue=8)
    file = tmp_path / "dynamic.dmp"
    file.write_bytes(dump_of("amd64", {"rip": CODE + 0x150, "rsp": STACK}, [0] * 8, tables=tables, memory=memory))
    return str(file)


def test_every_structure_and_code(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bytes", path, "unwind", "@rip", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["bytes"]
    assert [item["structure"] for item in shown] == ["RUNTIME_FUNCTION_AMD64", "UNWIND_INFO", "UNWIND_CODE", "UNWIND_CODE_OFFSET", "UNWIND_CODE", "UNWIND_CODE"]
    assert [item["what"] for item in shown[2:]] == [
        "slot 0: +0x8: UWOP_SAVE_NONVOL rsi 0x38",
        "slot 1: belongs to slot 0",
        "slot 2: +0x4: UWOP_ALLOC_SMALL 0x20",
        "slot 3: +0x1: UWOP_PUSH_NONVOL rbx",
    ]
    data = Path(path).read_bytes()
    assert data[shown[1]["offset"] : shown[1]["offset"] + 4] == bytes([1, 8, 4, 0])


@pytest.mark.parametrize("address", [f"{APP + 0x1000:x}", "dead", f"{CODE + 0x300:x}"])
def test_where_there_are_none(path: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bytes", path, "unwind", address]) == 1

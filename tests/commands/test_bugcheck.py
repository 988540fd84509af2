"""``bugcheck``: kinds and values of parameters, hardware error records, and the driver that objects lead to."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List

import pytest
from samples.kernel_dumps import (
    DRIVERS64,
    MEMORY_SECTION,
    PCIE_SECTION,
    RECORD64,
    error_record,
    triage64,
    triage64_hardware,
    triage64_power,
)

from dumpscope.commands import bugcheck

HARDWARE, POWER = "not-a-dump-kernel-hardware-64.dmp", "not-a-dump-kernel-power-64.dmp"


def told(cli: Any, *words: Any) -> Dict[str, Any]:
    """The JSON document of a command line."""
    found = json.loads(cli(*words, "--json").out)
    assert isinstance(found, dict)
    return found


def of_bytes(cli: Any, tmp_path: Path, data: bytes) -> Dict[str, Any]:
    """What ``bugcheck`` says of a dump."""
    path = tmp_path / "mini.dmp"
    path.write_bytes(data)
    return told(cli, "bugcheck", path)


@pytest.mark.parametrize(
    ("words", "kind", "meanings"),
    [
        ("9f 3 1 2 3", "a device object blocks an IRP too long", ["physical device object of the stack", "TRIAGE_9F_POWER", "blocked IRP"]),
        ("19 20 1 2 3", "the size in a header is corrupt", ["entry that should have been found", "next entry", "reserved"]),
        ("5c 0 0 0 0", None, ["not documented"] * 3),
    ],
)
def test_the_first_parameter_says_what_the_others_are(cli: Any, words: str, kind: str, meanings: List[str]) -> None:
    document = told(cli, "bugcheck", *words.split())
    assert document["bugcheck"]["kind"] == kind
    said = [row["meaning"] for row in document["parameters"][1:]]
    assert said == meanings


def test_a_code_alone_lists_the_kinds_of_its_first_parameter(cli: Any) -> None:
    document = told(cli, "bugcheck", "0x133")
    assert [row["value"] for row in document["kinds"]] == ["0x0", "0x1"]
    assert "what parameter 1 may be" in cli("bugcheck", "0xc4").out
    assert len(told(cli, "bugcheck", "0xc4")["kinds"]) > 100
    assert "more values in the JSON" in cli("bugcheck", "0xc4").out
    assert "kinds" not in told(cli, "bugcheck", "0xc4", "62")


def test_the_page_of_the_reference_is_named(cli: Any) -> None:
    assert told(cli, "bugcheck", "0x9f")["bugcheck"]["page"].endswith("/bug-check-0x9f--driver-power-state-failure")
    assert told(cli, "bugcheck", "0x77777")["bugcheck"]["name"] is None
    assert "WinDbg" in cli("bugcheck", "0x77777").out


def test_a_machine_check_is_decoded_from_the_parameters_alone(cli: Any) -> None:
    rows = told(cli, "bugcheck", "124", "0", "ffff8001", "be000000", "800400")["parameters"]
    assert "not corrected" in rows[2]["is"]
    assert "internal timer" in rows[3]["is"]
    rows = told(cli, "bugcheck", "124", "4", "ffff8001", "be000000", "800400")["parameters"]
    assert rows[2]["is"] == ""
    assert told(cli, "bugcheck", "9c", "0", "ffff8001", "0", "0")["parameters"][3]["is"] == ""


def test_a_hardware_error_record(cli: Any) -> None:
    document = told(cli, "bugcheck", HARDWARE)
    assert document["hardware"]["severity"] == "fatal"
    assert document["hardware"]["notify"] == "machine check"
    processor, bank = document["hardware_sections"]
    assert processor["says"] == "x86 or x64; cache error; data read; level 2; Demo CPU @ 3.00GHz; APIC ID 0x6"
    assert bank["says"].startswith("processor 3 (Intel), bank 5: MCi_STATUS 0xbe00000000800400; internal timer")
    assert bank["says"].endswith("address 0x12340")
    assert document["driver"] is None
    for command in ("why", "exception"):
        assert "bank 5" in cli(command, HARDWARE).out


def test_sections_of_pci_express_and_memory(cli: Any, tmp_path: Path) -> None:
    port = bytearray(208)
    struct.pack_into("<QII8xHH3xBBHBB", port, 0, 0x89, 4, 1, 0x8086, 0x1901, 0, 1, 0, 2, 0)
    struct.pack_into("<I", port, 112 + 4, 1 << 14 | 1 << 18)
    memory = struct.pack("<QQQQ8H24xB", 0x4022, 0, 0x1234000, 0, 0, 0, 7, 0, 0, 0, 0, 0, 3)
    found = of_bytes(cli, tmp_path, triage64_hardware([(PCIE_SECTION, bytes(port)), (MEMORY_SECTION, memory), (bytes(16), b"12345")]))["hardware_sections"]
    assert found[2]["says"] == "root port; device 0000:02:01.0, PCI\\VEN_8086&DEV_1901; completion timeout; malformed TLP"
    assert found[3]["says"] == "multi-bit ECC error; physical address 0x1234000; Module 7"
    assert found[4]["says"] == "its layout is not taken apart here"


def test_a_record_that_lies_is_bounded_and_says_so(cli: Any, tmp_path: Path) -> None:
    record = bytearray(error_record([(MEMORY_SECTION, bytes(73))]))
    struct.pack_into("<H", record, 10, 0xFFFF)
    struct.pack_into("<I", record, 20, 0xFFFFFFFF)
    struct.pack_into("<II", record, 128, 0xFFFFFFF0, 0xFFFFFFF0)
    path = tmp_path / "mini.dmp"
    path.write_bytes(triage64(0x124, (0, RECORD64, 0, 0), more=[(RECORD64, bytes(record))]))
    said = cli("bugcheck", path)
    assert said.code == 0
    assert "The record says 0xffffffff bytes" in said.out
    assert "The record says 65535 sections" in said.out
    assert "WHEA_MEMORY_ERROR_SECTION needs 0x49 bytes" in said.out
    path.write_bytes(triage64(0x124, (0, RECORD64, 0, 0), more=[(RECORD64, b"X" * 200)]))
    assert "no hardware error record is at" in cli("bugcheck", path).out.lower()
    path.write_bytes(triage64(0x124, (0, RECORD64, 0, 0)))
    assert told(cli, "bugcheck", path)["hardware"] is None
    assert "is not in the dump" in cli("bugcheck", path).out


def test_a_request_leads_to_its_driver(cli: Any, tmp_path: Path) -> None:
    document = told(cli, "bugcheck", POWER)
    assert document["driver"]["name"] == "demo_drv"
    assert document["driver"]["certainty"] == "likely"
    assert "IRP at 0xffffc08bde820010" in document["driver"]["why"]
    assert document["parameters"][1]["is"] == "\\Driver\\demo-drv (demo-drv.sys)"
    assert document["parameters"][3]["is"].startswith("IRP_MJ_POWER, IRP_MN_SET_POWER")
    whole = bytearray(triage64_power())
    at = whole.index(struct.pack("<HHxxxxQ", 4, 0x150, 0xFFFFC08BDE800050))
    whole[at] = 9  # no DRIVER_OBJECT any more
    document = of_bytes(cli, tmp_path, bytes(whole))
    assert document["driver"]["certainty"] == "a guess"
    assert document["parameters"][3]["is"] == "IRP_MJ_POWER, IRP_MN_SET_POWER"


def test_a_driver_that_is_named_by_a_text(cli: Any, tmp_path: Path) -> None:
    address, text = 0xFFFFC08BDE840000, "FLTMGR.SYS".encode("utf-16-le")
    block = struct.pack("<HHxxxxQ", len(text), len(text), address + 16) + text
    document = of_bytes(cli, tmp_path, triage64(0xC4, (0x62, address, 0, 4), more=[(address, block)]))
    assert document["parameters"][1]["is"] == "FLTMGR.SYS"
    assert (document["driver"]["name"], document["driver"]["certainty"]) == ("FLTMGR", "likely")
    cut = struct.pack("<HHxxxxQ", 0x7FFE, 0x7FFE, address + 16) + text
    document = of_bytes(cli, tmp_path, triage64(0xC4, (0x62, address, 0, 4), more=[(address, cut)]))
    assert document["parameters"][1]["is"] == ""
    assert document["driver"]["certainty"] == "a guess"


def test_no_driver_is_guessed_where_somebody_asked_for_the_dump(cli: Any, tmp_path: Path) -> None:
    document = of_bytes(cli, tmp_path, triage64(0xE2, (0, 0, 0, 0)))
    assert document["driver"] is None


def test_a_dump_without_a_code_has_a_next_step(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "mini.dmp"
    path.write_bytes(triage64(0, (0, 0, 0, 0)))
    assert "Next step: `stack`" in cli("bugcheck", path).out


def test_a_dump_of_pages_says_why_no_driver_is_named(cli: Any) -> None:
    assert "!analyze -v" in cli("bugcheck", "not-a-dump-kernel-bitmap-64.dmp").out


def test_an_address_in_a_report_of_the_verifier_names_the_driver(cli: Any, tmp_path: Path) -> None:
    """Of a violation that the reference does not list, parameters that lie in a driver still name it."""
    path = tmp_path / "verifier.dmp"
    path.write_bytes(triage64(0xC9, (0x2FF, DRIVERS64[2][0] + 0x1234, 0, 0)))
    found = told(cli, "bugcheck", path)
    assert (found["driver"]["name"], found["driver"]["certainty"]) == ("demo_drv", "likely")
    assert found["driver"]["why"] == "parameter 2 lies in it: demo_drv+0x1234"


def test_a_rule_of_the_verifier_is_read_from_memory(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "rule.dmp"
    text, place = b"The rule StackReserve was violated.\0", 0xFFFFC08BDE900000
    path.write_bytes(triage64(0xC4, (0x2F0F0, place, 0, 0), more=[(place, text)]))
    rows = told(cli, "bugcheck", path)["parameters"]
    assert rows[0]["is"] == "a rule of DDI compliance checking was violated"
    assert rows[1]["is"] == "'The rule StackReserve was violated.'"
    path.write_bytes(triage64(0xC4, (0x2F0F0, place, 0, 0), more=[(place, b"\xff" + text)]))
    assert told(cli, "bugcheck", path)["parameters"][1]["is"] == ""


@pytest.mark.parametrize(
    ("value", "words"), [(0x1001, "contrary orders"), (0x13E, "another address"), (0xA005, "invalid destination"), (0x121, "DISPATCH_LEVEL")]
)
def test_violations_of_the_verifier(cli: Any, value: int, words: str) -> None:
    assert words in told(cli, "bugcheck", "0xc4", f"{value:x}", "0", "0", "0")["parameters"][0]["is"]


@pytest.mark.parametrize("count", [0, 1, 8, 9])
def test_other_drivers_on_the_stack_are_named_up_to_eight(count):
    others = tuple(f"d{number}.sys" for number in range(count))
    meant = SimpleNamespace(name="demo", driver=None, why="it is on the stack", sure="guess", shown="demo.sys", others=others)
    data, said, *rest = bugcheck._driver(meant)
    assert data.value == {"name": "demo", "path": None, "why": "it is on the stack", "certainty": "guess", "others": others}
    assert said.text == "The driver most likely meant is demo.sys (guess): it is on the stack."
    assert [note.text for note in rest] == ([f"Other drivers on the stack: {', '.join(others[:8])}{' …' if count > 8 else ''}."] if count else [])
    meant.name = ""
    data, said = bugcheck._driver(meant)
    assert (data.value, said.text) == (None, "No driver is named: it is on the stack.")

"""``regions`` and ``address``."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, List

import pytest
from samples.writer import DumpBuilder, Region

from dumpscope.commands import regions


def test_regions_fixed_fields(run_json):
    regions = run_json("regions", "everything-small.dmp")["regions"]
    first, second = regions[:2]
    assert {"base", "size", "state", "protect", "type", "allocation_protect"} <= set(first)
    assert first["base"] == "0x0"
    assert first["state"] == "0x10000"
    assert first["size"] == 0x7FFE0000
    assert second["protect_names"] == ["PAGE_READONLY"]
    assert second["type_name"] == "MEM_PRIVATE"


def test_region_filters(run_json, cli):
    regions = run_json("regions", "everything-small.dmp", "--state", "commit", "--protect", "guard")["regions"]
    assert len(regions) == 3
    assert all("PAGE_GUARD" in region["protect_names"] for region in regions)
    assert all(region["usage"] == "Stack" for region in regions)
    images = run_json("regions", "everything-small.dmp", "--type", "MEM_IMAGE")["regions"]
    assert images
    assert all(region["type"] == "0x1000000" for region in images)
    assert cli("regions", "everything-small.dmp", "--state", "gone").code == 2
    assert cli("regions", "everything-small.dmp", "--protect", "execute_readwrite").code == 1


def test_region_summary_adds_up(run_json, cli):
    document = run_json("regions", "everything-small.dmp", "--summary")
    regions = run_json("regions", "everything-small.dmp")["regions"]
    total = sum(region["size"] for region in regions)
    for table in ("usage", "state"):
        assert sum(row["size"] for row in document[table]) == total
        assert sum(row["count"] for row in document[table]) == len(regions)
    out = cli("regions", "everything-small.dmp", "--summary").out
    assert "%ofBusy" in out
    assert "Largest Region by Usage" in out
    assert "7fff`ff37c000" in out


def test_no_map_is_explained(run_json):
    document = run_json("regions", "stacks-only.dmp")
    assert document["regions"] is None
    assert document["regions_reason"]["kind"] == "not-asked"
    assert document["exit"] == 1


def test_address_in_a_module(run_json):
    document = run_json("address", "everything-small.dmp", "7ff6a1b2145c")
    assert (document["usage"], document["module"], document["module_offset"]) == ("Image", "demo", "0x145c")
    assert document["captured"] is True
    assert document["region"]["protect"] == "0x20"


def test_address_on_a_stack_that_is_captured(run_json):
    document = run_json("address", "everything-small.dmp", "@rsp")
    assert document["usage"] == "Stack"
    assert document["thread"] == 0xC58
    assert isinstance(document["offset"], int)


def test_address_that_is_not_captured(run_json, cli):
    document = run_json("address", "everything-small.dmp", "demo")
    assert document["captured"] is False
    assert document["captured_above"]["start"] == "0x7ff6a1b213dc"
    assert "free" in cli("address", "everything-small.dmp", "7fff0000").out
    assert "oldplugin.dll" in cli("address", "everything-small.dmp", "7ffc2d100010").out


def test_regions_that_share_addresses_are_not_summed_without_a_word(tmp_path, cli):
    rows = struct.pack("<QQIIQIIII", (1 << 64) - 0x1000, 0, 4, 0, 0x2000, 0x1000, 4, 0x20000, 0)
    for count, words in ((1, ""), (2, "a region shares addresses"), (3, "2 regions share addresses")):
        builder = DumpBuilder()
        builder.add_system_info()
        builder.add_stream(16, struct.pack("<IIQ", 16, 48, count) + rows * count)
        path = tmp_path / f"{count}.dmp"
        path.write_bytes(builder.build())
        out = cli("regions", path, "--summary").out
        assert words in out
        assert ("counted each time" in out) == bool(words)
        assert ("region-overlap" in cli("dumpinfo", path, "-v").out) == bool(words)


def region(base: int, size: int) -> bytes:
    """A MINIDUMP_MEMORY_INFO of committed private memory."""
    return struct.pack("<QQIIQIIII", base, base, 4, 0, size, 0x1000, 4, 0x20000, 0)


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([(0x10000, 0x1000), (0x11000, 0x1000)], 0),
        ([(0x10000, 0x1000), (0x20000, 0x1000)], 0),
        ([(0x20000, 0x1000), (0x10000, 0x1000)], 0),
        ([(0x11000, 0x1000), (0x10000, 0x1000)], 0),
        ([(0x10000, 0x1001), (0x11000, 0x1000)], 1),
        ([(0x11000, 0x1000), (0x10000, 0x1001)], 1),
        ([(0x10000, 0x3000), (0x11000, 0x1000)], 1),
        ([(0x11000, 0x1000), (0x10000, 0x3000)], 1),
        ([(0x10000, 0x2000), (0x11000, 0x2000), (0x12000, 0x2000)], 2),
    ],
)
def test_regions_that_touch_do_not_share_addresses(tmp_path: Path, cli: Any, rows: List[Any], shared: int) -> None:
    builder: Any = DumpBuilder()
    builder.add_system_info()
    builder.add_stream(16, struct.pack("<IIQ", 16, 48, len(rows)) + b"".join(region(*row) for row in rows))
    path = tmp_path / "mini.dmp"
    path.write_bytes(builder.build())
    said = cli("regions", path, "--summary").out
    assert ("counted each time" in said) is (shared > 0)
    assert ("a region shares addresses" in said) is (shared == 1)
    assert ("2 regions share addresses" in said) is (shared == 2)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--state", "'x!' is not a state\n  one of commit, reserve, free, or a hexadecimal number"),
        ("--type", "'x!' is not a type\n  one of private, mapped, image, or a hexadecimal number"),
    ],
)
def test_a_filter_of_regions_that_is_not_known(cli: Any, option: str, words: str) -> None:
    assert words in cli("regions", "everything-small.dmp", option, "x!").err


def test_names_of_protections_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, cli: Any, tmp_path: Path) -> None:
    """A hostile file may have another one in each region: of those the first 1024 are kept."""
    plain: Any = vars(regions)["protection_names"]
    numbers = [0x1000 + number for number in range(1024)]
    counts: List[int] = []
    for values in (numbers, [*numbers, 0x9000], [*numbers, *numbers], [*numbers, 0x9000, *numbers, 0x9000]):
        builder: Any = DumpBuilder()
        builder.add_system_info()
        builder.add_memory_info([Region(0x10000 * (at + 1), 0x1000, protect=value) for at, value in enumerate(values)])
        path = tmp_path / "mini.dmp"
        path.write_bytes(builder.build())
        seen: List[int] = []
        with monkeypatch.context() as patch:
            patch.setattr(regions, "protection_names", lambda value, seen=seen: (seen.append(value), plain(value))[1])
            assert cli("regions", path).code == 0
        counts.append(len(seen))
    assert counts == [1024, 1025, 1024, 1026]


@pytest.mark.parametrize(("name", "address", "said"), [("full-memory-x86.dmp", "ffffffff", False), ("full-memory-x86.dmp", "100000000", True)])
def test_an_address_that_no_pointer_of_the_process_holds(cli: Any, name: str, address: str, said: bool) -> None:
    assert ("more than this process's pointers can hold" in cli("address", name, address).out) is said

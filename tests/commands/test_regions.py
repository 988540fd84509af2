"""``regions`` and ``address``."""

import struct

from samples.writer import DumpBuilder


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

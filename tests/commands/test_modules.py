"""``modules`` and ``unloaded``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from samples.recipes import compose
from tests.commands.made import fired, parse, write

from dumpscope.commands import modules
from dumpscope.dump.absence import Absent
from samples import blocks, process


def test_keys_and_versions(run_json):
    modules = run_json("modules", "everything-small.dmp")["modules"]
    assert [module["name"] for module in modules] == ["demo", "ntdll", "kernel32", "KernelBase", "msvcrt"]
    demo = modules[0]
    assert demo["base"] == "0x7ff6a1b20000"
    assert demo["size"] == 0x2D000
    assert demo["file_version"] == "1.4.2.0"
    assert demo["image_key"] == "5F3C1A2B2d000"
    assert demo["pdb"]["path"] == "C:\\build\\demo.pdb"
    assert demo["pdb"]["age"] == 1
    assert demo["symbol_key"] == "5A7C3E219B0D4F688A173C9E5D2B1F401"
    assert "DYNAMIC_BASE" in demo["dll_characteristics"]


@pytest.mark.parametrize("word", ["demo", "DEMO.EXE", "7ff6a1b21000", "demo+100", "@rip", "de*"])
def test_one_module_by_name_glob_or_address(run_json, word):
    assert [module["name"] for module in run_json("modules", "everything-small.dmp", word)["modules"]] == ["demo"]


def test_a_module_in_full(cli):
    out = cli("modules", "everything-small.dmp", "demo").out
    for words in ("C:\\demo\\demo.exe", "5F3C1A2B2d000", "C:\\build\\demo.pdb", "1.4.2.0", "DYNAMIC_BASE"):
        assert words in out


def test_what_is_not_there(cli):
    result = cli("modules", "everything-small.dmp", "nosuch")
    assert result.code == 1
    assert "nosuch" in result.out
    assert "oldplugin" in cli("modules", "everything-small.dmp", "oldplugin").out
    assert cli("modules", "everything-small.dmp", "demo+zz").code == 2
    assert cli("modules", "missing-module-list.dmp").code == 1


def test_every_kind_of_codeview(run_json):
    modules = run_json("modules", "modules-codeview-kinds.dmp")["modules"]
    kinds = [module["pdb"]["kind"] if module["pdb"] else module["pdb_reason"]["kind"] for module in modules]
    assert kinds[:3] == ["RSDS", "NB10", "not-known"]
    assert kinds[-2:] == ["not-there", "not-there"]


def test_a_refused_list_is_salvaged(run_json):
    document = run_json("modules", "module-list-padded.dmp")
    assert document["modules"] is None
    assert len(document["salvaged_modules"]) == 5


def test_unloaded(run_json, cli):
    document = run_json("unloaded", "unloaded-modules.dmp")
    assert [module["name"] for module in document["unloaded_modules"]] == ["oldplugin.dll", "version.dll"]
    assert "1 of 2" in cli("unloaded", "unloaded-modules.dmp", "old*").out
    assert cli("unloaded", "unloaded-modules.dmp", "zz*").code == 1
    result = cli("unloaded", "unloaded-modules-none.dmp")
    assert result.code == 1
    assert "unloaded modules" in result.out


WINDOWS_10 = 10 << 48 | 10240 << 16


@pytest.mark.parametrize(
    ("stamp", "product", "path", "why_not"),
    [
        (0, 0, "C:\\a.dll", "the time stamp is 0"),
        (0x2AFFFFFF, 0, "C:\\a.dll", "before there were such images"),
        (0x2B000000, 0, "C:\\a.dll", ""),
        (0x60000000, 0, "C:\\a.dll", ""),
        (0x60000001, 0, "C:\\a.dll", "after the dump"),
        (0x50000000, WINDOWS_10, "C:\\Windows\\a.dll", "a part of Windows 10"),
        (0x50000000, WINDOWS_10 + 1, "C:\\WINDOWS\\a.dll", "a part of Windows 10"),
        (0x50000000, WINDOWS_10 - 1, "C:\\Windows\\a.dll", ""),
        (0x50000000, 6 << 48 | 3 << 32 | 9600 << 16, "C:\\Windows\\a.dll", ""),
        (0x50000000, WINDOWS_10, "C:\\a.dll", ""),
    ],
)
def test_a_time_stamp_that_is_a_time(stamp: int, product: int, path: str, why_not: str) -> None:
    dump: Any = SimpleNamespace(header=SimpleNamespace(timestamp=0x60000000))
    found = modules.image_time(dump, SimpleNamespace(timestamp=stamp, product_version=product, path=path))  # type: ignore[arg-type]
    assert isinstance(found, Absent) is bool(why_not)
    assert found.message.count(why_not) == 1 if isinstance(found, Absent) else found == stamp


def with_modules(**change) -> bytes:
    made = compose("threads memory system misc")
    rows = process.modules()
    made.add_module_list([rows[0]._replace(**change), *rows[1:]])
    return made.build()


@pytest.mark.parametrize(
    "record",
    [
        blocks.rsds("00000000-0000-0000-0000-000000000000", 0, "demo.pdb"),
        blocks.rsds("00000000-0000-0000-0000-000000000000", 3, "demo.pdb"),
        blocks.bpel(bytes(20)),
    ],
)
def test_a_guid_of_zeros_is_no_key(tmp_path, run_json, cli, record):
    data = with_modules(cv=record)
    path = write(tmp_path, data)
    assert parse(data).modules[0].codeview.key == ""
    assert run_json("modules", path)["modules"][0]["symbol_key"] is None
    assert "no symbols can be found" in cli("modules", path, "demo").out
    assert "of which GUID or build id are zero" in fired(data, "MOD008")["MOD008"].evidence[0].value


@pytest.mark.parametrize(
    ("stamp", "words"),
    [(0, "the time stamp is 0"), (0xF0000000, "after the dump"), (0x10, "before there were such images"), (0x50000000, None)],
)
def test_a_time_stamp_that_is_no_time(tmp_path, cli, stamp, words):
    out = " ".join(cli("modules", write(tmp_path, with_modules(timestamp=stamp)), "demo").out.split())
    assert (f"Timestamp - {stamp:08X} is no time but a hash of a reproducible build: {words}" in out) or words in (None, "the time stamp is 0")
    assert ("Timestamp - the time stamp is 0" in out) is (stamp == 0)
    assert ("Timestamp Sun Jul 15" in out or "Timestamp Fri Jul 13" in out or "2012 (UTC)" in out) is (words is None)


def test_images_of_windows_10_have_no_date(cli):
    assert "hash of a reproducible build" in " ".join(cli("modules", "everything-small.dmp", "ntdll").out.split())


@pytest.mark.parametrize(
    ("value", "names", "why_not"),
    [
        (0, [], "this writer does not store the image's DllCharacteristics"),
        (0x10000, [], "Reserved0 is 0x10000, which is more than DllCharacteristics have"),
        (0x40, ["DYNAMIC_BASE"], ""),
        (0x4160, ["HIGH_ENTROPY_VA", "DYNAMIC_BASE", "NX_COMPAT", "GUARD_CF"], ""),
    ],
)
def test_characteristics_of_an_image(value, names, why_not):
    module: Any = SimpleNamespace(reserved0=value)
    dump: Any = None
    found = modules.dll_characteristics(dump, module)
    if why_not:
        assert isinstance(found, Absent)
        assert found.message == why_not
    else:
        assert sorted(found) == sorted(names)
    for most in (0xFFFF, 0x10000):
        assert isinstance(modules.dll_characteristics(dump, SimpleNamespace(reserved0=most)), Absent) is (most > 0xFFFF)

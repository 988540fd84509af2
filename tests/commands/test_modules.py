"""``modules`` and ``unloaded``."""

import pytest


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

"""Modules by address and by name, and the debugger's words for an address in one that was unloaded."""

from __future__ import annotations

import pytest
from samples.writer import DumpBuilder, Module, UnloadedModule
from tests.counting import calls_of

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.modules import MOST_FOUND


def opened(arch="amd64", modules=(), unloaded=()):
    made = DumpBuilder(arch)
    made.add_system_info()
    made.add_module_list(modules)
    if unloaded:
        made.add_unloaded_modules(unloaded)
    return Minidump.open(made.build())


@pytest.mark.parametrize(
    ("address", "size", "words"),
    [
        (0x7FFC2D100000, 8, "<Unloaded_old.dll>"),
        (0x7FFC2D100001, 8, "<Unloaded_old.dll>+0x1"),
        (0x7FFC2D100FFF, 8, "<Unloaded_old.dll>+0xfff"),
        (0x7FFC2D101000, 8, ""),
        (0x7FFC2D0FFFFF, 8, ""),
        (0x77A50010, 8, "<Unloaded_Unknown_Module_00000000`77a50000>+0x10"),
        (0x77A50010, 4, "<Unloaded_Unknown_Module_77a50000>+0x10"),
        (0x77A50000, 4, "<Unloaded_Unknown_Module_77a50000>"),
    ],
)
def test_an_unloaded_module_in_the_debuggers_words(address, size, words):
    table = opened(unloaded=[UnloadedModule(0x7FFC2D100000, 0x1000, "old.dll"), UnloadedModule(0x77A50000, 0x100, None)]).unloaded_modules
    assert table.symbol(address, size) == words
    assert (table.at(address) is None) is (not words)


def test_the_first_of_several_unloaded_modules_counts():
    table = opened(unloaded=[UnloadedModule(0x1000, 0x2000, "first.dll"), UnloadedModule(0x2000, 0x2000, "second.dll")]).unloaded_modules
    assert [table.at(address).name for address in (0x1000, 0x2FFF, 0x3000, 0x3FFF)] == ["first.dll", "first.dll", "second.dll", "second.dll"]
    assert table.at(0x4000) is None
    assert table.at(0xFFF) is None


def test_a_module_by_its_address():
    modules = opened(modules=[Module(0x10000, 0x1000, "C:\\a\\one.dll"), Module(0x20000, 0x2000, "C:\\a\\two.exe")]).modules
    assert [modules.symbol(address) for address in (0xFFFF, 0x10000, 0x10FFF, 0x11000, 0x21234, 0x22000)] == ["", "one", "one+0xfff", "", "two+0x1234", ""]
    assert modules.at(0x21234).index == 1
    assert modules.at(0) is None
    assert [module.end for module in modules] == [0x11000, 0x22000]


def test_a_module_that_is_asked_for_again_is_not_decoded_again():
    listed = [Module(0x10000 * (number + 1), 0x1000, f"m{number}.dll") for number in range(MOST_FOUND + 10)]
    dump = opened(modules=listed)
    table = dump.modules
    first, calls = calls_of(lambda: table.at(0x10800))
    again, fewer = calls_of(lambda: table.at(0x10FFF))
    assert first is again
    assert fewer < 12 < calls
    assert [table.at(module.base).base for module in table] == [module.base for module in listed]
    assert len(table._found) <= MOST_FOUND  # not a copy of the list of a hostile file
    assert table.at(0x10800) == first

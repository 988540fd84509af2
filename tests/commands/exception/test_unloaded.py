"""An exception in a module that was unloaded: of several, the first in the file that holds the address counts (observed: dbgeng 10.0.15063, ln and .exr)."""

from __future__ import annotations

import pytest
from samples.recipes import access_violation, compose
from samples.writer import UnloadedModule
from tests.commands.made import parse, write

GONE = 0x7FFC2D100000


@pytest.mark.parametrize(
    ("rows", "symbol"),
    [
        ([("a.dll", GONE, 0x10000), ("b.dll", GONE, 0x4000)], "<Unloaded_a.dll>+0x1234"),
        ([("b.dll", GONE, 0x4000), ("a.dll", GONE, 0x10000)], "<Unloaded_b.dll>+0x1234"),
        ([("a.dll", GONE - 0x8000, 0x10000), ("b.dll", GONE, 0x4000)], "<Unloaded_a.dll>+0x9234"),
        ([("b.dll", GONE, 0x4000), ("a.dll", GONE - 0x8000, 0x10000)], "<Unloaded_b.dll>+0x1234"),
        ([("b.dll", GONE, 0x1000), ("a.dll", GONE - 0x8000, 0x10000)], "<Unloaded_a.dll>+0x9234"),
        ([("zero.dll", GONE + 0x1234, 0), ("noext", GONE + 0x1234, 0x10)], "<Unloaded_noext>"),
        ([("", GONE, 0x4000)], "<Unloaded_Unknown_Module_00007ffc`2d100000>+0x1234"),
        ([("end.dll", GONE, 0x1234)], ""),
        ([("demo.exe", 0x7FF6A1B20000, 0x4000)], ""),
    ],
)
def test_which_unloaded_module(tmp_path, run_json, rows, symbol):
    made = compose("threads modules memory system misc exception", 0x20, exception=dict(access_violation(), address=GONE + 0x1234, parameters=(8, GONE)))
    made.add_unloaded_modules([UnloadedModule(base, size, name) for name, base, size in rows])
    data = made.build()
    assert parse(data).symbol(GONE + 0x1234) == symbol
    assert parse(data).symbol(0x7FF6A1B20010) == "demo+0x10"  # what is loaded comes first
    assert run_json("exception", write(tmp_path, data))["exception"]["symbol"] == (symbol or None)


def test_exception_and_address_agree_about_the_unloaded_module(cli):
    out = cli("exception", "exception-in-unloaded-module.dmp").out
    assert out.startswith("ExceptionAddress: 00007ffc2d101234 (<Unloaded_oldplugin.dll>+0x1234)")
    assert "KBDRU" not in out
    assert "oldplugin.dll" in cli("address", "exception-in-unloaded-module.dmp", "0x7ffc2d101234").out

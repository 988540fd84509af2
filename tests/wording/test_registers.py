"""Registers as the debugger's ``r`` prints them (observed: dbgeng 10.0.15063), by name and as values."""

import pytest
from tests.commands.made import opened

from dumpscope import NotInDump
from dumpscope.wording.registers import register_lines, register_names, register_rows, register_value, register_values


def test_rows_of_x64():
    dump = opened("everything-small")
    rows = list(register_lines(dump, dump.registers(dump.exception)))
    assert rows[0] == "rax=000000000000002a rbx=0000000000000000 rcx=0000000000000000"
    assert rows[-3] == "iopl=0         nv up ei pl zr na po nc"
    assert rows[-2] == "cs=0033  ss=002b  ds=002b  es=002b  fs=0053  gs=002b             efl=00000246"
    assert rows[-1] == "demo+0x145c:"
    assert list(register_rows(dump.registers(dump.exception))) == rows[:-1]


def test_rows_of_x86_have_the_flags_beside_the_pointers():
    dump = opened("everything-small-x86")
    rows = list(register_rows(dump.registers(dump.threads[0])))
    assert rows[0].startswith("eax=")
    assert len(rows[0].split(" ")[0]) == 12
    assert "eip=" in rows[-2]
    assert "iopl=0" in rows[-2]


def test_rows_of_arm64_end_with_psr():
    dump = opened("arm64-process")
    rows = list(register_rows(dump.registers(dump.threads[0])))
    assert rows[-1].startswith("psr=")
    assert not any("efl=" in row for row in rows)


def test_values_by_name():
    dump = opened("everything-small")
    values = {name: register_value(dump, dump.exception, name) for name in ("rax", "ip", "rip", "sp", "efl", "eflags")}
    assert values == {"rax": 0x2A, "ip": 0x7FF6A1B2145C, "rip": 0x7FF6A1B2145C, "sp": 0x4A5E6FFE18, "efl": 0x246, "eflags": 0x246}
    assert register_value(dump, dump.exception, "fp") == register_value(dump, dump.exception, "rbp")
    with pytest.raises(KeyError):
        register_value(dump, dump.exception, "x0")


def test_a_thread_without_registers_is_named():
    dump = opened("thread-context-missing")
    without = next(thread for thread in dump.threads if not thread.context_size or not thread.context_rva)
    with pytest.raises(NotInDump, match=f"^thread {without.tid:x}: "):
        register_value(dump, without, "ip")


def test_names_are_those_of_the_processor():
    assert {"rax", "ip", "cs", "dr7"} <= register_names(opened("everything-small"))
    assert "rax" not in register_names(opened("arm64-process"))
    assert register_names(opened("missing-system-info")) == frozenset()


def test_values_as_json():
    dump = opened("everything-small")
    values = register_values(dump.registers(dump.exception))
    assert (values["rax"], values["efl"], values["cs"], values["architecture"]) == ("0x2a", "0x246", "0x33", "AMD64")

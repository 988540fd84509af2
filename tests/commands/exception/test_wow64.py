"""The 32-bit side of a 64-bit dump: its registers, its modules, and where the session of the debugger begins."""

from __future__ import annotations

import struct

import pytest
from tests.commands.made import parse, sample_bytes

from dumpscope.diagnosis.dumpdebug.lines import dumpdebug_lines
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.contexts import wow64_registers
from dumpscope.dump.source import Source
from samples import process


def test_native_registers_of_32_bit_code_are_the_32_bit_side(run_json, cli):
    document = run_json("exception", "exception-wow64-32-bit-code.dmp")
    assert document["wow64_registers"]["eip"] == "0xd11400"
    assert document["wow64_registers"]["eax"] == "0x55667788"
    assert document["wow64_registers_from"] == "own context"
    out = cli("exception", "exception-wow64-32-bit-code.dmp").out
    assert "garbage" in out
    stale = run_json("exception", "exception-wow64.dmp")
    assert stale["wow64_registers_from"] == "TLS slot 1"
    assert stale["wow64_registers"]["eip"] == "0x77ab2b1c"
    text = cli("exception", "exception-wow64.dmp").out
    assert "garbage" not in text
    assert "threads 0x1b44" in text


def stopped(cs: int = 0x23, teb: bool = True, slot10: int = 0) -> bytes:
    """The WOW64 process without an exception, its first thread in code with this selector."""
    from samples.writer import DumpBuilder

    made = DumpBuilder("amd64", 0x100)
    row = process.threads_wow64()[0]
    context = bytearray(row.context)
    struct.pack_into("<H", context, 0x38, cs)
    made.add_thread_list([row._replace(context=bytes(context))])
    if teb:
        block = bytearray(0x2000)
        struct.pack_into("<Q", block, 0x1480 + 80, slot10)
        made.add_memory(row.teb, bytes(block))
    made.add_module_list(process.modules("wow64"))
    made.add_memory_list()
    made.add_system_info()
    return made.build()


@pytest.mark.parametrize(
    ("options", "narrow"), [({}, True), ({"cs": 0x33}, False), ({"cs": 0x1B}, False), ({"teb": False}, False), ({"slot10": 0x12345678}, False)]
)
def test_when_the_session_begins_on_the_32_bit_side(options, narrow):
    """Observed: dbgeng 10.0.15063, .effmach and .dumpdebug on dumps made like these."""
    data = stopped(**options)
    assert EngineView(Source.from_object(data)).effective_x86 is narrow
    lines = list(dumpdebug_lines(parse(data)))
    assert any("00d10000 - 00d37000" in line for line in lines) is narrow
    assert any("00000000`00d10000" in line for line in lines) is not narrow
    assert "  range#    RVA      Address             Size" in lines or not options.get("teb", True)


def test_registers_of_a_thread_in_32_bit_code():
    found = parse(stopped())
    registers = wow64_registers(found, found.threads[0])
    assert registers.architecture == "x86"
    assert registers.offset == found.threads[0].context_rva
    assert registers.segments["cs"] == 0x23


def test_the_program_twice_at_one_base_is_normal_in_wow64(cli, run_json):
    out = cli("modules", "exception-wow64.dmp").out
    assert "listed twice at one base: normal" in out
    assert not [item for item in parse(sample_bytes("exception-wow64")).check() if item.code == "module-overlap"]

"""``exception``."""

import struct

import pytest
from samples.writer import DumpBuilder


def test_record_in_the_debuggers_form(cli):
    lines = cli("exception", "everything-small.dmp").out.splitlines()
    assert lines[:4] == [
        "ExceptionAddress: 00007ff6a1b2145c (demo+0x145c)",
        "   ExceptionCode: c0000005 (Access violation)",
        "  ExceptionFlags: 00000000",
        "NumberParameters: 2",
    ]
    assert lines[4].startswith("   Parameter[0]: 0000000000000001")
    assert "Attempt to write to address 0000000000000000" in lines
    assert any(line.startswith("rip=00007ff6a1b2145c") for line in lines)


def test_fields(run_json):
    document = run_json("exception", "everything-small.dmp")
    exception = document["exception"]
    assert (exception["code"], exception["thread_id"], exception["symbol"]) == ("0xc0000005", 0xC58, "demo+0x145c")
    assert document["registers"]["rip"] == "0x7ff6a1b2145c"


@pytest.mark.parametrize(
    ("dump", "words"),
    [
        ("exception-read-violation.dmp", "Attempt to read from address"),
        ("exception-execute-violation.dmp", "Attempt to execute non-executable address"),
        ("exception-violation-x86.dmp", "ExceptionCode: c0000005"),
        ("exception-fast-fail.dmp", "FAST_FAIL_"),
        ("exception-cpp.dmp", "demo+0x1e2a0"),
        ("exception-clr.dmp", "e0434352"),
        ("exception-in-page-error.dmp", "STATUS_"),
        ("exception-wake-debugger.dmp", "raised nothing"),
        ("exception-hang-report.dmp", "hung"),
        ("exception-thread-unknown.dmp", "no current thread"),
        ("exception-parameters-too-many.dmp", "at the most"),
    ],
)
def test_what_is_said_of_each_kind(cli, dump, words):
    result = cli("exception", dump)
    assert result.code == 0
    assert words in result.out


def test_nested_record(tmp_path, run_json, cli):
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_exception(0x10, 0xC0000025, 0x401000, nested=0x5000)
    inner = struct.pack("<IIQQII2Q", 0xC0000005, 1, 0x5000, 0x402000, 2, 0, 1, 0x7FF0).ljust(152, b"\0")
    builder.add_memory(0x5000, inner)
    builder.add_memory_list()
    path = tmp_path / "nested.dmp"
    path.write_bytes(builder.build())
    nested = run_json("exception", path)["exception"]["nested"]
    assert [(item["at"], item["code"]) for item in nested] == [("0x5000", "0xc0000005")]  # it names itself: the chain ends
    out = cli("exception", path).out
    assert "nested record at 00000000`00005000" in out
    assert "Attempt to write to address 0000000000007ff0" in out


def test_address_zero_is_a_null_pointer(cli):
    line = next(line for line in cli("exception", "exception-write-violation.dmp").out.splitlines() if line.startswith("Accessed"))
    assert line.endswith("a null pointer")


def test_nested_record_that_is_not_there(run_json):
    nested = run_json("exception", "exception-nested.dmp")["exception"]["nested"]
    assert nested[0]["reason"]["kind"] == "damaged"


def test_without_registers_those_of_the_thread_are_shown(run_json, cli):
    document = run_json("exception", "exception-without-context.dmp")
    assert document["registers"] is None
    assert document["registers_reason"]["message"]
    assert document["thread_registers"]
    assert "which the debugger shows instead" in cli("exception", "exception-without-context.dmp").out


def test_no_exception(cli, run_json):
    result = cli("exception", "stacks-only.dmp")
    assert result.code == 1
    assert "80000003" in result.out
    assert run_json("exception", "stacks-only.dmp")["exception_reason"]["kind"] == "not-there"

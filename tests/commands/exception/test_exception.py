"""``exception``."""

import struct
from types import SimpleNamespace

import pytest
from samples.recipes import compose
from samples.writer import DumpBuilder, Thread
from tests.commands.made import parse, with_exception, write

from dumpscope.commands.exception import parameter_words
from dumpscope.diagnosis.engine.event import event_text


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


# --- processes of other systems --------------------------------------------------------------------------------------

LINUX, MAC, IOS = 0x8201, 0x8101, 0x8102


def made(tmp_path, platform, code, flags, address, parameters=(), **options):
    builder = DumpBuilder(**options)
    builder.add_system_info(major=5, minor=10, build=3, platform=platform)
    builder.add_exception(0x10, code, address, parameters, flags=flags)
    builder.add_thread_list([Thread(0x10)])
    path = tmp_path / "foreign.dmp"
    path.write_bytes(builder.build())
    return path


def test_a_signal(tmp_path, cli, run_json):
    path = made(tmp_path, LINUX, 11, 1, 0x45)
    lines = cli("exception", path).out.splitlines()
    assert lines[:5] == [
        "ExceptionAddress: 0000000000000045",
        "   ExceptionCode: 0000000b (SIGSEGV)",
        "  ExceptionFlags: 00000001 (SEGV_MAPERR)",
        "NumberParameters: 0",
        "SIGSEGV SEGV_MAPERR: memory was used that may not be; nothing is mapped at the address",
    ]
    assert any(line.startswith("Accessed") and "near null" in line for line in lines)
    found = run_json("exception", path)["exception"]
    assert (found["kind"], found["code"], found["code_name"], found["flag_names"]) == ("signal", "0xb", "SIGSEGV", ["SEGV_MAPERR"])
    assert (found["address_is"], found["crashed"], found["nested"]) == ("accessed", True, [])


def test_what_the_debugger_makes_of_a_signal_is_still_told(cli, run_json):
    out = " ".join(cli("exception", "breakpad-linux.dmp").out.split())
    assert "this is a signal; the debugger takes it for a code of Windows and says: Unknown exception - code 0000000b" in out
    found = run_json("exception", "breakpad-linux.dmp")["exception"]
    assert found["debugger"].startswith("Unknown exception - code 0000000b")
    assert run_json("why", "breakpad-linux.dmp")["engine"]["exception"]["code"] == "0x0000000b"


def test_who_sent_a_signal(tmp_path, cli):
    line = next(line for line in cli("exception", made(tmp_path, LINUX, 6, 2**32 - 6, 1000 << 32 | 0x1234)).out.splitlines() if line.startswith("Sent by"))
    assert "1234" in line
    assert "of user 1000" in line
    assert "none comes with this" in cli("exception", made(tmp_path, LINUX, 6, 2**32 - 6, 0, (0x1234, 1000, 0))).out


def test_a_dump_that_was_asked_for(tmp_path, cli, run_json):
    path = made(tmp_path, LINUX, 0xFFFFFFFF, 0, 0x401000)
    assert "nothing crashed" in cli("exception", path).out
    assert run_json("exception", path)["exception"]["crashed"] is False


def test_a_mach_exception(tmp_path, cli, run_json):
    path = made(tmp_path, MAC, 2, 1, 0x401000, (10, 0x4200001, 0))
    out = cli("exception", path).out
    assert "ExceptionCode: 00000002 (EXC_BAD_INSTRUCTION)" in out
    assert "ExceptionFlags: 00000001 (EXC_I386_INVOP)" in out
    assert "Parameter[1]: 0000000004200001  code: SIGILL after EXC_BAD_INSTRUCTION, code 0x1" in out
    found = run_json("exception", path)["exception"]
    assert (found["kind"], found["parameters"][0]) == ("Mach exception", {"value": "0xa", "meaning": "exception: EXC_CRASH"})


def test_crashpads_signals_on_ios(tmp_path, run_json):
    builder = DumpBuilder(arch="arm64")
    builder.add_system_info(platform=IOS)
    builder.add_exception(0x10, 6, 0x401000)
    plain = builder.build()
    builder.add_stream(0x43500001, bytes(0x34))
    for data, name in ((plain, "EXC_BREAKPOINT"), (builder.build(), "SIGABRT")):
        (tmp_path / "ios.dmp").write_bytes(data)
        assert run_json("exception", tmp_path / "ios.dmp")["exception"]["code_name"] == name


def test_codes_of_windows_mean_nothing_elsewhere(tmp_path, cli):
    out, debugger = cli("exception", made(tmp_path, LINUX, 0xC0000005, 0, 0x401000, (1, 0))).out.split("hint:", 1)
    assert "Access violation" in debugger
    assert "Access violation" not in out
    assert "Attempt to" not in out
    assert "0xc0000005, a signal without a name" in out
    assert "Access violation" not in cli("exception", made(tmp_path, 0x4444, 0xC0000005, 0, 0x401000)).out.split("hint:")[0]


def test_without_system_information_codes_are_those_of_windows(tmp_path, cli, run_json):
    builder = DumpBuilder()
    builder.add_exception(0x10, 0xC0000005, 0x401000, (1, 0x45))
    path = tmp_path / "bare.dmp"
    path.write_bytes(builder.build())
    assert "Access violation" in cli("exception", path).out
    assert run_json("exception", path)["exception"]["kind"] == "Windows exception"


def test_other_commands_know_the_signal(tmp_path, cli, run_json):
    path = made(tmp_path, LINUX, 11, 1, 0x45)
    assert "SIGSEGV SEGV_MAPERR" in cli("dumpinfo", path).out
    streams = cli("streams", path, "ExceptionStream").out
    assert "SIGSEGV" in streams
    assert "SEGV_MAPERR" in streams
    fields = {row["path"]: row for row in run_json("bytes", path, "exception")["bytes"][0]["fields"]}
    code, flags = fields["ExceptionRecord.ExceptionCode"], fields["ExceptionRecord.ExceptionFlags"]
    assert (code["value"], code["text"], code["meaning"].split(";")[0]) == ("0xb", "11 (0xb) SIGSEGV", "the signal")
    assert (flags["value"], flags["text"]) == ("0x1", "1 SEGV_MAPERR")
    assert "NONCONTINUABLE" not in cli("bytes", path, "exception").out
    changed = cli("what-if", path, "exception ExceptionRecord.ExceptionCode=SIGABRT").out
    assert "6 SIGABRT" in changed


def test_the_atlas_knows_the_signal(tmp_path, cli):
    path = made(tmp_path, LINUX, 11, 1, 0x45)
    page = tmp_path / "page.html"
    assert cli("atlas", path, "-o", page).code == 0
    text = page.read_text("utf-8")
    assert "0000000b SIGSEGV SEGV_MAPERR" in text
    assert "EXCEPTION_NONCONTINUABLE" not in text


def test_names_as_the_debugger_has_them_and_the_file_beside(run_json, cli):
    """The exception lies in the fourth of four modules of one name."""
    record = run_json("exception", "module-names.dmp")["exception"]
    assert record["symbol"] == "MY_APP_7ff610300000+0x10"
    assert record["module_file"] == "MY APP.DLL"
    assert "MY_APP_7ff610300000+0x10" in cli("exception", "module-names.dmp").out
    assert run_json("evaluate", "module-names.dmp", "MY_APP_7ff610300000+0x10")["value"] == "0x7ff610300010"
    found = run_json("address", "module-names.dmp", "7ff610300010")
    assert (found["module"], found["image_path"]) == ("MY_APP_7ff610300000", "C:\\demo\\MY APP.DLL")


def test_threads_name_the_file_too(run_json):
    thread = run_json("threads", "everything-small.dmp")["threads"][2]
    assert (thread["ip_symbol"], thread["ip_module_file"]) == ("demo+0x145c", "demo.exe")
    assert thread["start_module_file"] is not None


def test_a_record_has_32_bits_where_the_session_begins_on_the_32_bit_side(cli, run_json):
    # Observed: dbgeng 10.0.15063, .exr -1 of both dumps.
    out = cli("exception", "exception-wow64-32-bit-code.dmp").out
    assert "ExceptionAddress: 00d11400 (demo32+0x1400)" in out
    assert "   Parameter[1]: 00000010" in out
    assert "Attempt to read from address 00000010\n" in out
    assert run_json("exception", "exception-wow64-32-bit-code.dmp")["exception"]["summary"] == "Attempt to read from address 00000010"
    assert "ExceptionAddress: 0000000000d11400 (demo32+0x1400)" in cli("exception", "exception-wow64.dmp").out


# Observed: dbgeng 10.0.15063, .exr -1. Only the bits of 9 count; an in-page error needs its third parameter.
LAST_LINES = [
    (0xC0000005, (0, 0x1000), "Attempt to read from address 0000000000001000"),
    (0xC0000005, (3, 0x1000), "Attempt to write to address 0000000000001000"),
    (0xC0000005, (4, 0x1000), "Attempt to read from address 0000000000001000"),
    (0xC0000005, (9, 0x1000), "Attempt to unknown address 0000000000001000"),
    (0xC0000005, (0x108, 0x1000), "Attempt to execute non-executable address 0000000000001000"),
    (0xC0000006, (8, 0x1000, 0xC000009C), "Inpage operation failed at 0000000000001000, due to I/O error 00000000c000009c"),
    (0xC0000006, (1, 0x1000, 0xFFFFFFFFC000000E), "Inpage operation failed at 0000000000001000, due to I/O error ffffffffc000000e"),
    (0xC0000006, (8, 0x1000), None),
    (0xC00000FD, (1, 0x1000), None),
    (0xC0000005, (0,), None),
]


@pytest.mark.parametrize(("code", "parameters", "line"), LAST_LINES)
def test_the_last_line_is_the_engines(tmp_path, run_json, code, parameters, line):
    assert run_json("exception", write(tmp_path, with_exception(code, parameters)))["exception"]["summary"] == line


def test_a_32_bit_dump_shows_32_bits_of_a_parameter(tmp_path, cli):
    out = cli("exception", write(tmp_path, with_exception(0xC0000006, (0, 0xFFFFFFFF80001000, 0xFFFFFFFFC000009C), kind="x86"))).out
    assert "   Parameter[1]: 80001000" in out
    assert "Inpage operation failed at 80001000, due to I/O error c000009c" in out


def test_the_last_event_has_the_io_status_as_it_stands():
    assert event_text(0xC0000006, (1, 0x1000, 0xFFFFFFFFC000000E)).startswith("In-page I/O error ffffffffc000000e - code c0000006")


def test_an_in_page_error_names_its_status(tmp_path, cli):
    out = cli("exception", write(tmp_path, with_exception(0xC0000006, (8, 0x7FF6A1B2145C, 0xC000009C)))).out
    assert "Parameter[0]: 0000000000000008  execute" in out
    assert "I/O status" in out
    assert "STATUS_DEVICE_DATA_ERROR" in out
    assert "non-executable" not in out


def test_parameters_of_a_stack_overflow_are_resolved(cli):
    out = cli("exception", "exception-stack-overflow.dmp").out
    assert "Parameter[0]: 0000000000000001  write" in out
    assert "Accessed" in out


def test_a_second_exception_is_told(run_json, cli):
    others = run_json("exception", "exception-twice.dmp")["other_exceptions"]
    assert [item["code"] for item in others] == ["0xc0000409"]
    assert "there is a second ExceptionStream" in cli("exception", "exception-twice.dmp").out


@pytest.mark.parametrize(
    ("magic", "wrong"), [(0x19930520, False), (0x19930521, False), (0x19930522, False), (0x01994000, False), (0x1993051F, True), (0, True)]
)
def test_the_mark_of_a_cpp_exception(tmp_path, cli, magic, wrong):
    out = cli("exception", write(tmp_path, with_exception(0xE06D7363, (magic, 0x1000, 0x2000)))).out
    assert ("not the mark of a C++ exception" in out) is wrong


@pytest.mark.parametrize("held", [8, 100, 167, 168])
def test_a_record_that_is_cut_says_how_much_there_is(tmp_path, cli, held):
    made = compose("threads modules memory system misc")
    whole = struct.pack("<IIIIQQII", 0x1A30, 0, 0xC0000005, 0, 0, 0x7FF6A1B2145C, 2, 0).ljust(168, b"\0")
    made.add_stream(6, whole[:held])
    out = " ".join(cli("exception", write(tmp_path, made.build())).out.split())
    assert ("the rest is taken as zeros" in out) is (12 <= held < 168)
    if 12 <= held < 168:
        assert f"ExceptionStream is cut: it has {held} of 168 bytes" in out


def test_a_nested_record_that_is_not_captured(tmp_path, cli):
    data = bytearray(with_exception(0xC0000005, (1, 0)))
    record = parse(bytes(data)).exception.offset + 8
    struct.pack_into("<Q", data, record + 8, 0x123456789000)
    assert "nested record: the record at 0x123456789000 is not in the dump" in " ".join(cli("exception", write(tmp_path, bytes(data))).out.split())


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_an_in_page_error_needs_three_parameters(tmp_path, run_json, count):
    summary = run_json("exception", write(tmp_path, with_exception(0xC0000006, (0, 0x1000, 0xC000009C, 7)[:count])))["exception"]["summary"]
    assert summary == ("Inpage operation failed at 0000000000001000, due to I/O error 00000000c000009c" if count > 2 else None)


@pytest.mark.parametrize(("code", "first"), [(0xC0000005, True), (0xE0434352, False), (0xE06D7363, True)])
def test_parameters_that_are_addresses_in_modules(code, first):
    """Each larger than 0xFFFF; the first of a .NET exception is an HRESULT."""
    dump = SimpleNamespace(symbol=lambda value: f"demo+0x{value:x}", pointer_size=8)
    words = parameter_words(dump, code, (0x80131509, 0x10000, 0xFFFF, 0))
    assert [f"demo+0x{value:x}" in word for value, word in zip((0x80131509, 0x10000, 0xFFFF, 0), words)] == [first, True, False, False]

"""Statements about a dump that were once false: breakpoints, unloaded modules, the 32-bit side, keys and times that are none."""

import struct

import pytest
from samples.recipes import access_violation, compose
from samples.writer import UnloadedModule

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.dumpdebug.lines import dumpdebug_lines
from dumpscope.diagnosis.engine.event import event_text
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import find_rule
from dumpscope.dump.contexts import wow64_registers
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from samples import blocks, process

GONE = 0x7FFC2D100000


def parse(data: bytes) -> Minidump:
    return Minidump(Source.from_object(data))


def write(tmp_path, data: bytes) -> str:
    path = tmp_path / "made.dmp"
    path.write_bytes(data)
    return str(path)


def with_exception(code: int, parameters, address: int = 0x7FF6A1B2145C, kind: str = "amd64") -> bytes:
    arguments = dict(access_violation(kind), code=code, parameters=parameters)
    if kind == "amd64":
        arguments["address"] = address
    return compose("threads modules memory exception system misc", kind=kind, exception=arguments).build()


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


# -- unloaded modules: the first in the file that holds the address (observed: dbgeng 10.0.15063, ln and .exr) ------------------


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


# -- breakpoints -------------------------------------------------------------------------------------------------------------


def fired(name_or_data, *codes: str):
    from pathlib import Path

    data = name_or_data if isinstance(name_or_data, bytes) else (Path(__file__).resolve().parents[2] / "samples" / f"{name_or_data}.dmp").read_bytes()
    found = apply([find_rule(code) for code in codes], Facts.of(Source.from_object(data)))
    return {item.code: item for item in found}


@pytest.mark.parametrize(
    ("name", "code", "confidence"),
    [
        ("exception-wake-debugger", "EXC002", "proven"),
        ("exception-break-in", "EXC002", "inferred"),
        ("exception-failed-check", "EXC010", "proven"),
        ("exception-breakpoint", "EXC010", "inferred"),
    ],
)
def test_who_made_the_breakpoint(name, code, confidence):
    found = fired(name, "EXC002", "EXC010")
    assert list(found) == [code]
    assert found[code].confidence == confidence


def test_the_bytes_of_a_failed_check_are_evidence():
    proof = next(item for item in fired("exception-failed-check", "EXC010")["EXC010"].evidence if item.what == "bytes at the address")
    assert proof.value.startswith("cc 0f 0b: ")


def test_int_3_in_ntdll_whose_thread_went_on_is_the_programs_own():
    spec = process.THREADS_64[2]
    where = 0x7FFC3A790FE0
    context = blocks.context_amd64(rip=where, rsp=spec.sp)
    arguments = {"tid": spec.tid, "code": 0x80000003, "address": where, "parameters": (0,), "context": context}
    data = compose("threads modules memory exception system misc", exception=arguments).build()
    assert list(fired(data, "EXC002", "EXC010")) == ["EXC010"]


def test_a_breakpoint_at_0_is_nobodys():
    assert not fired(with_exception(0x80000003, (), address=0), "EXC002", "EXC010")


def test_the_hint_of_exception_tells_them_apart(cli):
    assert "a debugger broke in" in cli("exception", "exception-break-in.dmp").out
    out = cli("exception", "exception-failed-check.dmp").out
    assert "int 3 of its own" in out
    assert "not a crash" not in out


# -- two exceptions, and the 32-bit side of a 64-bit dump ---------------------------------------------------------------------


def test_a_second_exception_is_told(run_json, cli):
    others = run_json("exception", "exception-twice.dmp")["other_exceptions"]
    assert [item["code"] for item in others] == ["0xc0000409"]
    assert "there is a second ExceptionStream" in cli("exception", "exception-twice.dmp").out


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
    assert not [item for item in parse(open_sample("exception-wow64")).check() if item.code == "module-overlap"]


def open_sample(name: str) -> bytes:
    from pathlib import Path

    return (Path(__file__).resolve().parents[2] / "samples" / f"{name}.dmp").read_bytes()


# -- keys and times that are none ---------------------------------------------------------------------------------------------


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


# -- object information, and writers whose flags mean nothing ------------------------------------------------------------------


def test_object_information_larger_than_the_file_is_damage(tmp_path, run_json, cli):
    data = bytearray(open_sample("handles"))
    handle = next(item for item in parse(bytes(data)).handles if item.object_info_rva)
    struct.pack_into("<III", data, handle.object_info_rva, 0x2B000300, 0x9848A01A, 0xBD000015)
    path = write(tmp_path, bytes(data))
    block = run_json("handles", path, f"0x{handle.handle:x}")
    assert "'damaged': True" in str(block)
    out = " ".join(cli("handles", path, f"0x{handle.handle:x}").out.split())
    assert "damaged: it claims 3170893845 bytes, more than the file holds" in out
    blocks, damage = parse(bytes(data)).handles.object_info(handle.object_info_rva)
    assert [item.payload for item in blocks] == [b""]
    assert [item.code for item in damage] == ["object-info-cut"]  # where it would lead is not followed


def zeroed_version(flags: int, parts: str = "threads modules memory system misc") -> bytes:
    """What Chromium's fallback handler leaves: dbgcore wrote it, the version word is zero, and Crashpad's stream is there."""
    made = compose(parts, flags, version_high=0)
    made.add_stream(0x43500001, struct.pack("<I", 1) + bytes(48))
    return made.build()


@pytest.mark.parametrize(("flags", "code"), [(0x201920, "HND001"), (0x201924, "HND002")])
def test_flags_of_a_library_that_names_itself_count(flags, code):
    """dbgcore's build string is there although the version word was zeroed."""
    data = zeroed_version(flags)
    found = fired(data, "HND001", "HND002", "HND005", "FLG004", "THR001", "THR018")
    assert code in found
    assert "HND005" not in found
    assert "FLG004" not in found
    writer = parse(data).writer
    assert writer.family == "microsoft"
    against = [item for item in writer.evidence if item.against]
    assert [item.what for item in against] == ["header.Version"]


def test_what_speaks_against_a_writer_is_told(tmp_path, cli, run_json):
    path = write(tmp_path, zeroed_version(0x201920))
    assert "although" in cli("dumpinfo", path, "-v").out + cli("dumpinfo", path).out
    assert "'against': True" in str(run_json("dumpinfo", path))


def test_crashpads_flags_ask_for_nothing(cli):
    found = fired("crashpad-annotations", "THR001", "THR018", "MOD001")
    assert list(found) == ["THR018"]
    assert "absolute" in cli("threads", "crashpad-annotations.dmp", "0").out


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ((2400, 3600, 0), "3600 MHz 2400 MHz at the time of the dump, its limit is not filled in; the writer stored the two the wrong way round"),
        ((3600, 2400, 3000), "limited to 3000 MHz"),
    ],
)
def test_frequencies(tmp_path, cli, stored, words):
    data = bytearray(open_sample("stacks-only"))
    misc = parse(bytes(data)).misc
    struct.pack_into("<3I", data, misc.offset + 24, *stored)
    struct.pack_into("<I", data, misc.offset + 4, misc.flags1 | 4)
    out = " ".join(cli("system", write(tmp_path, bytes(data))).out.split())
    assert words in out
    assert "limited to 0 MHz" not in out


# -- what flags bring, and what every dump has ----------------------------------------------------------------------------------


def test_code_windows_and_the_shared_page_are_not_of_a_flag():
    """Two threads whose code windows overlap make one range of more than 256 bytes; newer writers store KUSER_SHARED_DATA in every dump."""
    from dumpscope.diagnosis.promises import promise

    rows = process.threads_64()
    first = 0x7FF6A1B21400
    rows = [row._replace(context=blocks.context_amd64(rip=first + 0x90 * at, rsp=0x4A5E4FFE58)) for at, row in enumerate(rows)]
    made = compose("threads modules system misc", 0x41, threads=rows)
    made.add_memory(first - 0x80, b"\x90" * (0x90 * 2 + 0x100))
    made.add_memory(0x7FFE0000, process.kuser_shared_data())
    made.add_memory_list()
    facts = Facts.of(Source.from_object(made.build()))
    assert promise(facts, 0x40).delivered == "no"
    assert promise(facts, 0x1).delivered == "no"


# -- words and widths ----------------------------------------------------------------------------------------------------------


def test_wide_names_do_not_shift_a_table():
    from dumpscope.view.widths import padded, width_of

    assert width_of("日本語.dll") == 10
    assert padded("日本", 6, True) == "日本  "
    assert padded("e\u0301", 3, False) == "  e\u0301"


def test_uptime_needs_its_bytes():
    """Observed: dbgeng 10.0.15063, .time on full dumps cut behind byte 15 and 16 of the shared user data."""
    data = open_sample("full-memory")
    place = parse(data).memory.locate(0x7FFE0000)[0]
    assert EngineView(Source.from_object(data[: place + 15])).times.system is False
    assert EngineView(Source.from_object(data[: place + 16])).times.system is True


def test_of_a_writer_whose_flags_ask_for_nothing_nothing_is_said_to_be_unasked(cli):
    out = cli("why", "crashpad-annotations.dmp").out
    assert "the flags do not say what Crashpad was asked for" in " ".join(out.split())
    unsaid = ("not asked for", "FLG003", "HND013", "did not ask", "Nobody asked", "the flags are 0x0")
    assert [words for words in unsaid if words in out] == []
    flagged = cli("why", "handles-flag-cleared.dmp").out
    assert [words for words in ("FLG003", "HND013", "the flags do not say") if words in flagged] == ["FLG003", "HND013"]


def test_a_damaged_name_is_cut_in_sentences(tmp_path, cli):
    """A string whose length is wrong is no name: sentences quote the beginning and call it damaged."""
    data = bytearray(open_sample("handles"))
    rva = parse(bytes(data)).modules[0].name_rva
    struct.pack_into("<I", data, rva, 0x1800)
    path = write(tmp_path, bytes(data))
    for command in ("dumpinfo", "why"):
        out = cli(command, path).out
        line = next(line for line in out.splitlines() if line.startswith("program"))
        assert "(damaged: a name of" in line
        assert len(line) < 600

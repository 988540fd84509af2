"""The streams of one structure: whole, in older versions, and cut at every byte."""

import struct

import pytest
from samples.writer import TIMESTAMP, DumpBuilder, find_entry, patch

from dumpscope.dump.absence import DAMAGED, EMPTY, NOT_THERE, Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.misc import TimeZone


def opened(fill, **options):
    builder = DumpBuilder(**options)
    fill(builder)
    return Minidump.open(builder.build())


# --- exception -------------------------------------------------------------------------------------------------------


def test_exception():
    dump = opened(lambda b: b.add_exception(0x1234, 0xC0000005, 0x7FF612345678, (1, 0xDEAD), nested=0x55, flags=1, location=(1232, 0x999)))
    found = dump.exception
    assert (found.thread_id, found.code, found.flags, found.record, found.address) == (0x1234, 0xC0000005, 1, 0x55, 0x7FF612345678)
    assert (found.parameters, found.parameter_count) == ((1, 0xDEAD), 2)
    assert (found.context_size, found.context_rva) == (1232, 0x999)
    assert found.complete
    assert found.tid == 0x1234


def test_exception_that_claims_too_many_parameters_gives_fifteen():
    found = opened(lambda b: b.add_exception(1, 0x80000003, 0, range(15), count=0xFFFFFFFF)).exception
    assert found.parameter_count == 0xFFFFFFFF
    assert found.parameters == tuple(range(15))


def test_no_exception_says_so():
    found = opened(lambda b: b.add_system_info()).exception
    assert isinstance(found, Absent)
    assert not found
    assert found.kind == NOT_THERE


def test_exception_cut_at_every_byte():
    builder = DumpBuilder(slots=1)
    builder.add_exception(0x77, 0xC0000094, 0x401000, (5,))
    data = builder.build()
    start = find_entry(data, 6)[2]
    for end in range(start, len(data)):
        found = Minidump.open(data[:end]).exception
        if end - start < 12:
            assert found.kind == DAMAGED
        else:
            assert found.code == 0xC0000094
            assert found.held == end - start
            assert found.complete is (end - start == 168)


def test_stream_of_size_zero_is_empty():
    builder = DumpBuilder()
    builder.add_entry(6, 0, 0)
    builder.add_entry(7, 0, 0)
    builder.add_entry(15, 0, 0)
    dump = Minidump.open(builder.build())
    assert {dump.exception.kind, dump.system.kind, dump.misc.kind} == {EMPTY}


# --- system ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Windows 10 Version 19045"),
        ({"build": 22631}, "Windows 11 Version 22631"),
        ({"build": 20348, "product": 3}, "Windows Server 2022 Version 20348"),
        ({"major": 6, "minor": 1, "build": 7601, "csd": "Service Pack 1"}, "Windows 7 Version 7601 (Service Pack 1)"),
        ({"major": 5, "minor": 1, "build": 2600, "csd": "Service Pack 3"}, "Windows XP Version 2600 (Service Pack 3)"),
        ({"major": 0, "build": 0, "platform": 0x8201, "csd": "Linux 5.4"}, "Linux 0.0.0 (Linux 5.4)"),
        ({"major": 13, "minor": 5, "build": 1, "platform": 0x8101}, "macOS 13.5.1"),
        ({"major": 1, "build": 2, "platform": 0x4444}, "platform 0x4444 1.0.2"),
    ],
)
def test_operating_system_in_words(options, words):
    system = opened(lambda b: b.add_system_info(**options)).system
    assert system.os_name == words
    assert system.is_windows is (options.get("platform", 2) < 4)


@pytest.mark.parametrize(("arch", "name", "pointer"), [("x86", "x86", 4), ("amd64", "AMD64", 8), ("arm", "ARM", 4), ("arm64", "ARM64", 8)])
def test_architectures(arch, name, pointer):
    dump = opened(lambda b: b.add_system_info(), arch=arch)
    assert dump.system.architecture_name == name
    assert dump.system.pointer_size == dump.pointer_size == pointer


def test_unknown_architecture_is_a_number():
    assert opened(lambda b: b.add_system_info(architecture=0x63)).system.architecture_name == "0x63"


def test_processor_of_x86_and_of_others():
    x86 = opened(lambda b: b.add_system_info(), arch="x86").system.cpu
    assert (x86.vendor, x86.version, x86.features) == ("GenuineIntel", 0x806EC, 0xBFEBFBFF)
    other = opened(lambda b: b.add_system_info()).system.cpu
    assert other.processor_features == (0x100005F310F2774C, 0)
    assert other.has(2)
    assert not other.has(19)
    assert not other.has(500)
    breakpad = opened(lambda b: b.add_system_info(platform=0x8203, cpu=struct.pack("<II16x", 0x410FD0F0, 0xFF)), arch="arm64").system.cpu
    assert (breakpad.version, breakpad.features) == (0x410FD0F0, 0xFF)


def test_system_cut_at_every_byte():
    builder = DumpBuilder(slots=1)
    builder.add_system_info(csd="Service Pack 1")
    data = builder.build()
    start = find_entry(data, 7)[2]
    for end in range(start, len(data)):
        system = Minidump.open(data[:end]).system
        assert isinstance(system, Absent) is (end - start < 2)
        if system:
            assert system.os_name
            assert system.cpu is not None


# --- misc ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_members_of_each_version(version):
    misc = opened(lambda b: b.add_misc_info(version)).misc
    assert misc.version == version
    assert misc.process_id == 0x1A2C
    assert (misc.process_create_time, misc.process_user_time, misc.process_kernel_time) == (TIMESTAMP - 3600, 12, 3)
    first = {
        "processor_max_mhz": 2,
        "processor_current_mhz": 2,
        "processor_mhz_limit": 2,
        "processor_max_idle_state": 2,
        "processor_current_idle_state": 2,
        "integrity_level": 3,
        "execute_flags": 3,
        "protected": 3,
        "time_zone": 3,
        "build_string": 4,
        "dbg_build_string": 4,
        "process_cookie": 5,
    }
    for name, since in first.items():
        assert isinstance(getattr(misc, name), Absent) is (version < since), name
    assert isinstance(misc.xstate, Absent)


def test_values_of_the_newest_version():
    misc = opened(lambda b: b.add_misc_info(xstate={2: (576, 256), 11: (832, 16)}, context_size=0x67F)).misc
    assert (misc.integrity_level, misc.execute_flags, misc.protected, misc.process_cookie) == (0x2000, 0x4D, False, 0x5EC0DE17)
    assert misc.dbg_build_string == "dbgcore.amd64,10.0.19041.3636"
    assert misc.build_string.startswith("19041.1.")
    zone = misc.time_zone
    assert (zone.id, zone.bias, zone.standard_name, zone.daylight_bias) == (1, -60, "W. Europe Standard Time", -60)
    assert zone.daylight_date == (0, 3, 0, 5, 2, 0, 0, 0)
    assert zone.current_bias == -60
    xstate = misc.xstate
    assert (xstate.context_size, xstate.features) == (0x67F, {2: (576, 256), 11: (832, 16)})
    assert not xstate.compacted


def test_a_bit_that_is_clear_makes_its_members_absent():
    misc = opened(lambda b: b.add_misc_info(flags=0x1)).misc
    assert misc.process_id == 0x1A2C
    for name in ("process_create_time", "processor_max_mhz", "integrity_level", "time_zone", "build_string", "process_cookie"):
        assert "Flags1" in getattr(misc, name).message


def test_size_of_info_rules_even_where_the_bits_are_set():
    misc = opened(lambda b: b.add_misc_info(5, size=24)).misc
    assert misc.version == 1
    assert "0x18 bytes" in misc.integrity_level.message


def test_a_size_that_the_stream_does_not_have():
    builder = DumpBuilder()
    builder.add_misc_info(2, size=1364, flags=0x3F7)
    misc = Minidump.open(builder.build()).misc
    assert misc.version == 5
    assert misc.processor_max_mhz == 2808
    assert "cut" in misc.integrity_level.message


def test_misc_cut_at_every_byte():
    builder = DumpBuilder(slots=1)
    builder.add_misc_info()
    data = builder.build()
    start = find_entry(data, 15)[2]
    names = [name for name in dir(type(Minidump.open(data).misc)) if not name.startswith("_") and name not in ("missing", "number")]
    for end in range(start, len(data), 5):
        misc = Minidump.open(data[:end]).misc
        if misc:
            for name in names:
                getattr(misc, name)
        else:
            assert end - start < 8


def test_build_string_without_its_nul():
    builder = DumpBuilder()
    builder.add_misc_info()
    data = builder.build()
    start = find_entry(data, 15)[2]
    data = patch(data, ("<80s", start + 752, b"\x00\xd8" * 40))
    assert Minidump.open(data).misc.dbg_build_string == "\ud800" * 40


@pytest.mark.parametrize(("zone", "minutes"), [(0, 60), (1, 65), (2, 70), (3, 60)])
def test_the_bias_of_a_time_zone_is_that_of_its_season(zone, minutes):
    found = TimeZone(zone, 60, "winter", (0,) * 8, 5, "summer", (0,) * 8, 10)
    assert found.current_bias == minutes


@pytest.mark.parametrize(("size", "version"), [(23, 1), (24, 1), (43, 1), (44, 2), (231, 2), (232, 3), (831, 3), (832, 4), (1363, 4), (1364, 5), (2000, 5)])
def test_the_version_of_misc_info_follows_from_its_size(size, version):
    data = struct.pack("<II", size, 0x3FF).ljust(1364, b"\0")
    found = opened(lambda made: made.add_stream(15, data)).misc
    assert (found.version, found.size) == (version, size)

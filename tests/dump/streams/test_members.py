"""Streams of one structure: each member is given exactly where its size, the file and its bit allow it."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any, List, Tuple, Union

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope.dump.absence import DAMAGED, EMPTY, NOT_THERE, Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.counters import Counters
from dumpscope.dump.streams.exception import ExceptionInfo
from dumpscope.dump.streams.misc import MiscInfo
from dumpscope.format.counters import (
    MINIDUMP_PROCESS_VM_COUNTERS_1,
    MINIDUMP_PROCESS_VM_COUNTERS_2,
    MINIDUMP_SYSTEM_MEMORY_INFO_1,
    MINIDUMP_SYSTEM_MEMORY_INFO_2,
)
from dumpscope.format.misc import MINIDUMP_MISC_INFO_5

# --- MiscInfoStream ------------------------------------------------------------------------------------------------------

# minidumpapiset.h: member, where it begins and ends, and the MINIDUMP_MISC* bit of Flags1 that makes it valid (0: none)
MEMBERS: List[Tuple[str, int, int, int]] = [
    ("SizeOfInfo", 0, 4, 0),
    ("Flags1", 4, 8, 0),
    ("ProcessId", 8, 12, 1),
    ("ProcessCreateTime", 12, 16, 2),
    ("ProcessUserTime", 16, 20, 2),
    ("ProcessKernelTime", 20, 24, 2),
    ("ProcessorMaxMhz", 24, 28, 4),
    ("ProcessorCurrentMhz", 28, 32, 4),
    ("ProcessorMhzLimit", 32, 36, 4),
    ("ProcessorMaxIdleState", 36, 40, 4),
    ("ProcessorCurrentIdleState", 40, 44, 4),
    ("ProcessIntegrityLevel", 44, 48, 0x10),
    ("ProcessExecuteFlags", 48, 52, 0x20),
    ("ProtectedProcess", 52, 56, 0x80),
    ("TimeZoneId", 56, 60, 0x40),
    ("TimeZone", 60, 232, 0x40),
    ("BuildString", 232, 752, 0x100),
    ("DbgBldStr", 752, 832, 0x100),
    ("XStateData", 832, 1360, 0),
    ("ProcessCookie", 1360, 1364, 0x200),
]
WHOLE = 1364


def misc(size: int = WHOLE, flags: int = 0xFFFFFFFF, held: int = WHOLE, body: bytes = b"") -> MiscInfo:
    """MiscInfo with SizeOfInfo and Flags1, of which the stream has some bytes; the others are those of ``body``, or all different words."""
    data = bytearray(body or b"".join(struct.pack("<I", 0x01010101 * (number % 200 + 3) + number) for number in range(WHOLE // 4)))
    struct.pack_into("<II", data, 0, size, flags)
    builder = DumpBuilder(slots=1)
    builder.add_stream(15, bytes(data[:held]))
    found = Minidump.open(builder.build()).misc
    assert isinstance(found, MiscInfo)
    return found


def message(value: Any) -> str:
    assert isinstance(value, Absent)
    assert value.kind == NOT_THERE
    return value.message


@each(("name", "start", "end", "bit"), MEMBERS)
def test_a_member_of_misc_info(name: str, start: int, end: int, bit: int) -> None:
    for size in (end - 1, end, end + 1):
        said = misc(size).missing(name)
        assert (said is None) is (size >= end)
        assert said is None or message(said) == f"no {name}: the writer's MiscInfo has 0x{size:x} bytes, {name} ends at 0x{end:x}"
    for held in {max(end - 1, 8), end + (end == 4) * 4, end + 5}:
        said = misc(held=held).missing(name)
        assert (said is None) is (held >= end)
        assert said is None or message(said) == f"no {name}: MiscInfoStream is cut at 0x{held:x}, {name} ends at 0x{end:x}"
    for flags in {0, 0xFFFFFFFF, 0xFFFFFFFF ^ bit, bit, *(1 << number for number in range(10))}:
        said = misc(flags=flags).missing(name)
        assert (said is None) is (bit == 0 or bool(flags & bit))
        assert said is None or message(said) == f"no {name}: Flags1 (0x{flags:x}) has no bit 0x{bit:x}"
    if end - start == 4 and start > 4:
        assert misc().number(name) == 0x01010101 * (start // 4 % 200 + 3) + start // 4
        assert isinstance(misc(end - 1).number(name), Absent)


def test_names_that_misc_info_does_not_have() -> None:
    with pytest.raises(KeyError):
        misc().missing("Nothing")
    assert [name for name, *_ in MEMBERS] == [field.name for field in MINIDUMP_MISC_INFO_5.fields]


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("process_id", "ProcessId"),
        ("process_create_time", "ProcessCreateTime"),
        ("process_user_time", "ProcessUserTime"),
        ("process_kernel_time", "ProcessKernelTime"),
        ("processor_max_mhz", "ProcessorMaxMhz"),
        ("processor_current_mhz", "ProcessorCurrentMhz"),
        ("processor_mhz_limit", "ProcessorMhzLimit"),
        ("processor_max_idle_state", "ProcessorMaxIdleState"),
        ("processor_current_idle_state", "ProcessorCurrentIdleState"),
        ("integrity_level", "ProcessIntegrityLevel"),
        ("execute_flags", "ProcessExecuteFlags"),
        ("process_cookie", "ProcessCookie"),
    ],
)
def test_a_number_of_misc_info_has_a_name(name: str, member: str) -> None:
    found = misc()
    assert getattr(found, name) == found.number(member)
    assert f"no {member}: " in message(getattr(misc(flags=0), name))


@pytest.mark.parametrize(("value", "protected"), [(0, False), (1, True), (2, True), (0xFFFFFFFF, True)])
def test_a_protected_process(value: int, protected: bool) -> None:
    body = bytearray(WHOLE)
    struct.pack_into("<I", body, 52, value)
    assert misc(body=bytes(body)).protected is protected
    assert "ProtectedProcess" in message(misc(flags=0xFF7F).protected)


def test_the_time_zone_field_by_field() -> None:
    body = bytearray(WHOLE)
    struct.pack_into("<I", body, 56, 2)
    standard, daylight = "Standard\0xx".encode("utf-16-le"), "Daylight".encode("utf-16-le")
    struct.pack_into("<i64s8Hi64s8Hi", body, 60, -60, standard, *range(1, 9), 5, daylight, *range(11, 19), -65)
    zone = misc(body=bytes(body)).time_zone
    assert zone == (2, -60, "Standard", tuple(range(1, 9)), 5, "Daylight", tuple(range(11, 19)), -65)
    assert not isinstance(zone, Absent)
    assert [zone._replace(id=number).current_bias for number in range(4)] == [-60, -55, -125, -60]


@pytest.mark.parametrize(("name", "start", "end"), [("BuildString", 232, 752), ("DbgBldStr", 752, 832)])
def test_texts_of_misc_info(name: str, start: int, end: int) -> None:
    """A text fills its member, or ends at the first NUL. One of them is asked for whatever the bits say."""
    full = "".join(chr(0x100 + number) for number in range((end - start) // 2))
    for text, wanted in ((full, full), ("ab\0cd", "ab"), ("", ""), ("\ud800", "\ud800")):
        body = bytearray(WHOLE)
        raw = text.encode("utf-16-le", "surrogatepass")
        body[start : start + len(raw)] = raw
        data = bytes(body)
        attribute = "build_string" if name == "BuildString" else "dbg_build_string"
        assert getattr(misc(body=data), attribute) == wanted == misc(body=data).unguarded_text(name) == misc(flags=0, body=data).unguarded_text(name)
        assert name in message(getattr(misc(flags=0xFF, body=data), attribute))
        for size, held, there in ((end, end, True), (end - 1, WHOLE, False), (WHOLE, end - 1, False), (end + 1, end, True), (end, end + 1, True)):
            assert misc(size, 0, held, data).unguarded_text(name) == (wanted if there else "")


@each("bits", [0, 1, 2, 0b101, 1 << 62, 1 << 63, (1 << 64) - 1])
@each("size", [0, 1, 528])
def test_the_features_of_extended_state(bits: int, size: int) -> None:
    """XSTATE_CONFIG_FEATURE_MSC_INFO: a size of its own instead of a bit; the last of 64 bits is no feature."""
    body = bytearray(WHOLE)
    struct.pack_into("<IIQ128I", body, 832, size, 0x344, bits, *(value for number in range(64) for value in (0x1000 + number, 0x2000 + number)))
    info = misc(flags=0, body=bytes(body))
    found = info.xstate
    if not size:
        assert message(found) == "no XStateData: its SizeOfInfo is 0"
        return
    assert found == (size, 0x344, bits, {bit: (0x1000 + bit, 0x2000 + bit) for bit in range(63) if bits >> bit & 1}, info.offset + 832)


@pytest.mark.parametrize(("held", "there"), [(1, False), (7, False), (8, True), (12, True), (WHOLE - 1, True), (WHOLE, True), (WHOLE + 1, True)])
def test_misc_info_needs_its_size_and_flags(held: int, there: bool) -> None:
    builder = DumpBuilder(slots=1)
    builder.add_stream(15, struct.pack("<III", held, 1, 77).ljust(WHOLE + 8, b"\xee")[:held])
    found = Minidump.open(builder.build()).misc
    assert (not isinstance(found, Absent)) is there
    if isinstance(found, Absent):
        assert found.kind == DAMAGED
    else:
        assert (found.process_id, found.held, found.size, found.flags1, found.offset) == (
            77 if held >= 12 else found.missing("ProcessId"),
            min(held, WHOLE),
            held,
            1,
            builder.entries[0][2],
        )
        assert repr(found) == f"<MiscInfo version {found.version}: {held} bytes, Flags1 0x1>"


# --- counters ------------------------------------------------------------------------------------------------------------

STRUCTURES = {
    (21, 1): MINIDUMP_SYSTEM_MEMORY_INFO_1,
    (21, 2): MINIDUMP_SYSTEM_MEMORY_INFO_2,
    (22, 1): MINIDUMP_PROCESS_VM_COUNTERS_1,
    (22, 2): MINIDUMP_PROCESS_VM_COUNTERS_2,
}


@cache
def image_of(kind: int, version: int, flags: int, size: int) -> Tuple[bytes, int]:
    """A dump with counters whose bytes are all different, and where they stand: at its end."""
    structure = STRUCTURES[kind, version]
    data = bytearray((37 * place + 11) % 251 + 1 for place in range(structure.size if size < 0 else size))
    struct.pack_into("<HH", data, 0, version, flags)
    builder = DumpBuilder(slots=1)
    rva = builder.append(bytes(data))
    builder.add_entry(kind, len(data), rva)
    return builder.build(), rva


def counters(kind: int, version: int, held: int = -1, flags: int = 0xFFFF, size: int = -1) -> Counters:
    """Counters of which ``held`` bytes are in the file."""
    image, rva = image_of(kind, version, flags, size)
    dump = Minidump.open(image if held < 0 else image[: rva + held])
    found = dump.system_memory if kind == 21 else dump.vm_counters
    assert isinstance(found, Counters)
    return found


@pytest.mark.parametrize(("kind", "version"), STRUCTURES)
def test_each_counter_needs_its_bytes(kind: int, version: int) -> None:
    structure = STRUCTURES[kind, version]
    whole = counters(kind, version)
    assert (whole.version, whole.held, whole.structure, whole.revision) == (version, structure.size, structure, version)
    assert repr(whole) == f"<Counters {structure.name}: {structure.size} bytes>"
    assert [one.name for one in whole] == [leaf.path for leaf in structure.leaves if leaf.path not in ("Revision", "Flags")] == list(whole.as_dict())
    for leaf in structure.leaves:
        if leaf.path in ("Revision", "Flags"):
            assert leaf.path in whole
            continue
        end = leaf.offset + leaf.field.size
        wanted = int.from_bytes(bytes((37 * place + 11) % 251 + 1 for place in range(leaf.offset, end)), "little")
        assert whole[leaf.path] == wanted == whole.get(leaf.path) == whole.as_dict()[leaf.path]
        for held in (end - 1, end):
            value = counters(kind, version, held)[leaf.path]
            if held < end:
                assert message(value) == f"no {leaf.path}: the stream has 0x{held:x} bytes, {leaf.path} ends at 0x{end:x}"
            else:
                assert value == wanted
        (place,) = [one for one in whole if one.name == leaf.path]
        assert (place.offset, place.field, place.value) == (whole.offset + leaf.offset, leaf.field, wanted)
    assert "Nothing" not in whole
    assert message(whole.get("Nothing")) == f"no Nothing: version {version} of the structure does not have it"
    with pytest.raises(KeyError):
        whole["Nothing"]


@pytest.mark.parametrize(("kind", "version"), STRUCTURES)
def test_a_bit_makes_some_counters_valid(kind: int, version: int) -> None:
    """``Flags has 0x…`` of the layout's words, of the counter itself or of the structure that it stands in."""
    structure = STRUCTURES[kind, version]
    guarded = 0
    for number in range(16):
        without, alone = counters(kind, version, flags=0xFFFF ^ 1 << number), counters(kind, version, flags=1 << number)
        for leaf in structure.leaves:
            words = [field.when for field in (leaf.field, structure.field(leaf.path.partition(".")[0])) if field.when]
            bit = int(words[0].rpartition("0x")[2], 16) if words and words[0].startswith("Flags has 0x") else 0
            if leaf.path in ("Revision", "Flags"):
                continue
            guarded += bit != 0
            assert isinstance(without[leaf.path], Absent) is (bit == 1 << number)
            assert isinstance(alone[leaf.path], Absent) is (bit not in (0, 1 << number))
            if bit == 1 << number:
                assert message(without[leaf.path]) == f"no {leaf.path}: Flags (0x{0xFFFF ^ bit:x}) has no bit 0x{bit:x}"
    assert (guarded > 0) is ("Flags" in counters(kind, version))


@pytest.mark.parametrize(("kind", "size", "version"), [(kind, STRUCTURES[kind, 1].size + more, 1 + (more > 0)) for kind in (21, 22) for more in (-1, 0, 1)])
def test_the_version_of_counters_follows_from_the_size(kind: int, size: int, version: int) -> None:
    found = counters(kind, version, size=size)
    assert (found.version, found.structure, found.held) == (version, STRUCTURES[kind, version], size)


@pytest.mark.parametrize("kind", [21, 22])
@pytest.mark.parametrize(("size", "why"), [(0, EMPTY), (1, DAMAGED), (3, DAMAGED), (4, "")])
def test_counters_need_four_bytes(kind: int, size: int, why: str) -> None:
    builder = DumpBuilder(slots=1)
    builder.add_stream(kind, struct.pack("<HH", 1, 0)[:size])
    dump = Minidump.open(builder.build())
    found: Union[Counters, Absent] = dump.system_memory if kind == 21 else dump.vm_counters
    assert (found.kind if isinstance(found, Absent) else "") == why


# --- ExceptionStream -----------------------------------------------------------------------------------------------------


def exception(count: int, held: int = 168) -> Union[ExceptionInfo, Absent]:
    head = struct.pack("<IIIIQQII", 0x1234, 0, 0xC0000005, 1, 0x1111111122222222, 0x3333333344444444, count, 0)
    data = head + struct.pack("<15Q", *(0x100 + number for number in range(15))) + struct.pack("<II", 0x4D0, 0x5678)
    assert len(data) == 168
    builder = DumpBuilder(slots=1)
    builder.add_stream(6, data[:held])
    return Minidump.open(builder.build()).exception


@pytest.mark.parametrize("count", [0, 1, 2, 14, 15, 16, 0xFFFFFFFF])
def test_as_many_parameters_as_fifteen(count: int) -> None:
    found = exception(count)
    assert isinstance(found, ExceptionInfo)
    assert found[:5] == (0x1234, 0xC0000005, 1, 0x1111111122222222, 0x3333333344444444)
    assert found.parameters == tuple(0x100 + number for number in range(min(count, 15)))
    assert (found.parameter_count, found.context_size, found.context_rva, found.held, found.complete, found.tid) == (count, 0x4D0, 0x5678, 168, True, 0x1234)


@pytest.mark.parametrize(("held", "there"), [(1, False), (8, False), (11, False), (12, True), (13, True), (40, True), (167, True), (168, True)])
def test_an_exception_needs_its_code(held: int, there: bool) -> None:
    found = exception(2, held)
    assert (not isinstance(found, Absent)) is there
    if isinstance(found, Absent):
        assert found.kind == DAMAGED
    else:
        assert (found.code, found.held, found.complete) == (0xC0000005, held, held == 168)
        assert found.parameter_count == (2 if held >= 40 else 0)

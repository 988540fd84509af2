"""Structures decoded from bytes, and the machinery of their declarations."""

from __future__ import annotations

import struct

import pytest
from tests.cases import each
from tests.format.test_layout import ALL, get

from dumpscope.format.layout import (
    HEX,
    LONG32,
    RVA,
    RVA_KIND,
    UCHAR,
    ULONG32,
    ULONG64,
    USHORT,
    Enumeration,
    Field,
    FlagSet,
    Structure,
)


def test_thread_decodes() -> None:
    data = struct.pack("<IIIIQQIIII", 0x1A00, 1, 0x20, 0xFFFFFFFE, 0x69F3CAD000, 0x21FC28, 0x3D8, 0x2B5E, 0x4D0, 0x1000)
    values = get("MINIDUMP_THREAD").unpack(b"\xff" * 3 + data, 3)
    assert values["ThreadId"] == 0x1A00
    assert values["Teb"] == 0x69F3CAD000
    assert values["Stack.StartOfMemoryRange"] == 0x21FC28
    assert values["Stack.Memory.DataSize"] == 0x3D8
    assert values["Stack.Memory.Rva"] == 0x2B5E
    assert (values["ThreadContext.DataSize"], values["ThreadContext.Rva"]) == (0x4D0, 0x1000)
    field = get("MINIDUMP_THREAD").field("Priority")
    assert isinstance(field.values, Enumeration)
    assert field.values.label(values["Priority"]) == "THREAD_PRIORITY_LOWEST"


def test_unaligned_64_bit_number_decodes() -> None:
    assert get("MINIDUMP_THREAD_NAME").unpack(struct.pack("<IQ", 7, 0x123456789A)) == {"ThreadId": 7, "RvaOfThreadName": 0x123456789A}


def test_union_members_are_all_decoded() -> None:
    data = bytearray(56)
    struct.pack_into("<HHHBB", data, 0, 9, 6, 0x8C01, 36, 1)
    struct.pack_into("<12sIII", data, 32, b"GenuineIntel", 0x806C1, 0xBFEBFBFF, 0)
    values = get("MINIDUMP_SYSTEM_INFO").unpack(bytes(data))
    assert (values["Reserved0"], values["NumberOfProcessors"], values["ProductType"]) == (0x0124, 36, 1)
    assert struct.pack("<3I", *values["Cpu.X86CpuInfo.VendorId"]) == b"GenuineIntel"
    assert values["Cpu.OtherCpuInfo.ProcessorFeatures"][0] == int.from_bytes(b"GenuineI", "little")


def test_too_short_a_buffer_is_an_error() -> None:
    with pytest.raises(struct.error):
        get("MINIDUMP_HEADER").unpack(bytes(31))


@each("name", sorted(ALL))
def test_select_reads_what_unpack_reads(name: str) -> None:
    structure = ALL[name]
    data = bytes((7 * index + 3) & 0xFF for index in range(structure.size + 5))
    values = structure.unpack(data)
    end = 0
    paths = []
    for leaf in structure.leaves:
        if leaf.offset >= end:
            paths.append(leaf.path)
            end = leaf.offset + leaf.field.size
    reader = structure.select(*paths, stride=structure.size + 5)
    assert reader.size == structure.size + 5
    flat = []
    for path in paths:
        flat.extend(values[path] if isinstance(values[path], tuple) else [values[path]])
    assert list(reader.unpack(data)) == flat


def test_select_refuses_what_cannot_be() -> None:
    thread = get("MINIDUMP_THREAD")
    with pytest.raises(ValueError, match="out of order"):
        thread.select("Teb", "ThreadId")
    with pytest.raises(ValueError, match="beyond an element of 20 bytes"):
        thread.select("ThreadId", "Teb", stride=20)
    with pytest.raises(KeyError):
        thread.select("Tib")


# --- the machinery itself -------------------------------------------------------------------------------------------


def test_packing_and_padding() -> None:
    fields = [("a", UCHAR), ("b", ULONG64), ("c", USHORT)]
    packed = Structure("packed", [Field(name, type) for name, type in fields])
    natural = Structure("natural", [Field(name, type) for name, type in fields], pack=8)
    assert [field.offset for field in packed.fields] == [0, 4, 12]
    assert (packed.size, packed.align) == (16, 4)
    assert [field.offset for field in natural.fields] == [0, 8, 16]
    assert (natural.size, natural.align) == (24, 8)


def test_arrays_and_unknown_names() -> None:
    inner = Structure("inner", [Field("x", USHORT), Field("y", LONG32)])
    outer = Structure("outer", [Field("n", UCHAR), Field("bytes", UCHAR, count=3), Field("list", inner, count=2), Field("rest", inner, count=0)])
    assert outer.size == 20
    assert [leaf.path for leaf in outer.leaves] == ["n", "bytes", "list[0].x", "list[0].y", "list[1].x", "list[1].y"]
    values = outer.unpack(struct.pack("<B3sHxxiHxxi", 1, b"abc", 2, -3, 4, -5))
    assert values == {"n": 1, "bytes": b"abc", "list[0].x": 2, "list[0].y": -3, "list[1].x": 4, "list[1].y": -5}
    assert outer.offset_of("rest") == 20
    for path in ("none", "n.x", "list.z"):
        with pytest.raises(KeyError):
            outer.offset_of(path)
    with pytest.raises(KeyError):
        outer.leaf("list.x")


def test_kind_follows_from_the_type() -> None:
    flags = FlagSet("F", {1: ("ONE", "first"), 4: ("FOUR", "")})
    assert Field("a", RVA).kind == RVA_KIND
    assert Field("a", ULONG32).kind == "decimal"
    assert Field("a", ULONG32, values=flags).kind == HEX


def test_flag_names() -> None:
    flags = FlagSet("F", {1: ("ONE", "first"), 4: ("FOUR", ""), 0xC0: ("BOTH", "")})
    assert flags.labels(0x45) == ["ONE", "FOUR", "0x40"]
    assert flags.labels(0xC1) == ["ONE", "BOTH"]
    assert flags.split(0x2) == ([], 2)
    assert flags.labels(0) == []
    assert FlagSet("G", {0: ("NONE", ""), 1: ("ONE", "")}).labels(0) == ["NONE"]
    assert (flags.value("FOUR"), flags.meaning(1), flags.meaning(2)) == (4, "first", "")
    with pytest.raises(KeyError):
        flags.value("TWO")


def test_enumeration_names() -> None:
    numbers = Enumeration("E", {3: ("THREE", "three")})
    assert (numbers.label(3), numbers.label(4), numbers.meaning(3), numbers.meaning(4), numbers.value("THREE")) == ("THREE", None, "three", "", 3)
    with pytest.raises(KeyError):
        numbers.value("FOUR")


def test_c_text() -> None:
    text = get("MINIDUMP_DIRECTORY").c_declaration().splitlines()
    assert text[0] == "typedef struct _MINIDUMP_DIRECTORY {"
    assert text[2] == "    MINIDUMP_LOCATION_DESCRIPTOR Location;  // +0x4"
    assert text[-1] == "} MINIDUMP_DIRECTORY;  // 0xc bytes"
    assert "    WCHAR Buffer[];  // +0x4" in get("MINIDUMP_STRING").c_declaration()
    assert "    UCHAR Reserved[3];  // +0x9" in get("IMAGE_DEBUG_MISC").c_declaration()

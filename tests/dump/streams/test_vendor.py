"""Streams of Crashpad, Breakpad, Wine, Mozilla, and of nobody we know."""

import struct

import pytest
from samples.writer import DumpBuilder, find_entry
from tests.cases import each

from dumpscope.dump.absence import NOT_KNOWN, NOT_THERE
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.crashpad import MAX_ANNOTATIONS, MAX_TOTAL
from dumpscope.dump.streams.vendor import guess


def opened(fill, **options):
    builder = DumpBuilder(**options)
    builder.add_system_info()
    fill(builder)
    return Minidump.open(builder.build())


# --- Crashpad --------------------------------------------------------------------------------------------------------


def crashpad(builder, old=False):
    rows = [
        builder.crashpad_module(0, {"url-chunk": "http://example"}, ["abort", "größe"], [("prod", 1, b"Demo"), ("blob", 0x8001, b"\0\1")]),
        builder.crashpad_module(3, {"prod": "Later"}),
    ]
    builder.add_crashpad_info({"ver": "1.2", "plat": "Win64"}, rows, old=old)


@pytest.mark.parametrize("old", [False, True])
def test_annotations(old):
    found = opened(lambda b: crashpad(b, old)).annotations
    assert found.version == 1
    assert found.report_id == "6f1d3c52-7a0e-4c86-9d55-20c3b1a4e8f7"
    assert found.client_id == "0b8e7d16-93c4-4f2a-8a61-5de2f7c90b34"
    assert found.simple == {"ver": "1.2", "plat": "Win64"}
    assert [module.module_index for module in found.modules] == [0, 3]
    first = found.modules[0]
    assert first.strings == ["abort", "größe"]
    assert [(item.name, item.type, item.data) for item in first.objects] == [("prod", 1, b"Demo"), ("blob", 0x8001, b"\0\1")]
    assert found.all() == {"ver": "1.2", "plat": "Win64", "url-chunk": "http://example", "prod": "Demo"}
    assert found.damage == ()


def test_no_annotations():
    assert opened(lambda b: None).annotations.kind == NOT_THERE


def test_a_count_of_annotations_that_lies():
    builder = DumpBuilder(slots=1)
    builder.add_crashpad_info({"ver": "1"})
    data = bytearray(builder.build())
    rva = struct.unpack_from("<I", data, find_entry(bytes(data), 0x43500001)[2] + 40)[0]
    struct.pack_into("<I", data, rva, 0xFFFFFFFF)
    found = Minidump.open(bytes(data)).annotations
    assert found.simple == {"ver": "1"}
    assert [damage.code for damage in found.damage] == ["annotation-outside-file"]


def test_a_flood_of_long_annotations_is_bounded():
    builder = DumpBuilder(slots=1)
    text = builder.utf8("k" * 0x10000)
    pairs = struct.pack("<II", text, text) * (MAX_ANNOTATIONS + 7)
    rva = builder.append(struct.pack("<I", MAX_ANNOTATIONS + 7) + pairs)
    builder.add_stream(0x43500001, struct.pack("<I32xIIIIIQ", 1, 4 + len(pairs), rva, 0, 0, 0, 0))
    found = Minidump.open(builder.build()).annotations
    assert "annotation-too-many" in [damage.code for damage in found.damage]
    assert sum(len(key) + len(value) for key, value in found.simple.items()) <= MAX_TOTAL


def test_annotations_cut_anywhere():
    builder = DumpBuilder(slots=2)
    crashpad(builder)
    data = builder.build()
    for end in range(60, len(data), 11):
        dump = Minidump.open(data[:end])
        if dump.annotations:
            dump.annotations.all()
        list(dump.check())


# --- Breakpad --------------------------------------------------------------------------------------------------------


def test_breakpad():
    def fill(builder):
        builder.add_breakpad_info(0x11, 0x22)
        builder.add_assertion("x != nullptr", "Run", "main.cc", 42)
        builder.add_linux_text("cmdline", b"demo\0--all\0")
        builder.add_linux_text("auxv", struct.pack("<6Q", 3, 0x40, 6, 4096, 0, 0))
        builder.add_dso_debug([(0x400000, "/bin/demo", 0x401000), (0x7F0000, "/lib/größe.so", 5)], brk=1, ldbase=2, dynamic=3)

    found = opened(fill, version_high=0).breakpad
    assert found
    assert (found.info.dump_thread_id, found.info.requesting_thread_id) == (0x11, 0x22)
    assertion = found.assertion
    assert (assertion.expression, assertion.function, assertion.file, assertion.line) == ("x != nullptr", "Run", "main.cc", 42)
    assert "invalid parameter" in assertion.type_name
    assert found.file("cmdline").text == "demo\n--all"
    assert found.file("/proc/PID/maps") is None
    assert found.auxiliary_vector == [(3, 0x40), (6, 4096), (0, 0)]
    shared = found.shared_objects
    assert (shared.brk, shared.loader_base, shared.dynamic) == (1, 2, 3)
    assert [(item.address, item.name, item.dynamic) for item in shared.objects] == [(0x400000, "/bin/demo", 0x401000), (0x7F0000, "/lib/größe.so", 5)]
    assert shared.damage == ()


def test_breakpad_in_32_bits():
    def fill(builder):
        builder.add_dso_debug([(0x8048000, "/bin/demo", 0x8049000)], ldbase=7)
        builder.add_linux_text("auxv", struct.pack("<4I", 6, 4096, 0, 0))

    found = opened(fill, arch="x86", version_high=0).breakpad
    assert [item.name for item in found.shared_objects.objects] == ["/bin/demo"]
    assert found.auxiliary_vector == [(6, 4096), (0, 0)]


def test_validity_bits():
    found = opened(lambda b: b.add_breakpad_info(0x11, 0x22, 2)).breakpad.info
    assert found.dump_thread_id.kind == NOT_THERE
    assert found.requesting_thread_id == 0x22


def test_no_breakpad_streams():
    found = opened(lambda b: None).breakpad
    assert not found
    assert found.files == []
    assert found.info.kind == found.assertion.kind == found.shared_objects.kind == NOT_THERE


def test_a_list_of_shared_objects_outside_the_file():
    def fill(builder):
        builder.add_stream(0x4767000A, struct.pack("<III4xQQQ", 1, 0xFFFFFF00, 0xFFFFFFFF, 0, 0, 0))

    found = opened(fill).breakpad.shared_objects
    assert found.objects == []
    assert [damage.code for damage in found.damage] == ["dso-outside-file"]


# --- the others --------------------------------------------------------------------------------------------------------


def test_mozilla():
    def fill(builder):
        builder.add_mac_boot_args("keepsyms=1")
        builder.add_stream(0x4D7A0003, b"Max open files 1024")
        builder.add_stream(0x4D7A0004, b'["no stack"]')
        builder.add_mac_crash_info([b"abc"])

    found = opened(fill, version_high=0).mozilla
    assert found
    assert found.boot_arguments == "keepsyms=1"
    assert found.limits == "Max open files 1024"
    assert found.soft_errors == '["no stack"]'
    assert found.crash_info.size > 0
    assert not opened(lambda b: None).mozilla


def test_wine_marker_that_lies():
    builder = DumpBuilder(slots=1)
    builder.add_system_info()
    builder.append(b"WINE" + struct.pack("<4I", 0xFFFFFFFF, 0xFFFFFFFF, 5000, 16) + b"abc\0")
    found = Minidump.open(builder.build()).wine
    assert (found.build, found.host_name, found.host_release) == ("", "", "abc")


@each(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"\0" * 40, "zeros"),
        (b"plain words\r\n", "text"),
        ("größe".encode(), "text"),
        ("wide words".encode("utf-16-le"), "utf-16"),
        ("\ufeffwide".encode("utf-16-le"), "utf-16"),
        (b"<?xml version='1.0'?><a/>", "xml"),
        ("<a>wide</a>".encode("utf-16-le"), "xml"),
        (b'{"a": 1}\0', "json"),
        (b"MDMP\x93\xa7", "minidump"),
        (b"\x08\x96\x01\x12\x03abc\x1d\0\0\0\0", "protobuf"),
        (b"\xff\x01\x02\x80" * 9, "binary"),
        (b"x" * 4095 + "é".encode()[:1], "text"),
        (b"x" * 9 + "é".encode()[:1], "binary"),
        (("w" * 9 + "\u0141").encode("utf-16-le"), "utf-16"),
        (("w" * 8 + "\u0141" * 2).encode("utf-16-le"), "binary"),
        (("w" * 9 + "\x01").encode("utf-16-le"), "utf-16"),
        (("w" * 8 + "\x01\x02").encode("utf-16-le"), "binary"),
        ("w\t".encode("utf-16-le"), "utf-16"),
        (b"\x08\x01", "binary"),
        (b"\x08\x01\x10\x02", "protobuf"),
        (b"\x09" + bytes(8) + b"\x10\x02", "protobuf"),
        (b"\x09" + bytes(7) + b"\x10\x02", "binary"),
        (b"\x0b\x01\x10\x02", "binary"),
    ],
)
def test_guesses(data, kind):
    assert guess(data) == kind


def test_user_streams():
    def fill(builder):
        builder.add_stream(0x10000, "<crash/>".encode("utf-16-le") + b"\0\0")
        builder.add_stream(0x12345678, b"\xfe\xed" * 20)
        builder.add_stream(0x4B6B0002, b"\x08\x01\x10\x02")
        builder.add_crashpad_info()
        builder.add_comment_a("not one")

    found = opened(fill).user_streams
    assert [(item.type, item.guess, item.vendor) for item in found] == [
        (0x10000, "xml", ""),
        (0x12345678, "binary", ""),
        (0x4B6B0002, "protobuf", "Chromium"),
    ]
    assert found[0].text() == "<crash/>"
    assert found[1].text().kind == NOT_KNOWN
    assert found[1].data(3) == b"\xfe\xed\xfe"
    assert found[1].name == "0x12345678"


def test_a_user_stream_outside_the_file():
    builder = DumpBuilder()
    builder.add_entry(0x10000, 0xFFFFFFFF, 0xFFFFFFF0)
    found = Minidump.open(builder.build()).user_streams[0]
    assert (found.guess, found.data(), found.size) == ("empty", b"", 0xFFFFFFFF)

"""Files that are no minidump: what they are called, and that nothing but DumpError leaves."""

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope.dump.identify import kind_of
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError

PAD = b"\x91" * 4096
KINDS = {
    "empty": b"",
    "zeros": b"\0" * 100000,
    "minidump-cut": b"MDMP\x93\xa7\x61\xa0" + b"\0" * 12,
    "kernel-dump": b"PAGEDU64" + (15).to_bytes(4, "little") + (19041).to_bytes(4, "little") + PAD,
    "legacy-user-dump": b"USERDU64" + PAD,
    "byte-swapped": b"PMDM\xa7\x93\0\0" + PAD,
    "cabinet": b"MSCF\0\0\0\0" + PAD,
    "zip": b"PK\x03\x04\x14\0" + PAD,
    "7z": b"7z\xbc\xaf\x27\x1c" + PAD,
    "gzip": b"\x1f\x8b\x08" + PAD,
    "zstd": b"\x28\xb5\x2f\xfd" + PAD,
    "xz": b"\xfd7zXZ\0" + PAD,
    "elf": b"\x7fELF\x02\x01" + PAD,
    "mach-o": b"\xcf\xfa\xed\xfe" + PAD,
    "pe": b"MZ\x90\0" + PAD,
    "pdb": b"Microsoft C/C++ MSF 7.00\r\n" + PAD,
    "git-lfs-pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "web-page": b"\r\n<!DOCTYPE html><html><body>Sign in</body></html>",
    "text": "a name: größe\r\n".encode() * 10,
    "debugger-log": "Loading Dump File [C:\\größe.dmp]\r\n".encode() * 10,
    "crash-report": b"#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n",
    "database-export": b"\x03\x00\x01EXPORT:V12.01.00\nDSYSTEM\n" + PAD,
    "database-backup": b"TAPE\0\0\x03\0" + PAD,
    "heap-dump": b"JAVA PROFILE 1.0.2\0" + PAD,
    "event-trace": b"Nettrace\x14\0\0\0!FastSerialization.1" + PAD,
    "network-capture": b"\xd4\xc3\xb2\xa1\x02\0\x04\0" + PAD,
    "unknown": b"\x01\x02\x03\xf4" * 100,
    "too-small": b"\x01\xfe\xfd",
}


@each("code", KINDS)
def test_kind(code):
    data = KINDS[code]
    assert kind_of(Source.from_object(data)).code == code
    with pytest.raises(DumpError) as caught:
        Minidump.open(data)
    assert caught.value.hint
    # Of a user dump of the old format the header is read, up to the processor that these bytes do not name.
    assert caught.value.offset == (16 if code == "legacy-user-dump" else 0)


def test_text_in_utf16_and_text_that_is_cut_inside_a_character():
    assert kind_of(Source.from_object("\ufeffsome words".encode("utf-16-le"))).code == "text"
    assert kind_of(Source.from_object(b"x" * 4095 + "é".encode())).code == "text"


def test_a_minidump_behind_other_bytes_is_found():
    dump = DumpBuilder()
    dump.add_system_info()
    for front in (b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 8192, b"\xee" * 0xFFF00):
        kind = kind_of(Source.from_object(front + dump.build()))
        assert (kind.code, kind.offset) == ("minidump-inside", len(front))
    far = kind_of(Source.from_object(b"\xee" * 0x100000 + dump.build()))
    assert far.code == "unknown"


def test_the_word_alone_is_no_embedded_minidump():
    assert kind_of(Source.from_object(b"\xee" * 64 + b"MDMP" * 5000)).code == "unknown"


def test_kernel_dump_names_its_build():
    with pytest.raises(DumpError, match="19041"):
        Minidump.open(KINDS["kernel-dump"])


def test_sizes_are_filled_where_a_size_is_wrong():
    with pytest.raises(DumpError) as caught:
        Minidump.open(KINDS["minidump-cut"])
    assert (caught.value.needed, caught.value.available) == (32, 20)


def test_a_minidump_is_one():
    kind = kind_of(Source.from_object(DumpBuilder().build()))
    assert kind.is_minidump


TEXTS = {
    "-- MySQL dump 10.13  Distrib 8.0.36\n--\n": "database-export",
    "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n": "database-export",
    "--\n-- PostgreSQL database dump\n--\n": "database-export",
    "-- exported\nCREATE TABLE demo (id int);\n": "database-export",
    "Version=1\r\nEventType=APPCRASH\r\nEventTime=133\r\n": "crash-report",
    "Application exception occurred:\n        App: demo.exe (pid=1)\n": "crash-report",
    "Process:               demo [123]\nPath: /a\nIdentifier: demo\n": "crash-report",
    "date/time          : 2024-01-01\ncomputer name      : PC\nexception class    : EAccessViolation\n": "crash-report",
    "Operating system: Windows NT\n                  10.0\nCPU: amd64\n\nCrash reason:  EXCEPTION_ACCESS_VIOLATION_READ\n": "crash-report",
    "Traceback (most recent call last):\n  File x\n": "crash-report",
    "Unhandled Exception: EXCEPTION_ACCESS_VIOLATION reading address 0x00000000\n": "crash-report",
    "2024-01-01 service started\n": "text",
    "The list of dumps is empty.\n": "text",
}


@each("text", TEXTS)
@each("encoding", ["utf-8", "utf-16"])
def test_texts_called_dmp_are_told_apart(text, encoding):
    assert kind_of(Source.from_object(text.encode(encoding))).code == TEXTS[text]


def test_a_minidump_without_its_signature_is_named_with_the_bytes_to_put_back():
    whole = DumpBuilder()
    whole.add_system_info()
    whole.add_module_list([])
    data = whole.build()
    for start, code in ((b"\x12\x34\x56\x78\x9a\xbc", "signature-spoilt"), (b"\0\0\0\0\x93\xa7", "signature-zero"), (b"\0" * 6, "signature-zero")):
        kind = kind_of(Source.from_object(start + data[6:]))
        assert kind.code == code
        assert "4d 44 4d 50 93 a7" in kind.hint
    assert kind_of(Source.from_object(data)).is_minidump


def test_a_directory_that_is_none_makes_no_minidump_without_signature():
    for front in (b"\x12" * 8, b"\0" * 8):
        assert kind_of(Source.from_object(front + (2).to_bytes(4, "little") + (32).to_bytes(4, "little") + b"\x07\0\0\x01" * 4000)).code in ("unknown", "zeros")


def test_a_minidump_that_was_broken_off_early_is_named():
    whole = DumpBuilder()
    whole.add_system_info()
    whole.add_module_list([])
    data = b"\0\0\0\0\x93\xa7" + whole.build()[6:]
    for size in (32, 40, 50):
        kind = kind_of(Source.from_object(data[:size]))
        assert kind.code == "signature-zero"
        assert "write the dump again" in kind.hint
    assert kind_of(Source.from_object(data[:31])).code == "too-small"

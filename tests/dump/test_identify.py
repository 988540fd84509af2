"""Files that are no minidump: what they are called, and that nothing but DumpError leaves."""

import pytest
from samples.writer import DumpBuilder

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
    "text": "Loading Dump File [C:\\größe.dmp]\r\n".encode() * 10,
    "unknown": b"\x01\x02\x03\xf4" * 100,
    "too-small": b"\x01\xfe\xfd",
}


@pytest.mark.parametrize("code", KINDS)
def test_kind(code):
    data = KINDS[code]
    assert kind_of(Source.from_object(data)).code == code
    with pytest.raises(DumpError) as caught:
        Minidump.open(data)
    assert caught.value.hint
    assert caught.value.offset == 0


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

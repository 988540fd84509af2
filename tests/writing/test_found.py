"""Where a text stands in a dump: in any encoding, across ranges, once."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

from tests.cases import each

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.writing.scrub import find_text

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_a_text_is_found_across_the_border_of_two_ranges() -> None:
    from dumpscope.writing import DumpBuilder

    builder = DumpBuilder()
    builder.set("SystemInfoStream", ProcessorArchitecture=9, NumberOfProcessors=1, ProductType=1, MajorVersion=10, PlatformId=2, CSDVersion="")
    builder.capture(0x10000, b"a" * 60 + b"hunt")
    builder.capture(0x20000, b"b" * 64)
    builder.capture(0x10040, b"er2" + b"c" * 61)
    data = builder.to_bytes()
    with Minidump.open(data) as dump:
        rvas = {start: rva for start, _, rva in dump.memory.spans()}
    found = list(find_text(Source.from_object(data), "HUNTER2"))
    assert [place.offset for place in found] == [rvas[0x10000] + 60]
    assert "0x10040" in found[0].how


@each("text", ["hunter2-pass", "geheim ö", "ab cd/ef+gh", "Zugang"])
@each("how", ["ASCII", "UTF-16", "UTF-16, big-endian", "percent-encoded", "base64", "base64 of UTF-16"])
@each("before", [b"", b"\x01", b"ab", b"\xfe\xfe\xfe"])
def test_a_text_is_found_in_any_encoding_and_once(text: str, how: str, before: bytes) -> None:
    data = bytearray((SAMPLES / "full-memory.dmp").read_bytes())
    encoded = {
        "ASCII": before + text.upper().encode() if text.isascii() else before + text.encode(),
        "UTF-16": before + text.encode("utf-16-le"),
        "UTF-16, big-endian": before + b"\xff" + text.encode("utf-16-be") + b"\xff",
        "percent-encoded": before + quote(text, safe="").encode(),
        "base64": b64encode(before + text.encode() + b"xy"),
        "base64 of UTF-16": b64encode(before + text.encode("utf-16-le") + b"x"),
    }[how]
    place = len(data) - 0x300
    data[place : place + 0x80] = bytes(0x80)
    data[place : place + len(encoded)] = encoded
    found = list(find_text(Source.from_object(bytes(data)), text))
    plain = how == "percent-encoded" and quote(text, safe="") == text
    assert [(item.how, place <= item.offset < place + len(encoded)) for item in found] == [("ASCII" if plain else how, True)]

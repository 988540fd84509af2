"""Unreal Engine's crash context: its encodings, references, places and limits."""

from __future__ import annotations

import pytest
from samples.writer import DumpBuilder

from dumpscope.dump.absence import DAMAGED, NOT_KNOWN, NOT_THERE
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.unreal import MAX_CONTEXT, MAX_PROPERTIES, crash_context_stream, read_unreal


def read(data):
    made = DumpBuilder()
    made.add_system_info()
    if data is not None:
        made.add_stream(0x10000, data)
    dump = Minidump.open(made.build())
    return dump, read_unreal(dump)


def context(inside):
    return f"<FGenericCrashContext>{inside}</FGenericCrashContext>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16"])
def test_elements_and_where_they_are(encoding):
    text = context("<Größe>no</Größe><Name>ä\U0001f600b</Name>\n<Next> 7 </Next><Name>later</Name>")
    dump, found = read(text.encode(encoding))
    assert (found.get("Name"), found.get("Next"), found.get("Nothing"), found.truncated) == ("ä\U0001f600b", "7", "", False)
    assert found.offset == dump.stream(0x10000).rva
    for name, value in (("Name", "ä\U0001f600b"), ("Next", " 7 ")):
        wanted = value.encode("utf-16-le" if "16" in encoding else "utf-8")
        assert dump.source.some(found.properties[name].offset, len(wanted)) == wanted


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#65;&#x41;&#x4a;", "AAJ"),
        ("&#1;", "\x01"),
        ("&#0;", "\ufffd"),
        ("&#xD7FF;&#xD800;&#xDFFF;&#xE000;", "\ud7ff\ufffd\ufffd\ue000"),
        ("&#1114111;&#1114112;", "\U0010ffff\ufffd"),
        ("&nbsp;&#12345678;", "&nbsp;&#12345678;"),
    ],
)
def test_references(reference, text):
    assert read(context(f"<A>|{reference}|</A>").encode())[1].get("A") == f"|{text}|"


def test_what_is_behind_a_nul_does_not_count():
    _, found = read((context("<A>1</A>") + "\0<B>2</B>").encode())
    assert list(found.properties) == ["A"]


def test_an_odd_byte_at_the_end_is_left_out():
    assert read(context("<A>1</A>").encode("utf-16-le") + b"x")[1].get("A") == "1"


def test_limits():
    _, found = read(context("".join(f"<P{index}>x</P{index}>" for index in range(MAX_PROPERTIES + 5))).encode())
    assert len(found.properties) == MAX_PROPERTIES
    assert read((context("<A>1</A>") + " " * MAX_CONTEXT).encode())[1].truncated
    exact = context("<A>1</A>").encode()
    assert not read(exact + b" " * (MAX_CONTEXT - len(exact)))[1].truncated


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (None, NOT_THERE, "holds no stream 0x10000"),
        (b"something else", NOT_KNOWN, "its text does not say FGenericCrashContext"),
        (b"<FGenericCrashContext><A>cut", DAMAGED, "has no element that is whole"),
    ],
)
def test_what_is_no_context(data, kind, words):
    dump, found = read(data)
    assert (found.kind, words in found.message) == (kind, True)
    assert (crash_context_stream(dump) is None) is (kind != DAMAGED)

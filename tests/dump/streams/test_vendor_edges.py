"""Streams of Wine, Mozilla, and unknown writers at their edges: one byte short, exact, one more; numbers next to theirs; limits of what is looked at."""

from __future__ import annotations

import struct
from typing import Callable, Optional, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope.dump.absence import DAMAGED, EMPTY, NOT_KNOWN, NOT_THERE
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.unreal import MARK
from dumpscope.dump.streams.vendor import MAX_TEXT, UserStream, guess, stream_name, user_streams

PROBE = 4096
"""Bytes from which a stream's kind is guessed, as the documentation of UserStream.guess says."""


def opened(fill: Callable[[DumpBuilder], object]) -> Minidump:
    builder = DumpBuilder(slots=12)
    builder.append(b"\xdd" * 5)
    fill(builder)
    return Minidump.open(builder.build())


def one(kind: int, data: bytes, size: Optional[int] = None) -> Minidump:
    """A dump of one stream, whose entry may say another size than it has."""
    return opened(lambda builder: builder.add_entry(kind, len(data) if size is None else size, builder.append(data)))


def user(data: bytes, kind: int = 0x12345, size: Optional[int] = None) -> UserStream:
    return one(kind, data, size).user_streams[0]


# --- Wine --------------------------------------------------------------------------------------------------------------


def wine(marker: bytes, size: int = 56) -> Minidump:
    return one(7, b"\xee" * 56 + marker, size)


TEXTS = b"wine-8.0\0Linux\0" + b"6.1.0\0"
MARKER = b"WINE" + struct.pack("<4I", 3, 16, 25, 31) + TEXTS


@pytest.mark.parametrize("size", [0, 55, 56, 57, 56 + len(MARKER)])
def test_wine_stands_behind_system_info_whatever_its_size(size: int) -> None:
    dump = wine(MARKER, size)
    stream = dump.stream(7)
    assert stream is not None
    assert dump.wine == ("wine-8.0", "Linux", "6.1.0", stream.rva + 56)


@pytest.mark.parametrize(
    ("count", "texts"),
    [(0, ("", "", "")), (1, ("wine-8.0", "", "")), (2, ("wine-8.0", "Linux", "")), (3, ("wine-8.0", "Linux", "6.1.0")), (4, ("wine-8.0", "Linux", "6.1.0"))],
)
def test_wine_has_as_many_texts_as_it_counts(count: int, texts: Tuple[str, str, str]) -> None:
    assert wine(MARKER[:4] + struct.pack("<I", count) + MARKER[8:]).wine[:3] == texts


@each(
    ("offset", "text"),
    [
        (0, "\x03"),  # the count itself: offsets begin behind the signature
        (15, ""),
        (16, "wine-8.0"),
        (17, "ine-8.0"),
        (36, ""),
        (16 + len(TEXTS) - 2, "0"),
        (16 + len(TEXTS) - 1, ""),
        (16 + len(TEXTS), ""),
        (16 + len(TEXTS) + 1, ""),
        (0xFFFFFFFF, ""),
    ],
)
@each("number", range(3))
def test_the_offsets_of_wines_texts(offset: int, text: str, number: int) -> None:
    offsets = [21, 22, 23]
    offsets[number] = offset
    found = wine(b"WINE" + struct.pack("<4I", 3, *offsets) + TEXTS).wine
    wanted = ["8.0", ".0", "0"]
    wanted[number] = text
    assert list(found[:3]) == wanted


def test_the_last_byte_of_wines_texts() -> None:
    """A text that the file ends, of one byte; and one that is not UTF-8."""
    assert wine(b"WINE" + struct.pack("<4I", 3, 16, 17, 18) + b"xyz").wine[:3] == ("xyz", "yz", "z")
    assert wine(b"WINE" + struct.pack("<4I", 1, 16, 0, 0) + b"\xe9t\xc3\xa9\0").wine.build == "\udce9té"


@pytest.mark.parametrize("end", [1023, 1024, 1025])
def test_wines_marker_is_looked_at_up_to_its_limit(end: int) -> None:
    """1024 bytes from the signature on."""
    marker = (b"WINE" + struct.pack("<4I", 3, end - 4 - 2, 1018, 1019)).ljust(end, b"a") + b"bbb"
    found = wine(marker).wine
    assert found.build == ("aab", "aa", "a")[end - 1023]
    assert (
        (found.host_name, found.host_release) == ("a" * (end - 1022) + "b" * (1024 - end), "a" * (end - 1023) + "b" * (1024 - end))
        if end < 1025
        else ("aa", "a")
    )


@pytest.mark.parametrize(("size", "there"), [(0, False), (3, False), (4, False), (19, False), (20, True), (21, True)])
def test_wines_marker_has_20_bytes(size: int, there: bool) -> None:
    found = wine(b"WINE".ljust(size, b"\0")[:size]).wine
    assert bool(found) is there
    if not there:
        assert found == (NOT_THERE, "no Wine marker after SystemInfo")


@pytest.mark.parametrize("signature", [b"WIN\0", b"wine", b"ENIW", b"\0WIN"])
def test_another_signature_is_not_wines(signature: bytes) -> None:
    assert wine(signature + MARKER[4:]).wine == (NOT_THERE, "no Wine marker after SystemInfo")


def test_wine_without_system_info() -> None:
    assert one(8, MARKER).wine == (NOT_THERE, "no Wine marker: there is no SystemInfoStream")


# --- Mozilla -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "there"),
    [(0x4D7A0000, False), (0x4D7A0001, True), (0x4D7A0002, True), (0x4D7A0003, True), (0x4D7A0004, True), (0x4D7A0005, False), (0x4D790001, False)],
)
def test_which_streams_are_mozillas(kind: int, there: bool) -> None:
    found = one(kind, b"text").mozilla
    assert bool(found) is there
    assert [bool(part) for part in (found.limits, found.soft_errors)] == [kind == 0x4D7A0003, kind == 0x4D7A0004]
    assert isinstance(found.crash_info, UserStream) is (kind == 0x4D7A0001)


def test_what_mozilla_says_without_its_streams() -> None:
    found = one(7, bytes(56)).mozilla
    assert found.limits == (NOT_THERE, "no process limits: the file holds no such stream")
    assert found.soft_errors == (NOT_THERE, "no soft errors: the file holds no such stream")
    assert found.boot_arguments == (NOT_THERE, "no macOS boot arguments: the file holds no such stream")
    assert found.crash_info == (NOT_THERE, "no macOS crash information")


@pytest.mark.parametrize("kind", [0x4D7A0003, 0x4D7A0004])
@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), (b"a", "a"), (b"a\0", "a"), (b"a\0b\0\0", "a\0b"), (b"\0a", "\0a"), ("größe".encode(), "größe"), (b"\xe9", "\udce9"), (b"a \n", "a \n")],
)
def test_mozillas_texts(kind: int, data: bytes, text: str) -> None:
    found = one(kind, data).mozilla
    assert (found.limits if kind == 0x4D7A0003 else found.soft_errors) == text


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_mozillas_texts_are_read_up_to_their_limit(more: int) -> None:
    data = b"x" * (MAX_TEXT - 1) + b"yz"
    assert MAX_TEXT == 0x100000
    assert one(0x4D7A0003, data, MAX_TEXT + more).mozilla.limits == data[: MAX_TEXT + min(more, 0)].decode()


def test_mozillas_text_ends_with_its_stream_or_the_file() -> None:
    assert one(0x4D7A0003, b"abcdef", 4).mozilla.limits == "abcd"
    assert one(0x4D7A0003, b"abcdef", 0xFFFFFFFF).mozilla.limits == "abcdef"


@pytest.mark.parametrize(("size", "kind"), [(0, EMPTY), (1, DAMAGED), (11, DAMAGED), (12, ""), (13, "")])
def test_mac_boot_arguments_need_12_bytes(size: int, kind: str) -> None:
    def fill(builder: DumpBuilder) -> None:
        rva = builder.string("-v größe")
        data = struct.pack("<IQ", 0x4D7A0002, rva) + b"\xee"
        builder.add_entry(0x4D7A0002, size, builder.append(data))

    found = opened(fill).mozilla.boot_arguments
    if kind:
        assert (found.kind, found.message.startswith("macOS boot arguments cannot be read" if kind == DAMAGED else "no macOS boot arguments")) == (kind, True)
    else:
        assert found == "-v größe"


def test_mac_crash_information_is_given_as_it_is() -> None:
    dump = one(0x4D7A0001, b"\x01\x02\x03\xff")
    found = dump.mozilla.crash_info
    assert (found.type, found.size, found.data(), found.offset) == (0x4D7A0001, 4, b"\x01\x02\x03\xff", dump.stream(0x4D7A0001).rva)


# --- streams of unknown writers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "vendor"),
    [
        (0x10000, "0x10000", ""),
        (0x12345, "0x12345", ""),
        (0xFACDFFFF, "0xfacdffff", ""),
        (0xFACE0000, "0xface0000", "Facebook"),
        (0xFACEFFFF, "0xfaceffff", "Facebook"),
        (0xFACF0000, "0xfacf0000", ""),
        (0x4C4C4441, "0x4c4c4441", ""),
        (0x4C4C4442, "0x4c4c4442", "LLDB"),
        (0x4C4C4443, "0x4c4c4443", ""),
        (0xFFFFFFFF, "0xffffffff", ""),
    ],
)
def test_the_name_and_vendor_of_a_number(kind: int, name: str, vendor: str) -> None:
    dump = one(kind, b"\xff\x01\x02\x80" * 9)
    (found,) = dump.user_streams
    assert (found.type, found.size, found.stream) == (kind, 36, dump.stream(kind))
    assert found.offset == found.stream.rva
    assert found.vendor == vendor
    assert found.name in (name, found.stream.name)
    assert (found.stream.name == "???") is (found.name == name)
    assert repr(found) == f"<UserStream 0x{kind:x}: 36 bytes, binary>"


@pytest.mark.parametrize(("kind", "mine"), [(0x10000, True), (0x10001, False), (0x20000, False)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_unreals_number_and_text_together_are_its_own(kind: int, mine: bool, encoding: str) -> None:
    dump = one(kind, f"<{MARK}>".encode(encoding))
    found = UserStream(dump.streams[0], dump.source)
    assert (found.name, found.vendor) == (("UE4_MINIDUMP_CRASHCONTEXT", "Unreal Engine") if mine else (f"0x{kind:x}", ""))
    assert stream_name(dump, dump.streams[0]) == ("UE4_MINIDUMP_CRASHCONTEXT" if mine else "???")


@pytest.mark.parametrize("past", [-1, 0, 1])
def test_unreals_mark_is_looked_for_in_the_first_bytes(past: int) -> None:
    dump = one(0x10000, b" " * (PROBE - len(MARK) + past) + MARK.encode() + b">")
    (found,) = [UserStream(stream, dump.source) for stream in dump.streams if stream.type == 0x10000]
    assert found.vendor == ("" if past > 0 else "Unreal Engine")
    assert found.name == ("0x10000" if past > 0 else "UE4_MINIDUMP_CRASHCONTEXT")


def test_the_name_of_a_stream() -> None:
    """Of two streams of the number, the name is that of the one which holds the text."""
    dump = opened(lambda builder: [builder.add_stream(0x10000, b"nothing"), builder.add_stream(7, bytes(56)), builder.add_stream(0x10001, b"x")])
    assert [stream_name(dump, stream) for stream in list(dump.streams)[:3]] == ["???", "SystemInfoStream", "???"]
    dump = opened(lambda builder: [builder.add_stream(0x10000, MARK.encode()), builder.add_stream(0x10000, MARK.encode() + b"2")])
    names = [stream_name(dump, stream) for stream in list(dump.streams)[:2]]
    assert sorted(names) == ["???", "UE4_MINIDUMP_CRASHCONTEXT"]
    assert names[[stream == dump.stream(0x10000) for stream in list(dump.streams)[:2]].index(True)] == "UE4_MINIDUMP_CRASHCONTEXT"


@pytest.mark.parametrize(
    ("kind", "there"), [(0xFFFE, False), (0xFFFF, False), (0x10000, True), (0x10001, True), (0x7000, False), (0x4D7A0003, False), (0x47670003, False)]
)
def test_which_streams_are_the_users(kind: int, there: bool) -> None:
    assert [found.type for found in one(kind, b"abc").user_streams] == ([kind] if there else [])


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4)])
def test_user_streams_are_bounded_and_in_order(limit: int, count: int) -> None:
    kinds = [0x20000, 7, 0x10000, 0x47670003, 0x30000, 0x10000]
    dump = opened(lambda builder: [builder.add_stream(kind, bytes([index + 1])) for index, kind in enumerate(kinds)])
    assert [(found.type, found.data()) for found in user_streams(dump, limit)] == [(0x20000, b"\1"), (0x10000, b"\3"), (0x30000, b"\5"), (0x10000, b"\6")][
        :count
    ]
    assert len(dump.user_streams) == 4


@pytest.mark.parametrize(
    ("size", "limit", "got"),
    [(6, 6, b"abcdef"), (6, 5, b"abcde"), (6, 7, b"abcdef"), (5, 6, b"abcde"), (6, 0, b""), (6, 1, b"a"), (7, 9, b"abcdef"), (0, 9, b"")],
)
def test_the_first_bytes_of_a_stream(size: int, limit: int, got: bytes) -> None:
    assert user(b"abcdef", size=size).data(limit) == got


def test_bytes_of_a_stream_are_bounded() -> None:
    data = b"x" * MAX_TEXT + b"y"
    found = user(data)
    assert len(found.data()) == MAX_TEXT
    assert found.data(MAX_TEXT + 1) == data
    assert found.text() == "x" * MAX_TEXT
    assert found.text(3) == "xxx"
    assert found.size == MAX_TEXT + 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        (b"plain\0\0", "plain"),
        (b"\xef\xbb\xbfplain", "plain"),
        ("größe".encode(), "größe"),
        (b'{"a": 1}\0', '{"a": 1}'),
        (b"<a/>", "<a/>"),
        ("wide words".encode("utf-16-le"), "wide words"),
        ("wide words".encode("utf-16-le") + b"\0\0", "wide words"),
        ("wide words".encode("utf-16-le") + b"x", "wide words"),
        ("\ufeffwide".encode("utf-16-le"), "wide"),
        ("\ufeff\u0141\u0142\u0143".encode("utf-16-le"), "\u0141\u0142\u0143"),
        ("<a>wide</a>".encode("utf-16-le"), "<a>wide</a>"),
        ('{"wide": 1}'.encode("utf-16-le") + b"\0", '{"wide": 1}'),
        (b"x" * (PROBE - 1) + "é".encode(), "x" * (PROBE - 1) + "é"),
    ],
)
def test_the_text_of_a_stream(data: bytes, text: str) -> None:
    assert user(data).text() == text


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "empty"), (bytes(9), "zeros"), (b"MDMP1234", "minidump"), (b"\x08\x01\x10\x02", "protobuf"), (b"\xff\x01\x02\x80" * 9, "binary")],
)
def test_bytes_that_are_no_text(data: bytes, kind: str) -> None:
    assert user(data).text() == (NOT_KNOWN, f"the stream's bytes do not look like text, but like {kind}")


@pytest.mark.parametrize("past", [-1, 0, 1])
def test_a_guess_is_made_from_the_first_bytes(past: int) -> None:
    assert user(b"w" * (PROBE - 1 + past) + b"\1").guess == ("binary" if past <= 0 else "text")
    assert user(bytes(PROBE - 1 + past) + b"\1").guess == ("binary" if past <= 0 else "zeros")


@each("byte", range(256))
def test_bytes_that_a_text_may_have(byte: int) -> None:
    """Control characters other than tab, line feed, form feed, carriage return and escape make it no text; a byte above 127 is no UTF-8 by itself."""
    allowed = byte in (9, 10, 12, 13, 27) or 32 <= byte < 128
    assert guess(b"words " + bytes([byte]) + b" words") == ("text" if allowed else "binary")
    wide = (b"w\0" * 3 + bytes([byte]) + b"\0") * 2
    assert guess(wide) == ("utf-16" if byte in (9, 10, 13) or byte >= 32 else "binary")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<a", "xml"),
        (" \t\r\n<a", "xml"),
        ("\ufeff <a", "xml"),
        ("\x0c<a", ""),
        ("x<a", ""),
        ("{1", "json"),
        ("[1", "json"),
        (" \r\n[1", "json"),
        ("(1)", ""),
        ("]1", ""),
        ("}1", ""),
        (">a", ""),
    ],
)
def test_what_a_text_begins_with(text: str, kind: str) -> None:
    assert guess(text.encode()) == (kind or "text")
    if "\x0c" not in text:
        assert guess((text + "words" * 9).encode("utf-16-le")) == (kind or "utf-16")


def test_spaces_alone_are_text() -> None:
    assert (guess(b"  "), guess(b"  \0\0"), guess("    ".encode("utf-16-le"))) == ("text", "text", "utf-16")


@pytest.mark.parametrize(("tail", "good"), [(0, True), (1, True), (2, True), (3, True), (4, False)])
def test_a_character_that_the_probe_cuts(tail: int, good: bool) -> None:
    """The last character may be cut at the end of the bytes looked at, not before, and not in a short text."""
    cut = "\U0001f600".encode()[:1]
    for size, kind in ((PROBE, "text" if good else "binary"), (PROBE + 1, "text" if good else "binary"), (PROBE - 1, "text" if not tail else "binary")):
        data = b"w" * size if not tail else b"w" * (size - tail) + cut + b"w" * (tail - 1)
        assert guess(data) == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xfe", "utf-16"),
        (b"\xff\xfe\x01\x02\x03\x04", "utf-16"),
        (b"\xff\xfd\x01\x02", "binary"),
        (b"a\0", "text"),
        (b"a\0\0\0\0\0", "text"),
        (b"a\0b\0", "utf-16"),
        (b"a\0b\0\0\0\0\0", "utf-16"),
        (b"a\0b\0\0", "utf-16"),
        (b"a\0b\0c", "utf-16"),
        (b"a\0\0b", "binary"),
        (b"a\0b", "binary"),
        (b"\0a\0b", "binary"),
    ],
)
def test_short_wide_texts(data: bytes, kind: str) -> None:
    assert guess(data) == kind


@pytest.mark.parametrize("count", [10, 20, 30])
def test_a_tenth_of_a_wide_text_may_be_other(count: int) -> None:
    for other, spoiled in ((b"\x41\x01", b"\xff\x01"), (b"\x01\0", b"\x01\0")):
        few, many = count // 10, count // 10 + 1
        assert guess(other * few + b"w\0" * (count - few)) == "utf-16"
        assert guess(spoiled * many + b"w\0" * (count - many)) == "binary"


VARINT = b"\x96\x01"
LONG = b"\xff" * 9 + b"\x01"


@each(
    ("data", "good"),
    [
        (b"\x08\x01" * 2, True),
        (b"\x08\x01", False),
        (b"\x08\x01\x08", False),
        (b"\x08\x01\x08\x80", False),
        (b"\x08" + VARINT + b"\x10" + LONG, True),
        (b"\x08\x01\x10" + b"\xff" * 10 + b"\x01", False),
        (b"\x08\x01\x09" + bytes(8), True),
        (b"\x08\x01\x09" + bytes(7), False),
        (b"\x08\x01\x09" + bytes(9), False),
        (b"\x08\x01\x0d" + bytes(4), True),
        (b"\x08\x01\x0d" + bytes(3), False),
        (b"\x08\x01\x0d" + bytes(5), False),
        (b"\x08\x01\x12\x03\x01\x02\x03", True),
        (b"\x08\x01\x12\x03\x01\x02", False),
        (b"\x08\x01\x12\x03\x01\x02\x03\x04", False),
        (b"\x08\x01\x12", False),
        (b"\x08\x01\x12\x80", False),
        (b"\x08\x01\x12\x00", True),
        (b"\x08\x01\x0b", False),
        (b"\x08\x01\x0c", False),
        (b"\x08\x01\x0e", False),
        (b"\x08\x01\x0f", False),
        (b"\x08\x01\x00\x01", False),
        (b"\x08\x01\x07\x01", False),
        (b"\x08\x01\xf8\xff\xff\xff\x0f\x01", True),
        (b"\x08\x01\x80\x80\x80\x80\x10\x01", False),
        (b"\x09" + bytes(8) + b"\x0d" + bytes(4), True),
        (b"\x08\x01" * 63 + b"\x0f\x01", False),
    ],
)
def test_fields_of_a_protocol_buffer(data: bytes, good: bool) -> None:
    assert guess(data) == ("protobuf" if good else "binary")


@pytest.mark.parametrize("more", [-2, -1, 0, 1, 2])
def test_64_fields_of_a_protocol_buffer_are_followed(more: int) -> None:
    """A short buffer has no more; of bytes that fill the probe, what follows does not count."""
    count = 64 + more
    assert guess(b"\x08\x01" * count) == ("protobuf" if more <= 0 else "binary")
    assert guess((b"\x08\x01" * count).ljust(PROBE, b"\x0f")) == ("protobuf" if more >= 0 else "binary")
    assert guess((b"\x08\x01" * count).ljust(PROBE - 1, b"\x0f")) == "binary"


def test_a_field_that_the_probe_cuts() -> None:
    for size, kind in ((PROBE - 1, "binary"), (PROBE, "protobuf"), (PROBE + 1, "protobuf")):
        head = b"\x08\x01\x12\xff\xff\x01"
        assert guess(head + b"\x01" * (size - len(head))) == kind


@pytest.mark.parametrize(
    ("data", "kind"), [(b"MDMP", "minidump"), (b"MDM", "text"), (b"mdmp", "text"), (b" MDMP", "text"), (b"\0", "zeros"), (b"\0\0\0\1", "binary")]
)
def test_other_guesses(data: bytes, kind: str) -> None:
    assert guess(data) == kind


def test_a_stream_guesses_as_its_bytes_do() -> None:
    assert [user(data).guess for data in (b"a", b"a\0b\0", b"<a>", b"{}")] == ["text", "utf-16", "xml", "json"]

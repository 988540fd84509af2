"""Tokens: what each part says, and elements that lie about themselves."""

import struct

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope.dump.absence import EMPTY, NOT_ASKED, NOT_THERE
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.tokens import MAX_TOKENS, sid_text
from samples import blocks

USER = "S-1-5-21-1004336348-1177238915-682003330-1001"
GROUPS = [("S-1-1-0", 7), ("S-1-5-32-544", 0x10), ("S-1-16-8192", 0x60)]


def element(**changes):
    values = {
        "token_id": 0x1A2C,
        "handle": 0x2F0,
        "session": 2,
        "user": USER,
        "groups": GROUPS,
        "primary_group": "S-1-5-21-1004336348-1177238915-682003330-513",
        "privileges": [(20, 0), (23, 3)],
    }
    values.update(changes)
    return blocks.token_element(**values)


def tokens(*elements):
    builder = DumpBuilder(flags=0x40000)
    builder.add_tokens(elements)
    return Minidump.open(builder.build())


def test_every_part():
    dump = tokens(element(), element(token_id=0x99, restricted=[("S-1-5-12", 7)]))
    assert len(dump.tokens) == 2
    assert dump.tokens.absence is None
    assert dump.tokens.damage == ()
    first, second = dump.tokens
    assert (first.id, first.handle, first.session) == (0x1A2C, 0x2F0, 2)
    assert str(first.user) == USER
    assert [(group.text, group.attributes) for group in first.groups] == GROUPS
    assert first.groups[1].name == "BUILTIN\\Administrators"
    assert first.primary_group.text.endswith("-513")
    assert [(item.name, item.enabled) for item in first.privileges] == [("SeDebugPrivilege", False), ("SeChangeNotifyPrivilege", True)]
    assert first.statistics.type == 1
    assert first.statistics.group_count == 3
    assert first.integrity == 0x2000
    assert first.restricted == []
    assert first.damage == ()
    assert [sid.text for sid in second.restricted] == ["S-1-5-12"]
    assert dump.tokens.find(0x99) is not None
    assert dump.tokens.find(0x98) is None
    assert dump.tokens[-1].index == 1
    span = dump.tokens.span
    assert (span.first, span.count, span.claimed, span.header_size, span.refused) == (first.offset, 2, 2, 16, False)


def test_places_are_those_of_the_file():
    dump = tokens(element())
    token = dump.tokens[0]
    for sid in (token.user, token.primary_group, *token.groups):
        assert sid_text(dump.source.some(sid.offset, 68)) == sid.text


def test_absent_and_empty():
    assert Minidump.open(DumpBuilder().build()).tokens.absence.kind == NOT_ASKED
    assert Minidump.open(DumpBuilder(flags=0x40000).build()).tokens.absence.kind == NOT_THERE
    assert tokens().tokens.absence.kind == EMPTY


def test_sids():
    assert sid_text(blocks.sid(USER)) == USER
    assert sid_text(bytes([1, 0, 0, 0, 0, 0, 0, 5])) == "S-1-5"
    assert sid_text(bytes([1, 0, 1, 0, 0, 0, 0, 5])) == "S-1-0x10000000005"
    for wrong in (b"", b"\1\1\0\0\0\0\0\5", b"\2\0\0\0\0\0\0\5", b"\1\x10\0\0\0\0\0\5" + bytes(64)):
        assert sid_text(wrong) == ""


def test_sids_that_are_laid_over_each_other():
    """Pairs of a list that all lead to the first SID: as many are read as there are bytes for."""
    data = bytearray(element())
    start = next(start for start, size in struct.iter_unpack("<II", data[16:72]) if size and data[start : start + 4] == b"\3\0\0\0")
    first = struct.unpack_from("<I", data, start + 4)[0]
    for index in range(3):
        struct.pack_into("<I", data, start + 4 + 8 * index, first)
    assert [sid.text for sid in tokens(bytes(data)).tokens[0].groups] == ["S-1-1-0"] * 3  # 12 bytes each, where 12 + 16 + 12 were
    for index in range(3):
        struct.pack_into("<I", data, start + 4 + 8 * index, first + 12)
    token = tokens(bytes(data)).tokens[0]
    assert [sid.text for sid in token.groups] == ["S-1-5-32-544"] * 2
    assert [damage.code for damage in token.damage] == ["token-sids-overlap"]


@each("at", range(16, 72, 4))
@each("value", [0, 1, 0xFFFFFFFF, 0x7FFFFFF0, 70])
def test_any_offset_and_size_of_a_part_may_lie(at, value):
    data = bytearray(element())
    struct.pack_into("<I", data, at, value)
    token = tokens(bytes(data)).tokens[0]
    assert token.id == 0x1A2C
    if value == 0xFFFFFFFF:
        # The restricted SIDs have a size of 0: an offset alone is no part.
        assert token.damage or at == 64
        assert {damage.code for damage in token.damage} <= {"token-part-outside", "token-sid-cut"}


def test_token_sizes_that_lie():
    data = bytearray(element())
    for size in (0, 8, 0xFFFFFFFF):
        struct.pack_into("<I", data, 0, size)
        found = tokens(bytes(data), element(token_id=2)).tokens
        assert len(found) == 1
        assert "token-cut" in [damage.code for damage in found[0].damage]


def test_a_count_that_lies_ends_with_the_stream():
    builder = DumpBuilder(flags=0x40000)
    body = element()
    builder.add_stream(19, struct.pack("<IIII", 16, 0xFFFFFFFF, 16, 72) + body)
    found = Minidump.open(builder.build()).tokens
    assert len(found) == 1
    assert found.claimed == 0xFFFFFFFF


def test_a_flood_of_tokens_is_bounded():
    builder = DumpBuilder(flags=0x40000)
    builder.add_stream(19, struct.pack("<IIII", 16, 0xFFFFFFFF, 16, 72) + struct.pack("<IIQ", 16, 1, 1) * (MAX_TOKENS + 10))
    assert len(Minidump.open(builder.build()).tokens) == MAX_TOKENS


def test_headers_that_are_too_small():
    builder = DumpBuilder(flags=0x40000)
    builder.add_stream(19, struct.pack("<IIII", 16, 1, 4, 8) + element())
    found = Minidump.open(builder.build()).tokens
    assert {damage.code for damage in found.damage} == {"header-too-small", "record-too-small"}
    builder = DumpBuilder(flags=0x40000)
    builder.add_stream(19, b"\0" * 8)
    found = Minidump.open(builder.build()).tokens
    assert [damage.code for damage in found.damage] == ["stream-too-small"]
    assert not len(found)


@pytest.mark.parametrize(
    ("groups", "integrity"),
    [
        ([("S-1-16-8192", 0x60)], 0x2000),
        ([("S-1-16-8192", 0x20)], 0x2000),
        ([("S-1-16-8192", 0x40)], None),
        ([("S-1-16-8192", 0x7)], None),
        ([("S-1-5-32-545", 0x20)], None),
        ([("S-1-16-4096", 0x1), ("S-1-16-12288", 0x20)], 0x3000),
        ([], None),
    ],
)
def test_the_integrity_level_is_the_group_that_is_marked_as_one(groups, integrity):
    (token,) = tokens(element(groups=groups)).tokens
    assert token.integrity == integrity

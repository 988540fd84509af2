"""Tokens made byte by byte: where each part and each field stands, the sizes just below and just above what a part needs, and the damage that is told."""

from __future__ import annotations

import struct
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope.dump.absence import DAMAGED, NOT_THERE, Absent, Damage
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.tokens import MAX_SIDS, MAX_TOKEN, Privilege, Sid, Token, TokenList, TokenStatistics, sid_text

SESSION, USER, GROUPS, PRIMARY, PRIVILEGES, STATISTICS, RESTRICTED = range(7)
NAMES = ("session", "user", "groups", "primary group", "privileges", "statistics", "restricted SIDs")
Parts = Sequence[Tuple[int, bytes]]


def sid(authority: int, *parts: int) -> bytes:
    return bytes([1, len(parts)]) + authority.to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)


def sid_list(rows: Sequence[Tuple[int, bytes]], claimed: Optional[int] = None) -> bytes:
    """A count, the pairs, the SIDs one behind the other."""
    at = 4 + 8 * len(rows)
    pairs, data = b"", b""
    for attributes, one in rows:
        pairs += struct.pack("<II", at + len(data), attributes)
        data += one
    return struct.pack("<I", len(rows) if claimed is None else claimed) + pairs + data


def laid(parts: Parts, *, fill: int = 3, size: Optional[int] = None, table: Optional[Dict[int, Tuple[int, int]]] = None) -> Tuple[bytes, List[int]]:
    """An element with the parts, ``fill`` bytes before each, and where in it they stand. ``table`` replaces pairs of the table."""
    pairs = [(0, 0)] * 7
    data = b""
    for number, content in parts:
        data += b"\xee" * fill
        pairs[number] = (72 + len(data), len(content))
        data += content
    pairs = [(table or {}).get(number, pair) for number, pair in enumerate(pairs)]
    head = struct.pack("<IIQ", 72 + len(data) if size is None else size, 0xA1A2A3A4, 0xB1B2B3B4B5B6B7B8)
    return head + b"".join(struct.pack("<II", *pair) for pair in pairs) + data, [start for start, _ in pairs]


def listed(body: bytes, *, count: int = 1, list_header: int = 16, element_header: int = 72, size: Optional[int] = None, before: bytes = b"") -> TokenList:
    """The list of a stream whose header says these numbers."""
    builder = DumpBuilder(flags=0x40000, slots=2)
    builder.append(b"\xdd" * 7)
    data = struct.pack("<IIII", 0xC1C2C3C4, count, list_header, element_header) + before + body
    builder.add_entry(19, len(data) if size is None else size, builder.append(data))
    return Minidump.open(builder.build()).tokens


def single(parts: Parts, **options: int) -> Tuple[Token, List[int]]:
    """The only token of a list, and where in it its parts stand."""
    body, places = laid(parts)
    (token,) = listed(body, **options)
    return token, places


STATS = struct.pack(
    "<QQqIIIIIIQ", 0x0102030405060708, 0x1112131415161718, 0x2122232425262728, *(0x31323334 + 0x1010101 * n for n in range(6)), 0x5152535455565758
)
EVERY: Parts = (
    (RESTRICTED, sid_list([(0x61626364, sid(5, 12)), (0x65666768, sid(15, 2, 1))])),
    (USER, struct.pack("<II", 11, 0x71727374) + b"\xee" * 3 + sid(5, 21, 0x01020304, 0x05060708)),
    (PRIVILEGES, struct.pack("<I", 2) + struct.pack("<III", 0x81828384, 0x85868788, 0x898A8B8C) + struct.pack("<III", 20, 0, 2)),
    (SESSION, struct.pack("<I", 0x91929394)),
    (STATISTICS, STATS),
    (PRIMARY, struct.pack("<I", 8) + sid(5, 32, 0x545)),
    (GROUPS, sid_list([(0x41424344, sid(1, 0)), (0x45464748, sid(5, 32, 544)), (0x60, sid(16, 0x3000))])),
)


@pytest.mark.parametrize("before", [b"", b"\x99" * 5])
def test_every_field_of_every_part(before: bytes) -> None:
    """Two tokens with all their parts in another order than that of the table: values and offsets."""
    body, places = laid(EVERY)
    found = listed(body + body, count=2, list_header=16 + len(before), before=before)
    stream = found.stream
    assert stream is not None
    assert (found.list_size, found.claimed, found.header_size, found.element_header_size) == (0xC1C2C3C4, 2, 16 + len(before), 72)
    assert (found.damage, found.absence) == ((), None)
    first = stream.rva + 16 + len(before)
    assert found.span == (first, 16, 2, 2, stream.rva, 16 + len(before), ())
    assert [token.offset for token in found] == [first, first + len(body)]
    for index, token in enumerate(found):
        at = [token.offset + place for place in places]
        groups = at[GROUPS] + 4 + 3 * 8
        restricted = at[RESTRICTED] + 4 + 2 * 8
        assert token == Token(
            index,
            0xA1A2A3A4,
            0xB1B2B3B4B5B6B7B8,
            len(body),
            0x91929394,
            Sid("S-1-5-21-16909060-84281096", 0x71727374, at[USER] + 11),
            [Sid("S-1-1-0", 0x41424344, groups), Sid("S-1-5-32-544", 0x45464748, groups + 12), Sid("S-1-16-12288", 0x60, groups + 28)],
            Sid("S-1-5-32-1349", 0, at[PRIMARY] + 4),
            [Privilege(0x8586878881828384, 0x898A8B8C, at[PRIVILEGES] + 4), Privilege(20, 2, at[PRIVILEGES] + 16)],
            TokenStatistics(
                0x0102030405060708,
                0x1112131415161718,
                0x2122232425262728,
                0x31323334,
                0x32333435,
                0x33343536,
                0x34353637,
                0x35363738,
                0x36373839,
                0x5152535455565758,
                at[STATISTICS],
            ),
            [Sid("S-1-5-12", 0x61626364, restricted), Sid("S-1-15-2-1", 0x65666768, restricted + 12)],
            token.offset,
            (),
        )
        assert token.integrity == 0x3000
    assert found.find(0xA1A2A3A4) == found[0]
    assert found.find(0xA1A2A3A5) is None
    assert found[1:] == [found[1]]


def shown(token: Token) -> List[int]:
    """The numbers of the parts that a token has."""
    has = [token.session, token.user, token.groups, token.primary_group, token.privileges, token.statistics, token.restricted]
    return [number for number, part in enumerate(has) if part or (number == SESSION and not isinstance(part, tuple))]


@pytest.mark.parametrize("header", [16, 23, 24, 25, 31, 32, 39, 40, 47, 48, 55, 56, 63, 64, 71, 72, 73, 1000])
def test_the_header_size_says_which_parts_the_table_has(header: int) -> None:
    token, _ = single(EVERY, element_header=header)
    assert shown(token) == list(range(min(7, (header - 16) // 8)))
    assert token.damage == ()


def test_no_header_size_means_the_whole_token() -> None:
    body, _ = laid(EVERY)
    found = listed(body, element_header=0)
    assert shown(found[0]) == list(range(7))
    assert [(item.code, item.offset, item.needed, item.available) for item in found.damage] == [("record-too-small", found.span.header + 12, 16, 0)]


@pytest.mark.parametrize("size", [23, 24, 31, 32, 39, 40, 63, 64, 71, 72])
def test_a_token_that_ends_inside_its_table(size: int) -> None:
    """The pairs that are whole lead out of the token: each is told with its own place."""
    body, places = laid(EVERY)
    lengths = [len(content) for _, content in sorted(EVERY)]
    token = listed(struct.pack("<I", size) + body[4:])[0]
    assert shown(token) == []
    order = [GROUPS, RESTRICTED, SESSION, USER, PRIMARY, PRIVILEGES, STATISTICS]
    assert token.damage == tuple(
        Damage(
            "token-part-outside",
            f"{NAMES[number]}: 0x{lengths[number]:x} bytes at 0x{places[number]:x} of a token of 0x{size:x} bytes",
            token.offset + 16 + 8 * number,
            lengths[number],
            0,
        )
        for number in order
        if 24 + 8 * number <= size
    )


FULL = [content for _, content in sorted(EVERY)]
LEAST = {SESSION: 4, USER: 8, GROUPS: 4, PRIMARY: 4, PRIVILEGES: 4, STATISTICS: 56}


@each("number", sorted(LEAST))
@each("more", [-2, -1, 0, 1])
def test_the_least_that_a_part_needs(number: int, more: int) -> None:
    """A part of fewer bytes than its head is as none; none of the sizes is damage by itself."""
    size = LEAST[number] + more
    token, _ = single([(number, FULL[number].ljust(size, b"\xee")[:size])])
    absent = {
        SESSION: (token.session, "the token names no session"),
        USER: (token.user, "the token names no user"),
        PRIMARY: (token.primary_group, "the token names no primary group"),
        STATISTICS: (token.statistics, "the token has no statistics"),
    }
    for other, (value, words) in absent.items():
        if other == number and more >= 0:
            continue
        assert (getattr(value, "kind", None), str(value)) == (NOT_THERE, words)
    assert (token.groups, token.privileges, token.restricted) == ([], [], [])
    if number in (SESSION, STATISTICS):
        assert token.damage == ()
        assert (token.session == 0x91929394) is (number == SESSION and more >= 0)
        assert (token.statistics[:10] == struct.unpack("<QQqIIIIIIQ", STATS)) is (number == STATISTICS and more >= 0)


@each("number", range(7))
@each("more", [-1, 0, 1, 5])
def test_a_part_at_the_end_of_its_token(number: int, more: int) -> None:
    """The token ends with the part, one byte before or behind: what stands outside is told."""
    body, places = laid([(number, FULL[number])])
    place, size = places[number], len(FULL[number])
    token = listed(struct.pack("<I", len(body) - more) + body[4:] + b"\xee")[0]
    wanted = Damage(
        "token-part-outside",
        f"{NAMES[number]}: 0x{size:x} bytes at 0x{place:x} of a token of 0x{len(body) - more:x} bytes",
        token.offset + 16 + 8 * number,
        size,
        max(0, size - more),
    )
    assert token.damage[:1] == ((wanted,) if more > 0 else ())
    whole = [token.session, token.user, token.groups, token.primary_group, token.privileges, token.statistics, token.restricted][number]
    if more <= 0:
        assert token.damage == ()
        assert shown(token) == [number]
    elif number in (SESSION, STATISTICS):
        assert getattr(whole, "kind", None) == NOT_THERE


@each("number", range(7))
@each(("past", "held"), [(0, 0), (1, 0), (9, 0), (-1, 1), (-2, 2)])
def test_a_part_that_begins_near_the_end(number: int, past: int, held: int) -> None:
    body, _ = laid([], table={number: (80 + past, 0x11223344)})
    token = listed(struct.pack("<I", 80) + body[4:] + b"\xee" * 8)[0]
    assert token.damage == (
        Damage(
            "token-part-outside",
            f"{NAMES[number]}: 0x11223344 bytes at 0x{80 + past:x} of a token of 0x50 bytes",
            token.offset + 16 + 8 * number,
            0x11223344,
            held,
        ),
    )


@pytest.mark.parametrize("number", range(7))
def test_a_part_without_bytes_is_none_wherever_it_points(number: int) -> None:
    body, _ = laid([], table={number: (0xFFFFFFFF, 0)})
    token = listed(body)[0]
    assert token.damage == ()
    assert shown(token) == []


@pytest.mark.parametrize("number", [SESSION, PRIVILEGES])
@pytest.mark.parametrize("more", [-1, 0, 1, 2])
def test_a_token_is_looked_at_up_to_its_limit(number: int, more: int) -> None:
    """A part that ends with the last byte looked at can be read, one byte more is told."""
    size = len(FULL[number])
    place = MAX_TOKEN - size + more
    body, _ = laid([], table={number: (place, size)}, size=MAX_TOKEN + 64)
    token = listed(body + b"\xee" * (place - len(body)) + FULL[number] + bytes(MAX_TOKEN + 64 - place - size))[0]
    assert [(item.offset, item.needed, item.available) for item in token.damage] == ([(token.offset + 16 + 8 * number, size, size - more)] if more > 0 else [])
    assert token.session == 0x91929394 if (number, more <= 0) == (SESSION, True) else not token.session
    assert len(token.privileges) == (0 if number == SESSION else 2 if more <= 0 else 1)


# --- lists of SIDs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [GROUPS, RESTRICTED])
@pytest.mark.parametrize(("claimed", "read"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_a_count_of_sids_rules(number: int, claimed: int, read: int) -> None:
    rows = [(index, sid(5, 100 + index)) for index in range(3)]
    token, _ = single([(number, sid_list(rows, claimed))])
    found = token.groups if number == GROUPS else token.restricted
    assert [(item.text, item.attributes) for item in found] == [(f"S-1-5-{100 + index}", index) for index in range(read)]
    assert token.damage == ()


@pytest.mark.parametrize("size", [4, 11, 12, 19, 20, 27, 28])
def test_a_count_of_sids_that_lies_ends_with_the_part(size: int) -> None:
    """As many pairs are looked at as the part has room for; each leads to no SID, which is told with its place."""
    data = (struct.pack("<I", 0xFFFFFFFF) + struct.pack("<II", 3, 0) * 3)[:size]
    token, places = single([(GROUPS, data)])
    place = token.offset + places[GROUPS] + 3
    assert token.groups == []
    assert token.damage == (Damage("token-sid-cut", f"groups: no SID can be read at 0x{place:x}", place, 8, size - 3),) * ((size - 4) // 8)


@pytest.mark.parametrize(("at", "left"), [(11, 1), (12, 0), (13, 0), (0xFFFFFFF0, 0)])
def test_where_a_sid_is_that_cannot_be_read(at: int, left: int) -> None:
    token, places = single([(RESTRICTED, struct.pack("<III", 1, at, 0x77))])
    place = token.offset + places[RESTRICTED] + at
    assert token.damage == (Damage("token-sid-cut", f"restricted SIDs: no SID can be read at 0x{place:x}", place, 8, left),)
    token, places = single([(USER, struct.pack("<III", at, 0x77, 0))])
    place = token.offset + places[USER] + at
    assert token.damage == (Damage("token-sid-cut", f"user: no SID can be read at 0x{place:x}", place, 8, left),)
    assert token.user == (DAMAGED, "the user's SID cannot be read")


def test_a_sid_that_cannot_be_read_hides_no_other() -> None:
    rows = [(1, sid(5, 1)), (2, b"\2" + sid(5, 2)[1:]), (3, sid(5, 3))]
    token, places = single([(GROUPS, sid_list(rows))])
    assert [(item.text, item.attributes) for item in token.groups] == [("S-1-5-1", 1), ("S-1-5-3", 3)]
    assert [(item.code, item.offset, item.available) for item in token.damage] == [("token-sid-cut", token.offset + places[GROUPS] + 28 + 12, 24)]


@pytest.mark.parametrize("short", [-1, 0, 1, 4])
def test_the_last_sid_ends_with_the_part(short: int) -> None:
    data = sid_list([(7, sid(5, 1)), (8, sid(5, 2, 3))])
    data = data[: len(data) - short] if short > 0 else data + b"\xee" * -short
    token, _ = single([(GROUPS, data), (SESSION, bytes(4))])
    assert [item.attributes for item in token.groups] == ([7] if short > 0 else [7, 8])
    assert [item.available for item in token.damage] == ([16 - short] if short > 0 else [])


@pytest.mark.parametrize(("room", "read"), [(23, 1), (24, 2), (25, 2), (35, 2), (36, 3), (47, 3)])
def test_sids_of_a_list_have_the_bytes_of_the_list(room: int, read: int) -> None:
    """Four pairs lead to one SID of 12 bytes: it is read as often as there are bytes for; the damage counts pairs and what is read."""
    data = struct.pack("<I", 4) + struct.pack("<II", 36, 5) * 4 + sid(5, 9).ljust(room, b"\xee")
    token, places = single([(GROUPS, data)])
    assert [item.text for item in token.groups] == ["S-1-5-9"] * read
    message = f"groups: its 4 SIDs are laid over each other; {read} are read"
    assert token.damage == (Damage("token-sids-overlap", message, token.offset + places[GROUPS], 4, read),)


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_no_more_sids_and_privileges_than_the_limit(more: int) -> None:
    count = MAX_SIDS + more
    rows = [(index, sid(5, index)) for index in range(count)]
    privileges = struct.pack("<I", count) + b"".join(struct.pack("<III", index, 0, 0) for index in range(count))
    token, _ = single([(GROUPS, sid_list(rows)), (PRIVILEGES, privileges)])
    assert [item.attributes for item in token.groups] == list(range(min(count, MAX_SIDS)))
    assert [item.luid for item in token.privileges] == list(range(min(count, MAX_SIDS)))
    assert token.damage == ()


@each(("size", "read"), [(4, 0), (15, 0), (16, 1), (17, 1), (27, 1), (28, 2)])
@each("claimed", [0, 1, 2, 3, 0xFFFFFFFF])
def test_as_many_privileges_as_are_claimed_and_there(size: int, read: int, claimed: int) -> None:
    data = (struct.pack("<I", claimed) + struct.pack("<III", 1, 2, 3) + struct.pack("<III", 4, 5, 6))[:size]
    token, places = single([(PRIVILEGES, data)])
    at = token.offset + places[PRIVILEGES] + 4
    assert token.privileges == [Privilege(0x200000001, 3, at), Privilege(0x500000004, 6, at + 12)][: min(read, claimed)]
    assert token.damage == ()


# --- the primary group ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "filler", "place"), [(8, b"", 4), (4, b"", 4), (9, b"\xee" * 5, 9), (0, b"", 4), (0xFFFFFFFF, b"", 4), (5, b"\xee", 5)])
def test_the_primary_group_stands_at_4_or_where_its_number_says(number: int, filler: bytes, place: int) -> None:
    token, places = single([(PRIMARY, struct.pack("<I", number) + filler + sid(5, 21, 7, 513))])
    assert token.primary_group == Sid("S-1-5-21-7-513", 0, token.offset + places[PRIMARY] + place)
    assert token.damage == ()


def test_of_two_sids_the_primary_group_is_that_at_4() -> None:
    token, places = single([(PRIMARY, struct.pack("<I", 16) + sid(5, 1) + sid(5, 2))])
    assert token.primary_group == Sid("S-1-5-1", 0, token.offset + places[PRIMARY] + 4)


@pytest.mark.parametrize("size", [4, 5, 11, 12, 30])
def test_a_primary_group_that_cannot_be_read(size: int) -> None:
    token, places = single([(PRIMARY, struct.pack("<I", 7).ljust(size, b"\xee"))])
    place = token.offset + places[PRIMARY] + 4
    assert token.primary_group == (DAMAGED, "the primary group's SID cannot be read")
    assert token.damage == (Damage("token-sid-cut", f"primary group: no SID can be read at 0x{place:x}", place, 8, size - 4),)


# --- SIDs and privileges by themselves ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(17))
def test_a_sid_has_up_to_15_parts(count: int) -> None:
    data = sid(5, *range(1000, 1000 + count))
    assert sid_text(data) == ("S-1-5" + "".join(f"-{part}" for part in range(1000, 1000 + count)) if count < 16 else "")
    assert sid_text(data[:-1]) == ""
    assert sid_text(data + b"\xee" * 9) == sid_text(data)


def test_the_longest_sid_fits_into_a_token() -> None:
    longest = sid(5, *range(15))
    token, _ = single(
        [(USER, struct.pack("<II", 8, 0) + longest), (PRIMARY, struct.pack("<I", 72) + bytes(68) + longest), (GROUPS, sid_list([(0, longest)] * 2))]
    )
    assert {str(one) for one in (token.user, token.primary_group, *token.groups)} == {sid_text(longest)}
    assert token.damage == ()


@pytest.mark.parametrize(
    ("authority", "words"),
    [
        (0, "0"),
        (0x01020304, "16909060"),
        (0xFFFFFFFF, "4294967295"),
        (0x100000000, "0x100000000"),
        (0x010203040506, "0x10203040506"),
        ((1 << 48) - 1, "0xffffffffffff"),
    ],
)
def test_an_authority_of_32_bits_is_decimal(authority: int, words: str) -> None:
    assert sid_text(sid(authority, 1)) == f"S-1-{words}-1"


@pytest.mark.parametrize("first", [0, 2, 3, 255])
def test_only_revision_1_is_a_sid(first: int) -> None:
    assert sid_text(bytes([first]) + sid(5, 1)[1:]) == ""


@pytest.mark.parametrize(
    ("attributes", "enabled"), [(0, False), (1, False), (2, True), (3, True), (4, False), (6, True), (0x80000000, False), (0x80000002, True)]
)
def test_a_privilege_is_enabled_by_its_second_bit(attributes: int, enabled: bool) -> None:
    assert Privilege(20, attributes, 0).enabled is enabled


@pytest.mark.parametrize(
    ("luid", "name"), [(20, "SeDebugPrivilege"), (2, "SeCreateTokenPrivilege"), (0, "0x0"), (1, "0x1"), (0x1FF, "0x1ff"), (20 | 1 << 32, "0x100000014")]
)
def test_the_name_of_a_privilege(luid: int, name: str) -> None:
    assert Privilege(luid, 0, 0).name == name


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (sid(1, 0), "Everyone"),
        (sid(5, 5, 0, 0x1234), "logon session"),
        (sid(5, 5, 0), ""),
        (sid(5, 5, 0, 1, 2), ""),
        (sid(5, 21, 1, 2, 3, 1001), "user or group of a machine or domain"),
        (sid(5, 21, 1, 2, 3), ""),
        (sid(5, 21, 1, 2, 3, 4, 5), ""),
        (sid(5, 80, 1), "service"),
        (sid(5, 80), ""),
        (sid(5, 96, 0, 1), "font driver host"),
        (sid(5, 90, 0, 1), "window manager"),
        (sid(15, 2, 9), "app package"),
        (sid(15, 3, 9), "app capability"),
        (sid(15, 4, 9), ""),
    ],
)
def test_the_name_of_a_sid(data: bytes, name: str) -> None:
    assert Sid(sid_text(data), 0, 0).name == name


@pytest.mark.parametrize(
    ("data", "integrity"),
    [(sid(16, 0x2100), 0x2100), (sid(16, 0), 0), (sid(16, 0xFFFFFFFF), 0xFFFFFFFF), (sid(16), None), (sid(16, 1, 2), None), (sid(17, 5), None)],
)
def test_the_integrity_level_has_one_part(data: bytes, integrity: Optional[int]) -> None:
    token, _ = single([(GROUPS, sid_list([(7, sid(5, 1)), (0x60, data)]))])
    assert token.integrity == integrity


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 8, 15])
def test_a_stream_too_small_for_its_header(size: int) -> None:
    found = listed(laid(EVERY)[0], size=size)
    if size:
        where = found.span.header
        assert found.damage == (Damage("stream-too-small", "TokenStream: no room for its header", where, 16, size),)
    assert (len(found), found.claimed, found.header_size, found.list_size, found.element_header_size) == (0, 0, 0, 0, 0)
    assert found.find(0) is None


def test_a_stream_of_its_header_alone() -> None:
    found = listed(b"")
    assert (list(found), found.claimed, found.damage) == ([], 1, ())


@pytest.mark.parametrize(("said", "used"), [(0, 16), (4, 16), (15, 16), (16, 16), (17, 17), (24, 24)])
def test_the_size_of_the_header_of_the_list(said: int, used: int) -> None:
    body, _ = laid(EVERY)
    found = listed(body, list_header=said, before=bytes(max(0, said - 16)))
    start = found.span.header
    wanted = Damage("header-too-small", f"TokenStream: ListHeaderSize is 0x{said:x}, at least 0x10 is needed", start + 8, 16, said)
    assert found.damage == ((wanted,) if said < 16 else ())
    assert found.header_size == used
    assert [token.offset for token in found] == [start + used]
    assert shown(found[0]) == list(range(7))


@pytest.mark.parametrize("said", [0, 8, 15, 16, 17])
@pytest.mark.parametrize("count", [0, 1])
def test_the_size_of_the_header_of_a_token(said: int, count: int) -> None:
    found = listed(laid(EVERY)[0], element_header=said, count=count)
    wanted = Damage("record-too-small", f"TokenStream: ElementHeaderSize is 0x{said:x}, at least 0x10 is needed", found.span.header + 12, 16, said)
    assert found.damage == ((wanted,) if said < 16 and count else ())
    assert len(found) == count


@pytest.mark.parametrize(("size", "more"), [(15, False), (16, True), (17, True)])
def test_a_token_shorter_than_its_header_ends_the_list(size: int, more: bool) -> None:
    body = struct.pack("<IIQ", size, 1, 2).ljust(size, b"\xee") + struct.pack("<IIQ", 16, 3, 4)
    found = listed(body, count=2)
    assert [token.id for token in found] == ([1, 3] if more else [1])
    message = f"token 0 claims 0x{size:x} bytes, the stream holds 0x{size:x}"
    assert found[0].damage == (() if more else (Damage("token-cut", message, found[0].offset, 16, size),))


@pytest.mark.parametrize("short", [-1, 0, 1, 2])
def test_the_last_token_ends_with_the_stream(short: int) -> None:
    body, _ = laid([*EVERY, (SESSION, struct.pack("<I", 5))])
    found = listed(body + body + bytes(8), count=2, size=16 + 2 * len(body) - short)
    last = found[1]
    message = f"token 1 claims 0x{len(body):x} bytes, the stream holds 0x{len(body) - short:x}"
    assert last.offset == found[0].offset + len(body)
    assert found[0].damage == ()
    assert [item for item in last.damage if item.code == "token-cut"] == (
        [Damage("token-cut", message, last.offset, len(body), len(body) - short)] if short > 0 else []
    )
    assert last.size == len(body)


@pytest.mark.parametrize(("size", "count"), [(31, 0), (32, 1), (47, 1), (48, 2), (63, 2), (64, 3)])
def test_a_token_begins_where_its_header_has_room(size: int, count: int) -> None:
    found = listed(b"".join(struct.pack("<IIQ", 16, index, 9) for index in range(4)), count=3, size=size)
    assert [(token.index, token.id, token.offset - found.span.header) for token in found] == [(index, index, 16 + 16 * index) for index in range(count)]


@pytest.mark.parametrize("missing", [1, 40])
def test_a_stream_that_the_file_cuts(missing: int) -> None:
    body, _ = laid(EVERY)
    builder = DumpBuilder(flags=0x40000, slots=1)
    data = struct.pack("<IIII", 0, 1, 16, 72) + body
    rva = builder.append(data)
    builder.add_entry(19, len(data), rva)
    found = Minidump.open(builder.build()[:-missing]).tokens
    held = len(data) - missing
    message = f"TokenStream: 0x{len(data):x} bytes at 0x{rva:x}, the file holds 0x{held:x} of them"
    assert found.damage == (Damage("stream-cut", message, rva, len(data), held),)
    wanted = Damage("token-cut", f"token 0 claims 0x{len(body):x} bytes, the stream holds 0x{held - 16:x}", rva + 16, len(body), held - 16)
    assert wanted in found[0].damage


def test_a_user_of_eight_bytes_has_a_pair_and_no_sid() -> None:
    """A pair of offset and attributes is there: the user is damaged, not absent."""
    for size, kind in ((7, NOT_THERE), (8, DAMAGED)):
        token, _places = single([(USER, struct.pack("<II", 8, 7)[:size])])
        assert isinstance(token.user, Absent)
        assert token.user.kind == kind


@pytest.mark.parametrize("at", [20, 21, 22, 23])
def test_sids_at_any_offset_take_the_room_of_their_parts(at: int) -> None:
    """Two SIDs of three parts in a list that has room for them, wherever they begin."""
    one, two = sid(5, 21, 1, 2), sid(5, 21, 3, 4)
    pairs = struct.pack("<IIIII", 2, at, 7, at + len(one), 7)
    token, _places = single([(GROUPS, pairs + b"\xff" * (at - 20) + one + two)])
    assert [group.text for group in token.groups] == ["S-1-5-21-1-2", "S-1-5-21-3-4"]
    assert token.damage == ()

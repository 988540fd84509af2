"""How each kind of value looks in text and in JSON."""

import datetime

import pytest

from dumpscope.dump.absence import Absent
from dumpscope.view.kinds import (
    EPOCH_1601,
    KINDS,
    address_kind,
    address_text,
    cell_json,
    cell_text,
    civil,
    duration_text,
    filetime_text,
    seconds_text,
    size_text,
    time_text,
)


@pytest.mark.parametrize(
    ("value", "size", "text"),
    [
        (0x7FF8890D1000, 8, "00007ff8`890d1000"),
        (0x890D1000, 4, "890d1000"),
        ((1 << 32) - 1, 4, "ffffffff"),
        (1 << 32, 4, "00000001`00000000"),  # it does not fit: nothing is cut off
    ],
)
def test_addresses(value, size, text):
    assert address_text(value, size) == text
    assert KINDS[address_kind(size)].text(value) == text


@pytest.mark.parametrize(
    "date", ["1970-01-01", "1969-12-31", "1900-03-01", "1904-02-29", "2000-02-29", "2000-12-31", "2024-03-01", "2100-02-28", "1601-01-01", "9999-12-31"]
)
def test_civil_is_the_calendar(date):
    moment = datetime.datetime.fromisoformat(f"{date}T23:59:58").replace(tzinfo=datetime.timezone.utc)
    seconds = (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
    assert civil(seconds) == (moment.year, moment.month, moment.day, 23, 59, 58)
    assert time_text(seconds).split()[0] == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]


def test_no_year_is_out_of_range():
    assert civil((1 << 63) - 1)[0] > 9999
    assert filetime_text((1 << 64) - 1).endswith(" (UTC)")


def test_times_are_written_as_the_debugger_does():
    assert time_text(0) == "Thu Jan  1 00:00:00.000 1970 (UTC)"
    assert filetime_text(0) == "-"
    assert filetime_text(EPOCH_1601 * 10_000_000 + 1_230_000) == "Thu Jan  1 00:00:00.123 1970 (UTC)"
    assert duration_text(9_999) == "0 days 0:00:00.000"
    assert duration_text((86_400_000 + 3_661_001) * 10_000) == "1 days 1:01:01.001"
    assert seconds_text(1613) == "0 days 0:26:53.000"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1023, "1023"),
        (1024, "1024 (1.0 KiB)"),
        (1234, "1234 (1.2 KiB)"),
        (1 << 20, "1048576 (1.0 MiB)"),
        ((1 << 64) - 1, f"{(1 << 64) - 1} (16.0 EiB)"),
    ],
)
def test_sizes(value, text):
    assert size_text(value) == text


@pytest.mark.parametrize(
    ("kind", "value", "text", "json"),
    [
        ("id", 0xC58, "c58", 0xC58),
        ("hex", -0x3C, "-0x3c", "-0x3c"),
        ("mask", 0x1F0003, "0x1f0003", "0x1f0003"),
        ("bytes", 16, "0x10", 16),
        ("offset", 16, "0x10", 16),
        ("code", 5, "00000005", "0x5"),
        ("hresult", 5, "0x00000005", "0x00000005"),
        ("words", ("a", "b"), "a, b", ["a", "b"]),
        ("words", (), "-", []),
        ("name", "", "-", ""),
        ("text", "", "", ""),
        ("text", "a\nb", "a\\x0ab", "a\nb"),
        ("bool", 0, "no", False),
        ("percent", 12.34, "12.3%", 12.34),
        ("data", {"a": 1}, "", {"a": 1}),
        ("value", {"a": "\x1b"}, '{"a": "\\u001b"}', {"a": "\x1b"}),
    ],
)
def test_text_and_json(kind, value, text, json):
    assert cell_text(value, kind) == text
    made = cell_json(value, kind)
    assert (type(made), made) == (type(json), json)


@pytest.mark.parametrize("value", [None, Absent("not-there", "gone")])
@pytest.mark.parametrize("kind", ["text", "address", "words", "bool"])
def test_what_is_absent_is_a_dash_and_null(kind, value):
    assert (cell_text(value, kind), cell_json(value, kind)) == ("-", None)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.many is not None])
def test_a_column_is_written_as_its_values_are(kind):
    texts = kind in ("text", "name", "path", "type", "symbol")
    values = ["one", "", "two\x1b", "\u202ethree"] if texts else [0, 1, 255, 1 << 63]
    many = KINDS[kind].many
    assert list(many(values)) == [cell_text(value, kind) for value in values]
    assert list(many(values[:1])) == [cell_text(values[0], kind)]
    with pytest.raises(TypeError):
        many([None])

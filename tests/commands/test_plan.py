"""``flags`` (the options of ``.dump``) and ``plan``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.commands.made import flat

from dumpscope.commands import plan
from dumpscope.diagnosis.plan import NEEDS, letters
from dumpscope.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "value", "line"),
    [
        ("/mA", "0x61826", ".dump /mA"),
        ("/mAr", "0x6182e", ".dump /mAr"),
        ("/o /mA", "0x61826", ".dump /mA"),
        (".dump /mA", "0x61826", ".dump /mA"),
        ("/mhtu", "0x41024", ".dump /mhut"),
        ("/m", "0x40000", ".dump /m"),
        (".dump /o", "0x40000", ".dump /m"),
    ],
)
def test_options_of_dump(run_json, cli, typed, value, line):
    document = run_json("flags", typed)["value"]
    assert document["flags"] == value
    assert document["dump"].split(" (")[0] == line
    assert "has no option" not in cli("flags", typed).out


def test_only_capital_a_asks_for_0x20000():
    """/mA = /ma and MiniDumpIgnoreInaccessibleMemory; alone that bit has no option."""
    assert letters(0x21826) == ("A", 0)
    assert letters(0x20000) == ("", 0x20000)
    assert letters(0x61826 | 0x80000) == ("A", 0x80000)


def test_the_full_user_dump_is_no_minidump(run_json, cli):
    for typed in ("/f", ".dump /f", "/o /f"):
        document = run_json("flags", typed)
        assert document["value"]["flags"] is None
        assert document["exit"] == 0
        out = cli("flags", typed).out
        assert "USERDU64" in out
        assert ".dump /ma" in out


def test_other_options(cli):
    assert cli("flags", "/x").code == 2
    assert cli("flags", "/mq").code == 2


def test_a_command_that_plan_does_not_know(cli: Any) -> None:
    err = cli("plan", "!hamdle").err
    assert "did you mean !handle, " in err
    assert "known are" not in err
    err = cli("plan", "zzzzzz").err
    assert "known are: !handle !htrace " in err
    assert "did you mean" not in err


@pytest.mark.parametrize(
    ("word", "bit"),
    [
        ("hand", 0x4),
        ("handledata", 0x4),
        ("MiniDumpWithHandleData", 0x4),
        ("handle-data", 0x4),
        ("thre", 0x1000),
        ("toke", 0x40000),
        ("fullmemory", 0x2),
        ("fullmemoryi", 0x800),
        ("filterw", 0x1000000),
        ("peb", 0x100),
        ("fade", 0xFADE),
        ("0x4", 0x4),
    ],
)
def test_a_flag_by_its_name(word: str, bit: int) -> None:
    """Four letters are enough where they begin one name alone."""
    assert plan._one_flag(word) == bit


@pytest.mark.parametrize("word", ["han", "thr", "tok", "full", "filter", "filt", "code segs x", "zzz"])
def test_a_flag_that_is_not_named(word: str) -> None:
    if word == "full":
        assert plan._one_flag(word) == 0x2  # a word of its own
        return
    with pytest.raises(UsageError, match="is not a flag of MINIDUMP_TYPE"):
        plan._one_flag(word)


def test_flags_that_the_header_shows_otherwise(cli: Any) -> None:
    """With full memory the writer leaves flags out: what the file will show is said where it differs."""
    every = flat(cli("plan", *NEEDS).out)
    assert "in the header 0x61826 (" in every or "in the header 0x61826 " in every
    assert "what the file will show" in every
    assert "what the file will show" not in flat(cli("plan", "!handle").out)

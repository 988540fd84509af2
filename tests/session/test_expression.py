"""Address expressions."""

from pathlib import Path

import pytest

from dumpscope import Minidump, NotInDump, UsageError
from dumpscope.session.expression import evaluate
from dumpscope.session.session import Session

SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"


@pytest.fixture
def session():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        yield Session(dump)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 0x10),
        ("0n10", 10),
        ("0x10", 16),
        ("0y101", 5),
        ("1fh", 0x1F),
        ("00007ff8`890d1000", 0x7FF8890D1000),
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("10-1", 0xF),
        ("-1", 0xFFFFFFFFFFFFFFFF),
        ("ff & f0 | 1", 0xF1),
        ("1<<8", 0x100),
        ("100/10", 0x10),
        (" 1 + 1 ", 2),
        ("demo", 0x7FF6A1B20000),
        ("DEMO+145c", 0x7FF6A1B2145C),
        ("ntdll.dll + 10", 0x7FFC3A6F0010),
        ("@rip", 0x7FF6A1B2145C),
        ("rip", 0x7FF6A1B2145C),
        ("@$ip", 0x7FF6A1B2145C),
        ("@rsp-8", 0x4A5E6FFE10),
        ("$teb", 0x4A5E3F6000),
        ("$peb", 0x4A5E3F1000),
        ("poi($teb+60)", 0x4A5E3F1000),
        ("dwo(@rsp)", 0x37F5A8DE),
        ("$tid", 0xC58),
        ("$tpid", 0x1A2C),
        ("$ptrsize", 8),
        ("$exr_code", 0xC0000005),
        ("$exr_param0", 1),
    ],
)
def test_values(session, text, value):
    assert evaluate(session, text) == value


@pytest.mark.parametrize(
    "text", ["", " ", "1+", "(1", "1)", "zz", "@zz", "$zz", "ntdll!NtClose", "1 2", "1/0", "poi(", "((((" * 100, "1" * 3000, "11111111111111111"]
)
def test_what_cannot_be_understood(session, text):
    with pytest.raises(UsageError) as caught:
        evaluate(session, text)
    assert caught.value.message


def test_symbols_are_explained(session):
    with pytest.raises(UsageError, match="no symbols"):
        evaluate(session, "ntdll!NtClose")


def test_a_chosen_thread_is_the_current_one(session):
    session.memo["thread"] = 0
    assert evaluate(session, "$tid") == 0x1A30


@pytest.mark.parametrize(
    ("sample", "text"), [("missing-thread-list.dmp", "@rip"), ("thread-teb-zero.dmp", "poi(0)"), ("stacks-only.dmp", "$peb"), ("stacks-only.dmp", "$exr_code")]
)
def test_what_is_not_in_the_dump(sample, text):
    with Minidump.open(SAMPLES / sample) as dump, pytest.raises(NotInDump):
        evaluate(Session(dump), text)

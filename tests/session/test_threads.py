"""The thread that a word means. Thread indexes and ids of the sample: 0 is 1a30, 1 is 1b44, 2 is c58 (which raised the exception)."""

from pathlib import Path

import pytest

from dumpscope import Minidump, UsageError
from dumpscope.session.session import Session
from dumpscope.session.threads import find_thread
from dumpscope.writing.patch import Patch

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def session():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        yield Session(dump)


@pytest.mark.parametrize(
    ("text", "tid"),
    [
        ("0", 0x1A30),
        ("~1", 0x1B44),
        (" 2 ", 0xC58),
        ("0xc58", 0xC58),
        ("c58", 0xC58),
        ("tid:1B44", 0x1B44),
        ("1a2c.1b44", 0x1B44),
        ("#", 0xC58),
        ("~#", 0xC58),
        (".", 0xC58),
        ("~.", 0xC58),
    ],
)
def test_a_thread(session, text, tid):
    thread, choice = find_thread(session, text)
    assert (thread.tid, choice) == (tid, "")


@pytest.mark.parametrize("text", ["~3", "3", "0x1", "tid:0", "1a2c.1"])
def test_no_such_thread(session, text):
    assert find_thread(session, text) == (None, "")


@pytest.mark.parametrize("text", ["", "zz", "~", "~x", "tid:", "1."])
def test_words_that_are_no_thread(session, text):
    with pytest.raises(UsageError):
        find_thread(session, text)


def test_the_mark_of_the_exception_without_an_exception():
    with Minidump.open(SAMPLES / "tokens.dmp") as dump:
        assert find_thread(Session(dump), "#") == (None, "")


def test_an_index_that_is_the_id_of_another_thread_is_a_choice():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        patch = Patch(dump.source)
        patch.write(dump.threads[2].offset, (1).to_bytes(4, "little"))
        source = patch.source()
    try:
        changed = Session(Minidump(source))
        thread, choice = find_thread(changed, "1")
        assert (thread.tid, choice) == (0x1B44, "1 is taken as the index of thread 1b44; thread 2 has the id 1: write 0x1 for it")
        assert find_thread(changed, "~1") == (thread, "")
        assert find_thread(changed, "0x1")[0].index == 2
    finally:
        source.close()

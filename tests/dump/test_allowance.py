"""How much an answer may be made of: twice the file, and nothing after what was too much."""

from __future__ import annotations

from dumpscope.dump.allowance import Allowance


def test_twice_the_file_is_the_most() -> None:
    allowance = Allowance(10)
    assert allowance.take(12)
    assert allowance.left == 8
    assert allowance.take(8)
    assert allowance.left == 0
    assert not allowance.take(1)


def test_after_what_is_too_much_only_nothing_is_given() -> None:
    allowance = Allowance(10)
    assert not allowance.take(21)
    assert not allowance.take(1), "the bytes that were left are refused as well"
    assert allowance.take(0)

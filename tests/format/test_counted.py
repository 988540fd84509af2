"""Numbers with their nouns and verbs."""

import pytest

from dumpscope.diagnosis.rules.template import TEMPLATE
from dumpscope.format.counted import by_count, counted, plural


@pytest.mark.parametrize(
    ("one", "many"),
    [("entry", "entries"), ("process", "processes"), ("memory range", "memory ranges"), ("key", "keys"), ("byte", "bytes"), ("TEB", "TEBs"), ("box", "boxes")],
)
def test_the_plural_of_a_noun(one, many):
    assert plural(one) == many
    assert [counted(number, one) for number in (0, 1, 2)] == [f"0 {many}", f"1 {one}", f"2 {many}"]


def test_verbs_follow_the_number():
    assert [by_count(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]
    assert [counted(number, "thread has", "threads have") for number in (1, 3)] == ["1 thread has", "3 threads have"]


def test_templates_fill_in_numbers_with_their_words():
    words = "{lost} of {all:range|ranges} {lost:=is|are} gone: {why}; 0x{lost:x}, {name!r}"
    assert TEMPLATE.format(words, lost=1, all=1, why="cut", name="a") == "1 of 1 range is gone: cut; 0x1, 'a'"
    assert TEMPLATE.format(words, lost=2, all=10, why="cut", name="a") == "2 of 10 ranges are gone: cut; 0x2, 'a'"

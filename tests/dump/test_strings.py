"""Names in sentences: what no file name has is called damaged."""

from __future__ import annotations

import pytest

from dumpscope.dump.strings import MOST_OF_A_NAME, quoted_name


@pytest.mark.parametrize("name", ["", "a b.dll", "C:\\\u00e4\U0001f600.dll", "x" * 260])
def test_a_name_stays(name: str) -> None:
    assert quoted_name(name) == name


@pytest.mark.parametrize("name", ["a\0b", "a\x1fb", "\ud800", "\udfffx"])
def test_signs_that_no_name_has(name: str) -> None:
    assert quoted_name(name) == f"{name} (damaged: a name of {len(name)} characters)"


def test_a_name_longer_than_any_is_cut() -> None:
    assert quoted_name("x" * 261) == "x" * MOST_OF_A_NAME + "… (damaged: a name of 261 characters)"
    assert quoted_name("\n" * MOST_OF_A_NAME) == "\n" * MOST_OF_A_NAME + f" (damaged: a name of {MOST_OF_A_NAME} characters)"

"""One test for many cases names each wrong case, and is not content with fewer cases than it was given."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.cases import APART, SHOWN, each

pytestmark = pytest.mark.skipif(APART, reason="cases are tests of their own now")


def test_each_wrong_case_is_named_and_all_are_tried() -> None:
    tried: List[int] = []

    @each("number", range(5))
    def check(number: int) -> None:
        tried.append(number)
        assert number not in (1, 3), "odd"

    with pytest.raises(AssertionError, match=r"(?s)2 of 5 cases are wrong:\n1:\n    odd\n.*    \(line \d+\)\n3:\n    odd\n") as found:
        check()
    assert tried == list(range(5))
    assert str(found.value.__cause__).startswith("odd"), "the first one is shown with its traceback"


def test_cases_that_are_right_pass() -> None:
    tried: List[Tuple[str, int]] = []

    @each("word", ["a", "b"])
    @each("number", (1, 2))
    def check(word: str, number: int) -> None:
        tried.append((word, number))

    check()
    assert tried == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_tuple_may_be_one_value() -> None:
    @each("pair", [(1, 2), (2, 1)], ids=lambda pair: f"{pair[0]} and {pair[1]}")
    def check(pair: Tuple[int, int]) -> None:
        assert pair[0] < pair[1]

    with pytest.raises(AssertionError, match="1 of 2 cases are wrong:\n2 and 1:\n"):
        check()


def test_rows_of_cases_are_multiplied() -> None:
    @each("word", ["a", "b"])
    @each(("low", "high"), [(1, 2), (3, 4)])
    @each("other", [0, 1])
    def check(word: str, low: int, high: int, other: int) -> None:
        assert (word, low, high, other) != ("b", 3, 4, 1)

    assert not inspect.signature(check).parameters
    with pytest.raises(AssertionError, match=r"1 of 8 cases are wrong:\nb-3-4-1:\n"):
        check()


def test_fixtures_are_left_to_pytest(tmp_path: Path) -> None:
    @each(("low", "high"), [(1, 2), (3, 3)], ids=["apart", "same"])
    def check(low: int, tmp_path: Path, high: int) -> None:
        assert tmp_path.is_dir()
        assert low < high

    assert list(inspect.signature(check).parameters) == ["tmp_path"]
    with pytest.raises(AssertionError, match=r"1 of 2 cases are wrong:\nsame:\n    assert 3 < 3"):
        check(tmp_path=tmp_path)


def test_errors_and_failures_of_pytest_are_wrong_too() -> None:
    @each("word", ["number", "raises"], ids=str.upper)
    def check(word: str) -> None:
        if word == "number":
            int(word)
        with pytest.raises(ValueError):
            pass

    with pytest.raises(AssertionError, match=r"(?s)2 of 2 cases are wrong:\nNUMBER:\n    ValueError: invalid literal.*RAISES:\n    DID NOT RAISE"):
        check()


def test_many_wrong_cases_are_named() -> None:
    @each("number", range(100, 110 + SHOWN))
    def check(number: int) -> None:
        raise AssertionError("wrong")

    with pytest.raises(AssertionError, match=rf"(?s)and {', '.join(str(100 + SHOWN + more) for more in range(10))}$"):
        check()


def test_a_case_must_not_skip_the_others() -> None:
    @each("number", [1])
    def check(number: int) -> None:
        pytest.skip("does not apply")

    with pytest.raises(TypeError, match="1: a case that does not apply returns"):
        check()


def test_no_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="could not fail"):
        each("number", [])


def test_values_without_a_name_are_refused() -> None:
    with pytest.raises(ValueError, match="each case has 2 values: low, high"):
        each(("low", "high"), [(1, 2), (1, 2, 3)])

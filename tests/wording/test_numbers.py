"""What counts as a plain number."""

import pytest

from dumpscope.wording.numbers import is_decimal


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0", True),
        ("24", True),
        ("9" * 18, True),
        ("9" * 19, False),
        ("", False),
        ("-1", False),
        ("1f", False),
        ("1 2", False),
        ("\u0664\u0662", False),
        ("\u00b2", False),
    ],
)
def test_is_decimal(text, plain):
    assert is_decimal(text) is plain

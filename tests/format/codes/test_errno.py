"""Error numbers of POSIX systems, against those of the system that the tests run on."""

from __future__ import annotations

import errno
import sys

import pytest
from tests.cases import each

from dumpscope.format.codes.errno import ERRNO


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers are those of Linux")
@each("number", sorted(ERRNO))
def test_each_number_is_that_of_the_symbol(number: int) -> None:
    assert getattr(errno, ERRNO[number].symbol) == number


def test_two_by_hand() -> None:
    assert ERRNO[2] == ("ENOENT", "No such file or directory")
    assert ERRNO[13].phrase == "Permission denied"
    assert 0 not in ERRNO

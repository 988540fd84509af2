"""Answers as they are where no extra is installed, whatever is installed here."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Iterator

import pytest


@contextmanager
def without_extras() -> Iterator[None]:
    """Without the decoder of instructions, whose findings stand in answers. Other modules stay loaded: commands register themselves once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "iced_x86", None)  # type: ignore[arg-type]
        yield

"""Numbers that are none: digits of other scripts, thousands of digits, thousands of signs. Wrong usage, never a fault."""

from __future__ import annotations

import io
from pathlib import Path
from typing import List

import pytest

from dumpscope.errors import EXIT_BUG
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

SAMPLE = str(Path(__file__).resolve().parents[2] / "samples" / "handles.dmp")
NUMBERS = ["²", "٣", "9" * 5000]
LINES = [
    ["strings", SAMPLE, "--min", "{}"],
    ["search", SAMPLE, "a", "--limit", "{}"],
    ["streams", SAMPLE, "{}"],
    ["bytes", SAMPLE, "directory", "{}"],
    ["bytes", SAMPLE, "stream", "{}"],
    ["bytes", SAMPLE, "header", "--first", "{}"],
    ["threads", SAMPLE, "{}"],
    ["modules", SAMPLE, "{}"],
    ["tokens", SAMPLE, "{}"],
    ["whatis", SAMPLE, "{}"],
    ["learn", "{}"],
    ["dumpinfo", SAMPLE, "--width", "{}"],
    ["what-if", SAMPLE, "drop stream {}"],
    ["what-if", SAMPLE, "stream {} size = 1"],
    ["what-if", SAMPLE, "type {} size = 1"],
    ["what-if", SAMPLE, "flags ^= " + "~" * 5000 + "1"],
    ["what-if", SAMPLE, "flags ^= " + "-" * 5000 + "1"],
    ["run", SAMPLE, "-c", "handles | head {}"],
    ["run", SAMPLE, "-c", "handles | tail {}"],
    ["run", SAMPLE, "-c", "use {}"],
    ["run", SAMPLE, "-c", "set width {}"],
    ["run", SAMPLE, "-c", "learn {}"],
]


@pytest.mark.parametrize("number", NUMBERS, ids=["superscript", "arabic", "long"])
@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(word[:20] for word in words if word != SAMPLE))
def test_what_is_no_number_is_wrong_usage(words: List[str], number: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main([word.replace("{}", number) for word in words], Environment(out, err, {})) != EXIT_BUG, err.getvalue()
    assert "internal error" not in out.getvalue() + err.getvalue()

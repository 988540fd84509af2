"""The examples for users of the library run: those of docs/library.md as doctests, that of the README as a program."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from pathlib import Path
from typing import Any, Dict

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples name samples from the root of the repository."""
    monkeypatch.chdir(ROOT)


def test_examples_of_the_guide_run() -> None:
    text = (ROOT / "docs" / "library.md").read_text("utf-8")
    text = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)  # a fence behind an example would be taken for its output
    test = doctest.DocTestParser().get_doctest(text, {}, "library.md", "docs/library.md", 0)
    told = io.StringIO()
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=told.write)
    assert result.failed == 0, told.getvalue()
    assert result.attempted > 50


def test_every_block_of_the_guide_is_an_example() -> None:
    text = (ROOT / "docs" / "library.md").read_text("utf-8")
    blocks = BLOCK.findall(text)
    assert text.count("```") == 2 * len(blocks)
    assert [block for block in blocks if not block.startswith(">>> ")] == []


def test_example_of_the_readme_runs() -> None:
    (example,) = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(example, "README.md", "exec"), {})
    lines = told.getvalue().splitlines()
    assert lines[0].startswith("['MiniDumpWithHandleData', 'MiniDumpWithUnloadedModules', ")
    assert lines[0].endswith("] MiniDumpWriteDump of dbgcore.dll")
    assert lines[1].startswith("0x4 Event ")
    assert lines[-2:] == ["handles are there", "16 []"]


def test_the_examples_of_the_writing_guide_run() -> None:
    text = (ROOT / "docs" / "writing.md").read_text("utf-8")
    names: Dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/writing.md", "exec"), names)
    assert [handle.name for handle in names["again"].handles] == ["\\BaseNamedObjects\\Go", "\\BaseNamedObjects\\Stop"]

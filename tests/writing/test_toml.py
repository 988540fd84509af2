"""The own reader of TOML against that of Python, and what it does not read."""

from __future__ import annotations

import pytest

from dumpscope.writing.toml import TomlError, loads

TEXTS = (
    "", "# nothing\n", "a = 1", "a=1 # one\nb = 'x'\n", 'a = "tab\\t \\u00e9 \\U0001F600 \\\\"', "a = 'C:\\Users'", "a = [1, 0x10, 0b11, 0o17, 1_000, -5, +7]",
    "a = [\n  'x', # one\n  \"y\",\n]", "a = []", "a = [[1], ['b', true]]", "'quoted key' = false", '"k\\n" = 1', "a-b_1 = true", "\r\na = 1\r\n",
    "a = ", "a", "= 1", "a = 1 b = 2", "a = 1\na = 2", "a = [1", "a = [1 2]", "a = [,]", "a = 'x", 'a = "x\\q"', 'a = "\\ud800"',
    "a = 01", "a = +0x10", "a = nope",
    "a = truest", "a = \"x\ny\"", "a = 0x", "a = 1__0", "a = ''\n", 'a = ""', "a = 'x' 'y'", "\x00", "a = 5x", "€ = 1", "a = 'ä'",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_the_own_reader_reads_as_python_s(text: str) -> None:
    tomllib = pytest.importorskip("tomllib")
    try:
        wanted = tomllib.loads(text)
    except ValueError:
        with pytest.raises(TomlError):
            loads(text)
        return
    assert loads(text) == wanted


def test_what_the_own_reader_does_not_read_is_said() -> None:
    for text in ("[table]\na = 1", "a = 1.5", 'a = """x"""', "a = 1979-05-27", "a.b = 1", "a = {}"):
        with pytest.raises(TomlError, match="line 1"):
            loads(text)
    with pytest.raises(TomlError, match="line 4"):
        loads("stacks = 'none'\n\nkeep = [\n1")

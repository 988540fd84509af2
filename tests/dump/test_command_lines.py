"""Command lines in hints: names as they are typed, quoted where a shell would take them apart."""

from __future__ import annotations

import pytest

from dumpscope.dump.command_lines import mend_line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("small.dmp", "dumpscope mend small.dmp -o small-mended.dmp"),
        ("dumps/small.dmp", "dumpscope mend dumps/small.dmp -o small-mended.dmp"),
        ("small", "dumpscope mend small -o small-mended"),
        ("a b.dmp", 'dumpscope mend "a b.dmp" -o "a b-mended.dmp"'),
        ("a;b/c.dmp", 'dumpscope mend "a;b/c.dmp" -o c-mended.dmp'),
        ('a"b.dmp', 'dumpscope mend "a\\"b.dmp" -o "a\\"b-mended.dmp"'),
        ("", "dumpscope mend DUMP -o OUT"),
    ],
)
def test_mend(name: str, line: str) -> None:
    assert mend_line(name) == line
    assert mend_line(name, invents=True) == line + " --invent"

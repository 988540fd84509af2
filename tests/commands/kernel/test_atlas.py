"""The page of a kernel dump."""

from __future__ import annotations

from tests.conftest import SAMPLES

from dumpscope.commands.kernel.atlas import _facts as kernel_facts
from dumpscope.dump.kernel.kerneldump import KernelDump


def test_the_page_of_a_kernel_dump_begins_with_its_size() -> None:
    path = SAMPLES / "not-a-dump-kernel-64.dmp"
    with KernelDump.open(str(path)) as dump:
        rows = list(kernel_facts(dump))
    assert [name for name, _, _ in rows[:5]] == ["size", "kind", "machine", "processors", "Windows build"]
    assert rows[0][2] is None
    assert rows[0][1].startswith(str(path.stat().st_size))

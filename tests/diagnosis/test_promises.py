"""What one flag of the header promises, and what is there anyway."""

from __future__ import annotations

from samples.recipes import compose

from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source
from samples import blocks, process


def test_code_windows_and_the_shared_page_are_not_of_a_flag():
    """Two threads whose code windows overlap make one range of more than 256 bytes; newer writers store KUSER_SHARED_DATA in every dump."""
    from dumpscope.diagnosis.promises import promise

    rows = process.threads_64()
    first = 0x7FF6A1B21400
    rows = [row._replace(context=blocks.context_amd64(rip=first + 0x90 * at, rsp=0x4A5E4FFE58)) for at, row in enumerate(rows)]
    made = compose("threads modules system misc", 0x41, threads=rows)
    made.add_memory(first - 0x80, b"\x90" * (0x90 * 2 + 0x100))
    made.add_memory(0x7FFE0000, process.kuser_shared_data())
    made.add_memory_list()
    facts = Facts.of(Source.from_object(made.build()))
    assert promise(facts, 0x40).delivered == "no"
    assert promise(facts, 0x1).delivered == "no"

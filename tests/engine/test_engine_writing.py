"""What ``writing`` makes, given to Microsoft's engine: it opens, and answers as the dump that it was made of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List, Tuple

from tests.engine.bench import Answer, Bench
from tests.writing.test_builder import MENDED, small

from dumpscope.dump.minidump import Minidump
from dumpscope.errors import DumpError
from dumpscope.writing import DumpBuilder

NOT_COMPARED = ("hostile-", "damaged-", "handles-info", "thread-context-too-small", "not-a-dump-user-full-")
"""Names in them break the lines of the bench, the engine reads on behind the file or the registers, or another format has become a minidump."""
COMMANDS = (".exr -1", ".lastevent", ".ttime", "~*", "~", "|", "lm", "vertarget", "r", "~*k")
PLACED = re.compile(r"debugger time|Debug session time|\.dmp")
"""Lines that tell the time of the question or the name of the file."""


def told(answer: Answer) -> List[Tuple[str, Any]]:
    """The engine's answers, without what depends on where in the file something stands."""
    threads = [(row.index, row.id, row.teb_hr, row.teb, row.hr, dict(row.info)) for row in answer.threads]
    commands = {name: [line for line in item.text.split("\n") if not PLACED.search(line)] for name, item in answer.commands.items()}
    return [
        ("handles", (answer.handle_count_hr, answer.handle_count, answer.handles)), ("threads", threads), ("regions", answer.regions),
        ("modules", answer.modules), *commands.items(),
    ]  # fmt: skip


def test_every_sample_built_anew_answers_the_same(bench: Bench, samples: Path, tmp_path: Path) -> None:
    pairs: List[Tuple[Path, Path]] = []
    for path in sorted(samples.rglob("*.dmp")):
        try:
            dump = Minidump.open(path.read_bytes())
        except DumpError:
            continue
        if path.stem.startswith(MENDED) or path.stem.startswith(NOT_COMPARED):
            continue
        made = tmp_path / path.name
        made.write_bytes(DumpBuilder.of(dump).to_bytes())
        pairs.append((path, made))
    before = bench.ask([path for path, _ in pairs], COMMANDS, what="fhtrm")
    after = bench.ask([path for _, path in pairs], COMMANDS, what="fhtrm")
    wrong = []
    compared = 0
    for one, two in zip(before, after):
        if not one.opened or one.wait_hr or one.faulted or two.faulted:
            continue
        compared += 1
        if not two.opened:
            wrong.append(f"{one.dump.stem} does not open: 0x{two.open_hr:08x}")
            continue
        wrong += [f"{one.dump.stem}: {what}: {str(a)[:200]} != {str(b)[:200]}" for (what, a), (_, b) in zip(told(one), told(two)) if a != b]
    assert compared > 100
    assert wrong == [], "\n".join(wrong)


def test_a_dump_from_nothing_opens(bench: Bench, tmp_path: Path) -> None:
    builder = small(flags=0x4)
    builder.capture(0x5000, bytes(range(0x20)))
    builder.add("HandleDataStream", Handle=4, TypeName="Event", ObjectName="\\BaseNamedObjects\\Go", HandleCount=2, PointerCount=3)
    builder.comment("made")
    path = tmp_path / "made.dmp"
    builder.write(str(path))
    answer = bench.ask_one(path, what="htrb", addresses=[0x5000])
    assert answer.opened
    assert [(row.handle, row.type, row.name, row.handle_count) for row in answer.handles] == [(4, "Event", "\\BaseNamedObjects\\Go", 2)]
    assert [row.id for row in answer.threads] == [0x1A2C]
    assert answer.addresses[0x5000].data[:4] == b"\0\1\2\3"
    assert "Comment: 'made'" in answer.banner

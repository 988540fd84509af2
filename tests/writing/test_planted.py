"""Secrets that are planted in every kind of place of real dumps are gone when the dump was scrubbed."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Iterator, List

import pytest
from tests.amount import ALL, part, some
from tests.writing.planting import MACHINE, USER, Planted, left, plant

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.found import find_text
from dumpscope.writing.scrub import NONE, Scrubbed

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CORPUS = os.environ.get("DUMPSCOPE_CORPUS", "")
"""A folder of real dumps, which do not belong to the project."""


DAMAGED = ("crashpad-annotations-beyond-end", "handles-name-length-huge", "full-memory-truncated", "full-memory-none-left")
"""Samples with texts whose length is wrong, of which nothing is promised; and those whose memory would be what is planted behind their end."""


def planted_dumps(folder: Path) -> Iterator[Path]:
    """The dumps of a folder that the debugger opens."""
    for path in sorted(folder.rglob("*.dmp")):
        source = Source.from_path(str(path))
        try:
            Minidump(source)
            if EngineView(source).opening.ok and not source.made_of and path.stem not in DAMAGED:
                yield path
        except DumpError:
            continue
        finally:
            source.close()


@cache
def opened_samples() -> List[Path]:
    """The samples that the debugger opens."""
    return list(planted_dumps(SAMPLES))


def check(path: Path, stacks: str = "frames", *, wider: bool = False) -> Planted:
    """Plant, scrub, and look for each secret."""
    planted = plant(path.read_bytes(), wider=wider)
    with Minidump.open(planted.data) as dump:
        if not EngineView(dump.source).opening.ok:
            return Planted(b"", [])  # one thing more at an address that others have
        result = Scrubbed(dump, stacks)
        data = result.fetch(0, result.size)
        assert left(planted, planted.data), path.name  # the search finds what is there
        assert left(planted, data) == [], path.name
        source = Source.from_object(data)
        texts = {USER, MACHINE, *(item.text for item in planted.plants[:: max(1, len(planted.plants) // part(8, 3))])}
        assert [list(find_text(source, text)) for text in texts if any(find_text(source, text))] == [], path.name
    return planted


EVERYWHERE = {
    "memory", "TLS slots", "StaticUnicodeBuffer", "vector registers", "across two ranges", "name of an object", "comment", "gap between streams",
    "behind the build string", "beyond the end of all structures", "reserved bytes of a module",
}  # fmt: skip
OF_OTHERS = {"stream", "Crashpad's simple annotation", "Crashpad's list of texts", "Crashpad's object", "Crashpad's ids"}


@pytest.mark.parametrize("stacks", ["frames", NONE])
@pytest.mark.parametrize("wider", [False, True])
def test_nothing_that_was_planted_in_a_sample_is_left(stacks: str, wider: bool) -> None:
    """All samples in each of the four ways, or an eighth of them in each way."""
    kinds = set()
    count = 0
    for path in some(opened_samples(), 2 * wider + (stacks == NONE), 8):
        planted = check(path, stacks, wider=wider)
        kinds |= {item.where.split(",")[0] for item in planted.plants}
        count += bool(planted.data)
    assert count > (150 if ALL else 15)
    assert kinds >= (EVERYWHERE | OF_OTHERS if wider else EVERYWHERE)


@pytest.mark.skipif(not CORPUS, reason="DUMPSCOPE_CORPUS names no folder of real dumps")
def test_nothing_that_was_planted_in_a_real_dump_is_left() -> None:
    assert sum(bool(check(path, wider=wider).data) for path in planted_dumps(Path(CORPUS)) for wider in (False, True)) > 0

"""The short way gives the engine model's own answer, on every sample."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from tests.cases import each

from dumpscope.diagnosis.engine.shortcut import handles_refused, looks_sound, no_session
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import DumpError
from dumpscope.format.streams import HandleDataStream

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "samples").rglob("*.dmp"))


def said(dump: Minidump) -> Optional[str]:
    return no_session(dump, lambda: Facts(dump.source, dump))


@each("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_has_a_session_where_the_model_opens_it(path: Path) -> None:
    try:
        dump = Minidump.open(path)
    except DumpError:
        return  # not readable as a minidump: nothing to ask
    with dump:
        opening = Facts(dump.source, dump).engine.opening
        works = opening.ok and not opening.wait_hresult
        assert (said(dump) is None) == works
        assert works or not looks_sound(dump)
        answer = Facts(dump.source, dump).engine.handles
        if works and dump.stream(HandleDataStream) is not None and list(dump.handles):
            assert (handles_refused(dump, lambda: Facts(dump.source, dump)) is None) == (answer.count > 0)


def test_most_samples_take_the_short_way() -> None:
    sound = 0
    for path in SAMPLES:
        try:
            with Minidump.open(path) as dump:
                sound += looks_sound(dump)
        except DumpError:
            continue
    assert sound > len(SAMPLES) // 2

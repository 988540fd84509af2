"""``explain`` on the codes of other readers' reasons: each that a verdict gives is known, with the words of that verdict."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from dumpscope.diagnosis.readers import breakpad, lldb, pypi, rust, udmp
from dumpscope.diagnosis.readers.catalogue import READERS, verdicts
from dumpscope.diagnosis.readers.reasons import PREFIXES, reason_of
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[3] / "samples"


def test_what_samples_are_refused_for_is_known() -> None:
    seen: Dict[str, str] = {}
    for path in sorted(SAMPLES.glob("*.dmp")):
        if path.stat().st_size < 1 << 16:
            for verdict in verdicts(Source.from_object(path.read_bytes())):
                if verdict.reason is not None:
                    seen[verdict.reason.code] = verdict.reason.words
                    known = reason_of(verdict.reason.code)
                    assert known is not None, verdict.reason.code
                    assert known.reader.name == verdict.reader
    assert len(seen) > 20
    told = 0
    for code, words in seen.items():
        known = reason_of(code)
        assert known is not None
        if known.words:
            told += 1
            shapes = [re.escape(part).replace("…", ".*") for part in known.words.split("; or ")]
            assert any(re.fullmatch(shape, words) for shape in shapes), (code, words, known.words)
    assert told * 4 > len(seen) * 3


def test_every_code_in_the_source_is_explained(cli: Callable[..., Any]) -> None:
    assert {reader.name for reader in PREFIXES.values()} == {reader.name for reader in READERS}
    codes = set()
    for module in (breakpad, lldb, pypi, rust, udmp):
        assert module.__file__ is not None
        codes |= set(re.findall(r'"((?:LLDB|BPSW|BPMD|RUST|PYPI|UDMP)\d\d)"', Path(module.__file__).read_text("utf-8")))
    assert len(codes) > 60
    for code in codes:
        found = cli("explain", code)
        assert found.code == 0
        assert code in found.out
        assert PREFIXES[code[:4]].title in " ".join(found.out.split())


def test_a_page_has_the_members_of_a_rules_page(run_json: Callable[..., Dict[str, Any]]) -> None:
    ours, theirs = run_json("explain", "HND002")["rule"], run_json("explain", "lldb05")["rule"]
    assert set(ours) == set(theirs)
    assert theirs["code"] == "LLDB05"
    assert theirs["title"] == "stream … (type …) reaches beyond the end of the file"
    assert theirs["checks"] == "DataSize"


@pytest.mark.parametrize("code", ["LLDB99", "RUST", "BPSW1", "UDMP001", "LLDB0\u0665"])
def test_a_code_of_no_reader_is_refused(cli: Callable[..., Any], code: str) -> None:
    found = cli("explain", code)
    assert found.code == 2
    assert "there is no rule" in found.err


def test_who_was_not_tried_is_said(cli: Callable[..., Any]) -> None:
    assert "not tried here" in cli("explain", "RUST02").out
    assert "not tried here" not in cli("explain", "LLDB05").out
    assert "BPSW03" in cli("explain", "BPSW03").out
    assert "0xa793" in cli("explain", "BPMD03").out

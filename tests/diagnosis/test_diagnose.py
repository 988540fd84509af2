"""``diagnose`` against what ``why --json`` says, on every sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope import DumpError, diagnose

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@each("path", some(sorted(SAMPLES.glob("*.dmp")), 0), ids=lambda path: path.stem)
def test_it_says_what_why_says(path: Path, run_json: Callable[..., Dict[str, Any]]) -> None:
    answer = diagnose(str(path))
    said = run_json("why", str(path))
    assert answer.path == str(path)
    assert answer.opens == said["opens"]["ok"]
    assert f"0x{answer.hresult:08x}" == said["opens"]["hresult"]
    if "engine" not in said:  # a kernel dump, of which `why` speaks otherwise
        assert not answer.outcomes or not answer.opens
        return
    assert sorted(item.code for item in answer.findings) == sorted(item["code"] for item in said["findings"])
    if answer.outcomes:
        assert {name: item.outcome for name, item in answer.outcomes.items()} == {row["command"]: row["outcome"] for row in said["commands"]}
        assert {item.command for item in answer.failing()} == {row["command"] for row in said["commands"] if row["outcome"] != "works"}
        answer.plan()


def test_outcomes_name_the_rules_that_explain_them() -> None:
    answer = diagnose(SAMPLES / "article-nohandles.dmp")
    outcome = answer.outcomes["!handle"]
    assert (outcome.outcome, outcome.hresult, outcome.codes[0]) == ("fails", 0x80004002, "HND002")
    assert answer.outcomes["lm"].codes == ()
    assert answer.plan(["!handle"]).flags == 0x4
    with pytest.raises(KeyError):
        answer.plan(["!nonsense"])


def test_a_file_that_is_no_dump_has_findings_and_one_that_is_not_there_raises() -> None:
    answer = diagnose(b"no dump at all" * 10)
    assert not answer.opens
    assert answer.findings
    assert answer.outcomes == {}
    with pytest.raises(DumpError):
        diagnose("no-such-file.dmp")

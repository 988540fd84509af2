"""The report beside a dump: what it says of its source, and paths that are refused before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dumpscope.errors import UsageError
from dumpscope.writing.report import check_paths, report


def test_the_source_is_named_without_its_folders() -> None:
    text = b"".join(report("scrub", str(Path("secret") / "app.dmp"), 12, {"wiped": "é"}))
    assert json.loads(text) == {"command": "scrub", "source": {"name": "app.dmp", "size": 12}, "wiped": "é"}
    assert b"secret" not in text
    assert text.isascii()
    assert text.endswith(b"}\n")


def test_paths_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    source, taken = tmp_path / "app.dmp", tmp_path / "taken.json"
    source.write_bytes(b"dump")
    taken.write_bytes(b"{}")
    good, dump = str(tmp_path / "report.json"), str(tmp_path / "new.dmp")
    check_paths(good, dump, str(source), False)
    check_paths(None, None, str(source), False)
    with pytest.raises(UsageError, match="there is no folder"):
        check_paths(str(tmp_path / "none" / "report.json"), dump, str(source), False)
    with pytest.raises(UsageError, match="the same name"):
        check_paths(dump, dump, str(source), False)
    for path, force in ((taken, False), (source, True)):
        for report_path, output in ((str(path), dump), (good, str(path))):
            with pytest.raises(UsageError):
                check_paths(report_path, output, str(source), force)
    check_paths(str(taken), dump, str(source), True)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["app.dmp", "taken.json"]

"""The map in CONTRIBUTING names every folder of the package, and no file or folder that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Set

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "extension" / "dumpscope"


def map_of_the_package() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return text[text.index("extension/dumpscope/\n") + len("extension/dumpscope/\n") : text.index("\n    scripts/ ")]


def folders() -> Set[str]:
    return {path.parent.name for path in PACKAGE.rglob("*.py")} - {PACKAGE.name}


def test_every_folder_is_on_the_map() -> None:
    named = set(re.findall(r"(\w+)/", map_of_the_package()))
    assert not folders() - named


def test_the_map_names_nothing_that_is_not_there() -> None:
    lines = map_of_the_package().splitlines()
    named = {match.group(1) for line in lines for match in [re.match(r"\s+(\w+)/", line)] if match}
    assert len(named) > 20
    assert named <= folders() | {path.name for path in PACKAGE.iterdir()}
    files = set(re.findall(r"\b\w+\.py\b", map_of_the_package()))
    assert "errors.py" in files
    assert files <= {path.name for path in PACKAGE.rglob("*.py")}

"""No module is too long, no folder too full, and no three modules of a folder begin alike: in the package, its tests, samples, benchmarks and docs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Dict, List

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("extension/dumpscope", "tests", "samples", "benchmarks", "docs", "scripts", ".ci")
LINES = 600
MODULES = 32
ALIKE = 2
LONG: Dict[str, str] = {
    "extension/dumpscope/format/codes/bugvalues.py": "a table: values of parameters of stop codes",
    "extension/dumpscope/format/codes/hresult.py": "a table: names of codes",
    "extension/dumpscope/format/codes/ntstatus.py": "a table: names of codes",
    "extension/dumpscope/format/codes/win32.py": "a table: names of codes",
    "extension/dumpscope/format/flags.py": "a table: bits of each mask",
}
FULL: Dict[str, str] = {"scripts": "one file to a command: their names are what people type after !py"}
PREFIXED: Dict[str, str] = {"docs/plugin": "modules of an example package are installed side by side with others, so each has the package's name"}


def python_files() -> List[Path]:
    """The modules of all places, as paths from the root. A tree without the package's source has fewer of them."""
    found = [path.relative_to(ROOT) for place in PLACES if (ROOT / place).is_dir() for path in (ROOT / place).rglob("*.py")]
    assert len(found) > 100
    return sorted(found)


def length(path: Path) -> int:
    return len((ROOT / path).read_text("utf-8").splitlines())


def crowds(folder: Path, names: List[str]) -> List[str]:
    """What is wrong with the names of a folder's modules."""
    modules = [name for name in names if name not in ("__init__.py", "__main__.py", "conftest.py")]
    stems = [name[:-3].replace("test_", "", 1) for name in modules]
    first = Counter(stem.split("_")[0] for stem in stems)
    wrong = [f"{folder.as_posix()} has {len(modules)} modules: make folders of it"] if len(modules) > MODULES and folder.as_posix() not in FULL else []
    alike = {name: count for name, count in first.items() if count > ALIKE and folder.as_posix() not in PREFIXED}
    return wrong + [f"{count} modules of {folder.as_posix()} begin with {name}_: make a folder of them" for name, count in alike.items()]


def test_no_module_is_too_long() -> None:
    long = {path.as_posix(): length(path) for path in python_files()}
    wrong = {name: lines for name, lines in long.items() if lines > LINES and name not in LONG}
    assert wrong == {}, "split them by subject"


def test_no_folder_is_too_full_and_no_names_begin_alike() -> None:
    folders: Dict[Path, List[str]] = {}
    for path in python_files():
        folders.setdefault(path.parent, []).append(path.name)
    assert [words for folder, names in folders.items() for words in crowds(folder, names)] == []


@pytest.mark.parametrize("name", sorted(LONG))
def test_an_exception_is_one(name: str) -> None:
    assert length(Path(name)) > LINES, "it needs no exception any more"


def test_exceptions_for_folders_are_such() -> None:
    for name in FULL:
        assert len(list((ROOT / name).glob("*.py"))) > MODULES, name
    for name in PREFIXED:
        stems = [path.stem.split("_")[0] for path in (ROOT / name).glob("*.py")]
        assert max(Counter(stems).values()) > ALIKE, name


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ([f"{chr(97 + number // 26)}{chr(97 + number % 26)}.py" for number in range(MODULES)] + ["__init__.py"], 0),
        ([f"{chr(97 + number // 26)}{chr(97 + number % 26)}.py" for number in range(MODULES + 1)], 1),
        (["test_handles.py", "test_handles_names.py"], 0),
        (["test_handles.py", "test_handles_names.py", "handles_made.py"], 1),
        (["engine_a.py", "engine_b.py", "engine_c.py", "dump_a.py", "dump_b.py", "dump.py"], 2),
    ],
)
def test_the_check_can_fail(names: List[str], wrong: int) -> None:
    assert len(crowds(Path("made"), names)) == wrong

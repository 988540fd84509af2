"""Tests mirror the package: the tests of ``dump/archives/lzx.py`` are in ``tests/dump/archives/test_lzx.py``, or in the folder ``tests/dump/archives/lzx``.

The other modules are in ``mirror.txt``, each with the module of tests that holds it:
tables that one test goes through, and parts that are tested with their whole.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, TESTS = ROOT / "extension" / "dumpscope", ROOT / "tests"
LISTED = Path(__file__).with_name("mirror.txt")


def modules() -> List[str]:
    """The package's modules by their paths, without those that only start something."""
    found = (path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py"))
    return sorted(found)


def mirrored(module: str) -> bool:
    """Whether a module's tests are where its path says."""
    place = TESTS / module
    return place.with_name(f"test_{place.name}").is_file() or any(place.with_suffix("").glob("**/test_*.py"))


@cache
def listed() -> Dict[str, str]:
    """What ``mirror.txt`` says: by module, the module of tests that holds it."""
    rows = [line.split() for line in LISTED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert [row[0] for row in rows] == sorted({row[0] for row in rows}), "sorted, each once"
    return {row[0]: row[1] for row in rows}


def test_each_module_has_a_module_of_tests() -> None:
    wrong = []
    for module in modules():
        other = listed().get(module, "")
        if mirrored(module) and other:
            wrong.append(f"{module} has tests at its own place: take its line out of mirror.txt")
        elif not mirrored(module) and not other:
            wrong.append(f"{module}: write tests/{module[: module.rfind('/') + 1]}test_{Path(module).name}, or say in mirror.txt which tests hold it")
        elif other and not (TESTS / other).is_file():
            wrong.append(f"{module}: mirror.txt names {other}, which is not there")
    assert not wrong


def test_the_list_names_no_module_that_is_gone() -> None:
    assert set(listed()) <= set(modules())

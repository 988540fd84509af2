"""What the pages of kernel dumps and of user dumps of the old format say besides bytes, for each sample, as it was read and checked.

``pages.txt`` has a line for each fact, finding and row. ``python -m tests.commands.test_atlas`` writes it anew after a change that is meant.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from docs.extras import without_extras
from tests.conftest import SAMPLES

from dumpscope.atlas.flat import Told, outcomes_of
from dumpscope.commands.kernel import atlas as kernel
from dumpscope.commands.opening import session_of
from dumpscope.commands.userdump import atlas as userdump
from dumpscope.commands.userdump.answers import outcomes
from dumpscope.dump.source import Source
from dumpscope.session.missing import facts_of

PAGES = Path(__file__).with_name("pages.txt")
NAMES = sorted(path.stem for kind in ("kernel", "user-full") for path in SAMPLES.glob(f"not-a-dump-{kind}-*.dmp"))


def told(data: bytes, name: str) -> Told:
    """What the page of a dump says."""
    with closing(Source.from_object(data)) as source, without_extras():
        session = session_of(source, name)
        if session.kernel is not None:
            return kernel._told(session, session.kernel)
        dump = session.user_dump
        assert dump is not None
        return userdump._told(session, dump, outcomes_of(facts_of(session).engine.opening, outcomes(dump)))


def lines(page: Told) -> Iterator[str]:
    def line(what: str, value: Any) -> str:
        return f"{what} {json.dumps(value)}"

    yield line("pointers", page.pointer_size)
    for fact in page.facts:
        yield line("fact", fact)
    for item in page.findings:
        yield line("finding", {key: value for key, value in item.items() if value})
    for key, title, columns, rows in page.tables:
        yield line("table", [key, title, columns])
        for row in rows:
            yield line("row", row)
    for note in page.notes:
        yield line("note", note)


def stored() -> Dict[str, List[str]]:
    """The lines of each page."""
    found: Dict[str, List[str]] = {}
    for page in PAGES.read_text("utf-8").split("== ")[1:]:
        name, *rest = page.splitlines()
        found[name] = rest
    return found


@pytest.mark.parametrize("name", sorted(stored()))
def test_a_page_says_what_was_checked(name: str) -> None:
    assert list(lines(told((SAMPLES / f"{name}.dmp").read_bytes(), name))) == stored()[name]


def test_pages_of_each_kind_are_there() -> None:
    assert {"-".join(name.split("-")[3:5]) for name in stored()} >= {"kernel-32", "kernel-64", "kernel-full", "kernel-bitmap", "kernel-triage", "user-full"}


def test_a_dump_without_a_bug_check_has_no_findings() -> None:
    data = bytearray((SAMPLES / "not-a-dump-kernel-triage-64.dmp").read_bytes())
    data[0x38:0x3C] = bytes(4)
    page = told(bytes(data), "x")
    assert page.findings == []
    assert "bug check" not in [label for label, _, _ in page.facts]


def _write() -> None:
    pages = ["\n".join([f"== {name}", *lines(told((SAMPLES / f"{name}.dmp").read_bytes(), name))]) + "\n" for name in NAMES]
    PAGES.write_bytes("".join(pages).encode())


if __name__ == "__main__":
    _write()

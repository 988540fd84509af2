"""Pages of kernel dumps and user dumps of the old format: every byte has its owner, and what is personal is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest
from tests.atlas.browser import Browser, find_browser
from tests.atlas.test_page import bytes_of, data_of

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRIAGE, WIDE, NARROW = "not-a-dump-kernel-triage-64.dmp", "not-a-dump-user-full-64.dmp", "not-a-dump-user-full-32.dmp"
NAMES = [TRIAGE, "not-a-dump-kernel-triage-32.dmp", "not-a-dump-kernel-hardware-64.dmp", "not-a-dump-kernel-bitmap-64.dmp", "not-a-dump-kernel-32.dmp"]
NAMES += [WIDE, NARROW]


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., str]:
    """Writes the page of a sample by the command, and reads it."""
    from dumpscope.front.cli.main import main

    def make(name: str, *options: str) -> str:
        path = tmp_path / "page.html"
        assert main(["atlas", str(SAMPLES / name), "-o", str(path), "--force", *options]) == 0
        return path.read_text("utf-8")

    return make


@pytest.mark.parametrize("name", NAMES)
def test_the_map_has_every_byte_once(made: Callable[..., str], name: str) -> None:
    data = data_of(made(name))
    assert data["size"] == (SAMPLES / name).stat().st_size
    at = 0
    for piece in data["pieces"]:
        assert piece[0] == at
        at += piece[1]
    assert at == data["size"]
    for number, row in enumerate(data["nodes"]):
        assert row[0] < number
        assert 0 <= row[3] <= row[3] + row[4] <= data["size"]


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_those_of_the_file(made: Callable[..., str], name: str) -> None:
    text, whole = made(name), (SAMPLES / name).read_bytes()
    carried, at = bytes_of(text), 0
    for start, size in data_of(text)["ranges"]:
        assert carried[at : at + size] == whole[start : start + size]
        at += size
    assert at == len(carried) > 0


def table(data: Dict[str, Any], key: str) -> Any:
    return next(item["rows"] for item in data["tables"] if item["key"] == key)


def test_a_kernel_dump_says_what_stopped_the_machine(made: Callable[..., str]) -> None:
    data = data_of(made(TRIAGE))
    finding = data["findings"][0]
    assert finding["severity"] == "error"
    assert finding["title"] == "DRIVER_IRQL_NOT_LESS_OR_EQUAL"
    assert "demo_drv" in finding["verdict"]
    assert [row[2] for row in finding["evidence"]] == [0x40, 0x48, 0x50, 0x58]
    assert [row[3] for row in table(data, "modules")] == ["hal", "nt", "demo_drv", "FLTMGR"]
    assert ["~", "fails"] in [row[:2] for row in data["commands"]]
    assert any(row[1] == "drivers > driver 2 (demo-drv.sys)" for row in data["nodes"])


@pytest.mark.parametrize("name", [WIDE, NARROW])
def test_a_user_dump_has_its_threads_and_its_event(made: Callable[..., str], name: str) -> None:
    data = data_of(made(name))
    assert "Access violation" in data["findings"][0]["title"]
    assert all(row[2] < data["size"] for row in data["findings"][0]["evidence"])
    assert [row[2] for row in table(data, "threads")] == ["1a30", "1b44"]
    assert "demo+0x1024" in table(data, "threads")[0][4]


def test_memory_comes_only_when_it_is_asked_for(made: Callable[..., str]) -> None:
    stack = (SAMPLES / TRIAGE).read_bytes()[0x2080:0x2180]
    assert stack not in bytes_of(made(TRIAGE))
    assert stack in bytes_of(made(TRIAGE, "--memory"))


@pytest.mark.parametrize("name", [TRIAGE, WIDE])
def test_a_redacted_page_has_no_memory_and_says_so(made: Callable[..., str], name: str) -> None:
    text = made(name, "--redact")
    assert data_of(text)["redacted"]
    assert len(bytes_of(text)) < len(bytes_of(made(name, "--memory"))) - 0x400


@pytest.fixture
def browser() -> Iterator[Browser]:
    found = find_browser()
    if found is None:
        pytest.skip("there is no Chromium here")
    one = Browser(found)
    yield one
    one.close()


@pytest.mark.parametrize("name", [TRIAGE, WIDE])
def test_a_browser_draws_it_without_a_complaint(made: Callable[..., str], browser: Browser, tmp_path: Path, name: str) -> None:
    made(name)
    browser.open(tmp_path / "page.html", "#x0")
    tabs = browser.evaluate("[...document.querySelectorAll('#tabs button')].map(one => one.id)")
    assert "tab-findings" in tabs
    assert "tab-flags" not in tabs
    for tab in tabs:
        browser.evaluate(f"document.getElementById('{tab}').click()")
    assert browser.problems == []

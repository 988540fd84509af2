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
    assert "demo-drv.sys" in data["findings"][1]["title"]
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


@pytest.fixture(scope="module")
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


def page_of(tmp_path: Path, path: Path) -> Dict[str, Any]:
    from dumpscope.front.cli.main import main

    target = tmp_path / "page-of.html"
    assert main(["atlas", str(path), "-o", str(target), "--force"]) == 0
    return dict(data_of(target.read_text("utf-8")))


@pytest.mark.parametrize(
    ("name", "size", "hresult"), [(TRIAGE, 8192 + 19, "0x80070570"), ("not-a-dump-kernel-triage-32.dmp", 4096, "0x80070570"), (WIDE, 0x200, "0x80070057")]
)
def test_a_file_that_the_debugger_refuses_has_no_command_that_works(tmp_path: Path, name: str, size: int, hresult: str) -> None:
    whole = page_of(tmp_path, SAMPLES / name)
    assert not any(row["code"] == "opening" for row in whole["findings"])
    assert any(row[1] == "works" for row in whole["commands"])
    path = tmp_path / "cut.dmp"
    path.write_bytes((SAMPLES / name).read_bytes()[:size])
    data = page_of(tmp_path, path)
    found = next(row for row in data["findings"] if row["code"] == "opening")
    assert hresult in found["title"]
    assert "Could not open dump file, Win32 error" in found["verdict"]
    assert data["commands"]
    assert all(row[1] == "fails" and hresult in row[2] for row in data["commands"])


def test_the_time_of_a_kernel_dump_has_its_milliseconds(tmp_path: Path) -> None:
    from dumpscope.dump.kernel.kerneldump import KernelDump

    with KernelDump.open(str(SAMPLES / TRIAGE)) as dump:
        place, value = dump.header_layout.offset_of("SystemTime"), dump.system_time
    data = bytearray((SAMPLES / TRIAGE).read_bytes())
    data[place : place + 8] = (value // 10_000_000 * 10_000_000 + 9_870_000).to_bytes(8, "little")
    path = tmp_path / "late.dmp"
    path.write_bytes(data)
    stopped = next(row[1] for row in page_of(tmp_path, path)["facts"] if row[0] == "stopped")
    assert ".987 " in stopped


def test_what_the_writer_did_not_set_is_told_as_such(made: Callable[..., str]) -> None:
    facts = {row[0]: row[1] for row in data_of(made("not-a-dump-kernel-32.dmp"))["facts"]}
    assert facts["machine"] == "the writer did not set MachineImageType"
    assert facts["kind"] == "a kernel dump whose kind is not recorded"


def test_the_driver_is_a_finding_with_its_own_certainty(made: Callable[..., str]) -> None:
    check, driver = data_of(made(TRIAGE))["findings"][:2]
    assert check["confidence"] == "proven"
    assert "driver most likely" not in check["verdict"]
    assert driver["title"] == f"The driver most likely meant is demo-drv.sys ({driver['confidence']})"
    assert driver["confidence"] == "likely"
    assert driver["evidence"][0][2] > 0


@pytest.mark.parametrize("name", [WIDE, NARROW])
def test_texts_about_an_old_user_dump_say_what_they_are(made: Callable[..., str], name: str) -> None:
    data = data_of(made(name))
    assert "where: demo+0x1024; thread: 1a30" in data["findings"][0]["verdict"]
    names = [piece[4] for piece in data["pieces"] if len(piece) > 4]
    assert "regions > region" in names
    assert not any(name.endswith("0x") for name in names)

"""Signatures: which frames enter, what the rules change, what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dumpscope.errors import UsageError
from dumpscope.fleet.facts import COLUMNS
from dumpscope.fleet.signature import DEFAULT, MEANINGS, OUTSIDE, SKIPPED, Maker, frame_text, load_rules, rules_from

MAKER = Maker()
AV = 0xC0000005


def test_frames_of_the_machinery_are_skipped_and_the_first_other_one_ends_it() -> None:
    frames = [("ntdll+0x10", False), ("kernelbase.dll+0x20", False), ("app.exe+0x30", False), ("app.exe+0x40", False)]
    made = MAKER.of_frames(frames, AV)
    assert made.text == "app.exe+0x30"
    assert made.words == "module and offset"
    assert [step.rpartition(": ")[2] for step in made.steps] == ["skipped", "skipped", "ends the signature"]


def test_helpers_lead_on_to_their_caller_and_there_is_an_end_to_it() -> None:
    made = MAKER.of_frames([("app!memcpy", True), ("app!copy_all", True), ("app!main", True)], AV)
    assert made.text == "app!memcpy | app!copy_all"
    assert made.words == "functions"
    assert MAKER.of_frames([("app!memcpy", True)] * 20, AV).text.count("memcpy") == DEFAULT.frames


def test_only_skipped_frames_say_so_and_have_the_code() -> None:
    made = MAKER.of_frames([("kernelbase.dll+0x20", False), ("ntdll.dll+0x5", False)], 0xE06D7363)
    assert made.text == "0xe06d7363 | kernelbase.dll+0x20"
    assert made.why == SKIPPED


def test_a_jump_to_nowhere_leads_on_to_the_caller() -> None:
    assert MAKER.of_frames([(OUTSIDE, False), ("app.exe+0x30", False)], AV).text == f"{OUTSIDE} | app.exe+0x30"
    assert MAKER.of_frames([(OUTSIDE, False)], AV).text == f"0xc0000005 | {OUTSIDE}"


def test_hang_and_out_of_memory_stand_in_front() -> None:
    assert MAKER.of_frames([("app.exe+0x30", False)], 0xCFFFFFFF).text == "hang | app.exe+0x30"
    assert MAKER.of_frames([("app.exe+0x30", False)], 0xC0000017).text == "out of memory | app.exe+0x30"


def test_the_place_of_a_frame_has_no_address_of_the_process() -> None:
    assert frame_text("Demo.EXE", "", 0x145C) == "demo.exe+0x145c"
    assert frame_text("Demo.EXE", "main", 0x145C) == "demo!main"
    assert frame_text("", "", 0x7FF00000) == OUTSIDE


def test_rules_of_a_file_take_the_place_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"skip": ["app\\\\.exe.*"], "out_of_memory": ["0xC0000005"]}', "utf-8")
    rules = load_rules(str(path))
    assert rules.lead == DEFAULT.lead
    assert Maker(rules).of_frames([("app.exe+0x30", False), ("ntdll.dll+0x5", False)], AV).text == "out of memory | ntdll.dll+0x5"


@pytest.mark.parametrize("given", [[], {"no": 1}, {"frames": 0}, {"skip": "x"}, {"skip": ["("]}, {"skip": [1]}, {"hang": ["zz"]}, {"hang": [-1]}])
def test_bad_rules_are_refused(given: Any) -> None:
    with pytest.raises(UsageError):
        rules_from(given)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff"], ids=["empty", "open", "deep", "latin"])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError):
        load_rules(str(path))


def test_the_guide_has_the_columns_and_the_page_of_signatures_the_rules_as_they_are() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    page = (docs / "signatures.md").read_text("utf-8")
    for name, meaning in MEANINGS.items():
        assert meaning in page
        value = getattr(DEFAULT, name)
        for item in (value,) if isinstance(value, int) else value:
            assert f"`0x{item:08X}`" in page if isinstance(item, int) and item > 255 else str(item).replace("|", "\\|") in page
    guide = (docs / "fleet.md").read_text("utf-8")
    for column in COLUMNS:
        assert f"| `{column.name}` | {column.kind} | {column.meaning} |" in guide


def test_what_raises_on_linux_and_macos_is_skipped() -> None:
    for frame in ("libc.so.6+0x2a", "libc-2.31.so+0x2a", "libsystem_kernel.dylib+0x733a", "libsystem_c!abort", "libc++abi.1.dylib+0x1"):
        assert MAKER.of_frames([(frame, "!" in frame), ("app+0x30", False)], 6).text == "app+0x30"
    assert MAKER.of_frames([("libcrypto.so+0x2a", False), ("app+0x30", False)], 6).text == "libcrypto.so+0x2a"

"""``stack`` on dumps of our own programs, with and without the image."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder, Module, Thread
from tests.stacks.test_engine import Pack
from tests.symbols.pe_builder import TIMESTAMP, Named, example, mapped

from dumpscope.__main__ import main
from dumpscope.commands.stacks.stack import DEFAULT_LIMIT, MAX_FRAMES, _details, _matches, frames_limit, missing_images
from dumpscope.errors import UsageError
from dumpscope.session.stack_words import LEAST_FOLDED
from dumpscope.stacks.frames import BOTTOM, NO_IMAGE
from dumpscope.view.blocks import Data, Note
from samples import blocks


@pytest.fixture
def step(tmp_path: Path) -> Tuple[str, str]:
    """A dump and the folder of its image."""
    images = tmp_path / "images"
    images.mkdir()
    pack = Pack("steps-clang-O1", images)
    dump = tmp_path / "step.dmp"
    dump.write_bytes(pack.dumps["step-0030.dmp"])
    return str(dump), str(images)


def test_text_is_the_debuggers(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", step[0], "-i", step[1]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["#", "Child-SP", "RetAddr", "Call", "Site"]
    assert lines[1].split() == ["00", "00000000`0011fbd8", "00000001`400017f4", "steps+0x1742"]
    assert lines[8].split() == ["07", "00000000`0011fe10", "00000000`7b627e49", "steps+0x14e6"]
    assert lines[9].split() == ["08", "00000000`0011fe40", "--------`--------", "kernel32+0x27e49"]
    assert "no image of kernel32.dll" in " ".join(lines)


def test_json_has_the_evidence_of_each_frame(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", step[0], "-i", step[1], "--json", "--registers"]) == 0
    document = json.loads(capsys.readouterr().out)
    (stack,) = document["stacks"]
    frames = stack["frames"]
    assert (stack["index"], stack["tid"], stack["end"]["kind"], stack["end"]["module"]) == (0, 36, "no-image", "kernel32")
    assert [frame["frame"] for frame in frames] == list(range(9))
    first, second = frames[:2]
    assert (first["found_by"], first["child_sp"], first["return_address"]) == ("exception context", "0x11fbd8", "0x1400017f4")
    assert first["registers"]["rip"] == first["ip"] == "0x140001742"
    assert (second["found_by"], second["module"], second["displacement"]) == ("unwind data", "steps", "0x17f4")
    proofs = {proof["what"]: proof for proof in second["evidence"]}
    image = Path(step[1], "steps.exe").read_bytes()
    row = proofs["RUNTIME_FUNCTION"]
    assert row["file"] == str(Path(step[1], "steps.exe"))
    assert image[row["offset"] : row["offset"] + 4] == (0x1740).to_bytes(4, "little")
    assert image[proofs["UNWIND_INFO"]["offset"]] == 1
    dump = Path(step[0]).read_bytes()
    place = proofs["return address"]
    assert dump[place["offset"] : place["offset"] + 8] == (0x1400017F4).to_bytes(8, "little")
    assert set(second["registers"]) == {"rbx", "rbp", "rsi", "rdi", "r12", "r13", "r14", "r15", "rsp", "rip"}, "what x64 Windows preserves"
    assert document["missing_images"] == ["kernel32"]


def test_text_does_not_make_what_json_has(step: Tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    made: List[Any] = []
    monkeypatch.setattr("dumpscope.commands.stacks.stack.stack_json", lambda *words, **named: made.append(words) or [])
    assert main(["stack", step[0], "-i", step[1], "--all"]) == 0
    assert made == []
    assert main(["stack", step[0], "-i", step[1], "--all", "--json"]) == 0
    assert len(made) == 1


def test_csv_has_a_row_for_each_frame(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", step[0], "-i", step[1], "--csv", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("index,tid,frame,child_sp,return_address,ip,")
    assert len(lines) == 10
    assert lines[2].startswith("0,36,1,0x11fbf0,0x1400017a6,0x1400017f4,steps,")


def test_without_images_one_frame_and_what_is_missing(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", step[0], "--symbols"]) == 0
    text = capsys.readouterr().out
    assert "no image of steps.exe" in text
    assert "images that are needed to go on: steps" in text
    assert "memory at 0x140000000" in text


def test_limit_unique_and_find(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", step[0], "-i", step[1], "--limit", "2"]) == 0
    text = capsys.readouterr().out
    assert "the limit of 2 frames is reached" in text
    assert "02  " not in text
    assert main(["stack", step[0], "-i", step[1], "--unique"]) == 0
    assert "1 thread, 1 different stack" in capsys.readouterr().out
    assert main(["stack", step[0], "-i", step[1], "--find", "KERNEL32"]) == 0
    assert main(["stack", step[0], "-i", step[1], "--find", "user32"]) == 1


def test_evidence_in_text(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", step[0], "-i", step[1], "--evidence", "--registers"]) == 0
    text = capsys.readouterr().out
    assert "found by unwind data of steps+0x1740-0x1787; 0x2 of 0x6 bytes of the prologue, 2 of 4 codes" in text
    assert "return address: 0x1400017f4 at 0x" in text
    assert "rbx=0000000000b81308" in text


@pytest.mark.parametrize("words", [["--limit", "none"], ["--limit", "0"], ["0", "--all"]])
def test_wrong_arguments(step: Tuple[str, str], words: list) -> None:
    assert main(["stack", step[0], *words]) == 2


def test_a_thread_that_is_not_there(step: Tuple[str, str]) -> None:
    assert main(["stack", step[0], "tid:1234"]) == 1


def test_frame_up_and_down(step: Tuple[str, str]) -> None:
    from dumpscope.commands.index import find_command
    from dumpscope.dump.minidump import Minidump
    from dumpscope.session.running import parse, run
    from dumpscope.session.session import Session
    from dumpscope.view.document import render_json

    with Minidump.open(step[0]) as dump:
        session = Session(dump)

        def ask(name: str, *words: str) -> dict:
            command = find_command(name)
            return json.loads("".join(render_json(run(session, command, parse(command, list(words))), {"schema": 1})))

        ask("stack", "-i", step[1])
        assert ask("frame", "2")["frame"]["ip"] == "0x1400017a6"
        assert ask("up")["frame"]["ip"] == "0x1400017a6"
        assert ask("up")["frame"]["frame"] == 4
        assert ask("down")["frame"]["frame"] == 3
        assert ask("frame")["frame"]["found_by"] == "unwind data"
        assert ask("frame", "99")["frame"] is None
        assert ask("frame", "0")["frame"]["frame"] == 0
        beyond = ask("down")
        assert beyond["frame"] is None
        assert "innermost" in beyond["frame_reason"]["message"]
        assert ask("frame")["frame"]["frame"] == 0


def test_exception_and_threads_show_the_top_frames(step: Tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_NT_EXECUTABLE_IMAGE_PATH", step[1])
    assert main(["exception", step[0]]) == 0
    assert "02  steps+0x17a6" in capsys.readouterr().out
    assert main(["threads", step[0], "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["top_frames"][:2] == ["steps+0x1742", "steps+0x17f4"]
    monkeypatch.delenv("_NT_EXECUTABLE_IMAGE_PATH")
    assert main(["threads", step[0], "0", "--json"]) == 0
    assert "top_frames" not in json.loads(capsys.readouterr().out)


def test_threads_name_the_function_at_the_top(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An image in the dump whose export covers the instruction; outside of it there is no name, and without --names no column."""
    file, parts = example(exports=[Named("work", 0x1000)])
    base = 0x1_8000_0000
    made = DumpBuilder("amd64")
    made.add_system_info()
    contexts = [blocks.context_amd64(rip=rip, rsp=0x7000) for rip in (base + 0x1010, 0x1234)]
    made.add_thread_list([Thread(tid + 1, context=context) for tid, context in enumerate(contexts)])
    made.add_module_list([Module(base, 0x5000, "example.dll", timestamp=TIMESTAMP)])
    made.add_memory(base, mapped(file, parts))
    made.add_memory_list()
    path = tmp_path / "made.dmp"
    path.write_bytes(made.build())
    assert main(["threads", str(path), "--names", "--json"]) == 0
    assert [item["top_frame"] for item in json.loads(capsys.readouterr().out)["threads"]] == ["example!work+0x10", None]
    assert main(["threads", str(path), "--json"]) == 0
    assert "top_frame" not in json.loads(capsys.readouterr().out)["threads"][0]
    assert main(["threads", str(path), "0", "--names"]) == 2
    assert main(["threads", str(path), "--errors", "--names"]) == 2


def test_why_k_names_the_images_that_are_missing(step: Tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", step[0], "k", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["stack_ends"] == {"no-image": 1}
    (need,) = document["needed_images"]
    assert (need["module"], need["file"], need["threads"]) == ("steps", "steps.exe", 1)


def test_why_alone_says_at_k_which_images_are_missing(step: Tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def row() -> Dict[str, Any]:
        assert main(["why", step[0], "--json"]) == 0
        return {item["command"]: item for item in json.loads(capsys.readouterr().out)["commands"]}["k"]

    missing = row()
    assert missing["outcome"] == "works"
    assert missing["why"] == "1 of 1 stack cannot be walked to the bottom without images: steps.exe (`why k`)"
    monkeypatch.setenv("_NT_EXECUTABLE_IMAGE_PATH", step[1])
    found = row()
    assert found["outcome"] == "works"
    assert "steps.exe" not in found["why"]


def test_folding_keeps_the_first_of_each_cycle() -> None:
    from types import SimpleNamespace

    from dumpscope.session.stack_words import folded

    rows = [SimpleNamespace(frame=SimpleNamespace(ip=ip), inline=False) for ip in [1, *[2, 3] * 50, 4, 5, 5, 5, 6]]
    assert [(row.frame.ip, length, count) for row, length, count in folded(rows)] == [
        (1, 0, 0),
        (2, 2, 50),
        (3, 0, 0),
        (4, 0, 0),
        (5, 0, 0),
        (5, 0, 0),
        (5, 0, 0),
        (6, 0, 0),
    ]


def stacks(modules: List[str], kind: str = NO_IMAGE) -> Any:
    """Stacks that end in these modules."""
    return [SimpleNamespace(end=SimpleNamespace(kind=kind, module=module)) for module in modules]


@pytest.mark.parametrize(("count", "rest"), [(1, ""), (2, ""), (7, ""), (8, ""), (9, " and 1 more"), (10, " and 2 more"), (21, " and 13 more")])
def test_eight_missing_images_are_named(count: int, rest: str) -> None:
    names = [f"m{number}" for number in range(count)]
    data, note = missing_images(stacks([*names, names[0], ""]))
    assert isinstance(data, Data)
    assert data.value == names
    assert isinstance(note, Note)
    assert note.text == f"images that are needed to go on: {', '.join(names[:8])}{rest}. Give the folder that holds them with -i"


def test_no_image_is_missing_where_stacks_end_by_themselves() -> None:
    assert list(missing_images(stacks(["demo"], BOTTOM))) == []
    assert list(missing_images(stacks([""]))) == []
    assert list(missing_images([])) == []


@pytest.mark.parametrize(
    ("wanted", "module", "symbol", "matches"),
    [
        ("demo", "demo", "", True),
        ("DEMO", "demo", "main", True),
        ("demo", "demo2", "", False),
        ("mo", "demo", "", False),
        ("main", "demo", "wmain", True),
        ("WMain", "demo", "wMAIN", True),
        ("other", "demo", "main", False),
        ("demo!ma", "demo", "main", True),
        ("demo!main", "demo", "ma", False),
        ("emo!ma", "demo", "main", False),
        ("demo!", "demo", "", True),
    ],
)
def test_a_frame_by_its_module_or_function(wanted: str, module: str, symbol: str, matches: bool) -> None:
    row: Any = SimpleNamespace(name=SimpleNamespace(module=module, symbol=symbol))
    assert _matches(row, wanted) is matches
    nameless: Any = SimpleNamespace(name=None)
    assert not _matches(nameless, wanted)


@pytest.mark.parametrize("sample", ["exception-thread-unknown", "crash-recursion", "waits-deadlock"])
def test_the_arguments_of_a_stack_as_csv(cli: Any, run_json: Any, sample: str) -> None:
    """A column of its own, only where it is asked for; its words are those of JSON."""
    name = f"{sample}.dmp"
    plain, more = (cli("stack", name, "--csv", *words).out.splitlines() for words in ((), ("--arguments",)))
    assert more[0] == plain[0] + ",arguments"
    assert [line.rpartition(",")[0] for line in more[1:]] == plain[1:]
    (stack,) = run_json("stack", name, "--arguments")["stacks"]
    assert [line.rpartition(",")[2] for line in more[1:]] == ["" if frame["arguments"] is None else " ".join(frame["arguments"]) for frame in stack["frames"]]


@pytest.mark.parametrize(("length", "words"), [(1, "this frame comes 7 times"), (2, "these 2 frames come 7 times"), (5, "these 5 frames come 7 times")])
def test_frames_that_come_again_and_again(length: int, words: str) -> None:
    drawn: Any = SimpleNamespace(stack=SimpleNamespace(frames=[None] * LEAST_FOLDED))
    lines = _details(drawn, lines=False, registers=False, evidence=False, parameters=False)
    assert lines is not None
    inline: Any = SimpleNamespace(inline=True)
    assert list(lines((inline, length, 7))) == [f"     ({words}, one after the other)"]
    assert list(lines((inline, length, 0))) == []
    drawn.stack.frames.pop()
    assert _details(drawn, lines=False, registers=False, evidence=False, parameters=False) is None
    assert _details(drawn, lines=False, registers=True, evidence=False, parameters=False) is not None
    assert _details(drawn, lines=False, registers=False, evidence=True, parameters=False) is not None


@pytest.mark.parametrize(
    ("text", "limit"),
    [(None, DEFAULT_LIMIT), ("1", 1), ("20", 20), ("0x10", 16), ("010", 16), ("01", 1), ("999999999", MAX_FRAMES), (str(MAX_FRAMES + 1), MAX_FRAMES)],
)
def test_a_number_of_frames(text: Optional[str], limit: int) -> None:
    assert frames_limit(text) == limit


@pytest.mark.parametrize("text", ["0", "00", "0x0", "-1", "x", ""])
def test_what_is_no_number_of_frames(text: str) -> None:
    with pytest.raises(UsageError, match="a number of frames is needed"):
        frames_limit(text)

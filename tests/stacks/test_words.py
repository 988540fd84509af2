"""Words called "Args to Child", and FPO data, against ``kb`` and ``kv`` of Microsoft's engine, line by line, on dumps of our own programs."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder, Module, Thread
from tests.amount import part, some
from tests.stacks.engine_words import ANSWERS, archives, unpack

from dumpscope.__main__ import main
from dumpscope.commands.index import find_command
from dumpscope.dump.minidump import Minidump
from dumpscope.session.running import parse, run
from dumpscope.session.session import Session
from dumpscope.symbols.symbolic_files import available
from dumpscope.view.text import render_text
from samples import blocks

_LINE = re.compile(r"^([0-9a-f]{2,}) +(.*)$")
_GUESS = re.compile(r" \(guess: [^)]*\)$")
_PLACES = re.compile(r" \[[^\]]* @ \d+\]")


class Compared(NamedTuple):
    """Lines of both with the same number and the same frame, and those of them that differ."""

    same_frame: int
    different: List[Tuple[str, str]]


def lines_of(text: str) -> Dict[str, str]:
    """The lines of a stack by their number, with single spaces."""
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            plain = _PLACES.sub("", " ".join(match[2].split()))
            found[match[1]] = _GUESS.sub("", plain)
    return found


def head_of(line: str) -> Tuple[str, ...]:
    """The columns before the words: they say which frame it is."""
    return tuple(line.partition(" : ")[0].split()) if " : " in line else tuple(line.replace("(Inline Function)", "(Inline)").split()[:2])


def compare(engine: str, ours: str) -> Compared:
    """Compare two stacks up to the first frame that is not the same. What is not in the dump is 0 to the engine, and `?` to us."""
    mine = lines_of(ours)
    same, different = 0, []
    for number, line in lines_of(engine).items():
        other = mine.get(number, "")
        if head_of(line) != head_of(other):
            break
        same += 1
        if other.replace("?", "0") != line:
            different.append((line, other))
    return Compared(same, different)


def printed(dump: Path, words: Sequence[str]) -> str:
    """What `stack` prints, without the lines of files."""
    with Minidump.open(str(dump)) as opened:
        command = find_command("stack")
        return "".join(render_text(run(Session(opened), command, parse(command, [*words, "--limit", "64"])), width=400))


@pytest.mark.parametrize("name", [name for name, _ in archives()])
def test_words_are_the_engines(name: str, tmp_path: Path) -> None:
    if name.startswith("x86") and available() is not True:
        pytest.skip("the package symbolic is not installed")
    answers: Dict[str, List[str]] = json.loads(lzma.decompress((ANSWERS / f"{name}.json.xz").read_bytes()))
    unpack(dict(archives())[name], tmp_path)
    total = 0
    for dump, (kb, kv) in some(list(answers.items()), 0):
        paths = ["-i", str(tmp_path), "-y", str(tmp_path)]
        for engine, option in ((kb, "--arguments"), (kv, "--fpo")):
            found = compare(engine, printed(tmp_path / dump, [*paths, option]))
            assert not found.different, dump
            total += found.same_frame
    assert total > part(80, 4)


def made(tmp_path: Path, stack: bytes) -> Path:
    """An x86 dump: the frame pointer leads to one caller, whose return address is 0."""
    builder = DumpBuilder("x86")
    builder.add_system_info()
    builder.add_thread_list([Thread(7, context=blocks.context_x86(eip=0x401010, esp=0x7000, ebp=0x7008))])
    builder.add_module_list([Module(0x400000, 0x5000, "example.exe")])
    builder.add_memory(0x7000, stack)
    builder.add_memory_list()
    path = tmp_path / "made.dmp"
    path.write_bytes(builder.build())
    return path


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


STACK = words(0, 0, 0x7018, 0x401234, 0xA1, 0xA2, 0, 0, 0xB1)
"""ebp points to the third word; above the second return address, which is 0, only one word was captured."""


def test_json_has_the_words_and_says_what_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = made(tmp_path, STACK)
    assert main(["stack", str(dump), "--arguments", "--json"]) == 0
    (stack,) = json.loads(capsys.readouterr().out)["stacks"]
    assert [frame["arguments"] for frame in stack["frames"]] == [["0xa1", "0xa2", "0x0"], ["0xb1", None, None]]
    assert "not proven" in stack["arguments_are"]
    assert "frame_data" not in stack["frames"][0]
    assert main(["stack", str(dump), "--fpo", "--json"]) == 0
    (stack,) = json.loads(capsys.readouterr().out)["stacks"]
    assert stack["frames"][0]["frame_data"] is None
    assert stack["frames"][0]["convention"] is None
    assert main(["stack", str(dump), "--json"]) == 0
    (stack,) = json.loads(capsys.readouterr().out)["stacks"]
    assert not {"arguments", "frame_data", "convention"} & set(stack["frames"][0])
    assert "arguments_are" not in stack


def test_words_that_are_not_captured_are_question_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The engine prints 0 there, which nobody can tell from a 0 of the process."""
    assert main(["stack", str(made(tmp_path, STACK)), "--arguments"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["#", "ChildEBP", "RetAddr", "Args", "to", "Child", "Call", "Site"]
    assert lines[1].split()[3:6] == ["000000a1", "000000a2", "00000000"]
    assert lines[2].split()[3:6] == ["000000b1", "????????", "????????"]


def test_csv_has_the_words_in_one_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", str(made(tmp_path, STACK)), "--arguments", "--csv"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.endswith(",certain,arguments")
    assert first.endswith(",0xa1 0xa2 0x0")
    assert second.endswith(",0xb1 ? ?")
    assert main(["stack", str(made(tmp_path, STACK)), "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(",certain")


def test_a_stack_that_is_cut_has_no_words_for_its_last_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", str(made(tmp_path, STACK[:12])), "--arguments"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[2:6] == ["--------"] * 4


def test_a_limit_does_not_change_the_last_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = str(made(tmp_path, STACK))
    assert main(["stack", dump, "--arguments"]) == 0
    whole = capsys.readouterr().out.splitlines()
    assert main(["stack", dump, "--arguments", "--limit", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == whole[:2]


@pytest.mark.parametrize("option", ["--arguments", "--fpo"])
def test_the_words_are_explained_only_where_one_is_known(tmp_path: Path, option: str) -> None:
    with_words = printed(made(tmp_path, STACK), [option])
    assert "Args to Child: the 3 words of the stack above the return address" in with_words
    assert "no such word is known" not in with_words
    # Only the frame pointer's two words were captured: the return address, and nothing above it.
    for stack in (words(0, 0, 0, 0), words(0)):
        without = printed(made(tmp_path, stack), [option])
        assert "no such word is known" in without
        assert "above the return address: arguments" not in without

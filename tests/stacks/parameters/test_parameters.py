"""Parameters of functions against the engine's ``kpn`` and ``kPn`` on a program stopped at its instructions (tests/stacks/parameters/emulate.py)."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import pytest

from dumpscope.front.cli.main import main
from dumpscope.stacks.frames import EPILOGUE
from dumpscope.symbols.pdb.types import ENUM, UDT
from dumpscope.symbols.symbolic_files import available

from .emulate import Line, printed

DATA = Path(__file__).parent / "data"
ARCHIVES = sorted(path.name.partition(".")[0] for path in DATA.glob("*.tar.xz"))
_LINE = re.compile(r"^([0-9a-f]{2}) [0-9a-f`]+ [0-9a-f`]+ (.*)$")
UNAVAILABLE = "<Value unavailable error>"


def unpack(name: str, folder: Path) -> Dict[str, List[str]]:
    """Write the files of an archive; returns the engine's texts by dump."""
    with tarfile.open(DATA / f"{name}.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            (folder / member.name).write_bytes(file.read())
    answers: Dict[str, List[str]] = json.loads((folder / "kp.json").read_text("utf-8"))
    return answers


def split(site: str) -> List[str]:
    """The parameters in a call site."""
    return re.split(r", (?=[<\w])", site[site.find("(") + 1 : site.rfind(")")])


class Compared(NamedTuple):
    """How many parameters are the same, and those that differ: the engine's, ours, and why it may."""

    same: int
    known: List[Tuple[str, str]]
    different: List[Tuple[str, str]]


def moved(line: Line) -> bool:
    """Whether the processor stood where the stack pointer is not where the body of the function has it: in a prologue or in an epilogue."""
    frame = line.row.frame
    return frame.interrupted


def compare(text: str, ours: List[Line]) -> Compared:
    """Hold our lines against those of ``kpn``."""
    same, known, different = 0, [], []
    functions = [line for line in ours if not line.row.inline]  # functions that were put inline are not told without a library
    for match, line in zip(filter(None, map(_LINE.match, text.splitlines())), functions):
        if not line.shown:
            continue
        theirs = split(match[2])
        assert len(theirs) == len(line.shown), (match[2], line.site)
        for engine, shown in zip(theirs, line.shown):
            value, type = shown.value, shown.parameter.type
            if engine == shown.words or engine.replace("\ufffd", "\xe9") == shown.words:
                same += 1
            elif (
                (shown.text == UNAVAILABLE and ("stack pointer" in value.reason or "preserved" in value.reason or "only a part" in value.reason))
                or (moved(line) and value.address is not None and "[rsp" in value.where and line.site.split("(")[0] == match[2].split("(")[0])
                or (type.kind == ENUM and "(No matching enumerant)" in engine)
                or (type.kind == UDT and engine.startswith(f"{type.name} * "))
            ):
                known.append((engine, shown.words))
            else:
                different.append((engine, shown.words))
    return Compared(same, known, different)


@pytest.mark.parametrize("name", ARCHIVES)
def test_values_are_the_engines(name: str, tmp_path: Path) -> None:
    answers = unpack(name, tmp_path)
    same = known = 0
    for dump, (kp, _) in answers.items():
        found = compare(kp, printed(tmp_path / dump, tmp_path))
        assert not found.different, dump
        same += found.same
        known += len(found.known)
    assert same > 700
    assert known * 4 < same, (same, known)


@pytest.mark.parametrize("name", ARCHIVES)
def test_each_parameter_on_a_line_as_the_engine_has_it(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of ``kP`` as `stack` prints them, where all values are the same."""
    if available() is not True:
        pytest.skip("the package symbolic is not installed: the names of functions are others")
    answers = unpack(name, tmp_path)
    compared = 0
    for dump in list(answers)[::6]:
        assert main(["stack", str(tmp_path / dump), "--parameter-lines", "-i", str(tmp_path), "-y", str(tmp_path)]) == 0
        ours = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        theirs = [" ".join(line.split()) for line in answers[dump][1].splitlines() if line.strip()]
        if not compare(answers[dump][0], printed(tmp_path / dump, tmp_path)).known and "\ufffd" not in answers[dump][1] and "operator" not in answers[dump][1]:
            assert theirs == ours[: len(theirs)], dump
            compared += 1
    assert compared > 8


def test_json_has_places_and_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = unpack("clang-O0", tmp_path)
    dump = next(name for name, (kp, _) in answers.items() if "integers(char c = 0n65 'A'" in kp)
    assert main(["stack", str(tmp_path / dump), "--parameters", "-i", str(tmp_path), "-y", str(tmp_path), "--json"]) == 0
    frames = json.loads(capsys.readouterr().out)["stacks"][0]["frames"]
    first = {found["name"]: found for found in frames[0]["parameters"]}
    assert first["c"]["value"] == "0n65 'A'"
    assert first["c"]["bytes"] == "41"
    assert first["ull"]["value"] == "0xfedcba98`76543210"
    assert first["ull"]["type"] == "unsigned int64"
    assert first["i"]["where"].startswith("[rsp+0x")
    assert first["i"]["address"].startswith("0x11")
    assert first["i"]["reason"] is None
    entry = next(
        name for name, (kp, _) in answers.items() if kp.splitlines()[1].endswith("integers(" + ", ".join(split(kp.splitlines()[1])) + ")") and UNAVAILABLE in kp
    )
    assert main(["stack", str(tmp_path / entry), "--parameters", "-i", str(tmp_path), "-y", str(tmp_path), "--json"]) == 0
    frames = json.loads(capsys.readouterr().out)["stacks"][0]["frames"]
    assert {(found["value"], found["reason"]) for found in frames[0]["parameters"]} == {(None, "the symbols say nowhere at this instruction")}
    assert main(["stack", str(tmp_path / dump), "-i", str(tmp_path), "-y", str(tmp_path), "--json"]) == 0
    assert "parameters" not in json.loads(capsys.readouterr().out)["stacks"][0]["frames"][0]


def test_a_pdb_of_another_build_is_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = unpack("clang-O0", tmp_path)
    dump = next(name for name, (kp, _) in answers.items() if "integers(char c = 0n65 'A'" in kp)
    pdb = tmp_path / "parameters.pdb"
    data = bytearray(pdb.read_bytes())
    with_key = bytes(tmp_path.joinpath("parameters.exe").read_bytes())
    guid = with_key[with_key.index(b"RSDS") + 4 :][:16]
    at = data.index(guid)
    data[at] ^= 0xFF
    pdb.write_bytes(bytes(data))
    words = ["stack", str(tmp_path / dump), "--parameters", "-i", str(tmp_path), "-y", str(tmp_path)]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "0n65" not in text
    assert "no parameters" in text
    assert main([*words, "--loose"]) == 0
    assert "0n65" in capsys.readouterr().out


def test_an_epilogue_shows_what_the_body_shows(tmp_path: Path) -> None:
    """The engine counts from where the stack pointer is there; the caller's part of the stack still has the values."""
    answers = unpack("clang-O0", tmp_path)
    seen = set()
    for dump in answers:
        lines = printed(tmp_path / dump, tmp_path)
        if len(lines) > 1 and lines[1].row.frame.found_by == EPILOGUE and lines[0].site.startswith("parameters!on_the_stack("):
            found = {shown.parameter.variable.name: shown for shown in lines[0].shown}
            seen |= {(name, found[name].text) for name in ("e", "g", "j")}
            assert found["a"].text == UNAVAILABLE
            assert "below the stack pointer" in found["a"].value.reason
    assert seen == {("e", "0n101 'e'"), ("g", "0.1000000015"), ("j", "BLUE (0n-1)")}

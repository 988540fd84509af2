"""What `exception`, `threads` and `system` say, held against `.exr -1`, `~`, `.lastevent` and `vertarget` of the engine on every sample."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

from tests.engine.bench import Answer, Bench

from dumpscope.diagnosis.engine.event import event_text

COMMANDS = [".exr -1", "~", ".lastevent", "vertarget"]
ROW = re.compile(r"^[.# ]+(\d+)\s+Id: [0-9a-f]+\.([0-9a-f]+) Suspend: (-?\d+) Teb: ([0-9a-f`]+)", re.MULTILINE)
RECORD = re.compile(r"(?:Exception(?:Address|Code|Flags)|NumberParameters|Parameter\[\d+\]): |Attempt to |Inpage operation ")
NEWEST_SYSTEM = 20348
"""Builds from here on have names that this engine does not know: Server 2022, Windows 11."""


def record(text: str) -> List[str]:
    """The lines of a record, without zeros in front of an offset and without what we add behind parameters and flags."""
    lines = [line.strip() for line in text.split("\n") if RECORD.match(line.strip())]
    lines = [re.sub(r"\+0x0+(?=[0-9a-f])", "+0x", line) for line in lines]
    return [re.split(r"  |(?<=^ExceptionFlags: .{8})", line)[0] for line in lines]


def event_pairs(answer: Answer, ours: Dict[str, Any], text: str) -> Iterator[Tuple[str, object, object]]:
    found = ours.get("exception") or {}
    if found.get("kind") != "Windows exception":
        return
    theirs = record(answer.commands[".exr -1"].text)
    mine = record(text)[: len(theirs)]
    if theirs:
        unnamed = [re.sub(r" \(.*", "", line) if line.startswith("ExceptionCode") and "(" not in there else line for line, there in zip(mine, theirs)]
        yield ".exr -1", theirs, unnamed
    event = re.search(r"Last event: [0-9a-f]+\.([0-9a-f]+): (.*)", answer.commands[".lastevent"].text)
    if event is not None:
        parameters = tuple(int(item["value"], 16) for item in found["parameters"])
        yield ".lastevent", (int(event[1], 16), event[2].strip()), (found["thread_id"], event_text(int(found["code"], 16), parameters))


def pairs(answer: Answer, run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any], path: Path) -> Iterator[Tuple[str, object, object]]:
    """What the engine said and what we say, by command."""
    exception = cli("exception", path, "--width", "400")
    if exception.code == 0:
        yield from event_pairs(answer, run_json("exception", path), exception.out)
    rows = ROW.findall(answer.commands["~"].text)
    threads = run_json("threads", path).get("threads") or []
    if rows and len(rows) == len(threads):
        narrow = any("`" not in row[3] for row in rows)
        ours = [(int(item["teb"], 16) if item["teb"] else 0) & (0xFFFFFFFF if narrow else -1) for item in threads]
        yield "~", [(int(row[1], 16), int(row[2]) & 0xFFFFFFFF) for row in rows], [(item["tid"], item["suspend_count"]) for item in threads]
        known = [at for at, teb in enumerate(ours) if teb]  # for a TEB of 0 the debugger makes one up
        yield "TEBs", [int(rows[at][3].replace("`", ""), 16) for at in known], [ours[at] for at in known]
    target = re.search(r"^(Windows .*? Version (\d+).*?) (?:MP \(\d+ procs\)|UP) ", answer.commands["vertarget"].text, re.MULTILINE)
    system = run_json("system", path).get("system") or {}
    if target is not None and int(target[2]) < NEWEST_SYSTEM and "/" not in target[1]:
        yield "vertarget", target[1], re.sub(r"[^\x00-\x7f]", "?", system.get("os") or "")  # its output has one code page


def test_every_sample(bench: Bench, samples: Path, cli: Callable[..., Any], run_json: Callable[..., Dict[str, Any]]) -> None:
    paths = sorted(path for path in samples.glob("*.dmp") if not path.name.startswith("not-a-dump-"))
    wrong: List[Tuple[str, str, object, object]] = []
    compared: Dict[str, int] = {}
    for path, answer in zip(paths, bench.ask(paths, COMMANDS, what="m")):
        if not answer.opened or any(command not in answer.commands for command in COMMANDS):
            continue
        for what, theirs, ours in pairs(answer, run_json, cli, path):
            compared[what] = compared.get(what, 0) + 1
            if theirs != ours:
                wrong.append((path.name, what, theirs, ours))
    assert wrong == []
    assert all(compared.get(what, 0) >= 30 for what in (".exr -1", ".lastevent", "~", "TEBs", "vertarget")), compared


def test_a_record_is_compared_line_by_line() -> None:
    said = "ExceptionAddress: 00d11400 (demo32+0x00001400)\n   ExceptionFlags: 00000000 (x)\n   Parameter[0]: 00000001  write\nAttempt to write to address 0"
    assert record(said) == ["ExceptionAddress: 00d11400 (demo32+0x1400)", "ExceptionFlags: 00000000", "Parameter[0]: 00000001", "Attempt to write to address 0"]

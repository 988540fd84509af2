"""Lines that a command refuses: what it says, what it advises, and that nothing is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest
from tests.conftest import SAMPLES

BIG = "full-memory.dmp"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["atlas", BIG, "--redact", "--memory", "-o", "x.html"], "--redact leaves memory out, --memory takes it in", "give one of them"),
        (["bytes", BIG, "header", "--first", "x"], "--first takes a decimal number, not 'x'", ""),
        (["bytes", BIG, "header", "--first", "0x10"], "--first takes a decimal number, not '0x10'", ""),
        (["flags", "0x10000000000000000"], "'0x10000000000000000' has more than 64 bits", ""),
        (["flags", "nothing-like-it"], "'nothing-like-it' is not a flag of MINIDUMP_TYPE", ""),
        (["search", BIG, "--bytes", "00" * 65537], "a pattern has 1 to 65536 bytes, this one 65537", ""),
        (["shrink", BIG, "--memory", "1000:0"], "--memory 1000:0: 0 bytes are nothing to keep", "give the size in hexadecimal, or leave it out for 0x1000"),
        (["shrink", BIG, "--memory", "fffffffffffff000:1001"], "0x1001 bytes at 0xfffffffffffff000 leave the address space", ""),
        (["extract", BIG], "extract takes one of --module, --range, --stream and --all-modules", "given: none"),
        (["extract", BIG, "--all-modules", "x", "-o", "y"], "--all-modules takes no -o", "its files go into the folder"),
        (["dumpinfo", BIG, "--check"], "--check compares with the debugger that has the dump open", "in WinDbg: !py dumpinfo --check"),
        (["triage", BIG, "--resume"], "--resume goes on with an output", "give -o rows.jsonl"),
        (["triage", BIG, "--html", "x.html", "--group-by", "process"], "--html is a page of the groups: --sql and --group-by have answers of their own", ""),
        (["triage", "page.html", "--html", "page.html"], "'page.html' is read or has the rows: the page cannot be written over it", "give --html another name"),
        (["triage", BIG, "-o", "x.jsonl", "--html", "./x.jsonl"], "'./x.jsonl' is read or has the rows: the page cannot be written over it", ""),
        (["triage", BIG, "--html", "taken.html"], "'taken.html' exists already", "--force writes it anew"),
        (["triage", BIG, "--html", "none/x.html"], "there is no folder for 'none/x.html'", "make it first"),
        (["triage", BIG, "-o", "taken.jsonl"], "'taken.jsonl' exists already", "--resume goes on with it, --force writes it anew"),
        (["triage", "nothing-here.dmp"], "there is no 'nothing-here.dmp'", "give files, folders and archives"),
        (["windbg", "--install", " "], "--install: the name of a file is empty", ""),
        (["windbg", "--install", "x", "--script"], "--install takes no other argument", "dumpscope windbg --install FOLDER"),
        (["windbg", "x", "--install", "x"], "--install takes no other argument", "dumpscope windbg --install FOLDER"),
        (["windbg", "--force"], "--force is for --install", "dumpscope windbg --install FOLDER --force"),
        (["windbg", "--install", "a;b"], "the debugger does not take the path ", "choose a folder whose path is ASCII and has neither ; nor a quotation mark"),
        (["windbg", "--install", "ä"], "the debugger does not take the path ", "choose a folder whose path is ASCII and has neither ; nor a quotation mark"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)
def test_a_line_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cli: Any, words: List[str], message: str, hint: str) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("page.html", "taken.html", "taken.jsonl"):
        Path(name).write_bytes(b"")
    there = sorted(path.name for path in tmp_path.iterdir())
    result = cli(*words)
    said = " ".join(result.err.split())
    assert result.code == 2
    assert message in said
    assert hint in said
    assert result.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == there


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("not-a-dump-kernel-triage-64.dmp", "is a kernel dump, and the first dump is of a process"),
        ("not-a-dump-user-full-64.dmp", "is a user dump of the old format, and the first is a minidump"),
    ],
)
def test_dumps_of_other_kinds_are_not_compared(cli: Any, other: str, message: str) -> None:
    result = cli("diff", BIG, other)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert str(SAMPLES / other).replace("\\", "\\\\") in result.err

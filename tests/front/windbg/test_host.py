"""The host: output in blocks that the debugger does not cut, and where the open dump is."""

from __future__ import annotations

import random
import re
from typing import Any, List, Optional

import pytest
from tests.front.windbg.fake_host import Engine, Output, PlainOutput, blocks_of

from dumpscope.front.windbg.host import BLOCK, Host, dml_blocks, text_blocks
from dumpscope.view.paint import strip_dml


@pytest.fixture
def dump_file(tmp_path: Any) -> str:
    path = tmp_path / "a b.dmp"
    path.write_bytes(b"MDMP")
    return str(path)


def test_text_blocks_are_short_and_complete() -> None:
    text = "".join(random.Random(1).choice(["x" * 100 + "\n", "\u03b2" * 3000, "\U0001f600" * 9000 + "\n", "\n"]) for _ in range(60))
    blocks = list(text_blocks(text))
    assert "".join(blocks) == text
    assert max(len(block.encode("utf-16-le")) // 2 for block in blocks) <= BLOCK


def test_dml_blocks_are_well_formed_short_and_complete() -> None:
    rng = random.Random(2)
    parts = []
    for _ in range(400):
        parts.append(rng.choice(['<col fg="warnfg">', '<link cmd="!py x.py &quot;a&quot;">']))
        closing = "col" if parts[-1].startswith("<col") else "link"
        parts.append(rng.choice(["short", "a &lt;exec cmd=&quot;q&quot;&gt;", "y" * 5000, "\U0001f600" * 3000, "line\nline\n"]))
        parts.append(f"</{closing}>" + rng.choice(["", "\n", "  "]))
    text = "".join(parts)
    blocks = list(dml_blocks(text))
    assert "".join(strip_dml(block) for block in blocks) == strip_dml(text)
    assert max(len(block.encode("utf-16-le")) // 2 for block in blocks) <= BLOCK + 200
    for block in blocks:
        opened: List[str] = []
        for slash, name in re.findall(r"<(/?)(\w+)[^<>]*>", block):
            if slash:
                assert opened.pop() == name
            else:
                opened.append(name)
        assert not opened
        assert not re.search(r"&(?!(?:lt|gt|quot|amp);)", block)


def test_output_is_gathered_and_stays_in_order() -> None:
    output = Output()
    host = Host(output, None)
    for number in range(3000):
        host.write(f"{number}\n")
    host.write_dml("<b>end</b>\n")
    host.write("after\n")
    host.flush()
    blocks = blocks_of(output)
    assert "".join(blocks) == "".join(f"{number}\n" for number in range(3000)) + "<b>end</b>\nafter\n"
    assert len(blocks) < 12
    assert [markup for markup, _ in output._parts][-2:] == [True, False]


def test_an_output_that_is_really_ascii_gets_escapes() -> None:
    class Ascii(Output):
        __slots__ = ()

        def write(self, text: str) -> None:
            text.encode("ascii")
            super().write(text)

    output = Ascii()
    host = Host(output, None)
    host.write("\u03b2\n")
    host.flush()
    assert blocks_of(output) == ["\\u03b2\n"]


@pytest.mark.parametrize("kind", ["User mini dump", "Full memory user mini dump", "User Mini Dump"])
def test_the_dump_is_found(kind: str, dump_file: str) -> None:
    assert Host(Output(), Engine(f"{kind}: {dump_file}")).locate("handles").path == dump_file


def test_with_several_dumps_the_current_one(dump_file: str, tmp_path: Any) -> None:
    other = tmp_path / "other.dmp"
    other.write_bytes(b"MDMP")
    systems = f"#  0 User mini dump: {other}\n.  1 Full memory user mini dump: {dump_file}\n"
    assert Host(Output(), Engine(f"User mini dump: {other}", {"||": systems})).locate("handles").path == dump_file
    systems = f".# 0 User mini dump: {other}\n   1 Full memory user mini dump: {dump_file}\n"
    assert Host(Output(), Engine(f"User mini dump: {dump_file}", {"||": systems})).locate("handles").path == str(other)


@pytest.mark.parametrize(
    ("engine", "said", "offered"),
    [
        (Engine(), "no dump open", ".opendump"),
        (Engine("Live user mode: <Local>", pid=0x1234, exe="C:\\d\\my app.exe"), "live process", ".dump /mh "),
        (Engine("Remote user mode: tcp:server=there", pid=4), "another machine", ".dump /mh"),
        (Engine("64-bit Kernel bitmap dump: C:\\MEMORY.DMP"), "kernel session", "!process 0 0"),
        (Engine("Kernel mode: com:port=com1", kernel=True), "kernel session", "!process 0 0"),
        (Engine("User mini dump: C:\\x\\app.cab"), "inside C:\\x\\app.cab", "expand"),
        (Engine("User mini dump: C:\\x\\gone.dmp"), "no such file", "path"),
    ],
)
def test_without_a_dump_it_says_what_helps(engine: Engine, said: str, offered: str) -> None:
    place = Host(Output(), engine).locate("handles")
    assert not place.path
    assert said in place.problem
    assert offered in place.hint


def test_the_line_for_a_live_process_names_it() -> None:
    place = Host(Output(), Engine("Live user mode: <Local>", pid=77, exe="C:\\d\\my app.exe")).locate("handles")
    assert re.fullmatch(r"\.dump /mh \S+\\my_app_77\.dmp", place.command)
    assert place.command in place.hint


def test_without_pykd_it_names_the_python_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys, "version_info", (3, 12, 1, "final", 0))
    place = Host(Output(), None).locate("handles")
    assert place.problem == "this Python (3.12) has no pykd: use !py -3.9 handles, or give the dump's path"
    monkeypatch.setattr(sys, "version_info", (3, 9, 13, "final", 0))
    assert "!pip install pykd" in Host(Output(), None).locate("handles").hint


def test_interrupting_passes_through_the_questions() -> None:
    class Interrupted(Engine):
        def dbgCommand(self, command: str, suppress: bool = True, mask: int = 1) -> Optional[str]:
            raise SystemExit

    with pytest.raises(SystemExit):
        Host(Output(), Interrupted()).locate("handles")


def test_an_output_without_markup() -> None:
    assert not Host(PlainOutput(), None).supports_dml
    assert Host(Output(), None).supports_dml


def test_aliases_are_recognised_as_whole_names() -> None:
    host = Host(Output(), Engine(answers={"al": "  Alias            Value  \n -------          ------- \n !handles         !py C:\\x\\handles.py \n"}))
    assert host.has_alias("!handles")
    assert not host.has_alias("!handle")
    assert not host.has_alias("!threads")

"""The scripts as ``!py`` runs them inside the real engine with the real pykd: text, markup, links, hostile names, broken dumps."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from samples.engine_answers import ANSWERS
from tests.engine.bench import Bench, windows_path
from tests.engine.inside import ROOT, SCRIPTS, Call, Output, calls_for_every_command, command_line, run_calls

from dumpscope.session.parsing import split_line
from dumpscope.view.paint import strip_dml

ARTICLE = ROOT / "samples" / "article-handles.dmp"
KERNEL = "not-a-dump-kernel-64"
OPENED = sorted(
    name for name, answer in ANSWERS.items() if answer.opened == 0 and not name.startswith("not-a-dump-kernel-") and (ROOT / "samples" / f"{name}.dmp").exists()
)
REFUSED = sorted(name for name, answer in ANSWERS.items() if answer.opened and (ROOT / "samples" / f"{name}.dmp").exists())
PLAIN: Call = ("handles", ["--text"])
CHECK: Call = ("dumpinfo", ["--check", "--text"])
_TAG = re.compile(r"<(/?)(\w+)((?: [^<>]*)?)>")
_SYMBOLS = re.compile(
    r"^(?:Force unload of |Unable to load image |Loading symbols for |\*\*\* |ModLoad: |WARNING: Teb |WARNING: [0-9a-f`]+ does not appear "
    r"|ERROR: Invalid Rva value |Missing image name).*\n",
    re.MULTILINE,
)
"""What the engine prints when it is asked for the name of an address, among the lines of the answer."""
ASKS_FOR_NAMES = {"dumpinfo", "exception", "frame", "stack", "threads", "up", "down", "why"}
_LINK = re.compile(r'<link cmd="([^"<>]*)">')


@pytest.fixture(scope="session")
def inside(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dict[str, List[Output]]]:
    """Every command as markup and as text, and the comparison with the debugger, for every sample that the engine opens."""
    folder = tmp_path_factory.mktemp("inside")
    calls: List[Call] = []
    calls += calls_for_every_command() + [PLAIN, CHECK]
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda name: run_calls(bench, ROOT / "samples" / f"{name}.dmp", calls, folder), OPENED)
        yield dict(zip(OPENED, answers))


def assert_well_formed(block: str) -> None:
    """Tags are ours, closed in order, and nothing else looks like one."""
    opened: List[str] = []
    rest = block
    for slash, name, attributes in _TAG.findall(block):
        assert name in ("link", "col"), block
        if slash:
            assert opened.pop() == name
        else:
            opened.append(name)
            assert re.fullmatch(r' cmd="[^"<>]*"' if name == "link" else r' fg="\w+"', attributes), block
    assert not opened, block
    rest = _TAG.sub("", block)
    assert not re.search(r'[<>"]|&(?!(?:lt|gt|amp|quot);)', rest), rest


@pytest.mark.parametrize("name", OPENED)
def test_each_script_answers_as_the_command_line_does(name: str, inside: Dict[str, List[Output]]) -> None:
    dump = ROOT / "samples" / f"{name}.dmp"
    assert inside[name][-2].text == command_line("handles", dump, [])
    assert not inside[name][-2].blocks
    for (command, words), marked in zip(calls_for_every_command(), inside[name]):
        expected = command_line(command, dump, words).replace(f"dumpscope {command}", f"!py {command}")
        answer = _SYMBOLS.sub("", strip_dml(marked.text)).replace(f"dumpscope {command}", f"!py {command}")
        wanted = _SYMBOLS.sub("", expected)
        assert answer.endswith(wanted), command
        # What is left before our answer are the engine's own lines about images that it was asked to name addresses of.
        assert answer == wanted or command in ASKS_FOR_NAMES, command
        for block in marked.blocks:
            assert_well_formed(block)
            assert len(block.encode("utf-16-le")) // 2 < 16000
        assert "@#@escaped" not in marked.text, command
        for link in _LINK.findall(marked.text):
            target = strip_dml(link)
            script = re.match(re.escape("!py " + windows_path(SCRIPTS) + "\\") + r"(\w+)\.py(?: |$)", target)
            assert script or re.fullmatch(r"~~\[[0-9a-f]+\]s", target), target
            assert not script or (SCRIPTS / f"{script.group(1)}.py").exists(), target
            assert not re.search(r"[;$%{}\n]", target), target


@pytest.mark.parametrize("name", [name for name in OPENED if not name.startswith("not-a-dump-user-")])  # which have no comparison
def test_what_the_debugger_makes_of_it_differs_for_known_reasons_only(name: str, inside: Dict[str, List[Output]]) -> None:
    text = inside[name][-1].text
    text = text[max(0, text.find("check\ncompared with")) :]  # the engine's own warnings, when it first looks at the threads, come before
    assert text.startswith("compared with the debugger") or text.startswith("check\n"), text
    _, _, rows = text.partition("\ndifference")
    if not rows:
        assert "The debugger agrees" in text or "could not be asked" in text, text
        return
    at = rows.split("\n")[0].index("why") + len("difference")
    for line in rows.split("\n")[1:]:
        if not line.strip() or line.startswith("warning: "):
            break
        assert line[at:].strip(), f"no reason is given: {line}"


def test_links_lead_to_answers(bench: Bench, inside: Dict[str, List[Output]], tmp_path: Path) -> None:
    calls: List[Call] = []
    for link in dict.fromkeys(link for output in inside["article-handles"] for link in _LINK.findall(output.text)):
        target = strip_dml(link)
        if target.startswith("!py "):
            path, *words = split_line(target[4:])
            calls.append((path.rsplit("\\", 1)[1][:-3], words))
    assert len(calls) > 20
    for (name, words), output in zip(calls, run_calls(bench, ARTICLE, calls, tmp_path)):
        assert "dumpscope: " not in output.text, (name, words, output.text)
        assert output.text


@pytest.mark.parametrize("link", ["~~[3a78]s"])
def test_links_of_the_debugger_itself_are_understood(bench: Bench, link: str) -> None:
    answer = bench.ask_one(ARTICLE, [link, "~."], what="")
    assert answer.commands[link].hr == 0
    assert "3a78" in answer.commands["~."].text


def test_a_broken_dump_gives_our_message_and_the_debugger_lives(bench: Bench, tmp_path: Path) -> None:
    paths = [ROOT / "samples" / f"{name}.dmp" for name in REFUSED]
    calls: List[Call] = []
    for path in paths:
        calls += [("handles", [windows_path(path), "--text"]), ("dumpinfo", [windows_path(path), "--text"])]
    calls.append(("handles", ["--summary", "--text"]))
    outputs = run_calls(bench, ARTICLE, calls, tmp_path)
    for (name, words), output in zip(calls[:-1], outputs):
        path = ROOT / "samples" / Path(words[0].rsplit("\\", 1)[1])
        expected = command_line(name, path, []).replace("`dumpscope ", "`!py ")  # a hint names what is typed where it is read
        assert output.text.replace(repr(words[0]), repr(str(path))).replace(words[0], str(path)) == expected, (name, path.name)
    assert outputs[-1].text == command_line("handles", ARTICLE, ["--summary"])


def test_aliases_are_set_and_work(bench: Bench) -> None:
    extension = windows_path(bench.root / "python" / "Lib" / "site-packages" / "pykd" / "pykd.pyd")
    script = "!py " + windows_path(SCRIPTS / "aliases.py")
    answer = bench.ask_one(ARTICLE, [".load " + extension, script, "al", "!handles", script, "!threads"], what="wx", fresh=True)
    assert "Now understood: " in answer.commands[script].text
    assert f"!handles         !py {windows_path(SCRIPTS)}\\handles.py" in answer.commands["al"].text
    assert answer.commands["!handles"].text.rstrip("\n") == command_line("handles", ARTICLE, []).rstrip("\n")
    assert answer.commands["!threads"].text.rstrip("\n") == command_line("threads", ARTICLE, []).rstrip("\n")


def test_the_alias_file_can_be_run_twice(bench: Bench) -> None:
    run = "$$><" + windows_path(SCRIPTS / "dumpscope_aliases.txt")
    answer = bench.ask_one(ARTICLE, [run, run + " ", "al"], what="")
    assert "dumpscope: " in answer.commands[run].text
    listed = answer.commands["al"].text
    for name in ("dumpinfo", "handles", "threads", "why"):
        assert re.search(rf"^ !{name} +!py {name} *$", listed, re.MULTILINE), listed


def test_the_written_set_up_works_as_it_stands(bench: Bench, tmp_path: Path) -> None:
    from dumpscope.commands.windbg.scripts import alias_lines

    extension = windows_path(bench.root / "python" / "Lib" / "site-packages" / "pykd" / "pykd.pyd")
    start = tmp_path / "start.txt"
    start.write_text("\n".join([*alias_lines(windows_path(SCRIPTS)), f".load {extension}"]) + "\n", "ascii")
    run = "$$><" + windows_path(start)
    answer = bench.ask_one(ARTICLE, [run, run + " ", "!handles"], what="wx", fresh=True)
    assert answer.commands["!handles"].text.rstrip("\n") == command_line("handles", ARTICLE, []).rstrip("\n")


@pytest.mark.parametrize(("switch", "current"), [([], "second"), (["||0s"], "first"), (["||0s", "||1s"], "second")])
def test_with_two_dumps_open_it_reads_the_current_one(bench: Bench, switch: List[str], current: str) -> None:
    second = ROOT / "samples" / "everything-small.dmp"
    waits = "!py " + windows_path(SCRIPTS / "handles.py")  # the engine finishes opening the second dump in it
    before = [".opendump " + windows_path(second), "g", waits, *switch]
    answer = bench.run_inside(ARTICLE, SCRIPTS / "handles.py", ["--text"], before=before)
    assert answer.text.rstrip("\n").endswith(command_line("handles", second if current == "second" else ARTICLE, []).rstrip("\n"))


def test_in_a_kernel_session_it_says_so(bench: Bench, tmp_path: Path) -> None:
    outputs = run_calls(bench, ROOT / "samples" / f"{KERNEL}.dmp", [("handles", []), ("handles", [windows_path(ARTICLE)])], tmp_path)
    assert "this is a kernel session" in outputs[0].text
    assert strip_dml(outputs[1].text) == command_line("handles", ARTICLE, [])


def test_without_a_dump_it_says_so(bench: Bench, tmp_path: Path) -> None:
    script = tmp_path / "undumped.py"
    script.write_text(
        "import sys\n"
        f"sys.argv = [{windows_path(SCRIPTS / 'handles.py')!r}]\n"
        f"sys.path[0:1] = [{windows_path(SCRIPTS)!r}]\n"
        "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'), {'__name__': '__main__'})\n"
    )
    done = bench.windows_python(windows_path(script))  # pykd is there, and no engine has anything open
    assert done.returncode == 2
    assert "the debugger has no dump open" in done.stdout

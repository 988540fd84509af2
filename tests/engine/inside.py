"""Many calls of our scripts in one debugger session, each as ``!py`` makes it, told apart in what they print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, NamedTuple, Sequence, Tuple

from docs.extras import without_extras
from tests.engine.bench import Bench, windows_path

from dumpscope.commands.index import all_commands
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.session.registry import DUMP_NONE, DUMP_OPTIONAL

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
WORDS = {
    "learn": ["1"],
    "explain": ["HND001"],
    "plan": ["!handle"],
    "flags": ["0x1105"],
    "read": ["@$teb"],
    "address": ["@$ip"],
    "bytes": ["header"],
    "whatis": ["20"],
}
"""Words for the commands that need some."""
WRITE_FILES = {"atlas", "redact", "diff"}

_DRIVER = """\
import sys
for _number, (_name, _words) in enumerate({calls!r}):
    sys.stdout.write("@#@begin %d\\n" % _number)
    sys.setrecursionlimit(500)
    sys.argv = [{folder!r} + "\\\\" + _name + ".py"] + _words
    sys.path[0:1] = [{folder!r}]
    with open(sys.argv[0], "rb") as _file:
        _code = compile(_file.read(), sys.argv[0], "exec")
    try:
        exec(_code, {{"__name__": "__main__"}})
    except BaseException as _error:
        sys.stdout.write("@#@escaped %r\\n" % _error)
    sys.stdout.write("@#@end\\n")
"""
_CALL = re.compile(r"@#@begin \d+\n(.*?)@#@end\b", re.DOTALL)

Call = Tuple[str, List[str]]


class Output(NamedTuple):
    """What one call printed: ``blocks`` are the pieces of markup, empty for a plain answer; ``text`` has no marks between them."""

    text: str
    blocks: List[str]


def run_calls(bench: Bench, dump: Path, calls: Sequence[Call], folder: Path) -> List[Output]:
    """The scripts one after the other in a session that has the dump open."""
    driver = folder / f"driver_{dump.stem}.py"
    driver.write_text(_DRIVER.format(calls=[(name, list(words)) for name, words in calls], folder=windows_path(SCRIPTS)), "utf-8")
    answer = bench.run_inside(dump, driver, dml=True)
    outputs = []
    for found in _CALL.findall(answer.raw):
        outputs.append(Output(found.replace("\x01", "").replace("\x02", ""), re.findall("\x01(.*?)\x02", found, re.DOTALL)))
    if len(outputs) != len(calls):
        raise AssertionError(f"{dump.name}: {len(outputs)} of {len(calls)} calls came to an end; the last is {calls[len(outputs)]}: {answer.raw[-1500:]}")
    return outputs


def calls_for_every_command() -> List[Call]:
    """Each command that has a script and writes no file, with words where it needs some."""
    names = [item.name for item in all_commands() if item.debugger and item.dump != DUMP_NONE and item.name not in WRITE_FILES]
    return [(name, list(WORDS.get(name, []))) for name in names if (SCRIPTS / f"{name}.py").exists()]


class _Pipe:
    def __init__(self) -> None:
        self.parts: List[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def command_line(name: str, dump: Path, words: Sequence[str]) -> str:
    """What the command line prints into a pipe, errors included; without the decoder of instructions, which the Python inside the debugger has not."""
    optional = next(item for item in all_commands() if item.name == name).dump == DUMP_OPTIONAL
    pipe = _Pipe()
    with without_extras():
        main([name, *words, str(dump)] if optional else [name, str(dump), *words], Environment(pipe, pipe, {}))
    return "".join(pipe.parts)

"""``repl``, ``run``, ``mcp`` and others: commands of the command line only. Declared as the rest are, so that help and documents know them."""

from __future__ import annotations

from typing import Any, Iterator

from ...errors import UsageError
from ...session.registry import DUMP_NEEDED, DUMP_NONE, Command, Example, arg
from ...session.session import Session
from ...view.blocks import Block


def _elsewhere(session: Session, args: Any) -> Iterator[Block]:
    raise UsageError("this one runs on the command line only")


REPL = Command(
    "repl",
    "a session over one or more dumps: completion, help on F1, paging, history",
    "session",
    _elsewhere,
    (
        arg("dumps", nargs="*", metavar="DUMP", help="the dumps to open; asks for one if none is given", completes="path"),
        arg("--plain", switch=True, help="plain lines instead of the editor, as in a dumb terminal"),
    ),
    (Example("repl app.dmp", "a session over this dump"), Example("repl before.dmp after.dmp", "two of them; `use 0` goes to the first")),
    (),
    (),
    "Inside, `help` lists what can be typed: all commands without the dump, and the debugger's spellings.",
    DUMP_NONE,
    False,
)

RUN = Command(
    "run",
    "run several commands on a dump, from the line, a file or standard input, as a transcript",
    "session",
    _elsewhere,
    (
        arg("script", nargs="?", metavar="FILE", help="a file with one command a line; - or nothing for standard input", completes="path"),
        arg("-c", "--command", metavar="COMMANDS", repeat=True, help="the commands themselves, with ; between them; may be given again"),
        arg("--keep-going", switch=True, help="continue after a command fails"),
        arg("--quiet", switch=True, help="do not repeat the commands in the output"),
    ),
    (
        Example("run -c 'handles --summary; why'", "two commands"),
        Example("run commands.txt --keep-going", "a file of them"),
    ),
    (),
    (),
    "Lines are those of the REPL, filters included (`handles | grep Event`). The exit code is that of the worst command; one that only "
    "says that the dump does not hold what was asked for (1) does not stop the rest.",
    DUMP_NEEDED,
    False,
)

MCP = Command(
    "mcp",
    "a server for agents (Model Context Protocol): the commands as tools over dumps below the folders that are named",
    "session",
    _elsewhere,
    (
        arg("folders", nargs="*", metavar="FOLDER", help="folders whose dumps may be read; this one if none is given", completes="path"),
        arg("--http", switch=True, help="on a port of the loopback address, instead of standard input and output"),
        arg("--port", metavar="N", help="the port of --http (8765 unless given)"),
        arg("--write", metavar="FOLDER", help="also offer atlas, shrink, scrub, mend and extract, whose new files go below this folder", completes="path"),
        arg("--no-redact", switch=True, help="also give names of users, SIDs, environment, command lines, memory, comments"),
    ),
    (Example("mcp dumps", "dumps of this folder, for a client that starts the server"), Example("mcp dumps --http", "for clients that connect to a port")),
    (),
    (),
    "Nothing is written unless --write names a folder, and no file outside the folders is read. Needs dumpscope[mcp], on Python 3.10 or later.",
    DUMP_NONE,
    False,
)

SCHEMA = Command(
    "schema",
    "the JSON schema of a command's --json, or those of all commands",
    "session",
    _elsewhere,
    (arg("name", nargs="?", metavar="COMMAND", help="the command whose document is described", completes="command"),),
    (Example("schema handles", "of one command"), Example("schema > schemas.json", "of all, by their names")),
    (),
    (),
    "JSON Schema 2020-12. What has x-stable stays as it is as long as the document's number `schema` does.",
    DUMP_NONE,
    False,
)

COMPLETION = Command(
    "completion",
    "completion for a shell: commands, options, and what can follow them",
    "session",
    _elsewhere,
    (arg("shell", choices=("bash", "zsh", "fish", "powershell"), help="the shell that the text is for"),),
    (
        Example("completion bash", 'for ~/.bashrc: eval "$(dumpscope completion bash)"'),
        Example("completion fish", "for a file of the program's name in ~/.config/fish/completions"),
    ),
    (),
    (),
    "The text is only written to standard output. Its first lines say where it belongs.",
    DUMP_NONE,
    False,
)

DEMO = Command(
    "demo",
    "a session over a sample, with a tour; without a terminal the tour as a transcript",
    "session",
    _elsewhere,
    (),
    (Example("demo", "the first minutes, without a dump of your own"),),
    (),
    (),
    "The sample is that of the lessons: a dump whose writer was asked for handles and stored none.",
    DUMP_NONE,
    False,
)

SHELLS = {"repl": REPL, "run": RUN, "mcp": MCP, "completion": COMPLETION, "demo": DEMO, "schema": SCHEMA}

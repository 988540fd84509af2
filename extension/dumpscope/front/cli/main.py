"""The command line: find the command, run it, write its answer."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import Any, Iterator, List, Optional, Tuple

from ...commands.index import find_command
from ...commands.opening import session_of
from ...dump.named import source_at
from ...errors import EXIT_DONE, EXIT_OUTPUT, EXIT_USAGE, DumpError, UsageError
from ...session.parsing import build_parser
from ...session.registry import DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_NONE, DUMP_OPTIONAL, Command
from ...session.running import run, wants_help
from ...session.session import Session
from ..answer import answer, exit_code, refusal
from ..boundary import Told, guarded
from ..options import COMMON, Options, asks_debug, parse_options, unknown_option
from .environment import Environment
from .progress import cleared

USAGE = """usage: dumpscope COMMAND DUMP [ARGUMENTS]
       dumpscope DUMP              the same as dumpscope dumpinfo DUMP
       dumpscope                   a session that asks for a dump, on a terminal"""

_FORM_HINTS = {
    "run": "the lines that it runs take them: handles --json",
    "repl": "the lines that it runs take them: handles --json",
    "schema": "its output is JSON already",
}
"""What to do instead of --json and --csv, by the shell that has neither."""

NAMES = 2000
"""Names of a folder that are compared with one that is not there."""

EXIT_CODES = """exit codes: 0 done, 1 what was asked for is not in the dump (the answer says why), 2 wrong usage,
            3 not readable as a minidump, 4 the answer could not be written, 70 a fault of dumpscope itself,
            130 interrupted, 128+N ended by signal N"""


def options_help() -> List[str]:
    """The options of every command, and what the exit codes mean."""
    rows = [(item._replace(names=item.names[:1]).words, item.help) for item in COMMON]
    rows += [("-V, --version", "print the version"), ("-h, --help", "help, also after a command")]
    return ["", "options of every command", *(f"  {words:<26} {meaning}" for words, meaning in rows), "", *EXIT_CODES.split("\n")]


def main(argv: List[str], environment: Optional[Environment] = None) -> int:
    """Run one command line; returns the exit code. Nothing but SystemExit leaves it."""
    env = environment or Environment()

    def complain(problem: Told) -> None:
        from ..hints import message_rows

        width = env.error_width()
        rows = [*message_rows(f"dumpscope: {problem.message}", width), *(message_rows(problem.hint, width, "  ") if problem.hint else ())]
        env.error("\n".join(rows))
        if problem.code == EXIT_OUTPUT:
            env.silence()

    try:
        code = guarded(lambda: _run(argv, env), complain, debug=asks_debug(argv))
        if argv and os.path.exists(argv[0]) and env.closes():
            env.wait()
        return code
    except BrokenPipeError:
        env.silence()
        return EXIT_DONE


def _run(argv: List[str], env: Environment) -> int:
    options = parse_options(argv)
    words = options.words
    if not words:
        return _no_words(options, env)
    if words[0] in ("-h", "--help"):
        return _show_help(options, env)
    if words[0] in ("-V", "--version"):
        from ... import __version__

        env.write(f"dumpscope {__version__}\n")
        return EXIT_DONE
    from .shells import SHELLS

    if words[0] == "help" and len(words) == 2 and words[1] in SHELLS:
        words = [words[1], "--help"]
    shell = SHELLS.get(words[0])
    found, rest = (shell, words[1:]) if shell is not None else _choose(words)
    if wants_help(rest):
        from ...commands.help import command_help

        _render(found, Session(), command_help(found, "dumpscope "), options.as_text(), env)
        return EXIT_DONE
    if shell is not None:
        if options.json or options.csv:
            raise UsageError(f"{shell.name} has no --json and no --csv", _FORM_HINTS.get(shell.name, ""))
        from .starting import run_shell

        return run_shell(shell, rest, options.color, env, main, debug=options.debug)
    return run_command(found, rest, options, env)


def run_command(found: Command, rest: List[str], options: Options, env: Environment) -> int:
    """Open the dump that the words name, run the command, and write its answer; returns the exit code."""
    if found.dump in (DUMP_NEEDED, DUMP_ANY) and not rest:
        raise UsageError(f"{found.name} needs a dump", f"dumpscope {found.usage()}")
    if (found.dump == DUMP_ANY and _asks_without_dump(rest)) or (found.dump == DUMP_FIRST and not _begins_with_file(rest)):
        args = build_parser(found, f"dumpscope {found.name}", with_dump=False).parse_words(rest)
        return _run_without_file(found, args, options, env)
    args = build_parser(found, f"dumpscope {found.name}", with_dump=True).parse_words(_dump_last(found, rest))
    path = getattr(args, "dump", None) if found.dump != DUMP_NONE else None
    if path is None:
        return _run_without_file(found, args, options, env)
    return _run_on_file(found, path, args, options, env)


def _dump_last(found: Command, words: List[str]) -> List[str]:
    """The words of a command whose dump comes last, with the dump there also where it was given first, as for every other command."""
    plain = [at for at, word in enumerate(words) if not word.startswith("-")]
    if found.dump != DUMP_OPTIONAL or len(plain) != 2 or os.path.exists(words[plain[1]]) or not os.path.isfile(words[plain[0]]):
        return words
    return [words[at] for at in range(len(words)) if at != plain[0]] + [words[plain[0]]]


def _run_without_file(found: Command, args: Any, options: Options, env: Environment) -> int:
    session = Session()
    session.progress = env.progress()
    try:
        _render(found, session, run(session, found, args), options, env)
    finally:
        cleared(session.progress)
    return session.status


def _begins_with_file(words: List[str]) -> bool:
    """Whether the first word that is no option is a file, or can only be meant as one."""
    first = next((word for word in words if not word.startswith("-")), "")
    return os.path.exists(first) or first.lower().endswith(".dmp") or "/" in first or "\\" in first


def _asks_without_dump(words: List[str]) -> bool:
    """Whether the words are a question and no path: whoever failed to write a dump has none to name."""
    first = next((word for word in words if not word.startswith("--")), "")
    if not first or os.path.exists(first):
        return False
    if re.fullmatch(r"(?:[A-Za-z]:)?[\\/.\w -]*\.(?:m|h)?dmp", first, re.IGNORECASE) and not re.search(
        r"\b(?:fail|error|cannot|could not|unable)", first, re.IGNORECASE
    ):
        return False
    from ...diagnosis.messages import is_question
    from ...diagnosis.plan import canonical

    if len(first.split()) > 1 or first[0] == "!" or is_question(first) or (first[0] in ".~" and canonical(first)):
        return True
    # Words of a message without quotes; a file without an extension that is not there has a command or a quoted message after it.
    rest = words[words.index(first) + 1 :]
    return first.isalpha() and bool(rest) and all(len(word.split()) == 1 and word[0] not in "!.~" for word in rest)


def _run_on_file(found: Command, path: str, args: Any, options: Options, env: Environment) -> int:
    """Run a command on a file. Files that are no dump are for commands that explain them, and give the exit code of what cannot be read."""
    try:
        source = source_at(path)
    except DumpError as error:
        if "!" not in path and "://" not in path and not os.path.lexists(path):
            error.hint = _near(path)
        _write_refusal(found, path, error, options, env)
        raise
    try:
        session = session_of(source, path)
        if session.open_error is not None and found.dump != DUMP_ANY:
            _write_refusal(found, path, session.open_error, options, env)
            raise session.open_error
        session.progress = env.progress()
        try:
            _render(found, session, run(session, found, args), options, env)
        finally:
            cleared(session.progress)
            if session.has_dump:
                session.dump.close()  # and what was opened because of it, such as images
        return exit_code(found, session)
    finally:
        source.close()


def _near(path: str) -> str:
    """What to do where there is no such file: the nearest name in its folder, or the demo."""
    if path == "-":
        return "standard input is not read, because a dump is read at many places: copy it to a file first"
    if not path.strip():
        return "the name of the dump is empty"
    from difflib import get_close_matches

    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as found:
            names = [item.name for item in islice(found, NAMES)]
    except (OSError, ValueError):
        names = []
    near = get_close_matches(name, names, 1)
    if near:
        return f"did you mean {os.path.join(folder, near[0])}?"
    return "check the path and the rights on the file; `dumpscope demo` opens a sample"


def _write_refusal(found: Command, path: str, error: DumpError, options: Options, env: Environment) -> None:
    """With ``--json``, a document that says why the file cannot be read; the message goes to stderr all the same."""
    for chunk in refusal(found, path, error, options):
        env.write(chunk)
    env.flush()


def _choose(words: List[str]) -> Tuple[Command, List[str]]:
    """The command that the words name; a path alone means dumpinfo."""
    from ...commands.index import MODULES, load_plugins

    name = words[0]
    if name not in MODULES and not os.path.exists(name):
        load_plugins()
    if name not in MODULES:
        plain = name.lstrip("!.") if name[:1] in "!." else name
        if plain in MODULES and not os.path.exists(name):
            return find_command(plain), words[1:]
        if os.path.exists(name):
            if len(words) > 1 and os.path.isfile(name) and os.path.isfile(words[1]):
                from ...dump.command_lines import file_word

                quoted = " ".join(file_word(word) for word in words if os.path.exists(word))
                raise UsageError(
                    "several files were given, and dumpinfo shows one", f"`dumpscope diff {quoted}` compares dumps; `dumpscope triage FOLDER` groups many"
                )
            return find_command("dumpinfo"), words
        if _is_path(name):
            return find_command("dumpinfo"), words
        unknown = unknown_option(name)
        if unknown is not None:
            raise unknown
    return find_command(name), words[1:]


def _is_path(name: str) -> bool:
    """Whether a word that names neither a command nor a file can only be meant as a file: it has a folder or an extension."""
    return "/" in name or "\\" in name or re.search(r"^[^-!.~][^!]*\.[A-Za-z]\w{1,4}$", name) is not None


def _no_words(options: Options, env: Environment) -> int:
    if env.interactive():
        from .starting import run_repl

        return run_repl([], env, debug=options.debug)
    env.error(USAGE)
    env.error("`dumpscope --help` lists the commands; `dumpscope demo` shows them on a sample")
    return EXIT_USAGE


def _show_help(options: Options, env: Environment) -> int:
    from ...commands.help import broken_plugins, command_list
    from ...commands.index import all_commands
    from ...view.blocks import Lines
    from .shells import SHELLS

    def blocks() -> Iterator[Any]:
        yield Lines("", ["dumpscope: what a Windows minidump or kernel dump holds, and why a debugger command fails on it"], role="emphasis")
        yield Lines("", USAGE.split("\n"))
        yield from command_list([*all_commands(), *SHELLS.values()])
        yield Lines("", options_help())
        yield from broken_plugins()

    _render(None, Session(), blocks(), options.as_text(), env)
    return EXIT_DONE


def _render(found: Optional[Command], session: Session, blocks: Iterator[Any], options: Options, env: Environment) -> None:
    for chunk in answer(found, session, blocks, options, env.paint(options.color), env.width()):
        cleared(session.progress)
        env.write(chunk)
    env.flush()


__all__ = ["main", "run_command"]

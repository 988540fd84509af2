"""The command line: parse, run, render, write."""

from __future__ import annotations

import os
import re
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from ...commands.index import find_command
from ...commands.opening import session_of
from ...dump.source import Source
from ...errors import EXIT_BUG, EXIT_DONE, EXIT_NOT_IN_DUMP, EXIT_OUTPUT, EXIT_USAGE, DumpError, DumpscopeError, UsageError, output_fault
from ...session.parsing import build_parser
from ...session.registry import DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_NONE, Command
from ...session.running import run, wants_help
from ...session.session import Session
from .environment import Environment

USAGE = """usage: dumpscope COMMAND DUMP [ARGUMENTS]
       dumpscope DUMP              the same as dumpscope dumpinfo DUMP
       dumpscope                   a session that asks for a dump, on a terminal"""

OPTIONS = """options of every command
  --json                     one JSON document instead of text
  --csv                      the answer's table as CSV
  --redact                   with --json: without names of users, SIDs, environment, command line, memory, comments
  --color auto|always|never  colour (auto: on a terminal, unless NO_COLOR is set)
  --width N                  wrap to N columns
  --debug                    on a fault of dumpscope itself, show where it happened
  --version                  print the version
  -h, --help                 help, also behind a command

exit codes: 0 done, 1 what was asked for is not in the dump (the answer says why), 2 wrong usage,
            3 not readable as a minidump, 4 the answer could not be written, 70 a fault of dumpscope itself,
            130 interrupted"""


class Options(NamedTuple):
    """What every command understands; ``words`` is the rest."""

    words: List[str]
    json: bool
    csv: bool
    color: str
    width: Optional[int]
    debug: bool
    redact: bool = False


def parse_options(argv: List[str]) -> Options:
    """Take the options of every command out of the words, wherever they stand. Raises UsageError."""
    words: List[str] = []
    as_json = as_csv = debug = False
    color = "auto"
    width: Optional[int] = None
    at = 0
    while at < len(argv):
        word = argv[at]
        at += 1
        name, equals, value = word.partition("=")
        if word == "--":
            words.extend(argv[at - 1 :])
            break
        if word == "--json":
            as_json = True
        elif word == "--csv":
            as_csv = True
        elif word == "--debug":
            debug = True
        elif name in ("--color", "--colour", "--width"):
            if not equals:
                if at >= len(argv):
                    raise UsageError(f"{name} needs a value")
                value = argv[at]
                at += 1
            if name == "--width":
                if not value.isascii() or not value.isdigit() or len(value) > 4 or not 20 <= int(value) <= 1000:
                    raise UsageError(f"--width takes a number from 20 to 1000, not {value!r}")
                width = int(value)
            elif value not in ("auto", "always", "never"):
                raise UsageError(f"--color takes auto, always or never, not {value!r}")
            else:
                color = value
        else:
            words.append(word)
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    return Options(words, as_json, as_csv, color, width, debug)


def main(argv: List[str], environment: Optional[Environment] = None) -> int:
    """Run one command line; returns the exit code. Nothing but KeyboardInterrupt and SystemExit leaves it."""
    env = environment or Environment()
    debug = "--debug" in argv
    try:
        try:
            return _run(argv, env)
        except DumpscopeError as error:
            env.error(f"dumpscope: {error.message}")
            if error.hint:
                env.error(f"  {error.hint}")
            return error.exit_code
        except BrokenPipeError:
            raise
        except OSError as error:
            if debug:
                raise
            env.error(f"dumpscope: the answer could not be written: {output_fault(error)}")
            env.silence()
            return EXIT_OUTPUT
        except (RecursionError, MemoryError) as error:
            env.error(f"dumpscope: out of {'stack' if isinstance(error, RecursionError) else 'memory'}; the dump is larger than this machine can show")
            return EXIT_BUG
        except KeyboardInterrupt:
            env.error("dumpscope: interrupted")
            return 130
        except Exception as error:  # the one boundary: a fault of ours ends in words
            if debug:
                raise
            env.error(f"dumpscope: internal error: {type(error).__name__}: {error}")
            env.error("  this is a fault of dumpscope, not of your dump: run it again with --debug and report what it prints")
            return EXIT_BUG
    except BrokenPipeError:
        env.silence()
        return EXIT_DONE


def _run(argv: List[str], env: Environment) -> int:
    options = _take_redact(parse_options(argv))
    words = options.words
    if not words:
        return _no_words(options, env)
    if words[0] in ("-h", "--help"):
        return _show_help(options, env)
    if words == ["--version"]:
        from ... import __version__

        env.write(f"dumpscope {__version__}\n")
        return EXIT_DONE
    from .shells import SHELLS, run_shell

    if words[0] == "help" and len(words) == 2 and words[1] in SHELLS:
        words = [words[1], "--help"]
    shell = SHELLS.get(words[0])
    found, rest = (shell, words[1:]) if shell is not None else _choose(words)
    if wants_help(rest):
        from ...commands.help import command_help

        _render(found, Session(), command_help(found, "dumpscope "), options._replace(json=False, csv=False), env)
        return EXIT_DONE
    if shell is not None:
        return run_shell(shell, rest, options.color, env, debug=options.debug)
    return run_command(found, rest, options, env)


def _take_redact(options: Options) -> Options:
    """Take ``--redact`` out of the words; the atlas has it as an option of its own. Raises UsageError where it would do nothing."""
    words = options.words
    end = words.index("--") if "--" in words else len(words)
    if words[:1] == ["atlas"] or "--redact" not in words[:end]:
        return options
    left = [word for at, word in enumerate(words) if word != "--redact" or at >= end]
    if left[:1] == ["atlas"]:
        return options._replace(words=[*left[:1], "--redact", *left[1:]])
    if not options.json:
        raise UsageError("--redact is for --json, and for atlas", "add --json")
    if left[:1] == ["learn"]:
        raise UsageError("a lesson shows bytes as they are: it cannot be redacted", "give it a sample")
    return options._replace(words=left, redact=True)


def run_command(found: Command, rest: List[str], options: Options, env: Environment) -> int:
    """Open the dump that the words name, run the command, and write its answer; returns the exit code."""
    if found.dump in (DUMP_NEEDED, DUMP_ANY) and not rest:
        raise UsageError(f"{found.name} needs a dump", f"dumpscope {found.usage()}")
    if (found.dump == DUMP_ANY and _asks_without_dump(rest)) or (found.dump == DUMP_FIRST and not _begins_with_file(rest)):
        args = build_parser(found, f"dumpscope {found.name}", with_dump=False).parse_words(rest)
        session = Session()
        _render(found, session, run(session, found, args), options, env)
        return session.status
    args = build_parser(found, f"dumpscope {found.name}", with_dump=True).parse_words(rest)
    path = getattr(args, "dump", None) if found.dump != DUMP_NONE else None
    if path is None:
        session = Session()
        _render(found, session, run(session, found, args), options, env)
        return session.status
    return _run_on_file(found, path, args, options, env)


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
    # Words of a message without quotes; a file without an extension that is not there has a command or a quoted message behind it.
    rest = words[words.index(first) + 1 :]
    return first.isalpha() and bool(rest) and all(len(word.split()) == 1 and word[0] not in "!.~" for word in rest)


def _run_on_file(found: Command, path: str, args: Any, options: Options, env: Environment) -> int:
    """Run a command on a file. Files that are no dump are for commands that explain them, and give the exit code of what cannot be read."""
    try:
        source = Source.from_path(path)
    except DumpError as error:
        _write_error(found, path, error, options, env)
        raise
    try:
        session = session_of(source, path)
        if session.open_error is not None and found.dump != DUMP_ANY:
            _write_error(found, path, session.open_error, options, env)
            raise session.open_error
        try:
            _render(found, session, run(session, found, args), options, env)
        finally:
            if session.has_dump:
                session.dump.close()  # and what was opened because of it, such as images
        return session.exit_code
    finally:
        source.close()


def _write_error(found: Command, path: str, error: DumpError, options: Options, env: Environment) -> None:
    """With ``--json``, a document that says why the file cannot be read; the message goes to stderr all the same."""
    if not options.json:
        return
    from ...view.document import SCHEMA, error_json

    chunks = iter([error_json(error, {"schema": SCHEMA, "command": found.name, "dump": {"path": path}})])
    if options.redact:
        from ...view.redact import Redactor, redact_document

        chunks = redact_document(chunks, Redactor())
    for chunk in chunks:
        env.write(chunk)
    env.flush()


def _choose(words: List[str]) -> Tuple[Command, List[str]]:
    """The command that the words name; a path alone means dumpinfo."""
    from ...commands.index import MODULES

    name = words[0]
    if name not in MODULES:
        plain = name.lstrip("!.") if name[:1] in "!." else name
        if plain in MODULES and not os.path.exists(name):
            return find_command(plain), words[1:]
        if os.path.exists(name) or name.lower().endswith((".dmp", ".mdmp", ".hdmp")) or "/" in name or "\\" in name:
            return find_command("dumpinfo"), words
    return find_command(name), words[1:]


def _no_words(options: Options, env: Environment) -> int:
    if env.interactive():
        from .shells import run_repl

        return run_repl([], env, debug=options.debug)
    env.error(USAGE)
    env.error("`dumpscope --help` lists the commands")
    return EXIT_USAGE


def _show_help(options: Options, env: Environment) -> int:
    from ...commands.help import command_list
    from ...commands.index import all_commands
    from ...view.blocks import Lines
    from .shells import SHELLS

    def blocks() -> Iterator[Any]:
        yield Lines("", ["dumpscope: what a Windows user-mode minidump holds, and why a debugger command fails on it"], role="emphasis")
        yield Lines("", USAGE.split("\n"))
        yield from command_list([*all_commands(), *SHELLS.values()])
        yield Lines("", ["", *OPTIONS.split("\n")])

    _render(None, Session(), blocks(), options._replace(json=False, csv=False), env)
    return EXIT_DONE


def _render(found: Optional[Command], session: Session, blocks: Iterator[Any], options: Options, env: Environment) -> None:
    from ..saving import saved

    blocks = saved(blocks)
    if options.json and found is not None:
        from ...view.document import render_json

        chunks = render_json(blocks, session.head(found))
        if options.redact:
            from ...view.redact import Redactor, redact_document

            chunks = redact_document(chunks, Redactor.of(session.dump) if session.has_dump else Redactor())
    elif options.csv:
        from ...view.document import render_csv

        chunks = render_csv(blocks, lambda: session.status == EXIT_NOT_IN_DUMP)
    else:
        from ...view.text import render_text

        chunks = render_text(blocks, env.paint(options.color), options.width or env.width())
    for chunk in chunks:
        env.write(chunk)
    env.flush()


__all__ = ["Options", "main", "parse_options", "run_command"]

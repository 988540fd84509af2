"""``run(name, argv)``: what each script in ``scripts/`` does. Takes what the command line takes; nothing leaves it but an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any, Iterable, List, NoReturn, Optional, Sequence, Tuple

from ...commands.index import find_command
from ...commands.opening import session_of
from ...commands.windbg.scripts import ALIASES, MODULE
from ...dump.named import source_at
from ...errors import EXIT_BUG, EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, DumpError, UsageError
from ...session.registry import DUMP_ANY, DUMP_NONE, DUMP_OPTIONAL, Command
from ...session.running import parse, wants_help
from ...session.running import run as run_blocks
from ...session.session import Session
from ...view.escape import dml, printable
from ...view.paint import PLAIN, Dml, Paint
from ..answer import answer, exit_code, refusal
from ..boundary import Told, guarded
from ..hints import spelled
from ..options import Options, asks_debug, parse_options
from .host import Host, Place

_DUMP_ENDINGS = (".dmp", ".mdmp", ".hdmp")


def run(name: str, argv: Sequence[str], host: Optional[Host] = None, scripts: Optional[str] = None) -> int:
    """Run the command ``name`` with the words that followed it; returns an exit code as the command line has it.

    Ctrl+Break reaches a script as SystemExit: it ends the answer where it stands. ``scripts`` is the folder that links name, or MODULE
    where the package is run without scripts.
    """
    host = Host.current() if host is None else host
    folder = os.path.dirname(sys.argv[0]) if scripts is None and sys.argv else scripts or ""
    front = _Front(name, host, folder)
    front.plain = "--text" in argv
    try:
        try:
            return guarded(lambda: front.run(list(argv)), front.tell, debug=asks_debug(argv), roomier="the command line has more of it: dumpscope " + name)
        finally:
            host.flush()
    except (SystemExit, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        host.silence()
        return EXIT_DONE
    except Exception:  # noqa: BLE001 - the output itself failed: there is nowhere left to say so
        return EXIT_BUG


def run_module(argv: Sequence[str], host: Optional[Host] = None) -> int:
    """``!py -m dumpscope.windbg NAME …``: the command that the first word names, without a script of its own; the list of them without a name."""
    words = list(argv) or ["help"]
    name = words[0] if words[0] not in ("-h", "--help") else "help"
    return run(name if name == ALIASES else name.lstrip("!."), words[1:], host, MODULE)


class _Front:
    """One call of one script."""

    def __init__(self, name: str, host: Host, folder: str) -> None:
        self.name = name
        self.host = host
        self.folder = folder
        self.module = folder == MODULE
        self.plain = False
        self.given = ""  # the path that was given, if one was: links must name it again
        self._known = {"": False}

    # -- output ----------------------------------------------------------------------------------------------------------

    def tell(self, problem: Told) -> None:
        """Say what went wrong; nothing about an interrupt, which ends the answer where it stands."""
        if problem.code != EXIT_INTERRUPTED:
            self.complain(spelled(problem.message, self._typed), spelled(problem.hint, self._typed))

    def _typed(self, name: str) -> str:
        """What is typed for a command, nothing for one that has no script here."""
        return self.called(name) if self._has_script(name) else ""

    def complain(self, message: str, hint: str = "", command: str = "") -> None:
        """Say what went wrong, and what helps; ``command`` is the part of the hint that a click can run."""
        lines = [("dumpscope: " + message, "warnfg")] + ([("  " + hint, "verbfg")] if hint else [])
        for text, colour in lines:
            text = "\n".join(printable(line) for line in text.split("\n"))
            if self.plain or not self.host.supports_dml:
                self.host.write(text + "\n")
                continue
            marked = dml(text)
            if command and command in text:
                marked = marked.replace(dml(command), f'</col><link cmd="{dml(command)}">{dml(command)}</link><col fg="{colour}">', 1)
            self.host.write_dml(f'<col fg="{colour}">{marked}</col>\n')

    def link(self, line: str) -> str:
        """What a click must run in the debugger for a command line of ours; nothing if that command has no script."""
        name, _, rest = line.partition(" ")
        if not self._has_script(name):
            if name != "explain" or not self._has_script("why"):
                return ""
            name = "why"
        parts = [self._call(name)]
        if self.given:
            if not set(self.given).isdisjoint(';"${}%\n'):
                return ""
            parts.append(f'"{self.given}"' if " " in self.given else self.given)
        return " ".join(parts + ([rest] if rest else []))

    def called(self, name: str) -> str:
        """What is typed to run a command of ours, without the version of Python."""
        return f"!py -m {MODULE} {name}" if self.module else f"!py {name}"

    def _has_script(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None:
            from ...commands.index import MODULES

            known = self._known[name] = name in MODULES and (not self.folder or self.module or os.path.exists(self._script(name)))
        return known

    def _script(self, name: str) -> str:
        return os.path.join(self.folder, name + ".py")

    def _call(self, name: str) -> str:
        if not self.given and self.host.has_alias("!" + name):
            return "!" + name
        if self.module:
            return f"{self.host.py} -m {MODULE} {name}"
        script = self._script(name) if self.folder else name
        return f'{self.host.py} "{script}"' if " " in script else f"{self.host.py} {script}"

    def render(self, found: Command, session: Session, blocks: Iterable[Any], options: Options) -> None:
        """Draw an answer: JSON and CSV as text, the rest as markup where the debugger takes it."""
        markup = self.host.supports_dml and not self.plain and not (options.json or options.csv)
        paint: Paint = Dml(self.link, native=not self.given and self.host.engine is not None) if markup else PLAIN
        write = self.host.write_dml if markup else self.host.write
        for chunk in answer(found, session, blocks, options, paint, None):
            write(chunk)

    # -- running ---------------------------------------------------------------------------------------------------------

    def run(self, argv: List[str]) -> int:
        """Parse, open, run, draw."""
        options = parse_options(argv, self.name)
        self.plain = options.color == "never"
        if self.name == ALIASES:
            from .aliases import set_aliases

            return set_aliases(self.host, self.folder, options.words)
        found = find_command(self.name)
        words = options.words
        if wants_help(words):
            from ...commands.help import command_help

            self.render(found, Session(), command_help(found, self.called(""), with_dump=False), options.as_text())
            return 0
        path, args = self._parse(found, words)
        if found.dump == DUMP_NONE:
            return self._answer(found, Session(), args, options)
        if path:
            self.given = path
            return self._open(found, path, args, options)
        place = self.host.locate(self.name)
        if place.path:
            return self._open(found, place.path, args, options, live=True)
        if found.dump == DUMP_OPTIONAL:
            return self._answer(found, Session(), args, options)
        return self._nothing_open(place)

    def _parse(self, found: Command, words: List[str]) -> Tuple[str, Any]:
        """The path of a dump that was given, if one was, and the arguments. Raises UsageError."""
        prog = self.called(self.name)
        if found.dump == DUMP_NONE:
            return "", parse(found, words, prog)
        path, rest = take_path(words, last=found.dump == DUMP_OPTIONAL)
        try:
            return path, parse(found, rest, prog)
        except UsageError:
            if not path:
                raise
            try:
                return "", parse(found, words, prog)  # the path is the command's own: `diff later.dmp` is about the open dump
            except UsageError:
                pass
            raise

    def _nothing_open(self, place: Place) -> int:
        self.complain(place.problem, place.hint, place.command)
        return EXIT_USAGE

    def _open(self, found: Command, path: str, args: Any, options: Options, *, live: bool = False) -> int:
        try:
            source = source_at(path)
        except DumpError as error:
            if "?" in path and self.given:
                hint = "characters outside the system's ANSI code page do not reach a script: leave the path out to read the open dump, or rename the file"
                error = DumpError(error.message, hint)
            self._refuse(found, path, error, options)
        try:
            session = session_of(source, path)
            if session.open_error is not None and found.dump != DUMP_ANY:
                self._refuse(found, path, session.open_error, options)
            if live and session.has_dump:
                from .crosscheck import Engine

                session.live = Engine(self.host)
            self._answer(found, session, args, options)
            return exit_code(found, session)
        finally:
            source.close()

    def _refuse(self, found: Command, path: str, error: DumpError, options: Options) -> NoReturn:
        for chunk in refusal(found, path, error, options):
            self.host.write(chunk)
        raise error

    def _answer(self, found: Command, session: Session, args: Any, options: Options) -> int:
        self.render(found, session, run_blocks(session, found, args), options)
        return session.status


def take_path(words: List[str], *, last: bool = False) -> Tuple[str, List[str]]:
    """A dump's path among the words: the first of them, or also the last; and the words without it."""
    places = [0] + ([len(words) - 1] if last else [])
    for at in places:
        if 0 <= at < len(words) and _is_path(words[at]):
            return words[at], words[:at] + words[at + 1 :]
    return "", words


def _is_path(word: str) -> bool:
    if word.startswith("-"):
        return False
    if word.lower().endswith(_DUMP_ENDINGS) or (len(word) > 2 and word[1:3] in (":\\", ":/")) or word.startswith("\\\\"):
        return True
    return ("/" in word or "\\" in word) and os.path.isfile(word)


__all__ = ["run", "run_module", "take_path"]

"""Runs typed lines: translates, finds the command, draws its answer and filters it."""

from __future__ import annotations

import os
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...commands.index import MODULES, find_command, load_plugins
from ...errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, DumpError, UsageError
from ...session.parsing import split_line
from ...session.registry import DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_NONE, DUMP_OPTIONAL, Command
from ...session.running import parse, run, wants_help
from ...session.session import Session
from ...view.blocks import Block
from ...view.paint import PLAIN, strip_ansi
from ..answer import answer, exit_code, refusal
from ..boundary import Told, guarded
from ..hints import spelled
from ..options import Options, asks_debug, parse_options, unknown_option
from ..saving import write_answer
from ..spellings import Translation, asks_why, is_debuggers, nearest, not_ours, translate
from .filters import apply
from .line import Line, is_message, message_text, missing_filter, no_filter, parse_line, split_statements
from .screen import Screen
from .settings import Settings
from .teacher import Teacher
from .workspace import Workspace

KEPT = 8 << 20
"""Characters of the last answer that are kept for ``last``."""
_ENDINGS = (".dmp", ".mdmp", ".hdmp")


class Kept:
    """The last answer: its statement, and its text as far as it was shown."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.chunks: List[str] = []
        self.size = 0
        self.whole = False

    def record(self, chunks: Iterable[str]) -> Iterator[str]:
        """Pass the chunks on and keep them, unless they are too many."""
        for chunk in chunks:
            if self.size <= KEPT:
                self.chunks.append(chunk)
                self.size += len(chunk)
            yield chunk
        self.whole = self.size <= KEPT


class _Answer(NamedTuple):
    """The chunks of an answer, and its exit code, which is known when they have been drawn."""

    chunks: Iterator[str]
    code: Callable[[], int] = lambda: EXIT_DONE


class Runner:
    """One session: its open dumps, its settings, its screen."""

    def __init__(self, screen: Screen, workspace: Workspace, settings: Settings, *, debug: bool = False) -> None:
        from .own import own_commands

        self.screen = screen
        self.workspace = workspace
        self.settings = settings
        self.debug = debug
        self.leaving = False
        self.last: Optional[Kept] = None
        self.history: Callable[[], List[str]] = list
        self.teacher: Optional[Teacher] = None  # set where somebody can be asked
        self.own: Dict[str, Command] = {}
        for item in own_commands(self):
            for name in (item.name, *item.aliases):
                self.own[name] = item

    # -- finding -----------------------------------------------------------------------------------------------------------

    def names(self) -> List[str]:
        """Every name that a command goes by."""
        load_plugins()
        return [*MODULES, *self.own]

    def find(self, name: str) -> Command:
        """A command of ours or of the session's own. Raises UsageError with the nearest names."""
        low = name.lower()
        for candidate in (low, low.lstrip("!.")):
            if candidate in self.own:
                return self.own[candidate]
            if candidate in MODULES:
                return find_command(candidate)
        unknown = unknown_option(name)
        if unknown is not None:
            raise unknown
        close = nearest(name, tuple(self.own))
        raise UsageError(f"there is no command {name!r}", f"did you mean {' or '.join(close)}?" if close else "`help` lists the commands")

    def words(self, text: str) -> Tuple[List[str], str]:
        """The words of our command line for a typed one, and a remark."""
        made: Optional[Translation]
        first = text.split(None, 1)[0]
        if first.lower() in self.own or (first.lower() in MODULES and first.lower() not in ("lm", "?")):
            made = None
        else:
            made = translate(text, self.workspace.session)
        if made is not None:
            return made.words, made.note
        words = split_line(text)
        if len(words) == 1 and self._is_dump(words[0]):
            return ["open", words[0]], ""
        if asks_why(" ".join(word for word in words if not word.startswith("--")) or text, tuple(self.own)):
            return ["why", *words], ""
        return [words[0].lower(), *words[1:]], ""

    @staticmethod
    def _is_dump(word: str) -> bool:
        return (word.lower().endswith(_ENDINGS) or "/" in word or "\\" in word) and os.path.isfile(os.path.expanduser(word))

    def _typed(self, name: str) -> str:
        """What is typed for a command of the command line, nothing for one that a session does not have."""
        return name if name in self.own or name in MODULES else ""

    # -- running -----------------------------------------------------------------------------------------------------------

    def run(self, text: str, *, stop: bool = False) -> int:
        """Run all statements of a typed or pasted text; returns the worst exit code. ``stop`` ends at the first error."""
        worst = EXIT_DONE
        for statement in self.statements(text):
            worst = max(worst, self.run_statement(statement))
            if self.leaving or worst == EXIT_INTERRUPTED or (stop and worst > 1):
                break
        return worst

    def statements(self, text: str) -> List[str]:
        """The statements of a text; a pasted message becomes a question to ``why``."""
        if is_message(text, set(self.names())):
            return ["why " + _quoted(message_text(text))]
        return split_statements(text)

    def run_statement(self, text: str) -> int:
        """Run one statement. Nothing leaves it but SystemExit: errors become words and an exit code."""
        load_plugins()  # here and not at the start: nothing before the first statement goes by the index, and looking for them takes time
        self.screen.begin()

        def complain(problem: Told) -> None:
            self.screen.end()
            self.screen.complain(spelled(problem.message, self._typed), spelled(problem.hint, self._typed))

        try:
            return guarded(lambda: self._run(text), complain, debug=self.debug or asks_debug(text.split()))
        finally:
            self.screen.end()

    def _run(self, text: str) -> int:
        line = parse_line(text)
        if not line.text:
            raise UsageError("a command is missing before the filter", "handles | grep Event")
        try:
            return self._filtered(line)
        except UsageError:
            word = missing_filter(line.text)
            if not word:
                raise
            raise no_filter(word) from None

    def _filtered(self, line: Line) -> int:
        """Run a line with its filters; the exit code."""
        filters = [apply(item.name, item.words) for item in line.filters]
        words, remark = self.words(line.text)
        if self.teacher is not None and _is_lesson(line, words):
            return self.teacher.teach(words[1], self.workspace.session)
        if words[0] == "last":
            chunks, code = self._last(line)
        else:
            chunks, code = self._answer(line, words, remark)
            if words[0] not in self.own or words[0] in ("help", "dumps", "history"):
                self.last = Kept(line.text)
                chunks = self.last.record(chunks)
        for filtered in filters:
            chunks = filtered(chunks)
        if line.target:
            self._to_file(line, chunks)
        else:
            self.screen.show(chunks)
        return code()

    def _last(self, line: Line) -> _Answer:
        """The last answer again: as it was shown, or made once more where it was too long to keep."""
        kept = self.last
        if kept is None:
            raise UsageError("there is no answer yet", "`last | grep TEXT` looks through the last answer again")
        options = split_line(line.text)[1:]
        if kept.whole and not options and not line.target:
            return _Answer(iter(list(kept.chunks)))
        again = parse_line(kept.text)._replace(target=line.target)
        words, remark = self.words(again.text)
        return self._answer(again, [*words, *options], remark)

    def _answer(self, line: Line, words: Sequence[str], remark: str) -> _Answer:
        """The answer of a command, which is found as its chunks are drawn."""
        options = parse_options(list(words))
        name = options.words[0]
        if name not in self.own and name not in MODULES and name.lstrip("!.") not in MODULES:
            if not is_debuggers(line.text.split()[0]):
                self.find(name)  # raises, with the nearest names
            chunks = self._draw(None, self.workspace.session, not_ours(self.workspace.session, line.text), options, line)
            return _Answer(chunks, lambda: EXIT_USAGE)
        found = self.find(name)
        rest = options.words[1:]
        if wants_help(rest):
            from ...commands.help import command_help

            return _Answer(self._draw(None, Session(), command_help(found, with_dump=False), options.as_text(), line))
        session = self._session(found, rest)
        args = parse(found, rest)
        if session.open_error is not None and found.dump in (DUMP_NEEDED, DUMP_FIRST):
            return _Answer(_refused(found, session.path, session.open_error, options))
        session.progress = self.screen.progress
        if self.teacher is not None and found.name == "learn":
            session.memo["lessons"] = self.teacher.kept.load()
        chunks = self._draw(found, session, _remarked(remark, run(session, found, args)), options, line)
        return _Answer(chunks, lambda: exit_code(found, session))

    def _session(self, found: Command, words: List[str]) -> Session:
        """The session that a command runs on. Raises UsageError when it needs a file and none is open."""
        session = self.workspace.session
        if found.name in self.own or found.dump in (DUMP_NONE, DUMP_OPTIONAL):
            return session
        if not session.has_file and not (found.dump in (DUMP_ANY, DUMP_FIRST) and words):
            raise UsageError(f"{found.name} needs a dump, and none is open", "`open PATH` opens one")
        if found.dump == DUMP_FIRST and words and session.open_error is not None:
            return Session()  # asked about its words, not about a file that cannot be read
        return session

    def _draw(self, found: Optional[Command], session: Session, blocks: Iterable[Block], options: Options, line: Line) -> Iterator[str]:
        # A filter looks at whole lines: nothing is wrapped for it that would not be wrapped for a pipe.
        width = None if line.target or line.filters else self.screen.width
        return answer(found, session, blocks, options, PLAIN if line.target else self.screen.paint(options.color), width)

    def _to_file(self, line: Line, chunks: Iterable[str]) -> None:
        """Write an answer to a file: plain, as if it went into a pipe."""
        target = os.path.expanduser(line.target)
        for item in self.workspace.opened:
            if os.path.exists(target) and os.path.samefile(target, item.path):
                raise UsageError(f"{line.target} is an open dump", "choose another file")
        count = write_answer(target, map(strip_ansi, chunks), force=line.force, append=line.append)
        self.screen.write(f"{count} line{'' if count == 1 else 's'} {'added to' if line.append else 'written to'} {line.target}\n")
        self.screen.flush()


def _refused(found: Command, path: str, error: DumpError, options: Options) -> Iterator[str]:
    """What is written of a file that cannot be read, and then its error."""
    yield from refusal(found, path, error, options)
    raise error


def _is_lesson(line: Line, words: Sequence[str]) -> bool:
    """Whether a lesson is to be taken, not printed into a filter, a file or another form."""
    return len(words) == 2 and words[0].lstrip("!.") == "learn" and not words[1].startswith("-") and not line.filters and not line.target


def _remarked(remark: str, blocks: Iterable[Block]) -> Iterator[Block]:
    """An answer with what its translation left out said first."""
    if remark:
        from ...view.blocks import Note

        yield Note(remark, "hint")
    yield from blocks


def _quoted(text: str) -> str:
    """A pasted text as one word."""
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', "'") + '"'


__all__ = ["Kept", "Runner"]

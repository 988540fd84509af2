"""The session's own commands: open, close, dumps, use, set, last, history, help, clear, quit. Declared as all others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, List, Sequence, Tuple

from ...commands.help import broken_plugins, command_help, command_list
from ...commands.index import all_commands
from ...dump.absence import Absent
from ...errors import UsageError
from ...format.flags import MiniDumpWithFullMemory
from ...session.registry import DUMP_NONE, Argument, Command, Example, Function, arg
from ...session.session import Session
from ...view.blocks import Block, Column, Lines, Note, Table
from ..spellings import is_debuggers, not_ours, outlook, translate
from .filters import SUMMARIES
from .settings import SETTINGS
from .workspace import short_name

if TYPE_CHECKING:
    from .runner import Runner

KEYS: Tuple[Tuple[str, str], ...] = (
    ("F1", "help for the word under the cursor, or this list"),
    ("F2", "why: for the debugger command on the line, or everything that is wrong with the dump"),
    ("Tab", "complete; what is offered knows the dump"),
    ("Ctrl-R", "search the history"),
    ("Right", "take the suggestion in grey"),
    ("Ctrl-C", "end a running command, or empty the line"),
    ("Ctrl-D", "leave"),
)

GUIDE = (
    "Where to begin:",
    "  why          what is wrong with this dump (F2)",
    "  why !handle  why a debugger command fails; `why ` and Tab lists them",
    "  dumpinfo     what is in the file",
    "  handles      its handles; likewise threads, modules, memory, exception",
    "Tab offers what can follow, F1 explains the word under the cursor.",
)


def own_commands(runner: Runner) -> List[Command]:
    """The commands that belong to this session alone."""

    def make(
        name: str,
        summary: str,
        function: Function,
        arguments: Sequence[Argument] = (),
        examples: Sequence[Tuple[str, str]] = (),
        aliases: Sequence[str] = (),
        spellings: Sequence[str] = (),
        description: str = "",
    ) -> Command:
        made = tuple(Example(*item) for item in examples)
        return Command(name, summary, "session", function, tuple(arguments), made, tuple(aliases), tuple(spellings), description, DUMP_NONE, False)

    def open_dump(session: Session, args: Any) -> Iterator[Block]:
        opened = runner.workspace.open(args.path)
        yield from opened_blocks(opened.session, opened.number)

    def close(session: Session, args: Any) -> Iterator[Block]:
        number = runner.workspace.find(args.dump).number if args.dump else None
        gone = runner.workspace.close(number)
        current = runner.workspace.current
        yield Note(f"closed {short_name(gone.path)}" + (f"; now {short_name(current.path)}" if current is not None else "; no dump is open"))

    def dumps(session: Session, args: Any) -> Iterator[Block]:
        workspace = runner.workspace
        if not len(workspace):
            yield Note("no dump is open: `open PATH` opens one", "hint")
            return
        rows = [("." if item is workspace.current else "", item.number, _kind(item.session), item.path) for item in workspace.opened]
        columns = [Column("current", ""), Column("number", "#", "int"), Column("kind", "what"), Column("path", "path", "path")]
        yield Table("dumps", columns, rows)

    def use(session: Session, args: Any) -> Iterator[Block]:
        found = runner.workspace.find(args.dump)
        runner.workspace.use(found.number)
        yield from opened_blocks(found.session, found.number)

    def set_one(session: Session, args: Any) -> Iterator[Block]:
        settings = runner.settings
        if args.name and args.value:
            remark = settings.set(args.name, args.value)
            if remark:
                yield Note(remark, "hint")
            return
        wanted = (args.name or "").lower()
        found = [item for item in SETTINGS if not wanted or item.name == wanted]
        if not found:
            settings.set(args.name, "")  # raises, with the nearest names
        rows = [(item.name, settings[item.name], ", ".join(item.choices) or "a number", item.help) for item in found]
        yield Table(
            "settings",
            [Column("name", "setting", role="label"), Column("value", "value", "name"), Column("choices", "of"), Column("help", "what it does")],
            rows,
        )
        if not wanted and settings.path:
            yield Note(f"kept in {settings.path}", "hint")

    def history(session: Session, args: Any) -> Iterator[Block]:
        rows = runner.history()
        if args.text:
            rows = [row for row in rows if args.text.lower() in row.lower()]
        yield Lines("", rows[-500:])

    def show_help(session: Session, args: Any) -> Iterator[Block]:
        if args.name:
            yield from help_on(runner, " ".join(args.name))
            return
        yield Lines("", GUIDE)
        seen = {id(item): item for item in runner.own.values()}
        yield from command_list([*(item for item in all_commands() if item.name not in runner.own), *sorted(seen.values(), key=lambda item: item.name)])
        yield from broken_plugins()
        rows = [(f"| {name}", words) for name, words in SUMMARIES.items()]
        rows += [("> FILE", "write the answer to a file; >> adds to it"), ("; ", "several commands on one line")]
        yield Table("filters", [Column("filter", "", role="label"), Column("help", "")], rows, title="after a command", compact=True)
        yield Table("keys", [Column("key", "", role="label"), Column("help", "")], KEYS, title="keys", compact=True)
        yield Note("`help COMMAND` explains one; the debugger's spellings work too (!handle 0 f Event, ~3s, lmvm ntdll, dps @rsp, ? @rip+10)", "hint")

    def clear(session: Session, args: Any) -> Iterator[Block]:
        runner.screen.clear()
        return iter(())

    def leave(session: Session, args: Any) -> Iterator[Block]:
        runner.leaving = True
        return iter(())

    def last(session: Session, args: Any) -> Iterator[Block]:
        return iter(())  # the runner has the text

    dump_argument = arg("dump", metavar="N", help="its number, or its file name", completes="dump")
    return [
        make(
            "open",
            "open another dump and work on it",
            open_dump,
            [arg("path", metavar="PATH", help="the file; it need not be a minidump: `why` explains those that are none", completes="path")],
            [("open app.dmp", "work on this file")],
            spellings=[".opendump"],
        ),
        make(
            "close", "close the current dump, or another", close, [dump_argument._replace(nargs="?")], [("close", "the current one"), ("close 0", "by number")]
        ),
        make("dumps", "the open dumps", dumps, (), [("dumps", "list them")], spellings=["||"]),
        make("use", "make another open dump the current one", use, [dump_argument], [("use 1", "the second one")], spellings=["||1s"]),
        make(
            "set",
            "settings: list them, or change one and keep it",
            set_one,
            [
                arg("name", nargs="?", metavar="NAME", help="the setting", completes="setting"),
                arg("value", nargs="?", metavar="VALUE", help="its new value", completes="value"),
            ],
            [("set", "list them"), ("set pager off", "print long answers without stopping"), ("set theme light", "colours for a light background")],
        ),
        make(
            "last",
            "the last answer again, for other filters or another form",
            last,
            (),
            [("last | grep Event", "look through it again"), ("last --json > answer.json", "the same as JSON into a file")],
        ),
        make(
            "history",
            "what was typed before",
            history,
            [arg("text", nargs="?", metavar="TEXT", help="only lines that hold this")],
            [("history handles", "lines about handles")],
        ),
        make(
            "help",
            "how a command is used, or the list of commands and keys",
            show_help,
            [arg("name", nargs="*", metavar="COMMAND", help="the command to explain, in our spelling or the debugger's", completes="command")],
            [("help", "list the commands"), ("help handles", "explain one"), ("help !runaway", "by the debugger's name")],
            spellings=[".help"],
        ),
        make("clear", "empty the screen", clear, (), [("clear", "empty the screen")], aliases=["cls"], spellings=[".cls"]),
        make("quit", "leave", leave, (), [("quit", "leave")], aliases=["exit"], spellings=["q"]),
    ]


def help_on(runner: Runner, text: str) -> Iterator[Block]:
    """Help on a command by any of its names; says what a debugger's spelling became. Raises UsageError."""
    word = text.split()[0]
    if word.startswith("|") and word.lstrip("|") in SUMMARIES:
        word = word.lstrip("|")
    if word in SUMMARIES:
        yield Note(f"| {word}: {SUMMARIES[word]}")
        return
    made = None if word in runner.own else translate(text, runner.workspace.session)
    name = made.words[0] if made is not None else word
    if made is not None and word.lower() not in (name, "!" + name):
        yield Note(f"{word} is `{' '.join(made.words)}` here")
    try:
        found = runner.find(name)
    except UsageError:
        if not is_debuggers(word):
            raise
        yield from not_ours(runner.workspace.session, text)
        return
    if made is not None and is_debuggers(word):
        yield from outlook(runner.workspace.session, text)
    yield from command_help(found, with_dump=False)


def _kind(session: Session) -> str:
    if not session.has_dump:
        return "kernel dump" if session.kernel is not None else "not a minidump"
    return "full memory" if session.dump.header.flags & MiniDumpWithFullMemory else "minidump"


def opened_blocks(session: Session, number: int) -> Iterator[Block]:
    """A line on a dump that was opened: cheap facts only, whatever the size of the file."""
    name = short_name(session.path)
    if not session.has_dump:
        if session.kernel is not None:
            from ...format.codes.bugcheck import bug_check  # the table is loaded only for kernel dumps

            code = session.kernel.code
            stopped = f"; stopped by 0x{code:x} {bug_check(code).name}".rstrip() if code else "; its header names no bug check"
            yield Note(f"{name} is open: a kernel dump ({session.kernel.kind_name}){stopped}")
            yield Note("`bugcheck` says what stopped the machine; `why` says which commands of the debugger work on it", "hint")
            return
        error = session.open_error
        yield Note(f"{name} is open, but {error.message if error is not None else 'is no minidump'}", "warning")
        yield Note("`why` says what can be told about it", "hint")
        return
    dump = session.dump
    parts = []
    if not isinstance(dump.system, Absent):
        parts.append(f"{dump.system.os_name}, {dump.system.architecture_name}")
    lists = [(len(dump.threads), "thread"), (len(dump.modules), "module")]
    if session.user_dump is not None:
        parts.insert(0, f"a user dump of the old format ({session.user_dump.signature})")
    else:
        parts.append(f"flags 0x{dump.header.flags:x}")
        lists.append((len(dump.handles), "handle"))
    for count, word in lists:
        parts.append(f"{count} {word}{'' if count == 1 else 's'}")
    yield Note(f"{name}: {'; '.join(parts)}")


__all__ = ["KEYS", "help_on", "own_commands", "opened_blocks"]

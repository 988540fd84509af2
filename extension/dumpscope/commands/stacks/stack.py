"""``stack``: where each thread was, as the debugger's ``k``; how each frame was found, and why a stack ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ...dump.absence import NOT_THERE, Absent
from ...dump.streams.threads import Thread
from ...errors import UsageError
from ...format.counted import by_count, counted
from ...session.argument_words import ArgumentWords, any_word, meaning_of
from ...session.expression import current_thread
from ...session.missing import missing, why_empty
from ...session.parameters import FrameParameters
from ...session.parsing import number
from ...session.registry import arg, command
from ...session.session import Session
from ...session.stack_words import LEAST_FOLDED, folded
from ...session.threads import find_thread
from ...session.waiting import wait_json, wait_note, wait_of
from ...session.walks import Row, Walks, end_json, proofs_of, stack_json, walks_of
from ...stacks.frames import BOTTOM, LIMIT, NO_IMAGE, Frame, Proof, Stack, frame_values
from ...stacks.walk import MAX_FRAMES
from ...stacks.words import frame_data_text
from ...view.blocks import Column, Data, Fields, Item, Note, Table
from ...view.kinds import address_kind, address_text

if TYPE_CHECKING:
    from ...view.blocks import Block

DEFAULT_LIMIT = 1000
"""Frames of a stack that are shown unless --limit says otherwise."""

INDENT = " " * 24
"""What stands before a parameter that has a line of its own: three tabs in the debugger."""

PATHS = [
    arg("-i", "--image-path", repeat=True, metavar="PATH", help="where image files are: folders or symbol-server trees, separated by ;", completes="path"),
    arg("-y", "--symbol-path", repeat=True, metavar="PATH", help="where symbols are, as in _NT_SYMBOL_PATH", completes="path"),
    arg("--loose", switch=True, help="also use an image or a symbol file that is not of the module's build"),
    arg("--download", switch=True, help="get what is missing from the symbol servers of the paths, into their local store"),
]
"""Options of every command that walks stacks."""


class Drawn:
    """One stack and its thread, with the width of addresses."""

    def __init__(self, walks: Walks, thread: Optional[Thread], stack: Stack, width: int) -> None:
        self.walks = walks
        self.thread = thread
        self.stack = stack
        self.width = 4 if stack.architecture.partition(" ")[0] in ("x86", "ARM") else width

    def rows(self) -> Iterator[Sequence[Any]]:
        """Rows of one Row each, with the length of the cycle that begins there and how often it comes; cycles are shown once."""
        yield from folded(list(self.walks.rows(self.stack)))


def _address(width: int) -> Callable[[int], str]:
    return lambda value: address_text(value, width)


def frame_columns(drawn: Drawn, *, lines: bool, arguments: bool = False, fpo: bool = False, parameters: str = "") -> List[Column]:
    """The debugger's columns of ``kn``, over rows of one Row each; with ``arguments`` those of ``kbn``, with ``fpo`` those of ``kvn``.

    ``parameters`` is ``line`` for those of ``kpn`` and ``lines`` for the first lines of those of ``kPn``.
    """
    width = drawn.width
    inline = "(Inline Function)".ljust(17) if width == 8 else "(Inline)"
    empty = "--------`--------" if width == 8 else "--------"
    words = ArgumentWords(drawn.walks, drawn.stack, drawn.thread, fpo=fpo) if arguments or fpo else None
    values = FrameParameters(drawn.walks, drawn.stack, drawn.thread) if parameters else None
    one = words is not None and not fpo and width == 8  # kb of 64-bit stacks has no Child-SP

    def child(row: Row) -> str:
        return inline if row.inline else address_text(row.child, width)

    def back(row: Row) -> str:
        value = row.frame.return_address
        return inline if row.inline and one else empty if row.inline or value is None else address_text(value, width)

    def shown(row: Row) -> str:
        found = words.of(row) if words is not None else None
        if words is None or found is None:
            return " ".join([empty] * (words.count if words is not None else 0))
        return " ".join(empty.replace("-", "?") if value is None else address_text(value, width) for value in found)

    def site(row: Row) -> str:
        text = row.place
        call = values.call(row) if values is not None else None
        if call is not None:
            before, each, behind = call
            if each and parameters == "lines":
                return before
            text = before + (", ".join(each) or "void") + behind
        record = words.frame_data(row) if words is not None and fpo else None
        if record is not None:
            text += " " + frame_data_text(record)
        elif fpo and row.inline:
            text += f" (Inline Function @ {address_text(row.frame.ip, width)})"
        trap = words.trap_frame(row) if words is not None and fpo else None
        text += f" (TrapFrame @ {address_text(trap, width)})" if trap is not None else ""
        convention = words.convention(row) if words is not None and fpo else ""
        text += f" (CONV: {convention})" if convention else ""
        text += row.line if lines else ""
        return text if row.frame.certain else f"{text}  (guess: {row.frame.found_by})"

    columns = [Column("", " #", "text", index=0, get=lambda row: f"{row.number:02x}", role="number", link="frame {}")]
    if not one:
        columns.append(Column("", "ChildEBP" if drawn.stack.architecture == "x86" else "Child-SP", "text", index=0, get=child, role="address"))
    columns.append(Column("", "RetAddr", "text", index=0, get=back, role="address"))
    if words is not None:
        divider = [] if words.machine == "x86" else [Column("", ":", "text", index=0, get=lambda row: ":")]
        columns += [*divider, Column("", "Args to Child", "text", index=0, get=shown, role="address"), *divider]
    return [*columns, Column("", "Call Site", "symbol", index=0, get=site)]


def _csv_columns(width: int, arguments: bool = False) -> List[Column]:
    """Every frame of every thread as one table."""
    kind = address_kind(width)

    def column(key: str, kind: str, get: Callable[[Row], Any]) -> Column:
        return Column(key, key, kind, hidden=True, index=2, get=get)

    def of_name(member: str) -> Callable[[Row], Any]:
        return lambda row: getattr(row.name, member) or None if row.name is not None else None

    return [
        Column("index", "index", "int", hidden=True, index=0),
        Column("tid", "tid", "int", hidden=True, index=1),
        column("frame", "int", lambda row: row.number),
        column("child_sp", kind, lambda row: row.child),
        column("return_address", kind, lambda row: row.frame.return_address),
        column("ip", kind, lambda row: row.frame.ip),
        column("module", "text", of_name("module")),
        column("symbol", "text", of_name("symbol")),
        column("displacement", "hex", lambda row: None if row.name is None else row.name.displacement),
        column("file", "text", of_name("file")),
        column("line", "int", of_name("line")),
        column("inline", "bool", lambda row: row.inline),
        column("found_by", "text", lambda row: row.frame.found_by),
        column("certain", "bool", lambda row: row.frame.certain),
        *([Column("arguments", "arguments", "text", hidden=True, index=3)] if arguments else []),
    ]


def _csv_rows(walks: Walks, threads: Iterable[Optional[Thread]], limit: int, arguments: bool = False) -> Iterator[Sequence[Any]]:
    for thread in threads:
        stack = walks.stack(thread, limit)
        words = ArgumentWords(walks, stack, thread) if arguments else None
        for row in walks.rows(stack):
            found = words.of(row) if words is not None else None
            text = None if found is None else " ".join("?" if word is None else f"0x{word:x}" for word in found)
            yield (None if thread is None else thread.index, None if thread is None else thread.tid, row, text)


def register_lines(stack: Stack, frame: Frame) -> List[str]:
    """The registers of a frame that are known, three to a line."""
    digits = 16 if stack.architecture in ("AMD64", "ARM64") else 8
    texts = [f"{name:>3}={value:0{digits}x}" for name, value in frame_values(stack, frame)]
    return ["     " + " ".join(texts[at : at + 3]) for at in range(0, len(texts), 3)]


def proof_line(proof: Proof) -> str:
    """A proof on one line."""
    where = f" at 0x{proof.offset:x}" + (f" of {proof.file}" if proof.file else "") if proof.offset is not None else ""
    address = f" (0x{proof.address:x})" if proof.address is not None and not where else ""
    return f"{proof.what}: {proof.value}{where}{address}"


def _details(drawn: Drawn, *, lines: bool, registers: bool, evidence: bool, parameters: bool) -> Optional[Callable[[Sequence[Any]], Iterable[str]]]:
    if not registers and not evidence and not parameters and len(drawn.stack.frames) < LEAST_FOLDED:
        return None
    values = FrameParameters(drawn.walks, drawn.stack, drawn.thread) if parameters else None

    def below(cells: Sequence[Any]) -> Iterator[str]:
        row, length, count = cells
        call = values.call(row) if values is not None else None
        if call is not None and call[1]:
            guess = "" if row.frame.certain else f"  (guess: {row.frame.found_by})"
            yield from (f"{INDENT}{words}," for words in call[1][:-1])
            yield f"{INDENT}{call[1][-1]}{call[2]}{row.line if lines else ''}{guess}"
        if count:
            what = "this frame comes" if length == 1 else f"these {length} frames come"
            yield f"     ({what} {count} times, one after the other)"
        if row.inline:
            return
        if registers:
            yield from register_lines(drawn.stack, row.frame)
        if evidence:
            yield f"     found by {row.frame.origin.words}"
            for proof in proofs_of(drawn.walks, drawn.stack, row.frame):
                yield "       " + proof_line(proof)

    return below


def end_note(stack: Stack) -> Iterator[Block]:
    """Why the stack ends, unless it is whole."""
    end = stack.end
    if end.kind == BOTTOM:
        return
    if end.kind == LIMIT:
        yield Note(f"{end.message}; --limit shows more", "hint")
        return
    yield Note(f"the stack ends here: {end.message}", "warning")


def guess_note(stack: Stack) -> Iterator[Block]:
    """What the mark of a guess means, where there is one."""
    if stack.guesses:
        yield Note(
            f"{stack.guesses} of {counted(len(stack.frames), 'frame')} "
            f"{by_count(stack.guesses, 'is a guess: nothing proves it', 'are guesses: nothing proves them')}",
            "warning",
        )


def arguments_note(stacks: Sequence[Drawn], args: Any) -> Iterator[Block]:
    """What the words under "Args to Child" are, once for each kind of stack."""
    if args.arguments or args.fpo:
        known = [drawn for drawn in stacks if any_word(drawn.walks, drawn.stack, drawn.thread)]
        for meaning in dict.fromkeys(meaning_of(drawn.walks, drawn.stack) for drawn in known):
            yield Note(f"Args to Child: {meaning}", "hint")
        if not known and any(drawn.stack.frames for drawn in stacks):
            yield Note("Args to Child: no such word is known: the place of the return address is not, or its memory is not in the dump", "hint")


def parameters_note(stacks: Sequence[Drawn], args: Any) -> Iterator[Block]:
    """Why no parameter is shown, where none is."""
    wanted = args.parameters or args.parameter_lines
    if wanted and stacks and all(FrameParameters(drawn.walks, drawn.stack, drawn.thread).none for drawn in stacks):
        yield Note("no parameters: no function of these frames is in a PDB with private symbols; -y names where PDB files are", "hint")


def thread_title(session: Session, thread: Optional[Thread]) -> str:
    """The thread's line as the debugger's ``~`` has it, shortened."""
    if thread is None:
        return "the exception's thread, which the thread list does not have"
    misc = session.dump.misc
    pid = None if isinstance(misc, Absent) else misc.process_id
    owner = f"{pid:x}." if isinstance(pid, int) else ""
    name = session.dump.thread_names.get(thread.tid)
    exception = session.dump.exception
    mark = "#" if not isinstance(exception, Absent) and exception.thread_id == thread.tid else " "
    return f"{mark}{thread.index:>3}  Id: {owner}{thread.tid:x}" + (f' "{name}"' if name else "")


def _stack_rows(session: Session, walks: Walks, threads: Iterable[Optional[Thread]], limit: int, args: Any) -> Iterator[Sequence[Any]]:
    for thread in threads:
        stack = walks.stack(thread, limit)
        tid = thread.tid if thread is not None else getattr(session.dump.exception, "thread_id", None)
        name = session.dump.thread_names.get(tid) if tid is not None else ""
        wait = wait_of(session, walks, thread)
        words = ArgumentWords(walks, stack, thread, fpo=args.fpo) if args.arguments or args.fpo else None
        more = more_members(walks, stack, thread, args, words)
        yield (
            None if thread is None else thread.index,
            tid,
            name or None,
            stack,
            None if wait is None else wait_json(wait),
            partial(stack_json, walks, stack, registers=args.registers, more=more),
            words and words.meaning,
        )


def more_members(walks: Walks, stack: Stack, thread: Optional[Thread], args: Any, words: Optional[ArgumentWords]) -> Optional[Callable[[Row], Dict[str, Any]]]:
    """What JSON has of each line besides the frame itself."""
    makers = [] if words is None else [words.members]
    if args.parameters or args.parameter_lines:
        makers.append(FrameParameters(walks, stack, thread).members)
    if not makers:
        return None
    return lambda row: {name: value for make in makers for name, value in make(row).items()}


def _stacks_table(session: Session, walks: Walks, threads: Iterable[Optional[Thread]], limit: int, args: Any) -> Table:
    """What JSON has: one entry for each thread."""
    columns = [
        Column("index", "", "int", hidden=True, index=0),
        Column("tid", "", "int", hidden=True, index=1),
        Column("name", "", "name", hidden=True, index=2),
        Column("architecture", "", "text", hidden=True, index=3, get=lambda stack: stack.architecture or None),
        Column("frames", "", "data", hidden=True, index=5, get=lambda make: make()),  # for JSON alone: the evidence takes longer than the walk
        Column("end", "", "data", hidden=True, index=3, get=end_json),
        Column("wait", "", "data", hidden=True, index=4),
        *([Column("arguments_are", "", "text", hidden=True, index=6)] if args.arguments or args.fpo else []),
    ]
    return Table("stacks", columns, _stack_rows(session, walks, threads, limit, args))


def frames_limit(text: Optional[str]) -> int:
    if text is None:
        return DEFAULT_LIMIT
    value = number(text, "number of frames") if text.lower().startswith("0") and len(text) > 1 else int(text) if text.isdigit() else -1
    if value < 1:
        raise UsageError(f"--limit {text}: a number of frames is needed", "--limit 20")
    return min(value, MAX_FRAMES)


def thread_of(session: Session, text: Optional[str]) -> Tuple[Optional[Thread], str, bool]:
    """The thread that is meant, a remark, and whether there is something to walk."""
    dump = session.dump
    if text is not None:
        found, note = find_thread(session, text)
        return found, note, found is not None
    exception = dump.exception
    chosen = session.memo.get("thread")
    if not isinstance(exception, Absent) and not isinstance(chosen, int):
        found = dump.threads.find(exception.thread_id)
        return found, "", True
    found = current_thread(session)
    return found, "", found is not None


@command(
    "stack",
    summary="the call stack of a thread as the debugger's k: proven frame by frame, and why it ends",
    category="threads",
    arguments=[
        arg("thread", nargs="?", metavar="THREAD", help="its index (decimal), or its id (0x4554, tid:4554); default: the exception's", completes="tid"),
        arg("--all", switch=True, help="the stacks of all threads, as ~*k"),
        arg("--unique", switch=True, help="the stacks of all threads, equal ones once, as !uniqstack"),
        arg("--find", metavar="NAME", help="only stacks with a module or function of this name, as !findstack"),
        arg("--limit", metavar="N", help=f"frames of a stack at the most ({DEFAULT_LIMIT} unless given)"),
        arg("--arguments", switch=True, help='show the words of the stack that the debugger calls "Args to Child", as kb: nothing proves that they are'),
        arg("--fpo", switch=True, help="show those words and the FPO or frame data of x86 functions, as kv"),
        arg("--parameters", switch=True, help="show the parameters of each function with their values, as kp; needs the module's PDB with private symbols"),
        arg("--parameter-lines", switch=True, help="show each of them on a line of its own, as kP"),
        arg("--lines", switch=True, help="show source files and lines where they are known"),
        arg("--registers", switch=True, help="show the registers of each frame that are known"),
        arg("--evidence", switch=True, help="show how each frame was found, and where the proof stands"),
        arg("--scan", switch=True, help="when a stack would end, continue with the next value that may be a return address; such frames are marked as guesses"),
        arg("--symbols", switch=True, help="show where images and symbols were looked for"),
        *PATHS,
    ],
    examples=[
        ("stack", "the thread that raised the exception"),
        ("stack 3 --lines", "the fourth thread, with source lines"),
        ("stack --all -i images", "every thread; images from a folder"),
        ("stack --unique", "equal stacks once"),
        ("stack --arguments", 'with the debugger\'s "Args to Child", as kb'),
        ("stack --parameters -y symbols", "with names and values of parameters, as kp"),
        ("stack --evidence", "with the proof of each frame"),
    ],
    spellings=["k", "kb", "kp", "kP", "kv", "kn", "kL", "~3k", "~*k", "!uniqstack", "!findstack"],
)
def stack(session: Session, args: Any) -> Iterator[Block]:
    """Call stacks."""
    dump = session.dump
    limit = frames_limit(args.limit)
    session.memo.pop("frame", None)
    walks = walks_of(session, args.image_path or (), args.symbol_path or (), args.loose, scan=args.scan, download=args.download)
    for item in walks.refused:
        yield Note(f"{item.place}: {item.reason}", "warning")
    if args.all or args.unique or args.find:
        if args.thread is not None:
            raise UsageError("--all, --unique and --find are for all threads, not for one")
        if not len(dump.threads):
            yield from missing(session, "stacks", why_empty(dump.threads, "the thread list"), "~")
            return
        yield from _many(session, walks, args, limit)
    else:
        thread, note, there = thread_of(session, args.thread)
        if not there:
            what = f"there is no thread {args.thread} among the {len(dump.threads)} of this dump" if args.thread else "the dump has no threads"
            yield from missing(session, "stacks", Absent(NOT_THERE, what))
            return
        yield from _single(session, walks, thread, args, limit)
        if note:
            yield Note(note, "hint")
    if args.symbols:
        yield tried_table(walks)


def _single(session: Session, walks: Walks, thread: Optional[Thread], args: Any, limit: int) -> Iterator[Block]:
    found = walks.stack(thread, limit)
    if not found.frames:
        yield from missing(session, "stacks", Absent(NOT_THERE, found.end.message))
        return
    drawn = Drawn(walks, thread, found, session.dump.pointer_size)
    wanted = args.arguments or args.fpo
    yield Table("", _csv_columns(drawn.width, wanted), _csv_rows(walks, [thread], limit, wanted))
    yield _stacks_table(session, walks, [thread], limit, args)
    yield from draw(session, drawn, args)
    yield from wait_note(session, walks, thread)
    yield from arguments_note([drawn], args)
    yield from parameters_note([drawn], args)
    yield from missing_images([found])


def draw(session: Session, drawn: Drawn, args: Any, title: str = "") -> Iterator[Block]:
    """One stack in text."""
    details = _details(drawn, lines=args.lines, registers=args.registers, evidence=args.evidence, parameters=args.parameter_lines)
    shown = "lines" if args.parameter_lines else "line" if args.parameters else ""
    columns = frame_columns(drawn, lines=args.lines, arguments=args.arguments, fpo=args.fpo, parameters=shown)
    yield Table("", columns, drawn.rows(), title=title, detail=details)
    yield from guess_note(drawn.stack)
    yield from end_note(drawn.stack)


def _many(session: Session, walks: Walks, args: Any, limit: int) -> Iterator[Block]:
    """All threads, or those that --find chooses; with --unique each stack once."""
    dump = session.dump
    groups: Dict[Any, List[Thread]] = {}
    threads: List[Thread] = []
    for done, thread in enumerate(dump.threads):
        session.progress(done, len(dump.threads))
        found = walks.stack(thread, limit)
        if args.find and not any(_matches(row, args.find) for row in walks.rows(found)):
            continue
        if args.unique:
            key = tuple(frame.ip for frame in found.frames) or (-1 - thread.index,)
            if key in groups:
                groups[key].append(thread)
                continue
            groups[key] = [thread]
        threads.append(thread)
    width = dump.pointer_size
    if args.find and not threads:
        yield from missing(session, "stacks", Absent(NOT_THERE, f"no stack has a module or function called {args.find}"))
        return
    wanted = args.arguments or args.fpo
    yield Table("", _csv_columns(width, wanted), _csv_rows(walks, threads, limit, wanted))
    yield _stacks_table(session, walks, threads, limit, args)
    shared = {group[0].index: group for group in groups.values()}
    if args.unique:
        yield Data("duplicates", {str(index): [thread.index for thread in group[1:]] for index, group in shared.items() if len(group) > 1})
    stacks: List[Stack] = []
    drawn: List[Drawn] = []
    for thread in threads:
        found = walks.stack(thread, limit)
        stacks.append(found)
        title = thread_title(session, thread)
        others = shared.get(thread.index, [thread])[1:]
        if others:
            title += f" and {len(others)} more: {', '.join(str(other.index) for other in others[:20])}{' …' if len(others) > 20 else ''}"
        if not found.frames:
            yield Fields("", [Item("", title, Absent(NOT_THERE, found.end.message))])
            continue
        drawn.append(Drawn(walks, thread, found, width))
        yield from draw(session, drawn[-1], args, title)
        yield from wait_note(session, walks, thread)
    if args.unique:
        total = sum(map(len, groups.values()))
        yield Note(f"{total} thread{'' if total == 1 else 's'}, {len(groups)} different stack{'' if len(groups) == 1 else 's'}")
    yield from arguments_note(drawn, args)
    yield from parameters_note(drawn, args)
    yield from missing_images(stacks)


def _matches(row: Row, name: str) -> bool:
    wanted = name.casefold()
    if row.name is None:
        return False
    module, symbol = row.name.module.casefold(), row.name.symbol.casefold()
    if "!" in wanted:
        return f"{module}!{symbol}".startswith(wanted)
    return wanted == module or wanted in symbol


def missing_images(stacks: Sequence[Stack]) -> Iterator[Block]:
    """Which images would take the stacks further."""
    names = list(dict.fromkeys(found.end.module for found in stacks if found.end.kind == NO_IMAGE and found.end.module))
    if names:
        yield Data("missing_images", names)
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        yield Note(f"images that are needed to go on: {shown}. Give the folder that holds them with -i", "hint")


def tried_table(walks: Walks) -> Table:
    """Where images and symbols were looked for."""
    columns = [
        Column("module", "module", "name", index=0),
        Column("what", "what", "text", index=1),
        Column("place", "where", "path", index=2),
        Column("result", "result", "text", index=3),
        Column("reason", "", "text", index=4),
    ]
    return Table("symbols", columns, [tuple(item) for item in (*walks.refused, *walks.namer.tried)], title="images and symbols")

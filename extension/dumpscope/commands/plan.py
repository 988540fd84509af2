"""``flags`` and ``plan``: what to ask a writer for. Neither needs a dump."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Tuple

from ..diagnosis.plan import NEEDS, canonical, letters, rights
from ..diagnosis.plan import plan as make_plan
from ..dump.absence import NOT_APPLICABLE, Absent
from ..errors import UsageError
from ..format.flags import DUMP_ALWAYS, MINIDUMP_TYPE, MINIDUMP_TYPE_BITS, normalise, refused, writers_of
from ..session.parsing import number
from ..session.registry import DUMP_NONE, DUMP_OPTIONAL, arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Fields, Item, Lines, Note, Table


def flags_value(text: str) -> int:
    """A mask from a number or from names: ``0x1105``, ``1105``, ``handles,threadinfo``, ``MiniDumpWithHandleData``, ``/mh``.

    Raises UsageError.
    """
    if text.startswith(("/", ".dump")):
        return _dump_value(text)
    value = 0
    for word in text.replace("|", ",").split(","):
        word = word.strip()
        if word:
            value |= _one_flag(word)
    return value


_NEUTRAL = ("/o", "/u", "/a", "/b", "/ba", "/c", "/j", "/k", "/l", "/r", "/s", "/i")
FULL = "/f"
"""The option of ``.dump`` that asks for another format than a minidump."""


def _dump_words(text: str) -> List[str]:
    return [word for word in text.split() if word != ".dump"]


def _dump_value(text: str) -> int:
    """The flags of a ``.dump`` line or its options. Raises UsageError."""
    value: Optional[int] = None
    for word in _dump_words(text):
        if word.startswith("/m"):
            value = (value or 0) | _letters_value(word)
        elif word.startswith("/") and word not in _NEUTRAL:
            raise UsageError(f".dump has no option {word!r} that sets flags", "/m with its letters does, such as /mfht; /f asks for a full user dump")
    if value is None:
        return DUMP_ALWAYS  # .dump without /m writes what /m writes
    return value


def _letters_value(text: str) -> int:
    from ..format.flags import DUMP_LETTERS

    value = DUMP_ALWAYS
    for letter in text[2:]:
        if letter not in DUMP_LETTERS:
            raise UsageError(f".dump has no option {letter!r} after /m", f"it has {' '.join(DUMP_LETTERS)}")
        value |= DUMP_LETTERS[letter]
    return value


def _plain(name: str) -> str:
    name = name.casefold().replace("_", "").replace("-", "")
    for prefix in ("minidump", "with"):
        if name.startswith(prefix) and name != prefix:
            name = name[len(prefix) :]
    return name


_SHORT = {"handles": 0x4, "handle": 0x4, "full": 0x2, "memory": 0x2, "threads": 0x1000, "tokens": 0x40000, "token": 0x40000, "regions": 0x800, "peb": 0x100}


def _one_flag(word: str) -> int:
    wanted = _plain(word)
    if wanted in _SHORT:
        return _SHORT[wanted]
    names = {_plain(row.name): bit for bit, row in MINIDUMP_TYPE_BITS.items()}
    if wanted in names:
        return names[wanted]
    near = [bit for name, bit in names.items() if name.startswith(wanted) and len(wanted) >= 4]
    if len(near) == 1:
        return near[0]
    if word[:1].isdigit() or all(char in "0123456789abcdefABCDEF" for char in word):
        return number(word, "set of flags")
    from difflib import get_close_matches

    close = get_close_matches(wanted, names, 3, 0.5)
    hint = f"did you mean {', '.join(MINIDUMP_TYPE_BITS[names[name]].name for name in close)}?" if close else "give a number such as 0x1105, or C names"
    raise UsageError(f"{word!r} is not a flag of MINIDUMP_TYPE", hint)


@command(
    "flags",
    summary="decode a MINIDUMP_TYPE value, or build one from names: what each bit asks for and costs",
    category="failure",
    arguments=[arg("value", metavar="VALUE|NAMES", help="a number (0x1105), names (handles,threadinfo), or .dump options (/mhtu)", completes="flag")],
    examples=[
        ("flags 0x1105", "what the article's dump was asked for"),
        ("flags handles,threadinfo,fullmemoryinfo", "the value for these"),
        ("flags /mFhut", "what .dump /mFhut asks for"),
        ("flags /f", "what .dump /f writes instead"),
    ],
    description="Needs no dump. With one, each bit is compared with what the dump really has.",
    dump=DUMP_OPTIONAL,
)
def flags(session: Session, args: Any) -> Iterator[Block]:
    """A value of MINIDUMP_TYPE, explained."""
    if FULL in _dump_words(args.value):
        yield from _full_user_dump()
        return
    value = flags_value(args.value)
    if value >= 1 << 64:
        raise UsageError("flags have 64 bits")
    header, reasons = normalise(value)
    options, rest = letters(value)
    dump_line = f".dump /m{options}" + (f" (and 0x{rest:x}, which has no option)" if rest else "")
    process, _ = rights(value)
    yield Fields(
        "value",
        [
            Item("flags", "flags", value, "mask"),
            Item("names", "names", MINIDUMP_TYPE.labels(value), "words"),
            Item("header", "in the header", header, "mask", note="; ".join(reasons) if reasons else "stored as it is"),
            Item("dump", "debugger", dump_line, "text", note="adds 0x40000 of its own"),
            Item("rights", "rights", list(process), "words"),
        ],
    )
    delivered = {}
    if session.has_dump:
        from ..diagnosis.facts import Facts
        from ..diagnosis.promises import promises

        delivered = {item.bit: item for item in promises(Facts(session.dump.source, session.dump))}
    rows: List[Tuple[Any, ...]] = []
    for bit in [bit for bit in MINIDUMP_TYPE_BITS if bit and value & bit]:
        row = MINIDUMP_TYPE_BITS[bit]
        found = delivered.get(bit)
        rows.append((bit, row.name, found.delivered if found else None, row.letter, list(row.commands), row.cost, list(row.absent), row.asks))
    columns = [
        Column("bit", "bit", "mask"),
        Column("name", "name", "type"),
        Column("delivered", "there", "text", hidden=not session.has_dump),
        Column("letter", "/m", "text"),
        Column("commands", "for", "words", hidden=True),
        Column("cost", "costs", "text", hidden=True),
        Column("absent", "may be missing because", "words", hidden=True),
        Column("asks", "asks for", "text"),
    ]
    details = {row[0]: row for row in rows}

    def detail(row: Any) -> Iterator[str]:
        _, _, _, _, commands, cost, absent, _ = details[row[0]]
        if commands:
            yield "        for " + ", ".join(commands)
        if cost:
            yield "        costs " + cost
        for reason in absent:
            yield "        may be missing: " + reason

    yield Table("bits", columns, rows, title="bits", detail=detail)
    for reason in refused(value):
        yield Note(reason, "warning")
    writers = writers_of(value)
    if writers:
        yield Table(
            "writers",
            [Column("writer", "known for this value", "name"), Column("evidence", "known by"), Column("note", "note")],
            [(item.writer, item.evidence, item.note) for item in writers],
        )


def _full_user_dump() -> Iterator[Block]:
    """``.dump /f``, which writes no minidump (observed: dbgeng 10.0.15063)."""
    yield Fields(
        "value",
        [
            Item("flags", "flags", Absent(NOT_APPLICABLE, "a full user dump has no MINIDUMP_TYPE"), "mask"),
            Item("dump", "debugger", ".dump /f", "text", note="user full dump: signature USERDUMP or USERDU64, not MDMP"),
        ],
    )
    yield Note(
        "it is the format before minidumps: memory, threads and modules; no handles, thread times, memory regions, tokens or comments. "
        "The debugger writes it from a live process only.",
        "warning",
    )
    yield Note("`.dump /ma` asks for all memory in a minidump, with handles, thread times and regions: `flags /ma`", "hint")


@command(
    "plan",
    summary="the smallest set of flags with which given debugger commands will work, for every tool",
    category="failure",
    arguments=[arg("commands", nargs="+", metavar="COMMAND", help="debugger commands that are to work, such as '!handle' '!runaway'", completes="debugger")],
    examples=[("plan '!handle'", "what !handle needs"), ("plan '!handle' '!runaway' '!peb'", "flags, rights and lines for three commands")],
    dump=DUMP_NONE,
)
def plan(session: Session, args: Any) -> Iterator[Block]:
    """How to write a dump on which commands will work."""
    for name in args.commands:
        if not canonical(name):
            from difflib import get_close_matches

            close = get_close_matches(name, NEEDS, 3, 0.4)
            raise UsageError(
                f"nothing is known of the debugger command {name!r}", f"did you mean {', '.join(close)}?" if close else "known are: " + " ".join(NEEDS)
            )
    made = make_plan(args.commands)
    yield Fields(
        "",
        [
            Item("planned", "for", list(made.commands), "words"),
            Item("flags", "flags", made.flags, "mask", note=" | ".join(MINIDUMP_TYPE.labels(made.flags)), link="flags {}"),
            Item("header", "in the header", made.header, "mask", note="what the file will show" if made.header != made.flags else ""),
            Item("process_rights", "process rights", list(made.process_rights), "words"),
            Item("thread_rights", "thread rights", list(made.thread_rights), "words"),
            Item("exception", "exception", made.exception, "bool", text="must be passed to the writer" if made.exception else "not needed"),
            Item("reasons", "because", list(made.reasons), "words", text="; ".join(made.reasons)),
        ],
    )
    for recipe in made.recipes:
        yield Lines("", [*("  " + line for line in recipe.line.split("\n"))], title=recipe.tool + (f": {recipe.note}" if recipe.note else ""))
    columns = [Column("tool", "tool", hidden=True), Column("line", "line", hidden=True), Column("note", "note", hidden=True)]
    yield Table("recipes", columns, [tuple(recipe) for recipe in made.recipes])
    if made.limits:
        yield Table("limits", [Column("limit", "what no flag gives")], [(limit,) for limit in made.limits])

"""``evaluate`` (``?``) and ``switch``: expressions, and the thread that their registers belong to."""

from __future__ import annotations

from typing import Any, Iterator

from ..dump.absence import NOT_THERE, Absent
from ..errors import NotInDump
from ..session.expression import evaluate
from ..session.missing import missing
from ..session.registry import arg, command
from ..session.session import Session, usage_of
from ..session.threads import find_thread
from ..view.blocks import Block, Data, Fields, Item, Lines
from ..view.kinds import address_kind, address_text


@command(
    "evaluate",
    summary="the value of an expression, as the debugger's ? shows it, and what it is as an address",
    category="memory",
    arguments=[
        arg("expression", nargs="+", metavar="EXPRESSION", help="hexadecimal unless 0n10 says otherwise; @registers, modules, poi()", completes="address")
    ],
    examples=[
        ("evaluate 0n2227248", "a decimal number in hexadecimal"),
        ("evaluate '@rsp+8'", "an address"),
        ("evaluate 'poi(@$peb+10)'", "a pointer in memory"),
    ],
    aliases=["?"],
    spellings=["?", ".formats"],
    debugger=False,
)
def evaluate_command(session: Session, args: Any) -> Iterator[Block]:
    """The value of an expression."""
    text = " ".join(args.expression)
    try:
        value = evaluate(session, text)
    except NotInDump as error:
        yield from missing(session, "value", Absent(NOT_THERE, f"{text}: {error.message}"))
        return
    width = session.dump.pointer_size
    signed = value - (1 << 64) if value >> 63 else value
    yield Data("value", f"0x{value:x}")
    yield Data("signed", signed)
    yield Lines("", [f"Evaluate expression: {signed} = {address_text(value, width)}"])
    words = usage_of(session).at(value).words
    yield Data("use", words or None)
    if words:
        yield Fields("", [Item("", "is", words, "symbol", link="")])


@command(
    "switch",
    summary="select the current thread, as ~3s does: @registers, @$teb and k then refer to it",
    category="threads",
    arguments=[arg("thread", metavar="THREAD", help="its index (decimal), or its id (0x4554, tid:4554)", completes="tid")],
    examples=[("switch 2", "the third thread, as ~2s"), ("switch 0x4554", "by thread id")],
    spellings=["~3s", "~~[4554]s"],
    debugger=False,
)
def switch(session: Session, args: Any) -> Iterator[Block]:
    """Choose the current thread; lasts as long as the session."""
    dump = session.dump
    found, _ = find_thread(session, args.thread)
    if found is None:
        yield from missing(session, "thread", Absent(NOT_THERE, f"there is no thread {args.thread} among the {len(dump.threads)} of this dump"))
        return
    session.memo["thread"] = found.index
    name = dump.thread_names.get(found.tid)
    kind = address_kind(dump.pointer_size)
    yield Fields(
        "thread",
        [
            Item("index", "Thread", found.index, "int", note=name, link="threads {}"),
            Item("tid", "Id", found.tid, "id"),
            Item("teb", "Teb", found.teb, kind, link="read {}"),
        ],
        title="the current thread is now",
    )

"""``bugcheck``: the stop code of a kernel dump, or one that was read off a blue screen."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Iterator, Tuple

from ..diagnosis.bugchecks.culprit import Meant, culprit
from ..diagnosis.bugchecks.parameters import values_in_words
from ..dump.kernel.kerneldump import Driver, KernelDump
from ..errors import UsageError
from ..format.codes.bugcheck import bug_check, explained, plain_code, value_words
from ..format.codes.bugcodes import BUG_CHECK_NAMES, page_of
from ..format.codes.bugvalues import VALUES
from ..format.counted import counted
from ..format.kernel import FILL
from ..session.parsing import number
from ..session.registry import DUMP_FIRST, arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Fields, Item, Note, Table
from .kernel.hardware import hardware_blocks

if TYPE_CHECKING:
    from ..view.blocks import Block

_LISTED = 40
"""Kinds of parameter 1 that the text lists when a code is given alone."""


def bugcheck_blocks(code: int, parameters: Tuple[int, ...], dump: Any) -> Iterator[Block]:
    """A bug check explained; ``dump`` is a KernelDump or None."""
    check = bug_check(code)
    plain = plain_code(code)
    kind = value_words(code, 1, parameters[0]) if parameters else ""
    items = [
        Item("code", "bug check", code, "hex", text=f"0x{code:08x}", note=check.name or "not in the reference"),
        Item("name", "", check.name or None, hidden=True),
        Item("plain_code", "", f"0x{plain:x}", hidden=True),
        Item("meaning", "meaning", check.meaning),
        Item("kind", "kind", kind or None, hidden=not kind),
        Item("page", "reference", page_of(plain) or None, hidden=not check.name),
    ]
    yield Fields("bugcheck", items, title="what stopped the machine")
    explanation = explained(code, parameters[0] if parameters else None)
    words = values_in_words(dump, code, [parameter.kind for parameter in explanation], parameters)
    rows = []
    for index, parameter in enumerate(explanation):
        held = index < len(parameters)
        rows.append((index + 1, f"0x{parameters[index]:x}" if held else "", words[index] if held else "", parameter.meaning))
    columns = [Column("index", "parameter", "int"), Column("value", "value"), Column("is", "is"), Column("meaning", "meaning", role="dim")]
    yield Table("parameters", columns, rows)
    if not parameters:
        yield from _kinds(plain)
    if isinstance(dump, KernelDump) and code == dump.code and code:
        yield from hardware_blocks(dump)
        yield from _driver(culprit(dump))
    if check.step:
        yield Note(f"Next step: {check.step}.", "hint")


def _kinds(plain: int) -> Iterator[Block]:
    """The values of parameter 1 that the reference lists; the text shows the first of them."""
    kinds = VALUES.get((plain, 1), {})
    yield Data("kinds", [{"value": f"0x{value:x}", "meaning": kind.meaning} for value, kind in kinds.items()])
    if kinds:
        columns = [Column("", "value"), Column("", "meaning")]
        shown = [(f"0x{value:x}", kind.meaning) for value, kind in islice(kinds.items(), _LISTED)]
        yield Table("", columns, shown, title="what parameter 1 may be")
        more = len(kinds) - len(shown)
        if more:
            yield Note(f"{counted(more, 'more value')} in the JSON; give the four parameters after the code to have yours explained.", "hint")


def _driver(meant: Meant) -> Iterator[Block]:
    """The driver that is meant, why, and how sure that is."""
    if not meant.name:
        yield Data("driver", None)
        yield Note(f"No driver is named: {meant.why}.")
        return
    path = meant.driver.path if isinstance(meant.driver, Driver) else None
    yield Data("driver", {"name": meant.name, "path": path, "why": meant.why, "certainty": meant.sure, "others": meant.others})
    yield Note(f"The driver most likely meant is {meant.shown} ({meant.sure}): {meant.why}.")
    if meant.others:
        yield Note(f"Other drivers on the stack: {', '.join(meant.others[:8])}{' …' if len(meant.others) > 8 else ''}.", "hint")


def account(dump: KernelDump) -> Iterator[Block]:
    """What stopped the machine, or that nothing is known to have."""
    if dump.code:
        yield from bugcheck_blocks(dump.code, dump.parameters, dump)
    else:
        yield Data("bugcheck", None)
        filled = dump.header["BugCheckCode"] == FILL
        if filled:
            yield Note("The header names no bug check: the field still has its filling, the text PAGE.")
            yield Note("The writer did not set it, so what stopped the machine is not known.")
            yield Note("Next step: `bytes header` shows what the writer did set; fetch the file again if it came over a network.", "hint")
            return
        yield Note("The header names no bug check (code 0): the dump was taken without one, by a debugger or a tool.")
        yield Note("Next step: `stack` shows what ran when it was taken, `modules` the drivers; a dump that a blue screen left names a code.", "hint")


def number_of(text: str) -> int:
    """A code as people write it: 0x7e, 7e, 0000007E, or a name. Raises UsageError."""
    for code, name in BUG_CHECK_NAMES.items():
        if name == text.upper():
            return code
    return number(text, "bug check")


@command(
    "bugcheck",
    summary="the stop code of a kernel dump with its parameters explained, or a code alone",
    category="failure",
    arguments=[
        arg("code", nargs="?", metavar="CODE", help="a code or name; without one, that of the dump"),
        arg("parameters", nargs="*", metavar="PARAMETER", help="the four numbers after it on the blue screen"),
    ],
    examples=[("bugcheck 0x133", "a code alone"), ("bugcheck 0xd1 28 2 0 fffff80312345678", "with its parameters")],
    spellings=[".bugcheck"],
    dump=DUMP_FIRST,
    description="With a kernel dump, explains its code. Addresses are resolved to driver+offset. The most likely driver is named with the evidence.",
)
def bugcheck(session: Session, args: Any) -> Iterator[Block]:
    """A bug check explained."""
    kernel = session.kernel
    if args.code is None:
        if kernel is None:
            if session.has_dump:
                session.not_in_dump()
                yield Data("bugcheck", None)
                yield Note("This is a dump of a process: nothing stopped the machine. `exception` says what stopped the process.", "warning")
                return
            raise UsageError("bugcheck needs a code, or a kernel dump", "dumpscope bugcheck 0x133")
        yield from account(kernel)
        return
    code = number_of(args.code)
    yield from bugcheck_blocks(code, tuple(number_of(word) for word in args.parameters[:4]), kernel)

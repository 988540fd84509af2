"""``bugcheck``: the stop code of a kernel dump, or one that was read off a blue screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Tuple

from ..dump.absence import Absent
from ..dump.kernel.kerneldump import KernelDump, UnloadedDriver
from ..errors import UsageError
from ..format.codes import code_name, ntstatus_name
from ..format.codes.bugcheck import ACCESS, ADDRESS, CODE, IRQL, STATUS, bug_check, plain_code
from ..format.codes.bugcodes import BUG_CHECK_NAMES
from ..format.codes.bugkinds import KINDS
from ..format.kernel import FILL
from ..session.parsing import number
from ..session.registry import DUMP_FIRST, arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Fields, Item, Note, Table

if TYPE_CHECKING:
    from ..view.blocks import Block

_ACCESS = {0: "read", 1: "write", 2: "execute", 8: "execute", 0x10: "execute"}
_IRQLS = {0: "PASSIVE_LEVEL", 1: "APC_LEVEL", 2: "DISPATCH_LEVEL", 0xFF: "interrupts were off"}


def parameter_words(dump: Any, kind: str, value: int) -> str:
    """What a parameter's value is in words: a name, driver+offset, an IRQL. Empty where nothing is known."""
    if kind == STATUS:
        low = value & 0xFFFFFFFF
        return ntstatus_name(low) or code_name(low)
    if kind == ACCESS:
        return _ACCESS.get(value, "")
    if kind == IRQL:
        return _IRQLS.get(value & 0xFF, f"IRQL {value}" if value < 32 else "")
    if isinstance(dump, KernelDump):
        symbol = dump.symbol(value) or dump.unloaded_symbol(value)
        if symbol:
            return symbol
        if kind in (ADDRESS, CODE) and value < 0x1000:
            return "near null"
    elif kind == ADDRESS and value < 0x1000:
        return "near null"
    return ""


def culprit(dump: KernelDump) -> Tuple[Any, str, str]:
    """The driver most likely meant, why, and how sure that is: the driver of the failing instruction, else the first on the stack that is
    neither the kernel nor hal. (None, reason, "") where nothing points to one."""
    check = bug_check(dump.code)
    for index, (parameter, value) in enumerate(zip(check.parameters, dump.parameters)):
        if parameter.kind == CODE:
            driver = dump.driver_at(value)
            if driver is not None and driver.index:
                return driver, f"parameter {index + 1} is an instruction in it: {dump.symbol(value)}", "likely"
        gone = dump.unloaded_at(value) if parameter.kind in (CODE, ADDRESS) else None
        if gone is not None:
            return gone, f"parameter {index + 1} lies where it was before it was unloaded: {dump.unloaded_symbol(value)}", "likely"
    triage = dump.triage
    if not isinstance(triage, Absent):
        step = dump.pointer_size
        data = dump.source.some(triage["CallStackOffset"], min(triage["SizeOfCallStack"], 1 << 16))
        for at in range(0, len(data) - step + 1, step):
            value = int.from_bytes(data[at : at + step], "little")
            driver = dump.driver_at(value)
            if driver is not None and driver.index and dump.names[driver.base] not in ("hal", "kdcom", "kd"):
                where = f"{dump.symbol(value)} is on the stack at 0x{triage['TopOfStack'] + at:x} (found by a scan)"
                return driver, where, "a guess"
    return None, "no address of a driver stands in the parameters or on the stack", ""


def bugcheck_blocks(code: int, parameters: Tuple[int, ...], dump: Any) -> Iterator[Block]:
    """A bug check explained; ``dump`` is a KernelDump or None."""
    check = bug_check(code)
    plain = plain_code(code)
    items = [
        Item("code", "bug check", code, "hex", text=f"0x{code:08x}", note=check.name or "not in the reference"),
        Item("name", "", check.name or None, hidden=True),
        Item("plain_code", "", f"0x{plain:x}", hidden=True),
        Item("meaning", "meaning", check.meaning),
    ]
    yield Fields("bugcheck", items, title="what stopped the machine")
    rows = []
    for index, parameter in enumerate(check.parameters):
        value = parameters[index] if index < len(parameters) else None
        text = f"0x{value:x}" if value is not None else ""
        words = "" if value is None else KINDS.get((plain, index + 1), {}).get(value) or parameter_words(dump, parameter.kind, value)
        rows.append((index + 1, text, words, parameter.meaning))
    columns = [Column("index", "parameter", "int"), Column("value", "value"), Column("is", "is"), Column("meaning", "meaning", role="dim")]
    yield Table("parameters", columns, rows)
    if isinstance(dump, KernelDump) and code:
        driver, why, sure = culprit(dump)
        if driver is None:
            yield Data("driver", None)
            yield Note(f"No driver is named: {why}.")
        elif isinstance(driver, UnloadedDriver):
            yield Data("driver", {"name": driver.name, "path": None, "why": why, "certainty": sure})
            yield Note(f"The driver most likely meant is {driver.name} ({sure}): {why}.")
        else:
            yield Data("driver", {"name": dump.names[driver.base], "path": driver.path, "why": why, "certainty": sure})
            yield Note(f"The driver most likely meant is {driver.file_name} ({sure}): {why}.")
    if check.step:
        yield Note(f"Next step: {check.step}.", "hint")


def account(dump: KernelDump) -> Iterator[Block]:
    """What stopped the machine, or that nothing is known to have."""
    if dump.code:
        yield from bugcheck_blocks(dump.code, dump.parameters, dump)
    else:
        yield Data("bugcheck", None)
        filled = dump.header["BugCheckCode"] == FILL
        why = "its filling, the text PAGE, stands there" if filled else "code 0"
        yield Note(f"The header names no bug check ({why}): the dump was taken without one, by a debugger or a tool.")


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
        arg("parameters", nargs="*", metavar="PARAMETER", help="the four numbers behind it on the blue screen"),
    ],
    examples=[("bugcheck 0x133", "a code alone"), ("bugcheck 0xd1 28 2 0 fffff80312345678", "with its parameters")],
    spellings=[".bugcheck"],
    dump=DUMP_FIRST,
    description="With a kernel dump, its own code; addresses are resolved to driver+offset, and the driver most likely meant is named with the evidence.",
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

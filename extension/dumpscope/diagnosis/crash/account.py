"""The account of a crash: everything that the dump says about what happened, put in order."""

from __future__ import annotations

from typing import Iterator, Optional

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...dump.streams.comments import comment_streams
from ...dump.streams.exception import ExceptionInfo
from ...format.codes import describe_code
from ...format.codes.foreign import foreign_code
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.faults import ACCESSED, SENDER
from ..evidence import Proof
from ..facts import Facts
from .comments import snapshot_of
from .cpp import CPP, MAGIC
from .event import event_of, parameter_proof
from .places import address_text, caller_of, exception_stack, in_no_module, is_system, narrow, not_in_thread_list, place_of
from .product import products
from .remarks import remarks
from .statement import CAUSE, CERTAIN, GUESS, LIKELY, NOT_CRASHED, NOTE, THREAD, UNDECIDED, WHERE, Account, Event, Statement
from .stowed import stowed_exceptions
from .words import own_words

_ADDRESS = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionAddress")
_ABORTS = (("mysql", "MySQL or MariaDB"), ("maria", "MariaDB"), ("ndb", "MySQL Cluster"))
"""How the names of programs begin that share my_thr_init.c."""
SHOWN_FRAMES = 6
GWP_ASAN = 0x4B6B0004
"""kGwpAsanMinidumpStreamType: written only where the address of the exception is one that GWP-ASan guards."""


def account_of(facts: Facts) -> Optional[Account]:
    """What is known of the crash; None where the file is no readable minidump, or its directory cannot be read and nothing was found."""
    if facts.opened is None or (facts.directory_unreadable and not facts.has_exception):
        return None
    event = event_of(facts)
    return Account(event, tuple(_statements(facts, event)))


def _statements(facts: Facts, event: Event) -> Iterator[Statement]:
    dump = facts.dump
    found = dump.exception
    if not isinstance(found, Absent):
        if found.address or event.kind not in NOT_CRASHED + UNDECIDED:
            yield from _where(facts, found)
        yield _thread(dump, found)
    else:
        yield from _asked_by(dump)
    # Where BaseRva is wrong, what is read as memory is something else.
    readable = facts.right_base is None
    if readable:
        yield from own_words(facts)
    if not isinstance(found, Absent):
        yield from _causes(facts, found, event)
        if readable:
            yield from _stowed(dump, found)
    if readable:
        yield from remarks(facts)
    yield from products(facts)
    yield from _comment(dump)


# -- where -------------------------------------------------------------------------------------------------------------------


def _where(facts: Facts, found: ExceptionInfo) -> Iterator[Statement]:
    """Whose code it was: the module of the instruction, and the caller where that only raises exceptions for others."""
    dump = facts.dump
    fault = None if isinstance(dump.fault, Absent) else dump.fault
    address = narrow(dump, found.address)
    proof = Proof("ExceptionRecord.ExceptionAddress", address_text(dump, address), found.offset + _ADDRESS)
    if fault is not None and fault.address_is in (ACCESSED, SENDER):  # the record has no instruction; its registers have
        registers = dump.registers(found)
        if isinstance(registers, Absent):
            return
        address = registers.ip
        proof = Proof("instruction pointer of the exception", address_text(dump, address), found.context_rva)
    place = place_of(dump, address)
    if not address and place.module is None:
        yield Statement(WHERE, "at address 0", CERTAIN, (proof,))
    else:
        yield Statement(WHERE, place.words or f"{address_text(dump, address)}, {in_no_module(dump)}", CERTAIN, (proof,))
    if found.code == CPP and len(found.parameters) > 2 and found.parameters[0] in MAGIC:
        thrower = dump.modules.at(narrow(dump, found.parameters[2]))
        if thrower is not None:
            evidence = (parameter_proof(found, 2),)
            yield Statement(WHERE, f"thrown by {thrower.file_name}", CERTAIN, evidence, "its ThrowInfo lies in that module")
    if facts.right_base is not None:
        return  # no stack can be read
    if place.module is None:
        yield from _jumped_from(facts, found)
    elif is_system(place.module) and found.code not in (0xE0434352, 0xE0434F4D):
        yield from _called_from(facts, found)  # what calls RaiseException for .NET is its runtime; the code that threw lies in no module


def _jumped_from(facts: Facts, found: ExceptionInfo) -> Iterator[Statement]:
    """Whose call led to where no module is: the return address on top of the stack, else the nearest code."""
    dump = facts.dump
    start, size = exception_stack(dump, found)
    width = dump.pointer_size
    value = int.from_bytes(dump.memory.some(start, width), "little") if size >= width else 0
    module = dump.modules.at(value)
    if module is None or value - module.base < 0x1000:
        yield from _called_from(facts, found)
        return
    place = dump.memory.locate(start)
    evidence = (Proof(f"stack at {address_text(dump, start)}", address_text(dump, value), place[0] if place else None),)
    yield Statement(WHERE, f"called from {dump.modules.symbol(value)}", LIKELY, evidence, "the return address on top of the stack")


def _called_from(facts: Facts, found: ExceptionInfo) -> Iterator[Statement]:
    """The nearest code on the stack that is not the system's."""
    dump = facts.dump
    caller = caller_of(facts, found)
    if caller is not None:
        slot, value, module = caller
        where = dump.memory.locate(slot)
        evidence = (Proof(f"stack at {address_text(dump, slot)}", address_text(dump, value), where[0] if where else None),)
        text = f"called from {dump.modules.symbol(value)}"
        yield Statement(WHERE, text, GUESS, evidence, f"first address on the stack in code that is not the system's ({module.file_name})")


def _thread(dump: Minidump, found: ExceptionInfo) -> Statement:
    thread = dump.threads.find(found.thread_id)
    proof = Proof("ExceptionStream.ThreadId", f"0x{found.thread_id:x}", found.offset)
    if thread is None:
        return Statement(THREAD, f"{found.thread_id:x}, {not_in_thread_list(dump)}", CERTAIN, (proof,))
    name = dump.thread_names.get(thread.tid)
    return Statement(THREAD, f"{found.thread_id:x} (index {thread.index})" + (f" {name}" if name else ""), CERTAIN, (proof,))


def _asked_by(dump: Minidump) -> Iterator[Statement]:
    """The thread that asked Breakpad for a dump without an exception."""
    info = dump.breakpad.info if dump.breakpad else None
    if info is not None and not isinstance(info, Absent) and isinstance(info.requesting_thread_id, int):
        thread = dump.threads.find(info.requesting_thread_id)
        index = f" (index {thread.index})" if thread is not None else f", {not_in_thread_list(dump)}"
        proof = Proof("MDRawBreakpadInfo.requesting_thread_id", f"0x{info.requesting_thread_id:x}", info.offset + 8)
        yield Statement(THREAD, f"{info.requesting_thread_id:x}{index} asked for the dump", CERTAIN, (proof,), "Breakpad")


# -- why ---------------------------------------------------------------------------------------------------------------------


def _causes(facts: Facts, found: ExceptionInfo, event: Event) -> Iterator[Statement]:
    """What a code means in the program that raised it."""
    dump = facts.dump
    if not isinstance(dump.fault, Absent):
        return
    foreign = foreign_code(found.code)
    if foreign is not None:
        yield Statement(
            CAUSE, f"{found.code:08x} is {foreign.symbol} of {foreign.owner}", CERTAIN if found.code > 0xFFFF else LIKELY, event.evidence[:1], foreign.source
        )
    report = dump.stream(GWP_ASAN)
    if report is not None:
        words = "GWP-ASan of Chromium knows the address: a block of memory was used after it was freed, or beyond its end (its report is in the stream)"
        yield Statement(CAUSE, words, CERTAIN, (Proof("stream kGwpAsanMinidumpStreamType", f"size 0x{report.size:x}", report.offset),))
    if found.code == 0x80000003 and len(dump.modules):
        program = dump.modules[0].file_name.lower()
        server = next((name for begin, name in _ABORTS if program.startswith(begin)), None)
        place = place_of(dump, narrow(dump, found.address))
        if server is not None and place.module is not None and place.module.file_name.lower() != "ntdll.dll":
            words = f"abort() of {server}, whose handler of SIGABRT stops with int 3: a failed assertion, or damaged data; the words are in its error log"
            yield Statement(CAUSE, words, LIKELY, event.evidence, "mysys/my_thr_init.c or sql/mysqld.cc: my_sigabrt_handler")


def _stowed(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    for number, item in enumerate(stowed_exceptions(dump, found)):
        if isinstance(item, Absent):
            yield Statement(CAUSE, f"stowed exception {number}: {item.message}", CERTAIN)
            continue
        symbol = next((meaning.symbol for meaning in describe_code(item.hresult) if meaning.kind.startswith("HRESULT")), "")
        words = f"stowed exception {number}: HRESULT {item.hresult:08x}" + (f" {symbol}" if symbol else "")
        words += f", thread {item.thread_id:x}" if item.thread_id else ", of another process"
        if item.text:
            words += f": {item.text}"
        if item.frames:
            shown = [dump.modules.symbol(frame) or address_text(dump, frame) for frame in item.frames[:SHOWN_FRAMES]]
            more = f" and {len(item.frames) - SHOWN_FRAMES} more" if len(item.frames) > SHOWN_FRAMES else ""
            words += f", return addresses {', '.join(shown)}{more}"
        evidence = (Proof(f"stowed exception at {address_text(dump, item.address)}", f"version {item.version}", item.offset),)
        yield Statement(CAUSE, words, CERTAIN, evidence, private=bool(item.text))


def _comment(dump: Minidump) -> Iterator[Statement]:
    """The comment of the writer or its user, and what an option in it says."""
    for item in comment_streams(dump):
        text = " ".join(item.text.split())
        if text:
            yield Statement(NOTE, f"comment: {text[:300]}", CERTAIN, (Proof("comment", text[:200], item.offset),), private=True)
    snapshot = snapshot_of(dump)
    if snapshot is not None:
        proof, option = snapshot
        yield Statement(
            NOTE,
            f"procdump {option}: the dump is of a snapshot (PSS) of the process, not of the process itself",
            CERTAIN,
            (Proof(proof.what, option, proof.offset),),
        )

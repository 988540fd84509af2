"""``exception``: the exception that the dump was written for, as ``.exr -1`` and ``.ecxr`` show it, explained."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

from ..diagnosis.breaks import WAKE_DEBUGGER, breakpoint_of
from ..diagnosis.crash.places import in_no_module
from ..diagnosis.engine.answers import EFFECTIVE_X86
from ..diagnosis.engine.view import EngineView
from ..diagnosis.rules.rule import PROVEN
from ..dump.absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, NOT_THERE, Absent
from ..dump.contexts import Registers
from ..dump.directory import Stream
from ..dump.minidump import Minidump
from ..dump.streams.exception import MAX_PARAMETERS, ExceptionInfo, read_exception
from ..format.codes.exceptions import describe_parameters
from ..format.exception import EXCEPTION_FLAGS, EXCEPTION_RECORD32, EXCEPTION_RECORD64
from ..format.faults import ACCESSED, SENDER, UNKNOWN, Fault
from ..format.streams import ExceptionStream
from ..session.account import account_remarks
from ..session.missing import facts_of, missing
from ..session.registry import command
from ..session.session import Session, usage_of
from ..session.stack_words import near_guard, one_bit_off, top_frames
from ..view.blocks import Block, Data, Fields, Item, Lines, Note
from ..view.kinds import address_kind, address_text
from ..wording.codes import exception_words, hresult_words, status_words
from ..wording.registers import register_lines, register_values
from .threads import wow64_blocks

MAX_NESTED = 16
"""Records of a chain that are followed."""

ACCESS_VIOLATION = 0xC0000005
IN_PAGE_ERROR = 0xC0000006
STACK_OVERFLOW = 0xC00000FD
GUARD_PAGE = 0x80000001
ACCESSES = (ACCESS_VIOLATION, IN_PAGE_ERROR, STACK_OVERFLOW, GUARD_PAGE)
"""Codes whose first two parameters are the kind of access and the address."""
CPP = 0xE06D7363
_CPP_MAGIC = (0x19930520, 0x19930521, 0x19930522, 0x01994000)
CLR = (0xE0434352, 0xE0434F4D)


class _Record(NamedTuple):
    """An exception record of the stream or of the process's memory."""

    code: int
    flags: int
    record: int
    address: int
    claimed: int
    parameters: Tuple[int, ...]


def fault_of(dump: Minidump) -> Optional[Fault]:
    """The exception as another system than Windows means it; None where its code is one of Windows."""
    return None if isinstance(dump.fault, Absent) else dump.fault


def parameter_words(dump: Minidump, code: int, parameters: Tuple[int, ...]) -> List[str]:
    """What each parameter means, as far as it is known for this code; where it is an address in a module, which one."""
    words = describe_parameters(code, parameters)
    if code == CPP and parameters and parameters[0] not in _CPP_MAGIC:
        words[0] = "not the mark of a C++ exception"
    elif code in CLR and parameters:
        name = hresult_words(parameters[0] & 0xFFFFFFFF)
        words[0] = f"HRESULT of the .NET exception{f': {name}' if name else ''}"
    for at, value in enumerate(parameters):
        symbol = dump.symbol(_narrow(dump, value)) if value > 0xFFFF and not (at == 0 and code in CLR) else ""
        if symbol:
            words[at] = f"{words[at]}: {symbol}" if words[at] else symbol
    return words


def _narrow(dump: Minidump, value: int) -> int:
    """A member of a record as the dump's machine has it: writers extend the 32-bit ones by their sign."""
    return value & 0xFFFFFFFF if dump.pointer_size == 4 else value


def _shows_32_bits(dump: Minidump) -> bool:
    """Whether the debugger shows records with 32 bits: a 32-bit dump, or one whose session begins on the 32-bit side of its process."""
    if dump.pointer_size == 4:
        return True
    found = dump.exception
    thread = None if isinstance(found, Absent) else dump.threads.find(found.thread_id)
    registers = Absent(NOT_THERE, "no thread") if thread is None else dump.registers(thread)
    return not isinstance(registers, Absent) and registers.runs_32_bit and EngineView(dump.source).effective_x86


def _digits(dump: Minidump, values: Tuple[int, ...]) -> List[str]:
    """Members of a record as the debugger shows them."""
    return [f"{value & 0xFFFFFFFF:08x}" for value in values] if _shows_32_bits(dump) else [f"{value:016x}" for value in values]


def summary_line(dump: Minidump, code: int, parameters: Tuple[int, ...]) -> str:
    """The debugger's last line, such as ``Attempt to write to address 0000000000000000``; an empty string without one.

    Of the kind of access only the bits of 9 count (observed: dbgeng 10.0.15063).
    """
    shown = _digits(dump, parameters)
    if code == IN_PAGE_ERROR and len(parameters) > 2:
        return f"Inpage operation failed at {shown[1]}, due to I/O error {shown[2]}"
    if code != ACCESS_VIOLATION or len(parameters) < 2:
        return ""
    kind = {0: "read from", 1: "write to", 8: "execute non-executable"}.get(parameters[0] & 9, "unknown")
    return f"Attempt to {kind} address {shown[1]}"


def fault_summary(fault: Fault, code: int, flags: int) -> str:
    """What happened in one line, such as ``SIGSEGV SEGV_MAPERR: memory was used that may not be; nothing is mapped at the address``."""
    if fault.kind == UNKNOWN:
        return ""
    what = fault.label or f"0x{code:x}, a {fault.kind} without a name"
    words = "; ".join(text for text in (fault.meaning, fault.detail_meaning) if text)
    return f"{what}: {words}" if words else what


def record_lines(dump: Minidump, record: _Record, fault: Optional[Fault] = None) -> Iterator[str]:
    """A record in the form of ``.exr``; ``fault`` is what it means on another system than Windows."""
    shown, *parameters = _digits(dump, (record.address, *record.parameters))
    symbol = dump.symbol(_narrow(dump, record.address))
    yield f"ExceptionAddress: {shown}" + (f" ({symbol})" if symbol else "")
    name = exception_words(record.code) if fault is None else fault.name
    yield f"   ExceptionCode: {record.code:08x}" + (f" ({name})" if name else "")
    detail = "" if fault is None else fault.detail
    yield f"  ExceptionFlags: {record.flags:08x}" + (f" ({detail})" if detail else "")
    yield f"NumberParameters: {record.claimed}"
    words = parameter_words(dump, record.code, record.parameters) if fault is None else fault.parameters
    for at, value in enumerate(parameters):
        yield f"   Parameter[{at}]: {value}" + (f"  {words[at]}" if words[at] else "")
    last = summary_line(dump, record.code, record.parameters) if fault is None else fault_summary(fault, record.code, record.flags)
    if last:
        yield last


def nested_records(dump: Minidump, address: int) -> Iterator[Tuple[int, Union[_Record, Absent]]]:
    """The chain of records that begins at ``address`` in the process; ends where one is not captured or comes again."""
    wide = dump.pointer_size == 8
    structure = EXCEPTION_RECORD64 if wide else EXCEPTION_RECORD32
    seen: Set[int] = set()
    while address and address not in seen and len(seen) < MAX_NESTED:
        seen.add(address)
        data = dump.memory.some(address, structure.size)
        least = structure.offset_of("ExceptionInformation")
        if len(data) < least:
            yield address, Absent(NOT_CAPTURED, f"the record at 0x{address:x} is not in the dump")
            return
        values = structure.unpack(data.ljust(structure.size, b"\0"))
        if not values["ExceptionCode"]:
            yield address, Absent(DAMAGED, f"what is at 0x{address:x} is no exception record: its code is 0")
            return
        count = values["NumberParameters"]
        held = (len(data) - least) // (8 if wide else 4)
        parameters = values["ExceptionInformation"][: min(count, MAX_PARAMETERS, held)]
        record = _Record(values["ExceptionCode"], values["ExceptionFlags"], values["ExceptionRecord"], values["ExceptionAddress"], count, parameters)
        yield address, record
        address = record.record


def _json(dump: Minidump, record: _Record, fault: Optional[Fault] = None) -> Dict[str, Any]:
    if fault is not None:
        return _fault_json(dump, record, fault)
    words = parameter_words(dump, record.code, record.parameters)
    return {
        "kind": "Windows exception",
        "code": f"0x{record.code:x}",
        "code_name": exception_words(record.code) or None,
        "flags": f"0x{record.flags:x}",
        "flag_names": EXCEPTION_FLAGS.labels(record.flags) if record.flags else [],
        "address": f"0x{record.address:x}",
        "symbol": dump.symbol(_narrow(dump, record.address)) or None,
        "module_file": dump.modules.file_at(_narrow(dump, record.address)) or None,
        "record": f"0x{record.record:x}",
        "parameter_count": record.claimed,
        "parameters": [{"value": f"0x{value:x}", "meaning": words[at] or None} for at, value in enumerate(record.parameters)],
        "summary": summary_line(dump, record.code, record.parameters) or None,
    }


def _fault_json(dump: Minidump, record: _Record, fault: Fault) -> Dict[str, Any]:
    """The members of :func:`_json` for another system, and what the code and the address are."""
    return {
        "kind": fault.kind,
        "code": f"0x{record.code:x}",
        "code_name": fault.name or None,
        "flags": f"0x{record.flags:x}",
        "flag_names": [fault.detail] if fault.detail else [],
        "address": f"0x{record.address:x}",
        "address_is": fault.address_is or None,
        "symbol": dump.symbol(_narrow(dump, record.address)) or None,
        "module_file": dump.modules.file_at(_narrow(dump, record.address)) or None,
        "record": f"0x{record.record:x}",
        "parameter_count": record.claimed,
        "parameters": [{"value": f"0x{value:x}", "meaning": fault.parameters[at] or None} for at, value in enumerate(record.parameters)],
        "summary": fault_summary(fault, record.code, record.flags) or None,
        "crashed": fault.crashed,
    }


@command(
    "exception",
    summary="the exception: its record explained, its thread, and the registers at that moment",
    category="failure",
    examples=[("exception", "as .exr -1 and .ecxr")],
    spellings=[".exr", ".ecxr", ".lastevent"],
)
def exception(session: Session, args: Any) -> Iterator[Block]:
    """The exception."""
    dump = session.dump
    found = dump.exception
    if isinstance(found, Absent):
        yield from missing(session, "exception", found, ".ecxr")
        if found.kind == NOT_THERE:
            yield Note("the debugger then makes one up: a breakpoint (80000003) at address 0", "hint")
        return
    record = _Record(found.code, found.flags, found.record, found.address, found.parameter_count, found.parameters)
    fault = fault_of(dump)
    stop = breakpoint_of(dump)
    data = _json(dump, record, fault)
    if stop is not None:
        data["debugger_break"] = stop.by_debugger
        data["debugger_break_confidence"] = stop.confidence
    if fault is not None:
        data["debugger"] = facts_of(session).engine.last_event.text or None
    data.update({"thread_id": found.thread_id, "offset": found.offset})
    chain = [] if not found.record or fault is not None else list(nested_records(dump, found.record))
    data["nested"] = [
        {"at": f"0x{at:x}", "reason": {"kind": item.kind, "message": item.message}} if isinstance(item, Absent) else {"at": f"0x{at:x}", **_json(dump, item)}
        for at, item in chain
    ]
    yield Data("exception", data)
    yield Lines("", record_lines(dump, record, fault))
    yield from _where(session, found, fault)
    if fault is not None:
        yield from _foreign(session, found, fault)
    elif stop is not None and found.code != WAKE_DEBUGGER:
        who = "a debugger broke in: nothing crashed" if stop.by_debugger else "the program ran an int 3 of its own: an abort, a failed assertion or DebugBreak"
        yield Note(f"{found.code:08x}: {who}" + ("" if stop.confidence == PROVEN else " (inferred)"), "hint")
    others = dump.streams.all(ExceptionStream)[1:]
    if others:
        yield Data("other_exceptions", [{"entry": stream.index, "code": _code_of(dump, stream), "offset": stream.rva} for stream in others])
        for stream in others[:8]:
            code = _code_of(dump, stream)
            yield Note(
                f"there is {'a second' if stream is others[0] else 'another'} ExceptionStream, directory entry {stream.index}, at 0x{stream.rva:x}"
                + (f": {code} ({exception_words(int(code, 16)) or 'no name is known'})" if code else ", whose code is not in the file")
                + "; the debugger uses the first",
                "warning",
            )
    if found.parameter_count > MAX_PARAMETERS:
        yield Note(f"NumberParameters says {found.parameter_count}; a record holds {MAX_PARAMETERS} at the most", "warning")
    if not found.complete:
        yield Note(f"ExceptionStream is cut: it has {found.held} of 168 bytes, the rest is taken as zeros", "warning")
    for at, item in chain:
        if isinstance(item, Absent):
            yield Note(f"nested record: {item.message}", "hint")
        else:
            yield Lines("", record_lines(dump, item), title=f"nested record at {address_text(at, dump.pointer_size)}")
    yield from account_remarks(session)
    yield from _registers(session, found)
    yield from top_frames(session, dump.threads.find(found.thread_id))


def _code_of(dump: Minidump, stream: Stream) -> Optional[str]:
    """ExceptionCode of another exception stream; None where the file does not hold it."""
    found = read_exception(dump.source, stream)
    return None if isinstance(found, Absent) else f"0x{found.code:08x}"


def _foreign(session: Session, found: ExceptionInfo, fault: Fault) -> Iterator[Block]:
    """What has to be known of an exception that is none of Windows."""
    system = session.dump.system
    name = "another system" if isinstance(system, Absent) else system.os_name.split(" 0.0.0")[0].split(" (")[0]
    what = "an exception of that system" if fault.kind == UNKNOWN else f"a {fault.kind}"
    seen = facts_of(session).engine.last_event.text
    says = f" and says: {seen}" if seen else ""
    yield Note(f"the process ran on {name}: this is {what}; the debugger takes it for a code of Windows{says}", "hint")
    if not fault.crashed:
        yield Note(f"{found.code:08x}: the program asked for a dump, or something else did; nothing crashed", "hint")


def _address_item(session: Session, found: ExceptionInfo, fault: Optional[Fault]) -> Item:
    """ExceptionAddress: an instruction on Windows, anything on other systems."""
    kind = address_kind(session.dump.pointer_size)
    if fault is not None and fault.address_is == SENDER:
        user = f" of user {found.address >> 32}" if session.dump.pointer_size == 8 else ""
        return Item("", "Sent by", found.address & 0xFFFFFFFF, "id", note=f"the process{user}: si_pid and si_uid, stored in the place of si_addr")
    if fault is not None and not fault.address_is and not found.address:
        return Item("", "Address", Absent(NOT_APPLICABLE, "none comes with this"))
    if fault is not None and fault.address_is == ACCESSED:
        return Item("", "Accessed", found.address, kind, note=_target_words(session, found.address), link="address {}")
    address = _narrow(session.dump, found.address)
    words = usage_of(session).at(address).words or session.dump.symbol(address)
    return Item("", "Address", address, kind, note=words or in_no_module(session.dump), link="address {}")


def _target_words(session: Session, target: int) -> str:
    """What lies at an address that was used and may not be."""
    words = usage_of(session).at(target).words
    if words:
        return words
    gone = session.dump.unloaded_modules.at(target)
    if gone is not None:
        return f"where {gone.name or 'a module without a name'} was before it was unloaded"
    if target < 0x10000:
        return "near null: a null pointer with an offset" if target else "a null pointer"
    region = session.dump.regions.at(target)
    return "" if region is None else {0x10000: "free memory", 0x2000: "reserved memory"}.get(region.state, "")


def thread_list_words(dump: Minidump) -> str:
    """Why no thread is found in a dump whose list of threads is empty."""
    absence = dump.threads.absence
    return "there is no thread list" if absence is None or absence.kind == NOT_THERE else f"the thread list has nothing to find it in: {absence}"


def _where(session: Session, found: ExceptionInfo, fault: Optional[Fault]) -> Iterator[Block]:
    """Thread, place and what the address is."""
    dump = session.dump
    kind = address_kind(dump.pointer_size)
    thread = dump.threads.find(found.thread_id)
    items: List[Item] = []
    if thread is not None:
        name = dump.thread_names.get(thread.tid)
        items.append(Item("", "Thread", found.thread_id, "id", note=f"index {thread.index}" + (f", {name}" if name else ""), link="threads 0x{}"))
    else:
        note = "not in the thread list: the debugger then has no current thread" if len(dump.threads) else thread_list_words(dump)
        items.append(Item("", "Thread", found.thread_id, "id", note=note, role="warning"))
    items.append(_address_item(session, found, fault))
    if fault is None and found.code in ACCESSES and len(found.parameters) > 1:
        target = _narrow(dump, found.parameters[1])
        words = _target_words(session, target)
        guard = near_guard(dump, thread, target)
        items.append(Item("", "Accessed", target, kind, note="; ".join(filter(None, (words, guard))), link="address {}"))
        flips = one_bit_off(dump, target, found.parameters[0]) if not words and not guard and len(dump.regions) else []
        if len(flips) == 1:
            bit, other = flips[0]
            items.append(Item("bit_flip", "One bit off", other, kind, note=f"a guess: with bit {bit} changed it is an address of the process", role="dim"))
    if fault is None and found.code == IN_PAGE_ERROR and len(found.parameters) > 2:
        status = found.parameters[2] & 0xFFFFFFFF
        items.append(Item("", "I/O status", status, "code", note=status_words(status) or "no name is known"))
    items.append(Item("", "Record", found.offset, "offset"))
    yield Fields("", items)


def _wow64(session: Session, found: ExceptionInfo, registers: Registers) -> Iterator[Block]:
    """The 32-bit side of an exception in a 64-bit dump of a 32-bit process."""
    dump = session.dump
    if not registers.runs_32_bit and not dump.process.is_wow64:
        return
    yield from wow64_blocks(dump, found, registers)
    if dump.threads.find(found.thread_id) is not None:
        yield Note(f"this is the 64-bit dump of a 32-bit process: `threads 0x{found.thread_id:x}` shows both sides of the thread's registers", "hint")
    if facts_of(session).engine.effective_x86:
        yield Note(f".ecxr: {EFFECTIVE_X86}", "warning")


def _registers(session: Session, found: ExceptionInfo) -> Iterator[Block]:
    """The registers at the exception, or those of its thread where the stream has none."""
    dump = session.dump
    registers = dump.registers(found)
    if not isinstance(registers, Absent):
        yield Data("registers", register_values(registers))
        yield Data("context_offset", found.context_rva)
        yield Lines("", register_lines(dump, registers), title="registers at the exception")
        yield from _wow64(session, found, registers)
        return
    yield Data("registers", None)
    yield Data("registers_reason", {"kind": registers.kind, "message": registers.message})
    yield Note(registers.message.replace("no registers", "no registers of the exception", 1), "warning")
    thread = dump.threads.find(found.thread_id)
    if thread is None:
        return
    other = dump.registers(thread)
    if not isinstance(other, Absent):
        yield Data("thread_registers", register_values(other))
        yield Lines("", register_lines(dump, other), title="registers of its thread, which the debugger shows instead")

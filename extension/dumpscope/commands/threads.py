"""``threads``: what ``~``, ``!runaway``, ``.ttime``, ``!gle`` and ``r`` show of the threads, in one place."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from ..diagnosis.engine.shortcut import no_session
from ..dump.absence import NOT_APPLICABLE, NOT_THERE, Absent
from ..dump.contexts import Registers, wow64_registers
from ..dump.minidump import Minidump
from ..dump.origin import CRASHPAD
from ..dump.streams.exception import ExceptionInfo
from ..dump.streams.threads import Thread, ThreadInfo
from ..errors import UsageError
from ..format.counted import counted
from ..format.threads import PRIORITY_CLASS, STILL_ACTIVE, SUSPEND_COUNT_UNKNOWN, THREAD_INFO_FLAGS, THREAD_PRIORITY
from ..session.missing import facts_of, missing, salvage, why_empty
from ..session.registry import arg, command
from ..session.session import Session
from ..session.stack_words import top_frames, top_name_column
from ..session.threads import find_thread
from ..session.waiting import wait_json, wait_note, wait_of, wait_words
from ..session.walks import walks_of
from ..view.blocks import Block, Column, Data, Fields, Item, Lines, Note, Table
from ..view.kinds import address_text, cell_text, duration_text
from ..wording.codes import hresult_words, status_words, win32_words
from ..wording.registers import register_lines, register_values
from ..wording.threads import ThreadView, signed, sort_date

_SORTS = ("time", "user", "kernel", "tid", "created")


def thread_columns(view: ThreadView, *, times: bool = False, named: bool = True, remarked: bool = True, shown: bool = True) -> List[Column]:
    """Columns over rows that are one Thread each."""
    kind = view.kind

    def column(key: str, title: str, kind: str, get: Callable[[Thread], Any], **more: Any) -> Column:
        return Column(key, title, kind, index=0, get=get, **{"hidden": True, **more})

    table, clock = shown and not times, shown and times
    return [
        column("index", "#", "int", lambda thread: thread.index, hidden=not shown, link="threads {}"),
        column("tid", "tid", "id", lambda thread: thread.tid, hidden=not shown, link="~~[{}]s"),
        column("", "created (UTC)", "text", lambda thread: _date(view, thread), hidden=not clock, role="time"),
        column("teb", "teb", kind, lambda thread: thread.teb, hidden=not table, link="address {}"),
        column("", "at", "symbol", view.at, hidden=not table),
        column("", "started at", "symbol", view.start, hidden=not table),
        column("suspend_count", "suspended", "int", lambda thread: thread.suspend_count),
        column("priority", "priority", "int", lambda thread: thread.priority),
        column("priority_class", "class", "mask", lambda thread: thread.priority_class),
        column("create_time", "created", "filetime", view.member("create_time")),
        column("exit_time", "exited", "filetime", view.member("exit_time")),
        column("kernel_time", "kernel", "duration", view.member("kernel_time")),
        column("user_time", "user", "duration", view.member("user_time")),
        column("", "kernel", "duration", view.member("kernel_time", strict=False), hidden=not clock),
        column("", "user", "duration", view.member("user_time", strict=False), hidden=not clock),
        column("start_address", "start", kind, view.member("start_address")),
        column("affinity", "affinity", "mask", view.member("affinity")),
        column("exit_status", "exit status", "int", view.member("exit_status")),
        column("dump_flags", "dump flags", "words", view.dump_flags),
        column("dump_error", "dump error", "hresult", view.dump_error),
        column("ip", "ip", kind, view.ip),
        column("sp", "sp", kind, view.sp),
        column("ip_symbol", "ip", "symbol", lambda thread: view.symbol(view.ip(thread)) or None),
        column("ip_module_file", "module", "name", lambda thread: view.module_file(view.ip(thread)) or None),
        column("start_symbol", "start", "symbol", lambda thread: view.symbol(view.member("start_address")(thread)) or None),
        column("start_module_file", "module", "name", lambda thread: view.module_file(view.member("start_address")(thread)) or None),
        column("stack", "stack", "data", view.stack),
        column("last_error", "last error", "int", view.last_error),
        column("context_offset", "context", "offset", lambda thread: thread.context_rva or None),
        column("context_size", "context", "bytes", lambda thread: thread.context_size),
        column("salvaged_info", "", "data", view.salvaged),
        column("offset", "record", "offset", lambda thread: thread.offset),
        column("name", "name", "name", view.name, hidden=not shown or not named),
        column("", "remarks", "text", view.remarks, hidden=not shown or times or not remarked, role="warning"),
    ]


def _errors(session: Session, view: ThreadView, threads: Iterator[Thread]) -> Iterator[Block]:
    """The last error and the last status of each thread, which the debugger reads from the TEBs."""
    reasons: Dict[str, int] = {}
    total = known = 0

    def words(get: Callable[[Thread], Any], say: Callable[[int], str]) -> Callable[[Thread], Any]:
        def cell(thread: Thread) -> Any:
            value = get(thread)
            return value if isinstance(value, Absent) else say(value) or None

        return cell

    def rows() -> Iterator[Sequence[Any]]:
        nonlocal total, known
        for thread in threads:
            total += 1
            value = view.last_error(thread)
            if isinstance(value, Absent):
                reasons[value.message] = reasons.get(value.message, 0) + 1
            else:
                known += 1
            yield (thread,)

    def column(key: str, title: str, kind: str, get: Callable[[Thread], Any], **more: Any) -> Column:
        return Column(key, title, kind, index=0, get=get, **more)

    yield Table(
        "errors",
        [
            column("index", "#", "int", lambda thread: thread.index, link="threads {}"),
            column("tid", "tid", "id", lambda thread: thread.tid, link="~~[{}]s"),
            column("last_error", "last error", "code", view.last_error),
            column("error_words", "which is", "text", words(view.last_error, win32_words)),
            column("last_status", "last status", "code", view.last_status),
            column("status_words", "which is", "text", words(view.last_status, status_words)),
            column("teb", "teb", view.kind, lambda thread: thread.teb, hidden=True),
            column("name", "name", "name", view.name, hidden=not len(view.dump.thread_names)),
        ],
        rows(),
        title="last error and last status of each thread",
    )
    if not known:
        session.not_in_dump()
    for message, how_many in list(reasons.items())[:8]:
        yield Note(f"{how_many} of {counted(total, 'thread')}: {message}", "warning" if not known else "hint")


def _wait_column(session: Session) -> Column:
    """A column over threads: what each waits for."""
    walks = walks_of(session)

    def words(thread: Thread) -> Optional[str]:
        found = wait_of(session, walks, thread)
        return None if found is None else wait_words(found)

    return Column("waits_for", "waits for", "text", index=0, get=words)


def _date(view: ThreadView, thread: Thread) -> Union[str, Absent]:
    created = view.member("create_time", strict=False)(thread)
    return created if isinstance(created, Absent) else sort_date(created)


def _rows(threads: Iterator[Thread]) -> Iterator[Sequence[Any]]:
    for thread in threads:
        yield (thread,)


def _sorted(view: ThreadView, order: str) -> List[Thread]:
    """The threads in another order than the file's; without times they keep it."""
    keys: Dict[str, Callable[[ThreadInfo], int]] = {
        "time": lambda info: -(info.kernel_time + info.user_time),
        "user": lambda info: -info.user_time,
        "kernel": lambda info: -info.kernel_time,
        "created": lambda info: info.create_time,
    }

    def key(thread: Thread) -> Tuple[int, int]:
        if order == "tid":
            return 0, thread.tid
        info = view.text_info(thread)
        return (1, 0) if isinstance(info, Absent) else (0, keys[order](info))

    return sorted(view.dump.threads, key=key)


def _priority_note(dump: Minidump, thread: Thread) -> str:
    """Priority and class in the words of Windows; elsewhere they are numbers of the system's own.

    Example: Crashpad on Linux packs nice, scheduling policy and static priority into bytes, so that 788 (0x314) is an ordinary thread
    (snapshot/linux/thread_snapshot_linux.cc); on macOS it stores the precedence within the task.
    """
    system = dump.system
    if not isinstance(system, Absent) and not system.is_windows:
        return f"as the writer counts on this system; class 0x{thread.priority_class:x}"
    if dump.writer.family == CRASHPAD:  # snapshot/win/thread_snapshot_win.cc stores what the kernel has: 1 to 31
        return f"absolute, as Crashpad stores it: 1 to 15, 16 to 31 for real time; class 0x{thread.priority_class:x}"
    class_words = PRIORITY_CLASS.meaning(thread.priority_class) or "unknown"
    return f"{THREAD_PRIORITY.meaning(thread.priority) or 'relative'}; class 0x{thread.priority_class:x}, {class_words}"


def _detail(session: Session, view: ThreadView, thread: Thread) -> Iterator[Block]:
    """One thread in full."""
    dump = session.dump
    pid = dump.misc if isinstance(dump.misc, Absent) else dump.misc.process_id
    owner = "" if isinstance(pid, Absent) else f"{pid:x}."
    priority = signed(thread.priority)
    items = [
        Item("", "Id", thread.tid, "id", text=f"{owner}{thread.tid:x}", note=f"decimal {thread.tid}"),
        Item("", "Name", view.name(thread), "name"),
        Item("", "Teb", thread.teb, view.kind, note=_teb_note(dump, thread), link="address {}"),
        Item(
            "",
            "Suspend count",
            thread.suspend_count,
            "int",
            text=str(signed(thread.suspend_count)),
            note="the writer could not open the thread" if thread.suspend_count == SUSPEND_COUNT_UNKNOWN else "",
        ),
        Item("", "Priority", priority, "int", note=_priority_note(dump, thread)),
    ]
    info = view.text_info(thread)
    if isinstance(info, Absent):
        items.append(Item("", "Times", info))
    else:
        status = "still running" if info.exit_status == STILL_ACTIVE else status_words(info.exit_status)
        items += [
            Item("", "Created", info.create_time, "filetime"),
            Item("", "Exited", info.exit_time or None, "filetime", note="" if info.exit_time else "still running"),
            Item("", "Kernel time", info.kernel_time, "duration"),
            Item("", "User time", info.user_time, "duration"),
            Item("", "Exit status", info.exit_status, "hex", note=status),
            Item("", "Start address", info.start_address, view.kind, note=view.symbol(info.start_address), link="address {}"),
            Item("", "Affinity", info.affinity, "mask", note=_affinity_words(info.affinity)),
        ]
    items.append(_stack_item(view, thread))
    for label, value in (("Instruction pointer", view.ip(thread)), ("Stack pointer", view.sp(thread))):
        items.append(Item("", label, value, view.kind, note=view.symbol(value), link="address {}"))
    error = view.last_error(thread)
    items.append(Item("", "Last error", error, "hex", note="" if isinstance(error, Absent) else win32_words(error)))
    status_value = view.last_status(thread)
    if not isinstance(status_value, Absent):
        items.append(Item("", "Last status", status_value, "hresult", note=status_words(status_value)))
    flags = view.dump_flags(thread)
    if not isinstance(flags, Absent) and flags:
        found = dump.thread_infos.find(thread.tid)
        bits = found.dump_flags if found is not None else 0
        meanings = [THREAD_INFO_FLAGS.meaning(bit) for bit in THREAD_INFO_FLAGS.split(bits)[0]]
        items.append(Item("", "Dump flags", bits, "mask", note="; ".join(meanings)))
        if found is not None and found.dump_error:
            items.append(Item("", "Dump error", found.dump_error, "hresult", note=hresult_words(found.dump_error)))
    where = f"registers at 0x{thread.context_rva:x}, 0x{thread.context_size:x} bytes" if thread.context_rva else "no registers in the file"
    items.append(Item("", "Record", thread.offset, "offset", note=where))
    yield Fields("", items, title=f"thread {thread.index}" + (", which raised the exception" if thread.tid == view.exception_tid else ""))
    registers = view.registers(thread)
    if isinstance(registers, Absent):
        yield Data("registers", None)
        yield Data("registers_reason", {"kind": registers.kind, "message": registers.message})
        yield Note(registers.message, "warning")
    else:
        yield Data("registers", register_values(registers))
        yield Lines("", register_lines(dump, registers), title="registers")
    yield from top_frames(session, thread)
    walks = walks_of(session)
    wait = wait_of(session, walks, thread)
    yield Data("wait", None if wait is None else wait_json(wait))
    yield from wait_note(session, walks, thread)
    yield from wow64_blocks(dump, thread, registers)


def wow64_blocks(dump: Minidump, of: Union[Thread, ExceptionInfo], registers: Union[Registers, Absent]) -> Iterator[Block]:
    """The registers of the 32-bit side; ``registers`` are those of the thread or exception itself."""
    inside = not isinstance(registers, Absent) and registers.runs_32_bit
    if not inside and not dump.process.is_wow64:
        return
    wow = wow64_registers(dump, of)
    if isinstance(wow, Absent):
        if wow.kind != NOT_APPLICABLE:
            yield Note(f"no registers of the 32-bit side: {wow.message}", "hint")
        return
    yield Data("wow64_registers", register_values(wow))
    yield Data("wow64_registers_from", "own context" if inside else "TLS slot 1")
    title = "registers of the 32-bit side (WOW64): " + (
        "the same, which were taken in 32-bit code (cs=0x23)" if inside else "as they were when the thread last left 32-bit code"
    )
    yield Lines("", register_lines(dump, wow), title=title)


def _teb_note(dump: Minidump, thread: Thread) -> str:
    if not thread.teb:
        return "the writer failed on this thread"
    return "" if dump.memory.captured(thread.teb) else "not captured"


def _stack_item(view: ThreadView, thread: Thread) -> Item:
    if not thread.stack_size:
        return Item("", "Stack", None, view.kind, note="no stack was captured: its range is empty")
    width = view.dump.pointer_size
    text = f"{address_text(thread.stack_start, width)} - {address_text(thread.stack_start + thread.stack_size, width)}"
    captured = view.stack_captured(thread)
    note = f"{counted(thread.stack_size, 'byte')}, " + (
        "captured" if captured >= thread.stack_size else f"{captured} of them captured" if captured else "not captured"
    )
    return Item("", "Stack", thread.stack_start, view.kind, text=text, note=note)


def _affinity_words(mask: int) -> str:
    return counted(bin(mask).count("1"), "processor")


@command(
    "threads",
    summary="the threads: ids, names, times, start addresses, stacks, registers, last errors",
    category="threads",
    arguments=[
        arg("thread", nargs="?", metavar="THREAD", help="one thread in full: its index (decimal, as in ~3), or its id (0x4554, tid:4554)", completes="tid"),
        arg("--sort", choices=_SORTS, help="order of the rows: processor time (kernel and user) as !runaway, or one of the others"),
        arg("--times", switch=True, help="show when each was created and the processor time that it used"),
        arg("--errors", switch=True, help="show the last error and the last status of each, as !gle -all"),
        arg("--names", switch=True, help="show the function at the top of each stack, if exports or symbols name it"),
        arg("--waits", switch=True, help="show what each waits for, if that is proven; `waits` says how it is known"),
    ],
    examples=[
        ("threads", "all threads"),
        ("threads 3", "the fourth one in full, with its registers"),
        ("threads 0x4554", "by thread id"),
        ("threads --sort time", "who used most processor time, as !runaway"),
        ("threads --times", "when each was created"),
        ("threads --errors", "the last error and the last NTSTATUS of every thread"),
    ],
    aliases=["thread"],
    spellings=["~", "!runaway", ".ttime", "!gle"],
)
def threads(session: Session, args: Any) -> Iterator[Block]:
    """The threads."""
    dump = session.dump
    table = dump.threads
    if not len(table):
        yield from missing(session, "threads", why_empty(table, "the thread list"), "~")
        return
    if args.thread is not None:
        if args.sort or args.times or args.names or args.waits:
            raise UsageError("--sort, --times, --names and --waits are for the whole list, not for one thread")
        if args.errors:
            raise UsageError("--errors is for the whole list: one thread in full has its last error anyway", f"`threads {args.thread}`")
        found, note = find_thread(session, args.thread)
    view = ThreadView(dump)
    key = "threads"
    refused = no_session(session.dump, lambda: facts_of(session))
    if refused is not None:
        key = "salvaged_threads"
        yield from salvage("threads", table, "thread list", "" if table.span.refused else refused)
    if args.thread is not None:
        if found is None:
            what = f"there is no thread {args.thread} among the {len(table)} of this dump"
            yield from missing(session, key, Absent(NOT_THERE, what))
            return
        yield Table(key, thread_columns(view, shown=False), _rows(iter([found])))
        yield from _detail(session, view, found)
        if note:
            yield Note(note, "hint")
        return
    if args.errors:
        if args.times or args.names or args.waits:
            raise UsageError("--errors is a table of its own: it goes with none of --times, --names and --waits")
        yield from _errors(session, view, iter(_sorted(view, args.sort)) if args.sort else iter(table))
        return
    times = bool(args.times or args.sort not in (None, "tid"))
    infos = dump.thread_infos
    if times and not len(infos):
        yield from missing(session, "", why_empty(infos, "ThreadInfoListStream"), "!runaway")
    ordered = iter(_sorted(view, args.sort)) if args.sort else iter(table)
    named = len(dump.thread_names) > 0
    remarked = any(view.remarks(thread) for thread in table)
    more = ([top_name_column(session)] if args.names else []) + ([_wait_column(session)] if args.waits else [])
    yield Table(key, thread_columns(view, times=times, named=named, remarked=remarked) + more, _rows(ordered))
    yield from _footer(session, view, times)


def _footer(session: Session, view: ThreadView, times: bool) -> Iterator[Block]:
    """How many there are, and what holds for all of them."""
    dump = session.dump
    infos = dump.thread_infos
    count = len(dump.threads)
    if times and len(infos):
        kernel = user = 0
        for info in infos:
            kernel += info.kernel_time
            user += info.user_time
        yield Note(f"{counted(count, 'thread')}; together kernel {duration_text(kernel)}, user {duration_text(user)}")
    else:
        exception = "" if view.exception_tid is None else f"; thread 0x{view.exception_tid:x} raised the exception"
        yield Note(f"{counted(count, 'thread')}{exception}")
    if infos.absence is not None and not times:
        yield Note(f"{cell_text(infos.absence.message, 'text')}: creation, times, start addresses and affinity are not known", "hint")
    elif infos.span.refused:
        readable = ", and none could be read" if not len(infos) else "; the readable part is shown" if times else "; `threads --times` shows the readable part"
        yield Note(f"the debugger does not accept ThreadInfoListStream ({infos.damage[0].message}) and has no times{readable}", "warning")

"""What is wrong with a file: as a whole (:func:`structural_damage`), and record by record (:func:`all_damage`).

Damage is what the bytes say about themselves: sizes that disagree, places outside the file, chains that loop. That something
was not asked for, or that the writer could not get it, is absence and no damage.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ..format.counted import by_count, counted
from ..format.flags import MiniDumpWithFullMemory
from ..format.streams import (
    LISTS,
    STREAMS,
    CompressedMemoryStream,
    CompressedMemoryStreamSQL,
    Memory64ListStream,
    MemoryListStream,
    ModuleListStream,
    SystemInfoStream,
    ThreadExListStream,
    ThreadListStream,
)
from .absence import Absent, Damage
from .directory import Stream
from .salt import SALT
from .strings import MAX_TEXTS

if TYPE_CHECKING:
    from .minidump import Minidump

DAMAGE_CODES: Dict[str, str] = {
    "bad-version": "the low word of the header's Version is not 0xA793; the debugger refuses the file",
    "directory-outside-file": "the directory lies outside the file; the debugger refuses the file",
    "directory-cut": "the file ends inside the directory",
    "directory-too-long": "the directory claims more entries than any writer makes; the first ones are read",
    "directory-zeroed": "every entry of the directory is zero: the writer was ended before it wrote the directory",
    "no-system-info": "there is no SystemInfoStream; the debugger refuses the file",
    "no-thread-list": "there is no thread list; the debugger opens the file without a current thread",
    "no-module-list": "there is no module list; the debugger cannot name any module",
    "full-memory-missing": "the flags say full memory and there is no Memory64ListStream; the debugger refuses the file",
    "full-memory-flag-clear": "there is a Memory64ListStream and the flags do not say full memory; the debugger refuses the file",
    "two-memory-lists": "there are both a MemoryListStream and a Memory64ListStream",
    "memory-cut": "the file ends before the memory that Memory64ListStream promises; the debugger warns that the dump is truncated",
    "duplicate-stream": "a second stream of the same type; the first one is used",
    "stream-in-header": "a stream begins inside the file's header",
    "stream-outside-file": "a stream begins beyond the end of the file",
    "stream-cut": "the file ends inside a stream",
    "stream-overlap": "two streams share bytes, or a stream shares bytes with the directory",
    "stream-too-small": "a stream is smaller than the least that its type needs",
    "stream-size-mismatch": "the directory's size of a list is not that of its header and records; the debugger does not use the stream",
    "padded-list": "a list has 4 bytes of padding after its count, as Breakpad writes; the debugger does not use the stream",
    "header-too-small": "a list's SizeOfHeader is smaller than the smallest known header; the debugger does not use the stream",
    "record-too-small": "a list's size of a record is smaller than the smallest known record; the debugger does not use the stream",
    "string-outside-file": "a string begins beyond the end of the file",
    "string-cut": "the file ends inside a string",
    "string-odd": "a UTF-16 string has an odd number of bytes",
    "string-too-long": "a string is longer than any that Windows makes",
    "strings-overlap": "strings of a list are together longer than the file can hold: they are laid over each other, and cut",
    "thread-duplicate": "two threads have the same id",
    "context-outside-file": "a thread's registers lie outside the file",
    "context-cut": "the file ends inside a thread's registers",
    "context-too-small": "the bytes for a thread's registers are fewer than the processor's context needs",
    "context-mismatch": "a thread's ContextFlags are not those of the processor in SystemInfo",
    "stack-outside-file": "a thread's stack lies outside the file",
    "stack-cut": "the file ends inside a thread's stack",
    "thread-info-unknown-thread": "ThreadInfoList has an entry for a thread that the thread list does not have",
    "exception-unknown-thread": "the exception's thread is not in the thread list; the debugger ends without a current thread",
    "exception-context-outside-file": "the exception's registers lie outside the file",
    "exception-context-cut": "the file ends inside the exception's registers",
    "exception-parameters": "the exception claims more than 15 parameters",
    "module-without-name": "a module has no name",
    "module-empty": "a module has a size of 0",
    "module-wraps": "a module ends beyond the end of the address space",
    "module-overlap": "two modules share addresses",
    "codeview-outside-file": "a module's CodeView record lies outside the file",
    "codeview-cut": "the file ends inside a module's CodeView record",
    "misc-record-outside-file": "a module's IMAGE_DEBUG_MISC lies outside the file",
    "misc-record-cut": "the file ends inside a module's IMAGE_DEBUG_MISC",
    "unloaded-module-without-name": "an unloaded module has no name; the debugger prints an error for it",
    "range-outside-file": "the bytes of a memory range lie outside the file",
    "range-cut": "the file ends inside the bytes of a memory range",
    "range-empty": "a memory range has a size of 0",
    "range-wraps": "a memory range ends beyond the end of the address space",
    "region-wraps": "a region ends beyond the end of the address space",
    "region-overlap": "two regions of MemoryInfoListStream share addresses",
    "handle-duplicate": "two descriptors have the same handle value",
    "object-info-loop": "a chain of object information comes back to itself, or is too long",
    "object-info-outside-file": "a block of object information lies outside the file",
    "object-info-cut": "the file ends inside a block of object information",
    "token-cut": "a token ends beyond the end of its stream",
    "token-part-outside": "a part of a token lies outside the token",
    "token-sid-cut": "a SID of a token is cut",
    "token-sids-overlap": "SIDs of a token are laid over each other: they take more bytes than there are; those that follow are left out",
    "function-table-cut": "a function table ends beyond the end of its stream",
    "function-table-too-many": "a table has more entries than the debugger's engine accepts (2000)",
    "annotation-outside-file": "a part of Crashpad's annotations lies outside the file",
    "annotation-too-many": "Crashpad's annotations are more than any program makes; the first ones are read",
    "dso-outside-file": "the dynamic linker's list lies outside the file",
    "more-damage": "more of the same was found than is listed",
}
"""What every damage code means, in one line."""

MAX_OF_A_CODE = 1000
"""How many of one code are listed; the rest is counted."""
MAX_OVERLAPS = 32

_ADDRESSES = 1 << 64


def structural_damage(dump: Minidump) -> Iterator[Damage]:
    """What is wrong with header, directory and each stream as a whole. Walks no list but the descriptors of full memory."""
    return _limited(_structural(dump))


def all_damage(dump: Minidump) -> Iterator[Damage]:
    """Everything that is wrong; walks each list once."""
    return _limited(_everything(dump))


def record_damage(dump: Minidump) -> Iterator[Damage]:
    """What is wrong with annotations, with single threads, modules and handles, with the exception, and with their strings; walks each list once."""
    return _limited(chain(_annotations(dump), _records(dump)))


def _limited(found: Iterable[Damage]) -> Iterator[Damage]:
    """The first of each code, then how many more there were."""
    counts: Dict[str, int] = {}
    for damage in found:
        number = counts.get(damage.code, 0) + 1
        counts[damage.code] = number
        if number <= MAX_OF_A_CODE:
            yield damage
    for code, number in counts.items():
        if number > MAX_OF_A_CODE:
            yield Damage("more-damage", f"{number - MAX_OF_A_CODE} more of {code}: {DAMAGE_CODES.get(code, '')}")


def _structural(dump: Minidump) -> Iterator[Damage]:
    yield from dump.header_damage()
    entries = [stream for stream in dump.streams if stream.type]
    if not entries and len(dump.streams):
        zero = all(stream.size == 0 and stream.rva == 0 for stream in dump.streams)
        if zero:
            which = by_count(len(dump.streams), "the only entry of the directory is", f"all {len(dump.streams)} entries of the directory are")
            message = f"{which} zero: the writer was ended before it wrote the directory"
            yield Damage("directory-zeroed", message, dump.streams.rva, len(dump.streams) * 12, 0)
    yield from _required(dump)
    yield from _places(dump, entries)
    for kind in LISTS:
        yield from getattr(dump, kind.reader).damage
    yield from _annotations(dump)
    yield from _full_memory(dump)


def _required(dump: Minidump) -> Iterator[Damage]:
    """Streams without which the debugger cannot do its work."""
    where = dump.streams.rva
    if not len(dump.streams) and dump.streams.damage is not None:
        return  # nothing can be there
    if dump.stream(SystemInfoStream) is None:
        yield Damage("no-system-info", "there is no SystemInfoStream: the debugger refuses the file", where)
    if dump.stream(ThreadListStream) is None and dump.stream(ThreadExListStream) is None:
        yield Damage("no-thread-list", "there is no ThreadListStream: the debugger has no current thread", where)
    if dump.stream(ModuleListStream) is None:
        yield Damage("no-module-list", "there is no ModuleListStream: the debugger cannot name any module", where)


def _places(dump: Minidump, entries: List[Stream]) -> Iterator[Damage]:
    """Streams that are outside the file, cut, too small, repeated, or share bytes."""
    source = dump.source
    first: Set[int] = set()
    listed = {items.stream.index for items in (getattr(dump, kind.reader) for kind in LISTS) if items.stream is not None}
    told = 0
    again: Optional[Damage] = None
    for stream in entries:
        if stream.type * SALT not in first:
            first.add(stream.type * SALT)
        elif again is None or told < MAX_OF_A_CODE:
            told += 1
            again = Damage("duplicate-stream", f"{_title(stream)} is there twice: the one in entry {stream.index} is not used", stream.offset)
            yield again
        else:
            yield again  # no more words than are shown: it is only counted
        least = STREAMS[stream.type].least if stream.type in STREAMS else 0
        if not stream.size:
            if least:
                yield Damage("stream-too-small", f"{_title(stream)} has a size of 0", stream.offset, least, 0)
            continue
        if stream.rva < 32:
            yield Damage("stream-in-header", f"{_title(stream)} begins at 0x{stream.rva:x}, inside the header", stream.offset, stream.size, 0)
        if stream.index in listed:
            continue  # its own reader tells
        held = source.available(stream.rva, stream.size)
        if not held:
            yield Damage(
                "stream-outside-file", f"{_title(stream)} at 0x{stream.rva:x} is outside the file of 0x{source.size:x} bytes", stream.offset, stream.size, 0
            )
        elif held < stream.size:
            message = f"{_title(stream)}: 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds 0x{held:x} of them"
            yield Damage("stream-cut", message, stream.rva, stream.size, held)
        if stream.size < least:
            yield Damage("stream-too-small", f"{_title(stream)}: 0x{stream.size:x} bytes, 0x{least:x} are needed", stream.rva, least, stream.size)
    yield from _overlaps(dump, entries)


def _overlaps(dump: Minidump, entries: List[Stream]) -> Iterator[Damage]:
    """Streams that share bytes with each other or with the directory: one sweep over the sorted places."""
    size = dump.source.size
    rows: List[Tuple[int, int, Optional[Stream]]] = [(s.rva, s.end, s) for s in entries if s.size and s.rva < size]
    directory = dump.streams
    if len(directory):
        rows.append((directory.rva, directory.rva + len(directory) * 12, None))
    rows.sort(key=lambda row: row[:2])
    reported = 0
    end = 0
    owner: Tuple[int, int, Optional[Stream]] = (0, 0, None)
    for row in rows:
        start, stop, stream = row
        if start < end:
            reported += 1
            if reported <= MAX_OVERLAPS:
                shared = min(end, stop) - start
                message = f"{_place(row)} shares 0x{shared:x} bytes with {_place(owner)}"
                yield Damage("stream-overlap", message, 12 if stream is None else stream.offset, stop - start, shared)
        if stop > end:
            end, owner = stop, row
    if reported > MAX_OVERLAPS:
        yield Damage("more-damage", f"{counted(reported - MAX_OVERLAPS, 'more stream shares', 'more streams share')} bytes with others")


def _place(row: Tuple[int, int, Optional[Stream]]) -> str:
    start, stop, stream = row
    return f"{'the directory' if stream is None else _title(stream)} (0x{start:x}..0x{stop:x})"


def _full_memory(dump: Minidump) -> Iterator[Damage]:
    """Flags against Memory64ListStream, and its promise against the file's size."""
    flagged = bool(dump.header.flags & MiniDumpWithFullMemory)
    stream = dump.stream(Memory64ListStream)
    if stream is None:
        if flagged and dump.stream(CompressedMemoryStream) is None and dump.stream(CompressedMemoryStreamSQL) is None:
            yield Damage("full-memory-missing", "the flags say full memory (0x2), and there is no Memory64ListStream: the debugger refuses the file", 24)
        return
    if not flagged:
        yield Damage("full-memory-flag-clear", "there is a Memory64ListStream, and the flags lack 0x2: the debugger refuses the file", 24)
    if dump.stream(MemoryListStream) is not None:
        yield Damage("two-memory-lists", "there are both MemoryListStream and Memory64ListStream; Microsoft's writers make one of them", stream.offset)
    memory = dump.memory64_list
    expected = memory.expected_file_size
    if len(memory) and expected > dump.size:
        message = f"the memory ends at 0x{expected:x}, the file at 0x{dump.size:x}: 0x{expected - dump.size:x} bytes are missing"
        yield Damage("memory-cut", message, memory.base_rva, memory.total, max(0, dump.size - memory.base_rva))


def _everything(dump: Minidump) -> Iterator[Damage]:
    yield from _structural(dump)
    yield from _records(dump)
    yield from _memory(dump)
    for token in dump.tokens:
        yield from token.damage
    tokens = dump.tokens
    if tokens.stream is not None and len(tokens) < tokens.claimed:
        message = f"{tokens.stream.name}: {counted(tokens.claimed, 'token is', 'tokens are')} claimed, {len(tokens)} can be read"
        yield Damage("token-cut", message, tokens.stream.rva, tokens.claimed, len(tokens))
    for table in dump.functions:
        yield from table.damage
    if dump.strings.overlap is not None:
        yield dump.strings.overlap


def _annotations(dump: Minidump) -> Iterator[Damage]:
    annotations = dump.annotations
    if not isinstance(annotations, Absent):
        yield from annotations.damage


def _records(dump: Minidump) -> Iterator[Damage]:
    yield from _threads(dump)
    yield from _exception(dump)
    yield from _modules(dump)
    yield from _handles(dump)


def _title(stream: Stream) -> str:
    return stream.name if stream.name != "???" else f"stream type 0x{stream.type:x}"


def _block(dump: Minidump, code: str, what: str, rva: int, size: int, where: int) -> Iterator[Damage]:
    """Damage for a block that should lie in the file, under ``code``-outside-file or ``code``-cut."""
    held = dump.source.available(rva, size)
    if not held:
        yield Damage(f"{code}-outside-file", f"{what}: 0x{size:x} bytes at 0x{rva:x} are outside the file", where, size, 0)
    elif held < size:
        yield Damage(f"{code}-cut", f"{what}: 0x{size:x} bytes at 0x{rva:x}, the file holds 0x{held:x} of them", where, size, held)


def _string(dump: Minidump, rva: int, what: str, field: int) -> Iterator[Damage]:
    """Damage of a string, quickly for the ones that have none. One outside the file is seen at the field that leads there."""
    if not dump.strings.is_sound(rva):
        damage = dump.strings.inspect(rva, what).damage
        if damage is not None:
            yield damage if rva < dump.size else damage._replace(offset=field)


def _threads(dump: Minidump) -> Iterator[Damage]:
    from .contexts import context_damage

    seen: Set[int] = set()
    size = dump.size
    for thread in dump.threads:
        name = f"thread 0x{thread.tid:x}"
        if thread.tid * SALT in seen:
            yield Damage("thread-duplicate", f"{name} is in the thread list twice", thread.offset)
        seen.add(thread.tid * SALT)
        # A context at RVA 0 and a stack at RVA 0 are how a writer says that it has none.
        if thread.context_rva and thread.context_size:
            if thread.context_rva + thread.context_size > size:
                yield from _block(dump, "context", f"registers of {name}", thread.context_rva, thread.context_size, thread.offset + 40)
            else:
                damage = context_damage(dump, thread.context_rva, thread.context_size, f"registers of {name}")
                if damage is not None:
                    yield damage
        if thread.stack_rva and thread.stack_size and thread.stack_rva + thread.stack_size > size:
            yield from _block(dump, "stack", f"stack of {name}", thread.stack_rva, thread.stack_size, thread.offset + 24)
    if len(dump.threads):
        for info in dump.thread_infos:
            if info.tid * SALT not in seen and not info.dump_flags & 0x4:  # a thread that exited need not be listed
                yield Damage("thread-info-unknown-thread", f"thread 0x{info.tid:x} of ThreadInfoList is not in the thread list", info.offset)
    for entry in dump.thread_names:
        if entry.name_rva:
            yield from _string(dump, entry.name_rva, f"name of thread 0x{entry.tid:x}", entry.offset + 4)


def _exception(dump: Minidump) -> Iterator[Damage]:
    exception = dump.exception
    if isinstance(exception, Absent):
        return
    if len(dump.threads) and dump.threads.find(exception.thread_id) is None:
        message = f"the exception's thread 0x{exception.thread_id:x} is not in the thread list"
        yield Damage("exception-unknown-thread", message, exception.offset)
    if exception.parameter_count > 15:
        message = f"the exception claims {counted(exception.parameter_count, 'parameter')}, 15 are possible"
        yield Damage("exception-parameters", message, exception.offset + 32, exception.parameter_count, 15)
    if exception.context_rva and exception.context_size:
        yield from _block(dump, "exception-context", "registers of the exception", exception.context_rva, exception.context_size, exception.offset + 160)


def _modules(dump: Minidump) -> Iterator[Damage]:
    spans: List[Tuple[int, int, str]] = []
    # Looked at before the walk: each look at a single record begins to count anew what overlapping texts may amount to.
    first = dump.modules[0][1:3] if len(dump.modules) else ()
    for items in (dump.modules, dump.host_modules):
        for module in items:
            name = f"module {module.file_name or module.index}"
            if not module.name_rva:
                yield Damage("module-without-name", f"module {module.index} at 0x{module.base:x} has no name", module.offset + 20)
            else:
                yield from _string(dump, module.name_rva, f"name of module {module.index}", module.offset + 20)
            if not module.size:
                yield Damage("module-empty", f"{name} has a size of 0", module.offset + 8)
            elif module.end > _ADDRESSES:
                yield Damage("module-wraps", f"{name} ends beyond the end of the address space", module.offset)
            elif items is dump.modules and not (module.index and module[1:3] == first and dump.process.is_wow64):
                # the loader of a WOW64 process lists the program on both sides, and writers take it over: no damage
                spans.append((module.base, module.end, name))
            if module.cv_size and module.cv_rva:
                yield from _block(dump, "codeview", f"CodeView record of {name}", module.cv_rva, module.cv_size, module.offset + 76)
            if module.misc_size and module.misc_rva:
                yield from _block(dump, "misc-record", f"IMAGE_DEBUG_MISC of {name}", module.misc_rva, module.misc_size, module.offset + 84)
    yield from _shared(spans, "module-overlap")
    for unloaded in dump.unloaded_modules:
        if not unloaded.name_rva:
            yield Damage("unloaded-module-without-name", f"unloaded module {unloaded.index} has no name", unloaded.offset + 20)
        else:
            yield from _string(dump, unloaded.name_rva, f"name of unloaded module {unloaded.index}", unloaded.offset + 20)


def _shared(spans: List[Tuple[int, int, str]], code: str) -> Iterator[Damage]:
    """Address ranges that overlap."""
    spans.sort()
    end, owner = 0, ""
    for start, stop, name in spans:
        if start < end:
            yield Damage(code, f"{name} at 0x{start:x} shares addresses with {owner}", None, stop - start, min(end, stop) - start)
        if stop > end:
            end, owner = stop, name


def _handles(dump: Minidump) -> Iterator[Damage]:
    handles = dump.handles
    is_sound = dump.strings.is_sound
    good: Set[int] = {0}  # strings are shared by many descriptors; look at each once
    chains: Set[int] = set()
    last = -1
    for values, offset in handles._rows(0, len(handles)):
        value = values[0]
        for number, what in ((1, "type"), (2, "name")):
            rva = values[number]
            if rva in good:
                continue
            if not is_sound(rva):
                damage = dump.strings.inspect(rva, f"{what} of handle 0x{value:x}").damage
                if damage is not None:
                    yield damage if rva < dump.size else damage._replace(offset=offset + 4 + 4 * number)
            elif len(good) < MAX_TEXTS:
                good.add(rva)
        if handles.extended and values[7] and values[7] not in chains:
            yield from handles.object_info(values[7])[1]
            if len(chains) < MAX_TEXTS:
                chains.add(values[7])
        if value == last:
            yield Damage("handle-duplicate", f"handle 0x{value:x} is there twice", offset)
        last = value


def _memory(dump: Minidump) -> Iterator[Damage]:
    for items in (dump.memory_list, dump.memory64_list):
        ranges: Any = items
        for item in () if items is dump.memory_list and dump.memory_list._lies_well() else ranges:
            _, start, size, _, held, _, _ = item
            if 0 < size <= held and start + size <= _ADDRESSES:
                continue
            what = f"memory range {item.index} at 0x{item.start:x}"
            if not item.size:
                yield Damage("range-empty", f"{what} has a size of 0", item.offset)
            elif item.end > _ADDRESSES:
                yield Damage("range-wraps", f"{what} ends beyond the end of the address space", item.offset, item.size, _ADDRESSES - item.start)
            if item.held < item.size:
                yield from _block(dump, "range", what, item.rva, item.size, item.offset)
    end = 0
    for region in () if dump.regions.apart else dump.regions:
        if region.end > _ADDRESSES:
            yield Damage("region-wraps", f"region 0x{region.base:x} ends beyond the end of the address space", region.offset)
        if region.base < end:
            yield Damage("region-overlap", f"region 0x{region.base:x} begins before the end of the one before it (0x{end:x})", region.offset)
        end = region.end

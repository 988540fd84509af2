"""What the header's flags ask for, held against what the file holds: one answer for each bit of MINIDUMP_TYPE."""

from __future__ import annotations

from bisect import bisect_right
from itertools import repeat
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple
from weakref import WeakKeyDictionary

from ..dump.absence import Absent
from ..dump.streams.modules import Module
from ..format.counted import by_count, counted, plural
from ..format.flags import MINIDUMP_TYPE_BITS, MiniDumpWithDataSegs, MiniDumpWithIndirectlyReferencedMemory
from ..format.streams import HandleDataStream, Memory64ListStream, MemoryListStream, ThreadInfoListStream, UnloadedModuleListStream
from .facts import MAX_LOOK, Facts

YES = "yes"
NO = "no"
PARTIAL = "partial"
UNKNOWN = "unknown"
"""The file cannot show it: the bit changes how the writer works, not what it leaves."""

CODE_WINDOW = 0x100
"""Bytes of code before and after an instruction pointer that writers store at the most; dbghelp takes 128."""

SHARED_DATA = 0x7FFE0000
"""KUSER_SHARED_DATA, a page that newer writers store in every dump."""

Answer = Tuple[str, str, Optional[int]]


class Promise(NamedTuple):
    """One bit: whether it was asked for, whether its content is there, and by what that is known (with a file offset)."""

    bit: int
    name: str
    asked: bool
    delivered: str
    note: str
    offset: Optional[int]


def _share(part: int, whole: int, noun: str, rest: str, offset: Optional[int] = None) -> Answer:
    if not whole:
        return UNKNOWN, f"there are no {plural(noun)} {rest} to judge by", offset
    state = YES if part == whole else PARTIAL if part else NO
    return state, f"{part} of {counted(whole, noun)} {rest}", offset


def _stream(kind: int, name: str) -> Callable[[Facts], Answer]:
    def look(facts: Facts) -> Answer:
        stream = facts.stream(kind)
        if stream is None:
            return NO, f"no {name}", None
        held = facts.source.available(stream.rva, stream.size)
        if held < stream.size or not stream.size:
            return (PARTIAL if held else NO), f"{name}: {held} of {counted(stream.size, 'byte')} {by_count(held, 'is', 'are')} in the file", stream.offset
        return YES, f"{name}, 0x{stream.size:x} bytes", stream.offset

    return look


def _full(facts: Facts) -> bool:
    return facts.stream(Memory64ListStream) is not None


def _in_full(facts: Facts) -> Optional[Answer]:
    """What flags for parts of memory bring where all of it was asked for: as much as there is of all of it."""
    stream = facts.stream(Memory64ListStream)
    if stream is None:
        return None
    state, note, _ = _full_memory(facts)
    if state == YES:
        return YES, "contained in the full memory", stream.offset
    return state, f"a part of the full memory: {note}", stream.offset


def _full_memory(facts: Facts) -> Answer:
    stream = facts.stream(Memory64ListStream)
    if stream is None:
        return NO, "no Memory64ListStream", None
    full = facts.dump.memory64_list
    if facts.right_base is not None:
        return YES, f"0x{facts.right_base.found.total:x} bytes from 0x{facts.right_base.right:x} on; BaseRva is wrong", stream.offset
    if full.span.refused:
        return PARTIAL, full.damage[0].message, stream.offset
    missing = full.expected_file_size - facts.source.size
    if missing > 0:
        state = PARTIAL if missing < full.total else NO
        return state, f"0x{min(missing, full.total):x} of 0x{full.total:x} bytes are cut off the end of the file", stream.offset
    return YES, f"{counted(len(full), 'range')}, 0x{full.total:x} bytes", stream.offset


def _handles(facts: Facts) -> Answer:
    stream = facts.stream(HandleDataStream)
    if stream is None:
        return NO, "no HandleDataStream", None
    handles = facts.dump.handles
    if handles.span.refused:
        return PARTIAL, handles.damage[0].message, stream.offset
    if not handles.span.claimed:
        return NO, "HandleDataStream with 0 descriptors", stream.offset
    return YES, counted(handles.span.claimed, "handle"), stream.offset


def _tokens(facts: Facts) -> Answer:
    state, note, offset = _stream(19, "TokenStream")(facts)
    if state != NO and not len(facts.dump.tokens):
        return NO, "TokenStream without a token", offset
    return state, note, offset


def _unloaded(facts: Facts) -> Answer:
    stream = facts.stream(UnloadedModuleListStream)
    if stream is None:
        return NO, "no UnloadedModuleListStream: perhaps nothing had been unloaded", None
    return YES, counted(facts.dump.unloaded_modules.span.claimed, "unloaded module"), stream.offset


def _paths(facts: Facts) -> Answer:
    if not facts.writer.is_microsoft:
        return UNKNOWN, "only Microsoft's writers take folders away: another's names without one prove nothing", None
    modules = facts.modules(MAX_LOOK)
    bare = sum(1 for module in modules if "\\" not in module.path and "/" not in module.path)
    return _share(bare, len(modules), "module name", "without a folder")


def _thread_data(facts: Facts) -> Answer:
    system = facts.dump.system
    if not isinstance(system, Absent) and not system.is_windows:
        return UNKNOWN, "TEBs are of Windows, and the process ran on another system", None
    threads = [thread for thread in facts.threads(MAX_LOOK) if thread.teb]
    captured = sum(1 for thread in threads if facts.has(thread.teb, 8))
    if _full(facts) and captured == len(threads):
        return YES, "contained in the full memory", None
    return _share(captured, len(threads), "TEB", "in captured memory")


def _thread_info(facts: Facts) -> Answer:
    stream = facts.stream(ThreadInfoListStream)
    if stream is None:
        return NO, "no ThreadInfoListStream", None
    infos = facts.dump.thread_infos
    if infos.span.refused:
        return PARTIAL, infos.damage[0].message, stream.offset
    valid = sum(1 for info in infos.walk(0, MAX_LOOK) if not info.dump_flags & 8)
    return _share(valid, min(len(infos), MAX_LOOK), "entry", "with valid times", stream.offset)


def _modules(facts: Facts, part: Callable[[Module], Tuple[int, int]], noun: str, rest: str) -> Answer:
    inside = _in_full(facts)
    if inside is not None:
        return inside
    modules = facts.modules(MAX_LOOK)
    found = sum(1 for module in modules if facts.has(*part(module)))
    return _share(found, len(modules), noun, rest)


def _headers(facts: Facts) -> Answer:
    return _modules(facts, lambda module: (module.base, 0x40), "module header", "in captured memory")


def _code(facts: Facts) -> Answer:
    return _modules(facts, lambda module: (module.base + 0x1000, 0x200), "module", "whose first code page is captured")


def _code_windows(facts: Facts) -> List[Tuple[int, int]]:
    """The stretches of code that every dump has around the instruction pointers of its threads and its exception, those that overlap as one."""
    windows: List[Tuple[int, int]] = []
    for pointer in sorted(facts.instruction_pointers):
        start, end = pointer - CODE_WINDOW, pointer + CODE_WINDOW
        if windows and start <= windows[-1][1]:
            windows[-1] = windows[-1][0], end
        else:
            windows.append((start, end))
    return windows


def _inside(windows: List[Tuple[int, int]], start: int, end: int) -> bool:
    """Whether a range lies in one of the windows."""
    at = bisect_right(windows, (start, 1 << 65)) - 1
    return at >= 0 and end <= windows[at][1]


def _stretches_in_modules(facts: Facts) -> Tuple[int, int]:
    """How many modules have captured bytes beyond the 256 bytes of code at an instruction pointer and their headers."""
    modules = facts.modules(MAX_LOOK)
    with_data = set()
    windows = _code_windows(facts)
    for start, end, _ in facts.dump.memory.spans():
        if end - start <= 0x100 or _inside(windows, start, end):
            continue
        module = facts.dump.modules.at(start)
        if module is not None and start > module.base:
            with_data.add(module.index)
    return len(with_data), len(modules)


def _globals(facts: Facts) -> Answer:
    inside = _in_full(facts)
    if inside is not None:
        return inside
    found, whole = _stretches_in_modules(facts)
    if not whole:
        return UNKNOWN, "there are no modules to judge by", None
    if not facts.asked(MiniDumpWithDataSegs) and found * 2 < whole:
        return UNKNOWN, f"{found} of {counted(whole, 'module')} {by_count(found, 'has', 'have')} captured bytes, which need not be their data", None
    # Not every module has writable data, so that some are without proves nothing.
    return (
        (YES if found * 2 >= whole else PARTIAL if found else NO),
        f"{found} of {counted(whole, 'module')} {by_count(found, 'has', 'have')} data in captured memory",
        None,
    )


def _private(protects: Tuple[int, ...], what: str) -> Callable[[Facts], Answer]:
    def look(facts: Facts) -> Answer:
        inside = _in_full(facts)
        if inside is not None:
            return inside
        regions = [facts.private_regions[protect] for protect in protects if protect in facts.private_regions]
        if not regions:
            known = "has none" if len(facts.dump.regions) else "is not there to tell where it is"
            return UNKNOWN, f"{what}: the map of the address space {known}", None
        captured = sum(facts.dump.memory._count_captured(zip(bases, map(min, sizes, repeat(0x1000)))) for bases, sizes in regions)
        return _share(captured, sum(len(bases) for bases, _ in regions), "region", f"of {what} in captured memory")

    return look


def _indirect(facts: Facts) -> Answer:
    inside = _in_full(facts)
    if inside is not None:
        return inside
    threads = facts.threads(MAX_LOOK)
    stacks = {(thread.stack_start, thread.stack_size) for thread in threads}
    tops = sorted((thread.stack_start, thread.stack_start + thread.stack_size) for thread in threads if thread.stack_size)
    windows = _code_windows(facts)
    others = 0
    for start, size in facts.dump.memory_list._extents(MAX_LOOK):
        if size <= 0x100 or SHARED_DATA <= start < SHARED_DATA + 0x1000 or (start, size) in stacks:
            continue
        if not _inside(tops, start, start + size) and not _inside(windows, start, start + size):
            others += 1
    stream = facts.stream(MemoryListStream)
    if others and not facts.asked(MiniDumpWithIndirectlyReferencedMemory):
        return UNKNOWN, f"{counted(others, 'captured range')} of another kind, which other flags or the program itself may have brought", None
    note = f"{counted(others, 'captured range')} neither of a stack, nor of code at an instruction pointer, nor the shared user data"
    return (YES if others else NO), note, stream.offset if stream else None


def _extended(facts: Facts) -> Answer:
    misc = facts.dump.misc
    if isinstance(misc, Absent):
        return NO, "no MiscInfoStream to describe extended registers", None
    xstate = misc.xstate
    if isinstance(xstate, Absent):
        return NO, "MiscInfo describes no extended registers", misc.offset
    larger = [thread for thread in facts.threads(MAX_LOOK) if thread.context_size > 0x4D0 or (not facts.is_64 and thread.context_size > 0x2CC)]
    state = YES if larger else PARTIAL
    return (
        state,
        f"{len(larger)} of {counted(len(facts.dump.threads), 'context')} {by_count(len(larger), 'has', 'have')} room for extended registers",
        misc.offset,
    )


def _unknowable(why: str) -> Callable[[Facts], Answer]:
    def look(facts: Facts) -> Answer:
        return UNKNOWN, why, None

    return look


_LOOK: Dict[int, Callable[[Facts], Answer]] = {
    0x1: _globals,
    0x2: _full_memory,
    0x4: _handles,
    0x8: _unknowable("stacks are filtered in place: the file does not say so"),
    0x10: _unknowable("only changes what the writer's callback is told"),
    0x20: _unloaded,
    0x40: _indirect,
    0x80: _paths,
    0x100: _thread_data,
    0x200: _private((0x04, 0x40), "private read-write memory"),
    0x400: _unknowable("takes things away: the file does not say which"),
    0x800: _stream(16, "MemoryInfoListStream"),
    0x1000: _thread_info,
    0x2000: _code,
    0x4000: _unknowable("takes memory away that helper DLLs offer"),
    0x8000: _unknowable("adds memory that helper DLLs name; the file does not tell it from other memory"),
    0x10000: _private((0x08, 0x80), "private write-copy memory"),
    0x20000: _unknowable("only changes what happens when memory cannot be read"),
    0x40000: _tokens,
    0x80000: _headers,
    0x100000: _unknowable("takes personal data away: the file does not say what"),
    0x200000: _extended,
    0x400000: _stream(23, "IptTraceStream"),
    0x800000: _unknowable("only changes how unreadable regions are retried"),
    0x1000000: _unknowable("takes write-combined memory away"),
    0x2000000: _unknowable("only changes what happens when memory cannot be read"),
    0x4000000: _stream(25, "CompressedMemoryStream"),
}


def promise(facts: Facts, bit: int) -> Promise:
    """One bit. Raises KeyError for a number that is no bit of MINIDUMP_TYPE."""
    delivered, note, offset = (UNKNOWN, "the directory cannot be read", None) if facts.directory_unreadable else _LOOK[bit](facts)
    return Promise(bit, MINIDUMP_TYPE_BITS[bit].name, facts.asked(bit), delivered, note, offset)


_JUDGED: WeakKeyDictionary[Facts, List[Promise]] = WeakKeyDictionary()
"""What was found out about a file, as long as somebody has its facts: three rules, ``flags`` and ``why`` ask for the same."""


def promises(facts: Facts) -> List[Promise]:
    """Every bit, lowest first."""
    found = _JUDGED.get(facts)
    if found is None:
        found = _JUDGED[facts] = [promise(facts, bit) for bit in _LOOK]
    return found

"""What each thread waits for, who can end it, and threads that wait for each other."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...dump.streams.handles import Handle
from ...dump.streams.threads import Thread
from ...symbols.images import Images
from ...symbols.names import Namer
from ..code import Code
from ..frames import Proof, Stack
from ..x64.arguments import Argument, Arguments
from .calls import Call, Calls
from .locks import ADDRESS, CONDITION, LOCK, Lock, Locks
from .sections import Section, Sections

HANDLE, SECTION = "handle", "critical section"
ADDRESSES = (SECTION, LOCK, CONDITION, ADDRESS)
"""Kinds whose value is an address of the process."""
BY_LOCKS = ("NtWaitForAlertByThreadId", "NtWaitForKeyedEvent", "NtWaitForSingleObject", "NtWaitForMultipleObjects")
"""Calls by which locks wait, in the versions of Windows."""
MAXIMUM_WAIT_OBJECTS = 64
"""winnt.h: objects of one wait at the most."""
_THREAD, _MUTANT_OWNER, _PROCESS = 1, 3, (4, 5)
_PSEUDO = {-1: "Process", -2: "Thread"}
MAX_THREADS = 1 << 14
"""Threads of a dump that are looked at."""


class Awaited(NamedTuple):
    """One thing that a thread waits for.

    ``value`` is a handle, or the address of a critical section, SRW lock, condition variable or of memory; ``type`` and ``name`` are the
    object's, empty where the handle stream does
    not say. ``owner`` is the id of the thread that has to do something: it owns the section or mutant, or is itself waited for; ``owner_words``
    says which. ``known_by`` says how the value is known; without ``certain`` nothing proves it.
    """

    kind: str
    value: int
    type: str
    name: str
    owner: Optional[int]
    owner_words: str
    known_by: str
    certain: bool
    proofs: Tuple[Proof, ...]


class Wait(NamedTuple):
    """A thread that waits. ``call`` is the system call, ``meaning`` what it waits for in words.

    ``all`` says whether several objects must all be signalled, None where that is not known or there is one; ``note`` says what is not known.
    """

    thread: Optional[Thread]
    tid: int
    call: str
    meaning: str
    objects: Tuple[Awaited, ...]
    all: Optional[bool]
    note: str
    proofs: Tuple[Proof, ...]


class Waits:
    """Finds what the threads of one dump wait for."""

    def __init__(self, dump: Minidump, images: Images, namer: Namer) -> None:
        self._dump = dump
        code = Code(dump, images)
        self._arguments = Arguments(dump, images)
        self._calls = Calls(dump, code, namer, self._arguments)
        self._sections = Sections(dump, code, namer, self._arguments)
        self._locks = Locks(dump, namer, self._arguments)
        self._handles: Dict[int, Optional[Handle]] = {}

    def in_call(self, stack: Stack) -> bool:
        """Whether a thread is in a system call in which threads wait: the innermost frame of its stack is enough to tell."""
        return self._calls.of(stack) is not None

    def of(self, thread: Optional[Thread], tid: int, stack: Stack) -> Optional[Wait]:
        """What a thread with this stack waits for; None where it is in no system call in which threads wait."""
        call = self._calls.of(stack)
        if call is None:
            return None
        width = 8 if stack.architecture == "AMD64" else 4
        meaning = call.meaning
        awaited = self._sections.awaited(stack) if call.name in BY_LOCKS else None
        if awaited is not None:
            item = self._section(*awaited)
            return Wait(thread, tid, call.name, "until it is left", (item,), None, "", call.proofs)
        lock = self._locks.awaited(stack) if call.name in BY_LOCKS else None
        if lock is not None:
            if lock.argument is None:
                return Wait(thread, tid, call.name, lock.meaning, (), None, "which one is not proven", call.proofs)
            return Wait(thread, tid, call.name, lock.call.words, (self._lock(lock, lock.argument),), None, "", call.proofs)
        objects: Tuple[Awaited, ...] = ()
        every: Optional[bool] = None
        note = ""
        if meaning.handle >= 0:
            found = call.argument(meaning.handle)
            if found is None:
                note = "which handle it waits for is not proven"
            else:
                objects = (self._handle(found.value, width, found.words, found.certain, found.proofs),)
        elif call.name == "NtWaitForMultipleObjects":
            objects, every, note = self._several(call, width)
        elif call.name == "NtUserMsgWaitForMultipleObjectsEx":
            objects, note = self._or_messages(call, width)
        return Wait(thread, tid, call.name, meaning.words, objects, every, note, call.proofs)

    def _several(self, call: Call, width: int) -> Tuple[Tuple[Awaited, ...], Optional[bool], str]:
        count, array, kind = call.argument(0), call.argument(1), call.argument(2)
        if count is None or array is None:
            return (), None, "which handles it waits for is not proven"
        number = count.value & 0xFFFFFFFF
        if not 0 < number <= MAXIMUM_WAIT_OBJECTS:
            return (), None, f"{number} handles cannot be waited for"
        data = self._dump.memory.some(array.value, number * width)
        if len(data) < number * width:
            return (), None, f"the array of its {number} handles at 0x{array.value:x} is not in the dump"
        found = []
        for index in range(number):
            at = array.value + index * width
            value = int.from_bytes(data[index * width : (index + 1) * width], "little")
            place = self._dump.memory.locate(at)
            proofs = (*count.proofs, *array.proofs, Proof(f"handle {index} of the array", f"0x{value:x}", "", place[0] if place else None, at))
            words = f"the array at 0x{array.value:x} ({array.words})"
            found.append(self._handle(value, width, words, count.certain and array.certain, proofs))
        every = None if number == 1 or kind is None or not kind.certain else not kind.value & 0xFFFFFFFF
        note = "" if number == 1 or every is not None else "whether one of them is enough is not proven"
        return tuple(found), every, note

    def _or_messages(self, call: Call, width: int) -> Tuple[Tuple[Awaited, ...], str]:
        """The objects of a wait that messages end as well; whether all of them are needed stands in its last argument, on the stack."""
        count = call.argument(0)
        if count is not None and count.certain and not count.value & 0xFFFFFFFF:
            return (), ""
        objects, _, note = self._several(call, width)
        return objects, note if not objects else "a message of its queue may end it too, or is needed besides"

    def _find(self, value: int) -> Optional[Handle]:
        if value not in self._handles:
            self._handles[value] = self._dump.handles.find(value)
        return self._handles[value]

    def _handle(self, value: int, width: int, words: str, certain: bool, proofs: Tuple[Proof, ...]) -> Awaited:
        value &= (1 << 8 * width) - 1
        pseudo = _PSEUDO.get(value - (1 << 8 * width))
        if pseudo is not None:
            return Awaited(HANDLE, value, pseudo, f"the {pseudo.lower()} itself", None, "", words, certain, proofs)
        handle = self._find(value)
        if handle is None:
            return Awaited(HANDLE, value, "", "", None, "", words, certain, proofs)
        owner, owner_words = self._owner(handle)
        proofs = (*proofs, Proof(f"handle 0x{value:x}", " ".join(part for part in (handle.type, handle.name) if part), "", handle.offset))
        return Awaited(HANDLE, value, handle.type, handle.name, owner, owner_words, words, certain, proofs)

    def _owner(self, handle: Handle) -> Tuple[Optional[int], str]:
        """The thread that an object depends on, by its object information."""
        misc = self._dump.misc
        pid = None if isinstance(misc, Absent) or isinstance(misc.process_id, Absent) else misc.process_id
        for block in handle.object_info:
            values = block.values
            if block.type not in (_THREAD, _MUTANT_OWNER) or not values:
                continue
            prefix = "ClientId." if block.type == _THREAD else ""
            process, thread = values.get(f"{prefix}UniqueProcess", 0), values.get(f"{prefix}UniqueThread", 0)
            if block.type == _MUTANT_OWNER and not thread:
                return None, "owned by nobody"
            word = "is" if block.type == _THREAD else "owned by"
            if process == pid or (pid is None and self._dump.threads.find(thread) is not None):
                return thread, f"{word} thread {thread:x}"
            return None, f"{word} thread {thread:x} of process {process:x}"
        return None, ""

    def _section(self, section: Section, argument: Argument, number: int) -> Awaited:
        words = f"owned by thread {section.owner:x}, entered {section.depth} times" if section.depth > 1 else f"owned by thread {section.owner:x}"
        known = f"the argument of RtlEnterCriticalSection, frame {number:02x}: {argument.words}"
        symbol = self._dump.symbol(section.address)
        return Awaited(SECTION, section.address, "", symbol, section.owner, words, known, argument.certain, (*argument.proofs, *section.proofs))

    def _lock(self, lock: Lock, argument: Argument) -> Awaited:
        known = f"the argument of {lock.function}, frame {lock.number:02x}: {argument.words}"
        symbol = self._dump.symbol(argument.value)
        return Awaited(lock.call.kind, argument.value, "", symbol, None, "", known, argument.certain, argument.proofs)


def deadlocks(waits: List[Wait]) -> List[Tuple[Wait, ...]]:
    """Threads that wait for each other in a ring: each ring once, begun at the thread that comes first.

    Only proven waits count, and only those that one owner can end: of several objects those of which all are needed.
    """
    by_tid: Dict[int, Wait] = {}
    for wait in waits:
        by_tid.setdefault(wait.tid, wait)
    found: List[Tuple[Wait, ...]] = []
    settled: Set[int] = set()
    for start in waits:
        if start.tid in settled:
            continue
        path, places, ahead = [start], {start.tid: 0}, [_next(start, by_tid)]
        while ahead:
            following = next(ahead[-1], None)
            if following is None:
                ahead.pop()
                left = path.pop()
                del places[left.tid]
                settled.add(left.tid)
            elif following.tid in places:
                found.append(_from_first(path[places[following.tid] :]))
            elif following.tid not in settled:
                places[following.tid] = len(path)
                path.append(following)
                ahead.append(_next(following, by_tid))
    return found


def _from_first(ring: List[Wait]) -> Tuple[Wait, ...]:
    """A ring, begun at the thread that comes first in the dump."""
    order = [-1 if wait.thread is None else wait.thread.index for wait in ring]
    first = order.index(min(order))
    return (*ring[first:], *ring[:first])


def _next(wait: Wait, by_tid: Dict[int, Wait]) -> Iterator[Wait]:
    """The waits of the threads that a wait needs."""
    if len(wait.objects) > 1 and wait.all is not True:
        return
    for item in wait.objects:
        if item.certain and item.owner is not None and item.owner != wait.tid and item.owner in by_tid:
            yield by_tid[item.owner]

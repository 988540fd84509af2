"""Who opened the handles that are new, where Application Verifier's trace is in the dump; and with which rights.

The trace (HandleOperationListStream) is a ring: it has the last operations of the process. Of a handle that is new its latest operation
counts, if that is an open one; other new handles are not in the trace. In which order the operations stand is documented nowhere: a handle
that is in the handle list cannot have been closed last, and that tells it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from ..dump.minidump import Minidump
from ..dump.streams.handles import HandleOperation
from .compare import handle_changes

OPEN, CLOSE = 1, 2
"""OperationType of an AVRF_HANDLE_OPERATION (source: avrfsdk.h, OperationDbOPEN and OperationDbCLOSE)."""
MAX_STACKS = 10_000
"""Stacks that are kept apart."""

Grown = Union[str, Tuple[str, str]]
"""What grows: a type, or a type and a name."""


class Opening(NamedTuple):
    """Handles of a type and name that are new in the last dump and were opened from one stack.

    ``stack`` are return addresses, innermost first; ``handle``, ``thread_id`` and ``offset`` (of its AVRF_HANDLE_OPERATION in the file) are
    those of the last one. ``stack`` is empty for handles that the trace does not have, or without a stack.
    """

    type: str
    name: str
    count: int  # type: ignore[assignment]
    stack: Tuple[int, ...]
    handle: int
    thread_id: Optional[int]
    offset: Optional[int]

    def of(self, grown: Grown) -> bool:
        """Whether it is of what grows."""
        return self.type == grown if isinstance(grown, str) else (self.type, self.name) == grown


class Trace(NamedTuple):
    """The latest operation of each handle in a trace, by its number; whether it is the first of them, and whether the file tells that."""

    latest: Dict[int, int]
    newest_first: bool
    known: bool


def trace_of(dump: Minidump) -> Trace:
    """The trace of a dump. Uses of handles that are no handles do not change them, and do not count."""
    first: Dict[int, Tuple[int, int]] = {}
    last: Dict[int, Tuple[int, int]] = {}
    for number, operation in enumerate(dump.handle_operations):
        if operation.operation in (OPEN, CLOSE):
            first.setdefault(operation.handle, (number, operation.operation))
            last[operation.handle] = number, operation.operation
    oldest = newest = 0
    for handle in dump.handles if last else ():
        if handle.handle in last:
            oldest += first[handle.handle][1] == CLOSE
            newest += last[handle.handle][1] == CLOSE
    chosen = first if newest > oldest else last
    return Trace({handle: number for handle, (number, _) in chosen.items()}, newest > oldest, newest != oldest)


def openings(first: Minidump, last: Minidump) -> List[Opening]:
    """New handles of the last dump by type, name and the stack that opened them, the largest number first; empty where it has no trace."""
    trace = last.handle_operations
    if not len(trace):
        return []
    latest = trace_of(last).latest
    counts: Counter[Tuple[str, str, Tuple[int, ...]]] = Counter()
    examples: Dict[Tuple[str, str, Tuple[int, ...]], Tuple[int, Optional[HandleOperation]]] = {}
    for change in handle_changes(first, last):
        if change.after is None:
            continue
        number = latest.get(change.handle)
        operation = None if number is None else trace[number]
        if operation is not None and operation.operation != OPEN:
            operation = None
        key = (*change.after, () if operation is None else tuple(operation.stack))
        if key not in counts and len(counts) >= MAX_STACKS:
            continue
        counts[key] += 1
        examples[key] = change.handle, operation
    found = []
    for (kind, name, stack), count in counts.items():
        handle, operation = examples[kind, name, stack]
        found.append(Opening(kind, name, count, stack, handle, operation and operation.thread_id, operation and operation.offset))
    return sorted(found, key=lambda item: (-item.count, not item.stack, item.type, item.name, item.stack))


def rights_growth(first: Minidump, last: Minidump, grown: Sequence[Grown]) -> Dict[Grown, List[Tuple[int, int]]]:
    """For each of what grows the access masks of which the last dump has more handles, and how many more; the largest number first."""
    wanted: Set[Any] = set(grown)
    sums: Dict[Any, Counter[int]] = {item: Counter() for item in wanted}
    for dump, sign in ((first, -1), (last, 1)):
        for handle in dump.handles if wanted else ():
            for key in (handle.type, (handle.type, handle.name)):
                if key in wanted:
                    sums[key][handle.granted_access] += sign
    return {item: sorted(((mask, count) for mask, count in found.items() if count > 0), key=lambda row: (-row[1], row[0])) for item, found in sums.items()}

"""What ReadHandleData answers: the interface behind ``!handle``.

Observed: dbgeng 10.0.15063. A handle is found by its value without the low two bits, and the first descriptor in the file wins;
the count counts such values, leaving out those whose first descriptor has the value 0.
"""

from __future__ import annotations

from functools import cached_property
from typing import Iterator, List, NamedTuple, Optional, Set, Tuple

from ...dump.salt import SALT
from ...format.handles import MINIDUMP_HANDLE_DESCRIPTOR, MINIDUMP_HANDLE_DESCRIPTOR_2, MINIDUMP_HANDLE_OBJECT_INFORMATION
from .answers import E_NOINTERFACE, FILE_CORRUPT, S_OK, HandlesAnswer
from .opening import READ_FAULT
from .streams import Streams
from .strict import View

S_FALSE = 1
TYPE_LIMIT = 256
NAME_LIMIT = 4096
"""Characters, NUL included, of the buffers with which names are asked for."""

GRANULE = 0x10000
NEIGHBOURS = 1 << 24
"""The engine reads lengths of names without a look at the file's end. After the file's pages nothing can be read up to the next
granule; a good deal of what follows then is other memory of the debugger, and can."""

LOW_VALUES = 1 << 24
"""Handle values below four times this have a bit of their own while duplicates are looked for."""
KEPT_VALUES = 1 << 18
"""Larger values that are kept at a time while duplicates are looked for."""

INFORMATION = {6: 1, 7: 2, 8: 3, 11: 4, 12: 5, 13: 6, 14: 7, 15: 8}
"""InfoType of the blocks that ReadHandleData's data types ask for."""
CHAIN_LIMIT = 4096

_ROW = ("Handle", "TypeNameRva", "ObjectNameRva", "Attributes", "GrantedAccess", "HandleCount", "PointerCount")


class HandleRow(NamedTuple):
    """One handle as the engine answers it; ``hresult`` is of the basic data, the others of the two names."""

    handle: int
    attributes: int
    access: int
    handle_count: int
    pointer_count: int
    hresult: int
    type_hresult: int
    type: str
    name_hresult: int
    name: str
    offset: int


def _text(view: View, rva: int, limit: int) -> Tuple[int, str]:
    """HRESULT and text of a name asked for with a buffer of ``limit`` characters."""
    if rva == 0:
        return S_OK, ""
    if view.misplaced("String", rva, 4):
        return FILE_CORRUPT, ""
    length = view.u32(rva)
    if view.misplaced("String", rva + 4, length):
        return FILE_CORRUPT, ""
    text = view.source.some(rva + 4, min(length & ~1, 2 * limit)).decode("utf-16-le", "surrogatepass").partition("\0")[0]
    units = len(text) + sum(1 for char in text if char > "\uffff")
    if units >= limit:
        cut = text.encode("utf-16-le", "surrogatepass")[: 2 * limit]
        return S_FALSE, cut.decode("utf-16-le", "surrogatepass")
    return S_OK, text


def _faults(view: View, rva: int) -> bool:
    if rva + 4 <= view.end:
        return False
    edge = (view.end + GRANULE - 1) // GRANULE * GRANULE
    return not edge <= rva < edge + NEIGHBOURS


class Handles:
    """The engine's view of HandleDataStream."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.taken = streams.taken(12)
        self._cache: List[Tuple[int, int, Tuple[int, str]]] = []

    def _values(self) -> Iterator[int]:
        assert self.taken is not None
        for _, (value,) in self.streams.rows(self.taken, MINIDUMP_HANDLE_DESCRIPTOR.select("Handle", stride=self.taken.element)):
            yield value

    @cached_property
    def _repeated(self) -> bytearray:
        """One byte for each descriptor: whether an earlier one has the same value."""
        assert self.taken is not None
        repeated = bytearray(self.taken.number)
        low = bytearray(LOW_VALUES // 8) if self.taken.number else bytearray()
        large = 0
        for index, value in enumerate(self._values()):
            value >>= 2
            if value >= LOW_VALUES:
                large += 1
                continue
            bit = 1 << (value & 7)
            if low[value >> 3] & bit:
                repeated[index] = 1
            low[value >> 3] |= bit
        rounds = (large + KEPT_VALUES - 1) // KEPT_VALUES
        for part in range(rounds):
            seen: Set[int] = set()
            for index, value in enumerate(self._values()):
                value >>= 2
                if value < LOW_VALUES or value % rounds != part:
                    continue
                value *= SALT
                if value in seen:
                    repeated[index] = 1
                elif len(seen) < 8 * KEPT_VALUES:
                    seen.add(value)
        return repeated

    @cached_property
    def answer(self) -> HandlesAnswer:
        """HANDLE_COUNT."""
        if self.taken is None:
            return HandlesAnswer(E_NOINTERFACE, 0)
        repeated = self._repeated
        return HandlesAnswer(S_OK, sum(1 for index, value in enumerate(self._values()) if value and not repeated[index]))

    def rows(self) -> Iterator[HandleRow]:
        """What the engine answers for each value, in the order in which the file has them first."""
        if self.taken is None:
            return
        view = self.streams.view
        repeated = self._repeated
        reader = MINIDUMP_HANDLE_DESCRIPTOR.select(*_ROW, stride=self.taken.element)
        for index, (offset, values) in enumerate(self.streams.rows(self.taken, reader)):
            if repeated[index]:
                continue
            value, type_rva, name_rva, attributes, access, handles, pointers = values
            hresult = S_OK
            if _faults(view, type_rva) or _faults(view, name_rva):
                hresult, attributes, access, handles, pointers = READ_FAULT, 0, 0, 0, 0
            kind = _text(view, type_rva, TYPE_LIMIT)
            name = _text(view, name_rva, NAME_LIMIT)
            yield HandleRow(value & ~3, attributes, access, handles, pointers, hresult, *kind, *name, offset)

    def find(self, handle: int) -> Optional[int]:
        """Offset of the descriptor that answers for a handle."""
        if self.taken is None:
            return None
        for index, value in enumerate(self._values()):
            if value >> 2 == handle >> 2:
                return self.taken.first + index * self.taken.element
        return None

    def information(self, handle: int, data_type: int) -> Tuple[int, int, int]:
        """HRESULT, offset and size of a block of object information, asked for by ReadHandleData's data type (6 to 8, 11 to 15).

        The engine follows a chain that loops for ever; this gives up.
        """
        offset = self.find(handle)
        view = self.streams.view
        if offset is None or self.taken is None or self.taken.element < MINIDUMP_HANDLE_DESCRIPTOR_2.size:
            return E_NOINTERFACE, 0, 0
        rva = view.u32(offset + MINIDUMP_HANDLE_DESCRIPTOR_2.offset_of("ObjectInfoRva"))
        size = MINIDUMP_HANDLE_OBJECT_INFORMATION.size
        for _ in range(CHAIN_LIMIT):
            if not rva:
                return E_NOINTERFACE, 0, 0
            if view.misplaced("", rva, size):
                return FILE_CORRUPT, 0, 0
            if view.u32(rva + 4) == INFORMATION[data_type]:
                length = view.u32(rva + 8)
                return (READ_FAULT if rva + size + length > view.end else S_OK), rva + size, length
            rva = view.u32(rva)
        return E_NOINTERFACE, 0, 0

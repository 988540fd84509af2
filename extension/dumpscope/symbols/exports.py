"""The export directory of an image: names for addresses where there are no symbols."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..format.pe import IMAGE_EXPORT_DIRECTORY

MAX_EXPORTS = 0x10000
"""Functions and names that are read: an ordinal is a USHORT."""
MAX_NAME = 4096
"""Bytes of a name that are read; MAX_SYM_NAME of dbghelp is 2000 characters."""
_DIRECTORY = IMAGE_EXPORT_DIRECTORY.select(
    "Name", "Base", "NumberOfFunctions", "NumberOfNames", "AddressOfFunctions", "AddressOfNames", "AddressOfNameOrdinals"
)

Read = Callable[[int, int], bytes]


class Export(NamedTuple):
    """One exported function or datum at ``rva``. ``name`` is empty where only the ordinal is known; ``forwarder`` is ``DLL.NAME``."""

    rva: int
    name: str
    ordinal: int
    forwarder: str = ""


class Exports:
    """An export table, sorted by address. Names are decoded when they are asked for, so that a table costs what its numbers cost.

    ``name`` is the library's own name. A forwarder's address is that of its text, as for the debugger (observed: dbgeng 10.0.15063).
    """

    def __init__(self, read: Read, name: str, base: int, functions: Sequence[int], names: Sequence[Tuple[int, int]], span: Tuple[int, int]) -> None:
        self._read = read
        self.name = name
        self.base = base
        self._functions = functions
        self._names = names
        """(RVA of the name, index of the function) in the order of the table, which is that of the names."""
        self._span = span
        self._starts: Optional[Sequence[int]] = None
        self._rows: List[Tuple[int, int, int]] = []

    def __len__(self) -> int:
        return sum(1 for rva in self._functions if rva)

    def _forwarded(self, rva: int) -> bool:
        return self._span[0] <= rva < self._span[1]

    def _text(self, rva: int) -> str:
        return c_string(self._read, rva)

    def __iter__(self) -> Iterator[Export]:
        """All of them: those with names in the order of the names, then those with only an ordinal."""
        named = set()
        for name_rva, index in self._names:
            named.add(index)
            rva = self._functions[index]
            if rva:
                yield Export(rva, self._text(name_rva), self.base + index, self._text(rva) if self._forwarded(rva) else "")
        for index, rva in enumerate(self._functions):
            if rva and index not in named:
                yield Export(rva, "", self.base + index, self._text(rva) if self._forwarded(rva) else "")

    def _sorted(self) -> Sequence[int]:
        """Their addresses, ascending; beside them rows of (address, order, place)."""
        if self._starts is None:
            named = set()
            rows = []
            for order, (_, index) in enumerate(self._names):
                named.add(index)
                rva = self._functions[index]
                if rva:
                    rows.append((rva, order, index))
            for index, rva in enumerate(self._functions):
                if rva and index not in named:
                    rows.append((rva, -1, index))
            rows.sort()
            self._rows = rows
            self._starts = array("Q", (row[0] for row in rows))
        return self._starts

    def at(self, rva: int) -> Optional[Export]:
        """The last export that begins at or before ``rva``, None if there is none."""
        position = bisect_right(self._sorted(), rva) - 1
        if position < 0:
            return None
        start, order, index = self._rows[position]
        name = self._text(self._names[order][0]) if order >= 0 else ""
        return Export(start, name, self.base + index, self._text(start) if self._forwarded(start) else "")

    def aliases(self, rva: int) -> List[str]:
        """All names that begin exactly at ``rva``, in the order of the table."""
        position = bisect_right(self._sorted(), rva) - 1
        found = []
        while position >= 0 and self._rows[position][0] == rva:
            order = self._rows[position][1]
            if order >= 0:
                found.append(self._text(self._names[order][0]))
            position -= 1
        return found[::-1]


def c_string(read: Read, rva: int) -> str:
    """Text at ``rva`` up to its NUL, MAX_NAME bytes at the most."""
    data = read(rva, 64)
    if b"\0" not in data and len(data) == 64:
        data = read(rva, MAX_NAME)
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")


def _numbers(read: Read, rva: int, count: int, code: str) -> Sequence[int]:
    """As many of ``count`` numbers as are there."""
    size = array(code).itemsize
    data = read(rva, count * size)
    numbers = array(code)
    numbers.frombytes(data[: len(data) // size * size])
    return numbers


def read_exports(read: Read, rva: int, size: int) -> Exports:
    """The table at ``rva``, as far as it can be read."""
    head = read(rva, IMAGE_EXPORT_DIRECTORY.size)
    if len(head) < IMAGE_EXPORT_DIRECTORY.size:
        return NO_EXPORTS
    name, base, functions, names, functions_rva, names_rva, ordinals_rva = _DIRECTORY.unpack(head)
    addresses = _numbers(read, functions_rva, min(functions, MAX_EXPORTS), "I")
    name_rvas = _numbers(read, names_rva, min(names, MAX_EXPORTS), "I")
    indices = _numbers(read, ordinals_rva, min(names, MAX_EXPORTS), "H")
    known = [(text, index) for text, index in zip(name_rvas, indices) if index < len(addresses)]
    return Exports(read, c_string(read, name), base, addresses, known, (rva, rva + size))


NO_EXPORTS = Exports(lambda rva, size: b"", "", 0, (), (), (0, 0))

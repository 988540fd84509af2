"""Which RUNTIME_FUNCTION covers an address: the rows of an image's .pdata, and the dump's tables of run-time code."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...dump.absence import DAMAGED, EMPTY, NOT_CAPTURED, Absent
from ...dump.minidump import Minidump
from ...dump.streams.functions import FunctionTable
from ...dump.streams.modules import Module
from ...format.functions import RUNTIME_FUNCTION_AMD64
from ...format.pe import IMAGE_FILE_MACHINE_ARM64
from ...format.unwind import IMAGE_DIRECTORY_ENTRY_EXCEPTION
from ...symbols.image import Image
from ...symbols.images import Images
from .unwindinfo import Row

ROW = RUNTIME_FUNCTION_AMD64.size
MAX_IMAGE = 1 << 31
"""Images are below 2 GiB: offsets from the base have 31 bits."""


class Region:
    """Code with one base: an image, or the code of one table of FunctionTableStream.

    ``read(offset, size)`` gives what is at hand of its bytes by offset from ``base``; ``name`` is the module's. ``image``
    is None for run-time code, whose rows stand in the dump itself.
    """

    def __init__(
        self,
        base: int,
        end: int,
        name: str,
        read: Callable[[int, int], bytes],
        rows: Rows,
        image: Optional[Image] = None,
        dump: Optional[Minidump] = None,
    ) -> None:
        self.base = base
        self.end = end
        self.name = name
        self.read = read
        self.rows = rows
        self.image = image
        self._dump = dump

    def place(self, rva: int) -> Tuple[str, Optional[int]]:
        """The file that holds a byte (an empty string for the dump), and its offset there; None where it is nowhere."""
        if self.image is not None:
            found = self.image.place(rva)
            return ("", None) if found is None else (found.path, found.offset)
        place = self._dump.memory.locate(self.base + rva) if self._dump is not None else None
        return "", None if place is None else place[0]


class Rows:
    """RUNTIME_FUNCTION rows in the order of their beginnings."""

    def __init__(self, begins: Sequence[int], ends: Sequence[int], unwinds: Sequence[int], place: int, *, whole: bool = True, size: int = ROW) -> None:
        order: Optional[List[int]] = None
        if any(low > high for low, high in zip(begins, begins[1:])):
            order = sorted(range(len(begins)), key=begins.__getitem__)
            begins = [begins[index] for index in order]
        self._begins, self._ends, self._unwinds, self._order = begins, ends, unwinds, order
        self._place = place
        self._size = size
        self.whole = whole

    def __len__(self) -> int:
        return len(self._begins)

    def at(self, rva: int) -> Union[Row, Absent, None]:
        """The row that covers an offset; None for code without one, Absent where rows are missing."""
        position = bisect_right(self._begins, rva) - 1
        if position >= 0:
            index = position if self._order is None else self._order[position]
            begin, end = self._begins[position], self._ends[index]
            if rva < end:
                return Row(begin, end, self._unwinds[index], index, self._place + self._size * index)
        if not self.whole and position == len(self._begins) - 1:
            return Absent(NOT_CAPTURED, f"the rows of .pdata after number {len(self._begins) - 1} are not at hand")
        return None


def numbers_of(data: bytes) -> array[int]:
    """The 32-bit numbers that bytes hold."""
    numbers = array("I", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


class Columns(NamedTuple):
    """The numbers of an exception directory, a column for each field of a row; ``whole`` is false where rows at its end are not at hand."""

    fields: Tuple[Sequence[int], ...]
    rva: int
    whole: bool


def read_columns(image: Image, row: int) -> Union[Columns, Absent]:
    """The rows of ``row`` bytes in an image's exception directory, without those of zeros that fill its section."""
    rva, size = image.directory(IMAGE_DIRECTORY_ENTRY_EXCEPTION)
    if not rva or size < row:
        return Absent(EMPTY, "the image has no unwind data (.pdata)")
    if size > MAX_IMAGE or rva > MAX_IMAGE:
        return Absent(DAMAGED, f"the image's exception directory (+0x{rva:x}, 0x{size:x} bytes) is larger than an image can be")
    data = image.read(rva, size // row * row)
    held = len(data) // row * row
    if not held:
        return Absent(NOT_CAPTURED, f"the rows of .pdata at +0x{rva:x} are not at hand")
    numbers = numbers_of(data[:held])
    width = row // 4
    fields = [numbers[place::width] for place in range(width)]
    used = len(fields[0])
    while used and not fields[0][used - 1]:
        used -= 1
    return Columns(tuple(field[:used] for field in fields), rva, held == size // row * row)


def read_rows(image: Image) -> Union[Rows, Absent]:
    """The rows of an image's exception directory."""
    if image.machine == IMAGE_FILE_MACHINE_ARM64:
        return Absent(EMPTY, "the image is for ARM64: its unwind data have another form than those of x64")
    found = read_columns(image, ROW)
    if isinstance(found, Absent):
        return found
    begins, ends, unwinds = found.fields
    return Rows(begins, ends, unwinds, found.rva, whole=found.whole)


class Regions:
    """The code of a dump by address. Images are looked for once each, their rows read once."""

    row_size = ROW

    def __init__(self, dump: Minidump, images: Images) -> None:
        self._dump = dump
        self._images = images
        self._modules: List[Union[Region, Absent, None]] = [None] * len(dump.modules)
        self._tables: Optional[List[FunctionTable]] = None
        self._dynamic: Dict[int, Region] = {}

    def module(self, address: int) -> Optional[Module]:
        """The module that an address lies in."""
        return self._dump.modules.at(address)

    def of(self, module: Module) -> Union[Region, Absent]:
        """The code of a module, or why there is none to read."""
        found = self._modules[module.index]
        if found is None:
            found = self._modules[module.index] = self._open(module)
        return found

    @staticmethod
    def rows_of(image: Image) -> Union[Rows, Absent]:
        """The rows of an image."""
        return read_rows(image)

    def _open(self, module: Module) -> Union[Region, Absent]:
        image = self._images.find(module)
        if isinstance(image, Absent):
            return image
        rows = self.rows_of(image)
        if isinstance(rows, Absent):
            return rows
        return Region(module.base, module.end, module.name, image.read, rows, image)

    def dynamic(self, address: int) -> Optional[Region]:
        """The run-time code that an address lies in, by FunctionTableStream."""
        if self._tables is None:
            self._tables = [table for table in self._dump.functions if table.entry_size >= self.row_size]
        for table in self._tables:
            if table.minimum <= address < table.maximum:
                found = self._dynamic.get(table.index)
                if found is None:
                    found = self._dynamic[table.index] = self._table(table)
                return found
        return None

    def _table(self, table: FunctionTable) -> Region:
        memory = self._dump.memory
        base = table.base

        def read(offset: int, size: int) -> bytes:
            return memory.some(base + offset, size)

        entries = list(table.entries())
        ends = [e.end if self.row_size == ROW else MAX_IMAGE for e in entries]
        rows = Rows([e.begin for e in entries], ends, [e.unwind for e in entries], table.first, size=table.entry_size)
        return Region(base, table.maximum, "", read, rows, None, self._dump)

"""Symbol files of Breakpad (``.sym``): functions, files, lines, inlined functions, and how to unwind.

Only the places of the records are kept, not the records: a function's lines are decoded when they are asked for.
Source of the format: google/breakpad docs/symbol_files.md.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
from array import array
from bisect import bisect_right
from functools import cached_property
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..dump.absence import DAMAGED, NOT_THERE, Absent

MAX_FILE = 1 << 32
"""Bytes of a symbol file that is opened."""
MAX_LINE = 1 << 16
"""Bytes of one record."""
MAX_LINES = 1 << 20
"""Lines of one function that are read."""
MAX_INLINE_DEPTH = 256

_FUNC = re.compile(rb"^FUNC (?:m )?([0-9a-fA-F]{1,16}) ([0-9a-fA-F]{1,16}) ", re.M)
_PUBLIC = re.compile(rb"^PUBLIC (?:m )?([0-9a-fA-F]{1,16}) ", re.M)
_WIN = re.compile(rb"^STACK WIN ([0-9a-fA-F]) ([0-9a-fA-F]{1,16}) ([0-9a-fA-F]{1,16}) ", re.M)
_CFI = re.compile(rb"^STACK CFI INIT ([0-9a-fA-F]{1,16}) ([0-9a-fA-F]{1,16}) ", re.M)
_FILES = re.compile(rb"^FILE (\d{1,9}) ([^\r\n]{0,4096})", re.M)
_ORIGINS = re.compile(rb"^INLINE_ORIGIN (\d{1,9}) ([^\r\n]{0,8192})", re.M)
_LIMIT = 1 << 64

Data = Union[bytes, mmap.mmap]


class Function(NamedTuple):
    """A FUNC or PUBLIC record: ``size`` is 0 for PUBLIC, ``parameters`` the bytes of parameters on the stack."""

    start: int
    size: int
    name: str
    parameters: int
    offset: int


class SourceLine(NamedTuple):
    """A line record: ``file`` and ``line`` of the code at ``start``."""

    start: int
    size: int
    line: int
    file: str


class Inline(NamedTuple):
    """A function put inline: its name, where its code begins, and the line that calls it. ``depth`` 0 is the outermost."""

    depth: int
    start: int
    size: int
    name: str
    call_line: int
    call_file: str


class WinFrame(NamedTuple):
    """A STACK WIN record. ``kind`` is 0 for FPO and 4 for frame data; ``program`` is empty where there is none."""

    kind: int
    start: int
    size: int
    prologue: int
    epilogue: int
    parameters: int
    saved: int
    locals: int
    max_stack: int
    program: str
    uses_frame_pointer: bool
    offset: int


class CfiRow(NamedTuple):
    """The rules of STACK CFI that hold at an address, by register (``.cfa``, ``.ra`` and the machine's names)."""

    start: int
    size: int
    rules: Dict[str, str]
    offset: int


class _Index:
    """Starts, sizes and file offsets of records, sorted by start."""

    def __init__(self, rows: List[Tuple[int, int, int]]) -> None:
        rows.sort(key=lambda row: row[0])
        self.starts = array("Q", (row[0] for row in rows))
        self.sizes = array("Q", (row[1] for row in rows))
        self.offsets = array("Q", (row[2] for row in rows))

    def before(self, address: int) -> int:
        """Number of the last record that begins at or before an address, -1 if there is none."""
        return bisect_right(self.starts, address) - 1

    def covering(self, address: int) -> int:
        """Number of the record that covers an address, -1 if none does.

        Records that begin earlier may reach further; a few of them are looked at.
        """
        position = self.before(address)
        for number in range(position, max(-1, position - 16), -1):
            if address - self.starts[number] < self.sizes[number]:
                return number
        return -1


class SymbolFile:
    """An open Breakpad symbol file, or records of the same form that another library made.

    ``system``, ``architecture``, ``key`` and ``name`` are those of the MODULE record; ``key`` is what a symbol server files it under.
    """

    def __init__(self, data: Data, path: str) -> None:
        self._data = data
        self.path = path
        self.system = self.architecture = self.key = self.name = ""
        words = self._line(0).split(" ", 4)
        if len(words) == 5 and words[0] == "MODULE":
            _, self.system, self.architecture, self.key, self.name = words

    def close(self) -> None:
        """Let go of the file."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()
        self._data = b""

    def _line(self, offset: int) -> str:
        """The record at a file offset, without its end of line."""
        end = self._data.find(b"\n", offset, offset + MAX_LINE)
        data = self._data[offset : end if end >= 0 else offset + MAX_LINE]
        return data.decode("utf-8", "replace").rstrip("\r")

    def _lines(self, offset: int) -> Iterator[Tuple[int, str]]:
        """The records from an offset on, with their offsets."""
        size = len(self._data)
        for _ in range(MAX_LINES):
            if offset >= size:
                return
            text = self._line(offset)
            yield offset, text
            end = self._data.find(b"\n", offset, offset + MAX_LINE)
            if end < 0:
                return
            offset = end + 1

    def _rows(self, pattern: re.Pattern[bytes], sized: bool) -> List[Tuple[int, int, int]]:
        return [(int(match.group(1), 16), int(match.group(2), 16) if sized else 0, match.start()) for match in pattern.finditer(self._data)]

    @cached_property
    def _functions(self) -> _Index:
        return _Index(self._rows(_FUNC, True))

    @cached_property
    def _publics(self) -> _Index:
        return _Index(self._rows(_PUBLIC, False))

    @cached_property
    def _win(self) -> Tuple[_Index, _Index]:
        """FPO records (type 0) and frame data (type 4)."""
        rows: Tuple[List[Tuple[int, int, int]], List[Tuple[int, int, int]]] = ([], [])
        for match in _WIN.finditer(self._data):
            kind = int(match.group(1), 16)
            if kind in (0, 4):
                rows[kind == 4].append((int(match.group(2), 16), int(match.group(3), 16), match.start()))
        return _Index(rows[0]), _Index(rows[1])

    @cached_property
    def _cfi(self) -> _Index:
        return _Index(self._rows(_CFI, True))

    @cached_property
    def _files(self) -> Dict[int, int]:
        return {int(match.group(1)): match.start(2) for match in _FILES.finditer(self._data)}

    @cached_property
    def _origins(self) -> Dict[int, int]:
        return {int(match.group(1)): match.start(2) for match in _ORIGINS.finditer(self._data)}

    def _text(self, table: Dict[int, int], number: int) -> str:
        place = table.get(number)
        return "" if place is None else self._line(place)

    # -- names -----------------------------------------------------------------------------------------------------------------

    def function(self, address: int) -> Optional[Function]:
        """The function that covers an address, else the last PUBLIC before it that no function ends after."""
        functions = self._functions
        position = functions.covering(address)
        if position >= 0:
            offset = functions.offsets[position]
            words = self._line(offset).split(" ")
            words = words[2:] if words[1] == "m" else words[1:]
            name = " ".join(words[3:])
            return Function(functions.starts[position], functions.sizes[position], name, _hex(words[2]) if len(words) > 2 else 0, offset)
        publics = self._publics
        position = publics.before(address)
        if position < 0:
            return None
        before = functions.before(address)
        start = publics.starts[position]
        if before >= 0 and functions.starts[before] > start:
            return None  # a function lies between: the name would be a guess
        offset = publics.offsets[position]
        words = self._line(offset).split(" ")
        words = words[2:] if words[1] == "m" else words[1:]
        return Function(start, 0, " ".join(words[2:]), _hex(words[1]) if len(words) > 1 else 0, offset)

    def lines(self, function: Function, address: int) -> Tuple[Optional[SourceLine], List[Inline]]:
        """The line at an address of a function, and the functions put inline there, outermost first."""
        found: Optional[SourceLine] = None
        inlines: Dict[int, Inline] = {}
        records = self._lines(function.offset)
        next(records, None)
        for _, text in records:
            words = text.split(" ")
            if words[0] == "INLINE":
                inline = self._inline(words, address)
                if inline is not None and inline.depth < MAX_INLINE_DEPTH:
                    inlines[inline.depth] = inline
            elif len(words) == 4 and _is_hex(words[0]):
                start, size = _hex(words[0]), _hex(words[1])
                if found is None and start <= address < start + size:
                    found = SourceLine(start, size, _decimal(words[2]), self._text(self._files, _decimal(words[3])))
            else:
                break
        depths: List[Inline] = []
        while len(depths) in inlines:
            depths.append(inlines[len(depths)])
        return found, depths

    def _inline(self, words: Sequence[str], address: int) -> Optional[Inline]:
        """``INLINE depth call_line call_file origin [start size]+`` if it covers the address."""
        for index in range(5, len(words) - 1, 2):
            start, size = _hex(words[index]), _hex(words[index + 1])
            if start <= address < start + size:
                name = self._text(self._origins, _decimal(words[4]))
                return Inline(_decimal(words[1]), start, size, name, _decimal(words[2]), self._text(self._files, _decimal(words[3])))
        return None

    # -- unwinding -------------------------------------------------------------------------------------------------------------

    @property
    def unwinds(self) -> bool:
        """Whether it has a STACK record."""
        return bool(self._cfi.starts or self._win[0].starts or self._win[1].starts)

    def win(self, address: int) -> Optional[WinFrame]:
        """The STACK WIN record that covers an address: frame data before FPO."""
        for index in (self._win[1], self._win[0]):
            position = index.covering(address)
            if position >= 0:
                return self._win_frame(index.offsets[position])
        return None

    def _win_frame(self, offset: int) -> Optional[WinFrame]:
        # STACK WIN type rva code_size prologue_size epilogue_size parameter_size saved_register_size local_size max_stack has_program
        # program_string_OR_allocates_base_pointer
        words = self._line(offset).split(" ", 12)[2:]
        if len(words) < 11:
            return None
        kind, start, size, prologue, epilogue, parameters, saved, local, most = (_hex(word) for word in words[:9])
        has_program = words[9] != "0"
        program = words[10].strip() if has_program else ""
        return WinFrame(kind, start, size, prologue, epilogue, parameters, saved, local, most, program, not has_program and words[10].strip() != "0", offset)

    def cfi(self, address: int) -> Optional[CfiRow]:
        """The rules of STACK CFI at an address."""
        position = self._cfi.covering(address)
        if position < 0:
            return None
        offset = self._cfi.offsets[position]
        records = self._lines(offset)
        first = next(records)[1].split(" ", 5)
        rules = _rules(first[5] if len(first) > 5 else "")
        for place, text in records:
            if not text.startswith("STACK CFI ") or text.startswith("STACK CFI INIT "):
                break
            words = text.split(" ", 3)
            if len(words) < 4 or not _is_hex(words[2]) or _hex(words[2]) > address:
                break
            rules.update(_rules(words[3]))
            offset = place
        return CfiRow(self._cfi.starts[position], self._cfi.sizes[position], rules, offset)


def _rules(text: str) -> Dict[str, str]:
    """``.cfa: $rsp 8 + .ra: .cfa -8 + ^`` by register."""
    rules: Dict[str, str] = {}
    name = ""
    parts: List[str] = []
    for word in text.split():
        if word.endswith(":"):
            if name:
                rules[name] = " ".join(parts)
            name, parts = word[:-1], []
        else:
            parts.append(word)
    if name:
        rules[name] = " ".join(parts)
    return rules


_HEX = re.compile(r"[0-9a-fA-F]{1,16}\Z")
_DECIMAL = re.compile(r"[0-9]{1,9}\Z")


def _is_hex(word: str) -> bool:
    return _HEX.match(word) is not None


def _hex(word: str) -> int:
    return int(word, 16) if _HEX.match(word) else 0


def _decimal(word: str) -> int:
    return int(word) if _DECIMAL.match(word) else -1


def open_symbol_file(path: str) -> Union[SymbolFile, Absent]:
    """The Breakpad file at ``path``; Absent where it cannot be read or is none."""
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            return Absent(NOT_THERE, f"{path} is not a regular file")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE:
                return Absent(DAMAGED, f"{path} has {size} bytes, {MAX_FILE} are read at the most")
            if file.read(7) != b"MODULE ":
                return Absent(DAMAGED, f"{path} does not begin with MODULE: it is no symbol file of Breakpad")
            return SymbolFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), path)
    except (OSError, ValueError) as error:
        return Absent(NOT_THERE, f"cannot read {path}: {getattr(error, 'strerror', None) or error}")

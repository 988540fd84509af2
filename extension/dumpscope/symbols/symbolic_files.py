"""Symbol files through ``symbolic`` (the extra ``dumpscope[symbols]``): PDB, DWARF in ELF, Mach-O and PE.

The only module that imports it, and only when a file is opened.
"""

from __future__ import annotations

import os
import stat
import tempfile
from functools import cached_property
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..dump.absence import DAMAGED, NOT_APPLICABLE, NOT_THERE, Absent
from ..dump.source import Source
from ..errors import DumpError
from .breakpad import SymbolFile
from .pdb.lists import bad_list
from .undecorate import undecorate

MAX_FILE = 1 << 32
"""Bytes of a symbol file that is opened."""
MAX_PROBES = 4096
"""Bytes before an address that are looked at for the start of a function that was put inline."""
FIRST_SECTION = 0x1000
"""RVA below which no code begins: the headers take the first page."""
MAX_PADDING = 64
"""Bytes after a function that count as its padding."""
MAX_HOOK = 16
"""Bytes at the begin of a function that gcc leaves for a hook, with what aligns them."""
_NO_ADDRESS = 0xFFFFFFFF
_MAGIC = (b"CFIC", b"CIFC")
_HEADER = 8
"""Bytes before the records in what CfiCache writes: a magic number and a version, which newer versions leave out."""


class Location(NamedTuple):
    """A function at an address: ``start`` is where its code begins, ``line`` 0 and ``file`` empty where they are not known."""

    name: str
    start: int
    file: str
    line: int


def available() -> Union[bool, Absent]:
    """Whether ``symbolic`` can be imported; Absent with what to install."""
    try:
        import symbolic.debuginfo  # noqa: F401
    except ImportError as error:
        return Absent(NOT_THERE, f"PDB and DWARF files need the package symbolic ({error}): pip install 'dumpscope[symbols]'")
    return True


def key_of(debug_id: str) -> str:
    """The symbol key of ``5fde16f1-d9dd-915d-4c4c-44205044422e-1``: 32 digits and the age."""
    parts = debug_id.split("-")
    return ("".join(parts[:5]) + (parts[5] if len(parts) > 5 else "0")).upper()


class NativeFile:
    """An open symbol file. ``format`` is ``pdb``, ``elf``, ``macho`` or ``pe``; ``key`` the key that it was made under."""

    def __init__(self, path: str, archive: Any, item: Any) -> None:
        self.path = path
        self._archive = archive
        self._object = item
        self.format = str(item.file_format)
        self.key = key_of(item.debug_id)
        self.has_debug = bool({"debug", "symtab"} & set(item.features))
        self._cache: Any = None

    def locations(self, rva: int) -> Union[List[Location], Absent]:
        """The functions at an RVA, innermost first; Absent where the file's records cannot be read."""
        if self._refused:
            return Absent(DAMAGED, f"{self.path}: {self._refused}")
        try:
            if self._cache is None:
                self._cache = self._object.make_symcache()
            found = self._cache.lookup(rva)
            return [self._location(found, index, rva) for index in range(len(found))]
        except Exception as error:  # noqa: BLE001 - errors of another library, of many classes, over a hostile file
            return Absent(DAMAGED, f"{self.path}: {error}")

    @cached_property
    def _refused(self) -> str:
        """Why a PDB is not given to the library at all: its type records would make it ask for memory that nobody has."""
        if self.format != "pdb":
            return ""
        try:
            source = Source.from_path(self.path)
        except DumpError as error:
            return error.message
        try:
            return bad_list(source)
        finally:
            source.close()

    def nearest(self, rva: int) -> Optional[Location]:
        """The function that an RVA outside all functions is counted from, as the debugger does (observed: dbgeng 10.0.15063).

        In the bytes after a function that is the last one below; below all functions it is the first. None elsewhere: there data have names.
        """
        if rva < FIRST_SECTION:
            return None
        for address in range(rva - 1, max(FIRST_SECTION - 1, rva - MAX_PADDING), -1):
            found = self.locations(address)
            if isinstance(found, list) and found:
                return found[-1]._replace(file="", line=0)
        first = self._first
        return first._replace(file="", line=0) if first is not None and rva < first.start else None

    @cached_property
    def _first(self) -> Optional[Location]:
        """The first function of the file, looked for in the first bytes that can be code."""
        for address in range(FIRST_SECTION, FIRST_SECTION + MAX_PROBES):
            found = self.locations(address)
            if isinstance(found, Absent):
                return None
            if found:
                return found[-1]
        return None

    def _location(self, found: Sequence[Any], index: int, rva: int) -> Location:
        item = found[index]
        start = item.sym_addr
        if start == _NO_ADDRESS:
            start = self._start(found, index, rva)
        elif index == len(found) - 1:
            start = self._hooked(item.symbol, start)
        name = item.symbol
        if self.format == "pdb":
            name = undecorate(name) if name.startswith("?") else without_arguments(name)
        return Location(name, start, item.full_path or "", item.line)

    def _start(self, found: Sequence[Any], index: int, rva: int) -> int:
        """Where the code of a function that was put inline begins: as far down as the same calls lead to it."""
        calls = _calls(found, index)
        for address in range(rva - 1, max(-1, rva - MAX_PROBES), -1):
            below = self._cache.lookup(address)
            place = len(below) - (len(found) - index)
            if place < 0 or _calls(below, place) != calls:
                return address + 1
        return rva

    def _hooked(self, name: str, start: int) -> int:
        """Where a function of a PE file begins that DWARF has without its first instruction.

        gcc's ``ms_hook_prologue`` (Wine: ``lea rsp, [rsp+0]`` of 8 bytes) stands before the range of the function's DIE; the symbol table, the export
        and so the debugger (observed: dbgeng 10.0.15063, kernelbase!InitOnceExecuteOnce) count from there. Only the symbol table knows the bytes
        before: they have the same name, and no line.
        """
        if self.format != "pe" or start <= FIRST_SECTION:
            return start
        below = self._cache.lookup(start - 1)
        if len(below) == 1 and below[0].symbol == name and not below[0].line and start - MAX_HOOK <= below[0].sym_addr < start:
            return int(below[0].sym_addr)
        return start

    def unwind_records(self) -> Union[SymbolFile, Absent]:
        """STACK records as Breakpad writes them, made of the file's frame data or call frame information."""
        try:
            cache = self._object.make_cficache()
            with tempfile.TemporaryFile() as file:
                cache.write_to(file)
                file.seek(0)
                data = file.read(MAX_FILE)
        except Exception as error:  # noqa: BLE001 - as above
            return Absent(DAMAGED, f"{self.path}: {error}")
        return SymbolFile(data[_HEADER:] if data[:4] in _MAGIC else data, self.path)


def _calls(found: Sequence[Any], index: int) -> Tuple[Tuple[str, int], ...]:
    """The function at a place and the lines of its callers."""
    return ((found[index].symbol, 0), *((item.symbol, item.line) for item in found[index + 1 :]))


def without_arguments(name: str) -> str:
    """``ns::f`` for ``ns::f(int, char**)``: the debugger shows names without them."""
    if not name.endswith(")"):
        return name
    depth = 0
    for index in range(len(name) - 1, -1, -1):
        depth += (name[index] == ")") - (name[index] == "(")
        if depth == 0:
            return name[:index] or name
    return name


def open_native(path: str, key: str = "") -> Union[NativeFile, Absent]:
    """The symbol file at ``path``; of several objects in it the one with ``key``, else the first."""
    ready = available()
    if isinstance(ready, Absent):
        return ready
    try:
        mode = os.stat(path)
    except (OSError, ValueError) as error:
        return Absent(NOT_THERE, f"cannot read {path}: {getattr(error, 'strerror', None) or error}")
    if not stat.S_ISREG(mode.st_mode):
        return Absent(NOT_APPLICABLE, f"{path} is not a regular file")
    if mode.st_size > MAX_FILE:
        return Absent(NOT_APPLICABLE, f"{path} has {mode.st_size} bytes, {MAX_FILE} are read at the most")
    from symbolic.debuginfo import Archive

    first: Optional[NativeFile] = None
    try:
        archive = Archive.open(path)
        for item in archive.iter_objects():
            file = NativeFile(path, archive, item)
            if not key or file.key == key.upper():
                return file
            first = first or file
    except Exception as error:  # noqa: BLE001 - as above
        return Absent(DAMAGED, f"{path}: {error}")
    return first or Absent(DAMAGED, f"{path} holds no symbols")

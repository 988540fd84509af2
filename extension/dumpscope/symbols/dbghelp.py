"""PDB files through dbghelp.dll, which is part of Windows.

The file is given to dbghelp by its path, after its key was compared here: dbghelp itself searches and downloads nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, List, Tuple, Union

from ..dump.absence import DAMAGED, NOT_APPLICABLE, NOT_THERE, Absent
from ..dump.source import Source
from ..errors import DumpError
from .breakpad import SymbolFile
from .pdb.msf import pdb_key
from .symbolic_files import Location

_BASE = 0x10000000
"""Where dbghelp is told that the module lies: it wants an address, we ask by RVA."""
_SIZE = 0x60000000
_MAX_NAME = 2000
_SYMOPT_UNDNAME = 0x2
_SYMOPT_LOAD_LINES = 0x10
_SYMOPT_FAIL_CRITICAL_ERRORS = 0x200
_SYMOPT_NO_PROMPTS = 0x80000
_OPTIONS = _SYMOPT_UNDNAME | _SYMOPT_LOAD_LINES | _SYMOPT_FAIL_CRITICAL_ERRORS | _SYMOPT_NO_PROMPTS
_MAX_INLINES = 256

_lock = threading.RLock()
"""All functions of dbghelp are single threaded (Microsoft Learn, "DbgHelp Functions")."""
_library: List[Any] = []


def _shapes() -> Tuple[Any, Any]:
    """SYMBOL_INFOW and IMAGEHLP_LINEW64 (dbghelp.h)."""
    import ctypes

    class SymbolInfo(ctypes.Structure):
        _fields_ = [
            ("SizeOfStruct", ctypes.c_uint32),
            ("TypeIndex", ctypes.c_uint32),
            ("Reserved", ctypes.c_uint64 * 2),
            ("Index", ctypes.c_uint32),
            ("Size", ctypes.c_uint32),
            ("ModBase", ctypes.c_uint64),
            ("Flags", ctypes.c_uint32),
            ("Value", ctypes.c_uint64),
            ("Address", ctypes.c_uint64),
            ("Register", ctypes.c_uint32),
            ("Scope", ctypes.c_uint32),
            ("Tag", ctypes.c_uint32),
            ("NameLen", ctypes.c_uint32),
            ("MaxNameLen", ctypes.c_uint32),
            ("Name", ctypes.c_wchar * _MAX_NAME),
        ]

    class Line(ctypes.Structure):
        _fields_ = [
            ("SizeOfStruct", ctypes.c_uint32),
            ("Key", ctypes.c_void_p),
            ("LineNumber", ctypes.c_uint32),
            ("FileName", ctypes.c_wchar_p),
            ("Address", ctypes.c_uint64),
        ]

    return SymbolInfo, Line


SIZE_OF_SYMBOL_INFOW = 88
"""sizeof(SYMBOL_INFOW) with one character of the name, on x64 and on x86."""


def _load() -> Any:
    """dbghelp.dll with the types of the functions that are called. Raises OSError or AttributeError."""
    import ctypes

    if not _library:
        library = getattr(ctypes, "WinDLL")("dbghelp", use_last_error=True)  # noqa: B009 - absent on other systems
        handle, u32, u64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
        pointer = ctypes.c_void_p
        library.SymSetOptions.argtypes = (u32,)
        library.SymInitializeW.argtypes = (handle, ctypes.c_wchar_p, ctypes.c_int)
        library.SymCleanup.argtypes = (handle,)
        library.SymLoadModuleExW.argtypes = (handle, handle, ctypes.c_wchar_p, ctypes.c_wchar_p, u64, u32, pointer, u32)
        library.SymLoadModuleExW.restype = u64
        library.SymFromAddrW.argtypes = (handle, u64, pointer, pointer)
        library.SymGetLineFromAddrW64.argtypes = (handle, u64, pointer, pointer)
        library.SymAddrIncludeInlineTrace.argtypes = (handle, u64)
        library.SymAddrIncludeInlineTrace.restype = u32
        library.SymQueryInlineTrace.argtypes = (handle, u64, u32, u64, u64, pointer, pointer)
        library.SymFromInlineContextW.argtypes = (handle, u64, u32, pointer, pointer)
        library.SymGetLineFromInlineContextW.argtypes = (handle, u64, u32, u64, pointer, pointer)
        library.SymSetOptions(_OPTIONS)
        _library.append(library)
    return _library[0]


def _last_error() -> int:
    """What the last call of the library left in GetLastError."""
    import ctypes

    number: int = getattr(ctypes, "get_last_error")()  # noqa: B009 - absent on other systems
    return number


class DbgHelpFile:
    """A PDB that dbghelp has open. ``key`` is the one that the file itself has."""

    format = "pdb"
    has_debug = True
    _next = 0x44530000

    def __init__(self, path: str, key: str) -> None:

        self.path = path
        self.key = key
        self._library = _load()
        self._symbol, self._line = _shapes()
        # Any number names a session; that of the process would be shared with others in it.
        DbgHelpFile._next += 4
        self._handle = DbgHelpFile._next
        if not self._library.SymInitializeW(self._handle, os.path.dirname(path) or ".", 0):
            raise OSError(f"SymInitializeW fails with error {_last_error()}")
        if not self._library.SymLoadModuleExW(self._handle, None, path, None, _BASE, _SIZE, None, 0):
            code = _last_error()
            self.close()
            raise OSError(f"SymLoadModuleExW fails with error {code}")

    def close(self) -> None:
        """End the session."""
        handle, self._handle = self._handle, 0
        if handle:
            self._library.SymCleanup(handle)

    def __del__(self) -> None:
        with _lock:
            if getattr(self, "_handle", 0):
                self.close()

    def locations(self, rva: int) -> Union[List[Location], Absent]:
        """The functions at an RVA, innermost first."""
        import ctypes

        if rva >= _SIZE:
            return []
        address = _BASE + rva
        context, index = ctypes.c_uint32(), ctypes.c_uint32()
        found: List[Location] = []
        with _lock:
            count = min(self._library.SymAddrIncludeInlineTrace(self._handle, address), _MAX_INLINES)
            if count and self._library.SymQueryInlineTrace(self._handle, address, 0, address, address, ctypes.byref(context), ctypes.byref(index)):
                for number in range(count):
                    self._add(found, rva, (address, context.value + number), "SymFromInlineContextW", "SymGetLineFromInlineContextW")
            self._add(found, rva, (address,), "SymFromAddrW", "SymGetLineFromAddrW64")
        return found

    def _add(self, found: List[Location], rva: int, where: Tuple[int, ...], name_by: str, line_by: str) -> None:
        """Ask for the name and the line of one function."""
        import ctypes

        symbol, line = self._symbol(), self._line()
        symbol.SizeOfStruct, symbol.MaxNameLen = SIZE_OF_SYMBOL_INFOW, _MAX_NAME
        line.SizeOfStruct = ctypes.sizeof(line)
        far, near = ctypes.c_uint64(), ctypes.c_uint32()
        if not getattr(self._library, name_by)(self._handle, *where, ctypes.byref(far), ctypes.byref(symbol)):
            return
        base = (_BASE,) if len(where) > 1 else ()
        known = getattr(self._library, line_by)(self._handle, *where, *base, ctypes.byref(near), ctypes.byref(line))
        # A displacement may be negative: for an address below the first symbol dbghelp gives that symbol.
        start = rva - far.value
        if start < 0 or far.value >> 63:
            return
        found.append(Location(symbol.Name, start, (line.FileName or "") if known else "", line.LineNumber if known else 0))

    def unwind_records(self) -> Union[SymbolFile, Absent]:
        """None: dbghelp walks stacks itself, and gives no records."""
        return Absent(NOT_APPLICABLE, "dbghelp gives no unwind records")


def open_dbghelp(path: str) -> Union[DbgHelpFile, Absent]:
    """The PDB at ``path``, through dbghelp; Absent on other systems than Windows, and where it cannot be opened."""
    if sys.platform != "win32":
        return Absent(NOT_APPLICABLE, "dbghelp.dll is part of Windows")
    try:
        source = Source.from_path(path)
    except DumpError as error:
        return Absent(NOT_THERE, error.message)
    try:
        key = pdb_key(source)
    finally:
        source.close()
    if isinstance(key, Absent):
        return key
    try:
        with _lock:
            return DbgHelpFile(path, key)
    except (OSError, AttributeError) as error:
        return Absent(DAMAGED, f"{path}: {error}")

"""The symbol file of a module: which names it may have, where it is looked for, and whether it matches."""

from __future__ import annotations

import os
import sys
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Optional, Protocol, Tuple, Union

from ..dump.absence import NOT_APPLICABLE, NOT_THERE, Absent
from ..dump.source import Source
from ..dump.streams.modules import CodeView, Module
from ..errors import DumpError
from .breakpad import SymbolFile, open_symbol_file
from .dbghelp import DbgHelpFile, open_dbghelp
from .images import Images
from .path import parse_path
from .pdb.conventions import Conventions
from .pdb.msf import pdb_key
from .search import MISMATCH, MISSING, UNREADABLE, USED, Fetcher, Search, Tried, safe_name
from .symbolic_files import Location, NativeFile, available, open_native

BREAKPAD = "breakpad"
PDB = "pdb"
DWARF = "dwarf"
DBGHELP = "dbghelp"


class Wanted(NamedTuple):
    """A file that may hold a module's symbols: ``name`` under ``folder/key`` on a server, ``ways`` in a plain folder."""

    name: str
    key: str
    folder: str
    kind: str
    ways: Tuple[Tuple[str, ...], ...] = ()


class Symbols(Protocol):
    """An open symbol file."""

    path: str
    provider: str
    mismatch: str

    def locations(self, rva: int) -> Union[List[Location], Absent]:
        """The functions at an RVA, innermost first."""

    def unwind_records(self) -> Union[SymbolFile, Absent]:
        """Its STACK records."""


class BreakpadSymbols:
    """Names from a symbol file of Breakpad."""

    provider = BREAKPAD

    def __init__(self, file: SymbolFile, mismatch: str = "") -> None:
        self.path = file.path
        self.mismatch = mismatch
        self._file = file

    def locations(self, rva: int) -> Union[List[Location], Absent]:
        """The functions at an RVA, innermost first."""
        function = self._file.function(rva)
        if function is None:
            return []
        if not function.size:
            return [Location(function.name, function.start, "", 0)]
        line, inlines = self._file.lines(function, rva)
        # From the inside out: each is called from the line that the next one outwards stands on.
        place = ("", 0) if line is None else (line.file, line.line)
        found = []
        for inline in reversed(inlines):
            found.append(Location(inline.name, inline.start, *place))
            place = (inline.call_file, inline.call_line)
        found.append(Location(function.name, function.start, *place))
        return found

    def unwind_records(self) -> Union[SymbolFile, Absent]:
        """The file itself, if it has STACK records."""
        return self._file if self._file.unwinds else Absent(NOT_THERE, f"{self.path} has no STACK record")


class NativeSymbols:
    """Names from a PDB or from DWARF."""

    def __init__(self, file: Union[NativeFile, DbgHelpFile], mismatch: str = "") -> None:
        self.path = file.path
        self.provider = DBGHELP if isinstance(file, DbgHelpFile) else PDB if file.format == "pdb" else DWARF
        self.mismatch = mismatch
        self._file = file
        self._records: Optional[Union[SymbolFile, Absent]] = None
        self._conventions = Conventions(file.path)

    def convention(self, rva: int, inline: str = "") -> str:
        """The calling convention of the function at an RVA, or of one with a name that was put inline there; an empty string where no PDB says it."""
        if self.provider not in (PDB, DBGHELP):
            return ""
        return self._conventions.of_inline(inline) if inline else self._conventions.at(rva)

    def locations(self, rva: int) -> Union[List[Location], Absent]:
        """The functions at an RVA, innermost first."""
        return self._file.locations(rva)

    def nearest(self, rva: int) -> Optional[Location]:
        """The function that an RVA outside all functions of a PDB is counted from; dbghelp.dll knows by itself."""
        return self._file.nearest(rva) if isinstance(self._file, NativeFile) and self.provider == PDB else None

    def unwind_records(self) -> Union[SymbolFile, Absent]:
        """STACK records made of the file's own."""
        if self._records is None:
            self._records = self._file.unwind_records()
        return self._records


class SymbolFiles:
    """Finds the symbol files of modules. ``tried`` is where was looked, in order."""

    def __init__(
        self,
        images: Images,
        paths: Iterable[str] = (),
        loose: bool = False,
        download: Optional[Fetcher] = None,
        environ: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.images = images
        self.paths: Tuple[str, ...] = tuple(paths)
        self.loose = loose
        self.tried: List[Tried] = []
        self._search = Search(parse_path(self.paths, os.environ if environ is None else environ), download)

    def find(self, module: Module) -> Union[BreakpadSymbols, NativeSymbols, Absent]:
        """The symbols of a module: the first file that matches; with ``loose`` the first that does not, where none matches."""
        name = module.file_name
        codeview = self._codeview(module)
        other: Optional[Union[BreakpadSymbols, NativeSymbols]] = None
        if self._search:
            for wanted in _wanted(module, codeview):
                if not safe_name(wanted.name) or not safe_name(wanted.folder):
                    continue
                for where, path, reason in self._search.candidates(wanted.name, wanted.key, wanted.folder, wanted.ways):
                    if path is None:
                        self.tried.append(Tried(name, "symbols", where, MISSING, reason))
                        continue
                    found = self._open(path, wanted)
                    if isinstance(found, Absent):
                        self.tried.append(Tried(name, "symbols", path, UNREADABLE, found.message))
                    elif found.mismatch:
                        self.tried.append(Tried(name, "symbols", path, MISMATCH, found.mismatch))
                        other = other or found
                    else:
                        self.tried.append(Tried(name, "symbols", path, USED))
                        return found
        own = self._in_image(module)
        if own is not None:
            return own
        if other is not None and self.loose:
            self.tried.append(Tried(name, "symbols", other.path, USED, f"although it does not match: {other.mismatch}"))
            return other
        if isinstance(codeview, Absent):
            return Absent(NOT_THERE, f"no symbols of {name}: {codeview.message}")
        return Absent(NOT_THERE, f"no symbols of {name} with the key {codeview.key}" + ("" if self._search else ": no symbol path is given"))

    def pdb(self, module: Module) -> str:
        """The path of a module's PDB, which is read without any library; an empty string where none is found. With ``loose`` also one that does not match."""
        other = ""
        if not self._search:
            return other
        for wanted in _wanted(module, self._codeview(module)):
            if wanted.kind != PDB or not safe_name(wanted.name) or not safe_name(wanted.folder):
                continue
            for _, path, _ in self._search.candidates(wanted.name, wanted.key, wanted.folder, wanted.ways):
                key = None if path is None else _key_of_pdb(path)
                if path is None or key is None:
                    continue
                if not _difference(key, wanted.key):
                    return path
                other = other or path
        return other if self.loose else ""

    def _codeview(self, module: Module) -> Union[CodeView, Absent]:
        """The CodeView record in the dump, else the one in the image."""
        found = module.codeview
        if isinstance(found, Absent):
            image = self.images.find(module)
            if not isinstance(image, Absent) and not isinstance(image.codeview, Absent):
                return image.codeview
        return found

    def _open(self, path: str, wanted: Wanted) -> Union[BreakpadSymbols, NativeSymbols, Absent]:
        if wanted.kind == BREAKPAD:
            file = open_symbol_file(path)
            if isinstance(file, Absent):
                return file
            return BreakpadSymbols(file, _difference(file.key, wanted.key))
        native: Union[NativeFile, DbgHelpFile, Absent] = open_native(path, wanted.key)
        if isinstance(native, Absent) and wanted.kind == PDB and sys.platform == "win32":
            native = open_dbghelp(path)
        return native if isinstance(native, Absent) else NativeSymbols(native, _difference(native.key, wanted.key))

    def _in_image(self, module: Module) -> Optional[NativeSymbols]:
        """DWARF inside the image file, as GCC and clang put it there."""
        image = self.images.find(module)
        path = "" if isinstance(image, Absent) else image.path
        if not path or isinstance(image, Absent) or not any(section.name.startswith(("/", ".debug_")) for section in image.sections) or not available():
            return None
        native = open_native(path)
        if isinstance(native, Absent):
            self.tried.append(Tried(module.file_name, "symbols", path, UNREADABLE, native.message))
            return None
        if not native.has_debug:
            return None
        self.tried.append(Tried(module.file_name, "symbols", path, USED, "DWARF in the image"))
        return NativeSymbols(native)


def _key_of_pdb(path: str) -> Optional[str]:
    """The key of a PDB file; None where it is no PDB or cannot be read."""
    try:
        source = Source.from_path(path)
    except DumpError:
        return None
    try:
        key = pdb_key(source)
    except DumpError:
        return None
    finally:
        source.close()
    return key if isinstance(key, str) else None


def _difference(key: str, wanted: str) -> str:
    if not wanted:
        return "the dump does not say which symbols belong to the module"
    return "" if key.upper() == wanted.upper() else f"key {key.upper()}, the dump says {wanted.upper()}"


def _wanted(module: Module, codeview: Union[CodeView, Absent]) -> Iterator[Wanted]:
    """The files that may hold a module's symbols, likeliest first."""
    image = module.file_name
    key = "" if isinstance(codeview, Absent) else codeview.key
    path = "" if isinstance(codeview, Absent) else codeview.path
    debug = path[max(path.rfind("\\"), path.rfind("/")) + 1 :] or image
    is_pdb = debug.lower().endswith(".pdb")
    if is_pdb:
        yield Wanted(debug, key, debug, PDB)
    yield Wanted((debug[:-4] if is_pdb else debug) + ".sym", key, debug, BREAKPAD)
    if isinstance(codeview, Absent):
        stem = image.rpartition(".")[0] or image
        yield Wanted(f"{stem}.pdb", "", f"{stem}.pdb", PDB)
    elif not is_pdb:
        build = codeview.guid if codeview.kind == "BpEL" else ""
        ways: Tuple[Tuple[str, ...], ...] = ((".build-id", build[:2], f"{build[2:]}.debug"),) if len(build) > 4 else ()
        for suffix in ("", ".debug", ".dbg"):
            yield Wanted(debug + suffix, key, debug, DWARF, ways)
            ways = ()
        yield Wanted(debug, key, debug, DWARF, ((f"{debug}.dSYM", "Contents", "Resources", "DWARF", debug),))


UNKNOWN = Absent(NOT_APPLICABLE, "the address lies in no module")

"""Modules: ModuleListStream, Wine's second list, and UnloadedModuleListStream."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from ...format.modules import (
    CV_INFO_PDB20,
    CV_INFO_PDB70,
    MINIDUMP_MODULE,
    MINIDUMP_UNLOADED_MODULE,
    MINIDUMP_UNLOADED_MODULE_LIST,
)
from ..absence import DAMAGED, NOT_KNOWN, NOT_THERE, Absent
from ..directory import Stream
from ..intervals import holders
from ..lists import RecordList, counted_records, described_records
from ..module_names import MOST_NAMED, beyond_name, listed_names
from ..source import Source, Window
from ..strings import StringTable

_MODULE = (
    "BaseOfImage",
    "SizeOfImage",
    "CheckSum",
    "TimeDateStamp",
    "ModuleNameRva",
    "VersionInfo.dwSignature",
    "VersionInfo.dwFileVersionMS",
    "VersionInfo.dwFileVersionLS",
    "VersionInfo.dwProductVersionMS",
    "VersionInfo.dwProductVersionLS",
    "VersionInfo.dwFileFlagsMask",
    "VersionInfo.dwFileFlags",
    "VersionInfo.dwFileOS",
    "VersionInfo.dwFileType",
    "CvRecord.DataSize",
    "CvRecord.Rva",
    "MiscRecord.DataSize",
    "MiscRecord.Rva",
    "Reserved0",
)
MOST_OF_FILE_NAME = 255
"""Characters that a file's name has on Windows at the most."""
MOST_FOUND = 256
"""Modules that are kept once they were looked up by an address."""
KEPT_RECORDS = 1 << 10
"""CodeView records that are kept once they are decoded: rules, names and images ask for the same ones."""
KEPT_SIZE = 1 << 9
"""Bytes of the longest record that is kept."""
MAX_RECORD = 0x10000
"""Bytes of a CodeView record that are looked at; the path in it is the only part without a size."""


class CodeView(NamedTuple):
    """Which symbols belong to a module.

    ``kind`` is the signature (``RSDS``, ``NB10``, ``BpEL``); ``guid`` 32 hex digits in textual order for RSDS, the build id in
    hex for BpEL, the time stamp for NB10; ``key`` is what a symbol server files the symbols under, empty where GUID or build id are
    all zero: nothing is filed under that.
    """

    kind: str
    guid: str
    age: int
    path: str
    key: str
    offset: int


class Module(NamedTuple):
    """One MINIDUMP_MODULE. Versions are the 64-bit numbers of VS_FIXEDFILEINFO, 0 when there is no version resource."""

    index: int  # type: ignore[assignment]
    base: int
    size: int
    checksum: int
    timestamp: int
    path: str
    file_version: int
    product_version: int
    file_flags: int
    file_os: int
    file_type: int
    cv_size: int
    cv_rva: int
    misc_size: int
    misc_rva: int
    reserved0: int
    name_rva: int
    offset: int
    table: ModuleList

    @property
    def end(self) -> int:
        """First address after the module."""
        return self.base + self.size

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path[max(self.path.rfind("\\"), self.path.rfind("/")) + 1 :]

    @property
    def name(self) -> str:
        """The debugger's name, as in ``lm`` and in ``module+offset``: see :func:`~dumpscope.dump.module_names.module_names`."""
        return self.table.name_of(self)

    @property
    def image_key(self) -> str:
        """What a symbol server files the image under: time stamp in 8 upper-case digits, size in lower case."""
        return f"{self.timestamp:08X}{self.size:x}"

    @property
    def codeview(self) -> Union[CodeView, Absent]:
        """The CodeView record, decoded when asked for."""
        return self.table.codeview(self.cv_rva, self.cv_size)


def version_text(version: int) -> str:
    """``10.0.19041.1`` for a 64-bit version number."""
    return f"{version >> 48 & 0xFFFF}.{version >> 32 & 0xFFFF}.{version >> 16 & 0xFFFF}.{version & 0xFFFF}"


class ModuleList(RecordList[Module]):
    """The modules in file order. ``pointer_size`` is that of the dumped machine: it decides how the debugger names some of them."""

    def __init__(self, source: Source, stream: Optional[Stream], strings: StringTable, absence: Optional[Absent], pointer_size: int = 8) -> None:
        self._strings: StringTable = strings
        self.pointer_size = pointer_size
        self._names: Optional[List[str]] = None
        self._window = Window(source)
        span, reader = counted_records(source, stream, MINIDUMP_MODULE, _MODULE)
        self._index: Optional[Tuple[List[int], List[int]]] = None
        self._found: Dict[int, Module] = {}
        self._codeviews: Dict[Tuple[int, int], Union[CodeView, Absent]] = {}
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> Module:
        # Single names, and no parts with stars: a list of thousands of modules is made in less time so.
        base, size, checksum, stamp, name, _, file_ms, file_ls, product_ms, product_ls, mask, flags, os, kind, cv_size, cv, misc_size, misc, reserved = values
        path = self._strings.get(name)
        file, product, flags = file_ms << 32 | file_ls, product_ms << 32 | product_ls, flags & mask
        record = (index, base, size, checksum, stamp, path, file, product, flags, os, kind, cv_size, cv, misc_size, misc, reserved, name, offset, self)
        return tuple.__new__(Module, record)

    def at(self, address: int) -> Optional[Module]:
        """The module that an address lies in, or None. Of modules that overlap, the one that begins last before it."""
        if self._index is None:
            extents = [values[:2] for values, _ in self._rows(0, self.span.count)]
            ranks = [0] * len(extents)
            for rank, number in enumerate(sorted(range(len(extents)), key=lambda number: (*extents[number], number), reverse=True)):
                ranks[number] = rank
            self._index = holders([base for base, _ in extents], [base + size for base, size in extents], ranks)
        places, numbers = self._index
        position = bisect_right(places, address) - 1
        return None if position < 0 or numbers[position] < 0 else self._once(numbers[position])

    def _once(self, number: int) -> Module:
        """A module by its index. A walk of a stack asks for the same few again and again: they are kept."""
        module = self._found.get(number)
        if module is None:
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            module = self._found[number] = self[number]
        return module

    def name_of(self, module: Module) -> str:
        """The debugger's name of one of these modules. The names of all are made when the first is asked for."""
        if self._names is None:
            self._names = listed_names(self.source, self._headers(), self.pointer_size)
        if module.index < len(self._names):
            return self._names[module.index]
        return beyond_name(module.base, module.path, self.pointer_size)

    def _headers(self) -> Iterator[Tuple[int, int, int]]:
        """Base, size and RVA of the path of the modules that the engine's rule is applied to."""
        for values, _ in self._rows(0, min(self.span.count, MOST_NAMED)):
            yield values[0], values[1], values[4]

    def named(self, name: str) -> List[Module]:
        """Modules whose name, file name or path is ``name``, case not significant; those with that very debugger's name alone, if there are."""
        wanted = name.casefold()
        exact = [module for module in self if module.name.casefold() == wanted]
        if exact:
            return exact
        return [module for module in self if wanted in (module.file_name.casefold(), module.path.casefold()) or wanted == _stem(module)]

    def symbol(self, address: int) -> str:
        """``module+0x1234`` for an address in a module, an empty string elsewhere."""
        module = self.at(address)
        if module is None:
            return ""
        return f"{module.name}+0x{address - module.base:x}" if address != module.base else module.name

    def file_at(self, address: int) -> str:
        """The file's name of the module that an address lies in, as the dump has it, 255 characters at the most; an empty string elsewhere."""
        module = self.at(address)
        return "" if module is None else module.file_name[:MOST_OF_FILE_NAME]

    def codeview(self, rva: int, size: int) -> Union[CodeView, Absent]:
        """The record at ``rva``: RSDS, NB10 or BpEL; Absent where there is none or it is of another kind."""
        if not rva or not size:
            return Absent(NOT_THERE, "no CodeView record")
        found = self._codeviews.get((rva, size))
        if found is not None:
            return found
        shown = min(size, MAX_RECORD)
        data, at = self._window.see(rva, shown)  # writers lay them one after the other, or among the names
        found = decode_codeview(data[at : at + shown], rva)
        if size <= KEPT_SIZE and len(self._codeviews) < KEPT_RECORDS:
            self._codeviews[rva, size] = found
        return found


def _stem(module: Module) -> str:
    """The file's name without its extension, for comparing."""
    stem, dot, _ = module.file_name.casefold().rpartition(".")
    return stem if dot and stem else module.file_name.casefold()


def decode_codeview(data: bytes, offset: int) -> Union[CodeView, Absent]:
    """The CodeView record whose bytes are ``data`` and stand at ``offset``: RSDS, NB10 or BpEL; Absent where it is of another kind."""
    kind = data[:4]
    if kind == b"RSDS" and len(data) >= CV_INFO_PDB70.size:
        guid = data[4:20]
        text = (guid[3::-1] + guid[5:3:-1] + guid[7:5:-1] + guid[8:]).hex().upper()
        age = int.from_bytes(data[20:24], "little")
        return CodeView("RSDS", text, age, _c_string(data[24:]), f"{text}{age:X}" if any(guid) else "", offset)
    if kind == b"NB10" and len(data) >= CV_INFO_PDB20.size:
        stamp = int.from_bytes(data[8:12], "little")
        age = int.from_bytes(data[12:16], "little")
        return CodeView("NB10", f"{stamp:08X}", age, _c_string(data[16:]), f"{stamp:08X}{age:X}", offset)
    if kind == b"LEpB":
        build_id = data[4:].hex()
        first = data[4:20].ljust(16, b"\0")
        text = (first[3::-1] + first[5:3:-1] + first[7:5:-1] + first[8:]).hex().upper()
        return CodeView("BpEL", build_id, 0, "", f"{text}0" if any(data[4:]) else "", offset)
    if not data:
        return Absent(DAMAGED, "the CodeView record is outside the file")
    return Absent(NOT_KNOWN, f"a CodeView record with the signature {kind!r}")


def _c_string(data: bytes) -> str:
    """Text up to the first NUL; bytes that are not UTF-8 are kept as lone surrogates."""
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


class UnloadedModule(NamedTuple):
    """One MINIDUMP_UNLOADED_MODULE."""

    index: int  # type: ignore[assignment]
    base: int
    size: int
    checksum: int
    timestamp: int
    name: str
    name_rva: int
    offset: int

    @property
    def end(self) -> int:
        """First address after the module."""
        return self.base + self.size


class UnloadedModuleList(RecordList[UnloadedModule]):
    """What the process had unloaded: the last 64 at the most."""

    def __init__(self, source: Source, stream: Optional[Stream], strings: StringTable, absence: Optional[Absent]) -> None:
        self._strings: StringTable = strings
        span, reader = described_records(
            source,
            stream,
            MINIDUMP_UNLOADED_MODULE_LIST,
            MINIDUMP_UNLOADED_MODULE,
            ("BaseOfImage", "SizeOfImage", "CheckSum", "TimeDateStamp", "ModuleNameRva"),
        )
        self._index: Optional[Tuple[List[int], List[int]]] = None
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> UnloadedModule:
        base, size, checksum, timestamp, name_rva = values
        return UnloadedModule(index, base, size, checksum, timestamp, self._strings.get(name_rva), name_rva, offset)

    def at(self, address: int) -> Optional[UnloadedModule]:
        """What was at an address, or None. Of several modules the first in the file (observed: dbgeng 10.0.15063)."""
        if self._index is None:
            extents = [values[:2] for values, _ in self._rows(0, self.span.count)]
            self._index = holders([base for base, _ in extents], [base + size for base, size in extents], range(len(extents)))
        places, numbers = self._index
        position = bisect_right(places, address) - 1
        return None if position < 0 or numbers[position] < 0 else self[numbers[position]]

    def symbol(self, address: int, pointer_size: int = 8) -> str:
        """The debugger's ``<Unloaded_plugin.dll>+0x1234`` for an address that a module had held; an empty string elsewhere."""
        module = self.at(address)
        if module is None:
            return ""
        digits = f"{module.base:016x}" if pointer_size == 8 else f"{module.base:08x}"
        name = module.name or f"Unknown_Module_{digits[:-8]}{'`' if pointer_size == 8 else ''}{digits[-8:]}"
        return f"<Unloaded_{name}>" + (f"+0x{address - module.base:x}" if address != module.base else "")

"""Who is at an address: module, symbol, displacement, file and line, from whoever knows."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Union

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.streams.modules import Module
from .files import DBGHELP, PDB, BreakpadSymbols, NativeSymbols, SymbolFiles
from .images import Images
from .pdb.parameters import Parameters
from .search import Fetcher, Tried
from .undecorate import undecorate

WRAPPED = (1 << 64) - 1
"""Displacements below a symbol are numbers of 64 bits that wrap, as the debugger has them."""


class Name(NamedTuple):
    """What is at an address.

    ``module`` is the module's name, ``symbol`` the function or datum, empty where only the module is known; ``displacement`` counts
    bytes from the symbol, or from the module's base; below the first symbol of a PDB it is that far below 2 ** 64, as the debugger has it.
    ``file`` and ``line`` are of the source, ``line`` 0 where it is not known.
    ``inline`` marks a function that was put into the code of the one that follows. ``provider`` says who knows: ``pdb``, ``breakpad``,
    ``dwarf``, ``exports``, ``dbghelp``, ``debugger``, or ``module``.
    """

    module: str
    symbol: str
    displacement: int
    file: str = ""
    line: int = 0
    inline: bool = False
    provider: str = ""

    def __str__(self) -> str:
        """As the debugger writes it: ``ntdll!RtlUserThreadStart+0x21``."""
        name = f"{self.module}!{self.symbol}" if self.symbol else self.module
        if self.displacement > WRAPPED >> 1:
            return f"{name}+0x{self.displacement >> 32:x}`{self.displacement & 0xFFFFFFFF:08x}"
        return f"{name}+0x{self.displacement:x}" if self.displacement else name


class Provider(Protocol):
    """Names addresses of one module."""

    def names(self, rva: int) -> List[Name]:
        """The names at an RVA, functions put inline first, innermost first; empty if it knows none."""


class ExportNames:
    """Names from the export table of an image: the last export before the address, as the debugger does without symbols."""

    def __init__(self, module: Module, images: Images) -> None:
        self._module = module
        image = images.find(module)
        self._exports = None if isinstance(image, Absent) else image.exports

    def names(self, rva: int) -> List[Name]:
        """One name or none."""
        export = None if self._exports is None else self._exports.at(rva)
        if export is None:
            return []
        return [Name(self._module.name, undecorate(export.name) or f"Ordinal{export.ordinal}", rva - export.rva, provider="exports")]


class SymbolNames:
    """Names from a symbol file."""

    def __init__(self, module: Module, symbols: Union[BreakpadSymbols, NativeSymbols]) -> None:
        self._module = module
        self._symbols = symbols

    def names(self, rva: int) -> List[Name]:
        """The names at an RVA, innermost first."""
        found = self._symbols.locations(rva)
        if isinstance(found, Absent):
            return []
        last = len(found) - 1
        name, provider = self._module.name, self._symbols.provider
        if not found:
            near = self._symbols.nearest(rva) if isinstance(self._symbols, NativeSymbols) else None
            return [] if near is None else [Name(name, near.name, rva - near.start & WRAPPED, provider=provider)]
        return [Name(name, item.name, rva - item.start, item.file, item.line, index < last, provider) for index, item in enumerate(found)]


class AddressNames(Protocol):
    """Names addresses of the process, whatever module they lie in: the debugger, dbghelp."""

    def names_at(self, address: int) -> List[Name]:
        """The names at an address, innermost first; empty if it knows none."""


class Namer:
    """Names addresses of a dump.

    ``symbol_paths`` are search paths in the debugger's grammar (:mod:`dumpscope.symbols.path`). ``others`` are asked after symbol
    files and before exports. ``tried`` is where symbols were looked for.
    """

    def __init__(
        self,
        dump: Minidump,
        images: Images,
        symbol_paths: Iterable[str] = (),
        loose: bool = False,
        download: Optional[Fetcher] = None,
        environ: Optional[Mapping[str, str]] = None,
        others: Sequence[AddressNames] = (),
    ) -> None:
        self._dump = dump
        self.images = images
        self.files = SymbolFiles(images, symbol_paths, loose, download, environ)
        self._others = tuple(others)
        self._symbols: Dict[int, Union[BreakpadSymbols, NativeSymbols, Absent]] = {}
        self._providers: Dict[int, Provider] = {}
        self._parameters: Dict[int, Optional[Parameters]] = {}

    @property
    def tried(self) -> List[Tried]:
        """Where images and symbols were looked for, in order."""
        return [*self.images.tried, *self.files.tried]

    def symbols(self, module: Module) -> Union[BreakpadSymbols, NativeSymbols, Absent]:
        """The symbol file of a module, or why there is none. Looked for once."""
        found = self._symbols.get(module.offset)
        if found is None:
            found = self._symbols[module.offset] = self.files.find(module)
        return found

    def parameters(self, module: Module) -> Optional[Parameters]:
        """The parameters of a module's functions, from its PDB; None where there is none. No library is needed."""
        if module.offset not in self._parameters:
            found = self._symbols.get(module.offset)
            known = found.path if isinstance(found, NativeSymbols) and found.provider in (PDB, DBGHELP) else ""
            path = known or self.files.pdb(module)
            self._parameters[module.offset] = Parameters(path) if path else None
        return self._parameters[module.offset]

    def _of(self, module: Module) -> Provider:
        """Who names addresses of a module: its symbols, else its exports."""
        found = self._providers.get(module.offset)
        if found is None:
            symbols = self.symbols(module)
            found = ExportNames(module, self.images) if isinstance(symbols, Absent) else SymbolNames(module, symbols)
            self._providers[module.offset] = found
        return found

    def _from_others(self, address: int) -> List[Name]:
        for source in self._others:
            found = source.names_at(address)
            if found:
                return found
        return []

    def name(self, address: int, caller: bool = False) -> List[Name]:
        """The names at an address, functions put inline first, innermost first; empty outside all modules.

        With ``caller`` the address is a return address: the function is that of the byte before it, as a call may be a function's last
        instruction, and the displacement is still counted to the address.
        """
        place = address - 1 if caller else address
        module = self._dump.modules.at(place)
        if module is None:
            found = self._from_others(place)
        else:
            rva = place - module.base
            provider = self._of(module)
            found = [] if isinstance(provider, ExportNames) else provider.names(rva)
            found = found or self._from_others(place)
            if not found and isinstance(provider, ExportNames):
                found = provider.names(rva)
            found = found or [Name(module.name, "", rva, provider="module")]
        return [name._replace(displacement=name.displacement + 1 & WRAPPED) for name in found] if caller else found


def best(names: Sequence[Name]) -> Optional[Name]:
    """The innermost name, None if there is none."""
    return names[0] if names else None

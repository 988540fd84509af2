"""Who is at an address: module, symbol, displacement, file and line, from whoever knows."""

from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Optional, Protocol, Sequence, Tuple

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.streams.modules import Module
from .images import Images, Tried
from .undecorate import undecorate


class Name(NamedTuple):
    """What is at an address.

    ``module`` is the module's name, ``symbol`` the function or datum, empty where only the module is known; ``displacement`` counts
    bytes from the symbol, or from the module's base. ``file`` and ``line`` are of the source, ``line`` 0 where it is not known.
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


class Namer:
    """Names addresses of a dump. ``tried`` is where symbols were looked for."""

    def __init__(self, dump: Minidump, images: Images, symbol_paths: Iterable[str] = ()) -> None:
        self._dump = dump
        self.images = images
        self.symbol_paths: Tuple[str, ...] = tuple(symbol_paths)
        self._own: List[Tried] = []
        self._providers: Dict[int, Sequence[Provider]] = {}

    @property
    def tried(self) -> List[Tried]:
        """Where images and symbols were looked for, in order."""
        return [*self.images.tried, *self._own]

    def _of(self, module: Module) -> Sequence[Provider]:
        found = self._providers.get(module.offset)
        if found is None:
            found = self._providers[module.offset] = (ExportNames(module, self.images),)
        return found

    def name(self, address: int, caller: bool = False) -> List[Name]:
        """The names at an address, functions put inline first, innermost first; empty outside all modules.

        With ``caller`` the address is a return address: the function is that of the byte before it, as a call may be a function's last
        instruction, and the displacement is still counted to the address.
        """
        module = self._dump.modules.at(address - 1 if caller else address)
        if module is None:
            return []
        rva = address - module.base
        for provider in self._of(module):
            found = provider.names(rva - 1 if caller else rva)
            if found:
                return [name._replace(displacement=name.displacement + 1) for name in found] if caller else found
        return [Name(module.name, "", rva, provider="module")]


def best(names: Sequence[Name]) -> Optional[Name]:
    """The innermost name, None if there is none."""
    return names[0] if names else None

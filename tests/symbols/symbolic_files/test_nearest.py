"""Names of addresses outside all functions of a PDB, as the engine counts them (dbgeng 10.0.15063, ``.printf "%y"`` on a program of clang and lld)."""

from __future__ import annotations

from typing import Any, List

import pytest

from dumpscope.symbols.files import NativeSymbols
from dumpscope.symbols.names import Name, SymbolNames
from dumpscope.symbols.symbolic_files import Location, NativeFile

FUNCTIONS = (("WinMainCRTStartup", 0x14B0, 0x14CF), ("mainCRTStartup", 0x14D0, 0x14EF), ("compare", 0x1850, 0x1870), ("indirect", 0x1880, 0x1892))


class File(NativeFile):
    """A PDB with these functions; counts how often it is asked."""

    def __init__(self, format_: str = "pdb") -> None:
        self.path, self.format, self.key, self.asked = "x.pdb", format_, "", 0

    def locations(self, rva: int) -> List[Location]:
        self.asked += 1
        return [Location(name, start, "x.c", 7) for name, start, end in FUNCTIONS if start <= rva < end]


class Module:
    """All that names need of a module."""

    name = "steps"


def names(file: Any, rva: int) -> List[Name]:
    module: Any = Module()
    return SymbolNames(module, NativeSymbols(file)).names(rva)


@pytest.mark.parametrize(
    ("rva", "text"),
    [
        (0x1000, "steps!WinMainCRTStartup+0xffffffff`fffffb50"),
        (0x13AE, "steps!WinMainCRTStartup+0xffffffff`fffffefe"),
        (0x14AF, "steps!WinMainCRTStartup+0xffffffff`ffffffff"),
        (0x14B0, "steps!WinMainCRTStartup"),
        (0x14CF, "steps!WinMainCRTStartup+0x1f"),
        (0x1873, "steps!compare+0x23"),
        (0x1880, "steps!indirect"),
    ],
)
def test_names_are_the_engines(rva: int, text: str) -> None:
    (name,) = names(File(), rva)
    assert str(name) == text
    assert name.provider == "pdb"


def test_where_nothing_is_near_there_is_no_name() -> None:
    """Far behind a function are data, which have names of their own in the engine; before the first page are the headers."""
    assert names(File(), 0x18F0) == []
    assert names(File(), 0x400) == []
    assert names(File("elf"), 0x13AE) == []


def test_the_line_is_not_that_of_the_function() -> None:
    (name,) = names(File(), 0x1873)
    assert (name.file, name.line) == ("", 0)


def test_the_first_function_is_looked_for_once() -> None:
    file = File()
    symbols = SymbolNames(Module(), NativeSymbols(file))  # type: ignore[arg-type]
    symbols.names(0x13AE)
    before = file.asked
    symbols.names(0x13AF)
    assert file.asked - before <= 66

"""Parameters of functions, with their types: what ``kp`` needs of a PDB."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from ...dump.source import Source
from ...errors import DumpError
from .file import TPI, BadPdb, Pdb
from .functions import Function, Variable, function_at
from .registers import AMD64
from .types import UDT, Type, Types, pointer_to

_LF_PROCEDURE, _LF_MFUNCTION = 0x1008, 0x1009
KEPT = 4096
"""Places whose functions are kept."""


class Parameter(NamedTuple):
    """A parameter and its type."""

    variable: Variable
    type: Type


class Signature(NamedTuple):
    """A function and its parameters, without ``this`` and those without a name, which the debugger leaves out (observed: dbgeng 10.0.15063)."""

    function: Function
    parameters: Tuple[Parameter, ...]


class Parameters:
    """Parameters of the functions of one PDB file, read when they are asked for. The file is open only meanwhile."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: Dict[int, Optional[Signature]] = {}

    def at(self, rva: int) -> Optional[Signature]:
        """The function at an RVA; None where the file has no symbols of its own there, or cannot be read."""
        if rva not in self._found:
            if len(self._found) >= KEPT:
                self._found.clear()
            self._found[rva] = self._read(rva)
        return self._found[rva]

    def _read(self, rva: int) -> Optional[Signature]:
        try:
            source = Source.from_path(self.path)
        except DumpError:
            return None
        try:
            file = Pdb(source)
            function = function_at(file, rva)
            if function is None:
                return None
            types = Types(file)
            by_address = file.machine == AMD64 and not any(word in function.compiler for word in ("clang", "LLVM"))
            found = [Parameter(variable, types.of(variable.type)) for variable in _parameters(file, function)]
            return Signature(function, tuple(_passed(each) if by_address else each for each in found))
        except (DumpError, BadPdb):
            return None
        finally:
            source.close()


def _passed(parameter: Parameter) -> Parameter:
    """A structure that does not fit in a register is passed by its address, which is what the variable is (x64 calling convention; the debugger shows it so).

    clang describes the structure itself.
    """
    type = parameter.type
    return parameter._replace(type=pointer_to(type, 8)) if type.kind == UDT and type.size not in (0, 1, 2, 4, 8) else parameter


def _parameters(file: Pdb, function: Function) -> List[Variable]:
    """The variables that are parameters. Records older than S_LOCAL do not say so: there the first ones are, as many as the function's type has."""
    marked = [found for found in function.variables if found.parameter]
    if not marked:
        kind, body = file.record(TPI, function.type)
        at = {_LF_PROCEDURE: 6, _LF_MFUNCTION: 14}.get(kind, len(body))
        count = int.from_bytes(body[at : at + 2], "little")
        old = [found for found in function.variables if found.record != "S_LOCAL"]
        marked = old[: count + (1 if old and old[0].name == "this" else 0)]
    return [found for found in marked if found.name not in ("", "this")]

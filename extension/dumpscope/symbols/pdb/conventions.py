"""Calling conventions of functions, as the types of a PDB have them.

Source of the format: microsoft/microsoft-pdb, include/cvinfo.h (PROCSYM32, lfProc, lfMFunc, CV_call_e) and PDB/dbi/dbi.h; LLVM's "The PDB DBI Stream".
"""

from __future__ import annotations

from typing import Callable, Dict, Optional, Set

from ...dump.source import Source
from ...errors import DumpError
from .file import IPI, TPI, BadPdb, Pdb, records
from .functions import function_at, name_at

CALLS: Dict[int, str] = {
    0: "cdecl",
    1: "cdecl",
    2: "pascal",
    3: "pascal",
    4: "fastcall",
    5: "fastcall",
    7: "stdcall",
    8: "stdcall",
    9: "syscall",
    10: "syscall",
    11: "thiscall",
    22: "clrcall",
    24: "vectorcall",
}
"""CV_call_e in the debugger's words, near and far; those of other processors are left out (observed: dbgeng 10.0.15063, which does not know the last two)."""
_LF_PROCEDURE, _LF_MFUNCTION, _LF_FUNC_ID, _LF_MFUNC_ID = 0x1008, 0x1009, 0x1601, 0x1602


class Conventions:
    """The calling conventions of the functions of one PDB file, read when they are asked for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: Dict[int, str] = {}
        self._inline: Optional[Dict[str, Set[int]]] = None
        self._of_name: Dict[str, str] = {}

    def at(self, rva: int) -> str:
        """The convention of the function at an RVA, as ``stdcall``; an empty string where the file does not say."""
        if rva not in self._found:
            self._found[rva] = self._ask(lambda file: _at(file, rva))
        return self._found[rva]

    def of_inline(self, name: str) -> str:
        """The convention of a function that was put inline, by its name, if all functions of that name have the same; else an empty string."""
        if name not in self._of_name:
            self._of_name[name] = self._ask(lambda file: self._inlined(file, name.rpartition("::")[2]))
        return self._of_name[name]

    def _ask(self, question: Callable[[Pdb], str]) -> str:
        """The answer to a question about the file, which is open meanwhile."""
        try:
            source = Source.from_path(self.path)
        except DumpError:
            return ""
        try:
            return question(Pdb(source))
        except (DumpError, BadPdb):
            return ""
        finally:
            source.close()

    def _inlined(self, file: Pdb, name: str) -> str:
        if self._inline is None:
            self._inline = _ids(file)
        found = {_convention(file, index) for index in self._inline.get(name, ())}
        return found.pop() if len(found) == 1 else ""


def _at(file: Pdb, rva: int) -> str:
    function = function_at(file, rva, variables=False)
    return "" if function is None else _convention(file, function.type)


def _ids(file: Pdb) -> Dict[str, Set[int]]:
    """The types of functions by their names, from the IPI stream."""
    data = file.part(IPI)
    found: Dict[str, Set[int]] = {}
    for kind, body in records(data, int.from_bytes(data[4:8], "little")):
        if kind in (_LF_FUNC_ID, _LF_MFUNC_ID):
            found.setdefault(name_at(body, 8), set()).add(int.from_bytes(body[4:8], "little"))
    return found


def _convention(file: Pdb, index: int) -> str:
    kind, body = file.record(TPI, index)
    at = {_LF_PROCEDURE: 4, _LF_MFUNCTION: 12}.get(kind, len(body))
    return CALLS.get(body[at], "") if at < len(body) else ""

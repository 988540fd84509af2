"""Parameters of the functions of a stack, for the lines of ``stack --parameters``."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ..dump.absence import Absent
from ..dump.streams.threads import Thread
from ..stacks.frames import Stack
from ..stacks.variables import Value, Variables
from ..symbols.pdb.parameters import Parameter, Signature
from ..symbols.pdb.types import MISSING, UDT, Type
from ..wording.cvalues import NOT_READABLE, value_text
from .walks import Row, Walks


class Shown(NamedTuple):
    """A parameter with its value."""

    parameter: Parameter
    value: Value
    text: str

    @property
    def words(self) -> str:
        """As the debugger's ``kp`` prints it: ``int n = 0n4``."""
        return f"{self.parameter.type} {self.parameter.variable.name} = {self.text}"


class FrameParameters:
    """Reads the parameters of the functions of one stack."""

    def __init__(self, walks: Walks, stack: Stack, thread: Optional[Thread]) -> None:
        self._walks = walks
        self._stack = stack
        self._thread = thread
        dump = walks.walker.dump
        exception = dump.exception
        of = exception if not isinstance(exception, Absent) and (thread is None or exception.thread_id == thread.tid) else thread
        registers = None if of is None else dump.registers(of)
        vectors = {} if registers is None or isinstance(registers, Absent) else registers.vectors
        self._variables = Variables(dump, walks.images, stack, thread, vectors)

    @property
    def none(self) -> bool:
        """Whether no function of the stack is known with its parameters."""
        return all(row.inline or self._signature(row) is None for row in self._walks.rows(self._stack))

    def of(self, row: Row) -> Optional[List[Shown]]:
        """The parameters of the function of a line; None for a function put inline, and where no PDB has the function."""
        signature = None if row.inline else self._signature(row)
        if signature is None:
            return None
        found = []
        for parameter in signature.parameters:
            value = self._variables.value(row.frame, signature.function, parameter.variable, parameter.type.size)
            found.append(Shown(parameter, value, self._text(parameter.type, value)))
        return found

    def _text(self, type: Type, value: Value) -> str:
        if type.kind != MISSING and not value.readable:
            return NOT_READABLE
        if type.kind == UDT and value.part:
            return type.name
        return value_text(type, value.data, self._variables.memory, 4 if self._stack.architecture == "x86" else 8)

    def _signature(self, row: Row) -> Optional[Signature]:
        look = row.frame.ip - row.frame.calls
        module = self._walks.walker.dump.modules.at(look)
        found = None if module is None else self._walks.namer.parameters(module)
        return None if module is None or found is None else found.at(look - module.base)

    def call(self, row: Row) -> Optional[Tuple[str, List[str], str]]:
        """What the debugger puts around the parameters of a line, and each of them; None where they are not known."""
        found, signature = self.of(row), self._signature(row)
        if found is None or signature is None or row.name is None:
            return None
        far = signature.function.at + row.frame.calls
        return f"{row.name.module}!{signature.function.name}(", [shown.words for shown in found], f"){f'+0x{far:x}' if far else ''}"

    def members(self, row: Row) -> Dict[str, Any]:
        """What JSON has of a line."""
        found = self.of(row)
        return {"parameters": None if found is None else [_member(shown) for shown in found]}


def _member(shown: Shown) -> Dict[str, Any]:
    value = shown.value
    missing = shown.parameter.type.kind == MISSING
    return {
        "name": shown.parameter.variable.name,
        "type": None if missing else str(shown.parameter.type),
        "value": None if value.data is None or missing else shown.text,
        "bytes": None if value.data is None else value.data.hex() or None,
        "where": value.where or None,
        "address": None if value.address is None else f"0x{value.address:x}",
        "reason": value.reason or ("the type is not known" if missing else None),
    }

"""Stand-ins for the debugger: its output object with six attributes, and a pykd that answers what it was told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple


class Output:
    """The debugger's output object: these six attributes and nothing else."""

    __slots__ = ("_parts", "closed", "encoding")

    def __init__(self) -> None:
        self._parts: List[Tuple[bool, str]] = []
        self.encoding = "ascii"
        self.closed = False

    def write(self, text: str) -> None:
        self._parts.append((False, text))

    def writedml(self, text: str) -> None:
        self._parts.append((True, text))

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


class PlainOutput(Output):
    """A host that takes no markup."""

    __slots__ = ()
    writedml = property()  # type: ignore[assignment]  # hasattr() is false


class Engine:
    """A stand-in for pykd: what it was told to answer."""

    def __init__(self, desc: str = "", answers: Optional[Dict[str, str]] = None, *, kernel: bool = False, pid: int = 0, exe: str = "") -> None:
        self.desc = desc
        self.answers = {"||": ".  0 " + desc + "\n" if desc else "", **(answers or {})}
        self.kernel = kernel
        self.pid = pid
        self.exe = exe
        self.commands: List[str] = []

    def dbgCommand(self, command: str, suppress: bool = True, mask: int = 1) -> Optional[str]:
        self.commands.append(command)
        if command not in self.answers and not command.startswith(("as ", "ad ", "al")):
            raise RuntimeError("HRESULT 0x80040205")
        return self.answers.get(command) or None

    def targetSystem(self) -> Any:
        if not self.desc:
            raise RuntimeError("Call IDebugSystemObjects2::GetSystemIdsByIndex failed\nHRESULT 0x80070057")
        return SimpleNamespace(desc=self.desc)

    def isKernelDebugging(self) -> bool:
        return self.kernel

    def getProcessSystemID(self) -> int:
        return self.pid

    def getProcessExeName(self) -> str:
        return self.exe


def blocks_of(output: Output) -> List[str]:
    return [text for _, text in output._parts]

"""The shapes of the debugger's answers that the engine model predicts."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

S_OK = 0
E_FAIL = 0x80004005
E_NOINTERFACE = 0x80004002
E_UNEXPECTED = 0x8000FFFF
E_INVALIDARG = 0x80070057
FILE_CORRUPT = 0x80070570
MEMORY_ABSENT = 0x8007001E

WORKS = "works"
PARTIAL = "partial"
FAILS = "fails"


EFFECTIVE_X86 = "the session begins on the 32-bit side and reads the exception's 64-bit registers as 32-bit ones: garbage; `.effmach amd64` first"
"""What happens to ``.ecxr`` in a WOW64 dump whose current thread ran 32-bit code (observed: dbgeng 10.0.15063)."""


class Opening(NamedTuple):
    """What opening the file in the debugger gives: OpenDumpFile's HRESULT, WaitForEvent's, and the text that is printed."""

    ok: bool
    hresult: int
    message: str
    wait_hresult: int = S_OK

    @property
    def line(self) -> str:
        """The first line of what is printed; the HRESULT where nothing is."""
        return self.message.splitlines()[0] if self.message else f"HRESULT 0x{self.hresult:08x}"


class HandlesAnswer(NamedTuple):
    """ReadHandleData(HANDLE_COUNT): the call behind ``!handle``."""

    hresult: int
    count: int  # type: ignore[assignment]


class ThreadAnswer(NamedTuple):
    """One thread: GetSystemObjectInformation(THREAD_BASIC_INFORMATION), the call behind ``!runaway``, and its TEB."""

    index: int  # type: ignore[assignment]
    tid: int
    hresult: int
    valid: int
    teb_hresult: int
    teb: int


class RegionsAnswer(NamedTuple):
    """QueryVirtual walked from address 0: the first answer, the last, how many regions, and where it ended."""

    first_hresult: int
    last_hresult: int
    count: int  # type: ignore[assignment]
    end: int


class ExceptionAnswer(NamedTuple):
    """The stored event: whether there is one, and what ``.ecxr`` answers."""

    hresult: int
    code: Optional[int]
    thread_id: Optional[int]


class CommandAnswer(NamedTuple):
    """What a debugger command will do: ``outcome`` is works, partial or fails; ``message`` is what it prints when it fails."""

    command: str
    outcome: str
    hresult: int
    message: str
    why: str


Commands = Dict[str, CommandAnswer]
Threads = Tuple[ThreadAnswer, ...]

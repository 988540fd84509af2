"""Error codes in words, for notes beside their numbers."""

from __future__ import annotations

from typing import Tuple

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..format.codes import NTSTATUS, describe_code, win32_name
from ..format.codes.exceptions import EXCEPTIONS, exception_name


def _words(value: int, kinds: Tuple[str, ...]) -> str:
    """Symbol and words of the first reading of one of these kinds; of any where ``kinds`` is empty."""
    for meaning in describe_code(value):
        if not kinds or meaning.kind in kinds:
            return f"{meaning.symbol}: {meaning.text}" if meaning.text else meaning.symbol
    return ""


def win32_words(value: int) -> str:
    """``(87) ERROR_INVALID_PARAMETER`` for a Win32 error."""
    if value > 0xFFFF:
        return hresult_words(value)  # some code leaves HRESULTs and NTSTATUS values where an error number belongs
    return f"({value}) {win32_name(value)}".rstrip()


def status_words(value: int) -> str:
    """The symbol of an NTSTATUS, with words where there are some."""
    return "STATUS_SUCCESS" if value == 0 else _words(value, (NTSTATUS,)) or _words(value, ())


def hresult_words(value: int) -> str:
    """An HRESULT, or the Win32 error or NTSTATUS that it wraps."""
    return "" if value == 0 else _words(value, ())


def exception_words(code: int) -> str:
    """The debugger's words for an exception code, such as ``Access violation``; empty for a code without any."""
    name = exception_name(code)
    return "" if code not in EXCEPTIONS and name == "Unknown exception" else name


def code_note(dump: Minidump, code: int) -> str:
    """The name of the dump's exception: the debugger's words for a code of Windows, else ``SIGSEGV SEGV_MAPERR`` and the like."""
    fault = dump.fault
    return exception_name(code) if isinstance(fault, Absent) else fault.label

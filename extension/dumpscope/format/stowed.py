"""Stowed exceptions: what the Windows Runtime puts aside of an error, to be reported when the program ends itself with c000027b.

The first parameter of the exception is the address of an array of pointers to these structures, the second how many there are.
"""

from __future__ import annotations

from .layout import ADDRESS, COUNT, HEX, SIZE, ULONG32, ULONG64, Enumeration, Field, Scalar, Structure
from .layout import HRESULT as HRESULT_TYPE

_SOURCE = "Microsoft Learn: STOWED_EXCEPTION_INFORMATION_V2"

STATUS_STOWED_EXCEPTION = 0xC000027B
SIGNATURES = {0x53453031: 1, 0x53453032: 2}
"""``SE01`` and ``SE02``: the signature and the version it stands for."""

BINARY, IN_WORDS = 1, 2
FORM_MASK = 3
STOWED_EXCEPTION_FORM = Enumeration(
    "STOWED_EXCEPTION_FORM",
    {BINARY: ("STOWED_EXCEPTION_FORM_BINARY", "return addresses of the stack"), IN_WORDS: ("STOWED_EXCEPTION_FORM_TEXT", "the error in words")},
    _SOURCE,
)
"""The lowest two bits of the member that holds the thread's id: what the union after it is."""


def _structure(name: str, pointer: Scalar, bits: int) -> Structure:
    return Structure(
        name,
        [
            Field("Size", ULONG32, "size of this structure", SIZE, unit="bytes"),
            Field("Signature", ULONG32, "SE01 or SE02", HEX),
            Field("ResultCode", HRESULT_TYPE, "the error", HEX),
            Field("ExceptionFormThreadId", ULONG32, "bits 0 and 1: what the union holds; the rest: the thread's id, whose two lowest bits are 0", HEX),
            Field("ExceptionAddress", pointer, "the instruction; the address of the text in the other form", ADDRESS),
            Field("StackTraceWordSize", ULONG32, "size of a return address", SIZE, unit="bytes", when="binary form"),
            Field("StackTraceWords", ULONG32, "how many return addresses", COUNT, when="binary form"),
            Field("StackTrace", pointer, "address of the return addresses", ADDRESS, when="binary form"),
            Field("NestedExceptionType", ULONG32, "what NestedException is, four letters", HEX, when="Signature is SE02"),
            Field("NestedException", pointer, "address of a record about the cause of the error", ADDRESS, when="Signature is SE02"),
        ],
        source=_SOURCE,
        meaning=f"A stowed exception in the memory of a {bits}-bit process.",
        pack=8,
    )


STOWED_EXCEPTION_INFORMATION_V2_64 = _structure("STOWED_EXCEPTION_INFORMATION_V2_64", ULONG64, 64)
STOWED_EXCEPTION_INFORMATION_V2_32 = _structure("STOWED_EXCEPTION_INFORMATION_V2_32", ULONG32, 32)

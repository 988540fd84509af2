"""Error codes by name. The tables are loaded when a code is first looked up, each on its own."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple

from .symbols import table

WIN32 = "Win32"
HRESULT = "HRESULT"
NTSTATUS = "NTSTATUS"
EXCEPTION = "exception"

_NT_BIT = 0x10000000
_FACILITY_WIN32 = 7


class Meaning(NamedTuple):
    """One way to read a code: as what, its symbol, and a few words (empty where we have none of our own)."""

    kind: str
    symbol: str
    text: str


_WORDS: Dict[str, str] = {
    "ERROR_SUCCESS": "no error",
    "ERROR_FILE_NOT_FOUND": "there is no such file",
    "ERROR_PATH_NOT_FOUND": "there is no such folder",
    "ERROR_ACCESS_DENIED": "the caller lacks a right",
    "ERROR_INVALID_HANDLE": "the handle is not open, or of the wrong type",
    "ERROR_NOT_ENOUGH_MEMORY": "out of memory",
    "ERROR_BAD_LENGTH": "a length is wrong",
    "ERROR_READ_FAULT": "the bytes could not be read: for a dump, they were not captured",
    "ERROR_SHARING_VIOLATION": "another program has the file open",
    "ERROR_HANDLE_EOF": "the end of the file was reached",
    "ERROR_NOT_SUPPORTED": "the request is not supported here",
    "ERROR_INVALID_PARAMETER": "a parameter is wrong: for a dump file, it is not one, or of an unknown version",
    "ERROR_DISK_FULL": "the disk is full",
    "ERROR_CALL_NOT_IMPLEMENTED": "there is no such function on this system",
    "ERROR_INSUFFICIENT_BUFFER": "the buffer is too small",
    "ERROR_INVALID_NAME": "the name is wrong",
    "ERROR_MOD_NOT_FOUND": "a DLL, or one that it needs, was not found",
    "ERROR_PROC_NOT_FOUND": "a DLL does not have the function",
    "ERROR_PARTIAL_COPY": "only part of the memory could be read: it changed meanwhile, or a 32-bit program read a 64-bit process",
    "ERROR_NOACCESS": "an address is not accessible",
    "ERROR_FILE_INVALID": "the file is empty, or was changed from outside while it was open",
    "ERROR_CANCELLED": "the call was cancelled, by a callback perhaps",
    "ERROR_FILE_CORRUPT": "the file is damaged: parts that it promises are not in it",
    "ERROR_INVALID_FUNCTION": "the device or function cannot do that",
    "ERROR_INVALID_DATA": "data are not of the form that is expected",
    "ERROR_BAD_EXE_FORMAT": "the file is no program or DLL, or one for another processor",
    "ERROR_GEN_FAILURE": "a device does not work; of a process, that it is ending",
    "ERROR_CRC": "bytes of a disk cannot be read back",
    "ERROR_OUTOFMEMORY": "out of memory",
    "ERROR_NOT_FOUND": "what was asked for is not there",
    "ERROR_FILE_EXISTS": "there is a file of this name already",
    "ERROR_ALREADY_EXISTS": "there is one of this name already",
    "ERROR_NO_SYSTEM_RESOURCES": "the system has not enough memory of its own",
    "ERROR_COMMITMENT_LIMIT": "the machine has no more memory to promise: its page file is too small",
    "ERROR_IO_DEVICE": "a device failed to read or write",
    "ERROR_BAD_NET_NAME": "there is no such share",
    "ERROR_PRIVILEGE_NOT_HELD": "the caller lacks a privilege, such as SeDebugPrivilege",
    "E_NOINTERFACE": "the debugger cannot give what was asked for: a dump lacks the data",
    "E_FAIL": "it failed, without a reason given",
    "E_UNEXPECTED": "it makes no sense now: there is no process or thread in the session",
    "E_INVALIDARG": "an argument is wrong",
    "E_NOTIMPL": "this kind of target does not have it",
    "E_ACCESSDENIED": "the caller lacks a right",
    "E_OUTOFMEMORY": "out of memory",
    "S_OK": "no error",
    "S_FALSE": "no error, but not done either",
    "STATUS_SUCCESS": "no error",
    "STATUS_ACCESS_DENIED": "the caller lacks a right",
    "STATUS_ACCESS_VIOLATION": "memory was read, written or executed that may not be",
    "STATUS_INVALID_HANDLE": "the handle is not open",
    "STATUS_PENDING": "still running",
    "STATUS_FILE_INVALID": "the file is empty, or was changed from outside while it was open",
    "STATUS_MAPPED_FILE_SIZE_ZERO": "the file is empty",
    "STATUS_PARTIAL_COPY": "only part of the memory could be read",
    "STATUS_NO_MEMORY": "out of memory",
    "STATUS_STACK_OVERFLOW": "the stack is used up",
    "STATUS_HEAP_CORRUPTION": "a heap was overwritten",
    "STATUS_STACK_BUFFER_OVERRUN": "the program ended itself at once (fast fail), a stack overwrite perhaps",
    "E_POINTER": "a pointer is null or wrong",
    "E_ABORT": "it was cancelled",
    "REGDB_E_CLASSNOTREG": "a COM class is not registered",
    "CO_E_NOTINITIALIZED": "the thread has not called CoInitialize",
    "RPC_E_DISCONNECTED": "the object's process or apartment is gone",
    "RPC_S_SERVER_UNAVAILABLE": "the other process or machine does not answer",
    "STATUS_COMMITMENT_LIMIT": "the machine has no more memory to promise: its page file is too small",
    "STATUS_FILE_LOCKED_WITH_WRITERS": "the file is locked, and others have it open for writing",
    "STATUS_INVALID_CID": "there is no such process or thread",
    "STATUS_UNSUCCESSFUL": "it failed, without a reason given",
    "STATUS_DLL_NOT_FOUND": "a DLL was not found",
    "STATUS_DLL_INIT_FAILED": "a DLL refused to be loaded",
    "STATUS_PROCESS_IS_TERMINATING": "the process is ending",
    "STATUS_THREAD_IS_TERMINATING": "the thread is ending",
}
"""In words, for codes that people meet with dumps. Others have their symbol."""


_PREFIX = re.compile(r"(?:ERROR|STATUS|WAIT|EVENT|[A-Z][A-Z0-9]*_[EIS]|[ES])_")


def name_words(symbol: str) -> str:
    """The words that a symbol is made of: ``ERROR_BAD_EXE_FORMAT`` gives ``bad exe format``.

    An empty string where it does not separate them, as ``REGDB_E_CLASSNOTREG``.
    """
    prefix = _PREFIX.match(symbol)
    words = symbol[prefix.end() :] if prefix else symbol
    return words.replace("_", " ").lower() if "_" in words or len(words) < 10 or (prefix and prefix.group() in ("ERROR_", "STATUS_")) else ""


def _meaning(kind: str, symbol: str) -> Meaning:
    return Meaning(kind, symbol, _WORDS.get(symbol, ""))


def describe_code(value: int) -> List[Meaning]:
    """Every reading of a 32-bit code, the likeliest first: HRESULT, what it wraps, NTSTATUS, Win32, exception.

    HRESULT_FROM_WIN32 (0x8007xxxx) and HRESULT_FROM_NT (bit 28) are opened up. An empty list for a code that nothing knows.
    """
    value &= 0xFFFFFFFF
    found: List[Meaning] = []
    if value < 0x10000:
        symbol = table("win32").get(value)
        if symbol:
            found.append(_meaning(WIN32, symbol))
    symbol = table("hresult").get(value)
    if symbol and value > 1:
        found.append(_meaning(HRESULT, symbol))
    if value >> 16 == 0x8007:
        symbol = table("win32").get(value & 0xFFFF)
        if symbol and not (found and found[0].text == _WORDS.get(symbol, "-")):
            found.append(Meaning(f"HRESULT of Win32 0n{value & 0xFFFF}", symbol, _WORDS.get(symbol, "")))
    if value & _NT_BIT:
        symbol = table("ntstatus").get(value & ~_NT_BIT)
        if symbol:
            found.append(Meaning(f"HRESULT of NTSTATUS 0x{value & ~_NT_BIT:08X}", symbol, _WORDS.get(symbol, "")))
    symbol = table("ntstatus").get(value)
    if symbol and value >= 0x100:
        found.append(_meaning(NTSTATUS, symbol))
    from .exceptions import EXCEPTIONS

    known = EXCEPTIONS.get(value)
    if known is not None:
        found.append(Meaning(EXCEPTION, known.symbol, known.words))
    from .foreign import foreign_code

    foreign = foreign_code(value) if value > 0xFFFF else None  # the short ones are Win32 errors everywhere but in an exception
    if foreign is not None:
        found.append(Meaning(EXCEPTION, foreign.symbol, f"{foreign.owner}: {foreign.words} ({foreign.source})"))
    return found


def code_name(value: int) -> str:
    """The symbol of a code's likeliest reading, an empty string for a code that nothing knows."""
    found = describe_code(value)
    return found[0].symbol if found else ""


def win32_name(value: int) -> str:
    """The symbol of a Win32 error, or an empty string."""
    return table("win32").get(value, "")

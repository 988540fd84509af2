"""What MiniDumpWriteDump fails with, in words."""

from __future__ import annotations

from typing import Dict

# HRESULT: what it means when a dump is being written, and what can be done.
WORDS: Dict[int, str] = {
    0x80004001: "the writer does not know how to do this (not implemented): try the other DLL, --dll dbgcore or --dll dbghelp",
    0x80004005: "the writer gave no reason: try the other DLL, --dll dbgcore or --dll dbghelp",
    0x80070005: "access denied: the process belongs to another user, is elevated or protected; an elevated prompt helps with all but protected ones",
    0x80070006: "the process handle is not valid: the process has ended",
    0x80070008: "not enough memory for the writer",
    0x8007000E: "not enough memory for the writer",
    0x8007001E: "the file could not be read back while it was written",
    0x80070020: "the file is in use by another program",
    0x80070057: "the writer does not know some of these flags, or they exclude each other: an older DLL knows fewer; `dumpscope flags VALUE` explains them",
    0x80070070: "the disk is full",
    0x8007012B: "memory of the process changed while it was read (partial copy): try again, or leave full memory out, or add 0x20000 to go on over such pages",
    0x800703E6: "memory of the process could not be read: add 0x20000 to go on over such pages",
    0xD000000D: "the writer does not accept these flags for this process",
    0xD0000022: "access denied: the process is protected, or the handle lacks a right",
    0x8007065B: "the writer failed inside: it could not suspend the process, or a thread ended while it was read",
}


def hresult(code: int) -> int:
    """A Win32 error as an HRESULT; one that is an HRESULT already stays."""
    code &= 0xFFFFFFFF
    return code if code & 0x80000000 else (0x80070000 | code & 0xFFFF if code else 0x80004005)


def words(code: int) -> str:
    """What an error of the writer means; an empty string for one that is not known here."""
    return WORDS.get(hresult(code), "")


__all__ = ["WORDS", "hresult", "words"]

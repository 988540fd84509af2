"""Files that are taken for minidumps: how to tell them by their first bytes, and what to do with each."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

MINIDUMP_MAGIC = b"MDMP"


class FileSignature(NamedTuple):
    """A kind of file: its first bytes, a stable code in kebab case, what it is in words, and what to do with it."""

    magic: bytes
    code: str
    title: str
    hint: str


_UNPACK = "unpack it, and open the .dmp file inside"
_KERNEL = "open it in WinDbg as a kernel dump; dumpscope reads dumps of one process"
_FOREIGN_CORE = "open it with the debugger of that system (gdb or lldb)"
_LEGACY = "open it in WinDbg, and write a minidump of it: .dump /ma new.dmp"
_FOREIGN_WRITER = "read it with the tools of the program that wrote it"
_NOT_A_DUMP = "give the path of the .dmp file"

SIGNATURES: Tuple[FileSignature, ...] = (
    FileSignature(b"PAGEDU64", "kernel-dump", "a kernel dump of a 64-bit machine (PAGEDU64)", _KERNEL),
    FileSignature(b"PAGEDUMP", "kernel-dump", "a kernel dump of a 32-bit machine (PAGEDUMP)", _KERNEL),
    FileSignature(b"USERDU64", "legacy-user-dump", "a user dump in the old format (USERDU64), not a minidump", _LEGACY),
    FileSignature(b"USERDUMP", "legacy-user-dump", "a user dump in the old format (USERDUMP), not a minidump", _LEGACY),
    FileSignature(b"PMDM", "byte-swapped", "a minidump of a big-endian machine (its signature reads PMDM)", _FOREIGN_WRITER),
    FileSignature(b"MSCF", "cabinet", "a cabinet archive (MSCF)", "unpack it (expand FILE.cab -F:* FOLDER), and open the dump inside"),
    FileSignature(b"PK\x03\x04", "zip", "a ZIP archive", _UNPACK),
    FileSignature(b"PK\x05\x06", "zip", "an empty ZIP archive", "there is nothing in it: ask for the dump again"),
    FileSignature(b"7z\xbc\xaf'\x1c", "7z", "a 7-Zip archive", _UNPACK),
    FileSignature(b"\x1f\x8b", "gzip", "a gzip file", "unpack it (gzip -d), and open the dump inside"),
    FileSignature(b"(\xb5/\xfd", "zstd", "a Zstandard file", "unpack it (zstd -d), and open the dump inside"),
    FileSignature(b"\xfd7zXZ\x00", "xz", "an xz file", "unpack it (xz -d), and open the dump inside"),
    FileSignature(b"BZh", "bzip2", "a bzip2 file", "unpack it (bzip2 -d), and open the dump inside"),
    FileSignature(b"Rar!\x1a\x07", "rar", "a RAR archive", _UNPACK),
    FileSignature(b"\x04\x22M\x18", "lz4", "an LZ4 file", "unpack it (lz4 -d), and open the dump inside"),
    FileSignature(b"\x7fELF", "elf", "an ELF file (a Linux core dump or program)", _FOREIGN_CORE),
    FileSignature(b"\xcf\xfa\xed\xfe", "mach-o", "a Mach-O file (a macOS core dump or program)", _FOREIGN_CORE),
    FileSignature(b"\xce\xfa\xed\xfe", "mach-o", "a Mach-O file (a macOS core dump or program)", _FOREIGN_CORE),
    FileSignature(b"\xca\xfe\xba\xbe", "mach-o", "a universal Mach-O file", _FOREIGN_CORE),
    FileSignature(b"Microsoft C/C++ MSF", "pdb", "a symbol file (PDB), not a dump", "give the path of the .dmp file; symbols belong on the symbol path"),
    FileSignature(b"SQLite format 3\x00", "database", "a SQLite database", _NOT_A_DUMP),
    FileSignature(b"%PDF", "pdf", "a PDF document", _NOT_A_DUMP),
    FileSignature(b"version https://git-lfs", "git-lfs-pointer", "a Git LFS pointer, not the dump itself", "fetch the file itself: git lfs pull"),
    FileSignature(b"MZ", "pe", "a Windows program or library (MZ), not a dump", _NOT_A_DUMP),
)
"""Kinds of files by their first bytes; longer signatures stand before shorter ones that they begin with."""

MARKUP = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")
"""Beginnings of web pages and XML, in lower case: compare after white space and a byte order mark."""


def signature_of(head: bytes) -> Optional[FileSignature]:
    """The kind of file that begins so, or None. Give 32 bytes where the file has them."""
    for signature in SIGNATURES:
        if head.startswith(signature.magic):
            return signature
    return None

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
_KERNEL = "ask for its bug check: dumpscope bugcheck FILE; WinDbg opens it as a kernel dump"
_FOREIGN_CORE = "open it with the debugger of that system (gdb or lldb)"
_LEGACY = "its header is not filled in, or names a processor that is not read: write the dump again, as a minidump: .dump /ma new.dmp"
_FOREIGN_WRITER = "read it with the tools of the program that wrote it"
_NOT_A_DUMP = "give the path of the .dmp file"

SIGNATURES: Tuple[FileSignature, ...] = (
    FileSignature(b"PAGEDU64", "kernel-dump", "a kernel dump of a 64-bit machine (PAGEDU64)", _KERNEL),
    FileSignature(b"PAGEDUMP", "kernel-dump", "a kernel dump of a 32-bit machine (PAGEDUMP)", _KERNEL),
    FileSignature(b"USERDU64", "legacy-user-dump", "a user dump in the old format (USERDU64), not a minidump", _LEGACY),
    FileSignature(b"USERDUMP", "legacy-user-dump", "a user dump in the old format (USERDUMP), not a minidump", _LEGACY),
    FileSignature(b"PMDM", "byte-swapped", "a minidump of a big-endian machine (its signature reads PMDM)", _FOREIGN_WRITER),
    FileSignature(
        b"MSCF",
        "cabinet",
        "a cabinet archive (MSCF)",
        "call it .cab: dumpscope and the debugger then open the dump inside",
    ),
    FileSignature(b"PK\x03\x04", "zip", "a ZIP archive", "call it .zip: dumpscope and the debugger then open the dump inside"),
    FileSignature(b"PK\x05\x06", "zip", "an empty ZIP archive", "there is nothing in it: ask for the dump again"),
    FileSignature(b"7z\xbc\xaf'\x1c", "7z", "a 7-Zip archive", "call it .7z, so that dumpscope opens the dump inside; for the debugger unpack it"),
    FileSignature(b"\x1f\x8b", "gzip", "a gzip file", "call it .gz, so that dumpscope opens the dump inside; for the debugger unpack it (gzip -d)"),
    FileSignature(b"(\xb5/\xfd", "zstd", "a Zstandard file", "call it .zst, so that dumpscope opens the dump inside; for the debugger unpack it (zstd -d)"),
    FileSignature(b"\xfd7zXZ\x00", "xz", "an xz file", "call it .xz, so that dumpscope opens the dump inside; for the debugger unpack it (xz -d)"),
    FileSignature(b"BZh", "bzip2", "a bzip2 file", "call it .bz2, so that dumpscope opens the dump inside; for the debugger unpack it (bzip2 -d)"),
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
    FileSignature(b"PGDMP", "database-export", "a PostgreSQL export (pg_dump's own format)", "it holds a database, not a process: `pg_restore` reads it"),
    FileSignature(b"REDIS0", "database-export", "a Redis snapshot (RDB)", "it holds a database, not a process: give it to Redis"),
    FileSignature(b"TAPE\0\0", "database-backup", "a backup of SQL Server or NTBackup (Microsoft Tape Format)", "restore it with the program that made it"),
    FileSignature(b"JAVA PROFILE 1.", "heap-dump", "a heap dump of a Java runtime (HPROF)", "open it with a Java heap analyser (Eclipse MAT, VisualVM)"),
    FileSignature(b"portable heap dump", "heap-dump", "a heap dump of an OpenJ9 runtime (PHD)", "open it with Eclipse MAT and its DTFJ plug-in"),
    FileSignature(b"Nettrace", "event-trace", "an event trace of .NET (nettrace or gcdump), not a dump", "open it in PerfView or with dotnet-gcdump"),
    FileSignature(b"\x14\0\0\0!FastSerialization", "event-trace", "a .NET heap snapshot (gcdump), not a dump", "open it in PerfView or with dotnet-gcdump"),
    FileSignature(b"\xd4\xc3\xb2\xa1", "network-capture", "a network capture (pcap)", "open it in Wireshark"),
    FileSignature(b"\x0a\x0d\x0d\x0a", "network-capture", "a network capture (pcapng)", "open it in Wireshark"),
    FileSignature(b"MZ", "pe", "a Windows program or library (MZ), not a dump", _NOT_A_DUMP),
)
"""Kinds of files by their first bytes; longer signatures stand before shorter ones that they begin with."""


class TextKind(NamedTuple):
    """A kind of text file: what it begins with or has in its first lines (a regular expression), code, title and hint."""

    pattern: str
    code: str
    title: str
    hint: str


_REPORT = "it is written for people to read; ask whoever sent it for the .dmp file that belongs to it"
_DATABASE = "it holds the data of a database, not a process: give it to the database's own tools"

TEXT_KINDS: Tuple[TextKind, ...] = (
    TextKind(r"\A\W*(?:-- )?MySQL dump |\A\W*-- MariaDB dump |\A/\*M?!999999", "database-export", "a MySQL or MariaDB export (SQL text)", _DATABASE),
    TextKind(r"\A\W*--\s+-- PostgreSQL database (?:cluster )?dump", "database-export", "a PostgreSQL export (SQL text)", _DATABASE),
    TextKind(
        r"\A(?:\s*--[^\n]*\n|\s)*\s*(?:CREATE (?:TABLE|DATABASE)|INSERT INTO|DROP TABLE|SET NAMES|BEGIN TRANSACTION|PRAGMA foreign_keys)",
        "database-export",
        "a database export (SQL text)",
        _DATABASE,
    ),
    TextKind(r"A fatal error has been detected by the Java Runtime Environment", "crash-report", "a crash report of the Java runtime (hs_err)", _REPORT),
    TextKind(r"\A(?:NULL +-+\s+)?0SECTION +TITLE subcomponent dump", "crash-report", "a javacore text report of an OpenJ9 runtime", _REPORT),
    TextKind(r"Application exception occurred:|\*{4} +Dr\.? Watson", "crash-report", "a text log of Dr. Watson", _REPORT),
    TextKind(r"\A(?:\W*Version=\d+\s+EventType=)", "crash-report", "a Report.wer of Windows Error Reporting", _REPORT),
    TextKind(r"\A\{\W*\"(?:app_name|bug_type|incident_id|crashReporterKey)\"", "crash-report", "a crash report of macOS or iOS (.ips)", _REPORT),
    TextKind(
        r"^(?:Incident Identifier|Hardware Model|Process): +\S[\s\S]*^(?:Exception Type|Crashed Thread|Identifier):",
        "crash-report",
        "a crash report of macOS or iOS",
        _REPORT,
    ),
    TextKind(r"^(?:\*\*\* ){5,}|^signal \d+ \(SIG[A-Z]+\), code", "crash-report", "a tombstone of Android (text)", _REPORT),
    TextKind(r"^Operating system: .*\n[\s\S]*^Crash reason: ", "crash-report", "the text that minidump_stackwalk prints, not the minidump", _REPORT),
    TextKind(r"^date/time +: [\s\S]*^(?:exception|call stack|computer name|exec\. date)", "crash-report", "a bug report of madExcept (text)", _REPORT),
    TextKind(r"EurekaLog \d", "crash-report", "a bug report of EurekaLog (text)", _REPORT),
    TextKind(r"<FGenericCrashContext>", "crash-report", "a CrashContext.runtime-xml of Unreal Engine", _REPORT),
    TextKind(
        r"Loading Dump File \[|^Microsoft \(R\) Windows Debugger Version|^BUGCHECK_CODE:|^FAILURE_BUCKET_ID:",
        "debugger-log",
        "a text log of the debugger",
        "a log of the debugger cannot be read as a dump: open the .dmp file that it was made of",
    ),
    TextKind(
        r"(?:Unhandled [Ee]xception|EXCEPTION_[A-Z]+_[A-Z_]+|Access [Vv]iolation|ACCESS_VIOLATION"
        r"|Segmentation fault|SIGSEGV|SIGABRT|Stack ?trace|Call ?[Ss]tack|[Bb]acktrace|"
        r"Fault(?:ing)? (?:address|module|application)|Exception [Cc]ode|Crash [Rr]eport|Minidump:|Uncaught exception|Traceback \(most recent call last\))",
        "crash-report",
        "a crash report in text form",
        _REPORT,
    ),
)
"""Kinds of text by their first 4096 bytes, the more particular before the more general."""


def text_kind_of(text: str) -> Optional[TextKind]:
    """The kind of text that a file begins with, or None. Give the first 4096 bytes as text."""
    import re

    for kind in TEXT_KINDS:
        if re.search(kind.pattern, text, re.MULTILINE):
            return kind
    return None


MARKUP = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")
"""Beginnings of web pages and XML, in lower case: compare after white space and a byte order mark."""


def signature_of(head: bytes) -> Optional[FileSignature]:
    """The kind of file that begins so, or None. Give 4096 bytes where the file has them."""
    for signature in SIGNATURES:
        if head.startswith(signature.magic):
            return signature
    # Oracle's exp begins with its character set (three bytes), then EXPORT: and its version; Data Pump names its master table in its first block.
    if b"EXPORT:V" in head[:16]:
        return FileSignature(b"EXPORT:V", "database-export", "an export of Oracle's database (exp)", "it holds a database, not a process: `imp` reads it")
    if b"SYS_EXPORT_" in head or b"SYS_IMPORT_" in head:
        return FileSignature(
            b"SYS_EXPORT_", "database-export", "an export of Oracle's database (Data Pump)", "it holds a database, not a process: `impdp` reads it"
        )
    return None

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
    FileSignature(
        b"JAVA PROFILE 1.0.3",
        "heap-dump",
        "a heap dump of Android's runtime (HPROF 1.0.3)",
        "open it in Android Studio; `hprof-conv` of the Android SDK makes a file of it that Eclipse MAT reads",
    ),
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
_PHONE_DUMP = "a minidump (.dmp) exists beside it only if the app has Breakpad or Crashpad in it: then ask for that file"
_APPLE = f"Console or Xcode of a Mac shows it, and `atos` with the app's dSYM names the functions; {_PHONE_DUMP}"
_PANIC = "it tells of the whole machine and not of one process, and no minidump belongs to it: Console of a Mac shows it"
_JETSAM = "it lists the processes and their memory when the system ended some for want of memory; no minidump belongs to it: Console of a Mac shows it"
_TOMBSTONE = f"`ndk-stack -sym FOLDER -dump FILE` of the Android NDK names the functions (FOLDER: the libraries with symbols); {_PHONE_DUMP}"
_ANR = "it holds the stacks of all threads in text: read it as it is, or with Android Studio (Analyze Stack Trace); no minidump belongs to it"
_LOGCAT = f"it is text: Android Studio (Analyze Stack Trace) reads Java stacks, and `ndk-stack` native ones; {_PHONE_DUMP}"
_DATABASE = "it holds the data of a database, not a process: give it to the database's own tools"

_IPS = r"\A[\ufeff\s]*\{[\s\S]{0,2048}?"
"""JSON: the first lines, up to the name that is looked for."""

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
    TextKind(_IPS + r"\"bug_type\"\s*:\s*\"?(?:115|210)\b", "crash-report", "a report of a kernel panic of macOS or iOS (.ips)", _PANIC),
    TextKind(_IPS + r"\"bug_type\"\s*:\s*\"?298\b", "crash-report", "a report of iOS on a want of memory (JetsamEvent, .ips)", _JETSAM),
    TextKind(
        _IPS + r"\"(?:bug_type|incident_id|incident|crashReporterKey|roots_installed)\"\s*:", "crash-report", "a crash report of macOS or iOS (.ips)", _APPLE
    ),
    TextKind(_IPS + r"\"(?:crash|hang|cpuException|diskWriteException)Diagnostics\"\s*:", "crash-report", "a report of Apple's MetricKit (JSON)", _APPLE),
    TextKind(r"\A\s*\{\s*\"app_name\"", "crash-report", "a crash report of macOS or iOS (.ips)", _APPLE),
    TextKind(
        r"^(?:Incident Identifier|Hardware Model|Process): +\S[\s\S]*^(?:Exception Type|Crashed Thread|Identifier):",
        "crash-report",
        "a crash report of macOS or iOS (text)",
        _APPLE,
    ),
    TextKind(
        r"^\d\d-\d\d \d\d:\d\d:\d\d.*\b(?:DEBUG|AndroidRuntime) *: |^[VDIWEF]/(?:DEBUG|AndroidRuntime)\b", "crash-report", "a log of Android (logcat)", _LOGCAT
    ),
    TextKind(
        r"^(?:\*\*\* ){5,}|^signal \d+ \(SIG[A-Z]+\), code|^Build fingerprint: '[\s\S]*^pid: \d+, tid: \d+, name: ",
        "crash-report",
        "a tombstone of Android (text)",
        _TOMBSTONE,
    ),
    TextKind(r"^----- pid \d+ at \d{4}-|^ANR in \S|^Subject: Input dispatching timed out", "crash-report", "the traces of an app of Android (ANR)", _ANR),
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


_TOMBSTONE_PB = rb"\A(?:\x08[\x01-\x10])?\x12[\x08-\x7f\x80-\xff]\x01?[\w.-]+/[\w.-]+/[\w.-]+:[^\0]{1,200}?\x22[\x0a-\x40]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
"""Beginning of debuggerd's Tombstone message: arch (1), build_fingerprint (2), revision (3), timestamp (4); from tombstone.proto of AOSP's debuggerd."""

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
    if _is_tombstone(head):
        return FileSignature(
            head[:1],
            "crash-report",
            "a tombstone of Android (protobuf, .pb)",
            f"`pbtombstone FILE` of Android's debuggerd prints it; a bug report (`adb bugreport`) has the text beside it; {_PHONE_DUMP}",
        )
    return None


def _is_tombstone(head: bytes) -> bool:
    """Whether a file begins as the Tombstone message of Android 12 and later does."""
    import re

    return head[:1] in (b"\x08", b"\x12") and re.match(_TOMBSTONE_PB, head, re.DOTALL) is not None

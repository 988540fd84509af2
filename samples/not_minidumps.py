"""Files that people take for minidumps: other kinds of dumps, archives, downloads gone wrong."""

import io
import struct
import zipfile
import zlib

from .catalogue import Built, sample


@sample("not-a-dump-empty", "A file without bytes", "the writer failed at once", 0, magic=b"", engine="refuses")
def _() -> Built:
    return b""


@sample("not-a-dump-text", "A text file", "somebody renamed a log", 0, magic=b"2024", engine="refuses")
def _() -> Built:
    return b"2024-03-01 12:00:00 demo.exe crashed, see memory.dmp\r\n" * 4


@sample("not-a-dump-html", "A web page", "a download that was a login page", 0, magic=b"<!DO", engine="refuses")
def _() -> Built:
    return b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Session expired.</body></html>\n"


@sample("not-a-dump-git-lfs", "A Git LFS pointer", "the repository was cloned without its large files", 0, magic=b"vers", engine="refuses")
def _() -> Built:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\nsize 27979741\n"


@sample("not-a-dump-zip", "A ZIP archive", "unpack it first", 0, magic=b"PK\x03\x04", engine="refuses")
def _() -> Built:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        member = zipfile.ZipInfo("memory.dmp", (2024, 3, 1, 12, 0, 0))
        member.create_system = 3
        archive.writestr(member, b"MDMP" + bytes(60))
    return target.getvalue()


@sample("not-a-dump-gzip", "A gzip file", "unpack it first", 0, magic=b"\x1f\x8b", engine="refuses")
def _() -> Built:
    inside = b"MDMP" + bytes(60)
    stored = struct.pack("<BHH", 1, len(inside), ~len(inside) & 0xFFFF) + inside
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stored + struct.pack("<II", zlib.crc32(inside), len(inside))


@sample("not-a-dump-7z", "A 7-Zip archive", "unpack it first", 0, magic=b"7z\xbc\xaf", engine="refuses")
def _() -> Built:
    return b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(24)


@sample("not-a-dump-cab", "A cabinet file", "Windows Error Reporting packs dumps like this", 0, magic=b"MSCF", engine="refuses")
def _() -> Built:
    return b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, 64, 0, 44, 0, 3, 1, 0, 0, 0, 0x1234, 0) + bytes(28)


@sample("not-a-dump-elf-core", "A Linux core file", "another operating system's dump", 0, magic=b"\x7fELF", engine="refuses")
def _() -> Built:
    head = b"\x7fELF" + bytes((2, 1, 1, 0)) + bytes(8)
    return head + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0) + bytes(56)


@sample("not-a-dump-mach-o-core", "A macOS core file", "another operating system's dump", 0, magic=b"\xcf\xfa\xed\xfe", engine="refuses")
def _() -> Built:
    return struct.pack("<IiiIIIII", 0xFEEDFACF, 0x01000007, 3, 4, 0, 0, 0, 0) + bytes(32)


@sample("not-a-dump-kernel-64", "A 64-bit kernel dump", "PAGEDU64: made by a blue screen, not of a process", 0, magic=b"PAGEDU64", engine="kernel", kernel=True)
def _() -> Built:
    head = b"PAGEDU64" + struct.pack(
        "<IIQQQQIIIIQQQQ", 15, 19041, 0x1AD000, 0xFFFFDE0000000000, 0xFFFFF80312C00000, 0xFFFFF80312C2A2B0, 0x8664, 8, 0xD1, 0, 0x28, 2, 0, 0xFFFFF80300001000
    )
    return head + b"PAGE" * ((0x2000 - len(head)) // 4)


@sample("not-a-dump-kernel-32", "A 32-bit kernel dump", "PAGEDUMP", 0, magic=b"PAGEDUMP", engine="refuses", kernel=True)
def _() -> Built:
    head = b"PAGEDUMP" + struct.pack("<II", 15, 2600)
    return head + b"PAGE" * ((0x1000 - len(head)) // 4)


@sample("not-a-dump-user-64", "An old full user dump, 64 bit", "USERDU64: from before minidumps", 0, magic=b"USERDU64", engine="refuses")
def _() -> Built:
    return b"USERDU64" + struct.pack("<IIIIIIII", 5, 2600, 0x8664, 0, 0, 0, 0, 0) + bytes(216)


@sample("not-a-dump-user-32", "An old full user dump, 32 bit", "USERDUMP: from before minidumps", 0, magic=b"USERDUMP", engine="refuses")
def _() -> Built:
    return b"USERDUMP" + struct.pack("<IIIIIIII", 5, 2195, 0x14C, 0, 0, 0, 0, 0) + bytes(88)


@sample("not-a-dump-signature-only", "The four bytes MDMP and no more", "shorter than a header", 0, magic=b"MDMP", engine="refuses", rule="too-short")
def _() -> Built:
    return b"MDMP"


@sample(
    "not-a-dump-wrong-version",
    "MDMP, but the version's low word is not A793",
    "refused like any other file",
    0,
    magic=b"MDMP",
    engine="refuses",
    rule="version",
)
def _() -> Built:
    return struct.pack("<4sIIIIIQ", b"MDMP", 0xA061A794, 0, 32, 0, 1709294400, 0)


@sample("not-a-dump-byte-swapped", "A header in the other byte order", "PMDM: written on a big-endian machine", 0, magic=b"PMDM", engine="refuses")
def _() -> Built:
    return struct.pack(">4sIIIIIQ", b"PMDM", 0xA793, 0, 32, 0, 1709294400, 0)


@sample("not-a-dump-crash-report", "A crash report in text form, called .dmp", "games and launchers write them", 0, magic=b"Unha", engine="refuses")
def _() -> Built:
    return (
        b"Unhandled exception at 0x00401000 in demo.exe\r\nException code: C0000005 "
        b"ACCESS_VIOLATION\r\nFault address: 00401000 01:00000000 C:\\demo\\demo.exe\r\n"
        b"\r\nRegisters:\r\nEAX:00000000 EBX:00000000\r\n\r\nCall stack:\r\n00401000 demo.exe\r\n"
    )


@sample("not-a-dump-java-report", "The text report of a Java runtime", "hs_err, called .dmp", 0, magic=b"#\n# ", engine="refuses")
def _() -> Built:
    return (
        b"#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  "
        b"EXCEPTION_ACCESS_VIOLATION (0xc0000005) at pc=0x00007ffb1000, pid=6884\n#\n"
    )


@sample("not-a-dump-oracle-export", "An export of Oracle's database", "exp and expdp call their files .dmp", 0, magic=b"\x03\x03\x69E", engine="refuses")
def _() -> Built:
    return b"\x03\x03\x69EXPORT:V11.02.00\nDDEMO\nRUSERS\n2048\n0\n20\n0\n" + bytes(64)


@sample("not-a-dump-sql-export", "A database export as SQL text", "mysqldump", 0, magic=b"-- M", engine="refuses")
def _() -> Built:
    return b"-- MySQL dump 10.13  Distrib 8.0.36, for Win64 (x86_64)\n--\n-- Host: localhost    Database: demo\n"

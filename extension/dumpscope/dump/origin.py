"""Who wrote a dump: the library or program behind the file, with the evidence for it.

Two things are told apart. The *writer* made the file's streams; whether the header's flags mean anything depends on it. The
*tool* is the program that had the writer called, such as procdump or Breakpad's client on Windows, which both have Microsoft's
library do the work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ..format.flags import writers_of
from ..format.misc import MINIDUMP_MISC_INFO_5
from ..format.streams import (
    MD_ASSERTION_INFO_STREAM,
    MD_BREAKPAD_INFO_STREAM,
    CommentStreamA,
    CommentStreamW,
    SystemInfoStream,
    kMinidumpStreamTypeCrashpadInfo,
)
from .absence import Absent
from .directory import Stream

if TYPE_CHECKING:
    from .minidump import Minidump

CERTAIN = "certain"
LIKELY = "likely"
GUESS = "guess"

MICROSOFT = "microsoft"
DBGENG = "dbgeng"
CRASHPAD = "crashpad"
BREAKPAD = "breakpad"
WINE = "wine"
LLDB = "lldb"
RUST = "rust"
MEMPROCFS = "memprocfs"
FACEBOOK = "facebook"
UNKNOWN = "unknown"

IMPLEMENTATIONS: Dict[int, str] = {
    0x5128: "5.1.2600",
    0x61B0: "6.1.7600",
    0x61B1: "6.1.7601",
    0x6903: "6.9",
    0x6B01: "6.11",
    0x6C02: "6.12",
    0x6380: "6.3.9600",
    0xA0F1: "10.0.14321",
    0xA0D7: "10.0.15063",
    0xA0AB: "10.0.16299",
    0xA0EE: "10.0.17134",
    0xA063: "10.0.17763",
    0xA0BA: "10.0.18362",
    0xA061: "10.0.19041",
    0xA05D: "10.0.22621",
    0xA0F4: "10.0.26100",
}
"""High words of Version that were seen together with the version of the DLL that wrote them. Only the low byte of the build is
kept, so other builds can have the same number."""

_FILE_NAMES: Tuple[Tuple[str, str], ...] = (
    (r"^.+\.exe_\d{6}_\d{6}\.dmp$", "procdump"),
    (r"^.+\.exe\.\d+\.dmp$", "Windows Error Reporting"),
    (r"^(memory\.hdmp|minidump\.mdmp|.+\.hdmp|.+\.mdmp)$", "Windows Error Reporting"),
    (r"^dump_\d{8}_\d{6}\.dmp$", "dotnet-dump"),
    (r"^ue4?minidump\.dmp$", "Unreal Engine"),
    (r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.dmp$", "a crash reporter such as Breakpad or Crashpad"),
    (r"^.+ \(\d+\)\.dmp$", "Task Manager"),
)

_WEAKER = {CERTAIN: LIKELY, LIKELY: GUESS, GUESS: GUESS}
_UNLIKE = "unlike"
"""The family of what does not look like the writer that was named, and not like another one either."""
_RELATED = {BREAKPAD, RUST, FACEBOOK}
"""Writers that come from Breakpad and make its streams."""

_NAMES = {
    "dbgcore": "MiniDumpWriteDump of dbgcore.dll",
    "dbghelp": "MiniDumpWriteDump of dbghelp.dll",
    "dbgeng": ".dump of the debugger engine (dbgeng.dll)",
    "crashpad": "Crashpad",
}
_FAMILIES = {"dbgcore": MICROSOFT, "dbghelp": MICROSOFT, "dbgeng": DBGENG, "crashpad": CRASHPAD}

TRIAGE = 0x100000
"""MiniDumpFilterTriage."""
HUNG = 0xCFFFFFFF
"""The exception code that Windows Error Reporting makes up for a program that does not answer."""
LLDB_STREAM = 0x4C4C4442
"""LLDBGenerated of llvm's MinidumpConstants.def: the letters LLDB."""


class Evidence(NamedTuple):
    """One thing in the file that tells about the writer. ``offset`` is where it stands; None for what is not in the file.

    ``against`` is set for what this writer does not make, but another one does; it makes the writer less certain.
    """

    what: str
    value: str
    offset: Optional[int]
    against: bool = False


class Writer(NamedTuple):
    """Who wrote the dump.

    ``name`` is in words, ``version`` that of the library as far as it is known, ``family`` one of the constants of this
    module. ``tool`` is the program behind it, empty when nothing tells; both come with a confidence: ``certain`` (the file
    says so), ``likely`` (it has the shape), ``guess`` (a habit or a file name).
    """

    name: str
    version: str
    confidence: str
    evidence: List[Evidence]
    family: str
    tool: str
    tool_confidence: str

    @property
    def trusts_flags(self) -> bool:
        """Whether the header's flags say what was asked for: true for Microsoft's writers: they clear a flag when they do not act on it."""
        return self.family in (MICROSOFT, DBGENG)

    @property
    def is_microsoft(self) -> bool:
        """Whether one of Microsoft's libraries made the file."""
        return self.family in (MICROSOFT, DBGENG)


def flags_count(dump: Minidump) -> bool:
    """Whether the header's flags tell what was asked for: the writer is one of Microsoft's, by the library's name or by Version."""
    if dump.writer.family in (CRASHPAD, WINE):
        return False
    return bool(dump.header.implementation) or dump.writer.is_microsoft


def implementation_of(version: str) -> Optional[int]:
    """The high word of Version that a DLL of this version writes: ((major & 15) << 12) | ((minor & 15) << 8) | (build & 255)."""
    parts = version.split(".")
    if len(parts) < 3 or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts[:3]):
        return None
    major, minor, build = (int(part) for part in parts[:3])
    return (major & 15) << 12 | (minor & 15) << 8 | build & 0xFF


def version_of(implementation: int) -> str:
    """What the high word of Version says of the DLL: a known version, or what can be read off it; empty for 0."""
    if not implementation:
        return ""
    known = IMPLEMENTATIONS.get(implementation)
    if known:
        return known
    return f"{implementation >> 12}.{implementation >> 8 & 15}, build ending in 0x{implementation & 0xFF:02x}"


class _Finding:
    """What has been found so far."""

    def __init__(self, dump: Minidump) -> None:
        self.dump = dump
        self.evidence: List[Evidence] = []
        self.families: List[str] = []
        self.name = ""
        self.version = ""
        self.family = ""
        self.confidence = GUESS
        self.tool = ""
        self.tool_confidence = GUESS

    def add(self, what: str, value: str, offset: Optional[int], family: str = "") -> None:
        """Keep a piece of evidence; ``family`` is the only one that makes it, empty for what says nothing against any."""
        self.evidence.append(Evidence(what, value, offset))
        self.families.append(family)

    def client_of(self, family: str) -> str:
        """``family``, or nothing beside Microsoft's library, to whose streams a program on Windows can add those of its own."""
        return "" if self.family in (MICROSOFT, DBGENG) or _plausible(self.dump.header.implementation) else family

    def weigh(self) -> None:
        """Tell what speaks against the writer that was named, behind what speaks for it, and be less certain for it."""
        if self.family in ("", UNKNOWN):
            return
        marked = [
            item._replace(against=family not in ("", self.family) and not _RELATED.issuperset((family, self.family)))
            for item, family in zip(self.evidence, self.families)
        ]
        self.evidence = sorted(marked, key=lambda item: item.against)
        if any(item.against for item, family in zip(marked, self.families) if family != _UNLIKE):
            self.confidence = _WEAKER[self.confidence]

    def settle(self, family: str, name: str, version: str, confidence: str) -> None:
        """Name the writer, unless stronger evidence has already done so."""
        if not self.family:
            self.family, self.name, self.version, self.confidence = family, name, version, confidence

    def suggest(self, tool: str, confidence: str) -> None:
        """Name the tool, unless stronger evidence has already done so."""
        if not self.tool:
            self.tool, self.tool_confidence = tool, confidence

    def head(self, stream: Stream, size: int) -> bytes:
        """The beginning of a stream."""
        return self.dump.source.some(stream.rva, min(stream.size, size))


def identify_writer(dump: Minidump) -> Writer:
    """Who wrote the dump. The evidence is looked at from the strongest to the weakest; all of it is kept."""
    found = _Finding(dump)
    _by_build_string(found)
    _by_comments(found)
    _by_streams(found)
    _by_system_text(found)
    _by_version(found)
    _by_exception(found)
    _by_flags(found)
    _by_file_name(found)
    found.settle(UNKNOWN, "unknown", "", GUESS)
    found.weigh()
    return Writer(found.name, found.version, found.confidence, found.evidence, found.family, found.tool, found.tool_confidence)


def _by_build_string(found: _Finding) -> None:
    """DbgBldStr names the DLL itself: ``dbgcore.amd64,10.0.19041.789``."""
    misc = found.dump.misc
    text = "" if isinstance(misc, Absent) else misc.unguarded_text("DbgBldStr")
    if isinstance(misc, Absent) or not text:
        return
    found.add("MiscInfo.DbgBldStr", text, misc.offset + MINIDUMP_MISC_INFO_5.offset_of("DbgBldStr"))
    library, _, version = text.partition(",")
    prefix = library.split(".", 1)[0].lower()
    if prefix in _FAMILIES:
        found.settle(_FAMILIES[prefix], _NAMES[prefix], version.split(",", 1)[0], CERTAIN)
        expected = implementation_of(version)
        actual = found.dump.header.implementation
        if prefix != "crashpad" and expected is not None and actual != expected:
            # a program can change the word afterwards, as Chromium's fallback handler zeroes it: against, and yet no other writer
            found.add("header.Version", f"0x{actual:04x} does not fit this version, which would leave 0x{expected:04x}", 4, _UNLIKE)
    else:
        found.settle(UNKNOWN, library, version, LIKELY)


def _by_comments(found: _Finding) -> None:
    """procdump leaves its command line and its trigger, each line behind three stars."""
    dump = found.dump
    for kind in (CommentStreamW, CommentStreamA):
        stream = dump.stream(kind)
        if stream is None:
            continue
        data = found.head(stream, 4096)
        text = data[: len(data) & ~1].decode("utf-16-le", "replace") if kind == CommentStreamW else data.decode("latin-1")
        text = text.split("\0", 1)[0].strip()
        if not text:
            continue
        found.add(stream.name, text[:200], stream.rva)
        if text.startswith("***") or "procdump" in text[:200].lower():
            found.suggest("procdump", CERTAIN if "procdump" in text.lower() else LIKELY)


def _by_streams(found: _Finding) -> None:
    """Streams that only one writer makes."""
    dump = found.dump
    microsoft = _plausible(dump.header.implementation)
    crashpad = dump.stream(kMinidumpStreamTypeCrashpadInfo)
    if crashpad is not None:
        found.add("stream", "CrashpadInfoStream", crashpad.offset, found.client_of(CRASHPAD))
        if microsoft:
            found.suggest("Crashpad", CERTAIN)
        found.settle(CRASHPAD, "Crashpad", "", CERTAIN)
    host = dump.stream(0xFFF0)
    if host is not None:
        found.add("stream", "second module list of type 0xfff0, which Wine writes", host.offset, WINE)
        found.settle(WINE, "MiniDumpWriteDump of Wine", _wine_version(found), CERTAIN)
    else:
        _wine_version(found)
    lldb = dump.stream(LLDB_STREAM)
    if lldb is not None:
        found.add("stream", "LLDBGenerated", lldb.offset, LLDB)
        found.settle(LLDB, "LLDB process save-core", "", CERTAIN)
    mozilla = next((stream for kind in range(0x4D7A0001, 0x4D7A0005) for stream in dump.streams.all(kind)[:1]), None)
    if mozilla is not None:
        # Only the last of the four, what the writer failed at, is for Windows too.
        found.add("stream", mozilla.name, mozilla.offset, found.client_of(RUST) if mozilla.type == 0x4D7A0004 else RUST)
        if microsoft:
            found.suggest("Mozilla's crash reporter", CERTAIN)
        else:
            found.settle(RUST, "rust minidump-writer (Mozilla)", "", LIKELY)
    _by_breakpad_streams(found, microsoft)
    facebook = next((stream for stream in list(dump.streams[:256]) if stream.type >> 16 == 0xFACE), None)
    if facebook is not None:
        found.add("stream", f"type 0x{facebook.type:x}, one of Facebook's", facebook.offset, FACEBOOK)
        found.settle(FACEBOOK, "Facebook's crash reporter", "", LIKELY)
    user = dump.stream(0x10000)
    if user is not None and b"FGenericCrashContext" in found.head(user, 4096).replace(b"\0", b""):
        found.add("stream", "user stream 0x10000 with an Unreal Engine crash context", user.offset)
        found.suggest("Unreal Engine", CERTAIN)


def _by_breakpad_streams(found: _Finding, microsoft: bool) -> None:
    dump = found.dump
    info = dump.stream(MD_BREAKPAD_INFO_STREAM) or dump.stream(MD_ASSERTION_INFO_STREAM)
    linux = next((stream for kind in range(0x47670003, 0x4767000E) for stream in dump.streams.all(kind)[:1]), None)
    stream = info or linux
    if stream is None:
        return
    for item in (stream, linux) if microsoft and info is not None and linux is not None else (stream,):
        family = found.client_of(BREAKPAD) if item is info else BREAKPAD
        found.add("stream", item.name if item.name != "???" else f"0x{item.type:x}", item.offset, family)
    if microsoft:
        found.suggest("Breakpad", CERTAIN if info is not None else LIKELY)
    else:
        found.settle(BREAKPAD, "Breakpad", "", LIKELY)


def _wine_version(found: _Finding) -> str:
    """Wine's build id from its marker after SystemInfo; an empty string without one."""
    stream = found.dump.stream(SystemInfoStream)
    if stream is None:
        return ""
    from .streams.vendor import read_wine

    wine = read_wine(found.dump)
    if isinstance(wine, Absent):
        return ""
    found.add("marker after SystemInfo", f"WINE: {wine.build}, host {wine.host_name} {wine.host_release}", wine.offset, WINE)
    version = wine.build[5:] if wine.build.lower().startswith("wine-") else wine.build
    found.settle(WINE, "MiniDumpWriteDump of Wine", version, CERTAIN)
    return version


def _by_system_text(found: _Finding) -> None:
    """Some writers sign in the place of the service pack."""
    system = found.dump.system
    if isinstance(system, Absent):
        return
    if "MemProcFS" in system.csd:
        found.add("SystemInfo.CSDVersion", system.csd[:120], system.csd_rva, MEMPROCFS)
        found.settle(MEMPROCFS, "MemProcFS", "", CERTAIN)
    elif not system.is_windows and not found.family:
        found.add("SystemInfo.PlatformId", f"0x{system.platform:x}", system.offset + 20, BREAKPAD)
        if system.platform < 0x8300 and system.csd.startswith("Linux "):
            found.settle(BREAKPAD, "Breakpad, or a writer like it", "", GUESS)


def _plausible(implementation: int) -> bool:
    """Whether a high word of Version can be that of a Windows DLL: version 5, 6 or 10."""
    return implementation >> 12 in (5, 6, 10)


def _by_version(found: _Finding) -> None:
    """The high word of the header's Version: only Microsoft's writers put something there."""
    value = found.dump.header.implementation
    version = version_of(value)
    plausible = _plausible(value)
    if value:
        found.add("header.Version", f"high word 0x{value:04x}" + (f": {version}" if plausible else ""), 4)
        if plausible:
            known = value in IMPLEMENTATIONS
            found.settle(MICROSOFT, "Microsoft's writer (dbghelp.dll, dbgcore.dll or dbgeng.dll)", version, LIKELY if known else GUESS)
    elif found.family in ("", UNKNOWN):
        found.add("header.Version", "high word 0: none of Microsoft's writers", 4)


def _by_exception(found: _Finding) -> None:
    """An exception code that only one tool makes up."""
    exception = found.dump.exception
    if not isinstance(exception, Absent) and exception.code == HUNG:
        found.add("ExceptionRecord.ExceptionCode", f"0x{HUNG:08x}: Windows Error Reporting's word for a hang", exception.offset + 8)
        found.suggest("Windows Error Reporting", LIKELY)


def _by_flags(found: _Finding) -> None:
    """Values that programs are known to leave. They prove nothing."""
    flags = found.dump.header.flags
    if found.family not in (MICROSOFT, DBGENG):
        return
    engine = found.family == DBGENG
    rows = [row for row in writers_of(flags) if row.writer.startswith(".dump") == engine and not row.writer.startswith("Crashpad")]
    if flags and rows:
        names = " or ".join(row.writer for row in rows)
        found.add("header.Flags", f"0x{flags:x}, as in files of {names}", 24)
        found.suggest(rows[0].writer, GUESS)
    elif flags & TRIAGE and not engine:
        found.add("header.Flags", f"0x{flags:x}: 0x{TRIAGE:x} MiniDumpFilterTriage, which Windows Error Reporting and createdump --triage set", 24)
        found.suggest("Windows Error Reporting", GUESS)


def _by_file_name(found: _Finding) -> None:
    """The name that the file was given."""
    name = found.dump.path.replace("\\", "/").rsplit("/", 1)[-1]
    for pattern, tool in _FILE_NAMES:
        if re.match(pattern, name, re.IGNORECASE):
            found.add("file name", f"{name}: as named by {tool}", None)
            if found.family in (MICROSOFT, UNKNOWN, ""):
                if found.tool_confidence == GUESS and tool in found.tool:
                    found.tool, found.tool_confidence = tool, LIKELY
                else:
                    found.suggest(tool, GUESS)
            return

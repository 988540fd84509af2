"""Why a file does not open in the debugger, or opens without what a session needs."""

from __future__ import annotations

from typing import Callable, List, Optional

from ...dump.absence import Absent
from ...dump.kernel.kerneldump import KernelDump
from ...errors import DumpError
from ...format.counted import counted
from ...format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_VERSION
from ...format.processors import debugger_name
from ...format.streams import ModuleListStream, SystemInfoStream, ThreadListStream
from ...format.system import PROCESSOR_ARCHITECTURE_BREAKPAD_ARM64
from ..engine.archives import TAKEN, given
from ..engine.opening import missing_parts
from ..evidence import Proof
from ..facts import VERSION_OFFSET, Facts
from . import ranges, repairs
from .rule import ERROR, INFERRED, INFO, PROVEN, WARNING, Match, Rule

_OBSERVED = "observed: dbgeng 10.0.15063, OpenDumpFile on edited dumps"
_DOCS = "Microsoft Learn: 'Could not open dump file' and dumpchk"
_OPEN = (".opendump", "windbg -z", "!analyze")
_SESSION = ("~", "~*", "r", "k", "lm", ".ecxr", "!analyze", "!handle")
_FETCH = "compare the file's size with the original and copy it again (in binary mode)"
_SIGNATURE = (
    "Could not match Dump File signature - invalid file format",
    "Could not open dump file [...], Win32 error 0n87",
    "Could not open dump file, HRESULT 0x80070057",
)


def _kind(*wanted: str) -> Callable[[Facts], Optional[Match]]:
    def test(facts: Facts) -> Optional[Match]:
        if facts.source.fault is not None or TAKEN.search(facts.source.name):
            return None  # OPN029 tells of archives
        kind = facts.kind
        if kind.is_minidump or (kind.code not in wanted if wanted else kind.code in _OWN):
            return None
        head = facts.source.some(0, 16)
        evidence = (Proof("first bytes", head.hex(" ") or "none", 0), Proof("size", counted(facts.source.size, "byte")))
        return Match(evidence, {"what": kind.title, "hint": kind.hint[:1].upper() + kind.hint[1:] + "."})

    return test


_KERNEL = ("kernel-dump",)
_LEGACY = ("legacy-user-dump",)
_SHORT = ("minidump-cut", "too-small", "zeros")
_OWN = (*_KERNEL, *_LEGACY, *_SHORT, *repairs.SIGNATURE_KINDS, "empty")


def _kernel(facts: Facts) -> Optional[Match]:
    found = _kind(*_KERNEL)(facts)
    if found is None:
        return None
    kind = facts.kind
    opens = "WinDbg, kd and dumpscope open it as what it is"
    first = "ask dumpscope for the bug check and the driver: `bugcheck`, `dumpinfo`, `modules`"
    if kind.needed is not None:
        opens = f"of this one the file holds 0x{kind.available or 0:x} of 0x{kind.needed:x} bytes of the header, so nothing opens it"
        first = "copy or download the dump again, and compare its size with the original; then ask dumpscope: `bugcheck`, `dumpinfo`, `modules`"
    elif not facts.engine.opening.ok:
        try:
            missing = missing_parts(KernelDump(facts.source))
        except DumpError:
            missing = []
        opens = f"the debugger refuses this one ({facts.engine.opening.line.rstrip('.')}), and dumpscope shows what is there"
        if missing:
            opens += ": without registers, exception, processor block or call stack the debugger opens no small kernel dump"
            found = found._replace(evidence=(*found.evidence, *(Proof(name, "0: the part is not there", at) for name, at in missing)))
    return found._replace(values={**found.values, "opens": opens, "first": first})


def _old_user_dump(facts: Facts) -> Optional[Match]:
    opening = facts.engine.opening
    found = _kind(*_LEGACY)(facts)
    if found is None or (facts.error is None and opening.ok):
        return None
    why = opening.line.rstrip(".") if not opening.ok else facts.error.message if facts.error is not None else ""
    return found._replace(values={**found.values, "why": why})


def _wrong_version(facts: Facts) -> Optional[Match]:
    if facts.header.version == MINIDUMP_VERSION:
        return None
    return Match(
        (Proof("header Version, low word", f"0x{facts.header.version:04x}, not 0x{MINIDUMP_VERSION:04x}", VERSION_OFFSET),),
        {"version": f"0x{facts.header.version:04x}", "then": repairs.version_note(facts)},
    )


def _directory_outside(facts: Facts) -> Optional[Match]:
    rva = facts.header.directory_rva
    damage = facts.dump.streams.damage
    if facts.moved_directory is not None:
        return None
    if rva < MINIDUMP_HEADER.size:
        what = f"its RVA is 0x{rva:x}, inside the header, which has 0x{MINIDUMP_HEADER.size:x} bytes"
    elif damage is not None:
        what = damage.message
    elif facts.directory_garbled:
        what = f"none of the {len(facts.dump.streams)} entries at 0x{rva:x} has a type that is known and data in the file"
    else:
        return None
    proofs = (Proof("header NumberOfStreams", str(facts.header.stream_count), 8), Proof("header StreamDirectoryRva", f"0x{rva:x}: {what}", 12))
    return Match(proofs, {"what": what, "mend": repairs.directory_note(facts)})


def _zeroed(facts: Facts) -> Optional[Match]:
    streams = facts.dump.streams
    if not len(streams) or any(stream.type or stream.size or stream.rva for stream in streams) or facts.moved_directory is not None:
        return None
    size = len(streams) * MINIDUMP_DIRECTORY.size
    return Match((Proof("directory", f"all 0x{size:x} bytes are zero", streams.rva), Proof("size of the file", counted(facts.source.size, "byte"))))


def _no_system(facts: Facts) -> Optional[Match]:
    if (
        facts.header.directory_rva < MINIDUMP_HEADER.size
        or facts.stream(SystemInfoStream) is not None
        or _zeroed(facts) is not None
        or facts.dump.streams.damage is not None
        or facts.moved_directory is not None
        or facts.directory_garbled
    ):
        return None
    return Match((facts.directory_proof(SystemInfoStream),))


def _small_system(facts: Facts) -> Optional[Match]:
    stream = facts.stream(SystemInfoStream)
    if stream is None or stream.rva < facts.header.directory_rva or facts.engine.opened.streams is None or facts.engine.stream(7) is not None:
        return None
    held = facts.source.available(stream.rva, stream.size)
    what = f"the directory gives it 0x{stream.size:x} bytes, of which the file holds {f'0x{held:x}' if held else 'none'}"
    return Match(
        (facts.directory_proof(SystemInfoStream), Proof("bytes of it in the file", str(held), stream.rva)),
        {"what": what, "mend": repairs.system_note(facts, stream)},
    )


def _no_threads(facts: Facts) -> Optional[Match]:
    if not facts.engine.opening.ok:
        return None  # what keeps the file from opening comes first, and is told by its own rule
    threads = facts.dump.threads
    if threads.stream is None:
        return Match((facts.directory_proof(ThreadListStream),), {"what": "the file has no thread list"})
    if threads.span.refused:
        proofs = [Proof(item.code.replace("-", " "), item.message, item.offset) for item in threads.damage]
        return Match((facts.directory_proof(threads.stream.type), *proofs), {"what": proofs[-1].value if proofs else "it is damaged"})
    if not threads.span.claimed:
        return Match((Proof("ThreadListStream.NumberOfThreads", "0", threads.span.header),), {"what": "the thread list is empty"})
    return None


def _no_modules(facts: Facts) -> Optional[Match]:
    if not facts.engine.opening.ok:
        return None
    modules = facts.dump.modules
    if modules.stream is not None and not modules.span.refused:
        return None
    proofs = [Proof(item.code.replace("-", " "), item.message, item.offset) for item in modules.damage]
    what = modules.damage[0].message if modules.damage else "the file has no module list"
    return Match((facts.directory_proof(ModuleListStream), *proofs), {"what": what})


_NEWER = "use a newer debugger for a newer processor"
OLD_ARM64 = (
    " The number is that of older versions of Breakpad for ARM64: registers are stored in a structure of its own, which the debugger does not know "
    "either. The debugger's number is 12."
)


def _architecture(facts: Facts) -> Optional[Match]:
    system = facts.dump.system
    if isinstance(system, Absent) or debugger_name(system.architecture):
        return None
    if facts.engine.opening.ok:
        return None
    old = system.architecture == PROCESSOR_ARCHITECTURE_BREAKPAD_ARM64
    return Match(
        (Proof("SystemInfo.ProcessorArchitecture", f"0x{system.architecture:x} ({system.architecture_name})", system.offset),),
        {"value": f"0x{system.architecture:x}", "what": OLD_ARM64 if old else ""},
        without=(_NEWER,) if old else (),
    )


def _before_directory(facts: Facts) -> Optional[Match]:
    rva = facts.header.directory_rva
    early = [stream for stream in facts.dump.streams if stream.type and stream.size and stream.rva < rva]
    if not early or facts.dump.streams.damage is not None:
        return None
    first = early[0]
    return Match(
        (
            Proof("header StreamDirectoryRva", f"0x{rva:x}", 12),
            Proof(f"directory entry {first.index}", f"{first.name} at RVA 0x{first.rva:x}, before the directory", first.offset),
        ),
        {"count": len(early)},
    )


def _dropped(facts: Facts) -> Optional[Match]:
    proofs: List[Proof] = []
    names = []
    for name in ("memory_list", "unloaded_modules", "thread_infos", "regions", "handle_operations"):
        items = getattr(facts.dump, name)
        if items.span.refused and items.stream is not None:
            entry = items.stream
            proofs.append(Proof(f"directory entry {entry.index}", f"{entry.name}: size 0x{entry.size:x}, RVA 0x{entry.rva:x}", entry.offset))
            proofs.extend(Proof(item.code.replace("-", " "), item.message, item.offset) for item in items.damage)
            names.append(items.stream.name)
    if not proofs:
        return None
    return Match(tuple(proofs[:8]), {"names": ", ".join(names)})


def _bad_strings(facts: Facts) -> Optional[Match]:
    proofs = []
    for damage in facts.record_damage:
        if damage.code in ("string-outside-file", "string-cut"):
            proofs.append(Proof(damage.code.replace("-", " "), damage.message, damage.offset))
            if len(proofs) == 4:
                break
    return Match(tuple(proofs)) if proofs else None


def _duplicates(facts: Facts) -> Optional[Match]:
    proofs = []
    for stream in facts.dump.streams:
        first = facts.stream(stream.type)
        if stream.type and first is not None and first.index != stream.index and stream.type < 0x10000:
            proofs.append(Proof(f"directory entry {stream.index}", f"a second {stream.name}; entry {first.index} is used", stream.offset))
            if len(proofs) == 4:
                break
    return Match(tuple(proofs)) if proofs else None


def _archive(facts: Facts) -> Optional[Match]:
    found = given(facts.source)
    fault = facts.source.fault
    if found is None or (found.same and fault is None):
        return None
    inside = facts.source.inside
    path = facts.source.name if inside is None else inside.path
    proofs = [Proof("name of the file", path)]
    if inside is not None:
        proofs.append(Proof("read here", f"{' in '.join(repr(name) for name in reversed(inside.members))}, out of {inside.title}"))
        what = f"The dump was read out of {inside.title}"
    elif fault is not None:
        what = fault.message[:1].upper() + fault.message[1:]
        proofs.append(Proof("first bytes", facts.source.some(0, 8).hex(" "), 0))
    else:
        what = "The file is called like an archive"
        proofs.append(Proof("first bytes", facts.source.some(0, 8).hex(" ") or "none", 0))
    if not found.same and found.hresult:
        proofs.append(Proof("OpenDumpFile", f"HRESULT 0x{found.hresult:08x}"))
    remedy = fault.hint if fault is not None and fault.hint else "unpack the archive, and open the dump itself in the debugger"
    return Match(tuple(proofs), {"what": what, "debugger": found.words, "remedy": remedy})


_OWN_RULES = (
    Rule(
        code="OPN001",
        severity=ERROR,
        title="this is no dump file",
        symptoms=(*_SIGNATURE, "Failed to OpenDumpFileWide, FAILURE HR=0x80070057"),
        commands=_OPEN,
        checks="the first bytes of the file",
        verdict="The file is {what}. {hint}",
        confidence=PROVEN,
        remedy=(
            "get the dump itself: unpack an archive, fetch a large-file pointer's real file, or download again if a web page was saved in its place",
            _FETCH,
        ),
        sources=(_DOCS, _OBSERVED),
        fires="not-a-dump-text",
        silent="handles",
        test=_kind(),
        needs_dump=False,
    ),
    Rule(
        code="OPN002",
        severity=ERROR,
        title="this is a kernel dump",
        symptoms=("Kernel Complete Dump File: Full address space is available", "Mini Kernel Dump File: Only registers and stack trace are available"),
        commands=_OPEN,
        checks="the signature PAGEDU64 or PAGEDUMP",
        verdict="The file is {what}. It describes a whole machine at a blue screen, not one process. Readers of user-mode minidumps refuse it; {opens}.",
        confidence=PROVEN,
        remedy=(
            "{first}",
            "for WinDbg or kd: the prompt is `kd>`; `!analyze -v`, `!process 0 0` and `.process` apply",
        ),
        sources=(_OBSERVED, "Microsoft Learn: Varieties of Kernel-Mode Dump Files"),
        fires="not-a-dump-kernel-64",
        silent="not-a-dump-user-64",
        test=_kernel,
        needs_dump=False,
    ),
    Rule(
        code="OPN003",
        severity=ERROR,
        title="this is a full user dump of the old kind, and its header is not filled in",
        symptoms=("Thread, module or memory region count is zero.", "A dump header data offset is zero.", "The dump file is probably corrupt."),
        commands=_OPEN,
        checks="the signature USERDUMP or USERDU64, counts and offsets of its header, and whether the tables are in the file",
        verdict="The file is {what}: the format from before minidumps, which `.dump /f` writes to this day. The debugger and dumpscope open such files, "
        "but not this one: {why}.",
        confidence=PROVEN,
        remedy=(
            "write the dump again: the writer fills in the header last, so it was ended before that",
            "as a minidump with all memory: `.dump /ma FILE`; `.dump /f` writes no handles and no times",
            _FETCH,
        ),
        sources=(_OBSERVED, "Microsoft Learn: .dump"),
        fires="not-a-dump-user-64",
        silent="not-a-dump-kernel-64",
        test=_old_user_dump,
        needs_dump=False,
    ),
    Rule(
        code="OPN004",
        severity=ERROR,
        title="the file is empty",
        symptoms=("Could not open dump file [...], NTSTATUS 0xC000011E", "Could not open dump file [...], Win32 error 0n1006"),
        commands=_OPEN,
        checks="the size of the file",
        verdict="The file has no bytes: the program that was to write it created it and failed at once, or was ended before the first byte.",
        confidence=PROVEN,
        remedy=(
            "look at what the writer reported (MiniDumpWriteDump's GetLastError is an HRESULT)",
            "check free space and rights in the target folder, and write again",
        ),
        sources=(_OBSERVED, "dotnet/diagnostics issue 3064"),
        fires="not-a-dump-empty",
        silent="not-a-dump-text",
        test=_kind("empty"),
        needs_dump=False,
    ),
    Rule(
        code="OPN005",
        severity=ERROR,
        title="the file is shorter than a header, or all zeros",
        symptoms=("Dump file is too large to map", "Could not open dump file [...], Win32 error 0n87"),
        commands=_OPEN,
        checks="the size of the file against the 32 bytes of a header",
        verdict="The file is {what}: the writing or the copying stopped before anything useful. {hint}",
        confidence=PROVEN,
        remedy=(_FETCH, "or write the dump again"),
        sources=(_OBSERVED,),
        fires="not-a-dump-signature-only",
        silent="not-a-dump-text",
        test=_kind(*_SHORT),
        needs_dump=False,
    ),
    Rule(
        code="OPN006",
        severity=ERROR,
        title="the header's version is not that of a minidump",
        symptoms=_SIGNATURE,
        commands=_OPEN,
        checks="the low word of the header's Version against 0xA793",
        verdict="The file begins with MDMP, but the low word of its version is {version}; the debugger takes only 0xA793.",
        confidence=PROVEN,
        remedy=("in a copy, put back 93 a7 at 0x4: {then}", "if a program of yours wrote it: Version's low word must be MINIDUMP_VERSION (0xA793)", _FETCH),
        sources=(_OBSERVED,),
        fires="not-a-dump-wrong-version",
        silent="handles",
        test=_wrong_version,
        needs_dump=True,
        needs_directory=False,
    ),
    Rule(
        code="OPN007",
        severity=ERROR,
        title="the directory is not in the file",
        symptoms=("ERROR: Directory not present in dump (RVA 0x...)", "Could not open dump file [...], Win32 error 0n1392"),
        commands=_OPEN,
        checks="StreamDirectoryRva and NumberOfStreams against the size of the file and of the header, and whether any entry there is one",
        verdict="The header points to a directory that the file does not hold: {what}. {mend}.",
        confidence=PROVEN,
        remedy=(_FETCH,),
        sources=(_OBSERVED,),
        fires="damaged-directory-beyond-end",
        silent="handles",
        test=_directory_outside,
        needs_dump=True,
        needs_directory=False,
    ),
    Rule(
        code="OPN008",
        severity=ERROR,
        title="the writer was ended before it was done",
        symptoms=("Minidump does not have system info", "Could not open dump file [...], HRESULT 0x80004005"),
        commands=_OPEN,
        checks="whether every byte of the directory is zero",
        verdict="The header is there and the directory is all zero. Microsoft's writer fills the directory last, so it was killed, cancelled, or ran "
        "out of disk before the end.",
        confidence=INFERRED,
        remedy=(
            "check free space on the disk that it was written to, and the time limit of whatever started the writer",
            "write it again; the bytes that are here cannot be read without a directory",
        ),
        sources=("dotnet/diagnostics issue 3829", _OBSERVED),
        fires="damaged-directory-zeroed",
        silent="missing-system-info",
        test=_zeroed,
        needs_dump=True,
        needs_directory=False,
    ),
    Rule(
        code="OPN009",
        severity=ERROR,
        title="there is no system information",
        symptoms=("Minidump does not have system info", "Could not open dump file [...], HRESULT 0x80004005"),
        commands=_OPEN,
        checks="a SystemInfoStream in the directory",
        verdict="No debugger opens a minidump without SystemInfoStream: it would not know which processor's registers it reads. Everything else can "
        "still be read with dumpscope.",
        confidence=PROVEN,
        remedy=("if a program of yours wrote it: add SystemInfoStream (type 7, 56 bytes)", "otherwise fetch or write the dump again"),
        sources=(_OBSERVED, _DOCS),
        fires="missing-system-info",
        silent="handles",
        test=_no_system,
        needs_dump=True,
        needs_directory=False,
    ),
    Rule(
        code="OPN010",
        severity=ERROR,
        title="the system information is cut, or has a wrong size",
        symptoms=("Minidump does not have system info", "SystemInfoStream stream below minimum size"),
        commands=_OPEN,
        checks="whether the debugger takes SystemInfoStream: its size against 56 bytes, and the end of the file",
        verdict="SystemInfoStream is there, but the debugger does not take it: {what}. It must be exactly the 56 bytes of MINIDUMP_SYSTEM_INFO.",
        confidence=PROVEN,
        remedy=("{mend}", "if a program of yours wrote it: DataSize must be 56"),
        sources=(_OBSERVED,),
        fires="system-info-too-small",
        silent="handles",
        test=_small_system,
    ),
    Rule(
        code="OPN011",
        severity=ERROR,
        title="no thread list that the debugger would use",
        symptoms=(
            "ERROR: Reload failure, partially initialized target",
            "WARNING: The debugger does not have a current process or thread",
            "Many commands will not work",
            "Illegal thread error in '~0s'",
            "ThreadListStream stream stream size mismatch",
        ),
        commands=_SESSION,
        checks="a ThreadListStream whose size is exactly 4 + count × 48",
        verdict="The file opens, but the session has no thread and hardly a command works: {what}.",
        confidence=PROVEN,
        remedy=(
            "`threads` of dumpscope lists the readable part",
            "if a program of yours wrote it: no padding after the count, and DataSize = 4 + 48 × NumberOfThreads",
            _FETCH,
        ),
        sources=(_OBSERVED,),
        fires="missing-thread-list",
        silent="handles",
        test=_no_threads,
    ),
    Rule(
        code="OPN012",
        severity=WARNING,
        title="no module list that the debugger would use",
        symptoms=("User Mode Mini Dump does not have a module list", "ModuleListStream stream stream size mismatch"),
        commands=("lm", "k", "!analyze", "dt", "u", "!dlls"),
        checks="a ModuleListStream whose size is exactly 4 + count × 108",
        verdict="The session works without modules and symbols: {what}.",
        confidence=PROVEN,
        remedy=("`.reload NAME=BASE,SIZE` can add a module by hand", "if a program of yours wrote it: DataSize = 4 + 108 × NumberOfModules, without padding"),
        sources=(_OBSERVED,),
        fires="missing-module-list",
        silent="handles",
        test=_no_modules,
    ),
    Rule(
        code="OPN015",
        severity=ERROR,
        title="the processor is one that the debugger does not know",
        symptoms=("Minidump has unrecognized processor architecture 0x63", "Could not open dump file [...], HRESULT 0x80004005"),
        commands=_OPEN,
        checks="SystemInfo.ProcessorArchitecture",
        verdict="ProcessorArchitecture is {value}, which dbgeng 10.0.15063 does not know; it refuses the file.{what}",
        confidence=PROVEN,
        remedy=(_NEWER, "for a Breakpad dump of another system use its own minidump_stackwalk"),
        sources=(_OBSERVED,),
        fires="system-info-architecture-unknown",
        silent="handles",
        test=_architecture,
    ),
    Rule(
        code="OPN019",
        severity=ERROR,
        title="streams lie before the directory",
        symptoms=("Invalid Rva value, it should be after the minidump directory", "Minidump does not have system info"),
        commands=_OPEN,
        checks="the RVA of every stream against StreamDirectoryRva",
        verdict="{count:stream is|streams are} before the directory in the file. The debugger {count:=ignores it|ignores them}; "
        "Microsoft's writers put the directory right "
        "after the header.",
        confidence=PROVEN,
        remedy=("if a program of yours wrote it: reserve the directory at 0x20 and write the streams after it",),
        sources=(_OBSERVED,),
        fires="damaged-directory-at-the-end",
        silent="handles",
        test=_before_directory,
    ),
    Rule(
        code="OPN020",
        severity=WARNING,
        title="streams that the debugger drops",
        symptoms=(
            "Dir entry N, ... stream stream size mismatch (0x... != 0x...)",
            "stream below minimum size",
            "element size below minimum size",
            "stream only partially present in dump",
            "stream has too many elements",
        ),
        commands=(".dumpdebug", "!runaway", "!address", "lm", "!htrace", "k"),
        checks="size, header, record size and count of every list against each other and the file",
        verdict="The debugger does not use {names}: sizes and counts disagree, or the file is cut there. Commands that need them behave as if they "
        "were absent.",
        confidence=PROVEN,
        remedy=("`dumpdebug` shows the debugger's own complaint; dumpscope's commands read what can be read", _FETCH),
        sources=(_OBSERVED,),
        fires="memory-list-padded",
        silent="handles",
        test=_dropped,
    ),
    Rule(
        code="OPN021",
        severity=WARNING,
        title="strings that lie outside the file",
        symptoms=("ERROR: String not present in dump (RVA 0x...)", "<Unable to access string descriptor>", "<Unable to access string content>"),
        commands=(".dumpdebug", "lm", "!handle"),
        checks="every string RVA and length against the size of the file",
        verdict="Names in this dump point outside the file; the debugger shows an error in their place.",
        confidence=PROVEN,
        remedy=(_FETCH,),
        sources=(_OBSERVED,),
        fires="module-name-beyond-end",
        silent="handles",
        test=_bad_strings,
    ),
    Rule(
        code="OPN022",
        severity=INFO,
        title="streams that occur twice",
        symptoms=("WARNING: Ignoring extra ThreadListStream stream, dir entry N",),
        commands=(".dumpdebug",),
        checks="types that occur more than once in the directory",
        verdict="A stream type occurs more than once. The debugger uses the first of each and ignores the others.",
        confidence=PROVEN,
        remedy=("nothing to do, unless the second one is the right one",),
        sources=(_OBSERVED,),
        fires="damaged-duplicate-streams",
        silent="handles",
        test=_duplicates,
    ),
)

_ARCHIVE_RULE = Rule(
    code="OPN029",
    severity=WARNING,
    title="the dump lies in an archive, which the debugger does not open as it is",
    symptoms=(
        "Unable to extract dump file from CAB file",
        "Failed to OpenDumpFileWide, FAILURE HR=0x80070490",
        "Could not match Dump File signature - invalid file format",
    ),
    commands=_OPEN,
    checks="the ending of the file's name, and which of its members the debugger takes out",
    verdict="{what}. {debugger}.",
    confidence=PROVEN,
    remedy=(
        "{remedy}",
        "the debugger opens a file called .zip or .cab: of stored or deflated members, not encrypted, the first .kdmp, else .hdmp, .mdmp, .dmp",
    ),
    sources=(_OBSERVED,),
    fires="archives/memory.dmp.gz",
    silent="archives/packed.zip",
    test=_archive,
    needs_dump=False,
)

RULES = tuple(sorted((_ARCHIVE_RULE, *_OWN_RULES, *ranges.RULES, *repairs.RULES), key=lambda rule: rule.code))

"""Files that a few changed bytes would open: the signature, BaseRva, the size of Memory64ListStream, a directory whose RVA has wrapped."""

from __future__ import annotations

import struct
from typing import List, Optional

from ...dump.directory import Stream
from ...dump.identify import sound_directory
from ...format.counted import counted
from ...format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER
from ...format.system import MINIDUMP_SYSTEM_INFO
from ..engine.answers import Opening
from ..evidence import Edit, Proof
from ..facts import FLAGS_OFFSET, Facts
from ..repair import opening_after, signature_opening
from .rule import ERROR, INFERRED, INFO, PROVEN, Match, Rule

SIGNATURE_KINDS = ("signature-zero", "signature-spoilt")
_OBSERVED = "observed: dbgeng 10.0.15063, OpenDumpFile on edited dumps"
_OPEN = (".opendump", "windbg -z", "!analyze")


def _then(opening: Opening, what: str) -> str:
    """What the debugger does with the mended copy."""
    if not opening.ok:
        return f"{what} the debugger still refuses the file, for another reason: {opening.line}"
    if opening.message.startswith("WARNING"):
        return f"{what} the debugger opens the file, and finds it truncated"
    return f"{what} the debugger opens the file"


def _steps(edits: List[Edit]) -> str:
    return " and ".join(edit.words for edit in edits)


def _signature(facts: Facts) -> Optional[Match]:
    kind = facts.kind
    if kind.code not in SIGNATURE_KINDS:
        return None
    edit, opening = signature_opening(facts.source)
    head = facts.source.some(0, 16)
    count, rva = struct.unpack_from("<II", head, 8)
    zero = kind.code == "signature-zero"
    why = (
        "The signature is zero. Crashpad writes it last, so its handler was ended before it was done; what was to be written last may be missing."
        if zero
        else "The signature is wrong and the rest is sound. nanodump and its like spoil it on purpose, to hide the file from scanners."
    )
    return Match(
        (
            Proof("first 6 bytes", f"{head[:6].hex(' ')}, not 4d 44 4d 50 93 a7", 0),
            Proof("header NumberOfStreams, StreamDirectoryRva", f"{counted(count, 'stream')}, directory at 0x{rva:x}", 8),
            *((Proof("directory", "SystemInfoStream and lists are there", rva),) if sound_directory(facts.source, count, rva) is not None else ()),
        ),
        {"why": why, "then": _then(opening, "With the six bytes put back"), "edit": edit.words},
    )


def version_note(facts: Facts) -> str:
    """What the debugger does once the two bytes of the version are right."""
    return _then(signature_opening(facts.source)[1], "with them")


def directory_note(facts: Facts) -> str:
    """Where the directory stands, if it is where Microsoft's writers put it; else what the likeliest reason is."""
    header = facts.header
    if header.directory_rva != MINIDUMP_HEADER.size and sound_directory(facts.source, header.stream_count, MINIDUMP_HEADER.size) is not None:
        edit = Edit(MINIDUMP_HEADER.offset_of("StreamDirectoryRva"), struct.pack("<I", MINIDUMP_HEADER.size))
        then = _then(opening_after(facts.source, [edit]), "With that")
        return f"A directory of {counted(header.stream_count, 'entry')} is at 0x20, right after the header: in a copy, put {edit.words}. {then}"
    return "Mostly the file was cut while it was copied"


def system_note(facts: Facts, stream: Stream) -> str:
    """The step for a SystemInfoStream that the debugger does not take: the right size, where that opens the file."""
    if stream.size != MINIDUMP_SYSTEM_INFO.size and facts.source.available(stream.rva, MINIDUMP_SYSTEM_INFO.size) == MINIDUMP_SYSTEM_INFO.size:
        edit = Edit(stream.offset + MINIDUMP_DIRECTORY.offset_of("Location.DataSize"), struct.pack("<I", MINIDUMP_SYSTEM_INFO.size))
        return f"in a copy, set its size to 56: put {edit.words}; " + _then(opening_after(facts.source, [edit]), "with that")
    return "compare the file's size with the original and copy it again (in binary mode)"


def _base(facts: Facts) -> Optional[Match]:
    base = facts.right_base
    if base is None:
        return None
    found = base.found
    return Match(
        (
            Proof("Memory64ListStream.BaseRva", f"0x{found.base:x}", found.rva + 8),
            Proof("end of the list", f"0x{found.end:x}", None),
            Proof("bytes of all ranges", f"0x{found.total:x}"),
            Proof("size of the file", f"0x{facts.source.size:x} = 0x{base.right:x} + 0x{found.total:x}"),
            *(Proof(*proof) for proof in base.proofs),
        ),
        {
            "right": f"0x{base.right:x}",
            "wrong": f"0x{found.base:x}",
            "known": base.known,
            "edit": base.edit.words,
            "refused": "The debugger refuses the file" if not facts.engine.opening.ok else "The debugger opens the file, and shows wrong or no memory",
        },
        PROVEN if base.right == found.end or base.proofs else INFERRED,
    )


def _size(facts: Facts) -> Optional[Match]:
    size = facts.right_size
    if size is None:
        return None
    found = size.found
    flag = (
        " Besides, flag 0x2 (MiniDumpWithFullMemory) is not set: neither change alone makes the file open, so make them together." if size.flag_missing else ""
    )
    base = " BaseRva is wrong as well." if facts.right_base is not None else ""
    wrong = f" The memory of {counted(size.count, 'range')} ends where the file ends: the count is wrong, not the size." if size.count is not None else ""
    proofs = [
        Proof("directory entry of Memory64ListStream, DataSize", f"0x{found.size:x}", found.entry + 4),
        Proof("Memory64ListStream.NumberOfMemoryRanges", f"{found.count}: 16 × ({found.count} + 1) = 0x{size.right:x}", found.rva),
    ]
    if size.flag_missing:
        proofs.append(Proof("header Flags", f"0x{facts.flags:x}: 0x2 MiniDumpWithFullMemory is not set", FLAGS_OFFSET))
    return Match(
        tuple(proofs),
        {
            "size": f"0x{found.size:x}",
            "right": f"0x{size.right:x}",
            "count": found.count,
            "more": wrong + flag + base,
            "edits": _steps(list(size.edits)),
            "then": _then(size.opening, "With that"),
        },
    )


def _moved(facts: Facts) -> Optional[Match]:
    moved = facts.moved_directory
    if moved is None:
        return None
    rva = facts.header.directory_rva
    return Match(
        (
            Proof("header StreamDirectoryRva", f"0x{rva:x}", 12),
            Proof("directory found", f"{counted(moved.streams, 'entry')}: {', '.join(moved.names)}, …", moved.offset),
            Proof("size of the file", f"0x{facts.source.size:x}"),
        ),
        {"rva": f"0x{rva:x}", "offset": f"0x{moved.offset:x}"},
    )


def _chunks(facts: Facts) -> Optional[Match]:
    """Ranges of Memory64ListStream that are empty, or do not ascend without touching: ClrMD before 2.0 checks neighbours and gives up."""
    full = facts.dump.memory64_list
    if full.span.refused or not facts.engine.opening.ok:
        return None
    before = None
    for item in full.walk(0, 1_000_000):
        if before is not None and (not before.size or before.end > item.start):
            what = "has no bytes" if not before.size else "ends after the beginning of the next one"
            return Match(
                (
                    Proof(f"range {before.index}", f"0x{before.start:x}, 0x{before.size:x} bytes", before.offset),
                    Proof(f"range {item.index}", f"0x{item.start:x}, 0x{item.size:x} bytes", item.offset),
                ),
                {"index": before.index, "what": what},
            )
        before = item
    return None


RULES = (
    Rule(
        code="OPN023",
        severity=ERROR,
        title="a minidump whose signature is not there",
        symptoms=(
            "Could not match Dump File signature - invalid file format",
            "Could not open dump file [...], Win32 error 0n87",
            "Minidump header signature mismatch",
            "MinidumpHeaderSignatureMismatchException",
            "ERROR kuhl_m_sekurlsa_acquireLSA ; Memory opening",
        ),
        commands=_OPEN,
        checks="the first six bytes, and whether a directory with SystemInfoStream and lists is where bytes 8 to 15 say",
        verdict="{why} {then}.",
        confidence=PROVEN,
        remedy=("in a copy, put back these six bytes: {edit}", "where the writer was broken off, write the dump again if you can"),
        sources=(_OBSERVED, "fortra/nanodump issues 20 and 27: restore_signature", "Crashpad: MinidumpFileWriter writes the signature last"),
        fires="not-a-dump-signature-spoilt",
        silent="handles",
        test=_signature,
        needs_dump=False,
        needs_directory=False,
    ),
    Rule(
        code="OPN024",
        severity=ERROR,
        title="BaseRva points to the wrong place",
        symptoms=(
            "Dump file is too large to map",
            "Could not open dump file [...], Win32 error 0n87",
            "Full-memory minidump must have a Memory64ListStream",
            "WARNING: Dump file has been truncated.  Data may be missing.",
        ),
        commands=(*_OPEN, "!heap", "!peb", "!teb", "k", "SOS"),
        checks="BaseRva + the sizes of all ranges, against the size of the file and the end of the list",
        verdict="Memory64ListStream.BaseRva is {wrong}, and the memory begins at {right}: {known}. Nothing is truncated. {refused}.",
        confidence=PROVEN,
        remedy=(
            "in a copy, set BaseRva to {right}: {edit}",
            "if a program of yours wrote it: BaseRva is the offset in the file of the first range's first byte",
        ),
        sources=(_OBSERVED, "minidumpapiset.h: MINIDUMP_MEMORY64_LIST"),
        fires="full-memory-base-wrong",
        silent="full-memory",
        test=_base,
    ),
    Rule(
        code="OPN025",
        severity=ERROR,
        title="size and count of the full memory's list contradict each other",
        symptoms=(
            "Full-memory minidump must have a Memory64ListStream",
            "Partial memory minidumps can't have Memory64ListStreams",
            "Memory64ListStream stream stream size mismatch",
            "Could not open dump file [...], HRESULT 0x80004005",
        ),
        commands=_OPEN,
        checks="DataSize of Memory64ListStream in the directory against 16 × (NumberOfMemoryRanges + 1)",
        verdict="The directory says {size} bytes for Memory64ListStream, and {count:range needs|ranges need} {right}: 16 "
        "× (count + 1). The debugger then treats the list as absent.{more} {then}.",
        confidence=PROVEN,
        remedy=(
            "in a copy, put: {edits}",
            "if a program of yours wrote it: DataSize is 16 bytes for the head and 16 for each range; store 0x2 in the header's Flags",
        ),
        sources=(_OBSERVED, "skelsec/minidump issue 29"),
        fires="full-memory-list-size-wrong",
        silent="full-memory",
        test=_size,
    ),
    Rule(
        code="OPN026",
        severity=ERROR,
        title="the directory lies beyond 4 GiB, and its RVA has wrapped",
        symptoms=(
            "Minidump does not have system info",
            "Could not open dump file [...], HRESULT 0x80004005",
            "ERROR: Directory not present in dump (RVA 0x...)",
        ),
        commands=_OPEN,
        checks="files of more than 4 GiB: a directory at StreamDirectoryRva + a multiple of 4 GiB",
        verdict="StreamDirectoryRva is {rva}, where there is no directory; there is one at {offset}. The field "
        "has 32 bits: it cannot point beyond 4 GiB. "
        "No reader finds it by the header.",
        confidence=PROVEN,
        remedy=(
            "if a program of yours wrote it: put header, directory and all streams first and the memory (Memory64ListStream's bytes) last",
            "write the dump again with another writer, or with less memory: below 4 GiB the field is large enough",
        ),
        sources=("minidumpapiset.h: RVA is a ULONG32", _OBSERVED),
        fires="made/directory-wrapped",
        silent="full-memory",
        test=_moved,
        needs_dump=True,
        needs_directory=False,
    ),
    Rule(
        code="OPN027",
        severity=INFO,
        title="memory ranges that older ClrMD refuses",
        symptoms=("Unexpected relative addresses inconsistency between dump memory chunks 21 and 22.", "Unexpected overlap between memory chunks"),
        commands=("SOS",),
        checks="neighbours in Memory64ListStream: a range without bytes, or one that reaches into the next",
        verdict="Range {index} of Memory64ListStream {what}. The debugger does not mind; ClrMD before "
        "2.0 (older dotnet-dump, msos, SuperDump) stops with an exception.",
        confidence=PROVEN,
        remedy=(
            "use a current dotnet-dump or ClrMD, or WinDbg with SOS",
            "if a program of yours wrote it: leave ranges without bytes out, and sort them by address",
        ),
        sources=("microsoft/clrmd issue 300", "goldshtn/msos issue 69"),
        fires="full-memory-empty-range",
        silent="full-memory",
        test=_chunks,
    ),
)

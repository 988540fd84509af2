"""Why captured memory keeps a file from opening, or opens cut: the flag for full memory, truncation, ranges outside the file, conflicts."""

from __future__ import annotations

from typing import Optional

from ...format.counted import counted
from ...format.flags import MiniDumpWithFullMemory
from ...format.header import MINIDUMP_DIRECTORY
from ...format.streams import Memory64ListStream, MemoryListStream
from ..evidence import Edit, Proof
from ..facts import FLAGS_OFFSET, Facts
from ..repair import opening_after
from .rule import ERROR, PROVEN, WARNING, Match, Rule

_OBSERVED = "observed: dbgeng 10.0.15063, OpenDumpFile on edited dumps"
_OPEN = (".opendump", "windbg -z", "!analyze")
_FETCH = "compare the file's size with the original and copy it again (in binary mode)"


def _with_flag(facts: Facts, wanted: bool) -> str:
    """What the debugger does with a copy in which flag 0x2 is set, or clear: a step where that opens the file, else why it does not help."""
    value = facts.flags & 0xFF | MiniDumpWithFullMemory if wanted else facts.flags & 0xFF & ~MiniDumpWithFullMemory
    edit = Edit(FLAGS_OFFSET, bytes((value,)))
    opening = opening_after(facts.source, [edit])
    doing = "setting" if wanted else "clearing"
    if opening.ok:
        return f"{'set' if wanted else 'clear'} flag 0x2 in a copy: put {edit.words}; the debugger then opens the file"
    return f"{doing} flag 0x2 alone does not open the file: the debugger then says {opening.line!r}"


def _flag_without_full(facts: Facts) -> Optional[Match]:
    if not facts.asked(MiniDumpWithFullMemory):
        return None
    stream = facts.stream(Memory64ListStream)
    if stream is None:
        return Match(
            (facts.flags_proof(MiniDumpWithFullMemory), facts.directory_proof(Memory64ListStream)),
            {"what": "there is no Memory64ListStream", "mend": _with_flag(facts, False)},
        )
    full = facts.dump.memory64_list
    said = facts.engine.opening.message.startswith("Full-memory minidump must")
    if facts.right_size is not None or facts.right_base is not None or (not full.span.refused and full.base_rva and not said):
        return None
    if not full.span.refused and full.base_rva:
        held = facts.source.available(stream.rva, stream.size)
        proof = Proof("Memory64ListStream", f"0x{held:x} of its 0x{stream.size:x} bytes are in the file", stream.rva)
        what = "Memory64ListStream itself is cut by the end of the file"
        return Match((facts.flags_proof(MiniDumpWithFullMemory), proof), {"what": what, "mend": _with_flag(facts, False)})
    if not full.span.refused:
        proof = Proof("Memory64ListStream.BaseRva", "0", stream.rva + 8)
        what = "Memory64ListStream.BaseRva is 0, so nothing says where the memory begins"
        return Match((facts.flags_proof(MiniDumpWithFullMemory), proof), {"what": what, "mend": _with_flag(facts, False)})
    message = full.damage[0].message if full.damage else "its size does not fit its count"
    return Match(
        (facts.flags_proof(MiniDumpWithFullMemory), Proof("Memory64ListStream", message, stream.offset)),
        {"what": message, "mend": _with_flag(facts, False)},
    )


def _full_without_flag(facts: Facts) -> Optional[Match]:
    if facts.asked(MiniDumpWithFullMemory) or facts.stream(Memory64ListStream) is None or facts.right_size is not None:
        return None
    return Match(
        (facts.flags_proof(MiniDumpWithFullMemory), facts.directory_proof(Memory64ListStream)),
        {"mend": _with_flag(facts, True)},
    )


def _truncated(facts: Facts) -> Optional[Match]:
    stream = facts.stream(Memory64ListStream)
    full = facts.dump.memory64_list
    if stream is None or full.span.refused or facts.right_base is not None:
        return None
    missing = full.expected_file_size - facts.source.size
    if missing <= 0:
        return None
    lost = sum(1 for item in full.walk(0, 1_000_000) if item.held < item.size)
    return Match(
        (
            Proof("Memory64ListStream.BaseRva", f"0x{full.base_rva:x}", stream.rva + 8),
            Proof("bytes of all ranges", f"0x{full.total:x}"),
            Proof("size the file should have", f"0x{full.expected_file_size:x}"),
            Proof("size it has", f"0x{facts.source.size:x}"),
        ),
        {
            "missing": f"0x{missing:x} ({counted(missing, 'byte')})",
            "lost": lost,
            "ranges": len(full),
            "opens": "It opens, and every command"
            if facts.engine.opening.ok
            else "BaseRva itself is beyond the end of the file, so the debugger refuses it (`Dump file is too large to map`). Every command"
            if facts.engine.opening.line == "Dump file is too large to map"
            else "Every command",
        },
    )


def _range_outside(facts: Facts) -> Optional[Match]:
    if facts.stream(Memory64ListStream) is not None:
        return None
    ranges = facts.dump.memory_list
    if ranges.span.refused:
        return None
    behind = 0 if facts.engine.opening.ok else facts.header.directory_rva + facts.header.stream_count * MINIDUMP_DIRECTORY.size
    if ranges._lies_well(behind):
        return None
    for item in ranges.walk(0, 1_000_000):
        _, _, size, rva, held, _, _ = item
        if held >= size and (not size or rva >= behind):
            continue
        if held < size:
            what = f"has {counted(item.size, 'byte')}, of which the file holds {item.held}"
        else:
            what = f"points to 0x{item.rva:x}, into the header or the directory, which ends at 0x{behind:x}"
        proofs = (
            Proof(f"MemoryListStream range {item.index}", f"0x{item.size:x} bytes at RVA 0x{item.rva:x}", item.offset),
            Proof("size of the file", f"0x{facts.source.size:x}"),
        )
        return Match(proofs, {"index": item.index, "what": what})
    return None


def _conflict(facts: Facts) -> Optional[Match]:
    if facts.engine.opening.hresult != 0xD0000018:
        return None
    rows = sorted((item.start, item.end, item.rva, item.offset, item.index) for item in facts.dump.memory_list.walk(0, 200_000))
    for left, right in zip(rows, rows[1:]):
        if right[0] < left[1]:
            size = min(left[1], right[1]) - right[0]
            first = facts.source.some(left[2] + right[0] - left[0], size)
            if first != facts.source.some(right[2], size):
                return Match(
                    (
                        Proof(f"range {left[4]}", f"0x{left[0]:x} to 0x{left[1]:x}, bytes at 0x{left[2]:x}", left[3]),
                        Proof(f"range {right[4]}", f"0x{right[0]:x} to 0x{right[1]:x}, bytes at 0x{right[2]:x}", right[3]),
                    ),
                    {"address": f"0x{right[0]:x}"},
                )
    return Match((Proof("MemoryListStream", "ranges that overlap and differ", None),), {"address": "one address"})


def _both_lists(facts: Facts) -> Optional[Match]:
    """A full dump with a list of partial memory beside its own: the engine refuses it whatever that list holds."""
    both = facts.dump.streams.all(5)
    if not facts.asked(MiniDumpWithFullMemory) or facts.stream(Memory64ListStream) is None or not both:
        return None
    edits = [Edit(stream.offset, bytes(4)) for stream in both]
    opening = opening_after(facts.source, edits)
    words = " and ".join(edit.words for edit in edits)
    if opening.ok:
        lost = len(facts.dump.memory_list)
        without = f", without the {counted(lost, 'range')} of that list" if lost else ""
        mend = f"in a copy, make the entry an unused one: put {words}; the debugger then opens the file{without}"
    else:
        mend = f"taking the entry out of the directory alone does not open the file: the debugger then says {opening.line!r}"
    proofs = (facts.flags_proof(MiniDumpWithFullMemory), facts.directory_proof(Memory64ListStream), facts.directory_proof(MemoryListStream))
    return Match(proofs, {"mend": mend})


RULES = (
    Rule(
        code="OPN013",
        severity=ERROR,
        title="the flags say full memory, and it is not there",
        symptoms=("Full-memory minidump must have a Memory64ListStream", "Could not open dump file [...], HRESULT 0x80004005"),
        commands=_OPEN,
        checks="flag 0x2, and a Memory64ListStream whose size is exactly 16 × (count + 1)",
        verdict="Flag 0x2 is set, and {what}. The debugger trusts this flag and refuses the file.",
        confidence=PROVEN,
        remedy=("if the dump was meant to be small: {mend}", "otherwise the writer was interrupted: write it again"),
        sources=(_OBSERVED,),
        fires="full-memory-flag-without-list",
        silent="full-memory",
        test=_flag_without_full,
    ),
    Rule(
        code="OPN014",
        severity=ERROR,
        title="full memory is there, and the flags do not say so",
        symptoms=("Partial memory minidumps can't have Memory64ListStreams", "Could not open dump file [...], Win32 error 0n1392"),
        commands=_OPEN,
        checks="a Memory64ListStream, and flag 0x2 clear",
        verdict="The file holds a Memory64ListStream, but flag 0x2 (MiniDumpWithFullMemory) is not set, and the debugger refuses that.",
        confidence=PROVEN,
        remedy=("{mend}", "if a program of yours wrote it: store 0x2 in the header's Flags"),
        sources=(_OBSERVED, "skelsec/minidump issue 29"),
        fires="full-memory-list-without-flag",
        silent="full-memory",
        test=_full_without_flag,
    ),
    Rule(
        code="OPN016",
        severity=WARNING,
        title="the dump is truncated",
        symptoms=("WARNING: Dump file has been truncated.  Data may be missing.", "Memory access error", "????????`????????"),
        commands=("!heap", "!address", "!peb", "!teb", "k", "!locks", "SOS", ".time"),
        checks="BaseRva + the sizes of all ranges, against the size of the file",
        verdict="The file ends {missing} before its memory does: {lost} of {ranges:range|ranges} {lost:=is|are} cut or gone. {opens} that needs those "
        "addresses fails.",
        confidence=PROVEN,
        remedy=(_FETCH, "if the disk was full while it was written: make room and write it again"),
        sources=(_OBSERVED,),
        fires="full-memory-truncated",
        silent="full-memory",
        test=_truncated,
    ),
    Rule(
        code="OPN017",
        severity=ERROR,
        title="a memory range lies outside the file, or in its directory",
        symptoms=(
            "Memory range data not present in dump (RVA 0x...)",
            "ERROR: Invalid Rva value 0, it should be after the minidump directory",
            "Could not open dump file [...], Win32 error 0n1392",
        ),
        commands=_OPEN,
        checks="RVA and size of every range of MemoryListStream against the size of the file and the end of the directory",
        verdict="Range {index} of MemoryListStream {what}. A partial dump with such a range does not open at all, unlike a full one.",
        confidence=PROVEN,
        remedy=(_FETCH, "dumpscope reads what is there"),
        sources=(_OBSERVED,),
        fires="memory-list-range-beyond-end",
        silent="memory-list-ranges-overlap",
        test=_range_outside,
    ),
    Rule(
        code="OPN018",
        severity=ERROR,
        title="two ranges give different bytes for one address",
        symptoms=("DbsSplayTreeRangeMap::Add: Conflicting region", "Could not open dump file [...], NTSTATUS 0xC0000018"),
        commands=_OPEN,
        checks="overlapping ranges of MemoryListStream, byte for byte",
        verdict="Two ranges overlap at {address} and hold different bytes. The debugger accepts overlaps only where they agree, and refuses the file.",
        confidence=PROVEN,
        remedy=(
            "the process ran while it was dumped: write the dump from another process, or of a suspended one",
            "if a program of yours wrote it: merge overlapping ranges before writing them",
        ),
        sources=(_OBSERVED,),
        fires="memory-list-ranges-conflict",
        silent="memory-list-ranges-overlap",
        test=_conflict,
    ),
    Rule(
        code="OPN028",
        severity=ERROR,
        title="a full dump with a list of partial memory",
        symptoms=("Full memory minidumps can't have MemoryListStreams", "Could not open dump file [...], Win32 error 0n1392"),
        commands=_OPEN,
        checks="flag 0x2, a Memory64ListStream, and a MemoryListStream beside it",
        verdict="Flag 0x2 is set and Memory64ListStream is there, but the directory has a MemoryListStream as well, and the debugger refuses that.",
        confidence=PROVEN,
        remedy=("{mend}", "if a program of yours wrote it: write one of the two lists, MemoryListStream only where flag 0x2 is clear"),
        sources=(_OBSERVED,),
        fires="full-memory-both-lists",
        silent="full-memory",
        test=_both_lists,
    ),
)

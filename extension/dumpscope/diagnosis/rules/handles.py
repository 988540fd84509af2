"""Why ``!handle`` and ``!htrace`` fail or show less than hoped for.

The eight causes of `Unable to read handle information` are HND001 to HND008. They exclude each other; HND009 and on are about
what a readable handle table leaves out.
"""

from __future__ import annotations

from typing import Optional, Tuple

from ...format.flags import MiniDumpWithHandleData
from ...format.streams import HandleDataStream, HandleOperationListStream
from ..crash.comments import snapshot_of
from ..evidence import Proof
from ..facts import Facts
from .rule import ERROR, INFERRED, INFO, PROVEN, Match, Rule

_UNABLE = (
    'ERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"',
    "Unable to read handle information",
    "extension exception 0x80004002",
)
_HANDLE = ("!handle",)
_OBSERVED = "observed: dbgeng 10.0.15063, ReadHandleData on edited dumps"
_DOCS = "Microsoft Learn: !handle; MiniDumpWriteDump (access rights of hProcess)"
_AGAIN = (
    "write the dump again with handles: in WinDbg or cdb `.dump /mh FILE` (or `/ma`); `procdump -ma PID FILE`; "
    "MiniDumpWriteDump with MiniDumpWithHandleData (0x4) on a process handle that has PROCESS_DUP_HANDLE"
)


def _absent(facts: Facts) -> bool:
    return facts.stream(HandleDataStream) is None


def _common(facts: Facts) -> Tuple[Proof, ...]:
    return (facts.flags_proof(MiniDumpWithHandleData), facts.directory_proof(HandleDataStream))


def _wine(facts: Facts) -> bool:
    return facts.writer.family == "wine"


def _not_requested(facts: Facts) -> Optional[Match]:
    if not _absent(facts) or facts.asked(MiniDumpWithHandleData) or not facts.flags_count:
        return None
    return Match((*_common(facts), facts.version_proof()), {"flags": f"0x{facts.flags:x}"})


def _requested_none(facts: Facts) -> Optional[Match]:
    if not _absent(facts) or not facts.asked(MiniDumpWithHandleData) or not facts.flags_count or facts.writer.family == "dbgeng":
        return None
    managed = facts.flags in (0x1005, 0x41A25, 0x1205AC, 0x41826, 0x41827, 0x61826) and not facts.has_exception
    hint = " These are the flags that dotnet-dump and createdump use, which open the process without that right." if managed else ""
    snapshot = snapshot_of(facts.dump)
    if snapshot is not None:
        hint = f" procdump {snapshot[1]} took it, of a snapshot."
    more = () if snapshot is None else (snapshot[0],)
    return Match((*_common(facts), facts.version_proof(), facts.writer_proof(), *more), {"hint": hint})


def _dump_of_a_dump(facts: Facts) -> Optional[Match]:
    if not _absent(facts) or not facts.asked(MiniDumpWithHandleData) or facts.writer.family != "dbgeng":
        return None
    return Match((*_common(facts), facts.writer_proof()))


def _wine_writer(facts: Facts) -> Optional[Match]:
    if not _absent(facts) or not _wine(facts):
        return None
    return Match((*_common(facts), facts.version_proof(), facts.writer_proof()))


def _other_writer(facts: Facts) -> Optional[Match]:
    if not _absent(facts) or _wine(facts):
        return None
    if facts.flags_count:
        return None
    unknown = facts.writer.name == "unknown"
    return Match(
        (*_common(facts), facts.version_proof(), facts.writer_proof()),
        {"writer": "An unknown writer" if unknown else facts.writer.name},
        INFERRED if unknown else "",
    )


def _empty_list(facts: Facts) -> Optional[Match]:
    stream = facts.stream(HandleDataStream)
    span = facts.dump.handles.span
    if stream is None or span.refused or span.claimed:
        return None
    return Match(
        (*_common(facts), Proof("HandleDataStream.NumberOfDescriptors", "0", stream.rva + 8), facts.version_proof()),
    )


def _damaged(facts: Facts) -> Optional[Match]:
    stream = facts.stream(HandleDataStream)
    handles = facts.dump.handles
    if stream is None or not handles.span.refused:
        return None
    proofs = [Proof(item.code.replace("-", " "), item.message, item.offset) for item in handles.damage]
    readable = len(handles)
    words = f"dumpscope can still read {readable} of {handles.span.claimed} descriptors: `handles` lists them." if readable else "No descriptor can be read."
    return Match((facts.directory_proof(HandleDataStream), *proofs), {"readable": words, "what": handles.damage[0].message if proofs else ""})


def _fine(facts: Facts) -> Optional[Match]:
    handles = facts.dump.handles
    if facts.stream(HandleDataStream) is None or handles.span.refused or not handles.span.claimed:
        return None
    return Match(
        (
            facts.directory_proof(HandleDataStream),
            Proof("HandleDataStream.NumberOfDescriptors", str(handles.span.claimed), handles.span.header + 8),
        ),
        {"count": handles.span.claimed},
    )


def _file_names(facts: Facts) -> Optional[Match]:
    first = None
    files = 0
    for handle in facts.dump.handles.walk(0, 200_000, types=lambda name: name == "File"):
        if handle.name_rva:
            return None
        files += 1
        first = first or handle
    if first is None:
        return None
    return Match(
        (Proof(f"descriptor of handle 0x{first.handle:x}", "File, ObjectNameRva 0", first.offset + 12), Proof("File handles without a name", str(files), None)),
        {"files": files},
    )


def _no_type(facts: Facts) -> Optional[Match]:
    first = None
    count = 0
    for handle in facts.dump.handles.walk(0, 200_000, types=lambda name: not name):
        if handle.type_rva == 0:
            count += 1
            first = first or handle
    if first is None:
        return None
    return Match(
        (
            Proof(f"descriptor of handle 0x{first.handle:x}", f"TypeNameRva 0, access 0x{first.granted_access:x}", first.offset + 8),
            Proof("handles without a type", f"{count} of {len(facts.dump.handles)}", None),
        ),
        {"count": count},
    )


def _no_object_info(facts: Facts) -> Optional[Match]:
    handles = facts.dump.handles
    if not len(handles) or handles.extended:
        return None
    return Match((Proof("HandleDataStream.SizeOfDescriptor", f"{handles.span.stride}: no ObjectInfoRva", handles.span.header + 4),))


def _no_trace(facts: Facts) -> Optional[Match]:
    if facts.stream(HandleOperationListStream) is not None or facts.stream(HandleDataStream) is None:
        return None
    return Match((facts.directory_proof(HandleOperationListStream),))


def _flag_clear(facts: Facts) -> Optional[Match]:
    if facts.stream(HandleDataStream) is None or facts.asked(MiniDumpWithHandleData) or facts.dump.handles.span.refused or not facts.flags_count:
        return None
    return Match(_common(facts))


RULES = (
    Rule(
        code="HND001",
        severity=ERROR,
        title="handles were not asked for",
        symptoms=_UNABLE,
        commands=_HANDLE,
        checks="no HandleDataStream, flag 0x4 clear, a Microsoft writer",
        verdict="Whoever wrote this dump did not ask for handles: its flags are {flags}, without 0x4 (MiniDumpWithHandleData). There is nothing in the "
        "file for !handle to read.",
        confidence=PROVEN,
        remedy=(_AGAIN, "WER: set CustomDumpFlags to a value that has 0x4 (0x1004, say) and DumpType to 0"),
        sources=(_DOCS, _OBSERVED),
        fires="handles-not-requested-dump-m",
        silent="handles",
        test=_not_requested,
    ),
    Rule(
        code="HND002",
        severity=ERROR,
        title="handles were asked for, and the writer could not list any",
        symptoms=_UNABLE,
        commands=_HANDLE,
        checks="no HandleDataStream, flag 0x4 set, MiniDumpWriteDump of dbghelp or dbgcore",
        verdict="The flags ask for handles, but the file has no handle stream. Microsoft's writer leaves it out when it could list no handle at all: "
        "its process handle lacked PROCESS_DUP_HANDLE, or the process is protected, or it dumped a snapshot (PSS clone) taken without handles.{hint}",
        confidence=INFERRED,
        remedy=(
            "open the process with PROCESS_DUP_HANDLE as well as PROCESS_QUERY_INFORMATION and PROCESS_VM_READ before calling MiniDumpWriteDump",
            "or let another tool write it: `procdump -ma PID FILE` (without -r), Task Manager, or `.dump /mh FILE` in the debugger",
        ),
        sources=(_DOCS, "dotnet/diagnostics pull request 2959 (rights of dotnet-dump)", _OBSERVED),
        fires="handles-requested-none-enumerated",
        silent="handles-not-requested-dump-m",
        test=_requested_none,
    ),
    Rule(
        code="HND003",
        severity=ERROR,
        title="the debugger's own .dump had no handles to write",
        symptoms=_UNABLE,
        commands=_HANDLE,
        checks="no HandleDataStream, flag 0x4 set, written by dbgeng's .dump",
        verdict="This dump was written by a debugger's .dump command, which keeps the flags it was given even when it has no handles: it was made "
        "from another dump "
        "that had none, or from a target whose handles the debugger could not reach (remote, or attached without the right).",
        confidence=INFERRED,
        remedy=("go back to the dump or the process that this one was made from", "attach to the process itself and run `.dump /mh FILE`"),
        sources=(_OBSERVED + "; .dump /mh of a dump without handles",),
        fires="handles-dump-of-a-dump",
        silent="handles-requested-none-enumerated",
        test=_dump_of_a_dump,
    ),
    Rule(
        code="HND004",
        severity=ERROR,
        title="Wine's writer never writes handles",
        symptoms=_UNABLE,
        commands=_HANDLE,
        checks="no HandleDataStream, and the marks of Wine's MiniDumpWriteDump",
        verdict="Wine's MiniDumpWriteDump wrote this file. It stores the flags it was asked for, but it has no code that writes handles.",
        confidence=PROVEN,
        remedy=("write the dump on Windows, or under Wine with Microsoft's dbghelp.dll beside the program",),
        sources=("Wine dlls/dbghelp/minidump.c", "observed: dumps written with Wine 8.0"),
        fires="handles-wine-writer",
        silent="handles-third-party-writer",
        test=_wine_writer,
    ),
    Rule(
        code="HND005",
        severity=ERROR,
        title="the writer, not one of Microsoft's, stored no handles",
        symptoms=_UNABLE,
        commands=_HANDLE,
        checks="no HandleDataStream, and a writer that is not Microsoft's",
        verdict="{writer} wrote this file, not one of Microsoft's libraries. Its flags say nothing about what was collected; it stored no handles.",
        confidence=PROVEN,
        remedy=("look for an option of that writer (Crashpad and Breakpad have one for handles)", _AGAIN),
        sources=("observed: files of Breakpad, Crashpad, LLDB and others", _OBSERVED),
        fires="handles-third-party-writer",
        silent="handles-wine-writer",
        test=_other_writer,
    ),
    Rule(
        code="HND006",
        severity=ERROR,
        title="the handle list is there, and empty",
        symptoms=("0 Handles", *_UNABLE),
        commands=_HANDLE,
        checks="HandleDataStream with NumberOfDescriptors 0",
        verdict="The handle stream is there with no descriptor in it: !handle works and lists 0 handles. Writers of the Windows 7 era leave an empty "
        "list where the "
        "process could not be opened with PROCESS_DUP_HANDLE; current ones leave the stream out.",
        confidence=PROVEN,
        remedy=("write the dump again with PROCESS_DUP_HANDLE on the process, or from an elevated tool", _AGAIN),
        sources=(_OBSERVED,),
        fires="handles-empty-list",
        silent="handles",
        test=_empty_list,
    ),
    Rule(
        code="HND007",
        severity=ERROR,
        title="the handle stream is damaged",
        symptoms=_UNABLE,
        commands=_HANDLE,
        checks="HandleDataStream: directory size against SizeOfHeader + NumberOfDescriptors × SizeOfDescriptor, minimum sizes, and the file's end",
        verdict="The handle stream is there, but the debugger does not take it: {what}. {readable}",
        confidence=PROVEN,
        remedy=(
            "compare the file's size with the original and fetch it again",
            "if a program of yours wrote it: the directory's size must equal header + count × descriptor exactly",
        ),
        sources=(_OBSERVED,),
        fires="handles-count-too-large",
        silent="handles",
        test=_damaged,
    ),
    Rule(
        code="HND008",
        severity=INFO,
        title="the handle stream is fine: the trouble is on the debugger's side",
        symptoms=(*_UNABLE, "No export handle found"),
        commands=_HANDLE,
        checks="HandleDataStream is there, consistent, and has descriptors",
        verdict="This dump has {count:handle|handles} in a stream that the debugger accepts. If !handle fails all the same, the extension that answers is not "
        "the debugger's own, "
        "or does not belong to this debugger's version, or the session is a kernel one.",
        confidence=PROVEN,
        remedy=(
            "`.load ext`, then `!ext.handle` or `!exts.handle`; `.chain` shows which extension answers first",
            "`handles` of dumpscope shows them without the debugger",
        ),
        sources=(_OBSERVED, "Microsoft Learn: !handle"),
        fires="handles",
        silent="handles-empty-list",
        test=_fine,
        when_asked=True,
    ),
    Rule(
        code="HND009",
        severity=INFO,
        title="file handles have no names",
        symptoms=("Name         <none>",),
        commands=_HANDLE,
        checks="every File descriptor has ObjectNameRva 0",
        verdict="{files} File handles have a type and no name. The writer does not ask for the names of files, because the question can hang on a pipe. "
        "No flag changes that.",
        confidence=PROVEN,
        remedy=("ask the live process: `handle.exe -p PID`, or Process Explorer", "a dump of a process snapshot (procdump -r) may have them"),
        sources=("observed: dumps of dbghelp, dbgcore and dbgeng",),
        fires="handles",
        silent="handles-file-names",
        test=_file_names,
    ),
    Rule(
        code="HND010",
        severity=INFO,
        title="some handles have no type",
        symptoms=("Type         <none>", "None           "),
        commands=_HANDLE,
        checks="descriptors with TypeNameRva 0",
        verdict="{count:handle has|handles have} neither type nor counts: the {count:=object|objects} refused to be duplicated (EtwRegistration and "
        "others do), so the writer "
        "could not ask. It is no damage.",
        confidence=PROVEN,
        remedy=("nothing to repair; a live debugger or handle.exe can name them",),
        sources=("observed: dumps of Windows 11 processes",),
        fires="handles",
        silent="handles-abandoned-mutant",
        test=_no_type,
    ),
    Rule(
        code="HND011",
        severity=INFO,
        title="no object information: the descriptors are of the old kind",
        symptoms=("No object specific information available",),
        commands=_HANDLE,
        checks="SizeOfDescriptor below 36",
        verdict="The descriptors have 32 bytes and end before ObjectInfoRva, so event states, mutex owners and semaphore counts were never stored. "
        "Crashpad, Breakpad's and Rust's writers, and dbghelp before 6.5 write this kind.",
        confidence=PROVEN,
        remedy=("write the dump with a current dbghelp.dll or dbgcore.dll, or with `.dump /mh`",),
        sources=("minidumpapiset.h: MINIDUMP_HANDLE_DESCRIPTOR and _2",),
        fires="handles-descriptor-32",
        silent="handles",
        test=_no_object_info,
    ),
    Rule(
        code="HND012",
        severity=INFO,
        title="no trace of handle operations",
        symptoms=("No handle trace", "!htrace shows nothing"),
        commands=("!htrace",),
        checks="no HandleOperationListStream",
        verdict="!htrace has nothing to show: the trace exists only if Application Verifier's handle checks were on before the process was started, and "
        "the dump was asked for handles.",
        confidence=PROVEN,
        remedy=("enable the Handles check in Application Verifier for the program, start it again, and write the dump with handles (`.dump /mh`)",),
        sources=("minidumpapiset.h: MINIDUMP_HANDLE_OPERATION_LIST", "Microsoft Learn: !htrace"),
        fires="handles",
        silent="handle-operations",
        test=_no_trace,
    ),
    Rule(
        code="HND013",
        severity=INFO,
        title="handles are there although the flags do not ask for them",
        symptoms=("the header's flags lack MiniDumpWithHandleData and !handle works",),
        commands=_HANDLE,
        checks="HandleDataStream is there, flag 0x4 clear, of a writer whose flags say what was asked for",
        verdict="The flags do not have 0x4, and yet the handles are in the file and !handle works: the debugger looks at the stream, not at the flag.",
        confidence=PROVEN,
        remedy=("nothing to do",),
        sources=(_OBSERVED,),
        fires="handles-flag-cleared",
        silent="handles",
        test=_flag_clear,
    ),
)

"""What a page says in words and tables: the header, the flags, the findings, and the lists, each row with its place in the file."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..diagnosis.audit import audit
from ..diagnosis.facts import Facts
from ..diagnosis.promises import promises
from ..dump.absence import Absent
from ..dump.contexts import ip_sp
from ..dump.minidump import Minidump
from ..dump.streams.modules import version_text
from ..format.access import describe_access
from ..format.codes.exceptions import exception_name
from ..format.flags import MINIDUMP_TYPE_BITS
from ..format.handles import OBJECT_ATTRIBUTES
from ..format.memory import MEMORY_STATE, MEMORY_TYPE, PAGE_PROTECTION
from ..format.streams import STREAMS, SystemInfoStream
from ..view.kinds import address_kind, cell_text, size_text, time_text
from .carried import LIST_CAP

Clean = Callable[[str], str]
# How a page sorts a column: as text, or by the number that its cells stand for.
_ORDERS = {"count": "dec", "int": "dec", "size": "dec", "duration": "time", "text": "text", "type": "text"}


class PageTable:
    """Columns and rows as a page takes them: the first cell of a row is its place in the file, or None."""

    def __init__(self, key: str, title: str, columns: Sequence[Tuple[str, str]], clean: Clean) -> None:
        self.key = key
        self.title = title
        self.columns = columns  # title, kind
        self.clean = clean

    def made(self, rows: Iterable[Tuple[Optional[int], Sequence[Any]]], total: int, absence: Optional[Absent] = None) -> Dict[str, Any]:
        """The table as plain values. Cells that are not text are drawn as their column's kind."""
        kinds = [kind for _, kind in self.columns]
        made = [[offset, *(self._cell(value, kind) for value, kind in zip(cells, kinds))] for offset, cells in rows]
        note = ""
        if len(made) < total:
            note = f"the first {len(made)} of {total}: the command line lists all"
        elif not made and absence is not None:
            note = self.clean(absence.message)
        columns = [[title, _ORDERS.get(kind, "hex")] for title, kind in self.columns]
        return {"key": self.key, "title": self.title, "columns": columns, "rows": made, "total": total, "note": note}

    def _cell(self, value: Any, kind: str) -> str:
        if isinstance(value, str):
            return self.clean(value) if value else ""
        return self.clean(cell_text(value, kind))


def _rights(type_name: str, mask: int) -> str:
    standard, specific, rest = describe_access(type_name, mask)
    return ", ".join([*standard, *specific, *([f"0x{rest:x}"] if rest else [])])


def _handles(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    rights: Dict[Tuple[str, int], str] = {}

    def rows() -> Iterator[Tuple[Optional[int], Sequence[Any]]]:
        for handle in dump.handles.walk(0, LIST_CAP):
            key = (handle.type, handle.granted_access)
            if key not in rights:
                rights[key] = _rights(*key)
            attributes = ", ".join(OBJECT_ATTRIBUTES.labels(handle.attributes)) if handle.attributes else ""
            yield (
                handle.offset,
                (handle.handle, handle.type, handle.name, handle.granted_access, rights[key], handle.handle_count, handle.pointer_count, attributes),
            )

    columns = [
        ("handle", "handle"),
        ("type", "type"),
        ("name", "text"),
        ("access", "mask"),
        ("rights", "text"),
        ("handles", "count"),
        ("pointers", "count"),
        ("attributes", "text"),
    ]
    return PageTable("handles", "Handles", columns, clean).made(rows(), len(dump.handles), dump.handles.absence)


def _threads(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    address = address_kind(dump.pointer_size)
    exception = dump.exception
    crashed = None if isinstance(exception, Absent) else exception.thread_id
    names = {entry.tid: entry.name for entry in dump.thread_names.walk(0, LIST_CAP)}
    infos = {info.tid: info for info in dump.thread_infos.walk(0, LIST_CAP)}

    def rows() -> Iterator[Tuple[Optional[int], Sequence[Any]]]:
        for thread in dump.threads.walk(0, LIST_CAP):
            info = infos.get(thread.tid)
            found = ip_sp(dump, thread.context_rva, thread.context_size) if thread.context_rva else None
            at = None if found is None or isinstance(found, Absent) else found[0]
            start = info.start_address if info is not None else None
            yield (
                thread.offset,
                (
                    thread.index,
                    thread.tid,
                    names.get(thread.tid, "") + (" (exception)" if thread.tid == crashed else ""),
                    at,
                    "" if at is None else dump.modules.symbol(at),
                    "" if not start else dump.modules.symbol(start) or cell_text(start, address),
                    None if info is None or info.dump_flags & 8 else info.user_time,
                    None if info is None or info.dump_flags & 8 else info.kernel_time,
                    thread.teb,
                    thread.suspend_count,
                    thread.stack_size,
                ),
            )

    columns = [
        ("#", "count"),
        ("tid", "id"),
        ("name", "text"),
        ("instruction", address),
        ("in", "text"),
        ("start", "text"),
        ("user time", "duration"),
        ("kernel time", "duration"),
        ("TEB", address),
        ("suspended", "count"),
        ("stack", "size"),
    ]
    return PageTable("threads", "Threads", columns, clean).made(rows(), len(dump.threads), dump.threads.absence)


def _modules(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    address = address_kind(dump.pointer_size)

    def rows() -> Iterator[Tuple[Optional[int], Sequence[Any]]]:
        for module in dump.modules.walk(0, LIST_CAP):
            codeview = module.codeview
            key = "" if isinstance(codeview, Absent) else codeview.key
            version = version_text(module.file_version) if module.file_version else ""
            yield module.offset, (module.base, module.end, module.file_name, version, module.timestamp, key, module.path)

    columns = [("start", address), ("end", address), ("name", "text"), ("version", "text"), ("time stamp", "hex"), ("symbols", "text"), ("path", "text")]
    return PageTable("modules", "Modules", columns, clean).made(rows(), len(dump.modules), dump.modules.absence)


def _unloaded(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    address = address_kind(dump.pointer_size)
    rows = ((item.offset, (item.base, item.end, item.name, item.timestamp, item.checksum)) for item in dump.unloaded_modules.walk(0, LIST_CAP))
    columns = [("start", address), ("end", address), ("name", "text"), ("time stamp", "hex"), ("checksum", "hex")]
    return PageTable("unloaded", "Unloaded modules", columns, clean).made(rows, len(dump.unloaded_modules), dump.unloaded_modules.absence)


def _streams(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    def rows() -> Iterator[Tuple[Optional[int], Sequence[Any]]]:
        for stream in dump.streams[:LIST_CAP]:
            kind = STREAMS.get(stream.type)
            meaning = kind.meaning if kind is not None else "not known"
            place = stream.rva if stream.type and dump.source.available(stream.rva, 1) else stream.offset
            yield place, (stream.index, f"0x{stream.type:x}", stream.name, stream.rva, f"0x{stream.size:x}", meaning if stream.type else "unused entry")

    columns = [("#", "count"), ("type", "hex"), ("name", "text"), ("at", "offset"), ("size", "hex"), ("what it holds", "text")]
    return PageTable("streams", "Streams", columns, clean).made(rows(), len(dump.streams))


def _ranges(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    address = address_kind(dump.pointer_size)
    items = dump.memory64_list if len(dump.memory64_list) else dump.memory_list

    def rows() -> Iterator[Tuple[Optional[int], Sequence[Any]]]:
        for item in items.walk(0, LIST_CAP):
            yield item.offset, (item.start, item.end, item.size, item.rva, dump.modules.symbol(item.start))

    columns = [("start", address), ("end", address), ("size", "size"), ("at", "offset"), ("module", "text")]
    return PageTable("ranges", "Captured memory", columns, clean).made(rows(), len(items), items.absence)


def _regions(dump: Minidump, clean: Clean) -> Dict[str, Any]:
    address = address_kind(dump.pointer_size)

    def rows() -> Iterator[Tuple[Optional[int], Sequence[Any]]]:
        for item in dump.regions.walk(0, LIST_CAP):
            state = MEMORY_STATE.label(item.state) or f"0x{item.state:x}"
            kind = MEMORY_TYPE.label(item.type) or (f"0x{item.type:x}" if item.type else "")
            protect = ", ".join(PAGE_PROTECTION.labels(item.protect)) if item.protect else ""
            yield item.offset, (item.base, item.end, item.size, state, kind, protect, dump.modules.symbol(item.base))

    columns = [("start", address), ("end", address), ("size", "size"), ("state", "text"), ("type", "text"), ("protection", "text"), ("module", "text")]
    return PageTable("regions", "Address space", columns, clean).made(rows(), len(dump.regions), dump.regions.absence)


def tables(dump: Minidump, clean: Clean) -> List[Dict[str, Any]]:
    """The tables of a page, in its order."""
    made = [_streams(dump, clean), _threads(dump, clean), _handles(dump, clean), _modules(dump, clean)]
    if len(dump.unloaded_modules):
        made.append(_unloaded(dump, clean))
    made.append(_ranges(dump, clean))
    made.append(_regions(dump, clean))
    return made


def flags(facts: Facts, clean: Clean) -> List[Dict[str, Any]]:
    """One entry for each bit of the header's flags: asked, there, and by what that is known."""
    made = []
    for item in promises(facts):
        bit = MINIDUMP_TYPE_BITS.get(item.bit)
        made.append(
            {
                "bit": f"0x{item.bit:x}",
                "name": item.name,
                "asked": item.asked,
                "there": item.delivered,
                "note": clean(item.note),
                "offset": item.offset,
                "asks": bit.asks if bit is not None else "",
            }
        )
    return made


def findings(facts: Facts, clean: Clean) -> List[Dict[str, Any]]:
    """What ``why`` finds, worst first."""
    return [
        {
            "code": item.code,
            "severity": item.rule.severity,
            "title": clean(item.rule.title),
            "verdict": clean(item.verdict),
            "confidence": item.confidence,
            "evidence": [[clean(proof.what), clean(proof.value), proof.offset] for proof in item.evidence],
            "remedy": [clean(step) for step in item.remedy],
            "commands": list(item.rule.commands),
        }
        for item in audit(facts)
    ]


def commands(facts: Facts, clean: Clean) -> List[List[str]]:
    """What the debugger's commands will do on this dump: command, outcome, reason."""
    return [[answer.command, answer.outcome, clean(answer.why)] for answer in facts.engine.commands.values()]


def header_facts(dump: Minidump, clean: Clean) -> List[List[Any]]:
    """The lines at the top of a page: label, value, and the place in the file that says so."""
    header = dump.header
    made: List[List[Any]] = [
        ["size", size_text(dump.size), None],
        ["taken", time_text(header.timestamp), 20],
        ["flags", f"0x{header.flags:x}", 24],
        ["streams", str(header.stream_count), 8],
    ]
    writer = dump.writer
    place = writer.evidence[0].offset if writer.evidence else None
    made.append(["written by", clean(" ".join(word for word in (writer.name, writer.version) if word)), place])
    system = dump.system
    if not isinstance(system, Absent):
        stream = dump.stream(SystemInfoStream)
        made.append(["system", clean(f"{system.os_name}, {system.architecture_name}"), stream.rva if stream is not None else None])
    if len(dump.modules):
        made.append(["program", clean(dump.modules[0].file_name), dump.modules[0].offset])
    exception = dump.exception
    if not isinstance(exception, Absent):
        fault = dump.fault
        name = exception_name(exception.code) if isinstance(fault, Absent) else fault.label
        made.append(["exception", clean(f"{exception.code:08x} {name}".strip()), exception.offset])
    return made

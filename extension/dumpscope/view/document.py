"""Blocks as one JSON document, and as CSV."""

from __future__ import annotations

import json
from itertools import chain, islice
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence

from ..dump.absence import NOT_THERE, Absent
from ..errors import DumpError, DumpscopeError, NotInDump, UsageError
from .blocks import Block, Blocks, Bytes, Column, Data, Fields, Finding, Hexdump, Item, Lines, Note, Table
from .escape import csv_cell
from .kinds import KINDS, cell_json, cell_text

SCHEMA = 1


def _reason(value: Absent) -> Dict[str, str]:
    return {"kind": value.kind, "message": value.message}


def item_json(items: Sequence[Item]) -> Dict[str, Any]:
    """The members that labelled values make; an absent one is null with its reason beside it."""
    members: Dict[str, Any] = {}
    for item in items:
        if not item.key:
            continue
        members[item.key] = cell_json(item.value, item.kind)
        if isinstance(item.value, Absent):
            members[item.key + "_reason"] = _reason(item.value)
    return members


def _row_maker(columns: Sequence[Column]) -> Callable[[Sequence[Any]], Dict[str, Any]]:
    makers = [
        (at if column.index is None else column.index, column.key, column.get, KINDS[column.kind].json) for at, column in enumerate(columns) if column.key
    ]

    def make(row: Sequence[Any]) -> Dict[str, Any]:
        members: Dict[str, Any] = {}
        for number, key, get, convert in makers:
            value = row[number] if get is None else get(row[number])
            if value is None:
                members[key] = None
            elif value.__class__ is Absent:
                members[key] = None
                members[key + "_reason"] = _reason(value)
            else:
                members[key] = convert(value)
        return members

    return make


def finding_json(finding: Finding) -> Dict[str, Any]:
    """A finding as plain values."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": finding.title,
        "verdict": finding.verdict,
        "confidence": finding.confidence,
        "evidence": [item._asdict() for item in finding.evidence],
        "remedy": list(finding.remedy),
        "commands": list(finding.commands),
    }


def _hexdump_json(block: Hexdump) -> Dict[str, Any]:
    pieces = []
    for address, size, data in block.pieces:
        pieces.append({"address": f"0x{address:x}", "size": size, "hex": None if data is None else data.hex()})
    return {"address": f"0x{block.address:x}", "size": block.size, "pieces": pieces}


class _Document:
    """Writes members as they come; findings and notes, which may come anywhere, are gathered for the end."""

    def __init__(self, head: Dict[str, Any]) -> None:
        self.head = head
        self.seen = set(head)
        self.findings: List[Dict[str, Any]] = []
        self.notes: List[Dict[str, str]] = []
        self.missing: Optional[NotInDump] = None
        self.failed: Optional[DumpscopeError] = None
        self.begun = False

    def member(self, key: str, value: Any) -> Iterator[str]:
        if key in self.seen:
            return  # the first of a name wins: a document has no name twice
        self.seen.add(key)
        yield f",\n {json.dumps(key)}: {json.dumps(value)}"

    def block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Table):
            if block.key and block.key not in self.seen:
                self.seen.add(block.key)
                yield f",\n {json.dumps(block.key)}: ["
                make = _row_maker(block.columns)
                dumps = json.dumps
                lead = "\n  "
                out: List[str] = []
                for row in _until_missing(block.rows, self):
                    out.append(lead + dumps(make(row)))
                    lead = ",\n  "
                    if len(out) >= 512:
                        yield "".join(out)
                        out.clear()
                yield "".join(out) + "]"
        elif isinstance(block, Fields):
            members = item_json(block.items)
            if block.key:
                yield from self.member(block.key, members)
            else:
                for key, value in members.items():
                    yield from self.member(key, value)
        elif isinstance(block, Finding):
            self.findings.append(finding_json(block))
        elif isinstance(block, Note):
            self.notes.append({"level": block.level, "text": block.text, "code": block.code})
        elif isinstance(block, Lines):
            if block.key:
                yield from self.member(block.key, list(block.lines))
        elif isinstance(block, Hexdump):
            yield from self.member(block.key, _hexdump_json(block))
        elif isinstance(block, Bytes):
            if block.key:
                from .annotated import bytes_json

                yield from self.member(block.key, bytes_json(block))
        elif isinstance(block, Data):
            yield from self.member(block.key, block.value if block.make is None else block.make())


def render_json(blocks: Blocks, head: Dict[str, Any]) -> Iterator[str]:
    """One document in chunks: ``head``'s members first, then the blocks' in their order, then findings and notes.

    What turns out not to be in the dump is an answer too: the document is completed with the ``reason``, and then NotInDump is
    raised. So is the document of a file that is damaged, with the ``error``. Any other error of ours leaves before the first chunk where the
    arguments are wrong; later, the document is completed with the ``error``, and then it is raised.
    """
    document = _Document(head)
    walk = _until_missing(blocks, document)
    first = list(islice(walk, 1))  # an error in the arguments comes before anything is written
    document.begun = True
    lead = "{"
    for key, value in head.items():
        yield f"{lead}\n {json.dumps(key)}: {json.dumps(value)}"
        lead = ","
    for block in chain(first, walk):
        yield from document.block(block)
    if document.missing is not None:
        yield from document.member("reason", {"kind": NOT_THERE, "message": document.missing.message})
    if document.failed is not None:
        yield from document.member("error", _error_members(document.failed))
    if document.findings:
        yield from document.member("findings", document.findings)
    if document.notes:
        yield from document.member("notes", document.notes)
    yield "\n}\n"
    if document.missing is not None:
        raise document.missing
    if document.failed is not None:
        raise document.failed


def error_json(error: DumpError, head: Dict[str, Any]) -> str:
    """The document of a file that cannot be read: ``head``'s members, and the ``error``."""
    return json.dumps({**head, "error": _error_members(error)}, indent=1) + "\n"


def _error_members(error: DumpscopeError) -> Dict[str, Any]:
    members: Dict[str, Any] = {"message": error.message, "hint": error.hint}
    if isinstance(error, DumpError):
        members.update(offset=error.offset, needed=error.needed, available=error.available)
    return members


def _until_missing(blocks: Iterable[Any], document: _Document) -> Iterator[Any]:
    """Blocks, or rows, up to the one that is not in the dump, or that fails; the document keeps the error."""
    try:
        yield from blocks
    except NotInDump as error:
        document.missing = error
    except DumpscopeError as error:
        if not document.begun and not isinstance(error, DumpError):
            raise
        document.failed = error


def render_csv(blocks: Blocks, is_missing: Callable[[], bool] = bool) -> Iterator[str]:
    """The first table of the blocks as CSV.

    Raises UsageError when the answer has none, and NotInDump when that is because what was asked for ``is_missing``.
    """
    reason = ""
    for block in blocks:
        if isinstance(block, Note) and block.level == "warning":
            reason = reason or block.text
        if isinstance(block, Table):
            columns = [
                (at if column.index is None else column.index, column) for at, column in enumerate(block.columns) if column.key and column.kind != "data"
            ]
            if not columns:
                continue  # laid out for the eye; JSON has it in another form
            yield ",".join(_quote(column.key) for _, column in columns) + "\r\n"
            for row in block.rows:
                yield (
                    ",".join(_quote(_csv_value(row[number] if column.get is None else column.get(row[number]), column.kind)) for number, column in columns)
                    + "\r\n"
                )
            return
    if is_missing():
        raise NotInDump(reason or "what was asked for is not in this dump", "without --csv the answer says why")
    raise UsageError("this answer is not a table, so it has no CSV", "use --json")


def _csv_value(value: Any, kind: str) -> str:
    if value is None or isinstance(value, Absent):
        return ""
    plain = cell_json(value, kind)
    if isinstance(plain, list):
        plain = ", ".join(map(str, plain))
    elif isinstance(plain, bool) or not isinstance(plain, (int, str)):
        plain = cell_text(value, kind)
    return str(plain) if isinstance(plain, int) else csv_cell(plain)


def _quote(text: str) -> str:
    if any(char in text for char in ',"\r\n') or text[:1] == " ":
        return '"' + text.replace('"', '""') + '"'
    return text

"""Annotated bytes: fields beside the bytes that they are made of, in two columns that flow side by side."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .blocks import Bytes
from .escape import printable
from .paint import Paint
from .wrapping import wrap

WIDE, NARROW = 8, 4
"""Bytes on a line, and on a line of a narrow terminal."""
_INDENT = 2


class ByteRow(NamedTuple):
    """One field. ``data`` are its first bytes, ``size`` how many it has; a heading has no bytes to show (``data`` empty).

    ``value`` is its value in words, ``json`` the plain value for JSON. ``notes`` are lines below it, such as the opened bits of a
    mask. ``target`` is where an RVA leads. ``damaged`` paints it as something wrong.
    """

    offset: int
    size: int
    data: bytes
    depth: int
    type: str
    name: str
    path: str
    value: str
    meaning: str
    json: Any = None
    notes: Tuple[str, ...] = ()
    bits: Tuple[Dict[str, Any], ...] = ()
    target: Optional[int] = None
    damaged: bool = False
    heading: bool = False


def bytes_json(block: Bytes) -> Dict[str, Any]:
    """The block as plain values: whole fields, with their path and what they lead to."""
    fields = []
    for row in block.rows:
        item: Dict[str, Any] = {"offset": row.offset, "size": row.size, "depth": row.depth, "type": row.type, "name": row.name, "path": row.path}
        item["hex"] = None if row.heading else row.data.hex()
        item["value"] = row.json
        item["text"] = row.value
        item["meaning"] = row.meaning
        if row.bits:
            item["bits"] = list(row.bits)
        if row.notes:
            item["notes"] = list(row.notes)
        if row.target is not None:
            item["target"] = row.target
        fields.append(item)
    return {"what": block.title, "offset": block.offset, "size": block.size, "structure": block.structure or None, "fields": fields, "more": block.more or None}


def _wrap(text: str, width: int, indent: int, first: Optional[str] = None) -> List[str]:
    return wrap(text, max(width, indent + 12), " " * indent, first)


def annotated(block: Bytes, paint: Paint, width: int) -> Iterator[str]:
    """The block as chunks of text that end with a line end."""
    per_line = WIDE if width >= 76 else NARROW
    digits = max(4, len(f"{block.offset + block.size:x}"))
    left = digits + 2 + per_line * 3 - 1  # offset, two blanks, bytes
    room = max(24, width - left - 2)
    head = f"{block.title} ({block.structure + ', ' if block.structure else ''}0x{block.size:x} bytes at 0x{block.offset:x})"
    for line in _wrap(printable(head), width, 2, ""):
        yield paint.text(line, "title") + "\n"
    for row in block.rows:
        lines = _right(row, room)
        pieces = [row.data[at : at + per_line].hex(" ") for at in range(0, len(row.data), per_line)]
        if row.size > len(row.data) and not row.heading and row.data:
            pieces.append(f"… {row.size - len(row.data)} more")
        out: List[str] = []
        for at in range(max(len(lines), len(pieces), 1)):
            offset = f"{row.offset:0{digits}x}" if not at else ""
            raw = pieces[at] if at < len(pieces) else ""
            parts = lines[at] if at < len(lines) else []
            if not parts and not raw and not offset:
                continue
            body = "".join(paint.text(text, role, link) for text, role, link in parts)
            pad = " " * (per_line * 3 - 1 - len(raw))
            line = f"{paint.text(offset, 'offset') if offset else ' ' * digits}  {paint.text(raw) if raw else ''}"
            out.append(f"{line}{pad}  {body}" if body else line.rstrip() if not raw else line)
        yield "\n".join(out) + "\n"
    if block.more:
        for line in _wrap(printable(block.more), width, 2):
            yield paint.text(line, "dim") + "\n"


_Piece = Tuple[str, str, str]


def _right(row: ByteRow, room: int) -> List[List[_Piece]]:
    """The lines of the right column as painted pieces: type, name and value, then the meaning and the notes."""
    indent = " " * (_INDENT * row.depth)
    kind, name, value = printable(row.type), printable(row.name), printable(row.value)
    name_role = "emphasis" if row.heading else "label"
    used = len(indent) + len(kind) + (1 + len(name) if name else 0)
    if used <= room:
        first: List[_Piece] = [(indent + kind, "type", "")] + ([(" " + name, name_role, "")] if name else [])
        lines = [first]
    else:  # a long type in a narrow terminal: the name goes below it
        lines = [[(piece, "type", "")] for piece in _wrap(indent + kind, room, len(indent), "")]
        deeper = len(indent) + _INDENT
        first = [(" " * deeper + name, name_role, "")]
        used = deeper + len(name)
        lines.append(first)
    role = "error" if row.damaged else "number"
    link = f"whatis 0x{row.target:x}" if row.target is not None and row.size else ""
    if value:
        if used + 3 + len(value) <= room:
            first.append((" = ", "", ""))
            first.append((value, role, link))
            used += 3 + len(value)
        else:
            first.append((" =", "", ""))
            deeper = len(indent) + 2 * _INDENT
            for piece in _wrap(" " * deeper + value, room, deeper):
                lines.append([(piece, role, "")])
            used = room
    meaning = printable(row.meaning)
    if meaning:
        if used + 2 + len(meaning) <= room:
            first.append(("  " + meaning, "dim", ""))
        else:
            deeper = len(indent) + 2 * _INDENT
            for piece in _hang(meaning, room, deeper):
                lines.append([(piece, "dim", "")])
    for note in row.notes:
        for piece in _hang(printable(note), room, len(indent) + 2 * _INDENT, 2):
            lines.append([(piece, "dim", "")])
    return lines


def _hang(text: str, room: int, indent: int, more: int = 0) -> List[str]:
    """``text`` wrapped and indented, lines after the first by ``more`` further."""
    return wrap(text, max(room, indent + 16), " " * (indent + more), " " * indent)

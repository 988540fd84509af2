"""Blocks as text, plain or painted. Streams: a table of a million rows is drawn as it is walked."""

from __future__ import annotations

import sys
from functools import singledispatch
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..dump.absence import Absent
from .blocks import Blocks, Bytes, Column, Fields, Finding, Hexdump, Lines, Note, Paragraph, Table
from .escape import printable
from .kinds import KINDS, address_text, cell_text
from .paint import PLAIN, Paint
from .picture import Picture, picture
from .widths import padded, width_of
from .wrapping import wrap

SAMPLE = 256
"""Rows that are looked at to find how wide the columns are."""
WIDEST = 120
"""Columns that a column is padded to at the most: one huge cell must not make every row huge."""
LONGEST = 1024
"""Characters of a name, type or path that text shows; all of it is in JSON and CSV."""
_NAMES = ("name", "path", "symbol", "type")
PROSE = 100
"""Columns that prose is wrapped to where no width is known, or where the terminal is wider."""
_GAP = "  "
_BELOW = 6
"""How far a last cell that has no room beside the others is indented, below them."""


def render_text(blocks: Blocks, paint: Paint = PLAIN, width: Optional[int] = None) -> Iterator[str]:
    """The blocks as chunks of text that end with a line end. ``width`` is the terminal's, None where there is none."""
    before = False
    last: Any = None
    for block in blocks:
        titled = bool(getattr(block, "title", "")) and not isinstance(block, Finding)
        brief = isinstance(block, Finding) and block.brief and isinstance(last, (Finding, Note)) and getattr(last, "brief", True)
        apart = (
            (isinstance(block, (Table, Fields, Finding, Bytes, Paragraph)) and not brief) or titled or (isinstance(block, Note) and not isinstance(last, Note))
        )
        lines = _block(block, paint, width)
        for chunk in lines:
            if before and apart:
                yield "\n"
            apart = False
            before = True
            yield chunk
        last = block


@singledispatch
def _block(block: Any, paint: Paint, width: Optional[int]) -> Iterator[str]:
    """The chunks of one block; what has no text, such as data for JSON alone, has none. Each kind is registered below."""
    return iter(())


@_block.register(Bytes)
def _bytes(block: Bytes, paint: Paint, width: Optional[int]) -> Iterator[str]:
    from .annotated import annotated  # most answers have no bytes

    return annotated(block, paint, min(width or PROSE, 140))


@_block.register(Paragraph)
def _paragraph(block: Paragraph, paint: Paint, width: Optional[int]) -> Iterator[str]:
    for line in wrap(printable(block.text), min(width or PROSE, PROSE), "  " if block.text.startswith("- ") else "", ""):
        yield paint.text(line, block.role) + "\n"


@_block.register(Picture)
def _picture(block: Picture, paint: Paint, width: Optional[int]) -> Iterator[str]:
    return picture(block, paint, width or PROSE)


def _cut(name: Any) -> Any:
    """A name as far as a table shows it; anything that is not one stays."""
    if name.__class__ is not str or len(name) <= LONGEST:
        return name
    damaged = "" if name.isprintable() else ", damaged: no name has such characters"
    return f"{name[:LONGEST]}… ({len(name)} characters{damaged})"


def _formatter(column: Column) -> Callable[[Any], str]:
    text = KINDS[column.kind].text
    if column.kind in _NAMES:
        whole = text

        def text(value: Any) -> str:
            return whole(_cut(value))

    get = column.get

    def draw(value: Any) -> str:
        return "-" if value is None or value.__class__ is Absent else text(value)

    def draw_made(cell: Any) -> str:
        value = get(cell) if get is not None else cell
        return "-" if value is None or value.__class__ is Absent else text(value)

    return draw if get is None else draw_made


_Drawer = Callable[[Sequence[Sequence[Any]]], Sequence[str]]


def _column_drawer(column: Column, number: int) -> _Drawer:
    """Draws one column of many rows: all cells at once where they are all ordinary, one by one where not."""
    many = KINDS[column.kind].many if column.get is None else None
    one = _formatter(column)
    cell = itemgetter(number)
    named = column.kind in _NAMES

    def draw(rows: Sequence[Sequence[Any]]) -> Sequence[str]:
        if many is not None:
            try:
                values = list(map(cell, rows))
                return many(list(map(_cut, values)) if named and max(map(len, values)) > LONGEST else values)
            except TypeError:
                pass  # an absent value among them
        return [one(row[number]) for row in rows]

    return draw


@_block.register(Table)
def _table(table: Table, paint: Paint, width: Optional[int]) -> Iterator[str]:
    columns = [column for column in table.columns if not column.hidden]
    shown = [at if column.index is None else column.index for at, column in enumerate(table.columns) if not column.hidden]
    kinds = [KINDS[column.kind] for column in columns]
    lefts = [kind.left if column.left is None else column.left for column, kind in zip(columns, kinds)]
    roles = [column.role or kind.role for column, kind in zip(columns, kinds)]
    rows = iter(table.rows)
    head = list(islice(rows, SAMPLE))
    if not head or not columns:
        for _ in rows:  # the command counts what it hands out
            pass
        return
    if table.title:
        yield paint.text(printable(table.title), "title") + "\n"
    drawers = [_column_drawer(column, number) for column, number in zip(columns, shown)]
    drawn = [draw(head) for draw in drawers]
    widths = [max(len(column.title) if not table.compact else 0, min(WIDEST, max(map(width_of, texts)))) for column, texts in zip(columns, drawn)]
    if lefts and lefts[-1]:
        widths[-1] = 0
    last = len(columns) - 1
    if width is not None and sum(widths) + len(_GAP) * last > width and sum(widths[:last]) + len(_GAP) * last > width:
        yield from _narrow(table, columns, shown, chain(head, rows), paint, width)
        return
    fixed = sum(widths[:last]) + len(_GAP) * last
    room = width - fixed if width is not None and lefts and lefts[-1] and width - fixed >= 16 else 0
    below = width is not None and not room and last > 0 and columns[last].kind == "text" and lefts[last]  # no room beside the other columns
    if not table.compact:
        titles = [column.title.ljust(size) if left else column.title.rjust(size) for column, size, left in zip(columns, widths, lefts)]
        yield _GAP.join(paint.text(title, "header") for title in titles[:-1] + [titles[-1].rstrip()]) + "\n"

    plan = _Plan(columns, shown, lefts, roles, widths, fixed, room, below)
    if paint.plain and not table.detail and not room and not below:
        yield from _plain_rows(plan, drawers, drawn, rows)
    else:
        yield from _painted_rows(plan, table, chain(head, rows), paint, width)


class _Plan(NamedTuple):
    """How a table is laid out: its shown columns, and the places of their cells in a row.

    ``fixed`` is the width of all columns but the last, with their gaps. ``room`` is the width that is left for a last one that is wrapped, 0 if
    it is not. With ``below``, a last cell that has no room beside the others goes below them.
    """

    columns: Sequence[Column]
    shown: Sequence[int]
    lefts: Sequence[bool]
    roles: Sequence[str]
    widths: Sequence[int]
    fixed: int
    room: int
    below: bool


def _plain_rows(plan: _Plan, drawers: Sequence[_Drawer], drawn: Sequence[Sequence[str]], rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    """Rows without colours, many at once: first those whose columns are ``drawn`` already, then those of ``rows``."""
    widths, lefts = plan.widths, plan.lefts
    line = _GAP.join([f"%{'-' if left else ''}{size}s" if size else "%s" for size, left in zip(widths, lefts)]) + "\n"

    def lines(columns: Sequence[Sequence[str]]) -> str:
        made = "".join(map(line.__mod__, zip(*columns)))
        if made.isascii():
            return made
        return "".join([_GAP.join(map(padded, texts, widths, lefts)) + "\n" for texts in zip(*columns)])

    yield lines(drawn)
    batch = list(islice(rows, SAMPLE))
    while batch:
        yield lines([draw(batch) for draw in drawers])
        batch = list(islice(rows, SAMPLE))


def _painted_rows(plan: _Plan, table: Table, rows: Iterable[Sequence[Any]], paint: Paint, width: Optional[int]) -> Iterator[str]:
    """Rows one by one: with colours and links, with a last cell that is wrapped, or with details below each."""
    _, shown, lefts, roles, widths, fixed, room, below = plan
    formats = [_formatter(column) for column in plan.columns]
    links = [column.link for column in plan.columns]
    for row in rows:
        texts = [draw(row[number]) for number, draw in zip(shown, formats)]
        tail: List[str] = []
        if room and len(texts[-1]) > room:
            pieces = wrap(texts[-1], room)
            texts[-1] = pieces[0]
            tail = pieces[1:]
        elif below and width is not None and fixed + len(texts[-1]) > width and " " in texts[-1]:
            tail = wrap(texts[-1], width - _BELOW)
            texts[-1] = ""
        parts = []
        for at, text in enumerate(texts):
            value = row[shown[at]]
            link = links[at].format(text) if links[at] and 0 < len(text) <= LONGEST and value is not None and value.__class__ is not Absent else ""
            space = " " * (widths[at] - width_of(text))
            painted = paint.text(text, roles[at], link)
            parts.append(painted + space if lefts[at] else space + painted)
        yield _GAP.join(parts[:-1] if below and tail else parts) + "\n"
        for piece in tail:
            yield " " * (fixed if room else _BELOW) + paint.text(piece, roles[-1]) + "\n"
        if table.detail:
            for detail in table.detail(row):
                yield paint.text(printable(detail), "dim") + "\n"


def _broken(text: str, width: int) -> List[str]:
    """A text in pieces of at most ``width`` columns, broken at a blank where one is."""
    pieces = []
    while width_of(text) > width:
        end, used = 0, 0
        while used + width_of(text[end]) <= width:
            used += width_of(text[end])
            end += 1
        blank = text.rfind(" ", 1, end + 1)
        cut = blank if blank > 0 else max(1, end)
        pieces.append(text[:cut])
        text = text[cut:].lstrip(" ")
    return [*pieces, text]


def _narrow(table: Table, columns: Sequence[Column], shown: Sequence[int], rows: Iterable[Sequence[Any]], paint: Paint, width: int) -> Iterator[str]:
    """A table whose columns have no room beside each other: the cells of a row follow each other, and go on in lines that are indented."""
    formats = [(number, _formatter(column)) for number, column in zip(shown, columns)]
    roles = [column.role or KINDS[column.kind].role for column in columns]

    def flow(cells: Iterable[Tuple[str, str, str]]) -> str:
        lines: List[str] = []
        line, used = "", 0
        for text, role, link in cells:
            pieces = _broken(text, width - 2)
            for piece in pieces:
                size = width_of(piece)
                if line and used + len(_GAP) + size > width:
                    lines.append(line)
                    line, used = "", 0
                gap = _GAP if line or lines else ""
                line += gap + paint.text(piece, role, link)
                used += len(gap) + size
        return "\n".join([*lines, line]) + "\n"

    if not table.compact:
        yield flow([(column.title, "header", "") for column in columns if column.title])
    for row in rows:
        cells = []
        for (number, draw), column, role in zip(formats, columns, roles):
            text, value = draw(row[number]), row[number]
            link = column.link.format(text) if column.link and 0 < len(text) <= LONGEST and value is not None and value.__class__ is not Absent else ""
            cells.append((text, role, link))
        yield flow(cells)
        if table.detail:
            for detail in table.detail(row):
                for piece in wrap(printable(detail), width):
                    yield paint.text(piece, "dim") + "\n"


@_block.register(Fields)
def _fields(fields: Fields, paint: Paint, width: Optional[int]) -> Iterator[str]:
    if fields.title:
        yield paint.text(printable(fields.title), "title") + "\n"
    items = [item for item in fields.items if not item.hidden]
    names = [printable(item.label) for item in items]
    size = min(28, max(map(len, names), default=0))
    limit = min(width or PROSE, PROSE) if width is None or width > 40 else 40
    for item, name in zip(items, names):
        absent = isinstance(item.value, Absent)
        value = _cut(item.value) if item.kind in _NAMES else item.value
        text = printable(item.text) if item.text is not None else cell_text(value, item.kind)
        note = item.note or (item.value.message if absent else "")
        note = printable(note)
        label = paint.text(name, "label") + " " * (size - len(name))
        role = item.role or ("dim" if absent else KINDS[item.kind].role)
        link = item.link.format(text) if item.link and not absent else ""
        if not note and size + 2 + len(text) > limit and " " in text and item.kind in ("text", "words"):
            first, *rest = wrap(text, limit - size - 2, "  " if text.startswith("- ") else "", "")
            yield f"{label}  {paint.text(first, role, link)}\n"
            for line in rest:
                yield " " * (size + 2) + paint.text(line, role) + "\n"
            continue
        if not note:
            # Blanks at the end are taken off before anything is painted: after a tag they would stay.
            text = text.rstrip(" ")
            yield (f"{label}  {paint.text(text, role, link)}" if text else paint.text(name.rstrip(" "), "label")) + "\n"
            continue
        line = f"{label}  {paint.text(text, role, link)}"
        used = size + 2 + len(text) + 2
        if used + len(note) <= limit:
            yield line + _GAP + paint.text(note, "dim") + "\n"
            continue
        yield line + "\n"
        for piece in wrap(note, limit, " " * (size + 4)):
            yield " " * (size + 4) + paint.text(piece[size + 4 :], "dim") + "\n"


@_block.register(Note)
def _note(note: Note, paint: Paint, width: Optional[int]) -> Iterator[str]:
    limit = min(width or PROSE, PROSE)
    lead = "" if note.level == "info" else note.level + ": "
    code = f" [{note.code}]" if note.code else ""
    role = {"warning": "warning", "error": "error", "hint": "note"}.get(note.level, "")
    lines = wrap(lead + printable(note.text) + code, limit, "  ", "")
    if note.code and not paint.plain and lines[-1].endswith(code):
        body = lines[-1][: -len(note.code) - 1]
        last = paint.text(body, role) + paint.text(note.code, "code", f"explain {note.code}") + paint.text("]", role)
        yield "".join(paint.text(line, role) + "\n" for line in lines[:-1]) + last + "\n"
        return
    yield "".join(paint.text(line, role) + "\n" for line in lines)


@_block.register(Finding)
def _finding(finding: Finding, paint: Paint, width: Optional[int]) -> Iterator[str]:
    limit = min(width or PROSE, PROSE)
    role = {"error": "error", "warning": "warning"}.get(finding.severity, "note")
    proof = "proven by the file" if finding.confidence == "proven" else "inferred"
    head = [paint.text(finding.code, "code", f"explain {finding.code}"), paint.text(finding.severity, role)]
    lead = len(finding.code) + len(finding.severity) + 2 * len(_GAP)
    hang = " " * (len(finding.code) + len(_GAP))
    screen = limit if width is not None else sys.maxsize  # what is one line stays one where nobody's screen breaks it
    first, *rest = wrap(printable(finding.title), screen, hang, " " * lead)
    role = "" if finding.brief else "emphasis"
    lines = [f"{head[0]}  {head[1]}  {paint.text(first[lead:], role)}", *(hang + paint.text(line[len(hang) :], role) for line in rest)]
    if not finding.brief:
        if len((rest or [first])[-1]) + len(proof) + 4 <= screen:
            lines[-1] += _GAP + paint.text(f"({proof})", "dim")
        else:
            lines.append(hang + paint.text(f"({proof})", "dim"))
    yield "\n".join(lines) + "\n"
    if finding.brief:
        return
    for line in wrap(printable(finding.verdict), limit, "  ", "  "):
        yield paint.text(line) + "\n"
    if finding.evidence:
        yield "  " + paint.text("evidence", "label") + "\n"
        size = min(40, max(len(item.what) for item in finding.evidence))
        for item in finding.evidence:
            place = "" if item.offset is None else f"  at 0x{item.offset:x}"
            what, value = printable(item.what), printable(_cut(item.value))
            label = f"    {paint.text(what)}{' ' * (size - len(item.what))}  "
            beside = max(size, len(what)) + 6
            if beside + len(value) + len(place) <= screen or screen < 20:
                yield label + paint.text(value, "number") + paint.text(place, "offset") + "\n"
                continue
            if beside + 16 > screen or (beside + len(value) > screen and " " not in value):
                yield label.rstrip(" ") + "\n"
                label, beside = " " * 6, 6
            pieces = wrap(value, screen - beside)
            if len(pieces[-1]) + len(place) > screen - beside:
                pieces.append("")
                place = place.lstrip(" ")
            pieces = [paint.text(piece, "number") for piece in pieces]
            pieces[-1] += paint.text(place, "offset")
            yield label + ("\n" + " " * beside).join(pieces) + "\n"
    if finding.remedy:
        yield "  " + paint.text("remedy", "label") + "\n"
        for step in finding.remedy:
            for line in wrap(printable(step), limit, "      ", "    - "):
                yield paint.text(line) + "\n"
    if finding.commands:
        names = [paint.text(line) for line in wrap(printable(", ".join(finding.commands)), screen - 10)]
        yield "  " + paint.text("affects", "label") + " " + ("\n" + " " * 10).join(names) + "\n"


@_block.register(Lines)
def _lines(block: Lines, paint: Paint, width: Optional[int]) -> Iterator[str]:
    if block.title:
        yield paint.text(printable(block.title), "title") + "\n"
    out: List[str] = []
    for line in block.lines:
        out.append(paint.text(printable(line), block.role))
        if len(out) >= 512:
            yield "\n".join(out) + "\n"
            out.clear()
    if out:
        yield "\n".join(out) + "\n"


def bytes_of(pieces: Iterable[Tuple[int, int, Optional[bytes]]], step: int) -> Iterator[Tuple[int, Sequence[Optional[int]]]]:
    """Rows of ``step`` bytes with their address; None for a byte that is not in the dump. Rows of nothing are kept."""
    address = None
    row: List[Optional[int]] = []
    for start, size, data in pieces:
        if address is None:
            address = start
        values: Iterable[Optional[int]] = data if data is not None else (None for _ in range(size))
        for value in values:
            row.append(value)
            if len(row) == step:
                yield address, row
                address += step
                row = []
    if row and address is not None:
        yield address, row


_UNITS = {"b": 1, "w": 2, "d": 4, "q": 8}


@_block.register(Hexdump)
def _hexdump(block: Hexdump, paint: Paint, width: Optional[int]) -> Iterator[str]:
    pointer = block.pointer_size
    form = block.form
    if form in ("p", "s"):
        unit = pointer
        step = pointer if form == "s" else 16
    else:
        step, unit = 16, _UNITS[form]
    for address, row in bytes_of(block.pieces, step):
        head = paint.text(address_text(address, pointer), "address")
        if form == "b":
            digits = ["??" if value is None else f"{value:02x}" for value in row]
            body = " ".join(digits[:8]) + ("-" + " ".join(digits[8:]) if len(digits) > 8 else "")
            chars = "".join("?" if value is None else chr(value) if 32 <= value < 127 else "." for value in row)
            yield f"{head}  {paint.text(body)}{' ' * (47 - len(body))}  {paint.text(chars, 'dim')}\n"
            continue
        words = []
        number = None
        for at in range(0, len(row) - unit + 1, unit):
            part = row[at : at + unit]
            if None in part:
                number = None
                words.append("?" * 2 * unit if unit != 8 else "????????`????????")
            else:
                number = int.from_bytes(bytes(value or 0 for value in part), "little")
                words.append(address_text(number, 8) if unit == 8 else f"{number:0{unit * 2}x}")
        line = f"{head}  {paint.text(' '.join(words), 'number')}"
        if form == "s" and number is not None and block.symbol is not None:
            symbol = block.symbol(number)
            if symbol:
                line += " " + paint.text(printable(symbol), "symbol")
        yield line + "\n"

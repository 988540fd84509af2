"""What a command answers with: blocks of typed values. A block says what it holds, never how it looks.

Values are plain ints, strings, lists and :class:`~dumpscope.dump.absence.Absent`; the *kind* of a column or item (see
:mod:`dumpscope.view.kinds`) says what the number means. Every block has a ``key``, its name in the JSON document; an empty
key joins the block's members to the document itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple, Union

from .picture import Picture

if TYPE_CHECKING:
    from .annotated import ByteRow


class Column(NamedTuple):
    """A column of a table.

    ``link`` is a command line with ``{}`` where the cell's text goes (``handles {}``); one that begins with ``!``, ``.`` or
    ``~`` is a command of the debugger itself. ``hidden`` columns are only in JSON and CSV. ``role`` overrides the kind's colour.
    ``index`` is the cell's place in a row when it is not the column's own, so that a record can be a row as it is; ``get``
    makes the value from the cell, only when the column is drawn.
    """

    key: str
    title: str
    kind: str = "text"
    link: str = ""
    hidden: bool = False
    role: str = ""
    left: Optional[bool] = None  # alignment; None takes the kind's
    index: Optional[int] = None  # type: ignore[assignment]
    get: Optional[Callable[[Any], Any]] = None


class Table:
    """Rows under columns. ``rows`` may be a generator: it is walked once, as it is drawn.

    ``detail``, when given, makes lines that follow a row in text (already words, not kinds), such as decoded object information.
    """

    __slots__ = ("key", "columns", "rows", "title", "detail", "compact")

    def __init__(
        self,
        key: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        *,
        title: str = "",
        detail: Optional[Callable[[Sequence[Any]], Iterable[str]]] = None,
        compact: bool = False,
    ) -> None:
        self.key = key
        self.columns = tuple(columns)
        self.rows = rows
        self.title = title
        self.detail = detail
        self.compact = compact  # no header row in text


class Item(NamedTuple):
    """One line of :class:`Fields`: a label, a value of a kind, and words that explain it.

    ``text`` replaces the value's own text. ``hidden`` items are only in JSON; an item with an empty ``key`` is only in text.
    """

    key: str
    label: str
    value: Any
    kind: str = "text"
    note: str = ""
    link: str = ""
    hidden: bool = False
    text: Optional[str] = None
    role: str = ""


class Fields:
    """Labelled values, one a line."""

    __slots__ = ("key", "items", "title")

    def __init__(self, key: str, items: Sequence[Item], *, title: str = "") -> None:
        self.key = key
        self.items = items
        self.title = title


class Note(NamedTuple):
    """A sentence or more. ``level`` is ``info``, ``hint``, ``warning`` or ``error``; ``code`` names a rule that explains it."""

    text: str
    level: str = "info"
    code: str = ""


class Paragraph(NamedTuple):
    """Prose for people, wrapped to the width: of a lesson. Not in JSON, where the one who says it has it under a name of its own."""

    text: str
    role: str = ""


class Lines:
    """Text that has its own shape, such as ``.dumpdebug``: drawn line by line as it is, escaped."""

    __slots__ = ("key", "lines", "title", "role")

    def __init__(self, key: str, lines: Iterable[str], *, title: str = "", role: str = "") -> None:
        self.key = key
        self.lines = lines
        self.title = title
        self.role = role


class Evidence(NamedTuple):
    """What proves a finding: a field or fact, its value as text, and the file offset where it can be seen (None if computed)."""

    what: str
    value: str
    offset: Optional[int] = None


class Finding(NamedTuple):
    """A rule that fired on this dump. ``severity`` is ``error``, ``warning`` or ``info``; ``confidence`` ``proven`` or ``inferred``.

    ``brief`` findings are one line in text; JSON has all of them whole.
    """

    code: str
    severity: str
    title: str
    verdict: str
    confidence: str
    evidence: Tuple[Evidence, ...]
    remedy: Tuple[str, ...]
    commands: Tuple[str, ...]
    brief: bool = False


class Hexdump:
    """Bytes of the process at ``address``: ``pieces`` as (address, size, data or None). ``form`` is b, w, d, q, p or s (dps)."""

    __slots__ = ("key", "address", "size", "pieces", "form", "pointer_size", "symbol")

    def __init__(
        self,
        key: str,
        address: int,
        size: int,
        pieces: Iterable[Tuple[int, int, Optional[bytes]]],
        *,
        form: str = "b",
        pointer_size: int = 8,
        symbol: Optional[Callable[[int], str]] = None,
    ) -> None:
        self.key = key
        self.address = address
        self.size = size
        self.pieces = pieces
        self.form = form
        self.pointer_size = pointer_size
        self.symbol = symbol


class Data(NamedTuple):
    """A value that is only in the JSON document, under ``key``: plain lists, dicts, strings, numbers.

    ``make`` gives it instead of ``value`` where it takes time that an answer in text need not spend.
    """

    key: str
    value: Any = None
    make: Optional[Callable[[], Any]] = None


class Save(NamedTuple):
    """A file that the answer wants written: commands do no output, so the front writes it (:mod:`dumpscope.front.saving`).

    ``chunks`` makes the bytes. ``keep`` is a path that must not be written over, whatever ``force`` says: the dump's own.
    ``what`` names the file in the answer (``changed copy``). ``fill`` writes to the empty, seekable file instead of ``chunks``;
    ``check`` gets the name of the finished temporary file and refuses it by raising.
    """

    path: str
    chunks: Callable[[], Iterable[bytes]]
    what: str
    keep: str = ""
    force: bool = False
    fill: Optional[Callable[[BinaryIO], object]] = None
    check: Optional[Callable[[str], None]] = None


class SaveFolder(NamedTuple):
    """Files that the answer wants written into one folder, all of them or none: ``files`` by name. The front writes them.

    The folder is made if it is not there. Files that are there with the same bytes are left as they are; others only ``force`` replaces.
    """

    path: str
    files: Dict[str, bytes]
    what: str
    force: bool = False


class Bytes:
    """A structure of the file, field by field. ``more`` is said when not all of it is shown."""

    __slots__ = ("key", "more", "offset", "rows", "size", "structure", "title")

    def __init__(self, key: str, title: str, offset: int, size: int, structure: str, rows: Sequence[ByteRow], *, more: str = "") -> None:
        self.key = key
        self.title = title
        self.offset = offset
        self.size = size
        self.structure = structure
        self.rows = rows
        self.more = more


Block = Union[Table, Fields, Note, Lines, Finding, Hexdump, Data, Bytes, Picture, Paragraph, Save, SaveFolder]
Blocks = Iterable[Block]

__all__ = [
    "Block",
    "Blocks",
    "Bytes",
    "Column",
    "Data",
    "Evidence",
    "Fields",
    "Finding",
    "Hexdump",
    "Item",
    "Lines",
    "Note",
    "Paragraph",
    "Picture",
    "Save",
    "SaveFolder",
    "Table",
]

"""The edit language of ``what-if``: ``flags &= ~4``, ``stream 12 size 0x10``, ``handle 24 GrantedAccess = 0``, ``cut 4000``."""

from __future__ import annotations

import re
from typing import Any, List, NamedTuple, Optional, Tuple

from ..anatomy.dissect import Part
from ..anatomy.filemap import owners
from ..anatomy.node import Node
from ..dump.minidump import Minidump
from ..errors import DumpError, NotInDump, UsageError
from ..format.counted import counted
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER
from ..format.layout import Enumeration, FlagSet
from ..view.annotated import ByteRow
from ..wording.fields import Wording
from ..wording.numbers import is_decimal
from ..writing.patch import Patch, combine
from .parsing import number
from .places import KINDS, find_place, find_stream
from .session import Session

_EDIT = re.compile(r"^(?P<left>.*?)\s*(?P<operator>=|\+=|-=|&=|\|=|\^=|<<=|>>=)\s*(?P<right>[^=].*|)$")
_RAW = {"byte": 1, "word": 2, "dword": 4, "qword": 8}
_ENTRY = {"type": "StreamType", "size": "Location.DataSize", "datasize": "Location.DataSize", "rva": "Location.Rva", "offset": "Location.Rva"}
_HEADER_WORDS = {"streams": "NumberOfStreams", "directory": "StreamDirectoryRva", "time": "TimeDateStamp", "timestamp": "TimeDateStamp"}
EXAMPLES = "'flags &= ~4', 'stream 6 size 10', 'handle 24 GrantedAccess = 0', 'byte 18 = 2', 'drop stream 6', 'cut 4000'"


class Change(NamedTuple):
    """What one edit did. ``offset`` is None for a change of the file's size; ``before_row`` and ``after_row`` word the field."""

    edit: str
    what: str
    field: str
    offset: Optional[int]
    before: bytes
    after: bytes
    before_row: Optional[ByteRow]
    after_row: Optional[ByteRow]
    words: str


class Editor:
    """Applies edits to a private copy of a dump, one after the other: each is understood in the dump as it then is."""

    def __init__(self, dump: Minidump) -> None:
        self.patch = Patch(dump.source)
        self.dump: Optional[Minidump] = dump
        self.error: Optional[DumpError] = None
        self.source = dump.source
        self._opened: List[Any] = []

    def close(self) -> None:
        """Let go of the copies."""
        for source in self._opened:
            source.close()

    def reopen(self) -> None:
        """Read the copy anew after a change."""
        source = self.patch.source()
        self._opened.append(source)
        try:
            self.dump, self.error = Minidump(source), None
        except DumpError as error:
            self.dump, self.error = None, error
        self.source = source

    def apply(self, edit: str) -> Change:
        """One edit. Raises UsageError for words that cannot be understood, NotInDump for a place that is not there."""
        text = " ".join(edit.split())
        words = text.split(" ") if text else []
        if not words:
            raise UsageError("an edit of no words", f"for example {EXAMPLES}")
        name = words[0].casefold()
        if name in ("cut", "grow"):
            change = self._resize(text, name, words[1:])
        elif name == "drop":
            change = self._drop(text, words[1:])
        elif name == "bytes":
            change = self._raw_bytes(text)
        elif name == "text":
            change = self._text(text)
        elif name in _RAW:
            change = self._raw(text, _RAW[name])
        else:
            change = self._field(text)
        return change

    # -- the file as a whole -----------------------------------------------------------------------------------------------

    def _resize(self, text: str, name: str, rest: List[str]) -> Change:
        if len(rest) != 1:
            raise UsageError(f"{name} takes one number of bytes", "`cut 4000` leaves the first 0x4000 bytes, `grow 10` adds 0x10 zeros")
        value = number(rest[0], "number of bytes")
        old = self.patch.size
        size = value if name == "cut" else old + value
        if name == "cut" and size > old:
            raise UsageError(f"the file has 0x{old:x} bytes: it cannot be cut to 0x{size:x}", "`grow N` adds bytes")
        try:
            self.patch.resize(size)
        except ValueError as error:
            raise UsageError(str(error)) from None
        self.reopen()
        return Change(text, "the file", "", None, b"", b"", None, None, f"0x{old:x} bytes become 0x{size:x}")

    # -- bytes -------------------------------------------------------------------------------------------------------------

    def _raw(self, text: str, size: int) -> Change:
        left, operator, right = _split(text)
        words = left.split(" ")
        if len(words) != 2:
            raise UsageError(f"{words[0]} takes one offset", f"for example `{words[0]} 18 = 2`")
        offset = number(words[1], "offset")
        old = int.from_bytes(self._read(offset, size), "little")
        value = combine(operator, old, _number(right, None, size))
        return self._put(text, offset, _packed(value, size, text), None, "")

    def _raw_bytes(self, text: str) -> Change:
        left, operator, right = _split(text)
        words = left.split(" ")
        if len(words) != 2 or operator != "=":
            raise UsageError("bytes takes an offset and hexadecimal digits", "for example `bytes 18 = 05 11 00 00`")
        try:
            data = bytes.fromhex(right)
        except ValueError:
            raise UsageError(f"{right!r} are not bytes in hexadecimal", "for example `bytes 18 = 05 11 00 00`") from None
        return self._put(text, number(words[1], "offset"), data, None, "")

    def _text(self, text: str) -> Change:
        left, operator, right = _split(text)
        words = left.split(" ")
        if len(words) != 2 or operator != "=":
            raise UsageError("text takes an offset and words", "for example `text 16c2 = Event`: UTF-16 and a NUL, over what is there")
        return self._put(text, number(words[1], "offset"), right.encode("utf-16-le", "surrogatepass") + b"\0\0", None, "")

    def _read(self, offset: int, size: int) -> bytes:
        data = self.patch.read(offset, size)
        if len(data) < size:
            raise NotInDump(f"0x{offset:x} is outside the file, which has 0x{self.patch.size:x} bytes")
        return data

    # -- fields ------------------------------------------------------------------------------------------------------------

    def _session(self) -> Session:
        if self.dump is None:
            message = self.error.message if self.error is not None else ""
            raise UsageError(f"after the edits before, the file is no dump any more ({message}): only byte, bytes, cut and grow can follow")
        return Session(self.dump)

    def _drop(self, text: str, rest: List[str]) -> Change:
        session = self._session()
        if len(rest) != 2 or rest[0].casefold() != "stream":
            raise UsageError("drop takes a stream", "for example `drop stream 6`: its directory entry becomes unused")
        index = self._stream_index(session.dump, rest[1])
        stream = session.dump.streams[index]
        return self._put(text, stream.offset, bytes(MINIDUMP_DIRECTORY.size), None, f"directory entry {index} ({stream.name})")

    @staticmethod
    def _stream_index(dump: Minidump, word: str) -> int:
        """The entry that a word means: a number of the directory, or a type where the entry of that number is unused or not there."""
        if is_decimal(word):
            value = int(word)
            if value >= len(dump.streams) or not dump.streams[value].type:
                known = dump.stream(value)
                if known is not None and value:
                    return known.index
        return find_stream(dump, word)

    def _field(self, text: str) -> Change:
        left, operator, right = _split(text)
        session = self._session()
        node, part = self._locate(session, left)
        wording = Wording(session.dump)
        if not isinstance(part.value, int) or part.field is None:
            raise UsageError(f"{part.path or part.name} is not one number", "change one of the fields in it, or its bytes: `bytes OFFSET = 00 11`")
        value = combine(operator, part.value, _number(right, part, part.size))
        rows = wording.rows(node)
        before = next(row for row in rows if row.path == part.path and row.offset == part.offset)
        return self._put(text, part.offset, _packed(value, part.size, text), (node, part, before), node.what)

    def _locate(self, session: Session, left: str) -> Tuple[Node, Part]:
        """The field that the words before the operator name."""
        words = left.split(" ")
        dump = session.dump
        if len(words) == 1:
            words = ["header", *words]
        name = words[0].casefold()
        if name == "stream" and len(words) >= 3:
            index = self._stream_index(dump, words[1])
            entry = _ENTRY.get(words[2].casefold())
            if entry is not None and len(words) == 3:
                words = ["directory", str(index), entry]
            else:
                words[1] = str(index)
        if name == "header" and len(words) == 2:
            words[1] = _HEADER_WORDS.get(words[1].casefold(), words[1])
        if name not in KINDS:
            raise UsageError(f"{words[0]!r} is nothing that can be changed", f"for example {EXAMPLES}")
        *place_words, field = words
        place = find_place(session, place_words, first=1)
        wording = Wording(dump)
        found: List[Tuple[Node, Part]] = []
        names: List[str] = []
        for node in place.nodes:
            for part in wording.parts(node):
                if part.inner is None and part.field is not None:
                    names.append(part.path)
                    found.append((node, part))
            if name not in ("token",):
                break  # the header of a list, or the record: not the records after it
        wanted = _plain(field)
        wholes = [item for item in found if _plain(item[1].path) == wanted]
        lasts = [item for item in found if _plain(item[1].path.rpartition(".")[2]) == wanted]
        parts = [item for item in found if wanted in _plain(item[1].path)]
        for hits in (wholes, lasts, parts):
            if hits:
                if len({item[1].offset for item in hits}) > 1:
                    raise UsageError(f"{field!r} can be {', '.join(item[1].path for item in hits[:6])}", "write the whole name")
                return hits[0]
        if not names:
            raise UsageError(f"{' '.join(place_words)} has no fields", "change its bytes: `byte OFFSET = 0`")
        raise UsageError(f"{' '.join(place_words)} has no field {field!r}", "it has " + ", ".join(names[:24]))

    def _put(self, text: str, offset: int, data: bytes, known: Optional[Tuple[Node, Part, ByteRow]], what: str) -> Change:
        """Write bytes, read the copy anew, and word the field before and after."""
        node, path, before_row = (known[0], known[1].path, known[2]) if known is not None else self._around(offset)
        try:
            before = self.patch.write(offset, data)
        except ValueError as error:
            raise NotInDump(str(error)) from None
        self.reopen()
        after_row = None
        if node is not None and before_row is not None and self.dump is not None:
            rows = Wording(self.dump).rows(node)
            after_row = next((row for row in rows if row.path == path and row.offset == before_row.offset), None)
        return Change(text, what or (node.what if node is not None else ""), path, offset, before, data, before_row, after_row, "")

    def _around(self, offset: int) -> Tuple[Optional[Node], str, Optional[ByteRow]]:
        """The field that a byte is in."""
        if offset < MINIDUMP_HEADER.size and self.dump is not None:
            node: Optional[Node] = find_place(Session(self.dump), ["header"]).nodes[0]
        else:
            found = owners(self.dump, offset) if self.dump is not None else None
            node = found.chain[-1] if found is not None and found.chain and found.chain[-1].leaf else None
        if node is None or self.dump is None:
            return None, "", None
        rows = [row for row in Wording(self.dump).rows(node) if not row.heading and row.offset <= offset < row.offset + row.size]
        return (node, rows[-1].path, rows[-1]) if rows else (node, "", None)


def _plain(text: str) -> str:
    return text.casefold().replace("_", "")


def _split(text: str) -> Tuple[str, str, str]:
    """Left side, operator and right side; without an operator the last word is what to set."""
    match = _EDIT.match(text)
    if match is not None:
        left, operator, right = match.group("left"), match.group("operator"), match.group("right")
    else:
        left, _, right = text.rpartition(" ")
        operator = "="
    if not left or not right:
        raise UsageError(f"{text!r} does not say what to set to what", f"for example {EXAMPLES}")
    return left, operator, right


def _number(text: str, part: Optional[Part], size: int) -> int:
    """The right side: a number, its complement (~4) or negative, or the name of a flag or value of the field."""
    mask = (1 << 8 * size) - 1
    plain = text.strip()
    if len(plain) - len(plain.lstrip("~- ")) > 16:
        raise UsageError(f"{plain[:16]}…: too many signs before a number", "one ~ complements it")
    if plain.startswith("~"):
        return ~_number(plain[1:], part, size) & mask
    if plain.startswith("-"):
        return -_number(plain[1:], part, size)
    names = part.field.values if part is not None and part.field is not None else None
    if isinstance(names, (FlagSet, Enumeration)):
        total = 0
        words = [word.strip() for word in plain.split("|")]
        by_name = {label.casefold(): value for value, (label, _) in names.members.items()}
        if all(word.casefold() in by_name for word in words):
            for word in words:
                total |= by_name[word.casefold()]
            return total
    return number(plain, "value")


def _packed(value: int, size: int, text: str) -> bytes:
    if not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        raise UsageError(f"{text!r}: 0x{value:x} does not fit into {counted(size, 'byte')}")
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


__all__ = ["Change", "EXAMPLES", "Editor"]

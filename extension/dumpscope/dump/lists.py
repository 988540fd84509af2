"""Lists of records in a stream: walked, not held; stepped by the sizes that stand in the file."""

from __future__ import annotations

import struct
import sys
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union, overload

from .absence import DAMAGED, EMPTY, Absent, Damage
from .directory import Stream
from .salt import SALT
from .source import Source
from .strings import StringTable

if TYPE_CHECKING:
    from array import array

T = TypeVar("T")

KEPT = 8192
"""Records of numbers alone that a list keeps, decoded, once it has been walked."""
BLOCK = 1 << 16
"""Bytes that are copied out of the file at a time while a list is walked: what is made of them stays in the processor's cache."""


class Span(NamedTuple):
    """Where the records of a list lie, and what is wrong with that.

    ``first`` is the offset of the first record, ``stride`` the size of one in the file, ``count`` how many can be read,
    ``claimed`` how many the stream says there are; ``header`` is the offset of the stream and ``header_size`` its size.
    """

    first: int
    stride: int
    count: int  # type: ignore[assignment]
    claimed: int
    header: int
    header_size: int
    damage: Tuple[Damage, ...]

    @property
    def refused(self) -> bool:
        """Whether the debugger would not use the stream: it uses none with damage."""
        return bool(self.damage)


NOTHING = Span(0, 1, 0, 0, 0, 0, ())


def _fit(source: Source, stream: Stream, header_size: int, stride: int, claimed: int, damage: List[Damage]) -> Span:
    """Bound a list by its stream and by the file."""
    name = stream.name
    needed = header_size + claimed * stride
    if stream.size != needed:
        damage.append(
            Damage(
                "stream-size-mismatch",
                f"{name}: the directory says 0x{stream.size:x} bytes, {claimed} records need 0x{needed:x}",
                stream.rva,
                needed,
                stream.size,
            )
        )
    held = source.available(stream.rva, stream.size)
    if held < stream.size:
        message = f"{name}: 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds " + (f"0x{held:x} of them" if held else "none of them")
        damage.append(Damage("stream-outside-file" if not held else "stream-cut", message, stream.rva, stream.size, held))
    # The directory's size may be the lie (0, say) as well as the count: read what the count says, within the file.
    room = held if 0 < stream.size <= needed else source.available(stream.rva, needed)
    count = min(claimed, max(0, room - header_size) // stride) if stride else 0
    return Span(stream.rva + header_size, stride, count, claimed, stream.rva, header_size, tuple(damage))


def headless(source: Source, stream: Stream, needed: int, got: int, message: str) -> Damage:
    """Why the head of a list cannot be read, of which ``got`` of the ``needed`` bytes are there: it is outside the file, or the stream is too small for it."""
    held = source.available(stream.rva, stream.size)
    if held < min(stream.size, needed):
        where = f"{stream.name}: 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds " + (f"0x{held:x} of them" if held else "none of them")
        return Damage("stream-cut" if held else "stream-outside-file", where, stream.rva, stream.size, held)
    return Damage("stream-too-small", message, stream.rva, needed, got)


def counted(source: Source, stream: Stream, stride: int, *, wide: bool = False) -> Span:
    """A list that begins with its count (32 bits, or 64 if ``wide``): threads, modules, memory ranges.

    Breakpad pads the count to 8 bytes in some writers; the records are then read where they really are.
    """
    size = 8 if wide else 4
    head = source.some(stream.rva, size)
    if len(head) < size or (stream.size < size and stream.size != 0):
        got = min(len(head), stream.size) if stream.size else len(head)
        damage = headless(source, stream, size, got, f"{stream.name}: no room for its count")
        return NOTHING._replace(header=stream.rva, damage=(damage,))
    claimed = int.from_bytes(head, "little")
    if stream.size == 8 + claimed * stride and not wide:
        padded = Damage(
            "padded-list",
            f"{stream.name}: 4 bytes of padding follow the count, as Breakpad writes",
            stream.rva,
            4 + claimed * stride,
            stream.size,
        )
        return _fit(source, stream, 8, stride, claimed, [padded])
    return _fit(source, stream, size, stride, claimed, [])


def described(source: Source, stream: Stream, structure: Any, minimum_stride: int, *, count_path: str, size_path: str, minimum_header: int = 0) -> Span:
    """A list whose header says its own size, the size of a record, and the count: handles, thread info, regions, …

    ``structure`` is the header's :class:`~dumpscope.format.layout.Structure`. The file's own sizes rule; a header or record
    larger than we know is stepped over.
    """
    known = minimum_header or structure.size
    head = source.some(stream.rva, structure.size)
    damage: List[Damage] = []
    count_end = structure.end_of(count_path)
    if len(head) < count_end:
        found = headless(source, stream, count_end, len(head), f"{stream.name}: its header needs 0x{count_end:x} bytes")
        return NOTHING._replace(header=stream.rva, damage=(found,))
    if stream.size < known:
        damage.append(Damage("stream-too-small", f"{stream.name}: 0x{stream.size:x} bytes, below the minimum", stream.rva, known, stream.size))
    head = head.ljust(structure.size, b"\0")
    values = structure.unpack(head)
    header_size, stride, claimed = values["SizeOfHeader"], values[size_path], values[count_path]
    if header_size < known:
        where = stream.rva + structure.offset_of("SizeOfHeader")
        damage.append(
            Damage("header-too-small", f"{stream.name}: SizeOfHeader is 0x{header_size:x}, at least 0x{known:x} is needed", where, known, header_size)
        )
        header_size = known
    if stride < minimum_stride:
        where = stream.rva + structure.offset_of(size_path)
        message = f"{stream.name}: {size_path} is 0x{stride:x}, at least 0x{minimum_stride:x} is needed"
        damage.append(Damage("record-too-small", message, where, minimum_stride, stride))
        return NOTHING._replace(header=stream.rva, header_size=header_size, claimed=claimed, stride=max(stride, 1), damage=tuple(damage))
    return _fit(source, stream, header_size, stride, claimed, damage)


def described_records(
    source: Source,
    stream: Optional[Stream],
    header: Any,
    record: Any,
    fields: Sequence[str],
    *,
    count_path: str = "NumberOfEntries",
    size_path: str = "SizeOfEntry",
) -> Tuple[Span, Optional[struct.Struct]]:
    """As :func:`described`, with what reads the ``fields`` of a record; nothing where there is no stream or no record."""
    if stream is None:
        return NOTHING, None
    span = described(source, stream, header, record.size, count_path=count_path, size_path=size_path)
    return span, record.select(*fields, stride=span.stride) if span.count else None


def counted_records(source: Source, stream: Optional[Stream], record: Any, fields: Sequence[str]) -> Tuple[Span, Optional[struct.Struct]]:
    """As :func:`counted`, with what reads the ``fields`` of a record; nothing where there is no stream or no record."""
    if stream is None:
        return NOTHING, None
    span = counted(source, stream, record.size)
    return span, record.select(*fields, stride=span.stride) if span.count else None


def columns_of(reader: struct.Struct, places: Sequence[Tuple[str, int, int]], data: bytes) -> List[Sequence[int]]:
    """The numbers of many records by field: cut out of the bytes, without a row for each, where their sizes allow it.

    ``places`` are those of :func:`places_of`.
    """
    if not places:
        return list(zip(*reader.iter_unpack(data)))
    views = {"I": memoryview(data).cast("I"), "Q": memoryview(data).cast("Q")}
    return [views[code][first::step].tolist() for code, first, step in places]


def places_of(reader: struct.Struct) -> List[Tuple[str, int, int]]:
    """Type, first place and step of each number of a record in an array of its type; nothing where they have other sizes or are not aligned."""
    if reader.size % 8 or sys.byteorder != "little":
        return []
    places: List[Tuple[str, int, int]] = []
    offset = number = 0
    for letter in reader.format[1:]:
        if letter.isdigit():
            number = number * 10 + int(letter)
            continue
        repeated, number = number or 1, 0
        if letter == "x":
            offset += repeated
            continue
        size = {"I": 4, "Q": 8}.get(letter, 0)
        if not size or offset % size:
            return []
        for _ in range(repeated):
            places.append((letter, offset // size, reader.size // size))
            offset += size
    return places


def why_empty(source: Source, stream: Optional[Stream], count: int, damage: Sequence[Damage]) -> Optional[Absent]:
    """Why a list whose stream is there has no record; None if it has ``count`` of them."""
    if count:
        return None
    if damage:
        return Absent(DAMAGED, damage[0].message)
    reason = source.reasons.get(stream.type, "") if stream else ""
    return Absent(DAMAGED, reason) if reason else Absent(EMPTY, f"{stream.name if stream else 'the stream'} is there and holds no entry")


class RecordList(Sequence[T]):
    """A sequence of records that is decoded as it is walked.

    ``absence`` is None when the stream is there and can be read, and says why not otherwise; ``span`` tells where the
    records lie; ``damage`` what is wrong. Its length is the number of records that can be read. ``stream`` is the directory
    entry, None without one; ``source`` the file.
    """

    _keeps = 0
    """A list of at most so many records keeps them once it has been walked; not one whose records have texts."""
    _strings: Optional[StringTable] = None  # where the texts of the records are, in lists whose records have some

    def __init__(self, source: Source, stream: Optional[Stream], span: Span, reader: Optional[struct.Struct], absence: Optional[Absent]) -> None:
        self.source = source
        self.stream = stream
        self.span = span
        self._absence = absence
        self._reader = reader
        self._places: Optional[List[Tuple[str, int, int]]] = None
        self._ids: Optional[Dict[int, int]] = None
        self._records: Optional[List[T]] = None
        self._reach: object = None  # made by dumpscope.anatomy.reach when a place of the file is first looked for

    @cached_property
    def absence(self) -> Optional[Absent]:
        """Why there is nothing to read; None where there is something."""
        return why_empty(self.source, self.stream, len(self), self.damage) if self._absence is None else self._absence

    @property
    def damage(self) -> Tuple[Damage, ...]:
        """What is wrong with the list as a whole."""
        return self.span.damage

    def __len__(self) -> int:
        return self.span.count

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> T:
        raise NotImplementedError

    def _block(self, data: bytes, offset: int, index: int) -> Iterator[T]:
        """The records that ``data`` holds, which stand at ``offset`` in the file. Subclasses make many at once where that pays."""
        assert self._reader is not None
        build = self._build
        stride = self.span.stride
        for values in self._reader.iter_unpack(data):
            yield build(values, offset, index)
            index += 1
            offset += stride

    def _columns(self, data: bytes) -> List[Sequence[int]]:
        """As :func:`columns_of`."""
        assert self._reader is not None
        return columns_of(self._reader, self._aligned(self._reader), data)

    def _one_column(self, data: bytes, number: int) -> Sequence[int]:
        """As :meth:`_columns`, the one field alone that the reader has in place ``number``."""
        assert self._reader is not None
        places = self._aligned(self._reader)
        if not places:
            return [values[number] for values in self._reader.iter_unpack(data)]
        code, first, step = places[number]
        view = memoryview(data)
        return (view.cast("I") if code == "I" else view.cast("Q"))[first::step].tolist()

    def _aligned(self, reader: struct.Struct) -> List[Tuple[str, int, int]]:
        """As :func:`places_of`, found once."""
        if self._places is None:
            self._places = places_of(reader)
        return self._places

    def _chunks(self, start: int, stop: int) -> Iterator[Tuple[bytes, int, int]]:
        """The records from ``start`` to ``stop`` some hundreds at a time: their bytes, and the file offset and index of the first."""
        if self._reader is None or start >= stop:
            return
        if self._strings is not None:
            self._strings.renew()
        stride = self.span.stride
        first = self.span.first
        fetch = self.source.fetch
        step = max(1, BLOCK // stride)
        for low in range(start, stop, step):
            high = min(low + step, stop)
            offset = first + low * stride
            yield fetch(offset, (high - low) * stride), offset, low

    def _rows(self, start: int, stop: int) -> Iterator[Tuple[Tuple[Any, ...], int]]:
        """Raw numbers and the file offset of the records from ``start`` to ``stop``."""
        stride = self.span.stride
        for data, offset, _ in self._chunks(start, stop):
            assert self._reader is not None
            for values in self._reader.iter_unpack(data):
                yield values, offset
                offset += stride

    def _column(self, offset: int, number: int) -> array[int]:
        """One 64-bit number of every record: the one ``offset`` bytes into it, which the reader has in place ``number``.

        Whole columns are cut out of the file without decoding the records, where their size allows it.
        """
        from array import array

        stride = self.span.stride
        if stride % 8 or offset % 8 or sys.byteorder != "little":
            return array("Q", [values[number] for values, _ in self._rows(0, self.span.count)])
        column = array("Q")
        for data, _, _ in self._chunks(0, self.span.count):
            words = array("Q")
            words.frombytes(data)
            column.extend(words[offset // 8 :: stride // 8])
        return column

    def _place(self, key: int) -> Optional[int]:
        """Where the first record stands whose first number is ``key``. The whole list is walked once, when first asked."""
        if self._ids is None:
            ids: Dict[int, int] = {}
            for index, (values, _) in enumerate(self._rows(0, self.span.count)):
                ids.setdefault(values[0] * SALT, index)
            self._ids = ids
        return self._ids.get(key * SALT)

    def walk(self, start: int = 0, stop: Optional[int] = None) -> Iterator[T]:
        """The records from ``start`` to before ``stop``, one at a time; negative numbers count from the end, as in a slice."""
        start, stop, _ = slice(start, stop).indices(self.span.count)
        return chain.from_iterable(self._block(*chunk) for chunk in self._chunks(start, stop)) if self.span.count > self._keeps else self._kept(start, stop)

    def _kept(self, start: int, stop: int) -> Iterator[T]:
        if self._records is None:
            self._records = [record for chunk in self._chunks(0, self.span.count) for record in self._block(*chunk)]
        yield from self._records[start:stop]

    def __iter__(self) -> Iterator[T]:
        return self.walk()

    def __reversed__(self) -> Iterator[T]:
        return iter(self[::-1])

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> List[T]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[T, List[T]]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            places = range(start, stop, step)
            if not places:
                return []
            # One walk for all, whatever the step: what overlapping texts may amount to is counted once for it.
            first, last = min(places[0], places[-1]), max(places[0], places[-1])
            walked = self.walk(first, last + 1)
            return list(islice(walked, 0, None, step)) if step > 0 else list(walked)[::step]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self) or self._reader is None:
            raise IndexError(index)
        if self._records is not None:
            return self._records[index]
        if self._strings is not None:
            self._strings.renew()
        offset = self.span.first + index * self.span.stride
        return self._build(self._reader.unpack(self.source.fetch(offset, self._reader.size)), offset, index)


class SteppedList(Sequence[T]):
    """Elements that each say how long they are, found one after the other. Like a :class:`RecordList`, with ``absence`` and ``damage``.

    ``claimed`` is how many the stream says there are and ``header_size`` the bytes before the first, 0 where that cannot be read;
    ``stream`` is the directory entry, None without one; ``source`` the file.
    """

    _least = 1  # bytes that an element takes at the least

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        self.source = source
        self.stream = stream
        self._absence = absence
        self.claimed = self.header_size = 0
        self._first = self._end = 0  # where the first element and what follows the stream stand in the file
        self._damage: List[Damage] = []
        self._found: Optional[List[T]] = None

    @cached_property
    def absence(self) -> Optional[Absent]:
        """Why there is nothing to read; None where there is something."""
        return why_empty(self.source, self.stream, len(self), self.damage) if self._absence is None else self._absence

    @property
    def damage(self) -> Tuple[Damage, ...]:
        """What is wrong with the stream as a whole."""
        return tuple(self._damage)

    @property
    def span(self) -> Span:
        """Where the elements lie, as other lists tell it; ``stride`` is the least that one takes, as each has its own length."""
        header = self.stream.rva if self.stream is not None else 0
        return Span(self._first, self._least, len(self), self.claimed, header, self.header_size, self.damage)

    def _held(self, stream: Stream) -> int:
        """Bytes of the stream that the file has; fewer than it should are damage."""
        held = self.source.available(stream.rva, stream.size)
        if held < stream.size:
            message = f"{stream.name}: 0x{stream.size:x} bytes at 0x{stream.rva:x}, the file holds 0x{held:x} of them"
            self._damage.append(Damage("stream-cut", message, stream.rva, stream.size, held))
        return held

    def walk(self) -> Iterator[T]:
        """The elements, one at a time. Ends at the end of the stream, whatever the counts say."""
        raise NotImplementedError

    def _all(self) -> List[T]:
        if self._found is None:
            self._found = list(self.walk())
        return self._found

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[T]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> List[T]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[T, List[T]]:
        return self._all()[index]

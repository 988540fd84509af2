"""A dump that may be given away: what tells of people and data is wiped in place, with equal sizes, so that every offset stays.

:class:`Scrubbed` is the dump as it will be, read piece by piece; nothing of it is held. :data:`LIMITS` says what it cannot promise.
"""

from __future__ import annotations

import re
import struct
from array import array
from bisect import bisect_left, bisect_right
from typing import Any, BinaryIO, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..anatomy.filemap import AFTER_END, REST, UNREFERENCED, file_map
from ..diagnosis.engine.view import EngineView
from ..dump.absence import Absent
from ..dump.contexts import register_reader, wow64_registers
from ..dump.minidump import Minidump
from ..dump.source import Source
from ..dump.streams.threads import Thread
from ..dump.streams.vendor import user_streams
from ..dump.structures import Block
from ..errors import DumpError
from ..format.contexts import WOW64_CONTEXT_OFFSET, WOW64_CONTEXT_TLS_SLOT
from ..format.layout import TEXT, Scalar
from ..format.streams import LAST_RESERVED_STREAM, STREAMS
from ..format.teb import PROCESS_LAYOUTS, TEB64
from ..view.redact import user_names
from .mend import Without, check_opens
from .names import AROUND, Names, tokens_of
from .output import write_whole
from .walked import Walked, unwind_ranges

NONE, FRAMES, ALL = "none", "frames", "all"
PIECE = 1 << 20
MAX_STACK = 1 << 28
"""Bytes of one stack at the most; what claims more is damaged, and would make everything a pointer into a stack."""
MAX_ANNOTATIONS = 20000
MAX_VALUE = 1 << 16
IP_WINDOW = 0x100
"""Bytes of a module that are kept on each side of an instruction pointer, as writers capture them."""

LIMITS = (
    "Numbers that are kept may tell something: times, sizes, thread and process ids, handle values, addresses, the exception's parameters.",
    "Names of modules, threads and objects' types, versions, build strings, the time zone and the names of public folders are kept, "
    "without the names of users and machines that the dump itself told.",
    "A name that stands in no path, no environment and no account of the dump is not known, and stays where it stands in what is kept.",
    "Constants in the code of modules are kept. Bytes between the streams that no descriptor leads to are searched for names only.",
    "In stacks a number that happens to look like a return address or a pointer into a stack is kept, and so are the words at stack pointers and behind "
    "return addresses without unwind data, up to the first 0 or text, which the debugger takes for return addresses too.",
    "A policy file is not supported.",
)

_WIPED_STREAMS = {10, 11, 20, 23, 25, 0x7000, 0x47670002, 0x47670004, 0x47670006, 0x47670007, 0x4767000B, 0x4767000D}
_CRASHPAD, _MOZILLA = 0x43500001, range(0x4D7A0001, 0x4D7A0010)
_ZERO, _FILL, _CONTEXT, _NAME = range(4)
_READABLE_IMAGE, _EXECUTABLE = (0x02, 0x10, 0x20), (0x10, 0x20)
MEM_IMAGE = 0x1000000


class Item(NamedTuple):
    """A kind of thing that goes: what, where the first one stands in the file (None: not known), how many, their bytes, what takes their place."""

    what: str
    offset: Optional[int]
    count: int  # type: ignore[assignment]
    size: int
    becomes: str


class Ranges:
    """Sorted ranges without overlaps, made from any."""

    def __init__(self, ranges: Iterable[Tuple[int, int]]) -> None:
        self.starts: List[int] = []
        self.ends: List[int] = []
        for start, end in sorted(ranges):
            if start >= end:
                continue
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.starts.append(start)
                self.ends.append(end)

    def __contains__(self, value: int) -> bool:
        at = bisect_right(self.starts, value) - 1
        return at >= 0 and value < self.ends[at]

    def end_of(self, value: int) -> Optional[int]:
        """Where the range ends that a value lies in; None where it lies in none."""
        at = bisect_right(self.starts, value) - 1
        return self.ends[at] if at >= 0 and value < self.ends[at] else None

    def within(self, low: int, high: int) -> Iterator[Tuple[int, int]]:
        """The parts that lie between two places."""
        at = bisect_right(self.ends, low)
        while at < len(self.starts) and self.starts[at] < high:
            yield max(self.starts[at], low), min(self.ends[at], high)
            at += 1

    def without(self, low: int, high: int) -> Iterator[Tuple[int, int]]:
        """Start and size of the parts between two places that are in no range."""
        for start, end in self.within(low, high):
            if start > low:
                yield low, start - low
            low = end
        if high > low:
            yield low, high - low

    @property
    def total(self) -> int:
        """Places in all ranges together."""
        return sum(self.ends) - sum(self.starts)


class _Spans:
    """Pieces of the file with a number each, sorted, which may overlap: those that touch a window are found quickly."""

    def __init__(self, rows: Iterable[Tuple[int, int, int]]) -> None:
        self.starts, self.sizes, self.values, self.reach = array("Q"), array("Q"), array("Q"), array("Q")
        reach = 0
        for start, size, value in sorted(rows):
            reach = max(reach, start + size)
            self.starts.append(start)
            self.sizes.append(size)
            self.values.append(value)
            self.reach.append(reach)

    def touching(self, low: int, high: int) -> Iterator[Tuple[int, int, int]]:
        """Start, size and number of each piece that has a byte between two places of the file."""
        for at in range(bisect_right(self.reach, low), bisect_left(self.starts, high)):
            if self.starts[at] + self.sizes[at] > low:
                yield self.starts[at], self.sizes[at], self.values[at]


class Scrubbed(Source):
    """The bytes of a dump as they are to be given away. ``items`` says what goes; closing it leaves the dump open.

    ``stacks`` is what is kept of stacks: ``none``, ``frames`` (return addresses and pointers into stacks) or ``all``. Raises DumpError
    for a dump that the debugger does not open.
    """

    def __init__(self, dump: Minidump, stacks: str = FRAMES) -> None:
        super().__init__(b"", dump.source.name)
        self.source = dump.source
        self.size = dump.source.size
        self._size_now = None
        opening = EngineView(dump.source).opening
        if not opening.ok:
            raise DumpError("the debugger does not open this dump, so that what is left after wiping cannot be checked", "`mend DUMP -o OUT` first")
        self.threads = not opening.wait_hresult
        self.stacks = stacks
        self.items: List[Item] = []
        self._kept_head = Ranges([(0, 32), (dump.header.directory_rva, dump.header.directory_rva + 12 * len(dump.streams))])
        self._read_registers = register_reader(dump)
        self._plan_addresses(dump)
        self._plan_memory(dump)
        names = user_names(dump)
        self._plan_zones(dump)
        self.names = self._look_around(names)
        for handle in dump.handles.walk():
            self.names.object_name(handle.name)
        for name, token in self.names.users.items():
            self.items.append(Item(f"the name {name!r} wherever it stands", None, 1, 0, token))

    # -- what is where ---------------------------------------------------------------------------------------------------

    def _plan_addresses(self, dump: Minidump) -> None:
        """Find the stacks, the code and the structures that are kept."""
        stacks: List[Tuple[int, int]] = []
        narrow: List[Tuple[int, int]] = []
        places: List[int] = []
        exact: List[Tuple[int, int]] = []
        structures: List[Tuple[int, int]] = []
        process = dump.process
        word = dump.pointer_size
        for thread in dump.threads.walk():
            stacks.append((thread.stack_start, thread.stack_start + min(thread.stack_size, MAX_STACK)))
            registers = dump.registers(thread)
            if not isinstance(registers, Absent):
                places.append(registers.ip)
            if process.is_wow64:
                exact += _narrow_context(dump, thread, narrow)
            for block, found, width in ((process.teb(thread), stacks, word), (process.wow64_teb(thread), narrow, 4)):
                if isinstance(block, Absent):
                    continue
                structures.append((block.address, width))
                base, limit = block.number("NtTib.StackBase"), block.number("NtTib.StackLimit")
                if isinstance(base, int) and isinstance(limit, int) and 0 < base - limit <= MAX_STACK:
                    found.append((limit, base))
        exception = dump.exception
        if not isinstance(exception, Absent):
            places.append(exception.address)
            registers = dump.registers(exception)
            if not isinstance(registers, Absent):
                places.append(registers.ip)
        modules = [(module.base, module.base + module.size) for module in dump.modules.walk()]
        loaded = Ranges(modules)
        code = [*exact] if self.stacks != NONE else []
        code += [part for place in places for part in loaded.within(place - IP_WINDOW, place + IP_WINDOW)]
        executable = []
        for region in dump.regions.walk():
            protect = region.protect & 0xFF
            if protect in (_READABLE_IMAGE if region.type == MEM_IMAGE else _EXECUTABLE):
                code.append((region.base, region.end))
            if protect & 0xF0:
                executable.append((region.base, region.end))
        for base, end in modules:  # also where the memory map does not call them images
            code += [part for start, stop in _fixed_parts(dump, base, end) for part in loaded.within(start, stop)]
        unloaded = [(module.base, module.end) for module in dump.unloaded_modules.walk()]
        self._targets = Ranges([*modules, *unloaded, *executable])
        self._stack_ranges = Ranges([*stacks, *narrow])
        self._stacks = {word: Ranges(stacks), 4: Ranges([*narrow, *(stacks if word == 4 else [])])}
        if self.stacks != NONE:
            code += unwind_ranges(dump)
        if self.stacks == FRAMES:
            code += Walked(dump, self._targets.__contains__, self._stack_ranges.end_of).ranges()
        self._code = Ranges(code)
        for peb, width in ((process.peb, word), (process.wow64_peb, 4)):
            if isinstance(peb, Block):
                structures.append((peb.address, -width))
        self._structures = sorted(set(structures))
        self._parts = {}
        for width in {word, 4}:
            layout = PROCESS_LAYOUTS[width]
            self._parts[width], self._parts[-width] = _numbers(layout.teb), _numbers(layout.peb)
        self._longest = max(parts[-1][1] for parts in self._parts.values())

    def _plan_memory(self, dump: Minidump) -> None:
        rows = [(rva, end - start, start) for start, end, rva in dump.memory.spans()]
        for thread in dump.threads.walk():
            room = dump.source.available(thread.stack_rva, thread.stack_size) if thread.stack_rva else 0
            if room:
                rows.append((thread.stack_rva, room, thread.stack_start))
        for values, _ in dump.memory_list._rows(0, dump.memory_list.span.count):  # those that overlap others are no part of the view
            start, size, rva = values
            room = dump.source.available(rva, size)
            if room:
                rows.append((rva, room, start))
        self._memory = _Spans(set(rows))
        self._memory_places = Ranges((rva, rva + size) for rva, size, _ in rows)
        kept = sum(high - low for start, end, _ in dump.memory.spans() for low, high in self._code.within(start, end))
        if rows:
            self.items.append(
                Item("captured memory", min(rows)[0], len(self._memory.starts), self._memory_places.total, f"zeros, without {kept} bytes of code")
            )
            if self._stack_ranges.starts:
                text = {NONE: "zeros", FRAMES: "zeros, without return addresses and pointers into stacks", ALL: "kept"}[self.stacks]
                rva = dump.memory.locate(self._stack_ranges.starts[0])
                self.items.append(Item("stacks", rva[0] if rva else min(rows)[0], len(self._stack_ranges.starts), self._stack_ranges.total, text))

    def _plan_zones(self, dump: Minidump) -> None:
        source = dump.source
        zones: Set[Tuple[int, int, int]] = set()
        unknown = {item.stream.index for item in user_streams(dump)}
        wiped = [stream for stream in dump.streams if stream.index in unknown or _is_wiped_kind(stream.type)]
        gone = {stream.index for stream in wiped}
        contexts = [(thread.context_rva, thread.context_size) for thread in dump.threads.walk() if thread.context_rva]
        exception = dump.exception
        if not isinstance(exception, Absent) and exception.context_rva:
            contexts.append((exception.context_rva, exception.context_size))
        read = [(rva, rva + size) for rva, size in contexts] + list(zip(self._memory_places.starts, self._memory_places.ends))
        read += [
            (stream.rva, stream.rva + source.available(stream.rva, stream.size))
            for stream in dump.streams
            if stream.index not in gone and stream.type not in (0, _CRASHPAD)
        ]
        protected = Ranges(read)

        def add(what: str, found: Iterable[Tuple[int, int]], kind: int, becomes: str) -> None:
            held = [(rva, source.available(rva, size)) for rva, size in found]
            if kind in (_ZERO, _FILL):  # a damaged length must not reach into what is read
                held = [part for rva, size in held for part in protected.without(rva, rva + size)]
            rows = {(rva, size, kind) for rva, size in held if size}
            if rows:
                self.items.append(Item(what, min(rows)[0], len(rows), sum(size for _, size, _ in rows), becomes))
                zones.update(rows)

        add("registers", contexts, _CONTEXT, "zeros, without instruction and stack pointers, flags, and what points to code or stacks")
        types = {handle.type_rva for handle in dump.handles.walk()}
        names = {handle.name_rva for handle in dump.handles.walk() if handle.name_rva and handle.name} - types
        add("names of handles' objects", ((rva, 4 + _length(source, rva)) for rva in names), _NAME, "tokens, equal for equal names")
        for stream in wiped:
            add(stream.name, [(stream.rva, stream.size)], _ZERO, "zeros")
        add("annotations", _annotation_values(dump), _FILL, "underscores")
        # Without the streams that go: what only they lead to goes as well.
        gaps = [piece for piece in file_map(Without(dump, gone)).pieces if piece.kind in (UNREFERENCED, AFTER_END, REST)]
        held = [(piece.offset, piece.size) for piece in gaps if any(any(source.some(at, PIECE)[: piece.end - at]) for at in range(piece.offset, piece.end, PIECE))]
        if held:
            self.items.append(Item("bytes that nothing leads to", held[0][0], len(held), sum(size for _, size in held), "zeros"))
            zones.update((rva, size, _ZERO) for rva, size in held)
        self._zones = _Spans(zones)

    def _look_around(self, users: Set[str]) -> Names:
        """Look for users in paths and for account SIDs in what is no memory."""
        names = Names(users)
        at = 0
        for start, end in [*zip(self._memory_places.starts, self._memory_places.ends), (self.size, self.size)]:
            while at < start:
                names.look(self.source.some(at, min(PIECE + AROUND, start - at)))
                at += PIECE
            at = max(at, end)
        names.close()
        if names.sids:
            self.items.append(Item("SIDs of accounts", None, len(names.sids), 0, "SIDs with small numbers, equal for equal ones"))
        return names

    # -- the bytes -------------------------------------------------------------------------------------------------------

    def fetch(self, offset: int, size: int) -> bytes:
        """The ``size`` bytes at ``offset`` of the result."""
        low, high = max(0, offset - AROUND), min(self.size, offset + size + AROUND)
        if self._is_wiped(low, high):
            return bytes(size)
        data = bytearray(self.source.fetch(low, high - low))
        plain = bytes(data)
        for start, end in self._memory_places.within(low, high):
            data[start - low : end - low] = bytes(end - start)
        for rva, length, address in self._memory.touching(low, high):
            first, last = max(rva, low), min(rva + length, high)
            for where, kept in self._kept(rva, length, address, address + first - rva, address + last - rva, plain, low):
                at = rva + where - address - low
                data[at : at + len(kept)] = kept
        for rva, length, kind in self._zones.touching(low, high):
            first, last = max(rva, low), min(rva + length, high)
            new = self._zone(rva, length, kind, first, last)
            data[first - low : last - low] = new
        for start, end in self._kept_head.within(low, high):
            data[start - low : end - low] = plain[start - low : end - low]
        return self.names.clean(bytes(data))[offset - low : offset - low + size]

    def _is_wiped(self, low: int, high: int) -> bool:
        """Whether all bytes between two places are zeros, which need not be read."""
        if next(self._memory_places.within(low, high), (0, 0)) != (low, high):
            return False
        if any(True for _ in self._zones.touching(low, high)) or any(True for _ in self._kept_head.within(low, high)):
            return False
        for rva, _, address in self._memory.touching(low, high):
            begin, end = address + max(low, rva) - rva, address + high - rva
            if any(True for ranges in (self._code, self._stack_ranges) for _ in ranges.within(begin, end)) or any(
                True for _ in self._structures_in(begin, end)
            ):
                return False
        return True

    def _structures_in(self, begin: int, end: int) -> Iterator[Tuple[int, int]]:
        at = bisect_left(self._structures, (begin - self._longest, -8))
        while at < len(self._structures) and self._structures[at][0] < end:
            yield self._structures[at]
            at += 1

    def _kept(self, rva: int, length: int, address: int, begin: int, end: int, plain: bytes, low: int) -> Iterator[Tuple[int, bytes]]:
        """What is kept of the memory between two addresses of one range: address and bytes."""
        shift = rva - address - low

        for start, stop in self._code.within(begin, end):
            yield start, plain[start + shift : stop + shift]
        for place, width in self._structures_in(begin, end):
            for first, last in self._parts[width]:
                start, stop = max(begin, place + first), min(end, place + last)
                if start < stop:
                    yield start, plain[start + shift : stop + shift]
        if self.stacks == NONE:
            return
        for width, ranges in self._stacks.items():
            for start, stop in ranges.within(begin, end):
                if self.stacks == ALL:
                    yield start, plain[start + shift : stop + shift]
                    continue
                # Whole words, also those that the window cuts.
                first, last = max(start // width * width, address), min(-(-stop // width) * width, address + length)
                first = -(-first // width) * width
                count = max(0, last - first) // width
                words = self.source.some(rva + first - address, count * width)
                for index, (value,) in enumerate(struct.iter_unpack("<Q" if width == 8 else "<I", words)):
                    if value and self._is_pointer(value):
                        at = first + index * width
                        part = words[index * width : index * width + width][max(0, begin - at) : max(0, end - at)]
                        if part:
                            yield max(at, begin), part

    def _is_pointer(self, value: int) -> bool:
        return value in self._targets or value in self._stack_ranges

    def _zone(self, rva: int, length: int, kind: int, first: int, last: int) -> bytes:
        if kind == _ZERO:
            return bytes(last - first)
        if kind == _FILL:
            return b"_" * (last - first)
        if kind == _CONTEXT:
            return self._context(rva, length)[first - rva : last - rva]
        whole = self.source.some(rva, length)
        text = whole[4:].decode("utf-16-le", "surrogatepass")
        return (whole[:4] + self.names.object_name(text).encode("utf-16-le", "surrogatepass"))[first - rva : last - rva]

    def _context(self, rva: int, length: int) -> bytes:
        """A context with the registers that a stack walk needs."""
        out = bytearray(length)
        registers = self._read_registers(rva, length)
        if isinstance(registers, Absent):
            return bytes(out)
        layout = registers.layout
        always = {"ContextFlags", layout.ip.path, layout.sp.path, layout.flags.path, *(register.path for register in layout.segments)}
        plain = self.source.some(rva, length)
        for path in {"ContextFlags", *(register.path for register in layout.registers)}:
            leaf = layout.structure.leaf(path)
            assert isinstance(leaf.field.type, Scalar)
            part = plain[leaf.offset : leaf.offset + leaf.field.type.size]
            if path in always or self._is_pointer(int.from_bytes(part, "little")):
                out[leaf.offset : leaf.offset + len(part)] = part
        return bytes(out)

    @property
    def buffer(self) -> Any:
        """All bytes at once: only small dumps are asked for them."""
        return self.fetch(0, self.size)

    def check(self) -> None:
        """Raise DumpError if the dump has become smaller since it was opened, or was closed."""
        self.source.check()

    def release(self) -> None:
        """Let the system take back what was read."""
        self.source.release()

    def close(self) -> None:
        """Nothing of its own is open."""

    # -- writing ---------------------------------------------------------------------------------------------------------

    def write_to(self, file: BinaryIO) -> None:
        """Write all bytes, piece by piece."""
        for offset in range(0, self.size, PIECE):
            file.write(self.fetch(offset, min(PIECE, self.size - offset)))

    def check_file(self, path: str, texts: Iterable[str] = ()) -> None:
        """Raise DumpError if the debugger would not open what was written, or one of ``texts`` is in it."""
        check_opens(path, threads=self.threads)
        source = Source.from_path(path)
        try:
            for text in texts:
                place = next(find_text(source, text), None)
                if place is not None:
                    raise DumpError(f"{text!r} is still in the result ({place.how})", "nothing is written", offset=place.offset)
        finally:
            source.close()

    def write(self, path: str, *, force: bool = False, texts: Iterable[str] = ()) -> int:
        """Write the scrubbed dump to a new file, which gets its name when it was checked; its size. Raises UsageError, DumpError, OSError."""
        texts = list(texts)
        return write_whole(path, self.write_to, force=force, keep=self.source.name, check=lambda name: self.check_file(name, texts))


class Found(NamedTuple):
    """Where a text stands: the file's offset, and as what."""

    text: str
    offset: int
    how: str


def find_text(source: Source, text: str) -> Iterator[Found]:
    """Where a text stands in a dump, whatever its case: as ASCII (UTF-8), as UTF-16, and in pieces where two ranges of memory follow each other."""
    kinds = [(how, text.encode(code, "surrogatepass")) for how, code in (("ASCII", "utf-8"), ("UTF-16", "utf-16-le"))]
    kinds = [(how, needle) for how, needle in kinds if needle]
    if not kinds:
        return
    patterns = [(how, re.compile(b"(?i)" + re.escape(needle)), len(needle)) for how, needle in kinds]
    longest = max(size for _, _, size in patterns)
    for offset in range(0, source.size, PIECE):
        data = source.some(offset, PIECE + longest - 1)
        for how, pattern, _ in patterns:
            for match in pattern.finditer(data):
                if match.start() < PIECE:
                    yield Found(text, offset + match.start(), how)
    tail, end, end_rva = b"", -1, 0
    for start, stop, rva in Minidump(source).memory.spans():
        if start != end:
            tail = b""
        elif rva != end_rva:
            head = source.some(rva, min(stop - start, longest - 1))
            for how, pattern, _ in patterns:
                for match in pattern.finditer(tail + head):
                    if match.start() < len(tail) < match.end():
                        yield Found(text, end_rva - len(tail) + match.start(), f"{how}, across the ranges that meet at 0x{start:x}")
        end, end_rva = stop, rva + stop - start
        tail = (tail + source.some(max(rva, end_rva - longest + 1), min(stop - start, longest - 1)))[-(longest - 1) :] if longest > 1 else b""


def _length(source: Source, rva: int) -> int:
    """Bytes of a MINIDUMP_STRING's text: what its length says, or, where that cannot be right, up to its terminator."""
    head = source.some(rva, 4)
    claimed = int.from_bytes(head, "little") if len(head) == 4 else 0
    if claimed <= 0xFFFE and source.available(rva + 4, claimed) == claimed:
        return claimed & ~1
    text = source.some(rva + 4, 0xFFFE)
    end = next((at for at in range(0, len(text) - 1, 2) if text[at : at + 2] == b"\0\0"), 0)
    return end


def _is_wiped_kind(kind: int) -> bool:
    """Whether streams of a type go: those that hold texts of people or programs, and those that nobody but their writer can read."""
    known = STREAMS.get(kind)
    return kind in _WIPED_STREAMS or kind in _MOZILLA or (kind > LAST_RESERVED_STREAM and (known is None or not known.family))


def _numbers(structure: Any) -> List[Tuple[int, int]]:
    """Where the members of a TEB or PEB are that are neither texts nor slots for the program's own pointers."""
    found = []
    for leaf in structure.leaves:
        if leaf.field.kind == TEXT or leaf.field.type.name == "WCHAR" or leaf.path.startswith("TlsSlots"):
            continue
        found.append((leaf.offset, leaf.offset + leaf.field.type.size * (leaf.field.count or 1)))
    return sorted(found)


def _narrow_context(dump: Minidump, thread: Thread, stacks: List[Tuple[int, int]]) -> Iterator[Tuple[int, int]]:
    """What leads to the 32-bit registers that WOW64 keeps in memory, and those that every walk needs; their place goes to ``stacks``."""
    registers = wow64_registers(dump, thread)
    slot = thread.teb + TEB64.offset_of("TlsSlots") + 8 * WOW64_CONTEXT_TLS_SLOT
    address = int.from_bytes(dump.memory.some(slot, 8), "little")
    if isinstance(registers, Absent) or not thread.teb or not address or dump.memory.locate(address + WOW64_CONTEXT_OFFSET) is None:
        return
    yield slot, slot + 8
    yield address, address + WOW64_CONTEXT_OFFSET
    layout = registers.layout
    for path in ("ContextFlags", layout.ip.path, layout.sp.path, layout.flags.path, *(register.path for register in layout.segments)):
        at = address + WOW64_CONTEXT_OFFSET + layout.structure.offset_of(path)
        yield at, at + 4
    stacks.append((address + WOW64_CONTEXT_OFFSET, address + WOW64_CONTEXT_OFFSET + layout.structure.size))


def _fixed_parts(dump: Minidump, base: int, end: int) -> List[Tuple[int, int]]:
    """Headers and sections of an image that the program cannot write to, by its captured headers; none without them."""
    head = dump.memory.some(base, 0x1000)
    if len(head) < 0x40 or head[:2] != b"MZ":
        return []
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[at : at + 4] != b"PE\0\0" or at + 24 > len(head):
        return []
    count, optional = struct.unpack_from("<H12xH", head, at + 6)
    first = at + 24 + optional
    parts = [(base, min(end, base + 0x1000))]
    for place in range(first, min(first + 40 * count, len(head) - 39), 40):
        size, address = struct.unpack_from("<II", head, place + 8)
        if not int.from_bytes(head[place + 36 : place + 40], "little") & 0x80000000:
            parts.append((base + address, min(end, base + address + size)))
    return parts


def _annotation_values(dump: Minidump) -> Iterator[Tuple[int, int]]:
    """Offset and size of the values of Crashpad's annotations."""
    source = dump.source
    left = MAX_ANNOTATIONS

    def words(rva: int, count: int) -> Tuple[int, ...]:
        data = source.some(rva, 4 * count)
        return struct.unpack_from(f"<{count}I", data.ljust(4 * count, b"\0"))

    def rows(size: int, rva: int, width: int) -> Iterator[Tuple[int, ...]]:
        nonlocal left
        count = min(words(rva, 1)[0], max(0, size - 4) // width, left) if rva else 0
        left -= count
        for index in range(count):
            yield words(rva + 4 + index * width, width // 4)

    def value(rva: int) -> Tuple[int, int]:
        size = words(rva, 1)[0] if rva else 0
        if size > MAX_VALUE or source.available(rva + 4, size) < size:  # its length cannot be right: up to the terminator
            size = (source.some(rva + 4, MAX_VALUE) + b"\0").index(b"\0")
        return rva + 4, size

    for stream in dump.streams.all(_CRASHPAD):
        yield stream.rva + 4, min(32, max(0, stream.size - 4))  # the ids of report and client
        simple_size, simple_rva, list_size, list_rva = words(stream.rva + 36, 4)
        for row in rows(simple_size, simple_rva, 8):
            yield value(row[1])
        for _, size, rva in rows(list_size, list_rva, 12):
            _, text_size, text_rva, pair_size, pair_rva, object_size, object_rva = words(rva, 7)
            for row in rows(text_size, text_rva, 4):
                yield value(row[0])
            for row in rows(pair_size, pair_rva, 8):
                yield value(row[1])
            if size >= 28:
                for row in rows(object_size, object_rva, 12):
                    yield value(row[2])


__all__ = ["ALL", "FRAMES", "LIMITS", "NONE", "Found", "Item", "Scrubbed", "find_text", "tokens_of"]

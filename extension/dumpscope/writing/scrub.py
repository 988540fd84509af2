"""A dump that may be given away: what tells of people and data is wiped in place, with equal sizes, so that every offset stays.

:class:`Scrubbed` is the dump as it will be, read piece by piece; nothing of it is held. :data:`LIMITS` says what it cannot promise.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from typing import Any, BinaryIO, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..anatomy.filemap import AFTER_END, REST, UNREFERENCED, file_map
from ..diagnosis.engine.streams import EXTRA, REFUSED
from ..diagnosis.engine.view import EngineView
from ..dump.absence import Absent
from ..dump.contexts import register_reader
from ..dump.minidump import Minidump
from ..dump.source import Source
from ..dump.streams.vendor import user_streams
from ..dump.structures import Block
from ..errors import DumpError
from ..format.counted import counted
from ..format.layout import Scalar
from ..format.streams import STREAMS, kMinidumpStreamTypeCrashpadInfo
from ..format.teb import PROCESS_LAYOUTS
from ..view.redact import user_names
from .found import Found, find_text
from .mend import check_opens
from .mend_first import mend_first
from .names import AROUND, Names, tokens_of
from .output import Progress, unseen, write_whole
from .parts import annotation_values, fixed_parts, narrow_context, numbers_of_block, spare_parts, text_length
from .policy import ALL, ANNOTATIONS, DEFAULT, FRAMES, HANDLE_NAMES, LOOSE, NONE, REGISTERS, SIDS, USER_NAMES, Policy
from .ranges import Ranges, Sieve, Spans, packed, unpacked
from .walked import Walked, unwind_ranges
from .without import Without

PIECE = 1 << 20
_ZEROS = bytes(PIECE)
MAX_STACK = 1 << 28
"""Bytes of one stack at the most; what claims more is damaged, and would make everything a pointer into a stack."""
LONGEST_TYPE = 0x100
"""Bytes of the name of an object's type at the most; a longer one is damaged, and is taken for an object's name."""
IP_WINDOW = 0x100
"""Bytes of a module that are kept on each side of an instruction pointer, as writers capture them."""

LIMITS = (
    "Numbers that are kept may tell something: times, sizes, thread and process ids, handle values, addresses, the exception's parameters.",
    "Names of modules, threads and objects' types, versions, build strings, the time zone and the names of public folders are kept, "
    "without the names of users and machines that the dump itself told.",
    "A name that stands in no path, no environment and no account of the dump is not known, and stays where it stands in what is kept.",
    "Constants in the code of modules are kept.",
    "In stacks a number that happens to look like a return address or a pointer into a stack is kept, and so are the words at stack pointers and after "
    "return addresses without unwind data, up to the first 0 or text, which the debugger takes for return addresses too.",
    "A text whose own length is wrong keeps what stands in the bytes that it claims.",
    "What a policy file keeps is not looked at, but for names of users and account SIDs.",
)

_WINDOWS_CE = range(0x8000, 0x8010)
_ZERO, _FILL, _CONTEXT, _NAME, _SPARE = range(5)
_READABLE_IMAGE, _EXECUTABLE = (0x02, 0x10, 0x20), (0x10, 0x20)
MEM_IMAGE = 0x1000000


class Item(NamedTuple):
    """A kind of thing that goes: what, where the first one stands in the file (None: not known), how many, their bytes, what takes their place."""

    what: str
    offset: Optional[int]
    count: int  # type: ignore[assignment]
    size: int
    becomes: str


class Scrubbed(Source):
    """The bytes of a dump as they are to be given away. ``items`` says what goes; closing it leaves the dump open.

    ``source`` is the dump that it is made of, ``threads`` whether the debugger has threads in it, ``names`` what becomes tokens, ``policy`` what
    was asked for.

    ``stacks`` is what is kept of stacks, whatever the policy says of them: ``none``, ``frames`` (return addresses and pointers into stacks)
    or ``all``. With ``reveal`` the items quote the names that go. Raises DumpError for a dump that the debugger does not open.
    """

    def __init__(self, dump: Minidump, stacks: Optional[str] = None, policy: Policy = DEFAULT, *, reveal: bool = False) -> None:
        super().__init__(b"", dump.source.name)
        self.source: Source = dump.source
        self.size = dump.source.size
        self._size_now = None
        opening = EngineView(dump.source).opening
        if not opening.ok:
            raise DumpError("the debugger does not open this dump, so that what is left after wiping cannot be checked", mend_first(dump.source))
        self.threads: bool = not opening.wait_hresult
        self.policy: Policy = policy
        self.stacks: str = stacks or policy.stacks
        self.items: List[Item] = []
        self._kept_head = Ranges([(0, 32), (dump.header.directory_rva, dump.header.directory_rva + 12 * len(dump.streams))])
        self._read_registers = register_reader(dump)
        self._plan_addresses(dump)
        self._plan_memory(dump)
        users = {*user_names(dump), *policy.wipe_names}
        self._plan_zones(dump)
        self.names: Names = self._look_around(set() if USER_NAMES in policy.keep else users)
        for handle in dump.handles.walk() if HANDLE_NAMES not in policy.keep else ():
            self.names.object_name(handle.name)
        self.masked: List[Item] = list(self.items)
        """The items without the names that go, whatever ``reveal`` said."""
        for name, token in self.names.users.items():
            item = Item(f"a name of {len(name)} characters wherever it stands", self.names.places.get(name), 1, 0, token)
            self.masked.append(item)
            self.items.append(item._replace(what=f"the name {name!r} wherever it stands") if reveal else item)

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
                exact += narrow_context(dump, thread, narrow)
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
            code += [part for start, stop in fixed_parts(dump, base, end) for part in loaded.within(start, stop)]
        unloaded = [(module.base, module.end) for module in dump.unloaded_modules.walk()]
        self._targets = Ranges([*modules, *unloaded, *executable])
        self._stack_ranges = Ranges([*stacks, *narrow])
        self._pointers = Sieve(self._targets, self._stack_ranges)
        self._stacks = {word: Ranges(stacks), 4: Ranges([*narrow, *(stacks if word == 4 else [])])}
        if self.stacks != NONE:
            code += unwind_ranges(dump)
        if self.stacks == FRAMES:
            code += Walked(dump, Sieve(self._targets), self._stack_ranges.end_of).ranges()
        code += [(address, address + size) for address, size in self.policy.keep_memory]
        self._code = Ranges(code)
        for peb, width in ((process.peb, word), (process.wow64_peb, 4)):
            if isinstance(peb, Block):
                structures.append((peb.address, -width))
        self._structures = sorted(set(structures))
        self._parts = {}
        for width in {word, 4}:
            layout = PROCESS_LAYOUTS[width]
            self._parts[width], self._parts[-width] = numbers_of_block(layout.teb), numbers_of_block(layout.peb)
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
        self._memory = Spans(set(rows))
        self._memory_places = Ranges((rva, rva + size) for rva, size, _ in rows)
        kept = sum(high - low for start, end, _ in dump.memory.spans() for low, high in self._code.within(start, end))
        if rows:
            self.items.append(
                Item("captured memory", min(rows)[0], len(self._memory.starts), self._memory_places.total, f"zeros, without {counted(kept, 'byte')} of code")
            )
            if self._stack_ranges.starts:
                text = {NONE: "zeros", FRAMES: "zeros, without return addresses and pointers into stacks", ALL: "kept"}[self.stacks]
                rva = dump.memory.locate(self._stack_ranges.starts[0])
                self.items.append(Item("stacks", rva[0] if rva else min(rows)[0], len(self._stack_ranges.starts), self._stack_ranges.total, text))

    def _plan_zones(self, dump: Minidump) -> None:
        source = dump.source
        zones: Set[int] = set()  # packed: there may be a million
        unknown = {item.stream.index for item in user_streams(dump)}
        keep, keep_streams = self.policy.keep, self.policy.keep_streams
        wiped = [stream for stream in dump.streams if (stream.index in unknown or _is_wiped_kind(stream.type)) and stream.type not in keep_streams]
        gone = {stream.index for stream in wiped} | {index for index in _unused(dump) if dump.streams[index].type not in keep_streams}
        contexts = [(thread.context_rva, thread.context_size) for thread in dump.threads.walk() if thread.context_rva]
        exception = dump.exception
        if not isinstance(exception, Absent) and exception.context_rva:
            contexts.append((exception.context_rva, exception.context_size))
        read = [(rva, rva + size) for rva, size in contexts] + list(zip(self._memory_places.starts, self._memory_places.ends))
        read += [
            (stream.rva, stream.rva + source.available(stream.rva, stream.size))
            for stream in dump.streams
            if stream.index not in gone and stream.type not in (0, kMinidumpStreamTypeCrashpadInfo)
        ]
        protected = Ranges(read)

        def add(what: str, found: Iterable[Tuple[int, int]], kind: int, becomes: str) -> None:
            held: Iterable[Tuple[int, int]] = ((rva, source.available(rva, size)) for rva, size in found)
            if kind in (_ZERO, _FILL):  # a damaged length must not reach into what is read
                held = (part for rva, size in held for part in protected.without(rva, rva + size))
            rows = {packed(rva, size, kind) for rva, size in held if size}
            if rows:
                self.items.append(Item(what, unpacked(min(rows))[0], len(rows), sum(unpacked(row)[1] for row in rows), becomes))
                zones.update(rows)

        if REGISTERS not in keep:
            add("registers", contexts, _CONTEXT, "zeros, without instruction and stack pointers, flags, and what points to code or stacks")
        types = {rva for rva in {handle.type_rva for handle in dump.handles.walk()} if text_length(source, rva) <= LONGEST_TYPE}
        names = (handle.name_rva for handle in dump.handles.walk() if handle.name_rva and handle.name_rva not in types and handle.name)
        if HANDLE_NAMES not in keep:
            add("names of handles' objects", ((rva, 4 + text_length(source, rva)) for rva in names), _NAME, "tokens, equal for equal names")
        for stream in wiped:
            add(stream.name, [(stream.rva, stream.size)], _ZERO, "zeros")
        add("what structures leave unused", spare_parts(dump), _SPARE, "zeros")
        if ANNOTATIONS not in keep and kMinidumpStreamTypeCrashpadInfo not in keep_streams:
            add("annotations", annotation_values(dump, self.policy.keep_annotations), _FILL, "underscores")
        # Without the streams that go, and those that nobody can use: what only they lead to goes as well.
        gaps = [piece for piece in file_map(Without(dump, gone)).pieces if piece.kind in (UNREFERENCED, AFTER_END, REST)]
        held = [(piece.offset, piece.size) for piece in gaps if LOOSE not in keep and _is_filled(source, piece.offset, piece.end)]
        if held:
            self.items.append(Item("bytes that nothing leads to", held[0][0], len(held), sum(size for _, size in held), "zeros"))
            zones.update(packed(rva, size, _ZERO) for rva, size in held)
        self._zones = Spans(map(unpacked, sorted(zones)), in_order=True)

    def _look_around(self, users: Set[str]) -> Names:
        """Look for users in paths and for account SIDs in what is no memory."""
        names = Names(users, self.policy.keep_names)
        keep = self.policy.keep
        at = 0
        for start, end in [*zip(self._memory_places.starts, self._memory_places.ends), (self.size, self.size)]:
            while at < start:
                names.look(self.source.some(at, min(PIECE + AROUND, start - at)), at)
                at += PIECE
            at = end  # the ranges are sorted, and do not overlap
        names.close(users=USER_NAMES not in keep, sids=SIDS not in keep)
        if names.sids:
            self.items.append(Item("SIDs of accounts", names.first_sid, len(names.sids), 0, "SIDs with small numbers, equal for equal ones"))
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
                data[at : at + len(kept)] = _joined(bytes(data[at : at + len(kept)]), kept)
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
                words = struct.unpack(f"<{count}{'Q' if width == 8 else 'I'}", self.source.some(rva + first - address, count * width))
                found = [0] * count
                for index in self._pointers.among(words):
                    found[index] = words[index]
                skip, behind = max(0, begin - first), max(0, last - end)
                data = struct.pack(f"<{count}{'Q' if width == 8 else 'I'}", *found)
                yield max(begin, first), data[skip : count * width - behind]

    def _zone(self, rva: int, length: int, kind: int, first: int, last: int) -> bytes:
        if kind in (_ZERO, _SPARE):
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
            if path in always or int.from_bytes(part, "little") in self._pointers:
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

    def write_to(self, file: BinaryIO, progress: Optional[Progress] = None) -> None:
        """Write all bytes into an empty, seekable file, piece by piece; ``progress`` is told how many are written."""
        tell = progress or unseen
        for offset in range(0, self.size, PIECE):
            data = self.fetch(offset, min(PIECE, self.size - offset))
            if data == _ZEROS[: len(data)]:
                file.seek(offset + len(data))  # a hole, which reads as zeros and takes no room
            else:
                file.write(data)
            self.source.release()
            tell(min(offset + PIECE, self.size))
        file.truncate(self.size)

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


def _joined(one: bytes, two: bytes) -> bytes:
    """What either of two pieces keeps: elsewhere they are zero, and where both keep something it is the same."""
    if len(one) == len(two) and one == bytes(len(one)):
        return two
    return (int.from_bytes(one, "little") | int.from_bytes(two, "little")).to_bytes(max(len(one), len(two)), "little")


def _is_filled(source: Source, offset: int, end: int) -> bool:
    """Whether there is a byte between two places of a file that is not zero."""
    return any(any(source.some(at, min(PIECE, end - at))) for at in range(offset, end, PIECE))


def _unused(dump: Minidump) -> Iterator[int]:
    """Directory entries that the debugger does not use, and that no other reader could: what they claim may be anything."""
    for entry in EngineView(dump.source).streams:
        row = STREAMS.get(entry.type)
        if entry.verdict not in (REFUSED, EXTRA) or row is None:
            continue
        items = getattr(dump, row.reader, None) if row.reader else None
        if items is None or items.stream is None or items.stream.index != entry.index or any(item.code != "padded-list" for item in items.damage):
            yield entry.index


def _is_wiped_kind(kind: int) -> bool:
    """Whether streams of a type go: those that hold texts of people or programs, and those that nobody but their writer can read."""
    known = STREAMS.get(kind)
    if known is None:
        return True
    return known.wiped or kind in _WINDOWS_CE or (kind != 0 and not known.family)


__all__ = ["ALL", "FRAMES", "LIMITS", "NONE", "Found", "Item", "Scrubbed", "find_text", "tokens_of"]

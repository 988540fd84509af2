"""``shrink``: from a large dump a small one, which still answers what is asked of it."""

from __future__ import annotations

from typing import BinaryIO, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ..diagnosis.engine.view import EngineView
from ..diagnosis.plan import NEEDS, canonical
from ..diagnosis.plan import plan as plan_flags
from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..errors import DumpError, UsageError
from ..format.flags import MiniDumpWithFullMemory
from .builder import DumpBuilder, write_dump
from .mend import check_opens
from .mend_first import mend_first
from .needed import Extent, Needed, Part, captured
from .output import PIECE, Output, Progress, unseen, write_whole
from .ranges import Ranges

STREAM_BITS: Dict[int, int] = {12: 0x4, 18: 0x4, 14: 0x20, 16: 0x800, 17: 0x1000, 19: 0x40000}
"""Streams that a flag brings."""
PROCESS_DATA = 0x100
MEMORY_BITS = MiniDumpWithFullMemory | 0x1 | 0x8 | 0x10 | 0x40 | 0x200 | 0x2000 | 0x10000 | 0x80000 | PROCESS_DATA
WITHOUT_STACKS = frozenset(("!handle", "!htrace", "!runaway", ".ttime", "~*", "~", ".time", ".exr -1", ".lastevent", "lm", "r", "!address", "!vprot", "!token"))
"""Debugger commands that read no stack."""
SMALLEST_STACK = 1 << 9
"""Of a stack that ``most`` does not leave whole, at least that many bytes are kept after the stack pointer."""
PER_RANGE = 16 + 16
"""A descriptor, and what aligns the bytes."""


class Kept(NamedTuple):
    """What a shrunk dump keeps of one kind: ``ranges`` captured stretches of ``size`` bytes that no row before it has; ``commands`` read them."""

    what: str
    ranges: int
    size: int
    commands: str


class Left(NamedTuple):
    """What is left out: ``what``, how many bytes of the file it has, and ``why``."""

    what: str
    size: int
    why: str


class Shrunk:
    """A small dump made of an open one, to be written by :meth:`write`.

    Without anything else it keeps what answers ``!handle``, ``~*k``, ``!runaway``, ``!peb``, ``!teb``, ``lm``, ``.ecxr`` and ``!address``.
    ``commands`` are debugger commands that must work instead; ``flags`` what a set of MINIDUMP_TYPE would have captured instead. ``memory``
    are ranges (address, size) that are kept besides, ``near`` how many levels of memory that registers and stacks point to, ``most`` how many
    bytes the file may have. ``dump`` must stay open until the result is written. ``kept`` and ``left`` say what becomes of the parts, ``notes``
    what was guessed. Raises UsageError for a command or flags that are not known, DumpError for a dump that cannot be made so small.
    """

    def __init__(
        self,
        dump: Minidump,
        *,
        commands: Sequence[str] = (),
        flags: Optional[int] = None,
        memory: Iterable[Tuple[int, int]] = (),
        near: int = 0,
        most: Optional[int] = None,
    ) -> None:
        self.dump = dump
        self.notes: List[str] = []
        self.near = near
        self.most = most
        self._needed = Needed(dump, dump.source.release)
        self._flags = flags
        self._stacks = True
        if commands:
            self._flags = self._planned(commands) | (flags or 0)
        wished = [(start, start + size) for start, size in memory]
        self._whole = self._flags is not None and bool(self._flags & MiniDumpWithFullMemory)
        parts = [] if self._whole else self._parts(wished)
        base = self._bare_size() if most is not None else 0
        if most is not None:
            parts = self._within(parts, most - base, base)
        self.kept: List[Kept] = []
        self._extents = self._settled(parts)
        self._threads = not EngineView(dump.source).opening.wait_hresult
        self.notes += self._needed.notes
        self.left: List[Left] = self._left_out()

    # -- what is kept ----------------------------------------------------------------------------------------------------

    def _planned(self, commands: Sequence[str]) -> int:
        """The flags that commands need. Raises UsageError."""
        unknown = [name for name in commands if not canonical(name) and name != ".lastevent"]
        if unknown:
            raise UsageError(f"nothing is known of the debugger command {unknown[0]!r}", "`dumpscope plan` lists those that are known")
        names = [canonical(name) for name in commands if canonical(name)]
        made = plan_flags(names) if names else None
        self._stacks = any(name not in WITHOUT_STACKS for name in names)
        if made is not None:
            self.notes += made.limits
            if made.flags & MiniDumpWithFullMemory:
                wide = next(name for name in names if NEEDS[name].flags & MiniDumpWithFullMemory)
                self.notes.append(f"{wide} reads memory that no rule tells beforehand: all captured memory is kept")
        return made.flags if made is not None else 0

    def _parts(self, wished: List[Extent]) -> List[Part]:
        """The parts in the order in which ``most`` keeps them."""
        needed, flags = self._needed, self._flags
        parts = [Part("asked for", "d", wished)] if wished else []
        parts.append(needed.code())
        if flags is None or flags & PROCESS_DATA:
            parts += [needed.tebs(), needed.peb()]
        if self._stacks:
            parts += [needed.stacks(), needed.walked()]
        bits = flags or 0
        if bits & (0x1 | 0x2000 | 0x80000):
            parts.append(needed.sections(code=bool(bits & 0x2000), data=bool(bits & 0x1), headers=bool(bits & 0x80000)))
        if bits & (0x200 | 0x10000):
            parts.append(needed.private(written=bool(bits & 0x200), copied=bool(bits & 0x10000)))
        levels = max(self.near, 1 if bits & 0x40 else 0)
        if levels:
            parts.append(needed.near(levels))
        return parts

    def _settled(self, parts: List[Part]) -> Ranges:
        """All ranges together; what each part adds to those before it goes to ``kept``."""
        taken = Ranges([])
        for part in parts:
            mine = [(low, high) for low, high, _ in captured(self.dump, Ranges(part.ranges))]
            fresh = sum(size for low, high in mine for _, size in taken.without(low, high))
            if mine:
                self.kept.append(Kept(part.what, len(mine), fresh, part.commands))
            taken = Ranges([*zip(taken.starts, taken.ends), *mine])
        if self._whole:
            spans = [(low, high) for low, high, _ in self.dump.memory.spans()]
            taken = Ranges(spans)
            self.kept.append(Kept("all captured memory", len(spans), taken.total, ""))
        return taken

    def _left_out(self) -> List[Left]:
        found = []
        rest = self.dump.memory.total - self._extents.total
        if rest > 0:
            found.append(
                Left("captured memory", rest, "none of the commands reads it" if self.most is None else "none of the commands reads it, or it exceeds --size")
            )
        for stream in self.dump.streams:
            if stream.type in self._dropped():
                found.append(Left(stream.name, stream.size, f"flag 0x{STREAM_BITS[stream.type]:x} is not asked for"))
        return found

    def _dropped(self) -> List[int]:
        flags = self._flags
        return [] if flags is None else [kind for kind, bit in STREAM_BITS.items() if not flags & bit]

    def _bare_size(self) -> int:
        """Size of the file without memory."""
        return write_dump(self._bare(), Output(_Counted()))

    def _within(self, parts: List[Part], room: int, base: int) -> List[Part]:
        """The parts that fit: first those in front, of stacks the bytes next to each stack pointer. Raises DumpError."""
        if room < 0:
            raise DumpError(f"without any memory the dump has {base} bytes already, more than {self.most}", "--for and --flags drop streams")
        found: List[Part] = []
        for part in parts:
            trial = [*found, part]
            if self._cost(trial) <= room:
                found = trial
                continue
            low, high = 0, 1 << 24
            while part.what == "stacks" and high - low > 64:
                middle = (low + high) // 2
                if self._cost([*found, _cut(part, middle)]) <= room:
                    low = middle
                else:
                    high = middle
            if low >= SMALLEST_STACK:
                found.append(_cut(part, low))
                self.notes.append(f"--size: of each stack 0x{low // 16 * 16:x} bytes after its stack pointer are kept")
            elif part.ranges:
                self.notes.append(f"--size: there is no room for {part.what} ({part.commands})")
        return found

    def _cost(self, parts: List[Part]) -> int:
        return sum(high - low + PER_RANGE for low, high, _ in captured(self.dump, Ranges(extent for part in parts for extent in part.ranges))) + PER_RANGE

    # -- writing ---------------------------------------------------------------------------------------------------------

    def _bare(self) -> DumpBuilder:
        """The dump without memory."""
        builder = DumpBuilder.of(self.dump, memory=False)
        builder.drop(*self._dropped())
        source = self.dump.header.flags
        there = {bit for kind, bit in STREAM_BITS.items() if kind in set(builder.streams())}
        builder.flags = source & ~MEMORY_BITS & ~sum(set(STREAM_BITS.values())) | sum(there)
        if self._flags is None:
            process = self.dump.process
            if not isinstance(process.peb, Absent) and not isinstance(process.parameters, Absent):
                builder.flags |= PROCESS_DATA
        elif source & MiniDumpWithFullMemory:
            builder.flags |= self._flags & MEMORY_BITS & ~MiniDumpWithFullMemory
        else:
            builder.flags |= self._flags & source & MEMORY_BITS & ~MiniDumpWithFullMemory
        return builder

    def builder(self) -> DumpBuilder:
        """What writes the small dump; it can be changed before."""
        builder = self._bare()
        dump = self.dump
        builder.memory.listed = dump.memory_list.stream is not None or dump.memory64_list.stream is not None
        for low, high, offset in captured(dump, self._extents):
            builder.memory.add_copied(low, high - low, dump.source, offset)
        if self._whole and len(dump.memory64_list):
            builder.memory.wide = True
        if self._stacks and self.most is None:
            for thread in dump.threads.walk():  # stacks that no list of memory has
                held = dump.source.available(thread.stack_rva, thread.stack_size) if thread.stack_rva else 0
                if held and dump.memory.locate(thread.stack_start) is None and thread.stack_start + held <= 1 << 64:
                    builder.memory.add_copied(thread.stack_start, held, dump.source, thread.stack_rva)
        return builder

    def write_to(self, file: BinaryIO, progress: Optional[Progress] = None) -> int:
        """Write the small dump into an empty, seekable binary file; its size. Raises DumpError."""
        builder = self.builder()
        tell = progress or unseen

        def step(done: int) -> None:
            self.dump.source.release()
            tell(done)

        size = write_dump(builder, Output(_Watched(file, self.dump.source.release), step))
        self.notes += [note for note in builder.notes if note not in self.notes]
        if self.most is not None and size > self.most:
            raise DumpError(f"the result has {size} bytes, more than {self.most}", "give a larger --size")
        return size

    @property
    def total(self) -> int:
        """Bytes of memory that are kept."""
        return self._extents.total

    def check(self, path: str) -> None:
        """Raise DumpError if the debugger would not open what was written, or finds other threads or handles in it."""
        dump = self.dump
        try:
            check_opens(path, threads=self._threads)
        except DumpError as error:
            if dump.source.made_of or EngineView(dump.source).opening.ok:
                raise
            raise DumpError(f"the debugger does not open this dump, and {error.message}", f"{mend_first(dump.source)}; nothing is written") from None
        with Minidump.open(path) as made:
            self._same("threads", len(dump.threads), len(made.threads))
            self._same("modules", len(dump.modules), len(made.modules))
            if 12 not in self._dropped():
                self._same("handles", len(dump.handles), len(made.handles))

    @staticmethod
    def _same(what: str, before: int, after: int) -> None:
        if before != after:
            raise DumpError(f"the result has {after} {what}, the dump {before}", "nothing is written")

    def write(self, path: str, *, force: bool = False, progress: Optional[Callable[[int], None]] = None) -> int:
        """Write the small dump to a new file, which gets its name when it was checked; its size. Raises UsageError, DumpError, OSError."""
        return write_whole(path, lambda file: self.write_to(file, progress), force=force, keep=self.dump.source.name, check=self.check)


def _cut(part: Part, most: int) -> Part:
    most = most // 16 * 16
    return part._replace(ranges=[(low, min(high, low + most)) for low, high in part.ranges])


class _Watched:
    """A file that calls ``watch`` now and then while it is written: what was read for it is given back."""

    def __init__(self, file: BinaryIO, watch: Callable[[], None]) -> None:
        self.seek, self.flush = file.seek, file.flush
        if hasattr(file, "fileno"):
            self.fileno = file.fileno
        self._write, self._watch = file.write, watch
        self._fresh = 0

    def write(self, data: bytes) -> int:
        self._fresh += len(data)
        if self._fresh > PIECE:
            self._fresh = 0
            self._watch()
        return self._write(data)


class _Counted:
    """A file that only counts."""

    def __init__(self) -> None:
        self._at = self._size = 0

    def write(self, data: bytes) -> int:
        self._at += len(data)
        self._size = max(self._size, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = self._size + offset if whence == 2 else offset
        return self._at

    def flush(self) -> None:
        """Nothing waits."""


__all__ = ["Kept", "Left", "Shrunk"]

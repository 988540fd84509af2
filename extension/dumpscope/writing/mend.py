"""A dump that the debugger refuses, made into one that it opens: each cause undone that can be undone, and told of.

Numbers are corrected where two others prove them wrong, or where what they lead to does not look like what it should be
(:mod:`~dumpscope.writing.plausible`). What is missing is made up only when that is asked for.
"""

from __future__ import annotations  # noqa: I001 - the names of plausible take three lines

import struct
from bisect import bisect_right
from typing import Any, BinaryIO, Dict, List, NamedTuple, Optional

from ..format.flags import MiniDumpWithFullMemory
from ..format.streams import Memory64ListStream, MemoryListStream, SystemInfoStream
from ..diagnosis.engine.opening import DEAD_MACHINES, KNOWN
from ..diagnosis.engine.streams import EXTRA, REFUSED, USED
from ..diagnosis.engine.view import EngineView
from ..diagnosis.facts import Facts
from ..diagnosis.repair import pointed_into
from ..dump.absence import Absent
from ..dump.check import record_damage
from ..dump.directory import Stream
from ..dump.identify import kind_of, sound_directory
from ..dump.minidump import Minidump
from ..dump.source import Source
from ..errors import DumpError
from ..format.counted import counted
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_SIGNATURE, MINIDUMP_VERSION
from ..format.memory import MINIDUMP_MEMORY64_LIST
from ..format.streams import MINIDUMP_STREAM_TYPE
from ..format.system import MINIDUMP_SYSTEM_INFO
from . import arm64
from .builder import DumpBuilder
from .edited import Edited, held
from .memory import Planned
from .output import LAST_RVA, Output, Progress, unseen, write_whole
from .plausible import (
    CHECKED, LISTS, Entry, directory_length, entries, find_directory, find_list, full_number, known, looks_like_directory, places, processor_of,
    records_fit, system_fits, too_far,
)  # fmt: skip
from .without import Without

FIXED = "fixed"
REMOVED = "left out"
CUT = "cut"
INFERRED = "inferred"
INVENTED = "invented"

_SIZE = MINIDUMP_DIRECTORY.offset_of("Location.DataSize")
_RVA = MINIDUMP_DIRECTORY.offset_of("Location.Rva")
_KINDS_OF_OTHERS = ("kernel-dump", "legacy-user-dump", "empty", "minidump-cut", "too-small", "zeros")

SPOILT = ("signature-zero", "signature-spoilt")
"""Kinds of files whose signature alone is wrong, where the directory is there."""


class Repair(NamedTuple):
    """One thing that was mended.

    ``kind`` is FIXED, INFERRED (by other parts of the file), CUT, REMOVED or INVENTED; ``code`` the rule that ``why`` explains it by;
    ``offset`` where the bytes stand in the source, None where no place is meant.
    """

    kind: str
    code: str
    what: str
    offset: Optional[int] = None
    before: str = ""
    after: str = ""


class Mending:
    """What can be done for one file. ``repairs`` tells it; ``sound`` is true where nothing has to be done.

    ``threadless``: there is no thread list, so the debugger opens the result and has no thread in it.
    ``source`` is the file with the changes in place, ``builder`` what writes it anew where places had to move. The source must stay
    open until the result is written.
    """

    def __init__(self, source: Edited, repairs: List[Repair], builder: Optional[DumpBuilder], threadless: bool = False) -> None:
        self.threadless = threadless
        self.source = source
        self.repairs = repairs
        self.builder = builder

    @property
    def sound(self) -> bool:
        """Whether the debugger opens the file as it is, and no stream of it has to be mended."""
        return not self.repairs and self.builder is None

    def write_to(self, file: BinaryIO, progress: Optional[Progress] = None) -> int:
        """Write the mended dump into an empty, seekable binary file; its size."""
        if self.builder is not None:
            size = self.builder.write_to(file, progress)
            told = {repair.what for repair in self.repairs}
            self.repairs += [Repair(CUT, "OPN017", note) for note in self.builder.notes if note not in told]
            return size
        out = Output(file, progress or unseen)
        out.copy(self.source.source, 0, self.source.source.size, out.reserve(self.source.size, 1, wide=True))
        for offset, data in self.source.edits:
            out.put(offset, data)
        return out.finish()

    def check(self, path: str) -> None:
        """Raise DumpError if the debugger would not open the file that was written."""
        check_opens(path, threads=not self.threadless)

    def write(self, path: str, *, force: bool = False) -> int:
        """Write the mended dump to a new file, which gets its name when the debugger would open it; its size. Raises UsageError, DumpError, OSError."""
        return write_whole(path, self.write_to, force=force, keep=self.source.name, check=self.check)


def check_opens(path: str, *, threads: bool = True) -> None:
    """Raise DumpError if the debugger would not open a file, or, unless ``threads`` is false, would have no thread in it."""
    source = Source.from_path(path)
    try:
        opening = EngineView(source).opening
    finally:
        source.close()
    if not opening.ok:
        raise DumpError(f"the result would not open in the debugger: {opening.message.splitlines()[0]}", "nothing is written")
    if threads and opening.wait_hresult:
        raise DumpError("the result would have no thread in the debugger", "nothing is written; --invent makes a thread up")


def mend(source: Source, *, invent: bool = False) -> Mending:
    """Find out what has to be changed so that the debugger opens the file.

    ``invent`` lets a missing SystemInfo and a missing thread be made up; a comment in the result says so. Raises DumpError where nothing
    can be done, saying why.
    """
    return _Mender(source, invent).mend()


def name_of(kind: int) -> str:
    """A stream type as its C name or number."""
    return MINIDUMP_STREAM_TYPE.label(kind) or f"stream 0x{kind:x}"


class _Mender:
    def __init__(self, source: Source, invent: bool) -> None:
        self.original = source
        self.source = Edited(source)
        self.invent = invent
        self.repairs: List[Repair] = []
        self.drop: Dict[int, str] = {}
        """Directory entries that are not taken over, with the reason."""
        self.anew = False
        self.threadless = False

    def mend(self) -> Mending:
        self._header()
        self._directory()
        dump = Minidump(self.source)
        self._lists(dump)
        self._system(Minidump(self.source))
        self._full_memory(Minidump(self.source))
        dump = Minidump(self.source)
        self._places(dump)
        builder = self._rebuild(Minidump(self.source)) if self.anew or self._needs_invention(dump) else None
        mending = Mending(self.source, self.repairs, builder, self.threadless)
        if builder is not None and not self.repairs:
            self.repairs.append(Repair(FIXED, "OPN017", "the file is written anew, with each thing at a place of its own"))
        if builder is None and not self.repairs:
            opening = EngineView(self.source).opening
            if not opening.ok or opening.wait_hresult:
                raise DumpError(f"nothing is known that would make the debugger open this file: {opening.message.splitlines()[0]}", "`why` says what is wrong")
        return mending

    def _put(self, offset: int, data: bytes, kind: str, code: str, what: str, before: str = "", after: str = "") -> None:
        old = self.source.put(offset, data)
        self.repairs.append(Repair(kind, code, what, offset, before or old.hex(" "), after or data.hex(" ")))

    # -- header and directory --------------------------------------------------------------------------------------------

    def _header(self) -> None:
        head = self.source.some(0, MINIDUMP_HEADER.size)
        kind = kind_of(self.source)
        if len(head) < MINIDUMP_HEADER.size or kind.code in _KINDS_OF_OTHERS:
            raise DumpError(f"this cannot be mended: it is {kind.title}", kind.hint)
        signature, version, count, rva = struct.unpack_from("<IIII", head)
        if signature == MINIDUMP_SIGNATURE and version & 0xFFFF == MINIDUMP_VERSION:
            return
        spoilt = kind.code in SPOILT and sound_directory(self.source, count, rva) is not None
        if signature != MINIDUMP_SIGNATURE and not spoilt and not looks_like_directory(self.source, rva, count):
            raise DumpError(f"this cannot be mended: it is {kind.title}, and its header leads to no directory of a minidump", kind.hint)
        if not spoilt and not looks_like_directory(self.source, rva, count) and find_directory(self.source) is None:
            raise DumpError("this cannot be mended: the header's version is wrong, and there is no directory of a minidump", "write the dump again")
        if signature != MINIDUMP_SIGNATURE:
            self._put(0, struct.pack("<I", MINIDUMP_SIGNATURE), FIXED, "OPN023", "the header's signature: header and directory are those of a minidump")
        if version & 0xFFFF != MINIDUMP_VERSION:
            self._put(4, struct.pack("<H", MINIDUMP_VERSION), FIXED, "OPN006", "the low word of the header's Version")

    def _directory(self) -> None:
        count, rva = struct.unpack("<II", self.source.some(8, 8))
        rows = entries(self.source, rva, count)
        moved = Facts.of(self.source).moved_directory if self.source.size > LAST_RVA else None
        if moved is not None:
            raise too_far(moved.offset)
        if rows and not any(self.source.some(rva, len(rows) * MINIDUMP_DIRECTORY.size)):
            raise DumpError(
                "this cannot be mended: the directory is all zeros, so the writer was interrupted; nothing says where the streams are", "write the dump again"
            )
        whole = len(rows) == count and rva >= MINIDUMP_HEADER.size
        if whole and any(system_fits(self.source, row) for row in rows):
            length = directory_length(self.source, rva)
            streams = [row.rva for row in rows[:length] if row.type and row.size]
            if looks_like_directory(self.source, rva, length) and any(rva <= place < rva + count * MINIDUMP_DIRECTORY.size for place in streams):
                self._count(count, length)  # it would reach into the streams that it leads to
            return
        if rows and rva >= MINIDUMP_HEADER.size and any(system_fits(self.source, row) for row in rows):
            self._count(count, max(directory_length(self.source, rva), max(i + 1 for i, row in enumerate(rows) if system_fits(self.source, row))))
            return
        length = directory_length(self.source, rva) if rva >= MINIDUMP_HEADER.size else 0
        if length and looks_like_directory(self.source, rva, length):
            self._count(count, length)
            return
        found = find_directory(self.source)
        if found is None:
            if whole and rows and any(known(row.type) and row.type for row in rows):
                return  # SystemInfo is missing or damaged, which is told of later
            if not whole and rows and directory_length(self.source, rva):
                self._count(count, directory_length(self.source, rva))
                return
            held = self.source.available(rva, count * MINIDUMP_DIRECTORY.size) // MINIDUMP_DIRECTORY.size
            raise DumpError(
                f"this cannot be mended: of the {counted(count, 'directory entry')} at 0x{rva:x} the file holds {held}, and no other directory is found",
                "the file is cut: fetch the original again",
            )
        place, number = found
        if place > LAST_RVA:
            raise too_far(place)
        if place != rva:
            self._put(
                MINIDUMP_HEADER.offset_of("StreamDirectoryRva"), struct.pack("<I", place), INFERRED, "OPN007",
                "StreamDirectoryRva: a directory that leads to a SystemInfo is at another place", f"0x{rva:x}", f"0x{place:x}",
            )  # fmt: skip
        if number != count:
            self._count(count, number)

    def _count(self, count: int, number: int) -> None:
        if number != count:
            where = MINIDUMP_HEADER.offset_of("NumberOfStreams")
            self._put(where, struct.pack("<I", number), INFERRED, "OPN007", "NumberOfStreams: so many entries are a directory", str(count), str(number))

    # -- streams ---------------------------------------------------------------------------------------------------------

    def _lists(self, dump: Minidump) -> None:
        """Counts and sizes of lists that contradict each other."""
        begin = dump.header.directory_rva + len(dump.streams) * MINIDUMP_DIRECTORY.size
        good = {entry.type for entry in EngineView(self.source).streams if entry.verdict in (USED, EXTRA)}
        for stream in dump.streams:
            if stream.type not in LISTS or stream.type in good or self._elsewhere(dump, stream):
                continue
            if self.source.available(stream.rva, 4) == 4:
                if stream.rva < MINIDUMP_HEADER.size or dump.header.directory_rva <= stream.rva < begin:
                    self.drop[stream.index] = "it lies on the header or the directory"
                else:
                    self._list(stream)

    def _elsewhere(self, dump: Minidump, stream: Stream) -> bool:
        """Correct the RVA of a list that does not stand where its entry says, and is found somewhere else."""
        row = LISTS[stream.type]
        count = (stream.size - row.plain_head) // row.record
        begin = dump.header.directory_rva + len(dump.streams) * MINIDUMP_DIRECTORY.size
        placed = stream.rva >= begin and self.source.available(stream.rva, stream.size) == stream.size
        if placed and count >= 0 and records_fit(self.source, stream.type, stream.rva + row.plain_head, row.record, min(count, 1)):
            return False
        others = [(other.rva, other.end) for other in dump.streams if other.type and other.index != stream.index and other.end <= self.source.size]
        others.append((0, begin))
        place = find_list(self.source, stream.type, stream.size, lambda at, size: not any(at < high and low < at + size for low, high in others))
        if place is None or place > LAST_RVA:
            return False
        what = f"{name_of(stream.type)}: RVA in the directory, where the one list of its size is"
        self._put(stream.offset + _RVA, struct.pack("<I", place), INFERRED, "OPN020", what, f"0x{stream.rva:x}", f"0x{place:x}")
        return True

    def _list(self, stream: Stream) -> None:
        row = LISTS[stream.type]
        head, stride, name = row.plain_head, row.record, name_of(stream.type)
        data = self.source.some(stream.rva, 64)
        claimed = int.from_bytes(data[row.counter : row.counter + row.width], "little")
        if row.head is not None:
            values = row.head.unpack(data.ljust(64, b"\0"))
            head, stride = values["SizeOfHeader"], values[row.names[0]]
            if not row.plain_head <= head <= 0x1000:
                if stride >= row.least and records_fit(self.source, stream.type, stream.rva + row.plain_head, stride, min(claimed, 4)) and claimed:
                    self._put(stream.rva, struct.pack("<I", row.plain_head), INFERRED, "OPN020", f"{name}.SizeOfHeader")
                    head = row.plain_head
                else:
                    self.drop[stream.index] = "the size of its header is wrong"
                    return
            rest = stream.size - head
            if stride != row.record and rest == claimed * row.record and rest and records_fit(self.source, stream.type, stream.rva + head, row.record, claimed):
                at = stream.rva + row.head.offset_of(row.names[0])
                self._put(at, struct.pack("<I", row.record), INFERRED, "OPN020", f"{name}.{row.names[0]}", str(stride), str(row.record))
                stride = row.record
            if stride < row.least:
                guess = rest // claimed if claimed and rest > 0 and not rest % claimed else row.record
                if guess >= row.least and claimed and records_fit(self.source, stream.type, stream.rva + head, guess, claimed):
                    at = stream.rva + row.head.offset_of(row.names[0])
                    self._put(at, struct.pack("<I", guess), INFERRED, "OPN020", f"{name}.{row.names[0]}", str(stride), str(guess))
                    stride = guess
                else:
                    self.drop[stream.index] = f"{row.names[0]} is {stride}, and what its records are cannot be told"
                    return
        if (
            row.head is None
            and stream.type != Memory64ListStream
            and stream.size == 8 + claimed * stride
            and records_fit(self.source, stream.type, stream.rva + 8, stride, claimed)
        ):
            self.repairs.append(Repair(FIXED, "OPN020", f"{name}: 4 bytes of padding after the count, as Breakpad writes, are left out", stream.rva))
            self.anew = True
            return
        number = full_number(self.source, stream.rva, stream.size, claimed) if stream.type == Memory64ListStream else None
        number = self._number(stream, head, stride, claimed) if number is None else number
        if number is None:
            self.drop[stream.index] = "its size and its count disagree, and neither fits the bytes"
            return
        size = head + number * stride
        code = "OPN025" if stream.type == Memory64ListStream else "OPN020"
        if number != claimed:
            at = stream.rva + row.counter
            self._put(at, number.to_bytes(row.width, "little"), INFERRED, code, f"{name}: the count, by size and records", str(claimed), str(number))
        if size != stream.size:
            what = f"{name}: DataSize in the directory, {head} + {stride} × {number}"
            self._put(stream.offset + _SIZE, struct.pack("<I", size), FIXED, code, what, f"0x{stream.size:x}", f"0x{size:x}")

    def _number(self, stream: Stream, head: int, stride: int, claimed: int) -> Optional[int]:
        """How many records a list has: what the size says, if it is a whole number of them; what the count says, if all of those look like records."""
        first = stream.rva + head
        rest = stream.size - head
        held = max(0, (self.source.size - first) // stride)
        by_size = rest // stride if rest >= 0 else -1
        exact = rest >= 0 and not rest % stride and by_size <= held

        def fit(number: int, skip: int = 0) -> bool:
            return records_fit(self.source, stream.type, first, stride, number, skip)

        if exact and by_size > claimed:
            return by_size if fit(by_size, claimed) else claimed or None
        if claimed <= held and fit(claimed):
            return claimed or None
        if exact and by_size and fit(by_size):
            return by_size
        number = 0
        while number < min(by_size, held, CHECKED) and fit(number + 1, number):
            number += 1
        return number or None

    def _system(self, dump: Minidump) -> None:
        stream = next((item for item in dump.streams if item.type == SystemInfoStream), None)
        if stream is None:
            return
        needed = MINIDUMP_SYSTEM_INFO.size
        if stream.rva < MINIDUMP_HEADER.size or self.source.available(stream.rva, needed) < 32:
            self.drop[stream.index] = "its bytes are not in the file"
            return
        if self._overlapped(dump, stream, needed):
            self.drop[stream.index] = "its bytes are those of another stream"
            return
        if stream.size != needed or self.source.available(stream.rva, needed) < needed:
            taken = [other for other in dump.streams if other.index != stream.index and stream.end <= other.rva < stream.rva + needed and other.size]
            if self.source.available(stream.rva, needed) == needed and not taken:
                what = "SystemInfoStream: DataSize in the directory"
                self._put(stream.offset + _SIZE, struct.pack("<I", needed), FIXED, "OPN010", what, f"0x{stream.size:x}", f"0x{needed:x}")
            else:
                self.repairs.append(
                    Repair(CUT, "OPN010", f"SystemInfoStream: 0x{stream.size:x} bytes are there; the rest, of the processor, is zero", stream.rva)
                )
                self.anew = True
        architecture = int.from_bytes(self.source.some(stream.rva, 2), "little")
        contexts = [(thread.context_rva, thread.context_size) for thread in dump.threads.walk(0, 1000)]
        found = processor_of(self.source, contexts)
        if architecture == arm64.OLD:
            what = "SystemInfo.ProcessorArchitecture: an older Breakpad's number for ARM64, the debugger's is 12"
            self._put(stream.rva, struct.pack("<H", arm64.ARM64), FIXED, "OPN015", what, f"0x{architecture:x}", "0xc")
            for change in arm64.changes(dump, self.source):
                self._put(change.offset, change.data, FIXED, "OPN015", change.what, "as Breakpad writes them", "as Windows has them")
        elif found is not None and found != architecture and architecture not in (0x8001, 0x8002):
            what = "SystemInfo.ProcessorArchitecture: the registers of all threads are of another processor"
            self._put(stream.rva, struct.pack("<H", found), INFERRED, "OPN015", what, f"0x{architecture:x}", f"0x{found:x}")
        elif architecture not in KNOWN - DEAD_MACHINES:
            raise DumpError(
                f"this cannot be mended: the debugger knows no processor 0x{architecture:x}, and the registers are not those of another one",
                "open it with the tools of the system that it is from",
            )

    def _overlapped(self, dump: Minidump, stream: Stream, size: int) -> bool:
        """Whether another stream has the place of one whose bytes do not look like a SystemInfo: to correct them would change the other."""
        if system_fits(self.source, Entry(stream.type, stream.size, stream.rva)):
            return False
        others = (other for other in dump.streams if other.type and other.index != stream.index and other.index not in self.drop)
        return any(other.rva < stream.rva + size and stream.rva < other.end for other in others)

    def _full_memory(self, dump: Minidump) -> None:
        """Flag 0x2 against the two lists of memory, and where the bytes of the full one begin."""
        full, small = dump.stream(Memory64ListStream), dump.stream(MemoryListStream)
        flags = dump.header.flags
        where = MINIDUMP_HEADER.offset_of("Flags")
        usable = full is not None and full.index not in self.drop and not dump.memory64_list.span.refused and len(dump.memory64_list) > 0
        if usable and full is not None:
            usable = self._base(dump, full)
        if usable:
            if not flags & MiniDumpWithFullMemory:
                what = "flag 0x2 (MiniDumpWithFullMemory): there is a Memory64ListStream"
                self._put(
                    where, struct.pack("<Q", flags | MiniDumpWithFullMemory), FIXED, "OPN014", what, f"0x{flags:x}", f"0x{flags | MiniDumpWithFullMemory:x}"
                )
            if small is not None and small.index not in self.drop:
                self._both(dump, small)
            return
        if full is not None:
            self.drop[full.index] = "it has no range that the file holds"
            self._left_out(full, "OPN013")
        if flags & MiniDumpWithFullMemory:
            what = "flag 0x2 (MiniDumpWithFullMemory): there is no Memory64ListStream that could be used"
            self._put(
                where, struct.pack("<Q", flags & ~MiniDumpWithFullMemory), FIXED, "OPN013", what, f"0x{flags:x}", f"0x{flags & ~MiniDumpWithFullMemory:x}"
            )

    def _both(self, dump: Minidump, small: Stream) -> None:
        """A dump of full memory must not have a MemoryListStream: what that list holds, such as LLDB's stacks, goes into the other one."""
        items = dump.memory_list
        if items.stream is None or items.stream.index != small.index or items.span.refused or not len(items):
            self.drop[small.index] = "a dump of full memory must not have it"
            self._left_out(small, "OPN028")
            return
        self.anew = True
        what = f"MemoryListStream: a dump of full memory must not have it; its {counted(len(items), 'range goes', 'ranges go')} into the Memory64ListStream"
        self.repairs.append(Repair(FIXED, "OPN028", what, small.offset))

    def _left_out(self, stream: Stream, code: str) -> None:
        self.anew = True
        self.repairs.append(Repair(REMOVED, code, f"directory entry {stream.index}: {name_of(stream.type)}: {self.drop[stream.index]}", stream.offset))

    def _base(self, dump: Minidump, full: Stream) -> bool:
        """Correct BaseRva where another value is proved by the file's size. False: the list leads nowhere."""
        items = dump.memory64_list
        base, total, size = items.base_rva, items.total, self.source.source.size
        behind = full.rva + MINIDUMP_MEMORY64_LIST.size + len(items) * 16
        last = size - total
        sensible = behind <= base < size or (MINIDUMP_HEADER.size <= base and base + total <= full.rva)
        others = max([stream.end for stream in dump.streams if stream.type not in (0, 9) and stream.end <= size] + [behind])
        if sensible and (base + total <= size or pointed_into(dump, last, base)):
            return True  # what the file does not hold of the ranges is cut
        if last >= behind and (not sensible or last - behind < 16 or last >= others):
            at = full.rva + MINIDUMP_MEMORY64_LIST.offset_of("BaseRva")
            what = "Memory64ListStream.BaseRva: the bytes of all ranges end with the file"
            self._put(at, struct.pack("<Q", last), INFERRED, "OPN024", what, f"0x{base:x}", f"0x{last:x}")
            return True
        return sensible

    # -- places ----------------------------------------------------------------------------------------------------------

    def _places(self, dump: Minidump) -> None:
        """What takes another order of the file: streams before the directory, ranges outside or in conflict, second streams, references outside."""
        header = dump.header
        begin = header.directory_rva + len(dump.streams) * MINIDUMP_DIRECTORY.size
        view = EngineView(self.source)
        for entry in view.streams:
            if entry.index in self.drop or not entry.type:
                continue
            stream = dump.streams[entry.index]
            if entry.verdict == EXTRA:
                self.drop[entry.index] = "an earlier one of its type is used"
                self._left_out(stream, "OPN022")
            elif entry.verdict == REFUSED and entry.type not in LISTS:
                early = MINIDUMP_HEADER.size <= entry.rva and entry.rva + entry.size <= header.directory_rva
                if not early and entry.type != SystemInfoStream:
                    self.drop[entry.index] = entry.reason
            if entry.size and MINIDUMP_HEADER.size <= entry.rva < header.directory_rva:
                self.anew = True
            elif entry.size and (entry.rva < MINIDUMP_HEADER.size or header.directory_rva <= entry.rva < begin):
                self.drop.setdefault(entry.index, "it lies on the header or the directory")
        ahead = [item for item in dump.streams if item.type and item.size and MINIDUMP_HEADER.size <= item.rva < header.directory_rva]
        if ahead:
            what = f"{counted(len(ahead), 'stream is', 'streams are')} before the directory: the directory is put after the header"
            self.repairs.append(Repair(FIXED, "OPN019", what, MINIDUMP_HEADER.offset_of("StreamDirectoryRva")))
            self.anew = True
        if view.opening.hresult in (0x80070570, 0xD0000018) and dump.stream(Memory64ListStream) is None:
            self.anew = True  # ranges outside the file, or in conflict: the builder cuts them, and says so
        if not view.full and any(held(self.source, item.rva, item.size) < item.size for item in dump.memory_list.walk(0, 1_000_000)):
            self.anew = True
        if view.full and dump.memory64_list.expected_file_size > self.source.source.size:
            self.anew = True
        if self._outside(dump):
            self.anew = True

    @staticmethod
    def _outside(dump: Minidump) -> bool:
        """Whether names lead outside the file."""
        if len(dump.handles) + len(dump.modules) > 200_000:
            return False
        return any(damage.code in ("string-outside-file", "string-cut") for damage in record_damage(dump))

    def _needs_invention(self, dump: Minidump) -> bool:
        system = dump.stream(SystemInfoStream)
        return system is None or system.index in self.drop or not len(dump.threads) or bool(self.drop and self.anew)

    # -- anew ------------------------------------------------------------------------------------------------------------

    def _rebuild(self, dump: Minidump) -> DumpBuilder:
        """The dump written anew, without what is dropped, with what is invented."""
        for stream in list(dump.streams):
            reason = self.drop.get(stream.index)
            if reason is not None and not any(f"directory entry {stream.index}:" in repair.what for repair in self.repairs):
                self._left_out(stream, "OPN020")
        trimmed = Without(dump, self.drop)
        builder = DumpBuilder.of(trimmed)
        builder.fit_system()
        self._off_directory(trimmed, builder)
        self._off_others(trimmed, builder)
        for note in builder.notes:
            self.repairs.append(Repair(CUT, "OPN017", note))
        self._invent_system(trimmed, builder)
        self._invent_thread(trimmed, builder)
        if not trimmed.memory64_list and builder.flags & MiniDumpWithFullMemory:
            builder.flags &= ~MiniDumpWithFullMemory
        return builder

    def _off_directory(self, dump: Minidump, builder: DumpBuilder) -> None:
        """Cut from memory ranges what lies on the header and the directory: it is not what was captured."""
        header = dump.header
        end = header.directory_rva + header.stream_count * MINIDUMP_DIRECTORY.size
        kept: List[Planned] = []
        for item in builder.memory.ranges:
            behind = item.offset + item.size
            taken = [(low, high) for low, high in ((0, MINIDUMP_HEADER.size), (header.directory_rva, end)) if item.offset < high and low < behind]
            if item.source is None or not taken or not item.size:
                kept.append(item)
                continue
            high = max(high for _, high in taken)
            lost = min(item.size, high - item.offset)
            what = f"memory range 0x{item.start:x}: its first 0x{lost:x} bytes in the file are those of the header or the directory"
            self.repairs.append(Repair(CUT, "OPN017", what, item.offset))
            if lost < item.size:
                kept.append(item.part(item.start + lost, item.end))
        builder.memory.ranges = kept

    def _off_others(self, dump: Minidump, builder: DumpBuilder) -> None:
        """Of ranges that reach beyond the end of the file, cut what belongs to something else: their size is wrong, and says nothing of what follows."""
        beyond = {(item.start, item.rva) for item in dump.memory_list.walk() if held(self.source, item.rva, item.size) < item.size}
        if not beyond:
            return
        starts = places(dump, self.drop)
        for number, item in enumerate(builder.memory.ranges):
            if item.source is None or (item.start, item.offset) not in beyond:
                continue
            after = bisect_right(starts, item.offset)
            if after < len(starts) and starts[after] < item.offset + item.size:
                lost = item.offset + item.size - starts[after]
                what = f"memory range 0x{item.start:x}: 0x{lost:x} bytes of the file after 0x{starts[after]:x}, where something else begins"
                self.repairs.append(Repair(CUT, "OPN017", what, starts[after]))
                builder.memory.ranges[number] = item.part(item.start, item.end - lost)

    def _invent_system(self, dump: Minidump, builder: DumpBuilder) -> None:
        if dump.stream(SystemInfoStream) is not None:
            return
        found = processor_of(self.source, [(thread.context_rva, thread.context_size) for thread in dump.threads.walk(0, 1000)])
        exception = dump.exception
        if found is None and not isinstance(exception, Absent):
            found = processor_of(self.source, [(exception.context_rva, exception.context_size)])
        if found is None:
            raise DumpError(
                "this cannot be mended: there is no usable SystemInfoStream, and no registers that would tell the processor", "write the dump again"
            )
        if not self.invent:
            raise DumpError("there is no usable SystemInfoStream: it would have to be invented", "--invent makes one up, by the registers of the threads")
        builder.set("SystemInfoStream", ProcessorArchitecture=found, NumberOfProcessors=1, ProductType=1, MajorVersion=10, PlatformId=2, CSDVersion="")
        text = f"SystemInfoStream is invented: processor {found} by the registers, Windows 10.0 without reason"
        builder.comment(f"dumpscope mend: {text}")
        self.repairs.append(Repair(INVENTED, "OPN009", text))

    def _invent_thread(self, dump: Minidump, builder: DumpBuilder) -> None:
        if len(dump.threads):
            return
        if not self.invent:
            if not self.repairs:
                raise DumpError("there is no thread that could be read: one would have to be invented", "--invent makes one up")
            self.threadless = True
            return
        exception = dump.exception
        values: Dict[str, Any] = {"ThreadId": 1}
        text = "the thread list is invented: one thread with id 1, without registers"
        if not isinstance(exception, Absent) and exception.thread_id:
            values["ThreadId"] = exception.thread_id
            context = self.source.some(exception.context_rva, exception.context_size) if exception.context_rva else b""
            if context and len(context) == exception.context_size:
                values["ThreadContext"] = context
            text = f"the thread list is invented: one thread with the id 0x{exception.thread_id:x} and the registers of the exception"
        builder.drop(3, 8)
        builder.add("ThreadListStream", **values)
        builder.comment(f"dumpscope mend: {text}")
        self.repairs.append(Repair(INVENTED, "OPN011", text))

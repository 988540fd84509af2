"""Breakpad's streams: whose dump it is, the assertion that failed, and on Linux copies of files of /proc."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple, Union

from ...format.counted import counted
from ...format.streams import MD_ASSERTION_INFO_STREAM, MD_BREAKPAD_INFO_STREAM
from ...format.vendor import breakpad as layouts
from ..absence import NOT_THERE, Absent, Damage
from ..single import read_single

if TYPE_CHECKING:
    from ..minidump import Minidump

INFO = MD_BREAKPAD_INFO_STREAM
ASSERTION = MD_ASSERTION_INFO_STREAM
DSO_DEBUG = 0x4767000A
LINUX_FILES = {
    **layouts.LINUX_FILES,
    0x4767000B: "/proc/PID/stat",
    0x4767000C: "/proc/uptime",
    0x4767000D: "/proc/PID/fd",
}
"""Which file each of the Linux streams is a copy of (the last three: llvm's MinidumpConstants.def)."""

MAX_TEXT = 1 << 20
"""Bytes of a copied file that are decoded; the stream itself may be longer."""
MAX_OBJECTS = 65536


class BreakpadInfo(NamedTuple):
    """MDRawBreakpadInfo: the thread that wrote the dump and the one that asked for it; Absent where ``validity`` has no bit."""

    validity: int
    dump_thread_id: Union[int, Absent]
    requesting_thread_id: Union[int, Absent]
    offset: int


class AssertionInfo(NamedTuple):
    """MDRawAssertionInfo: ``type`` 0 unknown, 1 invalid parameter, 2 pure virtual call."""

    expression: str
    function: str
    file: str
    line: int
    type: int
    offset: int

    @property
    def type_name(self) -> str:
        """What kind of assertion it was."""
        return layouts.ASSERTION_TYPE.meaning(self.type) or f"type {self.type}"


class LinuxFile(NamedTuple):
    """A copied file: ``name`` is its path, ``data`` its bytes (MAX_TEXT at the most), ``size`` how many the stream has."""

    name: str
    type: int
    data: bytes
    size: int
    offset: int

    @property
    def text(self) -> str:
        """The file as text; NULs between arguments and variables become newlines."""
        return self.data.replace(b"\0", b"\n").decode("utf-8", "surrogateescape").rstrip("\n")


class SharedObject(NamedTuple):
    """One entry of the dynamic linker's list; ``dynamic`` is the address of its dynamic section."""

    address: int
    name: str
    dynamic: int
    offset: int


class DsoDebug(NamedTuple):
    """MDRawDebug32 or MDRawDebug64: addresses in the process, and the loaded objects."""

    version: int
    brk: int
    loader_base: int
    dynamic: int
    objects: List[SharedObject]
    offset: int
    damage: Tuple[Damage, ...]


def _wide(data: bytes) -> str:
    return data[: len(data) & ~1].decode("utf-16-le", "surrogatepass").split("\0", 1)[0]


class Breakpad:
    """The streams of Breakpad, each decoded when asked for. True when the dump has any of them."""

    def __init__(self, dump: Minidump) -> None:
        self._dump = dump

    def __bool__(self) -> bool:
        return any(self._dump.stream(kind) is not None for kind in (INFO, ASSERTION, DSO_DEBUG, *LINUX_FILES))

    @cached_property
    def info(self) -> Union[BreakpadInfo, Absent]:
        """The thread ids."""
        structure = layouts.MDRawBreakpadInfo
        single = read_single(self._dump.source, self._dump.stream(INFO), structure.size, 4, "Breakpad information")
        if isinstance(single, Absent):
            return single
        validity, writer, asker = structure.select("validity", "dump_thread_id", "requesting_thread_id").unpack(single.data)
        missing = Absent(NOT_THERE, f"Breakpad's validity bits (0x{validity:x}) do not cover it")
        return BreakpadInfo(validity, writer if validity & 1 else missing, asker if validity & 2 else missing, single.offset)

    @cached_property
    def assertion(self) -> Union[AssertionInfo, Absent]:
        """The assertion that failed."""
        structure = layouts.MDRawAssertionInfo
        single = read_single(self._dump.source, self._dump.stream(ASSERTION), structure.size, 8, "assertion")
        if isinstance(single, Absent):
            return single
        texts = []
        for name in ("expression", "function", "file"):
            field = structure.field(name)
            texts.append(_wide(single.data[field.offset : field.offset + field.size]))
        line, kind = structure.select("line", "type").unpack(single.data)
        return AssertionInfo(texts[0], texts[1], texts[2], line, kind, single.offset)

    @cached_property
    def files(self) -> List[LinuxFile]:
        """The copied files that are there, in the order of their numbers."""
        found = []
        for kind, name in LINUX_FILES.items():
            stream = self._dump.stream(kind)
            if stream is not None:
                data = self._dump.source.some(stream.rva, min(stream.size, MAX_TEXT))
                found.append(LinuxFile(name, kind, data, stream.size, stream.rva))
        return found

    def file(self, name: str) -> Optional[LinuxFile]:
        """The copied file whose path ends in ``name``, such as ``maps``; None without one."""
        return next((item for item in self.files if item.name.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1]), None)

    @cached_property
    def auxiliary_vector(self) -> List[Tuple[int, int]]:
        """Pairs of AT_ number and value from /proc/PID/auxv."""
        item = self.file("auxv")
        if item is None:
            return []
        word = self._dump.pointer_size
        values = struct.unpack_from(f"<{len(item.data) // word}{'Q' if word == 8 else 'I'}", item.data)[:1024]
        return list(zip(values[::2], values[1::2]))

    @cached_property
    def shared_objects(self) -> Union[DsoDebug, Absent]:
        """The dynamic linker's list."""
        dump = self._dump
        wide = dump.pointer_size == 8
        structure, link = (layouts.MDRawDebug64, layouts.MDRawLinkMap64) if wide else (layouts.MDRawDebug32, layouts.MDRawLinkMap32)
        head = structure.select("version", "map", "dso_count", "brk", "ldbase", "dynamic")
        row = link.select("addr", "name", "ld")
        single = read_single(dump.source, dump.stream(DSO_DEBUG), head.size, head.size, "dynamic linker's list")
        if isinstance(single, Absent):
            return single
        version, rva, count, brk, base, dynamic = head.unpack(single.data)
        held = dump.source.available(rva, count * row.size) // row.size
        damage: Tuple[Damage, ...] = ()
        if held < count:
            message = f"the dynamic linker's list at 0x{rva:x} claims {counted(count, 'object')}, the file holds {held}"
            damage = (Damage("dso-outside-file", message, rva, count * row.size, held * row.size),)
        objects = []
        dump.strings.renew()  # this is a list of its own, whatever was walked before
        for index in range(min(held, MAX_OBJECTS)):
            offset = rva + index * row.size
            address, name, section = row.unpack(dump.source.some(offset, row.size))
            objects.append(SharedObject(address, dump.strings.get(name), section, offset))
        return DsoDebug(version, brk, base, dynamic, objects, single.offset, damage)

"""Crashpad's stream: report and client ids, and the annotations that a program and its modules leave."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Tuple, Union

from ...format.counted import by_count, counted
from ...format.guid import guid_text
from ...format.streams import kMinidumpStreamTypeCrashpadInfo
from ...format.vendor.crashpad import (
    MinidumpAnnotation,
    MinidumpCrashpadInfo,
    MinidumpModuleCrashpadInfo,
    MinidumpModuleCrashpadInfoLink,
    MinidumpSimpleStringDictionaryEntry,
)
from ..absence import Absent, Damage
from ..single import read_single

if TYPE_CHECKING:
    from ..minidump import Minidump

STRING = 1
"""Type of an annotation object that holds text; 0x8000 and above are the program's own."""
MAX_ANNOTATIONS = 20000
"""Annotations of one dump that are decoded, all kinds and modules together."""
MAX_VALUE = 0x10000
"""Bytes of one annotation's value that are kept."""
MAX_TOTAL = 1 << 24
"""Bytes of all keys and values together."""

_COUNT = struct.Struct("<I")
_PAIR = MinidumpSimpleStringDictionaryEntry.select("key", "value")
_MODULE_LINK = MinidumpModuleCrashpadInfoLink.select("minidump_module_list_index", "location.DataSize", "location.Rva")
_OBJECT = MinidumpAnnotation.select("name", "type", "value")
_PLACES = ("simple_annotations.DataSize", "simple_annotations.Rva", "module_list.DataSize", "module_list.Rva", "address_mask")
_INFO = MinidumpCrashpadInfo.select("version", *_PLACES)
_REPORT_ID, _CLIENT_ID = MinidumpCrashpadInfo.offset_of("report_id"), MinidumpCrashpadInfo.offset_of("client_id")
_OLD_MODULE = MinidumpModuleCrashpadInfo.offset_of("annotation_objects")
_MODULE = MinidumpModuleCrashpadInfo.select(
    "version",
    "list_annotations.DataSize",
    "list_annotations.Rva",
    "simple_annotations.DataSize",
    "simple_annotations.Rva",
    "annotation_objects.DataSize",
    "annotation_objects.Rva",
)


class AnnotationObject(NamedTuple):
    """A typed annotation: ``data`` as it stands in the file, ``text`` for type 1."""

    name: str
    type: int
    data: bytes
    offset: int

    @property
    def text(self) -> str:
        """The value as text; bytes that are not UTF-8 are kept as lone surrogates."""
        return self.data.decode("utf-8", "surrogateescape")


class ModuleAnnotations(NamedTuple):
    """What one module left. ``module_index`` counts in the module list; ``strings`` are values without a key."""

    module_index: int
    version: int
    strings: List[str]
    simple: Dict[str, str]
    objects: List[AnnotationObject]
    offset: int


class CrashpadInfo(NamedTuple):
    """MinidumpCrashpadInfo. Ids in the usual text form; ``simple`` are the annotations of the whole process."""

    version: int
    report_id: str
    client_id: str
    simple: Dict[str, str]
    modules: List[ModuleAnnotations]
    address_mask: int
    offset: int
    damage: Tuple[Damage, ...]

    def all(self) -> Dict[str, str]:
        """Every annotation that has a key and a text, of the process first; the first of a name wins."""
        found = dict(self.simple)
        for module in self.modules:
            for key, value in module.simple.items():
                found.setdefault(key, value)
            for item in module.objects:
                if item.type == STRING:
                    found.setdefault(item.name, item.text)
        return found


class _Reader:
    def __init__(self, dump: Minidump) -> None:
        self.source = dump.source
        self.strings = dump.strings
        self.left = MAX_ANNOTATIONS
        self.room = min(MAX_TOTAL, dump.size)  # no honest file has more text than bytes
        self.damage: List[Damage] = []

    def rows(self, size: int, rva: int, record: struct.Struct, what: str) -> List[Tuple[Tuple[int, ...], int]]:
        """The records of a counted list, bounded by the list's size, the file and MAX_ANNOTATIONS."""
        if not rva or not size:
            return []
        data = self.source.some(rva, 4)
        if len(data) < 4:
            self.damage.append(Damage("annotation-outside-file", f"{what} at 0x{rva:x} is outside the file", rva, size, len(data)))
            return []
        claimed = _COUNT.unpack(data)[0]
        room = self.source.available(rva + 4, claimed * record.size) // record.size
        count = min(claimed, room, max(0, size - 4) // record.size)
        if count < claimed:
            message = f"{what} claims {counted(claimed, 'entry')}, {count} {by_count(count, 'is', 'are')} there"
            self.damage.append(Damage("annotation-outside-file", message, rva, 4 + claimed * record.size, 4 + count * record.size))
        if count > self.left:
            self.damage.append(
                Damage(
                    "annotation-too-many", f"{what} has {counted(count, 'entry')}; {self.left} {by_count(self.left, 'is', 'are')} read", rva, count, self.left
                )
            )
            count = self.left
        self.left -= count
        first = rva + 4
        data = self.source.some(first, count * record.size)
        return [(record.unpack_from(data, index * record.size), first + index * record.size) for index in range(count)]

    def dictionary(self, size: int, rva: int, what: str) -> Dict[str, str]:
        found: Dict[str, str] = {}
        for (key, value), _ in self.rows(size, rva, _PAIR, what):
            found.setdefault(self.text(key, what), self.text(value, what))
        return found

    def text(self, rva: int, what: str) -> str:
        if rva and self.source.available(rva, 4) < 4:
            self.damage.append(Damage("string-outside-file", f"{what}: its text at 0x{rva:x} is outside the file", rva, 4, 0))
        text = self.strings.utf8(rva) if self.room > 0 else ""
        self.room -= len(text)
        return text

    def module(self, index: int, size: int, rva: int) -> ModuleAnnotations:
        what = f"annotations of module {index}"
        data = self.source.some(rva, min(size, _MODULE.size))
        if len(data) < _OLD_MODULE:  # the objects came later
            self.damage.append(Damage("annotation-outside-file", f"{what} at 0x{rva:x} are cut", rva, _OLD_MODULE, len(data)))
        version, *places = _MODULE.unpack(data.ljust(_MODULE.size, b"\0"))
        strings = [self.text(text, what) for (text,), _ in self.rows(places[0], places[1], _COUNT, what)]
        simple = self.dictionary(places[2], places[3], what)
        objects = []
        for (name, kind, value), offset in self.rows(places[4], places[5], _OBJECT, what):
            objects.append(AnnotationObject(self.text(name, what), kind, self.value(value), offset))
        return ModuleAnnotations(index, version, strings, simple, objects, rva)

    def value(self, rva: int) -> bytes:
        head = self.source.some(rva, 4) if rva and self.room > 0 else b""
        data = self.source.some(rva + 4, min(_COUNT.unpack(head)[0], MAX_VALUE)) if len(head) == 4 else b""
        self.room -= len(data)
        return data


def read_crashpad(dump: Minidump) -> Union[CrashpadInfo, Absent]:
    """Crashpad's information with all annotations; the old form without the last two members is read too."""
    single = read_single(dump.source, dump.stream(kMinidumpStreamTypeCrashpadInfo), MinidumpCrashpadInfo.size, 4, "Crashpad information")
    if isinstance(single, Absent):
        return single
    data = single.data
    version, simple_size, simple_rva, list_size, list_rva, mask = _INFO.unpack(data)
    ids = [guid_text(data[at : at + 16]) for at in (_REPORT_ID, _CLIENT_ID)]
    reader = _Reader(dump)
    simple = reader.dictionary(simple_size, simple_rva, "annotations of the process")
    links = reader.rows(list_size, list_rva, _MODULE_LINK, "list of annotated modules")
    modules = [reader.module(*link) for link, _ in links]
    return CrashpadInfo(version, ids[0], ids[1], simple, modules, mask, single.offset, tuple(reader.damage[:1000]))

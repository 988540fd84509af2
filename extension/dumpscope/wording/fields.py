"""Fields of the file's structures in words: what ``bytes``, ``whatis`` and ``what-if`` say of a number."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..anatomy.dissect import Part, dissect
from ..anatomy.node import CONTEXT, MEMORY, Node
from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..format.counted import by_count, counted
from ..format.guid import GUID, guid_text
from ..format.layout import (
    ADDRESS,
    COUNT,
    DURATION,
    FILETIME,
    HEX,
    PROCESS_ID,
    RVA_KIND,
    SECONDS,
    SIZE,
    TEXT,
    THREAD_ID,
    TIME_T,
    Enumeration,
    Field,
    FlagSet,
    Structure,
)
from ..view.annotated import ByteRow
from ..view.kinds import address_text, duration_text, filetime_text, seconds_text, time_text

SHOWN = 64
"""Bytes of one field that are shown unless all are asked for."""
MAX_SHOWN = 1 << 16
_HANDLES = ("MINIDUMP_HANDLE_DESCRIPTOR", "MINIDUMP_HANDLE_DESCRIPTOR_2")
_HEX = ("ExceptionCode", "ExceptionFlags")
"""Fields that are hexadecimal strings in JSON even where a system gives their numbers names."""
_VERSIONS = ("dwFileVersionMS", "dwFileVersionLS", "dwProductVersionMS", "dwProductVersionLS")


class Wording:
    """Says what fields mean in one dump."""

    def __init__(self, dump: Minidump, shown: int = SHOWN) -> None:
        self.dump = dump
        self.shown = shown
        system = dump.system
        self.architecture = -1 if isinstance(system, Absent) else system.architecture

    def parts(self, node: Node) -> Iterator[Part]:
        """A node taken apart."""
        return dissect(self.dump.source, node, architecture=self.architecture)

    def rows(self, node: Node) -> List[ByteRow]:
        """A node's fields as rows of the byte view."""
        found = list(self.parts(node))
        values = {part.path: part.value for part in found if isinstance(part.value, int)}
        return [self.row(part, node, values) for part in found]

    def row(self, part: Part, node: Node, values: Dict[str, Any]) -> ByteRow:
        """One part as a row."""
        heading = part.inner is not None
        data = b"" if heading else self.dump.source.some(part.offset, min(part.size, self.shown))
        cut = part.size < part.said
        value = ""
        json: Any = None
        notes: List[str] = []
        bits: List[Dict[str, Any]] = []
        target: Optional[int] = None
        wrong = cut
        if heading:
            value = self.heading(part)
            json = value or None
        elif cut and part.value is None:
            value = (
                f"cut: {part.size} of {counted(part.said, 'byte')} {by_count(part.size, 'is', 'are')} in the file"
                if part.size
                else f"outside the file: {counted(part.said, 'byte')}"
            )
        else:
            value, json, notes, bits, target = self.value(part, node, values)
            if target is not None and target >= self.dump.size:
                wrong = True
        return ByteRow(
            part.offset,
            part.size,
            data,
            part.depth,
            part.type,
            part.name,
            part.path,
            value,
            self.meaning(part, node, values),
            json,
            tuple(notes),
            tuple(bits),
            target,
            wrong,
            heading,
        )

    def heading(self, part: Part) -> str:
        """What a nested structure is as a whole, where that can be said in a word."""
        inner = part.inner
        assert inner is not None
        data = self.dump.source.some(part.offset, part.size)
        if len(data) < inner.size:
            return ""
        if inner is GUID:
            return guid_text(data)
        numbers = inner.unpack(data)
        if inner.name == "VS_FIXEDFILEINFO" and numbers["dwSignature"]:
            high, low = numbers["dwFileVersionMS"], numbers["dwFileVersionLS"]
            return f"version {high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
        if inner.name == "MINIDUMP_LOCATION_DESCRIPTOR" and not numbers["Rva"]:
            return "nothing"
        if inner.name == "LUID_AND_ATTRIBUTES":
            from ..format.tokens import PRIVILEGES

            return PRIVILEGES.get(numbers["Luid.LowPart"], ("",))[0]
        return ""

    def meaning(self, part: Part, node: Node, values: Dict[str, Any]) -> str:
        """The table's words for a field, and when it counts."""
        field = part.field
        if field is None:
            return part.meaning
        words = part.meaning
        if field.values is not None and isinstance(field.values, Enumeration) and isinstance(part.value, int):
            label = field.values.meaning(part.value)
            words = f"{words}; here: {label}" if label and words else words or label
        if field.unit and field.kind not in (SIZE, TIME_T, FILETIME, DURATION, SECONDS):
            words += f" ({field.unit})"
        if node.structure is not None and node.structure.name.startswith("MINIDUMP_MISC_INFO"):
            from ..format.misc import MISC_INFO_GUARDS

            bit = MISC_INFO_GUARDS.get(part.path.split(".")[0], 0)
            flags = values.get("Flags1")
            if bit and isinstance(flags, int) and not flags & bit and part.depth == 0:
                words += f". Not valid here: Flags1 has no bit 0x{bit:x}"
        elif field.when:
            words += f" (valid when {field.when})" if not field.when.startswith(("not ", "below ")) else f" (valid {field.when})"
        return words

    # -- values ----------------------------------------------------------------------------------------------------------

    def value(self, part: Part, node: Node, values: Dict[str, Any]) -> Tuple[str, Any, List[str], List[Dict[str, Any]], Optional[int]]:
        """Text, JSON value, lines below, opened bits, and where an RVA leads."""
        field, value = part.field, part.value
        if isinstance(value, (bytes, bytearray)):
            text = self.bytes_text(part, bytes(value), node)
            return text, text or None, [], [], None
        if isinstance(value, tuple):
            assert field is not None
            first = 8 if field.type.size <= 4 else 4
            shown = ", ".join(self.number(field, item) for item in value[:first])
            json = [self.plain(field, item) for item in value[:256]]
            more = len(value) - first
            if len(value) > 1 and not any(value):
                shown, more = f"{len(value)} × 0", 0
            return shown + (f", … {more} more" if more > 0 else ""), json, [], [], None
        if not isinstance(value, int) or field is None:
            return "", None, [], [], None
        opened = self.opened(part, node, value)
        if opened is not None:
            notes, bits = opened
            return f"0x{value:x}", f"0x{value:x}", notes, bits, None
        if field.kind == RVA_KIND:
            text, target = self.rva(field, value)
            return text, value, [], [], target
        special = self.special(part, value)
        text = self.number(field, value)
        if special:
            text = f"{text} {special}"
        return text, self.plain(field, value), [], [], None

    def opened(self, part: Part, node: Node, value: int) -> Optional[Tuple[List[str], List[Dict[str, Any]]]]:
        """The bits of a mask, one to a line; None for a field that is no mask."""
        field = part.field
        assert field is not None
        if part.name == "GrantedAccess" and part.owner is not None and part.owner.name in _HANDLES:
            from ..format.access import describe_access

            kind = self.dump.strings.get(int.from_bytes(self.dump.source.some(node.offset + part.owner.offset_of("TypeNameRva"), 4), "little"))
            standard, specific, rest = describe_access(kind, value)
            names = [*standard, *specific] + ([f"0x{rest:x} has no name"] if rest else [])
            return names, [{"bit": None, "name": name, "meaning": ""} for name in names]
        flags: Any = field.values
        if part.name == "ContextFlags" and flags is None and node.kind == CONTEXT:
            flags = self.context_flags(node.structure)
        if not isinstance(flags, FlagSet):
            return None
        found, rest = flags.split(value)
        notes: List[str] = []
        bits: List[Dict[str, Any]] = []
        for bit in found:
            name, meaning = flags.members[bit]
            notes.append(f"0x{bit:x} {name}: {meaning}" if meaning else f"0x{bit:x} {name}")
            bits.append({"bit": f"0x{bit:x}", "name": name, "meaning": meaning})
        if rest:
            notes.append(f"0x{rest:x}: no name is known")
            bits.append({"bit": f"0x{rest:x}", "name": None, "meaning": ""})
        if not value and 0 in flags.members:
            name, meaning = flags.members[0]
            notes.append(f"0x0 {name}: {meaning}")
        return notes, bits

    @staticmethod
    def context_flags(structure: Optional[Structure]) -> Optional[FlagSet]:
        """The meaning of ContextFlags in a context of this layout."""
        from ..format.contexts import CONTEXT_LAYOUTS

        for layouts in CONTEXT_LAYOUTS.values():
            for layout in layouts:
                if layout.structure is structure:
                    flags: FlagSet = layout.context_flags
                    return flags
        return None

    def rva(self, field: Field, value: int) -> Tuple[str, Optional[int]]:
        """An RVA with what is there."""
        if not value:
            return "0x0: nothing", None
        if value >= self.dump.size:
            return f"0x{value:x}: outside the file", value
        if field.target == "MINIDUMP_STRING":
            return f'0x{value:x} -> "{_short(self.dump.strings.get(value))}"', value
        if field.target == "MinidumpUTF8String":
            return f'0x{value:x} -> "{_short(self.dump.strings.utf8(value))}"', value
        return f"0x{value:x}" + (f" -> {field.target}" if field.target else ""), value

    def special(self, part: Part, value: int) -> str:
        """Words for numbers that the tables cannot give names to."""
        name = part.name
        owner = part.owner.name if part.owner is not None else ""
        if owner == "MINIDUMP_HEADER" and name == "Signature":
            return repr(value.to_bytes(4, "little").decode("latin-1"))
        if owner == "MINIDUMP_HEADER" and name == "Version":
            return f"({value & 0xFFFF:X}, writer {value >> 16:04X})"
        if name in _VERSIONS:
            return f"({value >> 16}.{value & 0xFFFF})"
        if name == "ExceptionCode":
            from .codes import exception_words

            # for a process of another system the structure itself has the names of the signals
            return exception_words(value) if isinstance(self.dump.fault, Absent) else ""
        if name == "DumpError" and value:
            from .codes import hresult_words

            return hresult_words(value)
        if name == "ExitStatus" and value:
            from .codes import status_words

            return status_words(value)
        field = part.field
        if field is not None and field.kind == ADDRESS and value:
            return self.dump.modules.symbol(value)
        return ""

    def number(self, field: Field, value: int) -> str:
        """A number as its kind is written."""
        kind = field.kind
        names = field.values
        if isinstance(names, Enumeration):
            label = names.label(value)
            number = f"{value}" if value < 10 else f"{value} (0x{value:x})" if value < 10_000 else f"0x{value:x}"
            return f"{number} {label}" if label else number
        if kind == ADDRESS:
            return address_text(value, self.dump.pointer_size)
        if kind == TIME_T:
            return f"0x{value:08x} {time_text(value)}" if value else "0"
        if kind == FILETIME:
            if value in (0, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF):
                return "never" if value else "0"
            return filetime_text(value)
        if kind == DURATION:
            return duration_text(value)
        if kind == SECONDS:
            return seconds_text(value)
        if kind == SIZE:
            return f"0x{value:x} ({value} bytes)" if value > 9 else f"{value}"
        if kind == COUNT:
            return f"{value}" if value < 10 else f"{value} (0x{value:x})"
        if kind in (THREAD_ID, PROCESS_ID, HEX):
            return f"0x{value:x}"
        return f"{value}"

    @staticmethod
    def plain(field: Field, value: int) -> Any:
        """The JSON value: hex strings for masks and addresses, numbers for the rest."""
        if isinstance(field.values, FlagSet) or (field.kind in (HEX, ADDRESS) and (field.values is None or field.name in _HEX)):
            return f"0x{value:x}"
        return value

    def bytes_text(self, part: Part, data: bytes, node: Node) -> str:
        """Bytes as text where they are one."""
        field = part.field
        wide = part.type.startswith("WCHAR")
        if field is not None and (field.kind == TEXT or wide):
            if wide:
                text = data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")
            else:
                text = data.decode("utf-8", "surrogateescape")
            if part.name != "Buffer":
                text = text.split("\0", 1)[0]
            return f'"{_short(text, 400)}"'
        if field is None and part.name in ("", "(information)", "(registers)") and node.kind != MEMORY and data:
            return _printable_run(data)
        return ""


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def _printable_run(data: bytes) -> str:
    """Opaque bytes that are text, quoted; an empty string for others."""
    head = data[:400]
    body = head.rstrip(b"\0")
    if len(body) >= 4 and all(32 <= byte < 127 or byte in (9, 10, 13) for byte in body):
        return f'"{_short(body.decode("ascii"), 120)}"'
    if len(body) >= 8 and not any(body[1::2]) and all(32 <= byte < 127 or byte in (9, 10, 13) for byte in body[::2]):
        return f'"{_short(body[::2].decode("ascii"), 120)}"'
    return ""


__all__ = ["MAX_SHOWN", "SHOWN", "Wording"]

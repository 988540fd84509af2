"""Unreal Engine's crash context: the XML text that its crash handler hands to MiniDumpWriteDump as a user stream.

The stream has the first number that is free for programs, 0x10000 (``UE4_MINIDUMP_CRASHCONTEXT = LastReservedStream + 1`` in
WindowsPlatformCrashContext.cpp), and a text of UTF-16, in older engines of UTF-8. The writer gives the capacity of its string, not the length,
so what stands after the first NUL is left over from before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, Union

from ..absence import DAMAGED, NOT_KNOWN, NOT_THERE, Absent
from ..directory import Stream

if TYPE_CHECKING:
    from ..minidump import Minidump

CRASH_CONTEXT = 0x10000
"""UE4_MINIDUMP_CRASHCONTEXT. Any program may use the number, so the text decides."""

NAME = "UE4_MINIDUMP_CRASHCONTEXT"
MARK = "FGenericCrashContext"
MAX_CONTEXT = 1 << 20
"""Bytes of the text that are decoded."""
MAX_PROPERTIES = 2000
_PROBE = 4096
_PROPERTY = re.compile(r"<([A-Za-z_][\w.]{0,79})>([^<]*)</\1>")
_REFERENCE = re.compile(r"&(#\d{1,7}|#x[0-9a-fA-F]{1,6}|lt|gt|amp|quot|apos);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


class UnrealProperty(NamedTuple):
    """One element of the text that holds text: ``offset`` is where its value begins in the file."""

    text: str
    offset: int


class UnrealContext(NamedTuple):
    """The crash context: its elements by name, the first of a name. ``offset`` is where the stream begins."""

    properties: Dict[str, UnrealProperty]
    offset: int
    truncated: bool

    def get(self, name: str) -> str:
        """The text of an element, an empty string without one."""
        found = self.properties.get(name)
        return "" if found is None else found.text


def crash_context_stream(dump: Minidump) -> Optional[Stream]:
    """The stream 0x10000 if it holds a crash context of Unreal Engine."""
    stream = dump.stream(CRASH_CONTEXT)
    if stream is None or MARK.encode() not in dump.source.some(stream.rva, min(stream.size, _PROBE)).replace(b"\0", b""):
        return None
    return stream


def read_unreal(dump: Minidump) -> Union[UnrealContext, Absent]:
    """The crash context. Nothing of the text is trusted: elements are found by a pattern, entities are the five of XML and numbers."""
    stream = dump.stream(CRASH_CONTEXT)
    if stream is None:
        return Absent(NOT_THERE, "no crash context of Unreal Engine: the file holds no stream 0x10000")
    if crash_context_stream(dump) is None:
        return Absent(NOT_KNOWN, f"stream 0x10000 is no crash context of Unreal Engine: its text does not say {MARK}")
    data = dump.source.some(stream.rva, min(stream.size, MAX_CONTEXT))
    wide = (len(data) > 1 and data[1] == 0) or data[:2] == b"\xff\xfe"
    encoding, errors = ("utf-16-le", "surrogatepass") if wide else ("utf-8", "surrogateescape")
    text = (data[: len(data) & ~1] if wide else data).decode(encoding, errors)
    whole = text.split("\0", 1)[0]
    found: Dict[str, UnrealProperty] = {}
    position, offset = 0, stream.rva
    for match in _PROPERTY.finditer(whole):
        start = match.start(2)
        between = whole[position:start]
        offset += len(between.encode(encoding, errors))
        position = start
        if len(found) >= MAX_PROPERTIES:
            break
        found.setdefault(match.group(1), UnrealProperty(_REFERENCE.sub(_character, match.group(2)).strip(), offset))
    if not found:
        return Absent(DAMAGED, f"the crash context of Unreal Engine at 0x{stream.rva:x} has no element that is whole")
    return UnrealContext(found, stream.rva, stream.size > MAX_CONTEXT)


def _character(match: re.Match[str]) -> str:
    """What a reference such as ``&lt;`` or ``&#13;`` stands for."""
    name = match.group(1)
    if not name.startswith("#"):
        return _NAMED[name]
    number = int(name[2:], 16) if name[1:2] == "x" else int(name[1:])
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"

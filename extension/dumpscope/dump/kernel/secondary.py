"""Secondary data after a triage dump: blobs with a GUID each, which drivers and the system added while the machine stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, NamedTuple

from ...format.guid import guid_text
from ...format.kernel import BLOB_SIGNATURE, DUMP_BLOB_FILE_HEADER, DUMP_BLOB_HEADER
from ..absence import Absent

if TYPE_CHECKING:
    from .kerneldump import KernelDump

_TAG = DUMP_BLOB_HEADER.offset_of("Tag")


class Blob(NamedTuple):
    """One blob: its tag as text, the offset of its header, that of its data, the bytes of data and of padding after it that the file holds."""

    tag: str
    offset: int
    data: int
    size: int
    claimed: int
    padding: int


def secondary_start(dump: KernelDump) -> int:
    """Where the secondary data begin; 0 where there are none."""
    triage = dump.triage
    if isinstance(triage, Absent):
        return 0
    start: int = triage["SizeOfDump"]
    return start if dump.source.some(start, 8) == BLOB_SIGNATURE else 0


def blobs(dump: KernelDump) -> List[Blob]:
    """The blobs in the order of the file, as far as it holds their headers."""
    start = secondary_start(dump)
    head = dump.source.some(start, DUMP_BLOB_FILE_HEADER.size) if start else b""
    if len(head) < DUMP_BLOB_FILE_HEADER.size:
        return []
    least = DUMP_BLOB_HEADER.size
    at = start + max(DUMP_BLOB_FILE_HEADER.unpack(head)["HeaderSize"], DUMP_BLOB_FILE_HEADER.size)
    found: List[Blob] = []
    while True:
        data = dump.source.some(at, least)
        if len(data) < least:
            return found
        values = DUMP_BLOB_HEADER.unpack(data)
        if values["HeaderSize"] < least:
            return found
        place = at + values["HeaderSize"] + values["PrePad"]
        held = dump.source.available(place, values["DataSize"])
        padding = dump.source.available(place + values["DataSize"], values["PostPad"])
        found.append(Blob(guid_text(data[_TAG : _TAG + 16]), at, place, held, values["DataSize"], padding))
        at = place + values["DataSize"] + values["PostPad"]

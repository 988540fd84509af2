"""Mozilla's own streams: what macOS says of a crash, and the writer's own troubles."""

from __future__ import annotations

from ..header import MINIDUMP_LOCATION_DESCRIPTOR
from ..layout import COUNT, HEX, RVA64, SIZE, ULONG32, Field, Structure

_SOURCE = "rust-minidump/rust-minidump minidump-common format.rs"

MAC_CRASH_INFOS_MAX = 20
"""Records that MozMacosCrashInfoStream has room for."""

MINIDUMP_MAC_CRASH_INFO = Structure(
    "MINIDUMP_MAC_CRASH_INFO",
    [
        Field("stream_type", ULONG32, "the stream's own number", HEX),
        Field("record_count", ULONG32, "how many records there are", COUNT),
        Field("record_start_size", ULONG32, "length of a record before its texts", SIZE, unit="bytes"),
        Field("records", MINIDUMP_LOCATION_DESCRIPTOR, "the records", count=MAC_CRASH_INFOS_MAX, when="below record_count"),
    ],
    source=_SOURCE,
    meaning="Crash information that macOS images left.",
)

MINIDUMP_MAC_BOOTARGS = Structure(
    "MINIDUMP_MAC_BOOTARGS",
    [
        Field("stream_type", ULONG32, "the stream's own number", HEX),
        Field("bootargs", RVA64, "the kernel's boot arguments", target="MINIDUMP_STRING"),
    ],
    source=_SOURCE,
    meaning="How macOS was started.",
)

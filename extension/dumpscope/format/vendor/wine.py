"""What Wine adds to a dump."""

from __future__ import annotations

from ..layout import COUNT, HEX, ULONG32, Field, Structure

WINE_SIGNATURE = 0x454E4957
"""The bytes ``WINE`` as a little-endian number."""

WINE_SYSTEM_INFO = Structure(
    "WINE_SYSTEM_INFO",
    [
        Field("Signature", ULONG32, "the bytes WINE", HEX),
        Field("Count", ULONG32, "how many texts there are, 3", COUNT),
        Field("BuildId", ULONG32, "where the version of Wine is, from the byte after Signature", HEX, unit="bytes"),
        Field("HostSystem", ULONG32, "where the name of the host's system is", HEX, unit="bytes"),
        Field("HostRelease", ULONG32, "where the release of the host's system is", HEX, unit="bytes"),
    ],
    source="Wine dlls/dbghelp/minidump.c; observed: Wine 8.0",
    meaning="Stands directly after MINIDUMP_SYSTEM_INFO in a dump of Wine; no stream of its own. The names of its members are this project's.",
)

NEVER_WRITTEN = 0x41824
"""Bits of MINIDUMP_TYPE that Wine keeps in the header without writing the streams they ask for."""

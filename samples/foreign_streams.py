"""Streams of writers other than Microsoft's: Crashpad, Breakpad, Mozilla, Wine, Windows CE, programs of their own."""

import struct
from abc import ABC, abstractmethod
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from .blocks import guid_bytes

LINUX_TEXTS = {
    "cpuinfo": 0x47670003,
    "status": 0x47670004,
    "lsb-release": 0x47670005,
    "cmdline": 0x47670006,
    "environ": 0x47670007,
    "auxv": 0x47670008,
    "maps": 0x47670009,
}
MOZILLA_LIMITS = 0x4D7A0003
MOZILLA_SOFT_ERRORS = 0x4D7A0004
STABILITY_REPORT = 0x4B6B0002
USER_STREAM = 0x10000
CE_STREAMS = range(0x8000, 0x800D)

Annotation = Tuple[str, int, bytes]


class ForeignStreams(ABC):
    """The part of DumpBuilder that writes other people's streams. What it is written with is DumpBuilder's."""

    bits: int

    @abstractmethod
    def append(self, data: bytes, align: int = 1) -> int:
        """Bytes at the end of the file; where they are."""

    @abstractmethod
    def string(self, text: Optional[str]) -> int:
        """A MINIDUMP_STRING; where it is."""

    @abstractmethod
    def utf8(self, text: str) -> int:
        """A MinidumpUTF8String; where it is."""

    @abstractmethod
    def add_stream(self, stream_type: int, data: bytes) -> int:
        """An entry of the directory and its bytes; its index."""

    # --- Crashpad ----------------------------------------------------------------------------------------------------

    def _dictionary(self, pairs: Dict[str, str]) -> Tuple[int, int]:
        if not pairs:
            return 0, 0
        rows = [struct.pack("<II", self.utf8(key), self.utf8(value)) for key, value in pairs.items()]
        data = struct.pack("<I", len(rows)) + b"".join(rows)
        return len(data), self.append(data, 4)

    def crashpad_module(
        self, index: int, simple: Optional[Dict[str, str]] = None, strings: Sequence[str] = (), objects: Iterable[Annotation] = ()
    ) -> Tuple[int, int, int]:
        """One entry of the module list: (module index, size, rva). Objects are (name, type, value)."""
        simple_size, simple_rva = self._dictionary(simple or {})
        list_size = list_rva = object_size = object_rva = 0
        if strings:
            data = struct.pack("<I", len(strings)) + b"".join(struct.pack("<I", self.utf8(text)) for text in strings)
            list_size, list_rva = len(data), self.append(data, 4)
        rows: List[bytes] = []
        for name, kind, value in objects:
            value_rva = self.append(struct.pack("<I", len(value)) + value, 4)
            rows.append(struct.pack("<IHHI", self.utf8(name), kind, 0, value_rva))
        if rows:
            data = struct.pack("<I", len(rows)) + b"".join(rows)
            object_size, object_rva = len(data), self.append(data, 4)
        info = struct.pack("<7I", 1, list_size, list_rva, simple_size, simple_rva, object_size, object_rva)
        return index, len(info), self.append(info, 4)

    def add_crashpad_info(
        self,
        simple: Optional[Dict[str, str]] = None,
        modules: Sequence[Tuple[int, int, int]] = (),
        report_id: str = "6f1d3c52-7a0e-4c86-9d55-20c3b1a4e8f7",
        client_id: str = "0b8e7d16-93c4-4f2a-8a61-5de2f7c90b34",
        old: bool = False,
    ) -> int:
        """Crashpad's own stream; the old form lacks the last two members."""
        simple_size, simple_rva = self._dictionary(simple or {})
        size = rva = 0
        if modules:
            data = struct.pack("<I", len(modules)) + b"".join(struct.pack("<III", *row) for row in modules)
            size, rva = len(data), self.append(data, 4)
        body = struct.pack("<I", 1) + guid_bytes(report_id) + guid_bytes(client_id)
        body += struct.pack("<IIII", simple_size, simple_rva, size, rva)
        return self.add_stream(0x43500001, body if old else body + struct.pack("<IQ", 0, 0))

    # --- Breakpad ----------------------------------------------------------------------------------------------------

    def add_breakpad_info(self, dump_tid: int, requesting_tid: int, validity: int = 3) -> int:
        """Breakpad's thread ids."""
        return self.add_stream(0x47670001, struct.pack("<III", validity, dump_tid, requesting_tid))

    def add_assertion(self, expression: str, function: str, file: str, line: int, kind: int = 1) -> int:
        """Breakpad's assertion record, 776 bytes."""
        texts = [text.encode("utf-16-le")[:254] for text in (expression, function, file)]
        return self.add_stream(0x47670002, struct.pack("<256s256s256sII", *texts, line, kind))

    def add_linux_text(self, name: str, data: bytes) -> int:
        """A copied /proc file: a key of LINUX_TEXTS."""
        return self.add_stream(LINUX_TEXTS[name], data)

    def add_dso_debug(self, objects: Sequence[Tuple[int, str, int]], brk: int = 0, ldbase: int = 0, dynamic: int = 0) -> int:
        """The dynamic linker's list: objects are (load address, name, address of the dynamic section)."""
        wide = self.bits == 64
        rows = [struct.pack("<QI4xQ" if wide else "<III", address, self.string(name), ld) for address, name, ld in objects]
        rva = self.append(b"".join(rows), 4) if rows else 0
        layout = "<III4xQQQ" if wide else "<IIIIII"
        return self.add_stream(0x4767000A, struct.pack(layout, 1, rva, len(rows), brk, ldbase, dynamic))

    # --- Mozilla -----------------------------------------------------------------------------------------------------

    def add_mac_boot_args(self, text: str) -> int:
        """Boot arguments of a macOS kernel."""
        return self.add_stream(0x4D7A0002, struct.pack("<IQ", 0x4D7A0002, self.string(text)))

    def add_mac_crash_info(self, records: Sequence[bytes]) -> int:
        """Mozilla's macOS crash information: a list of records, opaque here."""
        rvas = [(len(record), self.append(record, 4)) for record in records]
        rows = b"".join(struct.pack("<II", *row) for row in rvas)
        return self.add_stream(0x4D7A0001, struct.pack("<III", 0x4D7A0001, len(records), 16) + rows)

    # --- Wine --------------------------------------------------------------------------------------------------------

    def add_wine_marker(self, build: str = "wine-9.0", host: str = "Linux", release: str = "6.1.0-18-amd64") -> int:
        """Wine's marker with its three strings; to be called directly after add_system_info."""
        texts = [text.encode("ascii") + b"\0" for text in (build, host, release)]
        offsets = (16, 16 + len(texts[0]), 16 + len(texts[0]) + len(texts[1]))
        return self.append(b"WINE" + struct.pack("<IIII", 3, *offsets) + b"".join(texts))

"""Calling conventions of functions, as the types of a PDB have them.

Source of the format: microsoft/microsoft-pdb, include/cvinfo.h (PROCSYM32, lfProc, lfMFunc, CV_call_e) and PDB/dbi/dbi.h; LLVM's "The PDB DBI Stream".
"""

from __future__ import annotations

import struct
from array import array
from typing import Dict, Iterator, Optional, Set, Tuple

from ..dump.source import Source
from ..errors import DumpError
from .pdb import stream_of

CALLS: Dict[int, str] = {
    0: "cdecl",
    1: "cdecl",
    2: "pascal",
    3: "pascal",
    4: "fastcall",
    5: "fastcall",
    7: "stdcall",
    8: "stdcall",
    9: "syscall",
    10: "syscall",
    11: "thiscall",
    22: "clrcall",
    24: "vectorcall",
}
"""CV_call_e in the debugger's words, near and far; those of other processors are left out (observed: dbgeng 10.0.15063, which does not know the last two)."""
MAX_STREAM = 1 << 26
"""Bytes of a stream that is gone through."""
MAX_KEPT = 8
"""Streams that are kept."""
_TPI, _DBI, _IPI = 2, 3, 4
_DBI_HEADER = struct.Struct("<24x8I8x")
_MODULE = struct.Struct("<34xHI24x")
_CONTRIBUTION = struct.Struct("<HxxIIIHxxII")
_VERSION, _VERSION_2 = 0xEFFE0000 + 19970605, 0xEFFE0000 + 20140516
_OMAP_TO, _OMAP_FROM, _SECTIONS = 3, 4, 5
_PROCEDURES = {0x110F: False, 0x1110: False, 0x1146: True, 0x1147: True}
"""S_LPROC32 and S_GPROC32, and the forms of them whose type is an id of the IPI stream."""
_PROCEDURE = struct.Struct("<12xI8xIIH")
_LF_PROCEDURE, _LF_MFUNCTION, _LF_FUNC_ID, _LF_MFUNC_ID = 0x1008, 0x1009, 0x1601, 0x1602


def _records(data: bytes, place: int) -> Iterator[Tuple[int, bytes]]:
    """Kind and body of the records that follow one another; what does not fit ends them."""
    while place + 4 <= len(data):
        size, kind = struct.unpack_from("<HH", data, place)
        if size < 2 or place + 2 + size > len(data):
            return
        yield kind, data[place + 4 : place + 2 + size]
        place += 2 + size


class Conventions:
    """The calling conventions of the functions of one PDB file, read when they are asked for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._streams: Dict[int, bytes] = {}
        self._starts: Dict[int, array[int]] = {}
        """Where the records of a stream of types begin."""
        self._found: Dict[int, str] = {}
        self._inline: Optional[Dict[str, Set[int]]] = None

    def at(self, rva: int) -> str:
        """The convention of the function at an RVA, as ``stdcall``; an empty string where the file does not say."""
        if rva not in self._found:
            try:
                self._found[rva] = self._look(rva)
            except (DumpError, struct.error):
                self._found[rva] = ""
        return self._found[rva]

    def of_inline(self, name: str) -> str:
        """The convention of a function that was put inline, by its name, if all functions of that name have the same; else an empty string."""
        try:
            if self._inline is None:
                self._inline = self._ids()
        except (DumpError, struct.error):
            self._inline = {}
        found = {self._convention(index) for index in self._inline.get(name.rpartition("::")[2], ())}
        return found.pop() if len(found) == 1 else ""

    def _ids(self) -> Dict[str, Set[int]]:
        """The types of functions by their names, from the IPI stream."""
        data = self._stream(_IPI)
        found: Dict[str, Set[int]] = {}
        for kind, body in _records(data, int.from_bytes(data[4:8], "little")):
            if kind in (_LF_FUNC_ID, _LF_MFUNC_ID):
                found.setdefault(body[8:].split(b"\0")[0].decode("utf-8", "replace"), set()).add(int.from_bytes(body[4:8], "little"))
        return found

    def _stream(self, number: int) -> bytes:
        if number not in self._streams:
            if len(self._streams) >= MAX_KEPT:
                self._streams.clear()
            source = Source.from_path(self.path)
            try:
                data = stream_of(source, number)
            finally:
                source.close()
            self._streams[number] = data if len(data) <= MAX_STREAM else b""
        return self._streams[number]

    def _look(self, rva: int) -> str:
        dbi = self._stream(_DBI)
        modules, contributions, sections, files, servers, _, optional, names = _DBI_HEADER.unpack_from(dbi)
        behind = 64 + modules
        headers = struct.unpack_from(f"<{optional // 2}H", dbi, behind + contributions + sections + files + servers + names)
        if len(headers) <= _SECTIONS or any(headers[index] != 0xFFFF for index in (_OMAP_TO, _OMAP_FROM)):
            return ""  # the image was rearranged
        place = self._place(self._stream(headers[_SECTIONS]), rva)
        module = None if place is None else self._contributor(dbi[behind : behind + contributions], *place)
        if place is None or module is None:
            return ""
        number, size = self._module(dbi[64:behind], module)
        for kind, body in _records(self._stream(number)[:size], 4):
            if kind in _PROCEDURES and len(body) >= _PROCEDURE.size:
                length, index, offset, section = _PROCEDURE.unpack_from(body)
                if section == place[0] and offset <= place[1] < offset + max(length, 1):
                    return self._convention(self._of_id(index) if _PROCEDURES[kind] else index)
        return ""

    @staticmethod
    def _place(headers: bytes, rva: int) -> Optional[Tuple[int, int]]:
        """Section, counted from 1, and offset there."""
        for number in range(len(headers) // 40):
            size, start = struct.unpack_from("<II", headers, 40 * number + 8)
            if start <= rva < start + size:
                return number + 1, rva - start
        return None

    @staticmethod
    def _contributor(data: bytes, section: int, offset: int) -> Optional[int]:
        """The object that a piece of a section came from."""
        version = int.from_bytes(data[:4], "little")
        step = _CONTRIBUTION.size + (4 if version == _VERSION_2 else 0)
        if version not in (_VERSION, _VERSION_2):
            return None
        for place in range(4, len(data) - step + 1, step):
            where, start, size, _, module, _, _ = _CONTRIBUTION.unpack_from(data, place)
            if where == section and start <= offset < start + size:
                return int(module)
        return None

    @staticmethod
    def _module(data: bytes, wanted: int) -> Tuple[int, int]:
        """Number of the stream of an object's symbols, and their size."""
        place = 0
        for index in range(wanted + 1):
            stream, size = _MODULE.unpack_from(data, place)
            if index == wanted:
                return stream, size
            first = data.find(b"\0", place + 64)  # two names stand after
            place = data.find(b"\0", first + 1) + 4 & ~3
            if first < 0 or place < first:
                break
        return 0xFFFF, 0

    def _type(self, stream: int, index: int) -> Tuple[int, bytes]:
        data = self._stream(stream)
        _, header, begin, _ = struct.unpack_from("<IIII", data)
        starts = self._starts.get(stream)
        if starts is None:
            starts = self._starts[stream] = array("I")
            place = header
            while place + 4 <= len(data):
                starts.append(place)
                place += 2 + max(int.from_bytes(data[place : place + 2], "little"), 2)
        if not begin <= index < begin + len(starts):
            return 0, b""
        return next(_records(data, starts[index - begin]), (0, b""))

    def _of_id(self, index: int) -> int:
        kind, body = self._type(_IPI, index)
        return int.from_bytes(body[4:8], "little") if kind in (_LF_FUNC_ID, _LF_MFUNC_ID) else 0

    def _convention(self, index: int) -> str:
        kind, body = self._type(_TPI, index)
        at = {_LF_PROCEDURE: 4, _LF_MFUNCTION: 12}.get(kind, len(body))
        return CALLS.get(body[at], "") if at < len(body) else ""

"""Reads proofs back from the bytes of a file, with ``struct`` and no table of the package: what stands at a proof's offset, against what it says."""

import re
import struct
from typing import Callable, List, Match, NamedTuple, Optional, Tuple

from dumpscope.diagnosis.evidence import Proof

N = r"(0x[0-9a-f]+|\d+)"


class Entry(NamedTuple):
    """A directory entry, and where it stands."""

    at: int
    type: int
    size: int
    rva: int


class Shape(NamedTuple):
    """A kind of proof: what it is about, how its value reads, and the numbers of the value as they stand at the offset."""

    what: str
    value: str
    layout: str
    delta: int = 0


SHAPES = [
    Shape(r"header Flags", N + r"(?:[:,].*)?", "<Q"),
    Shape(r"header CheckSum.*", N + r"(?::.*)?", "<I"),
    Shape(r"header (?:NumberOfStreams|TimeDateStamp)", N + r".*", "<I"),
    Shape(r"header StreamDirectoryRva", N + r":.*", "<I"),
    Shape(r"header NumberOfStreams, StreamDirectoryRva", N + r" streams?, directory at " + N, "<II"),
    Shape(r"header Version, (?:high|low) word", N + r".*", "<H"),
    Shape(r"writer: header\.Version", r"high word " + N + r":.*", "<H", 2),
    Shape(r"directory entry .*, DataSize", N, "<I"),
    Shape(r"directory entry \d+", r"\w+: size " + N + r", RVA " + N, "<II", 4),
    Shape(r"directory entry \d+", r"\w+ at RVA " + N + r", before the directory", "<I", 8),
    Shape(r"directory entry .*", r"type " + N + r" \(.*\), size " + N + r", RVA " + N + r".*", "<III"),
    Shape(r"ExceptionRecord\.(?:ExceptionCode|NumberParameters)", N + r".*", "<I"),
    Shape(r"ExceptionRecord\.ExceptionAddress", N + r".*", "<Q"),
    Shape(r"ExceptionStream\.ThreadId", N + r".*", "<I"),
    Shape(r"ExceptionStream\.ThreadContext", r"size " + N + r", RVA " + N, "<II"),
    Shape(r"ExceptionStream\.ThreadContext", N + r" bytes at RVA " + N + r".*", "<II"),
    Shape(r"SystemInfo\.ProcessorArchitecture", N + r".*", "<H"),
    Shape(r"writer: SystemInfo\.PlatformId", N + r".*", "<I"),
    Shape(r"HandleDataStream\.(?:NumberOfDescriptors|SizeOfDescriptor)", N + r".*", "<I"),
    Shape(r"ThreadListStream\.NumberOfThreads", N + r".*", "<I"),
    Shape(r"ThreadListStream", N + r" threads?, none with this id", "<I"),
    Shape(r"tokens in the TokenStream", N, "<I", 4),
    Shape(r"Memory64ListStream\.(?:BaseRva|NumberOfMemoryRanges)", N + r".*", "<Q"),
    Shape(r"Teb of thread [0-9a-f]+", N + r": .*", "<Q"),
    Shape(r"thread [0-9a-f]+ \(index \d+\)", r"Teb " + N, "<Q"),
    Shape(r"thread [0-9a-f]+", r"ThreadContext size " + N + ", RVA " + N, "<II"),
    Shape(r"ThreadContext of thread [0-9a-f]+", N + r" bytes at RVA " + N, "<II"),
    Shape(r"ContextFlags of thread [0-9a-f]+", N + r": .*", "<I"),
    Shape(r"ContextFlags", r"registers of thread 0x[0-9a-f]+: ContextFlags " + N + r" .*", "<I"),
    Shape(r"ThreadInfo of thread [0-9a-f]+", r"DumpFlags " + N + r"(?:, DumpError " + N + r" \(.*\))?", "<II"),
    Shape(r"MiscInfo\.Flags1", N + r": .*", "<I"),
    Shape(r"(?:SystemMemoryInfo\.BasicInfo\.PageSize)", N, "<I"),
    Shape(r"BasicPerfInfo\.\w+", N + r".*", "<Q"),
    Shape(r"Job\w+", N + r".*", "<Q"),
    Shape(r"CvRecord of .*", r"size " + N + r", RVA " + N, "<II"),
    Shape(r"(?:unloaded )?module at 0x[0-9a-f]+", r"ModuleNameRva " + N, "<I"),
    Shape(r"main module", r".* at " + N, "<Q"),
    Shape(r"MemoryListStream range \d+", N + r" bytes at RVA " + N, "<II", 8),
    Shape(r"range \d+", N + r", " + N + r" bytes.*", "<QQ"),
]


def _number(text: str) -> int:
    return int(text, 0)


class Reader:
    """The bytes of a file, with as much reading as proofs need."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def unpack(self, layout: str, at: int) -> Tuple[int, ...]:
        """Numbers at an offset; nothing where the file ends before."""
        size = struct.calcsize(layout)
        return struct.unpack(layout, self.data[at : at + size]) if 0 <= at <= len(self.data) - size else ()

    def entries(self) -> List[Entry]:
        """All entries of the directory."""
        head = self.unpack("<4xIII", 0)
        count, rva = (head[1], head[2]) if head else (0, 0)
        found = ((rva + index * 12, self.unpack("<III", rva + index * 12)) for index in range(min(count, 0x10000)))
        return [Entry(at, *numbers) for at, numbers in found if len(numbers) == 3]

    def text(self, at: int, characters: int) -> str:
        """UTF-16 text."""
        return self.data[at : at + 2 * characters].decode("utf-16-le", "replace")

    def string(self, rva: int) -> str:
        """A MINIDUMP_STRING."""
        length = self.unpack("<I", rva)
        return self.text(rva + 4, length[0] // 2) if length else ""

    def bases(self) -> List[Tuple[int, str]]:
        """Base and name of each module."""
        found = []
        for entry in self.entries():
            if entry.type == 4:
                (count,) = self.unpack("<I", entry.rva) or (0,)
                start = entry.rva + (8 if entry.size == 8 + count * 108 else 4)
                for index in range(min(count, 0x10000)):
                    numbers = self.unpack("<QIIII", start + index * 108)
                    if numbers:
                        found.append((numbers[0], self.string(numbers[4])))
        return found


Special = Callable[[Reader, Proof], str]


def _says(condition: bool, found: object) -> str:
    return "" if condition else f"the file has {found} there"


def _directory(file: Reader, proof: Proof) -> str:
    said = re.match(r"(\d+) entr(?:y|ies), none of type (\d+)", proof.value)
    if said is None and proof.value.startswith("SystemInfoStream"):
        return _lists(file, proof)
    if said is None:
        zero = re.fullmatch(r"all 0x([0-9a-f]+) bytes are zero", proof.value)
        known = re.match(r"none of the (\d+) entries at 0x([0-9a-f]+)", proof.value)
        at = proof.offset or 0
        if zero is not None:
            return _says(not any(file.data[at : at + int(zero[1], 16)]), "other bytes than zeros")
        return _says(known is not None and int(known[2], 16) == at and len(file.entries()) <= int(known[1]), proof.value)
    types = [entry.type for entry in file.entries()]
    return _says(len(types) == int(said[1]) and int(said[2]) not in types and file.unpack("<8xI4xI", 0)[1:] != (), types)


def _hexadecimal(file: Reader, proof: Proof) -> str:
    said = re.match(r"(?:[0-9a-f]{2}(?: |$|(?=[:,])))+", proof.value)
    if said is None:
        return f"{proof.value!r} has no bytes"
    expected = bytes.fromhex(said[0])
    found = file.data[proof.offset or 0 :][: len(expected)]
    return _says(found == expected, found.hex(" "))


def _text(file: Reader, proof: Proof) -> str:
    at = proof.offset or 0
    plain = file.text(at, len(proof.value)), file.text(at + 4, len(proof.value)), file.data[at : at + len(proof.value)].decode("latin-1")
    if any(found == proof.value for found in plain):
        return ""
    wanted = proof.value.replace(" ", "")
    return _says(any("".join(found.split()) == wanted for found in (file.text(at, 400).split("\0")[0], file.string(at))), plain)


def _module(file: Reader, proof: Proof) -> str:
    """The name of the module whose record stands at the offset."""
    rva = file.unpack("<20xI", proof.offset or 0)
    found = file.string(rva[0]) if rva else ""
    return _says(found == proof.value, found)


def _second(file: Reader, proof: Proof) -> str:
    """A second directory entry of a type, and the first, which is used."""
    entries = file.entries()
    said = re.fullmatch(r"a second \w+; entry (\d+) is used", proof.value)
    here = [entry for entry in entries if entry.at == proof.offset]
    return _says(said is not None and bool(here) and entries[int(said[1])].type == here[0].type, here)


def _lists(file: Reader, proof: Proof) -> str:
    types = {entry.type for entry in file.entries()}
    return _says(proof.value != "SystemInfoStream and lists are there" or (7 in types and bool(types & {3, 4, 5, 9})), types)


def _held(file: Reader, proof: Proof) -> str:
    """How many bytes of a stream the file has."""
    held = {min(entry.size, len(file.data) - entry.rva) for entry in file.entries() if entry.rva == proof.offset}
    return _says(int(proof.value) in held, held)


def _range(file: Reader, proof: Proof) -> str:
    """A range of memory with its end, and where its bytes are; a list of 64-bit ranges does not store the last."""
    said = re.fullmatch(N + r" to " + N + r", bytes at " + N, proof.value)
    if said is None:
        return f"{proof.value!r} is no range"
    start, end, rva = (_number(group) for group in said.groups())
    at = proof.offset or 0
    return _says(file.unpack("<QII", at) == (start, end - start, rva) or file.unpack("<QQ", at) == (start, end - start), file.unpack("<QQ", at))


def _stack(file: Reader, proof: Proof) -> str:
    said = re.match(N + r" bytes at " + N, proof.value)
    found = file.unpack("<QI", proof.offset or 0)
    return _says(said is not None and found == (_number(said[2]), _number(said[1])), found)


def _pointer(file: Reader, proof: Proof) -> str:
    """An instruction pointer, as an address or as ``module+0x…``."""
    said = re.fullmatch(r"(?:(.+)\+)?0x([0-9a-f]+)", proof.value)
    if said is None:
        return f"{proof.value!r} is no address"
    found = {number for layout in ("<Q", "<I") for number in file.unpack(layout, proof.offset or 0)}
    wanted = {int(said[2], 16) + base for base in ([base for base, _ in file.bases()] if said[1] else [0])}
    return _says(bool(found & wanted), [hex(number) for number in found])


def _descriptor(file: Reader, proof: Proof) -> str:
    handle = int(proof.what.rpartition(" ")[2], 16)
    found = file.unpack("<QIIII", (proof.offset or 0) - 8)
    if found[:1] != (handle,):
        found = file.unpack("<QIIII", (proof.offset or 0) - 12)
    said = re.fullmatch(r"TypeNameRva (\d+), access (0x[0-9a-f]+)", proof.value)
    if said is not None:
        return _says((found[0], found[1], found[4]) == (handle, int(said[1]), int(said[2], 16)), found)
    return _says(found[0] == handle and found[2] == 0 and "ObjectNameRva 0" in proof.value, (found, proof.value))


def _stream(file: Reader, proof: Proof) -> str:
    """A flag's content: a directory entry, and where it counts handles or modules, the number that the stream has."""
    entry = {entry.at: entry for entry in file.entries()}.get(proof.offset or 0)
    if entry is None:
        return "no directory entry stands there"
    handles = re.match(r"(\d+) handles?", proof.value)
    size = re.fullmatch(r"\w+, 0x([0-9a-f]+) bytes", proof.value)
    if handles is not None:
        return _says(entry.type == 12 and file.unpack("<8xI", entry.rva) == (int(handles[1]),), entry)
    if size is not None:
        return _says(entry.size == int(size[1], 16), entry)
    return ""


def _writer_stream(file: Reader, proof: Proof) -> str:
    return _says((proof.offset or 0) in {entry.at for entry in file.entries() if entry.type >= 0xFFF0}, "no stream of another writer")


def _damage(file: Reader, proof: Proof) -> str:
    """Damage: the size and RVA of a stream are those of a directory entry; a number that is claimed stands at the offset."""
    at = proof.offset or 0
    place = re.search(r"Stream: 0x([0-9a-f]+) bytes at 0x([0-9a-f]+)", proof.value)
    if place is not None and (int(place[1], 16), int(place[2], 16)) not in {(entry.size, entry.rva) for entry in file.entries()}:
        return f"no directory entry has {place[0]}"
    size = re.search(r"the directory says 0x([0-9a-f]+) bytes, (\d+) records", proof.value)
    if size is not None and int(size[1], 16) not in {entry.size for entry in file.entries()}:
        return f"no directory entry has {size[0]}"
    here = {number for layout in ("<I", "<Q") for number in file.unpack(layout, at)}
    head = {number for place in range(at, at + 24, 4) for layout in ("<I", "<Q") for number in file.unpack(layout, place)}
    field = re.search(r"(?:SizeOf\w+ is|its RVA|claims) 0x([0-9a-f]+)", proof.value)
    if size is not None:
        return _says(int(size[2]) in head or at in {entry.at for entry in file.entries()}, here)
    return _says(field is None or int(field[1], 16) in here, here)


def _xstate(file: Reader, proof: Proof) -> str:
    """XStateData of MiscInfo version 5, 836 bytes behind its start: cut off by SizeOfInfo, or zeros."""
    at = proof.offset or 0
    (size,) = file.unpack("<I", at)
    return _says(size <= 832 or not any(file.data[at + 832 : at + min(size, 1360)]), size)


def _absent_id(file: Reader, proof: Proof) -> str:
    """A thread of the thread list that stands at the offset, with its id first."""
    return _says(file.unpack("<I", proof.offset or 0) == (int(proof.what.split()[1], 16),), file.unpack("<I", proof.offset or 0))


def _stops(file: Reader, proof: Proof) -> str:
    """Words on registers: a context is at the offset."""
    return _says(0 <= (proof.offset or 0) <= len(file.data) - 0x2CC, "no context")


SPECIALS: List[Tuple[str, Special]] = [
    (r"directory entry \d+", _second),
    (r"module", _module),
    (r"bytes of it in the file", _held),
    (r"range \d+", _range),
    (r"directory", _directory),
    (r"first (?:\d+ )?bytes|bytes at the address", _hexadecimal),
    (r"writer: MiscInfo\.DbgBldStr|name of the first module|comment of .*", _text),
    (r"stack of thread [0-9a-f]+", _stack),
    (r"(?:exception|thread [0-9a-f]+)'s instruction pointer", _pointer),
    (r"descriptor of handle 0x[0-9a-f]+", _descriptor),
    (r"0x[0-9a-f]+ MiniDump\w+", _stream),
    (r"writer: stream", _writer_stream),
    (r"(?:stream|record|header|list|string|padded)(?: \w+)+", _damage),
    (r"MiscInfo\.XStateData", _xstate),
    (r"thread [0-9a-f]+", _absent_id),
    (r"registers of the exception", _stops),
]


def _shaped(file: Reader, proof: Proof) -> Optional[str]:
    for shape in SHAPES:
        said: Optional[Match[str]] = re.fullmatch(shape.value, proof.value) if re.fullmatch(shape.what, proof.what) else None
        if said is not None:
            expected = tuple(_number(group) for group in said.groups() if group is not None)
            found = file.unpack(shape.layout, (proof.offset or 0) + shape.delta)
            return _says(bool(found) and found[: len(expected)] == expected, [hex(number) for number in found])
    return None


def holds(data: bytes, proof: Proof) -> str:
    """What is wrong with a proof; an empty string for one that says what the file has. A proof of a kind that is not known here is wrong."""
    if proof.offset is None:
        return ""
    if not 0 <= proof.offset < len(data):
        return f"offset 0x{proof.offset:x} is outside the file of 0x{len(data):x} bytes"
    file = Reader(data)
    shaped = _shaped(file, proof)
    if shaped is not None:
        return shaped
    for pattern, special in SPECIALS:
        if re.fullmatch(pattern, proof.what):
            return special(file, proof)
    return "no way to read this kind of proof back: add it to proofs.py"

"""Triage dumps with edited driver lists, unloaded drivers, processors and data blocks, and dumps changed at random, held against the engine."""

from __future__ import annotations

import random
import re
import struct
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest
from samples.kernel_dumps import triage32, triage64, triage64_power, with_drivers

from dumpscope.commands.kernel.answers import WORKS, outcomes
from dumpscope.diagnosis.dumpdebug.kernel import kernel_dumpdebug_lines
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.absence import Absent
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.kernel.listed import kernel_base, listed_drivers
from dumpscope.dump.source import Source
from dumpscope.format import kernel as layout

from .bench import Answer, Bench
from .test_kernel_edges import changed, lines

COMMANDS = ["lm", ".bugcheck", "vertarget", ".time", "r", "k", "u", ".exr -1", ".lastevent", "~", ".ecxr", ".ttime", ".dumpdebug"]
WIDE, NARROW = triage64(), triage32()
TRIAGE = layout.TRIAGE_DUMP64.unpack(WIDE[0x2000:0x2080])
LIST, UNLOADED, BLOCKS, DATA = (TRIAGE[name] for name in ("DriverListOffset", "UnloadedDriversOffset", "DataBlocksOffset", "DebuggerDataOffset"))
BASE = 0xFFFFF80310000000
ROW = re.compile(r"([0-9a-f`]{8,17}) ([0-9a-f`]{8,17})   (.*?) +(?:[#TMCP] +)*\((?:deferred|no symbols|export symbols|pdb symbols|private pdb symbols)\)")
GONE = re.compile(r"([0-9a-f`]{8,17}) ([0-9a-f`]{8,17})   (.*)$")


def put(data: bytes, offset: int, form: str, *values: int) -> bytes:
    out = bytearray(data)
    struct.pack_into("<" + form, out, offset, *values)
    return bytes(out)


def drivers(*rows: Tuple[str, int], kernel: int = BASE) -> bytes:
    """A dump with drivers of these paths and addresses, whose KDDEBUGGER_DATA64 names another address of the kernel."""
    data = triage64(drivers=[(base, 0x8000, path, number) for number, (path, base) in enumerate(rows)])
    return put(data, int.from_bytes(data[0x2070:0x2074], "little") + 0x18, "Q", kernel)


def _lists() -> Iterator[Tuple[str, bytes]]:
    first, second, third = BASE, BASE + 0x10000, BASE + 0x20000
    for kernel in (0, 1, first, second, first + 8, third):
        for name in ("o.exe", "NTOSKRNL.exe", "ntkrnlmp.exe", "ntoskrnl.sys"):
            yield f"kernel at {kernel:x}, {name}", drivers((f"\\x\\{name}", first), ("\\p.sys", second), (f"\\{name}", third), kernel=kernel)
    yield "kernel's address twice", drivers(("\\o.exe", first), ("\\p.sys", first), ("\\q.sys", second))
    yield "an address twice", drivers(("\\o.exe", first), ("\\p.sys", second), ("\\q.sys", second))
    yield "first at 0", drivers(("\\o.exe", 0), ("\\p.sys", second), kernel=0)
    yield "names of the kernel", drivers(("\\q.dll", first), ("\\nt.sys", second), ("\\nt.exe", third), ("\\q.exe", third + 0x10000))
    for base in (0, 1, 0xFFFFFFFF, 0xFFFFFFFFFFFF0000, 0xFFFFFFFFFFFFF000):
        yield f"base {base:x}", put(WIDE, LIST + 0x120 + 0x38, "Q", base)
    for size in (0, 1, 0x80000000, 0xFFFFFFFF):
        yield f"size {size:x}", put(WIDE, LIST + 0x120 + 0x48, "I", size)
        yield f"32 size {size:x}", put(NARROW, layout.TRIAGE_DUMP32.unpack(NARROW[0x1000:0x1068])["DriverListOffset"] + 0x98 + 0x24, "I", size)
    for offset in (0, 1, 0x2000, len(WIDE) - 5, len(WIDE), 0xFFFFFFFF):
        yield f"name at {offset:x}", put(WIDE, LIST + 0x120, "I", offset)
        yield f"list at {offset:x}", changed(WIDE, DriverListOffset=offset)
    name = int.from_bytes(WIDE[LIST + 0x120 : LIST + 0x124], "little")
    for length in (0, 1, 8, 1999, 2000, 0xFFFFFFFF):
        yield f"name of {length}", put(WIDE, name, "I", length)
    for length in (10, 11, 1999, 2000):  # the last page of the file ends with the name
        text = "\\x\\abc.sys".encode("utf-16-le")
        data = WIDE + bytes(-len(WIDE) % 0x1000 + 0x1000 - 4 - len(text)) + struct.pack("<I", length) + text
        for index in (0, 2):
            yield f"name of {length} at the end of driver {index}", put(data, LIST + 0x90 * index, "I", len(data) - 4 - len(text))
    for length in (50, 1500, 2500):
        yield f"path of {length}", with_drivers(["\\nt.exe", "\\" + "z" * length + ".sys", "\\c.sys"])


def _unloaded() -> Iterator[Tuple[str, bytes]]:
    for length in (0, 1, 2, 13, 24, 25, 26, 0xFFFF):
        yield f"unloaded name of {length}", put(WIDE, UNLOADED + 8, "H", length)
    for first in (0, 1, 0x20, 0x5C):
        yield f"unloaded name begins with {first:x}", put(WIDE, UNLOADED + 24, "H", first)
    for start, end in ((0, 0x1000), (0x1000, 0), (0x1000, 0x1000), (0xFFFFF80317000000, 0xFFFFF80217000010), (0xFFFFFFFFFFFFF000, 0x10)):
        yield f"unloaded {start:x} to {end:x}", put(WIDE, UNLOADED + 48, "QQ", start, end)
    for count in (0, 51, 0xFFFFFFFF, 1 << 32 | 1):
        yield f"{count} unloaded", put(WIDE, UNLOADED, "Q", count)
    for count in (49, 50, 51):
        entry = b"".join(struct.pack("<HHIQ24sQQ", 6, 6, 0, 0, f"{n:03}".encode("utf-16-le"), BASE + n * 0x10000, BASE + n * 0x10000 + 9) for n in range(count))
        yield f"{count} unloaded at the end", changed(WIDE + struct.pack("<Q", count) + entry, UnloadedDriversOffset=len(WIDE))
    for offset in (0, len(WIDE), len(WIDE) - 4, 0xFFFFFFFF):
        yield f"unloaded at {offset:x}", changed(WIDE, UnloadedDriversOffset=offset)


def _processors() -> Iterator[Tuple[str, bytes]]:
    places = [struct.unpack_from("<QII", WIDE, BLOCKS + 16 * index) for index in range(5)]
    _, _, pointers, prcb, context = (place for _, place, _ in places)
    for index, what in ((2, "pointers"), (3, "prcb"), (4, "context")):
        yield f"no {what}", put(WIDE, BLOCKS + 16 * index, "Q", 0x123000)
        for size in (0, 1, 8, 0x10, 0x3C0, 0x3D0):
            yield f"{what} of {size}", put(WIDE, BLOCKS + 16 * index + 12, "I", min(size, places[index][2]))
        yield f"{what} at 0", put(WIDE, BLOCKS + 16 * index + 8, "I", 0)
    for value in (0, 1, 0xFFFFFFFFFFFFFFFF):
        yield f"first pointer {value:x}", put(WIDE, pointers, "Q", value)
        yield f"fourth pointer {value:x}", put(WIDE, pointers + 24, "Q", value)
        yield f"context pointer {value:x}", put(WIDE, prcb + 0x800, "Q", value)
        yield f"context flags {value:x}", put(WIDE, context + 0x30, "I", value & 0xFFFFFFFF)
    for number in (0, 7, 8, 0xFFFFFFFF):
        yield f"processor {number}", put(WIDE, TRIAGE["PrcbOffset"] + 0x24, "I", number)
        yield f"{number} processors", changed(WIDE, NumberProcessors=number)
    for size in (0, 0x21F, 0x220, 0x339, 0x33A, 0x1000, 0xFFFFFFFF):
        yield f"debugger data of {size:x}", put(WIDE, DATA + 0x14, "I", size)
    for size in (0x21F, 0x220, 0x33A):
        yield f"debugger data of {size:x} in the file", changed(WIDE, DebuggerDataSize=size)
    yield "no tag", put(WIDE, DATA + 0x10, "I", 0)
    for bit in range(12):
        yield f"without part {bit}", changed(WIDE, MiniDumpFields=0xCFF & ~(1 << bit))
    yield "data page", put(changed(WIDE, MiniDumpFields=0xEFF), 0x2060, "QII", 0x1122334455667788, 0x20, 0x10)
    yield "32 data page", put(changed(NARROW, MiniDumpFields=0xEFF), 0x104C, "III", 0x82A00000, 0x20, 0x10)
    yield "counters near the end", changed(NARROW, MmOffset=-0x34)
    yield "data page", put(changed(WIDE, MiniDumpFields=0xEFF), 0x2060, "QII", 0x1122334455667788, 0x20, 0x10)
    yield "32 data page", put(changed(NARROW, MiniDumpFields=0xEFF), 0x104C, "III", 0x82A00000, 0x20, 0x10)
    yield "counters nearer", changed(NARROW, MmOffset=-0x33)


def _at_random(seed: int) -> Iterator[Tuple[str, bytes]]:
    """Dumps of which one field is another number: counts, offsets and sizes near those of the file."""
    chance = random.Random(seed)
    numbers = [0, 1, 2, 4, 0xFFFFFFFF, 0x7FFFFFFF, layout.FILL, 0x100, 0x1000]
    for made in (WIDE, NARROW, triage64_power()):
        wide = made[:8] == layout.SIGNATURE64
        shape, base, entry = (layout.TRIAGE_DUMP64, 0x2000, 0x90) if wide else (layout.TRIAGE_DUMP32, 0x1000, 0x4C)
        triage = shape.unpack(made[base : base + shape.size])
        for _ in range(25):
            names = [field.name for field in shape.fields if field.name != "MmOffset"]
            at = chance.choice(
                [
                    base + shape.leaf(chance.choice(names)).offset,
                    triage["DriverListOffset"] + chance.randrange(4 * triage["DriverCount"]) * entry // 4 // 4 * 4,
                    triage["DataBlocksOffset"] + 16 * chance.randrange(triage["DataBlocksCount"]) + chance.choice([0, 8, 12]),
                    triage["UnloadedDriversOffset"] + 4 * chance.randrange(8),
                    triage["StringPoolOffset"] + 4 * chance.randrange(40),
                ]
            )
            old = int.from_bytes(made[at : at + 4], "little")
            new = chance.choice([*numbers, len(made), len(made) - 4, old + 1, old + 8, old - 8, old * 2]) & 0xFFFFFFFF
            yield f"{old:x} at {at:x} is {new:x}", put(made, at, "I", new)
            cut = chance.randrange(base, len(made))
            yield f"cut at {cut:x}", made[:cut]


def rows_of(text: str, form: re.Pattern[str]) -> List[Tuple[int, int, str]]:
    found = [form.match(line) for line in text.split("\n")]
    return [(int(row[1].replace("`", ""), 16), int(row[2].replace("`", ""), 16), row[3].rstrip()) for row in found if row]


def as_shown(rows: List[Tuple[int, int, str]]) -> List[Tuple[int, int, str]]:
    """Names as they come through the engine's narrow output."""
    return [(start, end, re.sub(r"[^ -~]", "?", name).strip()) for start, end, name in rows]


def compare(name: str, data: bytes, answer: Answer) -> bool:
    """Hold one dump against the answers; whether it opened."""
    opening = EngineView(Source(data, "k.dmp")).opening
    assert opening.hresult == answer.open_hr, name
    if not opening.ok:
        return False
    dump = KernelDump(Source(data, "k.dmp"))
    told = {item.command: item.outcome == WORKS for item in outcomes(dump)}
    said = {command: answer.commands[command].text for command in COMMANDS}
    assert lines("\n".join(kernel_dumpdebug_lines(dump))) == lines(said[".dumpdebug"]), name
    loaded, _, gone = answer.commands["lm"].raw.partition("Unloaded modules:")
    works = "Illegal thread" not in loaded
    assert told["lm"] == bool(rows_of(loaded, ROW)), name
    if works:
        assert [(row.base, row.end, row.name) for row in listed_drivers(dump)] == rows_of(loaded, ROW), name
        ours = [] if isinstance(dump.unloaded, Absent) else [(item.start, item.end, item.name) for item in dump.unloaded]
        assert as_shown(ours) == as_shown(rows_of(gone, GONE)), name
    code, *numbers = re.findall(r"[0-9A-Fa-f`]{8,}", said[".bugcheck"])
    assert (int(code, 16), *(int(number.replace("`", ""), 16) for number in numbers)) == (dump.code, *dump.parameters), name
    found = re.search(r"Kernel base = 0x([0-9a-f`]+) PsLoadedModuleList", said["vertarget"])
    assert told["vertarget"] == (found is not None), name
    if found is not None and not isinstance(dump.drivers, Absent):
        assert int(found[1].replace("`", ""), 16) == kernel_base(dump), name
    for command in ("r", "k", "u"):
        failed = re.search("error in|GetContextState failed", said[command])
        assert told[command] == (failed is None), (name, command, said[command])
    if not isinstance(dump.processor, Absent):
        values = dump.registers.values
        shown = {word: int(value, 16) for word, value in re.findall(r"\b([a-z0-9]+)=([0-9a-f]{8,16})\b", said["r"]) if word in values}
        assert shown == {word: values[word] for word in shown}, name
    for command, words in {".exr -1": "ExceptionCode", ".time": "System Uptime", ".lastevent": "Last event", ".bugcheck": "Bugcheck code"}.items():
        assert told[command] == (words in said[command]), (name, command)
    for command in ("~", ".ecxr", ".ttime"):
        assert not told[command], command
        assert re.search("Syntax error|Unable to get exception context|not available|Illegal", said[command]), (name, command)
    return True


@pytest.mark.parametrize("kind", ["lists", "unloaded", "processors", "random 1"])
def test_changed_dumps(bench: Bench, tmp_path: Path, kind: str) -> None:
    made = {"lists": _lists, "unloaded": _unloaded, "processors": _processors}
    files: Dict[str, bytes] = dict(made[kind]() if kind in made else _at_random(int(kind[-1])))
    paths = []
    for number, data in enumerate(files.values()):
        paths.append(tmp_path / f"k{number}.dmp")
        paths[-1].write_bytes(data)
    opened = sum(compare(name, data, answer) for (name, data), answer in zip(files.items(), bench.ask(paths, COMMANDS, what="m")))
    assert opened > len(files) // 3

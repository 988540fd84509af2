"""Triage dumps of which one field is changed, held against the engine: where parts may lie, what must be there, and what a command then does."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, List

from samples.kernel_dumps import triage32, triage64

from dumpscope.commands.kernel.answers import WORKS, outcomes
from dumpscope.diagnosis.dumpdebug.kernel import kernel_dumpdebug_lines
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.source import Source
from dumpscope.format import kernel as layout

from .bench import Bench
from .test_module_names import listed

WIDE, NARROW = triage64(), triage32()
LONG = WIDE + bytes(0x2000)


def changed(data: bytes, **fields: int) -> bytes:
    """A triage dump with other numbers in its header or TRIAGE_DUMP; a negative one counts from the end of the file."""
    wide = data[:8] == b"PAGEDU64"
    header, triage = (layout.DUMP_HEADER64, layout.TRIAGE_DUMP64) if wide else (layout.DUMP_HEADER32, layout.TRIAGE_DUMP32)
    out = bytearray(data)
    for name, value in fields.items():
        shape, base = (triage, header.size) if any(field.name == name for field in triage.fields) else (header, 0)
        leaf = shape.leaf(name)
        at = base + leaf.offset
        out[at : at + leaf.field.size] = (value if value >= 0 else len(data) + value).to_bytes(leaf.field.size, "little")
    return bytes(out)


def block(data: bytes, index: int, offset: int, size: int) -> bytes:
    """The 64-bit dump with another place of a data block."""
    first = layout.TRIAGE_DUMP64.unpack(data[0x2000:0x2080])["DataBlocksOffset"]
    out = bytearray(data)
    struct.pack_into("<II", out, first + 16 * index + 8, offset, size)
    return bytes(out)


def _files() -> Dict[str, bytes]:
    found: Dict[str, bytes] = {}
    for name, data in (("64", WIDE), ("32", NARROW)):
        for field in ("ContextOffset", "ExceptionOffset", "PrcbOffset", "CallStackOffset", "SizeOfDump", "ValidOffset", "DriverCount", "ThreadOffset"):
            found[f"{name} {field} 0"] = changed(data, **{field: 0})
        found[f"{name} long stack"] = changed(data, SizeOfCallStack=len(data))
        found[f"{name} far drivers"] = changed(data, DriverListOffset=len(data))
        found[f"{name} no parts"] = changed(data, MiniDumpFields=7)
        found[f"{name} far debugger data"] = changed(data, DebuggerDataOffset=len(data))
        found[f"{name} secondary"] = changed(data, SecondaryDataState=1)
        found[f"{name} overflowed"] = changed(data, TriageOptions=0x100)
        found[f"{name} both"] = changed(data, ContextOffset=0, SizeOfDump=0)
        found[f"{name} many blocks"] = changed(data, DataBlocksCount=len(data))
    for field, size in (("PrcbOffset", 0x1000), ("ProcessOffset", 0x200), ("ThreadOffset", 0x400), ("CallStackOffset", 0x100), ("DebuggerDataOffset", 0x380)):
        found[f"64 {field} at the end"] = changed(WIDE, **{field: -size})
        found[f"64 {field} too far"] = changed(WIDE, **{field: 1 - size})
        found[f"64 {field} too far, without debugger data"] = changed(WIDE, **{field: 1 - size}, DebuggerDataSize=0)
    for size in (0x9F0, 0x980):
        found[f"32 PrcbOffset -0x{size:x}"] = changed(NARROW, PrcbOffset=-size)
    for size in (0x260, 0x258):
        found[f"32 ThreadOffset -0x{size:x}"] = changed(NARROW, ThreadOffset=-size)
    for field in ("PrcbOffset", "ProcessOffset", "ThreadOffset"):
        found[f"64 {field} of the file's size, without debugger data"] = changed(WIDE, DebuggerDataSize=0, **{field: len(WIDE)})
        found[f"32 {field} of the file's size"] = changed(NARROW, **{field: len(NARROW)})
    found["no debugger data"] = changed(WIDE, DebuggerDataSize=0)
    found["no blocks"] = changed(WIDE, DataBlocksCount=0)
    found["longer"] = LONG
    found["longer, stack behind the mark"] = changed(LONG, CallStackOffset=len(WIDE) + 0x100)
    found["longer, size of the file"] = changed(LONG, SizeOfDump=len(LONG))
    found["longer, mark at the end"] = changed(LONG[:-4] + b"TRGD", SizeOfDump=len(LONG), ValidOffset=0)
    found["block to the end"] = block(WIDE, 1, len(WIDE) - 256, 256)
    found["block too far"] = block(WIDE, 1, len(WIDE) - 256, 257)
    found["empty block behind the end"] = block(WIDE, 1, len(WIDE) + 5, 0)
    for back in (5, 16):
        found[f"one block {back} before the end"] = changed(WIDE, DataBlocksOffset=-back, DataBlocksCount=1)
    return found


def lines(text: str) -> List[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def test_files_that_differ_in_one_place(bench: Bench, tmp_path: Path) -> None:
    files = _files()
    paths = []
    for number, data in enumerate(files.values()):
        paths.append(tmp_path / f"edge{number}.dmp")
        paths[-1].write_bytes(data)
    opened = 0
    for (name, data), path, answer in zip(files.items(), paths, bench.ask(paths, ["lm", "r", ".dumpdebug"], what="m")):
        opening = EngineView(Source(data, path.name)).opening
        assert opening.hresult == answer.open_hr, name
        if not opening.ok:
            continue
        opened += 1
        dump = KernelDump(Source(data, path.name))
        told = {item.command: item.outcome == WORKS for item in outcomes(dump)}
        assert told["lm"] == bool(listed(answer)), name
        assert told["r"] == ("GetContextState failed" not in answer.commands["r"].text), name
        text = answer.commands[".dumpdebug"].text.split("KiProcessorBlock at")[0]
        assert lines("\n".join(kernel_dumpdebug_lines(dump))) == lines(text), name
    assert 20 < opened < len(files) - 20

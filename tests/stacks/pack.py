"""Packs dumps, the image of their process and the engine's answers into one small archive.

    python -m tests.stacks.pack FOLDER OUT.tar.xz [EVERY]

FOLDER holds NAME.exe, step-NNNN.dmp and step-NNNN.k.txt with the output of ``.ecxr`` and ``k`` of Microsoft's engine (dbgeng
10.0.15063), as a program of our own leaves them that writes a dump at each of its instructions. Of the image only the sections stay
that unwinding reads; of the answers the two columns of addresses and the call site.
"""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import tarfile
from pathlib import Path
from typing import List, Tuple

KEPT = (b".text", b".pdata", b".xdata", b".rdata", b".edata")
_ROW = re.compile(r"^([0-9a-f]{8}`[0-9a-f]{8}) ([0-9a-f]{8}`[0-9a-f]{8}) (.*)$")


def rows_of(text: str) -> List[Tuple[int, int, str]]:
    """Child-SP, RetAddr and Call Site of each frame in the output of ``k``; functions put inline are left out."""
    found = []
    for line in text.rpartition("@@ k")[2].splitlines():
        match = _ROW.match(line)
        if match:
            found.append((int(match[1].replace("`", ""), 16), int(match[2].replace("`", ""), 16), match[3]))
    return found


def trimmed(data: bytes) -> bytes:
    """The image with zeros in the sections that unwinding does not read."""
    image = bytearray(data)
    start = struct.unpack_from("<I", data, 0x3C)[0]
    count, optional = struct.unpack_from("<H", data, start + 6)[0], struct.unpack_from("<H", data, start + 20)[0]
    end = 0
    for at in range(start + 24 + optional, start + 24 + optional + 40 * count, 40):
        name = data[at : at + 8].rstrip(b"\0")
        size, raw = struct.unpack_from("<II", data, at + 16)
        if name in KEPT:
            end = max(end, raw + size)
        else:
            image[raw : raw + size] = bytes(size)
    return bytes(image[:end])


def pack(folder: Path, out: Path, every: int) -> None:
    """Write the archive."""
    with tarfile.open(out, "w:xz", preset=9) as archive:

        def add(name: str, data: bytes) -> None:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))

        exe = next(folder.glob("*.exe"))
        add(exe.name, trimmed(exe.read_bytes()))
        answers = {}
        for dump in sorted(folder.glob("*.dmp"))[::every]:
            rows = rows_of(dump.with_suffix(".k.txt").read_text("utf-8", "replace"))
            if rows:
                answers[dump.name] = rows
                add(dump.name, dump.read_bytes())
        add("k.json", json.dumps(answers).encode())


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)

"""Makes the answers of tests/stacks/data/arguments: ``kb`` and ``kv`` of Microsoft's engine on dumps of the archives in tests/stacks/data.

    python -m tests.stacks.engine_words [EVERY]

Needs the engine bench. The images of the archives were cut behind the sections that unwinding reads; the engine wants them whole, so
zeros stand for the rest. EVERY is 6 unless given: every so many dumps are asked.
"""

from __future__ import annotations

import json
import lzma
import struct
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

from tests.engine.bench import Bench, windows_path

DATA = Path(__file__).parent / "data"
ANSWERS = DATA / "arguments"
COMMANDS = ("kbn 0n64", "kvn 0n64")
Answers = Dict[str, List[str]]
"""Lines of ``kbn`` and of ``kvn`` of each dump, one text for each command."""


def archives() -> List[Tuple[str, Path]]:
    """Name and path of each archive of dumps: ``steps-clang-O1``, ``x86-shapes-O2``, …"""
    found = sorted(DATA.rglob("*.tar.xz"))
    return [("-".join(path.relative_to(DATA).parts)[: -len(".tar.xz")], path) for path in found]


def unpack(archive: Path, folder: Path) -> List[Path]:
    """Write the files of an archive, images with zeros for what was cut off; the dumps in order."""
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member)
            assert file is not None
            data = file.read()
            (folder / member.name).write_bytes(whole(data) if member.name.endswith(".exe") else data)
    return sorted(folder.glob("*.dmp"))


def whole(image: bytes) -> bytes:
    """An image with zeros up to the end of its last section."""
    start = struct.unpack_from("<I", image, 0x3C)[0]
    count, optional = struct.unpack_from("<H", image, start + 6)[0], struct.unpack_from("<H", image, start + 20)[0]
    ends = [sum(struct.unpack_from("<II", image, at + 16)) for at in range(start + 24 + optional, start + 24 + optional + 40 * count, 40)]
    return image.ljust(max(ends), b"\0")


def ask(dumps: List[Path], folder: Path) -> Answers:
    """What the engine prints on each dump with the images and symbols of the folder."""
    bench = Bench.find()
    if bench is None:
        raise SystemExit(Bench.why_not())
    place = windows_path(folder)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", *COMMANDS]
    answers = bench.ask(dumps, commands, what="f")
    return {dump.name: [answer.commands[command].text for command in COMMANDS] for dump, answer in zip(dumps, answers)}


def pack(every: int) -> None:
    """Write the answers of all archives."""
    ANSWERS.mkdir(exist_ok=True)
    for name, archive in archives():
        with tempfile.TemporaryDirectory() as folder:
            answers = ask(unpack(archive, Path(folder))[::every], Path(folder))
        (ANSWERS / f"{name}.json.xz").write_bytes(lzma.compress(json.dumps(answers).encode(), preset=9))
        print(f"{name}: {len(answers)} dumps")


if __name__ == "__main__":
    pack(int(sys.argv[1]) if len(sys.argv) > 1 else 6)

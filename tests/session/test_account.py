"""The account of a crash as commands show it: a caller that the stack proves takes the place of a guessed one."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, List, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from samples import crashes, process  # noqa: E402


def headers(size: int, timestamp: int) -> bytes:
    """The headers of an x64 image whose table of functions, at 0x400, has one row that is far from everything else."""
    image = bytearray(0x500)
    image[:2] = b"MZ"
    struct.pack_into("<I", image, 0x3C, 0x80)
    image[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", image, 0x84, 0x8664, 1, timestamp, 0, 0, 0xF0, 0x2022)
    optional = 0x98
    struct.pack_into("<H", image, optional, 0x20B)
    struct.pack_into("<QII", image, optional + 24, crashes.KERNELBASE, 0x1000, 0x200)
    struct.pack_into("<II", image, optional + 56, size, 0x500)
    struct.pack_into("<I", image, optional + 108, 16)
    struct.pack_into("<II", image, optional + 112 + 3 * 8, 0x400, 12)
    section = optional + 0xF0
    image[section : section + 8] = b".text\0\0\0"
    struct.pack_into("<IIII", image, section + 8, size - 0x1000, 0x1000, 0, 0)
    struct.pack_into("<III", image, 0x400, 0x2F0000, 0x2F0010, 0x480)
    image[0x480:0x484] = b"\1\0\0\0"
    return bytes(image)


def leaf(*memory: Tuple[int, bytes]) -> bytes:
    """A dump whose exception was raised in KernelBase by a function without a frame, called by the program."""
    made = crashes.microsoft(
        crashes.exception(0xE1234567, crashes.RAISE),
        crashes.stack(returns=((0, crashes.RETURN),)),
        memory=[*memory, (crashes.RETURN - 5, b"\xe8\0\0\0\0" + b"\x90" * 11), (crashes.RAISE, b"\x90" * 32)],
    )
    return made.build()


def wheres(document: Any) -> List[Tuple[str, str, str]]:
    return [(item["text"], item["certainty"], item["source"]) for item in document["account"]["statements"] if item["topic"] == "where"]


def test_the_frame_of_the_stack_takes_the_place_of_a_guess(run_json: Any, tmp_path: Path) -> None:
    module = next(row for row in process.modules() if row.base == crashes.KERNELBASE)
    path = tmp_path / "leaf.dmp"
    path.write_bytes(leaf((crashes.KERNELBASE, headers(module.size, module.timestamp))))
    for command in ("dumpinfo", "why", "exception"):
        assert wheres(run_json(command, path))[1] == ("called from demo+0x1a10", "certain", "frame 1 of its stack"), command


def test_the_guess_stays_where_the_stack_cannot_be_walked(run_json: Any, tmp_path: Path) -> None:
    path = tmp_path / "leaf.dmp"
    path.write_bytes(leaf())
    assert wheres(run_json("dumpinfo", path))[1][:2] == ("called from demo+0x1a10", "guess")

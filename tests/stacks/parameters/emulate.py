"""Makes the archives of tests/stacks/parameters/data: dumps of an x64 program at its instructions, and what the engine's ``kpn`` and ``kPn`` say of them.

    python -m tests.stacks.parameters.emulate OUT.tar.xz [OPTION...]

The program (data/parameters.cpp, without any library) runs in an emulator. Needs clang, lld-link, the package ``unicorn`` and the engine
bench. OPTIONs are clang's (-O2 unless given). Of the dumps those stay that show something which no dump before shows.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Set

from tests.engine.bench import Bench, windows_path
from tests.stacks.emulation import Emulator, Machine, write_archive

from dumpscope import Minidump
from dumpscope.dump.absence import Absent
from dumpscope.session.parameters import FrameParameters, Shown
from dumpscope.session.session import Session
from dumpscope.session.walks import Row, Walks

SOURCE = Path(__file__).parent / "data" / "parameters.cpp"
X64 = Machine(SOURCE, (), (), 9, 0x100000)
MOST = 4000
COMMANDS = ("kpn 0n64", "kPn 0n64")
_NUMBERS = re.compile(r"0x[0-9a-f`]+|0n-?[0-9]+")


def build(folder: Path, options: List[str]) -> Path:
    """Compile the program; returns its path, the PDB is beside it."""
    exe = folder / "parameters.exe"
    flags = ["--target=x86_64-pc-windows-msvc", "-g", "-gcodeview", "-std=c++17", "-fno-exceptions", "-fno-rtti", "-w"]
    flags += ["-fno-stack-protector", "-mno-stack-arg-probe", "-fno-builtin"]
    subprocess.run(["clang", *flags, *options, "-c", str(SOURCE), "-o", str(folder / "parameters.obj")], check=True)
    linker = ["lld-link", "/nodefaultlib", "/entry:start", "/debug", "/subsystem:console", "/brepro", "/pdbaltpath:parameters.pdb"]
    subprocess.run([*linker, f"/out:{exe}", f"/pdb:{folder / 'parameters.pdb'}", str(folder / "parameters.obj")], check=True)
    return exe


GENERAL = ("RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", *(f"R{number}" for number in range(8, 16)), "RIP")


def context(registers: Dict[str, int], vectors: List[int]) -> bytes:
    """A CONTEXT of x64 with control, integer, segment and xmm registers."""
    held = bytearray(0x4D0)
    struct.pack_into("<I", held, 0x30, 0x10000F)
    struct.pack_into("<6HI", held, 0x38, 0x33, 0x2B, 0x2B, 0x53, 0x2B, 0x2B, registers["EFLAGS"])
    struct.pack_into("<17Q", held, 0x78, *(registers[name] for name in GENERAL))
    for index, value in enumerate(vectors):
        held[0x1A0 + 16 * index : 0x1B0 + 16 * index] = value.to_bytes(16, "little")
    return bytes(held)


def emulate(exe: Path, folder: Path) -> List[Path]:
    """Run the program and write a dump at each instruction that is met for the first time, or with other arguments."""
    import unicorn
    from unicorn import x86_const

    emulator = Emulator(X64, exe, (unicorn.UC_ARCH_X86, unicorn.UC_MODE_64), x86_const.UC_X86_REG_RSP, room=72)
    names = (*GENERAL, "EFLAGS")
    numbers = [getattr(x86_const, f"UC_X86_REG_{name}") for name in names]
    wide = [getattr(x86_const, f"UC_X86_REG_XMM{index}") for index in range(16)]
    seen: Dict[int, int] = {}
    written: List[Path] = []

    def step(address: int) -> None:
        seen[address] = seen.get(address, 0) + 1
        if seen[address] > 6 or len(written) >= MOST:
            return
        registers = dict(zip(names, emulator.registers(numbers)), RIP=address)
        path = folder / f"step-{len(written):04d}.dmp"
        emulator.dump(path, context(registers, emulator.registers(wide)), registers["RSP"], address)
        written.append(path)

    emulator.run(step, 400_000)
    return written


class Line(NamedTuple):
    """A line of a stack: its number, what the debugger shows as its call site, and what is known of each parameter."""

    number: str
    site: str
    shown: List[Shown]
    row: Row


def printed(dump: Path, folder: Path) -> List[Line]:
    """The lines of the exception's stack with parameters, from the image and the PDB of a folder."""
    with Minidump.open(dump) as opened:
        walks = Walks(Session(opened), (str(folder),), (str(folder),), False, False, False)
        assert not isinstance(opened.exception, Absent)
        thread = opened.threads.find(opened.exception.thread_id)
        stack = walks.stack(thread, 64)
        parameters = FrameParameters(walks, stack, thread)
        found = []
        for row in walks.rows(stack):
            call = parameters.call(row)
            site = row.place if call is None else call[0] + (", ".join(call[1]) or "void") + call[2]
            found.append(Line(f"{row.number:02x}", site, parameters.of(row) or [], row))
        walks.close()
        return found


def ask(dumps: List[Path], folder: Path) -> Dict[str, List[str]]:
    """The text of each of ``COMMANDS`` with the image and the PDB at hand."""
    bench = Bench.find()
    if bench is None:
        raise SystemExit(Bench.why_not())
    place = windows_path(folder)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", *COMMANDS]
    answers = bench.ask(dumps, commands, what="f", fresh=True)
    return {dump.name: [answer.commands[command].text for command in COMMANDS] for dump, answer in zip(dumps, answers)}


def chosen(dumps: List[Path], folder: Path) -> List[Path]:
    """The dumps that show something new: a function and the forms of the values of its parameters."""
    seen: Set[str] = set()
    found = []
    for dump in dumps:
        form = _NUMBERS.sub("", printed(dump, folder)[0].site)
        if form not in seen:
            seen.add(form)
            found.append(dump)
    return found


def pack(out: Path, options: List[str]) -> int:
    """Write an archive of the program, its PDB, the dumps and the answers; returns how many dumps there are."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(out, "w:xz", preset=9) as archive:
        folder = Path(name)
        exe = build(folder, options)
        dumps = chosen(emulate(exe, folder), folder)
        (folder / "kp.json").write_text(json.dumps(ask(dumps, folder)), "utf-8")
        write_archive(archive, (exe, exe.with_suffix(".pdb"), *dumps, folder / "kp.json"))
    return len(dumps)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]), sys.argv[2:] or ['-O2'])} dumps")

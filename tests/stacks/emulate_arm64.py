"""Makes the archives of tests/stacks/data/arm64: dumps of an ARM64 program at each of its instructions, with the true stack beside them.

    python -m tests.stacks.emulate_arm64 OUT.tar.xz [OPTION...]

The program (data/arm64/shapes.c, without any library) runs in an emulator, which notes each call and return: that is the truth. The engine's ``k``
is asked too, where it is at hand. Needs clang, lld-link and the package ``unicorn``. OPTIONs are clang's (-O2 unless given).
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
from typing import Any, Dict, List, NamedTuple, Tuple

from tests.engine.bench import Bench, windows_path

from dumpscope.writing import DumpBuilder

SOURCE = Path(__file__).parent / "data" / "arm64" / "shapes.c"
STACK, STACK_SIZE = 0x10000000, 0x20000
MOST = 1000

_ROW = re.compile(r"^([0-9a-f]{8}`[0-9a-f]{8}|\(Inline Function\)) ([0-9a-f]{8}`[0-9a-f]{8}|-{8}`-{8}) (\S+)", re.MULTILINE)


class Program(NamedTuple):
    """A PE32+ file as it lies in memory at its preferred base, and what a module record needs of it."""

    image: bytes
    base: int
    entry: int
    timestamp: int
    checksum: int
    codeview: bytes


def build(folder: Path, options: List[str]) -> Path:
    """Compile the program; returns its path, the PDB is beside it."""
    exe = folder / "shapes.exe"
    flags = ["--target=aarch64-pc-windows-msvc", "-g", "-gcodeview", "-fno-stack-protector", "-mno-stack-arg-probe", "-fno-builtin", "-w"]
    subprocess.run(["clang", *flags, *options, "-c", str(SOURCE), "-o", str(folder / "shapes.obj")], check=True)
    linker = ["lld-link", "/nodefaultlib", "/entry:start", "/debug", "/subsystem:console", "/machine:arm64", "/brepro"]
    subprocess.run([*linker, f"/out:{exe}", f"/pdb:{folder / 'shapes.pdb'}", str(folder / "shapes.obj")], check=True)
    return exe


def load(path: Path) -> Program:
    """The program as the loader would map it."""
    data = path.read_bytes()
    header = struct.unpack_from("<I", data, 0x3C)[0]
    optional = header + 24
    count, optional_size = struct.unpack_from("<H", data, header + 6)[0], struct.unpack_from("<H", data, header + 20)[0]
    entry, size, headers = (struct.unpack_from("<I", data, optional + at)[0] for at in (16, 56, 60))
    base = struct.unpack_from("<Q", data, optional + 24)[0]
    image = bytearray(size)
    image[:headers] = data[:headers]
    for number in range(count):
        virtual_size, rva, raw_size, raw = struct.unpack_from("<4I", data, optional + optional_size + 40 * number + 8)
        kept = min(raw_size, virtual_size or raw_size)
        image[rva : rva + kept] = data[raw : raw + kept]
    debug, debug_size = struct.unpack_from("<2I", data, optional + 112 + 6 * 8)
    codeview = b""
    for at in range(debug, debug + debug_size, 28):
        kind, length, rva = struct.unpack_from("<3I", image, at + 12)
        if kind == 2:
            codeview = bytes(image[rva : rva + length])
    return Program(bytes(image), base, entry, *struct.unpack_from("<I", data, header + 8), *struct.unpack_from("<I", data, optional + 64), codeview)


def context(registers: List[int], sp: int, pc: int) -> bytes:
    """An ARM64_NT_CONTEXT with control and integer registers."""
    held = bytearray(912)
    struct.pack_into("<I", held, 0, 0x400003)
    struct.pack_into("<31Q", held, 8, *registers)
    struct.pack_into("<2Q", held, 0x100, sp, pc)
    return bytes(held)


def dump_of(program: Program, registers: List[int], sp: int, pc: int, stack: bytes, name: str) -> bytes:
    """A dump of one thread, stopped by a single step, with the part of its stack that is in use."""
    start = sp & ~0xFF
    held = stack[start - STACK :]
    made = context(registers, sp, pc)
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=12, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FFDF000, Stack=(start, len(held)), ThreadContext=made)
    builder.add(
        "ModuleListStream", BaseOfImage=program.base, SizeOfImage=len(program.image), CheckSum=program.checksum,
        TimeDateStamp=program.timestamp, ModuleName=f"C:\\demo\\{name}", CvRecord=program.codeview,
    )  # fmt: skip
    builder.set("ExceptionStream", ThreadId=0x100, ExceptionCode=0x80000004, ExceptionAddress=pc, ThreadContext=made)
    builder.capture(start, held)
    return builder.to_bytes()


def emulate(exe: Path, folder: Path) -> Dict[Path, List[Tuple[int, int]]]:
    """Run the program and write a dump at each instruction that is met for the first time; beside each the (sp, pc) of all frames."""
    import unicorn
    from unicorn import arm64_const as names

    program = load(exe)
    machine = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
    machine.mem_map(program.base, (len(program.image) + 0xFFFF) & ~0xFFFF)
    machine.mem_write(program.base, program.image)
    machine.mem_map(STACK, STACK_SIZE)
    machine.reg_write(names.UC_ARM64_REG_SP, STACK + STACK_SIZE - 64)
    machine.reg_write(names.UC_ARM64_REG_LR, 0)
    numbers = [*(getattr(names, f"UC_ARM64_REG_X{n}") for n in range(29)), names.UC_ARM64_REG_FP, names.UC_ARM64_REG_LR]
    seen: List[int] = []
    written: Dict[Path, List[Tuple[int, int]]] = {}
    callers: List[Tuple[int, int]] = []  # return address and stack pointer of each call that has not returned

    def step(running: Any, address: int, size: int, data: Any) -> None:
        sp = running.reg_read(names.UC_ARM64_REG_SP)
        while callers and callers[-1] == (sp, address):
            callers.pop()
        word = int.from_bytes(running.mem_read(address, 4), "little")
        if address not in seen and len(written) < MOST:
            seen.append(address)
            path = folder / f"step-{len(written):04d}.dmp"
            registers = [running.reg_read(number) for number in numbers]
            path.write_bytes(dump_of(program, registers, sp, address, bytes(running.mem_read(STACK, STACK_SIZE)), exe.name))
            written[path] = [(sp, address), *reversed(callers)]
        if word >> 26 == 0b100101 or word & 0xFFFFFC1F == 0xD63F0000:  # bl, blr
            callers.append((sp, address + 4))

    machine.hook_add(unicorn.UC_HOOK_CODE, step)
    machine.emu_start(program.base + program.entry, 0, count=200_000)
    return written


def ask(dumps: List[Path], folder: Path) -> Dict[str, List[Tuple[str, str, str]]]:
    """Child-SP, RetAddr and call site of each frame as the engine has them, with the image and the PDB at hand."""
    bench = Bench.find()
    if bench is None:
        raise SystemExit(Bench.why_not())
    place = windows_path(folder)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", "k 0n64"]
    answers = bench.ask(dumps, commands, what="f")
    return {dump.name: _ROW.findall(answer.commands["k 0n64"].text) for dump, answer in zip(dumps, answers)}


def pack(out: Path, options: List[str], every: int = 1) -> int:
    """Write an archive of the program, every so many of the dumps, the truth and the engine's answers; returns how many dumps there are."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(out, "w:xz", preset=9) as archive:
        folder = Path(name)
        exe = build(folder, options)
        truth = dict(list(emulate(exe, folder).items())[::every])
        (folder / "k.json").write_text(json.dumps(ask(list(truth), folder)), "utf-8")
        (folder / "truth.json").write_text(json.dumps({path.name: frames for path, frames in truth.items()}), "utf-8")
        for path in (exe, *truth, folder / "k.json", folder / "truth.json"):
            info = tarfile.TarInfo(path.name)
            info.size = path.stat().st_size
            with open(path, "rb") as file:
                archive.addfile(info, file)
    return len(truth)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]), sys.argv[2:] or ['-O2'])} dumps")

"""Makes the archives of tests/stacks/data/x86: dumps of an x86 program at each of its instructions, and what the engine's ``k`` says of them.

    python -m tests.stacks.emulate OUT.tar.xz [OPTION...]

There is no 32-bit Windows at hand, so the program (data/x86/shapes.c, without any library) runs in an emulator. Needs clang, lld-link, the
package ``unicorn`` and the engine bench. OPTIONs are clang's (-O2 unless given).
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

SOURCE = Path(__file__).parent / "data" / "x86" / "shapes.c"
STACK, STACK_SIZE = 0x100000, 0x20000
MOST = 1000
REGISTERS = ("EDI", "ESI", "EBX", "EDX", "ECX", "EAX", "EBP", "EIP", "EFLAGS", "ESP")
_ROW = re.compile(r"^([0-9a-f]{8}|\(Inline\)) ([0-9a-f]{8}|-{8}) (\S+)", re.MULTILINE)


class Program(NamedTuple):
    """A PE32 file as it lies in memory at its preferred base, and what a module record needs of it."""

    image: bytes
    base: int
    entry: int
    timestamp: int
    checksum: int
    codeview: bytes


def build(folder: Path, options: List[str]) -> Path:
    """Compile the program; returns its path, the PDB is beside it."""
    exe = folder / "shapes.exe"
    flags = ["--target=i686-pc-windows-msvc", "-g", "-gcodeview", "-fno-stack-protector", "-mno-stack-arg-probe", "-fno-builtin"]
    subprocess.run(["clang", *flags, *options, "-c", str(SOURCE), "-o", str(folder / "shapes.obj")], check=True)
    linker = ["lld-link", "/nodefaultlib", "/entry:start", "/debug", "/subsystem:console", "/machine:x86", "/safeseh:no", "/brepro"]
    subprocess.run([*linker, f"/out:{exe}", f"/pdb:{folder / 'shapes.pdb'}", str(folder / "shapes.obj")], check=True)
    return exe


def load(path: Path) -> Program:
    """The program as the loader would map it."""
    data = path.read_bytes()
    header = struct.unpack_from("<I", data, 0x3C)[0]
    optional = header + 24
    count, optional_size = struct.unpack_from("<H", data, header + 6)[0], struct.unpack_from("<H", data, header + 20)[0]
    entry, base, size, headers = (struct.unpack_from("<I", data, optional + at)[0] for at in (16, 28, 56, 60))
    image = bytearray(size)
    image[:headers] = data[:headers]
    for number in range(count):
        virtual_size, rva, raw_size, raw = struct.unpack_from("<4I", data, optional + optional_size + 40 * number + 8)
        kept = min(raw_size, virtual_size or raw_size)
        image[rva : rva + kept] = data[raw : raw + kept]
    debug, debug_size = struct.unpack_from("<2I", data, optional + 96 + 6 * 8)
    codeview = b""
    for at in range(debug, debug + debug_size, 28):
        kind, length, rva = struct.unpack_from("<3I", image, at + 12)
        if kind == 2:
            codeview = bytes(image[rva : rva + length])
    return Program(bytes(image), base, entry, *struct.unpack_from("<I", data, header + 8), *struct.unpack_from("<I", data, optional + 64), codeview)


def context(registers: Dict[str, int]) -> bytes:
    """A CONTEXT of x86 with control, integer and segment registers."""
    held = bytearray(716)
    struct.pack_into("<I", held, 0, 0x10007)
    struct.pack_into("<4I", held, 0x8C, 0x2B, 0x53, 0x2B, 0x2B)
    struct.pack_into("<8I", held, 0x9C, *(registers[name] for name in REGISTERS[:8]))
    struct.pack_into("<4I", held, 0xBC, 0x23, registers["EFLAGS"], registers["ESP"], 0x2B)
    return bytes(held)


def dump_of(program: Program, registers: Dict[str, int], stack: bytes, name: str) -> bytes:
    """A dump of one thread, stopped by a single step, with the part of its stack that is in use."""
    start = registers["ESP"] & ~0xFF
    held = stack[start - STACK :]
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=0, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FFDF000, Stack=(start, len(held)), ThreadContext=context(registers))
    builder.add(
        "ModuleListStream", BaseOfImage=program.base, SizeOfImage=len(program.image), CheckSum=program.checksum,
        TimeDateStamp=program.timestamp, ModuleName=f"C:\\demo\\{name}", CvRecord=program.codeview,
    )  # fmt: skip
    builder.set("ExceptionStream", ThreadId=0x100, ExceptionCode=0x80000004, ExceptionAddress=registers["EIP"], ThreadContext=context(registers))
    builder.capture(start, held)
    return builder.to_bytes()


def emulate(exe: Path, folder: Path) -> List[Path]:
    """Run the program and write a dump at each instruction that is met for the first time."""
    import unicorn
    from unicorn import x86_const

    program = load(exe)
    machine = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    machine.mem_map(program.base, (len(program.image) + 0xFFF) & ~0xFFF)
    machine.mem_write(program.base, program.image)
    machine.mem_map(STACK, STACK_SIZE)
    machine.reg_write(x86_const.UC_X86_REG_ESP, STACK + STACK_SIZE - 64)
    seen: List[int] = []
    written: List[Path] = []

    def step(running: Any, address: int, size: int, data: Any) -> None:
        if address in seen or len(written) >= MOST:
            return
        seen.append(address)
        registers = {name: running.reg_read(getattr(x86_const, f"UC_X86_REG_{name}")) for name in REGISTERS}
        registers["EIP"] = address
        path = folder / f"step-{len(written):04d}.dmp"
        path.write_bytes(dump_of(program, registers, bytes(running.mem_read(STACK, STACK_SIZE)), exe.name))
        written.append(path)

    machine.hook_add(unicorn.UC_HOOK_CODE, step)
    machine.emu_start(program.base + program.entry, 0, count=200_000)
    return written


def ask(dumps: List[Path], folder: Path) -> Dict[str, List[Tuple[str, str, str]]]:
    """ChildEBP, RetAddr and call site of each frame as the engine has them, with the image and the PDB at hand."""
    bench = Bench.find()
    if bench is None:
        raise SystemExit(Bench.why_not())
    place = windows_path(folder)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", "k 0n64"]
    answers = bench.ask(dumps, commands, what="f")
    return {dump.name: _ROW.findall(answer.commands["k 0n64"].text) for dump, answer in zip(dumps, answers)}


def pack(out: Path, options: List[str]) -> int:
    """Write an archive of the program, its PDB, the dumps and the answers; returns how many dumps there are."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(out, "w:xz", preset=9) as archive:
        folder = Path(name)
        exe = build(folder, options)
        dumps = emulate(exe, folder)
        (folder / "k.json").write_text(json.dumps(ask(dumps, folder)), "utf-8")
        for path in (exe, exe.with_suffix(".pdb"), *dumps, folder / "k.json"):
            info = tarfile.TarInfo(path.name)
            info.size = path.stat().st_size
            with open(path, "rb") as file:
                archive.addfile(info, file)
    return len(dumps)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]), sys.argv[2:] or ['-O2'])} dumps")

"""What the emulators of tests share: the program is built, loaded, run and put into dumps, the engine is asked, an archive is written."""

from __future__ import annotations

import re
import struct
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Sequence, Tuple

from tests.engine.bench import Bench, windows_path

from dumpscope.writing import DumpBuilder

STACK_SIZE = 0x20000
MOST = 1000


class Machine(NamedTuple):
    """What a program is built for, and where its stack is put."""

    source: Path
    compiler: Tuple[str, ...]
    linker: Tuple[str, ...]
    processor: int
    stack: int


class Program(NamedTuple):
    """A PE file as it lies in memory at its preferred base, and what a module record needs of it."""

    image: bytes
    base: int
    entry: int
    timestamp: int
    checksum: int
    codeview: bytes


def build(machine: Machine, folder: Path, options: Sequence[str]) -> Path:
    """Compile the program; returns its path, the PDB is beside it."""
    exe = folder / "shapes.exe"
    flags = [*machine.compiler, "-g", "-gcodeview", "-fno-stack-protector", "-mno-stack-arg-probe", "-fno-builtin"]
    subprocess.run(["clang", *flags, *options, "-c", str(machine.source), "-o", str(folder / "shapes.obj")], check=True)
    linker = ["lld-link", "/nodefaultlib", "/entry:start", "/debug", "/subsystem:console", *machine.linker, "/brepro"]
    subprocess.run([*linker, f"/out:{exe}", f"/pdb:{folder / 'shapes.pdb'}", str(folder / "shapes.obj")], check=True)
    return exe


def load(path: Path) -> Program:
    """The program as the loader would map it."""
    data = path.read_bytes()
    header = struct.unpack_from("<I", data, 0x3C)[0]
    optional = header + 24
    wide = struct.unpack_from("<H", data, optional)[0] == 0x20B
    count, optional_size = struct.unpack_from("<H", data, header + 6)[0], struct.unpack_from("<H", data, header + 20)[0]
    entry, size, headers = (struct.unpack_from("<I", data, optional + at)[0] for at in (16, 56, 60))
    (base,) = struct.unpack_from("<Q", data, optional + 24) if wide else struct.unpack_from("<I", data, optional + 28)
    image = bytearray(size)
    image[:headers] = data[:headers]
    for number in range(count):
        virtual_size, rva, raw_size, raw = struct.unpack_from("<4I", data, optional + optional_size + 40 * number + 8)
        kept = min(raw_size, virtual_size or raw_size)
        image[rva : rva + kept] = data[raw : raw + kept]
    debug, debug_size = struct.unpack_from("<2I", data, optional + (112 if wide else 96) + 6 * 8)
    codeview = b""
    for at in range(debug, debug + debug_size, 28):
        kind, length, rva = struct.unpack_from("<3I", image, at + 12)
        if kind == 2:
            codeview = bytes(image[rva : rva + length])
    return Program(bytes(image), base, entry, *struct.unpack_from("<I", data, header + 8), *struct.unpack_from("<I", data, optional + 64), codeview)


def dump_of(machine: Machine, program: Program, context: bytes, sp: int, pc: int, stack: bytes, name: str) -> bytes:
    """A dump of one thread, stopped by a single step, with the part of its stack that is in use."""
    start = sp & ~0xFF
    held = stack[start - machine.stack :]
    builder = DumpBuilder(flags=0)
    builder.set("SystemInfoStream", ProcessorArchitecture=machine.processor, MajorVersion=10, BuildNumber=19045, PlatformId=2, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=0x100, Teb=0x7FFDF000, Stack=(start, len(held)), ThreadContext=context)
    builder.add(
        "ModuleListStream", BaseOfImage=program.base, SizeOfImage=len(program.image), CheckSum=program.checksum,
        TimeDateStamp=program.timestamp, ModuleName=f"C:\\demo\\{name}", CvRecord=program.codeview,
    )  # fmt: skip
    builder.set("ExceptionStream", ThreadId=0x100, ExceptionCode=0x80000004, ExceptionAddress=pc, ThreadContext=context)
    builder.capture(start, held)
    return builder.to_bytes()


class Emulator:
    """A program in the emulator unicorn, with an empty stack; ``processor`` are unicorn's numbers of architecture and mode, ``sp`` that of the register."""

    def __init__(self, machine: Machine, exe: Path, processor: Tuple[int, int], sp: int, room: int = 64) -> None:
        import unicorn

        self.machine = machine
        self.name = exe.name
        self.program = load(exe)
        self.running = unicorn.Uc(*processor)
        self.running.mem_map(self.program.base, (len(self.program.image) + 0xFFFF) & ~0xFFFF)
        self.running.mem_write(self.program.base, self.program.image)
        self.running.mem_map(machine.stack, STACK_SIZE)
        self.running.reg_write(sp, machine.stack + STACK_SIZE - room)

    def registers(self, numbers: Iterable[int]) -> List[int]:
        """What registers hold, by unicorn's numbers."""
        return [self.running.reg_read(number) for number in numbers]

    def dump(self, path: Path, context: bytes, sp: int, pc: int) -> None:
        """Write a dump of the program as it is."""
        stack = bytes(self.running.mem_read(self.machine.stack, STACK_SIZE))
        path.write_bytes(dump_of(self.machine, self.program, context, sp, pc, stack, self.name))

    def run(self, step: Callable[[int], None], count: int) -> None:
        """Run so many instructions; ``step`` is given the address of each before it is done."""
        import unicorn

        def hook(running: Any, address: int, size: int, data: Any) -> None:
            step(address)

        self.running.hook_add(unicorn.UC_HOOK_CODE, hook)
        self.running.emu_start(self.program.base + self.program.entry, 0, count=count)


def ask(dumps: Sequence[Path], folder: Path, row: str) -> Dict[str, List[Tuple[str, str, str]]]:
    """Stack pointer, RetAddr and call site of each frame as the engine has them, with the image and the PDB at hand; ``row`` finds a line."""
    bench = Bench.find()
    if bench is None:
        raise SystemExit(Bench.why_not())
    place = windows_path(folder)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", "k 0n64"]
    answers = bench.ask(list(dumps), commands, what="f")
    return {dump.name: re.findall(row, answer.commands["k 0n64"].text, re.MULTILINE) for dump, answer in zip(dumps, answers)}


def write_archive(archive: tarfile.TarFile, paths: Iterable[Path]) -> None:
    """Add the files under their names, without times and owners."""
    for path in paths:
        info = tarfile.TarInfo(path.name)
        info.size = path.stat().st_size
        with open(path, "rb") as file:
            archive.addfile(info, file)

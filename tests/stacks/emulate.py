"""Makes the archives of tests/stacks/data/x86: dumps of an x86 program at each of its instructions, and what the engine's ``k`` says of them.

    python -m tests.stacks.emulate OUT.tar.xz [OPTION...]

There is no 32-bit Windows at hand, so the program (data/x86/shapes.c, without any library) runs in an emulator. Needs clang, lld-link, the
package ``unicorn`` and the engine bench. OPTIONs are clang's (-O2 unless given).
"""

from __future__ import annotations

import json
import struct
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, List, Set

from tests.stacks.emulation import MOST, Emulator, Machine, ask, build, write_archive

X86 = Machine(
    source=Path(__file__).parent / "data" / "x86" / "shapes.c",
    compiler=("--target=i686-pc-windows-msvc",),
    linker=("/machine:x86", "/safeseh:no"),
    processor=0,
    stack=0x100000,
)
REGISTERS = ("EDI", "ESI", "EBX", "EDX", "ECX", "EAX", "EBP", "EIP", "EFLAGS", "ESP")
_ROW = r"^([0-9a-f]{8}|\(Inline\)) ([0-9a-f]{8}|-{8}) (\S+)"


def context(registers: Dict[str, int]) -> bytes:
    """A CONTEXT of x86 with control, integer and segment registers."""
    held = bytearray(716)
    struct.pack_into("<I", held, 0, 0x10007)
    struct.pack_into("<4I", held, 0x8C, 0x2B, 0x53, 0x2B, 0x2B)
    struct.pack_into("<8I", held, 0x9C, *(registers[name] for name in REGISTERS[:8]))
    struct.pack_into("<4I", held, 0xBC, 0x23, registers["EFLAGS"], registers["ESP"], 0x2B)
    return bytes(held)


def emulate(exe: Path, folder: Path) -> List[Path]:
    """Run the program and write a dump at each instruction that is met for the first time."""
    import unicorn
    from unicorn import x86_const

    emulator = Emulator(X86, exe, (unicorn.UC_ARCH_X86, unicorn.UC_MODE_32), x86_const.UC_X86_REG_ESP)
    numbers = [getattr(x86_const, f"UC_X86_REG_{name}") for name in REGISTERS]
    seen: Set[int] = set()
    written: List[Path] = []

    def step(address: int) -> None:
        if address in seen or len(written) >= MOST:
            return
        seen.add(address)
        registers = dict(zip(REGISTERS, emulator.registers(numbers)), EIP=address)
        path = folder / f"step-{len(written):04d}.dmp"
        emulator.dump(path, context(registers), registers["ESP"], address)
        written.append(path)

    emulator.run(step, 200_000)
    return written


def pack(out: Path, options: List[str]) -> int:
    """Write an archive of the program, its PDB, the dumps and the answers; returns how many dumps there are."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(out, "w:xz", preset=9) as archive:
        folder = Path(name)
        exe = build(X86, folder, options)
        dumps = emulate(exe, folder)
        (folder / "k.json").write_text(json.dumps(ask(dumps, folder, _ROW)), "utf-8")
        write_archive(archive, (exe, exe.with_suffix(".pdb"), *dumps, folder / "k.json"))
    return len(dumps)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]), sys.argv[2:] or ['-O2'])} dumps")

"""Makes the archives of tests/stacks/data/arm64: dumps of an ARM64 program at each of its instructions, with the true stack beside them.

    python -m tests.stacks.emulate_arm64 OUT.tar.xz [OPTION...]

The program (data/arm64/shapes.c, without any library) runs in an emulator, which notes each call and return: that is the truth. The engine's ``k``
is asked too, where it is at hand. Needs clang, lld-link and the package ``unicorn``. OPTIONs are clang's (-O2 unless given).
"""

from __future__ import annotations

import json
import struct
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, List, Set, Tuple

from tests.stacks.emulation import MOST, Emulator, Machine, ask, build, write_archive

ARM64 = Machine(
    source=Path(__file__).parent / "data" / "arm64" / "shapes.c",
    compiler=("--target=aarch64-pc-windows-msvc", "-w"),
    linker=("/machine:arm64",),
    processor=12,
    stack=0x10000000,
)
_ROW = r"^([0-9a-f]{8}`[0-9a-f]{8}|\(Inline Function\)) ([0-9a-f]{8}`[0-9a-f]{8}|-{8}`-{8}) (\S+)"


def context(registers: List[int], sp: int, pc: int) -> bytes:
    """An ARM64_NT_CONTEXT with control and integer registers."""
    held = bytearray(912)
    struct.pack_into("<I", held, 0, 0x400003)
    struct.pack_into("<31Q", held, 8, *registers)
    struct.pack_into("<2Q", held, 0x100, sp, pc)
    return bytes(held)


def emulate(exe: Path, folder: Path) -> Dict[Path, List[Tuple[int, int]]]:
    """Run the program and write a dump at each instruction that is met for the first time; beside each the (sp, pc) of all frames."""
    import unicorn
    from unicorn import arm64_const as names

    emulator = Emulator(ARM64, exe, (unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM), names.UC_ARM64_REG_SP)
    emulator.running.reg_write(names.UC_ARM64_REG_LR, 0)
    numbers = [*(getattr(names, f"UC_ARM64_REG_X{n}") for n in range(29)), names.UC_ARM64_REG_FP, names.UC_ARM64_REG_LR]
    seen: Set[int] = set()
    written: Dict[Path, List[Tuple[int, int]]] = {}
    callers: List[Tuple[int, int]] = []  # return address and stack pointer of each call that has not returned

    def step(address: int) -> None:
        sp = emulator.running.reg_read(names.UC_ARM64_REG_SP)
        while callers and callers[-1] == (sp, address):
            callers.pop()
        word = int.from_bytes(emulator.running.mem_read(address, 4), "little")
        if address not in seen and len(written) < MOST:
            seen.add(address)
            path = folder / f"step-{len(written):04d}.dmp"
            emulator.dump(path, context(emulator.registers(numbers), sp, address), sp, address)
            written[path] = [(sp, address), *reversed(callers)]
        if word >> 26 == 0b100101 or word & 0xFFFFFC1F == 0xD63F0000:  # bl, blr
            callers.append((sp, address + 4))

    emulator.run(step, 200_000)
    return written


def pack(out: Path, options: List[str], every: int = 1) -> int:
    """Write an archive of the program, every so many of the dumps, the truth and the engine's answers; returns how many dumps there are."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(out, "w:xz", preset=9) as archive:
        folder = Path(name)
        exe = build(ARM64, folder, options)
        truth = dict(list(emulate(exe, folder).items())[::every])
        (folder / "k.json").write_text(json.dumps(ask(list(truth), folder, _ROW)), "utf-8")
        (folder / "truth.json").write_text(json.dumps({path.name: frames for path, frames in truth.items()}), "utf-8")
        write_archive(archive, (exe, *truth, folder / "k.json", folder / "truth.json"))
    return len(truth)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]), sys.argv[2:] or ['-O2'])} dumps")

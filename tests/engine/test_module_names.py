"""Names of modules, held against ``lm`` of the engine on every sample and on module lists made at random."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
from samples.writer import CONTEXT_SIZES, DumpBuilder, Module, Thread
from tests.engine.bench import Answer, Bench

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.module_names import module_names
from dumpscope.errors import DumpError

ROW = re.compile(r"([0-9a-f`]{8,17}) [0-9a-f`]{8,17}   (.*?) +(?:[#TMCP] +)*\((?:deferred|no symbols|export symbols|pdb symbols|private pdb symbols)\)")
STEMS = ["a", "A", "a_exe", "a-exe", "a b", "a.b", "m", "M", "", "..", "é", "日", "\U0001f600", "y" * 254, "y" * 900, "1", "_", "a_20000", "\x01", "a!b"]
EXTENSIONS = [".dll", ".exe", ".DLL", ".EXE", ".so", "", ".drv", ".exe ", ".dll.exe", ".exe.dll", "."]
FOLDERS = ["", "", "C:\\d\\", "/usr/lib/", "x:", "C:\\q.exe\\"]


def listed(answer: Answer) -> Dict[int, str]:
    """``lm``: the name by the base."""
    rows = [ROW.match(line) for line in answer.commands["lm"].raw.split("\n")] if "lm" in answer.commands else []
    return {int(row[1].replace("`", ""), 16): row[2] for row in rows if row}


def test_every_sample(bench: Bench, samples: Path) -> None:
    paths = sorted(samples.glob("**/*.dmp"))
    compared = 0
    for path, answer in zip(paths, bench.ask(paths, ["lm"], what="m")):
        names = listed(answer)
        if not answer.opened or not names:
            continue
        try:
            dump = Minidump.open(path)
        except DumpError:
            continue
        with dump:
            # Where the debugger begins on the 32-bit side of a 64-bit dump, its addresses are the low halves; the names are the same.
            mask = (1 << (32 if dump.pointer_size == 4 or EngineView(dump.source).effective_x86 else 64)) - 1
            assert {module.base & mask: module.name for module in dump.modules if module.base & mask} == {base & mask: name for base, name in names.items()}, (
                path.name
            )
        compared += len(names)
    assert compared > 500


@pytest.mark.parametrize("seed", range(6))
def test_lists_made_at_random(bench: Bench, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    made: List[Tuple[Path, List[Tuple[int, int, str]], int]] = []
    for number in range(10):
        arch = chance.choice(["amd64", "x86", "arm64"])
        bases = [0x10000 * index for index in range(40)] + [0x80000000 + 0x10000 * index for index in range(8)]
        bases += [0xFFFF0000, 0xFFFFFFFFFFF00000, 0x7FF800000000, 0x100020000]
        rows = [
            (chance.choice(bases), chance.choice([0, 0x1000, 0x10000, 0x20000]), chance.choice(FOLDERS) + chance.choice(STEMS) + chance.choice(EXTENSIONS))
            for _ in range(chance.randint(3, 60))
        ]
        dump = DumpBuilder(arch)
        dump.add_system_info()
        dump.add_thread_list([Thread(0x10, context=bytes(CONTEXT_SIZES[arch]))])
        dump.add_module_list([Module(*row) for row in rows])
        dump.add_memory_list()
        path = tmp_path / f"{number}.dmp"
        path.write_bytes(dump.build())
        made.append((path, rows, 4 if arch == "x86" else 8))
    compared = 0
    for (_, rows, pointer_size), answer in zip(made, bench.ask([path for path, _, _ in made], ["lm"], what="m")):
        mask = (1 << 8 * pointer_size) - 1
        ours: Dict[int, str] = {}
        for (base, size, _), name in zip(rows, module_names(rows, pointer_size)):
            ours.pop(base & mask, None)
            if base & mask and (base & mask) + (size or 0x1000) < 1 << 64 and not (pointer_size == 4 and (base & mask) + (size or 0x1000) >= 1 << 32):
                ours[base & mask] = name
        assert listed(answer) == ours
        compared += len(ours)
    assert compared > 100

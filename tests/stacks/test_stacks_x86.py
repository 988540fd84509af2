"""x86 stacks by frame data of a PDB against Microsoft's engine, at each instruction of a program (see tests/stacks/emulate.py)."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.frames import EPILOGUE, Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images
from dumpscope.symbols.symbolic_files import NativeFile, available, open_native

DATA = Path(__file__).parent / "data" / "x86"
ARCHIVES = sorted(path.name[: -len(".tar.xz")] for path in DATA.glob("*.tar.xz"))
needs_symbolic = pytest.mark.skipif(available() is not True, reason="the package symbolic is not installed")


class Case(NamedTuple):
    """One dump: the engine's rows of (ChildEBP, RetAddr, call site), without functions put inline, and our stack."""

    name: str
    rows: List[Tuple[int, int, str]]
    stack: Stack


def cases(name: str, folder: Path) -> List[Case]:
    """All dumps of an archive, walked with the image and the PDB."""
    dumps: Dict[str, bytes] = {}
    answers: Dict[str, List[List[str]]] = {}
    with tarfile.open(DATA / f"{name}.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            data = file.read()
            if member.name.endswith(".dmp"):
                dumps[member.name] = data
            elif member.name == "k.json":
                answers = json.loads(data)
            else:
                (folder / member.name).write_bytes(data)
    symbols = open_native(str(folder / "shapes.pdb"))
    assert isinstance(symbols, NativeFile)
    records = symbols.unwind_records()
    found = []
    for key, data in dumps.items():
        rows = [(int(row[0], 16), int(row[1], 16), row[2]) for row in answers[key] if not row[0].startswith("(")]
        with Minidump.open(io.BytesIO(data)) as dump, Images(dump, [str(folder)]) as images:
            found.append(Case(key, rows, Walker(dump, images, lambda module: records).exception()))
    return found


@needs_symbolic
@pytest.mark.parametrize("name", ARCHIVES)
def test_every_frame_is_the_engines_but_in_epilogues(name: str, tmp_path: Path) -> None:
    """The engine reads frame data in epilogues too, and leaves the stack there; the rest of an epilogue says what holds."""
    different, frames = [], 0
    all_cases = cases(name, tmp_path)
    for case in all_cases:
        ours = [(frame.place - 4 if frame.place else 0, frame.ip) for frame in case.stack.frames[1:]]
        engine = list(zip([row[0] for row in case.rows], [row[1] for row in case.rows]))[:-1]  # the last frame returns to 0
        frames += len(engine)
        assert case.stack.frames[-1].return_address == 0
        assert all(frame.certain for frame in case.stack.frames)
        if ours != engine:
            different.append(case)
    assert frames > 1000
    assert len(different) < 0.05 * len(all_cases)
    for case in different:
        assert case.stack.frames[1].found_by == EPILOGUE
    # What is true of them is known from the same thread, a few instructions later: the callers are those of the other dumps.
    known = {(frame.sp, frame.ip) for case in all_cases if case not in different for frame in case.stack.frames}
    for case in different:
        assert {(frame.sp, frame.ip) for frame in case.stack.frames[2:]} <= known


@needs_symbolic
def test_frames_name_the_record_that_gave_them(tmp_path: Path) -> None:
    case = next(case for case in cases("shapes-O2", tmp_path) if len(case.stack.frames) > 4 and case.stack.frames[1].found_by != EPILOGUE)
    origin = case.stack.frames[1].origin
    assert origin.words == "STACK WIN of shapes"
    assert "$eip" in origin.proofs()[0].value

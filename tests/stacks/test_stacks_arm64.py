"""ARM64 stacks at each instruction of a program: against its true calls, and against Microsoft's engine (see tests/stacks/emulate_arm64.py)."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.frames import BOTTOM, EPILOGUE, LEAF, UNWIND_DATA, Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images

DATA = Path(__file__).parent / "data" / "arm64"
ARCHIVES = sorted(path.name[: -len(".tar.xz")] for path in DATA.glob("*.tar.xz"))


class Case(NamedTuple):
    """One dump: (sp, pc) of each frame as the emulator noted the calls, the engine's (Child-SP, RetAddr), and our stack."""

    name: str
    truth: List[Tuple[int, int]]
    engine: List[Tuple[int, int]]
    stack: Stack


def _number(text: str) -> int:
    return int(text.replace("`", ""), 16)


@pytest.fixture(scope="module", params=ARCHIVES)
def cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> List[Case]:
    """All dumps of an archive, walked with the image."""
    folder = tmp_path_factory.mktemp("arm64")
    files: Dict[str, bytes] = {}
    with tarfile.open(DATA / f"{request.param}.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            files[member.name] = file.read()
    (folder / "shapes.exe").write_bytes(files["shapes.exe"])
    truth, answers = json.loads(files["truth.json"]), json.loads(files["k.json"])
    found = []
    for name in truth:
        rows = [(_number(row[0]), _number(row[1])) for row in answers[name] if not row[0].startswith("(")]
        with Minidump.open(io.BytesIO(files[name])) as dump, Images(dump, [str(folder)]) as images:
            stack = Walker(dump, images).exception()
        found.append(Case(name, [(sp, pc) for sp, pc in truth[name]], rows, stack))
    return found


def test_every_stack_is_the_true_one(cases: List[Case]) -> None:
    for case in cases:
        assert [(frame.sp, frame.ip) for frame in case.stack.frames] == case.truth, case.name
        assert case.stack.end.kind == BOTTOM
        assert all(frame.certain for frame in case.stack.frames)
    assert len(cases) > 100


def test_every_stack_is_the_engines(cases: List[Case]) -> None:
    for case in cases:
        assert [(frame.sp, frame.return_address) for frame in case.stack.frames] == case.engine, case.name
    assert sum(len(case.engine) for case in cases) > 400


def test_bodies_and_epilogues_are_among_them(cases: List[Case]) -> None:
    assert {case.stack.frames[1].found_by for case in cases if len(case.stack.frames) > 1} - {LEAF} == {UNWIND_DATA, EPILOGUE}

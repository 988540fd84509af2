"""Frames against Microsoft's engine: dumps of our own programs at each of their instructions, with what ``k`` says of them beside."""

from __future__ import annotations

import io
import json
import random
import tarfile
from functools import cache
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Set, Tuple

import pytest
from tests.amount import part

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.frames import INSTRUCTIONS, Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images

DATA = Path(__file__).parent / "data"
ARCHIVES = sorted(path.name[: -len(".tar.xz")] for path in DATA.glob("*.tar.xz"))
EngineRow = Tuple[int, int, str]

WRONG_ENGINE = {
    # __chkstk_ms of MinGW pushes registers and has no unwind data: the engine takes it for a leaf, and a saved register for a return address,
    # which it takes for a leaf in turn.
    "steps-clang-O1": [38, 39, 40, 41, 42, 43, 44, 45, 60, 61, 62, 63, 64],
    "steps-gcc-O2": [35, 36, 37, 38, 39, 40, 41, 42, 56, 57, 58, 59],
    "shapes-clang-O0": [45, 46],
    # 18 and 64: a function like ___chkstk_ms. 125, 131: an epilogue that ends in jmp rax without REX.W, for which the engine sees none.
    # 154, 156, 200: words pushed in the body of a function with unwind data; 159: room made there.
    "asmx-clang-O1": [18, 64, 125, 131, 154, 156, 159, 200],
    # 43: a jump to the part that gcc split off, which the engine takes for a tail call.
    # 153: behind a pushfq in the middle of a function, where it takes a local variable for the return address.
    "shapes-gcc-O3": [34, 35, 43, 153],
}
"""Numbers of the dumps at which the engine's ``k`` leaves the true stack."""

STALE = {("asmx-clang-O1", number) for number in (125, 131, 154, 156, 159, 200)}
"""Where it does so by words that point to code: its rows are the true ones again from the third frame on only."""


class Pack:
    """One archive of tests.stacks.pack, opened."""

    def __init__(self, name: str, folder: Path) -> None:
        self.dumps: Dict[str, bytes] = {}
        self.answers: Dict[str, List[EngineRow]] = {}
        with tarfile.open(DATA / f"{name}.tar.xz") as archive:
            for member in archive:
                file = archive.extractfile(member)
                assert file is not None
                data = file.read()
                if member.name.endswith(".dmp"):
                    self.dumps[member.name] = data
                elif member.name == "k.json":
                    self.answers = {key: [(row[0], row[1], row[2]) for row in rows] for key, rows in json.loads(data).items()}
                else:
                    (folder / member.name).write_bytes(data)
        self.folder = folder

    def stacks(self) -> Iterator[Tuple[str, List[EngineRow], Stack]]:
        """Each dump's name, the engine's rows, and our stack."""
        for name, data in self.dumps.items():
            with Minidump.open(io.BytesIO(data)) as dump, Images(dump, [str(self.folder)]) as images:
                yield name, self.answers[name], Walker(dump, images).exception()


Walked = Callable[[str], List[Tuple[str, List[EngineRow], Stack]]]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Gives what ``Pack.stacks`` finds in an archive, which is opened and walked once."""

    @cache
    def found(name: str) -> List[Tuple[str, List[EngineRow], Stack]]:
        return list(Pack(name, tmp_path_factory.mktemp(name)).stacks())

    return found


def without_leaves(rows: List[EngineRow]) -> List[EngineRow]:
    """The engine's rows without those of values that are no code: each is a leaf for it, so that the one below returns to where it does."""
    found: List[EngineRow] = []
    for sp, back, site in rows:
        if site.startswith("0x"):
            found[-1] = (found[-1][0], back, found[-1][2])
        else:
            found.append((sp, back, site))
    return found


def own_rows(rows: List[EngineRow], program: str) -> List[Tuple[int, int]]:
    """The engine's rows up to the first frame of another module, whose image the archive does not have; that frame's row not included."""
    found = []
    for sp, back, site in rows:
        if not site.startswith(program):
            break
        found.append((sp, back))
    return found


def callers(rows: List[EngineRow]) -> Set[Tuple[int, int]]:
    """Stack pointer and instruction of the frames that called."""
    return {(sp, back) for (_, back, _), (sp, _, _) in zip(rows, rows[1:])}


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_frame_is_the_engines_at_every_instruction(name: str, walked: Walked) -> None:
    program = name.partition("-")[0]
    wrong, compared = [], 0
    for dump, rows, stack in walked(name):
        expected = own_rows(rows, program)
        assert expected
        ours = [(frame.sp, frame.return_address) for frame in stack.frames][: len(expected)]
        compared += len(expected)
        if ours != expected or not all(frame.certain for frame in stack.frames[: len(expected)]):
            wrong.append(int(dump[5:9]))
    assert compared > 300
    assert wrong == WRONG_ENGINE[name]


@pytest.mark.parametrize("name", ARCHIVES)
def test_where_the_engine_is_wrong_no_proven_frame_of_ours_is(name: str, walked: Walked) -> None:
    """The caller of the function that the engine leaves is in its own rows further out, or in those of the dump before."""
    before: Set[Tuple[int, int]] = set()
    for dump, rows, stack in walked(name):
        true = {(frame.sp, frame.ip) for frame in stack.frames if frame.certain}
        if int(dump[5:9]) in WRONG_ENGINE[name]:
            assert true - {(stack.frames[0].sp, stack.frames[0].ip)} <= before | callers(without_leaves(rows))
        else:
            before |= callers(rows)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_function_that_pushes_without_unwind_data_is_followed_to_its_return(name: str, walked: Walked) -> None:
    """The engine comes back to the true stack after its leaves: from there on, and in the first return address, ours is the same."""
    program = name.partition("-")[0]
    followed = []
    for dump, rows, stack in walked(name):
        expected = own_rows(without_leaves(rows), program)
        if len(stack.frames) > 1 and stack.frames[1].found_by == INSTRUCTIONS:
            followed.append(int(dump[5:9]))
            assert "followed to ret" in stack.frames[1].origin.words
            ours = [(frame.sp, frame.return_address) for frame in stack.frames][: len(expected)]
            if (name, int(dump[5:9])) in STALE:
                ours, expected = ours[2:6], expected[-4:]
            assert ours == expected
            assert all(frame.certain for frame in stack.frames[: len(expected)])
    assert set(followed) >= {number for number in WRONG_ENGINE[name] if (name, number) != ("shapes-gcc-O3", 43)}


@pytest.mark.parametrize("seed", range(8))
def test_damaged_images_end_stacks_and_nothing_else(seed: int, tmp_path: Path) -> None:
    """Bytes of .pdata, .xdata and code changed at random, and stacks walked with them: no error, and no frame without a place in the stack."""
    name = ARCHIVES[seed % len(ARCHIVES)]
    pack = Pack(name, tmp_path)
    image = next(tmp_path.glob("*.exe"))
    whole = image.read_bytes()
    chance = random.Random(seed)
    names = sorted(pack.dumps)
    for _ in range(part(40, 4)):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 8, 64, 512))):
            damaged[chance.randrange(0x200, len(damaged))] = chance.choice((0, 0xFF, chance.randrange(256)))
        image.write_bytes(damaged)
        for dump_name in chance.sample(names, 4):
            with Minidump.open(io.BytesIO(pack.dumps[dump_name])) as dump, Images(dump, [str(tmp_path)]) as images:
                stack = Walker(dump, images).exception()
            assert stack.end.kind
            assert 1 <= len(stack.frames) < 2000


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_stack_without_images_is_one_frame_and_says_what_is_missing(name: str, tmp_path: Path) -> None:
    pack = Pack(name, tmp_path)
    data = next(iter(pack.dumps.values()))
    with Minidump.open(io.BytesIO(data)) as dump:
        stack = Walker(dump, Images(dump)).exception()
    assert len(stack.frames) == 1
    assert stack.end.kind == "no-image"
    assert stack.end.module == name.partition("-")[0]
    assert stack.frames[0].return_address is None

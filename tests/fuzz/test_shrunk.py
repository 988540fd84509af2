"""Mutated dumps through ``shrink`` and ``extract``: what is written opens and has the same threads, or there is a reason; never a half file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest
from tests.amount import part
from tests.fuzz.test_written import mutants

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.extract import extract_module, extract_stream
from dumpscope.writing.output import write_whole
from dumpscope.writing.shrink import Shrunk

MUTANTS = part(250)
_WAYS: Tuple[Dict[str, Any], ...] = ({}, {"commands": ["!handle", "k"]}, {"flags": 0x2365}, {"near": 2}, {"most": 20_000}, {"commands": ["!heap"]})


def shrunk(data: bytes, folder: Path) -> bool:
    """Shrink a mutant; what is written opens, and is as small as was asked."""
    target = folder / "small.dmp"
    way = random.Random(len(data)).choice(_WAYS)
    try:
        with Minidump.open(data) as dump:
            Shrunk(dump, **way).write(str(target))
            threads = len(dump.threads)
    except DumpError as error:
        if not error.message or list(folder.iterdir()):
            raise
        return False
    source = Source.from_path(str(target))
    try:
        assert EngineView(source).opening.ok
        made = Minidump(source)
        assert len(made.threads) == threads
        assert source.size <= way.get("most", 1 << 30)
    finally:
        source.close()
    target.unlink()
    return True


def extracted(data: bytes, folder: Path) -> bool:
    """Extract the modules and streams of a mutant; no file is much larger than what its image claims and what the dump has."""
    target = folder / "part.bin"
    try:
        with Minidump.open(data) as dump:
            for module, _ in zip(dump.modules, range(8)):
                made = extract_module(dump, module)
                if not isinstance(made, Absent):
                    assert made.size <= 4 * module.size
                    assert made.held <= 40 * len(data)
            for stream, _ in zip(dump.streams, range(8)):
                piece = extract_stream(dump, stream.index)
                assert write_whole(str(target), piece.write_to, force=True) == piece.size <= stream.size
                target.unlink()
    except DumpError as error:
        if not error.message:
            raise
        return False
    finally:
        assert not list(folder.iterdir())
    return True


@pytest.mark.parametrize("write", [shrunk, extracted])
def test_what_is_written_of_a_mutant_opens_or_is_refused_with_a_reason(write: object, tmp_path: Path) -> None:
    assert callable(write)
    done = 0
    for story, data in mutants(MUTANTS, "shrunk"):
        try:
            done += write(data, tmp_path)
        except Exception as error:
            raise AssertionError(f"{story}: {type(error).__name__}: {error}") from error
    assert done > MUTANTS // 2

""" "Args to Child" against the engine's ``kb`` and ``kv`` on all samples, and on dumps that do not belong to the project (DUMPSCOPE_CORPUS).

Parameters against its ``kp`` and ``kP``, asked anew on some of the dumps of tests/stacks/parameters/data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest
from tests.stacks.parameters import emulate, test_parameters
from tests.stacks.test_words import compare, printed

from dumpscope.errors import DumpscopeError

from .bench import Bench, windows_path

CORPUS = os.environ.get("DUMPSCOPE_CORPUS", "")
COMMANDS = {"kbn 0n64": "--arguments", "kvn 0n64": "--fpo"}


def compared(bench: Bench, dumps: List[Path]) -> int:
    """How many lines show the same frame; they must be the same lines."""
    total = 0
    for dump, answer in zip(dumps, bench.ask(dumps, [".ecxr", *COMMANDS], what="f")):
        for command, option in COMMANDS.items():
            if command not in answer.commands:
                continue  # the engine does not open it
            try:
                ours = printed(dump, [option])
            except DumpscopeError:
                continue
            found = compare(answer.commands[command].text, ours)
            assert not found.different, dump
            total += found.same_frame
    return total


def test_words_are_the_engines_on_samples(bench: Bench, samples: Path) -> None:
    """Few samples have a stack of which a return address is known; tests/stacks compares those that do."""
    assert compared(bench, sorted(samples.glob("*.dmp"))) >= 2


@pytest.mark.skipif(not CORPUS, reason="DUMPSCOPE_CORPUS names no folder of real dumps")
def test_words_are_the_engines_on_real_dumps(bench: Bench) -> None:
    assert compared(bench, sorted(Path(CORPUS).rglob("*.dmp"))) > 0


@pytest.mark.parametrize("name", test_parameters.ARCHIVES)
def test_parameters_are_the_engines(bench: Bench, tmp_path: Path, name: str) -> None:
    stored = test_parameters.unpack(name, tmp_path)
    dumps = [tmp_path / dump for dump in list(stored)[::5]]
    place = windows_path(tmp_path)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", *emulate.COMMANDS]
    same = 0
    for dump, answer in zip(dumps, bench.ask(dumps, commands, what="f", fresh=True)):
        assert [answer.commands[command].text for command in emulate.COMMANDS] == stored[dump.name], dump
        found = test_parameters.compare(answer.commands[emulate.COMMANDS[0]].text, emulate.printed(dump, tmp_path))
        assert not found.different, dump
        same += found.same
    assert same > 100

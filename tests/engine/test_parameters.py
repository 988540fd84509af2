"""Parameters with their values against the engine's ``kp`` and ``kP``, asked anew on some of the dumps of tests/stacks/parameters/data."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.stacks.parameters.emulate import COMMANDS, printed
from tests.stacks.parameters.test_parameters import ARCHIVES, compare, unpack

from .bench import Bench, windows_path


@pytest.mark.parametrize("name", ARCHIVES)
def test_parameters_are_the_engines(bench: Bench, tmp_path: Path, name: str) -> None:
    stored = unpack(name, tmp_path)
    dumps = [tmp_path / dump for dump in list(stored)[::5]]
    place = windows_path(tmp_path)
    commands = [f".exepath {place}", f".sympath {place}", ".symopt-0x20000", ".reload", ".ecxr", *COMMANDS]
    same = 0
    for dump, answer in zip(dumps, bench.ask(dumps, commands, what="f", fresh=True)):
        assert [answer.commands[command].text for command in COMMANDS] == stored[dump.name], dump
        found = compare(answer.commands[COMMANDS[0]].text, printed(dump, tmp_path))
        assert not found.different, dump
        same += found.same
    assert same > 100

"""Dumps for the tests of commands, stored and made, and parts of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence, Union

from samples.recipes import access_violation, compose
from tests.conftest import SAMPLES

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import find_rule
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.view.blocks import Note


def sample_bytes(name: str) -> bytes:
    """The bytes of a sample, named without its ending."""
    return (SAMPLES / f"{name}.dmp").read_bytes()


def parse(data: bytes) -> Minidump:
    """A dump in memory."""
    return Minidump(Source.from_object(data))


def opened(name: str) -> Minidump:
    """A sample."""
    return parse(sample_bytes(name))


def write(tmp_path: Path, data: bytes) -> str:
    """The path of a file with these bytes."""
    path = tmp_path / "made.dmp"
    path.write_bytes(data)
    return str(path)


def with_exception(code: int, parameters: Sequence[int], address: int = 0x7FF6A1B2145C, kind: str = "amd64") -> bytes:
    """A small dump of a process with this exception."""
    arguments: Dict[str, Any] = dict(access_violation(kind), code=code, parameters=parameters)
    if kind == "amd64":
        arguments["address"] = address
    return compose("threads modules memory exception system misc", kind=kind, exception=arguments).build()


def fired(name_or_data: Union[str, bytes], *codes: str) -> Dict[str, Any]:
    """What these rules find in a dump, by code."""
    data = name_or_data if isinstance(name_or_data, bytes) else sample_bytes(name_or_data)
    found = apply([find_rule(code) for code in codes], Facts.of(Source.from_object(data)))
    return {item.code: item for item in found}


def flat(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def notes(blocks: Any) -> List[str]:
    """The texts of the notes among blocks."""
    return [block.text for block in blocks if isinstance(block, Note)]

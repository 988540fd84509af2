"""``map``, ``bytes`` and ``whatis`` on user dumps of the old format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
WIDE, NARROW = "not-a-dump-user-full-64.dmp", "not-a-dump-user-full-32.dmp"


def told(cli: Any, *words: Any) -> Dict[str, Any]:
    """The JSON document of a command line."""
    found = json.loads(cli(*words, "--json").out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", [WIDE, NARROW])
def test_every_byte_has_an_owner_or_is_padding(cli: Any, name: str) -> None:
    pieces = told(cli, "map", name, "--all")["map"]
    at = 0
    for piece in pieces:
        assert piece["offset"] == at
        at += piece["size"]
    assert at == (SAMPLES / name).stat().st_size
    assert {piece["kind"] for piece in pieces} <= {"header", "record", "context", "string", "memory", "data", "alignment"}
    assert sum(piece["size"] for piece in pieces if piece["kind"] == "alignment") <= 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["header"], "ThreadOffset = 0x2c0"),
        (["threads"], "ThreadId = 0x1a30"),
        (["modules"], "BaseOfImage"),
        (["event"], "EXCEPTION_DEBUG_EVENT64"),
        (["at", "0xc60"], "CRASH_THREAD64"),
        (["range", "0", "8"], "55 53 45 52"),
        (["version"], "version information"),
    ],
)
def test_bytes(cli: Any, words: Any, said: str) -> None:
    result = cli("bytes", WIDE, *words)
    assert result.code == 0
    assert said in result.out


def test_bytes_of_what_is_not_there(cli: Any) -> None:
    assert cli("bytes", WIDE, "thread", "ffff").code == 1
    assert cli("bytes", WIDE, "nowhere").code == 2
    assert cli("bytes", WIDE, "header", "--first", "x").code == 2


def test_the_first_bytes_are_those_of_the_file(cli: Any) -> None:
    assert "0x52455355" in cli("bytes", WIDE, "header").out


def test_whatis_leads_from_the_header_to_a_byte(cli: Any) -> None:
    result = cli("whatis", WIDE, "0x1a00")
    assert "header . DataOffset" in result.out
    assert "demo+0x93" in result.out
    assert "demo+0x10" in cli("whatis", WIDE, "--memory", "0x140000010").out
    assert cli("whatis", WIDE, "--memory", "0x10").code == 1
    assert cli("whatis", WIDE, "0xffffff").code == 1
    assert "alignment" in cli("whatis", WIDE, "0x10d").out


@pytest.mark.parametrize("name", [WIDE, NARROW])
def test_a_cut_file_has_a_map_too(cli: Any, tmp_path: Path, name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    path = tmp_path / "cut.dmp"
    for size in range(0x80, len(data), len(data) // 23):
        path.write_bytes(data[:size])
        assert sum(piece["size"] for piece in told(cli, "map", path, "--all")["map"]) == size

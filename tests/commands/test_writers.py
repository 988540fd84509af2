"""Flags of a header count only where the writer means them: what commands say of dumps by Crashpad, Breakpad and others."""

from __future__ import annotations

import struct
from typing import Any, Callable

import pytest
from samples.recipes import compose
from tests.cases import each
from tests.commands.made import fired, flat, parse, write

Cli = Callable[..., Any]


_OTHERS = ("breakpad-linux", "breakpad-arm64-old", "crashpad-annotations", "handles-third-party-writer", "handles-wine-writer", "rust-writer-handles")


@each("sample", _OTHERS)
@each("command", ["threads", "regions", "handles", "unloaded", "tokens", "memory"])
def test_flags_of_other_writers_are_not_said_to_ask(cli: Cli, sample: str, command: str) -> None:
    out = flat(cli(command, f"{sample}.dmp").out)
    assert "do not ask for them" not in out
    assert ") ask for them" not in out


def test_who_was_asked_is_named(cli: Cli) -> None:
    out = flat(cli("threads", "breakpad-linux.dmp").out)
    assert "no thread times: the file holds no such stream; the header's flags (0x0) do not say what Breakpad was asked for" in out


def test_flags_of_microsofts_writers_count(cli: Cli) -> None:
    assert "no thread times: the header's flags (0x0) do not ask for them" in flat(cli("threads", "breakpad-windows.dmp").out)
    assert "no handles: the header's flags (0x40000) do not ask for them" in flat(cli("handles", "handles-not-requested-dump-m.dmp").out)


def zeroed_version(flags: int, parts: str = "threads modules memory system misc") -> bytes:
    """What Chromium's fallback handler leaves: dbgcore wrote it, the version word is zero, and Crashpad's stream is there."""
    made = compose(parts, flags, version_high=0)
    made.add_stream(0x43500001, struct.pack("<I", 1) + bytes(48))
    return made.build()


@pytest.mark.parametrize(("flags", "code"), [(0x201920, "HND001"), (0x201924, "HND002")])
def test_flags_of_a_library_that_names_itself_count(flags, code):
    """dbgcore's build string is there although the version word was zeroed."""
    data = zeroed_version(flags)
    found = fired(data, "HND001", "HND002", "HND005", "FLG004", "THR001", "THR018")
    assert code in found
    assert "HND005" not in found
    assert "FLG004" not in found
    writer = parse(data).writer
    assert writer.family == "microsoft"
    against = [item for item in writer.evidence if item.against]
    assert [item.what for item in against] == ["header.Version"]


def test_what_speaks_against_a_writer_is_told(tmp_path, cli, run_json):
    path = write(tmp_path, zeroed_version(0x201920))
    assert "although" in cli("dumpinfo", path, "-v").out + cli("dumpinfo", path).out
    assert "'against': True" in str(run_json("dumpinfo", path))


def test_crashpads_flags_ask_for_nothing(cli):
    found = fired("crashpad-annotations", "THR001", "THR018", "MOD001")
    assert list(found) == ["THR018"]
    assert "absolute" in cli("threads", "crashpad-annotations.dmp", "0").out


def test_of_a_writer_whose_flags_ask_for_nothing_nothing_is_said_to_be_unasked(cli):
    out = cli("why", "crashpad-annotations.dmp").out
    assert "the flags do not say what Crashpad was asked for" in " ".join(out.split())
    unsaid = ("not asked for", "FLG003", "HND013", "did not ask", "Nobody asked", "the flags are 0x0")
    assert [words for words in unsaid if words in out] == []
    flagged = cli("why", "handles-flag-cleared.dmp").out
    assert [words for words in ("FLG003", "HND013", "the flags do not say") if words in flagged] == ["FLG003", "HND013"]

"""``why --readers``: a row for each reader, each refusal with a code and a byte; no file breaks a reader's rules."""

from __future__ import annotations

import json
import random
import struct
from io import StringIO
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from dumpscope.diagnosis.readers.catalogue import READERS, verdicts
from dumpscope.diagnosis.readers.ranges import Ranges
from dumpscope.diagnosis.readers.verdict import OPENS
from dumpscope.dump.source import Source
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
HANDLES = (SAMPLES / "handles.dmp").read_bytes()


def line(*words: str) -> Tuple[int, str]:
    pipe = StringIO()
    return main(list(words), Environment(pipe, pipe, {})), pipe.getvalue()


def rows(name: str) -> Dict[str, Dict[str, Any]]:
    _, text = line("why", str(SAMPLES / name), "--readers", "--json")
    return {row["reader"]: row for row in json.loads(text)["readers"]}


def of(data: bytes) -> Dict[str, Any]:
    source = Source.from_object(data)
    return {verdict.reader: verdict for verdict in verdicts(source)}


def test_two_streams_of_a_type_divide_the_readers_and_the_byte_is_named() -> None:
    found = rows("damaged-duplicate-streams.dmp")
    assert set(found) == {"dbgeng", *(reader.name for reader in READERS)}
    for name in ("lldb", "minidump_stackwalk", "minidump_dump", "udmp-parser"):
        assert found[name]["outcome"] == "refuses"
        assert found[name]["what"] == "StreamType"
        data = (SAMPLES / "damaged-duplicate-streams.dmp").read_bytes()
        assert struct.unpack_from("<I", data, found[name]["offset"])[0] == int(found[name]["value"], 16)
    for name in ("dbgeng", "minidump", "rust-minidump"):
        assert found[name]["outcome"] == "opens"


def test_an_archive_a_text_and_an_empty_file_are_answered() -> None:
    for path in sorted(SAMPLES.glob("not-a-dump*.dmp")):
        _, text = line("why", str(path), "--readers")
        assert "internal error" not in text, path.name
        assert "readers open this file" in text


def test_the_question_needs_a_file_and_no_topic() -> None:
    assert line("why", str(SAMPLES / "handles.dmp"), "!handle", "--readers")[0] == 2
    assert line("why", "!handle", "--readers")[0] == 2


@pytest.mark.parametrize(
    ("offset", "value", "refused"),
    [
        (0, 0x504D444E, {"lldb", "minidump_stackwalk", "minidump_dump", "rust-minidump", "minidump", "udmp-parser"}),
        (4, 0xA794, {"lldb", "minidump_stackwalk", "minidump_dump", "rust-minidump"}),
        (28, 0x200000, {"minidump_dump", "udmp-parser"}),
        (8, 129, {"minidump_stackwalk", "minidump_dump", "lldb"}),
    ],
)
def test_a_byte_of_the_header_decides(offset: int, value: int, refused: set) -> None:  # type: ignore[type-arg]
    data = bytearray(HANDLES)
    struct.pack_into("<I", data, offset, value)
    found = {name for name, verdict in of(bytes(data)).items() if verdict.outcome != OPENS}
    assert refused <= found
    for name in refused - {"minidump"}:
        reason = of(bytes(data))[name].reason
        assert reason is not None
        if reason.code.endswith(("01", "02", "03", "04")):
            assert reason.offset in (offset, 0, 8)


def _at(data: bytes, kind: int, offset: int) -> int:
    count, rva = struct.unpack_from("<II", data, 8)
    places = [place for number, _, place in struct.iter_unpack("<III", data[rva : rva + 12 * count]) if number == kind]
    return int(places[0]) + offset


@pytest.mark.parametrize(
    ("sample", "changes", "dies"),
    [
        ("handles", [(3, 48, 0xFFFFFFFF)], True),
        ("handles", [(3, 48, 0xFFFFFC00)], True),
        ("handles", [(3, 48, 0xFFFFFFFF), (3, 44, 735)], False),
        ("handles", [(3, 48, 0xFFFFFFFF), (3, 44, 736)], True),
        ("handles", [(3, 48, 0xFFFF0000)], False),
        ("handles", [(3, 96, 0xFFFFFFFF)], False),
        ("exception-cpp", [(6, 164, 0xFFFFFFFF)], True),
        ("exception-cpp", [(3, 48, 0xFFFFFFFF)], False),
        ("exception-cpp", [(6, 8, 0xFFFFFFFF), (3, 48, 0xFFFFFFFF)], True),
        ("exception-cpp", [(6, 0, 77777), (3, 48, 0xFFFFFFFF)], False),
        ("exception-cpp", [(6, 0, 77777), (6, 164, 0xFFFFFFFF)], False),
        ("arm-process", [(3, 44, 4), (3, 48, 0xFFFFFFFF)], True),
        ("arm64-process", [(3, 44, 3), (3, 48, 0xFFFFFFFF)], False),
        ("everything-small-x86", [(6, 160, 715), (6, 164, 0xFFFFFFFF)], False),
        ("everything-small-x86", [(6, 160, 716), (6, 164, 0xFFFFFFFF)], True),
    ],
)
def test_registers_whose_place_has_more_than_32_bits_end_lldb(sample: str, changes: List[Tuple[int, int, int]], dies: bool) -> None:
    """Each outcome was seen in LLDB 23.1."""
    data = bytearray((SAMPLES / f"{sample}.dmp").read_bytes())
    for kind, offset, value in changes:
        struct.pack_into("<I", data, _at(data, kind, offset), value)
    verdict = of(bytes(data))["lldb"]
    if not dies:
        assert verdict.outcome == OPENS
        return
    assert (verdict.outcome, verdict.reason.code) == ("dies", "LLDB13")
    kind, offset, value = changes[-1]
    wanted = 48 if kind == 3 else 164
    assert verdict.reason.offset == _at(data, kind, wanted)
    assert int(verdict.reason.value, 16) == struct.unpack_from("<I", data, verdict.reason.offset)[0]


def test_no_cut_and_no_change_breaks_the_rules() -> None:
    generator = random.Random(5)
    for cut in [0, 1, 4, 31, 32, 33, *generator.sample(range(len(HANDLES)), 40)]:
        of(HANDLES[:cut])
    for _ in range(60):
        data = bytearray(HANDLES)
        for _ in range(3):
            struct.pack_into("<I", data, generator.randrange(0, 0x400, 4), generator.choice([0, 1, 0xFFFFFFFF, 0x7FFFFFFF, generator.getrandbits(32)]))
        of(bytes(data))


def test_codes_are_of_one_reader_each() -> None:
    seen: Dict[str, str] = {}
    for path in sorted(SAMPLES.glob("*.dmp")):
        source = Source.from_path(str(path))
        for verdict in verdicts(source):
            if verdict.reason is not None:
                assert verdict.reason.words
                assert seen.setdefault(verdict.reason.code[:4], verdict.reader) == verdict.reader
        source.close()
    assert len(seen) >= 5


def test_ranges_are_kept_as_breakpad_keeps_them() -> None:
    plain, lower = Ranges(False), Ranges(True)
    steps: List[Tuple[int, int, bool, bool]] = [
        (0x1000, 0x1000, True, True),
        (0x3000, 0x1000, True, True),
        (0x1800, 0x100, False, True),
        (0x1800, 0, False, False),
    ]
    for number, (base, size, one, other) in enumerate(steps):
        assert plain.store(base, size, number) == one
        assert lower.store(base, size, number) == other
    assert plain.find(0x1FFF) == 0
    assert plain.find(0x2000) is None
    assert not plain.store(0xFFFFFFFFFFFFFFFF, 2, 9)

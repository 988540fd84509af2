"""``handles``: its options and limits on made lists. tests/commands/answers/handles.txt has whole answers."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any, Dict, List, Tuple

import pytest
from samples.writer import DumpBuilder, Handle, Operation, Thread
from tests.commands.made import parse, sample_bytes, write

from dumpscope.commands import handles
from dumpscope.dump.allowance import Allowance

ROWS = [
    ("Mutant", "\\b", 0x1F0001, 2, 100),
    ("Event", "\\a", 0x1F0003, 9, 50),
    ("Event", "", 0x100, 9, 50),
    ("Key", "\\C", 0x9, 1, 700),
    (None, None, 0, 0, 0),
]


def built(tmp_path, handles, operations=()):
    made = DumpBuilder(flags=0x4)
    made.add_system_info()
    made.add_thread_list([Thread(0x10)])
    made.add_handles(handles)
    if operations:
        made.add_handle_operations(operations)
    path = tmp_path / "made.dmp"
    path.write_bytes(made.build())
    return path


@pytest.fixture
def table(tmp_path):
    """Five handles, 0x14 down to 0x4."""
    rows = [Handle(0x14 - 4 * index, kind, name, access, 0, handles, pointers) for index, (kind, name, access, handles, pointers) in enumerate(ROWS)]
    return built(tmp_path, rows)


def order(document):
    return [int(row["handle"], 16) for row in document["handles"]]


@pytest.mark.parametrize(
    ("words", "handles"),
    [
        ([], [0x14, 0x10, 0xC, 0x8, 0x4]),
        (["--sort", "handle"], [0x4, 0x8, 0xC, 0x10, 0x14]),
        (["--sort", "type"], [0x4, 0xC, 0x10, 0x8, 0x14]),
        (["--sort", "name"], [0x8, 0x10, 0x14, 0x4, 0xC]),
        (["--sort", "access"], [0x4, 0x8, 0xC, 0x14, 0x10]),
        (["--sort", "handles"], [0xC, 0x10, 0x14, 0x8, 0x4]),
        (["--sort", "pointers"], [0x8, 0x14, 0xC, 0x10, 0x4]),
        (["--named"], [0x14, 0x10, 0x8]),
        (["--named", "--sort", "name"], [0x8, 0x10, 0x14]),
        (["--name", "\\[ab]"], [0x14, 0x10]),
        (["--name", "\\A", "--name", "\\c"], [0x10, 0x8]),
        (["--name", "*", "--type", "event"], [0x10, 0xC]),
        (["--name", "*", "--named", "--type", "event"], [0x10]),
        (["--type", "key", "--type", "m*"], [0x14, 0x8]),
        (["--type", ""], [0x4]),
        (["0", "7", "mutant"], [0x14]),
        (["-1", "7", "mutant"], [0x14]),
        (["*", "7", "mutant"], [0x14]),
        (["ffffffff", "7", "mutant"], [0x14]),
        (["ffffffffffffffff", "7", "mutant"], [0x14]),
        (["0", "7", "mutant", "--type", "key"], [0x14, 0x8]),
    ],
)
def test_which_handles_and_in_which_order(run_json, table, words, handles):
    document = run_json("handles", table, *words)
    assert order(document) == handles
    assert document["exit"] == 0
    said = [note["text"] for note in document["notes"]]
    assert said[0] == ("5 handles" if len(handles) == 5 else f"{len(handles)} of 5 handles")


@pytest.mark.parametrize(("words", "blank"), [([], True), (["--type", "*"], True), (["--type", "Event"], False), (["--named"], False), (["--name", "*"], True)])
def test_a_type_that_is_not_known_is_explained_where_it_is_shown(cli, table, words, blank):
    text = " ".join(cli("handles", table, *words).out.split())
    assert ("1 handle has no type: the writer could not duplicate it to ask" in text) is blank


@pytest.mark.parametrize(
    ("bits", "columns"),
    [
        ("1", "handle type"),
        ("2", "handle type access handles pointers"),
        ("4", "handle type name"),
        ("8", "handle type"),
        ("6", "handle type access handles pointers name"),
    ],
)
def test_bits_choose_the_columns(cli, table, bits, columns):
    lines = cli("handles", table, "0", bits).out.splitlines()
    assert " ".join(lines[0].split()) == columns
    assert any(line.startswith("        ") for line in lines) is (bits == "8")


def test_a_type_that_nobody_has_is_guessed(cli, run_json, table):
    for word, meant in (("Mutnt", "Mutant"), ("evnt", "Event")):
        result = cli("handles", table, "--type", word)
        assert (result.code, f"did you mean {meant}?" in result.out) == (1, True)
    assert "did you mean" not in cli("handles", table, "--type", "zzzzzz").out
    assert "did you mean" not in cli("handles", table, "--type", "Event", "--name", "nothing").out


@pytest.mark.parametrize(("pointers", "biased"), [(32767, False), (32768, True)])
def test_pointer_counts_are_biased_from_32768_on(cli, tmp_path, pointers, biased):
    path = built(tmp_path, [Handle(4, "Event", "", pointers=pointers)])
    assert ("biased by about 32768" in cli("handles", path, "4").out) is biased


def test_rights_without_a_name_come_last_as_a_number(run_json, tmp_path):
    path = built(tmp_path, [Handle(4, "Event", "", 0x10F0FF03), Handle(8, "Event", "", 0)])
    access = run_json("handles", path)["handles"]
    assert access[0]["access"][-1] == "0xe0ff00"
    assert access[0]["access"][:-1] == ["SYNCHRONIZE", "GENERIC_ALL", "EVENT_QUERY_STATE", "EVENT_MODIFY_STATE"]
    assert access[1]["access"] == []


@pytest.mark.parametrize("count", [1, 1000, 1001])
def test_a_thousand_operations_of_a_handle_are_shown(run_json, tmp_path, count):
    path = built(tmp_path, [Handle(4, "Event", "")], [Operation(8, 1, 2, 1)] + [Operation(4, 1, 2, index % 5) for index in range(count)])
    rows = run_json("handles", path, "4")["operations"]
    assert len(rows) == min(count, 1000)
    assert [row["operation"] for row in rows[:5]] == ["0", "open", "close", "bad reference", "4"][:count]
    assert {row["thread_id"] for row in rows} == {2}
    assert "operations" not in run_json("handles", path)


def test_a_handle_that_is_closed_still_has_its_operations(cli, run_json, tmp_path):
    path = built(tmp_path, [Handle(4, "Event", "")], [Operation(8, 1, 2, 1), Operation(8, 1, 2, 2)])
    document = run_json("handles", path, "8")
    assert (document["handles"], document["exit"]) == (None, 1)
    assert [row["operation"] for row in document["operations"]] == ["open", "close"]
    assert "operations" not in run_json("handles", path, "c")


def test_low_bits_are_ignored(cli, tmp_path):
    path = built(tmp_path, [Handle(4, "Event", "")])
    assert "0x4\n" in cli("handles", path, "7").out
    assert "no handle 0xb (0x8: the two low bits are ignored) among the 1 of this dump" in " ".join(cli("handles", path, "b").out.split())
    assert "low bits" not in cli("handles", path, "8").out


@pytest.mark.parametrize("bits", ["10", "ff", "1f"])
def test_bits_that_nobody_has_are_refused(cli, tmp_path, bits):
    assert cli("handles", built(tmp_path, [Handle(4, "Event", "")]), "0", bits).code == 2
    assert cli("handles", built(tmp_path, [Handle(4, "Event", "")]), "0", "f").code == 0


def test_names_of_rights_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Dict[Tuple[str, int], List[str]] = {}
    monkeypatch.setattr(handles, "_access_cache", kept)
    several: List[Any] = [SimpleNamespace(type="Event", granted_access=value) for value in range(4100)]
    first = [handles.access_names(handle) for handle in several]
    assert len(kept) == 4096
    assert [handles.access_names(handle) for handle in several] == first
    assert handles.access_names(several[0]) is first[0]
    assert handles.access_names(several[3]) == ["EVENT_QUERY_STATE", "EVENT_MODIFY_STATE"]


def test_object_information_larger_than_the_file_is_damage(tmp_path, run_json, cli):
    data = bytearray(sample_bytes("handles"))
    handle = next(item for item in parse(bytes(data)).handles if item.object_info_rva)
    struct.pack_into("<III", data, handle.object_info_rva, 0x2B000300, 0x9848A01A, 0xBD000015)
    path = write(tmp_path, bytes(data))
    block = run_json("handles", path, f"0x{handle.handle:x}")
    assert "'damaged': True" in str(block)
    out = " ".join(cli("handles", path, f"0x{handle.handle:x}").out.split())
    assert "damaged: it claims 3170893845 bytes, more than the file holds" in out
    blocks, damage = parse(bytes(data)).handles.object_info(handle.object_info_rva)
    assert [item.payload for item in blocks] == [b""]
    assert [item.code for item in damage] == ["object-info-cut"]  # where it would lead is not followed


@pytest.mark.parametrize("allowed", [0, 1, 2, 3])
def test_object_information_that_many_handles_share_is_left_out(allowed: int) -> None:
    """From the first handle on whose blocks are more than what is left; handles without blocks take nothing."""
    blocks = [SimpleNamespace(payload=b"x" * 20), SimpleNamespace(payload=b"")]
    rows: List[Any] = [SimpleNamespace(handle=4 * at, object_info_rva=at % 3, object_info=blocks) for at in range(8)]
    size = 2 * 12 + 20
    allowance = Allowance(0)
    allowance.left = allowed * size
    infos = handles._Infos(allowance)
    given = [bool(infos(row)) for row in rows]
    with_blocks = [at for at in range(8) if at % 3]
    assert [at for at, there in enumerate(given) if there] == with_blocks[:allowed]
    (note,) = infos.notes()
    assert f"it is left out from handle 0x{4 * with_blocks[allowed]:x} on" in note.text
    free = handles._Infos()
    assert [at for at, row in enumerate(rows) if free(row)] == with_blocks
    assert list(free.notes()) == []

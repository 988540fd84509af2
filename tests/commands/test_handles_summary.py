"""``handles --summary``: the other options choose what is counted; ``--by-name`` counts names."""

from __future__ import annotations

import pytest
from samples.writer import DumpBuilder, Handle

from dumpscope.dump.minidump import Minidump


@pytest.fixture
def leak(tmp_path):
    made = DumpBuilder(flags=0x4)
    made.add_system_info()
    rows = [("Mutant", "\\App\\Lock")] * 5 + [("Mutant", "\\App\\Other"), ("Event", "\\App\\Lock"), ("Event", ""), ("Key", "\\REGISTRY"), (None, None)]
    made.add_handles([Handle(4 * (index + 1), kind, name) for index, (kind, name) in enumerate(rows)])
    path = tmp_path / "leak.dmp"
    path.write_bytes(made.build())
    assert len(Minidump.open(path.read_bytes()).handles) == 10
    return path


def types(document):
    return {row["type"]: row["count"] for row in document["types"]}


def test_all_types(run_json, leak):
    document = run_json("handles", leak, "--summary")
    assert types(document) == {"Mutant": 6, "Event": 2, "Key": 1, "<none>": 1}
    assert document["count"] == 10


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        (["--type", "Mutant"], {"Mutant": 6}),
        (["--type", "M*", "--type", "key"], {"Mutant": 6, "Key": 1}),
        (["--name", "*lock"], {"Mutant": 5, "Event": 1}),
        (["--named"], {"Mutant": 6, "Event": 1, "Key": 1}),
        (["--type", "Event", "--named"], {"Event": 1}),
        (["0", "f", "Event"], {"Event": 2}),
    ],
)
def test_filters_choose_what_is_counted(run_json, cli, leak, options, counts):
    document = run_json("handles", leak, *options, "--summary")
    assert types(document) == counts
    assert document["count"] == sum(counts.values())
    out = cli("handles", leak, *options, "--summary").out
    assert f"{sum(counts.values())}  of 10" in out
    for other in {"Mutant", "Event", "Key"} - set(counts):
        assert other not in out


def test_nothing_that_matches(run_json, cli, leak):
    document = run_json("handles", leak, "--type", "Mutnt", "--summary")
    assert (document["types"], document["count"], document["exit"]) == ([], 0, 1)
    assert "did you mean Mutant?" in cli("handles", leak, "--type", "Mutnt", "--summary").out


def test_names_are_counted(run_json, leak):
    rows = run_json("handles", leak, "--summary", "--by-name")["names"]
    assert [tuple(row.values()) for row in rows[:2]] == [(5, "Mutant", "\\App\\Lock"), (1, "<none>", "<none>")]
    assert len(rows) == 6
    chosen = run_json("handles", leak, "--summary", "--by-name", "--type", "Event", "--sort", "name")["names"]
    assert [tuple(row.values()) for row in chosen] == [(1, "Event", "<none>"), (1, "Event", "\\App\\Lock")]
    assert run_json("handles", leak, "--by-name")["names"] == rows


def test_orders(run_json, cli, leak):
    assert list(types(run_json("handles", leak, "--summary", "--sort", "type"))) == ["<none>", "Event", "Key", "Mutant"]
    refused = cli("handles", leak, "--summary", "--sort", "pointers")
    assert (refused.code, "no column 'pointers'" in refused.err) == (2, True)
    refused = cli("handles", leak, "4", "--summary")
    assert (refused.code, "not one handle" in refused.err) == (2, True)

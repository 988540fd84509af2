"""The walker of a session: which paths it looks along, how long it is kept, and what it counts as a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.session.session import Session
from dumpscope.session.walks import Walks, absence_of, proofs_of, split_path, stack_json, walks_of

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.delenv("_NT_EXECUTABLE_IMAGE_PATH", raising=False)
    monkeypatch.delenv("_NT_SYMBOL_PATH", raising=False)
    with Minidump.open(SAMPLES / "stack-run-time-code.dmp") as dump:
        yield Session(dump)


@pytest.mark.parametrize(("text", "parts"), [("", []), ("a", ["a"]), (" a ; ;b;", ["a", "b"]), ("c:\\x:y", ["c:\\x:y"])])
def test_a_path_is_split_at_semicolons(text: str, parts: Any) -> None:
    assert split_path(text) == parts


def test_the_walker_is_kept_until_other_paths_are_given(session: Session, tmp_path: Path) -> None:
    first = walks_of(session)
    assert walks_of(session) is first
    assert first.key == ((), (), False, False, False)
    given = walks_of(session, [f"{tmp_path};{tmp_path}/b"], [str(tmp_path)])
    assert given is not first
    assert given.key == ((str(tmp_path), f"{tmp_path}/b"), (str(tmp_path),), False, False, False)
    assert walks_of(session) is given  # what was given holds for the commands that follow
    assert walks_of(session, [f"{tmp_path};{tmp_path}/b"], [str(tmp_path)]) is given
    for words in ({"loose": True}, {"scan": True}):
        other = walks_of(session, **words)
        assert other is not given
        given = other


def test_the_environment_s_paths_count_where_none_are_given(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_NT_EXECUTABLE_IMAGE_PATH", str(tmp_path))
    monkeypatch.setenv("_NT_SYMBOL_PATH", "cache*a*b")
    found = walks_of(session)
    assert found.key == ((str(tmp_path),), (), False, False, False)
    (refused,) = found.refused
    assert "_NT_SYMBOL_PATH" in refused
    assert walks_of(session, ["elsewhere"]).key[0] == ("elsewhere",)


def test_a_stack_that_ended_serves_for_a_higher_limit(session: Session) -> None:
    walks = walks_of(session)
    thread = session.dump.threads[0]
    whole = walks.stack(thread, 100)
    assert walks.stack(thread, 200) is whole
    assert len(whole.frames) > 1
    cut = walks.stack(thread, 1)
    assert len(cut.frames) == 1
    assert walks.stack(thread, 2) is not cut


def test_lines_and_what_they_stand_on(session: Session) -> None:
    walks = walks_of(session)
    stack = walks.stack(session.dump.threads[0], 100)
    rows = list(walks.rows(stack))
    assert [row.number for row in rows] == list(range(len(rows)))
    assert [row.child for row in rows if not row.inline] == [frame.sp for frame in stack.frames]
    assert rows[0].place == (str(rows[0].name) if rows[0].name is not None else f"0x{rows[0].frame.ip:x}")
    documents = stack_json(walks, stack, registers=True, more=lambda row: {"also": row.number})
    assert [item["frame"] for item in documents] == [item["also"] for item in documents] == [row.number for row in rows]
    assert all("registers" in item for item in documents)
    assert "registers" not in stack_json(walks, stack, registers=False)[0]
    proofs = proofs_of(walks, stack, stack.frames[1])
    assert proofs[0].what == "return address"
    assert proofs[0].value == f"0x{stack.frames[1].ip:x}"
    assert absence_of(stack) is None


def test_few_stacks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.session.walks.KEPT_STACKS", 1)
    with Minidump.open(SAMPLES / "waits-deadlock.dmp") as dump:
        walks: Walks = walks_of(Session(dump))
        first, second = dump.threads[0], dump.threads[1]
        one = walks.stack(first, 100)
        assert walks.stack(first, 100) is one
        walks.stack(second, 100)
        assert walks.stack(first, 100) is not one

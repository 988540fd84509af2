"""An answer as it is written: which form it takes, what of it is redacted, and the exit code after it."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, Optional

import pytest
from tests.commands.made import opened

from dumpscope.commands.index import find_command
from dumpscope.errors import DumpError
from dumpscope.front.answer import answer, exit_code, refusal
from dumpscope.front.options import Options
from dumpscope.session.registry import DUMP_ANY, DUMP_NEEDED, DUMP_NONE, DUMP_OPTIONAL, Command
from dumpscope.session.session import Session
from dumpscope.view.blocks import Block, Column, Note, Table
from dumpscope.view.paint import PLAIN


def blocks() -> Iterator[Block]:
    """An answer of one table and a note."""
    yield Table("things", [Column("name", "thing"), Column("count", "count", "int")], [("door", 3)])
    yield Note("That is all there is to be said about things of this kind.")


@pytest.fixture
def session() -> Session:
    return Session(opened("everything-small"), "everything-small.dmp")


def drawn(found: Optional[Command], session: Session, options: Options, width: Optional[int] = None) -> str:
    """The whole answer."""
    return "".join(answer(found, session, blocks(), options, PLAIN, width))


def document(found: Command, session: Session, **options: Any) -> Dict[str, Any]:
    """The answer as JSON."""
    loaded: Dict[str, Any] = json.loads(drawn(found, session, Options([], json=True, **options)))
    return loaded


def test_forms(session: Session) -> None:
    found = find_command("handles")
    told = document(found, session)
    assert (told["command"], told["things"]) == ("handles", [{"name": "door", "count": 3}])
    assert told["dump"]["path"] == "everything-small.dmp"
    assert drawn(found, session, Options([], csv=True)).splitlines() == ["name,count", "door,3"]
    assert drawn(found, session, Options([])).splitlines()[-1].startswith("That is all")


def test_an_answer_of_no_command_is_text_in_any_case(session: Session) -> None:
    text = drawn(None, session, Options([]))
    assert drawn(None, session, Options([], json=True)) == drawn(None, session, Options([], csv=True)) == text


def test_an_answer_that_is_about_no_dump_names_none(session: Session) -> None:
    found = find_command("help")
    assert found.dump == DUMP_NONE
    assert document(found, session)["dump"] is None


def test_the_width_that_was_asked_for_goes_before_that_of_the_terminal(session: Session) -> None:
    def longest(options: Options, width: Optional[int]) -> int:
        return max(map(len, drawn(None, session, options, width).splitlines()))

    assert longest(Options([]), 30) <= 30
    assert longest(Options([], width=20), 30) <= 20
    assert longest(Options([], width=100), 30) > 30


def test_redacted_documents_hide_the_folder_of_the_user() -> None:
    path = "C:\\Users\\somebody\\a.dmp"
    found = find_command("handles")
    error = DumpError("cut short", offset=4)
    plain = json.loads("".join(refusal(found, path, error, Options([], json=True))))
    assert plain["dump"]["path"] == path
    assert plain["command"] == "handles"
    hidden = "".join(refusal(found, path, error, Options([], json=True, redact=True)))
    assert "somebody" not in hidden
    session = Session(opened("everything-small"), path)
    assert "somebody" in drawn(found, session, Options([], json=True))
    assert "somebody" not in drawn(found, session, Options([], json=True, redact=True))


def test_a_refusal_is_written_as_json_alone() -> None:
    assert list(refusal(find_command("handles"), "x", DumpError("cut"), Options([]))) == []


@pytest.mark.parametrize(("dump", "code"), [(DUMP_NONE, 0), (DUMP_OPTIONAL, 0), (DUMP_NEEDED, 3), (DUMP_ANY, 3)])
def test_a_file_that_cannot_be_read_gives_its_code_to_commands_about_it(dump: str, code: int) -> None:
    session = Session(None, "x", open_error=DumpError("no dump"))
    assert exit_code(find_command("why")._replace(dump=dump), session) == code

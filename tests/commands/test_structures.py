"""``map``, ``bytes`` and ``whatis`` on a file whose structures are one list of nodes: what the words mean, limits, and what is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, List

import pytest
from tests.commands.made import notes, sample_bytes

from dumpscope.commands.opening import session_of
from dumpscope.commands.structures import RECORDS, structure_bytes, structure_whatis
from dumpscope.commands.userdump.anatomy import _structures
from dumpscope.dump.source import Source
from dumpscope.errors import NotInDump, UsageError
from dumpscope.session.session import Session
from dumpscope.view.blocks import Block, Data


@pytest.fixture
def session() -> Session:
    return session_of(Source.from_object(sample_bytes("not-a-dump-user-full-64")), "old.dmp")


def data(blocks: List[Block]) -> Dict[str, Any]:
    """The members of the JSON answer."""
    return {block.key: block.value for block in blocks if isinstance(block, Data)}


def shown(session: Session, *words: str, **options: Any) -> List[Block]:
    """What ``bytes`` answers."""
    args = SimpleNamespace(what=list(words), all=options.get("all", False), first=options.get("first"))
    return list(structure_bytes(session, _structures(session), args))


def asked(session: Session, offset: str, *, memory: bool = False) -> List[Block]:
    """What ``whatis`` answers."""
    return list(structure_whatis(session, _structures(session), SimpleNamespace(offset=offset, memory=memory)))


def test_a_range_ends_where_the_file_does(session: Session) -> None:
    size = session.source.size
    (found,) = data(shown(session, "range", "10"))["bytes"]
    assert (found["offset"], found["size"]) == (0x10, 0x40)
    (found,) = data(shown(session, "RANGE", "10", "8"))["bytes"]
    assert found["size"] == 8
    (found,) = data(shown(session, "range", f"{size - 3:x}", "100"))["bytes"]
    assert found["size"] == 3


def test_no_more_structures_than_were_asked_for(session: Session) -> None:
    whole = data(shown(session, "regions", all=True))["bytes"]
    assert len(whole) > 2
    some = shown(session, "regions", first="2")
    assert data(some)["bytes"] == whole[:2]
    assert notes(some) == ["more are not shown: --first N or --all"]
    exact = shown(session, "regions", first=str(len(whole)))
    assert data(exact)["bytes"] == whole
    assert notes(exact) == []
    assert len(data(shown(session, "regions"))["bytes"]) == min(RECORDS, len(whole))


@pytest.mark.parametrize("first", ["0", "x", "-1", "\u0663", ""])
def test_a_number_of_structures_that_is_none(session: Session, first: str) -> None:
    with pytest.raises(UsageError, match="a number of structures is needed"):
        shown(session, "regions", first=first)


@pytest.mark.parametrize("words", [["nowhere"], ["at"], ["range"], ["range", "zz"]])
def test_words_that_are_no_place(session: Session, words: List[str]) -> None:
    with pytest.raises(UsageError):
        shown(session, *words)


def test_a_name_narrows_the_structures_and_may_leave_none(session: Session) -> None:
    all_of_them = data(shown(session, "modules", all=True))["bytes"]
    some = data(shown(session, "modules", "DEMO", all=True))["bytes"]
    assert 0 < len(some) < len(all_of_them)
    none = shown(session, "modules", "nosuch")
    assert data(none)["bytes"] == []
    assert notes(none) == ["the dump has nothing at modules nosuch"]
    assert session.status == 1


def test_offsets_end_with_the_file(session: Session) -> None:
    size = session.source.size
    assert data(asked(session, f"{size - 1:x}"))["offset"] == size - 1
    with pytest.raises(NotInDump, match="beyond the end"):
        asked(session, f"{size:x}")


def test_the_first_byte_is_the_headers(session: Session) -> None:
    found = data(asked(session, "0"))
    assert found["piece"]["kind"] == "header"
    assert found["piece"]["offset"] == 0


def test_an_address_and_the_place_of_its_byte_lead_to_each_other(session: Session) -> None:
    assert session.user_dump is not None
    region = next(item for item in session.user_dump.regions if item.place is not None and item.size)
    assert region.place is not None
    assert data(asked(session, f"{region.base + 4:x}", memory=True))["offset"] == region.place + 4
    gone = asked(session, "10", memory=True)
    assert notes(gone) == ["the dump holds no bytes at 0x10"]
    assert "offset" not in data(gone)
    assert session.status == 1

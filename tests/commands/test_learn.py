"""``learn``: what the variables of a lesson stand for in a dump of one's own, and what a lesson does not run."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Tuple

import pytest
from samples.writer import DumpBuilder, Handle, Module, Thread
from tests.commands.made import opened, parse

from dumpscope.commands.learn import Classroom, _frozen, _list, _others
from dumpscope.dump.minidump import Minidump
from dumpscope.learning.lessons import Run, all_lessons, load
from dumpscope.learning.tutor import Progress
from dumpscope.session.session import Session
from dumpscope.view.blocks import Hexdump, Lines, Note, Table
from dumpscope.view.text import render_text

NAMES = ("handle", "thread", "module", "string", "handles", "half", "nothing")


def values(dump: Minidump) -> Dict[str, str]:
    room = Classroom(load("01-header-and-flags"), Session(dump))
    return {name: room._value(name) for name in NAMES}


def made(handles: Tuple[Handle, ...] = (), threads: int = 0, modules: int = 0) -> Minidump:
    builder = DumpBuilder(flags=4)
    builder.add_system_info()
    if threads:
        builder.add_thread_list([Thread(0x20 + index) for index in range(threads)])
    if modules:
        builder.add_module_list([Module(0x10000 * (index + 1), 0x1000, f"C:\\app\\m{index}.dll") for index in range(modules)])
    if handles:
        builder.add_handles(list(handles))
    return parse(builder.build())


def test_what_a_dump_without_lists_does_not_have_is_empty() -> None:
    dump = made()
    assert values(dump) == {"handle": "", "thread": "", "module": "", "string": "", "handles": "", "half": f"{dump.size // 2:x}", "nothing": ""}


def test_the_first_named_handle_is_taken_and_the_second_module() -> None:
    dump = made((Handle(0x14, "Event", ""), Handle(0x1C, "Key", "\\REGISTRY"), Handle(0x20, "Key", "\\OTHER")), 2, 3)
    found = values(dump)
    assert (found["handle"], found["thread"], found["module"]) == ("1c", "20", "m1")
    assert found["string"] == f"{dump.modules[0].name_rva:x}"
    stream = dump.stream(12)
    assert stream is not None
    assert found["handles"] == str(stream.index)


def test_where_no_handle_has_a_name_the_first_is_taken_and_of_one_module_that() -> None:
    found = values(made((Handle(0x14, "Event", ""), Handle(0x18, "Event", "")), 1, 1))
    assert (found["handle"], found["module"]) == ("14", "m0")


def test_a_lesson_runs_no_lesson() -> None:
    room = Classroom(load("01-header-and-flags"), Session(opened("handles")))
    said = list(room.blocks(Run("learn 2", "", ())))
    assert [block.text for block in said if isinstance(block, Note)] == ["a lesson does not run lessons"]


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_why_a_lesson_does_not_suit_a_dump(lesson: Any) -> None:
    kinds = [lesson.on_samples_alone, lesson.on_kernel_dumps, lesson.on_old_user_dumps]
    words = ["runs on its samples only", "walks through kernel dumps only", "walks through user dumps of the old format only"]
    expected = next((text for kind, text in zip(kinds, words) if kind), "lessons walk through minidumps only")
    assert expected in _others(lesson)


def once() -> Iterator[Any]:
    yield Lines("", (text for text in ("one", "two")))
    yield Hexdump("", 0x1000, 16, ((0x1000 + place, 8, bytes(range(place, place + 8))) for place in (0, 8)))
    yield Note("a note")


def test_what_is_made_while_it_is_drawn_can_be_drawn_twice() -> None:
    blocks = _frozen(once())
    first = "".join(render_text(blocks))
    assert "one\ntwo" in first
    assert "00 01 02 03" in first
    assert "08 09" in first
    assert "".join(render_text(blocks)) == first


def test_the_list_has_a_column_of_progress_once_there_is_some() -> None:
    def columns(progress: Progress) -> Any:
        table = next(block for block in _list(progress) if isinstance(block, Table))
        return [column.title for column in table.columns], list(table.rows)

    titles, rows = columns(Progress({}))
    assert "progress" not in titles
    titles, rows = columns(Progress({"02-directory": {"right": 1, "of": 2}}))
    assert titles[-2:] == ["progress", "what it is about"]
    assert [row[-1] for row in rows if row[-1]] == ["done, 1 of 2"]
    assert rows[1][-1]

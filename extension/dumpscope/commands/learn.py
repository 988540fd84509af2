"""``learn``: lessons that walk through a dump, with real bytes and questions."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

from ..dump.source import Source
from ..errors import DumpscopeError, UsageError
from ..format.streams import HandleDataStream
from ..learning.lessons import Lesson, Prose, Question, Run, Step, all_lessons, find_lesson, sample_bytes, sample_file
from ..learning.tutor import Progress
from ..session.parsing import split_line
from ..session.registry import DUMP_OPTIONAL, arg, command
from ..session.running import parse, run
from ..session.session import Session
from ..view.blocks import Block, Column, Data, Fields, Finding, Hexdump, Lines, Note, Paragraph, Save, Table
from .index import find_command
from .opening import session_of


class Classroom:
    """What a lesson runs on: the learner's own dump, or samples. A front can drive a lesson step by step with it."""

    def __init__(self, lesson: Lesson, own: Optional[Session] = None) -> None:
        self.lesson = lesson
        self.own = own
        self._samples: Dict[str, Session] = {}

    def close(self) -> None:
        """Let go of the samples."""
        for session in self._samples.values():
            session.source.close()
        self._samples.clear()

    def steps(self) -> Iterator[Step]:
        """The lesson's steps; on the learner's own dump, without the questions that are about the sample's bytes."""
        for step in self.lesson.steps:
            if self.own is not None and isinstance(step, Question) and step.on_sample:
                continue
            yield step

    def session(self, step: Run) -> Session:
        """The session that a command runs in."""
        if self.own is not None and not step.sample:
            return self.own
        name = step.sample or self.lesson.sample
        if name not in self._samples:
            self._samples[name] = _opened(name)
        return self._samples[name]

    def line(self, step: Run) -> str:
        """The command as it is typed here."""
        return step.filled(self._value) if self.own is not None and not step.sample else step.filled()

    def _value(self, name: str) -> str:
        """What a variable stands for in the learner's own dump; empty where it has nothing of the kind."""
        assert self.own is not None
        if not self.own.has_dump:
            return ""
        dump = self.own.dump
        if name == "handle":
            handle = next((item for item in dump.handles.walk(0, 10_000) if item.name), None) or (dump.handles[0] if len(dump.handles) else None)
            return f"{handle.handle:x}" if handle is not None else ""
        if name == "thread":
            return f"{dump.threads[0].tid:x}" if len(dump.threads) else ""
        if name == "module":
            return dump.modules[min(1, len(dump.modules) - 1)].name if len(dump.modules) else ""
        if name == "string":
            return f"{dump.modules[0].name_rva:x}" if len(dump.modules) else ""
        if name == "handles":
            stream = dump.stream(HandleDataStream)
            return str(stream.index) if stream is not None else ""
        if name == "half":
            return f"{dump.size // 2:x}"
        return ""

    def blocks(self, step: Run) -> Iterator[Block]:
        """What a command answers. What it cannot do is told, and the lesson goes on."""
        session = self.session(step)
        words = split_line(self.line(step))
        try:
            found = find_command(words[0])
            if found.name == "learn":
                raise UsageError("a lesson does not run lessons")
            for block in run(session, found, parse(found, words[1:])):
                if not isinstance(block, Save):
                    yield block
        except DumpscopeError as error:
            yield Note(error.message, "warning")
            if error.hint:
                yield Note(error.hint, "hint")


def suits(lesson: Lesson, session: Session) -> bool:
    """Whether a lesson walks through the dump of a session."""
    if lesson.on_samples_alone:
        return False
    if lesson.on_kernel_dumps:
        return session.kernel is not None
    return session.has_dump and (session.user_dump is not None or not lesson.on_old_user_dumps)


def _opened(name: str) -> Session:
    """A sample, or the dump that is meant in an archive among them."""
    file = sample_file(name)
    data = sample_bytes(name)
    if file.endswith(".dmp"):
        source = Source.from_object(data)
        source.name = file
    else:
        from ..dump.archives.opening import source_in

        source = source_in(data, name)
    return session_of(source, name if "!" in name else file)


def _others(lesson: Lesson) -> str:
    """Why a lesson does not run on a dump that it does not suit."""
    if lesson.on_samples_alone:
        return "this lesson runs on its samples only"
    if lesson.on_kernel_dumps:
        return "this lesson walks through kernel dumps only"
    return "this lesson walks through user dumps of the old format only" if lesson.on_old_user_dumps else "lessons walk through minidumps only"


def _frozen(blocks: Iterator[Block]) -> List[Block]:
    """Blocks that can be drawn twice."""
    found: List[Block] = []
    for block in blocks:
        if isinstance(block, Table):
            rows = [list(row) for row in block.rows]
            block = Table(block.key, block.columns, rows, title=block.title, detail=block.detail, compact=block.compact)
        elif isinstance(block, Lines):
            block = Lines(block.key, list(block.lines), title=block.title, role=block.role)
        elif isinstance(block, Hexdump):
            block = _frozen_dump(block)
        found.append(block)
    return found


def _frozen_dump(block: Hexdump) -> Hexdump:
    pieces = list(block.pieces)
    return Hexdump(block.key, block.address, block.size, pieces, form=block.form, pointer_size=block.pointer_size, symbol=block.symbol)


def _quiet(block: Block) -> Optional[Block]:
    """A block that is drawn, but adds nothing of its own to the JSON document: that holds the lesson's steps instead."""
    if isinstance(block, Table):
        return Table("", block.columns, block.rows, title=block.title, detail=block.detail, compact=block.compact)
    if isinstance(block, Fields):
        return Fields("", [item._replace(key="") for item in block.items], title=block.title)
    if isinstance(block, Lines):
        return Lines("", block.lines, title=block.title, role=block.role)
    if isinstance(block, Data):
        return None
    if isinstance(block, (Note, Finding, Hexdump)):
        from ..view.text import render_text

        return Lines("", "".join(render_text([block])).rstrip("\n").split("\n"))
    return block


def _list(progress: Optional[Progress] = None) -> Iterator[Block]:
    marks = {lesson.number: progress.words(lesson.name) for lesson in all_lessons()} if progress is not None else {}
    rows = [(lesson.number, lesson.title, lesson.summary, len(lesson.commands), len(lesson.questions)) for lesson in all_lessons()]
    columns = [
        Column("number", "lesson", "int", link="learn {}"),
        Column("title", "title", hidden=True),
        Column("summary", "", hidden=True),
        Column("commands", "", "count", hidden=True),
        Column("questions", "questions", "count"),
        Column("", "what it is about", index=5),
    ]
    if any(marks.values()):
        columns.insert(-1, Column("", "progress", role="good", index=6))
    yield Table("lessons", columns, [(*row, f"{row[1]}. {row[2]}", marks.get(row[0], "")) for row in rows])
    yield Note("`learn 1` begins; `learn 1 app.dmp` walks through a dump of your own; --answers shows the answers at the end", "hint")


@command(
    "learn",
    summary="lessons about what is in a dump: real bytes, what they mean, and questions",
    category="learning",
    arguments=[
        arg("lesson", nargs="?", metavar="LESSON", help="its number or name; without it, list the lessons", completes="lesson"),
        arg("--answers", switch=True, help="show the answers to the questions at the end"),
    ],
    examples=[("learn", "list the lessons"), ("learn 1", "the first, on its sample"), ("learn 8 --answers", "why !handle fails, with the answers")],
    dump=DUMP_OPTIONAL,
    description="A lesson runs on a sample that comes with it, or on the dump that is open or given. The REPL asks the questions and checks the answers.",
)
def learn(session: Session, args: Any) -> Iterator[Block]:
    """Lessons."""
    if args.lesson is None:
        yield from _list(session.memo.get("lessons"))
        return
    lesson = find_lesson(args.lesson)
    own = suits(lesson, session)
    unread = session.path if session.has_file and not own else None
    room = Classroom(lesson, session if own else None)
    try:
        yield from _lesson(room, args.answers, unread)
    finally:
        room.close()


def _lesson(room: Classroom, answers: bool, unread: Optional[str]) -> Iterator[Block]:
    lesson = room.lesson
    steps: List[Dict[str, Any]] = []
    asked: List[Question] = []
    yield Lines("", [f"Lesson {lesson.number}: {lesson.title}"], role="emphasis")
    yield Paragraph(lesson.summary, "emphasis")
    where = "your dump" if room.own is not None else f"the sample {lesson.file}"
    yield Lines("", [f"On {where}."], role="dim")
    if unread is not None:
        yield Note(f"not on {unread}: {_others(lesson)}", "warning")
    for step in room.steps():
        if isinstance(step, Prose):
            steps.append({"prose": step.text})
            yield from _prose(step.text)
        elif isinstance(step, Run):
            line = room.line(step)
            sample = step.sample or (lesson.sample if room.own is None else "")
            found = _frozen(room.blocks(step))
            steps.append({"command": line, "sample": sample or None, "output": _text(found)})
            on = f"   (on {step.on})" if step.sample else ""
            yield Lines("", ["", f"> {line}{on}"], role="label")
            for block in found:
                quiet = _quiet(block)
                if quiet is not None:
                    yield quiet
        else:
            asked.append(step)
            steps.append({"question": step.text, "hints": list(step.hints), "answers": list(step.answers), "because": step.because})
            yield from _question(len(asked), step)
    if asked and answers:
        yield Lines("", [""], title="answers")
        for number, question in enumerate(asked, 1):
            yield from _prose(f"{number}. {question.answers[0]}: {question.because}")
    elif asked:
        yield Paragraph(f"`learn {lesson.number} --answers` shows the answers; in the REPL the questions are asked and checked.", "note")
    yield Data("lesson", {"number": lesson.number, "name": lesson.name, "title": lesson.title, "summary": lesson.summary, "sample": lesson.sample})
    yield Data("steps", steps)


def _text(blocks: List[Block]) -> List[str]:
    from ..view.text import render_text

    return "".join(render_text(blocks)).rstrip("\n").split("\n")


def _prose(text: str) -> Iterator[Block]:
    if text.startswith("#"):
        yield Lines("", ["", text.lstrip("# ")], role="title")
        return
    yield Paragraph(text)


def _question(number: int, question: Question) -> Iterator[Block]:
    yield Paragraph(f"Question {number}. {question.text}", "emphasis")
    for hint in question.hints[:1]:
        yield Paragraph(f"   Hint: {hint}", "dim")

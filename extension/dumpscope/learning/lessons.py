"""Lessons as data: Markdown with commands to run, what they are expected to show, and questions.

A file of ``lessons/`` begins with ``# Title``, ``Summary:`` and ``Sample:``. Its body is prose and three kinds of fenced blocks::

    ```run [sample]            a command line without ``dumpscope`` and the dump; {handle:24} stands for the learner's own value;
                               the sample may be an archive (``two.zip``) or a dump in one (``two.zip!first.dmp``)
    bytes header
    ```
    ```expect                  lines that the output just above must have, on the sample
    ULONG64 Flags = 0x1105
    ```
    ```question [sample]       with ``sample``: only asked when the lesson runs on its sample
    Which bit asks for handles?
    = 0x4                      an answer that counts; several may stand, numbers are compared as numbers
    ? look at the opened bits  a hint, one after the other
    ! 0x4 is MiniDumpWithHandleData
    ```
"""

from __future__ import annotations

import re
from pkgutil import get_data
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, Union

from ..errors import UsageError
from ..wording.numbers import is_decimal

NAMES = (
    "01-header-and-flags",
    "02-directory",
    "03-strings-and-rvas",
    "04-threads-and-contexts",
    "05-modules-and-identities",
    "06-memory-lists",
    "07-handle-data",
    "08-why-handle-fails",
    "09-what-flags-promise",
    "10-who-wrote-this",
    "11-truncation-and-damage",
    "12-tokens-comments-vendors",
    "13-unwind-one-frame",
    "14-stacks-without-images",
    "15-mend-a-refused-dump",
    "16-blue-screen",
    "17-shrink-a-full-dump",
    "18-old-user-dump",
    "19-dumps-in-archives",
)
"""The lessons in their order; a test compares the list with the folder."""

_FENCE = re.compile(r"^```(\w*)\s*(.*)$")
_VARIABLE = re.compile(r"\{(\w+):([^{}]*)\}")
_NUMBER = re.compile(r"^(?:0x|0n)[0-9a-f`]+$|^[0-9a-f`]+h?$")


class Prose(NamedTuple):
    """A paragraph, a heading (``#``) or an item of a list (``-``)."""

    text: str


class Run(NamedTuple):
    """A command line. ``sample`` names a dump that it is always run on; empty: the lesson's. ``expect`` is what its output holds."""

    line: str
    sample: str
    expect: Tuple[str, ...]

    @property
    def on(self) -> str:
        """What to write of a sample of its own: the file, and the member after a ``!``; empty where it has none."""
        _, mark, member = self.sample.partition("!")
        return f"{sample_file(self.sample)}{mark}{member}" if self.sample else ""

    def filled(self, values: Optional[Callable[[str], str]] = None) -> str:
        """The line with its variables replaced: by the sample's values, or by those that ``values`` gives for their names."""

        def replace(match: re.Match[str]) -> str:
            own = values(match.group(1)) if values is not None else ""
            return own or match.group(2)

        return _VARIABLE.sub(replace, self.line)


class Question(NamedTuple):
    """A question with its answers, its hints in order, and why the answer is so. ``on_sample``: it is about the sample's bytes."""

    text: str
    answers: Tuple[str, ...]
    hints: Tuple[str, ...]
    because: str
    on_sample: bool

    def check(self, reply: str) -> bool:
        """Whether a reply is right. Case, blanks and quotes do not count; numbers may be written in any way the debugger reads."""
        given = _normal(reply)
        return bool(given) and any(_same(given, _normal(answer)) for answer in self.answers)


Step = Union[Prose, Run, Question]


class Lesson(NamedTuple):
    """One lesson. ``sample`` is the dump that it runs on when the learner gives none."""

    number: int
    name: str
    title: str
    summary: str
    sample: str
    steps: Tuple[Step, ...]

    @property
    def file(self) -> str:
        """The file name of its sample."""
        return sample_file(self.sample)

    @property
    def on_kernel_dumps(self) -> bool:
        """Whether the lesson is about kernel dumps: it runs on such a dump of the learner's, and on no other."""
        return self.sample.startswith("not-a-dump-kernel")

    @property
    def on_old_user_dumps(self) -> bool:
        """The same for user dumps of the old format."""
        return self.sample.startswith("not-a-dump-user")

    @property
    def on_samples_alone(self) -> bool:
        """Whether no command of it runs on the learner's dump."""
        return all(step.sample for step in self.commands)

    @property
    def questions(self) -> Tuple[Question, ...]:
        """Its questions in order."""
        return tuple(step for step in self.steps if isinstance(step, Question))

    @property
    def commands(self) -> Tuple[Run, ...]:
        """Its commands in order."""
        return tuple(step for step in self.steps if isinstance(step, Run))


def _normal(text: str) -> str:
    return " ".join(text.casefold().strip().strip("`'\".").split()).replace("_", "")


def _same(given: str, answer: str) -> bool:
    if given == answer:
        return True
    if _NUMBER.match(given) and _NUMBER.match(answer) and (answer.startswith("0x") or given.startswith("0x")):
        return _value(given) == _value(answer)
    return False


def _value(text: str) -> int:
    plain = text.replace("`", "")
    if plain.startswith("0n"):
        return int(plain[2:]) if is_decimal(plain[2:]) else -1
    plain = plain[2:] if plain.startswith("0x") else plain[:-1] if plain.endswith("h") else plain
    return int(plain, 16) if plain else -2


def parse_lesson(number: int, name: str, text: str) -> Lesson:
    """A lesson from its Markdown. Raises ValueError for a file that is not one."""
    title = summary = sample = ""
    steps: List[Step] = []
    paragraph: List[str] = []

    def flush() -> None:
        if paragraph:
            steps.append(Prose(" ".join(paragraph)))
            paragraph.clear()

    lines = iter(text.splitlines())
    for line in lines:
        fence = _FENCE.match(line)
        if fence:
            flush()
            body = []
            for inner in lines:
                if inner.strip() == "```":
                    break
                body.append(inner)
            else:
                raise ValueError(f"{name}: a fenced block does not end")
            _fenced(name, fence.group(1), fence.group(2).strip(), body, steps)
        elif not title:
            if not line.startswith("# "):
                raise ValueError(f"{name}: the first line is not a title")
            title = line[2:].strip()
        elif line.startswith("Summary:") and not steps:
            summary = line[8:].strip()
        elif line.startswith("Sample:") and not steps:
            sample = line[7:].strip()
        elif not line.strip():
            flush()
        elif line.startswith(("- ", "#")):
            flush()
            paragraph.append(line.strip())
        else:
            paragraph.append(line.strip())
    flush()
    if not summary or not sample or not steps:
        raise ValueError(f"{name}: summary, sample or body is missing")
    return Lesson(number, name, title, summary, sample, tuple(steps))


def _fenced(name: str, kind: str, argument: str, body: List[str], steps: List[Step]) -> None:
    if kind == "run":
        if len(body) != 1:
            raise ValueError(f"{name}: one command to a block, not {len(body)}")
        steps.append(Run(body[0].strip(), argument, ()))
    elif kind == "expect":
        last = steps[-1] if steps else None
        if not isinstance(last, Run):
            raise ValueError(f"{name}: an expect block stands after no command")
        steps[-1] = last._replace(expect=tuple(line.strip() for line in body if line.strip()))
    elif kind == "question":
        marks: Dict[str, List[str]] = {"=": [], "?": [], "!": []}
        words = []
        for line in body:
            if line[:2] in ("= ", "? ", "! "):
                marks[line[0]].append(line[2:].strip())
            elif line.strip():
                words.append(line.strip())
        if not words or not marks["="] or not marks["?"] or not marks["!"]:
            raise ValueError(f"{name}: the question {' '.join(words)!r} needs an answer, a hint and a reason")
        steps.append(Question(" ".join(words), tuple(marks["="]), tuple(marks["?"]), " ".join(marks["!"]), argument == "sample"))
    else:
        raise ValueError(f"{name}: a block of {kind!r} is not known")


_loaded: Dict[str, Lesson] = {}


def load(name: str) -> Lesson:
    """The lesson of a file. Raises ValueError when it is not one."""
    if name not in _loaded:
        data = get_data("dumpscope", f"lessons/{name}.md")
        if data is None:
            raise ValueError(f"the lesson {name} cannot be read")
        _loaded[name] = parse_lesson(NAMES.index(name) + 1, name, data.decode("utf-8"))
    return _loaded[name]


def all_lessons() -> List[Lesson]:
    """Every lesson, in order."""
    return [load(name) for name in NAMES]


def find_lesson(word: str) -> Lesson:
    """The lesson of a number, or of a name or a part of it. Raises UsageError."""
    if is_decimal(word) and 1 <= int(word) <= len(NAMES):
        return load(NAMES[int(word) - 1])
    wanted = word.casefold()
    for name in NAMES:
        if not word.isdigit() and wanted in name:
            return load(name)
    if word.lower().endswith((".dmp", ".mdmp", ".hdmp")):
        raise UsageError(f"{word!r} is a dump, not a lesson", f"`learn N {word}` walks through lesson N on it where the lesson can; `learn` lists the lessons")
    raise UsageError(f"there is no lesson {word!r}", f"`learn` lists the {len(NAMES)} lessons")


def sample_file(name: str) -> str:
    """The file of a sample: a dump, unless the name has the ending of an archive. A member after a ``!`` is left out."""
    file = name.partition("!")[0]
    return file if "." in file else f"{file}.dmp"


def sample_bytes(name: str) -> bytes:
    """A dump or an archive that lessons run on, as it is shipped with them. Raises UsageError."""
    file = sample_file(name)
    try:
        data = get_data("dumpscope", f"lessons/{file}") if re.fullmatch(r"[\w-]+(?:\.\w+)+", file) else None
    except OSError:
        data = None
    if data is None:
        raise UsageError(f"the lessons have no sample {name!r}")
    return data

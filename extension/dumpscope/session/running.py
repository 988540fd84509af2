"""A command run on a session: its arguments out of words, and its answer as blocks."""

from __future__ import annotations

from typing import Any, Iterator, Sequence

from ..errors import EXIT_DONE
from ..view.blocks import Block, Note
from .parsing import build_parser
from .registry import Command
from .session import Session


def run(session: Session, command: Command, args: Any) -> Iterator[Block]:
    """The blocks that a command answers with, made as they are drawn."""
    session.status = EXIT_DONE
    session.answered = False
    function = command.function if session.answer_for is None else session.answer_for(command)
    return _warned(session, function(session, args))


def _warned(session: Session, blocks: Iterator[Block]) -> Iterator[Block]:
    """The blocks, and what turned out to be wrong with the texts in them, or in what commands before have looked at and kept."""
    yield from blocks
    overlap = session.dump.strings.overlap if session.has_dump else None
    if overlap is not None:
        yield Note(overlap.message, "warning")


def parse(command: Command, words: Sequence[str], prog: str = "") -> Any:
    """The arguments of a command from its words, without a dump among them. Raises UsageError."""
    return build_parser(command, prog or command.name, with_dump=False).parse_words(words)


def wants_help(words: Sequence[str]) -> bool:
    """Whether the words ask for help rather than for an answer."""
    for word in words:
        if word == "--":
            return False
        if word in ("-h", "--help", "-?", "/?"):
            return True
    return False

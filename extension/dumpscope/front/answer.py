"""An answer as it is written: blocks as text, JSON or CSV, redacted or not. Every front end draws through it."""

from __future__ import annotations

from typing import Iterable, Iterator, Optional

from ..errors import EXIT_NOT_IN_DUMP, DumpError
from ..session.registry import DUMP_NONE, DUMP_OPTIONAL, Command
from ..session.session import Session
from ..view.blocks import Block
from ..view.paint import Paint
from .options import Options
from .saving import saved


def answer(found: Optional[Command], session: Session, blocks: Iterable[Block], options: Options, paint: Paint, width: Optional[int]) -> Iterator[str]:
    """The chunks of an answer. ``found`` is the command that it is of; an answer of none, such as help, is text in any case.

    ``paint`` and ``width`` are those of the place where text is shown; files that the answer wants written are written as it is drawn.
    """
    blocks = saved(blocks)
    if found is not None and options.json:
        from ..view.document import render_json

        head = session.head(found)
        if found.dump == DUMP_NONE:
            head["dump"] = None  # a session may have one open, but the answer is not about it
        return _redacted(render_json(blocks, head), session, options)
    if found is not None and options.csv:
        from ..view.document import render_csv

        return render_csv(blocks, lambda: session.status == EXIT_NOT_IN_DUMP)
    from ..view.text import render_text

    return render_text(blocks, paint, options.width or width)


def refusal(found: Command, path: str, error: DumpError, options: Options) -> Iterator[str]:
    """What is written of a file that cannot be read, beside the error's words: with ``--json`` a document that says why, else nothing."""
    if not options.json:
        return iter(())
    from ..view.document import SCHEMA, error_json

    return _redacted(iter([error_json(error, {"schema": SCHEMA, "command": found.name, "dump": {"path": path}})]), None, options)


def exit_code(found: Command, session: Session) -> int:
    """The exit code of a command that has answered on a session: that of a file that cannot be read, if it is about the file."""
    return session.status if found.dump in (DUMP_NONE, DUMP_OPTIONAL) else session.exit_code


def _redacted(chunks: Iterator[str], session: Optional[Session], options: Options) -> Iterator[str]:
    if not options.redact:
        return chunks
    from ..view.redact import Redactor, redact_document

    return redact_document(chunks, Redactor.of(session.dump) if session is not None and session.has_dump else Redactor())


__all__ = ["answer", "exit_code", "refusal"]

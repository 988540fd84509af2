"""The boundary of every front end: whatever an answer raises becomes words and an exit code here, and nowhere else."""

from __future__ import annotations

import os
from typing import Any, Callable, NamedTuple

from ..errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_OUTPUT, DumpscopeError, output_fault


class Told(NamedTuple):
    """What an error is for whoever typed the command: the exit code, what went wrong, and what can be done."""

    code: int
    message: str
    hint: str = ""


def told(error: BaseException, *, debug: bool = False, roomier: str = "") -> Told:
    """The words for an error. ``debug`` shows where a fault happened that is none of the user's; ``roomier`` is a hint to where there is more memory."""
    if isinstance(error, DumpscopeError):
        return Told(error.exit_code, error.message, error.hint)
    if isinstance(error, KeyboardInterrupt):
        return Told(EXIT_INTERRUPTED, "interrupted")
    code = EXIT_OUTPUT if isinstance(error, OSError) else EXIT_BUG
    if debug:
        import traceback

        return Told(code, "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())
    if isinstance(error, OSError):
        return Told(code, f"the answer could not be written: {output_fault(error)}")
    if isinstance(error, (RecursionError, MemoryError)):
        return Told(code, f"out of {'stack' if isinstance(error, RecursionError) else 'memory'}; the dump is larger than this machine can show", roomier)
    hint = "this is a fault of dumpscope, not of your dump: run it again with --debug and report what it prints"
    return Told(code, f"internal error: {type(error).__name__}: {error}", hint)


def guarded(work: Callable[[], int], complain: Callable[[Told], None], *, debug: bool = False, roomier: str = "") -> int:
    """What ``work`` returns; or the exit code of what it raised, after ``complain`` was told of it.

    Only SystemExit leaves, and BrokenPipeError: nobody reads the answer any more, so there is nobody to tell.
    """
    try:
        return work()
    except (BrokenPipeError, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the one boundary: no error leaves a front end
        problem = told(error, debug=debug, roomier=roomier)
    complain(problem)
    return problem.code


def silence(stream: Any) -> None:
    """After a broken pipe or a full disk: keep the interpreter from complaining about the stream at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError, AttributeError):
        pass


__all__ = ["Told", "guarded", "silence", "told"]

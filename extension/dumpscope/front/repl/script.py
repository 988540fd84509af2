"""``dumpscope run``: commands from the line, a file or standard input, echoed as a transcript."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Iterator, List

from ...errors import EXIT_DONE, EXIT_INTERRUPTED, UsageError
from ..cli.environment import Environment
from .runner import Runner
from .screen import Screen
from .settings import Settings
from .workspace import Workspace

STOPS = 1
"""Exit codes above this one end a script unless it is to go on: what is not in a dump is an answer, not an error."""


class _Screen(Screen):
    """The plain screen with the colour that the line asked for."""

    def __init__(self, env: Environment, settings: Settings, color: str) -> None:
        super().__init__(env, settings)
        self._color = color

    def paint(self, color: str = "auto") -> Any:
        """The paint for an answer."""
        return super().paint(color if color != "auto" else self._color)


def run_script(args: Any, env: Environment, color: str = "auto", *, debug: bool = False, stdin: Any = None) -> int:
    """Run the statements that ``args`` names on the dump that it names; returns the exit code of the worst.

    Raises DumpError when the dump cannot be read at all, UsageError when there is nothing to run.
    """
    settings = Settings()  # a script does the same whatever its user has set
    workspace = Workspace()
    try:
        workspace.open(args.dump)
        runner = Runner(_Screen(env, settings, color), workspace, settings, debug=debug)
        worst = EXIT_DONE
        first = True
        for text in _texts(args, sys.stdin if stdin is None else stdin):
            for statement in runner.statements(text):
                if not args.quiet:
                    env.write(("" if first else "\n") + workspace.prompt + statement + "\n")
                    env.flush()
                    first = False
                status = runner.run_statement(statement)
                worst = max(worst, status)
                if runner.leaving or status == EXIT_INTERRUPTED or (status > STOPS and not args.keep_going):
                    return worst
        return worst
    finally:
        workspace.close_all()


def _texts(args: Any, stdin: Any) -> Iterator[str]:
    """The texts to run: what -c gives, else a file's lines, else those of standard input as they come."""
    if args.commands and args.script:
        raise UsageError("-c and a file exclude each other")
    if args.commands:
        yield from args.commands
        return
    if args.script and args.script != "-":
        try:
            with open(args.script, encoding="utf-8-sig") as file:
                rows: List[str] = file.read().splitlines()
        except (OSError, UnicodeError) as error:
            raise UsageError(f"the script {args.script!r} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        yield from gathered(rows)
        return
    if stdin is None:
        raise UsageError("there is nothing to run", "dumpscope run app.dmp -c 'handles --summary; why'")
    yield from gathered(stdin)


def gathered(rows: Iterable[str]) -> Iterator[str]:
    """Lines one by one; an indented line belongs to the one before it, as in a debugger's message."""
    held = ""
    for row in rows:
        row = row.rstrip("\r\n")
        if row[:1] in (" ", "\t") and row.strip() and held:
            held += "\n" + row
            continue
        if held.strip():
            yield held
        held = row
    if held.strip():
        yield held


__all__ = ["gathered", "run_script"]

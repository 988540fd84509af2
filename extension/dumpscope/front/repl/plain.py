"""The session without an editor: lines are read as they come. For dumb terminals, pipes and whoever wants it."""

from __future__ import annotations

import sys
from typing import Any

from ...errors import EXIT_DONE
from .runner import Runner
from .script import gathered


def run_plain(runner: Runner, stdin: Any = None, *, asking: bool) -> int:
    """Read and run lines until there are no more. ``asking``: somebody types them, so there is a prompt."""
    source = sys.stdin if stdin is None else stdin
    screen = runner.screen
    if not asking:
        worst = EXIT_DONE
        for text in gathered(source):
            worst = max(worst, runner.run(text))
            if runner.leaving:
                break
        return worst
    while not runner.leaving:
        screen.write(runner.workspace.prompt)
        screen.flush()
        try:
            line = source.readline()
            if not line:
                screen.write("\n")
                break
            if line.strip():
                runner.run(line)
        except KeyboardInterrupt:
            screen.write("\n")
    return EXIT_DONE

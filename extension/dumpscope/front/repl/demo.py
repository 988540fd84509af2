"""``dumpscope demo``: a session over a dump that comes with the package, with a tour. Without a terminal the tour is a transcript."""

from __future__ import annotations

import os
import tempfile

from ...errors import EXIT_DONE
from ...learning.lessons import sample_bytes
from ..cli.environment import Environment
from .runner import Runner
from .screen import Screen
from .settings import Settings
from .workspace import Workspace

SAMPLE = "article-nohandles"
TOUR = (
    ("!handle", "The writer was asked for handles (flags 0x1105). The debugger says only that it cannot read them:"),
    ("why !handle", "Why it fails, with the bytes that say so and what would mend it:"),
    ("threads", "What the file does hold is read as in the debugger:"),
    ("bytes header", "Each field of the file, with its offset:"),
    ("plan !handle", "What to ask for when the dump is written again:"),
)
"""Lines of the tour, and what is said of each."""
END = "`dumpscope why app.dmp` does this for a dump of your own; `dumpscope learn` lists the lessons"


def run_demo(env: Environment, color: str = "auto", *, debug: bool = False) -> int:
    """Show the sample; returns an exit code. The sample lies in a folder of its own, which is gone in the end."""
    with tempfile.TemporaryDirectory(prefix="dumpscope-") as folder:
        path = os.path.join(folder, SAMPLE + ".dmp")
        with open(path, "wb") as file:
            file.write(sample_bytes(SAMPLE))
        if not env.interactive():
            return _transcript(path, env, color, debug)
        from .start import start

        env.write("A sample is open. Lines to try, one after the other:\n\n")
        for line, about in TOUR:
            env.write(f"  {line:<14} {about.rstrip(':.')}\n")
        env.write(f"\n{END}\n\n")
        env.flush()
        return start([path], env, debug=debug)


def _transcript(path: str, env: Environment, color: str, debug: bool) -> int:
    settings = Settings()  # the same for everybody
    workspace = Workspace()
    try:
        workspace.open(path)
        screen = Screen(env, settings)
        runner = Runner(screen, workspace, settings, debug=debug)
        for line, about in TOUR:
            env.write(f"{screen.paint(color).text(about, 'emphasis')}\n\n{workspace.prompt}{line}\n")
            env.flush()
            runner.run(line)
            env.write("\n")
        env.write(END + "\n")
        env.flush()
        return EXIT_DONE  # that !handle fails is what is shown
    finally:
        workspace.close_all()


__all__ = ["TOUR", "run_demo"]

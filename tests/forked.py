"""Python that a test runs in a process of its own, without the half second that a new interpreter takes to import the package."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Dict, NamedTuple, Sequence

from tests.counting import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
DUMPSCOPE = "import sys\nfrom dumpscope.__main__ import main\nsys.exit(main())\n"
"""``python -m dumpscope``."""
LOADED = ("format", "dump", "anatomy", "view", "diagnosis", "symbols", "stacks", "writing", "fleet", "wording", "learning", "session")
STARTED = ("__main__", "front.cli.main", "front.cli.starting", "front.repl.start", "front.mcp.tools")
"""Folders and modules of the package that are imported before a fork. Commands are not: they register themselves, which plug-ins do first."""


class Ended(NamedTuple):
    """Exit code (below 0: the signal that ended it), output and errors of a process."""

    code: int
    out: str
    err: str


def python(code: str, *words: object, folder: str = "", stdin: str = "", fresh: bool = False) -> Ended:
    """Run some Python with these arguments, and with the packages in a folder.

    A Python that has imported what commands need forks for it, where there is fork. ``fresh``: a new one is started.
    """
    if fresh or not hasattr(os, "fork"):
        line = [sys.executable, "-c", code, *map(str, words)]
        done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", env=_environment(folder), check=False, input=stdin)
        return Ended(done.returncode, done.stdout, done.stderr)
    process = _server()
    assert process.stdin is not None
    assert process.stdout is not None
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / str(number) for number in range(3)]
        files[0].write_text(stdin, "utf-8")
        request = {"code": code, "words": [*map(str, words)], "folder": folder, "files": [*map(str, files)]}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return Ended(int(process.stdout.readline()), files[1].read_text("utf-8"), files[2].read_text("utf-8"))


def _environment(*folders: str) -> Dict[str, str]:
    path = [*folders, str(ROOT / "extension"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUTF8": "1"}


@cache
def _server() -> subprocess.Popen[str]:
    """The Python that forks, started once. Nothing that a request does is left in it."""
    line = [sys.executable, "-c", "from tests.forked import serve; serve()"]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=_environment(str(ROOT)))
    atexit.register(process.communicate)  # without more requests it ends
    return process


def serve() -> None:
    """Import what commands need, then fork for each line of standard input, and print the exit code of the child."""
    sys.path[:] = [item for item in sys.path if item not in ("", str(ROOT))]  # as in a Python that the tests did not start
    for folder in LOADED:
        package = import_module(f"dumpscope.{folder}")
        for module in walk_packages(package.__path__, f"dumpscope.{folder}."):
            import_module(module.name)
    for name in STARTED:
        import_module(f"dumpscope.{name}")
    assert not import_module("dumpscope.session.registry").COMMANDS
    sys.dont_write_bytecode = True  # a child whose files are limited would leave halves of them
    for line in sys.stdin:
        print(_child(json.loads(line)), flush=True)


def _child(request: Dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code: Any = 1
    try:
        signal.alarm(PATIENCE)
        _stream(request["files"])
        if request["folder"]:
            sys.path.insert(0, request["folder"])
        sys.argv = ["-c", *request["words"]]
        exec(compile(request["code"], "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as wanted:
        code = wanted.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as Python itself does
        import traceback

        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code if isinstance(code, int) else 1)


def _stream(files: Sequence[str]) -> None:
    for number, (path, mode) in enumerate(zip(files, (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT))):
        made = os.open(path, mode)
        os.dup2(made, number)
        os.close(made)
    sys.stdin = os.fdopen(0, encoding="utf-8")  # the other one has read what lies before the next request


__all__ = ["DUMPSCOPE", "Ended", "python", "serve"]

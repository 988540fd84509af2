"""Packages of others as an installer leaves them, and command lines of a Python that has them."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List, Tuple

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "plugin"
EVERYTHING = (
    "from dumpscope.commands.index import all_commands; all_commands(); import dumpscope.front.mcp.tools, dumpscope.front.repl.start, sys; "
    "print('\\n'.join(sorted(name for name in sys.modules if not name.startswith('dumpscope.commands'))))"
)
"""Python that prints the modules that commands need, without those of the commands: they register themselves, which plug-ins do first."""


def add(folder: Path, name: str, module: str, entries: Dict[str, str]) -> None:
    """A package of one module. ``entries`` are its entry points by group, as ``name = place``."""
    (folder / f"{name}.py").write_text(module, "utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("".join(f"[{group}]\n{line}\n" for group, line in entries.items()), "utf-8")


def add_example(folder: Path) -> Path:
    """The example package of docs/plugin; returns the folder."""
    for group, name, place in (
        ("dumpscope.commands", "dumpscope_acme_commands", "dumpscope_acme_commands"),
        ("dumpscope.streams", "dumpscope_acme_streams", "dumpscope_acme_streams:STREAMS"),
    ):
        add(folder, name, (EXAMPLE / f"{name}.py").read_text("utf-8"), {group: f"acme = {place}"})
    return folder


def _environment(*folders: Path) -> Dict[str, str]:
    path = [*map(str, folders), str(ROOT / "extension"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUTF8": "1"}


def start(folder: Path, *words: str, stdin: str = "") -> Tuple[int, str, str]:
    """Exit code, output and errors of a Python that is started with these words, and has the packages in the folder."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, encoding="utf-8", env=_environment(folder), check=False, input=stdin)
    return done.returncode, done.stdout, done.stderr


def run(folder: Path, *words: str, stdin: str = "") -> Tuple[int, str, str]:
    """The same of the command line. A Python that has imported the package forks for it: a new one takes half a second to do so."""
    return _forked(folder, {"words": words}, stdin) if hasattr(os, "fork") else start(folder, "-m", "dumpscope", *words, stdin=stdin)


def run_python(folder: Path, code: str) -> Tuple[int, str, str]:
    """The same of some Python."""
    return _forked(folder, {"code": code}) if hasattr(os, "fork") else start(folder, "-c", code)


def document(folder: Path, *words: str) -> Dict[str, Any]:
    """The JSON document of a command line."""
    found: Dict[str, Any] = json.loads(run(folder, *words, "--json")[1])
    return found


def _forked(folder: Path, request: Dict[str, Any], stdin: str = "") -> Tuple[int, str, str]:
    process = _server()
    assert process.stdin is not None
    assert process.stdout is not None
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / str(number) for number in range(3)]
        files[0].write_text(stdin, "utf-8")
        process.stdin.write(json.dumps({**request, "folder": str(folder), "files": [*map(str, files)]}) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        return code, files[1].read_text("utf-8"), files[2].read_text("utf-8")


@cache
def _server() -> subprocess.Popen[str]:
    """The Python that forks, started once. It has nothing of any folder: each request has a process of its own."""
    code = "from tests.plugins import serve; serve()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=_environment(ROOT))

    atexit.register(process.communicate)  # without more requests it ends
    return process


def serve() -> None:
    """Import what commands need, then fork for each line of standard input, and print the exit code of the child."""
    sys.path[:] = [item for item in sys.path if item not in ("", str(ROOT))]  # as in a Python that the tests did not start
    with tempfile.TemporaryDirectory() as place:
        sys.pycache_prefix, sys.dont_write_bytecode = place, False  # what one child compiles the next one has
        listed = Path(place) / "modules"
        _child({"code": EVERYTHING, "folder": place, "files": [os.devnull, str(listed), os.devnull]})
        for name in listed.read_text("utf-8").split():
            try:
                import_module(name)
            except ImportError:  # of the child alone: __main__ and the like
                pass
        assert not import_module("dumpscope.session.registry").COMMANDS
        for line in sys.stdin:
            print(_child(json.loads(line)), flush=True)


def _child(request: Dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code: Any = 1
    try:
        for number, (path, mode) in enumerate(zip(request["files"], (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT))):
            os.dup2(os.open(path, mode), number)
        sys.stdin = os.fdopen(0, encoding="utf-8")  # the other one has read what lies before the next request
        sys.path.insert(0, request["folder"])
        code = _answer(request)
    except SystemExit as wanted:
        code = wanted.code or 0
    except BaseException:  # noqa: BLE001 - as Python itself does
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _answer(request: Dict[str, Any]) -> int:
    if "code" in request:
        exec(request["code"], {})
        return 0
    words: List[str] = request["words"]
    sys.argv = ["dumpscope", *words]
    return int(import_module("dumpscope.__main__").main())


__all__ = ["EXAMPLE", "ROOT", "add", "add_example", "document", "run", "run_python", "serve", "start"]

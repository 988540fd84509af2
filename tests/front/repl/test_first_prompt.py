"""What the first prompt waits for, in a Python of its own: what it has imported by then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Optional

import pytest
from tests.conftest import SAMPLES
from tests.plugins import add_example, python

LOOP = """\
import io, json, sys
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from dumpscope.commands.index import MODULES
from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.loop import Loop
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.terminal import Terminal
from dumpscope.front.repl.workspace import Workspace

settings, workspace = Settings(), Workspace()
settings.set("color", sys.argv[2], keep=False)
settings.set("findings", "off", keep=False)
workspace.open(sys.argv[1])
workspace.use(0)
found = {}
with create_pipe_input() as pipe:
    out = io.StringIO()
    screen = Terminal(Environment(out, out, {}), settings, input=pipe, output=DummyOutput())
    loop = Loop(Runner(screen, workspace, settings), screen, InMemoryHistory(), input=pipe, output=DummyOutput())

    def shown(app):
        if "first" not in found:
            found["first"] = sorted(sys.modules)
            pipe.send_text("acme-modules")
        elif "names" not in found and app.current_buffer.text:
            found["names"] = sorted(MODULES)
            pipe.send_text(" demo\\r\\x04")

    loop.prompt.app.after_render += shown
    loop.run()
found["text"] = out.getvalue()
found["kind"] = loop._lexer and str(next(iter(loop._lexer.pygments_lexer.get_tokens("acme-modules")))[0])
print(json.dumps(found))
"""


@pytest.mark.parametrize(("color", "kind"), [("always", "Token.Name.Function"), ("never", None)])
def test_the_first_prompt_waits_for_no_rules_no_colours_and_no_plugins(tmp_path: Path, color: str, kind: Optional[str]) -> None:
    done = python(LOOP, SAMPLES / "handles.dmp", color, folder=str(add_example(tmp_path)), fresh=True)
    found: Dict[str, Any] = json.loads(done.out)
    late = ("diagnosis.rules.catalogue", "diagnosis.pasted.catalogue", "front.repl.lexer", "front.repl.completer", "session.plugins", "session.offers")
    assert not {f"dumpscope.{name}" for name in late} & set(found["first"])
    assert "acme-modules" in found["names"], "a command of a plug-in is known when it is typed"
    assert "the handbook says" in found["text"]
    assert found["kind"] == kind, "and has the colour of a command"

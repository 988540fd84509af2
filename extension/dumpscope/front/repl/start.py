"""Starts a session: opens what is to be opened, and chooses between the editor and plain lines."""

from __future__ import annotations

from typing import List

from ...errors import EXIT_USAGE, DumpscopeError
from ..cli.environment import Environment
from .runner import Runner
from .screen import Screen
from .settings import Settings, config_folder, state_folder
from .workspace import Workspace


def start(paths: List[str], env: Environment, *, plain: bool = False, debug: bool = False) -> int:
    """Run a session until it is left; returns an exit code. Raises DumpError when a dump that was named cannot be opened."""
    settings = Settings(config_folder(env.variables))
    workspace = Workspace()
    talking = env.interactive()
    dumb = plain or not talking or env.variables.get("TERM") == "dumb"
    try:
        if not dumb:
            return _edited(paths, env, settings, workspace, debug)
        runner = Runner(Screen(env, settings), workspace, settings, debug=debug)
        _open_all(paths, runner, greet=talking)
        from .plain import run_plain

        return run_plain(runner, asking=talking)
    finally:
        workspace.close_all()


def _edited(paths: List[str], env: Environment, settings: Settings, workspace: Workspace, debug: bool) -> int:
    from .history import open_history
    from .loop import WELCOME, Loop, ask_for_dump
    from .terminal import Terminal

    screen = Terminal(env, settings)
    runner = Runner(screen, workspace, settings, debug=debug)
    if settings.problem:
        screen.complain(settings.problem)
    if not paths:
        from ... import __version__

        screen.write(screen.paint().text(f"dumpscope {__version__}: which dump?", "emphasis") + "\n")
        screen.flush()
        asked = ask_for_dump(screen)
        if not asked:
            return EXIT_USAGE
        try:
            _open_all([asked], runner, greet=True)
        except DumpscopeError as error:
            screen.complain(error.message, error.hint)
    else:
        _open_all(paths, runner, greet=True)
    screen.write(screen.paint().text(WELCOME, "dim") + "\n")
    screen.flush()
    return Loop(runner, screen, open_history(state_folder(env.variables))).run()


def _open_all(paths: List[str], runner: Runner, *, greet: bool) -> None:
    from ...view.text import render_text
    from .own import opened_blocks

    for path in paths:
        opened = runner.workspace.open(path)
        if greet:
            runner.screen.show(render_text(opened_blocks(opened.session, opened.number), runner.screen.paint(), runner.screen.width))
    if len(runner.workspace) > 1:
        runner.workspace.use(0)


__all__ = ["start"]

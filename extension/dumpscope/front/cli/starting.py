"""Starting what the command line has besides the commands: a session, a script, the server for agents, and texts for other programs."""

from __future__ import annotations

from typing import List

from ...errors import EXIT_DONE, UsageError
from ...session.parsing import build_parser
from ...session.registry import Command
from .environment import Environment, RunLine
from .shells import COMPLETION, DEMO, MCP, RUN, SCHEMA


def run_shell(found: Command, words: List[str], color: str, env: Environment, line: RunLine, *, debug: bool) -> int:
    """Run one of them; returns the exit code. The session itself is loaded only now. ``line`` runs the command lines of the server for agents."""
    args = build_parser(found, f"dumpscope {found.name}", with_dump=True).parse_words(words)
    if found is DEMO:
        from ..repl.demo import run_demo

        return run_demo(env, color, debug=debug)
    if found is COMPLETION:
        from .completion import script

        env.write(script(args.shell))
        env.flush()
        return EXIT_DONE
    if found is MCP:
        from ..mcp.server import HTTP_PORT, serve

        return serve(
            args.folders, line, http=args.http, port=HTTP_PORT if args.port is None else _port(args.port), redact=not args.no_redact, write=args.write or ""
        )
    if found is SCHEMA:
        from .schemas import schema_text

        env.write(schema_text(args.name or ""))
        env.flush()
        return EXIT_DONE
    if found is RUN:
        args.commands = args.command
        from ..repl.script import run_script

        return run_script(args, env, color, debug=debug)
    return run_repl(args.dumps, env, plain=args.plain, debug=debug)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 0 < int(text) < 65536:
        raise UsageError(f"--port takes a number from 1 to 65535, not {text!r}")
    return int(text)


def run_repl(paths: List[str], env: Environment, *, plain: bool = False, debug: bool = False) -> int:
    """A session in this terminal; without one, lines are read as they come."""
    from ..repl.start import start

    return start(paths, env, plain=plain, debug=debug)

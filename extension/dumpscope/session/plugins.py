"""Commands of other packages: the entry points of the group ``dumpscope.commands``, each a module of functions under :func:`command`.

docs/plugins.md is the guide.
"""

from __future__ import annotations

from functools import wraps
from importlib import metadata
from itertools import islice
from typing import Any, Collection, Iterator, List, get_args

from ..dump.plugins import blame, points, words_of
from ..errors import DumpscopeError, PluginError
from ..view.blocks import Block, Table
from .registry import COMMANDS, Command, Function
from .session import Session

GROUP = "dumpscope.commands"
MOST_ROWS = 1_000_000
"""Rows of a table of a plug-in that are taken."""
_BLOCKS = get_args(Block)


def plugin_commands(taken: Collection[str]) -> List[Command]:
    """The commands of all plug-ins, which are in the registry then. ``taken`` are the names that are not free.

    A plug-in that fails, or takes a name that is not free, is named, and none of its commands is kept.
    """
    found: List[Command] = []
    names = set(taken)
    for point in points(GROUP):
        before = dict(COMMANDS)
        try:
            point.load()
            added = [command for name, command in COMMANDS.items() if name not in before]
            _check(added, names)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is not ours, and the other plug-ins must still be loaded
            for name in set(COMMANDS) - set(before):
                del COMMANDS[name]
            blame(point, words_of(error))
            continue
        for command in added:
            COMMANDS[command.name] = command._replace(function=_guarded(point, command))
            found.append(COMMANDS[command.name])
            names.update((command.name, *command.aliases))
    return found


def _check(added: List[Command], taken: Collection[str]) -> None:
    if not added:
        raise ValueError("it registers no command: its functions stand under @command of dumpscope.session.registry")
    own: List[str] = []
    for command in added:
        for name in (command.name, *command.aliases):
            if name in taken or name in own:
                raise ValueError(f"command {command.name}: the name {name} is taken")
            if not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower() or name.startswith("-"):
                raise ValueError(f"command {command.name}: {name!r} is no name: small letters, digits and -")
            own.append(name)


def _guarded(point: metadata.EntryPoint, command: Command) -> Function:
    """The command's function, with a failure that names the plug-in instead of a fault of ours."""
    function = command.function

    @wraps(function)
    def answered(session: Session, args: Any) -> Iterator[Block]:
        try:
            for block in function(session, args):
                if not isinstance(block, _BLOCKS):
                    raise TypeError(f"it gave a {type(block).__name__}, not a block of dumpscope.view.blocks")
                if isinstance(block, Table):
                    block.rows = list(islice(block.rows, MOST_ROWS))  # its rows may be made as they are drawn, and fail there
                yield block
        except (DumpscopeError, OSError, GeneratorExit, KeyboardInterrupt):
            raise
        except (Exception, SystemExit) as error:
            broken = blame(point, f"command {command.name} failed: {words_of(error)}")
            message = f"the plug-in {broken.name} ({broken.place}) failed in its command {command.name}: {words_of(error)}"
            raise PluginError(message, "this is a fault of the plug-in: tell who made it") from error

    return answered


__all__ = ["GROUP", "plugin_commands"]

"""An example of commands of a company: its name is found, completed and documented like those of dumpscope."""

from __future__ import annotations

from typing import Any, Iterator

from dumpscope.errors import NotInDump
from dumpscope.session.registry import arg, command
from dumpscope.session.session import Session
from dumpscope.view.blocks import Block, Column, Note, Table


@command(
    "acme-modules",
    summary="the modules of the company, with their sizes",
    category="modules",
    arguments=[arg("prefix", nargs="?", metavar="PREFIX", help="the beginning of their names (acme if not given)")],
    examples=[("acme-modules", "those that begin with acme"), ("acme-modules demo", "those that begin with demo")],
)
def acme_modules(session: Session, args: Any) -> Iterator[Block]:
    """Modules by the beginning of their names."""
    prefix = (args.prefix or "acme").lower()
    rows = [(module.base, module.name, module.end - module.base) for module in session.dump.modules if module.name.lower().startswith(prefix)]
    if not rows:
        raise NotInDump(f"no module begins with {prefix!r}", "`modules` lists all of them")
    yield Table("modules", [Column("base", "base", "address"), Column("name", "module", "name"), Column("size", "size", "bytes")], rows)
    yield Note("the handbook says which of them belong together", "hint")

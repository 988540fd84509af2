"""``atlas``: one page about one dump for a browser, with the map, the structures and the bytes."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterator

from ..errors import UsageError
from ..session.missing import facts_of
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Block, Note, Save


@command(
    "atlas",
    summary="one self-contained HTML page: the file as a map, every structure with its bytes, findings, flags and tables",
    category="bytes",
    arguments=[
        arg("-o", "--output", metavar="FILE", help="where to write the page (default: the dump's name with .html, here)", completes="path"),
        arg("--redact", switch=True, help="leave out names of users, SIDs, mail addresses, secrets, memory, comments, tokens, unknown bytes"),
        arg("--memory", switch=True, help="take the first 64 KiB of each piece of memory into the page, 16 MiB in all"),
        arg("--force", switch=True, help="replace the file if it exists"),
    ],
    examples=[
        ("atlas -o page.html", "write the page"),
        ("atlas -o page.html --redact", "a page to show to others"),
        ("atlas -o page.html --memory", "with the beginnings of the memory"),
    ],
    description="The page needs no network and no other file. Without --memory it holds the bytes of structures only, so that it stays small "
    "for dumps of any size. Lists are cut at 5000 entries, and the page says so.",
)
def atlas(session: Session, args: Any) -> Iterator[Block]:
    """Write the page."""

    def data() -> Dict[str, Any]:
        from ..atlas.page import page_data

        return page_data(facts_of(session), redact=args.redact, memory=args.memory)

    session.dump  # noqa: B018 - a file that is no dump is refused before a page is begun
    yield from saved(session, args, data, "names and paths of the dumped process")


def saved(session: Session, args: Any, data: Callable[[], Dict[str, Any]], personal: str) -> Iterator[Block]:
    """The page of such data as a file; ``personal`` are words for what is in it where it is not redacted."""
    if args.redact and args.memory:
        raise UsageError("--redact leaves memory out, --memory takes it in", "give one of them")
    name = os.path.basename(session.path.replace("\\", "/")) or "dump"
    path = args.output or name + ".html"

    def chunks() -> Iterator[bytes]:
        from ..atlas.page import drawn

        for text in drawn(data()):
            yield text.encode("utf-8")

    yield Save(path, chunks, "atlas", keep=session.path, force=args.force)
    if not args.redact:
        yield Note(f"the page holds {personal} as they are: --redact leaves the personal ones out", "hint")

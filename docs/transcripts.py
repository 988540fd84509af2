"""Fills in what commands print on the pages of docs/guides and docs/cases: ``python -m docs.transcripts``.

A block of a page begins with ```` ```console ```` and what of the output it shows: ``1-12`` for lines by number, ``/HND002/+9`` for a line that
holds this text and nine behind it, nothing for all. Its first line is the command, behind ``$ ``; the rest is made here. The commands of a page run one
after the other in a folder of their own, which has the samples: what one writes, the next can read.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List
from unittest import mock

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "extension"))

from docs.extras import without_extras  # noqa: E402
from dumpscope.front.cli.main import main as dumpscope  # noqa: E402

SAMPLES = DOCS.parent / "samples"
FOLDERS = ("guides", "cases")
WIDTH = 100
SKIPPED = "…"

_BLOCK = re.compile(r"^```console(?P<picks>[^\n]*)\n\$ (?P<line>[^\n]*)\n(?P<old>.*?)^```$", re.MULTILINE | re.DOTALL)
_PICK = re.compile(r"(?:(?P<first>\d+)-(?P<last>\d+)|/(?P<words>[^/]+)/\+(?P<more>\d+))(?:\s+|$)")


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A folder with the samples, which is the current one."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="dumpscope-pages-") as room:
        shutil.copytree(SAMPLES, Path(room) / "samples", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        os.chdir(room)
        try:
            yield Path(room)
        finally:
            os.chdir(here)


def output(words: List[str]) -> List[str]:
    """What the command line prints for these words, errors among it, without colours, extras that answers mention, and
    100 columns wide. Raises LookupError where a command is not right."""
    told = io.StringIO()
    code: object = 0
    plain = mock.patch.dict(os.environ, {"COLUMNS": str(WIDTH), "NO_COLOR": "1", "TZ": "UTC"})
    with plain, without_extras(), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            code = dumpscope(words)
        except SystemExit as end:
            code = end.code
    if code not in (0, 1, 3):
        raise LookupError(f"{shlex.join(words)} ended with {code}: {told.getvalue()[:300]}")
    return [line.rstrip() for line in told.getvalue().rstrip().split("\n")]


def pick(lines: List[str], picks: str) -> List[str]:
    """The lines of an output that a page shows; ``…`` stands for what is left out. Raises LookupError for a text that no line holds."""
    shown = [not picks.strip()] * len(lines)
    rest = picks.strip()
    while rest:
        part = _PICK.match(rest)
        if part is None:
            raise LookupError(f"{rest!r} is neither numbers of lines nor /TEXT/+COUNT")
        rest = rest[part.end() :]
        if part["words"] is None:
            first, last = int(part["first"]) - 1, int(part["last"])
        else:
            found = [at for at, line in enumerate(lines) if part["words"] in line]
            if not found:
                raise LookupError(f"no line holds {part['words']!r}: {lines[:20]}")
            first, last = found[0], found[0] + int(part["more"]) + 1
        for at in range(first, min(last, len(lines))):
            shown[at] = True
    out: List[str] = []
    for line, is_shown in zip(lines, shown):
        if is_shown:
            out.append(line)
        elif not out or out[-1] != SKIPPED:
            out.append(SKIPPED)
    return out


def filled(text: str) -> str:
    """A page with the outputs as they are now."""

    def replace(block: re.Match[str]) -> str:
        name, *words = shlex.split(block.group("line"))
        if name != "dumpscope":
            raise LookupError(f"{name} is not dumpscope")
        lines = pick(output(words), block.group("picks"))
        return f"```console{block.group('picks')}\n$ {block.group('line')}\n" + "\n".join(lines) + "\n```"

    with workplace():
        return _BLOCK.sub(replace, text)


def pages() -> Dict[Path, str]:
    """Every page with outputs, as it should be."""
    found = sorted(path for folder in FOLDERS for path in (DOCS / folder).glob("*.md"))
    return {path: filled(path.read_text("utf-8")) for path in found}


def main(argv: List[str]) -> int:
    """Write the pages whose outputs have changed; with ``--check`` name them only."""
    changed = [path for path, text in pages().items() if path.read_text("utf-8") != text]
    for path in changed:
        if "--check" not in argv:
            path.write_text(filled(path.read_text("utf-8")), "utf-8")
        sys.stdout.write(f"{'not up to date:' if '--check' in argv else 'wrote'} {path.relative_to(DOCS.parent)}\n")
    return 1 if changed and "--check" in argv else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

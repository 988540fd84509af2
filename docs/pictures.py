"""Makes the README's pictures from a sample: ``python -m docs.pictures``.

docs/pictures/why.svg is the answer of a command line, docs/pictures/repl.svg a session in a terminal of tmux, docs/pictures/atlas.png
the atlas in Chromium. ``--check`` compares the SVG files instead of writing them; a PNG depends on fonts and on the browser.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT / "extension"))

from dumpscope.front.cli.main import main as dumpscope  # noqa: E402

from .screens import svg  # noqa: E402

PICTURES = DOCS / "pictures"
SAMPLE = "samples/article-nohandles.dmp"
ATLAS_SAMPLE = "samples/everything-small.dmp"
COLUMNS = 100
ATLAS_SIZE = (1280, 800)
TMUX = shutil.which("tmux")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 1200
"""How often a screen is looked at before a text that does not come is given up."""
EQUAL = 5
"""Looks in a row at which a screen has not changed: then it is drawn."""
TRIES = 3
"""How often a picture is made before it counts as another one: a session in a terminal may be slow to draw."""


@contextmanager
def in_root() -> Iterator[None]:
    """The pictures show paths as somebody types them in a checkout."""
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(before)


def why() -> str:
    """``why`` for the command of the first page."""
    words = ["why", SAMPLE, "!handle"]
    with in_root(), redirect_stdout(io.StringIO()) as answer:
        dumpscope([*words, "--color", "always", "--width", str(COLUMNS)])
    line = f"\x1b[92m$\x1b[0m \x1b[1mdumpscope why {SAMPLE} '!handle'\x1b[0m\n"
    return svg(line + answer.getvalue(), "a command line", COLUMNS, "dumpscope why explains why !handle fails on a dump, with the evidence and the remedy")


class Session:
    """A session of the REPL in a window of tmux: keys in, screens out."""

    def __init__(self, folder: str, rows: int) -> None:
        self.socket = os.path.join(folder, "tmux")
        given = {"PYTHONPATH": str(ROOT / "extension"), "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder, "LC_ALL": "C.UTF-8"}
        program = ["env", "-u", "NO_COLOR", *(f"{name}={value}" for name, value in given.items()), sys.executable, "-m", "dumpscope", "repl", SAMPLE]
        self.run("new-session", "-d", "-x", str(COLUMNS), "-y", str(rows), "-c", str(ROOT), shlex.join(program))

    def run(self, *words: str) -> str:
        """One command of tmux."""
        assert TMUX is not None
        return subprocess.run([TMUX, "-S", self.socket, "-f", os.devnull, *words], check=True, capture_output=True, text=True, encoding="utf-8").stdout

    def type(self, text: str, *keys: str) -> None:
        """Type a text, then press keys."""
        self.run("send-keys", "-l", text)
        if keys:
            self.run("send-keys", *keys)

    def wait(self, *wanted: str) -> str:
        """The screen, with its colours, once it shows all these texts and does not change any more. Raises RuntimeError."""
        shown = ""
        equal = 0
        for _ in range(PATIENCE):
            before, shown = shown, self.run("capture-pane", "-p", "-e", "-N")
            equal = equal + 1 if shown == before else 0
            if equal >= EQUAL and all(text in self.run("capture-pane", "-p") for text in wanted):
                return shown
            time.sleep(0.1)
        raise RuntimeError(f"{wanted} did not appear:\n{shown}")


def repl() -> str:
    """A session: an answer, and a line that is being completed. Needs tmux."""
    with tempfile.TemporaryDirectory(prefix="ds") as folder:
        session = Session(folder, 19)
        try:
            session.wait("0:000>", "1 error")
            session.type("threads", "Enter")
            session.wait("2 threads\n0:000>")
            session.type("why !h")
            shown = session.wait("!handle", "!htrace")
        finally:
            subprocess.run([str(TMUX), "-S", session.socket, "kill-server"], capture_output=True)
    return svg(shown, f"dumpscope repl {SAMPLE}", COLUMNS, "The REPL completes `why !h` and says beside each command whether it fails on this dump")


def atlas() -> bytes:
    """The first screen of the atlas, as a PNG. Needs Chromium."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as folder, in_root():
        page, picture = Path(folder, "atlas.html"), Path(folder, "atlas.png")
        with redirect_stdout(io.StringIO()):
            dumpscope(["atlas", ATLAS_SAMPLE, "-o", str(page)])
        words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        words += [f"--window-size={ATLAS_SIZE[0]},{ATLAS_SIZE[1]}", f"--screenshot={picture}", page.as_uri()]
        subprocess.run([CHROMIUM, *words], check=True, capture_output=True)
        return picture.read_bytes()


SVGS: Dict[str, Tuple[Callable[[], str], bool]] = {"why.svg": (why, True), "repl.svg": (repl, TMUX is not None)}
"""What makes a picture, and whether what it needs is here."""


def is_made(name: str) -> bool:
    """Whether an SVG file is what the script makes of today's program."""
    held = (PICTURES / name).read_text("utf-8")
    return any(SVGS[name][0]() == held for _ in range(TRIES))


def differences() -> List[str]:
    """The SVG files that are not what the script makes."""
    return [name for name, (_, possible) in SVGS.items() if possible and not is_made(name)]


def main() -> int:
    """Write all pictures that can be made here, or compare; the exit code is 1 when some are missing or differ."""
    if "--check" in sys.argv[1:]:
        different = differences()
        lines = [f"docs/pictures/{name} is not what `python -m docs.pictures` makes" for name in different]
        sys.stdout.write("\n".join(lines or ["the pictures are up to date"]) + "\n")
        return 1 if different else 0
    left_out = [f"{name} (needs tmux)" for name, (_, possible) in SVGS.items() if not possible]
    for name, (make, possible) in SVGS.items():
        if possible:
            (PICTURES / name).write_bytes(make().encode())
    if CHROMIUM is None:
        left_out.append("atlas.png (needs Chromium)")
    else:
        (PICTURES / "atlas.png").write_bytes(atlas())
    sys.stdout.write("wrote docs/pictures" + (f"; left out: {', '.join(left_out)}" if left_out else "") + "\n")
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m docs.site FOLDER``: the site as files that a browser opens from a folder, without a network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import NotBuilt, build_site


def main() -> int:
    """Build, and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m docs.site", description="Builds the site of dumpscope.")
    parser.add_argument("folder", type=Path, help="where the site goes; what a former build left there is replaced")
    folder = parser.parse_args().folder
    try:
        count = build_site(folder)
    except NotBuilt as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{count} pages: open {folder / 'index.html'}\n")
    return 0


sys.exit(main())

"""Builds the site with MkDocs from the pages of ``docs.site.pages``; a warning of MkDocs, such as a link that leads nowhere, ends the build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

from .pages import Page, navigation, pages

OWN_FILES = ("site.css", "iframe-worker.js")
MADE_BY = ".made-by-dumpscope-site"
"""The file by which a folder is known that a build may replace."""

THEME: Dict[str, Any] = {
    "name": "material",
    "font": False,
    "features": ["navigation.tabs", "navigation.indexes", "navigation.top", "toc.follow", "content.code.copy", "search.highlight", "search.suggest"],
    "palette": [
        {"media": "(prefers-color-scheme)", "scheme": "default", "primary": "indigo", "toggle": {"icon": "material/brightness-auto", "name": "As the system"}},
        {"media": "(prefers-color-scheme: light)", "scheme": "default", "primary": "indigo", "toggle": {"icon": "material/weather-night", "name": "Dark"}},
        {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "primary": "indigo", "toggle": {"icon": "material/weather-sunny", "name": "Light"}},
    ],
}
EXTENSIONS: List[Any] = [
    "admonition",
    "attr_list",
    "sane_lists",
    "tables",
    "pymdownx.details",
    "pymdownx.superfences",
    {"pymdownx.highlight": {"guess_lang": False}},
    {"toc": {"permalink": True}},
]


class NotBuilt(Exception):
    """The site was not built; the message says why."""


def settings(made: List[Page], source: Path, target: Path) -> Dict[str, Any]:
    """What MkDocs is told."""
    return {
        "site_name": "dumpscope",
        "site_url": "",
        "site_description": "What is in a Windows minidump, why a debugger command fails on it, and which bytes say so",
        "docs_dir": str(source),
        "site_dir": str(target),
        "use_directory_urls": False,
        "theme": THEME,
        "extra_css": ["site.css"],
        "extra": {"generator": False, "polyfills": ["iframe-worker.js"]},  # the plugin offline would take this script from another site
        "plugins": ["search", "offline"],
        "markdown_extensions": EXTENSIONS,
        "nav": [{heading: [{name: path} for name, path in some]} for heading, some in navigation(made)],
        "validation": {"nav": {"omitted_files": "warn", "not_found": "warn"}, "links": {"not_found": "warn", "anchors": "warn", "unrecognized_links": "warn"}},
    }


def build_site(folder: Path) -> int:
    """Write the site to ``folder`` and return the number of its pages.

    A folder that is not empty is replaced only if a former build made it. Raises NotBuilt with MkDocs's words where it warns, where it
    is not installed, and for a folder that is somebody else's.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MADE_BY).exists():
        raise NotBuilt(f"{folder} is not empty, and no site of ours is in it")
    made, assets = pages()
    with tempfile.TemporaryDirectory(prefix="dumpscope-site-") as room:
        source, target = Path(room) / "pages", Path(room) / "site"
        for page in made:
            path = source / page.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page.text, "utf-8")
        for name, file in assets.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, source / name)
        for name in OWN_FILES:
            shutil.copyfile(Path(__file__).resolve().parent / name, source / name)
        config = Path(room) / "mkdocs.json"  # JSON is YAML
        config.write_text(json.dumps(settings(made, source, target)), "utf-8")
        words = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config)]
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
        told = [line for line in done.stderr.split("\n") if line.strip() and not line.startswith("INFO")]
        if done.returncode or told:
            raise NotBuilt("\n".join(told) or f"mkdocs ended with {done.returncode}")
        (target / MADE_BY).write_text("python -m docs.site\n", "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(target, folder)
    return len(made)

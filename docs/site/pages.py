"""The pages of the site: which file becomes which page, under which heading, and what is rewritten on the way.

Pages are written once, for code hosting sites. Here links and names of files become links of the site, the reference of the library is
cut into a page for each subject, and lessons are shown with the output of their commands.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

from dumpscope.learning.lessons import all_lessons

from .. import build
from ..markdown import anchor
from .lessons import lesson_page

ROOT = build.DOCS.parent

Section = Tuple[str, Tuple[str, ...]]

SECTIONS: Tuple[Section, ...] = (
    ("Start", ("README.md", "docs/commands.md", "docs/account.md", "docs/repl.md", "docs/windbg.md", "docs/json.md", "CHANGELOG.md")),
    ("Guides", ("docs/guides/",)),
    ("Cases", ("docs/cases/",)),
    ("Subjects", ("docs/stacks.md", "docs/symbols.md", "docs/archives.md", "docs/atlas.md", "docs/agents.md", "docs/plugins.md")),
    ("Fleet", ("docs/fleet.md", "docs/fleet-queries.md", "docs/signatures.md")),
    ("Library", ("docs/library.md", "docs/writing.md", "docs/api.md")),
    ("Rules", ("docs/rules/",)),
    ("Format", ("docs/format/",)),
    ("Lessons", ("lessons/",)),
    (
        "How it was judged",
        (
            "docs/engine-differences.md",
            "docs/dumpdebug-differences.md",
            "docs/performance.md",
            "docs/fuzzing.md",
            "docs/decisions/",
            "CONTRIBUTING.md",
            "samples/README.md",
        ),
    ),
)
"""The headings of the site and the files below each; a folder stands for all its pages, README.md first. What stands in none goes to Subjects."""

_FENCE = re.compile(r"^(\s*)(```|~~~)")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?<![\w/(\[`.-])((?:docs/)[\w/.-]*?\.md|CONTRIBUTING\.md|CHANGELOG\.md|samples/README\.md)(?![\w/`)\]])")
_PICKS = re.compile(r"^(```console).*$")
_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s")


class Page(NamedTuple):
    """A page: its path on the site, the path of its source from the root of the repository, and its Markdown."""

    path: str
    source: str
    text: str


def site_path(source: str) -> str:
    """Where a file of the repository stands on the site: ``docs/rules/README.md`` becomes ``rules/index.md``."""
    if source == "README.md":
        return "index.md"
    if source == "samples/README.md":
        return "samples.md"
    path = source[5:] if source.startswith("docs/") else source.lower() if "/" not in source else source
    folder, name = posixpath.split(path)
    return posixpath.join(folder, "index.md") if name == "README.md" else path


def sources() -> List[str]:
    """All Markdown files that become pages as they are, from the root of the repository."""
    found = [path.relative_to(ROOT).as_posix() for path in sorted(build.DOCS.rglob("*.md"))]
    return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "samples/README.md", *found]


def _cut_reference(text: str) -> Iterator[Tuple[str, str]]:
    """The reference of the library as pages: one for each ``##``, and the list of them."""
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    home: Dict[str, str] = {}
    names: List[str] = []
    for part in parts:
        title = part.split("\n", 1)[0]
        name = anchor(title)
        names.append(name)
        home[name] = name
        for heading in re.findall(r"^### (.+)$", part, re.MULTILINE):
            home[anchor(heading)] = name

    def aim(here: str, part: str) -> str:
        def replace(match: re.Match[str]) -> str:
            target = match.group(1)
            page = home.get(target, "")
            where = "" if page == here else f"{page}.md" if page else ""
            return f"]({where}#{target})" if page != target else f"]({where or '#' + target})"

        part = re.sub(r"\]\((?![a-z]+:|#)", "](../", part)
        return re.sub(r"\]\(#([\w-]+)\)", replace, part)

    yield "api/index.md", aim("", head)
    for name, part in zip(names, parts):
        title, _, body = part.partition("\n")
        body = re.sub(r"^###", "##", body, flags=re.MULTILINE)
        yield f"api/{name}.md", f"# {title}\n" + aim(name, body)


class Rewriter:
    """Makes links of the site out of the links and names of files in one page."""

    def __init__(self, pages: Dict[str, str]) -> None:
        """``pages`` gives the page of each source."""
        self.pages = pages
        self.assets: Dict[str, Path] = {}
        """Pictures and other files that pages link to, by their path on the site."""

    def target(self, source: str, page: str, link: str) -> str:
        """The link as the site has it; empty: what it leads to is no part of the site."""
        path, mark, place = link.partition("#")
        if re.match(r"[a-z]+:", link) or not path:
            return link
        full = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if full in self.pages:
            found = self.pages[full]
        elif (ROOT / full).is_file() and full.startswith("docs/"):
            found = full[5:]
            self.assets[found] = ROOT / full
        elif (ROOT / full).is_dir() and f"{full}/README.md" in self.pages:
            found = self.pages[f"{full}/README.md"]
        else:
            return ""
        return posixpath.relpath(found, posixpath.dirname(page) or ".") + mark + place

    def line(self, source: str, page: str, text: str) -> str:
        """One line outside of fenced code."""

        def link(match: re.Match[str]) -> str:
            target = self.target(source, page, match.group(3))
            return f"{match.group(1)}[{match.group(2)}]({target})" if target else match.group(2)

        def name(match: re.Match[str]) -> str:
            target = self.target("README.md", page, match.group(1))
            return f"[{match.group(1)}]({target})" if target else match.group(1)

        spans = re.split(r"(`+[^`]*`+)", _LINK.sub(link, text))
        return "".join(span if at % 2 else _FILE.sub(name, span) for at, span in enumerate(spans))

    def text(self, source: str, page: str, text: str) -> str:
        """A whole page. Lists get the empty line before them that Python-Markdown wants."""
        out: List[str] = []
        fence = ""
        for line in text.split("\n"):
            found = _FENCE.match(line)
            if found:
                fence = "" if fence == found.group(2) else fence or found.group(2)
                out.append(_PICKS.sub(r"\1", line))
            elif fence or line.startswith("    "):
                out.append(line)
            else:
                if _ITEM.match(line) and out and out[-1].strip() and not _ITEM.match(out[-1]) and not out[-1].startswith((" ", "#")):
                    out.append("")
                out.append(self.line(source, page, line))
        return "\n".join(out)


def pages() -> Tuple[List[Page], Dict[str, Path]]:
    """Every page of the site, and the other files that pages lead to."""
    known = {source: site_path(source) for source in sources()}
    known["docs/api.md"] = "api/index.md"
    rewriter = Rewriter(known)
    made: List[Page] = []
    for source, path in known.items():
        text = (ROOT / source).read_text("utf-8")
        if source == "docs/api.md":
            made += [Page(name, source, part) for name, part in _cut_reference(text)]
        else:
            made.append(Page(path, source, rewriter.text(source, path, text)))
    lessons = all_lessons()
    index = ["# Lessons", "", "`dumpscope learn` runs them in a terminal, on a sample or on your own dump, and asks the questions.", ""]
    index += ["| | lesson | what it is about |", "|---|---|---|"]
    index += [f"| {lesson.number} | [{lesson.title}]({lesson.name}.md) | {lesson.summary} |" for lesson in lessons]
    made.append(Page("lessons/index.md", "lessons/", "\n".join(index) + "\n"))
    made += [Page(f"lessons/{lesson.name}.md", "lessons/", lesson_page(lesson)) for lesson in lessons]
    return made, rewriter.assets


def title(page: Page) -> str:
    """The first heading of a page."""
    found = re.search(r"^# (.+)$", page.text, re.MULTILINE)
    return found.group(1).replace("`", "").replace("\\", "") if found else page.path


def navigation(made: List[Page]) -> List[Tuple[str, List[Tuple[str, str]]]]:
    """The headings of the site with the titles and paths of their pages, each page once."""
    left = {page.path: page for page in made}
    sections: List[Tuple[str, List[Page]]] = []
    for heading, wanted in SECTIONS:
        some: List[Page] = []
        for one in wanted:
            if one.endswith("/"):
                folder = one[5:] if one.startswith("docs/") else one
                inside = sorted((path for path in left if path.startswith(folder)), key=lambda path: (not path.endswith("/index.md"), path))
            elif one == "docs/api.md":
                inside = sorted((path for path in left if path.startswith("api/")), key=lambda path: path != "api/index.md")
            else:
                inside = [path for path in (site_path(one),) if path in left]
            some += [left.pop(path) for path in inside]
        sections.append((heading, some))
    for heading, some in sections:
        if heading == "Subjects":
            some += left.values()
    return [(heading, [(title(page), page.path) for page in some]) for heading, some in sections if some]

#!/usr/bin/env python3
"""Build the sample dumps.

python samples/build.py                     write all samples beside this program
python samples/build.py --check             compare the files with what would be written
python samples/build.py --list              names and titles
python samples/build.py --only NAME...      these samples only
python samples/build.py --out DIR           write into another directory
python samples/build.py --readme            write README.md, the table of all samples
python samples/build.py --article FILE      the article's dump in full size, about 27 MB
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Dict, List, Optional, Sequence

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from samples import article  # noqa: E402
from samples.archives import ARCHIVES  # noqa: E402
from samples.catalogue import SAMPLES, Sample  # noqa: E402

FAMILIES: Dict[str, str] = {
    "article": "The article's dump",
    "handle_cases": "Handles: the eight reasons for a failing `!handle`, and lists that work",
    "crashes": "Crashes: what programs say of their end, and what memory and registers tell",
    "healthy": "Nothing wrong: what the flags bring",
    "streams": "Nothing wrong: streams that few dumps have",
    "systems": "Nothing wrong: versions of Windows and of structures, other processors",
    "damaged": "Something wrong: header, directory, streams, memory, lists",
    "damaged_threads": "Something wrong: threads and exceptions",
    "exceptions": "Exceptions: one of each kind, breakpoints, unloaded modules, the 32-bit side of a 64-bit dump, two of them",
    "nearly_open": "Something wrong: a few bytes that keep a file from opening",
    "waiting": "Waits: what threads wait for",
    "hostile": "Texts that try to do harm",
    "third_party": "Other writers",
    "not_minidumps": "No minidumps",
    "kernel_dumps": "Kernel dumps",
    "user_dumps": "User dumps of the old format",
}
for _name in sorted(FAMILIES):
    import_module(f"samples.{_name}")

INTRODUCTION = """# Samples

Small dumps, each of which shows one thing. They are built by `build.py` with a writer of its own (`writer.py`) that
shares no code and no table with the package, so that reading them back is a test. The process in them is invented:
`demo.exe`, three threads, a handful of modules. All times and values are fixed; building twice gives the same bytes.

```
{usage}
```

Flags are those of the header. *Engine* says what Microsoft's debugger engine 10.0.15063 was seen to do with the file:
opens it, opens it without a current thread, takes it for a kernel dump, or refuses it; *handles* whether its handle
interface, which `!handle` asks, answers, where that is the point. All answers are in `engine_answers.py`. {count} files, {size} KiB.

The article's dump in full size, with the offsets its transcript prints, is not kept here: `--article FILE` writes it.
"""

ARCHIVED = """
## Archives

In `archives/`, with the samples `handles` and `missing-system-info` inside. *Engine* is the HRESULT of opening.

| file | what it is | engine |
|---|---|---|
"""
REAL = """
## Dumps that real writers wrote

In `real/`, of a small test program under Wine; not built, and not changed by `build.py`.

| file | written by |
|---|---|
| dbgeng10-mFhut.dmp | `.dump /mFhut` of dbgeng 10.0.15063: memory map, handles, unloaded modules, thread times |
| dbgeng10-mhp.dmp | `.dump /mhp`: handles, PEB and TEBs |
| dbgeng10-nohandles-mh.dmp | `.dump /mh` when the system reported no handles: flag 0x4, no stream |
| dbghelp63-1804.dmp | MiniDumpWriteDump of dbghelp 6.3 with 0x1804 |
| dbghelp63-nohandles-1804.dmp | the same when the system reported no handles |
| redump-mh-of-dump-without-handles.dmp | `.dump /mh` of a dump that had none |
"""


def _row(name: str, sample: Sample) -> str:
    facts = sample.facts
    handles = {0: "yes", 0x80004002: "no"}.get(facts.get("handle_hresult", -1), "")
    cause = facts.get("handle_cause")
    shows = sample.shows + (f" (cause {cause})" if cause and cause < 8 else "")
    cells = (f"`{name}`", sample.title, shows, f"{sample.flags:X}", facts.get("engine", ""), handles)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def readme() -> str:
    """The text of README.md."""
    usage = str(__doc__).partition("\n\n")[2].strip("\n")
    usage = "\n".join(line.strip() for line in usage.splitlines())
    size = sum(len(sample.build()) for sample in SAMPLES.values()) // 1024
    lines = [INTRODUCTION.format(usage=usage, count=len(SAMPLES), size=size).rstrip("\n")]
    for family, title in FAMILIES.items():
        lines += ["", "## " + title, "", "| sample | what it is | what it shows | flags | engine | handles |", "|---|---|---|---|---|---|"]
        lines += [_row(name, sample) for name, sample in SAMPLES.items() if sample.family == family]
    archives = "".join(f"| `{name}` | {sheet.title} | {sheet.engine:08X} |\n" for name, sheet in ARCHIVES.items())
    return "\n".join(lines) + "\n" + ARCHIVED + archives + REAL


def check(names: Sequence[str], directory: Path) -> List[str]:
    """What is wrong with the files in a directory."""
    wrong = []
    for name in names:
        path = directory / (name + ".dmp")
        if not path.exists():
            wrong.append(f"{path.name} is missing")
        elif path.read_bytes() != SAMPLES[name].build():
            wrong.append(f"{path.name} differs from what would be written")
    wrong += [f"{path.name} is not in the list" for path in sorted(directory.glob("*.dmp")) if path.stem not in SAMPLES]
    if set(names) == set(SAMPLES):
        wrong += _check_archives(directory / "archives")
    return wrong


def _check_archives(directory: Path) -> List[str]:
    wrong = [f"{path.name} is not in the list" for path in sorted(directory.glob("*")) if path.name not in ARCHIVES]
    for name, sheet in ARCHIVES.items():
        path = directory / name
        if not path.exists() or path.read_bytes() != sheet.build():
            wrong.append(f"archives/{name} differs from what would be written")
    return wrong


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="names and titles")
    parser.add_argument("--check", action="store_true", help="compare the files with what would be written")
    parser.add_argument("--readme", action="store_true", help="write README.md")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="write there")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--article", type=Path, metavar="FILE", help="write the article's dump in full size")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only or () if name not in SAMPLES]
    if unknown:
        parser.error("no such sample: " + ", ".join(unknown))
    names: List[str] = options.only or sorted(SAMPLES)
    if options.list:
        for name in names:
            print(f"{name:44} {SAMPLES[name].title}")
    elif options.check:
        wrong = check(names, options.out)
        print("\n".join(wrong) or f"{len(names)} samples are as they should be")
        return 1 if wrong else 0
    elif options.readme:
        (options.out / "README.md").write_bytes(readme().encode("utf-8"))
    elif options.article:
        options.article.write_bytes(article.full())
    else:
        options.out.mkdir(parents=True, exist_ok=True)
        for name in names:
            (options.out / (name + ".dmp")).write_bytes(SAMPLES[name].build())
        if not options.only:
            (options.out / "archives").mkdir(exist_ok=True)
            for name, sheet in ARCHIVES.items():
                (options.out / "archives" / name).write_bytes(sheet.build())
    return 0


if __name__ == "__main__":
    sys.exit(main())

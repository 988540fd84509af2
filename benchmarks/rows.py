"""What is measured: one row for each promise, with the ratio that is to be reached."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

WORK = "work"  # seconds inside the process, without its start and imports
PROCESS = "process"  # the whole process, from its start to its end
PROMPT = "prompt"  # from the start of the process to the first prompt in a terminal
FOLDER = "dumps"
"""A folder of dumps: samples/, or the one that DUMPSCOPE_BENCH_DUMPS names."""


class Row(NamedTuple):
    """``ours`` against ``base``: the ratio of their medians is to be at most ``limit`` (``below``) or, turned over, at least it.

    ``peers`` are measured beside them, for the table. ``memory`` is the peak in MiB that ours may have, ``seconds`` the time it may take.
    The answer of a work on ``dumps``, a folder, is how many dumps it has: the table says how many of them a second takes.
    """

    key: str
    title: str
    dump: str
    kind: str
    ours: str
    base: str
    limit: float
    peers: Tuple[str, ...] = ()
    memory: Optional[int] = None
    at_least: bool = False
    base_dump: str = ""
    seconds: Optional[float] = None


ROWS: List[Row] = [
    Row("open-small", "open, list streams (6 KB)", "small", PROCESS, "list_streams", "bare_struct", 3.5),
    Row("open-full", "open, list streams (2 GiB)", "full", PROCESS, "list_streams", "bare_struct", 3.5, ("minidump_open",)),
    Row("open-size", "open 2 GiB against 6 KB", "full", PROCESS, "list_streams", "list_streams", 1.15, base_dump="small"),
    Row("walk-shared", "walk handles, shared names", "handles_shared", WORK, "handles_dumpscope", "handles_floor", 1.5, ("handles_minidump",)),
    Row("walk-unique", "walk handles, unique names", "handles_unique", WORK, "handles_dumpscope", "handles_floor", 1.5, ("handles_minidump",)),
    Row("text-shared", "`handles` as text, shared", "handles_shared", PROCESS, "cli_handles", "minidump_handles", 0.5, memory=100),
    Row("text-unique", "`handles` as text, unique", "handles_unique", PROCESS, "cli_handles", "minidump_handles", 0.5, memory=100),
    Row("summary", "`handles --summary` against walking", "handles_unique", PROCESS, "cli_summary", "walk_process", 0.6),
    Row("type", "`handles --type Event` against walking", "handles_unique", PROCESS, "cli_event", "walk_process", 0.6),
    Row("summary-shared", "`handles --summary`, shared names", "handles_shared", PROCESS, "cli_summary", "walk_process", 0.6),
    Row("type-shared", "`handles --type Event`, shared names", "handles_shared", PROCESS, "cli_event", "walk_process", 0.6),
    Row("threads", "threads with registers", "threads", WORK, "threads_dumpscope", "threads_floor", 2.0, ("threads_udmp",)),
    Row("modules", "modules with names", "modules", WORK, "modules_dumpscope", "modules_udmp", 2.0, ("modules_minidump", "modules_floor")),
    Row("regions", "walk regions", "regions", WORK, "regions_dumpscope", "regions_udmp", 1.0, ("regions_floor", "regions_minidump")),
    Row("region-at", "find one address among regions", "regions", WORK, "region_at_dumpscope", "region_at_udmp", 1.0),
    Row("range-at", "find one address among ranges", "full", WORK, "range_at_dumpscope", "range_at_udmp", 1.0),
    Row("reads", "read 4 KiB at 100,000 addresses", "full", WORK, "reads_dumpscope", "reads_floor", 1.3, ("reads_udmp",)),
    Row("search", "search 2 GiB (speed)", "full", WORK, "search_dumpscope", "search_floor", 0.8, ("search_minidump",), memory=200, at_least=True),
    Row("scrub", "scrub 2 GiB against copying it", "full", PROCESS, "scrub_process", "copy_file", 2.0, memory=200),
    Row("scrub-handles", "scrub 1,000,000 handles: memory", "handles_unique", PROCESS, "scrub_process", "walk_process", 40.0, memory=200),
    Row("shrink", "`shrink` of 2 GiB against copying it", "full", PROCESS, "shrink_dumpscope", "copy_file", 1.5, memory=200),
    Row("scrub-dense", "scrub 2 GiB without holes against copying it", "dense", PROCESS, "scrub_process", "copy_file", 2.0, memory=200),
    Row("shrink-dense", "`shrink` of 2 GiB without holes against copying it", "dense", PROCESS, "shrink_dumpscope", "copy_file", 1.5, memory=200),
    Row("shrink-kept", "`shrink --flags 2`, which keeps 2 GiB, against copying it", "dense", PROCESS, "shrink_kept", "copy_file", 1.5, memory=200),
    Row("text-threads", "`threads` as text", "threads", PROCESS, "cli_threads", "lldb_threads", 0.5, memory=100),
    Row("text-modules", "`modules` as text", "modules", PROCESS, "cli_modules", "lldb_modules", 0.5, ("winedump_everything",), memory=100),
    # 0.96 seconds are 50,000 frames a second
    Row("frames", "walk 48,000 frames, warm", "deep", WORK, "frames_dumpscope", "frames_floor", 20.0, seconds=0.96),
    Row("stacks", "walk 48,000 frames of 64 stacks", "deep", PROCESS, "walk_stacks", "breakpad_stacks", 1.0, ("lldb_stacks",), memory=100),
    Row("text-stacks", "`stack --all` as text, 48,000 frames", "deep", PROCESS, "cli_stacks", "breakpad_stacks", 2.0, ("lldb_stacks",), memory=100),
    Row("why", "`why` on each dump of a folder against decoding it", FOLDER, WORK, "why_dumpscope", "decode_dumpscope", 15.0),
    Row(
        "triage",
        "`triage` of sound dumps: rows with findings and stacks against a table of crashes",
        FOLDER,
        WORK,
        "facts_dumpscope",
        "facts_minidump",
        2.0,
        ("facts_udmp",),
    ),
    Row("prompt", "to the REPL's first prompt, 1,000,000 handles", "handles_unique", PROMPT, "repl_prompt", "bare_prompt", 1.5, memory=100),
    Row("version", "`dumpscope --version`", "small", PROCESS, "cli_version", "bare", 3.0),
    Row("start", "`dumpscope handles`, 30 handles", "small", PROCESS, "cli_handles", "bare", 5.0),
]

GROWTH: List[Tuple[str, str, str]] = [
    ("walk handles, unique names", "handles_unique", "handles_dumpscope"),
    ("walk handles, shared names", "handles_shared", "handles_dumpscope"),
    ("threads with registers", "threads", "threads_dumpscope"),
    ("modules with names", "modules", "modules_dumpscope"),
    ("walk regions", "regions", "regions_dumpscope"),
    ("find one address among ranges", "full", "range_at_dumpscope"),
    ("search", "full", "search_dumpscope"),
]
"""Title, dump and work of what is measured at a quarter, half and the whole of its size."""

_OPEN = (
    "import sys\nfrom dumpscope import Minidump\nwith Minidump.open(sys.argv[1]) as dump:\n"
    "    for stream in dump.streams:\n        print(stream.name, stream.size)"
)
_WALK = (
    "import sys\nfrom dumpscope import Minidump\ntotal = 0\nwith Minidump.open(sys.argv[1]) as dump:\n"
    "    for handle in dump.handles:\n        total += len(handle.type) + len(handle.name)\nprint(total)"
)
_SCRUB = (
    "import os, sys, tempfile\nfrom dumpscope import Minidump\nfrom dumpscope.writing.scrub import Scrubbed\n"
    "with tempfile.TemporaryDirectory(dir=os.path.dirname(sys.argv[1])) as folder, Minidump.open(sys.argv[1]) as dump:\n"
    "    Scrubbed(dump).write(os.path.join(folder, 'out.dmp'))"
)
_MINIDUMP_OPEN = "import sys\nfrom minidump.minidumpfile import MinidumpFile\nfor entry in MinidumpFile.parse(sys.argv[1]).directories:\n    print(entry)"
_SHRINK = (
    "import os, sys, tempfile\nfrom dumpscope import Minidump\nfrom dumpscope.writing.shrink import Shrunk\n"
    "with tempfile.TemporaryDirectory(dir=os.path.dirname(sys.argv[1])) as folder, Minidump.open(sys.argv[1]) as dump:\n"
    "    print(Shrunk(dump).write(os.path.join(folder, 'small.dmp')))"
)
_COPY = (
    "import os, shutil, sys, tempfile\nwith tempfile.TemporaryDirectory(dir=os.path.dirname(sys.argv[1])) as folder:\n"
    "    shutil.copyfile(sys.argv[1], os.path.join(folder, 'copy.dmp'))"
)
_STACKS = (
    "import sys\nfrom dumpscope import Minidump\nfrom dumpscope.stacks.walk import Walker\nfrom dumpscope.symbols.images import Images\n"
    "with Minidump.open(sys.argv[1]) as dump:\n    walker = Walker(dump, Images(dump))\n"
    "    print(sum(len(walker.thread(thread).frames) for thread in dump.threads))"
)
_BARE_PROMPT = "import os, sys\nfrom prompt_toolkit import PromptSession\nos.stat(sys.argv[1])\nPromptSession('bare> ').prompt()"

PROCESSES: Dict[str, Tuple[str, ...]] = {
    "bare": ("-c", "pass"),
    "bare_struct": ("-c", "import struct, mmap"),
    "list_streams": ("-c", _OPEN, "{}"),
    "shrink_dumpscope": ("-c", _SHRINK, "{}"),
    "copy_file": ("-c", _COPY, "{}"),
    "shrink_kept": ("-c", _SHRINK.replace("(dump)", "(dump, flags=2)"), "{}"),
    "walk_process": ("-c", _WALK, "{}"),
    "scrub_process": ("-c", _SCRUB, "{}"),
    "cli_version": ("-m", "dumpscope", "--version"),
    "cli_handles": ("-m", "dumpscope", "handles", "{}"),
    "cli_summary": ("-m", "dumpscope", "handles", "{}", "--summary"),
    "cli_event": ("-m", "dumpscope", "handles", "{}", "--type", "Event"),
    "cli_threads": ("-m", "dumpscope", "threads", "{}"),
    "cli_modules": ("-m", "dumpscope", "modules", "{}"),
    "lldb_threads": ("-b", "-o", "target create --core {}", "-o", "thread list"),
    "lldb_modules": ("-b", "-o", "target create --core {}", "-o", "image list"),
    "walk_stacks": ("-c", _STACKS, "{}"),
    "cli_stacks": ("-m", "dumpscope", "stack", "{}", "--all"),
    "breakpad_stacks": ("-m", "{}", "{folder}/symbols"),
    "lldb_stacks": ("-b", "-O", "settings set target.exec-search-paths {folder}/images", "-o", "target create --core {}", "-o", "thread backtrace all"),
    "winedump_everything": ("dump", "{}"),
    "bare_prompt": ("-c", _BARE_PROMPT, "{}"),
    "repl_prompt": ("-m", "dumpscope", "repl", "{}"),
    "minidump_handles": ("-m", "minidump", "--handles", "{}"),
    "minidump_open": ("-c", _MINIDUMP_OPEN, "{}"),
}
"""Arguments of the interpreter, or of the program that the name begins with; {} is the dump, {folder} the folder that it lies in."""

PROMPTS = {"bare_prompt": b"bare>", "repl_prompt": b"0:000>"}
"""What stands at the first prompt."""


def is_program(name: str) -> str:
    """The program that a contender is, or an empty string."""
    return next((program for program in ("lldb", "winedump", "breakpad") if name.startswith(program + "_")), "")


def is_peer(name: str) -> str:
    """The package or program that a contender needs, or an empty string."""
    if is_program(name):
        return is_program(name)
    if "udmp" in name:
        return "udmp-parser"
    return "minidump" if name.startswith("minidump_") or name.endswith("_minidump") else ""

"""Dumps whose texts try to do harm where they are shown: escapes, markup, hidden characters, formulas, huge sizes."""

import struct
from typing import Any

from . import process
from .catalogue import Built, sample
from .process import NAMED
from .recipes import compose, handles
from .writer import DumpBuilder, Handle, Module, UnloadedModule

OPENS: Any = {"engine": "opens"}


def _named(*names: Any) -> DumpBuilder:
    """A dump with one event per name, so that every listing has to show them."""
    rows = [Handle(4 * (index + 1), "Event", name, 0x1F0003) for index, name in enumerate(names)]
    return compose("threads modules memory system misc handles", 0x4, rows=rows)


def _hostile(name: str, title: str, shows: str, *names: Any) -> None:
    @sample(
        "hostile-" + name,
        title,
        shows,
        0x4,
        handles=len(names),
        handle_hresult=0,
        rule="hostile-text",
        names=[text if isinstance(text, str) else None for text in names],
        **OPENS,
    )
    def _() -> Built:
        return _named(*names)


_hostile(
    "ansi-escapes",
    "Names with terminal escapes",
    "colours, cursor moves, a cleared screen",
    NAMED + "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[Hgone",
    "\x9b31mC1 introducer",
    "a\x1b[1A\x1b[2Kb",
)
_hostile(
    "osc-escapes",
    "Names with operating system commands",
    "window title, clipboard, hyperlink",
    "\x1b]0;pwned\x07",
    "\x1b]52;c;Y2FsYw==\x07",
    "\x1b]8;;http://example.org\x1b\\click\x1b]8;;\x1b\\",
    "\x9d0;title\x9c",
    "\x1bP+q544e\x1b\\",
)
_hostile(
    "dml-tags",
    "Names with debugger markup",
    "links that would run a command",
    '<exec cmd="q">click me</exec>',
    '<link cmd=".shell calc">x</link>',
    "</exec><b>bold",
    '&lt;exec cmd="q"&gt;',
    '<altlink name="a" cmd="q">',
    "<?dml?>",
)
_hostile(
    "html-tags",
    "Names with HTML",
    "scripts and images",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=1>',
    "a & b < c > d \" ' e",
)
_hostile(
    "bidi-overrides",
    "Names with direction marks",
    "text that shows in another order than it is stored",
    NAMED + "exe.\u202ecod.evil",
    "\u2066isolate\u2069",
    "\u200fmark",
    "\u202aembed\u202c",
    "\u061cletter",
)
_hostile(
    "invisible-characters",
    "Names with characters nobody sees",
    "zero width, soft hyphen, tags, variation",
    "a\u200bb",
    "ad\u00admin",
    "x\u2060y",
    "\ufeffbom",
    "tag\U000e0041\U000e0042",
    "v\ufe0f",
)
_hostile(
    "lone-surrogates",
    "Names that are not valid UTF-16",
    "half a pair at the start, in the middle, at the end",
    "\ud800start",
    "mid\udc00dle",
    "end\ud83d",
    b"\x00\xdc\x00\xd8",
    "good \U0001f600",
)
_hostile(
    "control-characters",
    "Names with control characters",
    "every code below space, delete, and C1",
    "".join(map(chr, range(1, 32))),
    "\x7fdelete",
    "".join(map(chr, range(0x80, 0xA0))),
    "bell\x07bell",
    "back\x08\x08\x08space",
)
_hostile(
    "newlines",
    "Names with line breaks",
    "a row that would become two",
    "one\ntwo",
    'one\r\nHandle(0000000000000004,"Fake","row")',
    "a\rb",
    "line\u2028sep",
    "para\u2029sep",
    "n\u0085el",
    "tab\tstop",
    "v\x0bt\x0cff",
)
_hostile("nuls", "Names with NULs inside", "longer than they look", "short\0hidden tail", "\0", "\0\0\0", "end\0")
_hostile(
    "csv-formulas",
    "Names that a spreadsheet would run",
    "formulas, quotes, separators",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "a,b;c\td",
    '"quoted""twice"',
    "\t=1",
)
_hostile(
    "format-strings",
    "Names with format directives",
    "percent signs, braces, back references",
    "%s%n%x",
    "{0.__class__}",
    "$(calc)",
    "`calc`",
    "\\x41\\u0041",
    "%PATH%",
    "${IFS}",
)
_hostile(
    "look-alikes",
    "Names that look like others",
    "Cyrillic, full width, combining",
    "\\BaseN\u0430medObjects\\x",
    "\uff45\uff56\uff49\uff4c",
    "e\u0301",
    "Z\u0335\u0321\u0322a\u0300\u0301\u0302\u0303\u0304lgo",
)
_hostile(
    "long-names", "Names of thousands of characters", "a column that must not grow without end", "A" * 5000, "\\" * 2000, "wide\u4e00" * 1000, " " * 300 + "x"
)


@sample(
    "hostile-blank-types",
    "Types that are empty, blank or missing",
    "nothing must look like something",
    0x4,
    handles=5,
    handle_hresult=0,
    rule="hostile-text",
    **OPENS,
)
def _() -> Built:
    return compose(
        "threads modules memory system misc handles",
        0x4,
        rows=[
            Handle(0x4, "", "empty type", 1),
            Handle(0x8, "   ", "blank type", 1),
            Handle(0xC, None, "no type", 1),
            Handle(0x10, "\t\n", "\u00a0", 1),
            Handle(0x14, "<none>", "<none>", 1),
        ],
    )


@sample(
    "hostile-types",
    "Types with escapes, markup and line breaks",
    "a summary by type is a place to inject, too",
    0x4,
    handles=4,
    handle_hresult=0,
    rule="hostile-text",
    **OPENS,
)
def _() -> Built:
    return compose(
        "threads modules memory system misc handles",
        0x4,
        rows=[Handle(0x4, "\x1b[31mEvent", "", 0x1F0003), Handle(0x8, "<b>Key</b>", "", 9), Handle(0xC, "File\nEvent", "", 1), Handle(0x10, "T" * 600, "", 1)],
    )


@sample(
    "hostile-everywhere",
    "Bad texts in every place that holds a text",
    "modules, threads, comments, service pack, PDB paths, environment, command line",
    0x120,
    modules=3,
    unloaded=1,
    rule="hostile-text",
    command_line='\x1b[31mdemo.exe <exec cmd="q">run</exec> \u202egpj.exe\n=1+1',
    **OPENS,
)
def _() -> Built:
    bad = '\x1b[31mdemo.exe <exec cmd="q">run</exec> \u202egpj.exe\n=1+1'
    rows = process.modules()
    made = compose("threads system misc", 0x120, system={"csd": bad[:40]}, misc={"writer": "dbgcore.\x1b[31m<b>,1", "build": bad[:60]})
    memory = process.memory_64(bad, environment=("PATH=" + bad, "=C:=C:\\demo", "NOEQUALS", "EMPTY=", "\ud800=x"))
    process.add_process_memory(made, memory, process.THREADS_64[:1])
    made.add_module_list(
        [
            rows[0]._replace(name="C:\\" + bad),
            rows[1]._replace(name="..\\..\\..\\Windows\\evil\0.dll", cv=rows[1].cv[:24] + bad.encode("utf-8") + b"\0"),
            rows[2]._replace(cv=rows[2].cv[:24] + b"\xff\xfe\x80bad utf-8\x1b[0m"),
        ]
    )
    made.add_unloaded_modules([UnloadedModule(0x7FFC2D100000, 0x4B000, bad[:31])])
    made.add_thread_names([(0x1A30, bad), (0x1B44, "\0"), (0x0C58, "\ud800")])
    made.add_comment_a(b'\x1b]0;title\x07 <exec cmd="q">x</exec> \xff\x81')
    made.add_comment_w(bad)
    made.add_memory_list()
    return made


@sample(
    "hostile-module-names",
    "Module names that are no file names",
    "reserved names, streams, parent directories, spaces, a share",
    0,
    modules=7,
    rule="hostile-text",
    **OPENS,
)
def _() -> Built:
    names = ("C:\\demo\\con", "C:\\demo\\a.dll:stream", "..\\..\\up.dll", "C:\\demo\\trailing .", "\\\\server\\share\\x.dll", "", "nt\"quote'.dll")
    made = compose("threads memory system misc")
    made.add_module_list([Module(0x7FF600000000 + 0x100000 * index, 0x10000, name) for index, name in enumerate(names)])
    return made


@sample("hostile-environment-loops", "Loader lists that point to themselves", "walks through memory must end, too", 0x100, rule="loader-loop", **OPENS)
def _() -> Built:
    memory = process.memory_64()
    head = memory.loader
    memory.arena.put(head + 0x10, struct.pack("<QQ", head + 0x40, head + 0x40))
    memory.arena.put(head + 0x40, struct.pack("<QQ", head + 0x40, head + 0x40))
    made = compose("threads modules system misc", 0x100)
    process.add_process_memory(made, memory, process.THREADS_64[:1])
    made.add_memory_list()
    return made


@sample(
    "hostile-peb-pointers",
    "A PEB whose pointers lead nowhere",
    "lengths of 65535 bytes, addresses at the top of the space",
    0x100,
    rule="pointer-not-captured",
    **OPENS,
)
def _() -> Built:
    memory = process.memory_64()
    memory.arena.put(memory.parameters + 0x70, struct.pack("<HHIQ", 0xFFFE, 0xFFFF, 0, 0xFFFFFFFFFFFFFFF0))
    memory.arena.put(memory.parameters + 0x80, struct.pack("<Q", 0xFFFFFFFFFFFFFFFF))
    memory.peb_bytes = memory.peb_bytes[:0x18] + struct.pack("<Q", 0x4141414141414141) + memory.peb_bytes[0x20:]
    made = compose("threads modules system misc", 0x100)
    process.add_process_memory(made, memory, process.THREADS_64[:1])
    made.add_memory_list()
    return made


@sample(
    "hostile-many-streams", "1000 directory entries of one stream", "a long directory is walked, not copied", 0, handles=26, rule="duplicate-stream", **OPENS
)
def _() -> Built:
    made = compose("threads modules memory system misc handles", slots=1006, rows=handles())
    entry = made.entries[-1]
    for _index in range(1000):
        made.add_entry(*entry)
    return made

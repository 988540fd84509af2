"""A stream type and a processor stand in one row each: made-up ones are added to a copy of the package as CONTRIBUTING says, and all commands know them."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
from samples.writer import DumpBuilder, Thread

ROOT = Path(__file__).resolve().parents[2]
TYPE = 26
COLORS = [(0x10, 0xFF0000), (0x20, 0x00FF00), (0x30, 0x0000FF)]

STRUCTURES = """

MINIDUMP_THREAD_COLOR_LIST = Structure(
    "MINIDUMP_THREAD_COLOR_LIST",
    [
        Field("SizeOfHeader", ULONG32, "bytes before the first entry", SIZE, unit="bytes"),
        Field("SizeOfEntry", ULONG32, "bytes from one entry to the next", SIZE, unit="bytes"),
        Field("NumberOfEntries", ULONG32, "how many entries follow", COUNT, target="MINIDUMP_THREAD_COLOR[]"),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of ThreadColorListStream.",
)

MINIDUMP_THREAD_COLOR = Structure(
    "MINIDUMP_THREAD_COLOR",
    [Field("ThreadId", ULONG32, "which thread", THREAD_ID), Field("Color", ULONG32, "its colour", HEX)],
    source=MINIDUMPAPISET,
    meaning="The colour of a thread.",
)
"""
ROW = """    StreamKind(
        26,
        "ThreadColorListStream",
        "colors",
        0x800000,
        "MINIDUMP_THREAD_COLOR",
        "the colour of each thread",
        header="MINIDUMP_THREAD_COLOR_LIST",
        reader="thread_colors",
        words="thread colours",
        record="colour",
        wiped=True,
        body="thread_infos",
    ),
"""
READER = '''"""Colours of threads."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Tuple

from ...format.threads import MINIDUMP_THREAD_COLOR, MINIDUMP_THREAD_COLOR_LIST
from ..absence import Absent
from ..directory import Stream
from ..lists import NOTHING, RecordList, described
from ..source import Source


class ThreadColor(NamedTuple):
    tid: int
    color: int
    offset: int


class ThreadColorList(RecordList[ThreadColor]):
    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        span, reader = NOTHING, None
        if stream is not None:
            size = MINIDUMP_THREAD_COLOR.size
            span = described(source, stream, MINIDUMP_THREAD_COLOR_LIST, size, count_path="NumberOfEntries", size_path="SizeOfEntry")
            if span.count:
                reader = MINIDUMP_THREAD_COLOR.select("ThreadId", "Color", stride=span.stride)
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> ThreadColor:
        return ThreadColor(*values, offset)
'''
PROPERTY = '''    @cached_property
    def thread_colors(self) -> Any:
        """ThreadColorListStream."""
        from .streams.colors import ThreadColorList

        return self._pick(26, lambda stream, absence: ThreadColorList(self.source, stream, absence))

    def symbol(self'''


class Copy:
    """A copy of the package with files changed, and its command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        half_written = shutil.ignore_patterns("*.pyc.*")  # by another process, which renames it next
        shutil.copytree(ROOT / "extension" / "dumpscope", folder / "dumpscope", ignore=half_written)

    def insert(self, name: str, text: str, before: str = "", *, replace: bool = False) -> None:
        """Put a text into a file, before another one or at the end."""
        path = self.folder / "dumpscope" / name
        held = path.read_text("utf-8") if path.exists() else ""
        if before:
            assert held.count(before) == 1, (name, before)
            path.write_text(held.replace(before, text if replace else text + before), "utf-8")
        else:
            path.write_text(held + text, "utf-8")

    def python(self, *words: str) -> str:
        """What this Python prints over the copy."""
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, encoding="utf-8", cwd=self.folder)
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def answers(self, *lines: Sequence[str]) -> List[str]:
        """What commands print, one after the other in one process."""
        code = "import json, sys; from dumpscope.__main__ import main\nfor line in json.loads(sys.argv[1]): main(line); print(end='\\f')"
        return self.python("-c", code, json.dumps(lines)).split("\f")[:-1]

    def json(self, *words: str) -> Dict[str, Any]:
        """The document that a command answers with."""
        found: Dict[str, Any] = json.loads(self.python("-m", "dumpscope", *words, "--json"))
        return found


@pytest.fixture(scope="module")
def with_stream(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The package after the recipe "add a stream", which touches four of its files."""
    copy = Copy(tmp_path_factory.mktemp("stream"))
    copy.insert("format/threads.py", STRUCTURES)
    copy.insert("format/streams.py", ROW, "    StreamKind(\n        CompressedMemoryStreamSQL,")
    copy.insert("dump/streams/colors.py", READER)
    copy.insert("dump/minidump.py", PROPERTY, "    def symbol(self", replace=True)
    return copy


def a_dump(folder: Path, *, flags: int = 0, colors: bool = True, cut: int = 0) -> str:
    builder = DumpBuilder(flags=flags)
    builder.add_system_info()
    builder.add_thread_list([Thread(tid) for tid, _ in COLORS])
    builder.add_module_list([])
    if colors:
        rows = b"".join(struct.pack("<II", *row) for row in COLORS)
        builder.add_stream(TYPE, struct.pack("<III", 12, 8, len(COLORS) + cut) + rows)
    path = folder / f"colors-{flags:x}-{colors}-{cut}.dmp"
    path.write_bytes(builder.build())
    return str(path)


def test_a_new_stream_is_listed_and_explained(with_stream: Copy, tmp_path: Path) -> None:
    dump = a_dump(tmp_path)
    cut = a_dump(tmp_path, cut=9)
    document, shown, damaged = with_stream.answers(["streams", dump, "--json"], ["streams", dump], ["dumpinfo", cut, "--verbose", "--json"])
    (row,) = [item for item in json.loads(document)["streams"] if item["type"] == TYPE]
    assert (row["name"], row["count"]) == ("ThreadColorListStream", 3)
    assert "12 + 3 × 8 = 36" in shown
    damage = json.loads(damaged)["damage"]
    assert any("ThreadColorListStream" in item["message"] for item in damage), damage


def test_its_bytes_have_an_owner(with_stream: Copy, tmp_path: Path) -> None:
    dump = a_dump(tmp_path)
    place = Path(dump).read_bytes().index(struct.pack("<II", *COLORS[1])) + 4
    shown, found = with_stream.answers(["bytes", dump, "stream", "ThreadColorListStream", "--first", "1"], ["whatis", dump, f"{place:x}"])
    assert "Color" in shown
    assert "MINIDUMP_THREAD_COLOR_LIST" in shown
    assert "colour 1" in found
    assert "Color" in found
    assert "MINIDUMP_THREAD_COLOR" in found


def test_its_absence_has_a_reason(with_stream: Copy, tmp_path: Path) -> None:
    code = "import sys; from dumpscope import Minidump; print(*(Minidump.open(path).thread_colors.absence for path in sys.argv[1:]), sep='|')"
    not_asked, not_there = with_stream.python("-c", code, a_dump(tmp_path, colors=False), a_dump(tmp_path, colors=False, flags=0x800000)).split("|")
    assert "no thread colours: the header's flags (0x0) do not ask for them" in not_asked
    assert "no thread colours: the flags (0x800000) ask for them" in not_there


def test_it_is_written_and_changed(with_stream: Copy, tmp_path: Path) -> None:
    made = tmp_path / "made.dmp"
    code = (
        "import sys; from dumpscope import Minidump; from dumpscope.writing import DumpBuilder\n"
        "builder = DumpBuilder.of(Minidump.open(sys.argv[1]))\n"
        "builder.add('ThreadColorListStream', ThreadId=0x40, Color=0x123456)\n"
        "builder.write(sys.argv[2])\n"
        "print([(item.tid, item.color) for item in Minidump.open(sys.argv[2]).thread_colors])"
    )
    assert with_stream.python("-c", code, a_dump(tmp_path), str(made)).strip() == str([*COLORS, (0x40, 0x123456)])
    changed = with_stream.json("what-if", str(made), f"drop type {TYPE}")
    assert {"what": "thread colours", "before": "4", "after": "none: not asked for"} in changed["changes"]


def test_it_is_wiped_as_its_row_says(with_stream: Copy, tmp_path: Path) -> None:
    dump = Path(a_dump(tmp_path))
    rows = b"".join(struct.pack("<II", *row) for row in COLORS)
    with_stream.python("-m", "dumpscope", "scrub", str(dump), "-o", str(tmp_path / "given.dmp"))
    given = (tmp_path / "given.dmp").read_bytes()
    assert len(given) == dump.stat().st_size
    assert rows in dump.read_bytes()
    assert rows not in given


def test_its_body_in_dumpdebug_is_the_one_that_its_row_names(with_stream: Copy) -> None:
    code = "from dumpscope.diagnosis.dumpdebug import bodies; print(bodies.BODIES[26] is bodies.thread_infos)"
    assert with_stream.python("-c", code).strip() == "True"


NUMBER = 15
CONTEXT = """
CONTEXT_LOONG = Structure(
    "CONTEXT_LOONG",
    [
        Field("ContextFlags", ULONG32, "which parts are valid", values=CONTEXT_FLAGS_ARM64),
        Field("Status", ULONG32, "status", values=CPSR_ARM64),
        Field("Fp", ULONG64, "frame pointer", ADDRESS),
        Field("Sp", ULONG64, "stack pointer", ADDRESS),
        Field("Pc", ULONG64, "instruction pointer", ADDRESS),
    ],
    source=_WINNT,
    meaning="Registers of a made-up processor.",
)
LOONG_LAYOUT = ARM64_LAYOUT._replace(
    name="LoongArch",
    architecture=15,
    structure=CONTEXT_LOONG,
    family=0x8000000,
    rows=((Register("fp", "Fp"), Register("sp", "Sp"), Register("pc", "Pc")),),
    flags=Register("psr", "Status"),
    vectors="",
    vector="",
)

CONTEXT_LAYOUTS: Dict"""


@pytest.fixture(scope="module")
def with_processor(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The package after the recipe "add a processor", which touches two of its files."""
    copy = Copy(tmp_path_factory.mktemp("processor"))
    row = '    Processor(15, "PROCESSOR_ARCHITECTURE_LOONG", "LoongArch", "LoongArch, 64 bits"),\n'
    copy.insert("format/processors.py", row, '    Processor(0x8001, "MD_CPU_ARCHITECTURE_SPARC"')
    copy.insert("format/contexts.py", CONTEXT, "CONTEXT_LAYOUTS: Dict", replace=True)
    copy.insert("format/contexts.py", "    15: (LOONG_LAYOUT,),\n", "    0x8003: (BREAKPAD_ARM64_LAYOUT, ARM64_LAYOUT),\n")
    return copy


def loong(folder: Path) -> str:
    builder = DumpBuilder()
    builder.add_system_info(architecture=NUMBER)
    context = struct.pack("<IIQQQ", 0x8000001, 0, 0x1122334400, 0x1122334480, 0x5566778800)
    builder.add_thread_list([Thread(0x10, context=context)])
    builder.add_module_list([])
    path = folder / "loong.dmp"
    path.write_bytes(builder.build())
    return str(path)


def test_a_new_processor_has_a_name_and_registers(with_processor: Copy, tmp_path: Path) -> None:
    dump = loong(tmp_path)
    lines = [["system", dump], ["threads", dump, "--json"], ["threads", dump, "0"], ["bytes", dump, "context", "0"], ["evaluate", dump, "@sp"]]
    shown, threads, one, context, value = with_processor.answers(*lines)
    assert "LoongArch" in shown
    assert "PROCESSOR_ARCHITECTURE_LOONG" in shown
    (thread,) = json.loads(threads)["salvaged_threads"]
    assert (thread["ip"], thread["sp"]) == ("0x5566778800", "0x1122334480")
    assert "pc=0000005566778800" in one
    assert "CONTEXT_LOONG" in context
    assert "Status" in context
    assert "1122334480" in value.replace("`", "")


def test_the_debugger_refuses_a_processor_that_it_does_not_know(with_processor: Copy, tmp_path: Path) -> None:
    found = with_processor.json("why", loong(tmp_path))["findings"]
    (finding,) = [item for item in found if item["code"] == "OPN015"]
    assert "LoongArch" in json.dumps(finding)


def test_the_samples_have_no_such_row() -> None:
    """The made-up ones are made up: neither the package nor the samples know them."""
    from dumpscope.format.processors import PROCESSORS
    from dumpscope.format.streams import STREAMS

    assert TYPE not in STREAMS
    assert NUMBER not in PROCESSORS

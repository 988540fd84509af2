"""``DumpBuilder``: what is built from parts and from samples is what a reader, and the debugger, find in it."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError, UsageError
from dumpscope.writing import DumpBuilder
from dumpscope.writing.output import write_whole

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SYSTEM: Dict[str, Any] = {
    "ProcessorArchitecture": 9,
    "NumberOfProcessors": 4,
    "ProductType": 1,
    "MajorVersion": 10,
    "BuildNumber": 19045,
    "PlatformId": 2,
    "CSDVersion": "",
}
MENDED = (
    "handles-count-", "handles-descriptor-24", "handles-descriptor-size-zero", "handles-header-size-huge", "handles-header-too-small",
    "handles-stream-",
    "handles-name-", "memory-list-count-huge", "memory-list-padded", "memory-list-range-wraps", "memory-map-count-huge", "module-list-",
    "thread-list-count-huge", "thread-list-padded",
    "breakpad-linux-padded", "full-memory-truncated", "full-memory-none-left", "thread-context-beyond-end",
)  # fmt: skip
"""Samples of which the debugger takes less than a reader can read: rebuilt, they answer more; or that say of bytes they do not have."""


def built(builder: DumpBuilder) -> Minidump:
    return Minidump.open(builder.to_bytes())


def small(**header: int) -> DumpBuilder:
    builder = DumpBuilder(**header)
    builder.set("SystemInfoStream", **SYSTEM)
    builder.add("ThreadListStream", ThreadId=0x1A2C, Teb=0x7FF7A000, Stack=(0x5000, 0x20), ThreadContext=b"\1" * 1232)
    return builder


def test_a_dump_from_nothing_opens_and_holds_its_parts() -> None:
    builder = small(flags=0x4, timestamp=1700000000)
    builder.capture(0x5000, bytes(range(0x20)))
    builder.add("ModuleListStream", BaseOfImage=0x400000, SizeOfImage=0x1000, ModuleName="C:\\app.exe", CvRecord=b"RSDS" + bytes(20) + b"app.pdb\0")
    builder.add("HandleDataStream", Handle=4, TypeName="Event", ObjectName="\\BaseNamedObjects\\Go", ObjectInfo=[(6, bytes(8))], HandleCount=2)
    builder.add("HandleDataStream", Handle=8, TypeName="Event", ObjectName="")
    builder.add("ThreadNamesStream", ThreadId=0x1A2C, ThreadName="main")
    builder.add("UnloadedModuleListStream", BaseOfImage=0x10000, SizeOfImage=0x1000, ModuleName="old.dll")
    builder.add("ThreadInfoListStream", ThreadId=0x1A2C, StartAddress=0x401000, CreateTime=1)
    builder.set("MiscInfoStream", Flags1=1, ProcessId=77)
    builder.set("ExceptionStream", ThreadId=0x1A2C, ExceptionCode=0xC0000005, ThreadContext=b"\2" * 1232)
    builder.comment("first")
    builder.comment("second")
    builder.raw(0x12345, b"mine")
    dump = built(builder)
    # Two comments, both of which the debugger shows; and the registers are no registers.
    assert {damage.code for damage in dump.check()} == {"duplicate-stream", "context-mismatch"}
    assert (dump.header.timestamp, dump.header.flags) == (1700000000, 4)
    assert [(item.handle, item.type, item.name, item.handle_count) for item in dump.handles] == [(4, "Event", "\\BaseNamedObjects\\Go", 2), (8, "Event", "", 0)]
    assert dump.handles[0].object_info[0].type == 6
    assert dump.handles[0].type_rva == dump.handles[1].type_rva  # one string for both
    thread = dump.threads[0]
    assert dump.source.bytes(thread.context_rva, thread.context_size, "") == b"\1" * 1232
    assert dump.source.bytes(thread.stack_rva, thread.stack_size, "") == bytes(range(0x20))
    assert dump.modules[0].path == "C:\\app.exe"
    assert dump.modules[0].codeview is not None
    assert (dump.thread_names.get(0x1A2C), dump.unloaded_modules[0].name, dump.comments) == ("main", "old.dll", ["first"])
    exception: Any = dump.exception
    assert (exception.code, dump.source.bytes(exception.context_rva, 4, "")) == (0xC0000005, b"\2" * 4)
    assert dump.user_streams[0].stream.size == 4
    view = EngineView(dump.source)
    assert view.opening.ok
    assert view.handles.count == 2
    assert view.process_id == 77
    assert view.opening_lines[-1].startswith("User Mini Dump File") or "Comment: 'second'" in view.opening_lines


def test_machines_of_32_bits_and_full_memory() -> None:
    builder = DumpBuilder()
    builder.set("SystemInfoStream", **{**SYSTEM, "ProcessorArchitecture": 0})
    builder.add("ThreadListStream", ThreadId=4, Teb=0x7FFDE000, Stack=(0x1000, 4))
    builder.memory.wide = True
    builder.capture(0x1000, b"abcd")
    builder.capture(0x9000, b"efgh")
    dump = built(builder)
    assert dump.header.flags & 2
    assert dump.stream(5) is None
    assert [(item.start, item.size) for item in dump.memory64_list] == [(0x1000, 4), (0x9000, 4)]
    assert dump.memory.read(0x9000, 4) == b"efgh"
    assert dump.memory64_list.expected_file_size == dump.size  # the memory is the last thing in the file
    assert EngineView(dump.source).full


@pytest.mark.parametrize("values", [{"ThreadIdd": 1}, {"ThreadId": 1 << 32}, {"Rva": 5}, {"ThreadId": "x"}])
def test_wrong_fields_are_refused_at_once(values: Dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="MINIDUMP_THREAD"):
        DumpBuilder().add("ThreadListStream", **values)


def test_wrong_streams_are_refused() -> None:
    builder = DumpBuilder()
    for call in (
        lambda: builder.add("SystemInfoStream"),
        lambda: builder.set("HandleDataStream"),
        lambda: builder.raw(5, b""),
        lambda: builder.add("NoStream"),
        lambda: builder.capture((1 << 64) - 2, b"abc"),
    ):
        with pytest.raises(UsageError):
            call()


def test_ranges_that_overlap_and_differ_are_cut_and_told() -> None:
    builder = small()
    builder.capture(0x1000, b"aaaa")
    builder.capture(0x1002, b"bbbb")
    builder.capture(0x1001, b"aaa")  # the same bytes: it stays
    dump = built(builder)
    assert EngineView(dump.source).opening.ok
    assert dump.memory.read(0x1000, 6) == b"aaaabb"
    assert any("0x2 bytes of the later ones are cut" in note for note in builder.notes)


def answers(source: Source) -> List[Tuple[str, Any]]:
    view = EngineView(source)
    handles = [(row.handle, row.attributes, row.access, row.handle_count, row.pointer_count, row.type, row.name) for row in view.handle_rows()]
    threads = [row._replace(context_rva=0) for row in view.thread_rows()]
    commands = {name: answer.outcome for name, answer in view.commands.items()}
    regions = list(view.region_rows())
    return [
        ("opening", view.opening.ok), ("handles", (view.handles, handles)), ("threads", (view.threads, threads)), ("regions", regions),
        ("event", view.last_event), ("exception", view.exception), ("process", view.process_id), ("commands", commands),
    ]  # fmt: skip


@each("path", some(sorted(SAMPLES.rglob("*.dmp")), 2), ids=lambda path: path.stem)
def test_every_sample_built_anew_answers_the_same(path: Path) -> None:
    try:
        dump = Minidump.open(path.read_bytes())
    except DumpError:
        return
    builder = DumpBuilder.of(dump)
    again = Minidump.open(builder.to_bytes())
    before = EngineView(dump.source)
    if not before.opening.ok:
        return
    assert EngineView(again.source).opening.ok
    if not path.stem.startswith(MENDED):
        assert answers(again.source) == answers(dump.source)
        left_out = {item.type for item in dump.streams if any(item.name in note and "left out" in note for note in builder.notes)}
        assert {item.type for item in again.streams} | left_out >= {item.type for item in dump.streams if item.type}
        assert [bytes(dump.memory.read(low, high - low)) for low, high, _ in dump.memory.spans()] == [
            bytes(again.memory.read(low, high - low)) for low, high, _ in dump.memory.spans()
        ]
    for name in ("annotations", "mozilla", "breakpad", "tokens"):
        assert str(getattr(dump, name))[:60].split(" at 0x")[0] == str(getattr(again, name))[:60].split(" at 0x")[0]


def test_what_another_writer_s_stream_leads_to_moves_with_it() -> None:
    dump = Minidump.open((SAMPLES / "crashpad-annotations.dmp").read_bytes())
    builder = DumpBuilder.of(dump)
    builder.comment("something in front")
    one: Any = dump.annotations
    two: Any = built(builder).annotations
    assert one.offset != two.offset
    assert re.sub(r"offset=\d+", "", str(one)) == re.sub(r"offset=\d+", "", str(two))


def test_records_can_be_added_to_those_of_a_dump() -> None:
    dump = Minidump.open((SAMPLES / "handles.dmp").read_bytes())
    builder = DumpBuilder.of(dump)
    builder.add("HandleDataStream", Handle=0xFF0, TypeName="Event", ObjectName="new")
    builder.set("SystemInfoStream", NumberOfProcessors=77)
    builder.drop("MiscInfoStream")
    again = built(builder)
    assert len(again.handles) == len(dump.handles) + 1
    assert again.handles[-1].name == "new"
    system: Any = again.system
    assert (system.processors, system.csd) == (77, dump.system.csd)  # type: ignore[union-attr]
    assert again.stream(15) is None


def test_strings_laid_over_each_other_are_refused_and_not_multiplied() -> None:
    """Records that each name another place inside one long text: copying each would make gigabytes of a megabyte."""
    builder = DumpBuilder()
    builder.set("SystemInfoStream", **SYSTEM)
    for number in range(4000):
        builder.add("HandleDataStream", Handle=4 * number, TypeName="x")
    text = b"".join(struct.pack("<I", 0x4000) for _ in range(0x8000))
    builder.raw(0x12345, text)
    data = bytearray(builder.to_bytes())
    dump = Minidump.open(bytes(data))
    place = dump.user_streams[0].stream.rva
    for handle in dump.handles:
        data[handle.offset + 8 : handle.offset + 12] = (place + 4 * (handle.handle // 4)).to_bytes(4, "little")
    with pytest.raises(DumpError, match="laid over each other"):
        DumpBuilder.of(Minidump.open(bytes(data))).to_bytes()


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "out.dmp"

    def fill(file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_whole(str(target), fill)
    with pytest.raises(KeyboardInterrupt):
        write_whole(str(target), lambda file: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(DumpError):
        write_whole(str(target), lambda file: file.write(b"x"), check=lambda path: (_ for _ in ()).throw(DumpError("refused")))
    assert os.listdir(tmp_path) == []


def test_an_existing_file_needs_force_and_the_source_is_never_written(tmp_path: Path) -> None:
    source = tmp_path / "in.dmp"
    source.write_bytes((SAMPLES / "handles.dmp").read_bytes())
    target = tmp_path / "out.dmp"
    target.write_bytes(b"old")
    with Minidump.open(source) as dump:
        builder = DumpBuilder.of(dump)
        with pytest.raises(UsageError, match="exists already"):
            builder.write(str(target))
        assert target.read_bytes() == b"old"
        with pytest.raises(UsageError, match="never written over"):
            builder.write(str(source), force=True, keep=dump.path)
        size = builder.write(str(target), force=True, keep=dump.path)
        assert size == target.stat().st_size > 100
    assert sorted(os.listdir(tmp_path)) == ["in.dmp", "out.dmp"]

"""``EngineView`` against the engine's measured answers for the samples, and every rule of acceptance by itself."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from samples.engine_answers import ANSWERS
from tests.cases import each
from tests.commands.made import parse, sample_bytes
from tests.counting import calls_of

from dumpscope.diagnosis.engine.answers import (
    E_FAIL,
    E_INVALIDARG,
    E_NOINTERFACE,
    E_UNEXPECTED,
    FAILS,
    FILE_CORRUPT,
    MEMORY_ABSENT,
    PARTIAL,
    S_OK,
    WORKS,
)
from dumpscope.diagnosis.engine.memory import CONFLICT, READ_BEHIND_END
from dumpscope.diagnosis.engine.opening import READ_FAULT
from dumpscope.diagnosis.engine.view import UNKNOWN_PROCESS, EngineView
from dumpscope.diagnosis.plan import NEEDS
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
KERNEL = ("not-a-dump-kernel-", "not-a-dump-user-full-")
pack = struct.pack


def view_of(path: Path) -> EngineView:
    return EngineView(Source(path.read_bytes(), path.name))


@each("name", sorted(ANSWERS))
def test_samples(name: str) -> None:
    answer = ANSWERS[name]
    view = view_of(SAMPLES / f"{name}.dmp")
    assert view.opening.hresult == answer.opened
    assert view.opening.ok == (answer.opened == S_OK)
    if not view.opening.ok:
        assert view.opening.message or answer.opened == 0xD000011E
        return
    assert view.opening.wait_hresult == answer.waited
    assert (view.handles.hresult, view.handles.count) == (answer.handles_hresult, answer.handles)
    if not name.startswith(KERNEL):  # there it counts processors, or threads that the model does not
        assert len(view.threads) == answer.threads


@each("path", sorted(SAMPLES.rglob("*.dmp")), ids=lambda path: path.stem)
def test_no_sample_makes_it_raise(path: Path) -> None:
    view = view_of(path)
    assert set(NEEDS) <= set(view.commands)
    for answer in view.commands.values():
        assert answer.outcome in (WORKS, PARTIAL, FAILS)
        assert answer.outcome == WORKS or answer.why or not view.opening.ok
    assert view.regions.count <= sum(1 for _ in view.region_rows())
    assert view.handles.count <= sum(1 for _ in view.handle_rows())
    assert [row.tid for row in view.thread_rows()] == [item.tid for item in view.threads]
    assert len(view.streams) <= 1 << 16
    assert view.read_virtual(0) or view.opening.ok
    view.query_virtual(0), view.peb, view.times, view.last_event, view.handle_operations, view.opening_lines


# -- a dump by hand


class Maker:
    """A dump of one thread, to which streams are added; ``build`` gives what the engine makes of it."""

    def __init__(self, *, arch: int = 9, flags: int = 0, platform: int = 2, system: bool = True, threads: bool = True) -> None:
        self.entries: List[Tuple[int, int, int]] = []
        self.body = bytearray(32 + 12 * 64)
        self.flags = flags
        self.header: Dict[int, int] = {}
        if system:
            self.add(7, pack("<HHHBBIIIIIHH", arch, 6, 0, 8, 1, 10, 0, 19045, platform, 0, 0, 0) + bytes(24))
        if threads:
            self.add(3, pack("<I", 1) + self.thread())

    @staticmethod
    def thread(tid: int = 0x111, priority_class: int = 0x20, teb: int = 0x7FFDD000, context: Tuple[int, int] = (0, 0)) -> bytes:
        return pack("<IIIIQQIIII", tid, 0, priority_class, 0, teb, 0, 0, 0, *context)

    def blob(self, data: bytes) -> int:
        rva = len(self.body)
        self.body += data
        return rva

    def add(self, kind: int, data: bytes, size: Optional[int] = None, rva: Optional[int] = None) -> Maker:
        place = self.blob(data)
        self.entries.append((kind, len(data) if size is None else size, place if rva is None else rva))
        return self

    def ranges(self, *items: Tuple[int, int, int]) -> Maker:
        return self.add(5, pack("<I", len(items)) + b"".join(pack("<QII", *item) for item in items))

    def handles(self, *values: int, step: int = 40, **names: int) -> Maker:
        rows = b"".join(pack("<QIIIIIIII", value, names.get("type", 0), names.get("name", 0), 0, 0, 1, 2, names.get("info", 0), 0)[:step] for value in values)
        return self.add(12, pack("<IIII", 16, step, len(values), 0) + rows)

    def exception(self, tid: int = 0x111, code: int = 0xC0000005, context: Tuple[int, int] = (0, 0)) -> Maker:
        return self.add(6, pack("<IIIIQQII15QII", tid, 0, code, 0, 0, 0x1234, 2, 0, 1, 0x5678, *[0] * 13, *context))

    def times(self, tid: int = 0x111, flags: int = 0, create: int = 5, kernel: int = 5, user: int = 5, start: int = 5) -> bytes:
        return pack("<IIIIQQQQQQ", tid, flags, 0, 0x103, create, 0, kernel, user, start, 3)

    def infos(self, *rows: bytes) -> Maker:
        return self.add(17, pack("<III", 12, 64, len(rows)) + b"".join(rows))

    def map(self, *items: Tuple[int, int]) -> Maker:
        rows = b"".join(pack("<QQIIQIIII", base, base, 4, 0, size, 0x1000, 4, 0x20000, 0) for base, size in items)
        return self.add(16, pack("<IIQ", 16, 48, len(items)) + rows)

    def bytes(self) -> bytes:
        pack_into = struct.pack_into
        pack_into("<4sIIIIIQ", self.body, 0, b"MDMP", 0xA061A793, len(self.entries), 32, 0, 1000, self.flags)
        for index, entry in enumerate(self.entries):
            pack_into("<III", self.body, 32 + 12 * index, *entry)
        for offset, value in self.header.items():
            pack_into("<I", self.body, offset, value)
        return bytes(self.body)

    def build(self) -> EngineView:
        return EngineView(Source(self.bytes(), "made.dmp"))


def opening(data: bytes) -> Tuple[int, str]:
    found = EngineView(Source(data, "x")).opening
    return found.hresult, found.message.split("\n")[0]


def test_file_sizes_and_signatures() -> None:
    good = Maker().bytes()
    assert opening(b"") == (0xD000011E, "Could not open dump file, NTSTATUS 0xC000011E")
    assert opening(good[:23]) == (E_INVALIDARG, "Dump file is too large to map")
    assert opening(good[:31]) == (E_INVALIDARG, "Could not match Dump File signature - invalid file format")
    assert opening(b"X" + good[1:])[0] == E_INVALIDARG
    assert opening(good[:4] + b"\x94" + good[5:])[0] == E_INVALIDARG
    assert opening(good[:32]) == (FILE_CORRUPT, "ERROR: Directory not present in dump (RVA 0x20)")
    assert opening(good[:40]) == (FILE_CORRUPT, "ERROR: Directory only partially present in dump (RVA 0x20, size 0x18)")
    assert opening(good)[0] == S_OK


def header(offset: int, value: int) -> Tuple[int, str]:
    maker = Maker()
    maker.header[offset] = value
    return opening(maker.bytes())


def test_directory() -> None:
    assert header(12, 0) == (FILE_CORRUPT, "ERROR: Invalid Rva value 0, it should larger than the dump header (20).")
    assert header(12, 0x100000) == (FILE_CORRUPT, "ERROR: Directory not present in dump (RVA 0x100000)")
    assert header(8, 0xFFFFFFFF) == (FILE_CORRUPT, "ERROR: Directory RVA overflows 32 bits (RVA 0x20, size 0xFFFFFFF4)")
    assert header(8, 0x100000) == (FILE_CORRUPT, "ERROR: Directory only partially present in dump (RVA 0x20, size 0xC00000)")
    assert header(8, 0x40000001)[0] == READ_FAULT
    assert header(8, 0) == (E_FAIL, "Minidump does not have system info")


def test_system_info_is_needed_and_its_processor() -> None:
    assert Maker(system=False).build().opening.hresult == E_FAIL
    for arch, expected in ((0, S_OK), (2, E_INVALIDARG), (5, S_OK), (7, E_INVALIDARG), (8, E_FAIL), (9, S_OK), (12, S_OK), (0x63, E_FAIL), (0x8003, E_FAIL)):
        assert Maker(arch=arch).build().opening.hresult == expected, arch
    assert Maker(arch=0x63).build().opening.message.startswith("Minidump has unrecognized processor architecture 0x63")


def test_full_memory() -> None:
    assert Maker(flags=2).build().opening.message.startswith("Full-memory minidump must have a Memory64ListStream")
    full = Maker(flags=2)
    base = full.blob(b"\xab" * 0x100)
    full.add(9, pack("<QQQQ", 1, base, 0x1000, 0x100))
    view = full.build()
    assert view.opening.ok
    assert view.full
    assert view.read_virtual(0x10FF) == S_OK
    assert view.read_virtual(0x1100) == E_NOINTERFACE
    with_list = Maker(flags=2).add(9, pack("<QQQQ", 1, 0x20, 0x1000, 0x10)).add(5, b"")
    assert with_list.build().opening[1:3] == (FILE_CORRUPT, "Full memory minidumps can't have MemoryListStreams")
    partial = Maker().add(9, b"")
    assert partial.build().opening[1:3] == (FILE_CORRUPT, "Partial memory minidumps can't have Memory64ListStreams")


def test_full_memory_that_is_cut() -> None:
    def cut(base: int) -> EngineView:
        return Maker(flags=2).add(9, pack("<QQQQQQ", 2, base, 0x1000, 0x10, 0x2000, 0x10)).build()

    size = len(Maker(flags=2).add(9, bytes(48)).bytes())
    assert cut(size + 1).opening.hresult == E_INVALIDARG
    view = cut(size)
    assert view.opening.message == "WARNING: Dump file has been truncated.  Data may be missing."
    assert view.read_virtual(0x1000) == READ_BEHIND_END
    assert cut(size - 0x20).opening.message.startswith("User Mini Dump File with Full Memory")
    assert cut(0).opening.hresult == E_FAIL


def test_memory_ranges_must_be_in_the_file() -> None:
    def of(size: int, rva: int) -> Tuple[int, str]:
        found = Maker().ranges((0x1000, size, rva)).build().opening
        return found.hresult, found.message

    assert of(4, 0x330)[0] == S_OK
    assert of(4, 0) == (FILE_CORRUPT, "ERROR: Invalid Rva value 0, it should larger than the dump header (20).")
    assert of(4, 0x24)[1].startswith("ERROR: Invalid Rva value 24, it should be after the minidump directory (20,3,c).")
    assert of(4, 0x100000) == (FILE_CORRUPT, "ERROR: Memory range data not present in dump (RVA 0x100000)")
    assert of(0x10000, 0x330) == (FILE_CORRUPT, "ERROR: Memory range data only partially present in dump (RVA 0x330, size 0x10000)")
    assert of(0xFFFFFFFF, 0x330) == (FILE_CORRUPT, "ERROR: Memory range data RVA overflows 32 bits (RVA 0x330, size 0xFFFFFFFF)")
    assert of(0, 0x100000)[0] == FILE_CORRUPT


def test_ranges_that_overlap_must_agree() -> None:
    maker = Maker()
    rva = maker.blob(bytes(range(200)) * 2)

    def of(*items: Tuple[int, int, int]) -> Tuple[int, str]:
        made = Maker()
        made.body = bytearray(maker.body)
        made.entries = list(maker.entries)
        found = made.ranges(*((start, size, rva + at) for start, size, at in items)).build().opening
        return found.hresult, found.message

    text = "DbsSplayTreeRangeMap::Add: Conflicting region "
    assert of((0x1000, 100, 0), (0x1010, 100, 16))[0] == S_OK
    assert of((0x1000, 100, 0), (0x1000, 100, 200))[0] == S_OK  # the same bytes at another place
    assert of((0x1000, 100, 0), (0x1010, 100, 0)) == (CONFLICT, text + "00000000`00001010 - 00000000`00001073")
    assert of((0x1010, 16, 0), (0x1000, 100, 0)) == (CONFLICT, text + "00000000`00001010 - 00000000`00001063")
    assert of((0x7FFE0010, 16, 0), (0x7FFE0000, 100, 0))[0] == S_OK
    assert of((0x7FFE0010, 16, 0), (0x7FFDFFFF, 100, 0))[0] == CONFLICT


def test_streams() -> None:
    made = Maker()
    good = pack("<I", 1) + Maker.thread(0x222)
    made.add(4, pack("<I", 7)).add(8, good[:4] + good[4:] + bytes(16)).add(0x18, b"1234").add(0x10000, b"x", rva=5).add(21, b"").add(0, b"")
    made.add(4, pack("<I", 0)).add(4, pack("<I", 0)).add(10, b"note\0").add(0x8001, b"")
    entries = made.build().streams
    assert [entry.verdict for entry in entries] == [
        "used", "used", "refused", "extra", "unknown", "ignored", "ignored", "unused", "used", "extra", "used", "unknown",
    ]  # fmt: skip
    assert entries[2].reason == "Dir entry 2, ModuleListStream stream stream size mismatch (0x4 != 0x2f8)"
    lines = made.build().opening_lines
    assert "WARNING: Ignoring extra ThreadExListStream stream, dir entry 3" in lines
    assert "WARNING: Minidump contains unknown stream type 0x18" in lines
    assert "Comment: 'note'" in lines


def test_waiting_needs_a_thread() -> None:
    assert Maker(threads=False).build().opening.wait_hresult == E_UNEXPECTED
    assert Maker(threads=False).add(3, pack("<I", 0)).build().opening.wait_hresult == E_UNEXPECTED
    padded = Maker(threads=False).add(3, pack("<II", 1, 0) + Maker.thread()).build()
    assert padded.opening.wait_hresult == E_UNEXPECTED
    assert padded.handles.hresult == padded.regions.last_hresult == padded.exception.hresult == padded.peb.hresult == E_UNEXPECTED
    extended = Maker(threads=False).add(8, pack("<I", 1) + Maker.thread(0x77) + bytes(16)).build()
    assert [item.tid for item in extended.threads] == [0x77]


def test_handles_are_counted_without_their_low_bits() -> None:
    def count(*values: int) -> int:
        return Maker().handles(*values).build().handles.count

    assert [count(), count(0, 1, 2), count(1, 2, 3, 4), count(0, 4), count(4, 5, 8), count(4, 0x100000004)] == [0, 0, 2, 1, 2, 2]
    assert Maker().build().handles.hresult == E_NOINTERFACE
    assert Maker().handles(4, step=32).build().handles == (S_OK, 1)
    assert Maker().handles(4, step=28).build().handles == (E_NOINTERFACE, 0)


def test_many_large_handle_values() -> None:
    from dumpscope.diagnosis.engine import handles as engine_handles

    old = engine_handles.KEPT_VALUES
    engine_handles.KEPT_VALUES = 16
    try:
        values = [(1 << 40) + 4 * (index % 100) for index in range(300)]
        view = Maker().handles(*values).build()
        assert view.handles.count == 100
        assert [row.handle for row in view.handle_rows()] == values[:100]
    finally:
        engine_handles.KEPT_VALUES = old


def test_handle_names() -> None:
    made = Maker()
    event, odd = made.blob(pack("<I", 10) + "Event".encode("utf-16-le")), made.blob(pack("<I", 5) + b"a\0b\0c\0")
    long = made.blob(pack("<I", 10000) + "n".encode("utf-16-le") * 5000)

    def row(name: int) -> Tuple[int, str]:
        copy = Maker()
        copy.body, copy.entries = bytearray(made.body), list(made.entries)
        found = next(copy.handles(4, name=name, type=event).build().handle_rows())
        assert found.type == "Event"
        return found.name_hresult, found.name

    assert row(0) == (S_OK, "")
    assert row(odd) == (S_OK, "ab")
    assert row(8) == (FILE_CORRUPT, "")
    assert row(0x100000) == (FILE_CORRUPT, "")
    assert row(long) == (1, "n" * 4096)


def test_object_information() -> None:
    made = Maker()
    second = made.blob(pack("<IIIQ", 0, 3, 8, 0x1234))
    first = made.blob(pack("<IIII", second, 2, 4, 1))
    loop = len(made.body)
    made.blob(pack("<IIII", loop, 2, 4, 1))
    view = made.handles(4, info=first).build()
    assert view.handle_information(4, 7) == (S_OK, first + 12, 4)
    assert view.handle_information(7, 8) == (S_OK, second + 12, 8)
    assert view.handle_information(4, 6)[0] == E_NOINTERFACE
    assert view.handle_information(8, 7)[0] == E_NOINTERFACE
    made.entries.pop()
    assert made.handles(4, info=loop).build().handle_information(4, 13)[0] == E_NOINTERFACE
    made.entries.pop()
    assert made.handles(4, info=0x100000).build().handle_information(4, 13)[0] == FILE_CORRUPT


def test_thread_times_come_whole_or_not_at_all() -> None:
    def answer(*rows: bytes, priority_class: int = 0x20) -> Tuple[int, int]:
        made = Maker(threads=False).add(3, pack("<I", 1) + Maker.thread(priority_class=priority_class)).infos(*rows)
        item = made.build().threads[0]
        return item.hresult, item.valid

    row = Maker().times
    good, bad = (S_OK, 0x3F), (E_NOINTERFACE, 0)
    assert answer(row()) == good
    assert answer(row(flags=0x37)) == good
    assert answer(row(create=0, kernel=0)) == good
    assert answer(row(flags=8)) == answer() == answer(row(tid=5)) == answer(row(start=0)) == answer(row(create=0, kernel=0, user=0)) == bad
    assert answer(row(), priority_class=0) == bad
    assert answer(row(flags=8), row()) == good
    assert Maker().build().threads[0].hresult == E_NOINTERFACE


def test_tebs() -> None:
    def teb(platform: int, value: int) -> Tuple[int, int]:
        item = Maker(platform=platform, threads=False).add(3, pack("<I", 1) + Maker.thread(teb=value)).build().threads[0]
        return item.teb_hresult, item.teb

    assert teb(2, 0x1000) == teb(0x8201, 0x1000) == (S_OK, 0x1000)
    assert teb(2, 0) == (S_OK, 0x7FFDE000)
    assert teb(0x8201, 0) == (0x80004001, 0)


def test_regions_made_up_of_captured_memory() -> None:
    made = Maker()
    rva = made.blob(bytes(0x400))
    made.ranges((0x3000, 0x100, rva), (0x1000, 0x200, rva), (0x1100, 0x200, rva))
    view = made.build()
    assert [(region.base, region.size) for region in view.region_rows()] == [(0x1000, 0x200), (0x1100, 0x200), (0x3000, 0x100)]
    assert view.regions == (S_OK, E_NOINTERFACE, 3, 0x3100)
    assert view.query_virtual(0x1180)[1] == view.query_virtual(0x1000)[1]
    assert [view.read_virtual(at) for at in (0xFFF, 0x1000, 0x12FF, 0x1300, 0x3000)] == [MEMORY_ABSENT, S_OK, S_OK, MEMORY_ABSENT, S_OK]
    assert Maker().build().regions == (E_NOINTERFACE, E_NOINTERFACE, 0, 0)


def test_of_ranges_that_begin_together_the_last_is_the_next_and_the_first_holds() -> None:
    made = Maker()
    rva = made.blob(bytes(0x400))
    view = made.ranges((0x1000, 0x100, rva), (0x1000, 0x80, rva)).build()
    assert [region.size for region in view.region_rows()] == [0x80, 0x100]
    _, holder = view.query_virtual(0x1000)
    assert holder is not None
    assert holder.size == 0x100


def test_ranges_in_any_order_that_do_not_overlap_are_counted_at_once() -> None:
    items = [(index * 7919 % 10_000 * 0x1000, 0x1000) for index in range(10_000)]
    view = Maker().map(*items).build()
    answer, calls = calls_of(lambda: view.regions)
    assert answer == (S_OK, E_NOINTERFACE, 10_000, 10_000 * 0x1000)
    assert calls < 5 * 10_000


@each("arch", [0, 9])
@each(
    "items",
    [
        [(0x9000, 0x100), (0x1000, 0x200), (0x1200, 0x200)],
        [(0x9000, 0x100), (0x1000, 0x201), (0x1200, 0x200)],
        [(0x9000, 0x100), (0x1000, 0), (0x1200, 0x200)],
        [(0x9000, 0x100), (0x1000, 0x200), (0x9000, 0x100)],
        [(0x9000, 0x100), (0x1000, 0x200), (0x9000, 0)],
        [(0xFFFFF000, 0x1000), (0x1000, 0x200)],
        [(0xFFFFF000, 0xFFF), (0x1000, 0x200)],
        [(0xFFFFF000, 0x1001), (0x1000, 0x200), (0x800, 0x10)],
        [(0x100000000, 0x1000), (0x1000, 0x200)],
        [(0xFFFFFFFFFFFFF000, 0x1000), (0x1000, 0x200)],
        [(0xFFFFFFFFFFFFF000, 0x2000), (0x1000, 0x200)],
    ],
)
def test_the_walk_as_one_answer_is_the_walk_step_by_step(arch: int, items: List[Tuple[int, int]]) -> None:
    memory = Maker(arch=arch).map(*items).build().memory
    assert memory is not None
    steps = list(memory.rows())
    gone_on = [region for region, more in steps if more]
    answer = memory.regions()
    assert answer.count == len(gone_on)
    assert answer.last_hresult == (S_OK if len(steps) > len(gone_on) else E_NOINTERFACE)
    if gone_on:
        assert answer.end == gone_on[-1].base + gone_on[-1].size & 0xFFFFFFFFFFFFFFFF


def test_a_range_without_bytes_ends_the_walk() -> None:
    made = Maker()
    rva = made.blob(bytes(16))
    view = made.ranges((0x1000, 0, rva)).build()
    assert view.regions == (S_OK, S_OK, 0, 0)
    assert "DbsSplayTreeRangeMap::Add: ignoring zero-sized range at 00000000`00001000" in view.opening_lines


def test_regions_of_the_address_map() -> None:
    view = Maker().map((0x5000, 0x1000), (0x1000, 0x1000), (0x1800, 0x1000)).build()
    assert [region.base for region in view.region_rows()] == [0x1000, 0x1800, 0x5000]
    assert not any(region.invented for region in view.region_rows())
    assert view.regions == (S_OK, E_NOINTERFACE, 3, 0x6000)
    wraps = Maker().map((0x1000, 0x1000), (0xFFFFFFFFFFFFF000, 0x2000)).build()
    assert wraps.regions == (S_OK, S_OK, 1, 0x2000)


def test_ranges_above_the_address_map_are_listed_behind_it() -> None:
    made = Maker().map((0x1000, 0x1000))
    rva = made.blob(bytes(16))
    view = made.ranges((0x1800, 16, rva), (0x9000, 16, rva)).build()
    assert [(region.base, region.invented) for region in view.region_rows()] == [(0x1000, False), (0x9000, True)]


def test_a_machine_of_32_bits_compares_low_halves() -> None:
    made = Maker(arch=0)
    rva = made.blob(bytes(0x100))
    view = made.ranges((0x100000000, 0x100, rva)).build()
    found = view.query_virtual(0x10)[1]
    assert found is not None
    assert found.base == 0x100000000
    assert view.query_virtual(0x1000)[0] == E_NOINTERFACE


def test_process() -> None:
    def misc(flags: int, pid: int, created: int = 900) -> EngineView:
        return Maker().add(15, pack("<IIIIII", 24, flags, pid, created, 0, 0)).build()

    assert misc(3, 0x42).process_id == 0x42
    assert misc(2, 0x42).process_id == misc(3, 0).process_id == Maker().build().process_id == UNKNOWN_PROCESS
    assert misc(3, 1).times[:3] == (S_OK, 100, True)
    assert misc(1, 1).times[:3] == (E_NOINTERFACE, 0, False)
    assert misc(3, 1, 1000).times[:3] == (E_NOINTERFACE, 0, False)


def test_peb() -> None:
    made = Maker()
    teb = made.blob(bytes(0x60) + pack("<Q", 0x7FFDF000) + bytes(8))
    assert made.ranges((0x7FFDD000, 0x70, teb)).build().peb == (S_OK, 0x7FFDF000)
    assert Maker().build().peb == (MEMORY_ABSENT, 0)
    made.entries.pop()
    assert made.ranges((0x7FFDD000, 0x67, teb)).build().peb[0] == E_FAIL
    made.entries.pop()
    assert made.ranges((0x7FFDD000, 0x64, teb), (0x7FFDD064, 0x8, teb + 0x64)).build().peb == (S_OK, 0x7FFDF000)


def test_exception_and_last_event() -> None:
    view = Maker().exception().build()
    assert view.exception == (S_OK, 0xC0000005, 0x111)
    assert view.last_event[1:3] == (2, 0)
    assert view.last_event.text == "Access violation - code c0000005 (first/second chance not available)"
    none = Maker().build()
    assert none.exception == (E_NOINTERFACE, None, None)
    assert none.last_event.text == "Break instruction exception - code 80000003 (first/second chance not available)"
    unknown = Maker().exception(tid=0x999).build()
    assert unknown.current is None
    assert unknown.exception == (E_FAIL, 0xC0000005, 0x999)  # no registers, neither its own nor a thread's
    made = Maker()
    assert made.exception(tid=0x999, context=(0x4D0, made.blob(bytes(0x4D0)))).build().exception == (S_OK, 0xC0000005, 0x999)
    assert unknown.last_event.thread == 0xFFFFFFFF
    assert Maker().exception(code=0x12345678).build().last_event.text.startswith("Unknown exception - code 12345678")


# -- commands


def outcomes(view: EngineView, *names: str) -> List[str]:
    return [view.commands[name].outcome for name in names]


def test_commands_without_an_exception() -> None:
    view = Maker().build()
    assert outcomes(view, ".ecxr", ".exr -1", ".lastevent") == [FAILS, PARTIAL, PARTIAL]
    assert view.commands[".ecxr"].message == "Minidump doesn't have an exception context\nUnable to get exception context, HRESULT 0x80004002"


def test_commands_on_the_exception() -> None:
    made = Maker()
    context = made.blob(bytes(0x4D0))
    assert outcomes(made.exception(context=(0x4D0, context)).build(), ".ecxr", ".exr -1", ".lastevent") == [WORKS, WORKS, WORKS]
    assert Maker().exception().build().commands[".ecxr"].outcome == PARTIAL
    beyond = Maker().exception(context=(0x4D0, 0x100000)).build().commands[".ecxr"]
    assert (beyond.outcome, beyond.message) == (PARTIAL, "ERROR: Exception context not present in dump (RVA 0x100000)")
    unknown = Maker().exception(tid=9).build()
    assert outcomes(unknown, ".ecxr", ".exr -1", "k", "~", "~*", ".ttime", "lm") == [FAILS, PARTIAL, FAILS, PARTIAL, PARTIAL, FAILS, FAILS]
    assert unknown.commands["k"].message.endswith("^ Illegal thread error in 'k'")


def test_commands_without_threads() -> None:
    view = Maker(threads=False).build()
    names = ("~", "~*", "k", "r", "lm", ".ecxr", ".exr -1", ".lastevent", ".ttime", "!handle", "!runaway", "!teb", "!peb")
    assert set(outcomes(view, *names)) == {FAILS}
    assert view.commands[".ttime"].message.endswith("^ Illegal debuggee error in '.ttime'")
    assert view.commands["|"].outcome == PARTIAL


def test_commands_on_threads() -> None:
    assert outcomes(Maker().build(), ".ttime", "!runaway", "~*") == [FAILS, FAILS, PARTIAL]
    timed = Maker().infos(Maker().times()).build()
    assert outcomes(timed, ".ttime", "!runaway", "~*") == [WORKS, WORKS, WORKS]
    two = Maker(threads=False).add(3, pack("<I", 2) + Maker.thread() + Maker.thread(0x222)).infos(Maker().times()).build()
    assert outcomes(two, ".ttime", "!runaway", "~*") == [WORKS, PARTIAL, PARTIAL]
    bad = Maker(threads=False).add(3, pack("<I", 1) + Maker.thread(context=(0x4D0, 0x100000))).build()
    assert outcomes(bad, "r", "k") == [FAILS, FAILS]
    assert bad.commands["r"].message == "ERROR: Thread context data not present in dump (RVA 0x100000)\nGetContextState failed, 0x80070570"


def test_commands_on_handles() -> None:
    assert Maker().handles(4).build().commands["!handle"].outcome == WORKS
    assert Maker().handles().build().commands["!handle"].outcome == PARTIAL
    missing = Maker().build().commands["!handle"]
    assert (missing.outcome, missing.hresult) == (FAILS, E_NOINTERFACE)
    assert missing.message == 'ERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"'


def test_commands_on_a_file_that_does_not_open() -> None:
    view = Maker(system=False).build()
    assert {answer.outcome for answer in view.commands.values()} == {FAILS}
    assert {answer.hresult for answer in view.commands.values()} == {E_FAIL}


# -- hostile files


def test_many_ranges_that_overlap() -> None:
    made = Maker()
    rva = made.blob(bytes(0x1000))
    made.ranges(*((0x10000 + (index * 7919) % 4000, 96, rva + (index * 7919) % 4000) for index in range(40_000)))
    view, calls = calls_of(made.build)
    assert view.opening.ok
    assert view.regions.count > 30
    assert calls < 60 * 40_000
    made.entries.pop()
    different = made.blob(bytes(range(256)) * 16)
    made.ranges(*((0x10000 + index % 3000, 96, different + index * 13 % 4000) for index in range(40_000)))
    view, calls = calls_of(made.build)
    assert view.opening.hresult == CONFLICT
    assert calls < 60 * 40_000


def test_many_unsorted_regions() -> None:
    items = [((index * 7919) % 100_000 * 0x1000, 0x1000 * (1 + index % 3)) for index in range(100_000)]
    view, calls = calls_of(Maker().map(*items).build)
    assert view.regions.count > 30_000
    assert calls < 30 * 100_000


def test_a_file_of_one_entry_again_and_again() -> None:
    made = Maker()
    made.entries *= 20
    assert made.build().opening.ok
    assert len(made.build().streams) == 40


def test_uptime_needs_its_bytes():
    """Observed: dbgeng 10.0.15063, .time on full dumps cut behind byte 15 and 16 of the shared user data."""
    data = sample_bytes("full-memory")
    place = parse(data).memory.locate(0x7FFE0000)[0]
    assert EngineView(Source.from_object(data[: place + 15])).times.system is False
    assert EngineView(Source.from_object(data[: place + 16])).times.system is True

"""Single conditions, limits and numbers of commands: what is said on both sides of each."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder, Region

from dumpscope.anatomy.node import DIRECTORY, HEADER, Node
from dumpscope.commands import bytes as bytes_command
from dumpscope.commands import handles, memory, modules, overview, pasted, regions, search, smaller, system, threads, triage, whatif, why
from dumpscope.commands.kernel.atlas import _facts as kernel_facts
from dumpscope.commands.stacks import frame
from dumpscope.commands.userdump.answers import outcomes
from dumpscope.dump.absence import Absent, Damage
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import UsageError
from dumpscope.format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER
from dumpscope.session.session import Session
from dumpscope.view.blocks import Data, Item, Note, Table

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def opened(name: str) -> Minidump:
    return Minidump.open((SAMPLES / f"{name}.dmp").read_bytes())


def words_of(blocks: Any) -> List[str]:
    """The notes among blocks."""
    return [block.text for block in blocks if isinstance(block, Note)]


# --- search ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 0x2FFF, 0x3000, 0x3001, 0x5000, 0x6000, 0x8001, 0x12345])
def test_pieces_of_memory_with_what_runs_over_their_end(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A piece is as long as is searched at once, and 8192 bytes more as far as its stretch goes; the progress ends with all of it."""
    monkeypatch.setattr(search, "CHUNK", 0x3000)
    data = struct.pack(f"<{size // 4 + 1}I", *range(1, size // 4 + 2))[:size]
    builder = DumpBuilder(flags=2)
    builder.add_system_info()
    builder.append(bytes(0x7FF0))
    builder.add_full_memory(0x10000, data)
    builder.add_full_memory(0x80000, data[:100])
    builder.add_memory64_list()
    session = Session(Minidump.open(builder.build()))
    told: List[Tuple[int, int]] = []
    session.progress = lambda done, total: told.append((done, total))
    found = list(search._pieces(session, search._Once(session.dump.memory)))
    starts = range(0, size, 0x3000)
    assert found == [*((0x10000 + at, data[at : at + 0x5000]) for at in starts), (0x80000, data[:100])]
    total = size + len(data[:100])
    assert told == [*((min(at + 0x3000, size), total) for at in starts), (total, total)]


def test_the_progress_counts_what_is_left_out() -> None:
    """Twelve ranges of the same bytes, which claim more than the file has: they are given once, and the progress still ends with all of them."""
    builder = DumpBuilder()
    builder.add_system_info()
    rva = builder.append(bytes(range(1, 201)) * 5 + b"last" * 10)
    rows = [struct.pack("<QII", 0x10000 * (number + 1), 1000, rva) for number in range(12)]
    rows.append(struct.pack("<QII", 0x200000, 40, rva + 1000))
    builder.add_stream(5, struct.pack("<I", len(rows)) + b"".join(rows))
    session = Session(Minidump.open(builder.build()))
    assert session.dump.memory.total == 12040 > session.dump.source.size
    told: List[Tuple[int, int]] = []
    session.progress = lambda done, total: told.append((done, total))
    once = search._Once(session.dump.memory)
    assert [address for address, _ in search._pieces(session, once)] == [0x10000, 0x200000]
    assert once.left_out == 11000
    assert told == [(1000, 12040), (12040, 12040)]


# --- bytes, whatis, map -----------------------------------------------------------------------------------------------------


def test_the_entry_of_the_directory_that_holds_an_rva() -> None:
    """Its Location.Rva alone leads to a stream; other fields, and what lies beside the directory, do not."""
    dump = opened("damaged-directory-at-the-end")
    assert len(dump.streams) > 1
    first, size = dump.header.directory_rva, MINIDUMP_DIRECTORY.size
    node = Node(0, 1, "", "nothing", None, None, True)

    def holder(pointer: int) -> Optional[str]:
        found = bytes_command._holder(dump, node, pointer)
        return found.what if found is not None else None

    for index, stream in enumerate(dump.streams):
        at = first + index * size
        assert [holder(at + field) for field in (0, 4, 7, 8, 9)] == [None, None, None, f"directory entry {index} ({stream.name})", None]
        found = bytes_command._holder(dump, node, at + 8)
        assert found is not None
        assert found == Node(stream.offset, size, DIRECTORY, f"directory entry {index} ({stream.name})", MINIDUMP_DIRECTORY, None, True)
    assert [holder(first + (len(dump.streams) + more) * size + 8) for more in (0, 1, 2)] == [None] * 3
    assert holder(first - size + 8) is None
    assert [holder(at) for at in (0, 12, 31, 32)] == ["header", "header", "header", None]
    assert bytes_command._holder(dump, node, 12) == Node(0, 32, HEADER, "header", MINIDUMP_HEADER, None, True)


@pytest.mark.parametrize(
    ("sample", "kind", "least"),
    [
        ("everything-small.dmp", "alignment", 2),
        ("handles-stream-padded.dmp", "stream-rest", 4),
        ("handles-entry-unused.dmp", "unreferenced", 100),
        ("full-memory-longer-than-promised.dmp", "after-end", 100),
    ],
)
def test_a_byte_of_nobody_says_which_of_how_many_it_is(run_json: Any, cli: Any, sample: str, kind: str, least: int) -> None:
    offset, size = next((row["offset"], row["size"]) for row in run_json("map", sample)["map"] if row["kind"] == kind and row["size"] >= least)
    for number in (0, 1, size - 1):
        assert f"byte {number} of {size}\n" in cli("whatis", sample, f"0x{offset + number:x}").out


@pytest.mark.parametrize(
    ("same", "times", "words"),
    [(True, 2, "shared: a; b"), (True, 3, "shared: a; b and others"), (True, 9, "shared: a; b and others"), (False, 2, "a; b"), (False, 3, "a; b")],
)
def test_bytes_that_several_claim(same: bool, times: int, words: str) -> None:
    assert bytes_command._overlap_words(SimpleNamespace(same=same, times=times, first="a", second="b")) == words


# --- system, process, tokens ------------------------------------------------------------------------------------------------

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@pytest.mark.parametrize("month", range(15))
def test_the_months_of_a_rule(month: int) -> None:
    there = 0 < month < 13
    assert system._date_words((0, month, 0, 5, 2, 0, 0, 0)) == (f"the last Sunday of {MONTHS[month - 1]}, 2:00" if there else "")
    assert system._date_words((2024, month, 3, 31, 2, 5, 0, 0)) == (f"31 {MONTHS[month - 1]} 2024, 2:05" if there else "")


@pytest.mark.parametrize(("number", "day"), list(enumerate(["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Monday"])))
def test_the_weekdays_of_a_rule(number: int, day: str) -> None:
    for which, words in ((1, "first"), (2, "second"), (3, "third"), (4, "fourth"), (5, "last"), (6, "6"), (0, "0")):
        assert system._date_words((0, 3, number, which, 23, 59, 0, 0)) == f"the {words} {day} of March, 23:59"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0x7, []),
        (0x4, []),
        (0x3, ["disabled"]),
        (0x0, ["disabled"]),
        (0xF, ["owner"]),
        (0xB, ["owner", "disabled"]),
        (0x10, ["deny only"]),
        (0x14, ["deny only"]),
        (0x20, ["integrity"]),
        (0x60, ["integrity"]),
        (0x40, ["disabled"]),
        (0xC0000007, ["logon id"]),
        (0xC0000003, ["logon id", "disabled"]),
        (0x80000007, []),
        (0x40000007, []),
        (0x3C, ["owner", "deny only", "integrity"]),
    ],
)
def test_a_group_in_words(value: int, words: List[str]) -> None:
    assert system._group_words(value) == words


def proc(parent: Optional[int] = None, pid: Optional[int] = None, arguments: Tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(number=lambda name: {"Pid": pid}.get(name), parent=parent, arguments=list(arguments))


def test_what_copied_files_add_to_a_process() -> None:
    """The parent stands behind the process; what a stream says is not replaced."""
    absent = Absent("not-there", "no stream")
    items = [Item("process_id", "process id", absent), Item("image", "image", "x"), Item("command_line", "command line", absent)]
    found = system._from_files(proc(7, 11, ("a", "b")), list(items))
    assert [item.key for item in found] == ["process_id", "parent_id", "image", "command_line"]
    assert [item.value for item in found] == [11, 7, "x", "a b"]
    assert [item.note for item in found] == [
        "decimal 11; from /proc/PID/status",
        "decimal 7",
        "",
        "from /proc/PID/cmdline, which separates the arguments by NULs",
    ]
    assert system._from_files(proc(), list(items)) == items
    known = [Item("process_id", "process id", 5), Item("command_line", "command line", "c")]
    assert system._from_files(proc(None, 11, ("a",)), list(known)) == known


@pytest.mark.parametrize("name", ["everything-small.dmp", "counters-v1.dmp"])
def test_all_counters_of_a_process_are_shown_when_they_are_asked_for(cli: Any, run_json: Any, name: str) -> None:
    """Once: in short, or each in a table; in JSON always."""
    short, whole = (cli("process", name, *words).out for words in ((), ("--all",)))
    assert short.count("memory of the process") == 1
    assert "PageFaultCount" not in short
    assert "PageFaultCount" in whole
    assert run_json("process", name)["vm_counters"] == run_json("process", name, "--all")["vm_counters"]


# --- pasted messages ----------------------------------------------------------------------------------------------------------


def test_a_message_about_writing_and_the_file_that_shows_it(cli: Any) -> None:
    shown, unseen = "This file shows it:", "What dumpscope knows about it:"
    out = cli("why", "full-memory-truncated.dmp", "MiniDumpWriteDump failed with 0x80070070").out
    assert [line for line in out.splitlines() if line in (shown, unseen)] == [shown, unseen]
    out = cli("why", "full-memory.dmp", "MiniDumpWriteDump failed with 0x80070070").out
    assert [line for line in out.splitlines() if line in (shown, unseen)] == [unseen]


def test_causes_that_nobody_knows_have_no_title() -> None:
    assert list(pasted._known_causes([], "Known causes:")) == []
    title, table = pasted._known_causes(["HND001"], "Known causes:")
    assert title == Note("Known causes:")
    assert isinstance(table, Table)


@pytest.mark.parametrize("outcome", ["works", "partial", "fails"])
@pytest.mark.parametrize("why_it_is", ["", "a reason"])
@pytest.mark.parametrize("severities", [(), ("info",), ("warning",), ("info", "error")])
def test_a_command_that_a_message_is_about(monkeypatch: pytest.MonkeyPatch, outcome: str, why_it_is: str, severities: Tuple[str, ...]) -> None:
    """Findings of its own say it all; else a word whether it works, and the file's faults only where it does not."""
    flags = SimpleNamespace(code="FLG001", rule=SimpleNamespace(severity="warning"))
    own = [SimpleNamespace(code=f"HND00{number}", rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(severities)]
    serious, mild = (SimpleNamespace(code=f"OPN00{number}", rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(("error", "warning")))
    monkeypatch.setattr(pasted, "_opening_findings", lambda facts: [serious, mild, *own])
    facts: Any = SimpleNamespace(engine=SimpleNamespace(commands={"!handle": SimpleNamespace(outcome=outcome, why=why_it_is)}))
    fired: Any = [flags, *own]
    found: Any = pasted._of_command("!handle", fired, facts)
    if set(severities) - {"info"}:
        assert found == (own, [])
    elif outcome == "works":
        text = "!handle will work on this dump: the message is of another dump, or the trouble is on the debugger's side."
        assert found == (own, [Note(text)])
    else:
        assert found == ([serious, *own], [Note("!handle on this dump: a reason.", "warning")] if why_it_is else [])
    assert pasted._of_command("!nothing", fired, facts) == (own or fired, [])


@pytest.mark.parametrize("size", [40, 119, 120, 121, 300])
def test_a_long_message_is_shown_in_part(cli: Any, size: int) -> None:
    text = "zqx " * (size // 4) + "q" * (size % 4)
    text = text[: size - 1] + "y"
    out = " ".join(cli("why", "everything-small.dmp", text).out.split())
    assert (text in out) is (size <= 120)
    assert (f"{text[:117]}…" in out) is (size > 120)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 12])
def test_as_many_findings_as_the_limit(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Those that are no trouble are not counted."""
    severities = ["error", "warning"] * count
    found = [SimpleNamespace(number=number, rule=SimpleNamespace(severity=severity)) for number, severity in enumerate(severities[:count])]
    mild = SimpleNamespace(number=-1, rule=SimpleNamespace(severity="info"))
    monkeypatch.setattr(pasted, "audit", lambda facts: [mild, *found, mild])
    monkeypatch.setattr(pasted, "finding_block", lambda item, brief: (item.number, brief))
    for ok, first in ((True, Note("The debugger opens this file.")), (False, Note("The debugger does not open this file: HRESULT 0x80004005.", "error"))):
        facts: Any = SimpleNamespace(engine=SimpleNamespace(opening=SimpleNamespace(ok=ok, hresult=0x80004005)))
        blocks: List[Any] = list(pasted._rest(facts))
        more = [Note(f"and {count - 8} more: `why` without a message shows them in full", "hint")] if count > 8 else []
        shown = [(number, True) for number in range(min(count, 8))]
        wanted = [Note("What `why` finds in this file:"), *shown, *more] if count else [Note("`why` finds nothing wrong with this file.")]
        assert blocks == [first, *wanted]


# --- what-if --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [-50, -1, 0, 1, 7])
def test_new_damage_up_to_its_limit(monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    limit = whatif.MAX_DAMAGE
    before: Dict[Tuple[str, str], Optional[int]] = {("old", "x"): 1, ("both", "y"): 2}
    after: Dict[Tuple[str, str], Optional[int]] = {("both", "y"): 2, **{("new", str(number)): number for number in range(limit + more)}}
    one: Any = object()
    two: Any = object()
    monkeypatch.setattr(whatif, "_damage", lambda dump: before if dump is one else after)
    blocks = list(whatif._compare_damage(one, two))
    tables = [block for block in blocks if isinstance(block, Table)]
    assert [table.key for table in tables] == ["new_damage", "mended"]
    assert list(tables[0].rows) == [("new", number, str(number)) for number in range(min(limit, limit + more))]
    assert list(tables[1].rows) == [("old", 1, "x")]
    assert [table.title for table in tables] == ["new damage" if limit + more else "", "no damage any more"]
    assert words_of(blocks) == ([f"and {more} more"] if more > 0 else [])
    assert list(whatif._compare_damage(one, None)) == []


@pytest.mark.parametrize(("error", "words"), [(None, ""), (SimpleNamespace(message="no header"), "no header")])
def test_a_changed_file_that_is_no_dump_is_not_built_anew(error: Any, words: str) -> None:
    editor: Any = SimpleNamespace(dump=None, error=error)
    with pytest.raises(UsageError) as raised:
        list(whatif._built(None, editor, "x"))
    assert raised.value.message == f"after these edits the file is no dump any more: {words}"


# --- regions and rights ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--state", "'x!' is not a state\n  one of commit, reserve, free, or a hexadecimal number"),
        ("--type", "'x!' is not a type\n  one of private, mapped, image, or a hexadecimal number"),
    ],
)
def test_a_filter_of_regions_that_is_not_known(cli: Any, option: str, words: str) -> None:
    assert words in cli("regions", "everything-small.dmp", option, "x!").err


def test_names_of_protections_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, cli: Any, tmp_path: Path) -> None:
    """A hostile file may have another one in each region: of those the first 1024 are kept."""
    plain: Any = vars(regions)["protection_names"]
    numbers = [0x1000 + number for number in range(1024)]
    counts: List[int] = []
    for values in (numbers, [*numbers, 0x9000], [*numbers, *numbers], [*numbers, 0x9000, *numbers, 0x9000]):
        builder: Any = DumpBuilder()
        builder.add_system_info()
        builder.add_memory_info([Region(0x10000 * (at + 1), 0x1000, protect=value) for at, value in enumerate(values)])
        path = tmp_path / "mini.dmp"
        path.write_bytes(builder.build())
        seen: List[int] = []
        with monkeypatch.context() as patch:
            patch.setattr(regions, "protection_names", lambda value, seen=seen: (seen.append(value), plain(value))[1])
            assert cli("regions", path).code == 0
        counts.append(len(seen))
    assert counts == [1024, 1025, 1024, 1026]


def test_names_of_rights_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Dict[Tuple[str, int], List[str]] = {}
    monkeypatch.setattr(handles, "_access_cache", kept)
    several: List[Any] = [SimpleNamespace(type="Event", granted_access=value) for value in range(4100)]
    first = [handles.access_names(handle) for handle in several]
    assert len(kept) == 4096
    assert [handles.access_names(handle) for handle in several] == first
    assert handles.access_names(several[0]) is first[0]
    assert handles.access_names(several[3]) == ["EVENT_QUERY_STATE", "EVENT_MODIFY_STATE"]


# --- threads and stacks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "captured", "words"),
    [
        (0, 0, "no stack was captured: its range is empty"),
        (1, 1, "1 byte, captured"),
        (2, 2, "2 bytes, captured"),
        (2, 3, "2 bytes, captured"),
        (2, 1, "2 bytes, 1 of them captured"),
        (0x100, 0xFF, "256 bytes, 255 of them captured"),
        (2, 0, "2 bytes, not captured"),
    ],
)
def test_how_much_of_a_stack_is_there(size: int, captured: int, words: str) -> None:
    view: Any = SimpleNamespace(kind="address64", dump=SimpleNamespace(pointer_size=8), stack_captured=lambda thread: captured)
    thread: Any = SimpleNamespace(stack_start=0x7000, stack_size=size)
    item = threads._stack_item(view, thread)
    assert item.note == words
    assert item.value == (0x7000 if size else None)
    if size:
        assert item.text == f"00000000`00007000 - 00000000`{0x7000 + size:08x}"


@pytest.mark.parametrize(("mask", "words"), [(0, "0 processors"), (1, "1 processor"), (1 << 63, "1 processor"), (3, "2 processors"), (0xFF, "8 processors")])
def test_an_affinity_in_words(mask: int, words: str) -> None:
    assert threads._affinity_words(mask) == words


@pytest.mark.parametrize("sample", ["exception-thread-unknown", "crash-recursion", "waits-deadlock"])
def test_the_arguments_of_a_stack_as_csv(cli: Any, run_json: Any, sample: str) -> None:
    """A column of its own, only where it is asked for; its words are those of JSON."""
    name = f"{sample}.dmp"
    plain, more = (cli("stack", name, "--csv", *words).out.splitlines() for words in ((), ("--arguments",)))
    assert more[0] == plain[0] + ",arguments"
    assert [line.rpartition(",")[0] for line in more[1:]] == plain[1:]
    (stack,) = run_json("stack", name, "--arguments")["stacks"]
    assert [line.rpartition(",")[2] for line in more[1:]] == ["" if frame["arguments"] is None else " ".join(frame["arguments"]) for frame in stack["frames"]]


def test_the_chosen_frame_is_that_of_its_thread() -> None:
    """A frame of a thread that the list does not have is chosen too; one that was chosen of another thread does not count."""
    for name, index in (("exception-thread-unknown", -1), ("crash-recursion", 2)):
        session = Session(opened(name))
        for chosen, place in ((None, 0), ((index, 5), 5), ((index, 1), 1), ((index - 1, 5), 0), ((index + 1, 5), 0)):
            session.memo["frame"] = chosen
            assert frame._current(session)[3] == place


# --- shrink and extract --------------------------------------------------------------------------------------------------------------


def test_what_shrink_says_and_reports_where_nothing_is_written(cli: Any, tmp_path: Path) -> None:
    assert "Nothing was written: -o OUT writes the small dump" in " ".join(cli("shrink", "handles.dmp").out.split())
    said = " ".join(cli("shrink", "damaged-directory-zeroed.dmp").out.split())
    assert "Nothing was written. The debugger does not open this dump" in said
    assert "-o OUT writes the small dump" not in said


@pytest.mark.parametrize("sample", ["handles.dmp", "full-memory.dmp"])
def test_the_report_of_shrink_has_its_notes(run_json: Any, cli: Any, tmp_path: Path, sample: str) -> None:
    import json

    report = tmp_path / "report.json"
    assert cli("shrink", sample, "--report", report).code == 0
    found = json.loads(report.read_text("utf-8"))
    shown = run_json("shrink", sample)
    assert [note["text"] for note in shown["notes"] if note["text"] in found["notes"]] == found["notes"]
    assert len(found["kept"]) == len(shown["kept"])
    assert len(found["left"]) == len(shown["left"])


class Listed(List[Any]):
    """Modules of a dump."""

    def at(self, address: int) -> Any:
        return next((module for module in self if module.base <= address < module.base + 0x1000), None)


def listed(*rows: Tuple[str, int]) -> Any:
    found = Listed(SimpleNamespace(name=name.rpartition(".")[0], file_name=name, base=base) for name, base in rows)
    return SimpleNamespace(dump=SimpleNamespace(modules=found))


def test_the_one_module_that_a_word_means() -> None:
    session = listed(("One.dll", 0x1000), ("two.dll", 0x2000), ("two.exe", 0x3000), ("3.dll", 0x4000))
    assert [smaller._module(session, text).base for text in ("one", "ONE.DLL", "o*.dll", "?wo.exe", "1010", "3.dll", "3")] == [
        0x1000,
        0x1000,
        0x1000,
        0x3000,
        0x1000,
        0x4000,
        0x4000,
    ]
    for text in ("four", "*.sys", "9000", "fff"):
        with pytest.raises(UsageError, match="there is no module"):
            smaller._module(session, text)


@pytest.mark.parametrize("count", [2, 4, 5, 9])
def test_a_word_that_means_several_modules(count: int) -> None:
    bases = [0x1000 * (number + 1) for number in range(count)]
    with pytest.raises(UsageError) as raised:
        smaller._module(listed(*(("same.dll", base) for base in bases)), "same")
    assert raised.value.message == f"'same' is {count} modules"
    assert raised.value.hint == "give the address of one: " + ", ".join(f"0x{base:x}" for base in bases[:4])
    assert smaller._module(listed(*(("same.dll", 0x1000) for _ in bases)), "same").base == 0x1000  # one image that is listed several times


# --- plan, why, triage ----------------------------------------------------------------------------------------------------------------


def test_a_command_that_plan_does_not_know(cli: Any) -> None:
    err = cli("plan", "!hamdle").err
    assert "did you mean !handle, " in err
    assert "known are" not in err
    err = cli("plan", "zzzzzz").err
    assert "known are: !handle !htrace " in err
    assert "did you mean" not in err


@pytest.mark.parametrize(("outcome", "works"), [("works", True), ("partial", False), ("fails", False)])
def test_which_findings_explain_a_command(outcome: str, works: bool) -> None:
    def finding(code: str, *commands: str) -> Any:
        return SimpleNamespace(code=code, rule=SimpleNamespace(commands=commands))

    answer: Any = SimpleNamespace(command="!handle", outcome=outcome)
    found = [finding("FLG001", "!handle"), finding("HND001", "!handle", "k"), finding("HND002", "k"), finding("HND003", "!handle")]
    assert why._codes_for(answer, found) == ([] if works else ["HND001", "HND003"])
    assert why._codes_for(answer, found[:1]) == ([] if works else ["FLG001"])
    assert why._codes_for(answer, found[2:3]) == []


@pytest.mark.parametrize(
    ("text", "least", "most", "value"),
    [
        ("1", 1, 9, 1),
        ("9", 1, 9, 9),
        ("0", 1, 9, None),
        ("10", 1, 9, None),
        ("007", 1, 9, 7),
        ("999999999", 1, 10**12, 999999999),
        ("000000001", 1, 9, 1),
        ("0000000001", 1, 10**12, None),
        ("1000000000", 1, 10**12, None),
        ("", 0, 9, None),
        ("-1", -5, 9, None),
        ("x", 0, 9, None),
        ("٣", 0, 9, None),
        ("²", 0, 9, None),
    ],
)
def test_a_number_of_triage(text: str, least: int, most: int, value: Optional[int]) -> None:
    assert triage._number(None, "--jobs", least, most) is None
    if value is not None:
        assert triage._number(text, "--jobs", least, most) == value
        return
    with pytest.raises(UsageError) as raised:
        triage._number(text, "--jobs", least, most)
    assert raised.value.message == f"--jobs must be a number from {least} to {most}, not {text!r}"
    assert raised.value.hint == f"such as --jobs {least}"


def test_atlases_that_could_not_be_made_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Nobody:
        def __init__(self, *words: Any) -> None: ...

        def __enter__(self) -> Nobody:
            return self

        def __exit__(self, *words: Any) -> None: ...

    made = [("a", "a.html", ""), ("b", "", "no dump"), ("c", "", "too slow"), ("d", "", "no dump"), ("e", "e.html", ""), ("f", "", "no dump")]
    monkeypatch.setattr(triage, "Workers", Nobody)
    monkeypatch.setattr(triage, "write_atlases", lambda examples, name, workers: iter(made))
    summary: Any = triage._summary(SimpleNamespace(html="page.html"))
    args = SimpleNamespace(atlases=True, html=str(tmp_path / "page.html"), output=None, rows=None, force=False, jobs="1", seconds="5")
    blocks = list(triage._page(summary, args))
    assert summary.atlases == {"a": "a.html", "e": "e.html"}
    (data,) = [block for block in blocks if isinstance(block, Data)]
    assert (data.value["written"], data.value["not_made"]) == (2, {"no dump": 3, "too slow": 1})
    assert words_of(blocks)[1:] == ["3 dumps without an atlas: no dump", "1 dump without an atlas: too slow"]


# --- dumpinfo, streams, modules, memory --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "note"), [(0, []), (1000, []), (1001, ["1 more thing is wrong"]), (1003, ["3 more things are wrong"])])
@pytest.mark.parametrize("deep", [False, True])
def test_as_much_damage_as_the_limit(count: int, note: List[str], deep: bool) -> None:
    wrong = [Damage("code", str(number), number) for number in range(count)]
    dump: Any = SimpleNamespace(damage=[] if deep else wrong, check=lambda: iter(wrong if deep else []))
    table, *rest = overview.damage_blocks(dump, deep)
    assert isinstance(table, Table)
    assert list(table.rows) == wrong[:1000]
    assert table.title == ("what is wrong" if count else "")
    assert words_of(rest) == note


def test_what_a_plug_in_reads_has_its_place_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offset within the stream becomes one of the file; a value of none stays without."""
    items = [SimpleNamespace(offset=offset, label="x", value=value, meaning="m") for offset, value in ((None, 1), (0, 2), (8, "three"), (9, 4.5))]
    monkeypatch.setattr("dumpscope.dump.decoders.decoded", lambda dump, stream: (items, ""))
    stream: Any = SimpleNamespace(type=0x12345, rva=0x709, index=3)
    dump: Any = None
    (table,) = [block for block in overview._decoded(dump, stream) if isinstance(block, Table)]
    assert table.key == "decoded_3"
    assert list(table.rows) == [(None, "x", 1, "m"), (0x709, "x", 2, "m"), (0x711, "x", "three", "m"), (0x712, "x", "4.5", "m")]


WINDOWS_10 = 10 << 48 | 10240 << 16


@pytest.mark.parametrize(
    ("stamp", "product", "path", "why_not"),
    [
        (0, 0, "C:\\a.dll", "the time stamp is 0"),
        (0x2AFFFFFF, 0, "C:\\a.dll", "before there were such images"),
        (0x2B000000, 0, "C:\\a.dll", ""),
        (0x60000000, 0, "C:\\a.dll", ""),
        (0x60000001, 0, "C:\\a.dll", "after the dump"),
        (0x50000000, WINDOWS_10, "C:\\Windows\\a.dll", "a part of Windows 10"),
        (0x50000000, WINDOWS_10 + 1, "C:\\WINDOWS\\a.dll", "a part of Windows 10"),
        (0x50000000, WINDOWS_10 - 1, "C:\\Windows\\a.dll", ""),
        (0x50000000, 6 << 48 | 3 << 32 | 9600 << 16, "C:\\Windows\\a.dll", ""),
        (0x50000000, WINDOWS_10, "C:\\a.dll", ""),
    ],
)
def test_a_time_stamp_that_is_a_time(stamp: int, product: int, path: str, why_not: str) -> None:
    dump: Any = SimpleNamespace(header=SimpleNamespace(timestamp=0x60000000))
    found = modules.image_time(dump, SimpleNamespace(timestamp=stamp, product_version=product, path=path))  # type: ignore[arg-type]
    assert isinstance(found, Absent) is bool(why_not)
    assert found.message.count(why_not) == 1 if isinstance(found, Absent) else found == stamp


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([], (0, 0, 0, (0, 0))),
        ([(0, 4)], (1, 0, 4, (0, 0))),
        ([(8, 12)], (1, 8, 12, (0, 0))),
        ([(8, 12), (12, 20)], (1, 8, 20, (0, 0))),
        ([(8, 12), (13, 20)], (2, 8, 20, (12, 1))),
        ([(8, 12), (16, 20), (30, 31), (35, 36)], (4, 8, 36, (20, 10))),
        ([(8, 12), (16, 20), (24, 25)], (3, 8, 25, (12, 4))),
        ([(0, 1), (5, 6), (6, 9), (9, 10)], (2, 0, 10, (1, 4))),
    ],
)
def test_the_largest_gap(spans: List[Tuple[int, int]], wanted: Tuple[int, int, int, Tuple[int, int]]) -> None:
    dump: Any = SimpleNamespace(memory=SimpleNamespace(spans=lambda: iter([(start, end, 0) for start, end in spans])))
    assert tuple(memory._gaps(dump)) == wanted


# --- dumps of other formats -----------------------------------------------------------------------------------------------------------


def test_the_page_of_a_kernel_dump_begins_with_its_size() -> None:
    path = SAMPLES / "not-a-dump-kernel-64.dmp"
    with KernelDump.open(str(path)) as dump:
        rows = list(kernel_facts(dump))
    assert [name for name, _, _ in rows[:5]] == ["size", "kind", "machine", "processors", "Windows build"]
    assert rows[0][2] is None
    assert rows[0][1].startswith(str(path.stat().st_size))


@pytest.mark.parametrize("cut", [0, 0x20])
def test_commands_that_read_memory_beyond_the_end(cut: int) -> None:
    """Only where memory is missing is anything said of that; the others stay as they are."""
    dump: Any = SimpleNamespace(
        memory_cut=cut, wide=True, teb=0x7000, peb=0x8000, loader=[1], event=object(), memory=lambda place, size: bytes(size if place == 0x8000 else 0)
    )
    found = {item.command: item for item in outcomes(dump)}
    said = {name for name, item in found.items() if "beyond the end of the file" in item.why}
    assert said == ({"k", "u", "!address", "!teb"} if cut else set())
    assert [found[name].outcome for name in ("k", "u", "!address", "!teb")] == (["partial", "partial", "partial", "fails"] if cut else ["works"] * 4)
    assert ("the block at 0x8000 is there" in found["!peb"].why) is bool(cut)

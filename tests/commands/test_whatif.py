"""``what-if``: the edit language, what changes, and that the file is never touched."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, Optional, Tuple

import pytest
from tests.commands.made import notes

from dumpscope.commands import whatif
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import UsageError
from dumpscope.view.blocks import Table
from dumpscope.writing.patch import Patch, combine

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
HANDLES = "article-handles.dmp"

EDITS = [
    # edit, offset, bytes before, bytes after
    ("flags &= ~4", 0x18, "0511000000000000", "0111000000000000"),
    ("flags |= MiniDumpWithFullMemory", 0x18, "0511000000000000", "0711000000000000"),
    ("header flags = 0", 0x18, "0511000000000000", "0000000000000000"),
    ("stream 12 size 0x10", 0x6C, "b8020000", "10000000"),
    ("stream 6 size = 10", 0x6C, "b8020000", "10000000"),
    ("type 12 size = 10", 0x6C, "b8020000", "10000000"),
    ("drop type 12", 0x68, "0c000000b802000064700000", "00" * 12),
    ("stream HandleData rva += 4", 0x70, "64700000", "68700000"),
    ("stream 6 NumberOfDescriptors = 0", 0x706C, "11000000", "00000000"),
    ("directory 6 StreamType = ThreadListStream", 0x68, "0c000000", "03000000"),
    ("handle 0x24 GrantedAccess = 0", 0x71C8, "01000000", "00000000"),
    ("handle 24 granted_access = 1f0003", 0x71C8, "01000000", "03001f00"),
    ("thread 4554 ThreadContext.Rva = 0", 0x62B8, "b0560000", "00000000"),
    ("byte 18 ^= ff", 0x18, "05", "fa"),
    ("word 18 = 2", 0x18, "0511", "0200"),
    ("bytes 0 = 50 4b 03 04", 0x0, "4d444d50", "504b0304"),
    ("text 6f5c = Key", 0x6F5C, "5700610069007400", "4b00650079000000"),
    ("drop stream 6", 0x68, "0c000000b802000064700000", "00" * 12),
    ("misc ProcessId = 1234", 0x67CA, None, "34120000"),
]


@pytest.mark.parametrize(("edit", "offset", "before", "after"), EDITS, ids=[item[0] for item in EDITS])
def test_an_edit(edit: str, offset: int, before: Any, after: str, run_json: Any) -> None:
    document = run_json("what-if", HANDLES, edit)
    assert document["exit"] == 0
    change = document["edits"][0]
    assert (change["offset"], change["after"]) == (offset, after)
    assert before is None or change["before"] == before


@pytest.mark.parametrize(
    ("edits", "appears"),
    [
        (["flags &= ~4", "drop stream 12"], "HND001"),
        (["drop stream 12"], "HND002"),
        (["text 6ab2 = dbgeng.amd64,10.0.17763.1", "drop stream 12"], "HND003"),
        (["drop stream 12", "stream 9 type = fff0", "version = a793", "word 6ab2 = 0"], "HND004"),
        (["version = a793", "word 6ab2 = 0", "drop stream 12"], "HND005"),
        (["version = a793", "drop stream 12"], "HND002"),  # DbgBldStr still names dbgcore: its flags count
        (["stream 12 NumberOfDescriptors = 0", "stream 12 size = 10"], "HND006"),
        (["stream 12 size = 2b0"], "HND007"),
    ],
)
def test_the_causes_of_a_failing_handle_command(edits: Any, appears: str, run_json: Any) -> None:
    document = run_json("what-if", HANDLES, *edits)
    assert appears in document["appear"]
    assert "HND008" not in document["vanish"]  # what is in order is no finding
    after = "partial" if appears == "HND006" else "fails"  # an empty list is read, and lists nothing
    assert [(row["before"], row["after"]) for row in document["commands"] if row["command"] == "!handle"] == [("works", after)]


def test_a_stream_number_is_the_directorys(cli: Any) -> None:
    assert "12 taken as the stream type: entry 6" in cli("what-if", HANDLES, "stream 12 size 0x10").out
    assert "taken as" not in cli("what-if", HANDLES, "type 12 size 0x10").out
    assert "taken as" not in cli("what-if", HANDLES, "stream 6 size 0x10").out
    beyond = cli("what-if", HANDLES, "stream 21 size 0x10")
    assert beyond.code == 2
    assert "there is no stream 21" in beyond.err
    assert cli("what-if", HANDLES, "type 19 size 0x10").code == 2


def test_full_memory_is_the_flag_that_counts(run_json: Any) -> None:
    document = run_json("what-if", HANDLES, "flags |= 2")
    assert document["opens"] == {"before": True, "after": False}
    assert "OPN013" in document["appear"]
    mended = run_json("what-if", "full-memory-list-without-flag.dmp", "flags |= 2")
    assert mended["opens"] == {"before": False, "after": True}


def test_nothing_changes(cli: Any) -> None:
    out = cli("what-if", HANDLES, "handle 24 PointerCount = 1").out
    assert "What a reader counts is the same as before" in out
    assert "stay the same" in out


def test_forgotten_quotes(run_json: Any) -> None:
    assert run_json("what-if", HANDLES, "flags", "&=", "~4")["edits"][0]["after"] == "0111000000000000"


def test_the_file_is_never_touched_and_the_copy_is_changed(tmp_path: Path, cli: Any) -> None:
    source = tmp_path / "app.dmp"
    shutil.copy(SAMPLES / HANDLES, source)
    before = source.read_bytes()
    target = tmp_path / "out.dmp"
    result = cli("what-if", source, "flags &= ~4", "cut 7000", "--write", target)
    assert result.code == 0
    assert source.read_bytes() == before
    assert target.read_bytes() == before[:0x18] + b"\x01\x11" + before[0x1A:0x7000]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    again = cli("what-if", source, "flags = 0", "--write", target)
    assert again.code == 2
    assert "exists already" in again.err
    assert cli("what-if", source, "flags = 0", "--write", target, "--force").code == 0
    for name in (source, tmp_path / "." / "app.dmp"):
        own = cli("what-if", source, "flags = 0", "--write", name, "--force")
        assert own.code == 2
        assert "never written over" in own.err
    assert source.read_bytes() == before
    missing = cli("what-if", source, "flags = 0", "--write", tmp_path / "no" / "x.dmp")
    assert missing.code != 0
    assert source.read_bytes() == before


def test_a_dump_built_anew_has_what_a_reader_finds_after_the_edits(tmp_path: Path, cli: Any, run_json: Any) -> None:
    target = tmp_path / "out.dmp"
    assert cli("what-if", SAMPLES / HANDLES, "drop stream 6", "--write", target, "--anew").code == 0
    with Minidump.open(str(SAMPLES / HANDLES)) as before, Minidump.open(str(target)) as after:
        assert EngineView(after.source).opening.ok
        assert len(after.handles) == 0
        assert len(after.threads) == len(before.threads)
        assert after.source.size < before.source.size
        assert before.streams[6].type not in [stream.type for stream in after.streams]
    no_file = cli("what-if", SAMPLES / HANDLES, "flags = 0", "--anew")
    assert (no_file.code, "--write" in no_file.err) == (2, True)
    no_dump = cli("what-if", SAMPLES / HANDLES, "dword 0 = 0", "--write", tmp_path / "x.dmp", "--anew")
    assert (no_dump.code, "no dump any more" in no_dump.err) == (2, True)
    refused = cli("what-if", SAMPLES / HANDLES, "drop stream SystemInfo", "--write", tmp_path / "x.dmp", "--anew")
    assert refused.code not in (0, 70)
    assert [path.name for path in tmp_path.iterdir()] == ["out.dmp"]


def test_edits_that_cut_and_grow_are_written_as_they_are_read(tmp_path: Path) -> None:
    """Bytes that were cut off do not come back, whatever follows."""
    data = (SAMPLES / HANDLES).read_bytes()
    source = Source(data, "app.dmp")
    patch = Patch(source)
    patch.write(0x100, b"one")
    patch.resize(0x102)
    patch.resize(0x3000)
    patch.write(0x2000, b"two")
    with open(tmp_path / "out.dmp", "w+b") as file:
        assert patch.write_to(file) == 0x3000
    wanted = data[:0x100] + b"on" + bytes(0x1EFE) + b"two" + bytes(0xFFD)
    assert (tmp_path / "out.dmp").read_bytes() == wanted == patch.read(0, 0x3000)


@pytest.mark.parametrize(
    "edit",
    ["foo", "flags", "flags = ", "flags = 10000000000000000", "thread 0 rva = 5", "thread 0 nothing = 5", "cut 99999999", "cut", "drop 6", "byte zz = 1"]
    + ["module ntdll VersionInfo = 1", "nonsense 1 = 2", "bytes 0 = xyz", "text 0 += a", ""],
)
def test_words_that_cannot_be_understood(edit: str, cli: Any) -> None:
    result = cli("what-if", HANDLES, edit)
    assert result.code == 2, result.out
    assert result.err.startswith("dumpscope: ")


@pytest.mark.parametrize("edit", ["handle 9999 GrantedAccess = 0", "byte fffffff = 1", "thread 99999 Teb = 0"])
def test_places_that_are_not_there(edit: str, cli: Any) -> None:
    assert cli("what-if", HANDLES, edit).code == 1


def test_a_file_that_is_no_dump_any_more(run_json: Any, cli: Any) -> None:
    document = run_json("what-if", HANDLES, "signature = 0")
    assert document["opens"]["after"] is False
    assert cli("what-if", HANDLES, "signature = 0", "flags = 0").code == 2
    assert run_json("what-if", HANDLES, "signature = 0", "bytes 0 = 4d 44 4d 50")["changes"] == []
    assert run_json("what-if", HANDLES, "cut 0")["opens"]["after"] is False


@pytest.mark.parametrize("name", ["everything-small", "full-memory", "hostile-everywhere", "damaged-cut-in-half", "breakpad-linux"])
def test_every_prefix_can_be_compared(name: str, run_json: Any) -> None:
    size = (SAMPLES / f"{name}.dmp").stat().st_size
    for part in range(1, 6):
        document = run_json("what-if", f"{name}.dmp", f"cut {size * part // 6:x}")
        assert document["exit"] == 0
        assert document["appear"] or document["changes"] or document["new_damage"]


def test_patch_reads_what_was_written() -> None:
    with Minidump.open(SAMPLES / HANDLES) as dump:
        data = (SAMPLES / HANDLES).read_bytes()
        patch = Patch(dump.source)
        assert patch.write(0x18, b"\x09") == b"\x05"
        assert patch.write(0x17, b"\1\2\3") == bytes([data[0x17], 9, data[0x19]])
        assert patch.read(0x16, 5) == data[0x16:0x17] + b"\1\2\3" + data[0x1A:0x1B]
        patch.resize(0x19)
        assert patch.read(0x17, 9) == b"\1\2"
        patch.resize(0x1B)
        assert patch.read(0x17, 9) == b"\1\2\0\0"
        patch.resize(dump.size + 4)
        assert patch.read(dump.size - 2, 10) == b"\0" * 6
        made = io.BytesIO()
        patch.write_to(made)
        assert made.getvalue() == data[:0x17] + b"\1\2" + bytes(dump.size + 4 - 0x19)
        with pytest.raises(ValueError):
            patch.write(dump.size + 4, b"x")
        source = patch.source()
        assert bytes(source.some(0x17, 2)) == b"\1\2"
        source.close()


def test_a_mapped_copy_keeps_its_changes_when_pages_are_released() -> None:
    with Minidump.open(SAMPLES / HANDLES) as dump:
        patch = Patch(dump.source)
        patch.write(0x18, b"\0")
        source = patch.source()
        source.release()
        assert bytes(source.some(0x18, 1)) == b"\0"
        source.close()
    assert (SAMPLES / HANDLES).read_bytes()[0x18] == 5


@pytest.mark.parametrize(("operator", "result"), [("=", 5), ("+=", 17), ("-=", 7), ("&=", 4), ("|=", 13), ("^=", 9), ("<<=", 384), (">>=", 0)])
def test_operators(operator: str, result: int) -> None:
    assert combine(operator, 12, 5) == result


def test_it_fits_a_terminal(cli: Any) -> None:
    for width in ("60", "80"):
        out = cli("what-if", HANDLES, "flags &= ~4", "--width", width).out
        lines = [line for line in out.split("\n") if " at 0x" not in line and "  at " not in line]
        assert max(len(line) for line in lines) <= int(width) + 20


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
    assert notes(blocks) == ([f"and {more} more"] if more > 0 else [])
    assert list(whatif._compare_damage(one, None)) == []


@pytest.mark.parametrize(("error", "words"), [(None, ""), (SimpleNamespace(message="no header"), "no header")])
def test_a_changed_file_that_is_no_dump_is_not_built_anew(error: Any, words: str) -> None:
    editor: Any = SimpleNamespace(dump=None, error=error)
    with pytest.raises(UsageError) as raised:
        list(whatif._built(None, editor, "x"))
    assert raised.value.message == f"after these edits the file is no dump any more: {words}"


@pytest.mark.parametrize(("word", "said"), [("12345", "type 12345"), ("19", "type 19 (TokenStream)"), ("0x4d7a0001", "type 0x4d7a0001 (")])
def test_a_type_of_stream_that_the_dump_does_not_have(cli: Any, word: str, said: str) -> None:
    """It is named where it has a name."""
    err = cli("what-if", "stacks-only.dmp", f"drop type {word}").err
    assert f"this dump has no stream of {said}" in err
    assert ("(" in err.splitlines()[0]) is said.endswith(("(", ")"))

"""``map`` and ``whatis``: each byte of each sample has one owner, and both say the same as ``bytes``."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional

import pytest
from tests.amount import some
from tests.cases import each
from tests.commands.made import opened

from dumpscope.anatomy.filemap import file_map, owners
from dumpscope.anatomy.node import DIRECTORY, HEADER, Node
from dumpscope.commands import bytes as bytes_command
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import DumpError
from dumpscope.format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER
from dumpscope.wording.fields import Wording

SAMPLES = Path(__file__).resolve().parents[3] / "samples"


def readable(path: Path) -> bool:
    try:
        with Minidump.open(path):
            return True
    except DumpError:
        return False


DUMPS = sorted(path for path in SAMPLES.rglob("*.dmp") if readable(path))


@each("path", some(DUMPS, 2), ids=lambda path: path.stem)
def test_whatis_agrees_with_map_and_bytes(path: Path) -> None:
    """Random offsets: the owner is the map's, and the field is one that the byte view shows at this place."""
    chance = random.Random(path.stem)
    with Minidump.open(path) as dump:
        pieces = file_map(dump, merge=False)
        wording = Wording(dump)
        for _ in range(5):
            offset = chance.randrange(dump.size)
            piece = pieces.at(offset)
            found = owners(dump, offset)
            assert piece is not None
            assert found is not None
            assert (found.piece.kind, found.piece.what) == (piece.kind, piece.what)
            assert found.piece.offset <= offset < found.piece.end
            if found.chain and found.chain[-1].leaf and found.chain[-1].size < 5000:
                rows = [row for row in wording.rows(found.chain[-1]) if row.offset <= offset < row.offset + row.size]
                assert rows


def test_the_document(run_json: Any) -> None:
    document = run_json("map", "article-handles.dmp")
    assert set(document["map"][0]) == {"offset", "size", "kind", "what"}
    assert sum(piece["size"] for piece in document["map"]) == document["dump"]["size"]
    assert document["coverage"] > 99.9
    assert all({"offset", "size", "first", "second"} <= set(item) for item in document["overlaps"])
    assert len(run_json("map", "article-handles.dmp", "--all")["map"]) > len(document["map"])


def test_overlaps_are_told_by_name(run_json: Any) -> None:
    document = run_json("map", "damaged-overlapping-streams.dmp")
    words = [f"{item['first']} {item['second']}" for item in document["overlaps"] if not item["same"]]
    assert any("ModuleListStream" in text and "UnloadedModuleListStream" in text for text in words)


def test_shared_places_are_told_once(run_json: Any) -> None:
    found = [item for item in run_json("map", "handles-shared-strings.dmp")["overlaps"] if item["same"]]
    assert found
    assert len({(item["offset"], item["size"]) for item in found}) == len(found)
    assert max(item["times"] for item in found) > 1


KNOWN = [
    # offsets of article-handles.dmp, which its builder places at known offsets
    (0x00, "header", "Signature"),
    (0x1B, "header", "Flags"),
    (0x68, "directory entry 6 (HandleDataStream)", "StreamType"),
    (0x70, "directory entry 6 (HandleDataStream)", "Location.Rva"),
    (0x7064, "stream 6 HandleDataStream > header", "SizeOfHeader"),
    (0x706C, "stream 6 HandleDataStream > header", "NumberOfDescriptors"),
    (0x71B4, "stream 6 HandleDataStream > descriptor 8", "Handle"),
    (0x71C8, "stream 6 HandleDataStream > descriptor 8", "GrantedAccess"),
    (0x6F58, "stream 6 HandleDataStream > descriptor 8 (handle 0x24) > type name", "Length"),
    (0x6F5C, "stream 6 HandleDataStream > descriptor 8 (handle 0x24) > type name", "Buffer"),
    (0x6AB2, "stream 5 MiscInfoStream", "DbgBldStr"),
]


@pytest.mark.parametrize(("offset", "what", "field"), KNOWN, ids=[hex(item[0]) for item in KNOWN])
def test_known_offsets(offset: int, what: str, field: str, run_json: Any) -> None:
    document = run_json("whatis", "article-handles.dmp", f"{offset:x}")
    assert document["piece"]["what"] == what
    assert document["field"]["path"] == field


def test_the_way_from_the_header(run_json: Any) -> None:
    document = run_json("whatis", "article-handles.dmp", "6f5c")
    steps: List[Dict[str, Any]] = document["chain"]
    assert [(step["kind"], step["field"]) for step in steps] == [
        ("header", "StreamDirectoryRva"),
        ("directory", "Location.Rva"),
        ("stream", None),
        ("record", "TypeNameRva"),
        ("string", None),
    ]
    assert document["pointers"][0] == {"at": 0x71BC, "field": "TypeNameRva", "of": "stream 6 HandleDataStream > descriptor 8", "to": 0x6F58}
    assert document["field"]["text"] == '"WaitCompletionPacket"'


def test_bytes_of_nobody(run_json: Any) -> None:
    document = run_json("whatis", "full-memory-longer-than-promised.dmp", "8000")
    assert document["piece"]["kind"] == "after-end"
    assert document["field"] is None


def test_behind_the_end(cli: Any) -> None:
    result = cli("whatis", "article-handles.dmp", "ffffffff")
    assert result.code == 1
    assert "beyond the end" in result.err


def test_memory_has_two_addresses(run_json: Any, cli: Any) -> None:
    document = run_json("whatis", "everything-small.dmp", "--memory", "@rsp")
    place = document["memory"]["file_offset"]
    assert document["piece"]["kind"] == "memory"
    again = run_json("whatis", "everything-small.dmp", f"{place:x}")
    assert again["memory"]["address"] == document["memory"]["address"]
    assert cli("whatis", "everything-small.dmp", "--memory", "12345").code == 1


@pytest.mark.parametrize("width", ["60", "80"])
@pytest.mark.parametrize("words", [("map", "everything-small.dmp"), ("map", "everything-small.dmp", "--picture"), ("map", "damaged-cut-in-half.dmp", "--gaps")])
def test_it_fits_a_terminal(words: Any, width: str, cli: Any) -> None:
    result = cli(*words, "--width", width)
    assert result.code == 0
    assert max(len(line) for line in result.out.split("\n")) <= int(width)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows may refuse to write to a file that is mapped")
def test_a_file_that_is_written_over_while_open(tmp_path: Path) -> None:
    """Columns that were gathered before do not fit records that are decoded anew: an error of ours, or an answer."""
    path = tmp_path / "changing.dmp"
    path.write_bytes((SAMPLES / "handles.dmp").read_bytes())
    with Minidump.open(path) as dump:
        file_map(dump)
        place = dump.handles[8].name_rva
        assert place
        with path.open("r+b") as file:
            file.seek(place)
            file.write((2).to_bytes(4, "little"))
        with pytest.raises(DumpError, match="written over"):
            file_map(dump, merge=False)


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


def test_the_address_of_a_byte_of_memory_or_of_a_stack() -> None:
    """Lists of memory come first; a stack that no list has is that of its thread."""
    ranges = [SimpleNamespace(rva=0x100, held=0x10, start=0x5000), SimpleNamespace(rva=0x200, held=0x8, start=0x6000)]
    threads = [
        SimpleNamespace(stack_rva=0, stack_size=0x1000, stack_start=0x9000),
        SimpleNamespace(stack_rva=0x108, stack_size=0x20, stack_start=0x7000),
        SimpleNamespace(stack_rva=0x300, stack_size=0x10, stack_start=0x8000),
    ]
    dump: Any = SimpleNamespace(memory_list=ranges[:1], memory64_list=ranges[1:], threads=threads)
    wanted = {0x50: None, 0x100: 0x5000, 0x10F: 0x500F, 0x110: 0x7008, 0x127: 0x701F, 0x128: None}
    wanted.update({0x200: 0x6000, 0x207: 0x6007, 0x208: None, 0x2FF: None, 0x300: 0x8000, 0x30F: 0x800F, 0x310: None})
    assert {offset: bytes_command._target_address(dump, offset) for offset in wanted} == wanted

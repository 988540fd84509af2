"""``bytes``: each field with its place, type, name and value; masks opened, RVAs followed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Dict, List

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope.anatomy.walker import anatomy
from dumpscope.commands import bytes as bytes_command
from dumpscope.commands.bytes import _SHARES
from dumpscope.commands.index import all_commands
from dumpscope.dump.minidump import Minidump
from dumpscope.session.parsing import split_line
from dumpscope.view.blocks import Bytes
from dumpscope.wording.fields import Wording

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
EVERYTHING = "everything-small.dmp"
PLACES = [
    "header",
    "directory",
    "directory 6",
    "stream 0",
    "stream HandleData",
    "handle 4",
    "thread 0",
    "thread 1a30",
    "threadinfo 1a30",
    "module ntdll",
    "module 0",
    "context",
    "context 1",
    "exception",
    "system",
    "misc",
    "region 7ffe0000",
    "memory @rsp",
    "token 0",
    "range 0 40",
    "range 8000 200",
    "at 95ff",
    "95ff",
]


def fields(document: Dict[str, Any], number: int = 0) -> Dict[str, Dict[str, Any]]:
    return {field["path"]: field for field in document["bytes"][number]["fields"]}


def test_the_header(run_json: Any) -> None:
    found = fields(run_json("bytes", "article-handles.dmp", "header"))
    flags = found["Flags"]
    assert (flags["offset"], flags["size"], flags["type"], flags["hex"], flags["value"]) == (0x18, 8, "ULONG64", "0511000000000000", "0x1105")
    assert [bit["bit"] for bit in flags["bits"]] == ["0x1", "0x4", "0x100", "0x1000"]
    assert found["StreamDirectoryRva"]["target"] == 0x20
    assert found["NumberOfStreams"]["value"] == 15
    assert found["Signature"]["text"].endswith("'MDMP'")


@each("place", PLACES)
@each("width", ["60", "80"])
def test_every_place_fits_a_terminal(place: str, width: str, cli: Any) -> None:
    result = cli("bytes", EVERYTHING, *place.split(), "--width", width)
    assert result.code == 0, result.err
    assert max(len(line) for line in result.out.split("\n")) <= int(width)


@each("place", PLACES)
def test_the_bytes_are_those_of_the_file(place: str, run_json: Any) -> None:
    data = (SAMPLES / EVERYTHING).read_bytes()
    document = run_json("bytes", EVERYTHING, *place.split(), "--follow")
    assert document["bytes"]
    for view in document["bytes"]:
        for field in view["fields"]:
            if field["hex"] is not None:
                shown = bytes.fromhex(field["hex"])
                assert shown == data[field["offset"] : field["offset"] + len(shown)]
                assert len(shown) == min(field["size"], 64)


def test_rvas_are_followed(run_json: Any) -> None:
    plain = run_json("bytes", "article-handles.dmp", "handle", "24")
    followed = run_json("bytes", "article-handles.dmp", "handle", "24", "--follow")
    assert len(plain["bytes"]) == 1
    assert [view["what"].rpartition(" > ")[2] for view in followed["bytes"]] == ["descriptor 8", "type name", "object name"]
    assert fields(followed, 1)["Buffer"]["value"] == '"WaitCompletionPacket"'
    assert "--follow" in plain["notes"][0]["text"]


def test_granted_access_is_opened_by_the_type(run_json: Any) -> None:
    access = fields(run_json("bytes", "article-handles.dmp", "handle", "24"))["GrantedAccess"]
    assert [bit["name"] for bit in access["bits"]] == ["WAIT_COMPLETION_PACKET_MODIFY_STATE"]


def test_object_information_is_taken_apart(run_json: Any) -> None:
    document = run_json("bytes", EVERYTHING, "stream", "HandleData", "--all", "--follow")
    blocks = [view for view in document["bytes"] if view["structure"] == "MINIDUMP_HANDLE_OBJECT_INFORMATION"]
    assert blocks
    assert any(field["path"].startswith("(information).") for view in blocks for field in view["fields"])


def test_c_declarations(cli: Any, run_json: Any) -> None:
    result = cli("bytes", "article-handles.dmp", "thread", "0", "--c")
    assert result.out.index("typedef struct _MINIDUMP_LOCATION_DESCRIPTOR") < result.out.index("typedef struct _MINIDUMP_THREAD {")
    assert "MINIDUMP_THREAD" in run_json("bytes", "article-handles.dmp", "thread", "0", "--c")["declarations"]


def test_a_list_is_not_shown_whole_unless_asked(run_json: Any) -> None:
    some = run_json("bytes", "article-handles.dmp", "stream", "6")
    assert len(some["bytes"]) == 1 + 4
    assert some["notes"][0]["text"].startswith("13 more")
    assert len(run_json("bytes", "article-handles.dmp", "stream", "6", "--first", "2")["bytes"]) == 3
    assert len(run_json("bytes", "article-handles.dmp", "stream", "6", "--all")["bytes"]) == 18


def test_nested_structures_are_indented(run_json: Any) -> None:
    found = fields(run_json("bytes", "article-handles.dmp", "thread", "0"))
    assert [found[path]["depth"] for path in ("Teb", "Stack", "Stack.Memory", "Stack.Memory.Rva")] == [0, 0, 1, 2]
    assert found["Stack"]["hex"] is None


def test_a_member_that_is_not_valid_is_said_so(cli: Any) -> None:
    out = cli("bytes", "misc-info-id-only.dmp", "misc").out
    assert "Not valid here: Flags1 has no bit 0x2" in " ".join(out.split())


def test_a_cut_structure_says_where_it_ends(cli: Any) -> None:
    out = " ".join(cli("bytes", "damaged-cut-in-directory.dmp", "range", "5c", "6").out.split())
    assert "after the last structure" in out
    assert "Location.Rva" not in out


def test_extended_registers(run_json: Any) -> None:
    document = run_json("bytes", "xstate-avx.dmp", "context", "0")
    assert {"(extended)", "(XSAVE)", "(XSAVE).Mask"} <= set(fields(document))


def test_vendors(run_json: Any) -> None:
    views: List[Dict[str, Any]] = run_json("bytes", "crashpad-annotations.dmp", "stream", "0x43500001", "--follow", "--all")["bytes"]
    texts = [field["value"] for view in views for field in view["fields"] if field["name"] == "Buffer"]
    assert '"prod"' in texts
    assert '"Demo"' in texts


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("handle 9999", 1),
        ("thread 77777", 1),
        ("module nothing.dll", 1),
        ("stream 99", 2),
        ("nonsense", 2),
        ("range zzz", 2),
        ("string fffffff", 1),
        ("handle", 2),
    ],
)
def test_what_is_not_there(place: str, code: int, cli: Any) -> None:
    result = cli("bytes", EVERYTHING, *place.split())
    assert result.code == code
    assert result.err.startswith("dumpscope: ")


@each("path", some(sorted(SAMPLES.glob("hostile-*.dmp")), 0), ids=lambda path: path.stem)
def test_hostile_texts_stay_text(path: Path, cli: Any) -> None:
    result = cli("bytes", path, "range", "0", "ffff")
    assert result.code == 0
    assert all(char.isprintable() or char == "\n" for char in result.out)


def test_examples_run_as_they_stand_in_a_shell() -> None:
    for command in all_commands():
        if command.name in ("windbg", "writedump"):
            continue  # lines for Windows
        for example in command.examples:
            bare = re.sub(r"'[^']*'", "", example.line)
            assert not set(bare) & set("()$@*!\\&;~<"), example.line
            assert shlex.split(example.line) == split_line(example.line)


def test_letters_of_the_map_are_told_apart_without_case() -> None:
    letters = [letter.casefold() for letter, _, _ in _SHARES.values()]
    assert len(letters) == len(set(letters))


def test_amd64_samples_have_features_of_that_machine(cli: Any) -> None:
    names = cli("system", "handles.dmp").out
    assert "AVX2" in names
    assert not any(word in names for word in ("ARM_", "PPC_", "ALPHA_"))


@pytest.mark.parametrize("at", [0, 1, 15, 16, 100, 335, 336, 343])
def test_a_byte_of_a_long_field_is_shown_with_those_around_it(run_json: Any, at: int) -> None:
    """Sixteen bytes that begin at a multiple of 16 in the file, as far as they belong to the field: 344 bytes of stack."""
    path = SAMPLES / EVERYTHING
    row = next(row for row in run_json("map", path.name)["map"] if row["what"].endswith("> thread 1 (1b44) > stack"))
    first, end = row["offset"], row["offset"] + row["size"]
    assert (first % 16, row["size"]) == (0, 344)
    offset = first + at
    with Minidump.open(str(path)) as dump:
        node = next(node for node in anatomy(dump) if (node.offset, node.size) == (first, row["size"]))
        (shown,) = [block for block in bytes_command.field_blocks(Wording(dump, 64), node, offset) if isinstance(block, Bytes)]
    window = shown.rows[-1]
    start = offset - offset % 16
    assert (window.offset, window.size) == (start, min(16, end - start))
    assert window.data == path.read_bytes()[start : min(start + 16, end)]
    assert window.type.endswith(f", byte {start - first} on")
    assert shown.title.startswith(f"byte {at} of ")

"""``comments`` and ``annotations``."""

from __future__ import annotations

import struct

import pytest
from samples.writer import DumpBuilder
from tests.fuzz.test_bombs import BOMBS

from dumpscope.commands.annotations import _decoded, _object_text, text_lines
from dumpscope.dump.streams.crashpad import AnnotationObject


def test_comments(run_json, cli):
    comments = run_json("comments", "comments.dmp")["comments"]
    assert [comment["type"] for comment in comments] == [10, 11]
    assert "*** procdump.exe" in cli("comments", "comment-procdump.dmp").out
    result = cli("comments", "stacks-only.dmp")
    assert result.code == 1
    assert "CommentStreamA" in result.out


def test_crashpad(run_json, cli):
    document = run_json("annotations", "crashpad-annotations.dmp")
    rows = {(row["module"], row["name"]): row["value"] for row in document["annotations"]}
    assert rows[(None, "prod")] == "Demo"
    assert rows[("demo", "url-chunk")] == "https://example.org/"
    assert document["crashpad"]["report_id"]
    assert "https://example.org/" in cli("annotations", "crashpad-annotations.dmp", "url-chunk").out


def test_breakpad(run_json, cli):
    document = run_json("annotations", "breakpad-linux.dmp")
    assert "/proc/PID/cmdline" in [item["name"] for item in document["files"]]
    assert "--serve" in cli("annotations", "breakpad-linux.dmp", "cmdline").out
    assert run_json("annotations", "breakpad-windows.dmp")["breakpad"]["validity"]


def test_mozilla_and_user_streams(run_json, cli):
    assert run_json("annotations", "mozilla-streams.dmp")["mozilla"]
    streams = run_json("annotations", "user-stream.dmp")["user_streams"]
    assert streams[0]["type"] == "0x10000"
    assert cli("annotations", "user-stream.dmp", "0x10000").code == 0


@pytest.mark.parametrize("words", [(), ("nosuch",)])
def test_none(cli, words):
    result = cli("annotations", "stacks-only.dmp", *words)
    assert result.code == 1
    assert "no " in result.out


@pytest.mark.parametrize("name", ["user-streams-of-one-place", "user-streams-of-one-text"])
def test_user_streams_that_share_their_bytes(cli, run_json, tmp_path, name):
    """All of them in full would be hundreds of times the file; one of them alone is still shown to its end."""
    path = tmp_path / "shared.dmp"
    path.write_bytes(BOMBS[name])
    whole = cli("annotations", path, "--full").out
    assert len(whole) < 12 * len(BOMBS[name])
    assert "lie over each other" in whole
    document = run_json("annotations", path)
    assert len(document["user_streams"]) == 256
    assert sum(len(item["text"] or "") for item in document["user_streams"]) < 3 * len(BOMBS[name])
    one = cli("annotations", path, "0x10005").out
    assert len(one) >= 119_000
    assert "lie over each other" not in one


# -- how much of a stream is shown -------------------------------------------------------------------------------------------


def made(tmp_path, *streams):
    """A dump with user streams of these bytes, from type 0x10000 on."""
    builder = DumpBuilder(slots=len(streams) + 1)
    builder.add_system_info()
    for index, data in enumerate(streams):
        builder.add_stream(0x10000 + index, data)
    path = tmp_path / "made.dmp"
    path.write_bytes(builder.build())
    return path


def binary(size):
    return bytes((7 * index + 0x80) & 0xFF for index in range(size))


@pytest.mark.parametrize(
    ("size", "rows", "more"), [(1, 1, None), (16, 1, None), (17, 2, None), (256, 16, None), (257, 16, "1 more byte:"), (300, 16, "44 more bytes:")]
)
def test_a_stream_of_bytes_is_shown_in_rows_and_cut(cli, tmp_path, size, rows, more):
    path = made(tmp_path, binary(size))
    lines = cli("annotations", path).out.splitlines()
    offset = int(next(line for line in lines if " at 0x" in line).split(" at 0x")[1].split(",")[0], 16)
    data = path.read_bytes()[offset : offset + size]
    assert data == binary(size)
    shown = [line for line in lines if line[:8].strip() and line[8:10] == "  " and line[10:12].strip()]
    assert len(shown) == rows
    assert shown[0].startswith(f"{offset:08x}  80")
    assert shown[-1].startswith(f"{offset + 16 * (rows - 1):08x}  ")
    text = " ".join(" ".join(lines).split())
    assert (f"hint: {more} `annotations 0x10000` shows the rest" in text) if more else "more byte" not in text
    whole = cli("annotations", path, "--full").out
    assert f"{offset + 16 * ((size - 1) // 16):08x}  " in whole
    assert "more byte" not in whole
    assert cli("annotations", path, "0x10000").out.splitlines()[-1] == whole.splitlines()[-1]


def test_a_row_has_digits_and_characters(cli, tmp_path):
    path = made(tmp_path, b"\x80A\x7f ~\x1f" + b"z" * 11)
    rows = [line.split("  ", 2) for line in cli("annotations", path).out.splitlines() if line.endswith((".A. ~.zzzzzzzzzz", "  z"))]
    assert rows[0][1] == "80 41 7f 20 7e 1f" + " 7a" * 10
    assert rows[1][1].strip() == "7a"
    assert len(rows) == 2


def test_what_is_behind_the_end_of_the_file_is_said(cli, tmp_path):
    builder = DumpBuilder()
    builder.add_system_info()
    rva = builder.append(binary(300), 4)
    builder.add_entry(0x10000, 340, rva)
    path = tmp_path / "cut.dmp"
    data = builder.build()
    path.write_bytes(data[: rva + 300])
    text = " ".join(cli("annotations", path, "--full").out.split())
    assert "40 more bytes: the rest is beyond the end of the file" in text


@pytest.mark.parametrize(("count", "more"), [(64, ""), (65, "1 more user stream: `streams` lists them"), (70, "6 more user streams: `streams` lists them")])
def test_so_many_user_streams_are_shown(cli, run_json, tmp_path, count, more):
    path = made(tmp_path, *(f"stream number {index}".encode() for index in range(count)))
    text = cli("annotations", path).out
    assert "stream number 63" in text
    assert "stream number 64" not in text
    assert more in " ".join(text.split())
    assert ("more user stream" in text) is bool(more)
    assert len(run_json("annotations", path)["user_streams"]) == count


@pytest.mark.parametrize(
    ("lines", "more"), [(200, ""), (201, "1 more line: `annotations 0x10000` shows them"), (205, "5 more lines: `annotations 0x10000` shows them")]
)
def test_so_many_lines_of_a_text_are_shown(cli, tmp_path, lines, more):
    path = made(tmp_path, "".join(f"line {index}\r\n" for index in range(lines)).encode())
    text = cli("annotations", path).out
    assert "line 199\n" in text
    assert "line 200" not in text
    assert more in " ".join(text.split())
    assert ("more line" in text) is bool(more)
    assert f"line {lines - 1}\n" in cli("annotations", path, "--full").out + cli("annotations", path, "0x10000").out + "\n"


def test_streams_that_are_shown_elsewhere_are_no_user_streams(run_json):
    for name in ("crashpad-annotations.dmp", "breakpad-linux.dmp", "breakpad-windows.dmp"):
        assert "user_streams" not in run_json("annotations", name)
    assert [item["type"] for item in run_json("annotations", "mozilla-streams.dmp").get("user_streams", [])] == []


@pytest.mark.parametrize(
    ("text", "lines"), [("a\r\nb\rc\n", ["a", "b", "c"]), ("", []), ("\n", [""]), ("a", ["a"]), ("a\n\n", ["a", ""]), ("a\n\nb", ["a", "", "b"])]
)
def test_lines_of_a_text(text, lines):
    assert text_lines(text) == lines


def test_a_comment_that_is_too_long_says_so(cli, run_json, tmp_path):
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_comment_a("y" * 70_000)
    builder.add_comment_w("")
    path = tmp_path / "long.dmp"
    path.write_bytes(builder.build())
    document = run_json("comments", path)
    assert [(item["type"], item["truncated"], len(item["text"])) for item in document["comments"]] == [(10, True, 0x10000), (11, False, 0)]
    assert document["exit"] == 0
    text = " ".join(cli("comments", path).out.split())
    assert "the comment is longer; its first 64 KiB are shown" in text
    assert text.count("empty") == 1


def test_an_empty_comment_is_none(cli, tmp_path):
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_comment_a("")
    path = tmp_path / "empty.dmp"
    path.write_bytes(builder.build())
    result = cli("comments", path)
    assert result.code == 1
    assert "empty" in result.out


@pytest.mark.parametrize(
    ("first", "last"),
    [(0x43500001, 0x43500001), (0x47670001, 0x4767000D), (0x4D7A0001, 0x4D7A0004)],
)
def test_streams_that_annotations_show_by_themselves(first: int, last: int) -> None:
    assert [_decoded(kind) for kind in (first - 1, first, last, last + 1)] == [False, True, True, False]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_the_auxiliary_vector_is_a_table(tmp_path, run_json, cli, count):
    """Pairs of words; a word without its value is left out, and the file is not shown as a text."""
    builder = DumpBuilder()
    builder.add_system_info(platform=0x8201)
    builder.add_stream(0x47670008, struct.pack(f"<{count}Q", *range(6, 6 + count)))
    builder.add_stream(0x47670009, b"00400000-00401000 r-xp\n")
    path = tmp_path / "linux.dmp"
    path.write_bytes(builder.build())
    document = run_json("annotations", path)
    pairs = [(row["type"], int(row["value"], 16)) for row in document.get("auxiliary_vector", [])]
    assert pairs == [(6 + at, 7 + at) for at in range(0, count - 1, 2)]
    names = [item["name"] for item in document["files"]]
    assert "/proc/PID/auxv" not in names
    assert ("/proc/PID/auxv" in cli("annotations", path).out) is (count > 1)


@pytest.mark.parametrize(("size", "shown"), [(0, ""), (3, "07 07 07"), (64, "07 " * 63 + "07"), (65, "07 " * 63 + "07 …"), (200, "07 " * 63 + "07 …")])
def test_the_first_bytes_of_an_annotation_that_is_no_text(size: int, shown: str) -> None:
    assert _object_text(AnnotationObject("key", 0x8000, b"\7" * size, 0x100)) == shown


def test_a_stream_of_crashpad_that_is_too_short_is_said(cli):
    result = cli("annotations", "crashpad-old-short-stream.dmp")
    assert result.code == 0
    beyond = cli("annotations", "crashpad-annotations-beyond-end.dmp").out
    assert "its text at 0x660034 is outside the file" in beyond

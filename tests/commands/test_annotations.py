"""``comments`` and ``annotations``."""

import pytest
from tests.fuzz.test_bombs import BOMBS


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

"""``comments`` and ``annotations``."""

import pytest


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

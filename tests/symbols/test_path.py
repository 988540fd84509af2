"""The debugger's grammar of search paths."""

from __future__ import annotations

import os
from typing import Dict, List, Tuple

import pytest
from tests.cases import each
from tests.conftest import SAMPLES

from dumpscope.__main__ import main
from dumpscope.errors import UsageError
from dumpscope.symbols.path import FOLDER, MICROSOFT, SERVER, default_cache, parse_path, usable

ENVIRON: Dict[str, str] = {"HOME": "/h", "XDG_CACHE_HOME": "/c", "LOCALAPPDATA": "/c", "ROOT": "/r"}
CACHE = os.path.join("/c", "dumpscope", "symbols")


@each(
    ("text", "expected"),
    [
        ("", []),
        (";; ;", []),
        ("/a;/b", [(FOLDER, ("/a",)), (FOLDER, ("/b",))]),
        ('"/a b"', [(FOLDER, ("/a b",))]),
        ("srv*", [(SERVER, (CACHE, MICROSOFT))]),
        ("SRV*https://x/y/", [(SERVER, (CACHE, "https://x/y"))]),
        ("srv*/s*https://x", [(SERVER, ("/s", "https://x"))]),
        ("srv*/near*//far/share*https://x", [(SERVER, ("/near", "//far/share", "https://x"))]),
        ("srv**https://x", [(SERVER, (CACHE, "https://x"))]),
        ("symsrv*symsrv.dll*/s*https://x", [(SERVER, ("/s", "https://x"))]),
        ("symsrv*symsrv.dll*/s", [(SERVER, ("/s",))]),
        ("cache*/k;srv*https://x;/a", [(SERVER, ("/k",)), (SERVER, ("/k", "https://x")), (FOLDER, ("/a",))]),
        ("srv*https://x;cache*", [(SERVER, (CACHE, "https://x")), (SERVER, (CACHE,))]),
        ("https://x", [(SERVER, (CACHE, "https://x"))]),
        ('srv*"/s s"*https://x', [(SERVER, ("/s s", "https://x"))]),
        ('cache*"/k k";/a', [(SERVER, ("/k k",)), (FOLDER, ("/a",))]),
        ("srv*/s/;/a/;;", [(SERVER, ("/s/",)), (FOLDER, ("/a/",))]),
        (r"srv*\\server\share*https://x;\\server\b", [(SERVER, (r"\\server\share", "https://x")), (FOLDER, (r"\\server\b",))]),
        (" SRV * /s * https://x ", [(SERVER, ("/s", "https://x"))]),
        ("SymSrv*SymSrv.dll*", [(SERVER, (CACHE, MICROSOFT))]),
        ("srv*%ROOT%/s*https://x", [(SERVER, ("/r/s", "https://x"))]),
        ("srv*/a*/b*https://x*https://y", [(SERVER, ("/a", "/b", "https://x", "https://y"))]),
        ("~/a;%ROOT%/b;%NONE%/c;100%", [(FOLDER, ("/h/a",)), (FOLDER, ("/r/b",)), (FOLDER, ("%NONE%/c",)), (FOLDER, ("100%",))]),
    ],
)
def test_elements(text: str, expected: List[Tuple[str, Tuple[str, ...]]]) -> None:
    assert default_cache(ENVIRON) == CACHE
    assert [(element.kind, element.stores) for element in parse_path([text], ENVIRON)] == expected


def test_a_cache_holds_for_the_paths_that_follow() -> None:
    elements = parse_path(["cache*/k", "srv*https://x"], ENVIRON)
    assert elements[1].local == ("/k",)
    assert elements[1].urls == ("https://x",)


def test_what_is_no_element_is_refused() -> None:
    with pytest.raises(UsageError, match="is no element of a symbol path"):
        parse_path(["svr*/a"], ENVIRON)


def test_a_cache_is_one_folder() -> None:
    with pytest.raises(UsageError, match="takes one folder"):
        parse_path(["cache*/k*https://x"], ENVIRON)


def test_elements_of_the_environment_that_cannot_be_read_do_not_spoil_the_others() -> None:
    good, bad = usable(["/a;svr*/b; srv*https://x ;;cache*/k*https://y"], ENVIRON)
    assert good == ["/a", "srv*https://x"]
    assert [error.message.split("'")[1] for error in bad] == ["svr*/b", "cache*/k*https://y"]


def test_a_bad_path_of_the_environment_is_told_and_the_command_goes_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_NT_SYMBOL_PATH", "svr*/b")
    sample = str(SAMPLES / "crash-null-call.dmp")
    assert main(["stack", sample, "--symbols"]) == 0
    assert capsys.readouterr().out.count("'svr*/b' is no element of a symbol path") == 2
    assert main(["exception", sample]) == 0
    assert main(["stack", sample, "-y", "svr*/b"]) == 2

"""The bench tests itself: engine versions, an answer, Windows Python, a script inside the engine, and what happens when the engine dies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.engine.bench import Bench, BenchError, parse_answer, windows_path
from tests.engine.dump_image import HANDLES, THREADS, Image
from tests.engine.mutations import mutations, random_mutations

NO_INTERFACE = 0x80004002


@pytest.fixture(scope="session")
def dump(samples: Path) -> Path:
    return samples / "article-handles.dmp"


@pytest.mark.parametrize(("engine", "version"), [("engine", "10.0.15063.400"), ("engine63", "6.3.9600.16384")])
def test_engine_versions(bench: Bench, engine: str, version: str, dump: Path) -> None:
    answer = bench.ask_one(dump, ["version"], what="", engine=engine)
    assert f"Version {version}" in answer.commands["version"].text


def test_answer_agrees_with_the_file(bench: Bench, dump: Path) -> None:
    image = Image(dump.read_bytes())
    threads, handles = image.find(THREADS), image.find(HANDLES)
    assert threads is not None
    assert handles is not None
    answer = bench.ask_one(dump, ["~", "||"], what="htrem", handles=[4])
    assert (answer.opened, answer.open_hr, answer.wait_hr, answer.died) == (True, 0, 0, "")
    assert (answer.debuggee_class, answer.debuggee_qualifier) == (2, 1024)
    assert answer.handle_count == image.u32(handles.rva + 8)
    assert [row.handle for row in answer.handles] == sorted(row.handle for row in answer.handles)
    assert [thread.id for thread in answer.threads] == [image.u32(threads.rva + 4 + 48 * i) for i in range(image.u32(threads.rva))]
    assert answer.regions_last_hr == NO_INTERFACE
    assert answer.region_count == len(answer.regions) > 0
    assert answer.commands["~"].text.count("Unfrozen") == len(answer.threads)
    assert answer.commands["||"].text.startswith(".  0 User mini dump: Z:")
    assert answer.facts["LAST_EVENT"]["type"] == "2"
    assert answer.handle_data[4, 0].size == 24


def test_answers_are_the_same_one_by_one_and_many_at_once(bench: Bench, dump: Path, tmp_path: Path) -> None:
    paths = []
    for number, variant in enumerate(mutations(dump.read_bytes(), ["threads", "handles"])):
        if number % 29 == 0:
            paths.append(tmp_path / (variant.name + ".dmp"))
            paths[-1].write_bytes(variant.data)
    together = bench.ask(paths, [".dumpdebug"], what="fhtr", fresh=True)
    alone = [bench.ask([path], [".dumpdebug"], what="fhtr", fresh=True)[0] for path in paths]
    assert [answer.engine_lines for answer in together] == [answer.engine_lines for answer in alone]
    assert [answer.commands.keys() for answer in together] == [answer.commands.keys() for answer in alone]


def test_refused_dump(bench: Bench, dump: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dmp"
    broken.write_bytes(b"PK\x03\x04" + dump.read_bytes()[4:])
    answer = bench.ask_one(broken, [".lastevent"], what="b")
    assert not answer.opened
    assert answer.open_hr == 0x80070057
    assert "Could not match Dump File signature" in answer.banner
    assert answer.commands == {}
    assert bench.dumpdebug(broken) == "@@ OpenDumpFile hr=80070057"


def test_answers_are_kept_by_content(bench: Bench, dump: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy of it.dmp"
    copy.write_bytes(dump.read_bytes())
    first, second = bench.ask_one(dump, ["||"], what=""), bench.ask_one(copy, ["||"], what="")
    assert first.commands == second.commands
    assert second.dump == copy


def test_a_dump_on_which_the_engine_hangs_does_not_stop_the_others(bench: Bench, dump: Path, tmp_path: Path) -> None:
    image = Image(dump.read_bytes())
    handles = image.find(HANDLES)
    assert handles is not None
    row = handles.rva + image.u32(handles.rva)
    image, rva = image.append((len(image.data) + 3 & ~3).to_bytes(4, "little") + b"\x63\0\0\0\0\0\0\0")  # a block that names itself as the next
    endless = tmp_path / "endless.dmp"
    endless.write_bytes(image.poke(row + 32, "I", rva).data)
    answers = bench.ask([dump, endless, dump], what="h", handles=[4], timeout=30, fresh=True)
    assert [bool(answer.died) for answer in answers] == [False, True, False]
    assert answers[0].handles == answers[2].handles != []


def test_windows_python_has_pykd(bench: Bench) -> None:
    done = bench.windows_python("-c", "import sys, pykd; print(sys.version_info[:2], sys.platform, pykd.__version__)")
    assert (done.stdout, done.returncode) == ("(3, 9) win32 0.3.4.15\n", 0)


def test_windows_python_reads_its_input_and_its_path(bench: Bench, tmp_path: Path) -> None:
    script = tmp_path / "echo.py"
    script.write_text("import sys\nprint(sys.stdin.read().upper())\nsys.exit(7)\n")
    done = bench.windows_python(windows_path(script), stdin="hello")
    assert (done.stdout, done.returncode) == ("HELLO\n", 7)


@pytest.mark.parametrize(("dml", "expected"), [(False, "bold & plain"), (True, "\x01<b>bold</b> &amp; plain\n\x02")])
def test_script_inside_the_engine(bench: Bench, dump: Path, tmp_path: Path, dml: bool, expected: str) -> None:
    script = tmp_path / "inside.py"
    script.write_text(
        "import sys, pykd\n"
        "print(sys.argv[1:], pykd.isWindbgExt(), sys.getrecursionlimit(), '__file__' in globals(), __name__)\n"
        "pykd.dprintln('<b>bold</b> &amp; plain', True)\n"
        "print(pykd.targetSystem().desc.split(':')[0])\n"
    )
    answer = bench.run_inside(dump, script, ["a b", '"q"', "--json"], dml=dml)
    first, _, rest = answer.text.partition("\n")
    assert first == "['a b', '\"q\"', '--json'] True 500 False __main__"
    assert rest.startswith(expected)
    assert rest.rstrip().endswith("User mini dump")


def test_exit_inside_the_engine_is_quiet(bench: Bench, dump: Path, tmp_path: Path) -> None:
    script = tmp_path / "leaves.py"
    script.write_text("import sys\nprint('before')\nsys.exit(2)\n")
    assert bench.run_inside(dump, script).text.strip() == "before"


def test_mutations_are_seeded_and_named_once(samples: Path) -> None:
    data = (samples / "article-handles.dmp").read_bytes()
    names = [variant.name for variant in mutations(data)]
    assert len(names) == len(set(names)) > 500
    assert [v.data for v in random_mutations(data, 20, 3)] == [v.data for v in random_mutations(data, 20, 3)]
    assert [v.data for v in random_mutations(data, 20, 3)] != [v.data for v in random_mutations(data, 20, 4)]


def test_answer_of_an_engine_that_died() -> None:
    answer = parse_answer("@@ OpenDumpFile hr=00000000\n@@ > k\nhalf a line\n@@ DIED exit code 5\n", Path("x.dmp"))
    assert answer.commands["k"].text.startswith("half a line")
    assert answer.commands["k"].hr == 0xFFFFFFFF


def test_a_program_that_wine_did_not_start_is_started_again(bench: Bench, dump: Path, tmp_path: Path) -> None:
    """Wine fails now and then to start a program; one such failure once ended all tests that shared a session with it."""
    again = Bench(bench.root)
    fails_once = 'if mkdir "$0" 2>/dev/null; then echo no server >&2; exit 1; fi; exec "$@"'
    again._prefix_command = ["sh", "-c", fails_once, str(tmp_path / "tried"), *bench._prefix_command]
    answer = again.ask_one(dump, what="h", fresh=True)
    assert answer.opened
    again._prefix_command = ["sh", "-c", "echo no server >&2; exit 1"]
    with pytest.raises(BenchError, match=r"did not start \(exit code 1, 5 times\): no server"):
        again.ask_one(dump, what="h", fresh=True)


def test_all_tests_of_the_engine_run_in_one_worker(bench: Bench, request: pytest.FixtureRequest) -> None:
    """Else each worker would make the answers of a session for itself, beside the other."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("the tests run in one process")
    assert request.node.nodeid.endswith("@engine")

"""``scrub``: secrets of every kind are gone in any encoding, nothing moves, and scrubbing again changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List

import pytest
from tests.amount import part, some
from tests.cases import each

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.names import is_token
from dumpscope.writing.scrub import ALL, NONE, Scrubbed, find_text

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
KINDS = (
    "handles", "handles-x86", "full-memory", "full-memory-x86", "self-dump", "tokens", "tokens-process-and-thread", "breakpad-linux", "breakpad-windows",
    "crashpad-annotations", "mozilla-streams", "process-thread-data", "process-thread-data-x86", "process-thread-data-wow64", "comments", "user-stream",
    "xstate-avx", "exception-wow64", "stacks-only", "everything-small", "everything-small-x86", "handles-shared-strings", "managed-full-memory",
)  # fmt: skip


def opened() -> Iterator[Path]:
    """The samples that the debugger opens."""
    for path in sorted(SAMPLES.glob("*.dmp")):
        source = Source.from_path(str(path))
        try:
            Minidump(source)
            if EngineView(source).opening.ok:
                yield path
        except DumpError:
            continue
        finally:
            source.close()


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass"))


def scrubbed(data: bytes, stacks: str = "frames") -> bytes:
    result = Scrubbed(Minidump.open(data), stacks)
    return result.fetch(0, result.size)


@each("name", KINDS)
def test_scrubbing_again_changes_nothing(name: str) -> None:
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    once = scrubbed(data)
    assert len(once) == len(data)
    assert once != data
    assert scrubbed(once) == once


@each("name", KINDS)
def test_pieces_of_any_size_are_the_same_bytes(name: str) -> None:
    result = Scrubbed(Minidump.open((SAMPLES / f"{name}.dmp").read_bytes()))
    whole = result.fetch(0, result.size)
    assert b"".join(result.fetch(at, min(1237, result.size - at)) for at in range(0, result.size, 1237)) == whole


def test_every_sample_that_opens_opens_afterwards_with_the_same_lists() -> None:
    """Every sample, or a third of them."""
    count = 0
    for path in some(list(opened()), 0):
        if path.stem == "handles-name-length-huge":  # its type's text reaches over the names that are exchanged
            continue
        data = path.read_bytes()
        with Minidump.open(data) as before, Minidump.open(scrubbed(data)) as after:
            assert EngineView(after.source).opening.hresult == 0, path.name
            if any(item.code != "padded-list" for items in (before.threads, before.handles, before.modules) for item in items.damage):
                continue  # a list that the debugger refuses, and that claims what it has not, goes
            assert [thread[:11] for thread in after.threads.walk()] == [thread[:11] for thread in before.threads.walk()], path.name
            assert [(row.handle, row.type, units(row.name)) for row in after.handles.walk()] == [
                (row.handle, row.type, units(row.name)) for row in before.handles.walk()
            ], path.name
            assert [(row.base, row.size) for row in after.modules.walk()] == [(row.base, row.size) for row in before.modules.walk()], path.name
            if not isinstance(before.exception, Absent):
                assert not isinstance(after.exception, Absent)
                assert after.exception[:7] == before.exception[:7], path.name
        count += 1
    assert count > part(150, 3)


def secrets(dump: Minidump) -> List[str]:
    """What the sample itself tells of people: environment, command line, comments, annotations, account SIDs, own names of objects."""
    process = dump.process
    found: List[str] = list(dump.comments)
    found += [text for text in (process.command_line, process.window_title) if isinstance(text, str)]
    if not isinstance(process.environment, Absent):
        found += list(process.environment.values())
    if not isinstance(dump.annotations, Absent):
        found += list(dump.annotations.all().values())
    for handle in dump.handles.walk():
        found += [part for part in handle.name.split("\\") if part.lower().endswith((".txt", ".log", ".dat")) or "Local\\" in handle.name]
    return [text for text in found if len(text.strip()) >= 8 and not text.lower().startswith(r"c:\windows") and not is_token(text)]


@each("name", KINDS)
def test_what_the_dump_tells_of_its_user_is_gone(name: str) -> None:
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    result = Source.from_object(scrubbed(data))
    with Minidump.open(data) as dump:
        for secret in secrets(dump):
            if dump.modules.absence is None and any(secret.lower() in module.path.lower() for module in dump.modules.walk()):
                continue  # the name of a module is kept
            assert not list(find_text(result, secret)), secret


@pytest.mark.parametrize("code", ["ascii", "utf-16-le"])
@pytest.mark.parametrize("stacks", ["frames", NONE])
def test_a_secret_planted_in_each_range_of_memory_is_gone(code: str, stacks: str) -> None:
    for name in ("full-memory", "self-dump", "process-thread-data", "stacks-only", "breakpad-linux"):
        data = bytearray((SAMPLES / f"{name}.dmp").read_bytes())
        with Minidump.open(bytes(data)) as dump:
            kept = Scrubbed(dump)
            planted = 0
            for start, end, rva in dump.memory.spans():
                secret = "hunter2-is-the-password".encode(code)
                at = end - start - len(secret) - 3
                there = start + at
                if at >= 0 and not any(True for _ in [*kept._code.within(there, end), *kept._structures_in(there, end)]):
                    data[rva + at : rva + at + len(secret)] = secret
                    planted += 1
        assert planted, name
        assert list(find_text(Source.from_object(bytes(data)), "hunter2-is-the-password"))
        assert not list(find_text(Source.from_object(scrubbed(bytes(data), stacks)), "hunter2-is-the-password")), name


def test_stacks_are_kept_as_asked() -> None:
    data = (SAMPLES / "stacks-only.dmp").read_bytes()
    with Minidump.open(data) as dump:
        thread = next(thread for thread in dump.threads.walk() if thread.stack_rva and thread.stack_size)
    place = slice(thread.stack_rva, thread.stack_rva + thread.stack_size)
    assert scrubbed(data, ALL)[place] == data[place]
    assert not any(scrubbed(data, NONE)[place])
    some = scrubbed(data)[place]
    assert all(new in (0, old) for new, old in zip(some, data[place]))


def test_a_dump_that_the_debugger_refuses_is_refused() -> None:
    with Minidump.open(str(SAMPLES / "full-memory-flag-without-list.dmp")) as dump, pytest.raises(DumpError, match="does not open"):
        Scrubbed(dump)

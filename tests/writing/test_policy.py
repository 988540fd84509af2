"""Policy files of ``scrub``: what they keep stays, what else they name goes, and what is wrong with one is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cases import each

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import UsageError
from dumpscope.writing import policy as module
from dumpscope.writing.policy import DEFAULT, KINDS, Policy, parse_policy, read_policy
from dumpscope.writing.scrub import Scrubbed, find_text

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(params=["with a reader of TOML", "without"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test with Python's own reader or tomli, where there is one, and without."""
    if request.param == "without":

        def refuse(name: str) -> None:
            raise ImportError(name)

        monkeypatch.setattr(module, "import_module", refuse)


def scrubbed(name: str, policy: Policy) -> Source:
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    result = Scrubbed(Minidump.open(data), policy=policy)
    return Source.from_object(result.fetch(0, result.size))


def original(name: str) -> Minidump:
    return Minidump.open((SAMPLES / f"{name}.dmp").read_bytes())


def test_every_entry_is_read() -> None:
    text = """
        stacks = "none"
        keep = ["registers", "sids"]
        keep_streams = ["CommentStreamA", 0x10001]
        keep_annotations = ["Version"]
        keep_names = ["BuildBot"]
        keep_memory = ["0x7ff00000:0x1000"]
        wipe_names = ["Falcon"]
        find = ["hunter2"]
    """
    assert parse_policy(text) == Policy(
        "none", frozenset({"registers", "sids"}), frozenset({10, 0x10001}), frozenset({"version"}), frozenset({"buildbot"}), ((0x7FF00000, 0x1000),),
        frozenset({"falcon"}), ("hunter2",),
    )  # fmt: skip
    assert parse_policy("") == DEFAULT


@each(
    ("text", "word"),
    [
        ("stacks = 'some'", "none, frames, all"),
        ("keep = ['everything']", "everything"),
        ("keep = 'sids'", "list"),
        ("keep_streams = ['NoSuchStream']", "NoSuchStream"),
        ("keep_streams = [true]", "True"),
        ("keep_streams = [-1]", "-1"),
        ("keep_memory = ['0x1000']", "ADDRESS:SIZE"),
        ("keep_memory = ['0x1000:0']", "0x1000:0"),
        ("keep_names = [1]", "texts"),
        ("kep = []", "'kep'"),
        ("keep = [", "TOML"),
        ("a = " + "[" * 5000, "TOML"),
    ],
)
def test_what_is_wrong_is_said(text: str, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_policy(text, "team.toml")
    assert word in f"{caught.value.message} {caught.value.hint}"
    assert "team.toml" in caught.value.message


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        read_policy(str(path))
    path.write_bytes(b"#" * (module.MAX_FILE + 1))
    with pytest.raises(UsageError, match="no policy file"):
        read_policy(str(path))


def test_kept_streams_and_annotations_stay() -> None:
    name = "crashpad-annotations"
    values = original(name).annotations.all()  # type: ignore[union-attr]
    key = next(key for key, value in values.items() if len(value) >= 4)
    before, after = scrubbed(name, DEFAULT), scrubbed(name, Policy(keep_annotations=frozenset({key.lower()})))
    assert len(list(find_text(after, values[key]))) == len(list(find_text(before, values[key]))) + 1
    assert before.size == after.size


@pytest.mark.parametrize(
    ("name", "policy", "text"),
    [
        ("comments", Policy(keep_streams=frozenset({10, 11})), "comment"),
        ("handles", Policy(keep=frozenset({"handle-names", "sids"})), "name"),
        ("full-memory", Policy(keep_memory=((0, 1 << 63),), keep=frozenset({"user-names", "sids"})), "memory"),
    ],
)
def test_what_is_kept_is_the_source_s(name: str, policy: Policy, text: str) -> None:
    with original(name) as dump, Minidump(scrubbed(name, policy)) as kept, Minidump(scrubbed(name, DEFAULT)) as wiped:
        if text == "comment":
            assert list(kept.comments) == list(dump.comments) != list(wiped.comments)
        elif text == "name":
            assert [row.name for row in kept.handles] == [row.name for row in dump.handles] != [row.name for row in wiped.handles]
        else:
            assert [kept.memory.some(start, end - start) for start, end, _ in kept.memory.spans()] == [
                dump.memory.some(start, end - start) for start, end, _ in dump.memory.spans()
            ]


def test_registers_are_kept_whole() -> None:
    with original("handles") as dump, Minidump(scrubbed("handles", Policy(keep=frozenset({"registers"})))) as kept:
        for one, other in zip(dump.threads, kept.threads):
            assert dump.registers(one).values == kept.registers(other).values  # type: ignore[union-attr]


def test_names_to_wipe_become_tokens_and_names_to_keep_stay() -> None:
    name = "handles"
    word = "ntdll"
    assert list(find_text(scrubbed(name, DEFAULT), word))
    assert not list(find_text(scrubbed(name, Policy(wipe_names=frozenset({word}))), word))
    assert list(find_text(scrubbed(name, Policy(wipe_names=frozenset({word}), keep_names=frozenset({word}))), word))


def test_each_kind_can_be_kept_alone() -> None:
    for kind in KINDS:
        for name in ("handles", "crashpad-annotations", "everything-small"):
            assert scrubbed(name, Policy(keep=frozenset({kind}))).size == original(name).size

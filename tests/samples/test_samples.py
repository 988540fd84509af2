"""The samples are what they say: built the same twice, equal to the committed files, and true to their facts.

The facts are checked with a few lines of struct code that know nothing of the package.
"""

from __future__ import annotations

import ast
import struct
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
from tests.cases import each

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from samples.catalogue import SAMPLES  # noqa: E402
from samples.engine_answers import ANSWERS  # noqa: E402
from samples.writer import ARCHITECTURES, DumpBuilder  # noqa: E402

from samples import article, build  # noqa: E402

DIRECTORY = ROOT / "samples"
BUILT: Dict[str, bytes] = {}


def built(name: str) -> bytes:
    """The bytes of a sample, built once."""
    if name not in BUILT:
        BUILT[name] = SAMPLES[name].build()
    return BUILT[name]


class Peek:
    """Just enough of a reader to check facts."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        (self.signature, version, self.count, self.directory, self.checksum, self.timestamp, self.flags) = struct.unpack_from("<4sIIIIIQ", data)
        self.version = version >> 16
        self.entries: List[Tuple[int, int, int]] = []
        for index in range(min(self.count, max(0, len(data) - self.directory) // 12)):
            self.entries.append(struct.unpack_from("<III", data, self.directory + 12 * index))

    def find(self, stream_type: int) -> Optional[Tuple[int, int]]:
        return next(((size, rva) for kind, size, rva in self.entries if kind == stream_type), None)

    def rva(self, stream_type: int) -> int:
        found = self.find(stream_type)
        assert found is not None, f"no stream {stream_type}"
        return found[1]

    def u32(self, offset: int) -> int:
        return int(struct.unpack_from("<I", self.data, offset)[0])

    def text(self, rva: int) -> Optional[str]:
        if not rva:
            return None
        return self.data[rva + 4 : rva + 4 + self.u32(rva)].decode("utf-16-le", "surrogatepass")

    def list_start(self, stream_type: int, entry: int) -> Tuple[int, int]:
        """(count, offset of the first entry) of a list with a 4-byte count, padded or not."""
        size, rva = self.find(stream_type) or (0, 0)
        count = self.u32(rva)
        return count, rva + (8 if size == 8 + count * entry else 4)

    def threads(self) -> List[Tuple[int, int]]:
        kind, entry = (3, 48) if self.find(3) else (8, 64)
        count, start = self.list_start(kind, entry)
        rows = [struct.unpack_from("<I12xQ", self.data, start + entry * index) for index in range(count)]
        return [(tid, teb) for tid, teb in rows]

    def read(self, address: int, size: int) -> bytes:
        """Target memory from either kind of list."""
        if self.find(9):
            count, at = struct.unpack_from("<QQ", self.data, self.rva(9))
            for index in range(count):
                start, length = struct.unpack_from("<QQ", self.data, self.rva(9) + 16 + 16 * index)
                if start <= address and address + size <= start + length:
                    return self.data[at + address - start : at + address - start + size]
                at += length
        else:
            count, first = self.list_start(5, 16)
            for index in range(count):
                start, length, rva = struct.unpack_from("<QII", self.data, first + 16 * index)
                if start <= address and address + size <= start + length:
                    return self.data[rva + address - start : rva + address - start + size]
        raise KeyError(hex(address))

    @property
    def wide(self) -> bool:
        return int(struct.unpack_from("<H", self.data, self.rva(7))[0]) not in (0, 5)

    def pointer(self, address: int, wide: bool) -> int:
        return int.from_bytes(self.read(address, 8 if wide else 4), "little")

    def command_line(self) -> str:
        teb = next(teb for _, teb in self.threads() if teb)
        wide = self.wide
        peb = self.pointer(teb + (0x60 if wide else 0x30), wide)
        at = self.pointer(peb + (0x20 if wide else 0x10), wide) + (0x70 if wide else 0x40)
        length = int.from_bytes(self.read(at, 2), "little")
        return self.read(self.pointer(at + (8 if wide else 4), wide), length).decode("utf-16-le", "surrogatepass")


def _streams(peek: Peek, want: List[int]) -> None:
    assert [kind for kind, _, _ in peek.entries if kind] == want


def _missing(peek: Peek, want: List[int]) -> None:
    assert [kind for kind in want if peek.find(kind)] == []


def _threads(peek: Peek, want: List[int]) -> None:
    assert [tid for tid, _ in peek.threads()] == want


def _teb(peek: Peek, want: Dict[int, int]) -> None:
    assert {tid: teb for tid, teb in peek.threads() if tid in want} == want


def _last_error(peek: Peek, want: Dict[int, int]) -> None:
    tebs = dict(peek.threads())
    for tid, error in want.items():
        assert int.from_bytes(peek.read(tebs[tid] + (0x68 if peek.wide else 0x34), 4), "little") == error


def _last_status(peek: Peek, want: Dict[int, int]) -> None:
    tebs = dict(peek.threads())
    for tid, status in want.items():
        assert int.from_bytes(peek.read(tebs[tid] + (0x1250 if peek.wide else 0xBF4), 4), "little") == status


def _wow64_eip(peek: Peek, want: Dict[int, int]) -> None:
    for tid, teb in peek.threads():
        context = peek.pointer(teb + 0x1488, True)
        assert peek.read(context + 2, 2) == b"\x4c\x01"
        assert int.from_bytes(peek.read(context + 4 + 184, 4), "little") == want[tid]


def _wow64_last_error(peek: Peek, want: Dict[int, int]) -> None:
    for tid, teb in peek.threads():
        inner = peek.pointer(teb, True)
        assert inner == teb + 0x2000
        assert int.from_bytes(peek.read(inner + 0x34, 4), "little") == want[tid]


def _dump_flags(peek: Peek, want: Dict[int, int]) -> None:
    header, entry, count = struct.unpack_from("<III", peek.data, peek.rva(17))
    rows = [struct.unpack_from("<II", peek.data, peek.rva(17) + header + entry * index) for index in range(count)]
    assert {tid: flags for tid, flags in rows if tid in want} == want


def _thread_names(peek: Peek, want: Dict[int, str]) -> None:
    rva = peek.rva(24)
    rows = [struct.unpack_from("<IQ", peek.data, rva + 4 + 12 * index) for index in range(peek.u32(rva))]
    assert {tid: peek.text(name) for tid, name in rows} == want


def _modules(peek: Peek, want: Optional[int]) -> None:
    assert (peek.list_start(4, 108)[0] if peek.find(4) else None) == want


def _module_names(peek: Peek, want: List[str]) -> None:
    _, start = peek.list_start(4, 108)
    assert [peek.text(peek.u32(start + 108 * index + 20)) for index in range(len(want))] == want


def _handles(peek: Peek, want: int) -> None:
    assert struct.unpack_from("<IIII", peek.data, peek.rva(12))[2] == want
    header, entry, count, _ = struct.unpack_from("<IIII", peek.data, peek.rva(12))
    assert peek.find(12) == (header + entry * count, peek.rva(12))


def _claimed(peek: Peek, want: int) -> None:
    assert struct.unpack_from("<IIII", peek.data, peek.rva(12))[2] == want


def _descriptor_size(peek: Peek, want: int) -> None:
    assert peek.u32(peek.rva(12) + 4) == want


def _handle(peek: Peek, want: Dict[int, Dict[str, Any]]) -> None:
    header, entry, count, _ = struct.unpack_from("<IIII", peek.data, peek.rva(12))
    rows = {}
    for index in range(count):
        row = struct.unpack_from("<QIIIIII", peek.data, peek.rva(12) + header + entry * index)
        rows[row[0]] = row, peek.u32(peek.rva(12) + header + entry * index + 32) if entry >= 40 else 0
    for value, facts in want.items():
        row, info = rows[value]
        kinds = []
        while info:
            kinds.append(peek.u32(info + 4))
            info = peek.u32(info)
        assert {"type": peek.text(row[1]), "name": peek.text(row[2]), "access": row[4], "info": kinds} == facts


def _exception(peek: Peek, want: Dict[str, int]) -> None:
    tid, code, address = struct.unpack_from("<I4xI12xQ", peek.data, peek.rva(6))
    assert {"tid": tid, "code": code, "address": address} == want


def _comment(peek: Peek, want: str) -> None:
    size, rva = peek.find(11) or (0, 0)
    assert peek.data[rva : rva + size - 2].decode("utf-16-le") == want


def _truncated_by(peek: Peek, want: int) -> None:
    count, base = struct.unpack_from("<QQ", peek.data, peek.rva(9))
    total = sum(struct.unpack_from("<8xQ", peek.data, peek.rva(9) + 16 + 16 * index)[0] for index in range(count))
    assert max(0, base + total - len(peek.data)) == want


def _equal(value: Any) -> Any:
    def compare(peek: Peek, want: Any) -> None:
        assert value(peek) == want

    return compare


CHECKS = {
    "streams": _streams,
    "missing": _missing,
    "threads": _threads,
    "teb": _teb,
    "last_error": _last_error,
    "last_status": _last_status,
    "dump_flags": _dump_flags,
    "wow64_eip": _wow64_eip,
    "wow64_last_error": _wow64_last_error,
    "thread_names": _thread_names,
    "modules": _modules,
    "module_names": _module_names,
    "handles": _handles,
    "claimed": _claimed,
    "handle": _handle,
    "descriptor_size": _descriptor_size,
    "exception": _exception,
    "comment": _comment,
    "truncated_by": _truncated_by,
    "writer_version": _equal(lambda peek: peek.version),
    "checksum": _equal(lambda peek: peek.checksum),
    "timestamp": _equal(lambda peek: peek.timestamp),
    "unloaded": _equal(lambda peek: peek.u32(peek.rva(14) + 8)),
    "operations": _equal(lambda peek: peek.u32(peek.rva(18) + 8)),
    "function_tables": _equal(lambda peek: peek.u32(peek.rva(13) + 16)),
    "thread_count": _equal(lambda peek: len(peek.threads())),
    "build": _equal(lambda peek: peek.u32(peek.rva(7) + 16)),
    "csd": _equal(lambda peek: peek.text(peek.u32(peek.rva(7) + 24))),
    "pid": _equal(lambda peek: peek.u32(peek.rva(15) + 8) if peek.find(15) else None),
    "misc_flags": _equal(lambda peek: peek.u32(peek.rva(15) + 4)),
    "dso": _equal(lambda peek: peek.u32(peek.rva(0x4767000A) + 8)),
    "command_line": _equal(lambda peek: peek.command_line()),
}


@each("name", sorted(SAMPLES))
def test_built_twice_is_the_same_and_equals_the_file(name: str) -> None:
    data = built(name)
    assert SAMPLES[name].build() == data
    assert (DIRECTORY / (name + ".dmp")).read_bytes() == data


@each("name", sorted(SAMPLES))
def test_facts(name: str) -> None:
    sample, data = SAMPLES[name], built(name)
    if "magic" in sample.facts:
        assert data.startswith(sample.facts["magic"])
        return
    peek = Peek(data)
    assert peek.signature == b"MDMP"
    assert peek.flags == sample.flags
    for key, want in sample.facts.items():
        if key in CHECKS:
            CHECKS[key](peek, want)
    if "arch" in sample.facts:
        assert struct.unpack_from("<H", data, peek.rva(7))[0] == ARCHITECTURES[sample.facts["arch"]]


@each("name", sorted(SAMPLES))
def test_facts_agree_with_what_the_engine_answered(name: str) -> None:
    facts, answer = SAMPLES[name].facts, ANSWERS[name]
    assert (facts["engine"] == "refuses") == (answer.opened != 0)
    if facts["engine"] == "opens":
        assert answer.waited == 0
        assert answer.threads > 0
    if "handles" in facts and answer.waited == 0:
        assert answer.handles == facts.get("engine_handles", facts["handles"])
    if "handle_hresult" in facts:
        assert answer.handles_hresult == facts["handle_hresult"]


def test_every_answer_belongs_to_a_sample() -> None:
    assert set(ANSWERS) == set(SAMPLES)


@pytest.mark.parametrize("path", sorted((DIRECTORY / "real").glob("*.dmp")), ids=lambda path: path.stem)
def test_real_dumps_have_handles_or_not_as_named(path: Path) -> None:
    peek = Peek(path.read_bytes())
    assert peek.signature == b"MDMP"
    assert (peek.find(12) is None) == ("nohandles" in path.name or "without-handles" in path.name)
    assert peek.flags & 4


def test_no_file_without_a_sample() -> None:
    assert build.check(sorted(SAMPLES), DIRECTORY) == []


def test_readme_is_in_step() -> None:
    assert (DIRECTORY / "README.md").read_text(encoding="utf-8") == build.readme()


def test_names() -> None:
    for name, sample in SAMPLES.items():
        assert all((part.isalnum() and part.islower()) or part.isdigit() for part in name.split("-")), name
        assert sample.family in build.FAMILIES
        assert sample.title
        assert sample.shows


def test_every_reason_for_a_failing_handle_command_has_a_sample() -> None:
    causes = {sample.facts.get("handle_cause") for sample in SAMPLES.values()}
    assert causes >= set(range(1, 9))


def test_size() -> None:
    sizes = {path.name: path.stat().st_size for path in DIRECTORY.rglob("*.dmp")}
    assert sum(sizes.values()) < 4_200_000
    assert max(sizes.values()) < 80_000


@each("path", sorted(DIRECTORY.glob("*.py")), ids=lambda path: path.name)
def test_samples_do_not_import_the_package(path: Path) -> None:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
    assert [name for name in names if name.partition(".")[0] == "dumpscope"] == []


def test_builder_refuses_more_streams_than_slots() -> None:
    made = DumpBuilder(slots=1)
    made.add_stream(0x10000, b"x")
    with pytest.raises(ValueError, match="more than 1"):
        made.add_stream(0x10001, b"y")


def test_builder_pads_only_forward() -> None:
    made = DumpBuilder(slots=1)
    made.pad_to(100)
    assert made.tell() == 100
    with pytest.raises(ValueError, match="already"):
        made.pad_to(99)


def test_article_in_full_size_has_the_printed_offsets() -> None:
    data = article.full()
    peek = Peek(data)
    assert (peek.version, peek.count, peek.flags) == (0xA063, 15, 0x1105)
    assert tuple(peek.entries[:7]) == article.PRINTED_STREAMS
    assert peek.threads()[:2] == [(0x4554, 0xCB58643000), (0x3A78, 0xCB5864B000)]
    assert len(peek.threads()) == 18
    count, start = peek.list_start(4, 108)
    assert (count, start) == (383, 0xE54)
    first = struct.unpack_from("<QI", data, start)
    assert first == (0x7FF60E940000, 0xD000)
    assert peek.text(peek.u32(start + 20)) == "d:\\sample.exe"
    count, start = peek.list_start(5, 16)
    ranges = [struct.unpack_from("<QII", data, start + 16 * index) for index in range(count)]
    assert (count, sum(size for _, size, _ in ranges)) == (3555, 0x196BDD5)
    assert all(rva + size <= len(data) for _, size, rva in ranges)
    ordered = sorted(ranges)
    assert all(low + size <= high for (low, size, _), (high, _, _) in zip(ordered, ordered[1:]))
    _handles(peek, 884)
    for index, (value, kind, name) in enumerate(article.PRINTED_HANDLES):
        row = struct.unpack_from("<QII", data, 0x19A65AD + 16 + 40 * index)
        assert (row[0], peek.text(row[1]), peek.text(row[2])) == (value, kind, name)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--out", str(tmp_path), "--only", "stacks-only", "handles"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["handles.dmp", "stacks-only.dmp"]
    assert build.main(["--check", "--out", str(tmp_path), "--only", "handles"]) == 0
    (tmp_path / "handles.dmp").write_bytes(b"other")
    assert build.main(["--check", "--out", str(tmp_path), "--only", "handles"]) == 1
    capsys.readouterr()
    assert build.main(["--list"]) == 0
    assert "article-nohandles" in capsys.readouterr().out


def test_a_builder_builds_the_same_file_again_and_can_be_added_to() -> None:
    made = DumpBuilder()
    made.add_system_info()
    made.add_memory_list()
    made.add_memory(0x10000, b"bytes")
    first = made.build()
    assert made.build() == first
    made.add_comment_a("more")
    assert len(made.build()) > len(first)

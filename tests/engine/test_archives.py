"""Archives: the engine opens those, and takes out of them what the model says."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Dict

import pytest
from samples.archives import ARCHIVES, archive_zip, cabinet, lzx_cabinet, mszip
from samples.lzx import Packer

from dumpscope.diagnosis.engine.opening import open_dump
from dumpscope.dump.source import Source

from .bench import Bench

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DUMP = (SAMPLES / "handles.dmp").read_bytes()
BAD = (SAMPLES / "missing-system-info.dmp").read_bytes()
ENDINGS = ("dmp", "mdmp", "hdmp", "kdmp", "DMP", "Mdmp", "dump", "udmp", "tdmp", "txt.dmp", "dmp.gz", "dmp1")


def deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


def changed(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value) :]


def files() -> Dict[str, bytes]:
    """Archives by name; each differs from a good one in one place."""
    made = {name: sheet.build() for name, sheet in ARCHIVES.items()}
    one, packed = archive_zip([("memory.dmp", DUMP)]), archive_zip([("memory.dmp", DUMP)], 8, deflate)
    box, mszipped = cabinet([("memory.dmp", DUMP)]), cabinet([("memory.dmp", DUMP)], 1, lambda plain: b"CK" + deflate(plain))
    directory, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    for ending in ENDINGS:
        made[f"called-{ending}.zip"] = archive_zip([("memory." + ending, DUMP)], 8, deflate)
        made[f"called-{ending}.cab"] = cabinet([("memory." + ending, DUMP)])
    for first in ENDINGS[:4]:
        for second in ENDINGS[:4]:
            for one_is_bad, pair in (("second", (DUMP, BAD)), ("first", (BAD, DUMP))):
                both = [("x." + first, pair[0]), ("y." + second, pair[1])]
                made[f"{first}-{second}-{one_is_bad}.zip"] = archive_zip(both)
                made[f"{first}-{second}-{one_is_bad}.cab"] = cabinet(both)
    for number, sign in enumerate('*?<>|":;&%'):
        made[f"sign-{number}.zip"] = archive_zip([(f"m{sign}m.dmp", DUMP)])
        made[f"sign-elsewhere-{number}.zip"] = archive_zip([(f"m{sign}m.txt", DUMP), ("a.dmp", DUMP)])
    for number, name in enumerate(("a/b/c.dmp", "../a.dmp", "./a.dmp", "x/../a.dmp", "..\\a.dmp", "a..b.dmp", "/a.dmp", ".dmp", "dmp", "xdmp", "mémoire.dmp")):
        made[f"name-{number}.zip"] = archive_zip([(name, DUMP)])
    made.update({
        "method-12.zip": archive_zip([("memory.dmp", DUMP)], 12),
        "method-9.zip": archive_zip([("memory.dmp", DUMP)], 9),
        "encrypted-stored.zip": archive_zip([("memory.dmp", DUMP)], 0, password=b"infected"),
        "flag-of-encryption.zip": changed(one, directory + 8, b"\x01"),
        "comment.zip": archive_zip([("memory.dmp", DUMP)], comment=b"c" * 60000),
        "end-in-comment.zip": archive_zip([("memory.dmp", DUMP)], comment=b"abcPK\x05\x06" + bytes(30)),
        "end-in-member.zip": archive_zip([("a.txt", b"PK\x05\x06" + bytes(18)), ("memory.dmp", DUMP)]),
        "end-far-before.zip": archive_zip([("a.txt", b"PK\x05\x06" + bytes(70000)), ("memory.dmp", DUMP)]),
        "trailing.zip": one + b"x" * 2000,
        "trailing-much.zip": one + b"x" * 70000,
        "prefix.zip": b"x" * 100 + one,
        "crc.zip": changed(one, directory + 16, b"\0\0\0\0"),
        "crc-of-the-local-header.zip": changed(one, 14, b"\0\0\0\0"),
        "size.zip": changed(packed, packed.index(b"PK\x01\x02") + 24, b"\0\0\0\x01"),
        "stream.zip": changed(packed, 300, b"\xff\xff\xff\xff"),
        "local-magic.zip": b"XXXX" + one[4:],
        "directory-magic.zip": changed(one, directory, b"XX"),
        "count.zip": changed(one, end + 8, b"\2\0\2\0"),
        "disk.zip": changed(one, end + 4, b"\1"),
        "cut.zip": one[:3000],
        "minidump.zip": DUMP,
        "text.zip": b"no archive at all, but more than 24 bytes",
        "nothing.zip": b"",
        "one.zip": b"P",
        "end-alone.zip": b"PK\x05\x06" + bytes(18),
        "member-without-bytes.zip": archive_zip([("a.dmp", b""), ("b.dmp", DUMP)]),
        "nested-stored.zip": archive_zip([("in.zip", one), ("memory.dmp", DUMP)]),
        "cabinet.zip": box,
        "zip.cab": one,
        "minidump.cab": DUMP,
        "nothing.cab": b"",
        "head.cab": b"MSCF",
        "cut.cab": box[:3000],
        "version.cab": changed(box, 25, b"\2"),
        "trailing.cab": box + b"junk",
        "prefix.cab": b"junk" + box,
        "sum.cab": changed(box, box.index(b"MDMP") - 8, b"\1\2\3\4"),
        "large.cab": cabinet([("a.txt", b"x" * 40000), ("memory.dmp", DUMP)], 1, mszip),
        "quantum.cab": changed(box, 42, b"\x72"),
        "from-before.cab": changed(box, 44 + 8, b"\xfd\xff"),
        "goes-on.cab": changed(box, 44 + 8, b"\xfe\xff"),
        "folder.cab": changed(box, 44 + 8, b"\1"),
        "nested.cab": cabinet([("in.cab", box)]),
        "empty.cab": cabinet([]),
        "mszip.cab": mszipped,
        "lzx-bad-dump.cab": lzx_cabinet([("memory.dmp", BAD)]),
        "lzx-second.cab": lzx_cabinet([("a.txt", b"x" * 40000), ("memory.dmp", DUMP)], Packer(15, calls=1 << 20)),
        "lzx-cut.cab": lzx_cabinet([("memory.dmp", DUMP + bytes(70000))])[:-900],
        "lzx-small-window.cab": cabinet([("memory.dmp", DUMP)], 0x0E03),
        "lzx-large-window.cab": cabinet([("memory.dmp", DUMP)], 0x1603),
        "lzx-no-lzx.cab": cabinet([("memory.dmp", DUMP)], 0x1503),
        "quantum-window.cab": cabinet([("memory.dmp", DUMP)], 2),
        "method-4.cab": cabinet([("memory.dmp", DUMP)], 4),
        "zip.dmp": one,
        "cabinet.dmp": box,
        "zip.mdmp": packed,
        "minidump.gz": DUMP,
    })  # fmt: skip
    return made


def test_archives_open_as_the_model_says(bench: Bench, tmp_path: Path) -> None:
    paths = []
    for name, data in files().items():
        path = tmp_path / name
        path.write_bytes(data)
        paths.append(path)
    wrong = []
    for path, answer in zip(paths, bench.ask(paths, what="")):
        source = Source.from_path(path)
        said = open_dump(source).opening.hresult
        source.close()
        if answer.open_hr != said:
            wrong.append(f"{path.name}: the engine {answer.open_hr:08x}, the model {said:08x}")
    assert not wrong, "\n".join(wrong)
    assert len(paths) > 150


@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_samples_open_as_they_say(bench: Bench, name: str) -> None:
    assert bench.ask_one(SAMPLES / "archives" / name, what="").open_hr == ARCHIVES[name].engine

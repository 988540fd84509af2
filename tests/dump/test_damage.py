"""Everything that is wrong with each sample, with offsets and sizes, read and checked when it was added.

``damage.txt`` has the samples that are damaged. After a change that is meant, ``python -m tests.dump.test_damage`` writes what is found now; look at the
difference before it is committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List

from tests.cases import each

from dumpscope.dump.absence import Absent, Damage
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import DumpError

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.dmp"))

MOST = 12
"""Lines for one sample."""


def _number(value: object) -> str:
    return f"0x{value:x}" if isinstance(value, int) else "-"


def _found(dump: Minidump) -> Iterator[Damage]:
    yield from dump.check()
    for token in dump.tokens:
        yield from token.damage
    for table in dump.functions:
        yield from table.damage
    for part in (dump.annotations, dump.breakpad.shared_objects):
        if not isinstance(part, Absent):
            yield from part.damage


def damage_of(name: str) -> List[str]:
    """``code at offset: needed, available: message`` for each damage of a sample, none twice."""
    try:
        dump = Minidump.open((SAMPLES / f"{name}.dmp").read_bytes())
    except DumpError:
        return []
    lines = [f"  {item.code} at {_number(item.offset)}: {_number(item.needed)}, {_number(item.available)}: {item.message}" for item in _found(dump)]
    return list(dict.fromkeys(lines))[:MOST]


def read_damage() -> Dict[str, List[str]]:
    """The lines below each sample."""
    found: Dict[str, List[str]] = {}
    name = ""
    for line in (HERE / "damage.txt").read_text("utf-8").splitlines():
        if line.startswith("  "):
            found[name].append(line)
        else:
            name = line
            found[name] = []
    return found


DAMAGE = read_damage() if (HERE / "damage.txt").exists() else {}


@each("name", NAMES)
def test_what_is_wrong_with_a_sample(name: str) -> None:
    assert damage_of(name) == DAMAGE.get(name, [])


def test_the_table_is_of_samples_that_are_there() -> None:
    assert set(DAMAGE) <= set(NAMES)
    assert len(DAMAGE) > 50


def _write() -> None:
    rows = {name: damage_of(name) for name in NAMES}
    (HERE / "damage.txt").write_bytes("".join("\n".join([name, *lines]) + "\n" for name, lines in rows.items() if lines).encode())


if __name__ == "__main__":
    _write()

"""Makes tests/stacks/data/waits/NAME.dmp.xz of a dump with full memory of data/waits/waits.c, and those under locks/ of locks/locks.c.

    python -m tests.stacks.pack_waits FULL.dmp TRUTH.txt OUT.dmp.xz

The program is compiled, started under Wine, and dumped by Microsoft's dbghelp with flags 0x1806 while all of its threads wait. TRUTH.txt is what
the program itself wrote: names of its threads and objects, each followed by its number. The dump is shrunk to what the walk and the search for
waits read: stacks, the functions on them, exports of ntdll, handles, critical sections. The truth stands beside it as NAME.json, with what the
engine (dbgeng 10.0.15063) reads of each critical section. locks.c writes its dump itself; its truth has the words at each address.
"""

from __future__ import annotations

import io
import json
import lzma
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Tuple

from tests.engine.bench import Bench

from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.walk import Walker
from dumpscope.stacks.x64.arguments import Arguments
from dumpscope.symbols.images import Images
from dumpscope.writing.shrink import Shrunk

FRAMES = 8
SECTIONS = ("first", "second", "lonely")
_WORD = re.compile(r"(?<= )[0-9a-f]{8}`[0-9a-f]{8}")


def ranges_of(dump: Minidump, sections: List[int]) -> List[Tuple[int, int]]:
    """What has to be kept besides what `stack` reads."""
    images = Images(dump)
    walker, arguments = Walker(dump, images), Arguments(dump, images)
    found = [(address, 0x40) for address in sections]
    for thread in dump.threads:
        for frame in walker.thread(thread).frames[:FRAMES]:
            where = arguments.region(frame.ip - 1 if frame.number else frame.ip)
            if where is not None:
                region, row = where
                found.append((region.base + row.begin, row.end - row.begin))
    for module in dump.modules:
        image = images.find(module)
        if module.name == "ntdll" and not isinstance(image, Absent):
            rva, size = image.directory(0)
            found.append((module.base + rva, size))
    return found


def main() -> None:
    """Write the pack and its truth."""
    full, truth, out = map(Path, sys.argv[1:])
    words = truth.read_text("ascii").split()[1:]
    told: Dict[str, Any] = {name: int(value, 16) for name, value in zip(words[::2], words[1::2])}
    names = [name for name in SECTIONS if name in told] or [name for name in told if name.endswith("_at")]
    with Minidump.open(full) as dump:
        ranges = ranges_of(dump, [told[name] for name in names])
        made = io.BytesIO()
        Shrunk(dump, memory=ranges).write_to(made)
    bench = Bench.find()
    if bench is None:
        raise SystemExit(Bench.why_not())
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "waits.dmp"
        small.write_bytes(made.getvalue())
        commands = [f"dq {told[name]:x} L5" for name in names]
        answer = bench.ask([small], commands, what="f")[0]
        engine = {name: _WORD.findall(answer.commands[line].text) for name, line in zip(names, commands)}
    told = {**told, "engine": {name: [word.replace("`", "") for word in words] for name, words in engine.items()}}
    out.write_bytes(lzma.compress(made.getvalue(), preset=9))
    out.with_name(out.name.partition(".")[0] + ".json").write_text(json.dumps(told, indent=1) + "\n", "ascii")


if __name__ == "__main__":
    main()

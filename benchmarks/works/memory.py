"""Stacks walked, memory read and searched."""

from __future__ import annotations

import importlib
import struct
from bisect import bisect_right
from typing import Any, Callable

from .basis import PAGE, READS, addresses, full_ranges, mapped, work

# -- stacks ----------------------------------------------------------------------------------------------------------------


@work
def frames_dumpscope(path: str) -> Callable[[], Any]:
    """All stacks once more: code and unwind data are known by then, the stacks themselves are walked anew."""
    from dumpscope import Minidump
    from dumpscope.stacks.walk import Walker
    from dumpscope.symbols.images import Images

    dump = Minidump.open(path)
    walker = Walker(dump, Images(dump))
    for thread in dump.threads:
        walker.thread(thread)

    def run() -> Any:
        total = count = 0
        for thread in dump.threads:
            for frame in walker.thread(thread).frames:
                count += 1
                total += frame.ip
        return count, total

    return run


@work
def frames_floor(path: str) -> Callable[[], Any]:
    """The barest loop: each return address is known to stand so many bytes above the one below; no registers, no proof."""
    data, streams = mapped(path)
    rva, _ = streams[3]
    count = struct.unpack_from("<I", data, rva)[0]
    rows = list(struct.iter_unpack("<IIIIQQIIII", data[rva + 4 : rva + 4 + 48 * count]))
    base = 0x140000000
    sizes = {base + 0x100B: 0x40, base + 0x102F: 0x50, base + 0x104F: 0x70, base + 0x1069: 0x30}

    def run() -> Any:
        number = total = 0
        word = struct.Struct("<Q").unpack_from
        for row in rows:
            low, place = row[5], row[7]
            ip = word(data, row[9] + 0xF8)[0]
            sp = low
            while ip:
                number += 1
                total += ip
                sp += sizes[ip]
                ip = word(data, place + sp - 8 - low)[0]
        return number, total

    return run


# -- memory ----------------------------------------------------------------------------------------------------------------


@work
def reads_floor(path: str) -> Callable[[], Any]:
    where = list(addresses(*full_ranges(path), READS))

    def run() -> Any:
        data, streams = mapped(path)
        rva, _ = streams[9]
        count, place = struct.unpack_from("<QQ", data, rva)
        starts, places = [], []
        for start, size in struct.iter_unpack("<QQ", data[rva + 16 : rva + 16 + 16 * count]):
            starts.append(start)
            places.append(place)
            place += size
        total = 0
        for address in where:
            found = bisect_right(starts, address) - 1
            at = places[found] + address - starts[found]
            total += len(data[at : at + PAGE])
        return total

    return run


@work
def reads_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    importlib.import_module("dumpscope.dump.streams.memory")
    where = list(addresses(*full_ranges(path), READS))

    def run() -> Any:
        total = 0
        with Minidump.open(path) as dump:
            read = dump.memory.read
            for address in where:
                total += len(read(address, PAGE))
        return total

    return run


@work
def reads_udmp(path: str) -> Callable[[], Any]:
    import udmp_parser

    where = list(addresses(*full_ranges(path), READS))

    def run() -> Any:
        parser = udmp_parser.UserDumpParser()
        parser.Parse(path)
        total = 0
        for address in where:
            total += len(parser.ReadMemory(address, PAGE))
        return total

    return run


NEEDLE = b"needle in two gibibytes"


@work
def search_floor(path: str) -> Callable[[], Any]:
    """``mmap.find`` over the file, from hit to hit: no addresses, no spans."""

    def run() -> Any:
        data, _ = mapped(path)
        found = 0
        at = data.find(NEEDLE)
        while at >= 0:
            found += 1
            at = data.find(NEEDLE, at + 1)
        return found

    return run


@work
def search_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump
    from dumpscope.dump.search import find

    importlib.import_module("dumpscope.dump.streams.memory")

    def run() -> Any:
        with Minidump.open(path) as dump:
            return sum(1 for _ in find(dump.memory, NEEDLE))

    return run


@work
def search_minidump(path: str) -> Callable[[], Any]:
    from minidump.minidumpfile import MinidumpFile

    def run() -> Any:
        return len(MinidumpFile.parse(path).get_reader().search(NEEDLE))

    return run

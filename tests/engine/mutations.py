"""Seeded variants of a minidump, each with one thing wrong, to see how the real engine takes it.

Knows the format by itself (standard library only, nothing of dumpscope).

    for variant in mutations(base): variant.name, variant.data
    python -m tests.engine.mutations DUMP OUTDIR [--random N] [--seed S] [--dress KIND]
"""
# ruff: noqa: UP031

from __future__ import annotations

import argparse
import os
import random
import struct
from typing import Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Set, Tuple

from tests.engine.dump_image import (
    DRESSES,
    FUNCTIONS,
    HANDLE_OPERATIONS,
    HANDLES,
    MEMORY,
    MEMORY64,
    MEMORY_INFO,
    MODULES,
    THREAD_INFO,
    THREAD_NAMES,
    THREADS,
    TOKEN,
    U32,
    UNLOADED,
    Image,
)
from tests.engine.field_mutations import exception, handles, memory, modules, system, threads

NAMES = {
    0: "unused",
    3: "threads",
    4: "modules",
    5: "memory",
    6: "exception",
    7: "system",
    9: "memory64",
    10: "comment-a",
    11: "comment-w",
    12: "handles",
    13: "functions",
    14: "unloaded",
    15: "misc",
    16: "memory-info",
    17: "thread-info",
    18: "handle-operations",
    19: "token",
    20: "javascript",
    21: "system-memory",
    22: "vm-counters",
    24: "thread-names",
}
LISTS = {THREADS: (4, 48), MODULES: (4, 108), MEMORY: (4, 16), THREAD_NAMES: (4, 12)}
# type -> (offset of the count, its format, fields that hold a size)
EX_LISTS: Dict[int, Tuple[int, str, Tuple[int, ...]]] = {
    HANDLES: (8, "<I", (0, 4)),
    UNLOADED: (8, "<I", (0, 4)),
    MEMORY_INFO: (8, "<Q", (0, 4)),
    THREAD_INFO: (8, "<I", (0, 4)),
    HANDLE_OPERATIONS: (8, "<I", (0, 4)),
    FUNCTIONS: (16, "<I", (0, 4, 8, 12, 20)),
    TOKEN: (4, "<I", (0, 8, 12)),
}


class Variant(NamedTuple):
    """One mutated dump."""

    name: str
    data: bytes


# ---- the groups of mutations


def header(image: Image) -> Iterator[Tuple[str, Image]]:
    """Signature, version, counts, flags."""
    for name, at, fmt, value in (
        ("signature", 0, "I", 0x504D4458),
        ("signature-zero", 0, "I", 0),
        ("version-low", 4, "H", 0xA794),
        ("version-high-0", 6, "H", 0),
        ("version-high-ffff", 6, "H", 0xFFFF),
        ("streams-0", 8, "I", 0),
        ("streams-1", 8, "I", 1),
        ("streams-plus-1", 8, "I", image.u32(8) + 1),
        ("streams-minus-1", 8, "I", max(0, image.u32(8) - 1)),
        ("streams-64k", 8, "I", 0x10000),
        ("streams-huge", 8, "I", 0x7FFFFFFF),
        ("streams-all", 8, "I", U32),
        ("directory-0", 12, "I", 0),
        ("directory-16", 12, "I", 16),
        ("directory-unaligned", 12, "I", image.u32(12) + 1),
        ("directory-end", 12, "I", len(image.data)),
        ("directory-near-end", 12, "I", len(image.data) - 12),
        ("directory-beyond", 12, "I", len(image.data) + 64),
        ("directory-all", 12, "I", U32),
        ("checksum-4", 16, "I", 4),
        ("checksum-all", 16, "I", U32),
        ("time-0", 20, "I", 0),
        ("time-all", 20, "I", U32),
        ("flags-0", 24, "Q", 0),
        ("flags-all", 24, "Q", (1 << 64) - 1),
        ("flags-high", 28, "I", U32),
    ):
        yield "header-" + name, image.poke(at, fmt, value)
    for bit in range(28):
        yield "header-flag-%x" % (1 << bit), image.poke(24, "Q", image.u64(24) ^ (1 << bit))
    moved, at = image.append(image.data[image.directory : image.directory + 12 * len(image.entries)], 4)
    yield "directory-moved", moved.poke(12, "I", at)
    moved, at = image.append(b"\0" + image.data[image.directory : image.directory + 12 * len(image.entries)], 4)
    yield "directory-moved-odd", moved.poke(12, "I", at + 1)
    yield "directory-zeroed", image.put(image.directory, b"\0" * 12 * len(image.entries))


def cuts(image: Image) -> Iterator[Tuple[str, Image]]:
    """The file cut, or longer."""
    size = len(image.data)
    points = {
        0,
        1,
        4,
        8,
        16,
        20,
        28,
        31,
        32,
        33,
        40,
        44,
        image.directory + 12 * len(image.entries) - 1,
        image.directory + 12 * len(image.entries),
        size - 1,
        size - 2,
        size - 16,
        size - 256,
    }
    points.update(size * i // 16 for i in range(1, 16))
    for entry in image.entries:
        points.update((entry.rva, entry.rva + 4, entry.rva + entry.size - 1, entry.rva + entry.size, entry.rva + entry.size // 2))
    for point in sorted(points):
        if 0 <= point < size:
            yield "cut-%x" % point, Image(image.data[:point])
    yield "longer-1", Image(image.data + b"\0")
    yield "longer-4k", Image(image.data + b"\xaa" * 4096)


def streams(image: Image) -> Iterator[Tuple[str, Image]]:
    """Every stream's place, size, type and number."""
    end = len(image.data)
    seen: Dict[int, int] = {}
    for entry in image.entries:
        if entry.type == 0:
            continue
        seen[entry.type] = seen.get(entry.type, 0) + 1
        label = NAMES.get(entry.type, "type%x" % entry.type) + ("" if seen[entry.type] == 1 else "-%d" % seen[entry.type])
        for size in (
            0,
            1,
            4,
            8,
            12,
            15,
            16,
            20,
            entry.size // 2,
            entry.size - 4,
            entry.size - 1,
            entry.size + 1,
            entry.size + 4,
            entry.size + 8,
            end - entry.rva,
            end - entry.rva + 1,
            0x7FFFFFFF,
            U32,
        ):
            if size >= 0 and size != entry.size:
                yield "%s-size-%x" % (label, size), image.row(entry.index, entry.type, size, entry.rva)
        for rva in (0, 16, 31, entry.rva + 1, entry.rva + 4, end - 4, end - 1, end, end + 4096, 0x7FFFFFFF, U32 - entry.size + 1, U32):
            yield "%s-rva-%x" % (label, rva), image.row(entry.index, entry.type, entry.size, rva)
        yield label + "-end-past-by-1", image.row(entry.index, entry.type, entry.size, end - entry.size + 1)
        yield label + "-end-exact", Image(image.data + image.body(entry)).row(entry.index, entry.type, entry.size, end)
        yield label + "-moved", image.replace(entry, image.body(entry))
        odd, at = image.append(b"\0" + image.body(entry))
        yield label + "-moved-odd", odd.row(entry.index, entry.type, entry.size, at + 1)
        yield label + "-unused", image.row(entry.index, 0, 0, 0)
        yield label + "-type-0", image.row(entry.index, 0, entry.size, entry.rva)
        yield label + "-type-unknown", image.row(entry.index, 0x7777, entry.size, entry.rva)
        yield label + "-zeroed", image.put(entry.rva, b"\0" * entry.size)
        yield label + "-ones", image.put(entry.rva, b"\xff" * entry.size)
        yield label + "-twice", image.add(entry.type, image.body(entry))
        yield label + "-broken-then-good", image.add(entry.type, b"", True)
        yield label + "-small-then-good", image.add(entry.type, image.body(entry)[:6], True)
        yield label + "-good-then-broken", image.add(entry.type, b"\xff" * 8)
        yield label + "-beyond-then-good", image.add(entry.type, image.body(entry)).row(entry.index, entry.type, entry.size, end + 0x100000)
        yield label + "-empty-then-good", image.add(entry.type, b"\0" * entry.size, True)
    for kind in (1, 2, 8, 23, 25, 26, 0x7000, 0x8000, 0xFFFF, 0x10000, 0x47670001, U32):
        yield "extra-type-%x" % kind, image.add(kind, b"\1\0\0\0" * 8)
    for kind in (10, 11, 13, 14, 16, 17, 18, 19, 20, 21, 22, 24):
        if not image.find(kind):
            yield "extra-zeros-%s" % NAMES[kind], image.add(kind, b"\0" * 64)
            yield "extra-empty-%s" % NAMES[kind], image.add(kind, b"")


def counts(image: Image) -> Iterator[Tuple[str, Image]]:
    """Counts and the sizes that lists carry about themselves."""
    for kind, (first, step) in LISTS.items():
        entry = image.find(kind)
        if not entry:
            continue
        label, count, body = NAMES[kind], image.u32(entry.rva), image.body(entry)
        for value in (0, 1, count - 1, count + 1, count + 2, 0x800, 0x10000, 0x10000000, 0x7FFFFFFF, U32):
            if 0 <= value != count:
                yield "%s-count-%x" % (label, value), image.poke(entry.rva, "I", value)
        for value in (0, 1, count - 1):
            if 0 <= value < count:
                yield "%s-only-%x" % (label, value), image.replace(entry, struct.pack("<I", value) + body[first : first + value * step])
        yield label + "-padded-8", image.replace(entry, body[:4] + b"\0\0\0\0" + body[4:])
        many = struct.pack("<I", 0x7D1) + (body[first : first + step] or b"\0" * step) * 0x7D1
        yield label + "-2001", image.replace(entry, many)
    entry = image.find(MEMORY64)
    if entry:
        count, base = image.u64(entry.rva), image.u64(entry.rva + 8)
        for value in (0, 1, count - 1, count + 1, 0x10000, 1 << 32, 1 << 60, (1 << 64) - 1):
            yield "memory64-count-%x" % value, image.poke(entry.rva, "Q", value)
        yield "memory64-none", image.replace(entry, struct.pack("<QQ", 0, base))
        for value in (0, 16, base - 1, base + 1, base + 0x1000, len(image.data), len(image.data) + 1, 1 << 32, 1 << 63, (1 << 64) - 1):
            yield "memory64-base-%x" % value, image.poke(entry.rva + 8, "Q", value)
    for kind, (at, fmt, sizes) in EX_LISTS.items():
        entry = image.find(kind)
        if not entry:
            continue
        label, body = NAMES[kind], image.body(entry)
        count = struct.unpack_from(fmt, body, at)[0]
        for value in (0, 1, count - 1, count + 1, count + 100, 0x7D1, 0x10000, 0x10000000, 0x7FFFFFFF, U32):
            if 0 <= value != count:
                yield "%s-count-%x" % (label, value), image.poke(entry.rva + at, fmt[1:], value)
        if fmt == "<Q":
            yield label + "-count-2^32", image.poke(entry.rva + at, "Q", count + (1 << 32))
        for field in sizes:
            now = image.u32(entry.rva + field)
            for value in (0, 1, 4, 8, now - 8, now - 4, now - 1, now + 1, now + 4, now + 8, 0x10000, 0x7FFFFFFF, U32):
                if 0 <= value != now:
                    yield "%s-field%d-%x" % (label, field, value), image.poke(entry.rva + field, "I", value)
        if kind in (FUNCTIONS, TOKEN):
            continue
        head, step = struct.unpack_from("<II", body)
        rows = [body[head + i * step : head + (i + 1) * step] for i in range(count)]
        for new_head, new_step, used in (
            (head, step, 0),
            (head, step, max(0, count - 1)),
            (head + 8, step, count),
            (head + 4, step, count),
            (head, step + 8, count),
            (head, step + 4, count),
            (head, step - 8, count),
            (head, step - 4, count),
            (head, step - 1, count),
            (head - 4, step, count),
            (head - 1, step, count),
        ):
            raw = bytearray(body[:head].ljust(new_head, b"\0")[:new_head])
            struct.pack_into(fmt, raw.ljust(16, b"\0") if len(raw) < 16 else raw, at, used) if len(raw) >= at + struct.calcsize(fmt) else None
            struct.pack_into("<II", raw, 0, new_head, new_step)
            yield (
                "%s-laid-%d-%d-%d" % (label, new_head, new_step, used),
                image.replace(entry, bytes(raw) + b"".join(r.ljust(new_step, b"\0")[:new_step] for r in rows[:used])),
            )
        raw = bytearray(body[:head])
        struct.pack_into(fmt, raw, at, 0x7D1)
        yield label + "-2001", image.replace(entry, bytes(raw) + (rows[0] if rows else b"\0" * step) * 0x7D1)
        for extra in (1, 4, step):
            yield "%s-tail-%d" % (label, extra), image.replace(entry, body + b"\0" * extra)


GROUPS: Dict[str, Callable[[Image], Iterator[Tuple[str, Image]]]] = {
    "header": header,
    "cuts": cuts,
    "streams": streams,
    "counts": counts,
    "system": system,
    "exception": exception,
    "threads": threads,
    "modules": modules,
    "memory": memory,
    "handles": handles,
}


def mutations(data: bytes, groups: Optional[Sequence[str]] = None) -> Iterator[Variant]:
    """Every planned variant of a dump, group by group; names are unique."""
    image = Image(data)
    seen: Set[str] = set()
    for group in groups or GROUPS:
        for name, changed in GROUPS[group](image):
            if name not in seen and changed.data != image.data:
                seen.add(name)
                yield Variant(name, changed.data)


def random_mutations(data: bytes, number: int, seed: int = 0) -> Iterator[Variant]:
    """Variants with one to three random 32-bit fields changed where fields matter: header, directory, streams' first bytes."""
    image, generator = Image(data), random.Random(seed)
    places = list(range(0, 32, 4)) + [image.directory + 4 * i for i in range(3 * len(image.entries))]
    for entry in image.entries:
        if entry.size:
            places += [entry.rva + 4 * i for i in range(min(entry.size // 4, 48))] * 2
    for number_now in range(number):
        changed = image
        for _ in range(generator.choice((1, 1, 1, 2, 3))):
            at = generator.choice(places)
            now = image.u32(at) if at + 4 <= len(data) else 0
            value = generator.choice(
                (
                    0,
                    1,
                    now + 1,
                    now - 1,
                    now + 4,
                    now - 4,
                    now ^ (1 << generator.randrange(32)),
                    generator.randrange(1 << 32),
                    generator.randrange(len(data)),
                    len(data) - generator.randrange(64),
                    U32,
                )
            )
            changed = changed.poke(at, "I", value & U32)
        yield Variant("random-%d-%d" % (seed, number_now), changed.data)


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(description="Write the variants of a dump.")
    parser.add_argument("dump")
    parser.add_argument("outdir")
    parser.add_argument("--dress", choices=sorted(DRESSES), default="plain", help="shape of the base")
    parser.add_argument("--group", action="append", choices=sorted(GROUPS), help="only these groups")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="N random variants instead of the planned ones")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    with open(options.dump, "rb") as file:
        data = DRESSES[options.dress](file.read())
    os.makedirs(options.outdir, exist_ok=True)
    made = random_mutations(data, options.random, options.seed) if options.random else mutations(data, options.group)
    for variant in made:
        with open(os.path.join(options.outdir, variant.name + ".dmp"), "wb") as file:
            file.write(variant.data)


if __name__ == "__main__":
    main()

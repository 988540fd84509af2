"""What may be wrong inside a stream, one field at a time: system and exception, threads, modules, memory, handles."""
# ruff: noqa: UP031

from __future__ import annotations

import random
import struct
from typing import Iterator, Sequence, Tuple

from tests.engine.dump_image import EXCEPTION, HANDLES, MEMORY, MEMORY64, MEMORY_INFO, MISC, MODULES, SYSTEM, THREAD_INFO, THREADS, U32, UNLOADED, Image, string


def system(image: Image) -> Iterator[Tuple[str, Image]]:
    """SystemInfo and MiscInfo."""
    entry = image.find(SYSTEM)
    if entry:
        for value in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x63, 0x8001, 0x8003, 0xFFFF):
            yield "system-arch-%x" % value, image.poke(entry.rva, "H", value)
        for value in (0, 1, 2, 3, 4, 0x8101, 0x8201, 0x8203, U32):
            yield "system-platform-%x" % value, image.poke(entry.rva + 20, "I", value)
        for name, at, fmt, values in (
            ("level", 2, "H", (0, 0xFFFF)),
            ("processors", 6, "B", (0, 1, 255)),
            ("product", 7, "B", (0, 2, 3, 4, 255)),
            ("major", 8, "I", (0, 4, 5, 6, 10, 11, U32)),
            ("minor", 12, "I", (0, 1, 2, 3, 4)),
            ("build", 16, "I", (0, 2600, 3790, 6000, 7600, 9200, 9600, 10240, 19045, 22631, 26100, 0xF0001DB1, U32)),
            ("csd-rva", 24, "I", (0, 16, 31, 32, len(image.data) - 2, len(image.data), len(image.data) + 100, U32)),
            ("suite", 28, "H", (0, 1, 2, 0x10, 0x80, 0x100, 0x110, 0x190, 0xFFFF)),
        ):
            for value in values:
                yield "system-%s-%x" % (name, value), image.poke(entry.rva + at, fmt, value)
        for text in ("", "x", "Service Pack 1", "long " * 60, "{quote'}\n\x07\u2028\ud83d\ude00"):
            longer, at = image.append(string(text))
            yield "system-csd-%d" % len(text), longer.poke(entry.rva + 24, "I", at)
        for size in (24, 28, 32, 40, 52, 56, 60, 64, 128):
            yield "system-laid-%d" % size, image.replace(entry, image.body(entry).ljust(size, b"\0")[:size])
    entry = image.find(MISC)
    if entry:
        for bit in range(12):
            yield "misc-flag-%x" % (1 << bit), image.poke(entry.rva + 4, "I", image.u32(entry.rva + 4) ^ (1 << bit))
        for value in (0, 1, 7, U32):
            yield "misc-flags-%x" % value, image.poke(entry.rva + 4, "I", value)
        for size in (0, 4, 8, 12, 20, 23, 24, 28, 44, 48, 232, 832, 1364, 1368, 4096):
            body = image.body(entry).ljust(size, b"\0")[:size]
            yield "misc-laid-%d" % size, image.replace(entry, body)
            yield "misc-laid-%d-said" % size, image.replace(entry, struct.pack("<I", size) + body[4:] if size >= 4 else body)
            yield "misc-said-%d" % size, image.poke(entry.rva, "I", size)
        for name, at, value in (("pid-0", 8, 0), ("pid-all", 8, U32), ("create-0", 12, 0), ("create-late", 12, U32), ("user", 16, 5), ("kernel-all", 20, U32)):
            yield "misc-" + name, image.poke(entry.rva + at, "I", value)
        yield "misc-xstate-0", image.poke(entry.rva + 832, "I", 0) if entry.size >= 1364 else image
        for size in (0x210, 0x20F, 0x300):
            if entry.size >= 1364:
                yield "misc-xstate-%x" % size, image.poke(entry.rva + 832, "I", size)


def exception(image: Image) -> Iterator[Tuple[str, Image]]:
    """The exception stream and its context."""
    entry = image.find(EXCEPTION)
    threads = image.find(THREADS)
    ids = [image.u32(threads.rva + 4 + 48 * i) for i in range(min(64, image.u32(threads.rva)))] if threads else []
    if not entry:
        if not ids or not threads:
            return
        body = struct.pack("<II", ids[0], 0) + struct.pack("<IIQQII", 0xC0000005, 0, 0, 0x1234, 2, 0) + struct.pack("<15Q", 1, 0x5678, *[0] * 13)
        image = image.add(EXCEPTION, body + image.data[threads.rva + 4 + 40 : threads.rva + 4 + 48])
        entry = image.find(EXCEPTION)
        assert entry is not None
        yield "exception-added", image
    for value in ids[:3] + [0, 9999, U32]:
        yield "exception-thread-%x" % value, image.poke(entry.rva, "I", value)
    for value in (
        0,
        0x80000003,
        0x80000004,
        0x80000007,
        0xC0000005,
        0xC0000006,
        0xC0000409,
        0xE06D7363,
        0xE0434352,
        0x40010005,
        0xCFFFFFFF,
        0xC00000FD,
        0xC0000374,
        0x4000001F,
        0x406D1388,
        0x12345678,
        U32,
    ):
        for name, flags, number, words in (
            ("", 0, 2, (1, 0x1234)),
            ("-none", 1, 0, (0,)),
            ("-execute", 0, 2, (8, 0xFFFFFFFFFFFFFFFF)),
            ("-five", 0, 5, (0, 0, 0x103, 3, 4)),
        ):
            raw = struct.pack("<IIQQII", value, flags, 0, 0x140001234, number, 0) + struct.pack("<%dQ" % len(words), *words)
            yield "exception-code-%x%s" % (value, name), image.put(entry.rva + 8, raw)
    for number in (1, 15, 16, 100, U32):
        yield "exception-parameters-%x" % number, image.poke(entry.rva + 8 + 24, "I", number)
    yield "exception-nested", image.poke(entry.rva + 8 + 8, "Q", 0x7FFE0000)
    size, rva = struct.unpack_from("<II", image.data, entry.rva + 160)
    end = len(image.data)
    for name, new_size, new_rva in (
        ("0-0", 0, 0),
        ("0-size", 0, rva),
        ("rva-0", size, 0),
        ("rva-16", size, 16),
        ("small", size - 1, rva),
        ("half", size // 2, rva),
        ("4", 4, rva),
        ("larger", size + 16, rva),
        ("4k", 4096, rva),
        ("huge", U32, rva),
        ("end", size, end),
        ("partly", size, end - 100),
        ("beyond", size, end + 4096),
        ("odd", size, rva + 1),
    ):
        yield "exception-context-" + name, image.poke(entry.rva + 160, "II", new_size, new_rva)
    for length in (8, 100, 160, 164, 168, 172, 200):
        yield "exception-laid-%d" % length, image.replace(entry, image.body(entry).ljust(length, b"\0")[:length])


def threads(image: Image) -> Iterator[Tuple[str, Image]]:
    """Thread list and thread info."""
    entry = image.find(THREADS)
    end = len(image.data)
    if entry and image.u32(entry.rva):
        count = image.u32(entry.rva)
        for index in sorted({0, 1 % count, count - 1}):
            at = entry.rva + 4 + 48 * index
            size, rva = struct.unpack_from("<II", image.data, at + 40)
            for name, where, fmt, values in (
                ("id", 0, "I", (0, 0x9999, U32, image.u32(entry.rva + 4))),
                ("suspend", 4, "I", (1, 5, U32)),
                ("class", 8, "I", (0, 0x40, U32)),
                ("priority", 12, "I", (2, 15, U32 - 14, U32)),
                ("teb", 16, "Q", (0, 1, 0x7FFDE000, 0x123456789000, (1 << 64) - 1)),
                ("stack", 24, "Q", (0, (1 << 64) - 16)),
                ("stack-size", 32, "I", (0, 1, U32)),
                ("stack-rva", 36, "I", (0, 16, end - 1, end, end + 100, U32)),
                ("context-size", 40, "I", (0, 4, 100, size - 1, size + 1, size + 100, 0x10000, U32)),
                ("context-rva", 44, "I", (0, 16, 31, rva + 1, end - 100, end, end + 100, U32)),
            ):
                for value in values:
                    yield "thread%d-%s-%x" % (index, name, value), image.poke(at + where, fmt, value)
            yield "thread%d-failed" % index, image.put(at + 16, b"\0" * 24).poke(at + 44, "I", 0).poke(16, "I", 4)
            if rva >= 32 and rva + 64 <= end:
                yield "thread%d-context-zeroed" % index, image.put(rva, b"\0" * min(size, end - rva))
                for flags in (0, 0x10001, 0x1003F, 0x100001, 0x10001F, 0x10005F, 0x400007, U32):
                    yield "thread%d-context-flags-%x" % (index, flags), image.poke(rva + 0x30, "I", flags).poke(rva, "I", flags)
        first, second = entry.rva + 4, entry.rva + 4 + 48 * (1 % count)
        yield "threads-reversed", image.put(first, b"".join(image.data[first + 48 * i : first + 48 * i + 48] for i in reversed(range(count))))
        yield "threads-same", image.put(second, image.data[first : first + 48])
    entry = image.find(THREAD_INFO)
    if entry and entry.size >= 12 + 64:
        head, step, count = struct.unpack_from("<III", image.data, entry.rva)
        for index in sorted({0, count - 1}):
            at = entry.rva + head + step * index
            for flags in (1, 2, 4, 8, 0x10, 0x20, 0x3F, 0x40, 9, 5, 0x14, U32):
                for name, error in (("", 0), ("-ntstatus", 0xD0000022), ("-win32", 0x80070005), ("-other", 0x80004005)):
                    yield "thread-info%d-flags-%x%s" % (index, flags, name), image.poke(at + 4, "II", flags, error)
            for value in (0, 0x9999, image.u32(entry.rva + head)):
                yield "thread-info%d-id-%x" % (index, value), image.poke(at, "I", value)
            for where in (16, 24, 32, 40, 48, 56):
                for value in (0, 1, (1 << 64) - 1, 0x7FFFFFFFFFFFFFFF, 0x1D5A0B0C0D0E0F0):
                    yield "thread-info%d-at%d-%x" % (index, where, value), image.poke(at + where, "Q", value)
            yield "thread-info%d-exit" % index, image.poke(at + 12, "I", 0)
        rows = [image.data[entry.rva + head + step * i :][:step] for i in range(count)]
        for name, order in (
            ("missing-first", rows[1:]),
            ("missing-last", rows[:-1]),
            ("reversed", rows[::-1]),
            ("doubled", rows + rows),
            ("first-twice", rows[:1] + rows),
        ):
            yield "thread-info-" + name, image.replace(entry, struct.pack("<III", 12, step, len(order)) + b"".join(order))


def modules(image: Image) -> Iterator[Tuple[str, Image]]:
    """Loaded and unloaded modules."""
    entry, end = image.find(MODULES), len(image.data)
    if entry and entry.size >= 4 + 108:
        count = image.u32(entry.rva)
        names = [
            image.append(string(t))
            for t in ("", "x", "C:\\a b\\c-d.e.dll", "/usr/lib/libc.so.6", "\u202e\u0007<b>&amp;.dll", "n" * 300, "C:\\demo\\target.exe")
        ]
        for index in sorted({0, 1 % count, count - 1}):
            at = entry.rva + 4 + 108 * index
            for name, where, fmt, values in (
                ("base", 0, "Q", (0, 1, 0x10000, image.u64(entry.rva + 4), image.u64(entry.rva + 4) + 0x1000, (1 << 64) - 0x10000, (1 << 64) - 1)),
                ("size", 8, "I", (0, 1, U32)),
                ("checksum", 12, "I", (0, U32)),
                ("time", 16, "I", (0, U32)),
                ("name", 20, "I", (0, 16, 31, end - 3, end - 4, end, end + 100, U32)),
                ("cv-rva", 80, "I", (0, 16, end, U32)),
                ("cv-size", 76, "I", (0, 4, U32)),
                ("reserved", 92, "Q", (0, 1, 0x1FFFF, 1 << 32, (1 << 64) - 1)),
                ("version", 24, "I", (0,)),
            ):
                for value in values:
                    yield "module%d-%s-%x" % (index, name, value), image.poke(at + where, fmt, value)
            for number, (longer, rva) in enumerate(names):
                yield "module%d-named-%d" % (index, number), longer.poke(at + 20, "I", rva)
            rva = image.u32(at + 20)
            for length in (0, 1, 3, 4096, end, 0x7FFFFFFF, U32):
                yield "module%d-name-length-%x" % (index, length), image.poke(rva, "I", length)
        first = entry.rva + 4
        yield "modules-same", image.put(first + 108 * (1 % count), image.data[first : first + 108])
        yield "modules-reversed", image.put(first, b"".join(image.data[first + 108 * i : first + 108 * i + 108] for i in reversed(range(count))))
    entry = image.find(UNLOADED)
    if entry and entry.size >= 12 + 24:
        head = image.u32(entry.rva)
        for name, where, fmt, values in (
            ("base", 0, "Q", (0, (1 << 64) - 1)),
            ("size", 8, "I", (0, U32)),
            ("name", 20, "I", (0, 16, 20, 31, end - 3, end, U32)),
        ):
            for value in values:
                yield "unloaded-%s-%x" % (name, value), image.poke(entry.rva + head + where, fmt, value)


def memory(image: Image) -> Iterator[Tuple[str, Image]]:
    """Memory ranges and the region list."""
    end = len(image.data)
    entry = image.find(MEMORY)
    if entry and image.u32(entry.rva) >= 2:
        count = image.u32(entry.rva)
        rows = [struct.unpack_from("<QII", image.data, entry.rva + 4 + 16 * i) for i in range(count)]
        first, second, last = rows[0], rows[1], rows[-1]

        place = entry

        def laid(*ranges: Tuple[int, int, int]) -> Image:
            return image.replace(
                place, struct.pack("<I", len(ranges)) + b"".join(struct.pack("<QII", s & ((1 << 64) - 1), z & U32, r & U32) for s, z, r in ranges)
            )

        yield "ranges-reversed", laid(*rows[::-1])
        yield "ranges-sorted", laid(*sorted(rows))
        yield "ranges-doubled", laid(*rows, *rows)
        yield "ranges-one", laid(first)
        yield "ranges-overlap", laid(*rows, (first[0] + 0x10, first[1], second[2]))
        yield "ranges-overlap-before", laid((first[0] - 0x10, 0x20, second[2]), *rows)
        yield "ranges-inside", laid(*rows, (first[0] + 0x10, 8, second[2]))
        yield "ranges-around", laid((first[0] - 8, first[1] + 16, second[2]), *rows)
        yield "ranges-adjacent", laid(*rows, (first[0] + first[1], 0x20, second[2]))
        yield "ranges-adjacent-first", laid((first[0] + first[1], 0x20, second[2]), *rows)
        yield "ranges-split", laid((0x10000, 0x10, first[2]), (0x10010, 0x10, first[2] + 16), (0x10020, 0x10, first[2] + 32))
        yield "ranges-zero-size", laid((first[0], 0, first[2]), *rows[1:])
        yield "ranges-zero-size-more", laid(*rows, (0x5000, 0, 0))
        yield "ranges-at-0", laid((0, 0x10, first[2]), *rows[1:])
        yield "ranges-at-top", laid(*rows[1:], ((1 << 64) - 0x10, 0x10, first[2]))
        yield "ranges-wrap", laid(*rows[1:], ((1 << 64) - 0x10, 0x40, first[2]))
        yield "ranges-noncanonical", laid(*rows, (0x0001000000000000, 0x40, first[2]))
        yield "ranges-kernel", laid(*rows, (0xFFFFF80000000000, 0x40, first[2]))
        for name, row in (
            ("rva-0", (first[0], first[1], 0)),
            ("rva-16", (first[0], first[1], 16)),
            ("rva-end", (first[0], first[1], end)),
            ("partly", (first[0], first[1], end - 8)),
            ("beyond", (first[0], first[1], end + 4096)),
            ("huge", (first[0], 0x7FFFFFFF, first[2])),
            ("all", (first[0], U32, first[2])),
            ("rva-all", (first[0], first[1], U32)),
        ):
            yield "range-first-" + name, laid(row, *rows[1:])
            yield "range-last-" + name, laid(*rows[:-1], (last[0], row[1] if row[1] != first[1] else last[1], row[2] if row[2] != first[2] else last[2]))
        yield "ranges-same-place", laid((0x10000, 0x1000, 0x20), (0x20000, 0x1000, 0x20))
        page = b"\x07\0\0\0" + struct.pack("<Q", 0x123456789) + b"\0" * 4084
        longer, rva = image.append(page)
        yield (
            "ranges-user-data-page",
            longer.replace(entry, struct.pack("<I", count + 1) + b"".join(struct.pack("<QII", *r) for r in rows) + struct.pack("<QII", 0x7FFE0000, 4096, rva)),
        )
        teb = image.find(THREADS)
        if teb:
            address = image.u64(teb.rva + 4 + 16)
            raw = bytearray(4096)
            struct.pack_into("<QQ", raw, 0x30, address, 0)
            struct.pack_into("<QQ", raw, 0x40, 0x20, image.u32(teb.rva + 4))
            struct.pack_into("<Q", raw, 0x60, 0x7FFDF000)
            longer, rva = image.append(bytes(raw))
            for size in (4096, 0x68, 0x60, 0x38):
                yield (
                    "ranges-teb-%x" % size,
                    longer.replace(
                        entry, struct.pack("<I", count + 1) + b"".join(struct.pack("<QII", *r) for r in rows) + struct.pack("<QII", address, size, rva)
                    ),
                )
            struct.pack_into("<Q", raw, 0x30, 0x1234)
            longer, rva = image.append(bytes(raw))
            yield (
                "ranges-teb-not-itself",
                longer.replace(entry, struct.pack("<I", count + 1) + b"".join(struct.pack("<QII", *r) for r in rows) + struct.pack("<QII", address, 4096, rva)),
            )
    entry = image.find(MEMORY64)
    if entry and image.u64(entry.rva) >= 2:
        at = entry.rva + 16
        start, size = struct.unpack_from("<QQ", image.data, at)
        rows64 = [image.data[at + 16 * i : at + 16 * i + 16] for i in range(image.u64(entry.rva))]
        yield "memory64-reversed", image.put(at, b"".join(rows64[::-1]))
        for name, where, value in (
            ("start-0", 0, 0),
            ("start-overlap", 16, start + 8),
            ("start-same", 16, start),
            ("start-adjacent", 16, start + size),
            ("start-top", 0, (1 << 64) - 16),
            ("size-0", 8, 0),
            ("size-plus", 8, size + 8),
            ("size-minus", 8, size - 8),
            ("size-2^32", 8, size + (1 << 32)),
            ("size-2^63", 8, 1 << 63),
            ("size-all", 8, (1 << 64) - 1),
            ("last-size-plus-1", 16 * len(rows64) - 8, 1 + struct.unpack_from("<Q", rows64[-1], 8)[0]),
        ):
            yield "memory64-" + name, image.poke(at + where, "Q", value)
    entry = image.find(MEMORY_INFO)
    if entry and entry.size >= 16 + 48 * 4:
        head, step, number = struct.unpack_from("<IIQ", image.data, entry.rva)
        rows16 = [image.data[entry.rva + head + step * i :][:step] for i in range(number)]

        def regions(name: str, rows: Sequence[bytes]) -> Tuple[str, Image]:
            return "regions-" + name, image.replace(entry, struct.pack("<IIQ", 16, 48, len(rows)) + b"".join(rows))

        def changed(row: bytes, where: int, fmt: str, value: int) -> bytes:
            raw = bytearray(row)
            struct.pack_into("<" + fmt, raw, where, value)
            return bytes(raw)

        middle = len(rows16) // 2
        yield regions("gap", rows16[:middle] + rows16[middle + 2 :])
        yield regions("gap-first", rows16[1:])
        yield regions("gap-last", rows16[:-1])
        yield regions("one", rows16[middle : middle + 1])
        yield regions("reversed", rows16[::-1])
        yield regions("swapped", rows16[:2] + [rows16[3], rows16[2]] + rows16[4:])
        yield regions("last-first", rows16[-1:] + rows16[:-1])
        yield regions("doubled", rows16[:3] + rows16[2:])
        yield regions("twice", rows16 + rows16)
        for name, where, fmt, values in (
            ("base", 0, "Q", (0, 0x123, (1 << 64) - 0x1000)),
            ("size", 24, "Q", (0, 1, 0x1000, 0x100000, 1 << 48, (1 << 64) - 1)),
            ("state", 32, "I", (0, 0x2000, 0x10000, U32)),
            ("protect", 36, "I", (0, 0x104, U32)),
            ("type", 40, "I", (0, U32)),
            ("allocation", 8, "Q", (0, (1 << 64) - 1)),
            ("allocation-protect", 16, "I", (0, U32)),
        ):
            for value in values:
                for index in (0, 2, len(rows16) - 1):
                    yield regions("%s%d-%x" % (name, index, value), rows16[:index] + [changed(rows16[index], where, fmt, value)] + rows16[index + 1 :])


def handles(image: Image) -> Iterator[Tuple[str, Image]]:
    """The handle table and its object information."""
    entry, end = image.find(HANDLES), len(image.data)
    if not entry or entry.size < 16 + 32 * 2:
        return
    head, step, count = struct.unpack_from("<III", image.data, entry.rva)
    rows = [image.data[entry.rva + head + step * i :][:step] for i in range(count)]

    def table(name: str, new: Sequence[bytes], step: int = step, base: Image = image) -> Tuple[str, Image]:
        return "handles-" + name, base.replace(entry, struct.pack("<4I", 16, step, len(new), 0) + b"".join(new))

    def handle(row: bytes, value: int) -> bytes:
        return struct.pack("<Q", value) + row[8:]

    yield table("reversed", rows[::-1])
    yield table("doubled", rows + rows)
    yield table("duplicate", rows[:2] + [handle(rows[2], struct.unpack_from("<Q", rows[0])[0])] + rows[2:])
    yield table("shuffled", random.Random(7).sample(rows, len(rows)))
    for value in (0, 1, 3, 5, 7, 0xFFFC, 0x10000, U32 - 3, 1 << 32, (1 << 32) + 4, (1 << 63), (1 << 64) - 4):
        yield table("first-%x" % value, [handle(rows[0], value)] + rows[1:])
        yield table("last-%x" % value, rows[:-1] + [handle(rows[-1], value)])
    odd, odd_rva = image.append(struct.pack("<I", 7) + "Event".encode("utf-16-le") + b"\0\0")
    bare, bare_rva = image.append(struct.pack("<I", 8) + "File".encode("utf-16-le"))
    none, none_rva = image.append(struct.pack("<I", 8) + "File\0".encode("utf-16-le")[:8] + b"A\0B\0\0\0")
    wide, wide_rva = image.append(string("\\a\u00e9\u20ac\u202e<b>&\"'\n\t\x1b\0z\ud83d"[:-1]))
    long, long_rva = image.append(string("\\" + "n" * 5000))
    empty, empty_rva = image.append(struct.pack("<I", 0))
    zero, zero_rva = image.append(struct.pack("<I", 0) + b"A\0\0\0")
    huge, huge_rva = image.append(struct.pack("<I", 0x7FFFFFFE) + b"A\0\0\0")
    past, past_rva = image.append(struct.pack("<I", 100) + b"A\0B\0")
    inner, inner_rva = image.append(string("ab\0cd"))
    for number in (0, 1, 2):
        at = entry.rva + head + step * number
        for field, where in (("type", 8), ("name", 12)):
            for value in (0, 4, 16, 28, 31, 32, 33, end - 5, end - 4, end - 3, end - 2, end - 1, end, end + 1, end + 100, U32 - 3, U32):
                yield "handle%d-%s-%x" % (number, field, value), image.poke(at + where, "I", value)
            for name, base, rva in (
                ("odd", odd, odd_rva),
                ("bare", bare, bare_rva),
                ("no-end", none, none_rva),
                ("wide", wide, wide_rva),
                ("long", long, long_rva),
                ("empty", empty, empty_rva),
                ("zero", zero, zero_rva),
                ("huge", huge, huge_rva),
                ("past", past, past_rva),
                ("inner-nul", inner, inner_rva),
            ):
                yield "handle%d-%s-%s" % (number, field, name), base.poke(at + where, "I", rva)
        for where in (16, 20, 24, 28):
            yield "handle%d-at%d" % (number, where), image.poke(at + where, "I", 0xFFFFFFFE)
        if step >= 40:
            for value in (4, 16, 31, 32, end - 13, end - 12, end - 8, end - 1, end, end + 100, U32):
                yield "handle%d-info-%x" % (number, value), image.poke(at + 32, "I", value)
            yield "handle%d-reserved" % number, image.poke(at + 36, "I", U32)
            sizes = {1: 48, 2: 8, 3: 16, 4: 48, 5: 64, 6: 8, 7: 24, 8: 8}
            for kind, right in sizes.items():
                for size in (right, 0, right - 1, right - 4, right + 1, right + 8, right // 2 + 4, 28, 24, 16, 32):
                    base, rva = image.append(struct.pack("<III", 0, kind, size) + bytes(range(1, size + 1)))
                    yield "handle%d-object%d-%d" % (number, kind, size), base.poke(at + 32, "I", rva)
                base, rva = image.append(struct.pack("<III", 0, kind, right) + b"\1" * (right - 1))
                yield "handle%d-object%d-cut" % (number, kind), base.poke(at + 32, "I", rva)
            for name, blocks in (
                ("loop", [(-1, 6, 8)]),
                ("unknown", [(0, 99, 8)]),
                ("none", [(0, 0, 0)]),
                ("two", [(1, 2, 8), (0, 3, 16)]),
                ("same-twice", [(1, 6, 8), (0, 6, 8)]),
                ("bad-then-good", [(1, 6, 4), (0, 6, 8)]),
                ("good-then-beyond", [(-2, 6, 8)]),
                ("unknown-then-good", [(1, 99, 8), (0, 6, 8)]),
                ("beyond-wanted-after", [(1, 6, 8), (-2, 2, 8)]),
                ("wrong-size-then-good", [(1, 6, 12), (0, 6, 8)]),
                ("loop-wanted-before", [(1, 6, 8), (-1, 2, 8)]),
                ("huge-then-good", [(1, 2, U32), (0, 6, 8)]),
            ):
                start = -(-len(image.data) // 4) * 4
                places = [start + 96 * i for i in range(len(blocks))]
                raw = b""
                for i, (after, kind, size) in enumerate(blocks):
                    link = 0 if after == 0 else places[0] if after == -1 else end + 0x10000 if after == -2 else places[i + 1]
                    raw += (struct.pack("<III", link, kind, size) + bytes((i * 16 + k + 1) % 256 for k in range(min(size, 84)))).ljust(96, b"\0")
                base, rva = image.append(raw)
                yield "handle%d-chain-%s" % (number, name), base.poke(at + 32, "I", rva)

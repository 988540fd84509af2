"""Lists of records: handles, threads, modules, regions, ranges."""

from __future__ import annotations

import importlib
import mmap
import struct
from typing import Any, Callable, Dict, Iterator, Tuple

from .basis import KEPT, PAGE, full_ranges, mapped, work

# -- handles ---------------------------------------------------------------------------------------------------------------


def _bare_handles(data: mmap.mmap, rva: int) -> Iterator[Tuple[Any, ...]]:
    """The barest generator of handles: plain tuples, texts cached by RVA."""
    header, stride, count, _ = struct.unpack_from("<IIII", data, rva)
    length = struct.Struct("<I").unpack_from
    cache: Dict[int, str] = {0: ""}
    first = rva + header
    step = 1600
    for low in range(0, count, step):
        block = data[first + low * stride : first + min(count, low + step) * stride]
        for handle, kind, name, attributes, access, handles, pointers, info in struct.iter_unpack("<QIIIIIII4x", block):
            kind_text = cache.get(kind)
            if kind_text is None:
                kind_text = cache[kind] = data[kind + 4 : kind + 4 + length(data, kind)[0]].decode("utf-16-le")
            name_text = cache.get(name)
            if name_text is None:
                name_text = data[name + 4 : name + 4 + length(data, name)[0]].decode("utf-16-le")
                if len(cache) < 65536:
                    cache[name] = name_text
            yield handle, kind_text, name_text, attributes, access, handles, pointers, info


@work
def handles_floor(path: str) -> Callable[[], Any]:
    def run() -> Any:
        data, streams = mapped(path)
        total = count = 0
        for row in _bare_handles(data, streams[12][0]):
            count += 1
            total += len(row[1]) + len(row[2])
        return count, total

    return run


@work
def handles_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    importlib.import_module("dumpscope.dump.streams.handles")

    def run() -> Any:
        total = count = 0
        with Minidump.open(path) as dump:
            for handle in dump.handles:
                count += 1
                total += len(handle.type) + len(handle.name)
        return count, total

    return run


@work
def handles_minidump(path: str) -> Callable[[], Any]:
    from minidump.minidumpfile import MinidumpFile

    def run() -> Any:
        handles = MinidumpFile.parse(path).handles.handles
        return len(handles), sum(len(handle.TypeName) + len(handle.ObjectName) for handle in handles)

    return run


# -- threads ---------------------------------------------------------------------------------------------------------------

_REGISTERS = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{number}" for number in range(8, 16)), "rip")


@work
def threads_floor(path: str) -> Callable[[], Any]:
    def run() -> Any:
        data, streams = mapped(path)
        rva, _ = streams[3]
        count = struct.unpack_from("<I", data, rva)[0]
        registers = struct.Struct("<17Q").unpack_from
        total = 0
        for row in struct.iter_unpack("<IIIIQQIIII", data[rva + 4 : rva + 4 + 48 * count]):
            values = dict(zip(_REGISTERS, registers(data, row[9] + 0x78)))
            total += values["rip"] + values["rax"]
        return count, total

    return run


@work
def threads_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    for name in ("streams.threads", "contexts", "streams.system", "streams.misc"):
        importlib.import_module(f"dumpscope.dump.{name}")

    def run() -> Any:
        total = count = 0
        with Minidump.open(path) as dump:
            for thread in dump.threads:
                values = dump.registers(thread).values
                total += values["rip"] + values["rax"]
                count += 1
        return count, total

    return run


@work
def threads_udmp(path: str) -> Callable[[], Any]:
    import udmp_parser

    def run() -> Any:
        parser = udmp_parser.UserDumpParser()
        parser.Parse(path)
        found = parser.Threads()
        total = 0
        for thread in found.values():
            context = thread.Context
            total += context.Rip + context.Rax
        return len(found), total

    return run


# -- modules ---------------------------------------------------------------------------------------------------------------


@work
def modules_floor(path: str) -> Callable[[], Any]:
    def run() -> Any:
        data, streams = mapped(path)
        rva, _ = streams[4]
        count = struct.unpack_from("<I", data, rva)[0]
        total = 0
        for base, size, _check, _stamp, name in struct.iter_unpack("<QIIII84x", data[rva + 4 : rva + 4 + 108 * count]):
            text = data[name + 4 : name + 4 + int.from_bytes(data[name : name + 4], "little")].decode("utf-16-le")
            total += len(text) + base + size
        return count, total

    return run


@work
def modules_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    importlib.import_module("dumpscope.dump.streams.modules")

    def run() -> Any:
        with Minidump.open(path) as dump:
            return len(dump.modules), sum(len(module.path) + module.base + module.size for module in dump.modules)

    return run


@work
def modules_minidump(path: str) -> Callable[[], Any]:
    from minidump.minidumpfile import MinidumpFile

    def run() -> Any:
        modules = MinidumpFile.parse(path).modules.modules
        return len(modules), sum(len(module.name) + module.baseaddress + module.size for module in modules)

    return run


@work
def modules_udmp(path: str) -> Callable[[], Any]:
    import udmp_parser

    def run() -> Any:
        parser = udmp_parser.UserDumpParser()
        parser.Parse(path)
        found = parser.Modules().values()
        return len(found), sum(len(module.ModuleName) + module.BaseOfImage + module.SizeOfImage for module in found)

    return run


# -- regions and ranges ----------------------------------------------------------------------------------------------------


@work
def regions_floor(path: str) -> Callable[[], Any]:
    def run() -> Any:
        data, streams = mapped(path)
        rva, _ = streams[16]
        count = struct.unpack_from("<Q", data, rva + 8)[0]
        total = 0
        for _base, _allocation, _initial, size, state, _protect, _kind in struct.iter_unpack("<QQI4xQIII4x", data[rva + 16 : rva + 16 + 48 * count]):
            total += size + state
        return count, total

    return run


@work
def regions_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    importlib.import_module("dumpscope.dump.streams.memory")

    def run() -> Any:
        total = count = 0
        with Minidump.open(path) as dump:
            for region in dump.regions:
                total += region.size + region.state
                count += 1
        return count, total

    return run


@work
def regions_minidump(path: str) -> Callable[[], Any]:
    from minidump.minidumpfile import MinidumpFile

    def run() -> Any:
        infos = MinidumpFile.parse(path).memory_info.infos
        return len(infos), sum(info.RegionSize + info.State.value for info in infos)

    return run


@work
def regions_udmp(path: str) -> Callable[[], Any]:
    import udmp_parser

    def run() -> Any:
        parser = udmp_parser.UserDumpParser()
        parser.Parse(path)
        blocks = parser.Memory()
        return len(blocks), sum(block.RegionSize + block.State for block in blocks.values())

    return run


def _middle_region(path: str) -> int:
    data, streams = mapped(path)
    rva, _ = streams[16]
    count: int = struct.unpack_from("<Q", data, rva + 8)[0]
    base: int = struct.unpack_from("<Q", data, rva + 16 + 48 * (count * 2 // 3))[0]
    return base + 1


@work
def region_at_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    importlib.import_module("dumpscope.dump.streams.memory")
    address = _middle_region(path)

    def run() -> Any:
        with Minidump.open(path) as dump:
            region = dump.regions.at(address)
            return None if region is None else (region.base, region.size)

    return run


@work
def region_at_udmp(path: str) -> Callable[[], Any]:
    import udmp_parser

    address = _middle_region(path)

    def run() -> Any:
        parser = udmp_parser.UserDumpParser()
        parser.Parse(path)
        block = parser.GetMemoryBlock(address)
        KEPT.append(block)  # release 0.7.0 frees it twice when it goes
        return block.BaseAddress, block.RegionSize

    return run


@work
def range_at_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump

    importlib.import_module("dumpscope.dump.streams.memory")
    starts, _ = full_ranges(path)
    address = starts[len(starts) * 2 // 3]

    def run() -> Any:
        with Minidump.open(path) as dump:
            return len(dump.memory.read(address, PAGE))

    return run


@work
def range_at_udmp(path: str) -> Callable[[], Any]:
    import udmp_parser

    starts, _ = full_ranges(path)
    address = starts[len(starts) * 2 // 3]

    def run() -> Any:
        parser = udmp_parser.UserDumpParser()
        parser.Parse(path)
        return len(parser.ReadMemory(address, PAGE))

    return run

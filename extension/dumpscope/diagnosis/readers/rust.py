"""rust-minidump: ``minidump-stackwalk``. From rust-minidump/rust-minidump minidump/src/minidump.rs and minidump-processor."""

from __future__ import annotations

from typing import Dict

from .verdict import ENTRY_SIZE, HEADER_SIZE, SIGNATURE, VERSION, Entry, File, Reader, refuse

THREADS, SYSTEM_INFO = 3, 7


def check(file: File) -> None:
    """Header and directory; of two streams of one type the later counts; SystemInfoStream and ThreadListStream must be readable."""
    if file.size < HEADER_SIZE:
        refuse("RUST01", "the file ends within the header", "file size", file.size, None)
    if file.u32(0) != SIGNATURE:
        file = file.swapped()
        if file.u32(0) != SIGNATURE:
            refuse("RUST02", "the signature is not MDMP, in neither byte order", "Signature", file.u32(0), 0)
    version = file.u32(4) & 0xFFFF
    if version != VERSION:
        refuse("RUST03", "the low half of Version is not 0xa793", "Version", version, 4)
    count, rva = file.u32(8), file.u32(12)
    if not file.have(rva, count * ENTRY_SIZE):
        refuse("RUST04", "the directory reaches beyond the end of the file", "NumberOfStreams", count, 8)
    streams: Dict[int, Entry] = {entry.type: entry for entry in file.entries(count, rva)}
    threads, system = streams.get(THREADS), streams.get(SYSTEM_INFO)
    if system is None or not file.have(system.rva, system.size) or system.size < 56:
        refuse("RUST05", "SystemInfoStream is not there, or is not in the file, or has fewer than 56 bytes", "SystemInfoStream",
               "none" if system is None else f"0x{system.size:x}", None if system is None else system.at)  # fmt: skip
    if threads is None or not file.have(threads.rva, threads.size) or threads.size < 4:
        refuse("RUST06", "ThreadListStream is not there, or is not in the file", "ThreadListStream",
               "none" if threads is None else f"0x{threads.size:x}", None if threads is None else threads.at)  # fmt: skip
    number = file.u32(threads.rva)
    if threads.size not in (4 + 48 * number, 8 + 48 * number):
        refuse("RUST07", "the size of ThreadListStream does not fit its count", "NumberOfThreads", number, threads.rva)


RUST = Reader(
    "rust-minidump", "rust-minidump's minidump-stackwalk", "0.22", "its exit code is 0", "rust-minidump/rust-minidump minidump/src/minidump.rs", False, check
)

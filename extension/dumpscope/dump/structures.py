"""Structures in the process's captured memory (TEB, PEB, process parameters, shared data), read member by member: a part of one
may be missing."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Dict, List, Tuple, Union

from ..format.counted import by_count, counted
from ..format.layout import Scalar, Structure
from ..format.teb import KUSER_SHARED_DATA, KUSER_SHARED_DATA_ADDRESS, ProcessLayout
from .absence import NOT_CAPTURED, NOT_THERE, Absent
from .streams.memory import Memory

Number = Union[int, Absent]
Text = Union[str, Absent]

MAX_HEAPS = 4096
MAX_ENVIRONMENT = 1 << 20
"""Bytes of the environment that are decoded; Windows limits one variable to 64 KiB, and has no limit for all."""


@lru_cache(maxsize=1024)
def _place(structure: Structure, path: str) -> Tuple[int, struct.Struct]:
    """Offset and decoder of a member; arrays give a tuple. Raises KeyError."""
    leaf = structure.leaf(path)
    scalar = leaf.field.type
    assert isinstance(scalar, Scalar)
    return leaf.offset, struct.Struct(f"<{leaf.field.count}{scalar.code}")


class Block:
    """A structure at ``address`` in the process. A member is Absent, with its address, where its bytes are not in the dump.

    ``structure`` is its layout, ``pointer_size`` 4 or 8 bytes, ``memory`` what it is read from.
    """

    def __init__(self, memory: Memory, structure: Structure, address: int, pointer_size: int) -> None:
        self.memory = memory
        self.structure = structure
        self.address = address
        self.pointer_size = pointer_size

    def __repr__(self) -> str:
        return f"<{self.structure.name} at 0x{self.address:x}>"

    def _read(self, path: str) -> Union[Tuple[int, ...], Absent]:
        offset, code = _place(self.structure, path)
        data = self.memory.some(self.address + offset, code.size)
        if len(data) < code.size:
            return Absent(NOT_CAPTURED, f"{self.structure.name}.{path} at 0x{self.address + offset:x} is not in the dump")
        return code.unpack(data)

    def number(self, path: str) -> Union[int, Absent]:
        """A number by its C path. Raises KeyError for a path that the structure does not have."""
        values = self._read(path)
        return values if isinstance(values, Absent) else values[0]

    def numbers(self, path: str) -> Union[Tuple[int, ...], Absent]:
        """An array of numbers by its C path."""
        return self._read(path)

    def place(self, path: str) -> int:
        """Address of a member."""
        return self.address + self.structure.offset_of(path)

    def text(self, path: str, base: int = 0) -> Union[str, Absent]:
        """A UNICODE_STRING by its C path; ``base`` is added to its address. An empty one needs no bytes."""
        length, buffer = self.number(path + ".Length"), self.number(path + ".Buffer")
        if isinstance(length, Absent):
            return length
        if isinstance(buffer, Absent):
            return buffer
        mask = (1 << 8 * self.pointer_size) - 1
        return read_text(self.memory, buffer + base & mask if buffer else 0, length, f"{self.structure.name}.{path}")


def read_text(memory: Memory, address: int, length: int, what: str) -> Union[str, Absent]:
    """``length`` bytes of UTF-16 at ``address``; Absent unless all of them are there."""
    if not length:
        return ""
    held = memory.captured(address, length)  # asked before anything is read: thousands of texts may be cut at the same place
    if not held:
        return Absent(NOT_CAPTURED, f"{what}: the text at 0x{address:x} is not in the dump")
    if held < length:
        return Absent(NOT_CAPTURED, f"{what}: of the text at 0x{address:x}, {held} of its {counted(length, 'byte')} {by_count(held, 'is', 'are')} in the dump")
    return memory.read(address, length & ~1).decode("utf-16-le", "surrogatepass")


class Teb(Block):
    """A thread environment block. Each member is a number, or Absent where it was not captured."""

    def __init__(self, memory: Memory, layout: ProcessLayout, address: int) -> None:
        super().__init__(memory, layout.teb, address, layout.pointer_size)

    @property
    def is_genuine(self) -> bool:
        """Whether the block names itself: its Self member is its address."""
        return self.self_address == self.address

    @property
    def exception_list(self) -> Number:
        """First exception handler (32-bit), or the 32-bit TEB of a WOW64 thread."""
        return self.number("NtTib.ExceptionList")

    @property
    def stack_base(self) -> Number:
        """Highest address of the stack."""
        return self.number("NtTib.StackBase")

    @property
    def stack_limit(self) -> Number:
        """Lowest committed address of the stack."""
        return self.number("NtTib.StackLimit")

    @property
    def sub_system_tib(self) -> Number:
        """SubSystemTib."""
        return self.number("NtTib.SubSystemTib")

    @property
    def fiber_data(self) -> Number:
        """The current fiber."""
        return self.number("NtTib.FiberData")

    @property
    def arbitrary_user_pointer(self) -> Number:
        """ArbitraryUserPointer."""
        return self.number("NtTib.ArbitraryUserPointer")

    @property
    def self_address(self) -> Number:
        """The block's own address, as it says."""
        return self.number("NtTib.Self")

    @property
    def environment_pointer(self) -> Number:
        """EnvironmentPointer."""
        return self.number("EnvironmentPointer")

    @property
    def process_id(self) -> Number:
        """ClientId.UniqueProcess."""
        return self.number("ClientId.UniqueProcess")

    @property
    def thread_id(self) -> Number:
        """ClientId.UniqueThread."""
        return self.number("ClientId.UniqueThread")

    @property
    def rpc_handle(self) -> Number:
        """ActiveRpcHandle."""
        return self.number("ActiveRpcHandle")

    @property
    def tls_pointer(self) -> Number:
        """ThreadLocalStoragePointer: the modules' thread-local data."""
        return self.number("ThreadLocalStoragePointer")

    @property
    def peb(self) -> Number:
        """Address of the PEB."""
        return self.number("ProcessEnvironmentBlock")

    @property
    def last_error(self) -> Number:
        """What GetLastError returns: a Win32 error."""
        return self.number("LastErrorValue")

    @property
    def last_status(self) -> Number:
        """The last NTSTATUS that became an error."""
        return self.number("LastStatusValue")

    @property
    def owned_locks(self) -> Number:
        """How many critical sections the thread owns."""
        return self.number("CountOfOwnedCriticalSections")

    @property
    def hard_error_mode(self) -> Number:
        """HardErrorMode."""
        return self.number("HardErrorMode")

    @property
    def deallocation_stack(self) -> Number:
        """Lowest address of the stack's address space."""
        return self.number("DeallocationStack")

    @property
    def tls_slots(self) -> Union[Tuple[int, ...], Absent]:
        """The 64 TLS slots of the block itself."""
        return self.numbers("TlsSlots")


class Peb(Block):
    """A process environment block. Each member is a number, or Absent where it was not captured."""

    def __init__(self, memory: Memory, layout: ProcessLayout, address: int) -> None:
        super().__init__(memory, layout.peb, address, layout.pointer_size)

    @property
    def being_debugged(self) -> Union[bool, Absent]:
        """Whether a debugger was attached, as IsDebuggerPresent would say."""
        value = self.number("BeingDebugged")
        return value if isinstance(value, Absent) else bool(value)

    @property
    def bit_field(self) -> Number:
        """What kind of process it is (PEB_BIT_FIELD)."""
        return self.number("BitField")

    @property
    def image_base(self) -> Number:
        """Where the program is loaded."""
        return self.number("ImageBaseAddress")

    @property
    def ldr(self) -> Number:
        """Address of the loader's lists."""
        return self.number("Ldr")

    @property
    def parameters(self) -> Number:
        """Address of the process parameters."""
        return self.number("ProcessParameters")

    @property
    def process_heap(self) -> Number:
        """Address of the default heap."""
        return self.number("ProcessHeap")

    @property
    def processors(self) -> Number:
        """Number of processors."""
        return self.number("NumberOfProcessors")

    @property
    def nt_global_flag(self) -> Number:
        """Debugging aids that are on (NT_GLOBAL_FLAG)."""
        return self.number("NtGlobalFlag")

    @property
    def session_id(self) -> Number:
        """The session."""
        return self.number("SessionId")

    @property
    def subsystem(self) -> Number:
        """2 windows, 3 console."""
        return self.number("ImageSubsystem")

    @property
    def os_version(self) -> Union[Tuple[int, int, int], Absent]:
        """Major, minor and build as the program sees them."""
        major, minor, build = self.number("OSMajorVersion"), self.number("OSMinorVersion"), self.number("OSBuildNumber")
        if isinstance(major, Absent):
            return major
        if isinstance(minor, Absent):
            return minor
        return build if isinstance(build, Absent) else (major, minor, build)

    @property
    def heaps(self) -> Union[List[int], Absent]:
        """Addresses of all heaps, MAX_HEAPS at the most."""
        count, table = self.number("NumberOfHeaps"), self.number("ProcessHeaps")
        if isinstance(count, Absent):
            return count
        if isinstance(table, Absent):
            return table
        size = min(count, MAX_HEAPS) * self.pointer_size
        data = self.memory.some(table, size)
        if len(data) < size:
            return Absent(NOT_CAPTURED, f"the table of {counted(count, 'heap')} at 0x{table:x} is not in the dump")
        word = self.pointer_size
        return [int.from_bytes(data[at : at + word], "little") for at in range(0, size, word)]


class Parameters(Block):
    """RTL_USER_PROCESS_PARAMETERS: what the process was started with."""

    def __init__(self, memory: Memory, layout: ProcessLayout, address: int) -> None:
        super().__init__(memory, layout.parameters, address, layout.pointer_size)

    def string(self, path: str) -> Text:
        """A string by its C path. Before they are normalised, strings have offsets for addresses."""
        flags = self.number("Flags")
        normalised = isinstance(flags, Absent) or bool(flags & 1)
        return self.text(path, 0 if normalised else self.address)

    @property
    def command_line(self) -> Text:
        """The command line."""
        return self.string("CommandLine")

    @property
    def image_path(self) -> Text:
        """Path of the program."""
        return self.string("ImagePathName")

    @property
    def current_directory(self) -> Text:
        """The current directory."""
        return self.string("CurrentDirectory.DosPath")

    @property
    def dll_path(self) -> Text:
        """Where DLLs are looked for."""
        return self.string("DllPath")

    @property
    def window_title(self) -> Text:
        """Title of the first window."""
        return self.string("WindowTitle")

    @property
    def desktop(self) -> Text:
        """Window station and desktop."""
        return self.string("DesktopInfo")

    @property
    def standard_handles(self) -> Tuple[Number, Number, Number]:
        """Handles of standard input, output and error."""
        return self.number("StandardInput"), self.number("StandardOutput"), self.number("StandardError")

    @property
    def environment(self) -> Union[Dict[str, str], Absent]:
        """The variables in their order; the first of a name wins. The hidden ones (``=C:``) are there too."""
        address, size = self.number("Environment"), self.number("EnvironmentSize")
        if isinstance(address, Absent):
            return address
        if not address:
            return Absent(NOT_THERE, "the process has no environment")
        limit = size if isinstance(size, int) and 0 < size <= MAX_ENVIRONMENT else MAX_ENVIRONMENT
        data = self.memory.some(address, limit)
        if not data:
            return Absent(NOT_CAPTURED, f"the environment at 0x{address:x} is not in the dump")
        return _variables(data[: len(data) & ~1].decode("utf-16-le", "surrogatepass"))


def _variables(text: str) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for entry in text.split("\0\0", 1)[0].split("\0"):
        position = entry.find("=", 1)  # a hidden variable's name begins with one
        if position > 0:
            found.setdefault(entry[:position], entry[position + 1 :])
    return found


class SharedData(Block):
    """KUSER_SHARED_DATA: the page shared with the kernel."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory, KUSER_SHARED_DATA, KUSER_SHARED_DATA_ADDRESS, 8)

    def time(self, path: str) -> Number:
        """A KSYSTEM_TIME as one number, in 100 ns."""
        low, high = self.number(path + ".LowPart"), self.number(path + ".High1Time")
        if isinstance(low, Absent):
            return low
        return high if isinstance(high, Absent) else (high << 32) + low

    @property
    def uptime(self) -> Number:
        """Time since the machine started, in 100 ns."""
        return self.time("InterruptTime")

    @property
    def system_time(self) -> Number:
        """Time of day, in 100 ns since 1601 UTC."""
        return self.time("SystemTime")

    @property
    def build(self) -> Number:
        """Build of Windows."""
        return self.number("NtBuildNumber")

"""What a sample is, and the list of all of them.

A sample's facts are what tests compare a reader with. Keys in use:
  streams        stream types in directory order, unused entries left out
  missing        stream types a reader should find absent
  flags, writer_version, checksum, timestamp    header fields
  arch, bits, pid, build, csd, command_line
  threads        thread ids in order                 thread_names   {id: name}
  teb            {id: address}                       dump_flags     {id: ThreadInfo.DumpFlags}
  last_error     {id: Win32 error}                   last_status    {id: NTSTATUS}
  modules        number of modules                   module_names   first names in order
  debugger_names the modules' names as `lm` has them, in file order
  unloaded       number of unloaded modules          ranges, memory_bytes   captured memory
  handles        number of descriptors               handle         {value: {type, name, access, info}}
  exception      {code, tid, address}                comment        text of a comment stream
  claimed        number of descriptors a lying header claims; engine_handles   what the engine counts
  wow64_eip      {id: x86 instruction pointer behind TLS slot 1}      wow64_last_error   {id: error in the 32-bit TEB}
  truncated_by   bytes that a full dump lacks        magic          first bytes of a file that is no minidump
  rule           short name of what is wrong         handle_cause   1..8, why `!handle` fails or only seems to
  engine         what Microsoft's engine 10.0.15063 does: "opens", "refuses", "no-threads" (opens, but without a
                 current thread), "kernel" (takes it for a kernel dump), "old-user" (for a user dump of the old format); handle_hresult = its answer for handles
"""

from typing import Any, Callable, Dict, NamedTuple, Union

from .writer import DumpBuilder

Facts = Dict[str, Any]
Built = Union[bytes, DumpBuilder]
Builder = Callable[[], Built]


class Sample(NamedTuple):
    """One file: how it is built, what it is, what it shows, its flags and the facts tests rely on."""

    build: Callable[[], bytes]
    title: str
    shows: str
    flags: int
    facts: Facts
    family: str


SAMPLES: Dict[str, Sample] = {}


def sample(name: str, title: str, shows: str, flags: int = 0, **facts: Any) -> Callable[[Builder], Builder]:
    """Register the decorated function as the builder of `name`; it returns bytes or a DumpBuilder."""

    def register(function: Builder) -> Builder:
        if name in SAMPLES:
            raise ValueError("two samples called " + name)

        def build() -> bytes:
            made = function()
            return made if isinstance(made, bytes) else made.build()

        family = function.__module__.rpartition(".")[2]
        SAMPLES[name] = Sample(build, title, shows, flags, dict(facts), family)
        return function

    return register

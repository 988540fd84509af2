"""Dumps with nothing wrong: one per kind of stream, in 32 and 64 bit."""
from . import blocks, process
from .catalogue import sample
from .process import PID
from .recipes import (DBGCORE, DBGENG, DBGHELP_7, DEMO_HANDLES, WINDOWS_7, access_violation, compose, handles, token)
from .writer import DumpBuilder, FunctionTable, Module, Operation, Thread, ThreadInfo

TIDS_64 = [0x1A30, 0x1B44, 0x0C58]
TIDS_32 = [0x1A30, 0x1B44]


@sample("stacks-only", "Flags 0: stacks, modules and nothing else", "what a dump has when nothing was asked for", 0,
        streams=[3, 4, 5, 7, 15, 21, 22], missing=[6, 9, 12, 16, 17], threads=TIDS_64, modules=5, pid=PID,
        arch="amd64", bits=64, build=19045, engine="opens", handle_hresult=0x80004002)
def _stacks_only():
    return compose("threads modules memory system misc counters")


@sample("stacks-only-x86", "Flags 0, 32-bit process", "the same for x86", 0, streams=[3, 4, 5, 7, 15, 21, 22],
        threads=TIDS_32, modules=4, pid=PID, arch="x86", bits=32, engine="opens", handle_hresult=0x80004002)
def _stacks_only_x86():
    return compose("threads modules memory system misc counters", kind="x86")


@sample("everything-small", "Handles, thread times, process data, memory map, tokens, exception", "a rich dump without "
        "full memory: every command has its data", 0x41924,
        streams=[3, 17, 4, 14, 19, 5, 16, 6, 7, 15, 12, 21, 22, 24], threads=TIDS_64, modules=5, unloaded=2,
        handles=DEMO_HANDLES, exception={"code": 0xC0000005, "tid": 0x0C58, "address": 0x7FF6A1B2145C}, pid=PID,
        last_error={0x1A30: 0, 0x1B44: 2, 0x0C58: 87}, last_status={0x1B44: 0xC0000034, 0x0C58: 0xC000000D},
        thread_names={0x1A30: "main", 0x1B44: "worker"}, command_line='"C:\\demo\\demo.exe" --serve 8080',
        engine="opens", handle_hresult=0,
        handle={0x38: {"type": "Mutant", "access": 0x1F0001, "info": [3, 2],
                       "name": "\\Sessions\\1\\BaseNamedObjects\\DemoSingleInstance"}})
def _everything_small():
    return compose("threads info modules unloaded tokens memory meminfo exception system misc handles counters names",
                   0x41924, process_memory=True, shared_data=True, slots=18)

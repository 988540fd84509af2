"""Registers of every processor, extended state, and the 32-bit side of a 64-bit dump."""

import struct

import pytest
from samples.writer import DumpBuilder, Thread

from dumpscope.dump.absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, NOT_KNOWN, NOT_THERE, Absent
from dumpscope.dump.contexts import ip_sp, wow64_registers
from dumpscope.dump.minidump import Minidump
from samples import blocks, process


def dump_with(context, arch="amd64", misc=None, **thread):
    builder = DumpBuilder(arch=arch)
    builder.add_system_info()
    if misc:
        builder.add_misc_info(**misc)
    builder.add_thread_list([Thread(1, 0x7000, context, **thread)])
    return Minidump.open(builder.build())


def registers(context, arch="amd64", misc=None):
    dump = dump_with(context, arch, misc)
    return dump.registers(dump.threads[0])


def test_amd64():
    found = registers(blocks.context_amd64(rip=0x7FF600001234, rsp=0x1000F8, rbp=0x100200, r15=15, dr7=0x400, xmm3=3 << 100))
    assert (found.architecture, found.pointer_size) == ("AMD64", 8)
    assert (found.ip, found.sp, found.fp) == (0x7FF600001234, 0x1000F8, 0x100200)
    assert list(found.values) == ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rip", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]
    assert found["r15"] == 15
    assert found.segments == {"cs": 0x33, "ss": 0x2B, "ds": 0x2B, "es": 0x2B, "fs": 0x53, "gs": 0x2B}
    assert found.debug["dr7"] == 0x400
    assert found["efl"] == found.flags == 0x246
    assert found.flag_words == ["iopl=0", "nv", "up", "ei", "pl", "zr", "na", "po", "nc"]
    assert found.flag_names == ["PF", "ZF", "IF"]
    assert found.vectors["xmm3"] == 3 << 100
    assert len(found.vectors) == 16
    assert found.context_flags == 0x10001F
    with pytest.raises(KeyError):
        found["eax"]


def test_x86():
    found = registers(blocks.context_x86(eip=0x401000, esp=0x12FF00, ebp=0x12FF80, eflags=0x3A97), "x86")
    assert (found.architecture, found.pointer_size, found.ip, found.sp, found.fp) == ("x86", 4, 0x401000, 0x12FF00, 0x12FF80)
    assert list(found.values) == ["eax", "ebx", "ecx", "edx", "esi", "edi", "eip", "esp", "ebp"]
    assert found.flag_words == ["iopl=3", "ov", "up", "ei", "ng", "nz", "ac", "pe", "cy"]
    assert len(found.vectors) == 8


def test_arm_and_arm64():
    arm = registers(blocks.context_arm(pc=0x10001, sp=0x2000, r11=0x2040, lr=7), "arm")
    assert (arm.ip, arm.sp, arm.fp, arm["lr"]) == (0x10001, 0x2000, 0x2040, 7)
    assert arm.flag_words == ["-ZC-"]
    assert arm.segments == {}
    wide = registers(blocks.context_arm64(pc=1 << 40, sp=0x2000, fp=0x2040, x28=28), "arm64")
    assert (wide.ip, wide.sp, wide.fp, wide["x28"]) == (1 << 40, 0x2000, 0x2040, 28)
    assert "psr" not in wide.values
    assert wide["psr"] == wide.flags == 0x60000000
    assert wide.xstate.kind == NOT_APPLICABLE


def test_contexts_of_breakpad():
    arm = registers(blocks.context_breakpad_arm(pc=0x10001, sp=0x2000), "arm")
    assert (arm.ip, arm.sp) == (0x10001, 0x2000)
    assert arm.vectors == {}
    old = registers(blocks.context_breakpad_arm64(pc=1 << 40, sp=0x3000), "breakpad-arm64")
    assert (old.ip, old.sp) == (1 << 40, 0x3000)


def test_extended_state():
    context = blocks.extend(blocks.context_amd64(xmm0=5), ymm_high=[9 << 64] * 16, cet=(1, 0x7FFE0000))
    found = registers(context, misc={"xstate": blocks.XSTATE_FEATURES, "context_size": blocks.XSTATE_CONTEXT_SIZE["amd64"]})
    assert found.xstate.components == [2, 11]
    assert found.xstate.component_names == ["XSTATE_AVX", "XSTATE_CET_U"]
    assert found.ssp == 0x7FFE0000
    assert found.xstate.shadow_stack == (1, 0x7FFE0000)
    assert found.ymm["ymm0"] == 9 << 192 | 5
    assert len(found.ymm) == 16
    assert found.xstate.offset == found.offset + 1232 + 80


def test_extended_state_of_x86():
    misc = {"xstate": blocks.XSTATE_FEATURES, "context_size": blocks.XSTATE_CONTEXT_SIZE["x86"]}
    found = registers(blocks.extend(blocks.context_x86(eip=7), ymm_high=[2] * 16, cet=(1, 0x5000)), "x86", misc)
    assert found.ssp == 0x5000
    assert list(found.ymm) == [f"ymm{index}" for index in range(8)]


def test_avx_is_found_without_miscinfo_and_the_shadow_stack_is_not():
    found = registers(blocks.extend(blocks.context_amd64(), ymm_high=[1] * 16, cet=(1, 2)))
    assert found.ymm["ymm15"] == 1 << 128
    assert "MiscInfo does not say" in found.ssp.message


def test_the_flag_without_extended_state():
    found = registers(blocks.context_amd64(flags=0x10005F))
    assert found.xstate.kind == NOT_THERE
    assert not found.ymm
    assert not found.ssp


def test_component_in_its_initial_state():
    found = registers(blocks.extend(blocks.context_amd64(), cet=(1, 2)), misc={"xstate": blocks.XSTATE_FEATURES})
    assert found.ymm.kind == NOT_THERE
    assert found.ssp == 2


@pytest.mark.parametrize("pair", [(-5000, 400), (0x7FFFFFFF, 400), (80, 8), (80, 0xFFFFFFFF), (0, 400), (-(1 << 31), 0xFFFFFFFF)])
def test_context_ex_that_points_anywhere(pair):
    context = bytearray(blocks.extend(blocks.context_amd64(), ymm_high=[1] * 16))
    struct.pack_into("<iI", context, 1232 + 16, *pair)
    found = registers(bytes(context))
    if pair == (80, 0xFFFFFFFF):
        assert found.xstate.size == len(context) - 1232 - 80
    else:
        assert found.xstate.kind == DAMAGED


def test_offsets_of_features_may_lie():
    context = blocks.extend(blocks.context_amd64(), ymm_high=[1] * 16, cet=(1, 2))
    found = registers(context, misc={"xstate": {2: (0xFFFFFFF0, 0xFFFFFFFF), 11: (3, 16)}})
    assert isinstance(found.ymm, Absent)
    assert isinstance(found.ssp, Absent)


def test_no_context():
    dump = dump_with(b"", location=(1232, 0))
    found = dump.registers(dump.threads[0])
    assert found.kind == NOT_THERE
    assert ip_sp(dump, 0, 0).kind == NOT_THERE


def test_context_outside_the_file_cut_or_too_small():
    for size, rva in ((1232, 0xFFFFFFF0), (1232, 100), (16, 100), (0xFFFFFFFF, 100)):
        found = dump_with(b"", location=(size, rva))
        assert found.registers(found.threads[0]).kind == DAMAGED
        assert ip_sp(found, rva, size).kind == DAMAGED


def test_context_of_another_processor():
    found = registers(blocks.context_amd64(), "x86")
    assert found.kind == DAMAGED
    assert "ContextFlags" in found.message
    assert registers(blocks.context_x86() + bytes(600), "amd64").kind == DAMAGED


def test_unknown_processor_and_no_system_information():
    builder = DumpBuilder()
    builder.add_system_info(architecture=0x63)
    builder.add_thread_list([Thread(1, 0, blocks.context_amd64())])
    dump = Minidump.open(builder.build())
    assert dump.registers(dump.threads[0]).kind == NOT_KNOWN
    builder = DumpBuilder()
    builder.add_thread_list([Thread(1, 0, blocks.context_amd64())])
    dump = Minidump.open(builder.build())
    assert dump.registers(dump.threads[0]).kind == NOT_KNOWN


@pytest.mark.parametrize(
    ("arch", "context"),
    [
        ("amd64", blocks.context_amd64(rip=77, rsp=88)),
        ("x86", blocks.context_x86(eip=77, esp=88)),
        ("arm", blocks.context_arm(pc=77, sp=88)),
        ("arm", blocks.context_breakpad_arm(pc=77, sp=88)),
        ("arm64", blocks.context_arm64(pc=77, sp=88)),
        ("breakpad-arm64", blocks.context_breakpad_arm64(pc=77, sp=88)),
    ],
)
def test_fast_path_agrees(arch, context):
    dump = dump_with(context, arch)
    thread = dump.threads[0]
    assert ip_sp(dump, thread.context_rva, thread.context_size) == (77, 88)
    assert (dump.registers(thread).ip, dump.registers(thread).sp) == (77, 88)


def wow64_dump():
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list(process.threads_wow64())
    process.add_wow64_memory(builder)
    builder.add_memory_list()
    return Minidump.open(builder.build())


def test_wow64():
    dump = wow64_dump()
    for thread, spec in zip(dump.threads, process.WOW_SPECS_32):
        found = wow64_registers(dump, thread)
        assert (found.architecture, found.ip, found.sp) == ("x86", spec.ip, spec.sp)
        assert dump.registers(thread).architecture == "AMD64"
        data = dump.source.some(found.offset, 4)
        assert int.from_bytes(data, "little") == 0x1003F


def test_wow64_where_there_is_none():
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list(process.threads_64())
    process.add_process_memory(builder, process.memory_64(), process.THREADS_64)
    builder.add_memory_list()
    dump = Minidump.open(builder.build())
    assert wow64_registers(dump, dump.threads[0]).kind == NOT_APPLICABLE
    bare = dump_with(blocks.context_amd64())
    assert wow64_registers(bare, bare.threads[0]).kind == NOT_CAPTURED
    narrow = dump_with(blocks.context_x86(), "x86")
    assert wow64_registers(narrow, narrow.threads[0]).kind == NOT_APPLICABLE

"""The table of structures as a whole: everything is described, members overlap in unions only, registers of each processor."""

from __future__ import annotations

from tests.cases import each
from tests.format.test_layout import ALL

from dumpscope.format import catalogue
from dumpscope.format.layout import (
    Scalar,
    Structure,
)

# Described by a word that stands for the 32-bit and the 64-bit form, or for one context of several.
BY_WIDTH = {"CONTEXT", "PEB", "PEB_LDR_DATA", "RTL_USER_PROCESS_PARAMETERS", "RTL_CRITICAL_SECTION"}


@each("name", sorted(ALL))
def test_everything_is_described(name: str) -> None:
    structure = ALL[name]
    assert structure.source
    assert structure.meaning.endswith(".")
    for field in structure.fields:
        assert field.meaning, field.name
        target = field.target[:-2] if field.target.endswith("[]") else field.target
        assert not target or target in ALL or target in BY_WIDTH, field.name
        assert field.at is None or field.at == field.offset, field.name


@each("name", sorted(ALL))
def test_members_overlap_in_unions_only(name: str) -> None:
    unions = {"CPU_INFORMATION", "MINIDUMP_SYSTEM_INFO", "CONTEXT_AMD64"}
    end = 0
    for field in sorted(ALL[name].fields, key=lambda field: field.offset):
        if name not in unions:
            assert field.offset >= end, field.name
        assert isinstance(field.type, (Scalar, Structure))
        end = max(end, field.offset + field.size)
    assert end <= ALL[name].size


def test_a_name_that_is_not_there() -> None:
    assert catalogue.structure("MINIDUMP_NOTHING") is None


def test_registers_of_each_processor() -> None:
    from dumpscope.format.contexts import AMD64_LAYOUT, ARM64_LAYOUT, ARM_LAYOUT, BREAKPAD_ARM64_LAYOUT, BREAKPAD_ARM_LAYOUT, X86_LAYOUT

    expected = {
        X86_LAYOUT: ("eip esp ebp efl", 4, 0x10000, 16),
        AMD64_LAYOUT: ("rip rsp rbp efl", 8, 0x100000, 24),
        ARM_LAYOUT: ("pc sp r11 psr", 4, 0x200000, 17),
        ARM64_LAYOUT: ("pc sp fp psr", 8, 0x400000, 34),
        BREAKPAD_ARM_LAYOUT: ("pc sp r11 psr", 4, 0x40000000, 17),
        BREAKPAD_ARM64_LAYOUT: ("pc sp fp psr", 8, 0x80000000, 34),
    }
    for layout, (special, pointer, family, count) in expected.items():
        assert " ".join(register.name for register in (layout.ip, layout.sp, layout.fp, layout.flags)) == special
        assert (layout.pointer_size, layout.family, len(layout.registers)) == (pointer, family, count)
        for register in layout.registers + layout.debug:
            assert register.path.casefold() in (register.name, "seg" + register.name, "eflags", "cpsr")
            assert layout.structure.leaf(register.path).field.size <= pointer
        for register in (layout.ip, layout.sp, layout.fp):
            assert layout.structure.leaf(register.path).field.size == pointer


def test_debugger_order_of_registers() -> None:
    from dumpscope.format.contexts import AMD64_LAYOUT, X86_LAYOUT

    def names(rows: object) -> str:
        return "/".join(" ".join(register.name for register in row) for row in rows)  # type: ignore[attr-defined]

    assert names(AMD64_LAYOUT.rows) == "rax rbx rcx/rdx rsi rdi/rip rsp rbp/r8 r9 r10/r11 r12 r13/r14 r15"
    assert names(X86_LAYOUT.rows) == "eax ebx ecx edx esi edi/eip esp ebp"
    assert names([AMD64_LAYOUT.segments]) == "cs ss ds es fs gs"

"""The debugger's names of modules: one rule, held against what dbgeng 10.0.15063 answered (tests/engine asks it anew)."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from samples.build import SAMPLES
from samples.writer import DumpBuilder, Module

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.module_names import MOST_NAMED, is_readable, module_names, plain_name
from dumpscope.session.expression import evaluate
from dumpscope.session.session import Session

Row = Tuple[int, str]
SIZE = 0x10000


def named(rows: List[Row], pointer_size: int = 8, size: int = SIZE) -> List[str]:
    return module_names([(base, size, path) for base, path in rows], pointer_size)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("C:\\x\\b.dll", "b"),
        ("d.EXE", "d"),
        ("h.so.1", "h_so"),
        ("j", "j"),
        ("k.", "k"),
        ("l..dll", "l_"),
        ("C:\\x\\.dll", ""),
        ("C:\\x\\", ""),
        (" o .dll", "_o_"),
        ("1abc.dll", "1abc"),
        ("u.v.w.dll", "u_v_w"),
        ("[vdso]", "_vdso_"),
        ("a:b.dll", "b"),
        ("C:/x\\y.dll", "y"),
        ("é日.dll", "__"),
        ("a\U0001f600b.dll", "a__b"),
        ("a\x7fb.dll", "a_b"),
    ],
)
def test_the_name_that_a_path_gives(path: str, name: str) -> None:
    assert plain_name(path) == name
    assert named([(SIZE, path)]) == [name]


@pytest.mark.parametrize("path", ["", ".", "..", "...", "--", "?", "/", "\\", "./", "\U0001f600.dll", "\ud800.dll", "\uffffQ.dll", "\x01Q.dll", "\xa0Q.dll"])
def test_what_is_no_path_for_the_engine(path: str) -> None:
    assert not is_readable(path)
    assert named([(0x7FF812340000, path)]) == ["Unknown_Module_00007ff8_12340000"]
    assert named([(0x30000, path)], 4) == ["Unknown_Module_00030000"]


@pytest.mark.parametrize("path", ["-.dll", "?.dll", " o.dll", "a\ud800.dll", "C:\\\U0001f600\\b.dll", "é", "²", "\u3000Q.dll", "\xa1Q.dll", "C:"])
def test_what_is_one(path: str) -> None:
    assert is_readable(path)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([(0x10000, "c.exe"), (0x20000, "c.dll")], ["c_exe", "c"]),
        ([(0x10000, "c.dll"), (0x20000, "c.exe")], ["c", "c_exe"]),
        ([(0x10000, "c.com"), (0x20000, "c.exe")], ["c", "c_20000"]),
        ([(0x10000, "Ab.dll"), (0x20000, "aB.dll"), (0x30000, "AB.dll")], ["Ab", "aB_20000", "AB_30000"]),
        # One walk by address, not by the order of coming: the second .exe passes the first before it gets the same name.
        ([(0x50000, "m.dll"), (0x40000, "m.exe"), (0x60000, "m.exe")], ["m", "m_exe", "m_exe"]),
        ([(0x40000, "m.dll"), (0x50000, "m.exe"), (0x60000, "m.exe")], ["m", "m_exe", "m_exe_60000"]),
        ([(0x10000, "app.exe"), (0x20000, "app.dll"), (0x30000, "app_exe.dll")], ["app_exe_exe", "app", "app_exe"]),
        ([(0x10000, "q.dll"), (0x20000, "q_30000.dll"), (0x30000, "q.dll")], ["q", "q_30000", "q_30000_30000"]),
        # A module with the base of another replaces it; one at 0 or beyond the end is not listed, but others made room for it.
        ([(0x10000, "m.dll"), (0x10000, "n.dll"), (0x20000, "m.dll")], ["m", "n", "m"]),
        ([(0x10000, "n.exe"), (0, "n.dll"), (0x20000, "n.dll")], ["n_exe", "n", "n"]),
        ([(0xFFFFFFFFFFFF0000, "m.dll"), (0x10000, "m.dll")], ["m", "m"]),
    ],
)
def test_equal_names(rows: List[Row], names: List[str]) -> None:
    assert named(rows) == names


def test_addresses_of_a_32_bit_process() -> None:
    rows = [(0x80010000, "b.dll"), (0xFFFFFFFF80050000, "b.dll"), (0x180070000, "b.dll"), (0xFFFF0000, "b.dll"), (0x20000, "b.dll")]
    assert named(rows, 4) == ["b", "b_80050000", "b_80070000", "b_ffff0000", "b_20000"]


def test_paths_as_the_engine_reads_them() -> None:
    """Length counts bytes, and the engine takes it for characters: it ends at the first NUL."""
    made = DumpBuilder()
    made.add_system_info()
    text = "abcdef.dll".encode("utf-16-le") + b"\0\0"
    places = [made.append(length.to_bytes(4, "little") + text, 4) for length in (4, 0, 7, 400, 1999, 2000, 0xFFFFFFFF)]
    made.add_module_list([Module(0x10000 * (index + 1), SIZE, None, name_rva=rva) for index, rva in enumerate(places)] + [Module(0x900000, SIZE, None)])
    dump = Minidump.open(made.build())
    unknown = "Unknown_Module_00000000_{:08x}".format
    assert [module.name for module in dump.modules] == [
        *("abcd", unknown(0x20000), "abcdef", "abcdef_40000", "abcdef_50000", unknown(0x60000), unknown(0x70000), unknown(0x900000))
    ]


def test_the_sample_has_the_names_that_lm_shows() -> None:
    with Minidump.open(SAMPLES["module-names"].build()) as dump:
        assert [module.name for module in dump.modules] == SAMPLES["module-names"].facts["debugger_names"]


def test_what_is_printed_is_understood() -> None:
    """module+offset as commands print it leads back to the address, for every name that is no number for the debugger too."""
    session = Session(Minidump.open(SAMPLES["module-names"].build()))
    modules = session.dump.modules
    taken = [module for module in modules if module.name not in ("", "beef")]
    assert len(taken) == 15
    for module in taken:
        printed = modules.symbol(module.base + 0x10)
        assert printed == f"{module.name}+0x10"
        assert evaluate(session, printed) == module.base + 0x10
        assert modules.named(module.name) == [module]
    beef = modules[16]
    assert evaluate(session, "beef+0x10") == 0xBEEF + 0x10
    assert evaluate(session, "!beef+0x10") == evaluate(session, "beef.dll+0x10") == beef.base + 0x10
    assert evaluate(session, "my-app.exe+8") == modules[0].base + 8
    assert evaluate(session, "7z+1") == modules[6].base + 1


def test_a_list_made_to_collide_takes_steps_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put into the engine's list is counted: many .exe of one name, and .dlls that rename them all again and again."""
    from dumpscope.dump import module_names as rule

    kept = []
    keep = rule.NamedModules.keep
    monkeypatch.setattr(rule.NamedModules, "keep", lambda self, base, module: kept.append(base) or keep(self, base, module))
    rows = [(SIZE, "m.dll")] + [(SIZE * (3000 - index), "m.exe") for index in range(1000)]
    rows += [(SIZE * (4000 + index), "m" + "_exe" * (index + 1) + ".dll") for index in range(200)]
    names = named(rows)
    assert len(names) == len(rows)
    assert len(kept) <= (rule.MOST_CLASHES + 1) * (len(rows) + 64)


def test_modules_beyond_the_most() -> None:
    made = DumpBuilder()
    made.add_system_info()
    shared = made.string("C:\\x\\same-name.dll")
    count = MOST_NAMED + 3
    made.add_module_list([Module(SIZE * (index + 1), SIZE, None, name_rva=shared) for index in range(count)])
    dump = Minidump.open(made.build())
    assert dump.modules[0].name == "same_name"
    for index in (1, MOST_NAMED - 1, MOST_NAMED, count - 1):
        assert dump.modules[index].name == f"same_name_{SIZE * (index + 1):x}"

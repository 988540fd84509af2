"""Breakpoints: who made the one that a dump ends with."""

from __future__ import annotations

import pytest
from samples.recipes import compose
from tests.commands.made import fired, with_exception

from samples import blocks, process


@pytest.mark.parametrize(
    ("name", "code", "confidence"),
    [
        ("exception-wake-debugger", "EXC002", "proven"),
        ("exception-break-in", "EXC002", "inferred"),
        ("exception-failed-check", "EXC010", "proven"),
        ("exception-breakpoint", "EXC010", "inferred"),
    ],
)
def test_who_made_the_breakpoint(name, code, confidence):
    found = fired(name, "EXC002", "EXC010")
    assert list(found) == [code]
    assert found[code].confidence == confidence


def test_the_bytes_of_a_failed_check_are_evidence():
    proof = next(item for item in fired("exception-failed-check", "EXC010")["EXC010"].evidence if item.what == "bytes at the address")
    assert proof.value.startswith("cc 0f 0b: ")


def test_int_3_in_ntdll_whose_thread_went_on_is_the_programs_own():
    spec = process.THREADS_64[2]
    where = 0x7FFC3A790FE0
    context = blocks.context_amd64(rip=where, rsp=spec.sp)
    arguments = {"tid": spec.tid, "code": 0x80000003, "address": where, "parameters": (0,), "context": context}
    data = compose("threads modules memory exception system misc", exception=arguments).build()
    assert list(fired(data, "EXC002", "EXC010")) == ["EXC010"]


def test_a_breakpoint_at_0_is_nobodys():
    assert not fired(with_exception(0x80000003, (), address=0), "EXC002", "EXC010")


def test_the_hint_of_exception_tells_them_apart(cli):
    assert "a debugger broke in" in cli("exception", "exception-break-in.dmp").out
    out = cli("exception", "exception-failed-check.dmp").out
    assert "int 3 of its own" in out
    assert "not a crash" not in out

"""Opening a process with fewer rights than wished, without Windows."""

from __future__ import annotations

from typing import Any, List

import pytest

from dumpscope.capture import windows
from dumpscope.errors import UsageError


class Kernel:
    """OpenProcess of a system that refuses some rights."""

    def __init__(self, refuse: int, error: int = 5, with_privilege: bool = False) -> None:
        self.refuse = refuse
        self.error = error
        self.with_privilege = with_privilege
        self.privilege = False
        self.asked: List[int] = []
        kernel = self

        class OpenProcess:
            restype: Any = None

            def __call__(self, mask: int, inherit: int, pid: int) -> int:
                kernel.asked.append(mask)
                return 0 if mask & kernel.refuse and not (kernel.privilege and kernel.with_privilege) else 77

        self.OpenProcess = OpenProcess()


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(kernel: Kernel) -> Kernel:
        def enable() -> bool:
            kernel.privilege = kernel.with_privilege
            return kernel.with_privilege

        monkeypatch.setattr(windows, "_library", lambda name: kernel)
        monkeypatch.setattr(windows, "_last_error", lambda: kernel.error)
        monkeypatch.setattr(windows, "enable_debug_privilege", enable)
        return kernel

    return install


def test_no_more_is_asked_for_than_needed(system: Any) -> None:
    kernel = system(Kernel(0))
    opened = windows.open_process(1, 0x1000)
    assert kernel.asked == [0x410]
    assert not opened.refused
    assert not opened.privilege


def test_the_privilege_is_turned_on_when_refused(system: Any) -> None:
    system(Kernel(0x40, with_privilege=True))
    opened = windows.open_process(1, 4)
    assert opened.privilege
    assert not opened.refused


def test_without_the_right_to_duplicate_it_says_what_falls_away(system: Any) -> None:
    kernel = system(Kernel(0x40))
    opened = windows.open_process(1, 4)
    assert kernel.asked == [0x450, 0x410]
    assert [right.name for right in opened.refused] == ["PROCESS_DUP_HANDLE"]
    assert "!handle fails" in opened.refused[0].without


@pytest.mark.parametrize(("error", "said"), [(5, "PROCESS_VM_READ"), (87, "has ended")])
def test_a_process_that_lets_nobody_in(system: Any, error: int, said: str) -> None:
    system(Kernel(0x10, error))
    with pytest.raises(windows.WriteFailed, match=said):
        windows.open_process(1, 4)


def test_elsewhere_it_needs_windows() -> None:
    if windows.on_windows():
        pytest.skip("this is Windows")
    with pytest.raises(UsageError, match="needs Windows"):
        windows.require_windows()

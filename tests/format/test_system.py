"""Releases of Windows by build, and bits of a processor's features."""

from __future__ import annotations

from typing import List

import pytest

from dumpscope.format.system import WINDOWS_RELEASES, processor_features, windows_release


@pytest.mark.parametrize(
    ("build", "server", "name"),
    [
        (7601, False, "Windows 7 SP1"),
        (7601, True, "Windows Server 2008 R2 SP1"),
        (19045, False, "Windows 10 22H2"),
        (19045, True, "Windows Server 20H2"),
        (19046, False, "Windows 10 22H2"),
        (20348, False, "Windows 10 22H2"),
        (20348, True, "Windows Server 2022"),
        (99999, False, "Windows 11 25H2"),
        (0, False, ""),
    ],
)
def test_the_release_of_a_build(build: int, server: bool, name: str) -> None:
    assert windows_release(build, server) == name


def test_releases_are_in_the_order_of_their_builds() -> None:
    builds = [release.build for release in WINDOWS_RELEASES]
    assert builds == sorted(set(builds))


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [(0, 0, []), (1 << 6 | 1 << 10, 0, ["PF_XMMI_INSTRUCTIONS_AVAILABLE", "PF_XMMI64_INSTRUCTIONS_AVAILABLE"]), (0, 1 << 63, ["bit 127"])],
)
def test_features_by_bit(low: int, high: int, names: List[str]) -> None:
    assert processor_features(low, high) == names


def test_the_second_word_goes_on_where_the_first_ends() -> None:
    assert processor_features(0, 1 << 6) == ["PF_ARM_SME_INSTRUCTIONS_AVAILABLE"]

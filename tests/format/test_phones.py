"""What phones write when a program ends is told by its first bytes, with what reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

IPS = b'{"roots_installed":0,"app_version":"1.0","app_name":"Demo","timestamp":"2024-03-01 12:00:00.00 +0100","bug_type":"%s","os_version":"iPhone OS 17.3"}\n'
STAMP = b"2024-03-01 12:00:00.123456789+0100"
FINGERPRINT = b"google/oriole/oriole:14/UQ1A.240105.004/11206848:user/release-keys"


def message(arch: bytes, fingerprint: bytes, revision: bytes = b"MP1.0") -> bytes:
    """The first fields of debuggerd's Tombstone message."""
    words = arch
    for number, text in ((2, fingerprint), (3, revision), (4, STAMP)):
        words += bytes((number << 3 | 2, len(text))) + text if text else b""
    return words + b"\x28\xb7\x2e\x30\xb7\x2e\x38\xc9\x4f"


KINDS = [
    ("crash.ips", IPS % b"309" + b'{\n  "exception" : {"type":"EXC_BAD_ACCESS","signal":"SIGSEGV"}\n}\n', "a crash report of macOS or iOS (.ips)", "atos"),
    ("name-first.ips", b'{"app_name":"Demo","timestamp":"2024"}\n{}\n', "a crash report of macOS or iOS (.ips)", "atos"),
    ("pretty.ips", b'\xef\xbb\xbf{\n  "name" : "Demo",\n  "incident_id" : "A"\n}\n', "a crash report of macOS or iOS (.ips)", "atos"),
    ("panic.ips", IPS % b"210" + b'{"panicString":"panic(cpu 0 caller 0xfffffff0): Kernel data abort"}', "a kernel panic", "Console"),
    ("memory.ips", IPS % b"298" + b'{"largestProcess":"Demo"}', "JetsamEvent", "Console"),
    ("metrics.json", b'{"timeStampBegin":"2024-03-01","crashDiagnostics":[{"version":"1.0.0"}]}', "MetricKit", "atos"),
    ("old.crash", b"Incident Identifier: A\nHardware Model:      iPhone12,1\nProcess:  Demo [1]\nException Type:  EXC_CRASH (SIGABRT)\n", "iOS (text)", "atos"),
    ("tombstone_00", b"*** *** *** *** *** *** *** *** ***\nBuild fingerprint: 'x'\n", "a tombstone of Android (text)", "ndk-stack"),
    ("cut", b"Build fingerprint: 'x'\nABI: 'arm64'\npid: 1, tid: 2, name: demo  >>> com.example <<<\n", "a tombstone of Android (text)", "ndk-stack"),
    ("log", b"03-01 12:00:00.000  812  812 F DEBUG   : *** *** *** *** *** ***\n", "logcat", "ndk-stack"),
    ("log-java", b"--------- beginning of crash\n03-01 12:00:00.000  812  812 E AndroidRuntime: FATAL EXCEPTION: main\n", "logcat", "Android Studio"),
    ("anr", b"\n\n----- pid 4321 at " + STAMP + b' -----\nCmd line: com.example\n\n"main" prio=5 tid=1 Native\n', "(ANR)", "Android Studio"),
    ("anr-subject", b"Subject: Input dispatching timed out (com.example/.Main)\nRssHwmKb: 1\n", "(ANR)", "Android Studio"),
    ("tombstone_00.pb", message(b"\x08\x01", FINGERPRINT), "a tombstone of Android (protobuf, .pb)", "pbtombstone"),
    ("arm32.pb", message(b"", FINGERPRINT), "a tombstone of Android (protobuf, .pb)", "pbtombstone"),
    ("no-revision.pb", message(b"\x08\x03", FINGERPRINT, b""), "a tombstone of Android (protobuf, .pb)", "pbtombstone"),
    ("heap.hprof", b"JAVA PROFILE 1.0.3\0\0\0\0\x04" + bytes(8), "Android's runtime", "hprof-conv"),
]


@pytest.mark.parametrize(("name", "data", "title", "reader"), KINDS, ids=[row[0] for row in KINDS])
def test_a_phones_report_is_named_with_what_reads_it(cli: Any, tmp_path: Path, name: str, data: bytes, title: str, reader: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    why = cli("why", path)
    text = " ".join(why.out.split())
    assert why.code == 3
    assert "OPN001" in text
    assert title in text
    assert reader in text
    alone = cli(path)
    assert alone.code == 3
    assert title in alone.err
    assert reader in alone.err


@pytest.mark.parametrize(
    "data",
    [
        b'{"name":"demo","version":"1.0.0","dependencies":{}}\n',
        b'[{"bug_type":"309"}]\n',
        b"Build fingerprint: none\n",
        message(b"\x08\x01", b"no fingerprint"),
        message(b"\x08\x01", FINGERPRINT).replace(b"2024-03-01", b"2024/03/01"),
        b"\x12\x01" + bytes(64),
        b"JAVA PROFILE 1.0.2\0\0\0\0\x04" + bytes(8),
    ],
)
def test_what_is_none_is_not_called_so(cli: Any, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    text = cli("why", path).out
    assert "OPN001" in text
    for word in ("iOS", "Android", "MetricKit"):
        assert word not in text

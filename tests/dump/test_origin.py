"""Who wrote a dump: each kind of evidence alone, and the stronger one winning."""

import pytest
from samples.writer import DumpBuilder

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.origin import CERTAIN, GUESS, IMPLEMENTATIONS, LIKELY, implementation_of, version_of


def written(fill=None, misc=None, system=None, **options):
    builder = DumpBuilder(**options)
    builder.add_system_info(**(system or {}))
    if misc is not None:
        builder.add_misc_info(writer=misc)
    if fill:
        fill(builder)
    return Minidump.open(builder.build())


@pytest.mark.parametrize(
    ("text", "high", "family", "version"),
    [
        ("dbgcore.amd64,10.0.19041.789", 0xA061, "microsoft", "10.0.19041.789"),
        ("dbghelp.i386,6.3.9600.16384", 0x6380, "microsoft", "6.3.9600.16384"),
        ("dbgeng.amd64,10.0.15063.400", 0xA0D7, "dbgeng", "10.0.15063.400"),
        ("crashpad.amd64,0.8.0,win", 0, "crashpad", "0.8.0"),
    ],
)
def test_build_string(text, high, family, version):
    writer = written(misc=text, version_high=high).writer
    assert (writer.family, writer.version, writer.confidence) == (family, version, CERTAIN)
    assert writer.evidence[0].value == text
    assert writer.trusts_flags is (family != "crashpad")
    assert not [item for item in writer.evidence if "does not fit" in item.value]


def test_the_build_string_counts_even_where_its_bit_is_clear():
    builder = DumpBuilder(version_high=0xA0D7)
    builder.add_misc_info(writer="dbgeng.amd64,10.0.15063.400", flags=0x7)
    writer = Minidump.open(builder.build()).writer
    assert writer.family == "dbgeng"


def test_evidence_stands_where_it_says():
    dump = written(misc="dbgcore.amd64,10.0.19041.789")
    place = next(item.offset for item in dump.writer.evidence if item.what == "MiscInfo.DbgBldStr")
    assert dump.source.some(place, 14).decode("utf-16-le") == "dbgcore"


def test_a_version_that_does_not_fit_is_told():
    writer = written(misc="dbgcore.amd64,10.0.19041.789", version_high=0x6380).writer
    assert any("0xa061" in item.value for item in writer.evidence)


def test_formula_and_table_agree():
    for high, version in IMPLEMENTATIONS.items():
        if version.count(".") == 2:
            assert implementation_of(version) == high, version
        assert version_of(high) == version
    assert version_of(0) == ""
    assert version_of(0xA001) == "10.0, build ending in 0x01"
    for wrong in ("", "10.0", "a.b.c", "1" * 5000 + ".0.1", "10.0.²"):
        assert implementation_of(wrong) is None


def test_version_alone():
    writer = written(version_high=0x5128).writer
    assert (writer.family, writer.version, writer.confidence) == ("microsoft", "5.1.2600", LIKELY)
    assert writer.trusts_flags


def test_procdump_signs_in_the_comment():
    dump = written(lambda b: b.add_comment_w("\r\n*** procdump  -ma 1234\r\n*** Manual dump"), misc="dbgcore.amd64,10.0.19041.789")
    assert (dump.writer.family, dump.writer.tool, dump.writer.tool_confidence) == ("microsoft", "procdump", CERTAIN)


@pytest.mark.parametrize(
    ("fill", "family"),
    [
        (lambda b: b.add_crashpad_info({"a": "b"}), "crashpad"),
        (lambda b: b.add_breakpad_info(1, 2), "breakpad"),
        (lambda b: b.add_linux_text("maps", b"00400000"), "breakpad"),
        (lambda b: b.add_stream(0x4D7A0003, b"Limit"), "rust"),
        (lambda b: b.add_stream(0x4C4C4442, b"\0"), "lldb"),
        (lambda b: b.add_stream(0xFACECAFE, b"x"), "facebook"),
        (lambda b: b.add_stream(0xFFF0, b"\0\0\0\0"), "wine"),
        (None, "unknown"),
    ],
)
def test_streams_of_other_writers(fill, family):
    writer = written(fill, version_high=0).writer
    assert writer.family == family
    assert not writer.trusts_flags
    assert not writer.is_microsoft


def test_the_same_streams_beside_microsofts_writer_name_the_tool():
    writer = written(lambda b: b.add_breakpad_info(1, 2), misc="dbgcore.amd64,10.0.19041.789").writer
    assert (writer.family, writer.tool) == ("microsoft", "Breakpad")
    assert writer.trusts_flags


@pytest.mark.parametrize(
    ("fill", "against"),
    [
        (lambda b: b.add_stream(0x4D7A0001, b"x"), "MozMacosCrashInfoStream"),
        (lambda b: b.add_linux_text("maps", b"00400000"), "MD_LINUX_MAPS"),
        (lambda b: (b.add_breakpad_info(1, 2), b.add_linux_text("maps", b"00400000")), "MD_LINUX_MAPS"),
    ],
)
def test_what_another_writer_makes_is_no_reason(fill, against):
    """Microsoft's version number beside a stream of macOS or Linux: one of them is not what it seems."""
    for misc, confidence in ((None, GUESS), ("dbgcore.amd64,5.1.2600.1", LIKELY)):
        writer = written(fill, misc=misc, version_high=0x5128).writer
        assert (writer.family, writer.confidence) == ("microsoft", confidence)
        assert [item.value for item in writer.evidence if item.against] == [against]
        assert not writer.evidence[0].against


def test_a_system_that_is_not_windows_speaks_against_microsoft():
    writer = written(system={"platform": 0x8101}, version_high=0x5128).writer
    assert (writer.family, writer.confidence) == ("microsoft", GUESS)
    assert [item.what for item in writer.evidence if item.against] == ["SystemInfo.PlatformId"]


def test_streams_of_relatives_are_no_contradiction():
    writer = written(lambda b: (b.add_stream(0x4D7A0003, b"Limit"), b.add_linux_text("maps", b"00400000")), version_high=0).writer
    assert writer.family == "rust"
    assert len(writer.evidence) > 1
    assert not any(item.against for item in writer.evidence)


def test_wine_marker():
    builder = DumpBuilder(version_high=0, flags=0x4)
    builder.add_system_info()
    builder.add_wine_marker("wine-9.0", "Linux", "6.1")
    dump = Minidump.open(builder.build())
    assert (dump.writer.family, dump.writer.version) == ("wine", "9.0")
    assert (dump.wine.build, dump.wine.host_name, dump.wine.host_release) == ("wine-9.0", "Linux", "6.1")


def test_memprocfs_signs_in_place_of_the_service_pack():
    assert written(system={"csd": "[ Dump file generated by MemProcFS v5 ]"}, version_high=0).writer.family == "memprocfs"


def test_unreal_engine():
    text = "<FGenericCrashContext>".encode("utf-16-le")
    writer = written(lambda b: b.add_stream(0x10000, text), misc="dbghelp.amd64,6.3.9600.1", version_high=0x6380).writer
    assert (writer.family, writer.tool) == ("microsoft", "Unreal Engine")


def test_flags_are_a_guess():
    writer = written(misc="dbgcore.amd64,10.0.19041.789", flags=0x421826).writer
    assert writer.tool.startswith("Task Manager")
    assert writer.tool_confidence == GUESS


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("firefox.exe_231011_101112.dmp", "procdump"),
        ("app.exe.1234.dmp", "Windows Error Reporting"),
        ("memory.hdmp", "Windows Error Reporting"),
        ("dump_20240301_120000.dmp", "dotnet-dump"),
        ("notepad (2).DMP", "Task Manager"),
        ("anything.dmp", ""),
    ],
)
def test_file_names(tmp_path, name, tool):
    builder = DumpBuilder()
    builder.add_misc_info()
    path = tmp_path / name
    path.write_bytes(builder.build())
    with Minidump.open(path) as dump:
        assert dump.writer.tool == tool
        assert [item.offset for item in dump.writer.evidence if item.what == "file name"] == ([None] if tool else [])


def test_an_odd_version_is_no_microsoft_writer():
    assert written(version_high=0x000E).writer.family == "unknown"

"""Places in the file by their names. Offsets: those of the directory and the lists of the sample."""

from pathlib import Path

import pytest

from dumpscope import Minidump, NotInDump, UsageError
from dumpscope.session.places import FIRST, find_place, find_stream, thread_index
from dumpscope.session.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def session():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        yield Session(dump)


@pytest.mark.parametrize(
    ("words", "offset", "structure"),
    [
        ("header", 0, "MINIDUMP_HEADER"),
        ("at 1f", 0, "MINIDUMP_HEADER"),
        ("20", 0x20, "MINIDUMP_DIRECTORY"),
        ("directory 3", 0x44, "MINIDUMP_DIRECTORY"),
        ("handle 24", 0xB2E8, "MINIDUMP_HANDLE_DESCRIPTOR_2"),
        ("thread 1", 0x9014, "MINIDUMP_THREAD"),
        ("thread c58", 0x9044, "MINIDUMP_THREAD"),
        ("threadinfo 1a30", 0x9080, "MINIDUMP_THREAD_INFO"),
        ("threadinfo 0", 0x9080, "MINIDUMP_THREAD_INFO"),
        ("name 0", 0xB880, "MINIDUMP_THREAD_NAME"),
        ("module ntdll", 0x93A3, "MINIDUMP_MODULE"),
        ("module 1", 0x93A3, "MINIDUMP_MODULE"),
        ("module 7ffc3a6f0010", 0x93A3, "MINIDUMP_MODULE"),
        ("unloaded OLDPLUGIN.DLL", 0x959B, "MINIDUMP_UNLOADED_MODULE"),
        ("context", 0x9FB4, "CONTEXT_AMD64"),
        ("context 1", 0x8458, "CONTEXT_AMD64"),
        ("exception", 0xA484, "MINIDUMP_EXCEPTION_STREAM"),
        ("system", 0xA532, "MINIDUMP_SYSTEM_INFO"),
        ("misc", 0xA56A, "MINIDUMP_MISC_INFO_5"),
        ("region demo", 0x9B03, "MINIDUMP_MEMORY_INFO"),
        ("memory @rsp", 0xBC1C, "MINIDUMP_MEMORY_DESCRIPTOR"),
        ("string 16c2", 0x16C2, "MINIDUMP_STRING"),
    ],
)
def test_one_structure(session, words, offset, structure):
    place = find_place(session, words.split())
    assert [(node.offset, node.structure.name) for node in place.nodes] == [(offset, structure)]
    assert place.left_out == 0


def test_a_record_leads_to_what_its_rvas_lead_to(session):
    place = find_place(session, ["thread", "0"])
    assert [node.offset for node in place.followed] == [0x7C86, 0x7E30]  # its stack and its registers


@pytest.mark.parametrize(("first", "nodes", "left_out"), [(FIRST, 5, 40), (1, 2, 43), (None, 45, 0)])
def test_records_of_a_list_are_bounded(session, first, nodes, left_out):
    place = find_place(session, ["MemoryInfo"], first=first)
    assert (len(place.nodes), place.left_out) == (nodes, left_out)  # the list's header, and the records


def test_a_range_is_covered_without_a_gap(session):
    place = find_place(session, ["range", "8c00", "800"])
    assert (place.start, place.end) == (0x8C00, 0x9400)
    cursor = place.nodes[0].offset
    assert cursor <= place.start
    for node in place.nodes:
        assert node.offset == cursor
        cursor = node.end
    assert cursor >= place.end


def test_a_range_ends_with_the_file(session):
    size = session.dump.size
    place = find_place(session, ["range", f"{size - 1:x}", "ffff"])
    assert (place.start, place.end) == (size - 1, size)
    with pytest.raises(NotInDump, match="beyond the end"):
        find_place(session, ["range", f"{size:x}"])
    with pytest.raises(NotInDump, match="no bytes"):
        find_place(session, ["range", "0", "0"])


@pytest.mark.parametrize(
    "words", ["", "nothing", "header 1", "handle", "handle 1 2", "exception 1", "range", "range 0 1 2", "stream 18", "stream Zzz", "CommentStreamA"]
)
def test_words_that_name_no_place(session, words):
    with pytest.raises(UsageError):
        find_place(session, words.split())


@pytest.mark.parametrize(
    "words",
    [
        "handle ffc",
        "thread 3",
        "module zz",
        "unloaded zz",
        "name c58",
        "memory 10",
        "token 1",
        "string bc5c",
        "at bc5c",
        "image demo",
        "unwind @rip",
        "stream 14",
    ],
)
def test_places_that_the_dump_does_not_have(session, words):
    with pytest.raises(NotInDump):
        find_place(session, words.split())


def test_find_stream_takes_number_name_and_type(session):
    dump = session.dump
    assert [find_stream(dump, text) for text in ("17", "threadlist", "ThreadListStream", "0x11", "0xc")] == [17, 0, 0, 1, 10]
    with pytest.raises(UsageError, match="this dump has no stream"):
        find_stream(dump, "Comment")
    with pytest.raises(UsageError, match="is not a stream"):
        find_stream(dump, "0xffff")


def test_thread_index_prefers_the_id(session):
    assert [thread_index(session, text) for text in ("1b44", "0", "2")] == [1, 0, 2]
    with pytest.raises(NotInDump):
        thread_index(session, "3")

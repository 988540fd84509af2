"""Values of variables as the debugger's ``kp`` writes them (observed: dbgeng 10.0.15063)."""

import struct

import pytest

from dumpscope.symbols.pdb.types import ARRAY, BOOL, CHAR, ENUM, FLOAT, MISSING_TYPE, POINTER, SIGNED, UDT, UNSIGNED, WIDE, Type
from dumpscope.wording.cvalues import MAX_TEXT, UNAVAILABLE, float_text, pointer_text, unsigned_text, value_text

COLOUR = Type(ENUM, "Colour", 4, values=((0, "RED"), (0xFFFFFFFF, "NONE")))
TEXT = Type(POINTER, "char *", 8, target=Type(CHAR, "char", 1, True, text=True))
WIDE_TEXT = Type(POINTER, "wchar_t *", 8, target=Type(WIDE, "wchar_t", 2, text=True))
AT = 0x140001540


def nothing(address, size):
    raise AssertionError("no memory has to be read")


def memory(data):
    """A reader of memory that holds these bytes at AT."""

    def read(address, size):
        assert address == AT
        return data[:size]

    return read


@pytest.mark.parametrize(
    ("type", "data", "text"),
    [
        (Type(SIGNED, "int", 4, True), "fbffffff", "0n-5"),
        (Type(UNSIGNED, "unsigned", 4), "fbffffff", "0xfffffffb"),
        (Type(BOOL, "bool", 1), "00", "false"),
        (Type(BOOL, "bool", 1), "02", "true"),
        (Type(CHAR, "char", 1, True), "41", "0n65 'A'"),
        (Type(CHAR, "char", 1, True), "ff", "0n-1 ''"),
        (Type(CHAR, "unsigned char", 1), "7f", "0x7f ''"),
        (Type(CHAR, "unsigned char", 1), "7e", "0x7e '~'"),
        (Type(WIDE, "wchar_t", 2), "e400", "0xe4 'ä'"),
        (Type(WIDE, "wchar_t", 2), "1f00", "0x1f ''"),
        (COLOUR, "00000000", "RED (0n0)"),
        (COLOUR, "ffffffff", "NONE (0n-1)"),
        (COLOUR, "05000000", "0n5 (No matching enumerant)"),
        (Type(UDT, "demo::Point", 8), "00" * 8, "demo::Point"),
        (Type(ARRAY, "int [2]", 8), "00" * 8, "int [2]"),
        (Type(POINTER, "void *", 8), "4015004001000000", "0x00000001`40001540"),
    ],
)
def test_each_kind(type, data, text):
    assert value_text(type, bytes.fromhex(data), nothing) == text


def test_what_is_not_known_is_said():
    assert value_text(Type(SIGNED, "int", 4, True), None, nothing) == UNAVAILABLE
    assert value_text(Type(SIGNED, "int", 4, True), b"\0\0\0", nothing) == UNAVAILABLE
    assert value_text(MISSING_TYPE, b"\0", nothing) == MISSING_TYPE.name


@pytest.mark.parametrize(
    ("number", "text"), [(9, "9"), (10, "0xa"), (0xFFFFFFFF, "0xffffffff"), (1 << 32, "0x00000001`00000000"), ((1 << 64) - 1, "0xffffffff`ffffffff")]
)
def test_unsigned_text(number, text):
    assert unsigned_text(number) == text


def test_pointer_text_has_the_width_of_the_code():
    assert pointer_text(0x40001540, 4) == "0x40001540"
    assert pointer_text(0x1540, 8) == "0x00000000`00001540"


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("<f", 1.5, "1.5"),
        ("<d", 0.1, "0.10000000000000000555"),
        ("<f", 0.1, "0.1000000015"),
        ("<d", 1e300, "1.0000000000000000525e+300"),
        ("<f", 1e-20, "9.999999683e-021"),
        ("<d", float("inf"), "1.#INF"),
        ("<f", float("-inf"), "-1.#INF"),
        ("<d", float("nan"), "1.#QNAN"),
    ],
)
def test_float_text(form, value, text):
    assert float_text(struct.pack(form, value)) == text
    assert value_text(Type(FLOAT, "", struct.calcsize(form)), struct.pack(form, value), nothing) == text


@pytest.mark.parametrize(
    ("type", "data", "text"),
    [
        (TEXT, b"one\0two", '"one"'),
        (TEXT, b"a\tb\r\n\0", '"a.b.."'),
        (TEXT, b"ab\x80c\0", '"ab???"'),
        (TEXT, b"cut", '"cut"'),
        (TEXT, b"a" * (MAX_TEXT + 1), '"' + "a" * MAX_TEXT + '..."'),
        (TEXT, b"a" * MAX_TEXT + b"\0", '"' + "a" * MAX_TEXT + '"'),
        (TEXT, b"", '"--- memory read error at address 0x00000001`40001540 ---"'),
        (WIDE_TEXT, "ä\u4e00".encode("utf-16-le") + b"\0\0", '"ä?"'),
        (WIDE_TEXT, b"a\0b", '"a"'),
        (WIDE_TEXT, b"a", '"--- memory read error at address 0x00000001`40001540 ---"'),
    ],
)
def test_pointers_to_characters_are_shown_with_the_text(type, data, text):
    assert value_text(type, AT.to_bytes(8, "little"), memory(data)) == f"0x00000001`40001540 {text}"


def test_a_null_pointer_to_characters_has_an_empty_text():
    assert value_text(TEXT, bytes(8), nothing) == '0x00000000`00000000 ""'

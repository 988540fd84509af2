"""Names without decoration: of C as the engine shows exports, of C++ as UNDNAME_NAME_ONLY gives them."""

from __future__ import annotations

from tests.cases import each

from dumpscope.symbols.undecorate import undecorate


@each(
    ("name", "shown"),
    [
        ("plain", "plain"),
        ("_cdecl", "cdecl"),
        ("__two", "_two"),  # one goes
        ("_stdcall@8", "stdcall"),
        ("@fast@16", "fast"),
        ("name@x8", "name@x8"),  # no number of bytes
        ("name@", "name@"),
        ("@8", "8"),
        ("_", ""),
        ("?free@@YAHH@Z", "free"),
        ("?method@Class@@QEAAHH@Z", "Class::method"),
        ("?method@Inner@Outer@@QEAAXXZ", "Outer::Inner::method"),
        ("??0Class@ns@@QEAA@XZ", "ns::Class::Class"),
        ("??1Class@ns@@QEAA@XZ", "ns::Class::~Class"),
        ("?value@?A0x1a2b3c4d@@3HA", "`anonymous namespace'::value"),
        ("??$made@H@@YAXH@Z", "??$made@H@@YAXH@Z"),  # a template
        ("??4Class@@QEAAAEAV0@AEBV0@@Z", "??4Class@@QEAAAEAV0@AEBV0@@Z"),  # an operator
        ("??_7Class@@6B@", "??_7Class@@6B@"),  # a table of virtual functions
        ("?", "?"),
        ("?open@", "?open@"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert undecorate(name) == shown

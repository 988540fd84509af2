"""HND002: whose flags they are."""

from samples.writer import DumpBuilder, Thread
from tests.cases import each

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import find_rule
from dumpscope.dump.source import Source

DOTNET = [0x1005, 0x41A25, 0x1205AC, 0x41826, 0x41827, 0x61826]


@each(("flags", "dotnet"), [*((flags, True) for flags in DOTNET), (0x1004, False), (0x1006, False), (0x41A24, False), (0x61827, False)])
@each("crashed", [False, True])
def test_flags_of_the_tools_of_dotnet_are_known(flags, dotnet, crashed):
    made = DumpBuilder(flags=flags)
    made.add_system_info()
    made.add_thread_list([Thread(0x10)])
    if crashed:
        made.add_exception(0x10, 0xC0000005, 0x1000)
    (finding,) = apply([find_rule("HND002")], Facts.of(Source.from_object(made.build())))
    assert ("dotnet-dump and createdump" in finding.verdict) is (dotnet and not crashed)

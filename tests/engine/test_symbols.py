"""Names of addresses against the engine, and Microsoft's dbghelp.dll as one who names them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from samples.blocks import context_amd64
from samples.writer import DumpBuilder, Module, Thread
from tests.engine.bench import Bench, windows_path
from tests.symbols.pe_builder import BASE64, example

from dumpscope import Minidump
from dumpscope.symbols.images import Images
from dumpscope.symbols.names import Namer

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "symbols" / "data"
ADDRESSES = (0x0, 0x400, 0x1000, 0x1005, 0x1025, 0x1045, 0x1065, 0x1085, 0x10A5, 0x10C5, 0x11FF, 0x2000, 0x2010, 0x3010, 0x4020, 0x4FFF)


def test_names_from_exports_are_the_engines(bench: Bench, tmp_path: Path) -> None:
    """Underscores, decorations, ordinals, forwarders, data, and what lies before and behind all exports."""
    (tmp_path / "example.dll").write_bytes(example()[0])
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_thread_list([Thread(1, context=context_amd64(rip=BASE64 + 0x1005, rsp=0x10000), stack_address=0x10000, stack=bytes(64))])
    builder.add_module_list([Module(BASE64, 0x5000, "C:\\x\\example.dll")])
    builder.add_memory_list()
    path = tmp_path / "exports.dmp"
    path.write_bytes(builder.build())
    folder = windows_path(tmp_path)
    asked = [f'.printf "%y\\n", {BASE64 + rva:x}' for rva in ADDRESSES]
    answer = bench.ask_one(path, [f".exepath {folder}", f".sympath {folder}", ".reload /f", *asked])
    with Minidump.open(path) as dump, Images(dump, [str(tmp_path)]) as images:
        namer = Namer(dump, images)
        for rva, command in zip(ADDRESSES, asked):
            found = re.match(r"(\S+) \(", answer.commands[command].text)
            assert found, answer.commands[command].text
            assert str(namer.name(BASE64 + rva)[0]) == found.group(1)


def test_dbghelp_names_what_the_engine_names(bench: Bench, tmp_path: Path) -> None:
    """The DLL that pykd brings stands for the system's, which Wine's Windows lacks."""
    rows = [line.split() for line in (DATA / "tiny.k.txt").read_text("ascii").splitlines() if not line.startswith("#")]
    script = tmp_path / "names.py"
    script.write_text(
        "import ctypes, json, os, sys\n"
        f"sys.path.insert(0, {windows_path(ROOT / 'extension')!r})\n"
        "folder = os.path.join(os.path.dirname(sys.executable), 'Lib', 'site-packages', 'pykd')\n"
        "real = ctypes.WinDLL(os.path.join(folder, 'dbghelp.dll'))\n"
        "from dumpscope.symbols.dbghelp import open_dbghelp\n"
        f"file = open_dbghelp({windows_path(DATA / 'tiny.pdb')!r})\n"
        f"print(json.dumps([file.key, [file.locations(int(rva, 16)) for rva in {[row[0] for row in rows]!r}]]))\n"
    )
    done = bench.windows_python(windows_path(script))
    assert done.returncode == 0, done.stderr
    key, found = json.loads(done.stdout)
    assert key == "0B4F87F89123EB0A4C4C44205044422E1"
    compared = 0
    for (rva, *frames), locations in zip(rows, found):
        if frames and "!" in frames[0]:
            shown = []
            for index, (name, start, _, line) in enumerate(locations):
                far = int(rva, 16) - start
                shown.append(f"tiny!{name}{f'+0x{far:x}' if far else ''}@{line}{'(i)' if index < len(locations) - 1 else ''}")
            assert shown == frames, rva
            compared += 1
    assert compared > 90


def test_inside_the_debugger_its_symbols_name_frames(bench: Bench, tmp_path: Path) -> None:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    context = context_amd64(rip=0x1_4000_1010, rsp=0x10000)
    builder.add_thread_list([Thread(1, context=context, stack_address=0x10000, stack=bytes(64))])
    builder.add_exception(1, 0xC0000005, 0x1_4000_1010, context=context)
    builder.add_module_list([Module(0x1_4000_0000, 0x4000, "C:\\x\\tiny.exe", timestamp=0x5F4C1E2B)])
    builder.add_memory_list()
    path = tmp_path / "tiny.dmp"
    path.write_bytes(builder.build())
    folder = windows_path(DATA)
    answer = bench.run_inside(path, ROOT / "scripts" / "stack.py", ["--json"], before=[f".exepath {folder}", f".sympath {folder}", ".reload /f"])
    document = json.loads(answer.text)
    frame = document["stacks"][0]["frames"][0]
    assert (frame["module"], frame["symbol"], frame["displacement"], frame["line"], frame["provider"]) == ("tiny", "work", "0x10", 6, "debugger")

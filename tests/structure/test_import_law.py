"""Imports point down only; hosts are imported in one place; nothing below the front prints."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "extension" / "dumpscope"

ORDER = (
    ("format", "errors"),
    ("dump",),
    ("capture",),
    ("anatomy",),
    ("view",),
    ("diagnosis",),
    ("symbols",),
    ("stacks",),
    ("writing",),
    ("atlas",),
    ("fleet",),
    ("wording",),
    ("learning",),
    ("session",),
    ("commands",),
    ("front",),
)
"""The layers from the lowest to the highest: a layer may import itself and what is below it, except what BARRED takes away."""
BARRED = {
    "capture": {"dump"},
    "diagnosis": {"view"},
    "symbols": {"view"},
    "stacks": {"view", "diagnosis"},
    "learning": {"atlas", "fleet", "diagnosis"},
    "front": {"atlas", "fleet", "anatomy", "capture", "symbols", "stacks"},
}
"""What a layer must not import although it is below."""
GROUPS = {"dumpscope.rules", "dumpscope.streams"}
"""Names of groups of entry points, which look like modules."""
NAMED = {"session/plugins.py": "dumpscope.commands"}
"""The group of entry points that has the name of our own folder: only in the one module that asks for it."""
TYPED = {"dumpscope.windbg"}
"""What people type after ``!py -m``: a way in, as ``__main__`` is, and no import."""
# What a lesson or page needs from the version.
ALWAYS = {"__version__"}


def _law() -> Dict[str, Set[str]]:
    law: Dict[str, Set[str]] = {}
    below: Set[str] = set()
    for layers in ORDER:
        for name in layers:
            law[name] = {"errors"} | below - BARRED.get(name, set())
        below |= set(layers)
    law["format"] = set()
    law["view"] = {"dump", "format", "errors"}
    return law


LAW = _law()


@cache
def modules() -> Tuple[Path, ...]:
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def nodes(path: Path) -> Tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


@cache
def imported(path: Path) -> Tuple[Tuple[int, str], ...]:
    """Line and absolute name of everything a module imports, wherever in it."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[Tuple[int, str]]:
    package = ["dumpscope", *path.relative_to(PACKAGE).with_suffix("").parts]
    if package[-1] == "__init__":
        package = package[:-1] + [""]
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level]
                base = ".".join(above + ([node.module] if node.module else []))
            for name in node.names:
                yield node.lineno, f"{base}.{name.name}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module reached by its name: import_module("dumpscope.…"), or a program in a string.
            for found in re.finditer(r"\bdumpscope((?:\.[a-z_]\w*)+)", node.value if "dumpscope." in node.value and not _is_docstring(node.value) else ""):
                named = NAMED.get(path.relative_to(PACKAGE).as_posix()) == node.value
                if node.value not in GROUPS and found.group(0) not in TYPED and not named:
                    yield node.lineno, found.group(0)


def _is_docstring(text: str) -> bool:
    """Whether a text names modules only to refer to them, as documentation does."""
    return ":class:" in text or ":mod:" in text or ":func:" in text or ":data:" in text


def layer(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "dumpscope" else ""


def test_imports_point_down() -> None:
    wrong = []
    for path in modules():
        place = path.relative_to(PACKAGE)
        home = place.parts[0]
        if home in LAW:  # not __init__, __main__, errors
            allowed = LAW[home] | {home} | ALWAYS
            wrong += [f"{place.as_posix()}:{line} imports {name}" for line, name in imported(path) if layer(name) and layer(name) not in allowed]
    assert not wrong, "these point upwards"


def test_the_law_names_every_layer() -> None:
    layers = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert layers <= set(LAW)


@cache
def outside_imports(path: Path) -> Set[str]:
    return {name.split(".")[0] for _, name in imported(path)}


KINDS_OF_SOURCE = {"dump.source", "dump.ranges", "dump.virtual", "dump.archives.reading"}
"""The one circle that is meant: ``Source.from_object`` makes the kind of source that fits a file object, and the kinds are subclasses of Source."""


def _of_types(path: Path) -> Set[ast.AST]:
    """What stands under ``if TYPE_CHECKING``: names for annotations, which no program imports."""
    found: Set[ast.AST] = set()
    for node in nodes(path):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.update(inner for statement in node.body for inner in ast.walk(statement))
    return found


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _graph() -> Dict[str, Set[str]]:
    """By module, the modules that it imports when it is loaded or later."""
    known = {_name(path): path for path in modules() if _name(path)}  # the package itself only names what is below it
    graph: Dict[str, Set[str]] = {}
    for name, path in known.items():
        types = {(node.lineno, node.end_lineno) for node in _of_types(path) if isinstance(node, (ast.Import, ast.ImportFrom))}
        lines = {line for first, last in types for line in range(first, (last or first) + 1)}
        graph[name] = set()
        for line, target in imported(path):
            target = target.replace("dumpscope.", "", 1) if target.startswith("dumpscope.") else ""
            target = target if target in known else target.rpartition(".")[0]
            if line not in lines and target in known and target != name:
                graph[name].add(target)
    return graph


def circles(graph: Dict[str, Set[str]]) -> List[Set[str]]:
    """Groups of modules each of which reaches the others."""
    reached: Dict[str, Set[str]] = {}
    for name in graph:
        seen: Set[str] = set()
        front = list(graph[name])
        while front:
            module = front.pop()
            if module not in seen:
                seen.add(module)
                front.extend(graph[module])
        reached[name] = seen
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return [set(group) for group in groups if len(group) > 1]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set()}
    assert circles(graph) == [{"a", "b", "c"}]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(_graph()) == [KINDS_OF_SOURCE], "let the part take what it needs, or move the shared name down"


def test_pykd_is_imported_in_one_file() -> None:
    users = [path for path in modules() if "pykd" in outside_imports(path)]
    assert len(users) <= 1
    for path in users:
        assert path.parent.name == "windbg"


def test_prompt_toolkit_and_pygments_stay_in_the_repl() -> None:
    for path in modules():
        if outside_imports(path) & {"prompt_toolkit", "pygments"}:
            assert "repl" in path.parts, path


def test_symbolic_is_imported_in_one_file() -> None:
    users = [path for path in modules() if "symbolic" in outside_imports(path)]
    assert [path.relative_to(PACKAGE).parts for path in users] == [("symbols", "symbolic_files.py")]


def test_the_instruction_decoder_is_imported_in_one_file() -> None:
    users = [path for path in modules() if "iced_x86" in outside_imports(path)]
    assert [path.relative_to(PACKAGE).parts for path in users] == [("diagnosis", "crash", "decoder.py")]


def test_each_package_of_the_archives_is_imported_in_one_file() -> None:
    for name, file in (("py7zr", "sevenzip.py"), ("zstandard", "zstd.py"), ("compression", "zstd.py")):
        users = [path for path in modules() if name in outside_imports(path)]
        assert [path.relative_to(PACKAGE).parts for path in users] == [("dump", "archives", file)]


def test_the_packages_of_tables_are_imported_in_one_file() -> None:
    for name in ("pyarrow", "duckdb"):
        users = [path for path in modules() if name in outside_imports(path)]
        assert [path.relative_to(PACKAGE).parts for path in users] == [("fleet", "table.py")]


def test_the_packages_of_stores_and_clusters_are_imported_in_one_file_each() -> None:
    for name, place in (("fsspec", ("dump", "stores.py")), ("distributed", ("fleet", "cluster.py"))):
        users = [path for path in modules() if name in outside_imports(path)]
        assert [path.relative_to(PACKAGE).parts for path in users] == [place]


AGENTS = ("mcp", "mcp_types", "anyio", "uvicorn")


def test_the_packages_of_the_server_for_agents_are_imported_in_one_file() -> None:
    for name in AGENTS:
        users = [path for path in modules() if name in outside_imports(path)]
        assert [path.relative_to(PACKAGE).parts for path in users] == [("front", "mcp", "server.py")]


def test_the_rest_is_standard_library() -> None:
    known = {"dumpscope", "__future__", "pykd", "prompt_toolkit", "pygments", "symbolic", "compression", "zstandard", "py7zr", "pyarrow", "duckdb", *AGENTS}
    known |= {"fsspec", "distributed", "iced_x86"}
    if sys.version_info < (3, 10):
        pytest.skip("sys.stdlib_module_names needs Python 3.10")
    for path in modules():
        foreign = {name for name in outside_imports(path) if name not in sys.stdlib_module_names} - known
        assert not foreign, f"{path}: {foreign}"


def test_nothing_below_the_front_prints() -> None:
    for path in modules():
        if path.relative_to(PACKAGE).parts[0] in ("front", "__main__.py"):
            continue
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "input", "exit", "quit"), f"{path}:{node.lineno}"


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import sys, dumpscope; print(sorted(name for name in sys.modules if name.startswith('dumpscope.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=str(PACKAGE.parent))
    assert done.stdout.strip() == "[]"


def test_a_command_line_call_does_not_load_the_repl() -> None:
    sample = next((PACKAGE.parents[1] / "samples").glob("*.dmp"))
    code = (
        "import sys; sys.stdout = open(__import__('os').devnull, 'w')\n"
        "from dumpscope.__main__ import main\n"
        f"main(['handles', {str(sample)!r}])\n"
        "bad = {name.split('.')[0] for name in sys.modules} & {'prompt_toolkit', 'pygments', 'pykd', 'dataclasses', 'inspect', 'asyncio', 'ctypes'}\n"
        "sys.stderr.write(','.join(sorted(bad)))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=str(PACKAGE.parent))
    assert done.stderr == ""


def test_typing_is_used_as_everybody_does() -> None:
    for path in modules():
        assert "TYPE_CHECKING = False" not in path.read_text("utf-8"), path


def test_no_room_is_called_utils() -> None:
    for path in modules():
        assert path.stem not in ("utils", "util", "helpers", "common", "manager", "misc_utils"), path


def test_a_group_of_entry_points_is_no_module() -> None:
    assert not [name for name in GROUPS if (PACKAGE / f"{name.split('.')[1]}.py").exists() or (PACKAGE / name.split(".")[1]).exists()]

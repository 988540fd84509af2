"""The public modules and classes of the package, and what they promise: names, signatures, types, docstrings.

This is the one list of them. ``docs/api.py`` makes the reference from it, ``tests/structure/test_public_api.py`` freezes it and
holds it against all that can be reached from a :class:`Minidump`.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, ForwardRef, Iterator, List, NamedTuple, Optional, Set, Tuple

PACKAGE = "dumpscope"


class Home(NamedTuple):
    """A public module, below the package: its heading in the reference, and what of it is public, in the order to show."""

    title: str
    module: str
    classes: Tuple[str, ...] = ()
    functions: Tuple[str, ...] = ()
    constants: Tuple[str, ...] = ()


PUBLIC: Tuple[Home, ...] = (
    Home("The dump", "dump.minidump", ("Minidump",)),
    Home(
        "Absence and damage",
        "dump.absence",
        ("Absent", "Damage"),
        (),
        ("NOT_ASKED", "NOT_THERE", "EMPTY", "DAMAGED", "NOT_APPLICABLE", "NOT_KNOWN", "NOT_CAPTURED", "KINDS"),
    ),
    Home("Codes of damage", "dump.check", (), (), ("DAMAGE_CODES",)),
    Home("Errors", "errors", ("DumpscopeError", "DumpError", "NotInDump", "UsageError")),
    Home("What is wrong with a file", "diagnosis.diagnose", ("Diagnosis", "Outcome"), ("diagnose",)),
    Home("Findings", "diagnosis.rules.rule", ("Finding", "Rule")),
    Home("Proofs", "diagnosis.evidence", ("Proof",)),
    Home("Plans", "diagnosis.plan", ("Plan", "Recipe")),
    Home("Header and streams", "dump.directory", ("Header", "Directory", "Stream")),
    Home("Lists", "dump.lists", ("RecordList", "SteppedList", "Span")),
    Home("Handles", "dump.streams.handles", ("HandleList", "Handle", "ObjectInfo", "HandleOperationList", "HandleOperation")),
    Home("Threads", "dump.streams.threads", ("ThreadList", "Thread", "ThreadInfoList", "ThreadInfo", "ThreadNameList", "ThreadName")),
    Home("Registers of a thread", "dump.contexts", ("Registers",), ("wow64_registers",)),
    Home("Extended state", "dump.xstate", ("XStateArea",)),
    Home("Modules", "dump.streams.modules", ("ModuleList", "Module", "CodeView", "UnloadedModuleList", "UnloadedModule"), ("version_text",)),
    Home("Memory and regions", "dump.streams.memory", ("Memory", "MemoryList", "Memory64List", "Range", "Piece", "RegionList", "Region")),
    Home("Search in memory", "dump.search", (), ("find", "text_pattern", "wide_pattern", "pointer_pattern")),
    Home("Exception", "dump.streams.exception", ("ExceptionInfo",)),
    Home(
        "Exceptions of other systems",
        "format.faults",
        ("Fault",),
        (),
        ("SIGNAL", "MACH", "FUCHSIA", "PS3", "UNKNOWN", "ACCESSED", "INSTRUCTION", "SENDER"),
    ),
    Home("System", "dump.streams.system", ("SystemInfo", "CpuInfo")),
    Home("Process information", "dump.streams.misc", ("MiscInfo", "TimeZone", "XState")),
    Home("The process", "dump.process", ("Process", "LoadedModule", "LoaderList")),
    Home("Structures in the process's memory", "dump.structures", ("Block", "Teb", "Peb", "Parameters", "SharedData")),
    Home("Tokens", "dump.streams.tokens", ("TokenList", "Token", "Sid", "Privilege", "TokenStatistics")),
    Home("Function tables", "dump.streams.functions", ("FunctionTableList", "FunctionTable", "FunctionEntry")),
    Home("Memory counters", "dump.streams.counters", ("Counters", "Counter")),
    Home("Comments", "dump.streams.comments", ("Comment",), ("comment_streams",)),
    Home(
        "Who wrote the dump",
        "dump.origin",
        ("Writer", "Evidence"),
        (),
        (
            *("CERTAIN", "LIKELY", "GUESS"),
            *("MICROSOFT", "DBGENG", "CRASHPAD", "BREAKPAD", "WINE", "LLDB", "RUST", "MEMPROCFS", "FACEBOOK", "UNKNOWN"),
        ),
    ),
    Home("Crashpad's annotations", "dump.streams.crashpad", ("CrashpadInfo", "ModuleAnnotations", "AnnotationObject")),
    Home("Breakpad's streams", "dump.streams.breakpad", ("Breakpad", "BreakpadInfo", "AssertionInfo", "LinuxFile", "DsoDebug", "SharedObject")),
    Home("Wine, Mozilla and unknown streams", "dump.streams.vendor", ("WineInfo", "Mozilla", "UserStream")),
    Home("Bytes of the file", "dump.source", ("Source",)),
    Home("Where a dump in an archive came from", "dump.archives.opening", ("Inside",)),
    Home("Strings of the file", "dump.strings", ("StringTable", "Text")),
    Home("Structures of the format", "format.layout", ("Structure", "Field", "Leaf", "Scalar", "Enumeration", "FlagSet")),
    Home("Layouts of registers", "format.contexts", ("ContextLayout", "Register")),
    Home("Names of flags", "format.flags", (), (), ("MINIDUMP_TYPE",)),
    Home("Names of streams", "format.streams", (), (), ("MINIDUMP_STREAM_TYPE",)),
    Home("Names of a region's numbers", "format.memory", (), (), ("MEMORY_STATE", "MEMORY_TYPE", "PAGE_PROTECTION")),
    Home("Names of access rights", "format.access", (), ("rights_of", "describe_access")),
    Home("Names of codes", "format.codes", ("Meaning",), ("code_name", "describe_code")),
    Home("Writing dumps", "writing.builder", ("DumpBuilder",)),
    Home("Memory of a dump that is written", "writing.memory", ("MemoryPlan", "Planned")),
    Home("Small dumps made of large ones", "writing.shrink", ("Shrunk", "Kept", "Left")),
    Home("Parts of dumps as files", "writing.extract", ("Extracted", "Copied", "Gap"), ("extract_module", "extract_range", "extract_stream")),
    Home("Dumps that may be given away", "writing.scrub", ("Scrubbed", "Item")),
    Home("What scrubbing keeps", "writing.policy", ("Policy",), ("read_policy", "parse_policy")),
    Home("Texts in a dump, in any encoding", "writing.found", ("Found",), ("find_text",)),
    Home("Mended dumps", "writing.mend", ("Mending", "Repair"), ("mend",)),
    Home("Files that appear whole", "writing.output", (), ("write_whole",)),
)


class Member(NamedTuple):
    """A public name of a class.

    ``kind`` is ``field`` (of a record), ``attribute``, ``property``, ``method`` or ``special`` (``__len__``, …); ``text`` the
    signature of a method and the type of anything else; ``returns`` the classes of ours in what it gives; ``own`` is false for
    what a base of ours declares.
    """

    name: str
    kind: str
    text: str
    doc: str
    returns: Tuple[type, ...]
    own: bool


SPECIAL = ("__enter__", "__len__", "__bool__", "__iter__", "__getitem__", "__contains__", "__str__")
"""Special methods that are part of what a class promises."""


# -- names in annotations ------------------------------------------------------------------------------------------------------


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(Path(str(import_module(module).__file__)).read_text("utf-8"))


def _is_type(node: ast.expr) -> bool:
    """Whether a value can be a type: a name, or one with brackets."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name))


@cache
def _names(module: str) -> Dict[str, Any]:
    """What names of a module stand for in annotations, those for type checkers only included.

    An imported name leads to (module, name), an alias to its expression.
    """
    found: Dict[str, Any] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = module.split(".") if Path(str(import_module(module).__file__)).name == "__init__.py" else module.split(".")[:-1]
            parent = ".".join(parts[: len(parts) - node.level + 1])
            for item in node.names:
                found[item.asname or item.name] = (f"{parent}.{node.module}" if node.module else parent, item.name)
        elif isinstance(node, ast.If) or node is _tree(module):
            for line in node.body:
                if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and _is_type(line.value):
                    found[line.targets[0].id] = line.value
    return found


def _meant(module: str, name: str) -> Any:
    """The class of ours that a name stands for, or (module, expression) of an alias, or None for any other name."""
    known = _names(module).get(name)
    if isinstance(known, tuple):
        return _meant(*known)
    if isinstance(known, ast.expr):
        return module, known
    value = vars(import_module(module)).get(name)
    return value if isinstance(value, type) and value.__module__.startswith(PACKAGE) else None


class _Writer(ast.NodeTransformer):
    """Writes an annotation with aliases and type variables put in, and notes the classes of ours in it."""

    def __init__(self, module: str, variables: Dict[str, str]) -> None:
        self.module = module
        self.variables = variables
        self.classes: List[type] = []

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return self.visit(ast.parse(node.value, mode="eval").body) if isinstance(node.value, str) else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.variables:
            found: ast.AST = self.visit(ast.parse(self.variables[node.id], mode="eval").body)
            return found
        meant = _meant(self.module, node.id)
        if isinstance(meant, tuple):
            inner = _Writer(meant[0], {})
            text: ast.AST = inner.visit(ast.parse(ast.unparse(meant[1]), mode="eval").body)
            self.classes += inner.classes
            return text
        if meant is not None and meant not in self.classes:
            self.classes.append(meant)
        return node


def _written(module: str, annotation: Any, variables: Dict[str, str]) -> Tuple[str, Tuple[type, ...]]:
    """An annotation as people read it, and the classes of ours in it."""
    writer = _Writer(module, variables)
    written = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else str(annotation)
    text = ast.unparse(writer.visit(ast.parse(written, mode="eval").body))
    return text, tuple(writer.classes)


def _signature(module: str, function: Any, variables: Dict[str, str]) -> Tuple[str, Tuple[type, ...]]:
    """The signature of a function without ``self``, and the classes of ours that it returns."""
    signature = inspect.signature(function)
    parameters = []
    for at, parameter in enumerate(signature.parameters.values()):
        if at == 0 and parameter.name in ("self", "cls"):
            continue
        if parameter.annotation is not parameter.empty:
            parameter = parameter.replace(annotation=_Plain(_written(module, parameter.annotation, variables)[0]))
        parameters.append(parameter)
    returned, classes = _written(module, signature.return_annotation, variables)
    return str(signature.replace(parameters=parameters, return_annotation=_Plain(returned))), classes


class _Plain:
    """An annotation that a signature shows without quotation marks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


# -- members -------------------------------------------------------------------------------------------------------------------


@cache
def _class_tree(cls: type) -> ast.ClassDef:
    for node in ast.walk(_tree(cls.__module__)):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            return node
    raise LookupError(f"{cls.__module__} has no class {cls.__name__}")


def _bases(cls: type) -> Iterator[type]:
    """The class and its bases of ours, nearest first."""
    return (base for base in cls.__mro__ if base.__module__.startswith(PACKAGE))


def _elements(cls: type) -> Dict[str, str]:
    """What the type variable of a list stands for: ``{"T": "Thread"}``, and nothing for a class that leaves it open."""
    for base in getattr(cls, "__orig_bases__", ()):
        for element in getattr(base, "__args__", ()):
            if isinstance(element, type):
                return {"T": element.__name__}
    return {}


def element(cls: type) -> Optional[type]:
    """What the class is a sequence of, if it is one of objects of ours."""
    for base in getattr(cls, "__orig_bases__", ()):
        for found in getattr(base, "__args__", ()):
            if isinstance(found, type):
                return found
    return None


def _variables(cls: type, base: type) -> Dict[str, str]:
    return _elements(cls) if base is not cls else {}


def _guess(value: Optional[ast.expr], arguments: Dict[str, str]) -> str:
    """The type of what an attribute is set to, where it can be seen; empty where an annotation is needed."""
    if isinstance(value, ast.Name):
        return arguments.get(value.id, "")
    if isinstance(value, ast.Constant) and value.value is not None:
        return type(value.value).__name__
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id[:1].isupper():
        return value.func.id
    return ""


def _attributes(base: type) -> Dict[str, Tuple[str, str]]:
    """Type and docstring of the public attributes that methods of a class set or that its body declares."""
    found: Dict[str, Tuple[str, str]] = {}
    tree = _class_tree(base)
    for method in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        arguments = {item.arg: ast.unparse(item.annotation) for item in (*method.args.args, *method.args.kwonlyargs) if item.annotation is not None}
        for block in [node.body for node in ast.walk(method) if hasattr(node, "body") and isinstance(node.body, list)]:
            for at, line in enumerate(block):
                following = block[at + 1] if at + 1 < len(block) else None
                doc = following.value.value if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant) else ""
                for name, kind in _set_by(line, arguments):
                    known = found.get(name, ("", ""))
                    found[name] = (known[0] or kind, known[1] or str(doc))
    for line in tree.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and not line.target.id.startswith("_"):
            found[line.target.id] = (ast.unparse(line.annotation), found.get(line.target.id, ("", ""))[1])
        elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and not line.targets[0].id.startswith("_"):
            value = vars(base)[line.targets[0].id]
            found[line.targets[0].id] = (type(value).__name__, "")
    return found


def _set_by(line: ast.stmt, arguments: Dict[str, str]) -> Iterator[Tuple[str, str]]:
    """The public attributes of ``self`` that a statement sets, with their types."""
    pairs: List[Tuple[ast.expr, str]] = []
    if isinstance(line, ast.AnnAssign):
        pairs = [(line.target, ast.unparse(line.annotation))]
    elif isinstance(line, ast.Assign):
        for target in line.targets:
            if isinstance(target, ast.Tuple):
                pairs += [(part, "") for part in target.elts]
            else:
                pairs.append((target, _guess(line.value, arguments)))
    for target, kind in pairs:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self" and not target.attr.startswith("_"):
            yield target.attr, kind


def members(cls: type) -> List[Member]:
    """The public members of a class: fields in their order, then the rest by name."""
    found: Dict[str, Member] = {}
    fields: Tuple[str, ...] = getattr(cls, "_fields", ())
    for name in fields:
        text, classes = _written(cls.__module__, cls.__annotations__[name], {})
        defaults: Dict[str, Any] = getattr(cls, "_field_defaults", {})
        found[name] = Member(name, "field", text + (f" = {defaults[name]!r}" if name in defaults else ""), "", classes, True)
    rest: Dict[str, Member] = {}
    ours = list(_bases(cls))
    for place, base in enumerate(ours, 1):
        own = base is cls
        for name, value in vars(base).items():
            if name in found or name in rest or (name.startswith("_") and name not in SPECIAL):
                continue
            member = _callable(cls, base, name, value)
            if member is not None:
                rest[name] = member
        if fields:
            continue
        for name, (kind, doc) in _attributes(base).items():
            if name not in rest and (kind or not any(name in _attributes(other) for other in ours[place:])):  # else it is the base's
                text, classes = _written(base.__module__, kind, _variables(cls, base)) if kind else ("", ())
                rest[name] = Member(name, "attribute", text, doc, classes, own)
    return [*found.values(), *(rest[name] for name in sorted(rest))]


def _callable(cls: type, base: type, name: str, value: Any) -> Optional[Member]:
    """A property or method; None for anything else that a class holds."""
    variables = _variables(cls, base) or _elements(base)
    own = base is cls
    if isinstance(value, (property, cached_property)):
        function = value.fget if isinstance(value, property) else value.func
        text, classes = _written(base.__module__, inspect.signature(function).return_annotation, variables)  # type: ignore[arg-type]
        return Member(name, "property", text, value.__doc__ or "", classes, own)
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if inspect.isfunction(value):
        text, classes = _signature(base.__module__, value, variables)
        return Member(name, "special" if name.startswith("_") else "method", text, value.__doc__ or "", classes, own)
    return None


def constructor(cls: type) -> str:
    """How an error is made. Nothing else of ours is meant to be made by hand."""
    return _signature(cls.__module__, cls.__init__, {})[0].partition(" -> ")[0] if issubclass(cls, BaseException) else ""


def bases(cls: type) -> List[str]:
    """The bases as a class statement has them, without ``NamedTuple``."""
    return [name for name in (ast.unparse(base).replace("'", "") for base in _class_tree(cls).bases) if name != "NamedTuple"]


# -- the whole ---------------------------------------------------------------------------------------------------------------


def module_of(home: Home) -> Any:
    """The module itself."""
    return import_module(f"{PACKAGE}.{home.module}")


def classes() -> List[type]:
    """All public classes, in the order of the list."""
    return [getattr(module_of(home), name) for home in PUBLIC for name in home.classes]


def short_name(cls: type) -> str:
    """The name under which people import it, below the package: ``Minidump``, ``dump.threads.Thread``."""
    import dumpscope

    return cls.__name__ if cls.__name__ in dumpscope.__all__ else f"{cls.__module__[len(PACKAGE) + 1 :]}.{cls.__name__}"


def reached() -> Dict[type, str]:
    """Every class of ours that can be reached from a Minidump, with the way to it; private ones are not."""
    from dumpscope import Minidump

    ways: Dict[type, str] = {Minidump: "Minidump"}
    waiting: List[type] = [Minidump]
    while waiting:
        cls = waiting.pop(0)
        steps = [(found, f"{ways[cls]}.{member.name}") for member in members(cls) for found in member.returns]
        inside = element(cls)
        steps += [(inside, f"{ways[cls]}[0]")] if inside is not None else []
        steps += [(base, f"{ways[cls]} (a base)") for base in _bases(cls)]
        for found, way in steps:
            if found not in ways and not found.__name__.startswith("_"):
                ways[found] = way
                waiting.append(found)
    return ways


def undocumented() -> List[str]:
    """What of the public classes has no docstring, or no type.

    An attribute counts as documented when a docstring follows where it is set, or that of its class names it.
    """
    found = []
    for cls in classes():
        name = short_name(cls)
        if not cls.__doc__:
            found.append(f"{name} has no docstring")
        told: Set[str] = {part for base in _bases(cls) for part in (base.__doc__ or "").split("``")[1::2]}
        for member in members(cls):
            if not member.own:
                continue
            if not member.text:
                found.append(f"{name}.{member.name} has no type")
            if member.kind in ("property", "method") and not member.doc:
                found.append(f"{name}.{member.name} has no docstring")
            if member.kind == "attribute" and not member.doc and member.name not in told:
                found.append(f"{name}.{member.name} has no docstring, and that of the class does not name it")
    for home in PUBLIC:
        for name in home.functions:
            if not getattr(module_of(home), name).__doc__:
                found.append(f"{home.module}.{name} has no docstring")
    return found


def signature_of(home: Home, function: str) -> str:
    """The signature of a public function."""
    return _signature(f"{PACKAGE}.{home.module}", getattr(module_of(home), function), {})[0]


def constant_of(home: Home, name: str) -> Tuple[str, ...]:
    """What a constant promises: a text its value, a dictionary its keys, anything else its type."""
    value = getattr(module_of(home), name)
    if isinstance(value, str):
        return (f"{name} = {value!r}",)
    if isinstance(value, dict):
        return tuple(f"{name}[{key!r}]" for key in value)
    return (f"{name}: {type(value).__name__}",)


def frozen() -> List[str]:
    """One line for each name of the library that stays, with its type."""
    import dumpscope

    lines = [f"{name}: {type(getattr(dumpscope, name)).__name__}" for name in sorted(dumpscope.__all__) if not isinstance(getattr(dumpscope, name), type)]
    for home in PUBLIC:
        for name in home.constants:
            lines += [f"{home.module}.{line}" for line in constant_of(home, name)]
        for name in home.functions:
            lines.append(f"{home.module}.{name}{signature_of(home, name)}")
        for class_name in home.classes:
            lines += _frozen_class(getattr(module_of(home), class_name))
    return lines


def _frozen_class(cls: type) -> Iterator[str]:
    name = short_name(cls)
    found = members(cls)
    fields = [f"{member.name}: {member.text}" for member in found if member.kind == "field"]
    if fields:
        yield f"{name}({', '.join(fields)})"
    else:
        based = ", ".join(bases(cls))
        yield f"class {name}" + (f"({based})" if based else "")
    if constructor(cls):
        yield f"{name}.__init__{constructor(cls)}"
    for member in found:
        if member.kind in ("attribute", "property"):
            yield f"{name}.{member.name}: {member.text}"
        elif member.kind != "field":
            yield f"{name}.{member.name}{member.text}"
